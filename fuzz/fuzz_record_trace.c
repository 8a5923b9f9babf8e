/* trace.assay: framing, chunks and columns of foreign bytes. What opens can be walked twice with the same end. */
#include "record/trace.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t walk(struct assay_trace *trace)
{
    uint64_t events = 0;
    struct assay_sample sample;
    bool is_end = false;
    assay_trace_rewind(trace);
    while (!is_end) {
        if (assay_trace_next(trace, &sample, &is_end, NULL) != ASSAY_OK) {
            abort(); /* opening has read every row already */
        }
        events += !is_end;
        if (!is_end && sample.request) {
            events += sample.request->segments_count + sample.request->chunks_count;
        }
    }
    return events;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assay_trace *trace = NULL;
    if (size == 0 || assay_trace_open((const char *)data, size, &trace, NULL, NULL) != ASSAY_OK) {
        return 0;
    }
    if (walk(trace) != walk(trace)) {
        abort();
    }
    assay_trace_free(trace);
    return 0;
}
