/* How a violation is kept: what is shown of foreign text, which one goes when the list is full, in which order they
 * are handed over, and that without memory there is no judgement. */
#include "judge/judge_room.h"

#include "base/mem.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ARENA_BYTES ((size_t)32 << 20)

static void judge_init(struct judge *judge, struct assay_judgement *out)
{
    *out = (struct assay_judgement){.tier = -1};
    *judge = (struct judge){.out = out};
    assay_arena_init(&out->arena, ARENA_BYTES);
}

static void judge_end(struct judge *judge)
{
    assay_arena_done(&judge->out->arena);
    assay_free(judge->list);
}

static void fail_at(struct judge *judge, enum gate gate, const char *pointer)
{
    judge_add(judge, gate, ASSAY_VERDICT_FAIL, pointer, "x", "y");
}

static void undecided_at(struct judge *judge, enum gate gate, const char *pointer)
{
    judge_add(judge, gate, ASSAY_VERDICT_UNDECIDED, pointer, "x", "y");
}

/* ---- a full list ---- */

static void a_failure_takes_the_place_of_what_is_undecided_and_nothing_else_is_lost(void **state)
{
    (void)state;
    struct judge judge;
    struct assay_judgement out;
    judge_init(&judge, &out);
    for (size_t i = 0; i < ASSAY_VIOLATIONS_MAX; i++) {
        assert_int_equal(out.violations_left_out, 0);
        undecided_at(&judge, GATE_NOT_GIVEN, "/u");
    }
    assert_int_equal(judge.count, ASSAY_VIOLATIONS_MAX);
    undecided_at(&judge, GATE_NOT_GIVEN, "/late"); /* for another undecided one no place is made */
    assert_int_equal(judge.count, ASSAY_VIOLATIONS_MAX);
    assert_int_equal(out.violations_left_out, 1);
    assert_string_equal(judge.list[ASSAY_VIOLATIONS_MAX - 1].pointer, "/u");
    assert_false(judge_has(&judge, 101, 599, ASSAY_VERDICT_FAIL));
    fail_at(&judge, GATE_VALUE, "/first"); /* for a failure it is */
    assert_int_equal(judge.count, ASSAY_VIOLATIONS_MAX);
    assert_int_equal(out.violations_left_out, 2);
    assert_string_equal(judge.list[ASSAY_VIOLATIONS_MAX - 1].pointer, "/first");
    assert_true(judge_has(&judge, 311, 311, ASSAY_VERDICT_FAIL));
    fail_at(&judge, GATE_VALUE, "/second"); /* but not for a second one: one failure is as good as two */
    assert_int_equal(judge.count, ASSAY_VIOLATIONS_MAX);
    assert_int_equal(out.violations_left_out, 3);
    assert_string_equal(judge.list[ASSAY_VIOLATIONS_MAX - 1].pointer, "/first");
    undecided_at(&judge, GATE_VALUE, "/third");
    assert_int_equal(out.violations_left_out, 4);
    assert_string_equal(judge.list[ASSAY_VIOLATIONS_MAX - 1].pointer, "/first");
    assert_string_equal(judge.list[ASSAY_VIOLATIONS_MAX - 2].pointer, "/u");
    judge_end(&judge);
}

/* ---- what is shown ---- */

static void foreign_text_is_shown_up_to_160_bytes_and_a_place_up_to_its_own_length(void **state)
{
    (void)state;
    struct judge judge;
    struct assay_judgement out;
    char text[ASSAY_JSON_POINTER_BYTES + 2], shown[ASSAY_JSON_POINTER_BYTES + 8];
    judge_init(&judge, &out);
    memset(text, 'a', sizeof text);
    text[160] = '\0';
    judge_add(&judge, GATE_VALUE, ASSAY_VERDICT_FAIL, "/p", text, text);
    assert_string_equal(judge.list[0].found, text);
    assert_string_equal(judge.list[0].expected, text);
    (void)snprintf(shown, sizeof shown, "%s...", text);
    text[160] = 'a';
    text[161] = '\0';
    judge_add(&judge, GATE_VALUE, ASSAY_VERDICT_FAIL, text, text, text);
    assert_string_equal(judge.list[1].found, shown);
    assert_string_equal(judge.list[1].expected, shown);
    assert_string_equal(judge.list[1].pointer, text); /* a place is longer than a value */
    text[161] = 'a';
    text[ASSAY_JSON_POINTER_BYTES] = '\0';
    judge_add(&judge, GATE_VALUE, ASSAY_VERDICT_FAIL, text, NULL, "");
    assert_string_equal(judge.list[2].pointer, text);
    assert_string_equal(judge.list[2].found, "nothing");
    assert_string_equal(judge.list[2].expected, "");
    memset(text, 1, 160); /* four bytes each: the worst that can be shown */
    text[160] = '\0';
    judge_add(&judge, GATE_VALUE, ASSAY_VERDICT_FAIL, "", text, "");
    assert_int_equal(strlen(judge.list[3].found), 640);
    assert_memory_equal(judge.list[3].found, "\\x01\\x01", 8);
    assert_string_equal(judge.list[3].pointer, "");
    assert_false(judge.is_out_of_memory);
    judge_end(&judge);
}

static void a_value_is_shown_as_one_line_beside_what_was_due(void **state)
{
    (void)state;
    struct judge judge;
    struct assay_judgement out;
    char text[162];
    memset(text, 1, 161);
    text[160] = '\0';
    json_t *string = json_string("a\nb"), *list = json_pack("[i,i]", 1, 2), *number = json_integer(-7),
           *longest = json_string(text);
    judge_init(&judge, &out);
    judge_fail(&judge, GATE_FIELD, "/a", string, "a name");
    judge_fail(&judge, GATE_FIELD, "/b", NULL, "this member");
    judge_differ(&judge, GATE_VALUE, "/c", list, number);
    judge_differ(&judge, GATE_VALUE, "/d", number, NULL);
    judge_fail(&judge, GATE_VALUE, "/e", longest, "less");
    static const struct {
        const char *pointer, *found, *expected;
    } DUE[] = {{"/a", "\"a\\x0ab\"", "a name"},
               {"/b", "nothing", "this member"},
               {"/c", "an array of 2 elements", "-7"},
               {"/d", "-7", "nothing"}};
    for (size_t i = 0; i < sizeof DUE / sizeof DUE[0]; i++) {
        assert_string_equal(judge.list[i].pointer, DUE[i].pointer);
        assert_string_equal(judge.list[i].found, DUE[i].found);
        assert_string_equal(judge.list[i].expected, DUE[i].expected);
        assert_int_equal(judge.list[i].verdict, ASSAY_VERDICT_FAIL);
        assert_int_equal(judge.list[i].gate, i < 2 ? 108 : 311);
    }
    assert_int_equal(strlen(judge.list[4].found), 160 + strlen("...")); /* quote and 160 escaped bytes, cut again */
    assert_false(judge.is_out_of_memory);
    json_decref(string);
    json_decref(list);
    json_decref(number);
    json_decref(longest);
    judge_end(&judge);
}

static void an_error_message_becomes_found_and_expected(void **state)
{
    (void)state;
    static const struct {
        const char *message, *found, *expected;
    } CASES[] = {
        {"/a: found 3, expected 4", "3 at /a", "4"},
        {"found 3, expected 4", "3", "4"}, /* no place before it */
        {"line 1, column 2: found \"x\", expected a name", "\"x\" at line 1, column 2", "a name"},
        /* what was found is foreign text: the last ", expected " is ours */
        {"/a: found \", expected all\", expected a name", "\", expected all\" at /a", "a name"},
        {"/a: found x, expected ", "x at /a", ""},
        {"found , expected y", "", "y"},
        {"/a: found nothing to say", "/a: found nothing to say", "what the format says"},
        {"1, expected 2", "1, expected 2", "what the format says"}, /* nothing found: not of this form */
        {"a, expected b, found c", "a, expected b, found c", "what the format says"},
        {"", "", "what the format says"},
    };
    struct judge judge;
    struct assay_judgement out;
    judge_init(&judge, &out);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        assay_err err = {0};
        (void)snprintf(err.message, sizeof err.message, "%s", CASES[i].message);
        judge_add_err(&judge, GATE_FIELD, "/p", &err);
        assert_int_equal(judge.count, i + 1);
        assert_string_equal(judge.list[i].found, CASES[i].found);
        assert_string_equal(judge.list[i].expected, CASES[i].expected);
        assert_string_equal(judge.list[i].pointer, "/p");
        assert_int_equal(judge.list[i].verdict, ASSAY_VERDICT_FAIL);
        assert_int_equal(judge.list[i].gate, 108);
    }
    assay_err longest = {0};
    memset(longest.message, 'a', sizeof longest.message - 1);
    judge_add_err(&judge, GATE_FIELD, "/p", &longest);
    assert_int_equal(strlen(judge.list[judge.count - 1].found), 163);
    assert_false(judge.is_out_of_memory);
    judge_end(&judge);
}

/* ---- asking ---- */

static void a_gate_is_asked_for_by_its_first_and_last_number_and_its_verdict(void **state)
{
    (void)state;
    struct judge judge;
    struct assay_judgement out;
    judge_init(&judge, &out);
    assert_false(judge_has(&judge, 0, 999, ASSAY_VERDICT_FAIL));
    undecided_at(&judge, GATE_NOT_GIVEN, "");
    fail_at(&judge, GATE_VALUE, "");
    static const struct {
        unsigned first, last;
        bool fails, is_undecided;
    } CASES[] = {{301, 301, false, true}, {302, 310, false, false}, {311, 311, true, false},
                 {310, 311, true, false}, {311, 312, true, false},  {312, 999, false, false},
                 {0, 300, false, false},  {300, 311, true, true},   {302, 999, true, false}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        assert_int_equal(judge_has(&judge, CASES[i].first, CASES[i].last, ASSAY_VERDICT_FAIL), CASES[i].fails);
        assert_int_equal(judge_has(&judge, CASES[i].first, CASES[i].last, ASSAY_VERDICT_UNDECIDED),
                         CASES[i].is_undecided);
    }
    judge.count = 1; /* what lies behind the last one is none */
    assert_false(judge_has(&judge, 311, 311, ASSAY_VERDICT_FAIL));
    judge_end(&judge);
}

static void a_place_is_refused_where_it_or_what_holds_it_or_what_it_holds_was(void **state)
{
    (void)state;
    static const struct {
        enum gate gate;
        const char *violation, *asked;
        bool is_refused;
    } CASES[] = {
        {GATE_FIELD, "/a/b", "/a/b", true},
        {GATE_FIELD, "/a/b", "/a/b/c", true},
        {GATE_FIELD, "/a/b", "/a", true},
        {GATE_FIELD, "/a/b", "/a/bc", false}, /* another member with the same beginning */
        {GATE_FIELD, "/a/bc", "/a/b", false},
        {GATE_FIELD, "/a/b", "/a/c", false},
        {GATE_FIELD, "", "/a", false}, /* the document as a whole: every field would be silent */
        {GATE_FIELD, "/a", "", false},
        {GATE_FIELD, "/", "/", true}, /* a member whose name is empty */
        {GATE_TYPE, "/a", "/a", true},
        {GATE_CAP, "/a", "/a", true},
        {GATE_BASE64, "/a", "/a", false}, /* one number before, one behind */
        {GATE_UNSIGNED, "/a", "/a", false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct judge judge;
        struct assay_judgement out;
        judge_init(&judge, &out);
        assert_false(judge_is_refused(&judge, CASES[i].asked));
        fail_at(&judge, GATE_VALUE, CASES[i].asked); /* of no family of fields: one that does not count, before it */
        fail_at(&judge, CASES[i].gate, CASES[i].violation);
        assert_int_equal(judge_is_refused(&judge, CASES[i].asked), CASES[i].is_refused);
        judge.count = 1;
        assert_false(judge_is_refused(&judge, CASES[i].asked)); /* behind the last one */
        judge_end(&judge);
    }
}

/* ---- handing over ---- */

static void violations_are_handed_over_by_gate_then_place_then_what_was_found(void **state)
{
    (void)state;
    static const struct {
        enum gate gate;
        const char *pointer, *found;
    } ADDED[] = {{GATE_VALUE, "/b", "2"}, {GATE_METRIC, "/a", "1"}, {GATE_VALUE, "/b", "1"},
                 {GATE_FIELD, "/z", "9"}, {GATE_VALUE, "/a", "3"},  {GATE_VALUE, "/b", "3"}},
      DUE[] = {{GATE_FIELD, "/z", "9"}, {GATE_VALUE, "/a", "3"}, {GATE_VALUE, "/b", "1"},
               {GATE_VALUE, "/b", "2"}, {GATE_VALUE, "/b", "3"}, {GATE_METRIC, "/a", "1"}};
    struct judge judge;
    struct assay_judgement out;
    judge_init(&judge, &out);
    for (size_t i = 0; i < 6; i++) {
        judge_add(&judge, ADDED[i].gate, ASSAY_VERDICT_FAIL, ADDED[i].pointer, ADDED[i].found, "e");
    }
    assert_int_equal(judge_finish_violations(&judge, NULL), ASSAY_OK);
    assert_int_equal(out.violations_count, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(out.violations[i].gate, DUE[i].gate);
        assert_string_equal(out.violations[i].pointer, DUE[i].pointer);
        assert_string_equal(out.violations[i].found, DUE[i].found);
    }
    judge_end(&judge);
}

static void no_violation_is_a_list_of_none(void **state)
{
    (void)state;
    struct judge judge;
    struct assay_judgement out;
    judge_init(&judge, &out);
    assert_int_equal(judge_finish_violations(&judge, NULL), ASSAY_OK);
    assert_int_equal(out.violations_count, 0);
    judge_end(&judge);
}

static void a_text_that_is_not_there_is_empty(void **state)
{
    (void)state;
    json_t *object = json_pack("{s:s,s:i}", "a", "x", "b", 1);
    assert_string_equal(judge_text_of(object, "a"), "x");
    assert_string_equal(judge_text_of(object, "b"), "");
    assert_string_equal(judge_text_of(object, "c"), "");
    assert_string_equal(judge_text_of(NULL, "c"), "");
    json_decref(object);
}

/* ---- short memory ---- */

static void add_one_of_each(struct judge *judge, const json_t *found, const json_t *due)
{
    assay_err err = {0};
    (void)snprintf(err.message, sizeof err.message, "/a: found 3, expected 4");
    for (int i = 0; i < 17; i++) {
        judge_add(judge, GATE_VALUE, ASSAY_VERDICT_FAIL, "/p", "f", "e");
    }
    judge_fail(judge, GATE_FIELD, "/p", found, "e");
    judge_differ(judge, GATE_FIELD, "/p", found, due);
    judge_add_err(judge, GATE_FIELD, "/p", &err);
}

static void whichever_allocation_fails_no_violations_are_handed_over(void **state)
{
    (void)state;
    unsigned long n = 1;
    json_t *found = json_string("f"), *due = json_integer(1);
    for (bool is_whole = false; !is_whole; n++) {
        struct judge judge;
        struct assay_judgement out;
        judge_init(&judge, &out);
        assay_mem_fail_at(n);
        add_one_of_each(&judge, found, due);
        bool was_short = judge.is_out_of_memory;
        for (size_t i = 0; i < judge.count; i++) { /* what is short of text can still be asked for */
            assert_true(judge.list[i].pointer && judge.list[i].found && judge.list[i].expected);
        }
        assay_code rc = judge_finish_violations(&judge, NULL);
        assay_mem_fail_at(0);
        is_whole = rc == ASSAY_OK;
        assert_int_equal(was_short, !is_whole);
        assert_int_equal(out.violations_count, is_whole ? 20 : 0);
        assert_int_equal(rc, is_whole ? ASSAY_OK : ASSAY_NO_MEMORY);
        judge_end(&judge);
    }
    assert_true(n > 60); /* three texts each */
    json_decref(found);
    json_decref(due);
}

static void an_arena_that_is_full_gives_no_judgement(void **state)
{
    (void)state;
    struct judge judge;
    struct assay_judgement out;
    judge_init(&judge, &out);
    fail_at(&judge, GATE_VALUE, "/p");
    out.arena.max_bytes = out.arena.used_bytes; /* nothing more */
    assert_int_equal(judge_finish_violations(&judge, NULL), ASSAY_NO_MEMORY);
    assert_null(out.violations);
    judge_end(&judge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_takes_the_place_of_what_is_undecided_and_nothing_else_is_lost),
        cmocka_unit_test(foreign_text_is_shown_up_to_160_bytes_and_a_place_up_to_its_own_length),
        cmocka_unit_test(a_value_is_shown_as_one_line_beside_what_was_due),
        cmocka_unit_test(an_error_message_becomes_found_and_expected),
        cmocka_unit_test(a_gate_is_asked_for_by_its_first_and_last_number_and_its_verdict),
        cmocka_unit_test(a_place_is_refused_where_it_or_what_holds_it_or_what_it_holds_was),
        cmocka_unit_test(violations_are_handed_over_by_gate_then_place_then_what_was_found),
        cmocka_unit_test(no_violation_is_a_list_of_none),
        cmocka_unit_test(a_text_that_is_not_there_is_empty),
        cmocka_unit_test(whichever_allocation_fails_no_violations_are_handed_over),
        cmocka_unit_test(an_arena_that_is_full_gives_no_judgement),
    };
    assay_json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
