#include "cli/run_options.h"

#include "base/mem.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdio.h>

#define AT(member) offsetof(struct assay_around_options, member)
#define GROUP "Around the run"

static const struct assay_opt AROUND[] = {
    {"store", "FILE", "history (default $ASSAY_STORE, else $XDG_DATA_HOME/assay/history.db)", ASSAY_OPT_TEXT, AT(store),
     .group = GROUP},
    {"commit", "REV", "the commit that is measured: a subject of the receipt, and its place in the history",
     ASSAY_OPT_TEXT, AT(commit), .group = GROUP},
    {"branch", "NAME", "its branch: a series of its own", ASSAY_OPT_TEXT, AT(branch), .group = GROUP},
    {"save", NULL, "append the run to the history", ASSAY_OPT_FLAG_ON, AT(wants_store), .group = GROUP},
    {"key", "FILE", "sign the receipt with this key (repeatable)", ASSAY_OPT_TEXT_LIST, AT(keys), .group = GROUP},
    {"log", "DIR", "log the run: its intent before, its receipt after", ASSAY_OPT_TEXT, AT(log), .group = GROUP},
    {"log-key", "FILE", "the key of the log (default: DIR.key)", ASSAY_OPT_TEXT, AT(log_key), .group = GROUP},
    {"password-file", "FILE", "the password of the keys is the first line of FILE", ASSAY_OPT_TEXT, AT(password_file),
     .group = GROUP},
    {"calibrate", NULL, "measure the stamp error of this client first, at most 2 s", ASSAY_OPT_FLAG_ON,
     AT(wants_calibration), .group = GROUP},
    {"quiet", NULL, "no progress, no notes", ASSAY_OPT_FLAG, AT(is_quiet), .group = GROUP},
    {"json", NULL, "print the result as JSON", ASSAY_OPT_FLAG, AT(wants_json), .group = GROUP},
};
enum { AROUND_COUNT = sizeof AROUND / sizeof AROUND[0] };

const struct assay_opt *assay_around_rows(size_t *ret_count)
{
    *ret_count = AROUND_COUNT;
    return AROUND;
}

/* Copies rows and moves their values behind what stands before them in the block. */
static size_t append_rows(struct assay_opt *into, size_t at, const struct assay_opt *rows, size_t count, size_t offset)
{
    for (size_t i = 0; i < count; i++) {
        into[at + i] = rows[i];
        into[at + i].offset += offset;
    }
    return at + count;
}

assay_code assay_run_table_init(struct assay_run_table *ret, const struct assay_workload *workload, assay_err *err)
{
    const size_t align = alignof(max_align_t);
    size_t state_offset = (sizeof(struct assay_run_options) + align - 1) / align * align;
    *ret = (struct assay_run_table){.state_offset = state_offset, .values_bytes = state_offset + workload->state_bytes};
    struct assay_opt load[ASSAY_LOAD_OPTIONS_MAX];
    size_t load_count = assay_load_option_rows(workload, load);
    ret->rows = assay_alloc(workload->options_count + load_count + AROUND_COUNT, sizeof *ret->rows);
    if (!ret->rows) {
        return assay_nomem(err);
    }
    size_t count = append_rows(ret->rows, 0, workload->options, workload->options_count, state_offset);
    count = append_rows(ret->rows, count, load, load_count, offsetof(struct assay_run_options, load));
    count = append_rows(ret->rows, count, AROUND, AROUND_COUNT, offsetof(struct assay_run_options, around));
    (void)snprintf(ret->name, sizeof ret->name, "run %s", workload->name);
    ret->verb = (struct assay_opt_verb){
        .name = ret->name,
        .synopsis = workload->argument ? "[NAME] [OPTIONS]" : "[OPTIONS]",
        .summary = workload->summary,
        .arguments_max = workload->argument ? 1 : 0,
        .options = ret->rows,
        .options_count = count,
        .exits = "0 valid receipt; 1 outputs are wrong; 2 invalid, partial, aborted or stand-in; 3 bad "
                 "input; 4 usage; 5 failed; 70 a bug",
    };
    return ASSAY_OK;
}

void assay_run_table_done(struct assay_run_table *table)
{
    assay_free(table->rows);
    *table = (struct assay_run_table){0};
}

void *assay_run_table_values(const struct assay_run_table *table, const struct assay_workload *workload)
{
    char *values = assay_alloc(1, table->values_bytes);
    if (!values) {
        return NULL;
    }
    struct assay_run_options *options = (struct assay_run_options *)(void *)values;
    assay_load_options_defaults(&options->load);
    options->around = (struct assay_around_options){.wants_store = true, .wants_calibration = true};
    if (workload->defaults) {
        workload->defaults(values + table->state_offset);
    }
    return values;
}
