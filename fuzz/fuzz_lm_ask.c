/* Bodies of requests to the server of the language model: any bytes are read or refused with a reason. The first byte
 * chooses the endpoint. */
#include "serve/lm_ask.h"
#include "json/json.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check(const struct lm_ask *ask)
{
    assert(ask->temperature >= 0 && ask->top_p >= 0 && ask->top_p <= 1 && ask->repeat_penalty > 0);
    assert(ask->top_logprobs <= LM_TOP_LOGPROBS_MAX && ask->stops_count <= LM_STOPS_MAX);
    for (size_t i = 0; i < ask->stops_count; i++) {
        assert(ask->stops[i].len > 0 && ask->stops[i].len <= LM_STOP_BYTES_MAX);
    }
    for (size_t i = 0; i < ask->messages_count; i++) {
        assert(ask->messages[i].text.data && ask->messages[i].role.len > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    assay_json_init();
    if (len > 0) {
        struct lm_ask ask;
        assay_err err = {0};
        lm_ask_init(&ask);
        struct assay_slice body = {(const char *)bytes + 1, len - 1};
        if (lm_ask_read(&ask, (enum lm_api)(bytes[0] % LM_API_COUNT), body, &err) == ASSAY_OK) {
            check(&ask);
        } else {
            assert(err.message[0] != '\0');
        }
        lm_ask_done(&ask);
    }
    return 0;
}
