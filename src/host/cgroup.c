#include "host/cgroup.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define V2_MOUNT "/sys/fs/cgroup"
#define V2_HYBRID_MOUNT "/sys/fs/cgroup/unified"
#define V1_NO_LIMIT ((uint64_t)1 << 60) /* version 1 writes "no limit" as the largest multiple of a page */
#define LEVELS_MAX 64

/* Inside a container the path may be that of the host: then the mount's own root is our group. */
static void set_folder(const char *root, const char *mount, struct assay_slice path, char ret[ASSAY_HOST_PATH_BYTES])
{
    size_t len = path.len == 1 ? 0 : path.len; /* "/" */
    int n = snprintf(ret, ASSAY_HOST_PATH_BYTES, "%s%.*s", mount, (int)len, path.data);
    if (n < 0 || n >= ASSAY_HOST_PATH_BYTES || !assay_host_exists(root, ret)) {
        (void)snprintf(ret, ASSAY_HOST_PATH_BYTES, "%s", mount);
    }
}

static bool has_controller(struct assay_slice list, const char *name)
{
    while (list.data) {
        if (assay_slice_is(assay_slice_cut(&list, ','), name)) {
            return true;
        }
    }
    return false;
}

static void note_group(const char *root, struct assay_slice controllers, struct assay_slice path,
                       struct assay_cgroup *ret)
{
    if (controllers.len == 0) { /* "0::/path": version 2, unless version 1 has taken the controller */
        const char *mount = assay_host_exists(root, V2_MOUNT "/cgroup.controllers") ? V2_MOUNT : V2_HYBRID_MOUNT;
        char folder[ASSAY_HOST_PATH_BYTES];
        set_folder(root, mount, path, folder);
        if (ret->cpu[0] == '\0') {
            memcpy(ret->cpu, folder, sizeof folder);
            ret->is_cpu_v2 = true;
        }
        if (ret->memory[0] == '\0') {
            memcpy(ret->memory, folder, sizeof folder);
            ret->is_memory_v2 = true;
        }
    }
    if (has_controller(controllers, "cpu")) {
        set_folder(root, "/sys/fs/cgroup/cpu", path, ret->cpu);
        ret->is_cpu_v2 = false;
    }
    if (has_controller(controllers, "memory")) {
        set_folder(root, "/sys/fs/cgroup/memory", path, ret->memory);
        ret->is_memory_v2 = false;
    }
}

void assay_cgroup_find(const char *root, struct assay_cgroup *ret)
{
    *ret = (struct assay_cgroup){0};
    struct assay_host_text text;
    if (!assay_host_read(root, "/proc/self/cgroup", &text)) {
        return;
    }
    struct assay_slice rest = {text.text, text.len};
    while (rest.data) { /* "4:cpu,cpuacct:/path" */
        struct assay_slice path = assay_slice_cut(&rest, '\n');
        (void)assay_slice_cut(&path, ':');
        struct assay_slice controllers = assay_slice_cut(&path, ':');
        if (path.data) {
            note_group(root, controllers, path, ret);
        }
    }
}

/* Goes up one folder; false at the mount. */
static bool go_up(char *folder)
{
    char *slash = strrchr(folder, '/');
    if (!slash || strlen(folder) <= strlen(V2_MOUNT)) {
        return false;
    }
    *slash = '\0';
    return strlen(folder) >= strlen(V2_MOUNT);
}

/* CPUs that one level grants: false where there is no limit or no file. */
static bool level_quota(const char *root, const char *folder, bool is_v2, bool *ret_is_there, double *ret)
{
    char path[ASSAY_HOST_PATH_BYTES + 32];
    struct assay_host_text quota, period;
    uint64_t quota_us, period_us;
    if (is_v2) {
        (void)snprintf(path, sizeof path, "%s/cpu.max", folder);
        if (!assay_host_read(root, path, &quota)) {
            return false;
        }
        *ret_is_there = true;
        struct assay_slice rest = {quota.text, quota.len};
        struct assay_slice first = assay_slice_cut(&rest, ' ');
        (void)snprintf(period.text, sizeof period.text, "%.*s", (int)rest.len, rest.data ? rest.data : "");
        quota.text[first.len] = '\0';
    } else {
        (void)snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder);
        if (!assay_host_read(root, path, &quota)) {
            return false;
        }
        *ret_is_there = true;
        (void)snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
        (void)assay_host_read(root, path, &period);
    }
    if (!assay_host_number(quota.text, &quota_us) || !assay_host_number(period.text, &period_us) || period_us == 0) {
        return false; /* "max" and -1 are no numbers */
    }
    *ret = (double)quota_us / (double)period_us;
    return true;
}

json_t *assay_cgroup_cpu_quota(const char *root, const struct assay_cgroup *cgroup)
{
    char folder[ASSAY_HOST_PATH_BYTES];
    memcpy(folder, cgroup->cpu, sizeof folder);
    bool is_there = false, is_limited = false;
    double least = 0;
    for (size_t i = 0; folder[0] != '\0' && i < LEVELS_MAX; i++) {
        double quota;
        if (level_quota(root, folder, cgroup->is_cpu_v2, &is_there, &quota) && (!is_limited || quota < least)) {
            least = quota;
            is_limited = true;
        }
        if (!go_up(folder)) {
            break;
        }
    }
    if (is_limited) {
        return assay_host_dec(least);
    }
    /* The root group of version 2 has no cpu.max: it cannot be limited. */
    bool is_root = cgroup->is_cpu_v2 && assay_host_exists(root, V2_MOUNT "/cgroup.controllers");
    return is_there || is_root ? assay_host_absent("max") : assay_host_unknown("no cpu control group");
}

static bool level_memory(const char *root, const char *folder, bool is_v2, bool *ret_is_there, uint64_t *ret)
{
    char path[ASSAY_HOST_PATH_BYTES + 32];
    struct assay_host_text text;
    (void)snprintf(path, sizeof path, "%s/%s", folder, is_v2 ? "memory.max" : "memory.limit_in_bytes");
    if (!assay_host_read(root, path, &text)) {
        return false;
    }
    *ret_is_there = true;
    return assay_host_number(text.text, ret) && *ret < V1_NO_LIMIT;
}

json_t *assay_cgroup_memory_bytes(const char *root, const struct assay_cgroup *cgroup)
{
    char folder[ASSAY_HOST_PATH_BYTES];
    memcpy(folder, cgroup->memory, sizeof folder);
    bool is_there = false;
    uint64_t least = V1_NO_LIMIT, limit;
    for (size_t i = 0; folder[0] != '\0' && i < LEVELS_MAX; i++) {
        if (level_memory(root, folder, cgroup->is_memory_v2, &is_there, &limit) && limit < least) {
            least = limit;
        }
        if (!go_up(folder)) {
            break;
        }
    }
    if (least < V1_NO_LIMIT) {
        return json_integer((json_int_t)least);
    }
    bool is_root = cgroup->is_memory_v2 && assay_host_exists(root, V2_MOUNT "/cgroup.controllers");
    return is_there || is_root ? assay_host_absent("max") : assay_host_unknown("no memory control group");
}

bool assay_cgroup_stat_path(const char *root, const struct assay_cgroup *cgroup, char ret[ASSAY_HOST_PATH_BYTES])
{
    int n = snprintf(ret, ASSAY_HOST_PATH_BYTES, "%s/cpu.stat", cgroup->cpu);
    return cgroup->cpu[0] != '\0' && n < ASSAY_HOST_PATH_BYTES && assay_host_exists(root, ret);
}

bool assay_cgroup_throttled_ns(const char *stat_text, uint64_t *ret)
{
    static const struct {
        const char *name;
        uint64_t ns;
    } FORMS[] = {{"throttled_usec", ASSAY_NS_PER_US}, {"throttled_time", 1}};
    char value[32];
    for (size_t i = 0; i < sizeof FORMS / sizeof FORMS[0]; i++) {
        if (assay_host_line(stat_text, FORMS[i].name, ' ', value, sizeof value) && assay_host_number(value, ret)) {
            *ret *= FORMS[i].ns;
            return true;
        }
    }
    return false;
}
