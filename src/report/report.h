/*
 * report/: what is kept, told to people and machines. Pure: bytes of receipts in, text out.
 *
 *   show      one run: the first line is the answer, then what was measured, on what, how sure, and what is not checked
 *   report    several runs: summary, per model and shape, models against each other, cold against warm, advice
 *   explain   what other tools would have printed for the same trace, and why it differs
 *   claims    findings about documents: text, json, SARIF, GitLab code quality, a Markdown summary
 *   surface   what CI systems show of receipts and gates (surface.h)
 *   table     rows and columns, for every verb that prints some (table.h)
 *
 * Every number comes from a receipt (show, report) or from plan and trace (explain); nothing is typed here. Text from
 * outside is escaped. A run record shows its reason and no rates. Colour is the caller's decision (struct assay_style).
 *
 * CSV is for machines: one row per run, arm and metric, columns as assay_report_columns lists them, units of the
 * receipt (ns). Text and Markdown are for people: ms and %.
 */
#ifndef ASSAY_REPORT_REPORT_H
#define ASSAY_REPORT_REPORT_H

#include "report/input.h"
#include "report/surface.h"
#include "report/table.h"

#include "base/buf.h"
#include "base/err.h"
#include "record/record.h"

#include <stddef.h>

#define ASSAY_REPORT_BYTES_MAX                                                                        \
    ((size_t)64 << 20)             /* output of one call: a report is read by people or by one parser \
                                    */
#define ASSAY_REPORT_RUNS_MAX 4096 /* runs in one report; the listing of a longer history is `history` */

/* One run. MALFORMED if the document is no envelope of a known statement; the rest of the input is optional. */
assay_code assay_report_show(const struct assay_report_input *input, enum assay_report_format format,
                             const struct assay_style *style, struct assay_buf *out, assay_err *err);

/* One run of the built-in language model, without what else is in its receipt: validity, a row a case, its kernels. */
assay_code assay_report_cases(const struct assay_report_input *input, const struct assay_style *style,
                              struct assay_buf *out, assay_err *err);

/* Several runs, in the order given. */
assay_code assay_report_runs(const struct assay_report_input *inputs, size_t count, enum assay_report_format format,
                             const struct assay_style *style, struct assay_buf *out, assay_err *err);

/* The documented columns of the CSV and JSON rows. */
const struct assay_column *assay_report_columns(size_t *ret_count);

/* Other tools' definitions (endpoints.md 2), one row a tool. */
struct assay_explain_tool {
    const char *name; /* "vllm" */
    const char *title;
};
const struct assay_explain_tool *assay_explain_tools(size_t *ret_count);

/* What `tool` would have printed for this plan and trace, beside our values. USAGE for an unknown tool (with the known
 * ones), MALFORMED for bytes that are no plan or trace. */
assay_code assay_explain(const char *tool, const char *plan, size_t plan_len, const char *trace, size_t trace_len,
                         enum assay_report_format format, const struct assay_style *style, struct assay_buf *out,
                         assay_err *err);

/* A verdict document: what ab, compare, gate, parity and detect answer. Ratio and interval come first; an inconclusive
 * row says what it could have found and how many pairs would decide; p-values are never shown. At most 100 columns. */
assay_code assay_report_verdict(const struct assay_verdict_document *document, enum assay_report_format format,
                                const struct assay_style *style, struct assay_buf *out, assay_err *err);

/* A run of workload llm as node baseline CSV (endpoints.md 9): timestamp,model,first_token_ms,tokens_per_s. */
assay_code assay_export_node_csv(const struct assay_report_input *input, const char *trace, size_t trace_len,
                                 struct assay_buf *out, assay_err *err);

enum assay_claims_format {
    ASSAY_CLAIMS_TEXT,
    ASSAY_CLAIMS_FORMAT_JSON, /* assay.claims/1 */
    ASSAY_CLAIMS_SARIF,       /* 2.1.0 */
    ASSAY_CLAIMS_GITLAB,      /* code quality */
    ASSAY_CLAIMS_MARKDOWN_SUMMARY
};

/* What claims/ found. The bytes of the checked documents must still be there: lines are quoted from them. */
assay_code assay_report_claims(const struct assay_findings *findings, enum assay_claims_format format,
                               const struct assay_style *style, struct assay_buf *out, assay_err *err);

/* A run of commands, kernels or no-ops in the form of another tool (statistics.md 5.5). hyperfine, google-benchmark and
 * go-bench have one value a sample and come from the trace; github-action-benchmark and bmf have figures and come from
 * the receipt's metrics. UNSUPPORTED: a run that the form has no place for. */
enum assay_export_form {
    ASSAY_EXPORT_HYPERFINE,
    ASSAY_EXPORT_GOOGLE_BENCHMARK,
    ASSAY_EXPORT_GO_BENCH,
    ASSAY_EXPORT_GITHUB_ACTION_BENCHMARK,
    ASSAY_EXPORT_BMF
};
assay_code assay_export_bench(enum assay_export_form form, const struct assay_report_input *input, const char *trace,
                              size_t trace_len, struct assay_buf *out, assay_err *err);

/* A verified receipt as shape B of the schema 1.0.0 of BitNet-rs (evidence.md 4). UNDECIDED with the reason if that
 * schema cannot hold it: compute path not real, no kernel with an id there, no model. What is written is still to be
 * put to the gates of that profile. */
struct assay_legacy_export {
    const struct assay_report_input *input; /* of a receipt that was verified, with its plan */
    const char *kernel_table;               /* assay_kernel_table_text: which id legacy receipts know a kernel under */
    size_t kernel_table_len;
    const char *arm; /* id or label; NULL: the only one */
};
assay_code assay_export_legacy(const struct assay_legacy_export *from, struct assay_buf *out, assay_err *err);

#endif
