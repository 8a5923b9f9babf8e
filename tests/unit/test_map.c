#include "base/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define BYTES 5000 /* more than a page, and no multiple of one */

static char path[64];

static int make_file(void **state)
{
    (void)state;
    (void)snprintf(path, sizeof path, "/tmp/assay_map_XXXXXX");
    int fd = mkstemp(path);
    char bytes[BYTES];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (char)(i * 7);
    }
    bool is_written = fd >= 0 && write(fd, bytes, sizeof bytes) == BYTES;
    (void)close(fd);
    return is_written ? 0 : -1;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void assert_bytes(const struct assay_map *map)
{
    assert_int_equal(map->len, BYTES);
    assert_int_equal((uintptr_t)map->data % 4096, 0);
    for (size_t i = 0; i < BYTES; i++) {
        assert_int_equal(map->data[i], (uint8_t)(i * 7));
    }
}

static void a_mapping_holds_the_bytes_of_the_file(void **state)
{
    (void)state;
    struct assay_map map = {0};
    assert_int_equal(assay_map_open(path, &map, NULL), ASSAY_OK);
    assert_bytes(&map);
    assay_map_close(&map);
    assert_null(map.data);
    assay_map_close(&map);
}

static void what_cannot_be_mapped_is_said(void **state)
{
    (void)state;
    struct assay_map map = {0};
    assay_err err = {0};
    assert_int_equal(assay_map_open("/tmp/assay-no-such-file", &map, &err), ASSAY_NOT_FOUND);
    assert_non_null(strstr(err.message, "assay-no-such-file"));
    assert_int_equal(assay_map_open("/tmp", &map, &err), ASSAY_MALFORMED);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(assay_map_open(path, &map, &err), ASSAY_MALFORMED);
    assert_non_null(strstr(err.message, "empty"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_mapping_holds_the_bytes_of_the_file, make_file, remove_file),
        cmocka_unit_test_setup_teardown(what_cannot_be_mapped_is_said, make_file, remove_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
