/* `require` of a policy: gates 401 to 422 of evidence.md 3.2, one row each over all receipts. */
#include "judge/comparable.h"
#include "judge/gate_room.h"
#include "judge/judge_room.h"

#include "base/clock.h"

#include "base/num.h"
#include "base/text.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define NS_PER_S 1000000000
#define OPTIMIZE_LEAST 2 /* what is built below -O2 was not meant for speed */

/* What one receipt answers to one requirement; NULL found: it is met. */
struct answer {
    enum assay_verdict verdict;
    const char *found;
};

struct asked {
    struct gates *gates;
    const struct assay_policy_require *require;
    const struct assay_opened *run;
};

#define MET ((struct answer){ASSAY_VERDICT_PASS, NULL})

static struct answer wrong(const char *found)
{
    return (struct answer){ASSAY_VERDICT_FAIL, found};
}

static struct answer unknown(const char *found)
{
    return (struct answer){ASSAY_VERDICT_UNDECIDED, found};
}

static const json_t *at(const struct asked *asked, const char *pointer)
{
    return assay_json_at(asked->run->statement, pointer);
}

static bool has_word(const struct assay_policy_words *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++) {
        if (strcmp(words->words[i], word) == 0) {
            return true;
        }
    }
    return false;
}

static struct answer subjects(const struct asked *asked)
{
    const json_t *list = json_object_get(asked->run->statement, "subject");
    for (size_t w = 0; w < asked->require->subjects.count; w++) {
        const char *role = asked->require->subjects.words[w];
        size_t len = strlen(role);
        bool is_there = false;
        size_t i;
        json_t *subject;
        json_array_foreach(list, i, subject)
        {
            const char *name = judge_text_of(subject, "name");
            is_there |= strncmp(name, role, len) == 0 && name[len] == ':';
        }
        if (!is_there) {
            return wrong(judge_draft_text(asked->gates->draft, "no subject of role %s", role));
        }
    }
    return MET;
}

static struct answer tree(const struct asked *asked)
{
    return json_is_false(at(asked, "/predicate/environment/build/dirty")) ? MET : wrong("a dirty tree");
}

/* Against the day that is judged by, or, for the hour, the clock of the verifier. */
static struct answer age(const struct asked *asked)
{
    int64_t finished;
    uint64_t most_s = asked->gates->question->policy->max_age_ns / NS_PER_S;
    const char *text = judge_text_of(at(asked, "/predicate/attempts"), "finishedAt");
    if (!assay_time_read(text, &finished)) {
        return wrong("no date");
    }
    int64_t age_s = (asked->gates->question->day + 1) * GATE_DAY_S - finished;
    return age_s <= (int64_t)most_s + GATE_DAY_S ? MET : wrong(text);
}

static struct answer build(const struct asked *asked)
{
    const json_t *build = at(asked, "/predicate/environment/build");
    if (json_array_size(json_object_get(build, "sanitizers")) > 0 || json_is_true(json_object_get(build, "coverage"))) {
        return wrong("a sanitizer or coverage build");
    }
    return json_integer_value(json_object_get(build, "optimize")) >= OPTIMIZE_LEAST ? MET : wrong("optimize below 2");
}

static struct answer host_class(const struct asked *asked)
{
    const struct assay_opened *first = asked->gates->runs[0];
    size_t differing = asked->run == first ? 0 : comparable_host(NULL, first, asked->run);
    return differing == 0 ? MET
                          : unknown(judge_draft_text(asked->gates->draft, "%zu field%s from '%.100s'", differing,
                                                     differing == 1 ? " differs" : "s differ", first->name));
}

static struct answer host_fields(const struct asked *asked)
{
    const json_t *host = at(asked, "/predicate/environment/hosts/0");
    for (size_t i = 0; i < asked->require->host_fields.count; i++) {
        const json_t *value = json_object_get(host, asked->require->host_fields.words[i]);
        if (!value || json_object_get(value, "unknown")) {
            return unknown(judge_draft_text(asked->gates->draft, "%s: %.160s", asked->require->host_fields.words[i],
                                            value ? judge_text_of(value, "unknown") : "no such field"));
        }
    }
    return MET;
}

static struct answer intent(const struct asked *asked)
{
    const json_t *value = at(asked, "/predicate/attempts/intent");
    return json_object_get(value, "leaf") ? MET : wrong("no intent was logged before the start");
}

static struct answer attempts(const struct asked *asked)
{
    const json_t *earlier = at(asked, "/predicate/attempts/earlier");
    const json_t *attempt = at(asked, "/predicate/attempts/ci/attempt");
    int64_t made = json_integer_value(json_object_get(earlier, "intents"));
    int64_t open = json_integer_value(json_object_get(earlier, "open"));
    made = made < 1 ? 1 : made; /* this one, logged or not */
    if (json_is_integer(attempt) && json_integer_value(attempt) > made) {
        made = json_integer_value(attempt);
    }
    if ((double)made > asked->require->attempts_max.value || open > 0) {
        return wrong(judge_draft_text(asked->gates->draft, "%" PRId64 " attempts, %" PRId64 " open", made, open));
    }
    return MET;
}

static struct answer policy_logged(const struct asked *asked)
{
    const char *logged = json_string_value(at(asked, "/predicate/protocol/policySha256"));
    return logged && strcmp(logged, asked->gates->question->policy->sha256) == 0
               ? MET
               : wrong("the run was not planned under this policy");
}

static struct answer compute_path(const struct asked *asked)
{
    const char *path = judge_text_of(at(asked, "/predicate/protocol"), "computePath");
    return has_word(&asked->require->compute_path, path) ? MET : wrong(path);
}

static double number(const json_t *value)
{
    uint64_t n = 0;
    return json_is_string(value) && assay_json_u64_read(json_string_value(value), &n) ? (double)n
                                                                                      : json_number_value(value);
}

static struct answer fallback(const struct asked *asked)
{
    const json_t *entries = at(asked, "/predicate/kernels/entries"), *checks = at(asked, "/predicate/checks");
    double all = 0, fallback = 0;
    size_t i;
    json_t *entry;
    json_array_foreach(entries, i, entry)
    {
        const char *id = json_string_value(json_object_get(entry, "id"));
        double ns = number(json_object_get(entry, "ns"));
        all += ns;
        fallback +=
            json_is_true(json_object_get(entry, "fallback")) || (id && assay_breaker_stands_in(checks, id)) ? ns : 0;
    }
    if (all == 0) {
        return unknown("no kernel time was counted"); /* of a remote subject, say: nothing shows what ran there */
    }
    double share = fallback / all;
    return share <= asked->require->fallback_share_max.value
               ? MET
               : wrong(judge_draft_text(asked->gates->draft, "%.4g of kernel time", share));
}

static struct answer failed(const struct asked *asked)
{
    const json_t *samples = at(asked, "/predicate/samples");
    double count = number(json_object_get(samples, "count"));
    double bad = number(json_object_get(samples, "failed")) + number(json_object_get(samples, "timedOut"));
    double share = count > 0 ? bad / count : 1;
    return share <= asked->require->failed_share_max.value
               ? MET
               : wrong(judge_draft_text(asked->gates->draft, "%.4g of samples", share));
}

static struct answer tier(const struct asked *asked)
{
    int found = asked->run->judgement->tier;
    return found >= (int)asked->require->tier.value ? MET
                                                    : wrong(judge_draft_text(asked->gates->draft, "tier %d", found));
}

static struct answer choices(const struct asked *asked)
{
    const char *source = judge_text_of(at(asked, "/predicate/protocol"), "seedSource");
    return has_word(&asked->require->choices, source) ? MET : wrong(source);
}

static struct answer audits(const struct asked *asked)
{
    const json_t *checks = at(asked, "/predicate/checks");
    size_t passed = 0;
    size_t i;
    json_t *check;
    json_array_foreach(checks, i, check)
    {
        const char *rule = judge_text_of(check, "rule"), *verdict = judge_text_of(check, "verdict");
        bool is_audit = assay_text_starts(rule, "cache_audit@") || assay_text_starts(rule, "output_");
        if (is_audit && strcmp(verdict, assay_verdict_text(ASSAY_VERDICT_FAIL)) == 0) {
            return wrong(judge_draft_text(asked->gates->draft, "%.32s failed", rule));
        }
        passed += is_audit && strcmp(verdict, assay_verdict_text(ASSAY_VERDICT_PASS)) == 0;
    }
    return passed > 0 ? MET : wrong("no cache or output audit");
}

static struct answer interference(const struct asked *asked)
{
    const json_t *checks = at(asked, "/predicate/checks");
    size_t i;
    json_t *check;
    json_array_foreach(checks, i, check)
    {
        const json_t *data = json_object_get(check, "data");
        double width;
        if (assay_text_starts(judge_text_of(check, "rule"), "aa_noise@") && json_object_get(data, "width") &&
            assay_json_get_dec(data, "width", "", &width, NULL) == ASSAY_OK) {
            return width <= asked->require->aa_width_max.value
                       ? MET
                       : unknown(judge_draft_text(asked->gates->draft, "A/A interval %.4g wide", width));
        }
    }
    return unknown("no A/A check under this receipt");
}

static const struct requirement {
    unsigned gate;
    const char *id, *expected;
    size_t flag; /* offset in the policy of what turns it on; its first member is a bool, a count or is_given */
    enum { BY_FLAG, BY_WORDS, BY_NUMBER, BY_AGE } by;
    struct answer (*ask)(const struct asked *asked);
} REQUIREMENTS[] = {
#define REQUIRE(member) offsetof(struct assay_policy, require.member)
    {401, "require.subjects", "a subject of every role", REQUIRE(subjects), BY_WORDS, subjects},
    {403, "require.tree", "a clean tree", REQUIRE(wants_clean_tree), BY_FLAG, tree},
    {405, "max_age", "a receipt not older than max_age", 0, BY_AGE, age},
    {407, "require.build", "a release build", REQUIRE(wants_release_build), BY_FLAG, build},
    {409, "require.host_class", "one host class", REQUIRE(wants_host_class), BY_FLAG, host_class},
    {410, "require.host_fields", "host fields that are known", REQUIRE(host_fields), BY_WORDS, host_fields},
    {412, "require.intent", "a logged intent", REQUIRE(wants_intent), BY_FLAG, intent},
    {414, "require.attempts_max", "no more attempts, none open", REQUIRE(attempts_max), BY_NUMBER, attempts},
    {415, "require.policy_logged", "this policy in the plan", REQUIRE(wants_policy_logged), BY_FLAG, policy_logged},
    {416, "require.compute_path", "an admitted compute path", REQUIRE(compute_path), BY_WORDS, compute_path},
    {417, "require.fallback", "no more fallback", REQUIRE(fallback_share_max), BY_NUMBER, fallback},
    {418, "require.failed", "no more failed samples", REQUIRE(failed_share_max), BY_NUMBER, failed},
    {419, "require.tier", "the tier asked for", REQUIRE(tier), BY_NUMBER, tier},
    {420, "require.choices", "choices that the runner could not make", REQUIRE(choices), BY_WORDS, choices},
    {421, "require.audits", "audits that pass", REQUIRE(wants_audits), BY_FLAG, audits},
    {422, "require.aa_width", "a quiet host", REQUIRE(aa_width_max), BY_NUMBER, interference},
};

static bool is_asked(const struct requirement *requirement, const struct assay_policy *policy)
{
    const void *place = (const char *)policy + requirement->flag;
    switch (requirement->by) {
    case BY_FLAG:
        return *(const bool *)place;
    case BY_WORDS:
        return ((const struct assay_policy_words *)place)->count > 0;
    case BY_NUMBER:
        return ((const struct assay_policy_number *)place)->is_given;
    case BY_AGE:
    default:
        return policy->max_age_ns > 0;
    }
}

static void require_one(struct gates *gates, const struct requirement *requirement)
{
    struct answer worst = MET;
    const struct assay_opened *by = NULL;
    for (size_t i = 0; i < gates->runs_count; i++) {
        const struct asked asked = {
            .gates = gates, .require = &gates->question->policy->require, .run = gates->runs[i]};
        struct answer answer = requirement->ask(&asked);
        bool is_worse = answer.verdict == ASSAY_VERDICT_FAIL ||
                        (answer.verdict == ASSAY_VERDICT_UNDECIDED && worst.verdict == ASSAY_VERDICT_PASS);
        if (is_worse && worst.verdict != ASSAY_VERDICT_FAIL) {
            worst = answer;
            by = gates->runs[i];
        }
    }
    struct assay_verdict_row *row = judge_draft_row(gates->draft, requirement->id, "requirement");
    row->is_in_family = true;
    row->expected = requirement->expected;
    row->verdict = gates->runs_count == 0 ? ASSAY_VERDICT_NOT_MEASURED : worst.verdict;
    row->gate = row->verdict == ASSAY_VERDICT_PASS ? 0 : requirement->gate;
    row->found = worst.found ? judge_draft_copy(gates->draft, worst.found) : NULL;
    row->element = by ? by->name : NULL;
}

void gate_require(struct gates *gates)
{
    for (size_t i = 0; i < sizeof REQUIREMENTS / sizeof REQUIREMENTS[0]; i++) {
        if (is_asked(&REQUIREMENTS[i], gates->question->policy)) {
            require_one(gates, &REQUIREMENTS[i]);
        }
    }
}
