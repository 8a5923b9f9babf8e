#include "serve/lm_output.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

#define ROOM_FIRST 64 /* a usual answer grows twice or thrice */

void lm_output_init(struct lm_output *output, bool wants_logprobs, size_t tops_each)
{
    memset(output, 0, sizeof *output);
    assay_buf_init(&output->text, LM_OUTPUT_BYTES_MAX);
    output->tops_each = wants_logprobs ? tops_each : 0;
    output->chosen_room = wants_logprobs ? 0 : SIZE_MAX;
}

void lm_output_done(struct lm_output *output)
{
    assay_buf_done(&output->text);
    assay_free(output->pieces);
    assay_free(output->chosen);
    assay_free(output->tops);
}

bool lm_output_has_logprobs(const struct lm_output *output)
{
    return output->chosen_room != SIZE_MAX;
}

static assay_code grow_tokens(struct lm_output *output, assay_err *err)
{
    size_t room = output->chosen_room ? 2 * output->chosen_room : ROOM_FIRST;
    struct lm_top *chosen = assay_realloc(output->chosen, room, sizeof *chosen);
    if (!chosen) {
        return assay_nomem(err);
    }
    output->chosen = chosen;
    if (output->tops_each > 0) {
        struct lm_top *tops = assay_realloc(output->tops, room * output->tops_each, sizeof *tops);
        if (!tops) {
            return assay_nomem(err);
        }
        output->tops = tops;
    }
    output->chosen_room = room;
    return ASSAY_OK;
}

assay_code lm_output_token(struct lm_output *output, const struct lm_top *chosen, const struct lm_top *tops,
                           assay_err *err)
{
    if (lm_output_has_logprobs(output)) {
        assert(chosen && (tops || output->tops_each == 0));
        assay_code rc = output->tokens == output->chosen_room ? grow_tokens(output, err) : ASSAY_OK;
        if (rc != ASSAY_OK) {
            return rc;
        }
        output->chosen[output->tokens] = *chosen;
        if (output->tops_each > 0) {
            memcpy(output->tops + output->tokens * output->tops_each, tops, output->tops_each * sizeof *tops);
        }
    }
    output->tokens++;
    return ASSAY_OK;
}

assay_code lm_output_piece(struct lm_output *output, struct assay_slice text, assay_err *err)
{
    if (output->pieces_count == output->pieces_room) {
        size_t room = output->pieces_room ? 2 * output->pieces_room : ROOM_FIRST;
        struct lm_piece *pieces = assay_realloc(output->pieces, room, sizeof *pieces);
        if (!pieces) {
            return assay_nomem(err);
        }
        output->pieces = pieces;
        output->pieces_room = room;
    }
    assay_buf_append(&output->text, text.data, text.len);
    assay_code rc = assay_buf_check(&output->text, err);
    if (rc == ASSAY_OK) {
        output->pieces[output->pieces_count++] = (struct lm_piece){output->text.len, output->tokens};
    }
    return rc;
}

struct assay_slice lm_output_text(const struct lm_output *output, size_t piece)
{
    assert(piece < output->pieces_count);
    size_t from = piece > 0 ? output->pieces[piece - 1].text_end : 0;
    return (struct assay_slice){output->text.data + from, output->pieces[piece].text_end - from};
}

size_t lm_output_first(const struct lm_output *output, size_t piece)
{
    return piece > 0 ? output->pieces[piece - 1].tokens_end : 0;
}
