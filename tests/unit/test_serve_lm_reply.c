/* What the server of the language model answers, byte for byte, in both dialects. */
#include "serve/lm_reply.h"
#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A tokenizer of a synthetic model: ids 0 to 255 are the bytes. */
static struct assay_buf file;
static struct assay_gguf *gguf;
static struct assay_tokenizer *tokenizer;

static int make_tokenizer(void **state)
{
    (void)state;
    assay_err err = {0};
    const struct assay_synth synth = {.shape = "tiny", .format = "i2_s", .head = "f16", .seed = 1};
    assay_json_init();
    assay_buf_init(&file, (size_t)64 << 20);
    return assay_synth_make(&synth, &file, &err) != ASSAY_OK ||
           assay_gguf_parse((const uint8_t *)file.data, file.len, &gguf, &err) != ASSAY_OK ||
           assay_tokenizer_new(gguf, &tokenizer, &err) != ASSAY_OK;
}

static int free_tokenizer(void **state)
{
    (void)state;
    assay_tokenizer_free(tokenizer);
    assay_gguf_free(gguf);
    assay_buf_done(&file);
    return 0;
}

/* "ab" in two tokens, then one that shows nothing, then "c". */
static void fill(struct lm_output *output, bool wants_logprobs)
{
    const struct lm_top a = {'a', -0.5}, b = {'b', -1.5}, c = {'c', -2};
    const struct lm_top tops[2] = {{'a', -0.5}, {'b', -1.5}};
    lm_output_init(output, wants_logprobs, 2);
    assert_int_equal(lm_output_token(output, &a, tops, NULL), ASSAY_OK);
    assert_int_equal(lm_output_piece(output, ASSAY_SLICE("a"), NULL), ASSAY_OK);
    assert_int_equal(lm_output_token(output, &b, tops, NULL), ASSAY_OK);
    assert_int_equal(lm_output_piece(output, ASSAY_SLICE("\"b"), NULL), ASSAY_OK);
    assert_int_equal(lm_output_token(output, &b, tops, NULL), ASSAY_OK);
    assert_int_equal(lm_output_token(output, &c, tops, NULL), ASSAY_OK);
    assert_int_equal(lm_output_piece(output, ASSAY_SLICE("c"), NULL), ASSAY_OK);
    output->finish = LM_STOP;
    output->times = (struct lm_times){
        .accepted_ns = 1000, .started_ns = 1010, .decoding_ns = 1030, .last_ns = 1070, .ended_ns = 1100};
}

static struct lm_reply reply_of(enum lm_api api, const struct lm_output *output)
{
    return (struct lm_reply){.api = api,
                             .model = "m",
                             .fingerprint = "f",
                             .number = 7,
                             .created_ns = UINT64_C(5000000000),
                             .real_ns = UINT64_C(6000000000),
                             .seed = 3,
                             .prompt_tokens = 2,
                             .tokenizer = tokenizer,
                             .output = output};
}

static void assert_text(struct assay_buf *out, const char *wanted)
{
    assert_int_equal(assay_buf_check(out, NULL), ASSAY_OK);
    assert_string_equal(out->data, wanted);
    assay_buf_clear(out);
}

static void assert_has(struct assay_buf *out, const char *wanted)
{
    assert_int_equal(assay_buf_check(out, NULL), ASSAY_OK);
    if (!strstr(out->data, wanted)) {
        fail_msg("no %s in %s", wanted, out->data);
    }
}

static void ollamas_lines(void **state)
{
    (void)state;
    struct lm_output output;
    struct assay_buf out;
    assay_buf_init(&out, 65536);
    fill(&output, false);
    struct lm_reply reply = reply_of(LM_OLLAMA_CHAT, &output);
    lm_reply_piece(&reply, 1, &out);
    assert_text(&out, "{\"model\":\"m\",\"created_at\":\"1970-01-01T00:00:06Z\",\"message\":{\"role\":\"assistant\","
                      "\"content\":\"\\\"b\"},\"done\":false}\n");
    reply.api = LM_OLLAMA_GENERATE;
    lm_reply_end(&reply, &out);
    assert_text(&out, "{\"model\":\"m\",\"created_at\":\"1970-01-01T00:00:06Z\",\"response\":\"\",\"done\":true,"
                      "\"done_reason\":\"stop\",\"total_duration\":100,\"load_duration\":0,\"queue_duration\":10,"
                      "\"prompt_eval_count\":2,\"prompt_eval_duration\":20,\"eval_count\":4,\"eval_duration\":40,"
                      "\"seed\":3,\"system_fingerprint\":\"f\"}\n");
    lm_reply_whole(&reply, &out);
    assert_has(&out, "\"response\":\"a\\\"bc\",\"done\":true");
    assay_buf_done(&out);
    lm_output_done(&output);
}

static void openais_events(void **state)
{
    (void)state;
    struct lm_output output;
    struct assay_buf out;
    assay_buf_init(&out, 65536);
    fill(&output, false);
    struct lm_reply reply = reply_of(LM_OPENAI_CHAT, &output);
    lm_reply_piece(&reply, 0, &out);
    assert_text(&out, "data: {\"id\":\"chatcmpl-7\",\"object\":\"chat.completion.chunk\",\"created\":5,\"model\":\"m\","
                      "\"system_fingerprint\":\"f\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\","
                      "\"content\":\"a\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n");
    lm_reply_piece(&reply, 1, &out);
    assert_has(&out, "\"delta\":{\"content\":\"\\\"b\"}");
    assay_buf_clear(&out);
    reply.wants_usage = true;
    lm_reply_end(&reply, &out);
    assert_has(&out, "\"delta\":{},\"logprobs\":null,\"finish_reason\":\"stop\"}],\"seed\":3}\n\n");
    assert_has(&out, "\"choices\":[],\"usage\":{\"prompt_tokens\":2,\"completion_tokens\":4,\"total_tokens\":6,"
                     "\"prompt_tokens_details\":{\"cached_tokens\":0}}}\n\ndata: [DONE]\n\n");
    assay_buf_clear(&out);
    reply.wants_running_usage = true;
    lm_reply_piece(&reply, 2, &out);
    assert_has(&out, "\"completion_tokens\":4"); /* the piece holds two tokens */
    assay_buf_done(&out);
    lm_output_done(&output);
}

static void logprobs_of_a_piece_are_those_of_its_tokens(void **state)
{
    (void)state;
    struct lm_output output;
    struct assay_buf out;
    assay_buf_init(&out, 65536);
    fill(&output, true);
    struct lm_reply reply = reply_of(LM_OPENAI_TEXT, &output);
    lm_reply_piece(&reply, 2, &out);
    assert_has(&out, "\"logprobs\":{\"tokens\":[\"b\",\"c\"],\"token_logprobs\":[-1.5,-2],\"top_logprobs\":["
                     "{\"a\":-0.5,\"b\":-1.5},{\"a\":-0.5,\"b\":-1.5}],\"text_offset\":[3,4]}");
    assay_buf_clear(&out);
    reply.api = LM_OPENAI_CHAT;
    lm_reply_piece(&reply, 0, &out);
    assert_has(&out, "\"logprobs\":{\"content\":[{\"token\":\"a\",\"logprob\":-0.5,\"bytes\":[97],\"top_logprobs\":["
                     "{\"token\":\"a\",\"logprob\":-0.5,\"bytes\":[97]},{\"token\":\"b\",\"logprob\":-1.5,"
                     "\"bytes\":[98]}]}],\"refusal\":null}");
    assay_buf_clear(&out);
    reply.api = LM_OLLAMA_GENERATE;
    lm_reply_whole(&reply, &out);
    json_t *root = NULL;
    assert_int_equal(assay_json_read(out.data, out.len, &assay_json_limits_default, &root, NULL), ASSAY_OK);
    assert_int_equal(json_array_size(json_object_get(root, "logprobs")), 4);
    json_decref(root);
    assay_buf_done(&out);
    lm_output_done(&output);
}

static void errors_have_the_shape_of_their_dialect(void **state)
{
    (void)state;
    struct assay_buf out;
    assay_buf_init(&out, 65536);
    const struct lm_refusal refusal = {.status = 400, .message = "tools: no", .wrong = "tools"};
    lm_reply_error(true, &refusal, &out);
    assert_text(&out, "{\"error\":\"tools: no\"}");
    lm_reply_error(false, &refusal, &out);
    assert_text(&out, "{\"error\":{\"message\":\"tools: no\",\"type\":\"invalid_request_error\",\"param\":\"tools\","
                      "\"code\":null}}");
    const struct lm_refusal full = {.status = 503, .message = "full"};
    lm_reply_error(false, &full, &out);
    assert_text(&out, "{\"error\":{\"message\":\"full\",\"type\":\"server_error\",\"param\":null,"
                      "\"code\":\"overloaded\"}}");
    assay_buf_done(&out);
}

static void a_stream_that_breaks_says_so_in_its_own_form(void **state)
{
    (void)state;
    struct lm_output output;
    struct assay_buf out;
    assay_buf_init(&out, 65536);
    fill(&output, false);
    output.finish = LM_SHUT;
    struct lm_reply reply = reply_of(LM_OLLAMA_CHAT, &output);
    lm_reply_broken(&reply, "the end", &out);
    assert_text(&out, "{\"error\":\"the end\"}\n");
    reply.api = LM_OPENAI_CHAT;
    lm_reply_broken(&reply, "the end", &out);
    assert_text(&out, "data: {\"error\":{\"message\":\"the end\",\"type\":\"server_error\",\"param\":null,"
                      "\"code\":\"overloaded\"}}\n\n");
    assay_buf_done(&out);
    lm_output_done(&output);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ollamas_lines),
        cmocka_unit_test(openais_events),
        cmocka_unit_test(logprobs_of_a_piece_are_those_of_its_tokens),
        cmocka_unit_test(errors_have_the_shape_of_their_dialect),
        cmocka_unit_test(a_stream_that_breaks_says_so_in_its_own_form),
    };
    return cmocka_run_group_tests(tests, make_tokenizer, free_tokenizer);
}
