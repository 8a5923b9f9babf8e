/*
 * The coarse copy of the head (kernels.md 4.2.9): its rows in blocks of 4 bits, and for each row how far the copy lies
 * from it and how long it is. Made from the rows of the file by all threads of the team, eight rows at a time.
 */
#include "lm/model_room.h"

#include "base/clock.h"
#include "base/half.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 32, BLOCK_BYTES = 18, GROUP = 8, LINE = 64, ZERO = 8, MOST = 15 };

/* What one thread has to itself. */
struct weaver {
    uint8_t *room, *blocks; /* eight rows as the file has them, and as blocks of 4 bits */
    float *values;
    assay_code rc;
    assay_err err;
};

struct weaving {
    struct loader *loader;
    const struct assay_gguf_tensor *tensor;
    uint64_t rows, columns, row_bytes;
    struct assay_kernel *packer;
    struct assay_kernel_counters *counters;
    struct weaver *weavers;
    size_t threads;
    uint8_t *lanes;
    float *radius, *norm;
};

/* The largest weight becomes the code 0, which stands for -8 scales. Gives the square of what is lost. */
static double weave_block(const float *x, uint8_t block[BLOCK_BYTES])
{
    float most = 0;
    for (int i = 0; i < BLOCK; i++) {
        most = fabsf(x[i]) > fabsf(most) ? x[i] : most;
    }
    uint16_t half = assay_f16_bits(most / -ZERO);
    float d = assay_f16_value(half);
    double lost = 0;
    memset(block, 0, BLOCK_BYTES);
    memcpy(block, &half, sizeof half);
    for (int i = 0; i < BLOCK; i++) {
        float code = d != 0 ? roundf(x[i] / d) + ZERO : ZERO;
        int n = code > 0 ? (code < MOST ? (int)code : MOST) : 0; /* 0 of what is no number: all bounds are none then */
        double difference = (double)x[i] - (double)d * (n - ZERO);
        block[2 + i % 16] |= (uint8_t)(n << (i < 16 ? 0 : 4));
        lost += difference * difference;
    }
    return lost;
}

/* A root rounded up, far enough for the sum under it too. */
static float root_above(double square)
{
    return nextafterf((float)(sqrt(square) * (1 + 1e-6)), INFINITY);
}

static void weave_row(struct weaving *weaving, struct weaver *weaver, uint64_t row, size_t lane)
{
    double lost = 0, square = 0;
    for (uint64_t i = 0; i < weaving->columns; i++) {
        square += (double)weaver->values[i] * (double)weaver->values[i];
    }
    for (uint64_t b = 0; b < weaving->columns / BLOCK; b++) {
        lost += weave_block(weaver->values + b * BLOCK,
                            weaver->blocks + (lane * (weaving->columns / BLOCK) + b) * BLOCK_BYTES);
    }
    weaving->radius[row] = root_above(lost);
    weaving->norm[row] = root_above(square);
}

static assay_code weave_group(struct weaving *weaving, size_t thread, uint64_t group)
{
    struct weaver *weaver = &weaving->weavers[thread];
    uint64_t first = group * GROUP, left = weaving->rows - first, count = left < GROUP ? left : GROUP;
    const uint8_t *from = NULL;
    assay_code rc = assay_source_view(weaving->loader->source, weaving->tensor->offset + first * weaving->row_bytes,
                                      weaver->room, (size_t)(count * weaving->row_bytes), &from, &weaver->err);
    for (uint64_t i = 0; rc == ASSAY_OK && i < count; i++) {
        assay_format_decode(weaving->tensor->format->format, from, count, weaving->columns, i, weaver->values);
        weave_row(weaving, weaver, first + i, (size_t)i);
    }
    if (rc == ASSAY_OK) {
        uint64_t bytes = GROUP * (weaving->columns / BLOCK) * BLOCK_BYTES;
        const struct assay_kernel_call call = {
            .shape = {count, weaving->columns, 1, 1}, .in = {weaver->blocks}, .out = {weaving->lanes + group * bytes}};
        assay_kernel_dispatch(weaving->packer, assay_kernel_counters_thread(weaving->counters, thread), &call);
    }
    return rc;
}

static void work(void *argument, size_t thread)
{
    struct weaving *weaving = argument;
    struct weaver *weaver = &weaving->weavers[thread];
    uint64_t groups = (weaving->rows + GROUP - 1) / GROUP;
    for (uint64_t group = thread; group < groups && weaver->rc == ASSAY_OK; group += weaving->threads) {
        weaver->rc = weave_group(weaving, thread, group);
    }
}

static assay_code equip(struct weaving *weaving, assay_err *err)
{
    size_t row_bytes = (size_t)weaving->row_bytes, blocks_bytes = (size_t)(weaving->columns / BLOCK) * BLOCK_BYTES;
    weaving->weavers = assay_alloc(weaving->threads, sizeof *weaving->weavers);
    assay_code rc = weaving->weavers ? ASSAY_OK : assay_nomem(err);
    for (size_t i = 0; rc == ASSAY_OK && i < weaving->threads; i++) {
        struct weaver *weaver = &weaving->weavers[i];
        weaver->values = assay_alloc((size_t)weaving->columns, sizeof *weaver->values);
        weaver->room = assay_alloc(GROUP, row_bytes + blocks_bytes);
        weaver->blocks = weaver->room ? weaver->room + GROUP * row_bytes : NULL;
        rc = weaver->values && weaver->room ? ASSAY_OK : assay_nomem(err);
    }
    return rc == ASSAY_OK
               ? assay_kernel_counters_new(weaving->loader->model->set, weaving->threads, &weaving->counters, err)
               : rc;
}

static void end(struct weaving *weaving)
{
    for (size_t i = 0; weaving->weavers && i < weaving->threads; i++) {
        assay_free(weaving->weavers[i].values);
        assay_free(weaving->weavers[i].room);
    }
    assay_free(weaving->weavers);
    assay_kernel_counters_free(weaving->counters);
}

/* Lanes, radius and norm, one after the other. */
static assay_code take_memory(struct weaving *weaving, assay_err *err)
{
    struct assay_screen *screen = &weaving->loader->model->screen;
    uint64_t groups = (weaving->rows + GROUP - 1) / GROUP;
    uint64_t lanes = (groups * GROUP * (weaving->columns / BLOCK) * BLOCK_BYTES + LINE - 1) / LINE * LINE;
    uint64_t floats = (weaving->rows * sizeof(float) + LINE - 1) / LINE * LINE;
    assay_code rc = assay_pages_map(lanes + 2 * floats, weaving->loader->setup->pages, &screen->memory, err);
    if (rc == ASSAY_OK) {
        weaving->lanes = screen->memory.at;
        weaving->radius = (float *)(void *)(weaving->lanes + lanes);
        weaving->norm = (float *)(void *)(weaving->lanes + lanes + floats);
        screen->weights = weaving->lanes;
        screen->radius = weaving->radius;
        screen->norm = weaving->norm;
        screen->bytes = lanes + 2 * floats;
    }
    return rc;
}

/* Blocks of 4 bits want a multiple of 32 columns. In Q4_1 a weight may be the small difference of two large numbers,
 * whose roundings no length of a row bounds; of a ternary head, 4 bits would be more than it has. */
static bool can_be_screened(const struct assay_linear *head, const struct assay_gguf_tensor *tensor)
{
    return head->columns % BLOCK == 0 && head->activation != ASSAY_ACTIVATION_TERNARY &&
           tensor->format->format != ASSAY_FORMAT_Q4_1;
}

assay_code model_screen(struct loader *loader, assay_err *err)
{
    struct assay_model *model = loader->model;
    const char *name = model->is_head_tied ? "token_embd.weight" : "output.weight";
    struct assay_team *team = loader->setup->team;
    struct weaving weaving = {.loader = loader,
                              .tensor = assay_gguf_tensor(model->gguf, name),
                              .rows = model->head.rows,
                              .columns = model->head.columns,
                              .threads = team ? assay_team_threads(team) : 1};
    uint64_t began = assay_clock_mono_ns();
    if (!can_be_screened(&model->head, weaving.tensor)) {
        return ASSAY_OK;
    }
    weaving.row_bytes = (weaving.tensor->bytes - weaving.tensor->format->tail_bytes) / weaving.rows;
    assay_code rc = model_bind(loader, "pack_dense", "q40lane", &weaving.packer, err);
    rc = rc == ASSAY_OK ? model_bind(loader, "dense_gemv", "q40lane", &model->screen.coarse, err) : rc;
    rc = rc == ASSAY_OK ? model_bind(loader, "head_bound", "f32", &model->screen.bound, err) : rc;
    rc = rc == ASSAY_OK ? equip(&weaving, err) : rc;
    rc = rc == ASSAY_OK ? take_memory(&weaving, err) : rc;
    if (rc == ASSAY_OK && team) {
        assay_team_run(team, work, &weaving);
    } else if (rc == ASSAY_OK) {
        work(&weaving, 0);
    }
    for (size_t i = 0; rc == ASSAY_OK && i < weaving.threads; i++) {
        rc = weaving.weavers[i].rc;
        if (rc != ASSAY_OK && err) {
            *err = weaving.weavers[i].err;
        }
    }
    end(&weaving);
    model->repack_ns += assay_clock_mono_ns() - began;
    return rc;
}
