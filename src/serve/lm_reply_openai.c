/* Answers of /v1/completions and /v1/chat/completions. */
#include "serve/lm_reply.h"

#include "base/clock.h"

#include <inttypes.h>

static void put_opening(const struct lm_reply *reply, bool is_stream, struct assay_buf *out)
{
    bool is_chat = reply->api == LM_OPENAI_CHAT;
    const char *object = is_chat ? is_stream ? "chat.completion.chunk" : "chat.completion" : "text_completion";
    assay_buf_printf(out, "{\"id\":\"%s-%" PRIu64 "\",\"object\":\"%s\",\"created\":%" PRIu64 ",\"model\":",
                     is_chat ? "chatcmpl" : "cmpl", reply->number, object, reply->created_ns / ASSAY_NS_PER_S);
    lm_put_text(out, reply->model);
    assay_buf_text(out, ",\"system_fingerprint\":");
    lm_put_text(out, reply->fingerprint);
}

static void put_usage(const struct lm_reply *reply, size_t tokens, struct assay_buf *out)
{
    assay_buf_printf(out,
                     ",\"usage\":{\"prompt_tokens\":%" PRIu64 ",\"completion_tokens\":%zu,\"total_tokens\":%" PRIu64
                     ",\"prompt_tokens_details\":{\"cached_tokens\":0}}",
                     reply->prompt_tokens, tokens, reply->prompt_tokens + tokens);
}

/* ---- logprobs ----------------------------------------------------------------------------------------------------*/

static void put_bytes_of(const struct lm_reply *reply, int32_t id, struct assay_buf *out)
{
    struct assay_slice bytes = assay_tokenizer_bytes(reply->tokenizer, id);
    assay_json_quote(out, bytes.data, bytes.len);
}

/* Two candidates may read the same where bytes are no text: the later one would be a duplicate name. */
static bool reads_as_before(const struct lm_reply *reply, const struct lm_top *tops, size_t k)
{
    struct assay_slice bytes = assay_tokenizer_bytes(reply->tokenizer, tops[k].id);
    if (assay_utf8_valid_prefix(bytes.data, bytes.len) == bytes.len) {
        return false;
    }
    for (size_t i = 0; i < k; i++) {
        struct assay_slice other = assay_tokenizer_bytes(reply->tokenizer, tops[i].id);
        if (assay_utf8_valid_prefix(other.data, other.len) != other.len) {
            return true;
        }
    }
    return false;
}

static void put_tops(const struct lm_reply *reply, size_t first, size_t end, struct assay_buf *out)
{
    const struct lm_output *output = reply->output;
    for (size_t i = first; i < end; i++) {
        const struct lm_top *tops = output->tops + i * output->tops_each;
        assay_buf_text(out, i > first ? ",{" : "{");
        for (size_t k = 0, put = 0; k < output->tops_each; k++) {
            if (reads_as_before(reply, tops, k)) {
                continue;
            }
            assay_buf_text(out, put++ ? "," : "");
            put_bytes_of(reply, tops[k].id, out);
            assay_buf_char(out, ':');
            lm_put_number(tops[k].logprob, out);
        }
        assay_buf_char(out, '}');
    }
}

static size_t count_characters(const char *bytes, size_t len)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++) {
        count += ((unsigned char)bytes[i] & 0xc0) != 0x80;
    }
    return count;
}

/* Four lists side by side; text_offset in characters of the text. */
static void put_text_logprobs(const struct lm_reply *reply, size_t piece, size_t first, size_t end,
                              struct assay_buf *out)
{
    const struct lm_output *output = reply->output;
    assay_buf_text(out, "{\"tokens\":[");
    for (size_t i = first; i < end; i++) {
        assay_buf_text(out, i > first ? "," : "");
        put_bytes_of(reply, output->chosen[i].id, out);
    }
    assay_buf_text(out, "],\"token_logprobs\":[");
    for (size_t i = first; i < end; i++) {
        assay_buf_text(out, i > first ? "," : "");
        lm_put_number(output->chosen[i].logprob, out);
    }
    assay_buf_text(out, "],\"top_logprobs\":[");
    put_tops(reply, first, end, out);
    assay_buf_text(out, "],\"text_offset\":[");
    size_t before = piece > 0 ? output->pieces[piece - 1].text_end : 0;
    size_t offset = before ? count_characters(output->text.data, before) : 0;
    for (size_t i = first; i < end; i++) {
        struct assay_slice bytes = assay_tokenizer_bytes(reply->tokenizer, output->chosen[i].id);
        assay_buf_printf(out, "%s%zu", i > first ? "," : "", offset);
        offset += count_characters(bytes.data, bytes.len);
    }
    assay_buf_text(out, "]}");
}

/* Tokens first..end-1, which begin with the piece. */
static void put_logprobs(const struct lm_reply *reply, size_t piece, size_t first, size_t end, struct assay_buf *out)
{
    assay_buf_text(out, ",\"logprobs\":");
    if (!lm_output_has_logprobs(reply->output)) {
        assay_buf_text(out, "null");
    } else if (reply->api == LM_OPENAI_CHAT) {
        assay_buf_text(out, "{\"content\":");
        lm_put_logprobs(reply, first, end, out);
        assay_buf_text(out, ",\"refusal\":null}");
    } else {
        put_text_logprobs(reply, piece, first, end, out);
    }
}

/* ---- events ------------------------------------------------------------------------------------------------------*/

/* The role comes with the first text and not before: a chunk of its own would look like a token to many clients. */
static void put_text(const struct lm_reply *reply, size_t piece, struct assay_buf *out)
{
    struct assay_slice text = lm_output_text(reply->output, piece);
    bool is_chat = reply->api == LM_OPENAI_CHAT;
    if (is_chat) {
        assay_buf_text(out, piece == 0 ? "\"delta\":{\"role\":\"assistant\",\"content\":" : "\"delta\":{\"content\":");
    } else {
        assay_buf_text(out, "\"text\":");
    }
    assay_json_quote(out, text.data, text.len);
    assay_buf_text(out, is_chat ? "}" : "");
}

void lm_openai_piece(const struct lm_reply *reply, size_t piece, struct assay_buf *out)
{
    size_t end = reply->output->pieces[piece].tokens_end;
    assay_buf_text(out, "data: ");
    put_opening(reply, true, out);
    assay_buf_text(out, ",\"choices\":[{\"index\":0,");
    put_text(reply, piece, out);
    put_logprobs(reply, piece, lm_output_first(reply->output, piece), end, out);
    assay_buf_text(out, ",\"finish_reason\":null}]");
    if (reply->wants_usage && reply->wants_running_usage) {
        put_usage(reply, end, out);
    }
    assay_buf_text(out, "}\n\n");
}

void lm_openai_end(const struct lm_reply *reply, struct assay_buf *out)
{
    assay_buf_text(out, "data: ");
    put_opening(reply, true, out);
    assay_buf_printf(
        out, ",\"choices\":[{\"index\":0,%s,\"logprobs\":null,\"finish_reason\":\"%s\"}],\"seed\":%" PRIu64 "}\n\n",
        reply->api == LM_OPENAI_CHAT ? "\"delta\":{}" : "\"text\":\"\"", lm_finish_word(reply->output->finish),
        reply->seed);
    if (reply->wants_usage) {
        assay_buf_text(out, "data: ");
        put_opening(reply, true, out);
        assay_buf_text(out, ",\"choices\":[]");
        put_usage(reply, reply->output->tokens, out);
        assay_buf_text(out, "}\n\n");
    }
    assay_buf_text(out, "data: [DONE]\n\n");
}

void lm_openai_whole(const struct lm_reply *reply, struct assay_buf *out)
{
    const struct lm_output *output = reply->output;
    bool is_chat = reply->api == LM_OPENAI_CHAT;
    put_opening(reply, false, out);
    assay_buf_text(out, ",\"choices\":[{\"index\":0,");
    assay_buf_text(out, is_chat ? "\"message\":{\"role\":\"assistant\",\"content\":" : "\"text\":");
    assay_json_quote(out, output->text.data ? output->text.data : "", output->text.len);
    assay_buf_text(out, is_chat ? ",\"refusal\":null}" : "");
    put_logprobs(reply, 0, 0, output->tokens, out);
    assay_buf_printf(out, ",\"finish_reason\":\"%s\"}]", lm_finish_word(output->finish));
    put_usage(reply, output->tokens, out);
    assay_buf_printf(out, ",\"seed\":%" PRIu64 "}", reply->seed);
}
