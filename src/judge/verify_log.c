#include "judge/verify_log.h"

#include "base/mem.h"
#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* The log (evidence.md 2.5): the entries by the root of its head, the document by its entry, and what the other entries
 * say of it. */

static const char LOG[] = "log";

void log_refuse(struct log_work *work, enum gate gate, const char *place, const char *found, const char *expected)
{
    judge_add(work->judge, gate, ASSAY_VERDICT_FAIL, place, found, expected);
}

bool log_is_ok(struct log_work *work, assay_code rc, enum gate gate, const char *place, const assay_err *err)
{
    if (rc == ASSAY_NO_MEMORY) {
        work->judge->is_out_of_memory = true;
    } else if (rc != ASSAY_OK) {
        judge_add_err(work->judge, gate, place, err);
    }
    return rc == ASSAY_OK;
}

/* ---- entries: 211, 212 ---- */

static bool read_entries(struct log_work *work)
{
    struct assay_judge_bytes entries = work->judge->input->log_entries;
    struct assay_digest root, head;
    assay_err err = {0};
    char found[96], expected[96];
    if (!work->judge->input->log_read) {
        assay_code rc = assay_tlog_book_read(entries.data, entries.len, &work->read, &err);
        if (!log_is_ok(work, rc, GATE_CHECKPOINT, LOG, &err)) {
            return false;
        }
    }
    work->book = work->judge->input->log_read ? work->judge->input->log_read : &work->read;
    assay_merkle_root(&work->book->tree, &root);
    memcpy(head.bytes, work->head.root, sizeof head.bytes);
    if (work->book->count != work->head.size || !assay_digest_equal(&root, &head)) {
        (void)snprintf(found, sizeof found, "%zu entries%s", work->book->count,
                       work->book->count == work->head.size ? " with another root" : "");
        (void)snprintf(expected, sizeof expected, "%llu entries that give the root of the checkpoint",
                       (unsigned long long)work->head.size);
        log_refuse(work, GATE_CHECKPOINT, LOG, found, expected);
        return false;
    }
    work->judge->log.is_whole = true;
    return true;
}

static enum assay_entry_kind outcome_kind(const struct judge *judge)
{
    return judge->out->document == ASSAY_DOCUMENT_RECEIPT ? ASSAY_ENTRY_RECEIPT : ASSAY_ENTRY_RECORD;
}

/* Whether an entry speaks of this document, by a key that may sign receipts. */
static bool is_entry_of(struct log_work *work, const struct assay_tlog_row *row)
{
    const struct assay_trust_key *key = assay_trust_key_find(work->judge->trust, &row->signer);
    bool is_signed = false;
    if (row->kind != outcome_kind(work->judge) || memcmp(row->run_id, work->run_id, sizeof work->run_id) != 0 ||
        !assay_digest_equal(&row->content, &work->payload) || !key || key->role != ASSAY_ROLE_RECEIPT) {
        return false;
    }
    if (assay_tlog_row_is_signed_by(row, &key->public, &is_signed, NULL) == ASSAY_NO_MEMORY) {
        work->judge->is_out_of_memory = true;
    }
    return is_signed;
}

static bool find_entry(struct log_work *work)
{
    struct log_view *log = &work->judge->log;
    for (uint64_t i = 0; i < work->book->count && !log->is_logged; i++) {
        if (is_entry_of(work, &work->book->rows[i])) {
            log->is_logged = true;
            log->outcome = i;
        }
    }
    if (!log->is_logged) {
        log_refuse(work, GATE_INCLUSION, LOG, "no entry of this document by a receipt key", "one");
    }
    return log->is_logged;
}

/* receipt.tlog-proof: the entry's bytes lie beside it. */
static void check_proof(struct log_work *work, const struct assay_tlog_proof_file *file)
{
    struct assay_judge_bytes entry = work->judge->input->log_entry;
    struct assay_digest leaf, root;
    struct assay_tlog_row row;
    assay_err err = {0};
    if (!entry.data) {
        log_refuse(work, GATE_INCLUSION, "receipt.tlog-entry", NULL, "the entry that the proof is about");
        return;
    }
    assay_merkle_leaf_hash(entry.data, entry.len, &leaf);
    memcpy(root.bytes, work->head.root, sizeof root.bytes);
    if (!assay_inclusion_is_proven(file->index, work->head.size, &leaf, &file->proof, &root)) {
        log_refuse(work, GATE_INCLUSION, "receipt.tlog-proof", "hashes that do not lead from the entry to the root",
                   "a proof of inclusion");
        return;
    }
    assay_code rc = assay_tlog_row_read((struct assay_slice){entry.data, entry.len}, &row, &err);
    if (!log_is_ok(work, rc, GATE_INCLUSION, "receipt.tlog-entry", &err)) {
        return;
    }
    if (!is_entry_of(work, &row)) {
        log_refuse(work, GATE_INCLUSION, "receipt.tlog-entry", "an entry of another document or by another key",
                   "that of this document by a receipt key");
        return;
    }
    work->judge->log.is_logged = true;
    work->judge->log.outcome = file->index;
}

/* ---- intent: 412, 420 ---- */

static const json_t *at(const struct log_work *work, const char *pointer)
{
    return assay_json_at(work->judge->statement, pointer);
}

static bool is_hex_of(const json_t *text, const void *bytes, size_t len)
{
    char hex[2 * 32 + 1];
    assert(len <= 32);
    assay_hex_print(bytes, len, hex);
    return json_is_string(text) && strcmp(json_string_value(text), hex) == 0;
}

/* Why the entry that the document calls its intent is not; NULL if it is. */
static const char *intent_fault(const struct log_work *work, uint64_t index)
{
    const struct assay_tlog_row *row = &work->book->rows[index];
    struct assay_digest leaf, root;
    if (row->kind != ASSAY_ENTRY_INTENT || memcmp(row->run_id, work->run_id, sizeof row->run_id) != 0) {
        return "an entry that is no intent of this run";
    }
    assay_merkle_leaf_hash(row->bytes.data, row->bytes.len, &leaf);
    if (!is_hex_of(at(work, "/predicate/attempts/intent/leaf"), leaf.bytes, sizeof leaf.bytes)) {
        return "an intent of another leaf hash";
    }
    if (!is_hex_of(at(work, "/predicate/protocol/planSha256"), row->content.bytes, sizeof row->content.bytes) ||
        !is_hex_of(at(work, "/predicate/protocol/requestSha256"), row->request.bytes, sizeof row->request.bytes)) {
        return "an intent of another plan or request";
    }
    if (!assay_digest_equal(&row->signer, &work->book->rows[work->judge->log.outcome].signer)) {
        return "an intent by another key";
    }
    if (row->head_size > index) {
        return "an intent that names a later head";
    }
    assay_tlog_book_root(work->book, row->head_size, &root);
    return assay_digest_equal(&root, &row->head_root) ? NULL : "an intent that names a head the log never had";
}

static bool find_intent(struct log_work *work)
{
    static const char PLACE[] = "/predicate/attempts/intent";
    struct log_view *log = &work->judge->log;
    const json_t *intent = at(work, PLACE), *origin = json_object_get(intent, "origin");
    const json_t *index = json_object_get(intent, "index");
    if (!json_is_string(origin) || !json_is_integer(index) || json_integer_value(index) < 0) {
        log_refuse(work, GATE_INTENT, PLACE, "none", "an intent, logged before the run started");
        return false;
    }
    uint64_t i = (uint64_t)json_integer_value(index);
    const char *fault = strcmp(json_string_value(origin), work->head.origin) != 0 ? "an intent in another log"
                        : i >= work->book->count                                  ? "an index beyond the log"
                        : i >= log->outcome                                       ? "an intent after its outcome"
                                                                                  : intent_fault(work, i);
    if (fault) {
        log_refuse(work, GATE_INTENT, PLACE, fault, "the intent of this run, logged before it started");
        return false;
    }
    log->has_intent = true;
    log->intent = i;
    return true;
}

/* A seed from challenge or log is the one that nonce, commit and head give. */
static void check_choices(struct log_work *work)
{
    static const char PLACE[] = "/predicate/protocol/seed";
    const char *source = json_string_value(at(work, "/predicate/protocol/seedSource"));
    const char *seed = json_string_value(at(work, PLACE));
    const char *nonce = json_string_value(at(work, "/predicate/attempts/nonce"));
    const char *commit = json_string_value(at(work, "/predicate/environment/build/commit"));
    char expected[32];
    if (!source || !seed || strcmp(source, "fixed") == 0) {
        return; /* code `choice` says so, and the tier is capped */
    }
    const struct assay_tlog_row *row = &work->book->rows[work->judge->log.intent];
    uint64_t due = assay_choice_seed(nonce ? nonce : "", commit ? commit : "", &row->head_root);
    (void)snprintf(expected, sizeof expected, "%llu", (unsigned long long)due);
    if (strcmp(seed, expected) != 0) {
        log_refuse(work, GATE_CHOICES, PLACE, seed, expected);
    }
}

/* ---- the key's chain and the other attempts: 413, 414, 415 ---- */

static void check_chain(struct log_work *work)
{
    static const char COUNTER[] = "/predicate/attempts/counter", PREVIOUS[] = "/predicate/attempts/previous";
    const struct assay_tlog_row *row = &work->book->rows[work->judge->log.intent];
    const json_t *counter = at(work, COUNTER), *previous = at(work, PREVIOUS);
    char expected[64];
    if (!json_is_integer(counter) || (uint64_t)json_integer_value(counter) != row->counter) {
        (void)snprintf(expected, sizeof expected, "%llu, as in the intent", (unsigned long long)row->counter);
        judge_fail(work->judge, GATE_CHAIN, COUNTER, counter, expected);
    }
    bool is_same = row->has_previous ? is_hex_of(previous, row->previous.bytes, sizeof row->previous.bytes)
                                     : json_object_get(previous, "absent") != NULL;
    if (!is_same) {
        judge_fail(work->judge, GATE_CHAIN, PREVIOUS, previous, "the document before, as in the intent");
    }
}

/* Faults of the log that concern the keys that signed the document. */
static void check_findings(struct log_work *work)
{
    struct assay_tlog_audit *audit = assay_alloc(1, sizeof *audit);
    assay_err err = {0};
    struct assay_tlog_focus focus = {.signer = work->book->rows[work->judge->log.outcome].signer};
    memcpy(focus.run_id, work->run_id, sizeof focus.run_id);
    if (!audit || assay_tlog_book_audit(work->book, &focus, audit, &err) != ASSAY_OK) {
        work->judge->is_out_of_memory = true;
        assay_free(audit);
        return;
    }
    for (size_t i = 0; i < audit->findings_count; i++) {
        char place[64];
        if (audit->findings[i].index == work->judge->log.outcome && !work->judge->log.has_intent) {
            continue; /* 412 was said of it */
        }
        (void)snprintf(place, sizeof place, "log/%llu", (unsigned long long)audit->findings[i].index);
        log_refuse(work, GATE_CHAIN, place, audit->findings[i].what, "each run once, counters without gap");
    }
    assay_free(audit);
}

static void check_earlier(struct log_work *work)
{
    static const struct {
        const char *name;
        size_t offset;
    } COUNTS[] = {{"intents", offsetof(struct assay_tlog_earlier, intents)},
                  {"receipts", offsetof(struct assay_tlog_earlier, receipts)},
                  {"records", offsetof(struct assay_tlog_earlier, records)},
                  {"open", offsetof(struct assay_tlog_earlier, open)}};
    struct assay_tlog_earlier earlier, all;
    struct log_view *log = &work->judge->log;
    const struct assay_digest *request = &work->book->rows[log->intent].request;
    assay_err err = {0};
    assay_code rc = assay_tlog_book_earlier(work->book, request, log->intent, &earlier, &err);
    rc = rc == ASSAY_OK ? assay_tlog_book_earlier(work->book, request, work->book->count, &all, &err) : rc;
    if (!log_is_ok(work, rc, GATE_ATTEMPTS, LOG, &err)) {
        return;
    }
    log->open = all.open;
    for (size_t i = 0; i < sizeof COUNTS / sizeof COUNTS[0]; i++) {
        char place[64], expected[64];
        uint64_t due;
        (void)snprintf(place, sizeof place, "/predicate/attempts/earlier/%s", COUNTS[i].name);
        memcpy(&due, (const char *)&earlier + COUNTS[i].offset, sizeof due);
        const json_t *found = at(work, place);
        if (!json_is_integer(found) || (uint64_t)json_integer_value(found) != due) {
            (void)snprintf(expected, sizeof expected, "%llu, as in the log", (unsigned long long)due);
            judge_fail(work->judge, GATE_ATTEMPTS, place, found, expected);
        }
    }
    if (work->judge->input->wants_default_policy && all.open > 0) {
        char found[64];
        (void)snprintf(found, sizeof found, "%llu runs of this request without an outcome",
                       (unsigned long long)all.open);
        log_refuse(work, GATE_ATTEMPTS, LOG, found, "none");
    }
}

/* A policy that was chosen after results were seen is none: it stands in the log before the request's first intent. */
static void check_policy(struct log_work *work)
{
    static const char PLACE[] = "/predicate/protocol/policySha256";
    const json_t *policy = at(work, PLACE);
    const struct assay_digest *request = &work->book->rows[work->judge->log.intent].request;
    if (!json_is_string(policy)) {
        return;
    }
    for (uint64_t i = 0; i < work->book->count; i++) {
        const struct assay_tlog_row *row = &work->book->rows[i];
        if (row->kind == ASSAY_ENTRY_POLICY && is_hex_of(policy, row->content.bytes, sizeof row->content.bytes)) {
            return;
        }
        if (row->kind == ASSAY_ENTRY_INTENT && assay_digest_equal(&row->request, request)) {
            break;
        }
    }
    judge_fail(work->judge, GATE_POLICY_LATE, PLACE, policy, "a policy that was logged before the first intent");
}

/* ---- the whole ---- */

static void remember(struct log_work *work)
{
    work->judge->out->has_head = true;
    work->judge->out->head = work->head;
    work->judge->log.size = work->head.size;
}

static void check_log(struct log_work *work)
{
    const struct assay_judge_input *input = work->judge->input;
    if (!log_head_check(work, input->log_checkpoint.data, input->log_checkpoint.len) || !read_entries(work) ||
        !log_memory_check(work)) {
        return;
    }
    remember(work);
    log_cosigned_check(work);
    if (!work->has_run_id || !find_entry(work)) {
        return;
    }
    bool has_intent = find_intent(work);
    log_bracket(work);
    check_findings(work);
    if (has_intent) {
        check_choices(work);
        check_chain(work);
        check_earlier(work);
        check_policy(work);
    }
}

static void check_proof_file(struct log_work *work)
{
    const struct assay_judge_input *input = work->judge->input;
    struct assay_tlog_proof_file file;
    assay_err err = {0};
    assay_code rc = assay_tlog_proof_read(input->log_proof.data, input->log_proof.len, &file, &err);
    if (!log_is_ok(work, rc, GATE_INCLUSION, "receipt.tlog-proof", &err) ||
        !log_head_check(work, file.checkpoint.data, file.checkpoint.len) || !log_memory_check(work)) {
        return;
    }
    remember(work);
    if (work->has_run_id) {
        check_proof(work, &file);
    }
    if (work->judge->log.is_logged) {
        log_bracket(work);
    }
}

void judge_log(struct judge *judge)
{
    struct log_work work = {.judge = judge};
    if (!judge->trust || !judge->payload.data ||
        (!judge->input->log_checkpoint.data && !judge->input->log_proof.data)) {
        return;
    }
    assay_sha256_of(judge->payload.data, judge->payload.len, &work.payload);
    work.has_run_id = assay_json_get_hex(json_object_get(json_object_get(judge->statement, "predicate"), "attempts"),
                                         "runId", "", work.run_id, sizeof work.run_id, NULL) == ASSAY_OK;
    if (judge->input->log_checkpoint.data) {
        check_log(&work);
    } else {
        check_proof_file(&work);
    }
    assay_tlog_book_done(&work.read);
}
