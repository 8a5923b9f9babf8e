/* What else happened on the machine while it was watched: time, pressure, heat, interrupts, faults. */
#include "host/probes.h"

#include "base/thread.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* statistics.md 6, defaults */
#define STEAL_MAX_PPM 2000
#define FOREIGN_MAX_PPM 20000
#define WAIT_MAX_PPM 10000
#define PRESSURE_MAX_PPM 10000
#define FREQUENCY_RANGE_MAX 0.02
#define NEAR_TRIP_MILLI_C 5000
#define SIBLING_MAX_PPM 20000 /* as for other processes: it is one */
#define MOVES_MAX_SHARE 0.1
#define MOVES_LEAST_LOOKS 10
#define INTERRUPTS_MAX_PER_S 1000.0
#define SWITCHES_PER_NS (1.0 / 10e6) /* one in 10 ms */
#define BUSIEST 3

void assay_probe_say(struct probe_result *ret, enum probe_answer answer, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    (void)vsnprintf(ret->evidence, sizeof ret->evidence, format, list);
    va_end(list);
    ret->answer = answer;
}

static double seconds(const struct probe_view *view)
{
    return (double)view->watched_ns / 1e9;
}

static void judge_share(const struct probe_view *view, struct probe_result *ret, uint64_t share_ppm, uint64_t max_ppm,
                        const char *what, const char *source)
{
    if (share_ppm == ASSAY_NS_ABSENT) {
        assay_probe_say(ret, PROBE_UNKNOWN, "%s cannot be read", source);
        return;
    }
    assay_probe_say(ret, share_ppm > max_ppm ? PROBE_FINDING : PROBE_OK, "%s %.2f%% of %.1f s (limit %.1f%%)", what,
                    (double)share_ppm / 1e4, seconds(view), (double)max_ppm / 1e4);
}

static void look_steal(const struct probe_view *view, struct probe_result *ret)
{
    judge_share(view, ret, view->reading.steal_ppm, STEAL_MAX_PPM, "stolen", "/proc/stat");
}

/* ---- other processes ---------------------------------------------------------------------------------------------*/

static uint64_t ticks_before(const struct pulse *first, uint64_t pid)
{
    for (size_t i = 0; i < first->processes_count; i++) {
        if (first->processes[i].pid == pid) {
            return first->processes[i].ticks;
        }
    }
    return 0; /* it began meanwhile */
}

static int compare_ticks(const void *a_, const void *b_)
{
    const struct pulse_process *a = a_, *b = b_;
    return a->ticks != b->ticks ? (a->ticks > b->ticks ? -1 : 1) : (a->pid < b->pid ? -1 : 1);
}

/* ": stress (812) 97%, cc1 (9) 40%": who used most, of one CPU. */
static void name_busiest(const struct probe_view *view, char *text, size_t bytes)
{
    struct pulse_process *used = assay_alloc(view->last->processes_count + 1, sizeof *used);
    size_t count = 0, len = 0;
    text[0] = '\0';
    for (size_t i = 0; used && i < view->last->processes_count; i++) {
        used[count] = view->last->processes[i];
        uint64_t before = ticks_before(view->first, used[count].pid);
        used[count].ticks = used[count].ticks > before ? used[count].ticks - before : 0;
        count += used[count].ticks > 0;
    }
    if (count > 0) {
        qsort(used, count, sizeof *used, compare_ticks);
    }
    for (size_t i = 0; i < count && i < BUSIEST && len < bytes; i++) {
        double share = (double)used[i].ticks / view->ticks_per_s / seconds(view);
        struct assay_buf name;
        assay_buf_init(&name, 64);
        assay_text_show(&name, used[i].name, strlen(used[i].name), PULSE_NAME_BYTES);
        int n = snprintf(text + len, bytes - len, "%s %.16s (%" PRIu64 ") %.0f%%", i ? "," : ":",
                         name.data ? name.data : "?", used[i].pid, share * 100);
        assay_buf_done(&name);
        len += n > 0 ? (size_t)n : 0;
    }
    assay_free(used);
}

static void look_foreign(const struct probe_view *view, struct probe_result *ret)
{
    char busiest[PROBE_EVIDENCE_BYTES / 2], what[] = "other processes used";
    judge_share(view, ret, view->reading.foreign_cpu_ppm, FOREIGN_MAX_PPM, what, "/proc/stat");
    if (ret->answer == PROBE_FINDING) {
        size_t len = strlen(ret->evidence);
        name_busiest(view, busiest, sizeof busiest);
        (void)snprintf(ret->evidence + len, sizeof ret->evidence - len, "%s", busiest);
    }
}

static void look_run_queue(const struct probe_view *view, struct probe_result *ret)
{
    struct assay_host_text text;
    uint64_t runnable, wait_ns = assay_pulse_step(view->first->wait_ns, view->last->wait_ns);
    struct assay_slice word = {0}; /* "2/345" */
    if (assay_host_read(view->root, "/proc/loadavg", &text)) {
        word = assay_host_word(text.text, 3);
        word.len = word.data ? strcspn(word.data, "/") : 0;
    }
    if (assay_num_u64(word, "runnable", UINT32_MAX, &runnable, NULL) != ASSAY_OK) {
        assay_probe_say(ret, PROBE_UNKNOWN, "/proc/loadavg cannot be read");
        return;
    }
    size_t cpus = assay_thread_cpu_count();
    uint64_t others = runnable > 0 ? runnable - 1 : 0; /* without the reader itself */
    double waited = wait_ns == ASSAY_NS_ABSENT ? 0 : (double)wait_ns / (double)view->watched_ns;
    assay_probe_say(ret, others >= cpus || waited * 1e6 > WAIT_MAX_PPM ? PROBE_FINDING : PROBE_OK,
                    "%" PRIu64 " runnable besides assay on %zu CPUs; assay waited for a CPU %.2f%% of the time%s",
                    others, cpus, waited * 100, wait_ns == ASSAY_NS_ABSENT ? " (no schedstat)" : "");
}

/* ---- pressure, quota, heat ----------------------------------------------------------------------------------------*/

static void judge_pressure(const struct probe_view *view, struct probe_result *ret, enum pulse_pressure kind,
                           const char *path)
{
    uint64_t us = assay_pulse_step(view->first->pressure_us[kind], view->last->pressure_us[kind]);
    uint64_t ppm = us == ASSAY_NS_ABSENT ? us : (uint64_t)((double)us * 1e3 / (double)view->watched_ns * 1e6);
    judge_share(view, ret, ppm, PRESSURE_MAX_PPM, "some task waited", path);
}

static void look_pressure_cpu(const struct probe_view *view, struct probe_result *ret)
{
    judge_pressure(view, ret, PULSE_CPU, "/proc/pressure/cpu");
}

static void look_pressure_memory(const struct probe_view *view, struct probe_result *ret)
{
    judge_pressure(view, ret, PULSE_MEMORY, "/proc/pressure/memory");
}

static void look_pressure_io(const struct probe_view *view, struct probe_result *ret)
{
    judge_pressure(view, ret, PULSE_IO, "/proc/pressure/io");
}

static void look_cgroup(const struct probe_view *view, struct probe_result *ret)
{
    char path[ASSAY_HOST_PATH_BYTES];
    struct assay_host_text text;
    uint64_t periods = assay_pulse_step(view->first->throttled_periods, view->last->throttled_periods);
    if (!assay_cgroup_stat_path(view->root, &view->cgroup, path) || !assay_host_read(view->root, path, &text)) {
        assay_probe_say(ret, PROBE_UNKNOWN, "no cpu.stat of a control group");
    } else if (periods == ASSAY_NS_ABSENT) {
        assay_probe_say(ret, PROBE_OK, "no quota in this control group");
    } else {
        assay_probe_say(ret, periods > 0 ? PROBE_FINDING : PROBE_OK,
                        "%" PRIu64 " throttled periods in %.1f s, %" PRIu64 " since the group began", periods,
                        seconds(view), view->last->throttled_periods);
    }
}

static void look_frequency(const struct probe_view *view, struct probe_result *ret)
{
    if (view->loop_least_ns == 0) {
        assay_probe_say(ret, PROBE_UNKNOWN, "no loop of fixed length was timed");
        return;
    }
    double range = (double)view->loop_most_ns / (double)view->loop_least_ns - 1;
    assay_probe_say(ret, range > FREQUENCY_RANGE_MAX ? PROBE_FINDING : PROBE_OK,
                    "a loop of fixed length took %.1f to %.1f us over %zu looks: range %.2f%% (limit %.0f%%)",
                    (double)view->loop_least_ns / 1e3, (double)view->loop_most_ns / 1e3, view->looks, range * 100,
                    FREQUENCY_RANGE_MAX * 100);
}

static void look_thermal(const struct probe_view *view, struct probe_result *ret)
{
    struct assay_host_text text;
    uint64_t trip, rose = assay_pulse_step(view->first->thermal_events, view->last->thermal_events);
    uint64_t hottest = view->reading.temperature_milli_c;
    bool has_trip = assay_host_read(view->root, "/sys/class/thermal/thermal_zone0/trip_point_0_temp", &text) &&
                    assay_host_number(text.text, &trip);
    if (rose == ASSAY_NS_ABSENT && hottest == ASSAY_NS_ABSENT) {
        assay_probe_say(ret, PROBE_UNKNOWN, "no thermal sensor and no throttle count");
        return;
    }
    bool is_near = has_trip && hottest != ASSAY_NS_ABSENT && hottest + NEAR_TRIP_MILLI_C > trip;
    bool has_risen = rose != ASSAY_NS_ABSENT && rose > 0;
    char events[48] = "no throttle count", heat[48] = "no sensor";
    if (rose != ASSAY_NS_ABSENT) {
        (void)snprintf(events, sizeof events, "%" PRIu64 " throttle events", rose);
    }
    if (hottest != ASSAY_NS_ABSENT) {
        (void)snprintf(heat, sizeof heat, "hottest %.1f C%s", (double)hottest / 1e3,
                       is_near ? ", near its trip point" : "");
    }
    assay_probe_say(ret, is_near || has_risen ? PROBE_FINDING : PROBE_OK, "%s; %s", events, heat);
}

/* ---- CPUs --------------------------------------------------------------------------------------------------------*/

static uint64_t busy_ppm(const struct probe_view *view, size_t cpu)
{
    uint64_t busy = assay_pulse_step(view->first->busy_ticks[cpu], view->last->busy_ticks[cpu]);
    uint64_t all = assay_pulse_step(view->first->all_ticks[cpu], view->last->all_ticks[cpu]);
    return busy == ASSAY_NS_ABSENT || all == ASSAY_NS_ABSENT || all == 0 ? 0
                                                                         : (uint64_t)((double)busy / (double)all * 1e6);
}

/* The sibling of a CPU: the first number in its list that is not its own. -1: none. */
static int sibling_of(const struct probe_view *view, size_t cpu)
{
    char path[128];
    struct assay_host_text text;
    (void)snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%zu/topology/thread_siblings_list", cpu);
    if (!assay_host_read(view->root, path, &text)) {
        return -1;
    }
    for (const char *at = text.text; *at; at += strspn(at, ",-")) {
        char *end;
        unsigned long number = strtoul(at, &end, 10);
        if (end == at) {
            return -1;
        }
        if (number != cpu && number < PULSE_CPUS_MAX) {
            return (int)number;
        }
        at = end;
    }
    return -1;
}

static void look_smt(const struct probe_view *view, struct probe_result *ret)
{
    struct assay_host_text text;
    if (!assay_host_read(view->root, "/sys/devices/system/cpu/smt/active", &text)) {
        assay_probe_say(ret, PROBE_UNKNOWN, "/sys/devices/system/cpu/smt/active cannot be read");
        return;
    }
    if (strcmp(text.text, "1") != 0) {
        assay_probe_say(ret, PROBE_OK, "no core is shared by two threads");
        return;
    }
    uint64_t most_ppm = 0;
    size_t most_cpu = 0, pairs = 0;
    for (size_t cpu = 0; cpu < view->last->cpus_count; cpu++) {
        int sibling = sibling_of(view, cpu);
        pairs += sibling >= 0;
        if (sibling >= 0 && busy_ppm(view, (size_t)sibling) >= most_ppm) {
            most_ppm = busy_ppm(view, (size_t)sibling);
            most_cpu = (size_t)sibling;
        }
    }
    if (pairs == 0) {
        assay_probe_say(ret, PROBE_UNKNOWN, "SMT is on, and what the siblings do cannot be read");
        return;
    }
    assay_probe_say(ret, most_ppm > SIBLING_MAX_PPM ? PROBE_FINDING : PROBE_OK,
                    "SMT is on; the busiest sibling, CPU %zu, was used %.1f%% (limit %.0f%%)", most_cpu,
                    (double)most_ppm / 1e4, SIBLING_MAX_PPM / 1e4);
}

static void look_migrations(const struct probe_view *view, struct probe_result *ret)
{
    if (view->looks < MOVES_LEAST_LOOKS) {
        assay_probe_say(ret, PROBE_UNKNOWN, "%zu looks are too few to tell", view->looks);
        return;
    }
    double share = (double)view->moves / (double)(view->looks - 1);
    assay_probe_say(ret, share > MOVES_MAX_SHARE ? PROBE_FINDING : PROBE_OK,
                    "assay was on another CPU than before in %zu of %zu looks (limit %.0f%%)", view->moves,
                    view->looks - 1, MOVES_MAX_SHARE * 100);
}

static void look_interrupts(const struct probe_view *view, struct probe_result *ret)
{
    if (!view->first->has_interrupts || !view->last->has_interrupts) {
        assay_probe_say(ret, PROBE_UNKNOWN, "/proc/interrupts cannot be read");
        return;
    }
    double most = 0;
    size_t most_cpu = 0;
    for (size_t cpu = 0; cpu < PULSE_CPUS_MAX; cpu++) {
        uint64_t count = assay_pulse_step(view->first->interrupts[cpu], view->last->interrupts[cpu]);
        double rate = count == ASSAY_NS_ABSENT ? 0 : (double)count / seconds(view);
        if (rate > most) {
            most = rate;
            most_cpu = cpu;
        }
    }
    assay_probe_say(ret, most > INTERRUPTS_MAX_PER_S ? PROBE_FINDING : PROBE_OK,
                    "CPU %zu had most: %.0f a second (limit %.0f)", most_cpu, most, INTERRUPTS_MAX_PER_S);
}

/* ---- assay's own thread, which does nothing but a fixed loop
 * -------------------------------------------------------*/

static void look_faults(const struct probe_view *view, struct probe_result *ret)
{
    uint64_t major = assay_pulse_step(view->first->majflt, view->last->majflt);
    uint64_t minor = assay_pulse_step(view->first->minflt, view->last->minflt);
    if (major == ASSAY_NS_ABSENT || view->loop_least_ns == 0) {
        assay_probe_say(ret, PROBE_UNKNOWN, "page faults of a steady loop were not counted");
        return;
    }
    assay_probe_say(ret, major > 0 ? PROBE_FINDING : PROBE_OK,
                    "%" PRIu64 " faults with input and %" PRIu64 " without while watching", major, minor);
}

static void look_switches(const struct probe_view *view, struct probe_result *ret)
{
    uint64_t switches = assay_pulse_step(view->first->nivcsw, view->last->nivcsw);
    double busy_ns = (double)view->loop_least_ns * (double)view->looks;
    if (switches == ASSAY_NS_ABSENT || view->loop_least_ns == 0) {
        assay_probe_say(ret, PROBE_UNKNOWN, "context switches were not counted");
        return;
    }
    double allowed = (double)view->watched_ns * SWITCHES_PER_NS;
    assay_probe_say(ret, (double)switches > allowed ? PROBE_FINDING : PROBE_OK,
                    "assay was put off a CPU %" PRIu64 " times in %.1f s, of which it computed %.2f s (limit %.0f)",
                    switches, seconds(view), busy_ns / 1e9, allowed);
}

const struct probe assay_probes_load[] = {
    {"steal", "the hypervisor gave this machine's CPUs to others", "another host or dedicated vCPUs; judge by CPU time",
     look_steal},
    {"foreign-cpu", "other processes take CPU time and caches", "stop the busiest processes", look_foreign},
    {"run-queue", "more wants to run than there are CPUs", "stop other work, or measure on free CPUs", look_run_queue},
    {"pressure-cpu", "tasks wait for a CPU", "fewer tasks, or more CPUs", look_pressure_cpu},
    {"pressure-memory", "memory is short", "free some memory", look_pressure_memory},
    {"pressure-io", "storage is busy", "stop what reads and writes", look_pressure_io},
    {"cgroup", "the control group ran out of its CPU quota", "raise or lift the quota", look_cgroup},
    {"frequency", "the clock of the CPU drifts", "pin the frequency, let it cool", look_frequency},
    {"thermal", "the CPU is slowed down by heat", "cooling, or pauses between runs", look_thermal},
    {"smt", "two threads share a core, and the other one works", "boot with nosmt, or leave the siblings idle",
     look_smt},
    {"migrations", "the kernel moves the thread between CPUs", "pin it: --pin, or taskset", look_migrations},
    {"interrupts", "interrupts run on the CPUs that measure", "move them: /proc/irq/N/smp_affinity", look_interrupts},
    {"page-faults", "memory has to be read from storage", "warm the files, lock the memory", look_faults},
    {"context-switches", "the kernel takes the CPU away", "fewer neighbours, or pinning", look_switches},
};
const size_t assay_probes_load_count = sizeof assay_probes_load / sizeof assay_probes_load[0];
