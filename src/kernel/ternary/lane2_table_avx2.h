/*
 * ternary_gemv_lane2 for batches of 16 or 32 tokens: sums looked up instead of multiplied (the Method of Four Russians:
 * Arlazarov, Dinic, Kronrod and Faradzev, 1970). Internal to kernel/.
 *
 *     four activations of 16 tokens --> 81 sums, one for each way in which a row may have its four codes there
 *     a byte of lane2 = four codes of a row --> which of the 81 --> one 256-bit addition = 64 products
 *
 * `maddubs` and the addition behind it make 32 products of two instructions. A table serves every row, so that making
 * it costs 81 additions where a matrix looks up thousands. Tables of 20,736 bytes stay in the L1 cache: those of eight
 * bytes of a row with 16 tokens a sum, or of four with 32, where finding the sum costs half as much. All rows of a
 * block are swept over them, with sums in int16 that are widened every 60 bytes at most: 60 x 512 = 30,720. What else
 * was weighed: docs/decisions/sums-are-looked-up-in-batches.md.
 */
#ifndef ASSAY_KERNEL_TERNARY_LANE2_TABLE_AVX2_H
#define ASSAY_KERNEL_TERNARY_LANE2_TABLE_AVX2_H

#ifdef __AVX2__

#include "kernel/ternary/lane2_avx2.h"

#include <stdbool.h>

/* `vectors` below is 1 or 2 everywhere, for 16 or 32 tokens, and known when compiling. */
enum {
    TABLE_TOKENS = 16,        /* lanes of int16 of a vector */
    TABLE_VECTORS = 2,        /* the most */
    TABLE_CODES = 4,          /* of a byte */
    TABLE_SUMS = 81,          /* 3^4 */
    TABLE_VECTOR_BYTES = 32,  /* of a sum of 16 tokens */
    TABLE_BYTES = 4,          /* of a row in a chunk; each has a table */
    TABLE_WIDENED_BYTES = 60, /* whose sums fit into int16: each is of 4 x -128 at most */
    TABLE_ROWS_MAX = 3584,    /* times 16 tokens of a block: 96 bytes of sums each stay in an L2 cache of 512 KiB */
    TABLE_PANEL = 16,         /* groups of rows whose offsets are found before they are used: alternating is slower */
    TABLE_PANEL_ROWS = TABLE_PANEL * TERNARY_GROUP,
    TABLE_PREFETCH = 16 /* groups ahead; their lines lie pages apart, which no hardware foresees */
};

/* All tables that are there at once. */
#define TABLES_BYTES ((size_t)TABLE_VECTORS * TABLE_BYTES * TABLE_SUMS * TABLE_VECTOR_BYTES)

KERNEL_INLINE size_t table_chunks(int vectors) /* whose tables they are */
{
    return (size_t)(TABLE_VECTORS / vectors);
}

KERNEL_INLINE size_t table_chunk_bytes(int vectors)
{
    return (size_t)vectors * TABLE_BYTES * TABLE_SUMS * TABLE_VECTOR_BYTES;
}

/* What a thread needs, in the scratch of its call. */
struct table_room {
    uint8_t *tables;
    int8_t *x;       /* [columns][tokens] */
    int16_t *narrow; /* [row of the block, in the order of `table_offsets`][tokens] */
    int32_t *wide;
};

static uint64_t table_rows(const struct assay_kernel_shape *shape)
{
    uint64_t rows = kernel_ternary_groups(shape->rows) * TERNARY_GROUP * TABLE_VECTORS;
    return rows < TABLE_ROWS_MAX ? rows : TABLE_ROWS_MAX;
}

static uint64_t table_scratch_bytes(const struct assay_kernel_shape *shape)
{
    return TABLES_BYTES +
           TABLE_TOKENS * (TABLE_VECTORS * shape->columns + table_rows(shape) * (sizeof(int16_t) + sizeof(int32_t)));
}

static struct table_room table_room_of(const struct assay_kernel_call *call)
{
    uint8_t *at = call->scratch;
    uint64_t sums = table_rows(&call->shape) * TABLE_TOKENS;
    struct table_room room = {.tables = at, .wide = (void *)(at + TABLES_BYTES)};
    room.narrow = (void *)(room.wide + sums);
    room.x = (void *)(room.narrow + sums);
    return room;
}

/* ---- activations: a column of all tokens side by side ------------------------------------------------------------ */

/* 16 columns of 16 tokens: four rounds of interleaving are a transposition. */
KERNEL_INLINE void table_transpose(__m128i rows[TABLE_TOKENS])
{
    for (int round = 0; round < 4; round++) {
        __m128i next[TABLE_TOKENS];
        for (int i = 0; i < TABLE_TOKENS / 2; i++) {
            next[2 * i] = _mm_unpacklo_epi8(rows[i], rows[i + TABLE_TOKENS / 2]);
            next[2 * i + 1] = _mm_unpackhi_epi8(rows[i], rows[i + TABLE_TOKENS / 2]);
        }
        memcpy(rows, next, sizeof next);
    }
}

/* 16 tokens from `token` on, every column of them `stride` bytes behind the last; those behind the last token count as
 * zeros. */
static void table_spread(const struct assay_kernel_call *call, size_t token, size_t stride, int8_t *ret_x)
{
    const size_t columns = (size_t)call->shape.columns, tokens = (size_t)call->shape.tokens;
    const int8_t *q = call->in[TERNARY_Q];
    for (size_t at = 0; at < columns; at += TABLE_TOKENS) {
        __m128i rows[TABLE_TOKENS];
        for (size_t t = 0; t < TABLE_TOKENS; t++) {
            rows[t] = token + t < tokens ? _mm_loadu_si128((const __m128i *)(q + (token + t) * columns + at))
                                         : _mm_setzero_si128();
        }
        table_transpose(rows);
        for (size_t i = 0; i < TABLE_TOKENS; i++) {
            _mm_store_si128((__m128i *)(ret_x + (at + i) * stride), rows[i]);
        }
    }
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

/* (a - 1) x0 + (b - 1) x1 for the codes a and b, at number a + 3 b. */
KERNEL_INLINE void table_pairs(__m256i x0, __m256i x1, __m256i ret[9])
{
    __m256i low = _mm256_sub_epi16(_mm256_setzero_si256(), x1);
    for (int b = 0; b < 3; b++) {
        ret[3 * b] = _mm256_sub_epi16(low, x0);
        ret[3 * b + 1] = low;
        ret[3 * b + 2] = _mm256_add_epi16(low, x0);
        low = _mm256_add_epi16(low, x1);
    }
}

/* One vector of the table of byte j of a chunk, which has the codes of the columns j, 4 + j, 8 + j and 12 + j. */
KERNEL_INLINE void table_make(const int8_t *x, size_t j, int vectors, uint8_t *ret_table)
{
    const size_t tokens = (size_t)vectors * TABLE_TOKENS, step = (size_t)vectors * TABLE_VECTOR_BYTES;
    __m256i q[TABLE_CODES], low[9], high[9];
    for (size_t p = 0; p < TABLE_CODES; p++) {
        q[p] = _mm256_cvtepi8_epi16(_mm_load_si128((const __m128i *)(x + (TABLE_BYTES * p + j) * tokens)));
    }
    table_pairs(q[0], q[1], low);
    table_pairs(q[2], q[3], high);
    for (int i = 0; i < 9; i++) {
        for (int k = 0; k < 9; k++, ret_table += step) {
            _mm256_store_si256((__m256i *)ret_table, _mm256_add_epi16(low[k], high[i]));
        }
    }
}

/* Those of the chunks of a sweep. */
KERNEL_INLINE void tables_make(const struct table_room *room, size_t sweep, int vectors)
{
    const size_t chunks = table_chunks(vectors), tokens = (size_t)vectors * TABLE_TOKENS;
    const size_t step = (size_t)vectors * TABLE_VECTOR_BYTES;
    const int8_t *x = room->x + sweep * chunks * TERNARY_STEP * tokens;
    uint8_t *table = room->tables;
    for (size_t chunk = 0; chunk < chunks; chunk++, x += TERNARY_STEP * tokens) {
        for (size_t j = 0; j < TABLE_BYTES; j++, table += TABLE_SUMS * step) {
            for (int v = 0; v < vectors; v++) {
                table_make(x + v * TABLE_TOKENS, j, vectors, table + v * TABLE_VECTOR_BYTES);
            }
        }
    }
}

/* ---- lookups ----------------------------------------------------------------------------------------------------- */

/* Where the sums of a chunk's bytes lie: four offsets of 16 bits a row, for the rows 0 1 4 5 2 3 6 7. */
KERNEL_INLINE void table_offsets(const uint8_t *chunk, int vectors, uint64_t ret[TERNARY_GROUP])
{
    const __m256i nibble = _mm256_set1_epi8(15), bytes = _mm256_set1_epi8((char)(vectors * TABLE_VECTOR_BYTES));
    const __m256i low = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 2, 0, 3, 4, 5, 0, 6, 7, 8, 0, 0, 0, 0, 0));
    const __m256i high =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 9, 18, 0, 27, 36, 45, 0, 54, 63, 72, 0, 0, 0, 0, 0));
    const __m256i table =
        _mm256_broadcastsi128_si256(/* its first sum, of byte j: 81 j */
                                    _mm_setr_epi8(0, 81, (char)162, (char)243, 0, 81, (char)162, (char)243, 0, 81,
                                                  (char)162, (char)243, 0, 81, (char)162, (char)243));
    __m256i packed = _mm256_loadu_si256((const __m256i *)chunk);
    __m256i sum = _mm256_add_epi8(_mm256_shuffle_epi8(low, _mm256_and_si256(packed, nibble)),
                                  _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(packed, 4), nibble)));
    __m256i *to = (__m256i *)ret; /* (number of the sum + that of the table's first) x its bytes */
    _mm256_store_si256(to, _mm256_maddubs_epi16(_mm256_unpacklo_epi8(sum, table), bytes));
    _mm256_store_si256(to + 1, _mm256_maddubs_epi16(_mm256_unpackhi_epi8(sum, table), bytes));
}

/* The lowest of four offsets, which leaves them: two instructions, where compilers make three. */
KERNEL_INLINE uint64_t table_next(uint64_t *offsets)
{
    uint64_t next;
    __asm__("movzwl %w1, %k0\n\tshrq $16, %1" : "=r"(next), "+r"(*offsets));
    return next;
}

/* One row: what its bytes stand for, of all tokens. */
KERNEL_INLINE void table_row(const uint8_t *tables, const uint64_t *offsets, int vectors, __m256i sums[TABLE_VECTORS])
{
    const size_t chunks = table_chunks(vectors);
    uint64_t left[TABLE_VECTORS];
    for (size_t chunk = 0; chunk < chunks; chunk++) {
        left[chunk] = offsets[chunk * TABLE_PANEL_ROWS];
    }
    for (int byte = 0; byte < TABLE_BYTES; byte++) {
        for (size_t chunk = 0; chunk < chunks; chunk++) {
            uint64_t offset = byte + 1 < TABLE_BYTES ? table_next(&left[chunk]) : left[chunk];
            const __m256i *at = (const __m256i *)(tables + chunk * table_chunk_bytes(vectors) + offset);
            for (int v = 0; v < vectors; v++) {
                sums[v] = _mm256_add_epi16(sums[v], _mm256_load_si256(at + v));
            }
        }
    }
}

KERNEL_INLINE void table_widen(__m256i sum, int32_t *wide)
{
    __m256i *to = (__m256i *)wide;
    __m256i low = _mm256_cvtepi16_epi32(_mm256_castsi256_si128(sum));
    __m256i high = _mm256_cvtepi16_epi32(_mm256_extracti128_si256(sum, 1));
    _mm256_store_si256(to, _mm256_add_epi32(_mm256_load_si256(to), low));
    _mm256_store_si256(to + 1, _mm256_add_epi32(_mm256_load_si256(to + 1), high));
}

/* What a sweep finds in the int16 sums of a row, and leaves there. */
enum { TABLE_STARTS = 1, TABLE_ENDS = 2 };

/* All rows of a block over the tables that are there. `weights` is where their columns begin in the first group. */
KERNEL_INLINE void table_sweep(const uint8_t *weights, size_t group_bytes, size_t groups, const struct table_room *room,
                               int vectors, int state)
{
    _Alignas(64) uint64_t offsets[TABLE_VECTORS][TABLE_PANEL_ROWS];
    const uint8_t *tables = room->tables;
    const size_t chunks = table_chunks(vectors);
    __m256i *narrow = (__m256i *)room->narrow;
    int32_t *wide = room->wide;
    for (size_t left = groups; left > 0;) {
        size_t panel = left < TABLE_PANEL ? left : TABLE_PANEL;
        for (size_t group = 0; group < panel; group++, weights += group_bytes) {
            _mm_prefetch((const char *)weights + TABLE_PREFETCH * group_bytes, _MM_HINT_T0);
            for (size_t chunk = 0; chunk < chunks; chunk++) {
                table_offsets(weights + chunk * TERNARY_CHUNK_BYTES, vectors, offsets[chunk] + group * TERNARY_GROUP);
            }
        }
        for (size_t row = 0; row < panel * TERNARY_GROUP; row++, narrow += vectors) {
            __m256i sums[TABLE_VECTORS];
            for (int v = 0; v < vectors; v++) {
                sums[v] = state & TABLE_STARTS ? _mm256_setzero_si256() : _mm256_load_si256(narrow + v);
            }
            table_row(tables, &offsets[0][row], vectors, sums);
            for (int v = 0; v < vectors; v++) {
                if (state & TABLE_ENDS) {
                    table_widen(sums[v], wide);
                    wide += TABLE_TOKENS;
                } else {
                    _mm256_store_si256(narrow + v, sums[v]);
                }
            }
        }
        left -= panel;
    }
}

/* ---- a block of rows --------------------------------------------------------------------------------------------- */

/* Eight rows of eight tokens, their sums `stride` apart in the order of `table_offsets`, to eight tokens of eight rows.
 */
KERNEL_INLINE void table_turn(const int32_t *wide, size_t stride, __m256i ret[8])
{
    static const size_t PLACE[TERNARY_GROUP] = {0, 1, 4, 5, 2, 3, 6, 7};
    __m256i rows[8], pairs[8], fours[8];
    for (size_t i = 0; i < 8; i++) {
        rows[PLACE[i]] = _mm256_load_si256((const __m256i *)(wide + i * stride));
    }
    for (size_t i = 0; i < 8; i += 2) {
        pairs[i] = _mm256_unpacklo_epi32(rows[i], rows[i + 1]);
        pairs[i + 1] = _mm256_unpackhi_epi32(rows[i], rows[i + 1]);
    }
    for (size_t i = 0; i < 8; i += 4) {
        for (size_t k = 0; k < 2; k++) {
            fours[i + 2 * k] = _mm256_unpacklo_epi64(pairs[i + k], pairs[i + 2 + k]);
            fours[i + 2 * k + 1] = _mm256_unpackhi_epi64(pairs[i + k], pairs[i + 2 + k]);
        }
    }
    for (size_t i = 0; i < 4; i++) {
        ret[i] = _mm256_permute2x128_si256(fours[i], fours[4 + i], 0x20);
        ret[4 + i] = _mm256_permute2x128_si256(fours[i], fours[4 + i], 0x31);
    }
}

static void table_put(const struct assay_kernel_call *call, struct kernel_range range, size_t token, size_t group,
                      const int32_t *wide, size_t stride)
{
    const size_t left = (size_t)call->shape.tokens - token;
    for (size_t first = 0; first < stride && first < left; first += 8) {
        __m256i tokens[8];
        table_turn(wide + first, stride, tokens);
        for (size_t t = 0; t < 8 && first + t < left; t++) {
            lane2_put_centred(call, range, token + first + t, group, tokens[t]);
        }
    }
}

struct table_block {
    const struct assay_kernel_call *call;
    const struct table_room *room;
    struct kernel_range range;
    size_t token, first, groups; /* of rows */
};

KERNEL_INLINE void table_block(const struct table_block *block, int vectors)
{
    const struct table_room *room = block->room;
    const size_t columns = (size_t)block->call->shape.columns, group_bytes = columns / 4 * TERNARY_GROUP;
    const size_t stride = (size_t)vectors * TABLE_TOKENS, chunks = table_chunks(vectors);
    const size_t sweeps = columns / (TERNARY_STEP * chunks), window = TABLE_WIDENED_BYTES / (TABLE_BYTES * chunks);
    const uint8_t *weights = (const uint8_t *)block->call->in[TERNARY_WEIGHTS] + block->first * group_bytes;
    memset(room->wide, 0, block->groups * TERNARY_GROUP * stride * sizeof *room->wide);
    for (size_t i = 0; i < sweeps; i++, weights += chunks * TERNARY_CHUNK_BYTES) {
        tables_make(room, i, vectors);
        bool starts = i % window == 0, ends = i % window == window - 1 || i + 1 == sweeps;
        if (starts && ends) {
            table_sweep(weights, group_bytes, block->groups, room, vectors, TABLE_STARTS | TABLE_ENDS);
        } else if (starts) {
            table_sweep(weights, group_bytes, block->groups, room, vectors, TABLE_STARTS);
        } else if (ends) {
            table_sweep(weights, group_bytes, block->groups, room, vectors, TABLE_ENDS);
        } else {
            table_sweep(weights, group_bytes, block->groups, room, vectors, 0);
        }
    }
    for (size_t group = 0; group < block->groups; group++) {
        table_put(block->call, block->range, block->token, block->first + group,
                  room->wide + group * TERNARY_GROUP * stride, stride);
    }
}

/* Tokens from `token` on, as many as the vectors hold or there are, in blocks of rows about equal. */
KERNEL_INLINE void table_run(const struct assay_kernel_call *call, struct kernel_range range, size_t token, int vectors)
{
    const struct table_room room = table_room_of(call);
    const size_t most = TABLE_ROWS_MAX / TERNARY_GROUP / (size_t)vectors, end = kernel_ternary_groups(range.end);
    struct table_block block = {.call = call, .room = &room, .range = range, .token = token};
    block.first = range.first / TERNARY_GROUP;
    for (int v = 0; v < vectors; v++) {
        table_spread(call, token + (size_t)v * TABLE_TOKENS, (size_t)vectors * TABLE_TOKENS, room.x + v * TABLE_TOKENS);
    }
    for (size_t blocks = (end - block.first + most - 1) / most; blocks > 0; blocks--) {
        block.groups = (end - block.first + blocks - 1) / blocks;
        table_block(&block, vectors);
        block.first += block.groups;
    }
}

#endif

#endif
