/*
 * Accounting: planned = issued + not sent, issued = ok + failed + timed out + cancelled + in flight (endpoints.md 6).
 *
 * One account a worker, written by that worker alone. A reader in another thread gets a snapshot of one instant (a
 * sequence lock), so the identities hold in every snapshot, not only at the end; one that does not is a bug in assay.
 * What is in flight is counted on its own, and each operation has a state that only moves planned -> issued -> ended.
 *
 * Handout: operations are given to workers in plan order, so what was issued is always a prefix of the plan.
 * Internal to measure/.
 */
#ifndef ASSAY_MEASURE_ACCOUNT_H
#define ASSAY_MEASURE_ACCOUNT_H

#include "base/err.h"
#include "record/record.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct assay_counts {
    uint64_t issued, in_flight, ended[ASSAY_GROUP_COUNT];
};

struct assay_account {
    atomic_uint_fast64_t sequence; /* odd while the worker writes */
    atomic_uint_fast64_t issued, in_flight, ended[ASSAY_GROUP_COUNT];
};

enum assay_op_state { ASSAY_OP_PLANNED, ASSAY_OP_ISSUED, ASSAY_OP_ENDED };

void assay_account_issue(struct assay_account *account);
void assay_account_end(struct assay_account *account, enum assay_status status);

struct assay_counts assay_account_read(const struct assay_account *account);
void assay_counts_add(struct assay_counts *sum, const struct assay_counts *more);
uint64_t assay_counts_ended(const struct assay_counts *counts);

/* BUG if an identity is broken. */
assay_code assay_counts_check(const struct assay_counts *counts, uint64_t planned, assay_err *err);

/* Moves operation `id` on. BUG, with the id, if it is outside the plan or not in the state before. */
assay_code assay_op_move(unsigned char *states, uint64_t planned, uint64_t id, enum assay_op_state to, assay_err *err);

struct assay_handout {
    atomic_uint_fast64_t next;
    uint64_t count;
};

/* The next operation to be handed out, or count when there is none. */
uint64_t assay_handout_peek(const struct assay_handout *handout);
bool assay_handout_claim(struct assay_handout *handout, uint64_t id); /* false: somebody else has it */
uint64_t assay_handout_take(struct assay_handout *handout);           /* whichever is next; count if none */

#endif
