#include "judge/sanity.h"

#include <stdio.h>
#include <string.h>

/* Gate 340: totals of tokens are sums over samples. With a trace compare.c holds each against its samples; a receipt
 * alone is held against itself: a total and the mean over the same samples say one sum. */

static const struct {
    const char *total, *mean;
} TOTALS[] = {{"prompt_tokens_total", "prompt_tokens_mean"}, {"output_tokens_total", "output_tokens_mean"}};

#define TOTALS_COUNT (sizeof TOTALS / sizeof TOTALS[0])

bool sanity_is_token_total(const char *metric)
{
    for (size_t i = 0; i < TOTALS_COUNT; i++) {
        if (strcmp(metric, TOTALS[i].total) == 0) {
            return true;
        }
    }
    return false;
}

/* The place of the mean of the same arm; behind the last if there is none. Lists are sorted by arm and name, else a 1xx
 * violation stands: what is between the two is all that is looked at, so that no list takes longer than it is long. */
static size_t find_before(const json_t *metrics, size_t total, const char *mean)
{
    const char *arm = judge_text_of(json_array_get(metrics, total), "arm");
    const char *behind = judge_text_of(json_array_get(metrics, total), "name");
    for (size_t i = total; i-- > 0;) {
        const json_t *metric = json_array_get(metrics, i);
        const char *name = judge_text_of(metric, "name");
        int order = strcmp(name, mean);
        if (order < 0 || strcmp(name, behind) >= 0 || strcmp(judge_text_of(metric, "arm"), arm) != 0) {
            break;
        }
        if (order == 0) {
            return i;
        }
        behind = name;
    }
    return json_array_size(metrics);
}

static bool is_reported(const struct judge *judge, const char *place)
{
    for (size_t i = 0; i < judge->count; i++) {
        if (strcmp(judge->list[i].pointer, place) == 0) {
            return true;
        }
    }
    return false;
}

static void check_total(struct judge *judge, const json_t *metrics, size_t index, const char *mean_name)
{
    const json_t *metric = json_array_get(metrics, index), *n = json_object_get(metric, "n");
    size_t place_of_mean = find_before(metrics, index, mean_name);
    const json_t *other = json_array_get(metrics, place_of_mean);
    char place[64], expected[96];
    double total, mean, count = (double)json_integer_value(n);
    bool can_ask = other && json_equal(n, json_object_get(other, "n")) && count > 0 &&
                   assay_json_dec_read(judge_text_of(metric, "value"), &total) &&
                   assay_json_dec_read(judge_text_of(other, "value"), &mean);
    if (!can_ask || total / count == mean) { /* both are the same integers, divided once */
        return;
    }
    (void)snprintf(place, sizeof place, "/predicate/metrics/%zu/value", place_of_mean);
    if (!is_reported(judge, place)) { /* a mean that is wrong in itself says nothing of the total */
        (void)snprintf(place, sizeof place, "/predicate/metrics/%zu/value", index);
        (void)snprintf(expected, sizeof expected, "the sum of %.0f samples of mean %.17g", count, mean);
        sanity_report(judge, GATE_TOKENS, place, expected);
    }
}

void sanity_tokens(struct judge *judge, const json_t *metrics)
{
    for (size_t i = 0; i < json_array_size(metrics); i++) {
        const char *name = judge_text_of(json_array_get(metrics, i), "name");
        for (size_t t = 0; t < TOTALS_COUNT; t++) {
            if (strcmp(name, TOTALS[t].total) == 0) {
                check_total(judge, metrics, i, TOTALS[t].mean);
            }
        }
    }
}
