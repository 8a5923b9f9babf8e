/* The examples of the specification, row by row: claims_cases.def. */
#include "claims/claims.h"

#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct claim_case {
    const char *rule, *document;
    uint32_t line; /* 0: nothing may be found */
    bool is_note;  /* among other notes */
};

static const struct claim_case CASES[] = {
#define BAD(rule_, line_, document_) {.rule = #rule_, .document = (document_), .line = (line_)},
#define NOTED(rule_, line_, document_) {.rule = #rule_, .document = (document_), .line = (line_), .is_note = true},
#define GOOD(rule_, document_) {.rule = #rule_, .document = (document_)},
#include "claims_cases.def"
};

static struct assay_findings *check(const char *document, bool with_notes)
{
    struct assay_claims_input input = {.path = "case.md", .bytes = document, .len = strlen(document)};
    struct assay_claims_request request = {
        .inputs = &input,
        .inputs_count = 1,
        .options = {.level = with_notes ? ASSAY_SEVERITY_NOTE : ASSAY_SEVERITY_WARNING}};
    struct assay_findings *findings = NULL;
    assert_int_equal(assay_claims_check(&request, &findings, NULL), ASSAY_OK);
    return findings;
}

static bool is_as_stated(const struct claim_case *row, const struct assay_findings *findings)
{
    if (row->line == 0) {
        return findings->findings_count == 0;
    }
    for (size_t i = 0; i < findings->findings_count && row->is_note; i++) {
        const struct assay_finding *finding = &findings->findings[i];
        if (strcmp(finding->rule->id, row->rule) == 0 && finding->place.line == row->line) {
            return true;
        }
    }
    return !row->is_note && findings->findings_count == 1 && strcmp(findings->findings[0].rule->id, row->rule) == 0 &&
           findings->findings[0].place.line == row->line;
}

static void every_example_is_found_where_it_is_and_nothing_else(void **state)
{
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct assay_findings *findings = check(CASES[i].document, CASES[i].is_note);
        if (!is_as_stated(&CASES[i], findings)) {
            wrong++;
            print_message("case %zu, %s line %u: %zu findings in\n%s", i, CASES[i].rule, (unsigned)CASES[i].line,
                          findings->findings_count, CASES[i].document);
            for (size_t k = 0; k < findings->findings_count; k++) {
                print_message("   %s:%u %s\n", findings->findings[k].rule->id,
                              (unsigned)findings->findings[k].place.line, findings->findings[k].message);
            }
        }
        assay_findings_free(findings);
    }
    assert_int_equal(wrong, 0);
}

/* Whether a number bound with `keys` is stale, where src/enc/gemv.c and README changed since the receipt. */
static bool is_stale_with(const char *keys)
{
    static const char CHANGED[] = "src/enc/gemv.c\0README";
    char document[256];
    (void)snprintf(document, sizeof document, "It encodes 412 fps<!-- assay: r/receipt.json#a/rate%s --> here.\n",
                   keys);
    json_t *statement = json_pack("{s:{s:[{s:s,s:s,s:s,s:s,s:s}]}}", "predicate", "metrics", "arm", "a", "name", "rate",
                                  "unit", "1/s", "direction", "higher", "value", "412");
    struct assay_claims_input input = {.path = "case.md", .bytes = document, .len = strlen(document)};
    struct assay_claims_receipt receipt = {.path = "r/receipt.json",
                                           .statement = statement,
                                           .is_verified = true,
                                           .compute_path = "real",
                                           .fresh = ASSAY_CLAIMS_STALE,
                                           .changed = CHANGED,
                                           .changed_len = sizeof CHANGED};
    struct assay_claims_request request = {.inputs = &input,
                                           .inputs_count = 1,
                                           .receipts = &receipt,
                                           .receipts_count = 1,
                                           .options = {.level = ASSAY_SEVERITY_WARNING, .has_receipts = true}};
    struct assay_findings *findings = NULL;
    assert_int_equal(assay_claims_check(&request, &findings, NULL), ASSAY_OK);
    bool is_stale = findings->findings_count == 1 && strcmp(findings->findings[0].rule->id, "C906") == 0;
    assert_true(is_stale || findings->findings_count == 0);
    assay_findings_free(findings);
    json_decref(statement);
    return is_stale;
}

static void a_binding_is_stale_by_the_sources_that_it_names(void **state)
{
    (void)state;
    assert_true(is_stale_with(""));
    assert_true(is_stale_with(" paths=src/enc"));
    assert_true(is_stale_with(" paths=src/dec,src/enc/"));
    assert_true(is_stale_with(" paths=README id=speed"));
    assert_false(is_stale_with(" paths=src/dec"));
    assert_false(is_stale_with(" paths=src/en,src/enc/gemv"));
}

static size_t count_with(const struct assay_claims_same *same, size_t count)
{
    static const char DOCUMENT[] = "# Summary\n\nThe tokens decode rate is 30 tok/s.\n\n## Rows\n\n| metric | value |\n"
                                   "| --- | --- |\n| tps | 50 tok/s |\n";
    struct assay_claims_input input = {.path = "case.md", .bytes = DOCUMENT, .len = sizeof DOCUMENT - 1};
    struct assay_claims_request request = {.inputs = &input,
                                           .inputs_count = 1,
                                           .policy = {.same_as = same, .same_as_count = count},
                                           .options = {.level = ASSAY_SEVERITY_WARNING}};
    struct assay_findings *findings = NULL;
    assert_int_equal(assay_claims_check(&request, &findings, NULL), ASSAY_OK);
    size_t found = findings->findings_count;
    assay_findings_free(findings);
    return found;
}

static void names_that_a_policy_holds_for_one_are_one_metric(void **state)
{
    (void)state;
    static const char *const WORDS[] = {"tps", "decode_rate"};
    static const struct assay_claims_same SAME = {WORDS, 2};
    assert_int_equal(count_with(NULL, 0), 0);
    assert_int_equal(count_with(&SAME, 1), 1);
}

int main(void)
{
    assay_json_init();
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_binding_is_stale_by_the_sources_that_it_names),
                                       cmocka_unit_test(every_example_is_found_where_it_is_and_nothing_else),
                                       cmocka_unit_test(names_that_a_policy_holds_for_one_are_one_metric)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
