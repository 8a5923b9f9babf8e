#include "negative/evidence.h"

#include "base/num.h"
#include "base/text.h"
#include "support/edit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BYTES_MAX ((size_t)4 << 20)

/* ---- keys ---- */

static void key_of(unsigned number, struct assay_secret_key *ret)
{
    unsigned char seed[ASSAY_SEED_BYTES] = {(unsigned char)number};
    assay_secret_key_init(ret, seed);
}

static void public_of(unsigned number, struct assay_public_key *ret)
{
    struct assay_secret_key key;
    key_of(number, &key);
    assay_secret_key_public(&key, ret);
}

static void keyid_of(unsigned number, struct assay_digest *ret)
{
    struct assay_public_key public;
    public_of(number, &public);
    assay_public_key_id(&public, ret);
}

static void note_key_of(unsigned number, const char *name, enum assay_note_kind kind, struct assay_note_key *ret)
{
    struct assay_public_key public;
    public_of(number, &public);
    assert_int_equal(assay_note_key_make(name, kind, &public, ret, NULL), ASSAY_OK);
}

/* ---- the trust file ---- */

static json_t *trust_key(unsigned number, const char *role)
{
    struct assay_json_builder b = {0};
    struct assay_public_key public;
    struct assay_digest id;
    struct assay_buf text;
    json_t *key = json_object();
    public_of(number, &public);
    assay_public_key_id(&public, &id);
    assay_buf_init(&text, 64);
    assay_base64_append(&text, public.bytes, sizeof public.bytes);
    assay_json_put_hex(&b, key, "keyid", id.bytes, sizeof id.bytes);
    assay_json_put_text(&b, key, "public", text.data);
    assay_json_put_text(&b, key, "minisignId", "0000000000000000");
    assay_json_put_text(&b, key, "role", role);
    json_t *runners = assay_json_put_array(&b, key, "runnerIds");
    if (strcmp(role, "receipt") == 0) {
        assay_json_add_text(&b, runners, "");
    }
    assay_json_put_text(&b, key, "notBefore", "2025-01-01T00:00:00Z");
    assay_json_put_text(&b, key, "notAfter", "2027-01-01T00:00:00Z");
    assay_buf_done(&text);
    return key;
}

static int by_keyid(const void *a, const void *b)
{
    json_t *const *x = a, *const *y = b;
    return strcmp(json_string_value(json_object_get(*x, "keyid")), json_string_value(json_object_get(*y, "keyid")));
}

static json_t *vkey(unsigned number, const char *name, enum assay_note_kind kind)
{
    struct assay_note_key key;
    struct assay_buf text;
    note_key_of(number, name, kind, &key);
    assay_buf_init(&text, 1024);
    assay_note_key_write(&key, &text);
    json_t *value = json_string(text.data);
    assay_buf_done(&text);
    return value;
}

/* Sorted by keyid: /keys/@1 and so on are written as the index that this number has (evidence_line). */
static json_t *honest_trust(void)
{
    struct assay_json_builder b = {0};
    json_t *keys[] = {trust_key(1, "receipt"), trust_key(2, "receipt"), trust_key(100, "root"), trust_key(50, "log")};
    json_t *body = json_object();
    qsort(keys, 4, sizeof keys[0], by_keyid);
    assay_json_put_u64(&b, body, "version", 7);
    assay_json_put_text(&b, body, "issued", "2025-12-01T00:00:00Z");
    assay_json_put_text(&b, body, "expires", "2026-12-01T00:00:00Z");
    json_t *list = assay_json_put_array(&b, body, "keys");
    for (size_t i = 0; i < 4; i++) {
        assay_json_add(&b, list, keys[i]);
    }
    json_t *roles = assay_json_put_object(&b, body, "roles");
    assay_json_put_u64(&b, assay_json_put_object(&b, roles, "root"), "threshold", 1);
    assay_json_put_u64(&b, assay_json_put_object(&b, roles, "receipt"), "threshold", 1);
    json_t *log = assay_json_add_object(&b, assay_json_put_array(&b, body, "logs"));
    assay_json_put_text(&b, log, "origin", KIT_ORIGIN);
    assay_json_put(&b, log, "vkey", vkey(50, KIT_ORIGIN, ASSAY_NOTE_ED25519));
    json_t *witnesses = assay_json_put_array(&b, log, "witnesses");
    assay_json_add(&b, witnesses, vkey(60, "witness.example", ASSAY_NOTE_COSIGNATURE));
    assay_json_put_u64(&b, log, "quorum", 0);
    (void)assay_json_put_object(&b, body, "minVersions");
    assert_int_equal(assay_json_builder_check(&b, body, NULL), ASSAY_OK);
    return body;
}

static void write_trust(const json_t *body, unsigned root, struct assay_buf *out)
{
    struct assay_secret_key key;
    const struct assay_secret_key *keys[] = {&key};
    key_of(root, &key);
    assay_buf_clear(out);
    assert_int_equal(assay_trust_write(body, keys, 1, out, NULL), ASSAY_OK);
}

void evidence_init(struct evidence *e)
{
    struct assay_buf *const BUFS[] = {&e->trust, &e->trust_step,        &e->entries,  &e->checkpoint, &e->proof,
                                      &e->entry, &e->edited_checkpoint, &e->cosigned, &e->growth};
    *e = (struct evidence){.witness_s = 1767605460,
                           .root_signer = 100,
                           .log_signer = 50,
                           .intent_signer = 1,
                           .outcome_signer = 1,
                           .outcomes = 1};
    for (size_t i = 0; i < sizeof BUFS / sizeof BUFS[0]; i++) {
        assay_buf_init(BUFS[i], BYTES_MAX);
    }
    e->trust_body = honest_trust();
}

void evidence_done(struct evidence *e)
{
    struct assay_buf *const BUFS[] = {&e->trust, &e->trust_step,        &e->entries,  &e->checkpoint, &e->proof,
                                      &e->entry, &e->edited_checkpoint, &e->cosigned, &e->growth};
    for (size_t i = 0; i < sizeof BUFS / sizeof BUFS[0]; i++) {
        assay_buf_done(BUFS[i]);
    }
    json_decref(e->trust_body);
    json_decref(e->intent);
    json_decref(e->earlier);
}

/* ---- signing ---- */

void evidence_name_signers(const struct evidence *e, json_t *statement)
{
    struct assay_secret_key keys[KIT_SIGNERS_MAX];
    const struct assay_secret_key *pointers[KIT_SIGNERS_MAX];
    char previous[ASSAY_DIGEST_TEXT_BYTES];
    assay_digest_print(&e->previous, previous);
    const struct assay_chain chain = {.counter = e->documents + 1, .previous = e->documents > 0 ? previous : NULL};
    for (size_t i = 0; i < e->signers_count; i++) {
        key_of(e->signers[i], &keys[i]);
        pointers[i] = &keys[i];
    }
    assert_int_equal(assay_receipt_name_signers(statement, pointers, e->signers_count, &chain, NULL), ASSAY_OK);
}

static int by_entry(const void *a, const void *b)
{
    return by_keyid(a, b);
}

void evidence_sign(const struct evidence *e, const char *payload, size_t len, json_t *envelope)
{
    json_t *entries[KIT_SIGNERS_MAX], *list = json_array();
    for (size_t i = 0; i < e->signers_count; i++) {
        struct assay_json_builder b = {0};
        struct assay_secret_key key;
        struct assay_digest id;
        struct assay_buf text;
        unsigned char signature[ASSAY_SIGNATURE_BYTES];
        key_of(e->signers[i], &key);
        keyid_of(e->signers[i], &id);
        assert_int_equal(assay_dsse_sign(&key, ASSAY_PAYLOAD_TYPE, payload, len, signature, NULL), ASSAY_OK);
        assay_buf_init(&text, 128);
        assay_base64_append(&text, signature, sizeof signature);
        entries[i] = json_object();
        assay_json_put_hex(&b, entries[i], "keyid", id.bytes, sizeof id.bytes);
        assay_json_put_text(&b, entries[i], "sig", text.data);
        assay_buf_done(&text);
    }
    qsort(entries, e->signers_count, sizeof entries[0], by_entry);
    for (size_t i = 0; i < e->signers_count; i++) {
        (void)json_array_append_new(list, entries[i]);
    }
    (void)json_object_set_new(envelope, "signatures", list);
}

/* ---- the log ---- */

static void digest_of(const struct assay_buf *bytes, struct assay_digest *ret)
{
    assay_sha256_of(bytes->data, bytes->len, ret);
}

static void append(struct evidence *e, const struct assay_buf *entry)
{
    assert_int_equal(assay_entry_append(entry->data, entry->len, &e->entries, NULL), ASSAY_OK);
}

static void log_head(const struct evidence *e, uint64_t *ret_size, struct assay_digest *ret_root)
{
    struct assay_merkle tree;
    struct assay_slice rest = {e->entries.data, e->entries.len}, entry;
    assay_merkle_init(&tree);
    while (assay_entry_cut(&rest, &entry)) {
        assay_merkle_add(&tree, entry.data, entry.len);
    }
    *ret_size = tree.count;
    assay_merkle_root(&tree, ret_root);
}

static void request_of(const struct honest_run *run, struct assay_digest *ret)
{
    struct assay_plan *plan = NULL;
    assert_int_equal(assay_plan_parse(run->plan.data, run->plan.len, &plan, NULL), ASSAY_OK);
    assert_int_equal(assay_plan_request_sha256(plan, ret->bytes, NULL), ASSAY_OK);
    assay_plan_free(plan);
}

static void run_id_of(const struct honest_run *run, uint8_t ret[16])
{
    assert_int_equal(
        assay_json_get_hex(assay_json_at(run->statement, "/predicate/attempts"), "runId", "", ret, 16, NULL), ASSAY_OK);
}

/* Returns the entry's leaf hash. */
static void append_intent(struct evidence *e, const uint8_t run_id[16], const struct assay_digest *request,
                          const struct assay_digest *plan, unsigned signer, struct assay_digest *ret_leaf)
{
    struct assay_secret_key key;
    struct assay_buf entry;
    char previous[ASSAY_DIGEST_TEXT_BYTES];
    struct assay_intent intent = {.run_id = run_id,
                                  .request_sha256 = request->bytes,
                                  .plan_sha256 = plan->bytes,
                                  .counter = e->documents + 1,
                                  .nonce = ""};
    key_of(signer, &key);
    keyid_of(signer, &intent.keyid);
    log_head(e, &intent.head_size, &intent.head_root);
    intent.head_size += e->has_later_head ? 2 : 0; /* larger than its own place */
    assay_digest_print(&e->previous, previous);
    intent.previous = e->documents > 0 ? previous : NULL;
    assay_buf_init(&entry, BYTES_MAX);
    assert_int_equal(assay_intent_write(&intent, &key, &entry, NULL), ASSAY_OK);
    assay_merkle_leaf_hash(entry.data, entry.len, ret_leaf);
    append(e, &entry);
    assay_buf_done(&entry);
}

static void make_outcome(enum assay_entry_kind kind, const uint8_t run_id[16], const struct assay_digest *payload,
                         unsigned signer, struct assay_buf *ret)
{
    struct assay_secret_key key;
    key_of(signer, &key);
    assay_buf_clear(ret);
    assert_int_equal(assay_outcome_write(kind, run_id, payload, &key, ret, NULL), ASSAY_OK);
}

/* Runs before this one: `other` and `repeat` end in a record, `open` has no end. All but `other` are of its request. */
static void append_earlier(struct evidence *e, const struct honest_run *run, struct assay_slice what)
{
    uint8_t run_id[16] = {(uint8_t)(200 + e->documents), (uint8_t)e->entries.len};
    struct assay_digest request = {{9}}, plan = {{8}}, leaf, payload = {{(unsigned char)(40 + e->documents)}};
    struct assay_buf entry;
    if (!assay_slice_is(what, "other")) {
        request_of(run, &request);
    }
    append_intent(e, run_id, &request, &plan, 1, &leaf);
    if (assay_slice_is(what, "open")) {
        return;
    }
    assay_buf_init(&entry, BYTES_MAX);
    make_outcome(ASSAY_ENTRY_RECORD, run_id, &payload, 1, &entry);
    append(e, &entry);
    e->documents++;
    e->previous = payload;
    assay_buf_done(&entry);
}

static void append_policy(struct evidence *e)
{
    struct assay_json_builder b = {0};
    struct assay_secret_key key;
    struct assay_buf entry;
    json_t *fields = json_object();
    key_of(1, &key);
    assay_json_put_text(&b, fields, "name", "p");
    assay_json_put_u64(&b, fields, "version", 1);
    assay_json_put_text(&b, fields, "sha256", e->policy_sha256);
    assay_buf_init(&entry, BYTES_MAX);
    assert_int_equal(assay_tlog_entry_write(ASSAY_ENTRY_POLICY, fields, &key, &entry, NULL), ASSAY_OK);
    append(e, &entry);
    json_decref(fields);
    assay_buf_done(&entry);
}

static void put_facts(struct evidence *e, const struct assay_digest *request, const struct assay_digest *leaf)
{
    struct assay_json_builder b = {0};
    struct assay_tlog_book book;
    struct assay_tlog_earlier earlier;
    assert_int_equal(assay_tlog_book_read(e->entries.data, e->entries.len, &book, NULL), ASSAY_OK);
    uint64_t index = book.count - 1;
    struct assay_digest shown = *leaf;
    shown.bytes[0] ^= e->has_odd_leaf ? 1 : 0;
    assert_int_equal(assay_tlog_book_earlier(&book, request, index, &earlier, NULL), ASSAY_OK);
    if (e->hides_earlier) {
        earlier = (struct assay_tlog_earlier){0};
    }
    e->intent = json_object();
    assay_json_put_text(&b, e->intent, "origin", KIT_ORIGIN);
    assay_json_put_u64(&b, e->intent, "index", e->has_odd_index ? 0 : index);
    assay_json_put_hex(&b, e->intent, "leaf", shown.bytes, sizeof shown.bytes);
    e->earlier = json_object();
    assay_json_put_u64(&b, e->earlier, "intents", earlier.intents);
    assay_json_put_u64(&b, e->earlier, "receipts", earlier.receipts);
    assay_json_put_u64(&b, e->earlier, "records", earlier.records);
    assay_json_put_u64(&b, e->earlier, "open", earlier.open);
    assay_tlog_book_done(&book);
}

/* The intent of the run itself; `wrong`: of another plan. */
static void log_run(struct evidence *e, const struct honest_run *run, struct assay_slice what)
{
    uint8_t run_id[16];
    struct assay_digest request, plan, leaf;
    run_id_of(run, run_id);
    request_of(run, &request);
    digest_of(&run->plan, &plan);
    plan.bytes[0] ^= assay_slice_is(what, "wrong") ? 1 : 0;
    append_intent(e, run_id, &request, &plan, e->intent_signer, &leaf);
    put_facts(e, &request, &leaf);
    e->has_log = true;
}

void evidence_facts(json_t *facts, void *context)
{
    const struct evidence *e = context;
    if (e->intent) {
        edit_set(facts, "/attempts/intent", json_incref(e->intent));
        edit_set(facts, "/attempts/earlier", json_incref(e->earlier));
    }
    if (e->source[0] != '\0') {
        edit_append(facts, "/subject",
                    json_pack("{s:s,s:{s:s}}", "name", "source:kernels", "digest", "gitCommit", e->source));
    }
    if (e->policy_sha256) {
        edit_set(facts, "/protocol/policySha256", json_string(e->policy_sha256));
    }
}

/* A signed head; witness 0: none. Someone else than 60 signs in its name. */
static void write_note(const struct evidence *e, const struct assay_checkpoint *head, uint64_t witness, uint64_t time_s,
                       struct assay_buf *out)
{
    struct assay_note_key note;
    struct assay_secret_key key;
    struct assay_buf lines;
    assay_buf_init(&lines, BYTES_MAX);
    assay_checkpoint_write(head, out);
    const struct assay_slice text = {out->data, out->len};
    key_of(e->log_signer, &key);
    note_key_of(50, KIT_ORIGIN, ASSAY_NOTE_ED25519, &note); /* the log's name and id, whoever signs */
    assert_int_equal(assay_note_sign(text, &note, &key, 0, &lines, NULL), ASSAY_OK);
    if (witness != 0) {
        key_of((unsigned)witness, &key);
        note_key_of(60, "witness.example", ASSAY_NOTE_COSIGNATURE, &note);
        assert_int_equal(assay_note_sign(text, &note, &key, time_s, &lines, NULL), ASSAY_OK);
    }
    assay_buf_char(out, '\n');
    assay_buf_append(out, lines.data, lines.len);
    assay_buf_done(&lines);
}

static void present_head(const struct evidence *e, struct assay_checkpoint *ret)
{
    struct assay_digest root;
    *ret = (struct assay_checkpoint){.origin = KIT_ORIGIN};
    log_head(e, &ret->size, &root);
    memcpy(ret->root, root.bytes, sizeof ret->root);
}

static void write_checkpoint(struct evidence *e)
{
    struct assay_checkpoint head;
    present_head(e, &head);
    write_note(e, &head, e->witness, e->witness_s, &e->checkpoint);
}

/* A head that witness 60 has signed, as the log keeps it; `fork`: of another log of the same name. */
static void keep_head(struct evidence *e, uint64_t time_s, bool is_fork)
{
    struct assay_checkpoint head;
    struct assay_buf note;
    assay_buf_init(&note, BYTES_MAX);
    present_head(e, &head);
    head.root[0] ^= is_fork ? 1 : 0;
    write_note(e, &head, 60, time_s, &note);
    assert_int_equal(assay_entry_append(note.data, note.len, &e->cosigned, NULL), ASSAY_OK);
    assay_buf_done(&note);
}

static assay_code read_leaf(void *context, unsigned level, uint64_t index, struct assay_digest *ret, assay_err *err)
{
    const struct evidence *e = context;
    struct assay_slice rest = {e->entries.data, e->entries.len}, entry;
    struct assay_merkle tree;
    uint64_t first = index << level, end = (index + 1) << level;
    (void)err;
    assay_merkle_init(&tree);
    for (uint64_t i = 0; i < end; i++) {
        bool is_there = assay_entry_cut(&rest, &entry);
        if (i >= first) { /* behind its end: what the log holds later */
            assay_merkle_add(&tree, is_there ? entry.data : (const char *)&i, is_there ? entry.len : sizeof i);
        }
    }
    assay_merkle_root(&tree, ret);
    return ASSAY_OK;
}

static void write_proof(struct evidence *e)
{
    struct assay_tlog_proof_file file = {.checkpoint = {e->checkpoint.data, e->checkpoint.len}};
    struct assay_tree_reader tree = {.read = read_leaf, .context = e};
    struct assay_digest root;
    uint64_t size;
    log_head(e, &size, &root);
    file.index = size - 1;
    assert_int_equal(assay_inclusion_make(&tree, file.index, size, &file.proof, NULL), ASSAY_OK);
    assay_tlog_proof_write(&file, &e->proof);
}

/* What the verifier remembers of this log, and what shows that it is the same. */
static void remember_head(struct evidence *e, struct assay_judge_input *input)
{
    struct assay_tlog_growth growth = {.checkpoint = {e->checkpoint.data, e->checkpoint.len}};
    struct assay_tree_reader tree = {.read = read_leaf, .context = e};
    struct assay_digest root;
    uint64_t size;
    if (e->seen_head == 0) {
        return;
    }
    log_head(e, &size, &root);
    input->memory.head_origin = KIT_ORIGIN;
    input->memory.head_size = e->seen_head;
    assert_int_equal(assay_tree_root(&tree, e->seen_head, &input->memory.head_root, NULL), ASSAY_OK);
    if (e->has_growth) {
        uint64_t longer = size > e->seen_head ? size : e->seen_head;
        growth.old_size = size < e->seen_head ? size : e->seen_head;
        assert_int_equal(assay_consistency_make(&tree, growth.old_size, longer, &growth.proof, NULL), ASSAY_OK);
        growth.proof.hashes[0].bytes[0] ^= e->has_false_growth ? 1 : 0;
        growth.old_size += e->has_other_growth ? 1 : 0;
        assay_tlog_growth_write(&growth, &e->growth);
        input->log_growth = (struct assay_judge_bytes){.data = e->growth.data, .len = e->growth.len};
    }
}

static void finish_log(struct evidence *e, const struct honest_run *run, const struct assay_digest *payload,
                       struct assay_judge_input *input)
{
    uint8_t run_id[16];
    run_id_of(run, run_id);
    for (unsigned i = 0; i < e->outcomes; i++) {
        struct assay_digest shown = *payload;
        shown.bytes[0] ^= (unsigned char)i; /* a second one is of another document */
        make_outcome(run->document == ASSAY_DOCUMENT_RECORD ? ASSAY_ENTRY_RECORD : ASSAY_ENTRY_RECEIPT, run_id, &shown,
                     e->outcome_signer, &e->entry);
        if (e->is_rubbish) {
            assay_buf_clear(&e->entry);
            assay_buf_text(&e->entry, "{}");
        }
        append(e, &e->entry);
    }
    write_checkpoint(e);
    remember_head(e, input);
    if (e->is_proof) {
        write_proof(e);
        input->log_proof = (struct assay_judge_bytes){.data = e->proof.data, .len = e->proof.len};
        input->log_entry = e->lacks_entry ? (struct assay_judge_bytes){0}
                                          : (struct assay_judge_bytes){.data = e->entry.data, .len = e->entry.len};
        return;
    }
    input->log_checkpoint = (struct assay_judge_bytes){.data = e->checkpoint.data, .len = e->checkpoint.len};
    input->log_entries = (struct assay_judge_bytes){.data = e->entries.data, .len = e->entries.len};
    input->log_cosigned = (struct assay_judge_bytes){.data = e->cosigned.data, .len = e->cosigned.len};
}

/* Replaces bytes of the log's files, once they are made. */
static void edit_log_files(struct evidence *e)
{
    struct assay_slice pair = {e->edited_checkpoint.data, e->edited_checkpoint.len};
    if (pair.len > 0) {
        struct assay_slice from = assay_slice_cut(&pair, '\1');
        edit_bytes(e->is_proof ? &e->proof : &e->checkpoint, from.data, from.len, pair.data, pair.len);
    }
}

void evidence_finish(struct evidence *e, const struct honest_run *run, const char *payload, size_t len,
                     struct assay_judge_input *input)
{
    struct assay_digest digest;
    assay_sha256_of(payload, len, &digest);
    if (e->has_log) {
        finish_log(e, run, &digest, input);
        edit_log_files(e);
        if (e->is_proof) {
            input->log_proof = (struct assay_judge_bytes){.data = e->proof.data, .len = e->proof.len};
        } else {
            input->log_checkpoint = (struct assay_judge_bytes){.data = e->checkpoint.data, .len = e->checkpoint.len};
        }
    }
    if (e->has_trust) {
        if (e->trust.len == 0) {
            write_trust(e->trust_body, e->root_signer, &e->trust);
        }
        input->trust = (struct assay_judge_bytes){.data = e->trust.data, .len = e->trust.len};
    }
}

/* ---- lines ---- */

static uint64_t number(struct assay_slice text)
{
    uint64_t value = 0;
    assert_int_equal(assay_num_u64(text, "a number", UINT64_MAX, &value, NULL), ASSAY_OK);
    return value;
}

static json_t *json_of(struct assay_slice text)
{
    json_t *value = NULL;
    assert_int_equal(assay_json_read(text.data, text.len, &assay_json_limits_default, &value, NULL), ASSAY_OK);
    return value;
}

/* "/keys/@1/role": @N is the place of key N. */
static void trust_pointer(const struct evidence *e, struct assay_slice text, char *ret, size_t bytes)
{
    char written[ASSAY_JSON_POINTER_BYTES / 2];
    (void)snprintf(written, sizeof written, "%.*s", (int)text.len, text.data);
    char *at = strchr(written, '@');
    if (!at) {
        (void)snprintf(ret, bytes, "%s", written);
        return;
    }
    struct assay_digest id;
    char keyid[ASSAY_DIGEST_TEXT_BYTES], *end;
    keyid_of((unsigned)strtoul(at + 1, &end, 10), &id);
    assay_digest_print(&id, keyid);
    const json_t *keys = json_object_get(e->trust_body, "keys");
    size_t i = 0;
    while (i < json_array_size(keys) &&
           strcmp(json_string_value(json_object_get(json_array_get(keys, i), "keyid")), keyid) != 0) {
        i++;
    }
    *at = '\0';
    (void)snprintf(ret, bytes, "%s%zu%s", written, i, end);
}

static void trust_line(struct evidence *e, struct assay_slice rest, struct assay_judge_input *input)
{
    char pointer[ASSAY_JSON_POINTER_BYTES];
    struct assay_slice verb = assay_slice_cut(&rest, ' ');
    e->has_trust = true;
    if (assay_slice_is(verb, "by")) {
        e->root_signer = (unsigned)number(rest);
    } else if (assay_slice_is(verb, "flip")) {
        write_trust(e->trust_body, e->root_signer, &e->trust);
        e->trust.data[number(rest)] ^= 1;
    } else if (assay_slice_is(verb,
                              "rotated")) { /* what was seen: version 6, signed by that root; its step beside it */
        json_t *old = json_deep_copy(e->trust_body);
        edit_set(old, "/version", json_integer(6));
        if (number(rest) != 100) {
            (void)json_array_append_new(json_object_get(old, "keys"), trust_key((unsigned)number(rest), "root"));
            json_t *keys[8], *list = json_object_get(old, "keys");
            size_t count = json_array_size(list), kept = 0;
            for (size_t i = 0; i < count; i++) { /* the file's own root key is unknown to the old version */
                json_t *key = json_array_get(list, i);
                struct assay_digest id;
                char text[ASSAY_DIGEST_TEXT_BYTES];
                keyid_of(100, &id);
                assay_digest_print(&id, text);
                if (strcmp(json_string_value(json_object_get(key, "keyid")), text) != 0) {
                    keys[kept++] = json_incref(key);
                }
            }
            qsort(keys, kept, sizeof keys[0], by_keyid);
            (void)json_array_clear(list);
            for (size_t i = 0; i < kept; i++) {
                (void)json_array_append_new(list, keys[i]);
            }
        }
        write_trust(old, (unsigned)number(rest), &e->trust_step);
        json_decref(old);
        e->step = (struct assay_judge_bytes){.data = e->trust_step.data, .len = e->trust_step.len};
        input->memory.trust_version = 6;
        digest_of(&e->trust_step, &input->memory.trust_digest);
        input->memory.trust_steps = &e->step;
        input->memory.trust_steps_count = 1;
    } else if (assay_slice_is(verb, "seen")) {
        input->memory.trust_version = number(rest);
    } else if (assay_slice_is(verb, "seen-other")) { /* after `rotated`: what was seen is not the oldest step */
        input->memory.trust_digest.bytes[0] ^= 1;
    } else if (verb.len > 0) {
        trust_pointer(e, assay_slice_cut(&rest, ' '), pointer, sizeof pointer);
        if (assay_slice_is(verb, "set")) {
            edit_set(e->trust_body, pointer, json_of(rest));
        } else {
            edit_drop(e->trust_body, pointer);
        }
    }
}

static void log_line(struct evidence *e, struct assay_slice rest, const struct honest_run *run,
                     struct assay_judge_input *input)
{
    static const char POLICY[] = "8d3e5b1f0a6c47927be1d0c3f58a9e64b7021dcf8d3e5b1f0a6c47927be1d0c3";
    struct assay_slice verb = assay_slice_cut(&rest, ' ');
    if (assay_slice_is(verb, "earlier")) {
        append_earlier(e, run, rest);
    } else if (assay_slice_is(verb, "policy")) {
        e->policy_sha256 = POLICY;
        if (assay_slice_is(rest, "logged")) {
            append_policy(e);
        }
    } else if (assay_slice_is(verb, "run")) {
        log_run(e, run, rest);
    } else if (assay_slice_is(verb, "hide")) {
        e->hides_earlier = true;
    } else if (assay_slice_is(verb, "unannounced")) {
        e->has_log = true; /* logged after, not before */
    } else if (assay_slice_is(verb, "outcomes")) {
        e->outcomes = (unsigned)number(rest);
    } else if (assay_slice_is(verb, "outcome-by")) {
        e->outcome_signer = (unsigned)number(rest);
    } else if (assay_slice_is(verb, "intent-by")) {
        e->intent_signer = (unsigned)number(rest);
    } else if (assay_slice_is(verb, "by")) {
        e->log_signer = (unsigned)number(rest);
    } else if (assay_slice_is(verb, "cosigned-by")) {
        e->witness = number(rest);
    } else if (assay_slice_is(verb, "odd")) {
        e->has_odd_index = assay_slice_is(rest, "index");
        e->has_odd_leaf = assay_slice_is(rest, "leaf");
        e->has_later_head = assay_slice_is(rest, "head");
        e->is_rubbish = assay_slice_is(rest, "entry");
    } else if (assay_slice_is(verb, "seen-elsewhere")) {
        input->memory.head_origin = "example.com/another";
        input->memory.head_size = number(rest);
    } else if (assay_slice_is(verb, "cosigned-at")) {
        e->witness_s = number(rest);
    } else if (assay_slice_is(verb, "kept") || assay_slice_is(verb, "fork")) {
        keep_head(e, number(rest), assay_slice_is(verb, "fork"));
    } else if (assay_slice_is(verb, "proof")) {
        e->is_proof = true;
    } else if (assay_slice_is(verb, "seen-head")) {
        e->seen_head = number(rest);
    } else if (assay_slice_is(verb, "growth")) {
        e->has_growth = true;
        e->has_false_growth = assay_slice_is(rest, "false");
        e->has_other_growth = assay_slice_is(rest, "other");
    } else if (assay_slice_is(verb, "no-entry")) {
        e->lacks_entry = true;
    } else if (assay_slice_is(verb, "seen")) {
        input->memory.head_origin = KIT_ORIGIN;
        input->memory.head_size = number(rest);
    } else if (assay_slice_is(verb, "edit")) { /* "A" "B" in checkpoint or proof */
        json_t *from, *to;
        struct assay_slice first = {rest.data, (size_t)(strstr(rest.data, "\" \"") - rest.data) + 1};
        struct assay_slice second = {first.data + first.len + 1, rest.len - first.len - 1};
        from = json_of(first);
        to = json_of(second);
        assay_buf_printf(&e->edited_checkpoint, "%s\1%s", json_string_value(from), json_string_value(to));
        json_decref(from);
        json_decref(to);
    } else {
        fail_msg("log what?");
    }
}

static void sign_line(struct evidence *e, struct assay_slice rest)
{
    e->is_signed = true;
    while (rest.len > 0) {
        assert_true(e->signers_count < KIT_SIGNERS_MAX);
        e->signers[e->signers_count++] = (unsigned)number(assay_slice_cut(&rest, ' '));
    }
}

bool evidence_line(struct evidence *e, const char *verb, struct assay_slice rest, const struct honest_run *run,
                   struct assay_judge_input *input)
{
    if (strcmp(verb, "trust") == 0) {
        trust_line(e, rest, input);
    } else if (strcmp(verb, "log") == 0) {
        log_line(e, rest, run, input);
    } else if (strcmp(verb, "sign") == 0) {
        sign_line(e, rest);
    } else if (strcmp(verb, "source") == 0) {
        (void)snprintf(e->source, sizeof e->source, "%.*s", (int)rest.len, rest.data);
    } else {
        return false;
    }
    return true;
}
