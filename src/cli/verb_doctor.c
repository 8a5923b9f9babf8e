/* How quiet this machine is, watched for a while: cause, evidence, fix. */
#include "cli/cli.h"

#include "base/clock.h"
#include "host/host.h"

#include <stddef.h>
#include <string.h>

#define DURATION_DEFAULT (2 * ASSAY_NS_PER_S) /* a hundred steps of /proc/stat's counters for each CPU */
#define DURATION_MIN (200 * ASSAY_NS_PER_MS)
#define DURATION_MAX (3600 * ASSAY_NS_PER_S)

struct values {
    uint64_t duration_ns;
    bool wants_json;
};

static const struct values DEFAULTS = {.duration_ns = DURATION_DEFAULT};

static const struct assay_opt OPTIONS[] = {
    {"duration", "T", "how long to watch (default 2s)", ASSAY_OPT_DURATION, offsetof(struct values, duration_ns)},
    {"json", NULL, "print as JSON", ASSAY_OPT_FLAG, offsetof(struct values, wants_json)},
};

static const char *text_of(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text ? text : "";
}

static size_t count_of(const json_t *rows, const char *answer)
{
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        count += strcmp(text_of(json_array_get(rows, i), "answer"), answer) == 0;
    }
    return count;
}

static void write_foreign(struct assay_buf *out, const char *text)
{
    assay_text_show(out, text, strlen(text), 1024);
}

static void write_finding(struct assay_buf *out, const json_t *row)
{
    assay_buf_printf(out, "finding  %-17s", text_of(row, "probe"));
    write_foreign(out, text_of(row, "cause"));
    assay_buf_text(out, "\n         evidence         ");
    write_foreign(out, text_of(row, "evidence"));
    assay_buf_text(out, "\n         fix              ");
    write_foreign(out, text_of(row, "fix"));
    assay_buf_text(out, "\n");
}

static void write_line(struct assay_buf *out, const json_t *row)
{
    assay_buf_printf(out, "%-8s %-17s", text_of(row, "answer"), text_of(row, "probe"));
    write_foreign(out, text_of(row, "evidence"));
    assay_buf_text(out, "\n");
}

/* What needs something done comes first. */
static void write_text(const json_t *rows, struct assay_buf *out)
{
    static const char *const ORDER[] = {"finding", "unknown", "ok"};
    assay_buf_printf(out, "%zu probes: %zu findings, %zu unknown (unknown is not ok), %zu ok\n", json_array_size(rows),
                     count_of(rows, "finding"), count_of(rows, "unknown"), count_of(rows, "ok"));
    for (size_t k = 0; k < sizeof ORDER / sizeof ORDER[0]; k++) {
        assay_buf_text(out, count_of(rows, ORDER[k]) ? "\n" : "");
        for (size_t i = 0; i < json_array_size(rows); i++) {
            const json_t *row = json_array_get(rows, i);
            if (strcmp(text_of(row, "answer"), ORDER[k]) == 0) {
                (k == 0 ? write_finding : write_line)(out, row);
            }
        }
    }
}

static assay_code write_json(json_t *rows, uint64_t watched_ns, struct assay_buf *out, assay_err *err)
{
    struct assay_json_builder b = {0};
    json_t *root = json_object();
    assay_json_put_u64(&b, root, "watchedNs", watched_ns);
    assay_json_put_u64(&b, root, "findings", count_of(rows, "finding"));
    assay_json_put_u64(&b, root, "unknown", count_of(rows, "unknown"));
    assay_json_put(&b, root, "probes", json_incref(rows));
    assay_code rc = assay_json_builder_check(&b, root, err);
    rc = rc == ASSAY_OK ? assay_json_pretty(root, out, err) : rc;
    json_decref(root);
    return rc;
}

static assay_code watch(uint64_t duration_ns, json_t **ret, assay_err *err)
{
    struct assay_host_doctor *doctor = NULL;
    assay_code rc = assay_host_doctor_begin("", &doctor, err);
    if (rc == ASSAY_OK) {
        assay_host_doctor_watch(doctor, assay_clock_mono_ns() + duration_ns);
        rc = assay_host_doctor_answer(doctor, ret, err);
    }
    assay_host_doctor_free(doctor);
    return rc;
}

static assay_code run(struct assay_cli *cli, const void *values_, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err)
{
    (void)given;
    const struct values *values = values_;
    json_t *rows = NULL;
    if (values->duration_ns < DURATION_MIN || values->duration_ns > DURATION_MAX) {
        return assay_fail(err, ASSAY_USAGE, "--duration: expected 200ms to 1h");
    }
    assay_code rc = watch(values->duration_ns, &rows, err);
    if (rc == ASSAY_OK && values->wants_json) {
        rc = write_json(rows, values->duration_ns, out, err);
    } else if (rc == ASSAY_OK) {
        write_text(rows, out);
    }
    if (rc == ASSAY_OK) {
        cli->has_judged = true;
        rc = count_of(rows, "finding") ? ASSAY_WANTING : (count_of(rows, "unknown") ? ASSAY_UNDECIDED : ASSAY_OK);
    }
    json_decref(rows);
    return rc;
}

const struct assay_verb assay_verb_doctor = {
    .opt = {.name = "doctor",
            .synopsis = "[--duration T] [--json]",
            .summary = "how quiet this machine is, watched: cause, evidence and fix",
            .manual = "Counters of the kernel are read before and after, and a loop of fixed length is timed 20 times "
                      "a second in between. Each probe answers ok, finding or unknown. Unknown is not ok: a file is "
                      "missing, may not be read, or is virtualised away.",
            .options = OPTIONS,
            .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
            .examples = "assay doctor --duration 10s\n  before a measurement that matters\n",
            .exits = "0 every probe is ok; 1 a finding; 2 only unknowns; 4 usage; 70 a bug"},
    .values_bytes = sizeof(struct values),
    .defaults = &DEFAULTS,
    .run = run,
};
