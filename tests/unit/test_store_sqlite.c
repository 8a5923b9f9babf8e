#include "store/store.h"
#include "support/imported.h"
#include "support/synthetic.h"

#include "base/file.h"

#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define WRITERS 4
#define APPENDS_EACH 25

struct fixture {
    char dir[64], path[96];
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    (void)snprintf(fixture->dir, sizeof fixture->dir, "/tmp/assay-store-XXXXXX");
    assert_non_null(mkdtemp(fixture->dir));
    (void)snprintf(fixture->path, sizeof fixture->path, "%s/deep/history.db", fixture->dir);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    static const char *const SUFFIXES[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof SUFFIXES / sizeof SUFFIXES[0]; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s%s", fixture->path, SUFFIXES[i]);
        (void)unlink(path);
    }
    char deep[96];
    (void)snprintf(deep, sizeof deep, "%s/deep", fixture->dir);
    (void)rmdir(deep);
    (void)rmdir(fixture->dir);
    free(fixture);
    return 0;
}

static struct assay_store *open_good(const char *path, enum assay_store_mode mode)
{
    struct assay_store *store = NULL;
    assay_err err = {0};
    if (assay_store_open(path, mode, &store, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    return store;
}

/* A run of its own for each number: other times, so another receipt. */
static struct assay_import_result run_make(unsigned number)
{
    struct assay_import_result result;
    struct assay_buf text;
    assay_buf_init(&text, 1 << 20);
    assay_buf_text(&text, "timestamp,model,first_token_ms,tokens_per_s\n");
    for (unsigned i = 0; i < 6; i++) {
        assay_buf_printf(&text, "2026-01-05T09:30:%02uZ,m,%u.%03u,98\n", i, 40 + i, number);
    }
    assert_int_equal(imported_text(text.data, text.len, NULL, &result, NULL), ASSAY_OK);
    assay_buf_done(&text);
    return result;
}

static assay_code run_append(struct assay_store *store, const struct assay_import_result *run, const char *branch,
                             bool *ret_is_new)
{
    return assay_store_append(store,
                              &(struct assay_store_run){.document = run->file.data,
                                                        .document_len = run->file.len,
                                                        .plan = run->plan.data,
                                                        .plan_len = run->plan.len,
                                                        .dir = "run",
                                                        .branch = branch},
                              ret_is_new, NULL);
}

static size_t entries_count(const char *path)
{
    struct assay_store *store = open_good(path, ASSAY_STORE_READ);
    struct assay_arena arena;
    struct assay_store_entry *entries;
    size_t count = 0;
    assay_arena_init(&arena, 1 << 24);
    assert_int_equal(assay_store_entries(store, &(struct assay_store_query){0}, &arena, &entries, &count, NULL),
                     ASSAY_OK);
    assay_arena_done(&arena);
    assay_store_close(store);
    return count;
}

/* An entry is there with all its points or not at all: every series has one point an entry. */
static void entries_are_whole(const char *path)
{
    struct assay_store *store = open_good(path, ASSAY_STORE_READ);
    struct assay_arena arena;
    struct assay_store_line *lines;
    struct assay_store_values values = {0};
    size_t count = 0, entries = entries_count(path);
    assay_arena_init(&arena, 1 << 24);
    assert_int_equal(assay_store_lines(store, &(struct assay_store_query){0}, &arena, &lines, &count, NULL), ASSAY_OK);
    assert_true(count > 10);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(assay_store_values(store, lines[i].id, 0, &values, NULL), ASSAY_OK);
        assert_int_equal(values.count, entries);
        for (size_t j = 1; j < values.count; j++) {
            assert_true(values.data[j].entry_id > values.data[j - 1].entry_id);
        }
    }
    assay_store_values_done(&values);
    assay_arena_done(&arena);
    assay_store_close(store);
}

static void a_run_is_listed_and_its_metrics_are_points(void **state)
{
    const struct fixture *fixture = *state;
    struct assay_store *store = open_good(fixture->path, ASSAY_STORE_WRITE);
    struct assay_import_result run = run_make(1);
    bool is_new = false;
    assert_int_equal(run_append(store, &run, "main", &is_new), ASSAY_OK);
    assert_true(is_new);
    struct assay_arena arena;
    struct assay_store_entry *entries;
    struct assay_store_point *points;
    size_t count = 0;
    assay_arena_init(&arena, 1 << 24);
    assert_int_equal(
        assay_store_entries(store, &(struct assay_store_query){.model = "m"}, &arena, &entries, &count, NULL),
        ASSAY_OK);
    assert_int_equal(count, 1);
    assert_string_equal(entries[0].document, "receipt");
    assert_string_equal(entries[0].outcome, "valid");
    assert_string_equal(entries[0].compute_path, "imported");
    assert_int_equal(entries[0].ok, 6);
    assert_int_equal(
        assay_store_series(store, &(struct assay_store_query){.metric = "ttft_p50"}, &arena, &points, &count, NULL),
        ASSAY_OK);
    assert_int_equal(count, 1);
    assert_null(points[0].absent);
    assert_true(points[0].value == 42001000.0);
    assert_int_equal(points[0].n, 6);
    assert_int_equal(
        assay_store_series(store, &(struct assay_store_query){.metric = "ttft_p99"}, &arena, &points, &count, NULL),
        ASSAY_OK);
    assert_string_equal(points[0].absent, "n too small (6 of 299)"); /* withheld stays withheld */
    assay_arena_done(&arena);
    assay_import_result_done(&run);
    assay_store_close(store);
}

static void the_same_receipt_twice_is_one_entry(void **state)
{
    const struct fixture *fixture = *state;
    struct assay_store *store = open_good(fixture->path, ASSAY_STORE_WRITE);
    struct assay_import_result run = run_make(1);
    bool is_new = true;
    assert_int_equal(run_append(store, &run, "main", NULL), ASSAY_OK);
    assert_int_equal(run_append(store, &run, "main", &is_new), ASSAY_OK);
    assert_false(is_new);
    assay_import_result_done(&run);
    assay_store_close(store);
    assert_int_equal(entries_count(fixture->path), 1);
}

static void repeats_of_a_request_are_one_series_and_branches_are_not(void **state)
{
    const struct fixture *fixture = *state;
    struct assay_store *store = open_good(fixture->path, ASSAY_STORE_WRITE);
    static const char *const BRANCHES[] = {"main", "main", "topic"};
    for (unsigned i = 0; i < 3; i++) {
        struct assay_import_result run = run_make(i);
        assert_int_equal(run_append(store, &run, BRANCHES[i], NULL), ASSAY_OK);
        assay_import_result_done(&run);
    }
    struct assay_arena arena;
    struct assay_store_point *points;
    size_t count = 0;
    assay_arena_init(&arena, 1 << 24);
    assert_int_equal(
        assay_store_series(store, &(struct assay_store_query){.metric = "ttft_p50"}, &arena, &points, &count, NULL),
        ASSAY_OK);
    assert_int_equal(count, 3);
    assert_int_equal(points[0].series_id, points[1].series_id);
    assert_int_not_equal(points[1].series_id, points[2].series_id);
    assert_true(points[0].entry_id < points[1].entry_id);
    assert_int_equal(assay_store_series(store, &(struct assay_store_query){.metric = "ttft_p50", .limit = 1}, &arena,
                                        &points, &count, NULL),
                     ASSAY_OK);
    assert_int_equal(count, 1);
    assert_int_equal(points[0].entry_id, 3); /* a limit keeps the newest */
    assay_arena_done(&arena);
    assay_store_close(store);
}

static void a_summary_is_listed_and_is_no_point(void **state)
{
    const struct fixture *fixture = *state;
    static const char TEXT[] = "{\"mean_ttft_ms\":40.0,\"request_throughput\":2.0}";
    struct assay_store *store = open_good(fixture->path, ASSAY_STORE_WRITE);
    struct assay_import_result run;
    assert_int_equal(imported_text(TEXT, sizeof TEXT - 1, NULL, &run, NULL), ASSAY_OK);
    assert_int_equal(
        assay_store_append(store, &(struct assay_store_run){.document = run.file.data, .document_len = run.file.len},
                           NULL, NULL),
        ASSAY_OK);
    sqlite3 *db;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT (SELECT count(*) FROM entry), (SELECT count(*) FROM tail)", -1,
                                        &statement, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(statement, 0), 1);
    assert_int_equal(sqlite3_column_int(statement, 1), 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    assay_import_result_done(&run);
    assay_store_close(store);
}

static void a_run_record_is_listed_and_is_no_point(void **state)
{
    const struct fixture *fixture = *state;
    const struct synthetic_run run = {.model = "m", .url = "http://x", .ok = 3, .outcome = "aborted", .why = "signal"};
    struct synthetic_files files;
    struct assay_store *store = open_good(fixture->path, ASSAY_STORE_WRITE);
    synthetic_make(&run, &files);
    assert_int_equal(assay_store_append(store,
                                        &(struct assay_store_run){.document = files.document.data,
                                                                  .document_len = files.document.len,
                                                                  .plan = files.plan.data,
                                                                  .plan_len = files.plan.len},
                                        NULL, NULL),
                     ASSAY_OK);
    struct assay_arena arena;
    struct assay_store_entry *entries;
    struct assay_store_point *points;
    size_t count = 0;
    assay_arena_init(&arena, 1 << 24);
    assert_int_equal(assay_store_entries(store, &(struct assay_store_query){0}, &arena, &entries, &count, NULL),
                     ASSAY_OK);
    assert_int_equal(count, 1);
    assert_string_equal(entries[0].outcome, "aborted");
    assert_string_equal(entries[0].model, "m");
    assert_int_equal(
        assay_store_series(store, &(struct assay_store_query){.metric = "ttft_p50"}, &arena, &points, &count, NULL),
        ASSAY_OK);
    assert_int_equal(count, 0);
    assay_arena_done(&arena);
    synthetic_done(&files);
    assay_store_close(store);
}

static void write_many(const char *path, unsigned first)
{
    struct assay_store *store = NULL;
    int status = assay_store_open(path, ASSAY_STORE_WRITE, &store, NULL) == ASSAY_OK ? 0 : 1;
    for (unsigned i = 0; status == 0 && i < APPENDS_EACH; i++) {
        struct assay_import_result run = run_make(first + i);
        status = run_append(store, &run, "main", NULL) == ASSAY_OK ? 0 : 1;
        assay_import_result_done(&run);
    }
    assay_store_close(store);
    _exit(status);
}

static void writers_wait_for_each_other_and_lose_nothing(void **state)
{
    const struct fixture *fixture = *state;
    pid_t children[WRITERS];
    for (unsigned i = 0; i < WRITERS; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            write_many(fixture->path, i * APPENDS_EACH); /* all of them also race to make the schema */
        }
        assert_true(children[i] > 0);
    }
    for (unsigned i = 0; i < WRITERS; i++) {
        int status = 0;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(entries_count(fixture->path), WRITERS * APPENDS_EACH);
}

/* Appends for ever and says after each one that it is there. */
static void write_until_killed(const char *path, unsigned first, int told)
{
    struct assay_store *store = NULL;
    if (assay_store_open(path, ASSAY_STORE_WRITE, &store, NULL) != ASSAY_OK) {
        _exit(1);
    }
    for (unsigned i = first;; i++) {
        struct assay_import_result run = run_make(i);
        if (run_append(store, &run, "main", NULL) != ASSAY_OK || write(told, "x", 1) != 1) {
            _exit(1);
        }
        assay_import_result_done(&run);
    }
}

static void what_was_appended_survives_a_kill(void **state)
{
    const struct fixture *fixture = *state;
    for (unsigned round = 0; round < 3; round++) {
        int told[2];
        assert_int_equal(pipe(told), 0);
        pid_t child = fork();
        if (child == 0) {
            (void)close(told[0]);
            write_until_killed(fixture->path, 200 * round, told[1]);
        }
        (void)close(told[1]);
        size_t appended = 0;
        char byte;
        while (appended < 30 + 15 * round && /* the second round dies about when the tail is packed */
               read(told[0], &byte, 1) == 1) {
            appended++;
        }
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
        while (read(told[0], &byte, 1) == 1) {
            appended++; /* told before it died */
        }
        (void)close(told[0]);
        assert_true(entries_count(fixture->path) >= appended);
    }
    sqlite3 *db;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(statement, 0), "ok");
    sqlite3_finalize(statement);
    sqlite3_close(db);
    entries_are_whole(fixture->path);
}

static void reading_a_history_that_is_not_there_says_so(void **state)
{
    const struct fixture *fixture = *state;
    struct assay_store *store = NULL;
    assay_err err = {0};
    assert_int_equal(assay_store_open(fixture->path, ASSAY_STORE_READ, &store, &err), ASSAY_NOT_FOUND);
    assert_false(assay_path_exists(fixture->path));
}

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void a_newer_schema_is_left_alone(void **state)
{
    const struct fixture *fixture = *state;
    struct assay_store *store = open_good(fixture->path, ASSAY_STORE_WRITE);
    assay_store_close(store);
    run_sql(fixture->path, "PRAGMA user_version=999");
    assay_err err = {0};
    assert_int_equal(assay_store_open(fixture->path, ASSAY_STORE_WRITE, &store, &err), ASSAY_UNSUPPORTED);
    assert_non_null(strstr(err.message, "newer assay"));
}

static void another_programs_database_is_refused(void **state)
{
    const struct fixture *fixture = *state;
    struct assay_store *store = NULL;
    assay_err err = {0};
    assert_int_equal(assay_dir_ensure(fixture->dir, NULL), ASSAY_OK);
    char deep[96];
    (void)snprintf(deep, sizeof deep, "%s/deep", fixture->dir);
    assert_int_equal(assay_dir_ensure(deep, NULL), ASSAY_OK);
    run_sql(fixture->path, "CREATE TABLE other(x)");
    assert_int_equal(assay_store_open(fixture->path, ASSAY_STORE_WRITE, &store, &err), ASSAY_MALFORMED);
    (void)unlink(fixture->path);
    assert_int_equal(
        assay_file_write(fixture->path, "not a database, and long enough to be seen as none", 50, ASSAY_FILE_NEW, NULL),
        ASSAY_OK);
    assert_int_equal(assay_store_open(fixture->path, ASSAY_STORE_WRITE, &store, &err), ASSAY_MALFORMED);
}

static void a_database_that_this_build_lacks_is_a_usage_error(void **state)
{
    (void)state;
    struct assay_store *store = NULL;
    assert_int_equal(assay_store_open("postgresql://host/db", ASSAY_STORE_WRITE, &store, NULL), ASSAY_USAGE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_run_is_listed_and_its_metrics_are_points),
        TEST(the_same_receipt_twice_is_one_entry),
        TEST(repeats_of_a_request_are_one_series_and_branches_are_not),
        TEST(a_summary_is_listed_and_is_no_point),
        TEST(a_run_record_is_listed_and_is_no_point),
        TEST(writers_wait_for_each_other_and_lose_nothing),
        TEST(what_was_appended_survives_a_kill),
        TEST(reading_a_history_that_is_not_there_says_so),
        TEST(a_newer_schema_is_left_alone),
        TEST(another_programs_database_is_refused),
        TEST(a_database_that_this_build_lacks_is_a_usage_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
