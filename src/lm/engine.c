#include "lm/engine_room.h"

#include "base/clock.h"
#include "base/num.h"
#include "base/text.h"
#include "stat/stat.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 64
#define ARENA_BYTES_MAX ((size_t)1 << 40) /* bounded by batch, context and shape, which are bounded themselves */

/* ---- setup -------------------------------------------------------------------------------------------------------*/

static assay_code read_threads(struct assay_engine_setup *setup, const char *text, assay_err *err)
{
    assay_code rc = assay_num_u64(assay_slice_of(text), "ASSAY_THREADS", ASSAY_TEAM_THREADS_MAX, &setup->threads, err);
    if (rc == ASSAY_OK && setup->threads > 0) {
        return ASSAY_OK;
    }
    return assay_fail(err, ASSAY_USAGE, "ASSAY_THREADS is '%.40s', expected 1 to %d", text, ASSAY_TEAM_THREADS_MAX);
}

static assay_code read_switch(const char *name, const char *text, enum assay_switch *ret, assay_err *err)
{
    bool is_on = strcmp(text, "1") == 0;
    if (!is_on && strcmp(text, "0") != 0) {
        return assay_fail(err, ASSAY_USAGE, "%s is '%.40s', expected 0 or 1", name, text);
    }
    *ret = is_on ? ASSAY_SWITCH_ON : ASSAY_SWITCH_OFF;
    return ASSAY_OK;
}

static assay_code read_pin(struct assay_engine_setup *setup, const char *text, assay_err *err)
{
    return read_switch("ASSAY_PIN", text, &setup->pin, err);
}

static assay_code read_pages(struct assay_engine_setup *setup, const char *text, assay_err *err)
{
    assay_code rc = assay_pages_named(text, &setup->pages, err);
    setup->has_pages = rc == ASSAY_OK;
    if (rc != ASSAY_OK) {
        assay_wrap(err, "ASSAY_PAGES");
    }
    return rc;
}

static assay_code read_draft(struct assay_engine_setup *setup, const char *text, assay_err *err)
{
    enum assay_switch drafts;
    assay_code rc = read_switch("ASSAY_DRAFT", text, &drafts, err);
    if (rc == ASSAY_OK && drafts == ASSAY_SWITCH_ON && !setup->takes_drafts) {
        rc = assay_fail(err, ASSAY_USAGE, "ASSAY_DRAFT is 1, expected 0: only 'lm generate' takes drafts");
    }
    if (rc == ASSAY_OK) {
        setup->drafts = drafts;
    }
    return rc;
}

assay_code assay_head_named(const char *name, enum assay_head *ret, assay_err *err)
{
    bool is_screened = strcmp(name, "screened") == 0;
    if (!is_screened && strcmp(name, "exact") != 0) {
        return assay_fail(err, ASSAY_USAGE, "the head is '%.40s', expected exact or screened", name);
    }
    *ret = is_screened ? ASSAY_HEAD_SCREENED : ASSAY_HEAD_EXACT;
    return ASSAY_OK;
}

static assay_code read_head(struct assay_engine_setup *setup, const char *text, assay_err *err)
{
    assay_code rc = assay_head_named(text, &setup->head, err);
    setup->has_head = rc == ASSAY_OK;
    if (rc != ASSAY_OK) {
        assay_wrap(err, "ASSAY_HEAD");
    }
    return rc;
}

static assay_code refuse_prefetch(struct assay_engine_setup *setup, const char *text, assay_err *err)
{
    (void)setup;
    return assay_fail(err, ASSAY_USAGE,
                      "ASSAY_PREFETCH is '%.40s', expected none: how far a kernel looks ahead is a constant of it",
                      text);
}

assay_code assay_engine_setup_env(struct assay_engine_setup *setup, assay_err *err)
{
    const struct {
        const char *name;
        bool is_set;
        assay_code (*read)(struct assay_engine_setup *, const char *, assay_err *);
    } VARIABLES[] = {{"ASSAY_THREADS", setup->threads > 0, read_threads},
                     {"ASSAY_PIN", setup->pin != ASSAY_SWITCH_DEFAULT, read_pin},
                     {"ASSAY_PAGES", setup->has_pages, read_pages},
                     {"ASSAY_DRAFT", setup->drafts != ASSAY_SWITCH_DEFAULT, read_draft},
                     {"ASSAY_HEAD", setup->has_head, read_head},
                     {"ASSAY_PREFETCH", false, refuse_prefetch}};
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; rc == ASSAY_OK && i < sizeof VARIABLES / sizeof VARIABLES[0]; i++) {
        const char *text = VARIABLES[i].is_set ? NULL : getenv(VARIABLES[i].name);
        rc = text && *text ? VARIABLES[i].read(setup, text, err) : ASSAY_OK;
    }
    return rc;
}

/* ---- room for a pass ---------------------------------------------------------------------------------------------*/

void *engine_take(struct assay_engine *engine, uint64_t count, size_t bytes)
{
    char *memory = assay_arena_take(&engine->arena, (size_t)count + ALIGNMENT / bytes + 1, bytes);
    return memory ? memory + (ALIGNMENT - (uintptr_t)memory % ALIGNMENT) % ALIGNMENT : NULL;
}

static bool take_rounded(struct assay_engine *engine, uint64_t widest)
{
    bool has_all = true;
    for (size_t i = 0; i < ASSAY_ACTIVATION_COUNT; i++) {
        struct rounded *rounded = &engine->work.rounded[i];
        rounded->q = engine_take(engine, engine->batch * widest, 1);
        rounded->d = engine_take(engine, engine->batch * (widest / 32 + 1), sizeof(float));
        rounded->sums = engine_take(engine, engine->batch * (widest / 32 + 1), sizeof(int32_t));
        has_all = has_all && rounded->q && rounded->d && rounded->sums;
    }
    return has_all;
}

/* Of attention and of every linear layer, for as many tokens as a pass has: whichever runs, the room is the same. */
static size_t scratch_bytes(const struct assay_engine *engine)
{
    const struct assay_model *model = engine->model;
    const struct assay_model_shape *shape = &model->shape;
    const struct assay_kernel_shape attention = {shape->heads, shape->head, engine->context, shape->kv_heads};
    const struct assay_kernel_shape head = {model->head.rows, model->head.columns, 1, 1};
    size_t most = assay_kernel_scratch_bytes(model->kernels.attention, &attention);
    size_t coarse = model->screen.coarse ? assay_kernel_scratch_bytes(model->screen.coarse, &head) : 0;
    most = coarse > most ? coarse : most;
    for (uint64_t i = 0; i < shape->layers * ASSAY_LINEAR_COUNT + 1; i++) {
        const struct assay_linear *linear = i < shape->layers * ASSAY_LINEAR_COUNT
                                                ? &model->layers[i / ASSAY_LINEAR_COUNT].linears[i % ASSAY_LINEAR_COUNT]
                                                : &model->head;
        const struct assay_kernel_shape call = {linear->rows, linear->columns, engine->batch, 1};
        size_t few = assay_kernel_scratch_bytes(linear->kernel, &call);
        size_t many = assay_kernel_scratch_bytes(linear->many, &call);
        most = few > most ? few : most;
        most = many > most ? many : most;
    }
    return most;
}

static bool take_scratch(struct assay_engine *engine)
{
    size_t threads = assay_team_threads(engine->team), bytes = scratch_bytes(engine);
    engine->work.scratch = engine_take(engine, threads, sizeof(void *));
    bool has_all = engine->work.scratch != NULL;
    for (size_t i = 0; has_all && i < threads; i++) {
        engine->work.scratch[i] = engine_take(engine, bytes + 1, 1);
        has_all = engine->work.scratch[i] != NULL;
    }
    return has_all;
}

static bool take_screen(struct assay_engine *engine)
{
    struct workspace *work = &engine->work;
    uint64_t rows = engine->model->shape.vocabulary, lines = assay_team_threads(engine->team) * ALIGNMENT;
    if (!engine->model->screen.coarse) {
        return true;
    }
    work->approx = engine_take(engine, rows, sizeof(float));
    work->upper = engine_take(engine, rows, sizeof(float));
    work->lower = engine_take(engine, rows, sizeof(float));
    work->survivors = engine_take(engine, rows + 1, sizeof(uint32_t));
    work->survivors_counts = engine_take(engine, lines / sizeof(uint64_t), sizeof(uint64_t));
    work->floors = engine_take(engine, lines / sizeof(uint64_t), sizeof(float));
    return work->approx && work->upper && work->lower && work->survivors && work->survivors_counts && work->floors;
}

static bool take_all(struct assay_engine *engine)
{
    const struct assay_model_shape *shape = &engine->model->shape;
    struct workspace *work = &engine->work;
    uint64_t batch = engine->batch, wide = shape->heads * shape->head, narrow = shape->kv_heads * shape->head;
    uint64_t widest_h = shape->hidden > wide ? shape->hidden : wide; /* heads may be narrower than the model */
    uint64_t widest = shape->ffn > widest_h ? shape->ffn : widest_h;
    const struct {
        float **where;
        uint64_t count;
    } ROOMS[] = {{&work->x, batch * shape->hidden},
                 {&work->h, batch * widest_h},
                 {&work->q, batch * wide},
                 {&work->q_rotated, batch * wide},
                 {&work->mixed, batch * wide},
                 {&work->k, batch * narrow},
                 {&work->k_rotated, batch * narrow},
                 {&work->v, batch * narrow},
                 {&work->gate, batch * shape->ffn},
                 {&work->up, batch * shape->ffn},
                 {&work->wide, batch * shape->ffn},
                 {&work->last, batch * shape->hidden},
                 {&work->again, widest > shape->vocabulary ? widest : shape->vocabulary},
                 {&work->logits, engine->logits_rows * shape->vocabulary},
                 {&work->cosines, engine->context * (shape->head / 2)},
                 {&work->sines, engine->context * (shape->head / 2)}};
    for (size_t i = 0; i < sizeof ROOMS / sizeof ROOMS[0]; i++) {
        *ROOMS[i].where = engine_take(engine, ROOMS[i].count, sizeof(float));
        if (!*ROOMS[i].where) {
            return false;
        }
    }
    return take_rounded(engine, widest) && take_scratch(engine) && take_screen(engine);
}

/* Angles in binary64, rounded once (kernels.md 3.2). Only of positions that are taken: a model may come to a hundred
 * thousand, and nobody waits for those. */
void engine_fill_angles(struct assay_engine *engine, uint64_t end)
{
    uint64_t half = engine->model->shape.head / 2;
    double log_base = assay_stat_log(engine->model->shape.rope_base);
    for (uint64_t i = 0; i < half && engine->angles_end < end; i++) {
        double frequency = assay_stat_exp(-(double)i / (double)half * log_base);
        for (uint64_t p = engine->angles_end; p < end; p++) {
            double sine, cosine;
            assay_stat_sine_cosine((double)p * frequency, &sine, &cosine);
            engine->work.sines[p * half + i] = (float)sine;
            engine->work.cosines[p * half + i] = (float)cosine;
        }
    }
    engine->angles_end = end > engine->angles_end ? end : engine->angles_end;
}

static assay_code make_room(struct assay_engine *engine, const struct assay_engine_setup *setup, assay_err *err)
{
    uint64_t most = engine->model->shape.context;
    engine->batch = setup->batch ? setup->batch : ASSAY_ENGINE_BATCH;
    engine->context = setup->context ? setup->context : most;
    engine->logits_rows = setup->logits ? setup->logits : ASSAY_ENGINE_LOGITS;
    uint64_t sequences = setup->sequences ? setup->sequences : 1, positions = setup->positions;
    if (positions == 0 && !assay_mul_u64(engine->context, sequences, &positions)) {
        positions = UINT64_MAX; /* refused below */
    }
    if (engine->context > most || engine->batch > ASSAY_ENGINE_BATCH_MAX ||
        engine->logits_rows > ASSAY_ENGINE_LOGITS_MAX || positions > UINT32_MAX) {
        return assay_fail(err, ASSAY_USAGE,
                          "a context of %" PRIu64 ", %" PRIu64 " tokens a pass, %" PRIu64 " rows of logits, %" PRIu64
                          " positions in all; expected at most %" PRIu64 ", %d, %d and %u",
                          engine->context, engine->batch, engine->logits_rows, positions, most, ASSAY_ENGINE_BATCH_MAX,
                          ASSAY_ENGINE_LOGITS_MAX, UINT32_MAX);
    }
    engine->pool_pages = (positions + ASSAY_KV_PAGE_POSITIONS - 1) / ASSAY_KV_PAGE_POSITIONS;
    engine->pool_pages_free = engine->pool_pages;
    assay_rng_seed(&engine->recheck_rng, 0, "lm recheck");
    if (!take_all(engine)) {
        return assay_nomem(err);
    }
    return ASSAY_OK;
}

/* ---- life --------------------------------------------------------------------------------------------------------*/

static assay_code open_kernels(struct assay_engine *engine, const struct assay_engine_setup *setup, assay_err *err)
{
    assay_code rc = assay_kernel_set_new(setup->kernels, &engine->set, err);
    for (size_t i = 0; rc == ASSAY_OK && i < setup->plugins_count; i++) {
        rc = assay_kernel_set_plugin(engine->set, setup->plugins[i], err);
    }
    rc = rc == ASSAY_OK && setup->plant ? assay_kernel_set_plant(engine->set, setup->plant, err) : rc;
    return rc == ASSAY_OK ? assay_kernel_set_ready(engine->set, err) : rc;
}

static assay_code fill(struct assay_engine *engine, const struct assay_source *source,
                       const struct assay_engine_setup *setup, assay_err *err)
{
    engine->file_bytes = source->len;
    engine->is_pinned = setup->pin != ASSAY_SWITCH_OFF;
    engine->pages = setup->has_pages ? setup->pages : ASSAY_PAGES_HUGE;
    assay_arena_init(&engine->arena, ARENA_BYTES_MAX);
    assay_code rc = open_kernels(engine, setup, err);
    if (rc == ASSAY_OK) {
        const struct assay_team_setup team = {.threads = (size_t)setup->threads, .is_pinned = engine->is_pinned};
        rc = assay_team_new(engine->set, &team, &engine->team, err);
    }
    if (rc == ASSAY_OK) {
        const struct assay_model_setup how = {.pages = engine->pages,
                                              .screens_head = setup->has_head && setup->head == ASSAY_HEAD_SCREENED,
                                              .team = engine->team,
                                              .on_progress = setup->on_progress,
                                              .progress_context = setup->progress_context};
        rc = assay_model_new(source, engine->set, &how, &engine->model, err);
    }
    return rc == ASSAY_OK ? make_room(engine, setup, err) : rc;
}

static assay_code open_source(const struct assay_source *source, uint64_t began, const struct assay_engine_setup *setup,
                              struct assay_engine **ret, assay_err *err)
{
    struct assay_engine *engine = assay_alloc(1, sizeof *engine);
    if (!engine) {
        return assay_nomem(err);
    }
    assay_code rc = fill(engine, source, setup, err);
    if (rc != ASSAY_OK) {
        assay_engine_free(engine);
        return rc;
    }
    engine->load_ns = assay_clock_mono_ns() - began;
    *ret = engine;
    return ASSAY_OK;
}

assay_code assay_engine_new(const uint8_t *bytes, uint64_t len, const struct assay_engine_setup *setup,
                            struct assay_engine **ret, assay_err *err)
{
    const struct assay_source source = assay_source_of(bytes, len);
    return open_source(&source, assay_clock_mono_ns(), setup, ret, err);
}

/* Weights that stay in the file want a mapping of it; else nothing of the file is needed when this returns, so that
 * others may change it. */
static bool wants_map(const struct assay_engine_setup *setup)
{
    return setup->has_pages && setup->pages == ASSAY_PAGES_MAPPED;
}

assay_code assay_engine_open(const char *path, const struct assay_engine_setup *setup, struct assay_engine **ret,
                             assay_err *err)
{
    uint64_t began = assay_clock_mono_ns();
    struct assay_map map = {0};
    struct assay_source file = {0};
    assay_code rc = wants_map(setup) ? assay_map_open(path, &map, err) : assay_source_open(path, &file, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    const struct assay_source mapped = assay_source_of(map.data, map.len);
    rc = open_source(map.data ? &mapped : &file, began, setup, ret, err);
    assay_source_close(&file);
    if (rc != ASSAY_OK) {
        assay_map_close(&map);
        if (rc != ASSAY_USAGE) {
            assay_wrap(err, "model '%s'", path);
        }
        return rc;
    }
    (*ret)->map = map;
    return ASSAY_OK;
}

void assay_engine_free(struct assay_engine *engine)
{
    if (!engine) {
        return;
    }
    assay_arena_done(&engine->arena);
    assay_model_free(engine->model);
    assay_team_free(engine->team);
    assay_kernel_set_free(engine->set);
    assay_map_close(&engine->map);
    assay_free(engine);
}

/* ---- what it is --------------------------------------------------------------------------------------------------*/

const struct assay_model *assay_engine_model(const struct assay_engine *engine)
{
    return engine->model;
}

struct assay_kernel_set *assay_engine_kernels(const struct assay_engine *engine)
{
    return engine->set;
}

struct assay_team *assay_engine_team(const struct assay_engine *engine)
{
    return engine->team;
}

uint64_t assay_engine_context(const struct assay_engine *engine)
{
    return engine->context;
}

uint64_t assay_engine_positions(const struct assay_engine *engine)
{
    return engine->pool_pages * ASSAY_KV_PAGE_POSITIONS;
}

uint64_t assay_engine_positions_free(const struct assay_engine *engine)
{
    return engine->pool_pages_free * ASSAY_KV_PAGE_POSITIONS;
}

void assay_engine_watch(struct assay_engine *engine, bool (*may_go_on)(void *context), void *context)
{
    engine->may_go_on = may_go_on;
    engine->watch_context = context;
}

void assay_engine_facts_of(const struct assay_engine *engine, struct assay_engine_facts *ret)
{
    const struct assay_model *model = engine->model;
    const struct assay_model_shape *shape = &model->shape;
    *ret = (struct assay_engine_facts){.file_bytes = engine->file_bytes,
                                       .head_bytes = model->head.bytes,
                                       .kv_bytes_per_position =
                                           2 * shape->layers * shape->kv_heads * shape->head * sizeof(uint16_t),
                                       .head_format = model->head.format,
                                       .layout = "",
                                       .pages = engine->pages,
                                       .copied_bytes = model->copied_bytes,
                                       .load_ns = engine->load_ns,
                                       .repack_ns = model->repack_ns,
                                       .is_pinned = assay_team_cpu(engine->team, 0) >= 0,
                                       .has_screen = model->screen.coarse != NULL,
                                       .is_screen_broken = engine->screening.is_off,
                                       .screen_bytes = model->screen.bytes,
                                       .screened_passes = engine->screening.passes,
                                       .screen_survivors = engine->screening.survivors,
                                       .screen_failures = engine->screening.failures};
    for (uint64_t i = 0; i < shape->layers; i++) {
        for (size_t k = 0; k < ASSAY_LINEAR_COUNT; k++) {
            const struct assay_linear *linear = &model->layers[i].linears[k];
            ret->layers_bytes += linear->bytes;
            ret->layout = linear->activation == ASSAY_ACTIVATION_TERNARY ? linear->layout : ret->layout;
        }
    }
    ret->weight_bytes = ret->layers_bytes + ret->head_bytes;
    ret->huge_bytes = model->memory.at ? assay_pages_huge_bytes(&model->memory) : 0;
}
