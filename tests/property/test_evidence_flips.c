/* What an attacker without a key can do to bytes: bits flipped; bytes deleted, inserted, doubled, swapped with their
 * neighbour; files cut. In signed receipts of many shapes, their trust file, their log, and proof and entry. All is
 * refused, by the bytes alone: plan and trace are not given. */
#include "property/signed_world.h"
#include "support/reach.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* How many receipts, every how many bytes a bit is flipped and an edit of another kind is made; the strides are odd, so
 * that all places of the four characters of base64 come. */
static const struct {
    unsigned receipts;
    size_t flips_stride, splices_stride, files_stride;
    bool is_every_bit;
} REACH[] = {
    [REACH_SAMPLE] = {.receipts = 4, .flips_stride = 23, .splices_stride = 151, .files_stride = 7},
    [REACH_FULL] = {.receipts = 216, .flips_stride = 9, .splices_stride = 151, .files_stride = 1},
    [REACH_ALL] = {.receipts = 216, .flips_stride = 1, .splices_stride = 5, .files_stride = 1, .is_every_bit = true},
};
#define RECEIPT_METRICS 6
#define RECEIPT_SMALL_COUNT 12

/* ---- edits ---- */

enum splice { SPLICE_DELETE, SPLICE_INSERT, SPLICE_DOUBLE, SPLICE_SWAP, SPLICE_CUT, SPLICE_COUNT };
static const char *const SPLICES[] = {"deleted", "inserted", "doubled", "swapped", "cut"};

/* Writes the edited bytes; false if they are the old ones. */
static bool splice(const struct assay_buf *file, size_t at, enum splice how, struct assay_buf *out)
{
    assay_buf_clear(out);
    assay_buf_append(out, file->data, at);
    switch (how) {
    case SPLICE_DELETE:
        assay_buf_append(out, file->data + at + 1, file->len - at - 1);
        return true;
    case SPLICE_INSERT:
        assay_buf_char(out, file->data[at] == 'A' ? 'B' : 'A');
        assay_buf_append(out, file->data + at, file->len - at);
        return true;
    case SPLICE_DOUBLE:
        assay_buf_char(out, file->data[at]);
        assay_buf_append(out, file->data + at, file->len - at);
        return true;
    case SPLICE_SWAP:
        if (at + 1 >= file->len || file->data[at] == file->data[at + 1]) {
            return false;
        }
        assay_buf_char(out, file->data[at + 1]);
        assay_buf_char(out, file->data[at]);
        assay_buf_append(out, file->data + at + 2, file->len - at - 2);
        return true;
    case SPLICE_CUT:
        return at > 0;
    case SPLICE_COUNT:
        break;
    }
    return false;
}

/* A file of the world, and where the input points at it. */
struct target {
    const char *what;
    struct assay_buf *file;
    struct assay_judge_bytes *given;
};

struct tally {
    size_t flips, splices;
};

static void flip_bit(struct world *world, const struct target *target, size_t at, unsigned bit, struct tally *tally)
{
    char *byte = &target->file->data[at];
    *byte = (char)(*byte ^ (1 << bit));
    if (!world_is_refused(world, NULL)) {
        fail_msg("%s: bit %u of byte %zu", target->what, bit, at);
    }
    *byte = (char)(*byte ^ (1 << bit));
    tally->flips++;
}

static void flip_all(struct world *world, const struct target *target, size_t stride, bool is_every_bit,
                     struct tally *tally)
{
    static unsigned turn; /* another bit of the same byte in the next file */
    for (size_t at = turn++ % stride; at < target->file->len; at += stride) {
        for (unsigned bit = 0; bit < 8; bit++) {
            if (is_every_bit || bit == (at / stride + turn) % 8) {
                flip_bit(world, target, at, bit, tally);
            }
        }
    }
}

static void splice_all(struct world *world, const struct target *target, size_t stride, struct tally *tally)
{
    struct assay_buf edited;
    const struct assay_judge_bytes kept = *target->given;
    assay_buf_init(&edited, 2 * WORLD_FILE_BYTES_MAX);
    for (size_t at = 0; at < target->file->len; at += stride) {
        for (unsigned how = 0; how < SPLICE_COUNT; how++) {
            if (!splice(target->file, at, (enum splice)how, &edited)) {
                continue;
            }
            *target->given = (struct assay_judge_bytes){.data = edited.data, .len = edited.len};
            if (!world_is_refused(world, NULL)) {
                fail_msg("%s: byte %zu %s", target->what, at, SPLICES[how]);
            }
            tally->splices++;
        }
    }
    *target->given = kept;
    assay_buf_done(&edited);
}

/* ---- receipts ---- */

static void attack_receipt(unsigned n, struct tally *tally)
{
    struct world world;
    struct honest_options options;
    struct assay_trust *trust = NULL;
    enum reach reach = reach_asked();
    world_shape(n, &options);
    options.is_partial = false; /* receipts, no run records */
    options.count = options.arms_count * options.arms_count * RECEIPT_SMALL_COUNT;
    options.warmup = options.arms_count * options.arms_count;
    world_make(&world, &options, WORLD_SIGNED);
    world_shorten(&world, RECEIPT_METRICS);
    const struct target target = {"receipt", &world.document, &world.input.document};
    /* The trust file is whole here and read once, as every verb does that judges many receipts by one. */
    assert_int_equal(assay_trust_read(world.input.trust.data, world.input.trust.len, &trust, NULL), ASSAY_OK);
    world.input.trust_read = trust;
    assert_false(world_is_refused(&world, NULL));
    flip_all(&world, &target, REACH[reach].flips_stride, REACH[reach].is_every_bit, tally);
    splice_all(&world, &target, REACH[reach].splices_stride, tally);
    assay_trust_free(trust);
    world_done(&world);
}

static void every_edit_of_the_bytes_of_a_signed_receipt_is_refused(void **state)
{
    (void)state;
    unsigned receipts = REACH[reach_asked()].receipts, attacked = 0;
    struct reach_part part = reach_part_asked();
    struct tally tally = {0};
    for (unsigned n = part.index; n < receipts; n += part.count) {
        attack_receipt(n, &tally);
        attacked++;
    }
    print_message("# %u receipts, %zu flips, %zu other edits, all refused\n", attacked, tally.flips, tally.splices);
    assert_true(tally.flips > 0 && tally.splices > 0);
}

/* ---- what stands beside them ---- */

static void attack_files(struct target *targets, size_t count, struct world *world)
{
    struct tally tally = {0};
    size_t stride = REACH[reach_asked()].files_stride;
    if (reach_part_asked().index > 0) {
        print_message("# in part 0\n");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        assert_true(targets[i].file->len > 0);
        assert_false(world_is_refused(world, NULL));
        flip_all(world, &targets[i], stride, stride == 1, &tally);
        splice_all(world, &targets[i], 4 * stride - 3, &tally);
    }
    print_message("# %zu flips, %zu other edits, all refused\n", tally.flips, tally.splices);
}

static const struct honest_options SMALL = {.workload = "noop", .count = 60, .warmup = 5};

static void every_edit_of_the_bytes_of_the_trust_file_is_refused(void **state)
{
    (void)state;
    struct world world;
    world_make(&world, &SMALL, WORLD_SIGNED);
    struct target targets[] = {{"trust file", &world.evidence.trust, &world.input.trust}};
    attack_files(targets, 1, &world);
    world_done(&world);
}

static void every_edit_of_the_bytes_of_the_log_is_refused(void **state)
{
    (void)state;
    struct world world;
    world_make(&world, &SMALL, WORLD_LOGGED);
    struct target targets[] = {{"checkpoint", &world.evidence.checkpoint, &world.input.log_checkpoint},
                               {"entries", &world.evidence.entries, &world.input.log_entries}};
    attack_files(targets, 2, &world);
    world_done(&world);
}

static void every_edit_of_the_bytes_of_a_proof_and_its_entry_is_refused(void **state)
{
    (void)state;
    struct world world;
    world_make(&world, &SMALL, WORLD_PROVEN);
    struct target targets[] = {{"proof", &world.evidence.proof, &world.input.log_proof},
                               {"entry", &world.evidence.entry, &world.input.log_entry}};
    attack_files(targets, 2, &world);
    world_done(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_edit_of_the_bytes_of_a_signed_receipt_is_refused),
        cmocka_unit_test(every_edit_of_the_bytes_of_the_trust_file_is_refused),
        cmocka_unit_test(every_edit_of_the_bytes_of_the_log_is_refused),
        cmocka_unit_test(every_edit_of_the_bytes_of_a_proof_and_its_entry_is_refused),
    };
    assay_json_init();
    if (assay_crypto_init(NULL) != ASSAY_OK) {
        return 1;
    }
    return cmocka_run_group_tests_name("evidence_flips", tests, NULL, NULL);
}
