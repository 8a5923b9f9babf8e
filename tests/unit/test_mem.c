#include "base/buf.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void the_nth_allocation_fails_once(void **state)
{
    (void)state;
    assay_mem_fail_at(2);
    void *first = assay_alloc(1, 1), *second = assay_alloc(1, 1), *third = assay_alloc(1, 1);
    assert_non_null(first);
    assert_null(second);
    assert_non_null(third);
    assay_free(first);
    assay_free(third);
}

static void a_size_that_overflows_is_no_allocation(void **state)
{
    (void)state;
    assert_null(assay_alloc(SIZE_MAX / 2, 3));
    assert_null(assay_realloc(NULL, SIZE_MAX / 2, 3));
    assert_null(assay_strndup("", SIZE_MAX));
}

static void an_arena_gives_zeroed_aligned_pieces_up_to_its_maximum(void **state)
{
    (void)state;
    struct assay_arena arena;
    assay_arena_init(&arena, 200000);
    for (size_t i = 0; i < 100; i++) {
        unsigned char *piece = assay_arena_take(&arena, 7, 100);
        assert_non_null(piece);
        assert_int_equal((uintptr_t)piece % 16, 0);
        for (size_t k = 0; k < 700; k++) {
            assert_int_equal(piece[k], 0);
            piece[k] = 0xAA;
        }
    }
    assert_string_equal(assay_arena_text(&arena, "textual", 4), "text");
    assert_non_null(assay_arena_take(&arena, 100000, 1)); /* larger than a block */
    assert_null(assay_arena_take(&arena, 100000, 1));
    assert_null(assay_arena_take(&arena, SIZE_MAX, 2));
    assay_arena_done(&arena);
}

static void an_arena_reports_short_memory(void **state)
{
    (void)state;
    struct assay_arena arena;
    assay_arena_init(&arena, 1000);
    assay_mem_fail_at(1);
    assert_null(assay_arena_take(&arena, 1, 1));
    assert_non_null(assay_arena_take(&arena, 1, 1));
    assay_arena_done(&arena);
}

static void a_buffer_grows_up_to_its_maximum_and_stays_failed_after(void **state)
{
    (void)state;
    struct assay_buf buf;
    assay_err err = {0};
    assay_buf_init(&buf, 1000);
    for (int i = 0; i < 1000; i++) {
        assay_buf_char(&buf, 'x');
    }
    assert_int_equal(assay_buf_check(&buf, &err), ASSAY_OK);
    assert_int_equal(buf.len, 1000);
    assert_int_equal(strlen(buf.data), 1000);
    assay_buf_char(&buf, 'y');
    assert_int_equal(assay_buf_check(&buf, &err), ASSAY_TOO_LARGE);
    assay_buf_text(&buf, "z");
    assert_int_equal(buf.len, 0);
    assert_null(buf.data);
    assay_buf_clear(&buf);
    assay_buf_printf(&buf, "%d-%s", 7, "a");
    assert_string_equal(buf.data, "7-a");
    assay_buf_done(&buf);
}

static void a_buffer_without_memory_says_so(void **state)
{
    (void)state;
    struct assay_buf buf;
    assay_buf_init(&buf, 1000);
    assay_mem_fail_at(1);
    assay_buf_text(&buf, "a");
    assert_int_equal(assay_buf_check(&buf, NULL), ASSAY_NO_MEMORY);
    assay_buf_done(&buf);
}

static void a_buffer_hands_its_bytes_over(void **state)
{
    (void)state;
    struct assay_buf buf;
    assay_buf_init(&buf, 1000);
    assay_buf_append(&buf, "a\0b", 3);
    size_t len = 0;
    char *bytes = assay_buf_take(&buf, &len);
    assert_int_equal(len, 3);
    assert_memory_equal(bytes, "a\0b", 4);
    assert_null(buf.data);
    assay_free(bytes);
}

static void a_file_that_just_fits_is_read_and_one_byte_more_is_too_large(void **state)
{
    (void)state;
    char name[] = "/tmp/assay-test-mem-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "12345678", 8), 8);
    (void)close(fd);
    struct assay_buf buf;
    assay_buf_init(&buf, 8);
    assert_int_equal(assay_buf_read_file(&buf, name, NULL), ASSAY_OK);
    assert_string_equal(buf.data, "12345678");
    assay_buf_done(&buf);
    assay_buf_init(&buf, 7);
    assert_int_equal(assay_buf_read_file(&buf, name, NULL), ASSAY_TOO_LARGE);
    assay_buf_done(&buf);
    (void)unlink(name);
    assert_int_equal(assay_buf_read_file(&buf, name, NULL), ASSAY_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nth_allocation_fails_once),
        cmocka_unit_test(a_size_that_overflows_is_no_allocation),
        cmocka_unit_test(an_arena_gives_zeroed_aligned_pieces_up_to_its_maximum),
        cmocka_unit_test(an_arena_reports_short_memory),
        cmocka_unit_test(a_buffer_grows_up_to_its_maximum_and_stays_failed_after),
        cmocka_unit_test(a_buffer_without_memory_says_so),
        cmocka_unit_test(a_buffer_hands_its_bytes_over),
        cmocka_unit_test(a_file_that_just_fits_is_read_and_one_byte_more_is_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
