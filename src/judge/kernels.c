/* Kernel entries: known ids (316), classes of the table (315), possible rates (336, 337); kernels.md 1.1 and 1.3. */
#include "judge/sanity.h"

#include "base/text.h"
#include "crypto/crypto.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define CLOCK_READS_MIN 1000.0 /* a shorter region is no rate (gate 337) */
#define MINOR_SHARE 0.05       /* of its arm's time: what is less, no rate of the receipt rests on */

static const char ENTRIES[] = "/predicate/kernels/entries";

struct kernel_judge {
    struct judge *judge;
    const json_t *roofline; /* data of the check, or NULL */
    const json_t *rows;     /* of the counter chunk; NULL: no trace, or not needed */
    struct assay_trace *trace;
    double threads, clock_ns;
    bool is_our_table; /* the receipt was made with the table that we hold */
};

static void refuse(const struct kernel_judge *work, enum gate gate, enum assay_verdict verdict, size_t index,
                   const char *member, const char *expected)
{
    struct assay_json_pointer at = {.len = 0};
    (void)assay_json_pointer_name(&at, "predicate");
    (void)assay_json_pointer_name(&at, "kernels");
    (void)assay_json_pointer_name(&at, "entries");
    (void)assay_json_pointer_index(&at, index);
    (void)assay_json_pointer_name(&at, member);
    if (judge_is_refused(work->judge, at.text)) {
        return;
    }
    if (verdict == ASSAY_VERDICT_FAIL) {
        judge_fail(work->judge, gate, at.text, sanity_at(work->judge, at.text), expected);
    } else {
        const char *found = json_string_value(sanity_at(work->judge, at.text));
        judge_add(work->judge, gate, verdict, at.text, found ? found : "this", expected);
    }
}

/* ---- ids -------------------------------------------------------------------------------------------------------- */

/* The words of the table's line for an id: class, equality, fallback. */
static bool find_row(struct assay_judge_bytes table, const char *id, struct assay_slice ret[3])
{
    struct assay_slice rest = {table.data, table.len};
    while (rest.len > 0) {
        struct assay_slice line = assay_slice_cut(&rest, '\n');
        if (assay_slice_is(assay_slice_cut(&line, ' '), id)) {
            for (size_t i = 0; i < 3; i++) {
                ret[i] = assay_slice_cut(&line, ' ');
            }
            return true;
        }
    }
    return false;
}

static const char *isa_of(const char *id)
{
    const char *last = strrchr(id, '_');
    return last ? last + 1 : "";
}

static bool has_four_parts(const char *id)
{
    size_t parts = 1, len = 0;
    for (const char *at = id; *at; at++) {
        bool is_letter = *at >= 'a' && *at <= 'z', is_digit = *at >= '0' && *at <= '9';
        if (*at == '_') {
            if (len == 0) {
                return false;
            }
            parts++;
            len = 0;
        } else if (is_letter || (is_digit && len > 0)) {
            len++;
        } else {
            return false;
        }
    }
    return parts == 4 && len > 0;
}

static void check_known(const struct kernel_judge *work, size_t index, const json_t *entry,
                        const struct assay_slice row[3])
{
    const char *id = judge_text_of(entry, "id");
    if (!assay_slice_is(row[0], judge_text_of(entry, "class"))) {
        refuse(work, GATE_KERNELS, ASSAY_VERDICT_FAIL, index, "class", "the class of the kernel table");
    }
    if (strcmp(isa_of(id), judge_text_of(entry, "isa")) != 0) {
        refuse(work, GATE_KERNELS, ASSAY_VERDICT_FAIL, index, "isa", "the last part of the id");
    }
    bool is_fallback = json_is_true(json_object_get(entry, "fallback"));
    if (is_fallback != assay_slice_is(row[2], "true")) {
        refuse(work, GATE_KERNELS, ASSAY_VERDICT_FAIL, index, "fallback", "what the kernel table says");
    }
}

static bool has_subject(const struct judge *judge, const char *id)
{
    const json_t *subjects = sanity_at(judge, "/subject");
    for (size_t i = 0; i < json_array_size(subjects); i++) {
        const char *name = judge_text_of(json_array_get(subjects, i), "name");
        if (assay_text_starts(name, "kernel:") && strcmp(name + strlen("kernel:"), id) == 0) {
            return true;
        }
    }
    return false;
}

/* The counter chunk, which the derived statement repeats only in part. */
static void open_rows(struct kernel_judge *work)
{
    const struct assay_judge_bytes *bytes = &work->judge->input->trace;
    if (!work->rows && bytes->data && assay_trace_open(bytes->data, bytes->len, &work->trace, NULL, NULL) == ASSAY_OK) {
        work->rows = assay_trace_kernels(work->trace);
    }
}

/* Whether the row stands whole in the counter chunk: what a verifier must know of a row that no table holds. */
static bool has_whole_row(struct kernel_judge *work, const char *id)
{
    static const char *const MEMBERS[] = {"class", "equality", "isa", "fallback", "ops", "threads"};
    open_rows(work);
    for (size_t i = 1; i < json_array_size(work->rows); i++) {
        const json_t *row = json_array_get(work->rows, i);
        if (strcmp(judge_text_of(row, "id"), id) != 0) {
            continue;
        }
        for (size_t k = 0; k < sizeof MEMBERS / sizeof MEMBERS[0]; k++) {
            if (!json_object_get(row, MEMBERS[k])) {
                return false;
            }
        }
        return true;
    }
    return false;
}

static void check_ext(struct kernel_judge *work, size_t index, const json_t *entry)
{
    const char *id = judge_text_of(entry, "id");
    if (!has_subject(work->judge, id)) {
        refuse(work, GATE_KERNEL_ID, ASSAY_VERDICT_FAIL, index, "id",
               "a subject kernel:ID with the digest of its object file");
    } else if (work->judge->input->trace.data && !has_whole_row(work, id)) {
        refuse(work, GATE_KERNEL_ID, ASSAY_VERDICT_FAIL, index, "id", "its whole row in the counter chunk");
    }
    const char *kind = judge_text_of(entry, "class");
    bool is_fallback = strcmp(kind, "fallback") == 0;
    if (!is_fallback && strcmp(kind, "native") != 0) {
        refuse(work, GATE_KERNELS, ASSAY_VERDICT_FAIL, index, "class", "native or fallback: it is of family ext");
    } else if (is_fallback != json_is_true(json_object_get(entry, "fallback"))) {
        refuse(work, GATE_KERNELS, ASSAY_VERDICT_FAIL, index, "fallback", "what the class says");
    }
}

static void check_id(struct kernel_judge *work, size_t index, const json_t *entry)
{
    const char *id = judge_text_of(entry, "id");
    struct assay_slice row[3];
    if (!has_four_parts(id)) {
        refuse(work, GATE_KERNEL_ID, ASSAY_VERDICT_FAIL, index, "id", "FAMILY_OPERATION_FORMAT_ISA");
    } else if (find_row(work->judge->input->kernel_table, id, row)) {
        check_known(work, index, entry, row);
    } else if (assay_text_starts(id, "ext_")) {
        check_ext(work, index, entry);
    } else {
        refuse(work, GATE_KERNEL_ID, work->is_our_table ? ASSAY_VERDICT_FAIL : ASSAY_VERDICT_UNDECIDED, index, "id",
               work->is_our_table ? "an id of the kernel table" : "an id of this build's kernel table");
    }
}

/* ---- rates ------------------------------------------------------------------------------------------------------ */

/* Among the kernels of a model some are called for microseconds in all. They are parts of the arm's time, and nobody
 * takes them for a rate. */
static bool is_minor(const struct kernel_judge *work, const json_t *entry)
{
    const json_t *entries = sanity_at(work->judge, ENTRIES);
    const char *arm = judge_text_of(entry, "arm");
    double ns = (double)json_integer_value(json_object_get(entry, "ns")), all = 0;
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *other = json_array_get(entries, i);
        bool is_of_arm = strcmp(judge_text_of(other, "arm"), arm) == 0;
        all += is_of_arm ? (double)json_integer_value(json_object_get(other, "ns")) : 0;
    }
    return ns < MINOR_SHARE * all;
}

static void check_rate(const struct kernel_judge *work, size_t index, const json_t *entry)
{
    double ns = (double)json_integer_value(json_object_get(entry, "ns"));
    const char *calls = judge_text_of(entry, "calls");
    if (ns <= 0 && calls[0] != '\0' && strcmp(calls, "0") != 0) {
        refuse(work, GATE_KERNEL_RATE, ASSAY_VERDICT_FAIL, index, "ns", "more than 0 ns for its calls");
        return;
    }
    if (ns > 0 && ns < CLOCK_READS_MIN * work->clock_ns && is_minor(work, entry)) {
        return;
    }
    if (ns > 0 && ns < CLOCK_READS_MIN * work->clock_ns) {
        char expected[96];
        (void)snprintf(expected, sizeof expected, "at least 1,000 clock readings (%.0f ns) for a rate",
                       CLOCK_READS_MIN * work->clock_ns);
        refuse(work, GATE_SHORT_REGION, ASSAY_VERDICT_FAIL, index, "ns", expected);
        return;
    }
    struct assay_roofline roofline = assay_roofline_of(entry, work->threads, work->roofline);
    if (roofline.verdict == ASSAY_VERDICT_FAIL || roofline.verdict == ASSAY_VERDICT_UNDECIDED) {
        char expected[128];
        (void)snprintf(expected, sizeof expected, "at most 1.05 times the highest probe; this is %.3g times%s",
                       roofline.ratio, roofline.verdict == ASSAY_VERDICT_FAIL ? "" : ", and the probes disagree");
        refuse(work, GATE_KERNEL_RATE, roofline.verdict, index, "ns", expected);
    }
}

static const json_t *roofline_data(const struct judge *judge)
{
    const json_t *checks = sanity_at(judge, "/predicate/checks");
    for (size_t i = 0; i < json_array_size(checks); i++) {
        const json_t *check = json_array_get(checks, i);
        if (strcmp(judge_text_of(check, "rule"), "roofline@1") == 0) {
            return json_object_get(check, "data");
        }
    }
    return NULL;
}

/* ---- all -------------------------------------------------------------------------------------------------------- */

static bool is_our_table(const struct judge *judge)
{
    const struct assay_judge_bytes *table = &judge->input->kernel_table;
    const char *stated = json_string_value(sanity_at(judge, "/predicate/kernels/tableSha256"));
    struct assay_digest digest;
    char text[ASSAY_DIGEST_TEXT_BYTES];
    if (!table->data || !stated) {
        return false;
    }
    assay_sha256_of(table->data, table->len, &digest);
    assay_digest_print(&digest, text);
    return strcmp(stated, text) == 0;
}

void judge_kernels(struct judge *judge)
{
    const json_t *entries = sanity_at(judge, ENTRIES);
    if (json_array_size(entries) == 0) {
        return;
    }
    double read_ns = sanity_number(judge, "/predicate/protocol/clock/readNs");
    double grain_ns = sanity_number(judge, "/predicate/protocol/clock/resolutionNs");
    struct kernel_judge work = {.judge = judge,
                                .roofline = roofline_data(judge),
                                .threads = sanity_number(judge, "/predicate/kernels/threads"),
                                .clock_ns = fmax(read_ns, grain_ns),
                                .is_our_table = is_our_table(judge)};
    for (size_t i = 0; i < json_array_size(entries); i++) {
        check_id(&work, i, json_array_get(entries, i));
        check_rate(&work, i, json_array_get(entries, i));
    }
    assay_trace_free(work.trace);
}
