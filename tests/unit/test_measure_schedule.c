/* Due times, lengths and replays: moments, reproducibility, and what each form refuses. */
#include "measure/measure.h"
#include "measure/replay.h"
#include "measure/shape.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define S ASSAY_NS_PER_S
#define MS ASSAY_NS_PER_MS

static struct assay_plan *plan_of(const struct assay_load *load, const struct assay_stop *stop, uint64_t seed)
{
    struct assay_plan *plan = NULL;
    assert_int_equal(assay_plan_new(&plan, NULL), ASSAY_OK);
    plan->load = *load;
    plan->stop = *stop;
    plan->seed = seed;
    return plan;
}

static struct assay_plan *draw(const struct assay_load *load, uint64_t count, uint64_t seed)
{
    struct assay_stop stop = {.rule = ASSAY_STOP_COUNT, .count = count, .max_duration_ns = 31 * 86400 * S};
    struct assay_plan *plan = plan_of(load, &stop, seed);
    struct assay_shape shape = {0};
    assay_err err = {0};
    if (assay_schedule_draw(plan, &shape, 0, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    return plan;
}

struct moments {
    double mean, cv;
};

static struct moments gaps_of(const struct assay_plan *plan)
{
    double sum = 0, squares = 0, n = (double)plan->ops_count - 1;
    for (size_t i = 1; i < plan->ops_count; i++) {
        double gap = (double)(plan->ops[i].due_ns - plan->ops[i - 1].due_ns) / 1e9;
        sum += gap;
        squares += gap * gap;
    }
    double mean = sum / n;
    return (struct moments){mean, sqrt(squares / n - mean * mean) / mean};
}

static void poisson_gaps_have_mean_and_spread_of_the_rate(void **state)
{
    (void)state;
    struct assay_load load = {.mode = ASSAY_LOAD_OPEN, .arrivals = ASSAY_ARRIVALS_POISSON, .rate_per_s = 200};
    struct assay_plan *plan = draw(&load, 100000, 1);
    struct moments m = gaps_of(plan);
    assert_true(fabs(m.mean * 200 - 1) < 0.015); /* 5 standard errors of 1/sqrt(n) */
    assert_true(fabs(m.cv - 1) < 0.015);
    assay_plan_free(plan);
}

static void gamma_gaps_have_the_coefficient_of_variation_asked_for(void **state)
{
    (void)state;
    static const double cvs[] = {0.25, 0.5, 1, 2, 3};
    for (size_t i = 0; i < sizeof cvs / sizeof cvs[0]; i++) {
        struct assay_load load = {
            .mode = ASSAY_LOAD_OPEN, .arrivals = ASSAY_ARRIVALS_GAMMA, .rate_per_s = 50, .gamma_cv = cvs[i]};
        struct assay_plan *plan = draw(&load, 100000, 2);
        struct moments m = gaps_of(plan);
        assert_true(fabs(m.mean * 50 - 1) < 0.016 * cvs[i]);
        assert_true(fabs(m.cv / cvs[i] - 1) < 0.05);
        assay_plan_free(plan);
    }
}

static void constant_gaps_are_equal_and_do_not_drift(void **state)
{
    (void)state;
    struct assay_load load = {.mode = ASSAY_LOAD_OPEN, .arrivals = ASSAY_ARRIVALS_CONSTANT, .rate_per_s = 3};
    struct assay_plan *plan = draw(&load, 3000001, 1);
    assert_int_equal(plan->ops[0].due_ns, 0);
    assert_int_equal(plan->ops[1].due_ns, 333333333);
    assert_int_equal(plan->ops[3000000].due_ns, 1000000 * S);
    assay_plan_free(plan);
}

static uint64_t digest_of(const struct assay_plan *plan)
{
    uint64_t digest = 0;
    for (size_t i = 0; i < plan->ops_count; i++) {
        digest = digest * 31 + plan->ops[i].due_ns;
    }
    return digest;
}

static void the_same_seed_gives_the_same_schedule_and_another_one_another(void **state)
{
    (void)state;
    struct assay_load load = {
        .mode = ASSAY_LOAD_OPEN, .arrivals = ASSAY_ARRIVALS_GAMMA, .rate_per_s = 50, .gamma_cv = 2};
    struct assay_plan *a = draw(&load, 5000, 42), *b = draw(&load, 5000, 42), *c = draw(&load, 5000, 43);
    assert_int_equal(digest_of(a), digest_of(b));
    assert_int_not_equal(digest_of(a), digest_of(c));
    assay_plan_free(a);
    assay_plan_free(b);
    assay_plan_free(c);
}

static void the_bits_of_a_schedule_are_fixed_for_ever(void **state)
{
    (void)state;
    /* From a second implementation of generator and draws, in another language with another libm. */
    static const struct {
        enum assay_arrivals arrivals;
        uint64_t due_ns[3];
    } cases[] = {{ASSAY_ARRIVALS_POISSON, {10326009, 27754144, 9600251377}},
                 {ASSAY_ARRIVALS_GAMMA, {11048787, 16417292, 9821922375}}};
    for (size_t i = 0; i < 2; i++) {
        struct assay_load load = {
            .mode = ASSAY_LOAD_OPEN, .arrivals = cases[i].arrivals, .rate_per_s = 100, .gamma_cv = 0.5};
        struct assay_plan *plan = draw(&load, 1000, 1);
        static const size_t at[3] = {0, 1, 999};
        for (size_t j = 0; j < 3; j++) {
            if (plan->ops[at[j]].due_ns != cases[i].due_ns[j]) {
                fail_msg("case %zu: operation %zu is due at %llu", i, at[j],
                         (unsigned long long)plan->ops[at[j]].due_ns);
            }
        }
        assay_plan_free(plan);
    }
}

static void one_more_draw_of_one_use_shifts_no_other(void **state)
{
    (void)state;
    struct assay_rng arrivals, lengths, alone;
    assay_rng_seed(&arrivals, 9, "arrivals");
    assay_rng_seed(&lengths, 9, "prompt-tokens");
    assay_rng_seed(&alone, 9, "arrivals");
    for (size_t i = 0; i < 100; i++) {
        (void)assay_rng_u64(&lengths);
        assert_int_equal(assay_rng_u64(&arrivals), assay_rng_u64(&alone));
    }
}

static void a_longer_plan_begins_with_the_shorter_one(void **state)
{
    (void)state;
    struct assay_load load = {.mode = ASSAY_LOAD_OPEN, .arrivals = ASSAY_ARRIVALS_POISSON, .rate_per_s = 100};
    struct assay_plan *few = draw(&load, 100, 5), *many = draw(&load, 1000, 5);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(few->ops[i].due_ns, many->ops[i].due_ns);
    }
    assay_plan_free(few);
    assay_plan_free(many);
}

static void warm_up_comes_first_and_the_duration_counts_after_it(void **state)
{
    (void)state;
    struct assay_load load = {.mode = ASSAY_LOAD_OPEN, .arrivals = ASSAY_ARRIVALS_CONSTANT, .rate_per_s = 10};
    struct assay_stop stop = {.rule = ASSAY_STOP_DURATION, .duration_ns = 2 * S, .max_duration_ns = 3600 * S};
    struct assay_plan *plan = plan_of(&load, &stop, 1);
    struct assay_shape shape = {0};
    plan->warmup.samples = 5;
    assert_int_equal(assay_schedule_draw(plan, &shape, 0, NULL), ASSAY_OK);
    assert_int_equal(plan->ops_count, 25);
    for (size_t i = 0; i < plan->ops_count; i++) {
        assert_int_equal(plan->ops[i].is_warmup, i < 5);
    }
    assay_plan_free(plan);
}

static void duration_and_count_must_both_be_reached(void **state)
{
    (void)state;
    struct assay_load load = {.mode = ASSAY_LOAD_OPEN, .arrivals = ASSAY_ARRIVALS_CONSTANT, .rate_per_s = 10};
    struct assay_stop stop = {
        .rule = ASSAY_STOP_DURATION, .duration_ns = 2 * S, .count = 50, .max_duration_ns = 3600 * S};
    struct assay_shape shape = {0};
    struct assay_plan *plan = plan_of(&load, &stop, 1);
    assert_int_equal(assay_schedule_draw(plan, &shape, 0, NULL), ASSAY_OK);
    assert_int_equal(plan->ops_count, 50);
    assay_plan_free(plan);
    stop.count = 5;
    plan = plan_of(&load, &stop, 1);
    assert_int_equal(assay_schedule_draw(plan, &shape, 0, NULL), ASSAY_OK);
    assert_int_equal(plan->ops_count, 20);
    assay_plan_free(plan);
}

static void a_closed_loop_for_a_duration_plans_its_maximum(void **state)
{
    (void)state;
    struct assay_load load = {.mode = ASSAY_LOAD_CLOSED, .concurrency = 4};
    struct assay_stop stop = {.rule = ASSAY_STOP_DURATION, .duration_ns = 3 * S, .max_duration_ns = 3600 * S};
    struct assay_shape shape = {0};
    struct assay_plan *plan = plan_of(&load, &stop, 1);
    assert_int_equal(assay_schedule_draw(plan, &shape, 50, NULL), ASSAY_OK);
    assert_int_equal(plan->ops_count, 600);
    assay_plan_free(plan);
}

/* ---- shapes ------------------------------------------------------------------------------------------------------*/

static struct assay_plan *draw_shape(const char *text, uint64_t count, assay_err *err)
{
    struct assay_load load = {.mode = ASSAY_LOAD_OPEN};
    struct assay_shape shape = {.replay_speed = 1};
    struct assay_stop stop = {.rule = ASSAY_STOP_COUNT, .count = count, .max_duration_ns = 86400 * S};
    struct assay_buf file;
    assay_buf_init(&file, ASSAY_REPLAY_BYTES_MAX);
    struct assay_plan *plan = NULL;
    if (assay_shape_parse(text, &shape, &load, &file, err) == ASSAY_OK) {
        plan = plan_of(&load, &stop, 3);
        if (assay_schedule_draw(plan, &shape, 0, err) != ASSAY_OK) {
            assay_plan_free(plan);
            plan = NULL;
        }
    }
    assay_buf_done(&file);
    return plan;
}

static size_t count_between(const struct assay_plan *plan, uint64_t from_ns, uint64_t to_ns)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->ops_count; i++) {
        count += plan->ops[i].due_ns >= from_ns && plan->ops[i].due_ns < to_ns;
    }
    return count;
}

static void a_ramp_has_the_rate_of_each_moment(void **state)
{
    (void)state;
    struct assay_plan *plan = draw_shape("ramp:0,1000,1000@10s", 1000000, NULL);
    assert_non_null(plan);
    double first = (double)count_between(plan, 0, 5 * S), second = (double)count_between(plan, 5 * S, 10 * S),
           flat = (double)count_between(plan, 10 * S, 20 * S);
    assert_true(fabs(first - 1250) < 5 * sqrt(1250)); /* areas of the triangle's halves and of the rectangle */
    assert_true(fabs(second - 3750) < 5 * sqrt(3750));
    assert_true(fabs(flat - 10000) < 5 * sqrt(10000));
    assert_true(plan->ops[plan->ops_count - 1].due_ns < 20 * S);
    assay_plan_free(plan);
}

static void steps_have_their_rates_and_end(void **state)
{
    (void)state;
    struct assay_plan *plan = draw_shape("steps:100,200,400@10s", 1000000, NULL);
    assert_non_null(plan);
    static const double expected[] = {1000, 2000, 4000};
    for (size_t i = 0; i < 3; i++) {
        double count = (double)count_between(plan, i * 10 * S, (i + 1) * 10 * S);
        assert_true(fabs(count - expected[i]) < 5 * sqrt(expected[i]));
    }
    assert_int_equal(count_between(plan, 30 * S, UINT64_MAX), 0);
    assay_plan_free(plan);
}

static void a_burst_is_due_at_once(void **state)
{
    (void)state;
    struct assay_plan *plan = draw_shape("burst:10,1s", 35, NULL);
    assert_non_null(plan);
    for (size_t i = 0; i < 35; i++) {
        assert_int_equal(plan->ops[i].due_ns, i / 10 * S);
    }
    assay_plan_free(plan);
}

static void a_shape_that_is_none_says_what_would_be_one(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "sine:1,2@3s",
                                      "ramp:1@1s",
                                      "ramp:1,2",
                                      "ramp:1,2@0s",
                                      "ramp:,2@1s",
                                      "burst:0,1s",
                                      "burst:3",
                                      "burst:3,0s",
                                      "steps:@1s",
                                      "ramp:-1,2@1s",
                                      "steps:1,x@1s",
                                      "replay:/nonexistent/file"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assay_err err = {0};
        if (draw_shape(bad[i], 10, &err) != NULL) {
            fail_msg("'%s' was taken", bad[i]);
        }
        assert_true(strlen(err.message) > 10);
    }
}

/* ---- replay ------------------------------------------------------------------------------------------------------*/

static assay_code replay(const char *text, struct assay_replay *ret, assay_err *err)
{
    return assay_replay_read(text, strlen(text), 1000, ret, err);
}

static void four_formats_are_told_by_their_first_line(void **state)
{
    (void)state;
    static const char *const files[] = {
        "due_ns,prompt_tokens,output_tokens,chain\n1000,7,3,0\n2500001000,8,4,0\n",
        "TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:17:03.9799600,7,3\r\n2023-11-16 "
        "18:17:06.4799600,8,4\r\n",
        "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log "
        "Type\n5,ChatGPT,7,3,10,API\n7.5,GPT-4,8,4,12,API\n",
        "{\"timestamp\": 100, \"input_length\": 7, \"output_length\": 3, \"hash_ids\": [1, 2]}\n"
        "{\"timestamp\": 2600, \"input_length\": 8, \"output_length\": 4, \"hash_ids\": [1]}",
    };
    for (size_t i = 0; i < 4; i++) {
        struct assay_replay rows;
        assay_err err = {0};
        if (replay(files[i], &rows, &err) != ASSAY_OK) {
            fail_msg("file %zu: %s", i, err.message);
        }
        assert_int_equal(rows.count, 2);
        assert_int_equal(rows.rows[0].due_ns, 0);
        assert_int_equal(rows.rows[1].due_ns, 2500 * MS);
        assert_int_equal(rows.rows[1].prompt_tokens, 8);
        assert_int_equal(rows.rows[1].output_tokens, 4);
        assay_replay_done(&rows);
    }
}

static void a_replay_that_is_wrong_names_line_and_fault(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
        assay_code code;
    } cases[] = {
        {"", "no rows", ASSAY_MALFORMED},
        {"due_ns,prompt_tokens,output_tokens\n", "no rows", ASSAY_MALFORMED},
        {"a,b,c\n1,2,3\n", "unknown header", ASSAY_UNSUPPORTED},
        {"due_ns,prompt_tokens,output_tokens\n5,1,1\n4,1,1\n", "line 3: earlier", ASSAY_MALFORMED},
        {"due_ns,prompt_tokens,output_tokens\n5,1\n", "line 2: 2 columns", ASSAY_MALFORMED},
        {"due_ns,prompt_tokens,output_tokens\n5,-1,1\n", "line 2", ASSAY_MALFORMED},
        {"TIMESTAMP,ContextTokens,GeneratedTokens\n2023-13-16 18:17:03,7,3\n", "line 2: time", ASSAY_MALFORMED},
        {"Timestamp,Request tokens,Response tokens\n1e300,7,3\n", "line 2: time", ASSAY_MALFORMED},
        {"{\"timestamp\":1,\"input_length\":2}\n", "output_length", ASSAY_MALFORMED},
        {"{\"timestamp\":-5,\"input_length\":2,\"output_length\":2}\n", "line 1: time", ASSAY_MALFORMED},
        {"{\"timestamp\":1,", "line 1", ASSAY_MALFORMED},
        {"due_ns,prompt_tokens,output_tokens\n{}\n", "JSON after CSV", ASSAY_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct assay_replay rows;
        assay_err err = {0};
        assert_int_equal(replay(cases[i].text, &rows, &err), cases[i].code);
        if (!strstr(err.message, cases[i].says)) {
            fail_msg("case %zu says: %s", i, err.message);
        }
    }
}

static void a_replay_keeps_lengths_and_scales_time(void **state)
{
    (void)state;
    static const char file[] = "due_ns,prompt_tokens,output_tokens\n0,7,3\n1000000000,8,4\n";
    struct assay_load load = {.mode = ASSAY_LOAD_OPEN, .arrivals = ASSAY_ARRIVALS_REPLAY};
    struct assay_stop stop = {.rule = ASSAY_STOP_COUNT, .count = 100, .max_duration_ns = 3600 * S};
    struct assay_shape shape = {.replay_bytes = file, .replay_len = sizeof file - 1, .replay_speed = 4};
    struct assay_plan *plan = plan_of(&load, &stop, 1);
    assert_int_equal(assay_schedule_draw(plan, &shape, 0, NULL), ASSAY_OK);
    assert_int_equal(plan->ops_count, 2);
    assert_int_equal(plan->ops[1].due_ns, 250 * MS);
    assert_int_equal(plan->ops[1].prompt_tokens, 8);
    assert_int_equal(plan->ops[1].output_tokens, 4);
    assay_plan_free(plan);
}

/* ---- lengths -----------------------------------------------------------------------------------------------------*/

#define DRAWS 100000

static double mean_length(const char *spec, uint32_t low, uint32_t high)
{
    struct assay_lengths *lengths = NULL;
    struct assay_rng rng;
    assay_err err = {0};
    if (assay_lengths_parse(spec, "--output-tokens", &lengths, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    assay_rng_seed(&rng, 11, "test");
    double sum = 0;
    for (size_t i = 0; i < DRAWS; i++) {
        uint32_t length = assay_lengths_draw(lengths, &rng);
        assert_in_range(length, low, high);
        sum += length;
    }
    assert_int_equal(assay_lengths_max(lengths), high);
    assay_lengths_free(lengths);
    return sum / DRAWS;
}

static void lengths_follow_their_distribution_within_their_range(void **state)
{
    (void)state;
    assert_true(mean_length("128", 128, 128) == 128);
    assert_true(fabs(mean_length("uniform:10,20", 10, 20) - 15) < 0.06);
    assert_true(fabs(mean_length("normal:100,20,1,200", 1, 200) - 100) < 0.4);
    assert_true(fabs(mean_length("lognormal:100,0.5,1,10000", 1, 10000) - 113.3) < 1.0); /* 100 exp(0.125) */
}

static void lengths_of_a_file_are_drawn_evenly(void **state)
{
    (void)state;
    char path[] = "/tmp/assay-lengths-XXXXXX", spec[64];
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, "10\n20\n\n30\n", 10) == 10);
    close(fd);
    (void)snprintf(spec, sizeof spec, "file:%s", path);
    assert_true(fabs(mean_length(spec, 10, 30) - 20) < 0.15);
    unlink(path);
}

static void a_length_that_is_none_is_refused_by_name(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "0",
                                      "-1",
                                      "1.5",
                                      "uniform:5",
                                      "uniform:5,4",
                                      "uniform:0,4",
                                      "uniform:1,2,3",
                                      "normal:1,2,3",
                                      "normal:1,-2,1,5",
                                      "lognormal:0,1,1,5",
                                      "uniform:1,x",
                                      "poisson:3",
                                      "file:/nonexistent/file",
                                      "99999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct assay_lengths *lengths = NULL;
        assay_err err = {0};
        if (assay_lengths_parse(bad[i], "--prompt-tokens", &lengths, &err) == ASSAY_OK) {
            fail_msg("'%s' was taken", bad[i]);
        }
        assert_true(strstr(err.message, "--prompt-tokens") || strstr(err.message, "/nonexistent"));
        assert_null(lengths);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(poisson_gaps_have_mean_and_spread_of_the_rate),
        cmocka_unit_test(gamma_gaps_have_the_coefficient_of_variation_asked_for),
        cmocka_unit_test(constant_gaps_are_equal_and_do_not_drift),
        cmocka_unit_test(the_same_seed_gives_the_same_schedule_and_another_one_another),
        cmocka_unit_test(the_bits_of_a_schedule_are_fixed_for_ever),
        cmocka_unit_test(one_more_draw_of_one_use_shifts_no_other),
        cmocka_unit_test(a_longer_plan_begins_with_the_shorter_one),
        cmocka_unit_test(warm_up_comes_first_and_the_duration_counts_after_it),
        cmocka_unit_test(duration_and_count_must_both_be_reached),
        cmocka_unit_test(a_closed_loop_for_a_duration_plans_its_maximum),
        cmocka_unit_test(a_ramp_has_the_rate_of_each_moment),
        cmocka_unit_test(steps_have_their_rates_and_end),
        cmocka_unit_test(a_burst_is_due_at_once),
        cmocka_unit_test(a_shape_that_is_none_says_what_would_be_one),
        cmocka_unit_test(four_formats_are_told_by_their_first_line),
        cmocka_unit_test(a_replay_that_is_wrong_names_line_and_fault),
        cmocka_unit_test(a_replay_keeps_lengths_and_scales_time),
        cmocka_unit_test(lengths_follow_their_distribution_within_their_range),
        cmocka_unit_test(lengths_of_a_file_are_drawn_evenly),
        cmocka_unit_test(a_length_that_is_none_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
