/*
 * `assay host --kernels`: the table of kernels, what this host can run, what is chosen, and why not for the rest; which
 * kernels really count when each is run once; and whether the flags that choose between them do anything.
 */
#ifndef ASSAY_CLI_HOST_KERNELS_H
#define ASSAY_CLI_HOST_KERNELS_H

#include "base/opt.h"
#include "cli/cli.h"

/* The table, with the rows of the plug-ins. */
assay_code assay_host_kernels_list(const struct assay_opt_list *plugins, bool wants_json, struct assay_buf *out,
                                   assay_err *err);

/* Runs the least case of every operation once, as chosen, and prints the ids that counted, one a line. */
assay_code assay_host_kernels_count(const struct assay_opt_list *plugins, struct assay_buf *out, assay_err *err);

/* Runs a tiny model of the built-in language model once, and prints "model NAME VALUE" for its settings and "model ID"
 * for the kernels that counted. */
assay_code assay_host_model_count(struct assay_buf *out, assay_err *err);

/* For each flag two children that differ in it: `live` if other ids count or the model runs with another setting, `dead`
 * if not, `not available here` if this host leaves nothing to choose. WANTING if one is dead. */
assay_code assay_host_kernels_probe(struct assay_buf *out, assay_err *err);

#endif
