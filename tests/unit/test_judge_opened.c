/* How far a judge may rely on a receipt that was opened: by what its files are, and by what its run says of itself. */
#include "base/mem.h"
#include "judge/opened.h"
#include "support/honest_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct question {
    const char *codes; /* what a check of the run says of its validity; NULL: nothing */
    bool is_partial, lacks_trace, lacks_document;
    enum assay_reliance trust;
    const char *why; /* NULL: nothing is said */
};

static json_t *checks_of(const char *codes)
{
    json_t *list = json_loads(codes, 0, NULL), *checks;
    checks = json_pack("[{s:s,s:s,s:i,s:{s:i},s:o}]", "id", "told", "rule", "told@1", "n", 1, "data", "failures", 0,
                       "invalid", list);
    assert_non_null(checks);
    return checks;
}

static void ask(const struct question *question)
{
    assay_err err = {0};
    struct honest_run run;
    struct assay_opened *opened = NULL;
    json_t *checks = question->codes ? checks_of(question->codes) : NULL;
    honest_run_make(&(struct honest_options){.workload = "noop",
                                             .count = 20,
                                             .seed = 3,
                                             .op_ns = 100000,
                                             .is_partial = question->is_partial,
                                             .checks = checks},
                    &run);
    struct assay_judge_files files = {.name = "made", .plan = {run.plan.data, run.plan.len}};
    if (!question->lacks_document) {
        files.document = (struct assay_judge_bytes){run.receipt.data, run.receipt.len};
    }
    if (!question->lacks_trace) {
        files.trace = (struct assay_judge_bytes){run.trace.data, run.trace.len};
    }
    const struct assay_judge_input how = {.now_real_ns = HONEST_NOW_NS};
    assert_int_equal(assay_opened_open(&files, &how, &opened, &err), ASSAY_OK);
    assert_int_equal(opened->trust, question->trust);
    if (question->why) {
        assert_string_equal(opened->why, question->why);
    } else {
        assert_null(opened->why);
    }
    assay_opened_free(opened);
    honest_run_done(&run);
    json_decref(checks);
}

static void a_receipt_is_relied_on_as_far_as_its_files_and_its_run_allow(void **state)
{
    (void)state;
    static const struct question QUESTIONS[] = {
        {.trust = ASSAY_TRUST_GOOD},
        {.codes = "[]", .trust = ASSAY_TRUST_GOOD},
        {.codes = "[\"subject\"]", .trust = ASSAY_TRUST_INVALID, .why = "the run is invalid: subject"},
        {.codes = "[\"state\",\"subject\",\"busy\"]",
         .trust = ASSAY_TRUST_INVALID,
         .why = "the run is invalid: busy state subject"},
        {.codes = "[\"subject\"]",
         .lacks_trace = true,
         .trust = ASSAY_TRUST_OPEN,
         .why = "2 violations, the first: 301 trace.assay"},
        {.lacks_trace = true, .trust = ASSAY_TRUST_OPEN, .why = "1 violation, the first: 301 trace.assay"},
        {.is_partial = true,
         .trust = ASSAY_TRUST_NONE,
         .why = "a run record: the run failed, was aborted, or its compute is no real one"},
        {.lacks_document = true, .trust = ASSAY_TRUST_NONE, .why = "not given"},
    };
    for (size_t i = 0; i < sizeof QUESTIONS / sizeof QUESTIONS[0]; i++) {
        print_message("# question %zu\n", i);
        ask(&QUESTIONS[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_receipt_is_relied_on_as_far_as_its_files_and_its_run_allow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
