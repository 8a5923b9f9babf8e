#include "record/policy.h"

#include "crypto/crypto.h"
#include "record/policy_parts.h"

#include <assert.h>
#include <string.h>

#define ARENA_BYTES_MAX ((size_t)8 << 20) /* 256 KiB of text and 256 gates, generously */
#define CONFIDENCE_DEFAULT 0.95
#define MARGIN_DEFAULT 0.02
#define FAMILY_Q_DEFAULT 0.01
#define STAGES_MAX COUNT_OF(((struct assay_policy_rollout *)NULL)->stages)

/* ---- tables ----------------------------------------------------------------------------------------------------- */

static const char *const PATHS[] = {"real", "scripted", "imported", NULL};
static const char *const ROLES[] = {"binary", "command", "data",   "endpoint", "kernel",
                                    "model",  "script",  "source", NULL};
static const char *const CHOICE_SOURCES[] = {"challenge", "log-head", NULL};
static const char *const CLEAN[] = {"clean", NULL};
static const char *const RELEASE[] = {"release", NULL};
static const char *const EQUAL[] = {"equal", NULL};
static const char *const REQUIRED[] = {"required", NULL};
static const char *const COVERS[] = {"fail", "undecided", NULL};

#define POLICY(member) offsetof(struct assay_policy, member)
static const struct typed_key TOP[] = {
    {.name = "assay_policy", .type = TYPED_OTHER, .is_required = true},
    {.name = "name", .type = TYPED_ID, .at = POLICY(name), .is_required = true},
    {.name = "version", .type = TYPED_COUNT, .at = POLICY(version), .least = 1, .most = 1e9},
    {.name = "require", .type = TYPED_OTHER},
    {.name = "defaults", .type = TYPED_OTHER},
    {.name = "compare", .type = TYPED_OTHER},
    {.name = "sets", .type = TYPED_OTHER},
    {.name = "gates", .type = TYPED_OTHER},
    {.name = "waivers", .type = TYPED_OTHER},
    {.name = "rollout", .type = TYPED_OTHER},
    {.name = "claims", .type = TYPED_OTHER},
};

static const struct typed_key DEFAULTS[] = {
    {.name = "confidence", .type = TYPED_REAL, .at = POLICY(confidence), .least = 0.5, .most = 0.9999},
    {.name = "margin", .type = TYPED_REAL, .at = POLICY(margin), .least = 0.0001, .most = 1},
    {.name = "family_q", .type = TYPED_REAL, .at = POLICY(family_q), .least = 0.0001, .most = 0.5},
    {.name = "max_age", .type = TYPED_DURATION, .at = POLICY(max_age_ns)},
};

static const struct typed_key COMPARE[] = {
    {.name = "must_match", .type = TYPED_WORDS, .at = POLICY(must_match)},
    {.name = "may_differ", .type = TYPED_WORDS, .at = POLICY(may_differ)},
};

#define REQUIRE_FIELD(member) offsetof(struct assay_policy_require, member)
static const struct typed_key REQUIRE[] = {
    {.name = "compute_path", .type = TYPED_WORDS, .at = REQUIRE_FIELD(compute_path), .choices = PATHS},
    {.name = "tree", .type = TYPED_MARK, .at = REQUIRE_FIELD(wants_clean_tree), .choices = CLEAN},
    {.name = "build", .type = TYPED_MARK, .at = REQUIRE_FIELD(wants_release_build), .choices = RELEASE},
    {.name = "tier", .type = TYPED_NUMBER, .at = REQUIRE_FIELD(tier), .most = 5},
    {.name = "subjects", .type = TYPED_WORDS, .at = REQUIRE_FIELD(subjects), .choices = ROLES},
    {.name = "host_class", .type = TYPED_MARK, .at = REQUIRE_FIELD(wants_host_class), .choices = EQUAL},
    {.name = "host_fields", .type = TYPED_WORDS, .at = REQUIRE_FIELD(host_fields)},
    {.name = "intent", .type = TYPED_MARK, .at = REQUIRE_FIELD(wants_intent), .choices = REQUIRED},
    {.name = "attempts_max", .type = TYPED_NUMBER, .at = REQUIRE_FIELD(attempts_max), .least = 1, .most = 1e6},
    {.name = "policy_logged", .type = TYPED_MARK, .at = REQUIRE_FIELD(wants_policy_logged), .choices = REQUIRED},
    {.name = "fallback_share_max", .type = TYPED_NUMBER, .at = REQUIRE_FIELD(fallback_share_max), .most = 1},
    {.name = "failed_share_max", .type = TYPED_NUMBER, .at = REQUIRE_FIELD(failed_share_max), .most = 1},
    {.name = "choices", .type = TYPED_WORDS, .at = REQUIRE_FIELD(choices), .choices = CHOICE_SOURCES},
    {.name = "audits", .type = TYPED_MARK, .at = REQUIRE_FIELD(wants_audits), .choices = REQUIRED},
    {.name = "aa_width_max", .type = TYPED_NUMBER, .at = REQUIRE_FIELD(aa_width_max), .most = 1},
};

#define SET_FIELD(member) offsetof(struct assay_policy_set, member)
static const struct typed_key SET[] = {
    {.name = "id", .type = TYPED_ID, .at = SET_FIELD(id), .is_required = true},
    {.name = "manifest", .type = TYPED_TEXT, .at = SET_FIELD(manifest), .is_required = true},
    {.name = "sha256", .type = TYPED_DIGEST, .at = SET_FIELD(sha256), .is_required = true},
};

#define WAIVER_FIELD(member) offsetof(struct assay_policy_waiver, member)
static const struct typed_key WAIVER[] = {
    {.name = "gate", .type = TYPED_ID, .at = WAIVER_FIELD(gate), .is_required = true},
    {.name = "covers", .type = TYPED_CHOICE, .at = WAIVER_FIELD(covers), .is_required = true, .choices = COVERS},
    {.name = "reason", .type = TYPED_TEXT, .at = WAIVER_FIELD(reason), .is_required = true},
    {.name = "issued", .type = TYPED_DAY, .at = WAIVER_FIELD(issued_day), .is_required = true},
    {.name = "expires", .type = TYPED_DAY, .at = WAIVER_FIELD(expires_day), .is_required = true},
};

#define ROLLOUT_FIELD(member) offsetof(struct assay_policy_rollout, member)
static const struct typed_key ROLLOUT[] = {
    {.name = "stages", .type = TYPED_OTHER, .is_required = true},
    {.name = "looks", .type = TYPED_COUNT, .at = ROLLOUT_FIELD(looks), .is_required = true, .least = 1, .most = 1000},
    {.name = "promote_after",
     .type = TYPED_COUNT,
     .at = ROLLOUT_FIELD(promote_after),
     .is_required = true,
     .least = 1,
     .most = 1000},
    {.name = "promote_margin",
     .type = TYPED_REAL,
     .at = ROLLOUT_FIELD(promote_margin),
     .is_required = true,
     .least = 0.0001,
     .most = 1},
    {.name = "rollback_margin",
     .type = TYPED_REAL,
     .at = ROLLOUT_FIELD(rollback_margin),
     .is_required = true,
     .least = 0.0001,
     .most = 10},
    {.name = "guards", .type = TYPED_WORDS, .at = ROLLOUT_FIELD(guards)},
    {.name = "max_holds",
     .type = TYPED_COUNT,
     .at = ROLLOUT_FIELD(max_holds),
     .is_required = true,
     .least = 1,
     .most = 1000},
    {.name = "cooldown", .type = TYPED_DURATION, .at = ROLLOUT_FIELD(cooldown_ns)},
};

/* ---- sections --------------------------------------------------------------------------------------------------- */

static assay_code read_section(struct typed_reader *reader, const json_t *root, const char *name,
                               const struct typed_key *keys, size_t count, void *into)
{
    const json_t *section = json_object_get(root, name);
    return section ? typed_object(reader, section, name, keys, count, into) : ASSAY_OK;
}

static assay_code read_sets(struct typed_reader *reader, const json_t *root, struct assay_policy *policy)
{
    assay_code rc = typed_list(reader, root, "sets", ASSAY_POLICY_SETS_MAX, sizeof *policy->sets, &policy->sets,
                               &policy->sets_count);
    const json_t *list = json_object_get(root, "sets");
    for (size_t i = 0; i < policy->sets_count && rc == ASSAY_OK; i++) {
        char where[TYPED_WHERE_BYTES];
        typed_where(where, "sets", i, json_array_get(list, i));
        rc = typed_object(reader, json_array_get(list, i), where, SET, COUNT_OF(SET), &policy->sets[i]);
        if (rc == ASSAY_OK && assay_policy_set(policy, policy->sets[i].id) != &policy->sets[i]) {
            rc = typed_fail(reader, json_array_get(list, i), where, "this id is given twice");
        }
    }
    return rc;
}

static bool is_gate(const struct assay_policy *policy, const char *id)
{
    for (size_t i = 0; i < policy->gates_count; i++) {
        if (strcmp(policy->gates[i].id, id) == 0) {
            return true;
        }
    }
    return false;
}

static assay_code read_waiver(struct typed_reader *reader, const json_t *object, size_t index,
                              const struct assay_policy *policy, struct assay_policy_waiver *waiver)
{
    char where[TYPED_WHERE_BYTES];
    typed_where(where, "waivers", index, NULL);
    assay_code rc = typed_object(reader, object, where, WAIVER, COUNT_OF(WAIVER), waiver);
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (!is_gate(policy, waiver->gate)) {
        return typed_fail_value(reader, json_object_get(object, "gate"), where, "gate", "the id of one of 'gates'");
    }
    int64_t days = waiver->expires_day - waiver->issued_day;
    if (days <= 0 || days > ASSAY_POLICY_WAIVER_DAYS_MAX) {
        return typed_fail_value(reader, json_object_get(object, "expires"), where, "expires",
                                "a day after 'issued', at most 90 days later");
    }
    return ASSAY_OK;
}

static assay_code read_waivers(struct typed_reader *reader, const json_t *root, struct assay_policy *policy)
{
    assay_code rc = typed_list(reader, root, "waivers", ASSAY_POLICY_WAIVERS_MAX, sizeof *policy->waivers,
                               &policy->waivers, &policy->waivers_count);
    const json_t *list = json_object_get(root, "waivers");
    for (size_t i = 0; i < policy->waivers_count && rc == ASSAY_OK; i++) {
        rc = read_waiver(reader, json_array_get(list, i), i, policy, &policy->waivers[i]);
    }
    return rc;
}

static assay_code read_stages(struct typed_reader *reader, const json_t *section, struct assay_policy_rollout *rollout)
{
    const json_t *list = json_object_get(section, "stages");
    double before = 0;
    rollout->stages_count = json_array_size(list);
    if (!json_is_array(list) || rollout->stages_count == 0 || rollout->stages_count > STAGES_MAX) {
        return typed_fail(reader, list, "rollout", "stages: expected a list of 1 to 16 shares such as [0.05, 1.00]");
    }
    for (size_t i = 0; i < rollout->stages_count; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (!text || !typed_quantity(text, "1", &rollout->stages[i]) || !(rollout->stages[i] > before) ||
            rollout->stages[i] > 1) {
            return typed_fail_value(reader, json_array_get(list, i), "rollout", "stages",
                                    "shares of traffic that rise, at most 1");
        }
        before = rollout->stages[i];
    }
    return ASSAY_OK;
}

static assay_code read_rollout(struct typed_reader *reader, const json_t *root, struct assay_policy *policy)
{
    const json_t *section = json_object_get(root, "rollout");
    struct assay_policy_rollout *rollout = &policy->rollout;
    if (!section) {
        return ASSAY_OK;
    }
    rollout->is_given = true;
    assay_code rc = typed_object(reader, section, "rollout", ROLLOUT, COUNT_OF(ROLLOUT), rollout);
    if (rc == ASSAY_OK) {
        rc = read_stages(reader, section, rollout);
    }
    if (rc == ASSAY_OK && !(rollout->rollback_margin > rollout->promote_margin)) {
        return typed_fail_value(reader, json_object_get(section, "rollback_margin"), "rollout", "rollback_margin",
                                "more than promote_margin, so that noise cannot swing the decision");
    }
    for (size_t i = 0; i < rollout->guards.count && rc == ASSAY_OK; i++) {
        if (!is_gate(policy, rollout->guards.words[i])) {
            rc = typed_fail(reader, json_object_get(section, "guards"), "rollout", "guards: there is no gate '%s'",
                            rollout->guards.words[i]);
        }
    }
    return rc;
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

static assay_code read_head(struct typed_reader *reader, const json_t *root, struct assay_policy *policy)
{
    assay_code rc = typed_head(reader, root, "a policy is", "assay_policy");
    rc = rc == ASSAY_OK ? typed_object(reader, root, "", TOP, COUNT_OF(TOP), policy) : rc;
    if (rc == ASSAY_OK && !json_object_get(root, "gates") && !json_object_get(root, "require") &&
        !json_object_get(root, "claims")) {
        rc = typed_fail(reader, root, "", "a policy has at least one of 'gates', 'require' and 'claims'");
    }
    return rc;
}

static assay_code read_policy(struct typed_reader *reader, const json_t *root, struct assay_policy *policy)
{
    assay_code rc = read_head(reader, root, policy);
    policy->has_require = json_object_get(root, "require") != NULL;
    if (rc == ASSAY_OK) {
        rc = read_section(reader, root, "require", REQUIRE, COUNT_OF(REQUIRE), &policy->require);
    }
    if (rc == ASSAY_OK) {
        rc = read_section(reader, root, "defaults", DEFAULTS, COUNT_OF(DEFAULTS), policy);
    }
    if (rc == ASSAY_OK) {
        rc = read_section(reader, root, "compare", COMPARE, COUNT_OF(COMPARE), policy);
    }
    if (rc == ASSAY_OK) {
        rc = read_sets(reader, root, policy);
    }
    if (rc == ASSAY_OK) {
        rc = policy_read_gates(reader, root, policy);
    }
    if (rc == ASSAY_OK) {
        rc = read_waivers(reader, root, policy);
    }
    if (rc == ASSAY_OK) {
        rc = read_rollout(reader, root, policy);
    }
    return rc == ASSAY_OK ? policy_read_claims(reader, root, policy) : rc;
}

assay_code assay_policy_parse(const char *bytes, size_t len, struct assay_policy **ret, assay_err *err)
{
    assert(bytes && ret);
    struct assay_policy *policy = assay_alloc(1, sizeof *policy);
    if (!policy) {
        return assay_nomem(err);
    }
    *policy = (struct assay_policy){
        .version = 1, .confidence = CONFIDENCE_DEFAULT, .margin = MARGIN_DEFAULT, .family_q = FAMILY_Q_DEFAULT};
    assay_arena_init(&policy->arena, ARENA_BYTES_MAX);
    struct assay_digest digest;
    assay_sha256_of(bytes, len, &digest);
    assay_digest_print(&digest, policy->sha256);
    struct typed_reader reader = {.arena = &policy->arena, .err = err};
    json_t *root = NULL;
    assay_code rc = assay_yaml_read_lines(bytes, len, &root, &reader.lines, err);
    if (rc == ASSAY_OK) {
        rc = read_policy(&reader, root, policy);
    }
    assay_yaml_lines_done(&reader.lines);
    json_decref(root);
    if (rc != ASSAY_OK) {
        assay_policy_free(policy);
        return rc;
    }
    *ret = policy;
    return ASSAY_OK;
}

void assay_policy_free(struct assay_policy *policy)
{
    if (policy) {
        assay_arena_done(&policy->arena);
        assay_free(policy);
    }
}

const struct assay_policy_set *assay_policy_set(const struct assay_policy *policy, const char *id)
{
    for (size_t i = 0; i < policy->sets_count; i++) {
        if (policy->sets[i].id && strcmp(policy->sets[i].id, id) == 0) {
            return &policy->sets[i];
        }
    }
    return NULL;
}
