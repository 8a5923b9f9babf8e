#include "record/receipt_parts.h"
#include "stat/stat.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Defaults of endpoints.md 4, "Validity". */
#define LATENESS_SHARE_MAX 0.01 /* of the median TTFT */
#define RATE_OFF_MAX 0.001
#define USERS_OFF_MAX 0.01
#define CLIENT_CPU_PPM_MAX 800000
#define CLIENT_DELAY_SHARE_MAX 0.10 /* of the median ICL */
#define CALIBRATED_TTFT_SHARE_MAX 0.01
#define CALIBRATED_ICL_SHARE_MAX 0.10
#define FOREIGN_PPM_MAX 20000

#define MEDIAN 500
#define P99 990

/* ---- what the rules look at ------------------------------------------------------------------------------------- */

void assay_validity_wants(bool wanted[METRIC_COUNT])
{
    wanted[METRIC_TTFT] = wanted[METRIC_ICL] = wanted[METRIC_LATENESS] = wanted[METRIC_CLIENT_DELAY] = true;
}

assay_code assay_validity_prepare(struct metric_book *book, assay_err *err)
{
    static const enum metric_id IDS[] = {METRIC_TTFT, METRIC_ICL, METRIC_LATENESS, METRIC_CLIENT_DELAY};
    assay_code rc = ASSAY_OK;
    for (size_t arm = 0; arm < book->plan->arms_count; arm++) {
        for (size_t i = 0; i < sizeof IDS / sizeof IDS[0] && rc == ASSAY_OK; i++) {
            rc = assay_series_sort(&book->arms[arm].series[IDS[i]], err);
        }
    }
    return rc;
}

/* The largest over the arms: a rule is broken if one arm breaks it. */
static bool plain_quantile(struct metric_book *book, enum metric_id id, unsigned p_milli, double *ret)
{
    bool is_there = false;
    for (size_t i = 0; i < book->plan->arms_count; i++) {
        struct series *series = &book->arms[i].series[id];
        if (series->count == 0) {
            continue;
        }
        assert(series->sorted); /* assay_validity_prepare */
        double value = series->sorted[assay_stat_quantile_rank(series->count, p_milli) - 1];
        *ret = is_there && *ret > value ? *ret : value;
        is_there = true;
    }
    return is_there;
}

struct judged {
    struct metric_book *book;
    const struct assay_trace *trace;
};

static bool is_late(const struct judged *judged)
{
    double lateness, ttft;
    return judged->book->plan->load.mode == ASSAY_LOAD_OPEN && !judged->book->is_imported &&
           plain_quantile(judged->book, METRIC_LATENESS, P99, &lateness) &&
           plain_quantile(judged->book, METRIC_TTFT, MEDIAN, &ttft) && lateness > LATENESS_SHARE_MAX * ttft;
}

static bool is_rate_off(const struct judged *judged)
{
    const struct metric_book *book = judged->book;
    for (size_t i = 0; i < book->plan->arms_count; i++) {
        const struct arm_book *arm = &book->arms[i];
        double asked = (double)(arm->last_sent_due_ns - arm->first_sent_due_ns);
        double taken = (double)arm->last_sent_ns - (double)arm->first_sent_ns;
        bool is_measurable = arm->sent >= 2 && asked > 0 && taken > 0;
        if (is_measurable && fabs(asked / taken - 1) > RATE_OFF_MAX) {
            return book->plan->load.mode == ASSAY_LOAD_OPEN && !book->is_imported;
        }
    }
    return false;
}

static bool are_users_off(const struct judged *judged)
{
    const struct metric_book *book = judged->book;
    const struct arm_book *arm = &book->arms[0];
    double window = (double)assay_arm_window_ns(arm);
    if (book->plan->load.mode != ASSAY_LOAD_CLOSED || book->plan->arms_count > 1 || book->is_imported || window <= 0 ||
        book->plan->load.concurrency == 0) {
        return false; /* arms that take turns share the users */
    }
    double asked = (double)book->plan->load.concurrency;
    return fabs(arm->busy_ns / window / asked - 1) > USERS_OFF_MAX;
}

static bool is_client_slow(const struct judged *judged)
{
    size_t count;
    const struct assay_host_reading *host = assay_trace_host(judged->trace, &count);
    for (size_t i = 0; i < count; i++) {
        if (host[i].client_cpu_ppm != ASSAY_NS_ABSENT && host[i].client_cpu_ppm > CLIENT_CPU_PPM_MAX) {
            return true;
        }
    }
    bool lacks_stamps = false;
    for (size_t i = 0; i < judged->book->plan->arms_count; i++) {
        lacks_stamps |= judged->book->arms[i].quality_tokens[ASSAY_QUALITY_UNKNOWN] > 0;
    }
    double delay, icl;
    return lacks_stamps && !judged->book->is_imported &&
           plain_quantile(judged->book, METRIC_CLIENT_DELAY, P99, &delay) &&
           plain_quantile(judged->book, METRIC_ICL, MEDIAN, &icl) && delay > CLIENT_DELAY_SHARE_MAX * icl;
}

static bool are_stamps_bad(const struct judged *judged)
{
    const struct metric_book *book = judged->book;
    for (size_t i = 0; i < book->plan->arms_count; i++) {
        if (assay_arm_quality_share(&book->arms[i], ASSAY_QUALITY_UNKNOWN) > UNKNOWN_SHARE_INVALID) {
            return !book->is_imported;
        }
    }
    return false;
}

/* The calibrated error of the stamps that the run used: kernel stamps if there were any. */
static bool calibrated_error(const json_t *data, double *ret)
{
    static const char *const NAMES[] = {"kernelP99Ns", "arrivalP99Ns", "userP99Ns"};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        const json_t *value = json_object_get(data, NAMES[i]);
        if (json_is_integer(value)) {
            *ret = fabs((double)json_integer_value(value));
            return true;
        }
    }
    return false;
}

enum assay_verdict assay_judge_calibration(struct metric_book *book, const json_t *data)
{
    double error, ttft, icl;
    if (!calibrated_error(data, &error) || !plain_quantile(book, METRIC_TTFT, MEDIAN, &ttft)) {
        return ASSAY_VERDICT_NOT_MEASURED;
    }
    bool is_over = error > CALIBRATED_TTFT_SHARE_MAX * ttft;
    if (plain_quantile(book, METRIC_ICL, MEDIAN, &icl)) {
        is_over |= error > CALIBRATED_ICL_SHARE_MAX * icl;
    }
    return is_over ? ASSAY_VERDICT_FAIL : ASSAY_VERDICT_PASS;
}

static bool is_calibration_over(const struct judged *judged)
{
    const json_t *checks = assay_trace_checks(judged->trace);
    for (size_t i = 0; i < json_array_size(checks); i++) {
        const json_t *check = json_array_get(checks, i);
        const char *rule = json_string_value(json_object_get(check, "rule"));
        if (rule && strcmp(rule, "stamp_calibration@1") == 0 &&
            assay_judge_calibration(judged->book, json_object_get(check, "data")) == ASSAY_VERDICT_FAIL) {
            return true;
        }
    }
    return false;
}

static double mean_ppm(const struct assay_host_reading *host, size_t count, size_t offset)
{
    double sum = 0;
    size_t known = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t value;
        memcpy(&value, (const char *)&host[i] + offset, sizeof value);
        if (value != ASSAY_NS_ABSENT) {
            sum += (double)value;
            known++;
        }
    }
    return known ? sum / (double)known : 0;
}

static bool is_noisy(const struct judged *judged)
{
    size_t count;
    const struct assay_host_reading *host = assay_trace_host(judged->trace, &count);
    for (size_t i = 0; i < count; i++) {
        if (host[i].throttled_ns != ASSAY_NS_ABSENT && host[i].throttled_ns > 0) {
            return true;
        }
    }
    return mean_ppm(host, count, offsetof(struct assay_host_reading, foreign_cpu_ppm)) > FOREIGN_PPM_MAX ||
           mean_ppm(host, count, offsetof(struct assay_host_reading, steal_ppm)) > FOREIGN_PPM_MAX ||
           assay_trace_summary(judged->trace)->clock_steps > 0;
}

/* In the order of their codes. Without a rule: only the workload can know it, and its check record says so. */
static const struct {
    const char *code;
    bool (*is_broken)(const struct judged *judged);
} RULES[] = {
    {"busy", NULL},      {"calib", is_calibration_over}, {"client", is_client_slow}, {"late", is_late},
    {"noise", is_noisy}, {"rate", is_rate_off},          {"stamps", are_stamps_bad}, {"state", NULL},
    {"subject", NULL},   {"users", are_users_off},
};

#define RULES_COUNT (sizeof RULES / sizeof RULES[0])

static bool mark_code(const char *code, bool broken[RULES_COUNT])
{
    for (size_t i = 0; i < RULES_COUNT; i++) {
        if (code && strcmp(RULES[i].code, code) == 0) {
            broken[i] = true;
            return RULES[i].is_broken == NULL;
        }
    }
    return false;
}

static assay_code read_told_codes(const json_t *checks, bool broken[RULES_COUNT], assay_err *err)
{
    for (size_t i = 0; i < json_array_size(checks); i++) {
        const json_t *codes = json_object_get(json_array_get(checks, i), "invalid");
        for (size_t c = 0; c < json_array_size(codes); c++) {
            const char *code = json_string_value(json_array_get(codes, c));
            if (!mark_code(code, broken)) {
                return assay_fail(err, ASSAY_MALFORMED, "trace: check %zu: '%.32s' is no code that a workload can know",
                                  i, code ? code : "");
            }
        }
    }
    return ASSAY_OK;
}

assay_code assay_validity_make(struct metric_book *book, const struct assay_trace *trace, json_t **ret, int *ret_gate,
                               assay_err *err)
{
    bool broken[RULES_COUNT] = {false};
    const struct judged judged = {.book = book, .trace = trace};
    assay_code rc = read_told_codes(assay_trace_checks(trace), broken, err);
    if (rc != ASSAY_OK) {
        *ret_gate = DERIVE_GATE_CODES;
        return rc;
    }
    struct assay_json_builder b = {0};
    json_t *codes = json_array();
    for (size_t i = 0; i < RULES_COUNT; i++) {
        if (broken[i] || (RULES[i].is_broken && RULES[i].is_broken(&judged))) {
            assay_json_add_text(&b, codes, RULES[i].code);
        }
    }
    rc = assay_json_builder_check(&b, codes, err);
    if (rc != ASSAY_OK) {
        json_decref(codes);
        return rc;
    }
    *ret = codes;
    return ASSAY_OK;
}
