/* The public library: running the kernels of a program that is linked with it (assay/kernel.h). */
#include <assay/kernel.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/opt.h"
#include "crypto/crypto.h"
#include "kernel/kernel.h"
#include "measure/measure.h"
#include "report/report.h"
#include "workload/workload.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>
#include <unistd.h>

#define TEXT_BYTES_MAX ((size_t)16 << 20)
#define OPTIONS_MAX (ASSAY_LOAD_OPTIONS_MAX + 64) /* of the load, of the workload, and the two below */

struct around {
    struct assay_load_options load;
    uint64_t calls;
    bool wants_json;
};

struct assay_kernel_result {
    struct assay_run_result run;
    struct assay_buf text;
    int status;
};

static const struct assay_opt AROUND[] = {
    {"calls", "N", "only runs the variant so often on the case, and measures nothing", ASSAY_OPT_U64,
     offsetof(struct around, calls), .max = UINT32_MAX},
    {"json", NULL, "print the result as JSON", ASSAY_OPT_FLAG, offsetof(struct around, wants_json)},
};

/* Options of the workload, of the load and of this file over one block: struct around, then the workload's state. */
struct program {
    struct assay_opt rows[OPTIONS_MAX];
    size_t rows_count, state_offset;
    char *values;
    struct assay_opt_verb verb;
};

static void append_rows(struct program *program, const struct assay_opt *rows, size_t count, size_t offset)
{
    assert(program->rows_count + count <= OPTIONS_MAX);
    for (size_t i = 0; i < count; i++) {
        struct assay_opt *row = &program->rows[program->rows_count++];
        *row = rows[i];
        row->offset += offset;
    }
}

static assay_code program_init(struct program *program, const struct assay_kernel_operation *op, assay_err *err)
{
    const struct assay_workload *workload = &assay_workload_kernel;
    const size_t align = alignof(max_align_t);
    struct assay_opt load[ASSAY_LOAD_OPTIONS_MAX];
    size_t load_count = assay_load_option_rows(workload, load);
    program->state_offset = (sizeof(struct around) + align - 1) / align * align;
    append_rows(program, workload->options, workload->options_count, program->state_offset);
    append_rows(program, load, load_count, offsetof(struct around, load));
    append_rows(program, AROUND, sizeof AROUND / sizeof AROUND[0], 0);
    program->verb = (struct assay_opt_verb){.name = op->name,
                                            .synopsis = "[OPTIONS]",
                                            .summary = op->help ? op->help : workload->summary,
                                            .options = program->rows,
                                            .options_count = program->rows_count};
    program->values = assay_alloc(1, program->state_offset + workload->state_bytes);
    if (!program->values) {
        return assay_nomem(err);
    }
    assay_load_options_defaults(&((struct around *)(void *)program->values)->load);
    workload->defaults(program->values + program->state_offset);
    assay_workload_kernel_link(program->values + program->state_offset, op);
    return ASSAY_OK;
}

static struct around *around_of(const struct program *program)
{
    return (struct around *)(void *)program->values;
}

static void *state_of(const struct program *program)
{
    return program->values + program->state_offset;
}

static void program_done(struct program *program)
{
    if (program->values) {
        assay_workload_kernel.close(state_of(program));
        assay_load_options_done(&around_of(program)->load);
    }
    assay_free(program->values);
}

/* ---- measuring -------------------------------------------------------------------------------------------------- */

static assay_code tell(const struct program *program, struct assay_kernel_result *result, assay_err *err)
{
    const struct assay_style style = {.has_color = false};
    const struct assay_report_input input = {.place = result->run.dir,
                                             .document = result->run.file.data,
                                             .document_len = result->run.file.len,
                                             .plan = result->run.plan.data,
                                             .plan_len = result->run.plan.len};
    return assay_report_show(&input, around_of(program)->wants_json ? ASSAY_REPORT_JSON : ASSAY_REPORT_TEXT, &style,
                             &result->text, err);
}

static assay_code measure(struct program *program, struct assay_kernel_result *result, assay_err *err)
{
    struct assay_run_setup setup = {.workload = &assay_workload_kernel, .state = state_of(program)};
    json_t *options = NULL;
    assay_code rc = assay_load_options_apply(&around_of(program)->load, &setup, &options, err);
    setup.options = options;
    rc = rc == ASSAY_OK ? assay_workload_kernel.open(state_of(program), err) : rc;
    rc = rc == ASSAY_OK ? assay_run(&setup, &result->run, err) : rc;
    rc = rc == ASSAY_OK ? tell(program, result, err) : rc;
    if (rc == ASSAY_OK) {
        result->status = assay_run_exit_status(&result->run);
    }
    json_decref(options);
    return rc;
}

/* ---- as a command: only the work -------------------------------------------------------------------------------- */

static assay_code run_calls(struct program *program, const struct assay_kernel_operation *op, assay_err *err)
{
    struct assay_kernel_set *set = NULL;
    struct assay_kernel *kernel = NULL;
    struct assay_kernel_counters *counters = NULL;
    struct assay_kernel_data data = {0};
    const struct assay_kernel_case *which = assay_kernel_case_find(op, NULL);
    assay_code rc = assay_kernel_set_new(NULL, &set, err);
    rc = rc == ASSAY_OK ? assay_kernel_set_add(set, op, err) : rc;
    rc = rc == ASSAY_OK ? assay_kernel_set_ready(set, err) : rc;
    rc = rc == ASSAY_OK ? assay_kernel_set_bind(set, op, &kernel, err) : rc;
    rc = rc == ASSAY_OK ? assay_kernel_counters_new(set, 1, &counters, err) : rc;
    rc = rc == ASSAY_OK ? assay_kernel_data_init(&data, op, &which->shape, err) : rc;
    if (rc == ASSAY_OK) {
        const struct assay_kernel_call *call = &data.call;
        const struct assay_kernel_ring ring = {.calls = &call, .count = 1};
        assay_kernel_data_fill(&data, which);
        assay_kernel_dispatch_many(kernel, assay_kernel_counters_thread(counters, 0), &ring, 0,
                                   around_of(program)->calls);
    }
    assay_kernel_data_done(&data);
    assay_kernel_counters_free(counters);
    assay_kernel_set_free(set);
    return rc;
}

/* ---- the library ------------------------------------------------------------------------------------------------ */

static assay_code run_parsed(struct program *program, const struct assay_kernel_operation *op,
                             struct assay_kernel_result *result, const struct assay_opt_result *given, assay_err *err)
{
    if (given->wants_help) {
        assay_opt_help(&program->verb, &result->text);
        return ASSAY_OK;
    }
    if (around_of(program)->calls > 0) {
        return run_calls(program, op, err);
    }
    return measure(program, result, err);
}

int assay_kernel_run(const struct assay_kernel_operation *op, const char *const *options, size_t count,
                     struct assay_kernel_result **ret_result)
{
    assert(op && ret_result && (options || count == 0));
    struct program program = {.rows_count = 0};
    struct assay_opt_result given = {.arguments_count = 0};
    assay_err err = {.code = ASSAY_OK};
    *ret_result = NULL;
    struct assay_kernel_result *result = assay_alloc(1, sizeof *result);
    char **argv = assay_alloc(count + 1, sizeof *argv);
    if (!result || !argv) {
        assay_free(argv);
        assay_free(result);
        return assay_code_exit(ASSAY_NO_MEMORY);
    }
    assay_buf_init(&result->text, TEXT_BYTES_MAX);
    memcpy(argv, options, count * sizeof *argv); /* the parser reads them only */
    assay_json_init();
    assay_code rc = assay_crypto_init(&err);
    rc = rc == ASSAY_OK ? program_init(&program, op, &err) : rc;
    rc = rc == ASSAY_OK ? assay_opt_parse(&program.verb, (int)count, argv, program.values, &given, &err) : rc;
    rc = rc == ASSAY_OK ? run_parsed(&program, op, result, &given, &err) : rc;
    if (rc != ASSAY_OK) {
        assay_buf_clear(&result->text);
        assay_buf_printf(&result->text, "%s\n", err.message);
        result->status = assay_code_exit(rc);
    }
    assay_opt_result_done(&given);
    program_done(&program);
    assay_free(argv);
    *ret_result = result;
    return rc == ASSAY_OK ? 0 : result->status;
}

int assay_kernel_result_status(const struct assay_kernel_result *result)
{
    return result->status;
}

const char *assay_kernel_result_text(const struct assay_kernel_result *result)
{
    return result->text.data ? result->text.data : "";
}

const char *assay_kernel_result_directory(const struct assay_kernel_result *result)
{
    return result->run.dir;
}

void assay_kernel_result_free(struct assay_kernel_result *result)
{
    if (result) {
        assay_run_result_done(&result->run);
        assay_buf_done(&result->text);
        assay_free(result);
    }
}

int assay_kernel_main(const struct assay_kernel_operation *op, int argc, char **argv)
{
    struct assay_kernel_result *result = NULL;
    size_t count = argc > 1 ? (size_t)(argc - 1) : 0;
    const char *const *options = (const char *const *)(argv + 1);
    int failed = assay_kernel_run(op, options, count, &result);
    if (!result) {
        return failed;
    }
    const char *text = assay_kernel_result_text(result);
    int status = assay_kernel_result_status(result);
    bool is_written =
        assay_fd_write(failed ? STDERR_FILENO : STDOUT_FILENO, text, strlen(text), "the result", NULL) == ASSAY_OK;
    assay_kernel_result_free(result);
    return is_written ? status : assay_code_exit(ASSAY_IO);
}
