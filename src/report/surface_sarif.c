/* SARIF 2.1.0: a result a finding. What is all right has no result. */
#include "report/escape.h"
#include "report/foreign.h"
#include "report/surface_rows.h"

#include <string.h>

#define RESULTS_MAX 5000u /* as many as the reader shows of a run; it takes 25,000 */
#define LINE_BYTES_MAX 1024u

struct rules {
    const char **ids;
    size_t count;
};

static size_t rule_index(struct rules *rules, const char *id)
{
    size_t i = 0;
    while (i < rules->count && strcmp(rules->ids[i], id) != 0) {
        i++;
    }
    if (i == rules->count) {
        rules->ids[rules->count++] = id;
    }
    return i;
}

static void put_message(struct assay_json_builder *b, json_t *object, const char *name, const char *text)
{
    struct assay_buf escaped;
    assay_buf_init(&escaped, (size_t)16 * LINE_BYTES_MAX);
    assay_escape_sarif(&escaped, text, LINE_BYTES_MAX);
    assay_foreign_put_made(b, assay_json_put_object(b, object, name), "text", &escaped);
}

/* The same of a text that was made; a buffer that failed fails the builder. */
static void put_message_made(struct assay_json_builder *b, json_t *object, struct assay_buf *made)
{
    if (made->failed != ASSAY_OK) {
        assay_foreign_put_made(b, object, "message", made);
        return;
    }
    put_message(b, object, "message", made->data ? made->data : "");
    assay_buf_done(made);
}

static void add_rules(struct assay_json_builder *b, json_t *list, const struct rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        struct assay_surface_rule words = assay_surface_rule(rules->ids[i]);
        json_t *rule = assay_json_add_object(b, list);
        assay_foreign_put(b, rule, "id", rules->ids[i], strlen(rules->ids[i]), ASSAY_SHOWN_BYTES_MAX);
        put_message(b, rule, "shortDescription", words.title);
        put_message(b, rule, "fullDescription", words.help);
        put_message(b, rule, "help", words.help);
    }
}

static void add_result(struct assay_json_builder *b, json_t *list, const struct assay_surface *surface,
                       const struct assay_surface_row *row, size_t rule)
{
    struct assay_buf text;
    json_t *result = assay_json_add_object(b, list);
    assay_buf_init(&text, (size_t)64 << 10);
    assay_buf_printf(&text, "%s %s %s: %s", surface->groups[row->group].name, row->id, assay_verdict_text(row->verdict),
                     row->text);
    assay_foreign_put(b, result, "ruleId", row->rule, strlen(row->rule), ASSAY_SHOWN_BYTES_MAX);
    assay_json_put_u64(b, result, "ruleIndex", rule);
    assay_json_put_text(b, result, "level", assay_severity_text(row->level));
    put_message_made(b, result, &text);
    json_t *location = assay_json_add_object(b, assay_json_put_array(b, result, "locations"));
    json_t *physical = assay_json_put_object(b, location, "physicalLocation");
    assay_foreign_put_uri(b, assay_json_put_object(b, physical, "artifactLocation"), row->path);
    assay_json_put_u64(b, assay_json_put_object(b, physical, "region"), "startLine", row->line);
    json_t *prints = assay_json_put_object(b, result, "partialFingerprints");
    assay_json_put_text(b, prints, "primaryLocationLineHash", row->fingerprint);
}

/* What the run of the tool has to say about itself: that findings were left out. */
static void put_invocation(struct assay_json_builder *b, json_t *run, size_t left_out)
{
    json_t *invocation = assay_json_add_object(b, assay_json_put_array(b, run, "invocations"));
    assay_json_put_bool(b, invocation, "executionSuccessful", true);
    if (left_out > 0) {
        char text[80];
        (void)snprintf(text, sizeof text, "%zu more findings are left out here; verify prints all", left_out);
        json_t *note = assay_json_add_object(b, assay_json_put_array(b, invocation, "toolExecutionNotifications"));
        put_message(b, note, "message", text);
    }
}

assay_code assay_surface_sarif(const struct assay_surface *surface, struct assay_buf *out, assay_err *err)
{
    struct assay_json_builder b = {0};
    struct rules rules = {.ids = assay_alloc(surface->findings_count + 1, sizeof *rules.ids)};
    if (!rules.ids) {
        return assay_nomem(err);
    }
    json_t *root = json_object();
    assay_json_put_text(&b, root, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    assay_json_put_text(&b, root, "version", "2.1.0");
    json_t *run = assay_json_add_object(&b, assay_json_put_array(&b, root, "runs"));
    json_t *driver = assay_json_put_object(&b, assay_json_put_object(&b, run, "tool"), "driver");
    assay_json_put_text(&b, driver, "name", "assay");
    json_t *list = assay_json_put_array(&b, driver, "rules");
    size_t shown = surface->findings_count < RESULTS_MAX ? surface->findings_count : RESULTS_MAX;
    json_t *results = assay_json_put_array(&b, run, "results");
    for (size_t i = 0; i < shown; i++) {
        const struct assay_surface_row *row = surface->findings[i];
        add_result(&b, results, surface, row, rule_index(&rules, row->rule));
    }
    add_rules(&b, list, &rules);
    put_invocation(&b, run, surface->findings_count - shown);
    assay_surface_put_receipts(&b, assay_json_put_object(&b, run, "properties"), surface);
    assay_code rc = assay_json_builder_check(&b, root, err);
    rc = rc == ASSAY_OK ? assay_json_pretty(root, out, err) : rc;
    json_decref(root);
    assay_free(rules.ids);
    return rc;
}
