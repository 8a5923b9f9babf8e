#include "judge/sanity.h"

#include "base/text.h"
#include "crypto/crypto.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* The document against what plan and trace give (evidence.md 3.3): equal as canonical values, tolerance 0. */

/* Which gate a difference belongs to: the first row whose place is the difference's or above it. */
static const struct {
    const char *place;
    enum gate gate;
} GATES[] = {
    {"/predicate/protocol/computePath", GATE_COMPUTE_PATH},
    {"/predicate/protocol/backend", GATE_COMPUTE_PATH},
    {"/predicate/protocol/planSha256", GATE_PLAN},
    {"/predicate/samples/format", GATE_STORED_BYTES},
    {"/predicate/samples/sha256", GATE_STORED_BYTES},
    {"/predicate/samples/bytes", GATE_STORED_BYTES},
    {"/predicate/samples/root", GATE_ROOT},
    {"/predicate/samples/chunks", GATE_COUNTS},
    {"/predicate/samples/count", GATE_COUNTS},
    {"/predicate/samples/planned", GATE_COUNTS},
    {"/predicate/samples/firstDueNs", GATE_STAMPS},
    {"/predicate/samples/lastStartNs", GATE_STAMPS},
    {"/predicate/samples/lastEndNs", GATE_STAMPS},
    {"/predicate/samples", GATE_STATUS_SUM},
    {"/predicate/kernels", GATE_KERNELS},
    {"/predicate/determinism", GATE_DETERMINISM},
    {"/predicate/checks", GATE_CHECK},
    {"/predicate/tier/evidence", GATE_CODES},
    {"/predicate/invalid", GATE_CODES},
    {"/predicate/notChecked", GATE_CODES},
    {"", GATE_FACTS}, /* subject, protocol, environment, attempts: what the facts chunk holds */
};

/* What a signature brings in, and what its own gates look at. */
static const char *const NOT_DERIVED[] = {"/predicate/attempts/counter", "/predicate/attempts/previous",
                                          "/predicate/tier/signers"};
/* Interop takes a recompressed trace (evidence.md 1.6) and the additions of a later minor (1.1). */
static const char *const FREE_IN_INTEROP[] = {"/predicate/samples/sha256", "/predicate/samples/bytes",
                                              "/predicate/minor"};

struct comparison {
    struct judge *judge;
    struct assay_json_pointer at;
};

static void compare(struct comparison *work, const json_t *found, const json_t *derived);

static bool is_at_or_below(const char *place, const char *above)
{
    size_t n = strlen(above);
    return strncmp(place, above, n) == 0 && (place[n] == '\0' || place[n] == '/' || n == 0);
}

static enum gate gate_of(const char *place)
{
    size_t i = 0;
    while (!is_at_or_below(place, GATES[i].place)) {
        i++;
        assert(i < sizeof GATES / sizeof GATES[0]);
    }
    return GATES[i].gate;
}

static bool is_left_out(const struct judge *judge, const char *place)
{
    for (size_t i = 0; i < sizeof NOT_DERIVED / sizeof NOT_DERIVED[0]; i++) {
        if (strcmp(place, NOT_DERIVED[i]) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof FREE_IN_INTEROP / sizeof FREE_IN_INTEROP[0] && judge->input->is_interop; i++) {
        if (strcmp(place, FREE_IN_INTEROP[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void report(struct comparison *work, enum gate gate, const json_t *found, const json_t *derived)
{
    if (!judge_is_refused(work->judge, work->at.text)) {
        judge_differ(work->judge, gate, work->at.text, found, derived);
    }
}

/* ---- objects and arrays ---- */

static void compare_objects(struct comparison *work, json_t *found, json_t *derived)
{
    const char *name;
    json_t *value;
    json_object_foreach(derived, name, value)
    {
        size_t mark = assay_json_pointer_name(&work->at, name);
        compare(work, json_object_get(found, name), value);
        assay_json_pointer_back(&work->at, mark);
    }
    json_object_foreach(found, name, value)
    {
        if (!json_object_get(derived, name)) {
            size_t mark = assay_json_pointer_name(&work->at, name);
            compare(work, value, NULL);
            assay_json_pointer_back(&work->at, mark);
        }
    }
}

/* Two sorted lists of texts: names what is too much and what is missing, instead of everything behind it. */
static void compare_sets(struct comparison *work, const json_t *found, const json_t *derived)
{
    size_t i = 0, k = 0;
    while (i < json_array_size(found) || k < json_array_size(derived)) {
        const json_t *here = json_array_get(found, i), *due = json_array_get(derived, k);
        int order = !here ? 1 : !due ? -1 : strcmp(json_string_value(here), json_string_value(due));
        if (order < 0) {
            size_t mark = assay_json_pointer_index(&work->at, i);
            report(work, gate_of(work->at.text), here, NULL);
            assay_json_pointer_back(&work->at, mark);
        } else if (order > 0) {
            report(work, gate_of(work->at.text), NULL, due);
        }
        i += order <= 0 ? 1 : 0;
        k += order >= 0 ? 1 : 0;
    }
}

static bool is_sorted_texts(const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *here = json_string_value(json_array_get(list, i));
        const char *before = i > 0 ? json_string_value(json_array_get(list, i - 1)) : NULL;
        if (!here || (before && strcmp(before, here) >= 0)) {
            return false;
        }
    }
    return true;
}

static void compare_arrays(struct comparison *work, const json_t *found, const json_t *derived)
{
    if (is_sorted_texts(found) && is_sorted_texts(derived)) {
        compare_sets(work, found, derived);
        return;
    }
    size_t n = json_array_size(found), due = json_array_size(derived);
    for (size_t i = 0; i < n || i < due; i++) {
        size_t mark = assay_json_pointer_index(&work->at, i);
        compare(work, json_array_get(found, i), json_array_get(derived, i));
        assay_json_pointer_back(&work->at, mark);
    }
}

/* ---- metrics: matched by arm and name ---- */

static int metric_order(const json_t *a, const json_t *b)
{
    int order = strcmp(judge_text_of(a, "arm"), judge_text_of(b, "arm"));
    return order != 0 ? order : strcmp(judge_text_of(a, "name"), judge_text_of(b, "name"));
}

static void report_metric(struct comparison *work, size_t i, const json_t *found, const json_t *derived)
{
    static const char LACKS[] = "no metric that the plan lacks";
    struct assay_buf name;
    const json_t *metric = found ? found : derived;
    size_t mark = found ? assay_json_pointer_index(&work->at, i) : work->at.len;
    assay_buf_init(&name, 1024);
    assay_buf_printf(&name, "metric %s of arm %s", judge_text_of(metric, "name"), judge_text_of(metric, "arm"));
    const char *shown = name.data ? name.data : "";
    work->judge->is_out_of_memory = work->judge->is_out_of_memory || !name.data;
    if (!judge_is_refused(work->judge, work->at.text)) {
        judge_add(work->judge, GATE_METRIC, ASSAY_VERDICT_FAIL, work->at.text, found ? shown : NULL,
                  found ? LACKS : shown);
    }
    assay_buf_done(&name);
    assay_json_pointer_back(&work->at, mark);
}

static enum gate metric_gate(const char *metric, const char *member)
{
    bool is_total = strcmp(member, "value") == 0 && sanity_is_token_total(metric);
    bool is_of_table =
        strcmp(member, "formula") == 0 || strcmp(member, "unit") == 0 || strcmp(member, "direction") == 0;
    return is_of_table ? GATE_FORMULA : is_total ? GATE_TOKENS : GATE_VALUE;
}

static void compare_metric_member(struct comparison *work, const char *metric, const char *name, const json_t *found,
                                  const json_t *derived, bool *is_equal)
{
    size_t mark = assay_json_pointer_name(&work->at, name);
    if (!found || !derived || !json_equal(found, derived)) {
        report(work, metric_gate(metric, name), found, derived);
        *is_equal = false;
    }
    assay_json_pointer_back(&work->at, mark);
}

static bool compare_metric(struct comparison *work, size_t i, json_t *found, json_t *derived)
{
    bool is_equal = true;
    const char *name, *metric = judge_text_of(derived, "name");
    json_t *value;
    size_t mark = assay_json_pointer_index(&work->at, i);
    json_object_foreach(derived, name, value)
    {
        compare_metric_member(work, metric, name, json_object_get(found, name), value, &is_equal);
    }
    json_object_foreach(found, name, value)
    {
        if (!json_object_get(derived, name)) {
            compare_metric_member(work, metric, name, value, NULL, &is_equal);
        }
    }
    assay_json_pointer_back(&work->at, mark);
    return is_equal;
}

/* Whether the keys of the document's metrics are what they should be; where not, gate 108 has said so, and matching by
 * them would report one fault many times. */
static bool has_keys(struct comparison *work, const json_t *metrics)
{
    static const char *const KEYS[] = {"arm", "name"};
    bool has = true;
    for (size_t i = 0; i < json_array_size(metrics) && has; i++) {
        size_t mark = assay_json_pointer_index(&work->at, i);
        for (size_t k = 0; k < 2; k++) {
            size_t inner = assay_json_pointer_name(&work->at, KEYS[k]);
            has = has && !judge_is_refused(work->judge, work->at.text);
            assay_json_pointer_back(&work->at, inner);
        }
        assay_json_pointer_back(&work->at, mark);
    }
    return has;
}

/* Both lists are sorted by arm and name. */
static void compare_metrics(struct comparison *work, const json_t *found, const json_t *derived)
{
    size_t i = 0, k = 0;
    if (!has_keys(work, found)) {
        return;
    }
    while (i < json_array_size(found) || k < json_array_size(derived)) {
        json_t *here = json_array_get(found, i), *due = json_array_get(derived, k);
        int order = !here ? 1 : !due ? -1 : metric_order(here, due);
        if (order < 0) {
            report_metric(work, i, here, NULL);
        } else if (order > 0) {
            report_metric(work, i, NULL, due);
        } else if (compare_metric(work, i, here, due)) {
            work->judge->metrics_equal++;
        }
        i += order <= 0 ? 1 : 0;
        k += order >= 0 ? 1 : 0;
    }
}

/* ---- any value ---- */

/* Jansson's iterators want a mutable object although they only read it. */
static json_t *mutable(const json_t *value)
{
    union {
        const json_t *in;
        json_t *out;
    } cast = {value};
    return cast.out;
}

static void compare(struct comparison *work, const json_t *found, const json_t *derived)
{
    if (is_left_out(work->judge, work->at.text)) {
        return;
    }
    if (json_is_object(found) && json_is_object(derived)) {
        compare_objects(work, mutable(found), mutable(derived));
    } else if (json_is_array(found) && json_is_array(derived)) {
        if (strcmp(work->at.text, "/predicate/metrics") == 0) {
            compare_metrics(work, found, derived);
        } else {
            compare_arrays(work, found, derived);
        }
    } else if (!json_equal(found, derived)) { /* what is not there equals nothing */
        report(work, gate_of(work->at.text), found, derived);
    }
}

/* ---- plan and trace ---- */

static void note_not_given(struct judge *judge, struct assay_judge_bytes bytes, const char *file)
{
    if (!bytes.data) {
        judge_add(judge, GATE_NOT_GIVEN, ASSAY_VERDICT_UNDECIDED, file, NULL, "the file that the document speaks of");
    }
}

/* Whether the bytes are those whose digest the document states. */
static bool is_bound(const struct judge *judge, struct assay_judge_bytes bytes, const char *place)
{
    struct assay_digest digest;
    char text[ASSAY_DIGEST_TEXT_BYTES];
    const char *stated = json_string_value(assay_json_at(judge->statement, place));
    assay_sha256_of(bytes.data, bytes.len, &digest);
    assay_digest_print(&digest, text);
    return stated && strcmp(stated, text) == 0;
}

/* What a later assay wrote is undecided here; bytes that are not the ones the document speaks of are refused, whatever
 * they seem to ask for. */
static void add_unsupported(struct judge *judge, const assay_err *err)
{
    if (!is_bound(judge, judge->input->trace, "/predicate/samples/sha256")) {
        judge_add(judge, GATE_STORED_BYTES, ASSAY_VERDICT_FAIL, "trace.assay", "bytes of another digest",
                  "those of samples.sha256");
    } else if (!is_bound(judge, judge->input->plan, "/predicate/protocol/planSha256")) {
        judge_add(judge, GATE_PLAN, ASSAY_VERDICT_FAIL, "plan.json", "bytes of another digest", "those of planSha256");
    } else {
        judge_add(judge, judge->derived.gate ? (enum gate)judge->derived.gate : GATE_FORMULA, ASSAY_VERDICT_UNDECIDED,
                  "plan.json", err->message, "what this build knows");
    }
}

/* A plan that cannot be read is malformed only if it is the document's own; another one is a false one. */
static void add_breach(struct judge *judge, enum gate gate, const assay_err *err)
{
    bool is_plan_read = gate == GATE_FIELD;
    bool is_other_run = gate == (enum gate)306; /* the trace is of another run or plan: whose fault is it? */
    if ((is_plan_read || is_other_run) && !is_bound(judge, judge->input->plan, "/predicate/protocol/planSha256")) {
        gate = GATE_PLAN;
    }
    judge_add_err(judge, gate, is_plan_read || gate == GATE_PLAN ? "plan.json" : "trace.assay", err);
}

static void derive(struct judge *judge)
{
    const struct assay_judge_input *input = judge->input;
    assay_err err = {0};
    assay_code rc = assay_receipt_derive(input->plan.data, input->plan.len, input->trace.data, input->trace.len,
                                         &judge->derived, &err);
    judge->is_derived = rc == ASSAY_OK;
    if (rc == ASSAY_NO_MEMORY) {
        judge->is_out_of_memory = true;
    } else if (rc == ASSAY_UNSUPPORTED) {
        add_unsupported(judge, &err);
    } else if (rc != ASSAY_OK) {
        add_breach(judge, judge->derived.gate ? (enum gate)judge->derived.gate : GATE_STORED_BYTES, &err);
    }
}

void judge_recompute(struct judge *judge)
{
    if (judge->out->document == ASSAY_DOCUMENT_IMPORTED) {
        return; /* has no samples */
    }
    note_not_given(judge, judge->input->plan, "plan.json");
    note_not_given(judge, judge->input->trace, "trace.assay");
    judge->is_given = judge->input->plan.data && judge->input->trace.data;
    if (!judge->is_given) {
        return;
    }
    derive(judge);
    if (!judge->is_derived) {
        return;
    }
    struct comparison work = {.judge = judge};
    if (judge->derived.document != judge->out->document) {
        (void)assay_json_pointer_name(&work.at, "predicateType");
        report(&work, GATE_FACTS, json_object_get(judge->statement, "predicateType"),
               json_object_get(judge->derived.statement, "predicateType"));
        return;
    }
    compare(&work, judge->statement, judge->derived.statement);
}
