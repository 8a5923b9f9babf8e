/*
 * Every member of verdict documents and of plans against tests/golden/record/verdict.txt and plan.txt, every byte of a
 * manifest against manifest.txt, and every day against a calendar that counts them.
 */
#include "base/mem.h"
#include "record/manifest.h"
#include "record/record.h"
#include "support/golden.h"
#include "support/sweep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_MAX ((size_t)32 << 20)
#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEX32 "0123456789abcdef0123456789abcdef"

static const char *const VALUES[] = {
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "-1",
    "4294967295",
    "4294967296",
    "9007199254740991",
    "9007199254740992",
    "1.5",
    "true",
    "false",
    "null",
    "\"\"",
    "\"x\"",
    "\"aa\"",
    "\"b\"",
    "\"c\"",
    "\"0\"",
    "\"1.5\"",
    "\"1.50\"",
    "\"18446744073709551615\"",
    "\"18446744073709551616\"",
    "\"pass\"",
    "\"not-measured\"",
    "\"closed\"",
    "\"paired\"",
    "\"poisson\"",
    "\"replay\"",
    "\"duration\"",
    "\"precision\"",
    "\"random\"",
    "\"latin\"",
    "\"challenge\"",
    "\"log-head\"",
    "\"" HEX64 "\"",
    "\"" HEX64 "0\"",
    "\"" HEX32 "\"",
    "[]",
    "[0]",
    "[1,0,1]",
    "[0,1,2]",
    "[0,1]",
    "[\"a\"]",
    "[\"a\",\"b\"]",
    "[\"1\",\"2\",\"3\"]",
    "[1]",
    "[{}]",
    "{}",
    "{\"a\":1}",
};
enum { VALUES_COUNT = sizeof VALUES / sizeof VALUES[0] };

static void put_refusal(const assay_err *err, struct assay_buf *ret)
{
    static const struct {
        assay_code code;
        const char *text;
    } OTHERS[] = {{ASSAY_TOO_LARGE, "(too large) "}, {ASSAY_UNSUPPORTED, "(unsupported) "}, {ASSAY_BUG, "(a bug) "}};
    for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++) {
        assay_buf_text(ret, OTHERS[i].code == err->code ? OTHERS[i].text : "");
    }
    sweep_refusal(err, ret);
}

static json_t *json_of(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    if (!value) {
        fail_msg("no JSON: %s", text);
    }
    return value;
}

/* ---- verdicts --------------------------------------------------------------------------------------------------- */

static void put_text(struct assay_buf *out, const char *name, const char *text)
{
    assay_buf_printf(out, "%s %s\n", name, text ? text : "-");
}

static void put_row(struct assay_buf *out, const struct assay_verdict_row *row)
{
    const char *const TEXTS[] = {row->id,      row->kind,   row->metric, row->unit,  row->arm,      row->versus,
                                 row->element, row->method, row->word,   row->found, row->expected, row->reason};
    static const char *const NAMES[] = {"id",      "kind",   "metric", "unit",  "arm",      "versus",
                                        "element", "method", "word",   "found", "expected", "reason"};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        put_text(out, NAMES[i], TEXTS[i]);
    }
    assay_buf_printf(out, "gate %u\nbase %d %.17g\nother %d %.17g\npoint %d %.17g\n", row->gate, row->has_base,
                     row->base, row->has_other, row->other, row->has_point, row->point);
    assay_buf_printf(out, "interval %d %.17g %.17g %.17g\n", row->has_interval, row->lower, row->upper,
                     row->confidence);
    assay_buf_printf(out, "n %llu\nn effective %llu\npairs needed %llu\neffect %.17g\nposition %.17g\n",
                     (unsigned long long)row->n, (unsigned long long)row->n_effective,
                     (unsigned long long)row->pairs_needed, row->effect_min, row->position_effect);
    assay_buf_printf(out, "resolved %d missing %d waived %d family %d\nrow %s\n", row->is_resolved, row->is_missing,
                     row->is_waived, row->is_in_family, assay_verdict_text(row->verdict));
}

static void put_document(struct assay_buf *out, const struct assay_verdict_document *document)
{
    put_text(out, "question", document->question);
    put_text(out, "level", document->level);
    put_text(out, "verdict", assay_verdict_text(document->verdict));
    put_text(out, "summary", document->summary);
    put_text(out, "policy", document->policy_name);
    put_text(out, "policy digest", document->policy_sha256);
    put_text(out, "tool", document->tool);
    put_text(out, "binary", document->binary_sha256);
    put_text(out, "date", document->date);
    assay_buf_printf(out, "policy version %llu\nwaivers %u\n", (unsigned long long)document->policy_version,
                     document->waivers_used);
    for (size_t i = 0; i < document->inputs_count; i++) {
        put_text(out, "input", document->inputs[i].name);
        put_text(out, "input digest", document->inputs[i].sha256);
        put_text(out, "input document", document->inputs[i].document);
    }
    assay_buf_printf(out, "rows %zu\n", document->rows_count);
    for (size_t i = 0; i < document->rows_count; i++) {
        put_row(out, &document->rows[i]);
    }
    const struct assay_rollout *rollout = &document->rollout;
    assay_buf_printf(out, "rollout %d\nstage %u\nlooks %u\nstreak %u\nholds %u\n", rollout->is_given, rollout->stage,
                     rollout->looks, rollout->streak, rollout->holds);
    put_text(out, "decision", rollout->decision);
    put_text(out, "why", rollout->reason);
    put_text(out, "not before", rollout->not_before);
    for (size_t i = 0; i < document->notes_count; i++) {
        put_text(out, "note", document->notes[i]);
    }
}

static void read_verdict(const char *text, size_t len, struct assay_buf *ret)
{
    struct assay_arena arena;
    struct assay_verdict_document document = {0};
    assay_err err = {0};
    assay_arena_init(&arena, FILE_MAX);
    if (assay_verdict_parse(text, len, &arena, &document, &err) == ASSAY_OK) {
        struct assay_buf again;
        assay_buf_init(&again, FILE_MAX);
        assert_int_equal(assay_verdict_encode(&document, &again, NULL), ASSAY_OK);
        if (again.len != len || memcmp(again.data, text, len) != 0) {
            fail_msg("read:\n%swritten:\n%s", text, again.data);
        }
        put_document(ret, &document);
        assay_buf_done(&again);
    } else {
        put_refusal(&err, ret);
    }
    assay_arena_done(&arena);
}

static void ask_verdict(const json_t *root, struct assay_buf *ret, void *context)
{
    struct assay_buf text;
    (void)context;
    assay_buf_init(&text, FILE_MAX);
    assert_int_equal(assay_json_canon(root, &text, NULL), ASSAY_OK);
    assay_buf_char(&text, '\n');
    read_verdict(text.data, text.len, ret);
    assay_buf_done(&text);
}

#define VERDICT                                                                                                       \
    "{\"format\":\"assay.verdict/"                                                                                    \
    "1\",\"question\":\"gate\",\"level\":\"advisory\",\"verdict\":\"fail\",\"summary\":\"s\","                        \
    "\"policyName\":\"p\",\"policySha256\":\"d\",\"policyVersion\":7,\"tool\":\"t\",\"binarySha256\":\"b\",\"date\":" \
    "\"e\","                                                                                                          \
    "\"waiversUsed\":8,\"inputs\":[{\"name\":\"m\",\"sha256\":\"i\",\"document\":\"receipt\"},{\"name\":\"o\"}],"     \
    "\"rows\":["                                                                                                      \
    "{\"gate\":501,\"id\":\"a1\",\"kind\":\"a2\",\"metric\":\"a3\",\"unit\":\"a4\",\"arm\":\"a5\",\"versus\":\"a6\"," \
    "\"element\":\"a7\",\"base\":1.25,\"other\":2.5,\"point\":0,\"lower\":0.5,\"upper\":0.75,\"confidence\":0.95,"    \
    "\"n\":11,"                                                                                                       \
    "\"nEffective\":12,\"method\":\"a8\",\"word\":\"a9\",\"resolved\":true,\"effectMin\":0.125,\"pairsNeeded\":13,"   \
    "\"positionEffect\":0.25,\"verdict\":\"undecided\",\"missing\":true,\"waived\":true,\"inFamily\":true,\"found\":" \
    "\"f1\","                                                                                                         \
    "\"expected\":\"f2\",\"reason\":\"f3\"}],\"rollout\":{\"stage\":2,\"looks\":3,\"streak\":4,\"holds\":5,"          \
    "\"decision\":\"hold\",\"reason\":\"r\",\"notBefore\":\"n\"},\"notes\":[\"n1\",\"n2\"]}"

static void every_member_of_a_verdict_takes_what_its_line_says(void **state)
{
    (void)state;
    struct assay_buf found;
    json_t *root = json_of(VERDICT);
    const struct sweep sweep = {
        .name = "verdict", .document = root, .values = VALUES, .values_count = VALUES_COUNT, .ask = ask_verdict};
    assay_buf_init(&found, FILE_MAX);
    sweep_list_values(VALUES, VALUES_COUNT, &found);
    sweep_document(&sweep, &found);
    golden_hold("record/verdict.txt", &found);
    json_decref(root);
    assay_buf_done(&found);
}

/* `count` elements in one list, none in the others. */
static bool is_list_read(const char *name, const char *element, size_t count)
{
    static const char *const LISTS[] = {"inputs", "notes", "rows"};
    struct assay_buf text, answer;
    assay_buf_init(&text, FILE_MAX);
    assay_buf_init(&answer, FILE_MAX);
    assay_buf_text(&text, "{\"format\":\"assay.verdict/1\"");
    for (size_t i = 0; i < 3; i++) {
        assay_buf_printf(&text, ",%s\"%s\":[", i == 2 ? "\"question\":\"q\"," : "", LISTS[i]);
        for (size_t k = 0; k < count && strcmp(LISTS[i], name) == 0; k++) {
            assay_buf_printf(&text, "%s%s", k > 0 ? "," : "", element);
        }
        assay_buf_char(&text, ']');
    }
    assay_buf_text(&text, ",\"verdict\":\"pass\"}\n");
    struct assay_arena arena;
    struct assay_verdict_document document = {0};
    assay_err err = {0};
    assay_arena_init(&arena, FILE_MAX);
    assay_code rc = assay_verdict_parse(text.data, text.len, &arena, &document, &err);
    assert_true(rc == ASSAY_OK || rc == ASSAY_TOO_LARGE);
    assay_arena_done(&arena);
    assay_buf_done(&text);
    assay_buf_done(&answer);
    return rc == ASSAY_OK;
}

static void every_list_of_a_verdict_has_its_most(void **state)
{
    (void)state;
    assert_true(is_list_read("inputs", "{\"name\":\"a\"}", ASSAY_VERDICT_INPUTS_MAX));
    assert_false(is_list_read("inputs", "{\"name\":\"a\"}", ASSAY_VERDICT_INPUTS_MAX + 1));
    assert_true(is_list_read("notes", "\"a\"", ASSAY_VERDICT_NOTES_MAX));
    assert_false(is_list_read("notes", "\"a\"", ASSAY_VERDICT_NOTES_MAX + 1));
    assert_false(is_list_read("rows", "{\"verdict\":\"pass\"}", ASSAY_VERDICT_ROWS_MAX + 1));
}

static void a_verdict_of_another_form_is_refused_with_what_is_wrong(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {
        "",
        "\n",
        "{}",
        "{}\n",
        "{}\n\n",
        "{\"format\":\"assay.verdict/2\"}\n",
        "[[]]\n",
        "[[[]]]\n",
        "[[[[]]]]\n",
        "[[[[[]]]]]\n",
        "x\n",
        "{\"format\":\"assay.verdict/"
        "1\",\"inputs\":[],\"notes\":[\"a\\u0000b\"],\"question\":\"q\",\"rows\":[],\"verdict\":\"pass\"}\n",
        "{\"format\":\"assay.verdict/"
        "1\",\"inputs\":[],\"notes\":[],\"question\":\"q\",\"rows\":[],\"verdict\":\"pass\" }\n",
        "{\"format\":\"assay.verdict/"
        "1\",\"inputs\":[],\"notes\":[],\"question\":\"q\",\"rows\":[],\"verdict\":\"pass\"}\n",
        "{\"format\":\"assay.verdict/1\",\"inputs\":[],\"notes\":[],\"rows\":[],\"verdict\":\"pass\"}\n",
    };
    struct assay_buf found;
    assay_buf_init(&found, FILE_MAX);
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        read_verdict(TEXTS[i], strlen(TEXTS[i]), &found);
    }
    for (unsigned members = 36; members <= 38; members++) { /* as many as an object may have, and one more */
        struct assay_buf text;
        assay_buf_init(&text, FILE_MAX);
        for (unsigned i = 0; i < members; i++) {
            assay_buf_printf(&text, "%s\"m%02u\":1", i > 0 ? "," : "{", i);
        }
        assay_buf_text(&text, "}\n");
        read_verdict(text.data, text.len, &found);
        assay_buf_done(&text);
    }
    golden_hold("record/verdict_forms.txt", &found);
    assay_buf_done(&found);
}

static assay_code read_text(void *context)
{
    struct assay_arena arena;
    struct assay_verdict_document document;
    const struct assay_buf *text = context;
    assay_arena_init(&arena, FILE_MAX);
    assay_code rc = assay_verdict_parse(text->data, text->len, &arena, &document, NULL);
    assay_arena_done(&arena);
    return rc;
}

static assay_code write_document(void *context)
{
    struct assay_buf text;
    assay_buf_init(&text, FILE_MAX);
    assay_code rc = assay_verdict_encode(context, &text, NULL);
    assay_buf_done(&text);
    return rc;
}

static void a_verdict_that_memory_is_too_short_for_is_neither_written_nor_read(void **state)
{
    (void)state;
    struct assay_arena arena;
    struct assay_verdict_document document;
    struct assay_buf text;
    json_t *root = json_of(VERDICT);
    assay_buf_init(&text, FILE_MAX);
    assay_arena_init(&arena, FILE_MAX);
    assert_int_equal(assay_json_canon(root, &text, NULL), ASSAY_OK);
    assay_buf_char(&text, '\n');
    assert_int_equal(assay_verdict_parse(text.data, text.len, &arena, &document, NULL), ASSAY_OK);
    assert_true(sweep_memory(read_text, &text, false) > 20);
    assert_true(sweep_memory(write_document, &document, false) > 20);
    json_decref(root);
    assay_arena_done(&arena);
    assay_buf_done(&text);
}

/* Which fails noise alone can give: six kinds of gate, by their value. */
static void only_a_gate_that_failed_by_its_value_can_be_noise(void **state)
{
    (void)state;
    static const char *const KINDS[] = {"speedup", "budget", "stability",   "change", "success_rate",
                                        "cost",    "parity", "requirement", "",       "speedupx",
                                        NULL};
    for (size_t k = 0; k < sizeof KINDS / sizeof KINDS[0]; k++) {
        for (int verdict = 0; verdict < ASSAY_VERDICT_COUNT; verdict++) {
            for (unsigned gate = 500; gate <= 502; gate++) {
                for (unsigned missing = 0; missing <= 1; missing++) {
                    const struct assay_verdict_row row = {
                        .kind = KINDS[k], .verdict = (enum assay_verdict)verdict, .gate = gate, .is_missing = missing};
                    bool is_due = k < 6 && verdict == ASSAY_VERDICT_FAIL && gate == 501 && !missing;
                    assert_int_equal(assay_verdict_is_noisy_fail(&row), is_due);
                }
            }
        }
    }
}

/* ---- plans ------------------------------------------------------------------------------------------------------ */

static void put_plan(struct assay_buf *out, const struct assay_plan *plan)
{
    char hex[33];
    assay_hex_print(plan->run_id, sizeof plan->run_id, hex);
    assay_buf_printf(out, "workload %s\norder %s\nseed %llu\nseed source %s\nnonce %s\nrun %s\noptions %zu\n",
                     plan->workload, plan->order, (unsigned long long)plan->seed, plan->seed_source, plan->nonce, hex,
                     json_object_size(plan->options));
    for (size_t i = 0; i < plan->arms_count; i++) {
        assay_buf_printf(out, "arm %s %s %zu\n", plan->arms[i].id, plan->arms[i].label,
                         json_object_size(plan->arms[i].args));
    }
    for (size_t i = 0; i < plan->metrics_count; i++) {
        assay_buf_printf(out, "metric %u %s %s\n", (unsigned)plan->metrics[i].arm, plan->metrics[i].name,
                         plan->metrics[i].formula);
    }
    const struct assay_load *load = &plan->load;
    assay_buf_printf(
        out,
        "mode %s\narrivals %s\nconcurrency %u\nworkers %u\nrate %.17g\ncv %.17g\nthink %llu\ngap %llu\nwindow %u\n",
        assay_load_mode_text(load->mode), assay_arrivals_text(load->arrivals), (unsigned)load->concurrency,
        (unsigned)load->workers, load->rate_per_s, load->gamma_cv, (unsigned long long)load->think_ns,
        (unsigned long long)load->gap_ns, (unsigned)load->window);
    const struct assay_stop *stop = &plan->stop;
    assay_buf_printf(out,
                     "stop %s\ncount %llu\nduration %llu\nat most %llu\nerrors %.17g\nprecision %.17g\nconfidence "
                     "%.17g\nwarmup %u\n",
                     assay_stop_rule_text(stop->rule), (unsigned long long)stop->count,
                     (unsigned long long)stop->duration_ns, (unsigned long long)stop->max_duration_ns,
                     stop->error_share_max, stop->precision, stop->confidence, (unsigned)plan->warmup.samples);
    for (size_t i = 0; i < plan->ops_count; i++) {
        const struct assay_plan_op *op = &plan->ops[i];
        assay_buf_printf(out, "op %zu: due %llu salt %llu tokens %u %u prompt %u round %u block %u arm %u%s\n", i,
                         (unsigned long long)op->due_ns, (unsigned long long)op->salt, (unsigned)op->prompt_tokens,
                         (unsigned)op->output_tokens, (unsigned)op->prompt, (unsigned)op->round, (unsigned)op->block,
                         (unsigned)op->arm, op->is_warmup ? " warm-up" : "");
    }
}

static void ask_plan(const json_t *root, struct assay_buf *ret, void *context)
{
    struct assay_plan *plan = NULL;
    struct assay_buf text, again;
    assay_err err = {0};
    (void)context;
    assay_buf_init(&text, FILE_MAX);
    assay_buf_init(&again, FILE_MAX);
    assert_int_equal(assay_json_canon(root, &text, NULL), ASSAY_OK);
    if (assay_plan_parse(text.data, text.len, &plan, &err) == ASSAY_OK) {
        assert_int_equal(assay_plan_encode(plan, &again, NULL), ASSAY_OK);
        assert_int_equal(again.len, text.len);
        assert_memory_equal(again.data, text.data, text.len);
        put_plan(ret, plan);
        assay_plan_free(plan);
    } else {
        assert_null(plan);
        put_refusal(&err, ret);
    }
    assay_buf_done(&text);
    assay_buf_done(&again);
}

/* The canonical bytes of a plan of three operations and two arms. */
static void make_plan(bool is_paired, struct assay_buf *ret)
{
    struct assay_plan *plan = NULL;
    assert_int_equal(assay_plan_new(&plan, NULL), ASSAY_OK);
    plan->workload = "llm";
    plan->arms_count = 2;
    plan->arms[0] = (struct assay_plan_arm){.id = "a", .label = "base"};
    plan->arms[1] = (struct assay_plan_arm){.id = "b", .label = "new", .args = json_pack("{s:s}", "model", "x")};
    plan->load = (struct assay_load){.mode = ASSAY_LOAD_OPEN,
                                     .arrivals = ASSAY_ARRIVALS_GAMMA,
                                     .rate_per_s = 12.5,
                                     .gamma_cv = 0.5,
                                     .workers = 6,
                                     .think_ns = 7};
    plan->stop = (struct assay_stop){
        .rule = ASSAY_STOP_COUNT, .count = 2, .duration_ns = 8, .max_duration_ns = 9, .error_share_max = 0.25};
    plan->order = "fixed";
    plan->seed = 77;
    plan->seed_source = "fixed";
    memset(plan->run_id, 0xab, sizeof plan->run_id);
    (void)json_object_set_new(plan->options, "url", json_string("http://h/"));
    if (is_paired) {
        plan->load = (struct assay_load){.mode = ASSAY_LOAD_PAIRED, .concurrency = 1, .gap_ns = 10, .window = 11};
        plan->stop.rule = ASSAY_STOP_PRECISION;
        plan->stop.precision = 0.005;
        plan->stop.confidence = 0.95;
        memcpy(plan->nonce, HEX64, sizeof HEX64);
        plan->seed_source = "challenge";
    } else {
        plan->warmup.samples = 1;
    }
    assert_int_equal(assay_plan_make_ops(plan, 3, NULL), ASSAY_OK);
    for (uint32_t i = 0; i < 3; i++) {
        plan->ops[i] = (struct assay_plan_op){.due_ns = is_paired ? 0 : 10 * i,
                                              .salt = 20 + i,
                                              .prompt_tokens = 30,
                                              .output_tokens = 40 + i,
                                              .prompt = i,
                                              .round = i / 2,
                                              .block = i,
                                              .arm = (uint16_t)(i % 2),
                                              .is_warmup = !is_paired && i == 0};
    }
    for (uint32_t arm = 0; arm < 2; arm++) {
        assert_int_equal(assay_plan_add_metric(plan, arm, "service_p50", NULL), ASSAY_OK);
    }
    assay_buf_init(ret, FILE_MAX);
    assay_err err = {0};
    if (assay_plan_encode(plan, ret, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    assay_plan_free(plan);
}

static assay_code read_plan(void *context)
{
    struct assay_plan *plan = NULL;
    const struct assay_buf *text = context;
    assay_code rc = assay_plan_parse(text->data, text->len, &plan, NULL);
    assert_int_equal(plan != NULL, rc == ASSAY_OK);
    assay_plan_free(plan);
    return rc;
}

static void every_member_of_a_plan_takes_what_its_line_says(void **state)
{
    (void)state;
    struct assay_buf found;
    assay_buf_init(&found, FILE_MAX);
    sweep_list_values(VALUES, VALUES_COUNT, &found);
    for (unsigned is_paired = 0; is_paired <= 1; is_paired++) {
        struct assay_buf text;
        make_plan(is_paired, &text);
        json_t *root = json_loadb(text.data, text.len, 0, NULL);
        const struct sweep sweep = {.name =
                                        is_paired ? "a paired plan, until it is precise" : "an open plan of a count",
                                    .document = root,
                                    .values = VALUES,
                                    .values_count = VALUES_COUNT,
                                    .ask = ask_plan};
        sweep_document(&sweep, &found);
        assert_true(sweep_memory(read_plan, &text, false) > 50);
        json_decref(root);
        assay_buf_done(&text);
    }
    golden_hold("record/plan.txt", &found);
    assay_buf_done(&found);
}

static void a_plan_has_at_most_64_arms_and_4096_metrics(void **state)
{
    (void)state;
    struct assay_buf text;
    make_plan(false, &text);
    for (size_t over = 0; over <= 1; over++) {
        json_t *root = json_loadb(text.data, text.len, 0, NULL), *arms = json_array(), *metrics = json_array();
        struct assay_buf answer;
        for (size_t i = 0; i < ASSAY_PLAN_ARMS_MAX + over; i++) {
            const char id[] = {(char)('0' + i), '\0'};
            (void)json_array_append_new(arms, json_pack("{s:s,s:s,s:{}}", "id", id, "label", "l", "args"));
        }
        (void)json_object_set_new(root, "arms", arms);
        (void)json_object_set_new(root, "metrics", json_array());
        assay_buf_init(&answer, FILE_MAX);
        ask_plan(root, &answer, NULL);
        if ((answer.data[0] == 'w') != (over == 0)) {
            fail_msg("%s", answer.data);
        }
        assay_buf_clear(&answer);
        json_decref(root);
        root = json_loadb(text.data, text.len, 0, NULL);
        for (size_t i = 0; i < ASSAY_PLAN_METRICS_MAX + over; i++) {
            json_t *metric = json_pack("{s:s,s:s}", "arm", "a", "formula", "f@1");
            (void)json_object_set_new(metric, "name", json_sprintf("m%04zu", i));
            (void)json_array_append_new(metrics, metric);
        }
        (void)json_object_set_new(root, "metrics", metrics);
        ask_plan(root, &answer, NULL);
        if ((answer.data[0] == 'w') != (over == 0)) {
            fail_msg("%s", answer.data);
        }
        json_decref(root);
        assay_buf_done(&answer);
    }
    assay_buf_done(&text);
}

/* ---- manifests -------------------------------------------------------------------------------------------------- */

#define MANIFEST \
    HEX64 "\t12\tshort\treal\ta/b\n" HEX64 "\t0\tlong\tsynthetic\ta/c\n" HEX64 "\t18446744073709551615\tl\treal\tb\n"

static void read_manifest(const char *text, size_t len, struct assay_buf *ret)
{
    struct assay_arena arena;
    struct assay_manifest manifest = {0};
    assay_err err = {0};
    assay_arena_init(&arena, FILE_MAX);
    if (assay_manifest_parse(text, len, &arena, &manifest, &err) == ASSAY_OK) {
        for (size_t i = 0; i < manifest.count; i++) {
            const struct assay_manifest_file *file = &manifest.files[i];
            assay_buf_printf(ret, "%zu digest %s\n%zu bytes %llu\n%zu stratum %s\n%zu %s\n%zu path %s\n", i,
                             file->sha256, i, (unsigned long long)file->bytes, i, file->stratum, i,
                             file->is_synthetic ? "synthetic" : "real", i, file->path);
        }
    } else {
        put_refusal(&err, ret);
    }
    assay_arena_done(&arena);
}

/* The names of the fields that differ, or the refusal. */
static void compare_manifest(const struct assay_buf *honest, const char *text, size_t len, struct assay_buf *ret)
{
    struct assay_buf answer;
    assay_buf_init(&answer, FILE_MAX);
    read_manifest(text, len, &answer);
    if (answer.data && answer.data[0] == '!') {
        assay_buf_text(ret, answer.data);
    } else {
        struct assay_slice a = {honest->data, honest->len}, b = {answer.data, answer.len};
        while (a.len > 0 || b.len > 0) {
            struct assay_slice x = assay_slice_cut(&a, '\n'), y = assay_slice_cut(&b, '\n');
            if (!assay_slice_equal(x, y)) {
                struct assay_slice name = y.len > 0 ? y : x;
                struct assay_slice number = assay_slice_cut(&name, ' '), word = assay_slice_cut(&name, ' ');
                assay_buf_printf(ret, "%.*s %.*s; ", (int)number.len, number.data, (int)word.len, word.data);
            }
        }
        assay_buf_char(ret, '\n');
    }
    assay_buf_done(&answer);
}

/* Places one after the other that give one answer are one line. */
static void sweep_manifest(const struct assay_buf *honest, int byte, struct assay_buf *found)
{
    static const char TEXT[] = MANIFEST;
    char edited[sizeof TEXT];
    struct assay_buf last, answer;
    size_t from = 0, len = sizeof TEXT - 1;
    assay_buf_init(&last, FILE_MAX);
    for (size_t at = 0; at <= len; at++) {
        assay_buf_init(&answer, FILE_MAX);
        if (at < len) {
            memcpy(edited, TEXT, sizeof TEXT);
            if (byte < 0) { /* left out */
                memmove(edited + at, edited + at + 1, len - at);
            } else {
                edited[at] = (char)byte;
            }
            compare_manifest(honest, edited, byte < 0 ? len - 1 : len, &answer);
        }
        if (at == len || (at > 0 && strcmp(last.data, answer.data) != 0)) {
            assay_buf_printf(found, "%d at %zu-%zu: %s", byte, from, at - 1, last.data);
            from = at;
        }
        assay_buf_done(&last);
        last = answer;
    }
    assay_buf_done(&last);
}

static assay_code read_lines(void *context)
{
    struct assay_arena arena;
    struct assay_manifest manifest;
    (void)context;
    assay_arena_init(&arena, FILE_MAX);
    assay_code rc = assay_manifest_parse(MANIFEST, sizeof MANIFEST - 1, &arena, &manifest, NULL);
    assay_arena_done(&arena);
    return rc;
}

static void every_byte_of_a_manifest_counts(void **state)
{
    (void)state;
    static const int BYTES[] = {-1, '0', '9', 'a', 'f', '/', ':', '`', 'g', '\t', '\n', 'b', ' '};
    static const char *const TEXTS[] = {"",
                                        "\n",
                                        "a\n",
                                        HEX64 "\t12\tshort\treal\t\n",
                                        HEX64 "\t12\t\treal\ta\n",
                                        HEX64 "\t18446744073709551616\tl\treal\tb\n",
                                        HEX64 "\t12\tl\treal\ta\n\n",
                                        HEX64 "\t12\tl\treal\ta\nx",
                                        HEX64 "\t12\tl\treal\ta\n" HEX64 "\t12\tl\treal\ta\n"};
    struct assay_buf honest, found;
    assay_buf_init(&honest, FILE_MAX);
    assay_buf_init(&found, FILE_MAX);
    read_manifest(MANIFEST, sizeof MANIFEST - 1, &honest);
    assay_buf_append(&found, honest.data, honest.len);
    for (size_t i = 0; i < sizeof BYTES / sizeof BYTES[0]; i++) {
        sweep_manifest(&honest, BYTES[i], &found);
    }
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        read_manifest(TEXTS[i], strlen(TEXTS[i]), &found);
    }
    golden_hold("record/manifest.txt", &found);
    assert_true(sweep_memory(read_lines, NULL, false) > 0);
    assay_buf_done(&honest);
    assay_buf_done(&found);
}

static void a_manifest_has_at_most_a_million_lines_and_64_mib(void **state)
{
    (void)state;
    static const char LINE[] = HEX64 "\t1\ts\treal\t";
    struct assay_arena arena;
    struct assay_manifest manifest;
    assay_err err = {0};
    char *lines = assay_alloc(ASSAY_MANIFEST_FILES_MAX + 2, 1);
    assert_non_null(lines);
    memset(lines, '\n', ASSAY_MANIFEST_FILES_MAX + 1);
    assay_arena_init(&arena, (size_t)256 << 20);
    assert_int_equal(assay_manifest_parse(lines, ASSAY_MANIFEST_FILES_MAX + 1, &arena, &manifest, &err),
                     ASSAY_TOO_LARGE);
    assert_int_equal(assay_manifest_parse(lines, ASSAY_MANIFEST_FILES_MAX, &arena, &manifest, &err), ASSAY_MALFORMED);
    assay_arena_done(&arena);
    assay_free(lines);
    for (size_t over = 0; over <= 1; over++) { /* one line, its path as long as it takes */
        size_t len = ASSAY_MANIFEST_BYTES_MAX + over;
        char *text = assay_alloc(len + 1, 1);
        assert_non_null(text);
        memset(text, 'p', len);
        memcpy(text, LINE, sizeof LINE - 1);
        text[len - 1] = '\n';
        assay_arena_init(&arena, (size_t)256 << 20);
        assert_int_equal(assay_manifest_parse(text, len, &arena, &manifest, &err), over ? ASSAY_TOO_LARGE : ASSAY_OK);
        assay_arena_done(&arena);
        assay_free(text);
    }
}

/* ---- days ------------------------------------------------------------------------------------------------------- */

static int days_of(int year, int month)
{
    static const int DAYS[] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);
    return month == 2 && is_leap ? 29 : DAYS[month];
}

static void days_are_those_of_a_calendar_that_counts_them(void **state)
{
    (void)state;
    int64_t count = 0;
    for (int year = 1970; year <= 9999;
         year += year == 2420 ? 7180 : 1) { /* one cycle of 400 years, and the last ones */
        if (year == 9600) {
            count = 2786800; /* of 9600-01-01: from 2400-01-01, 18 cycles of 146,097 days */
        }
        for (int month = 0; month <= 13; month++) {
            for (int day = 0; day <= 32; day++) {
                char text[16], printed[12] = "xxxxxxxxxxx";
                int64_t found = -1;
                (void)snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, day);
                bool is_due = month >= 1 && month <= 12 && day >= 1 && day <= days_of(year, month);
                if (assay_day_read(text, &found) != is_due || (is_due && found != count)) {
                    fail_msg("%s is day %lld, not %lld", text, (long long)found, (long long)count);
                }
                if (is_due) {
                    assay_day_print(count, printed);
                    assert_string_equal(printed, text);
                }
                count += is_due;
            }
        }
    }
}

static void a_day_is_ten_characters_each_of_its_kind(void **state)
{
    (void)state;
    static const char DAY[] = "2026-11-21";
    static const char *const NONE[] = {"", "2026-11-2", "2026-11-210", "1969-12-31", "0000-01-01", "2026-00-01"};
    int64_t day;
    for (size_t at = 0; at < 10; at++) {
        for (int byte = 1; byte < 256; byte++) {
            char text[11];
            memcpy(text, DAY, sizeof text);
            text[at] = (char)byte;
            bool is_digit = byte >= '0' && byte <= '9', is_line = at == 4 || at == 7;
            bool is_form = is_line ? byte == '-' : is_digit;
            int year = (int)strtol(text, NULL, 10), month = (int)strtol(text + 5, NULL, 10),
                d = (int)strtol(text + 8, NULL, 10);
            bool is_due = is_form && year >= 1970 && month >= 1 && month <= 12 && d >= 1 && d <= days_of(year, month);
            if (assay_day_read(text, &day) != is_due) {
                fail_msg("'%s'", text);
            }
        }
    }
    for (size_t i = 0; i < sizeof NONE / sizeof NONE[0]; i++) {
        assert_false(assay_day_read(NONE[i], &day));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_of_a_verdict_takes_what_its_line_says),
        cmocka_unit_test(every_list_of_a_verdict_has_its_most),
        cmocka_unit_test(a_verdict_of_another_form_is_refused_with_what_is_wrong),
        cmocka_unit_test(a_verdict_that_memory_is_too_short_for_is_neither_written_nor_read),
        cmocka_unit_test(only_a_gate_that_failed_by_its_value_can_be_noise),
        cmocka_unit_test(every_member_of_a_plan_takes_what_its_line_says),
        cmocka_unit_test(a_plan_has_at_most_64_arms_and_4096_metrics),
        cmocka_unit_test(every_byte_of_a_manifest_counts),
        cmocka_unit_test(a_manifest_has_at_most_a_million_lines_and_64_mib),
        cmocka_unit_test(days_are_those_of_a_calendar_that_counts_them),
        cmocka_unit_test(a_day_is_ten_characters_each_of_its_kind),
    };
    assay_json_init();
    if (assay_crypto_init(NULL) != ASSAY_OK) {
        return 1;
    }
    return cmocka_run_group_tests_name("record_document_sweep", tests, NULL, NULL);
}
