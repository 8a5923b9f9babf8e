/* What --strict adds about dates, rates and tests, 828 to 835. A member of the wrong type is 820's; here it says
 * nothing. */
#include "judge/legacy_room.h"

#include "base/clock.h"
#include "base/num.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AHEAD_S_MAX 300      /* as gate 406 */
#define TOTAL_SHARE_MAX 0.05 /* between the total and what the latencies add up to */
#define BELOW_MS 0.5         /* times are whole milliseconds: rounded, as ours, */
#define ABOVE_MS 1.0         /* or cut, as the original's */
#define ROUNDING 1e-9        /* of binary64 in the divisions here, generously */
#define COSINE_MIN 0.99
#define COSINE_MAX 1.000001 /* the original computes it in binary32 */

static const json_t *at(const struct legacy *legacy, const char *pointer)
{
    return assay_json_at(legacy->root, pointer);
}

static void refuse(struct legacy *legacy, enum gate gate, const char *pointer, const char *expected)
{
    judge_fail(&legacy->judge, gate, pointer, at(legacy, pointer), expected);
}

static bool number_at(const struct legacy *legacy, const char *pointer, double *ret)
{
    const json_t *value = at(legacy, pointer);
    *ret = json_number_value(value);
    return json_is_number(value);
}

/* ---- 828 -------------------------------------------------------------------------------------------------------- */

static bool two_digits(const char *text, int max, int *ret)
{
    bool is_there = strspn(text, "0123456789") >= 2;
    *ret = is_there ? (text[0] - '0') * 10 + (text[1] - '0') : 0;
    return is_there && *ret <= max;
}

/* "Z", "+02:00" and nothing behind it. */
static bool zone_read(const char *text, int64_t *ret_offset_s)
{
    int hours = 0;
    int minutes = 0;
    *ret_offset_s = 0;
    if (text[0] == 'Z' || text[0] == 'z') {
        return text[1] == '\0';
    }
    bool is_read = (text[0] == '+' || text[0] == '-') && two_digits(text + 1, 23, &hours) && text[3] == ':' &&
                   two_digits(text + 4, 59, &minutes) && text[6] == '\0';
    *ret_offset_s = (text[0] == '-' ? -60 : 60) * (int64_t)(60 * hours + minutes);
    return is_read;
}

/* RFC 3339: a date and time as assay_time_read knows it, then a fraction and a zone. */
static bool rfc3339_read(struct assay_slice text, int64_t *ret_s)
{
    enum { SECONDS_END = 19, TEXT_MAX = 64 };
    char whole[TEXT_MAX] = {0}, head[SECONDS_END + 2] = {0};
    int64_t offset_s = 0;
    if (text.len <= SECONDS_END || text.len >= sizeof whole || memchr(text.data, '\0', text.len)) {
        return false;
    }
    memcpy(whole, text.data, text.len);
    memcpy(head, whole, SECONDS_END);
    head[SECONDS_END] = 'Z';
    head[10] = head[10] == 't' ? 'T' : head[10];
    const char *rest = whole + SECONDS_END;
    if (*rest == '.') {
        size_t digits = strspn(rest + 1, "0123456789");
        rest += 1 + digits;
        if (digits == 0) {
            return false;
        }
    }
    bool is_read = assay_time_read(head, ret_s) && zone_read(rest, &offset_s);
    *ret_s -= offset_s;
    return is_read;
}

bool legacy_check_date(struct legacy *legacy)
{
    const json_t *value = at(legacy, "/timestamp");
    int64_t seconds = 0;
    int64_t latest = (int64_t)(legacy->question->now_real_ns / ASSAY_NS_PER_S) + AHEAD_S_MAX;
    if (!json_is_string(value)) {
        return false;
    }
    if (!rfc3339_read(assay_legacy_text(value), &seconds)) {
        refuse(legacy, GATE_LEGACY_DATE, "/timestamp", "a date and time of RFC 3339");
    } else if (seconds > latest) {
        refuse(legacy, GATE_LEGACY_DATE, "/timestamp", "a time that is past");
    }
    return true;
}

/* ---- 829, 830 --------------------------------------------------------------------------------------------------- */

#define BASELINE "/performance_baseline/"

static void check_positive(struct legacy *legacy)
{
    static const char *const PLACES[] = {
        "/tokens_per_second",
        BASELINE "tokens_per_second",
        BASELINE "total_time_ms",
        BASELINE "first_token_latency_ms",
        BASELINE "average_token_latency_ms",
    };
    static const char *const SHARES[] = {
        "/test_results/kv_cache_tests/cache_hit_rate",
        BASELINE "cache_efficiency/kv_cache_hit_rate",
        "/parity/exact_match_rate",
    };
    double value;
    for (size_t i = 0; i < sizeof PLACES / sizeof PLACES[0]; i++) {
        if (number_at(legacy, PLACES[i], &value) && value <= 0) {
            refuse(legacy, GATE_LEGACY_RATES, PLACES[i], "a rate or time above 0");
        }
    }
    for (size_t i = 0; i < sizeof SHARES / sizeof SHARES[0]; i++) {
        if (number_at(legacy, SHARES[i], &value) && (value < 0 || value > 1)) {
            refuse(legacy, GATE_LEGACY_RATES, SHARES[i], "a share from 0 to 1");
        }
    }
}

/* One unit in the last place that is printed: 0.1 for 12.5. A real without a fraction was printed as "12.0". */
static double printed_unit(const json_t *number)
{
    char text[ASSAY_NUM_TEXT_BYTES];
    assay_num_print_shortest(json_number_value(number), text);
    const char *point = strchr(text, '.'), *exponent = strchr(text, 'e');
    size_t decimals = point ? strspn(point + 1, "0123456789") : 0;
    if (decimals == 0 && json_is_real(number) && !exponent) {
        decimals = 1;
    }
    long power = exponent ? strtol(exponent + 1, NULL, 10) : 0;
    return pow(10.0, (double)power - (double)decimals);
}

static void check_rate(struct legacy *legacy)
{
    double tokens, total_ms, rate;
    if (!number_at(legacy, BASELINE "tokens_generated", &tokens) ||
        !number_at(legacy, BASELINE "total_time_ms", &total_ms) ||
        !number_at(legacy, BASELINE "tokens_per_second", &rate) || total_ms <= 0 || rate <= 0) {
        return;
    }
    double half = printed_unit(at(legacy, BASELINE "tokens_per_second")) / 2;
    double least = tokens * 1000 / (total_ms + ABOVE_MS) - half, most = tokens * 1000 / (total_ms - BELOW_MS) + half;
    if (rate < least * (1 - ROUNDING) || rate > most * (1 + ROUNDING)) {
        char expected[128];
        (void)snprintf(expected, sizeof expected, "%g tokens in %g ms: %.6g to %.6g a second", tokens, total_ms, least,
                       most);
        refuse(legacy, GATE_LEGACY_RATES, BASELINE "tokens_per_second", expected);
    }
}

/* Whether the total is what these latencies give, within the share and their rounding. */
static bool is_near(double total_ms, double first_ms, double steps, double average_ms)
{
    double least = first_ms + steps * (average_ms - BELOW_MS), most = first_ms + steps * (average_ms + ABOVE_MS);
    return total_ms >= least * (1 - TOTAL_SHARE_MAX) && total_ms <= most * (1 + TOTAL_SHARE_MAX);
}

static void check_total(struct legacy *legacy)
{
    double tokens, total_ms, average_ms, first_ms;
    if (!number_at(legacy, BASELINE "tokens_generated", &tokens) ||
        !number_at(legacy, BASELINE "total_time_ms", &total_ms) ||
        !number_at(legacy, BASELINE "average_token_latency_ms", &average_ms)) {
        return;
    }
    bool has_first = number_at(legacy, BASELINE "first_token_latency_ms", &first_ms);
    if (!is_near(total_ms, 0, tokens, average_ms) &&
        !(has_first && is_near(total_ms, first_ms, tokens - 1, average_ms))) {
        refuse(legacy, GATE_LEGACY_RATES, BASELINE "total_time_ms", "what the latencies of all tokens add up to (5 %)");
    }
}

bool legacy_check_rates(struct legacy *legacy)
{
    check_positive(legacy);
    check_rate(legacy);
    check_total(legacy);
    return true;
}

bool legacy_check_tokens(struct legacy *legacy)
{
    double requested, generated;
    if (number_at(legacy, "/tokens_requested", &requested) && number_at(legacy, "/tokens_generated", &generated) &&
        requested != generated) {
        refuse(legacy, GATE_LEGACY_TOKENS, "/tokens_generated", "as many as were requested");
    }
    return true;
}

/* ---- 831 to 835 ------------------------------------------------------------------------------------------------- */

static bool count_at(const struct legacy *legacy, const char *pointer, uint64_t *ret)
{
    const json_t *value = at(legacy, pointer);
    *ret = json_integer_value(value) >= 0 ? (uint64_t)json_integer_value(value) : 0;
    return json_is_integer(value) && json_integer_value(value) >= 0;
}

static void check_accuracy(struct legacy *legacy, const char *name)
{
    char place[ASSAY_JSON_POINTER_BYTES];
    (void)snprintf(place, sizeof place, "/test_results/accuracy_tests/%s", name);
    const json_t *test = at(legacy, place), *passed = json_object_get(test, "passed");
    const json_t *mse = json_object_get(test, "mse"), *tolerance = json_object_get(test, "tolerance");
    if (!json_is_boolean(passed) || !json_is_number(mse) || !json_is_number(tolerance)) {
        return;
    }
    (void)snprintf(place, sizeof place, "/test_results/accuracy_tests/%s/passed", name);
    if (json_is_true(passed) != (json_number_value(mse) <= json_number_value(tolerance))) {
        refuse(legacy, GATE_LEGACY_TESTS, place, "whether mse is at most the tolerance");
    } else if (json_is_false(passed)) {
        refuse(legacy, GATE_LEGACY_TESTS, place, "true");
    }
}

bool legacy_check_tests(struct legacy *legacy)
{
    uint64_t total, passed, failed, skipped;
    bool is_counted =
        count_at(legacy, "/test_results/total_tests", &total) && count_at(legacy, "/test_results/passed", &passed);
    bool has_failed = count_at(legacy, "/test_results/failed", &failed);
    (void)count_at(legacy, "/test_results/skipped", &skipped);
    if (is_counted && has_failed && (passed > total || failed > total - passed || skipped != total - passed - failed)) {
        refuse(legacy, GATE_LEGACY_TESTS, "/test_results/total_tests", "passed + failed + skipped");
    }
    if (failed > 0) {
        refuse(legacy, GATE_LEGACY_TESTS, "/test_results/failed", "0");
    }
    check_accuracy(legacy, "i2s_accuracy");
    check_accuracy(legacy, "tl1_accuracy");
    check_accuracy(legacy, "tl2_accuracy");
    return true;
}

bool legacy_check_repeats(struct legacy *legacy)
{
    static const char TESTS[] = "/test_results/determinism_tests";
    uint64_t runs;
    bool is_shown = json_is_true(at(legacy, "/test_results/determinism_tests/identical_sequences")) &&
                    count_at(legacy, "/test_results/determinism_tests/runs", &runs) && runs >= 2;
    if (json_is_true(at(legacy, "/deterministic")) && !is_shown) {
        refuse(legacy, GATE_LEGACY_REPEATS, TESTS, "two identical runs or more, as deterministic is true");
    }
    return true;
}

bool legacy_check_parity(struct legacy *legacy)
{
    double cosine, exact;
    uint64_t tokens;
    if (!assay_slice_is(assay_legacy_text(at(legacy, "/parity/status")), "ok")) {
        return true;
    }
    if (!number_at(legacy, "/parity/cosine_similarity", &cosine) || cosine < COSINE_MIN || cosine > COSINE_MAX) {
        refuse(legacy, GATE_LEGACY_PARITY, "/parity/cosine_similarity", "0.99 to 1, as status is ok");
    }
    if (!number_at(legacy, "/parity/exact_match_rate", &exact) || exact != 1) {
        refuse(legacy, GATE_LEGACY_PARITY, "/parity/exact_match_rate", "1, as status is ok");
    }
    if (!count_at(legacy, BASELINE "tokens_generated", &tokens) || tokens == 0) {
        refuse(legacy, GATE_LEGACY_PARITY, BASELINE "tokens_generated", "tokens that were compared");
    }
    return true;
}

bool legacy_check_corrections(struct legacy *legacy)
{
    if (json_array_size(at(legacy, "/corrections")) > 0) {
        refuse(legacy, GATE_LEGACY_CORRECTIONS, "/corrections", "none: corrected weights are another model");
    }
    return true;
}

bool legacy_check_model(struct legacy *legacy)
{
    static const char PLACE[] = "/model_info/sha256";
    const json_t *value = at(legacy, PLACE);
    struct assay_slice text = assay_legacy_text(value);
    if (value && !json_is_string(value)) {
        return false;
    }
    bool is_digest = text.len == 64;
    for (size_t i = 0; is_digest && i < text.len; i++) {
        is_digest = strchr("0123456789abcdefABCDEF", text.data[i]) != NULL && text.data[i] != '\0';
    }
    if (!is_digest) {
        refuse(legacy, GATE_LEGACY_MODEL, PLACE, "the SHA-256 of the model, 64 hex digits");
    }
    return true;
}
