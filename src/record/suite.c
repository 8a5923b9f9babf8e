#include "record/suite.h"

#include "json/json.h"

#include <assert.h>
#include <string.h>

#define SUITE_ARENA_BYTES_MAX ((size_t)256 << 20) /* ASSAY_SUITE_RUNS_MAX runs with all their settings */

/* The settings of one entry of `runs`, with the defaults that it does not override; a value may still be a list. */
struct entry {
    const char *names[ASSAY_SUITE_SETTINGS_MAX];
    json_t *values[ASSAY_SUITE_SETTINGS_MAX]; /* borrowed */
    size_t count;
};

static assay_code entry_set(struct entry *entry, const char *name, json_t *value, assay_err *err)
{
    for (size_t i = 0; i < entry->count; i++) {
        if (strcmp(entry->names[i], name) == 0) {
            entry->values[i] = value;
            return ASSAY_OK;
        }
    }
    if (entry->count == ASSAY_SUITE_SETTINGS_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "more than %d settings in one run", ASSAY_SUITE_SETTINGS_MAX);
    }
    entry->names[entry->count] = name;
    entry->values[entry->count++] = value;
    return ASSAY_OK;
}

static assay_code check_value(const char *where, const char *name, const json_t *value, assay_err *err)
{
    if (json_is_string(value)) {
        return ASSAY_OK;
    }
    if (!json_is_array(value) || json_array_size(value) == 0) {
        return assay_fail(err, ASSAY_MALFORMED, "%s.%s must be a value or a list of values", where, name);
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (!json_is_string(json_array_get(value, i))) {
            return assay_fail(err, ASSAY_MALFORMED, "%s.%s[%zu] must be a plain value", where, name, i);
        }
    }
    return ASSAY_OK;
}

static assay_code entry_add(struct entry *entry, const char *where, json_t *object, assay_err *err)
{
    if (!object) {
        return ASSAY_OK;
    }
    if (!json_is_object(object)) {
        return assay_fail(err, ASSAY_MALFORMED, "%s must be a mapping of options", where);
    }
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        assay_code rc = check_value(where, name, value, err);
        if (rc == ASSAY_OK) {
            rc = entry_set(entry, name, value, err);
        }
        if (rc != ASSAY_OK) {
            return rc;
        }
    }
    return ASSAY_OK;
}

static size_t choices_of(const json_t *value)
{
    return json_is_array(value) ? json_array_size(value) : 1;
}

static const char *choice_at(const json_t *value, size_t index)
{
    return json_string_value(json_is_array(value) ? json_array_get(value, index) : value);
}

static assay_code count_product(const struct entry *entry, size_t room, size_t *ret, assay_err *err)
{
    size_t product = 1;
    for (size_t i = 0; i < entry->count; i++) {
        if (__builtin_mul_overflow(product, choices_of(entry->values[i]), &product) || product > room) {
            return assay_fail(err, ASSAY_TOO_LARGE, "the suite expands to more than %d runs", ASSAY_SUITE_RUNS_MAX);
        }
    }
    *ret = product;
    return ASSAY_OK;
}

/* Run number `index` of the entry's product; the last key varies fastest. */
static assay_code expand_one(struct assay_suite *suite, const struct entry *entry, size_t index,
                             struct assay_suite_run *run, assay_err *err)
{
    run->settings = assay_arena_take(&suite->arena, entry->count, sizeof *run->settings);
    if (!run->settings) {
        return assay_nomem(err);
    }
    for (size_t i = entry->count; i-- > 0;) {
        size_t choices = choices_of(entry->values[i]);
        const char *text = choice_at(entry->values[i], index % choices);
        index /= choices;
        char *name = assay_arena_text(&suite->arena, entry->names[i], strlen(entry->names[i]));
        char *value = assay_arena_text(&suite->arena, text, strlen(text));
        if (!name || !value) {
            return assay_nomem(err);
        }
        if (strcmp(name, "workload") == 0) {
            run->workload = value;
        } else {
            run->settings[run->settings_count++] =
                (struct assay_suite_setting){.name = name, .value = value, .is_varied = choices > 1};
        }
    }
    for (size_t i = 0, j = run->settings_count; i + 1 < j; i++) { /* back into the order of the file */
        struct assay_suite_setting swap = run->settings[i];
        run->settings[i] = run->settings[--j];
        run->settings[j] = swap;
    }
    if (!run->workload) {
        return assay_fail(err, ASSAY_MALFORMED, "a run has no 'workload'; give it in the run or in 'defaults'");
    }
    return ASSAY_OK;
}

static assay_code expand_entry(struct assay_suite *suite, json_t *defaults, json_t *object, size_t number,
                               assay_err *err)
{
    struct entry entry = {0};
    size_t product = 0;
    if (!json_is_object(object)) {
        return assay_fail(err, ASSAY_MALFORMED, "runs[%zu] must be a mapping of options", number);
    }
    assay_code rc = entry_add(&entry, "defaults", defaults, err);
    if (rc == ASSAY_OK) {
        rc = entry_add(&entry, "runs[]", object, err);
    }
    if (rc == ASSAY_OK) {
        rc = count_product(&entry, ASSAY_SUITE_RUNS_MAX - suite->runs_count, &product, err);
    }
    for (size_t i = 0; i < product && rc == ASSAY_OK; i++) {
        rc = expand_one(suite, &entry, i, &suite->runs[suite->runs_count], err);
        suite->runs_count++;
    }
    if (rc != ASSAY_OK) {
        assay_wrap(err, "runs[%zu]", number);
    }
    return rc;
}

static assay_code check_top(json_t *top, assay_err *err)
{
    static const char *const KEYS[] = {"assay_suite", "name", "defaults", "runs"};
    if (!json_is_object(top)) {
        return assay_fail(err, ASSAY_MALFORMED, "a suite is a mapping that begins with 'assay_suite: 1'");
    }
    const char *version = json_string_value(json_object_get(top, "assay_suite"));
    if (!version || strcmp(version, "1") != 0) {
        return assay_fail(err, version ? ASSAY_UNSUPPORTED : ASSAY_MALFORMED,
                          "'assay_suite' is %s; this program reads version 1", version ? version : "missing");
    }
    const char *name;
    json_t *value;
    json_object_foreach(top, name, value)
    {
        bool is_known = false;
        for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++) {
            is_known = is_known || strcmp(name, KEYS[i]) == 0;
        }
        if (!is_known) {
            return assay_fail(err, ASSAY_MALFORMED, "unknown key '%s'; a suite has assay_suite, name, defaults, runs",
                              name);
        }
    }
    if (!json_is_string(json_object_get(top, "name"))) {
        return assay_fail(err, ASSAY_MALFORMED, "'name' is missing");
    }
    if (!json_is_array(json_object_get(top, "runs")) || json_array_size(json_object_get(top, "runs")) == 0) {
        return assay_fail(err, ASSAY_MALFORMED, "'runs' must be a list with at least one run");
    }
    return ASSAY_OK;
}

assay_code assay_suite_parse(const char *bytes, size_t len, struct assay_suite *ret, assay_err *err)
{
    assert(bytes && ret);
    struct assay_suite suite = {0};
    json_t *top = NULL;
    assay_arena_init(&suite.arena, SUITE_ARENA_BYTES_MAX);
    assay_code rc = assay_yaml_read(bytes, len, &top, err);
    if (rc == ASSAY_OK) {
        rc = check_top(top, err);
    }
    if (rc == ASSAY_OK) {
        const char *name = json_string_value(json_object_get(top, "name"));
        suite.name = assay_arena_text(&suite.arena, name, strlen(name));
        suite.runs = assay_arena_take(&suite.arena, ASSAY_SUITE_RUNS_MAX, sizeof *suite.runs);
        rc = suite.name && suite.runs ? ASSAY_OK : assay_nomem(err);
    }
    json_t *runs = json_object_get(top, "runs");
    for (size_t i = 0; rc == ASSAY_OK && i < json_array_size(runs); i++) {
        rc = expand_entry(&suite, json_object_get(top, "defaults"), json_array_get(runs, i), i, err);
    }
    json_decref(top);
    if (rc != ASSAY_OK) {
        assay_suite_done(&suite);
        return rc;
    }
    *ret = suite;
    return ASSAY_OK;
}

void assay_suite_done(struct assay_suite *suite)
{
    assay_arena_done(&suite->arena);
    *suite = (struct assay_suite){0};
}
