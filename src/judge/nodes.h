/*
 * Nodes (inside this room; statistics.md 5.4): whether the arms of a run over endpoints are the same thing.
 */
#ifndef ASSAY_JUDGE_NODES_H
#define ASSAY_JUDGE_NODES_H

#include "judge/draft.h"

/* Adds a row of kind "difference" for everything in which an arm's server differs from the first one's: what it says of
 * its model, weights, engine and settings, and the options it was measured with. A digest of the model that no server
 * names is one of them, unless asked->takes_model_names. Returns how many there are. */
size_t nodes_differences(struct verdict_draft *draft, const struct assay_opened *run, const struct assay_asked *asked);

#endif
