/*
 * Receipts of the legacy profile at the edges of each rule: what the original says of them and what --strict would,
 * whole, against tests/golden/judge/legacy.txt. Each row sets members of an honest receipt; ASSAY_CASES_WRITE writes
 * the answers anew, tests/golden/judge/README.md.
 */
#include "judge/judge.h"
#include "support/edit.h"
#include "support/golden.h"
#include "support/honest_run.h"
#include "support/source_root.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define FILE_MAX ((size_t)4 << 20)
#define T "/test_results/"
#define P "/performance_baseline/"
#define HEX60 "6b1f0c4e8a2d5937b0e4c1a86f93d27e5c08ab14d3f6927e01c5b8a4f7d2"

/* Pointers and values, from the first row on: "" ends it. The receipt was measured at 09:30:00, and it is 09:35:00. */
struct row {
    const char *set[12];
};

static const struct row DATES[] = {
    {{"/timestamp", "\"2026-01-05T09:40:00Z\""}}, /* 300 s ahead */
    {{"/timestamp", "\"2026-01-05T09:40:01Z\""}},
    {{"/timestamp", "\"2026-01-05t09:40:01z\""}},
    {{"/timestamp", "\"2026-01-05 09:30:00Z\""}},
    {{"/timestamp", "\"2026-01-05T11:40:00+02:00\""}},
    {{"/timestamp", "\"2026-01-05T11:40:01+02:00\""}},
    {{"/timestamp", "\"2026-01-05T07:10:00-02:30\""}},
    {{"/timestamp", "\"2026-01-05T07:10:01-02:30\""}},
    {{"/timestamp", "\"2026-01-05T09:41:00+00:01\""}},
    {{"/timestamp", "\"2026-01-05T09:41:01+00:01\""}},
    {{"/timestamp", "\"2026-01-06T09:39:00+23:59\""}},
    {{"/timestamp", "\"2026-01-06T09:39:01+23:59\""}},
    {{"/timestamp", "\"2026-01-05T09:30:00+24:00\""}},
    {{"/timestamp", "\"2026-01-05T09:30:00+23:60\""}},
    {{"/timestamp", "\"2026-01-05T09:30:00+19:09\""}},
    {{"/timestamp", "\"2026-01-05T09:30:00+/9:00\""}},
    {{"/timestamp", "\"2026-01-05T09:30:00+:0:00\""}},
    {{"/timestamp", "\"2026-01-05T09:30:00+0/:00\""}},
    {{"/timestamp", "\"2026-01-05T09:30:00+0::00\""}},
    {{"/timestamp", "\"2026-01-05T09:30:00+00:/0\""}},
    {{"/timestamp", "\"2026-01-05T09:30:00+00:0:\""}},
    {{"/timestamp", "\"2026-01-05T09:30:00+00-00\""}},
    {{"/timestamp", "\"2026-01-05T09:30:00*00:00\""}},
    {{"/timestamp", "\"2026-01-05T09:30:00+0000\""}},
    {{"/timestamp", "\"2026-01-05T09:30:00+00:00Z\""}},
    {{"/timestamp", "\"2026-01-05T09:30:00+00:0\""}},
    {{"/timestamp", "\"2026-01-05T09:30:00+00\""}},
    {{"/timestamp", "\"2026-01-05T09:30:00ZZ\""}},
    {{"/timestamp", "\"2026-01-05T09:30:00\""}},
    {{"/timestamp", "\"2026-01-05T09:30:0\""}},
    {{"/timestamp", "\"2026-01-05T09:30:60Z\""}},
    {{"/timestamp", "\"2026-02-30T09:30:00Z\""}},
    {{"/timestamp", "\"2026-01-05T09:30:00.Z\""}},
    {{"/timestamp", "\"2026-01-05T09:30:00.5Z\""}},
    {{"/timestamp", "\"2026-01-05T09:30:00.0123456789\""}},
    {{"/timestamp", "\"2026-01-05T09:30:00.5/Z\""}},
    {{"/timestamp", "\"2026-01-05T09:30:00,5Z\""}},
    {{"/timestamp", "\"2026-01-05T09:30:00Z\\u0000\""}},
    {{"/timestamp", "\"2026-01-05T09:30:00\\u0000Z\""}},
    {{"/timestamp", "\"2026-01-05T09:30:00.123456789012345678901234567890123456789012Z\""}}, /* 63 bytes */
    {{"/timestamp", "\"2026-01-05T09:30:00.1234567890123456789012345678901234567890123Z\""}},
    {{"/timestamp", "\"1970-01-01T00:00:00Z\""}},
    {{"/timestamp", "\"\""}},
    {{"/timestamp", "7"}},
};

#define RATE(tokens, total, rate)                                                                \
    {                                                                                            \
        {                                                                                        \
            P "tokens_generated", tokens, P "total_time_ms", total, P "tokens_per_second", rate, \
                P "average_token_latency_ms", "null"                                             \
        }                                                                                        \
    }
#define TOTAL(total, first, average)                                                                  \
    {                                                                                                 \
        {                                                                                             \
            P "tokens_generated", "100", P "total_time_ms", total, P "first_token_latency_ms", first, \
                P "average_token_latency_ms", average, P "tokens_per_second", "null"                  \
        }                                                                                             \
    }

static const struct row RATES[] = {
    {{"/tokens_per_second", "0"}},
    {{"/tokens_per_second", "0.5"}},
    {{"/tokens_per_second", "-1"}},
    {{P "tokens_per_second", "0"}},
    {{P "tokens_per_second", "-0.1"}},
    {{P "total_time_ms", "0"}},
    {{P "total_time_ms", "1"}},
    {{P "total_time_ms", "-1"}},
    {{P "first_token_latency_ms", "0"}},
    {{P "first_token_latency_ms", "1"}},
    {{P "average_token_latency_ms", "0"}},
    {{P "average_token_latency_ms", "1"}},
    {{T "kv_cache_tests/cache_hit_rate", "0"}},
    {{T "kv_cache_tests/cache_hit_rate", "1"}},
    {{T "kv_cache_tests/cache_hit_rate", "-0.001"}},
    {{T "kv_cache_tests/cache_hit_rate", "1.001"}},
    {{P "cache_efficiency/kv_cache_hit_rate", "0"}},
    {{P "cache_efficiency/kv_cache_hit_rate", "1.0"}},
    {{P "cache_efficiency/kv_cache_hit_rate", "-1"}},
    {{P "cache_efficiency/kv_cache_hit_rate", "2"}},
    {{"/parity/exact_match_rate", "-0.5", "/parity/status", "\"rowwise_mismatch\""}},
    {{"/parity/exact_match_rate", "1.5", "/parity/status", "\"rowwise_mismatch\""}},
    {{"/parity/exact_match_rate", "0.5", "/parity/status", "\"rowwise_mismatch\""}},
    /* 100 tokens in 999 ms: 100 to 100.150225, and half a unit of what is printed */
    RATE("100", "999", "99"),
    RATE("100", "999", "100"),
    RATE("100", "999", "101"),
    RATE("100", "999", "99.9"),
    RATE("100", "999", "99.95"),
    RATE("100", "999", "99.994"),
    RATE("100", "999", "99.995"),
    RATE("100", "999", "99.996"),
    RATE("100", "999", "100.0"),
    RATE("100", "999", "100.2"),
    RATE("100", "999", "100.3"),
    RATE("100", "999", "100.15"),
    RATE("100", "999", "100.16"),
    RATE("100", "999", "100.1502"),
    RATE("100", "999", "100.1503"),
    RATE("100", "999", "1e2"),
    RATE("100", "999", "0.1e3"),
    RATE("1001", "19999", "50.0"),  /* 50.05 less half of 0.1: the bound itself */
    RATE("999", "20000.5", "50.0"), /* 49.95 and half of 0.1 */
    RATE("1001", "19998", "50.0"),
    RATE("999", "20001.5", "50.0"),
    RATE("1001", "19999", "50"),
    RATE("3000000000000000000000", "2999", "1e21"),
    RATE("3000000000000000000000", "2999", "1.4e21"),
    RATE("3000000000000000000000", "2999", "1.06e21"),
    RATE("3000000000000000000000", "2999", "1.05e21"),
    RATE("3000000000000000000000", "2999", "1.04e21"),
    RATE("0.000000003", "2999", "1e-9"),
    RATE("0.000000003", "2999", "1.4e-9"),
    RATE("0.000000003", "2999", "1.05e-9"),
    RATE("0.000000003", "2999", "1.06e-9"),
    RATE("0.000000003", "2999", "0.9e-9"),
    RATE("0", "2999", "1"),
    RATE("1", "0", "1"),
    RATE("1", "-1", "1"),
    RATE("1", "1", "0"),
    RATE("1", "1", "-5"),
    RATE("1", "0.25", "2000"),
    RATE("1", "1", "499"),
    RATE("1", "1", "499.4"),
    RATE("1", "1", "2001"),
    RATE("1", "1", "2000.1"),
    {{P "tokens_generated", "null", P "average_token_latency_ms", "null"}},
    {{P "total_time_ms", "null", P "average_token_latency_ms", "null"}},
    {{P "tokens_per_second", "13"}},
    {{P "tokens_per_second", "12.6"}},
    /* without a first token 100 times 9.5 to 11, less and more 5 %: 902.5 to 1155 */
    TOTAL("902", "null", "10"),
    TOTAL("902.4", "null", "10"),
    TOTAL("902.5", "null", "10"),
    TOTAL("903", "null", "10"),
    TOTAL("1155", "null", "10"),
    TOTAL("1155.1", "null", "10"),
    TOTAL("1156", "null", "10"),
    /* with one of 400 ms, and 99 behind it: 400 + 940.5 to 400 + 1089, 1273.475 to 1563.45 */
    TOTAL("1156", "400", "10"),
    TOTAL("1273", "400", "10"),
    TOTAL("1273.4", "400", "10"),
    TOTAL("1273.5", "400", "10"),
    TOTAL("1274", "400", "10"),
    TOTAL("1563", "400", "10"),
    TOTAL("1563.4", "400", "10"),
    TOTAL("1563.5", "400", "10"),
    TOTAL("1564", "400", "10"),
    TOTAL("1000", "400", "10"),
    TOTAL("1400", "\"400\"", "10"),
    {{P "tokens_generated", "\"64\""}},
    {{P "average_token_latency_ms", "\"78\""}},
    {{P "total_time_ms", "\"5120\""}},
    {{"/tokens_requested", "64"}},
    {{"/tokens_requested", "64", "/tokens_generated", "64"}},
    {{"/tokens_requested", "64", "/tokens_generated", "63"}},
    {{"/tokens_requested", "64", "/tokens_generated", "\"63\""}},
    {{"/tokens_requested", "\"64\"", "/tokens_generated", "63"}},
};

static const struct row TESTS[] = {
    {{T "total_tests", "8"}},
    {{T "total_tests", "10"}},
    {{T "total_tests", "-1"}},
    {{T "total_tests", "0", T "passed", "0", T "skipped", "0"}},
    {{T "total_tests", "1", T "passed", "1", T "skipped", "0"}},
    {{T "passed", "7"}},
    {{T "passed", "-8"}},
    {{T "passed", "8.0"}},
    {{T "failed", "1"}},
    {{T "failed", "1", T "passed", "7"}},
    {{T "failed", "-1"}},
    {{T "failed", "2", T "total_tests", "\"9\""}},
    {{T "skipped", "0"}},
    {{T "skipped", "2"}},
    {{T "skipped", "-1"}},
    {{T "skipped", "-1", T "total_tests", "8"}},
    {{T "skipped", "null", T "total_tests", "8"}},
    /* sums that come round: 2^64 + 3 */
    {{T "passed", "9223372036854775807", T "skipped", "9223372036854775807", T "failed", "5", T "total_tests", "3"}},
    {{T "passed", "9223372036854775807", T "failed", "9223372036854775807", T "skipped", "5", T "total_tests", "3"}},
    {{T "accuracy_tests/i2s_accuracy/mse", "0.001"}},
    {{T "accuracy_tests/i2s_accuracy/mse", "0.0010001"}},
    {{T "accuracy_tests/i2s_accuracy/mse", "0.0010001", T "accuracy_tests/i2s_accuracy/passed", "false"}},
    {{T "accuracy_tests/i2s_accuracy/passed", "false"}},
    {{T "accuracy_tests/tl1_accuracy/mse", "1"}},
    {{T "accuracy_tests/tl1_accuracy/mse", "\"1\""}},
    {{T "accuracy_tests/tl1_accuracy/tolerance", "0"}},
    {{T "accuracy_tests/tl1_accuracy/tolerance", "\"0\"", T "accuracy_tests/tl1_accuracy/mse", "1"}},
    {{T "accuracy_tests/tl1_accuracy/passed", "\"no\"", T "accuracy_tests/tl1_accuracy/mse", "1"}},
    {{T "accuracy_tests/tl1_accuracy/passed", "false", T "accuracy_tests/tl1_accuracy/mse", "1"}},
    {{T "accuracy_tests/tl2_accuracy/mse", "0.00100001"}},
    {{T "accuracy_tests/tl2_accuracy/passed", "false"}},
    {{T "accuracy_tests/other", "{\"mse\":2,\"passed\":true,\"tolerance\":1}"}},
    {{T "determinism_tests/runs", "0"}},
    {{T "determinism_tests/runs", "1"}},
    {{T "determinism_tests/runs", "2"}},
    {{T "determinism_tests/runs", "-3"}},
    {{T "determinism_tests/runs", "2.0"}},
    {{T "determinism_tests/identical_sequences", "false"}},
    {{T "determinism_tests/identical_sequences", "1"}},
    {{T "determinism_tests/runs", "1", "/deterministic", "false"}},
    {{T "determinism_tests/runs", "1", "/deterministic", "1"}},
    {{T "determinism_tests", "null"}},
    {{"/parity/cosine_similarity", "0.99"}},
    {{"/parity/cosine_similarity", "0.98999"}},
    {{"/parity/cosine_similarity", "1.000001"}},
    {{"/parity/cosine_similarity", "1.0000011"}},
    {{"/parity/cosine_similarity", "1"}},
    {{"/parity/cosine_similarity", "\"1\""}},
    {{"/parity/cosine_similarity", "0.5", "/parity/status", "\"rowwise_mismatch\""}},
    {{"/parity/exact_match_rate", "0.9999"}},
    {{"/parity/exact_match_rate", "1"}},
    {{"/parity/exact_match_rate", "null"}},
    {{"/parity/status", "\"OK\""}},
    {{"/parity/status", "\"okay\""}},
    {{P "tokens_generated", "0"}},
    {{P "tokens_generated", "1"}},
    {{P "tokens_generated", "-1"}},
    {{P "tokens_generated", "0", "/parity/status", "\"rowwise_mismatch\""}},
    {{"/corrections", "[\"layer 1\"]"}},
    {{"/corrections", "{\"a\":1}"}},
    {{"/corrections", "[{}]"}},
    {{"/model_info/sha256", "\"" HEX60 "e360\""}},
    {{"/model_info/sha256", "\"" HEX60 "E36A\""}},
    {{"/model_info/sha256", "\"" HEX60 "e36\""}},
    {{"/model_info/sha256", "\"" HEX60 "e3600\""}},
    {{"/model_info/sha256", "\"" HEX60 "e36f\""}},
    {{"/model_info/sha256", "\"" HEX60 "e36F\""}},
    {{"/model_info/sha256", "\"" HEX60 "e36g\""}},
    {{"/model_info/sha256", "\"" HEX60 "e36G\""}},
    {{"/model_info/sha256", "\"" HEX60 "e36/\""}},
    {{"/model_info/sha256", "\"" HEX60 "e36:\""}},
    {{"/model_info/sha256", "\"x" HEX60 "e36\""}},
    {{"/model_info/sha256", "\"" HEX60 "e36\\u0000\""}},
    {{"/model_info/sha256", "\"\""}},
    {{"/model_info/sha256", "7"}},
    {{"/model_info/sha256", "null"}},
};

static const struct row SHAPES[] = {
    {{"/schema_version", "\"1.0\""}},
    {{"/schema_version", "\"1.0.0 \""}},
    {{"/schema_version", "\"1.1\""}},
    {{"/schema_version", "\"verification failed\""}},
    {{"/schema_version", "[\"1.0\"]"}},
    {{"/schema_version", "\"1.1\"", "/compute_path", "\"mock\""}},
    {{"/compute_path", "\"REAL\""}},
    {{"/compute_path", "\"real\\u0000\""}},
    {{"/compute_path", "\"Benchmark Failed\""}},
    {{"/compute_path", "true"}},
    {{"/compute_path", "\"mock\"", "/kernels", "[\"interrupted\"]"}},
    {{"/backend", "\"CPU\""}},
    {{"/backend", "\"cp\""}},
    {{"/backend", "\"cpus\""}},
    {{"/backend", "\"cuda\""}},
    {{"/backend", "\"CUDA\""}},
    {{"/backend", "\"metal\""}},
    {{"/backend", "\"metal\\u0000\""}},
    {{"/backend", "7"}},
    {{"/backend", "\"\""}},
    {{"/extra", "1"}},
    {{"/model_info/extra", "1"}},
    {{"/kernels", "{}"}},
    {{"/kernels", "\"i2s_gemv\""}},
    {{"/kernels", "[]"}},
    {{"/kernels", "[7]"}},
    {{"/kernels", "[\"i2s_gemv\",7]"}},
    {{"/kernels", "[7,\"i2s_gemv\"]"}},
    {{"/kernels", "[\"i2s_gemv\",\" \",\"" HEX60 HEX60 "123456789\"]"}},
    {{"/kernels", "[\"i2s_gemv\",\"" HEX60 HEX60 "12345678\"]"}}, /* 128 bytes */
    {{"/kernels", "[\"i2s_gemv\",\"" HEX60 HEX60 "123456789\"]"}},
    {{"/kernels", "[\"" HEX60 HEX60 "123456789\",\" \"]"}},
};

/* Ids by their classes: each list under each backend, with and without a GPU asked for. */
static const char *const BACKENDS[] = {"cpu", "cuda", "metal", "Cuda", "gpu"};
static const char *const KERNELS[] = {
    "[\"i2s_gemv\"]",
    "[\"gemm_fp16\"]",
    "[\"i2s_gemv\",\"gemm_fp16\"]",
    "[\"rope_apply\"]",
    "[\"quantize_x\"]",
    "[\"i2s_quantize\",\"cuda_sync\"]",
    "[\"cuda_sync\",\"i2s_gemv\",\"gemm_fp16\"]",
    "[\"gemm_fp16\",\"fp32_matmul\"]",
    "[\"fp32_matmul\",\"gemm_fp16\",\"i2s_gemv\"]",
    "[\"fp32_matmul\",\"rope\"]",
    "[\"dequant_a\",\"rope\",\"fallback_b\"]",
    "[\"wmma_i2s_x\",\"tl1_matmul\"]",
    "[\"wmma_x\",\"dequantize_x\"]",
    "[\"gemm_i2s_avx2\",\"gemm_i2s_neon\"]",
    "[\"i2s_neon\",\"tl2_neon\",\"tl1_avx512\"]",
    "[\"i2s_avx2\",\"tl1_avx512\"]",
    "[\"i2s_neon\",\"tl1_neon\"]",
    "[\"avx_i2s\",\"neon\"]",
    "[\"i2s_gemv\",\"i2s_gemv\"]",
    "[\"i2s_gemv\",\"i2s_gem\",\"i2s_gemv\",\"i2s_gemvv\",\"i2s_gem\"]",
    "[\"tl1_b\",\"tl1_a\",\"tl1_b\",\"tl1_b\"]",
    "[\"i2s_mock\",\"i2s_FAKE\",\"stub_i2s\",\"i2s_x\"]",
    "[\"i2s_z\",\"i2s_a\",\"i2s_0\",\"i2s_9\",\"i2s__\"]",
    "[\"i2s_{\",\"i2s_`\",\"i2s_/\",\"i2s_:\",\"i2s_-\",\"i2s_A\",\"i2s_^\"]",
    "[\"i2s_\\u0000\",\"tl1_\\u00e9\"]",
    "[\"i2s_gpu_gemm\",\"i2s_gemv\"]",
    "[\"i2s_matmul_f32\",\"tl1_x\"]",
    "[\"i2s_dequant_fp32\"]",
    "[\"not enough disk\"]",
    "[\"in\\\"terrupted\"]",
    "[\"in\\\\terrupted\"]",
    "[\"\\u000aot enough disk\"]",
    "[\"\\u000bot enough disk\"]",
    "[\"sha\",\"mismatch\"]",
    "[\"mismatch\",\"s\\u007fha\"]",
    "[\"SHA\\u001f\",\"Mismatch\"]",
    "[\"Inference Failed\"]",
    "[\"fp32_a\",\"fp32_interrupted\",\"interrupted\"]",
    "[\"interrupted\",\"fp32_a\"]",
    "[\"insufficient disk space\",\"sha mismatch\"]",
};

static json_t *json_of(const char *text)
{
    json_t *value = NULL;
    assay_err err = {0};
    if (assay_json_read(text, strlen(text), &assay_json_limits_default, &value, &err) != ASSAY_OK) {
        fail_msg("%s: %s", text, err.message);
    }
    return value;
}

static json_t *parent_b(void)
{
    char path[4096];
    struct assay_buf bytes;
    assay_err err = {0};
    (void)snprintf(path, sizeof path, "%s/tests/negative/legacy/parent-b.json", source_root());
    assay_buf_init(&bytes, FILE_MAX);
    if (assay_buf_read_file(&bytes, path, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    json_t *root = json_of(bytes.data);
    assay_buf_done(&bytes);
    return root;
}

static void tell_all(const struct assay_judgement *judgement, struct assay_buf *out)
{
    for (size_t i = 0; i < judgement->violations_count; i++) {
        const struct assay_violation *violation = &judgement->violations[i];
        assay_buf_printf(out, "  %u %s: found %s, expected %s\n", violation->gate, violation->pointer, violation->found,
                         violation->expected);
    }
}

/* What the original says, then what --strict says of the same file. */
static void tell(const json_t *root, bool needs_gpu, struct assay_buf *out)
{
    struct assay_legacy_verdict *as_is = NULL, *strict = NULL;
    struct assay_buf text;
    assay_buf_init(&text, FILE_MAX);
    size_t bytes = json_dumpb(root, NULL, 0, 0); /* with "50.0" as it was written: how it is printed matters */
    assert_non_null(assay_buf_reserve(&text, bytes));
    assert_int_equal(json_dumpb(root, text.data, bytes, 0), bytes);
    assay_buf_grew(&text, bytes);
    struct assay_legacy_question question = {.name = "receipt.json",
                                             .bytes = text.data,
                                             .len = text.len,
                                             .needs_gpu = needs_gpu,
                                             .now_real_ns = HONEST_NOW_NS};
    assert_int_equal(assay_judge_legacy(&question, &as_is, NULL), ASSAY_OK);
    question.is_strict = true;
    assert_int_equal(assay_judge_legacy(&question, &strict, NULL), ASSAY_OK);
    assay_buf_printf(out, "  original: %s, exit %d%s%s%s; %s\n",
                     as_is->original_message ? as_is->original_message : "accepted", as_is->original_exit,
                     as_is->is_duplicate_warned ? ", warns" : "", as_is->library ? ", its library says " : "",
                     as_is->library ? as_is->library : "", as_is->judgement->lines[ASSAY_LINE_POLICY].text);
    tell_all(as_is->judgement, out);
    assay_buf_printf(out, "  %s\n", strict->judgement->lines[ASSAY_LINE_POLICY].text);
    tell_all(strict->judgement, out);
    if (as_is->strict) { /* told beside it, the same */
        assert_int_equal(as_is->strict->violations_count, strict->judgement->violations_count);
    }
    assay_legacy_verdict_free(as_is);
    assay_legacy_verdict_free(strict);
    assay_buf_done(&text);
}

static void tell_rows(const struct row *rows, size_t count, struct assay_buf *out)
{
    for (size_t i = 0; i < count; i++) {
        json_t *root = parent_b();
        for (size_t k = 0; k < 12 && rows[i].set[k]; k += 2) {
            assay_buf_printf(out, "%s%s = %s", k == 0 ? "" : ", ", rows[i].set[k], rows[i].set[k + 1]);
            if (strcmp(rows[i].set[k + 1], "null") == 0) {
                edit_drop(root, rows[i].set[k]);
            } else {
                edit_set(root, rows[i].set[k], json_of(rows[i].set[k + 1]));
            }
        }
        assay_buf_char(out, '\n');
        tell(root, false, out);
        json_decref(root);
    }
}

static void each_rule_is_held_at_its_edges(void **state)
{
    (void)state;
    struct assay_buf found;
    assay_buf_init(&found, FILE_MAX);
    tell_rows(DATES, sizeof DATES / sizeof DATES[0], &found);
    tell_rows(RATES, sizeof RATES / sizeof RATES[0], &found);
    tell_rows(TESTS, sizeof TESTS / sizeof TESTS[0], &found);
    tell_rows(SHAPES, sizeof SHAPES / sizeof SHAPES[0], &found);
    golden_hold("judge/legacy.txt", &found);
    assay_buf_done(&found);
}

static void each_class_of_ids_is_told_under_each_backend(void **state)
{
    (void)state;
    struct assay_buf found;
    assay_buf_init(&found, FILE_MAX);
    for (size_t k = 0; k < sizeof KERNELS / sizeof KERNELS[0]; k++) {
        for (size_t b = 0; b < sizeof BACKENDS / sizeof BACKENDS[0]; b++) {
            for (int needs_gpu = 0; needs_gpu < (b < 3 ? 2 : 1); needs_gpu++) {
                json_t *root = parent_b();
                edit_set(root, "/kernels", json_of(KERNELS[k]));
                edit_set(root, "/backend", json_string(BACKENDS[b]));
                assay_buf_printf(&found, "%s on %s%s\n", KERNELS[k], BACKENDS[b],
                                 needs_gpu ? ", a GPU is asked for" : "");
                tell(root, needs_gpu, &found);
                json_decref(root);
            }
        }
    }
    golden_hold("judge/legacy_ids.txt", &found);
    assay_buf_done(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_is_held_at_its_edges),
        cmocka_unit_test(each_class_of_ids_is_told_under_each_backend),
    };
    assay_json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
