#include "judge/opened.h"

#include "crypto/crypto.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ARENA_BYTES_MAX ((size_t)1 << 20) /* one reason, made of the codes in `invalid` */
#define WHY_BYTES 512

static const char *keep(struct assay_opened *opened, const char *otherwise, const struct assay_buf *text)
{
    const char *kept =
        text->failed == ASSAY_OK && text->data ? assay_arena_text(&opened->arena, text->data, text->len) : NULL;
    return kept ? kept : otherwise;
}

static const char *why_refused(struct assay_opened *opened)
{
    const struct assay_judgement *judgement = opened->judgement;
    struct assay_buf text;
    assay_buf_init(&text, WHY_BYTES);
    assay_buf_printf(&text, "%zu violation%s, the first: ", judgement->violations_count,
                     judgement->violations_count == 1 ? "" : "s");
    if (judgement->violations_count > 0) {
        assay_buf_printf(&text, "%u %.200s", judgement->violations[0].gate, judgement->violations[0].pointer);
    }
    const char *ret = keep(opened, "the receipt does not verify", &text);
    assay_buf_done(&text);
    return ret;
}

static const char *why_invalid(struct assay_opened *opened)
{
    struct assay_buf text;
    const json_t *codes = assay_json_at(opened->statement, "/predicate/invalid");
    assay_buf_init(&text, WHY_BYTES);
    assay_buf_text(&text, "the run is invalid:");
    for (size_t i = 0; i < json_array_size(codes); i++) {
        const char *code = json_string_value(json_array_get(codes, i));
        assay_buf_printf(&text, " %.32s", code ? code : "");
    }
    const char *ret = keep(opened, "the run is invalid", &text);
    assay_buf_done(&text);
    return ret;
}

static bool has_only_invalid(const struct assay_judgement *judgement)
{
    for (size_t i = 0; i < judgement->violations_count; i++) {
        if (judgement->violations[i].gate != 341) {
            return false;
        }
    }
    return true;
}

/* How far the judgement lets a judge go. */
static void weigh(struct assay_opened *opened)
{
    const struct assay_judgement *judgement = opened->judgement;
    if (!judgement->is_readable || judgement->is_missing) {
        opened->trust = ASSAY_TRUST_NONE;
        opened->why = judgement->is_missing ? "not given" : why_refused(opened);
    } else if (opened->document != ASSAY_DOCUMENT_RECEIPT) {
        opened->trust = ASSAY_TRUST_NONE;
        opened->why = opened->document == ASSAY_DOCUMENT_RECORD
                          ? "a run record: the run failed, was aborted, or its compute is no real one"
                          : "an imported summary without samples: no test possible";
    } else if (judgement->lines[ASSAY_LINE_RECOMPUTE].verdict == ASSAY_VERDICT_FAIL ||
               judgement->lines[ASSAY_LINE_CRYPTO].verdict == ASSAY_VERDICT_FAIL ||
               judgement->lines[ASSAY_LINE_POLICY].verdict == ASSAY_VERDICT_FAIL) {
        opened->trust = ASSAY_TRUST_REFUSED;
        opened->why = why_refused(opened);
    } else if (json_array_size(assay_json_at(opened->statement, "/predicate/invalid")) > 0 &&
               has_only_invalid(judgement)) {
        opened->trust = ASSAY_TRUST_INVALID;
        opened->why = why_invalid(opened);
    } else if (judgement->lines[ASSAY_LINE_RECOMPUTE].verdict != ASSAY_VERDICT_PASS ||
               judgement->violations_count > 0) {
        opened->trust = ASSAY_TRUST_OPEN;
        opened->why = why_refused(opened); /* a plan or trace that is not given is a violation too */
    } else {
        opened->trust = ASSAY_TRUST_GOOD;
    }
}

/* Only what was derived again is taken apart: so neither parser sees bytes that the verifier did not accept. */
static assay_code take_apart(struct assay_opened *opened, assay_err *err)
{
    const struct assay_judge_files *files = &opened->files;
    assay_code rc = assay_plan_parse(files->plan.data, files->plan.len, &opened->plan, err);
    if (rc == ASSAY_OK) {
        rc = assay_trace_open(files->trace.data, files->trace.len, &opened->trace, NULL, err);
    }
    return rc;
}

static assay_code open_statement(struct assay_opened *opened, assay_err *err)
{
    const struct assay_judge_bytes *bytes = &opened->files.document;
    assay_err unread = {0};
    if (bytes->data &&
        assay_receipt_read(bytes->data, bytes->len, &opened->statement, &opened->document, &unread) != ASSAY_OK) {
        opened->statement = NULL;
        if (unread.code == ASSAY_NO_MEMORY) {
            return assay_nomem(err);
        }
    }
    const char *run_id = json_string_value(assay_json_at(opened->statement, "/predicate/attempts/runId"));
    if (run_id && strlen(run_id) < sizeof opened->run_id) {
        memcpy(opened->run_id, run_id, strlen(run_id) + 1);
    }
    return ASSAY_OK;
}

assay_code assay_opened_open(const struct assay_judge_files *files, const struct assay_judge_input *how,
                             struct assay_opened **ret, assay_err *err)
{
    assert(files && how && ret);
    struct assay_opened *opened = assay_alloc(1, sizeof *opened);
    if (!opened) {
        return assay_nomem(err);
    }
    *opened = (struct assay_opened){.name = files->name, .files = *files};
    assay_arena_init(&opened->arena, ARENA_BYTES_MAX);
    if (files->document.data) {
        struct assay_digest digest;
        assay_sha256_of(files->document.data, files->document.len, &digest);
        assay_digest_print(&digest, opened->sha256);
    }
    struct assay_judge_input input = *how;
    input.document = files->document;
    input.plan = files->plan;
    input.trace = files->trace;
    input.identity = files->identity;
    assay_code rc = assay_judge_verify(&input, &opened->judgement, err);
    if (rc == ASSAY_OK) {
        rc = open_statement(opened, err);
    }
    if (rc == ASSAY_OK) {
        weigh(opened);
    }
    if (rc == ASSAY_OK && opened->trust >= ASSAY_TRUST_INVALID) {
        rc = take_apart(opened, err);
    }
    if (rc != ASSAY_OK) {
        assay_opened_free(opened);
        return rc;
    }
    *ret = opened;
    return ASSAY_OK;
}

void assay_opened_free(struct assay_opened *opened)
{
    if (opened) {
        assay_judgement_free(opened->judgement);
        json_decref(opened->statement);
        assay_plan_free(opened->plan);
        assay_trace_free(opened->trace);
        assay_arena_done(&opened->arena);
        assay_free(opened);
    }
}

const json_t *assay_opened_metric(const struct assay_opened *opened, uint32_t arm, const char *name)
{
    const json_t *metrics = assay_json_at(opened->statement, "/predicate/metrics");
    const json_t *arms = assay_json_at(opened->statement, "/predicate/protocol/arms");
    const char *id = json_string_value(json_object_get(json_array_get(arms, arm), "id"));
    const json_t *metric;
    size_t i;
    json_array_foreach(id ? metrics : NULL, i, metric)
    {
        const char *of_arm = json_string_value(json_object_get(metric, "arm"));
        const char *its_name = json_string_value(json_object_get(metric, "name"));
        if (of_arm && its_name && strcmp(of_arm, id) == 0 && strcmp(its_name, name) == 0) {
            return metric;
        }
    }
    return NULL;
}

uint32_t assay_opened_arm(const struct assay_opened *opened, const char *name)
{
    const json_t *arms = assay_json_at(opened->statement, "/predicate/protocol/arms");
    static const char *const KEYS[] = {"id", "label"};
    for (size_t key = 0; key < 2; key++) {
        for (size_t i = 0; i < json_array_size(arms); i++) {
            const char *text = json_string_value(json_object_get(json_array_get(arms, i), KEYS[key]));
            if (text && strcmp(text, name) == 0) {
                return (uint32_t)i;
            }
        }
    }
    return UINT32_MAX;
}

bool assay_opened_value(const json_t *metric, double *ret)
{
    const char *text = json_string_value(json_object_get(metric, "value"));
    return text && assay_json_dec_read(text, ret);
}

const char *assay_opened_absent(const json_t *metric)
{
    const char *why = json_string_value(json_object_get(json_object_get(metric, "value"), "absent"));
    return why ? why : "";
}
