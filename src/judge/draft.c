#include "judge/draft.h"

#include "base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT_BYTES_MAX 2048
#define FIRST_CAPACITY 16

/* Room for one more element: the arena keeps what is outgrown, which is at most as much again. */
static void *grow(struct verdict_draft *draft, void *old, size_t count, size_t *capacity, size_t element_bytes)
{
    if (count < *capacity) {
        return old;
    }
    size_t wanted = *capacity ? 2 * *capacity : FIRST_CAPACITY;
    void *larger = assay_arena_take(draft->arena, wanted, element_bytes);
    if (!larger) {
        return NULL;
    }
    if (old) {
        memcpy(larger, old, count * element_bytes);
    }
    *capacity = wanted;
    return larger;
}

struct assay_verdict_row *judge_draft_row(struct verdict_draft *draft, const char *id, const char *kind)
{
    struct assay_verdict_row *rows =
        grow(draft, draft->rows, draft->rows_count, &draft->rows_capacity, sizeof *draft->rows);
    struct assay_verdict_row *row = &draft->spare;
    if (rows) {
        draft->rows = rows;
        row = &rows[draft->rows_count++];
    }
    *row = (struct assay_verdict_row){.id = id, .kind = kind};
    return row;
}

const char *judge_draft_copy(struct verdict_draft *draft, const char *text)
{
    return text ? assay_arena_text(draft->arena, text, strlen(text)) : NULL;
}

__attribute__((format(printf, 2, 0))) static const char *vtext(struct verdict_draft *draft, const char *format,
                                                               va_list args)
{
    char text[TEXT_BYTES_MAX];
    int len = vsnprintf(text, sizeof text, format, args);
    assert(len >= 0);
    if ((size_t)len >= sizeof text) { /* a list of fields; the tail is cut at a character */
        len = (int)assay_utf8_valid_prefix(text, strlen(text));
    }
    const char *copy = assay_arena_text(draft->arena, text, (size_t)len);
    return copy ? copy : "";
}

const char *judge_draft_text(struct verdict_draft *draft, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = vtext(draft, format, args);
    va_end(args);
    return text;
}

void judge_draft_note(struct verdict_draft *draft, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = vtext(draft, format, args);
    va_end(args);
    const char **notes = grow(draft, draft->notes, draft->notes_count, &draft->notes_capacity, sizeof *notes);
    if (notes) {
        draft->notes = notes;
        notes[draft->notes_count++] = text;
    }
}

void judge_draft_input(struct verdict_draft *draft, const char *name, const char *sha256, const char *document)
{
    struct assay_verdict_input *inputs =
        grow(draft, draft->inputs, draft->inputs_count, &draft->inputs_capacity, sizeof *inputs);
    if (inputs) {
        draft->inputs = inputs;
        inputs[draft->inputs_count++] =
            (struct assay_verdict_input){.name = name, .sha256 = sha256, .document = document};
    }
}

void judge_draft_input_run(struct verdict_draft *draft, const struct assay_opened *run)
{
    static const char *const DOCUMENTS[] = {[ASSAY_DOCUMENT_RECEIPT] = "receipt",
                                            [ASSAY_DOCUMENT_RECORD] = "record",
                                            [ASSAY_DOCUMENT_IMPORTED] = "imported"};
    judge_draft_input(draft, run->name, run->sha256[0] ? run->sha256 : NULL,
                      run->statement ? DOCUMENTS[run->document] : NULL);
}

void judge_draft_outcome(struct assay_verdict_row *row, const struct assay_outcome *outcome)
{
    row->has_point = outcome->point > 0;
    row->point = outcome->point;
    row->has_interval = outcome->has_interval;
    row->lower = outcome->lower;
    row->upper = outcome->upper;
    row->confidence = outcome->confidence;
    row->n = outcome->n;
    row->n_effective = outcome->n_effective;
    row->method = outcome->method;
    row->is_resolved = outcome->is_resolved;
    row->effect_min = outcome->effect_min;
    row->pairs_needed = outcome->pairs_needed;
    row->reason = outcome->is_small_but_real ? "small but real" : outcome->reason;
}

const char *judge_draft_ratio_absent(struct verdict_draft *draft, const struct assay_opened *run,
                                     const struct assay_paired_query *query, const struct assay_pairs *pairs)
{
    const uint32_t arms[] = {query->base, query->other};
    const char *name = judge_draft_text(draft, "%s_ratio", query->metric);
    uint64_t rounds = pairs->count + pairs->rounds_dropped;
    for (size_t i = 0; i < 2; i++) { /* ratios of a receipt are against its first arm, which carries none */
        const json_t *ratio = arms[i] == 0 ? NULL : assay_opened_metric(run, arms[i], name);
        const char *why = ratio ? assay_opened_absent(ratio) : "";
        if (why[0]) {
            return why;
        }
    }
    return (double)pairs->rounds_dropped > ASSAY_PAIRED_DROPPED_SHARE * (double)rounds
               ? judge_draft_text(draft, "no value in %" PRIu64 " of %" PRIu64 " rounds", pairs->rounds_dropped, rounds)
               : NULL;
}

enum assay_verdict judge_draft_overall(const struct verdict_draft *draft)
{
    size_t counts[ASSAY_VERDICT_COUNT] = {0}, all = 0;
    for (size_t i = 0; i < draft->rows_count; i++) {
        const struct assay_verdict_row *row = &draft->rows[i];
        if (row->is_in_family) {
            counts[row->is_waived ? ASSAY_VERDICT_PASS : row->verdict]++;
            all++;
        }
    }
    if (counts[ASSAY_VERDICT_FAIL] > 0) {
        return ASSAY_VERDICT_FAIL;
    }
    if (all == 0 || counts[ASSAY_VERDICT_NOT_MEASURED] == all) {
        return ASSAY_VERDICT_NOT_MEASURED;
    }
    return counts[ASSAY_VERDICT_PASS] == all ? ASSAY_VERDICT_PASS : ASSAY_VERDICT_UNDECIDED;
}

assay_code judge_draft_finish(struct verdict_draft *draft, struct assay_verdict_document *document, assay_err *err)
{
    if (draft->arena->has_refused) {
        return assay_nomem(err);
    }
    document->rows = draft->rows;
    document->rows_count = draft->rows_count;
    document->notes = draft->notes;
    document->notes_count = draft->notes_count;
    document->inputs = draft->inputs;
    document->inputs_count = draft->inputs_count;
    return ASSAY_OK;
}

assay_code assay_verdict_code(const struct assay_verdict_document *document)
{
    return document->verdict == ASSAY_VERDICT_PASS   ? ASSAY_OK
           : document->verdict == ASSAY_VERDICT_FAIL ? ASSAY_WANTING
                                                     : ASSAY_UNDECIDED;
}
