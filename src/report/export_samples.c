#include "report/export_bench.h"

#include "base/num.h"
#include "stat/stat.h"

#include <math.h>
#include <string.h>

#define NS_PER_S 1e9

/* ---- hyperfine -------------------------------------------------------------------------------------------------- */

static void seconds_put(struct assay_json_builder *b, json_t *object, const char *name, double ns)
{
    assay_json_put_double(b, object, name, ns / NS_PER_S);
}

/* Its statistics are over all runs with a time; failed ones have one, too. user and system are left out: of a run only
 * their sum is kept. */
static void hyperfine_result(struct assay_json_builder *b, json_t *results, const struct assay_export_arm *arm)
{
    json_t *result = assay_json_add_object(b, results);
    assay_json_put_text(b, result, "command", arm->name);
    if (arm->ok_count > 0) {
        seconds_put(b, result, "mean", assay_stat_mean(arm->ok_ns, arm->ok_count));
        if (arm->ok_count > 1) {
            seconds_put(b, result, "stddev", assay_stat_sd(arm->ok_ns, arm->ok_count));
        } else {
            assay_json_put_null(b, result, "stddev");
        }
        seconds_put(b, result, "median", assay_stat_quantile_linear(arm->ok_ns, arm->ok_count, 0.5));
        seconds_put(b, result, "min", arm->ok_ns[0]);
        seconds_put(b, result, "max", arm->ok_ns[arm->ok_count - 1]);
    }
    json_t *times = assay_json_put_array(b, result, "times"), *codes = assay_json_put_array(b, result, "exit_codes");
    for (size_t i = 0; i < arm->count; i++) {
        const struct assay_export_sample *sample = &arm->samples[i];
        assay_json_add_double(b, times, sample->wall_ns / NS_PER_S);
        assay_json_add_int(b, codes, sample->exit_status >= 0 ? sample->exit_status : sample->is_ok ? 0 : 1);
    }
}

assay_code assay_export_hyperfine(const struct assay_export *from, struct assay_buf *out, assay_err *err)
{
    struct assay_json_builder b = {0};
    json_t *root = json_object(), *results = assay_json_put_array(&b, root, "results");
    for (size_t i = 0; i < from->view.arms_count; i++) {
        hyperfine_result(&b, results, &from->arms[i]);
    }
    assay_code rc = assay_json_builder_check(&b, root, err);
    rc = rc == ASSAY_OK ? assay_json_pretty(root, out, err) : rc;
    json_decref(root);
    return rc;
}

/* ---- Google Benchmark ------------------------------------------------------------------------------------------- */

static void google_row(struct assay_json_builder *b, json_t *list, const struct assay_export_arm *arm, size_t arm_index,
                       size_t index)
{
    const struct assay_export_sample *sample = &arm->samples[index];
    json_t *row = assay_json_add_object(b, list);
    assay_json_put_text(b, row, "name", arm->name);
    assay_json_put_u64(b, row, "family_index", arm_index);
    assay_json_put_text(b, row, "run_name", arm->name);
    assay_json_put_text(b, row, "run_type", "iteration");
    assay_json_put_u64(b, row, "repetitions", arm->count);
    assay_json_put_u64(b, row, "repetition_index", index);
    assay_json_put_u64(b, row, "threads", 1);
    if (!sample->is_ok) {
        assay_json_put_bool(b, row, "error_occurred", true);
        assay_json_put_text(b, row, "error_message", "failed");
    }
    assay_json_put_u64(b, row, "iterations", sample->iterations);
    assay_json_put_double(b, row, "real_time", sample->wall_ns);
    if (sample->cpu_ns >= 0) {
        assay_json_put_double(b, row, "cpu_time", sample->cpu_ns);
    }
    assay_json_put_text(b, row, "time_unit", "ns");
}

assay_code assay_export_google_benchmark(const struct assay_export *from, struct assay_buf *out, assay_err *err)
{
    struct assay_json_builder b = {0};
    json_t *root = json_object(), *context = assay_json_put_object(&b, root, "context");
    assay_json_put_text(&b, context, "date", from->view.started_at);
    assay_json_put_text(&b, context, "executable", "assay");
    assay_json_put_text(&b, context, "receipt_sha256", from->view.digest);
    json_t *list = assay_json_put_array(&b, root, "benchmarks");
    for (size_t i = 0; i < from->view.arms_count; i++) {
        for (size_t j = 0; j < from->arms[i].count; j++) {
            google_row(&b, list, &from->arms[i], i, j);
        }
    }
    assay_code rc = assay_json_builder_check(&b, root, err);
    rc = rc == ASSAY_OK ? assay_json_pretty(root, out, err) : rc;
    json_decref(root);
    return rc;
}

/* ---- Go --------------------------------------------------------------------------------------------------------- */

/* A name is one word that begins with Benchmark and an upper-case letter, a digit or a sign. */
static void go_name(struct assay_buf *out, const char *name)
{
    static const char PREFIX[] = "Benchmark";
    bool has_prefix = strncmp(name, PREFIX, sizeof PREFIX - 1) == 0;
    if (!has_prefix) {
        assay_buf_text(out, PREFIX);
        assay_buf_text(out, name[0] >= 'a' && name[0] <= 'z' ? "_" : "");
    }
    for (const char *at = name; *at != '\0'; at++) {
        assay_buf_char(out, (unsigned char)*at <= ' ' ? '_' : *at);
    }
}

assay_code assay_export_go_bench(const struct assay_export *from, struct assay_buf *out, assay_err *err)
{
    char text[ASSAY_NUM_TEXT_BYTES];
    for (size_t i = 0; i < from->view.arms_count; i++) {
        for (size_t j = 0; j < from->arms[i].count; j++) {
            const struct assay_export_sample *sample = &from->arms[i].samples[j];
            if (!sample->is_ok) {
                continue; /* the form has no place for a failure */
            }
            go_name(out, from->arms[i].name);
            (void)assay_num_print_shortest(sample->wall_ns, text);
            assay_buf_printf(out, " %u %s ns/op", sample->iterations, text);
            if (sample->cpu_ns >= 0) {
                (void)assay_num_print_shortest(sample->cpu_ns, text);
                assay_buf_printf(out, " %s cpu-ns/op", text);
            }
            assay_buf_char(out, '\n');
        }
    }
    return assay_buf_check(out, err);
}
