#include "measure/account.h"

#include <inttypes.h>

/* Sequence lock (Boehm, "Can seqlocks get along with programming language memory models?", 2012): data is read and
 * written with relaxed atomics between fences, so there is no data race and the writer never waits. */
static void write_begin(struct assay_account *account)
{
    uint64_t sequence = atomic_load_explicit(&account->sequence, memory_order_relaxed);
    atomic_store_explicit(&account->sequence, sequence + 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
}

static void write_end(struct assay_account *account)
{
    uint64_t sequence = atomic_load_explicit(&account->sequence, memory_order_relaxed);
    atomic_store_explicit(&account->sequence, sequence + 1, memory_order_release);
}

static void add(atomic_uint_fast64_t *counter, uint64_t change)
{
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed); /* one writer: no locked instruction */
    atomic_store_explicit(counter, value + change, memory_order_relaxed);
}

void assay_account_issue(struct assay_account *account)
{
    write_begin(account);
    add(&account->issued, 1);
    add(&account->in_flight, 1);
    write_end(account);
}

void assay_account_end(struct assay_account *account, enum assay_status status)
{
    write_begin(account);
    add(&account->in_flight, UINT64_MAX); /* minus one */
    add(&account->ended[assay_status_group_of(status)], 1);
    write_end(account);
}

struct assay_counts assay_account_read(const struct assay_account *account)
{
    struct assay_counts counts;
    uint64_t before, after;
    do {
        before = atomic_load_explicit(&account->sequence, memory_order_acquire);
        counts.issued = atomic_load_explicit(&account->issued, memory_order_relaxed);
        counts.in_flight = atomic_load_explicit(&account->in_flight, memory_order_relaxed);
        for (size_t i = 0; i < ASSAY_GROUP_COUNT; i++) {
            counts.ended[i] = atomic_load_explicit(&account->ended[i], memory_order_relaxed);
        }
        atomic_thread_fence(memory_order_acquire);
        after = atomic_load_explicit(&account->sequence, memory_order_relaxed);
    } while (before != after || before % 2 != 0);
    return counts;
}

void assay_counts_add(struct assay_counts *sum, const struct assay_counts *more)
{
    sum->issued += more->issued;
    sum->in_flight += more->in_flight;
    for (size_t i = 0; i < ASSAY_GROUP_COUNT; i++) {
        sum->ended[i] += more->ended[i];
    }
}

uint64_t assay_counts_ended(const struct assay_counts *counts)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < ASSAY_GROUP_COUNT; i++) {
        sum += counts->ended[i];
    }
    return sum;
}

assay_code assay_counts_check(const struct assay_counts *counts, uint64_t planned, assay_err *err)
{
    uint64_t ended = assay_counts_ended(counts);
    if (counts->issued != ended + counts->in_flight || counts->issued > planned) {
        return assay_fail(err, ASSAY_BUG,
                          "accounting: %" PRIu64 " issued of %" PRIu64 " planned, but %" PRIu64 " ended and %" PRIu64
                          " are in flight",
                          counts->issued, planned, ended, counts->in_flight);
    }
    return ASSAY_OK;
}

assay_code assay_op_move(unsigned char *states, uint64_t planned, uint64_t id, enum assay_op_state to, assay_err *err)
{
    static const char *const NAMES[] = {"planned", "issued", "ended"};
    if (id >= planned) {
        return assay_fail(err, ASSAY_BUG, "accounting: operation %" PRIu64 " of a plan of %" PRIu64, id, planned);
    }
    if (to == ASSAY_OP_PLANNED || states[id] != to - 1) {
        return assay_fail(err, ASSAY_BUG, "accounting: operation %" PRIu64 " is %s and became %s", id,
                          NAMES[states[id]], NAMES[to]);
    }
    states[id] = (unsigned char)to;
    return ASSAY_OK;
}

uint64_t assay_handout_peek(const struct assay_handout *handout)
{
    return atomic_load_explicit(&handout->next, memory_order_relaxed);
}

bool assay_handout_claim(struct assay_handout *handout, uint64_t id)
{
    uint_fast64_t expected = id;
    return id < handout->count && atomic_compare_exchange_strong(&handout->next, &expected, id + 1);
}

uint64_t assay_handout_take(struct assay_handout *handout)
{
    uint64_t id = assay_handout_peek(handout);
    while (id < handout->count && !assay_handout_claim(handout, id)) {
        id = assay_handout_peek(handout);
    }
    return id;
}
