/* Two sides of runs, unpaired: what is left out must not decide. */
#include "judge/judge.h"

#include "support/honest_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ARENA_BYTES ((size_t)16 << 20)
enum { SIDE = 6, RUNS = 2 * SIDE };

static void spend(const struct assay_plan_op *op, uint64_t *ret_service_ns, uint64_t *ret_cpu_ns, void *context)
{
    (void)op;
    *ret_service_ns = *ret_cpu_ns = 1000000 + *(const uint64_t *)context;
}

struct made {
    struct honest_run runs[RUNS];
    uint64_t extra_ns[RUNS];
    struct assay_opened *opened[RUNS];
    struct assay_arena arena;
    struct assay_verdict_document document;
};

/* Six runs a side of one speed; every second operation of the first candidate fails, more than half of them. */
static void judge(struct made *made, bool has_failed)
{
    const struct assay_judge_input how = {.now_real_ns = HONEST_NOW_NS};
    const struct assay_asked asked = {.question = "compare", .rule = {.margin = 0.05, .level = ASSAY_LEVEL_GATE}};
    const char *const may_differ[] = {"host.", "build.", "protocol.seed"};
    const struct assay_opened *runs[RUNS];
    bool is_comparable = false;
    assay_err err = {0};
    *made = (struct made){.document = {0}};
    assay_arena_init(&made->arena, ARENA_BYTES);
    for (size_t i = 0; i < RUNS; i++) {
        made->extra_ns[i] = 100 * i;
        const struct honest_options options = {.workload = "noop",
                                               .count = 21,
                                               .failed_every = has_failed && i == SIDE ? 2 : 0,
                                               .seed = i + 1,
                                               .context = &made->extra_ns[i],
                                               .spend = spend};
        honest_run_make(&options, &made->runs[i]);
        const struct assay_judge_files files = {.name = i == SIDE ? "failing" : "run",
                                                .document = {made->runs[i].receipt.data, made->runs[i].receipt.len},
                                                .plan = {made->runs[i].plan.data, made->runs[i].plan.len},
                                                .trace = {made->runs[i].trace.data, made->runs[i].trace.len}};
        assert_int_equal(assay_opened_open(&files, &how, &made->opened[i], &err), ASSAY_OK);
        runs[i] = made->opened[i];
    }
    const struct assay_sides sides = {.base = runs,
                                      .other = runs + SIDE,
                                      .base_count = SIDE,
                                      .other_count = SIDE,
                                      .may_differ = may_differ,
                                      .may_differ_count = 3};
    assert_int_equal(assay_judge_compare(&sides, &asked, &made->arena, &made->document, &is_comparable, &err),
                     ASSAY_OK);
    assert_true(is_comparable);
}

static void done(struct made *made)
{
    for (size_t i = 0; i < RUNS; i++) {
        assay_opened_free(made->opened[i]);
        honest_run_done(&made->runs[i]);
    }
    assay_arena_done(&made->arena);
}

static void six_equal_runs_a_side_are_at_parity(void **state)
{
    (void)state;
    struct made made;
    judge(&made, false);
    assert_string_equal(made.document.rows[made.document.rows_count - 1].word, "parity (unpaired)");
    assert_int_equal(made.document.verdict, ASSAY_VERDICT_PASS);
    done(&made);
}

static void a_run_without_a_value_is_not_left_out(void **state)
{
    (void)state;
    struct made made;
    judge(&made, true);
    const struct assay_verdict_row *row = NULL;
    for (size_t i = 0; i < made.document.rows_count; i++) {
        row = strcmp(made.document.rows[i].id, "service_p50") == 0 ? &made.document.rows[i] : row;
    }
    assert_non_null(row);
    assert_int_equal(row->verdict, ASSAY_VERDICT_NOT_MEASURED);
    assert_non_null(strstr(row->reason, "'failing': not finite"));
    assert_int_equal(assay_verdict_code(&made.document), ASSAY_UNDECIDED);
    done(&made);
}

int main(void)
{
    assay_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(six_equal_runs_a_side_are_at_parity),
        cmocka_unit_test(a_run_without_a_value_is_not_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
