/*
 * Inside serve/: a truth script as structs. docs/formats/truth-script.md is the manual; the rows of truth_script.c are
 * its source.
 */
#ifndef ASSAY_SERVE_TRUTH_SCRIPT_H
#define ASSAY_SERVE_TRUTH_SCRIPT_H

#include "base/mem.h"
#include "base/text.h"
#include "serve/truth.h"

#include <stdbool.h>
#include <stdint.h>

#define TRUTH_STALLS_MAX 16 /* of one stream: each is typed by hand */
#define TRUTH_CYCLE_MAX 16  /* tokens_per_event: a repeating pattern typed by hand */
#define TRUTH_TOKENS_MAX 1000000
#define TRUTH_STREAMS_MAX 100000 /* entries of a script */

enum truth_dialect { TRUTH_AUTO, TRUTH_OPENAI, TRUTH_OLLAMA, TRUTH_LLAMACPP, TRUTH_VLLM };
enum truth_phase { TRUTH_PHASE_FREE, TRUTH_PHASE_LOCKSTEP, TRUTH_PHASE_SPREAD };
enum truth_usage {
    TRUTH_USAGE_AUTO, /* as the client asks: tail, running, or none */
    TRUTH_USAGE_TAIL,
    TRUTH_USAGE_FINISH,
    TRUTH_USAGE_RUNNING,
    TRUTH_USAGE_MISSING,
    TRUTH_USAGE_WRONG,
    TRUTH_USAGE_TWICE,
    TRUTH_USAGE_NULL
};
enum truth_line_end { TRUTH_LF, TRUTH_CRLF, TRUTH_CR, TRUTH_MIXED };
enum truth_framing { TRUTH_CHUNKED, TRUTH_LENGTH, TRUTH_CLOSE };
enum truth_split { TRUTH_SPLIT_NONE, TRUTH_SPLIT_UTF8, TRUTH_SPLIT_STRING, TRUTH_SPLIT_LINE_END, TRUTH_SPLIT_CHUNK };
enum truth_times { TRUTH_TIMES_TRUE, TRUTH_TIMES_IMPOSSIBLE, TRUTH_TIMES_MISSING, TRUTH_TIMES_NEGATIVE };

/* X(NAME, text): what goes wrong, at content event `at` unless the text in the manual says otherwise. */
#define TRUTH_FAULTS(X)                   \
    X(NONE, "none")                       \
    X(STATUS, "status")                   \
    X(HTML, "html")                       \
    X(ERROR, "error")                     \
    X(MISSING_END, "missing_end")         \
    X(CLOSE, "close")                     \
    X(CUT, "cut")                         \
    X(RESET, "reset")                     \
    X(HANG, "hang")                       \
    X(GARBAGE, "garbage")                 \
    X(NUL, "nul")                         \
    X(BAD_UTF8, "bad_utf8")               \
    X(WRONG_SHAPE, "wrong_shape")         \
    X(DEEP, "deep")                       \
    X(OVERSIZED, "oversized")             \
    X(AFTER_END, "after_end")             \
    X(AFTER_BODY, "after_body")           \
    X(BAD_CHUNK, "bad_chunk")             \
    X(BAD_STATUS_LINE, "bad_status_line") \
    X(HUGE_HEAD, "huge_head")

enum truth_fault_kind {
#define TRUTH_FAULT_ENUM(name, text) TRUTH_FAULT_##name,
    TRUTH_FAULTS(TRUTH_FAULT_ENUM)
#undef TRUTH_FAULT_ENUM
};

struct truth_fault {
    int kind;               /* enum truth_fault_kind */
    uint64_t at;            /* content event, from 0 */
    uint64_t status;        /* STATUS */
    uint64_t retry_after_s; /* STATUS: ABSENT = no header */
    uint64_t bytes;         /* OVERSIZED, AFTER_END, AFTER_BODY, HUGE_HEAD */
};

struct truth_stall {
    uint64_t at, ns; /* before content event `at` */
};

/* One entry of a script: whom it answers, and what it plays. */
struct truth_spec {
    uint64_t order_from, order_to; /* stream numbers, inclusive */
    const char *path, *model;      /* NULL: any */

    int dialect, phase, usage, line_end, framing, split, times;
    uint64_t tokens; /* 0: as many as the client asks for */
    uint64_t tokens_per_event[TRUTH_CYCLE_MAX];
    uint64_t cycle; /* used entries of tokens_per_event */
    uint64_t events_per_write;
    uint64_t head_ns, first_ns, interval_ns, jitter_ns, tail_ns;
    struct truth_stall stalls[TRUTH_STALLS_MAX];
    uint64_t stalls_count;
    uint64_t drip_bytes, piece_gap_ns;
    uint64_t read_bytes, read_gap_ns;
    uint64_t reasoning_tokens, empty_deltas, choices_empty, choices_null, ping_every, data_lines;
    uint64_t prompt_tokens, prompt_tokens_max, template_tokens, cached_tokens; /* ABSENT: count, no limit, -, none */
    uint64_t load_ns, cached_first_ns;
    bool role, bom, unknown_keys, content_on_done, truncated, no_content, caches_repeats, closes;
    const char *finish, *text, *encoding;
    struct truth_fault fault;
};

struct truth_identity {
    const char *model, *digest, *next_digest, *version, *quantization, *remote_model;
    uint64_t next_digest_after; /* requests; ABSENT: never */
    uint64_t context_tokens, size_bytes, size_vram_bytes, parameters, slots, loading_ns;
    bool is_resident;
};

struct assay_truth_script {
    struct assay_arena arena;
    const char *name;
    uint64_t seed;
    uint64_t accept_ns; /* slow accept: how long a connection waits */
    struct truth_identity identity;
    struct truth_spec standard; /* "default" */
    struct truth_spec *streams;
    size_t streams_count;
};

/* The first entry that answers stream `order` at path for model; path or model NULL: not known yet, entries that ask
 * for one do not match. */
const struct truth_spec *truth_script_find(const struct assay_truth_script *script, uint64_t order, const char *path,
                                           const char *model);
uint64_t truth_spec_tokens_of_event(const struct truth_spec *spec, uint64_t event);
/* Planned distance of content event `event` from the first one, stalls included, jitter not. */
uint64_t truth_spec_offset_ns(const struct truth_spec *spec, uint64_t event);

#endif
