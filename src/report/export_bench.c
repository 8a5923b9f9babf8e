/* Commands and kernels in other tools' forms: the run is read once, arm by arm, then one writer each. */
#include "report/export_bench.h"

#include "stat/stat.h"

#include <assert.h>
#include <string.h>

#define SAMPLES_START 64

static assay_code sample_add(struct assay_export_arm *arm, const struct assay_sample *sample, assay_err *err)
{
    if (arm->count == arm->capacity) {
        size_t capacity = arm->capacity == 0 ? SAMPLES_START : 2 * arm->capacity;
        struct assay_export_sample *grown = assay_realloc(arm->samples, capacity, sizeof *grown);
        if (grown == NULL) {
            return assay_nomem(err);
        }
        arm->samples = grown;
        arm->capacity = capacity;
    }
    double iterations = sample->iterations > 0 ? sample->iterations : 1;
    arm->samples[arm->count++] = (struct assay_export_sample){
        .wall_ns = (double)(sample->end_ns - sample->start_ns) / iterations,
        .cpu_ns = sample->cpu_ns != ASSAY_NS_ABSENT ? (double)sample->cpu_ns / iterations : -1.0,
        .iterations = (uint32_t)iterations,
        .is_ok = assay_status_group_of(sample->status) == ASSAY_GROUP_OK,
        .exit_status = sample->process != NULL ? (int)sample->process->exit_status : -1};
    return ASSAY_OK;
}

static assay_code samples_read(struct assay_export *export, const char *trace, size_t trace_len, assay_err *err)
{
    struct assay_trace *reader = NULL;
    struct assay_sample sample;
    bool is_end = false;
    assay_code rc = assay_trace_open(trace, trace_len, &reader, NULL, err);
    rc = rc == ASSAY_OK ? assay_trace_next(reader, &sample, &is_end, err) : rc;
    while (rc == ASSAY_OK && !is_end) {
        bool is_measured = sample.id >= export->view.warmup && sample.start_ns != ASSAY_NS_ABSENT &&
                           sample.end_ns != ASSAY_NS_ABSENT && sample.end_ns >= sample.start_ns;
        if (is_measured && sample.arm < export->view.arms_count) {
            rc = sample_add(&export->arms[sample.arm], &sample, err);
        }
        rc = rc == ASSAY_OK ? assay_trace_next(reader, &sample, &is_end, err) : rc;
    }
    assay_trace_free(reader);
    return rc;
}

/* The ok times of an arm, sorted. */
static assay_code times_sort(struct assay_export_arm *arm, assay_err *err)
{
    arm->ok_ns = assay_alloc(2 * arm->count + 1, sizeof *arm->ok_ns);
    if (arm->ok_ns == NULL) {
        return assay_nomem(err);
    }
    for (size_t i = 0; i < arm->count; i++) {
        if (arm->samples[i].is_ok) {
            arm->ok_ns[arm->ok_count++] = arm->samples[i].wall_ns;
        }
    }
    assay_stat_sort(arm->ok_ns, arm->ok_ns + arm->ok_count, arm->ok_count);
    return ASSAY_OK;
}

static assay_code export_init(struct assay_export *export, const struct assay_report_input *input, const char *trace,
                              size_t trace_len, bool needs_samples, assay_err *err)
{
    assay_code rc = assay_view_init(&export->view, input, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (export->view.document != ASSAY_DOCUMENT_RECEIPT ||
        (needs_samples && strcmp(export->view.workload, "llm") == 0)) {
        return assay_fail(err, ASSAY_UNSUPPORTED,
                          needs_samples ? "only a receipt of commands or kernels has this form; this is %s of '%s'"
                                        : "only a receipt has figures to export; this is %s of '%s'",
                          assay_document_file(export->view.document), export->view.workload);
    }
    export->arms = assay_alloc(export->view.arms_count + 1, sizeof *export->arms);
    if (export->arms == NULL) {
        return assay_nomem(err);
    }
    for (size_t i = 0; i < export->view.arms_count; i++) {
        const struct assay_arm_view *arm = &export->view.arms[i];
        export->arms[i].name = arm->label != NULL && arm->label[0] != '\0' ? arm->label : arm->id;
    }
    rc = needs_samples ? samples_read(export, trace, trace_len, err) : ASSAY_OK;
    for (size_t i = 0; rc == ASSAY_OK && i < export->view.arms_count; i++) {
        rc = times_sort(&export->arms[i], err);
    }
    return rc;
}

static void export_done(struct assay_export *export)
{
    for (size_t i = 0; export->arms != NULL && i < export->view.arms_count; i++) {
        assay_free(export->arms[i].samples);
        assay_free(export->arms[i].ok_ns);
    }
    assay_free(export->arms);
    assay_view_done(&export->view);
}

assay_code assay_export_bench(enum assay_export_form form, const struct assay_report_input *input, const char *trace,
                              size_t trace_len, struct assay_buf *out, assay_err *err)
{
    static const struct {
        assay_code (*write)(const struct assay_export *from, struct assay_buf *out, assay_err *err);
        bool needs_samples;
    } WRITERS[] = {[ASSAY_EXPORT_HYPERFINE] = {assay_export_hyperfine, true},
                   [ASSAY_EXPORT_GOOGLE_BENCHMARK] = {assay_export_google_benchmark, true},
                   [ASSAY_EXPORT_GO_BENCH] = {assay_export_go_bench, true},
                   [ASSAY_EXPORT_GITHUB_ACTION_BENCHMARK] = {assay_export_github_action, false},
                   [ASSAY_EXPORT_BMF] = {assay_export_bmf, false}};
    assert(input && out && (size_t)form < sizeof WRITERS / sizeof WRITERS[0]);
    assert(trace || !WRITERS[form].needs_samples);
    struct assay_export export = {0};
    assay_code rc = export_init(&export, input, trace, trace_len, WRITERS[form].needs_samples, err);
    rc = rc == ASSAY_OK ? WRITERS[form].write(&export, out, err) : rc;
    export_done(&export);
    return rc == ASSAY_OK ? assay_buf_check(out, err) : rc;
}
