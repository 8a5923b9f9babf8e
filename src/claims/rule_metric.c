/* C101, C102, C103, C602, C802: one metric, several values. Quantities meet in buckets by key. */
#include "claims/check.h"
#include "claims/relation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BUCKET_MAX 256    /* above it nothing is compared pair by pair */
#define CANDIDATES_MAX 64 /* of one quantity */
#define VERY_ALIKE 0.8    /* where no statistic is named */
#define ALIKE 0.6         /* share of words in common that makes two sentences say the same thing */

struct entry {
    uint32_t key, quantity;
    uint32_t table; /* of the quantity */
    bool is_row;    /* of a table that sums nothing up: two of them never meet, which is most of a bucket */
};

static int by_key(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = (x->key > y->key) - (x->key < y->key);
    return order ? order : (x->quantity > y->quantity) - (x->quantity < y->quantity);
}

static bool takes_part(const struct quantity *q)
{
    if (q->is_before) {
        return false; /* "from 820 ms to 510 ms": what was is no claim about what is */
    }
    bool is_role = q->role == ROLE_MEASURED || q->role == ROLE_SHARE || q->role == ROLE_RATIO ||
                   q->role == ROLE_MONEY || (q->role == ROLE_COUNT && q->stat != STAT_NONE) ||
                   (q->role == ROLE_NUMBER && q->metric && q->json_key.len && (q->metric & 0xffff) != W_DURATION);
    return q->key != 0 && is_role && q->dim != DIM_BITS &&
           (q->form == FORM_PLAIN || q->form == FORM_DURATION || q->form == FORM_SPREAD) && !q->is_row_label &&
           !q->num.has_sign && q->dim != DIM_POINTS;
}

/* ---- what may be held against what --- */

static bool is_text(const struct model *m, const struct quantity *q)
{
    return q->table == NONE32 && m->blocks.at[q->block].kind != BLOCK_VALUE;
}

static uint32_t scope_of(const struct model *m, const struct quantity *q)
{
    uint32_t section = q->table != NONE32 ? m->tables.at[q->table].section : m->blocks.at[q->block].section;
    return section == NONE32 ? 0 : m->sections.at[section].scope;
}

/* One sample set, one pair, one sentence: several values are meant. */
static bool is_one_set(const struct model *m, const struct quantity *a, const struct quantity *b)
{
    if (a->table != NONE32 && a->table == b->table) {
        return true;
    }
    if (a->block == b->block && is_text(m, a)) {
        return a->sentence == b->sentence || a->is_in_pair || b->is_in_pair;
    }
    bool are_json = m->blocks.at[a->block].kind == BLOCK_VALUE && m->blocks.at[b->block].kind == BLOCK_VALUE;
    return are_json && a->file == b->file;
}

static bool is_content(const struct item *item)
{
    if (item->kind != ITEM_WORD || item->len < 3) {
        return false;
    }
    unsigned class_of = claims_words[item->word].class_of;
    return item->word == W_NONE || (class_of != CLASS_NONE && class_of != CLASS_DIRECTION);
}

/* Share of the shorter sentence's words that the other has, too. */
static double likeness(const struct model *m, const struct quantity *a, const struct quantity *b)
{
    uint32_t a_from = 0, a_to = 0, b_from = 0, b_to = 0, common = 0, a_count = 0, b_count = 0;
    sentence_of(m, a->block, a->item, &a_from, &a_to);
    sentence_of(m, b->block, b->item, &b_from, &b_to);
    if (a_to - a_from > 80 || b_to - b_from > 80) {
        return 0;
    }
    for (uint32_t i = a_from; i < a_to; i++) {
        bool is_there = false;
        if (!is_content(&m->items.at[i])) {
            continue;
        }
        a_count++;
        for (uint32_t k = b_from; k < b_to && !is_there; k++) {
            is_there = is_content(&m->items.at[k]) && m->items.at[k].hash == m->items.at[i].hash;
        }
        common += is_there;
    }
    for (uint32_t k = b_from; k < b_to; k++) {
        b_count += is_content(&m->items.at[k]);
    }
    uint32_t least = a_count < b_count ? a_count : b_count;
    return least >= 2 ? (double)common / least : 0;
}

static bool has_qualifier(const struct quantity *q)
{
    return q->stat != STAT_NONE || q->labels > 1;
}

/* Words of heading and caption that tell one table from another. */
static bool has_other_context(const struct model *m, const struct quantity *a, const struct quantity *b)
{
    if (is_text(m, a) || is_text(m, b) || a->table == NONE32 || b->table == NONE32) {
        return false;
    }
    const struct table *x = &m->tables.at[a->table], *y = &m->tables.at[b->table];
    uint32_t blocks[2][2] = {{x->caption, m->sections.at[x->section].block},
                             {y->caption, m->sections.at[y->section].block}};
    uint32_t words = 0, common = 0;
    for (int i = 0; i < 2; i++) {
        const struct block *p = blocks[0][i] == NONE32 ? NULL : &m->blocks.at[blocks[0][i]];
        for (uint32_t k = p ? p->item : 0; p && k < p->item + p->items; k++) {
            words += is_content(&m->items.at[k]);
            for (int j = 0; j < 2 && is_content(&m->items.at[k]); j++) {
                const struct block *r = blocks[1][j] == NONE32 ? NULL : &m->blocks.at[blocks[1][j]];
                for (uint32_t n = r ? r->item : 0; r && n < r->item + r->items; n++) {
                    common += m->items.at[n].hash == m->items.at[k].hash && m->items.at[n].kind == ITEM_WORD;
                }
            }
        }
    }
    return words > 0 && common * 2 < words;
}

/* Whether a table stands in a summary: it then repeats what another one has. */
static bool sums_up(const struct model *m, const struct quantity *q)
{
    const struct section *section = &m->sections.at[m->tables.at[q->table].section];
    return section->is_summary || section->is_first;
}

static bool may_meet(const struct model *m, const struct quantity *a, const struct quantity *b)
{
    if ((a->binding_text && b->binding_text) || is_one_set(m, a, b) || scope_of(m, a) != scope_of(m, b) ||
        has_other_context(m, a, b)) {
        return false;
    }
    if (m->blocks.at[a->block].kind == BLOCK_CODE || m->blocks.at[b->block].kind == BLOCK_CODE) {
        return false; /* output of runs: each is one of many */
    }
    bool are_tables = a->table != NONE32 && b->table != NONE32;
    if (are_tables && !sums_up(m, a) && !sums_up(m, b)) {
        return false; /* what tells two tables apart often stands in no word that is known */
    }
    if (is_text(m, a) && is_text(m, b) && likeness(m, a, b) < (a->stat ? ALIKE : VERY_ALIKE)) {
        return false;
    }
    return has_qualifier(a) || has_qualifier(b) || a->is_headline || b->is_headline;
}

/* Any reading of a unit with two (KB: 1000 or 1024) may make them meet. */
static bool meets(const struct quantity *a, const struct quantity *b)
{
    if (range_meets(a->w, b->w)) {
        return true;
    }
    bool one_differs = a->unit != b->unit && (a->alt > 1 || b->alt > 1);
    return one_differs &&
           (range_meets(range_scale(a->w, a->alt), b->w) || range_meets(a->w, range_scale(b->w, b->alt)));
}

/* ---- C103: the ratio of two units --- */

static double slip_of(const struct quantity *a, const struct quantity *b)
{
    static const double SLIPS[] = {8, 60, 100, 1000, 1024, 3600, 86400, 1e6, 1048576};
    const struct quantity *high = fabs(a->value) > fabs(b->value) ? a : b, *low = high == a ? b : a;
    struct range ratio;
    if (!range_div(range_abs(high->h), range_abs(low->h), &ratio)) {
        return 0;
    }
    for (size_t i = 0; i < sizeof SLIPS / sizeof SLIPS[0]; i++) {
        bool is_known = low->num.count >= 2 || SLIPS[i] >= 1000; /* 8 ms and 1 ms are no slip of bits */
        if (is_known && range_holds(ratio, SLIPS[i]) && ratio.hi / ratio.lo < 1.2) {
            return SLIPS[i];
        }
    }
    return 0;
}

/* ---- findings --- */

static const char *where(const struct model *m, const struct quantity *q)
{
    return q->table != NONE32 ? "a table" : m->blocks.at[q->block].kind == BLOCK_VALUE ? "a result file" : "the text";
}

static void say_contradiction(struct check *c, struct quantity *a, struct quantity *b)
{
    const struct model *m = &c->m;
    double slip = slip_of(a, b);
    bool is_file =
        m->blocks.at[b->block].kind == BLOCK_VALUE || m->blocks.at[a->block].kind == BLOCK_VALUE || b->is_evidence;
    enum rule_id rule = slip > 0 ? RULE_C103 : is_file ? RULE_C802 : RULE_C101;
    struct draft d = draft_at(c, rule, a);
    draft_operand(&d, b);
    draft_say(&d, "%s here, %s in %s", check_text(c, a), check_text(c, b), where(m, b));
    if (slip > 0) {
        draft_note(&d, "they differ by a factor of %g: a unit was taken for another", slip);
    } else {
        draft_note(&d, "as printed the first allows %s .. %s, the second %s .. %s", check_value(c, a, a->w.lo),
                   check_value(c, a, a->w.hi), check_value(c, b, b->w.lo), check_value(c, b, b->w.hi));
    }
    draft_reading(&d, "first", a->w);
    draft_reading(&d, "second", b->w);
    draft_end(&d);
}

struct candidates {
    struct quantity *at[CANDIDATES_MAX];
    uint32_t count;
    bool has_same, any_meets;
    struct quantity *same;
};

/* Whether a name is only what the rows of a table are called: "The keyword spotter" over the column "keyword". */
static bool is_kind_of_row(const struct model *m, const struct quantity *row, uint32_t token)
{
    uint32_t header = row->table == NONE32 ? NONE32 : model_cell(m, &m->tables.at[row->table], 0, 0);
    const struct block *b = header == NONE32 ? NULL : &m->blocks.at[header];
    for (uint32_t i = b ? b->item : 0; b && i < b->item + b->items; i++) {
        if (m->items.at[i].kind == ITEM_WORD && m->items.at[i].hash == token) {
            return true;
        }
    }
    return false;
}

/* Names of a JSON path that the document's label has not, and the other way round: only shared ones bind. */
static bool names_fit(const struct model *m, const struct quantity *a, const struct quantity *b)
{
    struct tokens x = claims_tokens(m, a, CLASS_NAME), y = claims_tokens(m, b, CLASS_NAME);
    uint32_t common = 0, kinds_of_a = 0, kinds_of_b = 0;
    for (uint32_t i = 0; i < x.count; i++) {
        bool is_common = false;
        for (uint32_t k = 0; k < y.count; k++) {
            is_common |= x.at[i] == y.at[k];
        }
        common += is_common;
        kinds_of_a += !is_common && is_text(m, a) && is_kind_of_row(m, b, x.at[i]);
    }
    for (uint32_t k = 0; k < y.count; k++) {
        kinds_of_b += is_text(m, b) && common < x.count && is_kind_of_row(m, a, y.at[k]);
    }
    uint32_t a_count = x.count - kinds_of_a, b_count = y.count - (kinds_of_b < y.count ? kinds_of_b : y.count);
    uint32_t least = a_count < b_count ? a_count : b_count;
    return common >= least;
}

static bool is_compatible(const struct model *m, const struct quantity *a, const struct quantity *b)
{
    if (a->key != b->key || (a->stat && b->stat && a->stat != b->stat)) {
        return false;
    }
    for (unsigned class_of = CLASS_ARM; class_of < CLASS_NAME; class_of++) {
        struct tokens x = claims_tokens(m, a, class_of), y = claims_tokens(m, b, class_of);
        bool is_equal = x.count == y.count && (x.count == 0 || memcmp(x.at, y.at, x.count * sizeof x.at[0]) == 0);
        if (x.count && y.count && !is_equal) {
            return false;
        }
    }
    return names_fit(m, a, b);
}

static bool is_same(const struct model *m, const struct quantity *a, const struct quantity *b)
{
    bool is_file = m->blocks.at[a->block].kind == BLOCK_VALUE || m->blocks.at[b->block].kind == BLOCK_VALUE;
    if (!is_file) {
        return claims_same(m, a, b);
    }
    return a->stat == b->stat && is_compatible(m, a, b);
}

static void collect(struct check *c, const struct entry *bucket, uint32_t count, const struct entry *self,
                    struct candidates *ret)
{
    const struct model *m = &c->m;
    struct quantity *q = &c->m.quantities.at[self->quantity];
    for (uint32_t i = 0; i < count && ret->count < CANDIDATES_MAX; i++) {
        bool is_one_table = self->table != NONE32 && self->table == bucket[i].table;
        if (is_one_table || (self->is_row && bucket[i].is_row)) {
            continue;
        }
        struct quantity *other = &c->m.quantities.at[bucket[i].quantity];
        if (other == q || !is_compatible(m, q, other) || !may_meet(m, q, other)) {
            continue;
        }
        ret->at[ret->count++] = other;
        ret->any_meets |= meets(q, other);
        if (is_same(m, q, other) && (!ret->same || !meets(ret->same, q))) {
            ret->same = other;
        }
    }
}

/* A row or file first, then text: the summary is blamed, and not the table that it sums up. */
static bool is_blamed(const struct model *m, const struct quantity *q, const struct quantity *other)
{
    bool a = is_text(m, q), b = is_text(m, other);
    if (a != b) {
        return a;
    }
    if (q->is_evidence != other->is_evidence) {
        return !q->is_evidence;
    }
    return q < other;
}

/* ---- C102, C602: a headline against the rows --- */

struct rows {
    struct quantity *best, *worst;
    uint32_t count, table;
    struct range hull;
};

static int better_of(const struct quantity *q)
{
    unsigned flags = q->metric ? claims_words[q->metric & 0xffff].flags : 0;
    return q->dim == DIM_RATIO || flags & WORD_HIGHER ? 1 : flags & WORD_LOWER ? -1 : 0;
}

static struct rows rows_of(const struct candidates *all, const struct quantity *q)
{
    struct rows rows = {.table = NONE32};
    int better = better_of(q);
    for (uint32_t i = 0; i < all->count; i++) {
        struct quantity *row = all->at[i];
        if (row->table == NONE32 || (rows.table != NONE32 && row->table != rows.table)) {
            continue;
        }
        rows.table = row->table;
        rows.hull = rows.count ? range_hull(rows.hull, row->w) : row->w;
        bool is_best = !rows.best || (better < 0 ? row->value < rows.best->value : row->value > rows.best->value);
        bool is_worst = !rows.worst || (better < 0 ? row->value > rows.worst->value : row->value < rows.worst->value);
        rows.best = is_best ? row : rows.best;
        rows.worst = is_worst ? row : rows.worst;
        rows.count++;
    }
    return rows;
}

/* "1.7x to 4.4x" */
static bool ends_range(const struct model *m, const struct quantity *q)
{
    const struct item *item = &m->items.at[q->item];
    if (q->item < m->blocks.at[q->block].item + 2 || item[-2].kind != ITEM_QUANTITY) {
        return false;
    }
    bool joins = (item[-1].kind == ITEM_WORD && (item[-1].word == W_TO || item[-1].word == W_AND)) ||
                 (item[-1].kind == ITEM_MARK && (item[-1].word == MARK_DASH || item[-1].word == '-'));
    return joins && m->quantities.at[item[-2].hash].dim == q->dim;
}

static bool is_limited(const struct model *m, const struct quantity *q)
{
    return ends_range(m, q) || q->bound != BOUND_EXACT || q->stat != STAT_NONE ||
           sentence_has_word(m, q->block, q->item, W_BEST) ||
           sentence_has_class(m, q->block, q->item, CLASS_LIMITING) || sentence_has_word(m, q->block, q->item, W_MAX);
}

static bool is_like(const struct model *m, const struct item *a, const struct item *b)
{
    if (a->kind != b->kind || (a->kind != ITEM_WORD && a->kind != ITEM_QUANTITY)) {
        return false;
    }
    return a->kind == ITEM_WORD ? a->hash == b->hash
                                : m->quantities.at[a->hash].value == m->quantities.at[b->hash].value;
}

static bool block_says(const struct model *m, uint32_t from, uint32_t to, const struct item *item)
{
    for (uint32_t i = from; i < to; i++) {
        if (is_like(m, &m->items.at[i], item)) {
            return true;
        }
    }
    return false;
}

/* "Battles of 200 players": what is in the label of the best row alone, and in the sentence. */
static bool says_row(const struct model *m, const struct quantity *q, const struct rows *rows)
{
    const struct table *t = &m->tables.at[rows->table];
    uint32_t best = claims_row_label(m, t, rows->best->row), worst = claims_row_label(m, t, rows->worst->row);
    uint32_t from = 0, to = 0;
    sentence_of(m, q->block, q->item, &from, &to);
    if (best == NONE32 || worst == NONE32 || best == worst) {
        return false;
    }
    const struct block *x = &m->blocks.at[best], *y = &m->blocks.at[worst];
    for (uint32_t i = x->item; i < x->item + x->items; i++) {
        const struct item *item = &m->items.at[i];
        if (block_says(m, from, to, item) && !block_says(m, y->item, y->item + y->items, item)) {
            return true;
        }
    }
    return false;
}

/* A name that the best row has and the worst has not: the headline speaks of that row. */
static bool names_row(const struct model *m, const struct quantity *q, const struct rows *rows)
{
    struct tokens names = claims_tokens(m, q, CLASS_NAME), best = claims_tokens(m, rows->best, CLASS_NAME),
                  worst = claims_tokens(m, rows->worst, CLASS_NAME);
    for (uint32_t i = 0; i < names.count; i++) {
        bool in_best = false, in_worst = false;
        for (uint32_t k = 0; k < best.count; k++) {
            in_best |= best.at[k] == names.at[i];
        }
        for (uint32_t k = 0; k < worst.count; k++) {
            in_worst |= worst.at[k] == names.at[i];
        }
        if (in_best != in_worst) {
            return true;
        }
    }
    return says_row(m, q, rows);
}

static void judge_headline(struct check *c, struct quantity *q, const struct candidates *all)
{
    const struct model *m = &c->m;
    struct rows rows = rows_of(all, q);
    if (rows.count < 2 || !q->is_headline || !is_text(m, q) || q->is_in_pair) {
        return;
    }
    if (!range_meets(rows.hull, q->w) && !all->same && q->bound == BOUND_EXACT) {
        struct draft d = draft_at(c, RULE_C102, q);
        draft_operand(&d, rows.worst);
        draft_operand(&d, rows.best);
        draft_say(&d, "%s lies outside the %u rows it can speak of (%s .. %s)", check_text(c, q), rows.count,
                  check_text(c, rows.worst), check_text(c, rows.best));
        draft_reading(&d, "hull of the rows", rows.hull);
        draft_end(&d);
        return;
    }
    bool is_best =
        range_meets(rows.best->h, q->h) && (rows.worst->w.hi < rows.best->w.lo || rows.best->w.hi < rows.worst->w.lo);
    if (is_best && better_of(q) != 0 && !names_row(m, q, &rows) && !is_limited(m, q)) {
        struct draft d = draft_at(c, RULE_C602, q);
        draft_operand(&d, rows.best);
        draft_operand(&d, rows.worst);
        draft_hint(&d, "say \"up to %s\", or name the row", check_text(c, q));
        draft_say(&d, "%s is the best of %u rows; the worst is %s", check_text(c, q), rows.count,
                  check_text(c, rows.worst));
        draft_end(&d);
    } else if (range_meets(rows.hull, q->w)) {
        check_holds(q);
    }
}

/* A sentence that shares a name with the only row that it can speak of, speaks of that row. */
static struct quantity *only_row(const struct model *m, const struct quantity *q, const struct candidates *all)
{
    struct quantity *row = NULL;
    struct tokens names = claims_tokens(m, q, CLASS_NAME);
    for (uint32_t i = 0; i < all->count && is_text(m, q) && names.count > 0; i++) {
        struct quantity *other = all->at[i];
        if (is_text(m, other)) {
            continue;
        }
        if (row) {
            return NULL;
        }
        row = claims_tokens(m, other, CLASS_NAME).count > 0 && (other->stat == q->stat || !q->stat) ? other : NULL;
    }
    return row;
}

/* Three or more sentences that say the same with other values are of several runs, side by side. */
static bool is_one_of_many(const struct model *m, const struct quantity *q, const struct candidates *all)
{
    if (!is_text(m, q) || !is_text(m, all->same)) {
        return false;
    }
    const struct block *here = &m->blocks.at[q->block], *there = &m->blocks.at[all->same->block];
    if (here->kind == BLOCK_ITEM && there->kind == BLOCK_ITEM && here->section != there->section && !q->is_headline &&
        !all->same->is_headline) {
        return true; /* the same list under two headings */
    }
    for (uint32_t i = 0; i < all->count; i++) {
        const struct quantity *other = all->at[i];
        if (other != all->same && is_text(m, other) && is_same(m, q, other) && !meets(other, all->same)) {
            return true;
        }
    }
    return false;
}

static void judge_quantity(struct check *c, const struct entry *bucket, uint32_t count, const struct entry *self)
{
    struct quantity *q = &c->m.quantities.at[self->quantity];
    struct candidates all = {0};
    collect(c, bucket, count, self, &all);
    all.same = all.same ? all.same : only_row(&c->m, q, &all);
    for (uint32_t i = 0; i < all.count; i++) {
        if (meets(q, all.at[i])) {
            check_holds(q);
            check_holds(all.at[i]);
        }
    }
    if (all.same && !meets(q, all.same) && is_blamed(&c->m, q, all.same)) {
        if (!all.any_meets && !is_one_of_many(&c->m, q, &all)) {
            say_contradiction(c, q, all.same);
        }
        return;
    }
    judge_headline(c, q, &all);
}

static struct entry entry_of(const struct model *m, uint32_t quantity)
{
    const struct quantity *q = &m->quantities.at[quantity];
    return (struct entry){
        .key = q->key, .quantity = quantity, .table = q->table, .is_row = q->table != NONE32 && !sums_up(m, q)};
}

void rule_metric(struct check *c)
{
    struct model *m = &c->m;
    uint32_t count = 0, kept = 0;
    for (uint32_t i = 0; i < m->quantities.count; i++) {
        count += takes_part(&m->quantities.at[i]);
    }
    struct entry *entries = assay_alloc(count ? count : 1, sizeof *entries);
    if (!entries) {
        model_fail(m);
        return;
    }
    for (uint32_t i = 0; i < m->quantities.count; i++) {
        if (takes_part(&m->quantities.at[i])) {
            entries[kept++] = entry_of(m, i);
        }
    }
    qsort(entries, count, sizeof *entries, by_key);
    for (uint32_t i = 0; i < count;) {
        uint32_t k = i;
        bool is_one_table = entries[i].table != NONE32, are_rows = true;
        while (k < count && entries[k].key == entries[i].key) {
            is_one_table &= entries[k].table == entries[i].table;
            are_rows &= entries[k].is_row;
            k++;
        }
        for (uint32_t at = i; at < k && k - i >= 2 && !is_one_table && !are_rows && k - i <= BUCKET_MAX; at++) {
            judge_quantity(c, &entries[i], k - i, &entries[at]);
        }
        i = k;
    }
    assay_free(entries);
}
