#include "record/manifest.h"

#include "base/hex.h"
#include "base/num.h"

#include <assert.h>
#include <string.h>

static size_t count_lines(const char *bytes, size_t len)
{
    size_t lines = 0;
    for (size_t i = 0; i < len; i++) {
        lines += bytes[i] == '\n';
    }
    return lines;
}

static assay_code fail(assay_err *err, size_t line, const char *right)
{
    return assay_fail(err, ASSAY_MALFORMED, "manifest line %zu: expected %s", line, right);
}

static bool is_digest(struct assay_slice text)
{
    unsigned char unused[32];
    return text.len == 2 * sizeof unused && assay_hex_read(text.data, unused, sizeof unused);
}

static assay_code read_line(struct assay_slice line, size_t number, struct assay_arena *arena,
                            struct assay_manifest_file *ret, assay_err *err)
{
    struct assay_slice sha256 = assay_slice_cut(&line, '\t'), size = assay_slice_cut(&line, '\t');
    struct assay_slice stratum = assay_slice_cut(&line, '\t'), origin = assay_slice_cut(&line, '\t'), path = line;
    if (!is_digest(sha256)) {
        return fail(err, number, "a SHA-256 of 64 lowercase hex digits first, then bytes, stratum, origin, path");
    }
    if (assay_num_u64(size, "", UINT64_MAX, &ret->bytes, NULL) != ASSAY_OK) {
        return fail(err, number, "the number of bytes second");
    }
    ret->is_synthetic = assay_slice_is(origin, "synthetic");
    if (stratum.len == 0 || (!ret->is_synthetic && !assay_slice_is(origin, "real"))) {
        return fail(err, number, "a stratum third, and real or synthetic fourth");
    }
    if (path.len == 0 || memchr(path.data, '\t', path.len)) {
        return fail(err, number, "a path last, without tabs");
    }
    ret->sha256 = assay_arena_text(arena, sha256.data, sha256.len);
    ret->stratum = assay_arena_text(arena, stratum.data, stratum.len);
    ret->path = assay_arena_text(arena, path.data, path.len);
    return ret->sha256 && ret->stratum && ret->path ? ASSAY_OK : assay_nomem(err);
}

assay_code assay_manifest_parse(const char *bytes, size_t len, struct assay_arena *arena, struct assay_manifest *ret,
                                assay_err *err)
{
    assert(bytes && arena && ret);
    size_t lines = count_lines(bytes, len);
    if (len > ASSAY_MANIFEST_BYTES_MAX || lines > ASSAY_MANIFEST_FILES_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "manifest of %zu bytes and %zu lines; at most 64 MiB and a million",
                          len, lines);
    }
    if (lines == 0 || bytes[len - 1] != '\n') {
        return fail(err, lines + 1, "at least one line, and a line end after the last one");
    }
    struct assay_manifest manifest = {.files = assay_arena_take(arena, lines, sizeof *manifest.files)};
    struct assay_slice rest = {bytes, len};
    if (!manifest.files) {
        return assay_nomem(err);
    }
    for (; manifest.count < lines; manifest.count++) {
        struct assay_manifest_file *file = &manifest.files[manifest.count];
        assay_code rc = read_line(assay_slice_cut(&rest, '\n'), manifest.count + 1, arena, file, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
        if (manifest.count > 0 && strcmp(file[-1].path, file->path) >= 0) {
            return fail(err, manifest.count + 1, "lines sorted by path, each path once");
        }
    }
    *ret = manifest;
    return ASSAY_OK;
}
