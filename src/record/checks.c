#include "record/lm_tokens.h"
#include "record/receipt_parts.h"
#include "record/roofline.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define CROSS_PPM_MAX 200          /* gate 338 */
#define CROSS_OFF_MAX_NS 1000000.0 /* the same */

#define OUTPUT_RULE "output_same@1"
#define TOKENS_RULE "token_count@1"
#define ARENA_BYTES_MAX ((size_t)1 << 30) /* the pairs of 10,000,000 operations */

/* What a rule judges by: how many were looked at, and what was counted. */
struct evidence {
    struct metric_book *book;
    const struct assay_trace *trace;
    int64_t n;
    const json_t *data;
};

/* A count of the data; false if it is not there. */
static bool counted(const struct evidence *evidence, const char *name, int64_t *ret)
{
    const json_t *value = json_object_get(evidence->data, name);
    *ret = json_is_integer(value) ? json_integer_value(value) : 0;
    return json_is_integer(value);
}

/* Rules that count what went wrong: `failures` of n. */
static enum assay_verdict judge_failures(const struct evidence *evidence)
{
    int64_t failures;
    if (!counted(evidence, "failures", &failures) || evidence->n <= 0) {
        return ASSAY_VERDICT_NOT_MEASURED;
    }
    return failures == 0 ? ASSAY_VERDICT_PASS : ASSAY_VERDICT_FAIL;
}

static enum assay_verdict judge_stamps(const struct evidence *evidence)
{
    return assay_judge_calibration(evidence->book, evidence->data);
}

/* Prompts that share nothing but the template's head find at most that much in a cache: judged only where the plan asks
 * for a warm model and the floor was measured. */
static enum assay_verdict judge_cache(const struct evidence *evidence)
{
    int64_t floor_tokens, over;
    const char *state = json_string_value(json_object_get(evidence->book->plan->options, "state"));
    bool is_judged = state && strcmp(state, "warm") == 0 && evidence->n > 0 &&
                     counted(evidence, "floor_tokens", &floor_tokens) && counted(evidence, "over_floor", &over);
    if (!is_judged) {
        return judge_failures(evidence);
    }
    return over == 0 ? ASSAY_VERDICT_PASS : ASSAY_VERDICT_FAIL;
}

/* Counts of chunks are no token counts, and a usage record that is unlike the stream is wrong or the stream is. */
static enum assay_verdict judge_tokens(const struct evidence *evidence)
{
    int64_t chunks, mismatches;
    (void)counted(evidence, assay_token_source_text(ASSAY_TOKENS_CHUNK_COUNT), &chunks);
    if (evidence->n <= 0 || chunks >= evidence->n || !counted(evidence, "usage_mismatch", &mismatches)) {
        return judge_failures(evidence);
    }
    return mismatches == 0 ? ASSAY_VERDICT_PASS : ASSAY_VERDICT_FAIL;
}

static bool dec_at(const json_t *data, const char *name, double *ret)
{
    const char *text = json_string_value(json_object_get(data, name));
    return text && assay_json_dec_read(text, ret);
}

static enum assay_verdict judge_cross(const struct evidence *evidence)
{
    double ppm, off;
    if (!dec_at(evidence->data, "crossPpm", &ppm) || !dec_at(evidence->data, "offNs", &off)) {
        return ASSAY_VERDICT_NOT_MEASURED;
    }
    /* both: in a short run one interrupted reading is many ppm, in a long one a slewed clock is many ms */
    bool is_over = fabs(ppm) > CROSS_PPM_MAX && fabs(off) > CROSS_OFF_MAX_NS;
    return is_over ? ASSAY_VERDICT_FAIL : ASSAY_VERDICT_PASS;
}

/* The counters of the trace against the probes: every entry of work has to be possible. */
static enum assay_verdict judge_roofline(const struct evidence *evidence)
{
    const json_t *rows = assay_trace_kernels(evidence->trace);
    double threads = (double)json_integer_value(json_object_get(json_array_get(rows, 0), "threads"));
    enum assay_verdict verdict = ASSAY_VERDICT_NOT_MEASURED;
    for (size_t i = 1; evidence->n > 0 && i < json_array_size(rows); i++) {
        enum assay_verdict here = assay_roofline_of(json_array_get(rows, i), threads, evidence->data).verdict;
        bool is_worse = here == ASSAY_VERDICT_FAIL ||
                        (here == ASSAY_VERDICT_UNDECIDED && verdict != ASSAY_VERDICT_FAIL) ||
                        (here == ASSAY_VERDICT_PASS && verdict == ASSAY_VERDICT_NOT_MEASURED);
        verdict = is_worse ? here : verdict;
    }
    return verdict;
}

/* No steady state is a result, and not one to pass over; under 40 values nothing can be said. */
static enum assay_verdict judge_steady(const struct evidence *evidence)
{
    int64_t unsettled;
    if (evidence->n < ASSAY_STEADY_N_MIN || !counted(evidence, "unsettled", &unsettled)) {
        return ASSAY_VERDICT_NOT_MEASURED;
    }
    return unsettled ? ASSAY_VERDICT_FAIL : ASSAY_VERDICT_PASS;
}

/* The closed list of evidence.md 1.3. */
static const struct {
    const char *rule;
    enum assay_verdict (*judge)(const struct evidence *evidence);
} CHECK_RULES[] = {
    {OUTPUT_RULE, judge_failures},      {"output_reference@1", judge_failures}, {"cache_audit@1", judge_cache},
    {"choice_audit@1", judge_failures}, {"stamp_calibration@1", judge_stamps},  {"aa_noise@1", judge_failures},
    {"clock_cross@1", judge_cross},     {"roofline@1", judge_roofline},         {"steady_state@1", judge_steady},
    {TOKENS_RULE, judge_tokens},
};

static assay_code put_check(struct metric_book *book, const struct assay_trace *trace, struct assay_json_builder *b,
                            json_t *list, const char *id, const char *rule, int64_t n, const json_t *data,
                            assay_err *err)
{
    const struct evidence evidence = {.book = book, .trace = trace, .n = n, .data = data};
    for (size_t i = 0; i < sizeof CHECK_RULES / sizeof CHECK_RULES[0]; i++) {
        if (strcmp(CHECK_RULES[i].rule, rule) == 0) {
            json_t *check = assay_json_add_object(b, list);
            assay_json_put_text(b, check, "id", id);
            assay_json_put_text(b, check, "rule", rule);
            assay_json_put_text(b, check, "verdict", assay_verdict_text(CHECK_RULES[i].judge(&evidence)));
            assay_json_put_int(b, check, "n", n);
            assay_json_put(b, check, "data", json_deep_copy(data));
            return ASSAY_OK;
        }
    }
    return assay_fail(err, ASSAY_MALFORMED, "trace: check '%.64s': no rule '%.64s'", id, rule);
}

static assay_code put_told_check(struct metric_book *book, const struct assay_trace *trace,
                                 struct assay_json_builder *b, json_t *list, const json_t *told, assay_err *err)
{
    const char *id, *rule;
    int64_t n = 0;
    json_t *data = NULL;
    assay_code rc = assay_json_get_text(told, "id", "trace: check", &id, err);
    rc = rc == ASSAY_OK ? assay_json_get_text(told, "rule", "trace: check", &rule, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_int(told, "n", "trace: check", &n, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_object(told, "data", "trace: check", &data, err) : rc;
    return rc == ASSAY_OK ? put_check(book, trace, b, list, id, rule, n, data, err) : rc;
}

/* Raw against monotonic over the run. */
static assay_code put_cross(struct metric_book *book, const struct assay_trace *trace, struct assay_json_builder *b,
                            json_t *list, assay_err *err)
{
    const struct assay_trace_summary *summary = assay_trace_summary(trace);
    double ppm;
    if (!assay_cross_ppm(summary, &ppm)) {
        return ASSAY_OK;
    }
    double mono = (double)(summary->clock_last.mono_before_ns - summary->clock_first.mono_before_ns);
    double raw = (double)(summary->clock_last.raw_ns - summary->clock_first.raw_ns);
    json_t *data = json_object();
    assay_json_put_dec(b, data, "crossPpm", ppm);
    assay_json_put_dec(b, data, "offNs", raw - mono);
    assay_code rc =
        put_check(book, trace, b, list, "clock-cross", "clock_cross@1", (int64_t)summary->clock_count, data, err);
    json_decref(data);
    return rc;
}

/* ---- whether the arms had settled ------------------------------------------------------------------------------- */

#define STEADY_ID "steady-state"
#define STEADY_RULE "steady_state@1"
#define ID_BYTES 64

static const json_t *told_check(const struct assay_trace *trace, const char *rule)
{
    const json_t *told = assay_trace_checks(trace);
    for (size_t i = 0; i < json_array_size(told); i++) {
        const char *found = json_string_value(json_object_get(json_array_get(told, i), "rule"));
        if (found && strcmp(found, rule) == 0) {
            return json_array_get(told, i);
        }
    }
    return NULL;
}

/* The wall time of an arm's ok samples in order: what a run that is not paired has for a series. */
static assay_code find_steady(const struct metric_book *book, uint32_t arm, struct assay_steady *ret, size_t *ret_n,
                              assay_err *err)
{
    const struct series *series = &book->arms[arm].series[METRIC_SERVICE_TIME];
    *ret = (struct assay_steady){.state = ASSAY_STEADY_TOO_SHORT};
    *ret_n = series->count;
    double *work = assay_alloc(ASSAY_STEADY_WORK(series->count), sizeof *work);
    if (!work) {
        return assay_nomem(err);
    }
    *ret = assay_steady_find(series->values, series->count, work);
    assay_free(work);
    return ASSAY_OK;
}

static json_t *steady_data(struct assay_json_builder *b, const struct assay_steady *steady, size_t n)
{
    json_t *data = json_object();
    if (steady->state == ASSAY_STEADY_TOO_SHORT) {
        assay_json_put_u64(b, data, "least", ASSAY_STEADY_N_MIN);
        return data;
    }
    assay_json_put_u64(b, data, "cut", steady->cut);
    assay_json_put_u64(b, data, "limit", n / 2);
    assay_json_put_u64(b, data, "unsettled", steady->state == ASSAY_STEADY_NONE);
    if (steady->thirds_upper > 0) {
        assay_json_put_dec(b, data, "lastToFirstThirdLower", steady->thirds_lower);
        assay_json_put_dec(b, data, "lastToFirstThirdUpper", steady->thirds_upper);
    }
    return data;
}

static assay_code put_steady_arm(struct metric_book *book, struct assay_json_builder *b, json_t *list, uint32_t arm,
                                 assay_err *err)
{
    char id[ID_BYTES];
    struct assay_steady steady;
    size_t n = 0;
    assay_code rc = ASSAY_OK;
    if (book->extent) {
        steady = book->extent->steady[arm];
        n = (size_t)book->extent->values[arm];
    } else {
        rc = find_steady(book, arm, &steady, &n, err);
    }
    if (rc != ASSAY_OK) {
        return rc;
    }
    bool is_only = book->plan->arms_count == 1;
    (void)snprintf(id, sizeof id, STEADY_ID "%s%s", is_only ? "" : "-", is_only ? "" : book->plan->arms[arm].id);
    json_t *data = steady_data(b, &steady, n);
    rc = put_check(book, book->trace, b, list, id, STEADY_RULE, (int64_t)n, data, err);
    json_decref(data);
    return rc;
}

/* Paired runs are always judged; others where their trace asks for it, with a check of this rule: traces that were
 * written before there was a rule stay what they are. */
static assay_code put_steady(struct metric_book *book, const struct assay_trace *trace, struct assay_json_builder *b,
                             json_t *list, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    if (!book->extent && !told_check(trace, STEADY_RULE)) {
        json_t *data = json_object();
        rc = put_check(book, book->trace, b, list, STEADY_ID, STEADY_RULE, 0, data, err);
        json_decref(data);
        return rc;
    }
    for (uint32_t arm = 0; arm < book->plan->arms_count && rc == ASSAY_OK; arm++) {
        rc = put_steady_arm(book, b, list, arm, err);
    }
    return rc;
}

/* ---- whether the arms gave the same output ---------------------------------------------------------------------- */

/* Every timed output against that of arm a in the same round (statistics.md 1.1): counted from the samples, whatever
 * the check that asks for it says. */
static assay_code put_outputs(struct metric_book *book, struct assay_json_builder *b, json_t *list, const json_t *told,
                              assay_err *err)
{
    uint64_t compared = 0, differ = 0;
    assay_code rc = ASSAY_OK;
    for (uint32_t arm = 1; arm < book->plan->arms_count && rc == ASSAY_OK; arm++) {
        struct assay_arena arena;
        struct assay_pairs pairs;
        const struct assay_paired_query query = {.metric = "service", .base = 0, .other = arm};
        assay_arena_init(&arena, ARENA_BYTES_MAX);
        rc = assay_paired_of(book->plan, book->trace, &query, &arena, &pairs, err);
        if (rc == ASSAY_OK) {
            compared += pairs.rounds_compared;
            differ += pairs.outputs_differ;
        }
        assay_arena_done(&arena);
    }
    const char *id;
    rc = rc == ASSAY_OK ? assay_json_get_text(told, "id", "trace: check", &id, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    json_t *data = json_object();
    assay_json_put_u64(b, data, "failures", differ);
    rc = put_check(book, book->trace, b, list, id, OUTPUT_RULE, (int64_t)compared, data, err);
    json_decref(data);
    return rc;
}

/* The built-in model's tokens, counted from samples and counters. */
static assay_code put_lm_tokens(struct metric_book *book, struct assay_json_builder *b, json_t *list,
                                const json_t *told, assay_err *err)
{
    struct lm_tokens tokens;
    const char *id;
    assay_code rc = assay_lm_tokens_of(book->plan, book->trace, &tokens, err);
    rc = rc == ASSAY_OK ? assay_json_get_text(told, "id", "trace: check", &id, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    json_t *data = json_object();
    assay_json_put_u64(b, data, "failures", tokens.failures);
    for (uint32_t arm = 0; arm < book->plan->arms_count; arm++) {
        char name[ID_BYTES];
        (void)snprintf(name, sizeof name, "tokens.%s", book->plan->arms[arm].id);
        assay_json_put_u64(b, data, name, tokens.arms[arm].tokens);
        (void)snprintf(name, sizeof name, "wallNs.%s", book->plan->arms[arm].id);
        assay_json_put_u64(b, data, name, tokens.arms[arm].wall_ns);
    }
    rc = put_check(book, book->trace, b, list, id, TOKENS_RULE, (int64_t)tokens.tokens, data, err);
    json_decref(data);
    return rc;
}

/* Checks whose figures follow from the samples: a check in the trace only asks for them. */
static assay_code put_told(struct metric_book *book, struct assay_json_builder *b, json_t *list, const json_t *check,
                           assay_err *err)
{
    const char *rule = json_string_value(json_object_get(check, "rule"));
    if (json_object_get(check, "invalid") || (rule && strcmp(rule, STEADY_RULE) == 0)) {
        return ASSAY_OK;
    }
    if (rule && strcmp(rule, OUTPUT_RULE) == 0 && book->extent) {
        return put_outputs(book, b, list, check, err);
    }
    if (rule && strcmp(rule, TOKENS_RULE) == 0 && strcmp(book->plan->workload, "lm") == 0) {
        return put_lm_tokens(book, b, list, check, err);
    }
    return put_told_check(book, book->trace, b, list, check, err);
}

static const char *id_at(const json_t *list, size_t i)
{
    const char *id = json_string_value(json_object_get(json_array_get(list, i), "id"));
    return id ? id : "";
}

/* By id; a second one of the same id is refused. */
static assay_code sort_checks(json_t *list, assay_err *err)
{
    size_t count = json_array_size(list);
    for (size_t i = 1; i < count; i++) {
        for (size_t j = i; j > 0; j--) {
            int order = strcmp(id_at(list, j - 1), id_at(list, j));
            if (order == 0) {
                return assay_fail(err, ASSAY_MALFORMED, "trace: check '%.64s' is there twice", id_at(list, j));
            }
            if (order < 0) {
                break;
            }
            json_t *moved = json_incref(json_array_get(list, j));
            if (json_array_remove(list, j) != 0 || json_array_insert_new(list, j - 1, moved) != 0) {
                return assay_nomem(err);
            }
        }
    }
    return ASSAY_OK;
}

assay_code assay_checks_make(struct metric_book *book, const struct assay_trace *trace, json_t **ret, int *ret_gate,
                             assay_err *err)
{
    enum { SHOWN_MAX = 1024 }; /* evidence.md 1.2 */
    struct assay_json_builder b = {0};
    json_t *list = json_array();
    const json_t *told = assay_trace_checks(trace);
    *ret_gate = DERIVE_GATE_CHECK;
    assay_code rc = json_array_size(told) < SHOWN_MAX
                        ? put_cross(book, trace, &b, list, err)
                        : assay_fail(err, ASSAY_TOO_LARGE, "trace: %d checks or more", SHOWN_MAX);
    rc = rc == ASSAY_OK ? put_steady(book, trace, &b, list, err) : rc;
    for (size_t i = 0; i < json_array_size(told) && rc == ASSAY_OK; i++) {
        rc = put_told(book, &b, list, json_array_get(told, i), err);
    }
    rc = rc == ASSAY_OK ? assay_json_builder_check(&b, list, err) : rc;
    rc = rc == ASSAY_OK ? sort_checks(list, err) : rc;
    if (rc != ASSAY_OK) {
        json_decref(list);
        return rc;
    }
    *ret = list;
    return ASSAY_OK;
}

bool assay_checks_have_pass(const json_t *checks, const char *prefix)
{
    size_t len = strlen(prefix);
    for (size_t i = 0; i < json_array_size(checks); i++) {
        const json_t *check = json_array_get(checks, i);
        const char *rule = json_string_value(json_object_get(check, "rule"));
        const char *verdict = json_string_value(json_object_get(check, "verdict"));
        if (rule && verdict && strncmp(rule, prefix, len) == 0 && rule[len] == '@' &&
            strcmp(verdict, assay_verdict_text(ASSAY_VERDICT_PASS)) == 0) {
            return true;
        }
    }
    return false;
}
