#include "judge/comparable.h"
#include "judge/judge_room.h"

#include "base/clock.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

/* What a document is compared with (gates 411, 409): a receipt that verifies, made from an ancestor, young enough, and
 * not the document itself; and every field in which the two differ that a comparison needs equal. */

#define DIFFERENCES_BYTES_MAX ((size_t)16 << 20)

static const char BASELINE[] = "baseline";

static void refuse(struct judge *judge, const char *found, const char *expected)
{
    judge_add(judge, GATE_BASELINE, ASSAY_VERDICT_FAIL, BASELINE, found, expected);
}

static bool is_receipt(struct judge *judge, const struct assay_opened *baseline)
{
    if (baseline->document != ASSAY_DOCUMENT_RECEIPT || !baseline->statement) {
        refuse(judge, "no receipt", "a receipt");
        return false;
    }
    if (baseline->trust == ASSAY_TRUST_REFUSED || baseline->trust == ASSAY_TRUST_NONE) {
        refuse(judge, baseline->why, "a receipt that verifies");
        return false;
    }
    return true;
}

static bool is_itself(const struct judge *judge, const struct assay_opened *baseline)
{
    struct assay_digest digest;
    char text[ASSAY_DIGEST_TEXT_BYTES];
    assay_sha256_of(judge->input->document.data, judge->input->document.len, &digest);
    assay_digest_print(&digest, text);
    const char *run_id = judge_text_of(assay_json_at(judge->statement, "/predicate/attempts"), "runId");
    return strcmp(text, baseline->sha256) == 0 || (run_id[0] != '\0' && strcmp(run_id, baseline->run_id) == 0);
}

static void check_age(struct judge *judge, const struct assay_opened *baseline)
{
    const struct assay_judge_baseline *asked = judge->input->baseline;
    const char *finished = judge_text_of(assay_json_at(baseline->statement, "/predicate/attempts"), "finishedAt");
    int64_t finished_s = 0, now_s = (int64_t)(judge->input->now_real_ns / ASSAY_NS_PER_S);
    int64_t most_s = (int64_t)(asked->max_age_ns / ASSAY_NS_PER_S);
    if (asked->max_age_ns > 0 && (!assay_time_read(finished, &finished_s) || finished_s + most_s < now_s)) {
        char expected[64];
        (void)snprintf(expected, sizeof expected, "finished at most %lld s before now", (long long)most_s);
        refuse(judge, finished, expected);
    }
}

static void check_ancestry(struct judge *judge, const struct assay_opened *baseline)
{
    static const char EXPECTED[] = "a source that is an ancestor of the document's";
    enum assay_ancestry told = judge->input->baseline->ancestry;
    enum assay_ancestry ancestry = judge_ancestry(baseline->statement, judge->statement, told);
    if (ancestry == ASSAY_ANCESTRY_IS_NOT) {
        refuse(judge, "a source that is no ancestor", EXPECTED);
    } else if (ancestry == ASSAY_ANCESTRY_UNKNOWN) {
        judge_add(judge, GATE_BASELINE, ASSAY_VERDICT_UNDECIDED, BASELINE, "a source of unknown descent", EXPECTED);
    }
}

/* All of them, with both values, and each refuses (evidence.md 3.3). */
static void list_differences(struct judge *judge, const struct assay_opened *document,
                             const struct assay_opened *baseline)
{
    const struct comparable_rule rule = {0};
    struct assay_arena arena;
    assay_arena_init(&arena, DIFFERENCES_BYTES_MAX);
    struct verdict_draft draft = {.arena = &arena};
    (void)comparable_rows(&draft, baseline, document, &rule);
    for (size_t i = 0; i < draft.rows_count; i++) {
        const struct assay_verdict_row *row = &draft.rows[i];
        if (strcmp(row->kind, "difference") == 0) {
            judge_add(judge, GATE_HOST, ASSAY_VERDICT_UNDECIDED, row->id, row->found, row->expected);
        }
    }
    judge->is_out_of_memory = judge->is_out_of_memory || arena.has_refused;
    assay_arena_done(&arena);
}

static bool open_one(struct judge *judge, const struct assay_judge_files *files, struct assay_opened **ret)
{
    struct assay_judge_input alone = {.now_real_ns = judge->input->now_real_ns,
                                      .is_interop = judge->input->is_interop,
                                      .kernel_table = judge->input->kernel_table,
                                      .trust = judge->input->trust,
                                      .trust_read = judge->input->trust_read,
                                      .memory = judge->input->memory};
    alone.memory.head_origin = NULL;
    if (assay_opened_open(files, &alone, ret, NULL) != ASSAY_OK) {
        judge->is_out_of_memory = true;
        return false;
    }
    return true;
}

static void check_baseline(struct judge *judge)
{
    const struct assay_judge_input *input = judge->input;
    struct assay_opened *baseline = NULL, *document = NULL;
    const struct assay_judge_files own = {.name = "the document",
                                          .document = input->document,
                                          .plan = input->plan,
                                          .trace = input->trace,
                                          .identity = input->identity};
    if (!open_one(judge, &input->baseline->files, &baseline)) {
        return;
    }
    if (!is_receipt(judge, baseline)) {
        assay_opened_free(baseline);
        return;
    }
    if (is_itself(judge, baseline)) {
        refuse(judge, "the document itself", "another run");
    } else {
        check_age(judge, baseline);
        check_ancestry(judge, baseline);
        if (open_one(judge, &own, &document)) {
            list_differences(judge, document, baseline);
        }
    }
    assay_opened_free(document);
    assay_opened_free(baseline);
}

void judge_baseline(struct judge *judge)
{
    if (judge->input->baseline) {
        check_baseline(judge);
        judge->expectations++;
        judge->expectations_failed += judge_has(judge, GATE_BASELINE, GATE_BASELINE, ASSAY_VERDICT_FAIL) ? 1 : 0;
    }
}
