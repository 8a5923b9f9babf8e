/* The transparency log of a team: `log init|append|prove|audit DIR`; prove and audit read a URL too. */
#include "cli/cli.h"
#include "cli/log_append.h"
#include "cli/log_cosign.h"
#include "cli/log_key.h"
#include "cli/log_place.h"
#include "cli/log_witness.h"
#include "cli/run_files.h"
#include "cli/verify_inputs.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/parallel.h"
#include "base/rng.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#define AT(member) offsetof(struct values, member)
#define APPEND "log append"

struct values {
    const char *name, *origin, *log_key, *key, *password_file, *policy, *trust, *receipt, *abandon, *out, *since,
        *witness, *vkey;
    bool is_forced, wants_json;
};

static const struct assay_opt OPTIONS[] = {
    {"log-key", "FILE", "the key that signs checkpoints (default: DIR.key)", ASSAY_OPT_TEXT, AT(log_key)},
    {"password-file", "FILE", "the password of the keys is the first line of FILE", ASSAY_OPT_TEXT, AT(password_file)},
    {"json", NULL, "print as JSON", ASSAY_OPT_FLAG, AT(wants_json)},
    {"out", "FILE", "'log prove': write the proof there", ASSAY_OPT_TEXT, AT(out)},
    {"since", "SIZE", "'log prove': that the log continues the head of that size, in place of an entry", ASSAY_OPT_TEXT,
     AT(since)},
    {"force", NULL, "replace the file of --out", ASSAY_OPT_FLAG, AT(is_forced)},
    {"origin", "NAME", "'log init': the name of the log, such as example.org/perf", ASSAY_OPT_TEXT, AT(origin)},
    {"trust", "FILE",
     "'log audit': check the checkpoint's key and every entry's by this trust file; 'log append': log it, or, beside "
     "another entry, check --key by it",
     ASSAY_OPT_TEXT, AT(trust)},
    {"key", "FILE", "the receipt key that signs the entry; 'log cosign': the key of the witness", ASSAY_OPT_TEXT,
     AT(key)},
    {"name", "NAME", "'log cosign': the name of the witness, such as witness.example", ASSAY_OPT_TEXT, AT(name)},
    {"witness", "URL", "'log cosign': ask this witness (c2sp.org/tlog-witness) instead", ASSAY_OPT_TEXT, AT(witness)},
    {"vkey", "KEY", "with --witness: its verifier key", ASSAY_OPT_TEXT, AT(vkey)},
    {"policy", "FILE", "log a policy, before the runs that it will judge", ASSAY_OPT_TEXT, AT(policy), .group = APPEND},
    {"receipt", "DIR|FILE", "log the document of a run", ASSAY_OPT_TEXT, AT(receipt), .group = APPEND},
    {"abandon", "RUNID", "close an intent that has no outcome", ASSAY_OPT_TEXT, AT(abandon), .group = APPEND},
};

static assay_code print_object(json_t *root, struct assay_json_builder *b, struct assay_buf *out, assay_err *err)
{
    assay_code rc = assay_json_builder_check(b, root, err);
    rc = rc == ASSAY_OK ? assay_json_pretty(root, out, err) : rc;
    json_decref(root);
    return rc;
}

/* ---- init ---- */

/* A key of its own beside the directory: it signs checkpoints and nothing else. */
static assay_code make_key(const struct values *values, const char *dir, struct assay_cli_key *ret, assay_err *err)
{
    unsigned char seed[ASSAY_SEED_BYTES];
    struct assay_key_lock lock = {0};
    struct assay_buf path, file, password;
    assay_buf_init(&file, ASSAY_KEY_FILE_BYTES_MAX);
    assay_buf_init(&password, 1);
    assay_code rc = assay_cli_log_key_path(dir, ".key", &path, err);
    if (rc == ASSAY_OK && values->password_file) {
        rc = assay_cli_password(values->password_file, true, &password, err);
        lock.password = password.data ? password.data : "";
        lock.password_len = password.len;
        assay_rng_system_bytes(lock.salt, sizeof lock.salt);
    }
    assay_rng_system_bytes(seed, sizeof seed);
    assay_rng_system_bytes(ret->number.bytes, sizeof ret->number.bytes);
    assay_secret_key_init(&ret->secret, seed);
    assay_wipe(seed, sizeof seed);
    assay_secret_key_public(&ret->secret, &ret->public);
    rc = rc == ASSAY_OK ? assay_minisign_secret_write(&ret->secret, &ret->number, &lock, &file, err) : rc;
    rc = rc == ASSAY_OK ? assay_cli_secret_write(path.data, &file, false, err) : rc;
    if (file.data) {
        assay_wipe(file.data, file.len);
    }
    if (password.data) {
        assay_wipe(password.data, password.len);
    }
    assay_buf_done(&path);
    assay_buf_done(&file);
    assay_buf_done(&password);
    return rc;
}

static assay_code log_init(const struct values *values, const char *dir, const char *place, struct assay_buf *out,
                           assay_err *err)
{
    struct assay_cli_key key = {0};
    struct assay_note_key note;
    (void)place;
    if (!values->origin || !assay_note_name_is_good(assay_slice_of(values->origin))) {
        return assay_fail(err, ASSAY_USAGE,
                          "--origin NAME is needed: without white space and '+', such as example.org/perf");
    }
    if (assay_path_exists(dir)) {
        return assay_fail(err, ASSAY_EXISTS, "'%s' is there already; a log gets a directory of its own", dir);
    }
    assay_code rc = values->log_key ? assay_cli_key_load(values->log_key, values->password_file, &key, err)
                                    : make_key(values, dir, &key, err);
    rc = rc == ASSAY_OK ? assay_note_key_make(values->origin, ASSAY_NOTE_ED25519, &key.public, &note, err) : rc;
    if (rc == ASSAY_OK) {
        const struct assay_log_signer signer = {.key = &note, .secret = &key.secret};
        rc = assay_log_dir_init(dir, &signer, err);
    }
    if (rc == ASSAY_OK) {
        assay_note_key_write(&note, out);
        assay_buf_char(out, '\n');
    }
    assay_cli_key_done(&key);
    return rc;
}

/* ---- append ---- */

static assay_code log_append(const struct values *values, const char *dir, const char *place, struct assay_buf *out,
                             assay_err *err)
{
    const struct assay_log_append how = {.log_key = values->log_key,
                                         .key = values->key,
                                         .password_file = values->password_file,
                                         .policy = values->policy,
                                         .receipt = values->receipt,
                                         .abandon = values->abandon,
                                         .trust = values->trust,
                                         .wants_json = values->wants_json};
    (void)place;
    return assay_cli_log_append(&how, dir, out, err);
}

/* ---- prove ---- */

/* The entry of a run's document. */
static assay_code find_outcome(const struct assay_log_dir *log, const char *place, uint64_t *ret, assay_err *err)
{
    struct assay_run_files files;
    json_t *statement = NULL;
    enum assay_document document;
    uint8_t run_id[16];
    assay_code rc = assay_run_files_load(place, NULL, &files, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    rc = assay_receipt_read(files.document.data, files.document.len, &statement, &document, err);
    rc = rc == ASSAY_OK ? assay_json_get_hex(assay_json_at(statement, "/predicate/attempts"), "runId", "", run_id,
                                             sizeof run_id, err)
                        : rc;
    if (rc == ASSAY_OK) {
        *ret = assay_tlog_book_outcome(&log->book, run_id, 0);
        rc = *ret < log->book.count ? ASSAY_OK
                                    : assay_fail(err, ASSAY_WANTING, "the log '%s' has no outcome of the run in '%s'",
                                                 log->path.data, place);
    }
    json_decref(statement);
    assay_run_files_done(&files);
    return rc;
}

static assay_code prove_growth(const struct values *values, const char *dir, const char *place, struct assay_buf *out,
                               assay_err *err)
{
    struct assay_log_place opened;
    uint64_t size = 0;
    if (place || !assay_tlog_number_read(assay_slice_of(values->since), &size)) {
        return assay_fail(err, ASSAY_USAGE,
                          "--since is '%.40s', expected the size of an older head, and no entry beside it",
                          values->since);
    }
    assay_code rc = assay_log_place_open(dir, ASSAY_LOG_HEAD, &opened, err);
    rc = rc == ASSAY_OK ? assay_log_dir_prove_growth(opened.log, size, out, err) : rc;
    rc = rc == ASSAY_OK ? assay_cli_output(out, values->out, values->is_forced, err) : rc;
    assay_log_place_close(&opened);
    return rc;
}

static assay_code log_prove(const struct values *values, const char *dir, const char *place, struct assay_buf *out,
                            assay_err *err)
{
    struct assay_log_place opened;
    uint64_t index = 0;
    if (values->since) {
        return prove_growth(values, dir, place, out, err);
    }
    if (!place) {
        return assay_fail(err, ASSAY_USAGE, "'log prove DIR|URL' takes an entry's index, a run, or --since SIZE");
    }
    bool is_number = assay_tlog_number_read(assay_slice_of(place), &index); /* else a run, to be found in the log */
    assay_code rc = assay_log_place_open(dir, is_number ? ASSAY_LOG_HEAD : ASSAY_LOG_AUDIT, &opened, err);
    rc = rc == ASSAY_OK && !is_number ? find_outcome(opened.log, place, &index, err) : rc;
    rc = rc == ASSAY_OK ? assay_log_dir_prove(opened.log, index, out, err) : rc;
    rc = rc == ASSAY_OK ? assay_cli_output(out, values->out, values->is_forced, err) : rc;
    assay_log_place_close(&opened);
    return rc;
}

/* ---- cosign ---- */

static assay_code log_cosign(const struct values *values, const char *dir, const char *place, struct assay_buf *out,
                             assay_err *err)
{
    const struct assay_log_cosign how = {
        .key = values->key, .password_file = values->password_file, .name = values->name};
    const struct assay_log_witness witness = {.url = values->witness, .vkey = values->vkey};
    (void)place;
    bool is_own = values->key || values->name || values->password_file;
    if (!witness.url != !witness.vkey || (witness.url && is_own)) {
        return assay_fail(
            err, ASSAY_USAGE,
            "'log cosign' takes --key FILE and --name NAME of a witness here, or --witness URL and --vkey "
            "KEY of one elsewhere");
    }
    if (witness.url) {
        return assay_cli_log_ask_witness(&witness, dir, out, err);
    }
    return assay_cli_log_cosign(&how, dir, out, err);
}

/* ---- audit ---- */

struct audit {
    const struct assay_log_dir *log;
    struct assay_tlog_audit *book;
    uint64_t tiles, signatures;
    struct assay_buf faults; /* lines */
    size_t faults_count;
};

static void add_fault(struct audit *audit, const char *text)
{
    audit->faults_count++;
    assay_buf_printf(&audit->faults, "%s\n", text);
}

/* ---- signatures of the entries: by far the most of an audit, on as many threads as there are CPUs ---- */

enum entry_state { ENTRY_SIGNED, ENTRY_UNKNOWN_KEY, ENTRY_OTHER_ROLE, ENTRY_FALSE };
static const char *const ENTRY_FAULTS[] = {[ENTRY_UNKNOWN_KEY] = "its key is not in the trust file",
                                           [ENTRY_OTHER_ROLE] = "its key has not the role receipt",
                                           [ENTRY_FALSE] = "its signature is false"};

struct signature_check {
    const struct assay_tlog_book *book;
    const struct assay_trust *trust;
    unsigned char *states; /* by entry */
};

static assay_code check_entry(void *context, size_t worker, size_t number, assay_err *err)
{
    const struct signature_check *check = context;
    const struct assay_tlog_row *row = &check->book->rows[number];
    const struct assay_trust_key *key = assay_trust_key_find(check->trust, &row->signer);
    bool is_signed = false;
    (void)worker;
    if (!key || key->role != ASSAY_ROLE_RECEIPT) {
        check->states[number] = key ? ENTRY_OTHER_ROLE : ENTRY_UNKNOWN_KEY;
        return ASSAY_OK;
    }
    assay_code rc = assay_tlog_row_is_signed_by(row, &key->public, &is_signed, err);
    check->states[number] = is_signed ? ENTRY_SIGNED : ENTRY_FALSE;
    return rc;
}

static assay_code check_entries(struct audit *audit, const struct assay_trust *trust, assay_err *err)
{
    const struct assay_tlog_book *book = &audit->log->book;
    struct signature_check check = {.book = book, .trust = trust, .states = assay_alloc(book->count + 1, 1)};
    const struct assay_parallel work = {
        .name = "signatures", .count = book->count, .step = check_entry, .context = &check};
    assay_code rc = check.states ? assay_parallel_run(&work, err) : assay_nomem(err);
    for (size_t i = 0; i < book->count && rc == ASSAY_OK; i++) {
        if (check.states[i] == ENTRY_SIGNED) {
            audit->signatures++;
        } else {
            audit->faults_count++;
            assay_buf_printf(&audit->faults, "entry %zu: %s\n", i, ENTRY_FAULTS[check.states[i]]);
        }
    }
    assay_free(check.states);
    return rc;
}

static assay_code check_log_key(struct audit *audit, const struct assay_trust *trust, assay_err *err)
{
    enum assay_note_state state = ASSAY_NOTE_UNSIGNED;
    uint64_t time_s;
    const struct assay_trust_log *known = assay_trust_log_find(trust, audit->log->head.origin);
    struct assay_note *note = assay_alloc(1, sizeof *note);
    assay_code rc = note ? assay_note_read(audit->log->note.data, audit->log->note.len, note, err) : assay_nomem(err);
    rc = rc == ASSAY_OK && known ? assay_note_check(note, &known->log, &state, &time_s, err) : rc;
    if (rc == ASSAY_OK && state != ASSAY_NOTE_GOOD) {
        add_fault(audit,
                  known ? "checkpoint: not signed by the log's key" : "checkpoint: a log that the trust file lacks");
    }
    assay_free(note);
    return rc;
}

static void check_memory(struct audit *audit, const struct assay_judge_memory *memory)
{
    struct assay_digest root;
    bool is_shorter = memory->head_size > audit->log->book.count;
    if (!memory->head_origin) {
        return;
    }
    if (!is_shorter) {
        assay_tlog_book_root(&audit->log->book, memory->head_size, &root);
    }
    if (is_shorter || !assay_digest_equal(&root, &memory->head_root)) {
        add_fault(audit, "checkpoint: it does not continue the head that was seen before");
    }
}

/* Checkpoint and keys by the trust file, and the head that was seen before. */
static assay_code check_trust(struct audit *audit, const char *trust_path, assay_err *err)
{
    struct assay_buf bytes;
    struct assay_judge_memory seen = {0};
    struct assay_trust *trust = NULL;
    struct assay_cli_memory *memory = assay_alloc(1, sizeof *memory);
    assay_buf_init(&bytes, ASSAY_TRUST_BYTES_MAX);
    assay_code rc = memory ? assay_buf_read_file(&bytes, trust_path, err) : assay_nomem(err);
    rc = rc == ASSAY_OK ? assay_trust_read(bytes.data ? bytes.data : "", bytes.len, &trust, err) : rc;
    rc = rc == ASSAY_OK ? assay_cli_memory_load(trust_path, trust->version, memory, err) : rc;
    rc = rc == ASSAY_OK ? assay_cli_memory_look(memory, audit->log->head.origin, &seen, err) : rc;
    rc = rc == ASSAY_OK ? check_log_key(audit, trust, err) : rc;
    if (rc == ASSAY_OK) {
        check_memory(audit, &seen);
        rc = check_entries(audit, trust, err);
    }
    assay_trust_free(trust);
    assay_buf_done(&bytes);
    if (memory) {
        assay_cli_memory_done(memory);
        assay_free(memory);
    }
    return rc;
}

static assay_code check_tree(struct audit *audit, assay_err *err)
{
    struct assay_digest root;
    assay_err found = {0};
    assay_merkle_root(&audit->log->book.tree, &root);
    if (audit->log->book.count != audit->log->head.size ||
        memcmp(root.bytes, audit->log->head.root, sizeof root.bytes) != 0) {
        add_fault(audit, "checkpoint: its root is not that of the entries");
    }
    assay_code rc = assay_log_dir_check_tiles(audit->log, &audit->tiles, &found);
    if (rc == ASSAY_WANTING) {
        add_fault(audit, found.message);
        rc = ASSAY_OK;
    } else if (rc != ASSAY_OK && err) {
        *err = found;
    }
    return rc;
}

static assay_code print_audit(const struct values *values, const struct audit *audit, struct assay_buf *out,
                              assay_err *err)
{
    const struct assay_tlog_audit *book = audit->book;
    struct assay_json_builder b = {0};
    if (values->wants_json) {
        json_t *root = json_object();
        assay_json_put_text(&b, root, "origin", audit->log->head.origin);
        assay_json_put_u64(&b, root, "size", audit->log->head.size);
        assay_json_put_u64(&b, root, "tiles", audit->tiles);
        assay_json_put_u64(&b, root, "signatures", audit->signatures);
        assay_json_put_u64(&b, root, "intents", book->intents);
        assay_json_put_u64(&b, root, "receipts", book->receipts);
        assay_json_put_u64(&b, root, "records", book->records);
        assay_json_put_u64(&b, root, "abandoned", book->abandoned);
        assay_json_put_u64(&b, root, "open", book->open);
        json_t *faults = assay_json_put_array(&b, root, "faults");
        struct assay_slice rest = {audit->faults.data, audit->faults.len};
        while (rest.len > 0) {
            struct assay_slice line = assay_slice_cut(&rest, '\n');
            assay_json_add(&b, faults, json_stringn(line.data, line.len));
        }
        return print_object(root, &b, out, err);
    }
    assay_buf_printf(out,
                     "%s: %s, size %" PRIu64 ", %" PRIu64 " tiles\n%" PRIu64 " intents, %" PRIu64 " receipts, %" PRIu64
                     " records, %" PRIu64 " abandoned, %" PRIu64 " open\n",
                     audit->log->path.data, audit->log->head.origin, audit->log->head.size, audit->tiles, book->intents,
                     book->receipts, book->records, book->abandoned, book->open);
    if (values->trust) {
        assay_buf_printf(out, "%" PRIu64 " of %zu entries signed by a key of the trust file\n", audit->signatures,
                         audit->log->book.count);
    } else {
        assay_buf_text(out, "signatures not checked: no trust file given\n");
    }
    assay_buf_text(out, audit->faults.data ? audit->faults.data : "");
    assay_buf_printf(out, "%zu fault%s. Runs made elsewhere without the log stay invisible.\n", audit->faults_count,
                     audit->faults_count == 1 ? "" : "s");
    return ASSAY_OK;
}

static void add_findings(struct audit *audit)
{
    for (size_t i = 0; i < audit->book->findings_count; i++) {
        audit->faults_count++;
        assay_buf_printf(&audit->faults, "entry %" PRIu64 ": %s\n", audit->book->findings[i].index,
                         audit->book->findings[i].what);
    }
    audit->faults_count += audit->book->findings_left_out;
}

static assay_code log_audit(const struct values *values, const char *dir, const char *place, struct assay_buf *out,
                            assay_err *err)
{
    struct assay_log_place opened;
    struct audit audit = {0};
    (void)place;
    assay_buf_init(&audit.faults, ASSAY_CLI_OUTPUT_BYTES_MAX);
    const enum assay_log_mode mode = values->trust ? ASSAY_LOG_READ : ASSAY_LOG_AUDIT;
    assay_code rc = assay_log_place_open(dir, mode, &opened, err);
    audit.log = opened.log;
    audit.book = assay_alloc(1, sizeof *audit.book);
    rc = rc == ASSAY_OK && !audit.book ? assay_nomem(err) : rc;
    rc = rc == ASSAY_OK ? check_tree(&audit, err) : rc;
    rc = rc == ASSAY_OK ? assay_tlog_book_audit(&opened.log->book, NULL, audit.book, err) : rc;
    if (rc == ASSAY_OK) {
        add_findings(&audit);
        rc = values->trust ? check_trust(&audit, values->trust, err) : ASSAY_OK;
    }
    rc = rc == ASSAY_OK ? assay_buf_check(&audit.faults, err) : rc;
    rc = rc == ASSAY_OK ? print_audit(values, &audit, out, err) : rc;
    if (rc == ASSAY_OK && audit.faults_count > 0) {
        rc = ASSAY_WANTING;
    }
    assay_buf_done(&audit.faults);
    assay_free(audit.book);
    assay_log_place_close(&opened);
    return rc;
}

struct action {
    const char *name, *mode; /* mode: as a message says it */
    bool is_judged, reads_url, takes_place;
    const char *options[10]; /* what it looks at */
    assay_code (*run)(const struct values *, const char *, const char *, struct assay_buf *, assay_err *);
};

static const struct action ACTIONS[] = {
    {"init", "'log init'", .options = {"origin", "log-key", "password-file"}, .run = log_init},
    {"append", "'log append'",
     .options = {"log-key", "key", "password-file", "json", "policy", "trust", "receipt", "abandon"},
     .run = log_append},
    {"prove", "'log prove'", .reads_url = true, .takes_place = true, .options = {"out", "force", "since"},
     .run = log_prove},
    {"cosign", "'log cosign'", .options = {"key", "name", "password-file", "witness", "vkey"}, .run = log_cosign},
    {"audit", "'log audit'", .is_judged = true, .reads_url = true, .options = {"trust", "json"}, .run = log_audit},
};

static assay_code check_usage(const struct action *action, const struct assay_opt_result *given, assay_err *err)
{
    if (!action->reads_url && assay_log_place_is_url(given->arguments[1])) {
        return assay_fail(err, ASSAY_USAGE, "%s writes, and a log is written in a directory, not at '%s'", action->mode,
                          given->arguments[1]);
    }
    if (!action->takes_place && given->arguments_count > 2) {
        return assay_fail(err, ASSAY_USAGE, "%s takes one log and nothing more: '%.80s' is too much", action->mode,
                          given->arguments[2]);
    }
    assay_code rc = assay_cli_check_given(&assay_verb_log.opt, given, action->options, action->mode, err);
    return rc == ASSAY_OK ? assay_cli_check_pair(&assay_verb_log.opt, given, "force", "out", err) : rc;
}

static assay_code run(struct assay_cli *cli, const void *values, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err)
{
    for (size_t i = 0; i < sizeof ACTIONS / sizeof ACTIONS[0]; i++) {
        const struct action *action = &ACTIONS[i];
        if (strcmp(action->name, given->arguments[0]) == 0) {
            const char *place = given->arguments_count > 2 ? given->arguments[2] : NULL;
            assay_code rc = check_usage(action, given, err);
            rc = rc == ASSAY_OK ? action->run(values, given->arguments[1], place, out, err) : rc;
            cli->has_judged = action->is_judged && (rc == ASSAY_OK || (rc == ASSAY_WANTING && out->len > 0));
            return rc;
        }
    }
    return assay_fail(err, ASSAY_USAGE, "there is no 'log %s': init, append, prove, cosign or audit",
                      given->arguments[0]);
}

const struct assay_verb assay_verb_log = {
    .opt =
        {.name = "log",
         .synopsis = "init|append|cosign DIR [OPTIONS]; prove|audit DIR|URL [INDEX|RUN] [OPTIONS]",
         .summary = "an append-only log of what was measured, so that a run that was dropped shows",
         .manual =
             "A log is a directory of plain files: tiles of hashes, the entries, and a signed checkpoint "
             "(c2sp.org/tlog-tiles). 'assay run --log DIR' writes an intent before it measures and the receipt's entry "
             "after, so that the best of five runs shows as five intents.\n\n'log init' makes a log and, beside it, "
             "its key "
             "DIR.key. 'log append' adds a policy, a trust file, the document of a run, or the end of one that left "
             "none. It takes nothing that the audit would call a fault for ever: a document or an end needs the intent "
             "of its run, by the same key and without an outcome; the document is signed by --key and of the plan that "
             "was announced; with --trust the key is one that this file lists.\n\n"
             "'log cosign' is what a witness does, with a key of its own and on a machine of its own: it signs the "
             "head "
             "with the time, if the log has grown from the head that it signed before, and the head is kept in "
             "cosigned/. A "
             "head that was cosigned before a run and one after it bracket the run in time (tier 3). With --witness "
             "URL a witness of "
             "that protocol is asked: it is sent the checkpoint and the proof that it continues what this witness "
             "signed "
             "before.\n\n"
             "'log prove' writes the proof that an entry is in the log; with --since SIZE, that the log continues the "
             "head of "
             "that size ('verify --consistency' takes it). 'log audit' computes every tile and the root "
             "again "
             "and looks at each run's intent and outcome, each key's counters and chain, and with --trust at every "
             "signature. Both read a URL too, where any web server hands out the files of the directory.",
         .options = OPTIONS,
         .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
         .arguments_min = 2,
         .arguments_max = 3,
         .examples = "assay log init perf-log --origin example.org/perf\n  a new log, and its key perf-log.key\n"
                     "assay run noop --requests 1000 --key runner.key --log perf-log\n  a run that is logged\n"
                     "assay log audit perf-log --trust trust.json\n  everything in it, checked\n",
         .exits = "0 good; 1 the audit found faults, or the log does not take the entry; 3 malformed; 4 usage; 5 a "
                  "file could not be read or written"},
    .values_bytes = sizeof(struct values),
    .run = run,
};
