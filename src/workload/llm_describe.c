/* What the receipt says of the subject: identity document, subjects, checks, validity codes. */
#include "workload/llm.h"

#include <stdio.h>

/* ---- identity.json ---------------------------------------------------------------------------------------------- */

static const char *const STATE_NAMES[] = {"any", "cold", "warm", "cached"};

static json_t *make_identity(const struct assay_llm_state *state, struct assay_json_builder *b)
{
    const struct assay_net_url *url = assay_net_target_url(state->target);
    char text[ASSAY_NET_HOST_BYTES_MAX + 32];
    (void)snprintf(text, sizeof text, "%s://%s", url->is_tls ? "https" : "http", url->authority);
    json_t *identity = json_object();
    assay_json_put_text(b, identity, "url", text);
    assay_json_put_text(b, identity, "prefix", state->prefix);
    assay_json_put_text(b, identity, "dialect", state->dialect->name);
    assay_json_put_text(b, identity, "endpoint", state->endpoint->path);
    assay_json_put_text(b, identity, "path", state->path_kind);
    assay_json_put_bool(b, identity, "path_declared", state->options.path != ASSAY_LLM_PATH_AUTO);
    assay_json_put_text(b, identity, "model", state->model);
    if (state->model_sha256[0] != '\0') {
        assay_json_put_text(b, identity, "model_file_sha256", state->model_sha256);
    }
    json_t *asked = assay_json_put_object(b, identity, "state");
    assay_json_put_text(b, asked, "asked", STATE_NAMES[state->options.state]);
    assay_json_put_bool(b, asked, "verified", state->options.state != ASSAY_LLM_ANY && !state->is_state_wrong);
    assay_json_put_text(b, asked, "how", state->state_text);
    assay_json_put(b, identity, "before", json_deep_copy(state->before));
    assay_json_put(b, identity, "after", json_deep_copy(state->after));
    return identity;
}

/* ---- subjects --------------------------------------------------------------------------------------------------- */

static void add_subject(struct assay_json_builder *b, json_t *subjects, const char *role, const char *label,
                        const char *sha256)
{
    char name[512];
    (void)snprintf(name, sizeof name, "%s:%s", role, label);
    json_t *subject = assay_json_add_object(b, subjects);
    assay_json_put_text(b, subject, "name", name);
    json_t *digest = assay_json_put_object(b, subject, "digest");
    assay_json_put_text(b, digest, "sha256", sha256);
}

/* The model's digest: Ollama's own, or that of the file which llama.cpp names, if it could be read here. */
static bool find_model_digest(const struct assay_llm_state *state, char ret[ASSAY_DIGEST_TEXT_BYTES])
{
    struct assay_digest digest;
    const char *said = json_string_value(assay_json_at(state->before, "/model_digest/value"));
    if (said != NULL && strncmp(said, "sha256:", 7) == 0) {
        said += 7;
    }
    if (said == NULL && state->model_sha256[0] != '\0') {
        said = state->model_sha256;
    }
    if (said == NULL || !assay_digest_read(said, &digest)) {
        return false;
    }
    assay_digest_print(&digest, ret);
    return true;
}

static assay_code make_subjects(const struct assay_llm_state *state, const json_t *identity, json_t **ret,
                                assay_err *err)
{
    struct assay_json_builder b = {0};
    struct assay_buf text;
    struct assay_digest digest;
    char hex[ASSAY_DIGEST_TEXT_BYTES];
    assay_buf_init(&text, ASSAY_LLM_ANSWER_BYTES_MAX);
    json_t *subjects = json_array();
    assay_code rc = assay_json_canon(identity, &text, err);
    rc = rc == ASSAY_OK ? assay_buf_check(&text, err) : rc;
    if (rc == ASSAY_OK) {
        assay_sha256_of(text.data, text.len, &digest);
        assay_digest_print(&digest, hex);
        add_subject(&b, subjects, "endpoint", assay_net_target_url(state->target)->authority, hex);
        if (find_model_digest(state, hex)) {
            add_subject(&b, subjects, "model", state->model, hex);
        }
        rc = assay_json_builder_check(&b, subjects, err);
    }
    assay_buf_done(&text);
    if (rc != ASSAY_OK) {
        json_decref(subjects);
        return rc;
    }
    *ret = subjects;
    return ASSAY_OK;
}

/* ---- checks ----------------------------------------------------------------------------------------------------- */

static json_t *add_check(struct assay_json_builder *b, json_t *checks, const char *id, const char *rule,
                         const char *verdict, uint64_t n)
{
    json_t *check = assay_json_add_object(b, checks);
    assay_json_put_text(b, check, "id", id);
    assay_json_put_text(b, check, "rule", rule);
    assay_json_put_text(b, check, "verdict", verdict);
    assay_json_put_u64(b, check, "n", n);
    return assay_json_put_object(b, check, "data");
}

/* Whether requests that should find nothing in a prefix cache found something. */
static void add_cache_audit(const struct assay_llm_state *state, struct assay_json_builder *b, json_t *checks)
{
    const struct assay_llm_totals *totals = &state->totals;
    bool is_judged = state->options.state == ASSAY_LLM_WARM && state->cached_floor != ASSAY_COUNT_ABSENT;
    const char *verdict = !is_judged || totals->with_cached == 0 ? "not-measured"
                          : totals->over_floor > 0               ? "fail"
                                                                 : "pass";
    json_t *data = add_check(b, checks, "cache_audit", "cache_audit@1", verdict, totals->with_cached);
    assay_json_put_u64(b, data, "prompt_tokens", totals->prompt_tokens);
    assay_json_put_u64(b, data, "cached_tokens", totals->cached_tokens);
    assay_json_put_u64(b, data, "over_floor", totals->over_floor);
    if (state->cached_floor != ASSAY_COUNT_ABSENT) {
        assay_json_put_u64(b, data, "floor_tokens", state->cached_floor);
    }
}

/* Where token counts came from, and whether they agree. */
static void add_token_count(const struct assay_llm_state *state, struct assay_json_builder *b, json_t *checks)
{
    const struct assay_llm_totals *totals = &state->totals;
    uint64_t chunks = totals->sources[ASSAY_TOKENS_CHUNK_COUNT];
    const char *verdict = totals->requests == 0 || chunks == totals->requests ? "not-measured"
                          : totals->usage_mismatch > 0                        ? "fail"
                                                                              : "pass";
    json_t *data = add_check(b, checks, "token_count", "token_count@1", verdict, totals->requests);
    for (int source = ASSAY_TOKENS_UNKNOWN; source < ASSAY_TOKENS_SOURCE_COUNT; source++) {
        if (totals->sources[source] > 0) {
            assay_json_put_u64(b, data, assay_token_source_text((enum assay_token_source)source),
                               totals->sources[source]);
        }
    }
    assay_json_put_u64(b, data, "usage_mismatch", totals->usage_mismatch);
    assay_json_put_u64(b, data, "without_usage", totals->no_usage);
    assay_json_put_u64(b, data, "impossible", totals->impossible);
    assay_json_put_u64(b, data, "truncated", totals->truncated);
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static json_t *make_invalid(const struct assay_llm_state *state, struct assay_json_builder *b)
{
    json_t *invalid = json_array();
    if (state->busy_before > 0 || state->busy_after > 0) {
        assay_json_add_text(b, invalid, "busy");
    }
    if (state->is_state_wrong) {
        assay_json_add_text(b, invalid, "state");
    }
    if (state->is_changed) {
        assay_json_add_text(b, invalid, "subject");
    }
    return invalid;
}

static bool is_scripted_peer(const struct assay_llm_state *state)
{
    return state->is_scripted || state->totals.scripted > 0;
}

assay_code assay_llm_describe(void *block, struct assay_description *ret, assay_err *err)
{
    struct assay_llm_state *state = block;
    struct assay_json_builder b = {0};
    json_t *identity = make_identity(state, &b), *subjects = NULL, *checks = json_array();
    json_t *invalid = make_invalid(state, &b);
    add_cache_audit(state, &b, checks);
    add_token_count(state, &b, checks);
    assay_code rc = assay_json_builder_check(&b, identity, err);
    rc = rc == ASSAY_OK ? assay_json_builder_check(&b, checks, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_builder_check(&b, invalid, err) : rc;
    rc = rc == ASSAY_OK ? make_subjects(state, identity, &subjects, err) : rc;
    if (rc != ASSAY_OK) {
        json_decref(identity);
        json_decref(checks);
        json_decref(invalid);
        return rc;
    }
    *ret = (struct assay_description){
        .subject = subjects,
        .identity = identity,
        .checks = checks,
        .invalid = invalid,
        .is_peer_scripted = is_scripted_peer(state),
    };
    return ASSAY_OK;
}
