#include "record/policy_parts.h"

#include <string.h>

#define RULES_MAX 256
#define GROUPS_MAX 256

static const char *const LEVELS[] = {"error", "warning", "note", NULL};
static const char *const LEVELS_OR_OFF[] = {"error", "warning", "note", "off", NULL};

#define FIELD(member) offsetof(struct assay_policy_claims, member)
static const struct typed_key KEYS[] = {
    {.name = "fail_on", .type = TYPED_CHOICE, .at = FIELD(fail_on), .choices = LEVELS},
    {.name = "stale", .type = TYPED_CHOICE, .at = FIELD(stale), .choices = LEVELS_OR_OFF},
    {.name = "min_coverage", .type = TYPED_NUMBER, .at = FIELD(min_coverage), .most = 1},
    {.name = "forbid_unbound", .type = TYPED_BOOL, .at = FIELD(forbids_unbound)},
    {.name = "require_signed", .type = TYPED_BOOL, .at = FIELD(requires_signed)},
    {.name = "max_age", .type = TYPED_DURATION, .at = FIELD(max_age_ns)},
    {.name = "rules", .type = TYPED_OTHER},
    {.name = "same_as", .type = TYPED_OTHER},
    {.name = "suppress", .type = TYPED_OTHER},
};

static const struct typed_key RULE_KEYS[] = {
    {.name = "level", .type = TYPED_CHOICE, .at = offsetof(struct assay_policy_rule, level), .choices = LEVELS_OR_OFF},
};

static const struct typed_key GROUP_KEYS[] = {{.name = "same_as", .type = TYPED_WORDS, .at = 0}};

static const struct typed_key SUPPRESS_KEYS[] = {
    {.name = "fingerprint",
     .type = TYPED_TEXT,
     .at = offsetof(struct assay_policy_suppression, fingerprint),
     .is_required = true},
    {.name = "reason",
     .type = TYPED_TEXT,
     .at = offsetof(struct assay_policy_suppression, reason),
     .is_required = true},
};

/* A letter and three digits: "C602". */
static bool is_rule(const char *name)
{
    return name[0] == 'C' && strlen(name) == 4 && strspn(name + 1, "0123456789") == 3;
}

/* One entry through the table of one key, by a mapping of its own. */
static assay_code read_one(struct typed_reader *reader, const json_t *value, const char *where,
                           const struct typed_key *key, void *into)
{
    json_t *object = json_object();
    if (!object || json_object_set(object, key->name, (json_t *)(uintptr_t)value) != 0) {
        json_decref(object);
        return assay_nomem(reader->err);
    }
    assay_code rc = typed_object(reader, object, where, key, 1, into);
    json_decref(object);
    return rc;
}

static assay_code read_rules(struct typed_reader *reader, const json_t *rules, struct assay_policy_claims *claims)
{
    size_t count = json_object_size(rules);
    if (!json_is_object(rules) || count == 0 || count > RULES_MAX) {
        return typed_fail(reader, rules, "claims", "rules: expected a mapping such as {C602: off}");
    }
    claims->rules = assay_arena_take(reader->arena, count, sizeof *claims->rules);
    if (!claims->rules) {
        return assay_nomem(reader->err);
    }
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)rules, name, value)
    {
        struct assay_policy_rule *rule = &claims->rules[claims->rules_count++];
        if (!is_rule(name)) {
            return typed_fail(reader, value, "claims", "rules: '%.64s' is no rule; expected C and three digits", name);
        }
        rule->id = assay_arena_text(reader->arena, name, strlen(name));
        assay_code rc = rule->id ? read_one(reader, value, "claims.rules", RULE_KEYS, rule) : assay_nomem(reader->err);
        if (rc != ASSAY_OK) {
            return rc;
        }
    }
    return ASSAY_OK;
}

static assay_code read_groups(struct typed_reader *reader, const json_t *section, struct assay_policy_claims *claims)
{
    const json_t *list = json_object_get(section, "same_as");
    assay_code rc = typed_list(reader, section, "same_as", GROUPS_MAX, sizeof *claims->same_as, &claims->same_as,
                               &claims->same_as_count);
    for (size_t i = 0; i < claims->same_as_count && rc == ASSAY_OK; i++) {
        rc = read_one(reader, json_array_get(list, i), "claims", GROUP_KEYS, &claims->same_as[i]);
    }
    return rc;
}

static assay_code read_suppressions(struct typed_reader *reader, const json_t *section,
                                    struct assay_policy_claims *claims)
{
    const json_t *list = json_object_get(section, "suppress");
    assay_code rc = typed_list(reader, section, "suppress", GROUPS_MAX, sizeof *claims->suppress, &claims->suppress,
                               &claims->suppress_count);
    for (size_t i = 0; i < claims->suppress_count && rc == ASSAY_OK; i++) {
        char where[TYPED_WHERE_BYTES];
        typed_where(where, "claims.suppress", i, NULL);
        rc = typed_object(reader, json_array_get(list, i), where, SUPPRESS_KEYS, COUNT_OF(SUPPRESS_KEYS),
                          &claims->suppress[i]);
    }
    return rc;
}

assay_code policy_read_claims(struct typed_reader *reader, const json_t *root, struct assay_policy *policy)
{
    const json_t *section = json_object_get(root, "claims");
    struct assay_policy_claims *claims = &policy->claims;
    if (!section) {
        return ASSAY_OK;
    }
    claims->is_given = true;
    assay_code rc = typed_object(reader, section, "claims", KEYS, COUNT_OF(KEYS), claims);
    const json_t *rules = json_object_get(section, "rules");
    if (rc == ASSAY_OK && rules) {
        rc = read_rules(reader, rules, claims);
    }
    if (rc == ASSAY_OK) {
        rc = read_groups(reader, section, claims);
    }
    return rc == ASSAY_OK ? read_suppressions(reader, section, claims) : rc;
}
