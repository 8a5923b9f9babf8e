#include "base/mem.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SEGMENTS_MAX 16 /* of a shared object: a dozen at most */

/* What is needed comes back by page faults, for a segment that cannot be written is as its file is. */
static int drop_text(struct dl_phdr_info *object, size_t bytes, void *page_bytes)
{
    (void)bytes;
    uintptr_t page = *(const uintptr_t *)page_bytes;
    ElfW(Phdr) segments[SEGMENTS_MAX]; /* a copy: the table itself lies in a segment that goes */
    size_t count = object->dlpi_phnum < SEGMENTS_MAX ? object->dlpi_phnum : SEGMENTS_MAX;
    memcpy(segments, object->dlpi_phdr, count * sizeof segments[0]);
    for (size_t i = 0; i < count; i++) {
        uintptr_t first = (object->dlpi_addr + segments[i].p_vaddr) / page * page;
        uintptr_t end = object->dlpi_addr + segments[i].p_vaddr + segments[i].p_memsz;
        if (segments[i].p_type == PT_LOAD && (segments[i].p_flags & PF_W) == 0) {
            (void)madvise((void *)first, end - first, MADV_DONTNEED);
        }
    }
    return 0;
}

void assay_mem_give_back(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    (void)malloc_trim(0);
    (void)dl_iterate_phdr(drop_text, &page);
}
