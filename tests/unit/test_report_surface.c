/* What CI shows: each form as kept, what stops a job, limits, and names that would like to be markup. */
#include "support/imported.h"
#include "support/inert.h"
#include "support/synthetic.h"

#include "base/file.h"
#include "base/text.h"
#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS 1e6
#define COUNT(list) (sizeof(list) / sizeof(list)[0])
#define HOSTILE                                                                                                       \
    "x\n::error file=a,line=1::owned %0A##[error] `|` ``` ]]> <script>alert(1)</script> <!-- @team [a](http://evil) " \
    "\"} 1 ' & \xe2\x80\xae\x1b[2J\x01\xff\xef\xbf\xbe"

static const struct synthetic_metric METRICS[] = {
    {.name = "output_rate",
     .unit = "1/s",
     .direction = "higher",
     .value = 95.01,
     .lower = 94.06,
     .upper = 95.96,
     .n = 60},
    {.name = "success_share", .unit = "1", .direction = "higher", .value = 1, .lower = 0.94, .upper = 1, .n = 60},
    {.name = "ttft_p50", .value = 42.1 * MS, .lower = 41.26 * MS, .upper = 42.94 * MS, .n = 60},
    {.name = "ttft_p99", .absent = "n too small (60 of 299)", .n = 60},
};

/* ---- inputs ------------------------------------------------------------------------------------------------------ */

struct made {
    struct synthetic_files files[8];
    struct assay_surface_receipt receipts[8];
    struct assay_surface_input input;
};

/* The four lines, and how good they are. */
static void lines_set(struct assay_surface_receipt *receipt, enum assay_verdict crypto, enum assay_verdict recompute,
                      const char *text)
{
    static const char *const NAMES[] = {"CRYPTO", "RECOMPUTE", "POLICY", "ASSURANCE"};
    const enum assay_verdict verdicts[] = {crypto, recompute, ASSAY_VERDICT_NOT_MEASURED, ASSAY_VERDICT_NOT_MEASURED};
    for (size_t i = 0; i < ASSAY_SURFACE_LINES; i++) {
        receipt->lines[i] = (struct assay_surface_line){.name = NAMES[i],
                                                        .verdict = verdicts[i],
                                                        .has_verdict = i < 3,
                                                        .is_required = i < 2,
                                                        .text = i == 3 ? "tier 1 signed; not checked: platform" : text};
    }
    receipt->tier = 1;
    receipt->is_readable = true;
}

static struct assay_surface_receipt *add(struct made *made, const char *place, const char *path, const char *model)
{
    size_t i = made->input.receipts_count++;
    struct assay_surface_receipt *receipt = &made->receipts[i];
    const struct synthetic_run run = {.model = model,
                                      .url = "http://127.0.0.1:8080",
                                      .label = model,
                                      .metrics = METRICS,
                                      .metrics_count = COUNT(METRICS),
                                      .ok = 60};
    synthetic_make(&run, &made->files[i]);
    receipt->files = synthetic_input(&made->files[i], place);
    receipt->path = path;
    lines_set(receipt, ASSAY_VERDICT_PASS, ASSAY_VERDICT_PASS, "all of it");
    made->input.receipts = made->receipts;
    made->input.tool = "assay 0.1.0";
    return receipt;
}

static void made_done(struct made *made)
{
    for (size_t i = 0; i < made->input.receipts_count; i++) {
        synthetic_done(&made->files[i]);
    }
}

static const struct assay_verdict_row GATES[] = {
    {.id = "first",
     .kind = "budget",
     .has_point = true,
     .point = 42.1 * MS,
     .unit = "ns",
     .n = 60,
     .verdict = ASSAY_VERDICT_PASS,
     .is_in_family = true,
     .expected = "at most 50 ms"},
    {.gate = 501,
     .id = "length",
     .kind = "budget",
     .has_point = true,
     .point = 32,
     .unit = "1",
     .n = 60,
     .verdict = ASSAY_VERDICT_FAIL,
     .is_in_family = true,
     .expected = "at most 16"},
    {.gate = 502,
     .id = "gone",
     .kind = "budget",
     .verdict = ASSAY_VERDICT_FAIL,
     .is_missing = true,
     .is_in_family = true,
     .reason = "no receipt carries ttft_p42"},
    {.gate = 504,
     .id = "answer",
     .kind = "budget",
     .has_point = true,
     .point = 812 * MS,
     .unit = "ns",
     .n = 60,
     .verdict = ASSAY_VERDICT_UNDECIDED,
     .is_in_family = true,
     .reason = "the interval holds the limit"},
    {.gate = 505,
     .id = "tail",
     .kind = "budget",
     .verdict = ASSAY_VERDICT_NOT_MEASURED,
     .is_in_family = true,
     .reason = "n too small (60 of 299)"},
    {.gate = 501,
     .id = "known",
     .kind = "change",
     .verdict = ASSAY_VERDICT_FAIL,
     .is_in_family = true,
     .is_waived = true,
     .reason = "beyond the limit"},
};
static const struct assay_verdict_document DOCUMENT = {.question = "gate",
                                                       .level = "gate",
                                                       .verdict = ASSAY_VERDICT_FAIL,
                                                       .summary = "6 gates over 4 receipts",
                                                       .policy_name = "release",
                                                       .policy_sha256 = "00ff",
                                                       .policy_version = 3,
                                                       .date = "2026-11-21",
                                                       .rows = GATES,
                                                       .rows_count = COUNT(GATES)};
static const struct assay_surface_place PLACES[] = {{"first", 12},  {"length", 13}, {"gone", 14},
                                                    {"answer", 15}, {"tail", 16},   {"known", 17}};

static void make_good(struct made *made)
{
    *made = (struct made){0};
    (void)add(made, "night", "night/receipt.json", "smollm2");
}

static const struct assay_surface_violation WRONG[] = {
    {302, ASSAY_VERDICT_FAIL, "/predicate/samples/sha256", "00ff", "11ee"},
    {311, ASSAY_VERDICT_FAIL, "/predicate/metrics/2/value", "\"1\"", "\"42100000\""},
};
static const struct assay_surface_violation ALONE[] = {
    {301, ASSAY_VERDICT_UNDECIDED, "trace.assay", "nothing", "the trace of the run"}};
static const struct assay_surface_violation GONE[] = {
    {101, ASSAY_VERDICT_FAIL, "", "'lost' is no run directory", "a document"}};

static void make_mixed(struct made *made)
{
    make_good(made);
    struct assay_surface_receipt *wrong = add(made, "wrong", "wrong/receipt.json", "smollm2");
    lines_set(wrong, ASSAY_VERDICT_PASS, ASSAY_VERDICT_FAIL, "not all of it");
    wrong->violations = WRONG;
    wrong->violations_count = COUNT(WRONG);
    wrong->violations_left_out = 7;
    wrong->exit = 1;
    wrong->tier = -1;
    struct assay_surface_receipt *alone = add(made, "alone", "alone/receipt.json", "smollm2");
    lines_set(alone, ASSAY_VERDICT_PASS, ASSAY_VERDICT_UNDECIDED, "trace or plan not given");
    alone->violations = ALONE;
    alone->violations_count = COUNT(ALONE);
    alone->exit = 2;
    struct assay_surface_receipt *gone = add(made, "lost", NULL, "smollm2");
    lines_set(gone, ASSAY_VERDICT_NOT_MEASURED, ASSAY_VERDICT_NOT_MEASURED, "the document could not be read");
    gone->files.document = NULL;
    gone->is_readable = false;
    gone->violations = GONE;
    gone->violations_count = COUNT(GONE);
    gone->exit = 5;
    made->input.gates = &DOCUMENT;
    made->input.policy_path = "ci/release.yaml";
    made->input.places = PLACES;
    made->input.places_count = COUNT(PLACES);
    made->input.noisy_why = "they warn: no A/A runs were given";
}

static const struct assay_surface_violation BAD_WORDS[] = {{203, ASSAY_VERDICT_FAIL, HOSTILE, HOSTILE, HOSTILE}};
static const struct assay_verdict_row BAD_GATES[] = {{.gate = 501,
                                                      .id = HOSTILE,
                                                      .kind = "budget",
                                                      .arm = HOSTILE,
                                                      .versus = HOSTILE,
                                                      .has_point = true,
                                                      .point = 1.5,
                                                      .verdict = ASSAY_VERDICT_FAIL,
                                                      .is_in_family = true,
                                                      .expected = HOSTILE,
                                                      .reason = HOSTILE,
                                                      .found = HOSTILE,
                                                      .element = HOSTILE}};
static const char *const BAD_NOTES[] = {HOSTILE};
static const struct assay_verdict_document BAD_DOCUMENT = {.question = "gate",
                                                           .level = "gate",
                                                           .verdict = ASSAY_VERDICT_FAIL,
                                                           .summary = HOSTILE,
                                                           .policy_name = HOSTILE,
                                                           .rows = BAD_GATES,
                                                           .rows_count = COUNT(BAD_GATES),
                                                           .notes = BAD_NOTES,
                                                           .notes_count = COUNT(BAD_NOTES)};

static void make_hostile(struct made *made)
{
    *made = (struct made){0};
    (void)add(made, HOSTILE, HOSTILE, "a::error::b `|` <b>@all</b> [x](http://evil)");
    struct assay_surface_receipt *bad = add(made, HOSTILE, HOSTILE, "smollm2");
    lines_set(bad, ASSAY_VERDICT_FAIL, ASSAY_VERDICT_PASS, HOSTILE);
    bad->violations = BAD_WORDS;
    bad->violations_count = COUNT(BAD_WORDS);
    bad->exit = 1;
    made->input.gates = &BAD_DOCUMENT;
    made->input.policy_path = HOSTILE;
    made->input.noisy_why = HOSTILE;
}

static char *surface(enum assay_surface_form form, const struct assay_surface_input *input)
{
    struct assay_buf out;
    size_t len;
    assay_err err = {0};
    assay_buf_init(&out, ASSAY_REPORT_BYTES_MAX);
    if (assay_report_surface(form, input, &out, &err) != ASSAY_OK) {
        fail_msg("%s: %s", assay_surface_form_text(form), err.message);
    }
    assay_buf_char(&out, '\0'); /* nothing is written where nothing is found */
    return assay_buf_take(&out, &len);
}

static void check_holds(const char *text, const char *wanted)
{
    if (strstr(text, wanted) == NULL) {
        fail_msg("'%s' is not in:\n%s", wanted, text);
    }
}

static void check_lacks(const char *text, const char *unwanted)
{
    if (strstr(text, unwanted) != NULL) {
        fail_msg("'%s' is in:\n%s", unwanted, text);
    }
}

/* ---- golden files: tests/golden/surface/, written anew with ASSAY_GOLDEN_UPDATE=1 -------------------------------- */

static const char *const ENDINGS[ASSAY_SURFACE_FORM_COUNT] = {
    [ASSAY_SURFACE_IN_TOTO_BUNDLE] = "intoto.jsonl",
    [ASSAY_SURFACE_SARIF] = "sarif",
    [ASSAY_SURFACE_JUNIT] = "junit.xml",
    [ASSAY_SURFACE_CTRF] = "ctrf.json",
    [ASSAY_SURFACE_OPENMETRICS] = "openmetrics.txt",
    [ASSAY_SURFACE_GITHUB_SUMMARY] = "summary.md",
    [ASSAY_SURFACE_GITHUB_ANNOTATIONS] = "annotations.txt",
    [ASSAY_SURFACE_GITHUB_OUTPUTS] = "outputs.txt",
    [ASSAY_SURFACE_GITLAB_METRICS] = "gitlab-metrics.txt",
    [ASSAY_SURFACE_GITLAB_CODEQUALITY] = "codequality.json",
    [ASSAY_SURFACE_PR_COMMENT] = "comment.md",
    [ASSAY_SURFACE_ATTEST_PREDICATE] = "predicate.json",
    [ASSAY_SURFACE_ATTEST_SUBJECTS] = "subjects.txt",
};

static bool is_evidence(enum assay_surface_form form)
{
    return form == ASSAY_SURFACE_IN_TOTO_BUNDLE || form == ASSAY_SURFACE_ATTEST_PREDICATE ||
           form == ASSAY_SURFACE_ATTEST_SUBJECTS;
}

static void golden_check(const char *name, const char *text)
{
    char path[256];
    (void)snprintf(path, sizeof path, "golden/surface/%s", name);
    if (getenv("ASSAY_GOLDEN_UPDATE") != NULL) {
        struct assay_buf full;
        assay_buf_init(&full, 4096);
        assay_buf_printf(&full, "%s/tests/%s", getenv("ASSAY_SOURCE_ROOT"), path);
        assert_int_equal(assay_file_write(full.data, text, strlen(text), ASSAY_FILE_REPLACE, NULL), ASSAY_OK);
        assay_buf_done(&full);
        return;
    }
    size_t len;
    char *wanted = imported_file(path, &len);
    if (strlen(text) != len || memcmp(text, wanted, len) != 0) {
        fail_msg("%s differs; if the change is meant, run this test with ASSAY_GOLDEN_UPDATE=1. Now:\n%s", path, text);
    }
    assay_free(wanted);
}

static void forms_are_as_kept(const char *stem, void (*make)(struct made *), bool has_evidence)
{
    struct made made;
    make(&made);
    for (int i = 0; i < ASSAY_SURFACE_FORM_COUNT; i++) {
        enum assay_surface_form form = (enum assay_surface_form)i;
        if (is_evidence(form) && !has_evidence) {
            continue;
        }
        char name[64];
        char *text = surface(form, &made.input);
        (void)snprintf(name, sizeof name, "%s.%s", stem, ENDINGS[i]);
        golden_check(name, text);
        const char *fault = inert_fault(form, text);
        if (fault) {
            fail_msg("%s: %s in:\n%s", name, fault, text);
        }
        assay_free(text);
    }
    made_done(&made);
}

static void a_good_receipt_is_shown_as_kept(void **state)
{
    (void)state;
    forms_are_as_kept("good", make_good, true);
}

static void good_and_bad_receipts_with_gates_are_shown_as_kept(void **state)
{
    (void)state;
    forms_are_as_kept("mixed", make_mixed, false);
}

/* Attack 39. */
static void hostile_names_are_inert_on_every_surface(void **state)
{
    (void)state;
    forms_are_as_kept("hostile", make_hostile, false);
}

/* ---- what is shown ----------------------------------------------------------------------------------------------- */

static void figures_of_a_receipt_that_does_not_verify_are_not_shown(void **state)
{
    (void)state;
    struct made made;
    make_good(&made);
    for (int i = 0; i < 3; i++) {
        static const enum assay_verdict CRYPTO[] = {ASSAY_VERDICT_PASS, ASSAY_VERDICT_PASS, ASSAY_VERDICT_FAIL};
        static const enum assay_verdict RECOMPUTE[] = {ASSAY_VERDICT_FAIL, ASSAY_VERDICT_UNDECIDED, ASSAY_VERDICT_PASS};
        lines_set(&made.receipts[0], CRYPTO[i], RECOMPUTE[i], "-");
        for (int form = 0; form < ASSAY_SURFACE_FORM_COUNT; form++) {
            if (!is_evidence((enum assay_surface_form)form)) {
                char *text = surface((enum assay_surface_form)form, &made.input);
                check_lacks(text, "42.1");
                check_lacks(text, "42100000");
                check_lacks(text, "0.042");
                assay_free(text);
            }
        }
    }
    made_done(&made);
}

/* A run that failed leaves a record that is derived again like any receipt. */
static void a_run_record_is_no_pass(void **state)
{
    (void)state;
    struct made made;
    make_good(&made);
    const struct synthetic_run run = {
        .model = "m", .url = "http://a", .label = "m", .outcome = "failed", .why = "harness"};
    synthetic_done(&made.files[0]);
    synthetic_make(&run, &made.files[0]);
    made.receipts[0].files = synthetic_input(&made.files[0], "night");
    made.receipts[0].exit = 2;
    char *text = surface(ASSAY_SURFACE_GITHUB_OUTPUTS, &made.input);
    check_holds(text, "verdict=undecided\n");
    assay_free(text);
    text = surface(ASSAY_SURFACE_JUNIT, &made.input);
    check_holds(text, "<error message=\"record.json, outcome failed");
    assay_free(text);
    assert_int_equal(assay_surface_code(&made.input), ASSAY_UNDECIDED);
    made_done(&made);
}

static void every_form_with_room_for_text_tells_the_four_lines(void **state)
{
    (void)state;
    static const enum assay_surface_form FORMS[] = {ASSAY_SURFACE_GITHUB_SUMMARY, ASSAY_SURFACE_PR_COMMENT,
                                                    ASSAY_SURFACE_JUNIT, ASSAY_SURFACE_CTRF, ASSAY_SURFACE_SARIF};
    struct made made;
    make_good(&made);
    for (size_t i = 0; i < COUNT(FORMS); i++) {
        char *text = surface(FORMS[i], &made.input);
        check_holds(text, "CRYPTO");
        check_holds(text, "RECOMPUTE");
        check_holds(text, "POLICY");
        check_holds(text, "tier 1 signed; not checked: platform");
        assay_free(text);
    }
    made_done(&made);
}

static void without_a_verdict_no_surface_says_pass_or_fail(void **state)
{
    (void)state;
    static const enum assay_surface_form PROSE[] = {
        ASSAY_SURFACE_GITHUB_SUMMARY, ASSAY_SURFACE_PR_COMMENT, ASSAY_SURFACE_GITHUB_ANNOTATIONS,
        ASSAY_SURFACE_GITHUB_OUTPUTS, ASSAY_SURFACE_SARIF,      ASSAY_SURFACE_GITLAB_CODEQUALITY};
    const struct assay_surface_input input = {.tool = "assay 0.1.0"};
    for (size_t i = 0; i < COUNT(PROSE); i++) {
        char *text = surface(PROSE[i], &input);
        check_lacks(text, "pass");
        check_lacks(text, "fail");
        assay_free(text);
    }
}

static void junit_tells_failures_errors_and_skips_apart(void **state)
{
    (void)state;
    struct made made;
    make_mixed(&made);
    char *text = surface(ASSAY_SURFACE_JUNIT, &made.input);
    check_holds(text,
                "name=\"length\" classname=\"release\" time=\"0.000\" file=\"ci/release.yaml\" line=\"13\">\n      "
                "<failure message=");
    check_holds(text,
                "name=\"answer\" classname=\"release\" time=\"0.000\" file=\"ci/release.yaml\" line=\"15\">\n      "
                "<error message=");
    check_holds(text, "name=\"tail\" classname=\"release\" time=\"0.000\" file=\"ci/release.yaml\" line=\"16\">\n      "
                      "<skipped message=\"n too small (60 of 299)\"");
    check_holds(text, "name=\"DOCUMENT\" classname=\"lost\" time=\"0.000\" file=\"lost\" line=\"1\">\n      <error ");
    assay_free(text);
    made_done(&made);
}

static void receipts_of_one_name_are_told_apart(void **state)
{
    (void)state;
    struct made made;
    make_good(&made);
    (void)add(&made, "night", "night/receipt.json", "smollm2");
    char *text = surface(ASSAY_SURFACE_JUNIT, &made.input);
    check_holds(text, "<testsuite name=\"night\"");
    check_holds(text, "<testsuite name=\"night (2)\"");
    assay_free(text);
    made_done(&made);
}

static void evidence_that_does_not_verify_is_not_handed_on(void **state)
{
    (void)state;
    struct made made;
    struct assay_buf out;
    make_mixed(&made);
    assay_buf_init(&out, ASSAY_REPORT_BYTES_MAX);
    assert_int_equal(assay_report_surface(ASSAY_SURFACE_IN_TOTO_BUNDLE, &made.input, &out, NULL), ASSAY_WANTING);
    assert_int_equal(assay_report_surface(ASSAY_SURFACE_ATTEST_PREDICATE, &made.input, &out, NULL), ASSAY_UNSUPPORTED);
    made.input.receipts = &made.receipts[2];
    made.input.receipts_count = 1;
    assay_buf_clear(&out);
    assert_int_equal(assay_report_surface(ASSAY_SURFACE_IN_TOTO_BUNDLE, &made.input, &out, NULL), ASSAY_UNDECIDED);
    assert_int_equal(assay_report_surface(ASSAY_SURFACE_ATTEST_SUBJECTS, &made.input, &out, NULL), ASSAY_UNDECIDED);
    assert_int_equal(out.len, 0);
    assay_buf_done(&out);
    made.input.receipts_count = 4;
    made_done(&made);
}

/* ---- what stops a job -------------------------------------------------------------------------------------------- */

static assay_code code_of(struct made *made, const struct assay_verdict_row *gate, bool do_noisy_gates_stop)
{
    struct assay_verdict_document document = DOCUMENT;
    document.rows = gate;
    document.rows_count = gate ? 1 : 0;
    made->input.gates = gate ? &document : NULL;
    made->input.do_noisy_gates_stop = do_noisy_gates_stop;
    assay_code rc = assay_surface_code(&made->input);
    made->input.gates = NULL;
    return rc;
}

static void a_gate_that_noise_can_fail_warns_until_it_may_stop(void **state)
{
    (void)state;
    struct made made;
    make_good(&made);
    assert_int_equal(code_of(&made, NULL, false), ASSAY_OK);
    assert_int_equal(code_of(&made, &GATES[0], true), ASSAY_OK);
    assert_int_equal(code_of(&made, &GATES[1], false), ASSAY_OK);
    assert_int_equal(code_of(&made, &GATES[1], true), ASSAY_WANTING);
    assert_int_equal(code_of(&made, &GATES[2], false), ASSAY_WANTING); /* missing: no noise does that */
    assert_int_equal(code_of(&made, &GATES[3], true), ASSAY_UNDECIDED);
    assert_int_equal(code_of(&made, &GATES[4], false), ASSAY_UNDECIDED);
    assert_int_equal(code_of(&made, &GATES[5], true), ASSAY_OK); /* waived */
    made_done(&made);
}

static void a_receipt_that_is_wrong_missing_or_without_its_trace_stops_the_job(void **state)
{
    (void)state;
    struct made made;
    make_mixed(&made);
    made.input.gates = NULL;
    made.input.receipts_count = 1;
    static const assay_code WANTED[] = {ASSAY_OK, ASSAY_WANTING, ASSAY_WANTING, ASSAY_IO};
    for (size_t i = 0; i < COUNT(WANTED); i++) {
        made.input.receipts = &made.receipts[i];
        assert_int_equal(assay_surface_code(&made.input), WANTED[i]);
    }
    made.receipts[3].exit = 3;
    assert_int_equal(assay_surface_code(&made.input), ASSAY_MALFORMED);
    made.input.receipts = made.receipts;
    made.input.receipts_count = 4;
    assert_int_equal(assay_surface_code(&made.input), ASSAY_WANTING); /* 1 beats 3 */
    made_done(&made);
}

/* ---- limits ------------------------------------------------------------------------------------------------------ */

#define MANY 6000

static struct assay_surface_violation *many_violations(void)
{
    struct assay_surface_violation *list = assay_alloc(MANY, sizeof *list);
    assert_non_null(list);
    for (size_t i = 0; i < MANY; i++) {
        list[i] = WRONG[0];
    }
    return list;
}

static void more_findings_than_a_surface_shows_are_counted(void **state)
{
    (void)state;
    struct made made;
    struct assay_surface_violation *list = many_violations();
    make_good(&made);
    lines_set(&made.receipts[0], ASSAY_VERDICT_PASS, ASSAY_VERDICT_FAIL, "-");
    made.receipts[0].violations = list;
    made.receipts[0].violations_count = MANY;
    static const struct {
        enum assay_surface_form form;
        const char *wanted;
    } CASES[] = {{ASSAY_SURFACE_GITHUB_ANNOTATIONS, "(+5990 more)\n"},
                 {ASSAY_SURFACE_SARIF, "1000 more findings are left out here"},
                 {ASSAY_SURFACE_GITLAB_CODEQUALITY, "+1001 more findings are left out here"},
                 {ASSAY_SURFACE_JUNIT, " more are left out here; verify prints all"},
                 {ASSAY_SURFACE_CTRF, "more are left out here; verify prints all"},
                 {ASSAY_SURFACE_GITHUB_SUMMARY, "+5980 more; verify prints all"},
                 {ASSAY_SURFACE_PR_COMMENT, "+5980 more; verify prints all"}};
    for (size_t i = 0; i < COUNT(CASES); i++) {
        char *text = surface(CASES[i].form, &made.input);
        check_holds(text, CASES[i].wanted);
        assert_null(inert_fault(CASES[i].form, text));
        assay_free(text);
    }
    char *text = surface(ASSAY_SURFACE_GITHUB_ANNOTATIONS, &made.input);
    size_t lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')); at++) {
        lines++;
    }
    assert_int_equal(lines, 10); /* a step's eleventh is dropped without a word */
    assay_free(text);
    assay_free(list);
    made_done(&made);
}

static void a_comment_and_a_summary_stay_within_what_github_takes(void **state)
{
    (void)state;
    enum { RECEIPTS = 500 };
    struct made made;
    make_good(&made);
    struct assay_surface_receipt *receipts = assay_alloc(RECEIPTS, sizeof *receipts);
    assert_non_null(receipts);
    for (size_t i = 0; i < RECEIPTS; i++) {
        receipts[i] = made.receipts[0];
    }
    made.input.receipts = receipts;
    made.input.receipts_count = RECEIPTS;
    char *text = surface(ASSAY_SURFACE_PR_COMMENT, &made.input);
    assert_true(strlen(text) < 60000);
    check_holds(text, "<!-- assay-report: assay -->\n### assay: pass\n");
    check_holds(text, "Left out to stay within 59900 bytes: ");
    check_holds(text, "the details of ");
    assay_free(text);
    text = surface(ASSAY_SURFACE_GITHUB_SUMMARY, &made.input);
    assert_true(strlen(text) <= (size_t)900 << 10);
    assert_true(strlen(text) > 60000);
    assay_free(text);
    assay_free(receipts);
    made.input.receipts_count = 1;
    made_done(&made);
}

/* The file of one reader that compares values as text: equal within noise is equal as text. */
static void gitlab_metrics_are_rounded_to_their_noise(void **state)
{
    (void)state;
    struct made made;
    make_good(&made);
    char *text = surface(ASSAY_SURFACE_GITLAB_METRICS, &made.input);
    check_holds(text, "metric=\"ttft_p50\",arm=\"a\",workload=\"llm\",model=\"smollm2\"} 0.0421\n");  /* +- 0.84 ms */
    check_holds(text, "metric=\"output_rate\",arm=\"a\",workload=\"llm\",model=\"smollm2\"} 95.0\n"); /* +- 0.95 */
    check_lacks(text, "ttft_p99");
    assay_free(text);
    made_done(&made);
}

static void forms_are_found_by_their_names_alone(void **state)
{
    (void)state;
    enum assay_surface_form form = ASSAY_SURFACE_SARIF;
    for (int i = 0; i < ASSAY_SURFACE_FORM_COUNT; i++) {
        assert_true(assay_surface_form_read(assay_surface_form_text((enum assay_surface_form)i), &form));
        assert_int_equal(form, i);
    }
    assert_false(assay_surface_form_read("SARIF", &form));
    assert_false(assay_surface_form_read("", &form));
}

int main(void)
{
    assay_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_receipt_is_shown_as_kept),
        cmocka_unit_test(good_and_bad_receipts_with_gates_are_shown_as_kept),
        cmocka_unit_test(hostile_names_are_inert_on_every_surface),
        cmocka_unit_test(figures_of_a_receipt_that_does_not_verify_are_not_shown),
        cmocka_unit_test(a_run_record_is_no_pass),
        cmocka_unit_test(every_form_with_room_for_text_tells_the_four_lines),
        cmocka_unit_test(without_a_verdict_no_surface_says_pass_or_fail),
        cmocka_unit_test(junit_tells_failures_errors_and_skips_apart),
        cmocka_unit_test(receipts_of_one_name_are_told_apart),
        cmocka_unit_test(evidence_that_does_not_verify_is_not_handed_on),
        cmocka_unit_test(a_gate_that_noise_can_fail_warns_until_it_may_stop),
        cmocka_unit_test(a_receipt_that_is_wrong_missing_or_without_its_trace_stops_the_job),
        cmocka_unit_test(more_findings_than_a_surface_shows_are_counted),
        cmocka_unit_test(a_comment_and_a_summary_stay_within_what_github_takes),
        cmocka_unit_test(gitlab_metrics_are_rounded_to_their_noise),
        cmocka_unit_test(forms_are_found_by_their_names_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
