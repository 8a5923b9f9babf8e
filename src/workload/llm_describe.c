/* What the receipt says of the subject: identity document, subjects, checks, validity codes. */
#include "workload/llm.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

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
    assay_subject_add(b, subjects, name, "sha256", sha256);
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

/* The digest of a subject that is there already, or NULL. */
static const char *digest_of(const json_t *subjects, const char *role, const char *label)
{
    char name[512];
    (void)snprintf(name, sizeof name, "%s:%s", role, label);
    for (size_t i = 0; i < json_array_size(subjects); i++) {
        const json_t *subject = json_array_get(subjects, i);
        if (strcmp(json_string_value(json_object_get(subject, "name")), name) == 0) {
            return json_string_value(assay_json_at(subject, "/digest/sha256"));
        }
    }
    return NULL;
}

/* Endpoints that are the same are one subject. Two models of one name with different digests are told apart by arm. */
static void add_arm_subjects(const struct assay_llm_state *arm, char id, const char *identity_hex,
                             struct assay_json_builder *b, json_t *subjects)
{
    char hex[ASSAY_DIGEST_TEXT_BYTES], label[300];
    const char *authority = assay_net_target_url(arm->target)->authority;
    if (!digest_of(subjects, "endpoint", authority)) {
        add_subject(b, subjects, "endpoint", authority, identity_hex);
    }
    if (find_model_digest(arm, hex)) {
        const char *taken = digest_of(subjects, "model", arm->model);
        (void)snprintf(label, sizeof label, "%s%s%.*s", arm->model, taken ? "@" : "", taken ? 1 : 0, &id);
        if (!taken || strcmp(taken, hex) != 0) {
            add_subject(b, subjects, "model", label, hex);
        }
    }
}

static int compare_subjects(const void *a, const void *b)
{
    const json_t *const *left = a, *const *right = b;
    return strcmp(json_string_value(json_object_get(*left, "name")),
                  json_string_value(json_object_get(*right, "name")));
}

/* By name, as a receipt has them. */
static assay_code sort_subjects(json_t *subjects, assay_err *err)
{
    size_t count = json_array_size(subjects);
    json_t **rows = assay_alloc(count ? count : 1, sizeof(json_t *));
    if (!rows) {
        return assay_nomem(err);
    }
    for (size_t i = 0; i < count; i++) {
        rows[i] = json_incref(json_array_get(subjects, i));
    }
    qsort(rows, count, sizeof(json_t *), compare_subjects);
    for (size_t i = 0; i < count; i++) {
        (void)json_array_set_new(subjects, i, rows[i]);
    }
    assay_free(rows);
    return ASSAY_OK;
}

static assay_code make_subjects(struct assay_llm_state *state, const json_t *identity, json_t **ret, assay_err *err)
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
        for (size_t i = 0; i < assay_llm_arms_count(state); i++) {
            add_arm_subjects(assay_llm_arm(state, i), (char)('a' + i), hex, &b, subjects);
        }
        rc = assay_json_builder_check(&b, subjects, err);
    }
    rc = rc == ASSAY_OK ? sort_subjects(subjects, err) : rc;
    assay_buf_done(&text);
    if (rc != ASSAY_OK) {
        json_decref(subjects);
        return rc;
    }
    *ret = subjects;
    return ASSAY_OK;
}

/* ---- checks ----------------------------------------------------------------------------------------------------- */

#define CHECK_ID_BYTES 64

static json_t *add_check(struct assay_json_builder *b, json_t *checks, const char *name, const char *suffix,
                         const char *rule, const char *verdict, uint64_t n)
{
    char id[CHECK_ID_BYTES];
    (void)snprintf(id, sizeof id, "%s%s", name, suffix);
    json_t *check = assay_json_add_object(b, checks);
    assay_json_put_text(b, check, "id", id);
    assay_json_put_text(b, check, "rule", rule);
    assay_json_put_text(b, check, "verdict", verdict);
    assay_json_put_u64(b, check, "n", n);
    return assay_json_put_object(b, check, "data");
}

/* Whether requests that should find nothing in a prefix cache found something. */
static void add_cache_audit(const struct assay_llm_state *state, const char *suffix, struct assay_json_builder *b,
                            json_t *checks)
{
    const struct assay_llm_totals *totals = &state->totals;
    bool is_judged = state->options.state == ASSAY_LLM_WARM && state->cached_floor != ASSAY_COUNT_ABSENT;
    const char *verdict = !is_judged || totals->with_cached == 0 ? "not-measured"
                          : totals->over_floor > 0               ? "fail"
                                                                 : "pass";
    json_t *data = add_check(b, checks, "cache_audit", suffix, "cache_audit@1", verdict, totals->with_cached);
    assay_json_put_u64(b, data, "prompt_tokens", totals->prompt_tokens);
    assay_json_put_u64(b, data, "cached_tokens", totals->cached_tokens);
    assay_json_put_u64(b, data, "over_floor", totals->over_floor);
    if (state->cached_floor != ASSAY_COUNT_ABSENT) {
        assay_json_put_u64(b, data, "floor_tokens", state->cached_floor);
    }
}

/* Where token counts came from, and whether they agree. */
static void add_token_count(const struct assay_llm_state *state, const char *suffix, struct assay_json_builder *b,
                            json_t *checks)
{
    const struct assay_llm_totals *totals = &state->totals;
    uint64_t chunks = totals->sources[ASSAY_TOKENS_CHUNK_COUNT];
    const char *verdict = totals->requests == 0 || chunks == totals->requests ? "not-measured"
                          : totals->usage_mismatch > 0                        ? "fail"
                                                                              : "pass";
    json_t *data = add_check(b, checks, "token_count", suffix, "token_count@1", verdict, totals->requests);
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

/* Of one arm the identity document is its own; of several that of the first, with the others under `arms`. */
static json_t *make_identities(struct assay_llm_state *state, struct assay_json_builder *b)
{
    json_t *identity = make_identity(assay_llm_arm(state, 0), b);
    if (assay_llm_arms_count(state) > 1) {
        json_t *arms = assay_json_put_object(b, identity, "arms");
        for (size_t i = 1; i < assay_llm_arms_count(state); i++) {
            const char id[] = {(char)('a' + i), '\0'};
            assay_json_put(b, arms, id, make_identity(assay_llm_arm(state, i), b));
        }
    }
    return identity;
}

static void add_code(struct assay_json_builder *b, json_t *invalid, const char *code)
{
    for (size_t i = 0; i < json_array_size(invalid); i++) {
        if (strcmp(json_string_value(json_array_get(invalid, i)), code) == 0) {
            return;
        }
    }
    assay_json_add_text(b, invalid, code);
}

static void add_invalid(const struct assay_llm_state *state, struct assay_json_builder *b, json_t *invalid)
{
    if (state->busy_before > 0 || state->busy_after > 0 || state->busy_between > 0) {
        add_code(b, invalid, "busy");
    }
    if (state->is_state_wrong) {
        add_code(b, invalid, "state");
    }
    if (state->is_changed) {
        add_code(b, invalid, "subject");
    }
}

static bool is_scripted_peer(const struct assay_llm_state *state)
{
    return state->is_scripted || state->totals.scripted > 0;
}

assay_code assay_llm_describe(void *block, struct assay_description *ret, assay_err *err)
{
    struct assay_llm_state *state = block;
    struct assay_json_builder b = {0};
    json_t *identity = make_identities(state, &b), *subjects = NULL, *checks = json_array(), *invalid = json_array();
    bool is_scripted = false;
    for (size_t i = 0; i < assay_llm_arms_count(state); i++) {
        const struct assay_llm_state *arm = assay_llm_arm(state, i);
        const char id[] = {'-', (char)('a' + i), '\0'};
        const char *suffix = assay_llm_arms_count(state) > 1 ? id : "";
        add_cache_audit(arm, suffix, &b, checks);
        add_token_count(arm, suffix, &b, checks);
        add_invalid(arm, &b, invalid);
        is_scripted |= is_scripted_peer(arm);
    }
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
        .is_peer_scripted = is_scripted,
    };
    return ASSAY_OK;
}
