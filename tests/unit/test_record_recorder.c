#include "record/recorder.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ORIGIN 1000000
#define ABSENT ASSAY_NS_ABSENT

static const struct assay_trace_ident IDENT = {.run_id = {1}};

static struct assay_recorder *recorder_of(size_t samples, size_t events)
{
    struct assay_recorder *recorder = NULL;
    const struct assay_recorder_config config = {.samples_max = samples, .events_max = events};
    assert_int_equal(assay_recorder_new(config, &recorder, NULL), ASSAY_OK);
    return recorder;
}

static struct assay_request request_at(uint64_t at)
{
    return (struct assay_request){.conn_start_ns = ORIGIN - 500, /* the connection is older than the run */
                                  .conn_end_ns = ORIGIN - 400,
                                  .tls_end_ns = ABSENT,
                                  .send_enter_ns = at,
                                  .send_return_ns = at,
                                  .tx_ns = at,
                                  .tx_ack_ns = ABSENT,
                                  .hdr_ns = at,
                                  .first_byte_ns = at,
                                  .first_event_ns = at,
                                  .usage_ns = ABSENT,
                                  .done_ns = at};
}

static void segment(struct assay_recorder *recorder, uint64_t id, uint64_t at, uint64_t offset)
{
    struct assay_segment segment = {.end_offset = offset,
                                    .rx_ns = at,
                                    .user_before_ns = at + 1,
                                    .user_after_ns = ABSENT,
                                    .left_bytes = (uint32_t)offset};
    assay_recorder_segment(recorder, id, &segment);
}

static void chunk(struct assay_recorder *recorder, uint64_t id, uint32_t segment, uint32_t tokens)
{
    struct assay_chunk chunk = {.segment = segment,
                                .after_bytes = 3,
                                .tokens = tokens,
                                .kind = ASSAY_CHUNK_TOOL,
                                .tokens_source = ASSAY_TOKENS_LOGPROBS};
    assay_recorder_chunk(recorder, id, &chunk);
}

static void finish(struct assay_recorder *recorder, uint64_t id, uint64_t at, bool has_request)
{
    struct assay_request request = request_at(at);
    struct assay_sample sample = {.id = id,
                                  .due_ns = at,
                                  .queued_ns = at,
                                  .start_ns = at,
                                  .end_ns = at + 9,
                                  .cpu_ns = ABSENT,
                                  .request = has_request ? &request : NULL};
    assay_recorder_sample(recorder, &sample);
}

static assay_code drain(struct assay_recorder *const *recorders, size_t count, struct assay_buf *file, assay_err *err)
{
    struct assay_trace_writer *writer = NULL;
    json_t *facts = json_object();
    assay_buf_init(file, (size_t)1 << 20);
    assert_int_equal(assay_trace_writer_new(&IDENT, &writer, NULL), ASSAY_OK);
    assay_code rc = assay_recorder_drain(recorders, count, ORIGIN, writer, err);
    if (rc == ASSAY_OK) {
        assert_int_equal(assay_trace_finish(writer, facts, file, NULL), ASSAY_OK);
    }
    json_decref(facts);
    assay_trace_writer_free(writer);
    for (size_t i = 0; i < count; i++) {
        assay_recorder_free(recorders[i]);
    }
    return rc;
}

static void events_of_interleaved_requests_come_back_with_their_sample(void **state)
{
    (void)state;
    struct assay_recorder *workers[] = {recorder_of(4, 100), recorder_of(4, 100)};
    segment(workers[0], 2, ORIGIN + 10, 100);
    segment(workers[0], 0, ORIGIN + 20, 200);
    chunk(workers[0], 2, 0, 7);
    segment(workers[1], 1, ORIGIN + 25, 300);
    segment(workers[0], 2, ORIGIN + 30, 400);
    chunk(workers[0], 0, 0, 8);
    chunk(workers[0], 2, 1, 9);
    finish(workers[0], 2, ORIGIN + 5, true);
    finish(workers[1], 1, ORIGIN + 6, true);
    finish(workers[0], 0, ORIGIN + 7, true);
    assert_int_equal(assay_recorder_live(workers[0]).finished, 2);
    assert_int_equal(assay_recorder_live(workers[0]).ok, 2);
    struct assay_buf file;
    struct assay_trace *trace = NULL;
    struct assay_sample sample;
    bool is_end = false;
    assert_int_equal(drain(workers, 2, &file, NULL), ASSAY_OK);
    assert_int_equal(assay_trace_open(file.data, file.len, &trace, NULL, NULL), ASSAY_OK);
    assert_int_equal(assay_trace_samples(trace), 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(assay_trace_next(trace, &sample, &is_end, NULL), ASSAY_OK);
        assert_int_equal(sample.id, i);
    }
    assert_int_equal(sample.due_ns, 5); /* since the start of the run */
    assert_true(sample.request->conn_start_ns == ABSENT && sample.request->tx_ack_ns == ABSENT);
    assert_int_equal(sample.request->segments_count, 2);
    assert_int_equal(sample.request->segments[1].rx_ns, 30);
    assert_int_equal(sample.request->segments[1].end_offset, 400);
    assert_int_equal(sample.request->segments[1].left_bytes, 400);
    assert_true(sample.request->segments[1].user_after_ns == ABSENT);
    assert_int_equal(sample.request->chunks_count, 2);
    assert_int_equal(sample.request->chunks[1].tokens, 9);
    assert_int_equal(sample.request->chunks[1].segment, 1);
    assert_int_equal(sample.request->chunks[1].after_bytes, 3);
    assert_int_equal(sample.request->chunks[1].kind, ASSAY_CHUNK_TOOL);
    assert_int_equal(sample.request->chunks[1].tokens_source, ASSAY_TOKENS_LOGPROBS);
    assay_trace_free(trace);
    assay_buf_done(&file);
}

static void a_full_log_drops_and_counts_and_marks_the_samples(void **state)
{
    (void)state;
    struct assay_recorder *worker = recorder_of(2, 3); /* room for twelve words: two segments */
    finish(worker, 0, ORIGIN + 1, true);               /* ended before anything was lost */
    for (uint64_t i = 0; i < 5; i++) {
        segment(worker, 1, ORIGIN + i, i);
    }
    chunk(worker, 1, 4, 1); /* would fit, but what it names was dropped */
    finish(worker, 1, ORIGIN + 1, true);
    assert_int_equal(assay_recorder_dropped(worker), 4);
    struct assay_buf file;
    struct assay_trace *trace = NULL;
    struct assay_sample sample;
    bool is_end = false;
    assert_int_equal(drain(&worker, 1, &file, NULL), ASSAY_OK);
    assert_int_equal(assay_trace_open(file.data, file.len, &trace, NULL, NULL), ASSAY_OK);
    assert_int_equal(assay_trace_next(trace, &sample, &is_end, NULL), ASSAY_OK);
    assert_int_equal(sample.flags, 0);
    assert_int_equal(assay_trace_next(trace, &sample, &is_end, NULL), ASSAY_OK);
    assert_int_equal(sample.flags, ASSAY_SAMPLE_EVENTS_LOST);
    assert_int_equal(sample.request->segments_count, 2);
    assert_int_equal(sample.request->chunks_count, 0);
    assay_trace_free(trace);
    assay_buf_done(&file);
}

static void an_operation_that_is_missing_or_there_twice_is_a_bug(void **state)
{
    (void)state;
    struct assay_buf file;
    struct assay_recorder *hole = recorder_of(4, 4);
    finish(hole, 0, ORIGIN, false);
    finish(hole, 2, ORIGIN, false);
    assert_int_equal(drain(&hole, 1, &file, NULL), ASSAY_BUG);
    struct assay_recorder *twice = recorder_of(4, 4);
    finish(twice, 0, ORIGIN, false);
    finish(twice, 0, ORIGIN, false);
    assert_int_equal(drain(&twice, 1, &file, NULL), ASSAY_BUG);
    struct assay_recorder *over = recorder_of(1, 4);
    finish(over, 0, ORIGIN, false);
    finish(over, 1, ORIGIN, false);
    assert_int_equal(drain(&over, 1, &file, NULL), ASSAY_BUG);
    struct assay_recorder *orphan = recorder_of(2, 4);
    segment(orphan, 1, ORIGIN, 1);
    finish(orphan, 0, ORIGIN, true);
    assert_int_equal(drain(&orphan, 1, &file, NULL), ASSAY_BUG);
}

static void a_stamp_before_the_run_is_a_bug(void **state)
{
    (void)state;
    struct assay_buf file;
    assay_err err = {0};
    struct assay_recorder *worker = recorder_of(1, 4);
    finish(worker, 0, ORIGIN - 1, false);
    assert_int_equal(drain(&worker, 1, &file, &err), ASSAY_BUG);
    assert_non_null(strstr(err.message, "ASSAY_NS_ABSENT"));
}

int main(void)
{
    assay_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_of_interleaved_requests_come_back_with_their_sample),
        cmocka_unit_test(a_full_log_drops_and_counts_and_marks_the_samples),
        cmocka_unit_test(an_operation_that_is_missing_or_there_twice_is_a_bug),
        cmocka_unit_test(a_stamp_before_the_run_is_a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
