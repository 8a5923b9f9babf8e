/* The same kernels, the same inputs, under Google Benchmark: the peer of `assay run kernel` in bench/kernel.sh. */
#include <assay/kernel.h>

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <cstring>
#include <string>

extern "C" {
extern const struct assay_kernel_operation kernel_op_ternary_gemv_i2s;
}

namespace
{

struct Operands {
    assay_kernel_call call{};

    Operands(const assay_kernel_operation &op, const assay_kernel_case &which)
    {
        void *inputs[ASSAY_KERNEL_INPUTS_MAX] = {};
        call.shape = which.shape;
        for (std::size_t i = 0; i < op.inputs_count; i++) {
            call.in[i] = inputs[i] = take(op.inputs[i].count(&which.shape) * 4);
        }
        for (std::size_t i = 0; i < op.outputs_count; i++) {
            call.out[i] = take(op.outputs[i].count(&which.shape) * 8);
        }
        op.fill(&which, &call.shape, inputs);
    }

    static void *take(std::size_t bytes) /* for the life of the program */
    {
        void *memory = std::aligned_alloc(64, (bytes / 64 + 1) * 64);
        std::memset(memory, 0, bytes);
        return memory;
    }
};

void run(benchmark::State &state, const assay_kernel_row *row, const assay_kernel_case *which)
{
    Operands operands(kernel_op_ternary_gemv_i2s, *which);
    for (auto _ : state) {
        row->run(&operands.call);
        benchmark::DoNotOptimize(operands.call.out[0]);
        benchmark::ClobberMemory();
    }
}

} // namespace

int main(int argc, char **argv)
{
    const assay_kernel_operation &op = kernel_op_ternary_gemv_i2s;
    bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    for (std::size_t i = 0; i < op.rows_count; i++) {
        bool is_usable = i == 0 || (has_avx2 && std::string(op.rows[i]->id).find("_avx2") != std::string::npos);
        for (std::size_t k = 0; k < op.cases_count && is_usable && op.rows[i]->run != nullptr; k++) {
            std::string name = std::string(op.rows[i]->id) + "/" + op.cases[k].name;
            benchmark::RegisterBenchmark(name.c_str(), run, op.rows[i], &op.cases[k]);
        }
    }
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
