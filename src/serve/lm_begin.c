/* From the body of a request to work of an engine. */
#include "serve/lm_server.h"

#include "base/clock.h"
#include "base/rng.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SEED_BITS 53 /* of a seed that is drawn here: any JSON reader gives it back as it was */

/* ---- refusals ----------------------------------------------------------------------------------------------------*/

static const struct {
    assay_code code;
    unsigned status;
} STATUSES[] = {
    {ASSAY_MALFORMED, MHD_HTTP_BAD_REQUEST}, {ASSAY_UNSUPPORTED, MHD_HTTP_BAD_REQUEST},
    {ASSAY_TOO_LARGE, MHD_HTTP_BAD_REQUEST}, {ASSAY_USAGE, MHD_HTTP_BAD_REQUEST},
    {ASSAY_NOT_FOUND, MHD_HTTP_NOT_FOUND},   {ASSAY_NO_MEMORY, MHD_HTTP_SERVICE_UNAVAILABLE},
};

unsigned lm_status_of(assay_code code)
{
    for (size_t i = 0; i < sizeof STATUSES / sizeof STATUSES[0]; i++) {
        if (STATUSES[i].code == code) {
            return STATUSES[i].status;
        }
    }
    return MHD_HTTP_INTERNAL_SERVER_ERROR;
}

void lm_refuse(struct lm_call *call, unsigned status, const char *wrong, const char *format, ...)
{
    char message[ASSAY_ERR_BYTES];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    const struct lm_refusal refusal = {.status = status, .message = message, .wrong = wrong};
    call->status = status;
    call->type = "application/json";
    assay_buf_clear(&call->answer);
    lm_reply_error(call->is_ollama, &refusal, &call->answer);
}

/* ---- the model ---------------------------------------------------------------------------------------------------*/

const struct lm_hosted *lm_model_find(const struct lm_server *server, struct assay_slice name)
{
    static const char LATEST[] = ":latest"; /* what Ollama's clients put behind a bare name */
    if (name.len == 0) {
        return server->models_count == 1 ? &server->models[0] : NULL;
    }
    for (size_t i = 0; i < server->models_count; i++) {
        const char *own = server->models[i].card->name;
        size_t len = strlen(own);
        struct assay_slice rest = {name.data + len, name.len - len};
        if (name.len >= len && memcmp(own, name.data, len) == 0 && (rest.len == 0 || assay_slice_is(rest, LATEST))) {
            return &server->models[i];
        }
    }
    return NULL;
}

/* ---- the prompt --------------------------------------------------------------------------------------------------*/

static assay_code add_ids(const struct lm_hosted *hosted, const json_t *ids, struct assay_tokens *tokens,
                          assay_err *err)
{
    json_int_t most = (json_int_t)assay_tokenizer_count(hosted->card->tokenizer) - 1;
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; i < json_array_size(ids) && rc == ASSAY_OK; i++) {
        json_int_t id = json_integer_value(json_array_get(ids, i));
        rc = id < 0 || id > most ? assay_fail(err, ASSAY_MALFORMED, "prompt: token %lld, expected 0 to %lld",
                                              (long long)id, (long long)most)
                                 : assay_tokens_add(tokens, (int32_t)id, err);
    }
    return rc;
}

/* The text as it is. Ollama's "raw" means that the caller has written the template, control tokens and all. */
static assay_code add_text(const struct lm_hosted *hosted, const struct lm_ask *ask, struct assay_tokens *tokens,
                           assay_err *err)
{
    const struct assay_tokenizer *tokenizer = hosted->card->tokenizer;
    assay_code rc = ASSAY_OK;
    if (assay_tokenizer_adds_bos(tokenizer)) {
        rc = assay_tokens_add(tokens, assay_tokenizer_bos(tokenizer), err);
    }
    return rc == ASSAY_OK ? assay_tokenizer_encode(tokenizer, ask->prompt, ask->is_raw, tokens, err) : rc;
}

static assay_code add_prompt(const struct lm_hosted *hosted, const struct lm_ask *ask, struct assay_tokens *tokens,
                             assay_err *err)
{
    const struct lm_card *card = hosted->card;
    if (ask->prompt_ids) {
        return add_ids(hosted, ask->prompt_ids, tokens, err);
    }
    if (lm_api_is_chat(ask->api)) {
        return assay_template_apply(card->chat, card->tokenizer, ask->messages, ask->messages_count, tokens, err);
    }
    if (ask->api == LM_OPENAI_TEXT || ask->is_raw) {
        return add_text(hosted, ask, tokens, err);
    }
    struct assay_message messages[2] = {{ASSAY_SLICE("system"), ask->system}, {ASSAY_SLICE("user"), ask->prompt}};
    size_t skipped = ask->system.len == 0; /* /api/generate without a system text: the user's alone */
    return assay_template_apply(card->chat, card->tokenizer, messages + skipped, 2 - skipped, tokens, err);
}

static uint64_t text_bytes(const struct lm_ask *ask)
{
    uint64_t bytes = ask->prompt.len + ask->system.len;
    for (size_t i = 0; i < ask->messages_count; i++) {
        bytes += ask->messages[i].text.len;
    }
    return bytes;
}

/* A prompt that cannot fit is refused before it is cut into tokens, which would keep everybody waiting. Nothing is ever
 * cut off or shifted out: the answer would be to another question. */
static assay_code make_prompt(const struct lm_hosted *hosted, const struct lm_ask *ask, uint64_t context,
                              struct assay_tokens *tokens, assay_err *err)
{
    uint64_t least = text_bytes(ask) / hosted->card->longest_token;
    if (least > context) {
        return assay_fail(err, ASSAY_TOO_LARGE,
                          "the prompt has at least %" PRIu64 " tokens, and the context is %" PRIu64, least, context);
    }
    assay_code rc = add_prompt(hosted, ask, tokens, err);
    if (rc == ASSAY_OK && tokens->count == 0) {
        rc = assay_fail(err, ASSAY_MALFORMED, "the prompt has no token");
    }
    if (rc == ASSAY_OK && tokens->count > context) {
        rc = assay_fail(err, ASSAY_TOO_LARGE, "the prompt has %zu tokens, and the context is %" PRIu64, tokens->count,
                        context);
    }
    return rc;
}

/* ---- the work ----------------------------------------------------------------------------------------------------*/

static uint64_t draw_seed(void)
{
    uint64_t seed;
    assay_rng_system_bytes(&seed, sizeof seed);
    return seed >> (64 - SEED_BITS);
}

static struct assay_sampling sampling_of(const struct lm_ask *ask)
{
    return (struct assay_sampling){
        .temperature = ask->temperature,
        .top_k = ask->top_k,
        .top_p = ask->top_p > 0 ? ask->top_p : ASSAY_SAMPLER_TOP_P_LEAST,
        .min_p = ask->min_p,
        .repeat_penalty = ask->repeat_last == 0 ? 1 : ask->repeat_penalty,
        .repeat_last = ask->repeat_last,
        .seed = ask->has_seed ? ask->seed : draw_seed(),
    };
}

static void fill_reply(const struct lm_ask *ask, struct lm_call *call, uint64_t seed)
{
    call->streams = ask->streams;
    call->reply = (struct lm_reply){
        .api = ask->api,
        .wants_usage = ask->wants_usage,
        .wants_running_usage = ask->wants_running_usage,
        .model = call->hosted->card->name,
        .fingerprint = call->hosted->fingerprint,
        .number = call->number,
        .created_ns = assay_clock_real_ns(),
        .seed = seed,
        .tokenizer = call->hosted->card->tokenizer,
    };
    call->reply.real_ns = call->reply.created_ns;
}

static void submit(struct lm_call *call)
{
    switch (lm_scheduler_submit(call->hosted->scheduler, call->work)) {
    case LM_ACCEPTED:
        return;
    case LM_QUEUE_FULL:
        lm_refuse(call, MHD_HTTP_SERVICE_UNAVAILABLE, NULL, "the queue is full: try again later");
        break;
    case LM_CLOSED:
        lm_refuse(call, MHD_HTTP_SERVICE_UNAVAILABLE, NULL, "the server is shutting down");
        break;
    }
    lm_work_drop(call->work);
    call->work = NULL;
}

static assay_code make_work(struct lm_call *call, struct lm_ask *ask, assay_err *err)
{
    struct assay_tokens tokens = {0};
    const struct assay_sampling sampling = sampling_of(ask);
    const struct lm_card *card = call->hosted->card;
    uint64_t vocabulary = card->vocabulary;
    uint64_t context = ask->context > 0 && ask->context < card->context ? ask->context : card->context;
    ask->top_logprobs = ask->top_logprobs < vocabulary ? ask->top_logprobs : vocabulary;
    fill_reply(ask, call, sampling.seed);
    assay_code rc = make_prompt(call->hosted, ask, context, &tokens, err);
    call->reply.prompt_tokens = tokens.count;
    rc = rc == ASSAY_OK ? lm_work_new(ask, &tokens, &sampling, &call->work, err) : rc;
    if (rc == ASSAY_OK) {
        call->work->context = context;
        call->work->owner = call;
        call->work->output.times.accepted_ns = call->accepted_ns;
        call->reply.output = &call->work->output;
    }
    assay_tokens_done(&tokens);
    return rc;
}

static void begin(struct lm_server *server, struct lm_call *call, struct lm_ask *ask)
{
    assay_err err = {0};
    call->hosted = lm_model_find(server, ask->model);
    if (!call->hosted) {
        lm_refuse(call, MHD_HTTP_NOT_FOUND, "model", "model '%.*s' not found", (int)ask->model.len,
                  ask->model.data ? ask->model.data : "");
    } else if (lm_ask_is_empty(ask)) {
        fill_reply(ask, call, 0);
        lm_reply_loaded(&call->reply, &call->answer);
    } else if (make_work(call, ask, &err) != ASSAY_OK) {
        lm_refuse(call, lm_status_of(err.code), NULL, "%s", err.message);
    } else {
        submit(call);
    }
}

void lm_begin(struct lm_server *server, struct lm_call *call)
{
    struct lm_ask ask;
    assay_err err = {0};
    lm_ask_init(&ask);
    struct assay_slice body = {call->body.data ? call->body.data : "", call->body.len};
    if (lm_ask_read(&ask, call->route->api, body, &err) == ASSAY_OK) {
        begin(server, call, &ask);
    } else {
        lm_refuse(call, lm_status_of(err.code), ask.wrong, "%s", err.message);
    }
    lm_ask_done(&ask);
}
