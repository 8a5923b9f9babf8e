/* C3, of printed statistics: what no set of samples can give. */
#include "claims/series.h"

#include "claims/relation.h"

#include <math.h>

#define ALLOWED 1e-9 /* of a bound, for the rounding of the formula itself */

/* ---- C301 order --- */

static const char *stat_text(uint8_t stat)
{
    static const char *const TEXTS[STAT_COUNT] = {"",
                                                  "min",
                                                  "p10",
                                                  "p25",
                                                  "p50",
                                                  "p75",
                                                  "p90",
                                                  "p95",
                                                  "p99",
                                                  "p99.9",
                                                  "max",
                                                  "mean",
                                                  "sd",
                                                  "CV",
                                                  "n",
                                                  "geometric mean",
                                                  "harmonic mean"};
    return TEXTS[stat];
}

static void say_order(struct check *c, struct quantity *low, struct quantity *high)
{
    struct draft d = draft_at(c, RULE_C301, high);
    draft_operand(&d, low);
    draft_say(&d, "%s is %s, below %s %s", stat_text(high->stat), check_text(c, high), stat_text(low->stat),
              check_text(c, low));
    draft_note(&d, "%s <= %s holds for every set of samples; one of the two is wrong or has the wrong name",
               stat_text(low->stat), stat_text(high->stat));
    draft_end(&d);
}

static void judge_order(struct check *c, struct series *s)
{
    static const uint8_t LADDER[] = {STAT_MIN, STAT_P10, STAT_P25, STAT_P50,  STAT_P75,
                                     STAT_P90, STAT_P95, STAT_P99, STAT_P999, STAT_MAX};
    struct quantity *last = NULL;
    for (size_t i = 0; i < sizeof LADDER; i++) {
        struct quantity *q = s->stats[LADDER[i]];
        if (!q) {
            continue;
        }
        if (last && q->w.hi < last->w.lo) {
            say_order(c, last, q);
        } else if (last) {
            check_holds(last);
            check_holds(q);
        }
        last = q;
    }
    struct quantity *mean = s->stats[STAT_MEAN], *lo = s->stats[STAT_MIN], *hi = s->stats[STAT_MAX];
    if (mean && lo && mean->w.hi < lo->w.lo) {
        say_order(c, lo, mean);
    }
    if (mean && hi && hi->w.hi < mean->w.lo) {
        say_order(c, mean, hi);
    }
}

/* ---- C302 mean-for-n --- */

static void judge_mean(struct check *c, struct series *s)
{
    struct quantity *mean = s->stats[STAT_MEAN], *a = s->stats[STAT_MIN], *b = s->stats[STAT_MAX];
    struct quantity *median = s->stats[STAT_P50];
    if (!mean || !a || !b || s->n < 1 || mean->w.hi < a->w.lo || mean->w.lo > b->w.hi) {
        return;
    }
    double n = s->n;
    struct range allowed = range_of(((n - 1) * a->w.lo + b->w.lo) / n, (a->w.hi + (n - 1) * b->w.hi) / n);
    if (!range_meets(allowed, mean->w)) {
        struct draft d = draft_at(c, RULE_C302, mean);
        draft_operand(&d, a);
        draft_operand(&d, b);
        if (s->n_at) {
            draft_operand(&d, s->n_at);
        }
        draft_say(&d, "a mean of %s cannot be: %g samples from %s to %s have a mean of %s .. %s", check_text(c, mean),
                  n, check_text(c, a), check_text(c, b), check_value(c, mean, allowed.lo),
                  check_value(c, mean, allowed.hi));
        draft_note(&d, "((n-1) min + max) / n <= mean <= (min + (n-1) max) / n");
        draft_reading(&d, "mean", allowed);
        draft_end(&d);
        return;
    }
    if (n == 2 && median && !range_meets(median->w, mean->w)) {
        struct draft d = draft_at(c, RULE_C302, median);
        draft_operand(&d, mean);
        draft_say(&d, "of two samples mean and median are the same, but %s is not %s", check_text(c, median),
                  check_text(c, mean));
        draft_end(&d);
        return;
    }
    check_holds(mean);
}

/* ---- C303 spread, C304 mean-median, C313 cv --- */

static bool is_non_negative(const struct series *s)
{
    return s->any->dim != DIM_TEMPERATURE && s->any->dim != DIM_POINTS && s->stats[STAT_MEAN]->value > 0 &&
           (!s->stats[STAT_MIN] || s->stats[STAT_MIN]->value >= 0);
}

static void say_spread(struct check *c, struct series *s, const char *bound, double limit, const char *formula)
{
    struct quantity *sd = s->stats[STAT_SD];
    struct draft d = draft_at(c, RULE_C303, sd);
    static const uint8_t OTHERS[] = {STAT_MEAN, STAT_MIN, STAT_MAX};
    for (size_t i = 0; i < sizeof OTHERS; i++) {
        if (s->stats[OTHERS[i]]) {
            draft_operand(&d, s->stats[OTHERS[i]]);
        }
    }
    if (s->n_at) {
        draft_operand(&d, s->n_at);
    }
    draft_say(&d, "a standard deviation of %s cannot be: with n = %g it is %s %s", check_text(c, sd), s->n, bound,
              check_value(c, sd, limit));
    draft_note(&d, "%s", formula);
    draft_end(&d);
}

static void judge_spread(struct check *c, struct series *s)
{
    struct quantity *sd = s->stats[STAT_SD], *mean = s->stats[STAT_MEAN];
    struct quantity *a = s->stats[STAT_MIN], *b = s->stats[STAT_MAX];
    double n = s->n;
    if (!sd || n < 2) {
        return;
    }
    if (a && b && b->w.lo > a->w.hi) {
        double least = (b->w.lo - a->w.hi) / sqrt(2 * n) * (1 - ALLOWED);
        if (sd->w.hi < least) {
            say_spread(c, s, "at least", least, "(max - min) / sqrt(2 n) <= sd");
            return;
        }
        if (mean) {
            double up = b->w.hi - mean->w.lo, down = mean->w.hi - a->w.lo;
            double most = up > 0 && down > 0 ? sqrt(up * down * n / (n - 1)) * (1 + ALLOWED) : HUGE_VAL;
            if (sd->w.lo > most) {
                say_spread(c, s, "at most", most, "sd <= sqrt((max - mean) (mean - min) n / (n - 1))");
                return;
            }
        }
    }
    if (mean && is_non_negative(s) && sd->w.lo > mean->w.hi * sqrt(n) * (1 + ALLOWED)) {
        say_spread(c, s, "at most", mean->w.hi * sqrt(n), "sd <= mean sqrt(n) where no sample is negative");
        return;
    }
    check_holds(sd);
}

static void judge_median(struct check *c, struct series *s)
{
    struct quantity *sd = s->stats[STAT_SD], *mean = s->stats[STAT_MEAN], *median = s->stats[STAT_P50];
    if (!sd || !mean || !median) {
        return;
    }
    struct range gap = range_abs(range_sub(mean->w, median->w));
    if (gap.lo > sd->w.hi) {
        struct draft d = draft_at(c, RULE_C304, median);
        draft_operand(&d, mean);
        draft_operand(&d, sd);
        draft_say(&d, "mean %s and median %s are %s apart, more than one standard deviation (%s)", check_text(c, mean),
                  check_text(c, median), check_value(c, mean, fabs(mean->value - median->value)), check_text(c, sd));
        draft_note(&d, "|mean - median| <= sd holds for every set of samples");
        draft_end(&d);
    } else {
        check_holds(mean);
        check_holds(median);
    }
}

/* The CV that stands beside a mean and a standard deviation. */
static struct quantity *cv_beside(struct check *c, const struct quantity *sd)
{
    struct model *m = &c->m;
    uint32_t self = (uint32_t)(sd - m->quantities.at);
    uint32_t first = self > 12 ? self - 12 : 0;
    for (uint32_t i = first; i < m->quantities.count && i < self + 12; i++) {
        struct quantity *q = &m->quantities.at[i];
        if (q->stat == STAT_CV && q->group == sd->group && (q->dim == DIM_PERCENT || q->is_bare)) {
            return q;
        }
    }
    return NULL;
}

static void judge_cv(struct check *c, struct series *s)
{
    struct quantity *sd = s->stats[STAT_SD], *mean = s->stats[STAT_MEAN];
    struct quantity *cv = sd && mean ? cv_beside(c, sd) : NULL;
    struct range ratio;
    if (!cv || !range_div(sd->w, mean->w, &ratio)) {
        return;
    }
    double widest = s->n >= 2 ? sqrt(s->n / (s->n - 1)) : 1; /* population or sample sd */
    ratio = range_hull(range_scale(ratio, 1 / widest), range_scale(ratio, widest));
    double exact = sd->value / mean->value;
    if (!range_meets(ratio, cv->w)) {
        struct draft d = draft_at(c, RULE_C313, cv);
        draft_operand(&d, mean);
        draft_operand(&d, sd);
        draft_say(&d, "sd %s over mean %s is %s, the text says %s", check_text(c, sd), check_text(c, mean),
                  check_percent(c, exact), check_text(c, cv));
        draft_reading(&d, "sd / mean", ratio);
        draft_end(&d);
    } else {
        check_holds(cv);
        check_holds(sd);
        check_holds(mean);
    }
}

/* ---- C314 quantile-n, C309 of a printed spread --- */

/* "n=20; stamp error p99 0.01 ms": an n before a semicolon belongs to what stands before it. */
static bool is_n_of_another(const struct model *m, const struct quantity *q, const struct quantity *n)
{
    if (!n || n->block != q->block || n->item >= q->item) {
        return false;
    }
    for (uint32_t i = n->item + 1; i < q->item; i++) {
        if (m->items.at[i].kind == ITEM_MARK && m->items.at[i].word == ';') {
            return true;
        }
    }
    return false;
}

static void judge_quantile(struct check *c, struct series *s)
{
    static const struct {
        uint8_t stat;
        double least;
    } LEAST[] = {{STAT_P90, 10}, {STAT_P95, 20}, {STAT_P99, 100}, {STAT_P999, 1000}};
    for (size_t i = 0; i < sizeof LEAST / sizeof LEAST[0] && s->n >= 1; i++) {
        struct quantity *q = s->stats[LEAST[i].stat];
        if (q && s->n < LEAST[i].least && !is_n_of_another(&c->m, q, s->n_at)) {
            struct draft d = draft_at(c, RULE_C314, q);
            if (s->n_at) {
                draft_operand(&d, s->n_at);
            }
            draft_say(&d, "%s of %g samples is their maximum", stat_text(q->stat), s->n);
            draft_note(&d, "%s needs at least %g samples; say 'max', or measure more", stat_text(q->stat),
                       LEAST[i].least);
            draft_end(&d);
        }
    }
    struct quantity *sd = s->stats[STAT_SD];
    if (sd && sd->num.digits == 0 && sd->num.exp10 < 0 && s->n >= 2 && sd->dim == DIM_TIME) {
        struct draft d = draft_at(c, RULE_C309, sd);
        draft_say(&d, "a spread of %s over %g measured times: no clock repeats so", check_text(c, sd), s->n);
        draft_end(&d);
    }
}

static void judge_series(struct check *c, struct series *s)
{
    if (s->is_ambiguous) {
        return;
    }
    judge_order(c, s);
    judge_mean(c, s);
    judge_spread(c, s);
    judge_median(c, s);
    judge_cv(c, s);
    judge_quantile(c, s);
}

void rule_statistics(struct check *c)
{
    series_each(c, judge_series);
}
