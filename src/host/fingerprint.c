#include "host/host.h"

#include "host/cgroup.h"
#include "host/cpuinfo.h"
#include "host/digest.h"
#include "host/gpu.h"
#include "host/read.h"

#include "base/cpu.h"
#include "base/text.h"

#include <errno.h>
#include <gnu/libc-version.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define CPU_SETS 8 /* 8 x 1024 CPUs: what Linux can be built for */

/* What the fields are taken from, read once. */
struct probe {
    const char *root;
    unsigned rank;
    struct assay_cpuinfo cpuinfo;
    struct assay_cpu cpu;
    struct assay_cgroup cgroup;
};

static json_t *text_file(const struct probe *probe, const char *path)
{
    struct assay_host_text text;
    return assay_host_read(probe->root, path, &text) ? assay_host_string(text.text)
                                                     : assay_host_unreadable(path, text.error);
}

static json_t *number_file(const struct probe *probe, const char *path)
{
    struct assay_host_text text;
    uint64_t value;
    if (!assay_host_read(probe->root, path, &text)) {
        return assay_host_unreadable(path, text.error);
    }
    return assay_host_number(text.text, &value) && value < (UINT64_C(1) << 53)
               ? json_integer((json_int_t)value)
               : assay_host_unknown("%s: no number", path);
}

/* ---- system ------------------------------------------------------------------------------------------------------*/

static json_t *field_rank(const struct probe *probe)
{
    return json_integer(probe->rank);
}

static json_t *field_os(const struct probe *probe)
{
    struct assay_host_text text;
    char name[128], version[64], both[256];
    if (!assay_host_read(probe->root, "/etc/os-release", &text)) {
        return assay_host_unreadable("/etc/os-release", text.error);
    }
    if (!assay_host_line(text.text, "NAME", '=', name, sizeof name)) {
        return assay_host_unknown("/etc/os-release has no NAME");
    }
    if (!assay_host_line(text.text, "VERSION_ID", '=', version, sizeof version)) {
        return assay_host_string(name); /* rolling distributions have none */
    }
    (void)snprintf(both, sizeof both, "%s %s", name, version);
    return assay_host_string(both);
}

static json_t *field_kernel(const struct probe *probe)
{
    return text_file(probe, "/proc/sys/kernel/osrelease");
}

static json_t *field_arch(const struct probe *probe)
{
    (void)probe;
    struct utsname name;
    return uname(&name) == 0 ? assay_host_string(name.machine) : assay_host_unreadable("uname", errno);
}

static json_t *field_libc(const struct probe *probe)
{
    (void)probe;
    char text[64];
    (void)snprintf(text, sizeof text, "glibc %s", gnu_get_libc_version());
    return assay_host_string(text);
}

static json_t *field_virtualization(const struct probe *probe)
{
    static const struct {
        const char *signature, *name;
    } HYPERVISORS[] = {{"KVMKVMKVM", "kvm"},     {"Microsoft Hv", "hyperv"}, {"VMwareVMware", "vmware"},
                       {"XenVMMXenVMM", "xen"},  {"TCGTCGTCGTCG", "qemu"},   {"bhyve bhyve ", "bhyve"},
                       {"VBoxVBoxVBox", "vbox"}, {"ACRNACRNACRN", "acrn"}};
    bool is_here = probe->root[0] == '\0';
    if (is_here && probe->cpu.is_virtual) {
        for (size_t i = 0; i < sizeof HYPERVISORS / sizeof HYPERVISORS[0]; i++) {
            if (strcmp(probe->cpu.hypervisor, HYPERVISORS[i].signature) == 0) {
                return json_string(HYPERVISORS[i].name);
            }
        }
        return json_string("other");
    }
    if (!is_here && probe->cpuinfo.has_hypervisor) {
        return json_string("other"); /* whose it is, only the CPU itself says */
    }
    if (assay_host_exists(probe->root, "/sys/hypervisor/type")) {
        return text_file(probe, "/sys/hypervisor/type");
    }
    return probe->cpuinfo.has_flags ? assay_host_absent("none") : assay_host_unknown("/proc/cpuinfo has no flags");
}

static json_t *field_container(const struct probe *probe)
{
    if (assay_host_exists(probe->root, "/.dockerenv")) {
        return json_string("docker");
    }
    if (assay_host_exists(probe->root, "/run/.containerenv")) {
        return json_string("podman");
    }
    if (assay_host_exists(probe->root, "/run/systemd/container")) {
        return text_file(probe, "/run/systemd/container");
    }
    return assay_host_absent("none");
}

static json_t *field_huge_pages(const struct probe *probe)
{
    static const char path[] = "/sys/kernel/mm/transparent_hugepage/enabled";
    struct assay_host_text text;
    if (!assay_host_read(probe->root, path, &text)) {
        return assay_host_unreadable(path, text.error);
    }
    const char *open = strchr(text.text, '['); /* "always [madvise] never" */
    const char *close = open ? strchr(open, ']') : NULL;
    return close ? json_stringn(open + 1, (size_t)(close - open - 1)) : assay_host_unknown("%s: no choice", path);
}

static json_t *field_aslr(const struct probe *probe)
{
    return number_file(probe, "/proc/sys/kernel/randomize_va_space");
}

static json_t *field_preload(const struct probe *probe)
{
    struct assay_host_text text;
    const char *variable = getenv("LD_PRELOAD");
    bool has_file = assay_host_read(probe->root, "/etc/ld.so.preload", &text) && text.len > 0;
    return json_boolean((variable && variable[0] != '\0') || has_file);
}

static json_t *field_objects(const struct probe *probe)
{
    return assay_host_loaded_objects(probe->root);
}

static json_t *field_environment(const struct probe *probe)
{
    (void)probe;
    return assay_host_environment();
}

static json_t *field_machine(const struct probe *probe)
{
    return assay_host_machine_key(probe->root);
}

static json_t *field_gpus(const struct probe *probe)
{
    return assay_host_gpus(probe->root);
}

/* ---- CPU ---------------------------------------------------------------------------------------------------------*/

static json_t *told(const char *text, const char *what)
{
    return text[0] != '\0' ? assay_host_string(text) : assay_host_unknown("/proc/cpuinfo has no %s", what);
}

static json_t *field_cpu_model(const struct probe *probe)
{
    return told(probe->cpuinfo.name, "model name");
}

static json_t *field_cpu_id(const struct probe *probe)
{
    const struct assay_cpuinfo *info = &probe->cpuinfo;
    char text[192];
    (void)snprintf(text, sizeof text, "%s-%s-%s-%s", info->vendor, info->family, info->model, info->stepping);
    return told(info->vendor[0] != '\0' ? text : "", "vendor_id");
}

static json_t *field_microcode(const struct probe *probe)
{
    return told(probe->cpuinfo.microcode, "microcode");
}

static json_t *field_isa(const struct probe *probe)
{
    const char *names[ASSAY_CPU_NAMES_MAX];
    size_t count = assay_cpu_names(&probe->cpu, names);
    struct assay_json_builder b = {0};
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        assay_json_add_text(&b, array, names[i]);
    }
    return array;
}

static json_t *count_or_unknown(uint64_t count, const char *what)
{
    return count > 0 ? json_integer((json_int_t)count) : assay_host_unknown("/proc/cpuinfo has no %s", what);
}

static json_t *field_sockets(const struct probe *probe)
{
    return count_or_unknown(probe->cpuinfo.sockets, "physical id");
}

static json_t *field_cores(const struct probe *probe)
{
    return count_or_unknown(probe->cpuinfo.cores, "core id");
}

static json_t *field_threads(const struct probe *probe)
{
    return count_or_unknown(probe->cpuinfo.threads, "processor");
}

static json_t *field_smt(const struct probe *probe)
{
    struct assay_host_text text;
    if (assay_host_read(probe->root, "/sys/devices/system/cpu/smt/active", &text)) {
        return json_boolean(strcmp(text.text, "1") == 0);
    }
    if (probe->cpuinfo.cores > 0) {
        return json_boolean(probe->cpuinfo.threads > probe->cpuinfo.cores);
    }
    return assay_host_unreadable("/sys/devices/system/cpu/smt/active", text.error);
}

static json_t *field_numa(const struct probe *probe)
{
    int count = assay_host_list(probe->root, "/sys/devices/system/node", "node", NULL, NULL);
    return count > 0 ? json_integer(count) : assay_host_unknown("no node directory");
}

static void append_range(char *text, size_t bytes, size_t first, size_t last)
{
    size_t len = strlen(text);
    const char *comma = len > 0 ? "," : "";
    if (first == last) {
        (void)snprintf(text + len, bytes - len, "%s%zu", comma, first);
    } else {
        (void)snprintf(text + len, bytes - len, "%s%zu-%zu", comma, first, last);
    }
}

static json_t *field_affinity(const struct probe *probe)
{
    (void)probe;
    cpu_set_t sets[CPU_SETS];
    const size_t bytes = sizeof sets, bits = bytes * 8;
    CPU_ZERO_S(bytes, sets);
    if (sched_getaffinity(0, bytes, sets) != 0) {
        return assay_host_unreadable("sched_getaffinity", errno);
    }
    char text[256] = "";
    for (size_t i = 0; i < bits; i++) {
        if (!CPU_ISSET_S(i, bytes, sets)) {
            continue;
        }
        size_t last = i;
        while (last + 1 < bits && CPU_ISSET_S(last + 1, bytes, sets)) {
            last++;
        }
        append_range(text, sizeof text, i, last);
        i = last;
    }
    return assay_host_string(text);
}

static json_t *field_isolated(const struct probe *probe)
{
    static const char path[] = "/sys/devices/system/cpu/isolated";
    struct assay_host_text text;
    if (!assay_host_read(probe->root, path, &text)) {
        return assay_host_unreadable(path, text.error);
    }
    return text.len > 0 ? assay_host_string(text.text) : assay_host_absent("none");
}

#define CPUFREQ "/sys/devices/system/cpu/cpu0/cpufreq"

static json_t *cpufreq_file(const struct probe *probe, const char *path,
                            json_t *(*read)(const struct probe *, const char *))
{
    return assay_host_exists(probe->root, CPUFREQ) ? read(probe, path) : assay_host_unknown("no cpufreq directory");
}

static json_t *field_governor(const struct probe *probe)
{
    return cpufreq_file(probe, CPUFREQ "/scaling_governor", text_file);
}

static json_t *field_frequency(const struct probe *probe)
{
    return cpufreq_file(probe, CPUFREQ "/scaling_cur_freq", number_file);
}

static json_t *field_turbo(const struct probe *probe)
{
    static const struct {
        const char *path, *on;
    } FILES[] = {{"/sys/devices/system/cpu/intel_pstate/no_turbo", "0"},
                 {"/sys/devices/system/cpu/cpufreq/boost", "1"}};
    struct assay_host_text text;
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++) {
        if (assay_host_read(probe->root, FILES[i].path, &text)) {
            return json_boolean(strcmp(text.text, FILES[i].on) == 0);
        }
    }
    return assay_host_exists(probe->root, CPUFREQ) ? assay_host_unknown("neither no_turbo nor boost")
                                                   : assay_host_unknown("no cpufreq directory");
}

static json_t *field_clocksource(const struct probe *probe)
{
    return text_file(probe, "/sys/devices/system/clocksource/clocksource0/current_clocksource");
}

static json_t *field_tsc(const struct probe *probe)
{
    return probe->cpuinfo.has_flags ? json_boolean(probe->cpuinfo.has_invariant_tsc)
                                    : assay_host_unknown("/proc/cpuinfo has no flags");
}

/* ---- memory and load ---------------------------------------------------------------------------------------------*/

static json_t *meminfo(const struct probe *probe, const char *name)
{
    struct assay_host_text text;
    char value[64];
    if (!assay_host_read(probe->root, "/proc/meminfo", &text)) {
        return assay_host_unreadable("/proc/meminfo", text.error);
    }
    uint64_t kib;
    if (assay_host_line(text.text, name, ':', value, sizeof value)) {
        value[strcspn(value, " ")] = '\0'; /* "16384 kB" */
        if (assay_host_number(value, &kib) && kib < (UINT64_C(1) << 43)) {
            return json_integer((json_int_t)(kib * 1024));
        }
    }
    return assay_host_unknown("/proc/meminfo has no %s", name);
}

static json_t *field_memory(const struct probe *probe)
{
    return meminfo(probe, "MemTotal");
}

static json_t *field_swap(const struct probe *probe)
{
    return meminfo(probe, "SwapTotal");
}

static json_t *field_cgroup_cpu(const struct probe *probe)
{
    return assay_cgroup_cpu_quota(probe->root, &probe->cgroup);
}

static json_t *field_cgroup_memory(const struct probe *probe)
{
    return assay_cgroup_memory_bytes(probe->root, &probe->cgroup);
}

/* The decimal at the start of a text, as type dec. */
static json_t *leading_dec(const char *text, const char *path)
{
    double value;
    struct assay_slice word = {text, strcspn(text, " \n")};
    return assay_num_double(word, path, &value, NULL) == ASSAY_OK ? assay_host_dec(value)
                                                                  : assay_host_unknown("%s: no number", path);
}

static json_t *field_load(const struct probe *probe)
{
    struct assay_host_text text;
    return assay_host_read(probe->root, "/proc/loadavg", &text) ? leading_dec(text.text, "/proc/loadavg")
                                                                : assay_host_unreadable("/proc/loadavg", text.error);
}

static json_t *field_pressure(const struct probe *probe)
{
    static const char path[] = "/proc/pressure/cpu";
    struct assay_host_text text;
    if (!assay_host_read(probe->root, path, &text)) {
        return assay_host_unreadable(path, text.error);
    }
    const char *average = strstr(text.text, "avg10="); /* of the line "some", which comes first */
    return average ? leading_dec(average + strlen("avg10="), path) : assay_host_unknown("%s: no avg10", path);
}

/* Share of all CPU time since the machine started that the hypervisor gave to others. */
static json_t *field_steal(const struct probe *probe)
{
    struct assay_host_text text;
    if (!assay_host_read(probe->root, "/proc/stat", &text)) {
        return assay_host_unreadable("/proc/stat", text.error);
    }
    uint64_t ticks = 0; /* "cpu user nice system idle iowait irq softirq steal": after the loop, steal */
    double total = 0;
    for (size_t i = 1; i <= 8; i++) {
        if (!assay_host_word_u64(text.text, i, &ticks)) {
            return assay_host_unknown("/proc/stat: no steal time");
        }
        total += (double)ticks;
    }
    return json_integer(total > 0 ? (json_int_t)((double)ticks / total * 1e6) : 0);
}

struct hottest {
    const char *root;
    bool is_known;
    int64_t milli_c;
};

static void note_zone(void *context, const char *name)
{
    struct hottest *hottest = context;
    char path[ASSAY_HOST_PATH_BYTES];
    struct assay_host_text text;
    (void)snprintf(path, sizeof path, "/sys/class/thermal/%s/temp", name);
    if (!assay_host_read(hottest->root, path, &text)) {
        return;
    }
    char *end;
    long long value = strtoll(text.text, &end, 10);
    if (end != text.text && *end == '\0' && (!hottest->is_known || value > hottest->milli_c)) {
        hottest->is_known = true;
        hottest->milli_c = value;
    }
}

static json_t *field_temperature(const struct probe *probe)
{
    struct hottest hottest = {.root = probe->root};
    (void)assay_host_list(probe->root, "/sys/class/thermal", "thermal_zone", note_zone, &hottest);
    return hottest.is_known ? json_integer(hottest.milli_c) : assay_host_unknown("no sensor");
}

static json_t *field_power_cap(const struct probe *probe)
{
    return assay_host_exists(probe->root, "/sys/class/powercap/intel-rapl:0")
               ? number_file(probe, "/sys/class/powercap/intel-rapl:0/constraint_0_power_limit_uw")
               : assay_host_unknown("no powercap");
}

/* ---- the whole ---------------------------------------------------------------------------------------------------*/

/* evidence.md 6: every field, always. */
static const struct {
    const char *name;
    json_t *(*read)(const struct probe *probe);
} FIELDS[] = {
    {"rank", field_rank},
    {"os", field_os},
    {"kernelRelease", field_kernel},
    {"arch", field_arch},
    {"libc", field_libc},
    {"cpuModel", field_cpu_model},
    {"cpuId", field_cpu_id},
    {"microcode", field_microcode},
    {"isa", field_isa},
    {"sockets", field_sockets},
    {"cores", field_cores},
    {"threads", field_threads},
    {"smt", field_smt},
    {"numaNodes", field_numa},
    {"affinity", field_affinity},
    {"cgroupCpuQuota", field_cgroup_cpu},
    {"cgroupMemoryBytes", field_cgroup_memory},
    {"memoryBytes", field_memory},
    {"swapBytes", field_swap},
    {"hugePages", field_huge_pages},
    {"governor", field_governor},
    {"turbo", field_turbo},
    {"frequencyKhz", field_frequency},
    {"isolated", field_isolated},
    {"virtualization", field_virtualization},
    {"container", field_container},
    {"clocksource", field_clocksource},
    {"tscInvariant", field_tsc},
    {"aslr", field_aslr},
    {"load1", field_load},
    {"pressureCpu", field_pressure},
    {"stealPpm", field_steal},
    {"temperatureMilliC", field_temperature},
    {"powerCapUw", field_power_cap},
    {"gpus", field_gpus},
    {"loadedObjectsSha256", field_objects},
    {"preload", field_preload},
    {"envSha256", field_environment},
    {"machineKey", field_machine},
};

assay_code assay_host_fingerprint_at(const char *root, unsigned rank, json_t **ret, assay_err *err)
{
    struct probe probe = {.root = root, .rank = rank, .cpu = assay_cpu_detect()};
    assay_cgroup_find(root, &probe.cgroup);
    assay_code rc = assay_cpuinfo_read(root, &probe.cpuinfo, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct assay_json_builder b = {0};
    json_t *host = json_object();
    for (size_t i = 0; i < sizeof FIELDS / sizeof FIELDS[0]; i++) {
        assay_json_put(&b, host, FIELDS[i].name, FIELDS[i].read(&probe));
    }
    rc = assay_json_builder_check(&b, host, err);
    if (rc != ASSAY_OK) {
        json_decref(host);
        return rc;
    }
    *ret = host;
    return ASSAY_OK;
}

assay_code assay_host_fingerprint(unsigned rank, json_t **ret, assay_err *err)
{
    return assay_host_fingerprint_at("", rank, ret, err);
}
