/* The tiers that an honest run can reach (evidence.md 3.4), what holds each back, and the policy that may judge it
 * (gate 423). */
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "judge/judge.h"
#include "kernel/kernel.h"
#include "negative/evidence.h"
#include "support/edit.h"
#include "support/golden.h"
#include "support/honest_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_MAX ((size_t)16 << 20)
#define COMMIT "8d3e5b1f0a6c47927be1d0c3f58a9e64b7021dcf" /* of the example's build */

/* Seen empty 30 s before the run, and with the run's entry 9 s after it. */
#define WITNESSED "log kept 1767605430", "log run", "log cosigned-by 60", "log cosigned-at 1767605470"

struct made {
    struct evidence evidence;
    struct honest_run run;
    struct assay_judge_input input;
    struct assay_buf payload, document, kernel_table;
    const char *machine; /* machineKey; "": none, NULL: the example's */
};

static void tamper(json_t *facts, void *context)
{
    const struct made *made = context;
    json_t *host = json_array_get(json_object_get(json_object_get(facts, "environment"), "hosts"), 0), *value;
    const char *name;
    json_object_foreach(host, name, value)
    {
        if (json_object_get(value, "unknown")) {
            (void)json_object_clear(value);
            (void)json_object_set_new(value, "absent", json_string("none"));
        }
    }
    if (made->machine) {
        (void)json_object_set_new(host, "machineKey",
                                  made->machine[0] ? json_string(made->machine)
                                                   : json_pack("{s:s}", "absent", "no machine-id"));
    }
    evidence_facts(facts, context);
}

static json_t *audits(int failures)
{
    return json_pack("[{s:s,s:s,s:i,s:{s:i}},{s:s,s:s,s:i,s:{s:i}}]", "id", "cache_audit", "rule", "cache_audit@1", "n",
                     80, "data", "failures", failures, "id", "output_reference", "rule", "output_reference@1", "n", 80,
                     "data", "failures", 0);
}

/* Choices as the empty log gives them. */
static uint64_t drawn_seed(void)
{
    struct assay_digest root;
    assay_sha256_of("", 0, &root);
    return assay_choice_seed("", COMMIT, &root);
}

static void write_document(struct made *made)
{
    json_t *envelope = json_pack("{s:s,s:s,s:[]}", "payload", "", "payloadType", ASSAY_PAYLOAD_TYPE, "signatures");
    struct assay_buf text;
    assay_buf_init(&text, FILE_MAX);
    if (made->evidence.is_signed) {
        evidence_name_signers(&made->evidence, made->run.statement);
    }
    assert_int_equal(assay_json_canon(made->run.statement, &made->payload, NULL), ASSAY_OK);
    assay_base64_append(&text, made->payload.data, made->payload.len);
    edit_set(envelope, "/payload", json_stringn(text.data, text.len));
    evidence_sign(&made->evidence, made->payload.data, made->payload.len, envelope);
    assert_int_equal(assay_json_canon(envelope, &made->document, NULL), ASSAY_OK);
    assay_buf_char(&made->document, '\n');
    json_decref(envelope);
    assay_buf_done(&text);
}

static void make(struct made *made, const struct honest_options *base, const char *const *lines)
{
    struct honest_options options = *base;
    evidence_init(&made->evidence);
    assay_buf_init(&made->payload, FILE_MAX);
    assay_buf_init(&made->document, FILE_MAX);
    assay_buf_init(&made->kernel_table, FILE_MAX);
    assay_kernel_table_text(&made->kernel_table);
    made->input = (struct assay_judge_input){.now_real_ns = HONEST_NOW_NS};
    options.tamper_facts = tamper;
    options.context = made;
    honest_run_make(&options, &made->run);
    for (size_t i = 0; lines[i]; i++) {
        struct assay_slice rest = assay_slice_of(lines[i]), verb = assay_slice_cut(&rest, ' ');
        char word[32];
        (void)snprintf(word, sizeof word, "%.*s", (int)verb.len, verb.data);
        assert_true(evidence_line(&made->evidence, word, rest, &made->run, &made->input));
    }
    honest_run_done(&made->run);
    honest_run_make(&options, &made->run); /* the trace's facts hold the intent */
    write_document(made);
    made->input.document = (struct assay_judge_bytes){made->document.data, made->document.len};
    made->input.plan = (struct assay_judge_bytes){made->run.plan.data, made->run.plan.len};
    made->input.trace = (struct assay_judge_bytes){made->run.trace.data, made->run.trace.len};
    made->input.identity = (struct assay_judge_bytes){made->run.identity.data, made->run.identity.len};
    made->input.kernel_table = (struct assay_judge_bytes){made->kernel_table.data, made->kernel_table.len};
    evidence_finish(&made->evidence, &made->run, made->payload.data, made->payload.len, &made->input);
}

static void made_done(struct made *made)
{
    honest_run_done(&made->run);
    evidence_done(&made->evidence);
    assay_buf_done(&made->payload);
    assay_buf_done(&made->document);
    assay_buf_done(&made->kernel_table);
}

static struct assay_buf told; /* each judgement of a tier, whole */

/* says: what the ASSURANCE line must hold; NULL: anything. */
static void assert_tier(const struct made *made, int tier, const char *says)
{
    struct assay_judgement *judgement = NULL;
    assert_int_equal(assay_judge_verify(&made->input, &judgement, NULL), ASSAY_OK);
    const char *line = judgement->lines[ASSAY_LINE_ASSURANCE].text;
    if (judgement->tier != tier || judgement->violations_count > 0 || (says && !strstr(line, says))) {
        struct assay_buf text;
        assay_buf_init(&text, FILE_MAX);
        assay_judgement_render(judgement, &text);
        print_message("%s", text.data);
        fail_msg("expected tier %d%s%s", tier, says ? ", and " : "", says ? says : "");
    }
    assay_judgement_render(judgement, &told);
    assay_buf_printf(&told, "exit %d, tier %d, head %llu\n\n", assay_judgement_exit(judgement), judgement->tier,
                     (unsigned long long)judgement->head.size);
    assay_judgement_free(judgement);
}

static void tier_of(const struct honest_options *base, int failures, const char *const *lines, int tier,
                    const char *says)
{
    struct made *made = assay_alloc(1, sizeof *made);
    struct honest_options options = *base;
    json_t *checks = audits(failures);
    assert_non_null(made);
    options.checks = failures >= 0 ? checks : NULL;
    make(made, &options, lines);
    assert_tier(made, tier, says);
    made_done(made);
    json_decref(checks);
    assay_free(made);
}

static const struct honest_options FIXED = {
    .workload = "llm", .count = 400, .warmup = 5, .tokens = 8, .op_ns = 16 * ASSAY_NS_PER_MS};

static struct honest_options drawn(void)
{
    struct honest_options options = FIXED;
    options.seed = drawn_seed();
    options.seed_source = "log-head";
    return options;
}

/* ---- tiers ---- */

static void an_honest_run_has_the_tier_that_its_evidence_gives(void **state)
{
    (void)state;
    const struct honest_options options = drawn();
    tier_of(&FIXED, -1, (const char *const[]){"sign 1", NULL}, 0, "tier 0, no signature was checked");
    tier_of(&FIXED, -1, (const char *const[]){"sign 1", "trust", NULL}, 1, "tier 1 signed");
    tier_of(&FIXED, -1, (const char *const[]){"log run", "sign 1", "trust", NULL}, 2, "outside-time");
    tier_of(&FIXED, -1, (const char *const[]){WITNESSED, "sign 1", "trust", "trust set /logs/0/quorum 1", NULL}, 3,
            "tier 3 witnessed");
    tier_of(&options, 0, (const char *const[]){WITNESSED, "sign 1", "trust", "trust set /logs/0/quorum 1", NULL}, 4,
            "tier 4 challenged; not checked: platform signer-honesty unlogged-runs");
}

static void a_run_whose_inputs_were_known_before_is_witnessed_at_most(void **state)
{
    (void)state;
    tier_of(&FIXED, 0, (const char *const[]){WITNESSED, "sign 1", "trust", "trust set /logs/0/quorum 1", NULL}, 3,
            "choice");
}

static void an_audit_that_is_missing_or_failed_holds_the_tier_down(void **state)
{
    (void)state;
    const struct honest_options options = drawn();
    const char *const lines[] = {WITNESSED, "sign 1", "trust", "trust set /logs/0/quorum 1", NULL};
    tier_of(&options, -1, lines, 3, "cache-state");
    tier_of(&options, 1, lines, 3, "cache-state");
}

static void witnesses_without_a_quorum_bound_nothing(void **state)
{
    (void)state;
    tier_of(&FIXED, -1, (const char *const[]){WITNESSED, "sign 1", "trust", NULL}, 2, "outside-time");
}

/* ---- another machine ---- */

static const char OTHER_MACHINE[] = "00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff";

static struct assay_judge_files files_of(const struct made *made)
{
    return (struct assay_judge_files){.name = "other",
                                      .document = made->input.document,
                                      .plan = made->input.plan,
                                      .trace = made->input.trace,
                                      .identity = made->input.identity};
}

/* A challenged run on machine `here`, and what is given beside it as another's. */
static void reproduced_from(const char *here, const struct honest_options *theirs, const char *machine,
                            const char *signer, double margin, int tier, const char *says)
{
    struct made *ours = assay_alloc(1, sizeof *ours), *other = assay_alloc(1, sizeof *other);
    struct honest_options options = drawn();
    json_t *checks = audits(0);
    assert_true(ours && other);
    options.checks = checks;
    ours->machine = here;
    make(ours, &options, (const char *const[]){WITNESSED, "sign 1", "trust", "trust set /logs/0/quorum 1", NULL});
    other->machine = machine;
    make(other, theirs, (const char *const[]){"log run", signer, NULL});
    const struct assay_judge_files files = files_of(other);
    ours->input.reproduction = &files;
    ours->input.reproduction_margin = margin;
    assert_tier(ours, tier, says);
    made_done(ours);
    made_done(other);
    json_decref(checks);
    assay_free(ours);
    assay_free(other);
}

static void reproduced_by(const struct honest_options *theirs, const char *machine, const char *signer, double margin,
                          int tier, const char *says)
{
    reproduced_from(NULL, theirs, machine, signer, margin, tier, says);
}

static void the_same_by_another_key_on_another_machine_is_reproduced(void **state)
{
    (void)state;
    struct honest_options options = drawn();
    options.number = 9;
    reproduced_by(&options, OTHER_MACHINE, "sign 2", 0, 5, "tier 5 reproduced");
}

static void what_is_no_reproduction_leaves_the_tier_and_says_why(void **state)
{
    (void)state;
    struct honest_options options = drawn(), shorter = drawn(), slower = drawn();
    options.number = shorter.number = slower.number = 9;
    shorter.count = 390;
    slower.op_ns = 17 * ASSAY_NS_PER_MS;
    reproduced_by(&options, OTHER_MACHINE, "sign 1", 0, 4, "not reproduced: it is not signed by another key");
    reproduced_by(&options, NULL, "sign 2", 0, 4, "not reproduced: it was not measured on another machine");
    reproduced_by(&options, "", "sign 2", 0, 4, "not reproduced: it was not measured on another machine");
    reproduced_from("", &options, OTHER_MACHINE, "sign 2", 0, 4,
                    "not reproduced: it was not measured on another machine"); /* ours has no key to differ from */
    reproduced_by(&options, OTHER_MACHINE, "sign 3", 0, 4, "not reproduced: ");
    reproduced_by(&shorter, OTHER_MACHINE, "sign 2", 0, 4, "not reproduced: it has another plan");
    reproduced_by(&slower, OTHER_MACHINE, "sign 2", 0, 4, "is not within 2 %");
    reproduced_by(&slower, OTHER_MACHINE, "sign 2", 0.1, 5, "tier 5 reproduced"); /* within the stated margin */
}

/* Behind the tests above, whose judgements these are. */
static void each_tier_is_told_whole(void **state)
{
    (void)state;
    golden_hold("negative/assurance.txt", &told);
}

/* ---- short memory ---- */

#define WHOLE_IN_A_ROW 40 /* then no allocation is left that could fail: some fail and are done without */

/* Every `step`-th allocation fails in turn: there is no judgement, or the same as with memory. */
static void assert_no_judgement_on_short_memory(const struct assay_judge_input *input, unsigned long step)
{
    struct assay_judgement *judgement = NULL;
    struct assay_buf whole, text;
    assay_buf_init(&whole, FILE_MAX);
    assay_buf_init(&text, FILE_MAX);
    assert_int_equal(assay_judge_verify(input, &judgement, NULL), ASSAY_OK);
    assay_judgement_render(judgement, &whole);
    assay_judgement_free(judgement);
    unsigned long n = 1;
    for (unsigned in_a_row = 0; in_a_row < WHOLE_IN_A_ROW; n += step) {
        judgement = NULL;
        assay_mem_fail_at(n);
        assay_code rc = assay_judge_verify(input, &judgement, NULL);
        assay_mem_fail_at(0);
        bool is_whole = rc == ASSAY_OK;
        in_a_row = is_whole ? in_a_row + 1 : 0;
        assert_int_equal(rc, is_whole ? ASSAY_OK : ASSAY_NO_MEMORY);
        assert_int_equal(judgement != NULL, is_whole);
        if (is_whole) {
            assay_buf_clear(&text);
            assay_judgement_render(judgement, &text);
            assert_string_equal(text.data, whole.data);
        }
        assay_judgement_free(judgement);
    }
    assert_true(n > 1000);
    assay_buf_done(&whole);
    assay_buf_done(&text);
}

static void no_allocation_that_fails_makes_a_judgement_of_signatures_and_log(void **state)
{
    (void)state;
    struct made *made = assay_alloc(1, sizeof *made);
    const struct honest_options small = {.workload = "noop", .count = 12, .warmup = 2};
    assert_non_null(made);
    make(made, &small, (const char *const[]){WITNESSED, "sign 1", "trust", "trust set /logs/0/quorum 1", NULL});
    made->input.plan.data = made->input.trace.data = NULL; /* what is derived of them: test_judge_verify */
    assert_no_judgement_on_short_memory(&made->input, 1);
    made_done(made);
    assay_free(made);
}

/* Everything that a verifier can be given at once: a baseline, another's run, a policy. */
static void no_allocation_that_fails_makes_a_judgement_of_several_documents(void **state)
{
    (void)state;
    struct made *ours = assay_alloc(1, sizeof *ours), *other = assay_alloc(1, sizeof *other);
    struct honest_options small = {.workload = "noop", .count = 12, .warmup = 2}, again = small;
    assert_true(ours && other);
    again.number = 9;
    make(ours, &small, (const char *const[]){WITNESSED, "sign 1", "trust", "trust set /logs/0/quorum 1", NULL});
    other->machine = OTHER_MACHINE;
    make(other, &again, (const char *const[]){"log run", "sign 2", NULL});
    const struct assay_judge_files files = files_of(other);
    const struct assay_judge_baseline baseline = {.files = files, .ancestry = ASSAY_ANCESTRY_IS};
    ours->input.reproduction = &files;
    ours->input.baseline = &baseline;
    ours->input.wants_default_policy = true;
    ours->input.is_tier_required = true;
    ours->input.required_tier = 4;
    assert_no_judgement_on_short_memory(&ours->input, 97); /* all of them would take a minute */
    made_done(ours);
    made_done(other);
    assay_free(ours);
    assay_free(other);
}

/* ---- gate 423 ---- */

static const char POLICY[] = "assay_policy: 1\nname: p\nversion: 2\ngates:\n"
                             "  - {id: g, kind: budget, metric: service, statistic: p50, max: 1s}\n";

struct policy_case {
    struct assay_gate_question question;
    struct assay_arena arena;
    struct assay_policy *policy;
    struct assay_trust *trust;
    struct assay_tlog_book book;
    struct evidence evidence;
    struct assay_buf trust_bytes, entries;
};

static void add_policy_entry(struct policy_case *it, unsigned signer, uint64_t version, const char *sha256)
{
    struct assay_json_builder b = {0};
    unsigned char seed[ASSAY_SEED_BYTES] = {(unsigned char)signer};
    struct assay_secret_key key;
    struct assay_buf entry;
    json_t *fields = json_object();
    assay_secret_key_init(&key, seed);
    assay_json_put_text(&b, fields, "name", "p");
    assay_json_put_u64(&b, fields, "version", version);
    assay_json_put_text(&b, fields, "sha256", sha256);
    assay_buf_init(&entry, FILE_MAX);
    assert_int_equal(assay_tlog_entry_write(ASSAY_ENTRY_POLICY, fields, &key, &entry, NULL), ASSAY_OK);
    assert_int_equal(assay_entry_append(entry.data, entry.len, &it->entries, NULL), ASSAY_OK);
    json_decref(fields);
    assay_buf_done(&entry);
}

static void policy_case_init(struct policy_case *it)
{
    unsigned char seed[ASSAY_SEED_BYTES] = {100};
    struct assay_secret_key root;
    const struct assay_secret_key *roots[] = {&root};
    assay_err err = {0};
    *it = (struct policy_case){.policy = NULL};
    evidence_init(&it->evidence);
    assay_arena_init(&it->arena, FILE_MAX);
    assay_buf_init(&it->trust_bytes, FILE_MAX);
    assay_buf_init(&it->entries, FILE_MAX);
    assay_secret_key_init(&root, seed);
    assert_int_equal(assay_trust_write(it->evidence.trust_body, roots, 1, &it->trust_bytes, NULL), ASSAY_OK);
    assert_int_equal(assay_trust_read(it->trust_bytes.data, it->trust_bytes.len, &it->trust, NULL), ASSAY_OK);
    if (assay_policy_parse(POLICY, strlen(POLICY), &it->policy, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    it->question = (struct assay_gate_question){.policy = it->policy, .trust = it->trust, .date = "2026-01-05"};
}

/* How many rows are 423, and whether the whole fails for them. */
static void assert_423(struct policy_case *it, size_t due)
{
    struct assay_verdict_document document;
    size_t found = 0;
    if (it->entries.len > 0) {
        assert_int_equal(assay_tlog_book_read(it->entries.data, it->entries.len, &it->book, NULL), ASSAY_OK);
        it->question.log = &it->book;
    }
    assert_int_equal(assay_judge_gate(&it->question, &it->arena, &document, NULL), ASSAY_OK);
    for (size_t i = 0; i < document.rows_count; i++) {
        found += document.rows[i].gate == 423 && document.rows[i].verdict == ASSAY_VERDICT_FAIL ? 1 : 0;
    }
    assert_int_equal(found, due);
    assert_true(due == 0 || document.verdict == ASSAY_VERDICT_FAIL);
    assay_tlog_book_done(&it->book);
    assay_trust_free(it->trust);
    assay_policy_free(it->policy);
    assay_buf_done(&it->trust_bytes);
    assay_buf_done(&it->entries);
    assay_arena_done(&it->arena);
    evidence_done(&it->evidence);
}

static const char FOREIGN[] = "8d3e5b1f0a6c47927be1d0c3f58a9e64b7021dcf8d3e5b1f0a6c47927be1d0c3";

static void a_policy_that_is_not_the_newest_in_the_log_is_423(void **state)
{
    (void)state;
    struct policy_case it;
    policy_case_init(&it);
    add_policy_entry(&it, 1, 2, it.policy->sha256);
    assert_423(&it, 0);
    policy_case_init(&it);
    add_policy_entry(&it, 1, 2, it.policy->sha256);
    add_policy_entry(&it, 1, 3, FOREIGN); /* a later version */
    assert_423(&it, 1);
    policy_case_init(&it);
    add_policy_entry(&it, 1, 2, FOREIGN); /* the same version with another content: edited without being logged */
    assert_423(&it, 1);
    policy_case_init(&it);
    add_policy_entry(&it, 1, 2, it.policy->sha256);
    add_policy_entry(&it, 3, 3, FOREIGN); /* by a key that is not in the trust file */
    assert_423(&it, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_honest_run_has_the_tier_that_its_evidence_gives),
        cmocka_unit_test(a_run_whose_inputs_were_known_before_is_witnessed_at_most),
        cmocka_unit_test(an_audit_that_is_missing_or_failed_holds_the_tier_down),
        cmocka_unit_test(witnesses_without_a_quorum_bound_nothing),
        cmocka_unit_test(the_same_by_another_key_on_another_machine_is_reproduced),
        cmocka_unit_test(what_is_no_reproduction_leaves_the_tier_and_says_why),
        cmocka_unit_test(each_tier_is_told_whole),
        cmocka_unit_test(no_allocation_that_fails_makes_a_judgement_of_signatures_and_log),
        cmocka_unit_test(no_allocation_that_fails_makes_a_judgement_of_several_documents),
        cmocka_unit_test(a_policy_that_is_not_the_newest_in_the_log_is_423),
    };
    assay_json_init();
    if (assay_crypto_init(NULL) != ASSAY_OK) {
        return 1;
    }
    assay_buf_init(&told, FILE_MAX);
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    assay_buf_done(&told);
    return failures;
}
