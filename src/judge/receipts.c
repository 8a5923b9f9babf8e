#include "judge/comparable.h"
#include "judge/judge_room.h"

#include "base/text.h"
#include "stat/stat.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define NAMES_MAX 32

/* One value a run: its median. Names without a statistic get that of the median. */
static const struct workload_metrics {
    const char *workload;
    const char *metrics[6];
} DEFAULTS[] = {
    {"command", {"service_p50", "cpu_p50", "peak_rss_max"}},
    {"kernel", {"service_p50", "cpu_p50"}},
    {"noop", {"service_p50", "cpu_p50"}},
    {"lm", {"service_p50", "cpu_p50"}},
    {"llm", {"ttft_p50", "tpot_p50", "e2e_p50", "decode_rate_p50", "output_rate"}},
};

struct comparing {
    const struct assay_sides *sides;
    const struct assay_asked *asked;
    struct verdict_draft *draft;
    const char *names[NAMES_MAX];
    size_t names_count;
    size_t compared;
};

static assay_code choose_names(struct comparing *comparing, assay_err *err)
{
    const struct assay_asked *asked = comparing->asked;
    const char *workload =
        judge_text_of(assay_json_at(comparing->sides->base[0]->statement, "/predicate/protocol"), "workload");
    for (size_t i = 0; i < asked->metrics_count && i < NAMES_MAX; i++) {
        struct assay_metric_key key;
        assay_code rc = assay_metric_find(asked->metrics[i], &key, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
        comparing->names[comparing->names_count++] = asked->metrics[i];
    }
    for (size_t w = 0; asked->metrics_count == 0 && w < sizeof DEFAULTS / sizeof DEFAULTS[0]; w++) {
        bool is_it = strcmp(DEFAULTS[w].workload, workload) == 0;
        for (size_t i = 0; is_it && DEFAULTS[w].metrics[i]; i++) {
            comparing->names[comparing->names_count++] = DEFAULTS[w].metrics[i];
        }
    }
    return ASSAY_OK;
}

/* The values of one side that are there; none without memory. */
static double *values_of(struct comparing *comparing, const struct assay_opened *const *runs, size_t count,
                         uint32_t arm, const char *name, size_t *ret_count)
{
    double *values = assay_arena_take(comparing->draft->arena, count, sizeof *values);
    *ret_count = 0;
    for (size_t i = 0; values && i < count; i++) {
        double value;
        if (assay_opened_value(assay_opened_metric(runs[i], arm, name), &value) && value > 0) {
            values[(*ret_count)++] = value;
        }
    }
    return values;
}

/* Why a run has no value although another has: left out, it would take its failures with it. NULL: all have one, or
 * none has and nobody asked for it by name. */
static const char *lacking(struct comparing *comparing, uint32_t arm, const char *name)
{
    const struct assay_sides *sides = comparing->sides;
    const char *why = NULL;
    size_t with = 0;
    for (size_t i = 0; i < sides->base_count + sides->other_count; i++) {
        const struct assay_opened *run = i < sides->base_count ? sides->base[i] : sides->other[i - sides->base_count];
        const json_t *metric = assay_opened_metric(run, arm, name);
        double value;
        if (assay_opened_value(metric, &value) && value > 0) {
            with++;
        } else if (!why) {
            const char *absent = assay_opened_absent(metric);
            why = judge_draft_text(comparing->draft, "'%.200s': %s", run->name,
                                   !metric     ? "no such metric"
                                   : absent[0] ? absent
                                               : "the value is not above 0");
        }
    }
    return with > 0 || comparing->asked->metrics_count > 0 ? why : NULL;
}

static double median(struct comparing *comparing, const double *values, size_t count)
{
    double *sorted = assay_arena_take(comparing->draft->arena, 2 * count, sizeof *sorted);
    if (!sorted || count == 0) {
        return 0;
    }
    memcpy(sorted, values, count * sizeof *sorted);
    assay_stat_sort(sorted, sorted + count, count);
    return assay_stat_quantile_type7(sorted, count, 0.5);
}

static enum assay_verdict verdict_of(const struct comparing *comparing, enum assay_word word)
{
    bool is_gate = comparing->asked->rule.level == ASSAY_LEVEL_GATE && !comparing->sides->is_across;
    if (!is_gate || word == ASSAY_WORD_INCONCLUSIVE) {
        return ASSAY_VERDICT_UNDECIDED; /* advice is none */
    }
    return word == ASSAY_WORD_SLOWER ? ASSAY_VERDICT_FAIL : ASSAY_VERDICT_PASS;
}

static void add_row(struct comparing *comparing, uint32_t arm, const char *name)
{
    const struct assay_sides *sides = comparing->sides;
    struct assay_outcome_rule rule = comparing->asked->rule;
    struct assay_metric_key key;
    size_t base_count, other_count;
    double *base = values_of(comparing, sides->base, sides->base_count, arm, name, &base_count);
    double *other = values_of(comparing, sides->other, sides->other_count, arm, name, &other_count);
    const char *lacks = sides->is_across ? NULL : lacking(comparing, arm, name);
    const char *id = arm == 0 ? name : judge_draft_text(comparing->draft, "%c %s", (char)('a' + arm), name);
    if (lacks) {
        struct assay_verdict_row *row = judge_draft_row(comparing->draft, id, "comparison");
        row->metric = name;
        row->is_in_family = true;
        row->reason = lacks;
        return;
    }
    if (base_count == 0 || other_count == 0 || assay_metric_find(name, &key, NULL) != ASSAY_OK) {
        return;
    }
    rule.is_higher_better = strcmp(key.row->direction, "higher") == 0;
    struct assay_outcome outcome =
        assay_outcome_of_samples(base, base_count, other, other_count, &rule, comparing->draft->arena);
    struct assay_verdict_row *row = judge_draft_row(comparing->draft, id, "comparison");
    judge_draft_outcome(row, &outcome);
    row->metric = name;
    row->unit = key.row->unit;
    row->arm = "candidate";
    row->versus = "baseline";
    row->has_base = row->has_other = true;
    row->base = median(comparing, base, base_count);
    row->other = median(comparing, other, other_count);
    row->is_in_family = true;
    row->verdict = verdict_of(comparing, outcome.word);
    if (sides->is_across) {
        row->word = "different hosts: no verdict";
        row->has_interval = row->is_resolved = false;
        row->pairs_needed = 0;
        row->effect_min = 0;
        row->reason = NULL;
    } else {
        row->word = judge_draft_text(comparing->draft, "%s (unpaired)", assay_word_text(outcome.word));
        row->pairs_needed = 0; /* these are no pairs: the reason says what is missing */
    }
    comparing->compared++;
}

static void add_rows(struct comparing *comparing)
{
    size_t arms = json_array_size(assay_json_at(comparing->sides->base[0]->statement, "/predicate/protocol/arms"));
    for (uint32_t arm = 0; arm < arms && arm < ASSAY_PLAN_ARMS_MAX; arm++) {
        for (size_t i = 0; i < comparing->names_count; i++) {
            add_row(comparing, arm, comparing->names[i]);
        }
    }
}

/* ---- what refuses before any number is looked at ---------------------------------------------------------------- */

static bool is_same_run(const struct assay_opened *a, const struct assay_opened *b)
{
    return a->run_id[0] && strcmp(a->run_id, b->run_id) == 0;
}

static const struct assay_opened *run_at(const struct assay_sides *sides, size_t i)
{
    return i < sides->base_count ? sides->base[i] : sides->other[i - sides->base_count];
}

/* The first run that cannot be judged, or appears twice. */
static const char *unfit(struct comparing *comparing, enum assay_verdict *ret_verdict)
{
    const struct assay_sides *sides = comparing->sides;
    size_t count = sides->base_count + sides->other_count;
    for (size_t i = 0; i < count; i++) {
        const struct assay_opened *run = run_at(sides, i);
        if (run->trust < ASSAY_TRUST_INVALID) {
            *ret_verdict = run->trust == ASSAY_TRUST_REFUSED ? ASSAY_VERDICT_FAIL : ASSAY_VERDICT_NOT_MEASURED;
            return judge_draft_text(comparing->draft, "nothing is compared: '%.200s': %s", run->name, run->why);
        }
        for (size_t earlier = 0; earlier < i; earlier++) {
            if (is_same_run(run, run_at(sides, earlier))) {
                *ret_verdict = ASSAY_VERDICT_NOT_MEASURED;
                return judge_draft_text(comparing->draft, "nothing is compared: '%.200s' is the same run as '%.200s'",
                                        run->name, run_at(sides, earlier)->name);
            }
        }
    }
    return NULL;
}

static size_t check_fields(struct comparing *comparing)
{
    const struct assay_sides *sides = comparing->sides;
    const struct comparable_rule rule = {.may_differ = sides->may_differ, .may_differ_count = sides->may_differ_count};
    size_t refusing = 0;
    for (size_t i = 1; i < sides->base_count + sides->other_count; i++) {
        refusing += comparable_rows(comparing->draft, sides->base[0], run_at(sides, i), &rule);
    }
    return refusing;
}

static void note_invalid(struct comparing *comparing, struct assay_verdict_document *document)
{
    for (size_t i = 0; i < comparing->sides->base_count + comparing->sides->other_count; i++) {
        const struct assay_opened *run = run_at(comparing->sides, i);
        if (run->trust == ASSAY_TRUST_INVALID) {
            judge_draft_note(comparing->draft, "'%.200s': %s", run->name, run->why);
            document->verdict = ASSAY_VERDICT_UNDECIDED;
        }
    }
}

static const char *summary(struct comparing *comparing, size_t refusing)
{
    const struct assay_sides *sides = comparing->sides;
    const struct verdict_draft *draft = comparing->draft;
    if (refusing > 0 && !sides->is_across) {
        return judge_draft_text(comparing->draft, "not comparable: %zu field%s differ%s that must be equal", refusing,
                                refusing == 1 ? "" : "s", refusing == 1 ? "s" : "");
    }
    if (sides->is_across) {
        return judge_draft_text(comparing->draft, "different hosts: no verdict; %zu metrics side by side",
                                comparing->compared);
    }
    size_t words[2] = {0, 0};
    for (size_t i = 0; i < draft->rows_count; i++) {
        const char *word = draft->rows[i].word ? draft->rows[i].word : "";
        words[0] += assay_text_starts(word, "slower");
        words[1] += assay_text_starts(word, "faster");
    }
    return judge_draft_text(comparing->draft, "%zu against %zu runs, unpaired%s: %zu metrics, %zu slower, %zu faster",
                            sides->other_count, sides->base_count,
                            comparing->asked->rule.level == ASSAY_LEVEL_GATE ? "" : ", advice only",
                            comparing->compared, words[0], words[1]);
}

static assay_code compare_sides(struct comparing *comparing, struct assay_verdict_document *document,
                                bool *ret_is_comparable, assay_err *err)
{
    const char *why = unfit(comparing, &document->verdict);
    if (why) {
        document->summary = why;
        return ASSAY_OK;
    }
    assay_code rc = choose_names(comparing, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    size_t refusing = check_fields(comparing);
    *ret_is_comparable = refusing == 0;
    if (refusing == 0 || comparing->sides->is_across) {
        add_rows(comparing);
    }
    document->verdict = judge_draft_overall(comparing->draft);
    if (comparing->sides->is_across || refusing > 0 || comparing->asked->rule.level == ASSAY_LEVEL_ADVISORY) {
        document->verdict = ASSAY_VERDICT_UNDECIDED;
    }
    note_invalid(comparing, document);
    document->summary = summary(comparing, refusing);
    return ASSAY_OK;
}

assay_code assay_judge_compare(const struct assay_sides *sides, const struct assay_asked *asked,
                               struct assay_arena *arena, struct assay_verdict_document *ret, bool *ret_is_comparable,
                               assay_err *err)
{
    assert(sides && asked && arena && ret && sides->base_count > 0 && sides->other_count > 0);
    struct verdict_draft draft = {.arena = arena};
    struct comparing comparing = {.sides = sides, .asked = asked, .draft = &draft};
    struct assay_verdict_document document = {.question = asked->question,
                                              .level = asked->rule.level == ASSAY_LEVEL_GATE ? "gate" : "advisory",
                                              .date = asked->date,
                                              .tool = asked->tool,
                                              .binary_sha256 = asked->binary_sha256};
    *ret_is_comparable = false;
    for (size_t i = 0; i < sides->base_count + sides->other_count; i++) {
        judge_draft_input_run(&draft, run_at(sides, i));
    }
    assay_code rc = compare_sides(&comparing, &document, ret_is_comparable, err);
    if (rc == ASSAY_OK) {
        rc = judge_draft_finish(&draft, &document, err);
    }
    if (rc == ASSAY_OK) {
        *ret = document;
    }
    return rc;
}
