/*
 * The workload `llm`: requests to a language model behind HTTP, their answers read token by token (endpoints.md).
 * Shared by the files llm*.c of this room and by nobody else.
 *
 *     llm_options.c   the option table, defaults, and what the options come to
 *     llm_dialect.c   the dialects and how one is recognised; one file each says what it sends and asks
 *     llm_prompt.c    prompts of a wanted length, each under its own salt
 *     llm_ask.c       questions outside of the measured phase: JSON answers, probes
 *     llm_identity.c  who answers: asked before and after the run
 *     llm_state.c     cold, warm, cached: brought about and verified
 *     llm_worker.c    submit and reap over one network loop
 *     llm_stream.c    from body bytes to chunks, counts and stamps of one request
 *     llm_finish.c    from what was seen to the status and the sample
 *     llm_describe.c  subjects, identity document, checks, validity codes
 *     llm_arms.c      several servers, or one under several options, in turn: every arm has a state of its own
 */
#ifndef ASSAY_WORKLOAD_LLM_H
#define ASSAY_WORKLOAD_LLM_H

#include "workload/llm_event.h"

#include "base/rng.h"
#include "crypto/crypto.h"
#include "measure/measure.h"
#include "net/net.h"
#include "json/json.h"

#include <stdatomic.h>

/* ---- options ---------------------------------------------------------------------------------------------------- */

enum assay_llm_state_asked { ASSAY_LLM_ANY, ASSAY_LLM_COLD, ASSAY_LLM_WARM, ASSAY_LLM_CACHED };
enum assay_llm_api { ASSAY_LLM_API_AUTO, ASSAY_LLM_API_CHAT, ASSAY_LLM_API_TEXT, ASSAY_LLM_API_NATIVE };
enum assay_llm_reasoning { ASSAY_LLM_REASONING_AUTO, ASSAY_LLM_REASONING_ON, ASSAY_LLM_REASONING_OFF };
enum assay_llm_path { ASSAY_LLM_PATH_AUTO, ASSAY_LLM_LOOPBACK, ASSAY_LLM_VETH, ASSAY_LLM_NAT, ASSAY_LLM_REMOTE };

/* Is the server a script? A plan that says so openly gives a receipt of compute path `scripted`; a script where a model
 * was demanded gives a run record. */
enum assay_llm_peer { ASSAY_LLM_PEER_AUTO, ASSAY_LLM_PEER_REAL, ASSAY_LLM_PEER_SCRIPTED };

struct assay_llm_options {
    const char *url, *model, *prompt_tokens, *output_tokens, *prompts;
    int dialect; /* 0 = auto, else 1 + index of the dialect */
    int api;     /* enum assay_llm_api */
    int state;   /* enum assay_llm_state_asked */
    int reasoning, path, peer;
    bool use_salt, use_probes, ignore_eos, logprobs, keepalive, is_insecure;
    double prefix_share;
    double temperature, top_p, min_p, repeat_penalty, presence_penalty, frequency_penalty;
    uint64_t top_k, sampling_seed, context;
    const char *model_ttl, *restart_command;
    struct assay_opt_list stop, header;
    const char *api_key_env, *api_key_file, *ca_file, *proxy;
    uint64_t connect_ns, first_ns, stall_ns, total_ns;
    uint64_t slo_ttft_ns, slo_tpot_ns, slo_e2e_ns;
};

extern const struct assay_opt assay_llm_option_rows[];
#define ASSAY_LLM_OPTIONS_COUNT 42
void assay_llm_options_defaults(void *state);

/* ---- dialects --------------------------------------------------------------------------------------------------- */

enum assay_llm_stream_kind { ASSAY_LLM_SSE, ASSAY_LLM_NDJSON };

struct assay_llm_endpoint {
    enum assay_llm_api api;
    const char *path;
    enum assay_llm_family family;
    enum assay_llm_stream_kind stream;
};

/* Where in a body template the values of each request go; JSON text never has these bytes. */
#define ASSAY_LLM_MARK_PROMPT '\x01'
#define ASSAY_LLM_MARK_TOKENS '\x02' /* output limit, as a number */
#define ASSAY_LLM_MARK_SALT '\x03'   /* the salt as text */

struct assay_llm_body {
    const struct assay_llm_options *options;
    const struct assay_llm_endpoint *endpoint;
    const char *model;
};

/* One field of the identity: which answer holds it, and where. With `list` the answer is a list of models, of which the
 * one whose name, model or id is the asked one is looked at. */
struct assay_llm_fact {
    const char *name;
    const char *path;    /* GET, or POST with the model's name if is_post */
    const char *list;    /* JSON pointer of the list, or NULL */
    const char *pointer; /* JSON pointer of the value */
    bool is_post;
};

struct assay_llm_state;

struct assay_llm_dialect {
    const char *name;
    const struct assay_llm_endpoint *endpoints; /* the first is the default */
    size_t endpoints_count;
    void (*write_body)(const struct assay_llm_body *body, struct assay_buf *out);
    const struct assay_llm_fact *facts;
    size_t facts_count;
    uint32_t long_slack;   /* how many tokens above the limit are not yet `long` */
    bool knows_ignore_eos; /* and so an answer that ends early is `short` */
    /* Requests of others that are being worked on; -1: the server does not say. */
    assay_code (*count_busy)(struct assay_llm_state *state, int *ret, assay_err *err);
    /* Whether the model is in memory: 1, 0, or -1 if the server does not say. */
    assay_code (*is_resident)(struct assay_llm_state *state, int *ret, assay_err *err);
    assay_code (*unload)(struct assay_llm_state *state, assay_err *err); /* NULL: it cannot be done by request */
};

extern const struct assay_llm_dialect assay_llm_ollama, assay_llm_openai, assay_llm_llamacpp, assay_llm_vllm;
extern const char *const assay_llm_dialect_names[]; /* "auto", then the names; ends with NULL */

assay_code assay_llm_dialect_choose(struct assay_llm_state *state, assay_err *err);

/* Parts of bodies that dialects share: members with a leading comma. */
void assay_llm_put_text(struct assay_buf *out, const char *name, const char *value);
void assay_llm_put_number(struct assay_buf *out, const char *name, double value);
void assay_llm_put_u64(struct assay_buf *out, const char *name, uint64_t value);
void assay_llm_put_stop(struct assay_buf *out, const struct assay_llm_options *options);
void assay_llm_put_prompt(struct assay_buf *out, enum assay_llm_api api);
void assay_llm_put_openai(struct assay_buf *out, const struct assay_llm_body *body); /* what all of that family know */

/* ---- prompts ---------------------------------------------------------------------------------------------------- */

#define ASSAY_LLM_SALT_DIGITS 16
#define ASSAY_LLM_WORD_BYTES_MAX 12                    /* a space and the longest word of the list */
#define ASSAY_LLM_PROMPTS_BYTES_MAX ((size_t)64 << 20) /* a file of prompts is held in memory */

struct assay_llm_prompts {
    struct assay_slice *texts; /* JSON-escaped, without quotes; 1-based through op->prompt */
    size_t count;
    struct assay_buf bytes;
    /* How words become tokens, in thousandths; the floor is what a prompt of no words costs (template and salt). */
    uint32_t milli_tokens_per_word, floor_tokens;
    bool is_calibrated;
    uint64_t prefix_seed; /* of the prefix that all prompts share in state `cached` */
};

assay_code assay_llm_prompts_read(struct assay_llm_prompts *prompts, const char *path, assay_err *err);
void assay_llm_prompts_done(struct assay_llm_prompts *prompts);
uint32_t assay_llm_prompt_words(const struct assay_llm_prompts *prompts, uint32_t tokens);
void assay_llm_salt_print(uint64_t salt, char text[ASSAY_LLM_SALT_DIGITS]);

struct assay_llm_prompt {
    uint64_t salt;
    bool has_salt;
    uint32_t prefix_words; /* shared words before the salt */
    uint64_t prefix_seed;
    uint32_t words;          /* after the salt, drawn from it */
    struct assay_slice text; /* after the salt instead of words, if data is not NULL */
};
size_t assay_llm_prompt_bytes_max(const struct assay_llm_prompt *prompt);
size_t assay_llm_prompt_write(const struct assay_llm_prompt *prompt, char *out); /* returns the length */

/* The body of one request; out has room for assay_llm_body_bytes_max. */
struct assay_llm_template {
    struct assay_buf text;
};
size_t assay_llm_body_bytes_max(const struct assay_llm_template *body, const struct assay_llm_prompt *prompt);
size_t assay_llm_body_write(const struct assay_llm_template *body, const struct assay_llm_prompt *prompt,
                            uint32_t output_tokens, char *out);

/* ---- the state of the workload ---------------------------------------------------------------------------------- */

#define ASSAY_LLM_NOTES_MAX 16 /* first failures, kept in words for people */
struct assay_llm_note {
    uint64_t sample;
    enum assay_status status;
    char text[160];
};

/* What all workers add up at their end. */
struct assay_llm_totals {
    atomic_uint_fast64_t requests, with_cached, cached_tokens, prompt_tokens, over_floor, under_floor;
    atomic_uint_fast64_t remote, scripted, usage_mismatch, impossible, no_usage, truncated;
    atomic_uint_fast64_t sources[ASSAY_TOKENS_SOURCE_COUNT];
    atomic_uint_fast32_t notes_count;
    struct assay_llm_note notes[ASSAY_LLM_NOTES_MAX];
};

struct assay_llm_state {
    struct assay_llm_options options; /* first: the option table points into it */
    const struct assay_llm_dialect *dialect;
    const struct assay_llm_endpoint *endpoint;
    struct assay_net_stamping stamping;
    struct assay_net_target *target;
    struct assay_net_loop *probing; /* of probes; NULL until the first */
    unsigned probes_sent, probes_reused;
    char prefix[ASSAY_NET_URL_BYTES_MAX]; /* of every path: that of the URL without its final / and /v1 */
    char model[256];
    char *api_key; /* "Bearer ..." */
    struct assay_net_header headers[ASSAY_OPT_LIST_MAX + 2];
    size_t headers_count;
    char *headers_text; /* names and values of --header, split */
    struct assay_lengths *prompt_lengths, *output_lengths;
    struct assay_llm_prompts prompts;
    struct assay_llm_template body;
    json_t *before, *after; /* identity facts */
    bool is_changed;        /* between the two */
    const char *path_kind;
    char model_sha256[ASSAY_DIGEST_TEXT_BYTES]; /* "" if unknown */
    int busy_before, busy_after, busy_between;  /* between: the most at the ends of windows */
    uint32_t cached_floor;                      /* cached tokens that unique prompts show; COUNT_ABSENT: not said */
    bool is_state_wrong;
    char state_text[160]; /* how the state was verified, or why not */
    bool is_scripted;
    uint64_t load_ns; /* of the last load; written by the one worker of a cold run */
    struct assay_llm_totals totals;
    /* Several arms: the state that the harness knows holds theirs, and is none of them. */
    struct assay_llm_state **arms;
    size_t arms_count;
    char **argv; /* of an arm: the words of its --arm, into which its options point */
};

/* One arm's state: its own, or the only one. */
struct assay_llm_state *assay_llm_arm(struct assay_llm_state *state, size_t arm);
size_t assay_llm_arms_count(const struct assay_llm_state *state); /* 1 or more */

/* llm.c: one arm's part of what the harness asks for. */
assay_code assay_llm_state_open(struct assay_llm_state *state, assay_err *err);
void assay_llm_state_close(struct assay_llm_state *state);
/* What the options came to, beside them: the plan alone must be enough to send the same requests again. */
assay_code assay_llm_put_resolved(const struct assay_llm_state *state, json_t *object, assay_err *err);
assay_code assay_llm_identity_look(struct assay_llm_state *state, assay_err *err);
assay_code assay_llm_verify_after(struct assay_llm_state *state, assay_err *err);

/* llm_arms.c */
assay_code assay_llm_arms(void *state, const struct assay_arm_text *texts, size_t count, struct assay_plan *plan,
                          assay_err *err);
assay_code assay_llm_turn(void *worker, uint16_t ended_arm, uint16_t next_arm, assay_err *err);

bool assay_llm_is_shared_prefix(const struct assay_llm_state *state);
struct assay_llm_prompt assay_llm_prompt_of(const struct assay_llm_state *state, const struct assay_plan_op *op);

/* ---- questions -------------------------------------------------------------------------------------------------- */

#define ASSAY_LLM_ANSWER_BYTES_MAX ((size_t)16 << 20) /* /v1/models of a router, /api/show with its tensors */

/* GET (body NULL) or POST; *ret is NULL if the answer is no JSON. */
assay_code assay_llm_ask(struct assay_llm_state *state, const char *path, const char *body, int *ret_status,
                         json_t **ret, assay_err *err);
assay_code assay_llm_ask_text(struct assay_llm_state *state, const char *path, const char *body, int *ret_status,
                              struct assay_buf *ret, assay_err *err);

/* The value of one gauge of a Prometheus text, or -1. */
double assay_llm_gauge(const struct assay_buf *text, const char *name);

struct assay_llm_probe {
    struct assay_llm_prompt prompt;
    uint32_t output_tokens;
    int http_status;
    struct assay_llm_counts counts; /* of the answer */
    bool has_end;
    char error[160];
};
/* One request as the measured ones are, outside of them. OK also if the server said no: see http_status. */
assay_code assay_llm_probe(struct assay_llm_state *state, struct assay_llm_probe *probe, assay_err *err);
assay_code assay_llm_calibrate(struct assay_llm_state *state, assay_err *err);

assay_code assay_llm_identity_ask(struct assay_llm_state *state, json_t **ret, assay_err *err);
assay_code assay_llm_model_resolve(struct assay_llm_state *state, assay_err *err);
const char *assay_llm_path_kind(const struct assay_llm_state *state);

assay_code assay_llm_state_prepare(struct assay_llm_state *state, assay_err *err);
assay_code assay_llm_state_check(struct assay_llm_state *state, assay_err *err);
assay_code assay_llm_make_cold(struct assay_llm_state *state, assay_err *err);

assay_code assay_llm_describe(void *state, struct assay_description *ret, assay_err *err);

#define ASSAY_LLM_TRUTH_HEADER "X-Assay-Truth" /* "1": the peer names itself scripted (serve/truth.h) */

bool assay_llm_is_truth_header(struct assay_slice name, struct assay_slice value);
/* Whether requests may follow each other on one connection: asked for, and not seen otherwise by the probes. */
bool assay_llm_keeps_connections(const struct assay_llm_state *state);
assay_code assay_llm_head_build(const struct assay_llm_state *state, size_t body_bytes, struct assay_buf *out,
                                assay_err *err);

/* ---- one request in flight -------------------------------------------------------------------------------------- */

struct assay_llm_worker;

struct assay_llm_slot {
    struct assay_llm_worker *worker;
    const struct assay_plan_op *op;
    uint64_t id, due_ns, queued_ns;
    int32_t net_slot;
    bool is_busy, is_ended, is_html, is_whole, is_stopped, has_status, has_event, has_remote, is_scripted, is_truncated;
    enum assay_status status; /* if has_status: what ended the request, before the transport says anything */
    enum assay_llm_stream_kind stream;
    enum assay_finish finish;
    union {
        struct assay_net_sse sse;
        struct assay_net_ndjson ndjson;
    } parser;
    const struct assay_net_span *span; /* while one is parsed */
    struct assay_sha256 output;
    uint8_t body_sha256[32];
    uint64_t content_bytes, hdr_ns, first_event_ns, first_content_ns, usage_ns, done_ns;
    uint64_t load_ns, prompt_ns, eval_ns, total_ns;
    uint32_t http_status, chunks, chunks_with[ASSAY_TOKENS_SOURCE_COUNT], tokens_with[ASSAY_TOKENS_SOURCE_COUNT];
    uint32_t pending_ids, pending_logprobs; /* of events without content: they belong to the next chunk */
    uint32_t running_last;                  /* running count at the last content chunk */
    uint32_t usage_records, final_output;
    uint32_t prompt_tokens, cached_tokens, ignored_events, flags;
    uint64_t load_before_ns; /* a cold start before this request */
    uint32_t head_len, body_len;
    char *bytes; /* head, then body */
    struct assay_net_request request;
};

struct assay_llm_worker {
    struct assay_llm_state *state;
    struct assay_recorder *recorder;
    struct assay_net_loop *loop;
    struct assay_net_pool *pool;
    struct assay_llm_slot *slots;
    uint32_t *free_slots;
    size_t slots_count, free_count;
    char *bytes;
    size_t bytes_of_slot;
    struct assay_buf head; /* before and after the digits of Content-Length */
    size_t head_cut;
    uint32_t index;
    /* ended requests that reap has not yet reported: a ring of slots_count places */
    struct assay_completion *ended;
    size_t ended_first, ended_count;
    enum assay_status cancel_status;
    /* Several arms: a worker of each; only `current` has anything in flight. */
    struct assay_llm_worker *arms;
    size_t arms_count, current;
};

extern const struct assay_net_handler assay_llm_handler;
void assay_llm_slot_reset(struct assay_llm_slot *slot); /* ready for a request; its worker and bytes stay */
void assay_llm_slot_finish(struct assay_llm_slot *slot, const struct assay_net_facts *facts);
void assay_llm_note(struct assay_llm_slot *slot, enum assay_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void assay_llm_worker_ended(struct assay_llm_slot *slot, const struct assay_completion *completion);

assay_code assay_llm_worker_open(void *state, void *worker, const struct assay_worker_setup *setup, assay_err *err);
assay_code assay_llm_submit(void *worker, const struct assay_operation *operation, assay_err *err);
assay_code assay_llm_reap(void *worker, uint64_t deadline_ns, struct assay_completion *ret, size_t max,
                          size_t *ret_count, assay_err *err);
void assay_llm_cancel(void *worker, enum assay_status status);
void assay_llm_worker_close(void *worker);

#endif
