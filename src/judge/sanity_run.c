#include "judge/sanity.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define CROSS_PPM_MAX 200.0 /* gate 338 */

static void check_window(struct judge *judge)
{
    const char *path = json_string_value(sanity_at(judge, "/predicate/protocol/computePath"));
    double first = sanity_number(judge, "/predicate/samples/firstDueNs");
    double last = sanity_number(judge, "/predicate/samples/lastEndNs");
    double measured =
        sanity_number(judge, "/predicate/samples/count") - sanity_number(judge, "/predicate/samples/warmup");
    bool is_unknown = path && strcmp(path, "imported") == 0 && last == 0; /* durations without instants */
    if (measured > 0 && last <= first && !is_unknown) {
        sanity_report(judge, GATE_IMPOSSIBLE, "/predicate/samples/lastEndNs", "a time after firstDueNs");
    }
}

static void check_kernels(struct judge *judge)
{
    const json_t *entries = sanity_at(judge, "/predicate/kernels/entries");
    double ns = 0, room = sanity_number(judge, "/predicate/kernels/wallNs") *
                          sanity_number(judge, "/predicate/kernels/threads");
    const json_t *entry;
    size_t i;
    json_array_foreach(entries, i, entry)
    {
        ns += (double)json_integer_value(json_object_get(entry, "ns"));
    }
    if (ns > room) {
        char expected[96];
        (void)snprintf(expected, sizeof expected, "at most wallNs x threads = %.0f ns, all entries together", room);
        sanity_report(judge, GATE_KERNEL_TIME, "/predicate/kernels/wallNs", expected);
    }
}

static void check_clock(struct judge *judge)
{
    double ppm = 0;
    const char *text = json_string_value(sanity_at(judge, "/predicate/protocol/clock/crossPpm"));
    if (text && assay_json_dec_read(text, &ppm) && fabs(ppm) > CROSS_PPM_MAX) {
        sanity_report(judge, GATE_CLOCK, "/predicate/protocol/clock/crossPpm", "at most 200 ppm");
    }
}

/* Sums of the samples object, for documents that were given without their trace. */
static void check_counts(struct judge *judge)
{
    static const char SAMPLES[] = "/predicate/samples";
    const json_t *samples = sanity_at(judge, SAMPLES);
    int64_t count, planned, warmup, ok, failed, timed_out, cancelled, in_flight, censored;
    struct {
        const char *name;
        int64_t *ret;
    } members[] = {
        {"count", &count},      {"planned", &planned},    {"warmup", &warmup},       {"ok", &ok},
        {"failed", &failed},    {"timedOut", &timed_out}, {"cancelled", &cancelled}, {"inFlight", &in_flight},
        {"censored", &censored}};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (assay_json_get_int(samples, members[i].name, SAMPLES, members[i].ret, NULL) != ASSAY_OK) {
            return;
        }
    }
    if (ok + failed + timed_out + cancelled + in_flight != count) {
        sanity_report(judge, GATE_STATUS_SUM, "/predicate/samples/count",
                      "the sum of ok, failed, timedOut, cancelled and inFlight");
    }
    if (timed_out + cancelled + in_flight != censored) {
        sanity_report(judge, GATE_STATUS_SUM, "/predicate/samples/censored",
                      "the sum of timedOut, cancelled and inFlight");
    }
    if (count > planned) {
        sanity_report(judge, GATE_COUNTS, "/predicate/samples/count", "at most planned");
    } else if (warmup > count) {
        sanity_report(judge, GATE_COUNTS, "/predicate/samples/warmup", "at most count");
    }
}

static void check_determinism(struct judge *judge)
{
    static const char STATE[] = "/predicate/determinism/state";
    const char *state = json_string_value(sanity_at(judge, STATE));
    size_t digests = json_array_size(sanity_at(judge, "/predicate/determinism/digests"));
    double repetitions = sanity_number(judge, "/predicate/determinism/repetitions");
    if (state && strcmp(state, "proven") == 0 && (repetitions < 2 || digests != 1)) {
        sanity_report(judge, GATE_DETERMINISM, STATE, "2 repetitions or more, and one digest");
    } else if (state && strcmp(state, "refuted") == 0 && digests < 2) {
        sanity_report(judge, GATE_DETERMINISM, STATE, "2 digests or more");
    }
}

static void check_codes(struct judge *judge)
{
    static const char *const ALWAYS[] = {"platform", "signer-honesty", "unlogged-runs"}; /* evidence.md 3.4 */
    const json_t *codes = sanity_at(judge, "/predicate/notChecked");
    for (size_t i = 0; json_is_array(codes) && i < sizeof ALWAYS / sizeof ALWAYS[0]; i++) {
        size_t k = 0;
        while (k < json_array_size(codes) &&
               strcmp(json_string_value(json_array_get(codes, k)) ? json_string_value(json_array_get(codes, k)) : "",
                      ALWAYS[i]) != 0) {
            k++;
        }
        if (k == json_array_size(codes)) {
            char expected[64];
            (void)snprintf(expected, sizeof expected, "the code %s, which is always listed", ALWAYS[i]);
            sanity_report(judge, GATE_CODES, "/predicate/notChecked", expected);
        }
    }
}

static bool has_metric(const json_t *metrics, const char *arm, const char *name, size_t len, const char *suffix)
{
    for (size_t i = 0; i < json_array_size(metrics); i++) {
        const char *found = judge_text_of(json_array_get(metrics, i), "name");
        if (strcmp(judge_text_of(json_array_get(metrics, i), "arm"), arm) == 0 && strncmp(found, name, len) == 0 &&
            strcmp(found + len, suffix) == 0) {
            return true;
        }
    }
    return false;
}

/* A ratio stands beside both of its terms, also where there is no plan to hold it against. */
static void check_ratios(struct judge *judge)
{
    const json_t *metrics = sanity_at(judge, "/predicate/metrics");
    const char *base = judge_text_of(json_array_get(sanity_at(judge, "/predicate/protocol/arms"), 0), "id");
    for (size_t i = 0; i < json_array_size(metrics); i++) {
        const json_t *metric = json_array_get(metrics, i);
        const char *name = judge_text_of(metric, "name"), *arm = judge_text_of(metric, "arm");
        struct assay_metric_key key;
        if (assay_metric_find(name, &key, NULL) != ASSAY_OK || !key.is_ratio) {
            continue;
        }
        size_t len = strlen(name) - strlen("_ratio");
        const char *suffix = key.row->takes_stat && !key.stat ? "_p50" : "";
        if (strcmp(arm, base) == 0 || !has_metric(metrics, base, name, len, suffix) ||
            !has_metric(metrics, arm, name, len, suffix)) {
            char place[64];
            (void)snprintf(place, sizeof place, "/predicate/metrics/%zu", i);
            sanity_report(judge, GATE_METRIC, place, "a ratio of a later arm with both of its terms");
        }
    }
}

static void check_invalid(struct judge *judge)
{
    const json_t *codes = sanity_at(judge, "/predicate/invalid"), *item;
    size_t i;
    json_array_foreach(codes, i, item)
    {
        struct assay_json_pointer to = {.len = 0};
        (void)assay_json_pointer_name(&to, "predicate");
        (void)assay_json_pointer_name(&to, "invalid");
        (void)assay_json_pointer_index(&to, i);
        const char *code = json_string_value(item);
        if (code && !judge_is_refused(judge, to.text)) {
            judge_add(judge, GATE_INVALID, ASSAY_VERDICT_UNDECIDED, to.text, code, "no validity rule broken");
        }
    }
}

void sanity_run(struct judge *judge)
{
    if (!judge->is_derived) { /* else the comparison has named what differs */
        check_counts(judge);
        check_determinism(judge);
        check_codes(judge);
        check_ratios(judge);
    }
    check_window(judge);
    check_kernels(judge);
    check_clock(judge);
    check_invalid(judge);
}
