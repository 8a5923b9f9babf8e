/* What is said of a detection (statistics.md 5.3): rows, summary, notes and exit of detections put together by hand. */
#include "judge/judge.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ARENA_BYTES ((size_t)1 << 20)
#define TODAY 20778 /* 2026-11-21 */
#define P ASSAY_VERDICT_PASS
#define F ASSAY_VERDICT_FAIL
#define U ASSAY_VERDICT_UNDECIDED

static const struct assay_detect_series SERIES[] = {{.name = "s0", .metric = "service_p50", .unit = "ns"},
                                                    {.name = "s1", .metric = "rate", .unit = "1/s"}};

static void document_of(const struct assay_detection *detection, struct assay_arena *arena,
                        struct assay_verdict_document *ret)
{
    static const struct assay_verdict_input INPUT;
    const struct assay_detect_about about = {
        .tool = "assay 1", .date = "2026-11-21", .inputs = &INPUT, .inputs_count = 1};
    assay_arena_init(arena, ARENA_BYTES);
    assert_int_equal(assay_detect_document(detection, &about, arena, ret, NULL), ASSAY_OK);
    assert_string_equal(ret->question, "detect");
    assert_string_equal(ret->level, "gate");
    assert_string_equal(ret->tool, "assay 1");
    assert_string_equal(ret->date, "2026-11-21");
    assert_int_equal(ret->inputs_count, 1);
    assert_ptr_equal(ret->inputs, &INPUT);
    assert_int_equal(ret->rows_count, detection->changes_count);
}

/* ---- rows ---- */

static void each_state_has_its_verdict_word_and_text(void **state)
{
    (void)state;
    static const struct {
        enum assay_change_state state;
        bool is_worse, is_better;
        enum assay_verdict verdict;
        const char *found;
    } CASES[] = {
        {ASSAY_CHANGE_CONFIRMED, true, false, F, "confirmed at commit bbb after aaa"},
        {ASSAY_CHANGE_CONFIRMED, false, true, P, "confirmed at commit bbb after aaa"},
        {ASSAY_CHANGE_CONFIRMED, false, false, P, "confirmed at commit bbb after aaa"},
        {ASSAY_CHANGE_REFUTED, true, false, P, NULL},
        {ASSAY_CHANGE_ACKED, true, false, P, NULL},
        {ASSAY_CHANGE_IGNORED, true, false, P, NULL},
        {ASSAY_CHANGE_NOT_REJECTED, true, false, P, NULL},
        {ASSAY_CHANGE_CANDIDATE, true, false, U, "candidate at commit bbb after aaa"},
        {ASSAY_CHANGE_CANDIDATE, false, true, P, NULL},
        {ASSAY_CHANGE_CANDIDATE, false, false, U, NULL},
        {ASSAY_CHANGE_PROVISIONAL, true, false, U, NULL},
        {ASSAY_CHANGE_UNDECIDED, true, false, U, NULL},
        {ASSAY_CHANGE_NOT_BUILT, true, false, U, NULL},
        {ASSAY_CHANGE_ENVIRONMENT, true, false, U, NULL},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct assay_detect_change change = {.series = 1,
                                             .commit = "bbb",
                                             .before = "aaa",
                                             .is_worse = CASES[i].is_worse,
                                             .is_better = CASES[i].is_better,
                                             .state = CASES[i].state,
                                             .reason = "because"};
        const struct assay_detection detection = {
            .series = SERIES, .series_count = 2, .changes = &change, .changes_count = 1};
        struct assay_verdict_document document;
        struct assay_arena arena;
        document_of(&detection, &arena, &document);
        const struct assay_verdict_row *row = &document.rows[0];
        assert_int_equal(row->verdict, CASES[i].verdict);
        if (CASES[i].is_worse || CASES[i].is_better) {
            assert_string_equal(row->word, CASES[i].is_worse ? "slower" : "faster");
        } else {
            assert_null(row->word);
        }
        assert_int_equal(row->is_in_family, CASES[i].state != ASSAY_CHANGE_NOT_REJECTED);
        assert_string_equal(row->reason, "because");
        assert_false(row->is_waived);
        if (CASES[i].found) {
            assert_string_equal(row->found, CASES[i].found);
        }
        assay_arena_done(&arena);
    }
}

static void a_row_holds_the_figures_of_its_change(void **state)
{
    (void)state;
    const struct assay_mark mark = {.reason = "known", .series = "s1"};
    struct assay_detect_change changes[] = {{.series = 1,
                                             .commit = "bbb",
                                             .before = "aaa",
                                             .level_before = 2,
                                             .level_after = 3,
                                             .ratio = 1.5,
                                             .has_interval = true,
                                             .lower = 1.25,
                                             .upper = 1.75,
                                             .n_before = 7,
                                             .n_after = 6,
                                             .p_adjusted = ASSAY_DETECT_Q,
                                             .mark = &mark,
                                             .reason = "not this",
                                             .bisected = "abc"},
                                            {.series = 0, .commit = "", .before = "", .p_adjusted = 0.011}};
    const struct assay_detection detection = {
        .series = SERIES, .series_count = 2, .changes = changes, .changes_count = 2};
    struct assay_verdict_document document;
    struct assay_arena arena;
    document_of(&detection, &arena, &document);
    const struct assay_verdict_row *row = &document.rows[0];
    assert_string_equal(row->id, "s1");
    assert_string_equal(row->kind, "change");
    assert_string_equal(row->metric, "rate");
    assert_string_equal(row->unit, "1/s");
    assert_string_equal(row->arm, "bbb");
    assert_string_equal(row->versus, "aaa");
    assert_true(row->has_base && row->has_other && row->has_point && row->has_interval);
    assert_true(row->base == 2 && row->other == 3 && row->point == 1.5 && row->lower == 1.25 && row->upper == 1.75);
    assert_true(row->confidence == 0.95);
    assert_int_equal(row->n, 13);
    assert_true(row->is_resolved && row->is_waived);
    assert_string_equal(row->reason, "known");
    assert_string_equal(row->element, "abc");
    row = &document.rows[1];
    assert_string_equal(row->id, "s0");
    assert_false(row->has_point || row->has_interval || row->is_resolved || row->is_waived);
    assert_string_equal(row->found, "candidate at commit unknown after unknown");
    assert_null(row->element);
    assay_arena_done(&arena);
}

/* ---- summary and exit ---- */

static void the_summary_counts_what_was_found(void **state)
{
    (void)state;
    static const struct {
        struct assay_detect_change changes[4];
        size_t count, too_short;
        const char *summary;
        enum assay_verdict verdict;
    } CASES[] = {
        {{{.series = 0}}, 0, 0, "2 series, 0 too short; 0 confirmed for the worse: no change found", P},
        {{{.series = 0}}, 0, 1, "2 series, 1 too short; 0 confirmed for the worse: no change found", P},
        {{{.series = 0}}, 0, 2, "2 series, 2 too short; 0 confirmed for the worse: no change found", U},
        {{{.state = ASSAY_CHANGE_CONFIRMED, .is_worse = true}},
         1,
         0,
         "2 series, 0 too short; 1 confirmed for the worse",
         F},
        {{{.state = ASSAY_CHANGE_CONFIRMED, .is_better = true}},
         1,
         0,
         "2 series, 0 too short; 0 confirmed for the worse",
         P},
        {{{.state = ASSAY_CHANGE_CANDIDATE, .is_worse = true}, {.state = ASSAY_CHANGE_CANDIDATE, .is_better = true}},
         2,
         0,
         "2 series, 0 too short; 0 confirmed for the worse, 2 candidate",
         U},
        {{{.state = ASSAY_CHANGE_ACKED, .is_worse = true},
          {.state = ASSAY_CHANGE_CONFIRMED, .is_worse = true},
          {.state = ASSAY_CHANGE_NOT_REJECTED, .is_worse = true}},
         3,
         0,
         "2 series, 0 too short; 1 confirmed for the worse, 1 acknowledged, 1 not beyond chance",
         F},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct assay_detect_change changes[4];
        memcpy(changes, CASES[i].changes, sizeof changes);
        for (size_t k = 0; k < 4; k++) {
            changes[k].commit = changes[k].before = "c";
        }
        const struct assay_detection detection = {.series = SERIES,
                                                  .series_count = 2,
                                                  .too_short = CASES[i].too_short,
                                                  .changes = changes,
                                                  .changes_count = CASES[i].count};
        struct assay_verdict_document document;
        struct assay_arena arena;
        document_of(&detection, &arena, &document);
        assert_string_equal(document.summary, CASES[i].summary);
        assert_int_equal(document.verdict, CASES[i].verdict);
        assay_arena_done(&arena);
    }
}

/* ---- notes ---- */

static void environments_and_marks_are_notes(void **state)
{
    (void)state;
    struct assay_environment environments[] = {
        {.host_class = "0123456789abcdef", .commit = "ccc", .contexts = 9, .moved = 4},
        {.host_class = "0123456789abcdef", .commit = "ddd", .is_new_host = true}};
    struct assay_mark marks[] = {
        {.kind = ASSAY_MARK_ACK,
         .series = "s*",
         .commit = "eee",
         .reason = "r",
         .issued_day = TODAY - 1,
         .expires_day = TODAY + 1},
        {.kind = ASSAY_MARK_IGNORE,
         .series = "t",
         .reason = "q",
         .issued_day = TODAY - 1,
         .expires_day = ASSAY_MARK_NEVER},
        {.kind = ASSAY_MARK_SHIFT, .series = "u", .reason = "p", .issued_day = TODAY - 9, .expires_day = TODAY}};
    const struct assay_marks list = {.marks = marks, .count = 3};
    const struct assay_detection detection = {.series = SERIES,
                                              .series_count = 2,
                                              .environments = environments,
                                              .environments_count = 2,
                                              .marks = &list,
                                              .today = TODAY};
    static const char *const DUE[] = {
        "environment: 4 of 9 contexts of host class 0123456789ab moved together about commit ccc",
        "environment: a new host class (0123456789ab) from commit ddd on; its series begin anew",
        "mark: ack 's*' at eee, r (2026-11-20 to 2026-11-22)",
        "mark: ignore 't' at any commit, q (2026-11-20 to never)",
        "mark: shift 'u' at any commit, p (2026-11-12 to 2026-11-21; not valid today, it does nothing)"};
    struct assay_verdict_document document;
    struct assay_arena arena;
    document_of(&detection, &arena, &document);
    assert_int_equal(document.notes_count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(document.notes[i], DUE[i]);
    }
    assay_arena_done(&arena);
    const struct assay_detect_about about = {.tool = "t"};
    for (unsigned long n = 1;; n++) { /* whatever is short: no document with a hole in it */
        assay_arena_init(&arena, ARENA_BYTES);
        assay_mem_fail_at(n);
        assay_code rc = assay_detect_document(&detection, &about, &arena, &document, NULL);
        assay_mem_fail_at(0);
        assay_arena_done(&arena);
        if (rc == ASSAY_OK) {
            assert_true(n > 6);
            break;
        }
        assert_int_equal(rc, ASSAY_NO_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_state_has_its_verdict_word_and_text),
        cmocka_unit_test(a_row_holds_the_figures_of_its_change),
        cmocka_unit_test(the_summary_counts_what_was_found),
        cmocka_unit_test(environments_and_marks_are_notes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
