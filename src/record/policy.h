/*
 * Policy: a file of requirements and gates (statistics.md 4). Read strictly: whatever is unknown, missing, repeated or
 * does not fit is an error with its line and what would be right, since a policy that is half understood passes things
 * that nobody meant to pass.
 *
 *     struct assay_policy *policy = NULL;
 *     rc = assay_policy_parse(bytes, len, &policy, err);    // "line 14: gates[2] (memory): max: found '250ms', ..."
 *     ... policy->gates[i] ...
 *     assay_policy_free(policy);
 *
 * Numbers are in base units (ns, bytes, 1/s, 1, USD), shares in 0..1, dates in days since 1970. Texts belong to the
 * policy's arena. Which receipts a gate holds for, and whether it does, is judge/'s to say.
 */
#ifndef ASSAY_RECORD_POLICY_H
#define ASSAY_RECORD_POLICY_H

#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASSAY_POLICY_BYTES_MAX ((size_t)256 << 10) /* statistics.md 4.1 */
#define ASSAY_POLICY_GATES_MAX 256
#define ASSAY_POLICY_WAIVERS_MAX 64
#define ASSAY_POLICY_WAIVER_DAYS_MAX 90
#define ASSAY_POLICY_SETS_MAX 64
#define ASSAY_POLICY_WORDS_MAX 256 /* of one list: fields, roles, fingerprints */

enum assay_gate_kind {
    ASSAY_GATE_SPEEDUP,
    ASSAY_GATE_BUDGET,
    ASSAY_GATE_PARITY,
    ASSAY_GATE_STABILITY,
    ASSAY_GATE_CHANGE,
    ASSAY_GATE_SUCCESS_RATE,
    ASSAY_GATE_COST,
    ASSAY_GATE_KIND_COUNT
};
const char *assay_gate_kind_text(enum assay_gate_kind kind); /* "speedup" */

struct assay_policy_words {
    const char *const *words;
    size_t count;
};

struct assay_policy_number {
    bool is_given;
    double value;
};

struct assay_policy_gate {
    const char *id;
    uint32_t line; /* of the file, for messages; from 1 */
    enum assay_gate_kind kind;
    const char *metric, *statistic; /* as written; */
    const char *name;               /* both together: "ttft_sched_p99"; NULL for kinds without a metric */
    const char *unit;               /* of the metric, by the formula table; NULL: this build does not know the name */
    bool is_higher_better;
    const char *arm, *versus, *set, *workload, *host, *output, *per, *prices;
    bool is_unpaired_allowed, is_relative;
    struct assay_policy_number min, max, worst_min, plausible_min, max_change;
    struct assay_policy_number max_ulp, max_abs, max_rel, max_rms, cosine_min, dot_bound, exact_min; /* parity */
    uint64_t min_n, min_seeds;
    double confidence, margin;
};

struct assay_policy_set {
    const char *id, *manifest, *sha256;
};

struct assay_policy_waiver {
    const char *gate, *covers, *reason; /* covers: "fail" or "undecided" */
    int64_t issued_day, expires_day;
};

struct assay_policy_rollout {
    bool is_given;
    double stages[16];
    size_t stages_count;
    uint64_t looks, promote_after, max_holds;
    double promote_margin, rollback_margin;
    struct assay_policy_words guards;
    uint64_t cooldown_ns;
};

/* What turns on gates of evidence.md 3.2. */
struct assay_policy_require {
    struct assay_policy_words compute_path, subjects, host_fields, choices;
    bool wants_clean_tree, wants_release_build, wants_host_class, wants_intent, wants_policy_logged, wants_audits;
    struct assay_policy_number tier, attempts_max, fallback_share_max, failed_share_max, aa_width_max;
};

/* The section of claims/ (claims.md 4). */
struct assay_policy_claims {
    bool is_given;
    const char *fail_on; /* "error", "warning", "note" */
    const char *stale;   /* the same words, or "off" */
    struct assay_policy_number min_coverage;
    bool forbids_unbound, requires_signed;
    uint64_t max_age_ns; /* 0: any */
    struct assay_policy_rule {
        const char *id, *level; /* "C602"; "error", "warning", "note", "off" */
    } * rules;
    size_t rules_count;
    struct assay_policy_words *same_as; /* each group is names of one quantity */
    size_t same_as_count;
    struct assay_policy_suppression {
        const char *fingerprint, *reason;
    } * suppress;
    size_t suppress_count;
};

struct assay_policy {
    struct assay_arena arena;
    const char *name;
    uint64_t version;
    struct assay_policy_require require;
    double confidence, margin, family_q;
    uint64_t max_age_ns; /* 0: any */
    struct assay_policy_words must_match, may_differ;
    struct assay_policy_set *sets;
    size_t sets_count;
    struct assay_policy_gate *gates;
    size_t gates_count;
    struct assay_policy_waiver *waivers;
    size_t waivers_count;
    struct assay_policy_rollout rollout;
    struct assay_policy_claims claims;
    bool has_require;
    char sha256[65]; /* of the file's bytes */
};

assay_code assay_policy_parse(const char *bytes, size_t len, struct assay_policy **ret, assay_err *err);
void assay_policy_free(struct assay_policy *policy); /* fine on NULL */

/* The set of that id, or NULL. */
const struct assay_policy_set *assay_policy_set(const struct assay_policy *policy, const char *id);

/* "2026-11-21" to days since 1970-01-01 and back; false: no such day. */
bool assay_day_read(const char *text, int64_t *ret_day);
void assay_day_print(int64_t day, char text[11]);

#endif
