#include "base/file.h"
#include "base/mem.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static char directory[] = "/tmp/assay-test-file-XXXXXX";
static char path[sizeof directory + 32];

static int enter(void **state)
{
    (void)state;
    (void)snprintf(path, sizeof path, "%s/file", directory);
    return unlink(path) == 0 || access(path, F_OK) != 0 ? 0 : -1;
}

static size_t names_in_directory(void)
{
    DIR *dir = opendir(directory);
    assert_non_null(dir);
    size_t count = 0;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        count += entry->d_name[0] != '.' || (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0);
    }
    (void)closedir(dir);
    return count;
}

static void expect_content(const char *text)
{
    struct assay_buf buf;
    assay_buf_init(&buf, 1000);
    assert_int_equal(assay_buf_read_file(&buf, path, NULL), ASSAY_OK);
    assert_string_equal(buf.data ? buf.data : "", text);
    assay_buf_done(&buf);
}

static void a_file_is_written_whole(void **state)
{
    (void)state;
    assert_int_equal(assay_file_write(path, "hello", 5, ASSAY_FILE_NEW, NULL), ASSAY_OK);
    expect_content("hello");
    assert_int_equal(names_in_directory(), 1);
}

static void an_older_file_is_kept_unless_it_may_be_replaced(void **state)
{
    (void)state;
    assay_err err = {0};
    assert_int_equal(assay_file_write(path, "old", 3, ASSAY_FILE_NEW, &err), ASSAY_OK);
    assert_int_equal(assay_file_write(path, "new", 3, ASSAY_FILE_NEW, &err), ASSAY_EXISTS);
    expect_content("old");
    assert_int_equal(assay_file_write(path, "new", 3, ASSAY_FILE_REPLACE, &err), ASSAY_OK);
    expect_content("new");
    assert_int_equal(names_in_directory(), 1);
}

static void a_full_disk_leaves_the_old_file_and_nothing_else(void **state)
{
    (void)state;
    assay_err err = {0};
    assert_int_equal(assay_file_write(path, "old", 3, ASSAY_FILE_NEW, &err), ASSAY_OK);
    assay_file_fail_at(1);
    assert_int_equal(assay_file_write(path, "new", 3, ASSAY_FILE_REPLACE, &err), ASSAY_IO);
    assert_non_null(strstr(err.message, "No space left"));
    expect_content("old");
    assert_int_equal(names_in_directory(), 1);
}

static void a_missing_directory_is_named(void **state)
{
    (void)state;
    assay_err err = {0};
    assert_int_equal(assay_file_write("/tmp/assay-no-such-dir/x", "a", 1, ASSAY_FILE_NEW, &err), ASSAY_NOT_FOUND);
    assert_non_null(strstr(err.message, "/tmp/assay-no-such-dir/x"));
    assert_int_equal(assay_file_write("/tmp/", "a", 1, ASSAY_FILE_REPLACE, &err), ASSAY_USAGE);
}

static void directories_are_made_with_their_parents(void **state)
{
    (void)state;
    char deep[sizeof directory + 32], middle[sizeof directory + 32];
    (void)snprintf(deep, sizeof deep, "%s/a/b", directory);
    (void)snprintf(middle, sizeof middle, "%s/a", directory);
    assert_int_equal(assay_dir_make(deep, NULL), ASSAY_OK);
    assert_true(assay_path_is_dir(deep));
    assert_int_equal(assay_dir_make(deep, NULL), ASSAY_EXISTS);
    assert_int_equal(assay_dir_ensure(deep, NULL), ASSAY_OK);
    assert_int_equal(rmdir(deep), 0);
    assert_int_equal(rmdir(middle), 0);
}

static void a_file_in_the_way_of_a_directory_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(assay_file_write(path, "x", 1, ASSAY_FILE_NEW, NULL), ASSAY_OK);
    assert_int_equal(assay_dir_ensure(path, NULL), ASSAY_EXISTS);
    assert_true(assay_path_exists(path));
    assert_false(assay_path_is_dir(path));
}

static void a_path_is_joined_with_one_slash(void **state)
{
    (void)state;
    struct assay_buf buf;
    assay_buf_init(&buf, 100);
    assay_path_join(&buf, "a", "b");
    assert_string_equal(buf.data, "a/b");
    assay_path_join(&buf, "a/", "b");
    assert_string_equal(buf.data, "a/b");
    assay_buf_done(&buf);
}

static void the_nth_write_fails_once(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assay_file_fail_at(2);
    assert_int_equal(assay_fd_write(ends[1], "a", 1, "pipe", NULL), ASSAY_OK);
    assert_int_equal(assay_fd_write(ends[1], "b", 1, "pipe", NULL), ASSAY_IO);
    assert_int_equal(assay_fd_write(ends[1], "c", 1, "pipe", NULL), ASSAY_OK);
    char got[3] = {0};
    assert_int_equal(read(ends[0], got, 3), 2);
    assert_string_equal(got, "ac");
    (void)close(ends[0]);
    (void)close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_file_is_written_whole, enter),
        cmocka_unit_test_setup(an_older_file_is_kept_unless_it_may_be_replaced, enter),
        cmocka_unit_test_setup(a_full_disk_leaves_the_old_file_and_nothing_else, enter),
        cmocka_unit_test_setup(a_missing_directory_is_named, enter),
        cmocka_unit_test_setup(directories_are_made_with_their_parents, enter),
        cmocka_unit_test_setup(a_file_in_the_way_of_a_directory_is_an_error, enter),
        cmocka_unit_test_setup(a_path_is_joined_with_one_slash, enter),
        cmocka_unit_test_setup(the_nth_write_fails_once, enter),
    };
    if (!mkdtemp(directory)) {
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink(path);
    return failed + (rmdir(directory) != 0); /* nothing was left behind */
}
