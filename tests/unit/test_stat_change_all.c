#include "base/rng.h"
#include "stat/stat.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Simulations of statistics.md 7 with fixed seeds: the same draws every time, so each either holds or does not. The
 * full trial counts are in bench/bench_history.c; here as many as a few seconds allow. */
enum { LONGEST = 1000 };

struct room {
    double values[LONGEST], work[4 * LONGEST];
    struct assay_change_point points[ASSAY_CHANGE_POINTS_MAX(LONGEST)];
};

static double normal(struct assay_rng *rng)
{
    double sum = -6.0; /* near enough to a normal here (sd 1), and fast */
    for (int i = 0; i < 12; i++) {
        sum += assay_rng_unit(rng);
    }
    return sum;
}

enum noise { IID, LOGNORMAL, AR, OUTLIERS, NOISES };
static const char *const NOISE_NAMES[NOISES] = {"iid", "lognormal .5", "AR .3", "5 % outliers exp(6)"};

/* Logarithms, as detect takes them: a lognormal level with sd .5 is normal noise there. */
static void draw(struct assay_rng *rng, enum noise noise, double *values, size_t count)
{
    double before = normal(rng);
    for (size_t i = 0; i < count; i++) {
        double fresh = normal(rng);
        before = noise == AR ? 0.3 * before + sqrt(1 - 0.09) * fresh : fresh;
        values[i] = noise == LOGNORMAL ? 0.5 * before : before;
        if (noise == OUTLIERS && assay_rng_unit(rng) < 0.05) {
            values[i] += -6.0 * assay_stat_log(1.0 - assay_rng_unit(rng));
        }
    }
}

static double false_points_per_100(enum noise noise, size_t count, int trials)
{
    static struct room room;
    struct assay_rng rng;
    size_t found = 0;
    assay_rng_seed(&rng, 1 + (uint64_t)noise, "false points");
    for (int i = 0; i < trials; i++) {
        draw(&rng, noise, room.values, count);
        found += assay_change_rescan(room.values, count, room.points, room.work);
    }
    return 100.0 * (double)found / ((double)count * trials);
}

static void noise_of_any_kind_has_few_change_points(void **state)
{
    (void)state;
    static const struct {
        size_t count;
        int trials;
    } CASES[] = {{50, 8000}, {100, 4000}, {400, 1000}, {1000, 400}};
    for (enum noise noise = IID; noise < NOISES; noise++) {
        for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
            double share = false_points_per_100(noise, CASES[i].count, CASES[i].trials);
            print_message("# %s, n = %zu: %.3f false points per 100\n", NOISE_NAMES[noise], CASES[i].count, share);
            assert_true(share <= 0.05);
        }
    }
}

/* A step after 60 points, seen `after` points later: the share of trials that place it within 2. */
static double found_share(double sigmas, size_t after, int trials)
{
    static struct room room;
    struct assay_rng rng;
    int hits = 0;
    assay_rng_seed(&rng, 11, "step");
    for (int i = 0; i < trials; i++) {
        draw(&rng, IID, room.values, 60 + after);
        for (size_t j = 60; j < 60 + after; j++) {
            room.values[j] += sigmas;
        }
        size_t count = assay_change_rescan(room.values, 60 + after, room.points, room.work);
        bool is_hit = false;
        for (size_t j = 0; j < count; j++) {
            is_hit |= room.points[j].at >= 58 && room.points[j].at <= 62;
        }
        hits += is_hit;
    }
    return (double)hits / trials;
}

static void steps_are_found_in_time_and_in_place(void **state)
{
    (void)state;
    double three = found_share(3.0, 5, 8000), two = found_share(2.0, 10, 8000);
    print_message("# 3 sigma in 5 points: %.3f; 2 sigma in 10: %.3f\n", three, two);
    assert_true(three >= 0.95);
    assert_true(two >= 0.85);
}

static void bumps_that_recursion_misses_are_found_by_windows(void **state)
{
    (void)state;
    static struct room room;
    struct assay_rng rng;
    int hits = 0;
    assay_rng_seed(&rng, 12, "bump");
    for (int i = 0; i < 200; i++) {
        draw(&rng, IID, room.values, 400);
        for (size_t j = 190; j < 210; j++) {
            room.values[j] += 3.0;
        }
        hits += assay_change_rescan(room.values, 400, room.points, room.work) >= 2;
    }
    print_message("# bumps of 20 points in 400: %d of 200\n", hits);
    assert_true(hits >= 190);
}

static void several_steps_are_all_found(void **state)
{
    (void)state;
    static struct room room;
    struct assay_rng rng;
    assay_rng_seed(&rng, 13, "stairs");
    draw(&rng, IID, room.values, 600);
    for (size_t j = 0; j < 600; j++) {
        room.values[j] += 4.0 * (double)(j / 150);
    }
    size_t count = assay_change_rescan(room.values, 600, room.points, room.work);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < 3; i++) {
        double away = (double)room.points[i].at - 150.0 * (double)(i + 1);
        assert_true(fabs(away) <= 2.0);
        assert_true(room.points[i].p < 1e-6);
    }
}

/* One series as a run after each commit sees it: when the newest point is asked about first as change, and as settled.
 */
static void watch(const double *values, size_t count, size_t first, size_t *ret_change, size_t *ret_alert)
{
    double work[4 * ASSAY_CHANGE_WINDOW];
    *ret_change = *ret_alert = SIZE_MAX;
    for (size_t n = first; n <= count; n++) {
        struct assay_change_news news = assay_change_append(values, n, 0, work);
        if (news.is_change && *ret_change == SIZE_MAX) {
            *ret_change = n;
        }
        if (news.is_change && !news.is_provisional) {
            *ret_alert = n;
            return;
        }
    }
}

static void appended_points_alert_seldom_in_noise_and_soon_after_a_step(void **state)
{
    (void)state;
    static struct room room;
    enum { TRIALS = 2000, BEFORE = 60, AFTER = 7 };
    for (enum noise noise = IID; noise <= AR; noise++) {
        struct assay_rng rng;
        int alerts = 0, found = 0, alerting = 0;
        assay_rng_seed(&rng, 20 + (uint64_t)noise, "append");
        for (int i = 0; i < TRIALS; i++) {
            size_t change, alert;
            draw(&rng, noise, room.values, BEFORE + AFTER);
            watch(room.values, BEFORE + 1, BEFORE + 1, &change, &alert);
            alerts += alert != SIZE_MAX;
            for (size_t j = BEFORE; j < BEFORE + AFTER; j++) {
                room.values[j] += noise == LOGNORMAL ? 1.5 : 3.0;
            }
            watch(room.values, BEFORE + AFTER, BEFORE + 1, &change, &alert);
            found += change <= BEFORE + 5;
            alerting += alert <= BEFORE + 7;
        }
        print_message("# %s: %d false alerts in %d; found in 5 points %d, alerting in 7 %d\n", NOISE_NAMES[noise],
                      alerts, TRIALS, found, alerting);
        assert_true(alerts <= TRIALS / 1000);
        assert_true(found >= TRIALS / 2);
        assert_true(noise == AR || alerting >= 0.9 * TRIALS);
    }
}

static void a_fresh_change_is_provisional(void **state)
{
    (void)state;
    double values[40], work[4 * ASSAY_CHANGE_WINDOW];
    struct assay_rng rng;
    assay_rng_seed(&rng, 31, "fresh");
    draw(&rng, IID, values, 40);
    for (size_t i = 36; i < 40; i++) {
        values[i] += 30.0;
    }
    struct assay_change_news news = assay_change_append(values, 40, 0, work);
    assert_true(news.is_change && news.is_provisional);
    assert_int_equal(news.point.at, 36);
    assert_false(assay_change_append(values, 40, 36, work).is_change); /* the level since then is its own */
}

static void the_work_of_a_rescan_grows_with_the_points(void **state)
{
    (void)state;
    /* A series of noise is scanned once whole and once in windows: four times its length at most, whatever the length.
     * A quadratic rescan of 200,000 points would take minutes here. */
    enum { MANY = 200000 };
    static double values[MANY], work[4 * MANY];
    static struct assay_change_point points[ASSAY_CHANGE_POINTS_MAX(MANY)];
    struct assay_rng rng;
    assay_rng_seed(&rng, 41, "long");
    draw(&rng, IID, values, MANY);
    assert_true(assay_change_rescan(values, MANY, points, work) <= MANY / 2000);
}

static void p_falls_with_the_statistic_and_meets_the_levels(void **state)
{
    (void)state;
    for (size_t n = 12; n <= 2000; n += 37) {
        double before = 1.0;
        for (double t = 0.5; t < 30.0; t += 0.25) {
            double p = assay_change_p(n, t);
            assert_true(p > 0.0 && p <= before);
            before = p;
        }
        assert_true(fabs(assay_change_p(n, assay_change_critical(n, ASSAY_CHANGE_01)) - 0.01) < 1e-9);
        assert_true(fabs(assay_change_p(n, assay_change_critical(n, ASSAY_CHANGE_001)) - 0.001) < 1e-9);
    }
    assert_true(assay_change_p(11, 100.0) == 1.0);
}

static void e_divisive_finds_what_is_there(void **state)
{
    (void)state;
    enum { N = 90 };
    static double work[N * (N + 4)];
    const struct assay_change_divisive_rule rule = {.alpha = 0.05, .permutations = 99, .size_min = 10, .seed = 7};
    struct assay_change_point points[ASSAY_CHANGE_POINTS_MAX(N)];
    double values[N];
    struct assay_rng rng;
    assay_rng_seed(&rng, 51, "divisive");
    draw(&rng, IID, values, N);
    for (size_t i = 30; i < 60; i++) {
        values[i] += 3.0;
    }
    size_t count = assay_change_divisive(values, N, &rule, points, work);
    assert_int_equal(count, 2);
    assert_true(points[0].at >= 28 && points[0].at <= 32 && points[1].at >= 58 && points[1].at <= 62);
    assert_true(points[0].p <= 0.05 && points[0].p >= 1.0 / 100);
    assert_int_equal(assay_change_divisive(values, 15, &rule, points, work), 0); /* shorter than two clusters */
}

static void e_divisive_on_noise_errs_as_often_as_its_level(void **state)
{
    (void)state;
    enum { N = 40, TRIALS = 200 };
    static double work[N * (N + 4)];
    const struct assay_change_divisive_rule rule = {.alpha = 0.05, .permutations = 39, .size_min = 5, .seed = 7};
    struct assay_change_point points[ASSAY_CHANGE_POINTS_MAX(N)];
    double values[N];
    struct assay_rng rng;
    int found = 0;
    assay_rng_seed(&rng, 52, "divisive");
    for (int i = 0; i < TRIALS; i++) {
        draw(&rng, IID, values, N);
        found += assay_change_divisive(values, N, &rule, points, work) > 0;
    }
    print_message("# E-divisive at 0.05: %d of %d noise series\n", found, TRIALS);
    assert_true(found >= 2 && found <= 20); /* 10 expected; the 99.9 % range of a binomial */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_of_any_kind_has_few_change_points),
        cmocka_unit_test(steps_are_found_in_time_and_in_place),
        cmocka_unit_test(bumps_that_recursion_misses_are_found_by_windows),
        cmocka_unit_test(several_steps_are_all_found),
        cmocka_unit_test(appended_points_alert_seldom_in_noise_and_soon_after_a_step),
        cmocka_unit_test(a_fresh_change_is_provisional),
        cmocka_unit_test(the_work_of_a_rescan_grows_with_the_points),
        cmocka_unit_test(p_falls_with_the_statistic_and_meets_the_levels),
        cmocka_unit_test(e_divisive_finds_what_is_there),
        cmocka_unit_test(e_divisive_on_noise_errs_as_often_as_its_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
