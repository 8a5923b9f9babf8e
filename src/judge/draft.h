/*
 * Draft (inside this room): a verdict document in the making. Rows, notes and inputs are added without checks; a lack
 * of memory is remembered by the arena and reported once, by judge_draft_finish. Texts are copied into the arena where
 * they are made; what is handed in as it is must live as long as the arena.
 */
#ifndef ASSAY_JUDGE_DRAFT_H
#define ASSAY_JUDGE_DRAFT_H

#include "judge/opened.h"
#include "judge/question.h"

struct verdict_draft {
    struct assay_arena *arena;
    struct assay_verdict_row *rows;
    size_t rows_count, rows_capacity;
    const char **notes;
    size_t notes_count, notes_capacity;
    struct assay_verdict_input *inputs;
    size_t inputs_count, inputs_capacity;
    struct assay_verdict_row spare; /* what judge_draft_row hands out when there is no memory */
};

/* A new row, zeroed but for these: not-measured. The pointer is good until the next row. */
struct assay_verdict_row *judge_draft_row(struct verdict_draft *draft, const char *id, const char *kind);
/* Text in the arena; "" when there is no memory. */
const char *judge_draft_text(struct verdict_draft *draft, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
const char *judge_draft_copy(struct verdict_draft *draft, const char *text); /* NULL stays NULL */
void judge_draft_note(struct verdict_draft *draft, const char *format, ...) __attribute__((format(printf, 2, 3)));
void judge_draft_input(struct verdict_draft *draft, const char *name, const char *sha256, const char *document);
void judge_draft_input_run(struct verdict_draft *draft, const struct assay_opened *run);

/* The comparison's numbers into a row; the word is given apart, since CPU time may have decided. */
void judge_draft_outcome(struct assay_verdict_row *row, const struct assay_outcome *outcome);

/* Why there is no ratio of these pairs although they have values: the receipt withholds one of its terms (at floor,
 * below timer resolution), or too many rounds lack one (statistics.md 8). NULL: there is a ratio. */
const char *judge_draft_ratio_absent(struct verdict_draft *draft, const struct assay_opened *run,
                                     const struct assay_paired_query *query, const struct assay_pairs *pairs);

/* fail before undecided or not-measured (both: undecided) before pass; without rows in the family not-measured. */
enum assay_verdict judge_draft_overall(const struct verdict_draft *draft);

/* Sets rows, notes and inputs of the document. */
assay_code judge_draft_finish(struct verdict_draft *draft, struct assay_verdict_document *document, assay_err *err);

#endif
