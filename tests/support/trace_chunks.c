#include "support/trace_chunks.h"

#include "record/trace_codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <zstd.h>

#include <cmocka.h>

#define FILE_MAX ((size_t)256 << 20)

void chunks_done(struct chunks *chunks)
{
    for (size_t i = 0; i < chunks->count; i++) {
        assay_buf_done(&chunks->plain[i]);
    }
    chunks->count = 0;
}

void chunks_add(struct chunks *chunks, const char *plain, size_t len)
{
    assert_in_range(chunks->count, 0, CHUNKS_COUNT_MAX - 1);
    struct assay_buf *chunk = &chunks->plain[chunks->count++];
    assay_buf_init(chunk, FILE_MAX);
    assay_buf_append(chunk, plain, len);
}

void chunks_take_apart(const struct assay_buf *file, struct chunks *ret)
{
    static char plain[ASSAY_TRACE_CHUNK_BYTES_MAX];
    for (size_t at = TRACE_MAGIC_BYTES; at < file->len;) {
        size_t stored = assay_trace_get_u32(file->data + at);
        size_t n = ZSTD_decompress(plain, sizeof plain, file->data + at + TRACE_FRAME_BYTES, stored);
        assert_false(ZSTD_isError(n));
        chunks_add(ret, plain, n);
        at += TRACE_FRAME_BYTES + stored;
    }
}

void chunks_put_frame(const struct assay_buf *plain, struct assay_buf *file)
{
    char *room = assay_buf_reserve(file, TRACE_FRAME_BYTES + ZSTD_compressBound(plain->len));
    assert_non_null(room);
    static ZSTD_CCtx *context; /* made once: making one takes longer than a small chunk */
    context = context ? context : ZSTD_createCCtx();
    size_t n = ZSTD_compressCCtx(context, room + TRACE_FRAME_BYTES, ZSTD_compressBound(plain->len), plain->data,
                                 plain->len, 1);
    assert_false(ZSTD_isError(n));
    assay_trace_put_u32((uint32_t)n, room);
    assay_trace_put_u32((uint32_t)plain->len, room + 4);
    assay_buf_grew(file, TRACE_FRAME_BYTES + n);
}

void chunks_join(const struct chunks *chunks, struct assay_buf *ret)
{
    assay_buf_clear(ret);
    assay_buf_append(ret, TRACE_MAGIC, TRACE_MAGIC_BYTES);
    for (size_t i = 0; i < chunks->count; i++) {
        chunks_put_frame(&chunks->plain[i], ret);
    }
}

/* All but one chunk, whose frame comes between the two. */
void chunks_join_around(const struct chunks *chunks, size_t left_out, struct assay_buf *ret_before,
                        struct assay_buf *ret_behind)
{
    struct chunks part = *chunks;
    assay_buf_init(ret_before, FILE_MAX);
    assay_buf_init(ret_behind, FILE_MAX);
    part.count = left_out;
    chunks_join(&part, ret_before);
    for (size_t i = left_out + 1; i < chunks->count; i++) {
        chunks_put_frame(&chunks->plain[i], ret_behind);
    }
}

void chunks_add_json(struct chunks *chunks, const struct assay_trace_ident *ident, enum assay_trace_kind kind,
                     size_t count, const char *text)
{
    struct trace_header header = {.count = (uint32_t)count, .kind = (uint16_t)kind, .codec = TRACE_CODEC_JSON};
    char bytes[TRACE_HEADER_BYTES];
    memcpy(header.run_id, ident->run_id, sizeof header.run_id);
    memcpy(header.plan_prefix, ident->plan_sha256, sizeof header.plan_prefix);
    assay_trace_header_put(&header, bytes);
    chunks_add(chunks, bytes, sizeof bytes);
    assay_buf_append(&chunks->plain[chunks->count - 1], text, strlen(text));
}
