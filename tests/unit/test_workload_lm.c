/* Runs of the built-in model on seeded weights: what the receipt says, and what a wrong kernel does to it. */
#include "workload/workload.h"

#include "base/mem.h"
#include "base/num.h"
#include "crypto/crypto.h"
#include "kernel/kernel.h"
#include "lm/lm.h"
#include "workload/lm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SEED 7

static char model_path[64];

static int make_model(void **state)
{
    (void)state;
    const struct assay_synth synth = {.shape = "tiny", .format = "i2_s", .head = "f16", .seed = 1};
    struct assay_buf file;
    assay_buf_init(&file, (size_t)1 << 26);
    (void)snprintf(model_path, sizeof model_path, "/tmp/assay_lm_XXXXXX");
    int fd = mkstemp(model_path);
    bool is_written = assay_crypto_init(NULL) == ASSAY_OK && assay_synth_make(&synth, &file, NULL) == ASSAY_OK &&
                      write(fd, file.data, file.len) == (ssize_t)file.len;
    assay_buf_done(&file);
    (void)close(fd);
    return is_written ? 0 : -1;
}

static int remove_model(void **state)
{
    (void)state;
    return unlink(model_path);
}

/* ---- a run --------------------------------------------------------------------------------------------------------*/

struct bench {
    void *state;
    struct assay_run_result result;
    const json_t *predicate;
    assay_err err;
};

static struct lm_options *options_of(struct bench *bench)
{
    return &((struct lm_state *)bench->state)->options;
}

static void bench_init(struct bench *bench)
{
    *bench = (struct bench){.state = assay_alloc(1, assay_workload_lm.state_bytes)};
    assert_non_null(bench->state);
    assay_workload_lm.defaults(bench->state);
    struct lm_options *options = options_of(bench);
    options->model = model_path;
    options->prompts = "5";
    options->decoded = 3;
    options->threads = 1;
    options->epoch_ns = ASSAY_NS_PER_MS;
    options->pin = "0";
    options->wants_fresh = false; /* this program has no verb for it; tests/cli does it */
}

static void bench_run(struct bench *bench)
{
    if (assay_workload_lm.open(bench->state, &bench->err) != ASSAY_OK) {
        fail_msg("%s", bench->err.message);
    }
    const struct assay_run_setup setup = {
        .workload = &assay_workload_lm,
        .state = bench->state,
        .load = {.mode = ASSAY_LOAD_PAIRED, .concurrency = 1, .workers = 1, .window = 1},
        .stop = {.rule = ASSAY_STOP_COUNT, .max_duration_ns = 600 * ASSAY_NS_PER_S, .error_share_max = 1},
        .pairs = 2,
        .warmup_blocks = 0,
        .has_seed = true,
        .seed = SEED,
        .is_in_memory = true};
    if (assay_run(&setup, &bench->result, &bench->err) != ASSAY_OK) {
        fail_msg("%s", bench->err.message);
    }
    assert_int_equal(bench->result.document, ASSAY_DOCUMENT_RECEIPT);
    bench->predicate = json_object_get(bench->result.statement, "predicate");
}

static void bench_done(struct bench *bench)
{
    assay_run_result_done(&bench->result);
    assay_workload_lm.close(bench->state);
    assay_free(bench->state);
}

static const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static const json_t *check_of(const struct bench *bench, const char *id)
{
    const json_t *checks = json_object_get(bench->predicate, "checks");
    for (size_t i = 0; i < json_array_size(checks); i++) {
        if (strcmp(text_at(json_array_get(checks, i), "id"), id) == 0) {
            return json_array_get(checks, i);
        }
    }
    return NULL;
}

static const json_t *entry_of(const struct bench *bench, const char *arm, const char *id)
{
    const json_t *entries = assay_json_at(bench->predicate, "/kernels/entries");
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        if (strcmp(text_at(entry, "arm"), arm) == 0 && strncmp(text_at(entry, "id"), id, strlen(id)) == 0) {
            return entry;
        }
    }
    return NULL;
}

static uint64_t count_of(const json_t *entry, const char *name)
{
    uint64_t count = 0;
    assert_int_equal(assay_num_u64(assay_slice_of(text_at(entry, name)), name, UINT64_MAX, &count, NULL), ASSAY_OK);
    return count;
}

/* ---- what the receipt says ----------------------------------------------------------------------------------------*/

static void every_token_was_computed_by_counted_kernels(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    bench_run(&bench);
    assert_string_equal(text_at(json_object_get(bench.predicate, "protocol"), "computePath"), "real");
    const json_t *tokens = check_of(&bench, "token-count");
    assert_string_equal(text_at(tokens, "verdict"), "pass");
    const json_t *data = json_object_get(tokens, "data");
    int64_t decoded = json_integer_value(json_object_get(data, "tokens.b"));
    assert_true(decoded > 0 && decoded % 3 == 0);
    /* two layers, four heads: each token attends once a layer */
    const json_t *attention = entry_of(&bench, "b", "attn_decode_f16_");
    assert_non_null(attention);
    assert_int_equal(count_of(attention, "calls"), (uint64_t)decoded * 2);
    assert_string_equal(text_at(entry_of(&bench, "a", "ternary_gemm_"), "class"), "quantised");
    bench_done(&bench);
}

static void kernels_and_waiting_fit_into_the_timed_regions(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    options_of(&bench)->threads = 2;
    bench_run(&bench);
    const json_t *data = json_object_get(check_of(&bench, "token-count"), "data");
    const json_t *entries = assay_json_at(bench.predicate, "/kernels/entries");
    static const char *const ARMS[] = {"a", "b"};
    assert_int_equal(json_integer_value(assay_json_at(bench.predicate, "/kernels/threads")), 2);
    for (size_t arm = 0; arm < 2; arm++) {
        char name[16];
        (void)snprintf(name, sizeof name, "wallNs.%s", ARMS[arm]);
        int64_t room = 2 * json_integer_value(json_object_get(data, name)), ns = 0;
        for (size_t i = 0; i < json_array_size(entries); i++) {
            const json_t *entry = json_array_get(entries, i);
            bool is_ours =
                strcmp(text_at(entry, "arm"), ARMS[arm]) == 0 && strcmp(text_at(entry, "class"), "limit") != 0;
            ns += is_ours ? json_integer_value(json_object_get(entry, "ns")) : 0;
        }
        assert_true(ns > 0 && ns <= room);
        assert_non_null(entry_of(&bench, ARMS[arm], "sync_barrier_spin_ref"));
    }
    bench_done(&bench);
}

static void repeated_outputs_prove_determinism_also_across_threads(void **state)
{
    (void)state;
    char digests[2][65] = {"", ""};
    for (size_t i = 0; i < 2; i++) {
        struct bench bench;
        bench_init(&bench);
        options_of(&bench)->threads = i + 1;
        bench_run(&bench);
        const json_t *determinism = json_object_get(bench.predicate, "determinism");
        assert_string_equal(text_at(determinism, "state"), "proven");
        (void)snprintf(digests[i], sizeof digests[i], "%s",
                       json_string_value(json_array_get(json_object_get(determinism, "digests"), 0)));
        bench_done(&bench);
    }
    assert_string_equal(digests[0], digests[1]);
}

/* What a new process would print, computed here. */
static void the_digest_of_a_seed_is_that_of_the_run(void **state)
{
    (void)state;
    struct bench bench, again;
    char digest[65];
    bench_init(&bench);
    options_of(&bench)->decoded = 0;
    bench_run(&bench);
    bench_init(&again);
    options_of(&again)->decoded = 0;
    assert_int_equal(assay_workload_lm_digest(again.state, "7", digest, &again.err), ASSAY_OK);
    assert_string_equal(digest,
                        json_string_value(json_array_get(assay_json_at(bench.predicate, "/determinism/digests"), 0)));
    bench_done(&again);
    bench_init(&again);
    options_of(&again)->decoded = 0;
    assert_int_equal(assay_workload_lm_digest(again.state, "8", digest, &again.err), ASSAY_OK);
    assert_string_not_equal(
        digest, json_string_value(json_array_get(assay_json_at(bench.predicate, "/determinism/digests"), 0)));
    bench_done(&again);
    bench_done(&bench);
}

/* ---- a planted wrong kernel ---------------------------------------------------------------------------------------*/

static const struct assay_kernel_operation *builtin(const char *name)
{
    size_t count;
    const struct assay_kernel_operation *const *table = assay_kernel_builtin(&count);
    size_t i = 0;
    while (strcmp(table[i]->name, name) != 0) {
        i++;
        assert_true(i < count);
    }
    return table[i];
}

/* The reference, and one bit of its output wrong. */
static void wrong(const struct assay_kernel_call *call)
{
    builtin("norm_rms")->rows[0]->run(call);
    ((uint32_t *)call->out[0])[0] ^= 1U;
}

static void a_wrong_kernel_trips_the_self_check_and_the_output_stays_right(void **state)
{
    (void)state;
    static const struct assay_kernel_row WRONG = {
        .id = "norm_rms_f32_neon", .kind = ASSAY_KERNEL_STANDIN, .run = wrong, .needs = "ref", .help = "planted"};
    struct assay_kernel_operation planted = *builtin("norm_rms");
    const struct assay_kernel_row *const rows[] = {planted.rows[0], &WRONG};
    planted.rows = rows;
    planted.rows_count = 2;
    struct bench right, tripped;
    bench_init(&right);
    bench_run(&right);
    bench_init(&tripped);
    assay_workload_lm_plant(tripped.state, &planted);
    bench_run(&tripped);
    const json_t *check = check_of(&tripped, "selfcheck-norm_rms_f32_neon");
    assert_non_null(check);
    assert_string_equal(text_at(check, "verdict"), "fail");
    assert_null(check_of(&right, "selfcheck-norm_rms_f32_neon"));
    const json_t *checks = json_object_get(tripped.predicate, "checks");
    assert_true(assay_breaker_stands_in(checks, "norm_rms_f32_ref"));
    assert_false(assay_breaker_stands_in(checks, "norm_rms_f32_neon"));
    assert_false(assay_breaker_stands_in(checks, "norm_rms_f16_ref"));
    assert_false(assay_breaker_stands_in(json_object_get(right.predicate, "checks"), "norm_rms_f32_ref"));
    assert_null(entry_of(&tripped, "a", "norm_rms_f32_neon"));
    assert_non_null(entry_of(&tripped, "a", "norm_rms_f32_ref"));
    assert_string_equal(text_at(json_object_get(tripped.predicate, "protocol"), "computePath"), "real");
    assert_true(json_equal(assay_json_at(right.predicate, "/determinism/digests"),
                           assay_json_at(tripped.predicate, "/determinism/digests")));
    bench_done(&tripped);
    bench_done(&right);
}

/* ---- the grid -----------------------------------------------------------------------------------------------------*/

static size_t cases_of(const struct lm_options *options, uint64_t context, struct lm_case *cases, assay_code expected)
{
    size_t count = 0;
    assay_err err = {0};
    assert_int_equal(lm_cases_make(options, context, cases, &count, &err), expected);
    return count;
}

static void the_whole_grid_leaves_out_what_the_model_has_no_room_for(void **state)
{
    (void)state;
    struct lm_case cases[LM_CASES_MAX];
    const struct lm_options whole = {.decoded = LM_DECODED_WHOLE};
    assert_int_equal(cases_of(&whole, 4096, cases, ASSAY_OK), 10);
    assert_string_equal(cases[4].label, "prefill 512");
    assert_string_equal(cases[7].label, "decode 32 at 2048");
    assert_string_equal(cases[9].label, "decode 32 batch 16");
    assert_int_equal(cases_of(&whole, 256, cases, ASSAY_OK), 7);
}

static void one_option_narrows_the_grid_to_one_of_each(void **state)
{
    (void)state;
    struct lm_case cases[LM_CASES_MAX];
    const struct lm_options decoded = {.decoded = 8};
    assert_int_equal(cases_of(&decoded, 4096, cases, ASSAY_OK), 2);
    assert_string_equal(cases[0].label, "prefill 128");
    assert_string_equal(cases[1].label, "decode 8");
    const struct lm_options passes = {.decoded = 0, .prompts = "100", .passes = "16,200"};
    assert_int_equal(cases_of(&passes, 4096, cases, ASSAY_OK), 2);
    assert_string_equal(cases[0].label, "prefill 100 by 16");
    assert_string_equal(cases[1].label, "prefill 100");
    const struct lm_options many = {.decoded = 4, .prompts = "0", .depths = "0,10", .batches = "1,3"};
    assert_int_equal(cases_of(&many, 4096, cases, ASSAY_OK), 4);
    assert_string_equal(cases[3].label, "decode 4 at 10 batch 3");
    assert_int_equal(lm_case_tokens(&cases[3]), 12);
}

static void a_case_that_cannot_be_is_wrong_usage(void **state)
{
    (void)state;
    struct lm_case cases[LM_CASES_MAX];
    const struct lm_options none = {.decoded = 0, .prompts = "0"};
    (void)cases_of(&none, 4096, cases, ASSAY_USAGE);
    const struct lm_options beyond = {.decoded = 0, .prompts = "5000"};
    (void)cases_of(&beyond, 4096, cases, ASSAY_USAGE);
    const struct lm_options letters = {.decoded = 1, .prompts = "1,x"};
    (void)cases_of(&letters, 4096, cases, ASSAY_USAGE);
    const struct lm_options no_batch = {.decoded = 1, .batches = "0"};
    (void)cases_of(&no_batch, 4096, cases, ASSAY_USAGE);
    const struct lm_options crowd = {.decoded = 1, .prompts = "0", .depths = "1,2,3,4,5,6,7,8,9", .batches = "1,2,3"};
    (void)cases_of(&crowd, 4096, cases, ASSAY_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_token_was_computed_by_counted_kernels),
        cmocka_unit_test(kernels_and_waiting_fit_into_the_timed_regions),
        cmocka_unit_test(repeated_outputs_prove_determinism_also_across_threads),
        cmocka_unit_test(the_digest_of_a_seed_is_that_of_the_run),
        cmocka_unit_test(a_wrong_kernel_trips_the_self_check_and_the_output_stays_right),
        cmocka_unit_test(the_whole_grid_leaves_out_what_the_model_has_no_room_for),
        cmocka_unit_test(one_option_narrows_the_grid_to_one_of_each),
        cmocka_unit_test(a_case_that_cannot_be_is_wrong_usage),
    };
    return cmocka_run_group_tests(tests, make_model, remove_model);
}
