#include "record/recorder.h"

#include "base/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

/*
 * The event log is one array of 64-bit words. The first word of an event holds its kind (top bit) and the sample id; a
 * segment takes five words, a chunk three. Nothing is searched or sorted before the run is over.
 */
#define CHUNK_MARK (UINT64_C(1) << 63)
#define SEGMENT_WORDS 5
#define CHUNK_WORDS 3
#define EVENT_WORDS_MEAN 4                   /* a stream of one token a read has as many of either */
#define SAMPLES_MAX UINT32_MAX               /* ids fit beside other facts in one word */
#define EVENTS_MAX ((size_t)1 << 30)         /* 32 GiB of log: positions stay within 32 bits */
#define LEFT_BYTES_SHIFT 32                  /* segment word 0: left_bytes beside the id */
#define ID_MASK UINT64_C(0x00000000ffffffff) /* segment and chunk word 0 */
#define LEFT_BYTES_MAX UINT32_C(0x7fffffff)  /* 31 bits, below the mark; a queue of 2 GiB does not exist */

struct assay_recorder {
    struct assay_sample *samples;
    struct assay_request *requests;  /* beside samples; touched only by those that have one */
    struct assay_process *processes; /* the same */
    size_t samples_count, samples_max;
    uint64_t *words;
    size_t words_count, words_max;
    bool is_full; /* the first event that does not fit closes the log: what is kept is a prefix without holes */
    uint64_t dropped, lost_samples;
    atomic_uint_fast64_t finished, ok, failed;
};

assay_code assay_recorder_new(struct assay_recorder_config config, struct assay_recorder **ret, assay_err *err)
{
    assert(ret && config.samples_max > 0 && config.samples_max <= SAMPLES_MAX && config.events_max <= EVENTS_MAX);
    struct assay_recorder *recorder = assay_alloc(1, sizeof *recorder);
    if (!recorder) {
        return assay_nomem(err);
    }
    recorder->samples_max = config.samples_max;
    recorder->words_max = config.events_max * EVENT_WORDS_MEAN;
    recorder->samples = assay_alloc(config.samples_max, sizeof *recorder->samples);
    recorder->requests = assay_alloc(config.samples_max, sizeof *recorder->requests);
    recorder->processes = assay_alloc(config.samples_max, sizeof *recorder->processes);
    recorder->words = assay_alloc(recorder->words_max, sizeof *recorder->words);
    if (!recorder->samples || !recorder->requests || !recorder->processes || !recorder->words) {
        assay_recorder_free(recorder);
        return assay_nomem(err);
    }
    *ret = recorder;
    return ASSAY_OK;
}

void assay_recorder_free(struct assay_recorder *recorder)
{
    if (recorder) {
        assay_free(recorder->samples);
        assay_free(recorder->requests);
        assay_free(recorder->processes);
        assay_free(recorder->words);
        assay_free(recorder);
    }
}

static uint64_t *take_words(struct assay_recorder *recorder, size_t count)
{
    if (recorder->is_full || recorder->words_max - recorder->words_count < count) {
        recorder->is_full = true;
        recorder->dropped++;
        return NULL;
    }
    uint64_t *words = recorder->words + recorder->words_count;
    recorder->words_count += count;
    return words;
}

void assay_recorder_segment(struct assay_recorder *recorder, uint64_t sample_id, const struct assay_segment *segment)
{
    assert(sample_id <= ID_MASK);
    uint64_t *words = take_words(recorder, SEGMENT_WORDS);
    if (words) {
        uint64_t left = segment->left_bytes < LEFT_BYTES_MAX ? segment->left_bytes : LEFT_BYTES_MAX;
        words[0] = sample_id | (left << LEFT_BYTES_SHIFT);
        words[1] = segment->end_offset;
        words[2] = segment->rx_ns;
        words[3] = segment->user_before_ns;
        words[4] = segment->user_after_ns;
    }
}

void assay_recorder_chunk(struct assay_recorder *recorder, uint64_t sample_id, const struct assay_chunk *chunk)
{
    assert(sample_id <= ID_MASK);
    uint64_t *words = take_words(recorder, CHUNK_WORDS);
    if (words) {
        words[0] = sample_id | CHUNK_MARK;
        words[1] = ((uint64_t)chunk->segment << 32) | chunk->after_bytes;
        words[2] = ((uint64_t)chunk->tokens << 32) | ((uint64_t)chunk->kind << 8) | chunk->tokens_source;
    }
}

void assay_recorder_sample(struct assay_recorder *recorder, const struct assay_sample *sample)
{
    if (recorder->samples_count == recorder->samples_max) {
        recorder->lost_samples++; /* the drain finds the hole and calls it a bug */
        return;
    }
    size_t slot = recorder->samples_count++;
    struct assay_sample *copy = &recorder->samples[slot];
    *copy = *sample;
    if (sample->request) {
        struct assay_request *request = &recorder->requests[slot];
        *request = *sample->request;
        request->segments = NULL;
        request->segments_count = 0;
        request->chunks = NULL;
        request->chunks_count = 0;
        copy->request = request;
    }
    if (sample->process) {
        recorder->processes[slot] = *sample->process;
        copy->process = &recorder->processes[slot];
    }
    if (recorder->is_full && sample->request) {
        copy->flags |= ASSAY_SAMPLE_EVENTS_LOST; /* possibly none of its own were: still nothing rests on them */
    }
    bool is_ok = sample->status == ASSAY_STATUS_OK;
    atomic_fetch_add_explicit(is_ok ? &recorder->ok : &recorder->failed, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&recorder->finished, 1, memory_order_relaxed);
}

uint64_t assay_recorder_dropped(const struct assay_recorder *recorder)
{
    return recorder->dropped;
}

size_t assay_recorder_samples(const struct assay_recorder *recorder)
{
    return recorder->samples_count;
}

struct assay_recorder_live assay_recorder_live(const struct assay_recorder *recorder)
{
    return (struct assay_recorder_live){
        .finished = atomic_load_explicit(&recorder->finished, memory_order_relaxed),
        .ok = atomic_load_explicit(&recorder->ok, memory_order_relaxed),
        .failed = atomic_load_explicit(&recorder->failed, memory_order_relaxed),
    };
}

/* ---- drain ------------------------------------------------------------------------------------------------------ */

/* Where the record and the events of one sample lie. */
struct place {
    struct assay_sample *sample;
    const uint64_t *log; /* the words of its recorder */
    size_t first_event;  /* in drain.positions */
    uint32_t segments, chunks;
};

struct drain {
    struct place *places;
    size_t samples_count;
    uint32_t *positions; /* of events in their log, grouped by sample, in order of time */
    struct assay_segment *segments;
    struct assay_chunk *chunks;
    uint64_t origin_ns;
    bool has_stamp_before_origin;
};

static size_t event_words(uint64_t first_word)
{
    return first_word & CHUNK_MARK ? CHUNK_WORDS : SEGMENT_WORDS;
}

static assay_code place_samples(struct drain *drain, struct assay_recorder *const *recorders, size_t count,
                                assay_err *err)
{
    for (size_t r = 0; r < count; r++) {
        if (recorders[r]->lost_samples > 0) {
            return assay_fail(err, ASSAY_BUG, "recorder %zu had room for %zu samples and was given %" PRIu64 " more", r,
                              recorders[r]->samples_max, recorders[r]->lost_samples);
        }
        for (size_t i = 0; i < recorders[r]->samples_count; i++) {
            struct assay_sample *sample = &recorders[r]->samples[i];
            if (sample->id >= drain->samples_count || drain->places[sample->id].sample) {
                return assay_fail(err, ASSAY_BUG,
                                  "accounting: sample %" PRIu64 " of %zu is recorded twice or out of line", sample->id,
                                  drain->samples_count);
            }
            drain->places[sample->id] = (struct place){.sample = sample, .log = recorders[r]->words};
        }
    }
    return ASSAY_OK; /* as many samples as places, none twice: every id is there */
}

static assay_code count_events(struct drain *drain, const struct assay_recorder *recorder, assay_err *err)
{
    for (size_t at = 0; at < recorder->words_count; at += event_words(recorder->words[at])) {
        uint64_t word = recorder->words[at];
        uint64_t id = word & ID_MASK;
        if (id >= drain->samples_count || drain->places[id].log != recorder->words) {
            return assay_fail(err, ASSAY_BUG,
                              "accounting: an event of sample %" PRIu64 ", which this worker never ended", id);
        }
        if (word & CHUNK_MARK) {
            drain->places[id].chunks++;
        } else {
            drain->places[id].segments++;
        }
    }
    return ASSAY_OK;
}

static assay_code make_room(struct drain *drain, assay_err *err)
{
    size_t total = 0, segments_max = 0, chunks_max = 0;
    for (size_t i = 0; i < drain->samples_count; i++) {
        struct place *place = &drain->places[i];
        place->first_event = total;
        total += (size_t)place->segments + place->chunks;
        segments_max = place->segments > segments_max ? place->segments : segments_max;
        chunks_max = place->chunks > chunks_max ? place->chunks : chunks_max;
    }
    drain->positions = assay_alloc(total, sizeof *drain->positions);
    drain->segments = assay_alloc(segments_max, sizeof *drain->segments);
    drain->chunks = assay_alloc(chunks_max, sizeof *drain->chunks);
    return drain->positions && drain->segments && drain->chunks ? ASSAY_OK : assay_nomem(err);
}

static void place_events(struct drain *drain, const struct assay_recorder *recorder)
{
    for (size_t at = 0; at < recorder->words_count; at += event_words(recorder->words[at])) {
        struct place *place = &drain->places[recorder->words[at] & ID_MASK];
        drain->positions[place->first_event++] = (uint32_t)at;
    }
}

static uint64_t since(struct drain *drain, uint64_t absolute_ns)
{
    if (absolute_ns == ASSAY_NS_ABSENT) {
        return ASSAY_NS_ABSENT;
    }
    if (absolute_ns < drain->origin_ns) {
        drain->has_stamp_before_origin = true;
        return 0;
    }
    return absolute_ns - drain->origin_ns;
}

/* A connection may be older than the run: then its stamps are not of this run. */
static uint64_t since_or_absent(const struct drain *drain, uint64_t absolute_ns)
{
    bool is_of_run = absolute_ns != ASSAY_NS_ABSENT && absolute_ns >= drain->origin_ns;
    return is_of_run ? absolute_ns - drain->origin_ns : ASSAY_NS_ABSENT;
}

static void gather_events(struct drain *drain, const struct place *place, struct assay_request *request)
{
    size_t segments = 0, chunks = 0;
    size_t first = place->first_event - place->segments - place->chunks; /* place_events moved it to the end */
    for (size_t i = first; i < place->first_event; i++) {
        const uint64_t *words = place->log + drain->positions[i];
        if (words[0] & CHUNK_MARK) {
            drain->chunks[chunks++] = (struct assay_chunk){
                .segment = (uint32_t)(words[1] >> 32),
                .after_bytes = (uint32_t)words[1],
                .tokens = (uint32_t)(words[2] >> 32),
                .kind = (uint8_t)(words[2] >> 8),
                .tokens_source = (uint8_t)words[2],
            };
        } else {
            drain->segments[segments++] = (struct assay_segment){
                .left_bytes = (uint32_t)(words[0] >> LEFT_BYTES_SHIFT),
                .end_offset = words[1],
                .rx_ns = since(drain, words[2]),
                .user_before_ns = since(drain, words[3]),
                .user_after_ns = since(drain, words[4]),
            };
        }
    }
    request->segments = drain->segments;
    request->segments_count = segments;
    request->chunks = drain->chunks;
    request->chunks_count = chunks;
}

static void shift_request(struct drain *drain, struct assay_request *request)
{
    request->conn_start_ns = since_or_absent(drain, request->conn_start_ns);
    request->conn_end_ns = since_or_absent(drain, request->conn_end_ns);
    request->tls_end_ns = since_or_absent(drain, request->tls_end_ns);
    uint64_t *stamps[] = {&request->send_enter_ns,  &request->send_return_ns, &request->tx_ns,
                          &request->tx_ack_ns,      &request->hdr_ns,         &request->first_byte_ns,
                          &request->first_event_ns, &request->usage_ns,       &request->done_ns};
    for (size_t i = 0; i < sizeof stamps / sizeof stamps[0]; i++) {
        *stamps[i] = since(drain, *stamps[i]);
    }
}

static assay_code write_sample(struct drain *drain, const struct place *place, struct assay_trace_writer *trace,
                               assay_err *err)
{
    struct assay_sample sample = *place->sample;
    struct assay_request request;
    drain->has_stamp_before_origin = false;
    sample.due_ns = since(drain, sample.due_ns);
    sample.queued_ns = since(drain, sample.queued_ns);
    sample.start_ns = since(drain, sample.start_ns);
    sample.end_ns = since(drain, sample.end_ns);
    if (sample.request) {
        request = *sample.request;
        shift_request(drain, &request);
        gather_events(drain, place, &request);
        sample.request = &request;
    } else if (place->segments + place->chunks > 0) {
        return assay_fail(err, ASSAY_BUG, "accounting: sample %" PRIu64 " has events and no request", sample.id);
    }
    if (drain->has_stamp_before_origin) {
        return assay_fail(
            err, ASSAY_BUG,
            "sample %" PRIu64 " has a stamp before the start of the run; one not taken is ASSAY_NS_ABSENT", sample.id);
    }
    return assay_trace_add_sample(trace, &sample, err);
}

assay_code assay_recorder_drain(struct assay_recorder *const *recorders, size_t count, uint64_t origin_ns,
                                struct assay_trace_writer *trace, assay_err *err)
{
    assert(recorders && trace);
    struct drain drain = {.origin_ns = origin_ns};
    for (size_t r = 0; r < count; r++) {
        drain.samples_count += recorders[r]->samples_count;
    }
    drain.places = assay_alloc(drain.samples_count, sizeof *drain.places);
    assay_code rc = drain.places ? place_samples(&drain, recorders, count, err) : assay_nomem(err);
    for (size_t r = 0; r < count && rc == ASSAY_OK; r++) {
        rc = count_events(&drain, recorders[r], err);
    }
    rc = rc == ASSAY_OK ? make_room(&drain, err) : rc;
    for (size_t r = 0; r < count && rc == ASSAY_OK; r++) {
        place_events(&drain, recorders[r]);
    }
    for (size_t i = 0; i < drain.samples_count && rc == ASSAY_OK; i++) {
        rc = write_sample(&drain, &drain.places[i], trace, err);
    }
    assay_free(drain.places);
    assay_free(drain.positions);
    assay_free(drain.segments);
    assay_free(drain.chunks);
    return rc;
}
