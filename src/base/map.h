/*
 * A file in memory, for reading, at an address that is a multiple of the page: model files, which are as large as the
 * memory and are read where they lie.
 *
 *     struct assay_map map = {0};
 *     rc = assay_map_open(path, &map, err);
 *     ... map.data, map.len ...
 *     assay_map_close(&map);          // fine on a zeroed one
 *
 * Nothing is copied, and two processes share the pages. A file that shrinks while it is mapped ends the process, as
 * with any mapping: a program that maps files of its user calls assay_map_explain once, and ends with a line that says
 * so and the status of an input error of the world (5) instead of a signal.
 */
#ifndef ASSAY_BASE_MAP_H
#define ASSAY_BASE_MAP_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct assay_map {
    const uint8_t *data;
    size_t len;
};

/* NOT_FOUND, IO; MALFORMED: it is empty, or no file. */
assay_code assay_map_open(const char *path, struct assay_map *ret, assay_err *err);
void assay_map_close(struct assay_map *map);
void assay_map_explain(void);

#endif
