/*
 * Inside serve/: what one request has got from the model so far, as pieces of text. A piece is what one token made
 * visible: usually the text of that token; none while bytes of a character or of a stop text are held back, and then
 * more at once.
 */
#ifndef ASSAY_SERVE_LM_OUTPUT_H
#define ASSAY_SERVE_LM_OUTPUT_H

#include "base/buf.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of one answer: longer than any context here can make, since a token of real vocabularies is at most 256 bytes. */
#define LM_OUTPUT_BYTES_MAX ((size_t)256 << 20)

struct lm_top {
    int32_t id;
    double logprob;
};

struct lm_piece { /* ends of its text and tokens; they begin where the piece before ends */
    size_t text_end, tokens_end;
};

enum lm_finish {
    LM_GOING_ON,
    LM_STOP,      /* end token, or a stop text */
    LM_LENGTH,    /* the limit that was asked for, or the context, is full */
    LM_CANCELLED, /* the client went away */
    LM_SHUT,      /* the server ends */
    LM_FAILED     /* err says why */
};

struct lm_times {                     /* mono; 0: not yet */
    uint64_t accepted_ns, started_ns; /* complete request; a slot is free */
    uint64_t decoding_ns, last_ns;    /* the prompt is evaluated but for its last token; last output token drawn */
    uint64_t ended_ns;
};

struct lm_output {
    struct assay_buf text;
    struct lm_piece *pieces;
    size_t pieces_count, pieces_room;
    size_t tokens;         /* drawn, but for an end token */
    struct lm_top *chosen; /* of each token, and `tops_each` of the likeliest; NULL: not asked for */
    size_t chosen_room, tops_each;
    struct lm_top *tops;
    enum lm_finish finish;
    struct lm_times times;
    assay_err err;
};

void lm_output_init(struct lm_output *output, bool wants_logprobs, size_t tops_each);
void lm_output_done(struct lm_output *output);
/* Counts a token; chosen and its tops (tops_each) only where they are asked for, else NULL. */
assay_code lm_output_token(struct lm_output *output, const struct lm_top *chosen, const struct lm_top *tops,
                           assay_err *err);
/* Makes the text and the tokens since the last piece visible. */
assay_code lm_output_piece(struct lm_output *output, struct assay_slice text, assay_err *err);

bool lm_output_has_logprobs(const struct lm_output *output);
struct assay_slice lm_output_text(const struct lm_output *output, size_t piece);
/* First token of a piece, and the one after its last. */
size_t lm_output_first(const struct lm_output *output, size_t piece);

#endif
