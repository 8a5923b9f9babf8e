/* What was measured, on what, how sure. */
#include "cli/cli.h"
#include "cli/run_files.h"
#include "cli/terminal.h"

#include <stddef.h>

struct values {
    bool wants_json;
};

static const struct assay_opt OPTIONS[] = {
    {"json", NULL, "print as JSON", ASSAY_OPT_FLAG, offsetof(struct values, wants_json)},
};

static assay_code run(struct assay_cli *cli, const void *values_, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err)
{
    (void)cli;
    const struct values *values = values_;
    const char *place = given->arguments[0];
    struct assay_run_files files;
    assay_code rc = assay_run_files_load(place, NULL, &files, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct assay_report_input input = assay_run_files_input(&files);
    struct assay_style style = assay_terminal_style();
    rc = assay_report_show(&input, values->wants_json ? ASSAY_REPORT_JSON : ASSAY_REPORT_TEXT, &style, out, err);
    if (rc != ASSAY_OK) {
        assay_wrap(err, "%s", place);
    } else if (!values->wants_json) {
        assay_buf_text(out, "  figures: as the document states them; 'assay verify' derives them again\n");
    }
    assay_run_files_done(&files);
    return rc;
}

const struct assay_verb assay_verb_show = {
    .opt = {.name = "show",
            .synopsis = "[--json] DIR|RECEIPT",
            .summary = "what was measured, on what, how sure",
            .manual = "The first line is the answer. The numbers are those of the receipt; nothing is recomputed and "
                      "nothing is verified here: 'assay verify' does that.",
            .options = OPTIONS,
            .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
            .arguments_min = 1,
            .arguments_max = 1,
            .examples = "assay show demo-out\n  the run that 'make demo' leaves\n"},
    .values_bytes = sizeof(struct values),
    .run = run,
};
