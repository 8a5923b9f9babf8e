/* Prints docs/formats/metrics.md from the formula table:  metrics_doc > docs/formats/metrics.md */
#include "record/metric.h"

#include <stdio.h>

static void print_rows(bool takes_stat)
{
    size_t count;
    const struct assay_metric_row *rows = assay_metric_rows(&count);
    printf("\n| id | unit | better | %s | workloads | what |\n|---|---|---|---|---|---|\n",
           takes_stat ? "failures" : "formula");
    for (size_t i = 0; i < count; i++) {
        if (rows[i].takes_stat == takes_stat) {
            printf("| `%s` | %s | %s | %s | %s | %s |\n", rows[i].id, rows[i].unit, rows[i].direction,
                   !takes_stat         ? rows[i].formula
                   : rows[i].is_ranked ? "rank last"
                                       : "counted if defined",
                   rows[i].workloads, rows[i].help);
        }
    }
}

static void print_stats(void)
{
    size_t count;
    const struct assay_metric_stat *stats = assay_metric_stats(&count);
    printf("\n| STAT | formula | ID_ok_STAT | least n |\n|---|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        printf("| `%s` | %s | %s | %llu |\n", stats[i].name, stats[i].formula, stats[i].formula_ok,
               (unsigned long long)stats[i].least_n);
    }
}

int main(void)
{
    printf(
        "# Metrics\n\nMade from the formula table by `tools/metrics_doc.c`; a test compares them.\n\n"
        "A name is an id, or ID_STAT for the ids that have a value a sample. t0 is the kernel's transmit stamp of the "
        "last request\nbyte (else the user-space stamp before the send), a(1) to a(m) are arrivals of content chunks, "
        "k(j) their tokens, N the\noutput tokens and P the prompt tokens. Arrivals are the upper ends of their "
        "intervals (endpoints.md 1.4).\n\n## With a statistic\n");
    print_rows(true);
    printf("\nOf an id whose failures rank last, failed and timed-out samples count as worse than any value, cancelled "
           "and in-flight\nones as unknown values just before those. A statistic that falls among the former is "
           "`not finite`, among the latter\n`censored`. ID_ok_STAT leaves both out and counts them in `censored`.\n");
    print_stats();
    printf(
        "\nPercentile p of n values is the order statistic x(ceil(p n)). `lower` and `upper` are exact one-sided 95%% "
        "bounds by\nbinomial indices; with positive autocorrelation the effective n takes the place of n "
        "(statistics.md 2.3), and a bound\nthat does not exist, or falls among failures, leaves all three fields "
        "out. Below the least n the value is\n`n too small (N of M)`.\n\n## One value a run\n");
    print_rows(false);
    printf(
        "\nShares of the form `share_wilson@1` and `good_share@1` carry one-sided 95%% Wilson bounds. Rates are absent "
        "where several\narms share the window.\n\n## Withheld\n\nFrom 0.1%% of tokens without a kernel stamp (or "
        "dropped) on, what rests on arrivals is withheld; from 1%% of bounded\ntokens on, percentiles of `icl` and "
        "`itl` are. Token counts of several sources are never pooled, and a count of chunks\nis no token count. "
        "Samples of other programs have no kernel stamps; there the first rule does not apply.\n`service` and `cpu` "
        "are `below timer resolution` where an operation is shorter than 1,000 times the cost or grain "
        "of a clock\nreading, and rates are absent where their window is.\n\n## Ratios of paired runs\n\n"
        "NAME_ratio of a later arm is the median over pairs of its value to that of arm a in the same round; NAME is "
        "an id "
        "with a\nvalue a sample (a cell of one operation has its value, a window the median), ID_STAT or an id with "
        "one "
        "value a run (over the\nsamples of a window). Unit 1, direction that of the id. `n` is the pairs, `censored` "
        "the "
        "rounds left out because a cell had no\nvalue; above 1%% of them there is no ratio. Only rounds of whole "
        "blocks "
        "behind the warm-up count, that of MSER included, as\nthey do for the arms' own metrics. `lower` and `upper` "
        "are "
        "two-sided: order statistics of the ratios at the index of the\nsign test for their effective n (statistics.md "
        "2.3), at `confidence` 1 - 0.05/(k - 1) of k arms. With an even number of\npairs the median is the geometric "
        "mean "
        "of the middle two.\n\n| formula | when |\n|---|---|\n| `" ASSAY_FORMULA_PAIRS "` | the run ends by count or "
        "time |\n| `" ASSAY_FORMULA_PAIRS_STOP "` | stop rule precision: the index is that of 0.8 alpha, at the plan's "
        "confidence, since looking costs coverage |\n");
    return fflush(stdout) != 0 || ferror(stdout);
}
