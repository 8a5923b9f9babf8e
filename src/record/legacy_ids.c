#include "record/legacy.h"

#include <string.h>

/* The classes of a kernel id are those of the rows that match it, less those that are ruled out below. Case counts. */
enum match {
    MATCH_PREFIX,
    MATCH_WHOLE,
    MATCH_SUFFIX,
    MATCH_PART, /* anywhere */
    MATCH_WORD  /* between underscores */
};

#define NOT_GPU 0x100u /* ruled out whatever else matches */

enum { ORIGINAL = 1, OURS = 2, BOTH = 3 }; /* whose reading a row belongs to */

static const struct pattern {
    unsigned whose, classes;
    enum match match;
    const char *text;
} PATTERNS[] = {
    {BOTH, ASSAY_LEGACY_GPU, MATCH_PREFIX, "gemm_"},
    {BOTH, ASSAY_LEGACY_GPU, MATCH_PREFIX, "wmma_"},
    {BOTH, ASSAY_LEGACY_GPU, MATCH_PREFIX, "cublas_"},
    {BOTH, ASSAY_LEGACY_GPU, MATCH_PREFIX, "cutlass_"},
    {BOTH, ASSAY_LEGACY_GPU, MATCH_PREFIX, "cuda_"},
    {BOTH, ASSAY_LEGACY_GPU, MATCH_PREFIX, "tl1_gpu_"},
    {BOTH, ASSAY_LEGACY_GPU, MATCH_PREFIX, "tl2_gpu_"},
    {OURS, ASSAY_LEGACY_GPU, MATCH_PREFIX, "i2s_gpu_"},
    {BOTH, ASSAY_LEGACY_GPU, MATCH_WHOLE, "i2s_quantize"},
    {BOTH, ASSAY_LEGACY_GPU, MATCH_WHOLE, "i2s_dequantize"},
    {BOTH, NOT_GPU, MATCH_PREFIX, "i2s_cpu_"},

    {BOTH, ASSAY_LEGACY_FALLBACK, MATCH_PREFIX, "fallback_"},
    {ORIGINAL, ASSAY_LEGACY_FALLBACK, MATCH_PREFIX, "fp32_"},
    {ORIGINAL, ASSAY_LEGACY_FALLBACK, MATCH_PREFIX, "dequant_"},
    {ORIGINAL, ASSAY_LEGACY_FALLBACK, MATCH_SUFFIX, "_dequant"},
    {ORIGINAL, ASSAY_LEGACY_FALLBACK, MATCH_WHOLE, "matmul_f32"},
    {OURS, ASSAY_LEGACY_FALLBACK, MATCH_PART, "fp32"},
    {OURS, ASSAY_LEGACY_FALLBACK, MATCH_PART, "dequant"},
    {OURS, ASSAY_LEGACY_FALLBACK, MATCH_PART, "_f32"},

    {BOTH, ASSAY_LEGACY_CPU_QUANTISED, MATCH_PREFIX, "i2s_"},
    {BOTH, ASSAY_LEGACY_CPU_QUANTISED, MATCH_PREFIX, "tl1_"},
    {BOTH, ASSAY_LEGACY_CPU_QUANTISED, MATCH_PREFIX, "tl2_"},

    {ORIGINAL, ASSAY_LEGACY_QUANTISED, MATCH_PART, "i2s_"}, /* gemm_i2s_ and wmma_i2s_ hold it */
    {ORIGINAL, ASSAY_LEGACY_QUANTISED, MATCH_PART, "tl1_"},
    {ORIGINAL, ASSAY_LEGACY_QUANTISED, MATCH_PART, "tl2_"},
    {ORIGINAL, ASSAY_LEGACY_QUANTISED, MATCH_PART, "quantize_"},
    {OURS, ASSAY_LEGACY_QUANTISED, MATCH_PREFIX, "i2s_"},
    {OURS, ASSAY_LEGACY_QUANTISED, MATCH_PREFIX, "tl1_"},
    {OURS, ASSAY_LEGACY_QUANTISED, MATCH_PREFIX, "tl2_"},
    {OURS, ASSAY_LEGACY_QUANTISED, MATCH_PREFIX, "gemm_i2s_"},
    {OURS, ASSAY_LEGACY_QUANTISED, MATCH_PREFIX, "wmma_i2s_"},
    {OURS, ASSAY_LEGACY_QUANTISED, MATCH_PREFIX, "quantize_"},

    {OURS, ASSAY_LEGACY_IDLE, MATCH_WORD, "quantize"},
    {OURS, ASSAY_LEGACY_IDLE, MATCH_WORD, "pack"},
    {OURS, ASSAY_LEGACY_IDLE, MATCH_WORD, "copy"},
    {OURS, ASSAY_LEGACY_IDLE, MATCH_WORD, "sync"},
};

static bool has_word(struct assay_slice id, const char *word)
{
    while (id.data) {
        if (assay_slice_is(assay_slice_cut(&id, '_'), word)) {
            return true;
        }
    }
    return false;
}

static bool matches(struct assay_slice id, const struct pattern *pattern)
{
    size_t len = strlen(pattern->text);
    switch (pattern->match) {
    case MATCH_PREFIX:
        return assay_slice_starts(id, pattern->text);
    case MATCH_WHOLE:
        return assay_slice_is(id, pattern->text);
    case MATCH_SUFFIX:
        return id.len >= len && memcmp(id.data + id.len - len, pattern->text, len) == 0;
    case MATCH_PART:
        return id.len > 0 && memmem(id.data, id.len, pattern->text, len) != NULL;
    case MATCH_WORD:
        return has_word(id, pattern->text);
    }
    return false;
}

unsigned assay_legacy_classes(struct assay_slice id, enum assay_legacy_classifier classifier)
{
    const bool is_faithful = classifier == ASSAY_LEGACY_FAITHFUL;
    unsigned classes = 0;
    for (size_t i = 0; i < sizeof PATTERNS / sizeof PATTERNS[0]; i++) {
        const struct pattern *pattern = &PATTERNS[i];
        bool counts = (pattern->whose & (is_faithful ? ORIGINAL : OURS)) != 0;
        classes |= counts && matches(id, pattern) ? pattern->classes : 0;
    }
    if (classes & NOT_GPU) {
        classes &= ~(NOT_GPU | (unsigned)ASSAY_LEGACY_GPU);
    }
    if (classes & (ASSAY_LEGACY_GPU | ASSAY_LEGACY_FALLBACK)) {
        classes &= ~(unsigned)ASSAY_LEGACY_CPU_QUANTISED;
    }
    if (!is_faithful && (classes & ASSAY_LEGACY_FALLBACK)) {
        classes &= ~(unsigned)ASSAY_LEGACY_QUANTISED;
    }
    return classes;
}

struct assay_slice assay_legacy_text(const json_t *value)
{
    return json_is_string(value) ? (struct assay_slice){json_string_value(value), json_string_length(value)}
                                 : (struct assay_slice){"", 0};
}

bool assay_legacy_is_standin(struct assay_slice id, bool is_wide)
{
    static const char *const WORDS[] = {"mock", "fake", "stub"};
    for (size_t w = 0; w < (is_wide ? sizeof WORDS / sizeof WORDS[0] : 1); w++) {
        for (size_t i = 0; i + 4 <= id.len; i++) {
            if (strncasecmp(id.data + i, WORDS[w], 4) == 0) {
                return true;
            }
        }
    }
    return false;
}
