#include "cli/prepared_run.h"

#include "base/mem.h"

assay_code assay_prepared_run_init(struct assay_prepared_run *run, const struct assay_workload *workload,
                                   assay_err *err)
{
    *run = (struct assay_prepared_run){.workload = workload};
    assay_code rc = assay_run_table_init(&run->table, workload, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    run->values = assay_run_table_values(&run->table, workload);
    return run->values ? ASSAY_OK : assay_nomem(err);
}

void assay_prepared_run_done(struct assay_prepared_run *run)
{
    if (run->values) {
        assay_load_options_done(&assay_prepared_run_options(run)->load);
    }
    assay_free(run->values);
    assay_run_table_done(&run->table);
}

struct assay_run_options *assay_prepared_run_options(const struct assay_prepared_run *run)
{
    return run->values;
}

void *assay_prepared_run_state(const struct assay_prepared_run *run)
{
    return (char *)run->values + run->table.state_offset;
}
