/* The gates of BitNet-rs's own verifier, 800 to 808, in its order and with its blind spots. */
#include "judge/legacy_room.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_SHOWN_MAX 4096 /* of a path that the original quotes */

/* ---- what the original's message says --------------------------------------------------------------------------- */

/* Its first failure; later ones it never sees. */
static void says(struct legacy *legacy, const char *part)
{
    legacy->part = legacy->part ? legacy->part : part;
}

static bool is_first(const struct legacy *legacy)
{
    return legacy->part == NULL;
}

/* An id as the original quotes it: "\n" puts an n before what follows. Its other escapes are left out: no word that is
 * looked for holds a backslash, or begins with what stands behind one. */
static void quote_id(struct assay_buf *out, struct assay_slice id)
{
    assay_buf_char(out, '"');
    for (size_t i = 0; i < id.len; i++) {
        if (id.data[i] == '\n') {
            assay_buf_text(out, "\\n");
        } else {
            assay_buf_char(out, id.data[i]);
        }
    }
    assay_buf_text(out, "\", ");
}

static void quote_ids(struct legacy *legacy, unsigned class_bit)
{
    for (size_t i = 0; is_first(legacy) && i < legacy_ids_count(legacy); i++) {
        struct assay_slice id = legacy_id(legacy, i);
        if (class_bit == 0 || (assay_legacy_classes(id, ASSAY_LEGACY_FAITHFUL) & class_bit)) {
            quote_id(&legacy->quoted, id);
        }
    }
}

static void quote_text(struct legacy *legacy, const json_t *value)
{
    struct assay_slice text = assay_legacy_text(value);
    if (is_first(legacy)) {
        assay_buf_append(&legacy->quoted, text.data, text.len);
    }
}

/* ---- ids -------------------------------------------------------------------------------------------------------- */

size_t legacy_ids_count(const struct legacy *legacy)
{
    return json_array_size(legacy->kernels);
}

struct assay_slice legacy_id(const struct legacy *legacy, size_t index)
{
    return assay_legacy_text(json_array_get(legacy->kernels, index));
}

void legacy_refuse_id(struct legacy *legacy, enum gate gate, size_t index, const char *expected)
{
    char at[64];
    (void)snprintf(at, sizeof at, "/kernels/%zu", index);
    judge_fail(&legacy->judge, gate, at, json_array_get(legacy->kernels, index), expected);
}

bool legacy_has_class(const struct legacy *legacy, enum assay_legacy_classifier classifier, unsigned class_bit)
{
    for (size_t i = 0; i < legacy_ids_count(legacy); i++) {
        if (assay_legacy_classes(legacy_id(legacy, i), classifier) & class_bit) {
            return true;
        }
    }
    return false;
}

bool legacy_is_backend(const struct legacy *legacy, const char *word)
{
    return legacy->backend.len == strlen(word) && strncasecmp(legacy->backend.data, word, legacy->backend.len) == 0;
}

/* White_Space of Unicode, which the original trims. */
static bool is_white(uint32_t c)
{
    return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

static bool is_blank(struct assay_slice id)
{
    for (size_t i = 0; i < id.len;) {
        uint32_t c;
        i += assay_utf8_next(id.data + i, id.len - i, &c);
        if (!is_white(c)) {
            return false;
        }
    }
    return true;
}

/* ---- 800 -------------------------------------------------------------------------------------------------------- */

static void cannot(struct legacy *legacy, const char *part)
{
    assay_buf_printf(&legacy->quoted, ": %.*s", NAME_SHOWN_MAX, legacy->question->name);
    says(legacy, part);
}

bool legacy_read(struct legacy *legacy)
{
    static const char UNREADABLE[] = "Failed to read receipt", NOT_JSON[] = "Invalid JSON in receipt";
    const struct assay_legacy_question *question = legacy->question;
    assay_err err = {0};
    if (question->unreadable) {
        legacy->judge.out->is_missing = true;
        cannot(legacy, UNREADABLE);
        judge_add(&legacy->judge, GATE_LEGACY_READ, ASSAY_VERDICT_FAIL, "", question->unreadable, "a readable file");
        return false;
    }
    if (question->is_over_cap || question->len > ASSAY_LEGACY_BYTES_MAX) { /* ours: the original has no cap */
        judge_add(&legacy->judge, GATE_CAP, ASSAY_VERDICT_FAIL, "", "a file over the cap", "at most 16 MiB");
        return false;
    }
    if (assay_utf8_valid_prefix(question->bytes, question->len) < question->len) {
        cannot(legacy, UNREADABLE);
        judge_add(&legacy->judge, GATE_LEGACY_READ, ASSAY_VERDICT_FAIL, "", "ill-formed UTF-8", "a text in UTF-8");
        return false;
    }
    assay_code rc =
        assay_legacy_read(question->bytes, question->len, ASSAY_LEGACY_AS_THE_ORIGINAL, &legacy->root, &err);
    if (rc == ASSAY_NO_MEMORY) {
        legacy->judge.is_out_of_memory = true;
    } else if (rc != ASSAY_OK) {
        cannot(legacy, NOT_JSON);
        judge_add_err(&legacy->judge, GATE_LEGACY_READ, "", &err);
    }
    return rc == ASSAY_OK;
}

/* ---- 801 to 804 ------------------------------------------------------------------------------------------------- */

static bool check_schema(struct legacy *legacy)
{
    const json_t *value = json_object_get(legacy->root, "schema_version");
    struct assay_slice text = assay_legacy_text(value);
    const bool is_named = legacy->shape != ASSAY_LEGACY_FLAT && legacy->shape != ASSAY_LEGACY_NESTED;
    if (json_is_string(value) && (assay_slice_is(text, "1.0.0") || assay_slice_is(text, "1.0"))) {
        return true;
    }
    quote_text(legacy, value);
    says(legacy, json_is_string(value) ? "Unsupported schema_version" : "missing 'schema_version'");
    if (is_named) {
        judge_add(&legacy->judge, GATE_LEGACY_SCHEMA, ASSAY_VERDICT_FAIL, "/schema_version",
                  assay_legacy_shape_text(legacy->shape), "shape A or B, with \"1.0.0\" or \"1.0\" here");
    } else {
        judge_fail(&legacy->judge, GATE_LEGACY_SCHEMA, "/schema_version", value, "\"1.0.0\" or \"1.0\"");
    }
    return true;
}

static bool check_path(struct legacy *legacy)
{
    const json_t *value = json_object_get(legacy->root, "compute_path");
    if (!assay_slice_is(assay_legacy_text(value), "real")) {
        quote_text(legacy, value);
        says(legacy, json_is_string(value) ? "compute_path must be 'real'" : "missing 'compute_path'");
        judge_fail(&legacy->judge, GATE_LEGACY_PATH, "/compute_path", value, "\"real\"");
    }
    return true;
}

static bool check_kernels(struct legacy *legacy)
{
    const json_t *kernels = json_object_get(legacy->root, "kernels");
    const char *part = !json_is_array(kernels)         ? "missing 'kernels'"
                       : json_array_size(kernels) == 0 ? "empty kernels[]"
                                                       : NULL;
    for (size_t i = 0; !part && i < json_array_size(kernels); i++) {
        part = json_is_string(json_array_get(kernels, i)) ? NULL : "must be strings";
    }
    if (part) {
        says(legacy, part);
        judge_fail(&legacy->judge, GATE_LEGACY_KERNELS, "/kernels", kernels, "a list of kernel ids, at least one");
    } else {
        legacy->kernels = kernels;
    }
    return true;
}

static size_t find_id(const struct legacy *legacy, bool (*is_wrong)(struct assay_slice id))
{
    size_t i = 0;
    while (i < legacy_ids_count(legacy) && !is_wrong(legacy_id(legacy, i))) {
        i++;
    }
    return i;
}

static bool is_long(struct assay_slice id)
{
    return id.len > ASSAY_LEGACY_KERNEL_BYTES_MAX;
}

/* Blank ids, then long ones, then too many: the original stops at the first kind. */
static bool check_ids(struct legacy *legacy)
{
    if (!legacy->kernels) {
        return false;
    }
    size_t count = legacy_ids_count(legacy), blank = find_id(legacy, is_blank), longest = find_id(legacy, is_long);
    if (blank < count) {
        says(legacy, "empty kernel ID");
        legacy_refuse_id(legacy, GATE_LEGACY_IDS, blank, "no blank id");
    }
    if (longest < count && (blank == count || legacy->is_strict)) {
        says(legacy, "longer than 128");
        legacy_refuse_id(legacy, GATE_LEGACY_IDS, longest, "ids of at most 128 bytes");
    }
    if (count > ASSAY_LEGACY_KERNELS_MAX && ((blank == count && longest == count) || legacy->is_strict)) {
        says(legacy, "too many entries");
        judge_fail(&legacy->judge, GATE_LEGACY_IDS, "/kernels", legacy->kernels, "at most 10000 ids");
    }
    legacy->has_sane_ids = blank == count && longest == count && count <= ASSAY_LEGACY_KERNELS_MAX;
    return true;
}

/* ---- 806 to 808 ------------------------------------------------------------------------------------------------- */

static bool check_gpu(struct legacy *legacy)
{
    const bool is_cuda = legacy_is_backend(legacy, "cuda");
    if (!legacy->has_sane_ids) {
        return false;
    }
    if ((is_cuda || legacy->question->needs_gpu) &&
        !legacy_has_class(legacy, ASSAY_LEGACY_FAITHFUL, ASSAY_LEGACY_GPU)) {
        quote_ids(legacy, 0);
        says(legacy, "GPU kernel verification required");
        judge_fail(&legacy->judge, GATE_LEGACY_GPU, "/kernels", legacy->kernels,
                   is_cuda ? "a GPU id, as backend is cuda" : "a GPU id, as was asked");
    }
    return true;
}

static bool check_cpu(struct legacy *legacy)
{
    if (!legacy->has_sane_ids) {
        return false;
    }
    if (legacy_is_backend(legacy, "cpu") &&
        !legacy_has_class(legacy, ASSAY_LEGACY_FAITHFUL, ASSAY_LEGACY_CPU_QUANTISED)) {
        quote_ids(legacy, 0);
        says(legacy, "CPU backend verification failed");
        judge_fail(&legacy->judge, GATE_LEGACY_CPU, "/kernels", legacy->kernels,
                   "a quantised CPU id (i2s_, tl1_, tl2_), as backend is cpu");
    }
    return true;
}

static bool check_fallback_only(struct legacy *legacy)
{
    if (!legacy->has_sane_ids) {
        return false;
    }
    if (!legacy_has_class(legacy, ASSAY_LEGACY_FAITHFUL, ASSAY_LEGACY_QUANTISED) &&
        legacy_has_class(legacy, ASSAY_LEGACY_FAITHFUL, ASSAY_LEGACY_FALLBACK)) {
        quote_ids(legacy, ASSAY_LEGACY_FALLBACK);
        says(legacy, "claims quantized computation");
        judge_fail(&legacy->judge, GATE_LEGACY_FALLBACK_ONLY, "/kernels", legacy->kernels,
                   "a quantised id beside the fallback ones");
    }
    return true;
}

const struct legacy_gate legacy_gates[] = {
    {GATE_LEGACY_SCHEMA, check_schema},
    {GATE_LEGACY_PATH, check_path},
    {GATE_LEGACY_KERNELS, check_kernels},
    {GATE_LEGACY_IDS, check_ids},
    {GATE_LEGACY_GPU, check_gpu},
    {GATE_LEGACY_CPU, check_cpu},
    {GATE_LEGACY_FALLBACK_ONLY, check_fallback_only},
    {GATE_LEGACY_READ, NULL},
};
