/* What a whole log says of runs and keys: books of rows put together by hand, so that two rows that differ in one byte
 * are told apart (evidence.md 2.5). */
#include "record/log_entry.h"
#include "record/record.h"

#include "base/mem.h"
#include "crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_BYTES ((size_t)4 << 20)
#define ROWS_MAX 12
#define I ASSAY_ENTRY_INTENT
#define R ASSAY_ENTRY_RECEIPT
#define D ASSAY_ENTRY_RECORD
#define A ASSAY_ENTRY_ABANDONED
#define P ASSAY_ENTRY_POLICY
#define T ASSAY_ENTRY_TRUST

/* One row in short: digests and run ids differ in their last byte alone, and 0 is none. */
struct line {
    enum assay_entry_kind kind;
    unsigned char run, key, counter, content, previous, request;
};

struct log {
    struct assay_tlog_row rows[ROWS_MAX + 1]; /* and one behind the last, which nobody may look at */
    struct assay_tlog_book book;
};

static struct assay_digest digest_of(unsigned char last)
{
    struct assay_digest digest;
    memset(digest.bytes, 0x5a, sizeof digest.bytes);
    digest.bytes[sizeof digest.bytes - 1] = last;
    return digest;
}

static void fill_row(struct assay_tlog_row *row, const struct line *line)
{
    row->kind = line->kind;
    memset(row->run_id, 0xa5, sizeof row->run_id);
    row->run_id[15] = line->run;
    row->signer = digest_of(line->key);
    row->counter = line->counter;
    row->content = digest_of(line->content);
    row->previous = digest_of(line->previous);
    row->has_previous = line->previous != 0;
    row->request = digest_of(line->request);
}

static void fill(struct log *log, const struct line *lines, size_t count)
{
    static const struct line BEHIND = {R, 1, 1, 9, 77, 0, 7};
    *log = (struct log){.book = {.count = count}};
    log->book.rows = log->rows;
    assert_true(count <= ROWS_MAX);
    for (size_t i = 0; i < count; i++) {
        fill_row(&log->rows[i], &lines[i]);
    }
    fill_row(&log->rows[count], &BEHIND);
}

/* ---- outcomes and attempts ---- */

static void the_outcome_of_a_run_is_the_first_after_a_place(void **state)
{
    (void)state;
    static const struct line LINES[] = {{I, 1, 1, 1, 0, 0, 0}, {R, 2, 1, 0, 0, 0, 0}, {P, 1, 1, 0, 0, 0, 0},
                                        {D, 1, 1, 0, 0, 0, 0}, {A, 1, 1, 0, 0, 0, 0}, {R, 1, 1, 0, 0, 0, 0}};
    static const struct {
        unsigned char run;
        uint64_t from, due;
    } CASES[] = {{1, 0, 3}, {1, 3, 3}, {1, 4, 4}, {1, 5, 5}, {1, 6, 6}, {2, 0, 1}, {2, 1, 1}, {2, 2, 6}, {3, 0, 6}};
    struct log log;
    fill(&log, LINES, 6);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        uint8_t run_id[17]; /* and what stands behind it does not count */
        memset(run_id, 0xa5, sizeof run_id);
        run_id[15] = CASES[i].run;
        assert_int_equal(assay_tlog_book_outcome(&log.book, run_id, CASES[i].from), CASES[i].due);
    }
}

static void earlier_attempts_of_a_request_are_counted_by_how_they_ended(void **state)
{
    (void)state;
    static const struct line LINES[] = {{I, 1, 1, 1, 0, 0, 7}, {R, 1, 1, 0, 0, 0, 7}, {I, 2, 1, 1, 0, 0, 8},
                                        {I, 3, 1, 1, 0, 0, 7}, {D, 3, 1, 0, 0, 0, 0}, {I, 4, 1, 1, 0, 0, 7},
                                        {A, 4, 1, 0, 0, 0, 0}, {I, 5, 1, 1, 0, 0, 7}, {D, 2, 1, 0, 0, 0, 0},
                                        {R, 5, 1, 0, 0, 0, 0}};
    static const struct {
        unsigned char request;
        uint64_t until, intents, receipts, records, open;
    } CASES[] = {
        {7, 0, 0, 0, 0, 0},  {7, 1, 1, 0, 0, 1}, {7, 2, 1, 1, 0, 0}, {7, 3, 1, 1, 0, 0},  {7, 4, 2, 1, 0, 1},
        {7, 5, 2, 1, 1, 0},  {7, 6, 3, 1, 1, 1}, {7, 7, 3, 1, 1, 0}, {7, 8, 4, 1, 1, 1},  {7, 9, 4, 1, 1, 1},
        {7, 10, 4, 2, 1, 0}, {8, 2, 0, 0, 0, 0}, {8, 3, 1, 0, 0, 1}, {8, 10, 1, 0, 1, 0}, {9, 10, 0, 0, 0, 0},
    };
    struct log log;
    fill(&log, LINES, 10);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct assay_tlog_earlier found;
        const struct assay_digest request = digest_of(CASES[i].request);
        assert_int_equal(assay_tlog_book_earlier(&log.book, &request, CASES[i].until, &found, NULL), ASSAY_OK);
        assert_int_equal(found.intents, CASES[i].intents);
        assert_int_equal(found.receipts, CASES[i].receipts);
        assert_int_equal(found.records, CASES[i].records);
        assert_int_equal(found.open, CASES[i].open);
    }
}

static void a_key_stands_where_its_last_entries_leave_it(void **state)
{
    (void)state;
    static const struct line LINES[] = {{I, 1, 1, 4, 0, 0, 0},  {I, 9, 2, 9, 0, 0, 0},  {R, 1, 2, 0, 99, 0, 0},
                                        {R, 9, 1, 0, 98, 0, 0}, {R, 1, 1, 0, 21, 0, 0}, {I, 2, 1, 5, 0, 0, 0},
                                        {A, 2, 1, 0, 97, 0, 0}, {I, 3, 1, 5, 0, 0, 0},  {D, 3, 1, 0, 22, 0, 0}};
    static const struct {
        size_t count;
        bool is_known, is_open, has_document;
        uint64_t counter, document_counter;
        unsigned char document, open_run;
    } CASES[] = {
        {0, false, false, false, 0, 0, 0, 0}, {1, true, true, false, 4, 0, 0, 1},  {2, true, true, false, 4, 0, 0, 1},
        {3, true, true, false, 4, 0, 0, 1}, /* another key's entry closes nothing */
        {4, true, true, true, 4, 4, 98, 1}, /* nor another run's */
        {5, true, false, true, 4, 4, 21, 1},  {6, true, true, true, 5, 4, 21, 2},  {7, true, false, true, 5, 4, 21, 2},
        {8, true, true, true, 5, 4, 21, 3},   {9, true, false, true, 5, 5, 22, 3},
    };
    const struct assay_digest key = digest_of(1);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct log log;
        struct assay_tlog_standing found;
        fill(&log, LINES, CASES[i].count);
        assay_tlog_book_standing(&log.book, &key, &found);
        assert_int_equal(found.is_known, CASES[i].is_known);
        assert_int_equal(found.is_open, CASES[i].is_open);
        assert_int_equal(found.has_document, CASES[i].has_document);
        assert_int_equal(found.counter, CASES[i].counter);
        assert_int_equal(found.document_counter, CASES[i].document_counter);
        assert_int_equal(found.open_run_id[15], CASES[i].open_run);
        if (CASES[i].has_document) {
            assert_int_equal(found.document.bytes[31], CASES[i].document);
        }
    }
}

/* ---- audit ---- */

static const char SECOND_INTENT[] = "a second intent of one run, or one after its outcome",
                  NO_INTENT[] = "an outcome without an intent before it",
                  OTHER_KEY[] = "an outcome by another key than the intent's",
                  SECOND_OUTCOME[] = "a second outcome of one run", GAP[] = "the key's counter has a gap, or goes back",
                  PREVIOUS[] = "`previous` is not the key's document before";

static void an_audit_finds_what_does_not_follow(void **state)
{
    (void)state;
    static const struct {
        struct line lines[6];
        size_t count;
        struct {
            uint64_t index;
            const char *what;
        } found[3];
        uint64_t open;
    } CASES[] = {
        {{{I, 1, 1, 1, 0, 0, 0}}, 0, {{0, NULL}}, 0},
        {{{I, 1, 1, 1, 0, 0, 0}}, 1, {{0, NULL}}, 1},
        {{{I, 1, 1, 1, 0, 0, 0}, {R, 1, 1, 0, 5, 0, 0}}, 2, {{0, NULL}}, 0},
        {{{I, 1, 1, 1, 0, 0, 0}, {A, 1, 1, 0, 0, 0, 0}}, 2, {{0, NULL}}, 0},
        {{{P, 1, 1, 0, 0, 0, 0}, {T, 1, 1, 0, 0, 0, 0}}, 2, {{0, NULL}}, 0}, /* of no run */
        /* one run */
        {{{R, 1, 1, 0, 5, 0, 0}}, 1, {{0, NO_INTENT}}, 0},
        {{{R, 1, 1, 0, 5, 0, 0}, {R, 2, 2, 0, 5, 0, 0}}, 2, {{0, NO_INTENT}, {1, NO_INTENT}}, 0},
        {{{A, 2, 1, 0, 5, 0, 0}, {A, 1, 1, 0, 5, 0, 0}}, 2, {{0, NO_INTENT}, {1, NO_INTENT}}, 0}, /* by index */
        {{{I, 1, 1, 1, 0, 0, 0}, {R, 1, 2, 0, 5, 0, 0}}, 2, {{1, OTHER_KEY}}, 0},
        {{{I, 1, 1, 1, 0, 0, 0}, {R, 1, 1, 0, 5, 0, 0}, {D, 1, 1, 0, 6, 0, 0}}, 3, {{2, SECOND_OUTCOME}}, 0},
        {{{I, 1, 1, 1, 0, 0, 0}, {A, 1, 1, 0, 5, 0, 0}, {A, 1, 1, 0, 6, 0, 0}}, 3, {{2, SECOND_OUTCOME}}, 0},
        {{{I, 1, 1, 1, 0, 0, 0}, {I, 1, 1, 1, 0, 0, 0}}, 2, {{1, SECOND_INTENT}}, 1},
        {{{A, 1, 1, 0, 5, 0, 0}, {I, 1, 1, 1, 0, 0, 0}}, 2, {{0, NO_INTENT}, {1, SECOND_INTENT}}, 0},
        {{{I, 1, 1, 1, 0, 0, 0}, {I, 2, 2, 1, 0, 0, 0}, {R, 2, 2, 0, 5, 0, 0}}, 3, {{0, NULL}}, 1},
        /* one key */
        {{{I, 1, 1, 1, 0, 0, 0}, {R, 1, 1, 0, 5, 0, 0}, {I, 2, 1, 2, 0, 5, 0}}, 3, {{0, NULL}}, 1},
        {{{I, 1, 1, 1, 0, 0, 0}, {D, 1, 1, 0, 5, 0, 0}, {I, 2, 1, 2, 0, 5, 0}}, 3, {{0, NULL}}, 1},
        {{{I, 1, 1, 1, 0, 0, 0}, {R, 1, 1, 0, 5, 0, 0}, {I, 2, 1, 1, 0, 5, 0}}, 3, {{2, GAP}}, 1},
        {{{I, 1, 1, 1, 0, 0, 0}, {R, 1, 1, 0, 5, 0, 0}, {I, 2, 1, 3, 0, 5, 0}}, 3, {{2, GAP}}, 1},
        {{{I, 1, 1, 1, 0, 0, 0}, {R, 1, 1, 0, 5, 0, 0}, {I, 2, 1, 2, 0, 6, 0}}, 3, {{2, PREVIOUS}}, 1},
        {{{I, 1, 1, 1, 0, 0, 0}, {R, 1, 1, 0, 5, 0, 0}, {I, 2, 1, 2, 0, 0, 0}}, 3, {{2, PREVIOUS}}, 1},
        /* a run that was given up takes no number */
        {{{I, 1, 1, 7, 0, 0, 0}, {A, 1, 1, 0, 0, 0, 0}, {I, 2, 1, 7, 0, 0, 0}}, 3, {{0, NULL}}, 1},
        {{{I, 1, 1, 7, 0, 0, 0}, {A, 1, 1, 0, 0, 0, 0}, {I, 2, 1, 8, 0, 0, 0}}, 3, {{2, GAP}}, 1},
        {{{I, 1, 1, 1, 0, 0, 0},
          {R, 1, 1, 0, 5, 0, 0},
          {I, 2, 1, 2, 0, 5, 0},
          {A, 2, 1, 0, 0, 0, 0},
          {I, 3, 1, 2, 0, 5, 0}},
         5,
         {{0, NULL}},
         1},
        {{{I, 1, 1, 1, 0, 0, 0},
          {R, 1, 1, 0, 5, 0, 0},
          {I, 2, 1, 2, 0, 5, 0},
          {A, 2, 1, 0, 0, 0, 0},
          {I, 3, 1, 3, 0, 5, 0}},
         5,
         {{4, GAP}},
         1},
        /* another key has a chain of its own */
        {{{I, 1, 1, 1, 0, 0, 0},
          {R, 1, 1, 0, 5, 0, 0},
          {I, 2, 2, 9, 0, 0, 0},
          {R, 2, 2, 0, 6, 0, 0},
          {I, 3, 1, 2, 0, 5, 0},
          {I, 4, 2, 10, 0, 6, 0}},
         6,
         {{0, NULL}},
         2},
        {{{I, 1, 2, 1, 0, 0, 0},
          {R, 1, 2, 0, 5, 0, 0},
          {I, 2, 1, 9, 0, 0, 0},
          {R, 2, 1, 0, 6, 0, 0},
          {I, 3, 2, 3, 0, 6, 0},
          {I, 4, 1, 9, 0, 6, 0}},
         6,
         {{4, GAP}, {4, PREVIOUS}, {5, GAP}},
         2},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct log log;
        struct assay_tlog_audit *audit = assay_alloc(1, sizeof *audit);
        assert_non_null(audit);
        fill(&log, CASES[i].lines, CASES[i].count);
        assert_int_equal(assay_tlog_book_audit(&log.book, NULL, audit, NULL), ASSAY_OK);
        size_t due = 0;
        while (due < 3 && CASES[i].found[due].what) {
            due++;
        }
        if (audit->findings_count != due || audit->open != CASES[i].open) {
            fail_msg("case %zu: %zu findings, %llu open", i, audit->findings_count, (unsigned long long)audit->open);
        }
        for (size_t k = 0; k < due; k++) {
            assert_int_equal(audit->findings[k].index, CASES[i].found[k].index);
            bool is_either = k > 0 && audit->findings[k - 1].index == audit->findings[k].index;
            is_either = is_either || (k + 1 < due && audit->findings[k + 1].index == audit->findings[k].index);
            if (!is_either) { /* two of one entry have no order */
                assert_string_equal(audit->findings[k].what, CASES[i].found[k].what);
            }
        }
        assay_free(audit);
    }
}

static void an_audit_counts_each_kind(void **state)
{
    (void)state;
    static const struct line LINES[] = {{I, 1, 1, 1, 0, 0, 0}, {R, 1, 1, 0, 5, 0, 0}, {I, 2, 1, 2, 0, 5, 0},
                                        {D, 2, 1, 0, 6, 0, 0}, {I, 3, 1, 3, 0, 6, 0}, {A, 3, 1, 0, 0, 0, 0},
                                        {I, 4, 1, 3, 0, 6, 0}, {D, 4, 1, 0, 7, 0, 0}, {P, 0, 1, 0, 0, 0, 0}};
    struct log log;
    struct assay_tlog_audit *audit = assay_alloc(1, sizeof *audit);
    assert_non_null(audit);
    fill(&log, LINES, 9);
    assert_int_equal(assay_tlog_book_audit(&log.book, NULL, audit, NULL), ASSAY_OK);
    assert_int_equal(audit->intents, 4);
    assert_int_equal(audit->receipts, 1);
    assert_int_equal(audit->records, 2);
    assert_int_equal(audit->abandoned, 1);
    assert_int_equal(audit->open, 0);
    assert_int_equal(audit->findings_count, 0);
    assay_mem_fail_at(1);
    assert_int_equal(assay_tlog_book_audit(&log.book, NULL, audit, NULL), ASSAY_NO_MEMORY);
    assay_mem_fail_at(0);
    assay_free(audit);
}

static void findings_beyond_the_limit_are_counted(void **state)
{
    (void)state;
    for (size_t over = 0; over <= 2; over++) {
        size_t count = ASSAY_LOG_FINDINGS_MAX + over;
        struct assay_tlog_audit *audit = assay_alloc(1, sizeof *audit);
        struct assay_tlog_row *rows = assay_alloc(count, sizeof *rows);
        assert_true(audit && rows);
        for (size_t i = 0; i < count; i++) { /* outcomes of so many runs, none announced */
            rows[i].kind = A;
            rows[i].run_id[0] = (uint8_t)(i >> 8);
            rows[i].run_id[1] = (uint8_t)i;
        }
        const struct assay_tlog_book book = {.rows = rows, .count = count};
        assert_int_equal(assay_tlog_book_audit(&book, NULL, audit, NULL), ASSAY_OK);
        assert_int_equal(audit->findings_count, ASSAY_LOG_FINDINGS_MAX);
        assert_int_equal(audit->findings_left_out, over);
        assay_free(audit);
        assay_free(rows);
    }
}

/* ---- reading ---- */

static void make_entry(unsigned char n, struct assay_buf *ret)
{
    const unsigned char seed[ASSAY_SEED_BYTES] = {1};
    const uint8_t run_id[16] = {n};
    const struct assay_digest payload = digest_of(n);
    struct assay_secret_key key;
    assay_secret_key_init(&key, seed);
    assay_buf_init(ret, FILE_BYTES);
    assert_int_equal(assay_outcome_write(ASSAY_ENTRY_RECEIPT, run_id, &payload, &key, ret, NULL), ASSAY_OK);
    assay_secret_key_done(&key);
}

static void a_log_read_at_once_and_entry_by_entry_is_the_same(void **state)
{
    (void)state;
    enum { COUNT = 513 }; /* room grows twice */
    struct assay_buf entry[2], all;
    struct assay_tlog_book whole, grown = {0};
    struct assay_digest a, b, earlier;
    make_entry(1, &entry[0]);
    make_entry(2, &entry[1]);
    assay_buf_init(&all, FILE_BYTES);
    assay_merkle_init(&grown.tree);
    for (size_t i = 0; i < COUNT; i++) {
        const struct assay_buf *one = &entry[i % 3 == 0];
        assert_int_equal(assay_entry_append(one->data, one->len, &all, NULL), ASSAY_OK);
        assert_int_equal(assay_tlog_book_add(&grown, (struct assay_slice){one->data, one->len}, NULL), ASSAY_OK);
        assert_int_equal(grown.count, i + 1);
    }
    assert_int_equal(grown.capacity, 1024);
    assert_int_equal(assay_tlog_book_read(all.data, all.len, &whole, NULL), ASSAY_OK);
    assert_int_equal(whole.count, COUNT);
    assay_merkle_root(&whole.tree, &a);
    assay_merkle_root(&grown.tree, &b);
    assert_memory_equal(a.bytes, b.bytes, sizeof a.bytes);
    for (size_t i = 0; i < COUNT; i++) {
        assay_merkle_leaf_hash(entry[i % 3 == 0].data, entry[i % 3 == 0].len, &earlier);
        assert_memory_equal(whole.rows[i].leaf.bytes, earlier.bytes, sizeof earlier.bytes);
        assert_int_equal(whole.rows[i].run_id[0], i % 3 == 0 ? 2 : 1);
        assert_int_equal(grown.rows[i].run_id[0], i % 3 == 0 ? 2 : 1);
        assert_int_equal(whole.rows[i].content.bytes[31], i % 3 == 0 ? 2 : 1);
    }
    assay_tlog_book_root(&whole, COUNT, &b);
    assert_memory_equal(a.bytes, b.bytes, sizeof a.bytes);
    assay_tlog_book_root(&whole, COUNT - 1, &earlier);
    assert_memory_not_equal(a.bytes, earlier.bytes, sizeof a.bytes);
    assay_tlog_book_done(&whole);
    assay_tlog_book_done(&grown);
    assay_buf_done(&entry[0]);
    assay_buf_done(&entry[1]);
    assay_buf_done(&all);
}

static void room_is_taken_when_it_is_short_and_not_before(void **state)
{
    (void)state;
    struct assay_tlog_book book;
    struct assay_buf entry;
    make_entry(1, &entry);
    const struct assay_slice one = {entry.data, entry.len};
    assay_tlog_book_begin(&book);
    for (size_t i = 0; i < 256; i++) {
        assert_int_equal(assay_tlog_book_add(&book, one, NULL), ASSAY_OK);
    }
    assert_int_equal(book.capacity, 256);
    assay_mem_fail_at(1);
    assert_int_equal(assay_tlog_book_add(&book, one, NULL), ASSAY_NO_MEMORY);
    assay_mem_fail_at(0);
    assert_int_equal(book.count, 256);
    assert_int_equal(book.tiles_count, 0);
    assert_int_equal(assay_tlog_book_extend(&book, 256, NULL), ASSAY_OK);
    assert_int_equal(book.tiles_count, 1);
    assay_mem_fail_at(1); /* as many as there is room for take none */
    assert_int_equal(assay_tlog_book_extend(&book, 256, NULL), ASSAY_OK);
    assert_int_equal(assay_tlog_book_extend(&book, 257, NULL), ASSAY_NO_MEMORY);
    for (unsigned long n = 1; n <= 2; n++) { /* rows, then tiles */
        assay_mem_fail_at(n);
        assert_int_equal(assay_tlog_book_extend(&book, 800, NULL), ASSAY_NO_MEMORY);
        assay_mem_fail_at(0);
        assert_int_equal(book.count, 256);
        assert_int_equal(book.tiles_count, 1);
    }
    assert_int_equal(assay_tlog_book_extend(&book, 800, NULL), ASSAY_OK);
    assert_int_equal(book.count, 800);
    assert_int_equal(book.tiles_count, 3);
    assay_tlog_book_done(&book);
    assert_true(!book.rows && !book.tiles && book.count == 0 && book.capacity == 0);
    assay_buf_done(&entry);
}

static void bytes_behind_the_last_entry_are_an_entry_cut_short(void **state)
{
    (void)state;
    struct assay_buf entry, all;
    make_entry(1, &entry);
    assay_buf_init(&all, FILE_BYTES);
    assert_int_equal(assay_entry_append(entry.data, entry.len, &all, NULL), ASSAY_OK);
    assert_int_equal(assay_entry_append(entry.data, entry.len, &all, NULL), ASSAY_OK);
    size_t whole = all.len / 2;
    for (size_t more = 0; more <= whole; more++) {
        struct assay_tlog_book book = {0};
        assay_err err = {0};
        assay_code rc = assay_tlog_book_read(all.data, whole + more, &book, &err);
        bool is_due = more == 0 || more == whole;
        if ((rc == ASSAY_OK) != is_due ||
            (!is_due && !strstr(err.message, "entry 1 of the log: the bytes end inside it"))) {
            fail_msg("%zu bytes more: %s", more, err.message);
        }
        assert_int_equal(book.count, is_due ? more / whole + 1 : 0);
        assay_tlog_book_done(&book);
    }
    assay_buf_done(&entry);
    assay_buf_done(&all);
}

static void an_entry_that_is_none_is_named_and_nothing_is_kept(void **state)
{
    (void)state;
    struct assay_buf entry, all;
    struct assay_tlog_book book = {0};
    assay_err err = {0};
    make_entry(1, &entry);
    assay_buf_init(&all, FILE_BYTES);
    assert_int_equal(assay_tlog_book_read("", 0, &book, NULL), ASSAY_OK);
    assert_int_equal(book.count, 0);
    assay_tlog_book_done(&book);
    assert_int_equal(assay_entry_append(entry.data, entry.len, &all, NULL), ASSAY_OK);
    assert_int_equal(assay_tlog_book_read(all.data, all.len - 1, &book, &err), ASSAY_MALFORMED);
    assert_non_null(strstr(err.message, "entry 0 of the log"));
    assert_non_null(strstr(err.message, "the bytes end inside it"));
    assert_int_equal(assay_entry_append("{}", 2, &all, NULL), ASSAY_OK);
    assert_int_equal(assay_tlog_book_read(all.data, all.len, &book, &err), ASSAY_MALFORMED);
    assert_non_null(strstr(err.message, "entry 1 of the log"));
    assert_null(book.rows);
    assert_int_equal(assay_tlog_book_add(&book, ASSAY_SLICE("{}"), &err), ASSAY_MALFORMED);
    assert_int_equal(book.count, 0);
    assay_tlog_book_done(&book);
    assay_tlog_book_begin(&book);
    assert_int_equal(assay_tlog_book_extend(&book, ASSAY_LOG_ENTRIES_MAX + 1, &err), ASSAY_TOO_LARGE);
    assert_int_equal(book.count, 0);
    assay_buf_clear(&all);
    assert_int_equal(assay_entry_append(entry.data, entry.len, &all, NULL), ASSAY_OK);
    assay_mem_fail_at(1);
    assert_int_equal(assay_tlog_book_read(all.data, all.len, &book, NULL), ASSAY_NO_MEMORY);
    assay_mem_fail_at(1);
    assert_int_equal(assay_tlog_book_add(&book, (struct assay_slice){entry.data, entry.len}, NULL), ASSAY_NO_MEMORY);
    assay_mem_fail_at(0);
    assert_int_equal(book.count, 0);
    assay_buf_done(&entry);
    assay_buf_done(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_outcome_of_a_run_is_the_first_after_a_place),
        cmocka_unit_test(earlier_attempts_of_a_request_are_counted_by_how_they_ended),
        cmocka_unit_test(a_key_stands_where_its_last_entries_leave_it),
        cmocka_unit_test(an_audit_finds_what_does_not_follow),
        cmocka_unit_test(an_audit_counts_each_kind),
        cmocka_unit_test(findings_beyond_the_limit_are_counted),
        cmocka_unit_test(a_log_read_at_once_and_entry_by_entry_is_the_same),
        cmocka_unit_test(room_is_taken_when_it_is_short_and_not_before),
        cmocka_unit_test(bytes_behind_the_last_entry_are_an_entry_cut_short),
        cmocka_unit_test(an_entry_that_is_none_is_named_and_nothing_is_kept),
    };
    assay_json_init();
    if (assay_crypto_init(NULL) != ASSAY_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
