#include "record/log_entry.h"

#include "record/log_entry_plain.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
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
    assay_code rc = tlog_row_read_plain(entry, scratch, ret) ? ASSAY_OK : assay_tlog_row_read(entry, ret, err);
    if (rc == ASSAY_OK) {
        assay_merkle_leaf_hash(entry.data, entry.len, &ret->leaf);
    }
    return rc;
}

assay_code assay_tlog_book_begin(size_t count, struct assay_tlog_book *ret, assay_err *err)
{
    *ret = (struct assay_tlog_book){0};
    assay_merkle_init(&ret->tree);
    assay_code rc = count > 0 ? make_room(ret, count, err) : ASSAY_OK;
    ret->count = rc == ASSAY_OK ? count : 0;
    return rc;
}

assay_code assay_tlog_book_fill(struct assay_tlog_book *book, struct assay_slice entries, size_t first, size_t count,
                                assay_err *err)
{
    struct assay_buf scratch;
    struct assay_slice entry;
    assay_code rc = ASSAY_OK;
    assert(count <= book->count && first <= book->count - count);
    assay_buf_init(&scratch, ASSAY_LOG_ENTRY_BYTES_MAX);
    for (size_t i = first; i < first + count && rc == ASSAY_OK; i++) {
        rc = assay_entry_cut(&entries, &entry) ? read_row(entry, &scratch, &book->rows[i], err)
                                               : assay_fail(err, ASSAY_MALFORMED, "the bytes end inside it");
        if (rc != ASSAY_OK) {
            assay_wrap(err, "entry %zu of the log", i);
        }
    }
    assay_buf_done(&scratch);
    return rc;
}

void assay_tlog_book_end(struct assay_tlog_book *book)
{
    for (size_t i = 0; i < book->count; i++) {
        assay_merkle_add_hash(&book->tree, &book->rows[i].leaf);
    }
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
    count += rest.len > 0 ? 1 : 0; /* cut short: the reader says so */
    assay_code rc = assay_tlog_book_begin(count, &book, err);
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
        assay_merkle_add_hash(&book->tree, &book->rows[book->count].leaf);
        book->count++;
    }
    return rc;
}

void assay_tlog_book_done(struct assay_tlog_book *book)
{
    assay_free(book->rows);
    *book = (struct assay_tlog_book){0};
}

void assay_tlog_book_root(const struct assay_tlog_book *book, uint64_t size, struct assay_digest *ret)
{
    struct assay_merkle tree;
    assert(size <= book->count);
    assay_merkle_init(&tree);
    for (uint64_t i = 0; i < size; i++) {
        assay_merkle_add_hash(&tree, &book->rows[i].leaf);
    }
    assay_merkle_root(&tree, ret);
}

static bool is_outcome(const struct assay_tlog_row *row)
{
    return row->kind == ASSAY_ENTRY_RECEIPT || row->kind == ASSAY_ENTRY_RECORD || row->kind == ASSAY_ENTRY_ABANDONED;
}

uint64_t assay_tlog_book_outcome(const struct assay_tlog_book *book, const uint8_t run_id[16], uint64_t from)
{
    for (uint64_t i = from; i < book->count; i++) {
        if (is_outcome(&book->rows[i]) && memcmp(book->rows[i].run_id, run_id, 16) == 0) {
            return i;
        }
    }
    return book->count;
}

void assay_tlog_book_earlier(const struct assay_tlog_book *book, const struct assay_digest *request, uint64_t until,
                             struct assay_tlog_earlier *ret)
{
    const struct assay_tlog_book before = {.rows = book->rows, .count = (size_t)until};
    assert(until <= book->count);
    *ret = (struct assay_tlog_earlier){0};
    for (uint64_t i = 0; i < until; i++) {
        const struct assay_tlog_row *row = &book->rows[i];
        if (row->kind != ASSAY_ENTRY_INTENT || !assay_digest_equal(&row->request, request)) {
            continue;
        }
        uint64_t end = assay_tlog_book_outcome(&before, row->run_id, i + 1);
        ret->intents++;
        ret->open += end == until ? 1 : 0;
        ret->receipts += end < until && book->rows[end].kind == ASSAY_ENTRY_RECEIPT ? 1 : 0;
        ret->records += end < until && book->rows[end].kind == ASSAY_ENTRY_RECORD ? 1 : 0;
    }
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
        } else if (is_outcome(row) && memcmp(row->run_id, ret->open_run_id, sizeof row->run_id) == 0) {
            ret->is_open = false;
        }
        if (row->kind == ASSAY_ENTRY_RECEIPT || row->kind == ASSAY_ENTRY_RECORD) {
            ret->has_document = true;
            ret->document_counter = ret->counter;
            ret->document = row->content;
        }
    }
}

/* ---- audit: rows sorted by run, and by key ---- */

struct sorter {
    const struct assay_tlog_row *row;
    uint64_t index;
};

static int by_run(const void *a, const void *b)
{
    const struct sorter *x = a, *y = b;
    int order = memcmp(x->row->run_id, y->row->run_id, sizeof x->row->run_id);
    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

static int by_key(const void *a, const void *b)
{
    const struct sorter *x = a, *y = b;
    int order = memcmp(x->row->signer.bytes, y->row->signer.bytes, sizeof x->row->signer.bytes);
    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

static void find(struct assay_tlog_audit *audit, uint64_t index, const char *what)
{
    if (audit->findings_count < ASSAY_LOG_FINDINGS_MAX) {
        audit->findings[audit->findings_count++] = (struct assay_tlog_finding){.index = index, .what = what};
    } else {
        audit->findings_left_out++;
    }
}

/* One run: an intent, then at most one outcome, by the same key. */
static void audit_run(struct assay_tlog_audit *audit, const struct sorter *rows, size_t count)
{
    const struct sorter *intent = NULL, *outcome = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct sorter *at = &rows[i];
        if (at->row->kind == ASSAY_ENTRY_INTENT) {
            if (intent || outcome) {
                find(audit, at->index, "a second intent of one run, or one after its outcome");
            }
            intent = intent ? intent : at;
            continue;
        }
        if (!intent) {
            find(audit, at->index, "an outcome without an intent before it");
        } else if (!assay_digest_equal(&intent->row->signer, &at->row->signer)) {
            find(audit, at->index, "an outcome by another key than the intent's");
        }
        if (outcome) {
            find(audit, at->index, "a second outcome of one run");
        }
        outcome = at;
    }
    audit->open += intent && !outcome ? 1 : 0;
}

struct chain {
    bool has_intent, has_document, is_closed; /* is_closed: the last intent ended in a document */
    uint64_t counter;
    struct assay_digest document;
};

/* One key: counters go up by one with every document, and `previous` names the one before. */
static void audit_chain_step(struct assay_tlog_audit *audit, struct chain *chain, const struct sorter *at)
{
    const struct assay_tlog_row *row = at->row;
    if (row->kind == ASSAY_ENTRY_RECEIPT || row->kind == ASSAY_ENTRY_RECORD) {
        chain->is_closed = chain->has_document = true;
        chain->document = row->content;
        return;
    }
    if (row->kind != ASSAY_ENTRY_INTENT) {
        return;
    }
    if (chain->has_intent && row->counter != chain->counter + (chain->is_closed ? 1 : 0)) {
        find(audit, at->index, "the key's counter has a gap, or goes back");
    }
    if (chain->has_document && !(row->has_previous && assay_digest_equal(&row->previous, &chain->document))) {
        find(audit, at->index, "`previous` is not the key's document before");
    }
    chain->has_intent = true;
    chain->is_closed = false;
    chain->counter = row->counter;
}

static bool is_of_run(const struct assay_tlog_row *row)
{
    return row->kind == ASSAY_ENTRY_INTENT || is_outcome(row);
}

static void audit_runs(struct assay_tlog_audit *audit, struct sorter *rows, size_t count)
{
    qsort(rows, count, sizeof rows[0], by_run);
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && memcmp(rows[from].row->run_id, rows[to].row->run_id, 16) == 0;) {
            to++;
        }
        audit_run(audit, rows + from, to - from);
    }
}

static void audit_keys(struct assay_tlog_audit *audit, struct sorter *rows, size_t count)
{
    struct chain chain = {0};
    qsort(rows, count, sizeof rows[0], by_key);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && !assay_digest_equal(&rows[i - 1].row->signer, &rows[i].row->signer)) {
            chain = (struct chain){0};
        }
        audit_chain_step(audit, &chain, &rows[i]);
    }
}

static int by_index(const void *a, const void *b)
{
    const struct assay_tlog_finding *x = a, *y = b;
    return (x->index > y->index) - (x->index < y->index);
}

assay_code assay_tlog_book_audit(const struct assay_tlog_book *book, struct assay_tlog_audit *ret, assay_err *err)
{
    *ret = (struct assay_tlog_audit){0};
    struct sorter *rows = assay_alloc(book->count + 1, sizeof *rows);
    size_t count = 0;
    if (!rows) {
        return assay_nomem(err);
    }
    for (size_t i = 0; i < book->count; i++) {
        const struct assay_tlog_row *row = &book->rows[i];
        ret->intents += row->kind == ASSAY_ENTRY_INTENT ? 1 : 0;
        ret->receipts += row->kind == ASSAY_ENTRY_RECEIPT ? 1 : 0;
        ret->records += row->kind == ASSAY_ENTRY_RECORD ? 1 : 0;
        ret->abandoned += row->kind == ASSAY_ENTRY_ABANDONED ? 1 : 0;
        if (is_of_run(row)) {
            rows[count++] = (struct sorter){.row = row, .index = i};
        }
    }
    audit_runs(ret, rows, count);
    audit_keys(ret, rows, count);
    assay_free(rows);
    qsort(ret->findings, ret->findings_count, sizeof ret->findings[0], by_index);
    return ASSAY_OK;
}
