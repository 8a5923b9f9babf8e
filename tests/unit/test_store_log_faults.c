/* A log is read on several threads: what is wrong with it is said as one thread would say it. */
#include "base/file.h"
#include "store/store.h"
#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Files of a log in memory, so that a fault is one assignment. */
#define BUNDLES 6
#define ENTRIES (5 * ASSAY_TILE_WIDTH + 7)
#define FILES_MAX 32

struct memory_file {
    char name[ASSAY_TILE_PATH_BYTES];
    struct assay_buf bytes;
    bool is_missing;
};

struct world {
    struct memory_file files[FILES_MAX];
    size_t count;
};

static struct memory_file *find(struct world *world, const char *name)
{
    for (size_t i = 0; i < world->count; i++) {
        if (strcmp(world->files[i].name, name) == 0) {
            return &world->files[i];
        }
    }
    return NULL;
}

static assay_code get(void *context, const char *name, struct assay_buf *ret, assay_err *err)
{
    const struct memory_file *file = find(context, name);
    if (!file || file->is_missing) {
        return assay_fail(err, ASSAY_NOT_FOUND, "'%s' is not there", name);
    }
    assay_buf_append(ret, file->bytes.data, file->bytes.len);
    return assay_buf_check(ret, err);
}

static struct assay_buf *add_file(struct world *world, const struct assay_tile *tile)
{
    struct memory_file *file = &world->files[world->count++];
    assert_true(world->count <= FILES_MAX);
    assay_tile_path(tile, file->name);
    assay_buf_init(&file->bytes, (size_t)1 << 20);
    return &file->bytes;
}

static unsigned width_of(size_t count, size_t number)
{
    size_t left = count - number * ASSAY_TILE_WIDTH;
    return left < ASSAY_TILE_WIDTH ? (unsigned)left : ASSAY_TILE_WIDTH;
}

static void add_entries(struct world *world, struct assay_digest *leaves)
{
    struct assay_secret_key key;
    struct assay_buf entry;
    const unsigned char seed[ASSAY_SEED_BYTES] = {7};
    assay_secret_key_init(&key, seed);
    assay_buf_init(&entry, ASSAY_LOG_ENTRY_BYTES_MAX);
    for (size_t n = 0; n < BUNDLES; n++) {
        const struct assay_tile tile = {.is_entries = true, .number = n, .width = width_of(ENTRIES, n)};
        struct assay_buf *bundle = add_file(world, &tile);
        for (size_t i = 0; i < tile.width; i++) {
            size_t number = n * ASSAY_TILE_WIDTH + i;
            const uint8_t run_id[16] = {(uint8_t)number, (uint8_t)(number >> 8)};
            assay_buf_clear(&entry);
            assert_int_equal(
                assay_outcome_write(ASSAY_ENTRY_RECEIPT, run_id, &(struct assay_digest){{1}}, &key, &entry, NULL),
                ASSAY_OK);
            assert_int_equal(assay_entry_append(entry.data, entry.len, bundle, NULL), ASSAY_OK);
            assay_merkle_leaf_hash(entry.data, entry.len, &leaves[number]);
        }
    }
    assay_buf_done(&entry);
    assay_secret_key_done(&key);
}

static void add_tiles(struct world *world, const struct assay_digest *leaves)
{
    const struct assay_tile above = {.level = 1, .width = ENTRIES / ASSAY_TILE_WIDTH};
    struct assay_buf *top = add_file(world, &above);
    for (size_t n = 0; n < BUNDLES; n++) {
        const struct assay_tile tile = {.number = n, .width = width_of(ENTRIES, n)};
        const struct assay_digest *first = &leaves[n * ASSAY_TILE_WIDTH];
        assay_buf_append(add_file(world, &tile), first, tile.width * sizeof *first);
        if (tile.width == ASSAY_TILE_WIDTH) {
            struct assay_merkle tree;
            struct assay_digest root;
            assay_merkle_init(&tree);
            for (size_t i = 0; i < tile.width; i++) {
                assay_merkle_add_hash(&tree, &first[i]);
            }
            assay_merkle_root(&tree, &root);
            assay_buf_append(top, root.bytes, sizeof root.bytes);
        }
    }
}

static int set_up(void **state)
{
    static struct world world;
    static struct assay_digest leaves[ENTRIES];
    struct assay_checkpoint head = {.size = ENTRIES, .origin = "example.org/log"};
    struct assay_merkle tree;
    struct assay_digest root;
    struct memory_file *file = &world.files[world.count++];
    (void)snprintf(file->name, sizeof file->name, "checkpoint");
    assay_buf_init(&file->bytes, ASSAY_NOTE_BYTES_MAX);
    add_entries(&world, leaves);
    add_tiles(&world, leaves);
    assay_merkle_init(&tree);
    for (size_t i = 0; i < ENTRIES; i++) {
        assay_merkle_add_hash(&tree, &leaves[i]);
    }
    assay_merkle_root(&tree, &root);
    memcpy(head.root, root.bytes, sizeof head.root);
    assay_checkpoint_write(&head, &world.files[0].bytes);
    assay_buf_text(&world.files[0].bytes,
                   "\n\xe2\x80\x94 example.org/log AAAAAAAA\n"); /* who signed is not asked here */
    *state = &world;
    return assay_buf_check(&world.files[0].bytes, NULL) == ASSAY_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < world->count; i++) {
        assay_buf_done(&world->files[i].bytes);
    }
    return 0;
}

/* Opened and its tiles checked; what is said. */
static assay_code audit(struct world *world, bool is_for_threads, enum assay_log_mode mode, assay_err *err)
{
    const struct assay_log_source source = {.get = get, .context = world, .is_for_threads = is_for_threads};
    struct assay_log_dir *log = NULL;
    uint64_t tiles = 0;
    assay_code rc = assay_log_open_from(&source, "log", mode, &log, err);
    if (rc == ASSAY_OK) {
        struct assay_digest root;
        assay_merkle_root(&log->book.tree, &root);
        assert_memory_equal(root.bytes, log->head.root, sizeof root.bytes);
        rc = assay_log_dir_check_tiles(log, &tiles, err);
        assert_true(rc != ASSAY_OK || tiles == BUNDLES + 1);
    }
    assay_log_dir_close(log);
    return rc;
}

/* The same by one thread and by several, with the bytes kept and without. */
static assay_code audit_all_ways(struct world *world, char ret_message[ASSAY_ERR_BYTES])
{
    static const enum assay_log_mode MODES[] = {ASSAY_LOG_READ, ASSAY_LOG_AUDIT};
    assay_err serial = {0};
    assay_code due = audit(world, false, ASSAY_LOG_READ, &serial);
    for (size_t i = 0; i < 2; i++) {
        for (int threads = 0; threads < 2; threads++) {
            assay_err err = {0};
            assert_int_equal(audit(world, threads == 1, MODES[i], &err), due);
            assert_string_equal(err.message, serial.message);
        }
    }
    (void)snprintf(ret_message, ASSAY_ERR_BYTES, "%s", serial.message);
    return due;
}

static void a_good_log_is_good_however_it_is_read(void **state)
{
    char message[ASSAY_ERR_BYTES];
    assert_int_equal(audit_all_ways(*state, message), ASSAY_OK);
}

/* ---- faults ---- */

enum fault { MISSING, CUT, LONGER, BYTE, FAULTS };

static void plant(struct memory_file *file, enum fault fault, size_t at)
{
    switch (fault) {
    case MISSING:
        file->is_missing = true;
        break;
    case CUT:
        file->bytes.len--;
        break;
    case LONGER:
        assay_buf_char(&file->bytes, '\0');
        break;
    case BYTE:
    case FAULTS:
        file->bytes.data[at] ^= 1;
        break;
    }
}

static void undo(struct memory_file *file, enum fault fault, size_t at)
{
    switch (fault) {
    case MISSING:
        file->is_missing = false;
        break;
    case CUT:
        file->bytes.len++;
        break;
    case LONGER:
        file->bytes.len--;
        break;
    case BYTE:
    case FAULTS:
        file->bytes.data[at] ^= 1;
        break;
    }
}

/* Byte 2 of an entry is its '{'. */
static size_t entry_at(const struct memory_file *file, size_t number)
{
    struct assay_slice rest = {file->bytes.data, file->bytes.len}, entry = rest;
    for (size_t i = 0; i <= number; i++) {
        assert_true(assay_entry_cut(&rest, &entry));
    }
    return (size_t)(entry.data - file->bytes.data);
}

static void expect_fault_in(struct world *world, const char *name, enum fault fault, size_t at, assay_code due)
{
    char message[ASSAY_ERR_BYTES];
    struct memory_file *file = find(world, name);
    assert_non_null(file);
    plant(file, fault, at);
    assert_int_equal(audit_all_ways(world, message), due);
    bool is_by_entry = fault == BYTE && strncmp(name, "tile/entries/", 13) == 0;
    assert_true(is_by_entry ? strstr(message, "entry ") != NULL : strstr(message, name) != NULL);
    undo(file, fault, at);
}

static void one_fault_in_any_bundle_is_named_alike(void **state)
{
    struct world *world = *state;
    for (size_t n = 0; n < BUNDLES; n++) {
        const struct assay_tile tile = {.is_entries = true, .number = n, .width = width_of(ENTRIES, n)};
        const size_t places[] = {0, tile.width / 2, tile.width - 1};
        char name[ASSAY_TILE_PATH_BYTES];
        assay_tile_path(&tile, name);
        expect_fault_in(world, name, MISSING, 0, ASSAY_NOT_FOUND);
        expect_fault_in(world, name, CUT, 0, ASSAY_MALFORMED);
        expect_fault_in(world, name, LONGER, 0, ASSAY_MALFORMED);
        for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
            expect_fault_in(world, name, BYTE, entry_at(find(world, name), places[i]), ASSAY_MALFORMED);
        }
    }
}

static void one_fault_in_any_tile_is_named_alike(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < world->count; i++) {
        if (strncmp(world->files[i].name, "tile/0/", 7) != 0 && strncmp(world->files[i].name, "tile/1/", 7) != 0) {
            continue;
        }
        for (enum fault fault = MISSING; fault < FAULTS; fault++) {
            expect_fault_in(world, world->files[i].name, fault, 31, ASSAY_WANTING);
        }
    }
}

/* Two faults: the one that stands first, whichever thread meets its own first. */
static void of_two_faults_the_first_is_named(void **state)
{
    struct world *world = *state;
    for (size_t first = 0; first < BUNDLES; first++) {
        for (size_t second = first + 1; second < BUNDLES; second++) {
            char one[ASSAY_TILE_PATH_BYTES], other[ASSAY_TILE_PATH_BYTES], message[ASSAY_ERR_BYTES], due[64];
            assay_tile_path(
                &(struct assay_tile){.is_entries = true, .number = first, .width = width_of(ENTRIES, first)}, one);
            assay_tile_path(
                &(struct assay_tile){.is_entries = true, .number = second, .width = width_of(ENTRIES, second)}, other);
            size_t at = entry_at(find(world, one), 6);
            plant(find(world, one), BYTE, at); /* parsed and found last: the other is missing and found at once */
            plant(find(world, other), MISSING, 0);
            assert_int_equal(audit_all_ways(world, message), ASSAY_MALFORMED);
            (void)snprintf(due, sizeof due, "entry %zu of the log", first * ASSAY_TILE_WIDTH + 6);
            assert_non_null(strstr(message, due));
            undo(find(world, one), BYTE, at);
            undo(find(world, other), MISSING, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_log_is_good_however_it_is_read),
        cmocka_unit_test(one_fault_in_any_bundle_is_named_alike),
        cmocka_unit_test(one_fault_in_any_tile_is_named_alike),
        cmocka_unit_test(of_two_faults_the_first_is_named),
    };
    assay_json_init();
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
