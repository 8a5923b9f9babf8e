/* Reports that agree with themselves: sections drawn by the seed, each with its own numbers and their relations. */
#include "claims/honest.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define REPORT_BYTES_MAX ((size_t)1 << 20)

const struct honest_unit_row honest_units[UNIT_COUNT] = {
    [UNIT_NONE] = {"", 1, UNIT_NONE},   [UNIT_US] = {"µs", 1e-6, UNIT_MS},   [UNIT_MS] = {"ms", 1e-3, UNIT_S},
    [UNIT_S] = {"s", 1, UNIT_MS},       [UNIT_MIN] = {"min", 60, UNIT_S},    [UNIT_KB] = {"kB", 1e3, UNIT_MB},
    [UNIT_MB] = {"MB", 1e6, UNIT_GB},   [UNIT_GB] = {"GB", 1e9, UNIT_MB},    [UNIT_PERCENT] = {"%", 1e-2, UNIT_NONE},
    [UNIT_TIMES] = {"x", 1, UNIT_NONE}, [UNIT_DOLLAR] = {"$", 1, UNIT_NONE}, [UNIT_PER_S] = {"req/s", 1, UNIT_NONE},
};

const char *const honest_type_names[REL_COUNT_TYPES] = {
    [REL_CHANGE] = "change",
    [REL_RATIO] = "ratio",
    [REL_TOTAL] = "total",
    [REL_MEAN] = "mean",
    [REL_ORDER] = "order",
    [REL_FRACTION] = "fraction",
    [REL_PRODUCT] = "product",
    [REL_COST] = "cost",
    [REL_SAME] = "same",
    [REL_MEAN_FOR_N] = "mean for n",
    [REL_SHARE_OF_N] = "share of n",
    [REL_GATE] = "gate",
    [REL_ALL_MET] = "all met",
    [REL_MET_COUNT] = "met count",
    [REL_SPAN] = "span",
    [REL_MARGIN] = "margin",
    [REL_LIMIT] = "limit",
    [REL_LITTLE] = "Little",
    [REL_DIRECTION] = "direction",
    [REL_READY] = "ready",
    [REL_STAT] = "statistic",
};

/* ---- words --- */

/* What is timed; each report uses a noun once, so that no two sections speak of one quantity. */
static const char *const NOUNS[] = {
    "parse",  "commit", "render",  "lookup", "merge",  "checkpoint", "handshake", "decode", "encode",   "scan",
    "replay", "import", "export",  "sort",   "upload", "download",   "compile",   "link",   "compress", "restore",
    "flush",  "reload", "rebuild", "resize", "verify", "migrate",    "index",     "route",  "schedule", "tokenize",
};
static const char *const THINGS[] = {"files",   "clips",  "records", "pages",  "queries",  "jobs",
                                     "packets", "images", "rows",    "events", "messages", "blocks"};
static const char *const CASES[] = {"small", "medium", "large", "empty", "nested", "sparse", "dense", "random"};
static const char *const PARTS[] = {"index files", "segments",   "dictionaries", "logs",
                                    "snapshots",   "thumbnails", "manifests"};
static const char *const TITLES[] = {
    "Benchmark report of the storage engine",        "Release notes, performance part",
    "Results for the pull request on the new queue", "Weekly performance review",
    "What the rewrite of the parser brought",        "Measurements for the capacity plan"};
static const char *const FILLERS[] = {
    "The runs were made on one machine, one after the other, and nothing else was running.\n\n",
    "Every value was read from the log of the harness; nothing was typed by hand except this sentence.\n\n",
    "The order of the two builds was drawn by lot. Warm-up runs are not part of any table.\n\n",
    "Most of the gain comes from one change: the inner loop no longer allocates.\n\n",
    "- The harness is in the tree.\n- The data set is public.\n- The seed is fixed.\n\n",
    "> A reader asked for the raw values; they are in the archive.\n\n",
    "```c\nstatic const int retry_limit = 3; /* never more */\n```\n\n",
    "1. Build the release.\n2. Run the script.\n3. Read the log.\n\n",
};
#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static uint64_t below(struct honest *report, uint64_t bound)
{
    return assay_rng_below(&report->rng, bound);
}

static double between(struct honest *report, double lo, double hi)
{
    return lo + assay_rng_unit(&report->rng) * (hi - lo);
}

static const char *noun(struct honest *report)
{
    return NOUNS[report->nouns_used++ % COUNT_OF(NOUNS)];
}

static const char *thing(struct honest *report)
{
    return THINGS[report->things_used++ % COUNT_OF(THINGS)];
}

static void text(struct honest *report, const char *words)
{
    assay_buf_text(&report->text, words);
}

#define SAY(...) assay_buf_printf(&report->text, __VA_ARGS__)

/* ---- sites --- */

static double rounded(double value, int decimals)
{
    double unit = pow(10, decimals);
    return round(value * unit) / unit;
}

void honest_print(char *out, size_t size, double value, const struct honest_site *like)
{
    char plain[64], *to = out;
    snprintf(plain, sizeof plain, "%.*f", like->decimals, fabs(value));
    size_t whole = strcspn(plain, ".");
    if (like->has_sign && size > 1) {
        *to++ = value < 0 ? '-' : '+';
    }
    for (size_t i = 0; plain[i] && (size_t)(to - out) + 2 < size; i++) {
        if (i > 0 && i < whole && (whole - i) % 3 == 0 && whole > 4) {
            *to++ = ',';
        }
        *to++ = plain[i];
    }
    *to = 0;
}

static size_t add_site(struct honest *report, struct honest_site site)
{
    size_t at = report->sites_count < HONEST_SITES_MAX ? report->sites_count++ : HONEST_SITES_MAX - 1;
    report->sites[at] = site;
    return at;
}

static size_t put(struct honest *report, struct honest_site site, double value)
{
    char digits[64];
    site.value = rounded(value, site.decimals);
    honest_print(digits, sizeof digits, site.value, &site);
    if (site.unit == UNIT_DOLLAR) {
        text(report, "$");
    }
    site.at = report->text.len;
    site.len = strlen(digits);
    text(report, digits);
    if (site.unit != UNIT_NONE && site.unit != UNIT_DOLLAR) {
        text(report, site.unit == UNIT_TIMES ? "" : " ");
        site.unit_at = report->text.len;
        site.unit_len = strlen(honest_units[site.unit].text);
        text(report, honest_units[site.unit].text);
    }
    return add_site(report, site);
}

static size_t number(struct honest *report, double value, int decimals, enum honest_unit unit)
{
    return put(report, (struct honest_site){.decimals = decimals, .unit = unit}, value);
}

static size_t cell(struct honest *report, double value, int decimals, enum honest_unit unit, int column)
{
    text(report, " ");
    size_t at =
        put(report,
            (struct honest_site){.decimals = decimals, .unit = unit, .table = (int)report->tables, .column = column},
            value);
    text(report, " |");
    return at;
}

static size_t count(struct honest *report, double value)
{
    return put(report, (struct honest_site){.is_count = true}, value);
}

static size_t count_cell(struct honest *report, double value, int column)
{
    text(report, " ");
    size_t at =
        put(report, (struct honest_site){.is_count = true, .table = (int)report->tables, .column = column}, value);
    text(report, " |");
    return at;
}

static size_t signed_percent(struct honest *report, double share)
{
    return put(report, (struct honest_site){.unit = UNIT_PERCENT, .has_sign = true}, share * 100);
}

static size_t word(struct honest *report, enum honest_kind kind, const char *words, double value)
{
    struct honest_site site = {.kind = kind, .value = value, .at = report->text.len, .len = strlen(words)};
    text(report, words);
    return add_site(report, site);
}

static size_t stamp(struct honest *report, unsigned seconds)
{
    char words[16];
    snprintf(words, sizeof words, "%02u:%02u:%02u", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    return word(report, SITE_STAMP, words, seconds);
}

/* The sites that were added since `first` are the parts, in their order. */
static struct honest_relation *relate(struct honest *report, enum honest_type type, const size_t *parts,
                                      size_t parts_count, size_t from)
{
    struct honest_relation *relation =
        &report->relations[report->relations_count < HONEST_RELATIONS_MAX ? report->relations_count++
                                                                          : HONEST_RELATIONS_MAX - 1];
    *relation =
        (struct honest_relation){.type = type, .parts_count = parts_count, .from = from, .to = report->text.len};
    memcpy(relation->parts, parts, parts_count * sizeof *parts);
    return relation;
}

#define RELATE(type, from, ...)                                                                                   \
    relate(report, (type), (const size_t[]){__VA_ARGS__}, sizeof((const size_t[]){__VA_ARGS__}) / sizeof(size_t), \
           (from))

/* ---- sections --- */

static double printed(const struct honest *report, size_t site)
{
    return report->sites[site].value;
}

static void change_in_prose(struct honest *report)
{
    static const char *const DOWN[] = {"fell", "dropped", "went down"};
    size_t from = report->text.len;
    double a = between(report, 20, 90);
    SAY("The %s time of the default build ", noun(report));
    size_t verb = word(report, SITE_WORD, DOWN[below(report, COUNT_OF(DOWN))], -1);
    text(report, " from ");
    size_t first = number(report, a, 1, UNIT_MS);
    text(report, " to ");
    size_t second = number(report, a * between(report, 0.3, 0.8), 1, UNIT_MS);
    text(report, " (");
    size_t percent = signed_percent(report, printed(report, second) / printed(report, first) - 1);
    text(report, ") on the reference machine.\n\n");
    RELATE(REL_CHANGE, from, first, second, percent);
    RELATE(REL_DIRECTION, from, verb, first, second);
}

static void change_in_table(struct honest *report)
{
    report->tables++;
    size_t rows = 3 + below(report, 3);
    const char *what = noun(report);
    SAY("Time of one %s by case, before and after:\n\n| case | before | after | change |\n|---|---:|---:|---:|\n",
        what);
    for (size_t i = 0; i < rows; i++) {
        size_t from = report->text.len;
        double a = between(report, 100, 900);
        SAY("| %s |", CASES[i]);
        size_t first = cell(report, a, 0, UNIT_MS, 1),
               second = cell(report, a * between(report, 0.4, 0.85), 0, UNIT_MS, 2);
        text(report, " ");
        size_t percent = signed_percent(report, printed(report, second) / printed(report, first) - 1);
        report->sites[percent].table = (int)report->tables;
        report->sites[percent].column = 3;
        text(report, " |\n");
        RELATE(REL_CHANGE, from, first, second, percent);
    }
    text(report, "\n");
}

static void ratio_in_prose(struct honest *report)
{
    size_t from = report->text.len;
    double a = between(report, 200, 900);
    SAY("- One %s takes ", noun(report));
    size_t fast = number(report, a / between(report, 1.6, 5), 0, UNIT_MS);
    text(report, " instead of ");
    size_t slow = number(report, a, 0, UNIT_MS);
    text(report, ", which is ");
    size_t times = number(report, printed(report, slow) / printed(report, fast), 1, UNIT_TIMES);
    text(report, " faster than before.\n\n");
    RELATE(REL_RATIO, from, slow, fast, times);
}

static void total_in_table(struct honest *report)
{
    size_t from = report->text.len, parts[HONEST_PARTS_MAX], rows = 3 + below(report, 3);
    bool is_count = below(report, 2);
    double sum = 0;
    report->tables++;
    SAY("| %s | %s |\n|---|---:|\n", is_count ? "group" : "part", is_count ? thing(report) : "disk space");
    for (size_t i = 0; i < rows; i++) {
        SAY("| %s |", is_count ? CASES[i] : PARTS[i]);
        double value = round(between(report, 120, 990));
        parts[i] = is_count ? count_cell(report, value, 1) : cell(report, value, 0, UNIT_MB, 1);
        sum += printed(report, parts[i]);
        text(report, "\n");
    }
    text(report, "| total |");
    parts[rows] = is_count ? count_cell(report, sum, 1) : cell(report, sum, 0, UNIT_MB, 1);
    text(report, "\n\n");
    relate(report, REL_TOTAL, parts, rows + 1, from);
}

static void mean_in_table(struct honest *report)
{
    size_t from = report->text.len, parts[HONEST_PARTS_MAX], rows = 3 + below(report, 3);
    double sum = 0, base = between(report, 4, 40);
    report->tables++;
    SAY("| input | %s time |\n|---|---:|\n", noun(report));
    for (size_t i = 0; i < rows; i++) {
        SAY("| %s |", CASES[i]);
        parts[i] = cell(report, base * between(report, 0.6, 2.4), 1, UNIT_MS, 1);
        sum += printed(report, parts[i]);
        text(report, "\n");
    }
    text(report, "| average |");
    parts[rows] = cell(report, sum / (double)rows, 1, UNIT_MS, 1);
    text(report, "\n\n");
    relate(report, REL_MEAN, parts, rows + 1, from);
}

static void percentiles(struct honest *report)
{
    static const char *const NAMES[] = {"min", "p50", "p90", "p95", "p99", "max"};
    size_t from = report->text.len, parts[HONEST_PARTS_MAX];
    double value = between(report, 2, 9);
    report->tables++;
    SAY("Distribution of the %s latency over 12,400 %s:\n\n| statistic | latency |\n|---|---:|\n", noun(report),
        thing(report));
    for (size_t i = 0; i < COUNT_OF(NAMES); i++) {
        SAY("| %s |", NAMES[i]);
        parts[i] = cell(report, value, 1, UNIT_MS, 1);
        value *= between(report, 1.3, 2.1);
        text(report, "\n");
    }
    text(report, "\n");
    relate(report, REL_ORDER, parts, COUNT_OF(NAMES), from);
}

static void fraction_in_prose(struct honest *report)
{
    size_t from = report->text.len;
    double n = 120 + (double)below(report, 700), k = floor(n * between(report, 0.5, 0.98));
    text(report, "Of the inputs, ");
    size_t part = count(report, k);
    text(report, " of ");
    size_t whole = count(report, n);
    SAY(" %s (", thing(report));
    size_t percent = number(report, 100 * k / n, 1, UNIT_PERCENT);
    text(report, ") went through unchanged.\n\n");
    RELATE(REL_FRACTION, from, part, whole, percent);
}

static void product_in_prose(struct honest *report)
{
    size_t from = report->text.len;
    double seconds = 12 + (double)below(report, 70), rate = 140 + (double)below(report, 800);
    const char *what = thing(report);
    text(report, "The bulk run handled ");
    size_t made = count(report, seconds * rate);
    SAY(" %s in ", what);
    size_t time = number(report, seconds, 0, UNIT_S);
    text(report, ", that is ");
    size_t per_s = number(report, rate, 0, UNIT_NONE);
    SAY(" %s/s.\n\n", what);
    RELATE(REL_PRODUCT, from, made, time, per_s);
}

static void cost_in_prose(struct honest *report)
{
    size_t from = report->text.len;
    double price = (double)(1 + below(report, 9)) / 1000, volume = 10000 * (double)(11 + below(report, 80));
    text(report, "At ");
    size_t unit = number(report, price, 3, UNIT_DOLLAR);
    text(report, " a request, ");
    size_t requests = count(report, volume);
    text(report, " requests a month cost ");
    size_t sum = number(report, price * volume, 0, UNIT_DOLLAR);
    text(report, " a month.\n\n");
    RELATE(REL_COST, from, unit, requests, sum);
}

static void summary_and_table(struct honest *report)
{
    static const char *const NAMES[] = {"p50", "p95"};
    size_t from = report->text.len, which = below(report, 2), rows[2];
    const char *what = noun(report);
    double first = between(report, 12, 60),
           values[2] = {rounded(first, 1), rounded(first * between(report, 1.5, 2.5), 1)};
    report->tables++;
    SAY("**The ");
    size_t name = word(report, SITE_STAT, NAMES[which], (double)which);
    SAY(" of the %s delay is ", what);
    size_t stated = number(report, values[which], 1, UNIT_MS);
    SAY("**, over 2,400 requests.\n\n| statistic | %s delay |\n|---|---:|\n", what);
    for (size_t i = 0; i < 2; i++) {
        SAY("| %s |", NAMES[i]);
        rows[i] = cell(report, values[i], 1, UNIT_MS, 1);
        text(report, "\n");
    }
    text(report, "\n");
    RELATE(REL_STAT, from, name, stated, rows[0], rows[1]);
    RELATE(REL_ORDER, from, rows[0], rows[1]);
}

static void few_values(struct honest *report)
{
    size_t from = report->text.len;
    double n = 3 + (double)below(report, 4), lo = round(between(report, 10, 40)),
           hi = round(lo * between(report, 2, 4));
    double lowest = ((n - 1) * lo + hi) / n, highest = (lo + (n - 1) * hi) / n;
    SAY("The %s of the cold start was repeated: n = ", noun(report));
    size_t times = put(report, (struct honest_site){.is_sample_size = true}, n);
    text(report, ", min ");
    size_t min = number(report, lo, 1, UNIT_S);
    text(report, ", max ");
    size_t max = number(report, hi, 1, UNIT_S);
    text(report, ", mean ");
    size_t middle = number(report, (lowest + highest) / 2, 1, UNIT_S);
    text(report, ".\n\n");
    RELATE(REL_MEAN_FOR_N, from, times, min, max, middle);
}

static void share_of_few(struct honest *report)
{
    size_t from = report->text.len;
    double n = 7 + (double)below(report, 20), k = 1 + (double)below(report, (uint64_t)n - 1);
    text(report, "In the drill, ");
    size_t percent = number(report, 100 * k / n, 0, UNIT_PERCENT);
    text(report, " of ");
    size_t runs = put(report, (struct honest_site){.is_sample_size = true}, n);
    text(report, " runs ended early.\n\n");
    RELATE(REL_SHARE_OF_N, from, percent, runs);
}

static void gates(struct honest *report)
{
    size_t from = report->text.len, marks[HONEST_PARTS_MAX], rows = 3 + below(report, 3);
    bool counts = below(report, 2);
    report->tables++;
    text(report, "| gate | limit | measured | met |\n|---|---|---|---|\n");
    for (size_t i = 0; i < rows; i++) {
        bool at_most = below(report, 3) > 0;
        double bound = 10 * (double)(3 + below(report, 60));
        SAY("| %s %s | ", noun(report), at_most ? "time" : "rate");
        size_t row = report->text.len, sign = word(report, SITE_BOUND, at_most ? "≤" : "≥", at_most ? 1 : -1);
        text(report, " ");
        enum honest_unit unit = at_most ? UNIT_MS : UNIT_PER_S;
        size_t limit = number(report, bound, 0, unit);
        text(report, " |");
        size_t value =
            cell(report, bound * (at_most ? between(report, 0.3, 0.8) : between(report, 1.2, 2)), 0, unit, 2);
        text(report, " ");
        marks[i] = word(report, SITE_MARK, "✅", 1);
        text(report, " |\n");
        RELATE(REL_GATE, row, sign, limit, value, marks[i]);
    }
    text(report, "\n");
    if (!counts) {
        text(report, "Every gate is met.\n\n");
        relate(report, REL_ALL_MET, marks, rows, from);
        return;
    }
    size_t parts[HONEST_PARTS_MAX];
    parts[0] = count(report, (double)rows);
    text(report, "/");
    parts[1] = count(report, (double)rows);
    text(report, " gates met.\n\n");
    memcpy(parts + 2, marks, rows * sizeof *marks);
    relate(report, REL_MET_COUNT, parts, rows + 2, from);
}

static void span(struct honest *report)
{
    size_t from = report->text.len;
    unsigned start = (unsigned)(3600 * (1 + below(report, 15)) + 60 * below(report, 60)),
             minutes = 11 + (unsigned)below(report, 120);
    text(report, "The soak ran from ");
    size_t begin = stamp(report, start);
    text(report, " to ");
    size_t end = stamp(report, start + 60 * minutes);
    text(report, " and took ");
    size_t length = number(report, minutes, 0, UNIT_MIN);
    text(report, ".\n\n");
    RELATE(REL_SPAN, from, begin, end, length);
}

static void margin(struct honest *report)
{
    size_t from = report->text.len;
    double bound = 50 * (double)(4 + below(report, 30)), value = round(bound * between(report, 0.3, 0.7));
    SAY("The limit of the %s is ", noun(report));
    size_t limit = number(report, bound, 0, UNIT_MS);
    text(report, " and we measured ");
    size_t measured = number(report, value, 0, UNIT_MS);
    text(report, ", a headroom of ");
    size_t room = number(report, 100 * (1 - value / bound), 0, UNIT_PERCENT);
    text(report, ".\n\n");
    RELATE(REL_MARGIN, from, limit, measured, room);
}

static void derived_limit(struct honest *report)
{
    size_t from = report->text.len;
    double percent = 5 * (double)(1 + below(report, 6)), base = 100 * (double)(3 + below(report, 9));
    SAY("Throughput of the %s may fall ", noun(report));
    size_t share = number(report, percent, 0, UNIT_PERCENT);
    text(report, " below ");
    size_t reference = number(report, base, 0, UNIT_PER_S);
    text(report, ": limit ");
    size_t limit = number(report, base * (1 - percent / 100), 0, UNIT_PER_S);
    text(report, ".\n\n");
    RELATE(REL_LIMIT, from, share, reference, limit);
}

static void closed_loop(struct honest *report)
{
    report->tables++;
    text(report, "| connections | throughput | mean request latency |\n|---:|---:|---:|\n");
    for (unsigned connections = 4; connections <= 64; connections *= 4) {
        size_t from = report->text.len;
        double latency = round(between(report, 12, 90));
        text(report, "|");
        size_t clients = count_cell(report, connections, 1);
        size_t rate = cell(report, floor(0.95 * connections / (latency / 1000)), 0, UNIT_PER_S, 2);
        size_t mean = cell(report, latency, 0, UNIT_MS, 3);
        text(report, "\n");
        RELATE(REL_LITTLE, from, clients, rate, mean);
    }
    text(report, "\n");
}

static void ready(struct honest *report)
{
    static const char *const ITEMS[] = {"licence scan", "signed packages", "notes for operators", "upgrade rehearsed"};
    size_t from = report->text.len, parts[HONEST_PARTS_MAX];
    text(report, "This version is ready to ship.\n\n### Required before the release\n\n");
    for (size_t i = 0; i < COUNT_OF(ITEMS); i++) {
        text(report, "- ");
        parts[i] = word(report, SITE_TICK, "[x]", 1);
        SAY(" %s\n", ITEMS[i]);
    }
    text(report, "\n");
    relate(report, REL_READY, parts, COUNT_OF(ITEMS), from);
}

struct section {
    const char *headings[3];
    void (*write)(struct honest *report);
};
static const struct section SECTIONS[] = {
    {{"Speed", "What got faster", "Before and after"}, change_in_prose},
    {{"By case", "Comparison", "Old and new"}, change_in_table},
    {{"Hot path", "The largest gain", "Factor"}, ratio_in_prose},
    {{"Disk", "What is where", "Inventory"}, total_in_table},
    {{"Inputs", "Per input", "Kinds of input"}, mean_in_table},
    {{"Tail", "Distribution", "Percentiles"}, percentiles},
    {{"Coverage", "Conformance", "Unchanged inputs"}, fraction_in_prose},
    {{"Bulk mode", "Batch", "The long run"}, product_in_prose},
    {{"Cost", "What it costs", "Bill"}, cost_in_prose},
    {{"Delay", "Waiting", "Delay of a request"}, summary_and_table},
    {{"Cold start", "Few runs", "Starting"}, few_values},
    {{"Drill", "Fail-over", "Exercise"}, share_of_few},
    {{"Gates", "Acceptance", "Limits"}, gates},
    {{"Soak", "Endurance", "The night"}, span},
    {{"Headroom", "Margin", "Reserve"}, margin},
    {{"Guard rail", "Lower limit", "Alarm"}, derived_limit},
    {{"Closed loop", "Saturation", "Load points"}, closed_loop},
    {{"Status", "Readiness", "Release"}, ready},
};

/* Each report has all sections, so that each relation is mutated in each layout; the order, the headings, the words
 * between them and the numbers are the seed's. */
void honest_make(struct honest *report, uint64_t seed)
{
    size_t order[COUNT_OF(SECTIONS)];
    *report = (struct honest){0};
    assay_buf_init(&report->text, REPORT_BYTES_MAX);
    assay_rng_seed(&report->rng, seed, "honest report");
    report->nouns_used = below(report, COUNT_OF(NOUNS));
    report->things_used = below(report, COUNT_OF(THINGS));
    for (size_t i = 0; i < COUNT_OF(SECTIONS); i++) {
        size_t k = below(report, i + 1);
        order[i] = order[k];
        order[k] = i;
    }
    SAY("# %s\n\n%s", TITLES[below(report, COUNT_OF(TITLES))], FILLERS[below(report, COUNT_OF(FILLERS))]);
    for (size_t i = 0; i < COUNT_OF(SECTIONS); i++) {
        const struct section *section = &SECTIONS[order[i]];
        SAY("## %s\n\n", section->headings[below(report, 3)]);
        if (below(report, 3) == 0) {
            text(report, FILLERS[below(report, COUNT_OF(FILLERS))]);
        }
        section->write(report);
    }
}

void honest_done(struct honest *report)
{
    assay_buf_done(&report->text);
}
