#include "cli/prepared_run.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

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

assay_code assay_prepared_run_set(struct assay_prepared_run *run, const char *name, const char *value, assay_err *err)
{
    return value ? assay_opt_set(&run->table.verb, name, value, run->values, &run->seen, err) : ASSAY_OK;
}

assay_code assay_prepared_run_arm(struct assay_prepared_run *run, char id, const char *text, struct assay_arena *arena,
                                  assay_err *err)
{
    size_t bytes = strlen(text) + sizeof "a=";
    char *arm = assay_arena_take(arena, bytes, 1);
    if (!arm) {
        return assay_nomem(err);
    }
    (void)snprintf(arm, bytes, "%c=%s", id, text);
    return assay_prepared_run_set(run, "arm", arm, err);
}

assay_code assay_prepared_run_arms(struct assay_prepared_run *run, const struct assay_opt_result *given,
                                   struct assay_arena *arena, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; i < given->arguments_count && rc == ASSAY_OK; i++) {
        rc = assay_prepared_run_arm(run, (char)('a' + i), given->arguments[i], arena, err);
    }
    return rc;
}

assay_code assay_prepared_run_pass(struct assay_prepared_run *run, const struct assay_passed *passed, size_t count,
                                   const void *values, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; i < count && rc == ASSAY_OK; i++) {
        const char *value;
        memcpy(&value, (const char *)values + passed[i].offset, sizeof value);
        rc = assay_prepared_run_set(run, passed[i].name, value, err);
    }
    return rc;
}
