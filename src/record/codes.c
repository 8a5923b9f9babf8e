#include "record/receipt_parts.h"

#include <string.h>

static bool is_absent(const json_t *value)
{
    return json_object_get(value, "absent") || json_object_get(value, "unknown");
}

static bool has_intent(const struct code_basis *basis)
{
    const json_t *intent = json_object_get(json_object_get(assay_trace_facts(basis->trace), "attempts"), "intent");
    return intent && !is_absent(intent);
}

struct code {
    const char *text;
    bool is_there;
};

static void put_codes(struct assay_json_builder *b, json_t *parent, const char *name, const struct code *codes,
                      size_t count)
{
    json_t *list = assay_json_put_array(b, parent, name);
    for (size_t i = 0; i < count; i++) {
        if (codes[i].is_there) {
            assay_json_add_text(b, list, codes[i].text);
        }
    }
}

void assay_evidence_put(struct assay_json_builder *b, json_t *tier, const struct code_basis *basis)
{
    const json_t *checks = basis->checks;
    const struct assay_plan *plan = basis->plan;
    bool has_output =
        assay_checks_have_pass(checks, "output_same") || assay_checks_have_pass(checks, "output_reference");
    const struct code EVIDENCE[] = {
        {"cache_audit", assay_checks_have_pass(checks, "cache_audit")},
        {"challenge", strcmp(plan->seed_source, "challenge") == 0 && plan->nonce[0] != '\0'},
        {"determinism", strcmp(basis->account->determinism, "proven") == 0},
        {"intent", has_intent(basis)},
        {"output", has_output},
        {"trace", true},
    };
    put_codes(b, tier, "evidence", EVIDENCE, sizeof EVIDENCE / sizeof EVIDENCE[0]);
}

/* ---- what was not checked (evidence.md 3.4) --------------------------------------------------------------------- */

static bool has_unknown_host_field(const json_t *hosts)
{
    for (size_t i = 0; i < json_array_size(hosts); i++) {
        json_t *host = json_array_get(hosts, i);
        for (void *at = json_object_iter(host); at; at = json_object_iter_next(host, at)) {
            if (json_object_get(json_object_iter_value(at), "unknown")) {
                return true;
            }
        }
    }
    return json_array_size(hosts) == 0;
}

static bool have_loaded_objects(const json_t *hosts)
{
    for (size_t i = 0; i < json_array_size(hosts); i++) {
        if (!json_is_string(json_object_get(json_array_get(hosts, i), "loadedObjectsSha256"))) {
            return false;
        }
    }
    return json_array_size(hosts) > 0;
}

void assay_not_checked_put(struct assay_json_builder *b, json_t *predicate, const struct code_basis *basis)
{
    const json_t *checks = basis->checks;
    const struct assay_trace_summary *summary = assay_trace_summary(basis->trace);
    const json_t *hosts = json_object_get(json_object_get(assay_trace_facts(basis->trace), "environment"), "hosts");
    const char *path = assay_compute_path_of(summary);
    size_t host_readings;
    double ppm;
    (void)assay_trace_host(basis->trace, &host_readings);
    const struct code CODES[] = {
        {"cache-state", !assay_checks_have_pass(checks, "cache_audit")},
        {"choice", strcmp(basis->plan->seed_source, "fixed") == 0},
        {"clock-cross", !assay_cross_ppm(summary, &ppm)},
        {"compute-identity", !assay_checks_have_pass(checks, "output_reference")},
        {"determinism", strcmp(basis->account->determinism, "proven") != 0},
        {"host-probe", has_unknown_host_field(hosts)},
        {"imported", strcmp(path, "imported") == 0},
        {"intent", !has_intent(basis)},
        {"interference", host_readings == 0},
        {"loaded-objects", !have_loaded_objects(hosts)},
        {"platform", true},
        {"scripted", strcmp(path, "scripted") == 0},
        {"signer-honesty", true},
        {"unlogged-runs", true},
    };
    put_codes(b, predicate, "notChecked", CODES, sizeof CODES / sizeof CODES[0]);
}
