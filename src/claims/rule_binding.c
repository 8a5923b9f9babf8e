/* C902 to C906: what the bindings of the documents say, and what the receipts say. C901, C907, C908 too. */
#include "claims/binding.h"
#include "claims/directive.h"
#include "claims/relation.h"
#include "claims/rendered.h"
#include "claims/scan.h"

#include "base/num.h"

#include <math.h>
#include <string.h>

#define IDS_MAX 4096 /* ids of one set of documents */

struct id_seen {
    struct assay_slice id;
    uint32_t quantity;
};

struct binder {
    struct check *c;
    struct id_seen *ids;
    uint32_t ids_count;
};

/* ---- the quantity of a binding --- */

static bool has_text_between(const struct model *m, uint32_t block, uint32_t from, uint32_t to)
{
    const struct block *b = &m->blocks.at[block];
    const char *s = model_text(m, block).data;
    for (uint32_t i = from; i < to && i < b->flat + b->flat_len; i++) {
        if (s[i - b->flat] != ' ' && s[i - b->flat] != '\n') {
            return true;
        }
    }
    return false;
}

static struct quantity *bound_quantity(struct model *m, const struct directive *directive)
{
    const struct block *b = directive->block == NONE32 ? NULL : &m->blocks.at[directive->block];
    struct quantity *found = NULL;
    for (uint32_t i = b ? b->quantity : 0; b && i < b->quantity + b->quantities; i++) {
        struct quantity *q = &m->quantities.at[i];
        uint32_t end = b->flat + directive->flat;
        if (directive->kind == DIRECTIVE_LINK) {
            bool is_inside = q->flat >= b->flat + directive->link_flat && q->flat_end <= end;
            if (is_inside && found) {
                return NULL;
            }
            found = is_inside ? q : found;
        } else if (q->flat_end <= end && !has_text_between(m, directive->block, q->flat_end, end)) {
            found = q;
        }
    }
    return found;
}

/* ---- findings --- */

static const char *resolve_text(enum resolve_code code)
{
    static const char *const TEXTS[] = {"", "the file is not there", "nothing is there under that name",
                                        "what is there is no number",
                                        "paths are relative, stay under the root, and are no URLs"};
    return TEXTS[code];
}

static bool speaks_of_path(const struct check *c, const struct quantity *q, const char *compute_path)
{
    struct assay_slice text = model_text(&c->m, q->block);
    return memmem(text.data, text.len, compute_path, strlen(compute_path)) != NULL;
}

/* "src/enc" holds src/enc and src/enc/gemv.c, not src/encoder.c. */
static bool is_below(const char *changed, struct assay_slice path)
{
    while (path.len > 0 && path.data[path.len - 1] == '/') {
        path.len--;
    }
    return path.len > 0 && strncmp(changed, path.data, path.len) == 0 &&
           (changed[path.len] == '\0' || changed[path.len] == '/');
}

/* Stale, unless the binding says on which sources the number depends and none of them changed. */
static bool is_stale(const struct assay_claims_receipt *receipt, struct assay_slice paths)
{
    if (receipt->fresh != ASSAY_CLAIMS_STALE || paths.len == 0 || !receipt->changed) {
        return receipt->fresh == ASSAY_CLAIMS_STALE;
    }
    for (size_t at = 0; at < receipt->changed_len; at += strlen(receipt->changed + at) + 1) {
        for (struct assay_slice rest = paths; rest.len > 0;) {
            if (is_below(receipt->changed + at, assay_slice_cut(&rest, ','))) {
                return true;
            }
        }
    }
    return false;
}

/* C902 and C906; false: the value is worth nothing. */
static bool judge_receipt(struct check *c, struct quantity *q, const struct assay_claims_receipt *receipt,
                          struct assay_slice paths)
{
    const struct assay_claims_request *request = c->m.request;
    const char *why = NULL;
    bool is_real = receipt->compute_path && strcmp(receipt->compute_path, "real") == 0;
    if (!receipt->is_verified) {
        why = check_printf(c, "it does not verify: %s", receipt->why_not ? receipt->why_not : "no reason given");
    } else if (receipt->is_run_record) {
        why = "it is a run record, which has no figures";
    } else if (request->policy.requires_signed && !receipt->is_signed) {
        why = "it is not signed";
    } else if (!is_real && receipt->compute_path && !speaks_of_path(c, q, receipt->compute_path)) {
        why = check_printf(c, "its compute path is '%s', and the text does not say so", receipt->compute_path);
    }
    if (why) {
        struct draft d = draft_at(c, RULE_C902, q);
        draft_say(&d, "bound to %s: %s", receipt->path, why);
        draft_end(&d);
        return false;
    }
    if (is_stale(receipt, paths)) {
        struct draft d = draft_at(c, RULE_C906, q);
        d.level = request->policy.allows_stale ? (int)ASSAY_SEVERITY_NOTE : -1;
        draft_say(&d, "bound to %s, which is stale: %s", receipt->path,
                  receipt->stale_why ? receipt->stale_why : "its commit is another one");
        draft_end(&d);
    }
    return true;
}

static uint8_t stat_of_name(const char *name)
{
    const char *last = strrchr(name, '_');
    if (!last) {
        return STAT_NONE;
    }
    struct word_hit hit = claims_word_find(last + 1, strlen(last + 1));
    return hit.word ? claims_stat_of_word(hit.word) : STAT_NONE;
}

static bool fits_dim(const struct quantity *q, const struct bound_value *value)
{
    uint8_t dim = binding_dim(value->unit);
    if (value->unit[0] == '\0') {
        return true; /* a plain file: the number alone */
    }
    if (dim == DIM_NONE) { /* a share, a ratio, a count */
        return q->is_bare || q->dim == DIM_PERCENT || q->dim == DIM_RATIO || q->dim == DIM_COUNT;
    }
    return q->dim == dim;
}

static bool judge_names(struct check *c, struct quantity *q, const struct bound_value *value)
{
    uint8_t stat = stat_of_name(value->name);
    const char *why = NULL;
    if (!fits_dim(q, value)) {
        why = check_printf(c, "the metric '%s' has the unit %s", value->name, value->unit);
    } else if (stat && q->stat && stat != q->stat) {
        why = check_printf(c, "the text speaks of another statistic than '%s'", value->name);
    }
    if (why) {
        struct draft d = draft_at(c, RULE_C904, q);
        draft_say(&d, "%s does not fit its binding: %s", check_text(c, q), why);
        draft_end(&d);
    }
    return why == NULL;
}

/* ---- the value --- */

static uint16_t unit_of(const char *unit)
{
    return strcmp(unit, "ns") == 0      ? UNIT_NS
           : strcmp(unit, "bytes") == 0 ? UNIT_BYTE
           : strcmp(unit, "J") == 0     ? UNIT_J
           : strcmp(unit, "W") == 0     ? UNIT_WATT
                                        : UNIT_NONE;
}

static bool evaluate(const struct binding *b, const struct bound_value *values, struct bound_value *ret)
{
    *ret = values[0];
    double x = values[0].value, y = b->refs_count > 1 ? values[1].value : 1;
    if (b->op == BINDING_VALUE) {
        return true;
    }
    if (b->op != BINDING_SUM && y == 0 && b->op != BINDING_DIFF) {
        return false;
    }
    bool keeps_unit = b->op == BINDING_DIFF || b->op == BINDING_SUM;
    double result = b->op == BINDING_RATIO   ? x / y
                    : b->op == BINDING_SHARE ? x / y
                    : b->op == BINDING_PCT   ? x / y - 1
                    : b->op == BINDING_DIFF  ? x - y
                                             : 0;
    for (uint32_t i = 0; b->op == BINDING_SUM && i < b->refs_count; i++) {
        result += values[i].value;
    }
    ret->value = result;
    ret->unit = keeps_unit ? ret->unit : "1";
    ret->name = "";
    (void)assay_num_print_shortest(result, ret->text);
    return isfinite(result);
}

/* "faster" of a ratio below one, "less" of a growth: the words no longer fit. */
static bool direction_fits(const struct check *c, const struct quantity *q, const struct binding *b,
                           const struct bound_value *values, double result)
{
    struct words_near near = near_of(&c->m, q->block, q->item, 3);
    if (b->op == BINDING_VALUE || b->op == BINDING_SUM || near.direction == W_NONE) {
        return true;
    }
    double growth = b->op == BINDING_RATIO || b->op == BINDING_SHARE ? result - 1 : result;
    bool lower = strcmp(values[0].direction, "lower") == 0, higher = strcmp(values[0].direction, "higher") == 0;
    if (b->op == BINDING_RATIO && near.flags & (WORD_GOOD | WORD_BAD)) {
        return growth >= 0; /* "2.1x faster": whichever operand is above, the factor is more than one */
    }
    if (near.flags & (WORD_GOOD | WORD_BAD) && (lower || higher)) {
        bool is_better = higher ? growth > 0 : growth < 0;
        return growth == 0 || is_better == ((near.flags & WORD_GOOD) != 0);
    }
    if (near.flags & (WORD_UP | WORD_DOWN) && b->op != BINDING_RATIO) {
        return growth == 0 || (growth > 0) == ((near.flags & WORD_UP) != 0);
    }
    return true;
}

static void say_drift(struct check *c, struct quantity *q, const struct bound_value *value, const char *rendered)
{
    struct draft d = draft_at_bytes(c, RULE_C903, q->file, q->num_from, q->num_to);
    d.quantity = (uint32_t)(q - c->m.quantities.at);
    d.replacement = check_printf(c, "%s", rendered);
    draft_say(&d, "%s is bound, and its receipt renders to %s", check_text(c, q), rendered);
    draft_note(&d, "the receipt has %s %s; 'assay claims --fix' writes it", value->text, value->unit);
    draft_end(&d);
}

static void compare(struct check *c, struct quantity *q, const struct binding *b, const struct bound_value *values,
                    const struct bound_value *result)
{
    struct assay_buf out;
    bool is_equal = false;
    assay_buf_init(&out, 512);
    bool is_rendered = binding_render(c, q, result->text, unit_of(result->unit), 1, &out, &is_equal) && out.data;
    if (!direction_fits(c, q, b, values, result->value)) {
        struct draft d = draft_at(c, RULE_C904, q);
        draft_say(&d, "the receipts give %s, which the words around %s deny", result->text, check_text(c, q));
        draft_end(&d);
    } else if (!is_rendered) {
        check_undecided(c, RULE_C903, q, "this way of writing a number is not rendered");
    } else if (!is_equal) {
        say_drift(c, q, result, out.data);
    } else if (q->status == ASSAY_CLAIM_STATUS_COUNT) {
        q->is_supported = true;
    }
    assay_buf_done(&out);
}

static void judge_binding(struct check *c, struct quantity *q, struct directive *directive, const struct binding *b)
{
    struct bound_value values[BINDING_REFS_MAX], result;
    bool is_sound = true;
    q->binding_text =
        check_printf(c, "%.*s", (int)(directive->text.len > 400 ? 400 : directive->text.len), directive->text.data);
    directive->was_used = true;
    for (uint32_t i = 0; i < b->refs_count; i++) {
        enum resolve_code code = binding_resolve(c, b->refs[i], &values[i]);
        if (code == RESOLVE_NO_FILE && !c->m.request->options.has_receipts) {
            check_undecided(c, RULE_C905, q, "its receipt is not at hand");
            return;
        }
        if (code != RESOLVE_OK && !(values[i].receipt && !values[i].receipt->is_verified)) {
            directive_say(c, RULE_C905, directive,
                          check_printf(c, "'%.*s#%.*s': %s", (int)b->refs[i].path.len, b->refs[i].path.data,
                                       (int)b->refs[i].fragment.len, b->refs[i].fragment.data, resolve_text(code)));
            q->status = q->status < ASSAY_CLAIM_CONTRADICTED ? q->status : ASSAY_CLAIM_CONTRADICTED;
            return;
        }
        is_sound = is_sound && (!values[i].receipt || judge_receipt(c, q, values[i].receipt, b->paths));
    }
    if (!is_sound || !evaluate(b, values, &result)) {
        return;
    }
    if (b->op != BINDING_VALUE || judge_names(c, q, &result)) {
        compare(c, q, b, values, &result);
    }
}

static void note_id(struct binder *binder, const struct binding *b, struct quantity *q,
                    const struct directive *directive)
{
    struct model *m = &binder->c->m;
    for (uint32_t i = 0; b->id.len && i < binder->ids_count; i++) {
        struct quantity *other = &m->quantities.at[binder->ids[i].quantity];
        bool is_same_text = assay_slice_equal(model_source(m, q->file, q->num_from, q->num_to),
                                              model_source(m, other->file, other->num_from, other->num_to));
        if (assay_slice_equal(binder->ids[i].id, b->id) && !is_same_text && q->unit == other->unit) {
            struct draft d = draft_at(binder->c, RULE_C905, q);
            draft_operand(&d, other);
            draft_say(&d, "the id '%.*s' stands at two numbers", (int)b->id.len, b->id.data);
            draft_end(&d);
        }
    }
    (void)directive;
    if (b->id.len && binder->ids_count < IDS_MAX) {
        binder->ids[binder->ids_count++] = (struct id_seen){b->id, (uint32_t)(q - m->quantities.at)};
    }
}

static bool is_json_path(struct assay_slice text)
{
    const char *mark = memchr(text.data, '#', text.len);
    size_t len = mark ? (size_t)(mark - text.data) : 0;
    return len > 5 && memcmp(text.data + len - 5, ".json", 5) == 0;
}

static void judge_directive(struct binder *binder, struct directive *directive)
{
    struct check *c = binder->c;
    if (directive->kind == DIRECTIVE_LINK && !is_json_path(directive->text)) {
        return;
    }
    struct binding b = binding_read(directive->text);
    struct quantity *q = b.error ? NULL : bound_quantity(&c->m, directive);
    if (b.error) {
        directive_say(c, RULE_C907, directive, check_printf(c, "this binding %s", b.error));
        return;
    }
    if (!q && directive->kind == DIRECTIVE_LINK) {
        return; /* a link to a file, not a binding of one number */
    }
    if (!q) {
        struct draft d = draft_at_bytes(c, RULE_C908, directive->file, directive->from, directive->to);
        draft_say(&d, "no quantity stands directly before this binding");
        draft_end(&d);
        return;
    }
    if (q->binding_text) {
        directive_say(c, RULE_C905, directive, "the quantity has a binding already");
        return;
    }
    judge_binding(c, q, directive, &b);
    note_id(binder, &b, q, directive);
}

/* ---- tables --- */

static struct assay_slice key_of(struct assay_slice text, const char *key)
{
    size_t len = strlen(key);
    const char *at = memmem(text.data, text.len, key, len);
    if (!at) {
        return (struct assay_slice){0};
    }
    struct assay_slice rest = {at + len, text.len - (size_t)(at + len - text.data)};
    return assay_slice_cut(&rest, ' ');
}

/* "{row}/{col}" with the names put in; in the arena. */
static struct assay_slice fill_cell(struct check *c, struct assay_slice pattern, struct assay_slice row,
                                    struct assay_slice column)
{
    struct assay_buf out;
    assay_buf_init(&out, 1024);
    for (size_t i = 0; i < pattern.len;) {
        struct assay_slice rest = {pattern.data + i, pattern.len - i};
        if (assay_slice_starts(rest, "{row}")) {
            assay_buf_append(&out, row.data, row.len);
            i += 5;
        } else if (assay_slice_starts(rest, "{col}")) {
            assay_buf_append(&out, column.data, column.len);
            i += 5;
        } else {
            assay_buf_char(&out, pattern.data[i++]);
        }
    }
    const char *kept = check_printf(c, "%s", out.data ? out.data : "");
    assay_buf_done(&out);
    return assay_slice_of(kept);
}

static uint32_t split(struct assay_slice list, struct assay_slice *ret, uint32_t max)
{
    uint32_t count = 0;
    while (list.data && list.len && count < max) {
        ret[count++] = assay_slice_cut(&list, ',');
    }
    return count;
}

static void judge_table(struct check *c, struct directive *directive)
{
    enum { NAMES_MAX = 256 };
    struct assay_slice rows[NAMES_MAX], columns[NAMES_MAX], rest = directive->text;
    struct assay_slice path = assay_slice_cut(&rest, ' ');
    struct assay_slice pattern = key_of(directive->text, "cell=");
    uint32_t rows_count = split(key_of(directive->text, "rows="), rows, NAMES_MAX);
    uint32_t columns_count = split(key_of(directive->text, "cols="), columns, NAMES_MAX);
    if (!pattern.len || rows_count == 0 || columns_count == 0) {
        directive_say(c, RULE_C907, directive, "a table binding is PATH cell={row}/{col} rows=a,b cols=x,y");
        return;
    }
    if (directive->next_table == NONE32) {
        directive_say(c, RULE_C905, directive, "no table follows");
        return;
    }
    const struct table *t = &c->m.tables.at[directive->next_table];
    if (t->rows != rows_count || t->columns != columns_count + 1) {
        struct draft d = draft_at_bytes(c, RULE_C904, directive->file, directive->from, directive->to);
        draft_say(&d, "the table has %u rows and %u columns of values, the binding names %u and %u", t->rows,
                  t->columns ? t->columns - 1 : 0, rows_count, columns_count);
        draft_end(&d);
        return;
    }
    directive->was_used = true;
    for (uint32_t row = 0; row < rows_count; row++) {
        for (uint32_t column = 0; column < columns_count; column++) {
            struct quantity *q = model_cell_quantity(&c->m, t, row + 1, column + 1);
            struct binding b = {.refs = {{path, fill_cell(c, pattern, rows[row], columns[column])}}, .refs_count = 1};
            if (q && !q->binding_text) {
                judge_binding(c, q, directive, &b);
            }
        }
    }
}

/* ---- C901 --- */

static void judge_unbound(struct check *c)
{
    enum assay_claims_unbound forbidden = c->m.request->policy.forbid_unbound;
    for (uint32_t i = 0; i < c->m.quantities.count; i++) {
        struct quantity *q = &c->m.quantities.at[i];
        bool is_class = forbidden == ASSAY_CLAIMS_UNBOUND_ALL ||
                        (forbidden == ASSAY_CLAIMS_UNBOUND_TABLES && (q->table != NONE32 || q->is_headline)) ||
                        (forbidden == ASSAY_CLAIMS_UNBOUND_HEADLINE && q->is_headline);
        if (is_class && !q->binding_text && claims_is_claim(q)) {
            struct draft d = draft_at(c, RULE_C901, q);
            draft_say(&d, "%s is bound to no receipt", check_text(c, q));
            draft_hint(&d, "'assay claims bind' proposes one");
            draft_end(&d);
        }
    }
}

void rule_binding(struct check *c)
{
    struct model *m = &c->m;
    struct binder binder = {.c = c, .ids = assay_realloc(NULL, IDS_MAX, sizeof *binder.ids)};
    if (!binder.ids) {
        model_fail(m);
        return;
    }
    for (uint32_t i = 0; i < m->directives.count; i++) {
        directive_classify(&m->directives.at[i]);
    }
    for (uint32_t i = 0; i < m->directives.count && m->failed == ASSAY_OK; i++) {
        struct directive *directive = &m->directives.at[i];
        switch (directive->kind) {
        case DIRECTIVE_BIND:
        case DIRECTIVE_LINK:
            judge_directive(&binder, directive);
            break;
        case DIRECTIVE_TABLE:
            judge_table(c, directive);
            break;
        case DIRECTIVE_BEGIN:
            rendered_judge(c, directive);
            break;
        case DIRECTIVE_BAD:
            directive_say(c, RULE_C907, directive,
                          "unknown: a binding, table, begin, end, ignore or ignore-file is expected after 'assay:'");
            break;
        default:
            break;
        }
    }
    judge_unbound(c);
    assay_free(binder.ids);
}
