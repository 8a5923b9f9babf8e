/* ternary_gemm_lane2_amxint8: TDPBSUD multiplies 16 tokens by 16 rows, 64 columns at once. A line of the second factor
 * is four columns of sixteen rows: one plane of codes of two groups, as lane2 has them. So a panel of 32 rows is
 * unpacked once a block of columns into the nearest cache and swept by all tokens, two tiles of them at a time; sums
 * wait between blocks as whole tiles, one behind the other.
 *
 * No machine that this was developed on could run it: its arithmetic is tested with software in the place of the
 * instructions (test_kernel_emulated), and before it is used anywhere the self-check holds it against the reference. */
#include "kernel/families.h"
#include "kernel/part.h"
#include "kernel/ternary/ternary.h"

#if defined(__AMX_INT8__) || defined(KERNEL_EMULATED)

#include "kernel/ternary/lane2_avx2.h"
#include "kernel/tiles.h"

#include <stdbool.h>

enum {
    PLANES = 4,
    GROUPS = 4,  /* of rows in a panel: two tiles beside each other */
    STEP = 64,   /* columns of a tile */
    BLOCK = 512, /* columns: the panel then takes 16 KB, a third of the nearest cache */
    STEPS = BLOCK / STEP,
    HEIGHT = KERNEL_TILE_ROWS, /* tokens of a tile */
    TILES_MAX = 16,            /* of tokens whose sums wait: 32 KB. More tokens unpack the panel again */
    STEP_CHUNKS = STEP / TERNARY_STEP
};

/* A tile of tokens against 32 rows: sums of the first sixteen rows, then of the others. */
struct sums {
    int32_t half[2][HEIGHT][KERNEL_TILE_ROWS];
};

struct work {
    _Alignas(KERNEL_TILE_LINE) uint8_t panel[STEPS][2][KERNEL_TILE_BYTES];
    struct sums sums[TILES_MAX];
};

/* The tokens of a call, cut into tiles; the last tile begins early enough to be whole, and shares tokens with the one
 * before it, so that no activation is read that is not there. */
struct tokens {
    size_t count, height, tiles;
};

static size_t first_of(const struct tokens *tokens, size_t tile)
{
    size_t first = tile * HEIGHT, last = tokens->count - tokens->height;
    return first < last ? first : last;
}

KERNEL_INLINE __m512i load_pair(const uint8_t *low, const uint8_t *high)
{
    __m512i pair = _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)low));
    return _mm512_inserti64x4(pair, _mm256_loadu_si256((const __m256i *)high), 1);
}

KERNEL_INLINE void unpack_tile(const uint8_t *low, const uint8_t *high, uint8_t *to)
{
    const __m512i ones = _mm512_set1_epi32(0x03030303);
    for (size_t chunk = 0; chunk < STEP_CHUNKS; chunk++) {
        __m512i packed = load_pair(low + chunk * TERNARY_CHUNK_BYTES, high + chunk * TERNARY_CHUNK_BYTES);
        uint8_t *lines = to + chunk * PLANES * KERNEL_TILE_LINE;
        _mm512_store_si512(lines, _mm512_and_si512(packed, ones));
        _mm512_store_si512(lines + KERNEL_TILE_LINE, _mm512_and_si512(_mm512_srli_epi16(packed, 2), ones));
        _mm512_store_si512(lines + 2 * KERNEL_TILE_LINE, _mm512_and_si512(_mm512_srli_epi16(packed, 4), ones));
        _mm512_store_si512(lines + 3 * KERNEL_TILE_LINE, _mm512_and_si512(_mm512_srli_epi16(packed, 6), ones));
    }
}

/* `steps` tiles of columns of the groups from `group` on. Beyond the last group that one stands again: nobody looks at
 * what comes of it. */
static void unpack(const struct assay_kernel_call *call, size_t group, size_t last, size_t first_column, size_t steps,
                   struct work *work)
{
    const size_t bytes = (size_t)call->shape.columns / 4 * TERNARY_GROUP;
    const uint8_t *at[GROUPS];
    for (size_t i = 0; i < GROUPS; i++) {
        at[i] = (const uint8_t *)call->in[TERNARY_WEIGHTS] + (group + i < last ? group + i : last) * bytes +
                first_column / TERNARY_STEP * TERNARY_CHUNK_BYTES;
    }
    for (size_t step = 0; step < steps; step++) {
        const size_t offset = step * STEP_CHUNKS * TERNARY_CHUNK_BYTES;
        unpack_tile(at[0] + offset, at[1] + offset, work->panel[step][0]);
        unpack_tile(at[2] + offset, at[3] + offset, work->panel[step][1]);
    }
    kernel_tiles_settle(work);
}

/* Two tiles of tokens, whose activations begin at q and other; columns apart. Twice the same is fine. */
KERNEL_INLINE void sweep(struct work *work, size_t tile, size_t next, const int8_t *q, const int8_t *other,
                         size_t columns, size_t steps, bool is_first)
{
    struct sums *sums = &work->sums[tile], *more = &work->sums[next];
    if (is_first) {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
    } else {
        _tile_loadd(0, sums->half[0], KERNEL_TILE_LINE);
        _tile_loadd(1, sums->half[1], KERNEL_TILE_LINE);
        _tile_loadd(2, more->half[0], KERNEL_TILE_LINE);
        _tile_loadd(3, more->half[1], KERNEL_TILE_LINE);
    }
    for (size_t step = 0; step < steps; step++) {
        _tile_loadd(6, work->panel[step][0], KERNEL_TILE_LINE);
        _tile_loadd(4, q + step * STEP, columns);
        _tile_loadd(7, work->panel[step][1], KERNEL_TILE_LINE);
        _tile_dpbsud(0, 4, 6);
        _tile_dpbsud(1, 4, 7);
        _tile_loadd(5, other + step * STEP, columns);
        _tile_dpbsud(2, 5, 6);
        _tile_dpbsud(3, 5, 7);
    }
    _tile_stored(0, sums->half[0], KERNEL_TILE_LINE);
    _tile_stored(1, sums->half[1], KERNEL_TILE_LINE);
    _tile_stored(2, more->half[0], KERNEL_TILE_LINE);
    _tile_stored(3, more->half[1], KERNEL_TILE_LINE);
}

/* The same for one tile of tokens. */
KERNEL_INLINE void sweep_one(struct work *work, size_t tile, const int8_t *q, size_t columns, size_t steps,
                             bool is_first)
{
    struct sums *sums = &work->sums[tile];
    if (is_first) {
        _tile_zero(0);
        _tile_zero(1);
    } else {
        _tile_loadd(0, sums->half[0], KERNEL_TILE_LINE);
        _tile_loadd(1, sums->half[1], KERNEL_TILE_LINE);
    }
    for (size_t step = 0; step < steps; step++) {
        _tile_loadd(6, work->panel[step][0], KERNEL_TILE_LINE);
        _tile_loadd(4, q + step * STEP, columns);
        _tile_loadd(7, work->panel[step][1], KERNEL_TILE_LINE);
        _tile_dpbsud(0, 4, 6);
        _tile_dpbsud(1, 4, 7);
    }
    _tile_stored(0, sums->half[0], KERNEL_TILE_LINE);
    _tile_stored(1, sums->half[1], KERNEL_TILE_LINE);
}

/* One block of columns, by `count` tiles of tokens from tile `first` on. */
static void sweep_all(const struct assay_kernel_call *call, const struct tokens *tokens, size_t first, size_t count,
                      size_t column, size_t steps, struct work *work)
{
    const size_t columns = (size_t)call->shape.columns;
    const int8_t *q = (const int8_t *)call->in[TERNARY_Q] + column;
    size_t tile = 0;
    for (; tile + 2 <= count; tile += 2) {
        sweep(work, tile, tile + 1, q + first_of(tokens, first + tile) * columns,
              q + first_of(tokens, first + tile + 1) * columns, columns, steps, column == 0);
    }
    if (tile < count) {
        sweep_one(work, tile, q + first_of(tokens, first + tile) * columns, columns, steps, column == 0);
    }
}

/* What a tile shares with the one before it was put already. */
static void put(const struct assay_kernel_call *call, struct kernel_range range, const struct tokens *tokens,
                size_t tile, size_t group, size_t last, const struct sums *sums)
{
    const size_t first = first_of(tokens, tile);
    for (size_t row = tile * HEIGHT - first; row < tokens->height; row++) {
        for (size_t i = 0; i < GROUPS && group + i <= last; i++) {
            const int32_t *eight = sums->half[i / 2][row] + i % 2 * TERNARY_GROUP;
            lane2_put(call, range, first + row, group + i, _mm256_load_si256((const __m256i *)eight));
        }
    }
}

/* 32 rows from `group` on, by all tokens. */
static void run_panel(const struct assay_kernel_call *call, struct kernel_range range, const struct tokens *tokens,
                      size_t group, size_t last, struct work *work)
{
    const size_t columns = (size_t)call->shape.columns;
    for (size_t first = 0; first < tokens->tiles; first += TILES_MAX) {
        const size_t rest = tokens->tiles - first, count = rest < TILES_MAX ? rest : TILES_MAX;
        for (size_t column = 0; column < columns; column += BLOCK) {
            const size_t steps = columns - column < BLOCK ? (columns - column) / STEP : STEPS;
            unpack(call, group, last, column, steps, work);
            sweep_all(call, tokens, first, count, column, steps, work);
        }
        kernel_tiles_settle(work);
        for (size_t tile = 0; tile < count; tile++) {
            put(call, range, tokens, first + tile, group, last, &work->sums[tile]);
        }
    }
}

static void run(const struct assay_kernel_call *call)
{
    const struct kernel_range range = kernel_range_of(call, call->shape.rows);
    const size_t count = (size_t)call->shape.tokens, last = (range.end - 1) / TERNARY_GROUP;
    const struct tokens tokens = {
        .count = count, .height = count < HEIGHT ? count : HEIGHT, .tiles = count / HEIGHT + (count % HEIGHT > 0)};
    struct work work;
    kernel_tiles_begin(tokens.height);
    for (size_t group = range.first / TERNARY_GROUP; group <= last; group += GROUPS) {
        run_panel(call, range, &tokens, group, last, &work);
    }
    kernel_tiles_end();
    _mm256_zeroupper();
}

#define RUN run
#else
#define RUN NULL
#endif

const struct assay_kernel_row kernel_row_ternary_gemm_lane2_amxint8 = {
    .id = "ternary_gemm_lane2_amxint8",
    .kind = ASSAY_KERNEL_QUANTISED,
    .equality = ASSAY_KERNEL_EXACT,
    .run = RUN,
    .help = "tiles of 16 tokens by 16 rows; never run on its hardware by its authors",
};
