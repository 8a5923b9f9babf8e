/* Two sides of runs, unpaired: what is left out must not decide. */
#include "base/num.h"
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

/* ---- one thing changed of two sides that are good ---- */

struct change {
    void (*apply)(struct made *made);
    size_t side; /* runs a side; 0: all */
    bool is_across, is_advisory, must_be_equal;
    const char *metric; /* asked for; NULL: those of the workload */
    enum assay_verdict verdict;
    bool is_comparable;
    const char *summary, *word; /* word: of service_p50; NULL: no such row */
};

static void nothing(struct made *made)
{
    (void)made;
}

static void rely(struct made *made, size_t i, enum assay_reliance trust)
{
    made->opened[i]->trust = trust;
    made->opened[i]->name = "seven";
    made->opened[i]->why = "because";
}

static void refused(struct made *made)
{
    rely(made, 7, ASSAY_TRUST_REFUSED);
}
static void unread(struct made *made)
{
    rely(made, 7, ASSAY_TRUST_NONE);
}
static void open_one(struct made *made)
{
    rely(made, 1, ASSAY_TRUST_OPEN);
}
static void invalid(struct made *made)
{
    rely(made, 7, ASSAY_TRUST_INVALID);
}
static void invalid_base(struct made *made)
{
    rely(made, 0, ASSAY_TRUST_INVALID);
}

static void twice(struct made *made)
{
    made->opened[7]->name = "seven";
    memcpy(made->opened[7]->run_id, made->opened[2]->run_id, sizeof made->opened[7]->run_id);
}

static void nameless(struct made *made)
{
    made->opened[7]->run_id[0] = made->opened[2]->run_id[0] = '\0';
}

static void scale(struct made *made, double factor)
{
    for (size_t i = SIDE; i < RUNS; i++) {
        json_t *metrics = assay_json_at(made->opened[i]->statement, "/predicate/metrics");
        for (size_t k = 0; k < json_array_size(metrics); k++) {
            json_t *metric = json_array_get(metrics, k);
            double value;
            char text[ASSAY_NUM_TEXT_BYTES];
            if (strcmp(json_string_value(json_object_get(metric, "name")), "service_p50") == 0) {
                assert_true(assay_opened_value(metric, &value));
                (void)assay_num_print_shortest(factor * value, text);
                (void)json_object_set_new(metric, "value", json_string(text));
            }
        }
    }
}

static void other_host(struct made *made, size_t i)
{
    json_t *host = assay_json_at(made->opened[i]->statement, "/predicate/environment/hosts/0");
    assert_int_equal(json_object_set_new(host, "cpuModel", json_string("another one")), 0);
}

static void one_elsewhere(struct made *made)
{
    other_host(made, SIDE);
}

static void two_elsewhere(struct made *made)
{
    other_host(made, 1);
    other_host(made, RUNS - 1);
}

static void slower(struct made *made)
{
    scale(made, 2);
}
static void faster(struct made *made)
{
    scale(made, 0.5);
}
static void no_value(struct made *made)
{
    scale(made, 0);
}

static void two_sides_say_what_their_runs_allow(void **state)
{
    (void)state;
    static const struct change CASES[] = {
        {nothing, 0, false, false, false, NULL, ASSAY_VERDICT_PASS, true,
         "6 against 6 runs, unpaired: 2 metrics, 0 slower, 0 faster", "parity (unpaired)"},
        {nothing, 0, false, false, false, "service_p50", ASSAY_VERDICT_PASS, true,
         "6 against 6 runs, unpaired: 1 metrics, 0 slower, 0 faster", "parity (unpaired)"},
        {nothing, 0, false, true, false, "service_p50", ASSAY_VERDICT_UNDECIDED, true,
         "6 against 6 runs, unpaired, advice only: 1 metrics, 0 slower, 0 faster", "parity (unpaired)"},
        {nothing, 0, true, false, false, "service_p50", ASSAY_VERDICT_UNDECIDED, true,
         "different hosts: no verdict; 1 metrics side by side", "different hosts: no verdict"},
        {slower, 0, false, false, false, "service_p50", ASSAY_VERDICT_FAIL, true,
         "6 against 6 runs, unpaired: 1 metrics, 1 slower, 0 faster", "slower (unpaired)"},
        {slower, 0, true, false, false, "service_p50", ASSAY_VERDICT_UNDECIDED, true,
         "different hosts: no verdict; 1 metrics side by side", "different hosts: no verdict"},
        {slower, 0, false, true, false, "service_p50", ASSAY_VERDICT_UNDECIDED, true,
         "6 against 6 runs, unpaired, advice only: 1 metrics, 1 slower, 0 faster", "slower (unpaired)"},
        {faster, 0, false, false, false, "service_p50", ASSAY_VERDICT_PASS, true,
         "6 against 6 runs, unpaired: 1 metrics, 0 slower, 1 faster", "faster (unpaired)"},
        {nameless, 0, false, false, false, "service_p50", ASSAY_VERDICT_PASS, true,
         "6 against 6 runs, unpaired: 1 metrics, 0 slower, 0 faster", "parity (unpaired)"},
        {refused, 0, false, false, false, NULL, ASSAY_VERDICT_FAIL, false, "nothing is compared: 'seven': because",
         NULL},
        {unread, 0, false, false, false, NULL, ASSAY_VERDICT_NOT_MEASURED, false,
         "nothing is compared: 'seven': because", NULL},
        {open_one, 0, false, false, false, NULL, ASSAY_VERDICT_NOT_MEASURED, false,
         "nothing is compared: 'seven': because", NULL},
        {twice, 0, false, false, false, NULL, ASSAY_VERDICT_NOT_MEASURED, false,
         "nothing is compared: 'seven' is the same run as 'run'", NULL},
        {invalid, 0, false, false, false, "service_p50", ASSAY_VERDICT_UNDECIDED, true,
         "6 against 6 runs, unpaired: 1 metrics, 0 slower, 0 faster", "parity (unpaired)"},
        {invalid_base, 0, false, false, false, "service_p50", ASSAY_VERDICT_UNDECIDED, true,
         "6 against 6 runs, unpaired: 1 metrics, 0 slower, 0 faster", "parity (unpaired)"},
        {one_elsewhere, 1, false, false, true, "service_p50", ASSAY_VERDICT_UNDECIDED, false,
         "not comparable: 1 field differs that must be equal", NULL},
        {two_elsewhere, 0, false, false, true, "service_p50", ASSAY_VERDICT_UNDECIDED, false,
         "not comparable: 2 fields differ that must be equal", NULL},
        {one_elsewhere, 0, true, false, true, "service_p50", ASSAY_VERDICT_UNDECIDED, false,
         "different hosts: no verdict; 1 metrics side by side", "different hosts: no verdict"},
    };
    const char *const may_differ[] = {"host.", "build.", "protocol.seed"};
    /* what is unknown of a host equals nothing */
    const char *const unknown_may_differ[] = {"host.governor",   "host.turbo", "host.frequencyKhz",
                                              "host.powerCapUw", "build.",     "protocol.seed"};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        const struct change *it = &CASES[i];
        struct made made;
        struct assay_verdict_document document;
        const struct assay_opened *runs[RUNS];
        bool is_comparable = !it->is_comparable;
        judge(&made, false);
        it->apply(&made);
        for (size_t k = 0; k < RUNS; k++) {
            runs[k] = made.opened[k];
        }
        const struct assay_asked asked = {
            .question = "compare",
            .rule = {.margin = 0.05, .level = it->is_advisory ? ASSAY_LEVEL_ADVISORY : ASSAY_LEVEL_GATE},
            .metrics = &it->metric,
            .metrics_count = it->metric != NULL};
        const struct assay_sides sides = {.base = runs,
                                          .other = runs + SIDE,
                                          .base_count = it->side ? it->side : SIDE,
                                          .other_count = it->side ? it->side : SIDE,
                                          .is_across = it->is_across,
                                          .may_differ = it->must_be_equal ? unknown_may_differ : may_differ,
                                          .may_differ_count = it->must_be_equal ? 6 : 3};
        assert_int_equal(assay_judge_compare(&sides, &asked, &made.arena, &document, &is_comparable, NULL), ASSAY_OK);
        assert_string_equal(document.summary, it->summary);
        assert_int_equal(document.verdict, it->verdict);
        assert_int_equal(is_comparable, it->is_comparable);
        assert_string_equal(document.level, it->is_advisory ? "advisory" : "gate");
        assert_int_equal(document.inputs_count, sides.base_count + sides.other_count);
        const struct assay_verdict_row *row = NULL;
        for (size_t k = 0; k < document.rows_count; k++) {
            row = strcmp(document.rows[k].id, "service_p50") == 0 ? &document.rows[k] : row;
        }
        assert_int_equal(row != NULL, it->word != NULL);
        if (row) {
            assert_string_equal(row->word, it->word);
            assert_string_equal(row->arm, "candidate");
            assert_string_equal(row->versus, "baseline");
            assert_string_equal(row->unit, "ns");
            assert_true(row->has_base && row->has_other && row->is_in_family && row->base > 0);
            assert_int_equal(row->pairs_needed, 0);
            assert_true(!it->is_across || !(row->has_interval || row->is_resolved));
        }
        bool has_note = it->apply == invalid || it->apply == invalid_base;
        assert_int_equal(document.notes_count, has_note);
        if (has_note) {
            assert_string_equal(document.notes[0], "'seven': because");
        }
        done(&made);
    }
}

static void a_metric_that_is_none_is_a_usage_error_and_a_value_of_nothing_is_said(void **state)
{
    (void)state;
    static const char *const NONSENSE = "nonsense", *const SERVICE = "service_p50";
    struct made made;
    struct assay_verdict_document document;
    const struct assay_opened *runs[RUNS];
    bool is_comparable;
    judge(&made, false);
    no_value(&made);
    for (size_t k = 0; k < RUNS; k++) {
        runs[k] = made.opened[k];
    }
    struct assay_asked asked = {.question = "compare",
                                .rule = {.margin = 0.05, .level = ASSAY_LEVEL_GATE},
                                .metrics = &NONSENSE,
                                .metrics_count = 1};
    const char *const may_differ[] = {"host.", "build.", "protocol.seed"};
    const struct assay_sides sides = {.base = runs,
                                      .other = runs + SIDE,
                                      .base_count = SIDE,
                                      .other_count = SIDE,
                                      .may_differ = may_differ,
                                      .may_differ_count = 3};
    assert_int_not_equal(assay_judge_compare(&sides, &asked, &made.arena, &document, &is_comparable, NULL), ASSAY_OK);
    asked.metrics = &SERVICE;
    assert_int_equal(assay_judge_compare(&sides, &asked, &made.arena, &document, &is_comparable, NULL), ASSAY_OK);
    const struct assay_verdict_row *row = &document.rows[document.rows_count - 1];
    assert_string_equal(row->id, "service_p50");
    assert_int_equal(row->verdict, ASSAY_VERDICT_NOT_MEASURED);
    assert_string_equal(row->reason, "'failing': the value is not above 0");
    done(&made);
}

static void the_commit_of_a_source_is_found_at_any_place(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {
        "{\"subject\":[{\"digest\":{\"gitCommit\":\"abc\"}},{\"digest\":{\"gitCommit\":\"later\"}}]}",
        "{\"subject\":[{\"digest\":{\"sha256\":\"00\"}},{\"digest\":{\"gitCommit\":\"abc\"}}]}",
        "{\"subject\":[{\"digest\":{\"sha256\":\"00\"}}]}", "{\"subject\":[]}", "{}"};
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        json_t *statement = json_loads(TEXTS[i], 0, NULL);
        const char *commit = assay_source_commit(statement);
        assert_int_equal(commit != NULL, i < 2);
        if (commit) {
            assert_string_equal(commit, "abc");
        }
        json_decref(statement);
    }
}

int main(void)
{
    assay_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(six_equal_runs_a_side_are_at_parity),
        cmocka_unit_test(a_run_without_a_value_is_not_left_out),
        cmocka_unit_test(two_sides_say_what_their_runs_allow),
        cmocka_unit_test(the_commit_of_a_source_is_found_at_any_place),
        cmocka_unit_test(a_metric_that_is_none_is_a_usage_error_and_a_value_of_nothing_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
