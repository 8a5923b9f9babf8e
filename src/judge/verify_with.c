#include "judge/judge_room.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

/* Tier 5 (evidence.md 3.4): another receipt of the same plan, by another key on another machine, says the same within a
 * margin. Same plan: one requestSha256, which leaves out random choices, nonce and runId, so that repeats are known. */

#define MARGIN_DEFAULT 0.02

static const json_t *at(const json_t *statement, const char *pointer)
{
    return assay_json_at(statement, pointer);
}

static bool is_same_text(const json_t *a, const json_t *b, const char *pointer)
{
    const json_t *x = at(a, pointer), *y = at(b, pointer);
    return json_is_string(x) && json_is_string(y) && json_equal(x, y);
}

/* No host of one run is a host of the other; a machine that has no key is no other machine. */
static bool are_other_machines(const json_t *a, const json_t *b)
{
    const json_t *ours = at(a, "/predicate/environment/hosts"), *theirs = at(b, "/predicate/environment/hosts");
    const json_t *our_host, *their_host;
    size_t i, k;
    json_array_foreach(ours, i, our_host)
    {
        const char *key = judge_text_of(our_host, "machineKey");
        json_array_foreach(theirs, k, their_host)
        {
            const char *other = judge_text_of(their_host, "machineKey");
            if (key[0] == '\0' || other[0] == '\0' || strcmp(key, other) == 0) {
                return false;
            }
        }
    }
    return json_array_size(ours) > 0 && json_array_size(theirs) > 0;
}

static const json_t *find_metric(const json_t *statement, const json_t *like)
{
    const json_t *metrics = at(statement, "/predicate/metrics"), *metric;
    size_t i;
    json_array_foreach(metrics, i, metric)
    {
        if (strcmp(judge_text_of(metric, "arm"), judge_text_of(like, "arm")) == 0 &&
            strcmp(judge_text_of(metric, "name"), judge_text_of(like, "name")) == 0) {
            return metric;
        }
    }
    return NULL;
}

static bool is_within(double a, double b, double margin)
{
    double low = a < b ? a : b, high = a < b ? b : a;
    return a == b || (low > 0 && high <= low * (1 + margin));
}

/* Every metric that is better higher or lower and has a value in ours: the same in theirs. NULL: all are. */
static const char *metrics_fault(struct judge *judge, const json_t *other, double margin)
{
    const json_t *metrics = at(judge->statement, "/predicate/metrics"), *metric;
    size_t compared = 0, i;
    json_array_foreach(metrics, i, metric)
    {
        const json_t *theirs = find_metric(other, metric);
        const char *direction = judge_text_of(metric, "direction");
        double a, b;
        if (strcmp(direction, "none") == 0 || !assay_opened_value(metric, &a)) {
            continue;
        }
        if (!theirs || !assay_opened_value(theirs, &b) || !is_within(a, b, margin)) {
            char text[160];
            int n = snprintf(text, sizeof text, "%.64s of arm %.32s is not within %g %%", judge_text_of(metric, "name"),
                             judge_text_of(metric, "arm"), margin * 100);
            const char *kept = n > 0 ? assay_arena_text(&judge->out->arena, text, strlen(text)) : NULL;
            return kept ? kept : "a metric is not within the margin";
        }
        compared++;
    }
    return compared > 0 ? NULL : "there is no metric to compare";
}

/* Why the other receipt is no reproduction of this one; NULL if it is. */
static const char *fault_of(struct judge *judge, const struct assay_opened *other)
{
    double margin = judge->input->reproduction_margin > 0 ? judge->input->reproduction_margin : MARGIN_DEFAULT;
    if (other->trust != ASSAY_TRUST_GOOD || assay_judgement_exit(other->judgement) != 0) {
        return other->why && other->why[0] ? other->why : "it does not verify";
    }
    if (!judge->out->has_signer || !other->judgement->has_signer ||
        assay_digest_equal(&judge->out->signer, &other->judgement->signer)) {
        return "it is not signed by another key";
    }
    if (!are_other_machines(judge->statement, other->statement)) {
        return "it was not measured on another machine";
    }
    if (!is_same_text(judge->statement, other->statement, "/predicate/protocol/requestSha256")) {
        return "it has another plan";
    }
    return metrics_fault(judge, other->statement, margin);
}

void judge_reproduction(struct judge *judge)
{
    struct assay_judge_input how = *judge->input;
    struct assay_opened *other = NULL;
    if (!judge->input->reproduction) {
        return;
    }
    /* by itself: what was asked of the document is not asked of this one, and it may be in another log */
    struct assay_judge_input alone = {.now_real_ns = how.now_real_ns,
                                      .kernel_table = how.kernel_table,
                                      .trust = how.trust,
                                      .trust_read = how.trust_read,
                                      .memory = how.memory};
    alone.memory.head_origin = NULL;
    if (assay_opened_open(judge->input->reproduction, &alone, &other, NULL) != ASSAY_OK) {
        judge->is_out_of_memory = true;
        return;
    }
    const char *fault = fault_of(judge, other);
    judge->is_reproduced = fault == NULL;
    if (fault) {
        const char *kept = assay_arena_text(&judge->out->arena, fault, strlen(fault));
        judge->not_reproduced = kept ? kept : "";
    }
    assay_opened_free(other);
}
