/* What verify says beyond single faults (tests/negative) and edits (tests/property). */
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "judge/judge.h"
#include "judge/judge_room.h"
#include "support/edit.h"
#include "support/honest_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define FILE_MAX ((size_t)16 << 20)

static const struct honest_options NOOP = {.workload = "noop", .count = 120, .warmup = 10};

static struct assay_judge_input input_of(const struct honest_run *run)
{
    return (struct assay_judge_input){.document = {run->receipt.data, run->receipt.len},
                                      .plan = {run->plan.data, run->plan.len},
                                      .trace = {run->trace.data, run->trace.len},
                                      .identity = {run->identity.data, run->identity.len},
                                      .now_real_ns = HONEST_NOW_NS};
}

static struct assay_judgement *judge_or_fail(const struct assay_judge_input *input)
{
    struct assay_judgement *judgement = NULL;
    assay_err err = {0};
    if (assay_judge_verify(input, &judgement, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    return judgement;
}

static int exit_of(const struct assay_judge_input *input)
{
    struct assay_judgement *judgement = judge_or_fail(input);
    int status = assay_judgement_exit(judgement);
    assay_judgement_free(judgement);
    return status;
}

static void four_lines_say_what_is_proven_and_what_is_not(void **state)
{
    (void)state;
    struct honest_run run;
    struct assay_buf text;
    assay_buf_init(&text, FILE_MAX);
    honest_run_make(&NOOP, &run);
    struct assay_judge_input input = input_of(&run);
    struct assay_judgement *judgement = judge_or_fail(&input);
    assay_judgement_render(judgement, &text);
    assert_string_equal(
        text.data,
        "CRYPTO     not-measured  unsigned, strict\n"
        "RECOMPUTE  pass          18 of 18 metrics equal bit for bit from 120 samples; 1 check; 0 kernel entries\n"
        "POLICY     not-measured  no policy or expectation given\n"
        "ASSURANCE  tier 0 unsigned; not checked: cache-state choice clock-cross compute-identity determinism "
        "host-probe "
        "intent platform signer-honesty unlogged-runs\n");
    assert_int_equal(assay_judgement_exit(judgement), 0);
    assay_judgement_free(judgement);
    assay_buf_done(&text);
    honest_run_done(&run);
}

static void violations_are_rendered_in_the_order_of_their_gates(void **state)
{
    (void)state;
    struct honest_run run;
    struct assay_buf text;
    assay_buf_init(&text, FILE_MAX);
    honest_run_make(&NOOP, &run);
    edit_set(run.statement, "/predicate/environment/build/dirty", json_true());
    edit_set(run.statement, "/predicate/samples/chunks", json_integer(9));
    edit_drop(run.statement, "/predicate/minor");
    honest_envelope(run.statement, &run.receipt);
    struct assay_judge_input input = input_of(&run);
    input.wants_default_policy = true;
    struct assay_judgement *judgement = judge_or_fail(&input);
    assay_judgement_render(judgement, &text);
    const char *violations = strstr(text.data, "108");
    assert_non_null(violations);
    assert_string_equal(violations, "108 fail /predicate/minor: found nothing, expected this member\n"
                                    "304 fail /predicate/samples/chunks: found 9, expected 4\n"
                                    "321 fail /predicate/environment/build/dirty: found true, expected false\n"
                                    "403 fail /predicate/environment/build/dirty: found true, expected false\n");
    assert_int_equal(assay_judgement_exit(judgement), 1); /* once the receipt parsed, 1 beats 3 */
    assay_judgement_free(judgement);
    assay_buf_done(&text);
    honest_run_done(&run);
}

static void the_judgement_as_json_holds_exit_lines_and_violations(void **state)
{
    (void)state;
    struct honest_run run;
    honest_run_make(&NOOP, &run);
    struct assay_judge_input input = input_of(&run);
    input.trace.data = NULL;
    struct assay_judgement *judgement = judge_or_fail(&input);
    json_t *json = NULL;
    assert_int_equal(assay_judgement_json(judgement, &json, NULL), ASSAY_OK);
    assert_int_equal(json_integer_value(json_object_get(json, "exit")), 2);
    assert_string_equal(json_string_value(assay_json_at(json, "/recompute/verdict")), "undecided");
    assert_int_equal(json_integer_value(assay_json_at(json, "/violations/0/gate")), 301);
    assert_string_equal(json_string_value(assay_json_at(json, "/violations/0/pointer")), "trace.assay");
    assert_int_equal(json_integer_value(assay_json_at(json, "/assurance/tier")), -1);
    json_decref(json);
    assay_judgement_free(judgement);
    honest_run_done(&run);
}

/* ---- interop ---- */

/* The receipt's envelope with one member edited, written as a person's editor would. */
static void write_envelope(const struct honest_run *run, const char *member, json_t *taken, bool is_pretty,
                           struct assay_buf *out)
{
    json_t *envelope = NULL;
    assert_int_equal(assay_json_read(run->receipt.data, run->receipt.len, &assay_json_limits_default, &envelope, NULL),
                     ASSAY_OK);
    if (member) {
        edit_set(envelope, member, taken);
    }
    assay_buf_clear(out);
    assay_code rc = is_pretty ? assay_json_pretty(envelope, out, NULL) : assay_json_line(envelope, out, NULL);
    assert_int_equal(rc, ASSAY_OK);
    json_decref(envelope);
}

static void assert_interop_only(const struct honest_run *run, const struct assay_buf *document)
{
    struct assay_judge_input input = input_of(run);
    input.document = (struct assay_judge_bytes){document->data, document->len};
    assert_int_equal(exit_of(&input), 3);
    input.is_interop = true;
    assert_int_equal(exit_of(&input), 0);
    struct assay_judgement *judgement = judge_or_fail(&input);
    assert_string_equal(judgement->lines[ASSAY_LINE_CRYPTO].text, "unsigned, interop");
    assert_non_null(strstr(judgement->lines[ASSAY_LINE_ASSURANCE].text, " interop "));
    assay_judgement_free(judgement);
}

static void interop_takes_white_space_foreign_members_and_the_other_alphabet(void **state)
{
    (void)state;
    struct honest_run run;
    struct assay_buf document, lines;
    assay_buf_init(&document, FILE_MAX);
    assay_buf_init(&lines, FILE_MAX);
    honest_run_make(&NOOP, &run);
    write_envelope(&run, NULL, NULL, true, &document);
    assert_interop_only(&run, &document);
    write_envelope(&run, "/comment", json_null(), false, &document);
    assert_interop_only(&run, &document);
    write_envelope(&run, "/payloadType", json_string("application/vnd.in-toto.performance+json"), false, &document);
    assert_interop_only(&run, &document);
    write_envelope(&run, NULL, NULL, false, &document);
    assay_buf_text(&lines, "a line that is no JSON\n{\"some\":\"object\"}\n");
    assay_buf_append(&lines, document.data, document.len);
    assert_interop_only(&run, &lines);
    edit_set(run.statement, "/predicate/vendor", json_real(0.5));
    edit_set(run.statement, "/predicate/minor", json_integer(1)); /* which is what may bring such a member */
    honest_envelope(run.statement, &document);
    assert_interop_only(&run, &document);
    assay_buf_done(&document);
    assay_buf_done(&lines);
    honest_run_done(&run);
}

static void a_type_with_a_nul_in_it_is_none(void **state)
{
    (void)state;
    struct honest_run run;
    struct assay_buf document;
    assay_buf_init(&document, FILE_MAX);
    honest_run_make(&NOOP, &run);
    write_envelope(&run, "/payloadType", json_stringn(ASSAY_PAYLOAD_TYPE "\0x", sizeof ASSAY_PAYLOAD_TYPE + 1), false,
                   &document);
    struct assay_judge_input input = input_of(&run);
    input.document = (struct assay_judge_bytes){document.data, document.len};
    input.is_interop = true;
    struct assay_judgement *judgement = judge_or_fail(&input);
    assert_int_equal(assay_judgement_exit(judgement), 3);
    assert_false(judgement->is_readable);
    assert_int_equal(judgement->violations_count, 1);
    assert_int_equal(judgement->violations[0].gate, 104);
    assay_judgement_free(judgement);
    assay_buf_done(&document);
    honest_run_done(&run);
}

/* Lenient towards members that nobody knows, not towards known ones that plan and trace do not give. */
static void interop_refuses_known_members_that_are_made_up(void **state)
{
    (void)state;
    static const struct {
        const char *pointer, *value;
        unsigned gate;
    } FORGED[] = {
        {"/predicate/metrics/0/family", "2", 311},
        {"/subject/0/digest/gitTree", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", 321},
        {"/predicate/kernels",
         "{\"absent\":\"no kernel was dispatched\",\"entries\":[],\"tableSha256\":\"00000000000000000000000000000000"
         "00000000000000000000000000000000\",\"threads\":1,\"wallNs\":1}",
         315},
    };
    for (size_t i = 0; i < sizeof FORGED / sizeof FORGED[0]; i++) {
        struct honest_run run;
        honest_run_make(&NOOP, &run);
        edit_set(run.statement, FORGED[i].pointer, json_loads(FORGED[i].value, JSON_DECODE_ANY, NULL));
        honest_envelope(run.statement, &run.receipt);
        struct assay_judge_input input = input_of(&run);
        input.is_interop = true;
        struct assay_judgement *judgement = judge_or_fail(&input);
        assert_int_equal(assay_judgement_exit(judgement), 1);
        assert_int_equal(judgement->violations[0].gate, FORGED[i].gate);
        assay_judgement_free(judgement);
        honest_run_done(&run);
    }
}

static void interop_reads_url_safe_base64(void **state)
{
    (void)state;
    struct honest_run run;
    honest_run_make(&NOOP, &run);
    edit_set(run.statement, "/predicate/tier/runnerId",
             json_string("\xC3\xBF\xC3\xBF\xC3\xBF>>>???")); /* needs + and / */
    honest_envelope(run.statement, &run.receipt);
    size_t changed = 0;
    for (size_t i = 0; i < run.receipt.len && run.receipt.data[i] != ','; i++) { /* up to the end of the payload */
        char *c = &run.receipt.data[i];
        changed += *c == '+' || *c == '/' ? 1 : 0;
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
    }
    assert_true(changed > 0);
    struct assay_judge_input input = input_of(&run);
    assert_int_equal(exit_of(&input), 3);
    input.is_interop = true;
    struct assay_judgement *judgement = judge_or_fail(&input);
    assert_true(judgement->is_readable);
    assert_int_equal(judgement->violations_count, 1); /* the runnerId that the trace does not state */
    assert_int_equal(judgement->violations[0].gate, 321);
    assay_judgement_free(judgement);
    honest_run_done(&run);
}

/* ---- what is never read, and what is always shown ---- */

static void a_signature_without_trust_stays_not_measured(void **state)
{
    (void)state;
    static const char KEY[] = "0ba7339cba65a5289574206332b051dd3598a4365ae33d5365ed81333481287b";
    struct honest_run run;
    struct assay_buf document, sig;
    assay_buf_init(&document, FILE_MAX);
    assay_buf_init(&sig, FILE_MAX);
    honest_run_make(&NOOP, &run);
    edit_append(run.statement, "/predicate/tier/signers", json_string(KEY));
    edit_set(run.statement, "/predicate/attempts/counter", json_integer(1));
    honest_envelope(run.statement, &run.receipt);
    unsigned char zeros[64] = {0};
    assay_base64_append(&sig, zeros, sizeof zeros);
    json_t *envelope = NULL;
    assert_int_equal(assay_json_read(run.receipt.data, run.receipt.len, &assay_json_limits_default, &envelope, NULL),
                     ASSAY_OK);
    edit_append(envelope, "/signatures", json_pack("{s:s,s:s}", "keyid", KEY, "sig", sig.data));
    assert_int_equal(assay_json_canon(envelope, &document, NULL), ASSAY_OK);
    assay_buf_char(&document, '\n');
    struct assay_judge_input input = input_of(&run);
    input.document = (struct assay_judge_bytes){document.data, document.len};
    struct assay_judgement *judgement = judge_or_fail(&input);
    assert_int_equal(judgement->violations_count, 0);
    assert_int_equal(judgement->lines[ASSAY_LINE_CRYPTO].verdict, ASSAY_VERDICT_NOT_MEASURED);
    assert_string_equal(judgement->lines[ASSAY_LINE_CRYPTO].text,
                        "1 signature not checked: no trust file given, strict");
    assert_int_equal(judgement->tier, 0);
    assay_judgement_free(judgement);
    json_decref(envelope);
    assay_buf_done(&document);
    assay_buf_done(&sig);
    honest_run_done(&run);
}

static void foreign_text_is_shown_without_its_tricks(void **state)
{
    (void)state;
    struct honest_run run;
    struct assay_buf text;
    assay_buf_init(&text, FILE_MAX);
    honest_run_make(&NOOP, &run);
    edit_set(run.statement,
             "/predicate/\xE2\x80\xAE"
             "evil",
             json_string("\xE2\x80\xAE"
                         "100 % faster"));
    honest_envelope(run.statement, &run.receipt);
    struct assay_judge_input input = input_of(&run);
    struct assay_judgement *judgement = judge_or_fail(&input);
    assay_judgement_render(judgement, &text);
    assert_null(strstr(text.data, "\xE2\x80\xAE"));
    assert_non_null(
        strstr(text.data, "108 fail /predicate/\\xe2\\x80\\xaeevil: found \"\\xe2\\x80\\xae100 % faster\""));
    assay_judgement_free(judgement);
    assay_buf_done(&text);
    honest_run_done(&run);
}

/* ---- the exit ---- */

static void what_lies_behind_the_last_violation_is_none(void **state)
{
    (void)state;
    const struct assay_violation violations[] = {{.gate = 301, .verdict = ASSAY_VERDICT_UNDECIDED},
                                                 {.gate = 311, .verdict = ASSAY_VERDICT_FAIL}};
    struct assay_judgement judgement = {
        .document = ASSAY_DOCUMENT_RECEIPT, .is_readable = true, .violations = violations, .violations_count = 2};
    judgement.lines[ASSAY_LINE_RECOMPUTE].verdict = ASSAY_VERDICT_PASS;
    assert_int_equal(assay_judgement_exit(&judgement), 1);
    judgement.violations_count = 1;
    assert_int_equal(assay_judgement_exit(&judgement), 2);
    judgement.violations_count = 0;
    assert_int_equal(assay_judgement_exit(&judgement), 0);
}

/* ---- many violations ---- */

static void violations_beyond_the_limit_are_counted_and_said(void **state)
{
    (void)state;
    struct honest_run run;
    struct assay_buf document, text;
    honest_run_make(&NOOP, &run);
    json_t *metrics = assay_json_at(run.statement, "/predicate/metrics");
    (void)json_array_clear(metrics);
    for (int i = 0; i < 1000; i++) { /* each lacks all its members */
        (void)json_array_append_new(metrics, json_object());
    }
    assay_buf_init(&document, (size_t)1 << 20);
    assay_buf_init(&text, (size_t)4 << 20);
    honest_envelope(run.statement, &document);
    const struct assay_judge_input input = {.document = {document.data, document.len}, .now_real_ns = HONEST_NOW_NS};
    struct assay_judgement *judgement = judge_or_fail(&input);
    char last[64];
    assert_int_equal(judgement->violations_count, ASSAY_VIOLATIONS_MAX);
    assert_true(judgement->violations_left_out > 0);
    assert_int_equal(assay_judgement_exit(judgement), 3);
    (void)snprintf(last, sizeof last, "and %zu more\n", judgement->violations_left_out);
    assay_judgement_render(judgement, &text);
    assert_true(assay_text_ends(text.data, last));
    assay_judgement_free(judgement);
    honest_run_done(&run);
    assay_buf_done(&document);
    assay_buf_done(&text);
}

/* ---- hostile sizes, short memory ---- */

static void assert_refused_at_once(const struct assay_buf *document, unsigned gate)
{
    struct timespec before, after;
    const struct assay_judge_input input = {.document = {document->data, document->len}, .now_real_ns = HONEST_NOW_NS};
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    struct assay_judgement *judgement = judge_or_fail(&input);
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    double ms = (double)(after.tv_sec - before.tv_sec) * 1e3 + (double)(after.tv_nsec - before.tv_nsec) / 1e6;
    assert_int_equal(judgement->violations_count, 1);
    assert_int_equal(judgement->violations[0].gate, gate);
    assert_int_equal(assay_judgement_exit(judgement), 3);
    assert_true(ms < 100); /* attack 40 */
    assay_judgement_free(judgement);
}

static void hostile_sizes_are_refused_within_100_ms(void **state)
{
    (void)state;
    struct assay_buf document;
    assay_buf_init(&document, (size_t)128 << 20);
    while (document.len < ASSAY_ENVELOPE_BYTES_MAX + 1) {
        assay_buf_text(&document, "[[[[[[[[[[[[[[[[");
    }
    assert_refused_at_once(&document, 109); /* too long, and too deep */
    document.len = 1000;
    assert_refused_at_once(&document, 109); /* too deep alone */
    assay_buf_clear(&document);
    assay_buf_text(&document, "{\"payload\":\"\",\"payloadType\":\"application/vnd.in-toto+json\",\"signatures\":[");
    for (int i = 0; i < 1000000; i++) {
        assay_buf_text(&document, i == 0 ? "{\"keyid\":\"\",\"sig\":\"\"}" : ",{\"keyid\":\"\",\"sig\":\"\"}");
    }
    assay_buf_text(&document, "]}\n");
    assert_refused_at_once(&document, 109);
    assay_buf_done(&document);
}

/* As many totals of tokens as a document can hold: looking up the mean of each in all of them took a quarter minute. */
static void totals_without_means_take_no_longer_than_they_are_long(void **state)
{
    (void)state;
    struct honest_run run;
    struct assay_buf document;
    struct timespec before, after;
    honest_run_make(&NOOP, &run);
    json_t *metrics = assay_json_at(run.statement, "/predicate/metrics");
    (void)json_array_clear(metrics);
    for (int i = 0; i < 20000; i++) {
        (void)json_array_append_new(metrics, json_pack("{s:s}", "name", "prompt_tokens_total"));
    }
    assay_buf_init(&document, ASSAY_ENVELOPE_BYTES_MAX);
    honest_envelope(run.statement, &document);
    const struct assay_judge_input input = {.document = {document.data, document.len}, .now_real_ns = HONEST_NOW_NS};
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    struct assay_judgement *judgement = judge_or_fail(&input);
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    assert_int_equal(judgement->violations[0].gate, 109);
    assert_int_equal(assay_judgement_exit(judgement), 3);
    assert_true(after.tv_sec - before.tv_sec < 3); /* some 0.1 s */
    assay_judgement_free(judgement);
    honest_run_done(&run);
    assay_buf_done(&document);
}

static void no_allocation_that_fails_makes_a_judgement(void **state)
{
    (void)state;
    const struct honest_options small = {.workload = "noop", .count = 40, .warmup = 2};
    struct honest_run run;
    honest_run_make(&small, &run);
    edit_set(run.statement, "/predicate/protocol/tool", json_string("assay 9.9.9")); /* a violation takes memory too */
    honest_envelope(run.statement, &run.receipt);
    struct assay_judge_input input = input_of(&run);
    unsigned long n = 1;
    for (int in_a_row = 0; in_a_row < 20; n++) { /* what fails and is done without does not end the walk */
        struct assay_judgement *judgement = NULL;
        assay_mem_fail_at(n);
        assay_code rc = assay_judge_verify(&input, &judgement, NULL);
        assay_mem_fail_at(0);
        if (rc == ASSAY_OK) {
            assert_int_equal(judgement->violations_count, 1); /* nothing failed: the whole verdict */
            assert_string_equal(judgement->violations[0].found, "\"assay 9.9.9\"");
            assert_int_equal(assay_judgement_exit(judgement), 1);
            assay_judgement_free(judgement);
            in_a_row++;
            continue;
        }
        in_a_row = 0;
        assert_int_equal(rc, ASSAY_NO_MEMORY);
        assert_null(judgement);
    }
    assert_true(n > 500);
    honest_run_done(&run);
}

/* ---- dates ---- */

/* Of a document without its trace: were the instants of its samples called impossible (gate 331)? */
static bool is_window_impossible(struct honest_run *run, int count, int due_ns, int end_ns)
{
    struct assay_buf document;
    assay_buf_init(&document, FILE_MAX);
    edit_set(run->statement, "/predicate/samples/count", json_integer(count));
    edit_set(run->statement, "/predicate/samples/warmup", json_integer(0));
    edit_set(run->statement, "/predicate/samples/firstDueNs", json_integer(due_ns));
    edit_set(run->statement, "/predicate/samples/lastEndNs", json_integer(end_ns));
    honest_envelope(run->statement, &document);
    const struct assay_judge_input input = {.document = {document.data, document.len}, .now_real_ns = HONEST_NOW_NS};
    struct assay_judgement *judgement = judge_or_fail(&input);
    bool is_impossible = false;
    for (size_t i = 0; i < judgement->violations_count; i++) {
        const struct assay_violation *violation = &judgement->violations[i];
        is_impossible = is_impossible || (violation->gate == GATE_IMPOSSIBLE &&
                                          strcmp(violation->pointer, "/predicate/samples/lastEndNs") == 0);
    }
    assay_judgement_free(judgement);
    assay_buf_done(&document);
    return is_impossible;
}

static void samples_take_time_unless_there_are_none(void **state)
{
    (void)state;
    struct honest_run run;
    honest_run_make(&NOOP, &run);
    assert_false(is_window_impossible(&run, 1, 0, 1));
    assert_true(is_window_impossible(&run, 1, 1, 1));
    assert_true(is_window_impossible(&run, 1, 2, 1));
    assert_false(is_window_impossible(&run, 0, 0, 0));
    honest_run_done(&run);
}

static void a_date_is_read_if_the_calendar_has_it(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds; /* -1: refused */
    } CASES[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2000-02-29T12:00:00Z", 951825600},
        {"2026-01-05T09:30:00Z", 1767605400},
        {"9999-12-31T23:59:59Z", 253402300799},
        {"1900-02-29T00:00:00Z", -1},
        {"2026-02-29T00:00:00Z", -1},
        {"2026-13-01T00:00:00Z", -1},
        {"2026-00-01T00:00:00Z", -1},
        {"2026-04-31T00:00:00Z", -1},
        {"2026-01-05T24:00:00Z", -1},
        {"2026-01-05T09:60:00Z", -1},
        {"2026-01-05T09:30:60Z", -1},
        {"2026-01-05 09:30:00Z", -1},
        {"2026-01-05T09:30:00", -1},
        {"2026-01-05T09:30:00ZZ", -1},
        {"2026-1-05T09:30:00Z", -1},
        {"", -1},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        int64_t seconds = -1;
        bool is_read = assay_time_read(CASES[i].text, &seconds);
        assert_int_equal(is_read, CASES[i].seconds >= 0);
        assert_true(seconds == CASES[i].seconds);
    }
}

int main(void)
{
    assay_err err = {0};
    assay_json_init();
    if (assay_crypto_init(&err) != ASSAY_OK) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_lines_say_what_is_proven_and_what_is_not),
        cmocka_unit_test(violations_are_rendered_in_the_order_of_their_gates),
        cmocka_unit_test(the_judgement_as_json_holds_exit_lines_and_violations),
        cmocka_unit_test(interop_takes_white_space_foreign_members_and_the_other_alphabet),
        cmocka_unit_test(interop_refuses_known_members_that_are_made_up),
        cmocka_unit_test(interop_reads_url_safe_base64),
        cmocka_unit_test(a_signature_without_trust_stays_not_measured),
        cmocka_unit_test(foreign_text_is_shown_without_its_tricks),
        cmocka_unit_test(violations_beyond_the_limit_are_counted_and_said),
        cmocka_unit_test(hostile_sizes_are_refused_within_100_ms),
        cmocka_unit_test(totals_without_means_take_no_longer_than_they_are_long),
        cmocka_unit_test(no_allocation_that_fails_makes_a_judgement),
        cmocka_unit_test(samples_take_time_unless_there_are_none),
        cmocka_unit_test(a_date_is_read_if_the_calendar_has_it),
        cmocka_unit_test(what_lies_behind_the_last_violation_is_none),
        cmocka_unit_test(a_type_with_a_nul_in_it_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
