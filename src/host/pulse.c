#include "host/pulse.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define ABSENT ASSAY_NS_ABSENT
#define USER_WORD 12 /* field 14 of /proc/PID/stat, counted from the ")" that ends the name */
#define STAT_WORDS 8 /* user nice system idle iowait irq softirq steal */

uint64_t assay_pulse_step(uint64_t first, uint64_t last)
{
    return first == ABSENT || last == ABSENT || last < first ? ABSENT : last - first;
}

/* ---- one line a CPU ----------------------------------------------------------------------------------------------*/

static void read_cpu_line(struct pulse *pulse, struct assay_slice line)
{
    char text[256];
    uint64_t cpu, t[STAT_WORDS];
    (void)snprintf(text, sizeof text, "%.*s", (int)(line.len < sizeof text - 1 ? line.len : sizeof text - 1),
                   line.data);
    struct assay_slice name = assay_host_word(text, 0);
    name.data += strlen("cpu");
    name.len -= strlen("cpu");
    if (assay_num_u64(name, "cpu", PULSE_CPUS_MAX - 1, &cpu, NULL) != ASSAY_OK) {
        return; /* the line of all CPUs */
    }
    for (size_t i = 0; i < STAT_WORDS; i++) {
        if (!assay_host_word_u64(text, i + 1, &t[i])) {
            return;
        }
    }
    pulse->busy_ticks[cpu] = t[0] + t[1] + t[2] + t[5] + t[6];
    pulse->all_ticks[cpu] = pulse->busy_ticks[cpu] + t[3] + t[4] + t[7];
    pulse->cpus_count = cpu >= pulse->cpus_count ? cpu + 1 : pulse->cpus_count;
}

static void read_cpus(const char *root, struct assay_buf *text, struct pulse *pulse)
{
    if (!assay_host_read_all(root, "/proc/stat", text)) {
        return;
    }
    struct assay_slice rest = {text->data, text->len};
    while (rest.data) {
        struct assay_slice line = assay_slice_cut(&rest, '\n');
        if (!assay_slice_starts(line, "cpu")) {
            return; /* they come first */
        }
        read_cpu_line(pulse, line);
    }
}

/* ---- interrupts: a head with the CPUs, then a line each with one number a CPU -------------------------------------*/

static struct assay_slice next_word(struct assay_slice *rest)
{
    *rest = assay_slice_trim(*rest);
    size_t len = 0;
    while (len < rest->len && rest->data[len] != ' ') {
        len++;
    }
    struct assay_slice word = {rest->data, len};
    rest->data += len;
    rest->len -= len;
    return word;
}

static size_t read_interrupt_head(struct assay_slice line, uint64_t cpus[PULSE_CPUS_MAX])
{
    size_t count = 0;
    for (struct assay_slice word; count < PULSE_CPUS_MAX && (word = next_word(&line)).len > 0; count++) {
        struct assay_slice number = {word.data + 3, word.len > 3 ? word.len - 3 : 0};
        if (!assay_slice_starts(word, "CPU") ||
            assay_num_u64(number, "CPU", PULSE_CPUS_MAX - 1, &cpus[count], NULL) != ASSAY_OK) {
            return 0;
        }
    }
    return count;
}

static void read_interrupts(const char *root, struct assay_buf *text, struct pulse *pulse)
{
    uint64_t cpus[PULSE_CPUS_MAX], value;
    if (!assay_host_read_all(root, "/proc/interrupts", text)) {
        return;
    }
    struct assay_slice rest = {text->data, text->len};
    size_t columns = read_interrupt_head(assay_slice_cut(&rest, '\n'), cpus);
    pulse->has_interrupts = columns > 0;
    while (rest.data && columns > 0) {
        struct assay_slice line = assay_slice_cut(&rest, '\n');
        (void)next_word(&line); /* "24:" */
        for (size_t i = 0; i < columns; i++) {
            if (assay_num_u64(next_word(&line), "interrupts", UINT64_MAX, &value, NULL) != ASSAY_OK) {
                break; /* ERR and MIS have one number */
            }
            pulse->interrupts[cpus[i]] += value;
        }
    }
}

/* ---- single values -----------------------------------------------------------------------------------------------*/

static uint64_t read_pressure(const char *root, const char *path)
{
    struct assay_host_text text;
    const char *total = assay_host_read(root, path, &text) ? strstr(text.text, "total=") : NULL;
    uint64_t value;
    return total && assay_host_word_u64(total + strlen("total="), 0, &value) ? value : ABSENT;
}

static uint64_t read_throttled(const char *root, const struct assay_cgroup *cgroup)
{
    char path[ASSAY_HOST_PATH_BYTES], value[32];
    struct assay_host_text text;
    uint64_t periods;
    bool is_read = assay_cgroup_stat_path(root, cgroup, path) && assay_host_read(root, path, &text) &&
                   assay_host_line(text.text, "nr_throttled", ' ', value, sizeof value) &&
                   assay_host_number(value, &periods);
    return is_read ? periods : ABSENT;
}

struct thermal {
    const char *root;
    uint64_t count;
};

static void note_throttle(void *context, const char *name)
{
    struct thermal *sum = context;
    struct assay_host_text text;
    char path[ASSAY_HOST_PATH_BYTES];
    uint64_t value;
    (void)snprintf(path, sizeof path, "/sys/devices/system/cpu/%s/thermal_throttle/core_throttle_count", name);
    if (assay_host_read(sum->root, path, &text) && assay_host_number(text.text, &value)) {
        sum->count = (sum->count == ABSENT ? 0 : sum->count) + value;
    }
}

static uint64_t read_thermal(const char *root)
{
    struct thermal sum = {.root = root, .count = ABSENT};
    (void)assay_host_list(root, "/sys/devices/system/cpu", "cpu", note_throttle, &sum);
    return sum.count;
}

static uint64_t read_memory(const char *root, const char *name)
{
    struct assay_host_text text;
    char value[64];
    uint64_t kib;
    if (!assay_host_read(root, "/proc/meminfo", &text) || !assay_host_line(text.text, name, ':', value, sizeof value)) {
        return ABSENT;
    }
    value[strcspn(value, " ")] = '\0';
    return assay_host_number(value, &kib) ? kib : ABSENT;
}

static void read_own(const char *root, struct pulse *pulse)
{
    struct assay_host_text text;
    struct rusage usage;
    if (!assay_host_read(root, "/proc/thread-self/schedstat", &text) ||
        !assay_host_word_u64(text.text, 1, &pulse->wait_ns)) {
        pulse->wait_ns = ABSENT;
    }
    pulse->minflt = pulse->majflt = pulse->nvcsw = pulse->nivcsw = ABSENT;
    if (getrusage(RUSAGE_THREAD, &usage) == 0) {
        pulse->minflt = (uint64_t)usage.ru_minflt;
        pulse->majflt = (uint64_t)usage.ru_majflt;
        pulse->nvcsw = (uint64_t)usage.ru_nvcsw;
        pulse->nivcsw = (uint64_t)usage.ru_nivcsw;
    }
}

/* ---- processes ---------------------------------------------------------------------------------------------------*/

static bool read_process(const char *root, uint64_t pid, struct pulse_process *ret)
{
    char path[64];
    struct assay_host_text text;
    uint64_t user, system;
    (void)snprintf(path, sizeof path, "/proc/%llu/stat", (unsigned long long)pid);
    const char *open = assay_host_read(root, path, &text) ? strchr(text.text, '(') : NULL;
    const char *close = open ? strrchr(text.text, ')') : NULL;
    if (!close || !assay_host_word_u64(close, USER_WORD, &user) ||
        !assay_host_word_u64(close, USER_WORD + 1, &system)) {
        return false;
    }
    *ret = (struct pulse_process){.pid = pid, .ticks = user + system};
    (void)snprintf(ret->name, sizeof ret->name, "%.*s", (int)(close - open - 1), open + 1);
    return true;
}

static assay_code read_processes(const char *root, struct pulse *pulse, assay_err *err)
{
    char path[ASSAY_HOST_PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/proc", root);
    DIR *folder = opendir(path);
    size_t room = 0;
    const struct dirent *entry;
    while (folder && pulse->processes_count < PULSE_PROCESSES_MAX && (entry = readdir(folder))) {
        uint64_t pid;
        if (!assay_host_number(entry->d_name, &pid) || pid == (uint64_t)getpid()) {
            continue;
        }
        if (pulse->processes_count == room) {
            room = room ? room * 2 : 256;
            struct pulse_process *more = assay_realloc(pulse->processes, room, sizeof *more);
            if (!more) {
                (void)closedir(folder);
                return assay_nomem(err);
            }
            pulse->processes = more;
        }
        pulse->processes_count += read_process(root, pid, &pulse->processes[pulse->processes_count]);
    }
    if (folder) {
        (void)closedir(folder);
    }
    return ASSAY_OK;
}

assay_code assay_pulse_read(const char *root, const struct assay_cgroup *cgroup, struct pulse *ret, assay_err *err)
{
    struct assay_buf text;
    assay_buf_init(&text, ASSAY_HOST_FILE_BYTES_MAX);
    ret->at_ns = assay_clock_mono_ns();
    read_cpus(root, &text, ret);
    read_interrupts(root, &text, ret);
    assay_buf_done(&text);
    ret->pressure_us[PULSE_CPU] = read_pressure(root, "/proc/pressure/cpu");
    ret->pressure_us[PULSE_MEMORY] = read_pressure(root, "/proc/pressure/memory");
    ret->pressure_us[PULSE_IO] = read_pressure(root, "/proc/pressure/io");
    ret->throttled_periods = read_throttled(root, cgroup);
    ret->thermal_events = read_thermal(root);
    ret->swap_total_kib = read_memory(root, "SwapTotal");
    ret->swap_free_kib = read_memory(root, "SwapFree");
    read_own(root, ret);
    return read_processes(root, ret, err);
}

void assay_pulse_done(struct pulse *pulse)
{
    assay_free(pulse->processes);
    pulse->processes = NULL;
}
