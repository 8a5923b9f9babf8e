/* limit_ops_i8_ref: the arithmetic of `maddubs` and of a wrapping addition, lane by lane. */
#include "kernel/families.h"
#include "kernel/limit/limit.h"

static int32_t saturated(int32_t sum)
{
    return sum > INT16_MAX ? INT16_MAX : sum < INT16_MIN ? INT16_MIN : sum;
}

static void run(const struct assay_kernel_call *call)
{
    const uint8_t *left = call->in[0];
    const int8_t *right = call->in[1];
    int32_t *sums = call->out[0];
    for (int i = 0; i < LIMIT_CHAINS * LIMIT_LANES / 2; i++) {
        int lane = i % (LIMIT_LANES / 2);
        const int8_t *pair = right + (size_t)(i / (LIMIT_LANES / 2)) * LIMIT_LANES + 2 * (size_t)lane;
        uint16_t added = (uint16_t)saturated(left[2 * lane] * pair[0] + left[2 * lane + 1] * pair[1]);
        uint16_t chain = 0;
        for (uint64_t step = 0; step < call->shape.rows; step++) {
            chain = (uint16_t)(chain + added);
        }
        sums[i] = (int16_t)chain;
    }
}

const struct assay_kernel_row kernel_row_limit_ops_i8_ref = {
    .id = "limit_ops_i8_ref",
    .kind = ASSAY_KERNEL_LIMIT,
    .equality = ASSAY_KERNEL_EXACT,
    .run = run,
    .help = "plain C: no measure of the processor, only what is right",
};
