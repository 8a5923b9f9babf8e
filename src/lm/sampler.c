#include "lm/sampler.h"

#include "base/mem.h"
#include "base/rng.h"
#include "stat/stat.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

struct candidate {
    double weight; /* e^((logit - largest) / temperature) */
    int32_t id;
};

struct assay_sampler {
    struct assay_sampling how;
    size_t vocabulary;
    struct assay_rng rng;
    int32_t *history; /* ring of the last repeat_last tokens */
    size_t history_count, history_at;
    float *logits; /* with the penalty */
    struct candidate *heap;
};

/* ---- life --------------------------------------------------------------------------------------------------------*/

static assay_code check(const struct assay_sampling *how, assay_err *err)
{
    const struct {
        const char *name;
        double value, least, most;
    } RANGES[] = {{"temperature", how->temperature, 0, 100},
                  {"top-p", how->top_p, 0, 1},
                  {"min-p", how->min_p, 0, 1},
                  {"repeat-penalty", how->repeat_penalty, 0, 100},
                  {"repeat-last", (double)how->repeat_last, 0, ASSAY_SAMPLER_REPEAT_LAST_MAX}};
    for (size_t i = 0; i < sizeof RANGES / sizeof RANGES[0]; i++) {
        if (!(RANGES[i].value >= RANGES[i].least && RANGES[i].value <= RANGES[i].most)) {
            return assay_fail(err, ASSAY_USAGE, "%s is %g, expected %g to %g", RANGES[i].name, RANGES[i].value,
                              RANGES[i].least, RANGES[i].most);
        }
    }
    return ASSAY_OK;
}

assay_code assay_sampler_new(const struct assay_sampling *how, size_t vocabulary, struct assay_sampler **ret,
                             assay_err *err)
{
    assert(vocabulary > 0);
    assay_code rc = check(how, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct assay_sampler *sampler = assay_alloc(1, sizeof *sampler);
    if (!sampler) {
        return assay_nomem(err);
    }
    sampler->how = *how;
    sampler->how.repeat_last = how->repeat_last ? how->repeat_last : ASSAY_SAMPLER_REPEAT_LAST;
    sampler->vocabulary = vocabulary;
    assay_rng_seed_plain(&sampler->rng, how->seed);
    sampler->history = assay_alloc((size_t)sampler->how.repeat_last, sizeof *sampler->history);
    sampler->logits = assay_alloc(vocabulary, sizeof *sampler->logits);
    sampler->heap = assay_alloc(vocabulary, sizeof *sampler->heap);
    if (!sampler->history || !sampler->logits || !sampler->heap) {
        assay_sampler_free(sampler);
        return assay_nomem(err);
    }
    *ret = sampler;
    return ASSAY_OK;
}

void assay_sampler_free(struct assay_sampler *sampler)
{
    if (sampler) {
        assay_free(sampler->history);
        assay_free(sampler->logits);
        assay_free(sampler->heap);
        assay_free(sampler);
    }
}

void assay_sampler_saw(struct assay_sampler *sampler, int32_t id)
{
    size_t most = (size_t)sampler->how.repeat_last;
    sampler->history[sampler->history_at] = id;
    sampler->history_at = (sampler->history_at + 1) % most;
    sampler->history_count += sampler->history_count < most;
}

/* ---- candidates --------------------------------------------------------------------------------------------------*/

static int32_t largest(const float *logits, size_t count)
{
    size_t best = 0;
    for (size_t i = 1; i < count; i++) {
        best = logits[i] > logits[best] ? i : best;
    }
    return (int32_t)best;
}

static bool goes_before(const struct candidate *a, const struct candidate *b)
{
    return a->weight > b->weight || (a->weight == b->weight && a->id < b->id);
}

static void sink(struct candidate *heap, size_t count, size_t at)
{
    for (;;) {
        size_t first = at, left = 2 * at + 1;
        for (size_t child = left; child < left + 2 && child < count; child++) {
            first = goes_before(&heap[child], &heap[first]) ? child : first;
        }
        if (first == at) {
            return;
        }
        struct candidate moved = heap[at];
        heap[at] = heap[first];
        heap[first] = moved;
        at = first;
    }
}

/* Takes the first of the heap out and leaves it right behind the rest: popped ones stand there, last one first. */
static struct candidate pop(struct candidate *heap, size_t *count)
{
    struct candidate first = heap[0];
    heap[0] = heap[--*count];
    heap[*count] = first;
    sink(heap, *count, 0);
    return first;
}

/* A token seen often in the window is punished once, as everywhere. */
static const float *penalised(struct assay_sampler *sampler, const float *logits)
{
    double penalty = sampler->how.repeat_penalty;
    if (penalty == 0 || penalty == 1) {
        return logits;
    }
    memcpy(sampler->logits, logits, sampler->vocabulary * sizeof *logits);
    for (size_t i = 0; i < sampler->history_count; i++) {
        size_t id = (size_t)sampler->history[i];
        if (id < sampler->vocabulary) {
            double logit = (double)logits[id];
            sampler->logits[id] = (float)(logit > 0 ? logit / penalty : logit * penalty);
        }
    }
    return sampler->logits;
}

#define EXP_LEAST (-746.0) /* below it e^x is 0 in binary64 */

/* Makes the heap; the sum of the weights that min-p leaves, in the order of ids. */
static double weigh(struct assay_sampler *sampler, const float *logits)
{
    double most = (double)logits[largest(logits, sampler->vocabulary)], sum = 0;
    for (size_t i = 0; i < sampler->vocabulary; i++) {
        double x = ((double)logits[i] - most) / sampler->how.temperature;
        double weight = x > EXP_LEAST ? assay_stat_exp(x) : 0;
        sampler->heap[i] = (struct candidate){weight, (int32_t)i};
        sum += weight >= sampler->how.min_p ? weight : 0; /* the largest weighs 1 */
    }
    for (size_t i = sampler->vocabulary / 2; i-- > 0;) {
        sink(sampler->heap, sampler->vocabulary, i);
    }
    return sum;
}

/* ---- draw --------------------------------------------------------------------------------------------------------*/

/* Candidates one after another, most probable first. Those that were taken stand at the end of the heap's array, the
 * first one last, and can be gone through again. */
struct walk {
    struct candidate *heap;
    size_t all, rest, at;
};

static struct candidate next(struct walk *walk)
{
    if (walk->at == walk->all - walk->rest) {
        (void)pop(walk->heap, &walk->rest);
    }
    return walk->heap[walk->all - 1 - walk->at++];
}

/* How many of the most probable top-k, top-p and min-p leave; *sum, of their weights. */
static size_t keep(const struct assay_sampling *how, struct walk *walk, double *sum)
{
    size_t most = how->top_k > 0 && how->top_k < walk->all ? (size_t)how->top_k : walk->all, count = 0;
    bool has_top_p = how->top_p > 0 && how->top_p < 1;
    double total = 0, weight = 0;
    for (size_t i = 0; has_top_p && i < walk->all; i++) { /* of what top-k leaves */
        total += i < most ? (most < walk->all ? next(walk).weight : walk->heap[i].weight) : 0;
    }
    walk->at = 0;
    for (*sum = 0; count < most && !(has_top_p && *sum >= how->top_p * total); count++) {
        weight = next(walk).weight;
        if (count > 0 && (weight < how->min_p || weight == 0)) {
            break;
        }
        *sum += weight;
    }
    return count;
}

int32_t assay_sampler_pick(struct assay_sampler *sampler, const float *logits)
{
    const struct assay_sampling *how = &sampler->how;
    logits = penalised(sampler, logits);
    if (how->temperature == 0) {
        return largest(logits, sampler->vocabulary);
    }
    double sum = weigh(sampler, logits), below = 0;
    struct walk walk = {sampler->heap, sampler->vocabulary, sampler->vocabulary, 0};
    size_t kept = sampler->vocabulary;
    if (how->top_k > 0 || (how->top_p > 0 && how->top_p < 1)) { /* else only as many are sorted as the draw needs */
        kept = keep(how, &walk, &sum);
        walk.at = 0;
    }
    double mark = assay_rng_unit(&sampler->rng) * sum;
    struct candidate taken = next(&walk);
    for (below = taken.weight; mark >= below && walk.at < kept; below += taken.weight) {
        struct candidate candidate = next(&walk);
        if (candidate.weight == 0 || candidate.weight < how->min_p) {
            break; /* the mark was rounded up to the sum */
        }
        taken = candidate;
    }
    return taken.id;
}

/* ---- reports -----------------------------------------------------------------------------------------------------*/

double assay_sampler_logprob(const float *logits, size_t vocabulary, int32_t id)
{
    assert(id >= 0 && (size_t)id < vocabulary);
    double most = (double)logits[largest(logits, vocabulary)], sum = 0;
    for (size_t i = 0; i < vocabulary; i++) {
        double x = (double)logits[i] - most;
        sum += x > EXP_LEAST ? assay_stat_exp(x) : 0;
    }
    return (double)logits[id] - most - assay_stat_log(sum);
}

void assay_sampler_best(const float *logits, size_t vocabulary, size_t count, int32_t *ret_ids)
{
    size_t found = 0;
    for (size_t i = 0; i < vocabulary && count > 0; i++) {
        size_t at = found;
        while (at > 0 && logits[i] > logits[ret_ids[at - 1]]) {
            at--;
        }
        if (at < count) {
            found += found < count;
            for (size_t k = found - 1; k > at; k--) {
                ret_ids[k] = ret_ids[k - 1];
            }
            ret_ids[at] = (int32_t)i;
        }
    }
}
