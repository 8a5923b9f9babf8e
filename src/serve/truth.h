/*
 * The truth server: plays a script of token streams at planned instants and logs every write (endpoints.md 7;
 * docs/formats/truth-script.md).
 *
 *     rc = assay_truth_script_load("preset:openai", &script, &err);      // or a file; or _parse for bytes
 *     struct assay_truth_setup setup = {.script = script, .listen = "127.0.0.1:0", .stop_flag = &stop, .cpu = -1};
 *     rc = assay_truth_serve(&setup, &summary, &err);                    // until *stop_flag
 *
 * For calibration it runs in a forked child on another core, which reports its port and at the end its log:
 *
 *     rc = assay_truth_fork(&setup, &child, &err);                       // returns once the port is known
 *     ... child.port ...
 *     rc = assay_truth_collect(&child, &log, &err);                      // ends the child, reads its log
 *
 * One thread, no lock; everything that the streams need is allocated when their connection is accepted, and nothing
 * while one is played. What a client does wrong is answered or logged and is never an error here.
 */
#ifndef ASSAY_SERVE_TRUTH_H
#define ASSAY_SERVE_TRUTH_H

#include "base/buf.h"
#include "base/err.h"
#include "base/proc.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASSAY_TRUTH_HEADER "X-Assay-Truth"              /* in every response, value "1": the peer is scripted */
#define ASSAY_TRUTH_SCRIPT_BYTES_MAX ((size_t)16 << 20) /* scripts are typed or generated, one stream a line */

struct assay_truth_script;

/* Reads a script strictly: an unknown name is MALFORMED with its place. */
assay_code assay_truth_script_parse(const char *json, size_t len, struct assay_truth_script **ret, assay_err *err);
/* "preset:NAME" or the path of a file. */
assay_code assay_truth_script_load(const char *source, struct assay_truth_script **ret, assay_err *err);
void assay_truth_script_free(struct assay_truth_script *script); /* fine on NULL */

/* The built-in presets: names and one line each; NULL after the last. */
struct assay_truth_preset {
    const char *name, *summary, *json;
};
const struct assay_truth_preset *assay_truth_presets(void);

/* A load shape as a script, for calibration: the same streams, rate, tokens and bursts as the run to come. */
struct assay_truth_shape {
    const char *dialect;       /* "openai", "ollama", "llamacpp", "vllm" */
    uint32_t tokens;           /* of one stream */
    uint32_t tokens_per_event; /* 0 = 1 */
    uint64_t first_ns;         /* from request to first token */
    uint64_t interval_ns;      /* between events of a stream */
    bool is_lockstep;          /* all streams write at the same instants; otherwise spread evenly */
};
assay_code assay_truth_script_of_shape(const struct assay_truth_shape *shape, struct assay_buf *out_json,
                                       assay_err *err);

struct assay_truth_setup {
    const struct assay_truth_script *script;
    const char *listen;                     /* "127.0.0.1:8080", "[::1]:0"; NULL: 127.0.0.1 and a free port */
    const char *log_path;                   /* binary log, written at the end; NULL: none */
    const volatile sig_atomic_t *stop_flag; /* non-zero: end. NULL: only assay_truth_collect ends it */
    int cpu;                                /* pin to the nth CPU of the affinity mask; -1: do not */
    uint64_t spin_ns;       /* busy wait for the last so many ns before an instant; 0: the default, 50 us */
    size_t log_records_max; /* 0: the default, 4 Mi; a full log drops records and counts them */
    bool no_tx_stamps;      /* do not ask the kernel for transmit stamps (halves the cost of a write) */
    void (*on_ready)(void *context, uint16_t port);
    void *context;
};

/* The server's own lateness (instant before the write - planned instant) over all token writes, and what it did. */
struct assay_truth_summary {
    uint64_t lateness_p50_ns, lateness_p99_ns, lateness_max_ns; /* ASSAY_NS_ABSENT without writes */
    uint64_t connections, requests, writes, tokens, records_dropped, tx_stamps;
    uint64_t cpu_ns; /* of the server's thread while it served */
};
/* One line a fact, lateness first. */
void assay_truth_summary_print(const struct assay_truth_summary *summary, struct assay_buf *out);

/* Serves until the stop flag is set. NETWORK: the address cannot be listened on. IO: the log cannot be written. */
assay_code assay_truth_serve(const struct assay_truth_setup *setup, struct assay_truth_summary *ret, assay_err *err);

struct assay_truth_log;
struct assay_truth_child {
    struct assay_proc proc;
    uint16_t port;
    int log_fd;  /* memory file that the child fills at its end */
    int stop_fd; /* closing it ends the child */
};

/* Forks a child that serves; setup->on_ready and log_path are not used. */
assay_code assay_truth_fork(const struct assay_truth_setup *setup, struct assay_truth_child *ret, assay_err *err);
/* Ends the child and hands over its log (assay_truth_log_free). The child is gone afterwards, also on failure. */
assay_code assay_truth_collect(struct assay_truth_child *child, struct assay_truth_log **ret, assay_err *err);
/* Ends the child without its log; fine on a zeroed one. */
void assay_truth_child_end(struct assay_truth_child *child);

#endif
