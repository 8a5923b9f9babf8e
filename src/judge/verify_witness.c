#include "judge/verify_log.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* What witnesses saw, and when (evidence.md 2.4, 3.3): the only time that does not come from whoever measured. A quorum
 * of them by a time T says: this head was there at T. So the entry of a document that it covers was there at T, and
 * with it the signature; and a run that names an earlier head, seen at T, began after that head was made. */

#define SKEW_S_MAX 300 /* as gate 406: clocks of two machines may differ by minutes */

static const char COSIGNED[] = "cosigned";

static struct assay_slice cosigned(const struct log_work *work)
{
    return (struct assay_slice){work->judge->input->log_cosigned.data, work->judge->input->log_cosigned.len};
}

/* The form of a note and the head it speaks of; who signed it is asked where that matters. */
static bool read_head(struct log_work *work, struct assay_slice bytes, struct assay_checkpoint *ret)
{
    assay_err err = {0};
    struct assay_note *note = assay_alloc(1, sizeof *note);
    assay_code rc = note ? assay_note_read(bytes.data, bytes.len, note, &err) : assay_nomem(&err);
    rc = rc == ASSAY_OK ? assay_checkpoint_read(note->text, ret, &err) : rc;
    assay_free(note);
    if (rc == ASSAY_OK && strcmp(ret->origin, work->head.origin) != 0) {
        log_refuse(work, GATE_CHECKPOINT, COSIGNED, ret->origin, "heads of this log");
        return false;
    }
    return log_is_ok(work, rc, GATE_CHECKPOINT, COSIGNED, &err);
}

/* A head with another root is evidence against the log if its own key signed it, and otherwise a note that is false. */
static void fail_root(struct log_work *work, struct assay_slice bytes, uint64_t size)
{
    struct log_note note;
    char found[96];
    if (log_note_check(work, COSIGNED, bytes.data, bytes.len, &note)) {
        (void)snprintf(found, sizeof found, "a signed head of size %llu that is none of this log",
                       (unsigned long long)size);
        log_refuse(work, GATE_HEAD, COSIGNED, found, "one log for everybody");
    }
}

/* Notes stand by size, so one walk over the leaves gives all their roots. */
void log_cosigned_check(struct log_work *work)
{
    struct assay_slice rest = cosigned(work), bytes;
    struct assay_merkle tree;
    assay_merkle_init(&tree);
    while (assay_entry_cut(&rest, &bytes)) {
        struct assay_checkpoint head;
        struct assay_digest root;
        if (!read_head(work, bytes, &head)) {
            continue;
        }
        if (head.size < tree.count || head.size > work->book->count) {
            fail_root(work, bytes, head.size);
            continue;
        }
        while (tree.count < head.size) {
            assay_merkle_add_hash(&tree, &work->book->rows[tree.count].leaf);
        }
        assay_merkle_root(&tree, &root);
        if (memcmp(root.bytes, head.root, sizeof root.bytes) != 0) {
            fail_root(work, bytes, head.size);
        }
    }
}

static void covers(struct outside_time *outside, int64_t time_s)
{
    outside->after_s = outside->has_after && outside->after_s < time_s ? outside->after_s : time_s;
    outside->has_after = true;
}

static void precedes(struct outside_time *outside, int64_t time_s)
{
    outside->before_s = outside->has_before && outside->before_s < time_s ? outside->before_s : time_s;
    outside->has_before = true;
}

/* What one head, seen by a quorum by that time, says of this document. */
static void weigh(struct log_work *work, const struct assay_checkpoint *head, int64_t time_s)
{
    const struct log_view *log = &work->judge->log;
    if (head->size > log->outcome) {
        covers(&work->judge->outside, time_s);
    }
    if (log->has_intent && work->book &&
        head->size == work->book->rows[log->intent].head_size) { /* its root was held against ours */
        precedes(&work->judge->outside, time_s);
    }
}

static bool date_of(const struct log_work *work, const char *pointer, int64_t *ret)
{
    const char *text = json_string_value(assay_json_at(work->judge->statement, pointer));
    return text && assay_time_read(text, ret);
}

/* Dates of the document that outside times contradict. A first head that was seen only after the start bounds nothing.
 */
static void check_dates(struct log_work *work)
{
    static const char STARTED[] = "/predicate/attempts/startedAt", FINISHED[] = "/predicate/attempts/finishedAt";
    struct outside_time *outside = &work->judge->outside;
    int64_t started, finished;
    if (outside->has_after && date_of(work, FINISHED, &finished) && finished > outside->after_s + SKEW_S_MAX) {
        judge_fail(work->judge, GATE_DATE, FINISHED, assay_json_at(work->judge->statement, FINISHED),
                   "a time at most 300 s after witnesses saw its entry");
    }
    if (outside->has_before && date_of(work, STARTED, &started) && started + SKEW_S_MAX < outside->before_s) {
        judge_fail(work->judge, GATE_DATE, STARTED, assay_json_at(work->judge->statement, STARTED),
                   "a time at most 300 s before witnesses saw the head that its intent names");
        outside->has_before = false;
    }
}

/* Notes behind the outcome stand by size: the first with a quorum is the earliest. */
static void weigh_cosigned(struct log_work *work)
{
    const struct log_view *log = &work->judge->log;
    struct assay_slice rest = cosigned(work), bytes;
    bool has_after = false;
    while (assay_entry_cut(&rest, &bytes)) {
        struct assay_checkpoint head;
        struct log_note note;
        if (!read_head(work, bytes, &head)) {
            continue;
        }
        bool is_before = log->has_intent && head.size == work->book->rows[log->intent].head_size;
        bool is_after = head.size > log->outcome && !has_after;
        if ((is_before || is_after) && log_note_check(work, COSIGNED, bytes.data, bytes.len, &note) &&
            note.has_quorum) {
            weigh(work, &note.head, note.quorum_s);
            has_after = has_after || is_after;
        }
    }
}

void log_bracket(struct log_work *work)
{
    if (judge_has(work->judge, GATE_CHECKPOINT, GATE_QUORUM, ASSAY_VERDICT_FAIL)) {
        return; /* a log that is not believed bounds nothing */
    }
    if (work->has_quorum) {
        weigh(work, &work->head, work->quorum_s);
    }
    if (work->book) {
        weigh_cosigned(work);
    }
    check_dates(work);
}
