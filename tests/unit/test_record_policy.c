/* Policy files: what is read, and every way in which one is refused, with its line and what would be right. */
#include "record/policy.h"

#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DIGEST "9f000000000000000000000000000000000000000000000000000000000000e1"

static const char RELEASE[] =
    "assay_policy: 1\n"
    "name: release\n"
    "version: 3\n"
    "require: {compute_path: [real], tree: clean, build: release, tier: 1, subjects: [binary], host_fields: "
    "[governor], fallback_share_max: 0.01, failed_share_max: 0.05, attempts_max: 1}\n"
    "defaults: {confidence: 0.95, margin: 0.02, family_q: 0.01, max_age: 14d}\n"
    "compare: {must_match: [subject.model, host.kernelRelease], may_differ: [subject.source, subject.binary]}\n"
    "sets: [{id: golden, manifest: sets/golden.tsv, sha256: " DIGEST "}]\n"
    "gates:\n"
    "  - {id: speed, kind: speedup, metric: service, arm: b, versus: a, min: 1.40, worst_min: 0.98, set: golden}\n"
    "  - {id: first, kind: budget, metric: ttft_sched, statistic: p99, max: 250ms}\n"
    "  - {id: numbers, kind: parity, output: logits, max_ulp: 64, cosine_min: 0.999999, dot_bound: 8, set: golden}\n"
    "  - {id: memory, kind: budget, metric: peak_rss, statistic: max, max: 6GiB, plausible_min: 21MiB, min_n: 59}\n"
    "  - {id: stable, kind: stability, metric: top10_score, statistic: max_dev, max: 0.05, min_seeds: 8}\n"
    "  - {id: drift, kind: change, metric: decode_rate, versus: baseline, max_change: 0.10}\n"
    "  - {id: correct, kind: success_rate, min: 0.95, set: golden}\n"
    "  - {id: cost, kind: cost, per: correct, max: 0.0030USD, prices: prices.yaml}\n"
    "waivers: [{gate: drift, covers: fail, reason: \"new sampler\", issued: 2026-11-01, expires: 2026-12-01}]\n"
    "rollout: {stages: [0.05, 0.25, 1.00], looks: 6, promote_after: 2, promote_margin: 0.02, rollback_margin: 0.05, "
    "guards: [correct, memory], max_holds: 3, cooldown: 24h}\n";

static struct assay_policy *parse(const char *text)
{
    struct assay_policy *policy = NULL;
    assay_err err = {0};
    if (assay_policy_parse(text, strlen(text), &policy, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    return policy;
}

static void the_example_of_the_manual_is_read(void **state)
{
    (void)state;
    struct assay_policy *policy = parse(RELEASE);
    assert_string_equal(policy->name, "release");
    assert_int_equal(policy->version, 3);
    assert_int_equal(policy->gates_count, 8);
    assert_true(policy->require.wants_clean_tree && policy->require.wants_release_build);
    assert_true(policy->require.tier.is_given && policy->require.tier.value == 1);
    assert_int_equal(policy->max_age_ns, UINT64_C(14) * 86400 * 1000000000);
    assert_int_equal(policy->must_match.count, 2);
    assert_int_equal(policy->rollout.stages_count, 3);
    assert_int_equal(policy->waivers[0].expires_day - policy->waivers[0].issued_day, 30);
    assay_policy_free(policy);
}

static void limits_are_in_the_unit_of_their_metric(void **state)
{
    (void)state;
    struct assay_policy *policy = parse(RELEASE);
    assert_true(policy->gates[0].min.value == 1.4 && policy->gates[0].worst_min.value == 0.98);
    assert_string_equal(policy->gates[1].name, "ttft_sched_p99");
    assert_true(policy->gates[1].max.value == 250e6);
    assert_true(policy->gates[3].max.value == 6.0 * 1024 * 1024 * 1024);
    assert_true(policy->gates[3].plausible_min.value == 21.0 * 1024 * 1024);
    assert_null(policy->gates[4].unit); /* not of this build's table: the gate will miss it */
    assert_true(policy->gates[7].max.value == 0.003);
    assay_policy_free(policy);
}

/* A whole policy around one gate, its fields given. */
#define GATE(fields) "assay_policy: 1\nname: x\ngates:\n  - {id: g, " fields "}\n"
#define TOP(line) "assay_policy: 1\nname: x\nrequire: {tree: clean}\n" line "\n"
#define ROLLOUT(fields) TOP("rollout: {looks: 6, promote_after: 2, max_holds: 3, " fields "}")

static const struct {
    const char *text, *message;
} WRONG[] = {
    {"", "holds no document"},
    {"- a\n", "begins with 'assay_policy: 1'"},
    {"assay_policy: 2\nname: x\n", "reads version 1"},
    {"name: x\nrequire: {tree: clean}\n", "'assay_policy' is missing"},
    {"assay_policy: 1\nrequire: {tree: clean}\n", "line 1: the key 'name' is missing"},
    {"assay_policy: 1\nname: x\n", "at least one of 'gates', 'require' and 'claims'"},
    {TOP("gate: []"), "line 4: unknown key 'gate'; did you mean 'gates'?"},
    {TOP("name: y"), "line 4: the key 'name' is repeated"},
    {TOP("---\nname: y"), "a second document"},
    {"assay_policy: 1\nname: &a x\nrequire: {tree: clean}\n", "anchors are not allowed"},
    {"assay_policy: 1\nname: *a\nrequire: {tree: clean}\n", "aliases are not allowed"},
    {"assay_policy: 1\nname: !!str x\nrequire: {tree: clean}\n", "tags are not allowed"},
    {TOP("version: 0"), "line 4: version: found \"0\", expected a whole number from 1"},
    {TOP("version: 0x10"), "version: found \"0x10\""},
    {TOP("gates: []"), "gates: expected a list with 1 to 256 entries"},
    {TOP("gates: {id: x}"), "gates: expected a list"},
    {TOP("defaults: {margin: nan}"), "margin: found \"nan\", expected a finite number from 0.0001 to 1"},
    {TOP("defaults: {margin: 1e999}"), "margin: found \"1e999\""},
    {TOP("defaults: {margin: 0.02x}"), "margin: found \"0.02x\""},
    {TOP("defaults: {margin: inf}"), "margin: found \"inf\""},
    {TOP("defaults: {confidence: 1.0}"), "confidence: found \"1.0\", expected a finite number from 0.5 to 0.9999"},
    {TOP("defaults: {max_age: 14}"), "max_age: found \"14\", expected a duration with its unit"},
    {TOP("compare: {must_match: []}"), "must_match: found an array of 0 elements, expected a list"},
    {TOP("compare: {must_match: [a, a]}"), "each word once"},
    {"assay_policy: 1\nname: x\nrequire: {tree: dirty}\n", "tree: found \"dirty\", expected clean"},
    {"assay_policy: 1\nname: x\nrequire: {tree: yes}\n", "tree: found \"yes\", expected clean"},
    {"assay_policy: 1\nname: x\nrequire: {compute_path: [fast]}\n", "expected real, scripted or imported"},
    {"assay_policy: 1\nname: x\nrequire: {compute_path: real}\n", "expected a list such as"},
    {"assay_policy: 1\nname: x\nrequire: {tier: 6}\n", "tier: found \"6\", expected a finite number from 0 to 5"},
    {TOP("sets: [{id: s, manifest: m.tsv, sha256: 9f}]"), "expected a SHA-256: 64 lowercase hex digits"},
    {TOP("sets: [{id: s, manifest: m.tsv}]"), "line 4: sets[0] (s): the key 'sha256' is missing"},
    {GATE("kind: speed"), "line 4: gates[0] (g): kind: found \"speed\", expected speedup, budget"},
    {GATE("metric: service"), "expected a mapping with 'id' and 'kind'"},
    {GATE("kind: budget, metric: service, statistic: p99"), "a budget has one limit: 'max' or 'min'"},
    {GATE("kind: budget, metric: service, statistic: p99, max: 1ms, min: 1ms"), "'min' on service, of which lower"},
    {GATE("kind: budget, metric: decode_rate, statistic: p50, max: 10"),
     "'max' on decode_rate, of which higher is better; expected 'min'"},
    {GATE("kind: budget, metric: service, statistic: p99, max: 6GiB"),
     "max: found \"6GiB\", expected a duration with its unit, such as 250ms"},
    {GATE("kind: budget, metric: service_ratio, max: 100ns"), "max: found \"100ns\", expected a number"},
    {GATE("kind: budget, metric: service, statistic: p99, max: 250"), "max: found \"250\", expected a duration"},
    {GATE("kind: budget, metric: peak_rss, statistic: max, max: 250ms"), "expected a size such as 6GiB"},
    {GATE("kind: budget, metric: service, max: 250ms"), "add 'statistic', such as p99"},
    {GATE("kind: budget, metric: service, statistic: mean, max: 250ms"), "expected p50, p90, p95, p99, p99.9, max"},
    {GATE("kind: budget, metric: success_share, statistic: p99, min: 0.9"), "one value a run and has no p99"},
    {GATE("kind: budget, metric: service, statistic: p99, max: 1ms, min_seeds: 3"),
     "'min_seeds' is no key of kind budget"},
    {GATE("kind: speedup, metric: service, arm: b, versus: a, min: nan"), "min: found \"nan\", expected a number"},
    {GATE("kind: speedup, metric: service, arm: b, min: 1.1"), "the key 'versus' is missing"},
    {GATE("kind: speedup, metric: service, versus: a, min: 1.1"), "the key 'arm' is missing"},
    {GATE("kind: speedup, arm: b, versus: a, min: 1.1"), "the key 'metric' is missing"},
    {GATE("kind: parity, output: logits"), "parity needs a limit"},
    {GATE("kind: parity, max_ulp: 4"), "the key 'output' is missing"},
    {GATE("kind: parity, output: logits, cosine_min: 1.1"), "cosine_min: found \"1.1\", expected a finite number"},
    {GATE("kind: stability, metric: service, statistic: p99, max: 1ms"), "expected max_dev or cv"},
    {GATE("kind: stability, metric: service_p50"), "the key 'max' is missing"},
    {GATE("kind: stability, metric: service_p50, max: 0.05, relative: yes"), "expected true or false"},
    {GATE("kind: change, metric: service, versus: baseline"), "the key 'max_change' is missing"},
    {GATE("kind: change, metric: service, versus: baseline, max_change: 0"), "expected a share above 0"},
    {GATE("kind: change, metric: service, versus: baseline, max_change: 10%, unpaired: yes"), "expected allow"},
    {GATE("kind: success_rate"), "the key 'min' is missing"},
    {GATE("kind: success_rate, min: 95"), "expected a share above 0"},
    {GATE("kind: cost, per: request, max: 1USD, prices: p.yaml"), "per: found \"request\", expected correct"},
    {GATE("kind: cost, per: correct, max: 1EUR, prices: p.yaml"), "expected an amount such as 0.0030USD"},
    {GATE("kind: success_rate, min: 0.9, set: golden"), "set: found \"golden\", expected the id of one of 'sets'"},
    {GATE("kind: success_rate, min: 0.9}\n  - {id: g, kind: success_rate, min: 0.9"),
     "line 5: gates: the id 'g' is given"},
    {GATE("kind: success_rate, min: 0.9, confidence: 0.3"), "confidence: found \"0.3\""},
    {GATE("kind: success_rate, min: 0.9, workload: gpu"), "expected noop, command, llm, kernel, lm or pipeline"},
    {TOP("waivers: [{gate: g, covers: fail, reason: r, issued: 2026-11-01, expires: 2026-12-01}]"),
     "expected the id of one of 'gates'"},
    {GATE("kind: success_rate, min: 0.9}\nwaivers:\n  - {gate: g, covers: missing, reason: r, issued: 2026-11-01, "
          "expires: 2026-12-01"),
     "covers: found \"missing\", expected fail or undecided"},
    {GATE("kind: success_rate, min: 0.9}\nwaivers:\n  - {gate: g, covers: fail, reason: r, issued: 2026-11-01, "
          "expires: 2027-02-01"),
     "line 6: waivers[0]: expires: found \"2027-02-01\", expected a day after 'issued', at most 90 days later"},
    {GATE("kind: success_rate, min: 0.9}\nwaivers:\n  - {gate: g, covers: fail, reason: r, issued: 2026-02-29, "
          "expires: 2026-03-01"),
     "expected a day such as 2026-11-21"},
    {ROLLOUT("stages: [0.5, 0.25], promote_margin: 0.02, rollback_margin: 0.05"), "shares of traffic that rise"},
    {ROLLOUT("stages: [0.5, 1], promote_margin: 0.05, rollback_margin: 0.05"), "more than promote_margin"},
    {ROLLOUT("stages: [1], promote_margin: 0.02, rollback_margin: 0.05, guards: [g]"), "there is no gate 'g'"},
    {TOP("claims: {fail_on: never}"), "expected error, warning or note"},
    {TOP("claims: {rules: {X1: off}}"), "'X1' is no rule"},
    {TOP("claims: {suppress: [{fingerprint: 00}]}"), "claims.suppress[0]: the key 'reason' is missing"},
};

static void every_mistake_is_refused_with_what_would_be_right(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        struct assay_policy *policy = NULL;
        assay_err err = {0};
        if (assay_policy_parse(WRONG[i].text, strlen(WRONG[i].text), &policy, &err) == ASSAY_OK) {
            fail_msg("taken, though wrong:\n%s", WRONG[i].text);
        }
        if (!strstr(err.message, WRONG[i].message)) {
            fail_msg("'%s' does not say '%s'; policy:\n%s", err.message, WRONG[i].message, WRONG[i].text);
        }
    }
}

/* The gates of the table above with their mistake taken out: else a refusal could come from anything. */
static void the_same_gates_without_their_mistake_are_read(void **state)
{
    (void)state;
    static const char *const RIGHT[] = {
        GATE("kind: budget, metric: service, statistic: p99, max: 250ms"),
        GATE("kind: budget, metric: decode_rate, statistic: p50, min: 10"),
        GATE("kind: budget, metric: peak_rss, statistic: max, max: 6GiB"),
        GATE("kind: budget, metric: success_share, min: 0.9"),
        GATE("kind: budget, metric: service_ratio, max: 1.05"),
        GATE("kind: speedup, metric: service, arm: b, versus: a, min: 1.1"),
        GATE("kind: parity, output: logits, max_ulp: 4"),
        GATE("kind: stability, metric: service_p50, max: 5%, relative: true"),
        GATE("kind: change, metric: service, versus: baseline, max_change: 10%, unpaired: allow"),
        GATE("kind: success_rate, min: 95%"),
        GATE("kind: cost, per: correct, max: 1USD, prices: p.yaml"),
        ROLLOUT("stages: [0.5, 1], promote_margin: 0.02, rollback_margin: 0.05"),
        TOP("claims: {fail_on: note, rules: {C602: off}, suppress: [{fingerprint: 00, reason: r}]}"),
    };
    for (size_t i = 0; i < sizeof RIGHT / sizeof RIGHT[0]; i++) {
        assay_policy_free(parse(RIGHT[i]));
    }
}

static void the_section_of_claims_is_read(void **state)
{
    (void)state;
    struct assay_policy *policy =
        parse(TOP("claims: {fail_on: warning, stale: error, min_coverage: 80%, forbid_unbound: true, max_age: 30d, "
                  "rules: {C602: off, C101: error}, same_as: [[tps, decode_rate]]}"));
    const struct assay_policy_claims *claims = &policy->claims;
    assert_true(claims->is_given && claims->forbids_unbound && !claims->requires_signed);
    assert_string_equal(claims->fail_on, "warning");
    assert_true(claims->min_coverage.value == 0.8);
    assert_int_equal(claims->rules_count, 2);
    assert_string_equal(claims->rules[0].id, "C602");
    assert_string_equal(claims->rules[0].level, "off");
    assert_string_equal(claims->same_as[0].words[1], "decode_rate");
    assay_policy_free(policy);
}

static void days_read_and_print_the_same(void **state)
{
    (void)state;
    char text[11];
    int64_t day;
    assert_true(assay_day_read("1970-01-01", &day));
    assert_int_equal(day, 0);
    for (int64_t i = 0; i < 60000; i += 7) {
        assay_day_print(i, text);
        assert_true(assay_day_read(text, &day));
        assert_int_equal(day, i);
    }
    assert_true(assay_day_read("2028-02-29", &day));
    assert_false(assay_day_read("2026-02-29", &day));
    assert_false(assay_day_read("2026-13-01", &day));
    assert_false(assay_day_read("2026-1-01", &day));
}

int main(void)
{
    assay_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_manual_is_read),
        cmocka_unit_test(limits_are_in_the_unit_of_their_metric),
        cmocka_unit_test(every_mistake_is_refused_with_what_would_be_right),
        cmocka_unit_test(the_same_gates_without_their_mistake_are_read),
        cmocka_unit_test(the_section_of_claims_is_read),
        cmocka_unit_test(days_read_and_print_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
