/* Findings for machines: assay.claims/1 (docs/formats/claims.md). */
#include "report/claims.h"

#include "record/record.h"
#include "json/json.h"

#include <math.h>
#include <string.h>

/* Foreign text as a JSON string: ill-formed bytes are shown as \xNN. */
static void put_foreign(struct assay_json_builder *b, json_t *object, const char *name, const char *bytes, size_t len)
{
    struct assay_buf shown;
    if (assay_utf8_valid_prefix(bytes, len) == len) {
        assay_json_put_slice(b, object, name, bytes, len);
        return;
    }
    assay_buf_init(&shown, len * 4 + 16);
    assay_text_show(&shown, bytes, len, len);
    assay_json_put_slice(b, object, name, shown.data ? shown.data : "", shown.len);
    assay_buf_done(&shown);
}

static void put_number(struct assay_json_builder *b, json_t *object, const char *name, double value)
{
    if (isfinite(value)) {
        assay_json_put_double(b, object, name, value);
    } else {
        assay_json_put_null(b, object, name); /* a half line has no end */
    }
}

static void fill_place(struct assay_json_builder *b, json_t *object, const struct assay_place *place)
{
    put_foreign(b, object, "file", place->path, strlen(place->path));
    assay_json_put_u64(b, object, "line", place->line);
    assay_json_put_u64(b, object, "column", place->column);
    assay_json_put_u64(b, object, "offset", place->offset);
    assay_json_put_u64(b, object, "bytes", place->len);
    put_foreign(b, object, "text", place->source.data, place->source.len);
}

static void add_finding(struct assay_json_builder *b, json_t *list, const struct assay_finding *finding)
{
    json_t *object = assay_json_add_object(b, list);
    assay_json_put_text(b, object, "rule", finding->rule->id);
    assay_json_put_text(b, object, "slug", finding->rule->slug);
    assay_json_put_text(b, object, "level", assay_severity_text(finding->level));
    put_foreign(b, object, "message", finding->message, strlen(finding->message));
    fill_place(b, object, &finding->place);
    if (finding->hint) {
        put_foreign(b, object, "hint", finding->hint, strlen(finding->hint));
    }
    json_t *notes = assay_json_put_array(b, object, "notes");
    for (size_t i = 0; i < finding->notes_count; i++) {
        assay_json_add_text(b, notes, finding->notes[i]);
    }
    json_t *operands = assay_json_put_array(b, object, "operands");
    for (size_t i = 0; i < finding->operands_count; i++) {
        fill_place(b, assay_json_add_object(b, operands), &finding->operands[i]);
    }
    json_t *readings = assay_json_put_array(b, object, "readings");
    for (size_t i = 0; i < finding->readings_count; i++) {
        json_t *reading = assay_json_add_object(b, readings);
        assay_json_put_text(b, reading, "name", finding->readings[i].name);
        put_number(b, reading, "lo", finding->readings[i].lo);
        put_number(b, reading, "hi", finding->readings[i].hi);
    }
    if (finding->replacement) {
        put_foreign(b, object, "replacement", finding->replacement, strlen(finding->replacement));
    }
    assay_json_put_text(b, object, "fingerprint", finding->fingerprint);
    assay_json_put_bool(b, object, "suppressed", finding->is_suppressed);
    if (finding->reason) {
        put_foreign(b, object, "reason", finding->reason, strlen(finding->reason));
    }
}

static void add_claim(struct assay_json_builder *b, json_t *list, const struct assay_claim_row *claim)
{
    json_t *object = assay_json_add_object(b, list);
    assay_json_put_text(b, object, "id", claim->id);
    fill_place(b, object, &claim->place);
    assay_json_put_text(b, object, "key", claim->key);
    assay_json_put_text(b, object, "unit", claim->unit);
    put_number(b, object, "value", claim->value);
    put_number(b, object, "lo", claim->lo);
    put_number(b, object, "hi", claim->hi);
    assay_json_put_text(b, object, "status", assay_claim_status_text(claim->status));
    if (claim->binding) {
        put_foreign(b, object, "binding", claim->binding, strlen(claim->binding));
    }
}

static void put_inputs(struct assay_json_builder *b, json_t *root, const struct assay_findings *findings)
{
    json_t *inputs = assay_json_put_array(b, root, "inputs");
    uint64_t claims = 0, bound = 0;
    for (size_t i = 0; i < findings->inputs_count; i++) {
        const struct assay_findings_input *input = &findings->inputs[i];
        json_t *object = assay_json_add_object(b, inputs);
        put_foreign(b, object, "path", input->path, strlen(input->path));
        assay_json_put_text(b, object, "sha256", input->sha256);
        assay_json_put_u64(b, object, "bytes", input->bytes);
        assay_json_put_u64(b, object, "lines", input->lines);
        assay_json_put_u64(b, object, "claims", input->claims);
        assay_json_put_u64(b, object, "bound", input->bound);
        claims += input->claims;
        bound += input->bound;
    }
    json_t *coverage = assay_json_put_object(b, root, "coverage");
    assay_json_put_u64(b, coverage, "claims", claims);
    assay_json_put_u64(b, coverage, "bound", bound);
    put_number(b, coverage, "share", claims ? (double)bound / (double)claims : 1);
}

static void put_undecided(struct assay_json_builder *b, json_t *root, const struct assay_findings *findings)
{
    json_t *list = assay_json_put_array(b, root, "undecided");
    for (size_t i = 0; i < findings->undecided_count; i++) {
        json_t *object = assay_json_add_object(b, list);
        assay_json_put_text(b, object, "rule", findings->undecided[i].rule->id);
        fill_place(b, object, &findings->undecided[i].place);
        assay_json_put_text(b, object, "reason", findings->undecided[i].reason);
    }
}

static void put_counts(struct assay_json_builder *b, json_t *root, const struct assay_findings *findings)
{
    json_t *counts = assay_json_put_object(b, root, "counts");
    assay_json_put_u64(b, counts, "quantities", findings->quantities);
    for (int i = 0; i < ASSAY_CLAIM_STATUS_COUNT; i++) {
        assay_json_put_u64(b, counts, assay_claim_status_text((enum assay_claim_status)i), findings->by_status[i]);
    }
    assay_json_put_u64(b, counts, "suppressed", findings->suppressed);
    assay_json_put_u64(b, counts, "htmlTables", findings->html_tables);
    json_t *misses = assay_json_put_array(b, root, "policy");
    for (size_t i = 0; i < findings->policy_misses_count; i++) {
        assay_json_add_text(b, misses, findings->policy_misses[i]);
    }
    assay_json_put_bool(b, root, "complete", findings->is_complete);
    if (findings->incomplete_why) {
        assay_json_put_text(b, root, "incomplete", findings->incomplete_why);
    }
}

assay_code assay_render_claims_json(const struct assay_findings *findings, struct assay_buf *out, assay_err *err)
{
    struct assay_json_builder b = {0};
    json_t *root = json_object();
    assay_json_put_text(&b, root, "format", "assay.claims/1");
    put_inputs(&b, root, findings);
    json_t *claims = assay_json_put_array(&b, root, "claims");
    for (size_t i = 0; i < findings->claims_count; i++) {
        add_claim(&b, claims, &findings->claims[i]);
    }
    json_t *list = assay_json_put_array(&b, root, "findings");
    for (size_t i = 0; i < findings->findings_count; i++) {
        add_finding(&b, list, &findings->findings[i]);
    }
    put_undecided(&b, root, findings);
    put_counts(&b, root, findings);
    assay_code rc = assay_json_builder_check(&b, root, err);
    if (rc == ASSAY_OK) {
        rc = assay_json_pretty(root, out, err);
    }
    json_decref(root);
    return rc;
}
