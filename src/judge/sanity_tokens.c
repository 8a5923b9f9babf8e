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

/* Its place; behind the last if there is none. */
static size_t find(const json_t *metrics, const char *arm, const char *name)
{
    size_t i = 0, count = json_array_size(metrics);
    for (; i < count; i++) {
        const json_t *metric = json_array_get(metrics, i);
        if (strcmp(judge_text_of(metric, "name"), name) == 0 && strcmp(judge_text_of(metric, "arm"), arm) == 0) {
            break;
        }
    }
    return i;
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
    size_t place_of_mean = find(metrics, judge_text_of(metric, "arm"), mean_name);
    const json_t *other = json_array_get(metrics, place_of_mean);
    char place[64], expected[96];
    double total, mean, count = (double)json_integer_value(n);
    bool can_ask = other && json_equal(n, json_object_get(other, "n")) && count > 0 &&
                   assay_json_dec_read(judge_text_of(metric, "value"), &total) &&
                   assay_json_dec_read(judge_text_of(other, "value"), &mean);
    (void)snprintf(place, sizeof place, "/predicate/metrics/%zu/value", place_of_mean);
    bool is_mean_said = is_reported(judge, place); /* a mean that is wrong in itself says nothing of the total */
    if (can_ask && !is_mean_said && total / count != mean) { /* both are the same integers, divided once */
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
