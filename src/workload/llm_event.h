/*
 * Event: what one event of a streaming answer says, read without allocation (endpoints.md 3 and 8).
 *
 *     struct assay_llm_event event;
 *     if (!assay_llm_event_read(family, bytes, len, &event)) { ... event.fault, event.fault_offset ... }
 *     ... event.has & ASSAY_LLM_HAS_CONTENT, event.pieces[0..pieces_count), event.counts ...
 *
 * There are three families of JSON: OpenAI's chunks (which llama.cpp and vLLM share, extras included), llama.cpp's own
 * /completion, and Ollama's lines. The whole event is checked to be JSON; members that are not known are skipped, known
 * ones must have the right type, and null is the same as absent. Slices point into the bytes that were handed in.
 *
 * Pure; any thread.
 */
#ifndef ASSAY_WORKLOAD_LLM_EVENT_H
#define ASSAY_WORKLOAD_LLM_EVENT_H

#include "record/record.h"
#include "workload/llm_scan.h"

enum assay_llm_family { ASSAY_LLM_OPENAI, ASSAY_LLM_NATIVE /* llama.cpp /completion */, ASSAY_LLM_OLLAMA };

#define ASSAY_LLM_PIECES_MAX                                                                \
    32 /* texts of one event: a token has one, a list of parallel tool calls has two a call \
        */

/* What the event held: bits of assay_llm_event.has */
#define ASSAY_LLM_HAS_CONTENT 0x001u    /* at least one text that is not empty */
#define ASSAY_LLM_HAS_USAGE 0x002u      /* a usage record that is not null, or the final counts */
#define ASSAY_LLM_HAS_END 0x004u        /* the terminator */
#define ASSAY_LLM_HAS_ERROR 0x008u      /* an error object */
#define ASSAY_LLM_HAS_FINISH 0x010u     /* a finish reason */
#define ASSAY_LLM_HAS_PROGRESS 0x020u   /* a prompt progress report */
#define ASSAY_LLM_HAS_TRUNCATED 0x040u  /* the server says that it cut the prompt */
#define ASSAY_LLM_HAS_BAD_NUMBER 0x080u /* a count or duration that cannot be one was dropped */
#define ASSAY_LLM_HAS_REMOTE 0x100u     /* another machine works (remote_model, remote_host) */
#define ASSAY_LLM_HAS_NO_CHOICE 0x200u  /* choices is empty or null */
#define ASSAY_LLM_HAS_UNLOAD 0x400u     /* Ollama: done_reason unload */
#define ASSAY_LLM_HAS_REASONING 0x800u  /* for the reader itself: one reasoning text is enough */

struct assay_llm_piece {
    struct assay_llm_text text; /* not empty */
    enum assay_chunk_kind kind;
};

/* ASSAY_COUNT_ABSENT where not said. */
struct assay_llm_counts {
    uint32_t prompt;     /* prompt tokens, cached ones included */
    uint32_t prompt_new; /* llama.cpp timings.prompt_n: without the cached ones */
    uint32_t output;     /* output tokens so far, or in all */
    uint32_t cached;     /* prompt tokens taken from a cache */
    uint32_t ids;        /* entries of a token id list in this event */
    uint32_t logprobs;   /* entries of a logprobs list in this event */
};

struct assay_llm_event {
    uint32_t has;
    enum assay_llm_fault fault;
    uint32_t fault_offset;
    enum assay_finish finish;
    uint32_t unknown_members;
    struct assay_llm_counts counts;
    uint32_t predicted; /* timings.predicted_n: output when there is no usage */
    struct assay_llm_number load_ns, prompt_ns, eval_ns, total_ns; /* Ollama */
    struct assay_llm_number prompt_ms, predicted_ms;               /* llama.cpp timings */
    struct assay_llm_text error;                                   /* its message, or empty */
    uint32_t pieces_count;
    struct assay_llm_piece pieces[ASSAY_LLM_PIECES_MAX]; /* only pieces_count of them are set */
};

/* False: event->fault says why; nothing of the event counts then. */
bool assay_llm_event_read(enum assay_llm_family family, const char *bytes, size_t len, struct assay_llm_event *ret);

/* The JSON pointer of the value at an offset, for a message about a fault there: "/choices/0/delta/content". */
#define ASSAY_LLM_PATH_BYTES 128
void assay_llm_event_path(const char *bytes, size_t len, size_t offset, char ret[ASSAY_LLM_PATH_BYTES]);

/* A duration as nanoseconds; unit_ns = 1 or 1,000,000. ABSENT if it is not there. False: negative or beyond reason. */
bool assay_llm_number_ns(struct assay_llm_number number, uint64_t unit_ns, uint64_t *ret_ns);

const char *assay_llm_fault_text(enum assay_llm_fault fault);

#endif
