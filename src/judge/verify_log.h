/*
 * The log in the making of one judgement: its head (verify_head.c), its entries (verify_log.c), what its witnesses saw
 * and when (verify_witness.c). Inside these files only.
 */
#ifndef ASSAY_JUDGE_VERIFY_LOG_H
#define ASSAY_JUDGE_VERIFY_LOG_H

#include "judge/judge_room.h"

struct log_work {
    struct judge *judge;
    const struct assay_trust_log *trusted;
    struct assay_checkpoint head;
    bool has_quorum; /* of the head itself, and when: as log_note */
    int64_t quorum_s;
    struct assay_digest payload; /* of the document */
    uint8_t run_id[16];
    bool has_run_id;
    const struct assay_tlog_book *book; /* NULL: not read */
    struct assay_tlog_book read;        /* the same, if it was read here */
};

void log_refuse(struct log_work *work, enum gate gate, const char *place, const char *found, const char *expected);
/* Memory is the judgement's trouble, everything else the document's. */
bool log_is_ok(struct log_work *work, assay_code rc, enum gate gate, const char *place, const assay_err *err);

/* A signed head: by the log's key (211), no known witness false, and whether a quorum of them cosigned it. */
struct log_note {
    struct assay_checkpoint head;
    uint64_t cosignatures;
    bool has_quorum;  /* of at least one witness */
    int64_t quorum_s; /* by then as many as the quorum had seen it */
};
bool log_note_check(struct log_work *work, const char *place, const char *bytes, size_t len, struct log_note *ret);

/* 211, 214; fills work->trusted and work->head. */
bool log_head_check(struct log_work *work, const char *bytes, size_t len);
/* 213: a head that was seen before may only have grown. With all entries at hand its root is computed again; of a proof,
 * a growth proof or a quorum of witnesses shows it, and without those it is undecided, and nothing new is remembered. */
bool log_memory_check(struct log_work *work);

/* 213, 211: every head that witnesses signed is one of this log. */
void log_cosigned_check(struct log_work *work);
/* Once outcome and, with a whole log, intent are known: judge->outside; 406 where the document's dates contradict. */
void log_bracket(struct log_work *work);

#endif
