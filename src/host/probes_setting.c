/* How the machine is set up: governor, turbo, memory nodes, huge pages, layout, clock source, counters. */
#include "host/probes.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NO_RANDOM_LAYOUT 0x0040000 /* ADDR_NO_RANDOMIZE of personality(2) */
#define REMOTE_PAGES_MAX_SHARE 0.1 /* a tenth of the memory on another node is seen in bandwidth */

static void look_governor(const struct probe_view *view, struct probe_result *ret)
{
    struct assay_host_text text;
    if (!assay_host_read(view->root, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", &text)) {
        assay_probe_say(ret, PROBE_UNKNOWN, "no cpufreq directory");
        return;
    }
    assay_probe_say(ret, strcmp(text.text, "performance") == 0 ? PROBE_OK : PROBE_FINDING, "governor %.64s", text.text);
}

static void look_turbo(const struct probe_view *view, struct probe_result *ret)
{
    struct assay_host_text text;
    bool is_on;
    if (assay_host_read(view->root, "/sys/devices/system/cpu/intel_pstate/no_turbo", &text)) {
        is_on = strcmp(text.text, "0") == 0;
    } else if (assay_host_read(view->root, "/sys/devices/system/cpu/cpufreq/boost", &text)) {
        is_on = strcmp(text.text, "1") == 0;
    } else {
        assay_probe_say(ret, PROBE_UNKNOWN, "neither no_turbo nor boost");
        return;
    }
    assay_probe_say(ret, is_on ? PROBE_FINDING : PROBE_OK, "turbo %s", is_on ? "on" : "off");
}

/* Pages of this process by node, from words like N0=512 in numa_maps. The node with most is taken as the near one. */
static void look_numa(const struct probe_view *view, struct probe_result *ret)
{
    struct assay_host_text nodes;
    struct assay_buf maps;
    if (!assay_host_read(view->root, "/sys/devices/system/node/online", &nodes)) {
        assay_probe_say(ret, PROBE_UNKNOWN, "/sys/devices/system/node/online cannot be read");
        return;
    }
    if (strpbrk(nodes.text, ",-") == NULL) {
        assay_probe_say(ret, PROBE_OK, "one memory node");
        return;
    }
    assay_buf_init(&maps, ASSAY_HOST_FILE_BYTES_MAX);
    uint64_t all = 0, most = 0, by_node[64] = {0};
    if (assay_host_read_all(view->root, "/proc/self/numa_maps", &maps)) {
        for (const char *at = strstr(maps.data, " N"); at; at = strstr(at + 1, " N")) {
            char *end;
            unsigned long node = strtoul(at + 2, &end, 10);
            uint64_t pages = *end == '=' ? strtoull(end + 1, NULL, 10) : 0;
            if (node < sizeof by_node / sizeof by_node[0]) {
                by_node[node] += pages;
                all += pages;
                most = by_node[node] > most ? by_node[node] : most;
            }
        }
    }
    assay_buf_done(&maps);
    if (all == 0) {
        assay_probe_say(ret, PROBE_UNKNOWN, "nodes %.32s, and /proc/self/numa_maps cannot be read", nodes.text);
        return;
    }
    double remote = 1 - (double)most / (double)all;
    assay_probe_say(ret, remote > REMOTE_PAGES_MAX_SHARE ? PROBE_FINDING : PROBE_OK,
                    "nodes %.32s; %.0f%% of assay's own memory lies on other nodes than the rest", nodes.text,
                    remote * 100);
}

static void look_huge_pages(const struct probe_view *view, struct probe_result *ret)
{
    struct assay_host_text text;
    bool is_read = assay_host_read(view->root, "/sys/kernel/mm/transparent_hugepage/enabled", &text);
    assay_probe_say(ret, is_read ? PROBE_OK : PROBE_UNKNOWN, "%.64s",
                    is_read ? text.text : "transparent_hugepage/enabled is not there");
}

static void look_swap(const struct probe_view *view, struct probe_result *ret)
{
    uint64_t total = view->last->swap_total_kib, left = view->last->swap_free_kib, before = view->first->swap_free_kib;
    if (total == ASSAY_NS_ABSENT || left == ASSAY_NS_ABSENT) {
        assay_probe_say(ret, PROBE_UNKNOWN, "/proc/meminfo has no swap");
        return;
    }
    uint64_t grown = before != ASSAY_NS_ABSENT && before > left ? before - left : 0;
    assay_probe_say(ret, total > left ? PROBE_FINDING : PROBE_OK,
                    "%" PRIu64 " KiB of swap used, %" PRIu64 " KiB more than before", total > left ? total - left : 0,
                    grown);
}

static void look_aslr(const struct probe_view *view, struct probe_result *ret)
{
    struct assay_host_text text, own;
    if (!assay_host_read(view->root, "/proc/sys/kernel/randomize_va_space", &text)) {
        assay_probe_say(ret, PROBE_UNKNOWN, "/proc/sys/kernel/randomize_va_space cannot be read");
        return;
    }
    bool is_own_off = assay_host_read(view->root, "/proc/self/personality", &own) &&
                      (strtoul(own.text, NULL, 16) & NO_RANDOM_LAYOUT) != 0;
    assay_probe_say(ret, strcmp(text.text, "0") == 0 || is_own_off ? PROBE_FINDING : PROBE_OK,
                    "randomize_va_space %.16s%s", text.text, is_own_off ? ", off for assay (setarch -R)" : "");
}

static void look_clock(const struct probe_view *view, struct probe_result *ret)
{
    static const char *const SLOW[] = {"hpet", "acpi_pm", "jiffies", "refined-jiffies", "xen"};
    static const char path[] = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    struct assay_host_text text;
    if (!assay_host_read(view->root, path, &text)) {
        assay_probe_say(ret, PROBE_UNKNOWN, "%s cannot be read", path);
        return;
    }
    bool is_slow = false;
    for (size_t i = 0; i < sizeof SLOW / sizeof SLOW[0]; i++) {
        is_slow |= strcmp(text.text, SLOW[i]) == 0;
    }
    struct assay_clock_cost cost = assay_clock_measure_cost();
    assay_probe_say(ret, is_slow ? PROBE_FINDING : PROBE_OK,
                    "%.32s, %" PRIu64 " ns a read, smallest step %" PRIu64 " ns", text.text, cost.overhead_ns,
                    cost.quantum_ns);
}

/* Opens what a profile would open: instructions of this thread. 0 or errno. */
static int try_counter(void)
{
    struct perf_event_attr attributes = {.type = PERF_TYPE_HARDWARE,
                                         .size = sizeof attributes,
                                         .config = PERF_COUNT_HW_INSTRUCTIONS,
                                         .exclude_kernel = 1,
                                         .exclude_hv = 1};
    long fd = syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0);
    if (fd < 0) {
        return errno;
    }
    (void)close((int)fd);
    return 0;
}

static void look_counters(const struct probe_view *view, struct probe_result *ret)
{
    struct assay_host_text text;
    if (!assay_host_read(view->root, "/proc/sys/kernel/perf_event_paranoid", &text)) {
        assay_probe_say(ret, PROBE_UNKNOWN, "no perf events in this kernel");
        return;
    }
    int error = try_counter();
    bool is_refused = error == EACCES || error == EPERM;
    assay_probe_say(ret, is_refused ? PROBE_FINDING : (error ? PROBE_UNKNOWN : PROBE_OK),
                    "perf_event_paranoid %.16s; counting instructions: %s", text.text,
                    error ? strerror(error) : "works");
}

const struct probe assay_probes_setting[] = {
    {"governor", "the clock of the CPU follows the load", "cpupower frequency-set -g performance", look_governor},
    {"turbo", "the clock of the CPU follows heat and neighbours", "turn turbo off (no_turbo, boost)", look_turbo},
    {"numa", "memory lies on another node", "pin CPU and memory: numactl --cpunodebind --membind", look_numa},
    {"huge-pages", "the mode must be the same in what is compared", "set one mode", look_huge_pages},
    {"swap", "memory was moved to storage", "free memory, then swapoff -a and swapon -a", look_swap},
    {"aslr", "one memory layout is one sample of layouts", "leave layouts random (randomize_va_space=2)", look_aslr},
    {"clock", "every stamp is a system call", "a kernel option (tsc=reliable)", look_clock},
    {"counters", "hardware counters are refused; CPU time is used", "sysctl kernel.perf_event_paranoid=2",
     look_counters},
};
const size_t assay_probes_setting_count = sizeof assay_probes_setting / sizeof assay_probes_setting[0];
