/*
 * Memory that nobody may touch, where the address sanitizer looks; elsewhere these do nothing. The one place where
 * builds with the sanitizer are told from others: by the compiler, since not only this build asks for it.
 */
#ifndef ASSAY_BASE_POISON_H
#define ASSAY_BASE_POISON_H

#ifndef __has_feature
#define __has_feature(name) 0 /* gcc 12 has no such question, and says it with a macro */
#endif

#if defined __SANITIZE_ADDRESS__ || __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#define ARENA_GAP_BYTES 16 /* between the pieces of an arena */
#else
#define ASAN_POISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#define ARENA_GAP_BYTES 0
#endif

#endif
