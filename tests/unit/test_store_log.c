#include "base/file.h"
#include "crypto/crypto.h"
#include "store/store.h"
#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <ftw.h>
#include <unistd.h>

#define ENTRIES 262 /* over the first full tile */

struct fixture {
    char dir[64], log[128];
    struct assay_secret_key key;
    struct assay_note_key note;
    struct assay_log_signer signer;
    struct assay_digest leaves[ENTRIES + 1];
    size_t count;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct assay_public_key public;
    unsigned char seed[ASSAY_SEED_BYTES] = {7};
    assert_non_null(f);
    /* every append is synchronised to the disk: a file system in memory where there is one */
    (void)snprintf(f->dir, sizeof f->dir, "%s/assay-test-log-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(f->dir));
    (void)snprintf(f->log, sizeof f->log, "%s/log", f->dir);
    assay_secret_key_init(&f->key, seed);
    assay_secret_key_public(&f->key, &public);
    assert_int_equal(assay_note_key_make("example.org/log", ASSAY_NOTE_ED25519, &public, &f->note, NULL), ASSAY_OK);
    f->signer = (struct assay_log_signer){.key = &f->note, .secret = &f->key};
    assert_int_equal(assay_log_dir_init(f->log, &f->signer, NULL), ASSAY_OK);
    *state = f;
    return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    int rc = nftw(f->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    assay_secret_key_done(&f->key);
    free(f);
    return rc;
}

static struct assay_log_dir *open_log(const struct fixture *f, enum assay_log_mode mode)
{
    struct assay_log_dir *log = NULL;
    assay_err err = {0};
    if (assay_log_dir_open(f->log, mode, &log, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    return log;
}

static void make_entry(const struct fixture *f, size_t number, struct assay_buf *ret)
{
    uint8_t run_id[16] = {(uint8_t)number, (uint8_t)(number >> 8)};
    struct assay_digest payload = {{1}};
    assay_buf_clear(ret);
    assert_int_equal(assay_outcome_write(ASSAY_ENTRY_RECEIPT, run_id, &payload, &f->key, ret, NULL), ASSAY_OK);
}

static void append(struct fixture *f, struct assay_log_dir *log)
{
    struct assay_buf entry;
    assay_err err = {0};
    assay_buf_init(&entry, ASSAY_LOG_ENTRY_BYTES_MAX);
    make_entry(f, f->count, &entry);
    assay_merkle_leaf_hash(entry.data, entry.len, &f->leaves[f->count++]);
    if (assay_log_dir_append(log, entry.data, entry.len, &f->signer, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    assay_buf_done(&entry);
}

static void root_of(const struct fixture *f, struct assay_digest *ret)
{
    struct assay_merkle tree;
    assay_merkle_init(&tree);
    for (size_t i = 0; i < f->count; i++) {
        assay_merkle_add_hash(&tree, &f->leaves[i]);
    }
    assay_merkle_root(&tree, ret);
}

static void fill(struct fixture *f, size_t count)
{
    struct assay_log_dir *log = open_log(f, ASSAY_LOG_EXTEND);
    while (f->count < count) {
        append(f, log);
    }
    assay_log_dir_close(log);
}

/* Appended by the right edge alone, opened anew at every size that matters, and read whole at the end. */
static void a_log_that_grows_by_its_edge_is_the_tree_of_its_entries(void **state)
{
    static const size_t STOPS[] = {1, 2, 3, 255, 256, 257, ENTRIES};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof STOPS / sizeof STOPS[0]; i++) {
        struct assay_digest root;
        uint64_t tiles = 0;
        assay_err err = {0};
        fill(f, STOPS[i]);
        root_of(f, &root);
        struct assay_log_dir *log = open_log(f, ASSAY_LOG_READ);
        assert_int_equal(log->head.size, STOPS[i]);
        assert_memory_equal(log->head.root, root.bytes, sizeof root.bytes);
        assay_merkle_root(&log->book.tree, &root);
        assert_memory_equal(log->head.root, root.bytes, sizeof root.bytes);
        if (assay_log_dir_check_tiles(log, &tiles, &err) != ASSAY_OK) {
            fail_msg("%s", err.message);
        }
        assert_int_equal(tiles, STOPS[i] < 256 ? 1 : STOPS[i] == 256 ? 2 : 3);
        assay_log_dir_close(log);
    }
}

static void the_proof_of_every_entry_is_made_from_tiles_and_proves_it(void **state)
{
    struct fixture *f = *state;
    struct assay_digest root;
    fill(f, ENTRIES);
    root_of(f, &root);
    struct assay_log_dir *log = open_log(f, ASSAY_LOG_HEAD);
    for (size_t i = 0; i < f->count; i++) {
        struct assay_tlog_proof_file file;
        struct assay_buf bytes;
        assay_buf_init(&bytes, ASSAY_TLOG_PROOF_BYTES_MAX);
        assert_int_equal(assay_log_dir_prove(log, i, &bytes, NULL), ASSAY_OK);
        assert_int_equal(assay_tlog_proof_read(bytes.data, bytes.len, &file, NULL), ASSAY_OK);
        assert_int_equal(file.index, i);
        assert_true(assay_inclusion_is_proven(i, f->count, &f->leaves[i], &file.proof, &root));
        assay_buf_done(&bytes);
    }
    struct assay_buf none;
    assay_buf_init(&none, ASSAY_TLOG_PROOF_BYTES_MAX);
    assert_int_equal(assay_log_dir_prove(log, f->count, &none, NULL), ASSAY_USAGE);
    assay_log_dir_close(log);
}

static void growth_from_every_size_is_made_from_tiles_and_proves_it(void **state)
{
    struct fixture *f = *state;
    struct assay_digest root, old_root;
    struct assay_merkle tree;
    fill(f, ENTRIES);
    root_of(f, &root);
    struct assay_log_dir *log = open_log(f, ASSAY_LOG_HEAD);
    assay_merkle_init(&tree);
    for (size_t size = 0; size <= f->count; size++) {
        struct assay_tlog_growth growth;
        struct assay_buf bytes;
        assay_buf_init(&bytes, ASSAY_TLOG_PROOF_BYTES_MAX);
        assert_int_equal(assay_log_dir_prove_growth(log, size, &bytes, NULL), ASSAY_OK);
        assert_int_equal(assay_tlog_growth_read(bytes.data, bytes.len, &growth, NULL), ASSAY_OK);
        assert_int_equal(growth.old_size, size);
        if (size == 0) { /* from nothing nothing is proven */
            assert_int_equal(growth.proof.count, 0);
        } else {
            assay_merkle_add_hash(&tree, &f->leaves[size - 1]);
            assay_merkle_root(&tree, &old_root);
            assert_true(assay_consistency_is_proven(size, f->count, &old_root, &growth.proof, &root));
        }
        assay_buf_done(&bytes);
    }
    struct assay_buf none;
    assay_buf_init(&none, ASSAY_TLOG_PROOF_BYTES_MAX);
    assert_int_equal(assay_log_dir_prove_growth(log, f->count + 1, &none, NULL), ASSAY_USAGE);
    assay_log_dir_close(log);
}

static void flip(const struct fixture *f, const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", f->log, name);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, 5, SEEK_SET), 0);
    int byte = fgetc(file);
    assert_int_equal(fseek(file, 5, SEEK_SET), 0);
    assert_true(fputc(byte ^ 1, file) != EOF);
    assert_int_equal(fclose(file), 0);
}

static assay_code try_open(const struct fixture *f, enum assay_log_mode mode)
{
    struct assay_log_dir *log = NULL;
    assay_code rc = assay_log_dir_open(f->log, mode, &log, NULL);
    assay_log_dir_close(log);
    return rc;
}

static void nothing_is_built_on_an_edge_that_was_changed(void **state)
{
    static const char *const FILES[] = {"tile/0/001.p/6", "tile/1/000.p/1", "tile/entries/001.p/6"};
    struct fixture *f = *state;
    fill(f, ENTRIES);
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++) {
        assert_int_equal(try_open(f, ASSAY_LOG_EXTEND), ASSAY_OK);
        flip(f, FILES[i]);
        assert_int_equal(try_open(f, ASSAY_LOG_EXTEND), ASSAY_MALFORMED);
        flip(f, FILES[i]);
    }
}

static void what_an_interrupted_append_left_is_written_over(void **state)
{
    struct fixture *f = *state;
    char path[256];
    struct assay_buf checkpoint;
    assay_buf_init(&checkpoint, ASSAY_NOTE_BYTES_MAX);
    (void)snprintf(path, sizeof path, "%s/checkpoint", f->log);
    fill(f, 3);
    assert_int_equal(assay_buf_read_file(&checkpoint, path, NULL), ASSAY_OK);
    fill(f, 4); /* and all was written but the checkpoint */
    assert_int_equal(assay_file_write(path, checkpoint.data, checkpoint.len, ASSAY_FILE_REPLACE, NULL), ASSAY_OK);
    assay_buf_done(&checkpoint);
    f->count = 3;
    fill(f, 5);
    struct assay_digest root;
    root_of(f, &root);
    struct assay_log_dir *log = open_log(f, ASSAY_LOG_READ);
    assert_int_equal(log->head.size, 5);
    assert_memory_equal(log->head.root, root.bytes, sizeof root.bytes);
    assay_log_dir_close(log);
}

static void entries_appended_to_a_log_that_was_read_are_in_its_book(void **state)
{
    struct fixture *f = *state;
    fill(f, 2);
    struct assay_log_dir *log = open_log(f, ASSAY_LOG_APPEND);
    append(f, log);
    append(f, log);
    assert_int_equal(log->book.count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(log->book.rows[i].run_id[0], i);
        assert_true(assay_digest_equal(&log->book.rows[i].leaf, &f->leaves[i]));
    }
    assert_int_equal(assay_log_dir_append(log, "{}", 2, &f->signer, NULL), ASSAY_MALFORMED);
    assay_log_dir_close(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_log_that_grows_by_its_edge_is_the_tree_of_its_entries, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_proof_of_every_entry_is_made_from_tiles_and_proves_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(growth_from_every_size_is_made_from_tiles_and_proves_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_built_on_an_edge_that_was_changed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_an_interrupted_append_left_is_written_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(entries_appended_to_a_log_that_was_read_are_in_its_book, set_up, tear_down),
    };
    assay_json_init();
    if (assay_crypto_init(NULL) != ASSAY_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
