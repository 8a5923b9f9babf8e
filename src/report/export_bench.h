/*
 * What the exporters of command and kernel runs share. Inside report/ only.
 */
#ifndef ASSAY_REPORT_EXPORT_BENCH_H
#define ASSAY_REPORT_EXPORT_BENCH_H

#include "report/view.h"

/* Samples of one arm that count: not warm-up, in order. */
struct assay_export_sample {
    double wall_ns, cpu_ns; /* of one operation; cpu_ns < 0: unknown */
    uint32_t iterations;
    bool is_ok;
    int exit_status; /* -1: unknown */
};

struct assay_export_arm {
    const char *name;
    struct assay_export_sample *samples;
    size_t count, capacity;
    double *ok_ns; /* ascending: wall of the ok ones */
    size_t ok_count;
};

struct assay_export {
    struct assay_view view;
    struct assay_export_arm *arms; /* view.arms_count of them */
};

/* export_samples.c */
assay_code assay_export_hyperfine(const struct assay_export *from, struct assay_buf *out, assay_err *err);
assay_code assay_export_google_benchmark(const struct assay_export *from, struct assay_buf *out, assay_err *err);
assay_code assay_export_go_bench(const struct assay_export *from, struct assay_buf *out, assay_err *err);
/* export_figures.c */
assay_code assay_export_github_action(const struct assay_export *from, struct assay_buf *out, assay_err *err);
assay_code assay_export_bmf(const struct assay_export *from, struct assay_buf *out, assay_err *err);

#endif
