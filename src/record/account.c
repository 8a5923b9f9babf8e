#include "base/mem.h"
#include "record/receipt_parts.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ABSENT ASSAY_NS_ABSENT
#define SLACK_NS ASSAY_NS_PER_MS /* stamps of two clocks: gate 338 calls more than this a disagreement */
#define DIGESTS_MAX 1024         /* shown in a receipt */

/* What an operation was given and what it gave back. */
struct answer {
    uint8_t input[32], output[32];
};

struct walk {
    const struct assay_plan *plan;
    struct account *account;
    uint64_t *dues, *frees; /* closed loop: when samples were due, and when slots became free */
    size_t count;
    struct answer *answers;
    size_t answers_count;
    int gate;
    bool
        is_imported; /* another program's samples: they keep no schedule of ours, and may not know when they were due */
};

/* ---- one sample ------------------------------------------------------------------------------------------------- */

static assay_code check_plan(struct walk *walk, const struct assay_sample *sample, assay_err *err)
{
    const struct assay_plan *plan = walk->plan;
    const struct assay_plan_op *op = &plan->ops[sample->id];
    walk->gate = DERIVE_GATE_PLAN;
    if (sample->arm != op->arm) {
        return assay_fail(err, ASSAY_MALFORMED, "sample %" PRIu64 ": arm %u, planned %u", sample->id,
                          (unsigned)sample->arm, op->arm);
    }
    bool has_due = sample->due_ns != ABSENT || !(sample->flags & ASSAY_SAMPLE_IMPORTED);
    if (plan->load.mode == ASSAY_LOAD_OPEN && has_due && sample->due_ns != op->due_ns) {
        return assay_fail(err, ASSAY_MALFORMED, "sample %" PRIu64 ": due at %" PRIu64 " ns, planned %" PRIu64,
                          sample->id, sample->due_ns, op->due_ns);
    }
    return ASSAY_OK;
}

/* b is not earlier than a, as far as the two clocks behind them agree. */
static bool are_ordered(uint64_t a, uint64_t b)
{
    return a == ABSENT || b == ABSENT || a <= b || a - b <= SLACK_NS;
}

static assay_code check_stamps(struct walk *walk, const struct assay_sample *sample, assay_err *err)
{
    enum assay_status_group group = assay_status_group_of(sample->status);
    bool is_censored = group != ASSAY_GROUP_OK && group != ASSAY_GROUP_FAILED;
    walk->gate = DERIVE_GATE_BOUND;
    if (is_censored && sample->end_ns == ABSENT) {
        return assay_fail(err, ASSAY_MALFORMED, "sample %" PRIu64 ": %s without a last stamp", sample->id,
                          assay_status_text(sample->status));
    }
    walk->gate = DERIVE_GATE_STAMPS;
    bool has_due = sample->due_ns != ABSENT || (sample->flags & ASSAY_SAMPLE_IMPORTED);
    bool is_there = has_due && sample->end_ns != ABSENT && (group != ASSAY_GROUP_OK || sample->start_ns != ABSENT);
    if (!is_there || !are_ordered(sample->due_ns, sample->queued_ns) ||
        !are_ordered(sample->queued_ns, sample->start_ns) || !are_ordered(sample->start_ns, sample->end_ns)) {
        return assay_fail(err, ASSAY_MALFORMED,
                          "sample %" PRIu64 ": stamps missing or out of order (due %" PRIu64 ", queued %" PRIu64
                          ", start %" PRIu64 ", end %" PRIu64 ")",
                          sample->id, sample->due_ns, sample->queued_ns, sample->start_ns, sample->end_ns);
    }
    const struct assay_request *request = sample->request;
    for (size_t i = 1; request && i < request->chunks_count; i++) {
        if (request->chunks[i].segment < request->chunks[i - 1].segment) {
            return assay_fail(err, ASSAY_MALFORMED,
                              "sample %" PRIu64 ": content chunk %zu arrived before the one before", sample->id, i);
        }
    }
    return ASSAY_OK;
}

static void add_answer(struct walk *walk, const struct assay_sample *sample)
{
    static const uint8_t NONE[32];
    struct answer *answer = &walk->answers[walk->answers_count];
    if (sample->request) {
        memcpy(answer->input, sample->request->body_sha256, 32);
        memcpy(answer->output, sample->request->output_sha256, 32);
    } else if (sample->process) {
        memset(answer->input, 0, 32);
        answer->input[0] = (uint8_t)(sample->arm + 1); /* the arm's command is the input of all its runs */
        memcpy(answer->output, sample->process->output_sha256, 32);
    } else {
        return;
    }
    bool is_known = memcmp(answer->input, NONE, 32) != 0 && memcmp(answer->output, NONE, 32) != 0;
    walk->answers_count += is_known;
}

static void add_sample(struct walk *walk, const struct assay_sample *sample)
{
    struct account *account = walk->account;
    enum assay_status_group group = assay_status_group_of(sample->status);
    bool is_warmup = sample->id < walk->plan->warmup.samples;
    account->groups[group]++;
    account->statuses[sample->status]++;
    account->warmup += is_warmup;
    account->measured_ok += !is_warmup && group == ASSAY_GROUP_OK;
    uint64_t due_ns = sample->due_ns != ABSENT ? sample->due_ns : sample->start_ns;
    if (!is_warmup && (account->count == account->warmup || due_ns < account->first_due_ns)) {
        account->first_due_ns = due_ns;
    }
    walk->is_imported |= (sample->flags & ASSAY_SAMPLE_IMPORTED) != 0;
    account->count++;
    if (sample->start_ns != ABSENT && sample->start_ns > account->last_start_ns) {
        account->last_start_ns = sample->start_ns;
    }
    if (sample->end_ns > account->last_end_ns) {
        account->last_end_ns = sample->end_ns;
    }
    walk->dues[walk->count] = sample->due_ns;
    walk->frees[walk->count++] = sample->end_ns + walk->plan->load.think_ns;
    if (group == ASSAY_GROUP_OK) {
        add_answer(walk, sample);
    }
}

/* ---- closed loop ------------------------------------------------------------------------------------------------ */

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Every operation is due at the instant at which some slot became free, each instant used once; only as many as there
 * are users may begin on a fresh slot. */
static assay_code check_slots(struct walk *walk, assay_err *err)
{
    if (walk->plan->load.mode != ASSAY_LOAD_CLOSED || walk->count == 0 || walk->is_imported) {
        return ASSAY_OK;
    }
    qsort(walk->dues, walk->count, sizeof *walk->dues, compare_u64);
    qsort(walk->frees, walk->count, sizeof *walk->frees, compare_u64);
    uint64_t fresh = 0, users = walk->plan->load.concurrency;
    for (size_t d = 0, f = 0; d < walk->count; d++) {
        while (f < walk->count && walk->frees[f] < walk->dues[d]) {
            f++;
        }
        bool is_freed = f < walk->count && walk->frees[f] == walk->dues[d];
        f += is_freed;
        fresh += !is_freed;
    }
    if (fresh > users) {
        walk->gate = DERIVE_GATE_PLAN;
        return assay_fail(err, ASSAY_MALFORMED,
                          "closed loop: %" PRIu64 " operations were due when no slot became free, with %" PRIu64
                          " users",
                          fresh, users);
    }
    return ASSAY_OK;
}

/* ---- paired ----------------------------------------------------------------------------------------------------- */

struct cell {
    uint64_t *dues, *frees;
    size_t first, count; /* samples of the cell, as ids */
    uint64_t from_ns;    /* when its slots opened */
};

/* The slots of a cell open together; each later operation takes the place of one that ended in it. */
static bool is_cell_in_order(const struct assay_plan *plan, const struct cell *cell)
{
    uint64_t *dues = cell->dues + cell->first, *frees = cell->frees + cell->first, fresh = 0;
    qsort(dues, cell->count, sizeof *dues, compare_u64);
    qsort(frees, cell->count, sizeof *frees, compare_u64);
    for (size_t d = 0, f = 0; d < cell->count; d++) {
        if (dues[d] == cell->from_ns && fresh < plan->load.concurrency) {
            fresh++;
            continue;
        }
        while (f < cell->count && frees[f] < dues[d]) {
            f++;
        }
        if (f == cell->count || frees[f++] != dues[d]) {
            return false;
        }
    }
    return true;
}

/* Cells follow each other: the first operation is due at the end of the cell before plus the gap. */
static assay_code check_cells(struct walk *walk, assay_err *err)
{
    const struct assay_plan *plan = walk->plan;
    uint64_t from_ns = 0;
    if (plan->load.mode != ASSAY_LOAD_PAIRED || walk->count == 0 || walk->is_imported) {
        return ASSAY_OK;
    }
    for (size_t first = 0; first < walk->count; first += plan->load.window) {
        size_t left = walk->count - first;
        struct cell cell = {.dues = walk->dues,
                            .frees = walk->frees,
                            .first = first,
                            .count = left < plan->load.window ? left : plan->load.window,
                            .from_ns = first == 0 ? walk->dues[0] : from_ns};
        if (!is_cell_in_order(plan, &cell)) {
            walk->gate = DERIVE_GATE_PLAN;
            return assay_fail(err, ASSAY_MALFORMED,
                              "paired: samples %zu to %zu: an operation was due when no slot of its cell was free",
                              first, first + cell.count - 1);
        }
        /* frees are sorted by now, and hold the think time */
        from_ns = walk->frees[first + cell.count - 1] - plan->load.think_ns + plan->load.gap_ns;
    }
    return ASSAY_OK;
}

/* ---- determinism ------------------------------------------------------------------------------------------------ */

static int compare_answers(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct answer));
}

struct repeats {
    size_t first, count, outputs;
};

/* Of the inputs that were repeated: one with different outputs, else the one repeated most often. */
static struct repeats find_repeats(const struct answer *answers, size_t count)
{
    struct repeats best = {0};
    for (size_t first = 0, next; first < count; first = next) {
        struct repeats here = {.first = first, .count = 1, .outputs = 1};
        for (next = first + 1; next < count && memcmp(answers[next].input, answers[first].input, 32) == 0; next++) {
            here.count++;
            here.outputs += memcmp(answers[next].output, answers[next - 1].output, 32) != 0;
        }
        bool is_better = here.outputs > 1 ? best.outputs <= 1 : best.outputs <= 1 && here.count > best.count;
        best = is_better && here.count > 1 ? here : best;
    }
    return best;
}

static assay_code judge_determinism(struct walk *walk, assay_err *err)
{
    struct account *account = walk->account;
    qsort(walk->answers, walk->answers_count, sizeof *walk->answers, compare_answers);
    struct repeats repeats = find_repeats(walk->answers, walk->answers_count);
    account->determinism = repeats.count < 2 ? "not-measured" : repeats.outputs > 1 ? "refuted" : "proven";
    account->repetitions = repeats.count;
    account->digests = assay_alloc(DIGESTS_MAX, sizeof *account->digests);
    if (!account->digests) {
        return assay_nomem(err);
    }
    for (size_t i = repeats.first; i < repeats.first + repeats.count && account->digests_count < DIGESTS_MAX; i++) {
        const uint8_t *output = walk->answers[i].output;
        size_t n = account->digests_count;
        if (n == 0 || memcmp(account->digests[n - 1], output, 32) != 0) {
            memcpy(account->digests[account->digests_count++], output, 32);
        }
    }
    return ASSAY_OK;
}

/* ---- */

static assay_code walk_samples(struct walk *walk, struct assay_trace *trace, assay_err *err)
{
    assay_trace_rewind(trace);
    for (;;) {
        struct assay_sample sample;
        bool is_end = false;
        walk->gate = DERIVE_GATE_COUNTS;
        assay_code rc = assay_trace_next(trace, &sample, &is_end, err);
        if (rc != ASSAY_OK || is_end) {
            return rc;
        }
        rc = check_plan(walk, &sample, err);
        rc = rc == ASSAY_OK ? check_stamps(walk, &sample, err) : rc;
        if (rc != ASSAY_OK) {
            return rc;
        }
        add_sample(walk, &sample);
    }
}

assay_code assay_account_make(const struct assay_plan *plan, struct assay_trace *trace, struct account *ret,
                              int *ret_gate, assay_err *err)
{
    size_t samples = (size_t)assay_trace_samples(trace);
    *ret = (struct account){.planned = plan->ops_count};
    if (assay_paired_check(plan, err) != ASSAY_OK) {
        *ret_gate = DERIVE_GATE_PLAN;
        return ASSAY_MALFORMED;
    }
    if (samples > plan->ops_count) { /* before anything is allocated for them */
        *ret_gate = DERIVE_GATE_COUNTS;
        return assay_fail(err, ASSAY_MALFORMED, "trace: %zu samples of a plan of %zu operations", samples,
                          plan->ops_count);
    }
    struct walk walk = {.plan = plan,
                        .account = ret,
                        .dues = assay_alloc(samples, sizeof *walk.dues),
                        .frees = assay_alloc(samples, sizeof *walk.frees),
                        .answers = assay_alloc(samples + 1, sizeof *walk.answers)};
    assay_code rc = walk.dues && walk.frees && walk.answers ? walk_samples(&walk, trace, err) : assay_nomem(err);
    rc = rc == ASSAY_OK ? check_slots(&walk, err) : rc;
    rc = rc == ASSAY_OK ? check_cells(&walk, err) : rc;
    rc = rc == ASSAY_OK ? judge_determinism(&walk, err) : rc;
    assay_free(walk.dues);
    assay_free(walk.frees);
    assay_free(walk.answers);
    assay_trace_rewind(trace);
    if (rc != ASSAY_OK) {
        *ret_gate = walk.gate;
        assay_wrap(err, "trace");
        assay_account_done(ret);
    }
    return rc;
}

void assay_account_done(struct account *account)
{
    assay_free(account->digests);
    *account = (struct account){0};
}
