/*
 * What a trace says of each sample, one line each, for tests written in shell:
 *
 *     trace_facts FILE
 *     id=0 status=ok http=200 chunks=8 tokens=8 source=final_usage cached=- prompt=9 finish=2 flags=0 retry_s=-1
 *     departure_ns=... (kernel transmit stamp - return of send) ttft_ns=...
 */
#include "base/buf.h"
#include "record/record.h"
#include "json/json.h"

#include <inttypes.h>
#include <stdio.h>

static void print_count(const char *name, uint32_t count)
{
    if (count == ASSAY_COUNT_ABSENT) {
        printf(" %s=-", name);
    } else {
        printf(" %s=%" PRIu32, name, count);
    }
}

/* a - b, or "-" if one of them was not taken. */
static void print_difference(const char *name, uint64_t a, uint64_t b)
{
    if (a == ASSAY_NS_ABSENT || b == ASSAY_NS_ABSENT) {
        printf(" %s=-", name);
    } else {
        printf(" %s=%" PRId64, name, (int64_t)(a - b));
    }
}

#define OUTPUT_BYTES 8 /* of the digest of what was said: enough to tell texts apart */

static void print_sample(const struct assay_sample *sample)
{
    const struct assay_request *request = sample->request;
    printf("id=%" PRIu64 " status=%s", sample->id, assay_status_text(sample->status));
    if (request) {
        printf(" http=%" PRIu32 " chunks=%zu", request->http_status, request->chunks_count);
        print_count("tokens", request->output_tokens);
        printf(" source=%s", assay_token_source_text((enum assay_token_source)request->output_source));
        print_count("cached", request->cached_tokens);
        print_count("prompt", request->prompt_tokens);
        printf(" finish=%u flags=%" PRIu32, (unsigned)request->finish, request->flags);
        printf(" output=");
        for (size_t i = 0; i < OUTPUT_BYTES; i++) {
            printf("%02x", request->output_sha256[i]);
        }
        bool has_retry = request->retry_after_ns != ASSAY_NS_ABSENT;
        printf(" retry_s=%" PRId64, has_retry ? (int64_t)(request->retry_after_ns / ASSAY_NS_PER_S) : -1);
        print_difference("departure_ns", request->tx_ns, request->send_return_ns);
        bool has_chunk = request->chunks_count > 0;
        print_difference("ttft_ns",
                         has_chunk ? request->segments[request->chunks[0].segment].user_after_ns : ASSAY_NS_ABSENT,
                         sample->start_ns);
    }
    printf("\n");
}

int main(int argc, char **argv)
{
    struct assay_buf bytes;
    struct assay_trace *trace = NULL;
    assay_err err = {0};
    bool is_end = false;
    assay_json_init();
    if (argc != 2) {
        (void)fprintf(stderr, "usage: trace_facts FILE\n");
        return 4;
    }
    assay_buf_init(&bytes, (size_t)1 << 30);
    assay_code rc = assay_buf_read_file(&bytes, argv[1], &err);
    if (rc == ASSAY_OK) {
        rc = assay_trace_open(bytes.data, bytes.len, &trace, NULL, &err);
    }
    while (rc == ASSAY_OK && !is_end) {
        struct assay_sample sample;
        rc = assay_trace_next(trace, &sample, &is_end, &err);
        if (rc == ASSAY_OK && !is_end) {
            print_sample(&sample);
        }
    }
    if (rc != ASSAY_OK) {
        (void)fprintf(stderr, "trace_facts: %s\n", err.message);
    }
    assay_trace_free(trace);
    assay_buf_done(&bytes);
    return assay_code_exit(rc);
}
