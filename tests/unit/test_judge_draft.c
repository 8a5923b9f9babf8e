/* A verdict in the making: what was added stays as it was, however much more is added, and a lack of memory is told
 * once. */
#include "judge/draft.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ARENA_BYTES ((size_t)8 << 20)
enum { MANY = 70, TEXT_MAX = 2047 }; /* beyond 16, 32 and 64; the longest text */

static void init(struct assay_arena *arena, struct verdict_draft *draft)
{
    assay_arena_init(arena, ARENA_BYTES);
    *draft = (struct verdict_draft){.arena = arena};
}

static void rows_notes_and_inputs_stay_however_many_follow(void **state)
{
    (void)state;
    struct assay_arena arena;
    struct verdict_draft draft;
    struct assay_verdict_document document = {.question = "gate"};
    char text[32];
    init(&arena, &draft);
    for (unsigned i = 0; i < MANY; i++) {
        const void *rows = draft.rows, *notes = draft.notes, *inputs = draft.inputs;
        struct assay_verdict_row *row = judge_draft_row(&draft, judge_draft_text(&draft, "row %u", i), "kind");
        assert_int_equal(row->verdict, ASSAY_VERDICT_NOT_MEASURED);
        assert_ptr_equal(row, &draft.rows[i]);
        row->n = i;
        judge_draft_note(&draft, "note %u", i);
        judge_draft_input(&draft, judge_draft_text(&draft, "input %u", i), "digest", i % 2 ? "receipt" : NULL);
        bool is_full = i == 0 || i == 16 || i == 32 || i == 64; /* only then they move */
        assert_int_equal(rows != draft.rows, is_full);
        assert_int_equal(notes != draft.notes, is_full);
        assert_int_equal(inputs != draft.inputs, is_full);
    }
    assert_int_equal(judge_draft_finish(&draft, &document, NULL), ASSAY_OK);
    assert_int_equal(document.rows_count, MANY);
    assert_int_equal(document.notes_count, MANY);
    assert_int_equal(document.inputs_count, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        (void)snprintf(text, sizeof text, "row %u", i);
        assert_string_equal(document.rows[i].id, text);
        assert_string_equal(document.rows[i].kind, "kind");
        assert_int_equal(document.rows[i].n, i);
        (void)snprintf(text, sizeof text, "note %u", i);
        assert_string_equal(document.notes[i], text);
        (void)snprintf(text, sizeof text, "input %u", i);
        assert_string_equal(document.inputs[i].name, text);
        assert_string_equal(document.inputs[i].sha256, "digest");
        assert_int_equal(document.inputs[i].document != NULL, i % 2);
    }
    assay_arena_done(&arena);
}

static void a_row_without_memory_is_a_spare_one_and_the_document_is_refused(void **state)
{
    (void)state;
    struct assay_arena arena;
    struct verdict_draft draft;
    struct assay_verdict_document document = {.question = "gate"};
    assay_arena_init(&arena, 0);
    draft = (struct verdict_draft){.arena = &arena};
    struct assay_verdict_row *row = judge_draft_row(&draft, "id", "kind");
    assert_ptr_equal(row, &draft.spare);
    assert_string_equal(row->id, "id");
    judge_draft_note(&draft, "note");
    judge_draft_input(&draft, "name", "digest", "receipt");
    assert_string_equal(judge_draft_text(&draft, "text"), "");
    assert_null(judge_draft_copy(&draft, "text"));
    assert_null(judge_draft_copy(&draft, NULL));
    assert_int_equal(draft.rows_count + draft.notes_count + draft.inputs_count, 0);
    assert_int_equal(judge_draft_finish(&draft, &document, NULL), ASSAY_NO_MEMORY);
    assert_null(document.rows);
    assay_arena_done(&arena);
}

static void rows_that_are_there_stay_where_no_more_can_be_had(void **state)
{
    (void)state;
    struct assay_arena arena;
    assay_arena_init(&arena, 20 * sizeof(struct assay_verdict_row)); /* room for the first 16, not for 32 more */
    struct verdict_draft draft = {.arena = &arena};
    for (unsigned i = 0; i < 20; i++) {
        judge_draft_row(&draft, "id", "kind")->n = i;
    }
    assert_int_equal(draft.rows_count, 16);
    assert_int_equal(draft.rows[15].n, 15);
    assert_int_equal(draft.spare.n, 19);
    assert_true(arena.has_refused);
    assay_arena_done(&arena);
}

static void a_long_text_is_cut_at_a_character(void **state)
{
    (void)state;
    static const struct {
        size_t len;       /* of the letters before */
        const char *tail; /* and what follows them */
        size_t kept;
    } CASES[] = {
        {0, "", 0},
        {TEXT_MAX - 1, "", TEXT_MAX - 1},
        {TEXT_MAX, "", TEXT_MAX},
        {TEXT_MAX + 1, "", TEXT_MAX},
        {3 * TEXT_MAX, "", TEXT_MAX},
        {TEXT_MAX - 2, "\xc3\xbc", TEXT_MAX},
        {TEXT_MAX - 1, "\xc3\xbc", TEXT_MAX - 1},
        {TEXT_MAX - 2, "\xe2\x82\xac", TEXT_MAX - 2},
        {TEXT_MAX, "\xc3\xbc", TEXT_MAX},
    };
    static char text[4 * TEXT_MAX];
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct assay_arena arena;
        struct verdict_draft draft;
        init(&arena, &draft);
        memset(text, 'x', CASES[i].len);
        memcpy(text + CASES[i].len, CASES[i].tail, strlen(CASES[i].tail) + 1);
        const char *kept = judge_draft_text(&draft, "%s", text);
        assert_int_equal(strlen(kept), CASES[i].kept);
        assert_memory_equal(kept, text, CASES[i].kept);
        judge_draft_note(&draft, "%s", text);
        assert_string_equal(draft.notes[0], kept);
        assay_arena_done(&arena);
    }
}

static void a_run_is_an_input_as_far_as_it_could_be_read(void **state)
{
    (void)state;
    static const char *const DOCUMENTS[] = {"receipt", "record", "imported"};
    static const enum assay_document KINDS[] = {ASSAY_DOCUMENT_RECEIPT, ASSAY_DOCUMENT_RECORD, ASSAY_DOCUMENT_IMPORTED};
    struct assay_arena arena;
    struct verdict_draft draft;
    struct assay_opened run = {.name = "run"};
    json_t *statement = json_object();
    init(&arena, &draft);
    judge_draft_input_run(&draft, &run);
    assert_string_equal(draft.inputs[0].name, "run");
    assert_null(draft.inputs[0].sha256);
    assert_null(draft.inputs[0].document);
    (void)snprintf(run.sha256, sizeof run.sha256, "%064d", 7);
    run.statement = statement;
    for (size_t i = 0; i < 3; i++) {
        run.document = KINDS[i];
        judge_draft_input_run(&draft, &run);
        assert_string_equal(draft.inputs[i + 1].sha256, run.sha256);
        assert_string_equal(draft.inputs[i + 1].document, DOCUMENTS[i]);
    }
    json_decref(statement);
    assay_arena_done(&arena);
}

/* What the rows say together: a letter each (p f u n, and w: a fail that is waived; large: outside the family). */
static void the_whole_is_what_its_rows_say(void **state)
{
    (void)state;
    static const struct {
        const char *rows;
        enum assay_verdict verdict;
    } CASES[] = {
        {"", ASSAY_VERDICT_NOT_MEASURED},   {"F", ASSAY_VERDICT_NOT_MEASURED},  {"p", ASSAY_VERDICT_PASS},
        {"pp", ASSAY_VERDICT_PASS},         {"pF", ASSAY_VERDICT_PASS},         {"Fp", ASSAY_VERDICT_PASS},
        {"pU", ASSAY_VERDICT_PASS},         {"pN", ASSAY_VERDICT_PASS},         {"f", ASSAY_VERDICT_FAIL},
        {"pf", ASSAY_VERDICT_FAIL},         {"fp", ASSAY_VERDICT_FAIL},         {"fu", ASSAY_VERDICT_FAIL},
        {"nf", ASSAY_VERDICT_FAIL},         {"u", ASSAY_VERDICT_UNDECIDED},     {"up", ASSAY_VERDICT_UNDECIDED},
        {"pu", ASSAY_VERDICT_UNDECIDED},    {"un", ASSAY_VERDICT_UNDECIDED},    {"n", ASSAY_VERDICT_NOT_MEASURED},
        {"nn", ASSAY_VERDICT_NOT_MEASURED}, {"nP", ASSAY_VERDICT_NOT_MEASURED}, {"np", ASSAY_VERDICT_UNDECIDED},
        {"pn", ASSAY_VERDICT_UNDECIDED},    {"w", ASSAY_VERDICT_PASS},          {"wp", ASSAY_VERDICT_PASS},
        {"wf", ASSAY_VERDICT_FAIL},         {"wu", ASSAY_VERDICT_UNDECIDED},    {"wn", ASSAY_VERDICT_UNDECIDED},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct assay_arena arena;
        struct verdict_draft draft;
        init(&arena, &draft);
        for (const char *p = CASES[i].rows; *p; p++) {
            struct assay_verdict_row *row = judge_draft_row(&draft, "id", "kind");
            row->verdict = strchr("pP", *p)    ? ASSAY_VERDICT_PASS
                           : strchr("fFw", *p) ? ASSAY_VERDICT_FAIL
                           : strchr("uU", *p)  ? ASSAY_VERDICT_UNDECIDED
                                               : ASSAY_VERDICT_NOT_MEASURED;
            row->is_waived = *p == 'w';
            row->is_in_family = *p >= 'a';
        }
        if (judge_draft_overall(&draft) != CASES[i].verdict) {
            fail_msg("rows '%s'", CASES[i].rows);
        }
        assay_arena_done(&arena);
    }
}

static void the_exit_status_is_what_the_whole_says(void **state)
{
    (void)state;
    static const assay_code CODES[ASSAY_VERDICT_COUNT] = {[ASSAY_VERDICT_PASS] = ASSAY_OK,
                                                          [ASSAY_VERDICT_FAIL] = ASSAY_WANTING,
                                                          [ASSAY_VERDICT_UNDECIDED] = ASSAY_UNDECIDED,
                                                          [ASSAY_VERDICT_NOT_MEASURED] = ASSAY_UNDECIDED};
    for (int verdict = 0; verdict < ASSAY_VERDICT_COUNT; verdict++) {
        const struct assay_verdict_document document = {.verdict = (enum assay_verdict)verdict};
        assert_int_equal(assay_verdict_code(&document), CODES[verdict]);
    }
}

/* Of how many rounds so many without a value leave no ratio: more than 1 of 100. */
static void a_ratio_is_withheld_where_too_many_rounds_lack_a_value(void **state)
{
    (void)state;
    static const struct {
        size_t count;
        uint64_t dropped;
        const char *why; /* NULL: there is a ratio */
    } CASES[] = {
        {0, 0, NULL},
        {100, 0, NULL},
        {99, 1, NULL},
        {98, 1, "no value in 1 of 99 rounds"},
        {198, 2, NULL},
        {197, 2, "no value in 2 of 199 rounds"},
        {0, 1, "no value in 1 of 1 rounds"},
    };
    const struct assay_paired_query query = {.metric = "service", .base = 0, .other = 0};
    struct assay_opened run = {.name = "run"};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct assay_arena arena;
        struct verdict_draft draft;
        const struct assay_pairs pairs = {.count = CASES[i].count, .rounds_dropped = CASES[i].dropped};
        init(&arena, &draft);
        const char *why = judge_draft_ratio_absent(&draft, &run, &query, &pairs);
        assert_int_equal(why != NULL, CASES[i].why != NULL);
        if (why) {
            assert_string_equal(why, CASES[i].why);
        }
        assay_arena_done(&arena);
    }
}

static void an_outcome_is_told_member_by_member(void **state)
{
    (void)state;
    const struct assay_outcome whole = {.point = 1.5,
                                        .has_interval = true,
                                        .lower = 1.25,
                                        .upper = 1.75,
                                        .confidence = 0.875,
                                        .n = 12,
                                        .n_effective = 9,
                                        .method = "method",
                                        .is_resolved = true,
                                        .effect_min = 0.5,
                                        .pairs_needed = 77,
                                        .reason = "reason"};
    struct assay_verdict_row row = {.id = "id"};
    judge_draft_outcome(&row, &whole);
    assert_true(row.has_point && row.point == 1.5 && row.has_interval && row.lower == 1.25 && row.upper == 1.75);
    assert_true(row.confidence == 0.875 && row.n == 12 && row.n_effective == 9 && row.is_resolved);
    assert_true(row.effect_min == 0.5 && row.pairs_needed == 77);
    assert_string_equal(row.method, "method");
    assert_string_equal(row.reason, "reason");
    const struct assay_outcome real = {.point = 0.5, .is_small_but_real = true, .confidence = 0.9};
    judge_draft_outcome(&row, &real);
    assert_true(row.has_point && !row.has_interval);
    assert_string_equal(row.reason, "small but real");
    const struct assay_outcome none = {.reason = "n too small"};
    judge_draft_outcome(&row, &none);
    assert_false(row.has_point);
    assert_string_equal(row.reason, "n too small");
}

int main(void)
{
    assay_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_notes_and_inputs_stay_however_many_follow),
        cmocka_unit_test(a_row_without_memory_is_a_spare_one_and_the_document_is_refused),
        cmocka_unit_test(rows_that_are_there_stay_where_no_more_can_be_had),
        cmocka_unit_test(a_long_text_is_cut_at_a_character),
        cmocka_unit_test(a_run_is_an_input_as_far_as_it_could_be_read),
        cmocka_unit_test(the_whole_is_what_its_rows_say),
        cmocka_unit_test(the_exit_status_is_what_the_whole_says),
        cmocka_unit_test(a_ratio_is_withheld_where_too_many_rounds_lack_a_value),
        cmocka_unit_test(an_outcome_is_told_member_by_member),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
