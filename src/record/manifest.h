/*
 * Manifest of a golden or canary set (statistics.md 4.3): TSV, one file a line, sorted by path:
 * `sha256 bytes stratum origin path`, origin `real` or `synthetic`. The set's digest is the hash of the file.
 */
#ifndef ASSAY_RECORD_MANIFEST_H
#define ASSAY_RECORD_MANIFEST_H

#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASSAY_MANIFEST_BYTES_MAX ((size_t)64 << 20)
#define ASSAY_MANIFEST_FILES_MAX 1000000

struct assay_manifest_file {
    const char *sha256, *stratum, *path;
    uint64_t bytes;
    bool is_synthetic;
};

struct assay_manifest {
    struct assay_manifest_file *files; /* by path */
    size_t count;
};

/* Texts belong to the arena. MALFORMED with the line and what would be right. */
assay_code assay_manifest_parse(const char *bytes, size_t len, struct assay_arena *arena, struct assay_manifest *ret,
                                assay_err *err);

#endif
