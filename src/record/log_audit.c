#include "record/log_index.h"

#include "base/mem.h"

#include <string.h>

/* One pass over the entries in their order: where each run stands, and each key. */

struct run {
    uint32_t intent; /* entry and 1; 0: none yet */
    bool has_outcome;
};

struct chain {
    uint32_t intent, document; /* the last ones, entry and 1 */
    bool is_closed;            /* the last intent ended in a document */
};

#define AHEAD 16 /* rows whose places in the index are asked for before they are needed: memory answers in 100 ns */

struct auditor {
    const struct assay_tlog_book *book;
    const struct assay_tlog_focus *focus;
    struct assay_tlog_audit *audit;
    struct log_index run_ids, keyids;
    struct run *runs;
    struct chain *chains;
    const struct assay_tlog_row *last; /* whose key was looked up last, and its number; NULL: none */
    size_t key;
    uint64_t ahead[AHEAD]; /* of row i at i % AHEAD */
};

static bool is_in_focus(const struct assay_tlog_focus *focus, const struct assay_tlog_row *row)
{
    return !focus || assay_digest_equal(&row->signer, &focus->signer) ||
           memcmp(row->run_id, focus->run_id, sizeof row->run_id) == 0;
}

static void find(struct auditor *it, uint64_t index, const char *what)
{
    struct assay_tlog_audit *audit = it->audit;
    if (!is_in_focus(it->focus, &it->book->rows[index])) {
        return;
    }
    if (audit->findings_count < ASSAY_LOG_FINDINGS_MAX) {
        audit->findings[audit->findings_count++] = (struct assay_tlog_finding){.index = index, .what = what};
    } else {
        audit->findings_left_out++;
    }
}

/* One run: an intent, then at most one outcome, by the same key. */
static void audit_run_step(struct auditor *it, struct run *run, size_t index)
{
    const struct assay_tlog_row *rows = it->book->rows, *row = &rows[index];
    if (row->kind == ASSAY_ENTRY_INTENT) {
        if (run->intent || run->has_outcome) {
            find(it, index, "a second intent of one run, or one after its outcome");
        }
        run->intent = run->intent ? run->intent : (uint32_t)index + 1;
        return;
    }
    if (!run->intent) {
        find(it, index, "an outcome without an intent before it");
    } else if (!assay_digest_equal(&rows[run->intent - 1].signer, &row->signer)) {
        find(it, index, "an outcome by another key than the intent's");
    }
    if (run->has_outcome) {
        find(it, index, "a second outcome of one run");
    }
    run->has_outcome = true;
}

/* One key: counters go up by one with every document, and `previous` names the one before. */
static void audit_chain_step(struct auditor *it, struct chain *chain, size_t index)
{
    const struct assay_tlog_row *rows = it->book->rows, *row = &rows[index];
    if (row->kind != ASSAY_ENTRY_INTENT) {
        chain->is_closed = true;
        chain->document = (uint32_t)index + 1;
        return;
    }
    if (chain->intent && row->counter != rows[chain->intent - 1].counter + (chain->is_closed ? 1 : 0)) {
        find(it, index, "the key's counter has a gap, or goes back");
    }
    if (chain->document &&
        !(row->has_previous && assay_digest_equal(&row->previous, &rows[chain->document - 1].content))) {
        find(it, index, "`previous` is not the key's document before");
    }
    chain->intent = (uint32_t)index + 1;
    chain->is_closed = false;
}

static void look_ahead(struct auditor *it, size_t index)
{
    if (index < it->book->count) {
        it->ahead[index % AHEAD] = log_index_ahead(&it->run_ids, it->book->rows[index].run_id);
    }
}

static void audit_row(struct auditor *it, size_t index)
{
    const struct assay_tlog_row *row = &it->book->rows[index];
    if (row->kind == ASSAY_ENTRY_INTENT || tlog_row_is_outcome(row)) {
        audit_run_step(it, &it->runs[log_index_number_at(&it->run_ids, row->run_id, it->ahead[index % AHEAD])], index);
        if (row->kind != ASSAY_ENTRY_ABANDONED) {
            if (!it->last || !assay_digest_equal(&it->last->signer, &row->signer)) { /* most follow one of their key */
                it->key = log_index_number(&it->keyids, row->signer.bytes);
                it->last = row;
            }
            audit_chain_step(it, &it->chains[it->key], index);
        }
    }
}

static void count_row(const struct assay_tlog_row *row, struct assay_tlog_audit *ret)
{
    ret->intents += row->kind == ASSAY_ENTRY_INTENT ? 1 : 0;
    ret->receipts += row->kind == ASSAY_ENTRY_RECEIPT ? 1 : 0;
    ret->records += row->kind == ASSAY_ENTRY_RECORD ? 1 : 0;
    ret->abandoned += row->kind == ASSAY_ENTRY_ABANDONED ? 1 : 0;
}

assay_code assay_tlog_book_audit(const struct assay_tlog_book *book, const struct assay_tlog_focus *focus,
                                 struct assay_tlog_audit *ret, assay_err *err)
{
    struct auditor it = {.book = book, .focus = focus, .audit = ret};
    *ret = (struct assay_tlog_audit){0};
    it.runs = assay_alloc(book->count, sizeof *it.runs);
    it.chains = assay_alloc(book->count, sizeof *it.chains);
    assay_code rc = it.runs && it.chains ? ASSAY_OK : assay_nomem(err);
    rc = rc == ASSAY_OK ? log_index_init(&it.run_ids, book, sizeof book->rows->run_id, err) : rc;
    rc = rc == ASSAY_OK ? log_index_init(&it.keyids, book, sizeof book->rows->signer.bytes, err) : rc;
    for (size_t i = 0; i < AHEAD && rc == ASSAY_OK; i++) {
        look_ahead(&it, i);
    }
    for (size_t i = 0; i < book->count && rc == ASSAY_OK; i++) {
        count_row(&book->rows[i], ret);
        audit_row(&it, i);
        look_ahead(&it, i + AHEAD);
    }
    for (size_t i = 0; i < it.run_ids.count; i++) {
        ret->open += it.runs[i].intent && !it.runs[i].has_outcome ? 1 : 0;
    }
    log_index_done(&it.run_ids);
    log_index_done(&it.keyids);
    assay_free(it.runs);
    assay_free(it.chains);
    return rc;
}
