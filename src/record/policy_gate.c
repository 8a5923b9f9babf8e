#include "record/policy_parts.h"

#include "record/metric.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define SEEDS_LEAST 5    /* fewer seeds show no spread worth a name */
#define MAX_N_DEFAULT 59 /* the largest of 59 bounds the 95th percentile at 95 % */
#define HUGE_LIMIT 1e300

const char *assay_gate_kind_text(enum assay_gate_kind kind)
{
    static const char *const TEXTS[ASSAY_GATE_KIND_COUNT] = {
        [ASSAY_GATE_SPEEDUP] = "speedup", [ASSAY_GATE_BUDGET] = "budget",
        [ASSAY_GATE_PARITY] = "parity",   [ASSAY_GATE_STABILITY] = "stability",
        [ASSAY_GATE_CHANGE] = "change",   [ASSAY_GATE_SUCCESS_RATE] = "success_rate",
        [ASSAY_GATE_COST] = "cost"};
    assert((size_t)kind < ASSAY_GATE_KIND_COUNT);
    return TEXTS[kind];
}

#define SPEEDUP (1u << ASSAY_GATE_SPEEDUP)
#define BUDGET (1u << ASSAY_GATE_BUDGET)
#define PARITY (1u << ASSAY_GATE_PARITY)
#define STABILITY (1u << ASSAY_GATE_STABILITY)
#define CHANGE (1u << ASSAY_GATE_CHANGE)
#define SUCCESS (1u << ASSAY_GATE_SUCCESS_RATE)
#define COST (1u << ASSAY_GATE_COST)

static const char *const KINDS[] = {"speedup", "budget", "parity", "stability", "change", "success_rate", "cost", NULL};
static const char *const STATISTICS[] = {"mean", "sd",  "min",   "max",     "p50", "p90",
                                         "p95",  "p99", "p99.9", "max_dev", "cv",  NULL};
static const char *const WORKLOADS[] = {"noop", "command", "llm", "kernel", "lm", "pipeline", NULL};
static const char *const ALLOW[] = {"allow", NULL};
static const char *const PER[] = {"correct", NULL};

#define FIELD(member) offsetof(struct assay_policy_gate, member)
static const struct typed_key KEYS[] = {
    {.name = "id", .type = TYPED_ID, .at = FIELD(id), .is_required = true},
    {.name = "kind", .type = TYPED_OTHER, .is_required = true},
    {.name = "set", .type = TYPED_ID, .at = FIELD(set)},
    {.name = "arm", .type = TYPED_ID, .at = FIELD(arm)},
    {.name = "versus", .type = TYPED_ID, .at = FIELD(versus)},
    {.name = "workload", .type = TYPED_CHOICE, .at = FIELD(workload), .choices = WORKLOADS},
    {.name = "host", .type = TYPED_TEXT, .at = FIELD(host)},
    {.name = "confidence", .type = TYPED_REAL, .at = FIELD(confidence), .least = 0.5, .most = 0.9999},
    {.name = "margin", .type = TYPED_REAL, .at = FIELD(margin), .least = 0.0001, .most = 1},
    {.name = "statistic", .type = TYPED_CHOICE, .at = FIELD(statistic), .choices = STATISTICS},
    {.name = "metric",
     .type = TYPED_ID,
     .at = FIELD(metric),
     .is_required = true,
     .kinds = SPEEDUP | BUDGET | STABILITY | CHANGE},
    {.name = "min", .type = TYPED_LIMIT, .at = FIELD(min), .kinds = SPEEDUP | BUDGET | SUCCESS},
    {.name = "max", .type = TYPED_LIMIT, .at = FIELD(max), .kinds = BUDGET | STABILITY | COST},
    {.name = "worst_min", .type = TYPED_LIMIT, .at = FIELD(worst_min), .kinds = SPEEDUP},
    {.name = "unpaired", .type = TYPED_MARK, .at = FIELD(is_unpaired_allowed), .choices = ALLOW, .kinds = CHANGE},
    {.name = "plausible_min", .type = TYPED_LIMIT, .at = FIELD(plausible_min), .kinds = BUDGET},
    {.name = "min_n", .type = TYPED_COUNT, .at = FIELD(min_n), .least = 1, .most = 1e9, .kinds = BUDGET | SUCCESS},
    {.name = "max_change", .type = TYPED_LIMIT, .at = FIELD(max_change), .is_required = true, .kinds = CHANGE},
    {.name = "min_seeds", .type = TYPED_COUNT, .at = FIELD(min_seeds), .least = 2, .most = 10000, .kinds = STABILITY},
    {.name = "relative", .type = TYPED_BOOL, .at = FIELD(is_relative), .kinds = STABILITY},
    {.name = "per", .type = TYPED_CHOICE, .at = FIELD(per), .is_required = true, .choices = PER, .kinds = COST},
    {.name = "prices", .type = TYPED_TEXT, .at = FIELD(prices), .is_required = true, .kinds = COST},
    {.name = "output", .type = TYPED_ID, .at = FIELD(output), .is_required = true, .kinds = PARITY},
    {.name = "max_ulp", .type = TYPED_NUMBER, .at = FIELD(max_ulp), .most = HUGE_LIMIT, .kinds = PARITY},
    {.name = "max_abs", .type = TYPED_NUMBER, .at = FIELD(max_abs), .most = HUGE_LIMIT, .kinds = PARITY},
    {.name = "max_rel", .type = TYPED_NUMBER, .at = FIELD(max_rel), .most = HUGE_LIMIT, .kinds = PARITY},
    {.name = "max_rms", .type = TYPED_NUMBER, .at = FIELD(max_rms), .most = HUGE_LIMIT, .kinds = PARITY},
    {.name = "cosine_min", .type = TYPED_NUMBER, .at = FIELD(cosine_min), .most = 1, .kinds = PARITY},
    {.name = "dot_bound", .type = TYPED_NUMBER, .at = FIELD(dot_bound), .most = 1e6, .kinds = PARITY},
    {.name = "exact_min", .type = TYPED_NUMBER, .at = FIELD(exact_min), .most = 1, .kinds = PARITY},
};

/* ---- what the formula table says of a metric -------------------------------------------------------------------- */

static const struct assay_metric_row *row_of(const char *metric)
{
    size_t count;
    const struct assay_metric_row *rows = assay_metric_rows(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].id, metric) == 0) {
            return &rows[i];
        }
    }
    struct assay_metric_key key;
    return assay_metric_find(metric, &key, NULL) == ASSAY_OK ? key.row : NULL;
}

static bool is_spread(const char *statistic)
{
    return strcmp(statistic, "max_dev") == 0 || strcmp(statistic, "cv") == 0;
}

static const char *one_of(const char *word, const char *const *words)
{
    while (*words && strcmp(*words, word) != 0) {
        words++;
    }
    return *words;
}

/* Which statistics a kind can bound. A mean is none of them: it has no exact bound, and hides what users wait for. */
static assay_code check_statistic(struct typed_reader *reader, const json_t *object, const char *where,
                                  const struct assay_policy_gate *gate)
{
    static const char *const BOUNDED[] = {"p50", "p90", "p95", "p99", "p99.9", "max", "min", NULL};
    const json_t *value = json_object_get(object, "statistic");
    if (!gate->statistic) {
        return ASSAY_OK;
    }
    if (gate->kind == ASSAY_GATE_STABILITY && !is_spread(gate->statistic)) {
        return typed_fail_value(reader, value, where, "statistic", "max_dev or cv, the spread over seeds");
    }
    if (gate->kind != ASSAY_GATE_STABILITY && is_spread(gate->statistic)) {
        return typed_fail_value(reader, value, where, "statistic", "a statistic of samples such as p99 or max");
    }
    if (gate->kind == ASSAY_GATE_BUDGET && !one_of(gate->statistic, BOUNDED)) {
        return typed_fail_value(reader, value, where, "statistic", "p50, p90, p95, p99, p99.9, max or min");
    }
    return ASSAY_OK;
}

static assay_code make_name(struct typed_reader *reader, struct assay_policy_gate *gate)
{
    char name[160];
    bool has_statistic = gate->statistic && !is_spread(gate->statistic);
    int n = snprintf(name, sizeof name, "%s%s%s", gate->metric, has_statistic ? "_" : "",
                     has_statistic ? gate->statistic : "");
    assert(n > 0 && (size_t)n < sizeof name);
    gate->name = assay_arena_text(reader->arena, name, (size_t)n);
    return gate->name ? ASSAY_OK : assay_nomem(reader->err);
}

/* A name that this build does not know is no error of the file: its gate will find no receipt that carries it, and
 * fail as missing. Half a name is one. */
static assay_code check_metric(struct typed_reader *reader, const json_t *object, const char *where,
                               struct assay_policy_gate *gate)
{
    struct assay_metric_key key;
    const json_t *value = json_object_get(object, "metric");
    assay_code rc = check_statistic(reader, object, where, gate);
    if (rc == ASSAY_OK) {
        rc = make_name(reader, gate);
    }
    const struct assay_metric_row *row = rc == ASSAY_OK ? row_of(gate->metric) : NULL;
    if (!row) {
        return rc;
    }
    bool is_whole = assay_metric_find(gate->name, &key, NULL) == ASSAY_OK;
    if (!is_whole && gate->kind == ASSAY_GATE_BUDGET && !gate->statistic) {
        return typed_fail(reader, value, where, "metric: %s is one value a sample; add 'statistic', such as p99",
                          gate->metric);
    }
    if (!is_whole && gate->statistic && !is_spread(gate->statistic)) {
        return typed_fail(reader, json_object_get(object, "statistic"), where,
                          "statistic: %s is one value a run and has no %s", gate->metric, gate->statistic);
    }
    gate->unit = is_whole && key.is_ratio ? "1" : row->unit; /* of a time, a ratio is none */
    gate->is_higher_better = strcmp(row->direction, "higher") == 0;
    return ASSAY_OK;
}

static const char *unit_of_limits(const struct assay_policy_gate *gate)
{
    switch (gate->kind) {
    case ASSAY_GATE_BUDGET:
        return gate->unit;
    case ASSAY_GATE_STABILITY:
        return gate->is_relative || (gate->statistic && strcmp(gate->statistic, "cv") == 0) ? "1" : gate->unit;
    case ASSAY_GATE_COST:
        return "USD";
    case ASSAY_GATE_SPEEDUP:
    case ASSAY_GATE_PARITY:
    case ASSAY_GATE_CHANGE:
    case ASSAY_GATE_SUCCESS_RATE:
    case ASSAY_GATE_KIND_COUNT:
    default:
        return "1";
    }
}

/* ---- what a kind needs beyond its table ------------------------------------------------------------------------- */

static assay_code check_budget(struct typed_reader *reader, const json_t *object, const char *where,
                               const struct assay_policy_gate *gate)
{
    const char *wrong = gate->is_higher_better ? "max" : "min";
    bool has_direction = gate->unit && row_of(gate->metric) && strcmp(row_of(gate->metric)->direction, "none") != 0;
    const json_t *value = json_object_get(object, wrong);
    if (has_direction && value) {
        return typed_fail(reader, value, where, "'%s' on %s, of which %s is better; expected '%s'", wrong, gate->metric,
                          gate->is_higher_better ? "higher" : "lower", gate->is_higher_better ? "min" : "max");
    }
    if (gate->min.is_given == gate->max.is_given) {
        return typed_fail(reader, object, where, "a budget has one limit: 'max' or 'min'");
    }
    return ASSAY_OK;
}

static assay_code check_parity(struct typed_reader *reader, const json_t *object, const char *where,
                               const struct assay_policy_gate *gate)
{
    bool has_limit = gate->max_ulp.is_given || gate->max_abs.is_given || gate->max_rel.is_given ||
                     gate->max_rms.is_given || gate->cosine_min.is_given || gate->dot_bound.is_given ||
                     gate->exact_min.is_given;
    return has_limit ? ASSAY_OK
                     : typed_fail(reader, object, where,
                                  "parity needs a limit: max_ulp, max_abs, max_rel, max_rms, cosine_min, dot_bound "
                                  "or exact_min");
}

static assay_code need(struct typed_reader *reader, const json_t *object, const char *where, bool is_there,
                       const char *name)
{
    return is_there ? ASSAY_OK : typed_fail(reader, object, where, "the key '%s' is missing", name);
}

static assay_code check_share(struct typed_reader *reader, const json_t *object, const char *where, const char *name,
                              const struct assay_policy_number *number)
{
    bool is_share = !number->is_given || (number->value > 0 && number->value <= 1);
    return is_share ? ASSAY_OK
                    : typed_fail_value(reader, json_object_get(object, name), where, name,
                                       "a share above 0, such as 0.95 or 10%");
}

static assay_code check_kind(struct typed_reader *reader, const json_t *object, const char *where,
                             const struct assay_policy_gate *gate)
{
    assay_code rc = ASSAY_OK;
    switch (gate->kind) {
    case ASSAY_GATE_SPEEDUP:
        rc = need(reader, object, where, gate->arm != NULL, "arm");
        rc = rc == ASSAY_OK ? need(reader, object, where, gate->versus != NULL, "versus") : rc;
        return rc == ASSAY_OK ? need(reader, object, where, gate->min.is_given, "min") : rc;
    case ASSAY_GATE_BUDGET:
        return check_budget(reader, object, where, gate);
    case ASSAY_GATE_PARITY:
        return check_parity(reader, object, where, gate);
    case ASSAY_GATE_STABILITY:
        return need(reader, object, where, gate->max.is_given, "max");
    case ASSAY_GATE_CHANGE:
        rc = need(reader, object, where, gate->versus != NULL, "versus");
        return rc == ASSAY_OK ? check_share(reader, object, where, "max_change", &gate->max_change) : rc;
    case ASSAY_GATE_SUCCESS_RATE:
        rc = need(reader, object, where, gate->min.is_given, "min");
        return rc == ASSAY_OK ? check_share(reader, object, where, "min", &gate->min) : rc;
    case ASSAY_GATE_COST:
    case ASSAY_GATE_KIND_COUNT:
    default:
        return need(reader, object, where, gate->max.is_given, "max");
    }
}

static assay_code read_kind(struct typed_reader *reader, const json_t *object, const char *where,
                            enum assay_gate_kind *ret)
{
    const json_t *value = json_object_get(object, "kind");
    const char *text = json_string_value(value);
    if (!json_is_object(object) || !value) {
        return typed_fail(reader, object, where, "expected a mapping with 'id' and 'kind'");
    }
    for (int i = 0; text && KINDS[i]; i++) {
        if (strcmp(KINDS[i], text) == 0) {
            *ret = (enum assay_gate_kind)i;
            return ASSAY_OK;
        }
    }
    return typed_fail_value(reader, value, where, "kind",
                            "speedup, budget, parity, stability, change, success_rate or cost");
}

static void fill_defaults(const struct assay_policy *policy, struct assay_policy_gate *gate)
{
    gate->confidence = policy->confidence;
    gate->margin = policy->margin;
    gate->min_seeds = SEEDS_LEAST;
}

static assay_code read_gate(struct typed_reader *reader, const json_t *object, size_t index,
                            struct assay_policy *policy, struct assay_policy_gate *gate)
{
    char where[TYPED_WHERE_BYTES];
    typed_where(where, "gates", index, object);
    assay_code rc = read_kind(reader, object, where, &gate->kind);
    if (rc != ASSAY_OK) {
        return rc;
    }
    fill_defaults(policy, gate);
    rc = typed_object_of_kind(reader, object, where, KEYS, COUNT_OF(KEYS), gate->kind, gate);
    if (rc == ASSAY_OK && gate->metric) {
        rc = check_metric(reader, object, where, gate);
    }
    if (rc == ASSAY_OK) {
        reader->unit = unit_of_limits(gate);
        rc = typed_limits(reader, object, where, KEYS, COUNT_OF(KEYS), gate);
    }
    if (rc == ASSAY_OK) {
        rc = check_kind(reader, object, where, gate);
    }
    if (rc == ASSAY_OK && gate->set && !assay_policy_set(policy, gate->set)) {
        rc = typed_fail_value(reader, json_object_get(object, "set"), where, "set", "the id of one of 'sets'");
    }
    if (gate->min_n == 0) {
        bool is_extreme =
            gate->statistic && (strcmp(gate->statistic, "max") == 0 || strcmp(gate->statistic, "min") == 0);
        gate->min_n = gate->kind == ASSAY_GATE_BUDGET && is_extreme ? MAX_N_DEFAULT : 1;
    }
    return rc;
}

assay_code policy_read_gates(struct typed_reader *reader, const json_t *root, struct assay_policy *policy)
{
    assay_code rc = typed_list(reader, root, "gates", ASSAY_POLICY_GATES_MAX, sizeof *policy->gates, &policy->gates,
                               &policy->gates_count);
    const json_t *list = json_object_get(root, "gates");
    for (size_t i = 0; i < policy->gates_count && rc == ASSAY_OK; i++) {
        rc = read_gate(reader, json_array_get(list, i), i, policy, &policy->gates[i]);
        policy->gates[i].line = (uint32_t)assay_yaml_line(&reader->lines, json_array_get(list, i));
        for (size_t earlier = 0; earlier < i && rc == ASSAY_OK; earlier++) {
            if (strcmp(policy->gates[earlier].id, policy->gates[i].id) == 0) {
                rc = typed_fail(reader, json_array_get(list, i), "gates", "the id '%s' is given twice",
                                policy->gates[i].id);
            }
        }
    }
    return rc;
}
