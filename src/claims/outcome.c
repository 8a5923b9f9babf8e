/* What the caller gets: findings sorted, claims with their status, coverage, fingerprints. */
#include "claims/directive.h"

#include "crypto/crypto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_BYTES_MAX 1024 /* of the words of a label */

static void *take(struct check *c, size_t count, size_t bytes)
{
    void *at = assay_arena_take(&c->out->arena, count ? count : 1, bytes);
    if (!at) {
        model_fail(&c->m);
    }
    return at;
}

/* ---- findings --- */

static int by_place(const void *a, const void *b)
{
    const struct assay_finding *x = a, *y = b;
    int order = strcmp(x->place.path, y->place.path);
    if (order == 0) {
        order = (x->place.offset > y->place.offset) - (x->place.offset < y->place.offset);
    }
    return order ? order : strcmp(x->rule->id, y->rule->id);
}

/* Over rule, path and the texts of the operands, so that it stays when lines move. */
static void fingerprint(struct assay_finding *finding)
{
    struct assay_sha256 hash;
    struct assay_digest digest;
    assay_sha256_init(&hash);
    assay_sha256_add(&hash, finding->rule->id, strlen(finding->rule->id) + 1);
    assay_sha256_add(&hash, finding->place.path, strlen(finding->place.path) + 1);
    assay_sha256_add(&hash, finding->place.source.data, finding->place.source.len);
    for (size_t i = 0; i < finding->operands_count; i++) {
        assay_sha256_add(&hash, "\n", 1);
        assay_sha256_add(&hash, finding->operands[i].source.data, finding->operands[i].source.len);
    }
    assay_sha256_end(&hash, &digest);
    assay_digest_print(&digest, finding->fingerprint);
}

/* ---- claims --- */

bool claims_is_claim(const struct quantity *q)
{
    if (q->is_evidence || (q->is_bare && q->role != ROLE_SHARE) || q->is_row_label) {
        return false;
    }
    switch (q->role) {
    case ROLE_MEASURED:
    case ROLE_COUNT:
    case ROLE_SHARE:
    case ROLE_RATIO:
    case ROLE_MONEY:
        return true;
    default:
        return false;
    }
}

static void claim_id(struct assay_claim_row *row, const struct quantity *q, uint32_t occurrence)
{
    struct assay_sha256 hash;
    struct assay_digest digest;
    char text[ASSAY_DIGEST_TEXT_BYTES];
    uint32_t numbers[] = {q->key, occurrence};
    assay_sha256_init(&hash);
    assay_sha256_add(&hash, row->place.path, strlen(row->place.path) + 1);
    assay_sha256_add(&hash, numbers, sizeof numbers);
    assay_sha256_add(&hash, row->text, strlen(row->text));
    assay_sha256_end(&hash, &digest);
    assay_digest_print(&digest, text);
    memcpy(row->id, text, sizeof row->id - 1);
    row->id[sizeof row->id - 1] = '\0';
}

static const char *keep_text(struct check *c, const char *text, size_t len)
{
    const char *kept = assay_arena_text(&c->out->arena, text, len);
    if (!kept) {
        model_fail(&c->m);
    }
    return kept ? kept : "";
}

/* With a blank between words; what does not fit is left out. Returns the new length. */
static size_t append_word(char text[KEY_BYTES_MAX], size_t len, const char *word, size_t word_len)
{
    size_t blank = len > 0 && word_len > 0;
    if (len + blank + word_len > KEY_BYTES_MAX) {
        return len;
    }
    if (blank) {
        text[len] = ' ';
    }
    memcpy(text + len + blank, word, word_len);
    return len + blank + word_len;
}

/* "throughput p50 decode": the words of the label that are in the lists. */
static const char *key_text(struct check *c, const struct quantity *q)
{
    static const char *const STATS[STAT_COUNT] = {"",    "min", "p10", "p25",     "p50",     "p75",
                                                  "p90", "p95", "p99", "p99.9",   "max",     "mean",
                                                  "sd",  "cv",  "n",   "geomean", "harmonic"};
    char text[KEY_BYTES_MAX];
    size_t len = append_word(text, 0, STATS[q->stat], strlen(STATS[q->stat]));
    for (uint32_t i = q->label; i < q->label + q->labels; i++) {
        uint32_t token = c->m.labels.at[i];
        uint32_t word = token & 0xffff;
        if (TOKEN_CLASS(token) != CLASS_NAME && TOKEN_CLASS(token) != CLASS_SIZE && word < W_COUNT_OF) {
            const char *name = claims_words[word].aliases;
            len = append_word(text, len, name, strcspn(name, " "));
        }
    }
    return len ? keep_text(c, text, len) : "";
}

static uint8_t final_status(const struct quantity *q)
{
    if (q->status < ASSAY_CLAIM_STATUS_COUNT) {
        return q->status;
    }
    if (q->is_supported) {
        return ASSAY_CLAIM_SUPPORTED;
    }
    return q->is_related ? ASSAY_CLAIM_CONSISTENT : ASSAY_CLAIM_UNSUPPORTED;
}

static void fill_claims(struct check *c)
{
    struct assay_findings *out = c->out;
    uint32_t count = 0;
    for (uint32_t i = 0; i < c->m.quantities.count; i++) {
        count += claims_is_claim(&c->m.quantities.at[i]);
    }
    struct assay_claim_row *rows = take(c, count, sizeof *rows);
    uint32_t at = 0;
    for (uint32_t i = 0; i < c->m.quantities.count && rows; i++) {
        struct quantity *q = &c->m.quantities.at[i];
        if (!claims_is_claim(q)) {
            continue;
        }
        struct assay_claim_row *row = &rows[at];
        row->status = (enum assay_claim_status)final_status(q);
        row->binding = q->binding_text;
        out->by_status[row->status]++;
        at++;
        if (c->m.request->options.is_terse) {
            row->text = row->key = row->unit = "";
            continue;
        }
        row->place = check_place(c, (struct draft_place){q->file, q->from, q->to});
        row->text = check_text(c, q);
        row->key = key_text(c, q);
        const char *unit = q->unit ? claims_units[q->unit].aliases : "";
        row->unit = *unit ? keep_text(c, unit, strcspn(unit, " ")) : "";
        row->value = q->value;
        row->lo = q->h.lo;
        row->hi = q->h.hi;
        claim_id(row, q, at - 1);
    }
    out->claims = rows;
    out->claims_count = at;
}

/* ---- inputs --- */

static void fill_inputs(struct check *c)
{
    struct model *m = &c->m;
    struct assay_findings_input *rows = take(c, m->files.count, sizeof *rows);
    for (uint32_t i = 0; i < m->files.count && rows; i++) {
        const struct file *f = &m->files.at[i];
        struct assay_digest digest;
        rows[i] = (struct assay_findings_input){
            .path = f->input->path,
            .bytes = f->input->len,
            .lines = f->lines.count - (f->input->len == 0 || f->input->bytes[f->input->len - 1] == '\n'),
            .is_document = !f->input->is_evidence};
        if (!c->m.request->options.is_terse) {
            assay_sha256_of(f->input->bytes, f->input->len, &digest);
            assay_digest_print(&digest, rows[i].sha256);
        }
        c->out->html_tables += f->html_tables;
        for (uint32_t k = f->quantity; k < f->quantity + f->quantities; k++) {
            const struct quantity *q = &m->quantities.at[k];
            rows[i].claims += claims_is_claim(q);
            rows[i].bound += claims_is_claim(q) && q->binding_text != NULL;
        }
    }
    c->out->inputs = rows;
    c->out->inputs_count = m->files.count;
}

static enum assay_severity least_level(const struct check *c)
{
    const struct assay_claims_options *options = &c->m.request->options;
    return options->is_verbose ? ASSAY_SEVERITY_NOTE : options->level;
}

static bool is_old(const struct check *c, const struct assay_finding *finding)
{
    const struct assay_claims_request *request = c->m.request;
    size_t lo = 0, hi = request->old_fingerprints_count;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        int order = strcmp(request->old_fingerprints[middle], finding->fingerprint);
        if (order == 0) {
            return true;
        }
        lo = order < 0 ? middle + 1 : lo;
        hi = order < 0 ? hi : middle;
    }
    return false;
}

static void fill_findings(struct check *c)
{
    struct assay_finding *rows = take(c, c->findings.count, sizeof *rows);
    size_t count = 0;
    for (uint32_t i = 0; i < c->findings.count && rows; i++) {
        struct assay_finding *finding = &c->findings.at[i];
        if (finding->level >= least_level(c)) {
            fingerprint(finding);
            claims_suppress_by_policy(c, finding);
            if (is_old(c, finding)) {
                continue;
            }
            c->out->suppressed += finding->is_suppressed;
            rows[count++] = *finding;
        }
    }
    if (rows) {
        qsort(rows, count, sizeof *rows, by_place);
    }
    c->out->findings = rows;
    c->out->findings_count = count;
    if (c->m.request->options.is_verbose) {
        struct assay_undecided *undecided = take(c, c->undecided.count, sizeof *undecided);
        if (undecided && c->undecided.count) {
            memcpy(undecided, c->undecided.at, c->undecided.count * sizeof *undecided);
        }
        c->out->undecided = undecided;
        c->out->undecided_count = c->undecided.count;
    }
}

static void fill_misses(struct check *c)
{
    const struct assay_claims_policy *policy = &c->m.request->policy;
    enum { MISSES_MAX = 2 };
    const char **misses = take(c, MISSES_MAX, sizeof *misses);
    uint64_t claims = 0, bound = 0, unbound = 0;
    for (size_t i = 0; i < c->out->inputs_count; i++) {
        claims += c->out->inputs[i].claims;
        bound += c->out->inputs[i].bound;
    }
    for (size_t i = 0; i < c->findings.count; i++) {
        unbound += strcmp(c->findings.at[i].rule->id, "C901") == 0 && !c->findings.at[i].is_suppressed;
    }
    double share = claims ? (double)bound / (double)claims : 1;
    if (misses && share < policy->min_coverage) {
        misses[c->out->policy_misses_count++] =
            check_printf(c, "%llu of %llu claims are bound, at least %.4g %% must be", (unsigned long long)bound,
                         (unsigned long long)claims, policy->min_coverage * 100);
    }
    if (misses && unbound > 0) {
        misses[c->out->policy_misses_count++] =
            check_printf(c, "%llu claims that must be bound are not", (unsigned long long)unbound);
    }
    c->out->policy_misses = misses;
}

void claims_outcome(struct check *c)
{
    struct assay_findings *out = c->out;
    fill_findings(c);
    fill_claims(c);
    fill_inputs(c);
    fill_misses(c);
    out->rules = claims_rule_rows;
    out->rules_count = RULE_COUNT;
    out->quantities = c->m.quantities.count;
    out->is_complete = c->m.incomplete_why == NULL;
    out->incomplete_why = c->m.incomplete_why;
    for (uint32_t i = 0; i < c->m.files.count; i++) {
        const struct assay_claims_input *input = c->m.files.at[i].input;
        if (!input->is_evidence) {
            out->summary_name = out->summary_name ? "all" : input->path;
        }
    }
}
