#include "cli/ancestry.h"

#include "cli/repository.h"

#include <string.h>

enum assay_ancestry assay_cli_ancestry(const char *baseline, const char *document)
{
    bool is_ancestor = false;
    if (!baseline || !document) {
        return ASSAY_ANCESTRY_UNKNOWN;
    }
    if (strcmp(baseline, document) == 0) {
        return ASSAY_ANCESTRY_IS;
    }
    if (!assay_revision_is_ancestor(baseline, document, &is_ancestor)) {
        return ASSAY_ANCESTRY_UNKNOWN;
    }
    return is_ancestor ? ASSAY_ANCESTRY_IS : ASSAY_ANCESTRY_IS_NOT;
}

/* One question to git a pair of commits: runs of one night have one. */
static enum assay_ancestry of_baseline(const struct assay_gate_question *question, size_t index)
{
    const char *from = assay_source_commit(question->baselines[index]->statement), *before = NULL;
    enum assay_ancestry worst = ASSAY_ANCESTRY_IS;
    for (size_t i = 0; i < question->runs_count && worst != ASSAY_ANCESTRY_IS_NOT; i++) {
        const char *to = assay_source_commit(question->runs[i]->statement);
        if (i > 0 && (to == before || (to && before && strcmp(to, before) == 0))) {
            continue;
        }
        enum assay_ancestry ancestry = assay_cli_ancestry(from, to);
        worst = ancestry == ASSAY_ANCESTRY_IS ? worst : ancestry;
        before = to;
    }
    return worst;
}

assay_code assay_cli_ancestries(struct assay_gate_question *question, struct assay_arena *arena, assay_err *err)
{
    size_t count = question->baselines_count;
    enum assay_ancestry *list = assay_arena_take(arena, count + 1, sizeof *list);
    if (!list) {
        return assay_nomem(err);
    }
    for (size_t i = 0; i < count; i++) {
        list[i] = of_baseline(question, i);
    }
    question->ancestries = list;
    return ASSAY_OK;
}
