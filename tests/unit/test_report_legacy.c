/* A receipt of ours in the schema 1.0.0 of BitNet-rs: what is written passes its verifier, its library and --strict;
 * what it could not say truly is refused. */
#include "base/mem.h"
#include "judge/judge.h"
#include "report/report.h"
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

/* A table of this test: the real one grows. */
static const char TABLE[] = "head_gemv_q8_ref native exact false -\n"
                            "rope_halves_f32_ref native exact false rope_apply\n"
                            "ternary_gemv_i2s_avx2 quantised exact false i2s_gemv\n"
                            "ternary_gemv_i2s_ref quantised exact false i2s_gemv\n"
                            "ternary_gemv_odd_ref fallback exact true -\n"
                            "ternary_gemv_old_ref fallback exact true fp32_matmul\n";

#define ENTRY(id, kind, isa, fallback, ns)                                                                   \
    "{\"id\":\"" id "\",\"arm\":\"a\",\"class\":\"" kind "\",\"equality\":\"exact\",\"isa\":\"" isa          \
    "\",\"fallback\":" fallback ",\"calls\":\"6\",\"elements\":\"600\",\"bytes\":\"1000\",\"ops\":\"1200\"," \
    "\"ns\":" ns ",\"threads\":1}"
#define ROPE ENTRY("rope_halves_f32_ref", "native", "ref", "false", "400000")
#define HEAD ENTRY("head_gemv_q8_ref", "native", "ref", "false", "500000")
#define GEMV_AVX2 ENTRY("ternary_gemv_i2s_avx2", "quantised", "avx2", "false", "900000")
#define GEMV_REF ENTRY("ternary_gemv_i2s_ref", "quantised", "ref", "false", "700000")
#define GEMV_IDLE ENTRY("ternary_gemv_i2s_ref", "quantised", "ref", "false", "0")
#define ODD ENTRY("ternary_gemv_odd_ref", "fallback", "ref", "true", "300000")
#define OLD ENTRY("ternary_gemv_old_ref", "fallback", "ref", "true", "300000")

struct scene {
    struct honest_run run;
    const char *model; /* subject, or NULL */
    bool is_scripted;
};

static void tell_subjects(json_t *facts, void *context)
{
    const struct scene *scene = context;
    json_t *subjects = json_object_get(facts, "subject");
    if (scene->model) {
        json_array_append_new(subjects, json_pack("{s:s, s:{s:s}}", "name", scene->model, "digest", "sha256",
                                                  "6b1f0c4e8a2d5937b0e4c1a86f93d27e5c08ab14d3f6927e01c5b8a4f7d2e360"));
    }
}

static json_t *read_json(const char *text, size_t len)
{
    json_t *value = NULL;
    assay_err err = {0};
    if (assay_json_read(text, len, &assay_json_limits_default, &value, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    return value;
}

/* entries: texts of ENTRY, with commas between. */
static void make_run(struct scene *scene, const char *entries)
{
    struct assay_buf text;
    struct assay_digest digest;
    char hex[ASSAY_DIGEST_TEXT_BYTES];
    assay_sha256_of(TABLE, sizeof TABLE - 1, &digest);
    assay_digest_print(&digest, hex);
    assay_buf_init(&text, FILE_MAX);
    assay_buf_printf(&text, "[{\"tableSha256\":\"%s\",\"wallNs\":6500000,\"threads\":1},%s]", hex, entries);
    json_t *kernels = entries ? read_json(text.data, text.len) : NULL;
    json_t *args = read_json("{\"tokens\":8}", 12);
    struct honest_options options = {.workload = "llm",
                                     .count = 80,
                                     .warmup = 5,
                                     .tokens = 8,
                                     .kernels = kernels,
                                     .arm_args = args,
                                     .tamper_facts = tell_subjects,
                                     .context = scene};
    honest_run_make(&options, &scene->run);
    if (scene->is_scripted) {
        edit_set(scene->run.statement, "/predicate/protocol/computePath", json_string("scripted"));
        honest_envelope(scene->run.statement, &scene->run.receipt);
    }
    json_decref(kernels);
    json_decref(args);
    assay_buf_done(&text);
}

static void must_verify(const struct scene *scene)
{
    struct assay_judgement *judgement = NULL;
    struct assay_buf shown;
    assay_err err = {0};
    const struct honest_run *run = &scene->run;
    struct assay_judge_input input = {.document = {run->receipt.data, run->receipt.len},
                                      .plan = {run->plan.data, run->plan.len},
                                      .trace = {run->trace.data, run->trace.len},
                                      .identity = {run->identity.data, run->identity.len},
                                      .kernel_table = {TABLE, sizeof TABLE - 1},
                                      .now_real_ns = HONEST_NOW_NS};
    assert_int_equal(assay_judge_verify(&input, &judgement, &err), ASSAY_OK);
    if (assay_judgement_exit(judgement) != 0) {
        assay_buf_init(&shown, FILE_MAX);
        assay_judgement_render(judgement, &shown);
        fail_msg("%s", shown.data);
    }
    assay_judgement_free(judgement);
}

static assay_code export_run(const struct scene *scene, const char *arm, struct assay_buf *out, assay_err *err)
{
    const struct honest_run *run = &scene->run;
    struct assay_report_input input = {.place = "run",
                                       .document = run->receipt.data,
                                       .document_len = run->receipt.len,
                                       .plan = run->plan.data,
                                       .plan_len = run->plan.len};
    struct assay_legacy_export from = {
        .input = &input, .kernel_table = TABLE, .kernel_table_len = sizeof TABLE - 1, .arm = arm};
    assay_buf_init(out, FILE_MAX);
    return assay_export_legacy(&from, out, err);
}

static struct assay_legacy_verdict *judge_strictly(const struct assay_buf *bytes)
{
    struct assay_legacy_verdict *verdict = NULL;
    struct assay_legacy_question question = {.name = "export.json",
                                             .bytes = bytes->data,
                                             .len = bytes->len,
                                             .is_strict = true,
                                             .now_real_ns = HONEST_NOW_NS};
    assert_int_equal(assay_judge_legacy(&question, &verdict, NULL), ASSAY_OK);
    return verdict;
}

static void read_golden(struct assay_buf *ret, const char *digest)
{
    char path[4096];
    assay_err err = {0};
    (void)snprintf(path, sizeof path, "%s/tests/golden/report/legacy.json", source_root());
    assay_buf_init(ret, FILE_MAX);
    if (assay_buf_read_file(ret, path, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    edit_bytes(ret, "@DIGEST@", 8, digest, strlen(digest)); /* it changes with every metric that a receipt gains */
}

static void what_is_written_is_as_agreed_and_passes_strictly(void **state)
{
    struct scene scene = {.model = "model:small.gguf"};
    struct assay_buf out, golden;
    struct assay_digest digest;
    struct assay_buf payload;
    char hex[ASSAY_DIGEST_TEXT_BYTES];
    assay_err err = {0};
    (void)state;
    make_run(&scene, HEAD "," ROPE "," GEMV_AVX2 "," GEMV_REF);
    must_verify(&scene);
    assert_int_equal(export_run(&scene, NULL, &out, &err), ASSAY_OK);
    assay_buf_init(&payload, FILE_MAX);
    assert_int_equal(assay_json_canon(scene.run.statement, &payload, NULL), ASSAY_OK);
    assay_sha256_of(payload.data, payload.len, &digest);
    assay_digest_print(&digest, hex);
    read_golden(&golden, hex);
    assay_buf_char(&out, '\0');
    assay_buf_char(&golden, '\0');
    assert_string_equal(out.data, golden.data);
    out.len--;
    struct assay_legacy_verdict *verdict = judge_strictly(&out);
    assert_int_equal(verdict->judgement->violations_count, 0);
    assert_int_equal(verdict->original_exit, 0);
    assert_null(verdict->library);
    assert_int_equal(verdict->shape, ASSAY_LEGACY_NESTED);
    assay_legacy_verdict_free(verdict);
    assay_buf_done(&payload);
    assay_buf_done(&golden);
    assay_buf_done(&out);
    honest_run_done(&scene.run);
}

static void what_the_schema_cannot_say_truly_is_not_exported(void **state)
{
    static const struct {
        const char *entries, *model;
        bool is_scripted;
        const char *arm;
        assay_code code;
        const char *says;
    } ROWS[] = {
        {GEMV_REF, "model:small.gguf", true, NULL, ASSAY_UNDECIDED, "the compute path is not real"},
        {HEAD, "model:small.gguf", false, NULL, ASSAY_UNDECIDED, "no kernel ran that the schema has an id for"},
        {GEMV_IDLE, "model:small.gguf", false, NULL, ASSAY_UNDECIDED, "no kernel ran"},
        {GEMV_REF "," ODD, "model:small.gguf", false, NULL, ASSAY_UNDECIDED, "a fallback ran"},
        {GEMV_REF, NULL, false, NULL, ASSAY_UNDECIDED, "no model with a SHA-256"},
        {GEMV_REF, "model:tokenizer", false, NULL, ASSAY_UNDECIDED, "no model with a SHA-256"},
        {GEMV_REF, "model:small.gguf", false, "b", ASSAY_USAGE, "the run has no arm 'b'"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct scene scene = {.model = ROWS[i].model, .is_scripted = ROWS[i].is_scripted};
        struct assay_buf out;
        assay_err err = {0};
        make_run(&scene, ROWS[i].entries);
        assay_code rc = export_run(&scene, ROWS[i].arm, &out, &err);
        if (rc != ROWS[i].code || !strstr(err.message, ROWS[i].says)) {
            fail_msg("%s: code %d, %s", ROWS[i].says, (int)rc, err.message);
        }
        assert_int_equal(out.len, 0);
        assay_buf_done(&out);
        honest_run_done(&scene.run);
    }
}

static void a_fallback_with_an_id_is_shown_and_then_refused(void **state)
{
    struct scene scene = {.model = "model:small.gguf"};
    struct assay_buf out;
    assay_err err = {0};
    (void)state;
    make_run(&scene, GEMV_REF "," OLD);
    assert_int_equal(export_run(&scene, "only", &out, &err), ASSAY_OK);
    struct assay_legacy_verdict *verdict = judge_strictly(&out);
    assert_int_equal(verdict->judgement->violations_count, 1);
    assert_int_equal(verdict->judgement->violations[0].gate, 825);
    assay_legacy_verdict_free(verdict);
    assay_buf_done(&out);
    honest_run_done(&scene.run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_as_agreed_and_passes_strictly),
        cmocka_unit_test(what_the_schema_cannot_say_truly_is_not_exported),
        cmocka_unit_test(a_fallback_with_an_id_is_shown_and_then_refused),
    };
    assay_json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
