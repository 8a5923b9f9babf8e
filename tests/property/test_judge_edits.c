/* Properties of verify over an honest run: each member of a receipt, under each of the edit operators of the attack
 * corpus (evidence.md 5, rows 1 and 4), is refused with exit status 1 or 3 by a violation that names the place; and
 * each byte of plan, trace and receipt that is flipped is refused. One case a line is printed when it is not. */
#include "base/mem.h"
#include "crypto/crypto.h"
#include "judge/judge.h"
#include "support/edit.h"
#include "support/honest_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_MAX ((size_t)16 << 20)
#define SHOWN_FAILURES_MAX 20 /* of a broken property: enough to see the pattern */

/* ---- operators: a new value, or NULL if the operator does not apply or changes nothing ---- */

static json_t *text_like(const json_t *value, const char *text)
{
    return json_is_string(value) && strcmp(json_string_value(value), text) != 0 ? json_string(text) : NULL;
}

static bool read_numeric(const json_t *value, double *ret)
{
    if (json_is_integer(value)) {
        *ret = (double)json_integer_value(value);
        return true;
    }
    const char *text = json_string_value(value);
    return text && assay_json_dec_read(text, ret);
}

static json_t *numeric_like(const json_t *value, double x)
{
    double old = 0;
    if (!read_numeric(value, &old) || old == x) {
        return NULL;
    }
    if (json_is_integer(value)) {
        return json_integer((json_int_t)x);
    }
    struct assay_json_builder b = {0};
    json_t *holder = json_object();
    assay_json_put_dec(&b, holder, "x", x);
    json_t *made = json_incref(json_object_get(holder, "x"));
    json_decref(holder);
    return made;
}

static json_t *plus_one(const json_t *value)
{
    double x = 0;
    return read_numeric(value, &x) ? numeric_like(value, x + 1) : NULL;
}

static json_t *minus_one(const json_t *value)
{
    double x = 0;
    return read_numeric(value, &x) ? numeric_like(value, x - 1) : NULL;
}

static json_t *sign(const json_t *value)
{
    double x = 0;
    return read_numeric(value, &x) ? numeric_like(value, -x) : NULL;
}

static json_t *zero(const json_t *value)
{
    return numeric_like(value, 0);
}

static json_t *huge(const json_t *value)
{
    return numeric_like(value, 9007199254740991.0);
}

static json_t *times_thousand(const json_t *value) /* as a unit mistaken */
{
    double x = 0;
    return read_numeric(value, &x) ? numeric_like(value, x * 1000) : NULL;
}

static json_t *empty(const json_t *value)
{
    if (json_is_array(value)) {
        return json_array_size(value) > 0 ? json_array() : NULL;
    }
    if (json_is_object(value)) {
        return json_object_size(value) > 0 ? json_object() : NULL;
    }
    return text_like(value, "");
}

static json_t *other_type(const json_t *value)
{
    return json_is_true(value) ? json_string("true") : json_true();
}

static json_t *to_array(const json_t *value)
{
    return json_pack("[O]", value);
}

static json_t *negated(const json_t *value)
{
    return json_is_boolean(value) ? json_boolean(!json_boolean_value(value)) : NULL;
}

static json_t *unknown(const json_t *value)
{
    return json_object_get(value, "unknown") ? json_pack("{s:s}", "absent", "turned")
                                             : json_pack("{s:s}", "unknown", "not looked");
}

/* The first character becomes one that looks the same: Cyrillic a, e, o, or one with another digit. */
static json_t *homoglyph(const json_t *value)
{
    static const struct {
        char latin;
        const char *other;
    } LOOKS[] = {{'a', "\xD0\xB0"}, {'e', "\xD0\xB5"}, {'o', "\xD0\xBE"}, {'c', "\xD1\x81"}, {'p', "\xD1\x80"}};
    const char *text = json_string_value(value);
    for (size_t i = 0; text && i < sizeof LOOKS / sizeof LOOKS[0]; i++) {
        const char *at = strchr(text, LOOKS[i].latin);
        if (at) {
            return json_sprintf("%.*s%s%s", (int)(at - text), text, LOOKS[i].other, at + 1);
        }
    }
    return NULL;
}

static json_t *last_character(const json_t *value)
{
    const char *text = json_string_value(value);
    size_t len = text ? strlen(text) : 0;
    if (len == 0) {
        return NULL;
    }
    char last = text[len - 1] == '1' ? '2' : '1';
    return json_sprintf("%.*s%c", (int)len - 1, text, last);
}

static json_t *reversed(const json_t *value)
{
    size_t n = json_array_size(value);
    if (n < 2) {
        return NULL;
    }
    json_t *array = json_array();
    for (size_t i = n; i > 0; i--) {
        (void)json_array_append(array, json_array_get(value, i - 1));
    }
    if (json_equal(array, value)) {
        json_decref(array);
        return NULL;
    }
    return array;
}

static json_t *doubled(const json_t *value)
{
    size_t n = json_array_size(value);
    json_t *array = n > 0 ? json_copy((json_t *)(uintptr_t)value) : NULL;
    if (array) {
        (void)json_array_append(array, json_array_get(value, n - 1));
    }
    return array;
}

static json_t *with_more(const json_t *value)
{
    json_t *object = json_is_object(value) ? json_copy((json_t *)(uintptr_t)value) : NULL;
    if (object) {
        (void)json_object_set_new(object, "verified", json_true());
    }
    return object;
}

static const struct {
    const char *name;
    json_t *(*edit)(const json_t *value);
} OPERATORS[] = {
    {"plus one", plus_one},
    {"minus one", minus_one},
    {"sign", sign},
    {"zero", zero},
    {"huge", huge},
    {"unit", times_thousand},
    {"empty", empty},
    {"type", other_type},
    {"array", to_array},
    {"negate", negated},
    {"unknown", unknown},
    {"homoglyph", homoglyph},
    {"last character", last_character},
    {"reverse", reversed},
    {"double", doubled},
    {"more", with_more},
};

/* ---- judging an edited statement ---- */

struct tally {
    const struct honest_run *run;
    size_t cases, failures, places;
    size_t every; /* one in so many places is edited; 0 and 1: all */
};

static bool is_related(const char *place, const char *edited)
{
    size_t a = strlen(place), b = strlen(edited), n = a < b ? a : b;
    return n > 0 && strncmp(place, edited, n) == 0 && (place[n] == '\0' || place[n] == '/') &&
           (edited[n] == '\0' || edited[n] == '/');
}

static struct assay_judgement *judge_files(const struct honest_run *run, const struct assay_buf *document,
                                           const struct assay_buf *plan, const struct assay_buf *trace)
{
    assay_err err = {0};
    struct assay_judgement *judgement = NULL;
    const struct assay_judge_input input = {.document = {document->data, document->len},
                                            .plan = {plan->data, plan->len},
                                            .trace = {trace->data, trace->len},
                                            .identity = {run->identity.data, run->identity.len},
                                            .now_real_ns = HONEST_NOW_NS};
    if (assay_judge_verify(&input, &judgement, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    return judgement;
}

static void count_case(struct tally *tally, bool is_refused, const char *what, const char *operator,
                       const struct assay_judgement * judgement)
{
    tally->cases++;
    if (!is_refused && tally->failures++ < SHOWN_FAILURES_MAX) {
        struct assay_buf text;
        assay_buf_init(&text, FILE_MAX);
        assay_judgement_render(judgement, &text);
        print_message("%s: %s: exit %d\n%s\n", what, operator, assay_judgement_exit(judgement), text.data);
        assay_buf_done(&text);
    }
}

static void judge_statement(struct tally *tally, const json_t *statement, const char *pointer, const char *operator)
{
    struct assay_buf document;
    assay_buf_init(&document, FILE_MAX);
    honest_envelope(statement, &document);
    struct assay_judgement *judgement = judge_files(tally->run, &document, &tally->run->plan, &tally->run->trace);
    int status = assay_judgement_exit(judgement);
    bool names_it = false;
    for (size_t i = 0; i < judgement->violations_count; i++) {
        names_it = names_it || is_related(judgement->violations[i].pointer, pointer);
    }
    count_case(tally, (status == 1 || status == 3) && names_it, pointer, operator, judgement);
    assay_judgement_free(judgement);
    assay_buf_done(&document);
}

static void edit_place(struct tally *tally, const char *pointer)
{
    for (size_t i = 0; i < sizeof OPERATORS / sizeof OPERATORS[0]; i++) {
        json_t *edited = json_deep_copy(tally->run->statement);
        json_t *value = OPERATORS[i].edit(assay_json_at(edited, pointer));
        if (value && !json_equal(value, assay_json_at(edited, pointer))) {
            edit_set(edited, pointer, json_incref(value));
            judge_statement(tally, edited, pointer, OPERATORS[i].name);
        }
        json_decref(value);
        json_decref(edited);
    }
    json_t *dropped = json_deep_copy(tally->run->statement);
    edit_drop(dropped, pointer);
    judge_statement(tally, dropped, pointer, "drop");
    json_decref(dropped);
}

static void walk(struct tally *tally, json_t *value, struct assay_json_pointer *at)
{
    const char *name;
    size_t index;
    json_t *member;
    bool is_chosen = tally->every < 2 || tally->places++ % tally->every == 0;
    if (at->len > 0 && is_chosen) {
        edit_place(tally, at->text);
    }
    json_object_foreach(value, name, member)
    {
        size_t mark = assay_json_pointer_name(at, name);
        walk(tally, member, at);
        assay_json_pointer_back(at, mark);
    }
    json_array_foreach(value, index, member)
    {
        size_t mark = assay_json_pointer_index(at, index);
        walk(tally, member, at);
        assay_json_pointer_back(at, mark);
    }
}

static void every_member_under_every_operator_is_refused_by_name(void **state)
{
    struct honest_run run;
    honest_run_make(*state, &run);
    /* the hundreds of metrics of an llm run are alike: every third place; of a noop run, every one */
    struct tally tally = {.run = &run, .every = run.identity.len > 0 ? 3 : 1};
    struct assay_json_pointer at = {.len = 0};
    walk(&tally, run.statement, &at);
    print_message("# %zu edits of a receipt\n", tally.cases);
    assert_int_equal(tally.failures, 0);
    assert_true(tally.cases > 1000);
    honest_run_done(&run);
}

/* Duplicate names at each depth, which no writer of trees can make: raw bytes. */
static void a_member_that_stands_twice_is_refused_wherever_it_is(void **state)
{
    struct honest_run run;
    struct assay_buf payload, document;
    honest_run_make(*state, &run);
    assay_buf_init(&payload, FILE_MAX);
    assert_int_equal(assay_json_canon(run.statement, &payload, NULL), ASSAY_OK);
    struct tally tally = {.run = &run};
    for (size_t i = 0; i < payload.len; i++) {
        if (payload.data[i] != '{' || payload.data[i + 1] != '"') {
            continue;
        }
        const char *name_end = strchr(payload.data + i + 2, '"');
        assay_buf_init(&document, FILE_MAX);
        struct assay_buf twice;
        assay_buf_init(&twice, FILE_MAX);
        assay_buf_append(&twice, payload.data, i + 1);
        assay_buf_append(&twice, payload.data + i + 1, (size_t)(name_end - payload.data) - i);
        assay_buf_text(&twice, ":0,");
        assay_buf_append(&twice, payload.data + i + 1, payload.len - i - 1);
        assay_buf_text(&document, "{\"payload\":\"");
        assay_base64_append(&document, twice.data, twice.len);
        assay_buf_text(&document, "\",\"payloadType\":\"application/vnd.in-toto+json\",\"signatures\":[]}\n");
        struct assay_judgement *judgement = judge_files(&run, &document, &run.plan, &run.trace);
        bool is_only_102 = judgement->violations_count == 1 && judgement->violations[0].gate == 102;
        count_case(&tally, is_only_102 && assay_judgement_exit(judgement) == 3, "payload", "twice", judgement);
        assay_judgement_free(judgement);
        assay_buf_done(&document);
        assay_buf_done(&twice);
    }
    assert_int_equal(tally.failures, 0);
    assert_true(tally.cases > 20);
    assay_buf_done(&payload);
    honest_run_done(&run);
}

/* ---- flipped bytes ---- */

static void flip(struct tally *tally, struct assay_buf *bytes, const char *what)
{
    for (size_t i = 0; i < bytes->len; i++) {
        unsigned bit = (unsigned)(i * 5 % 8); /* every bit of the byte takes its turn */
        char place[64];
        (void)snprintf(place, sizeof place, "%s byte %zu", what, i);
        bytes->data[i] = (char)(bytes->data[i] ^ (1 << bit));
        struct assay_judgement *judgement =
            judge_files(tally->run, &tally->run->receipt, &tally->run->plan, &tally->run->trace);
        int status = assay_judgement_exit(judgement);
        count_case(tally, status == 1 || status == 3, place, "flip", judgement);
        assay_judgement_free(judgement);
        bytes->data[i] = (char)(bytes->data[i] ^ (1 << bit));
    }
}

static void flip_all(const struct honest_options *options, size_t which, const char *what)
{
    struct honest_run run;
    honest_run_make(options, &run);
    struct assay_buf *const files[] = {&run.trace, &run.receipt, &run.plan};
    struct tally tally = {.run = &run};
    flip(&tally, files[which], what);
    print_message("# %zu flipped bytes\n", tally.cases);
    assert_int_equal(tally.failures, 0);
    assert_int_equal(tally.cases, files[which]->len);
    honest_run_done(&run);
}

static void every_flipped_byte_of_the_trace_is_refused(void **state)
{
    flip_all(*state, 0, "trace");
}

static void every_flipped_byte_of_the_receipt_is_refused(void **state)
{
    flip_all(*state, 1, "receipt");
}

static void every_flipped_byte_of_the_plan_is_refused(void **state)
{
    flip_all(*state, 2, "plan");
}

static void a_trace_cut_anywhere_is_refused(void **state)
{
    struct honest_run run;
    honest_run_make(*state, &run);
    struct tally tally = {.run = &run};
    const size_t whole = run.trace.len;
    for (size_t len = 0; len < whole; len += 1 + whole / 500) {
        struct assay_buf cut = run.trace;
        char place[64];
        cut.len = len;
        (void)snprintf(place, sizeof place, "trace of %zu bytes", len);
        struct assay_judgement *judgement = judge_files(&run, &run.receipt, &run.plan, &cut);
        int status = assay_judgement_exit(judgement);
        count_case(&tally, status == 1 || status == 3, place, "cut", judgement);
        assay_judgement_free(judgement);
    }
    assert_int_equal(tally.failures, 0);
    assert_true(tally.cases > 100);
    honest_run_done(&run);
}

int main(void)
{
    static struct honest_options noop = {.workload = "noop", .count = 12, .warmup = 2};
    static struct honest_options llm = {.workload = "llm", .count = 4, .warmup = 1, .tokens = 3};
    assay_err err = {0};
    assay_json_init();
    if (assay_crypto_init(&err) != ASSAY_OK) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(every_member_under_every_operator_is_refused_by_name, &noop),
        cmocka_unit_test_prestate(every_member_under_every_operator_is_refused_by_name, &llm),
        cmocka_unit_test_prestate(a_member_that_stands_twice_is_refused_wherever_it_is, &noop),
        cmocka_unit_test_prestate(every_flipped_byte_of_the_trace_is_refused, &noop),
        cmocka_unit_test_prestate(every_flipped_byte_of_the_trace_is_refused, &llm),
        cmocka_unit_test_prestate(every_flipped_byte_of_the_receipt_is_refused, &noop),
        cmocka_unit_test_prestate(every_flipped_byte_of_the_plan_is_refused, &noop),
        cmocka_unit_test_prestate(a_trace_cut_anywhere_is_refused, &noop),
        cmocka_unit_test_prestate(a_trace_cut_anywhere_is_refused, &llm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
