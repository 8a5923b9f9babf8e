/* The spawner of commands: one run on a fake system, call by call; then real commands that do what commands do. */
#include "base/buf.h"
#include "base/proc.h"
#include "base/spawner.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* ---- a fake system ---- */

struct fake {
    char calls[512];
    uint64_t now_ns, deadline_ns;
    int spawn_error, watch_error;
    enum assay_spawn_wake wake;
};

static void note(struct fake *fake, const char *call)
{
    size_t len = strlen(fake->calls);
    (void)snprintf(fake->calls + len, sizeof fake->calls - len, "%s%s", len ? " " : "", call);
}

static uint64_t fake_now(void *self)
{
    struct fake *fake = self;
    note(fake, "now");
    return fake->now_ns += 10;
}

static int fake_spawn(void *self, const struct assay_spawn_job *job, size_t pad, pid_t *ret)
{
    (void)job;
    (void)pad;
    note(self, "spawn");
    *ret = 7;
    return ((struct fake *)self)->spawn_error;
}

static int fake_watch(void *self, pid_t pid)
{
    (void)pid;
    note(self, "watch");
    errno = ((struct fake *)self)->watch_error;
    return errno ? -1 : 9;
}

static enum assay_spawn_wake fake_sleep(void *self, int pidfd, uint64_t deadline_ns)
{
    (void)pidfd;
    note(self, "sleep");
    ((struct fake *)self)->deadline_ns = deadline_ns;
    return ((struct fake *)self)->wake;
}

static void fake_kill(void *self, pid_t pid, int pidfd)
{
    (void)pid;
    (void)pidfd;
    note(self, "kill");
}

static void fake_see(void *self, pid_t pid, int pidfd)
{
    (void)pid;
    (void)pidfd;
    note(self, "waitid");
}

static uint64_t fake_cpu(void *self, pid_t pid)
{
    (void)pid;
    note(self, "cpu");
    return ASSAY_NS_ABSENT;
}

static uint32_t fake_last(void *self, pid_t pid)
{
    (void)pid;
    note(self, "last");
    return ASSAY_SPAWN_CPU_ABSENT;
}

static void fake_reap(void *self, pid_t pid, int pidfd, struct assay_spawn_outcome *ret)
{
    (void)pid;
    (void)pidfd;
    note(self, "reap");
    ret->exit_status = 3;
}

static uint64_t fake_floor(void *self)
{
    note(self, "floor");
    return 4096;
}

static uint32_t fake_sweep(void *self)
{
    note(self, "sweep");
    return 2;
}

static struct assay_spawn_outcome run_fake(struct fake *fake, uint64_t timeout_ns)
{
    struct assay_spawn_os os = {fake,     fake_now, fake_spawn, fake_watch, fake_sleep, fake_kill,
                                fake_see, fake_cpu, fake_last,  fake_reap,  fake_floor, fake_sweep};
    struct assay_spawn_job job = {.timeout_ns = timeout_ns};
    struct assay_spawn_outcome outcome;
    assay_spawn_run(&os, &job, 0, &outcome);
    return outcome;
}

static void nothing_is_called_between_spawn_and_wait_but_what_waits(void **state)
{
    (void)state;
    struct fake fake = {.wake = ASSAY_SPAWN_WAKE_EXIT};
    struct assay_spawn_outcome outcome = run_fake(&fake, ASSAY_NS_ABSENT);
    assert_string_equal(fake.calls, "now spawn now watch sleep waitid now cpu last reap floor sweep");
    assert_int_equal(outcome.end, ASSAY_SPAWN_EXITED);
    assert_int_equal(outcome.start_ns, 10);
    assert_int_equal(outcome.spawned_ns, 20);
    assert_int_equal(outcome.end_ns, 30);
    assert_int_equal(outcome.exit_status, 3);
    assert_int_equal(outcome.left_behind, 2);
    assert_true(fake.deadline_ns == UINT64_MAX); /* no timer */
}

static void what_cannot_be_read_is_absent_and_not_zero(void **state)
{
    (void)state;
    struct fake fake = {.wake = ASSAY_SPAWN_WAKE_EXIT};
    struct assay_spawn_outcome outcome = run_fake(&fake, ASSAY_NS_ABSENT);
    assert_true(outcome.cpu_ns == ASSAY_NS_ABSENT);
    assert_true(outcome.cpu_tree_ns == ASSAY_NS_ABSENT);
    assert_true(outcome.maxrss_bytes == ASSAY_NS_ABSENT);
    assert_true(outcome.minflt == ASSAY_NS_ABSENT && outcome.majflt == ASSAY_NS_ABSENT);
    assert_true(outcome.nvcsw == ASSAY_NS_ABSENT && outcome.nivcsw == ASSAY_NS_ABSENT);
    assert_true(outcome.cpu_last == ASSAY_SPAWN_CPU_ABSENT);
}

static void at_its_limit_it_is_killed_before_it_is_waited_for(void **state)
{
    (void)state;
    struct fake fake = {.wake = ASSAY_SPAWN_WAKE_DEADLINE};
    struct assay_spawn_outcome outcome = run_fake(&fake, 500);
    assert_string_equal(fake.calls, "now spawn now watch sleep kill waitid now cpu last reap floor sweep");
    assert_int_equal(outcome.end, ASSAY_SPAWN_TIMED_OUT);
    assert_int_equal(fake.deadline_ns, 510);
}

static void what_cannot_start_says_why_and_has_no_times(void **state)
{
    (void)state;
    struct fake fake = {.spawn_error = ENOENT};
    struct assay_spawn_outcome outcome = run_fake(&fake, ASSAY_NS_ABSENT);
    assert_string_equal(fake.calls, "now spawn now");
    assert_int_equal(outcome.end, ASSAY_SPAWN_NOT_STARTED);
    assert_int_equal(outcome.error, ENOENT);
    assert_true(outcome.start_ns == ASSAY_NS_ABSENT);
    fake = (struct fake){.watch_error = EMFILE};
    outcome = run_fake(&fake, ASSAY_NS_ABSENT);
    assert_string_equal(fake.calls, "now spawn now watch sweep");
    assert_int_equal(outcome.error, EMFILE);
}

/* ---- real commands ---- */

static struct assay_spawner *start(const struct assay_spawn_job *jobs, size_t count)
{
    struct assay_spawner *spawner = NULL;
    assay_err err = {0};
    if (assay_spawner_start(jobs, count, &spawner, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    return spawner;
}

static struct assay_spawn_outcome run_job(struct assay_spawner *spawner, size_t job, size_t pad)
{
    struct assay_spawn_outcome outcome;
    assay_err err = {0};
    if (assay_spawner_run(spawner, job, pad, -1, &outcome, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    return outcome;
}

#define SHELL(variable, script)                              \
    char variable##_text[] = script, variable##_sh[] = "sh"; \
    char variable##_c[] = "-c";                              \
    char *const variable[] = {variable##_sh, variable##_c, variable##_text, NULL}
#define JOB(arguments)                                                            \
    {                                                                             \
        .path = "/bin/sh", .argv = (arguments), .timeout_ns = 20 * ASSAY_NS_PER_S \
    }

static const char *output_of(const struct assay_spawner *spawner)
{
    static char text[8192];
    text[assay_spawner_output(spawner, 0, text, sizeof text - 1)] = '\0';
    return text;
}

static void a_command_gives_its_output_its_status_and_its_cost(void **state)
{
    (void)state;
    SHELL(work,
          "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo hello; echo first >&2; echo 'why\tnot' >&2; exit 7");
    struct assay_spawn_job jobs[] = {JOB(work)};
    struct assay_spawner *spawner = start(jobs, 1);
    struct assay_spawn_outcome outcome = run_job(spawner, 0, 0);
    assert_int_equal(outcome.end, ASSAY_SPAWN_EXITED);
    assert_int_equal(outcome.exit_status, 7);
    assert_string_equal(output_of(spawner), "hello\n");
    char complaint[64];
    assay_spawner_complaint(spawner, complaint, sizeof complaint);
    assert_string_equal(complaint, "why?not");
    assert_true(outcome.start_ns <= outcome.spawned_ns && outcome.spawned_ns <= outcome.end_ns);
    assert_true(outcome.cpu_ns > ASSAY_NS_PER_MS && outcome.cpu_ns <= outcome.end_ns - outcome.start_ns);
    /* The sum is scaled to the same clock, in microseconds: what exec and exit cost may lie between the two. */
    assert_true(outcome.cpu_tree_ns > outcome.cpu_ns / 2 && outcome.cpu_tree_ns < outcome.cpu_ns * 2);
    assert_true(outcome.maxrss_bytes > 0 && outcome.maxrss_bytes != ASSAY_NS_ABSENT);
    assert_true(outcome.minflt > 0 && outcome.minflt != ASSAY_NS_ABSENT);
    assay_spawner_stop(spawner);
}

static void output_is_that_of_the_last_command_alone(void **state)
{
    (void)state;
    SHELL(much, "seq 1000");
    SHELL(little, "echo 1");
    SHELL(none, ":");
    struct assay_spawn_job jobs[] = {JOB(much), JOB(little), JOB(none)};
    struct assay_spawner *spawner = start(jobs, 3);
    (void)run_job(spawner, 0, 0);
    assert_int_equal(assay_spawner_output_bytes(spawner), 3893);
    (void)run_job(spawner, 1, 0);
    assert_string_equal(output_of(spawner), "1\n");
    (void)run_job(spawner, 2, 0);
    assert_string_equal(output_of(spawner), "");
    assay_spawner_stop(spawner);
}

static void a_command_reads_what_was_fed_or_a_file_or_nothing(void **state)
{
    (void)state;
    SHELL(say, "printf abc");
    SHELL(read_it, "cat");
    struct assay_spawn_job jobs[] = {JOB(say), JOB(read_it), JOB(read_it), JOB(read_it)};
    jobs[1].reads_input = true;
    jobs[2].input = "/proc/sys/kernel/ostype";
    struct assay_spawner *spawner = start(jobs, 4);
    (void)run_job(spawner, 0, 0);
    assert_int_equal(assay_spawner_feed(spawner, NULL), ASSAY_OK);
    (void)run_job(spawner, 1, 0);
    assert_string_equal(output_of(spawner), "abc");
    (void)run_job(spawner, 1, 0); /* from the beginning again */
    assert_string_equal(output_of(spawner), "abc");
    (void)run_job(spawner, 2, 0);
    assert_string_equal(output_of(spawner), "Linux\n");
    (void)run_job(spawner, 3, 0);
    assert_string_equal(output_of(spawner), "");
    assay_spawner_stop(spawner);
}

static void the_pad_changes_the_size_of_the_environment_and_nothing_else(void **state)
{
    (void)state;
    SHELL(measure, "echo ${#ASSAY_PAD} $HOME_OF_TEST; pwd");
    assert_int_equal(setenv("HOME_OF_TEST", "here", 1), 0);
    struct assay_spawn_job jobs[] = {JOB(measure)};
    jobs[0].cwd = "/usr";
    struct assay_spawner *spawner = start(jobs, 1);
    static const size_t PADS[] = {0, 17, 4096, 3};
    for (size_t i = 0; i < sizeof PADS / sizeof PADS[0]; i++) {
        char wanted[64];
        (void)run_job(spawner, 0, PADS[i]);
        (void)snprintf(wanted, sizeof wanted, "%zu here\n/usr\n", PADS[i]);
        assert_string_equal(output_of(spawner), wanted);
    }
    assay_spawner_stop(spawner);
}

static bool lives(pid_t pid)
{
    char path[64], text[512] = "";
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    bool is_there = file && fgets(text, sizeof text, file);
    if (file) {
        (void)fclose(file);
    }
    const char *after = strrchr(text, ')');
    return is_there && after && after[2] != 'Z' && after[2] != 'X';
}

/* The numbers that a command printed, one a line. */
static size_t pids_of(const struct assay_spawner *spawner, pid_t *ret, size_t max)
{
    size_t count = 0;
    for (const char *line = output_of(spawner); *line && count < max; line = strchr(line, '\n') + 1) {
        ret[count++] = (pid_t)strtol(line, NULL, 10);
    }
    return count;
}

/* A child in its own session whose parent is gone: neither the group nor the parent leads to it. */
#define ESCAPE "setsid sh -c 'echo $$; exec sleep 60' & sleep 60 & echo $!; sleep 0.2; "

static void a_time_limit_ends_all_descendants(void **state)
{
    (void)state;
    SHELL(stay, ESCAPE "(trap '' TERM INT; echo $$; sleep 60)");
    struct assay_spawn_job jobs[] = {JOB(stay)};
    jobs[0].timeout_ns = 400 * ASSAY_NS_PER_MS;
    struct assay_spawner *spawner = start(jobs, 1);
    struct assay_spawn_outcome outcome = run_job(spawner, 0, 0);
    assert_int_equal(outcome.end, ASSAY_SPAWN_TIMED_OUT);
    assert_int_equal(outcome.exit_status, 128 + SIGKILL);
    assert_true(outcome.end_ns - outcome.start_ns >= jobs[0].timeout_ns);
    assert_true(outcome.end_ns - outcome.start_ns < 10 * ASSAY_NS_PER_S);
    pid_t pids[8];
    size_t count = pids_of(spawner, pids, 8);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++) {
        assert_false(lives(pids[i]));
    }
    assay_spawner_stop(spawner);
}

static void what_a_command_leaves_behind_is_ended_and_counted(void **state)
{
    (void)state;
    SHELL(leave, ESCAPE "exit 0");
    SHELL(clean, "exit 0");
    struct assay_spawn_job jobs[] = {JOB(leave), JOB(clean)};
    struct assay_spawner *spawner = start(jobs, 2);
    struct assay_spawn_outcome outcome = run_job(spawner, 0, 0);
    assert_int_equal(outcome.end, ASSAY_SPAWN_EXITED);
    assert_int_equal(outcome.left_behind, 2);
    pid_t pids[8];
    size_t count = pids_of(spawner, pids, 8);
    assert_int_equal(count, 2);
    assert_false(lives(pids[0]) || lives(pids[1]));
    assert_int_equal(run_job(spawner, 1, 0).left_behind, 0);
    assay_spawner_stop(spawner);
}

static void an_interrupt_ends_this_run_and_all_later_ones(void **state)
{
    (void)state;
    SHELL(stay, "sleep 60");
    struct assay_spawn_job jobs[] = {JOB(stay)};
    struct assay_spawner *spawner = start(jobs, 1);
    assay_spawner_interrupt(spawner);
    uint64_t before_ns = assay_clock_mono_ns();
    assert_int_equal(run_job(spawner, 0, 0).end, ASSAY_SPAWN_INTERRUPTED);
    assert_int_equal(run_job(spawner, 0, 0).end, ASSAY_SPAWN_INTERRUPTED);
    assert_true(assay_clock_mono_ns() - before_ns < 10 * ASSAY_NS_PER_S);
    assay_spawner_stop(spawner);
}

static void a_readable_stop_ends_a_run_from_outside(void **state)
{
    (void)state;
    SHELL(stay, "sleep 60");
    struct assay_spawn_job jobs[] = {JOB(stay)};
    struct assay_spawner *spawner = start(jobs, 1);
    struct assay_spawn_outcome outcome;
    int stop[2];
    assert_int_equal(pipe(stop), 0);
    assert_int_equal(write(stop[1], "x", 1), 1);
    uint64_t before_ns = assay_clock_mono_ns();
    assert_int_equal(assay_spawner_run(spawner, 0, 0, stop[0], &outcome, NULL), ASSAY_OK);
    assert_int_equal(outcome.end, ASSAY_SPAWN_INTERRUPTED);
    assert_true(assay_clock_mono_ns() - before_ns < 10 * ASSAY_NS_PER_S);
    (void)close(stop[0]);
    (void)close(stop[1]);
    assay_spawner_stop(spawner);
}

static void what_cannot_be_executed_is_an_outcome(void **state)
{
    (void)state;
    SHELL(any, "exit 0");
    struct assay_spawn_job jobs[] = {JOB(any), JOB(any), JOB(any)};
    jobs[0].path = "/nowhere/at/all";
    jobs[1].path = "/etc/passwd";
    jobs[2].cwd = "/nowhere/at/all";
    struct assay_spawner *spawner = start(jobs, 3);
    assert_int_equal(run_job(spawner, 0, 0).error, ENOENT);
    assert_int_equal(run_job(spawner, 1, 0).error, EACCES);
    assert_int_equal(run_job(spawner, 2, 0).error, ENOENT);
    assay_spawner_stop(spawner);
}

static void a_command_that_writes_without_end_is_refused_the_rest(void **state)
{
    (void)state;
    SHELL(flood, "head -c 270000000 /dev/zero; echo \"status $?\" >&2");
    struct assay_spawn_job jobs[] = {JOB(flood)};
    struct assay_spawner *spawner = start(jobs, 1);
    (void)run_job(spawner, 0, 0);
    assert_int_equal(assay_spawner_output_bytes(spawner), ASSAY_SPAWN_OUTPUT_BYTES_MAX);
    char complaint[64];
    assay_spawner_complaint(spawner, complaint, sizeof complaint);
    assert_string_equal(complaint, "status 1");
    assay_spawner_stop(spawner);
}

/* assay's death, as a child of the test plays it: starts a command that stays, and dies without a word. */
static int die_while_it_runs(void *argument)
{
    const char *const *path = argument;
    char script[256], name[] = "sh", option[] = "-c";
    (void)snprintf(script, sizeof script, "echo $$ >%s.part; mv %s.part %s; sleep 60", *path, *path, *path);
    char *const argv[] = {name, option, script, NULL};
    struct assay_spawn_job jobs[] = {JOB(argv)};
    struct assay_spawner *spawner = start(jobs, 1);
    (void)run_job(spawner, 0, 0);
    return 0;
}

static void when_assay_dies_its_commands_do(void **state)
{
    (void)state;
    char folder[] = "/tmp/assay-spawner-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char place[64];
    (void)snprintf(place, sizeof place, "%s/pid", folder);
    const char *path = place;
    struct assay_proc proc;
    assert_int_equal(assay_proc_fork(&proc, die_while_it_runs, &path, NULL), ASSAY_OK);
    struct timespec pause = {.tv_nsec = 10000000};
    for (int i = 0; i < 1000 && access(place, R_OK) != 0; i++) {
        (void)nanosleep(&pause, NULL);
    }
    FILE *file = fopen(place, "r");
    assert_non_null(file);
    int pid = 0;
    char line[32] = "";
    assert_non_null(fgets(line, sizeof line, file));
    pid = (int)strtol(line, NULL, 10);
    (void)fclose(file);
    assert_true(lives(pid));
    assay_proc_kill(&proc);
    for (int i = 0; i < 1000 && lives(pid); i++) {
        (void)nanosleep(&pause, NULL);
    }
    assert_false(lives(pid));
    (void)unlink(place);
    (void)rmdir(folder);
}

static void a_killed_spawner_is_an_error_and_not_a_wait(void **state)
{
    (void)state;
    SHELL(murder, "kill -9 $PPID");
    struct assay_spawn_job jobs[] = {JOB(murder)};
    struct assay_spawner *spawner = start(jobs, 1);
    struct assay_spawn_outcome outcome;
    assay_err err = {0};
    assert_int_equal(assay_spawner_run(spawner, 0, 0, -1, &outcome, &err), ASSAY_IO);
    assert_non_null(strstr(err.message, "is gone"));
    assay_spawner_stop(spawner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_called_between_spawn_and_wait_but_what_waits),
        cmocka_unit_test(what_cannot_be_read_is_absent_and_not_zero),
        cmocka_unit_test(at_its_limit_it_is_killed_before_it_is_waited_for),
        cmocka_unit_test(what_cannot_start_says_why_and_has_no_times),
        cmocka_unit_test(a_command_gives_its_output_its_status_and_its_cost),
        cmocka_unit_test(output_is_that_of_the_last_command_alone),
        cmocka_unit_test(a_command_reads_what_was_fed_or_a_file_or_nothing),
        cmocka_unit_test(the_pad_changes_the_size_of_the_environment_and_nothing_else),
        cmocka_unit_test(a_time_limit_ends_all_descendants),
        cmocka_unit_test(what_a_command_leaves_behind_is_ended_and_counted),
        cmocka_unit_test(an_interrupt_ends_this_run_and_all_later_ones),
        cmocka_unit_test(a_readable_stop_ends_a_run_from_outside),
        cmocka_unit_test(what_cannot_be_executed_is_an_outcome),
        cmocka_unit_test(a_command_that_writes_without_end_is_refused_the_rest),
        cmocka_unit_test(when_assay_dies_its_commands_do),
        cmocka_unit_test(a_killed_spawner_is_an_error_and_not_a_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
