#include "host/host.h"

#include "host/cgroup.h"
#include "host/read.h"

#include "base/thread.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WATCH_NS ASSAY_NS_PER_S /* counters of /proc/stat have 10 ms steps */
#define STEAL_MAX_PPM 2000      /* statistics.md 6: 0.2% */
#define FOREIGN_MAX_PPM 20000   /* 2% */
#define PRESSURE_MAX_PPM 10000  /* 1% */
#define NEAR_TRIP_MILLI_C 5000

enum answer { OK, FINDING, UNKNOWN };

struct finding {
    enum answer answer;
    char evidence[256];
    const char *fix;
};

/* What the probes look at, read once. */
struct view {
    const char *root;
    struct assay_host_reading reading;
    struct assay_cgroup cgroup;
};

static void say(struct finding *finding, enum answer answer, const char *fix, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void say(struct finding *finding, enum answer answer, const char *fix, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    (void)vsnprintf(finding->evidence, sizeof finding->evidence, format, list);
    va_end(list);
    finding->answer = answer;
    finding->fix = answer == FINDING ? fix : "";
}

/* One share of a reading against its limit. */
static void judge_share(struct finding *finding, uint64_t share_ppm, uint64_t max_ppm, const char *what,
                        const char *source, const char *fix)
{
    if (share_ppm == ASSAY_NS_ABSENT) {
        say(finding, UNKNOWN, fix, "%s cannot be read", source);
        return;
    }
    say(finding, share_ppm > max_ppm ? FINDING : OK, fix, "%s %.2f%% over 1 s (limit %.1f%%)", what,
        (double)share_ppm / 1e4, (double)max_ppm / 1e4);
}

static void probe_steal(const struct view *view, struct finding *finding)
{
    judge_share(finding, view->reading.steal_ppm, STEAL_MAX_PPM, "steal", "/proc/stat",
                "another host or dedicated vCPUs; judge by CPU time");
}

static void probe_foreign(const struct view *view, struct finding *finding)
{
    judge_share(finding, view->reading.foreign_cpu_ppm, FOREIGN_MAX_PPM, "other processes used", "/proc/stat",
                "stop the busiest processes (top -b -n 1 names them)");
}

static void probe_run_queue(const struct view *view, struct finding *finding)
{
    struct assay_host_text text;
    uint64_t runnable;
    struct assay_slice word = {0}; /* "2/345" */
    if (assay_host_read(view->root, "/proc/loadavg", &text)) {
        word = assay_host_word(text.text, 3);
        word.len = word.data ? strcspn(word.data, "/") : 0;
    }
    if (assay_num_u64(word, "runnable", UINT32_MAX, &runnable, NULL) != ASSAY_OK) {
        say(finding, UNKNOWN, "", "/proc/loadavg cannot be read");
        return;
    }
    size_t cpus = assay_thread_cpu_count();
    uint64_t others = runnable > 0 ? runnable - 1 : 0; /* without the reader itself */
    say(finding, others >= cpus ? FINDING : OK, "stop other work, or measure on free cores",
        "%" PRIu64 " runnable besides assay on %zu CPUs, load %.2f", others, cpus,
        (double)view->reading.load1_milli / 1e3);
}

static void probe_pressure(const struct view *view, struct finding *finding)
{
    judge_share(finding, view->reading.pressure_cpu_ppm, PRESSURE_MAX_PPM, "tasks waited for a CPU",
                "/proc/pressure/cpu", "fewer tasks, or more CPUs");
}

static void probe_stall(const struct view *view, struct finding *finding, const char *path, const char *fix)
{
    struct assay_host_text text;
    double share;
    const char *average = assay_host_read(view->root, path, &text) ? strstr(text.text, "avg10=") : NULL;
    struct assay_slice word = {average ? average + 6 : "", average ? strcspn(average + 6, " ") : 0};
    if (assay_num_double(word, path, &share, NULL) != ASSAY_OK) {
        say(finding, UNKNOWN, "", "%s cannot be read", path);
        return;
    }
    say(finding, share > (double)PRESSURE_MAX_PPM / 1e4 ? FINDING : OK, fix, "%s: some %.2f%% of 10 s", path, share);
}

static void probe_memory(const struct view *view, struct finding *finding)
{
    probe_stall(view, finding, "/proc/pressure/memory", "memory is short: free some");
}

static void probe_io(const struct view *view, struct finding *finding)
{
    probe_stall(view, finding, "/proc/pressure/io", "storage is busy: stop what reads and writes");
}

static void probe_cgroup(const struct view *view, struct finding *finding)
{
    char path[ASSAY_HOST_PATH_BYTES], value[32];
    struct assay_host_text text;
    uint64_t periods;
    if (!assay_cgroup_stat_path(view->root, &view->cgroup, path) || !assay_host_read(view->root, path, &text)) {
        say(finding, UNKNOWN, "", "no cpu.stat of a control group");
    } else if (!assay_host_line(text.text, "nr_throttled", ' ', value, sizeof value) ||
               !assay_host_number(value, &periods)) {
        say(finding, OK, "", "no quota in this control group");
    } else {
        say(finding, view->reading.throttled_ns > 0 && view->reading.throttled_ns != ASSAY_NS_ABSENT ? FINDING : OK,
            "raise or lift the CPU quota",
            "%" PRIu64 " throttled periods since the group began, %" PRIu64 " ns in the last second", periods,
            view->reading.throttled_ns == ASSAY_NS_ABSENT ? 0 : view->reading.throttled_ns);
    }
}

static void probe_governor(const struct view *view, struct finding *finding)
{
    struct assay_host_text text;
    if (!assay_host_read(view->root, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", &text)) {
        say(finding, UNKNOWN, "", "no cpufreq directory");
        return;
    }
    say(finding, strcmp(text.text, "performance") == 0 ? OK : FINDING, "cpupower frequency-set -g performance",
        "governor %.64s", text.text);
}

static void probe_turbo(const struct view *view, struct finding *finding)
{
    struct assay_host_text text;
    bool is_on;
    if (assay_host_read(view->root, "/sys/devices/system/cpu/intel_pstate/no_turbo", &text)) {
        is_on = strcmp(text.text, "0") == 0;
    } else if (assay_host_read(view->root, "/sys/devices/system/cpu/cpufreq/boost", &text)) {
        is_on = strcmp(text.text, "1") == 0;
    } else {
        say(finding, UNKNOWN, "", "neither no_turbo nor boost");
        return;
    }
    say(finding, is_on ? FINDING : OK, "turn turbo off: the clock follows heat and neighbours", "turbo %s",
        is_on ? "on" : "off");
}

struct throttles {
    const char *root;
    uint64_t count;
    bool is_there;
};

static void note_throttle(void *context, const char *name)
{
    struct throttles *sum = context;
    struct assay_host_text text;
    char path[ASSAY_HOST_PATH_BYTES];
    uint64_t value;
    (void)snprintf(path, sizeof path, "/sys/devices/system/cpu/%s/thermal_throttle/core_throttle_count", name);
    if (assay_host_read(sum->root, path, &text) && assay_host_number(text.text, &value)) {
        sum->count += value;
        sum->is_there = true;
    }
}

static void probe_thermal(const struct view *view, struct finding *finding)
{
    struct throttles sum = {.root = view->root};
    (void)assay_host_list(view->root, "/sys/devices/system/cpu", "cpu", note_throttle, &sum);
    struct assay_host_text text;
    uint64_t trip;
    bool has_trip = assay_host_read(view->root, "/sys/class/thermal/thermal_zone0/trip_point_0_temp", &text) &&
                    assay_host_number(text.text, &trip);
    bool has_temperature = view->reading.temperature_milli_c != ASSAY_NS_ABSENT;
    if (!sum.is_there && !has_temperature) {
        say(finding, UNKNOWN, "", "no thermal sensor and no throttle count");
        return;
    }
    bool is_near = has_trip && has_temperature && view->reading.temperature_milli_c + NEAR_TRIP_MILLI_C > trip;
    say(finding, is_near ? FINDING : OK, "cooling, or pauses between runs",
        "%" PRIu64 " throttle events since boot, hottest %.1f C", sum.count,
        has_temperature ? (double)view->reading.temperature_milli_c / 1e3 : 0.0);
}

static void probe_smt(const struct view *view, struct finding *finding)
{
    struct assay_host_text text;
    if (!assay_host_read(view->root, "/sys/devices/system/cpu/smt/active", &text)) {
        say(finding, UNKNOWN, "", "/sys/devices/system/cpu/smt/active cannot be read");
        return;
    }
    bool is_on = strcmp(text.text, "1") == 0;
    say(finding, is_on ? FINDING : OK, "boot with nosmt, or leave the siblings of used cores idle", "SMT %s",
        is_on ? "on: two threads share a core" : "off");
}

static void probe_huge_pages(const struct view *view, struct finding *finding)
{
    struct assay_host_text text;
    bool is_read = assay_host_read(view->root, "/sys/kernel/mm/transparent_hugepage/enabled", &text);
    say(finding, is_read ? OK : UNKNOWN, "", "%.64s",
        is_read ? text.text : "transparent_hugepage/enabled is not there");
}

static void probe_swap(const struct view *view, struct finding *finding)
{
    struct assay_host_text text;
    char total[64], left[64];
    uint64_t total_kib = 0, left_kib = 0;
    if (!assay_host_read(view->root, "/proc/meminfo", &text) ||
        !assay_host_line(text.text, "SwapTotal", ':', total, sizeof total) ||
        !assay_host_line(text.text, "SwapFree", ':', left, sizeof left)) {
        say(finding, UNKNOWN, "", "/proc/meminfo has no swap");
        return;
    }
    total[strcspn(total, " ")] = left[strcspn(left, " ")] = '\0';
    (void)(assay_host_number(total, &total_kib) && assay_host_number(left, &left_kib));
    say(finding, total_kib > left_kib ? FINDING : OK, "free memory, then swapoff -a and swapon -a",
        "%" PRIu64 " KiB of swap used", total_kib > left_kib ? total_kib - left_kib : 0);
}

static void probe_aslr(const struct view *view, struct finding *finding)
{
    struct assay_host_text text;
    if (!assay_host_read(view->root, "/proc/sys/kernel/randomize_va_space", &text)) {
        say(finding, UNKNOWN, "", "/proc/sys/kernel/randomize_va_space cannot be read");
        return;
    }
    say(finding, strcmp(text.text, "0") == 0 ? FINDING : OK,
        "sysctl kernel.randomize_va_space=2, and many processes: one layout is one sample", "randomize_va_space %.16s",
        text.text);
}

static void probe_clock(const struct view *view, struct finding *finding)
{
    static const char *const SLOW[] = {"hpet", "acpi_pm", "jiffies", "refined-jiffies", "xen"};
    struct assay_host_text text;
    static const char path[] = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    if (!assay_host_read(view->root, path, &text)) {
        say(finding, UNKNOWN, "", "%s cannot be read", path);
        return;
    }
    bool is_slow = false;
    for (size_t i = 0; i < sizeof SLOW / sizeof SLOW[0]; i++) {
        is_slow |= strcmp(text.text, SLOW[i]) == 0;
    }
    struct assay_clock_cost cost = assay_clock_measure_cost();
    say(finding, is_slow ? FINDING : OK, "a kernel option (tsc=reliable): without the vDSO each read is a system call",
        "%.32s, %" PRIu64 " ns a read, smallest step %" PRIu64 " ns", text.text, cost.overhead_ns, cost.quantum_ns);
}

static void probe_counters(const struct view *view, struct finding *finding)
{
    struct assay_host_text text;
    if (!assay_host_read(view->root, "/proc/sys/kernel/perf_event_paranoid", &text)) {
        say(finding, UNKNOWN, "", "no perf events in this kernel");
        return;
    }
    long level = strtol(text.text, NULL, 10);
    say(finding, level > 2 ? FINDING : OK, "sysctl kernel.perf_event_paranoid=2; CPU time is used instead",
        "perf_event_paranoid %ld", level);
}

/* statistics.md 6, as far as it can be seen without watching a run. */
static const struct {
    const char *name;
    void (*look)(const struct view *view, struct finding *finding);
} PROBES[] = {
    {"steal", probe_steal},
    {"foreign-cpu", probe_foreign},
    {"run-queue", probe_run_queue},
    {"pressure-cpu", probe_pressure},
    {"pressure-memory", probe_memory},
    {"pressure-io", probe_io},
    {"cgroup", probe_cgroup},
    {"governor", probe_governor},
    {"turbo", probe_turbo},
    {"thermal", probe_thermal},
    {"smt", probe_smt},
    {"huge-pages", probe_huge_pages},
    {"swap", probe_swap},
    {"aslr", probe_aslr},
    {"clock", probe_clock},
    {"counters", probe_counters},
};

static assay_code look(struct view *view, assay_err *err)
{
    struct assay_host_watch *watch = NULL;
    assay_code rc = assay_host_watch_begin(view->root, &watch, err);
    if (rc == ASSAY_OK) {
        assay_clock_system.sleep_until_ns(NULL, assay_clock_mono_ns() + WATCH_NS);
        assay_host_watch_read(watch, &view->reading);
    }
    assay_host_watch_end(watch);
    return rc;
}

assay_code assay_host_quietness_at(const char *root, json_t **ret, assay_err *err)
{
    static const char *const ANSWERS[] = {"ok", "finding", "unknown"};
    struct view view = {.root = root};
    assay_cgroup_find(root, &view.cgroup);
    assay_code rc = look(&view, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct assay_json_builder b = {0};
    json_t *findings = json_array();
    for (size_t i = 0; i < sizeof PROBES / sizeof PROBES[0]; i++) {
        struct finding finding = {0};
        PROBES[i].look(&view, &finding);
        json_t *row = assay_json_add_object(&b, findings);
        assay_json_put_text(&b, row, "probe", PROBES[i].name);
        assay_json_put_text(&b, row, "answer", ANSWERS[finding.answer]);
        assay_json_put_text(&b, row, "evidence", finding.evidence);
        assay_json_put_text(&b, row, "fix", finding.fix);
    }
    rc = assay_json_builder_check(&b, findings, err);
    if (rc != ASSAY_OK) {
        json_decref(findings);
        return rc;
    }
    *ret = findings;
    return ASSAY_OK;
}

assay_code assay_host_quietness(json_t **ret, assay_err *err)
{
    return assay_host_quietness_at("", ret, err);
}
