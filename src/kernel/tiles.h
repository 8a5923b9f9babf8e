/*
 * What the variants with AMX tiles share. Only their files include it: everything is static. Internal to kernel/.
 *
 * A region: kernel_tiles_begin(tokens of a tile), arithmetic, kernel_tiles_end. Tiles are this thread's; the end of a
 * region gives them back, so that nothing is saved at a switch of threads for code that has none.
 *
 * The intrinsics of gcc 12 hide from the compiler what memory they read: a load of a tile, and all but 8 bytes of a
 * load of the configuration. Stores before them could be dropped or moved. So configurations are constants, and
 * kernel_tiles_settle stands between stores and the tiles that read them.
 */
#ifndef ASSAY_KERNEL_TILES_H
#define ASSAY_KERNEL_TILES_H

#include <immintrin.h>
#include <stdint.h>

#define KERNEL_TILE_ROWS 16
#define KERNEL_TILE_LINE 64 /* bytes of a row */
#define KERNEL_TILE_BYTES (KERNEL_TILE_ROWS * KERNEL_TILE_LINE)

/* As LDTILECFG reads it (Intel SDM, volume 1, 18.3). */
struct kernel_tiles {
    uint8_t palette, start_row, reserved[14];
    uint16_t line_bytes[16];
    uint8_t rows[16];
};
_Static_assert(sizeof(struct kernel_tiles) == 64, "as LDTILECFG reads it");

/* Tiles 0 to 3 take sums, 4 and 5 what has a row a token, 6 and 7 the other factor. Numbers in instructions must be
 * literals. */
#define KERNEL_TILES_OF(h)                                                                                 \
    {                                                                                                      \
        .palette = 1, .line_bytes = {64, 64, 64, 64, 64, 64, 64, 64}, .rows = { h, h, h, h, h, h, 16, 16 } \
    }

static inline void kernel_tiles_settle(const void *memory)
{
    __asm__ volatile("" : : "r"(memory) : "memory");
}

/* Of 1 to 16 tokens a tile. */
static inline void kernel_tiles_begin(size_t tokens)
{
    static const struct kernel_tiles CONFIGS[KERNEL_TILE_ROWS] = {
        KERNEL_TILES_OF(1),  KERNEL_TILES_OF(2),  KERNEL_TILES_OF(3),  KERNEL_TILES_OF(4),
        KERNEL_TILES_OF(5),  KERNEL_TILES_OF(6),  KERNEL_TILES_OF(7),  KERNEL_TILES_OF(8),
        KERNEL_TILES_OF(9),  KERNEL_TILES_OF(10), KERNEL_TILES_OF(11), KERNEL_TILES_OF(12),
        KERNEL_TILES_OF(13), KERNEL_TILES_OF(14), KERNEL_TILES_OF(15), KERNEL_TILES_OF(16)};
    kernel_tiles_settle(&CONFIGS[tokens - 1]);
    _tile_loadconfig(&CONFIGS[tokens - 1]);
}

static inline void kernel_tiles_end(void)
{
    _tile_release();
}

#endif
