/*
 * Faults: where mem.c, file_linux.c and buf.c learn which allocation, write or read a test wants to fail.
 *
 * A build made with -Dfaults=true reads the number from the environment (faults_on.c), so that a torture run can fail
 * every allocation, write and read of the whole program in turn. Every other build answers 0 (faults_off.c): a released
 * program has no such switch.
 */
#ifndef ASSAY_BASE_FAULTS_H
#define ASSAY_BASE_FAULTS_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>

#define ASSAY_FAULT_UNASKED ULONG_MAX /* first value of a countdown: the environment was not asked yet */

/* The value of the environment variable; 0 = let nothing fail. */
unsigned long assay_fault_wanted(const char *variable);

/* Counts one event down. True exactly once, when the countdown reaches 0. Safe from any thread. */
bool assay_fault_due(atomic_ulong *countdown, const char *variable);

#endif
