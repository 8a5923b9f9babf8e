/*
 * Mutants of honest reports: which planted changes does the checker find?
 *
 *     mutants [--reports N] [--seed N] [--each N] [--missed N] [--goal]
 *
 * For each of N reports (24), every site is changed by every operator that fits, each change alone; --each N takes
 * every N-th of these. A change is detectable if a relation of the report no longer holds by its printed intervals,
 * which is computed without the program under test (honest_holds.c). It is found if a finding covers a changed byte.
 * --missed prints the first N that were not found. With --goal the exit status is 1 below the goals of the
 * specification: no finding in an honest report, 95 % of the detectable ones in all, 90 % an operator.
 */
#include "claims/honest.h"

#include "base/err.h"
#include "base/num.h"
#include "base/text.h"
#include "claims/claims.h"
#include "json/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPORTS_DEFAULT 24
#define EDITS_MAX 2
#define TEXT_BYTES_MAX ((size_t)1 << 20)
#define GOAL_PERCENT 95
#define GOAL_OPERATOR_PERCENT 90
#define OPERATOR_LEAST 10 /* fewer detectable ones say nothing about an operator */

struct edit {
    size_t at, len; /* bytes that go */
    char text[256]; /* what comes */
    size_t site;    /* SIZE_MAX: none */
    double value;   /* of the site from then on */
    enum honest_unit unit;
    size_t shown_at, shown_to; /* where a finding has to be in the mutant */
};

struct mutant {
    struct edit edits[EDITS_MAX];
    size_t edits_count;
    size_t gone;     /* a part of `relation` whose row was removed, or SIZE_MAX */
    size_t relation; /* of a removed row */
    size_t from, to; /* when a row is gone: any finding in here counts */
    bool is_broken;  /* the operator knows so itself */
};

/* ---- operators: each fills a mutant from one site, or says that it does not fit --- */

typedef bool operator_fn(const struct honest *report, size_t site, struct assay_rng *rng, struct mutant *mutant);

static double random_between(struct assay_rng *rng, double lo, double hi)
{
    return lo + assay_rng_unit(rng) * (hi - lo);
}

static bool change_digits(const struct honest *report, size_t site, const char *digits, struct mutant *mutant)
{
    const struct honest_site *s = &report->sites[site];
    struct edit *edit = &mutant->edits[mutant->edits_count++];
    char plain[64];
    size_t len = 0;
    for (const char *c = digits; *c && len + 1 < sizeof plain; c++) {
        if (*c != ',') {
            plain[len++] = *c;
        }
    }
    plain[len] = 0;
    *edit =
        (struct edit){.at = s->at, .len = s->len, .site = site, .unit = s->unit, .value = assay_num_strtod_c(plain)};
    snprintf(edit->text, sizeof edit->text, "%s", digits);
    return strlen(digits) != s->len || memcmp(digits, report->text.data + s->at, s->len) != 0;
}

static bool change_value(const struct honest *report, size_t site, double value, struct mutant *mutant)
{
    char digits[64];
    honest_print(digits, sizeof digits, value, &report->sites[site]);
    return change_digits(report, site, digits, mutant);
}

static bool is_number(const struct honest *report, size_t site)
{
    return report->sites[site].kind == SITE_NUMBER;
}

static bool last_digit(const struct honest *report, size_t site, struct assay_rng *rng, struct mutant *mutant)
{
    char digits[64];
    const struct honest_site *s = &report->sites[site];
    if (!is_number(report, site)) {
        return false;
    }
    snprintf(digits, sizeof digits, "%.*s", (int)s->len, report->text.data + s->at);
    char *last = &digits[strlen(digits) - 1];
    *last = (char)('0' + (*last - '0' + 1 + (int)assay_rng_below(rng, 9)) % 10);
    return change_digits(report, site, digits, mutant);
}

static bool digit_swap(const struct honest *report, size_t site, struct assay_rng *rng, struct mutant *mutant)
{
    char digits[64];
    const struct honest_site *s = &report->sites[site];
    if (!is_number(report, site)) {
        return false;
    }
    snprintf(digits, sizeof digits, "%.*s", (int)s->len, report->text.data + s->at);
    size_t len = strlen(digits), start = (size_t)assay_rng_below(rng, len);
    for (size_t i = 0; i + 1 < len; i++) {
        size_t k = (start + i) % (len - 1);
        char *a = &digits[k], *b = &digits[k + 1];
        if (*a >= '0' && *a <= '9' && *b >= '0' && *b <= '9' && *a != *b && !(k == 0 && *b == '0')) {
            char swapped = *a;
            *a = *b;
            *b = swapped;
            return change_digits(report, site, digits, mutant);
        }
    }
    return false;
}

static bool factor(const struct honest *report, size_t site, struct assay_rng *rng, struct mutant *mutant)
{
    static const double FACTORS[] = {10, 60, 1000, 1024};
    if (!is_number(report, site) || report->sites[site].is_sample_size) {
        return false;
    }
    return change_value(report, site, report->sites[site].value * FACTORS[assay_rng_below(rng, 4)], mutant);
}

static bool unit(const struct honest *report, size_t site, struct assay_rng *rng, struct mutant *mutant)
{
    const struct honest_site *s = &report->sites[site];
    (void)rng;
    if (!is_number(report, site) || s->unit_len == 0 || honest_units[s->unit].twin == UNIT_NONE) {
        return false;
    }
    struct edit *edit = &mutant->edits[mutant->edits_count++];
    *edit = (struct edit){
        .at = s->unit_at, .len = s->unit_len, .site = site, .value = s->value, .unit = honest_units[s->unit].twin};
    snprintf(edit->text, sizeof edit->text, "%s", honest_units[edit->unit].text);
    return true;
}

static bool sign(const struct honest *report, size_t site, struct assay_rng *rng, struct mutant *mutant)
{
    (void)rng;
    return report->sites[site].has_sign && change_value(report, site, -report->sites[site].value, mutant);
}

static bool percentage(const struct honest *report, size_t site, struct assay_rng *rng, struct mutant *mutant)
{
    const struct honest_site *s = &report->sites[site];
    double by = random_between(rng, 5, 20) * (s->value < 0 ? -1 : 1);
    return is_number(report, site) && s->unit == UNIT_PERCENT &&
           change_value(report, site, fabs(s->value + by) < 100 ? s->value + by : s->value - by, mutant);
}

static bool ratio(const struct honest *report, size_t site, struct assay_rng *rng, struct mutant *mutant)
{
    const struct honest_site *s = &report->sites[site];
    return is_number(report, site) && s->unit == UNIT_TIMES &&
           change_value(report, site, s->value * random_between(rng, 1.2, 2), mutant);
}

/* What the value was at an earlier commit: near, and not the same. */
static bool stale_number(const struct honest *report, size_t site, struct assay_rng *rng, struct mutant *mutant)
{
    const struct honest_site *s = &report->sites[site];
    double by = assay_rng_below(rng, 2) ? random_between(rng, 1.08, 1.4) : random_between(rng, 0.7, 0.93);
    return is_number(report, site) && !s->is_sample_size && change_value(report, site, s->value * by, mutant);
}

static bool is_last_of(const struct honest *report, size_t site, enum honest_type type)
{
    for (size_t i = 0; i < report->relations_count; i++) {
        const struct honest_relation *relation = &report->relations[i];
        if (relation->type == type && relation->parts[relation->parts_count - 1] == site) {
            return true;
        }
    }
    return false;
}

static bool total(const struct honest *report, size_t site, struct assay_rng *rng, struct mutant *mutant)
{
    return is_last_of(report, site, REL_TOTAL) &&
           change_value(report, site, report->sites[site].value * random_between(rng, 1.02, 1.2), mutant);
}

static bool sample_size(const struct honest *report, size_t site, struct assay_rng *rng, struct mutant *mutant)
{
    const struct honest_site *s = &report->sites[site];
    return s->is_sample_size && change_value(report, site, s->value + 1 + (double)assay_rng_below(rng, 6), mutant);
}

static bool change_word(const struct honest *report, size_t site, const char *words, double value,
                        struct mutant *mutant)
{
    const struct honest_site *s = &report->sites[site];
    struct edit *edit = &mutant->edits[mutant->edits_count++];
    *edit = (struct edit){.at = s->at, .len = s->len, .site = site, .value = value, .unit = s->unit};
    snprintf(edit->text, sizeof edit->text, "%s", words);
    return true;
}

static bool direction_word(const struct honest *report, size_t site, struct assay_rng *rng, struct mutant *mutant)
{
    static const char *const UP[] = {"rose", "grew", "went up"};
    return report->sites[site].kind == SITE_WORD && change_word(report, site, UP[assay_rng_below(rng, 3)], 1, mutant);
}

static bool bound_sign(const struct honest *report, size_t site, struct assay_rng *rng, struct mutant *mutant)
{
    double value = report->sites[site].value;
    (void)rng;
    return report->sites[site].kind == SITE_BOUND && change_word(report, site, value > 0 ? "≥" : "≤", -value, mutant);
}

static bool gate_mark(const struct honest *report, size_t site, struct assay_rng *rng, struct mutant *mutant)
{
    (void)rng;
    return report->sites[site].kind == SITE_MARK && change_word(report, site, "❌", 0, mutant);
}

static bool tick(const struct honest *report, size_t site, struct assay_rng *rng, struct mutant *mutant)
{
    (void)rng;
    return report->sites[site].kind == SITE_TICK && change_word(report, site, "[ ]", 0, mutant);
}

static bool stat_name(const struct honest *report, size_t site, struct assay_rng *rng, struct mutant *mutant)
{
    bool is_first = report->sites[site].value == 0;
    (void)rng;
    return report->sites[site].kind == SITE_STAT &&
           change_word(report, site, is_first ? "p95" : "p50", is_first, mutant);
}

static bool stamp(const struct honest *report, size_t site, struct assay_rng *rng, struct mutant *mutant)
{
    char words[16];
    if (report->sites[site].kind != SITE_STAMP) {
        return false;
    }
    unsigned seconds = ((unsigned)report->sites[site].value + 60 * (3 + (unsigned)assay_rng_below(rng, 50))) % 86400;
    snprintf(words, sizeof words, "%02u:%02u:%02u", seconds / 3600, seconds / 60 % 60, seconds % 60);
    return change_word(report, site, words, seconds, mutant);
}

/* The cell below it, or else the one beside it. */
static bool cell_swap(const struct honest *report, size_t site, struct assay_rng *rng, struct mutant *mutant)
{
    const struct honest_site *s = &report->sites[site];
    bool wants_column = assay_rng_below(rng, 2);
    for (size_t i = site + 1; is_number(report, site) && s->table && i < report->sites_count; i++) {
        const struct honest_site *other = &report->sites[i];
        if (other->table == s->table && other->unit == s->unit && other->kind == SITE_NUMBER &&
            (other->column == s->column) == wants_column && other->len < sizeof mutant->edits[0].text) {
            char mine[64], theirs[64];
            honest_print(mine, sizeof mine, s->value, s);
            honest_print(theirs, sizeof theirs, other->value, other);
            return change_digits(report, site, theirs, mutant) && change_digits(report, i, mine, mutant);
        }
    }
    return false;
}

/* The line of a site, its line end included. */
static void line_of(const struct honest *report, size_t at, size_t *ret_from, size_t *ret_to)
{
    const char *text = report->text.data;
    *ret_from = at;
    while (*ret_from > 0 && text[*ret_from - 1] != '\n') {
        (*ret_from)--;
    }
    for (*ret_to = at; *ret_to < report->text.len && text[*ret_to] != '\n'; (*ret_to)++) {
    }
    *ret_to += *ret_to < report->text.len;
}

static bool row_dropped(const struct honest *report, size_t site, struct assay_rng *rng, struct mutant *mutant)
{
    (void)rng;
    for (size_t i = 0; i < report->relations_count; i++) {
        const struct honest_relation *relation = &report->relations[i];
        bool has_rows = relation->type == REL_TOTAL || relation->type == REL_MEAN || relation->type == REL_MET_COUNT;
        size_t first = relation->type == REL_MET_COUNT ? 2 : 0, last = relation->parts_count - (first == 0);
        for (size_t k = first; has_rows && k < last; k++) {
            if (relation->parts[k] == site) {
                size_t from, to;
                line_of(report, report->sites[site].at, &from, &to);
                mutant->edits[mutant->edits_count++] = (struct edit){.at = from, .len = to - from, .site = SIZE_MAX};
                mutant->gone = k;
                mutant->relation = i;
                mutant->from = relation->from;
                mutant->to = relation->to - (to - from);
                return true;
            }
        }
    }
    return false;
}

/* "The p95 of the X delay is 41 ms" comes again at the end, with another value. */
static bool copied_sentence(const struct honest *report, size_t site, struct assay_rng *rng, struct mutant *mutant)
{
    for (size_t i = 0; i < report->relations_count; i++) {
        const struct honest_relation *relation = &report->relations[i];
        if (relation->type == REL_STAT && relation->parts[1] == site) {
            const struct honest_site *s = &report->sites[site];
            char digits[64];
            size_t from = relation->from + 2; /* after the two asterisks */
            honest_print(digits, sizeof digits, s->value * random_between(rng, 1.2, 1.6), s);
            struct edit *edit = &mutant->edits[mutant->edits_count++];
            *edit = (struct edit){.at = report->text.len, .site = SIZE_MAX};
            snprintf(edit->text, sizeof edit->text, "## Conclusion\n\n%.*s%s ms, over 2,400 requests.\n",
                     (int)(s->at - from), report->text.data + from, digits);
            mutant->is_broken = true;
            return true;
        }
    }
    return false;
}

struct operator_row {
    const char *name;
    operator_fn *apply;
};
static const struct operator_row OPERATORS[] = {
    {"last digit", last_digit},
    {"digit swap", digit_swap},
    {"factor 10, 60, 1000, 1024", factor},
    {"unit", unit},
    {"sign", sign},
    {"direction word", direction_word},
    {"bound sign", bound_sign},
    {"percentage", percentage},
    {"ratio", ratio},
    {"cell swap", cell_swap},
    {"row dropped", row_dropped},
    {"total", total},
    {"gate mark", gate_mark},
    {"tick", tick},
    {"n", sample_size},
    {"stat name", stat_name},
    {"stamp", stamp},
    {"copied sentence", copied_sentence},
    {"stale number", stale_number},
};
#define OPERATORS_COUNT (sizeof OPERATORS / sizeof OPERATORS[0])

/* ---- judging a mutant --- */

static bool has_part(const struct honest_relation *relation, const struct mutant *mutant)
{
    for (size_t i = 0; i < relation->parts_count; i++) {
        for (size_t k = 0; k < mutant->edits_count; k++) {
            if (relation->parts[i] == mutant->edits[k].site) {
                return true;
            }
        }
    }
    return false;
}

/* The first relation that the mutation breaks, or NULL. */
static const struct honest_relation *broken(const struct honest *report, const struct mutant *mutant)
{
    static struct honest changed; /* large; its text is not looked at */
    changed = *report;
    for (size_t i = 0; i < mutant->edits_count; i++) {
        if (mutant->edits[i].site != SIZE_MAX) {
            changed.sites[mutant->edits[i].site].value = mutant->edits[i].value;
            changed.sites[mutant->edits[i].site].unit = mutant->edits[i].unit;
        }
    }
    if (mutant->gone != SIZE_MAX) {
        struct honest_relation *relation = &changed.relations[mutant->relation];
        for (size_t i = mutant->gone; i + 1 < relation->parts_count; i++) {
            relation->parts[i] = relation->parts[i + 1];
        }
        relation->parts_count--;
        return honest_holds(&changed, relation) ? NULL : &report->relations[mutant->relation];
    }
    for (size_t i = 0; i < report->relations_count; i++) {
        const struct honest_relation *relation = &report->relations[i];
        if (has_part(relation, mutant) && !honest_holds(&changed, relation)) {
            return relation;
        }
    }
    return mutant->is_broken ? &report->relations[0] : NULL;
}

/* A word, a sign or a mark is found by a finding on its line: the line's number is what can be pointed at. */
static void widen(const struct assay_buf *text, struct edit *edit)
{
    while (edit && edit->shown_at > 0 && text->data[edit->shown_at - 1] != '\n') {
        edit->shown_at--;
    }
    while (edit && edit->shown_to < text->len && text->data[edit->shown_to] != '\n') {
        edit->shown_to++;
    }
}

static void render(const struct honest *report, struct mutant *mutant, struct assay_buf *text)
{
    size_t done = 0;
    assay_buf_clear(text);
    for (size_t i = 0; i < mutant->edits_count; i++) {
        struct edit *edit = &mutant->edits[i];
        assay_buf_append(text, report->text.data + done, edit->at - done);
        edit->shown_at = text->len;
        assay_buf_text(text, edit->text);
        edit->shown_to = text->len;
        done = edit->at + edit->len;
    }
    assay_buf_append(text, report->text.data + done, report->text.len - done);
    for (size_t i = 0; i < mutant->edits_count; i++) {
        struct edit *edit = &mutant->edits[i];
        bool is_number = edit->site == SIZE_MAX || report->sites[edit->site].kind == SITE_NUMBER;
        widen(text, is_number ? NULL : edit);
    }
}

static struct assay_findings *judge(const struct assay_buf *text)
{
    struct assay_claims_input input = {.path = "report.md", .bytes = text->data, .len = text->len};
    struct assay_claims_request request = {
        .inputs = &input,
        .inputs_count = 1,
        .options = {.level = ASSAY_SEVERITY_WARNING, .fail_on = ASSAY_SEVERITY_WARNING}};
    struct assay_findings *findings = NULL;
    assay_err err = {0};
    if (assay_claims_check(&request, &findings, &err) != ASSAY_OK) {
        fprintf(stderr, "mutants: %s\n", err.message);
        exit(70);
    }
    return findings;
}

static bool covers(const struct assay_place *place, size_t from, size_t to)
{
    return place->offset < to && from < (size_t)place->offset + place->len;
}

static bool finding_covers(const struct assay_finding *finding, size_t from, size_t to)
{
    bool is_covered = covers(&finding->place, from, to);
    for (size_t i = 0; i < finding->operands_count; i++) {
        is_covered = is_covered || covers(&finding->operands[i], from, to);
    }
    return is_covered;
}

static bool is_found(const struct assay_findings *findings, const struct mutant *mutant)
{
    for (size_t i = 0; i < findings->findings_count; i++) {
        const struct assay_finding *finding = &findings->findings[i];
        if (mutant->gone != SIZE_MAX && finding_covers(finding, mutant->from, mutant->to)) {
            return true;
        }
        for (size_t k = 0; k < mutant->edits_count; k++) {
            const struct edit *edit = &mutant->edits[k];
            if (finding_covers(finding, edit->shown_at, edit->shown_to)) {
                return true;
            }
        }
    }
    return false;
}

/* ---- the table --- */

struct count {
    unsigned made, detectable, found;
};

struct score {
    struct count by_operator[OPERATORS_COUNT], by_relation[REL_COUNT_TYPES], in_all;
    unsigned reports, reports_with_findings, missed_shown;
};

struct options {
    uint64_t reports, seed, each, missed;
    bool has_goal;
};

static void show_missed(const struct assay_buf *text, const struct mutant *mutant, const char *operator_name,
                        const struct honest_relation *relation, uint64_t seed)
{
    size_t from = mutant->edits[0].shown_at, to = from;
    while (from > 0 && text->data[from - 1] != '\n') {
        from--;
    }
    while (to < text->len && text->data[to] != '\n') {
        to++;
    }
    printf("missed: seed %llu, %s, breaks '%s': %.*s\n", (unsigned long long)seed, operator_name,
           honest_type_names[relation->type], (int)(to - from), text->data + from);
}

static void try_one(const struct honest *report, size_t site, size_t operator_index, struct assay_rng *rng,
                    const struct options *options, uint64_t seed, struct assay_buf *text, struct score *score)
{
    struct mutant mutant = {.gone = SIZE_MAX};
    const struct operator_row *row = &OPERATORS[operator_index];
    if (!row->apply(report, site, rng, &mutant)) {
        return;
    }
    struct count *by_operator = &score->by_operator[operator_index];
    const struct honest_relation *relation = broken(report, &mutant);
    by_operator->made++;
    score->in_all.made++;
    if (!relation) {
        return;
    }
    struct count *by_relation = &score->by_relation[relation->type];
    render(report, &mutant, text);
    struct assay_findings *findings = judge(text);
    bool found = is_found(findings, &mutant);
    by_operator->detectable++;
    by_relation->detectable++;
    score->in_all.detectable++;
    by_operator->found += found;
    by_relation->found += found;
    score->in_all.found += found;
    if (!found && score->missed_shown < options->missed) {
        score->missed_shown++;
        show_missed(text, &mutant, row->name, relation, seed);
    }
    assay_findings_free(findings);
}

static void check_honest(const struct honest *report, uint64_t seed, struct score *score)
{
    for (size_t i = 0; i < report->relations_count; i++) {
        if (!honest_holds(report, &report->relations[i])) {
            fprintf(stderr, "mutants: report %llu is not honest: its '%s' does not hold\n", (unsigned long long)seed,
                    honest_type_names[report->relations[i].type]);
            exit(70);
        }
    }
    struct assay_findings *findings = judge(&report->text);
    score->reports++;
    score->reports_with_findings += findings->findings_count > 0;
    for (size_t i = 0; i < findings->findings_count; i++) {
        const struct assay_finding *finding = &findings->findings[i];
        printf("false alarm: seed %llu, line %u: %s %s: %.*s\n", (unsigned long long)seed, finding->place.line,
               finding->rule->id, finding->message, (int)finding->place.whole.len, finding->place.whole.data);
    }
    assay_findings_free(findings);
}

static void run_report(uint64_t seed, const struct options *options, struct score *score)
{
    static struct honest report;
    struct assay_rng rng;
    struct assay_buf text;
    uint64_t turn = seed; /* so that --each takes others in each report */
    honest_make(&report, seed);
    assay_rng_seed(&rng, seed, "mutants");
    assay_buf_init(&text, TEXT_BYTES_MAX);
    check_honest(&report, seed, score);
    for (size_t site = 0; site < report.sites_count; site++) {
        for (size_t k = 0; k < OPERATORS_COUNT; k++) {
            if (turn++ % options->each == 0) {
                try_one(&report, site, k, &rng, options, seed, &text, score);
            }
        }
    }
    assay_buf_done(&text);
    honest_done(&report);
}

static double percent(const struct count *count)
{
    return count->detectable ? 100.0 * count->found / count->detectable : 100;
}

static bool print_rows(const char *title, const struct count *counts, size_t rows, const char *(*name)(size_t))
{
    bool is_good = true;
    printf("\n| %s | made | detectable | found | share |\n|---|---:|---:|---:|---:|\n", title);
    for (size_t i = 0; i < rows; i++) {
        const struct count *count = &counts[i];
        if (count->detectable == 0 && count->made == 0) {
            continue;
        }
        printf("| %s | %u | %u | %u | %.1f %% |\n", name(i), count->made, count->detectable, count->found,
               percent(count));
        is_good = is_good && (count->detectable < OPERATOR_LEAST || percent(count) >= GOAL_OPERATOR_PERCENT);
    }
    return is_good;
}

static const char *operator_name(size_t i)
{
    return OPERATORS[i].name;
}

static const char *relation_name(size_t i)
{
    return honest_type_names[i];
}

static bool print_score(struct score *score)
{
    for (size_t i = 0; i < REL_COUNT_TYPES; i++) { /* what was made is counted by operator only */
        score->by_relation[i].made = score->by_relation[i].detectable;
    }
    bool is_good = print_rows("mutation", score->by_operator, OPERATORS_COUNT, operator_name);
    print_rows("relation that it breaks first", score->by_relation, REL_COUNT_TYPES, relation_name);
    printf("\n%u honest reports, %u with a finding; %u mutants, %u detectable, %u found: %.1f %%\n", score->reports,
           score->reports_with_findings, score->in_all.made, score->in_all.detectable, score->in_all.found,
           percent(&score->in_all));
    return is_good && score->reports_with_findings == 0 && percent(&score->in_all) >= GOAL_PERCENT;
}

static uint64_t number_after(int argc, char **argv, const char *name, uint64_t otherwise)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            assay_err err = {0};
            uint64_t value = 0;
            if (assay_num_u64(assay_slice_of(argv[i + 1]), name, UINT32_MAX, &value, &err) != ASSAY_OK) {
                fprintf(stderr, "mutants: %s\n", err.message);
                exit(4);
            }
            return value;
        }
    }
    return otherwise;
}

int main(int argc, char **argv)
{
    static struct score score;
    struct options options = {.reports = number_after(argc, argv, "--reports", REPORTS_DEFAULT),
                              .seed = number_after(argc, argv, "--seed", 1),
                              .each = number_after(argc, argv, "--each", 1),
                              .missed = number_after(argc, argv, "--missed", 0)};
    options.each += options.each == 0;
    assay_json_init();
    for (int i = 1; i < argc; i++) {
        options.has_goal = options.has_goal || strcmp(argv[i], "--goal") == 0;
        if (strcmp(argv[i], "--print") == 0) { /* one honest report, for people */
            struct honest report;
            honest_make(&report, options.seed);
            fwrite(report.text.data, 1, report.text.len, stdout);
            honest_done(&report);
            return 0;
        }
    }
    for (uint64_t i = 0; i < options.reports; i++) {
        run_report(options.seed + i, &options, &score);
    }
    bool is_good = print_score(&score);
    return options.has_goal && !is_good;
}
