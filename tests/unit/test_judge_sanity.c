/*
 * What cannot be true of any run (gates 304, 307, 312, 317, 320, 331 to 341), at the edges of each rule, against
 * tests/golden/judge/sanity.txt: statements put together by hand, a few members changed in each. ASSAY_CASES_WRITE
 * writes the answers anew; tests/golden/judge/README.md.
 */
#include "base/text.h"
#include "judge/judge_room.h"
#include "support/edit.h"
#include "support/golden.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_MAX ((size_t)4 << 20)
#define X "/predicate/"

/* metrics: "arm name unit formula value n" each, with ; between. set: pointers and values; "drop" takes one away. */
struct row {
    const char *metrics;
    const char *set[12];
};

/* A second of a closed loop of four. */
static const char BASE[] =
    "{\"predicate\":{\"checks\":[],\"determinism\":{\"digests\":[\"d\"],\"repetitions\":2,\"state\":\"proven\"},"
    "\"environment\":{},\"invalid\":[],\"kernels\":{\"entries\":[],\"threads\":2,\"wallNs\":1000},\"metrics\":[],"
    "\"notChecked\":[\"platform\",\"signer-honesty\",\"unlogged-runs\"],\"protocol\":{\"arms\":[{\"id\":\"a\"}],"
    "\"clock\":{\"crossPpm\":\"0\",\"readNs\":20,\"resolutionNs\":1},\"computePath\":\"real\","
    "\"load\":{\"concurrency\":4,\"mode\":\"closed\"}},\"samples\":{\"cancelled\":0,\"censored\":0,\"count\":12,"
    "\"failed\":0,\"firstDueNs\":1000,\"inFlight\":0,\"lastEndNs\":1000001000,\"ok\":12,\"planned\":12,"
    "\"timedOut\":0,\"warmup\":2}}}";

static const struct row ROWS[] = {
    {"", {NULL}},
    /* 331: what no quantity is */
    {"a e2e_p50 ns x@1 0 100; a f_share 1 x@1 0 9; a g_share 1 x@1 1 9; a h_share 1 x@1 1.0000001 9", {NULL}},
    {"a e2e_p50 ns x@1 -1 100; a f_share 1 x@1 -0.1 9; a g 1 x@1 -5 9; a shares 1 x@1 7 9; a y s x@1 -1e-9 9", {NULL}},
    {"a e2e_p50 ns x@1 none 0; a f_share 1 x@1 none 0", {NULL}},
    /* 339: the fewest samples of each statistic */
    {"a m_p50 ns x@1 1 0; a n_p50 ns x@1 1 1; a o_p50 ns x@1 1 5; a p_p50 ns x@1 1 6", {NULL}},
    {"a m_p90 ns x@1 1 9; a n_p90 ns x@1 1 28; a o_p90 ns x@1 1 29; a p_p90 ns x@1 1 30", {NULL}},
    {"a m_p95 ns x@1 1 19; a n_p95 ns x@1 1 58; a o_p95 ns x@1 1 59; a p_p95 ns x@1 1 60", {NULL}},
    {"a m_p99 ns x@1 1 99; a n_p99 ns x@1 1 298; a o_p99 ns x@1 1 299; a p_p99 ns x@1 1 300", {NULL}},
    {"a m_p99.9 ns x@1 1 999; a n_p99.9 ns x@1 1 2994; a o_p99.9 ns x@1 1 2995; a p_p99.9 ns x@1 1 2996", {NULL}},
    {"a m_min ns x@1 1 0; a n_max ns x@1 1 0; a o_mean ns x@1 1 0; a p_sd ns x@1 1 0; a q ns x@1 1 0", {NULL}},
    {"a m_p50 ns x@1 1 -3", {NULL}},
    /* 332: order of one quantity's statistics */
    {"a m_max ns x@1 9 999; a m_mean ns x@1 5 999; a m_min ns x@1 1 999; a m_p50 ns x@1 5 999; a m_p90 ns x@1 6 999; "
     "a m_p95 ns x@1 7 999; a m_p99 ns x@1 8 999",
     {NULL}},
    {"a m_min ns x@1 5 999; a m_p50 ns x@1 4 999; a m_p90 ns x@1 3 999; a m_p95 ns x@1 2 999; a m_p99 ns x@1 1 999; "
     "a m_p99.9 ns x@1 0.5 9999; a m_max ns x@1 0.4 999",
     {NULL}},
    {"a m_min ns x@1 5 999; a m_max ns x@1 5 999; a m_mean ns x@1 5 999; a m_p50 ns x@1 5 999", {NULL}},
    {"a m_min ns x@1 5 999; a m_max ns x@1 4 999", {NULL}},
    {"a m_max ns x@1 5 9; a m_mean ns x@1 5.1 9; a m_min ns x@1 1 9", {NULL}},
    {"a m_max ns x@1 5 9; a m_mean ns x@1 0.9 9; a m_min ns x@1 1 9", {NULL}},
    {"a m_max ns x@1 5 9; a m_mean ns x@1 6 9", {NULL}},
    {"a m_mean ns x@1 6 9; a m_min ns x@1 7 9", {NULL}},
    {"a m_max ns x@1 none 9; a m_mean ns x@1 6 9; a m_min ns x@1 none 9", {NULL}},
    {"a m_max ns x@1 5 9; a m_mean ns x@1 none 9; a m_min ns x@1 1 9; a m_sd ns x@1 99 9", {NULL}},
    {"a m_max ns x@1 5 9; a m_min ns x@1 1 9; a n_max ns x@1 4 9; a n_min ns x@1 6 9", {NULL}}, /* the second alone */
    {"a m_max ns x@1 5 9; b m_min ns x@1 6 9; a mm_min ns x@1 7 9; a n_min ns x@1 8 9",
     {NULL}}, /* none of one quantity */
    {"a m ns x@1 5 9; a m_max ns x@1 5 9; a m_x ns x@1 7 9; a m_min ns x@1 6 9",
     {NULL}}, /* what is no statistic between */
    {"a _max ns x@1 5 9; a _min ns x@1 6 9; a max ns x@1 5 9", {NULL}},
    /* 333: means of whole numbers */
    {"a e2e_mean ns x@1 1.5 2; a icl_mean ns x@1 1.4 2", {NULL}},
    {"a lateness_mean ns x@1 0.3333333333333333 3; a load_time_mean ns x@1 0.333 3", {NULL}},
    {"a majflt_mean ns x@1 0.5 0; a minflt_mean ns x@1 0.5 1; a nivcsw_mean ns x@1 2 1", {NULL}},
    {"a nvcsw_mean ns x@1 9007199254740993.5 1; a peak_rss_mean ns x@1 4503599627370496.5 1", {NULL}},
    {"a spawn_mean ns x@1 4503599627370496.5 2; a sched_mean ns x@1 3002399751580330.5 3", {NULL}},
    {"a e2e_mean ns x@1 -1e+308 10; a ttft_mean ns x@1 1e+308 10; a icl_mean ns x@1 3002399751580331 3", {NULL}},
    {"a e2e_mean ns x@1 -1.5 1; a ttft_mean ns x@1 -1.5 2; a icl_mean ns x@1 -4503599627370496.5 1", {NULL}},
    {"a ttfb_mean ns x@1 9314580407674.758 967; a ttft_mean ns x@1 2895274591422.036 3111",
     {NULL}}, /* rounded down, up */
    {"a ttfb_mean ns x@1 9314580407674.76 967; a ttft_mean ns x@1 2895274591422.037 3111", {NULL}},
    {"a ttfb_mean ns x@1 1.5 1; a ttfo_mean ns x@1 1.5 1; a ttfr_mean ns x@1 1.5 1; a ttft_mean ns x@1 1.5 1; a "
     "ttft_sched_mean ns x@1 1.5 1",
     {NULL}},
    {"a client_delay_mean ns x@1 1.5 1; a cpu_tree_mean ns x@1 1.5 1; a e2e_sched_mean ns x@1 1.5 1; a e2e_stream_mean "
     "ns "
     "x@1 1.5 1; a output_tokens_asked_mean 1 x@1 1.5 1; a output_tokens_mean 1 x@1 1.5 1; a prompt_tokens_asked_mean "
     "1 x@1 "
     "1.5 1; a prompt_tokens_mean 1 x@1 1.5 1",
     {NULL}},
    {"a service_mean ns x@1 1.5 1; a e2_mean ns x@1 1.5 1; a e2ee_mean ns x@1 1.5 1; a e2e_p50 ns x@1 1.5 9; a e2e_sd "
     "ns x@1 "
     "1.5 1",
     {NULL}},
    /* 333: counts over the window */
    {"a r 1/s count_per_window@1 12 12", {NULL}},
    {"a r 1/s count_per_window@1 12.00000001 12", {NULL}},
    {"a r 1/s count_per_window@1 12.00000002 12", {NULL}},
    {"a r 1/s count_per_window@1 11.99999999 12", {NULL}},
    {"a r 1/s count_per_window@1 11.99999998 12", {NULL}},
    {"a r 1/s count_per_window@1 0 0", {NULL}},
    {"a r 1/s count_per_window@1 5 12", {X "protocol/arms", "[{\"id\":\"a\"},{\"id\":\"b\"}]"}},
    {"a r 1/s count_per_window@1 5 12", {X "samples/lastEndNs", "1000"}},
    {"a r 1/s count_per_window@2 5 12", {NULL}},
    {"a r 1/s count_per_window@1 12000000000 12", {X "samples/lastEndNs", "1001"}},
    /* 337: a window of less than 1,000 clock readings */
    {"a r 1/s good_per_window@1 5 12", {X "samples/lastEndNs", "20999"}},
    {"a r 1/s good_per_window@1 5 12", {X "samples/lastEndNs", "21000"}},
    {"a r 1/s tokens_per_wall@1 5 12; a s 1/s tokens_per_window@1 5 12; a t 1/s other@1 5 12",
     {X "samples/lastEndNs", "20999"}},
    {"a r 1/s good_per_window@1 5 12", {X "samples/lastEndNs", "30999", X "protocol/clock/resolutionNs", "30"}},
    {"a r 1/s good_per_window@1 5 12", {X "samples/lastEndNs", "31000", X "protocol/clock/resolutionNs", "30"}},
    {"a r 1/s good_per_window@1 5 12", {X "samples/lastEndNs", "1000"}},
    {"a r 1/s good_per_window@1 none 12", {X "samples/lastEndNs", "1001"}},
    /* 334: in flight at most 4, of 1 s */
    {"a service_mean ns x@1 400000000 10", {NULL}},
    {"a service_mean ns x@1 400000399 10", {NULL}},
    {"a service_mean ns x@1 400000400 10", {NULL}},
    {"a service_mean ns x@1 400000401 10", {NULL}},
    {"a e2e_mean ns x@1 500000000 10", {NULL}},
    {"a e2e_mean ns x@1 500000000 10", {X "protocol/load/mode", "\"open\""}},
    {"a e2e_mean ns x@1 500000000 10", {X "protocol/load/concurrency", "0"}},
    {"a e2e_mean ns x@1 500000000 10", {X "protocol/load/concurrency", "5"}},
    {"a e2e_mean ns x@1 500000000 10", {X "samples/lastEndNs", "1000"}},
    {"a e2e_mean ns x@1 500000000 10", {X "samples/lastEndNs", "1001"}},
    {"a e2e_mean ns x@1 500000000 10", {X "samples/lastEndNs", "2000001000"}},
    {"a e2e_mean ns x@1 500000000 10", {X "samples/firstDueNs", "500001000"}},
    {"a e2e_mean ns x@1 300000000 10; b e2e_mean ns x@1 300000000 10", {NULL}}, /* both arms together */
    {"a e2e_mean ns x@1 300000000 10; b service_mean ns x@1 300000000 10; b ttft_mean ns x@1 1 10", {NULL}},
    {"a e2e_p50 ns x@1 500000000 10; a service_max ns x@1 500000000 10; a ttft_mean ns x@1 500000000 10", {NULL}},
    {"a e2e_mean ns x@1 none 10; a service ns x@1 500000000 10; a services_mean ns x@1 5e8 10", {NULL}},
    /* 340: totals of tokens */
    {"a output_tokens_mean 1 x@1 4 12; a output_tokens_total 1 x@1 48 12", {NULL}},
    {"a output_tokens_mean 1 x@1 4 12; a output_tokens_total 1 x@1 49 12", {NULL}},
    {"a prompt_tokens_mean 1 x@1 4 12; a prompt_tokens_total 1 x@1 47 12", {NULL}},
    {"a prompt_tokens_mean 1 x@1 0.3333333333333333 3; a prompt_tokens_total 1 x@1 1 3", {NULL}},
    {"a prompt_tokens_mean 1 x@1 4 12; a prompt_tokens_total 1 x@1 47 13", {NULL}}, /* of others: nothing to ask */
    {"a prompt_tokens_mean 1 x@1 4 0; a prompt_tokens_total 1 x@1 47 0", {NULL}},
    {"a prompt_tokens_mean 1 x@1 4 1; a prompt_tokens_total 1 x@1 47 1", {NULL}},
    {"a prompt_tokens_mean 1 x@1 none 12; a prompt_tokens_total 1 x@1 47 12", {NULL}},
    {"a prompt_tokens_mean 1 x@1 4 12; a prompt_tokens_total 1 x@1 none 12", {NULL}},
    {"b prompt_tokens_mean 1 x@1 4 12; a prompt_tokens_total 1 x@1 47 12", {NULL}},
    {"a prompt_tokens_total 1 x@1 47 12; a prompt_tokens_mean 1 x@1 4 12", {NULL}}, /* unsorted: not looked at */
    {"a output_tokens_mean 1 x@1 4 12; a prompt_tokens_total 1 x@1 47 12", {NULL}},
    {"a prompt_tokens_mean 1 x@1 4 12; a prompt_tokens_p50 1 x@1 4 12; a prompt_tokens_total 1 x@1 47 12", {NULL}},
    {"a prompt_tokens_mean 1 x@1 4 12; a zz 1 x@1 4 12; a prompt_tokens_total 1 x@1 47 12", {NULL}},
    {"a prompt_tokens_mean 1 x@1 4 12; a prompt_tokens_total 1 x@1 4 12; a prompt_tokens_total 1 x@1 47 12", {NULL}},
    {"a prompt_tokens_mean 1 x@1 4 12; a aa 1 x@1 4 12; a prompt_tokens_total 1 x@1 47 12", {NULL}},
    {"a prompt_tokens_mean 1 x@1 4.1 12; a prompt_tokens_total 1 x@1 47 12",
     {NULL}}, /* the mean is none: said of it alone */
    {"a m 1 x@1 4 12; a prompt_tokens_total 1 x@1 47 12", {NULL}},
    /* 331: the window */
    {"", {X "samples/lastEndNs", "1001"}},
    {"", {X "samples/lastEndNs", "1000"}},
    {"", {X "samples/lastEndNs", "999"}},
    {"", {X "samples/lastEndNs", "0", X "protocol/computePath", "\"imported\""}},
    {"", {X "samples/lastEndNs", "1", X "protocol/computePath", "\"imported\""}},
    {"", {X "samples/lastEndNs", "0", X "protocol/computePath", "drop"}},
    {"", {X "samples/lastEndNs", "1000", X "samples/count", "2", X "samples/ok", "2"}},
    {"", {X "samples/lastEndNs", "1000", X "samples/count", "3", X "samples/ok", "3"}},
    {"", {X "samples/lastEndNs", "1000", X "samples/count", "1", X "samples/ok", "1"}},
    /* 335: time in kernels */
    {"", {X "kernels/entries", "[{\"ns\":2000}]"}},
    {"", {X "kernels/entries", "[{\"ns\":2001}]"}},
    {"", {X "kernels/entries", "[{\"ns\":1000},{\"ns\":1000}]"}},
    {"", {X "kernels/entries", "[{\"ns\":1000},{\"ns\":1001}]"}},
    {"", {X "kernels/entries", "[{\"ns\":1}]", X "kernels/threads", "0"}},
    /* 338: clocks */
    {"", {X "protocol/clock/crossPpm", "\"200\""}},
    {"", {X "protocol/clock/crossPpm", "\"200.1\""}},
    {"", {X "protocol/clock/crossPpm", "\"-200\""}},
    {"", {X "protocol/clock/crossPpm", "\"-200.1\""}},
    {"", {X "protocol/clock/crossPpm", "\"far\""}},
    {"", {X "protocol/clock/crossPpm", "300"}},
    /* 304, 307: counts */
    {"", {X "samples/ok", "11"}},
    {"", {X "samples/ok", "13"}},
    {"", {X "samples/ok", "11", X "samples/failed", "1"}},
    {"", {X "samples/ok", "11", X "samples/timedOut", "1"}},
    {"", {X "samples/ok", "11", X "samples/timedOut", "1", X "samples/censored", "1"}},
    {"", {X "samples/ok", "11", X "samples/cancelled", "1", X "samples/censored", "1"}},
    {"", {X "samples/ok", "11", X "samples/inFlight", "1", X "samples/censored", "1"}},
    {"",
     {X "samples/ok", "4", X "samples/inFlight", "1", X "samples/cancelled", "2", X "samples/timedOut", "5",
      X "samples/censored", "8"}},
    {"",
     {X "samples/ok", "4", X "samples/inFlight", "1", X "samples/cancelled", "2", X "samples/timedOut", "5",
      X "samples/censored", "7"}},
    {"", {X "samples/censored", "1"}},
    {"", {X "samples/planned", "11"}},
    {"", {X "samples/planned", "13"}},
    {"", {X "samples/warmup", "12"}},
    {"", {X "samples/warmup", "13"}},
    {"", {X "samples/warmup", "13", X "samples/planned", "11"}},
    {"", {X "samples/warmup", "drop", X "samples/ok", "11"}},
    {"", {X "samples/censored", "\"1\"", X "samples/ok", "11"}},
    {"", {X "samples", "drop"}},
    /* 317: repetitions */
    {"", {X "determinism/repetitions", "1"}},
    {"", {X "determinism/repetitions", "3"}},
    {"", {X "determinism/digests", "[]"}},
    {"", {X "determinism/digests", "[\"d\",\"e\"]"}},
    {"", {X "determinism/state", "\"refuted\""}},
    {"", {X "determinism/state", "\"refuted\"", X "determinism/digests", "[\"d\",\"e\"]"}},
    {"", {X "determinism/state", "\"refuted\"", X "determinism/digests", "[\"d\",\"e\",\"f\"]"}},
    {"", {X "determinism/state", "\"not-asked\"", X "determinism/digests", "[]", X "determinism/repetitions", "0"}},
    {"", {X "determinism/state", "7", X "determinism/digests", "[]"}},
    /* 320: codes that are always there */
    {"", {X "notChecked", "[]"}},
    {"", {X "notChecked", "[\"platform\",\"unlogged-runs\"]"}},
    {"", {X "notChecked", "[\"signer-honesty\",\"unlogged-runs\",7,\"platform\"]"}},
    {"", {X "notChecked", "[7]"}},
    {"", {X "notChecked", "\"platform\""}},
    /* 312: ratios stand beside their terms */
    {"a service_p50 ns x@1 1 9; b service_p50 ns x@1 1 9; b service_ratio 1 x@1 1 9", {NULL}},
    {"a service_p50 ns x@1 1 9; b service_ratio 1 x@1 1 9", {NULL}},
    {"b service_p50 ns x@1 1 9; b service_ratio 1 x@1 1 9", {NULL}},
    {"a service_p50 ns x@1 1 9; b service_ratio 1 x@1 1 9; c service_p50 ns x@1 1 9", {NULL}},
    {"a service_p50 ns x@1 1 9; a service_ratio 1 x@1 1 9", {NULL}},
    {"a service_mean ns x@1 1 9; b service_p50 ns x@1 1 9; b service_ratio 1 x@1 1 9", {NULL}},
    {"a service_p50 ns x@1 1 9; b service_p50x ns x@1 1 9; b service_ratio 1 x@1 1 9", {NULL}},
    {"a service_p50 ns x@1 1 9; b services_p50 ns x@1 1 9; b service_ratio 1 x@1 1 9", {NULL}},
    {"a service_p90 ns x@1 1 29; b service_p90 ns x@1 1 29; b service_p90_ratio 1 x@1 1 9", {NULL}},
    {"a service_p50 ns x@1 1 29; b service_p50 ns x@1 1 29; b service_p90_ratio 1 x@1 1 9", {NULL}},
    {"a operation_rate 1/s x@1 1 29; b operation_rate 1/s x@1 1 29; b operation_rate_ratio 1 x@1 1 9", {NULL}},
    {"a operation_rate_p50 1/s x@1 1 29; b operation_rate_p50 1/s x@1 1 29; b operation_rate_ratio 1 x@1 1 9", {NULL}},
    {"b unheard_of_ratio 1 x@1 1 9; b _ratio 1 x@1 1 9", {NULL}},
    {"b service_ratio 1 x@1 1 9; c service_ratio 1 x@1 1 9", {X "protocol/arms", "[]"}},
    /* 341: what the run says of itself */
    {"", {X "invalid", "[\"noise\"]"}},
    {"", {X "invalid", "[\"noise\",7,\"drift\"]"}},
};

static void skip_blanks(struct assay_slice *text)
{
    while (text->len > 0 && (text->data[0] == ' ' || text->data[0] == ';')) {
        text->data++;
        text->len--;
    }
}

static json_t *metrics_of(const char *text)
{
    static const char *const MEMBERS[] = {"arm", "name", "unit", "formula", "value"};
    json_t *metrics = json_array();
    struct assay_slice rest = assay_slice_of(text);
    for (skip_blanks(&rest); rest.len > 0; skip_blanks(&rest)) {
        struct assay_slice row = assay_slice_cut(&rest, ';');
        json_t *metric = json_object();
        for (size_t i = 0; i < sizeof MEMBERS / sizeof MEMBERS[0]; i++) {
            struct assay_slice word = assay_slice_cut(&row, ' ');
            if (i < 4 || !assay_slice_is(word, "none")) {
                (void)json_object_set_new(metric, MEMBERS[i], json_stringn(word.data, word.len));
            }
        }
        char n[32];
        (void)snprintf(n, sizeof n, "%.*s", (int)row.len, row.data);
        (void)json_object_set_new(metric, "n", json_integer(strtoll(n, NULL, 10)));
        (void)json_array_append_new(metrics, metric);
    }
    return metrics;
}

static json_t *json_of(const char *text)
{
    json_t *value = NULL;
    assay_err err = {0};
    if (assay_json_read(text, strlen(text), &assay_json_limits_default, &value, &err) != ASSAY_OK) {
        fail_msg("%s: %s", text, err.message);
    }
    return value;
}

static json_t *statement_of(const struct row *row)
{
    json_t *statement = json_of(BASE);
    edit_set(statement, X "metrics", metrics_of(row->metrics));
    for (size_t i = 0; row->set[i]; i += 2) {
        if (strcmp(row->set[i + 1], "drop") == 0) {
            edit_drop(statement, row->set[i]);
        } else {
            edit_set(statement, row->set[i], json_of(row->set[i + 1]));
        }
    }
    return statement;
}

static void print_row(const struct row *row, struct assay_buf *out)
{
    assay_buf_text(out, row->metrics);
    for (size_t i = 0; row->set[i]; i += 2) {
        assay_buf_printf(out, "%s%s = %s", i > 0 || row->metrics[0] ? ", " : "", row->set[i] + strlen(X),
                         row->set[i + 1]);
    }
    assay_buf_char(out, '\n');
}

/* Of a document alone, and of one that plan and trace give. refused: a place of which 108 was said before. */
static void judge_row(const struct row *row, bool is_derived, const char *refused, struct assay_buf *out)
{
    struct assay_judgement judged = {.tier = -1, .is_readable = true, .document = ASSAY_DOCUMENT_RECEIPT};
    const struct assay_judge_input input = {.now_real_ns = 1};
    struct judge judge = {.out = &judged, .input = &input, .is_derived = is_derived};
    json_t *statement = statement_of(row), *nothing = json_object();
    judge.statement = is_derived ? nothing : statement;
    judge.derived.statement = is_derived ? statement : NULL;
    assay_arena_init(&judged.arena, FILE_MAX);
    if (refused) {
        judge_add(&judge, GATE_FIELD, ASSAY_VERDICT_FAIL, refused, "x", "y");
    }
    judge_sanity(&judge);
    for (size_t i = refused ? 1 : 0; i < judge.count; i++) {
        assay_buf_printf(out, "  %s%u %s %s: found %s, expected %s\n", is_derived ? "derived " : "", judge.list[i].gate,
                         assay_verdict_text(judge.list[i].verdict), judge.list[i].pointer, judge.list[i].found,
                         judge.list[i].expected);
    }
    assert_false(judge.is_out_of_memory);
    assay_free(judge.list);
    assay_arena_done(&judged.arena);
    json_decref(statement);
    json_decref(nothing);
}

static void each_rule_is_held_at_its_edges(void **state)
{
    (void)state;
    struct assay_buf found;
    assay_buf_init(&found, FILE_MAX);
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        print_row(&ROWS[i], &found);
        judge_row(&ROWS[i], false, NULL, &found);
        judge_row(&ROWS[i], true, NULL, &found);
    }
    golden_hold("judge/sanity.txt", &found);
    assay_buf_done(&found);
}

/* What is malformed is not judged a second time, wherever it lies. */
static void what_was_refused_as_a_field_is_not_refused_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct assay_buf found;
        assay_buf_init(&found, FILE_MAX);
        judge_row(&ROWS[i], false, "/predicate", &found);
        assert_int_equal(found.len, 0);
        assay_buf_done(&found);
    }
}

static void an_imported_summary_has_no_samples_to_hold_it_against(void **state)
{
    (void)state;
    struct assay_judgement judged = {.document = ASSAY_DOCUMENT_IMPORTED};
    const struct row row = {"a e2e_p50 ns x@1 -1 1", {NULL}};
    struct judge judge = {.out = &judged, .statement = statement_of(&row)};
    judge_sanity(&judge);
    assert_int_equal(judge.count, 0);
    json_decref(judge.statement);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_is_held_at_its_edges),
        cmocka_unit_test(what_was_refused_as_a_field_is_not_refused_again),
        cmocka_unit_test(an_imported_summary_has_no_samples_to_hold_it_against),
    };
    assay_json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
