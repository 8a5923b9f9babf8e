/*
 * Inside serve/: one answer as a sequence of writes. Pure: the caller brings the instants and sends the bytes.
 *
 *     truth_stream_start(&stream, ...);             // everything that can be rendered beforehand is
 *     while (truth_stream_next(&stream, &write, out)) { ... at write.planned_ns send out, cut as write says ... }
 *
 * Bytes depend on script, request and planned instants alone, so a copy of the stream renders the same bytes: that is
 * how the Content-Length of a body is known before its first token.
 */
#ifndef ASSAY_SERVE_TRUTH_STREAM_H
#define ASSAY_SERVE_TRUTH_STREAM_H

#include "base/buf.h"
#include "serve/truth_log.h"
#include "serve/truth_script.h"

#define TRUTH_MODEL_BYTES 256                      /* names of models are shorter; a longer one is cut */
#define TRUTH_EVENT_BYTES 4096                     /* room for a usual write, taken beforehand */
#define TRUTH_STREAM_BYTES_MAX ((size_t)128 << 20) /* an oversized event of a script, or a whole unstreamed body */
#define TRUTH_TOKEN_BYTES 31                       /* "000007-00002a-0000b5e620f48000 " without the script's text */

enum truth_api {
    TRUTH_API_CHAT,   /* /v1/chat/completions */
    TRUTH_API_TEXT,   /* /v1/completions */
    TRUTH_API_NATIVE, /* /completion of llama.cpp */
    TRUTH_API_OLLAMA_CHAT,
    TRUTH_API_OLLAMA_GENERATE
};

/* What a request asks for. */
struct truth_ask {
    enum truth_api api;
    char model[TRUTH_MODEL_BYTES];
    uint64_t salt, prompt_hash, prompt_words;
    uint64_t tokens; /* limit of the output; 0: none */
    bool streams, wants_usage, wants_running_usage, wants_logprobs, wants_token_ids, wants_timings;
    bool is_empty; /* no prompt: Ollama loads or unloads */
    bool unloads;  /* keep_alive 0 */
};

enum truth_after { TRUTH_GO_ON, TRUTH_KEEP, TRUTH_SHUT, TRUTH_RESET, TRUTH_HANG };

struct truth_write {
    enum assay_truth_kind kind;
    uint32_t event;
    uint16_t events, tokens;
    uint64_t planned_ns;
    enum truth_after after;
    size_t token_at;    /* where the first token's text starts in the bytes; SIZE_MAX: none */
    size_t line_cut;    /* inside the line end that dispatches the last event; SIZE_MAX: none */
    size_t complete_at; /* the last event is complete once so many bytes are there */
};

enum truth_stage { TRUTH_STAGE_HEAD, TRUTH_STAGE_TOKENS, TRUTH_STAGE_TAIL, TRUTH_STAGE_DONE };

struct truth_stream {
    const struct assay_truth_script *script;
    const struct truth_spec *spec;
    struct truth_ask ask;
    enum truth_dialect dialect; /* never AUTO */
    uint32_t number;
    uint64_t tokens, prompt_tokens, cached_tokens; /* cached ABSENT: not reported */
    uint64_t request_ns, base_ns;                  /* mono: request complete; first token */
    uint64_t load_ns, real_s;
    bool is_keep_alive;
    enum truth_stage stage;
    uint64_t event, token, lines; /* done so far */
    bool is_dry;                  /* a copy that only counts */
    bool is_faulted;
    struct assay_buf heads[2]; /* JSON up to the text of a token: content, reasoning */
    struct assay_buf model;    /* as a JSON string */
    struct assay_buf text;     /* the script's text, escaped */
    struct assay_buf json;     /* scratch: one event */
    struct assay_buf body;     /* scratch: one chunk */
};

void truth_stream_init(struct truth_stream *stream); /* once; buffers are kept from answer to answer */
void truth_stream_done(struct truth_stream *stream);

/* What the server knows when a request is complete. */
struct truth_start {
    const struct assay_truth_script *script;
    const struct truth_spec *spec;
    const struct truth_ask *ask;
    uint32_t number;
    uint64_t now_ns, origin_ns; /* origin: start of the server, where the grid of lock-step begins */
    uint64_t real_ns;
    uint64_t load_ns; /* 0: the model is resident */
    bool is_repeat;   /* this prompt was seen before */
    bool is_keep_alive;
};
void truth_stream_start(struct truth_stream *stream, const struct truth_start *start);

/* Instant of the next write; ASSAY_NS_ABSENT after the last. */
uint64_t truth_stream_due(const struct truth_stream *stream);
/* Renders the next write into out (cleared first). */
void truth_stream_next(struct truth_stream *stream, struct truth_write *write, struct assay_buf *out);
/* Where the piece that starts at `from` ends: the whole write unless the script splits or drips it. */
size_t truth_stream_piece_end(const struct truth_stream *stream, const struct truth_write *write,
                              const struct assay_buf *out, size_t from);

/* Appends the scratch body: one write is one HTTP chunk. Offsets in `write` are moved along. */
void truth_stream_chunk(struct truth_stream *stream, struct truth_write *write, struct assay_buf *out);

/* ---- truth_fault.c ------------------------------------------------------------------------------------------------
 */
bool truth_fault_replaces(const struct truth_spec *spec); /* it stands for the whole answer: */
void truth_fault_answer(struct truth_stream *stream, struct truth_write *write, struct assay_buf *out);
bool truth_fault_is_here(const struct truth_stream *stream); /* it comes before the next event, or before the tail: */
/* Applies it; the bytes before it are in the scratch body. */
void truth_fault_here(struct truth_stream *stream, struct truth_write *write, struct assay_buf *out);

/* ---- truth_event.c: events as text --------------------------------------------------------------------------------
 */
bool truth_event_is_lines(const struct truth_stream *stream); /* NDJSON; otherwise server-sent events */
/* Parts: the members that every event of /v1 starts with; the scratch JSON as an event; any text as one; an event of
 * the stream's shape whose text is the given JSON, which may be of any type. */
void truth_event_opening(const struct truth_stream *stream, struct assay_buf *out);
void truth_event_frame(struct truth_stream *stream, struct assay_buf *out);
void truth_event_text(struct truth_stream *stream, const char *text, struct assay_buf *out);
void truth_event_odd(struct truth_stream *stream, const char *text, size_t len, struct assay_buf *out);
void truth_event_prepare(struct truth_stream *stream);
/* Appends the next content event, k tokens, to out and counts it. */
void truth_event_tokens(struct truth_stream *stream, uint64_t planned_ns, struct truth_write *write,
                        struct assay_buf *out);
void truth_event_before(struct truth_stream *stream, struct assay_buf *out); /* role, empty, no choices */
void truth_event_fault(struct truth_stream *stream, struct assay_buf *out);
/* truth_tail.c: finish, usage, terminator */
void truth_event_tail(struct truth_stream *stream, struct truth_write *write, struct assay_buf *out);
/* Tokens of the next content event, and whether they are reasoning. */
uint64_t truth_event_size(const struct truth_stream *stream, bool *ret_is_reasoning);

/* ---- truth_answer.c: answers that are not streams -----------------------------------------------------------------
 */
void truth_answer_head(struct assay_buf *out, unsigned status, const char *type, const char *extra);
void truth_answer_simple(struct assay_buf *out, unsigned status, const char *type, const char *extra, const char *body,
                         size_t len, bool is_keep_alive);
void truth_answer_whole(struct truth_stream *stream, uint64_t planned_ns, struct assay_buf *out); /* "stream": false */
/* Parts shared by events and whole answers. */
void truth_answer_usage(const struct truth_stream *stream, uint64_t tokens, struct assay_buf *out);
void truth_answer_timings(const struct truth_stream *stream, uint64_t tokens, struct assay_buf *out);
void truth_answer_ollama_counts(const struct truth_stream *stream, struct assay_buf *out);
void truth_answer_token(const struct truth_stream *stream, uint64_t token, uint64_t planned_ns, struct assay_buf *out);
const char *truth_status_text(unsigned status);

#endif
