#include "serve/lm_slot.h"

#include <assert.h>

/* All that it may come to, so that nothing is allocated while it is decoding and no answer stops half-way. */
static uint64_t positions_of(const struct lm_work *work)
{
    uint64_t left = work->context - work->prompt.count;
    return work->max_tokens < left ? work->prompt.count + work->max_tokens : work->context;
}

static assay_code take_all(struct lm_slot *slot, const struct lm_work *work, assay_err *err)
{
    assay_code rc = assay_session_new(slot->engine, work->context, &slot->session, err);
    rc = rc == ASSAY_OK ? assay_session_reserve(slot->session, positions_of(work), err) : rc;
    rc = rc == ASSAY_OK ? assay_sampler_new(&work->sampling, (size_t)slot->card->vocabulary, &slot->sampler, err) : rc;
    return rc == ASSAY_OK ? assay_stream_init(&slot->stream, work->stops, work->stops_count, err) : rc;
}

static void give_back(struct lm_slot *slot)
{
    assay_sampler_free(slot->sampler);
    assay_session_free(slot->session);
    slot->sampler = NULL;
    slot->session = NULL;
}

assay_code lm_slot_start(struct lm_slot *slot, struct lm_work *work, assay_err *err)
{
    assert(!slot->work && work->prompt.count > 0);
    assay_code rc = take_all(slot, work, err);
    if (rc != ASSAY_OK) {
        give_back(slot);
        return rc;
    }
    for (size_t i = 0; i < work->prompt.count; i++) {
        assay_sampler_saw(slot->sampler, work->prompt.ids[i]);
    }
    slot->fed = 0;
    slot->next = work->prompt.ids[work->prompt.count - 1];
    return ASSAY_OK;
}

void lm_slot_end(struct lm_slot *slot)
{
    assay_stream_done(&slot->stream);
    give_back(slot);
    lm_work_drop(slot->work);
    slot->work = NULL;
}

bool lm_slot_is_decoding(const struct lm_slot *slot)
{
    return slot->fed + 1 >= slot->work->prompt.count;
}

struct lm_slot_ids lm_slot_ids(struct lm_slot *slot, size_t most)
{
    if (lm_slot_is_decoding(slot)) {
        return (struct lm_slot_ids){&slot->next, 1};
    }
    size_t left = slot->work->prompt.count - 1 - slot->fed;
    return (struct lm_slot_ids){slot->work->prompt.ids + slot->fed, left < most ? left : most};
}

void lm_slot_fed(struct lm_slot *slot, size_t count)
{
    slot->fed += count;
    assert(slot->fed < slot->work->prompt.count);
}

/* ---- tokens ------------------------------------------------------------------------------------------------------*/

static void draw_logprobs(const struct lm_slot *slot, const float *logits, struct lm_drawn *ret)
{
    int32_t ids[LM_TOP_LOGPROBS_MAX];
    size_t vocabulary = (size_t)slot->card->vocabulary;
    size_t count = slot->work->output.tops_each;
    count = count < vocabulary ? count : vocabulary;
    ret->chosen = (struct lm_top){ret->id, assay_sampler_logprob(logits, vocabulary, ret->id)};
    assay_sampler_best(logits, vocabulary, count, ids);
    for (size_t i = 0; i < count; i++) {
        /* log p differs between tokens by what their logits differ by */
        double behind = (double)logits[ids[i]] - (double)logits[ret->id];
        ret->tops[i] = (struct lm_top){ids[i], ret->chosen.logprob + behind};
    }
}

void lm_slot_draw(struct lm_slot *slot, const float *logits, struct lm_drawn *ret)
{
    ret->id = assay_sampler_pick(slot->sampler, logits);
    ret->is_end = !slot->work->ignores_eos && assay_tokenizer_is_end(slot->card->tokenizer, ret->id);
    assay_sampler_saw(slot->sampler, ret->id);
    if (!ret->is_end && lm_output_has_logprobs(&slot->work->output)) {
        draw_logprobs(slot, logits, ret);
    }
}

/* Its text, so far as it is clear; a control token has none. */
static assay_code show_text(struct lm_slot *slot, int32_t id, assay_err *err)
{
    struct assay_slice text = {"", 0};
    if (!assay_tokenizer_is_control(slot->card->tokenizer, id)) {
        text = assay_stream_push(&slot->stream, assay_tokenizer_bytes(slot->card->tokenizer, id));
    }
    assay_code rc = assay_buf_check(&slot->stream.ready, err);
    return rc == ASSAY_OK && text.len > 0 ? lm_output_piece(&slot->work->output, text, err) : rc;
}

/* What was held back is text after all. */
static assay_code show_rest(struct lm_slot *slot, assay_err *err)
{
    struct assay_slice rest = assay_stream_end(&slot->stream);
    assay_code rc = assay_buf_check(&slot->stream.ready, err);
    return rc == ASSAY_OK && rest.len > 0 ? lm_output_piece(&slot->work->output, rest, err) : rc;
}

static enum lm_finish finish_of(const struct lm_slot *slot, const struct lm_drawn *drawn)
{
    const struct lm_work *work = slot->work;
    if (drawn->is_end || slot->stream.is_stopped) {
        return LM_STOP;
    }
    bool is_full = assay_session_position(slot->session) >= work->context;
    return is_full || work->output.tokens >= work->max_tokens ? LM_LENGTH : LM_GOING_ON;
}

bool lm_slot_show(struct lm_slot *slot, const struct lm_drawn *drawn, uint64_t now_ns)
{
    struct lm_output *output = &slot->work->output;
    size_t pieces = output->pieces_count;
    assay_code rc = ASSAY_OK;
    if (!drawn->is_end) {
        rc = lm_output_token(output, &drawn->chosen, drawn->tops, &output->err);
        rc = rc == ASSAY_OK ? show_text(slot, drawn->id, &output->err) : rc;
        output->times.last_ns = now_ns;
    }
    output->finish = rc == ASSAY_OK ? finish_of(slot, drawn) : LM_FAILED;
    if (output->finish == LM_STOP || output->finish == LM_LENGTH) {
        rc = slot->stream.is_stopped ? ASSAY_OK : show_rest(slot, &output->err);
        output->finish = rc == ASSAY_OK ? output->finish : LM_FAILED;
    }
    slot->next = drawn->id;
    return output->pieces_count > pieces || output->finish != LM_GOING_ON;
}
