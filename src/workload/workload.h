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
extern const struct assay_workload assay_workload_lm;
extern const struct assay_workload assay_workload_noop;

/* An operation of the program that is running, for the state of the workload kernel, before it is opened. The first one
 * linked is what is run if no name is given. */
struct assay_kernel_operation;
void assay_workload_kernel_link(void *state, const struct assay_kernel_operation *op);

/* For tests, before the state of the workload lm is opened: rows that take the place of those of the same operation. */
void assay_workload_lm_plant(void *state, const struct assay_kernel_operation *op);

/* SHA-256, as 64 hex digits, of what one run of the first case gives with that seed; the state's options were read, and
 * it is not opened. For the process that a run starts to compute an output afresh. */
assay_code assay_workload_lm_digest(void *state, const char *seed, char ret[65], assay_err *err);

/* All of them, in the order in which a person meets them. */
const struct assay_workload *const *assay_workloads(size_t *ret_count);

#endif
