/*
 * CPU identification: which instruction sets may be used here. From CPUID and XGETBV, never from the model number
 * (virtual machines mask it) and never from the compiler.
 */
#ifndef ASSAY_BASE_CPU_H
#define ASSAY_BASE_CPU_H

#include <stdbool.h>
#include <stddef.h>

/* X(member, name in receipts). A feature is named only if the operating system saves its registers. */
#define ASSAY_CPU_FEATURES(X)   \
    X(sse42, "sse4.2")          \
    X(avx, "avx")               \
    X(f16c, "f16c")             \
    X(fma, "fma")               \
    X(avx2, "avx2")             \
    X(avxvnni, "avx-vnni")      \
    X(avx512f, "avx512f")       \
    X(avx512bw, "avx512bw")     \
    X(avx512vl, "avx512vl")     \
    X(avx512vbmi, "avx512vbmi") \
    X(avx512vnni, "avx512vnni") \
    X(avx512bf16, "avx512bf16") \
    X(avx512fp16, "avx512fp16") \
    X(amx_tile, "amx-tile")     \
    X(amx_int8, "amx-int8")     \
    X(amx_bf16, "amx-bf16")     \
    X(neon, "neon")

struct assay_cpu {
#define ASSAY_CPU_MEMBER(member, name) bool member;
    ASSAY_CPU_FEATURES(ASSAY_CPU_MEMBER)
#undef ASSAY_CPU_MEMBER
    bool is_virtual;     /* CPUID says that a hypervisor is there */
    char hypervisor[13]; /* its signature, "KVMKVMKVM"; "" if none */
};

/* amx_*: present in the CPU and the system; using them still needs permission. */
struct assay_cpu assay_cpu_detect(void);

/* Asks the system for the tile registers of AMX, for the whole process and its threads; once is enough, and it is asked
 * before threads start. 0, or the errno of the refusal: ENOTSUP elsewhere than on x86-64 Linux, EINVAL or EOPNOTSUPP
 * from a system that does not know them, ENOSPC where a thread has a signal stack of its own that is too small for them
 * (getauxval(AT_MINSIGSTKSZ) says how large it must be; no thread of this program has one). */
int assay_cpu_permit_tiles(void);

/* How floats are rounded in this thread, and whether subnormals are flushed: the control bits of MXCSR, 0 elsewhere
 * than on x86. Code built with -ffast-math changes them for a whole process when it is loaded. */
unsigned assay_cpu_float_mode(void);
void assay_cpu_set_float_mode(unsigned mode);

/* The names of the features that are there, sorted by bytes, NULL-terminated. */
#define ASSAY_CPU_NAMES_MAX 32
size_t assay_cpu_names(const struct assay_cpu *cpu, const char *ret[ASSAY_CPU_NAMES_MAX]);

#endif
