/*
 * The server of the built-in language model, in the dialects of Ollama and OpenAI (kernels.md 5.4;
 * docs/formats/lm-server.md).
 *
 *     struct assay_lm_served models[] = {{.name = "tiny", .model = model, .digest = hex, ...}};
 *     struct assay_lm_serve_setup setup = {.models = models, .models_count = 1, .listen = "127.0.0.1:11435",
 *                                          .stop_flag = &stop, ...};
 *     rc = assay_lm_serve(&setup, err);          // until *stop_flag
 *
 * The calling thread runs the HTTP side on one epoll; each model has a thread of its own that evaluates. What a client
 * does wrong is answered and is never an error here. NETWORK: the address cannot be listened on. USAGE: a number of the
 * setup that makes no sense.
 */
#ifndef ASSAY_SERVE_LM_H
#define ASSAY_SERVE_LM_H

#include "base/err.h"
#include "lm/lm.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASSAY_LM_LISTEN "127.0.0.1:11435"              /* beside Ollama's 11434 */
#define ASSAY_LM_PARALLEL 4                            /* sequences that share a pass */
#define ASSAY_LM_QUEUE 512                             /* as Ollama */
#define ASSAY_LM_CONNECTIONS 1024                      /* most file descriptors that a process has unasked */
#define ASSAY_LM_HEADER_NS (10 * UINT64_C(1000000000)) /* a request that takes longer to arrive is not a client's */
#define ASSAY_LM_IDLE_NS (75 * UINT64_C(1000000000))   /* between requests, and while a client does not read */
#define ASSAY_LM_GRACE_NS (5 * UINT64_C(1000000000))   /* what streams get at the end of the server */

/* One model. */
struct assay_lm_served {
    const char *name; /* to clients; "synthetic-" is put in front where the weights are and it does not say so */
    const char *path;
    const char *chat;           /* name of a template; NULL: the one that the file has */
    const char *digest;         /* SHA-256 of the file, 64 hexadecimal digits */
    uint64_t bytes, modified_s; /* of the file */
};

#define ASSAY_LM_KERNELS_MAX 512 /* rows of the registry, with room to grow */
struct assay_lm_kernel {
    const char *id; /* static */
    uint64_t calls, elements, bytes, ops, ns;
};

struct assay_lm_serve_setup {
    const struct assay_lm_served *models;
    size_t models_count;
    const char *listen;                     /* "127.0.0.1:11435", "[::1]:0" */
    const volatile sig_atomic_t *stop_flag; /* non-zero: end. NULL: never */
    struct assay_engine_setup engine;       /* of each model; its logits are set here, and its positions if 0 */
    uint64_t parallel, connections;         /* 0: the defaults above */
    uint64_t queue;                         /* requests that may wait; 0: none */
    uint64_t header_ns, idle_ns, grace_ns;  /* 0: the defaults above */
    const char *version;                    /* "0.1.0" */
    const char *binary_digest;              /* SHA-256 of the program, hexadecimal */
    const char *cors_origin;                /* one origin or "*" that pages of browsers may come from; NULL: none */
    int log_fd;                             /* one JSON line a request; -1: none */
    /* Once it listens; the models by the names that clients use. */
    void (*on_ready)(void *context, uint16_t port, const char *const *names, size_t names_count);
    /* Fills in the counters of an engine's kernels, between two of its passes and in its thread. Returns how many there
     * are. NULL: /metrics has none. */
    size_t (*read_kernels)(void *context, const struct assay_engine *engine, struct assay_lm_kernel *rows, size_t max);
    void *context;
};

assay_code assay_lm_serve(const struct assay_lm_serve_setup *setup, assay_err *err);

#endif
