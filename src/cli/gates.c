#include "cli/gates.h"

#include "base/file.h"

#include <string.h>

#define PATH_BYTES_MAX 65536

/* The folder of the policy in front of a relative name. */
static void place_of(const char *policy_path, const char *name, struct assay_buf *ret)
{
    const char *slash = strrchr(policy_path, '/');
    if (name[0] == '/' || !slash) {
        assay_buf_text(ret, name);
        return;
    }
    assay_buf_append(ret, policy_path, (size_t)(slash - policy_path) + 1);
    assay_buf_text(ret, name);
}

static assay_code load_file(struct assay_gates *gates, const char *policy_path, const char *name, size_t bytes_max,
                            assay_err *err)
{
    struct assay_buf place;
    for (size_t i = 0; i < gates->files_count; i++) {
        if (strcmp(gates->files[i].path, name) == 0) {
            return ASSAY_OK;
        }
    }
    if (gates->files_count == ASSAY_GATE_FILES_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "the policy names more than %d files", ASSAY_GATE_FILES_MAX);
    }
    assay_buf_init(&place, PATH_BYTES_MAX);
    place_of(policy_path, name, &place);
    assay_code rc = assay_buf_check(&place, err);
    struct assay_buf *bytes = &gates->bytes[gates->files_count];
    if (rc == ASSAY_OK && assay_path_exists(place.data)) {
        assay_buf_init(bytes, bytes_max);
        rc = assay_buf_read_file(bytes, place.data, err);
        gates->files[gates->files_count] =
            (struct assay_gate_file){.path = name, .bytes = {bytes->data ? bytes->data : "", bytes->len}};
        gates->files_count++;
    }
    assay_buf_done(&place);
    return rc;
}

static assay_code load_named(struct assay_gates *gates, const char *path, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; i < gates->policy->sets_count && rc == ASSAY_OK; i++) {
        rc = load_file(gates, path, gates->policy->sets[i].manifest, ASSAY_MANIFEST_BYTES_MAX, err);
    }
    for (size_t i = 0; i < gates->policy->gates_count && rc == ASSAY_OK; i++) {
        const char *prices = gates->policy->gates[i].prices;
        rc = prices ? load_file(gates, path, prices, ASSAY_POLICY_BYTES_MAX, err) : ASSAY_OK;
    }
    return rc;
}

assay_code assay_gates_load(const char *path, struct assay_gates *ret, assay_err *err)
{
    struct assay_buf text;
    *ret = (struct assay_gates){0};
    assay_buf_init(&text, ASSAY_POLICY_BYTES_MAX);
    assay_code rc = assay_buf_read_file(&text, path, err);
    if (rc == ASSAY_OK) {
        rc = assay_policy_parse(text.data ? text.data : "", text.len, &ret->policy, err);
        if (rc != ASSAY_OK) {
            assay_wrap(err, "policy '%s'", path);
        }
    }
    if (rc == ASSAY_OK) {
        rc = load_named(ret, path, err);
    }
    assay_buf_done(&text);
    return rc;
}

void assay_gates_done(struct assay_gates *gates)
{
    for (size_t i = 0; i < gates->files_count; i++) {
        assay_buf_done(&gates->bytes[i]);
    }
    assay_policy_free(gates->policy);
}

assay_code assay_gates_question(const struct assay_gates *gates, const struct assay_judged *judged, const char *path,
                                const char *date, struct assay_gate_question *ret, assay_err *err)
{
    const char *day = date ? date : judged->date;
    *ret = (struct assay_gate_question){.policy = gates->policy,
                                        .policy_name = path,
                                        .files = gates->files,
                                        .files_count = gates->files_count,
                                        .date = day,
                                        .tool = assay_cli_version(),
                                        .binary_sha256 = judged->binary_sha256[0] ? judged->binary_sha256 : NULL};
    return assay_day_read(day, &ret->day)
               ? ASSAY_OK
               : assay_fail(err, ASSAY_USAGE, "--date is '%.32s', expected a day such as 2026-11-21", day);
}

/* Under the policy's own name, or for any policy under "policy"; the higher one counts. */
static uint64_t version_min_of(const json_t *min_versions, const char *name)
{
    json_int_t own = json_integer_value(json_object_get(min_versions, name));
    json_int_t any = json_integer_value(json_object_get(min_versions, "policy"));
    json_int_t least = own > any ? own : any;
    return least > 0 ? (uint64_t)least : 0;
}

assay_code assay_gates_guard(const struct assay_judged *judged, const char *base, struct assay_gate_question *question,
                             char ret_digest[ASSAY_DIGEST_TEXT_BYTES], assay_err *err)
{
    const struct assay_trust *trust = judged->inputs ? judged->inputs->trust_read : NULL;
    question->trust = trust;
    question->log = judged->inputs && judged->inputs->place.log ? &judged->inputs->place.log->book : NULL;
    question->version_min = trust ? version_min_of(trust->min_versions, question->policy->name) : 0;
    if (!base) {
        return ASSAY_OK;
    }
    struct assay_buf bytes;
    struct assay_digest digest;
    assay_buf_init(&bytes, ASSAY_POLICY_BYTES_MAX);
    assay_code rc = assay_buf_read_file(&bytes, base, err);
    if (rc == ASSAY_OK) {
        assay_sha256_of(bytes.data ? bytes.data : "", bytes.len, &digest);
        assay_digest_print(&digest, ret_digest);
        question->base_sha256 = ret_digest;
    }
    assay_buf_done(&bytes);
    return rc;
}
