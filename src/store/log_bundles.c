#include "store/log_tiles.h"

#include "base/mem.h"
#include "base/parallel.h"

#include <stdatomic.h>

/* All entries, bundle by bundle, on as many threads as there are CPUs: read, cut, parsed, hashed. Where only what they
 * say is wanted, each worker keeps one bundle at a time, which then stays in its cache. */

#define BUNDLES_FIRST 256 /* of 256 rows each: 17 MB */

struct reading {
    struct assay_log_dir *log;
    struct assay_buf *own; /* by worker; NULL: every bundle is kept */
    size_t first;          /* bundle of the parallel run */
    atomic_size_t kept_bytes;
};

/* As many entries as the size demands, and nothing behind them. */
static assay_code check_cuts(const char *name, struct assay_slice rest, unsigned width, assay_err *err)
{
    struct assay_slice entry;
    for (unsigned i = 0; i < width; i++) {
        if (!assay_entry_cut(&rest, &entry)) {
            return assay_fail(err, ASSAY_MALFORMED, "'%s' holds %u entries, expected %u", name, i, width);
        }
    }
    return rest.len == 0 ? ASSAY_OK
                         : assay_fail(err, ASSAY_MALFORMED, "'%s' holds %zu bytes behind its last entry, expected none",
                                      name, rest.len);
}

static assay_code check_kept(struct reading *reading, size_t bytes, assay_err *err)
{
    size_t before = reading->own ? 0 : atomic_fetch_add(&reading->kept_bytes, bytes);
    return before + bytes <= ASSAY_LOG_BYTES_MAX
               ? ASSAY_OK
               : assay_fail(err, ASSAY_TOO_LARGE, "the log has over %zu bytes of entries", ASSAY_LOG_BYTES_MAX);
}

static assay_code read_bundle(void *context, size_t worker, size_t step, assay_err *err)
{
    struct reading *reading = context;
    size_t number = reading->first + step;
    struct assay_log_dir *log = reading->log;
    struct assay_buf *bytes = reading->own ? &reading->own[worker] : &log->bundles[number];
    struct assay_tile tile = {.is_entries = true, .number = number, .width = log_tile_width(log->head.size, number)};
    size_t first = number * ASSAY_TILE_WIDTH;
    char name[ASSAY_TILE_PATH_BYTES];
    assay_tile_path(&tile, name);
    assay_buf_clear(bytes);
    assay_code rc = log->source.get(log->source.context, name, bytes, err);
    const struct assay_slice entries = {bytes->data ? bytes->data : "", bytes->len};
    rc = rc == ASSAY_OK ? check_kept(reading, bytes->len, err) : rc;
    rc = rc == ASSAY_OK ? check_cuts(name, entries, tile.width, err) : rc;
    rc = rc == ASSAY_OK ? assay_tlog_book_fill(&log->book, entries, first, tile.width, err) : rc;
    for (size_t i = first; i < first + tile.width && rc == ASSAY_OK && reading->own; i++) {
        log->book.rows[i].bytes.data = NULL; /* the next bundle overwrites them */
    }
    return rc;
}

static assay_code make_buffers(size_t count, struct assay_buf **ret, assay_err *err)
{
    struct assay_buf *buffers = assay_alloc(count + 1, sizeof *buffers);
    if (!buffers) {
        return assay_nomem(err);
    }
    for (size_t i = 0; i < count; i++) {
        assay_buf_init(&buffers[i], LOG_BUNDLE_BYTES_MAX);
    }
    *ret = buffers;
    return ASSAY_OK;
}

static void free_buffers(struct assay_buf *buffers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assay_buf_done(&buffers[i]);
    }
    assay_free(buffers);
}

/* A head only claims how many entries there are: memory is taken for as many again as were read, not for all of them.
 */
static assay_code read_all(struct reading *reading, struct assay_parallel *work, assay_err *err)
{
    const size_t all = work->count, size = (size_t)reading->log->head.size;
    assay_code rc = ASSAY_OK;
    for (size_t end = BUNDLES_FIRST; rc == ASSAY_OK && reading->first < all; end *= 2) {
        end = end < all ? end : all;
        size_t rows = end * ASSAY_TILE_WIDTH;
        rc = assay_tlog_book_extend(&reading->log->book, rows < size ? rows : size, err);
        work->count = end - reading->first;
        rc = rc == ASSAY_OK ? assay_parallel_run(work, err) : rc;
        reading->first = end;
    }
    return rc;
}

assay_code log_bundles_read(struct assay_log_dir *log, bool is_kept, assay_err *err)
{
    struct reading reading = {.log = log};
    atomic_init(&reading.kept_bytes, 0);
    if (log->head.size > ASSAY_LOG_ENTRIES_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "the log has over %zu entries", ASSAY_LOG_ENTRIES_MAX);
    }
    struct assay_parallel work = {.name = "log",
                                  .count = (size_t)(log->head.size + ASSAY_TILE_WIDTH - 1) / ASSAY_TILE_WIDTH,
                                  .workers_max = log->source.is_for_threads ? 0 : 1,
                                  .step = read_bundle,
                                  .context = &reading};
    size_t workers = assay_parallel_workers(&work);
    assay_code rc = is_kept ? make_buffers(work.count, &log->bundles, err) : make_buffers(workers, &reading.own, err);
    log->bundles_count = is_kept && rc == ASSAY_OK ? work.count : 0;
    assay_tlog_book_begin(&log->book);
    rc = rc == ASSAY_OK ? read_all(&reading, &work, err) : rc;
    if (rc == ASSAY_OK) {
        assay_tlog_book_end(&log->book);
        log->has_book = true;
    }
    free_buffers(reading.own, reading.own ? workers : 0);
    return rc;
}

void log_bundles_done(struct assay_log_dir *log)
{
    free_buffers(log->bundles, log->bundles_count);
}
