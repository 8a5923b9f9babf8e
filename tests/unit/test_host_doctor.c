/* The doctor on a machine of files, whose counters go on between the two looks. */
#include "host/host.h"

#include "base/file.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

struct machine {
    char root[64];
};

static void put(const struct machine *machine, const char *path, const char *text)
{
    char whole[512];
    (void)snprintf(whole, sizeof whole, "%s%s", machine->root, path);
    *strrchr(whole, '/') = '\0';
    assert_int_equal(assay_dir_ensure(whole, NULL), ASSAY_OK);
    (void)snprintf(whole, sizeof whole, "%s%s", machine->root, path);
    FILE *file = fopen(whole, "w"); /* in place, as the kernel counts on under a file that is open */
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

#define CPUS(steal)                                                                    \
    "cpu  1000 0 500 90000 10 0 20 " steal " 0 0\ncpu0 500 0 250 45000 5 0 10 0 0 0\n" \
    "cpu1 500 0 250 45000 5 0 10 0 0 0\nintr 1\n"

/* A second later, in which nothing ran. */
#define IDLE                                                                   \
    "cpu  1000 0 500 90200 10 0 20 0 0 0\ncpu0 500 0 250 45100 5 0 10 0 0 0\n" \
    "cpu1 500 0 250 45100 5 0 10 0 0 0\nintr 1\n"

static struct machine quiet_machine(void)
{
    struct machine machine = {.root = "/tmp/assay-doctor-XXXXXX"};
    assert_non_null(mkdtemp(machine.root));
    put(&machine, "/proc/stat", CPUS("0"));
    put(&machine, "/proc/loadavg", "0.10 0.20 0.30 1/100 4242\n");
    put(&machine, "/proc/meminfo", "MemTotal: 1000 kB\nSwapTotal: 500 kB\nSwapFree: 500 kB\n");
    put(&machine, "/proc/interrupts", "           CPU0       CPU1\n  1:  10  20  timer\nERR:  0\n");
    put(&machine, "/proc/pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1000\n");
    put(&machine, "/proc/pressure/memory", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1000\n");
    put(&machine, "/proc/pressure/io", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1000\n");
    put(&machine, "/proc/self/cgroup", "0::/job\n");
    put(&machine, "/sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
    put(&machine, "/sys/fs/cgroup/job/cpu.max", "100000 100000\n");
    put(&machine, "/sys/fs/cgroup/job/cpu.stat", "usage_usec 5\nnr_periods 9\nnr_throttled 3\nthrottled_usec 7\n");
    put(&machine, "/sys/devices/system/cpu/smt/active", "1\n");
    put(&machine, "/sys/devices/system/cpu/cpu0/topology/thread_siblings_list", "0,1\n");
    put(&machine, "/sys/devices/system/cpu/cpu1/topology/thread_siblings_list", "0-1\n");
    put(&machine, "/sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "5\n");
    put(&machine, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n");
    put(&machine, "/sys/devices/system/cpu/cpufreq/boost", "0\n");
    put(&machine, "/sys/devices/system/node/online", "0\n");
    put(&machine, "/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
    put(&machine, "/proc/sys/kernel/randomize_va_space", "2\n");
    put(&machine, "/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n");
    return machine;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

static void remove_machine(const struct machine *machine)
{
    enum { DESCRIPTORS = 8 };
    assert_int_equal(nftw(machine->root, remove_entry, DESCRIPTORS, FTW_DEPTH | FTW_PHYS), 0);
}

static struct assay_host_doctor *begin(const struct machine *machine)
{
    struct assay_host_doctor *doctor = NULL;
    assert_int_equal(assay_host_doctor_begin(machine->root, &doctor, NULL), ASSAY_OK);
    for (int i = 0; i < 12; i++) {
        assay_host_doctor_look(doctor);
    }
    struct timespec moment = {.tv_nsec = 50000000}; /* a rate needs some time to be over */
    (void)nanosleep(&moment, NULL);
    return doctor;
}

static const char *field_of(const json_t *rows, const char *probe, const char *field)
{
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        if (strcmp(json_string_value(json_object_get(row, "probe")), probe) == 0) {
            return json_string_value(json_object_get(row, field));
        }
    }
    fail_msg("no probe %s", probe);
    return NULL;
}

static json_t *answer(struct assay_host_doctor *doctor)
{
    json_t *rows = NULL;
    assert_int_equal(assay_host_doctor_answer(doctor, &rows, NULL), ASSAY_OK);
    assay_host_doctor_free(doctor);
    return rows;
}

/* What the kernel counts, and the files in which it counts on. */
static const struct change {
    const char *probe, *path, *text;
} CHANGES[] = {
    {"steal", "/proc/stat", CPUS("1000")},
    {"foreign-cpu", "/proc/stat",
     "cpu  9000 0 500 90000 10 0 20 0 0 0\ncpu0 4500 0 250 45000 5 0 10 0 0 0\ncpu1 500 0 250 45000 5 0 10 0 0 0\n"},
    {"smt", "/proc/stat",
     "cpu  9000 0 500 90000 10 0 20 0 0 0\ncpu0 500 0 250 45100 5 0 10 0 0 0\ncpu1 4500 0 250 45000 5 0 10 0 0 0\n"},
    {"run-queue", "/proc/loadavg", "9.10 0.20 0.30 900/1000 4242\n"},
    {"pressure-cpu", "/proc/pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=99000\n"},
    {"pressure-memory", "/proc/pressure/memory", "some avg10=0.00 avg60=0.00 avg300=0.00 total=99000\n"},
    {"pressure-io", "/proc/pressure/io", "some avg10=0.00 avg60=0.00 avg300=0.00 total=99000\n"},
    {"cgroup", "/sys/fs/cgroup/job/cpu.stat", "usage_usec 5\nnr_periods 9\nnr_throttled 4\nthrottled_usec 9\n"},
    {"thermal", "/sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "6\n"},
    {"interrupts", "/proc/interrupts", "           CPU0       CPU1\n  1:  10  90000  timer\nERR:  0\n"},
    {"swap", "/proc/meminfo", "MemTotal: 1000 kB\nSwapTotal: 500 kB\nSwapFree: 400 kB\n"},
    {"governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n"},
    {"turbo", "/sys/devices/system/cpu/cpufreq/boost", "1\n"},
    {"aslr", "/proc/sys/kernel/randomize_va_space", "0\n"},
    {"clock", "/sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n"},
};
enum { CHANGES_COUNT = sizeof CHANGES / sizeof CHANGES[0] };

static void a_quiet_machine_has_no_finding(void **state)
{
    (void)state;
    struct machine machine = quiet_machine();
    struct assay_host_doctor *doctor = begin(&machine);
    put(&machine, "/proc/stat", IDLE);
    json_t *rows = answer(doctor);
    for (size_t i = 0; i < CHANGES_COUNT; i++) {
        if (strcmp(field_of(rows, CHANGES[i].probe, "answer"), "ok") != 0) {
            fail_msg("%s: %s", CHANGES[i].probe, field_of(rows, CHANGES[i].probe, "evidence"));
        }
        assert_string_equal(field_of(rows, CHANGES[i].probe, "cause"), "");
    }
    assert_string_equal(field_of(rows, "numa", "answer"), "ok");
    json_decref(rows);
    remove_machine(&machine);
}

static void what_happens_while_it_watches_is_found_with_cause_and_fix(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHANGES_COUNT; i++) {
        struct machine machine = quiet_machine();
        struct assay_host_doctor *doctor = begin(&machine);
        put(&machine, "/proc/stat", IDLE);
        put(&machine, CHANGES[i].path, CHANGES[i].text);
        json_t *rows = answer(doctor);
        if (strcmp(field_of(rows, CHANGES[i].probe, "answer"), "finding") != 0) {
            fail_msg("%s: %s, %s", CHANGES[i].probe, field_of(rows, CHANGES[i].probe, "answer"),
                     field_of(rows, CHANGES[i].probe, "evidence"));
        }
        assert_true(field_of(rows, CHANGES[i].probe, "cause")[0] && field_of(rows, CHANGES[i].probe, "fix")[0]);
        json_decref(rows);
        remove_machine(&machine);
    }
}

static void a_file_that_is_gone_is_unknown_and_not_ok(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHANGES_COUNT; i++) {
        char path[512];
        struct machine machine = quiet_machine();
        (void)snprintf(path, sizeof path, "%s%s", machine.root, CHANGES[i].path);
        assert_int_equal(remove(path), 0);
        json_t *rows = answer(begin(&machine));
        if (strcmp(field_of(rows, CHANGES[i].probe, "answer"), "unknown") != 0) {
            fail_msg("%s: %s", CHANGES[i].probe, field_of(rows, CHANGES[i].probe, "evidence"));
        }
        json_decref(rows);
        remove_machine(&machine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quiet_machine_has_no_finding),
        cmocka_unit_test(what_happens_while_it_watches_is_found_with_cause_and_fix),
        cmocka_unit_test(a_file_that_is_gone_is_unknown_and_not_ok),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
