#include "record/trace.h"

#include "base/mem.h"
#include "base/rng.h"
#include "crypto/crypto.h"
#include "record/trace_codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include <cmocka.h>

#define ABSENT ASSAY_NS_ABSENT

static const struct assay_trace_ident IDENT = {.run_id = {1, 2, 3}, .plan_sha256 = {9, 8, 7}};

/* A sample with everything it may have, random but legal: stamps absent now and then, extreme values now and then. */
struct made {
    struct assay_sample sample;
    struct assay_request request;
    struct assay_process process;
    struct assay_segment *segments;
    struct assay_chunk *chunks;
};

static uint64_t random_stamp(struct assay_rng *rng, uint64_t near)
{
    switch (assay_rng_below(rng, 12)) {
    case 0:
        return ABSENT;
    case 1:
        return assay_rng_below(rng, UINT64_C(1) << 62);
    case 2:
        return 0;
    default:
        return near + assay_rng_below(rng, 1000000);
    }
}

static uint32_t random_count(struct assay_rng *rng)
{
    uint64_t kind = assay_rng_below(rng, 8);
    return kind == 0 ? ASSAY_COUNT_ABSENT : kind == 1 ? (uint32_t)assay_rng_u64(rng) : (uint32_t)(kind * 10);
}

static uint64_t random_wide(struct assay_rng *rng)
{
    return assay_rng_below(rng, 4) ? assay_rng_below(rng, 5000) : assay_rng_u64(rng);
}

static void make_events(struct made *made, struct assay_rng *rng, size_t segments, size_t chunks)
{
    made->segments = calloc(segments + 1, sizeof *made->segments);
    made->chunks = calloc(chunks + 1, sizeof *made->chunks);
    assert_non_null(made->segments);
    assert_non_null(made->chunks);
    for (size_t i = 0; i < segments; i++) {
        made->segments[i] = (struct assay_segment){.end_offset = i * 200 + assay_rng_below(rng, 9),
                                                   .rx_ns = random_stamp(rng, i * 20000000),
                                                   .user_before_ns = random_stamp(rng, i * 20000000),
                                                   .user_after_ns = random_stamp(rng, i * 20000000),
                                                   .left_bytes = random_count(rng)};
    }
    for (size_t i = 0; i < chunks; i++) {
        made->chunks[i] = (struct assay_chunk){.segment = (uint32_t)assay_rng_below(rng, segments),
                                               .after_bytes = random_count(rng),
                                               .tokens = random_count(rng),
                                               .kind = (uint8_t)assay_rng_below(rng, 3),
                                               .tokens_source = (uint8_t)assay_rng_below(rng, 8)};
    }
    made->request.segments = made->segments;
    made->request.segments_count = segments;
    made->request.chunks = made->chunks;
    made->request.chunks_count = chunks;
}

static void make_request(struct made *made, struct assay_rng *rng)
{
    struct assay_request *r = &made->request;
    uint64_t *stamps[] = {&r->conn_start_ns,  &r->conn_end_ns,    &r->tls_end_ns, &r->send_enter_ns,
                          &r->send_return_ns, &r->tx_ns,          &r->tx_ack_ns,  &r->hdr_ns,
                          &r->first_byte_ns,  &r->first_event_ns, &r->usage_ns,   &r->done_ns};
    for (size_t i = 0; i < sizeof stamps / sizeof stamps[0]; i++) {
        *stamps[i] = random_stamp(rng, 5000000);
    }
    uint64_t *wides[] = {&r->server_load_ns, &r->server_prompt_ns, &r->server_eval_ns,     &r->server_total_ns,
                         &r->retry_after_ns, &r->content_bytes,    &r->reported_rate_micro};
    for (size_t i = 0; i < sizeof wides / sizeof wides[0]; i++) {
        *wides[i] = random_wide(rng);
    }
    uint32_t *counts[] = {&r->http_status,   &r->prompt_tokens_asked, &r->output_tokens_asked, &r->prompt_tokens,
                          &r->output_tokens, &r->cached_tokens,       &r->ignored_events,      &r->flags};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        *counts[i] = random_count(rng);
    }
    r->output_source = (uint8_t)assay_rng_below(rng, ASSAY_TOKENS_SOURCE_COUNT);
    r->finish = (uint8_t)assay_rng_below(rng, 5);
    for (size_t i = 0; i < 32; i++) {
        r->body_sha256[i] = (uint8_t)assay_rng_u64(rng);
        r->output_sha256[i] = (uint8_t)assay_rng_u64(rng);
    }
}

static void make_process(struct made *made, struct assay_rng *rng)
{
    struct assay_process *p = &made->process;
    uint64_t *wides[] = {&p->spawn_ns, &p->cpu_tree_ns, &p->maxrss_bytes, &p->rss_floor_bytes,
                         &p->minflt,   &p->majflt,      &p->nvcsw,        &p->nivcsw};
    for (size_t i = 0; i < sizeof wides / sizeof wides[0]; i++) {
        *wides[i] = random_wide(rng);
    }
    p->exit_status = (uint32_t)assay_rng_below(rng, 256);
    p->output_sha256[5] = 77;
}

static void make_sample(struct made *made, struct assay_rng *rng, uint64_t id, size_t segments, size_t chunks)
{
    static const enum assay_status STATUSES[] = {ASSAY_STATUS_OK, ASSAY_STATUS_RESET, ASSAY_STATUS_TIMEOUT_STALL,
                                                 ASSAY_STATUS_IN_FLIGHT};
    *made = (struct made){.sample = {.id = id,
                                     .arm = random_count(rng),
                                     .worker = (uint32_t)assay_rng_below(rng, 8),
                                     .status = STATUSES[assay_rng_below(rng, 4)],
                                     .flags = (uint32_t)assay_rng_below(rng, 8),
                                     .iterations = random_count(rng),
                                     .due_ns = random_stamp(rng, id * 1000000),
                                     .queued_ns = random_stamp(rng, id * 1000000),
                                     .start_ns = random_stamp(rng, id * 1000000),
                                     .end_ns = random_stamp(rng, id * 1000000),
                                     .cpu_ns = random_wide(rng)}};
    if (segments > 0) {
        make_request(made, rng);
        make_events(made, rng, segments, chunks);
        made->sample.request = &made->request;
    } else if (assay_rng_below(rng, 2)) {
        make_process(made, rng);
        made->sample.process = &made->process;
    }
}

static void free_made(struct made *made)
{
    free(made->segments);
    free(made->chunks);
}

static json_t *some_facts(void)
{
    json_t *facts = json_object();
    assert_int_equal(json_object_set_new(facts, "protocol", json_string("x")), 0);
    return facts;
}

static void assert_same_segment(const struct assay_segment *a, const struct assay_segment *b)
{
    assert_true(a->end_offset == b->end_offset && a->rx_ns == b->rx_ns && a->user_before_ns == b->user_before_ns &&
                a->user_after_ns == b->user_after_ns && a->left_bytes == b->left_bytes);
}

static void assert_same_chunk(const struct assay_chunk *a, const struct assay_chunk *b)
{
    assert_true(a->segment == b->segment && a->after_bytes == b->after_bytes && a->tokens == b->tokens &&
                a->kind == b->kind && a->tokens_source == b->tokens_source);
}

/* Every field: the arrays one by one, the rest as bytes (both structs were zeroed before). */
static void assert_same_sample(const struct assay_sample *a, const struct assay_sample *b)
{
    struct assay_sample x = *a, y = *b;
    x.request = y.request = NULL;
    x.process = y.process = NULL;
    assert_memory_equal(&x, &y, sizeof x);
    assert_int_equal(a->request != NULL, b->request != NULL);
    assert_int_equal(a->process != NULL, b->process != NULL);
    if (a->process) {
        assert_memory_equal(a->process, b->process, sizeof *a->process);
    }
    if (!a->request) {
        return;
    }
    struct assay_request p = *a->request, q = *b->request;
    assert_int_equal(p.segments_count, q.segments_count);
    assert_int_equal(p.chunks_count, q.chunks_count);
    for (size_t i = 0; i < p.segments_count; i++) {
        assert_same_segment(&p.segments[i], &q.segments[i]);
    }
    for (size_t i = 0; i < p.chunks_count; i++) {
        assert_same_chunk(&p.chunks[i], &q.chunks[i]);
    }
    p.segments = q.segments = NULL;
    p.chunks = q.chunks = NULL;
    assert_memory_equal(&p, &q, sizeof p);
}

struct written {
    struct assay_buf file;
    struct made *made;
    size_t count;
};

static void write_random(struct written *written, uint64_t seed, size_t count, size_t events_max)
{
    struct assay_rng rng;
    assay_rng_seed(&rng, seed, "test.trace");
    struct assay_trace_writer *writer = NULL;
    assert_int_equal(assay_trace_writer_new(&IDENT, &writer, NULL), ASSAY_OK);
    written->made = calloc(count, sizeof *written->made);
    assert_non_null(written->made);
    written->count = count;
    for (size_t i = 0; i < count; i++) {
        size_t segments = (size_t)assay_rng_below(&rng, events_max + 1);
        size_t chunks = segments ? (size_t)assay_rng_below(&rng, events_max + 1) : 0;
        make_sample(&written->made[i], &rng, i, segments, chunks);
        assert_int_equal(assay_trace_add_sample(writer, &written->made[i].sample, NULL), ASSAY_OK);
    }
    for (uint64_t i = 0; i < 3; i++) {
        struct assay_clock_reading clock = {i * 100, 5000 + i * 100, i * 100 + 20, i * 99};
        struct assay_host_reading host = {.at_ns = i, .steal_ppm = ABSENT, .load1_milli = 70 + i};
        assert_int_equal(assay_trace_add_clock(writer, &clock, NULL), ASSAY_OK);
        assert_int_equal(assay_trace_add_host(writer, &host, NULL), ASSAY_OK);
    }
    json_t *facts = some_facts();
    assay_buf_init(&written->file, (size_t)1 << 30);
    assert_int_equal(assay_trace_finish(writer, facts, &written->file, NULL), ASSAY_OK);
    json_decref(facts);
    assay_trace_writer_free(writer);
}

static void done_written(struct written *written)
{
    for (size_t i = 0; i < written->count; i++) {
        free_made(&written->made[i]);
    }
    free(written->made);
    assay_buf_done(&written->file);
}

static void read_back(const struct written *written)
{
    struct assay_trace *trace = NULL;
    assay_err err = {0};
    assay_code rc = assay_trace_open(written->file.data, written->file.len, &trace, NULL, &err);
    if (rc != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(assay_trace_samples(trace), written->count);
    assert_memory_equal(assay_trace_ident(trace)->run_id, IDENT.run_id, 16);
    for (unsigned round = 0; round < 2; round++) { /* again after a rewind */
        struct assay_sample sample;
        bool is_end = false;
        for (size_t i = 0; i < written->count; i++) {
            memset(&sample, 0, sizeof sample);
            assert_int_equal(assay_trace_next(trace, &sample, &is_end, NULL), ASSAY_OK);
            assert_false(is_end);
            assert_same_sample(&written->made[i].sample, &sample);
        }
        assert_int_equal(assay_trace_next(trace, &sample, &is_end, NULL), ASSAY_OK);
        assert_true(is_end);
        assay_trace_rewind(trace);
    }
    size_t count;
    const struct assay_clock_reading *clock = assay_trace_clock(trace, &count);
    assert_int_equal(count, 3);
    assert_int_equal(clock[2].raw_ns, 198);
    const struct assay_host_reading *host = assay_trace_host(trace, &count);
    assert_int_equal(count, 3);
    assert_true(host[1].steal_ppm == ABSENT && host[2].load1_milli == 72);
    assert_int_equal(assay_trace_summary(trace)->clock_uncertainty_ns, 10);
    assay_trace_free(trace);
}

static void what_is_written_is_read_back_field_by_field(void **state)
{
    (void)state;
    static const struct {
        size_t samples, events_max;
    } SHAPES[] = {{0, 0}, {1, 0}, {1, 1}, {7, 5}, {300, 40}, {5000, 3}, {12, 9000}};
    for (size_t i = 0; i < sizeof SHAPES / sizeof SHAPES[0]; i++) {
        for (uint64_t seed = 1; seed <= 2; seed++) {
            struct written written;
            write_random(&written, seed, SHAPES[i].samples, SHAPES[i].events_max);
            read_back(&written);
            done_written(&written);
        }
    }
}

static void a_sample_of_more_events_than_a_chunk_holds_goes_on_in_the_next_ones(void **state)
{
    (void)state;
    struct assay_rng rng;
    assay_rng_seed(&rng, 5, "test.trace.long");
    struct assay_trace_writer *writer = NULL;
    assert_int_equal(assay_trace_writer_new(&IDENT, &writer, NULL), ASSAY_OK);
    struct written written = {.count = 3, .made = calloc(3, sizeof *written.made)};
    assert_non_null(written.made);
    make_sample(&written.made[0], &rng, 0, 10, 10);
    make_sample(&written.made[1], &rng, 1, 100000, 70000);
    make_sample(&written.made[2], &rng, 2, 10, 40000);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(assay_trace_add_sample(writer, &written.made[i].sample, NULL), ASSAY_OK);
    }
    for (uint64_t i = 0; i < 3; i++) {
        struct assay_clock_reading clock = {i * 100, 5000 + i * 100, i * 100 + 20, i * 99};
        struct assay_host_reading host = {.at_ns = i, .steal_ppm = ABSENT, .load1_milli = 70 + i};
        assert_int_equal(assay_trace_add_clock(writer, &clock, NULL), ASSAY_OK);
        assert_int_equal(assay_trace_add_host(writer, &host, NULL), ASSAY_OK);
    }
    json_t *facts = some_facts();
    assay_buf_init(&written.file, (size_t)1 << 30);
    assert_int_equal(assay_trace_finish(writer, facts, &written.file, NULL), ASSAY_OK);
    json_decref(facts);
    assay_trace_writer_free(writer);
    read_back(&written);
    done_written(&written);
}

/* Each byte of a small file is changed in turn: the file is refused, or its root is another. Where only the coding of
 * the compressed bytes changed, the SHA-256 over the stored bytes, which the receipt holds too, tells. */
static void no_flipped_byte_stays_unseen(void **state)
{
    (void)state;
    struct written written;
    write_random(&written, 3, 5, 6);
    struct assay_trace *trace = NULL;
    assert_int_equal(assay_trace_open(written.file.data, written.file.len, &trace, NULL, NULL), ASSAY_OK);
    uint8_t root[32], other[32];
    assay_trace_root(trace, root);
    assay_trace_free(trace);
    struct assay_digest stored, changed;
    assay_sha256_of(written.file.data, written.file.len, &stored);
    size_t refused = 0, same_root = 0;
    for (size_t i = 0; i < written.file.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            written.file.data[i] = (char)((unsigned char)written.file.data[i] ^ (1u << bit));
            trace = NULL;
            if (assay_trace_open(written.file.data, written.file.len, &trace, NULL, NULL) != ASSAY_OK) {
                refused++;
            } else {
                assay_trace_root(trace, other);
                same_root += memcmp(root, other, sizeof root) == 0;
                assay_trace_free(trace);
            }
            assay_sha256_of(written.file.data, written.file.len, &changed);
            assert_false(assay_digest_equal(&stored, &changed));
            written.file.data[i] = (char)((unsigned char)written.file.data[i] ^ (1u << bit));
        }
    }
    assert_true(refused > written.file.len); /* most of them; frame checksums alone would not see a wrong root */
    assert_true(same_root * 100 < written.file.len * 8);
    done_written(&written);
}

static void a_file_that_is_cut_off_anywhere_is_refused(void **state)
{
    (void)state;
    struct written written;
    write_random(&written, 4, 20, 6);
    for (size_t len = 0; len < written.file.len; len++) {
        struct assay_trace *trace = NULL;
        int gate = 0;
        assert_int_not_equal(assay_trace_open(written.file.data, len, &trace, &gate, NULL), ASSAY_OK);
        assert_true(gate == 302 || gate == 304);
    }
    done_written(&written);
}

static void chunks_of_two_runs_do_not_make_one_trace(void **state)
{
    (void)state;
    struct written a, b;
    write_random(&a, 1, 1, 0);
    const struct assay_trace_ident other = {.run_id = {4}, .plan_sha256 = {9, 8, 7}};
    struct assay_trace_writer *writer = NULL;
    assert_int_equal(assay_trace_writer_new(&other, &writer, NULL), ASSAY_OK);
    json_t *facts = some_facts();
    assay_buf_init(&b.file, (size_t)1 << 20);
    assert_int_equal(assay_trace_finish(writer, facts, &b.file, NULL), ASSAY_OK);
    json_decref(facts);
    assay_trace_writer_free(writer);
    /* the first chunk of a, then everything of b */
    const unsigned char *length = (const unsigned char *)a.file.data + 8;
    size_t first = 16 + (size_t)length[0] + ((size_t)length[1] << 8);
    struct assay_buf mixed;
    assay_buf_init(&mixed, (size_t)1 << 20);
    assay_buf_append(&mixed, a.file.data, first);
    assay_buf_append(&mixed, b.file.data + 8, b.file.len - 8);
    struct assay_trace *trace = NULL;
    int gate = 0;
    assert_int_equal(assay_trace_open(mixed.data, mixed.len, &trace, &gate, NULL), ASSAY_MALFORMED);
    assert_int_equal(gate, 306);
    assay_buf_done(&mixed);
    assay_buf_done(&b.file);
    done_written(&a);
}

/* A small file of chunks that each swell to the largest size allowed. */
static void a_file_that_swells_beyond_measure_is_refused(void **state)
{
    (void)state;
    enum { CHUNKS = 64 };
    struct written written;
    write_random(&written, 1, 1, 0);
    struct assay_buf bomb;
    assay_buf_init(&bomb, (size_t)64 << 20);
    char *plain = calloc(ASSAY_TRACE_CHUNK_BYTES_MAX, 1);
    char *stored = calloc(ASSAY_TRACE_CHUNK_BYTES_MAX, 1);
    assert_true(plain && stored);
    const struct trace_header header = {.run_id = {1, 2, 3}, .plan_prefix = {9, 8, 7}, .kind = ASSAY_TRACE_SAMPLES};
    assay_trace_header_put(&header, plain);
    size_t n = ZSTD_compress(stored, ASSAY_TRACE_CHUNK_BYTES_MAX, plain, ASSAY_TRACE_CHUNK_BYTES_MAX, 3);
    assert_false(ZSTD_isError(n));
    assay_buf_append(&bomb, TRACE_MAGIC, TRACE_MAGIC_BYTES);
    for (size_t i = 0; i < CHUNKS; i++) {
        char frame[TRACE_FRAME_BYTES];
        assay_trace_put_u32((uint32_t)n, frame);
        assay_trace_put_u32((uint32_t)ASSAY_TRACE_CHUNK_BYTES_MAX, frame + 4);
        assay_buf_append(&bomb, frame, sizeof frame);
        assay_buf_append(&bomb, stored, n);
    }
    assay_buf_append(&bomb, written.file.data + TRACE_MAGIC_BYTES, written.file.len - TRACE_MAGIC_BYTES);
    struct assay_trace *trace = NULL;
    assay_err err = {0};
    assert_int_equal(assay_trace_open(bomb.data, bomb.len, &trace, NULL, &err), ASSAY_TOO_LARGE);
    assert_non_null(strstr(err.message, "swell"));
    free(plain);
    free(stored);
    assay_buf_done(&bomb);
    done_written(&written);
}

static void samples_are_added_in_the_order_of_their_ids_only(void **state)
{
    (void)state;
    struct assay_trace_writer *writer = NULL;
    assert_int_equal(assay_trace_writer_new(&IDENT, &writer, NULL), ASSAY_OK);
    struct assay_sample sample = {.id = 1};
    assert_int_equal(assay_trace_add_sample(writer, &sample, NULL), ASSAY_BUG);
    sample.id = 0;
    assert_int_equal(assay_trace_add_sample(writer, &sample, NULL), ASSAY_OK);
    assert_int_equal(assay_trace_add_sample(writer, &sample, NULL), ASSAY_BUG);
    assay_trace_writer_free(writer);
}

/* A reversed bracket would pass for a clock of huge uncertainty, which excuses every stamp. */
static void a_clock_that_runs_backwards_is_no_trace(void **state)
{
    (void)state;
    const struct assay_clock_reading faults[][2] = {
        {{1000, 1, 1010, 1000}, {2000, 2, 1990, 2000}}, /* closes before it opens */
        {{2000, 1, 2010, 2000}, {1000, 2, 1010, 1000}}, /* the second lies before the first */
        {{1000, 1, 1010, 1000}, {2000, 2, 2010, 2000}}, /* honest: the test can tell */
    };
    for (size_t i = 0; i < 3; i++) {
        struct assay_trace_writer *writer = NULL;
        struct assay_trace *trace = NULL;
        struct assay_buf file;
        int gate = 0;
        assay_buf_init(&file, 1 << 20);
        assert_int_equal(assay_trace_writer_new(&IDENT, &writer, NULL), ASSAY_OK);
        assert_int_equal(assay_trace_add_clock(writer, &faults[i][0], NULL), ASSAY_OK);
        assert_int_equal(assay_trace_add_clock(writer, &faults[i][1], NULL), ASSAY_OK);
        json_t *facts = json_object();
        assert_int_equal(assay_trace_finish(writer, facts, &file, NULL), ASSAY_OK);
        assay_code rc = assay_trace_open(file.data, file.len, &trace, &gate, NULL);
        assert_int_equal(rc, i < 2 ? ASSAY_MALFORMED : ASSAY_OK);
        assert_int_equal(gate, i < 2 ? 310 : 0);
        assay_trace_free(trace);
        assay_trace_writer_free(writer);
        json_decref(facts);
        assay_buf_done(&file);
    }
}

static void readings_of_the_host_go_forward(void **state)
{
    (void)state;
    for (uint64_t second_ns = 999; second_ns <= 1000; second_ns++) {
        const struct assay_host_reading readings[] = {{.at_ns = 1000}, {.at_ns = second_ns}};
        struct assay_trace_writer *writer = NULL;
        struct assay_trace *trace = NULL;
        struct assay_buf file;
        int gate = 0;
        assay_buf_init(&file, 1 << 20);
        assert_int_equal(assay_trace_writer_new(&IDENT, &writer, NULL), ASSAY_OK);
        assert_int_equal(assay_trace_add_host(writer, &readings[0], NULL), ASSAY_OK);
        assert_int_equal(assay_trace_add_host(writer, &readings[1], NULL), ASSAY_OK);
        json_t *facts = json_object();
        assert_int_equal(assay_trace_finish(writer, facts, &file, NULL), ASSAY_OK);
        assay_code rc = assay_trace_open(file.data, file.len, &trace, &gate, NULL);
        assert_int_equal(rc, second_ns < 1000 ? ASSAY_MALFORMED : ASSAY_OK);
        assay_trace_free(trace);
        assay_trace_writer_free(writer);
        json_decref(facts);
        assay_buf_done(&file);
    }
}

int main(void)
{
    assay_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back_field_by_field),
        cmocka_unit_test(a_sample_of_more_events_than_a_chunk_holds_goes_on_in_the_next_ones),
        cmocka_unit_test(no_flipped_byte_stays_unseen),
        cmocka_unit_test(a_file_that_is_cut_off_anywhere_is_refused),
        cmocka_unit_test(chunks_of_two_runs_do_not_make_one_trace),
        cmocka_unit_test(a_file_that_swells_beyond_measure_is_refused),
        cmocka_unit_test(samples_are_added_in_the_order_of_their_ids_only),
        cmocka_unit_test(a_clock_that_runs_backwards_is_no_trace),
        cmocka_unit_test(readings_of_the_host_go_forward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
