/*
 * What engine, session and forward pass share. Inside this room only.
 */
#ifndef ASSAY_LM_ENGINE_ROOM_H
#define ASSAY_LM_ENGINE_ROOM_H

#include "lm/session.h"

#include "base/map.h"
#include "base/mem.h"
#include "base/rng.h"

#include <stdatomic.h>

/* Activations as the linear layers want them: one kind a format of weights. */
struct rounded {
    int8_t *q;
    float *d;
    int32_t *sums;
};

/* Room for the tokens of one pass. */
struct workspace {
    float *x, *h;                 /* [token][hidden]: residual stream, normed */
    float *q, *q_rotated, *mixed; /* [token][heads][head] */
    float *k, *k_rotated, *v;     /* [token][kv heads][head] */
    float *gate, *up, *wide;      /* [token][ffn] */
    float *last;                  /* [row of logits][hidden], normed */
    float *logits;                /* [row][vocabulary] */
    struct rounded rounded[ASSAY_ACTIVATION_COUNT];
    float *cosines, *sines;        /* [position][head / 2] */
    void **scratch;                /* [thread]: of the kernel that it runs */
    float *approx, *upper, *lower; /* of a screened head: a row each */
    uint32_t *survivors;
    uint64_t *survivors_counts; /* [thread], a cache line apart, and so are floors */
    float *floors;
    float factors[2];
    float *again; /* one token's outputs of the widest linear layer, for recheck.c */
};

/* What the screened head did (screen.c). */
struct screening {
    bool is_off; /* a bound was wrong: never again in this engine */
    uint64_t passes, survivors, failures;
    uint64_t rest; /* passes to come without trying */
    unsigned failures_in_turn;
};

struct assay_engine {
    struct assay_kernel_set *set;
    struct assay_team *team;
    struct assay_model *model;
    struct assay_map map; /* the file, if weights stay there */
    uint64_t file_bytes, load_ns;
    bool is_pinned;
    uint64_t batch, context, logits_rows;
    uint64_t pool_pages, pool_pages_free;
    uint64_t angles_end; /* positions whose angles are there */
    enum assay_pages pages;
    bool (*may_go_on)(void *context);
    void *watch_context;
    struct workspace work;
    struct screening screening;
    uint64_t tokens, rechecked_at; /* evaluated since the engine was made; when a row was last computed again */
    struct assay_rng recheck_rng;
    struct assay_arena arena;
};

struct assay_session {
    struct assay_engine *engine;
    uint64_t context, position;
    uint64_t pages;                   /* taken from the pool */
    struct assay_pages_memory memory; /* of the cache: address space for the whole context */
    uint64_t touched;                 /* positions whose memory is there */
    uint16_t *keys, *values;          /* [layer][position][kv head][value] */
};

/* Some tokens of one sequence in a pass, one after another. */
struct span {
    struct assay_session *session;
    const int32_t *ids;
    uint64_t first, count; /* place in the pass */
    uint64_t position;     /* of the first one in its sequence */
};

struct pass {
    struct assay_engine *engine;
    const struct span *spans;
    size_t spans_count;
    uint64_t tokens;
    const uint64_t *wanted; /* tokens whose logits are wanted, and the first row they go to */
    uint64_t wanted_count, first_row;
    bool is_stopped;        /* by the watch; set by thread 0 before a meeting */
    atomic_bool is_broken;  /* a number is not finite */
    bool wants_best;        /* of the logits only the largest is wanted */
    bool is_screened;       /* thread 0: few enough rows survived ... */
    uint64_t survivors;     /* ... namely so many */
    atomic_bool is_unbound; /* an exact logit lies outside of its bounds */
    struct recheck {
        const struct assay_linear *linear; /* NULL: not in this pass */
        size_t thread;                     /* that looks at one of its rows */
        uint64_t draw;                     /* which */
        bool is_wrong;                     /* written by that thread, read after the pass */
    } recheck;
};

/* recheck.c: now and then one row of one matrix is computed again by the plain-C kernel (kernels.md 1.4). */
void recheck_choose(struct pass *pass);
/* Called by each thread behind its part of a linear layer; y is what the variant in force made of it. */
void recheck_look(struct pass *pass, size_t thread, const struct assay_linear *linear,
                  const struct assay_kernel_call *call);

/* screen.c: whether the pass is to be tried with a screened head. Then, by the thread that has rounded the one token:
 */
bool screen_applies(const struct pass *pass);
void screen_prepare(struct pass *pass);
/* By all threads. False: too many rows survived, and the whole head is to be computed. */
bool screen_run(struct pass *pass, size_t thread, float *logits);
/* After a pass. */
void screen_note(struct pass *pass, bool was_tried);

/* forward.c: runs the pass on all threads. Caches are written; positions are the caller's to move. */
assay_code forward_run(struct pass *pass, assay_err *err);

/* engine.c: makes the angles of all positions below `end`. */
void engine_fill_angles(struct assay_engine *engine, uint64_t end);

/* engine.c: 64-byte-aligned room for the life of the engine; NULL without memory. */
void *engine_take(struct assay_engine *engine, uint64_t count, size_t bytes);

#endif
