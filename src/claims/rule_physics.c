/* C401 to C405: what no machine can give. */
#include "claims/record.h"
#include "claims/relation.h"

#include <math.h>
#include <string.h>

static uint16_t metric_of(const struct quantity *q)
{
    return (uint16_t)(q->metric ? q->metric & 0xffff : W_NONE);
}

/* ---- C401 range --- */

static bool speaks_of_change(const struct model *m, const struct quantity *q)
{
    static const char *const WORDS[] = {"delta",  "diff",  "change",  "offset", "skew", "drift", "vs",
                                        "margin", "error", "improve", "gain",   "sav",  NULL};
    if (q->json_key.len) {
        for (size_t i = 0; WORDS[i]; i++) {
            if (memmem(q->json_key.data, q->json_key.len, WORDS[i], strlen(WORDS[i]))) {
                return true;
            }
        }
        return false;
    }
    if (q->table != NONE32) {
        if (cell_label_has_any(m, q, WORDS)) {
            return true;
        }
    } else if (sentence_has_class(m, q->block, q->item, CLASS_DELTA) ||
               sentence_has_class(m, q->block, q->item, CLASS_DIRECTION) ||
               sentence_has_word(m, q->block, q->item, W_DIFF)) {
        return true;
    }
    return quantity_has_class(m, q, CLASS_DELTA) || quantity_has_class(m, q, CLASS_DIRECTION) ||
           quantity_has_word(m, q, W_DIFF);
}

static bool is_never_negative(const struct quantity *q)
{
    uint16_t metric = metric_of(q);
    bool is_dim = q->dim == DIM_TIME || q->dim == DIM_BYTES || q->dim == DIM_ENERGY || DIM_DEN(q->dim) == DIM_TIME;
    bool is_metric = metric == W_LATENCY || metric == W_DURATION || metric == W_TTFT || metric == W_MEMORY ||
                     metric == W_ENERGY || metric == W_THROUGHPUT || metric == W_FOOTPRINT || metric == W_ICL;
    bool is_loose = metric == W_DURATION && q->table == NONE32 && q->json_key.len == 0; /* "-7 seconds": an offset */
    return is_dim && is_metric && !is_loose && q->form == FORM_PLAIN;
}

/* Utilisation of one device cannot be above all of it; that of a CPU with many cores can. */
static bool speaks_of_one_device(const struct model *m, const struct quantity *q)
{
    struct tokens metrics = claims_tokens(m, q, CLASS_METRIC);
    bool has_use = false, has_gpu = false;
    for (uint32_t i = 0; i < metrics.count; i++) {
        has_use |= metrics.at[i] == TOKEN_WORD(W_UTILISATION);
        has_gpu |= metrics.at[i] == TOKEN_WORD(W_GPU);
    }
    bool is_text = q->table == NONE32 && !q->json_key.len;
    has_gpu |= is_text && sentence_has_word(m, q->block, q->item, W_GPU);
    has_use |= is_text && sentence_has_word(m, q->block, q->item, W_UTILISATION);
    return has_use && has_gpu;
}

static bool is_share_of_all(const struct model *m, const struct quantity *q)
{
    uint16_t metric = metric_of(q);
    if (speaks_of_one_device(m, q)) {
        return true;
    }
    return metric == W_SUCCESS || metric == W_RECALL || metric == W_HIT || metric == W_ACCURACY ||
           metric == W_PRECISION || metric == W_COVERAGE;
}

static void judge_range(struct check *c, struct quantity *q)
{
    const struct model *m = &c->m;
    if (q->num.is_negative && q->w.hi < 0 && is_never_negative(q) && !q->is_in_pair && !speaks_of_change(m, q)) {
        struct draft d = draft_at(c, RULE_C401, q);
        draft_say(&d, "%s: a time, a size, a rate or an energy is never negative", check_text(c, q));
        draft_note(&d, "if it is a difference, say so: 'change', 'delta'");
        draft_end(&d);
    }
    if (q->dim == DIM_PERCENT && q->w.lo > 1 && is_share_of_all(m, q) && q->form == FORM_PLAIN && !q->num.has_sign &&
        q->bound != BOUND_UPPER && !speaks_of_change(m, q) &&
        !(q->table == NONE32 && !q->json_key.len && word_is_behind(m, q, W_OF, 1))) {
        struct draft d = draft_at(c, RULE_C401, q);
        draft_say(&d, "%s: more than all", check_text(c, q));
        draft_end(&d);
    }
}

/* ---- C402 zero --- */

/* Of a block many sentences may ask: the answer is kept. */
static bool block_measures(struct check *c, uint32_t block)
{
    static const char *const MEASURED[] = {"measured", "elapsed", "response", "took", NULL};
    if (c->zero_block != block + 1) {
        c->zero_block = block + 1;
        c->zero_block_measures = block_has_any(&c->m, block, MEASURED);
    }
    return c->zero_block_measures;
}

static void judge_zero(struct check *c, const struct record *record)
{
    for (uint32_t i = 0; i < record->count; i++) {
        struct quantity *q = record->at[i];
        bool is_zero =
            q->num.digits == 0 && q->bound == BOUND_EXACT && q->form == FORM_PLAIN && q->role == ROLE_MEASURED;
        if (!is_zero) {
            continue;
        }
        bool is_named = metric_of(q) == W_LATENCY || metric_of(q) == W_TTFT ||
                        (metric_of(q) == W_DURATION && record->is_text && block_measures(c, q->block));
        bool is_time = q->dim == DIM_TIME && (q->stat != STAT_NONE || is_named) && q->stat != STAT_SD &&
                       q->stat != STAT_MIN && q->stat != STAT_CV;
        bool has_work = false;
        for (uint32_t k = 0; k < record->count; k++) {
            has_work |= record->at[k]->dim == DIM_COUNT && record->at[k]->value > 0 && record->at[k]->noun != 0;
        }
        bool is_rate = q->dim == DIM_RATE && has_work;
        if ((is_time || is_rate) && !speaks_of_change(&c->m, q)) {
            struct draft d = draft_at(c, RULE_C402, q);
            draft_say(&d, is_rate ? "%s beside finished work" : "%s: a measured time of nothing", check_text(c, q));
            draft_end(&d);
        }
    }
}

void rule_range(struct check *c)
{
    for (uint32_t i = 0; i < c->m.quantities.count; i++) {
        judge_range(c, &c->m.quantities.at[i]);
    }
    record_each(c, false, judge_zero);
}

/* ---- C403 little --- */

static bool is_throughput(const struct model *m, const struct quantity *q)
{
    (void)m;
    bool is_of_requests = q->unit == UNIT_REQUESTS || q->unit == UNIT_QUERIES || q->unit == UNIT_RPS ||
                          q->unit == UNIT_QPS || q->unit == UNIT_OPERATIONS || q->unit == UNIT_CALLS ||
                          q->unit == UNIT_TRANSACTIONS;
    return is_of_requests && q->bound == BOUND_EXACT && (q->stat == STAT_NONE || q->stat == STAT_MEAN) &&
           q->role == ROLE_MEASURED && !q->is_in_pair;
}

static bool is_in_flight(const struct model *m, const struct quantity *q)
{
    static const char *const FLIGHT[] = {"flight", "outstanding", NULL};
    uint32_t header = model_cell(m, &m->tables.at[q->table], 0, q->column);
    return header != NONE32 && block_has_any(m, header, FLIGHT);
}

static bool is_concurrency(const struct model *m, const struct quantity *q)
{
    bool is_unit = q->dim == DIM_COUNT && (q->unit == UNIT_CONNECTIONS || q->unit == UNIT_USERS);
    bool is_key = q->json_key.len && memmem(q->json_key.data, q->json_key.len, "concurrency", 11);
    bool is_cell = q->table != NONE32 && q->is_bare && q->num.exp10 >= 0 && q->row > 0 &&
                   (quantity_has_word(m, q, W_CONCURRENCY) || is_in_flight(m, q));
    return (is_unit || is_key || is_cell) && q->bound == BOUND_EXACT && q->value >= 1;
}

/* The least that this latency lets be in flight at once, per request and second. */
static double held_of(const struct quantity *q)
{
    static const double ABOVE[STAT_COUNT] = {
        [STAT_P10] = .9,  [STAT_P25] = .75, [STAT_P50] = .5,    [STAT_P75] = .25, [STAT_P90] = .1,
        [STAT_P95] = .05, [STAT_P99] = .01, [STAT_P999] = .001, [STAT_MIN] = 1,   [STAT_MEAN] = 1};
    bool is_latency = q->dim == DIM_TIME && (metric_of(q) == W_LATENCY || q->stat != STAT_NONE) &&
                      q->role == ROLE_MEASURED &&
                      (metric_of(q) == W_LATENCY || metric_of(q) == W_NONE || metric_of(q) == W_DURATION);
    double share = q->stat == STAT_NONE ? 1 : ABOVE[q->stat];
    return is_latency && q->bound == BOUND_EXACT && !q->is_in_pair ? share * q->w.lo : 0;
}

static void judge_little(struct check *c, const struct record *record)
{
    struct quantity *rate = record_only(&c->m, record, DIM_RATE, is_throughput), *users = NULL;
    for (uint32_t i = 0; i < record->count; i++) {
        if (is_concurrency(&c->m, record->at[i])) {
            if (users) {
                return;
            }
            users = record->at[i];
        }
    }
    for (uint32_t i = 0; rate && users && i < record->count; i++) {
        struct quantity *q = record->at[i];
        double held = held_of(q) * rate->w.lo;
        if (held <= 0) {
            continue;
        }
        if (held <= users->value * 1.02) {
            check_holds(rate);
            check_holds(q);
            continue;
        }
        struct draft d = draft_at(c, RULE_C403, rate);
        draft_operand(&d, q);
        draft_operand(&d, users);
        draft_say(&d, "%s at %s keeps %.3g in flight, but only %s can be (Little's law)", check_text(c, rate),
                  check_text(c, q), rate->value * held_of(q) / (q->w.lo > 0 ? q->w.lo : 1) * q->value,
                  check_text(c, users));
        draft_note(&d, "throughput x latency <= concurrency; at most %s would be right",
                   check_value(c, rate, users->value * rate->value / held));
        draft_end(&d);
        return;
    }
}

/* ---- C404 too-fast --- */

static void judge_fast(struct check *c, const struct record *record)
{
    const struct model *m = &c->m;
    struct quantity *least = NULL, *count = NULL, *workers = NULL, *wall = NULL;
    for (uint32_t i = 0; i < record->count; i++) {
        struct quantity *q = record->at[i];
        bool is_none_below =
            q->bound == BOUND_UPPER && record->is_text && word_is_before(m, q, W_NO, 6); /* "none in less than 2 ms" */
        bool is_least = q->dim == DIM_TIME && (q->stat == STAT_MIN || q->bound == BOUND_LOWER || is_none_below);
        bool is_worker =
            q->dim == DIM_COUNT && (q->unit == UNIT_THREADS || q->unit == UNIT_CONNECTIONS || q->unit == UNIT_CORES);
        bool is_wall = q->dim == DIM_TIME && !is_least && q->stat == STAT_NONE && q->bound != BOUND_LOWER &&
                       (word_is_before(m, q, W_IN, 2) || word_is_before(m, q, W_DURATION, 2)) && record->is_text;
        struct quantity **slot = is_least                         ? &least
                                 : is_worker                      ? &workers
                                 : is_wall                        ? &wall
                                 : q->dim == DIM_COUNT && q->noun ? &count
                                                                  : NULL;
        if (slot && *slot) {
            return;
        }
        if (slot) {
            *slot = q;
        }
    }
    if (!least || !count || !workers || !wall) {
        return;
    }
    double floor_s = count->w.lo * (least->bound != BOUND_EXACT ? least->value : least->w.lo) / workers->value;
    if (floor_s <= wall->w.hi) {
        check_holds(wall);
        check_holds(count);
        return;
    }
    struct draft d = draft_at(c, RULE_C404, wall);
    draft_operand(&d, count);
    draft_operand(&d, least);
    draft_operand(&d, workers);
    draft_say(&d, "%s of at least %s each on %s take %.3g s or more, the text says %s", check_text(c, count),
              check_text(c, least), check_text(c, workers), floor_s, check_text(c, wall));
    draft_end(&d);
}

/* ---- C405 memory-floor --- */

static double element_bytes(const struct model *m, uint32_t block)
{
    static const struct {
        const char *name;
        double bytes;
    } TYPES[] = {{"float32", 4},  {"fp32", 4},  {"f32", 4},   {"float16", 2}, {"fp16", 2}, {"f16", 2},
                 {"bfloat16", 2}, {"bf16", 2},  {"int8", 1},  {"uint8", 1},   {"fp8", 1},  {"float64", 8},
                 {"fp64", 8},     {"int16", 2}, {"int32", 4}, {"int4", 0.5}};
    double found = 0;
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++) {
        const char *const words[] = {TYPES[i].name, NULL};
        if (block_has_any(m, block, words)) {
            if (found > 0 && found != TYPES[i].bytes) {
                return 0;
            }
            found = TYPES[i].bytes;
        }
    }
    return found;
}

static void judge_floor(struct check *c, const struct record *record)
{
    static const char *const EXEMPT[] = {"mmap",     "memory-map", "mapped", "offload", "stream", "shard", "sparse",
                                         "compress", "pq",         "quanti", "disk",    "swap",   NULL};
    const struct model *m = &c->m;
    struct quantity *items = NULL, *dims = NULL, *memory = NULL;
    for (uint32_t i = 0; i < record->count && record->is_text; i++) {
        struct quantity *q = record->at[i];
        bool is_items = q->dim == DIM_COUNT && (q->unit == UNIT_VECTORS || q->unit == UNIT_PARAMETERS);
        bool is_dims = q->dim == DIM_COUNT && q->unit == UNIT_DIMENSIONS;
        bool is_memory = q->dim == DIM_BYTES && metric_of(q) == W_MEMORY;
        struct quantity **slot = is_items ? &items : is_dims ? &dims : is_memory ? &memory : NULL;
        if (slot && *slot) {
            return;
        }
        if (slot) {
            *slot = q;
        }
    }
    if (!items || !memory || (items->unit == UNIT_VECTORS && !dims)) {
        return;
    }
    double bytes = element_bytes(m, record->block);
    if (bytes <= 0) {
        return;
    }
    double floor_bytes = items->w.lo * (items->unit == UNIT_VECTORS ? dims->value : 1) * bytes;
    if (memory->w.hi * (memory->alt > 1 ? memory->alt : 1) >= floor_bytes) {
        check_holds(memory);
        return;
    }
    if (block_has_any(m, record->block, EXEMPT)) {
        check_undecided(c, RULE_C405, memory, "the text speaks of mapped, streamed, sparse or compressed data");
        return;
    }
    struct draft d = draft_at(c, RULE_C405, memory);
    draft_operand(&d, items);
    if (dims) {
        draft_operand(&d, dims);
    }
    draft_say(&d, "the data alone takes %s (%g bytes an element), the text says %s",
              check_value(c, memory, floor_bytes), bytes, check_text(c, memory));
    draft_end(&d);
}

static void judge_block(struct check *c, const struct record *record)
{
    judge_little(c, record);
    judge_fast(c, record);
    judge_floor(c, record);
}

void rule_machine(struct check *c)
{
    record_each(c, true, judge_block);
}
