#include "judge/verify_log.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Heads of a log (evidence.md 2.5): signed by its key, cosigned by witnesses, and none that goes back. */

static const char CHECKPOINT[] = "checkpoint";

static bool check_log_key(struct log_work *work, const char *place, const struct assay_note *note,
                          const struct assay_checkpoint *head)
{
    enum assay_note_state state = ASSAY_NOTE_UNSIGNED;
    uint64_t time_s;
    assay_err err = {0};
    work->trusted = assay_trust_log_find(work->judge->trust, head->origin);
    if (!work->trusted) {
        log_refuse(work, GATE_CHECKPOINT, place, head->origin, "the origin of a log of the trust file");
        return false;
    }
    assay_code rc = assay_note_check(note, &work->trusted->log, &state, &time_s, &err);
    if (!log_is_ok(work, rc, GATE_CHECKPOINT, place, &err)) {
        return false;
    }
    if (state != ASSAY_NOTE_GOOD) {
        log_refuse(work, GATE_CHECKPOINT, place,
                   state == ASSAY_NOTE_UNSIGNED ? "no signature of the log's key"
                                                : "a signature of the log's key that is false",
                   "the signature of the log's key");
    }
    return state == ASSAY_NOTE_GOOD;
}

static int by_time(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Each key of the trust file counts once. A quorum has seen the head when as many have as it needs. */
static bool check_witnesses(struct log_work *work, const char *place, const struct assay_note *note,
                            struct log_note *ret)
{
    uint64_t times_s[ASSAY_TRUST_WITNESSES_MAX], quorum = work->trusted->quorum;
    for (size_t i = 0; i < work->trusted->witnesses_count; i++) {
        enum assay_note_state state = ASSAY_NOTE_UNSIGNED;
        uint64_t time_s = 0;
        assay_err err = {0};
        assay_code rc = assay_note_check(note, &work->trusted->witnesses[i], &state, &time_s, &err);
        if (!log_is_ok(work, rc, GATE_CHECKPOINT, place, &err)) {
            return false;
        }
        if (state != ASSAY_NOTE_GOOD && state != ASSAY_NOTE_UNSIGNED) {
            log_refuse(work, GATE_CHECKPOINT, place, "a cosignature of a known witness that is false",
                       "good ones or none");
            return false;
        }
        if (state == ASSAY_NOTE_GOOD && time_s <= INT64_MAX) {
            times_s[ret->cosignatures++] = time_s;
        }
    }
    qsort(times_s, ret->cosignatures, sizeof times_s[0], by_time);
    ret->has_quorum = quorum > 0 && ret->cosignatures >= quorum;
    ret->quorum_s = ret->has_quorum ? (int64_t)times_s[quorum - 1] : 0;
    return true;
}

bool log_note_check(struct log_work *work, const char *place, const char *bytes, size_t len, struct log_note *ret)
{
    assay_err err = {0};
    struct assay_note *note = assay_alloc(1, sizeof *note); /* 100 lines: no thing for the stack */
    *ret = (struct log_note){0};
    if (!note) {
        work->judge->is_out_of_memory = true;
        return false;
    }
    assay_code rc = assay_note_read(bytes, len, note, &err);
    rc = rc == ASSAY_OK ? assay_checkpoint_read(note->text, &ret->head, &err) : rc;
    bool is_good = log_is_ok(work, rc, GATE_CHECKPOINT, place, &err) && check_log_key(work, place, note, &ret->head) &&
                   check_witnesses(work, place, note, ret);
    assay_free(note);
    return is_good;
}

bool log_head_check(struct log_work *work, const char *bytes, size_t len)
{
    struct log_note note;
    if (!log_note_check(work, CHECKPOINT, bytes, len, &note)) {
        return false;
    }
    work->head = note.head;
    work->has_quorum = note.has_quorum;
    work->quorum_s = note.quorum_s;
    if (note.cosignatures < work->trusted->quorum) {
        char found[64], expected[64];
        (void)snprintf(found, sizeof found, "%llu cosignatures", (unsigned long long)note.cosignatures);
        (void)snprintf(expected, sizeof expected, "%llu", (unsigned long long)work->trusted->quorum);
        log_refuse(work, GATE_QUORUM, CHECKPOINT, found, expected);
        return false;
    }
    return true;
}

/* ---- 213 ---- */

static bool refuse_head(struct log_work *work, const char *found)
{
    char expected[64];
    (void)snprintf(expected, sizeof expected, "one that continues size %llu, as seen before",
                   (unsigned long long)work->judge->input->memory.head_size);
    log_refuse(work, GATE_HEAD, CHECKPOINT, found, expected);
    return false;
}

/* All entries are here. A whole log is given as it is now: one that is shorter was cut. */
static bool whole_log_check(struct log_work *work)
{
    const struct assay_judge_memory *memory = &work->judge->input->memory;
    struct assay_digest root;
    char found[128];
    if (work->head.size < memory->head_size) {
        (void)snprintf(found, sizeof found, "a log of size %llu", (unsigned long long)work->head.size);
        return refuse_head(work, found);
    }
    assay_tlog_book_root(work->book, memory->head_size, &root);
    if (!assay_digest_equal(&root, &memory->head_root)) {
        (void)snprintf(found, sizeof found, "a log whose first %llu entries are others",
                       (unsigned long long)memory->head_size);
        return refuse_head(work, found);
    }
    work->judge->out->moves_head = true;
    return true;
}

/* The head of a proof and the remembered one, the shorter first. */
struct two_heads {
    uint64_t sizes[2];
    struct assay_digest roots[2];
};

static struct two_heads in_order(const struct log_work *work)
{
    const struct assay_judge_memory *memory = &work->judge->input->memory;
    struct two_heads heads;
    size_t own = work->head.size > memory->head_size ? 1 : 0;
    heads.sizes[own] = work->head.size;
    memcpy(heads.roots[own].bytes, work->head.root, sizeof heads.roots[own].bytes);
    heads.sizes[1 - own] = memory->head_size;
    heads.roots[1 - own] = memory->head_root;
    return heads;
}

static bool growth_check(struct log_work *work, const struct two_heads *heads)
{
    struct assay_judge_bytes given = work->judge->input->log_growth;
    struct assay_tlog_growth growth;
    assay_err err = {0};
    char found[128];
    assay_code rc = assay_tlog_growth_read(given.data, given.len, &growth, &err);
    if (!log_is_ok(work, rc, GATE_HEAD, "consistency", &err)) {
        return false;
    }
    if (growth.old_size != heads->sizes[0]) {
        (void)snprintf(found, sizeof found, "a proof from size %llu", (unsigned long long)growth.old_size);
        return refuse_head(work, found);
    }
    return assay_consistency_is_proven(heads->sizes[0], heads->sizes[1], &heads->roots[0], &growth.proof,
                                       &heads->roots[1]) ||
           refuse_head(work, "hashes that do not lead from one head to the other");
}

/* The entries are not here. A proof stays good while its log grows, so an older head is no fault; but that two heads
 * are of one log must be shown, and only what was shown is remembered. */
static bool two_heads_check(struct log_work *work)
{
    const struct two_heads heads = in_order(work);
    bool is_longer = work->head.size > work->judge->input->memory.head_size;
    if (heads.sizes[0] == heads.sizes[1]) {
        return assay_digest_equal(&heads.roots[0], &heads.roots[1]) ||
               refuse_head(work, "another log of the same size");
    }
    if (work->judge->input->log_growth.data) {
        work->judge->out->moves_head = growth_check(work, &heads) && is_longer;
        return !judge_has(work->judge, GATE_HEAD, GATE_HEAD, ASSAY_VERDICT_FAIL);
    }
    if (work->has_quorum) { /* a witness signs no head that does not continue what it saw */
        work->judge->out->moves_head = is_longer;
        return true;
    }
    char found[96], expected[160];
    (void)snprintf(found, sizeof found, "a head of size %llu, and size %llu was seen before",
                   (unsigned long long)work->head.size, (unsigned long long)work->judge->input->memory.head_size);
    (void)snprintf(expected, sizeof expected,
                   "that both are of one log: the log itself (--log DIR|URL), or 'assay log prove --since %llu' of it "
                   "(--consistency)",
                   (unsigned long long)heads.sizes[0]);
    judge_add(work->judge, GATE_HEAD, ASSAY_VERDICT_UNDECIDED, CHECKPOINT, found, expected);
    return true;
}

bool log_memory_check(struct log_work *work)
{
    const struct assay_judge_memory *memory = &work->judge->input->memory;
    if (!memory->head_origin || strcmp(memory->head_origin, work->head.origin) != 0) {
        work->judge->out->moves_head = true; /* the first */
        return true;
    }
    return work->judge->log.is_whole ? whole_log_check(work) : two_heads_check(work);
}
