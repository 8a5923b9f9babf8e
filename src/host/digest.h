/*
 * Digests of the host's fingerprint. Internal to host/.
 */
#ifndef ASSAY_HOST_DIGEST_H
#define ASSAY_HOST_DIGEST_H

#include "crypto/crypto.h"
#include "record/record.h"

/* Digest of a file's bytes; false if it cannot be read. */
bool assay_host_file_sha256(const char *path, struct assay_digest *ret);

/* The type hex32 of receipts. */
json_t *assay_host_hex32(const struct assay_digest *digest);

/* SHA-256 over the sorted digests of all files that are mapped executable into this process. */
json_t *assay_host_loaded_objects(const char *root);

/* SHA-256 over the sorted "NAME=value" lines of the variables that change how programs run. */
json_t *assay_host_environment(void);

/* SHA-256("assay-machine/1" || machine id): the same host or not, and nothing more. */
json_t *assay_host_machine_key(const char *root);

#endif
