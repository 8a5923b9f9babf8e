/* Applies every file of this corpus (README.md beside it): the parent passes what is asked, the fault fails its gate
 * and no other. */
#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "judge/judge.h"
#include "support/edit.h"
#include "support/honest_run.h"
#include "support/source_root.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_MAX ((size_t)1 << 20)
#define FACTS_MAX 8
#define FILES_MAX 256
#define UNDECIDED_GATE 410
#define DAY_NS (UINT64_C(86400) * ASSAY_NS_PER_S)

struct scene {
    struct assay_slice facts[FACTS_MAX];
    size_t facts_count;
    struct assay_slice require, base_require, provenance;
    bool has_base, is_base_other, has_provenance, lacks_version;
    uint64_t version_min;
};

static json_t *read_value(struct assay_slice text)
{
    json_t *value = NULL;
    assay_err err = {0};
    if (assay_json_read(text.data, text.len, &assay_json_limits_default, &value, &err) != ASSAY_OK) {
        fail_msg("'%.*s': %s", (int)text.len, text.data, err.message);
    }
    return value;
}

static void edit_facts(json_t *facts, void *context)
{
    const struct scene *scene = context;
    for (size_t i = 0; i < scene->facts_count; i++) {
        struct assay_slice rest = scene->facts[i], verb = assay_slice_cut(&rest, ' ');
        struct assay_slice place = assay_slice_cut(&rest, ' ');
        char pointer[ASSAY_JSON_POINTER_BYTES];
        (void)snprintf(pointer, sizeof pointer, "%.*s", (int)place.len, place.data);
        if (assay_slice_is(verb, "set")) {
            edit_set(facts, pointer, read_value(rest));
        } else if (assay_slice_is(verb, "append")) {
            edit_append(facts, pointer, read_value(rest));
        } else {
            edit_drop(facts, pointer);
        }
    }
}

static void apply_line(struct scene *scene, struct assay_slice rest, bool is_honest)
{
    struct assay_slice verb = assay_slice_cut(&rest, ' ');
    if (assay_slice_is(verb, "facts")) {
        assert_true(scene->facts_count < FACTS_MAX);
        scene->facts[scene->facts_count++] = rest;
    } else if (assay_slice_is(verb, "require")) {
        scene->require = rest;
        scene->base_require = is_honest ? rest : scene->base_require;
    } else if (assay_slice_is(verb, "base")) {
        scene->has_base = true;
        scene->is_base_other = assay_slice_is(rest, "other");
    } else if (assay_slice_is(verb, "version")) {
        scene->lacks_version = true;
    } else if (assay_slice_is(verb, "version-min")) {
        assert_int_equal(assay_num_u64(rest, "version", INT64_MAX, &scene->version_min, NULL), ASSAY_OK);
    } else if (assay_slice_is(verb, "provenance")) {
        scene->has_provenance = true;
        scene->provenance = rest;
    } else {
        fail_msg("no such line: '%.*s'", (int)verb.len, verb.data);
    }
}

static void write_policy(const struct scene *scene, struct assay_slice require, const char *name, struct assay_buf *ret)
{
    assay_buf_init(ret, FILE_MAX);
    assay_buf_printf(ret, "assay_policy: 1\nname: %s\n%srequire: {%.*s}\n", name,
                     scene->lacks_version ? "" : "version: 3\n", (int)require.len, require.data);
}

/* ---- what is asked ---- */

struct answer {
    unsigned gate; /* the last one that did not pass; 0: all passed */
    size_t count;
    enum assay_verdict verdict;
    int exit;
};

static void judge_policy(const struct scene *scene, const struct assay_opened *run, struct answer *ret)
{
    struct assay_buf text, base;
    struct assay_policy *policy = NULL;
    struct assay_arena arena;
    struct assay_verdict_document document;
    struct assay_digest digest;
    char base_sha256[ASSAY_DIGEST_TEXT_BYTES];
    assay_err err = {0};
    write_policy(scene, scene->require, "test", &text);
    write_policy(scene, scene->base_require, scene->is_base_other ? "other" : "test", &base);
    if (assay_policy_parse(text.data, text.len, &policy, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    assay_sha256_of(base.data, base.len, &digest);
    assay_digest_print(&digest, base_sha256);
    assay_arena_init(&arena, FILE_MAX);
    struct assay_gate_question question = {.policy = policy,
                                           .policy_name = "policy.yaml",
                                           .runs = &run,
                                           .runs_count = 1,
                                           .day = (int64_t)(HONEST_NOW_NS / DAY_NS),
                                           .date = "2026-01-05",
                                           .tool = "assay 0",
                                           .base_sha256 = scene->has_base ? base_sha256 : NULL,
                                           .version_min = scene->version_min};
    assert_int_equal(assay_judge_gate(&question, &arena, &document, &err), ASSAY_OK);
    for (size_t i = 0; i < document.rows_count; i++) {
        if (document.rows[i].verdict != ASSAY_VERDICT_PASS) {
            ret->gate = document.rows[i].gate;
            ret->verdict = document.rows[i].verdict;
            ret->count++;
        }
    }
    ret->exit = assay_code_exit(assay_verdict_code(&document));
    assay_arena_done(&arena);
    assay_policy_free(policy);
    assay_buf_done(&text);
    assay_buf_done(&base);
}

static void put_provenance(const struct scene *scene, const struct honest_run *run, struct assay_buf *ret)
{
    static const char MARK[] = "@BINARY";
    const char *own = json_string_value(assay_json_at(run->statement, "/predicate/environment/build/binarySha256"));
    assay_buf_init(ret, FILE_MAX);
    assay_buf_append(ret, scene->provenance.data, scene->provenance.len);
    if (ret->len > 0 && memmem(ret->data, ret->len, MARK, sizeof MARK - 1)) {
        edit_bytes(ret, MARK, sizeof MARK - 1, own, strlen(own));
    }
}

static void add_violations(const struct assay_judgement *judgement, struct answer *ret)
{
    for (size_t i = 0; i < judgement->violations_count; i++) {
        ret->gate = judgement->violations[i].gate;
        ret->verdict = judgement->violations[i].verdict;
        ret->count++;
    }
    ret->exit = judgement->violations_count > 0 ? assay_judgement_exit(judgement) : ret->exit;
}

static struct answer judge(struct scene *scene)
{
    struct honest_run run;
    struct assay_opened *opened = NULL;
    struct assay_buf provenance;
    struct answer answer = {0};
    assay_err err = {0};
    const struct honest_options options = {
        .workload = "noop", .count = 400, .warmup = 10, .tamper_facts = edit_facts, .context = scene};
    honest_run_make(&options, &run);
    put_provenance(scene, &run, &provenance);
    struct assay_judge_files files = {.name = "run",
                                      .document = {run.receipt.data, run.receipt.len},
                                      .plan = {run.plan.data, run.plan.len},
                                      .trace = {run.trace.data, run.trace.len}};
    struct assay_judge_input how = {.now_real_ns = HONEST_NOW_NS};
    if (scene->has_provenance) {
        how.provenance = (struct assay_judge_bytes){provenance.data ? provenance.data : "", provenance.len};
    }
    assert_int_equal(assay_opened_open(&files, &how, &opened, &err), ASSAY_OK);
    if (scene->require.len > 0) {
        judge_policy(scene, opened, &answer);
    }
    add_violations(opened->judgement, &answer);
    assay_opened_free(opened);
    assay_buf_done(&provenance);
    honest_run_done(&run);
    return answer;
}

/* ---- one file ---- */

static void read_file(const char *name, struct assay_buf *ret)
{
    char path[4096];
    assay_err err = {0};
    (void)snprintf(path, sizeof path, "%s/tests/negative/policy/%s", source_root(), name);
    assay_buf_init(ret, FILE_MAX);
    if (assay_buf_read_file(ret, path, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
}

static void a_fault_is_its_gate_and_no_other(void **state)
{
    const char *name = *state;
    struct scene honest = {0}, faulty = {0};
    struct assay_buf text;
    unsigned gate = (unsigned)strtoul(name, NULL, 10);
    read_file(name, &text);
    struct assay_slice rest = {text.data, text.len};
    while (rest.len > 0) {
        struct assay_slice line = assay_slice_cut(&rest, '\n'), edit = line;
        bool is_honest = assay_slice_is(assay_slice_cut(&edit, ' '), "honest");
        if (is_honest) {
            apply_line(&honest, edit, true);
        }
        apply_line(&faulty, is_honest ? edit : line, is_honest);
    }
    struct answer before = judge(&honest), after = judge(&faulty);
    enum assay_verdict due = gate == UNDECIDED_GATE ? ASSAY_VERDICT_UNDECIDED : ASSAY_VERDICT_FAIL;
    if (before.count != 0 || before.exit != 0) {
        fail_msg("%s: the parent has gate %u, exit %d", name, before.gate, before.exit);
    }
    if (after.count != 1 || after.gate != gate || after.verdict != due ||
        after.exit != (due == ASSAY_VERDICT_FAIL ? 1 : 2)) {
        fail_msg("%s: %zu gates, the last %u, exit %d", name, after.count, after.gate, after.exit);
    }
    assay_buf_done(&text);
}

static int is_edit(const struct dirent *entry)
{
    return assay_text_ends(entry->d_name, ".edit");
}

/* ---- how many ---- */

struct corpus {
    struct dirent **entries;
    size_t count;
};

static void every_gate_has_three_files(void **state)
{
    static const unsigned GATES[] = {401, 408, 410, 423};
    const struct corpus *corpus = *state;
    size_t seen[1000] = {0};
    for (size_t i = 0; i < corpus->count; i++) {
        seen[strtoul(corpus->entries[i]->d_name, NULL, 10) % 1000]++;
    }
    for (size_t i = 0; i < sizeof GATES / sizeof GATES[0]; i++) {
        assert_true(seen[GATES[i]] >= 3);
    }
}

/* A test a file, under its name: the attack matrix names them. */
int main(void)
{
    struct CMUnitTest tests[FILES_MAX + 1] = {cmocka_unit_test(every_gate_has_three_files)};
    struct corpus corpus = {0};
    char folder[4096];
    (void)snprintf(folder, sizeof folder, "%s/tests/negative/policy", source_root());
    int count = scandir(folder, &corpus.entries, is_edit, alphasort);
    assay_json_init();
    if (count <= 0 || count > FILES_MAX || assay_crypto_init(NULL) != ASSAY_OK) {
        return 1;
    }
    corpus.count = (size_t)count;
    tests[0].initial_state = &corpus;
    for (size_t i = 0; i < corpus.count; i++) {
        tests[i + 1] = (struct CMUnitTest){.name = corpus.entries[i]->d_name,
                                           .test_func = a_fault_is_its_gate_and_no_other,
                                           .initial_state = corpus.entries[i]->d_name};
    }
    int failed = _cmocka_run_group_tests("policy", tests, corpus.count + 1, NULL, NULL);
    for (size_t i = 0; i < corpus.count; i++) {
        free(corpus.entries[i]);
    }
    free(corpus.entries);
    return failed;
}
