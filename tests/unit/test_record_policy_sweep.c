/*
 * Every key of a policy against tests/golden/record/policy.txt and marks.txt: which values each takes, as what they are
 * read, and what is said of the others, line number and all. And each kind of gate with each kind of metric and each
 * statistic: gates.txt. ASSAY_CASES_WRITE writes the lines anew; tests/golden/record/README.md says how to read them.
 */
#include "base/mem.h"
#include "record/marks.h"
#include "record/policy.h"
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

#define FILE_MAX ((size_t)4 << 20)
#define ID64 "gggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggg"
#define TEXT256 ID64 ID64 ID64 ID64
#define DIGEST "9f000000000000000000000000000000000000000000000000000000000000e1"

/* Plain texts, as a policy has them; quotes are added. */
static const char *const TEXTS[] = {
    "",
    "0",
    "1",
    "2",
    "3",
    "5",
    "6",
    "0.5",
    "0.4999",
    "0.9999",
    "1.0",
    "1.01",
    "0.0001",
    "0.00009",
    "10",
    "10.1",
    "1000",
    "1001",
    "10000",
    "10001",
    "1000000",
    "1000001",
    "1000000000",
    "1000000001",
    "1e300",
    "1.1e300",
    "-0.5",
    "nan",
    "0x10",
    "10%",
    "100%",
    "101%",
    "0s",
    "250ms",
    "14d",
    "14",
    "6GiB",
    "50/s",
    "0.003USD",
    "1EUR",
    /* words of the lists */
    "real",
    "imported",
    "clean",
    "release",
    "equal",
    "required",
    "allow",
    "correct",
    "binary",
    "source",
    "challenge",
    "log-head",
    "fail",
    "undecided",
    "p50",
    "p99.9",
    "mean",
    "max",
    "max_dev",
    "cv",
    "noop",
    "pipeline",
    "error",
    "off",
    "true",
    "false",
    "yes",
    "shift",
    "ack",
    "ignore",
    "any",
    "never",
    "speed",
    /* names: what may stand where */
    "a",
    "Z9",
    "a_b.c-9",
    "_a",
    "-a",
    ".a",
    "a_",
    "a b",
    "a/b",
    "a:b",
    "a@b",
    "a[b",
    "a`b",
    "a{b",
    "\u00e9",
    ID64,
    ID64 "g",
    TEXT256,
    TEXT256 "g",
    DIGEST,
    DIGEST "0",
    "9F000000000000000000000000000000000000000000000000000000000000E1",
    "abcdef",
    "abcdef0",
    "abcdefg",
    "C602",
    "C6021",
    "D602",
    "C60x",
    /* days around those of the documents below */
    "2026-10-31",
    "2026-11-01",
    "2026-11-02",
    "2026-12-01",
    "2027-01-30",
    "2027-01-31",
    "2026-02-29",
    "2026-9-01",
};
static const char *const OTHERS[] = {
    "[]",
    "[\"a\"]",
    "[\"a\",\"b\"]",
    "[\"a\",\"a\"]",
    "[\"real\",\"imported\"]",
    "[\"0.5\",\"1\"]",
    "[\"\"]",
    "[[]]",
    "{}",
    "{\"a\":\"b\"}",
    "{\"C602\":\"off\",\"C101\":\"note\"}",
    "[\"" TEXT256 "\"]",
    "[\"" TEXT256 "g\"]",
};
enum { TEXTS_COUNT = sizeof TEXTS / sizeof TEXTS[0], OTHERS_COUNT = sizeof OTHERS / sizeof OTHERS[0] };

static char quoted[TEXTS_COUNT][300];
static const char *values[TEXTS_COUNT + OTHERS_COUNT];

static void make_values(void)
{
    for (size_t i = 0; i < TEXTS_COUNT; i++) {
        (void)snprintf(quoted[i], sizeof quoted[i], "\"%s\"", TEXTS[i]);
        values[i] = quoted[i];
    }
    for (size_t i = 0; i < OTHERS_COUNT; i++) {
        values[TEXTS_COUNT + i] = OTHERS[i];
    }
}

/* ---- what was read ---------------------------------------------------------------------------------------------- */

static void put_text(struct assay_buf *out, const char *name, const char *text)
{
    assay_buf_printf(out, "%s %s\n", name, text ? text : "-");
}

static void put_number(struct assay_buf *out, const char *name, const struct assay_policy_number *number)
{
    if (number->is_given) {
        assay_buf_printf(out, "%s %.17g\n", name, number->value);
    }
}

static void put_words(struct assay_buf *out, const char *name, const struct assay_policy_words *words)
{
    assay_buf_text(out, name);
    for (size_t i = 0; i < words->count; i++) {
        assay_buf_printf(out, " %s", words->words[i]);
    }
    assay_buf_char(out, '\n');
}

static void put_gate(struct assay_buf *out, const struct assay_policy_gate *gate)
{
    const char *const TEXT_OF[] = {gate->metric, gate->statistic, gate->name, gate->unit,   gate->arm, gate->versus,
                                   gate->set,    gate->workload,  gate->host, gate->output, gate->per, gate->prices};
    static const char *const NAMES[] = {"metric", "statistic", "name", "unit",   "arm", "versus",
                                        "set",    "workload",  "host", "output", "per", "prices"};
    static const char *const LIMITS[] = {"min",     "max",     "worst_min", "plausible_min", "max_change", "max_ulp",
                                         "max_abs", "max_rel", "max_rms",   "cosine_min",    "dot_bound",  "exact_min"};
    const struct assay_policy_number *const NUMBERS[] = {
        &gate->min,     &gate->max,     &gate->worst_min, &gate->plausible_min, &gate->max_change, &gate->max_ulp,
        &gate->max_abs, &gate->max_rel, &gate->max_rms,   &gate->cosine_min,    &gate->dot_bound,  &gate->exact_min};
    assay_buf_printf(out, "gate %s\nline %u\nkind %s\n", gate->id, (unsigned)gate->line,
                     assay_gate_kind_text(gate->kind));
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        put_text(out, NAMES[i], TEXT_OF[i]);
    }
    for (size_t i = 0; i < sizeof LIMITS / sizeof LIMITS[0]; i++) {
        put_number(out, LIMITS[i], NUMBERS[i]);
    }
    assay_buf_printf(out, "min_n %llu\nmin_seeds %llu\nconfidence %.17g\nmargin %.17g\n",
                     (unsigned long long)gate->min_n, (unsigned long long)gate->min_seeds, gate->confidence,
                     gate->margin);
    assay_buf_printf(out, "%s better%s%s\n", gate->is_higher_better ? "higher" : "lower",
                     gate->is_unpaired_allowed ? ", unpaired" : "", gate->is_relative ? ", relative" : "");
}

static void put_require(struct assay_buf *out, const struct assay_policy_require *require)
{
    put_words(out, "compute_path", &require->compute_path);
    put_words(out, "subjects", &require->subjects);
    put_words(out, "host_fields", &require->host_fields);
    put_words(out, "choices", &require->choices);
    assay_buf_printf(out, "tree %d build %d host_class %d intent %d policy_logged %d audits %d\n",
                     require->wants_clean_tree, require->wants_release_build, require->wants_host_class,
                     require->wants_intent, require->wants_policy_logged, require->wants_audits);
    put_number(out, "tier", &require->tier);
    put_number(out, "attempts_max", &require->attempts_max);
    put_number(out, "fallback_share_max", &require->fallback_share_max);
    put_number(out, "failed_share_max", &require->failed_share_max);
    put_number(out, "aa_width_max", &require->aa_width_max);
}

static void put_rollout(struct assay_buf *out, const struct assay_policy_rollout *rollout)
{
    assay_buf_text(out, "stages");
    for (size_t i = 0; i < rollout->stages_count; i++) {
        assay_buf_printf(out, " %.17g", rollout->stages[i]);
    }
    assay_buf_printf(out,
                     "\nlooks %llu\npromote_after %llu\nmax_holds %llu\npromote_margin %.17g\nrollback_margin %.17g\n",
                     (unsigned long long)rollout->looks, (unsigned long long)rollout->promote_after,
                     (unsigned long long)rollout->max_holds, rollout->promote_margin, rollout->rollback_margin);
    put_words(out, "guards", &rollout->guards);
    assay_buf_printf(out, "cooldown %llu\n", (unsigned long long)rollout->cooldown_ns);
}

static void put_claims(struct assay_buf *out, const struct assay_policy_claims *claims)
{
    put_text(out, "fail_on", claims->fail_on);
    put_text(out, "stale", claims->stale);
    put_number(out, "min_coverage", &claims->min_coverage);
    assay_buf_printf(out, "forbid_unbound %d require_signed %d\nclaims.max_age %llu\n", claims->forbids_unbound,
                     claims->requires_signed, (unsigned long long)claims->max_age_ns);
    for (size_t i = 0; i < claims->rules_count; i++) {
        assay_buf_printf(out, "rule %s %s\n", claims->rules[i].id, claims->rules[i].level);
    }
    for (size_t i = 0; i < claims->same_as_count; i++) {
        put_words(out, "same_as", &claims->same_as[i]);
    }
    for (size_t i = 0; i < claims->suppress_count; i++) {
        assay_buf_printf(out, "suppress %s %s\n", claims->suppress[i].fingerprint, claims->suppress[i].reason);
    }
}

static void put_policy(struct assay_buf *out, const struct assay_policy *policy)
{
    put_text(out, "policy", policy->name);
    assay_buf_printf(out, "version %llu\nconfidence of all %.17g\nmargin of all %.17g\nfamily_q %.17g\nmax_age %llu\n",
                     (unsigned long long)policy->version, policy->confidence, policy->margin, policy->family_q,
                     (unsigned long long)policy->max_age_ns);
    put_words(out, "must_match", &policy->must_match);
    put_words(out, "may_differ", &policy->may_differ);
    if (policy->has_require) {
        put_require(out, &policy->require);
    }
    for (size_t i = 0; i < policy->sets_count; i++) {
        const struct assay_policy_set *set = &policy->sets[i];
        assay_buf_printf(out, "set %s %s %s\n", set->id, set->manifest, set->sha256);
        assert_ptr_equal(assay_policy_set(policy, set->id), set);
    }
    assert_null(assay_policy_set(policy, "none of them"));
    for (size_t i = 0; i < policy->gates_count; i++) {
        put_gate(out, &policy->gates[i]);
    }
    for (size_t i = 0; i < policy->waivers_count; i++) {
        const struct assay_policy_waiver *waiver = &policy->waivers[i];
        assay_buf_printf(out, "waiver %s %s %s %lld to %lld\n", waiver->gate, waiver->covers, waiver->reason,
                         (long long)waiver->issued_day, (long long)waiver->expires_day);
    }
    if (policy->rollout.is_given) {
        put_rollout(out, &policy->rollout);
    }
    if (policy->claims.is_given) {
        put_claims(out, &policy->claims);
    }
}

static void read_policy(const char *text, struct assay_buf *ret)
{
    struct assay_policy *policy = NULL;
    assay_err err = {0};
    if (assay_policy_parse(text, strlen(text), &policy, &err) == ASSAY_OK) {
        put_policy(ret, policy);
        assay_policy_free(policy);
    } else {
        assert_null(policy);
        assay_buf_printf(ret, "%s", err.code == ASSAY_MALFORMED ? "" : "(not malformed) ");
        sweep_refusal(&err, ret);
    }
}

/* JSON is YAML: one key a line, so that a message's line number is that of the key. */
static void ask_policy(const json_t *document, struct assay_buf *ret, void *context)
{
    (void)context;
    char *text = json_dumps(document, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
    assert_non_null(text);
    read_policy(text, ret);
    assay_free(text);
}

/* ---- keys ------------------------------------------------------------------------------------------------------- */

#define HEAD "{\"assay_policy\":\"1\",\"name\":\"x\","
#define ONE_GATE HEAD "\"gates\":[{\"id\":\"g\",\"kind\":\""
#define GATE(kind, fields) ONE_GATE kind "\"" fields "}]}"
#define ANY_GATE \
    ",\"arm\":\"b\",\"versus\":\"a\",\"workload\":\"llm\",\"host\":\"h\",\"confidence\":\"0.9\",\"margin\":\"0.1\""

static const struct {
    const char *name, *text;
} POLICIES[] = {
    {"requirements", HEAD
     "\"version\":\"3\",\"require\":{\"compute_path\":[\"real\",\"scripted\"],\"tree\":\"clean\",\"build\":\"release\","
     "\"tier\":\"1\",\"subjects\":[\"binary\"],\"host_class\":\"equal\",\"host_fields\":[\"governor\"],\"intent\":"
     "\"required\",\"attempts_max\":\"4\",\"policy_logged\":\"required\",\"fallback_share_max\":\"0.01\","
     "\"failed_share_max\":\"0.05\",\"choices\":[\"challenge\"],\"audits\":\"required\",\"aa_width_max\":\"0.02\"}}"},
    {"defaults", HEAD "\"require\":{},\"defaults\":{\"confidence\":\"0.9\",\"margin\":\"0.03\",\"family_q\":\"0.02\","
                      "\"max_age\":\"14d\"},"
                      "\"compare\":{\"must_match\":[\"subject.model\",\"b\"],\"may_differ\":[\"subject.source\"]}}"},
    {"sets and waivers", HEAD
     "\"sets\":[{\"id\":\"a\",\"manifest\":\"a.tsv\",\"sha256\":\"" DIGEST "\"},{\"id\":\"b\",\"manifest\":\"b.tsv\","
     "\"sha256\":\"" DIGEST "\"}],\"gates\":[{\"id\":\"g\",\"kind\":\"success_rate\",\"min\":\"0.9\",\"set\":\"b\"},{"
     "\"id\":\"h\",\"kind\":\"success_rate\",\"min\":\"0.8\",\"min_n\":\"7\"}],\"waivers\":[{\"gate\":\"h\",\"covers\":"
     "\"fail\",\"reason\":\"r\",\"issued\":\"2026-11-01\",\"expires\":\"2026-12-01\"},{\"gate\":\"g\",\"covers\":"
     "\"undecided\",\"reason\":\"s\",\"issued\":\"2026-11-01\",\"expires\":\"2027-01-30\"}]}"},
    {"roll-out", HEAD
     "\"gates\":[{\"id\":\"a\",\"kind\":\"success_rate\",\"min\":\"0.9\"},{\"id\":\"real\",\"kind\":\"success_rate\","
     "\"min\":\"0.9\"}],\"rollout\":{\"stages\":[\"0.05\",\"0.25\",\"1.00\"],\"looks\":\"6\",\"promote_after\":\"2\","
     "\"promote_margin\":\"0.02\",\"rollback_margin\":\"0.05\",\"guards\":[\"a\",\"real\"],\"max_holds\":\"3\","
     "\"cooldown\":\"24h\"}}"},
    {"claims", HEAD
     "\"claims\":{\"fail_on\":\"warning\",\"stale\":\"error\",\"min_coverage\":\"80%\",\"forbid_unbound\":\"true\","
     "\"require_signed\":\"true\",\"max_age\":\"30d\",\"rules\":{\"C603\":\"off\",\"C101\":\"error\"},\"same_as\":[["
     "\"tps\",\"decode_rate\"],[\"u\",\"v\"]],\"suppress\":[{\"fingerprint\":\"00\",\"reason\":\"r\"},{\"fingerprint\":"
     "\"01\",\"reason\":\"s\"}]}}"},
    {"speedup", GATE("speedup", ANY_GATE ",\"metric\":\"service\",\"min\":\"1.4\",\"worst_min\":\"0.98\"")},
    {"budget",
     GATE("budget", ANY_GATE
          ",\"metric\":\"service\",\"statistic\":\"p99\",\"max\":\"250ms\",\"plausible_min\":\"1us\",\"min_n\":\"9\"")},
    {"budget of memory", GATE("budget", ",\"metric\":\"peak_rss\",\"statistic\":\"max\",\"max\":\"6GiB\"")},
    {"budget of a rate", GATE("budget", ",\"metric\":\"decode_rate\",\"statistic\":\"p50\",\"min\":\"50/s\"")},
    {"parity", GATE("parity", ANY_GATE
                    ",\"output\":\"logits\",\"max_ulp\":\"64\",\"max_abs\":\"1\",\"max_rel\":\"1\",\"max_rms\":\"1\","
                    "\"cosine_min\":\"0.99\",\"dot_bound\":\"8\",\"exact_min\":\"0.5\"")},
    {"parity by one limit", GATE("parity", ",\"output\":\"logits\",\"exact_min\":\"0.5\"")},
    {"stability", GATE("stability", ANY_GATE ",\"metric\":\"service_p50\",\"statistic\":\"max_dev\",\"max\":\"0.05\","
                                             "\"min_seeds\":\"8\",\"relative\":\"true\"")},
    {"change", GATE("change", ANY_GATE ",\"metric\":\"decode_rate\",\"max_change\":\"0.1\",\"unpaired\":\"allow\"")},
    {"success rate", GATE("success_rate", ANY_GATE ",\"min\":\"0.95\",\"min_n\":\"9\"")},
    {"cost", GATE("cost", ANY_GATE ",\"per\":\"correct\",\"max\":\"0.003USD\",\"prices\":\"prices.yaml\"")},
};

static json_t *json_of(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    if (!value) {
        fail_msg("no JSON: %s", text);
    }
    return value;
}

static void every_key_of_a_policy_takes_what_its_line_says(void **state)
{
    (void)state;
    struct assay_buf found;
    assay_buf_init(&found, FILE_MAX);
    sweep_list_values(values, TEXTS_COUNT + OTHERS_COUNT, &found);
    for (size_t i = 0; i < sizeof POLICIES / sizeof POLICIES[0]; i++) {
        json_t *document = json_of(POLICIES[i].text);
        const struct sweep sweep = {.name = POLICIES[i].name,
                                    .document = document,
                                    .values = values,
                                    .values_count = TEXTS_COUNT + OTHERS_COUNT,
                                    .below = strncmp(POLICIES[i].text, ONE_GATE, sizeof ONE_GATE - 1) == 0 ? "/gates/0/"
                                                                                                           : NULL,
                                    .ask = ask_policy};
        sweep_document(&sweep, &found);
        json_decref(document);
    }
    golden_hold("record/policy.txt", &found);
    assay_buf_done(&found);
}

/* ---- gates ------------------------------------------------------------------------------------------------------ */

static const char *const GATE_KINDS[] = {"speedup, arm: b, versus: a", "budget", "stability",
                                         "stability, relative: true", "change, versus: a, max_change: 0.1"};
static const char *const METRICS[] = {"service",       "decode_rate", "peak_rss", "success_share", "rate",
                                      "service_ratio", "service_p50", "foreign",  "foreign_ratio", "service_p99.9"};
static const char *const STATISTICS[] = {"-",   "mean", "sd",    "min",     "max", "p50", "p90",
                                         "p95", "p99",  "p99.9", "max_dev", "cv",  "p75"};
static const char *const LIMITS[] = {"min: 0.5", "max: 0.5", "max: 5ms", "min: 50/s", "max: 1KiB", "min: 1, max: 2"};

/* As it was read, or what is said of it. */
static void put_gate_of(const char *kind, const char *metric, const char *statistic, const char *limit,
                        struct assay_buf *out)
{
    struct assay_policy *policy = NULL;
    assay_err err = {0};
    char text[400];
    bool has_statistic = strcmp(statistic, "-") != 0;
    (void)snprintf(text, sizeof text, "assay_policy: 1\nname: x\ngates:\n  - {id: g, kind: %s, metric: %s%s%s, %s}\n",
                   kind, metric, has_statistic ? ", statistic: " : "", has_statistic ? statistic : "", limit);
    if (assay_policy_parse(text, strlen(text), &policy, &err) != ASSAY_OK) {
        sweep_refusal(&err, out);
        return;
    }
    const struct assay_policy_gate *gate = &policy->gates[0];
    assay_buf_printf(out, "%s, %s, %s, %.17g to %.17g, n %llu\n", gate->name, gate->unit ? gate->unit : "any unit",
                     gate->is_higher_better ? "higher" : "lower", gate->min.value, gate->max.value,
                     (unsigned long long)gate->min_n);
    assay_policy_free(policy);
}

/* One line for each answer, behind the limits that give it. */
static void put_gates_of(const char *kind, const char *metric, const char *statistic, struct assay_buf *out)
{
    enum { LIMITS_COUNT = sizeof LIMITS / sizeof LIMITS[0] };
    struct assay_buf answers[LIMITS_COUNT];
    for (size_t i = 0; i < LIMITS_COUNT; i++) {
        assay_buf_init(&answers[i], FILE_MAX);
        put_gate_of(kind, metric, statistic, LIMITS[i], &answers[i]);
    }
    for (size_t i = 0; i < LIMITS_COUNT; i++) {
        for (size_t k = i; k < LIMITS_COUNT && answers[i].len > 0; k++) {
            if (k == i || strcmp(answers[i].data, answers[k].data) == 0) {
                assay_buf_printf(out, k == i ? "  %s" : " | %s", LIMITS[k]);
                answers[k].len = k == i ? answers[k].len : 0;
            }
        }
        if (answers[i].len > 0) {
            assay_buf_printf(out, ": %s", answers[i].data);
        }
    }
    for (size_t i = 0; i < LIMITS_COUNT; i++) {
        assay_buf_done(&answers[i]);
    }
}

static void each_kind_of_gate_bounds_what_its_line_says(void **state)
{
    (void)state;
    struct assay_buf found;
    assay_buf_init(&found, FILE_MAX);
    for (size_t k = 0; k < sizeof GATE_KINDS / sizeof GATE_KINDS[0]; k++) {
        for (size_t m = 0; m < sizeof METRICS / sizeof METRICS[0]; m++) {
            for (size_t s = 0; s < sizeof STATISTICS / sizeof STATISTICS[0]; s++) {
                assay_buf_printf(&found, "%s, %s %s\n", GATE_KINDS[k], METRICS[m], STATISTICS[s]);
                put_gates_of(GATE_KINDS[k], METRICS[m], STATISTICS[s], &found);
            }
        }
    }
    golden_hold("record/gates.txt", &found);
    assay_buf_done(&found);
}

/* ---- lengths ---------------------------------------------------------------------------------------------------- */

/* What is repeated `count` times, %zu in it the number. */
static void repeat(struct assay_buf *out, const char *before, const char *each, size_t count, const char *after)
{
    assay_buf_text(out, before);
    for (size_t i = 0; i < count; i++) {
        const char *at = strchr(each, '#');
        assay_buf_append(out, each, at ? (size_t)(at - each) : strlen(each));
        if (at) {
            assay_buf_printf(out, "%zu%s", i, at + 1);
        }
    }
    assay_buf_text(out, after);
}

static void every_list_of_a_policy_has_its_most(void **state)
{
    (void)state;
    static const struct {
        const char *before, *each, *after;
        size_t most;
    } LISTS[] = {
        {"assay_policy: 1\nname: x\ngates:\n", "- {id: g#, kind: success_rate, min: 0.9}\n", "",
         ASSAY_POLICY_GATES_MAX},
        {"assay_policy: 1\nname: x\nrequire: {}\nsets:\n", "- {id: s#, manifest: m, sha256: " DIGEST "}\n", "",
         ASSAY_POLICY_SETS_MAX},
        {"assay_policy: 1\nname: x\ngates: [{id: g, kind: success_rate, min: 0.9}]\nwaivers:\n",
         "- {gate: g, covers: fail, reason: r, issued: 2026-11-01, expires: 2026-12-01}\n", "",
         ASSAY_POLICY_WAIVERS_MAX},
        {"assay_policy: 1\nname: x\nrequire: {}\ncompare: {must_match: [", "w#, ", "]}\n", ASSAY_POLICY_WORDS_MAX},
        {"assay_policy: 1\nname: x\nclaims:\n  rules:\n", "    C#: off\n", "", 256},
        {"assay_policy: 1\nname: x\nclaims:\n  same_as:\n", "  - [a#, b]\n", "", 256},
        {"assay_policy: 1\nname: x\nclaims:\n  suppress:\n", "  - {fingerprint: f#, reason: r}\n", "", 256},
        {"assay_policy: 1\nname: x\nrequire: {}\nrollout: {looks: 6, promote_after: 2, max_holds: 3, promote_margin: "
         "0.02, "
         "rollback_margin: 0.05, stages: [",
         "0.10#, ", "]}\n", 10}, /* 0.100 to 0.109: more would not rise */
    };
    for (size_t i = 0; i < sizeof LISTS / sizeof LISTS[0]; i++) {
        for (size_t count = LISTS[i].most; count <= LISTS[i].most + 1; count++) {
            struct assay_policy *policy = NULL;
            struct assay_buf text;
            assay_err err = {0};
            assay_buf_init(&text, FILE_MAX);
            repeat(&text, LISTS[i].before, LISTS[i].each, count, LISTS[i].after);
            if (strstr(text.data, "    C")) { /* three digits each */
                assay_buf_clear(&text);
                assay_buf_text(&text, LISTS[i].before);
                for (size_t k = 0; k < count; k++) {
                    assay_buf_printf(&text, "    C%03zu: off\n", k);
                }
            }
            assay_code rc = assay_policy_parse(text.data, text.len, &policy, &err);
            if ((rc == ASSAY_OK) != (count == LISTS[i].most)) {
                fail_msg("list %zu, %zu entries: %s", i, count, err.message);
            }
            assay_policy_free(policy);
            assay_buf_done(&text);
        }
    }
}

static void a_roll_out_has_at_most_sixteen_stages(void **state)
{
    (void)state;
    for (size_t count = 15; count <= 17; count++) {
        struct assay_policy *policy = NULL;
        struct assay_buf text;
        assay_buf_init(&text, FILE_MAX);
        assay_buf_text(&text,
                       "assay_policy: 1\nname: x\nrequire: {}\nrollout: {looks: 6, promote_after: 2, max_holds: 3, "
                       "promote_margin: 0.02, rollback_margin: 0.05, stages: [");
        for (size_t i = 1; i <= count; i++) {
            assay_buf_printf(&text, "%s0.%02zu", i > 1 ? ", " : "", i);
        }
        assay_buf_text(&text, "]}\n");
        assert_int_equal(assay_policy_parse(text.data, text.len, &policy, NULL) == ASSAY_OK, count <= 16);
        if (policy) {
            assert_int_equal(policy->rollout.stages_count, count);
            assert_true(policy->rollout.stages[count - 1] == (double)count / 100);
        }
        assay_policy_free(policy);
        assay_buf_done(&text);
    }
}

/* ---- memory ----------------------------------------------------------------------------------------------------- */

struct reading {
    const char *text;
    const struct assay_policy *honest; /* with memory enough */
};

static bool is_same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* What the words of a message are not needed for is as ever. Takes no memory of its own. */
static assay_code read_text(void *context)
{
    struct assay_policy *policy = NULL;
    const struct reading *reading = context;
    assay_code rc = assay_policy_parse(reading->text, strlen(reading->text), &policy, NULL);
    for (size_t i = 0; rc == ASSAY_OK && i < policy->gates_count; i++) {
        const struct assay_policy_gate *gate = &policy->gates[i], *due = &reading->honest->gates[i];
        assert_true(is_same(gate->name, due->name) && is_same(gate->unit, due->unit));
        assert_int_equal(gate->is_higher_better, due->is_higher_better);
        assert_int_equal(gate->min_n, due->min_n);
        assert_true(gate->min.value == due->min.value && gate->max.value == due->max.value);
    }
    assay_policy_free(policy);
    return rc;
}

static void a_policy_that_memory_is_too_short_for_is_not_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof POLICIES / sizeof POLICIES[0]; i++) {
        struct assay_policy *honest = NULL;
        assert_int_equal(assay_policy_parse(POLICIES[i].text, strlen(POLICIES[i].text), &honest, NULL), ASSAY_OK);
        struct reading reading = {.text = POLICIES[i].text, .honest = honest};
        assert_true(sweep_memory(read_text, &reading, true) > 10);
        assay_policy_free(honest);
    }
}

/* ---- marks ------------------------------------------------------------------------------------------------------ */

static void ask_marks(const json_t *document, struct assay_buf *ret, void *context)
{
    (void)context;
    struct assay_marks *marks = NULL;
    assay_err err = {0};
    char *text = json_dumps(document, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
    if (assay_marks_parse(text, strlen(text), &marks, &err) == ASSAY_OK) {
        for (size_t i = 0; i < marks->count; i++) {
            const struct assay_mark *mark = &marks->marks[i];
            assay_buf_printf(ret, "mark %s %s %s %s %lld to %lld\n", assay_mark_kind_text(mark->kind), mark->series,
                             mark->commit ? mark->commit : "-", mark->reason, (long long)mark->issued_day,
                             (long long)mark->expires_day);
        }
        assay_marks_free(marks);
    } else {
        assert_null(marks);
        assay_buf_printf(ret, "%s", err.code == ASSAY_MALFORMED ? "" : "(not malformed) ");
        sweep_refusal(&err, ret);
    }
    assay_free(text);
}

#define MARKS                                                                                                          \
    "{\"assay_marks\":\"1\",\"marks\":[{\"kind\":\"shift\",\"series\":\"a*\",\"commit\":\"abcdef0\",\"reason\":\"r\"," \
    "\"issued\":"                                                                                                      \
    "\"2026-11-01\",\"expires\":\"never\"},{\"kind\":\"ack\",\"series\":\"b\",\"commit\":\"abcdef1\",\"reason\":"      \
    "\"s\",\"issued\":"                                                                                                \
    "\"2026-11-01\",\"expires\":\"2026-12-01\"},{\"kind\":\"ignore\",\"series\":\"c\",\"commit\":\"any\",\"reason\":"  \
    "\"t\","                                                                                                           \
    "\"issued\":\"2026-11-01\",\"expires\":\"2026-12-01\"}]}"

static void every_key_of_a_mark_takes_what_its_line_says(void **state)
{
    (void)state;
    struct assay_buf found;
    json_t *document = json_of(MARKS);
    const struct sweep sweep = {.name = "marks",
                                .document = document,
                                .values = values,
                                .values_count = TEXTS_COUNT + OTHERS_COUNT,
                                .ask = ask_marks};
    assay_buf_init(&found, FILE_MAX);
    sweep_list_values(values, TEXTS_COUNT + OTHERS_COUNT, &found);
    sweep_document(&sweep, &found);
    golden_hold("record/marks.txt", &found);
    json_decref(document);
    assay_buf_done(&found);
}

static assay_code read_marks(void *context)
{
    struct assay_marks *marks = NULL;
    assay_code rc = assay_marks_parse(context, strlen(context), &marks, NULL);
    assay_marks_free(marks);
    return rc;
}

static void marks_that_memory_is_too_short_for_are_not_read(void **state)
{
    (void)state;
    char text[] = MARKS;
    assert_true(sweep_memory(read_marks, text, false) > 10);
}

int main(void)
{
    assay_json_init();
    make_values();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_of_a_policy_takes_what_its_line_says),
        cmocka_unit_test(each_kind_of_gate_bounds_what_its_line_says),
        cmocka_unit_test(every_list_of_a_policy_has_its_most),
        cmocka_unit_test(a_roll_out_has_at_most_sixteen_stages),
        cmocka_unit_test(a_policy_that_memory_is_too_short_for_is_not_read),
        cmocka_unit_test(every_key_of_a_mark_takes_what_its_line_says),
        cmocka_unit_test(marks_that_memory_is_too_short_for_are_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
