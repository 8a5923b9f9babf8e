/*
 * Engine: a model ready to run. The file in memory, its kernels, the threads that share a pass, and the room that a
 * pass needs. Sessions (session.h) are the sequences that run on it.
 *
 *     struct assay_engine_setup setup = {.threads = 2};
 *     rc = assay_engine_setup_env(&setup, err);                   // ASSAY_THREADS, ASSAY_PIN, ASSAY_PAGES where unset
 *     rc = assay_engine_open("model.gguf", &setup, &engine, err);
 *     ... assay_session_new(engine, ...), assay_session_eval(...)
 *     assay_engine_free(engine);                                  // after its sessions
 *
 * An engine and its sessions belong to one thread, the one that made it: that one is pinned and works with the others.
 * Everything a pass needs is allocated here; a cache grows by pages of 32 positions, which a session takes from the
 * engine's pool. Errors of a file: MALFORMED, UNSUPPORTED or TOO_LARGE with what would be right; USAGE for a setup that
 * makes no sense; NO_MEMORY names the size.
 */
#ifndef ASSAY_LM_ENGINE_H
#define ASSAY_LM_ENGINE_H

#include "lm/model.h"
#include "lm/pages.h"
#include "lm/team.h"

#define ASSAY_ENGINE_BATCH_MAX 512
#define ASSAY_ENGINE_BATCH 128
#define ASSAY_ENGINE_LOGITS 32 /* rows of logits of one call, where the setup does not say */
#define ASSAY_ENGINE_LOGITS_MAX 4096
#define ASSAY_KV_PAGE_POSITIONS 32

enum assay_head {
    ASSAY_HEAD_EXACT,
    ASSAY_HEAD_SCREENED /* where only the largest logit is wanted, rows that cannot be it are not computed */
};

enum assay_switch { ASSAY_SWITCH_DEFAULT, ASSAY_SWITCH_ON, ASSAY_SWITCH_OFF };

struct assay_engine_setup {
    uint64_t threads;      /* 0: all CPUs of the affinity mask */
    enum assay_switch pin; /* default: on */
    bool has_head;         /* else by ASSAY_HEAD, else exact */
    enum assay_head head;
    bool takes_drafts;        /* whoever opens it can do something with drafts ... */
    enum assay_switch drafts; /* ... and whether ASSAY_DRAFT asks for them */
    bool has_pages;           /* else huge ones are asked for */
    enum assay_pages pages;
    uint64_t batch;                             /* tokens of one pass; 0: ASSAY_ENGINE_BATCH */
    uint64_t context;                           /* positions of the longest sequence; 0: the model's, and never more */
    uint64_t positions;                         /* of all caches together; 0: one context a sequence */
    uint64_t sequences;                         /* that run at once, as far as positions go by it; 0: one */
    uint64_t logits;                            /* rows of one call; 0: ASSAY_ENGINE_LOGITS */
    const struct assay_kernel_options *kernels; /* NULL: the environment's */
    const char *const *plugins;                 /* shared objects with kernels */
    size_t plugins_count;
    const struct assay_kernel_operation
        *plant; /* tests: takes the place of the operation of the same name and format */
    void (*on_progress)(void *context, uint64_t done_bytes, uint64_t all_bytes); /* while loading; may be NULL */
    void *progress_context;
};
/* Fills in what is unset from ASSAY_THREADS, ASSAY_PIN (0 or 1), ASSAY_PAGES, ASSAY_HEAD and ASSAY_DRAFT (0
 * or 1). ASSAY_PREFETCH is refused, and so are drafts where nobody takes them: a variable that would change nothing
 * must not look as if it did. USAGE names the variable. */
assay_code assay_engine_setup_env(struct assay_engine_setup *setup, assay_err *err);

struct assay_engine;
assay_code assay_engine_open(const char *path, const struct assay_engine_setup *setup, struct assay_engine **ret,
                             assay_err *err);
/* From bytes that stay where they are until the engine is freed. */
assay_code assay_engine_new(const uint8_t *bytes, uint64_t len, const struct assay_engine_setup *setup,
                            struct assay_engine **ret, assay_err *err);
void assay_engine_free(struct assay_engine *engine); /* fine on NULL */

/* What of logits is the same whenever the same is asked: all `*count` of them; with a screened head the largest alone,
 * for whether a pass is screened depends on those before it. */
const float *assay_engine_firm_logits(const struct assay_engine *engine, const float *logits, size_t *count);

const struct assay_model *assay_engine_model(const struct assay_engine *engine);
/* exact or screened; USAGE. */
assay_code assay_head_named(const char *name, enum assay_head *ret, assay_err *err);

struct assay_kernel_set *assay_engine_kernels(const struct assay_engine *engine);
struct assay_team *assay_engine_team(const struct assay_engine *engine); /* and its counters */
uint64_t assay_engine_context(const struct assay_engine *engine);
/* Positions of caches: all, and those that no session holds. */
uint64_t assay_engine_positions(const struct assay_engine *engine);
uint64_t assay_engine_positions_free(const struct assay_engine *engine);

/* Asked between two layers of a pass, by the thread that runs it: false ends the pass, and the call returns INTERRUPTED
 * with every session where it was. NULL: nobody asks. */
void assay_engine_watch(struct assay_engine *engine, bool (*may_go_on)(void *context), void *context);

/* What the run was made with, for receipts and reports. */
struct assay_engine_facts {
    uint64_t file_bytes, weight_bytes; /* weight_bytes: linear layers and head, as they are read for one token */
    uint64_t layers_bytes, head_bytes; /* of which */
    uint64_t kv_bytes_per_position;
    const char *head_format; /* "Q6_K" */
    const char *layout;      /* of the ternary layers: "lane2"; "" without any */
    enum assay_pages pages;  /* that were asked for */
    uint64_t copied_bytes;   /* weights in memory of our own */
    uint64_t huge_bytes;     /* of which lie in pages of 2 MB; UINT64_MAX: unknown */
    uint64_t load_ns;        /* all of it: reading, checking, repacking */
    uint64_t repack_ns;      /* copying and repacking weights alone */
    bool is_pinned;
    bool has_screen;       /* a coarse copy of the head, which was asked for and makes sense of its format */
    bool is_screen_broken; /* a bound was seen to be wrong, and screening has ended */
    uint64_t screen_bytes;
    uint64_t screened_passes, screen_survivors; /* that were screened, and rows computed in them */
    uint64_t screen_failures;                   /* passes in which too many rows survived */
};
void assay_engine_facts_of(const struct assay_engine *engine, struct assay_engine_facts *ret);

#endif
