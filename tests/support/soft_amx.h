/*
 * The tile instructions of AMX as software, each after its definition in the manual: include it, define
 * KERNEL_EMULATED, then include the variant's source. What the processor would refuse (no configuration, shapes that do
 * not fit together) ends the program.
 */
#ifndef ASSAY_TESTS_SOFT_AMX_H
#define ASSAY_TESTS_SOFT_AMX_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SOFT_TILES = 8, SOFT_TILE_ROWS = 16, SOFT_TILE_LINE = 64 };

struct soft_tile {
    size_t rows, line_bytes;
    uint8_t lines[SOFT_TILE_ROWS][SOFT_TILE_LINE];
};

static _Thread_local struct {
    int is_configured;
    struct soft_tile tiles[SOFT_TILES];
} soft_tiles;

static inline void soft_require(int is_met)
{
    if (!is_met) {
        abort(); /* where the processor raises #UD or #GP */
    }
}

static inline struct soft_tile *soft_tile_of(int number)
{
    soft_require(soft_tiles.is_configured);
    return &soft_tiles.tiles[number];
}

/* LDTILECFG */
static inline void soft_tile_configure(const void *memory)
{
    uint8_t bytes[64];
    uint16_t line_bytes[SOFT_TILES];
    memcpy(bytes, memory, sizeof bytes);
    memcpy(line_bytes, bytes + 16, sizeof line_bytes);
    soft_require(bytes[0] == 1 && bytes[1] == 0);
    memset(&soft_tiles, 0, sizeof soft_tiles);
    for (size_t i = 2; i < 16; i++) {
        soft_require(bytes[i] == 0 && bytes[32 + i / 2 * 2] == 0 && bytes[48 + 8 + i / 2] == 0);
    }
    for (int i = 0; i < SOFT_TILES; i++) {
        struct soft_tile *tile = &soft_tiles.tiles[i];
        *tile = (struct soft_tile){.rows = bytes[48 + i], .line_bytes = line_bytes[i]};
        soft_require(tile->rows <= SOFT_TILE_ROWS && tile->line_bytes <= SOFT_TILE_LINE);
        soft_require((tile->rows == 0) == (tile->line_bytes == 0));
    }
    soft_tiles.is_configured = 1;
}

static inline void soft_tile_forget(void)
{
    memset(&soft_tiles, 0xa5, sizeof soft_tiles);
    soft_tiles.is_configured = 0;
}

static inline void soft_tile_zero(int number)
{
    memset(soft_tile_of(number)->lines, 0, sizeof soft_tile_of(number)->lines);
}

static inline void soft_tile_load(int number, const void *base, size_t stride)
{
    struct soft_tile *tile = soft_tile_of(number);
    memset(tile->lines, 0, sizeof tile->lines);
    for (size_t row = 0; row < tile->rows; row++) {
        memcpy(tile->lines[row], (const char *)base + row * stride, tile->line_bytes);
    }
}

static inline void soft_tile_store(int number, void *base, size_t stride)
{
    const struct soft_tile *tile = soft_tile_of(number);
    for (size_t row = 0; row < tile->rows; row++) {
        memcpy((char *)base + row * stride, tile->lines[row], tile->line_bytes);
    }
}

/* TDPBSUD: products of signed bytes of a by unsigned bytes of b, four of them added to each int32, which wraps. */
static inline void soft_tile_dpbsud(int sums, int a_number, int b_number)
{
    struct soft_tile *to = soft_tile_of(sums);
    const struct soft_tile *a = soft_tile_of(a_number), *b = soft_tile_of(b_number);
    soft_require(to->rows == a->rows && to->line_bytes == b->line_bytes && a->line_bytes / 4 == b->rows);
    soft_require(sums != a_number && sums != b_number && a_number != b_number);
    for (size_t m = 0; m < to->rows; m++) {
        uint32_t line[SOFT_TILE_LINE / 4];
        memcpy(line, to->lines[m], sizeof line);
        for (size_t k = 0; k < b->rows; k++) {
            for (size_t at = 0; at < to->line_bytes; at++) {
                line[at / 4] += (uint32_t)((int8_t)a->lines[m][4 * k + at % 4] * b->lines[k][at]);
            }
        }
        memcpy(to->lines[m], line, sizeof line);
    }
}

#undef _tile_zero /* macros already, in headers of some compilers */
#undef _tile_loadd
#undef _tile_stored
#undef _tile_dpbsud
#define _tile_loadconfig soft_tile_configure
#define _tile_release soft_tile_forget
#define _tile_zero soft_tile_zero
#define _tile_loadd soft_tile_load
#define _tile_stored soft_tile_store
#define _tile_dpbsud soft_tile_dpbsud

#endif
