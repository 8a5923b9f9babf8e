/* One bit of every byte of a signed receipt, its trust file, its log and its proof: each is refused. */
#include "base/mem.h"
#include "judge/judge.h"
#include "negative/evidence.h"
#include "support/edit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_MAX ((size_t)1 << 20)

struct world {
    struct honest_options options;
    struct honest_run run;
    struct evidence evidence;
    struct assay_buf payload, document;
    struct assay_judge_input input;
};

static void set_line(struct world *world, const char *verb, const char *rest)
{
    assert_true(evidence_line(&world->evidence, verb, assay_slice_of(rest), &world->run, &world->input));
}

/* A logged and signed run, whose document, trust file and log are all good. */
static void make_world(struct world *world, bool is_proof)
{
    json_t *envelope = NULL;
    *world = (struct world){.options = {.workload = "noop", .count = 60, .warmup = 5}};
    evidence_init(&world->evidence);
    assay_buf_init(&world->payload, FILE_MAX);
    assay_buf_init(&world->document, FILE_MAX);
    honest_run_make(&world->options, &world->run);
    set_line(world, "log", "earlier other");
    set_line(world, "log", "run");
    set_line(world, "trust", "");
    if (is_proof) {
        set_line(world, "log", "proof");
    }
    honest_run_done(&world->run);
    world->options.tamper_facts = evidence_facts;
    world->options.context = &world->evidence;
    honest_run_make(&world->options, &world->run);
    set_line(world, "sign", "1");
    evidence_name_signers(&world->evidence, world->run.statement);
    assert_int_equal(assay_json_canon(world->run.statement, &world->payload, NULL), ASSAY_OK);
    assert_int_equal(
        assay_json_read(world->run.receipt.data, world->run.receipt.len, &assay_json_limits_default, &envelope, NULL),
        ASSAY_OK);
    struct assay_buf text;
    assay_buf_init(&text, FILE_MAX);
    assay_base64_append(&text, world->payload.data, world->payload.len);
    edit_set(envelope, "/payload", json_stringn(text.data, text.len));
    evidence_sign(&world->evidence, world->payload.data, world->payload.len, envelope);
    assert_int_equal(assay_json_canon(envelope, &world->document, NULL), ASSAY_OK);
    assay_buf_char(&world->document, '\n');
    evidence_finish(&world->evidence, &world->run, world->payload.data, world->payload.len, &world->input);
    world->input.document = (struct assay_judge_bytes){.data = world->document.data, .len = world->document.len};
    world->input.now_real_ns = HONEST_NOW_NS;
    json_decref(envelope);
    assay_buf_done(&text);
}

static void world_done(struct world *world)
{
    evidence_done(&world->evidence);
    honest_run_done(&world->run);
    assay_buf_done(&world->payload);
    assay_buf_done(&world->document);
}

/* Plan and trace are left out: what is refused here is refused by its bytes alone. */
static bool is_refused(const struct world *world)
{
    struct assay_judgement *judgement = NULL;
    bool has_fail = false;
    assert_int_equal(assay_judge_verify(&world->input, &judgement, NULL), ASSAY_OK);
    for (size_t i = 0; i < judgement->violations_count; i++) {
        has_fail = has_fail || judgement->violations[i].verdict == ASSAY_VERDICT_FAIL;
    }
    int status = assay_judgement_exit(judgement);
    bool is_consistent = has_fail == (status == 1 || status == 3);
    assert_true(is_consistent);
    assay_judgement_free(judgement);
    return has_fail;
}

static void flip_all(struct world *world, struct assay_buf *file, const char *what)
{
    assert_true(file->len > 0);
    assert_false(is_refused(world));
    for (size_t i = 0; i < file->len; i++) {
        char mask = (char)(1 << (i % 8));
        file->data[i] ^= mask;
        if (!is_refused(world)) {
            fail_msg("%s: bit %zu of byte %zu", what, i % 8, i);
        }
        file->data[i] ^= mask;
    }
}

static void every_flipped_byte_of_a_signed_receipt_is_refused(void **state)
{
    (void)state;
    struct world world;
    make_world(&world, false);
    world.input.log_checkpoint.data = NULL; /* by the signature alone */
    flip_all(&world, &world.document, "receipt");
    world_done(&world);
}

static void every_flipped_byte_of_the_trust_file_is_refused(void **state)
{
    (void)state;
    struct world world;
    make_world(&world, false);
    world.input.log_checkpoint.data = NULL;
    flip_all(&world, &world.evidence.trust, "trust file");
    world_done(&world);
}

static void every_flipped_byte_of_the_log_is_refused(void **state)
{
    (void)state;
    struct world world;
    make_world(&world, false);
    flip_all(&world, &world.evidence.checkpoint, "checkpoint");
    flip_all(&world, &world.evidence.entries, "entries");
    world_done(&world);
}

static void every_flipped_byte_of_a_proof_and_its_entry_is_refused(void **state)
{
    (void)state;
    struct world world;
    make_world(&world, true);
    flip_all(&world, &world.evidence.proof, "proof");
    flip_all(&world, &world.evidence.entry, "entry");
    world_done(&world);
}

static void a_signed_receipt_that_is_cut_or_lengthened_anywhere_is_refused(void **state)
{
    (void)state;
    struct world world;
    make_world(&world, false);
    world.input.log_checkpoint.data = NULL;
    for (size_t len = 1; len < world.document.len; len += 7) {
        world.input.document.len = len;
        assert_true(is_refused(&world));
    }
    assay_buf_char(&world.document, '\n');
    world.input.document = (struct assay_judge_bytes){.data = world.document.data, .len = world.document.len};
    assert_true(is_refused(&world));
    world_done(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_flipped_byte_of_a_signed_receipt_is_refused),
        cmocka_unit_test(every_flipped_byte_of_the_trust_file_is_refused),
        cmocka_unit_test(every_flipped_byte_of_the_log_is_refused),
        cmocka_unit_test(every_flipped_byte_of_a_proof_and_its_entry_is_refused),
        cmocka_unit_test(a_signed_receipt_that_is_cut_or_lengthened_anywhere_is_refused),
    };
    assay_json_init();
    if (assay_crypto_init(NULL) != ASSAY_OK) {
        return 1;
    }
    return cmocka_run_group_tests_name("evidence_flips", tests, NULL, NULL);
}
