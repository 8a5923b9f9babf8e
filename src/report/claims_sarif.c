/* SARIF 2.1.0. */
#include "report/claims.h"
#include "report/foreign.h"

#include "crypto/crypto.h"
#include "record/record.h"
#include "json/json.h"

#include <string.h>

#define SHOWN_BYTES_MAX 8000u

static void put_message(struct assay_json_builder *b, json_t *object, const char *name, const char *text)
{
    assay_foreign_put(b, assay_json_put_object(b, object, name), "text", text, strlen(text), SHOWN_BYTES_MAX);
}

static uint32_t units16(struct assay_slice text)
{
    uint32_t units = 0;
    for (size_t i = 0; i < text.len;) {
        uint32_t point = 0;
        i += assay_utf8_next(text.data + i, text.len - i, &point);
        units += point > 0xffff ? 2 : 1;
    }
    return units;
}

static void put_physical(struct assay_json_builder *b, json_t *location, const struct assay_place *place)
{
    json_t *physical = assay_json_put_object(b, location, "physicalLocation");
    assay_foreign_put_uri(b, assay_json_put_object(b, physical, "artifactLocation"), place->path);
    json_t *region = assay_json_put_object(b, physical, "region");
    bool is_one_line = !place->source.len || !memchr(place->source.data, '\n', place->source.len);
    assay_json_put_u64(b, region, "startLine", place->line);
    assay_json_put_u64(b, region, "startColumn", place->column16);
    if (is_one_line) {
        assay_json_put_u64(b, region, "endColumn", place->column16 + units16(place->source));
    }
    assay_json_put_u64(b, region, "byteOffset", place->offset);
    assay_json_put_u64(b, region, "byteLength", place->len);
}

static void put_fix(struct assay_json_builder *b, json_t *result, const struct assay_finding *finding)
{
    json_t *fix = assay_json_add_object(b, assay_json_put_array(b, result, "fixes"));
    put_message(b, fix, "description", "what the receipt renders to");
    json_t *change = assay_json_add_object(b, assay_json_put_array(b, fix, "artifactChanges"));
    assay_foreign_put_uri(b, assay_json_put_object(b, change, "artifactLocation"), finding->place.path);
    json_t *replacement = assay_json_add_object(b, assay_json_put_array(b, change, "replacements"));
    json_t *region = assay_json_put_object(b, replacement, "deletedRegion");
    assay_json_put_u64(b, region, "byteOffset", finding->place.offset);
    assay_json_put_u64(b, region, "byteLength", finding->place.len);
    put_message(b, replacement, "insertedContent", finding->replacement);
}

/* Hash of the line that the finding stands on, white space left out: it survives moves and indentation. */
static void put_fingerprints(struct assay_json_builder *b, json_t *result, const struct assay_finding *finding)
{
    struct assay_sha256 hash;
    struct assay_digest digest;
    char text[ASSAY_DIGEST_TEXT_BYTES];
    assay_sha256_init(&hash);
    for (size_t i = 0; i < finding->place.whole.len; i++) {
        char c = finding->place.whole.data[i];
        if (c != ' ' && c != '\t') {
            assay_sha256_add(&hash, &c, 1);
        }
    }
    assay_sha256_end(&hash, &digest);
    assay_digest_print(&digest, text);
    json_t *prints = assay_json_put_object(b, result, "partialFingerprints");
    assay_json_put_text(b, prints, "assayClaim/v1", finding->fingerprint);
    assay_json_put_text(b, prints, "primaryLocationLineHash", text);
}

static void add_result(struct assay_json_builder *b, json_t *results, const struct assay_findings *findings,
                       const struct assay_finding *finding)
{
    json_t *result = assay_json_add_object(b, results);
    assay_json_put_text(b, result, "ruleId", finding->rule->id);
    assay_json_put_u64(b, result, "ruleIndex", (uint64_t)(finding->rule - findings->rules));
    assay_json_put_text(b, result, "level", assay_severity_text(finding->level));
    put_message(b, result, "message", finding->message);
    put_physical(b, assay_json_add_object(b, assay_json_put_array(b, result, "locations")), &finding->place);
    if (finding->operands_count) {
        json_t *related = assay_json_put_array(b, result, "relatedLocations");
        for (size_t i = 0; i < finding->operands_count; i++) {
            json_t *location = assay_json_add_object(b, related);
            assay_json_put_u64(b, location, "id", i);
            put_physical(b, location, &finding->operands[i]);
            assay_foreign_put(b, assay_json_put_object(b, location, "message"), "text",
                              finding->operands[i].source.data, finding->operands[i].source.len, SHOWN_BYTES_MAX);
        }
    }
    put_fingerprints(b, result, finding);
    if (finding->replacement) {
        put_fix(b, result, finding);
    }
    if (finding->is_suppressed) {
        json_t *suppression = assay_json_add_object(b, assay_json_put_array(b, result, "suppressions"));
        assay_json_put_text(b, suppression, "kind", "inSource");
        assay_foreign_put(b, suppression, "justification", finding->reason, strlen(finding->reason), SHOWN_BYTES_MAX);
    }
}

static void add_rule(struct assay_json_builder *b, json_t *rules, const struct assay_finding_rule *row)
{
    json_t *rule = assay_json_add_object(b, rules);
    assay_json_put_text(b, rule, "id", row->id);
    assay_json_put_text(b, rule, "name", row->slug);
    put_message(b, rule, "shortDescription", row->brief);
    put_message(b, rule, "fullDescription", row->help);
    put_message(b, rule, "help", row->help);
    assay_json_put_text(b, assay_json_put_object(b, rule, "defaultConfiguration"), "level",
                        assay_severity_text(row->level));
}

assay_code assay_render_claims_sarif(const struct assay_findings *findings, struct assay_buf *out, assay_err *err)
{
    struct assay_json_builder b = {0};
    json_t *root = json_object();
    assay_json_put_text(&b, root, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    assay_json_put_text(&b, root, "version", "2.1.0");
    json_t *run = assay_json_add_object(&b, assay_json_put_array(&b, root, "runs"));
    json_t *driver = assay_json_put_object(&b, assay_json_put_object(&b, run, "tool"), "driver");
    assay_json_put_text(&b, driver, "name", "assay claims");
    json_t *rules = assay_json_put_array(&b, driver, "rules");
    for (size_t i = 0; i < findings->rules_count; i++) {
        add_rule(&b, rules, &findings->rules[i]);
    }
    assay_json_put_text(&b, run, "columnKind", "utf16CodeUnits");
    json_t *results = assay_json_put_array(&b, run, "results");
    for (size_t i = 0; i < findings->findings_count; i++) {
        add_result(&b, results, findings, &findings->findings[i]);
    }
    json_t *invocation = assay_json_add_object(&b, assay_json_put_array(&b, run, "invocations"));
    assay_json_put_bool(&b, invocation, "executionSuccessful", findings->is_complete);
    assay_code rc = assay_json_builder_check(&b, root, err);
    if (rc == ASSAY_OK) {
        rc = assay_json_pretty(root, out, err);
    }
    json_decref(root);
    return rc;
}
