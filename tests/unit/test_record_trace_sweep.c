/*
 * Every byte of a trace against tests/golden/record/trace.txt: which change of its plain bytes is refused, by which
 * gate and in which words, and which samples, events or readings the others change. And chunks left out, doubled and
 * swapped, limits met and passed by one, and every amount of memory that is not enough.
 */
#include "base/mem.h"
#include "crypto/crypto.h"
#include "record/trace.h"
#include "record/trace_reader.h"
#include "support/golden.h"
#include "support/sweep.h"
#include "support/trace_chunks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_MAX ((size_t)256 << 20)
#define ABSENT ASSAY_NS_ABSENT

static const struct assay_trace_ident IDENT = {.run_id = {1, 2, 3}, .plan_sha256 = {9, 8, 7}};

/* ---- files of plain chunks -------------------------------------------------------------------------------------- */

/* So many columns of one number each, which all rows share. */
static void add_flat(struct chunks *chunks, enum assay_trace_kind kind, size_t count, size_t columns, uint64_t first_id)
{
    struct trace_header header = {.count = (uint32_t)count, .kind = (uint16_t)kind, .first_id = first_id};
    char bytes[TRACE_HEADER_BYTES], column[9] = {0};
    memcpy(header.run_id, IDENT.run_id, sizeof header.run_id);
    memcpy(header.plan_prefix, IDENT.plan_sha256, sizeof header.plan_prefix);
    assay_trace_header_put(&header, bytes);
    chunks_add(chunks, bytes, sizeof bytes);
    for (size_t i = 0; i < columns; i++) {
        assay_buf_append(&chunks->plain[chunks->count - 1], column, sizeof column);
    }
}

/* ---- a small trace with everything ------------------------------------------------------------------------------ */

static const struct assay_segment SEGMENTS[] = {
    {.end_offset = 100, .rx_ns = 5100, .user_before_ns = 5000, .user_after_ns = 5200, .left_bytes = 3},
    {.end_offset = 300, .rx_ns = ABSENT, .user_before_ns = 7000, .user_after_ns = 7100, .left_bytes = 0},
    {.end_offset = 70000, .rx_ns = 9000, .user_before_ns = ABSENT, .user_after_ns = 9300, .left_bytes = 7},
};
static const struct assay_chunk EVENTS[] = {
    {.segment = 0, .after_bytes = 40, .tokens = 1, .kind = ASSAY_CHUNK_TEXT, .tokens_source = 1},
    {.segment = 0, .after_bytes = 0, .tokens = 2, .kind = ASSAY_CHUNK_TEXT, .tokens_source = 2},
    {.segment = 2, .after_bytes = 500, .tokens = 3, .kind = ASSAY_CHUNK_TOOL, .tokens_source = 0},
    {.segment = 1, .after_bytes = 1, .tokens = 4, .kind = 1, .tokens_source = ASSAY_TOKENS_SOURCE_COUNT - 1},
};

static struct assay_request some_request(void)
{
    struct assay_request request = {.conn_start_ns = 4100,
                                    .conn_end_ns = 4200,
                                    .tls_end_ns = ABSENT,
                                    .send_enter_ns = 4300,
                                    .send_return_ns = 4350,
                                    .tx_ns = 4400,
                                    .tx_ack_ns = 4500,
                                    .hdr_ns = 4900,
                                    .first_byte_ns = 4950,
                                    .first_event_ns = 5000,
                                    .usage_ns = 9100,
                                    .done_ns = 9200,
                                    .server_load_ns = 11,
                                    .server_prompt_ns = 12,
                                    .server_eval_ns = ABSENT,
                                    .server_total_ns = 14,
                                    .retry_after_ns = ABSENT,
                                    .http_status = 200,
                                    .prompt_tokens_asked = 21,
                                    .output_tokens_asked = 22,
                                    .prompt_tokens = 23,
                                    .output_tokens = ASSAY_COUNT_ABSENT,
                                    .cached_tokens = 25,
                                    .ignored_events = 26,
                                    .flags = 1,
                                    .output_source = ASSAY_TOKENS_SOURCE_COUNT - 1,
                                    .finish = 1,
                                    .reported_rate_micro = 31,
                                    .content_bytes = 400,
                                    .segments = SEGMENTS,
                                    .segments_count = 3,
                                    .chunks = EVENTS,
                                    .chunks_count = 4};
    memset(request.body_sha256, 0x33, sizeof request.body_sha256);
    memset(request.output_sha256, 0x44, sizeof request.output_sha256);
    return request;
}

static void make_everything(struct assay_buf *ret)
{
    struct assay_trace_writer *writer = NULL;
    const struct assay_request request = some_request(), bare = {.http_status = 503, .finish = ASSAY_FINISH_OTHER};
    struct assay_process process = {.spawn_ns = 51,
                                    .cpu_tree_ns = 52,
                                    .maxrss_bytes = ABSENT,
                                    .rss_floor_bytes = 54,
                                    .minflt = 55,
                                    .majflt = 56,
                                    .nvcsw = 57,
                                    .nivcsw = 58,
                                    .exit_status = 130};
    memset(process.output_sha256, 0x55, sizeof process.output_sha256);
    const struct assay_sample samples[] = {
        {.id = 0,
         .arm = 1,
         .worker = 2,
         .flags = ASSAY_SAMPLE_FLAGS_ALL,
         .iterations = 3,
         .due_ns = 1000,
         .queued_ns = 1100,
         .start_ns = 1200,
         .end_ns = 1900,
         .cpu_ns = 600,
         .process = &process},
        {.id = 1,
         .due_ns = 4000,
         .queued_ns = 4000,
         .start_ns = 4050,
         .end_ns = 9400,
         .cpu_ns = ABSENT,
         .request = &request},
        {.id = 2,
         .status = ASSAY_STATUS_RESET,
         .due_ns = 3000,
         .queued_ns = ABSENT,
         .start_ns = 9500,
         .end_ns = 70000,
         .cpu_ns = 0,
         .request = &bare,
         .process = &process},
        {.id = 3,
         .status = ASSAY_STATUS_IN_FLIGHT,
         .due_ns = 80000,
         .queued_ns = 80001,
         .start_ns = 80002,
         .end_ns = ABSENT,
         .cpu_ns = 1},
    };
    const struct assay_clock_reading clock[] = {
        {1000, 501000, 1010, 1001}, {1000, 501005, 1000, 2003}, {3000, 503003, 3010, 3004}};
    const struct assay_host_reading host[] = {{.at_ns = 1,
                                               .steal_ppm = 2,
                                               .foreign_cpu_ppm = 3,
                                               .throttled_ns = 4,
                                               .load1_milli = 5,
                                               .pressure_cpu_ppm = 6,
                                               .temperature_milli_c = 7,
                                               .frequency_khz = 8,
                                               .client_cpu_ppm = 9},
                                              {.at_ns = 1, .steal_ppm = ABSENT, .frequency_khz = 70000}};
    json_t *check = json_pack("{s:s,s:s,s:i,s:{}}", "id", "x", "rule", "output_same@1", "n", 1, "data");
    json_t *kernels = json_pack("[{s:s,s:i},{s:s,s:s,s:i}]", "id", "a_b_c_cuda", "ns", 5, "id", "a_b_c_avx2", "class",
                                "standin", "ns", 6);
    json_t *facts = json_pack("{s:s}", "protocol", "x");
    assert_int_equal(assay_trace_writer_new(&IDENT, &writer, NULL), ASSAY_OK);
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        assert_int_equal(assay_trace_add_sample(writer, &samples[i], NULL), ASSAY_OK);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(assay_trace_add_clock(writer, &clock[i], NULL), ASSAY_OK);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(assay_trace_add_host(writer, &host[i], NULL), ASSAY_OK);
    }
    assert_int_equal(assay_trace_add_check(writer, check, NULL), ASSAY_OK);
    assert_int_equal(assay_trace_add_kernels(writer, kernels, NULL), ASSAY_OK);
    assay_buf_init(ret, FILE_MAX);
    assert_int_equal(assay_trace_finish(writer, facts, ret, NULL), ASSAY_OK);
    assay_trace_writer_free(writer);
    json_decref(check);
    json_decref(kernels);
    json_decref(facts);
}

/* A request whose events go on in the next chunk, and in the one after it; then a sample of its own. */
static void make_carried(struct chunks *ret)
{
    struct trace_block block;
    static struct trace_sink sink;
    const struct assay_request request = some_request();
    assert_int_equal(assay_trace_block_init(&block, NULL), ASSAY_OK);
    for (uint32_t i = 0; i < 3; i++) {
        struct trace_header header = {.kind = ASSAY_TRACE_SAMPLES, .first_id = i == 0 ? 0 : 1, .count = i == 1 ? 0 : 1};
        char bytes[TRACE_HEADER_BYTES];
        memcpy(header.run_id, IDENT.run_id, sizeof header.run_id);
        memcpy(header.plan_prefix, IDENT.plan_sha256, sizeof header.plan_prefix);
        assay_trace_header_put(&header, bytes);
        memset(block.counts, 0, sizeof block.counts);
        block.counts[TRACE_ROWS_SAMPLE] = block.counts[TRACE_ROWS_REQUEST] = header.count;
        block.counts[TRACE_ROWS_SEGMENT] = block.counts[TRACE_ROWS_CHUNK] = i == 2 ? 2 : 1;
        block.carried_segments = block.carried_chunks = i == 0 ? 0 : 1;
        for (uint32_t k = 0; k < 2; k++) { /* the second of the last chunk is the sample's own */
            bool is_own = i == 0 || k == 1;
            block.segments[k] = (struct segment_row){.segment = SEGMENTS[i], .group = is_own ? 1 : 0};
            block.chunks[k] = (struct chunk_row){.chunk = EVENTS[i], .group = is_own ? 1 : 0};
            block.chunks[k].chunk.segment = is_own ? 0 : i;
            block.segments[k].start_ns = is_own ? 4050 : 0;
        }
        block.samples[0] = (struct sample_row){
            .sample = {.due_ns = 4000, .queued_ns = 4000, .start_ns = 4050, .end_ns = 9400, .cpu_ns = ABSENT},
            .parts = ROW_HAS_REQUEST};
        block.requests[0] =
            (struct request_row){.request = request, .start_ns = 4050, .end_ns = 9400, .segments = 1, .chunks = 1};
        assay_buf_init(&sink.plain, FILE_MAX);
        sink.cuts_count = 0;
        assert_int_equal(assay_trace_block_put(&block, &sink, NULL), ASSAY_OK);
        chunks_add(ret, bytes, sizeof bytes);
        assay_buf_append(&ret->plain[ret->count - 1], sink.plain.data, sink.plain.len);
        assay_buf_done(&sink.plain);
    }
    chunks_add_json(ret, &IDENT, ASSAY_TRACE_FACTS, 1, "{}");
    assay_trace_block_done(&block);
}

/* ---- what was read ---------------------------------------------------------------------------------------------- */

static void put_request(uint64_t id, const struct assay_request *r, struct assay_buf *out)
{
    const uint64_t wides[] = {r->conn_start_ns,   r->conn_end_ns,      r->tls_end_ns,
                              r->send_enter_ns,   r->send_return_ns,   r->tx_ns,
                              r->tx_ack_ns,       r->hdr_ns,           r->first_byte_ns,
                              r->first_event_ns,  r->usage_ns,         r->done_ns,
                              r->server_load_ns,  r->server_prompt_ns, r->server_eval_ns,
                              r->server_total_ns, r->retry_after_ns,   r->reported_rate_micro,
                              r->content_bytes};
    const uint32_t counts[] = {r->http_status,         r->prompt_tokens_asked,
                               r->output_tokens_asked, r->prompt_tokens,
                               r->output_tokens,       r->cached_tokens,
                               r->ignored_events,      r->flags,
                               r->output_source,       r->finish};
    char hex[65];
    assay_buf_printf(out, "request %llu", (unsigned long long)id);
    for (size_t i = 0; i < sizeof wides / sizeof wides[0]; i++) {
        assay_buf_printf(out, " %lld", (long long)wides[i]);
    }
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        assay_buf_printf(out, " %u", (unsigned)counts[i]);
    }
    assay_hex_print(r->body_sha256, 32, hex);
    assay_buf_printf(out, " %s", hex);
    assay_hex_print(r->output_sha256, 32, hex);
    assay_buf_printf(out, " %s\n", hex);
    for (size_t i = 0; i < r->segments_count; i++) {
        const struct assay_segment *s = &r->segments[i];
        assay_buf_printf(out, "segment %llu.%zu %llu %lld %lld %lld %u\n", (unsigned long long)id, i,
                         (unsigned long long)s->end_offset, (long long)s->rx_ns, (long long)s->user_before_ns,
                         (long long)s->user_after_ns, (unsigned)s->left_bytes);
    }
    for (size_t i = 0; i < r->chunks_count; i++) {
        const struct assay_chunk *c = &r->chunks[i];
        assay_buf_printf(out, "event %llu.%zu %u %u %u %u %u\n", (unsigned long long)id, i, (unsigned)c->segment,
                         (unsigned)c->after_bytes, (unsigned)c->tokens, (unsigned)c->kind, (unsigned)c->tokens_source);
    }
}

static void put_sample(const struct assay_sample *s, struct assay_buf *out)
{
    char hex[65];
    assay_buf_printf(out, "sample %llu %u %u %u %u %u %lld %lld %lld %lld %lld\n", (unsigned long long)s->id,
                     (unsigned)s->arm, (unsigned)s->worker, (unsigned)s->status, (unsigned)s->flags,
                     (unsigned)s->iterations, (long long)s->due_ns, (long long)s->queued_ns, (long long)s->start_ns,
                     (long long)s->end_ns, (long long)s->cpu_ns);
    if (s->process) {
        const struct assay_process *p = s->process;
        assay_hex_print(p->output_sha256, 32, hex);
        assay_buf_printf(out, "process %llu %lld %lld %lld %lld %lld %lld %lld %lld %u %s\n", (unsigned long long)s->id,
                         (long long)p->spawn_ns, (long long)p->cpu_tree_ns, (long long)p->maxrss_bytes,
                         (long long)p->rss_floor_bytes, (long long)p->minflt, (long long)p->majflt, (long long)p->nvcsw,
                         (long long)p->nivcsw, (unsigned)p->exit_status, hex);
    }
    if (s->request) {
        put_request(s->id, s->request, out);
    }
}

static void put_json(const char *name, const json_t *value, struct assay_buf *out)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
    assay_buf_printf(out, "%s %s\n", name, text);
    assay_free(text);
}

static void put_trace(struct assay_trace *trace, struct assay_buf *out)
{
    const struct assay_trace_summary *s = assay_trace_summary(trace);
    struct assay_sample sample;
    size_t count;
    char hex[65];
    for (bool is_end = false; !is_end;) {
        assert_int_equal(assay_trace_next(trace, &sample, &is_end, NULL), ASSAY_OK);
        if (!is_end) {
            put_sample(&sample, out);
        }
    }
    const struct assay_clock_reading *clock = assay_trace_clock(trace, &count);
    for (size_t i = 0; i < count; i++) {
        assay_buf_printf(out, "clock %zu %lld %lld %lld %lld\n", i, (long long)clock[i].mono_before_ns,
                         (long long)clock[i].real_ns, (long long)clock[i].mono_after_ns, (long long)clock[i].raw_ns);
    }
    const struct assay_host_reading *host = assay_trace_host(trace, &count);
    for (size_t i = 0; i < count; i++) {
        const struct assay_host_reading *h = &host[i];
        assay_buf_printf(out, "host %zu %lld %lld %lld %lld %lld %lld %lld %lld %lld\n", i, (long long)h->at_ns,
                         (long long)h->steal_ppm, (long long)h->foreign_cpu_ppm, (long long)h->throttled_ns,
                         (long long)h->load1_milli, (long long)h->pressure_cpu_ppm, (long long)h->temperature_milli_c,
                         (long long)h->frequency_khz, (long long)h->client_cpu_ppm);
    }
    put_json("kernels", assay_trace_kernels(trace), out);
    put_json("checks", assay_trace_checks(trace), out);
    put_json("facts", assay_trace_facts(trace), out);
    assay_hex_print(assay_trace_ident(trace)->run_id, 16, hex);
    assay_buf_printf(out, "run %s\n", hex);
    assay_hex_print(assay_trace_ident(trace)->plan_sha256, 32, hex);
    assay_buf_printf(out, "plan %s\nchunks %llu\nsamples %llu\n", hex, (unsigned long long)assay_trace_chunks(trace),
                     (unsigned long long)assay_trace_samples(trace));
    assay_buf_printf(out, "summary %u %llu requests %d kernels %d %d %d\n", (unsigned)s->flags,
                     (unsigned long long)s->samples, s->has_requests, s->has_cpu_kernels, s->has_cuda_kernels,
                     s->has_standin_kernels);
    assay_buf_printf(out, "clocks %llu within %llu steps %llu from %lld to %lld: %lld %lld\n",
                     (unsigned long long)s->clock_count, (unsigned long long)s->clock_uncertainty_ns,
                     (unsigned long long)s->clock_steps, (long long)s->clock_first.raw_ns,
                     (long long)s->clock_last.raw_ns, (long long)s->clock_offset_lo_ns,
                     (long long)s->clock_offset_hi_ns);
}

/* "! 304 (too large) MESSAGE", or all that was read. */
static void read_file(const char *bytes, size_t len, struct assay_buf *ret)
{
    struct assay_trace *trace = NULL;
    int gate = 0;
    assay_err err = {0};
    if (assay_trace_open(bytes, len, &trace, &gate, &err) == ASSAY_OK) {
        assert_int_equal(gate, 0);
        put_trace(trace, ret);
        assay_trace_free(trace);
    } else {
        assert_null(trace);
        assay_buf_printf(ret, "! %d%s%s %s\n", gate, err.code == ASSAY_TOO_LARGE ? " (too large)" : "",
                         err.code == ASSAY_UNSUPPORTED ? " (unsupported)" : "", err.message);
    }
}

/* ---- sweeps ----------------------------------------------------------------------------------------------------- */

struct trial {
    struct assay_buf honest, file, *found;
    struct assay_sha256 values; /* of all that was read of edited files */
};

/* The refusal, or the first words of the lines that differ. */
static void compare(struct trial *trial, struct assay_buf *ret)
{
    struct assay_buf answer;
    assay_buf_init(&answer, FILE_MAX);
    read_file(trial->file.data, trial->file.len, &answer);
    assert_int_equal(assay_buf_check(&answer, NULL), ASSAY_OK);
    if (answer.data[0] == '!') {
        assay_buf_append(ret, answer.data, answer.len - 1);
    } else {
        assay_sha256_add(&trial->values, answer.data, answer.len);
        struct assay_slice a = {trial->honest.data, trial->honest.len}, b = {answer.data, answer.len};
        while (b.len > 0) {
            struct assay_slice x = assay_slice_cut(&a, '\n'), y = assay_slice_cut(&b, '\n');
            if (!assay_slice_equal(x, y)) {
                struct assay_slice word = assay_slice_cut(&y, ' '), number = assay_slice_cut(&y, ' ');
                bool is_numbered = strchr("sprech", word.data[0]) != NULL;
                assay_buf_printf(ret, "%.*s %.*s; ", (int)word.len, word.data, is_numbered ? (int)number.len : 0,
                                 number.data);
            }
        }
        assay_buf_text(ret, ret->len == 0 ? "as it was" : "");
    }
    assay_buf_done(&answer);
}

static void begin(struct trial *trial, const struct chunks *chunks, struct assay_buf *found)
{
    *trial = (struct trial){.found = found};
    assay_buf_init(&trial->honest, FILE_MAX);
    assay_buf_init(&trial->file, FILE_MAX);
    assay_sha256_init(&trial->values);
    chunks_join(chunks, &trial->file);
    read_file(trial->file.data, trial->file.len, &trial->honest);
    assay_buf_append(found, trial->honest.data, trial->honest.len);
}

static void end(struct trial *trial)
{
    struct assay_digest digest;
    char text[ASSAY_DIGEST_TEXT_BYTES];
    assay_sha256_end(&trial->values, &digest);
    assay_digest_print(&digest, text);
    assay_buf_printf(trial->found, "all that was read of them: %s\n", text);
    assay_buf_done(&trial->honest);
    assay_buf_done(&trial->file);
}

static char changed(char byte, unsigned how)
{
    unsigned char b = (unsigned char)byte;
    const unsigned char to[] = {(unsigned char)(b + 1), (unsigned char)(b ^ 0x80), (unsigned char)(b - 1)};
    return (char)to[how];
}

/* Each byte of one chunk, in one way; bytes side by side with one answer are one line. */
static void sweep_bytes(struct trial *trial, struct chunks *chunks, size_t number, unsigned how)
{
    static const char *const HOW[] = {"+1", "^80", "-1"};
    struct assay_buf *chunk = &chunks->plain[number], last, answer;
    struct assay_buf before, behind;
    size_t from = 0;
    chunks_join_around(chunks, number, &before, &behind);
    assay_buf_init(&last, FILE_MAX);
    for (size_t at = 0; at <= chunk->len; at++) {
        assay_buf_init(&answer, FILE_MAX);
        if (at < chunk->len) {
            char kept = chunk->data[at];
            chunk->data[at] = changed(kept, how);
            assay_buf_clear(&trial->file);
            assay_buf_append(&trial->file, before.data, before.len);
            chunks_put_frame(chunk, &trial->file);
            assay_buf_append(&trial->file, behind.data, behind.len);
            chunk->data[at] = kept;
            compare(trial, &answer);
        }
        if (at == chunk->len || (at > 0 && strcmp(last.data, answer.data) != 0)) {
            assay_buf_printf(trial->found, "chunk %zu, %zu-%zu %s: %s\n", number, from, at - 1, HOW[how], last.data);
            from = at;
        }
        assay_buf_done(&last);
        last = answer;
    }
    assay_buf_done(&last);
    assay_buf_done(&before);
    assay_buf_done(&behind);
}

static void sweep_order(struct trial *trial, const struct chunks *chunks)
{
    struct assay_buf answer;
    for (size_t a = 0; a < chunks->count; a++) {
        for (size_t b = a; b <= chunks->count; b++) { /* a == b: left out; b behind the last one: doubled */
            static struct chunks edited;
            edited = *chunks;
            if (a == b) {
                memmove(&edited.plain[a], &edited.plain[a + 1], (edited.count - a - 1) * sizeof edited.plain[0]);
                edited.count--;
            } else if (b == chunks->count) {
                memmove(&edited.plain[a + 1], &edited.plain[a], (edited.count - a) * sizeof edited.plain[0]);
                edited.count++;
            } else {
                edited.plain[a] = chunks->plain[b];
                edited.plain[b] = chunks->plain[a];
            }
            chunks_join(&edited, &trial->file);
            assay_buf_init(&answer, FILE_MAX);
            compare(trial, &answer);
            assay_buf_printf(trial->found, "chunk %zu %s %zu: %s\n", a,
                             a == b               ? "left out"
                             : b == chunks->count ? "doubled"
                                                  : "swapped with",
                             b, answer.data);
            assay_buf_done(&answer);
        }
    }
}

static void sweep_frames(struct trial *trial, const struct chunks *chunks)
{
    static const uint32_t LENGTHS[] = {
        0, 1, 63, 64, ASSAY_TRACE_CHUNK_BYTES_MAX, ASSAY_TRACE_CHUNK_BYTES_MAX + 1, UINT32_MAX};
    struct assay_buf answer;
    chunks_join(chunks, &trial->file);
    for (size_t at = TRACE_MAGIC_BYTES, number = 0; number < chunks->count; number++) {
        size_t stored = assay_trace_get_u32(trial->file.data + at);
        for (size_t word = 0; word < 2; word++) {
            char *place = trial->file.data + at + 4 * word;
            uint32_t kept = assay_trace_get_u32(place);
            for (size_t i = 0; i < 2 + sizeof LENGTHS / sizeof LENGTHS[0]; i++) {
                assay_trace_put_u32(i < 2 ? (i == 0 ? kept - 1 : kept + 1) : LENGTHS[i - 2], place);
                assay_buf_init(&answer, FILE_MAX);
                compare(trial, &answer);
                char *is = strstr(answer.data, " says "); /* the stored length is the compressor's */
                if (is) {
                    *is = '\0';
                }
                assay_buf_printf(trial->found, "frame %zu, %s %zu: %.*s\n", number, word ? "plain" : "stored", i,
                                 strncmp(answer.data, "! 302 trace: chunk", 18) == 0 ? 18 : (int)strlen(answer.data),
                                 answer.data);
                assay_buf_done(&answer);
            }
            assay_trace_put_u32(kept, place);
        }
        at += TRACE_FRAME_BYTES + stored;
    }
}

/* Where chunks stand depends on the compressor: "at byte 123" is not compared, nor how long the file is. */
static void leave_places_out(struct assay_buf *found)
{
    char *to = found->data;
    for (const char *from = found->data; *from;) {
        bool is_place = strncmp(from, " at byte ", 9) == 0;
        if (is_place || strncmp(from, " rows than ", 11) == 0) {
            from += is_place ? 9 : 11;
            from += strspn(from, "0123456789");
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
    found->len = (size_t)(to - found->data);
}

static void sweep_all(struct chunks *chunks, bool with_frames, struct assay_buf *found)
{
    struct trial trial;
    begin(&trial, chunks, found);
    for (size_t number = 0; number < chunks->count; number++) {
        for (unsigned how = 0; how < 3; how++) {
            sweep_bytes(&trial, chunks, number, how);
        }
    }
    sweep_order(&trial, chunks);
    if (with_frames) {
        sweep_frames(&trial, chunks);
    }
    end(&trial);
}

static void every_byte_of_a_trace_counts(void **state)
{
    (void)state;
    static struct chunks chunks;
    struct assay_buf file, found;
    assay_buf_init(&found, FILE_MAX);
    make_everything(&file);
    chunks_take_apart(&file, &chunks);
    sweep_all(&chunks, true, &found);
    chunks_done(&chunks);
    assay_buf_text(&found, "== events that go on in the next chunks\n");
    make_carried(&chunks);
    sweep_all(&chunks, false, &found);
    chunks_done(&chunks);
    leave_places_out(&found);
    golden_hold("record/trace.txt", &found);
    assay_buf_done(&file);
    assay_buf_done(&found);
}

/* ---- lists and facts -------------------------------------------------------------------------------------------- */

static void chunks_of_json_are_what_their_headers_say(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {"[]",
                                        "[1]",
                                        "[ 1]",
                                        "[1,2]",
                                        "{}",
                                        "{\"a\":1}",
                                        "x",
                                        "1",
                                        "[1.5]",
                                        "[null]",
                                        "[{\"id\":\"a_b_cuda\",\"ns\":0}]",
                                        "[{\"id\":\"a_b_cuda\",\"ns\":1}]",
                                        "[{\"id\":\"a_b_cuda12\",\"ns\":1}]",
                                        "[{\"id\":\"cuda\",\"ns\":1}]",
                                        "[{\"class\":\"standin\",\"id\":\"a_b\",\"ns\":1}]",
                                        "[{\"class\":\"standin\",\"id\":\"a_b\",\"ns\":-1}]",
                                        "[{\"class\":\"x\",\"id\":\"a_cuda_b\",\"ns\":2}]",
                                        "[{\"ns\":2}]"};
    static const enum assay_trace_kind KINDS[] = {ASSAY_TRACE_KERNELS, ASSAY_TRACE_CHECKS, ASSAY_TRACE_FACTS};
    static struct chunks chunks;
    struct assay_buf file, found;
    assay_buf_init(&file, FILE_MAX);
    assay_buf_init(&found, FILE_MAX);
    for (size_t k = 0; k < 3; k++) {
        for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
            for (size_t count = 0; count <= 2; count++) {
                chunks_add_json(&chunks, &IDENT, KINDS[k], count, TEXTS[i]);
                if (KINDS[k] != ASSAY_TRACE_FACTS) {
                    chunks_add_json(&chunks, &IDENT, ASSAY_TRACE_FACTS, 1, "{}");
                }
                chunks_join(&chunks, &file);
                assay_buf_printf(&found, "%d of %zu: %s\n", (int)KINDS[k], count, TEXTS[i]);
                read_file(file.data, file.len, &found);
                chunks_done(&chunks);
            }
        }
    }
    leave_places_out(&found);
    golden_hold("record/trace_json.txt", &found);
    assay_buf_done(&file);
    assay_buf_done(&found);
}

/* ---- limits ----------------------------------------------------------------------------------------------------- */

/* Joins, reads, and looks for the words. */
static void expect(struct chunks *chunks, const char *words)
{
    struct assay_buf file, answer;
    assay_buf_init(&file, FILE_MAX);
    assay_buf_init(&answer, FILE_MAX);
    chunks_join(chunks, &file);
    struct assay_trace *trace = NULL;
    int gate = 0;
    assay_err err = {0};
    assay_code rc = assay_trace_open(file.data, file.len, &trace, &gate, &err);
    char text[ASSAY_ERR_BYTES + 64];
    (void)snprintf(text, sizeof text, "%d %d %s", rc == ASSAY_TOO_LARGE, gate, err.message);
    if (rc == ASSAY_OK ? words != NULL : !words || !strstr(text, words)) {
        fail_msg("'%s', not '%s'", text, words ? words : "fine");
    }
    assay_trace_free(trace);
    assay_buf_done(&file);
    assay_buf_done(&answer);
    chunks_done(chunks);
}

enum { CLOCK_COLUMNS = 4, HOST_COLUMNS = 9 };

static void readings_have_their_most_of_a_chunk_and_of_a_file(void **state)
{
    (void)state;
    static struct chunks chunks;
    add_flat(&chunks, ASSAY_TRACE_CLOCK, TRACE_READINGS_MAX, CLOCK_COLUMNS, 0);
    add_flat(&chunks, ASSAY_TRACE_HOST, TRACE_READINGS_MAX, HOST_COLUMNS, 0);
    chunks_add_json(&chunks, &IDENT, ASSAY_TRACE_FACTS, 1, "{}");
    expect(&chunks, NULL);
    add_flat(&chunks, ASSAY_TRACE_CLOCK, TRACE_READINGS_MAX + 1, CLOCK_COLUMNS, 0);
    expect(&chunks, "1 302 trace: chunk 0 at byte 16: more than 4194304 readings");
    add_flat(&chunks, ASSAY_TRACE_HOST, TRACE_READINGS_MAX + 1, HOST_COLUMNS, 0);
    expect(&chunks, "1 302 trace: chunk 0 at byte 16: more than 1048576 readings");
    for (size_t i = 0; i < 64; i++) {
        add_flat(&chunks, ASSAY_TRACE_HOST, TRACE_READINGS_MAX, HOST_COLUMNS, 0);
    }
    add_flat(&chunks, ASSAY_TRACE_HOST, 1, HOST_COLUMNS, 0);
    expect(&chunks, "chunk 64 at");
    for (size_t i = 0; i < 256; i++) {
        add_flat(&chunks, ASSAY_TRACE_CLOCK, TRACE_READINGS_MAX, CLOCK_COLUMNS, 0);
    }
    add_flat(&chunks, ASSAY_TRACE_CLOCK, 1, CLOCK_COLUMNS, 0);
    expect(&chunks, "chunk 256 at");
}

/* A chunk of samples that claims rows; the walk counts them before they are read. */
static void claim(struct chunks *chunks, uint32_t samples, uint32_t requests, uint32_t segments, uint32_t events)
{
    add_flat(chunks, ASSAY_TRACE_SAMPLES, samples, 0, 0);
    const uint32_t words[] = {0, 0, requests, 0, segments, events};
    char bytes[4];
    for (size_t i = 0; i < 6; i++) {
        assay_trace_put_u32(words[i], bytes);
        assay_buf_append(&chunks->plain[chunks->count - 1], bytes, 4);
    }
}

static void rows_and_plain_bytes_have_their_most(void **state)
{
    (void)state;
    static struct chunks chunks;
    enum { LEAST = 1 << 22 };
    static const uint32_t CLAIMS[][4] = {
        {1, 0, LEAST - 1, 0}, {1, 0, 0, LEAST - 1}, {2, 0, LEAST - 4, 2}, {0, LEAST, LEAST, 0}};
    for (size_t i = 0; i < sizeof CLAIMS / sizeof CLAIMS[0]; i++) {
        for (uint32_t over = 0; over <= 1; over++) {
            claim(&chunks, CLAIMS[i][0], CLAIMS[i][1], CLAIMS[i][2] + over, CLAIMS[i][3]);
            chunks_add_json(&chunks, &IDENT, ASSAY_TRACE_FACTS, 1, "{}");
            expect(&chunks, over ? "1 302 trace: chunk 0 at byte 16: more rows than"
                                 : "0 304 trace: chunk 0 at byte 16: a chunk of samples with more rows");
        }
    }
    for (uint32_t over = 0; over <= 1; over++) { /* 16 chunks of 4 MiB, the facts among them */
        for (size_t i = 0; i < 16; i++) {
            size_t room = ASSAY_TRACE_CHUNK_BYTES_MAX - (i == 15 ? TRACE_HEADER_BYTES + 2 - over : 0);
            claim(&chunks, 0, 0, 0, 0);
            struct assay_buf *chunk = &chunks.plain[chunks.count - 1];
            size_t rest = room - chunk->len;
            char *zeros = assay_buf_reserve(chunk, rest);
            assert_non_null(zeros);
            memset(zeros, 0, rest);
            assay_buf_grew(chunk, rest);
        }
        chunks_add_json(&chunks, &IDENT, ASSAY_TRACE_FACTS, 1, "{}");
        expect(&chunks, over ? "swell to over 67108864"
                             : "0 304 trace: chunk 0 at byte 16: a chunk of samples with bytes left over");
    }
}

static void a_chunk_has_at_most_2048_samples_and_counts_before_them(void **state)
{
    (void)state;
    static struct chunks chunks;
    claim(&chunks, TRACE_SAMPLES_MAX + 1, 0, 0, 0);
    expect(&chunks, "0 304 trace: chunk 0 at byte 16: no counts, or more than 2048 samples");
    claim(&chunks, TRACE_SAMPLES_MAX, 0, 0, 0);
    chunks_add_json(&chunks, &IDENT, ASSAY_TRACE_FACTS, 1, "{}");
    expect(&chunks, "column 0 of 2048 rows is cut off");
    claim(&chunks, 1, 0, 0, 0);
    chunks.plain[0].len--;
    expect(&chunks, "no counts");
    claim(&chunks, 2, 2, TRACE_EVENTS_MAX, TRACE_EVENTS_MAX);
    chunks_add_json(&chunks, &IDENT, ASSAY_TRACE_FACTS, 1, "{}");
    expect(&chunks, "column 0 of 2 rows is cut off");
    static const uint32_t CLAIMS[][4] = {
        {2, 3, 0, 0}, {2, 0, TRACE_EVENTS_MAX + 1, 0}, {2, 0, 0, TRACE_EVENTS_MAX + 1}};
    for (size_t i = 0; i < sizeof CLAIMS / sizeof CLAIMS[0]; i++) {
        claim(&chunks, CLAIMS[i][0], CLAIMS[i][1], CLAIMS[i][2], CLAIMS[i][3]);
        chunks_add_json(&chunks, &IDENT, ASSAY_TRACE_FACTS, 1, "{}");
        expect(&chunks, "more rows than one may have");
    }
}

static void a_file_has_at_most_16_gib_and_begins_with_its_magic(void **state)
{
    (void)state;
    char magic[] = TRACE_MAGIC;
    struct assay_trace *trace = NULL;
    assay_err err = {0};
    for (size_t i = 0; i < TRACE_MAGIC_BYTES; i++) {
        magic[i] ^= 1;
        for (size_t over = 0; over <= 1; over++) { /* what lies behind a wrong magic is not looked at */
            assert_int_equal(assay_trace_open(magic, ASSAY_TRACE_BYTES_MAX + over, &trace, NULL, &err),
                             over ? ASSAY_TOO_LARGE : ASSAY_MALFORMED);
        }
        magic[i] ^= 1;
    }
    for (size_t len = 0; len <= TRACE_MAGIC_BYTES; len++) {
        assert_int_equal(assay_trace_open(magic, len, &trace, NULL, &err), ASSAY_MALFORMED);
        assert_non_null(strstr(err.message, len < TRACE_MAGIC_BYTES ? "does not begin with" : "no facts chunk"));
    }
}

static void room_grows_by_doubling_up_to_its_limit(void **state)
{
    (void)state;
    static const struct {
        size_t wanted, due;
        assay_code rc;
    } STEPS[] = {{0, 0, ASSAY_OK},       {1, 256, ASSAY_OK},     {256, 256, ASSAY_OK},
                 {257, 512, ASSAY_OK},   {2000, 2000, ASSAY_OK}, {2001, 4000, ASSAY_OK},
                 {5000, 8000, ASSAY_OK}, {5001, 8000, ASSAY_OK}, {9001, 8000, ASSAY_TOO_LARGE},
                 {9000, 16000, ASSAY_OK}};
    void *array = NULL;
    size_t capacity = 0;
    assay_err err = {0};
    for (size_t i = 0; i < sizeof STEPS / sizeof STEPS[0]; i++) {
        assert_int_equal(assay_trace_grow(&array, &capacity, STEPS[i].wanted, 9000, 8, "things", &err), STEPS[i].rc);
        assert_int_equal(capacity, STEPS[i].due);
    }
    assert_string_equal(err.message, "found more than 9000 things, expected fewer");
    memset(array, 1, capacity * 8);
    assay_mem_fail_at(1);
    assert_int_equal(assay_trace_grow(&array, &capacity, 16001, 20000, 8, "things", NULL), ASSAY_NO_MEMORY);
    assay_mem_fail_at(0);
    assert_int_equal(capacity, 16000);
    assay_free(array);
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

/* Where a chunk is cut for the compressor, and what its bytes are. */
static void a_block_is_written_and_cut_as_ever(void **state)
{
    (void)state;
    static const size_t COUNTS[] = {0, 1, 100, 1015, 1016, 1024, 1025, 2048};
    struct trace_block block;
    static struct trace_sink sink;
    struct assay_buf found;
    assay_buf_init(&found, FILE_MAX);
    assert_int_equal(assay_trace_block_init(&block, NULL), ASSAY_OK);
    for (size_t c = 0; c < sizeof COUNTS / sizeof COUNTS[0]; c++) {
        uint64_t noise = 88172645463325252u;
        memset(block.counts, 0, sizeof block.counts);
        block.counts[TRACE_ROWS_SAMPLE] = (uint32_t)COUNTS[c];
        block.counts[TRACE_ROWS_REQUEST] = (uint32_t)COUNTS[c] / 2;
        for (size_t i = 0; i < COUNTS[c]; i++) {
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            block.samples[i] = (struct sample_row){.sample = {.arm = (uint32_t)i,
                                                              .due_ns = noise >> 12,
                                                              .queued_ns = noise >> 13,
                                                              .start_ns = i,
                                                              .end_ns = i * i,
                                                              .cpu_ns = noise}};
            block.requests[i] = (struct request_row){.request = some_request()};
            block.requests[i].request.hdr_ns += noise & 0xffff;
        }
        assay_buf_init(&sink.plain, FILE_MAX);
        sink.cuts_count = 0;
        assert_int_equal(assay_trace_block_put(&block, &sink, NULL), ASSAY_OK);
        struct assay_digest digest;
        char text[ASSAY_DIGEST_TEXT_BYTES];
        assay_sha256_of(sink.plain.data, sink.plain.len, &digest);
        assay_digest_print(&digest, text);
        assay_buf_printf(&found, "%zu samples: %zu bytes %s, cut at", COUNTS[c], sink.plain.len, text);
        for (size_t i = 0; i < sink.cuts_count; i++) {
            assay_buf_printf(&found, " %zu", sink.cuts[i]);
        }
        assay_buf_char(&found, '\n');
        assay_buf_done(&sink.plain);
    }
    golden_hold("record/trace_cuts.txt", &found);
    assay_trace_block_done(&block);
    assay_buf_done(&found);
}

static void stamps_at_the_limit_are_written_and_beyond_it_are_a_bug(void **state)
{
    (void)state;
    static const uint64_t STAMPS[] = {0, TRACE_STAMP_LIMIT - 1, TRACE_STAMP_LIMIT, ABSENT, ABSENT - 1};
    static struct trace_sink sink;
    uint64_t scratch[2];
    for (size_t a = 0; a < 5; a++) {
        for (size_t b = 0; b < 5; b++) {
            const struct assay_clock_reading rows[] = {{STAMPS[a], 1, 2, 3}, {5, 1, 2, STAMPS[b]}};
            struct assay_clock_reading again[2] = {{0, 0, 0, 0}, {0, 0, 0, 0}};
            bool is_due = a != 2 && a != 4 && b != 2 && b != 4;
            assay_buf_init(&sink.plain, FILE_MAX);
            sink.cuts_count = 0;
            assert_int_equal(assay_trace_rows_put(TRACE_ROWS_CLOCK, rows, 2, scratch, &sink, NULL),
                             is_due ? ASSAY_OK : ASSAY_BUG);
            if (is_due) {
                struct trace_cursor cursor = {.bytes = sink.plain.data, .len = sink.plain.len};
                assert_int_equal(assay_trace_rows_get(TRACE_ROWS_CLOCK, &cursor, again, 2, scratch, NULL), ASSAY_OK);
                assert_int_equal(cursor.at, cursor.len);
                assert_memory_equal(again, rows, sizeof rows);
            }
            assay_buf_done(&sink.plain);
        }
    }
}

static void a_column_is_at_most_eight_bytes_wide(void **state)
{
    (void)state;
    enum { HEAD_BYTES = 9, WIDTH_MAX = 10 };
    const struct assay_clock_reading row = {7, 1, 2, 3};
    static struct trace_sink sink;
    uint64_t scratch[1];
    assay_buf_init(&sink.plain, FILE_MAX);
    sink.cuts_count = 0;
    assert_int_equal(assay_trace_rows_put(TRACE_ROWS_CLOCK, &row, 1, scratch, &sink, NULL), ASSAY_OK);
    for (unsigned width = 0; width <= WIDTH_MAX; width++) {
        struct assay_clock_reading again = {0, 0, 0, 0};
        struct assay_buf wide; /* the first column with zeros behind its least value, and nothing behind the last */
        assay_buf_init(&wide, FILE_MAX);
        assay_buf_char(&wide, (char)width);
        assay_buf_append(&wide, sink.plain.data + 1, HEAD_BYTES - 1);
        assay_buf_append(&wide, "\0\0\0\0\0\0\0\0\0\0", width);
        assay_buf_append(&wide, sink.plain.data + HEAD_BYTES, sink.plain.len - HEAD_BYTES);
        struct trace_cursor cursor = {.bytes = wide.data, .len = wide.len};
        bool is_read = assay_trace_rows_get(TRACE_ROWS_CLOCK, &cursor, &again, 1, scratch, NULL) == ASSAY_OK;
        assert_int_equal(is_read, width <= 8);
        assert_true(!is_read || memcmp(&again, &row, sizeof row) == 0);
        assay_buf_done(&wide);
    }
    assay_buf_done(&sink.plain);
}

/* ---- clocks ----------------------------------------------------------------------------------------------------- */

/* What a run's readings say: the offset lies in every bracket of a stretch; where it cannot, the clock was set. */
static void brackets_of_a_clock_are_narrowed_until_it_is_set(void **state)
{
    (void)state;
    uint64_t noise = 88172645463325252u;
    for (unsigned run = 0; run < 400; run++) {
        struct assay_trace_summary summary = {0};
        int64_t low = INT64_MIN, high = INT64_MAX;
        uint64_t steps = 0, within = 0;
        for (uint64_t i = 0; i < 6; i++) {
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            uint64_t before = 10 * i, after = before + noise % 5,
                     real = before + 100 + (noise >> 8) % 4 + (run % 4 == 0 ? 0 : (noise >> 16) % 4);
            const struct assay_clock_reading reading = {before, real, after, before};
            assay_trace_summary_clock(&summary, &reading);
            int64_t lo = (int64_t)real - (int64_t)after, hi = (int64_t)real - (int64_t)before;
            bool is_set = lo > high || hi < low;
            low = is_set || lo > low ? lo : low;
            high = is_set || hi < high ? hi : high;
            steps += is_set;
            uint64_t half = (uint64_t)(high - low + 1) / 2;
            within = steps == 0 || half > within ? half : within;
            assert_int_equal(summary.clock_count, i + 1);
            assert_int_equal(summary.clock_steps, steps);
            assert_int_equal(summary.clock_uncertainty_ns, within);
            assert_true(summary.clock_offset_lo_ns == low && summary.clock_offset_hi_ns == high);
            assert_int_equal(summary.clock_first.mono_before_ns, 0);
            assert_int_equal(summary.clock_last.mono_before_ns, before);
        }
    }
}

/* ---- memory ----------------------------------------------------------------------------------------------------- */

static assay_code open_all(void *context)
{
    const struct assay_buf *file = context;
    struct assay_trace *trace = NULL;
    assay_code rc = assay_trace_open(file->data, file->len, &trace, NULL, NULL);
    assay_trace_free(trace);
    return rc;
}

static void a_trace_that_memory_is_too_short_for_is_not_opened(void **state)
{
    (void)state;
    static struct chunks chunks;
    struct assay_buf file;
    make_everything(&file);
    assert_true(sweep_memory(open_all, &file, false) > 10);
    make_carried(&chunks);
    chunks_join(&chunks, &file);
    assert_true(sweep_memory(open_all, &file, false) > 10);
    chunks_done(&chunks);
    assay_buf_done(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_of_a_trace_counts),
        cmocka_unit_test(chunks_of_json_are_what_their_headers_say),
        cmocka_unit_test(readings_have_their_most_of_a_chunk_and_of_a_file),
        cmocka_unit_test(rows_and_plain_bytes_have_their_most),
        cmocka_unit_test(a_chunk_has_at_most_2048_samples_and_counts_before_them),
        cmocka_unit_test(a_file_has_at_most_16_gib_and_begins_with_its_magic),
        cmocka_unit_test(room_grows_by_doubling_up_to_its_limit),
        cmocka_unit_test(a_block_is_written_and_cut_as_ever),
        cmocka_unit_test(stamps_at_the_limit_are_written_and_beyond_it_are_a_bug),
        cmocka_unit_test(a_column_is_at_most_eight_bytes_wide),
        cmocka_unit_test(brackets_of_a_clock_are_narrowed_until_it_is_set),
        cmocka_unit_test(a_trace_that_memory_is_too_short_for_is_not_opened),
    };
    assay_json_init();
    if (assay_crypto_init(NULL) != ASSAY_OK) {
        return 1;
    }
    return cmocka_run_group_tests_name("record_trace_sweep", tests, NULL, NULL);
}
