#include "judge/nodes.h"

#include "judge/judge_room.h"

#include <stdlib.h>
#include <string.h>

/* What of a server's word is about its host and not about what it serves. */
static const char *const OF_THE_HOST[] = {"owner", "model_path", "loaded_gpu_bytes", "slots"};
/* What of an arm's arguments says where it is, and not how it is asked. */
static const char *const OF_THE_PLACE[] = {"url",    "path",        "ca-file",      "insecure",       "proxy",
                                           "header", "api-key-env", "api-key-file", "restart-command"};

static bool is_among(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, list[i]) == 0) {
            return true;
        }
    }
    return false;
}
#define IS_AMONG(name, list) is_among(name, list, sizeof(list) / sizeof(list)[0])

static const char *shown(struct verdict_draft *draft, const json_t *value)
{
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS) : NULL;
    const char *copy = judge_draft_text(draft, "%.120s", text ? text : "unknown");
    free(text);
    return copy;
}

static void put_difference(struct verdict_draft *draft, const char *arm, const char *versus, const char *field,
                           const json_t *found, const json_t *expected)
{
    struct assay_verdict_row *row = judge_draft_row(draft, judge_draft_copy(draft, field), "difference");
    row->arm = arm;
    row->versus = versus;
    row->found = shown(draft, found);
    row->expected = shown(draft, expected);
    row->verdict = ASSAY_VERDICT_UNDECIDED;
    row->is_in_family = true;
}

/* Every member of either object that is not the same in the other. */
static size_t differences(struct verdict_draft *draft, const char *arm, const char *versus, json_t *left, json_t *right,
                          bool (*is_left_out)(const char *))
{
    size_t count = 0;
    const char *name;
    json_t *value;
    json_object_foreach(left, name, value)
    {
        const json_t *other = json_object_get(right, name);
        if (!is_left_out(name) && !(other && json_equal(value, other))) {
            put_difference(draft, arm, versus, name, other, value);
            count++;
        }
    }
    json_object_foreach(right, name, value)
    {
        if (!is_left_out(name) && !json_object_get(left, name)) {
            put_difference(draft, arm, versus, name, value, NULL);
            count++;
        }
    }
    return count;
}

static bool is_of_the_host(const char *name)
{
    return IS_AMONG(name, OF_THE_HOST);
}

static bool is_of_the_place(const char *name)
{
    return IS_AMONG(name, OF_THE_PLACE);
}

static bool names_digest(const json_t *said)
{
    const char *digest = json_string_value(assay_json_at(said, "/model_digest/value"));
    return digest != NULL && digest[0] != '\0'; /* asked for and not told is no digest */
}

/* What the server of an arm said before the run; the first arm's stands at the top of the document. */
static json_t *said_by(const json_t *identity, const char *arm, bool is_first)
{
    return json_object_get(is_first ? identity : json_object_get(json_object_get(identity, "arms"), arm), "before");
}

static size_t compare_arm(struct verdict_draft *draft, const struct assay_opened *run, const json_t *identity,
                          size_t arm)
{
    const struct assay_plan_arm *base = &run->plan->arms[0], *other = &run->plan->arms[arm];
    json_t *left = said_by(identity, base->id, true), *right = said_by(identity, other->id, false);
    if (!left || !right) {
        put_difference(draft, other->id, base->id, "identity", right, left);
        return 1;
    }
    return differences(draft, other->id, base->id, left, right, is_of_the_host) +
           differences(draft, other->id, base->id, base->args, other->args, is_of_the_place);
}

size_t nodes_differences(struct verdict_draft *draft, const struct assay_opened *run, const struct assay_asked *asked)
{
    json_t *identity = NULL;
    const struct assay_judge_bytes *bytes = &run->files.identity;
    if (strcmp(run->plan->workload, "llm") != 0) {
        return 0; /* commands and kernels are what they are told to be */
    }
    if (!bytes->data ||
        assay_json_read(bytes->data, bytes->len, &assay_json_limits_default, &identity, NULL) != ASSAY_OK) {
        put_difference(draft, run->plan->arms[0].id, NULL, "identity", NULL, NULL);
        return 1;
    }
    size_t count = 0;
    for (size_t arm = 1; arm < run->plan->arms_count; arm++) {
        count += compare_arm(draft, run, identity, arm);
    }
    const json_t *first = said_by(identity, run->plan->arms[0].id, true);
    if (count == 0 && first && !names_digest(first)) {
        judge_draft_note(draft,
                         "no server names a digest of its model: that they serve the same weights is their word");
        if (!asked->takes_model_names) {
            put_difference(draft, NULL, NULL, "model_digest", NULL, NULL);
            count++;
        }
    }
    json_decref(identity);
    return count;
}
