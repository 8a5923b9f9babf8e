/* The screened head gives the token of the whole head, bit for bit, on heads with planted ties and near ties. */
#include "base/mem.h"
#include "base/rng.h"
#include "kernel/kernel.h"
#include "lm/lm.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { CONTEXT = 64, STEPS = 600, LOUD = 16, SHRUNK = 6 };

/* Rows that may win stand so far apart; the others are 2^-6 as long. Each has a twin right behind it. */
#define EVERY 41

struct model {
    struct assay_buf file;
    uint64_t rows, columns;
};

static uint8_t *row_of(struct model *model, uint64_t offset, uint64_t row_bytes, uint64_t row)
{
    return (uint8_t *)model->file.data + offset + row * row_bytes;
}

/* Of binary16 at `at`: 2^-SHRUNK of it, or its negative. */
static void change_half(uint8_t *at, bool is_shrunk)
{
    uint16_t bits;
    memcpy(&bits, at, sizeof bits);
    bits = !is_shrunk ? bits ^ 0x8000 : (bits >> 10 & 31) > SHRUNK ? (uint16_t)(bits - (SHRUNK << 10)) : 0;
    memcpy(at, &bits, sizeof bits);
}

/* Scales of blocks, or the values themselves. */
static void change_row(const char *head, uint8_t *row, uint64_t columns, bool is_shrunk)
{
    uint64_t block = strcmp(head, "q6_k") == 0 ? 256 : strcmp(head, "q8_0") == 0 ? 32 : 1;
    uint64_t bytes = block == 256 ? 210 : block == 32 ? 34 : strcmp(head, "f16") == 0 ? 2 : 4;
    for (uint64_t b = 0; b < columns / block; b++) {
        if (bytes == 4) {
            float value;
            memcpy(&value, row + b * bytes, sizeof value);
            value = is_shrunk ? ldexpf(value, -SHRUNK) : -value;
            memcpy(row + b * bytes, &value, sizeof value);
        } else {
            change_half(row + b * bytes + (block == 256 ? 208 : 0), is_shrunk);
        }
    }
}

static struct assay_engine *open_engine(const struct model *model, enum assay_head head, uint64_t threads,
                                        const struct assay_kernel_operation *plant)
{
    static const struct assay_kernel_options NONE = {.isa = "amxbf16"};
    const struct assay_engine_setup setup = {.threads = threads,
                                             .context = CONTEXT,
                                             .pin = ASSAY_SWITCH_OFF,
                                             .kernels = &NONE,
                                             .has_head = true,
                                             .head = head,
                                             .plant = plant};
    struct assay_engine *engine = NULL;
    assay_err err = {0};
    if (assay_engine_new((const uint8_t *)model->file.data, model->file.len, &setup, &engine, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    return engine;
}

/* Every second loud row is the negative of the one before, so that one of the two is far above the quiet ones. Twins
 * are equal where their number is divisible by three; else the second one differs in one bit, and so by next to
 * nothing. */
static void make(struct model *model, const char *head)
{
    const struct assay_synth synth = {
        .shape = "tiny", .format = "tq2_0", .head = head, .seed = 5, .zero_share = ASSAY_SYNTH_ZERO_SHARE};
    assay_buf_init(&model->file, (size_t)1 << 26);
    assert_int_equal(assay_synth_make(&synth, &model->file, NULL), ASSAY_OK);
    struct assay_engine *engine = open_engine(model, ASSAY_HEAD_EXACT, 1, NULL);
    const struct assay_gguf_tensor *tensor = assay_gguf_tensor(assay_engine_model(engine)->gguf, "output.weight");
    assert_non_null(tensor);
    model->columns = tensor->ne[0];
    model->rows = tensor->ne[1];
    uint64_t offset = tensor->offset, row_bytes = tensor->bytes / tensor->ne[1];
    assay_engine_free(engine);
    for (uint64_t row = 0; row < model->rows; row++) {
        if (row % EVERY != 0 || row / EVERY >= LOUD / 2) {
            change_row(head, row_of(model, offset, row_bytes, row), model->columns, true);
        }
    }
    for (uint64_t i = 0; i < LOUD / 2; i++) {
        uint8_t *row = row_of(model, offset, row_bytes, i * EVERY);
        if (i % 2 == 1) {
            memcpy(row, row_of(model, offset, row_bytes, (i - 1) * EVERY), (size_t)row_bytes);
            change_row(head, row, model->columns, false);
        }
        memcpy(row + row_bytes, row, (size_t)row_bytes);
        row[row_bytes + 4] ^= (uint8_t)(i % 3 != 0);
    }
}

static uint64_t best_of(const float *logits, uint64_t count)
{
    uint64_t best = 0;
    for (uint64_t i = 1; i < count; i++) {
        best = logits[i] > logits[best] ? i : best;
    }
    return best;
}

/* Feeds both the same random tokens, and holds the winner and its logit against each other. */
static void compare(struct model *model, struct assay_engine *exact, struct assay_engine *screened, int steps)
{
    struct assay_session *sessions[2] = {NULL, NULL};
    struct assay_rng rng;
    assay_rng_seed(&rng, 9, "screen");
    assert_int_equal(assay_session_new(exact, 0, &sessions[0], NULL), ASSAY_OK);
    assert_int_equal(assay_session_new(screened, 0, &sessions[1], NULL), ASSAY_OK);
    for (int i = 0; i < steps; i++) {
        int32_t id = (int32_t)assay_rng_below(&rng, model->rows);
        uint64_t best[2];
        float logit[2];
        for (int k = 0; k < 2; k++) {
            struct assay_session_step step = {
                .session = sessions[k], .ids = &id, .count = 1, .wants = ASSAY_LOGITS_BEST};
            if (assay_session_position(sessions[k]) == CONTEXT) {
                assay_session_rewind(sessions[k], 0);
            }
            assert_int_equal(assay_session_eval_many(&step, 1, NULL), ASSAY_OK);
            best[k] = best_of(step.logits, model->rows);
            logit[k] = step.logits[best[k]];
        }
        assert_int_equal(best[0], best[1]);
        assert_memory_equal(&logit[0], &logit[1], sizeof logit[0]);
    }
    assay_session_free(sessions[0]);
    assay_session_free(sessions[1]);
}

static void a_screened_head_picks_the_token_of_the_whole_head(void **state)
{
    (void)state;
    static const char *const HEADS[] = {"q6_k", "q8_0", "f16", "f32"};
    for (size_t h = 0; h < sizeof HEADS / sizeof HEADS[0]; h++) {
        struct model model;
        make(&model, HEADS[h]);
        for (uint64_t threads = 1; threads <= 2; threads++) {
            struct assay_engine *exact = open_engine(&model, ASSAY_HEAD_EXACT, threads, NULL);
            struct assay_engine *screened = open_engine(&model, ASSAY_HEAD_SCREENED, threads, NULL);
            struct assay_engine_facts facts;
            compare(&model, exact, screened, STEPS);
            assay_engine_facts_of(screened, &facts);
            assert_true(facts.has_screen && !facts.is_screen_broken);
            assert_true(facts.screened_passes > STEPS / 25); /* else next to nothing was tested */
            assert_true(facts.screen_survivors >= facts.screened_passes);
            assert_true(facts.screen_survivors <= facts.screened_passes * (LOUD + 1));
            assay_engine_facts_of(exact, &facts);
            assert_false(facts.has_screen);
            assay_engine_free(screened);
            assay_engine_free(exact);
        }
        assay_buf_done(&model.file);
    }
}

/* Whether a pass is screened depends on those before it: which rows are computed again for comparison, and how many
 * passes failed. */
static void what_is_told_of_logits_is_the_same_each_time(void **state)
{
    (void)state;
    enum { TIMES = 2 };
    static float told[TIMES][STEPS];
    struct model model;
    make(&model, "q6_k");
    struct assay_engine *screened = open_engine(&model, ASSAY_HEAD_SCREENED, 2, NULL);
    for (int time = 0; time < TIMES; time++) {
        struct assay_session *session = NULL;
        struct assay_rng rng;
        assay_rng_seed(&rng, 9, "screen");
        assert_int_equal(assay_session_new(screened, 0, &session, NULL), ASSAY_OK);
        for (int i = 0; i < STEPS; i++) {
            int32_t id = (int32_t)assay_rng_below(&rng, model.rows);
            struct assay_session_step step = {.session = session, .ids = &id, .count = 1, .wants = ASSAY_LOGITS_BEST};
            size_t count = model.rows;
            if (assay_session_position(session) == CONTEXT) {
                assay_session_rewind(session, 0);
            }
            assert_int_equal(assay_session_eval_many(&step, 1, NULL), ASSAY_OK);
            told[time][i] = *assay_engine_firm_logits(screened, step.logits, &count);
            assert_int_equal(count, 1);
        }
        assay_session_free(session);
    }
    assert_memory_equal(told[0], told[1], sizeof told[0]);
    assay_engine_free(screened);
    assay_buf_done(&model.file);
}

/* What 4 bits are made of may be no number, or too large for them. */
static void a_head_with_values_that_are_no_numbers_is_refused_as_the_whole_head_is(void **state)
{
    (void)state;
    static const float VALUES[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < sizeof VALUES / sizeof VALUES[0]; i++) {
        struct model model;
        int32_t id = 3;
        make(&model, "f32");
        struct assay_engine *exact = open_engine(&model, ASSAY_HEAD_EXACT, 1, NULL);
        uint64_t offset = assay_gguf_tensor(assay_engine_model(exact)->gguf, "output.weight")->offset;
        assay_engine_free(exact);
        for (size_t k = 0; k < 2; k++) { /* two beside each other */
            memcpy(row_of(&model, offset, 4 * model.columns, 99) + 4 * (40 + k), &VALUES[k == 0 ? i : 0], 4);
        }
        struct assay_engine *screened = open_engine(&model, ASSAY_HEAD_SCREENED, 1, NULL);
        struct assay_session *session = NULL;
        assert_int_equal(assay_session_new(screened, 0, &session, NULL), ASSAY_OK);
        struct assay_session_step step = {.session = session, .ids = &id, .count = 1, .wants = ASSAY_LOGITS_BEST};
        assert_int_equal(assay_session_eval_many(&step, 1, NULL), ASSAY_MALFORMED);
        assay_session_free(session);
        assay_engine_free(screened);
        assay_buf_done(&model.file);
    }
}

/* No row of random weights stands out: all survive, and the whole head is computed. */
static void a_head_that_nothing_can_be_pruned_from_is_computed_whole(void **state)
{
    (void)state;
    const struct assay_synth synth = {
        .shape = "tiny", .format = "tq2_0", .head = "q6_k", .seed = 5, .zero_share = ASSAY_SYNTH_ZERO_SHARE};
    struct model model = {.rows = 512};
    assay_buf_init(&model.file, (size_t)1 << 26);
    assert_int_equal(assay_synth_make(&synth, &model.file, NULL), ASSAY_OK);
    struct assay_engine *exact = open_engine(&model, ASSAY_HEAD_EXACT, 2, NULL);
    struct assay_engine *screened = open_engine(&model, ASSAY_HEAD_SCREENED, 2, NULL);
    struct assay_engine_facts facts;
    compare(&model, exact, screened, STEPS);
    assay_engine_facts_of(screened, &facts);
    assert_true(facts.screen_failures > 0);
    assert_true(facts.screen_failures + facts.screened_passes < STEPS); /* it is not tried for ever */
    assay_engine_free(screened);
    assay_engine_free(exact);
    assay_buf_done(&model.file);
}

/* ---- a planted wrong bound ---------------------------------------------------------------------------------------*/

static void too_narrow(const struct assay_kernel_call *call)
{
    size_t end = (size_t)(call->part.end ? call->part.end : call->shape.rows);
    for (size_t i = (size_t)call->part.first; i < end; i++) {
        ((float *)call->out[0])[i] = ((float *)call->out[1])[i] = ((const float *)call->in[0])[i];
    }
}

static void a_bound_that_is_wrong_ends_screening_and_changes_no_token(void **state)
{
    (void)state;
    static const struct assay_kernel_row LIAR = {.id = "head_bound_f32_neon",
                                                 .kind = ASSAY_KERNEL_STANDIN,
                                                 .run = too_narrow,
                                                 .needs = "ref",
                                                 .help = "planted"};
    static const struct assay_kernel_row *const ROWS[] = {&LIAR};
    struct assay_kernel_operation planted = {0};
    size_t count = 0;
    const struct assay_kernel_operation *const *table = assay_kernel_builtin(&count);
    for (size_t i = 0; i < count; i++) {
        planted = strcmp(table[i]->name, "head_bound") == 0 ? *table[i] : planted;
    }
    planted.rows = ROWS;
    planted.rows_count = 1;
    struct model model;
    make(&model, "q6_k");
    struct assay_engine *exact = open_engine(&model, ASSAY_HEAD_EXACT, 2, NULL);
    struct assay_engine *screened = open_engine(&model, ASSAY_HEAD_SCREENED, 2, &planted);
    struct assay_engine_facts facts;
    compare(&model, exact, screened, STEPS);
    assay_engine_facts_of(screened, &facts);
    assert_true(facts.is_screen_broken);
    assay_engine_free(screened);
    assay_engine_free(exact);
    assay_buf_done(&model.file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_screened_head_picks_the_token_of_the_whole_head),
        cmocka_unit_test(a_head_that_nothing_can_be_pruned_from_is_computed_whole),
        cmocka_unit_test(what_is_told_of_logits_is_the_same_each_time),
        cmocka_unit_test(a_head_with_values_that_are_no_numbers_is_refused_as_the_whole_head_is),
        cmocka_unit_test(a_bound_that_is_wrong_ends_screening_and_changes_no_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
