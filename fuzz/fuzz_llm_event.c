/* One event, read as each family: it must not crash, what it hands out must lie inside of the input and decode to
 * well-formed UTF-8, and a fault must have a place. */
#include "workload/llm_event.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_utf8(void *context, const char *bytes, size_t len)
{
    size_t *total = context;
    *total += len;
    assert(len > 0 && assay_utf8_valid_prefix(bytes, len) <= len);
}

static void check_event(const char *bytes, size_t len, const struct assay_llm_event *event)
{
    for (uint32_t i = 0; i < event->pieces_count; i++) {
        struct assay_llm_text text = event->pieces[i].text;
        assert(text.data >= bytes && text.data + text.len <= bytes + len && text.len > 0);
        size_t total = 0;
        assay_llm_text_decode(text, check_utf8, &total);
        assert(total > 0 && total <= text.len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct assay_llm_event event;
    const char *bytes = size > 0 ? (const char *)data : "";
    for (int family = ASSAY_LLM_OPENAI; family <= ASSAY_LLM_OLLAMA; family++) {
        if (assay_llm_event_read((enum assay_llm_family)family, bytes, size, &event)) {
            check_event(bytes, size, &event);
            continue;
        }
        char path[ASSAY_LLM_PATH_BYTES];
        assert(event.fault != ASSAY_LLM_FAULT_NONE && event.fault_offset <= size && event.has == 0);
        assay_llm_event_path(bytes, size, event.fault_offset, path);
        assert(strlen(path) < ASSAY_LLM_PATH_BYTES);
    }
    return 0;
}
