#include "kernel/kernel.h"

#define F(member) offsetof(struct assay_cpu, member)

/* kernels.md 1.5: what each name stands for. The rank orders the x86 ones; a higher one may be used where a lower one
 * is allowed only if its features are there. */
static const struct assay_kernel_isa ISAS[] = {
    {.name = "ref"},
    {"avx2", 1, {F(avx2), F(fma), F(f16c)}, {"avx2", "fma", "f16c"}, 3, false},
    {"avxvnni", 2, {F(avx2), F(fma), F(f16c), F(avxvnni)}, {"avx2", "fma", "f16c", "avx-vnni"}, 4, false},
    {"avx512", 3, {F(avx512f), F(avx512bw), F(avx512vl)}, {"avx512f", "avx512bw", "avx512vl"}, 3, false},
    {"vnni512",
     4,
     {F(avx2), F(fma), F(f16c), F(avx512f), F(avx512bw), F(avx512vl), F(avx512vnni)},
     {"avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512vl", "avx512vnni"},
     7,
     false},
    {"fp16x512",
     5,
     {F(avx512f), F(avx512bw), F(avx512vl), F(avx512fp16)},
     {"avx512f", "avx512bw", "avx512vl", "avx512fp16"},
     4,
     false},
    {"amxint8",
     6,
     {F(avx2), F(fma), F(f16c), F(avx512f), F(avx512bw), F(avx512vl), F(amx_tile), F(amx_int8)},
     {"avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512vl", "amx-tile", "amx-int8"},
     8,
     .has_tiles = true},
    {"amxbf16",
     7,
     {F(avx2), F(fma), F(f16c), F(avx512f), F(avx512bw), F(avx512vl), F(amx_tile), F(amx_bf16)},
     {"avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512vl", "amx-tile", "amx-bf16"},
     8,
     .has_tiles = true},
    {.name = "cuda80", .rank = 8, .is_device = true},
    {.name = "cuda90", .rank = 9, .is_device = true},
    {"neon", 1, {F(neon)}, {"neon"}, 1, false},
    {"dotprod", 2, {F(neon)}, {"neon"}, 1, false},
};

const struct assay_kernel_isa *assay_kernel_isa_find(struct assay_slice name)
{
    for (size_t i = 0; i < sizeof ISAS / sizeof ISAS[0]; i++) {
        if (assay_slice_is(name, ISAS[i].name)) {
            return &ISAS[i];
        }
    }
    return NULL;
}

const char *assay_kernel_isa_missing(const struct assay_kernel_isa *isa, const struct assay_cpu *cpu)
{
    if (isa->is_device) {
        return "a CUDA device";
    }
    for (size_t i = 0; i < isa->features_count; i++) {
        const bool *feature = (const void *)((const char *)cpu + isa->features[i]);
        if (!*feature) {
            return isa->names[i];
        }
    }
    return NULL;
}
