/*
 * A run of workload `llm` as node baseline CSV (endpoints.md 9). One row a measured sample that is ok; what a row
 * cannot have stays an empty cell, which the importer reads as absent.
 */
#include "report/report.h"

#include "report/escape.h"
#include "report/view.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ARRIVALS_START 256

struct exporting {
    struct assay_view view;
    struct assay_trace *trace;
    struct assay_arrival *segments; /* room for the widest sample so far */
    size_t segments_capacity;
    uint64_t origin_real_ns;
};

static void export_done(struct exporting *e)
{
    assay_trace_free(e->trace);
    assay_free(e->segments);
    assay_view_done(&e->view);
}

/* When the run began, by its own wall clock; an import has kept that of its file. */
static assay_code origin_read(struct exporting *e, assay_err *err)
{
    size_t count = 0;
    const struct assay_clock_reading *clock = assay_trace_clock(e->trace, &count);
    if (count == 0) {
        return assay_fail(err, ASSAY_UNSUPPORTED, "the trace has no wall clock: its rows have no timestamp");
    }
    e->origin_real_ns = clock[0].real_ns - clock[0].mono_before_ns;
    return ASSAY_OK;
}

static assay_code export_init(struct exporting *e, const struct assay_report_input *input, const char *trace,
                              size_t trace_len, assay_err *err)
{
    assay_code rc = assay_view_init(&e->view, input, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (strcmp(e->view.workload, "llm") != 0 || e->view.document != ASSAY_DOCUMENT_RECEIPT) {
        rc = assay_fail(err, ASSAY_UNSUPPORTED,
                        "only a receipt of workload llm is a node baseline, this is a %s of '%s'",
                        assay_document_file(e->view.document), e->view.workload);
    }
    rc = rc == ASSAY_OK ? assay_trace_open(trace, trace_len, &e->trace, NULL, err) : rc;
    return rc == ASSAY_OK ? origin_read(e, err) : rc;
}

static bool room_take(struct exporting *e, size_t wanted)
{
    if (wanted <= e->segments_capacity) {
        return true;
    }
    size_t capacity = wanted > ARRIVALS_START ? 2 * wanted : ARRIVALS_START;
    struct assay_arrival *grown = assay_realloc(e->segments, capacity, sizeof *grown);
    if (grown != NULL) {
        e->segments = grown;
        e->segments_capacity = capacity;
    }
    return grown != NULL;
}

static void time_put(const struct exporting *e, uint64_t at_ns, struct assay_buf *out)
{
    char text[ASSAY_TIME_TEXT_BYTES];
    uint64_t real_ns = e->origin_real_ns + at_ns;
    assay_clock_format_utc(real_ns, text);
    unsigned ms = (unsigned)(real_ns % ASSAY_NS_PER_S / ASSAY_NS_PER_MS);
    assay_buf_printf(out, "%.19s.%03uZ", text, ms);
}

static uint64_t chunk_at(const struct exporting *e, const struct assay_request *request, size_t chunk)
{
    return assay_arrival_of_chunk(request, &request->chunks[chunk], e->segments).hi_ns;
}

/* Tokens a second after the first chunk, as far as counts and gaps tell; else what an imported row stated. */
static double rate_of(const struct exporting *e, const struct assay_request *request)
{
    if (request->reported_rate_micro > 0) {
        return (double)request->reported_rate_micro / 1e6;
    }
    if (request->chunks_count < 2 || request->output_tokens == ASSAY_COUNT_ABSENT || request->output_tokens < 2) {
        return 0;
    }
    uint32_t first = request->chunks[0].tokens > 0 ? request->chunks[0].tokens : 1;
    uint64_t span = chunk_at(e, request, request->chunks_count - 1) - chunk_at(e, request, 0);
    bool is_defined = request->output_tokens > first && span > 0;
    return is_defined ? (double)(request->output_tokens - first) * 1e9 / (double)span : 0;
}

static assay_code row_put(struct exporting *e, const struct assay_sample *sample, struct assay_buf *out, assay_err *err)
{
    const struct assay_request *request = sample->request;
    if (!room_take(e, request->segments_count)) {
        return assay_nomem(err);
    }
    assay_arrival_of_segments(request, assay_trace_summary(e->trace)->clock_uncertainty_ns, e->segments);
    time_put(e, sample->start_ns, out);
    assay_buf_char(out, ',');
    bool has_arm = sample->arm < e->view.arms_count;
    const char *model = has_arm ? e->view.arms[sample->arm].model : "";
    assay_escape_csv(out, model[0] != '\0' ? model : "unknown");
    assay_buf_char(out, ',');
    if (request->chunks_count > 0 && chunk_at(e, request, 0) >= sample->start_ns) {
        assay_buf_printf(out, "%.6f", (double)(chunk_at(e, request, 0) - sample->start_ns) / 1e6);
    }
    assay_buf_char(out, ',');
    double rate = rate_of(e, request);
    if (rate > 0) {
        assay_buf_printf(out, "%.6f", rate);
    }
    assay_buf_char(out, '\n');
    return ASSAY_OK;
}

assay_code assay_export_node_csv(const struct assay_report_input *input, const char *trace, size_t trace_len,
                                 struct assay_buf *out, assay_err *err)
{
    assert(input && trace && out);
    struct exporting exporting = {0};
    struct assay_sample sample;
    bool is_end = false;
    assay_code rc = export_init(&exporting, input, trace, trace_len, err);
    assay_buf_text(out, "timestamp,model,first_token_ms,tokens_per_s\n");
    rc = rc == ASSAY_OK ? assay_trace_next(exporting.trace, &sample, &is_end, err) : rc;
    while (rc == ASSAY_OK && !is_end) {
        bool is_measured = sample.id >= exporting.view.warmup && sample.start_ns != ASSAY_NS_ABSENT;
        if (is_measured && sample.request != NULL && assay_status_group_of(sample.status) == ASSAY_GROUP_OK) {
            rc = row_put(&exporting, &sample, out, err);
        }
        rc = rc == ASSAY_OK ? assay_trace_next(exporting.trace, &sample, &is_end, err) : rc;
    }
    export_done(&exporting);
    return rc == ASSAY_OK ? assay_buf_check(out, err) : rc;
}
