/* What a quantity speaks of: metric, statistic and qualifiers, from the words around it or from its table. */
#include "claims/label.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NEAR_WORDS 8         /* of running text to either side */
#define CAPTION_QUANTITIES 4 /* of a caption that say how a table was measured; more is a paragraph of its own */

struct labeller {
    struct model *m;
    uint32_t *names; /* open addressing: name tokens of row labels, headers and keys */
    uint32_t names_slots;
};

struct label_set {
    uint32_t tokens[LABEL_TOKENS_MAX];
    uint32_t count;
    uint8_t stat;
    bool is_modal, is_hypothetical, is_param, is_whole;
};

/* ---- classes --- */

uint8_t claims_stat_of_word(uint16_t word)
{
    static const struct {
        uint16_t word;
        uint8_t stat;
    } STATS[] = {{W_MEAN, STAT_MEAN}, {W_MEDIAN, STAT_P50}, {W_P10, STAT_P10},         {W_P25, STAT_P25},
                 {W_P75, STAT_P75},   {W_P90, STAT_P90},    {W_P95, STAT_P95},         {W_P99, STAT_P99},
                 {W_P999, STAT_P999}, {W_MIN, STAT_MIN},    {W_MAX, STAT_MAX},         {W_SD, STAT_SD},
                 {W_CV, STAT_CV},     {W_N, STAT_N},        {W_GEOMEAN, STAT_GEOMEAN}, {W_HARMONIC, STAT_HARMONIC}};
    for (size_t i = 0; i < sizeof STATS / sizeof STATS[0]; i++) {
        if (STATS[i].word == word) {
            return STATS[i].stat;
        }
    }
    return STAT_NONE;
}

static void add_token(struct label_set *set, uint32_t token)
{
    for (uint32_t i = 0; i < set->count; i++) {
        if (set->tokens[i] == token) {
            return;
        }
    }
    if (set->count < LABEL_TOKENS_MAX) {
        set->tokens[set->count++] = token;
    }
}

/* Takes one word into the label. Names only where the place says what they name. */
static void take_word(struct label_set *set, const struct item *item, bool takes_names)
{
    if (item->kind != ITEM_WORD) {
        return;
    }
    unsigned class_of = TOKEN_CLASS(item->hash);
    switch (class_of) {
    case CLASS_STAT:
        if (set->stat == STAT_NONE || set->stat == STAT_N) {
            set->stat = claims_stat_of_word(item->word);
        }
        break;
    case CLASS_METRIC:
    case CLASS_ARM:
    case CLASS_SIZE:
    case CLASS_PHASE:
    case CLASS_DEVICE:
        add_token(set, item->hash);
        break;
    case CLASS_MODAL:
        set->is_modal = true;
        break;
    case CLASS_PARAM:
        set->is_param = true;
        if (takes_names) {
            add_token(set, TOKEN(CLASS_NAME, item->hash));
        }
        break;
    case CLASS_WHOLE:
        set->is_whole = true;
        break;
    case CLASS_NAME:
        if (takes_names && item->len > 1) {
            add_token(set, item->hash);
        }
        break;
    default:
        break;
    }
}

static void take_block(const struct model *m, struct label_set *set, uint32_t block, bool takes_names)
{
    if (block == NONE32) {
        return;
    }
    const struct block *b = &m->blocks.at[block];
    for (uint32_t i = b->item; i < b->item + b->items; i++) {
        const struct item *item = &m->items.at[i];
        take_word(set, item, takes_names);
        if (takes_names && item->kind == ITEM_QUANTITY) { /* "batch 8", "4 threads" in a row label */
            const struct assay_slice text = model_text(m, block);
            add_token(set, TOKEN(CLASS_SIZE, claims_hash(text.data + (item->flat - b->flat), item->len)));
        }
    }
}

static bool has_class(const struct label_set *set, unsigned class_of)
{
    for (uint32_t i = 0; i < set->count; i++) {
        if (TOKEN_CLASS(set->tokens[i]) == class_of) {
            return true;
        }
    }
    return false;
}

/* ---- names --- */

static void add_name(struct labeller *l, uint32_t token)
{
    for (uint32_t at = token & (l->names_slots - 1);; at = (at + 1) & (l->names_slots - 1)) {
        if (l->names[at] == token) {
            return;
        }
        if (l->names[at] == 0) {
            l->names[at] = token;
            return;
        }
    }
}

static bool is_name(const struct labeller *l, uint32_t token)
{
    for (uint32_t at = token & (l->names_slots - 1); l->names[at]; at = (at + 1) & (l->names_slots - 1)) {
        if (l->names[at] == token) {
            return true;
        }
    }
    return false;
}

/* Words of row labels and headers: in running text they name a row. */
static bool collect_names(struct labeller *l)
{
    struct model *m = l->m;
    uint32_t count = 0;
    for (uint32_t pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < m->blocks.count; i++) {
            const struct block *b = &m->blocks.at[i];
            if (b->kind != BLOCK_HEAD_CELL && (b->kind != BLOCK_CELL || b->quantities > 0)) {
                continue;
            }
            for (uint32_t k = b->item; k < b->item + b->items; k++) {
                const struct item *item = &m->items.at[k];
                bool is_named = item->kind == ITEM_WORD && TOKEN_CLASS(item->hash) == CLASS_NAME && item->len > 2;
                count += is_named && pass == 0;
                if (is_named && pass == 1) {
                    add_name(l, item->hash);
                }
            }
        }
        if (pass == 0) {
            for (l->names_slots = 64; l->names_slots < count * 2; l->names_slots *= 2) {
            }
            l->names = assay_alloc(l->names_slots, sizeof *l->names);
            if (!l->names) {
                model_fail(m);
                return false;
            }
        }
    }
    return true;
}

/* ---- running text --- */

static bool ends_clause(const struct item *item)
{
    return item->kind == ITEM_MARK && (item->word == ';' || item->word == '(' || item->word == ')' ||
                                       item->word == '|' || item->word == MARK_ARROW);
}

static bool is_bracket(const struct item *item)
{
    return item->word == '(' || item->word == ')';
}

struct nearest {
    uint32_t metric, metric_at, stat_at;
    uint32_t neighbour; /* the quantity before, where nothing but its label was found up to it */
    uint8_t stat;
};

/* "8 threads", "batch 8", "at 16 connections": a qualifier of what stands beside it; 0 if it is none. */
static uint32_t parameter_token(const struct model *m, int64_t item)
{
    const struct quantity *q = &m->quantities.at[m->items.at[item].hash];
    const struct block *b = &m->blocks.at[q->block];
    uint32_t value = (uint32_t)(q->num.digits * 31 + (uint64_t)q->num.exp10);
    bool is_unit = q->unit == UNIT_THREADS || q->unit == UNIT_CONNECTIONS || q->unit == UNIT_CORES ||
                   q->unit == UNIT_GPUS || q->unit == UNIT_USERS || q->unit == UNIT_HOSTS;
    if (is_unit && q->dim == DIM_COUNT) {
        return TOKEN(CLASS_SIZE, (value * 16777619u) ^ q->unit);
    }
    for (int64_t i = item - 1; i >= b->item && i >= item - 2; i--) {
        const struct item *before = &m->items.at[i];
        if (before->kind == ITEM_WORD && claims_words[before->word].class_of == CLASS_PARAM &&
            (q->is_bare || q->dim == DIM_COUNT)) {
            return TOKEN(CLASS_SIZE, (value * 16777619u) ^ before->word);
        }
    }
    return 0;
}

/* "1,940 MiB with eight streams": how it was measured, and no arm. */
static bool is_way(const struct model *m, const struct block *b, int64_t item)
{
    return m->items.at[item].word == W_WITH && m->items.at[item].kind == ITEM_WORD &&
           item + 1 < (int64_t)b->item + b->items && m->items.at[item + 1].kind == ITEM_QUANTITY;
}

/* Words to one side, nearest first, up to the clause's end or the next quantity. */
static void walk(const struct labeller *l, const struct quantity *q, int step, struct label_set *set,
                 struct nearest *near)
{
    const struct model *m = l->m;
    const struct block *b = &m->blocks.at[q->block];
    uint32_t words = 0;
    bool speaks_of_limit = false; /* "1,940 MiB, inside the container limit": the names behind are the limit's */
    for (int64_t i = (int64_t)q->item + step; i >= b->item && i < (int64_t)b->item + b->items; i += step) {
        const struct item *item = &m->items.at[i];
        if ((step < 0 && item->flags & ITEM_ENDS_SENTENCE) || (ends_clause(item) && (step > 0 || !is_bracket(item))) ||
            words > NEAR_WORDS) {
            break;
        }
        if (item->kind == ITEM_QUANTITY) {
            const struct quantity *other = &m->quantities.at[item->hash];
            uint32_t parameter = parameter_token(m, i);
            if (parameter) {
                add_token(set, parameter);
            } else if (!other->is_bare && other->dim != DIM_COUNT) {
                near->neighbour = step < 0 ? item->hash : near->neighbour;
                break;
            }
        }
        words += item->kind == ITEM_WORD;
        if (item->kind == ITEM_WORD && TOKEN_CLASS(item->hash) == CLASS_METRIC && words < near->metric_at) {
            near->metric = item->hash;
            near->metric_at = words;
        } else if (item->kind == ITEM_WORD && TOKEN_CLASS(item->hash) == CLASS_STAT) {
            if (words < near->stat_at) {
                near->stat = claims_stat_of_word(item->word);
                near->stat_at = words;
            }
        } else if (item->kind == ITEM_WORD && TOKEN_CLASS(item->hash) == CLASS_MODAL) {
            set->is_modal |= step < 0 || words <= 2;
        } else if (!is_way(m, b, i)) {
            speaks_of_limit |= step > 0 && item->kind == ITEM_WORD && TOKEN_CLASS(item->hash) == CLASS_MARGIN;
            take_word(set, item,
                      item->kind == ITEM_WORD && !speaks_of_limit && TOKEN_CLASS(item->hash) == CLASS_NAME &&
                          is_name(l, item->hash));
        }
        if (step > 0 && item->flags & ITEM_ENDS_SENTENCE) {
            break;
        }
    }
}

static const struct sentence *sentence_at(const struct model *m, const struct quantity *q)
{
    return &m->sentences.at[m->items.at[q->item].sentence];
}

static uint32_t first_metric(const struct model *m, uint32_t block)
{
    return block == NONE32 ? 0 : m->blocks.at[block].metric;
}

static uint32_t heading_metric(const struct model *m, uint32_t section)
{
    return section == NONE32 ? 0 : first_metric(m, m->sections.at[section].block);
}

/* "p50/p95/p99: 12/30/44 ms": the label at the same place of the list before. */
static uint8_t listed_stat(const struct model *m, const struct quantity *q)
{
    const struct block *b = &m->blocks.at[q->block];
    uint32_t first = q->item - (q->list_at - 1u);
    for (uint32_t end = first; end > b->item && first - end < NEAR_WORDS; end--) {
        uint32_t width = q->list_of * 2u - 1;
        if (end < b->item + width) {
            break;
        }
        bool is_list = true;
        for (uint32_t k = 0; k < width; k++) {
            const struct item *item = &m->items.at[end - width + k];
            is_list &= k % 2 ? item->kind == ITEM_MARK && item->word == '/' : item->kind == ITEM_WORD;
        }
        if (is_list) {
            return claims_stat_of_word(m->items.at[end - width + 2u * (q->list_at - 1u)].word);
        }
    }
    return STAT_NONE;
}

/* "12 s (min)" */
static uint8_t stat_in_brackets(const struct model *m, const struct quantity *q)
{
    const struct block *b = &m->blocks.at[q->block];
    const struct item *next = &m->items.at[q->item];
    if (q->item + 3 >= b->item + b->items || next[1].kind != ITEM_MARK || next[1].word != '(' ||
        next[2].kind != ITEM_WORD || next[3].kind != ITEM_MARK || next[3].word != ')') {
        return STAT_NONE;
    }
    return claims_stat_of_word(next[2].word);
}

/* "scaler_time_ms = -4.2": the unit stands in the key. */
static bool unit_of_line(const struct model *m, const struct quantity *q, struct measure *ret)
{
    const struct block *b = &m->blocks.at[q->block];
    const char *s = model_text(m, q->block).data;
    uint32_t at = q->flat - b->flat, end = at;
    size_t stem = 0;
    while (end > 0 && (s[end - 1] == ' ' || s[end - 1] == '\t')) {
        end--;
    }
    if (end == 0 || (s[end - 1] != '=' && s[end - 1] != ':')) {
        return false;
    }
    for (end--; end > 0 && s[end - 1] == ' '; end--) {
    }
    uint32_t from = end;
    while (from > 0 && (scan_is_letter(s[from - 1]) || scan_is_digit(s[from - 1]))) {
        from--;
    }
    return measure_of_key(s + from, end - from, ret, &stem);
}

static void label_text(const struct labeller *l, const struct quantity *q, struct label_set *set)
{
    const struct model *m = l->m;
    const struct block *b = &m->blocks.at[q->block];
    struct nearest near = {.metric_at = NEAR_WORDS + 1, .stat_at = NEAR_WORDS + 1, .neighbour = NONE32};
    walk(l, q, -1, set, &near);
    if (near.neighbour != NONE32 && set->count == 0 && near.metric == 0) { /* "p50 18 ms, p95 15 ms": of one thing */
        const struct quantity *before = &m->quantities.at[near.neighbour];
        for (uint32_t i = 0; i < before->labels && before->dim == q->dim; i++) {
            add_token(set, m->labels.at[before->label + i]);
        }
        near.metric_at = set->count ? 0 : near.metric_at;
    }
    walk(l, q, 1, set, &near);
    uint8_t bracketed = stat_in_brackets(m, q);
    near.stat = bracketed ? bracketed : near.stat;
    const struct sentence *sentence = sentence_at(m, q);
    set->is_hypothetical |= (sentence->classes & UINT32_C(1) << CLASS_HYPOTHETICAL) != 0;
    uint32_t metric = near.metric ? near.metric : sentence->metric;
    bool is_factor = q->dim == DIM_RATIO; /* of speed, unless its own sentence says otherwise */
    metric = metric || is_factor ? metric : first_metric(m, b->stem);
    metric = metric || is_factor ? metric : heading_metric(m, b->section);
    if (metric && !has_class(set, CLASS_METRIC)) {
        add_token(set, metric);
    }
    set->stat = near.stat;
    if (q->list_of) {
        uint8_t listed = listed_stat(m, q);
        set->stat = listed ? listed : set->stat;
    }
}

/* ---- tables --- */

static uint32_t row_label(const struct model *m, const struct table *t, uint32_t row)
{
    for (uint32_t c = 0; c < t->columns; c++) {
        uint32_t cell = model_cell(m, t, row, c);
        if (cell == NONE32) {
            continue;
        }
        const struct block *b = &m->blocks.at[cell];
        bool has_word = false, is_measured = false;
        for (uint32_t i = b->item; i < b->item + b->items; i++) {
            const struct item *item = &m->items.at[i];
            has_word |= item->kind == ITEM_WORD;
            is_measured |= item->kind == ITEM_QUANTITY && !m->quantities.at[item->hash].is_bare &&
                           m->quantities.at[item->hash].dim != DIM_COUNT;
        }
        if (!is_measured && (has_word || (c == 0 && b->flat_len > 0))) {
            return cell;
        }
    }
    return NONE32;
}

uint32_t claims_row_label(const struct model *m, const struct table *t, uint32_t row)
{
    return row_label(m, t, row);
}

static void label_cell(const struct model *m, const struct quantity *q, struct label_set *set)
{
    const struct block *b = &m->blocks.at[q->block];
    const struct table *t = &m->tables.at[b->table];
    uint32_t label = row_label(m, t, b->row);
    const struct block *caption = t->caption == NONE32 ? NULL : &m->blocks.at[t->caption];
    for (uint32_t i = 0; caption && i < caption->quantities && i < CAPTION_QUANTITIES; i++) {
        uint32_t parameter = parameter_token(m, m->quantities.at[caption->quantity + i].item);
        if (parameter) {
            add_token(set, parameter); /* "With eight streams:" */
        }
    }
    take_block(m, set, q->block, false); /* its own words first: "mean 1.2 s" in a row of p95 */
    take_block(m, set, model_cell(m, t, 0, b->column), true);
    if (label != q->block) {
        take_block(m, set, label, true);
    }
    if (!has_class(set, CLASS_METRIC)) {
        uint32_t metric = first_metric(m, t->caption);
        metric = metric ? metric : heading_metric(m, t->section);
        if (metric) {
            add_token(set, metric);
        }
    }
}

/* A unit in the header or in the row label: "p50 (ms)", "Peak memory (MB)". */
bool claims_block_unit(const struct model *m, uint32_t block, struct measure *ret)
{
    if (block == NONE32) {
        return false;
    }
    const struct block *b = &m->blocks.at[block];
    struct assay_slice text = model_text(m, block);
    for (uint32_t i = b->item; i < b->item + b->items; i++) {
        const struct item *item = &m->items.at[i];
        bool is_last = i + 1 == b->item + b->items;
        bool is_bracketed =
            i > b->item && m->items.at[i - 1].kind == ITEM_MARK &&
            (m->items.at[i - 1].word == '(' || m->items.at[i - 1].word == '[' || m->items.at[i - 1].word == ',');
        bool is_symbol = item->kind == ITEM_MARK && (item->word == '%' || item->word == '$');
        if (!is_bracketed && !is_last && !(item->flags & ITEM_GLUED) && !is_symbol && i != b->item) {
            continue;
        }
        struct scan sc = {.m = (struct model *)(uintptr_t)m, .block = block, .s = text.data, .n = b->flat_len};
        uint32_t at = item->flat - b->flat;
        if (is_symbol && item->word == '$') {
            *ret = (struct measure){.unit = UNIT_DOLLAR, .dim = DIM_MONEY, .scale = 1, .alt = 1, .is_found = true};
            return true;
        }
        if (scan_measure_read(&sc, at, ret) &&
            (is_bracketed || is_symbol || item->flags & ITEM_GLUED || i == b->item || is_last) &&
            !(ret->dim == DIM_COUNT) && (is_bracketed || ret->to >= b->flat_len || is_symbol)) {
            return true;
        }
    }
    return false;
}

/* ---- the result --- */

static int by_token(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* One metric for words that say the same of this dimension. */
static uint32_t metric_of(const struct quantity *q, uint32_t token)
{
    uint16_t word = (uint16_t)(token & 0xffff);
    bool is_rate = DIM_DEN(q->dim) == DIM_TIME;
    if (is_rate && (word == W_THROUGHPUT || word == W_RATE || word == W_BANDWIDTH)) {
        return TOKEN_WORD(W_THROUGHPUT);
    }
    if (q->dim == DIM_RATIO && word == W_THROUGHPUT) { /* "speed-up" */
        return TOKEN_WORD(W_SPEEDUP);
    }
    return token;
}

static uint32_t implied_metric(const struct quantity *q, const struct label_set *set)
{
    if (DIM_DEN(q->dim) == DIM_TIME) {
        return TOKEN_WORD(W_THROUGHPUT);
    }
    if (q->dim == DIM_RATIO) {
        return TOKEN_WORD(W_SPEEDUP);
    }
    bool is_quantile = set->stat >= STAT_P10 && set->stat <= STAT_P999;
    return q->dim == DIM_TIME && is_quantile ? TOKEN_WORD(W_LATENCY) : 0;
}

static uint32_t noun_of_unit(uint16_t unit)
{
    switch (unit) {
    case UNIT_FPS:
        return TOKEN(CLASS_NAME, claims_hash("frames", 6));
    case UNIT_QPS:
        return TOKEN(CLASS_NAME, claims_hash("queries", 7));
    case UNIT_RPS:
        return TOKEN(CLASS_NAME, claims_hash("requests", 8));
    case UNIT_TPS:
        return TOKEN(CLASS_NAME, claims_hash("tokens", 6));
    default:
        return 0;
    }
}

static uint32_t key_of(const struct quantity *q, const struct label_set *set)
{
    uint32_t key = (UINT32_C(2166136261) ^ q->dim) * UINT32_C(16777619);
    bool has_metric = false;
    for (uint32_t i = 0; i < set->count; i++) {
        if (TOKEN_CLASS(set->tokens[i]) == CLASS_METRIC) {
            key = (key ^ set->tokens[i]) * UINT32_C(16777619);
            has_metric = true;
        }
    }
    uint32_t implied = has_metric ? 0 : implied_metric(q, set);
    if (implied) {
        key = (key ^ implied) * UINT32_C(16777619);
        has_metric = true;
    }
    bool counts = DIM_NUM(q->dim) == DIM_COUNT && q->noun;
    if (counts || q->per) {
        key = ((key ^ q->noun) * UINT32_C(16777619) ^ q->per) * UINT32_C(16777619);
    }
    return has_metric || (q->dim == DIM_COUNT && q->noun) ? key | 1 : 0;
}

/* Scores and shares that are written without a unit: "recall 0.91". */
static bool is_score(const struct quantity *q)
{
    static const uint16_t METRICS[] = {W_RECALL,  W_ACCURACY,   W_PRECISION, W_SCORE,  W_HIT,
                                       W_SUCCESS, W_PERPLEXITY, W_LOSS,      W_SPEEDUP};
    for (size_t i = 0; i < sizeof METRICS / sizeof METRICS[0]; i++) {
        if (q->metric == TOKEN_WORD(METRICS[i])) {
            return q->num.exp10 < 0 && !q->is_row_label;
        }
    }
    return false;
}

static uint8_t role_of(const struct model *m, const struct quantity *q, const struct label_set *set)
{
    const struct block *b = &m->blocks.at[q->block];
    bool is_bounded_cell = b->kind == BLOCK_CELL && (q->bound == BOUND_UPPER || q->bound == BOUND_LOWER);
    if (set->is_hypothetical) {
        return ROLE_HYPOTHETICAL;
    }
    if ((set->is_modal || is_bounded_cell) && (q->dim != DIM_NONE || is_score(q)) && q->form != FORM_FRACTION) {
        return ROLE_THRESHOLD;
    }
    if (q->is_bare) {
        return set->is_param || set->stat == STAT_N ? ROLE_PARAMETER : is_score(q) ? ROLE_SHARE : ROLE_NUMBER;
    }
    switch (DIM_NUM(q->dim)) {
    case DIM_PERCENT:
    case DIM_POINTS:
        return ROLE_SHARE;
    case DIM_RATIO:
        return ROLE_RATIO;
    case DIM_MONEY:
        return ROLE_MONEY;
    case DIM_COUNT:
        if (DIM_DEN(q->dim) != DIM_NONE) {
            return ROLE_MEASURED;
        }
        return q->unit == UNIT_CONNECTIONS || q->unit == UNIT_THREADS || q->unit == UNIT_CORES ||
                       q->unit == UNIT_DIMENSIONS
                   ? ROLE_PARAMETER
                   : ROLE_COUNT;
    default:
        return ROLE_MEASURED;
    }
}

static void store(struct model *m, struct quantity *q, struct label_set *set)
{
    for (uint32_t i = 0; i < set->count; i++) {
        if (TOKEN_CLASS(set->tokens[i]) == CLASS_METRIC) {
            set->tokens[i] = metric_of(q, set->tokens[i]);
        }
    }
    qsort(set->tokens, set->count, sizeof set->tokens[0], by_token);
    q->label = m->labels.count;
    q->labels = set->count;
    for (uint32_t class_of = 0, end = 0; class_of <= CLASS_NAME; class_of++) {
        while (end < set->count && TOKEN_CLASS(set->tokens[end]) <= class_of) {
            end++;
        }
        q->ends[class_of] = (uint8_t)end;
    }
    for (uint32_t i = 0; i < set->count; i++) {
        if (!vec_room(&m->labels)) {
            model_fail(m);
            return;
        }
        m->labels.at[m->labels.count++] = set->tokens[i];
    }
    q->metric = set->count && TOKEN_CLASS(set->tokens[0]) == CLASS_METRIC ? set->tokens[0] : implied_metric(q, set);
    q->noun = q->noun ? q->noun : noun_of_unit(q->unit);
    q->stat = set->stat;
    q->key = key_of(q, set);
    q->role = role_of(m, q, set);
    q->is_whole = set->is_whole;
}

/* The words of a JSON key: "p50_ms", "peakMemory", "encode.time". */
static void take_key(struct label_set *set, struct assay_slice key)
{
    for (size_t at = 0; at < key.len;) {
        size_t end = at;
        while (end < key.len && (scan_is_letter(key.data[end]) || scan_is_digit(key.data[end])) &&
               key.data[end] != '_' &&
               !(end > at && key.data[end] >= 'A' && key.data[end] <= 'Z' && key.data[end - 1] >= 'a')) {
            end++;
        }
        if (end > at) {
            struct word_hit hit = claims_word_find(key.data + at, end - at);
            bool is_unit = hit.unit && !hit.word && !(claims_units[hit.unit].flags & UNIT_NOUN);
            size_t len = end - at - (end - at > 3 && (key.data[end - 1] | 32) == 's');
            struct item item = {.kind = ITEM_WORD,
                                .word = hit.word,
                                .len = (uint16_t)(end - at),
                                .hash = hit.word ? TOKEN_WORD(hit.word)
                                                 : TOKEN(CLASS_NAME, claims_hash(key.data + at, len))};
            if (!is_unit) {
                take_word(set, &item, true);
            }
        }
        at = end > at && end < key.len && key.data[end] >= 'A' && key.data[end] <= 'Z' ? end : end + 1;
    }
}

static bool holds_all(const struct label_set *set, const struct label_set *parts)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < parts->count; i++) {
        for (uint32_t k = 0; k < set->count; k++) {
            found += set->tokens[k] == parts->tokens[i];
        }
    }
    return parts->count > 0 && found == parts->count;
}

static void replace(struct label_set *set, const struct label_set *parts, const struct label_set *by)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        bool goes = false;
        for (uint32_t k = 0; k < parts->count; k++) {
            goes |= parts->tokens[k] == set->tokens[i];
        }
        set->tokens[kept] = set->tokens[i];
        kept += !goes;
    }
    set->count = kept;
    for (uint32_t i = 0; i < by->count; i++) {
        add_token(set, by->tokens[i]);
    }
}

/* Names that a policy holds for one ("same_as: [[tps, decode_rate]]") become the first of their group. */
static void merge_names(const struct model *m, struct label_set *set)
{
    const struct assay_claims_policy *policy = &m->request->policy;
    for (size_t i = 0; i < policy->same_as_count; i++) {
        const struct assay_claims_same *group = &policy->same_as[i];
        struct label_set first = {0};
        for (size_t k = 0; k < group->count; k++) {
            struct label_set parts = {0};
            take_key(&parts, assay_slice_of(group->words[k]));
            if (k == 0) {
                first = parts;
            } else if (first.count > 0 && holds_all(set, &parts)) {
                replace(set, &parts, &first);
            }
        }
    }
}

void claims_label_member(struct model *m, uint32_t quantity, const struct assay_slice *path, uint32_t depth,
                         uint32_t member)
{
    struct quantity *q = &m->quantities.at[quantity];
    struct label_set set = {0};
    take_key(&set, q->json_key);
    for (uint32_t i = depth; i > 0; i--) {
        take_key(&set, path[i - 1]);
    }
    for (uint32_t i = member; i < m->members.count && i < member + LABEL_TOKENS_MAX; i++) {
        const struct text_member *text = &m->members.at[i];
        if (text->group == q->group && !text->is_bool && text->value.len <= 24 && text->value.len > 0 &&
            !scan_is_digit(text->value.data[0])) {
            take_key(&set, text->value);
        }
    }
    merge_names(m, &set);
    store(m, q, &set);
}

static void label_quantity(struct labeller *l, struct quantity *q)
{
    struct model *m = l->m;
    const struct block *b = &m->blocks.at[q->block];
    struct label_set set = {0};
    if (b->kind == BLOCK_VALUE) {
        return; /* the reader of JSON did it */
    }
    if (b->kind == BLOCK_CELL) {
        q->table = b->table;
        q->row = b->row;
        q->column = b->column;
        struct measure measure;
        const struct table *t = &m->tables.at[b->table];
        bool is_label = b->column == 0 && row_label(m, t, b->row) == q->block;
        if (q->is_bare && !is_label && b->quantities == 1 && q->form == FORM_PLAIN &&
            (claims_block_unit(m, model_cell(m, t, 0, b->column), &measure) ||
             claims_block_unit(m, row_label(m, t, b->row), &measure))) {
            quantity_measure(q, &measure);
            q->is_bare = false;
            q->is_unit_of_label = true;
        }
        q->is_row_label = is_label;
        label_cell(m, q, &set);
    } else {
        struct measure measure;
        if (q->is_bare && b->kind == BLOCK_CODE && q->form == FORM_PLAIN && unit_of_line(m, q, &measure)) {
            quantity_measure(q, &measure);
            q->is_bare = false;
        }
        label_text(l, q, &set);
    }
    q->is_headline = b->kind != BLOCK_CELL && (b->is_lead || (model_flags_at(m, q->block, q->flat) & SEGMENT_STRONG));
    merge_names(m, &set);
    store(m, q, &set);
}

/* Rows of tables and sentences are records: quantities that belong together. */
static void group(struct model *m)
{
    uint64_t last = UINT64_MAX;
    for (uint32_t i = 0; i < m->quantities.count; i++) {
        struct quantity *q = &m->quantities.at[i];
        if (q->group != NONE32) {
            continue;
        }
        uint64_t place = q->table != NONE32 ? ((uint64_t)q->table << 32 | q->row)
                                            : ((uint64_t)q->block << 32 | q->sentence | UINT64_C(1) << 31);
        if (place != last) {
            m->groups++;
            last = place;
        }
        q->group = m->groups - 1;
    }
}

void claims_label(struct model *m)
{
    struct labeller l = {.m = m};
    if (m->failed != ASSAY_OK || !collect_names(&l)) {
        return;
    }
    for (uint32_t i = 0; i < m->quantities.count && m->failed == ASSAY_OK; i++) {
        label_quantity(&l, &m->quantities.at[i]);
    }
    group(m);
    assay_free(l.names);
}
