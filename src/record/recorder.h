/*
 * Recorder: where a worker keeps what it sees while it measures. One per worker thread; all memory is taken before the
 * run; appending never allocates, never blocks and never fails: a full log drops events and counts them, and the
 * samples that lost some carry ASSAY_SAMPLE_EVENTS_LOST.
 *
 * Segments and chunks of many requests are appended in the order in which they happen (one sequential log, which is
 * what memory likes) and are sorted by sample when the run is over.
 */
#ifndef ASSAY_RECORD_RECORDER_H
#define ASSAY_RECORD_RECORDER_H

#include "base/err.h"
#include "record/sample.h"
#include "record/trace.h"

struct assay_recorder;

struct assay_recorder_config {
    size_t samples_max;
    size_t events_max; /* segments plus chunks */
};

assay_code assay_recorder_new(struct assay_recorder_config config, struct assay_recorder **ret, assay_err *err);
void assay_recorder_free(struct assay_recorder *recorder);

/* Times in what is handed over are absolute CLOCK_MONOTONIC; origin_ns is subtracted when the log is read. */
void assay_recorder_segment(struct assay_recorder *recorder, uint64_t sample_id, const struct assay_segment *segment);
void assay_recorder_chunk(struct assay_recorder *recorder, uint64_t sample_id, const struct assay_chunk *chunk);
/* The finished sample; sample->request, if any, is copied without its arrays (they were appended above). */
void assay_recorder_sample(struct assay_recorder *recorder, const struct assay_sample *sample);

uint64_t assay_recorder_dropped(const struct assay_recorder *recorder);
size_t assay_recorder_samples(const struct assay_recorder *recorder);

/* Live view for progress lines, safe to call from another thread while the owner appends: counters only. */
struct assay_recorder_live {
    uint64_t finished, ok, failed;
};
struct assay_recorder_live assay_recorder_live(const struct assay_recorder *recorder);

/* After all workers have ended: writes the samples of all recorders to the trace in ascending id, times made relative
 * to origin_ns. Every id from 0 to the highest must be there exactly once, else BUG (an accounting breach). */
assay_code assay_recorder_drain(struct assay_recorder *const *recorders, size_t count, uint64_t origin_ns,
                                struct assay_trace_writer *trace, assay_err *err);

#endif
