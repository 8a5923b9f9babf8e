/* Proposing bindings, and writing into documents: bind and fix. Only bytes in, bytes out. */
#include "claims/binding.h"
#include "claims/scan.h"

#include "json/json.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define REFERENCES_MAX 16 /* of one claim that are listed */

/* ---- targets --- */

void assay_claims_targets(const char *bytes, size_t len, assay_claims_visit *visit, void *user)
{
    for (size_t i = 0; i < len; i++) {
        const char *mark = memchr(bytes + i, '#', len - i);
        if (!mark) {
            return;
        }
        size_t end = (size_t)(mark - bytes), from = end;
        while (from > 0 && !strchr(" \t\r\n(<>,\"'`", bytes[from - 1])) {
            from--;
        }
        struct assay_slice path = {bytes + from, end - from};
        bool is_json = path.len > 5 && memcmp(path.data + path.len - 5, ".json", 5) == 0;
        if (is_json && !memmem(path.data, path.len, "://", 3)) {
            visit(user, path);
        }
        i = end;
    }
}

void assay_claims_reported(const char *bytes, size_t len, assay_claims_visit *visit, void *user)
{
    static const char BEGIN[] = "assay:begin report=";
    const char *end = bytes + len;
    for (const char *at = bytes; at < end && (at = memmem(at, (size_t)(end - at), BEGIN, sizeof BEGIN - 1)) != NULL;) {
        at += sizeof BEGIN - 1;
        size_t path = 0;
        while (at + path < end && !strchr(" \t\r\n", at[path])) {
            path++;
        }
        if (path > 0) {
            visit(user, (struct assay_slice){at, path});
        }
    }
}

/* ---- bind --- */

/* The words of the lists that a metric's name stands for. */
static bool shares_metric(const struct check *c, const struct quantity *q, const char *name)
{
    static const struct {
        const char *part;
        uint16_t words[3];
    } MEANT[] = {{"service", {W_LATENCY, W_DURATION}},
                 {"sched", {W_LATENCY}},
                 {"e2e", {W_LATENCY, W_DURATION}},
                 {"rate", {W_THROUGHPUT}},
                 {"ttft", {W_TTFT, W_LATENCY}},
                 {"ttfo", {W_TTFT}},
                 {"icl", {W_ICL}},
                 {"itl", {W_ICL}},
                 {"tpot", {W_ICL}},
                 {"rss", {W_MEMORY}},
                 {"load_time", {W_DURATION}},
                 {"share", {W_SUCCESS}},
                 {"cpu", {W_CPU, W_DURATION}}};
    for (size_t i = 0; i < sizeof MEANT / sizeof MEANT[0]; i++) {
        for (size_t k = 0; k < 3 && strstr(name, MEANT[i].part) && MEANT[i].words[k]; k++) {
            if (q->metric == TOKEN_WORD(MEANT[i].words[k])) {
                return true;
            }
        }
    }
    (void)c;
    return false;
}

static uint8_t stat_of(const char *name)
{
    const char *last = strrchr(name, '_');
    struct word_hit hit = last ? claims_word_find(last + 1, strlen(last + 1)) : (struct word_hit){0};
    return hit.word ? claims_stat_of_word(hit.word) : STAT_NONE;
}

static double base_of(const char *unit)
{
    return strcmp(unit, "ns") == 0 ? 1e-9 : 1;
}

static bool is_match(const struct check *c, const struct quantity *q, const json_t *metric)
{
    const char *name = json_string_value(json_object_get(metric, "name")),
               *unit = json_string_value(json_object_get(metric, "unit"));
    const char *text = json_string_value(json_object_get(metric, "value"));
    double value = 0;
    if (!name || !unit || !text || !assay_json_dec_read(text, &value)) {
        return false;
    }
    uint8_t stat = stat_of(name);
    bool is_dim = binding_dim(unit) == q->dim && q->dim != DIM_NONE;
    return is_dim && shares_metric(c, q, name) && (!stat || !q->stat || stat == q->stat) &&
           q->w.lo <= value * base_of(unit) && value * base_of(unit) <= q->w.hi;
}

static void propose(struct check *c, const struct quantity *q, struct assay_claims_proposal *ret)
{
    const struct assay_claims_request *request = c->m.request;
    const char *found[REFERENCES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < request->receipts_count; i++) {
        const struct assay_claims_receipt *receipt = &request->receipts[i];
        const json_t *metrics =
            receipt->statement && receipt->is_verified ? assay_json_at(receipt->statement, "/predicate/metrics") : NULL;
        for (size_t k = 0; k < json_array_size(metrics) && count < REFERENCES_MAX; k++) {
            const json_t *metric = json_array_get(metrics, k);
            if (is_match(c, q, metric)) {
                found[count++] =
                    check_printf(c, "%s#%s/%s", receipt->path, json_string_value(json_object_get(metric, "arm")),
                                 json_string_value(json_object_get(metric, "name")));
            }
        }
    }
    const char **references = assay_arena_take(&c->out->arena, count ? count : 1, sizeof *references);
    if (!references) {
        model_fail(&c->m);
        return;
    }
    memcpy(references, found, count * sizeof *references);
    ret->place = check_place(c, (struct draft_place){q->file, q->from, q->to});
    ret->text = check_text(c, q);
    ret->references = references;
    ret->references_count = count;
    ret->insert_at = q->to;
}

/* Behind the marks of emphasis and code that close at the quantity's end. */
static uint32_t behind_marks(const struct assay_claims_input *input, uint32_t at)
{
    while (at < input->len && (input->bytes[at] == '*' || input->bytes[at] == '`' || input->bytes[at] == '_')) {
        at++;
    }
    return at;
}

assay_code assay_claims_bind(const struct assay_claims_request *request, struct assay_claims_proposals **ret,
                             assay_err *err)
{
    struct check c;
    assay_code rc = check_run(&c, request, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct assay_claims_proposals *proposals = assay_alloc(1, sizeof *proposals);
    struct assay_claims_proposal *rows = assay_arena_take(&c.out->arena, c.m.quantities.count + 1, sizeof *rows);
    for (uint32_t i = 0; proposals && rows && i < c.m.quantities.count; i++) {
        const struct quantity *q = &c.m.quantities.at[i];
        if (claims_is_claim(q) && !q->binding_text && c.m.blocks.at[q->block].kind != BLOCK_VALUE &&
            !c.m.files.at[q->file].input->is_evidence) {
            propose(&c, q, &rows[proposals->count]);
            rows[proposals->count].insert_at = behind_marks(c.m.files.at[q->file].input, q->to);
            proposals->count++;
        }
    }
    if (!proposals || !rows || c.m.failed != ASSAY_OK) {
        rc = assay_nomem(err);
    } else {
        proposals->at = rows;
        proposals->arena = c.out->arena;
        c.out->arena = (struct assay_arena){0};
        *ret = proposals;
    }
    check_done(&c);
    assay_findings_free(c.out);
    if (rc != ASSAY_OK) {
        assay_free(proposals);
    }
    return rc;
}

void assay_claims_proposals_free(struct assay_claims_proposals *proposals)
{
    if (proposals) {
        assay_arena_done(&proposals->arena);
        assay_free(proposals);
    }
}

/* ---- writing --- */

assay_code assay_claims_fix(const struct assay_findings *findings, const char *path, const char *bytes, size_t len,
                            struct assay_buf *out, size_t *ret_edits, assay_err *err)
{
    size_t at = 0;
    *ret_edits = 0;
    for (size_t i = 0; i < findings->findings_count; i++) { /* sorted by place */
        const struct assay_finding *finding = &findings->findings[i];
        if (!finding->replacement || strcmp(finding->place.path, path) != 0 || finding->place.offset < at) {
            continue;
        }
        assert(finding->place.offset + finding->place.len <= len);
        assay_buf_append(out, bytes + at, finding->place.offset - at);
        assay_buf_text(out, finding->replacement);
        at = finding->place.offset + finding->place.len;
        (*ret_edits)++;
    }
    assay_buf_append(out, bytes + at, len - at);
    return assay_buf_check(out, err);
}

assay_code assay_claims_insert(const struct assay_claims_proposals *proposals, const char *path, const char *bytes,
                               size_t len, struct assay_buf *out, size_t *ret_edits, assay_err *err)
{
    size_t at = 0;
    *ret_edits = 0;
    for (size_t i = 0; i < proposals->count; i++) {
        const struct assay_claims_proposal *proposal = &proposals->at[i];
        if (proposal->references_count != 1 || strcmp(proposal->place.path, path) != 0 || proposal->insert_at < at) {
            continue;
        }
        assay_buf_append(out, bytes + at, proposal->insert_at - at);
        assay_buf_printf(out, "<!-- assay: %s -->", proposal->references[0]);
        at = proposal->insert_at;
        (*ret_edits)++;
    }
    assay_buf_append(out, bytes + at, len - at);
    return assay_buf_check(out, err);
}
