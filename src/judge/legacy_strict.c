/* What --strict adds about shape and kernel ids, 820 to 827: each closes a hole of the original's gates. One fault
 * gives one gate, so what 801 to 808 refuse is not refused again. */
#include "judge/legacy_room.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* ---- 820, 821 --------------------------------------------------------------------------------------------------- */

static void fault(void *context, const char *at, const json_t *found, const char *expected)
{
    struct legacy *legacy = context;
    judge_fail(&legacy->judge, GATE_LEGACY_SHAPE, at, found, expected);
}

static void unknown(void *context, const char *at, const json_t *found)
{
    struct legacy *legacy = context;
    fault(context, at, found,
          legacy->shape == ASSAY_LEGACY_FLAT ? "no such member in shape A" : "no such member in shape B");
}

static void check_names(struct legacy *legacy)
{
    json_t *again = NULL;
    assay_err err = {0};
    assay_code rc =
        assay_legacy_read(legacy->question->bytes, legacy->question->len, ASSAY_LEGACY_NAMES_ONCE, &again, &err);
    if (rc == ASSAY_NO_MEMORY) {
        legacy->judge.is_out_of_memory = true;
    } else if (rc != ASSAY_OK) {
        judge_add_err(&legacy->judge, GATE_LEGACY_SHAPE, "", &err);
    }
    json_decref(again);
}

static bool check_shape(struct legacy *legacy)
{
    const struct assay_legacy_walk walk = {.fault = fault, .unknown = unknown, .context = legacy};
    check_names(legacy);
    if (legacy->shape == ASSAY_LEGACY_FLAT || legacy->shape == ASSAY_LEGACY_NESTED) {
        assay_legacy_members(legacy->root, legacy->shape, &walk);
    } else if (!judge_has(&legacy->judge, GATE_LEGACY_SCHEMA, GATE_LEGACY_SCHEMA, ASSAY_VERDICT_FAIL)) {
        judge_add(&legacy->judge, GATE_LEGACY_SHAPE, ASSAY_VERDICT_FAIL, "", assay_legacy_shape_text(legacy->shape),
                  "shape A or B");
    }
    return true;
}

static bool check_backend(struct legacy *legacy)
{
    static const char *const BACKENDS[] = {"cpu", "cuda", "metal"};
    const json_t *backend = json_object_get(legacy->root, "backend");
    bool is_known = false; /* one that is no text counts as cpu, and 820 says so */
    for (size_t i = 0; i < sizeof BACKENDS / sizeof BACKENDS[0]; i++) {
        is_known = is_known || assay_slice_is(legacy->backend, BACKENDS[i]);
    }
    if (!is_known) {
        judge_fail(&legacy->judge, GATE_LEGACY_BACKEND, "/backend", backend, "cpu, cuda or metal");
    }
    return true;
}

/* ---- 822, 823 --------------------------------------------------------------------------------------------------- */

static bool is_plain(struct assay_slice id)
{
    for (size_t i = 0; i < id.len; i++) {
        char c = id.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) {
            return false;
        }
    }
    return true;
}

static bool check_standins(struct legacy *legacy)
{
    for (size_t i = 0; legacy->has_sane_ids && i < legacy_ids_count(legacy); i++) {
        struct assay_slice id = legacy_id(legacy, i);
        if (assay_legacy_is_standin(id, true)) {
            legacy_refuse_id(legacy, GATE_LEGACY_STANDIN, i, "no mock, fake or stub");
        } else if (!is_plain(id)) {
            legacy_refuse_id(legacy, GATE_LEGACY_STANDIN, i, "an id of [a-z0-9_]{1,128}");
        }
    }
    return legacy->has_sane_ids;
}

struct numbered {
    struct assay_slice id;
    size_t index;
};

static int by_id(const void *a, const void *b)
{
    const struct numbered *x = a, *y = b;
    size_t shared = x->id.len < y->id.len ? x->id.len : y->id.len;
    int order = memcmp(x->id.data, y->id.data, shared);
    if (order == 0) {
        order = (x->id.len > y->id.len) - (x->id.len < y->id.len);
    }
    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

void legacy_each_duplicate(struct legacy *legacy, void (*each)(struct legacy *legacy, size_t index))
{
    size_t count = legacy->has_sane_ids ? legacy_ids_count(legacy) : 0;
    struct numbered *sorted = assay_alloc(count + 1, sizeof *sorted);
    if (!sorted) {
        legacy->judge.is_out_of_memory = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        sorted[i] = (struct numbered){.id = legacy_id(legacy, i), .index = i};
    }
    qsort(sorted, count, sizeof *sorted, by_id);
    for (size_t i = 1; i < count; i++) {
        if (assay_slice_equal(sorted[i - 1].id, sorted[i].id)) {
            each(legacy, sorted[i].index);
        }
    }
    assay_free(sorted);
}

static void refuse_duplicate(struct legacy *legacy, size_t index)
{
    legacy_refuse_id(legacy, GATE_LEGACY_DUPLICATE, index, "each id once");
}

static bool check_duplicates(struct legacy *legacy)
{
    legacy_each_duplicate(legacy, refuse_duplicate);
    return legacy->has_sane_ids;
}

/* ---- 824 to 827 ------------------------------------------------------------------------------------------------- */

static bool check_idle(struct legacy *legacy)
{
    bool computes = false;
    for (size_t i = 0; i < legacy_ids_count(legacy); i++) {
        unsigned classes = assay_legacy_classes(legacy_id(legacy, i), ASSAY_LEGACY_CORRECTED);
        computes = computes || ((classes & ASSAY_LEGACY_QUANTISED) && !(classes & ASSAY_LEGACY_IDLE));
    }
    if (legacy->has_sane_ids && !computes &&
        (legacy_is_backend(legacy, "cuda") || legacy_is_backend(legacy, "metal"))) {
        judge_fail(&legacy->judge, GATE_LEGACY_IDLE, "/kernels", legacy->kernels,
                   "a quantised id that computes: quantize, pack, copy and sync do not");
    }
    return legacy->has_sane_ids;
}

static bool check_fallback(struct legacy *legacy)
{
    for (size_t i = 0; legacy->has_sane_ids && i < legacy_ids_count(legacy); i++) {
        if (assay_legacy_classes(legacy_id(legacy, i), ASSAY_LEGACY_FAITHFUL) & ASSAY_LEGACY_FALLBACK) {
            legacy_refuse_id(legacy, GATE_LEGACY_FALLBACK, i, "no fallback id: the file has no shares to weigh it by");
        }
    }
    return legacy->has_sane_ids;
}

/* What 807, 808, 825 and 827 would say if the classes were right, and did not say as they are. */
static bool check_classes(struct legacy *legacy)
{
    const bool is_cpu = legacy_is_backend(legacy, "cpu");
    for (size_t i = 0; legacy->has_sane_ids && i < legacy_ids_count(legacy); i++) {
        unsigned theirs = assay_legacy_classes(legacy_id(legacy, i), ASSAY_LEGACY_FAITHFUL);
        unsigned ours = assay_legacy_classes(legacy_id(legacy, i), ASSAY_LEGACY_CORRECTED) & ~theirs;
        if (ours & ASSAY_LEGACY_FALLBACK) {
            legacy_refuse_id(legacy, GATE_LEGACY_CLASSES, i, "no fallback id: dequant, fp32 and _f32 tell one");
        } else if (is_cpu && (ours & ASSAY_LEGACY_GPU)) {
            legacy_refuse_id(legacy, GATE_LEGACY_CLASSES, i, "no GPU id on cpu: i2s_gpu_ tells one");
        }
    }
    if (legacy_has_class(legacy, ASSAY_LEGACY_FAITHFUL, ASSAY_LEGACY_QUANTISED) &&
        legacy_has_class(legacy, ASSAY_LEGACY_FAITHFUL, ASSAY_LEGACY_FALLBACK) &&
        !legacy_has_class(legacy, ASSAY_LEGACY_CORRECTED, ASSAY_LEGACY_QUANTISED)) {
        judge_fail(&legacy->judge, GATE_LEGACY_CLASSES, "/kernels", legacy->kernels,
                   "an id that starts with i2s_, tl1_, tl2_, gemm_i2s_, wmma_i2s_ or quantize_");
    }
    return legacy->has_sane_ids;
}

static bool holds(struct assay_slice id, const char *part)
{
    return memmem(id.data, id.len, part, strlen(part)) != NULL;
}

static bool check_mixed(struct legacy *legacy)
{
    bool has_avx = false;
    size_t neon = SIZE_MAX;
    for (size_t i = 0; legacy->has_sane_ids && i < legacy_ids_count(legacy); i++) {
        struct assay_slice id = legacy_id(legacy, i);
        has_avx = has_avx || holds(id, "avx");
        neon = neon == SIZE_MAX && holds(id, "neon") ? i : neon;
        if (legacy_is_backend(legacy, "cpu") && (assay_legacy_classes(id, ASSAY_LEGACY_FAITHFUL) & ASSAY_LEGACY_GPU)) {
            legacy_refuse_id(legacy, GATE_LEGACY_MIXED, i, "no GPU id on cpu");
        }
    }
    if (has_avx && neon != SIZE_MAX) {
        legacy_refuse_id(legacy, GATE_LEGACY_MIXED, neon, "AVX or NEON: no host has both");
    }
    return legacy->has_sane_ids;
}

const struct legacy_gate legacy_stricter[] = {
    {GATE_LEGACY_SHAPE, check_shape},
    {GATE_LEGACY_BACKEND, check_backend},
    {GATE_LEGACY_STANDIN, check_standins},
    {GATE_LEGACY_DUPLICATE, check_duplicates},
    {GATE_LEGACY_IDLE, check_idle},
    {GATE_LEGACY_FALLBACK, check_fallback},
    {GATE_LEGACY_CLASSES, check_classes},
    {GATE_LEGACY_MIXED, check_mixed},
    {GATE_LEGACY_DATE, legacy_check_date},
    {GATE_LEGACY_RATES, legacy_check_rates},
    {GATE_LEGACY_TOKENS, legacy_check_tokens},
    {GATE_LEGACY_TESTS, legacy_check_tests},
    {GATE_LEGACY_REPEATS, legacy_check_repeats},
    {GATE_LEGACY_PARITY, legacy_check_parity},
    {GATE_LEGACY_CORRECTIONS, legacy_check_corrections},
    {GATE_LEGACY_MODEL, legacy_check_model},
    {GATE_LEGACY_READ, NULL},
};
