#include "base/rng.h"
#include "crypto/crypto.h"
#include "judge/judge.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ARENA_BYTES_MAX ((size_t)256 << 20)
#define TODAY 20778 /* 2026-11-21 */

enum { COMMITS = 80, SERIES_MAX = 40, RUNS_MAX = 3 * COMMITS };

/* A made-up history: commits c000.. in order, one run each unless a test says otherwise. */
static char commits[COMMITS][12], times[COMMITS][24];

struct made {
    struct assay_arena arena;
    struct assay_detect_series series[SERIES_MAX];
    struct assay_detect_run runs[SERIES_MAX][RUNS_MAX];
    char names[SERIES_MAX][32];
    struct assay_detection found;
};
static struct made made;

static double noise(struct assay_rng *rng)
{
    double sum = -6.0;
    for (int i = 0; i < 12; i++) {
        sum += assay_rng_unit(rng);
    }
    return sum;
}

/* `count` series of COMMITS runs at one per cent of noise, each a context of its own. */
static void make(size_t count, uint64_t seed)
{
    struct assay_rng rng;
    assay_rng_seed(&rng, seed, "detect");
    memset(&made, 0, sizeof made);
    assay_arena_init(&made.arena, ARENA_BYTES_MAX);
    for (size_t c = 0; c < COMMITS; c++) {
        (void)snprintf(commits[c], sizeof commits[c], "%07zx", 0xabc0000 + c);
        (void)snprintf(times[c], sizeof times[c], "2026-10-%02zuT%02zu:00:00Z", 1 + c / 24, c % 24);
    }
    for (size_t s = 0; s < count; s++) {
        (void)snprintf(made.names[s], sizeof made.names[s], "command p%02zu service_p50", s);
        made.series[s] = (struct assay_detect_series){.id = (int64_t)s + 1,
                                                      .context_id = (int64_t)s + 1,
                                                      .name = made.names[s],
                                                      .metric = "service_p50",
                                                      .unit = "ns",
                                                      .direction = "lower",
                                                      .host_class = "h1",
                                                      .runs = made.runs[s],
                                                      .runs_count = COMMITS};
        for (size_t c = 0; c < COMMITS; c++) {
            made.runs[s][c] = (struct assay_detect_run){.commit = commits[c],
                                                        .started_at = times[c],
                                                        .has_order = true,
                                                        .order = c + 1,
                                                        .entry_id = (int64_t)(c * count + s) + 1,
                                                        .value = 1e6 * (1 + 0.01 * noise(&rng))};
        }
    }
}

static void step(size_t series, size_t from, double factor)
{
    for (size_t c = from; c < COMMITS; c++) {
        made.runs[series][c].value *= factor;
    }
}

static void detect(size_t count, const struct assay_marks *marks, const char *since)
{
    const struct assay_detect_rule rule = {.marks = marks, .today = TODAY, .since = since};
    assay_err err = {0};
    if (assay_detect(made.series, count, &rule, &made.arena, &made.found, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
}

static void done(void)
{
    assay_arena_done(&made.arena);
}

static struct assay_marks *marks_of(const char *text)
{
    struct assay_marks *marks = NULL;
    assay_err err = {0};
    if (assay_marks_parse(text, strlen(text), &marks, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    return marks;
}

static void a_step_is_named_with_its_commit_and_size(void **state)
{
    (void)state;
    make(1, 1);
    step(0, 60, 1.10);
    detect(1, NULL, NULL);
    assert_int_equal(made.found.changes_count, 1);
    const struct assay_detect_change *change = &made.found.changes[0];
    assert_string_equal(change->commit, commits[60]);
    assert_string_equal(change->before, commits[59]);
    assert_true(change->is_worse && change->has_interval);
    assert_true(change->lower < 1.10 && 1.10 < change->upper && change->upper - change->lower < 0.02);
    assert_int_equal(change->n_before, 60);
    assert_int_equal(change->n_after, 20);
    assert_int_equal(change->state, ASSAY_CHANGE_CANDIDATE);
    assert_int_equal(assay_detection_exit(&made.found), 2); /* nobody ran it again */
    assay_detect_settle(&made.found, 0, ASSAY_CHANGE_CONFIRMED, NULL);
    assert_int_equal(assay_detection_exit(&made.found), 1);
    done();
}

static void what_a_paired_run_refutes_is_no_regression(void **state)
{
    (void)state;
    make(1, 1);
    step(0, 60, 1.10);
    detect(1, NULL, NULL);
    assay_detect_settle(&made.found, 0, ASSAY_CHANGE_REFUTED, "inconclusive");
    assert_int_equal(assay_detection_exit(&made.found), 0);
    detect(1, NULL, NULL);
    assay_detect_settle(&made.found, 0, ASSAY_CHANGE_NOT_BUILT, "make: error");
    assert_int_equal(assay_detection_exit(&made.found), 2);
    done();
}

static void what_a_paired_run_does_not_decide_stays_open(void **state)
{
    (void)state;
    make(1, 3);
    step(0, 60, 1.10);
    detect(1, NULL, NULL);
    assay_detect_settle(&made.found, 0, ASSAY_CHANGE_UNDECIDED, "paired run: inconclusive");
    assert_int_equal(assay_detection_exit(&made.found), 2);
    done();
}

static void better_is_judged_by_the_direction_of_the_metric(void **state)
{
    (void)state;
    make(2, 2);
    made.series[1].direction = "higher";
    step(0, 60, 0.90);
    step(1, 60, 0.90);
    detect(2, NULL, NULL);
    assert_int_equal(made.found.changes_count, 2);
    assert_true(made.found.changes[0].is_worse && made.found.changes[0].series == 1); /* the worst comes first */
    assert_true(made.found.changes[1].is_better && made.found.changes[1].series == 0);
    done();
}

static void an_improvement_leaves_nothing_open(void **state)
{
    (void)state;
    make(1, 2);
    step(0, 60, 0.90);
    detect(1, NULL, NULL);
    assert_int_equal(assay_detection_exit(&made.found), 0);
    done();
}

static void runs_are_put_in_the_order_of_their_commits(void **state)
{
    (void)state;
    make(1, 3);
    step(0, 50, 1.10);
    for (size_t c = 0; c < COMMITS / 2; c++) { /* measured backwards, as a bisection or a back-fill does */
        struct assay_detect_run swapped = made.runs[0][c];
        made.runs[0][c] = made.runs[0][COMMITS - 1 - c];
        made.runs[0][COMMITS - 1 - c] = swapped;
    }
    detect(1, NULL, NULL);
    assert_int_equal(made.found.changes_count, 1);
    assert_string_equal(made.found.changes[0].commit, commits[50]);
    assert_true(made.found.changes[0].is_worse);
    done();
}

static void runs_without_an_order_stand_as_they_arrived(void **state)
{
    (void)state;
    make(1, 3);
    step(0, 50, 1.10);
    for (size_t c = 0; c < COMMITS; c++) {
        made.runs[0][c].has_order = c != 17; /* one of them has none: then none counts */
        made.runs[0][c].order = COMMITS - c;
    }
    for (size_t c = 0; c < COMMITS / 2; c++) {
        struct assay_detect_run swapped = made.runs[0][c];
        made.runs[0][c] = made.runs[0][COMMITS - 1 - c];
        made.runs[0][COMMITS - 1 - c] = swapped;
    }
    detect(1, NULL, NULL);
    assert_int_equal(made.found.changes_count, 1);
    assert_string_equal(made.found.changes[0].commit, commits[50]);
    for (size_t c = 0; c < COMMITS; c++) {
        assert_string_equal(made.found.lines[0].commits[c], commits[c]);
    }
    done();
}

static void values_that_have_no_logarithm_are_compared_as_they_are(void **state)
{
    (void)state;
    static const struct {
        double offset, ratio;
    } CASES[] = {{-1e6, 0}, {-3e6, 0}, {0, 1.1}};
    for (size_t i = 0; i < 3; i++) {
        make(1, 1);
        step(0, 60, 1.10);
        for (size_t c = 0; c < COMMITS; c++) {
            made.runs[0][c].value += CASES[i].offset;
        }
        detect(1, NULL, NULL);
        assert_int_equal(made.found.changes_count, 1);
        const struct assay_detect_change *change = &made.found.changes[0];
        assert_string_equal(change->commit, commits[60]);
        assert_int_equal(change->has_interval, i == 2);
        assert_true(fabs(change->level_before - (1e6 + CASES[i].offset)) < 5e3);
        assert_true(fabs(change->level_after - (1.1e6 + CASES[i].offset)) < 5e3);
        double due = i == 2 ? change->ratio : change->level_after / change->level_before;
        assert_true(change->ratio == due && change->is_worse);
        done();
    }
}

static void energy_statistics_find_the_same_step(void **state)
{
    (void)state;
    make(1, 1);
    step(0, 60, 1.10);
    const struct assay_detect_rule rule = {.today = TODAY, .is_divisive = true, .seed = 7};
    assert_int_equal(assay_detect(made.series, 1, &rule, &made.arena, &made.found, NULL), ASSAY_OK);
    assert_int_equal(made.found.changes_count, 1);
    assert_string_equal(made.found.changes[0].commit, commits[60]);
    done();
}

static void several_runs_of_a_commit_are_judged_by_their_median(void **state)
{
    (void)state;
    make(1, 4);
    size_t n = 0;
    static struct assay_detect_run runs[RUNS_MAX];
    for (size_t c = 0; c < COMMITS; c++) {
        for (size_t i = 0; i < 3; i++) {
            runs[n] = made.runs[0][c];
            runs[n].entry_id = (int64_t)n + 1;
            runs[n].value *= i == 1 ? 40.0 : 1.0; /* one of three is far off */
            n++;
        }
    }
    made.series[0].runs = runs;
    made.series[0].runs_count = n;
    detect(1, NULL, NULL);
    assert_int_equal(made.found.changes_count, 0);
    assert_int_equal(made.found.lines[0].count, COMMITS);
    assert_true(made.found.lines[0].values[7] == made.runs[0][7].value);
    done();
}

static void what_is_missing_is_not_filled_in(void **state)
{
    (void)state;
    make(1, 5);
    for (size_t c = 0; c < COMMITS; c += 4) {
        made.runs[0][c].is_absent = true;
        made.runs[0][c].value = 0.0;
    }
    step(0, 40, 1.10);
    detect(1, NULL, NULL);
    assert_int_equal(made.found.lines[0].count, COMMITS - 20);
    assert_int_equal(made.found.lines[0].missing, 20);
    assert_int_equal(made.found.changes_count, 1);
    assert_string_equal(made.found.changes[0].commit, commits[41]); /* commit 40 was not measured */
    assert_string_equal(made.found.changes[0].before, commits[39]);
    done();
}

static void a_gap_over_half_of_a_series_divides_it(void **state)
{
    (void)state;
    make(1, 6);
    step(0, 70, 1.5);
    for (size_t c = 20; c < 65; c++) {
        made.runs[0][c].is_absent = true;
    }
    detect(1, NULL, NULL);
    assert_int_equal(made.found.changes_count, 1); /* found within the 15 points after the gap */
    assert_string_equal(made.found.changes[0].commit, commits[70]);
    assert_int_equal(made.found.changes[0].n_before, 5);
    done();
}

static void a_short_series_is_said_to_be_too_short(void **state)
{
    (void)state;
    make(1, 7);
    made.series[0].runs_count = 11;
    detect(1, NULL, NULL);
    assert_int_equal(made.found.too_short, 1);
    assert_int_equal(assay_detection_exit(&made.found), 2);
    made.series[0].runs_count = 12;
    detect(1, NULL, NULL);
    assert_int_equal(made.found.too_short, 0);
    assert_int_equal(assay_detection_exit(&made.found), 0);
    done();
}

static void a_change_of_the_newest_points_is_provisional(void **state)
{
    (void)state;
    make(1, 8);
    step(0, COMMITS - 4, 1.20);
    detect(1, NULL, NULL);
    assert_int_equal(made.found.changes_count, 1);
    assert_int_equal(made.found.changes[0].state, ASSAY_CHANGE_PROVISIONAL);
    assert_int_equal(assay_detection_exit(&made.found), 2);
    done();
}

#define MARK(kind, at, expires)                                                                \
    "assay_marks: 1\nmarks:\n  - {kind: " kind ", series: \"command * service*\", commit: " at \
    ", reason: \"known\", issued: 2026-11-01, expires: " expires "}\n"

static void marks_change_what_a_change_means(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t changes;
        enum assay_change_state state;
        int exit;
    } CASES[] = {
        {MARK("shift", "abc003c", "never"), 0, 0, 0},
        {MARK("ack", "abc003c", "2026-12-01"), 1, ASSAY_CHANGE_ACKED, 0},
        {MARK("ack", "abc003b", "2026-12-01"), 1, ASSAY_CHANGE_ACKED, 0}, /* beside it: a change is placed within two */
        {MARK("ack", "abc0030", "2026-12-01"), 1, ASSAY_CHANGE_CANDIDATE, 2},
        {MARK("ack", "abc003c", "2026-11-21"), 1, ASSAY_CHANGE_CANDIDATE, 2}, /* expired today */
        {MARK("ignore", "any", "2026-12-01"), 1, ASSAY_CHANGE_IGNORED, 0},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct assay_marks *marks = marks_of(CASES[i].text);
        make(1, 9);
        step(0, 60, 1.10); /* abc003c */
        detect(1, marks, NULL);
        assert_int_equal(made.found.changes_count, CASES[i].changes);
        if (CASES[i].changes > 0) {
            assert_int_equal(made.found.changes[0].state, CASES[i].state);
        }
        assert_int_equal(assay_detection_exit(&made.found), CASES[i].exit);
        done();
        assay_marks_free(marks);
    }
}

static void an_ack_ends_when_the_level_moves_again(void **state)
{
    (void)state;
    struct assay_marks *marks = marks_of(MARK("ack", "abc0028", "2026-12-01"));
    make(1, 10);
    step(0, 40, 1.10);
    step(0, 60, 1.10);
    detect(1, marks, NULL);
    assert_int_equal(made.found.changes_count, 2);
    assert_string_equal(made.found.changes[0].commit, commits[60]); /* the newest first */
    assert_int_equal(made.found.changes[0].state, ASSAY_CHANGE_CANDIDATE);
    assert_int_equal(made.found.changes[1].state, ASSAY_CHANGE_ACKED);
    done();
    assay_marks_free(marks);
}

static void earlier_changes_are_left_out_on_demand(void **state)
{
    (void)state;
    make(1, 10);
    step(0, 30, 1.10);
    step(0, 60, 1.10);
    detect(1, NULL, "abc0032");
    assert_int_equal(made.found.changes_count, 1);
    assert_string_equal(made.found.changes[0].commit, commits[60]);
    done();
}

static void a_commit_that_no_series_has_is_no_good_news(void **state)
{
    (void)state;
    const struct assay_detect_rule rule = {.today = TODAY, .since = "abc00032"};
    assay_err err = {0};
    make(1, 10);
    step(0, 30, 1.10);
    assert_int_equal(assay_detect(made.series, 1, &rule, &made.arena, &made.found, &err), ASSAY_UNDECIDED);
    assert_non_null(strstr(err.message, "no series has a value at commit 'abc00032'"));
    done();
}

static void memory_that_runs_out_leaves_no_changes_counted(void **state)
{
    (void)state;
    enum { PARTS = 16 };
    const struct assay_detect_rule rule = {.today = TODAY};
    size_t needed_bytes = 0, refused = 0;
    for (size_t part = PARTS; part > 0; part--) { /* the first has all it wants, and says how much that is */
        make(2, 1);
        step(0, 60, 1.10);
        step(1, 40, 1.10);
        made.arena.max_bytes = needed_bytes ? needed_bytes * part / PARTS - 1 : ARENA_BYTES_MAX;
        assay_code rc = assay_detect(made.series, 2, &rule, &made.arena, &made.found, NULL);
        needed_bytes = part == PARTS ? made.arena.used_bytes : needed_bytes;
        refused += rc == ASSAY_NO_MEMORY;
        assert_int_equal(rc, part == PARTS ? ASSAY_OK : ASSAY_NO_MEMORY);
        assert_true(made.found.changes_count == 0 || made.found.changes != NULL);
        done();
    }
    assert_int_equal(refused, PARTS - 1);
}

static void a_host_whose_series_move_together_is_the_finding_once(void **state)
{
    (void)state;
    make(20, 11);
    for (size_t s = 0; s < 6; s++) {
        step(s, 60 + s % 2, 1.10);
    }
    step(19, 30, 1.10); /* on its own, long before */
    detect(20, NULL, NULL);
    assert_int_equal(made.found.environments_count, 1);
    assert_int_equal(made.found.environments[0].moved, 6);
    assert_int_equal(made.found.environments[0].contexts, 20);
    size_t open = 0;
    for (size_t i = 0; i < made.found.changes_count; i++) {
        open += made.found.changes[i].state == ASSAY_CHANGE_CANDIDATE;
        assert_true(made.found.changes[i].state == ASSAY_CHANGE_ENVIRONMENT || made.found.changes[i].series == 19);
    }
    assert_int_equal(open, 1);
    done();
}

static void a_host_of_few_contexts_is_not_said_to_move(void **state)
{
    (void)state;
    for (size_t count = ASSAY_DETECT_CONTEXTS_LEAST - 1; count <= ASSAY_DETECT_CONTEXTS_LEAST; count++) {
        make(count, 11);
        for (size_t s = 0; s < count; s++) {
            step(s, 60, 1.10);
        }
        detect(count, NULL, NULL);
        assert_int_equal(made.found.environments_count, count == ASSAY_DETECT_CONTEXTS_LEAST);
        assert_int_equal(made.found.changes_count, count);
        done();
    }
}

static void changes_of_one_commit_have_the_time_of_its_first_run(void **state)
{
    (void)state;
    static const char *const RUN_AT[] = {"2026-11-03T12:00:00Z", "2026-11-03T05:00:00Z", "2026-11-03T18:00:00Z"};
    make(3, 11);
    for (size_t s = 0; s < 3; s++) {
        step(s, 60, 1.10);
        made.runs[s][60].started_at = RUN_AT[s];
    }
    detect(3, NULL, NULL);
    assert_int_equal(made.found.changes_count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(made.found.changes[i].commit, commits[60]);
        assert_string_equal(made.found.changes[i].started_at, RUN_AT[1]);
    }
    done();
}

static void the_metrics_of_one_run_moving_together_are_no_environment(void **state)
{
    (void)state;
    make(20, 12);
    for (size_t s = 0; s < 20; s++) {
        made.series[s].context_id = 1 + (int64_t)s / 4; /* five contexts of four metrics each */
    }
    for (size_t s = 0; s < 4; s++) {
        step(s, 60, 1.10);
    }
    detect(20, NULL, NULL);
    assert_int_equal(made.found.environments_count, 0);
    assert_int_equal(made.found.changes_count, 4);
    done();
}

static void a_new_host_class_is_said_once(void **state)
{
    (void)state;
    make(6, 13);
    for (size_t s = 0; s < 3; s++) { /* three series of h1 end, the same three of h2 begin */
        made.series[s].runs_count = 40;
        made.series[s + 3].name = made.series[s].name;
        made.series[s + 3].host_class = "h2";
        made.series[s + 3].runs = made.runs[s + 3] + 40;
        made.series[s + 3].runs_count = COMMITS - 40;
    }
    detect(6, NULL, NULL);
    assert_int_equal(made.found.environments_count, 1);
    assert_true(made.found.environments[0].is_new_host);
    assert_string_equal(made.found.environments[0].host_class, "h2");
    assert_string_equal(made.found.environments[0].commit, commits[40]);
    done();
}

static void more_rows_than_a_commit_may_have_are_folded(void **state)
{
    (void)state;
    make(40, 14);
    for (size_t s = 0; s < 8; s++) { /* a fifth: not more */
        step(s, 60, 1.10);
    }
    detect(40, NULL, NULL);
    assert_int_equal(made.found.environments_count, 0);
    size_t shown = 0, folded = 0;
    for (size_t i = 0; i < made.found.changes_count; i++) {
        bool is_of_60 = strcmp(made.found.changes[i].commit, commits[60]) == 0;
        shown += is_of_60 && !made.found.changes[i].is_folded;
        folded += is_of_60 && made.found.changes[i].is_folded;
    }
    assert_true(shown <= ASSAY_DETECT_ROWS_MAX);
    assert_true(shown + folded >= 6 && folded >= 1);
    done();
}

static void noise_raises_less_than_one_alert_per_thousand_series_commits(void **state)
{
    (void)state;
    size_t candidates = 0, looked = 0;
    for (uint64_t seed = 100; seed < 130; seed++) {
        make(SERIES_MAX, seed);
        detect(SERIES_MAX, NULL, NULL);
        for (size_t i = 0; i < made.found.changes_count; i++) {
            candidates += made.found.changes[i].state == ASSAY_CHANGE_CANDIDATE;
        }
        looked += SERIES_MAX * COMMITS;
        done();
    }
    print_message("# %zu candidates in %zu series-commits of noise\n", candidates, looked);
    assert_true((double)candidates <= (double)looked / 1000.0);
}

static void the_document_holds_a_row_a_change_and_every_mark(void **state)
{
    (void)state;
    struct assay_marks *marks = marks_of(MARK("ack", "abc0028", "2026-11-02"));
    struct assay_verdict_document document, again;
    struct assay_buf bytes;
    make(1, 15);
    step(0, 60, 1.10);
    detect(1, marks, NULL);
    assay_detect_settle(&made.found, 0, ASSAY_CHANGE_CONFIRMED, NULL);
    const struct assay_detect_about about = {.tool = "assay 0", .date = "2026-11-21"};
    assert_int_equal(assay_detect_document(&made.found, &about, &made.arena, &document, NULL), ASSAY_OK);
    assay_buf_init(&bytes, ASSAY_VERDICT_BYTES_MAX);
    assert_int_equal(assay_verdict_encode(&document, &bytes, NULL), ASSAY_OK);
    assert_int_equal(assay_verdict_parse(bytes.data, bytes.len, &made.arena, &again, NULL), ASSAY_OK);
    assert_int_equal(again.verdict, ASSAY_VERDICT_FAIL);
    assert_int_equal(again.rows_count, 1);
    assert_string_equal(again.rows[0].arm, commits[60]);
    assert_string_equal(again.rows[0].word, "slower");
    assert_int_equal(again.rows[0].verdict, ASSAY_VERDICT_FAIL);
    assert_int_equal(again.notes_count, 1);
    assert_non_null(strstr(again.notes[0], "it does nothing"));
    assay_buf_done(&bytes);
    done();
    assay_marks_free(marks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_is_named_with_its_commit_and_size),
        cmocka_unit_test(what_a_paired_run_refutes_is_no_regression),
        cmocka_unit_test(what_a_paired_run_does_not_decide_stays_open),
        cmocka_unit_test(better_is_judged_by_the_direction_of_the_metric),
        cmocka_unit_test(an_improvement_leaves_nothing_open),
        cmocka_unit_test(runs_are_put_in_the_order_of_their_commits),
        cmocka_unit_test(runs_without_an_order_stand_as_they_arrived),
        cmocka_unit_test(values_that_have_no_logarithm_are_compared_as_they_are),
        cmocka_unit_test(energy_statistics_find_the_same_step),
        cmocka_unit_test(several_runs_of_a_commit_are_judged_by_their_median),
        cmocka_unit_test(what_is_missing_is_not_filled_in),
        cmocka_unit_test(a_gap_over_half_of_a_series_divides_it),
        cmocka_unit_test(a_short_series_is_said_to_be_too_short),
        cmocka_unit_test(a_change_of_the_newest_points_is_provisional),
        cmocka_unit_test(marks_change_what_a_change_means),
        cmocka_unit_test(an_ack_ends_when_the_level_moves_again),
        cmocka_unit_test(earlier_changes_are_left_out_on_demand),
        cmocka_unit_test(a_commit_that_no_series_has_is_no_good_news),
        cmocka_unit_test(memory_that_runs_out_leaves_no_changes_counted),
        cmocka_unit_test(a_host_whose_series_move_together_is_the_finding_once),
        cmocka_unit_test(a_host_of_few_contexts_is_not_said_to_move),
        cmocka_unit_test(changes_of_one_commit_have_the_time_of_its_first_run),
        cmocka_unit_test(the_metrics_of_one_run_moving_together_are_no_environment),
        cmocka_unit_test(a_new_host_class_is_said_once),
        cmocka_unit_test(more_rows_than_a_commit_may_have_are_folded),
        cmocka_unit_test(noise_raises_less_than_one_alert_per_thousand_series_commits),
        cmocka_unit_test(the_document_holds_a_row_a_change_and_every_mark),
    };
    assay_json_init();
    return assay_crypto_init(NULL) == ASSAY_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
