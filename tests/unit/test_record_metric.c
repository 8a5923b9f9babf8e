#include "support/run_case.h"

#include "base/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define METRICS_MAX 512
#define RELATIVE 1e-12 /* expectations below are decimals of quotients */

/* ---- computing -------------------------------------------------------------------------------------------------- */

struct computed {
    struct assay_arena arena;
    struct assay_metric *metrics;
    size_t count;
};

static void compute(struct run_case *run, const char *const *names, struct computed *ret)
{
    assay_err err = {0};
    struct assay_trace *trace = NULL;
    run_case_write(run, names);
    assay_arena_init(&ret->arena, (size_t)16 << 20);
    assay_code rc = assay_trace_open(run->trace_bytes.data, run->trace_bytes.len, &trace, NULL, &err);
    rc = rc == ASSAY_OK ? assay_metrics_compute(run->plan, trace, &ret->arena, &ret->metrics, &ret->count, &err) : rc;
    if (rc != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    assay_trace_free(trace);
}

static const struct assay_metric *metric_of(const struct computed *computed, const char *name)
{
    for (size_t i = 0; i < computed->count; i++) {
        if (strcmp(computed->metrics[i].name, name) == 0) {
            return &computed->metrics[i];
        }
    }
    fail_msg("no metric %s", name);
    return NULL;
}

struct expectation {
    const char *name;
    double value;
    const char *absent; /* then there is no value */
};

static void assert_metric(const struct computed *computed, const struct expectation *expected)
{
    const struct assay_metric *metric = metric_of(computed, expected->name);
    if (expected->absent) {
        if (!metric->absent || strcmp(metric->absent, expected->absent) != 0) {
            fail_msg("%s: '%s', expected '%s'", metric->name, metric->absent ? metric->absent : "a value",
                     expected->absent);
        }
        return;
    }
    if (metric->absent || !(fabs(metric->value - expected->value) <= RELATIVE * fabs(expected->value))) {
        fail_msg("%s: %.17g %s, expected %.17g", metric->name, metric->value, metric->absent ? metric->absent : "",
                 expected->value);
    }
}

static void check_all(struct run_case *run, const struct expectation *expectations)
{
    const char *names[METRICS_MAX] = {0};
    struct computed computed;
    for (size_t i = 0; expectations[i].name; i++) {
        names[i] = expectations[i].name;
    }
    compute(run, names, &computed);
    for (size_t i = 0; expectations[i].name; i++) {
        assert_metric(&computed, &expectations[i]);
    }
    assay_arena_done(&computed.arena);
    run_case_done(run);
}

/* ---- requests --------------------------------------------------------------------------------------------------- */

/* Three requests of one user; the first is warm-up. t0 of the second is 1010, of the third 1220. */
static void add_requests(struct run_case *run)
{
    run->plan->warmup.samples = 1;
    run_case_add(run,
                 (struct case_sample){.sample = {.due_ns = 0, .start_ns = 5, .end_ns = 1000, .cpu_ns = ASSAY_NS_ABSENT},
                                      .request = {.tx_ns = 5,
                                                  .prompt_tokens = 9,
                                                  .cached_tokens = 9,
                                                  .output_tokens = 9,
                                                  .output_source = ASSAY_TOKENS_IDS},
                                      .chunks = {{900, 9, ASSAY_CHUNK_TEXT}}});
    run_case_add(
        run,
        (struct case_sample){
            .sample = {.due_ns = 1000, .start_ns = 1010, .end_ns = 1210, .cpu_ns = ASSAY_NS_ABSENT},
            .request = {.send_enter_ns = 1005,
                        .tx_ns = 1010,
                        .hdr_ns = 1050,
                        .first_byte_ns = 1050,
                        .first_event_ns = 1060,
                        .done_ns = 1210,
                        .server_prompt_ns = 40,
                        .server_load_ns = 7,
                        .prompt_tokens_asked = 90,
                        .output_tokens_asked = 6,
                        .prompt_tokens = 100,
                        .cached_tokens = 20,
                        .output_tokens = 6,
                        .output_source = ASSAY_TOKENS_IDS,
                        .reported_rate_micro = 2500000},
            .chunks = {{1100, 2, ASSAY_CHUNK_REASONING}, {1140, 1, ASSAY_CHUNK_TEXT}, {1200, 3, ASSAY_CHUNK_TEXT}}});
    run_case_add(run, (struct case_sample){
                          .sample = {.due_ns = 1210, .start_ns = 1220, .end_ns = 1410, .cpu_ns = ASSAY_NS_ABSENT},
                          .request = {.send_enter_ns = 1215,
                                      .tx_ns = 1220,
                                      .hdr_ns = 1250,
                                      .first_byte_ns = 1250,
                                      .first_event_ns = 1260,
                                      .done_ns = 1410,
                                      .server_prompt_ns = 25,
                                      .server_load_ns = 9,
                                      .prompt_tokens_asked = 50,
                                      .output_tokens_asked = 4,
                                      .prompt_tokens = 50,
                                      .output_tokens = 2,
                                      .output_source = ASSAY_TOKENS_IDS,
                                      .reported_rate_micro = 1500000},
                          .chunks = {{1300, 1, ASSAY_CHUNK_TEXT}, {1400, 1, ASSAY_CHUNK_TEXT}}});
}

/* Worked out by hand from the stamps above. */
static const struct expectation REQUESTS[] = {
    {"ttft_mean", 85, 0}, /* 1100 - 1010 = 90; 1300 - 1220 = 80 */
    {"ttft_min", 80, 0},
    {"ttft_max", 90, 0},
    {"ttft_sd", 7.0710678118654755, 0},
    {"ttft_ok_mean", 85, 0},
    {"ttft_p50", 0, "n too small (2 of 5)"},
    {"ttft_p99.9", 0, "n too small (2 of 2995)"},
    {"ttft_sched_mean", 95, 0},         /* 100, 90 */
    {"ttfb_mean", 35, 0},               /* 40, 30 */
    {"ttfr_mean", 45, 0},               /* 50, 40 */
    {"ttfo_mean", 105, 0},              /* 1140 - 1010 = 130; 80 */
    {"icl_mean", 200.0 / 3, 0},         /* 40, 60, 100 */
    {"itl_mean", 40, 0},                /* 40; 60/3 three times; 100 */
    {"itl_min", 20, 0},                 /* */
    {"tpot_mean", 60, 0},               /* 100/5; 100/1 */
    {"tpot_after_first_mean", 62.5, 0}, /* 100/4; 100/1 */
    {"decode_rate_mean", 2.5e7, 0},     /* 4/100ns; 1/100ns */
    {"e2e_mean", 185, 0},               /* 190; 180 */
    {"e2e_sched_mean", 195, 0},         /* 200; 190 */
    {"e2e_stream_mean", 195, 0},        /* 200; 190 */
    {"prefill_rate_mean", 2e9, 0},      /* 80/40ns; 50/25ns */
    {"prefill_rate_client_max", 80.0 / 90 * 1e9, 0},
    {"prefill_rate_client_min", 50.0 / 80 * 1e9, 0},
    {"load_time_max", 9, 0},
    {"reported_rate_mean", 2, 0},
    {"prompt_tokens_asked_mean", 70, 0},
    {"output_tokens_asked_mean", 5, 0},
    {"prompt_tokens_mean", 75, 0},
    {"output_tokens_mean", 4, 0},
    {"client_delay_max", 15, 0},
    {"client_delay_min", 15, 0},
    {"lateness_mean", 10, 0},
    {"output_rate", 6e9 / 220, 0},      /* window 1000..1220: the six tokens of the second request */
    {"output_rate_wall", 8e9 / 400, 0}, /* 1010..1410 */
    {"goodput_share", 0.5, 0},          /* ttft of at most 85: the third one */
    {"goodput_rate", 1e9 / 220, 0},
    {"goodput_no_tpot", 0, 0},
    {"achieved_ratio", 0, "closed loop"},
    {"success_share", 1, 0},
    {"prompt_tokens_total", 150, 0},
    {"output_tokens_total", 8, 0},
    {"cached_share", 20.0 / 150, 0},
    {"exact_share", 1, 0},
    {"bounded_share", 0, 0},
    {"unknown_share", 0, 0},
    {0},
};

static void every_request_metric_is_what_its_formula_says(void **state)
{
    (void)state;
    struct run_case run;
    run_case_init(&run, "llm", ASSAY_LOAD_CLOSED);
    assert_int_equal(json_object_set_new(run.plan->options, "slo", json_pack("{s:i}", "ttft_ns", 85)), 0);
    add_requests(&run);
    check_all(&run, REQUESTS);
}

/* ---- operations and commands ------------------------------------------------------------------------------------ */

static const struct expectation OPERATIONS[] = {
    {"service_mean", 45, 0}, /* 100/2 iterations; 40 */
    {"service_sd", 7.0710678118654755, 0},
    {"token_rate_mean", 22500000, 0}, /* 2 in 100 ns; 1 in 40 */
    {"sched_mean", 85, 0},            /* 110; 60 */
    {"lateness_mean", 15, 0},         /* 10; 20 */
    {"cpu_mean", 20, 0},              /* 60/2; 10 */
    {"rate", 2e9 / 260, 0},           /* 50 to 310 */
    {"success_share", 2.0 / 2, 0},
    {"achieved_ratio", 200.0 / 210, 0}, /* (250 - 50) / (270 - 60) */
    {0},
};

static void add_operations(struct run_case *run)
{
    run->plan->warmup.samples = 1;
    run_case_add(run, (struct case_sample){.sample = {.due_ns = 0, .start_ns = 1, .end_ns = 2, .cpu_ns = 1}});
    run_case_add(run, (struct case_sample){
                          .sample = {.due_ns = 50, .start_ns = 60, .end_ns = 160, .cpu_ns = 60, .iterations = 2}});
    run_case_add(run, (struct case_sample){.sample = {.due_ns = 250, .start_ns = 270, .end_ns = 310, .cpu_ns = 10}});
}

static void every_operation_metric_is_what_its_formula_says(void **state)
{
    (void)state;
    struct run_case run;
    run_case_init(&run, "noop", ASSAY_LOAD_OPEN);
    add_operations(&run);
    check_all(&run, OPERATIONS);
}

static const struct expectation COMMANDS[] = {
    {"spawn_mean", 3, 0},      {"cpu_tree_mean", 11, 0},
    {"peak_rss_max", 5000, 0}, /* the other one is within 10% of the floor: not measured */
    {"peak_rss_min", 5000, 0}, {"minflt_mean", 2, 0},
    {"majflt_mean", 4, 0},     {"nvcsw_mean", 6, 0},
    {"nivcsw_mean", 8, 0},     {0},
};

static void add_commands(struct run_case *run)
{
    struct case_sample sample = {.sample = {.due_ns = 0, .start_ns = 1, .end_ns = 2, .cpu_ns = 1},
                                 .has_process = true,
                                 .process = {.spawn_ns = 2,
                                             .cpu_tree_ns = 10,
                                             .maxrss_bytes = 5000,
                                             .rss_floor_bytes = 1000,
                                             .minflt = 1,
                                             .majflt = 3,
                                             .nvcsw = 5,
                                             .nivcsw = 7}};
    run_case_add(run, sample);
    sample.sample = (struct assay_sample){.due_ns = 2, .start_ns = 3, .end_ns = 4};
    sample.process = (struct assay_process){.spawn_ns = 4,
                                            .cpu_tree_ns = 12,
                                            .maxrss_bytes = 1099,
                                            .rss_floor_bytes = 1000,
                                            .minflt = 3,
                                            .majflt = 5,
                                            .nvcsw = 7,
                                            .nivcsw = 9};
    run_case_add(run, sample);
}

static void every_command_metric_is_what_its_formula_says(void **state)
{
    (void)state;
    struct run_case run;
    run_case_init(&run, "command", ASSAY_LOAD_CLOSED);
    add_commands(&run);
    check_all(&run, COMMANDS);
}

static bool expects(const struct expectation *expectations, const char *id)
{
    for (size_t i = 0; expectations[i].name; i++) {
        struct assay_metric_key key;
        if (assay_metric_find(expectations[i].name, &key, NULL) == ASSAY_OK && strcmp(key.row->id, id) == 0) {
            return true;
        }
    }
    return false;
}

static void no_row_of_the_formula_table_is_without_an_expectation(void **state)
{
    (void)state;
    size_t count;
    const struct assay_metric_row *rows = assay_metric_rows(&count);
    for (size_t i = 0; i < count; i++) {
        if (!expects(REQUESTS, rows[i].id) && !expects(OPERATIONS, rows[i].id) && !expects(COMMANDS, rows[i].id)) {
            fail_msg("%s", rows[i].id);
        }
    }
}

/* ---- ranks ------------------------------------------------------------------------------------------------------ */

/* 100 operations in an order without trend; service times 1..100, the last ones of them with another status. */
static void add_ranked(struct run_case *run, size_t others, enum assay_status status)
{
    enum { COUNT = 100, STEP = 37 };
    for (size_t i = 0; i < COUNT; i++) {
        size_t value = (i * STEP) % COUNT + 1;
        run_case_add(run,
                     (struct case_sample){.sample = {.due_ns = i * 1000,
                                                     .start_ns = i * 1000,
                                                     .end_ns = i * 1000 + value,
                                                     .cpu_ns = ASSAY_NS_ABSENT,
                                                     .status = value > COUNT - others ? status : ASSAY_STATUS_OK}});
    }
}

static void check_ranked(size_t others, enum assay_status status, const struct expectation *expectations)
{
    struct run_case run;
    run_case_init(&run, "noop", ASSAY_LOAD_OPEN);
    add_ranked(&run, others, status);
    check_all(&run, expectations);
}

static void a_percentile_is_the_value_of_its_rank(void **state)
{
    (void)state;
    static const struct expectation EXPECTED[] = {
        {"service_p50", 50, 0},
        {"service_p90", 90, 0},
        {"service_p95", 95, 0},
        {"service_p99", 0, "n too small (100 of 299)"},
        {0},
    };
    check_ranked(0, ASSAY_STATUS_OK, EXPECTED);
}

static void failed_samples_rank_as_worse_than_any_value(void **state)
{
    (void)state;
    static const struct expectation FEW[] = {
        {"service_p95", 95, 0},
        {"service_mean", 0, "not finite"},
        {"service_sd", 0, "not finite"},
        {"service_max", 0, "not finite"},
        {"service_min", 1, 0},
        {"service_ok_p95", 91, 0},
        {"service_ok_max", 95, 0},
        {"success_share", 0.95, 0},
        {0},
    };
    static const struct expectation MANY[] = {
        {"service_p95", 0, "not finite"}, {"service_p90", 90, 0}, {"service_ok_p95", 90, 0}, {0}};
    check_ranked(5, ASSAY_STATUS_RESET, FEW);
    check_ranked(6, ASSAY_STATUS_TIMEOUT_STALL, MANY);
}

static void among_cancelled_samples_a_percentile_is_censored(void **state)
{
    (void)state;
    static const struct expectation EXPECTED[] = {
        {"service_p95", 0, "censored"}, {"service_p90", 90, 0}, {"service_mean", 0, "censored"}, {0}};
    check_ranked(6, ASSAY_STATUS_CANCELLED_STOP, EXPECTED);
}

static void bounds_are_exact_order_statistics_and_counts_are_told(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"service_p50", "service_p95", "service_ok_p50", NULL};
    struct run_case run;
    struct computed computed;
    run_case_init(&run, "noop", ASSAY_LOAD_OPEN);
    add_ranked(&run, 2, ASSAY_STATUS_TIMEOUT_TOTAL);
    compute(&run, NAMES, &computed);
    const struct assay_metric *median = metric_of(&computed, "service_p50");
    assert_true(median->has_bounds && median->confidence == 0.95);
    /* P(Bin(100, 1/2) <= 41) = 0.0443, so x(42); P(Bin <= 58) = 0.9557, so x(59) */
    assert_true(median->lower == 42 && median->upper == 59);
    assert_int_equal(median->n, 100);
    assert_int_equal(median->censored, 2);
    /* the upper bound of p95 is x(99), which is one of the two that timed out */
    assert_false(metric_of(&computed, "service_p95")->has_bounds);
    assert_true(metric_of(&computed, "service_p95")->value == 95);
    assert_int_equal(metric_of(&computed, "service_ok_p50")->n, 98);
    assert_int_equal(metric_of(&computed, "service_ok_p50")->censored, 2);
    assay_arena_done(&computed.arena);
    run_case_done(&run);
}

/* ---- what is withheld ------------------------------------------------------------------------------------------- */

static void without_kernel_stamps_what_rests_on_arrivals_is_withheld(void **state)
{
    (void)state;
    static const struct expectation EXPECTED[] = {
        {"ttft_mean", 0, "unknown stamps (75% of tokens)"},
        {"itl_mean", 0, "unknown stamps (75% of tokens)"},
        {"unknown_share", 0.75, 0},
        {"e2e_stream_mean", 195, 0},
        {0},
    };
    struct run_case run;
    run_case_init(&run, "llm", ASSAY_LOAD_CLOSED);
    add_requests(&run);
    run.samples[1].lacks_kernel_stamps = true;
    check_all(&run, EXPECTED);
}

/* The measured requests of add_requests take some hundred nanoseconds. */
static void a_rate_needs_a_window_of_a_thousand_clock_readings(void **state)
{
    (void)state;
    static const struct expectation EXPECTED[] = {
        {"output_rate", 0, "window below 1000 clock readings"},
        {"output_rate_wall", 0, "window below 1000 clock readings"},
        {"ttft_mean", 85, 0}, /* what is no rate stays */
        {0},
    };
    struct run_case run;
    run_case_init(&run, "llm", ASSAY_LOAD_CLOSED);
    run.clock_read_ns = 1;
    add_requests(&run);
    check_all(&run, EXPECTED);
}

static void a_region_of_few_clock_readings_is_not_measured(void **state)
{
    (void)state;
    static const struct expectation SHORT[] = {{"service_mean", 0, "below timer resolution"},
                                               {"cpu_mean", 0, "below timer resolution"},
                                               {"rate", 0, "window below 1000 clock readings"},
                                               {"sched_mean", 85, 0},
                                               {0}};
    static const struct expectation LONG[] = {{"service_p95", 40095, 0}, {0}};
    struct run_case run;
    run_case_init(&run, "noop", ASSAY_LOAD_OPEN);
    run.clock_read_ns = 40;
    add_operations(&run);
    check_all(&run, SHORT);
    run_case_init(&run, "noop", ASSAY_LOAD_OPEN);
    run.clock_read_ns = 40; /* 1,000 of them are 40 us */
    add_ranked(&run, 0, ASSAY_STATUS_OK);
    for (size_t i = 0; i < run.count; i++) {
        run.samples[i].sample.end_ns += 40000;
    }
    check_all(&run, LONG);
}

static void token_counts_of_two_sources_are_not_pooled(void **state)
{
    (void)state;
    static const struct expectation EXPECTED[] = {
        {"tpot_mean", 0, "token counts of several sources"},
        {"output_rate_wall", 0, "token counts of several sources"},
        {"ttft_mean", 85, 0},
        {0},
    };
    struct run_case run;
    run_case_init(&run, "llm", ASSAY_LOAD_CLOSED);
    add_requests(&run);
    run.samples[2].request.output_source = ASSAY_TOKENS_FINAL_USAGE;
    check_all(&run, EXPECTED);
}

static void a_count_of_chunks_is_never_a_rate(void **state)
{
    (void)state;
    static const struct expectation EXPECTED[] = {
        {"tpot_mean", 0, "n too small (0 of 1)"},
        {"output_tokens_total", 0, "token counts unknown"},
        {0},
    };
    struct run_case run;
    run_case_init(&run, "llm", ASSAY_LOAD_CLOSED);
    add_requests(&run);
    run.samples[1].request.output_source = run.samples[2].request.output_source = ASSAY_TOKENS_CHUNK_COUNT;
    check_all(&run, EXPECTED);
}

static void an_unknown_cached_count_is_never_taken_as_none(void **state)
{
    (void)state;
    static const struct expectation EXPECTED[] = {
        {"cached_share", 0, "cached count unknown"}, {"prefill_rate_mean", 2e9, 0}, {0}};
    struct run_case run;
    run_case_init(&run, "llm", ASSAY_LOAD_CLOSED);
    add_requests(&run);
    run.samples[2].request.cached_tokens = ASSAY_COUNT_ABSENT;
    check_all(&run, EXPECTED);
}

static void chunks_of_unknown_size_share_the_tokens_of_their_request(void **state)
{
    (void)state;
    static const struct expectation EXPECTED[] = {
        {"output_rate", 6e9 / 220, 0}, {"itl_mean", 100, 0}, {"tpot_after_first_mean", 100, 0}, {0}};
    struct run_case run;
    run_case_init(&run, "llm", ASSAY_LOAD_CLOSED);
    add_requests(&run);
    for (size_t i = 0; i < 3; i++) {
        run.samples[1].chunks[i].tokens = 0;
    }
    check_all(&run, EXPECTED);
}

static void one_token_has_no_time_per_token_and_is_counted(void **state)
{
    (void)state;
    static const struct expectation EXPECTED[] = {
        {"goodput_no_tpot", 1, 0}, {"goodput_share", 1, 0}, {"tpot_mean", 20, 0}, {0}};
    struct run_case run;
    run_case_init(&run, "llm", ASSAY_LOAD_CLOSED);
    assert_int_equal(json_object_set_new(run.plan->options, "slo", json_pack("{s:i}", "tpot_ns", 20)), 0);
    add_requests(&run);
    run.samples[2].request.output_tokens = 1;
    run.samples[2].chunks[1].at_ns = 0;
    check_all(&run, EXPECTED);
}

/* ---- names ------------------------------------------------------------------------------------------------------ */

static void a_name_is_an_id_alone_or_with_a_statistic(void **state)
{
    (void)state;
    struct assay_metric_key key;
    assert_int_equal(assay_metric_find("ttft_sched_p99.9", &key, NULL), ASSAY_OK);
    assert_string_equal(key.row->id, "ttft_sched");
    assert_string_equal(key.stat, "p99.9");
    assert_string_equal(key.formula, "quantile_nearest@1");
    assert_int_equal(assay_metric_find("ttft_ok_p50", &key, NULL), ASSAY_OK);
    assert_true(key.is_ok_only);
    assert_int_equal(assay_metric_find("output_rate", &key, NULL), ASSAY_OK);
    assert_null(key.stat);
    static const char *const WRONG[] = {"ttft", "ttft_p75", "output_rate_p50", "lateness_ok_p50", "", "p50", "ttft_"};
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        assert_int_equal(assay_metric_find(WRONG[i], &key, NULL), ASSAY_USAGE);
    }
    assay_err err = {0};
    assert_int_equal(assay_metric_find("tftt_p99", &key, &err), ASSAY_USAGE);
    assert_non_null(strstr(err.message, "ttft_p99"));
}

static void the_defaults_of_every_workload_are_known_names(void **state)
{
    (void)state;
    static const char *const WORKLOADS[] = {"llm", "noop", "command", "kernel"};
    for (size_t i = 0; i < sizeof WORKLOADS / sizeof WORKLOADS[0]; i++) {
        struct assay_plan *plan = NULL;
        assert_int_equal(assay_plan_new(&plan, NULL), ASSAY_OK);
        plan->workload = WORKLOADS[i];
        plan->arms_count = 2;
        plan->load.mode = ASSAY_LOAD_OPEN;
        assert_int_equal(json_object_set_new(plan->options, "slo", json_pack("{s:i}", "e2e_ns", 1)), 0);
        assert_int_equal(assay_metric_add_defaults(plan, NULL), ASSAY_OK);
        assert_true(plan->metrics_count > 20);
        assay_plan_free(plan);
    }
}

int main(void)
{
    assay_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_request_metric_is_what_its_formula_says),
        cmocka_unit_test(every_operation_metric_is_what_its_formula_says),
        cmocka_unit_test(every_command_metric_is_what_its_formula_says),
        cmocka_unit_test(no_row_of_the_formula_table_is_without_an_expectation),
        cmocka_unit_test(a_percentile_is_the_value_of_its_rank),
        cmocka_unit_test(failed_samples_rank_as_worse_than_any_value),
        cmocka_unit_test(among_cancelled_samples_a_percentile_is_censored),
        cmocka_unit_test(bounds_are_exact_order_statistics_and_counts_are_told),
        cmocka_unit_test(without_kernel_stamps_what_rests_on_arrivals_is_withheld),
        cmocka_unit_test(a_rate_needs_a_window_of_a_thousand_clock_readings),
        cmocka_unit_test(a_region_of_few_clock_readings_is_not_measured),
        cmocka_unit_test(token_counts_of_two_sources_are_not_pooled),
        cmocka_unit_test(a_count_of_chunks_is_never_a_rate),
        cmocka_unit_test(an_unknown_cached_count_is_never_taken_as_none),
        cmocka_unit_test(chunks_of_unknown_size_share_the_tokens_of_their_request),
        cmocka_unit_test(one_token_has_no_time_per_token_and_is_counted),
        cmocka_unit_test(a_name_is_an_id_alone_or_with_a_statistic),
        cmocka_unit_test(the_defaults_of_every_workload_are_known_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
