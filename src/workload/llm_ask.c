/* Questions outside of the measured phase: JSON answers, gauges, and probes, which are requests like the measured ones.
 */
#include "workload/llm.h"

#include "base/mem.h"
#include "base/num.h"

#include <stdio.h>

#define QUESTION_TIMEOUT_NS (30 * ASSAY_NS_PER_S) /* identity is asked of a server that may be busy */

assay_code assay_llm_ask_text(struct assay_llm_state *state, const char *path, const char *body, int *ret_status,
                              struct assay_buf *ret, assay_err *err)
{
    char full[ASSAY_NET_URL_BYTES_MAX];
    int len = snprintf(full, sizeof full, "%s%s", state->prefix, path);
    if (len < 0 || (size_t)len >= sizeof full) {
        return assay_fail(err, ASSAY_USAGE, "the URL is too long, expected at most %zu bytes with %s", sizeof full,
                          path);
    }
    struct assay_net_question question = {
        .target = state->target,
        .method = body != NULL ? "POST" : "GET",
        .path = full,
        .headers = state->headers,
        .headers_count = state->headers_count,
        .body = body != NULL ? assay_slice_of(body) : (struct assay_slice){NULL, 0},
        .timeout_ns = QUESTION_TIMEOUT_NS,
    };
    assay_code rc = assay_net_fetch(&question, ret, ret_status, err);
    if (rc != ASSAY_OK) {
        assay_wrap(err, "%s", path);
    }
    return rc;
}

assay_code assay_llm_ask(struct assay_llm_state *state, const char *path, const char *body, int *ret_status,
                         json_t **ret, assay_err *err)
{
    struct assay_buf text;
    assay_buf_init(&text, ASSAY_LLM_ANSWER_BYTES_MAX);
    assay_code rc = assay_llm_ask_text(state, path, body, ret_status, &text, err);
    if (rc == ASSAY_OK && ret != NULL && text.len > 0) {
        json_t *answer = NULL;
        struct assay_json_limits limits = assay_json_limits_default;
        limits.flags |= ASSAY_JSON_LAST_DUPLICATE_WINS;
        if (assay_json_read(text.data, text.len, &limits, &answer, NULL) == ASSAY_OK) {
            *ret = answer;
        }
    }
    assay_buf_done(&text);
    return rc;
}

/* "NAME{labels} 3.0": the sum over all label sets. */
double assay_llm_gauge(const struct assay_buf *text, const char *name)
{
    struct assay_slice rest = {text->data, text->len};
    double sum = -1;
    while (rest.data != NULL) {
        struct assay_slice line = assay_slice_trim(assay_slice_cut(&rest, '\n'));
        size_t len = strlen(name);
        if (!assay_slice_starts(line, name) || line.len == len || (line.data[len] != ' ' && line.data[len] != '{')) {
            continue;
        }
        size_t at = line.len;
        while (at > len && line.data[at - 1] != ' ') {
            at--;
        }
        double value = 0;
        if (assay_num_double((struct assay_slice){line.data + at, line.len - at}, name, &value, NULL) == ASSAY_OK) {
            sum = (sum < 0 ? 0 : sum) + value;
        }
    }
    return sum;
}

/* ---- probes ----------------------------------------------------------------------------------------------------- */

struct probing {
    struct assay_llm_probe *probe;
    enum assay_llm_family family;
};

static void take_count(uint32_t *into, uint32_t count)
{
    if (count != ASSAY_COUNT_ABSENT) {
        *into = count;
    }
}

static void copy_bytes(void *context, const char *bytes, size_t len)
{
    struct assay_llm_probe *probe = context;
    size_t used = strlen(probe->error), room = sizeof probe->error - 1 - used;
    memcpy(probe->error + used, bytes, len < room ? len : room);
}

static bool on_probe_event(void *context, const struct assay_net_event *net_event)
{
    struct probing *probing = context;
    struct assay_llm_event event;
    const char *bytes = net_event->data.data != NULL ? net_event->data.data : "";
    if (!assay_llm_event_read(probing->family, bytes, net_event->data.len, &event)) {
        return false;
    }
    take_count(&probing->probe->counts.prompt, event.counts.prompt);
    take_count(&probing->probe->counts.cached, event.counts.cached);
    take_count(&probing->probe->counts.output, event.counts.output);
    probing->probe->has_end |= (event.has & ASSAY_LLM_HAS_END) != 0;
    if ((event.has & ASSAY_LLM_HAS_ERROR) != 0) {
        assay_llm_text_decode(event.error, copy_bytes, probing->probe);
    }
    return true;
}

static assay_code read_answer(const struct assay_llm_state *state, const struct assay_buf *answer,
                              struct assay_llm_probe *probe, assay_err *err)
{
    struct probing probing = {.probe = probe, .family = state->endpoint->family};
    struct assay_net_pool *pool = NULL;
    assay_code rc = assay_net_pool_new(1, &pool, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (state->endpoint->stream == ASSAY_LLM_SSE) {
        struct assay_net_sse sse;
        assay_net_sse_init(&sse, pool);
        (void)assay_net_sse_feed(&sse, answer->data, answer->len, on_probe_event, &probing);
        assay_net_sse_done(&sse);
    } else {
        struct assay_net_ndjson ndjson;
        assay_net_ndjson_init(&ndjson, pool);
        (void)assay_net_ndjson_feed(&ndjson, answer->data, answer->len, on_probe_event, &probing);
        assay_net_ndjson_done(&ndjson);
    }
    assay_net_pool_free(pool);
    return ASSAY_OK;
}

struct probe_answer {
    struct assay_llm_state *state;
    struct assay_buf *body;
    struct assay_net_facts facts;
};

static void on_probe_header(void *context, struct assay_slice name, struct assay_slice value)
{
    struct probe_answer *answer = context;
    answer->state->is_scripted |= assay_llm_is_truth_header(name, value);
}

static bool on_probe_body(void *context, const struct assay_net_span *span)
{
    struct probe_answer *answer = context;
    assay_buf_append(answer->body, span->data, span->len);
    return true;
}

static void on_probe_done(void *context, const struct assay_net_facts *facts)
{
    ((struct probe_answer *)context)->facts = *facts;
}

#define CLOSE_WAIT_NS (20 * ASSAY_NS_PER_MS) /* a server that closes after each answer has done so by then */

/* Over a loop of its own, as the measured requests go, so that it shows whether the server keeps connections: some
 * close after each streamed answer without saying so, and a request sent on such a connection is lost. */
static assay_code send_probe(struct assay_llm_state *state, struct assay_slice head, struct assay_slice body,
                             struct probe_answer *answer, assay_err *err)
{
    static const struct assay_net_handler handler = {
        .on_header = on_probe_header, .on_body = on_probe_body, .on_done = on_probe_done};
    assay_code rc = ASSAY_OK;
    if (state->probing == NULL) {
        rc = assay_net_loop_new(&(struct assay_net_loop_options){.slots = 1}, &state->probing, err);
    }
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct assay_net_request request = {
        .target = state->target,
        .head = head,
        .body = body,
        .timeouts = {.connect_ns = state->options.connect_ns, .total_ns = state->options.total_ns},
        .body_bytes_max = ASSAY_LLM_ANSWER_BYTES_MAX,
        .handler = &handler,
        .context = answer,
    };
    (void)assay_net_loop_submit(state->probing, &request);
    while (assay_net_loop_in_flight(state->probing) > 0) {
        (void)assay_net_loop_run(state->probing, UINT64_MAX, ASSAY_NET_SLEEP);
    }
    (void)assay_net_loop_run(state->probing, assay_clock_mono_ns() + CLOSE_WAIT_NS, ASSAY_NET_SLEEP);
    if (answer->facts.outcome != ASSAY_NET_OK) {
        return assay_fail(err, ASSAY_NETWORK, "%s", assay_net_outcome_text(answer->facts.outcome));
    }
    state->probes_reused += answer->facts.conn_reused;
    state->probes_sent++;
    return assay_buf_check(answer->body, err);
}

bool assay_llm_keeps_connections(const struct assay_llm_state *state)
{
    return state->options.keepalive && (state->probes_sent < 2 || state->probes_reused > 0);
}

static assay_code fetch_probe(struct assay_llm_state *state, const char *body, size_t len, struct assay_buf *text,
                              struct assay_llm_probe *probe, assay_err *err)
{
    struct assay_buf head;
    struct probe_answer answer = {.state = state, .body = text};
    assay_buf_init(&head, ASSAY_NET_HEADER_BYTES_MAX);
    assay_code rc = assay_llm_head_build(state, len, &head, err);
    if (rc == ASSAY_OK) {
        rc =
            send_probe(state, (struct assay_slice){head.data, head.len}, (struct assay_slice){body, len}, &answer, err);
    }
    probe->http_status = answer.facts.status;
    assay_buf_done(&head);
    return rc;
}

assay_code assay_llm_probe(struct assay_llm_state *state, struct assay_llm_probe *probe, assay_err *err)
{
    struct assay_buf answer;
    assay_buf_init(&answer, ASSAY_LLM_ANSWER_BYTES_MAX);
    probe->counts = (struct assay_llm_counts){ASSAY_COUNT_ABSENT, ASSAY_COUNT_ABSENT, ASSAY_COUNT_ABSENT,
                                              ASSAY_COUNT_ABSENT, ASSAY_COUNT_ABSENT, ASSAY_COUNT_ABSENT};
    probe->has_end = false;
    memset(probe->error, 0, sizeof probe->error);
    char *body = assay_alloc(assay_llm_body_bytes_max(&state->body, &probe->prompt), 1);
    if (body == NULL) {
        return assay_nomem(err);
    }
    size_t len = assay_llm_body_write(&state->body, &probe->prompt, probe->output_tokens, body);
    assay_code rc = fetch_probe(state, body, len, &answer, probe, err);
    if (rc == ASSAY_OK && probe->http_status == 200) {
        rc = read_answer(state, &answer, probe, err);
    } else if (rc == ASSAY_OK && answer.len > 0) {
        copy_bytes(probe, answer.data, answer.len);
    }
    if (rc != ASSAY_OK) {
        assay_wrap(err, "probe");
    }
    assay_free(body);
    assay_buf_done(&answer);
    return rc;
}

/* ---- secrets ---------------------------------------------------------------------------------------------------- */

#define SECRET_BYTES_MIN 6 /* shorter ones are numbers and words that any text may hold */

/* A text that was cut short may end inside a secret. */
static void hide(char *text, const char *secret)
{
    size_t len = strlen(secret);
    for (char *at = text; len >= SECRET_BYTES_MIN && *at != '\0'; at++) {
        size_t same = 0;
        while (same < len && at[same] == secret[same]) {
            same++;
        }
        if (same == len || (same >= SECRET_BYTES_MIN && at[same] == '\0')) {
            memset(at, '*', same);
        }
    }
}

/* Servers repeat the key that they refuse. The first header is ours and no secret; of "Bearer KEY" only the key is. */
static void hide_secrets(const struct assay_llm_state *state, char *text)
{
    for (size_t i = 1; i < state->headers_count; i++) {
        const char *value = state->headers[i].value, *space = strrchr(value, ' ');
        hide(text, value);
        hide(text, space != NULL ? space + 1 : value);
    }
}

/* ---- what words cost -------------------------------------------------------------------------------------------- */

/* Fixed salts and lengths: the same tokenizer gives the same plan. The difference of the two is large against the few
 * tokens that a salt may cost more than another, and both fit into a context of 1,024 where a word costs a token or
 * two; a server that refuses the longest is asked for less, since models for tests have small contexts and poor tokens.
 */
#define CALIBRATION_WORDS_FEW 16
static const uint32_t CALIBRATION_WORDS_MANY[] = {528, 128, 48};
#define CALIBRATION_SALT UINT64_C(0x61737361792d3031)

/* *ret_status is the HTTP status; other than 200 is a failure. */
static assay_code probe_words(struct assay_llm_state *state, uint32_t words, uint32_t *ret_tokens, int *ret_status,
                              assay_err *err)
{
    struct assay_llm_probe probe = {
        .prompt = {.salt = CALIBRATION_SALT + words, .has_salt = state->options.use_salt, .words = words},
        .output_tokens = 1,
    };
    assay_code rc = assay_llm_probe(state, &probe, err);
    *ret_status = probe.http_status;
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (probe.http_status != 200 || probe.error[0] != '\0') {
        struct assay_buf shown;
        hide_secrets(state, probe.error);
        assay_buf_init(&shown, 1024);
        assay_text_show(&shown, probe.error, strlen(probe.error), sizeof probe.error);
        rc = assay_fail(err, probe.http_status == 404 ? ASSAY_NOT_FOUND : ASSAY_NETWORK,
                        "%s%s answered a probe of %u words with HTTP %d: %s", state->prefix, state->endpoint->path,
                        words, probe.http_status, shown.len > 0 ? shown.data : "(no text)");
        assay_buf_done(&shown);
        return rc;
    }
    *ret_tokens = probe.counts.prompt;
    return ASSAY_OK;
}

/* The longest of the probes that the server takes. */
static assay_code probe_many(struct assay_llm_state *state, uint32_t *ret_words, uint32_t *ret_tokens, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    int status = 400;
    for (size_t i = 0; status == 400 && i < sizeof CALIBRATION_WORDS_MANY / sizeof CALIBRATION_WORDS_MANY[0]; i++) {
        *ret_words = CALIBRATION_WORDS_MANY[i];
        rc = probe_words(state, *ret_words, ret_tokens, &status, err);
    }
    return rc;
}

/* Learns the price of words and of everything around them. A server that does not count keeps the guess: one token a
 * word, and the salt as many as it has digits. */
assay_code assay_llm_calibrate(struct assay_llm_state *state, assay_err *err)
{
    struct assay_llm_prompts *prompts = &state->prompts;
    uint32_t few = ASSAY_COUNT_ABSENT, many = ASSAY_COUNT_ABSENT;
    uint32_t words = 0;
    int status = 0;
    assay_code rc = probe_words(state, CALIBRATION_WORDS_FEW, &few, &status, err);
    if (rc == ASSAY_OK && few != ASSAY_COUNT_ABSENT) {
        rc = probe_many(state, &words, &many, err);
    }
    if (rc != ASSAY_OK || few == ASSAY_COUNT_ABSENT || many == ASSAY_COUNT_ABSENT || many <= few) {
        return rc;
    }
    words -= CALIBRATION_WORDS_FEW;
    prompts->milli_tokens_per_word = (uint32_t)(((uint64_t)(many - few) * 1000 + words / 2) / words);
    uint32_t inside = CALIBRATION_WORDS_FEW * prompts->milli_tokens_per_word / 1000;
    prompts->floor_tokens = few > inside ? few - inside : 0;
    prompts->is_calibrated = true;
    return ASSAY_OK;
}
