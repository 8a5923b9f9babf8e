/*
 * The parts of a policy file, each read in its own source (inside this room): policy.c the whole and what is short,
 * policy_gate.c the gates, policy_claims.c the section of claims/.
 */
#ifndef ASSAY_RECORD_POLICY_PARTS_H
#define ASSAY_RECORD_POLICY_PARTS_H

#include "record/policy_read.h"

assay_code policy_read_gates(struct typed_reader *reader, const json_t *root, struct assay_policy *policy);
assay_code policy_read_claims(struct typed_reader *reader, const json_t *root, struct assay_policy *policy);

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

#endif
