#include "host/host.h"

#include "host/cgroup.h"
#include "host/listener.h"
#include "host/read.h"

#include "base/mem.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Files are opened once and read in place, so that a reading allocates nothing and costs some tens of microseconds. */
#define ZONES_MAX 16
#define SPARED_MAX 64
#define SPARED_PORTS_MAX 64 /* as many as a plan has arms */
#define LINE_BYTES 512
#define USER_WORD 12 /* field 14 of /proc/PID/stat, counted from the ")" that ends the name */

enum file { STAT, CGROUP, LOADAVG, PRESSURE, FREQUENCY, FILE_COUNT };

struct counters {
    uint64_t at_ns, own_cpu_ns, spared_ticks, steal_ticks, work_ticks, all_ticks, throttled_ns, pressure_us;
    bool has_ticks, has_throttled, has_pressure, is_spared_gone;
};

struct assay_host_watch {
    const char *root;
    int files[FILE_COUNT];
    int zones[ZONES_MAX];
    size_t zones_count;
    int spared[SPARED_MAX];
    size_t spared_count;
    uint16_t spared_ports[SPARED_PORTS_MAX];
    size_t spared_ports_count;
    int helper;           /* /proc/PID/stat of it; -1: none */
    double ticks_per_s;
    struct counters last;
};

static int open_file(const char *root, const char *path)
{
    char whole[ASSAY_HOST_PATH_BYTES];
    int len = snprintf(whole, sizeof whole, "%s%s", root, path);
    return len > 0 && (size_t)len < sizeof whole ? open(whole, O_RDONLY | O_CLOEXEC) : -1;
}

static bool read_file(int fd, char text[LINE_BYTES])
{
    ssize_t n = fd >= 0 ? pread(fd, text, LINE_BYTES - 1, 0) : -1;
    text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

static bool read_number(int fd, uint64_t *ret)
{
    char text[LINE_BYTES];
    if (!read_file(fd, text)) {
        return false;
    }
    text[strcspn(text, " \n")] = '\0';
    return assay_host_number(text, ret);
}

/* user + system of one process: fields 14 and 15 of /proc/PID/stat, counted behind the name. */
#define PROCESS_GONE UINT64_MAX
static uint64_t process_ticks(int fd)
{
    char text[LINE_BYTES];
    uint64_t user, system;
    const char *after_name = read_file(fd, text) ? strrchr(text, ')') : NULL;
    bool is_read = after_name && assay_host_word_u64(after_name, USER_WORD, &user) &&
                   assay_host_word_u64(after_name, USER_WORD + 1, &system);
    return is_read ? user + system : PROCESS_GONE;
}

/* The same with the children that it waited for: the two fields behind. */
static uint64_t tree_ticks(int fd)
{
    char text[LINE_BYTES];
    uint64_t sum = 0, ticks;
    const char *after_name = read_file(fd, text) ? strrchr(text, ')') : NULL;
    for (size_t i = 0; after_name && i < 4; i++) {
        sum += assay_host_word_u64(after_name, USER_WORD + i, &ticks) ? ticks : 0;
    }
    return sum;
}

static void read_ticks(const struct assay_host_watch *watch, struct counters *ret)
{
    char text[LINE_BYTES];
    uint64_t t[8] = {0}; /* user nice system idle iowait irq softirq steal */
    ret->has_ticks = read_file(watch->files[STAT], text);
    for (size_t i = 0; ret->has_ticks && i < 8; i++) {
        ret->has_ticks = assay_host_word_u64(text, i + 1, &t[i]);
        ret->all_ticks += t[i];
    }
    ret->work_ticks = t[0] + t[1] + t[2];
    ret->steal_ticks = t[7];
    for (size_t i = 0; i < watch->spared_count; i++) {
        uint64_t ticks = process_ticks(watch->spared[i]);
        ret->is_spared_gone |= ticks == PROCESS_GONE;
        ret->spared_ticks += ticks == PROCESS_GONE ? 0 : ticks;
    }
    ret->spared_ticks += watch->helper >= 0 ? tree_ticks(watch->helper) : 0;
}

/* Of this process and of the children it waited for: a command that restarts the server is work of the run. */
static uint64_t own_cpu_ns(void)
{
    struct rusage children;
    uint64_t own_ns = assay_clock_process_cpu_ns();
    if (getrusage(RUSAGE_CHILDREN, &children) != 0) {
        return own_ns;
    }
    return own_ns + (uint64_t)(children.ru_utime.tv_sec + children.ru_stime.tv_sec) * ASSAY_NS_PER_S +
           (uint64_t)(children.ru_utime.tv_usec + children.ru_stime.tv_usec) * ASSAY_NS_PER_US;
}

static struct counters read_counters(const struct assay_host_watch *watch)
{
    struct counters counters = {.at_ns = assay_clock_mono_ns(), .own_cpu_ns = own_cpu_ns()};
    char text[LINE_BYTES];
    read_ticks(watch, &counters);
    counters.has_throttled =
        read_file(watch->files[CGROUP], text) && assay_cgroup_throttled_ns(text, &counters.throttled_ns);
    const char *total = read_file(watch->files[PRESSURE], text) ? strstr(text, "total=") : NULL;
    counters.has_pressure = total && assay_host_word_u64(total + strlen("total="), 0, &counters.pressure_us);
    return counters;
}

assay_code assay_host_watch_begin(const char *root, struct assay_host_watch **ret, assay_err *err)
{
    struct assay_host_watch *watch = assay_alloc(1, sizeof *watch);
    if (!watch) {
        return assay_nomem(err);
    }
    watch->root = root;
    watch->helper = -1;
    watch->ticks_per_s = (double)sysconf(_SC_CLK_TCK);
    watch->files[STAT] = open_file(root, "/proc/stat");
    watch->files[LOADAVG] = open_file(root, "/proc/loadavg");
    watch->files[PRESSURE] = open_file(root, "/proc/pressure/cpu");
    watch->files[FREQUENCY] = open_file(root, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq");
    struct assay_cgroup cgroup;
    char path[ASSAY_HOST_PATH_BYTES];
    assay_cgroup_find(root, &cgroup);
    watch->files[CGROUP] = assay_cgroup_stat_path(root, &cgroup, path) ? open_file(root, path) : -1;
    for (size_t i = 0; i < ZONES_MAX; i++) {
        (void)snprintf(path, sizeof path, "/sys/class/thermal/thermal_zone%zu/temp", i);
        int fd = open_file(root, path);
        if (fd >= 0) {
            watch->zones[watch->zones_count++] = fd;
        }
    }
    watch->last = read_counters(watch);
    *ret = watch;
    return ASSAY_OK;
}

static bool has_pid(const pid_t *pids, size_t count, pid_t pid)
{
    for (size_t i = 0; i < count; i++) {
        if (pids[i] == pid) {
            return true;
        }
    }
    return false;
}

/* Those of all ports, each once: a process that listens on two of them must not be taken off twice. */
static size_t find_pids(const struct assay_host_watch *watch, pid_t *ret)
{
    size_t count = 0;
    for (size_t port = 0; port < watch->spared_ports_count; port++) {
        pid_t pids[SPARED_MAX];
        size_t found = assay_host_listener(watch->root, watch->spared_ports[port], pids, SPARED_MAX);
        for (size_t i = 0; i < found && count < SPARED_MAX; i++) {
            if (!has_pid(ret, count, pids[i])) {
                ret[count++] = pids[i];
            }
        }
    }
    return count;
}

static size_t find_spared(struct assay_host_watch *watch)
{
    pid_t pids[SPARED_MAX];
    size_t count = find_pids(watch, pids);
    for (size_t i = 0; i < watch->spared_count; i++) {
        (void)close(watch->spared[i]);
    }
    watch->spared_count = 0;
    for (size_t i = 0; i < count; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pids[i]);
        int fd = open_file(watch->root, path);
        if (fd >= 0) {
            watch->spared[watch->spared_count++] = fd;
        }
    }
    return count;
}

bool assay_host_watch_own_helper(struct assay_host_watch *watch, pid_t pid)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    watch->helper = open_file(watch->root, path);
    watch->last = read_counters(watch);
    return watch->helper >= 0;
}

size_t assay_host_watch_spare_listener(struct assay_host_watch *watch, uint16_t port)
{
    if (watch->spared_ports_count < SPARED_PORTS_MAX) {
        watch->spared_ports[watch->spared_ports_count++] = port;
    }
    size_t count = find_spared(watch);
    watch->last = read_counters(watch);
    return count;
}

/* A server that is started anew for a cold state is another process: all it used so far was used since the last
 * reading. Looking for it is the one thing here that allocates, and happens only then. */
static void follow_restart(struct assay_host_watch *watch, struct counters *now)
{
    if (watch->spared_ports_count > 0 && (now->is_spared_gone || watch->spared_count == 0)) {
        (void)find_spared(watch);
        *now = read_counters(watch);
        watch->last.spared_ticks = 0;
    }
}

static uint64_t ppm(double part, double whole)
{
    return whole > 0 && part > 0 ? (uint64_t)(part / whole * 1e6) : 0;
}

static void set_cpu_shares(const struct assay_host_watch *watch, const struct counters *now,
                           struct assay_host_reading *ret)
{
    const struct counters *last = &watch->last;
    double all = (double)(now->all_ticks - last->all_ticks);
    if (!now->has_ticks || !last->has_ticks || now->all_ticks <= last->all_ticks) {
        return;
    }
    ret->steal_ppm = ppm((double)(now->steal_ticks - last->steal_ticks), all);
    double own = (double)(now->own_cpu_ns - last->own_cpu_ns) / 1e9 * watch->ticks_per_s;
    /* A spared process that ended takes its ticks along: less is spared, never more. */
    double spared = now->spared_ticks > last->spared_ticks ? (double)(now->spared_ticks - last->spared_ticks) : 0;
    double work = (double)(now->work_ticks - last->work_ticks);
    ret->foreign_cpu_ppm = ppm(work - own - spared, all);
}

static uint64_t hottest(const struct assay_host_watch *watch)
{
    uint64_t most = ASSAY_NS_ABSENT, value;
    for (size_t i = 0; i < watch->zones_count; i++) {
        if (read_number(watch->zones[i], &value) && (most == ASSAY_NS_ABSENT || value > most)) {
            most = value;
        }
    }
    return most;
}

static uint64_t load_milli(const struct assay_host_watch *watch)
{
    char text[LINE_BYTES];
    double load;
    bool is_read = read_file(watch->files[LOADAVG], text) &&
                   assay_num_double(assay_host_word(text, 0), "/proc/loadavg", &load, NULL) == ASSAY_OK;
    return is_read && load >= 0 && load < 1e9 ? (uint64_t)(load * 1e3 + 0.5) : ASSAY_NS_ABSENT;
}

void assay_host_watch_read(struct assay_host_watch *watch, struct assay_host_reading *ret)
{
    struct counters now = read_counters(watch);
    follow_restart(watch, &now);
    *ret = (struct assay_host_reading){.steal_ppm = ASSAY_NS_ABSENT,
                                       .foreign_cpu_ppm = ASSAY_NS_ABSENT,
                                       .throttled_ns = ASSAY_NS_ABSENT,
                                       .load1_milli = load_milli(watch),
                                       .pressure_cpu_ppm = ASSAY_NS_ABSENT,
                                       .temperature_milli_c = hottest(watch),
                                       .frequency_khz = ASSAY_NS_ABSENT,
                                       .client_cpu_ppm = ASSAY_NS_ABSENT};
    uint64_t frequency;
    if (read_number(watch->files[FREQUENCY], &frequency)) {
        ret->frequency_khz = frequency;
    }
    set_cpu_shares(watch, &now, ret);
    if (now.has_throttled && watch->last.has_throttled) {
        ret->throttled_ns = now.throttled_ns - watch->last.throttled_ns;
    }
    if (now.has_pressure && watch->last.has_pressure) {
        ret->pressure_cpu_ppm =
            ppm((double)(now.pressure_us - watch->last.pressure_us) * 1e3, (double)(now.at_ns - watch->last.at_ns));
    }
    watch->last = now;
}

void assay_host_watch_end(struct assay_host_watch *watch)
{
    if (!watch) {
        return;
    }
    for (size_t i = 0; i < FILE_COUNT; i++) {
        if (watch->files[i] >= 0) {
            close(watch->files[i]);
        }
    }
    if (watch->helper >= 0) {
        close(watch->helper);
    }
    for (size_t i = 0; i < watch->zones_count; i++) {
        close(watch->zones[i]);
    }
    for (size_t i = 0; i < watch->spared_count; i++) {
        close(watch->spared[i]);
    }
    assay_free(watch);
}
