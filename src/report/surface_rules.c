/* What each rule of a surface demands, for SARIF and code quality: by name, or by the hundred of its gate number. */
#include "report/surface_rows.h"

#include "base/text.h"

#include <stddef.h>
#include <string.h>

struct rule_text {
    const char *rule; /* a name; or the beginning of one, if is_prefix */
    bool is_prefix;
    struct assay_surface_rule text;
};

static const struct rule_text RULES[] = {
    {"document", false, {"The document can be read", "A receipt, run record or imported summary in its strict form."}},
    {"crypto", false, {"Signatures and log", "Signatures, trust file and transparency log say who vouches for it."}},
    {"recompute",
     false,
     {"Numbers derived again", "Every number is derived again from plan and trace and compared byte for byte."}},
    {"policy", false, {"Expectations", "What the caller expects of subject, commit, build, age and tier."}},
    {"1", true, {"The document is malformed", "The file is missing, not strict, not canonical, or over a cap."}},
    {"2", true, {"A signature or log does not hold", "Signature, key, trust file, log proof or artefact is wrong."}},
    {"30", true, {"The trace does not fit", "Plan or trace is missing, or its bytes, order or counts are wrong."}},
    {"31", true, {"A derived field differs", "A metric, count, check or field is not what the trace gives."}},
    {"32", true, {"A derived field differs", "A metric, count, check or field is not what the trace gives."}},
    {"33", true, {"A number cannot be", "Numbers contradict each other, the clock, or the limits of the machine."}},
    {"34",
     true,
     {"The run is not sound", "The run broke a validity rule, or its totals are not the sum of its parts."}},
    {"4", true, {"An expectation is not met", "Subject, commit, build, age, host, baseline, log or tier is another."}},
    {"gate-speedup", false, {"Gate: speedup", "The ratio of two arms must reach the limit, by its lower bound."}},
    {"gate-budget", false, {"Gate: budget", "A statistic must stay within its limit, by its bound."}},
    {"gate-parity", false, {"Gate: parity", "Outputs must agree with the reference within the limits."}},
    {"gate-stability", false, {"Gate: stability", "The spread over seeds must stay within its limit."}},
    {"gate-change", false, {"Gate: change", "The change against the baseline must stay within its limit."}},
    {"gate-success_rate", false, {"Gate: success rate", "The share of good answers must reach the limit."}},
    {"gate-cost", false, {"Gate: cost", "The cost of a correct answer must stay within its limit."}},
    {"gate-receipt", false, {"Gate: receipt", "A policy is judged on receipts that verify, with plan and trace."}},
    {"gate-", true, {"Gate: requirement", "What the policy requires of every receipt must hold."}},
};

struct assay_surface_rule assay_surface_rule(const char *rule)
{
    for (size_t i = 0; i < sizeof RULES / sizeof RULES[0]; i++) {
        const struct rule_text *row = &RULES[i];
        if (row->is_prefix ? assay_text_starts(rule, row->rule) : strcmp(rule, row->rule) == 0) {
            return row->text;
        }
    }
    return (struct assay_surface_rule){"Another rule", "A rule that this build has no words for."};
}
