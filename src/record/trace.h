/*
 * Trace: the file with all samples of a run, in chunks under a Merkle root (evidence.md 1.6; docs/formats/trace.md).
 *
 * A plain chunk is a 64-byte header (magic, run id, plan digest, first id, count, kind, codec) and the records; it is
 * stored zstd-compressed, its plain bytes are a leaf of the tree. Chunks of kind samples hold columns of varints, so
 * that a token costs a few bytes. The facts chunk is the last one of the file.
 *
 * Writing: assay_trace_writer_new, add in any order of kinds but samples by ascending id, then assay_trace_finish.
 * Reading: assay_trace_open checks framing, caps and digests of the whole file; samples are then decoded one at a time.
 */
#ifndef ASSAY_RECORD_TRACE_H
#define ASSAY_RECORD_TRACE_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "record/sample.h"
#include "json/json.h"

#define ASSAY_TRACE_FORMAT "assay-trace/1"
#define ASSAY_TRACE_BYTES_MAX ((size_t)16 << 30)
#define ASSAY_TRACE_CHUNK_BYTES_MAX ((size_t)4 << 20)

enum assay_trace_kind {
    ASSAY_TRACE_SAMPLES,
    ASSAY_TRACE_KERNELS,
    ASSAY_TRACE_HOST,
    ASSAY_TRACE_CLOCK,
    ASSAY_TRACE_CHECKS,
    ASSAY_TRACE_FACTS,
    ASSAY_TRACE_KIND_COUNT
};

struct assay_trace_ident {
    uint8_t run_id[16];
    uint8_t plan_sha256[32];
};

/* That of a run, from the bytes of its plan. */
void assay_trace_ident_of(const uint8_t run_id[16], const char *plan_bytes, size_t plan_len,
                          struct assay_trace_ident *ret);

/* One reading of the clocks (times since run start, raw = CLOCK_MONOTONIC_RAW), at start, end and every 100 ms. */
struct assay_clock_reading {
    uint64_t mono_before_ns, real_ns, mono_after_ns, raw_ns;
};

/* How quiet the host was, once a second. Absent values are UINT64_MAX. */
struct assay_host_reading {
    uint64_t at_ns, steal_ppm, foreign_cpu_ppm, throttled_ns, load1_milli, pressure_cpu_ppm, temperature_milli_c,
        frequency_khz, client_cpu_ppm /* busiest worker thread, of one core */;
};

struct assay_trace_writer;
assay_code assay_trace_writer_new(const struct assay_trace_ident *ident, struct assay_trace_writer **ret,
                                  assay_err *err);
void assay_trace_writer_free(struct assay_trace_writer *writer);
assay_code assay_trace_add_sample(struct assay_trace_writer *writer, const struct assay_sample *sample, assay_err *err);
assay_code assay_trace_add_clock(struct assay_trace_writer *writer, const struct assay_clock_reading *reading,
                                 assay_err *err);
assay_code assay_trace_add_host(struct assay_trace_writer *writer, const struct assay_host_reading *reading,
                                assay_err *err);
/* A check as measured: {id, rule, n, data}; its verdict is derived and one given here is dropped. Or
 * {"invalid":["subject"]}: validity codes that only the workload can know (subject, state, busy). */
assay_code assay_trace_add_check(struct assay_trace_writer *writer, const json_t *check, assay_err *err);
/* Kernel counters (chunk kind 1): rows as JSON for now of {id, arm, calls, elements, bytes, ops, ns, threads}. */
assay_code assay_trace_add_kernels(struct assay_trace_writer *writer, const json_t *counters, assay_err *err);
/* What the records say as a whole; reader and writer answer by the same rule. The clock's uncertainty: real - mono is
 * one constant between steps, each reading confines it to a bracket, and half of the brackets' intersection is left
 * (the widest one, if there were steps). */
struct assay_trace_summary {
    uint32_t flags; /* ASSAY_SAMPLE_* of any sample */
    uint64_t samples;
    uint64_t clock_count, clock_uncertainty_ns, clock_steps;
    struct assay_clock_reading clock_first, clock_last;
    int64_t clock_offset_lo_ns, clock_offset_hi_ns;              /* of the stretch since the last step */
    bool has_cpu_kernels, has_cuda_kernels, has_standin_kernels; /* counters with ns > 0 */
    bool has_requests;
};
const struct assay_trace_summary *assay_trace_writer_summary(const struct assay_trace_writer *writer);

/* Writes the facts and gives the bytes of the whole file. The writer is spent. */
assay_code assay_trace_finish(struct assay_trace_writer *writer, const json_t *facts, struct assay_buf *out,
                              assay_err *err);

struct assay_trace;
/* bytes must live as long as the trace. MALFORMED or TOO_LARGE with chunk number and offset; ret_gate (may be NULL)
 * gets the gate number of evidence.md 3.2 that the failure belongs to (302..308). */
assay_code assay_trace_open(const char *bytes, size_t len, struct assay_trace **ret, int *ret_gate, assay_err *err);
void assay_trace_free(struct assay_trace *trace);

const struct assay_trace_ident *assay_trace_ident(const struct assay_trace *trace);
const struct assay_trace_summary *assay_trace_summary(const struct assay_trace *trace);
void assay_trace_root(const struct assay_trace *trace, uint8_t ret[32]);
uint64_t assay_trace_chunks(const struct assay_trace *trace);
uint64_t assay_trace_samples(const struct assay_trace *trace);
const json_t *assay_trace_facts(const struct assay_trace *trace);   /* borrowed */
const json_t *assay_trace_checks(const struct assay_trace *trace);  /* borrowed array */
const json_t *assay_trace_kernels(const struct assay_trace *trace); /* borrowed array */
const struct assay_clock_reading *assay_trace_clock(const struct assay_trace *trace, size_t *ret_count);
const struct assay_host_reading *assay_trace_host(const struct assay_trace *trace, size_t *ret_count);
/* Iterates; *ret is valid until the next call. *ret_end is set after the last sample. Start over with rewind. */
assay_code assay_trace_next(struct assay_trace *trace, struct assay_sample *ret, bool *ret_end, assay_err *err);
void assay_trace_rewind(struct assay_trace *trace);

#endif
