/*
 * Bringing weights where a pass reads them, and making the tokenizer meanwhile. The bytes of the file are cut into jobs
 * of some megabytes, in the order in which they were placed; every thread of the team takes the next one and works
 * through it in pieces that stay in its cache: read, checked and packed while they are there, so that memory sees each
 * byte once on its way in and once on its way out. The pages of the destination are asked for by the thread that writes
 * them first.
 *
 * A thread that finds something wrong stops at its first finding. The tensor of the lowest place that anybody found
 * fault with is then read again from its beginning, for the message that a reader in one piece would have given.
 */
#include "lm/model_room.h"

#include "base/clock.h"
#include "base/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#define JOB_BYTES ((uint64_t)2 << 20)     /* a large page and more: two threads seldom ask for the same one */
#define PIECE_BYTES ((uint64_t)192 << 10) /* with what it is packed into well inside a cache of 512 kB */
#define SCALE_SHARE 8 /* scales and marks take less than an eighth of what was read: 4 of 36 bytes at most */

/* Outputs of a packer; one that has scales has them between the two. */
enum { LANES_ALONE = 1, LANES_AND_MARKS };

struct job {
    uint32_t placing;
    uint32_t number; /* among those of the placing */
};

/* What one thread has to itself. */
struct porter {
    uint8_t *room;   /* of a piece */
    uint8_t *scales; /* that the packer found */
    uint8_t *marks;
    size_t placing; /* of the finding */
    assay_code rc;
    assay_err err;
};

struct transport {
    struct loader *loader;
    struct job *jobs;
    size_t jobs_count;
    struct porter *porters;
    size_t threads;
    struct assay_kernel_counters *counters;
    uint64_t all_bytes;
    assay_code tokenizer_rc; /* of the tokenizer, which one thread makes before it joins the others */
    assay_err tokenizer_err;
    atomic_size_t next;
    atomic_ullong done_bytes;
};

/* ---- one piece ---------------------------------------------------------------------------------------------------*/

/* The one scale of a tensor whose blocks could each have their own; blocks of zeros may have scale 0. False: another
 * one was seen, or it is none. */
static bool take_scale(struct placing *placing, float scale)
{
    uint32_t bits = 0, seen = 0;
    if (scale == 0) {
        return true;
    }
    memcpy(&bits, &scale, sizeof bits);
    return isfinite(scale) && scale > 0 &&
           (atomic_compare_exchange_strong(&placing->scale_bits, &seen, bits) || seen == bits);
}

/* binary16, of `count` blocks; nearly always all alike. */
static bool take_halves(struct placing *placing, const uint8_t *scales, uint64_t count)
{
    bool is_good = true;
    uint16_t last = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint16_t bits;
        memcpy(&bits, scales + i * sizeof bits, sizeof bits);
        is_good = is_good && (bits == last || take_scale(placing, assay_f16_value(bits)));
        last = bits;
    }
    return is_good;
}

static bool take_floats(struct placing *placing, const uint8_t *scales, uint64_t count)
{
    bool is_good = true;
    for (uint64_t i = 0; i < count; i++) {
        float scale;
        memcpy(&scale, scales + i * sizeof scale, sizeof scale);
        is_good = is_good && take_scale(placing, scale);
    }
    return is_good;
}

/* What the packer found besides codes. */
static bool is_good(struct placing *placing, const struct porter *porter, uint64_t rows)
{
    const struct assay_kernel_shape shape = {rows, placing->columns, 1, 1};
    const struct assay_kernel_operand *outputs = placing->packing->outputs;
    uint64_t groups = (rows + placing->group - 1) / placing->group;
    if (placing->packing->outputs_count == LANES_ALONE) {
        return true;
    }
    if (memchr(porter->marks, 1, (size_t)groups)) {
        return false;
    }
    if (placing->packing->outputs_count == LANES_AND_MARKS) {
        return true;
    }
    uint64_t count = outputs[1].count(&shape);
    return outputs[1].type == ASSAY_KERNEL_F16 ? take_halves(placing, porter->scales, count)
                                               : take_floats(placing, porter->scales, count);
}

static assay_code carry_piece(struct transport *transport, size_t thread, struct placing *placing, uint64_t first,
                              uint64_t rows, assay_err *err)
{
    struct porter *porter = &transport->porters[thread];
    const struct assay_source *source = transport->loader->source;
    uint64_t offset = placing->tensor->offset + first * placing->row_bytes, bytes = rows * placing->row_bytes;
    uint8_t *to = placing->to + first / placing->group * placing->group_bytes;
    if (!placing->packer) {
        return assay_source_read(source, offset, to, (size_t)bytes, err);
    }
    const uint8_t *from = NULL;
    assay_code rc = assay_source_view(source, offset, porter->room, (size_t)bytes, &from, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct assay_kernel_call call = {.shape = {rows, placing->columns, 1, 1}, .in = {from}, .out = {to}};
    call.out[1] = placing->packing->outputs_count == LANES_AND_MARKS ? porter->marks : porter->scales;
    call.out[2] = porter->marks;
    assay_kernel_dispatch(placing->packer, assay_kernel_counters_thread(transport->counters, thread), &call);
    return is_good(placing, porter, rows) ? ASSAY_OK : assay_fail(err, ASSAY_MALFORMED, "rows that nobody packs");
}

/* ---- jobs --------------------------------------------------------------------------------------------------------*/

/* As many rows as come to that many bytes, whole groups. */
static uint64_t rows_of(const struct placing *placing, uint64_t bytes)
{
    uint64_t groups = bytes / (placing->row_bytes * placing->group);
    return (groups ? groups : 1) * placing->group;
}

static assay_code carry(struct transport *transport, size_t thread, const struct job *job, assay_err *err)
{
    struct placing *placing = &transport->loader->placings[job->placing];
    uint64_t rows = rows_of(placing, JOB_BYTES), step = rows_of(placing, PIECE_BYTES);
    uint64_t first = job->number * rows, end = first + rows < placing->rows ? first + rows : placing->rows;
    assay_code rc = ASSAY_OK;
    for (uint64_t at = first; rc == ASSAY_OK && at < end; at += step) {
        rc = carry_piece(transport, thread, placing, at, at + step < end ? step : end - at, err);
    }
    return rc;
}

static void report(struct transport *transport, size_t thread, uint64_t bytes)
{
    const struct assay_model_setup *setup = transport->loader->setup;
    uint64_t done = atomic_fetch_add_explicit(&transport->done_bytes, bytes, memory_order_relaxed) + bytes;
    if (thread == 0 && setup->on_progress) {
        setup->on_progress(setup->progress_context, done, transport->all_bytes);
    }
}

static void work(void *argument, size_t thread)
{
    struct transport *transport = argument;
    struct porter *porter = &transport->porters[thread];
    if (thread == transport->threads - 1) { /* the others read meanwhile */
        struct assay_model *model = transport->loader->model;
        transport->tokenizer_rc = assay_tokenizer_new(model->gguf, &model->tokenizer, &transport->tokenizer_err);
    }
    while (porter->rc == ASSAY_OK) {
        size_t at = atomic_fetch_add_explicit(&transport->next, 1, memory_order_relaxed);
        if (at >= transport->jobs_count) {
            return;
        }
        const struct job *job = &transport->jobs[at];
        const struct placing *placing = &transport->loader->placings[job->placing];
        porter->rc = carry(transport, thread, job, &porter->err);
        porter->placing = job->placing;
        uint64_t whole = rows_of(placing, JOB_BYTES), left = placing->rows - job->number * whole;
        report(transport, thread, (left < whole ? left : whole) * placing->row_bytes);
    }
}

static assay_code list_jobs(struct transport *transport, assay_err *err)
{
    const struct loader *loader = transport->loader;
    for (int pass = 0; pass < 2; pass++) { /* counted, then listed */
        size_t count = 0;
        for (size_t i = 0; i < loader->placings_count; i++) {
            const struct placing *placing = &loader->placings[i];
            uint64_t rows = rows_of(placing, JOB_BYTES), jobs = (placing->rows + rows - 1) / rows;
            for (uint64_t k = 0; transport->jobs && k < jobs; k++) {
                transport->jobs[count + k] = (struct job){(uint32_t)i, (uint32_t)k};
            }
            count += (size_t)jobs;
            transport->all_bytes += transport->jobs ? placing->rows * placing->row_bytes : 0;
        }
        if (pass == 0) {
            transport->jobs_count = count;
            transport->jobs = assay_alloc(count + 1, sizeof *transport->jobs);
        }
    }
    return transport->jobs ? ASSAY_OK : assay_nomem(err);
}

static assay_code equip(struct transport *transport, assay_err *err)
{
    const struct loader *loader = transport->loader;
    uint64_t piece = PIECE_BYTES;
    for (size_t i = 0; i < loader->placings_count; i++) {
        uint64_t least = loader->placings[i].row_bytes * loader->placings[i].group;
        piece = loader->placings[i].packer && least > piece ? least : piece;
    }
    uint64_t share = piece / SCALE_SHARE;
    transport->porters = assay_alloc(transport->threads, sizeof *transport->porters);
    assay_code rc = transport->porters ? ASSAY_OK : assay_nomem(err);
    for (size_t i = 0; rc == ASSAY_OK && i < transport->threads; i++) {
        uint8_t *room = assay_alloc((size_t)(piece + 2 * share), 1);
        transport->porters[i] = (struct porter){.room = room};
        if (room) {
            transport->porters[i].scales = room + piece;
            transport->porters[i].marks = room + piece + share;
        }
        rc = room ? ASSAY_OK : assay_nomem(err);
    }
    return rc == ASSAY_OK ? assay_kernel_counters_new(loader->model->set, transport->threads, &transport->counters, err)
                          : rc;
}

static void end(struct transport *transport)
{
    for (size_t i = 0; transport->porters && i < transport->threads; i++) {
        assay_free(transport->porters[i].room);
    }
    assay_free(transport->porters);
    assay_free(transport->jobs);
    assay_kernel_counters_free(transport->counters);
}

/* ---- what was wrong ----------------------------------------------------------------------------------------------*/

static assay_code refuse_scales(const struct placing *placing, const uint8_t *bytes, assay_err *err)
{
    const struct assay_gguf_tensor *tensor = placing->tensor;
    uint64_t blocks = (placing->columns + ASSAY_FORMAT_SCALE_COLS - 1) / ASSAY_FORMAT_SCALE_COLS;
    uint8_t *codes = assay_alloc((size_t)placing->columns, 1);
    float *scales = assay_alloc((size_t)blocks, sizeof *scales), one = 0;
    assay_code rc = codes && scales ? ASSAY_OK : assay_nomem(err);
    for (uint64_t row = 0; rc == ASSAY_OK && row < placing->rows; row++) {
        assay_format_codes(tensor->format->format, bytes, placing->rows, placing->columns, row, codes, scales);
        for (uint64_t b = 0; rc == ASSAY_OK && b < blocks; b++) {
            one = one == 0 ? scales[b] : one;
            if (scales[b] != 0 && scales[b] != one) {
                rc = assay_fail(err, ASSAY_UNSUPPORTED,
                                "tensor '%.*s': the scale of row %" PRIu64
                                " is %g, that of rows before it %g; expected one scale",
                                (int)tensor->name.len, tensor->name.data, row, (double)scales[b], (double)one);
            }
        }
    }
    assay_free(codes);
    assay_free(scales);
    return rc;
}

/* Never OK. */
static assay_code refuse(const struct loader *loader, const struct placing *placing, assay_err *err)
{
    const struct assay_gguf_tensor *tensor = placing->tensor;
    uint8_t *bytes = assay_alloc((size_t)tensor->bytes, 1);
    if (!bytes) {
        return assay_nomem(err);
    }
    assay_code rc = assay_source_read(loader->source, tensor->offset, bytes, (size_t)tensor->bytes, err);
    if (rc == ASSAY_OK) {
        rc = assay_format_check(tensor->format->format, bytes, placing->rows, placing->columns, err);
        if (rc != ASSAY_OK) {
            assay_wrap(err, "tensor '%.*s'", (int)tensor->name.len, tensor->name.data);
        }
    }
    rc = rc == ASSAY_OK ? refuse_scales(placing, bytes, err) : rc;
    assay_free(bytes);
    return rc != ASSAY_OK ? rc
                          : assay_fail(err, ASSAY_IO, "tensor '%.*s' was changed while it was read",
                                       (int)tensor->name.len, tensor->name.data);
}

static assay_code hand_on(assay_code rc, const assay_err *from, assay_err *err)
{
    if (err) {
        *err = *from;
    }
    return rc;
}

static assay_code judge(const struct transport *transport, assay_err *err)
{
    const struct porter *worst = NULL;
    if (transport->tokenizer_rc != ASSAY_OK) {
        return hand_on(transport->tokenizer_rc, &transport->tokenizer_err, err);
    }
    for (size_t i = 0; i < transport->threads; i++) {
        const struct porter *porter = &transport->porters[i];
        if (porter->rc != ASSAY_OK && (!worst || porter->placing < worst->placing)) {
            worst = porter;
        }
    }
    if (!worst) {
        return ASSAY_OK;
    }
    if (worst->rc == ASSAY_MALFORMED) {
        return refuse(transport->loader, &transport->loader->placings[worst->placing], err);
    }
    return hand_on(worst->rc, &worst->err, err);
}

/* ---- all of it ---------------------------------------------------------------------------------------------------*/

/* The scale that stands behind the codes of I2_S, or that all blocks share. */
static assay_code put_scale(const struct loader *loader, struct placing *placing, assay_err *err)
{
    float scale = 0;
    uint32_t bits = atomic_load(&placing->scale_bits);
    assay_code rc = ASSAY_OK;
    memcpy(&scale, &bits, sizeof scale);
    if (placing->tensor->format->tail_bytes > 0) {
        uint64_t behind = placing->tensor->offset + placing->rows * placing->row_bytes;
        rc = assay_source_read(loader->source, behind, &scale, sizeof scale, err);
    }
    if (rc == ASSAY_OK && !(isfinite(scale) && scale >= 0)) {
        return refuse(loader, placing, err);
    }
    *placing->scale = scale;
    return rc;
}

assay_code model_place(struct loader *loader, assay_err *err)
{
    uint64_t began = assay_clock_mono_ns();
    struct assay_team *team = loader->setup->team;
    struct transport transport = {.loader = loader, .threads = team ? assay_team_threads(team) : 1};
    assay_code rc = list_jobs(&transport, err);
    rc = rc == ASSAY_OK ? equip(&transport, err) : rc;
    if (rc == ASSAY_OK && team) {
        assay_team_run(team, work, &transport);
    } else if (rc == ASSAY_OK) {
        work(&transport, 0);
    }
    rc = rc == ASSAY_OK ? judge(&transport, err) : rc;
    for (size_t i = 0; rc == ASSAY_OK && i < loader->placings_count; i++) {
        rc = loader->placings[i].scale ? put_scale(loader, &loader->placings[i], err) : ASSAY_OK;
    }
    if (rc == ASSAY_OK && loader->setup->on_progress) {
        loader->setup->on_progress(loader->setup->progress_context, transport.all_bytes, transport.all_bytes);
    }
    end(&transport);
    loader->model->repack_ns = assay_clock_mono_ns() - began;
    return rc;
}
