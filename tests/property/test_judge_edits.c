/* Properties of verify over an honest run: each member of a receipt, under each of the edit operators of the attack
 * corpus (evidence.md 5, rows 1 and 4), is refused with exit status 1 or 3 by a violation that names the place; and
 * each byte of plan, trace and receipt that is flipped is refused. One case a line is printed when it is not. */
#include "base/mem.h"
#include "crypto/crypto.h"
#include "judge/judge.h"
#include "support/edit.h"
#include "support/honest_run.h"
#include "support/operators.h"
#include "support/reach.h"

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
    for (size_t i = 0; i < operators_count; i++) {
        json_t *edited = json_deep_copy(tally->run->statement);
        json_t *value = operators[i].edit(assay_json_at(edited, pointer));
        if (value && !json_equal(value, assay_json_at(edited, pointer))) {
            edit_set(edited, pointer, json_incref(value));
            judge_statement(tally, edited, pointer, operators[i].name);
        }
        json_decref(value);
        json_decref(edited);
    }
    json_t *dropped = json_deep_copy(tally->run->statement);
    edit_drop(dropped, pointer);
    judge_statement(tally, dropped, pointer, "drop");
    json_decref(dropped);
}

static void visit_place(void *context, const char *pointer)
{
    struct tally *tally = context;
    if (tally->every < 2 || tally->places++ % tally->every == 0) {
        edit_place(tally, pointer);
    }
}

static void every_member_under_every_operator_is_refused_by_name(void **state)
{
    struct honest_run run;
    honest_run_make(*state, &run);
    /* the hundreds of metrics of an llm run are alike */
    bool is_sample = reach_asked() == REACH_SAMPLE;
    struct tally tally = {.run = &run, .every = !is_sample ? 1 : run.identity.len > 0 ? 13 : 3};
    operators_walk(run.statement, visit_place, &tally);
    print_message("# %zu edits of a receipt\n", tally.cases);
    assert_int_equal(tally.failures, 0);
    assert_true(tally.cases > 400);
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
    for (size_t i = 0; i < bytes->len; i += reach_asked() == REACH_SAMPLE ? 3 : 1) {
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
    assert_true(tally.cases >= files[which]->len / 3);
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
