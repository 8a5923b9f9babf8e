/*
 * Sanity (inside this room): sanity.c and sanity_tokens.c look at metrics, sanity_run.c at the run as a whole. They look at what plan and
 * trace give, and without those at the document itself.
 */
#ifndef ASSAY_JUDGE_SANITY_H
#define ASSAY_JUDGE_SANITY_H

#include "judge/judge_room.h"

const json_t *sanity_at(const struct judge *judge, const char *pointer);
double sanity_number(const struct judge *judge, const char *pointer); /* 0 unless an integer */
/* A violation at the pointer, unless that place was refused already. */
void sanity_report(struct judge *judge, enum gate gate, const char *pointer, const char *expected);

void sanity_run(struct judge *judge);

/* sanity_tokens.c: gate 340. metrics: the list that is looked at. */
bool sanity_is_token_total(const char *metric);
void sanity_tokens(struct judge *judge, const json_t *metrics);

#endif
