/*
 * What detect finds in histories made up by a seed, whole: lines, changes with all digits, environments and exit,
 * against tests/golden/judge/histories.txt. Each history is there for the edges that it names. ASSAY_CASES_WRITE writes
 * the lines anew; tests/golden/judge/README.md.
 */
#include "base/rng.h"
#include "crypto/crypto.h"
#include "judge/judge.h"
#include "support/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ARENA_BYTES_MAX ((size_t)64 << 20)
#define FILE_MAX ((size_t)4 << 20)
#define TODAY 20778 /* 2026-11-21 */

enum { COMMITS_MAX = 1001, SERIES_MAX = 28, RUNS_MAX = 1200 };

static struct {
    struct assay_detect_series series[SERIES_MAX];
    struct assay_detect_run runs[SERIES_MAX][RUNS_MAX];
    char names[SERIES_MAX][32], commits[COMMITS_MAX][8], times[COMMITS_MAX][24];
    size_t count;
    struct assay_detect_rule rule;
    const char *marks;
    bool is_last_behind; /* the last mark lies behind the end of the list: it is none */
    bool are_values_shown;
} it;

static double noise(struct assay_rng *rng)
{
    double sum = -6.0;
    for (int i = 0; i < 12; i++) {
        sum += assay_rng_unit(rng);
    }
    return sum;
}

/* Series of `commits` runs at one per cent of noise, each of a context of its own. */
static void make(size_t count, size_t commits, uint64_t seed)
{
    struct assay_rng rng;
    assay_rng_seed(&rng, seed, "histories");
    memset(&it, 0, sizeof it);
    it.count = count;
    it.rule.today = TODAY;
    for (size_t c = 0; c < commits; c++) {
        (void)snprintf(it.commits[c], sizeof it.commits[c], "%07zx", 0xabc0000 + c);
        (void)snprintf(it.times[c], sizeof it.times[c], "2026-%02zu-%02zuT%02zu:00:00Z", 1 + c / 672 % 12,
                       1 + c / 24 % 28, c % 24);
    }
    for (size_t s = 0; s < count; s++) {
        (void)snprintf(it.names[s], sizeof it.names[s], "p%02zu", s);
        it.series[s] = (struct assay_detect_series){.id = (int64_t)s + 1,
                                                    .context_id = (int64_t)s + 1,
                                                    .name = it.names[s],
                                                    .metric = "service_p50",
                                                    .unit = "ns",
                                                    .direction = "lower",
                                                    .host_class = "h1",
                                                    .runs = it.runs[s],
                                                    .runs_count = commits};
        for (size_t c = 0; c < commits; c++) {
            it.runs[s][c] = (struct assay_detect_run){.commit = it.commits[c],
                                                      .started_at = it.times[c],
                                                      .has_order = true,
                                                      .order = c + 1,
                                                      .entry_id = (int64_t)(c * count + s) + 1,
                                                      .value = 1e3 * (1 + 0.01 * noise(&rng))};
        }
    }
}

static void step(size_t series, size_t from, double factor)
{
    for (size_t c = from; c < it.series[series].runs_count; c++) {
        it.runs[series][c].value *= factor;
    }
}

/* ---- the histories ---- */

static void a_step_and_back(void)
{
    make(1, 60, 1);
    step(0, 20, 1.10);
    step(0, 40, 0.90);
    it.are_values_shown = true;
}

static void a_hundred_beside(void)
{
    make(4, 301, 2);
    static const size_t AT[] = {100, 101, 200, 201}; /* 100 points on a side, and one more */
    for (size_t s = 0; s < 4; s++) {
        step(s, AT[s], 1.05);
    }
}

static void twice_over_a_hundred_beside(void)
{
    make(1, 420, 3);
    step(0, 140, 1.05);
    step(0, 280, 1.05);
}

static void long_enough(void)
{
    make(3, 13, 4);
    for (size_t s = 0; s < 3; s++) {
        it.series[s].runs_count = 11 + s;
        step(s, 6, 2.0);
    }
    it.are_values_shown = true;
}

static void all_too_short(void)
{
    make(2, 11, 4);
}

static void no_runs(void)
{
    make(2, 12, 4);
    it.series[0].runs_count = it.series[1].runs_count = 0;
}

static void no_series(void)
{
    make(0, 12, 4);
}

static void near_the_ends(void)
{
    make(8, 50, 5);
    static const size_t AT[] = {2, 3, 4, 5, 44, 45, 46, 47};
    for (size_t s = 0; s < 8; s++) {
        step(s, AT[s], 1.5);
    }
}

static void directions(void)
{
    make(4, 40, 6);
    static const char *const OF[] = {"lower", "higher", "none", "none"};
    for (size_t s = 0; s < 4; s++) {
        it.series[s].direction = OF[s];
        step(s, 20, s == 3 ? 0.8 : 1.2);
    }
}

static void without_logarithms(void)
{
    make(5, 40, 7);
    static const double LESS[] = {0, 1e3, 2e3, 995, 0};
    for (size_t s = 0; s < 5; s++) {
        for (size_t c = 0; c < 40; c++) {
            it.runs[s][c].value = it.runs[s][c].value * (c < 20 ? 1.0 : 1.2) - LESS[s];
        }
    }
    it.runs[0][39].value = 0.0; /* the last one alone, and the first */
    it.runs[4][0].value = 0.0;
}

static void exactly_constant(void)
{
    make(4, 24, 7);
    static const double BEFORE[] = {5, 0, -5, 5}, AFTER[] = {6, 1, -4, 5};
    for (size_t s = 0; s < 4; s++) {
        for (size_t c = 0; c < 24; c++) {
            it.runs[s][c].value = c < 12 ? BEFORE[s] : AFTER[s];
        }
    }
}

/* Runs of a commit beside each other, from one to four, of which some are absent. */
static void runs_of_a_commit(void)
{
    make(2, 30, 8);
    for (size_t s = 0; s < 2; s++) {
        static struct assay_detect_run of[2][RUNS_MAX];
        size_t n = 0;
        for (size_t c = 0; c < 30; c++) {
            for (size_t i = 0; i <= c % 4; i++) {
                of[s][n] = it.runs[s][c];
                of[s][n].entry_id = (int64_t)n + 1;
                of[s][n].value *= 1.0 + 0.001 * (double)((i * 7 + c) % 5);
                of[s][n].is_absent = s == 1 && (c + i) % 3 == 0;
                of[s][n].started_at = it.times[(c + i) % 30];
                n++;
            }
        }
        it.series[s].runs = of[s];
        it.series[s].runs_count = n;
    }
    it.are_values_shown = true;
}

static void out_of_order(void)
{
    make(2, 32, 9);
    for (size_t s = 0; s < 2; s++) {
        step(s, 16, 1.10);
        for (size_t c = 0; c < 32; c++) {
            size_t to = c * 13 % 32;
            if (c < to) {
                struct assay_detect_run other = it.runs[s][to];
                it.runs[s][to] = it.runs[s][c];
                it.runs[s][c] = other;
            }
        }
    }
    for (size_t c = 0; c < 32; c++) { /* the second: two commits a number, each twice, and the later run first */
        struct assay_detect_run *run = &it.runs[1][c];
        run->commit = it.commits[run->order - 1 - (run->order - 1) % 4 / 2 * 2];
        run->order = (run->order + 7) / 8;
    }
    it.are_values_shown = true;
}

/* The later run of each commit stands before the earlier one: the time is that of the earlier. */
static void two_runs_of_a_commit(void)
{
    make(1, 40, 31);
    step(0, 20, 1.10);
    for (size_t c = 0; c < 40; c++) {
        it.runs[0][c].commit = it.commits[c / 2];
        it.runs[0][c].order = c / 2;
        it.runs[0][c].entry_id = (int64_t)(c ^ 1);
        it.runs[0][c].started_at = it.times[c ^ 1];
    }
}

static void commits_of_one_letter(void)
{
    static const char *const LETTERS[] = {"A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N"};
    make(2, 28, 37);
    for (size_t s = 0; s < 2; s++) {
        step(s, 14, 1.10);
        for (size_t c = 0; c < 28; c++) {
            it.runs[s][c].commit = LETTERS[c / 2];
            it.runs[s][c].order = c / 2;
            it.runs[s][c].entry_id = (int64_t)(1000 - c);
            it.runs[s][c].started_at = it.times[s == 0 ? c : 27 - c];
        }
    }
    it.are_values_shown = true;
}

/* Medians are equal: the ratio tells, and where there is none the change is neither better nor worse. */
static void equal_medians(void)
{
    make(4, 60, 32);
    it.series[1].direction = it.series[3].direction = "higher";
    for (size_t s = 0; s < 4; s++) {
        for (size_t c = 0; c < 60; c++) {
            it.runs[s][c].value = (c % 5 < 3 ? 1000.0 : c < 30 ? 990.0 : 1010.0) - (s < 2 ? 0 : 1000.0);
        }
    }
}

static void without_an_order(void)
{
    make(3, 24, 10);
    for (size_t s = 0; s < 3; s++) {
        step(s, 12, 1.10);
        for (size_t c = 0; c < 24; c++) {
            it.runs[s][c].order = 24 - c;
        }
    }
    it.runs[0][23].has_order = false;
    it.runs[1][0].has_order = false;
    it.runs[1][3].entry_id = 1000; /* arrived last */
    it.runs[2][11].commit = "";    /* and one that nobody knows the commit of */
    it.are_values_shown = true;
}

static void unknown_commits(void)
{
    make(3, 40, 11);
    for (size_t s = 0; s < 2; s++) {
        step(s, 20, 1.015);
        for (size_t c = 0; c < 40; c++) {
            it.runs[s][c].commit = "";
        }
    }
    step(2, 20, 1.10);
}

static void a_commit_comes_back(void)
{
    make(4, 40, 12);
    for (size_t s = 0; s < 4; s++) {
        step(s, 20, s < 2 ? 1.02 : 1.0);
        for (size_t c = 0; c < 40; c++) {
            it.runs[s][c].has_order = false;
            it.runs[s][c].commit = it.commits[c % 20];
        }
    }
}

static void gaps(void)
{
    make(3, 40, 13);
    for (size_t s = 0; s < 3; s++) {
        for (size_t c = 14; c < 34 + s - 1; c++) { /* 19, 20 and 21 of 40: the last is over half */
            it.runs[s][c].is_absent = true;
        }
        step(s, 14, 1.10);
    }
}

static void shifts(void)
{
    make(5, 60, 14);
    for (size_t s = 0; s < 5; s++) {
        step(s, 20, 1.10);
        step(s, 40, 1.10);
    }
    it.marks = "assay_marks: 1\nmarks:\n"
               "  - {kind: shift, series: p00, commit: abc0014, reason: a, issued: 2026-11-01, expires: never}\n"
               "  - {kind: shift, series: p00, commit: abc0000, reason: b, issued: 2026-11-01, expires: never}\n"
               "  - {kind: ack, series: p01, commit: abc0014, reason: c, issued: 2026-11-01, expires: never}\n"
               "  - {kind: shift, series: p01, commit: abc0028, reason: d, issued: 2026-11-21, expires: never}\n"
               "  - {kind: shift, series: p02, commit: abc0014, reason: e, issued: 2026-11-22, expires: never}\n"
               "  - {kind: shift, series: p02, commit: abc0028, reason: f, issued: 2026-11-01, expires: 2026-11-21}\n"
               "  - {kind: shift, series: p02, commit: abc0030, reason: g, issued: 2026-11-01, expires: 2026-11-22}\n"
               "  - {kind: shift, series: p02, commit: abc0038, reason: h, issued: 2026-11-01, expires: 2026-11-22}\n"
               "  - {kind: shift, series: p03, commit: abc0001, reason: i, issued: 2026-11-01, expires: never}\n"
               "  - {kind: shift, series: p04, commit: abc0007, reason: j, issued: 2026-11-01, expires: never}\n"
               "  - {kind: shift, series: p*, commit: abc001e, reason: behind, issued: 2026-11-01, expires: never}\n";
    it.is_last_behind = true;
}

/* Acknowledged at each distance; of two marks that fit the first holds. */
static void marks(void)
{
    make(8, 40, 15);
    for (size_t s = 0; s < 8; s++) {
        step(s, 20, s < 6 ? 1.10 : 1.0);
    }
    step(6, 3, 3.0);
    step(7, 37, 3.0);
    it.marks = "assay_marks: 1\nmarks:\n"
               "  - {kind: ack, series: p00, commit: abc0012, reason: two before, issued: 2026-11-01, expires: never}\n"
               "  - {kind: ack, series: p01, commit: abc0011, reason: three, issued: 2026-11-01, expires: never}\n"
               "  - {kind: ack, series: p02, commit: abc0016, reason: two behind, issued: 2026-11-01, expires: never}\n"
               "  - {kind: ack, series: p03, commit: abc0017, reason: three, issued: 2026-11-01, expires: never}\n"
               "  - {kind: ignore, series: p04, commit: any, reason: first, issued: 2026-11-01, expires: 2026-11-22}\n"
               "  - {kind: ack, series: p04, commit: abc0014, reason: second, issued: 2026-11-01, expires: never}\n"
               "  - {kind: ack, series: p05, commit: abc0014, reason: over, issued: 2026-11-01, expires: 2026-11-21}\n"
               "  - {kind: ack, series: p06, commit: abc0001, reason: early, issued: 2026-11-01, expires: never}\n"
               "  - {kind: ack, series: p07, commit: abc0027, reason: late, issued: 2026-11-01, expires: never}\n"
               "  - {kind: ignore, series: p*, commit: any, reason: behind, issued: 2026-11-01, expires: 2026-12-01}\n";
    it.is_last_behind = true;
}

/* From what nobody sees to what everybody does: some are rejected beside the others only. */
static void steps_of_all_sizes(void)
{
    make(24, 60, 16);
    for (size_t s = 0; s < 24; s++) {
        it.series[s].context_id = 1 + (int64_t)s / 12; /* too few contexts for a movement */
        step(s, 30, 1.0 + 0.0012 * (double)s);
        if (s % 5 == 4) {
            it.series[s].direction = "higher";
        }
    }
}

static void alike(void)
{
    make(7, 40, 17);
    for (size_t s = 0; s < 7; s++) {
        it.series[s].context_id = 1;
        it.series[s].direction = s % 3 == 0 ? "higher" : "lower";
        for (size_t c = 0; c < 40; c++) {
            it.runs[s][c].value = it.runs[s < 4 ? 0 : 6][c].value * (c < 20 ? 1.0 : 1.1);
        }
        it.runs[s][20].started_at = it.times[20 + s * 3 % 7];
    }
}

/* Two of ten contexts are a fifth and not more; three are. */
static void a_host_moves(size_t moved)
{
    make(20, 40, 18);
    for (size_t s = 0; s < 20; s++) {
        it.series[s].context_id = 1 + (int64_t)s % 10;
        it.series[s].host_class = s % 10 == 9 ? "h2" : "h1";
        it.series[s].runs_count = s % 10 == 8 ? 11 : 40; /* not looked at */
    }
    for (size_t s = 0; s < moved; s++) {
        step(s, 20 + s % 3, 1.10);
    }
    step(9, 20, 1.10);
    step(19, 28, 1.10);
    step(17, 25, 1.10);
}

static void one_of_eight_contexts(void)
{
    a_host_moves(1);
}

static void two_of_eight_contexts(void)
{
    a_host_moves(2);
}

static void a_fifth_of_the_contexts(void)
{
    make(10, 40, 19);
    step(2, 20, 1.10);
    step(5, 22, 1.10);
}

static void over_a_fifth_of_the_contexts(void)
{
    make(9, 40, 19);
    step(2, 20, 1.10);
    step(5, 22, 1.10);
    step(7, 26, 1.10);
}

static void too_far_apart_to_move_together(void)
{
    make(9, 40, 20);
    step(2, 20, 1.10);
    step(5, 23, 1.10);
}

static void five_contexts_and_four(void)
{
    make(9, 40, 21);
    for (size_t s = 0; s < 9; s++) {
        it.series[s].host_class = s < 5 ? "h1" : "h2";
        it.series[s].context_id = 100 - (int64_t)s;
        step(s, s < 5 ? 20 : 10, 1.10);
    }
}

static void marked_and_moved(void)
{
    make(6, 40, 22);
    for (size_t s = 0; s < 6; s++) {
        step(s, 20, 1.10);
    }
    it.marks = "assay_marks: 1\nmarks:\n"
               "  - {kind: ack, series: p0*, commit: abc0014, reason: a, issued: 2026-11-01, expires: never}\n";
}

/* Whose commits they are counts: the first series does not have commit 21, so 20 and 23 are two apart there. */
static void apart_by_the_first_ones_commits(void)
{
    make(6, 40, 35);
    it.runs[0][21].is_absent = true;
    step(0, 20, 1.10);
    step(3, 23, 1.10);
}

static void a_series_begins_with_the_change(void)
{
    make(3, 60, 36);
    it.series[0].context_id = it.series[1].context_id = it.series[2].context_id = 1;
    step(0, 20, 1.02);
    it.series[1].runs = it.runs[1] + 20;
    it.series[1].runs_count = 40;
    it.series[2].runs_count = 20; /* and one ends before it */
}

/* name i of host class j, runs from..to of all */
static void host(size_t series, size_t name, const char *host_class, size_t from, size_t to)
{
    it.series[series].name = it.names[name];
    it.series[series].host_class = host_class;
    it.series[series].runs = it.runs[series] + from;
    it.series[series].runs_count = to - from;
}

static void new_hosts(void)
{
    make(25, 60, 23);
    host(0, 12, "h1", 0, 30);
    host(1, 12, "h17", 30, 60);
    host(2, 1, "h2", 40, 60); /* the newer one first */
    host(3, 1, "h1", 0, 40);
    host(4, 2, "h1", 0, 32);
    host(5, 2, "h3", 30, 60); /* overlap: nobody went over */
    host(6, 3, "h5", 30, 60);
    host(7, 3, "h4", 0, 30);
    host(8, 4, "h6", 0, 30);
    host(9, 4, "h6", 30, 60);  /* the same class */
    host(10, 5, "h7", 30, 30); /* one without runs */
    host(11, 5, "h8", 30, 60);
    host(12, 6, "h9", 0, 30);
    host(13, 7, "h10", 30, 60); /* another name */
    host(14, 8, "h11", 0, 20);
    host(15, 8, "h12", 20, 40);
    host(16, 9, "h4", 0, 30);
    host(17, 9, "h5", 30, 60); /* known by then, and not as the first */
    host(18, 10, "h13", 0, 1); /* one run is enough */
    host(19, 10, "h14", 30, 60);
    host(20, 0, "h15", 0, 30);
    host(21, 0, "h16", 30, 31);
    host(22, 11, "h18", 0, 20); /* three in a row */
    host(23, 11, "h19", 20, 40);
    host(24, 11, "h20", 40, 60);
    for (size_t c = 20; c < 40; c++) { /* ran, and has no value */
        it.runs[15][c].is_absent = true;
    }
}

static void inherited(void)
{
    make(2, 60, 24);
    for (size_t s = 0; s < 2; s++) {
        step(s, 20, 1.10);
        step(s, 40, 1.10);
        for (size_t c = 0; c < 20 + s; c++) {
            it.runs[s][c].is_inherited = true;
        }
    }
}

static void since_a_commit(void)
{
    make(3, 60, 25);
    for (size_t s = 0; s < 3; s++) {
        step(s, 20, 1.10);
        step(s, 40, 1.10);
    }
    it.runs[1][20].is_absent = true; /* one series does not have it */
    it.runs[2][20].commit = "abc00149";
    it.rule.since = "abc0014";
}

static void since_the_change_and_behind_it(void)
{
    make(2, 40, 26);
    step(0, 20, 1.10);
    step(1, 21, 1.10);
    it.rule.since = "abc0015";
}

static void since_the_first_commit(void)
{
    make(1, 40, 26);
    step(0, 20, 1.10);
    it.rule.since = "abc0000";
}

static void since_the_last_commit(void)
{
    make(1, 40, 26);
    step(0, 20, 1.10);
    it.rule.since = "abc0027";
}

static void since_nowhere(void)
{
    make(2, 40, 26);
    it.rule.since = "abc0028";
}

static void since_nowhere_of_nothing(void)
{
    make(0, 40, 26);
    it.rule.since = "abc0028";
}

static void divisive(void)
{
    make(3, 60, 27);
    step(0, 4, 1.10); /* a cluster has five at least */
    step(1, 5, 1.10);
    step(2, 20, 1.02);
    step(2, 40, 1.02);
    it.rule.is_divisive = true;
    it.rule.seed = 3;
}

static void divisive_by_another_seed(void)
{
    divisive();
    it.rule.seed = 4;
}

/* 1 of 200, beside one more series: the rate itself, which is not beyond it. */
static void divisive_of_two(void)
{
    make(2, 60, 27);
    step(1, 20, 1.10);
    it.rule.is_divisive = true;
}

static void divisive_of_too_many(void)
{
    make(1, 1001, 28);
    it.rule.is_divisive = true;
}

static void provisional(void)
{
    make(3, 40, 29);
    step(0, 35, 1.3);
    step(1, 36, 1.3);
    step(2, 36, 0.7);
}

/* What a rescan leaves to the scan of the newest points, from the last change on. */
static void news(void)
{
    make(6, 150, 30);
    for (size_t s = 0; s < 6; s++) {
        step(s, 60, s < 3 ? 1.10 : 1.0);
        step(s, 140 + s, 1.03);
    }
}

/* Much noise, then little: beside all of it the newest change is nothing, beside the last hundred points it is much. */
static void quiet_at_the_end(void)
{
    make(2, 300, 33);
    for (size_t s = 0; s < 2; s++) {
        for (size_t c = 0; c < 200; c++) {
            it.runs[s][c].value = 1e3 + 12 * (it.runs[s][c].value - 1e3);
        }
        step(s, 290 - s, 1.03);
    }
}

static void divisive_of_a_short_segment(void)
{
    make(1, 40, 34);
    step(0, 5, 2.0);
    it.rule.is_divisive = true;
    it.marks = "assay_marks: 1\nmarks:\n"
               "  - {kind: shift, series: p00, commit: abc000b, reason: a, issued: 2026-11-01, expires: never}\n";
}

#define HISTORY(name) \
    {                 \
#name, name   \
    }
static const struct {
    const char *name;
    void (*make)(void);
} HISTORIES[] = {
    HISTORY(a_step_and_back),
    HISTORY(a_hundred_beside),
    HISTORY(twice_over_a_hundred_beside),
    HISTORY(long_enough),
    HISTORY(all_too_short),
    HISTORY(no_runs),
    HISTORY(no_series),
    HISTORY(near_the_ends),
    HISTORY(directions),
    HISTORY(without_logarithms),
    HISTORY(exactly_constant),
    HISTORY(runs_of_a_commit),
    HISTORY(out_of_order),
    HISTORY(without_an_order),
    HISTORY(unknown_commits),
    HISTORY(a_commit_comes_back),
    HISTORY(gaps),
    HISTORY(shifts),
    HISTORY(marks),
    HISTORY(steps_of_all_sizes),
    HISTORY(alike),
    HISTORY(one_of_eight_contexts),
    HISTORY(two_of_eight_contexts),
    HISTORY(a_fifth_of_the_contexts),
    HISTORY(over_a_fifth_of_the_contexts),
    HISTORY(too_far_apart_to_move_together),
    HISTORY(apart_by_the_first_ones_commits),
    HISTORY(a_series_begins_with_the_change),
    HISTORY(five_contexts_and_four),
    HISTORY(marked_and_moved),
    HISTORY(new_hosts),
    HISTORY(inherited),
    HISTORY(since_a_commit),
    HISTORY(since_the_change_and_behind_it),
    HISTORY(since_the_first_commit),
    HISTORY(since_the_last_commit),
    HISTORY(since_nowhere),
    HISTORY(since_nowhere_of_nothing),
    HISTORY(divisive),
    HISTORY(divisive_by_another_seed),
    HISTORY(divisive_of_two),
    HISTORY(divisive_of_too_many),
    HISTORY(provisional),
    HISTORY(news),
    HISTORY(quiet_at_the_end),
    HISTORY(divisive_of_a_short_segment),
    HISTORY(two_runs_of_a_commit),
    HISTORY(commits_of_one_letter),
    HISTORY(equal_medians),
};

/* ---- what is found ---- */

static void print_line(const struct assay_detection *found, size_t i, struct assay_buf *out)
{
    const struct assay_detect_line *line = &found->lines[i];
    assay_buf_printf(out, "  %s: %zu commits, %zu missing, %zu left out%s", found->series[i].name, line->count,
                     line->missing, line->left_out, line->is_too_short ? ", too short" : "");
    for (size_t k = 0; k < line->shifts_count; k++) {
        assay_buf_printf(out, "%s %zu", k == 0 ? ", shifts at" : ",", line->shifts[k]);
    }
    for (size_t k = 0; it.are_values_shown && k < line->count; k++) {
        assay_buf_printf(out, "%s %s %.10g", k == 0 ? ":" : ",", line->commits[k], line->values[k]);
    }
    assay_buf_char(out, '\n');
}

static void print_change(const struct assay_detection *found, size_t i, struct assay_buf *out)
{
    const struct assay_detect_change *change = &found->changes[i];
    assay_buf_printf(out, "  %s at %zu '%s' after '%s' %s%s%s%s: %.10g to %.10g, %.10g",
                     found->series[change->series].name, change->position, change->commit, change->before,
                     change->started_at, change->is_worse ? " worse" : "", change->is_better ? " better" : "",
                     change->is_exact ? " exact" : "", change->level_before, change->level_after, change->ratio);
    if (change->has_interval) {
        assay_buf_printf(out, " [%.10g, %.10g]", change->lower, change->upper);
    }
    assay_buf_printf(out, ", n %zu + %zu, p %.6g, adjusted %.6g, %s", change->n_before, change->n_after, change->p,
                     change->p_adjusted, assay_change_state_text(change->state));
    assay_buf_printf(out, "%s%s%s%s%s\n", change->mark ? ", mark " : "", change->mark ? change->mark->reason : "",
                     change->reason ? ", " : "", change->reason ? change->reason : "",
                     change->is_folded ? ", folded" : "");
}

static void print_found(const struct assay_detection *found, struct assay_buf *out)
{
    assay_buf_printf(out, "  exit %d, %zu of %zu too short, %zu changes%s\n", assay_detection_exit(found),
                     found->too_short, found->series_count, found->changes_count,
                     it.rule.since ? (found->has_since ? ", has the commit" : ", has it not") : "");
    for (size_t i = 0; i < found->series_count; i++) {
        print_line(found, i, out);
    }
    for (size_t i = 0; i < found->changes_count; i++) {
        print_change(found, i, out);
    }
    for (size_t i = 0; i < found->environments_count; i++) {
        const struct assay_environment *environment = &found->environments[i];
        assay_buf_printf(out, "  environment %s at %s: %zu of %zu%s\n", environment->host_class, environment->commit,
                         environment->moved, environment->contexts, environment->is_new_host ? ", a new host" : "");
    }
}

static struct assay_marks *marks_made(void)
{
    struct assay_marks *parsed = NULL;
    assay_err err = {0};
    if (it.marks && assay_marks_parse(it.marks, strlen(it.marks), &parsed, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    if (it.is_last_behind) {
        parsed->count--;
    }
    it.rule.marks = parsed;
    return parsed;
}

/* As assay_detect answers, or how it fails. */
static assay_code detect(size_t arena_bytes, struct assay_buf *out)
{
    struct assay_detection found;
    struct assay_arena arena;
    assay_err err = {0};
    assay_arena_init(&arena, arena_bytes);
    assay_code rc = assay_detect(it.series, it.count, &it.rule, &arena, &found, &err);
    if (rc == ASSAY_OK) {
        print_found(&found, out);
    } else {
        assay_buf_printf(out, "  %s: %s\n", assay_code_text(rc), err.message);
    }
    assay_arena_done(&arena);
    return rc;
}

static void each_history_is_told_whole(void **state)
{
    (void)state;
    struct assay_buf found;
    assay_buf_init(&found, FILE_MAX);
    for (size_t i = 0; i < sizeof HISTORIES / sizeof HISTORIES[0]; i++) {
        HISTORIES[i].make();
        struct assay_marks *parsed = marks_made();
        assay_buf_printf(&found, "%s\n", HISTORIES[i].name);
        (void)detect(ARENA_BYTES_MAX, &found);
        assay_marks_free(parsed);
    }
    golden_hold("judge/histories.txt", &found);
    assay_buf_done(&found);
}

/* An answer with a hole in it is none: whatever memory is short, that is what is said. */
static void memory_that_is_short_is_no_answer(void **state)
{
    (void)state;
    static void (*const MAKE[])(void) = {long_enough, new_hosts, shifts};
    struct assay_buf whole, found;
    for (size_t i = 0; i < sizeof MAKE / sizeof MAKE[0]; i++) {
        MAKE[i]();
        struct assay_marks *parsed = marks_made();
        assay_buf_init(&whole, FILE_MAX);
        assert_int_equal(detect(ARENA_BYTES_MAX, &whole), ASSAY_OK);
        assay_code rc = ASSAY_NO_MEMORY;
        for (size_t bytes = 0; rc != ASSAY_OK; bytes += 48) {
            assay_buf_init(&found, FILE_MAX);
            rc = detect(bytes, &found);
            assert_string_equal(found.data, rc == ASSAY_OK ? whole.data : "  out of memory: out of memory\n");
            assay_buf_done(&found);
        }
        rc = ASSAY_NO_MEMORY;
        for (unsigned long n = 1; rc != ASSAY_OK; n++) {
            assay_buf_init(&found, FILE_MAX);
            assert_non_null(assay_buf_reserve(&found, whole.len + 1)); /* what is counted is not the printing */
            assay_mem_fail_at(n);
            rc = detect(ARENA_BYTES_MAX, &found);
            assay_mem_fail_at(0);
            assert_string_equal(found.data, rc == ASSAY_OK ? whole.data : "  out of memory: out of memory\n");
            assay_buf_done(&found);
        }
        assay_buf_done(&whole);
        assay_marks_free(parsed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_history_is_told_whole),
        cmocka_unit_test(memory_that_is_short_is_no_answer),
    };
    assay_json_init();
    return assay_crypto_init(NULL) == ASSAY_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
