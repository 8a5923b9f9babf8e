#include "judge/judge_room.h"

#include "base/clock.h"
#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES_MAX 2048
#define CODE_SHOWN_MAX 64 /* as long as an id may be */

/* Each line is made from the violations and counts of this judgement, never from a verdict in the file. */

void judge_set_line(struct judge *judge, enum assay_judge_line line, enum assay_verdict verdict,
                    const struct assay_buf *text)
{
    const char *kept =
        text->failed == ASSAY_OK ? assay_arena_text(&judge->out->arena, text->data ? text->data : "", text->len) : NULL;
    if (!kept) {
        judge->is_out_of_memory = true;
    }
    judge->out->lines[line].verdict = verdict;
    judge->out->lines[line].text = kept ? kept : "";
}

static size_t count_violations(const struct judge *judge, unsigned first, unsigned last, enum assay_verdict verdict)
{
    size_t n = 0;
    for (size_t i = 0; i < judge->count; i++) {
        const struct assay_violation *violation = &judge->list[i];
        n += violation->gate >= first && violation->gate <= last && violation->verdict == verdict ? 1 : 0;
    }
    return n;
}

static enum assay_verdict worst(const struct judge *judge, unsigned first, unsigned last, enum assay_verdict otherwise)
{
    if (judge_has(judge, first, last, ASSAY_VERDICT_FAIL)) {
        return ASSAY_VERDICT_FAIL;
    }
    return judge_has(judge, first, last, ASSAY_VERDICT_UNDECIDED) ? ASSAY_VERDICT_UNDECIDED : otherwise;
}

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

/* ---- CRYPTO ---- */

static void put_time(struct assay_buf *text, const char *before, int64_t seconds)
{
    char time[ASSAY_TIME_TEXT_BYTES];
    assay_clock_format_utc((uint64_t)seconds * ASSAY_NS_PER_S, time);
    assay_buf_printf(text, "%s%s", before, time);
}

/* The bracket of a run: its head was seen, it ran, its entry was seen. */
static void describe_witnesses(const struct outside_time *outside, struct assay_buf *text)
{
    if (outside->has_before) {
        put_time(text, ", head witnessed ", outside->before_s);
    }
    if (outside->has_after) {
        put_time(text, ", entry witnessed ", outside->after_s);
    }
}

static void describe_log(const struct judge *judge, struct assay_buf *text)
{
    const struct log_view *log = &judge->log;
    if (!judge->out->has_head) {
        return;
    }
    assay_buf_text(text, "; log ");
    assay_text_show(text, judge->out->head.origin, strlen(judge->out->head.origin), ASSAY_NOTE_NAME_BYTES_MAX);
    assay_buf_printf(text, " size %llu", (unsigned long long)log->size);
    if (log->has_intent) {
        assay_buf_printf(text, ", intent %llu", (unsigned long long)log->intent);
    }
    if (log->is_logged) {
        assay_buf_printf(text, ", %s %llu", judge->out->document == ASSAY_DOCUMENT_RECEIPT ? "receipt" : "record",
                         (unsigned long long)log->outcome);
    }
    describe_witnesses(&judge->outside, text);
}

static void describe_signatures(const struct judge *judge, size_t count, struct assay_buf *text)
{
    char keyid[ASSAY_DIGEST_TEXT_BYTES];
    if (count == 0) {
        assay_buf_text(text, "unsigned");
    } else if (!judge->input->trust.data) {
        assay_buf_printf(text, "%zu signature%s not checked: no trust file given", count, plural(count));
    } else {
        assay_buf_printf(text, "%zu of %zu signature%s", judge->good_keys, count, plural(count));
    }
    if (judge->good_keys > 0) {
        assay_digest_print(&judge->signer, keyid);
        assay_buf_printf(text, ", key %.8s\xe2\x80\xa6", keyid);
    }
    assay_buf_text(text, judge->input->is_interop ? ", interop" : ", strict");
}

/* Which key signed, and whether it may, needs keys: a trust file. Without one the line is not-measured, signed or not
 * (evidence.md 3.1), so that stripping a signature gains nothing. */
static void crypto_line(struct judge *judge)
{
    struct assay_buf text;
    const json_t *signatures = json_object_get(judge->envelope, "signatures");
    size_t failed = count_violations(judge, 201, 299, ASSAY_VERDICT_FAIL);
    enum assay_verdict otherwise = ASSAY_VERDICT_NOT_MEASURED;
    assay_buf_init(&text, LINE_BYTES_MAX);
    if (!judge->out->is_readable) {
        assay_buf_text(&text, "the document could not be read");
    } else {
        if (failed > 0) {
            assay_buf_printf(&text, "%zu violation%s; ", failed, plural(failed));
        }
        describe_signatures(judge, json_array_size(signatures), &text);
        describe_log(judge, &text);
    }
    if (judge->trust && judge->good_keys >= judge->trust->receipt_threshold) {
        otherwise = ASSAY_VERDICT_PASS;
    }
    judge_set_line(judge, ASSAY_LINE_CRYPTO, worst(judge, 201, 299, otherwise), &text);
    assay_buf_done(&text);
}

/* ---- RECOMPUTE ---- */

static void describe_recomputation(const struct judge *judge, struct assay_buf *text)
{
    const json_t *statement = judge->derived.statement;
    size_t metrics = json_array_size(assay_json_at(judge->statement, "/predicate/metrics"));
    size_t checks = json_array_size(assay_json_at(statement, "/predicate/checks"));
    size_t entries = json_array_size(assay_json_at(statement, "/predicate/kernels/entries"));
    json_int_t samples = json_integer_value(assay_json_at(statement, "/predicate/samples/count"));
    if (judge->out->document == ASSAY_DOCUMENT_RECORD) {
        assay_buf_printf(text, "run record, outcome %s: counts equal from %" JSON_INTEGER_FORMAT " sample%s",
                         judge->derived.outcome, samples, plural((size_t)samples));
        return;
    }
    assay_buf_printf(text, "%zu of %zu metric%s equal bit for bit from %" JSON_INTEGER_FORMAT " sample%s",
                     judge->metrics_equal, metrics, plural(metrics), samples, plural((size_t)samples));
    assay_buf_printf(text, "; %zu check%s; %zu kernel entr%s", checks, plural(checks), entries,
                     entries == 1 ? "y" : "ies");
}

/* What is malformed is compared with nothing: where that is all there is, nothing was recomputed. */
static bool was_compared(const struct judge *judge)
{
    bool is_record = judge->out->document == ASSAY_DOCUMENT_RECORD;
    return judge->is_derived && (judge->metrics_equal > 0 ||
                                 !judge_is_refused(judge, is_record ? "/predicate/samples" : "/predicate/metrics"));
}

static void recompute_line(struct judge *judge)
{
    struct assay_buf text;
    enum assay_verdict otherwise = was_compared(judge) ? ASSAY_VERDICT_PASS : ASSAY_VERDICT_NOT_MEASURED;
    size_t failed = count_violations(judge, 301, 399, ASSAY_VERDICT_FAIL);
    assay_buf_init(&text, LINE_BYTES_MAX);
    if (!judge->out->is_readable) {
        assay_buf_text(&text, "the document could not be read");
    } else if (judge->out->document == ASSAY_DOCUMENT_IMPORTED) {
        assay_buf_text(&text, "imported summary: another tool's figures, without samples");
    } else if (was_compared(judge)) {
        describe_recomputation(judge, &text);
    } else if (judge->is_derived) {
        assay_buf_text(&text, "the document has no figures to compare: they are malformed");
    } else {
        assay_buf_text(&text, judge->is_given ? "plan and trace give no statement" : "trace or plan not given");
    }
    if (failed > 0) {
        assay_buf_printf(&text, "; %zu violation%s", failed, plural(failed));
    }
    judge_set_line(judge, ASSAY_LINE_RECOMPUTE, worst(judge, 301, 399, otherwise), &text);
    assay_buf_done(&text);
}

/* ---- POLICY ---- */

static void put_counts(const size_t counts[ASSAY_VERDICT_COUNT], struct assay_buf *text)
{
    assay_buf_printf(text, "%zu pass, %zu fail, %zu undecided, %zu not-measured", counts[ASSAY_VERDICT_PASS],
                     counts[ASSAY_VERDICT_FAIL], counts[ASSAY_VERDICT_UNDECIDED], counts[ASSAY_VERDICT_NOT_MEASURED]);
}

static void policy_line(struct judge *judge)
{
    struct assay_buf text;
    size_t failed = judge->expectations_failed, *counts = judge->out->policy_counts;
    enum assay_verdict verdict = worst(judge, 401, 499, ASSAY_VERDICT_NOT_MEASURED);
    assay_buf_init(&text, LINE_BYTES_MAX);
    if (!judge->out->is_readable) {
        assay_buf_text(&text, "the document could not be read");
    } else if (judge->expectations > 0) {
        size_t undecided =
            judge->input->baseline && failed == 0 && judge_has(judge, GATE_HOST, GATE_BASELINE, ASSAY_VERDICT_UNDECIDED)
                ? 1
                : 0; /* nothing else that is asked can be */
        counts[ASSAY_VERDICT_PASS] = judge->expectations - failed - undecided;
        counts[ASSAY_VERDICT_FAIL] = failed;
        counts[ASSAY_VERDICT_UNDECIDED] = undecided;
        put_counts(counts, &text);
        verdict = failed > 0 ? ASSAY_VERDICT_FAIL : worst(judge, 401, 499, ASSAY_VERDICT_PASS);
    } else {
        assay_buf_text(&text, "no policy or expectation given");
    }
    judge_set_line(judge, ASSAY_LINE_POLICY, verdict, &text);
    assay_buf_done(&text);
}

static enum assay_verdict graver(enum assay_verdict a, enum assay_verdict b)
{
    static const enum assay_verdict GRAVEST_FIRST[] = {ASSAY_VERDICT_FAIL, ASSAY_VERDICT_UNDECIDED,
                                                       ASSAY_VERDICT_NOT_MEASURED, ASSAY_VERDICT_PASS};
    size_t i = 0;
    while (a != GRAVEST_FIRST[i] && b != GRAVEST_FIRST[i]) {
        i++;
    }
    return GRAVEST_FIRST[i];
}

assay_code assay_judgement_add_gates(struct assay_judgement *judgement, const struct assay_verdict_document *gates,
                                     assay_err *err)
{
    assert(judgement && gates);
    struct assay_buf text;
    enum assay_verdict before = judgement->lines[ASSAY_LINE_POLICY].verdict;
    bool was_asked = judgement->is_policy_required || before == ASSAY_VERDICT_FAIL; /* 406 needs no asking */
    judgement->is_policy_required = true;
    if (!judgement->is_readable) {
        return ASSAY_OK; /* its line says so */
    }
    for (size_t i = 0; i < gates->rows_count; i++) {
        judgement->policy_counts[gates->rows[i].verdict] += gates->rows[i].is_in_family ? 1 : 0;
    }
    assay_buf_init(&text, LINE_BYTES_MAX);
    put_counts(judgement->policy_counts, &text);
    const char *kept = text.failed == ASSAY_OK ? assay_arena_text(&judgement->arena, text.data, text.len) : NULL;
    assay_buf_done(&text);
    if (!kept) {
        return assay_nomem(err);
    }
    judgement->lines[ASSAY_LINE_POLICY].text = kept;
    judgement->lines[ASSAY_LINE_POLICY].verdict = was_asked ? graver(before, gates->verdict) : gates->verdict;
    return ASSAY_OK;
}

/* ---- ASSURANCE ---- */

static void assurance_line(struct judge *judge)
{
    const char *codes[JUDGE_CODES_MAX];
    struct assay_buf text;
    assay_buf_init(&text, 8 * LINE_BYTES_MAX);
    assay_buf_text(&text, judge_tier_text(judge));
    if (judge->not_reproduced) {
        assay_buf_printf(&text, "; not reproduced: %s", judge->not_reproduced);
    }
    assay_buf_text(&text, "; not checked:");
    size_t count = judge_codes(judge, codes);
    for (size_t i = 0; i < count; i++) {
        assay_buf_char(&text, ' ');
        assay_text_show(&text, codes[i], strlen(codes[i]), CODE_SHOWN_MAX);
    }
    /* never pass or fail: it says what is proven and what is not */
    judge_set_line(judge, ASSAY_LINE_ASSURANCE, ASSAY_VERDICT_NOT_MEASURED, &text);
    assay_buf_done(&text);
}

void judge_lines(struct judge *judge)
{
    crypto_line(judge);
    recompute_line(judge);
    judge_tier(judge); /* from the two lines above; what was demanded of it belongs to the next one */
    judge->out->is_policy_required = judge->expectations > 0;
    policy_line(judge);
    assurance_line(judge);
}
