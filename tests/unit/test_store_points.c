#include "store/sqlite.h"
#include "support/bulk.h"
#include "support/faulty_vfs.h"

#include "base/file.h"
#include "crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    char dir[64], path[96];
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    (void)snprintf(fixture->dir, sizeof fixture->dir, "/tmp/assay-points-XXXXXX");
    assert_non_null(mkdtemp(fixture->dir));
    (void)snprintf(fixture->path, sizeof fixture->path, "%s/history.db", fixture->dir);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    static const char *const SUFFIXES[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof SUFFIXES / sizeof SUFFIXES[0]; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s%s", fixture->path, SUFFIXES[i]);
        (void)unlink(path);
    }
    (void)rmdir(fixture->dir);
    free(fixture);
    return 0;
}

/* What is measured here is not the disk: nothing waits for it. */
static void bulk_open_fast(struct bulk *bulk, const char *path, size_t series)
{
    bulk_open(bulk, path, series);
    struct assay_sqlite *self = bulk->state;
    assert_int_equal(sqlite3_exec(self->db, "PRAGMA synchronous=OFF", NULL, NULL, NULL), SQLITE_OK);
}

static void append_good(struct bulk *bulk, uint64_t run)
{
    assay_err err = {0};
    if (bulk_append(bulk, run, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
}

static bool same(const struct assay_store_value *found, size_t series, uint64_t run)
{
    struct assay_store_value wanted = bulk_value(series, run);
    return found->entry_id == (int64_t)run + 1 && found->value == wanted.value && found->lower == wanted.lower &&
           found->upper == wanted.upper && found->n == wanted.n && found->has_bounds && found->absent == 0;
}

static struct assay_store *open_store(const char *path)
{
    struct assay_store *store = NULL;
    assay_err err = {0};
    if (assay_store_open(path, ASSAY_STORE_READ, &store, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    return store;
}

static void every_point_comes_back_however_many_there_are(void **state)
{
    const struct fixture *fixture = *state;
    enum { SERIES = 7, RUNS = 150 };
    static const size_t LIMITS[] = {0, 1, 5, 64, 100, 1000};
    struct bulk bulk;
    bulk_open_fast(&bulk, fixture->path, SERIES);
    struct assay_store *store = open_store(fixture->path); /* reads beside the writer, with a tail of its own */
    struct assay_store_values values = {0};
    for (uint64_t run = 0; run < RUNS; run++) {
        append_good(&bulk, run);
        for (size_t i = 0; i < sizeof LIMITS / sizeof LIMITS[0]; i++) {
            size_t series = (size_t)run % SERIES, all = (size_t)run + 1;
            size_t wanted = LIMITS[i] == 0 || LIMITS[i] > all ? all : LIMITS[i];
            assert_int_equal(assay_store_values(store, (int64_t)series + 1, LIMITS[i], &values, NULL), ASSAY_OK);
            assert_int_equal(values.count, wanted);
            for (size_t j = 0; j < wanted; j++) {
                assert_true(same(&values.data[j], series, run + 1 - wanted + j));
            }
        }
    }
    assay_store_values_done(&values);
    assay_store_close(store);
    bulk_close(&bulk);
}

static void what_is_held_does_not_change_under_the_reader(void **state)
{
    const struct fixture *fixture = *state;
    struct bulk bulk;
    bulk_open_fast(&bulk, fixture->path, 3);
    append_good(&bulk, 0);
    struct assay_store *store = open_store(fixture->path);
    struct assay_store_values values = {0};
    assert_int_equal(assay_store_hold(store, NULL), ASSAY_OK);
    assert_int_equal(assay_store_values(store, 1, 0, &values, NULL), ASSAY_OK);
    assert_int_equal(values.count, 1);
    for (uint64_t run = 1; run < 100; run++) {
        append_good(&bulk, run);
    }
    assert_int_equal(assay_store_values(store, 1, 0, &values, NULL), ASSAY_OK);
    assert_int_equal(values.count, 1);
    assay_store_release(store);
    assert_int_equal(assay_store_values(store, 1, 0, &values, NULL), ASSAY_OK);
    assert_int_equal(values.count, 100);
    assay_store_values_done(&values);
    assay_store_close(store);
    bulk_close(&bulk);
}

static void a_hundred_thousand_points_take_ten_bytes_each_at_most(void **state)
{
    const struct fixture *fixture = *state;
    enum { SERIES = 1000, RUNS = 100 };
    struct bulk bulk;
    struct stat file;
    bulk_open_fast(&bulk, fixture->path, SERIES);
    for (uint64_t run = 0; run < RUNS; run++) {
        append_good(&bulk, run);
    }
    bulk_close(&bulk); /* the last one out moves the log into the file */
    assert_int_equal(stat(fixture->path, &file), 0);
    double bytes = (double)file.st_size / (SERIES * RUNS);
    print_message("# %.2f bytes a point\n", bytes);
    assert_true(bytes <= 10.0);
}

static void series_that_come_seldom_get_long_blocks_too(void **state)
{
    const struct fixture *fixture = *state;
    struct bulk bulk;
    bulk_open_fast(&bulk, fixture->path, 8);
    for (uint64_t run = 0; run < 700; run++) {
        bulk.series = bulk.entry.points_count = run % 10 == 0 ? 8 : 1; /* seven of eight come every tenth time */
        append_good(&bulk, run);
    }
    sqlite3_stmt *statement;
    struct assay_sqlite *self = bulk.state;
    assert_int_equal(sqlite3_prepare_v2(self->db, "SELECT count(*) FROM block WHERE series_id = 5", -1, &statement, 0),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_true(sqlite3_column_int(statement, 0) <= 2); /* 64 points or more of it are packed */
    sqlite3_finalize(statement);
    struct assay_store_values values = {0};
    assert_int_equal(assay_sqlite_values(self, 5, 0, &values, NULL), ASSAY_OK);
    assert_int_equal(values.count, 70);
    for (size_t i = 0; i < values.count; i++) {
        assert_true(same(&values.data[i], 4, 10 * i));
    }
    assay_store_values_done(&values);
    bulk_close(&bulk);
}

/* The plan of a query, as SQLite tells it. */
static void plan_says(sqlite3 *db, const char *sql, const char *wanted)
{
    char query[2048], found[512] = "";
    sqlite3_stmt *statement;
    (void)snprintf(query, sizeof query, "EXPLAIN QUERY PLAN %s", sql);
    assert_int_equal(sqlite3_prepare_v2(db, query, -1, &statement, NULL), SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        size_t len = strlen(found);
        (void)snprintf(found + len, sizeof found - len, "%s; ", (const char *)sqlite3_column_text(statement, 3));
    }
    sqlite3_finalize(statement);
    if (strstr(found, wanted) == NULL || strstr(found, "SCAN") != NULL || strstr(found, "TEMP B-TREE") != NULL) {
        fail_msg("%s\nis planned as: %s", sql, found);
    }
}

static void what_is_asked_often_goes_by_an_index(void **state)
{
    const struct fixture *fixture = *state;
    struct bulk bulk;
    bulk_open(&bulk, fixture->path, 1);
    struct assay_sqlite *self = bulk.state;
    sqlite3_stmt *blocks = NULL;
    assert_int_equal(assay_sqlite_kept(self, ASSAY_KEPT_BLOCKS, &blocks, NULL), ASSAY_OK);
    plan_says(self->db, sqlite3_sql(blocks), "USING INDEX block_of_series");
    plan_says(self->db, "SELECT id FROM series WHERE context_id = 1 AND metric = 'm'",
              "USING COVERING INDEX series_of_context");
    plan_says(self->db, "SELECT s.id FROM series s JOIN context c ON c.id = s.context_id WHERE s.metric = 'm'",
              "USING INDEX series_of_metric");
    plan_says(self->db, "SELECT id FROM context WHERE key = x'00'", "USING COVERING INDEX");
    plan_says(self->db, "SELECT id, digest FROM entry WHERE id = 1", "USING INTEGER PRIMARY KEY");
    bulk_close(&bulk);
}

static void an_append_is_one_transaction_with_one_sync(void **state)
{
    const struct fixture *fixture = *state;
    struct bulk bulk;
    faulty_vfs_register();
    bulk_open(&bulk, fixture->path, 3000);
    append_good(&bulk, 0);
    append_good(&bulk, 1);
    (void)faulty_vfs_counted();
    append_good(&bulk, 2);
    struct faulty_vfs_counts counts = faulty_vfs_counted();
    print_message("# append of 3,000 points: %lu writes, %llu bytes, %lu syncs\n", counts.writes, counts.bytes,
                  counts.syncs);
    assert_true(counts.syncs <= 1);
    assert_true(counts.bytes <= 3000 * 20); /* the batch once, whole pages around it: no page a series */
    bulk_close(&bulk);
    faulty_vfs_unregister();
}

static int64_t number_of(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

/* All runs up to `runs` are there with all their points, and nothing else. */
static void history_is(const char *path, uint64_t runs)
{
    struct bulk bulk;
    struct assay_store_values values = {0};
    bulk_open(&bulk, path, 1);
    struct assay_sqlite *self = bulk.state;
    assert_int_equal(number_of(self->db, "SELECT count(*) FROM entry"), (int64_t)runs);
    for (size_t series = 0; series < 20; series++) {
        assert_int_equal(assay_sqlite_values(self, (int64_t)series + 1, 0, &values, NULL), ASSAY_OK);
        assert_int_equal(values.count, runs);
        for (size_t i = 0; i < values.count; i++) {
            assert_true(values.data[i].value == bulk_value(series, i).value);
        }
    }
    assay_store_values_done(&values);
    bulk_close(&bulk);
}

/* The n-th write or sync fails, for every n that an append has; whatever was acknowledged is there, and a run is there
 * whole or not at all. `runs` are there already: 63 make the append a packing one. */
static void fails_cleanly(const char *path, uint64_t runs)
{
    unsigned long n = 1;
    for (bool is_done = false; !is_done; n++) {
        struct bulk bulk;
        assay_err err = {0};
        bulk_open(&bulk, path, 20);
        faulty_vfs_fail_at(n);
        assay_code rc = bulk_append(&bulk, runs, &err);
        is_done = rc == ASSAY_OK;
        assert_true(rc == ASSAY_OK || rc == ASSAY_IO);
        faulty_vfs_fail_at(0);
        bulk_close(&bulk);
        if (!is_done) {
            struct stat file;
            assert_int_equal(stat(path, &file), 0);
        }
    }
    assert_true(n > 3);
    history_is(path, runs + 1);
}

static void an_append_fails_cleanly_at_every_write(void **state)
{
    const struct fixture *fixture = *state;
    struct bulk bulk;
    faulty_vfs_register();
    bulk_open(&bulk, fixture->path, 20);
    append_good(&bulk, 0);
    bulk_close(&bulk);
    fails_cleanly(fixture->path, 1);
    bulk_open(&bulk, fixture->path, 20);
    for (uint64_t run = 2; run < ASSAY_TAIL_RUNS_MAX - 1; run++) {
        append_good(&bulk, run);
    }
    bulk_close(&bulk);
    fails_cleanly(fixture->path, ASSAY_TAIL_RUNS_MAX - 1);
    faulty_vfs_unregister();
}

static void points_of_schema_1_are_moved(void **state)
{
    const struct fixture *fixture = *state;
    static const char SCHEMA_1[] =
        "CREATE TABLE entry(id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, document TEXT NOT NULL, outcome TEXT"
        " NOT NULL, invalid TEXT NOT NULL, run_id TEXT NOT NULL, started_at TEXT NOT NULL, workload TEXT NOT NULL,"
        " model TEXT NOT NULL, compute_path TEXT NOT NULL, host TEXT NOT NULL, host_class TEXT NOT NULL, branch TEXT"
        " NOT NULL, commit_id TEXT NOT NULL, dir TEXT NOT NULL, ok INTEGER NOT NULL, count INTEGER NOT NULL);"
        "CREATE INDEX entry_model ON entry(model);"
        "CREATE TABLE series(id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, label TEXT NOT NULL, workload TEXT NOT"
        " NULL, metric TEXT NOT NULL, unit TEXT NOT NULL, direction TEXT NOT NULL, set_sha256 TEXT NOT NULL,"
        " host_class TEXT NOT NULL, settings_sha256 TEXT NOT NULL, branch TEXT NOT NULL, model TEXT NOT NULL);"
        "CREATE INDEX series_metric ON series(metric, model);"
        "CREATE TABLE point(series_id INTEGER NOT NULL REFERENCES series(id), entry_id INTEGER NOT NULL REFERENCES"
        " entry(id), arm TEXT NOT NULL, value REAL, lower REAL, upper REAL, n INTEGER NOT NULL, absent TEXT,"
        " PRIMARY KEY(series_id, entry_id, arm), CHECK((value IS NULL) <> (absent IS NULL))) WITHOUT ROWID;"
        "PRAGMA user_version=1; PRAGMA application_id=1634956129;"
        "INSERT INTO series VALUES(4,'k','llm m','llm','ttft_p50','ns','lower','s','h','t','','m'),"
        " (9,'l','llm m','llm','ttft_p99','ns','lower','s','h','t','','m');"
        "WITH RECURSIVE i(n) AS (VALUES(1) UNION ALL SELECT n + 1 FROM i WHERE n < 200)"
        " INSERT INTO entry SELECT n, 'd' || n, 'receipt', 'valid', '', 'r', '2026-01-01T00:00:00Z', 'llm', 'm',"
        " 'real', 'cpu', 'h', '', 'c' || n, '', 8, 8 FROM i;"
        "INSERT INTO point SELECT 4, id, 'a', 1000 + id, 990 + id, 1010.5 + id, 8, NULL FROM entry;"
        "INSERT INTO point SELECT 9, id, 'a', NULL, NULL, NULL, 8, 'n too small (8 of 299)' FROM entry WHERE id < 3;";
    sqlite3 *db;
    assert_int_equal(assay_crypto_init(NULL), ASSAY_OK);
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, SCHEMA_1, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    struct assay_store *store = open_store(fixture->path);
    struct assay_arena arena;
    struct assay_store_point *points;
    size_t count = 0;
    assay_arena_init(&arena, 1 << 24);
    assert_int_equal(
        assay_store_series(store, &(struct assay_store_query){.metric = "ttft_p50"}, &arena, &points, &count, NULL),
        ASSAY_OK);
    assert_int_equal(count, 200);
    for (size_t i = 0; i < count; i++) {
        double id = (double)(i + 1);
        assert_true(points[i].value == 1000 + id && points[i].lower == 990 + id && points[i].upper == 1010.5 + id);
        assert_int_equal(points[i].entry_id, i + 1);
        assert_int_equal(points[i].series_id, 4);
        assert_string_equal(points[i].arm, "a");
        assert_string_equal(points[i].series, "llm m");
    }
    assert_string_equal(points[199].commit, "c200");
    assert_int_equal(
        assay_store_series(store, &(struct assay_store_query){.metric = "ttft_p99"}, &arena, &points, &count, NULL),
        ASSAY_OK);
    assert_int_equal(count, 2);
    assert_string_equal(points[1].absent, "n too small (8 of 299)");
    assay_arena_done(&arena);
    assay_store_close(store);
}

static void the_newest_point_stands_beside_the_median_of_those_before(void **state)
{
    const struct fixture *fixture = *state;
    struct bulk bulk;
    bulk_open_fast(&bulk, fixture->path, 5);
    for (uint64_t run = 0; run < 80; run++) {
        append_good(&bulk, run);
    }
    bulk_close(&bulk);
    struct assay_store *store = open_store(fixture->path);
    struct assay_arena arena;
    struct assay_store_line *lines;
    struct assay_store_newest newest[5];
    size_t count = 0;
    assay_arena_init(&arena, 1 << 24);
    assert_int_equal(assay_store_lines(store, &(struct assay_store_query){0}, &arena, &lines, &count, NULL), ASSAY_OK);
    assert_int_equal(count, 5);
    assert_int_equal(assay_store_compare_newest(store, lines, count, 3, newest, NULL), ASSAY_OK);
    for (size_t i = 0; i < 5; i++) {
        double a = bulk_value(i, 76).value, b = bulk_value(i, 77).value, c = bulk_value(i, 78).value;
        double middle = a < b ? (b < c ? b : a < c ? c : a) : (a < c ? a : b < c ? c : b);
        assert_true(newest[i].value == bulk_value(i, 79).value);
        assert_true(newest[i].median == middle);
        assert_int_equal(newest[i].baseline_count, 3);
    }
    assay_arena_done(&arena);
    assay_store_close(store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_point_comes_back_however_many_there_are),
        TEST(what_is_held_does_not_change_under_the_reader),
        TEST(a_hundred_thousand_points_take_ten_bytes_each_at_most),
        TEST(series_that_come_seldom_get_long_blocks_too),
        TEST(what_is_asked_often_goes_by_an_index),
        TEST(an_append_is_one_transaction_with_one_sync),
        TEST(an_append_fails_cleanly_at_every_write),
        TEST(points_of_schema_1_are_moved),
        TEST(the_newest_point_stands_beside_the_median_of_those_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
