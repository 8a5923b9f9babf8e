#include "cli/claims_settings.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/proc.h"
#include "json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX ((size_t)64 << 20)
#define PATH_BYTES 4096
#define HARDWARE_VERSION 1

static enum assay_severity severity_of(const char *text)
{
    return strcmp(text, "note") == 0      ? ASSAY_SEVERITY_NOTE
           : strcmp(text, "warning") == 0 ? ASSAY_SEVERITY_WARNING
                                          : ASSAY_SEVERITY_ERROR;
}

/* The section as claims/ wants it. A rule named twice counts as the last one says. */
static assay_code take_policy(struct assay_claims_settings *settings, assay_err *err)
{
    const struct assay_policy_claims *from = &settings->document->claims;
    struct assay_claims_policy *to = &settings->policy;
    settings->rules = assay_alloc(from->rules_count + 1, sizeof *settings->rules);
    settings->suppressions =
        assay_alloc(from->suppress_count ? from->suppress_count : 1, sizeof *settings->suppressions);
    settings->same = assay_alloc(from->same_as_count ? from->same_as_count : 1, sizeof *settings->same);
    if (!settings->rules || !settings->suppressions || !settings->same) {
        return assay_nomem(err);
    }
    if (!from->is_given) {
        return ASSAY_OK;
    }
    to->has_fail_on = from->fail_on != NULL;
    to->fail_on = from->fail_on ? severity_of(from->fail_on) : ASSAY_SEVERITY_ERROR;
    to->min_coverage = from->min_coverage.is_given ? from->min_coverage.value : 0;
    to->forbid_unbound = from->forbids_unbound ? ASSAY_CLAIMS_UNBOUND_ALL : ASSAY_CLAIMS_UNBOUND_NONE;
    to->requires_signed = from->requires_signed;
    to->max_age_ns = from->max_age_ns;
    for (size_t i = 0; i < from->rules_count; i++) {
        bool is_off = strcmp(from->rules[i].level, "off") == 0;
        settings->rules[i] = (struct assay_claims_rule_level){
            .rule = from->rules[i].id, .is_off = is_off, .level = severity_of(from->rules[i].level)};
    }
    to->rules_count = from->rules_count;
    if (from->stale) {
        settings->rules[to->rules_count++] = (struct assay_claims_rule_level){
            .rule = "C906", .is_off = strcmp(from->stale, "off") == 0, .level = severity_of(from->stale)};
    }
    for (size_t i = 0; i < from->suppress_count; i++) {
        settings->suppressions[i] =
            (struct assay_claims_suppression){from->suppress[i].fingerprint, from->suppress[i].reason};
    }
    for (size_t i = 0; i < from->same_as_count; i++) {
        settings->same[i] = (struct assay_claims_same){from->same_as[i].words, from->same_as[i].count};
    }
    to->same_as = settings->same;
    to->same_as_count = from->same_as_count;
    to->rules = settings->rules;
    to->suppress = settings->suppressions;
    to->suppress_count = from->suppress_count;
    return ASSAY_OK;
}

static assay_code load_policy(struct assay_claims_settings *settings, const char *path, assay_err *err)
{
    struct assay_buf bytes;
    assay_buf_init(&bytes, FILE_BYTES_MAX);
    assay_code rc = assay_buf_read_file(&bytes, path, err);
    if (rc == ASSAY_OK) {
        rc = assay_policy_parse(bytes.data ? bytes.data : "", bytes.len, &settings->document, err);
    }
    if (rc == ASSAY_OK) {
        rc = take_policy(settings, err);
    }
    if (rc != ASSAY_OK) {
        assay_wrap(err, "policy '%s'", path);
    }
    assay_buf_done(&bytes);
    return rc;
}

static assay_code load_json(const char *path, json_t **ret, assay_err *err)
{
    struct assay_buf bytes;
    assay_buf_init(&bytes, FILE_BYTES_MAX);
    assay_code rc = assay_buf_read_file(&bytes, path, err);
    if (rc == ASSAY_OK) {
        rc = assay_json_read(bytes.data ? bytes.data : "", bytes.len, &assay_json_limits_default, ret, err);
    }
    if (rc != ASSAY_OK) {
        assay_wrap(err, "'%s'", path);
    }
    assay_buf_done(&bytes);
    return rc;
}

static int by_text(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

static assay_code take_base(struct assay_claims_settings *settings, assay_err *err)
{
    const json_t *findings = json_object_get(settings->base, "findings");
    size_t count = json_array_size(findings);
    if (!json_is_array(findings)) {
        return assay_fail(err, ASSAY_MALFORMED,
                          "--base is no output of 'assay claims --format json': it has no findings");
    }
    settings->old_fingerprints = assay_alloc(count ? count : 1, sizeof *settings->old_fingerprints);
    if (!settings->old_fingerprints) {
        return assay_nomem(err);
    }
    for (size_t i = 0; i < count; i++) {
        const char *fingerprint = json_string_value(json_object_get(json_array_get(findings, i), "fingerprint"));
        if (fingerprint) {
            settings->old_fingerprints[settings->old_count++] = fingerprint;
        }
    }
    qsort(settings->old_fingerprints, settings->old_count, sizeof *settings->old_fingerprints, by_text);
    return ASSAY_OK;
}

/* The table that came with this program: installed beside it, or in its source tree. False: there is none. */
static bool find_table(char *ret, size_t bytes)
{
    static const char *const PLACES[] = {"../share/assay/hardware.json", "../share/hardware.json"};
    char program[PATH_BYTES];
    char *slash = assay_proc_own_path(program, sizeof program, NULL) == ASSAY_OK ? strrchr(program, '/') : NULL;
    for (size_t i = 0; slash && i < sizeof PLACES / sizeof PLACES[0]; i++) {
        slash[1] = '\0';
        int n = snprintf(ret, bytes, "%s%s", program, PLACES[i]);
        if (n > 0 && (size_t)n < bytes && assay_path_exists(ret)) {
            return true;
        }
    }
    return false;
}

static assay_code load_hardware(struct assay_claims_settings *settings, const char *given, assay_err *err)
{
    char found[2 * PATH_BYTES];
    const char *path = given ? given : find_table(found, sizeof found) ? found : NULL;
    if (!path) {
        return ASSAY_OK;
    }
    assay_code rc = load_json(path, &settings->hardware, err);
    bool is_table = rc == ASSAY_OK &&
                    json_integer_value(json_object_get(settings->hardware, "assay_hardware")) == HARDWARE_VERSION &&
                    json_is_array(json_object_get(settings->hardware, "devices"));
    return rc != ASSAY_OK || is_table
               ? rc
               : assay_fail(err, ASSAY_MALFORMED,
                            "%s: no table of devices: '\"assay_hardware\": 1' and 'devices' are wanted", path);
}

assay_code assay_claims_settings_load(struct assay_claims_settings *settings, const char *policy, const char *hardware,
                                      const char *base, assay_err *err)
{
    assay_code rc = policy ? load_policy(settings, policy, err) : ASSAY_OK;
    rc = rc == ASSAY_OK ? load_hardware(settings, hardware, err) : rc;
    if (rc == ASSAY_OK && base) {
        rc = load_json(base, &settings->base, err);
        rc = rc == ASSAY_OK ? take_base(settings, err) : rc;
    }
    return rc;
}

void assay_claims_settings_done(struct assay_claims_settings *settings)
{
    assay_free(settings->old_fingerprints);
    assay_free(settings->rules);
    assay_free(settings->suppressions);
    assay_free(settings->same);
    json_decref(settings->base);
    json_decref(settings->hardware);
    assay_policy_free(settings->document);
}
