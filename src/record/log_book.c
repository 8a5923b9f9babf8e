#include "record/log_entry.h"

#include "record/log_entry_plain.h"
#include "record/log_index.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

#define FIRST_CAPACITY 256

static assay_code make_room(struct assay_tlog_book *book, size_t capacity, assay_err *err)
{
    if (capacity > ASSAY_LOG_ENTRIES_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "the log has over %zu entries", ASSAY_LOG_ENTRIES_MAX);
    }
    struct assay_tlog_row *rows = assay_realloc(book->rows, capacity, sizeof *rows);
    if (!rows) {
        return assay_nomem(err);
    }
    book->rows = rows;
    book->capacity = capacity;
    return ASSAY_OK;
}

static assay_code read_row(struct assay_slice entry, struct assay_buf *scratch, struct assay_tlog_row *ret,
                           assay_err *err)
{
    return tlog_row_read_plain(entry, scratch, ret) ? ASSAY_OK : assay_tlog_row_read(entry, ret, err);
}

void assay_tlog_book_begin(struct assay_tlog_book *ret)
{
    *ret = (struct assay_tlog_book){0};
    assay_merkle_init(&ret->tree);
}

assay_code assay_tlog_book_extend(struct assay_tlog_book *book, size_t count, assay_err *err)
{
    assert(count >= book->count);
    assay_code rc = count > book->capacity ? make_room(book, count, err) : ASSAY_OK;
    size_t tiles_count = count / ASSAY_TILE_WIDTH;
    if (rc == ASSAY_OK && tiles_count > book->tiles_count) {
        struct assay_digest *tiles = assay_realloc(book->tiles, tiles_count, sizeof *tiles);
        if (!tiles) {
            return assay_nomem(err);
        }
        book->tiles = tiles;
        book->tiles_count = tiles_count;
    }
    book->count = rc == ASSAY_OK ? count : book->count;
    return rc;
}

/* The leaf hashes of the rows of one tile; and of a whole one its root, while they are at hand. */
static void hash_rows(struct assay_tlog_book *book, size_t first, size_t count)
{
    struct assay_slice leaves[ASSAY_TILE_WIDTH];
    struct assay_digest *hashes[ASSAY_TILE_WIDTH];
    struct assay_digest whole[ASSAY_TILE_WIDTH];
    for (size_t i = 0; i < count; i++) {
        leaves[i] = book->rows[first + i].bytes;
        hashes[i] = &book->rows[first + i].leaf;
    }
    assay_merkle_leaf_hashes(leaves, count, hashes);
    if (count == ASSAY_TILE_WIDTH) {
        for (size_t i = 0; i < count; i++) {
            whole[i] = *hashes[i];
        }
        assay_merkle_perfect_root(whole, count, &book->tiles[first / ASSAY_TILE_WIDTH]);
    }
}

assay_code assay_tlog_book_fill(struct assay_tlog_book *book, struct assay_slice entries, size_t first, size_t count,
                                assay_err *err)
{
    struct assay_buf scratch;
    struct assay_slice entry;
    assay_code rc = ASSAY_OK;
    assert(count <= book->count && first <= book->count - count && first % ASSAY_TILE_WIDTH == 0);
    assay_buf_init(&scratch, ASSAY_LOG_ENTRY_BYTES_MAX);
    for (size_t i = first; i < first + count && rc == ASSAY_OK; i++) {
        rc = assay_entry_cut(&entries, &entry) ? read_row(entry, &scratch, &book->rows[i], err)
                                               : assay_fail(err, ASSAY_MALFORMED, "the bytes end inside it");
        if (rc != ASSAY_OK) {
            assay_wrap(err, "entry %zu of the log", i);
        } else if (i % ASSAY_TILE_WIDTH == ASSAY_TILE_WIDTH - 1 || i + 1 == first + count) {
            size_t in_tile = i % ASSAY_TILE_WIDTH + 1;
            hash_rows(book, i + 1 - in_tile, in_tile);
        }
    }
    assay_buf_done(&scratch);
    return rc;
}

/* The first `size` entries: by whole tiles, and the rest by itself. */
static void grow(const struct assay_tlog_book *book, uint64_t size, struct assay_merkle *ret)
{
    uint64_t tiles = size / ASSAY_TILE_WIDTH, i = 0;
    tiles = tiles < book->tiles_count ? tiles : book->tiles_count;
    assay_merkle_init(ret);
    for (; i < tiles; i++) {
        assay_merkle_add_subtree(ret, ASSAY_TILE_LEVEL_BITS, &book->tiles[i]);
    }
    for (i *= ASSAY_TILE_WIDTH; i < size; i++) {
        assay_merkle_add_hash(ret, &book->rows[i].leaf);
    }
}

void assay_tlog_book_end(struct assay_tlog_book *book)
{
    grow(book, book->count, &book->tree);
}

assay_code assay_tlog_book_read(const char *entries, size_t len, struct assay_tlog_book *ret, assay_err *err)
{
    assert(ret && (entries || len == 0));
    struct assay_tlog_book book;
    struct assay_slice rest = {entries, len}, entry;
    size_t count = 0;
    while (assay_entry_cut(&rest, &entry)) {
        count++;
    }
    count += rest.len > 0; /* cut short: the reader says so */
    assay_tlog_book_begin(&book);
    assay_code rc = assay_tlog_book_extend(&book, count, err);
    rc = rc == ASSAY_OK ? assay_tlog_book_fill(&book, (struct assay_slice){entries, len}, 0, count, err) : rc;
    if (rc != ASSAY_OK) {
        assay_tlog_book_done(&book);
        return rc;
    }
    assay_tlog_book_end(&book);
    *ret = book;
    return ASSAY_OK;
}

assay_code assay_tlog_book_add(struct assay_tlog_book *book, struct assay_slice entry, assay_err *err)
{
    struct assay_buf scratch;
    assay_code rc = book->count < book->capacity
                        ? ASSAY_OK
                        : make_room(book, book->capacity ? 2 * book->capacity : FIRST_CAPACITY, err);
    assay_buf_init(&scratch, ASSAY_LOG_ENTRY_BYTES_MAX);
    rc = rc == ASSAY_OK ? read_row(entry, &scratch, &book->rows[book->count], err) : rc;
    assay_buf_done(&scratch);
    if (rc == ASSAY_OK) {
        assay_merkle_leaf_hash(entry.data, entry.len, &book->rows[book->count].leaf);
        assay_merkle_add_hash(&book->tree, &book->rows[book->count].leaf);
        book->count++;
    }
    return rc;
}

void assay_tlog_book_done(struct assay_tlog_book *book)
{
    assay_free(book->rows);
    assay_free(book->tiles);
    *book = (struct assay_tlog_book){0};
}

void assay_tlog_book_root(const struct assay_tlog_book *book, uint64_t size, struct assay_digest *ret)
{
    struct assay_merkle tree;
    assert(size <= book->count);
    grow(book, size, &tree);
    assay_merkle_root(&tree, ret);
}

bool tlog_row_is_outcome(const struct assay_tlog_row *row)
{
    return row->kind == ASSAY_ENTRY_RECEIPT || row->kind == ASSAY_ENTRY_RECORD || row->kind == ASSAY_ENTRY_ABANDONED;
}

uint64_t assay_tlog_book_outcome(const struct assay_tlog_book *book, const uint8_t run_id[16], uint64_t from)
{
    for (uint64_t i = from; i < book->count; i++) {
        if (tlog_row_is_outcome(&book->rows[i]) &&
            memcmp(book->rows[i].run_id, run_id, sizeof book->rows[i].run_id) == 0) {
            return i;
        }
    }
    return book->count;
}

static void count_intent(const struct assay_tlog_row *end, struct assay_tlog_earlier *ret)
{
    ret->intents++;
    ret->open += !end ? 1 : 0;
    ret->receipts += end && end->kind == ASSAY_ENTRY_RECEIPT ? 1 : 0;
    ret->records += end && end->kind == ASSAY_ENTRY_RECORD ? 1 : 0;
}

/* From the last entry down, so that what was seen last of a run is the first outcome behind its intent. */
assay_code assay_tlog_book_earlier(const struct assay_tlog_book *book, const struct assay_digest *request,
                                   uint64_t until, struct assay_tlog_earlier *ret, assay_err *err)
{
    struct log_index runs = {0};
    assert(until <= book->count);
    const struct assay_tlog_row **ends = assay_alloc((size_t)until, sizeof *ends);
    assay_code rc = ends ? log_index_init(&runs, book, sizeof book->rows->run_id, err) : assay_nomem(err);
    struct assay_tlog_earlier earlier = {0};
    for (uint64_t i = until; i-- > 0 && rc == ASSAY_OK;) {
        const struct assay_tlog_row *row = &book->rows[i];
        if (tlog_row_is_outcome(row)) {
            ends[log_index_number(&runs, row->run_id)] = row;
        } else if (row->kind == ASSAY_ENTRY_INTENT && assay_digest_equal(&row->request, request)) {
            count_intent(ends[log_index_number(&runs, row->run_id)], &earlier);
        }
    }
    log_index_done(&runs);
    assay_free(ends);
    if (rc == ASSAY_OK) {
        *ret = earlier;
    }
    return rc;
}

void assay_tlog_book_standing(const struct assay_tlog_book *book, const struct assay_digest *keyid,
                              struct assay_tlog_standing *ret)
{
    *ret = (struct assay_tlog_standing){0};
    for (size_t i = 0; i < book->count; i++) {
        const struct assay_tlog_row *row = &book->rows[i];
        if (!assay_digest_equal(&row->signer, keyid)) {
            continue;
        }
        if (row->kind == ASSAY_ENTRY_INTENT) {
            ret->is_known = ret->is_open = true;
            ret->counter = row->counter;
            memcpy(ret->open_run_id, row->run_id, sizeof ret->open_run_id);
        } else if (tlog_row_is_outcome(row) && memcmp(row->run_id, ret->open_run_id, sizeof row->run_id) == 0) {
            ret->is_open = false;
        }
        if (row->kind == ASSAY_ENTRY_RECEIPT || row->kind == ASSAY_ENTRY_RECORD) {
            ret->has_document = true;
            ret->document_counter = ret->counter;
            ret->document = row->content;
        }
    }
}
