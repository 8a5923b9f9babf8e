#include "base/clock.h"
#include "base/mem.h"
#include "base/proc.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static char *words[8];

static char *const *command(const char *a, const char *b, const char *c)
{
    static char store[3][256];
    const char *given[] = {a, b, c};
    for (size_t i = 0; i < 3; i++) {
        words[i] = NULL;
        if (given[i]) {
            (void)snprintf(store[i], sizeof store[i], "%s", given[i]);
            words[i] = store[i];
        }
    }
    return words;
}

static int give_back(void *argument)
{
    return *(int *)argument;
}

static int sleep_long(void *argument)
{
    (void)argument;
    (void)sleep(100);
    return 0;
}

static void a_forked_child_gives_its_status(void **state)
{
    (void)state;
    struct assay_proc proc;
    int status = 0, seven = 7;
    assert_int_equal(assay_proc_fork(&proc, give_back, &seven, NULL), ASSAY_OK);
    assert_int_equal(assay_proc_wait(&proc, UINT64_MAX, &status, NULL), ASSAY_OK);
    assert_int_equal(status, 7);
}

static void a_child_that_still_runs_is_a_timeout_and_can_be_killed(void **state)
{
    (void)state;
    struct assay_proc proc;
    int status = 0;
    assert_int_equal(assay_proc_fork(&proc, sleep_long, NULL, NULL), ASSAY_OK);
    pid_t pid = proc.pid;
    assert_int_equal(assay_proc_wait(&proc, 5 * ASSAY_NS_PER_MS, &status, NULL), ASSAY_TIMEOUT);
    assay_proc_kill(&proc);
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(errno, ESRCH);
    assay_proc_kill(&proc); /* fine on a finished one */
}

static void output_is_collected_and_standard_error_is_not(void **state)
{
    (void)state;
    struct assay_buf out;
    int status = -1;
    assay_buf_init(&out, 1000);
    assert_int_equal(
        assay_proc_run(command("sh", "-c", "echo out; echo err >&2; exit 3"), 10 * ASSAY_NS_PER_S, &out, &status, NULL),
        ASSAY_OK);
    assert_string_equal(out.data, "out\n");
    assert_int_equal(status, 3);
    assay_buf_done(&out);
}

static void a_signal_is_128_and_its_number(void **state)
{
    (void)state;
    struct assay_buf out;
    int status = -1;
    assay_buf_init(&out, 1000);
    assert_int_equal(assay_proc_run(command("sh", "-c", "kill -TERM $$"), 10 * ASSAY_NS_PER_S, &out, &status, NULL),
                     ASSAY_OK);
    assert_int_equal(status, 128 + SIGTERM);
    assay_buf_done(&out);
}

static void a_program_that_runs_too_long_is_killed_with_its_children(void **state)
{
    (void)state;
    struct assay_buf out;
    int status = -1;
    assay_buf_init(&out, 1000);
    uint64_t before = assay_clock_mono_ns();
    assert_int_equal(
        assay_proc_run(command("sh", "-c", "sleep 50 & sleep 50"), 50 * ASSAY_NS_PER_MS, &out, &status, NULL),
        ASSAY_TIMEOUT);
    assert_int_equal(
        assay_proc_run(command("sh", "-c", "exec >&-; sleep 50"), 50 * ASSAY_NS_PER_MS, &out, &status, NULL),
        ASSAY_TIMEOUT);
    assert_true(assay_clock_mono_ns() - before < 20 * ASSAY_NS_PER_S);
    assay_buf_done(&out);
}

static void too_much_output_is_refused(void **state)
{
    (void)state;
    struct assay_buf out;
    int status = -1;
    assay_buf_init(&out, 100);
    assert_int_equal(assay_proc_run(command("yes", NULL, NULL), 10 * ASSAY_NS_PER_S, &out, &status, NULL),
                     ASSAY_TOO_LARGE);
    assay_buf_done(&out);
}

static void a_program_that_does_not_exist_is_not_found(void **state)
{
    (void)state;
    struct assay_buf out;
    int status = -1;
    assay_err err = {0};
    assay_buf_init(&out, 100);
    assert_int_equal(assay_proc_run(command("assay-no-such-program", NULL, NULL), ASSAY_NS_PER_S, &out, &status, &err),
                     ASSAY_NOT_FOUND);
    assert_non_null(strstr(err.message, "assay-no-such-program"));
    assay_buf_done(&out);
}

static void a_child_reads_nothing_and_takes_no_signal_mask(void **state)
{
    (void)state;
    struct assay_buf out;
    int status = -1;
    assay_buf_init(&out, 100);
    assert_int_equal(assay_proc_run(command("cat", NULL, NULL), 10 * ASSAY_NS_PER_S, &out, &status, NULL), ASSAY_OK);
    assert_int_equal(status, 0);
    assert_int_equal(out.len, 0);
    assay_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_forked_child_gives_its_status),
        cmocka_unit_test(a_child_that_still_runs_is_a_timeout_and_can_be_killed),
        cmocka_unit_test(output_is_collected_and_standard_error_is_not),
        cmocka_unit_test(a_signal_is_128_and_its_number),
        cmocka_unit_test(a_program_that_runs_too_long_is_killed_with_its_children),
        cmocka_unit_test(too_much_output_is_refused),
        cmocka_unit_test(a_program_that_does_not_exist_is_not_found),
        cmocka_unit_test(a_child_reads_nothing_and_takes_no_signal_mask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
