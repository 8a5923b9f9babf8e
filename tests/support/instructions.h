/* Whether the processor's instructions for SHA-256 and base64 may be used here: not where GLIBC_TUNABLES hides them, as
 * for the tests named _portable. */
#ifndef ASSAY_TESTS_INSTRUCTIONS_H
#define ASSAY_TESTS_INSTRUCTIONS_H

#include <stdbool.h>

#if defined(__x86_64__) && __has_include(<sys/platform/x86.h>)
#include <sys/platform/x86.h>

static inline bool has_instructions(void)
{
    return CPU_FEATURE_ACTIVE(SSE4_1) != 0;
}

static inline bool has_sha_instructions(void)
{
    return CPU_FEATURE_ACTIVE(SHA) != 0 && has_instructions();
}

#else

static inline bool has_instructions(void)
{
    return false;
}

static inline bool has_sha_instructions(void)
{
    return false;
}

#endif
#endif
