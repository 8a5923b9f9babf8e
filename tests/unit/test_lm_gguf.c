/* The reader of model files against files that lie (kernels.md 2.1), and the writer against the reader. */
#include "base/mem.h"
#include "lm/lm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define FILE_MAX 4096

/* A file by hand: what the writer would never write. */
struct file {
    uint8_t bytes[FILE_MAX];
    size_t len;
};

static void add(struct file *file, const void *bytes, size_t len)
{
    assert_true(file->len + len <= FILE_MAX);
    memcpy(file->bytes + file->len, bytes, len);
    file->len += len;
}

static void add_u32(struct file *file, uint32_t value)
{
    add(file, &value, sizeof value);
}

static void add_u64(struct file *file, uint64_t value)
{
    add(file, &value, sizeof value);
}

static void add_text(struct file *file, const char *text)
{
    add_u64(file, strlen(text));
    add(file, text, strlen(text));
}

static void begin(struct file *file, uint32_t version, uint64_t tensors, uint64_t keys)
{
    *file = (struct file){0};
    add(file, "GGUF", 4);
    add_u32(file, version);
    add_u64(file, tensors);
    add_u64(file, keys);
}

static void add_key(struct file *file, const char *key, enum assay_gguf_type type)
{
    add_text(file, key);
    add_u32(file, (uint32_t)type);
}

static void add_tensor(struct file *file, const char *name, uint64_t ne, uint32_t type, uint64_t offset)
{
    add_text(file, name);
    add_u32(file, 1);
    add_u64(file, ne);
    add_u32(file, type);
    add_u64(file, offset);
}

static void add_data(struct file *file, size_t bytes)
{
    file->len = (file->len + 31) / 32 * 32 + bytes;
    assert_true(file->len <= FILE_MAX);
}

/* Read from memory of exactly that size, so that a sanitizer sees a byte too many. */
static assay_code parse(const struct file *file, struct assay_gguf **ret, assay_err *err)
{
    uint8_t *bytes = assay_alloc(file->len ? file->len : 1, 1);
    assert_non_null(bytes);
    memcpy(bytes, file->bytes, file->len);
    assay_code rc = assay_gguf_parse(bytes, file->len, ret, err);
    assay_free(bytes);
    return rc;
}

static void assert_refused(const struct file *file, assay_code code, const char *says)
{
    struct assay_gguf *gguf = NULL;
    assay_err err = {0};
    assay_code rc = parse(file, &gguf, &err);
    if (rc == ASSAY_OK) {
        assay_gguf_free(gguf);
        fail_msg("accepted, expected '%s'", says);
    }
    if (rc != code || !strstr(err.message, says)) {
        fail_msg("%s '%s', expected %s '%s'", assay_code_name(rc), err.message, assay_code_name(code), says);
    }
}

static void assert_taken(const struct file *file)
{
    struct assay_gguf *gguf = NULL;
    assay_err err = {0};
    if (parse(file, &gguf, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    assay_gguf_free(gguf);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct assay_gguf_writer *writer = NULL;
    struct assay_buf out;
    struct assay_gguf *gguf = NULL;
    const struct assay_slice texts[] = {ASSAY_SLICE("a"), ASSAY_SLICE(""), ASSAY_SLICE("\xc3\xa4")};
    const int32_t ints[] = {-1, 7};
    const float values[] = {1, 2, 3, 4, 5, 6};
    assay_buf_init(&out, 1 << 20);
    assert_int_equal(assay_gguf_writer_new(&writer, NULL), ASSAY_OK);
    assay_gguf_put_text(writer, "general.architecture", "llama");
    assay_gguf_put_u32(writer, "n", 5);
    assay_gguf_put_u64(writer, "seed", UINT64_MAX);
    assay_gguf_put_f32(writer, "eps", 0.5f);
    assay_gguf_put_bool(writer, "flag", true);
    assay_gguf_put_texts(writer, "tokens", texts, 3);
    assay_gguf_put_i32s(writer, "types", ints, 2);
    assay_gguf_put_tensor(writer, "w", ASSAY_FORMAT_F32, 3, 2, (const uint8_t *)values, sizeof values);
    assay_gguf_put_tensor(writer, "norm", ASSAY_FORMAT_F32, 4, 1, (const uint8_t *)values, 16);
    assert_int_equal(assay_gguf_finish(writer, &out, NULL), ASSAY_OK);
    assert_int_equal(assay_gguf_parse((const uint8_t *)out.data, out.len, &gguf, NULL), ASSAY_OK);

    uint64_t number = 0, cursor = 0;
    double real = 0;
    bool flag = false;
    struct assay_slice text;
    assert_int_equal(assay_gguf_u64(assay_gguf_find(gguf, "seed"), UINT64_MAX, &number, NULL), ASSAY_OK);
    assert_true(number == UINT64_MAX);
    assert_int_equal(assay_gguf_u64(assay_gguf_find(gguf, "n"), 4, &number, NULL), ASSAY_MALFORMED);
    assert_int_equal(assay_gguf_double(assay_gguf_find(gguf, "eps"), &real, NULL), ASSAY_OK);
    assert_true(real == 0.5);
    assert_int_equal(assay_gguf_bool(assay_gguf_find(gguf, "flag"), &flag, NULL), ASSAY_OK);
    assert_true(flag);
    assert_int_equal(assay_gguf_text(assay_gguf_find(gguf, "n"), &text, NULL), ASSAY_MALFORMED);
    for (size_t i = 0; i < 3; i++) {
        assert_true(assay_gguf_next_text(assay_gguf_find(gguf, "tokens"), &cursor, &text));
        assert_true(assay_slice_equal(text, texts[i]));
    }
    assert_false(assay_gguf_next_text(assay_gguf_find(gguf, "tokens"), &cursor, &text));
    assert_int_equal(assay_gguf_array_int(assay_gguf_find(gguf, "types"), 0), -1);
    const struct assay_gguf_tensor *w = assay_gguf_tensor(gguf, "w");
    assert_int_equal(w->ne[0], 3);
    assert_int_equal(w->ne[1], 2);
    assert_memory_equal(w->data, values, sizeof values);
    assert_null(assay_gguf_tensor(gguf, "v"));
    assert_null(assay_gguf_find(gguf, "eps2"));
    assay_gguf_free(gguf);
    assay_buf_done(&out);
}

static void heads_that_are_no_gguf_are_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        uint32_t version;
        const char *says;
    } VERSIONS[] = {{0, "version 0, expected 2 or 3"},
                    {1, "version 1, expected 2 or 3"},
                    {4, "version 4, expected 2 or 3"},
                    {0x03000000, "byte-swapped"},
                    {0x02000000, "byte-swapped"}};
    struct file file;
    for (size_t i = 0; i < sizeof VERSIONS / sizeof VERSIONS[0]; i++) {
        begin(&file, VERSIONS[i].version, 0, 0);
        assert_refused(&file, ASSAY_UNSUPPORTED, VERSIONS[i].says);
    }
    begin(&file, 3, 0, 0);
    file.bytes[0] = 'g';
    assert_refused(&file, ASSAY_MALFORMED, "no GGUF file");
    begin(&file, 2, 0, 0);
    assert_taken(&file);
}

static void a_file_that_is_cut_anywhere_is_refused(void **state)
{
    (void)state;
    struct file file;
    begin(&file, 3, 1, 2);
    add_key(&file, "general.architecture", ASSAY_GGUF_TEXT);
    add_text(&file, "llama");
    add_key(&file, "x", ASSAY_GGUF_ARRAY);
    add_u32(&file, ASSAY_GGUF_TEXT);
    add_u64(&file, 2);
    add_text(&file, "one");
    add_text(&file, "two");
    add_tensor(&file, "w", 8, ASSAY_FORMAT_F32, 0);
    add_data(&file, 32);
    assert_taken(&file);
    for (size_t len = 0, full = file.len; len < full; len++) {
        struct assay_gguf *gguf = NULL;
        file.len = len;
        assert_int_equal(parse(&file, &gguf, NULL), ASSAY_MALFORMED);
    }
}

static void counts_are_held_against_the_bytes_that_are_left(void **state)
{
    (void)state;
    struct file file;
    begin(&file, 3, UINT64_MAX, 0);
    assert_refused(&file, ASSAY_MALFORMED, "the tensor count is 18446744073709551615");
    begin(&file, 3, 0, 60000);
    assert_refused(&file, ASSAY_MALFORMED, "the key count is 60000");
    begin(&file, 3, 0, 1);
    add_key(&file, "a", ASSAY_GGUF_ARRAY);
    add_u32(&file, ASSAY_GGUF_U64);
    add_u64(&file, UINT64_MAX / 8 + 2); /* times 8 is small again */
    assert_refused(&file, ASSAY_MALFORMED, "an array of 2305843009213693953 u64 does not fit");
    begin(&file, 3, 0, 1);
    add_key(&file, "a", ASSAY_GGUF_TEXT);
    add_u64(&file, UINT64_MAX);
    assert_refused(&file, ASSAY_TOO_LARGE, "a text has 18446744073709551615 bytes");
    begin(&file, 3, 0, 1);
    add_u64(&file, 1 << 20);
    add(&file, "pad to the least size", 21);
    assert_refused(&file, ASSAY_TOO_LARGE, "a key has 1048576 bytes, expected at most 65535");
}

static void keys_are_text_and_stand_there_once(void **state)
{
    (void)state;
    struct file file;
    begin(&file, 3, 0, 2);
    for (int i = 0; i < 2; i++) {
        add_key(&file, "same", ASSAY_GGUF_U8);
        add(&file, "\1", 1);
    }
    assert_refused(&file, ASSAY_MALFORMED, "key 'same' is there twice");
    begin(&file, 3, 0, 1);
    add_key(&file, "\xff\xfe", ASSAY_GGUF_U64);
    add_u64(&file, 0);
    assert_refused(&file, ASSAY_MALFORMED, "is no UTF-8");
    begin(&file, 3, 0, 1);
    add_key(&file, "b", ASSAY_GGUF_BOOL);
    add(&file, "\2", 1);
    assert_refused(&file, ASSAY_MALFORMED, "a bool is 2, expected 0 or 1");
    begin(&file, 3, 0, 1);
    add_key(&file, "b", ASSAY_GGUF_TYPE_COUNT);
    add_u64(&file, 0);
    assert_refused(&file, ASSAY_MALFORMED, "value type 13, expected 0 to 12");
}

static void arrays_nest_four_deep_and_no_deeper(void **state)
{
    (void)state;
    for (unsigned depth = 4; depth <= 5; depth++) {
        struct file file;
        begin(&file, 3, 0, 1);
        add_key(&file, "deep", ASSAY_GGUF_ARRAY);
        for (unsigned i = 1; i < depth; i++) {
            add_u32(&file, ASSAY_GGUF_ARRAY);
            add_u64(&file, 1);
        }
        add_u32(&file, ASSAY_GGUF_U8);
        add_u64(&file, 1);
        add(&file, "\7", 1);
        if (depth == 4) {
            assert_taken(&file);
        } else {
            assert_refused(&file, ASSAY_MALFORMED, "arrays nest deeper than 4");
        }
    }
}

static void alignment_is_a_power_of_two(void **state)
{
    (void)state;
    static const uint32_t BAD[] = {0, 3, 4, 48, 0x80000000u};
    struct file file;
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        begin(&file, 3, 0, 1);
        add_key(&file, "general.alignment", ASSAY_GGUF_U32);
        add_u32(&file, BAD[i]);
        assert_refused(&file, ASSAY_MALFORMED, "expected a power of two from 8 to 2^30");
    }
}

static void shapes_that_lie_are_refused(void **state)
{
    (void)state;
    static const uint32_t DIMS[] = {0, 5};
    struct file file;
    for (size_t i = 0; i < 2; i++) {
        begin(&file, 3, 1, 0);
        add_text(&file, "w");
        add_u32(&file, DIMS[i]);
        for (int k = 0; k < 5; k++) {
            add_u64(&file, 1);
        }
        assert_refused(&file, ASSAY_MALFORMED, "dimensions, expected 1 to 4");
    }
    begin(&file, 3, 1, 0);
    add_tensor(&file, "w", 0, ASSAY_FORMAT_F32, 0);
    assert_refused(&file, ASSAY_MALFORMED, "dimension 0 of tensor 'w' is 0");
    begin(&file, 3, 1, 0);
    add_text(&file, "w");
    add_u32(&file, 3);
    add_u64(&file, UINT64_C(1) << 32);
    add_u64(&file, UINT64_C(1) << 32);
    add_u64(&file, 1);
    assert_refused(&file, ASSAY_MALFORMED, "a product below 2^64");
    begin(&file, 3, 1, 0);
    add_tensor(&file, "w", 100, ASSAY_FORMAT_Q8_0, 0);
    assert_refused(&file, ASSAY_MALFORMED, "100 columns are no multiple of 32, the block of Q8_0");
    begin(&file, 3, 1, 0);
    add_tensor(&file, "w", 256, 12, 0);
    assert_refused(&file, ASSAY_UNSUPPORTED, "type 12 (Q4_K), expected one of");
    begin(&file, 3, 1, 0);
    add_tensor(&file, "w", 256, 999, 0);
    assert_refused(&file, ASSAY_MALFORMED, "type 999 (unknown)");
}

static void tensors_lie_apart_aligned_and_inside(void **state)
{
    (void)state;
    struct file file;
    begin(&file, 3, 1, 0);
    add_tensor(&file, "w", 8, ASSAY_FORMAT_F32, 16);
    add_data(&file, 64);
    assert_refused(&file, ASSAY_MALFORMED, "lies at offset 16 of the data, expected a multiple of 32");
    begin(&file, 3, 1, 0);
    add_tensor(&file, "w", 9, ASSAY_FORMAT_F32, 0);
    add_data(&file, 32);
    assert_refused(&file, ASSAY_MALFORMED, "end beyond its 32 bytes");
    begin(&file, 3, 1, 0);
    add_tensor(&file, "w", 8, ASSAY_FORMAT_F32, UINT64_MAX - 31);
    add_data(&file, 32);
    assert_refused(&file, ASSAY_MALFORMED, "end beyond its 32 bytes");
    begin(&file, 3, 2, 0);
    add_tensor(&file, "v", 16, ASSAY_FORMAT_F32, 0);
    add_tensor(&file, "w", 8, ASSAY_FORMAT_F32, 32);
    add_data(&file, 64);
    assert_refused(&file, ASSAY_MALFORMED, "tensor 'v' overlaps the next one");
    begin(&file, 3, 2, 0);
    add_tensor(&file, "w", 8, ASSAY_FORMAT_F32, 0);
    add_tensor(&file, "w", 8, ASSAY_FORMAT_F32, 32);
    add_data(&file, 64);
    assert_refused(&file, ASSAY_MALFORMED, "tensor 'w' is there twice");
}

static void another_packing_of_i2s_is_not_taken_for_the_x86_one(void **state)
{
    (void)state;
    struct file file;
    begin(&file, 3, 1, 0);
    add_tensor(&file, "w", 128, ASSAY_FORMAT_I2_S, 0);
    add_data(&file, 64);
    assert_taken(&file);
    file.len -= 32;
    assert_refused(&file, ASSAY_MALFORMED, "end beyond");
    file.len += 64;
    assert_refused(&file, ASSAY_MALFORMED, "has room for 96 bytes, I2_S in the x86 layout takes 64");
}

static void every_allocation_that_fails_is_an_error_and_no_leak(void **state)
{
    (void)state;
    struct file file;
    begin(&file, 3, 1, 1);
    add_key(&file, "k", ASSAY_GGUF_U64);
    add_u64(&file, 1);
    add_tensor(&file, "w", 8, ASSAY_FORMAT_F32, 0);
    add_data(&file, 32);
    unsigned long n = 1;
    for (struct assay_gguf *gguf = NULL;; n++) {
        assay_mem_fail_at(n);
        assay_code rc = assay_gguf_parse(file.bytes, file.len, &gguf, NULL);
        assay_mem_fail_at(0);
        if (rc == ASSAY_OK) {
            assay_gguf_free(gguf);
            break;
        }
        assert_int_equal(rc, ASSAY_NO_MEMORY);
    }
    assert_true(n > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(heads_that_are_no_gguf_are_refused_by_name),
        cmocka_unit_test(a_file_that_is_cut_anywhere_is_refused),
        cmocka_unit_test(counts_are_held_against_the_bytes_that_are_left),
        cmocka_unit_test(keys_are_text_and_stand_there_once),
        cmocka_unit_test(arrays_nest_four_deep_and_no_deeper),
        cmocka_unit_test(alignment_is_a_power_of_two),
        cmocka_unit_test(shapes_that_lie_are_refused),
        cmocka_unit_test(tensors_lie_apart_aligned_and_inside),
        cmocka_unit_test(another_packing_of_i2s_is_not_taken_for_the_x86_one),
        cmocka_unit_test(every_allocation_that_fails_is_an_error_and_no_leak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
