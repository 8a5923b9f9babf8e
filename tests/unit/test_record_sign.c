#include "base/clock.h"
#include "record/log_entry_plain.h"
#include "record/record.h"
#include "support/hex.h"
#include "support/source_root.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void make_key(unsigned char first, struct assay_secret_key *ret)
{
    unsigned char seed[32] = {first};
    assay_secret_key_init(ret, seed);
}

static json_t *read_json(const char *text)
{
    json_t *value = NULL;
    assert_int_equal(assay_json_read(text, strlen(text), &assay_json_limits_default, &value, NULL), ASSAY_OK);
    return value;
}

/* ---- receipts ---- */

/* The block of evidence.md 1.4, signed with the key of RFC 8032, test 1. */
static void the_worked_example_gives_its_published_signature_and_file(void **state)
{
    (void)state;
    char path[4096];
    unsigned char seed[32];
    struct assay_secret_key key;
    const struct assay_secret_key *keys[] = {&key};
    struct assay_buf text, file;
    json_t *statement = NULL;
    (void)unhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", seed, sizeof seed);
    assay_secret_key_init(&key, seed);
    (void)snprintf(path, sizeof path, "%s/tests/data/receipt-example.json", source_root());
    assay_buf_init(&text, ASSAY_PAYLOAD_BYTES_MAX);
    assay_buf_init(&file, ASSAY_ENVELOPE_BYTES_MAX);
    assert_int_equal(assay_buf_read_file(&text, path, NULL), ASSAY_OK);
    assert_int_equal(assay_json_read(text.data, text.len, &assay_json_limits_default, &statement, NULL), ASSAY_OK);
    assert_int_equal(assay_receipt_sign(statement, keys, 1, &file, NULL), ASSAY_OK);
    assert_int_equal(file.len, 6369);
    assert_non_null(strstr(file.data,
                           "k2Rm42wNY8GfpEtfXF6zKoPAdSsKmGELvR2kXssueCyR4l7WpWuQZjLAzO3tsmr3jWO5mMwxtLuK6SQuSFn2"
                           "BQ=="));
    json_decref(statement);
    assay_buf_done(&text);
    assay_buf_done(&file);
    assay_secret_key_done(&key);
}

static void a_signed_receipt_names_its_keys_and_its_place_in_the_chain(void **state)
{
    (void)state;
    struct assay_secret_key first, second;
    const struct assay_secret_key *keys[] = {&first, &second};
    const struct assay_chain chain = {.counter = 7};
    json_t *statement = read_json("{\"predicate\":{\"attempts\":{},\"tier\":{\"signers\":[]}}}");
    make_key(1, &first);
    make_key(2, &second);
    assert_int_equal(assay_receipt_name_signers(statement, keys, 2, &chain, NULL), ASSAY_OK);
    const json_t *signers = assay_json_at(statement, "/predicate/tier/signers");
    assert_int_equal(json_array_size(signers), 2);
    assert_true(strcmp(json_string_value(json_array_get(signers, 0)), json_string_value(json_array_get(signers, 1))) <
                0);
    assert_int_equal(json_integer_value(assay_json_at(statement, "/predicate/attempts/counter")), 7);
    assert_non_null(assay_json_at(statement, "/predicate/attempts/previous/absent"));
    json_decref(statement);
}

static void an_envelope_is_opened_as_it_was_written_and_no_other_way(void **state)
{
    (void)state;
    static const struct assay_envelope_kind KIND = {.type = "application/x", .what = "thing", .bytes_max = 65536};
    struct assay_secret_key key, other;
    struct assay_public_key public, foreign;
    const struct assay_secret_key *keys[] = {&key}, *twice[] = {&key, &key};
    struct assay_envelope envelope;
    struct assay_buf file;
    json_t *body = read_json("{\"a\":1}");
    bool is_signed;
    make_key(1, &key);
    make_key(2, &other);
    assay_secret_key_public(&key, &public);
    assay_secret_key_public(&other, &foreign);
    assay_buf_init(&file, 65536);
    assert_int_equal(assay_envelope_write(KIND.type, body, twice, 2, &file, NULL), ASSAY_USAGE);
    assay_buf_clear(&file);
    assert_int_equal(assay_envelope_write(KIND.type, body, keys, 1, &file, NULL), ASSAY_OK);
    assert_int_equal(assay_envelope_open(&KIND, false, file.data, file.len, &envelope, NULL), ASSAY_OK);
    assert_int_equal(assay_envelope_is_signed_by(&envelope, &KIND, &public, &is_signed, NULL), ASSAY_OK);
    assert_true(is_signed);
    assert_int_equal(assay_envelope_is_signed_by(&envelope, &KIND, &foreign, &is_signed, NULL), ASSAY_OK);
    assert_false(is_signed);
    assay_envelope_done(&envelope);
    for (size_t i = 0; i < file.len; i++) {
        file.data[i] ^= 1;
        if (assay_envelope_open(&KIND, false, file.data, file.len, &envelope, NULL) == ASSAY_OK) {
            assert_int_equal(assay_envelope_is_signed_by(&envelope, &KIND, &public, &is_signed, NULL), ASSAY_OK);
            if (is_signed) {
                fail_msg("byte %zu", i);
            }
            assay_envelope_done(&envelope);
        }
        file.data[i] ^= 1;
    }
    json_decref(body);
    assay_buf_done(&file);
}

/* ---- trust files ---- */

struct fixture {
    struct assay_secret_key roots[3], receipt;
};

static void put_key(struct assay_json_builder *b, json_t *list, const struct assay_secret_key *key, const char *role)
{
    struct assay_public_key public;
    struct assay_digest id;
    struct assay_buf text;
    json_t *object = assay_json_add_object(b, list);
    assay_secret_key_public(key, &public);
    assay_public_key_id(&public, &id);
    assay_buf_init(&text, 64);
    assay_base64_append(&text, public.bytes, 32);
    assay_json_put_hex(b, object, "keyid", id.bytes, 32);
    assay_json_put_text(b, object, "public", text.data);
    assay_json_put_text(b, object, "minisignId", "0000000000000000");
    assay_json_put_text(b, object, "role", role);
    json_t *runners = assay_json_put_array(b, object, "runnerIds");
    assay_json_add_text(b, runners, "local");
    assay_json_put_text(b, object, "notBefore", "2026-01-01T00:00:00Z");
    assay_json_put_text(b, object, "notAfter", "2027-01-01T00:00:00Z");
    assay_buf_done(&text);
}

static int by_keyid(const void *a, const void *b)
{
    json_t *const *x = a, *const *y = b;
    return strcmp(json_string_value(json_object_get(*x, "keyid")), json_string_value(json_object_get(*y, "keyid")));
}

static void sort_keys(json_t *list)
{
    json_t *rows[16];
    size_t count = json_array_size(list);
    for (size_t i = 0; i < count; i++) {
        rows[i] = json_incref(json_array_get(list, i));
    }
    qsort(rows, count, sizeof rows[0], by_keyid);
    (void)json_array_clear(list);
    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(list, rows[i]);
    }
}

static json_t *make_body(const struct fixture *fixture, uint64_t version, size_t roots, uint64_t threshold)
{
    struct assay_json_builder b = {0};
    json_t *body = json_object();
    assay_json_put_u64(&b, body, "version", version);
    assay_json_put_text(&b, body, "issued", "2026-01-01T00:00:00Z");
    assay_json_put_text(&b, body, "expires", "2027-01-01T00:00:00Z");
    json_t *keys = assay_json_put_array(&b, body, "keys");
    for (size_t i = 0; i < roots; i++) {
        put_key(&b, keys, &fixture->roots[i], "root");
    }
    put_key(&b, keys, &fixture->receipt, "receipt");
    sort_keys(keys);
    json_t *roles = assay_json_put_object(&b, body, "roles");
    assay_json_put_u64(&b, assay_json_put_object(&b, roles, "root"), "threshold", threshold);
    assay_json_put_u64(&b, assay_json_put_object(&b, roles, "receipt"), "threshold", 1);
    (void)assay_json_put_array(&b, body, "logs");
    (void)assay_json_put_object(&b, body, "minVersions");
    assert_int_equal(assay_json_builder_check(&b, body, NULL), ASSAY_OK);
    return body;
}

static void make_fixture(struct fixture *ret)
{
    for (unsigned char i = 0; i < 3; i++) {
        make_key((unsigned char)(10 + i), &ret->roots[i]);
    }
    make_key(20, &ret->receipt);
}

static assay_code sign_and_read(json_t *body, const struct assay_secret_key *const *keys, size_t count,
                                struct assay_trust **ret)
{
    struct assay_buf file;
    assay_buf_init(&file, ASSAY_ENVELOPE_BYTES_MAX);
    assert_int_equal(assay_trust_write(body, keys, count, &file, NULL), ASSAY_OK);
    assay_code rc = assay_trust_read(file.data, file.len, ret, NULL);
    json_decref(body);
    assay_buf_done(&file);
    return rc;
}

static void a_trust_file_needs_its_own_threshold_of_root_keys(void **state)
{
    (void)state;
    struct fixture f;
    struct assay_trust *trust = NULL;
    make_fixture(&f);
    const struct assay_secret_key *both[] = {&f.roots[0], &f.roots[1]}, *one[] = {&f.roots[0]},
                                  *foreign[] = {&f.roots[0], &f.roots[2]}, *receipt[] = {&f.roots[0], &f.receipt};
    assert_int_equal(sign_and_read(make_body(&f, 1, 2, 2), both, 2, &trust), ASSAY_OK);
    assert_int_equal(trust->keys_count, 3);
    assert_int_equal(trust->version, 1);
    assay_trust_free(trust);
    assert_int_equal(sign_and_read(make_body(&f, 1, 2, 2), one, 1, &trust), ASSAY_WANTING);
    assert_int_equal(sign_and_read(make_body(&f, 1, 2, 2), foreign, 2, &trust), ASSAY_WANTING);
    assert_int_equal(sign_and_read(make_body(&f, 1, 2, 2), receipt, 2, &trust), ASSAY_WANTING);
}

static void a_rotation_needs_the_root_keys_of_both_versions_and_a_step_of_one(void **state)
{
    (void)state;
    struct fixture f;
    struct assay_trust *old = NULL, *next = NULL;
    make_fixture(&f);
    const struct assay_secret_key *first[] = {&f.roots[0]}, *second[] = {&f.roots[1]},
                                  *both[] = {&f.roots[0], &f.roots[1]};
    assert_int_equal(sign_and_read(make_body(&f, 4, 1, 1), first, 1, &old), ASSAY_OK);
    f.roots[2] = f.roots[0];
    f.roots[0] = f.roots[1]; /* version 5 knows only the second key */
    assert_int_equal(sign_and_read(make_body(&f, 5, 1, 1), second, 1, &next), ASSAY_OK);
    assert_int_equal(assay_trust_follows(old, next, NULL), ASSAY_WANTING);
    assay_trust_free(next);
    both[0] = &f.roots[2];
    assert_int_equal(sign_and_read(make_body(&f, 5, 1, 1), both, 2, &next), ASSAY_OK);
    assert_int_equal(assay_trust_follows(old, next, NULL), ASSAY_OK);
    assay_trust_free(next);
    assert_int_equal(sign_and_read(make_body(&f, 6, 1, 1), both, 2, &next), ASSAY_OK);
    assert_int_equal(assay_trust_follows(old, next, NULL), ASSAY_WANTING);
    assay_trust_free(next);
    assert_int_equal(sign_and_read(make_body(&f, 4, 1, 1), both, 2, &next), ASSAY_OK);
    assert_int_equal(assay_trust_follows(old, next, NULL), ASSAY_WANTING);
    assay_trust_free(next);
    assay_trust_free(old);
}

/* Each edit makes a body that must be refused. */
static void a_trust_file_with_a_wrong_member_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *object, *name, *value; /* value NULL: dropped */
    } EDITS[] = {
        {"", "version", "0"},
        {"", "version", "\"1\""},
        {"", "expires", "\"2027-02-30T00:00:00Z\""},
        {"", "logs", NULL},
        {"", "extra", "1"},
        {"/roles/root", "threshold", "0"},
        {"/roles/root", "threshold", "17"},
        {"/roles", "log", "{\"threshold\":1}"},
        {"/keys/0", "role", "\"admin\""},
        {"/keys/0", "keyid", "\"0000000000000000000000000000000000000000000000000000000000000000\""},
        {"/keys/0", "public", "\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\""},
        {"/keys/0", "public", "\"AQ==\""},
        {"/keys/0", "runnerIds", "[\"b\",\"a\"]"},
        {"/keys/0", "revokedAt", "\"soon\""},
        {"/keys/0", "notAfter", NULL},
        {"", "minVersions", "{\"p\":\"1\"}"},
        {"", "logs", "[{\"origin\":\"o\"}]"},
        {"", "logs", "[1]"},
        {"", "keys", "[1]"},
        {"", "roles", "{\"root\":{\"threshold\":1}}"},
        {"", "minVersions", "[]"},
        {"", "issued", "\"2026-01-01\""},
        {"/keys/0", "reason", "1"},
        {"/keys/0", "more", "1"},
        {"/keys/0", "minisignId", "1"},
        {"/keys/0", "notBefore", "\"2026-01-01T00:00:00\""},
        {"/roles/receipt", "more", "1"},
        {"", "logs", "[{\"origin\":\"o\",\"vkey\":\"o+1+A\",\"witnesses\":[],\"quorum\":0}]"},
    };
    struct fixture f;
    struct assay_trust *trust = NULL;
    make_fixture(&f);
    const struct assay_secret_key *keys[] = {&f.roots[0]};
    for (size_t i = 0; i < sizeof EDITS / sizeof EDITS[0]; i++) {
        json_t *body = make_body(&f, 1, 1, 1), *object = assay_json_at(body, EDITS[i].object);
        assert_non_null(object);
        if (EDITS[i].value) {
            (void)json_object_set_new(object, EDITS[i].name, read_json(EDITS[i].value));
        } else {
            (void)json_object_del(object, EDITS[i].name);
        }
        if (sign_and_read(body, keys, 1, &trust) == ASSAY_OK) {
            fail_msg("edit %zu was taken", i);
        }
    }
}

/* ---- logs of a trust file ---- */

static json_t *vkey_of(unsigned char first, const char *name, enum assay_note_kind kind)
{
    struct assay_secret_key secret;
    struct assay_public_key public;
    struct assay_note_key key;
    struct assay_buf text;
    make_key(first, &secret);
    assay_secret_key_public(&secret, &public);
    assert_int_equal(assay_note_key_make(name, kind, &public, &key, NULL), ASSAY_OK);
    assay_buf_init(&text, 1024);
    assay_note_key_write(&key, &text);
    json_t *value = json_string(text.data);
    assay_buf_done(&text);
    return value;
}

/* A log of that origin with so many witnesses, of which `same` share one key. */
static json_t *log_of(const char *origin, size_t witnesses, size_t same, json_int_t quorum)
{
    json_t *list = json_array();
    for (size_t i = 0; i < witnesses; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "w%zu.example", i);
        (void)json_array_append_new(list,
                                    vkey_of((unsigned char)(i < same ? 90 : 91 + i), name, ASSAY_NOTE_COSIGNATURE));
    }
    return json_pack("{s:s,s:o,s:o,s:I}", "origin", origin, "vkey", vkey_of(80, origin, ASSAY_NOTE_ED25519),
                     "witnesses", list, "quorum", quorum);
}

static assay_code read_with_logs(json_t *logs, struct assay_trust **ret)
{
    struct fixture f;
    make_fixture(&f);
    const struct assay_secret_key *keys[] = {&f.roots[0]};
    json_t *body = make_body(&f, 1, 1, 1);
    (void)json_object_set_new(body, "logs", logs);
    return sign_and_read(body, keys, 1, ret);
}

static void the_logs_of_a_trust_file_have_one_origin_and_one_key_a_witness(void **state)
{
    (void)state;
    struct assay_trust *trust = NULL;
    assert_int_equal(read_with_logs(json_pack("[o,o]", log_of("a", 3, 1, 3), log_of("b", 0, 0, 0)), &trust), ASSAY_OK);
    assert_int_equal(trust->logs_count, 2);
    assert_int_equal(trust->logs[0].witnesses_count, 3);
    assert_int_equal(trust->logs[0].quorum, 3);
    assert_ptr_equal(assay_trust_log_find(trust, "b"), &trust->logs[1]);
    assert_null(assay_trust_log_find(trust, "c"));
    assay_trust_free(trust);
    assert_int_equal(read_with_logs(json_pack("[o,o]", log_of("a", 0, 0, 0), log_of("a", 0, 0, 0)), &trust),
                     ASSAY_MALFORMED);
    assert_int_equal(read_with_logs(json_pack("[o]", log_of("a", 2, 2, 1)), &trust), ASSAY_MALFORMED);
    assert_int_equal(read_with_logs(json_pack("[o]", log_of("a", 2, 1, 3)), &trust), ASSAY_MALFORMED);
    assert_int_equal(read_with_logs(json_pack("[o]", log_of("a", 64, 1, 64)), &trust), ASSAY_OK);
    assay_trust_free(trust);
    assert_int_equal(read_with_logs(json_pack("[o]", log_of("a", 65, 1, 1)), &trust), ASSAY_MALFORMED);
    json_t *swapped = log_of("a", 1, 1, 1); /* a witness key for the log's, and the other way round */
    (void)json_object_set_new(swapped, "vkey", vkey_of(80, "a", ASSAY_NOTE_COSIGNATURE));
    assert_int_equal(read_with_logs(json_pack("[o]", swapped), &trust), ASSAY_MALFORMED);
    swapped = log_of("a", 1, 1, 1);
    (void)json_array_set_new(json_object_get(swapped, "witnesses"), 0, vkey_of(90, "w", ASSAY_NOTE_ED25519));
    assert_int_equal(read_with_logs(json_pack("[o]", swapped), &trust), ASSAY_MALFORMED);
    json_t *renamed = log_of("a", 0, 0, 0);
    (void)json_object_set_new(renamed, "origin", json_string("b"));
    assert_int_equal(read_with_logs(json_pack("[o]", renamed), &trust), ASSAY_MALFORMED);
}

static void a_trust_file_holds_at_most_256_keys_and_64_logs(void **state)
{
    (void)state;
    struct assay_trust *trust = NULL;
    json_t *logs = json_array();
    for (size_t i = 0; i < 65; i++) {
        char origin[8];
        (void)snprintf(origin, sizeof origin, "o%zu", i);
        (void)json_array_append_new(logs, log_of(origin, 0, 0, 0));
        if (i == 63) {
            assert_int_equal(read_with_logs(json_deep_copy(logs), &trust), ASSAY_OK);
            assay_trust_free(trust);
        }
    }
    assert_int_equal(read_with_logs(logs, &trust), ASSAY_TOO_LARGE);
    struct fixture f;
    struct assay_json_builder b = {0};
    make_fixture(&f);
    const struct assay_secret_key *keys[] = {&f.roots[0]};
    json_t *body = make_body(&f, 1, 1, 1), *list = json_object_get(body, "keys");
    while (json_array_size(list) < 257) {
        put_key(&b, list, &f.receipt, "receipt"); /* not sorted either: it must not come to that */
    }
    assert_int_equal(sign_and_read(body, keys, 1, &trust), ASSAY_TOO_LARGE);
    struct assay_buf file;
    assay_buf_init(&file, ASSAY_ENVELOPE_BYTES_MAX);
    json_t *no_object = json_array();
    assert_int_equal(assay_trust_write(no_object, keys, 1, &file, NULL), ASSAY_OK);
    assert_int_equal(assay_trust_read(file.data, file.len, &trust, NULL), ASSAY_MALFORMED);
    json_decref(no_object);
    assay_buf_done(&file);
}

/* ---- log entries ---- */

static void append_intent(struct assay_buf *log, unsigned char run, uint64_t counter, const char *previous,
                          const struct assay_secret_key *key)
{
    struct assay_buf entry;
    struct assay_public_key public;
    uint8_t run_id[16] = {run}, request[32] = {1}, plan[32] = {run};
    struct assay_intent intent = {.run_id = run_id,
                                  .request_sha256 = request,
                                  .plan_sha256 = plan,
                                  .counter = counter,
                                  .previous = previous,
                                  .nonce = ""};
    assay_secret_key_public(key, &public);
    assay_public_key_id(&public, &intent.keyid);
    assay_buf_init(&entry, ASSAY_LOG_ENTRY_BYTES_MAX);
    assert_int_equal(assay_intent_write(&intent, key, &entry, NULL), ASSAY_OK);
    assert_int_equal(assay_entry_append(entry.data, entry.len, log, NULL), ASSAY_OK);
    assay_buf_done(&entry);
}

static void append_outcome(struct assay_buf *log, enum assay_entry_kind kind, unsigned char run, unsigned char content,
                           const struct assay_secret_key *key)
{
    struct assay_buf entry;
    uint8_t run_id[16] = {run};
    struct assay_digest payload = {{content}};
    assay_buf_init(&entry, ASSAY_LOG_ENTRY_BYTES_MAX);
    assert_int_equal(assay_outcome_write(kind, run_id, &payload, key, &entry, NULL), ASSAY_OK);
    assert_int_equal(assay_entry_append(entry.data, entry.len, log, NULL), ASSAY_OK);
    assay_buf_done(&entry);
}

#define DOCUMENT_5 "0500000000000000000000000000000000000000000000000000000000000000"

static void an_honest_log_has_no_findings_and_its_runs_are_counted(void **state)
{
    (void)state;
    struct assay_secret_key key;
    struct assay_buf log;
    struct assay_tlog_book book;
    static struct assay_tlog_audit audit;
    struct assay_tlog_earlier earlier;
    const struct assay_digest request = {{1}};
    make_key(1, &key);
    assay_buf_init(&log, 1 << 20);
    append_intent(&log, 1, 1, NULL, &key);
    append_outcome(&log, ASSAY_ENTRY_RECEIPT, 1, 5, &key);
    append_intent(&log, 2, 2, DOCUMENT_5, &key);
    append_intent(&log, 3, 2, DOCUMENT_5, &key); /* run 2 left no document: its number is used again */
    assert_int_equal(assay_tlog_book_read(log.data, log.len, &book, NULL), ASSAY_OK);
    assert_int_equal(assay_tlog_book_audit(&book, NULL, &audit, NULL), ASSAY_OK);
    assert_int_equal(audit.findings_count, 0);
    assert_int_equal(audit.intents, 3);
    assert_int_equal(audit.open, 2);
    assert_int_equal(assay_tlog_book_earlier(&book, &request, 3, &earlier, NULL), ASSAY_OK);
    assert_int_equal(earlier.intents, 2);
    assert_int_equal(earlier.receipts, 1);
    assert_int_equal(earlier.open, 1);
    struct assay_digest root, grown;
    assay_tlog_book_root(&book, book.count, &root);
    assay_merkle_root(&book.tree, &grown);
    assert_true(assay_digest_equal(&root, &grown));
    assay_tlog_book_done(&book);
    assay_buf_done(&log);
}

static size_t findings_of(void (*fill)(struct assay_buf *, const struct assay_secret_key *,
                                       const struct assay_secret_key *))
{
    struct assay_secret_key key, other;
    struct assay_buf log;
    struct assay_tlog_book book;
    static struct assay_tlog_audit audit;
    make_key(1, &key);
    make_key(2, &other);
    assay_buf_init(&log, 1 << 20);
    append_intent(&log, 1, 1, NULL, &key);
    append_outcome(&log, ASSAY_ENTRY_RECEIPT, 1, 5, &key);
    fill(&log, &key, &other);
    assert_int_equal(assay_tlog_book_read(log.data, log.len, &book, NULL), ASSAY_OK);
    assert_int_equal(assay_tlog_book_audit(&book, NULL, &audit, NULL), ASSAY_OK);
    assay_tlog_book_done(&book);
    assay_buf_done(&log);
    return audit.findings_count;
}

static void counter_gap(struct assay_buf *log, const struct assay_secret_key *key, const struct assay_secret_key *other)
{
    (void)other;
    append_intent(log, 2, 3, DOCUMENT_5, key);
}

static void counter_back(struct assay_buf *log, const struct assay_secret_key *key,
                         const struct assay_secret_key *other)
{
    (void)other;
    append_intent(log, 2, 1, DOCUMENT_5, key);
}

static void previous_of_nothing(struct assay_buf *log, const struct assay_secret_key *key,
                                const struct assay_secret_key *other)
{
    (void)other;
    append_intent(log, 2, 2, NULL, key);
}

static void second_document(struct assay_buf *log, const struct assay_secret_key *key,
                            const struct assay_secret_key *other)
{
    (void)other;
    append_outcome(log, ASSAY_ENTRY_RECEIPT, 1, 6, key);
}

static void outcome_without_intent(struct assay_buf *log, const struct assay_secret_key *key,
                                   const struct assay_secret_key *other)
{
    (void)other;
    append_outcome(log, ASSAY_ENTRY_RECORD, 9, 6, key);
}

static void intent_twice(struct assay_buf *log, const struct assay_secret_key *key,
                         const struct assay_secret_key *other)
{
    (void)other;
    append_intent(log, 2, 2, DOCUMENT_5, key);
    append_intent(log, 2, 2, DOCUMENT_5, key);
}

static void outcome_by_another_key(struct assay_buf *log, const struct assay_secret_key *key,
                                   const struct assay_secret_key *other)
{
    append_intent(log, 2, 2, DOCUMENT_5, key);
    append_outcome(log, ASSAY_ENTRY_RECEIPT, 2, 6, other);
}

static void each_fault_of_a_log_is_one_finding(void **state)
{
    (void)state;
    void (*const FAULTS[])(struct assay_buf *, const struct assay_secret_key *, const struct assay_secret_key *) = {
        counter_gap,  counter_back,           previous_of_nothing,    second_document,
        intent_twice, outcome_without_intent, outcome_by_another_key,
    };
    for (size_t i = 0; i < sizeof FAULTS / sizeof FAULTS[0]; i++) {
        if (findings_of(FAULTS[i]) != 1) {
            fail_msg("fault %zu", i);
        }
    }
}

static void an_entry_is_read_by_its_form_and_its_signature_is_asked_for(void **state)
{
    (void)state;
    struct assay_secret_key key, other;
    struct assay_public_key public, foreign;
    struct assay_buf log;
    struct assay_tlog_row row;
    bool is_signed;
    make_key(1, &key);
    make_key(2, &other);
    assay_secret_key_public(&key, &public);
    assay_secret_key_public(&other, &foreign);
    assay_buf_init(&log, 1 << 20);
    append_intent(&log, 1, 1, NULL, &key);
    struct assay_slice entry = {log.data + 2, log.len - 2};
    assert_int_equal(assay_tlog_row_read(entry, &row, NULL), ASSAY_OK);
    assert_int_equal(row.kind, ASSAY_ENTRY_INTENT);
    assert_int_equal(assay_tlog_row_is_signed_by(&row, &public, &is_signed, NULL), ASSAY_OK);
    assert_true(is_signed);
    assert_int_equal(assay_tlog_row_is_signed_by(&row, &foreign, &is_signed, NULL), ASSAY_OK);
    assert_false(is_signed);
    static const char *const BODIES[] = {
        "{}",
        "{\"intent\":{}}",
        "{\"abandoned\":{\"runId\":\"00\"}}",
        "{\"abandoned\":{\"runId\":\"00112233445566778899aabbccddeeff\",\"x\":1}}",
        "{\"abandoned\":{\"runId\":\"00112233445566778899aabbccddeeff\"},\"trust\":{}}",
        "{\"other\":{}}",
    };
    const struct assay_secret_key *keys[] = {&key, &other};
    for (size_t i = 0; i < sizeof BODIES / sizeof BODIES[0]; i++) {
        json_t *body = read_json(BODIES[i]);
        assay_buf_clear(&log);
        assert_int_equal(assay_envelope_write(ASSAY_LOG_ENTRY_TYPE, body, keys, 1, &log, NULL), ASSAY_OK);
        if (assay_tlog_row_read((struct assay_slice){log.data, log.len}, &row, NULL) == ASSAY_OK) {
            fail_msg("body %zu was read", i);
        }
        json_decref(body);
    }
    json_t *body = read_json("{\"abandoned\":{\"runId\":\"00112233445566778899aabbccddeeff\"}}");
    for (size_t count = 0; count <= 2; count++) { /* exactly one signature */
        assay_buf_clear(&log);
        assert_int_equal(assay_envelope_write(ASSAY_LOG_ENTRY_TYPE, body, keys, count, &log, NULL), ASSAY_OK);
        assert_int_equal(assay_tlog_row_read((struct assay_slice){log.data, log.len}, &row, NULL) == ASSAY_OK,
                         count == 1);
    }
    json_decref(body);
    assay_buf_done(&log);
}

enum { VALUE_MAX = 80 }; /* bytes: a digest in quotes takes 66 */

/* What the fast reader takes, the reader proper takes too, and reads the same. */
static bool is_plain_and_the_same(const char *bytes, size_t len)
{
    struct assay_tlog_row plain, proper;
    struct assay_buf scratch;
    struct assay_slice entry = {bytes, len};
    assay_buf_init(&scratch, ASSAY_LOG_ENTRY_BYTES_MAX);
    bool is_plain = tlog_row_read_plain(entry, &scratch, &plain);
    assay_buf_done(&scratch);
    if (!is_plain) {
        return false;
    }
    assert_int_equal(assay_tlog_row_read(entry, &proper, NULL), ASSAY_OK);
    assert_int_equal(plain.kind, proper.kind);
    assert_memory_equal(plain.run_id, proper.run_id, sizeof plain.run_id);
    assert_true(assay_digest_equal(&plain.signer, &proper.signer));
    assert_true(assay_digest_equal(&plain.content, &proper.content));
    assert_int_equal(plain.has_previous, proper.has_previous);
    assert_true(!plain.has_previous || assay_digest_equal(&plain.previous, &proper.previous));
    if (plain.kind == ASSAY_ENTRY_INTENT) {
        assert_true(assay_digest_equal(&plain.request, &proper.request));
        assert_true(assay_digest_equal(&plain.head_root, &proper.head_root));
        assert_int_equal(plain.head_size, proper.head_size);
        assert_int_equal(plain.counter, proper.counter);
    }
    return true;
}

/* The entry with its body's values cut off at their start, a value whole among them: {"counter":,"head": and the like.
 */
static void cut_values(const char *entry, size_t len)
{
    struct assay_slice rest = {entry, len};
    struct assay_buf body, made;
    (void)assay_slice_cut(&rest, ':');
    rest = (struct assay_slice){rest.data + 1, rest.len - 1};
    struct assay_slice payload = assay_slice_cut(&rest, '"');
    assay_buf_init(&body, ASSAY_LOG_ENTRY_BYTES_MAX);
    assay_buf_init(&made, 2 * ASSAY_LOG_ENTRY_BYTES_MAX);
    assert_int_equal(assay_base64_decode(payload.data, payload.len, &body, NULL), ASSAY_OK);
    for (size_t at = 1; at < body.len; at++) {
        for (size_t n = 1; body.data[at - 1] == ':' && n <= VALUE_MAX && n <= body.len - at; n++) {
            struct assay_buf cut;
            assay_buf_init(&cut, ASSAY_LOG_ENTRY_BYTES_MAX);
            assay_buf_append(&cut, body.data, at);
            assay_buf_append(&cut, body.data + at + n, body.len - at - n);
            assay_buf_clear(&made);
            assay_buf_text(&made, "{\"payload\":\"");
            assay_base64_append(&made, cut.data, cut.len);
            assay_buf_char(&made, '"');
            assay_buf_append(&made, rest.data, rest.len);
            (void)is_plain_and_the_same(made.data, made.len);
            assay_buf_done(&cut);
        }
    }
    assay_buf_done(&body);
    assay_buf_done(&made);
}

/* The entry with one byte of its body, or of its envelope, replaced. */
static void edit_entry(const char *entry, size_t len, size_t *ret_taken)
{
    static const char BYTES[] = {'0', 'a', 'A', '"', ',', ' ', '}', '-', '9', '\\', '/', ':', '`', 'g', '\x80'};
    struct assay_slice rest = {entry, len};
    struct assay_buf body, made;
    (void)assay_slice_cut(&rest, ':');
    rest = (struct assay_slice){rest.data + 1, rest.len - 1};
    struct assay_slice payload = assay_slice_cut(&rest, '"');
    assay_buf_init(&body, ASSAY_LOG_ENTRY_BYTES_MAX);
    assay_buf_init(&made, 2 * ASSAY_LOG_ENTRY_BYTES_MAX);
    assert_int_equal(assay_base64_decode(payload.data, payload.len, &body, NULL), ASSAY_OK);
    for (size_t at = 0; at < body.len + len; at++) {
        for (size_t i = 0; i < sizeof BYTES; i++) {
            assay_buf_clear(&made);
            if (at < body.len) {
                char kept = body.data[at];
                body.data[at] = BYTES[i];
                assay_buf_text(&made, "{\"payload\":\"");
                assay_base64_append(&made, body.data, body.len);
                assay_buf_char(&made, '"');
                assay_buf_append(&made, rest.data, rest.len);
                body.data[at] = kept;
            } else {
                assay_buf_append(&made, entry, len);
                made.data[at - body.len] = BYTES[i];
            }
            *ret_taken += is_plain_and_the_same(made.data, made.len) ? 1 : 0;
        }
    }
    assay_buf_done(&body);
    assay_buf_done(&made);
}

static void what_the_fast_reader_of_entries_takes_the_reader_proper_reads_the_same(void **state)
{
    (void)state;
    struct assay_secret_key key;
    struct assay_buf log;
    struct assay_slice rest, entry;
    size_t taken = 0, count = 0;
    make_key(1, &key);
    assay_buf_init(&log, 1 << 20);
    append_intent(&log, 1, 1, NULL, &key);
    append_intent(&log, 2, 123456, DOCUMENT_5, &key);
    append_intent(&log, 3, 12, NULL, &key); /* of which "02" is no number */
    append_outcome(&log, ASSAY_ENTRY_RECEIPT, 1, 5, &key);
    append_outcome(&log, ASSAY_ENTRY_RECORD, 2, 5, &key);
    rest = (struct assay_slice){log.data, log.len};
    while (assay_entry_cut(&rest, &entry)) {
        assert_true(is_plain_and_the_same(entry.data, entry.len));
        assert_false(is_plain_and_the_same(entry.data, entry.len - 1));
        edit_entry(entry.data, entry.len, &taken);
        cut_values(entry.data, entry.len);
        count++;
    }
    assert_int_equal(count, 5);
    assert_true(taken > 1000); /* edits of digits and hex leave an entry that is one */
    assay_buf_done(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worked_example_gives_its_published_signature_and_file),
        cmocka_unit_test(a_signed_receipt_names_its_keys_and_its_place_in_the_chain),
        cmocka_unit_test(an_envelope_is_opened_as_it_was_written_and_no_other_way),
        cmocka_unit_test(a_trust_file_needs_its_own_threshold_of_root_keys),
        cmocka_unit_test(a_rotation_needs_the_root_keys_of_both_versions_and_a_step_of_one),
        cmocka_unit_test(a_trust_file_with_a_wrong_member_is_refused),
        cmocka_unit_test(the_logs_of_a_trust_file_have_one_origin_and_one_key_a_witness),
        cmocka_unit_test(a_trust_file_holds_at_most_256_keys_and_64_logs),
        cmocka_unit_test(an_honest_log_has_no_findings_and_its_runs_are_counted),
        cmocka_unit_test(each_fault_of_a_log_is_one_finding),
        cmocka_unit_test(an_entry_is_read_by_its_form_and_its_signature_is_asked_for),
        cmocka_unit_test(what_the_fast_reader_of_entries_takes_the_reader_proper_reads_the_same),
    };
    if (assay_crypto_init(NULL) != ASSAY_OK) {
        return 1;
    }
    assay_json_init();
    return cmocka_run_group_tests_name("record_sign", tests, NULL, NULL);
}
