/* What this machine is, and what is noisy here. */
#include "cli/cli.h"
#include "cli/host_kernels.h"
#include "cli/host_limits.h"
#include "cli/terminal.h"

#include "host/host.h"

#include <stddef.h>

struct values {
    bool wants_json, wants_kernels, wants_probe, wants_count, wants_limits, is_quick;
    struct assay_opt_list plugins;
};

static const struct assay_opt OPTIONS[] = {
    {"json", NULL, "print as JSON", ASSAY_OPT_FLAG, offsetof(struct values, wants_json)},
    {"kernels", NULL, "the table of kernels: what runs here, what is chosen, and why not for the rest", ASSAY_OPT_FLAG,
     offsetof(struct values, wants_kernels)},
    {"limits", NULL, "bandwidth, latency and operations a second that this machine reaches, in 20 s", ASSAY_OPT_FLAG,
     offsetof(struct values, wants_limits)},
    {"quick", NULL, "with --limits: reading memory and multiplying bytes only, in 3 s", ASSAY_OPT_FLAG,
     offsetof(struct values, is_quick)},
    {"plugin", "FILE", "with --kernels and --count: rows of a shared object too", ASSAY_OPT_TEXT_LIST,
     offsetof(struct values, plugins)},
    {"probe", NULL, "with --kernels: prove that the flags which choose kernels do something", ASSAY_OPT_FLAG,
     offsetof(struct values, wants_probe)},
    {"count", NULL, "run every kernel and a tiny model once, as chosen, and print the ids that counted", ASSAY_OPT_FLAG,
     offsetof(struct values, wants_count)},
};

static const struct assay_column FIELD_COLUMNS[] = {
    {"field", "field", ASSAY_COLUMN_TEXT},
    {"value", "value", ASSAY_COLUMN_FOREIGN},
};

static const struct assay_column PROBE_COLUMNS[] = {
    {"probe", "probe", ASSAY_COLUMN_TEXT},
    {"answer", "answer", ASSAY_COLUMN_TEXT},
    {"evidence", "evidence", ASSAY_COLUMN_FOREIGN},
    {"fix", "fix", ASSAY_COLUMN_FOREIGN},
};

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])
#define FIELD_BYTES_MAX 4096 /* a list of CPU features is the longest field */

/* A list as its members, blank between; an empty one is "none". */
static void list_cell(struct assay_table *table, const json_t *list)
{
    struct assay_buf text;
    assay_buf_init(&text, FIELD_BYTES_MAX);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        assay_buf_text(&text, i ? " " : "");
        if (json_is_string(item)) {
            assay_buf_text(&text, json_string_value(item));
        } else {
            assay_json_show(&text, item, FIELD_BYTES_MAX / 2);
        }
    }
    assay_table_cell(table, "%s", text.len ? text.data : "none");
    assay_buf_done(&text);
}

/* The value of a field as one line: a text as it is, {"unknown": why} as "unknown: why", the rest as JSON. */
static void field_cell(struct assay_table *table, const json_t *value)
{
    const char *why = json_string_value(json_object_get(value, "unknown"));
    const char *none = json_string_value(json_object_get(value, "absent"));
    if (why) {
        assay_table_cell(table, "unknown: %s", why);
    } else if (none) {
        assay_table_cell(table, "none: %s", none);
    } else if (json_is_string(value)) {
        assay_table_cell(table, "%s", json_string_value(value));
    } else if (json_is_array(value)) {
        list_cell(table, value);
    } else {
        struct assay_buf text;
        assay_buf_init(&text, FIELD_BYTES_MAX);
        assay_json_show(&text, value, FIELD_BYTES_MAX / 2);
        assay_table_cell(table, "%s", text.data ? text.data : "");
        assay_buf_done(&text);
    }
}

static assay_code render_fields(json_t *object, const struct assay_style *style, struct assay_buf *out, assay_err *err)
{
    struct assay_table table;
    assay_table_init(&table, FIELD_COLUMNS, COUNT_OF(FIELD_COLUMNS));
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        assay_table_row(&table);
        assay_table_cell(&table, "%s", name);
        field_cell(&table, value);
    }
    assay_code rc = assay_table_render(&table, ASSAY_REPORT_TEXT, style, out, err);
    assay_table_done(&table);
    return rc;
}

static assay_code render_probes(const json_t *probes, const struct assay_style *style, struct assay_buf *out,
                                assay_err *err)
{
    struct assay_table table;
    assay_table_init(&table, PROBE_COLUMNS, COUNT_OF(PROBE_COLUMNS));
    for (size_t i = 0; i < json_array_size(probes); i++) {
        const json_t *probe = json_array_get(probes, i);
        assay_table_row(&table);
        for (size_t j = 0; j < COUNT_OF(PROBE_COLUMNS); j++) {
            const char *text = json_string_value(json_object_get(probe, PROBE_COLUMNS[j].id));
            assay_table_cell(&table, "%s", text ? text : "");
        }
    }
    assay_code rc = assay_table_render(&table, ASSAY_REPORT_TEXT, style, out, err);
    assay_table_done(&table);
    return rc;
}

static size_t count_answers(const json_t *probes, const char *answer)
{
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(probes); i++) {
        const char *text = json_string_value(json_object_get(json_array_get(probes, i), "answer"));
        count += text && assay_slice_is(assay_slice_of(text), answer);
    }
    return count;
}

static assay_code render_text(json_t *host, json_t *build, const json_t *probes, struct assay_buf *out, assay_err *err)
{
    struct assay_style style = assay_terminal_style();
    assay_buf_printf(out, "%zu probes: %zu ok, %zu findings, %zu unknown (unknown is not ok)\n\n",
                     json_array_size(probes), count_answers(probes, "ok"), count_answers(probes, "finding"),
                     count_answers(probes, "unknown"));
    assay_code rc = render_probes(probes, &style, out, err);
    assay_buf_text(out, "\nHost\n");
    if (rc == ASSAY_OK) {
        rc = render_fields(host, &style, out, err);
    }
    assay_buf_text(out, "\nBuild of assay\n");
    if (rc == ASSAY_OK) {
        rc = render_fields(build, &style, out, err);
    }
    return rc;
}

static assay_code render_json(const json_t *host, const json_t *build, const json_t *probes, struct assay_buf *out,
                              assay_err *err)
{
    struct assay_json_builder b = {0};
    json_t *root = json_object();
    assay_json_put(&b, root, "host", json_deep_copy(host));
    assay_json_put(&b, root, "build", json_deep_copy(build));
    assay_json_put(&b, root, "probes", json_deep_copy(probes));
    assay_code rc = assay_json_builder_check(&b, root, err);
    if (rc == ASSAY_OK) {
        rc = assay_json_pretty(root, out, err);
    }
    json_decref(root);
    return rc;
}

static assay_code run_kernels(struct assay_cli *cli, const struct values *values, struct assay_buf *out, assay_err *err)
{
    if (values->wants_count) {
        return assay_host_kernels_count(&values->plugins, out, err);
    }
    if (!values->wants_probe) {
        return assay_host_kernels_list(&values->plugins, values->wants_json, out, err);
    }
    assay_code rc = assay_host_kernels_probe(out, err);
    cli->has_judged = rc == ASSAY_WANTING;
    return rc;
}

static assay_code run(struct assay_cli *cli, const void *values_, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err)
{
    (void)given;
    const struct values *values = values_;
    bool wants_registry = values->wants_kernels || values->wants_probe || values->wants_count;
    if (wants_registry && (values->wants_limits || values->is_quick)) {
        return assay_fail(err, ASSAY_USAGE, "--kernels and --limits exclude each other");
    }
    if (wants_registry) {
        return run_kernels(cli, values, out, err);
    }
    if (values->wants_limits || values->is_quick) {
        assay_code rc = assay_host_limits(values->is_quick, values->wants_json, out, err);
        cli->has_judged = rc == ASSAY_UNDECIDED;
        return rc;
    }
    json_t *host = NULL, *build = NULL, *probes = NULL;
    assay_code rc = assay_host_fingerprint(0, &host, err);
    if (rc == ASSAY_OK) {
        rc = assay_host_build(&build, err);
    }
    if (rc == ASSAY_OK) {
        rc = assay_host_quietness(&probes, err);
    }
    if (rc == ASSAY_OK) {
        rc = values->wants_json ? render_json(host, build, probes, out, err)
                                : render_text(host, build, probes, out, err);
    }
    json_decref(host);
    json_decref(build);
    json_decref(probes);
    return rc;
}

const struct assay_verb assay_verb_host = {
    .opt = {.name = "host",
            .synopsis = "[--json] [--kernels [--probe] | --limits [--quick]]",
            .summary = "what this machine is, and what is noisy here",
            .manual =
                "The fingerprint that goes into receipts, and one answer a probe: ok, finding (with cause and fix) "
                "or unknown (a file is missing, or may not be read).\n\n"
                "--kernels prints the registry. Which variant is in force follows ASSAY_ISA (the highest instruction "
                "set allowed), ASSAY_KERNEL (NAME=ISA,...) and ASSAY_KERNEL_FORBID (patterns of ids); ASSAY_THREADS, "
                "ASSAY_PIN (0 or 1), ASSAY_PAGES (huge, small, mapped) and ASSAY_HEAD (exact, screened) are of the "
                "built-in "
                "model, ASSAY_DRAFT (0 or 1) of 'lm generate'. --probe runs two "
                "children for each flag and says whether other kernels count, or the model runs with another setting: "
                "live, dead (exit 1), or not available here.\n\n"
                "--limits measures what is the most this machine does: each limit in two sweeps of three trials, on "
                "one pinned thread and on all. A limit is invalid where the sweeps differ by more than 15 %, and "
                "polluted where other programs used 8 % of the CPUs or 1 % was stolen; both are shown, and the exit "
                "status is 2. What an instruction set needs and this machine lacks is named.",
            .options = OPTIONS,
            .options_count = sizeof OPTIONS / sizeof OPTIONS[0]},
    .values_bytes = sizeof(struct values),
    .run = run,
};
