#include "lm/engine_room.h"
#include "lm/generate.h"

#include "base/clock.h"
#include "base/mem.h"

#include <assert.h>
#include <string.h>

const char *assay_ended_text(enum assay_ended finish)
{
    static const char *const TEXTS[] = {"stop", "length", "cancelled"};
    return TEXTS[finish];
}

void assay_generated_done(struct assay_generated *generated)
{
    assay_tokens_done(&generated->tokens);
}

struct run {
    struct assay_session *session;
    const struct assay_generation *how;
    const struct assay_tokenizer *tokenizer;
    struct assay_sampler *sampler;
    struct assay_stream stream;
    struct assay_tokens all; /* prompt and what was picked */
    struct assay_generated *result;
    size_t vocabulary, draft_length;
    uint64_t began_ns, first_at_ns;
    bool has_ended;
};

static void end(struct run *run, enum assay_ended finish)
{
    run->result->finish = finish;
    run->has_ended = true;
}

static void send(struct run *run, struct assay_slice text)
{
    if (text.len > 0 && run->how->on_text && !run->how->on_text(run->how->context, text)) {
        end(run, ASSAY_ENDED_CANCELLED);
    }
}

/* Only the largest logit matters: a penalty could make another one the largest. */
static bool is_greedy(const struct run *run)
{
    const struct assay_sampling *how = &run->how->sampling;
    return how->temperature == 0 && (how->repeat_penalty == 0 || how->repeat_penalty == 1);
}

/* Picks the next token from its logits, and tells whoever listens. */
static assay_code emit(struct run *run, const float *logits, int32_t *ret_id, assay_err *err)
{
    int32_t id = assay_sampler_pick(run->sampler, logits);
    if (run->how->on_logits) {
        size_t count = run->vocabulary;
        const float *told = is_greedy(run) ? assay_engine_firm_logits(run->session->engine, logits, &count) : logits;
        run->how->on_logits(run->how->context, told, count);
    }
    assay_sampler_saw(run->sampler, id);
    assay_code rc = assay_tokens_add(&run->result->tokens, id, err);
    rc = rc == ASSAY_OK ? assay_tokens_add(&run->all, id, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    *ret_id = id;
    run->first_at_ns = run->first_at_ns ? run->first_at_ns : assay_clock_mono_ns();
    if (!run->how->ignores_end && assay_tokenizer_is_end(run->tokenizer, id)) {
        end(run, ASSAY_ENDED_STOP);
        return ASSAY_OK;
    }
    if (!assay_tokenizer_is_control(run->tokenizer, id)) {
        send(run, assay_stream_push(&run->stream, assay_tokenizer_bytes(run->tokenizer, id)));
    }
    if (run->stream.is_stopped && !run->has_ended) {
        end(run, ASSAY_ENDED_STOP);
    } else if (run->result->tokens.count == run->how->tokens_max && !run->has_ended) {
        end(run, ASSAY_ENDED_LENGTH);
    }
    return assay_buf_check(&run->stream.ready, err);
}

/* ---- a pass ------------------------------------------------------------------------------------------------------*/

/* The last token, and after it what is proposed, as far as context and tokens_max leave room. */
static size_t propose(struct run *run, int32_t ids[ASSAY_DRAFT_TOKENS_MAX + 1])
{
    uint64_t room = assay_session_context(run->session) - assay_session_position(run->session);
    uint64_t left = run->how->tokens_max - run->result->tokens.count;
    size_t most = run->draft_length;
    most = most + 1 < room ? most : (size_t)room - 1;
    most = most < left ? most : (size_t)left - 1;
    ids[0] = run->all.ids[run->all.count - 1];
    return run->how->drafts && most > 0 ? assay_draft_find(run->all.ids, run->all.count, most, ids + 1) : 0;
}

static assay_code step(struct run *run, assay_err *err)
{
    int32_t ids[ASSAY_DRAFT_TOKENS_MAX + 1], picked = 0;
    size_t drafted = propose(run, ids), accepted = 0;
    uint64_t position = assay_session_position(run->session);
    struct assay_session_step pass = {.session = run->session,
                                      .ids = ids,
                                      .count = drafted + 1,
                                      .wants = is_greedy(run) && drafted == 0 ? ASSAY_LOGITS_BEST : ASSAY_LOGITS_ALL};
    assay_code rc = assay_session_eval_many(&pass, 1, err);
    if (rc == ASSAY_OK) {
        rc = emit(run, pass.logits, &picked, err);
    }
    while (rc == ASSAY_OK && !run->has_ended && accepted < drafted && picked == ids[accepted + 1]) {
        accepted++;
        rc = emit(run, pass.logits + accepted * run->vocabulary, &picked, err);
    }
    if (rc == ASSAY_OK) {
        assay_session_rewind(run->session, position + 1 + accepted);
    }
    run->result->passes++;
    run->result->drafted += drafted;
    run->result->accepted += accepted;
    if (drafted > 0) { /* more after luck, less after none */
        run->draft_length = accepted == drafted ? run->draft_length * 2 : accepted + 1;
        run->draft_length = run->draft_length < ASSAY_DRAFT_TOKENS_MAX ? run->draft_length : ASSAY_DRAFT_TOKENS_MAX;
    }
    return rc;
}

static assay_code begin(struct run *run, assay_err *err)
{
    const float *logits = NULL;
    int32_t picked = 0;
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; rc == ASSAY_OK && i < run->how->prompt_count; i++) {
        assay_sampler_saw(run->sampler, run->how->prompt[i]);
        rc = assay_tokens_add(&run->all, run->how->prompt[i], err);
    }
    rc = rc == ASSAY_OK ? assay_session_eval(run->session, run->how->prompt, run->how->prompt_count, &logits, err) : rc;
    run->result->prompt_ns = assay_clock_mono_ns() - run->began_ns;
    return rc == ASSAY_OK ? emit(run, logits, &picked, err) : rc;
}

static assay_code loop(struct run *run, assay_err *err)
{
    assay_code rc = begin(run, err);
    while (rc == ASSAY_OK && !run->has_ended) {
        if (assay_session_position(run->session) == assay_session_context(run->session)) {
            end(run, ASSAY_ENDED_LENGTH);
        } else {
            rc = step(run, err);
        }
    }
    if (rc == ASSAY_INTERRUPTED) {
        end(run, ASSAY_ENDED_CANCELLED);
        rc = ASSAY_OK;
    }
    if (rc == ASSAY_OK && run->result->finish != ASSAY_ENDED_CANCELLED) {
        send(run, assay_stream_end(&run->stream));
    }
    uint64_t now = assay_clock_mono_ns();
    run->result->first_ns = run->first_at_ns ? run->first_at_ns - run->began_ns : 0;
    run->result->decode_ns = run->first_at_ns ? now - run->first_at_ns : 0;
    return rc;
}

assay_code assay_generate(struct assay_session *session, const struct assay_generation *how,
                          struct assay_generated *ret, assay_err *err)
{
    assert(how->prompt_count > 0 && how->tokens_max > 0);
    const struct assay_model *model = assay_session_model(session);
    struct run run = {.session = session,
                      .how = how,
                      .tokenizer = model->tokenizer,
                      .result = ret,
                      .vocabulary = (size_t)model->shape.vocabulary,
                      .draft_length = ASSAY_DRAFT_TOKENS_MAX / 2,
                      .began_ns = assay_clock_mono_ns()};
    *ret = (struct assay_generated){0};
    assay_session_rewind(session, 0);
    assay_code rc = assay_stream_init(&run.stream, how->stops, how->stops_count, err);
    rc = rc == ASSAY_OK ? assay_sampler_new(&how->sampling, run.vocabulary, &run.sampler, err) : rc;
    rc = rc == ASSAY_OK ? loop(&run, err) : rc;
    assay_stream_done(&run.stream);
    assay_sampler_free(run.sampler);
    assay_tokens_done(&run.all);
    if (rc != ASSAY_OK) {
        assay_generated_done(ret);
    }
    return rc;
}
