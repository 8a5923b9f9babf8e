#include "cli/export_profile.h"

#include "cli/judged.h"

#include "base/clock.h"
#include "base/mem.h"

#include <string.h>

/* As `assay verify` would answer it. */
static assay_code demand_verified(const struct assay_opened *run, assay_err *err)
{
    static const assay_code BY_EXIT[] = {[0] = ASSAY_OK,        [1] = ASSAY_WANTING, [2] = ASSAY_UNDECIDED,
                                         [3] = ASSAY_MALFORMED, [4] = ASSAY_BUG,     [5] = ASSAY_IO};
    int status = assay_judgement_exit(run->judgement);
    if (status == 0) {
        return ASSAY_OK;
    }
    return assay_fail(err, BY_EXIT[status], "'%s' does not verify: %s ('assay verify' tells more)", run->name,
                      run->why ? run->why : "see its violations");
}

/* The gates of that schema's verifier, those that close its holes, and its library's validate(). */
static assay_code demand_accepted(const struct assay_buf *out, assay_err *err)
{
    struct assay_legacy_verdict *verdict = NULL;
    struct assay_legacy_question question = {.name = "the export",
                                             .bytes = out->data,
                                             .len = out->len,
                                             .is_strict = true,
                                             .now_real_ns = assay_clock_real_ns()};
    assay_code rc = assay_judge_legacy(&question, &verdict, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    const struct assay_judgement *judgement = verdict->judgement;
    if (judgement->violations_count > 0) {
        const struct assay_violation *first = &judgement->violations[0];
        rc = assay_fail(err, ASSAY_UNDECIDED, "not written: --strict would refuse it: %u %s: found %s, expected %s",
                        first->gate, first->pointer, first->found, first->expected);
    } else if (verdict->library) {
        rc = assay_fail(err, ASSAY_UNDECIDED, "not written: the library of that schema would refuse it: %s",
                        verdict->library);
    }
    assay_legacy_verdict_free(verdict);
    return rc;
}

static assay_code export_run(struct assay_judged *judged, const char *arm, const char *place, struct assay_buf *out,
                             assay_err *err)
{
    const struct assay_opened *run = NULL;
    assay_code rc = assay_judged_open(judged, place, &run, err);
    rc = rc == ASSAY_OK ? demand_verified(run, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct assay_report_input input = assay_run_files_input(judged->files[0]);
    struct assay_legacy_export from = {.input = &input,
                                       .kernel_table = judged->kernel_table.data,
                                       .kernel_table_len = judged->kernel_table.len,
                                       .arm = arm};
    rc = assay_export_legacy(&from, out, err);
    return rc == ASSAY_OK ? demand_accepted(out, err) : rc;
}

assay_code assay_export_profile(const char *profile, const char *arm, const char *place, struct assay_buf *out,
                                assay_err *err)
{
    if (strcmp(profile, ASSAY_LEGACY_PROFILE) != 0) {
        return assay_fail(err, ASSAY_USAGE, "there is no profile '%.64s'; known is " ASSAY_LEGACY_PROFILE, profile);
    }
    struct assay_judged *judged = assay_alloc(1, sizeof *judged); /* too large for a stack */
    if (!judged) {
        return assay_nomem(err);
    }
    assay_code rc = assay_judged_begin(judged, err);
    rc = rc == ASSAY_OK ? export_run(judged, arm, place, out, err) : rc;
    assay_judged_done(judged);
    assay_free(judged);
    return rc;
}
