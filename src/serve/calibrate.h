/*
 * Calibration: how wrong the client's stamps were, measured by joining the trace of a run with the log of the truth
 * server that it ran against (endpoints.md 7, Self-calibration). Pure.
 *
 * Samples and streams are joined by the salt that each prompt starts with (plan) and that the server read from the
 * request; chunk j of a sample is content event j of its stream. The arrival error of a token is client stamp - server
 * stamp; server stamp = kernel transmit stamp of the write that completed the event, else the instant before it.
 */
#ifndef ASSAY_SERVE_CALIBRATE_H
#define ASSAY_SERVE_CALIBRATE_H

#include "base/err.h"
#include "serve/truth_log.h"
#include "json/json.h"

#include <stddef.h>
#include <stdint.h>

struct assay_calibration_error {
    uint64_t n;
    int64_t p50_ns, p99_ns, max_ns, min_ns; /* of client - server; max by magnitude */
};

struct assay_calibration {
    uint64_t samples, samples_unjoined, tokens, tokens_lost;    /* lost: written by the server, not in the trace */
    struct assay_calibration_error kernel, user;                /* by stamp of the client, all chunks */
    struct assay_calibration_error exact_kernel;                /* kernel stamps of the chunks whose tag is exact */
    uint64_t lateness_p50_ns, lateness_p99_ns, lateness_max_ns; /* the server's own */
    uint64_t exact, bounded, unknown;                           /* chunks per tag */
    /* Chunks whose interval cannot be true: it ends before the server sent, or, where it is wider than a stamp, begins
     * more than a millisecond after. */
    uint64_t outside_interval;
    uint64_t clock_uncertainty_ns;
    uint64_t client_cpu_ns, client_events; /* 0: not known */
};

struct assay_calibration_input {
    const char *plan;
    size_t plan_len;
    const char *trace;
    size_t trace_len;
    const struct assay_truth_log *log;
    uint64_t client_cpu_ns; /* CPU time of the client's process over the run; 0: not measured */
};

/* MALFORMED if plan or trace are. A run without joinable tokens is no error: n is 0. */
assay_code assay_calibration_join(const struct assay_calibration_input *input, struct assay_calibration *ret,
                                  assay_err *err);

/* The check `stamp_calibration` for the trace, as evidence.md 1.4 has checks: {id, rule, n, data}, the verdict is
 * derived; data are integers in nanoseconds (kernelP99Ns, userP99Ns, latenessP99Ns ...) and shares. path: "loopback",
 * or any other word; note: why this path may not speak for the run (data then says pathDiffers), or NULL. */
assay_code assay_calibration_check(const struct assay_calibration *calibration, const char *path, const char *note,
                                   json_t **ret, assay_err *err);

#endif
