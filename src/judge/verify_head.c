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

bool log_memory_check(struct log_work *work)
{
    const struct assay_judge_memory *memory = &work->judge->input->memory;
    char found[128], expected[64];
    struct assay_digest root, head;
    memcpy(head.bytes, work->head.root, sizeof head.bytes);
    if (!memory->head_origin || strcmp(memory->head_origin, work->head.origin) != 0) {
        return true;
    }
    (void)snprintf(expected, sizeof expected, "one that continues size %llu, as seen before",
                   (unsigned long long)memory->head_size);
    (void)snprintf(found, sizeof found, "a log of size %llu", (unsigned long long)work->head.size);
    bool is_same = work->head.size == memory->head_size && assay_digest_equal(&head, &memory->head_root);
    bool is_longer = work->head.size > memory->head_size;
    if (is_longer && work->judge->log.is_whole) {
        assay_tlog_book_root(work->book, memory->head_size, &root);
        is_longer = assay_digest_equal(&root, &memory->head_root);
        (void)snprintf(found, sizeof found, "a log whose first %llu entries are others",
                       (unsigned long long)memory->head_size);
    }
    if (!is_same && !is_longer) {
        log_refuse(work, GATE_HEAD, CHECKPOINT, found, expected);
        return false;
    }
    return true;
}
