#include "report/value.h"

#include "base/num.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_MS 1e6
#define DECIMALS_MAX 6 /* of a millisecond: one nanosecond */

/* Both views of a latency stand beside each other. */
static const struct heading {
    const char *id, *text;
} HEADINGS[] = {
    {"ttft", "TTFT"},
    {"ttft_ok", "TTFT, ok only"},
    {"ttft_sched", "TTFT from schedule"},
    {"ttft_sched_ok", "TTFT from schedule, ok only"},
    {"ttfo", "first answer token"},
    {"ttfr", "first event"},
    {"ttfb", "first byte"},
    {"tpot", "TPOT"},
    {"tpot_ok", "TPOT, ok only"},
    {"tpot_after_first", "TPOT after first chunk"},
    {"tpot_after_first_ok", "TPOT after first chunk, ok only"},
    {"itl", "ITL"},
    {"itl_ok", "ITL, ok only"},
    {"icl", "chunk gap"},
    {"icl_ok", "chunk gap, ok only"},
    {"e2e", "end to end"},
    {"e2e_sched", "end to end from schedule"},
    {"e2e_ok", "end to end, ok only"},
    {"e2e_sched_ok", "end to end from schedule, ok only"},
    {"e2e_stream", "end of stream"},
    {"token_rate", "tokens"},
    {"token_rate_ok", "tokens, ok only"},
    {"service", "service time"},
    {"service_ok", "service time, ok only"},
    {"sched", "latency from schedule"},
    {"sched_ok", "latency from schedule, ok only"},
    {"spawn", "spawn"},
    {"cpu", "CPU time"},
    {"cpu_tree", "CPU time of all children"},
    {"peak_rss", "peak memory"},
    {"lateness", "lateness of send"},
    {"client_delay", "client delay"},
    {"load_time", "load time"},
    {"decode_rate", "decode rate"},
    {"reported_rate", "rate as reported"},
    {"prefill_rate", "prefill rate"},
    {"prefill_rate_client", "prefill rate, at least"},
    {"output_rate", "output tokens"},
    {"output_rate_wall", "output tokens over wall time"},
    {"rate", "operations"},
    {"success_share", "ok of issued"},
    {"goodput_share", "goodput share"},
    {"goodput_rate", "goodput"},
    {"achieved_ratio", "achieved of asked rate"},
    {"cached_share", "cached prompt tokens"},
    {"exact_share", "tokens with exact stamp"},
    {"bounded_share", "tokens with bounded stamp"},
    {"unknown_share", "tokens without kernel stamp"},
    {"prompt_tokens", "prompt tokens"},
    {"output_tokens", "output tokens a request"},
    {"prompt_tokens_asked", "prompt tokens asked"},
    {"output_tokens_asked", "output tokens asked"},
    {"prompt_tokens_total", "prompt tokens in all"},
    {"output_tokens_total", "output tokens in all"},
    {"goodput_no_tpot", "requests without TPOT"},
};

const char *assay_value_heading(const char *id)
{
    size_t order = assay_value_order(id);
    return order < sizeof HEADINGS / sizeof HEADINGS[0] ? HEADINGS[order].text : id;
}

size_t assay_value_order(const char *id)
{
    assert(id);
    size_t i = 0;
    while (i < sizeof HEADINGS / sizeof HEADINGS[0] && strcmp(HEADINGS[i].id, id) != 0) {
        i++;
    }
    return i;
}

double assay_value_grain_ns(const struct assay_view *view)
{
    /* Kernel stamps if there were any, else what the program itself saw. */
    static const char *const NAMES[] = {"kernelP99Ns", "arrivalP99Ns", "userP99Ns", NULL};
    const json_t *data = json_object_get(assay_view_check(view, "stamp_calibration"), "data");
    for (size_t i = 0; NAMES[i] != NULL; i++) {
        const json_t *value = json_object_get(data, NAMES[i]);
        double number;
        if (json_is_integer(value)) {
            return fabs((double)json_integer_value(value));
        }
        if (json_is_string(value) && assay_json_dec_read(json_string_value(value), &number)) {
            return fabs(number);
        }
    }
    return 0;
}

static int significant_decimals(double value)
{
    double size = fabs(value);
    int decimals = 2; /* 1.23 */
    for (; size >= 10 && decimals > 0; size /= 10) {
        decimals--;
    }
    for (; size > 0 && size < 1 && decimals < DECIMALS_MAX; size *= 10) {
        decimals++;
    }
    return decimals;
}

void assay_value_print_ms(double ns, double grain_ns, char text[ASSAY_VALUE_TEXT_BYTES])
{
    double ms = ns / NS_PER_MS;
    int decimals = significant_decimals(ms);
    /* The last digit shown is at least as coarse as half the error bar. */
    for (double unit = pow(10, -decimals); decimals > 0 && unit * NS_PER_MS < grain_ns / 2; unit *= 10) {
        decimals--;
    }
    snprintf(text, ASSAY_VALUE_TEXT_BYTES, "%.*f ms", decimals, ms);
}

static bool ends(const char *text, const char *suffix)
{
    size_t len = strlen(text), tail = strlen(suffix);
    return len >= tail && strcmp(text + len - tail, suffix) == 0;
}

void assay_value_print(const struct assay_metric_view *metric, double value, double grain_ns,
                       char text[ASSAY_VALUE_TEXT_BYTES])
{
    assert(metric && text);
    char number[ASSAY_NUM_TEXT_BYTES];
    if (strcmp(metric->unit, "ns") == 0) {
        assay_value_print_ms(value, grain_ns, text);
    } else if (strcmp(metric->unit, "bytes") == 0) {
        assay_num_print_bytes(value, number);
        snprintf(text, ASSAY_VALUE_TEXT_BYTES, "%s", number);
    } else if (strcmp(metric->unit, "1/s") == 0) {
        const char *what = strstr(metric->id, "output") != NULL || strstr(metric->id, "decode") != NULL ||
                                   strstr(metric->id, "prefill") != NULL || strstr(metric->id, "reported") != NULL ||
                                   strstr(metric->id, "token") != NULL
                               ? "tok/s"
                               : "/s";
        snprintf(text, ASSAY_VALUE_TEXT_BYTES, "%.*f %s", significant_decimals(value), value, what);
    } else if (ends(metric->id, "_share") || ends(metric->id, "_ratio")) {
        snprintf(text, ASSAY_VALUE_TEXT_BYTES, "%.4g %%", 100 * value);
    } else {
        snprintf(text, ASSAY_VALUE_TEXT_BYTES, "%.6g%s%s", value, metric->unit[0] == '1' ? "" : " ",
                 metric->unit[0] == '1' ? "" : metric->unit);
    }
}

double assay_value_count(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    uint64_t count = 0;
    bool is_count = text && assay_num_u64(assay_slice_of(text), name, UINT64_MAX, &count, NULL) == ASSAY_OK;
    return is_count ? (double)count : 0;
}

double assay_value_dec(const json_t *object, const char *name)
{
    double value = 0;
    const char *text = json_string_value(json_object_get(object, name));
    return text && assay_json_dec_read(text, &value) ? value : 0;
}
