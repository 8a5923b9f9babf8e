#include "lm/gguf.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

struct assay_gguf_writer {
    struct assay_buf values, infos, data; /* the three parts, joined at the end */
    uint64_t values_count, tensors_count;
};

assay_code assay_gguf_writer_new(struct assay_gguf_writer **ret, assay_err *err)
{
    struct assay_gguf_writer *writer = assay_alloc(1, sizeof *writer);
    if (!writer) {
        return assay_nomem(err);
    }
    assay_buf_init(&writer->values, ASSAY_GGUF_FILE_BYTES_MAX);
    assay_buf_init(&writer->infos, ASSAY_GGUF_FILE_BYTES_MAX);
    assay_buf_init(&writer->data, ASSAY_GGUF_FILE_BYTES_MAX);
    *ret = writer;
    return ASSAY_OK;
}

void assay_gguf_writer_free(struct assay_gguf_writer *writer)
{
    if (writer) {
        assay_buf_done(&writer->values);
        assay_buf_done(&writer->infos);
        assay_buf_done(&writer->data);
        assay_free(writer);
    }
}

static void put_u32(struct assay_buf *out, uint32_t value)
{
    assay_buf_append(out, &value, sizeof value);
}

static void put_u64(struct assay_buf *out, uint64_t value)
{
    assay_buf_append(out, &value, sizeof value);
}

static void put_text(struct assay_buf *out, const char *text, size_t len)
{
    put_u64(out, len);
    assay_buf_append(out, text, len);
}

static void put_key(struct assay_gguf_writer *writer, const char *key, enum assay_gguf_type type)
{
    put_text(&writer->values, key, strlen(key));
    put_u32(&writer->values, (uint32_t)type);
    writer->values_count++;
}

void assay_gguf_put_u32(struct assay_gguf_writer *writer, const char *key, uint32_t value)
{
    put_key(writer, key, ASSAY_GGUF_U32);
    put_u32(&writer->values, value);
}

void assay_gguf_put_u64(struct assay_gguf_writer *writer, const char *key, uint64_t value)
{
    put_key(writer, key, ASSAY_GGUF_U64);
    put_u64(&writer->values, value);
}

void assay_gguf_put_f32(struct assay_gguf_writer *writer, const char *key, float value)
{
    put_key(writer, key, ASSAY_GGUF_F32);
    assay_buf_append(&writer->values, &value, sizeof value);
}

void assay_gguf_put_bool(struct assay_gguf_writer *writer, const char *key, bool value)
{
    put_key(writer, key, ASSAY_GGUF_BOOL);
    assay_buf_char(&writer->values, value ? 1 : 0);
}

void assay_gguf_put_text(struct assay_gguf_writer *writer, const char *key, const char *value)
{
    put_key(writer, key, ASSAY_GGUF_TEXT);
    put_text(&writer->values, value, strlen(value));
}

void assay_gguf_put_texts(struct assay_gguf_writer *writer, const char *key, const struct assay_slice *texts,
                          size_t count)
{
    put_key(writer, key, ASSAY_GGUF_ARRAY);
    put_u32(&writer->values, ASSAY_GGUF_TEXT);
    put_u64(&writer->values, count);
    for (size_t i = 0; i < count; i++) {
        put_text(&writer->values, texts[i].data, texts[i].len);
    }
}

void assay_gguf_put_i32s(struct assay_gguf_writer *writer, const char *key, const int32_t *values, size_t count)
{
    put_key(writer, key, ASSAY_GGUF_ARRAY);
    put_u32(&writer->values, ASSAY_GGUF_I32);
    put_u64(&writer->values, count);
    assay_buf_append(&writer->values, values, count * sizeof *values);
}

void assay_gguf_put_f32s(struct assay_gguf_writer *writer, const char *key, const float *values, size_t count)
{
    put_key(writer, key, ASSAY_GGUF_ARRAY);
    put_u32(&writer->values, ASSAY_GGUF_F32);
    put_u64(&writer->values, count);
    assay_buf_append(&writer->values, values, count * sizeof *values);
}

static void pad(struct assay_buf *out, uint64_t len)
{
    static const char ZEROS[ASSAY_GGUF_ALIGNMENT];
    assay_buf_append(out, ZEROS, (size_t)((ASSAY_GGUF_ALIGNMENT - len % ASSAY_GGUF_ALIGNMENT) % ASSAY_GGUF_ALIGNMENT));
}

void assay_gguf_put_tensor(struct assay_gguf_writer *writer, const char *name, enum assay_format format, uint64_t cols,
                           uint64_t rows, const uint8_t *data, uint64_t bytes)
{
    uint32_t dims = rows > 1 ? 2 : 1;
    put_text(&writer->infos, name, strlen(name));
    put_u32(&writer->infos, dims);
    put_u64(&writer->infos, cols);
    if (dims > 1) {
        put_u64(&writer->infos, rows);
    }
    put_u32(&writer->infos, (uint32_t)format);
    put_u64(&writer->infos, writer->data.len);
    assay_buf_append(&writer->data, data, bytes);
    pad(&writer->data, writer->data.len);
    writer->tensors_count++;
}

assay_code assay_gguf_finish(struct assay_gguf_writer *writer, struct assay_buf *out, assay_err *err)
{
    assay_code rc = assay_buf_check(&writer->values, err);
    rc = rc == ASSAY_OK ? assay_buf_check(&writer->infos, err) : rc;
    rc = rc == ASSAY_OK ? assay_buf_check(&writer->data, err) : rc;
    if (rc == ASSAY_OK) {
        size_t from = out->len;
        assay_buf_text(out, "GGUF");
        put_u32(out, 3);
        put_u64(out, writer->tensors_count);
        put_u64(out, writer->values_count);
        assay_buf_append(out, writer->values.data, writer->values.len);
        assay_buf_append(out, writer->infos.data, writer->infos.len);
        pad(out, out->len - from);
        assay_buf_append(out, writer->data.data, writer->data.len);
        rc = assay_buf_check(out, err);
    }
    assay_gguf_writer_free(writer);
    return rc;
}
