/* Books of a log against definitions by search, on logs of chance. */
#include "base/mem.h"
#include "base/rng.h"
#include "record/log_index.h"
#include "record/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS_MAX 60
#define BOOKS 400
#define RUNS 9
#define KEYS 3

struct found {
    uint64_t index;
    const char *what;
};

struct by_search {
    struct found findings[4 * ROWS_MAX];
    size_t count, open;
};

static void note(struct by_search *by, uint64_t index, const char *what)
{
    by->findings[by->count++] = (struct found){index, what};
}

static bool is_outcome(const struct assay_tlog_row *row)
{
    return row->kind == ASSAY_ENTRY_RECEIPT || row->kind == ASSAY_ENTRY_RECORD || row->kind == ASSAY_ENTRY_ABANDONED;
}

static bool is_document(const struct assay_tlog_row *row)
{
    return row->kind == ASSAY_ENTRY_RECEIPT || row->kind == ASSAY_ENTRY_RECORD;
}

static bool is_same_run(const struct assay_tlog_row *a, const struct assay_tlog_row *b)
{
    return memcmp(a->run_id, b->run_id, sizeof a->run_id) == 0;
}

/* The first entry before `at` of its run that is (not) an intent, or ROWS_MAX. */
static size_t first_before(const struct assay_tlog_row *rows, size_t at, bool is_intent)
{
    for (size_t i = 0; i < at; i++) {
        if (is_same_run(&rows[i], &rows[at]) &&
            (is_intent ? rows[i].kind == ASSAY_ENTRY_INTENT : is_outcome(&rows[i]))) {
            return i;
        }
    }
    return ROWS_MAX;
}

static void search_run(const struct assay_tlog_row *rows, size_t at, struct by_search *ret)
{
    size_t intent = first_before(rows, at, true), outcome = first_before(rows, at, false);
    if (rows[at].kind == ASSAY_ENTRY_INTENT) {
        if (intent < ROWS_MAX || outcome < ROWS_MAX) {
            note(ret, at, "a second intent of one run, or one after its outcome");
        }
        return;
    }
    if (intent == ROWS_MAX) {
        note(ret, at, "an outcome without an intent before it");
    } else if (!assay_digest_equal(&rows[intent].signer, &rows[at].signer)) {
        note(ret, at, "an outcome by another key than the intent's");
    }
    if (outcome < ROWS_MAX) {
        note(ret, at, "a second outcome of one run");
    }
}

static void search_key(const struct assay_tlog_row *rows, size_t at, struct by_search *ret)
{
    const struct assay_tlog_row *intent = NULL, *document = NULL;
    bool is_closed = false;
    if (rows[at].kind != ASSAY_ENTRY_INTENT) {
        return;
    }
    for (size_t i = 0; i < at; i++) {
        if (!assay_digest_equal(&rows[i].signer, &rows[at].signer)) {
            continue;
        }
        intent = rows[i].kind == ASSAY_ENTRY_INTENT ? &rows[i] : intent;
        document = is_document(&rows[i]) ? &rows[i] : document;
        is_closed = rows[i].kind == ASSAY_ENTRY_INTENT ? false : is_closed || is_document(&rows[i]);
    }
    if (intent && rows[at].counter != intent->counter + (is_closed ? 1 : 0)) {
        note(ret, at, "the key's counter has a gap, or goes back");
    }
    if (document && !(rows[at].has_previous && assay_digest_equal(&rows[at].previous, &document->content))) {
        note(ret, at, "`previous` is not the key's document before");
    }
}

static void search(const struct assay_tlog_row *rows, size_t count, struct by_search *ret)
{
    *ret = (struct by_search){0};
    for (size_t i = 0; i < count; i++) {
        bool has_intent = false, has_outcome = false;
        if (rows[i].kind != ASSAY_ENTRY_INTENT && !is_outcome(&rows[i])) {
            continue;
        }
        search_run(rows, i, ret);
        search_key(rows, i, ret);
        for (size_t j = 0; j < count; j++) {
            has_intent = has_intent || (rows[j].kind == ASSAY_ENTRY_INTENT && is_same_run(&rows[i], &rows[j]));
            has_outcome = has_outcome || (is_outcome(&rows[j]) && is_same_run(&rows[i], &rows[j]));
        }
        bool is_first = first_before(rows, i, true) == ROWS_MAX && rows[i].kind == ASSAY_ENTRY_INTENT;
        ret->open += is_first && has_intent && !has_outcome ? 1 : 0;
    }
}

static void search_earlier(const struct assay_tlog_book *book, const struct assay_digest *request, uint64_t until,
                           struct assay_tlog_earlier *ret)
{
    *ret = (struct assay_tlog_earlier){0};
    for (uint64_t i = 0; i < until; i++) {
        const struct assay_tlog_row *row = &book->rows[i], *end = NULL;
        if (row->kind != ASSAY_ENTRY_INTENT || !assay_digest_equal(&row->request, request)) {
            continue;
        }
        for (uint64_t j = i + 1; j < until && !end; j++) {
            end = is_outcome(&book->rows[j]) && is_same_run(row, &book->rows[j]) ? &book->rows[j] : NULL;
        }
        ret->intents++;
        ret->open += !end ? 1 : 0;
        ret->receipts += end && end->kind == ASSAY_ENTRY_RECEIPT ? 1 : 0;
        ret->records += end && end->kind == ASSAY_ENTRY_RECORD ? 1 : 0;
    }
}

/* Few runs, keys, counters and documents, so that everything happens that can; root: of the tree, the seed. */
static void make_book(struct assay_rng *rng, struct assay_tlog_row *rows, struct assay_tlog_book *ret)
{
    *ret = (struct assay_tlog_book){.rows = rows, .count = assay_rng_below(rng, ROWS_MAX + 1)};
    assay_merkle_init(&ret->tree);
    assay_merkle_add(&ret->tree, &ret->count, sizeof ret->count);
    for (size_t i = 0; i < ret->count; i++) {
        rows[i] = (struct assay_tlog_row){.kind = (enum assay_entry_kind)assay_rng_below(rng, ASSAY_ENTRY_KIND_COUNT),
                                          .run_id = {(uint8_t)assay_rng_below(rng, RUNS)},
                                          .signer = {{(unsigned char)assay_rng_below(rng, KEYS)}},
                                          .request = {{(unsigned char)assay_rng_below(rng, 2)}},
                                          .content = {{(unsigned char)assay_rng_below(rng, 3)}},
                                          .previous = {{(unsigned char)assay_rng_below(rng, 3)}},
                                          .counter = assay_rng_below(rng, 3),
                                          .has_previous = assay_rng_below(rng, 4) > 0};
    }
}

static void assert_same_findings(const struct assay_tlog_audit *audit, const struct by_search *by,
                                 const struct assay_tlog_row *rows, const struct assay_tlog_focus *focus)
{
    size_t at = 0;
    for (size_t i = 0; i < by->count; i++) {
        const struct assay_tlog_row *row = &rows[by->findings[i].index];
        if (focus && !assay_digest_equal(&row->signer, &focus->signer) &&
            memcmp(row->run_id, focus->run_id, sizeof row->run_id) != 0) {
            continue;
        }
        assert_true(at < audit->findings_count);
        assert_int_equal(audit->findings[at].index, by->findings[i].index);
        assert_string_equal(audit->findings[at].what, by->findings[i].what);
        at++;
    }
    assert_int_equal(audit->findings_count, at);
    assert_int_equal(audit->open, by->open);
}

static void an_audit_finds_what_a_search_by_definition_finds(void **state)
{
    (void)state;
    static struct assay_tlog_audit audit;
    static struct assay_tlog_row rows[ROWS_MAX];
    struct assay_rng rng;
    size_t seen = 0;
    assay_rng_seed_plain(&rng, 4711);
    for (size_t i = 0; i < BOOKS; i++) {
        struct assay_tlog_book book;
        struct by_search by;
        const struct assay_tlog_focus focus = {.signer = {{1}}, .run_id = {(uint8_t)(i % RUNS)}};
        make_book(&rng, rows, &book);
        search(rows, book.count, &by);
        assert_int_equal(assay_tlog_book_audit(&book, NULL, &audit, NULL), ASSAY_OK);
        assert_same_findings(&audit, &by, rows, NULL);
        assert_int_equal(assay_tlog_book_audit(&book, &focus, &audit, NULL), ASSAY_OK);
        assert_same_findings(&audit, &by, rows, &focus);
        seen += by.count;
    }
    assert_true(seen > BOOKS);
}

static void earlier_runs_are_those_that_a_search_by_definition_counts(void **state)
{
    (void)state;
    static struct assay_tlog_row rows[ROWS_MAX];
    const struct assay_digest request = {{1}};
    struct assay_rng rng;
    uint64_t intents = 0, receipts = 0, records = 0, open = 0;
    assay_rng_seed_plain(&rng, 815);
    for (size_t i = 0; i < BOOKS; i++) {
        struct assay_tlog_book book;
        struct assay_tlog_earlier due, earlier;
        make_book(&rng, rows, &book);
        uint64_t until = assay_rng_below(&rng, book.count + 1);
        search_earlier(&book, &request, until, &due);
        assert_int_equal(assay_tlog_book_earlier(&book, &request, until, &earlier, NULL), ASSAY_OK);
        assert_memory_equal(&earlier, &due, sizeof due);
        intents += due.intents;
        receipts += due.receipts;
        records += due.records;
        open += due.open;
    }
    assert_true(intents > BOOKS && receipts > 0 && records > 0 && open > 0);
}

/* Open addressing by SipHash seeded with the root, each place after the next, at most half full; then on any log. */
static void keys_are_numbered_as_they_come_and_stand_where_their_hash_says(void **state)
{
    (void)state;
    enum { KEYS_COUNT = 300 };
    for (size_t count = 0; count <= KEYS_COUNT; count += count < 10 ? 1 : 29) {
        static unsigned char keys[KEYS_COUNT][16];
        static uint32_t slots[4 * KEYS_COUNT];
        struct assay_tlog_book book = {.count = count};
        struct log_index index = {0};
        struct assay_digest root;
        struct assay_rng rng;
        size_t size = 2;
        while (size < 2 * count) {
            size += size;
        }
        memset(slots, 0, sizeof slots);
        assay_merkle_init(&book.tree);
        assay_merkle_add(&book.tree, "x", 1);
        assay_merkle_root(&book.tree, &root);
        assay_rng_seed(&rng, count, "test.index");
        assert_int_equal(log_index_init(&index, &book, sizeof keys[0], NULL), ASSAY_OK);
        assert_int_equal(index.mask, size - 1);
        assert_memory_equal(index.seed, root.bytes, sizeof index.seed);
        for (size_t i = 0; i < count; i++) {
            uint64_t parts[2] = {assay_rng_u64(&rng), i};
            memcpy(keys[i], parts, sizeof keys[i]);
            uint64_t hash = assay_siphash(index.seed, keys[i], sizeof keys[i]);
            size_t at = hash % size;
            while (slots[at] != 0) {
                at = (at + 1) % size;
            }
            slots[at] = (uint32_t)i + 1;
            assert_int_equal(log_index_ahead(&index, keys[i]), hash);
            assert_int_equal(i % 2 ? log_index_number(&index, keys[i]) : log_index_number_at(&index, keys[i], hash), i);
            assert_int_equal(index.count, i + 1);
        }
        assert_memory_equal(index.slots, slots, size * sizeof slots[0]);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(log_index_number(&index, keys[i]), i);
        }
        assert_int_equal(index.count, count);
        log_index_done(&index);
        assert_true(!index.slots && !index.keys && index.count == 0 && index.mask == 0);
        for (unsigned long n = 1; n <= 2; n++) {
            assay_mem_fail_at(n);
            assert_int_equal(log_index_init(&index, &book, sizeof keys[0], NULL), ASSAY_NO_MEMORY);
            assay_mem_fail_at(0);
            log_index_done(&index);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_audit_finds_what_a_search_by_definition_finds),
        cmocka_unit_test(earlier_runs_are_those_that_a_search_by_definition_counts),
        cmocka_unit_test(keys_are_numbered_as_they_come_and_stand_where_their_hash_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
