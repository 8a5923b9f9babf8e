/* Scripts of the truth server: what is accepted plays to its end, on every path, without reading or writing astray. */
#include "serve/truth_stream.h"
#include "json/json.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const enum truth_api APIS[] = {TRUTH_API_CHAT, TRUTH_API_TEXT, TRUTH_API_NATIVE, TRUTH_API_OLLAMA_CHAT,
                                      TRUTH_API_OLLAMA_GENERATE};

static void play(const struct assay_truth_script *script, enum truth_api api)
{
    enum { WRITES_MAX = 200 }; /* an input of a few bytes may ask for a million tokens */
    struct truth_stream stream;
    struct assay_buf out;
    truth_stream_init(&stream);
    assay_buf_init(&out, TRUTH_STREAM_BYTES_MAX);
    struct truth_ask ask = {.api = api, .model = "m", .tokens = 5, .streams = true};
    struct truth_start start = {.script = script, .spec = &script->standard, .ask = &ask, .now_ns = 1};
    if (script->standard.framing != TRUTH_LENGTH && script->standard.fault.bytes < 4096) {
        truth_stream_start(&stream, &start);
        for (int i = 0; i < WRITES_MAX && truth_stream_due(&stream) != UINT64_MAX; i++) {
            struct truth_write write;
            truth_stream_next(&stream, &write, &out);
            for (size_t at = 0; at < out.len;) {
                size_t end = truth_stream_piece_end(&stream, &write, &out, at);
                assert(end > at && end <= out.len);
                at = end;
            }
        }
    }
    truth_stream_done(&stream);
    assay_buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct assay_truth_script *script = NULL;
    assay_json_init();
    if (assay_truth_script_parse((const char *)bytes, len, &script, NULL) == ASSAY_OK) {
        for (size_t i = 0; i < sizeof APIS / sizeof APIS[0]; i++) {
            play(script, APIS[i]);
        }
        assay_truth_script_free(script);
    }
    return 0;
}
