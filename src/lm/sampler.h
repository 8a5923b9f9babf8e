/*
 * Sampler: from the logits of a pass to the next token (kernels.md 5.2).
 *
 *     const struct assay_sampling how = {.temperature = 0.8, .top_k = 40, .top_p = 0.95, .seed = seed};
 *     rc = assay_sampler_new(&how, vocabulary, &sampler, err);
 *     assay_sampler_saw(sampler, id);                   // every token of the prompt, for the repetition penalty
 *     int32_t id = assay_sampler_pick(sampler, logits); // one draw; then:
 *     assay_sampler_saw(sampler, id);
 *     assay_sampler_free(sampler);
 *
 * In this order: repetition penalty, temperature, top-k, top-p, min-p, draw. Softmax in binary64, with the exponential
 * of stat/; candidates by falling probability, then by id; the draw is u = (next >> 11) 2^-53 from xoshiro256++ seeded
 * by SplitMix64(seed), one an emitted token. Temperature 0 is greedy: the largest logit, ties to the lowest id, no
 * draw. Equal logits, seeds and histories give equal tokens on every machine. One sampler belongs to one sequence and
 * one thread at a time; picking allocates nothing.
 */
#ifndef ASSAY_LM_SAMPLER_H
#define ASSAY_LM_SAMPLER_H

#include "base/err.h"

#include <float.h>
#include <stddef.h>
#include <stdint.h>

#define ASSAY_SAMPLER_REPEAT_LAST_MAX 4096 /* tokens that a penalty looks back over */
#define ASSAY_SAMPLER_REPEAT_LAST 64       /* where a request does not say */

/* For a top-p of 0 that a user has written, which leaves the most probable one: 0 here means that nobody said. */
#define ASSAY_SAMPLER_TOP_P_LEAST DBL_MIN

struct assay_sampling {
    double temperature;    /* 0: greedy */
    uint64_t top_k;        /* 0: all */
    double top_p;          /* 0 or 1: all; the candidate that crosses it stays in */
    double min_p;          /* 0: all; of the most probable one */
    double repeat_penalty; /* 0 or 1: none; logits above 0 are divided by it, others multiplied */
    uint64_t repeat_last;  /* tokens that count as repeated; 0: ASSAY_SAMPLER_REPEAT_LAST */
    uint64_t seed;
};

struct assay_sampler;
/* USAGE: a number outside its range, with its name. */
assay_code assay_sampler_new(const struct assay_sampling *how, size_t vocabulary, struct assay_sampler **ret,
                             assay_err *err);
void assay_sampler_free(struct assay_sampler *sampler); /* fine on NULL */

/* logits: one a token of the vocabulary, finite. */
int32_t assay_sampler_pick(struct assay_sampler *sampler, const float *logits);
void assay_sampler_saw(struct assay_sampler *sampler, int32_t id);

/* The logarithm of the probability of a token under the plain softmax of the logits, as servers report it. */
double assay_sampler_logprob(const float *logits, size_t vocabulary, int32_t id);
/* The `count` most probable ids, most probable first, ties to the lowest id. */
void assay_sampler_best(const float *logits, size_t vocabulary, size_t count, int32_t *ret_ids);

#endif
