#include "judge/sanity.h"

#include "base/text.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Gates 331 to 341: what cannot be true of any run. They look at what plan and trace give; without those at the
 * document itself, so that a receipt alone is still held against itself. */

#define REGION_FACTOR 1000.0 /* gate 337: a region of 1,000 clock readings hides their cost in its last digit */
#define IN_FLIGHT_SLACK 1e-6 /* gate 334: sums of rounded means */
#define RATE_SLACK 1e-9      /* gate 333: quotients of integers, rounded once each */
#define STATS_COUNT 9

static const char LIST[] = "/predicate/metrics";

/* In the order that gate 332 demands; mean and sd stand apart. */
static const char *const STATS[STATS_COUNT] = {"min", "p50", "p90", "p95", "p99", "p99.9", "max", "mean", "sd"};
enum { STAT_MIN, STAT_P50, STAT_P999 = 5, STAT_MAX, STAT_MEAN, STAT_SD };

struct reading {
    size_t index; /* in metrics */
    const char *arm, *name, *unit, *formula;
    size_t id_len; /* of the name without its statistic */
    int stat;      /* index into STATS, -1: none */
    double value;
    bool has_value;
    uint64_t n;
};

/* What the gates need of protocol and samples; a member that was refused counts as 0. */
struct frame {
    double window_ns, concurrency, clock_ns;
    size_t arms;
    bool is_closed;
};

const json_t *sanity_at(const struct judge *judge, const char *pointer)
{
    return assay_json_at(judge->is_derived ? judge->derived.statement : judge->statement, pointer);
}

double sanity_number(const struct judge *judge, const char *pointer)
{
    return (double)json_integer_value(sanity_at(judge, pointer));
}

static const char *place(struct assay_json_pointer *to, size_t index, const char *member)
{
    *to = (struct assay_json_pointer){.len = 0};
    (void)assay_json_pointer_name(to, "predicate");
    (void)assay_json_pointer_name(to, "metrics");
    (void)assay_json_pointer_index(to, index);
    (void)assay_json_pointer_name(to, member);
    return to->text;
}

void sanity_report(struct judge *judge, enum gate gate, const char *pointer, const char *expected)
{
    if (!judge_is_refused(judge, pointer)) {
        judge_fail(judge, gate, pointer, sanity_at(judge, pointer), expected);
    }
}

static void report_value(struct judge *judge, enum gate gate, const struct reading *reading, const char *expected)
{
    struct assay_json_pointer to;
    sanity_report(judge, gate, place(&to, reading->index, "value"), expected);
}

static struct reading read_metric(const json_t *metric, size_t index)
{
    struct reading reading = {.index = index,
                              .arm = judge_text_of(metric, "arm"),
                              .name = judge_text_of(metric, "name"),
                              .unit = judge_text_of(metric, "unit"),
                              .formula = judge_text_of(metric, "formula"),
                              .stat = -1};
    const char *cut = strrchr(reading.name, '_');
    for (int i = 0; cut && i < STATS_COUNT; i++) {
        if (strcmp(cut + 1, STATS[i]) == 0) {
            reading.stat = i;
        }
    }
    reading.id_len = reading.stat >= 0 ? (size_t)(cut - reading.name) : strlen(reading.name);
    reading.has_value = assay_json_dec_read(judge_text_of(metric, "value"), &reading.value);
    json_int_t n = json_integer_value(json_object_get(metric, "n"));
    reading.n = n > 0 ? (uint64_t)n : 0;
    return reading;
}

static bool is_id(const struct reading *reading, const char *id)
{
    return strlen(id) == reading->id_len && strncmp(reading->name, id, reading->id_len) == 0;
}

/* ---- one metric alone ---- */

static void check_possible(struct judge *judge, const struct reading *reading)
{
    bool is_share = assay_text_ends(reading->name, "_share");
    if (reading->value < 0 && (is_share || strcmp(reading->unit, "1") != 0)) {
        report_value(judge, GATE_IMPOSSIBLE, reading, "a value of 0 or more");
    } else if (is_share && reading->value > 1) {
        report_value(judge, GATE_IMPOSSIBLE, reading, "a share of at most 1");
    }
}

static void check_least_n(struct judge *judge, const struct reading *reading)
{
    uint64_t least =
        reading->stat >= STAT_P50 && reading->stat <= STAT_P999 ? assay_metric_least_n(STATS[reading->stat]) : 0;
    struct assay_json_pointer to;
    char expected[64];
    if (reading->n < least) {
        (void)snprintf(expected, sizeof expected, "at least %llu samples for %s", (unsigned long long)least,
                       STATS[reading->stat]);
        sanity_report(judge, GATE_LEAST_N, place(&to, reading->index, "n"), expected);
    }
}

/* Metrics whose samples are whole numbers: n times their mean is one too. */
static bool has_whole_samples(const struct reading *reading)
{
    static const char *const IDS[] = {"ttft",
                                      "ttft_sched",
                                      "ttfb",
                                      "ttfr",
                                      "ttfo",
                                      "icl",
                                      "e2e",
                                      "e2e_sched",
                                      "e2e_stream",
                                      "load_time",
                                      "prompt_tokens_asked",
                                      "output_tokens_asked",
                                      "prompt_tokens",
                                      "output_tokens",
                                      "client_delay",
                                      "lateness",
                                      "sched",
                                      "spawn",
                                      "cpu_tree",
                                      "peak_rss",
                                      "minflt",
                                      "majflt",
                                      "nvcsw",
                                      "nivcsw"};
    for (size_t i = 0; i < sizeof IDS / sizeof IDS[0]; i++) {
        if (is_id(reading, IDS[i])) {
            return true;
        }
    }
    return false;
}

/* GRIM (Brown and Heathers, 2017): is there a whole sum whose mean prints like this? From 2^53 on every sum fits;
 * below, two roundings of 2^-53 each leave the sum within one of the floor. */
static void check_grim(struct judge *judge, const struct reading *reading)
{
    double n = (double)reading->n, sum = reading->value * n;
    if (reading->stat != STAT_MEAN || !has_whole_samples(reading) || reading->n == 0 || !(fabs(sum) < 0x1p53)) {
        return;
    }
    for (int beside = -1; beside <= 1; beside++) {
        if ((floor(sum) + beside) / n == reading->value) {
            return;
        }
    }
    report_value(judge, GATE_RATE, reading, "a mean of n whole numbers");
}

static void check_rate(struct judge *judge, const struct reading *reading, const struct frame *frame)
{
    if (strcmp(reading->formula, "count_per_window@1") == 0 && frame->arms == 1 && frame->window_ns > 0) {
        double expected = (double)reading->n * 1e9 / frame->window_ns;
        if (fabs(reading->value - expected) > RATE_SLACK * expected) {
            char text[96];
            (void)snprintf(text, sizeof text, "n / window = %.10g", expected);
            report_value(judge, GATE_RATE, reading, text);
        }
    }
}

static bool is_window_rate(const struct reading *reading)
{
    static const char *const FORMULAS[] = {"count_per_window@1", "tokens_per_window@1", "tokens_per_wall@1",
                                           "good_per_window@1"};
    for (size_t i = 0; i < sizeof FORMULAS / sizeof FORMULAS[0]; i++) {
        if (strcmp(reading->formula, FORMULAS[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void check_region(struct judge *judge, const struct reading *reading, const struct frame *frame)
{
    if (is_window_rate(reading) && frame->window_ns > 0 && frame->window_ns < REGION_FACTOR * frame->clock_ns) {
        char expected[96];
        (void)snprintf(expected, sizeof expected, "no rate from a window of %.0f ns, below 1000 x %.0f ns",
                       frame->window_ns, frame->clock_ns);
        report_value(judge, GATE_SHORT_REGION, reading, expected);
    }
}

static void check_metric(struct judge *judge, const struct reading *reading, const struct frame *frame)
{
    if (reading->has_value) {
        check_possible(judge, reading);
        check_least_n(judge, reading);
        check_grim(judge, reading);
        check_rate(judge, reading, frame);
        check_region(judge, reading, frame);
    }
}

/* ---- statistics of one quantity against each other ---- */

struct group {
    struct reading stats[STATS_COUNT];
    const struct reading *first;
};

static bool is_same_quantity(const struct reading *a, const struct reading *b)
{
    return strcmp(a->arm, b->arm) == 0 && a->id_len == b->id_len && strncmp(a->name, b->name, a->id_len) == 0;
}

static void check_group(struct judge *judge, const struct group *group)
{
    const struct reading *before = NULL;
    for (int i = STAT_MIN; i <= STAT_MAX; i++) {
        const struct reading *here = &group->stats[i];
        if (!here->has_value) {
            continue;
        }
        if (before && here->value < before->value) {
            char expected[96];
            (void)snprintf(expected, sizeof expected, "at least the %s of the same quantity", STATS[before->stat]);
            report_value(judge, GATE_ORDER, here, expected);
        }
        before = here;
    }
    const struct reading *mean = &group->stats[STAT_MEAN];
    bool is_below = mean->has_value && group->stats[STAT_MIN].has_value && mean->value < group->stats[STAT_MIN].value;
    bool is_above = mean->has_value && group->stats[STAT_MAX].has_value && mean->value > group->stats[STAT_MAX].value;
    if (is_below || is_above) {
        report_value(judge, GATE_ORDER, mean, "a mean from min to max");
    }
}

/* Metrics are sorted by arm and name, so the statistics of one quantity follow each other; where they do not, gate 108
 * has said so, and groups are only smaller. */
static void check_groups(struct judge *judge, const json_t *metrics)
{
    struct group group = {.first = NULL};
    struct reading first = {.stat = -1};
    for (size_t i = 0; i < json_array_size(metrics); i++) {
        struct reading reading = read_metric(json_array_get(metrics, i), i);
        if (reading.stat < 0) {
            continue;
        }
        if (!group.first || !is_same_quantity(&first, &reading)) {
            check_group(judge, &group);
            group = (struct group){.first = &first};
            first = reading;
        }
        group.stats[reading.stat] = reading;
    }
    check_group(judge, &group);
}

/* ---- the run as a whole ---- */

static struct frame read_frame(const struct judge *judge)
{
    double read_ns = sanity_number(judge, "/predicate/protocol/clock/readNs");
    double grain_ns = sanity_number(judge, "/predicate/protocol/clock/resolutionNs");
    return (struct frame){
        .window_ns = sanity_number(judge, "/predicate/samples/lastEndNs") -
                     sanity_number(judge, "/predicate/samples/firstDueNs"),
        .concurrency = sanity_number(judge, "/predicate/protocol/load/concurrency"),
        .clock_ns = fmax(read_ns, grain_ns),
        .arms = json_array_size(sanity_at(judge, "/predicate/protocol/arms")),
        .is_closed = strcmp(judge_text_of(sanity_at(judge, "/predicate/protocol/load"), "mode"), "closed") == 0,
    };
}

/* Little's law: time spent in operations / length of the window is the mean number in flight, and a closed loop of c
 * slots has room for c. */
static void check_in_flight(struct judge *judge, const json_t *metrics, const struct frame *frame)
{
    double busy_ns = 0;
    const struct reading *last = NULL;
    struct reading reading;
    for (size_t i = 0; i < json_array_size(metrics); i++) {
        struct reading here = read_metric(json_array_get(metrics, i), i);
        if (here.has_value && here.stat == STAT_MEAN && (is_id(&here, "service") || is_id(&here, "e2e"))) {
            busy_ns += here.value * (double)here.n;
            reading = here;
            last = &reading;
        }
    }
    if (last && frame->is_closed && frame->window_ns > 0 && frame->concurrency > 0 &&
        busy_ns > frame->window_ns * frame->concurrency * (1 + IN_FLIGHT_SLACK)) {
        char expected[96];
        (void)snprintf(expected, sizeof expected, "%.6g in flight on average to be at most %.0f",
                       busy_ns / frame->window_ns, frame->concurrency);
        report_value(judge, GATE_LITTLE, last, expected);
    }
}

void judge_sanity(struct judge *judge)
{
    if (judge->out->document == ASSAY_DOCUMENT_IMPORTED) {
        return;
    }
    const json_t *metrics = sanity_at(judge, LIST);
    struct frame frame = read_frame(judge);
    for (size_t i = 0; i < json_array_size(metrics); i++) {
        struct reading reading = read_metric(json_array_get(metrics, i), i);
        check_metric(judge, &reading, &frame);
    }
    check_groups(judge, metrics);
    check_in_flight(judge, metrics, &frame);
    sanity_tokens(judge, metrics);
    sanity_run(judge);
}
