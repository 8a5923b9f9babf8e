/* Whether this is the policy to judge by (gate 423): of the base branch, of a version that the trust file admits, and
 * the newest that was logged under its name. Logs are put together by hand; each whole row is compared. */
#include "judge/judge.h"

#include "base/mem.h"
#include "crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BYTES_MAX ((size_t)1 << 20)
#define OTHER "8d3e5b1f0a6c47927be1d0c3f58a9e64b7021dcf8d3e5b1f0a6c47927be1d0c3"
#define POLICY(version)                                        \
    "assay_policy: 1\nname: p\nversion: " version "\ngates:\n" \
    "  - {id: g, kind: budget, metric: service, statistic: p50, max: 1s}\n"

enum {
    ENTRIES_MAX = 4,
    ROOT_KEY = 1,
    RECEIPT_KEY = 2,
    SECOND_RECEIPT_KEY = 3,
    LOG_KEY = 4,
    UNKNOWN_KEY = 9,
    TEXT = 1024
};

struct entry {
    unsigned signer; /* 0: no entry */
    unsigned version;
    const char *content; /* NULL: this policy */
    const char *name;    /* NULL: its name */
    bool is_outcome, is_forged;
};

struct bench {
    struct assay_trust_key keys[4];
    struct assay_trust trust;
    struct assay_tlog_book book;
    struct assay_buf entries[ENTRIES_MAX];
    struct assay_policy *policy;
    struct assay_arena arena;
    char rows[TEXT];
};

static void key_of(unsigned n, struct assay_secret_key *ret)
{
    unsigned char seed[ASSAY_SEED_BYTES] = {(unsigned char)n};
    assay_secret_key_init(ret, seed);
}

static void add_key(struct bench *b, unsigned n, enum assay_role role)
{
    struct assay_trust_key *key = &b->keys[b->trust.keys_count++];
    struct assay_secret_key secret;
    key_of(n, &secret);
    assay_secret_key_public(&secret, &key->public);
    assay_public_key_id(&key->public, &key->keyid);
    key->role = role;
}

static void add_entry(struct bench *b, const struct entry *entry)
{
    static const uint8_t RUN_ID[16] = {7};
    struct assay_buf *bytes = &b->entries[b->book.count];
    struct assay_secret_key key;
    struct assay_digest payload = {{0}};
    key_of(entry->signer, &key);
    if (entry->is_outcome) {
        assert_int_equal(assay_outcome_write(ASSAY_ENTRY_RECEIPT, RUN_ID, &payload, &key, bytes, NULL), ASSAY_OK);
    } else {
        json_t *fields = json_pack("{s:s,s:i,s:s}", "name", entry->name ? entry->name : "p", "version",
                                   (int)entry->version, "sha256", entry->content ? entry->content : b->policy->sha256);
        assert_int_equal(assay_tlog_entry_write(ASSAY_ENTRY_POLICY, fields, &key, bytes, NULL), ASSAY_OK);
        json_decref(fields);
    }
    if (entry->is_forged) {
        char *at = strstr(bytes->data, "\"sig\":\"");
        assert_non_null(at);
        at += strlen("\"sig\":\"");
        *at = *at == 'A' ? 'B' : 'A';
    }
    assert_int_equal(assay_tlog_book_add(&b->book, (struct assay_slice){bytes->data, bytes->len}, NULL), ASSAY_OK);
}

static void begin(struct bench *b, const char *policy, const struct entry *entries)
{
    *b = (struct bench){.trust = {.keys = b->keys}};
    assay_arena_init(&b->arena, BYTES_MAX);
    assay_tlog_book_begin(&b->book);
    add_key(b, ROOT_KEY, ASSAY_ROLE_ROOT);
    add_key(b, RECEIPT_KEY, ASSAY_ROLE_RECEIPT);
    add_key(b, SECOND_RECEIPT_KEY, ASSAY_ROLE_RECEIPT);
    add_key(b, LOG_KEY, ASSAY_ROLE_LOG);
    assert_int_equal(assay_policy_parse(policy, strlen(policy), &b->policy, NULL), ASSAY_OK);
    for (size_t i = 0; i < ENTRIES_MAX; i++) {
        assay_buf_init(&b->entries[i], BYTES_MAX);
        if (entries && entries[i].signer) {
            add_entry(b, &entries[i]);
        }
    }
}

static void done(struct bench *b)
{
    for (size_t i = 0; i < ENTRIES_MAX; i++) {
        assay_buf_done(&b->entries[i]);
    }
    assay_tlog_book_done(&b->book);
    assay_policy_free(b->policy);
    assay_arena_done(&b->arena);
}

/* The rows of gate 423, each with all that it says. */
static const char *rows_of(struct bench *b, const struct assay_gate_question *question)
{
    struct assay_verdict_document document;
    size_t used = 0;
    assert_int_equal(assay_judge_gate(question, &b->arena, &document, NULL), ASSAY_OK);
    b->rows[0] = '\0';
    for (size_t i = 0; i < document.rows_count; i++) {
        const struct assay_verdict_row *row = &document.rows[i];
        if (strncmp(row->id, "policy.", strlen("policy.")) == 0) {
            assert_string_equal(row->kind, "requirement");
            assert_true(row->is_in_family);
            used += (size_t)snprintf(b->rows + used, sizeof b->rows - used, "%s%s %s %u: %s, not %s", used ? "; " : "",
                                     row->id, assay_verdict_text(row->verdict), row->gate, row->expected,
                                     row->found ? row->found : "-");
            assert_in_range(used, 1, sizeof b->rows - 1);
        }
    }
    return b->rows;
}

static void the_policy_of_the_base_branch_is_the_one_of_its_bytes(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, POLICY("2"), NULL);
    struct assay_gate_question question = {.policy = b.policy, .date = "2026-01-05"};
    assert_string_equal(rows_of(&b, &question), "");
    question.base_sha256 = b.policy->sha256;
    assert_string_equal(rows_of(&b, &question), "policy.base pass 0: the policy of the base branch, not -");
    question.base_sha256 = OTHER;
    assert_string_equal(rows_of(&b, &question),
                        "policy.base fail 423: the policy of the base branch, not another policy");
    done(&b);
}

static void a_version_below_the_least_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *policy;
        uint64_t least;
        const char *rows;
    } CASES[] = {
        {POLICY("2"), 0, ""},
        {POLICY("2"), 1, "policy.version pass 0: version 1 or later, not -"},
        {POLICY("2"), 2, "policy.version pass 0: version 2 or later, not -"},
        {POLICY("2"), 3, "policy.version fail 423: version 3 or later, not version 2"},
        {POLICY("1"), 1, "policy.version pass 0: version 1 or later, not -"},
        {POLICY("1"), 2, "policy.version fail 423: version 2 or later, not version 1"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct bench b;
        begin(&b, CASES[i].policy, NULL);
        const struct assay_gate_question question = {
            .policy = b.policy, .version_min = CASES[i].least, .date = "2026-01-05"};
        assert_string_equal(rows_of(&b, &question), CASES[i].rows);
        done(&b);
    }
}

/* What the row says where this policy is the newest of that version, and where OTHER is. */
static const char *due_rows(const struct bench *b, unsigned newest, bool is_ours, char text[TEXT])
{
    char found[128] = "-";
    if (newest == 0) {
        return "";
    }
    if (!is_ours) {
        (void)snprintf(found, sizeof found, "version 2, %s", b->policy->sha256);
    }
    (void)snprintf(text, TEXT, "policy.logged %s: the newest that was logged under this name, version %u, %s, not %s",
                   is_ours ? "pass 0" : "fail 423", newest, is_ours ? b->policy->sha256 : OTHER, found);
    return text;
}

static void the_policy_is_the_newest_that_a_receipt_key_logged_under_its_name(void **state)
{
    (void)state;
    enum { R = RECEIPT_KEY, S = SECOND_RECEIPT_KEY };
    static const struct {
        struct entry entries[ENTRIES_MAX];
        unsigned newest; /* its version; 0: none was logged */
        bool is_ours;
    } CASES[] = {
        {{{0}}, 0, false},
        {{{.signer = R, .version = 2}}, 2, true},
        {{{.signer = S, .version = 2}}, 2, true},
        {{{.signer = R, .version = 2, .content = OTHER}}, 2, false},
        {{{.signer = R, .version = 1}, {.signer = R, .version = 2, .content = OTHER}}, 2, false},
        {{{.signer = R, .version = 2}, {.signer = R, .version = 3, .content = OTHER}}, 3, false},
        {{{.signer = R, .version = 3, .content = OTHER}, {.signer = R, .version = 2}}, 3, false},
        {{{.signer = R, .version = 2}, {.signer = R, .version = 1, .content = OTHER}}, 2, true},
        {{{.signer = R, .version = 1, .content = OTHER}, {.signer = R, .version = 2}}, 2, true},
        /* of one version the later */
        {{{.signer = R, .version = 2}, {.signer = S, .version = 2, .content = OTHER}}, 2, false},
        {{{.signer = R, .version = 2, .content = OTHER}, {.signer = S, .version = 2}}, 2, true},
        {{{.signer = R, .version = 1, .content = OTHER},
          {.signer = R, .version = 4, .content = OTHER},
          {.signer = S, .version = 3, .content = OTHER},
          {.signer = S, .version = 2}},
         4,
         false},
        /* what counts for nothing: another key's, another name's, another kind, a signature that is none */
        {{{.signer = ROOT_KEY, .version = 3, .content = OTHER}}, 0, false},
        {{{.signer = LOG_KEY, .version = 3, .content = OTHER}}, 0, false},
        {{{.signer = UNKNOWN_KEY, .version = 3, .content = OTHER}}, 0, false},
        {{{.signer = R, .version = 3, .content = OTHER, .name = "q"}}, 0, false},
        {{{.signer = R, .version = 3, .content = OTHER, .name = "pp"}}, 0, false},
        {{{.signer = R, .is_outcome = true}}, 0, false},
        {{{.signer = R, .version = 3, .content = OTHER, .is_forged = true}}, 0, false},
        {{{.signer = R, .version = 2}, {.signer = R, .version = 3, .content = OTHER, .is_forged = true}}, 2, true},
        {{{.signer = UNKNOWN_KEY, .version = 3, .content = OTHER}, {.signer = R, .version = 2}}, 2, true},
        {{{.signer = R, .version = 2}, {.signer = R, .is_outcome = true}}, 2, true},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct bench b;
        char text[TEXT];
        begin(&b, POLICY("2"), CASES[i].entries);
        struct assay_gate_question question = {
            .policy = b.policy, .log = &b.book, .trust = &b.trust, .date = "2026-01-05"};
        const char *rows = rows_of(&b, &question), *due = due_rows(&b, CASES[i].newest, CASES[i].is_ours, text);
        if (strcmp(rows, due) != 0) {
            fail_msg("case %zu:\nexpected %s\nfound    %s", i, due, rows);
        }
        question.trust = NULL; /* without a trust file nobody's entries count */
        assert_string_equal(rows_of(&b, &question), "");
        question = (struct assay_gate_question){.policy = b.policy, .trust = &b.trust, .date = "2026-01-05"};
        assert_string_equal(rows_of(&b, &question), "");
        done(&b);
    }
}

static void without_memory_no_policy_is_judged(void **state)
{
    (void)state;
    static const struct entry ENTRIES[ENTRIES_MAX] = {{.signer = RECEIPT_KEY, .version = 3, .content = OTHER}};
    assay_code rc = ASSAY_NO_MEMORY;
    unsigned long n = 1;
    for (; rc == ASSAY_NO_MEMORY; n++) {
        struct bench b;
        struct assay_verdict_document document;
        begin(&b, POLICY("2"), ENTRIES);
        const struct assay_gate_question question = {
            .policy = b.policy, .log = &b.book, .trust = &b.trust, .date = "2026-01-05"};
        assay_mem_fail_at(n);
        rc = assay_judge_gate(&question, &b.arena, &document, NULL);
        assay_mem_fail_at(0);
        done(&b);
    }
    assert_int_equal(rc, ASSAY_OK);
    assert_true(n > 2);
}

int main(void)
{
    assay_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_policy_of_the_base_branch_is_the_one_of_its_bytes),
        cmocka_unit_test(a_version_below_the_least_is_refused),
        cmocka_unit_test(the_policy_is_the_newest_that_a_receipt_key_logged_under_its_name),
        cmocka_unit_test(without_memory_no_policy_is_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
