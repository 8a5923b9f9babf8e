/* The legacy profile: the list of receipts that its own verifier passes and --strict must not, what its reader takes,
 * and every member of an honest receipt removed or of another type. */
#include "base/mem.h"
#include "judge/judge.h"
#include "support/edit.h"
#include "support/honest_run.h"
#include "support/source_root.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define FILE_MAX ((size_t)1 << 20)
#define GATES_MAX 8

static struct assay_legacy_verdict *judge_bytes(const char *bytes, size_t len, bool is_strict)
{
    struct assay_legacy_verdict *verdict = NULL;
    assay_err err = {0};
    struct assay_legacy_question question = {
        .name = "receipt.json", .bytes = bytes, .len = len, .is_strict = is_strict, .now_real_ns = HONEST_NOW_NS};
    assert_int_equal(assay_judge_legacy(&question, &verdict, &err), ASSAY_OK);
    return verdict;
}

static struct assay_legacy_verdict *judge_tree(const json_t *root, bool is_strict)
{
    struct assay_buf text;
    assay_err err = {0};
    assay_buf_init(&text, FILE_MAX);
    assert_int_equal(assay_json_pretty(root, &text, &err), ASSAY_OK);
    struct assay_legacy_verdict *verdict = judge_bytes(text.data, text.len, is_strict);
    assay_buf_done(&text);
    return verdict;
}

static json_t *honest(const char *name)
{
    char path[4096];
    struct assay_buf bytes;
    json_t *root = NULL;
    assay_err err = {0};
    (void)snprintf(path, sizeof path, "%s/tests/negative/legacy/parent-%s.json", source_root(), name);
    assay_buf_init(&bytes, FILE_MAX);
    if (assay_buf_read_file(&bytes, path, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(assay_json_read(bytes.data, bytes.len, &assay_json_limits_default, &root, &err), ASSAY_OK);
    assay_buf_done(&bytes);
    return root;
}

/* ---- what the original passes and should not ---- */

static const struct {
    const char *backend, *kernels;
    unsigned gates[GATES_MAX]; /* all that --strict says, ascending */
} HOLES[] = {
    {"gpu", "[\"mock_inference\"]", {821, 822}},
    {"metal", "[\"x\"]", {824}},
    {"cuda", "[\"cuda_sync\"]", {824}},
    {"cuda", "[\"gemm_fp16\"]", {824}},
    {"cpu", "[\"i2s_x\",\"mock_inference\",\"fp32_matmul\"]", {822, 825}},
    {"cpu", "[\"i2s_gpu_gemm\"]", {826}},
    {"cpu", "[\"i2s_dequant_fp32\"]", {826}},
    {"cpu", "[\"i2s_matmul_f32\"]", {826}},
    {"gpu", "[\"dequant_i2s_x\"]", {821, 825, 826}},
    {"cuda", "[\"dequantize_x\",\"cuda_sync\",\"fp32_matmul\"]", {824, 825, 826}},
};

static json_t *with_kernels(const char *backend, const char *kernels)
{
    json_t *root = honest("b"), *list = NULL;
    assay_err err = {0};
    assert_int_equal(assay_json_read(kernels, strlen(kernels), &assay_json_limits_default, &list, &err), ASSAY_OK);
    json_object_set_new(root, "backend", json_string(backend));
    json_object_set_new(root, "kernels", list);
    return root;
}

static void says_exactly(const struct assay_judgement *judgement, const unsigned gates[GATES_MAX], const char *what)
{
    unsigned seen[GATES_MAX + 1] = {0};
    size_t count = 0;
    for (size_t i = 0; i < judgement->violations_count && count < GATES_MAX; i++) {
        if (count == 0 || seen[count - 1] != judgement->violations[i].gate) {
            seen[count++] = judgement->violations[i].gate;
        }
    }
    for (size_t i = 0; i < GATES_MAX; i++) {
        if (seen[i] != gates[i]) {
            fail_msg("%s: gate %u instead of %u", what, seen[i], gates[i]);
        }
    }
}

static void what_the_original_passes_wrongly_fails_strict(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof HOLES / sizeof HOLES[0]; i++) {
        json_t *root = with_kernels(HOLES[i].backend, HOLES[i].kernels);
        struct assay_legacy_verdict *faithful = judge_tree(root, false), *strict = judge_tree(root, true);
        assert_int_equal(faithful->original_exit, 0);
        assert_int_equal(assay_judgement_exit(faithful->judgement), 0);
        says_exactly(faithful->strict, HOLES[i].gates, HOLES[i].kernels);
        says_exactly(strict->judgement, HOLES[i].gates, HOLES[i].kernels);
        assert_int_equal(assay_judgement_exit(strict->judgement), 1);
        assay_legacy_verdict_free(faithful);
        assay_legacy_verdict_free(strict);
        json_decref(root);
    }
}

static void fallback_beside_a_gemm_fails_808(void **state)
{
    json_t *root = with_kernels("cuda", "[\"gemm_fp16\",\"fp32_matmul\"]");
    struct assay_legacy_verdict *verdict = judge_tree(root, false);
    (void)state;
    assert_int_equal(verdict->judgement->violations_count, 1);
    assert_int_equal(verdict->judgement->violations[0].gate, 808);
    assert_int_equal(verdict->original_exit, 14);
    assay_legacy_verdict_free(verdict);
    json_decref(root);
}

static void an_id_of_white_space_alone_is_blank(void **state)
{
    static const char *const WHITE[] = {"",        " ",       "\\t",     "\\r",     "\\u000b",
                                        "\\u0085", "\\u00a0", "\\u1680", "\\u2000", "\\u200a",
                                        "\\u2028", "\\u2029", "\\u202f", "\\u205f", "\\u3000"};
    static const char *const OTHERS[] = {"\\u0008", "\\u000e", "!",       "\\u0086", "\\u009f", "\\u167f",  "\\u1fff",
                                         "\\u2027", "\\u202a", "\\u202e", "\\u2030", "\\u205e", "\\u2060",  "\\u2fff",
                                         "\\u3001", "\\u0084", "\\u00a1", "\\u1681", "\\u200b", "\\u00a0x", "\\u1680x"};
    char kernels[64];
    (void)state;
    for (size_t i = 0; i < sizeof WHITE / sizeof WHITE[0] + sizeof OTHERS / sizeof OTHERS[0]; i++) {
        bool is_blank = i < sizeof WHITE / sizeof WHITE[0];
        const char *id = is_blank ? WHITE[i] : OTHERS[i - sizeof WHITE / sizeof WHITE[0]];
        (void)snprintf(kernels, sizeof kernels, "[\"i2s_gemv\",\"%s\"]", id);
        json_t *root = with_kernels("cpu", kernels);
        struct assay_legacy_verdict *verdict = judge_tree(root, false);
        if ((verdict->judgement->violations_count > 0) != is_blank) {
            fail_msg("'%s': %s", id, is_blank ? "taken" : "called blank");
        }
        if (is_blank) {
            assert_string_equal(verdict->judgement->violations[0].pointer, "/kernels/1");
            assert_string_equal(verdict->judgement->violations[0].expected, "no blank id");
        }
        assay_legacy_verdict_free(verdict);
        json_decref(root);
    }
}

/* ---- tiers and lines ---- */

static void an_accepted_receipt_has_tier_0_and_nothing_recomputed(void **state)
{
    json_t *root = honest("b");
    struct assay_legacy_verdict *verdict = judge_tree(root, true);
    const struct assay_judgement *judgement = verdict->judgement;
    (void)state;
    assert_int_equal(judgement->tier, 0);
    assert_int_equal(judgement->lines[ASSAY_LINE_CRYPTO].verdict, ASSAY_VERDICT_NOT_MEASURED);
    assert_int_equal(judgement->lines[ASSAY_LINE_RECOMPUTE].verdict, ASSAY_VERDICT_NOT_MEASURED);
    assert_int_equal(judgement->lines[ASSAY_LINE_POLICY].verdict, ASSAY_VERDICT_PASS);
    assert_string_equal(judgement->lines[ASSAY_LINE_POLICY].text,
                        "bitnet-1.0.0 strict: 24 pass, 0 fail, 0 undecided, 0 not-measured");
    assert_null(verdict->library);
    assay_legacy_verdict_free(verdict);
    json_decref(root);
}

static void the_library_trusts_booleans_but_not_names(void **state)
{
    static const struct {
        const char *pointer, *json;
        bool is_refused;
    } ROWS[] = {
        {"/schema_version", "\"1.0\"", true},
        {"/kernels/1", "\"i2s_MocK\"", true},
        {"/kernels/1", "\"fake_attention\"", false},
        {"/test_results/failed", "1", true},
        {"/test_results/accuracy_tests/tl1_accuracy/passed", "false", true},
        {"/test_results/accuracy_tests/tl1_accuracy/mse", "5", false},
        {"/test_results/determinism_tests/identical_sequences", "false", true},
        {"/test_results/determinism_tests/runs", "0", false},
        {"/backend_summary", "\"cpu\"", true},
        {"/backend_summary", "\"\"", false},
        {"/performance_baseline/tokens_per_second", "-1", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        json_t *root = honest("b"), *value = NULL;
        assay_err err = {0};
        assert_int_equal(assay_json_read(ROWS[i].json, strlen(ROWS[i].json), &assay_json_limits_default, &value, &err),
                         ASSAY_OK);
        edit_set(root, ROWS[i].pointer, value);
        struct assay_legacy_verdict *verdict = judge_tree(root, false);
        if ((verdict->library != NULL) != ROWS[i].is_refused) {
            fail_msg("%s = %s: %s", ROWS[i].pointer, ROWS[i].json, verdict->library ? verdict->library : "accepted");
        }
        assay_legacy_verdict_free(verdict);
        json_decref(root);
    }
}

/* ---- every member removed, and of every other type ---- */

/* What may be missing (evidence.md 4), and nothing else breaks when it is. */
static const char *const OPTIONAL[] = {
    "/backend_summary",
    "/model_info/model_path",
    "/model_info/quantization_type",
    "/model_info/layers",
    "/model_info/hidden_size",
    "/model_info/num_attention_heads",
    "/model_info/num_key_value_heads",
    "/model_info/vocab_size",
    "/model_info/effective_correction_digest",
    "/test_results/accuracy_tests",
    "/test_results/accuracy_tests/i2s_accuracy",
    "/test_results/accuracy_tests/tl1_accuracy",
    "/test_results/accuracy_tests/tl2_accuracy",
    "/test_results/kv_cache_tests",
    "/performance_baseline/total_time_ms",
    "/performance_baseline/tokens_per_second",
    "/performance_baseline/first_token_latency_ms",
    "/performance_baseline/average_token_latency_ms",
    "/performance_baseline/memory_usage_mb",
    "/performance_baseline/cache_efficiency",
    "/cross_validation",
    "/cross_validation/tolerance",
    "/cross_validation/parity_tests_passed",
    "/parity",
    /* ids of a list and texts of a map: some may go */
    "/kernels/0",
    "/kernels/1",
    "/kernels/2",
    "/kernels/3",
    "/environment/BITNET_VERSION",
    "/environment/OS",
    "/environment/RUST_VERSION",
};

static bool is_optional(const char *pointer)
{
    for (size_t i = 0; i < sizeof OPTIONAL / sizeof OPTIONAL[0]; i++) {
        if (strcmp(OPTIONAL[i], pointer) == 0) {
            return true;
        }
    }
    return false;
}

struct survey {
    const json_t *root;
    struct assay_json_pointer at;
    size_t removed, mistyped;
};

static void judge_edited(struct survey *survey, json_t *replacement, bool is_wrong)
{
    json_t *edited = json_deep_copy(survey->root);
    if (replacement) {
        edit_set(edited, survey->at.text, json_deep_copy(replacement));
    } else {
        edit_drop(edited, survey->at.text);
    }
    struct assay_legacy_verdict *verdict = judge_tree(edited, true);
    if ((verdict->judgement->violations_count > 0) != is_wrong) {
        fail_msg("%s %s: %zu violations", survey->at.text, replacement ? "of another type" : "removed",
                 verdict->judgement->violations_count);
    }
    assay_legacy_verdict_free(verdict);
    json_decref(edited);
}

static void survey_value(struct survey *survey, const json_t *value);

static void survey_children(struct survey *survey, const json_t *value)
{
    const char *name;
    json_t *child;
    size_t index;
    json_object_foreach((json_t *)(uintptr_t)value, name, child)
    {
        size_t mark = assay_json_pointer_name(&survey->at, name);
        survey_value(survey, child);
        assay_json_pointer_back(&survey->at, mark);
    }
    json_array_foreach(value, index, child)
    {
        size_t mark = assay_json_pointer_index(&survey->at, index);
        survey_value(survey, child);
        assay_json_pointer_back(&survey->at, mark);
    }
}

static void survey_value(struct survey *survey, const json_t *value)
{
    static const char ONE_OF_EACH[] = "[null,true,-7,\"text\",[],[7],{},{\"a\":{}}]";
    json_t *others = NULL, *other;
    size_t index;
    assay_err err = {0};
    assert_int_equal(assay_json_read(ONE_OF_EACH, sizeof ONE_OF_EACH - 1, &assay_json_limits_default, &others, &err),
                     ASSAY_OK);
    judge_edited(survey, NULL, !is_optional(survey->at.text));
    survey->removed++;
    json_array_foreach(others, index, other)
    {
        bool is_same = json_typeof(other) == json_typeof(value) || (json_is_boolean(other) && json_is_boolean(value)) ||
                       (json_is_number(other) && json_is_number(value));
        if (!is_same) {
            judge_edited(survey, other, true);
            survey->mistyped++;
        }
    }
    json_decref(others);
    survey_children(survey, value);
}

static void every_member_that_is_removed_or_mistyped_is_noticed(void **state)
{
    json_t *root = honest("b");
    struct survey survey = {.root = root};
    (void)state;
    survey_children(&survey, root);
    assert_int_equal(survey.removed, 71);
    assert_true(survey.mistyped > 300);
    json_decref(root);
}

/* ---- what the original does with its message ---- */

static void over_the_cap_the_original_is_not_known(void **state)
{
    struct assay_legacy_verdict *verdict = NULL;
    struct assay_legacy_question question = {.name = "big.json", .bytes = "", .is_over_cap = true};
    assay_err err = {0};
    (void)state;
    assert_int_equal(assay_judge_legacy(&question, &verdict, &err), ASSAY_OK);
    assert_int_equal(verdict->original_exit, ASSAY_LEGACY_EXIT_UNKNOWN);
    assert_int_equal(assay_judgement_exit(verdict->judgement), 3);
    assert_int_equal(verdict->judgement->violations_count, 1);
    assert_int_equal(verdict->judgement->violations[0].gate, 109);
    assert_string_equal(verdict->judgement->violations[0].pointer, "");
    assert_string_equal(verdict->judgement->violations[0].found, "a file over the cap");
    assert_int_equal(verdict->judgement->tier, -1);
    assert_string_equal(verdict->judgement->lines[ASSAY_LINE_POLICY].text, "the document could not be read");
    for (size_t i = 0; i < ASSAY_LINE_COUNT; i++) {
        assert_int_equal(verdict->judgement->lines[i].verdict, ASSAY_VERDICT_NOT_MEASURED);
    }
    assert_string_equal(verdict->judgement->lines[ASSAY_LINE_ASSURANCE].text, "no tier");
    assay_legacy_verdict_free(verdict);
}

static void a_file_of_16_mib_is_read_and_one_byte_more_is_not(void **state)
{
    char *blanks = assay_alloc(ASSAY_LEGACY_BYTES_MAX + 1, 1);
    (void)state;
    assert_non_null(blanks);
    memset(blanks, ' ', ASSAY_LEGACY_BYTES_MAX + 1);
    for (size_t more = 0; more <= 1; more++) {
        struct assay_legacy_verdict *verdict = judge_bytes(blanks, ASSAY_LEGACY_BYTES_MAX + more, false);
        assert_int_equal(verdict->judgement->violations_count, 1);
        assert_int_equal(verdict->judgement->violations[0].gate, more ? 109 : 800);
        assay_legacy_verdict_free(verdict);
    }
    assay_free(blanks);
}

static void a_file_that_cannot_be_read_is_5_and_its_name_may_decide_the_originals(void **state)
{
    static const struct {
        const char *name;
        int status;
    } ROWS[] = {{"gone.json", 14}, {"SHA256-Mismatch/gone.json", 13}, {"benchmark failed.json", 17}};
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct assay_legacy_verdict *verdict = NULL;
        struct assay_legacy_question question = {.name = ROWS[i].name, .bytes = "", .unreadable = "no such file"};
        assay_err err = {0};
        assert_int_equal(assay_judge_legacy(&question, &verdict, &err), ASSAY_OK);
        assert_int_equal(verdict->original_exit, ROWS[i].status);
        assert_int_equal(assay_judgement_exit(verdict->judgement), 5);
        assert_string_equal(verdict->original_message, "Failed to read receipt");
        assert_int_equal(verdict->judgement->violations_count, 1);
        assert_string_equal(verdict->judgement->violations[0].found, "no such file");
        assert_string_equal(verdict->judgement->violations[0].expected, "a readable file");
        assay_legacy_verdict_free(verdict);
    }
}

static void hostile_ids_are_capped_and_shown_inert(void **state)
{
    struct assay_buf text, shown;
    (void)state;
    assay_buf_init(&text, (size_t)4 << 20);
    assay_buf_init(&shown, (size_t)16 << 20);
    assay_buf_text(&text, "{\"schema_version\":\"1.0\",\"compute_path\":\"real\",\"kernels\":[\"i2s_\\u001b[2J\"");
    for (int i = 0; i < ASSAY_LEGACY_KERNELS_MAX - 1; i++) {
        assay_buf_printf(&text, ",\"mock|%d\\n::error::\"", i);
    }
    assay_buf_text(&text, "]}");
    struct assay_legacy_verdict *verdict = judge_bytes(text.data, text.len, false);
    assert_int_equal(verdict->original_exit, 0);
    assert_int_equal(verdict->strict->violations_count, ASSAY_VIOLATIONS_MAX);
    assert_true(verdict->strict->violations_left_out > 5000);
    assay_legacy_render(verdict, &shown);
    assert_null(memchr(shown.data, 0x1b, shown.len));
    assert_null(memmem(shown.data, shown.len, "\n::error", 8));
    assay_legacy_verdict_free(verdict);
    assay_buf_done(&text);
    assay_buf_done(&shown);
}

/* ---- text and JSON ---- */

static const struct assay_violation REFUSED[] = {
    {.gate = 803, .verdict = ASSAY_VERDICT_FAIL, .pointer = "/kernels", .found = "none", .expected = "some"},
    {.gate = 824, .verdict = ASSAY_VERDICT_FAIL, .pointer = "/kernels/1", .found = "0", .expected = "more"}};

static void put_lines_of(struct assay_judgement *judgement)
{
    static const char *const TEXTS[] = {"c", "r", "p", "a"};
    for (size_t i = 0; i < ASSAY_LINE_COUNT; i++) {
        judgement->lines[i].verdict = ASSAY_VERDICT_NOT_MEASURED;
        judgement->lines[i].text = TEXTS[i];
    }
    judgement->is_profile = judgement->is_readable = true;
}

static void assert_told(const struct assay_legacy_verdict *verdict, const char *due_text, const char *due_json)
{
    struct assay_buf text;
    json_t *root = NULL;
    assay_buf_init(&text, FILE_MAX);
    assay_legacy_render(verdict, &text);
    assert_string_equal(text.data, due_text);
    assay_buf_clear(&text);
    assert_int_equal(assay_legacy_json(verdict, &root, NULL), ASSAY_OK);
    assert_int_equal(assay_json_canon(root, &text, NULL), ASSAY_OK);
    assert_string_equal(text.data, due_json);
    json_decref(root);
    assay_buf_done(&text);
}

#define LINES_TEXT "CRYPTO     not-measured  c\nRECOMPUTE  not-measured  r\nPOLICY     not-measured  p\nASSURANCE  a\n"
#define LINES_JSON "\"crypto\":{\"text\":\"c\",\"verdict\":\"not-measured\"}"

static void a_verdict_tells_what_the_original_said_and_what_strict_would(void **state)
{
    (void)state;
    struct assay_judgement judgement = {.tier = 0}, strict = {.violations = REFUSED, .violations_count = 2};
    put_lines_of(&judgement);
    strict.violations_left_out = 1;
    struct assay_legacy_verdict verdict = {
        .judgement = &judgement, .strict = &strict, .shape = ASSAY_LEGACY_NESTED, .is_duplicate_warned = true};
    assert_told(
        &verdict,
        LINES_TEXT "the original accepts it, exit status 0\n"
                   "805 the original warns: duplicate kernel IDs\n"
                   "accepted by the original, refused by --strict (3):\n"
                   "  803 /kernels: found none, expected some\n"
                   "  824 /kernels/1: found 0, expected more\n"
                   "  and 1 more\n",
        "{\"assurance\":{\"text\":\"a\",\"tier\":0}," LINES_JSON
        ",\"exit\":0,\"leftOut\":0,\"libraryRefuses\":\"\",\"originalExit\":0,\"originalMessage\":\"\","
        "\"originalWarnsOfDuplicates\":true,\"policy\":{\"text\":\"p\",\"verdict\":\"not-measured\"},"
        "\"profile\":\"bitnet-1.0.0\",\"recompute\":{\"text\":\"r\",\"verdict\":\"not-measured\"},"
        "\"shape\":\"shape B (nested)\",\"violations\":[],\"wouldRefuse\":[{\"expected\":\"some\",\"found\":\"none\","
        "\"gate\":803,\"pointer\":\"/kernels\"},{\"expected\":\"more\",\"found\":\"0\",\"gate\":824,"
        "\"pointer\":\"/kernels/1\"}],\"wouldRefuseLeftOut\":1}");
    strict = (struct assay_judgement){.violations = REFUSED};
    judgement.violations = REFUSED;
    judgement.violations_count = 1;
    verdict = (struct assay_legacy_verdict){.judgement = &judgement,
                                            .strict = &strict,
                                            .shape = ASSAY_LEGACY_FLAT,
                                            .original_exit = 14,
                                            .original_message = "no kernels",
                                            .library = "it has no name"};
    assert_told(&verdict,
                LINES_TEXT "803 fail /kernels: found none, expected some\n"
                           "the original refuses it: \"no kernels\", exit status 14\n",
                "{\"assurance\":{\"text\":\"a\",\"tier\":0}," LINES_JSON
                ",\"exit\":1,\"leftOut\":0,\"libraryRefuses\":\"it has no name\",\"originalExit\":14,"
                "\"originalMessage\":\"no kernels\",\"originalWarnsOfDuplicates\":false,"
                "\"policy\":{\"text\":\"p\",\"verdict\":\"not-measured\"},\"profile\":\"bitnet-1.0.0\","
                "\"recompute\":{\"text\":\"r\",\"verdict\":\"not-measured\"},\"shape\":\"shape A (flat)\","
                "\"violations\":[{\"expected\":\"some\",\"found\":\"none\",\"gate\":803,\"pointer\":\"/kernels\","
                "\"verdict\":\"fail\"}],\"wouldRefuse\":[],\"wouldRefuseLeftOut\":0}");
    verdict = (struct assay_legacy_verdict){.judgement = &judgement, .original_exit = ASSAY_LEGACY_EXIT_UNKNOWN};
    judgement.violations_count = 0;
    judgement.violations_left_out = 7;
    assert_told(&verdict, LINES_TEXT "and 7 more\n",
                "{\"assurance\":{\"text\":\"a\",\"tier\":0}," LINES_JSON
                ",\"exit\":0,\"leftOut\":7,\"libraryRefuses\":\"\",\"originalMessage\":\"\","
                "\"originalWarnsOfDuplicates\":false,\"policy\":{\"text\":\"p\",\"verdict\":\"not-measured\"},"
                "\"profile\":\"bitnet-1.0.0\",\"recompute\":{\"text\":\"r\",\"verdict\":\"not-measured\"},"
                "\"shape\":\"none of the shapes A to D\",\"violations\":[]}");
}

static void no_allocation_that_fails_makes_a_verdict(void **state)
{
    (void)state;
    json_t *root = honest("a");
    struct assay_buf bytes;
    unsigned long n = 1;
    assay_buf_init(&bytes, FILE_MAX);
    assert_int_equal(assay_json_pretty(root, &bytes, NULL), ASSAY_OK);
    for (bool is_whole = false; !is_whole; n++) {
        struct assay_legacy_verdict *verdict = NULL;
        const struct assay_legacy_question question = {
            .name = "receipt.json", .bytes = bytes.data, .len = bytes.len, .now_real_ns = HONEST_NOW_NS};
        assay_mem_fail_at(n);
        assay_code rc = assay_judge_legacy(&question, &verdict, NULL);
        assay_mem_fail_at(0);
        is_whole = rc == ASSAY_OK;
        assert_int_equal(rc, is_whole ? ASSAY_OK : ASSAY_NO_MEMORY);
        assert_int_equal(verdict != NULL, is_whole);
        if (is_whole) { /* nothing of the answer is missing */
            assert_int_equal(verdict->judgement->violations_count, 0);
            assert_non_null(verdict->strict);
        }
        assay_legacy_verdict_free(verdict);
    }
    assert_true(n > 50);
    struct assay_legacy_verdict *verdict = judge_bytes(bytes.data, bytes.len, false);
    for (n = 1;; n++) {
        json_t *told = NULL;
        assay_mem_fail_at(n);
        assay_code rc = assay_legacy_json(verdict, &told, NULL);
        assay_mem_fail_at(0);
        json_decref(told);
        if (rc == ASSAY_OK) {
            break;
        }
        assert_int_equal(rc, ASSAY_NO_MEMORY);
        assert_null(told);
    }
    assert_true(n > 20);
    assay_legacy_verdict_free(verdict);
    assay_buf_done(&bytes);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_verdict_tells_what_the_original_said_and_what_strict_would),
        cmocka_unit_test(no_allocation_that_fails_makes_a_verdict),
        cmocka_unit_test(what_the_original_passes_wrongly_fails_strict),
        cmocka_unit_test(fallback_beside_a_gemm_fails_808),
        cmocka_unit_test(an_id_of_white_space_alone_is_blank),
        cmocka_unit_test(an_accepted_receipt_has_tier_0_and_nothing_recomputed),
        cmocka_unit_test(the_library_trusts_booleans_but_not_names),
        cmocka_unit_test(every_member_that_is_removed_or_mistyped_is_noticed),
        cmocka_unit_test(over_the_cap_the_original_is_not_known),
        cmocka_unit_test(a_file_of_16_mib_is_read_and_one_byte_more_is_not),
        cmocka_unit_test(a_file_that_cannot_be_read_is_5_and_its_name_may_decide_the_originals),
        cmocka_unit_test(hostile_ids_are_capped_and_shown_inert),
    };
    assay_json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
