/* What the server says of itself and its models. */
#include "serve/lm_server.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NEVER "2318-01-01T00:00:00Z" /* a model stays until the server ends; clients want a time */

static void put_slice(struct assay_buf *out, struct assay_slice text)
{
    assay_json_quote(out, text.data, text.len);
}

static void put_each(struct lm_server *server, struct assay_buf *out,
                     void (*put)(const struct lm_hosted *hosted, struct assay_buf *out))
{
    for (size_t i = 0; i < server->models_count; i++) {
        assay_buf_text(out, i ? "," : "");
        put(&server->models[i], out);
    }
}

void lm_answer_root(struct lm_server *server, struct lm_call *call)
{
    (void)server;
    call->type = "text/plain; charset=utf-8";
    assay_buf_text(&call->answer, "assay lm serve is running\n");
}

void lm_answer_version(struct lm_server *server, struct lm_call *call)
{
    assay_buf_printf(&call->answer, "{\"version\":\"%s-assay\"}", server->setup->version);
}

void lm_answer_health(struct lm_server *server, struct lm_call *call)
{
    if (server->is_ending) {
        call->status = MHD_HTTP_SERVICE_UNAVAILABLE;
    }
    assay_buf_text(&call->answer, server->is_ending ? "{\"status\":\"ending\"}" : "{\"status\":\"ok\"}");
}

/* ---- Ollama ------------------------------------------------------------------------------------------------------*/

/* "2.4B", as Ollama writes it. */
static void put_size(uint64_t parameters, struct assay_buf *out)
{
    static const struct {
        uint64_t unit;
        char letter;
    } UNITS[] = {{1000000000, 'B'}, {1000000, 'M'}, {1000, 'K'}};
    for (size_t i = 0; i < sizeof UNITS / sizeof UNITS[0]; i++) {
        if (parameters >= UNITS[i].unit) {
            assay_buf_printf(out, "\"%.1f%c\"", (double)parameters / (double)UNITS[i].unit, UNITS[i].letter);
            return;
        }
    }
    assay_buf_printf(out, "\"%" PRIu64 "\"", parameters);
}

static void put_details(const struct lm_card *card, struct assay_buf *out)
{
    assay_buf_text(out, "{\"parent_model\":\"\",\"format\":\"gguf\",\"family\":");
    put_slice(out, card->architecture);
    assay_buf_text(out, ",\"families\":[");
    put_slice(out, card->architecture);
    assay_buf_text(out, "],\"parameter_size\":");
    put_size(card->parameters, out);
    assay_buf_printf(out, ",\"quantization_level\":\"%s\"}", card->quantisation);
}

static void put_ollama_model(const struct lm_card *card, struct assay_buf *out)
{
    assay_buf_text(out, "{\"name\":");
    lm_put_text(out, card->name);
    assay_buf_text(out, ",\"model\":");
    lm_put_text(out, card->name);
    assay_buf_printf(out, ",\"digest\":\"%s\",\"size\":%" PRIu64 ",\"details\":", card->served->digest,
                     card->served->bytes);
    put_details(card, out);
}

static void put_modified(const struct lm_card *card, struct assay_buf *out)
{
    char at[ASSAY_TIME_TEXT_BYTES];
    assay_clock_format_utc(card->served->modified_s * ASSAY_NS_PER_S, at);
    assay_buf_printf(out, ",\"modified_at\":\"%s\"", at);
}

static void put_tag(const struct lm_hosted *hosted, struct assay_buf *out)
{
    put_ollama_model(hosted->card, out);
    put_modified(hosted->card, out);
    assay_buf_char(out, '}');
}

void lm_answer_tags(struct lm_server *server, struct lm_call *call)
{
    assay_buf_text(&call->answer, "{\"models\":[");
    put_each(server, &call->answer, put_tag);
    assay_buf_text(&call->answer, "]}");
}

/* All of it is in main memory: nothing of it was spilled from a device. */
static void put_resident(const struct lm_hosted *hosted, struct assay_buf *out)
{
    put_ollama_model(hosted->card, out);
    assay_buf_printf(out, ",\"expires_at\":\"" NEVER "\",\"size_vram\":0,\"context_length\":%" PRIu64 "}",
                     hosted->card->context);
}

void lm_answer_ps(struct lm_server *server, struct lm_call *call)
{
    assay_buf_text(&call->answer, "{\"models\":[");
    put_each(server, &call->answer, put_resident);
    assay_buf_text(&call->answer, "]}");
}

static void put_show(const struct lm_card *card, struct assay_buf *out)
{
    const struct assay_model_shape *shape = &card->model->shape;
    const struct {
        const char *key;
        uint64_t value;
    } KEYS[] = {{"block_count", shape->layers},
                {"embedding_length", shape->hidden},
                {"feed_forward_length", shape->ffn},
                {"attention.head_count", shape->heads},
                {"attention.head_count_kv", shape->kv_heads},
                {"context_length", shape->context},
                {"vocab_size", shape->vocabulary}};
    assay_buf_text(out, "{\"details\":");
    put_details(card, out);
    assay_buf_text(out, ",\"model_info\":{\"general.architecture\":");
    put_slice(out, card->architecture);
    assay_buf_text(out, ",\"general.name\":");
    put_slice(out, card->title);
    assay_buf_printf(out, ",\"general.parameter_count\":%" PRIu64, card->parameters);
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++) {
        struct assay_buf key;
        assay_buf_init(&key, 1024); /* an architecture's name and a word */
        assay_buf_append(&key, card->architecture.data, card->architecture.len);
        assay_buf_printf(&key, ".%s", KEYS[i].key);
        assay_buf_char(out, ',');
        assay_json_quote(out, key.data ? key.data : "", key.len);
        assay_buf_printf(out, ":%" PRIu64, KEYS[i].value);
        assay_buf_done(&key);
    }
    assay_buf_printf(out,
                     "},\"template\":\"%s\",\"parameters\":\"\",\"license\":\"\",\"capabilities\":[\"completion\"],"
                     "\"digest\":\"%s\"",
                     assay_template_text(card->chat), card->served->digest);
    put_modified(card, out);
    assay_buf_char(out, '}');
}

void lm_answer_show(struct lm_server *server, struct lm_call *call)
{
    static const struct assay_json_limits limits = {.bytes_max = LM_BODY_BYTES_MAX, .depth_max = LM_DEPTH_MAX};
    json_t *root = NULL;
    assay_err err = {0};
    if (assay_json_read(call->body.data ? call->body.data : "", call->body.len, &limits, &root, &err) != ASSAY_OK) {
        lm_refuse(call, lm_status_of(err.code), NULL, "body: %s", err.message);
        return;
    }
    const json_t *name = json_object_get(root, "model");
    name = name ? name : json_object_get(root, "name"); /* what it was called before */
    struct assay_slice asked = {json_string_value(name), json_string_length(name)};
    const struct lm_hosted *hosted = lm_model_find(server, asked);
    if (hosted) {
        put_show(hosted->card, &call->answer);
    } else {
        lm_refuse(call, MHD_HTTP_NOT_FOUND, "model", "model '%.*s' not found", (int)asked.len,
                  asked.data ? asked.data : "");
    }
    json_decref(root);
}

/* ---- OpenAI ------------------------------------------------------------------------------------------------------*/

/* Beside what the interface has: the digest, which nothing else there tells, and what vLLM and llama.cpp add. */
static void put_openai_model(const struct lm_hosted *hosted, struct assay_buf *out)
{
    const struct lm_card *card = hosted->card;
    assay_buf_text(out, "{\"id\":");
    lm_put_text(out, card->name);
    assay_buf_printf(out, ",\"object\":\"model\",\"created\":%" PRIu64 ",\"owned_by\":\"assay\",\"digest\":\"%s\"",
                     card->served->modified_s, card->served->digest);
    assay_buf_text(out, ",\"root\":");
    lm_put_text(out, card->name);
    assay_buf_printf(out,
                     ",\"max_model_len\":%" PRIu64 ",\"meta\":{\"n_params\":%" PRIu64 ",\"size\":%" PRIu64
                     ",\"n_ctx_train\":%" PRIu64 ",\"n_vocab\":%" PRIu64 ",\"format\":\"%s\"}",
                     card->context, card->parameters, card->served->bytes, card->model->shape.context, card->vocabulary,
                     card->quantisation);
    assay_buf_text(out, ",\"system_fingerprint\":");
    lm_put_text(out, hosted->fingerprint);
    assay_buf_char(out, '}');
}

void lm_answer_models(struct lm_server *server, struct lm_call *call)
{
    assay_buf_text(&call->answer, "{\"object\":\"list\",\"data\":[");
    put_each(server, &call->answer, put_openai_model);
    assay_buf_text(&call->answer, "]}");
}
