/* The forms of signed files that must not be taken: envelopes, log entries, the standing of a key in a log. */
#include "record/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_MAX ((size_t)4 << 20)
#define TYPE "application/vnd.example+json"

static const struct assay_envelope_kind KIND = {.type = TYPE, .what = "example", .bytes_max = 8192};

static void make_key(unsigned char first, struct assay_secret_key *ret)
{
    unsigned char seed[ASSAY_SEED_BYTES] = {first, 7};
    assay_secret_key_init(ret, seed);
}

static json_t *json_of(const char *text)
{
    json_t *value = NULL;
    assert_int_equal(assay_json_read(text, strlen(text), &assay_json_limits_default, &value, NULL), ASSAY_OK);
    return value;
}

/* ---- envelopes ---- */

static assay_code open_text(const char *bytes, size_t len, bool has_line_end)
{
    struct assay_envelope envelope;
    assay_code rc = assay_envelope_open(&KIND, has_line_end, bytes, len, &envelope, NULL);
    if (rc == ASSAY_OK) {
        assay_envelope_done(&envelope);
    }
    return rc;
}

static void write_signed(const char *body_text, unsigned keys_count, struct assay_buf *out)
{
    struct assay_secret_key keys[ASSAY_ENVELOPE_SIGNATURES_MAX];
    const struct assay_secret_key *pointers[ASSAY_ENVELOPE_SIGNATURES_MAX];
    json_t *body = json_of(body_text);
    for (unsigned i = 0; i < keys_count; i++) {
        make_key((unsigned char)(i + 1), &keys[i]);
        pointers[i] = &keys[i];
    }
    assay_buf_init(out, FILE_MAX);
    assert_int_equal(assay_envelope_write(TYPE, body, pointers, keys_count, out, NULL), ASSAY_OK);
    json_decref(body);
}

static void edit_and_open(const struct assay_buf *honest, const char *pointer, const char *value, assay_code due)
{
    json_t *envelope = json_of(honest->data), *made = json_of(value);
    struct assay_buf text;
    char parent[64];
    (void)snprintf(parent, sizeof parent, "%s", pointer);
    char *name = strrchr(parent, '/');
    *name++ = '\0';
    json_t *object = assay_json_at(envelope, parent);
    assert_non_null(object);
    (void)(json_is_array(object) ? json_array_set_new(object, strtoul(name, NULL, 10), made)
                                 : json_object_set_new(object, name, made));
    assay_buf_init(&text, FILE_MAX);
    assert_int_equal(assay_json_canon(envelope, &text, NULL), ASSAY_OK);
    if (open_text(text.data, text.len, false) != due) {
        fail_msg("%s = %s", pointer, value);
    }
    json_decref(envelope);
    assay_buf_done(&text);
}

static void an_envelope_of_another_form_is_refused(void **state)
{
    (void)state;
    static const char SHORT[] = "\"AAAA\"", LONG[] =
                                                "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                                                "AAAAAAAAAAAAAAAAAAAAAAAAAAA\"";
    struct assay_buf honest;
    write_signed("{\"a\":1}", 2, &honest);
    assert_int_equal(open_text(honest.data, honest.len, false), ASSAY_OK);
    edit_and_open(&honest, "/payloadType", "\"" TYPE "\"", ASSAY_OK);
    edit_and_open(&honest, "/payloadType", "\"application/vnd.other+json\"", ASSAY_MALFORMED);
    edit_and_open(&honest, "/payloadType", "1", ASSAY_MALFORMED);
    edit_and_open(&honest, "/payload", "\"eyJhIjogMX0=\"", ASSAY_MALFORMED); /* a space: not canonical */
    edit_and_open(&honest, "/payload", "\"eyJhIjox\"", ASSAY_MALFORMED);
    edit_and_open(&honest, "/payload", "\"\"", ASSAY_MALFORMED);
    edit_and_open(&honest, "/payload", "null", ASSAY_MALFORMED);
    edit_and_open(&honest, "/more", "1", ASSAY_MALFORMED);
    edit_and_open(&honest, "/signatures", "{}", ASSAY_MALFORMED);
    edit_and_open(&honest, "/signatures/0", "1", ASSAY_MALFORMED);
    edit_and_open(&honest, "/signatures/0/more", "1", ASSAY_MALFORMED);
    edit_and_open(&honest, "/signatures/0/keyid", "\"00\"", ASSAY_MALFORMED);
    edit_and_open(&honest, "/signatures/0/sig", SHORT, ASSAY_MALFORMED);
    edit_and_open(&honest, "/signatures/0/sig", LONG, ASSAY_MALFORMED);
    edit_and_open(&honest, "/signatures/0/sig", "\"*\"", ASSAY_MALFORMED);
    assay_buf_done(&honest);
}

static void signatures_stand_in_the_order_of_their_keys_each_once_and_at_most_sixteen(void **state)
{
    (void)state;
    struct assay_buf honest, text;
    write_signed("{\"a\":1}", ASSAY_ENVELOPE_SIGNATURES_MAX, &honest);
    assert_int_equal(open_text(honest.data, honest.len, false), ASSAY_OK);
    json_t *envelope = json_of(honest.data), *list = json_object_get(envelope, "signatures");
    assay_buf_init(&text, FILE_MAX);
    assert_int_equal(json_array_size(list), 16);
    for (unsigned fault = 0; fault < 3; fault++) {
        json_t *edited = json_deep_copy(envelope), *signatures = json_object_get(edited, "signatures");
        json_t *first = json_incref(json_array_get(signatures, 0));
        if (fault == 0) { /* two swapped */
            (void)json_array_remove(signatures, 0);
            (void)json_array_insert(signatures, 1, first);
        } else if (fault == 1) { /* one twice, in the place of the last */
            (void)json_array_remove(signatures, 15);
            (void)json_array_insert(signatures, 0, first);
        } else { /* one too many */
            (void)json_array_append(signatures, first);
        }
        assay_buf_clear(&text);
        assert_int_equal(assay_json_canon(edited, &text, NULL), ASSAY_OK);
        assert_int_equal(open_text(text.data, text.len, false), fault == 2 ? ASSAY_TOO_LARGE : ASSAY_MALFORMED);
        json_decref(first);
        json_decref(edited);
    }
    json_decref(envelope);
    assay_buf_done(&text);
    assay_buf_done(&honest);
}

static void an_envelope_ends_where_its_kind_says(void **state)
{
    (void)state;
    struct assay_buf file;
    write_signed("{\"a\":1}", 1, &file);
    assert_int_equal(open_text(file.data, file.len, true), ASSAY_MALFORMED);
    assay_buf_char(&file, '\n');
    assert_int_equal(open_text(file.data, file.len, true), ASSAY_OK);
    assert_int_equal(open_text(file.data, file.len, false), ASSAY_MALFORMED);
    assay_buf_char(&file, '\n');
    assert_int_equal(open_text(file.data, file.len, true), ASSAY_MALFORMED);
    assert_int_equal(open_text("[]", 2, false), ASSAY_MALFORMED);
    assert_int_equal(open_text("1", 1, false), ASSAY_MALFORMED);
    assay_buf_done(&file);
}

static void more_keys_than_an_envelope_holds_are_a_usage_error(void **state)
{
    (void)state;
    struct assay_secret_key key;
    const struct assay_secret_key *pointers[ASSAY_ENVELOPE_SIGNATURES_MAX + 1];
    struct assay_buf out;
    json_t *body = json_of("{}");
    const struct assay_chain chain = {.counter = 1};
    make_key(1, &key);
    for (size_t i = 0; i < ASSAY_ENVELOPE_SIGNATURES_MAX + 1; i++) {
        pointers[i] = &key;
    }
    assay_buf_init(&out, FILE_MAX);
    assert_int_equal(assay_envelope_write(TYPE, body, pointers, ASSAY_ENVELOPE_SIGNATURES_MAX + 1, &out, NULL),
                     ASSAY_USAGE);
    assert_int_equal(assay_envelope_write(TYPE, body, pointers, 2, &out, NULL), ASSAY_USAGE); /* one key twice */
    assert_int_equal(out.len, 0);
    assert_int_equal(assay_receipt_name_signers(body, pointers, ASSAY_ENVELOPE_SIGNATURES_MAX + 1, &chain, NULL),
                     ASSAY_USAGE);
    assert_int_equal(assay_receipt_name_signers(body, pointers, 1, &chain, NULL), ASSAY_MALFORMED); /* no predicate */
    json_decref(body);
    body = json_of("{\"predicate\":{}}");
    assert_int_equal(assay_receipt_name_signers(body, pointers, 1, &chain, NULL), ASSAY_MALFORMED); /* no attempts */
    json_decref(body);
    assay_buf_done(&out);
}

static void a_body_that_cannot_be_written_is_not_signed(void **state)
{
    (void)state;
    struct assay_secret_key key;
    const struct assay_secret_key *keys[] = {&key};
    struct assay_buf out;
    json_t *body = json_object();
    static char text[ASSAY_PAYLOAD_BYTES_MAX];
    make_key(1, &key);
    memset(text, 'a', sizeof text - 1);
    (void)json_object_set_new(body, "a", json_string(text)); /* with its name and quotes over the limit */
    assay_buf_init(&out, FILE_MAX);
    assert_int_equal(assay_envelope_write(TYPE, body, keys, 1, &out, NULL), ASSAY_TOO_LARGE);
    assert_int_equal(out.len, 0);
    json_decref(body);
    assay_buf_done(&out);
}

/* ---- log entries ---- */

#define SHA256_31 "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define SHA256 SHA256_31 "20"

static void entries_of_policies_and_trust_files_are_read_as_they_were_written(void **state)
{
    (void)state;
    static const struct {
        enum assay_entry_kind kind;
        const char *fields;
        bool is_good;
    } CASES[] = {
        {ASSAY_ENTRY_TRUST, "{\"version\":7,\"sha256\":\"" SHA256 "\"}", true},
        {ASSAY_ENTRY_TRUST, "{\"version\":\"7\",\"sha256\":\"" SHA256 "\"}", false},
        {ASSAY_ENTRY_TRUST, "{\"version\":7,\"sha256\":\"" SHA256 "\",\"more\":1}", false},
        {ASSAY_ENTRY_TRUST, "{\"version\":7,\"sha256\":\"" SHA256_31 "\"}", false},
        {ASSAY_ENTRY_POLICY, "{\"name\":\"p\",\"version\":7,\"sha256\":\"" SHA256 "\"}", true},
        {ASSAY_ENTRY_POLICY, "{\"name\":1,\"version\":7,\"sha256\":\"" SHA256 "\"}", false},
        {ASSAY_ENTRY_POLICY, "{\"version\":7,\"sha256\":\"" SHA256 "\"}", false},
        {ASSAY_ENTRY_POLICY, "{\"name\":\"p\",\"sha256\":\"" SHA256 "\"}", false},
        {ASSAY_ENTRY_POLICY, "{\"name\":\"p\",\"version\":7,\"sha256\":\"" SHA256 "\",\"more\":1}", false},
    };
    struct assay_secret_key key;
    make_key(1, &key);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct assay_buf entry;
        struct assay_tlog_row row;
        json_t *fields = json_of(CASES[i].fields);
        assay_buf_init(&entry, FILE_MAX);
        assert_int_equal(assay_tlog_entry_write(CASES[i].kind, fields, &key, &entry, NULL), ASSAY_OK);
        assay_code rc = assay_tlog_row_read((struct assay_slice){entry.data, entry.len}, &row, NULL);
        if ((rc == ASSAY_OK) != CASES[i].is_good) {
            fail_msg("case %zu", i);
        }
        if (CASES[i].is_good) {
            char digest[ASSAY_DIGEST_TEXT_BYTES];
            assay_digest_print(&row.content, digest);
            assert_int_equal(row.kind, CASES[i].kind);
            assert_int_equal(row.version, 7);
            assert_string_equal(digest, SHA256);
        }
        json_decref(fields);
        assay_buf_done(&entry);
    }
}

static void an_entry_over_its_limit_is_neither_written_nor_read(void **state)
{
    (void)state;
    struct assay_secret_key key;
    struct assay_buf entry;
    struct assay_tlog_row row;
    size_t longest = 0;
    make_key(1, &key);
    for (size_t len = 2600; len < 3000; len++) { /* base64 of it is about 4096 bytes */
        char *name = malloc(len + 1);
        assert_non_null(name);
        memset(name, 'n', len);
        name[len] = '\0';
        json_t *fields = json_pack("{s:s,s:i,s:s}", "name", name, "version", 1, "sha256",
                                   "0000000000000000000000000000000000000000000000000000000000000000");
        assay_buf_init(&entry, FILE_MAX);
        assay_code rc = assay_tlog_entry_write(ASSAY_ENTRY_POLICY, fields, &key, &entry, NULL);
        assert_int_equal(rc, entry.len > ASSAY_LOG_ENTRY_BYTES_MAX ? ASSAY_TOO_LARGE : ASSAY_OK);
        bool is_read = assay_tlog_row_read((struct assay_slice){entry.data, entry.len}, &row, NULL) == ASSAY_OK;
        assert_int_equal(is_read, entry.len <= ASSAY_LOG_ENTRY_BYTES_MAX);
        longest = rc == ASSAY_OK ? entry.len : longest;
        json_decref(fields);
        free(name);
        assay_buf_done(&entry);
    }
    assert_true(longest > ASSAY_LOG_ENTRY_BYTES_MAX - 4);
    for (int kind = 0; kind < ASSAY_ENTRY_KIND_COUNT; kind++) {
        static const char *const NAMES[] = {"intent", "receipt", "record", "abandoned", "policy", "trust"};
        assert_string_equal(assay_entry_kind_text((enum assay_entry_kind)kind), NAMES[kind]);
    }
}

/* What has no form in JSON, or is longer than an entry may be, is said by the writer. */
static void an_intent_that_cannot_be_written_is_an_error(void **state)
{
    (void)state;
    static char nonce[ASSAY_LOG_ENTRY_BYTES_MAX];
    struct assay_secret_key key;
    struct assay_buf entry;
    const uint8_t bytes[32] = {1};
    struct assay_intent intent = {
        .run_id = bytes, .request_sha256 = bytes, .plan_sha256 = bytes, .counter = UINT64_C(1) << 53, .nonce = ""};
    make_key(1, &key);
    assay_buf_init(&entry, FILE_MAX);
    assert_int_equal(assay_intent_write(&intent, &key, &entry, NULL), ASSAY_TOO_LARGE);
    assert_int_equal(entry.len, 0);
    memset(nonce, '0', sizeof nonce - 1);
    intent.counter = 1;
    intent.nonce = nonce;
    assert_int_equal(assay_intent_write(&intent, &key, &entry, NULL), ASSAY_TOO_LARGE);
    intent.nonce = "";
    assay_buf_clear(&entry);
    assert_int_equal(assay_intent_write(&intent, &key, &entry, NULL), ASSAY_OK);
    assay_buf_done(&entry);
}

/* ---- the standing of a key ---- */

static void append_intent(struct assay_buf *log, unsigned char run, uint64_t counter,
                          const struct assay_secret_key *key)
{
    static const char PREVIOUS[] = "0500000000000000000000000000000000000000000000000000000000000000";
    struct assay_buf entry;
    struct assay_public_key public;
    uint8_t run_id[16] = {[15] = run}, request[32] = {1}, plan[32] = {run};
    struct assay_intent intent = {.run_id = run_id,
                                  .request_sha256 = request,
                                  .plan_sha256 = plan,
                                  .counter = counter,
                                  .previous = counter > 1 ? PREVIOUS : NULL,
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
    uint8_t run_id[16] = {[15] = run};
    struct assay_digest payload = {{content}};
    assay_buf_init(&entry, ASSAY_LOG_ENTRY_BYTES_MAX);
    if (kind == ASSAY_ENTRY_ABANDONED) {
        char text[2 * sizeof run_id + 1];
        assay_hex_print(run_id, sizeof run_id, text);
        json_t *fields = json_pack("{s:s}", "runId", text);
        assert_int_equal(assay_tlog_entry_write(kind, fields, key, &entry, NULL), ASSAY_OK);
        json_decref(fields);
    } else {
        assert_int_equal(assay_outcome_write(kind, run_id, &payload, key, &entry, NULL), ASSAY_OK);
    }
    assert_int_equal(assay_entry_append(entry.data, entry.len, log, NULL), ASSAY_OK);
    assay_buf_done(&entry);
}

static void standing_in(const struct assay_buf *log, const struct assay_secret_key *key,
                        struct assay_tlog_standing *ret)
{
    struct assay_tlog_book book;
    struct assay_public_key public;
    struct assay_digest keyid;
    assay_secret_key_public(key, &public);
    assay_public_key_id(&public, &keyid);
    assert_int_equal(assay_tlog_book_read(log->data ? log->data : "", log->len, &book, NULL), ASSAY_OK);
    assay_tlog_book_standing(&book, &keyid, ret);
    assay_tlog_book_done(&book);
}

static void a_key_stands_where_its_last_intent_and_its_last_document_are(void **state)
{
    (void)state;
    struct assay_secret_key key, other;
    struct assay_tlog_standing standing;
    struct assay_buf log;
    make_key(1, &key);
    make_key(2, &other);
    assay_buf_init(&log, FILE_MAX);
    append_intent(&log, 90, 7, &other);
    standing_in(&log, &key, &standing);
    assert_false(standing.is_known || standing.is_open || standing.has_document);
    append_intent(&log, 1, 1, &key);
    standing_in(&log, &key, &standing);
    assert_true(standing.is_known && standing.is_open && !standing.has_document);
    assert_int_equal(standing.counter, 1);
    assert_int_equal(standing.open_run_id[15], 1);
    append_outcome(&log, ASSAY_ENTRY_RECEIPT, 90, 9, &other); /* of another key: nothing to do with it */
    append_outcome(&log, ASSAY_ENTRY_RECEIPT, 1, 5, &key);
    standing_in(&log, &key, &standing);
    assert_true(standing.is_known && !standing.is_open && standing.has_document);
    assert_int_equal(standing.document_counter, 1);
    assert_int_equal(standing.document.bytes[0], 5);
    append_intent(&log, 2, 2, &key);
    append_outcome(&log, ASSAY_ENTRY_RECORD, 2, 6, &key);
    standing_in(&log, &key, &standing);
    assert_true(!standing.is_open && standing.has_document);
    assert_int_equal(standing.counter, 2);
    assert_int_equal(standing.document_counter, 2);
    assert_int_equal(standing.document.bytes[0], 6);
    append_intent(&log, 3, 3, &key);
    append_outcome(&log, ASSAY_ENTRY_ABANDONED, 2, 0, &key); /* another run's end closes nothing */
    standing_in(&log, &key, &standing);
    assert_true(standing.is_open);
    assert_int_equal(standing.open_run_id[15], 3);
    assert_int_equal(standing.document_counter, 2);
    append_outcome(&log, ASSAY_ENTRY_ABANDONED, 3, 0, &key);
    standing_in(&log, &key, &standing);
    assert_true(!standing.is_open && standing.has_document);
    assert_int_equal(standing.document_counter, 2);
    assay_buf_done(&log);
}

static void an_audit_counts_each_kind_of_end(void **state)
{
    (void)state;
    static struct assay_tlog_audit audit;
    struct assay_secret_key keys[5];
    struct assay_tlog_book book;
    struct assay_tlog_earlier earlier;
    struct assay_buf log;
    const struct assay_digest request = {{1}};
    static const enum assay_entry_kind ENDS[] = {ASSAY_ENTRY_RECEIPT, ASSAY_ENTRY_RECORD, ASSAY_ENTRY_RECORD,
                                                 ASSAY_ENTRY_ABANDONED};
    assay_buf_init(&log, FILE_MAX);
    for (unsigned char i = 0; i < 5; i++) { /* a key each, so that no chain binds them; the last run is open */
        make_key((unsigned char)(i + 1), &keys[i]);
        append_intent(&log, (unsigned char)(i + 1), 1, &keys[i]);
        if (i < 4) {
            append_outcome(&log, ENDS[i], (unsigned char)(i + 1), (unsigned char)(50 + i), &keys[i]);
        }
    }
    assert_int_equal(assay_tlog_book_read(log.data, log.len, &book, NULL), ASSAY_OK);
    assert_int_equal(assay_tlog_book_audit(&book, NULL, &audit, NULL), ASSAY_OK);
    assert_int_equal(audit.intents, 5);
    assert_int_equal(audit.receipts, 1);
    assert_int_equal(audit.records, 2);
    assert_int_equal(audit.abandoned, 1);
    assert_int_equal(audit.open, 1);
    assert_int_equal(audit.findings_count, 0);
    assert_int_equal(assay_tlog_book_earlier(&book, &request, book.count, &earlier, NULL), ASSAY_OK);
    assert_int_equal(earlier.intents, 5);
    assert_int_equal(earlier.receipts, 1);
    assert_int_equal(earlier.records, 2);
    assert_int_equal(earlier.open, 1);
    assay_tlog_book_done(&book);
    assay_buf_done(&log);
}

static void findings_beyond_the_limit_are_counted(void **state)
{
    (void)state;
    static struct assay_tlog_audit audit;
    struct assay_secret_key key;
    struct assay_tlog_book book;
    struct assay_buf log;
    make_key(1, &key);
    assay_buf_init(&log, FILE_MAX);
    for (unsigned i = 0; i < ASSAY_LOG_FINDINGS_MAX + 5; i++) { /* the first is good: no outcome had an intent */
        append_outcome(&log, ASSAY_ENTRY_ABANDONED, (unsigned char)(i % 200), 0, &key);
    }
    assert_int_equal(assay_tlog_book_read(log.data, log.len, &book, NULL), ASSAY_OK);
    assert_int_equal(assay_tlog_book_audit(&book, NULL, &audit, NULL), ASSAY_OK);
    assert_int_equal(audit.findings_count, ASSAY_LOG_FINDINGS_MAX);
    assert_true(audit.findings_left_out > 0);
    for (size_t i = 1; i < audit.findings_count; i++) { /* told in the order of the log */
        assert_true(audit.findings[i - 1].index <= audit.findings[i].index);
    }
    assay_tlog_book_done(&book);
    assay_buf_done(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_envelope_of_another_form_is_refused),
        cmocka_unit_test(signatures_stand_in_the_order_of_their_keys_each_once_and_at_most_sixteen),
        cmocka_unit_test(an_envelope_ends_where_its_kind_says),
        cmocka_unit_test(more_keys_than_an_envelope_holds_are_a_usage_error),
        cmocka_unit_test(a_body_that_cannot_be_written_is_not_signed),
        cmocka_unit_test(entries_of_policies_and_trust_files_are_read_as_they_were_written),
        cmocka_unit_test(an_entry_over_its_limit_is_neither_written_nor_read),
        cmocka_unit_test(an_intent_that_cannot_be_written_is_an_error),
        cmocka_unit_test(a_key_stands_where_its_last_intent_and_its_last_document_are),
        cmocka_unit_test(an_audit_counts_each_kind_of_end),
        cmocka_unit_test(findings_beyond_the_limit_are_counted),
    };
    assay_json_init();
    if (assay_crypto_init(NULL) != ASSAY_OK) {
        return 1;
    }
    return cmocka_run_group_tests_name("record_forms", tests, NULL, NULL);
}
