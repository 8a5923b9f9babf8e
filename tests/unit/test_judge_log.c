/* Heads of a log, who signed them and when (evidence.md 2.4, 2.5, 3.3): notes and entries put together by hand, so that
 * each table says what one change of them means. */
#include "judge/verify_log.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ORIGIN "example.org/log"
#define OTHER_ORIGIN "example.org/other"
#define FILE_BYTES ((size_t)1 << 20)
#define WITNESSES 3
#define LOG_KEY 50
#define WITNESS_KEY 60 /* and the two after it */
#define ENTRIES 6

struct bench {
    struct judge judge;
    struct assay_judgement out;
    struct assay_judge_input input;
    struct assay_trust trust;
    struct assay_trust_log log;
    struct log_work work;
    struct assay_tlog_book book;
    struct assay_buf entries[ENTRIES], note, cosigned;
};

static void key_of(unsigned n, struct assay_secret_key *ret)
{
    unsigned char seed[ASSAY_SEED_BYTES] = {(unsigned char)n};
    assay_secret_key_init(ret, seed);
}

static void note_key(unsigned n, const char *name, enum assay_note_kind kind, struct assay_note_key *ret)
{
    struct assay_secret_key secret;
    struct assay_public_key public;
    key_of(n, &secret);
    assay_secret_key_public(&secret, &public);
    assert_int_equal(assay_note_key_make(name, kind, &public, ret, NULL), ASSAY_OK);
}

static void bench_init(struct bench *b, uint64_t quorum)
{
    *b = (struct bench){.out = {.tier = -1}};
    b->judge = (struct judge){.out = &b->out, .input = &b->input, .trust = &b->trust};
    assay_arena_init(&b->out.arena, FILE_BYTES);
    note_key(LOG_KEY, ORIGIN, ASSAY_NOTE_ED25519, &b->log.log);
    for (unsigned i = 0; i < WITNESSES; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "witness.example/%u", i);
        note_key(WITNESS_KEY + i, name, ASSAY_NOTE_COSIGNATURE, &b->log.witnesses[i]);
    }
    b->log.witnesses_count = WITNESSES;
    b->log.quorum = quorum;
    b->trust.logs = &b->log;
    b->trust.logs_count = 1;
    b->work = (struct log_work){.judge = &b->judge, .trusted = &b->log, .book = &b->book};
    assay_buf_init(&b->note, FILE_BYTES);
    assay_buf_init(&b->cosigned, FILE_BYTES);
    for (unsigned i = 0; i < ENTRIES; i++) { /* of policies: six that are no matter to a run */
        struct assay_secret_key key;
        char name[2] = {(char)('a' + i), '\0'};
        json_t *fields = json_pack("{s:s,s:i,s:s}", "name", name, "version", 1, "sha256",
                                   "8d3e5b1f0a6c47927be1d0c3f58a9e64b7021dcf8d3e5b1f0a6c47927be1d0c3");
        key_of(1, &key);
        assay_buf_init(&b->entries[i], FILE_BYTES);
        assay_err err = {0};
        if (assay_tlog_entry_write(ASSAY_ENTRY_POLICY, fields, &key, &b->entries[i], &err) != ASSAY_OK ||
            assay_tlog_book_add(&b->book, (struct assay_slice){b->entries[i].data, b->entries[i].len}, &err) !=
                ASSAY_OK) {
            fail_msg("%s", err.message);
        }
        json_decref(fields);
    }
}

static void bench_done(struct bench *b)
{
    assay_arena_done(&b->out.arena);
    assay_free(b->judge.list);
    assay_tlog_book_done(&b->book);
    assay_buf_done(&b->note);
    assay_buf_done(&b->cosigned);
    for (size_t i = 0; i < ENTRIES; i++) {
        assay_buf_done(&b->entries[i]);
    }
}

/* What a note is to hold: size and root of the book, unless they are to be wrong; cosignatures by witness and time. */
struct note_plan {
    const char *origin; /* NULL: the log's */
    uint64_t size;
    bool is_other_root, is_unsigned, is_false;
    struct {
        unsigned witness; /* from 1; 0: none. 9: a key of nobody */
        uint64_t time_s;
        bool is_false;
    } cosigned[4];
};

static void sign_line(const struct assay_buf *text, unsigned n, const struct assay_note_key *public, uint64_t time_s,
                      bool is_false, struct assay_buf *lines)
{
    struct assay_secret_key key;
    struct assay_slice signed_text = {text->data, text->len};
    key_of(n, &key);
    assert_int_equal(
        assay_note_sign(is_false ? assay_slice_of("another\ntext\n") : signed_text, public, &key, time_s, lines, NULL),
        ASSAY_OK);
}

static void make_note(const struct bench *b, const struct note_plan *plan, struct assay_buf *ret)
{
    struct assay_checkpoint head = {.size = plan->size};
    struct assay_digest root;
    struct assay_buf lines;
    assay_buf_init(&lines, FILE_BYTES);
    (void)snprintf(head.origin, sizeof head.origin, "%s", plan->origin ? plan->origin : ORIGIN);
    assay_tlog_book_root(&b->book, plan->size <= ENTRIES ? plan->size : ENTRIES, &root);
    memcpy(head.root, root.bytes, sizeof head.root);
    head.root[0] ^= plan->is_other_root ? 1 : 0;
    assay_buf_clear(ret);
    assay_checkpoint_write(&head, ret);
    if (!plan->is_unsigned) {
        sign_line(ret, LOG_KEY, &b->log.log, 0, plan->is_false, &lines);
    }
    for (size_t i = 0; i < 4 && plan->cosigned[i].witness; i++) {
        struct assay_note_key public;
        unsigned n = plan->cosigned[i].witness;
        if (n == 9) {
            note_key(99, "nobody.example", ASSAY_NOTE_COSIGNATURE, &public);
        } else {
            public = b->log.witnesses[n - 1];
        }
        sign_line(ret, n == 9 ? 99 : WITNESS_KEY + n - 1, &public, plan->cosigned[i].time_s, plan->cosigned[i].is_false,
                  &lines);
    }
    if (plan->is_unsigned && lines.len == 0) { /* a note has at least one line: of nobody's */
        struct assay_note_key public;
        note_key(99, "nobody.example", ASSAY_NOTE_ED25519, &public);
        sign_line(ret, 99, &public, 0, false, &lines);
    }
    assay_buf_char(ret, '\n');
    assay_buf_append(ret, lines.data, lines.len);
    assay_buf_done(&lines);
}

/* The only violation is of this gate and says so; gate 0: there is none. */
static void assert_only(const struct bench *b, unsigned gate, const char *found, const char *expected)
{
    assert_false(b->judge.is_out_of_memory);
    assert_int_equal(b->judge.count, gate != 0);
    if (gate != 0) {
        assert_int_equal(b->judge.list[0].gate, gate);
        assert_int_equal(b->judge.list[0].verdict, ASSAY_VERDICT_FAIL);
        assert_string_equal(b->judge.list[0].found, found);
        assert_string_equal(b->judge.list[0].expected, expected);
    }
}

/* ---- one note ---- */

static void a_note_is_good_by_its_logs_key_and_counts_each_witness_once(void **state)
{
    (void)state;
    static const uint64_t LAST = (uint64_t)INT64_MAX;
    const struct {
        struct note_plan plan;
        uint64_t quorum, cosignatures;
        bool has_quorum;
        int64_t quorum_s;
        const char *found; /* NULL: good */
    } CASES[] = {
        {{.size = 6}, 0, 0, false, 0, NULL},
        {{.size = 6}, 1, 0, false, 0, NULL},
        {{.size = 6, .cosigned = {{1, 10, false}}}, 0, 1, false, 0, NULL}, /* a quorum of nobody bounds nothing */
        {{.size = 6, .cosigned = {{1, 10, false}}}, 1, 1, true, 10, NULL},
        {{.size = 6, .cosigned = {{1, 10, false}}}, 2, 1, false, 0, NULL},
        {{.size = 6, .cosigned = {{1, 10, false}, {2, 20, false}}}, 1, 2, true, 10, NULL},
        {{.size = 6, .cosigned = {{1, 20, false}, {2, 10, false}}}, 1, 2, true, 10, NULL},
        {{.size = 6, .cosigned = {{1, 10, false}, {2, 20, false}}}, 2, 2, true, 20, NULL},
        {{.size = 6, .cosigned = {{1, 20, false}, {2, 10, false}}}, 2, 2, true, 20, NULL},
        {{.size = 6, .cosigned = {{1, 30, false}, {2, 10, false}, {3, 20, false}}}, 2, 3, true, 20, NULL},
        {{.size = 6, .cosigned = {{3, 30, false}, {1, 10, false}, {2, 20, false}}}, 3, 3, true, 30, NULL},
        {{.size = 6, .cosigned = {{1, 10, false}, {9, 5, false}}}, 2, 1, false, 0, NULL},
        {{.size = 6, .cosigned = {{1, 10, false}, {9, 5, true}}}, 1, 1, true, 10, NULL}, /* nobody's is not looked at */
        {{.size = 6, .cosigned = {{1, LAST, false}}}, 1, 1, true, INT64_MAX, NULL},
        {{.size = 6, .cosigned = {{1, LAST + 1, false}}}, 1, 0, false, 0, NULL}, /* no time of this world */
        {{.size = 6, .cosigned = {{1, 10, true}}}, 1, 0, false, 0, "a cosignature of a known witness that is false"},
        {{.size = 6, .cosigned = {{1, 10, false}, {3, 10, true}}},
         1,
         0,
         false,
         0,
         "a cosignature of a known witness that is false"},
        {{.size = 6, .is_unsigned = true}, 0, 0, false, 0, "no signature of the log's key"},
        {{.size = 6, .is_false = true}, 0, 0, false, 0, "a signature of the log's key that is false"},
        {{.size = 6, .origin = OTHER_ORIGIN}, 0, 0, false, 0, OTHER_ORIGIN},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct bench b;
        struct log_note note;
        bench_init(&b, CASES[i].quorum);
        make_note(&b, &CASES[i].plan, &b.note);
        bool is_good = log_note_check(&b.work, "place", b.note.data, b.note.len, &note);
        assert_int_equal(is_good, CASES[i].found == NULL);
        assert_int_equal(b.judge.count, CASES[i].found != NULL);
        if (is_good) {
            assert_int_equal(note.cosignatures, CASES[i].cosignatures);
            assert_int_equal(note.has_quorum, CASES[i].has_quorum);
            assert_int_equal(note.quorum_s, CASES[i].quorum_s);
            assert_int_equal(note.head.size, 6);
            assert_string_equal(note.head.origin, ORIGIN);
        } else {
            assert_int_equal(b.judge.list[0].gate, 211);
            assert_string_equal(b.judge.list[0].pointer, "place");
            assert_string_equal(b.judge.list[0].found, CASES[i].found);
        }
        bench_done(&b);
    }
}

static void a_note_that_is_none_is_refused(void **state)
{
    (void)state;
    static const char *const BYTES[] = {"", "rubbish", "a\n6\nAAAA\n\n\xe2\x80\x94 a AAAAAAA=\n"};
    for (size_t i = 0; i < sizeof BYTES / sizeof BYTES[0]; i++) {
        struct bench b;
        struct log_note note;
        bench_init(&b, 0);
        assert_false(log_note_check(&b.work, "place", BYTES[i], strlen(BYTES[i]), &note));
        assert_int_equal(b.judge.count, 1);
        assert_int_equal(b.judge.list[0].gate, 211);
        bench_done(&b);
    }
}

static void a_head_needs_as_many_witnesses_as_its_quorum(void **state)
{
    (void)state;
    const struct {
        struct note_plan plan;
        uint64_t quorum;
        const char *found;
        bool has_quorum;
    } CASES[] = {
        {{.size = 6}, 0, NULL, false},
        {{.size = 6}, 1, "0 cosignatures", false},
        {{.size = 6, .cosigned = {{1, 10, false}}}, 1, NULL, true},
        {{.size = 6, .cosigned = {{1, 10, false}}}, 2, "1 cosignatures", false},
        {{.size = 6, .cosigned = {{1, 10, false}, {2, 11, false}}}, 2, NULL, true},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct bench b;
        char due[8];
        bench_init(&b, CASES[i].quorum);
        b.work.trusted = NULL; /* found by the origin */
        make_note(&b, &CASES[i].plan, &b.note);
        assert_int_equal(log_head_check(&b.work, b.note.data, b.note.len), CASES[i].found == NULL);
        (void)snprintf(due, sizeof due, "%u", (unsigned)CASES[i].quorum);
        assert_only(&b, CASES[i].found ? 214 : 0, CASES[i].found, due);
        assert_int_equal(b.work.has_quorum, CASES[i].has_quorum);
        assert_int_equal(b.work.quorum_s, CASES[i].has_quorum ? 9 + (int64_t)CASES[i].quorum : 0);
        assert_int_equal(b.work.head.size, 6);
        assert_ptr_equal(b.work.trusted, &b.log);
        bench_done(&b);
    }
}

static void no_note_is_judged_without_memory(void **state)
{
    (void)state;
    const struct note_plan plan = {.size = 6, .cosigned = {{1, 10, false}, {2, 11, false}}};
    struct bench b;
    unsigned long n = 1;
    bool is_good = false;
    for (; !is_good; n++) {
        struct log_note note;
        bench_init(&b, 2);
        make_note(&b, &plan, &b.note);
        assay_mem_fail_at(n);
        is_good = log_note_check(&b.work, "place", b.note.data, b.note.len, &note);
        assay_mem_fail_at(0);
        assert_int_equal(b.judge.is_out_of_memory, !is_good);
        assert_int_equal(b.judge.count, 0); /* short memory is nobody's fault */
        bench_done(&b);
    }
    assert_true(n > 4);
}

/* ---- what was seen before ---- */

enum growth { NO_GROWTH, GROWTH, GROWTH_FROM_OTHER_SIZE, GROWTH_OF_RUBBISH };

static assay_code read_subtree(void *context, unsigned level, uint64_t index, struct assay_digest *ret, assay_err *err)
{
    const struct bench *b = context;
    struct assay_merkle tree;
    (void)err;
    assay_merkle_init(&tree);
    for (uint64_t i = index << level; i < (index + 1) << level && i < b->book.count; i++) {
        assay_merkle_add_hash(&tree, &b->book.rows[i].leaf);
    }
    assay_merkle_root(&tree, ret);
    return ASSAY_OK;
}

/* That the log of six goes on from the one of five. */
static void put_growth(struct bench *b, enum growth growth, struct assay_buf *ret)
{
    const struct assay_tree_reader tree = {.read = read_subtree, .context = b};
    const struct note_plan plan = {.size = 6};
    struct assay_tlog_growth made = {.old_size = 5};
    if (growth == GROWTH_OF_RUBBISH) {
        assay_buf_text(ret, "rubbish");
    } else if (growth != NO_GROWTH) {
        make_note(b, &plan, &b->note);
        made.checkpoint = (struct assay_slice){b->note.data, b->note.len};
        assert_int_equal(assay_consistency_make(&tree, 5, 6, &made.proof, NULL), ASSAY_OK);
        made.old_size -= growth == GROWTH_FROM_OTHER_SIZE ? 1 : 0;
        assay_tlog_growth_write(&made, ret);
    }
    b->input.log_growth = (struct assay_judge_bytes){ret->data, ret->len};
}

static void a_log_goes_on_from_the_head_that_was_seen(void **state)
{
    (void)state;
    static const char CONTINUES_6[] = "one that continues size 6, as seen before",
                      CONTINUES_5[] = "one that continues size 5, as seen before";
    static const struct {
        const char *origin;
        uint64_t seen, size;
        bool is_other_root, is_whole, has_quorum;
        enum growth growth;
        bool moves;
        const char *found; /* NULL: no violation */
        const char *expected;
        bool is_undecided;
    } CASES[] = {
        {NULL, 9, 6, true, true, false, NO_GROWTH, true, NULL, NULL, false},
        {OTHER_ORIGIN, 9, 6, true, true, false, NO_GROWTH, true, NULL, NULL, false},
        {OTHER_ORIGIN, 9, 6, true, false, false, NO_GROWTH, true, NULL, NULL, false},
        /* all entries are here */
        {ORIGIN, 6, 6, false, true, false, NO_GROWTH, true, NULL, NULL, false},
        {ORIGIN, 5, 6, false, true, false, NO_GROWTH, true, NULL, NULL, false},
        {ORIGIN, 0, 6, false, true, false, NO_GROWTH, true, NULL, NULL, false},
        {ORIGIN, 6, 6, true, true, true, NO_GROWTH, false, "a log whose first 6 entries are others", CONTINUES_6,
         false},
        {ORIGIN, 5, 6, true, true, true, GROWTH, false, "a log whose first 5 entries are others", CONTINUES_5, false},
        {ORIGIN, 6, 5, false, true, true, GROWTH, false, "a log of size 5", CONTINUES_6, false},
        /* a proof of one entry: the two heads alone */
        {ORIGIN, 6, 6, false, false, false, NO_GROWTH, false, NULL, NULL, false},
        {ORIGIN, 6, 6, true, false, true, GROWTH, false, "another log of the same size", CONTINUES_6, false},
        {ORIGIN, 5, 6, false, false, false, NO_GROWTH, false, "a head of size 6, and size 5 was seen before",
         "that both are of one log: the log itself (--log DIR|URL), or 'assay log prove --since 5' of it "
         "(--consistency)",
         true},
        {ORIGIN, 6, 5, false, false, false, NO_GROWTH, false, "a head of size 5, and size 6 was seen before",
         "that both are of one log: the log itself (--log DIR|URL), or 'assay log prove --since 5' of it "
         "(--consistency)",
         true},
        {ORIGIN, 5, 6, false, false, true, NO_GROWTH, true, NULL, NULL, false}, /* witnesses saw it go on */
        {ORIGIN, 6, 5, false, false, true, NO_GROWTH, false, NULL, NULL, false},
        {ORIGIN, 5, 6, false, false, false, GROWTH, true, NULL, NULL, false},
        {ORIGIN, 6, 5, false, false, false, GROWTH, false, NULL, NULL, false},
        {ORIGIN, 5, 6, true, false, true, GROWTH, false, "hashes that do not lead from one head to the other",
         CONTINUES_5, false},
        {ORIGIN, 5, 6, false, false, true, GROWTH_FROM_OTHER_SIZE, false, "a proof from size 4", CONTINUES_5, false},
        {ORIGIN, 5, 6, false, false, true, GROWTH_OF_RUBBISH, false, "", "", false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct bench b;
        struct assay_digest root;
        struct assay_buf growth;
        bench_init(&b, 0);
        assay_buf_init(&growth, FILE_BYTES);
        (void)snprintf(b.work.head.origin, sizeof b.work.head.origin, "%s", ORIGIN);
        b.work.head.size = CASES[i].size;
        assay_tlog_book_root(&b.book, CASES[i].size, &root);
        memcpy(b.work.head.root, root.bytes, sizeof root.bytes);
        b.work.has_quorum = CASES[i].has_quorum;
        b.judge.log.is_whole = CASES[i].is_whole;
        b.input.memory.head_origin = CASES[i].origin;
        b.input.memory.head_size = CASES[i].seen;
        assay_tlog_book_root(&b.book, CASES[i].seen <= ENTRIES ? CASES[i].seen : 0, &b.input.memory.head_root);
        b.input.memory.head_root.bytes[31] ^= CASES[i].is_other_root ? 1 : 0;
        put_growth(&b, CASES[i].growth, &growth);
        bool is_refused = CASES[i].found && !CASES[i].is_undecided;
        if (log_memory_check(&b.work) == is_refused || b.out.moves_head != CASES[i].moves ||
            b.judge.count != (CASES[i].found ? 1 : 0)) {
            fail_msg("case %zu", i);
        }
        if (CASES[i].found) {
            assert_int_equal(b.judge.list[0].gate, 213);
            assert_int_equal(b.judge.list[0].verdict,
                             CASES[i].is_undecided ? ASSAY_VERDICT_UNDECIDED : ASSAY_VERDICT_FAIL);
            assert_string_equal(b.judge.list[0].pointer,
                                CASES[i].growth == GROWTH_OF_RUBBISH ? "consistency" : "checkpoint");
        }
        if (CASES[i].found && CASES[i].found[0]) {
            assert_string_equal(b.judge.list[0].found, CASES[i].found);
            assert_string_equal(b.judge.list[0].expected, CASES[i].expected);
        }
        assay_buf_done(&growth);
        bench_done(&b);
    }
}

/* ---- heads that witnesses signed ---- */

static void put_cosigned(struct bench *b, const struct note_plan *plans, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        make_note(b, &plans[i], &b->note);
        assert_int_equal(assay_entry_append(b->note.data, b->note.len, &b->cosigned, NULL), ASSAY_OK);
    }
    b->input.log_cosigned = (struct assay_judge_bytes){b->cosigned.data, b->cosigned.len};
    (void)snprintf(b->work.head.origin, sizeof b->work.head.origin, "%s", ORIGIN);
    b->work.head.size = ENTRIES;
}

static void every_head_that_was_signed_is_one_of_this_log(void **state)
{
    (void)state;
    const struct {
        struct note_plan plans[3];
        size_t count;
        unsigned gate;
        const char *found;
    } CASES[] = {
        {{{.size = 0}}, 0, 0, NULL},
        {{{.size = 0}, {.size = 3}, {.size = 6}}, 3, 0, NULL},
        {{{.size = 3}, {.size = 3}}, 2, 0, NULL},
        {{{.size = 3}, {.size = 3, .is_other_root = true}}, 2, 213, "a signed head of size 3 that is none of this log"},
        {{{.size = 2, .is_other_root = true}, {.size = 6}}, 2, 213, "a signed head of size 2 that is none of this log"},
        {{{.size = 6, .is_other_root = true}}, 1, 213, "a signed head of size 6 that is none of this log"},
        {{{.size = 7}}, 1, 213, "a signed head of size 7 that is none of this log"},
        {{{.size = 5}, {.size = 4}}, 2, 213, "a signed head of size 4 that is none of this log"},
        /* another root without the log's signature says nothing against it: the note is false */
        {{{.size = 2, .is_other_root = true, .is_unsigned = true}}, 1, 211, "no signature of the log's key"},
        {{{.size = 7, .is_false = true}}, 1, 211, "a signature of the log's key that is false"},
        /* one that is none of ours does not hide those behind it */
        {{{.size = 2, .origin = OTHER_ORIGIN}, {.size = 3}}, 2, 211, OTHER_ORIGIN},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct bench b;
        bench_init(&b, 1);
        put_cosigned(&b, CASES[i].plans, CASES[i].count);
        log_cosigned_check(&b.work);
        assert_int_equal(b.judge.count, CASES[i].gate != 0);
        if (CASES[i].gate) {
            assert_int_equal(b.judge.list[0].gate, CASES[i].gate);
            assert_string_equal(b.judge.list[0].pointer, "cosigned");
            assert_string_equal(b.judge.list[0].found, CASES[i].found);
        }
        bench_done(&b);
    }
}

static void faults_of_several_heads_are_all_said(void **state)
{
    (void)state;
    const struct note_plan plans[] = {{.size = 2, .origin = OTHER_ORIGIN},
                                      {.size = 3, .is_other_root = true},
                                      {.size = 7},
                                      {.size = 6, .is_other_root = true}};
    struct bench b;
    bench_init(&b, 1);
    put_cosigned(&b, plans, 4);
    log_cosigned_check(&b.work);
    assert_int_equal(b.judge.count, 4);
    assert_int_equal(b.judge.list[0].gate, 211);
    for (size_t i = 1; i < 4; i++) {
        assert_int_equal(b.judge.list[i].gate, 213);
    }
    assert_string_equal(b.judge.list[3].found, "a signed head of size 6 that is none of this log");
    bench_done(&b);
}

/* ---- the bracket ---- */

#define W(seconds) .cosigned = {{1, seconds, false}}
#define NOT (-1)

static void outside_times_are_the_earliest_that_a_quorum_saw(void **state)
{
    (void)state;
    /* The run's intent names the head of size 2 and is entry 2; its outcome is entry 4: heads from 5 on cover it. */
    const struct {
        struct note_plan plans[4];
        size_t count;
        int64_t head_s; /* the log's own head, of size 6, was seen; NOT: it was not */
        bool has_intent, has_book;
        int64_t before_s, after_s; /* NOT: unknown */
    } CASES[] = {
        {{{.size = 0}}, 0, NOT, true, true, NOT, NOT},
        {{{.size = 0}}, 0, 100, true, true, NOT, 100},
        {{{.size = 2, W(50)}}, 1, 100, true, true, 50, 100},
        {{{.size = 2, W(50)}}, 1, 100, false, true, NOT, 100},
        {{{.size = 2, W(50)}}, 1, 100, true, false, NOT, 100},                    /* only with the whole log */
        {{{.size = 1, W(50)}, {.size = 3, W(51)}}, 2, NOT, true, true, NOT, NOT}, /* heads that say nothing of it */
        {{{.size = 4, W(50)}}, 1, NOT, true, true, NOT, NOT}, /* the outcome is entry 4: not in it */
        {{{.size = 5, W(50)}}, 1, NOT, true, true, NOT, 50},
        {{{.size = 5, W(50)}}, 1, 100, true, true, NOT, 50},
        {{{.size = 5, W(100)}}, 1, 50, true, true, NOT, 50},
        {{{.size = 5, W(60)}, {.size = 6, W(40)}}, 2, NOT, true, true, NOT, 60}, /* by size: the first stands */
        {{{.size = 5}, {.size = 6, W(40)}}, 2, NOT, true, true, NOT, 40},        /* the first was seen by nobody */
        {{{.size = 2, W(50)}, {.size = 2, W(30)}}, 2, NOT, true, true, 30, NOT}, /* any of that head */
        {{{.size = 2, W(30)}, {.size = 2, W(50)}}, 2, NOT, true, true, 30, NOT},
        {{{.size = 2}, {.size = 5, W(50)}}, 2, NOT, true, true, NOT, 50},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct bench b;
        bench_init(&b, 1);
        put_cosigned(&b, CASES[i].plans, CASES[i].count);
        b.book.rows[2].head_size = 2;
        b.judge.log = (struct log_view){.has_intent = CASES[i].has_intent, .intent = 2, .outcome = 4};
        b.work.has_quorum = CASES[i].head_s != NOT;
        b.work.quorum_s = CASES[i].head_s;
        b.work.book = CASES[i].has_book ? &b.book : NULL;
        log_bracket(&b.work);
        assert_int_equal(b.judge.count, 0);
        assert_int_equal(b.judge.outside.has_before, CASES[i].before_s != NOT);
        assert_int_equal(b.judge.outside.has_after, CASES[i].after_s != NOT);
        if (CASES[i].before_s != NOT) {
            assert_int_equal(b.judge.outside.before_s, CASES[i].before_s);
        }
        if (CASES[i].after_s != NOT) {
            assert_int_equal(b.judge.outside.after_s, CASES[i].after_s);
        }
        bench_done(&b);
    }
}

static void the_head_itself_may_be_what_the_intent_names(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b, 1);
    put_cosigned(&b, NULL, 0);
    b.book.rows[2].head_size = 6;
    b.judge.log = (struct log_view){.has_intent = true, .intent = 2, .outcome = 6};
    b.work.has_quorum = true;
    b.work.quorum_s = 70;
    log_bracket(&b.work);
    assert_true(b.judge.outside.has_before);
    assert_int_equal(b.judge.outside.before_s, 70);
    assert_false(b.judge.outside.has_after); /* its outcome is not in it */
    bench_done(&b);
}

static void a_log_that_is_not_believed_bounds_nothing(void **state)
{
    (void)state;
    static const struct {
        enum gate gate;
        bool is_believed;
    } CASES[] = {{GATE_CHECKPOINT, false}, {GATE_INCLUSION, false}, {GATE_HEAD, false},
                 {GATE_QUORUM, false},     {GATE_TRUST, true},      {GATE_ARTEFACT, true}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct bench b;
        bench_init(&b, 1);
        put_cosigned(&b, NULL, 0);
        log_refuse(&b.work, CASES[i].gate, "x", "y", "z");
        b.work.has_quorum = true;
        log_bracket(&b.work);
        assert_int_equal(b.judge.outside.has_after, CASES[i].is_believed);
        bench_done(&b);
    }
}

#define SEEN_S INT64_C(1767605470) /* 2026-01-05T09:31:10Z */

static void dates_may_be_300_s_off_what_witnesses_saw(void **state)
{
    (void)state;
    static const struct {
        const char *started, *finished;
        unsigned gate_places; /* 1: started, 2: finished */
    } CASES[] = {
        {"2026-01-05T09:31:10Z", "2026-01-05T09:31:10Z", 0},
        {"2026-01-05T09:26:10Z", "2026-01-05T09:36:10Z", 0},
        {"2026-01-05T09:26:09Z", "2026-01-05T09:36:10Z", 1},
        {"2026-01-05T09:26:10Z", "2026-01-05T09:36:11Z", 2},
        {"2026-01-05T09:26:09Z", "2026-01-05T09:36:11Z", 3},
        {"no time", "nor here", 0}, /* said elsewhere */
        {NULL, NULL, 0},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct bench b;
        const struct note_plan plans[] = {{.size = 2, W((uint64_t)SEEN_S)}};
        bench_init(&b, 1);
        put_cosigned(&b, plans, 1);
        b.judge.statement = json_pack("{s:{s:{s:s*,s:s*}}}", "predicate", "attempts", "startedAt", CASES[i].started,
                                      "finishedAt", CASES[i].finished);
        b.book.rows[2].head_size = 2;
        b.judge.log = (struct log_view){.has_intent = true, .intent = 2, .outcome = 4};
        b.work.has_quorum = true;
        b.work.quorum_s = SEEN_S;
        log_bracket(&b.work);
        bool is_started_said = false, is_finished_said = false;
        for (size_t k = 0; k < b.judge.count; k++) {
            assert_int_equal(b.judge.list[k].gate, 406);
            is_started_said = is_started_said || strstr(b.judge.list[k].pointer, "/startedAt");
            is_finished_said = is_finished_said || strstr(b.judge.list[k].pointer, "/finishedAt");
        }
        assert_int_equal(is_started_said, CASES[i].gate_places & 1);
        assert_int_equal(is_finished_said, CASES[i].gate_places >> 1);
        assert_int_equal(b.judge.count, (CASES[i].gate_places & 1) + (CASES[i].gate_places >> 1));
        assert_int_equal(b.judge.outside.has_before, !is_started_said); /* a head seen after the start bounds nothing */
        assert_true(b.judge.outside.has_after);
        json_decref(b.judge.statement);
        bench_done(&b);
    }
}

static void unknown_times_contradict_no_date(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b, 1);
    put_cosigned(&b, NULL, 0);
    b.judge.statement = json_pack("{s:{s:{s:s,s:s}}}", "predicate", "attempts", "startedAt", "1969-12-31T00:00:00Z",
                                  "finishedAt", "2026-01-05T09:36:11Z");
    log_bracket(&b.work);
    assert_int_equal(b.judge.count, 0);
    json_decref(b.judge.statement);
    bench_done(&b);
}

static void no_cosigned_head_is_judged_without_memory(void **state)
{
    (void)state;
    const struct note_plan plans[] = {{.size = 2, W(50)}, {.size = 5, W(60)}};
    unsigned long n = 1;
    for (bool is_whole = false; !is_whole; n++) {
        struct bench b;
        bench_init(&b, 1);
        put_cosigned(&b, plans, 2);
        b.book.rows[2].head_size = 2;
        b.judge.log = (struct log_view){.has_intent = true, .intent = 2, .outcome = 4};
        assay_mem_fail_at(n);
        log_cosigned_check(&b.work);
        log_bracket(&b.work);
        assay_mem_fail_at(0);
        is_whole = b.judge.outside.has_before && b.judge.outside.has_after && !b.judge.is_out_of_memory;
        assert_int_equal(b.judge.is_out_of_memory, !is_whole);
        assert_int_equal(b.judge.count, 0);
        bench_done(&b);
    }
    assert_true(n > 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_note_is_good_by_its_logs_key_and_counts_each_witness_once),
        cmocka_unit_test(a_note_that_is_none_is_refused),
        cmocka_unit_test(a_head_needs_as_many_witnesses_as_its_quorum),
        cmocka_unit_test(no_note_is_judged_without_memory),
        cmocka_unit_test(a_log_goes_on_from_the_head_that_was_seen),
        cmocka_unit_test(every_head_that_was_signed_is_one_of_this_log),
        cmocka_unit_test(faults_of_several_heads_are_all_said),
        cmocka_unit_test(outside_times_are_the_earliest_that_a_quorum_saw),
        cmocka_unit_test(the_head_itself_may_be_what_the_intent_names),
        cmocka_unit_test(a_log_that_is_not_believed_bounds_nothing),
        cmocka_unit_test(dates_may_be_300_s_off_what_witnesses_saw),
        cmocka_unit_test(unknown_times_contradict_no_date),
        cmocka_unit_test(no_cosigned_head_is_judged_without_memory),
    };
    assay_json_init();
    if (assay_crypto_init(NULL) != ASSAY_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
