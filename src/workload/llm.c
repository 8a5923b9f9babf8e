/* The workload's table, and what happens at its ends: options to state, state to plan. */
#include "workload/llm.h"
#include "workload/workload.h"

#include "base/mem.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define API_KEY_BYTES_MAX 4096 /* keys are at most a token of a few kilobytes */

/* ---- options to state ------------------------------------------------------------------------------------------- */

/* The API key comes from a file or the environment, never from the command line, where others can see it. */
static assay_code read_api_key(struct assay_llm_state *state, assay_err *err)
{
    const struct assay_llm_options *options = &state->options;
    struct assay_buf key, value;
    assay_buf_init(&key, API_KEY_BYTES_MAX);
    assay_buf_init(&value, API_KEY_BYTES_MAX + 16);
    assay_code rc = ASSAY_OK;
    if (options->api_key_file != NULL) {
        rc = assay_buf_read_file(&key, options->api_key_file, err);
    } else if (options->api_key_env != NULL) {
        const char *text = getenv(options->api_key_env);
        if (text == NULL) {
            rc = assay_fail(err, ASSAY_USAGE, "--api-key-env: the environment has no %s", options->api_key_env);
        } else {
            assay_buf_text(&key, text);
            rc = assay_buf_check(&key, err);
        }
    }
    struct assay_slice trimmed = assay_slice_trim((struct assay_slice){key.data, key.len});
    bool is_asked = options->api_key_file != NULL || options->api_key_env != NULL;
    if (rc == ASSAY_OK && is_asked && (trimmed.len == 0 || memchr(trimmed.data, '\0', trimmed.len) != NULL)) {
        rc = assay_fail(err, ASSAY_USAGE, "%s holds no API key, expected one line of text",
                        options->api_key_file != NULL ? options->api_key_file : options->api_key_env);
    }
    if (rc == ASSAY_OK && is_asked) {
        size_t len;
        assay_buf_text(&value, "Bearer ");
        assay_buf_append(&value, trimmed.data, trimmed.len);
        rc = assay_buf_check(&value, err);
        state->api_key = assay_buf_take(&value, &len);
    }
    assay_buf_done(&key);
    assay_buf_done(&value);
    return rc;
}

static void add_header(struct assay_llm_state *state, const char *name, const char *value)
{
    state->headers[state->headers_count++] = (struct assay_net_header){name, value};
}

/* "NAME: VALUE" in place: the copy is cut at the colon. */
static assay_code split_headers(struct assay_llm_state *state, assay_err *err)
{
    const struct assay_opt_list *list = &state->options.header;
    size_t bytes = 1;
    for (size_t i = 0; i < list->count; i++) {
        bytes += strlen(list->items[i]) + 1;
    }
    char *at = state->headers_text = assay_alloc(bytes, 1);
    if (at == NULL) {
        return assay_nomem(err);
    }
    for (size_t i = 0; i < list->count; i++) {
        size_t len = strlen(list->items[i]);
        memcpy(at, list->items[i], len + 1);
        char *colon = strchr(at, ':');
        if (colon == NULL) {
            return assay_fail(err, ASSAY_USAGE, "--header number %zu has no colon, expected NAME:VALUE", i + 1);
        }
        *colon = '\0';
        add_header(state, at, colon + 1 + strspn(colon + 1, " \t"));
        at += len + 1;
    }
    return ASSAY_OK;
}

static assay_code make_headers(struct assay_llm_state *state, assay_err *err)
{
    add_header(state, "Content-Type", "application/json");
    assay_code rc = read_api_key(state, err);
    if (rc == ASSAY_OK && state->api_key != NULL) {
        add_header(state, "Authorization", state->api_key);
    }
    return rc == ASSAY_OK ? split_headers(state, err) : rc;
}

static void make_prefix(struct assay_llm_state *state)
{
    const char *path = assay_net_target_url(state->target)->path;
    size_t len = strlen(path);
    while (len > 0 && path[len - 1] == '/') {
        len--;
    }
    if (len >= 3 && strncmp(path + len - 3, "/v1", 3) == 0) {
        len -= 3; /* the dialect's paths bring their own */
    }
    (void)snprintf(state->prefix, sizeof state->prefix, "%.*s", (int)len, path);
}

static assay_code open_target(struct assay_llm_state *state, assay_err *err)
{
    const struct assay_llm_options *options = &state->options;
    if (options->url == NULL) {
        return assay_fail(err, ASSAY_USAGE, "--url is missing, expected the server's address");
    }
    struct assay_net_url url;
    struct assay_net_proxy proxy = {.is_set = false};
    assay_code rc = assay_net_url_parse(options->url, &url, err);
    if (rc == ASSAY_OK && strchr(url.path, '?') != NULL) { /* not shown: it may hold a key */
        rc = assay_fail(err, ASSAY_USAGE, "--url holds a query ('?...'), which is not sent: send keys as a header");
    }
    if (rc == ASSAY_OK && options->proxy == NULL) {
        rc = assay_net_proxy_from_env(&url, getenv, &proxy, err);
    }
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct assay_net_target_options target = {
        .url = options->url,
        .ca_file = options->ca_file,
        .is_insecure = options->is_insecure,
        .proxy = options->proxy,
        .found_proxy = proxy.is_set ? &proxy : NULL, /* with its user name and password */
        .timeout_ns = options->connect_ns,
    };
    rc = assay_net_target_open(&target, &state->target, err);
    if (rc == ASSAY_OK) {
        make_prefix(state);
        state->path_kind = assay_llm_path_kind(state);
    }
    return rc;
}

static assay_code read_shapes(struct assay_llm_state *state, assay_err *err)
{
    const struct assay_llm_options *options = &state->options;
    state->prompts.milli_tokens_per_word = 1000;
    assay_code rc = assay_lengths_parse(options->prompt_tokens, "--prompt-tokens", &state->prompt_lengths, err);
    if (rc == ASSAY_OK) {
        rc = assay_lengths_parse(options->output_tokens, "--output-tokens", &state->output_lengths, err);
    }
    if (rc == ASSAY_OK && options->prompts != NULL) {
        rc = assay_llm_prompts_read(&state->prompts, options->prompts, err);
    }
    if (rc == ASSAY_OK && (options->prefix_share <= 0 || options->prefix_share >= 1)) {
        rc = assay_fail(err, ASSAY_USAGE, "--prefix-share is %g, expected more than 0 and less than 1",
                        options->prefix_share);
    }
    return rc;
}

static assay_code make_body(struct assay_llm_state *state, assay_err *err)
{
    struct assay_llm_body body = {&state->options, state->endpoint, state->model};
    assay_buf_init(&state->body.text, ASSAY_NET_BODY_BYTES_MAX);
    state->dialect->write_body(&body, &state->body.text);
    return assay_buf_check(&state->body.text, err);
}

/* The whole file through the hash, in pieces: models are larger than what a buffer here may hold. */
static bool hash_descriptor(int fd, struct assay_digest *ret)
{
    enum { PIECE_BYTES = 1 << 20 };
    char *piece = assay_alloc(PIECE_BYTES, 1);
    ssize_t len = piece != NULL ? 1 : -1;
    struct assay_sha256 hash;
    assay_sha256_init(&hash);
    while (len > 0) {
        len = read(fd, piece, PIECE_BYTES);
        if (len > 0) {
            assay_sha256_add(&hash, piece, (size_t)len);
        }
    }
    assay_free(piece);
    if (len == 0) {
        assay_sha256_end(&hash, ret);
    }
    return len == 0;
}

/* SHA-256 of the model's file, if the server runs here and names one that can be read; else it stays unknown. */
static void hash_model_file(struct assay_llm_state *state)
{
    const char *path = json_string_value(assay_json_at(state->before, "/model_path/value"));
    struct assay_digest digest;
    int fd = path != NULL && strcmp(state->path_kind, "loopback") == 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) {
        return;
    }
    if (hash_descriptor(fd, &digest)) {
        assay_digest_print(&digest, state->model_sha256);
    }
    (void)close(fd);
}

assay_code assay_llm_state_open(struct assay_llm_state *state, assay_err *err)
{
    state->busy_before = state->busy_after = -1;
    state->cached_floor = ASSAY_COUNT_ABSENT;
    state->load_ns = ASSAY_NS_ABSENT;
    state->stamping.fd = -1;
    assay_code rc = read_shapes(state, err);
    rc = rc == ASSAY_OK ? make_headers(state, err) : rc;
    rc = rc == ASSAY_OK ? assay_net_stamping_open(&state->stamping, err) : rc;
    rc = rc == ASSAY_OK ? open_target(state, err) : rc;
    rc = rc == ASSAY_OK ? assay_llm_dialect_choose(state, err) : rc;
    rc = rc == ASSAY_OK ? assay_llm_model_resolve(state, err) : rc;
    rc = rc == ASSAY_OK ? assay_llm_identity_ask(state, &state->before, err) : rc;
    rc = rc == ASSAY_OK ? make_body(state, err) : rc;
    if (rc == ASSAY_OK) {
        hash_model_file(state);
    }
    if (rc == ASSAY_OK && state->options.use_probes && state->options.prompts == NULL) {
        rc = assay_llm_calibrate(state, err);
    }
    if (rc != ASSAY_OK && state->target != NULL) { /* before that the URL may hold a password */
        assay_wrap(err, "%s", state->options.url);
    }
    return rc;
}

/* Without a URL it is arms that have one, which are known later. */
static assay_code llm_open(void *block, assay_err *err)
{
    struct assay_llm_state *state = block;
    state->stamping.fd = -1;
    return state->options.url != NULL ? assay_llm_state_open(state, err) : ASSAY_OK;
}

void assay_llm_state_close(struct assay_llm_state *state)
{
    assay_net_loop_free(state->probing);
    assay_net_target_close(state->target);
    if (state->stamping.fd >= 0) {
        assay_net_stamping_close(&state->stamping);
    }
    assay_lengths_free(state->prompt_lengths);
    assay_lengths_free(state->output_lengths);
    assay_llm_prompts_done(&state->prompts);
    assay_buf_done(&state->body.text);
    assay_free(state->api_key);
    assay_free(state->headers_text);
    json_decref(state->before);
    json_decref(state->after);
    assay_text_argv_free(state->argv);
}

static void llm_close(void *block)
{
    struct assay_llm_state *state = block;
    for (size_t i = 0; i < state->arms_count; i++) {
        assay_llm_state_close(state->arms[i]);
        assay_free(state->arms[i]);
    }
    assay_free(state->arms);
    assay_llm_state_close(state);
}

/* ---- state to plan ---------------------------------------------------------------------------------------------- */

bool assay_llm_is_shared_prefix(const struct assay_llm_state *state)
{
    return state->options.state == ASSAY_LLM_CACHED;
}

struct assay_llm_prompt assay_llm_prompt_of(const struct assay_llm_state *state, const struct assay_plan_op *op)
{
    struct assay_llm_prompt prompt = {.salt = op->salt, .has_salt = state->options.use_salt};
    uint32_t words = assay_llm_prompt_words(&state->prompts, op->prompt_tokens);
    if (assay_llm_is_shared_prefix(state)) {
        /* of the longest prompt, so that the prefix is the same for all */
        uint32_t longest = assay_llm_prompt_words(&state->prompts, assay_lengths_max(state->prompt_lengths));
        prompt.prefix_words = (uint32_t)((double)longest * state->options.prefix_share);
        prompt.prefix_seed = state->prompts.prefix_seed;
        words = words > prompt.prefix_words ? words - prompt.prefix_words : 1;
    }
    if (op->prompt > 0) {
        prompt.text = state->prompts.texts[op->prompt - 1];
    } else {
        prompt.words = words;
    }
    return prompt;
}

/* Arms get the same load in a round, each request under a fresh salt: what was drawn for the same place in the round's
 * first window. */
static void copy_round(struct assay_plan *plan)
{
    size_t round = plan->load.window * plan->arms_count;
    for (size_t i = 0; i < plan->ops_count; i++) {
        const struct assay_plan_op *first = &plan->ops[i / round * round + i % plan->load.window];
        plan->ops[i].prompt_tokens = first->prompt_tokens;
        plan->ops[i].output_tokens = first->output_tokens;
        plan->ops[i].prompt = first->prompt;
    }
}

/* Warm-up is never given one of the user's prompts: they are all there to be measured. */
static void draw_operations(struct assay_llm_state *state, struct assay_plan *plan)
{
    struct assay_rng salts, prompts, outputs, order;
    assay_rng_seed(&salts, plan->seed, "llm salt");
    assay_rng_seed(&prompts, plan->seed, "llm prompt tokens");
    assay_rng_seed(&outputs, plan->seed, "llm output tokens");
    assay_rng_seed(&order, plan->seed, "llm prompt order");
    size_t count = state->prompts.count, first = count > 0 ? assay_rng_below(&order, count) : 0, taken = 0;
    for (size_t i = 0; i < plan->ops_count; i++) {
        struct assay_plan_op *op = &plan->ops[i];
        op->salt = assay_rng_u64(&salts);
        uint32_t prompt = assay_lengths_draw(state->prompt_lengths, &prompts);
        uint32_t output = assay_lengths_draw(state->output_lengths, &outputs);
        op->prompt_tokens = op->prompt_tokens > 0 ? op->prompt_tokens : prompt; /* a replay brings its own */
        op->output_tokens = op->output_tokens > 0 ? op->output_tokens : output;
        if (count > 0 && !op->is_warmup) {
            op->prompt = (uint32_t)((first + taken++) % count) + 1;
        }
    }
    if (plan->load.mode == ASSAY_LOAD_PAIRED) {
        copy_round(plan);
    }
}

assay_code assay_llm_put_resolved(const struct assay_llm_state *state, json_t *object, assay_err *err)
{
    struct assay_json_builder b = {0};
    json_t *resolved = assay_json_put_object(&b, object, "llm_resolved");
    assay_json_put_text(&b, resolved, "dialect", state->dialect->name);
    assay_json_put_text(&b, resolved, "endpoint", state->endpoint->path);
    assay_json_put_text(&b, resolved, "model", state->model);
    assay_json_put_text(&b, resolved, "path", state->path_kind);
    assay_json_put_bool(&b, resolved, "prompts_calibrated", state->prompts.is_calibrated);
    assay_json_put_u64(&b, resolved, "prompt_floor_tokens", state->prompts.floor_tokens);
    assay_json_put_u64(&b, resolved, "prompt_milli_tokens_per_word", state->prompts.milli_tokens_per_word);
    const char *digest = json_string_value(assay_json_at(state->before, "/model_digest/value"));
    if (digest != NULL) {
        assay_json_put_text(&b, resolved, "model_digest", digest);
    }
    json_t *names = assay_json_put_array(&b, resolved, "header_names");
    for (size_t i = 0; i < state->headers_count; i++) {
        assay_json_add_text(&b, names, state->headers[i].name);
    }
    return assay_json_builder_check(&b, object, err);
}

/* What readers of the plan look for in its options: the first arm's goals, and whether all of it is a script. */
static assay_code put_meanings(struct assay_llm_state *state, struct assay_plan *plan, assay_err *err)
{
    struct assay_json_builder b = {0};
    const struct assay_llm_options *options = &assay_llm_arm(state, 0)->options;
    if (options->slo_ttft_ns > 0 || options->slo_tpot_ns > 0 || options->slo_e2e_ns > 0) {
        json_t *slo = assay_json_put_object(&b, plan->options, "slo");
        if (options->slo_ttft_ns > 0) {
            assay_json_put_u64(&b, slo, "ttft_ns", options->slo_ttft_ns);
        }
        if (options->slo_tpot_ns > 0) {
            assay_json_put_u64(&b, slo, "tpot_ns", options->slo_tpot_ns);
        }
        if (options->slo_e2e_ns > 0) {
            assay_json_put_u64(&b, slo, "e2e_ns", options->slo_e2e_ns);
        }
    }
    bool is_scripted = false;
    for (size_t i = 0; i < assay_llm_arms_count(state); i++) {
        const struct assay_llm_state *arm = assay_llm_arm(state, i);
        is_scripted |= arm->options.peer == ASSAY_LLM_PEER_SCRIPTED ||
                       (arm->options.peer == ASSAY_LLM_PEER_AUTO && arm->is_scripted);
    }
    if (is_scripted) {
        assay_json_put_text(&b, plan->options, "peer", "scripted");
    }
    return assay_json_builder_check(&b, plan->options, err);
}

static assay_code llm_plan(void *block, struct assay_plan *plan, assay_err *err)
{
    struct assay_llm_state *state = block;
    struct assay_rng rng;
    assay_rng_seed(&rng, plan->seed, "llm shared prefix");
    uint64_t prefix_seed = assay_rng_u64(&rng);
    for (size_t i = 0; i < assay_llm_arms_count(state); i++) {
        struct assay_llm_state *arm = assay_llm_arm(state, i);
        if (arm->options.state == ASSAY_LLM_COLD &&
            (plan->load.mode != ASSAY_LOAD_CLOSED || plan->load.concurrency != 1)) {
            return assay_fail(err, ASSAY_USAGE,
                              "state cold needs one request after the other: a closed loop of one user");
        }
        arm->prompts.prefix_seed = prefix_seed;
    }
    draw_operations(assay_llm_arm(state, 0), plan);
    assay_code rc = put_meanings(state, plan, err);
    return rc == ASSAY_OK ? assay_llm_put_resolved(assay_llm_arm(state, 0), plan->options, err) : rc;
}

/* A chunk and a segment a token, and as many again for streams that dribble. */
#define EVENTS_BESIDE 64 /* headers, role, finish, usage, end */
static uint32_t llm_events(void *block, const struct assay_plan_op *op)
{
    (void)block;
    uint64_t events = 3 * (uint64_t)op->output_tokens + EVENTS_BESIDE;
    return events < UINT32_MAX ? (uint32_t)events : UINT32_MAX;
}

/* ---- before and after ------------------------------------------------------------------------------------------- */

static assay_code count_busy(struct assay_llm_state *state, int *ret, assay_err *err)
{
    *ret = -1;
    return state->dialect->count_busy != NULL ? state->dialect->count_busy(state, ret, err) : ASSAY_OK;
}

/* Facts of /api/ps only exist while the model is in memory: what is absent on one side is no change. */
static bool has_changed(const json_t *before, const json_t *after)
{
    const char *name;
    json_t *entry;
    json_object_foreach((json_t *)(uintptr_t)before, name, entry)
    {
        const json_t *old = json_object_get(entry, "value");
        const json_t *now = json_object_get(json_object_get(after, name), "value");
        if (old != NULL && now != NULL && !json_equal(old, now)) {
            return true;
        }
    }
    return false;
}

/* Asks once more who answers, and remembers if it is another one. */
assay_code assay_llm_identity_look(struct assay_llm_state *state, assay_err *err)
{
    json_t *now = NULL;
    assay_code rc = assay_llm_identity_ask(state, &now, err);
    if (rc == ASSAY_OK) {
        json_decref(state->after);
        state->after = now;
        state->is_changed |= has_changed(state->before, now);
    }
    return rc;
}

/* A server that is gone after the run ends nothing: what was measured stays, but nobody knows any more of whom. */
static assay_code note_gone(struct assay_llm_state *state, assay_err *err)
{
    struct assay_json_builder b = {0};
    json_t *facts = json_object();
    json_t *entry = assay_json_put_object(&b, facts, "server");
    assay_json_put_text(&b, entry, "from", "after the run");
    assay_json_put_int(&b, entry, "absent", 0); /* as of a question without an answer */
    assay_code rc = assay_json_builder_check(&b, facts, err);
    if (rc != ASSAY_OK) {
        json_decref(facts);
        return rc;
    }
    json_decref(state->after);
    state->after = facts;
    state->is_changed = true;
    return ASSAY_OK;
}

assay_code assay_llm_verify_after(struct assay_llm_state *state, assay_err *err)
{
    assay_code rc = count_busy(state, &state->busy_after, err);
    rc = rc == ASSAY_OK ? assay_llm_state_check(state, err) : rc;
    rc = rc == ASSAY_OK ? assay_llm_identity_look(state, err) : rc;
    return rc == ASSAY_NETWORK || rc == ASSAY_TIMEOUT ? note_gone(state, err) : rc;
}

static assay_code verify_before(struct assay_llm_state *state, assay_err *err)
{
    assay_code rc = count_busy(state, &state->busy_before, err);
    return rc == ASSAY_OK ? assay_llm_state_prepare(state, err) : rc;
}

static assay_code llm_verify(void *block, enum assay_moment moment, assay_err *err)
{
    struct assay_llm_state *state = block;
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; i < assay_llm_arms_count(state) && rc == ASSAY_OK; i++) {
        struct assay_llm_state *arm = assay_llm_arm(state, i);
        rc = moment == ASSAY_BEFORE_RUN ? verify_before(arm, err) : assay_llm_verify_after(arm, err);
    }
    return rc;
}

/* A server on this machine works for the run: its CPU time is no noise. */
static size_t llm_local_ports(void *block, uint16_t *ret, size_t max)
{
    struct assay_llm_state *state = block;
    size_t count = 0;
    for (size_t i = 0; i < assay_llm_arms_count(state) && count < max; i++) {
        const struct assay_llm_state *arm = assay_llm_arm(state, i);
        if (strcmp(arm->path_kind, "loopback") == 0) {
            ret[count++] = assay_net_target_url(arm->target)->port;
        }
    }
    return count;
}

const struct assay_workload assay_workload_llm = {
    .name = "llm",
    .summary = "requests to a language model behind HTTP, their answers token by token",
    .options = assay_llm_option_rows,
    .options_count = ASSAY_LLM_OPTIONS_COUNT,
    .state_bytes = sizeof(struct assay_llm_state),
    .worker_bytes = sizeof(struct assay_llm_worker),
    .ops_per_user_s = 200, /* a request of a real model takes 5 ms at least */
    .defaults = assay_llm_options_defaults,
    .pairing = ASSAY_PAIRING_POSSIBLE,
    .open = llm_open,
    .arms = assay_llm_arms,
    .plan = llm_plan,
    .events = llm_events,
    .verify = llm_verify,
    .local_ports = llm_local_ports,
    .worker_open = assay_llm_worker_open,
    .submit = assay_llm_submit,
    .reap = assay_llm_reap,
    .turn = assay_llm_turn,
    .cancel = assay_llm_cancel,
    .worker_close = assay_llm_worker_close,
    .describe = assay_llm_describe,
    .close = llm_close,
};
