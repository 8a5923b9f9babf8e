#include "report/advice.h"

#include "report/compare.h"
#include "report/facts.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#define ADVICE_MAX 1024 /* recommendations of one report; nobody reads more */

/* Thresholds. Each is where a reader would act, not where a test would reject. */
#define QUEUE_RATIO 1.5       /* median from schedule over median service time */
#define TAIL_RATIO 5.0        /* p99 over median of one latency */
#define FAILED_SHARE 0.01     /* of what was issued */
#define COLD_RATIO 5.0        /* median TTFT cold over warm */
#define KNEE_RATE_GAIN 1.1    /* more users bring less than this much more output ... */
#define KNEE_LATENCY_GAIN 1.5 /* ... and cost more than this much TTFT */
#define FIRST_CHUNK_TPOT 1.02 /* tpot_after_first over tpot: the first chunk held several tokens */

/* One rule at work: what it looks at and what it has read. */
struct inquiry {
    const struct assay_entry *entries;
    size_t count, self;
    struct assay_buf inputs, text;
};

/* Reads one input and writes it down. Without a value the rule stays silent. */
static bool input_read(struct inquiry *inquiry, size_t entry, const char *name, double *ret)
{
    const struct assay_entry *from = &inquiry->entries[entry];
    const struct assay_metric_view *metric = assay_view_metric(from->view, from->arm, name);
    if (metric == NULL || metric->absent != NULL) {
        return false;
    }
    *ret = metric->value;
    assay_buf_printf(&inquiry->inputs, "%s%s ", inquiry->inputs.len > 0 ? ", " : "", name);
    assay_facts_value(from->view, metric, &inquiry->inputs);
    assay_buf_printf(&inquiry->inputs, " (n=%llu)", (unsigned long long)metric->n);
    return true;
}

static const struct assay_view *view_of(const struct inquiry *inquiry)
{
    return inquiry->entries[inquiry->self].view;
}

static bool rule_more_samples(struct inquiry *inquiry)
{
    static const char *const NAMES[] = {"ttft_p50", "ttft_p95", "ttft_p99"};
    const struct assay_view *view = view_of(inquiry);
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        const struct assay_metric_view *metric = assay_view_metric(view, inquiry->entries[inquiry->self].arm, NAMES[i]);
        if (metric != NULL && metric->absent != NULL && strncmp(metric->absent, "n too small", 11) == 0) {
            assay_buf_printf(&inquiry->inputs, "%s: %s", NAMES[i], metric->absent);
            assay_buf_printf(&inquiry->text, "take more samples if %s matters: it needs %llu", NAMES[i],
                             (unsigned long long)assay_metric_least_n(metric->stat));
            return true;
        }
    }
    return false;
}

static bool rule_queueing(struct inquiry *inquiry)
{
    double service, scheduled;
    if (!input_read(inquiry, inquiry->self, "ttft_p50", &service) ||
        !input_read(inquiry, inquiry->self, "ttft_sched_p50", &scheduled) || scheduled < QUEUE_RATIO * service) {
        return false;
    }
    assay_buf_text(&inquiry->text, "requests wait before they are sent: users see the latency from schedule; lower the "
                                   "rate or add capacity before reading service times");
    return true;
}

static bool rule_tail(struct inquiry *inquiry)
{
    double median, tail;
    if (!input_read(inquiry, inquiry->self, "ttft_p50", &median) ||
        !input_read(inquiry, inquiry->self, "ttft_p99", &tail) || tail < TAIL_RATIO * median) {
        return false;
    }
    assay_buf_text(&inquiry->text, "the slowest first tokens are far from the median: gate on p99, and look at the "
                                   "slowest samples before tuning the median");
    return true;
}

static bool rule_failures(struct inquiry *inquiry)
{
    const struct assay_view *view = view_of(inquiry);
    uint64_t bad = view->failed + view->timed_out;
    if (view->count == 0 || (double)bad <= FAILED_SHARE * (double)view->count) {
        return false;
    }
    assay_buf_printf(&inquiry->inputs, "failed %llu, timed out %llu, of %llu samples", (unsigned long long)view->failed,
                     (unsigned long long)view->timed_out, (unsigned long long)view->count);
    assay_buf_text(&inquiry->text, "find out why requests fail before comparing latencies: percentiles of ok samples "
                                   "alone flatter a failing server");
    return true;
}

static bool rule_first_chunk(struct inquiry *inquiry)
{
    double tpot, after;
    if (!input_read(inquiry, inquiry->self, "tpot_p50", &tpot) ||
        !input_read(inquiry, inquiry->self, "tpot_after_first_p50", &after) || after < FIRST_CHUNK_TPOT * tpot) {
        return false;
    }
    assay_buf_text(&inquiry->text, "first chunks hold several tokens: gate on tpot_after_first, not on tpot");
    return true;
}

static const struct assay_arm_view *arm_of(const struct assay_entry *entry)
{
    return &entry->view->arms[entry->arm];
}

static bool rule_cold_start(struct inquiry *inquiry)
{
    const struct assay_entry *cold = &inquiry->entries[inquiry->self];
    if (strcmp(arm_of(cold)->state, "cold") != 0) {
        return false;
    }
    for (size_t i = 0; i < inquiry->count; i++) {
        const struct assay_entry *warm = &inquiry->entries[i];
        double slow, fast;
        if (strcmp(arm_of(warm)->state, "warm") == 0 && assay_entries_comparable(cold, warm) &&
            strcmp(arm_of(warm)->model, arm_of(cold)->model) == 0) {
            bool is_slow = input_read(inquiry, inquiry->self, "ttft_p50", &slow) &&
                           input_read(inquiry, i, "ttft_p50", &fast) && slow > COLD_RATIO * fast;
            assay_buf_text(&inquiry->text, "keep the model resident (cold, then warm, above): loading it dominates the "
                                           "first token");
            return is_slow;
        }
    }
    return false;
}

static int64_t users_of(const struct assay_entry *entry)
{
    return json_integer_value(assay_json_at(entry->view->predicate, "/protocol/load/concurrency"));
}

/* The same model, host and path under fewer users, the nearest such run. */
static size_t fewer_users(const struct inquiry *inquiry)
{
    const struct assay_entry *self = &inquiry->entries[inquiry->self];
    size_t best = inquiry->count;
    for (size_t i = 0; i < inquiry->count; i++) {
        const struct assay_entry *other = &inquiry->entries[i];
        bool is_like = strcmp(arm_of(self)->model, arm_of(other)->model) == 0 &&
                       strcmp(arm_of(self)->state, arm_of(other)->state) == 0 &&
                       strcmp(self->view->url, other->view->url) == 0 && users_of(other) > 0 &&
                       users_of(other) < users_of(self);
        if (is_like && (best == inquiry->count || users_of(other) > users_of(&inquiry->entries[best]))) {
            best = i;
        }
    }
    return best;
}

static bool rule_knee(struct inquiry *inquiry)
{
    size_t fewer = fewer_users(inquiry);
    double rate_few, rate_many, ttft_few, ttft_many;
    if (fewer == inquiry->count || !input_read(inquiry, fewer, "output_rate", &rate_few) ||
        !input_read(inquiry, inquiry->self, "output_rate", &rate_many) ||
        !input_read(inquiry, fewer, "ttft_p50", &ttft_few) ||
        !input_read(inquiry, inquiry->self, "ttft_p50", &ttft_many) || rate_many >= KNEE_RATE_GAIN * rate_few ||
        ttft_many <= KNEE_LATENCY_GAIN * ttft_few) {
        return false;
    }
    assay_buf_printf(&inquiry->text, "stay near %lld users: %lld bring hardly more output and cost first-token time",
                     (long long)users_of(&inquiry->entries[fewer]),
                     (long long)users_of(&inquiry->entries[inquiry->self]));
    return true;
}

static const struct rule {
    const char *name;
    bool (*ask)(struct inquiry *inquiry); /* true: it fires; inputs and text are then filled */
} RULES[] = {
    {"failures", rule_failures},         {"queueing", rule_queueing}, {"knee", rule_knee},
    {"cold-start", rule_cold_start},     {"tail", rule_tail},         {"first-chunk", rule_first_chunk},
    {"more-samples", rule_more_samples},
};

static assay_code rule_ask(const struct rule *rule, const struct assay_entry *entries, size_t count, size_t self,
                           struct assay_arena *arena, struct assay_advice *advice, size_t *advice_count, assay_err *err)
{
    struct inquiry inquiry = {.entries = entries, .count = count, .self = self};
    assay_buf_init(&inquiry.inputs, ASSAY_REPORT_BYTES_MAX);
    assay_buf_init(&inquiry.text, ASSAY_REPORT_BYTES_MAX);
    assay_code rc = ASSAY_OK;
    if (rule->ask(&inquiry) && *advice_count < ADVICE_MAX) {
        struct assay_advice *given = &advice[*advice_count];
        rc = assay_buf_check(&inquiry.inputs, err);
        rc = rc == ASSAY_OK ? assay_buf_check(&inquiry.text, err) : rc;
        if (rc == ASSAY_OK) {
            *given = (struct assay_advice){.rule = rule->name,
                                           .text = assay_arena_text(arena, inquiry.text.data, inquiry.text.len),
                                           .inputs = assay_arena_text(arena, inquiry.inputs.data, inquiry.inputs.len),
                                           .view = entries[self].view,
                                           .arm = entries[self].arm};
            rc = given->text != NULL && given->inputs != NULL ? ASSAY_OK : assay_nomem(err);
            (*advice_count)++;
        }
    }
    assay_buf_done(&inquiry.inputs);
    assay_buf_done(&inquiry.text);
    return rc;
}

assay_code assay_advice_give(const struct assay_view *views, size_t count, struct assay_arena *arena,
                             struct assay_advice **ret, size_t *ret_count, assay_err *err)
{
    assert(views && arena && ret && ret_count);
    size_t entries_count = 0, advice_count = 0;
    struct assay_entry *entries = assay_entries_valid(views, count, &entries_count);
    struct assay_advice *advice = assay_arena_take(arena, ADVICE_MAX, sizeof *advice);
    assay_code rc = entries != NULL && advice != NULL ? ASSAY_OK : assay_nomem(err);
    for (size_t r = 0; rc == ASSAY_OK && r < sizeof RULES / sizeof RULES[0]; r++) {
        for (size_t i = 0; rc == ASSAY_OK && i < entries_count; i++) {
            rc = rule_ask(&RULES[r], entries, entries_count, i, arena, advice, &advice_count, err);
        }
    }
    if (rc == ASSAY_OK) {
        *ret = advice;
        *ret_count = advice_count;
    }
    assay_free(entries);
    return rc;
}
