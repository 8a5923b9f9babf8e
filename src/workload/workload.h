/*
 * The workloads: one const table each (measure/workload.h has the contract), one file or family of files a workload.
 * This is the front door; src/main.c hands the list to the cli.
 */
#ifndef ASSAY_WORKLOAD_WORKLOAD_H
#define ASSAY_WORKLOAD_WORKLOAD_H

#include "measure/measure.h"

extern const struct assay_workload assay_workload_kernel;
extern const struct assay_workload assay_workload_command;
extern const struct assay_workload assay_workload_llm;
extern const struct assay_workload assay_workload_noop;

/* An operation of the program that is running, for the state of the workload kernel, before it is opened. The first one
 * linked is what is run if no name is given. */
struct assay_kernel_operation;
void assay_workload_kernel_link(void *state, const struct assay_kernel_operation *op);

/* All of them, in the order in which a person meets them. */
const struct assay_workload *const *assay_workloads(size_t *ret_count);

#endif
