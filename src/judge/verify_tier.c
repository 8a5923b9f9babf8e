#include "judge/judge_room.h"

#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is proven (evidence.md 3.4): the highest tier whose conditions all hold, capped by what was not checked. A file
 * holds no tier. */

enum { TIER_NONE = -1, TIER_UNSIGNED, TIER_SIGNED, TIER_LOGGED, TIER_WITNESSED, TIER_CHALLENGED, TIER_REPRODUCED };

/* The tier that a code allows at most. Codes that are not here cap nothing. */
static const struct {
    const char *code;
    int tier;
} CAPS[] = {
    {"trace", TIER_UNSIGNED},
    {"scripted", TIER_SIGNED},
    {"imported", TIER_SIGNED},
    {"interop", TIER_SIGNED},
    {"intent", TIER_SIGNED},
    {"outside-time", TIER_LOGGED},
    {"witness", TIER_LOGGED},
    {"clock-cross", 3},
    {"compute-identity", 3},
    {"cache-state", 3},
    {"host-probe", 3},
    {"interference", 3},
    {"choice", 3},
    {"determinism", 3},
    {"loaded-objects", 3},
};

/* ---- codes ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_code(const char **codes, size_t *count, const char *code)
{
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(codes[i], code) == 0) {
            return;
        }
    }
    if (*count < JUDGE_CODES_MAX) {
        codes[(*count)++] = code;
    }
}

/* A quorum of witnesses before and after. */
static bool is_bracketed(const struct judge *judge)
{
    return judge->outside.has_before && judge->outside.has_after;
}

/* The derived codes where there are some: a file's own list is shown only if nothing better is there. */
size_t judge_codes(const struct judge *judge, const char *codes[JUDGE_CODES_MAX])
{
    static const char *const ALWAYS[] = {"platform", "signer-honesty", "unlogged-runs"};
    const json_t *from = judge->is_derived ? judge->derived.statement : judge->statement;
    const json_t *list = assay_json_at(from, "/predicate/notChecked");
    const json_t *item;
    size_t count = 0, at;
    for (size_t i = 0; i < sizeof ALWAYS / sizeof ALWAYS[0]; i++) {
        add_code(codes, &count, ALWAYS[i]);
    }
    /* what depends on what was given, before a long foreign list could crowd it out */
    if (!judge->is_derived) {
        add_code(codes, &count, "trace");
    }
    if (judge->input->is_interop) {
        add_code(codes, &count, "interop");
    }
    if (judge->out->has_head && !is_bracketed(judge)) {
        add_code(codes, &count, "outside-time");
    }
    json_array_foreach(list, at, item)
    {
        const char *code = json_string_value(item);
        if (code) {
            add_code(codes, &count, code);
        }
    }
    qsort(codes, count, sizeof codes[0], by_text);
    return count;
}

static int cap_of(const struct judge *judge)
{
    const char *codes[JUDGE_CODES_MAX];
    size_t count = judge_codes(judge, codes);
    int cap = TIER_REPRODUCED;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < sizeof CAPS / sizeof CAPS[0]; k++) {
            if (strcmp(codes[i], CAPS[k].code) == 0 && CAPS[k].tier < cap) {
                cap = CAPS[k].tier;
            }
        }
    }
    return cap;
}

/* ---- the tier ---- */

static bool is_logged(const struct judge *judge)
{
    const struct log_view *log = &judge->log;
    return log->is_whole && log->is_logged && log->has_intent && log->intent < log->outcome && log->open == 0 &&
           !judge_has(judge, GATE_INTENT, GATE_POLICY_LATE, ASSAY_VERDICT_FAIL);
}

/* Choices that nobody could know before, and no audit that failed; that they were made at all is in the codes. */
static bool is_challenged(const struct judge *judge)
{
    static const char *const AUDITS[] = {"cache_audit@", "choice_audit@", "clock_cross@", "output_reference@",
                                         "output_same@"};
    const char *source = json_string_value(assay_json_at(judge->statement, "/predicate/protocol/seedSource"));
    const json_t *checks = assay_json_at(judge->statement, "/predicate/checks"), *check;
    size_t i;
    if (!source || (strcmp(source, "challenge") != 0 && strcmp(source, "log-head") != 0) ||
        judge_has(judge, GATE_CHOICES, GATE_CHOICES, ASSAY_VERDICT_FAIL)) {
        return false;
    }
    json_array_foreach(checks, i, check)
    {
        const char *rule = judge_text_of(check, "rule");
        for (size_t k = 0; k < sizeof AUDITS / sizeof AUDITS[0]; k++) {
            if (assay_text_starts(rule, AUDITS[k]) && strcmp(judge_text_of(check, "verdict"), "pass") != 0) {
                return false;
            }
        }
    }
    return true;
}

static int earned(const struct judge *judge)
{
    const struct assay_judgement *out = judge->out;
    bool is_whole = out->is_readable && !judge_has(judge, 101, 199, ASSAY_VERDICT_FAIL) &&
                    out->lines[ASSAY_LINE_CRYPTO].verdict != ASSAY_VERDICT_FAIL &&
                    out->lines[ASSAY_LINE_RECOMPUTE].verdict == ASSAY_VERDICT_PASS;
    if (!is_whole) {
        return TIER_NONE;
    }
    if (out->lines[ASSAY_LINE_CRYPTO].verdict != ASSAY_VERDICT_PASS) {
        return TIER_UNSIGNED;
    }
    if (!is_logged(judge) || !is_bracketed(judge)) {
        return is_logged(judge) ? TIER_LOGGED : TIER_SIGNED;
    }
    if (!is_challenged(judge)) {
        return TIER_WITNESSED;
    }
    return judge->is_reproduced ? TIER_REPRODUCED : TIER_CHALLENGED;
}

void judge_tier(struct judge *judge)
{
    int tier = earned(judge), cap = cap_of(judge);
    judge->out->tier = tier < cap ? tier : cap;
    if (!judge->input->is_tier_required || !judge->out->is_readable) {
        return;
    }
    char expected[64];
    (void)snprintf(expected, sizeof expected, "tier %d or higher", judge->input->required_tier);
    judge->expectations++;
    if (judge->out->tier < judge->input->required_tier) {
        judge->expectations_failed++;
        judge_add(judge, GATE_TIER, ASSAY_VERDICT_FAIL, "", judge_tier_text(judge), expected);
    }
}

const char *judge_tier_text(const struct judge *judge)
{
    static const char *const TEXTS[] = {"tier 0 unsigned",  "tier 1 signed",     "tier 2 logged",
                                        "tier 3 witnessed", "tier 4 challenged", "tier 5 reproduced"};
    bool has_signature = json_array_size(json_object_get(judge->envelope, "signatures")) > 0;
    int tier = judge->out->tier;
    if (tier < 0) {
        return "no tier";
    }
    assert((size_t)tier < sizeof TEXTS / sizeof TEXTS[0]);
    return tier == 0 && has_signature ? "tier 0, no signature was checked" : TEXTS[tier];
}
