/* False alarms: honest receipts of many shapes, signed, logged or proven, with all their files. None is refused. */
#include "property/signed_world.h"
#include "support/reach.h"

#include "base/text.h"
#include "support/source_root.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SHAPES_FULL 1050
#define SHAPES_SAMPLE 60
#define GATE_INVALID 341 /* a rule of validity was broken: undecided */

static void assert_honest(const struct world *world, const char *what, unsigned n)
{
    struct assay_judgement *judgement = NULL;
    bool is_refused = world_is_refused(world, &judgement);
    if (is_refused || judgement->violations_count > 0) {
        struct assay_buf text;
        assay_buf_init(&text, WORLD_FILE_BYTES_MAX);
        assay_judgement_render(judgement, &text);
        print_message("%s %u\n%s", what, n, text.data);
        assay_buf_done(&text);
        fail();
    }
    assert_int_equal(judgement->lines[ASSAY_LINE_RECOMPUTE].verdict, ASSAY_VERDICT_PASS);
    assay_judgement_free(judgement);
}

static void no_honest_receipt_is_refused(void **state)
{
    (void)state;
    unsigned shapes = reach_asked() == REACH_SAMPLE ? SHAPES_SAMPLE : SHAPES_FULL;
    size_t records = 0;
    for (unsigned n = 0; n < shapes; n++) {
        struct world world;
        struct honest_options options;
        world_shape(n, &options);
        world_make(&world, &options, (enum world_kind)(n % 3));
        world_give_all(&world);
        assert_honest(&world, "shape", n);
        records += world.run.document == ASSAY_DOCUMENT_RECORD;
        world_done(&world);
    }
    print_message("# %u honest documents, %zu of them run records, 0 refused\n", shapes, records);
    assert_true(records > 0 && records < shapes / 4);
}

/* Runs of real programs on a real machine, as they are shipped. */
static void read_file(const char *dir, const char *name, struct assay_buf *out, struct assay_judge_bytes *ret)
{
    char path[4096];
    assay_buf_init(out, (size_t)64 << 20);
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(assay_buf_read_file(out, path, NULL), ASSAY_OK);
    *ret = (struct assay_judge_bytes){.data = out->data, .len = out->len};
}

static void judge_shipped(const char *dir)
{
    struct world world = {0};
    struct assay_buf files[4];
    struct assay_judgement *judgement = NULL;
    read_file(dir, "receipt.json", &files[0], &world.input.document);
    read_file(dir, "plan.json", &files[1], &world.input.plan);
    read_file(dir, "trace.assay", &files[2], &world.input.trace);
    read_file(dir, "identity.json", &files[3], &world.input.identity);
    world.input.now_real_ns = UINT64_C(1798761600) * ASSAY_NS_PER_S; /* 2027-01-01 */
    bool is_refused = world_is_refused(&world, &judgement);
    for (size_t i = 0; i < judgement->violations_count; i++) { /* a busy machine, as the run itself says */
        if (is_refused || judgement->violations[i].gate != GATE_INVALID) {
            fail_msg("%s: gate %u", dir, judgement->violations[i].gate);
        }
    }
    assay_judgement_free(judgement);
    for (size_t i = 0; i < 4; i++) {
        assay_buf_done(&files[i]);
    }
}

static void no_shipped_run_is_refused(void **state)
{
    (void)state;
    char root[2048], dir[4096];
    unsigned found = 0;
    (void)snprintf(root, sizeof root, "%s/examples/real-llm/runs", source_root());
    DIR *runs = opendir(root);
    assert_non_null(runs);
    for (struct dirent *entry = readdir(runs); entry; entry = readdir(runs)) {
        if (entry->d_name[0] != '.' && entry->d_type == DT_DIR) {
            (void)snprintf(dir, sizeof dir, "%s/%s", root, entry->d_name);
            judge_shipped(dir);
            found++;
        }
    }
    (void)closedir(runs);
    assert_true(found >= 6);
}

/* ---- a trust file that was rotated as often as one update may ---- */

#define FIRST_VERSION 1000

static void write_version(const struct world *world, uint64_t version, struct assay_buf *out)
{
    const unsigned char seed[ASSAY_SEED_BYTES] = {100}; /* the root key of negative/evidence.h */
    struct assay_secret_key root;
    const struct assay_secret_key *keys[] = {&root};
    json_t *body = json_deep_copy(world->evidence.trust_body);
    assay_secret_key_init(&root, seed);
    (void)json_object_set_new(body, "version", json_integer((json_int_t)version));
    assay_buf_init(out, ASSAY_TRUST_BYTES_MAX);
    assert_int_equal(assay_trust_write(body, keys, 1, out, NULL), ASSAY_OK);
    json_decref(body);
}

static bool is_refused_after(struct world *world, size_t steps)
{
    static struct assay_buf files[ASSAY_TRUST_STEPS_MAX + 2];
    static struct assay_judge_bytes given[ASSAY_TRUST_STEPS_MAX + 2];
    struct assay_judge_memory *memory = &world->input.memory;
    assert_true(steps <= ASSAY_TRUST_STEPS_MAX + 1);
    for (size_t i = 0; i <= steps; i++) {
        write_version(world, FIRST_VERSION + i, &files[i]);
        given[i] = (struct assay_judge_bytes){.data = files[i].data, .len = files[i].len};
    }
    assay_sha256_of(given[0].data, given[0].len, &memory->trust_digest);
    memory->trust_version = FIRST_VERSION;
    memory->trust_steps = given;
    memory->trust_steps_count = steps;
    world->input.trust = given[steps];
    bool is_refused = world_is_refused(world, NULL);
    for (size_t i = 0; i <= steps; i++) {
        assay_buf_done(&files[i]);
    }
    return is_refused;
}

static void a_trust_file_is_followed_over_256_versions_and_no_more(void **state)
{
    (void)state;
    static const struct honest_options SMALL = {.workload = "noop", .count = 60, .warmup = 5};
    struct world world;
    world_make(&world, &SMALL, WORLD_SIGNED);
    assert_false(is_refused_after(&world, 0));
    assert_false(is_refused_after(&world, 3));
    assert_false(is_refused_after(&world, ASSAY_TRUST_STEPS_MAX));
    assert_true(is_refused_after(&world, ASSAY_TRUST_STEPS_MAX + 1));
    world_done(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_honest_receipt_is_refused),
        cmocka_unit_test(no_shipped_run_is_refused),
        cmocka_unit_test(a_trust_file_is_followed_over_256_versions_and_no_more),
    };
    assay_json_init();
    if (assay_crypto_init(NULL) != ASSAY_OK) {
        return 1;
    }
    return cmocka_run_group_tests_name("evidence_honest", tests, NULL, NULL);
}
