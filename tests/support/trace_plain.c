/*
 * The plain bytes of every compressed chunk of a trace, one after the other, for tests that look for what must not be
 * in it:
 *
 *     trace_plain FILE
 *
 * It goes by zstd's magic number instead of the trace's own framing, so that nothing is skipped.
 */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define FILE_BYTES_MAX ((size_t)64 << 20)
#define PLAIN_BYTES_MAX ((size_t)64 << 20) /* of one chunk */

static size_t write_frame(const char *bytes, size_t len, char *plain)
{
    size_t frame = ZSTD_findFrameCompressedSize(bytes, len);
    size_t plain_len = ZSTD_isError(frame) ? 0 : ZSTD_decompress(plain, PLAIN_BYTES_MAX, bytes, frame);
    if (ZSTD_isError(frame) || ZSTD_isError(plain_len)) {
        return 0;
    }
    return fwrite(plain, 1, plain_len, stdout) == plain_len ? frame : 0;
}

int main(int argc, char **argv)
{
    static const char magic[] = {'\x28', '\xb5', '\x2f', '\xfd'};
    struct assay_buf file;
    size_t frames = 0;
    assay_buf_init(&file, FILE_BYTES_MAX);
    char *plain = malloc(PLAIN_BYTES_MAX);
    if (argc != 2 || plain == NULL || assay_buf_read_file(&file, argv[1], NULL) != ASSAY_OK) {
        (void)fprintf(stderr, "usage: trace_plain FILE\n");
        return 4;
    }
    for (size_t at = 0; at + sizeof magic <= file.len;) {
        size_t frame =
            memcmp(file.data + at, magic, sizeof magic) == 0 ? write_frame(file.data + at, file.len - at, plain) : 0;
        frames += frame > 0;
        at += frame > 0 ? frame : 1;
    }
    free(plain);
    assay_buf_done(&file);
    return frames > 0 && fflush(stdout) == 0 ? 0 : 3;
}
