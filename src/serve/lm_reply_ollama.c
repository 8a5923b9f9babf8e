/* Answers of /api/generate and /api/chat. */
#include "serve/lm_reply.h"

#include "base/clock.h"

#include <inttypes.h>

static void put_opening(const struct lm_reply *reply, struct assay_slice text, struct assay_buf *out)
{
    char at[ASSAY_TIME_TEXT_BYTES];
    assay_clock_format_utc(reply->real_ns, at);
    assay_buf_text(out, "{\"model\":");
    lm_put_text(out, reply->model);
    assay_buf_printf(out, ",\"created_at\":\"%s\",", at);
    bool is_chat = reply->api == LM_OLLAMA_CHAT;
    assay_buf_text(out, is_chat ? "\"message\":{\"role\":\"assistant\",\"content\":" : "\"response\":");
    assay_json_quote(out, text.data, text.len);
    assay_buf_text(out, is_chat ? "}" : "");
}

static void put_logprobs(const struct lm_reply *reply, size_t first, size_t end, struct assay_buf *out)
{
    if (lm_output_has_logprobs(reply->output)) {
        assay_buf_text(out, ",\"logprobs\":");
        lm_put_logprobs(reply, first, end, out);
    }
}

void lm_ollama_piece(const struct lm_reply *reply, size_t piece, struct assay_buf *out)
{
    put_opening(reply, lm_output_text(reply->output, piece), out);
    put_logprobs(reply, lm_output_first(reply->output, piece), reply->output->pieces[piece].tokens_end, out);
    assay_buf_text(out, ",\"done\":false}\n");
}

/* From one stamp to the next; 0 while one of them is missing. */
static uint64_t between(uint64_t from_ns, uint64_t to_ns)
{
    return from_ns != 0 && to_ns > from_ns ? to_ns - from_ns : 0;
}

/* Waiting for a slot is no loading: the model is in memory from the start of the server. eval_duration begins with the
 * pass that gives the first token, so that it has as many passes as eval_count has tokens. */
static void put_counts(const struct lm_reply *reply, struct assay_buf *out)
{
    const struct lm_times *times = &reply->output->times;
    assay_buf_printf(out, ",\"done\":true,\"done_reason\":\"%s\"", lm_finish_word(reply->output->finish));
    assay_buf_printf(out, ",\"total_duration\":%" PRIu64 ",\"load_duration\":0",
                     between(times->accepted_ns, times->ended_ns));
    assay_buf_printf(out, ",\"queue_duration\":%" PRIu64, between(times->accepted_ns, times->started_ns));
    assay_buf_printf(out, ",\"prompt_eval_count\":%" PRIu64 ",\"prompt_eval_duration\":%" PRIu64, reply->prompt_tokens,
                     between(times->started_ns, times->decoding_ns));
    assay_buf_printf(out, ",\"eval_count\":%zu,\"eval_duration\":%" PRIu64, reply->output->tokens,
                     between(times->decoding_ns, times->last_ns));
    assay_buf_printf(out, ",\"seed\":%" PRIu64 ",\"system_fingerprint\":", reply->seed);
    lm_put_text(out, reply->fingerprint);
}

void lm_ollama_end(const struct lm_reply *reply, struct assay_buf *out)
{
    put_opening(reply, (struct assay_slice){"", 0}, out);
    put_counts(reply, out);
    assay_buf_text(out, "}\n");
}

void lm_ollama_whole(const struct lm_reply *reply, struct assay_buf *out)
{
    const struct lm_output *output = reply->output;
    put_opening(reply, (struct assay_slice){output->text.data ? output->text.data : "", output->text.len}, out);
    put_logprobs(reply, 0, output->tokens, out);
    put_counts(reply, out);
    assay_buf_char(out, '}');
}

void lm_reply_loaded(const struct lm_reply *reply, struct assay_buf *out)
{
    put_opening(reply, (struct assay_slice){"", 0}, out);
    assay_buf_text(out, ",\"done\":true,\"done_reason\":\"load\"}");
}
