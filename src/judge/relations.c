#include "judge/judge_room.h"

#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Gate 108 where two fields must fit each other. A field that was refused alone is left out here: its type is not what
 * these functions expect, and one fault is reported once. */

static const char METRICS[] = "/predicate/metrics";

static const char *place(struct assay_json_pointer *at, const char *list, size_t index, const char *name)
{
    (void)snprintf(at->text, sizeof at->text, "%s", list);
    at->len = strlen(at->text);
    (void)assay_json_pointer_index(at, index);
    if (name) {
        (void)assay_json_pointer_name(at, name);
    }
    return at->text;
}

static void refuse(struct judge *judge, const char *pointer, const json_t *found, const char *expected)
{
    if (!judge_is_refused(judge, pointer)) {
        judge_fail(judge, GATE_FIELD, pointer, found, expected);
    }
}

/* ---- subject ---- */

static bool is_role(const char *name)
{
    static const char *const ROLES[] = {
        "binary:", "command:", "data:", "endpoint:", "kernel:", "model:", "script:", "source:", NULL};
    for (const char *const *role = ROLES; *role; role++) {
        if (assay_text_starts(name, *role) && name[strlen(*role)] != '\0') {
            return true;
        }
    }
    return false;
}

/* before: the name of the subject before it, "" if there is none. */
static void check_subject(struct judge *judge, const json_t *subject, size_t i, const char *before)
{
    struct assay_json_pointer at;
    const json_t *digest = json_object_get(subject, "digest");
    const char *name = judge_text_of(subject, "name");
    if (!is_role(name)) {
        refuse(judge, place(&at, "/subject", i, "name"), json_object_get(subject, "name"),
               "role:label, the role one of binary command data endpoint kernel model script source");
    }
    if (strcmp(before, name) >= 0) {
        refuse(judge, place(&at, "/subject", i, "name"), json_object_get(subject, "name"),
               "subjects sorted by name, without duplicates");
    }
    bool is_source = assay_text_starts(name, "source:");
    if (json_is_object(digest) && !json_object_get(digest, is_source ? "gitCommit" : "sha256")) {
        refuse(judge, place(&at, "/subject", i, "digest"), digest, is_source ? "a gitCommit for a source" : "a sha256");
    }
}

static void check_subjects(struct judge *judge)
{
    const json_t *list = json_object_get(judge->statement, "subject");
    if (judge_is_refused(judge, "/subject")) {
        return;
    }
    const char *before = "";
    size_t i;
    const json_t *subject;
    json_array_foreach(list, i, subject)
    {
        check_subject(judge, subject, i, before);
        before = judge_text_of(subject, "name");
    }
}

/* ---- arms, metrics, entries ---- */

static bool is_arm(const json_t *arms, const char *id)
{
    size_t i;
    const json_t *arm;
    json_array_foreach(arms, i, arm)
    {
        if (strcmp(judge_text_of(arm, "id"), id) == 0) {
            return true;
        }
    }
    return false;
}

/* Ids of a list, each once; those that are no text say nothing here. */
static void check_ids(struct judge *judge, const json_t *items, const char *list, const char *expected)
{
    struct assay_json_pointer at;
    size_t i;
    const json_t *item;
    json_array_foreach(items, i, item)
    {
        const json_t *id = json_object_get(item, "id");
        for (size_t k = 0; k < i && json_is_string(id); k++) {
            if (strcmp(judge_text_of(json_array_get(items, k), "id"), json_string_value(id)) == 0) {
                refuse(judge, place(&at, list, i, "id"), id, expected);
            }
        }
    }
}

static void check_arms(struct judge *judge, const json_t *arms)
{
    static const char LIST[] = "/predicate/protocol/arms";
    if (json_array_size(arms) == 0) {
        refuse(judge, LIST, arms, "1 to 64 arms");
    }
    check_ids(judge, arms, LIST, "each arm once");
}

/* lower, upper and confidence stand together, and only beside a value. */
static void check_bounds_given(struct judge *judge, const json_t *metric, size_t i)
{
    static const char *const BOUNDS[] = {"lower", "upper", "confidence"};
    struct assay_json_pointer at;
    bool has_value = json_is_string(json_object_get(metric, "value"));
    bool is_given =
        json_object_get(metric, "lower") || json_object_get(metric, "upper") || json_object_get(metric, "confidence");
    for (size_t k = 0; k < 3; k++) {
        const json_t *bound = json_object_get(metric, BOUNDS[k]);
        if (bound && !has_value) {
            refuse(judge, place(&at, METRICS, i, BOUNDS[k]), bound, "no bounds without a value");
        } else if (!bound && is_given) {
            refuse(judge, place(&at, METRICS, i, BOUNDS[k]), NULL, "lower, upper and confidence together");
        }
    }
}

static void check_bounds(struct judge *judge, const json_t *metric, size_t i)
{
    static const char *const NAMES[] = {"value", "lower", "upper", "confidence"};
    struct assay_json_pointer at;
    double numbers[4];
    for (size_t k = 0; k < 4; k++) {
        if (!assay_json_dec_read(judge_text_of(metric, NAMES[k]), &numbers[k])) {
            return;
        }
    }
    if (!(numbers[1] <= numbers[0] && numbers[0] <= numbers[2])) {
        refuse(judge, place(&at, METRICS, i, "value"), json_object_get(metric, "value"), "a value from lower to upper");
    }
    if (!(numbers[3] > 0 && numbers[3] < 1)) {
        refuse(judge, place(&at, METRICS, i, "confidence"), json_object_get(metric, "confidence"),
               "a confidence between 0 and 1");
    }
}

static bool is_behind(const json_t *metric, const json_t *before)
{
    int order = strcmp(judge_text_of(before, "arm"), judge_text_of(metric, "arm"));
    return (order == 0 ? strcmp(judge_text_of(before, "name"), judge_text_of(metric, "name")) : order) < 0;
}

static void check_metrics(struct judge *judge, const json_t *metrics, const json_t *arms)
{
    struct assay_json_pointer at;
    const json_t *metric, *before = NULL;
    size_t i;
    json_array_foreach(metrics, i, metric)
    {
        bool is_key = before && !judge_is_refused(judge, place(&at, METRICS, i - 1, "name")) &&
                      !judge_is_refused(judge, place(&at, METRICS, i - 1, "arm"));
        if (is_key && !is_behind(metric, before)) {
            refuse(judge, place(&at, METRICS, i, "name"), json_object_get(metric, "name"),
                   "metrics sorted by arm and name, without duplicates");
        }
        if (!is_arm(arms, judge_text_of(metric, "arm"))) {
            refuse(judge, place(&at, METRICS, i, "arm"), json_object_get(metric, "arm"), "an arm of the protocol");
        }
        check_bounds_given(judge, metric, i);
        check_bounds(judge, metric, i);
        before = metric;
    }
}

static void check_entries(struct judge *judge, const json_t *entries, const json_t *arms)
{
    struct assay_json_pointer at;
    size_t i;
    const json_t *entry;
    json_array_foreach(entries, i, entry)
    {
        if (!is_arm(arms, judge_text_of(entry, "arm"))) {
            refuse(judge, place(&at, "/predicate/kernels/entries", i, "arm"), json_object_get(entry, "arm"),
                   "an arm of the protocol");
        }
    }
}

/* ---- the rest ---- */

static void check_hosts(struct judge *judge, const json_t *hosts)
{
    struct assay_json_pointer at;
    for (size_t i = 1; i < json_array_size(hosts); i++) {
        const json_t *before = json_object_get(json_array_get(hosts, i - 1), "rank");
        const json_t *here = json_object_get(json_array_get(hosts, i), "rank");
        if (json_integer_value(before) >= json_integer_value(here)) {
            refuse(judge, place(&at, "/predicate/environment/hosts", i, "rank"), here,
                   "hosts sorted by rank, without duplicates");
        }
    }
}

/* Without a signature there is no key whose documents could be counted. */
static void check_unsigned(struct judge *judge)
{
    static const char *const POINTERS[] = {"/predicate/attempts/counter", "/predicate/attempts/previous"};
    if (json_array_size(json_object_get(judge->envelope, "signatures")) > 0 ||
        json_array_size(assay_json_at(judge->statement, "/predicate/tier/signers")) > 0) {
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        const json_t *found = assay_json_at(judge->statement, POINTERS[i]);
        if (found && strcmp(judge_text_of(found, "absent"), "unsigned") != 0) {
            refuse(judge, POINTERS[i], found, "exactly {\"absent\":\"unsigned\"} without a signature");
        }
    }
}

void judge_field_relations(struct judge *judge)
{
    const json_t *statement = judge->statement;
    const json_t *arms = assay_json_at(statement, "/predicate/protocol/arms");
    check_subjects(judge);
    if (judge->out->document == ASSAY_DOCUMENT_IMPORTED) {
        return;
    }
    if (!judge_is_refused(judge, "/predicate/protocol/arms")) {
        check_arms(judge, arms);
        check_metrics(judge, assay_json_at(statement, "/predicate/metrics"), arms);
        check_entries(judge, assay_json_at(statement, "/predicate/kernels/entries"), arms);
    }
    check_hosts(judge, assay_json_at(statement, "/predicate/environment/hosts"));
    check_ids(judge, assay_json_at(statement, "/predicate/checks"), "/predicate/checks", "each check once");
    check_unsigned(judge);
}
