#include "cli/calibrate.h"

#include "cli/stop.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "serve/serve.h"

#include <stdio.h>
#include <string.h>

/* Streams of 24 tokens at 50 tokens/s behind a first token at 50 ms last half a second: two rounds of them, with
 * everything around, stay below the two seconds that a calibration may take. */
#define CALIBRATION_TOKENS 24
#define CALIBRATION_FIRST_NS (50 * ASSAY_NS_PER_MS)
#define CALIBRATION_INTERVAL_NS (20 * ASSAY_NS_PER_MS)
#define CALIBRATION_ISSUE_NS (700 * ASSAY_NS_PER_MS)
#define CALIBRATION_MAX_NS (1500 * ASSAY_NS_PER_MS)
#define CALIBRATION_SCRIPT_BYTES_MAX 65536
#define RATE_LEAST_PER_S                                                                         \
    20.0 /* a dozen streams in the time there is; a slower load has fewer stamps, not worse ones \
          */

static const struct assay_opt *find_row(const struct assay_run_table *table, const char *name)
{
    for (size_t i = 0; i < table->verb.options_count; i++) {
        if (strcmp(table->rows[i].name, name) == 0) {
            return &table->rows[i];
        }
    }
    return NULL;
}

/* The dialect that the user named, as the truth server knows it; the most common one if it is yet to be found out. */
static const char *dialect_of(const struct assay_prepared_run *run)
{
    const struct assay_opt *row = find_row(&run->table, "dialect");
    if (row && row->kind == ASSAY_OPT_CHOICE) {
        int choice;
        memcpy(&choice, (const char *)run->values + row->offset, sizeof choice);
        if (strcmp(row->choices[choice], "auto") != 0) {
            return row->choices[choice];
        }
    }
    return "openai";
}

static assay_code fork_server(const char *dialect, struct assay_truth_script **ret_script,
                              struct assay_truth_child *ret_child, assay_err *err)
{
    struct assay_truth_shape shape = {.dialect = dialect,
                                      .tokens = CALIBRATION_TOKENS,
                                      .first_ns = CALIBRATION_FIRST_NS,
                                      .interval_ns = CALIBRATION_INTERVAL_NS};
    struct assay_buf json;
    assay_buf_init(&json, CALIBRATION_SCRIPT_BYTES_MAX);
    assay_code rc = assay_truth_script_of_shape(&shape, &json, err);
    if (rc == ASSAY_OK) {
        rc = assay_truth_script_parse(json.data, json.len, ret_script, err);
    }
    if (rc == ASSAY_OK) {
        struct assay_truth_setup setup = {.script = *ret_script, .cpu = (int)assay_thread_cpu_count() - 1};
        rc = assay_truth_fork(&setup, ret_child, err);
    }
    assay_buf_done(&json);
    return rc;
}

/* What the options of the calibrating run point into, for as long as it lasts. */
struct texts {
    char url[64], tokens[16];
};

/* The options of the calibrating run: the workload's defaults but for the place and the lengths. */
static assay_code set_options(struct assay_prepared_run *run, uint16_t port, const char *dialect, struct texts *texts,
                              assay_err *err)
{
    (void)snprintf(texts->url, sizeof texts->url, "http://127.0.0.1:%u", (unsigned)port);
    (void)snprintf(texts->tokens, sizeof texts->tokens, "%d", CALIBRATION_TOKENS);
    const char *settings[][2] = {{"url", texts->url},
                                 {"dialect", dialect},
                                 {"model", "truth"},
                                 {"prompt-tokens", "16"},
                                 {"output-tokens", texts->tokens}};
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        assay_code rc = assay_opt_set(&run->table.verb, settings[i][0], settings[i][1], run->values, &run->seen, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
    }
    return ASSAY_OK;
}

/* The load of the run to come, cut to what fits into the time. */
static void set_load(const struct assay_run_setup *real, struct assay_run_setup *setup)
{
    setup->load = real->load;
    setup->load.think_ns = 0;
    if (setup->load.mode == ASSAY_LOAD_PAIRED) { /* arms take turns in the same closed loop */
        setup->load.mode = ASSAY_LOAD_CLOSED;
    }
    setup->must_pin = true; /* the server is on the last CPU, the client on the first ones */
    setup->is_in_memory = true;
    setup->stop_flag = real->stop_flag;
    setup->runner_id = real->runner_id;
    setup->drain_ns = CALIBRATION_MAX_NS;
    setup->stop = (struct assay_stop){.rule = ASSAY_STOP_DURATION,
                                      .duration_ns = CALIBRATION_ISSUE_NS,
                                      .max_duration_ns = CALIBRATION_MAX_NS,
                                      .error_share_max = 1.0};
    if (setup->load.mode == ASSAY_LOAD_OPEN && setup->load.arrivals > ASSAY_ARRIVALS_GAMMA) {
        setup->load.arrivals = ASSAY_ARRIVALS_POISSON; /* shapes and replays last longer than a calibration may */
    }
    if (setup->load.mode == ASSAY_LOAD_OPEN && setup->load.rate_per_s < RATE_LEAST_PER_S) {
        setup->load.rate_per_s = RATE_LEAST_PER_S;
    }
}

static assay_code run_client(const struct assay_prepared_run *real, const struct assay_run_setup *real_setup,
                             const char *dialect, uint16_t port, struct assay_run_result *ret, uint64_t *ret_cpu_ns,
                             assay_err *err)
{
    struct assay_prepared_run run;
    struct texts texts;
    assay_code rc = assay_prepared_run_init(&run, real->workload, err);
    if (rc == ASSAY_OK) {
        rc = set_options(&run, port, dialect, &texts, err);
    }
    if (rc == ASSAY_OK) {
        struct assay_run_setup setup = {.workload = run.workload, .state = assay_prepared_run_state(&run)};
        set_load(real_setup, &setup);
        rc = run.workload->open(setup.state, err);
        if (rc == ASSAY_OK) {
            uint64_t cpu_before_ns = assay_clock_process_cpu_ns();
            rc = assay_run(&setup, ret, err);
            *ret_cpu_ns = assay_clock_process_cpu_ns() - cpu_before_ns;
        }
        run.workload->close(setup.state);
    }
    assay_prepared_run_done(&run);
    return rc;
}

static assay_code join(const struct assay_run_result *result, const struct assay_truth_log *log, uint64_t client_cpu_ns,
                       json_t **ret_checks, assay_err *err)
{
    struct assay_calibration_input input = {.plan = result->plan.data,
                                            .plan_len = result->plan.len,
                                            .trace = result->trace.data,
                                            .trace_len = result->trace.len,
                                            .log = log,
                                            .client_cpu_ns = client_cpu_ns};
    struct assay_calibration calibration;
    json_t *check = NULL;
    assay_code rc = assay_calibration_join(&input, &calibration, err);
    if (rc == ASSAY_OK) {
        rc = assay_calibration_check(&calibration, "loopback", NULL, &check, err);
    }
    if (rc == ASSAY_OK) {
        struct assay_json_builder b = {0};
        json_t *checks = json_array();
        assay_json_add(&b, checks, check);
        rc = assay_json_builder_check(&b, checks, err);
        if (rc == ASSAY_OK) {
            *ret_checks = checks;
        } else {
            json_decref(checks);
        }
    }
    return rc;
}

static assay_code calibrate(const struct assay_prepared_run *run, const struct assay_run_setup *setup,
                            json_t **ret_checks, assay_err *err)
{
    const char *dialect = dialect_of(run);
    struct assay_truth_script *script = NULL;
    struct assay_truth_child child = {0};
    struct assay_truth_log *log = NULL;
    struct assay_run_result result = {0};
    uint64_t client_cpu_ns = 0;
    bool has_child = false;
    assay_code rc = fork_server(dialect, &script, &child, err);
    if (rc == ASSAY_OK) {
        has_child = true;
        rc = run_client(run, setup, dialect, child.port, &result, &client_cpu_ns, err);
    }
    if (rc == ASSAY_OK) {
        has_child = false; /* gone after collecting, also on failure */
        rc = assay_truth_collect(&child, &log, err);
    }
    if (rc == ASSAY_OK) {
        rc = join(&result, log, client_cpu_ns, ret_checks, err);
    }
    if (has_child) {
        assay_truth_child_end(&child);
    }
    assay_truth_log_free(log);
    assay_truth_script_free(script);
    assay_run_result_done(&result);
    return rc;
}

assay_code assay_calibrate(const struct assay_prepared_run *run, const struct assay_run_setup *setup,
                           json_t **ret_checks, assay_err *err)
{
    if (!find_row(&run->table, "url")) {
        return ASSAY_OK; /* nothing is received, so there are no stamps to be wrong */
    }
    assay_code rc = calibrate(run, setup, ret_checks, err);
    if (rc == ASSAY_OK || rc == ASSAY_NO_MEMORY) {
        return rc;
    }
    if (assay_stop_was_asked()) {
        return assay_fail(err, ASSAY_INTERRUPTED, "stopped during calibration; nothing was measured");
    }
    assay_log_warning("calibration left out: %s", err->message);
    return ASSAY_OK;
}
