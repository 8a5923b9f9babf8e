/* What a transparency log of 10^6 entries costs: reading and auditing it, appending to it, proofs. The log is written
 * into a directory that is removed again; its signatures are not real (an audit without a trust file looks at none).
 *
 *     bench_log [ENTRIES] [DIRECTORY]
 *     bench_log ENTRIES NEW_DIRECTORY keep        writes the log, leaves it, and measures nothing
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/store.h"

#include <assert.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ENTRIES 1000000
#define PROOFS 200000
#define PROOFS_GOAL 200000 /* a second */
#define APPENDS 20
#define LEVELS_MAX 32

static void die(const char *what, const assay_err *err)
{
    (void)fprintf(stderr, "%s: %s\n", what, err->message);
    exit(1);
}

static double seconds_since(uint64_t start)
{
    return (double)(assay_clock_mono_ns() - start) / 1e9;
}

static double cpu_seconds_since(uint64_t start)
{
    return (double)(assay_clock_thread_cpu_ns() - start) / 1e9;
}

static double cpu_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

/* ---- the log ---- */

struct maker {
    struct assay_secret_key key;
    struct assay_digest keyid, previous;
    struct assay_buf bundle, hashes, entry;
    const char *dir;
    uint64_t count, entry_bytes;
    struct assay_digest *leaves;
};

/* The intent of run n, or its receipt, as the record room writes them but with a signature of zeros. */
static void make_entry(struct maker *maker, uint64_t n)
{
    char keyid[ASSAY_DIGEST_TEXT_BYTES], previous[ASSAY_DIGEST_TEXT_BYTES], body[4096];
    struct assay_digest content = {{(unsigned char)n, (unsigned char)(n >> 8), (unsigned char)(n >> 16)}};
    char text[ASSAY_DIGEST_TEXT_BYTES];
    static const unsigned char ZEROS[ASSAY_SIGNATURE_BYTES];
    uint64_t run = n / 2;
    assay_digest_print(&maker->keyid, keyid);
    assay_digest_print(&maker->previous, previous);
    assay_digest_print(&content, text);
    if (n % 2 == 0) {
        char before[128];
        (void)snprintf(before, sizeof before, run == 0 ? "{\"absent\":\"first of this key\"}" : "\"%s\"", previous);
        (void)snprintf(body, sizeof body,
                       "{\"intent\":{\"counter\":%" PRIu64 ",\"head\":{\"root\":\"%s\",\"size\":0},\"keyid\":\"%s\","
                       "\"nonce\":{\"absent\":\"none asked\"},\"planSha256\":\"%s\",\"policySha256\":{\"absent\":\"no "
                       "policy given\"},\"previous\":%s,\"requestSha256\":\"%s\",\"runId\":\"%032" PRIx64 "\"}}",
                       run + 1, text, keyid, text, before, text, run);
    } else {
        maker->previous = content;
        (void)snprintf(body, sizeof body,
                       "{\"receipt\":{\"keyid\":\"%s\",\"payloadSha256\":\"%s\",\"runId\":\"%032" PRIx64 "\"}}", keyid,
                       text, run);
    }
    assay_buf_clear(&maker->entry);
    assay_buf_text(&maker->entry, "{\"payload\":\"");
    assay_base64_append(&maker->entry, body, strlen(body));
    assay_buf_printf(&maker->entry, "\",\"payloadType\":\"%s\",\"signatures\":[{\"keyid\":\"%s\",\"sig\":\"",
                     ASSAY_LOG_ENTRY_TYPE, keyid);
    assay_base64_append(&maker->entry, ZEROS, sizeof ZEROS);
    assay_buf_text(&maker->entry, "\"}]}");
}

static void write_file(const struct maker *maker, const struct assay_tile *tile, const struct assay_buf *bytes)
{
    char name[ASSAY_TILE_PATH_BYTES], path[8192];
    assay_err err = {0};
    assay_tile_path(tile, name);
    (void)snprintf(path, sizeof path, "%s/%s", maker->dir, name);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    assay_code rc = assay_dir_ensure(path, &err);
    *slash = '/';
    FILE *file = rc == ASSAY_OK ? fopen(path, "wb") : NULL;
    if (!file || fwrite(bytes->data, 1, bytes->len, file) != bytes->len || fclose(file) != 0) {
        die(path, &err);
    }
}

static void write_entries(struct maker *maker)
{
    for (uint64_t n = 0; n < maker->count; n++) {
        make_entry(maker, n);
        maker->entry_bytes += maker->entry.len;
        assay_merkle_leaf_hash(maker->entry.data, maker->entry.len, &maker->leaves[n]);
        (void)assay_entry_append(maker->entry.data, maker->entry.len, &maker->bundle, NULL);
        unsigned width = (unsigned)(n % ASSAY_TILE_WIDTH) + 1;
        if (width == ASSAY_TILE_WIDTH || n + 1 == maker->count) {
            write_file(maker, &(struct assay_tile){.is_entries = true, .number = n / ASSAY_TILE_WIDTH, .width = width},
                       &maker->bundle);
            assay_buf_clear(&maker->bundle);
        }
    }
}

static void write_tiles(struct maker *maker)
{
    struct assay_digest *level = assay_alloc(maker->count, sizeof *level);
    uint64_t count = maker->count;
    assert(level);
    memcpy(level, maker->leaves, maker->count * sizeof *level);
    for (unsigned height = 0; count > 0; height++) {
        for (uint64_t at = 0; at < count; at += ASSAY_TILE_WIDTH) {
            unsigned width = count - at < ASSAY_TILE_WIDTH ? (unsigned)(count - at) : ASSAY_TILE_WIDTH;
            struct assay_merkle tree;
            assay_merkle_init(&tree);
            assay_buf_clear(&maker->hashes);
            assay_buf_append(&maker->hashes, &level[at], width * sizeof *level);
            write_file(maker, &(struct assay_tile){.level = height, .number = at / ASSAY_TILE_WIDTH, .width = width},
                       &maker->hashes);
            for (unsigned i = 0; i < width; i++) {
                assay_merkle_add_hash(&tree, &level[at + i]);
            }
            assay_merkle_root(&tree, &level[at / ASSAY_TILE_WIDTH]);
        }
        count /= ASSAY_TILE_WIDTH;
    }
    assay_free(level);
}

static void write_head(const struct maker *maker, const struct assay_log_signer *signer)
{
    struct assay_checkpoint head = {.size = maker->count};
    struct assay_merkle tree;
    struct assay_digest root;
    struct assay_buf note, line;
    char path[8192];
    assay_err err = {0};
    assay_buf_init(&note, ASSAY_NOTE_BYTES_MAX);
    assay_buf_init(&line, ASSAY_NOTE_BYTES_MAX);
    assay_merkle_init(&tree);
    for (uint64_t i = 0; i < maker->count; i++) {
        assay_merkle_add_hash(&tree, &maker->leaves[i]);
    }
    assay_merkle_root(&tree, &root);
    (void)snprintf(head.origin, sizeof head.origin, "%s", signer->key->name);
    memcpy(head.root, root.bytes, sizeof head.root);
    assay_checkpoint_write(&head, &note);
    const struct assay_slice text = {note.data, note.len};
    assay_code rc = assay_note_sign(text, signer->key, signer->secret, 0, &line, &err);
    assay_buf_char(&note, '\n');
    assay_buf_append(&note, line.data, line.len);
    (void)snprintf(path, sizeof path, "%s/checkpoint", maker->dir);
    rc = rc == ASSAY_OK ? assay_file_write(path, note.data, note.len, ASSAY_FILE_REPLACE, &err) : rc;
    if (rc != ASSAY_OK) {
        die("checkpoint", &err);
    }
    assay_buf_done(&note);
    assay_buf_done(&line);
}

/* ---- measuring ---- */

static void audit(const char *dir, const struct maker *maker)
{
    static struct assay_tlog_audit found;
    struct assay_log_dir *log = NULL;
    struct assay_digest root;
    double cpu = cpu_seconds();
    uint64_t tiles = 0, start = assay_clock_mono_ns();
    assay_err err = {0};
    if (assay_log_dir_open(dir, ASSAY_LOG_AUDIT, &log, &err) != ASSAY_OK) {
        die("open", &err);
    }
    double opened = seconds_since(start);
    assay_merkle_root(&log->book.tree, &root);
    bool is_root = memcmp(root.bytes, log->head.root, sizeof root.bytes) == 0;
    if (!is_root || assay_log_dir_check_tiles(log, &tiles, &err) != ASSAY_OK) {
        die("tiles", &err);
    }
    double checked = seconds_since(start);
    if (assay_tlog_book_audit(&log->book, NULL, &found, &err) != ASSAY_OK || found.findings_count > 0) {
        die("audit", &err);
    }
    printf(
        "log of %zu entries, %.0f bytes each: audited in %.2f s (%.2f s of CPU): read, parsed and hashed %.2f, %" PRIu64
        " tiles %.2f, runs and chains %.2f\n",
        log->book.count, (double)maker->entry_bytes / (double)maker->count, seconds_since(start), cpu_seconds() - cpu,
        opened, tiles, checked - opened, seconds_since(start) - checked);
    assay_log_dir_close(log);
}

/* Recomputing every tile and the root from leaf hashes: what does not grow with the size of the entries. */
static void tree_alone(const struct maker *maker)
{
    struct assay_merkle tree;
    struct assay_digest root;
    uint64_t start = assay_clock_mono_ns();
    assay_merkle_init(&tree);
    for (uint64_t i = 0; i < maker->count; i++) {
        struct assay_digest leaf;
        assay_merkle_leaf_hash(&maker->leaves[i], sizeof maker->leaves[i], &leaf);
        assay_merkle_add_hash(&tree, &leaf);
    }
    assay_merkle_root(&tree, &root);
    printf("  of that the tree over %" PRIu64 " leaves of 32 bytes: %.2f s\n", maker->count, seconds_since(start));
}

static void append(const char *dir, const struct maker *maker, const struct assay_log_signer *signer)
{
    assay_err err = {0};
    uint64_t start = assay_clock_mono_ns();
    for (int i = 0; i < APPENDS; i++) {
        struct assay_log_dir *log = NULL;
        assay_code rc = assay_log_dir_open(dir, ASSAY_LOG_EXTEND, &log, &err);
        rc = rc == ASSAY_OK ? assay_log_dir_append(log, maker->entry.data, maker->entry.len, signer, &err) : rc;
        if (rc != ASSAY_OK) {
            die("append", &err);
        }
        assay_log_dir_close(log);
    }
    printf("one entry appended, the directory opened and synchronised: %.1f ms\n",
           seconds_since(start) * 1e3 / APPENDS);
    struct assay_log_dir *log = NULL;
    struct assay_buf proof;
    start = assay_clock_mono_ns();
    assay_buf_init(&proof, ASSAY_TLOG_PROOF_BYTES_MAX);
    if (assay_log_dir_open(dir, ASSAY_LOG_HEAD, &log, &err) != ASSAY_OK ||
        assay_log_dir_prove(log, maker->count / 3, &proof, &err) != ASSAY_OK) {
        die("prove", &err);
    }
    printf("one proof file from the tiles: %.2f ms\n", seconds_since(start) * 1e3);
    assay_buf_done(&proof);
    assay_log_dir_close(log);
}

struct levels {
    struct assay_digest *hashes[LEVELS_MAX];
};

static assay_code read_level(void *context, unsigned level, uint64_t index, struct assay_digest *ret, assay_err *err)
{
    const struct levels *levels = context;
    (void)err;
    *ret = levels->hashes[level][index];
    return ASSAY_OK;
}

static void prove(const struct maker *maker)
{
    struct levels levels = {0};
    struct assay_merkle whole;
    struct assay_digest root;
    struct assay_tree_reader tree = {.read = read_level, .context = &levels};
    size_t longest = 0;
    levels.hashes[0] = maker->leaves;
    for (unsigned level = 1; maker->count >> level > 0; level++) {
        levels.hashes[level] = assay_alloc(maker->count >> level, sizeof(struct assay_digest));
        assert(levels.hashes[level]);
        for (uint64_t i = 0; i < maker->count >> level; i++) {
            assay_merkle_node_hash(&levels.hashes[level - 1][2 * i], &levels.hashes[level - 1][2 * i + 1],
                                   &levels.hashes[level][i]);
        }
    }
    assay_merkle_init(&whole);
    for (uint64_t i = 0; i < maker->count; i++) {
        assay_merkle_add_hash(&whole, &maker->leaves[i]);
    }
    assay_merkle_root(&whole, &root);
    static struct assay_tlog_proof proofs[1024];
    double made = 0, checked = 0;
    for (uint64_t round = 0; round < PROOFS / 1024; round++) {
        uint64_t start = assay_clock_thread_cpu_ns();
        for (uint64_t i = 0; i < 1024; i++) {
            uint64_t index = (round * 1024 + i) * 7919 % maker->count;
            (void)assay_inclusion_make(&tree, index, maker->count, &proofs[i], NULL);
        }
        made += cpu_seconds_since(start);
        start = assay_clock_thread_cpu_ns();
        for (uint64_t i = 0; i < 1024; i++) {
            uint64_t index = (round * 1024 + i) * 7919 % maker->count;
            bool is_proven = assay_inclusion_is_proven(index, maker->count, &maker->leaves[index], &proofs[i], &root);
            assert(is_proven);
            (void)is_proven;
            longest = proofs[i].count > longest ? proofs[i].count : longest;
        }
        checked += cpu_seconds_since(start);
    }
    double count = PROOFS / 1024 * 1024;
    printf("proofs, from a tree in memory, a second of CPU time: %.0f made, %.0f checked, at most %zu hashes (goals "
           "%d, ratios %.2f and %.2f; 20)\n",
           count / made, count / checked, longest, PROOFS_GOAL, count / made / PROOFS_GOAL,
           count / checked / PROOFS_GOAL);
    for (unsigned level = 1; level < LEVELS_MAX; level++) {
        assay_free(levels.hashes[level]);
    }
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

int main(int argc, char **argv)
{
    static struct maker maker;
    static struct assay_note_key note;
    char dir[4096];
    unsigned char seed[ASSAY_SEED_BYTES] = {1};
    struct assay_public_key public;
    assay_err err = {0};
    const char *base = argc > 2 ? argv[2] : getenv("TMPDIR");
    maker.count = argc > 1 ? strtoull(argv[1], NULL, 10) : ENTRIES;
    assay_json_init();
    bool is_kept = argc > 3 && strcmp(argv[3], "keep") == 0;
    (void)snprintf(dir, sizeof dir, is_kept ? "%s" : "%s/assay-bench-log-XXXXXX", base ? base : "/tmp");
    if (maker.count == 0 || assay_crypto_init(&err) != ASSAY_OK || (is_kept ? mkdir(dir, 0777) != 0 : !mkdtemp(dir))) {
        die(dir, &err);
    }
    maker.dir = dir;
    maker.leaves = assay_alloc(maker.count, sizeof *maker.leaves);
    assert(maker.leaves);
    assay_buf_init(&maker.bundle, (size_t)16 << 20);
    assay_buf_init(&maker.hashes, (size_t)16 << 10);
    assay_buf_init(&maker.entry, 8192);
    assay_secret_key_init(&maker.key, seed);
    assay_secret_key_public(&maker.key, &public);
    assay_public_key_id(&public, &maker.keyid);
    (void)assay_note_key_make("example.org/bench", ASSAY_NOTE_ED25519, &public, &note, NULL);
    const struct assay_log_signer signer = {.key = &note, .secret = &maker.key};
    write_entries(&maker);
    write_tiles(&maker);
    write_head(&maker, &signer);
    if (is_kept) {
        assay_free(maker.leaves);
        return 0;
    }
    audit(dir, &maker);
    audit(dir, &maker);
    tree_alone(&maker);
    append(dir, &maker, &signer);
    prove(&maker);
    int rc = nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    assay_free(maker.leaves);
    return rc == 0 ? 0 : 1;
}
