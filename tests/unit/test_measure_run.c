/* A whole run of noop: what the directory holds when it worked, was stopped, or could not be written. */
#include "measure/measure.h"
#include "support/scripted_workload.h"

#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct scripted_op ONE_MS[] = {{ASSAY_NS_PER_MS, ASSAY_STATUS_OK}};

struct bench {
    char folder[64], dir[96];
    struct scripted_clock clock;
    struct scripted_state state;
    struct assay_run_setup setup;
    struct assay_run_result result;
    assay_err err;
};

static void bench_init(struct bench *bench)
{
    *bench = (struct bench){.folder = "/tmp/assay-run-XXXXXX"};
    assert_non_null(mkdtemp(bench->folder));
    (void)snprintf(bench->dir, sizeof bench->dir, "%s/run", bench->folder);
    scripted_clock_init(&bench->clock, 1000 * ASSAY_NS_PER_S);
    bench->state = (struct scripted_state){.clock = &bench->clock, .ops = ONE_MS, .ops_count = 1};
    bench->setup = (struct assay_run_setup){
        .workload = &scripted_workload,
        .state = &bench->state,
        .load = {.mode = ASSAY_LOAD_CLOSED, .concurrency = 1, .workers = 1},
        .stop = {.rule = ASSAY_STOP_COUNT, .count = 50, .max_duration_ns = 60 * ASSAY_NS_PER_S, .error_share_max = 0.5},
        .drain_ns = ASSAY_NS_PER_S,
        .out_dir = bench->dir,
        .clock = &bench->clock.clock};
}

static bool has(const struct bench *bench, const char *name)
{
    char path[160];
    (void)snprintf(path, sizeof path, "%s/%s", bench->dir, name);
    return assay_path_exists(path);
}

static void bench_done(struct bench *bench)
{
    static const char *const names[] = {"plan.json", "trace.assay", "receipt.json", "record.json", "identity.json"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[160];
        (void)snprintf(path, sizeof path, "%s/%s", bench->dir, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(bench->dir);
    assert_int_equal(rmdir(bench->folder), 0); /* nothing of ours is left beside the run */
    assay_run_result_done(&bench->result);
}

static void a_run_that_is_stopped_leaves_a_record_and_no_receipt(void **state)
{
    (void)state;
    struct bench bench;
    volatile sig_atomic_t flag = 0;
    bench_init(&bench);
    bench.setup.stop.count = 1000000;
    bench.setup.stop_flag = bench.state.stop_flag = &flag;
    bench.state.stop_at = 20;
    if (assay_run(&bench.setup, &bench.result, &bench.err) != ASSAY_OK) {
        fail_msg("%s", bench.err.message);
    }
    assert_string_equal(bench.result.outcome, "aborted");
    assert_int_equal(assay_run_exit_status(&bench.result), 2);
    assert_true(has(&bench, "plan.json") && has(&bench, "trace.assay") && has(&bench, "record.json"));
    assert_false(has(&bench, "receipt.json"));
    bench_done(&bench);
}

static void a_write_that_fails_leaves_nothing_that_looks_like_a_run(void **state)
{
    (void)state;
    size_t failed = 0;
    for (unsigned long n = 1; n < 20; n++) {
        struct bench bench;
        bench_init(&bench);
        assay_file_fail_at(n);
        assay_code rc = assay_run(&bench.setup, &bench.result, &bench.err);
        assay_file_fail_at(0);
        if (rc != ASSAY_OK) {
            failed++;
            assert_int_equal(rc, ASSAY_IO);
            assert_false(assay_path_exists(bench.dir));
        }
        bench_done(&bench);
        if (rc == ASSAY_OK) {
            break; /* every write of a run has failed once */
        }
    }
    assert_true(failed >= 3); /* plan, trace, document */
}

static void an_older_directory_is_never_touched(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    assert_int_equal(assay_dir_make(bench.dir, NULL), ASSAY_OK);
    assert_int_equal(assay_run(&bench.setup, &bench.result, &bench.err), ASSAY_EXISTS);
    assert_true(assay_path_is_dir(bench.dir));
    assert_int_equal(bench.state.submitted, 0); /* it is known before anything is measured */
    bench_done(&bench);
}

static void a_subject_that_does_not_answer_leaves_nothing(void **state)
{
    (void)state;
    static const enum scripted_fault faults[] = {SCRIPTED_FAIL_BEFORE, SCRIPTED_FAIL_AFTER, SCRIPTED_FAIL_SUBMIT,
                                                 SCRIPTED_RECORD_TWICE};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct bench bench;
        bench_init(&bench);
        bench.state.fault = faults[i];
        assert_int_not_equal(assay_run(&bench.setup, &bench.result, &bench.err), ASSAY_OK);
        assert_false(assay_path_exists(bench.dir));
        bench_done(&bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_that_is_stopped_leaves_a_record_and_no_receipt),
        cmocka_unit_test(a_write_that_fails_leaves_nothing_that_looks_like_a_run),
        cmocka_unit_test(an_older_directory_is_never_touched),
        cmocka_unit_test(a_subject_that_does_not_answer_leaves_nothing),
    };
    assay_json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
