/* The front door: reads the inputs into the model, runs the rules, puts together what the caller gets. */
#include "claims/check.h"
#include "claims/hardware.h"

#include "claims/directive.h"
#include "claims/relation.h"
#include "crypto/crypto.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES_MAX ((size_t)1 << 30) /* 10^6 claims with their texts */

const struct assay_finding_rule claims_rule_rows[RULE_COUNT] = {
#define R(id_, slug_, level_, function_, brief_, help_) \
    [RULE_##id_] = {.id = #id_, .slug = (slug_), .level = ASSAY_SEVERITY_##level_, .brief = (brief_), .help = (help_)},
#include "claims/rules.def"
#undef R
};

static claims_rule *const FUNCTIONS[RULE_COUNT] = {
#define R(id_, slug_, level_, function_, brief_, help_) [RULE_##id_] = function_,
#include "claims/rules.def"
#undef R
};

const struct assay_finding_rule *assay_claims_rules(size_t *ret_count)
{
    *ret_count = RULE_COUNT;
    return claims_rule_rows;
}

/* ---- inputs --- */

static bool has_suffix(const char *path, const char *suffix)
{
    return assay_text_ends(path, suffix);
}

enum assay_claims_kind claims_kind_of(const struct assay_claims_input *input)
{
    if (input->kind != ASSAY_CLAIMS_BY_NAME) {
        return input->kind;
    }
    if (has_suffix(input->path, ".json")) {
        return ASSAY_CLAIMS_JSON;
    }
    if (has_suffix(input->path, ".jsonl") || has_suffix(input->path, ".ndjson")) {
        return ASSAY_CLAIMS_JSON_LINES;
    }
    if (has_suffix(input->path, ".csv")) {
        return ASSAY_CLAIMS_CSV;
    }
    return has_suffix(input->path, ".txt") ? ASSAY_CLAIMS_PLAIN : ASSAY_CLAIMS_MARKDOWN;
}

static void index_lines(struct model *m, struct file *f)
{
    uint32_t at = 0;
    for (;;) {
        if (!vec_room(&f->lines)) {
            model_fail(m);
            return;
        }
        f->lines.at[f->lines.count++] = at;
        const char *end = f->input->len > at ? memchr(f->input->bytes + at, '\n', f->input->len - at) : NULL;
        uint32_t next = end ? (uint32_t)(end + 1 - f->input->bytes) : (uint32_t)f->input->len;
        if (next - at > ASSAY_CLAIMS_LINE_BYTES_MAX) {
            m->incomplete_why = "a line over 1 MiB";
        }
        if (!end) {
            return;
        }
        at = next;
    }
}

static void begin_file(const struct model *m, struct file *f)
{
    f->block = m->blocks.count;
    f->quantity = m->quantities.count;
    f->table = m->tables.count;
    f->section = m->sections.count;
    f->member = m->members.count;
    f->array = m->arrays.count;
}

static void end_file(const struct model *m, struct file *f)
{
    f->blocks = m->blocks.count - f->block;
    f->quantities = m->quantities.count - f->quantity;
    f->tables = m->tables.count - f->table;
    f->sections = m->sections.count - f->section;
    f->members = m->members.count - f->member;
    f->arrays = m->arrays.count - f->array;
}

static void read_file(struct model *m, const struct assay_claims_input *input)
{
    if (!vec_room(&m->files)) {
        model_fail(m);
        return;
    }
    uint32_t index = m->files.count++;
    m->files.at[index] = (struct file){.input = input};
    enum assay_claims_kind kind = claims_kind_of(input);
    size_t max = kind == ASSAY_CLAIMS_JSON || kind == ASSAY_CLAIMS_JSON_LINES ? ASSAY_CLAIMS_JSON_BYTES_MAX
                                                                              : ASSAY_CLAIMS_FILE_BYTES_MAX;
    index_lines(m, &m->files.at[index]);
    begin_file(m, &m->files.at[index]);
    if (input->len > max) {
        m->incomplete_why = "a file over its cap";
    } else if (kind == ASSAY_CLAIMS_MARKDOWN) {
        claims_read_markdown(m, index);
    } else if (kind == ASSAY_CLAIMS_PLAIN) {
        claims_read_plain(m, index);
    } else if (kind == ASSAY_CLAIMS_CSV) {
        claims_read_csv(m, index);
    } else if (kind != ASSAY_CLAIMS_SOURCE) {
        claims_read_json(m, index);
    }
    end_file(m, &m->files.at[index]);
    for (uint32_t i = m->files.at[index].quantity; input->is_evidence && i < m->quantities.count; i++) {
        m->quantities.at[i].is_evidence = true;
    }
}

static int by_path(const void *a, const void *b)
{
    const struct assay_claims_input *const *x = a, *const *y = b;
    return strcmp((*x)->path, (*y)->path);
}

static void read_all(struct model *m)
{
    const struct assay_claims_request *request = m->request;
    size_t count = request->inputs_count;
    if (count > ASSAY_CLAIMS_FILES_MAX) {
        m->incomplete_why = "more than 4,096 files";
        count = ASSAY_CLAIMS_FILES_MAX;
    }
    const struct assay_claims_input **sorted = assay_alloc(count ? count : 1, sizeof *sorted);
    if (!sorted) {
        model_fail(m);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        sorted[i] = &request->inputs[i];
    }
    qsort(sorted, count, sizeof *sorted, by_path);
    for (size_t i = 0; i < count && m->failed == ASSAY_OK; i++) {
        read_file(m, sorted[i]);
    }
    assay_free(sorted);
}

/* ---- rules --- */

static void set_level(struct check *c, const struct assay_claims_rule_level *wish)
{
    size_t len = strlen(wish->rule);
    for (size_t i = 0; i < RULE_COUNT; i++) {
        if (strncmp(claims_rule_rows[i].id, wish->rule, len) == 0 ||
            strcmp(claims_rule_rows[i].slug, wish->rule) == 0) {
            enum assay_severity level = wish->is_usual ? claims_rule_rows[i].level : wish->level;
            c->levels[i] = wish->is_off ? 0 : (uint8_t)(1 + level);
        }
    }
}

static void set_levels(struct check *c)
{
    const struct assay_claims_request *request = c->m.request;
    for (size_t i = 0; i < RULE_COUNT; i++) {
        c->levels[i] = (uint8_t)(1 + claims_rule_rows[i].level);
    }
    if (request->policy.forbid_unbound != ASSAY_CLAIMS_UNBOUND_NONE) {
        c->levels[RULE_C901] = 1 + ASSAY_SEVERITY_ERROR; /* a note by itself; what is forbidden is an error */
    }
    for (size_t i = 0; i < request->policy.rules_count; i++) {
        set_level(c, &request->policy.rules[i]);
    }
    for (size_t i = 0; i < request->options.rules_count; i++) {
        set_level(c, &request->options.rules[i]);
    }
}

static void run_rules(struct check *c)
{
    for (uint32_t i = 0; i < c->m.quantities.count; i++) {
        c->m.quantities.at[i].status = ASSAY_CLAIM_STATUS_COUNT;
    }
    rule_binding(c); /* first: a bound number is held against its receipt, and against nothing else */
    for (size_t i = 0; i < RULE_COUNT && c->m.failed == ASSAY_OK; i++) {
        bool is_first = FUNCTIONS[i] != rule_binding;
        for (size_t k = 0; k < i && is_first; k++) {
            is_first = FUNCTIONS[k] != FUNCTIONS[i];
        }
        if (is_first) {
            FUNCTIONS[i](c);
        }
    }
    claims_suppress(c);
}

static void release(struct check *c)
{
    hardware_done(c);
    struct model *m = &c->m;
    for (uint32_t i = 0; i < m->files.count; i++) {
        assay_free(m->files.at[i].flat);
        vec_done(&m->files.at[i].lines);
    }
    vec_done(&m->files);
    vec_done(&m->sections);
    vec_done(&m->blocks);
    vec_done(&m->segments);
    vec_done(&m->tables);
    vec_done(&m->cells);
    vec_done(&m->items);
    vec_done(&m->sentences);
    vec_done(&m->quantities);
    vec_done(&m->stamps);
    vec_done(&m->labels);
    vec_done(&m->directives);
    vec_done(&m->arrays);
    vec_done(&m->values);
    vec_done(&m->members);
    vec_done(&m->pairs);
    vec_done(&c->findings);
    vec_done(&c->undecided);
    vec_done(&c->keys);
    assay_free(c->places);
}

/* Reads, labels and judges; the caller looks at the model and calls check_done. */
assay_code check_run(struct check *c, const struct assay_claims_request *request, assay_err *err)
{
    *c = (struct check){.m = {.request = request}, .places = assay_alloc(1, sizeof *c->places)};
    c->out = assay_alloc(1, sizeof *c->out);
    if (!c->out || !c->places) {
        assay_free(c->places);
        assay_free(c->out);
        return assay_nomem(err);
    }
    assay_arena_init(&c->out->arena, ARENA_BYTES_MAX);
    set_levels(c);
    read_all(&c->m);
    claims_index_sentences(&c->m);
    claims_label(&c->m);
    claims_relate(&c->m);
    if (c->m.failed == ASSAY_OK) {
        run_rules(c);
    }
    if (c->m.failed == ASSAY_OK) {
        claims_outcome(c);
    }
    return ASSAY_OK;
}

void check_done(struct check *c)
{
    release(c);
}

assay_code assay_claims_check(const struct assay_claims_request *request, struct assay_findings **ret, assay_err *err)
{
    assert(request && ret);
    struct check c;
    assay_code rc = check_run(&c, request, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    rc = c.m.failed;
    check_done(&c);
    if (rc != ASSAY_OK) {
        assay_findings_free(c.out);
        return assay_nomem(err);
    }
    *ret = c.out;
    return ASSAY_OK;
}

int assay_claims_exit(const struct assay_findings *findings, const struct assay_claims_request *request)
{
    bool has_undecided_bound = false;
    enum assay_severity fail_on = request->policy.has_fail_on ? request->policy.fail_on : request->options.fail_on;
    for (size_t i = 0; i < findings->findings_count; i++) {
        const struct assay_finding *finding = &findings->findings[i];
        if (!finding->is_suppressed && finding->level >= fail_on) {
            return 1;
        }
    }
    if (findings->policy_misses_count > 0) {
        return 1;
    }
    for (size_t i = 0; i < findings->claims_count; i++) {
        has_undecided_bound |= findings->claims[i].binding && findings->claims[i].status == ASSAY_CLAIM_UNDECIDED;
    }
    return !findings->is_complete ? 3 : has_undecided_bound ? 2 : 0;
}
