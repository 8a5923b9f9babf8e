#include "report/export_bench.h"

#include <string.h>

#define TEXT_BYTES_MAX 4096

static const char *arm_name(const struct assay_export *from, const struct assay_metric_view *metric)
{
    return metric->arm < from->view.arms_count ? from->arms[metric->arm].name : "";
}

/* ---- github-action-benchmark ------------------------------------------------------------------------------------ */

static void github_entry(struct assay_json_builder *b, json_t *list, const struct assay_export *from,
                         const struct assay_metric_view *metric)
{
    struct assay_buf text;
    assay_buf_init(&text, TEXT_BYTES_MAX);
    json_t *entry = assay_json_add_object(b, list);
    assay_buf_printf(&text, "%s %s", arm_name(from, metric), metric->name);
    assay_json_put_text(b, entry, "name", text.data);
    assay_json_put_text(b, entry, "unit", metric->unit);
    assay_json_put_double(b, entry, "value", metric->value);
    if (metric->has_bounds) {
        assay_buf_clear(&text);
        assay_buf_printf(&text, "%s to %s", metric->lower_text, metric->upper_text);
        assay_json_put_text(b, entry, "range", text.data);
    }
    assay_buf_clear(&text);
    assay_buf_printf(&text, "n=%llu receipt=%s", (unsigned long long)metric->n, from->view.digest);
    assay_json_put_text(b, entry, "extra", text.data);
    assay_buf_done(&text);
}

assay_code assay_export_github_action(const struct assay_export *from, struct assay_buf *out, assay_err *err)
{
    struct assay_json_builder b = {0};
    json_t *root = json_array();
    for (size_t i = 0; i < from->view.metrics_count; i++) {
        if (from->view.metrics[i].absent == NULL) { /* what is withheld stays withheld */
            github_entry(&b, root, from, &from->view.metrics[i]);
        }
    }
    assay_code rc = assay_json_builder_check(&b, root, err);
    rc = rc == ASSAY_OK ? assay_json_pretty(root, out, err) : rc;
    json_decref(root);
    return rc;
}

/* ---- Bencher ---------------------------------------------------------------------------------------------------- */

static void bmf_measure(struct assay_json_builder *b, json_t *benchmark, const struct assay_metric_view *metric)
{
    json_t *measure = assay_json_put_object(b, benchmark, metric->name);
    assay_json_put_double(b, measure, "value", metric->value);
    if (metric->has_bounds) {
        assay_json_put_double(b, measure, "lower_value", metric->lower);
        assay_json_put_double(b, measure, "upper_value", metric->upper);
    }
}

assay_code assay_export_bmf(const struct assay_export *from, struct assay_buf *out, assay_err *err)
{
    struct assay_json_builder b = {0};
    json_t *root = json_object();
    for (size_t i = 0; i < from->view.metrics_count; i++) {
        const struct assay_metric_view *metric = &from->view.metrics[i];
        const char *name = arm_name(from, metric);
        if (metric->absent == NULL) {
            json_t *benchmark = json_object_get(root, name);
            bmf_measure(&b, benchmark != NULL ? benchmark : assay_json_put_object(&b, root, name), metric);
        }
    }
    assay_code rc = assay_json_builder_check(&b, root, err);
    rc = rc == ASSAY_OK ? assay_json_pretty(root, out, err) : rc;
    json_decref(root);
    return rc;
}
