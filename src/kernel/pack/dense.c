/* pack_dense: blocks of rows, as files have them, into lanes of eight rows (dense.h). */
#include "kernel/dense/dense.h"
#include "kernel/families.h"
#include "kernel/part.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

enum { BLOCK = 32, BLOCK_Q6K = 256, HALF = 2, WORD = 4 };

static uint64_t groups(const struct assay_kernel_shape *shape)
{
    return kernel_dense_groups(shape->rows);
}

static const char *refuse_block(const struct assay_kernel_shape *shape, uint64_t block)
{
    return shape->columns % block != 0
               ? (block == BLOCK ? "columns are no multiple of 32" : "columns are no multiple of 256")
           : shape->rows > UINT32_MAX ? "more than 2^32 rows"
                                      : NULL;
}

static const struct assay_kernel_case CASES[] = {
    {.name = "least", .shape = {1, 32, 1, 1}, .seed = 1, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "odd-rows", .shape = {27, 576, 1, 1}, .seed = 2, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "real", .shape = {1536, 576, 1, 1}, .seed = 3, .flags = ASSAY_KERNEL_CASE_DEFAULT},
};
static const struct assay_kernel_case CASES_Q6K[] = {
    {.name = "least", .shape = {1, 256, 1, 1}, .seed = 1, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "odd-rows", .shape = {27, 768, 1, 1}, .seed = 2, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "real", .shape = {1536, 768, 1, 1}, .seed = 3, .flags = ASSAY_KERNEL_CASE_DEFAULT},
};

/* One block of a row; `heads` halves, then words. Sizes are constants where it is called, so that copies are moves. */
static inline void put_at(const uint8_t *block, size_t heads, size_t words, size_t lane, uint8_t *lanes)
{
    for (size_t i = 0; i < heads; i++) {
        memcpy(lanes + (i * DENSE_GROUP + lane) * HALF, block + i * HALF, HALF);
    }
    block += heads * HALF;
    lanes += heads * HALF * DENSE_GROUP;
    for (size_t i = 0; i < words; i++) {
        memcpy(lanes + (i * DENSE_GROUP + lane) * WORD, block + i * WORD, WORD);
    }
}

static inline void run(const struct assay_kernel_call *call, size_t heads, size_t words)
{
    static const uint8_t ZEROS[DENSE_BLOCK_MAX];
    const size_t rows = (size_t)call->shape.rows, blocks = (size_t)call->shape.columns / BLOCK;
    const size_t bytes = heads * HALF + words * WORD;
    const struct kernel_range range = kernel_range_of(call, kernel_dense_groups(rows));
    const uint8_t *from = call->in[0];
    for (size_t row = range.first * DENSE_GROUP; row < range.end * DENSE_GROUP; row++) {
        uint8_t *to = (uint8_t *)call->out[0] + row / DENSE_GROUP * blocks * DENSE_GROUP * bytes;
        size_t lane = row % DENSE_GROUP;
        for (size_t b = 0; b < blocks; b++, to += DENSE_GROUP * bytes) {
            const uint8_t *block = row < rows ? from + (row * blocks + b) * bytes : ZEROS;
            put_at(block, heads, words, lane, to);
        }
    }
}

static void run_q6k(const struct assay_kernel_call *call)
{
    static const uint8_t ZEROS[DENSE_Q6K_BYTES];
    const size_t rows = (size_t)call->shape.rows, blocks = (size_t)call->shape.columns / BLOCK_Q6K;
    const struct kernel_range range = kernel_range_of(call, kernel_dense_groups(rows));
    const uint8_t *from = call->in[0];
    uint8_t *to = (uint8_t *)call->out[0] + range.first * blocks * DENSE_GROUP * DENSE_Q6K_BYTES;
    for (size_t first = range.first * DENSE_GROUP; first < range.end * DENSE_GROUP; first += DENSE_GROUP) {
        for (size_t b = 0; b < blocks; b++, to += DENSE_GROUP * DENSE_Q6K_BYTES) {
            for (size_t lane = 0; lane < DENSE_GROUP; lane++) {
                size_t row = first + lane;
                kernel_dense_put_q6klane(row < rows ? from + (row * blocks + b) * DENSE_Q6K_BYTES : ZEROS, lane, to);
            }
        }
    }
}

#define AN_OPERATION(name_, id_, block_, bytes_, cases_, run_)                                                \
    static uint64_t rows_##name_(const struct assay_kernel_shape *shape)                                      \
    {                                                                                                         \
        return shape->rows * (shape->columns / block_) * bytes_;                                              \
    }                                                                                                         \
    static uint64_t lanes_##name_(const struct assay_kernel_shape *shape)                                     \
    {                                                                                                         \
        return kernel_dense_groups(shape->rows) * DENSE_GROUP * (shape->columns / block_) * bytes_;           \
    }                                                                                                         \
    static const struct assay_kernel_operand INPUTS_##name_[] = {{"rows", ASSAY_KERNEL_U8, rows_##name_}};    \
    static const struct assay_kernel_operand OUTPUTS_##name_[] = {{"lanes", ASSAY_KERNEL_U8, lanes_##name_}}; \
    static const char *refuse_##name_(const struct assay_kernel_shape *shape)                                 \
    {                                                                                                         \
        return refuse_block(shape, block_);                                                                   \
    }                                                                                                         \
    const struct assay_kernel_row kernel_row_pack_dense_##name_##_ref = {                                     \
        .id = "pack_dense_" #name_ "_ref",                                                                    \
        .kind = ASSAY_KERNEL_NATIVE,                                                                          \
        .equality = ASSAY_KERNEL_EXACT,                                                                       \
        .run = run_,                                                                                          \
        .help = "plain C",                                                                                    \
    };                                                                                                        \
    static const struct assay_kernel_row *const ROWS_##name_[] = {&kernel_row_pack_dense_##name_##_ref};      \
    const struct assay_kernel_operation kernel_op_pack_dense_##name_ = {                                      \
        .abi = ASSAY_KERNEL_ABI,                                                                              \
        .name = "pack_dense",                                                                                 \
        .format = #name_,                                                                                     \
        .help = "blocks of rows into lanes of eight rows",                                                    \
        .inputs = INPUTS_##name_,                                                                             \
        .outputs = OUTPUTS_##name_,                                                                           \
        .inputs_count = 1,                                                                                    \
        .outputs_count = 1,                                                                                   \
        .cases = cases_,                                                                                      \
        .cases_count = COUNT_OF(cases_),                                                                      \
        .rows = ROWS_##name_,                                                                                 \
        .rows_count = 1,                                                                                      \
        .refuse = refuse_##name_,                                                                             \
        .units = groups,                                                                                      \
    };
#define OF_WORDS(name_, id_, block_, bytes_)                                               \
    static void run_##name_(const struct assay_kernel_call *call)                          \
    {                                                                                      \
        run(call, (bytes_) % WORD == 0 ? 2 : 1, (bytes_) / WORD - ((bytes_) % WORD == 0)); \
    }                                                                                      \
    AN_OPERATION(name_, id_, block_, bytes_, CASES, run_##name_)
DENSE_LANE_FORMATS(OF_WORDS)
AN_OPERATION(q6klane, DENSE_Q6K, BLOCK_Q6K, DENSE_Q6K_BYTES, CASES_Q6K, run_q6k)
#undef OF_WORDS
#undef AN_OPERATION
