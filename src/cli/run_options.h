/*
 * The options of `assay run WORKLOAD`: those of the workload, those of the load (measure/), and the few that concern
 * what happens around a run, in one table.
 */
#ifndef ASSAY_CLI_RUN_OPTIONS_H
#define ASSAY_CLI_RUN_OPTIONS_H

#include "base/opt.h"
#include "measure/measure.h"

struct assay_around_options {
    const char *store, *commit, *branch;
    struct assay_opt_list keys; /* sign with */
    const char *log, *log_key, *password_file;
    bool wants_store, wants_calibration, is_quiet, wants_json;
};

struct assay_run_options {
    struct assay_load_options load;
    struct assay_around_options around;
};

/* The combined table over one block of values that begins with struct assay_run_options; the workload's state stands
 * at state_offset. For parsing, man pages and completion. */
struct assay_run_table {
    struct assay_opt_verb verb;
    struct assay_opt *rows;
    size_t state_offset, values_bytes;
    char name[64];
};

assay_code assay_run_table_init(struct assay_run_table *ret, const struct assay_workload *workload, assay_err *err);
void assay_run_table_done(struct assay_run_table *table);

/* A zeroed block of values_bytes with all defaults set; freed with assay_free. */
void *assay_run_table_values(const struct assay_run_table *table, const struct assay_workload *workload);

/* The rows about what happens around a run, for suites too; offsets into struct assay_around_options. */
const struct assay_opt *assay_around_rows(size_t *ret_count);

#endif
