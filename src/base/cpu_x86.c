#include "base/cpu.h"

#include <cpuid.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xmmintrin.h>

struct leaf {
    unsigned eax, ebx, ecx, edx;
};

static struct leaf read_leaf(unsigned number, unsigned sub)
{
    struct leaf leaf = {0};
    if (__get_cpuid_count(number, sub, &leaf.eax, &leaf.ebx, &leaf.ecx, &leaf.edx) == 0) {
        leaf = (struct leaf){0};
    }
    return leaf;
}

static bool bit(unsigned word, unsigned number)
{
    return (word >> number & 1u) != 0;
}

/* XCR0: which registers the system saves. Only to be asked where CPUID says that the instruction is there. */
static uint64_t read_xcr0(void)
{
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

#define XCR0_AVX UINT64_C(0x06)    /* bits 1, 2: SSE and AVX state */
#define XCR0_AVX512 UINT64_C(0xe6) /* and bits 5 to 7 */
#define XCR0_AMX UINT64_C(0x60000) /* bits 17, 18 */
#define HYPERVISOR_LEAF 0x40000000u

static void read_hypervisor(struct assay_cpu *cpu)
{
    unsigned eax, words[3];
    __cpuid(HYPERVISOR_LEAF, eax, words[0], words[1], words[2]);
    (void)eax;
    memcpy(cpu->hypervisor, words, sizeof words);
    cpu->hypervisor[sizeof words] = '\0';
}

struct assay_cpu assay_cpu_detect(void)
{
    struct assay_cpu cpu = {0};
    struct leaf one = read_leaf(1, 0), seven = read_leaf(7, 0);
    struct leaf seven_one = seven.eax >= 1 ? read_leaf(7, 1) : (struct leaf){0};
    uint64_t xcr0 = bit(one.ecx, 27) ? read_xcr0() : 0; /* OSXSAVE before XGETBV */
    bool has_avx = (xcr0 & XCR0_AVX) == XCR0_AVX && bit(one.ecx, 28);
    bool has_avx512 = has_avx && (xcr0 & XCR0_AVX512) == XCR0_AVX512 && bit(seven.ebx, 16);
    bool has_amx = (xcr0 & XCR0_AMX) == XCR0_AMX && bit(seven.edx, 24);
    cpu.sse42 = bit(one.ecx, 20);
    cpu.avx = has_avx;
    cpu.f16c = has_avx && bit(one.ecx, 29);
    cpu.fma = has_avx && bit(one.ecx, 12);
    cpu.avx2 = has_avx && bit(seven.ebx, 5);
    cpu.avxvnni = cpu.avx2 && bit(seven_one.eax, 4);
    cpu.avx512f = has_avx512;
    cpu.avx512bw = has_avx512 && bit(seven.ebx, 30);
    cpu.avx512vl = has_avx512 && bit(seven.ebx, 31);
    cpu.avx512vbmi = has_avx512 && bit(seven.ecx, 1);
    cpu.avx512vnni = has_avx512 && bit(seven.ecx, 11);
    cpu.avx512bf16 = has_avx512 && bit(seven_one.eax, 5);
    cpu.avx512fp16 = has_avx512 && bit(seven.edx, 23);
    cpu.amx_tile = has_amx;
    cpu.amx_int8 = has_amx && bit(seven.edx, 25);
    cpu.amx_bf16 = has_amx && bit(seven.edx, 22);
    cpu.is_virtual = bit(one.ecx, 31);
    if (cpu.is_virtual) {
        read_hypervisor(&cpu);
    }
    return cpu;
}

/* Of <asm/prctl.h>, which older systems have without it. */
#define REQUEST_COMPONENT 0x1023 /* ARCH_REQ_XCOMP_PERM */
#define TILE_DATA 18             /* bit of XCR0 */

int assay_cpu_permit_tiles(void)
{
    return syscall(SYS_arch_prctl, REQUEST_COMPONENT, TILE_DATA) == 0 ? 0 : errno;
}

#define MXCSR_FLAGS 0x3fu /* what happened so far; the rest is control */

unsigned assay_cpu_float_mode(void)
{
    return _mm_getcsr() & ~MXCSR_FLAGS;
}

void assay_cpu_set_float_mode(unsigned mode)
{
    _mm_setcsr(mode | (_mm_getcsr() & MXCSR_FLAGS));
}
