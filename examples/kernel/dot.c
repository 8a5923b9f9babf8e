/* A dot product in two ways: benchmark, correctness test and receipt (README.md). -DEXTRA=3 does 3 % more work. */
#include <assay/kernel.h>

static uint64_t length(const struct assay_kernel_shape *shape) { return shape->columns; }
static uint64_t one(const struct assay_kernel_shape *shape) { return (void)shape, 1; }

static void dot_ref(const struct assay_kernel_call *call)
{
    const float *a = call->in[0], *b = call->in[1];
    double sum = 0;
    for (uint64_t i = 0; i < call->shape.columns; i++) sum += (double)a[i] * (double)b[i];
    *(float *)call->out[0] = (float)sum;
}

static float lanes(const float *a, const float *b, uint64_t count)
{
    float sums[8] = {0};
    for (uint64_t i = 0; i < count; i++) sums[i % 8] += a[i] * b[i];
    return sums[0] + sums[1] + sums[2] + sums[3] + sums[4] + sums[5] + sums[6] + sums[7];
}

static void dot_lanes(const struct assay_kernel_call *call)
{
    volatile float extra = lanes(call->in[0], call->in[1], call->shape.columns * EXTRA / 100);
    *(float *)call->out[0] = ((void)extra, lanes(call->in[0], call->in[1], call->shape.columns));
}

static const struct assay_kernel_operand IN[] = {{"a", ASSAY_KERNEL_F32, length}, {"b", ASSAY_KERNEL_F32, length}};
static const struct assay_kernel_operand OUT[] = {{"dot", ASSAY_KERNEL_F32, one}};
static const struct assay_kernel_case CASES[] = {{"real", {1, 65536, 1, 1}, .seed = 1, .tolerance = 1e-3},
    {"odd", {1, 1001, 1, 1}, .seed = 2, .tolerance = 1e-4, .flags = ASSAY_KERNEL_CASE_SELFCHECK}};
static const struct assay_kernel_row REF = {.id = "ext_dot_f32_ref", .run = dot_ref};
static const struct assay_kernel_row LANES = {.id = "ext_dot_f32_lanes", .equality = ASSAY_KERNEL_BOUNDED, .run = dot_lanes};
static const struct assay_kernel_row *const ROWS[] = {&REF, &LANES};
static const struct assay_kernel_operation DOT = {.abi = ASSAY_KERNEL_ABI, .name = "ext_dot", .format = "f32",
    .inputs = IN, .inputs_count = 2, .outputs = OUT, .outputs_count = 1, .cases = CASES, .cases_count = 2,
    .rows = ROWS, .rows_count = 2};
ASSAY_KERNEL_PROGRAM(&DOT) /* main of a program, or with -DASSAY_KERNEL_AS_PLUGIN the door of a plug-in */
