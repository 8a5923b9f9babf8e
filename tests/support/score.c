/*
 * Scores a run against the log of the truth server that it measured, as one line of key=value, times in nanoseconds.
 *
 *     score RUN_DIR TRUTH_LOG
 *
 * Arrival errors are client stamp - server stamp of every token; lateness_* is the server's own, tx_lateness_* that of
 * the client's requests against their schedule.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "record/record.h"
#include "serve/serve.h"
#include "json/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX ((size_t)2 << 30)

struct files {
    struct assay_buf plan, trace;
    struct assay_truth_log *log;
};

static assay_code read_in(struct assay_buf *buf, const char *dir, const char *name, assay_err *err)
{
    struct assay_buf path;
    assay_buf_init(&path, 4096);
    assay_path_join(&path, dir, name);
    assay_code rc = assay_buf_check(&path, err);
    rc = rc ? rc : assay_buf_read_file(buf, path.data, err);
    assay_buf_done(&path);
    return rc;
}

static assay_code read_files(struct files *files, char **argv, assay_err *err)
{
    assay_code rc = read_in(&files->plan, argv[1], "plan.json", err);
    rc = rc ? rc : read_in(&files->trace, argv[1], "trace.assay", err);
    return rc ? rc : assay_truth_log_load(argv[2], &files->log, err);
}

static int compare_i64(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* What only the trace knows: samples by outcome, tokens, lateness of the requests. */
struct totals {
    uint64_t samples, ok, tokens, first_ns, last_ns;
    int64_t *lateness;
    size_t lateness_count;
};

static void take_sample(struct totals *totals, const struct assay_sample *sample)
{
    totals->samples++;
    totals->ok += assay_status_group_of(sample->status) == ASSAY_GROUP_OK;
    if (sample->request) {
        totals->tokens += sample->request->chunks_count;
        if (sample->request->tx_ns != ASSAY_NS_ABSENT) {
            totals->lateness[totals->lateness_count++] = (int64_t)(sample->request->tx_ns - sample->due_ns);
        }
    }
    totals->first_ns = sample->start_ns < totals->first_ns ? sample->start_ns : totals->first_ns;
    totals->last_ns = sample->end_ns > totals->last_ns ? sample->end_ns : totals->last_ns;
}

static assay_code read_totals(const struct assay_buf *bytes, struct totals *totals, assay_err *err)
{
    struct assay_trace *trace = NULL;
    assay_code rc = assay_trace_open(bytes->data, bytes->len, &trace, NULL, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    totals->first_ns = UINT64_MAX;
    totals->lateness = assay_alloc((size_t)assay_trace_samples(trace), sizeof *totals->lateness);
    rc = totals->lateness ? ASSAY_OK : assay_nomem(err);
    for (bool is_end = false; rc == ASSAY_OK && !is_end;) {
        struct assay_sample sample;
        rc = assay_trace_next(trace, &sample, &is_end, err);
        if (rc == ASSAY_OK && !is_end) {
            take_sample(totals, &sample);
        }
    }
    assay_trace_free(trace);
    return rc;
}

static void print_errors(const char *name, const struct assay_calibration_error *error)
{
    printf(" %s_n=%" PRIu64 " %s_p50=%" PRId64 " %s_p99=%" PRId64 " %s_max=%" PRId64, name, error->n, name,
           error->p50_ns, name, error->p99_ns, name, error->max_ns);
}

static void print_all(const struct assay_calibration *c, struct totals *totals, size_t trace_bytes)
{
    size_t n = totals->lateness_count;
    qsort(totals->lateness, n, sizeof *totals->lateness, compare_i64);
    printf("samples=%" PRIu64 " ok=%" PRIu64 " tokens=%" PRIu64 " lost=%" PRIu64, totals->samples, totals->ok,
           totals->tokens, c->tokens_lost);
    print_errors("kernel", &c->kernel);
    print_errors("exact", &c->exact_kernel);
    print_errors("user", &c->user);
    printf(" exact_tokens=%" PRIu64 " bounded=%" PRIu64 " unknown=%" PRIu64 " outside=%" PRIu64, c->exact, c->bounded,
           c->unknown, c->outside_interval);
    printf(" lateness_p50=%" PRId64 " lateness_p99=%" PRId64, (int64_t)c->lateness_p50_ns, (int64_t)c->lateness_p99_ns);
    printf(" tx_lateness_p50=%" PRId64 " tx_lateness_p99=%" PRId64, n ? totals->lateness[(n - 1) / 2] : -1,
           n ? totals->lateness[(n * 99 + 99) / 100 - 1] : -1);
    printf(" trace_bytes=%zu span_ns=%" PRIu64 "\n", trace_bytes, totals->last_ns - totals->first_ns);
}

int main(int argc, char **argv)
{
    struct files files = {0};
    struct totals totals = {0};
    struct assay_calibration calibration;
    assay_err err = {0};
    if (argc != 3) {
        (void)fprintf(stderr, "usage: score RUN_DIR TRUTH_LOG\n");
        return EXIT_FAILURE;
    }
    assay_json_init();
    assay_buf_init(&files.plan, FILE_BYTES_MAX);
    assay_buf_init(&files.trace, FILE_BYTES_MAX);
    assay_code rc = read_files(&files, argv, &err);
    if (rc == ASSAY_OK) {
        struct assay_calibration_input input = {.plan = files.plan.data,
                                                .plan_len = files.plan.len,
                                                .trace = files.trace.data,
                                                .trace_len = files.trace.len,
                                                .log = files.log};
        rc = assay_calibration_join(&input, &calibration, &err);
    }
    rc = rc ? rc : read_totals(&files.trace, &totals, &err);
    if (rc == ASSAY_OK) {
        print_all(&calibration, &totals, files.trace.len);
    } else {
        (void)fprintf(stderr, "score: %s\n", err.message);
    }
    assay_free(totals.lateness);
    assay_truth_log_free(files.log);
    assay_buf_done(&files.plan);
    assay_buf_done(&files.trace);
    return assay_code_exit(rc);
}
