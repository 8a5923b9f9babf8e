/*
 * A file in memory, for reading, at an address that is a multiple of the page: model files, which are as large as the
 * memory and are read where they lie.
 *
 *     struct assay_map map = {0};
 *     rc = assay_map_open(path, ASSAY_PAGES_FILE, &map, err);
 *     ... map.data, map.len ...
 *     assay_map_close(&map);          // fine on a zeroed one
 *
 * ASSAY_PAGES_FILE maps the page cache: nothing is copied, and two processes share it. ASSAY_PAGES_HUGE reads the file
 * into memory of the process and asks for pages of 2 MiB, of which a pass over it needs 512 times fewer translations;
 * whether it got them is has_huge. A file that shrinks while it is mapped ends the process, as with any mapping.
 */
#ifndef ASSAY_BASE_MAP_H
#define ASSAY_BASE_MAP_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum assay_pages { ASSAY_PAGES_FILE, ASSAY_PAGES_HUGE };

struct assay_map {
    const uint8_t *data;
    size_t len;
    size_t mapped_bytes; /* of the address range */
    bool has_huge;       /* the system agreed to huge pages */
};

/* NOT_FOUND, IO; MALFORMED: it is empty, or no file. */
assay_code assay_map_open(const char *path, enum assay_pages pages, struct assay_map *ret, assay_err *err);
void assay_map_close(struct assay_map *map);

#endif
