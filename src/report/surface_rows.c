#include "report/surface_rows.h"

#include "report/verdict.h"

#include "base/clock.h"
#include "base/text.h"
#include "crypto/crypto.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES_MAX ((size_t)256 << 20) /* rows of hundreds of receipts with thousands of violations each */
#define TEXT_BYTES_MAX ((size_t)16 << 10)   /* of one row: a line of the verifier, or the parts of a gate */
#define VIOLATION_BYTES_MAX 1024u
#define MS_PER_S 1000u

/* ---- groups ----------------------------------------------------------------------------------------------------- */

static char *keep(struct assay_surface *surface, const char *text)
{
    return assay_arena_text(&surface->arena, text, strlen(text));
}

static const char *place_of(const struct assay_surface *surface, size_t index)
{
    const struct assay_surface_input *input = surface->input;
    const char *policy = input->gates && input->gates->policy_name ? input->gates->policy_name : "policy";
    return index < input->receipts_count ? input->receipts[index].files.place : policy;
}

/* Its place; named twice, the second is "run (2)": surfaces drop what has the name of another. */
static assay_code group_name(struct assay_surface *surface, size_t index, assay_err *err)
{
    const char *place = place_of(surface, index);
    struct assay_buf name;
    size_t same = 1;
    for (size_t i = 0; i < index; i++) {
        same += strcmp(place_of(surface, i), place) == 0;
    }
    assay_buf_init(&name, strlen(place) + 32);
    assay_buf_text(&name, place);
    if (same > 1) {
        assay_buf_printf(&name, " (%zu)", same);
    }
    assay_code rc = assay_buf_check(&name, err);
    if (rc == ASSAY_OK) {
        char *kept = keep(surface, name.data ? name.data : "");
        surface->groups[index].name = kept;
        rc = kept ? ASSAY_OK : assay_nomem(err);
    }
    assay_buf_done(&name);
    return rc;
}

static uint64_t time_ms(const struct assay_view *view, const char *pointer)
{
    int64_t seconds = 0;
    bool is_time = assay_time_read(assay_view_text(view, pointer), &seconds) && seconds >= 0;
    return is_time ? (uint64_t)seconds * MS_PER_S : 0;
}

/* What the document says of itself. Plan and identity are looked at only if the numbers were derived from them. */
static assay_code group_view(struct assay_surface *surface, struct assay_surface_group *group, assay_err *err)
{
    struct assay_report_input files = group->receipt->files;
    assay_err unread = {0};
    struct assay_view *view = assay_arena_take(&surface->arena, 1, sizeof *view);
    if (!view) {
        return assay_nomem(err);
    }
    if (!group->has_figures) {
        files.plan = files.identity = NULL;
    }
    assay_code rc = assay_view_init(view, &files, &unread);
    if (rc == ASSAY_NO_MEMORY) {
        return assay_nomem(err);
    }
    if (rc != ASSAY_OK) {
        group->has_figures = false;
        return ASSAY_OK; /* the verifier has said why; without a view the group has its lines and no more */
    }
    const json_t *last = assay_json_at(view->predicate, "/samples/lastEndNs");
    json_int_t last_ns = json_integer_value(last);
    group->view = view;
    group->start_ms = time_ms(view, "/attempts/startedAt");
    group->stop_ms = time_ms(view, "/attempts/finishedAt");
    group->duration_ns = group->has_figures && last_ns > 0 ? (uint64_t)last_ns : 0;
    return ASSAY_OK;
}

enum line { CRYPTO, RECOMPUTE };

static assay_code group_init(struct assay_surface *surface, size_t index, assay_err *err)
{
    struct assay_surface_group *group = &surface->groups[index];
    const struct assay_surface_receipt *receipt = &surface->input->receipts[index];
    group->receipt = receipt;
    group->path = receipt->path ? receipt->path : receipt->files.place;
    group->has_figures = receipt->is_readable && receipt->files.document &&
                         receipt->lines[RECOMPUTE].verdict == ASSAY_VERDICT_PASS &&
                         receipt->lines[CRYPTO].verdict != ASSAY_VERDICT_FAIL;
    assay_code rc = group_name(surface, index, err);
    return rc == ASSAY_OK && receipt->is_readable && receipt->files.document ? group_view(surface, group, err) : rc;
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static enum assay_severity level_of(const struct assay_surface_row *row)
{
    return row->does_stop                               ? ASSAY_SEVERITY_ERROR
           : row->verdict == ASSAY_VERDICT_NOT_MEASURED ? ASSAY_SEVERITY_NOTE
                                                        : ASSAY_SEVERITY_WARNING;
}

static void fingerprint(const struct assay_surface_group *group, const struct assay_surface_row *row, char ret[65])
{
    struct assay_sha256 hash;
    struct assay_digest digest;
    const char *const parts[] = {row->rule, group->name, row->id, row->pointer};
    assay_sha256_init(&hash);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        assay_sha256_add(&hash, parts[i], strlen(parts[i]) + 1); /* with its NUL: no two lists run together */
    }
    assay_sha256_end(&hash, &digest);
    assay_digest_print(&digest, ret);
}

/* Takes over what is the row's own, and fills in what follows from it. */
static void row_add(struct assay_surface *surface, size_t group, struct assay_surface_row row)
{
    row.group = group;
    row.pointer = row.pointer ? row.pointer : "";
    row.line = row.line ? row.line : 1;
    row.path = surface->groups[group].path;
    row.level = level_of(&row);
    fingerprint(&surface->groups[group], &row, row.fingerprint);
    surface->rows[surface->rows_count++] = row;
    surface->groups[group].count++;
}

static bool is_in(const struct assay_surface_receipt *receipt, unsigned hundred)
{
    for (size_t i = 0; i < receipt->violations_count; i++) {
        if (receipt->violations[i].gate / 100 == hundred) {
            return true;
        }
    }
    return false;
}

static assay_code document_row(struct assay_surface *surface, size_t index, assay_err *err)
{
    const struct assay_surface_group *group = &surface->groups[index];
    const struct assay_surface_receipt *receipt = group->receipt;
    struct assay_buf text;
    assay_buf_init(&text, TEXT_BYTES_MAX);
    if (group->view) {
        assay_buf_printf(&text, "%s, outcome %s, payload SHA-256 %s", assay_document_file(group->view->document),
                         group->view->outcome, group->view->digest);
    } else {
        assay_buf_text(&text, receipt->lines[RECOMPUTE].text);
    }
    assay_code rc = assay_buf_check(&text, err);
    const char *kept = rc == ASSAY_OK ? keep(surface, text.data ? text.data : "") : NULL;
    assay_buf_done(&text);
    if (!kept) {
        return rc != ASSAY_OK ? rc : assay_nomem(err);
    }
    /* A run record or a summary is evidence of what happened, and no receipt: nothing can be held against it. */
    bool is_receipt = !group->view || group->view->document == ASSAY_DOCUMENT_RECEIPT;
    row_add(surface, index,
            (struct assay_surface_row){.kind = ASSAY_SURFACE_LINE,
                                       .id = "DOCUMENT",
                                       .rule = "document",
                                       .verdict = !receipt->is_readable ? ASSAY_VERDICT_FAIL
                                                  : is_receipt          ? ASSAY_VERDICT_PASS
                                                                        : ASSAY_VERDICT_UNDECIDED,
                                       .is_required = true,
                                       .is_finding = (!receipt->is_readable && !is_in(receipt, 1)) || !is_receipt,
                                       .does_stop = !receipt->is_readable,
                                       .text = kept});
    return ASSAY_OK;
}

static void line_rows(struct assay_surface *surface, size_t index)
{
    static const char *const RULES[ASSAY_SURFACE_LINES] = {"crypto", "recompute", "policy", "assurance"};
    const struct assay_surface_group *group = &surface->groups[index];
    const struct assay_surface_receipt *receipt = group->receipt;
    for (unsigned i = 0; i < ASSAY_SURFACE_LINES; i++) {
        const struct assay_surface_line *line = &receipt->lines[i];
        bool is_required = line->has_verdict && line->is_required && receipt->is_readable;
        row_add(surface, index,
                (struct assay_surface_row){.kind = ASSAY_SURFACE_LINE,
                                           .id = line->name,
                                           .rule = RULES[i],
                                           .verdict = line->verdict,
                                           .is_required = is_required,
                                           .is_finding = is_required && line->verdict != ASSAY_VERDICT_PASS &&
                                                         !is_in(receipt, i + 2),
                                           .does_stop = line->has_verdict && line->verdict == ASSAY_VERDICT_FAIL,
                                           .duration_ns = i == RECOMPUTE ? group->duration_ns : 0,
                                           .text = line->text});
    }
}

static assay_code violation_row(struct assay_surface *surface, size_t index,
                                const struct assay_surface_violation *violation, assay_err *err)
{
    char id[16];
    struct assay_buf text;
    assay_buf_init(&text, TEXT_BYTES_MAX);
    (void)snprintf(id, sizeof id, "%03u", violation->gate);
    assay_buf_printf(&text, "%s: found %s, expected %s", violation->pointer, violation->found, violation->expected);
    assay_code rc = assay_buf_check(&text, err);
    const char *name = rc == ASSAY_OK ? keep(surface, id) : NULL;
    const char *kept = name ? keep(surface, text.data) : NULL;
    assay_buf_done(&text);
    if (!kept) {
        return rc != ASSAY_OK ? rc : assay_nomem(err);
    }
    row_add(surface, index,
            (struct assay_surface_row){.kind = ASSAY_SURFACE_VIOLATION,
                                       .id = name,
                                       .rule = name,
                                       .verdict = violation->verdict,
                                       .is_required = true,
                                       .is_finding = true,
                                       .does_stop = assay_surface_violation_stops(violation),
                                       .pointer = violation->pointer,
                                       .text = kept});
    return ASSAY_OK;
}

static uint32_t line_of(const struct assay_surface_input *input, const char *id)
{
    for (size_t i = 0; i < input->places_count; i++) {
        if (strcmp(input->places[i].id, id) == 0) {
            return input->places[i].line;
        }
    }
    return 1;
}

static assay_code gate_row(struct assay_surface *surface, size_t index, const struct assay_verdict_row *gate,
                           assay_err *err)
{
    const struct assay_surface_input *input = surface->input;
    struct assay_buf text, rule;
    assay_buf_init(&text, TEXT_BYTES_MAX);
    assay_buf_init(&rule, TEXT_BYTES_MAX);
    assay_verdict_row_text(gate, &text);
    assay_buf_printf(&rule, "gate-%s", gate->kind ? gate->kind : "");
    assay_code rc = assay_buf_check(&text, err);
    rc = rc == ASSAY_OK ? assay_buf_check(&rule, err) : rc;
    const char *kept = rc == ASSAY_OK ? keep(surface, text.data ? text.data : "") : NULL;
    const char *kept_rule = kept ? keep(surface, rule.data) : NULL;
    assay_buf_done(&text);
    assay_buf_done(&rule);
    if (!kept_rule) {
        return rc != ASSAY_OK ? rc : assay_nomem(err);
    }
    row_add(surface, index,
            (struct assay_surface_row){.kind = ASSAY_SURFACE_GATE,
                                       .id = gate->id ? gate->id : "",
                                       .rule = kept_rule,
                                       .verdict = gate->verdict,
                                       .is_required = assay_surface_gate_counts(gate),
                                       .is_finding = gate->is_in_family && gate->verdict != ASSAY_VERDICT_PASS,
                                       .does_stop = assay_surface_gate_stops(input, gate),
                                       .line = line_of(input, gate->id ? gate->id : ""),
                                       .text = kept});
    return ASSAY_OK;
}

static assay_code group_rows(struct assay_surface *surface, size_t index, assay_err *err)
{
    struct assay_surface_group *group = &surface->groups[index];
    const struct assay_verdict_document *gates = surface->input->gates;
    group->first = surface->rows_count;
    assay_code rc = ASSAY_OK;
    if (group->receipt) {
        rc = document_row(surface, index, err);
        line_rows(surface, index);
        for (size_t i = 0; rc == ASSAY_OK && i < group->receipt->violations_count; i++) {
            rc = violation_row(surface, index, &group->receipt->violations[i], err);
        }
        return rc;
    }
    for (size_t i = 0; rc == ASSAY_OK && i < gates->rows_count; i++) {
        rc = gate_row(surface, index, &gates->rows[i], err);
    }
    return rc;
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static assay_code take(struct assay_surface *surface, assay_err *err)
{
    const struct assay_surface_input *input = surface->input;
    size_t rows = input->gates ? input->gates->rows_count : 0;
    for (size_t i = 0; i < input->receipts_count; i++) {
        rows += 1 + ASSAY_SURFACE_LINES + input->receipts[i].violations_count;
    }
    surface->groups_count = input->receipts_count + (input->gates != NULL);
    surface->groups = assay_arena_take(&surface->arena, surface->groups_count + 1, sizeof *surface->groups);
    surface->rows = assay_arena_take(&surface->arena, rows + 1, sizeof *surface->rows);
    surface->findings = assay_arena_take(&surface->arena, rows + 1, sizeof *surface->findings);
    return surface->groups && surface->rows && surface->findings ? ASSAY_OK : assay_nomem(err);
}

static int by_gravity(const void *a_, const void *b_)
{
    const struct assay_surface_row *a = *(const struct assay_surface_row *const *)a_;
    const struct assay_surface_row *b = *(const struct assay_surface_row *const *)b_;
    return a->level != b->level ? (a->level < b->level ? 1 : -1) : a < b ? -1 : a > b;
}

static void sum_up(struct assay_surface *surface)
{
    static const int RANK[ASSAY_VERDICT_COUNT] = {[ASSAY_VERDICT_PASS] = 1,
                                                  [ASSAY_VERDICT_NOT_MEASURED] = 2,
                                                  [ASSAY_VERDICT_UNDECIDED] = 3,
                                                  [ASSAY_VERDICT_FAIL] = 4};
    int rank = 0;
    for (size_t i = 0; i < surface->rows_count; i++) {
        const struct assay_surface_row *row = &surface->rows[i];
        if (row->is_required && RANK[row->verdict] > rank) {
            rank = RANK[row->verdict];
            surface->verdict = row->verdict;
        }
        if (row->is_finding) {
            surface->findings[surface->findings_count++] = row;
            surface->stops_count += row->does_stop;
            surface->warns_count += !row->does_stop;
        }
    }
    for (size_t i = 0; i < surface->input->receipts_count; i++) { /* what `verify` does not pass is no pass here */
        bool is_pass = surface->verdict == ASSAY_VERDICT_PASS;
        surface->verdict =
            is_pass && surface->input->receipts[i].exit != 0 ? ASSAY_VERDICT_UNDECIDED : surface->verdict;
    }
    qsort(surface->findings, surface->findings_count, sizeof *surface->findings, by_gravity);
}

assay_code assay_surface_init(struct assay_surface *surface, const struct assay_surface_input *input, assay_err *err)
{
    *surface = (struct assay_surface){.input = input};
    assay_arena_init(&surface->arena, ARENA_BYTES_MAX);
    assay_code rc = take(surface, err);
    for (size_t i = 0; rc == ASSAY_OK && i < input->receipts_count; i++) {
        rc = group_init(surface, i, err);
    }
    if (rc == ASSAY_OK && input->gates) {
        surface->groups[input->receipts_count].path = input->policy_path ? input->policy_path : "policy";
        rc = group_name(surface, input->receipts_count, err);
    }
    for (size_t i = 0; rc == ASSAY_OK && i < surface->groups_count; i++) {
        rc = group_rows(surface, i, err);
    }
    if (rc != ASSAY_OK) {
        assay_surface_done(surface);
        return rc;
    }
    sum_up(surface);
    return ASSAY_OK;
}

void assay_surface_done(struct assay_surface *surface)
{
    for (size_t i = 0; surface->groups && i < surface->groups_count; i++) {
        if (surface->groups[i].view) {
            assay_view_done(surface->groups[i].view);
        }
    }
    assay_arena_done(&surface->arena);
    *surface = (struct assay_surface){0};
}

bool assay_surface_is_test(const struct assay_surface_row *row)
{
    bool is_judged = row->kind != ASSAY_SURFACE_LINE || strcmp(row->rule, "assurance") != 0;
    return is_judged && row->kind != ASSAY_SURFACE_VIOLATION;
}

static unsigned hundred_of(const char *rule)
{
    static const char *const LINES[] = {"document", "crypto", "recompute", "policy"};
    for (unsigned i = 0; i < sizeof LINES / sizeof LINES[0]; i++) {
        if (strcmp(rule, LINES[i]) == 0) {
            return i + 1;
        }
    }
    return 0;
}

void assay_surface_put_violations(const struct assay_surface *surface, const struct assay_surface_row *row,
                                  struct assay_buf *out)
{
    const struct assay_surface_group *group = &surface->groups[row->group];
    unsigned hundred = row->kind == ASSAY_SURFACE_LINE ? hundred_of(row->rule) : 0;
    for (size_t i = group->first; hundred > 0 && i < group->first + group->count; i++) {
        const struct assay_surface_row *other = &surface->rows[i];
        if (other->kind == ASSAY_SURFACE_VIOLATION && other->id[0] == (char)('0' + hundred)) {
            assay_buf_printf(out, "%s %s ", other->id, assay_verdict_text(other->verdict));
            assay_text_show(out, other->text, strlen(other->text), VIOLATION_BYTES_MAX);
            assay_buf_char(out, '\n');
        }
    }
}

const char *assay_surface_commit(const struct assay_view *view)
{
    const json_t *subjects = json_object_get(view->statement, "subject");
    for (size_t i = 0; i < json_array_size(subjects); i++) {
        const json_t *digest = json_object_get(json_array_get(subjects, i), "digest");
        const char *commit = json_string_value(json_object_get(digest, "gitCommit"));
        if (commit) {
            return commit;
        }
    }
    return NULL;
}
