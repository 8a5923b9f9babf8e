/*
 * Every member of trust files, log entries and envelopes against tests/golden/record/trust.txt, entries.txt and
 * envelopes.txt: which values each takes, as what they are read, and what is said of the others. And each of them with
 * every amount of memory that is not enough.
 */
#include "base/mem.h"
#include "record/log_entry_plain.h"
#include "record/record.h"
#include "support/golden.h"
#include "support/sweep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define FILE_MAX ((size_t)4 << 20)
#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEX32 "0123456789abcdef0123456789abcdef"
#define KEY_SMALL "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" /* of small order */
#define SIG64 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="

static const char *const VALUES[] = {
    "0",
    "1",
    "2",
    "3",
    "16",
    "17",
    "-1",
    "9007199254740991",
    "true",
    "\"\"",
    "\"x\"",
    "\"1\"",
    "\"root\"",
    "\"witness\"",
    "\"2026-06-01T00:00:00Z\"",
    "\"2026-02-30T00:00:00Z\"",
    "\"2026-06-01\"",
    "\"" HEX64 "\"",
    "\"" HEX64 "0\"",
    "\"0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef\"",
    "\"" HEX32 "\"",
    "\"" HEX32 "0\"",
    "\"" KEY_SMALL "\"",
    "\"AAAA\"",
    "\"*\"",
    "\"" SIG64 "\"",
    "\"AA" SIG64 "\"",
    "\"eyJhIjoxfQ==\"", /* {"a":1} */
    "\"eyJhIjoxfQ\"",   /* without its padding */
    "\"eyJhIjogMX0=\"", /* {"a": 1} */
    "\"eyJhIjox\"",     /* {"a":1 */
    "\"Pz8_Pj4-\"",     /* another alphabet */
    "\"application/vnd.in-toto+json\"",
    "\"" ASSAY_LOG_ENTRY_TYPE "\"",
    "[]",
    "[1]",
    "[\"a\",\"b\"]",
    "[\"b\",\"a\"]",
    "[\"a\",\"a\"]",
    "{}",
    "{\"a\":1}",
    "{\"threshold\":1}",
    "{\"absent\":\"why\"}",
    "{\"absent\":1}",
    "{\"absent\":\"why\",\"x\":1}",
    "{\"unknown\":\"why\"}",
    "\"_w==\"",
    "\"-w==\"",
};
enum { VALUES_COUNT = sizeof VALUES / sizeof VALUES[0] };

static void put_hex(struct assay_buf *out, const char *name, const void *bytes, size_t len)
{
    char text[2 * 64 + 1];
    assert_true(len <= 64);
    assay_hex_print(bytes, len, text);
    assay_buf_printf(out, "%s %s\n", name, text);
}

static void put_refusal(const assay_err *err, struct assay_buf *ret)
{
    static const struct {
        assay_code code;
        const char *text;
    } OTHERS[] = {
        {ASSAY_TOO_LARGE, "(too large) "}, {ASSAY_WANTING, "(wanting) "}, {ASSAY_UNSUPPORTED, "(unsupported) "}};
    for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++) {
        assay_buf_text(ret, OTHERS[i].code == err->code ? OTHERS[i].text : "");
    }
    sweep_refusal(err, ret);
}

static void hold(const char *golden, const struct sweep *sweeps, size_t count)
{
    struct assay_buf found;
    assay_buf_init(&found, FILE_MAX);
    sweep_list_values(VALUES, VALUES_COUNT, &found);
    for (size_t i = 0; i < count; i++) {
        struct sweep sweep = sweeps[i];
        sweep.values = VALUES;
        sweep.values_count = VALUES_COUNT;
        sweep_document(&sweep, &found);
    }
    golden_hold(golden, &found);
    assay_buf_done(&found);
}

static void make_key(unsigned char first, struct assay_secret_key *ret)
{
    unsigned char seed[ASSAY_SEED_BYTES] = {first, 3};
    assay_secret_key_init(ret, seed);
}

static json_t *json_of(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    if (!value) {
        fail_msg("no JSON: %s", text);
    }
    return value;
}

/* ---- trust files ------------------------------------------------------------------------------------------------ */

/* Of the key that is made from `first`. */
static void key_texts(unsigned char first, struct assay_digest *ret_id, char ret_base64[64])
{
    struct assay_secret_key key;
    struct assay_public_key public;
    struct assay_buf text;
    make_key(first, &key);
    assay_secret_key_public(&key, &public);
    assay_public_key_id(&public, ret_id);
    assay_buf_init(&text, 64);
    assay_base64_append(&text, public.bytes, sizeof public.bytes);
    (void)snprintf(ret_base64, 64, "%s", text.data);
    assay_buf_done(&text);
}

static json_t *trust_key(unsigned char first, const char *role, const char *more)
{
    struct assay_digest id;
    char hex[ASSAY_DIGEST_TEXT_BYTES], base64[64];
    key_texts(first, &id, base64);
    assay_digest_print(&id, hex);
    json_t *key = json_of(more);
    (void)json_object_set_new(key, "keyid", json_string(hex));
    (void)json_object_set_new(key, "public", json_string(base64));
    (void)json_object_set_new(key, "role", json_string(role));
    (void)json_object_set_new(key, "minisignId", json_string("0000000000000000"));
    return key;
}

static json_t *vkey(unsigned char first, const char *name, enum assay_note_kind kind)
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

#define ROOT_SEED 4 /* its keyid stands before that of the other key */
#define RECEIPT_SEED 1

static json_t *trust_body(void)
{
    static const char VALID[] =
        "{\"notBefore\":\"2026-01-01T00:00:00Z\",\"notAfter\":\"2027-01-01T00:00:00Z\",\"runnerIds\":[\"a\",\"c\"]}";
    static const char REVOKED[] =
        "{\"notBefore\":\"2026-01-02T00:00:00Z\",\"notAfter\":\"2027-01-02T00:00:00Z\",\"runnerIds\":[],"
        "\"revokedAt\":\"2026-09-01T00:00:00Z\",\"reason\":\"lost\"}";
    json_t *keys = json_array(), *root = trust_key(ROOT_SEED, "root", VALID),
           *other = trust_key(RECEIPT_SEED, "receipt", REVOKED);
    bool is_first = strcmp(json_string_value(json_object_get(root, "keyid")),
                           json_string_value(json_object_get(other, "keyid"))) < 0;
    (void)json_array_append_new(keys, is_first ? root : other);
    (void)json_array_append_new(keys, is_first ? other : root);
    json_t *body =
        json_of("{\"version\":5,\"issued\":\"2026-01-01T00:00:00Z\",\"expires\":\"2027-01-01T00:00:00Z\",\"roles\":{"
                "\"root\":{\"threshold\":1},\"receipt\":{\"threshold\":2}},\"minVersions\":{\"p\":4,\"q\":7}}");
    (void)json_object_set_new(body, "keys", keys);
    (void)json_object_set_new(body, "logs",
                              json_pack("[{s:s,s:o,s:[o,o],s:i},{s:s,s:o,s:[],s:i}]", "origin", "log.example", "vkey",
                                        vkey(20, "log.example", ASSAY_NOTE_ED25519), "witnesses",
                                        vkey(21, "w.example", ASSAY_NOTE_COSIGNATURE),
                                        vkey(22, "v.example", ASSAY_NOTE_COSIGNATURE), "quorum", 2, "origin",
                                        "other.example", "vkey", vkey(23, "other.example", ASSAY_NOTE_ED25519),
                                        "witnesses", "quorum", 0));
    return body;
}

static void put_trust(const struct assay_trust *trust, struct assay_buf *out)
{
    assay_buf_printf(out, "version %llu\nissued %lld\nexpires %lld\nroot threshold %llu\nreceipt threshold %llu\n",
                     (unsigned long long)trust->version, (long long)trust->issued_s, (long long)trust->expires_s,
                     (unsigned long long)trust->root_threshold, (unsigned long long)trust->receipt_threshold);
    for (size_t i = 0; i < trust->keys_count; i++) {
        const struct assay_trust_key *key = &trust->keys[i];
        assert_ptr_equal(assay_trust_key_find(trust, &key->keyid), key);
        put_hex(out, "key", key->keyid.bytes, sizeof key->keyid.bytes);
        put_hex(out, "public", key->public.bytes, sizeof key->public.bytes);
        assay_buf_printf(out, "%zu: %s from %lld to %lld", i, assay_role_text(key->role), (long long)key->not_before_s,
                         (long long)key->not_after_s);
        if (key->is_revoked) {
            assay_buf_printf(out, " revoked %lld", (long long)key->revoked_at_s);
        }
        assay_buf_printf(out, " runs %s%s%s\n", assay_trust_key_has_runner(key, "a") ? "a" : "",
                         assay_trust_key_has_runner(key, "b") ? "b" : "",
                         assay_trust_key_has_runner(key, "c") ? "c" : "");
    }
    for (size_t i = 0; i < trust->logs_count; i++) {
        const struct assay_trust_log *log = &trust->logs[i];
        assert_ptr_equal(assay_trust_log_find(trust, log->log.name), log);
        assay_buf_printf(out, "log %s quorum %llu of", log->log.name, (unsigned long long)log->quorum);
        for (size_t w = 0; w < log->witnesses_count; w++) {
            assay_buf_printf(out, " %s", log->witnesses[w].name);
        }
        assay_buf_char(out, '\n');
    }
    const struct assay_digest none = {{0}};
    assert_null(assay_trust_key_find(trust, &none));
    assert_null(assay_trust_log_find(trust, "none"));
    assay_buf_printf(out, "least versions %zu\n", json_object_size(trust->min_versions));
}

static void write_trust(const json_t *body, struct assay_buf *ret)
{
    struct assay_secret_key root;
    const struct assay_secret_key *const keys[] = {&root};
    make_key(ROOT_SEED, &root);
    assay_buf_init(ret, FILE_MAX);
    assert_int_equal(assay_trust_write(body, keys, 1, ret, NULL), ASSAY_OK);
}

static void ask_trust(const json_t *body, struct assay_buf *ret, void *context)
{
    struct assay_trust *trust = NULL;
    struct assay_buf file;
    assay_err err = {0};
    (void)context;
    write_trust(body, &file);
    if (assay_trust_read(file.data, file.len, &trust, &err) == ASSAY_OK) {
        struct assay_digest digest;
        assay_sha256_of(file.data, file.len, &digest);
        assert_true(assay_digest_equal(&digest, &trust->digest));
        put_trust(trust, ret);
        assay_trust_free(trust);
    } else {
        put_refusal(&err, ret);
        assert_null(trust);
    }
    assay_buf_done(&file);
}

static void every_member_of_a_trust_file_takes_what_its_line_says(void **state)
{
    (void)state;
    json_t *body = trust_body();
    const struct sweep sweep = {.name = "trust file", .document = body, .ask = ask_trust};
    hold("record/trust.txt", &sweep, 1);
    json_decref(body);
}

static assay_code read_trust(void *context)
{
    struct assay_trust *trust = NULL;
    const struct assay_buf *file = context;
    assay_code rc = assay_trust_read(file->data, file->len, &trust, NULL);
    assay_trust_free(trust);
    return rc;
}

static assay_code write_again(void *context)
{
    struct assay_secret_key root;
    const struct assay_secret_key *const keys[] = {&root};
    struct assay_buf file;
    make_key(ROOT_SEED, &root);
    assay_buf_init(&file, FILE_MAX);
    assay_code rc = assay_trust_write(context, keys, 1, &file, NULL);
    assert_true(rc != ASSAY_OK || file.data[file.len - 1] == '\n');
    assay_buf_done(&file);
    return rc;
}

static void a_trust_file_that_memory_is_too_short_for_is_neither_written_nor_read(void **state)
{
    (void)state;
    struct assay_buf file;
    json_t *body = trust_body();
    write_trust(body, &file);
    assert_true(sweep_memory(read_trust, &file, false) > 20);
    assert_true(sweep_memory(write_again, body, false) > 10);
    json_decref(body);
    assay_buf_done(&file);
}

/* One root key more or less than the threshold; the same key twice is one. */
static void a_quorum_of_a_trust_file_has_at_most_all_witnesses(void **state)
{
    (void)state;
    for (size_t witnesses = ASSAY_TRUST_WITNESSES_MAX - 1; witnesses <= ASSAY_TRUST_WITNESSES_MAX + 1; witnesses++) {
        struct assay_buf answer;
        json_t *body = trust_body(), *log = json_array_get(json_object_get(body, "logs"), 1), *list = json_array();
        for (size_t i = 0; i < witnesses; i++) {
            char name[32];
            (void)snprintf(name, sizeof name, "w%zu.example", i);
            (void)json_array_append_new(list, vkey((unsigned char)(100 + i), name, ASSAY_NOTE_COSIGNATURE));
        }
        (void)json_object_set_new(log, "witnesses", list);
        (void)json_object_set_new(log, "quorum", json_integer((json_int_t)witnesses));
        assay_buf_init(&answer, FILE_MAX);
        ask_trust(body, &answer, NULL);
        if ((answer.data[0] != '!') != (witnesses <= ASSAY_TRUST_WITNESSES_MAX)) {
            fail_msg("%zu witnesses: %s", witnesses, answer.data);
        }
        assay_buf_done(&answer);
        json_decref(body);
    }
}

static void expect_trust(json_t *taken, const char *words)
{
    struct assay_buf answer;
    assay_buf_init(&answer, FILE_MAX);
    ask_trust(taken, &answer, NULL);
    if (!strstr(answer.data, words)) {
        fail_msg("'%s', not '%s'", answer.data, words);
    }
    json_decref(taken);
    assay_buf_done(&answer);
}

static void keys_of_a_trust_file_are_at_most_256_each_once(void **state)
{
    (void)state;
    for (size_t over = 0; over <= 1; over++) {
        json_t *body = trust_body(), *keys = json_array();
        for (size_t i = 0; i < ASSAY_TRUST_KEYS_MAX + over; i++) {
            (void)json_array_append_new(keys, json_integer(1));
        }
        (void)json_object_set_new(body, "keys", keys);
        expect_trust(body, over ? "(too large) ! trust file: /keys: found ..., expected at most 256"
                                : "/keys/0: found ..., expected an object");
    }
    for (size_t twice = 0; twice < 2; twice++) {
        json_t *body = trust_body(), *keys = json_object_get(body, "keys");
        (void)json_array_insert(keys, twice, json_array_get(keys, twice));
        expect_trust(body,
                     twice ? "/keys/2: expected keys sorted by keyid, each once" : "/keys/1: expected keys sorted");
    }
}

static void no_two_witnesses_of_a_log_share_a_key(void **state)
{
    (void)state;
    for (size_t a = 0; a < 4; a++) {
        for (size_t b = a + 1; b < 4; b++) {
            json_t *body = trust_body(), *list = json_array();
            for (size_t i = 0; i < 4; i++) {
                char name[32];
                (void)snprintf(name, sizeof name, "w%zu.example", i);
                (void)json_array_append_new(list,
                                            vkey((unsigned char)(30 + (i == b ? a : i)), name, ASSAY_NOTE_COSIGNATURE));
            }
            (void)json_object_set_new(json_array_get(json_object_get(body, "logs"), 0), "witnesses", list);
            expect_trust(body, "/logs: one witness key stands twice");
        }
    }
}

static void in_a_trust_file_of_nothing_nothing_is_found(void **state)
{
    (void)state;
    const struct assay_trust none = {.version = 1};
    const struct assay_trust_key key = {.role = ASSAY_ROLE_ROOT};
    const struct assay_digest id = {{0}};
    assert_null(assay_trust_key_find(&none, &id));
    assert_null(assay_trust_log_find(&none, ""));
    assert_false(assay_trust_key_has_runner(&key, ""));
}

/* ---- log entries ------------------------------------------------------------------------------------------------ */

static void put_row(const struct assay_tlog_row *row, struct assay_buf *out)
{
    assay_buf_printf(out, "kind %s\n", assay_entry_kind_text(row->kind));
    put_hex(out, "run", row->run_id, sizeof row->run_id);
    put_hex(out, "signer", row->signer.bytes, sizeof row->signer.bytes);
    put_hex(out, "request", row->request.bytes, sizeof row->request.bytes);
    put_hex(out, "content", row->content.bytes, sizeof row->content.bytes);
    if (row->has_previous) {
        put_hex(out, "previous", row->previous.bytes, sizeof row->previous.bytes);
    }
    put_hex(out, "head", row->head_root.bytes, sizeof row->head_root.bytes);
    assay_buf_printf(out, "head of %llu\ncounter %llu\nversion %llu\n", (unsigned long long)row->head_size,
                     (unsigned long long)row->counter, (unsigned long long)row->version);
}

static void ask_entry(const json_t *body, struct assay_buf *ret, void *context)
{
    struct assay_secret_key key;
    struct assay_public_key public;
    const struct assay_secret_key *const keys[] = {&key};
    struct assay_buf file;
    struct assay_tlog_row row;
    assay_err err = {0};
    bool is_signed = false;
    (void)context;
    make_key(1, &key);
    assay_secret_key_public(&key, &public);
    assay_buf_init(&file, FILE_MAX);
    assert_int_equal(assay_envelope_write(ASSAY_LOG_ENTRY_TYPE, body, keys, 1, &file, NULL), ASSAY_OK);
    if (assay_tlog_row_read((struct assay_slice){file.data, file.len}, &row, &err) == ASSAY_OK) {
        assert_ptr_equal(row.bytes.data, file.data);
        assert_int_equal(row.bytes.len, file.len);
        assert_int_equal(assay_tlog_row_is_signed_by(&row, &public, &is_signed, NULL), ASSAY_OK);
        assert_true(is_signed);
        put_row(&row, ret);
    } else {
        put_refusal(&err, ret);
    }
    assay_buf_done(&file);
}

#define DIGIT(d) d d d d d d d d
#define DIGEST(d) DIGIT(d) DIGIT(d) DIGIT(d) DIGIT(d) DIGIT(d) DIGIT(d) DIGIT(d) DIGIT(d)

static void every_member_of_a_log_entry_takes_what_its_line_says(void **state)
{
    (void)state;
    struct assay_digest id;
    char base64[64], hex[ASSAY_DIGEST_TEXT_BYTES], text[4096];
    struct sweep sweeps[6];
    key_texts(1, &id, base64);
    assay_digest_print(&id, hex);
    static const struct {
        const char *name, *format;
    } ENTRIES[] = {
        {"intent",
         "{\"intent\":{\"runId\":\"" HEX32 "\",\"requestSha256\":\"" DIGEST("1") "\",\"planSha256\":\"" DIGEST(
             "2") "\",\"policySha256\":\"" DIGEST("3") "\",\"keyid\":\"%s\",\"counter\":7,\"previous\":"
                                                       "\"" DIGEST("4") "\",\"head\":{\"size\":9,\"root\":"
                                                                        "\"" DIGEST("5") "\"},\"nonce\":"
                                                                                         "\"" DIGEST("6") "\"}"
                                                                                                          "}"},
        {"receipt", "{\"receipt\":{\"runId\":\"" HEX32 "\",\"payloadSha256\":\"" DIGEST("1") "\",\"keyid\":\"%s\"}}"},
        {"record", "{\"record\":{\"runId\":\"" HEX32 "\",\"payloadSha256\":\"" DIGEST("1") "\",\"keyid\":\"%s\"}}"},
        {"abandoned", "{\"abandoned\":{\"runId\":\"" HEX32 "\"}}"},
        {"policy", "{\"policy\":{\"name\":\"p\",\"version\":5,\"sha256\":\"" DIGEST("1") "\"}}"},
        {"trust", "{\"trust\":{\"version\":5,\"sha256\":\"" DIGEST("1") "\"}}"},
    };
    for (size_t i = 0; i < 6; i++) {
        const char *hole = strstr(ENTRIES[i].format, "%s");
        (void)snprintf(text, sizeof text, "%.*s%s%s",
                       hole ? (int)(hole - ENTRIES[i].format) : (int)strlen(ENTRIES[i].format), ENTRIES[i].format,
                       hole ? hex : "", hole ? hole + 2 : "");
        sweeps[i] = (struct sweep){.name = ENTRIES[i].name, .document = json_of(text), .ask = ask_entry};
    }
    hold("record/entries.txt", sweeps, 6);
    for (size_t i = 0; i < 6; i++) {
        json_decref((json_t *)(uintptr_t)sweeps[i].document);
    }
}

struct signed_row {
    struct assay_tlog_row row;
    struct assay_public_key public;
};

static assay_code read_row(void *context)
{
    const struct signed_row *one = context;
    struct assay_tlog_row row;
    return assay_tlog_row_read(one->row.bytes, &row, NULL);
}

static assay_code ask_signer(void *context)
{
    const struct signed_row *one = context;
    bool is_signed = false;
    assay_code rc = assay_tlog_row_is_signed_by(&one->row, &one->public, &is_signed, NULL);
    assert_int_equal(is_signed, rc == ASSAY_OK);
    return rc;
}

static void of_what_is_no_entry_nobody_is_the_signer(void **state)
{
    (void)state;
    static const char *const NONE[] = {"", "{}", "[]",
                                       "{\"payload\":\"e30=\",\"payloadType\":\"x\",\"signatures\":[]}"};
    const struct assay_digest payload = {{1}};
    const uint8_t run_id[16] = {1};
    struct signed_row one;
    struct assay_secret_key key;
    struct assay_buf entry;
    assay_err err = {0};
    make_key(1, &key);
    assay_secret_key_public(&key, &one.public);
    for (size_t i = 0; i < sizeof NONE / sizeof NONE[0]; i++) {
        one.row = (struct assay_tlog_row){.bytes = {NONE[i], strlen(NONE[i])}};
        assert_int_equal(ask_signer(&one), ASSAY_MALFORMED);
        assert_int_equal(assay_tlog_row_read(one.row.bytes, &one.row, &err), ASSAY_MALFORMED);
    }
    assay_buf_init(&entry, FILE_MAX);
    assert_int_equal(assay_outcome_write(ASSAY_ENTRY_RECEIPT, run_id, &payload, &key, &entry, NULL), ASSAY_OK);
    one.row = (struct assay_tlog_row){.bytes = {entry.data, entry.len}};
    assert_true(sweep_memory(ask_signer, &one, false) > 5);
    assert_true(sweep_memory(read_row, &one, false) > 5);
    assay_buf_done(&entry);
}

/* The limit is that of the entry, whatever stands before it. */
static void an_entry_is_written_behind_what_is_there(void **state)
{
    (void)state;
    uint8_t run_id[16] = {1};
    const struct assay_digest payload = {{3}};
    struct assay_secret_key key;
    struct assay_buf all;
    size_t len = 0;
    make_key(1, &key);
    assay_buf_init(&all, FILE_MAX);
    for (size_t i = 1; i <= 12; i++) {
        assert_int_equal(assay_outcome_write(ASSAY_ENTRY_RECORD, run_id, &payload, &key, &all, NULL), ASSAY_OK);
        len = i == 1 ? all.len : len;
        assert_int_equal(all.len, i * len);
        assert_memory_equal(all.data + (i - 1) * len, all.data, len);
    }
    assert_true(all.len > ASSAY_LOG_ENTRY_BYTES_MAX);
    assay_buf_done(&all);
}

/* A log of three entries: one that the fast reader takes, one that it does not, and one more of the first run. */
static void make_log(struct assay_buf *ret)
{
    uint8_t run[16] = {1}, digest[32] = {2};
    struct assay_intent intent = {
        .run_id = run, .request_sha256 = digest, .plan_sha256 = digest, .counter = 1, .nonce = ""};
    const struct assay_digest payload = {{3}};
    struct assay_secret_key key;
    struct assay_public_key public;
    struct assay_buf entry;
    make_key(1, &key);
    assay_secret_key_public(&key, &public);
    assay_public_key_id(&public, &intent.keyid);
    assay_buf_init(&entry, FILE_MAX);
    assay_buf_init(ret, FILE_MAX);
    assert_int_equal(assay_intent_write(&intent, &key, &entry, NULL), ASSAY_OK);
    assert_int_equal(assay_entry_append(entry.data, entry.len, ret, NULL), ASSAY_OK);
    assay_buf_clear(&entry);
    json_t *fields = json_pack("{s:s}", "runId", HEX32);
    assert_int_equal(assay_tlog_entry_write(ASSAY_ENTRY_ABANDONED, fields, &key, &entry, NULL), ASSAY_OK);
    assert_int_equal(assay_entry_append(entry.data, entry.len, ret, NULL), ASSAY_OK);
    assay_buf_clear(&entry);
    assert_int_equal(assay_outcome_write(ASSAY_ENTRY_RECEIPT, run, &payload, &key, &entry, NULL), ASSAY_OK);
    assert_int_equal(assay_entry_append(entry.data, entry.len, ret, NULL), ASSAY_OK);
    json_decref(fields);
    assay_buf_done(&entry);
}

static assay_code read_log(void *context)
{
    const struct assay_buf *log = context;
    struct assay_tlog_book book;
    assay_code rc = assay_tlog_book_read(log->data, log->len, &book, NULL);
    if (rc == ASSAY_OK) {
        assert_int_equal(book.count, 3);
        assay_tlog_book_done(&book);
    }
    return rc;
}

static assay_code add_to_log(void *context)
{
    const struct assay_buf *log = context;
    struct assay_slice rest = {log->data, log->len}, entry;
    struct assay_tlog_book book;
    assay_code rc = ASSAY_OK;
    assay_tlog_book_begin(&book);
    while (rc == ASSAY_OK && assay_entry_cut(&rest, &entry)) {
        size_t before = book.count;
        rc = assay_tlog_book_add(&book, entry, NULL);
        assert_int_equal(book.count, before + (rc == ASSAY_OK));
    }
    assay_tlog_book_done(&book);
    return rc;
}

static assay_code audit_log(void *context)
{
    static struct assay_tlog_audit audit;
    return assay_tlog_book_audit(context, NULL, &audit, NULL);
}

static assay_code count_earlier(void *context)
{
    const struct assay_digest request = {{2}};
    const struct assay_tlog_book *book = context;
    struct assay_tlog_earlier earlier = {.intents = 99};
    assay_code rc = assay_tlog_book_earlier(book, &request, book->count, &earlier, NULL);
    assert_int_equal(earlier.intents, rc == ASSAY_OK ? 1 : 99);
    return rc;
}

static void a_log_that_memory_is_too_short_for_is_not_read(void **state)
{
    (void)state;
    struct assay_buf log;
    struct assay_tlog_book book;
    make_log(&log);
    assert_true(sweep_memory(read_log, &log, true) > 5); /* what the fast reader lacks, the reader proper may have */
    assert_true(sweep_memory(add_to_log, &log, true) > 5);
    assert_int_equal(assay_tlog_book_read(log.data, log.len, &book, NULL), ASSAY_OK);
    assert_int_equal(sweep_memory(audit_log, &book, false), 6);
    assert_int_equal(sweep_memory(count_earlier, &book, false), 3);
    assay_tlog_book_done(&book);
    assay_buf_done(&log);
}

/* Whether the fast reader takes the entry; what it takes, the reader proper reads the same. */
static bool is_plain(const char *format, const char *hole)
{
    struct assay_secret_key key;
    struct assay_buf entry, scratch, a, b;
    struct assay_tlog_row plain, proper;
    struct assay_digest id;
    char base64[64], hex[ASSAY_DIGEST_TEXT_BYTES];
    static char text[8192];
    make_key(1, &key);
    key_texts(1, &id, base64);
    assay_digest_print(&id, hex);
    const char *first = strchr(format, '@'), *second = strchr(first + 1, '@');
    (void)snprintf(text, sizeof text, "%.*s%s%.*s%s%s", (int)(first - format), format, hex, (int)(second - first - 1),
                   first + 1, hole, second + 1);
    json_t *fields = json_of(text);
    assay_buf_init(&entry, FILE_MAX);
    assay_buf_init(&scratch, FILE_MAX);
    assay_buf_init(&a, FILE_MAX);
    assay_buf_init(&b, FILE_MAX);
    assay_code rc = assay_tlog_entry_write(ASSAY_ENTRY_INTENT, fields, &key, &entry, NULL);
    assert_true(rc == ASSAY_OK || rc == ASSAY_TOO_LARGE);
    assay_buf_text(&scratch, "of the entry before");
    bool is_taken = tlog_row_read_plain((struct assay_slice){entry.data, entry.len}, &scratch, &plain);
    rc = assay_tlog_row_read((struct assay_slice){entry.data, entry.len}, &proper, NULL);
    assert_true(rc != ASSAY_OK || entry.len <= ASSAY_LOG_ENTRY_BYTES_MAX);
    if (is_taken) {
        assert_int_equal(rc, ASSAY_OK);
        put_row(&plain, &a);
        put_row(&proper, &b);
        assert_string_equal(a.data, b.data);
    }
    json_decref(fields);
    assay_buf_done(&entry);
    assay_buf_done(&scratch);
    assay_buf_done(&a);
    assay_buf_done(&b);
    return is_taken;
}

/* The bytes of an entry up to any place, and nothing behind them: a page that cannot be read. */
static void the_fast_reader_looks_at_nothing_behind_an_entry(void **state)
{
    (void)state;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct assay_buf log, scratch;
    struct assay_slice rest, entry;
    struct assay_tlog_row row;
    char *pages = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(pages != MAP_FAILED && mprotect(pages + 2 * page, page, PROT_NONE) == 0);
    assay_buf_init(&scratch, FILE_MAX);
    make_log(&log);
    rest = (struct assay_slice){log.data, log.len};
    assert_true(assay_entry_cut(&rest, &entry));
    for (size_t len = 0; len <= entry.len; len++) {
        char *end = pages + 2 * page;
        memcpy(end - len, entry.data, len);
        assert_int_equal(tlog_row_read_plain((struct assay_slice){end - len, len}, &scratch, &row), len == entry.len);
    }
    assert_int_equal(munmap(pages, 3 * page), 0);
    assay_buf_done(&scratch);
    assay_buf_done(&log);
}

#define INTENT_BEFORE                                                                                                 \
    "{\"runId\":\"" HEX32 "\",\"requestSha256\":\"" HEX64 "\",\"planSha256\":\"" HEX64 "\",\"policySha256\":\"" HEX64 \
    "\",\"keyid\":\"@\","
#define INTENT_BEHIND "\"head\":{\"size\":9,\"root\":\"" HEX64 "\"},\"nonce\":\"" HEX64 "\"}"

static void the_fast_reader_takes_numbers_of_15_digits_and_plain_reasons(void **state)
{
    (void)state;
    static const struct {
        const char *number;
        bool is_due;
    } NUMBERS[] = {{"0", true},
                   {"1", true},
                   {"9", true},
                   {"10", true},
                   {"123456789012345", true},
                   {"999999999999999", true},
                   {"1000000000000000", false},
                   {"9007199254740991", false}};
    static const struct {
        const char *why;
        bool is_due;
    } REASONS[] = {{"", true},         {" ", true},     {"~", true},     {"a b!#[]^~ z", true},
                   {"\\u007f", false}, {"\\\"", false}, {"\\\\", false}, {"\u00e9", false}};
    static char why[4096];
    for (size_t i = 0; i < sizeof NUMBERS / sizeof NUMBERS[0]; i++) {
        bool is_taken =
            is_plain(INTENT_BEFORE "\"previous\":{\"absent\":\"w\"},\"counter\":@," INTENT_BEHIND, NUMBERS[i].number);
        if (is_taken != NUMBERS[i].is_due) {
            fail_msg("%s", NUMBERS[i].number);
        }
    }
    for (size_t i = 0; i < sizeof REASONS / sizeof REASONS[0]; i++) {
        bool is_taken =
            is_plain(INTENT_BEFORE "\"counter\":1,\"previous\":{\"absent\":\"@\"}," INTENT_BEHIND, REASONS[i].why);
        if (is_taken != REASONS[i].is_due) {
            fail_msg("'%s'", REASONS[i].why);
        }
    }
    static const char *const LACKING[] = {
        "{\"runId\":\"" HEX32 "\",\"requestSha256\":\"" HEX64 "\",\"planSha256\":\"" HEX64
        "\",\"keyid\":\"@\",\"counter\":@,\"previous\":\"" HEX64 "\"," INTENT_BEHIND, /* no policy */
        INTENT_BEFORE "\"counter\":@," INTENT_BEHIND,                                 /* no document before */
        INTENT_BEFORE "\"counter\":@,\"previous\":\"" HEX64 "\",\"head\":{\"size\":9,\"root\":\"" HEX64
                      "\"}}", /* no nonce */
    };
    for (size_t i = 0; i < sizeof LACKING / sizeof LACKING[0]; i++) {
        assert_false(is_plain(LACKING[i], "1"));
    }
    assert_true(is_plain(INTENT_BEFORE "\"counter\":@,\"previous\":\"" HEX64 "\"," INTENT_BEHIND, "1"));
    size_t longest = 0;
    for (size_t len = 2200; len < 2320; len++) { /* an entry is 4,096 bytes long in between */
        memset(why, 'w', len);
        why[len] = '\0';
        bool is_taken = is_plain(INTENT_BEFORE "\"counter\":1,\"previous\":{\"absent\":\"@\"}," INTENT_BEHIND, why);
        assert_true(is_taken || longest > 0);
        longest = is_taken ? len : longest;
    }
    assert_int_equal(longest, 2301); /* of 4,096 bytes */
}

/* The body of an entry that was written. */
static void put_body(const struct assay_buf *entry, struct assay_buf *out)
{
    static const struct assay_envelope_kind KIND = {
        .type = ASSAY_LOG_ENTRY_TYPE, .what = "entry", .bytes_max = ASSAY_LOG_ENTRY_BYTES_MAX};
    struct assay_envelope envelope;
    assert_int_equal(assay_envelope_open(&KIND, false, entry->data, entry->len, &envelope, NULL), ASSAY_OK);
    assert_int_equal(envelope.signatures_count, 1);
    assay_buf_append(out, envelope.payload.data, envelope.payload.len);
    assay_buf_char(out, '\n');
    assay_envelope_done(&envelope);
}

struct intent_case {
    struct assay_intent intent;
    struct assay_secret_key key;
};

static assay_code write_intent(void *context)
{
    const struct intent_case *one = context;
    struct assay_buf entry;
    assay_buf_init(&entry, FILE_MAX);
    assay_code rc = assay_intent_write(&one->intent, &one->key, &entry, NULL);
    assay_buf_done(&entry);
    return rc;
}

static assay_code write_outcome(void *context)
{
    const struct intent_case *one = context;
    const struct assay_digest payload = {{7}};
    struct assay_buf entry;
    assay_buf_init(&entry, FILE_MAX);
    assay_code rc = assay_outcome_write(ASSAY_ENTRY_RECORD, one->intent.run_id, &payload, &one->key, &entry, NULL);
    assay_buf_done(&entry);
    return rc;
}

static void an_entry_holds_what_was_given_and_says_what_was_not(void **state)
{
    (void)state;
    uint8_t run[16], request[32], plan[32];
    struct assay_buf entry, found;
    memset(run, 0x11, sizeof run);
    memset(request, 0x22, sizeof request);
    memset(plan, 0x33, sizeof plan);
    struct intent_case one = {.intent = {.run_id = run,
                                         .request_sha256 = request,
                                         .plan_sha256 = plan,
                                         .counter = 12,
                                         .head_size = 34,
                                         .nonce = ""}};
    const struct assay_digest payload = {{7, 8}};
    make_key(1, &one.key);
    memset(one.intent.keyid.bytes, 0x44, sizeof one.intent.keyid.bytes);
    memset(one.intent.head_root.bytes, 0x55, sizeof one.intent.head_root.bytes);
    assay_buf_init(&entry, FILE_MAX);
    assay_buf_init(&found, FILE_MAX);
    for (unsigned given = 0; given < 16; given++) { /* of the three, and empty instead of nothing */
        one.intent.policy_sha256 = given & 1 ? HEX64 : given & 8 ? "" : NULL;
        one.intent.previous = given & 2 ? HEX64 : given & 8 ? "" : NULL;
        one.intent.nonce = given & 4 ? HEX64 : "";
        assay_buf_clear(&entry);
        assert_int_equal(assay_intent_write(&one.intent, &one.key, &entry, NULL), ASSAY_OK);
        put_body(&entry, &found);
    }
    for (int kind = ASSAY_ENTRY_RECEIPT; kind <= ASSAY_ENTRY_RECORD; kind++) {
        assay_buf_clear(&entry);
        assert_int_equal(assay_outcome_write((enum assay_entry_kind)kind, run, &payload, &one.key, &entry, NULL),
                         ASSAY_OK);
        put_body(&entry, &found);
    }
    golden_hold("record/written.txt", &found);
    assert_true(sweep_memory(write_intent, &one, false) > 20);
    assert_true(sweep_memory(write_outcome, &one, false) > 10);
    assay_buf_done(&entry);
    assay_buf_done(&found);
}

/* ---- envelopes -------------------------------------------------------------------------------------------------- */

#define TYPE "application/vnd.example+json"
static const struct assay_envelope_kind EXAMPLE = {.type = TYPE, .what = "example", .bytes_max = 4096};

static void ask_envelope(const json_t *envelope, struct assay_buf *ret, void *context)
{
    const bool *has_line_end = context;
    struct assay_envelope opened;
    struct assay_buf file;
    assay_err err = {0};
    assay_buf_init(&file, FILE_MAX);
    assert_int_equal(assay_json_canon(envelope, &file, NULL), ASSAY_OK);
    assay_buf_text(&file, *has_line_end ? "\n" : "");
    if (assay_envelope_open(&EXAMPLE, *has_line_end, file.data, file.len, &opened, &err) == ASSAY_OK) {
        assay_buf_printf(ret, "payload %.*s\n", (int)opened.payload.len, opened.payload.data);
        for (size_t i = 0; i < opened.signatures_count; i++) {
            put_hex(ret, "keyid", opened.signatures[i].keyid.bytes, 32);
            put_hex(ret, "sig", opened.signatures[i].bytes, 64);
        }
        assay_envelope_done(&opened);
    } else {
        put_refusal(&err, ret);
    }
    assay_buf_done(&file);
}

/* Of a document that nobody judged yet: any white space, either alphabet. */
static void ask_document(const json_t *envelope, struct assay_buf *ret, void *context)
{
    json_t *statement = NULL;
    enum assay_document document = ASSAY_DOCUMENT_RECEIPT;
    assay_err err = {0};
    (void)context;
    char *text = json_dumps(envelope, JSON_INDENT(2));
    if (assay_receipt_read(text, strlen(text), &statement, &document, &err) == ASSAY_OK) {
        char *read = json_dumps(statement, JSON_COMPACT | JSON_SORT_KEYS);
        assay_buf_printf(ret, "%s\n%s\n", assay_document_file(document), read);
        assay_free(read);
        json_decref(statement);
    } else {
        assert_null(statement);
        put_refusal(&err, ret);
    }
    assay_free(text);
}

/* The same, of its payload. */
static void ask_statement(const json_t *statement, struct assay_buf *ret, void *context)
{
    struct assay_buf payload, base64;
    assay_buf_init(&payload, FILE_MAX);
    assay_buf_init(&base64, FILE_MAX);
    assert_int_equal(assay_json_canon(statement, &payload, NULL), ASSAY_OK);
    assay_base64_append(&base64, payload.data, payload.len);
    for (size_t i = 0; i < base64.len; i++) { /* the other alphabet */
        base64.data[i] = base64.data[i] == '+' ? '-' : base64.data[i] == '/' ? '_' : base64.data[i];
    }
    json_t *envelope = json_pack("{s:s}", "payload", base64.data);
    ask_document(envelope, ret, context);
    json_decref(envelope);
    assay_buf_done(&payload);
    assay_buf_done(&base64);
}

static json_t *written_envelope(void)
{
    struct assay_secret_key keys[2];
    const struct assay_secret_key *const pointers[] = {&keys[0], &keys[1]};
    struct assay_buf file;
    json_t *body = json_of("{\"a\":2}"), *envelope = NULL;
    make_key(1, &keys[0]);
    make_key(2, &keys[1]);
    assay_buf_init(&file, FILE_MAX);
    assert_int_equal(assay_envelope_write(TYPE, body, pointers, 2, &file, NULL), ASSAY_OK);
    envelope = json_loadb(file.data, file.len, 0, NULL);
    json_decref(body);
    assay_buf_done(&file);
    return envelope;
}

static void every_member_of_an_envelope_takes_what_its_line_says(void **state)
{
    (void)state;
    static bool without = false, with = true;
    json_t *envelope = written_envelope();
    json_t *receipt =
        json_of("{\"predicateType\":\"" ASSAY_TYPE_RECEIPT "\",\"predicate\":{\"a\":\"\u00fe\u00ff?>?>?>\"}}");
    json_t *record = json_of("{\"predicateType\":\"" ASSAY_TYPE_RECORD "\",\"predicate\":{}}");
    json_t *imported = json_of("{\"predicateType\":\"" ASSAY_TYPE_IMPORTED "\",\"predicate\":{}}");
    const struct sweep sweeps[] = {
        {.name = "envelope", .document = envelope, .ask = ask_envelope, .context = &without},
        {.name = "envelope and line end", .document = envelope, .ask = ask_envelope, .context = &with},
        {.name = "envelope of a document", .document = envelope, .ask = ask_document},
        {.name = "receipt", .document = receipt, .ask = ask_statement},
        {.name = "record", .document = record, .ask = ask_statement},
        {.name = "imported", .document = imported, .ask = ask_statement},
    };
    hold("record/envelopes.txt", sweeps, sizeof sweeps / sizeof sweeps[0]);
    json_decref(envelope);
    json_decref(receipt);
    json_decref(record);
    json_decref(imported);
}

static assay_code open_envelope(void *context)
{
    struct assay_envelope opened;
    struct assay_buf *file = context;
    assay_code rc = assay_envelope_open(&EXAMPLE, false, file->data, file->len, &opened, NULL);
    if (rc == ASSAY_OK) {
        assay_envelope_done(&opened);
    }
    return rc;
}

static assay_code write_envelope(void *context)
{
    struct assay_secret_key keys[2];
    const struct assay_secret_key *const pointers[] = {&keys[0], &keys[1]};
    struct assay_buf file;
    make_key(1, &keys[0]);
    make_key(2, &keys[1]);
    assay_buf_init(&file, FILE_MAX);
    assay_code rc = assay_receipt_sign(context, pointers, 2, &file, NULL);
    assert_true(rc != ASSAY_OK || file.data[file.len - 1] == '\n');
    assay_buf_done(&file);
    return rc;
}

static assay_code read_document(void *context)
{
    struct assay_buf *file = context;
    json_t *statement = NULL;
    enum assay_document document;
    assay_code rc = assay_receipt_read(file->data, file->len, &statement, &document, NULL);
    assert_int_equal(statement != NULL, rc == ASSAY_OK);
    json_decref(statement);
    return rc;
}

static void an_envelope_that_memory_is_too_short_for_is_neither_written_nor_read(void **state)
{
    (void)state;
    struct assay_buf file;
    json_t *envelope = written_envelope(),
           *record = json_of("{\"predicateType\":\"" ASSAY_TYPE_RECORD "\",\"predicate\":{}}");
    assay_buf_init(&file, FILE_MAX);
    assert_int_equal(assay_json_canon(envelope, &file, NULL), ASSAY_OK);
    assert_true(sweep_memory(open_envelope, &file, false) > 10);
    assert_true(sweep_memory(write_envelope, record, false) > 10);
    assay_buf_clear(&file);
    assert_int_equal(assay_receipt_envelope(record, &file, NULL), ASSAY_OK);
    assert_true(sweep_memory(read_document, &file, false) > 10);
    json_decref(envelope);
    json_decref(record);
    assay_buf_done(&file);
}

static void an_envelope_of_sixteen_is_signed_by_these_and_is_empty_once_it_is_done(void **state)
{
    (void)state;
    struct assay_secret_key keys[ASSAY_ENVELOPE_SIGNATURES_MAX + 1];
    const struct assay_secret_key *pointers[ASSAY_ENVELOPE_SIGNATURES_MAX];
    struct assay_envelope opened;
    struct assay_buf file;
    json_t *body = json_of("{\"a\":1}");
    assay_err err = {0};
    for (size_t i = 0; i <= ASSAY_ENVELOPE_SIGNATURES_MAX; i++) {
        make_key((unsigned char)(i + 1), &keys[i]);
        if (i < ASSAY_ENVELOPE_SIGNATURES_MAX) {
            pointers[i] = &keys[i];
        }
    }
    assay_buf_init(&file, FILE_MAX);
    assert_int_equal(assay_envelope_write(TYPE, body, pointers, ASSAY_ENVELOPE_SIGNATURES_MAX, &file, NULL), ASSAY_OK);
    assert_int_equal(assay_envelope_open(&EXAMPLE, false, file.data, file.len, &opened, NULL), ASSAY_OK);
    for (size_t i = 0; i <= ASSAY_ENVELOPE_SIGNATURES_MAX; i++) {
        struct assay_public_key public;
        bool is_signed = i == ASSAY_ENVELOPE_SIGNATURES_MAX;
        assay_secret_key_public(&keys[i], &public);
        assert_int_equal(assay_envelope_is_signed_by(&opened, &EXAMPLE, &public, &is_signed, NULL), ASSAY_OK);
        assert_int_equal(is_signed, i < ASSAY_ENVELOPE_SIGNATURES_MAX);
    }
    for (unsigned i = 0; i < 2; i++) { /* the second time it is fine, too */
        assay_envelope_done(&opened);
        assert_true(!opened.body && !opened.payload.data && opened.signatures_count == 0);
    }
    assert_int_equal(assay_envelope_open(&EXAMPLE, false, "[]", 2, &opened, &err), ASSAY_MALFORMED);
    assert_string_equal(err.message, "example: found an array of 0 elements, expected an object");
    assert_null(opened.body);
    for (size_t i = 0; i < ASSAY_ENVELOPE_SIGNATURES_MAX; i++) { /* one key twice, wherever it stands */
        size_t other = (i + 1) % ASSAY_ENVELOPE_SIGNATURES_MAX;
        pointers[other] = &keys[i];
        assay_buf_clear(&file);
        assert_int_equal(assay_envelope_write(TYPE, body, pointers, ASSAY_ENVELOPE_SIGNATURES_MAX, &file, NULL),
                         ASSAY_USAGE);
        pointers[other] = &keys[other];
    }
    json_decref(body);
    assay_buf_done(&file);
}

/* ---- signers ---------------------------------------------------------------------------------------------------- */

static void put_signed(size_t keys_count, const struct assay_chain *chain, bool has_tier, struct assay_buf *out)
{
    struct assay_secret_key keys[ASSAY_ENVELOPE_SIGNATURES_MAX];
    const struct assay_secret_key *pointers[ASSAY_ENVELOPE_SIGNATURES_MAX];
    json_t *statement =
        json_of(has_tier ? "{\"predicate\":{\"attempts\":{\"runId\":\"r\"},\"tier\":{\"signers\":[\"old\"],\"x\":1}}}"
                         : "{\"predicate\":{\"attempts\":{\"runId\":\"r\",\"counter\":3}}}");
    for (size_t i = 0; i < keys_count; i++) {
        make_key((unsigned char)(i + 1), &keys[i]);
        pointers[i] = &keys[i];
    }
    assert_int_equal(assay_receipt_name_signers(statement, pointers, keys_count, chain, NULL), ASSAY_OK);
    char *text = json_dumps(statement, JSON_COMPACT | JSON_SORT_KEYS);
    assay_buf_printf(out, "%s\n", text);
    assay_free(text);
    json_decref(statement);
}

static void a_statement_names_its_signers_in_order_and_its_place_in_the_chain(void **state)
{
    (void)state;
    struct assay_buf found;
    assay_buf_init(&found, FILE_MAX);
    for (size_t keys = 1; keys <= ASSAY_ENVELOPE_SIGNATURES_MAX; keys += 5) {
        put_signed(keys, &(struct assay_chain){.counter = keys}, true, &found);
        put_signed(keys, &(struct assay_chain){.counter = 0, .previous = HEX64}, false, &found);
    }
    golden_hold("record/signers.txt", &found);
    assay_buf_done(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_of_a_trust_file_takes_what_its_line_says),
        cmocka_unit_test(a_trust_file_that_memory_is_too_short_for_is_neither_written_nor_read),
        cmocka_unit_test(a_quorum_of_a_trust_file_has_at_most_all_witnesses),
        cmocka_unit_test(keys_of_a_trust_file_are_at_most_256_each_once),
        cmocka_unit_test(no_two_witnesses_of_a_log_share_a_key),
        cmocka_unit_test(in_a_trust_file_of_nothing_nothing_is_found),
        cmocka_unit_test(every_member_of_a_log_entry_takes_what_its_line_says),
        cmocka_unit_test(of_what_is_no_entry_nobody_is_the_signer),
        cmocka_unit_test(an_entry_is_written_behind_what_is_there),
        cmocka_unit_test(a_log_that_memory_is_too_short_for_is_not_read),
        cmocka_unit_test(the_fast_reader_looks_at_nothing_behind_an_entry),
        cmocka_unit_test(the_fast_reader_takes_numbers_of_15_digits_and_plain_reasons),
        cmocka_unit_test(an_entry_holds_what_was_given_and_says_what_was_not),
        cmocka_unit_test(every_member_of_an_envelope_takes_what_its_line_says),
        cmocka_unit_test(an_envelope_that_memory_is_too_short_for_is_neither_written_nor_read),
        cmocka_unit_test(an_envelope_of_sixteen_is_signed_by_these_and_is_empty_once_it_is_done),
        cmocka_unit_test(a_statement_names_its_signers_in_order_and_its_place_in_the_chain),
    };
    assay_json_init();
    if (assay_crypto_init(NULL) != ASSAY_OK) {
        return 1;
    }
    return cmocka_run_group_tests_name("record_signed_sweep", tests, NULL, NULL);
}
