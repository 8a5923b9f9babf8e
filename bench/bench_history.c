/*
 * The history at full size (statistics.md 7): 10,000 series of 1,000 points, beside a plain SQLite table of the same
 * points in the same run.
 *
 *     bench_history [SERIES RUNS]      default 10000 1000; the files go to TMPDIR and are removed
 */
#include "store/sqlite.h"
#include "support/bulk.h"

#include "base/clock.h"
#include "base/thread.h"
#include "stat/stat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 512
#define APPENDS 200 /* with fsync, for their spread: three of them pack */
#define APPEND_SERIES 3000
#define LOOKS 2000
#define BASELINE 20

static double seconds_since(uint64_t from_ns)
{
    return (double)(assay_clock_mono_ns() - from_ns) / 1e9;
}

static void need(assay_code rc, const assay_err *err)
{
    if (rc != ASSAY_OK) {
        fprintf(stderr, "bench_history: %s\n", err->message);
        exit(1);
    }
}

static void sql_need(sqlite3 *db, int status)
{
    if (status != SQLITE_OK && status != SQLITE_DONE && status != SQLITE_ROW) {
        fprintf(stderr, "bench_history: %s\n", sqlite3_errmsg(db));
        exit(1);
    }
}

static double bytes_of(const char *path)
{
    struct stat file = {0};
    return stat(path, &file) == 0 ? (double)file.st_size : 0.0;
}

static void row(const char *what, double ours, double peer, const char *unit, const char *goal)
{
    if (peer > 0) {
        printf("%-52s %10.3g %10.3g %-8s %s%s\n", what, ours, peer, unit, goal, "");
    } else {
        printf("%-52s %10.3g %10s %-8s %s\n", what, ours, "-", unit, goal);
    }
    (void)fflush(stdout);
}

/* ---- the peer: one row a point ---------------------------------------------------------------------------------- */

static sqlite3 *plain_open(const char *path)
{
    sqlite3 *db;
    sql_need(NULL, sqlite3_open(path, &db));
    sql_need(db, sqlite3_exec(db,
                              "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-32768;"
                              "CREATE TABLE IF NOT EXISTS point(series INTEGER, run INTEGER, value REAL, lower REAL,"
                              " upper REAL, n INTEGER, PRIMARY KEY(series, run)) WITHOUT ROWID",
                              NULL, NULL, NULL));
    return db;
}

static void plain_append(sqlite3 *db, const struct assay_store_new_point *points, size_t series, uint64_t run)
{
    sqlite3_stmt *insert;
    sql_need(db, sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL));
    sql_need(db, sqlite3_prepare_v2(db, "INSERT INTO point VALUES(?,?,?,?,?,?)", -1, &insert, NULL));
    for (size_t i = 0; i < series; i++) {
        sqlite3_reset(insert);
        sqlite3_bind_int64(insert, 1, (sqlite3_int64)i + 1);
        sqlite3_bind_int64(insert, 2, (sqlite3_int64)run);
        sqlite3_bind_double(insert, 3, points[i].value);
        sqlite3_bind_double(insert, 4, points[i].lower);
        sqlite3_bind_double(insert, 5, points[i].upper);
        sqlite3_bind_int64(insert, 6, (sqlite3_int64)points[i].n);
        sql_need(db, sqlite3_step(insert));
    }
    sqlite3_finalize(insert);
    sql_need(db, sqlite3_exec(db, "COMMIT", NULL, NULL, NULL));
}

static size_t plain_read(sqlite3_stmt *select, int64_t series, size_t limit)
{
    size_t count = 0;
    sqlite3_reset(select);
    sqlite3_bind_int64(select, 1, series);
    sqlite3_bind_int64(select, 2, (sqlite3_int64)limit);
    while (sqlite3_step(select) == SQLITE_ROW) {
        (void)sqlite3_column_double(select, 0);
        (void)sqlite3_column_double(select, 1);
        (void)sqlite3_column_double(select, 2);
        count++;
    }
    return count;
}

#define PLAIN_SELECT "SELECT value, lower, upper, n FROM point WHERE series = ?1 ORDER BY run DESC LIMIT ?2"

/* ---- what is measured ------------------------------------------------------------------------------------------- */

static int by_size(const void *left, const void *right)
{
    const double *a = left, *b = right;
    return *a < *b ? -1 : *a > *b;
}

struct figures {
    double p50, p99, most;
};

static struct figures figures_of(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_size);
    return (struct figures){values[count / 2], values[count * 99 / 100], values[count - 1]};
}

static void measure_appends(const char *dir)
{
    static double ours[APPENDS], plain[APPENDS];
    char path[PATH_BYTES], plain_path[PATH_BYTES];
    struct bulk bulk;
    assay_err err = {0};
    (void)snprintf(path, sizeof path, "%s/append.db", dir);
    (void)snprintf(plain_path, sizeof plain_path, "%s/append-plain.db", dir);
    bulk_open(&bulk, path, APPEND_SERIES);
    sqlite3 *db = plain_open(plain_path);
    need(bulk_append(&bulk, 0, &err), &err);
    for (size_t i = 0; i < APPENDS; i++) {
        bulk_make(&bulk, i + 1);
        uint64_t from = assay_clock_mono_ns();
        need(bulk_put(&bulk, &err), &err);
        ours[i] = 1e3 * seconds_since(from);
        from = assay_clock_mono_ns();
        plain_append(db, bulk.entry.points, APPEND_SERIES, i);
        plain[i] = 1e3 * seconds_since(from);
    }
    struct figures a = figures_of(ours, APPENDS), b = figures_of(plain, APPENDS);
    row("append 3,000 points with fsync, p50", a.p50, b.p50, "ms", "<= 5");
    row("  p99 (packs 64 runs into blocks)", a.p99, b.p99, "ms", "");
    bulk.series = bulk.entry.points_count = 1;
    for (size_t i = 0; i < APPENDS; i++) {
        bulk_make(&bulk, APPENDS + i + 1);
        uint64_t from = assay_clock_mono_ns();
        need(bulk_put(&bulk, &err), &err);
        ours[i] = 1e6 * seconds_since(from);
    }
    a = figures_of(ours, APPENDS);
    row("append one point with fsync, p50", a.p50, 0, "us", "(fsync alone is most)");
    bulk_close(&bulk);
    sqlite3_close(db);
}

static void fill(const char *path, const char *plain_path, size_t series, uint64_t runs)
{
    struct bulk bulk;
    assay_err err = {0};
    bulk_open(&bulk, path, series);
    sqlite3 *db = plain_open(plain_path);
    struct assay_sqlite *self = bulk.state;
    sql_need(self->db, sqlite3_exec(self->db, "PRAGMA synchronous=OFF", NULL, NULL, NULL));
    sql_need(db, sqlite3_exec(db, "PRAGMA synchronous=OFF; BEGIN", NULL, NULL, NULL));
    for (uint64_t run = 0; run < runs; run++) {
        need(bulk_append(&bulk, run, &err), &err);
    }
    /* The peer gets its points in the order of its key, which is best for it. */
    sqlite3_stmt *insert;
    sql_need(db, sqlite3_prepare_v2(db, "INSERT INTO point VALUES(?,?,?,?,?,?)", -1, &insert, NULL));
    for (size_t i = 0; i < series; i++) {
        for (uint64_t run = 0; run < runs; run++) {
            struct assay_store_value value = bulk_value(i, run);
            sqlite3_reset(insert);
            sqlite3_bind_int64(insert, 1, (sqlite3_int64)i + 1);
            sqlite3_bind_int64(insert, 2, (sqlite3_int64)run);
            sqlite3_bind_double(insert, 3, value.value);
            sqlite3_bind_double(insert, 4, value.lower);
            sqlite3_bind_double(insert, 5, value.upper);
            sqlite3_bind_int64(insert, 6, (sqlite3_int64)value.n);
            sql_need(db, sqlite3_step(insert));
        }
    }
    sqlite3_finalize(insert);
    sql_need(db, sqlite3_exec(db, "COMMIT", NULL, NULL, NULL));
    bulk_close(&bulk);
    sqlite3_close(db);
}

static void measure_load(struct assay_store *store, sqlite3 *db, size_t series, uint64_t runs)
{
    struct assay_store_values values = {0};
    assay_err err = {0};
    double points = (double)series * (double)runs;
    size_t count = 0;
    uint64_t from = assay_clock_mono_ns();
    need(assay_store_hold(store, &err), &err);
    for (size_t i = 0; i < series; i++) {
        need(assay_store_values(store, (int64_t)i + 1, 0, &values, &err), &err);
        count += values.count;
    }
    assay_store_release(store);
    double ours = (double)count / seconds_since(from) / 1e6;
    sqlite3_stmt *select;
    sql_need(db, sqlite3_prepare_v2(db, PLAIN_SELECT, -1, &select, NULL));
    from = assay_clock_mono_ns();
    count = 0;
    for (size_t i = 0; i < series; i++) {
        count += plain_read(select, (int64_t)i + 1, SIZE_MAX >> 1);
    }
    row("load all, series by series", ours, (double)count / seconds_since(from) / 1e6, "M/s", ">= 2 (goal 5)");
    if (count != (size_t)points) {
        printf("  the peer gave %zu of %.0f points\n", count, points);
    }
    sqlite3_finalize(select);
    assay_store_values_done(&values);
}

static void measure_last(struct assay_store *store, sqlite3 *db, size_t series)
{
    static double ours[LOOKS], plain[LOOKS];
    struct assay_store_values values = {0};
    assay_err err = {0};
    sqlite3_stmt *select;
    size_t few = series < 200 ? series : 200;
    sql_need(db, sqlite3_prepare_v2(db, PLAIN_SELECT, -1, &select, NULL));
    for (int pass = 0; pass < 2; pass++) { /* the first one warms */
        for (size_t i = 0; i < LOOKS; i++) {
            int64_t id = 1 + (int64_t)((i * 7919) % few);
            uint64_t from = assay_clock_mono_ns();
            need(assay_store_values(store, id, 100, &values, &err), &err);
            ours[i] = 1e6 * seconds_since(from);
            from = assay_clock_mono_ns();
            (void)plain_read(select, id, 100);
            plain[i] = 1e6 * seconds_since(from);
        }
    }
    struct figures a = figures_of(ours, LOOKS), b = figures_of(plain, LOOKS);
    row("last 100 points of a series, warm, p50", a.p50, b.p50, "us", "<= 20 (goal 10)");
    row("  p99", a.p99, b.p99, "us", "");
    sqlite3_finalize(select);
    assay_store_values_done(&values);
}

static void measure_compare(struct assay_store *store, sqlite3 *db, size_t series)
{
    struct assay_arena arena;
    struct assay_store_line *lines;
    size_t count = 0, wanted = series < APPEND_SERIES ? series : APPEND_SERIES;
    assay_err err = {0};
    assay_arena_init(&arena, (size_t)1 << 30);
    need(assay_store_lines(store, &(struct assay_store_query){0}, &arena, &lines, &count, &err), &err);
    struct assay_store_newest *newest = assay_arena_take(&arena, wanted, sizeof *newest);
    double ours = 0, plain = 0;
    for (int pass = 0; pass < 2; pass++) {
        uint64_t from = assay_clock_mono_ns();
        need(assay_store_compare_newest(store, lines, wanted, BASELINE, newest, &err), &err);
        ours = 1e3 * seconds_since(from);
        sqlite3_stmt *select;
        sql_need(db, sqlite3_prepare_v2(db, PLAIN_SELECT, -1, &select, NULL));
        from = assay_clock_mono_ns();
        for (size_t i = 0; i < wanted; i++) {
            (void)plain_read(select, (int64_t)i + 1, BASELINE + 1);
        }
        plain = 1e3 * seconds_since(from);
        sqlite3_finalize(select);
    }
    row("newest of 3,000 series against the 20 before, warm", ours, plain, "ms", "<= 20 (goal 10)");
    assay_arena_done(&arena);
}

/* ---- rescan ----------------------------------------------------------------------------------------------------- */

struct half {
    const char *path;
    int64_t first, end;
    size_t runs, points;
};

static void *rescan(void *argument)
{
    struct half *half = argument;
    struct assay_store *store = NULL;
    struct assay_store_values values = {0};
    assay_err err = {0};
    need(assay_store_open(half->path, ASSAY_STORE_READ, &store, &err), &err);
    double *room = calloc(5 * half->runs, sizeof *room);
    struct assay_change_point *points = calloc(ASSAY_CHANGE_POINTS_MAX(half->runs), sizeof *points);
    for (int64_t id = half->first; room && points && id < half->end; id++) {
        need(assay_store_values(store, id, 0, &values, &err), &err);
        for (size_t i = 0; i < values.count; i++) {
            room[i] = assay_stat_log(values.data[i].value);
        }
        half->points += assay_change_rescan(room, values.count, points, room + half->runs);
    }
    free(room);
    free(points);
    assay_store_values_done(&values);
    assay_store_close(store);
    return NULL;
}

static void measure_rescan(const char *path, size_t series, uint64_t runs)
{
    struct half halves[2] = {{path, 1, 1 + (int64_t)series / 2, (size_t)runs, 0},
                             {path, 1 + (int64_t)series / 2, 1 + (int64_t)series, (size_t)runs, 0}};
    struct assay_thread thread;
    assay_err err = {0};
    uint64_t from = assay_clock_mono_ns();
    need(assay_thread_start(&thread, "rescan", rescan, &halves[1], &err), &err);
    (void)rescan(&halves[0]);
    assay_thread_join(&thread);
    row("rescan of all for change points, 2 threads", seconds_since(from), 0, "s", "<= 10");
    row("  false points per 100 in this noise",
        100.0 * (double)(halves[0].points + halves[1].points) / ((double)series * (double)runs), 0, "", "<= 0.05");
}

int main(int argc, char **argv)
{
    size_t series = argc > 2 ? strtoul(argv[1], NULL, 10) : 10000;
    uint64_t runs = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000;
    const char *tmp = getenv("TMPDIR");
    char dir[PATH_BYTES / 2], path[PATH_BYTES], plain_path[PATH_BYTES], command[PATH_BYTES];
    (void)snprintf(dir, sizeof dir, "%s/assay-bench-XXXXXX", tmp ? tmp : "/tmp");
    if (mkdtemp(dir) == NULL || series < 2 || runs < 100) {
        fprintf(stderr, "usage: bench_history [SERIES RUNS]\n");
        return 4;
    }
    (void)snprintf(path, sizeof path, "%s/history.db", dir);
    (void)snprintf(plain_path, sizeof plain_path, "%s/plain.db", dir);
    printf("%zu series of %llu points, each with bounds and n; peer: one SQLite row a point\n\n", series,
           (unsigned long long)runs);
    printf("%-52s %10s %10s %-8s %s\n", "", "assay", "plain", "", "wanted");
    measure_appends(dir);
    fill(path, plain_path, series, runs);
    double points = (double)series * (double)runs;
    row("size", bytes_of(path) / points, bytes_of(plain_path) / points, "B/point", "<= 10");
    struct assay_store *store = NULL;
    assay_err err = {0};
    need(assay_store_open(path, ASSAY_STORE_READ, &store, &err), &err);
    sqlite3 *db = plain_open(plain_path);
    measure_load(store, db, series, runs);
    measure_last(store, db, series);
    measure_compare(store, db, series);
    assay_store_close(store);
    sqlite3_close(db);
    measure_rescan(path, series, runs);
    static const char *const FILES[] = {"history.db", "plain.db", "append.db", "append-plain.db"};
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++) {
        (void)snprintf(command, sizeof command, "%s/%s", dir, FILES[i]);
        (void)unlink(command);
    }
    return rmdir(dir) == 0 ? 0 : 5;
}
