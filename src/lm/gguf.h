/*
 * GGUF v2 and v3: the file a model comes in (kernels.md 2.1). Little endian, as everything here.
 *
 *     rc = assay_gguf_parse(bytes, len, &gguf, err);            // bytes: a mapped file or a buffer; borrowed
 *     const struct assay_gguf_value *value = assay_gguf_find(gguf, "llama.context_length");
 *     const struct assay_gguf_tensor *tensor = assay_gguf_tensor(gguf, "token_embd.weight");
 *     assay_gguf_free(gguf);
 *
 * The reader walks the header once and believes no count before it has compared it with the bytes that are left. What
 * it hands out points into the bytes. Every breach is MALFORMED or UNSUPPORTED with offset, name and what would be
 * right. The weights themselves are looked at by assay_gguf_check_tensor, one tensor at a time.
 *
 * The writer builds a file in memory, identical bytes for identical input:
 *
 *     assay_gguf_writer_new(&writer, err);
 *     assay_gguf_put_text(writer, "general.architecture", "llama"); ...
 *     assay_gguf_put_tensor(writer, "token_embd.weight", ASSAY_FORMAT_F16, cols, rows, data, bytes);
 *     rc = assay_gguf_finish(writer, &out, err);                // frees the writer
 */
#ifndef ASSAY_LM_GGUF_H
#define ASSAY_LM_GGUF_H

#include "base/buf.h"
#include "base/source.h"
#include "base/text.h"
#include "lm/format.h"

#define ASSAY_GGUF_TENSORS_MAX 65536
#define ASSAY_GGUF_KEYS_MAX 65536
#define ASSAY_GGUF_KEY_BYTES_MAX 65535
#define ASSAY_GGUF_TEXT_BYTES_MAX ((uint64_t)64 << 20)
#define ASSAY_GGUF_ARRAY_MAX ((uint64_t)16 << 20) /* elements: vocabularies have a quarter of a million */
#define ASSAY_GGUF_NESTING_MAX 4
#define ASSAY_GGUF_FILE_BYTES_MAX ((uint64_t)1 << 40)
#define ASSAY_GGUF_HEAD_BYTES_MAX ((uint64_t)1 << 30) /* keys and names: vocabularies take some megabytes */
#define ASSAY_GGUF_ALIGNMENT 32                       /* where the file does not say */
#define ASSAY_GGUF_DIMS_MAX 4

enum assay_gguf_type {
    ASSAY_GGUF_U8,
    ASSAY_GGUF_I8,
    ASSAY_GGUF_U16,
    ASSAY_GGUF_I16,
    ASSAY_GGUF_U32,
    ASSAY_GGUF_I32,
    ASSAY_GGUF_F32,
    ASSAY_GGUF_BOOL,
    ASSAY_GGUF_TEXT,
    ASSAY_GGUF_ARRAY,
    ASSAY_GGUF_U64,
    ASSAY_GGUF_I64,
    ASSAY_GGUF_F64,
    ASSAY_GGUF_TYPE_COUNT
};
const char *assay_gguf_type_text(enum assay_gguf_type type); /* "u32", "text" */

struct assay_gguf_value {
    struct assay_slice key;
    enum assay_gguf_type type;
    uint64_t offset;              /* of the value in the file */
    const uint8_t *at;            /* its bytes; of a text its first character, of an array its first element */
    uint64_t length;              /* text: bytes; array: elements */
    enum assay_gguf_type element; /* of an array */
    uint64_t bytes;               /* of the text or of all elements */
};

struct assay_gguf_tensor {
    struct assay_slice name;
    uint32_t type; /* as in the file; a format if format is not NULL */
    const struct assay_format_row *format;
    uint32_t dims;
    uint64_t ne[ASSAY_GGUF_DIMS_MAX]; /* ne[0]: contiguous length; 1 where there is no dimension */
    uint64_t offset;                  /* of its bytes in the file */
    const uint8_t *data;              /* where they lie; NULL if the file is read and not in memory */
    uint64_t bytes;
};

struct assay_gguf {
    uint32_t version, alignment;
    uint64_t data_offset;
    struct assay_gguf_value *values; /* in file order */
    size_t values_count;
    struct assay_gguf_tensor *tensors;
    size_t tensors_count;
    uint32_t *values_by_key, *tensors_by_name; /* sorted indices */
    uint8_t *head;                             /* of a file: all before its data, which everything here points into */
};

assay_code assay_gguf_parse(const uint8_t *bytes, uint64_t len, struct assay_gguf **ret, assay_err *err);
/* The same of a source. Of a file only what stands before the weights comes into memory, and nothing of the file is
 * needed any more but for its tensors. TOO_LARGE: that is more than ASSAY_GGUF_HEAD_BYTES_MAX. */
assay_code assay_gguf_read(const struct assay_source *source, struct assay_gguf **ret, assay_err *err);
void assay_gguf_free(struct assay_gguf *gguf); /* fine on NULL */

const struct assay_gguf_value *assay_gguf_find(const struct assay_gguf *gguf, const char *key);     /* or NULL */
const struct assay_gguf_tensor *assay_gguf_tensor(const struct assay_gguf *gguf, const char *name); /* or NULL */

/* Scalars: any integer type that fits; floats from f32 or f64. MALFORMED, with key and type, if it is something else.
 */
assay_code assay_gguf_u64(const struct assay_gguf_value *value, uint64_t max, uint64_t *ret, assay_err *err);
assay_code assay_gguf_double(const struct assay_gguf_value *value, double *ret, assay_err *err);
assay_code assay_gguf_bool(const struct assay_gguf_value *value, bool *ret, assay_err *err);
assay_code assay_gguf_text(const struct assay_gguf_value *value, struct assay_slice *ret, assay_err *err);

/* Walks the texts of an array: *cursor starts at 0; false at the end. The array was checked when the file was read. */
bool assay_gguf_next_text(const struct assay_gguf_value *array, uint64_t *cursor, struct assay_slice *ret);
/* Element i of an array of integers or floats. */
int64_t assay_gguf_array_int(const struct assay_gguf_value *array, uint64_t i);
double assay_gguf_array_double(const struct assay_gguf_value *array, uint64_t i);

/* Every byte of the weights: codes and scales. data must be there. */
assay_code assay_gguf_check_tensor(const struct assay_gguf_tensor *tensor, assay_err *err);

struct assay_gguf_writer;
assay_code assay_gguf_writer_new(struct assay_gguf_writer **ret, assay_err *err);
void assay_gguf_writer_free(struct assay_gguf_writer *writer); /* fine on NULL */
/* Appends; a failure is kept and comes out of assay_gguf_finish. Keys and names must differ. */
void assay_gguf_put_u32(struct assay_gguf_writer *writer, const char *key, uint32_t value);
void assay_gguf_put_u64(struct assay_gguf_writer *writer, const char *key, uint64_t value);
void assay_gguf_put_f32(struct assay_gguf_writer *writer, const char *key, float value);
void assay_gguf_put_bool(struct assay_gguf_writer *writer, const char *key, bool value);
void assay_gguf_put_text(struct assay_gguf_writer *writer, const char *key, const char *value);
void assay_gguf_put_texts(struct assay_gguf_writer *writer, const char *key, const struct assay_slice *texts,
                          size_t count);
void assay_gguf_put_i32s(struct assay_gguf_writer *writer, const char *key, const int32_t *values, size_t count);
void assay_gguf_put_f32s(struct assay_gguf_writer *writer, const char *key, const float *values, size_t count);
/* rows = 1 makes a vector. data is copied. */
void assay_gguf_put_tensor(struct assay_gguf_writer *writer, const char *name, enum assay_format format, uint64_t cols,
                           uint64_t rows, const uint8_t *data, uint64_t bytes);
/* The whole file into out, whose maximum bounds it. The writer is spent either way. */
assay_code assay_gguf_finish(struct assay_gguf_writer *writer, struct assay_buf *out, assay_err *err);

#endif
