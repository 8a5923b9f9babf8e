/* C406: rates above what a link, a memory or a device carries: the limit stands beside them, or in the table. */
#include "claims/hardware.h"
#include "claims/record.h"
#include "claims/relation.h"

#include <string.h>

/* ---- a link, stated ---------------------------------------------------------------------------------------------- */

/* "the reader saw 1.2 GB/s" */
static bool word_saw_is_before(const struct model *m, const struct quantity *q)
{
    const struct block *b = &m->blocks.at[q->block];
    if (q->item <= b->item || m->items.at[q->item - 1].kind != ITEM_WORD) {
        return false;
    }
    const struct item *before = &m->items.at[q->item - 1];
    const char *text = model_text(m, q->block).data + (before->flat - b->flat);
    return (before->len == 3 && strncasecmp(text, "saw", 3) == 0) ||
           (before->len == 7 && strncasecmp(text, "reached", 7) == 0);
}

static void judge_link(struct check *c, const struct record *record)
{
    const struct model *m = &c->m;
    struct quantity *limit = NULL;
    for (uint32_t i = 0; i < record->count && record->is_text; i++) {
        struct quantity *q = record->at[i];
        bool is_speed = q->dim == DIM_BIT_RATE || q->dim == DIM_BYTE_RATE;
        bool is_link = is_speed && (word_is_behind(m, q, W_LINK, 2) || word_is_before(m, q, W_LINK, 2) ||
                                    word_is_before(m, q, W_BANDWIDTH, 2));
        if (is_link) {
            limit = limit ? NULL : q;
        }
    }
    for (uint32_t i = 0; limit && i < record->count; i++) {
        struct quantity *q = record->at[i];
        double factor = (q->dim == DIM_BYTE_RATE ? 8 : 1) / (limit->dim == DIM_BYTE_RATE ? 8.0 : 1);
        bool is_speed = (q->dim == DIM_BIT_RATE || q->dim == DIM_BYTE_RATE) && q != limit && q->bound != BOUND_UPPER &&
                        q->role == ROLE_MEASURED;
        bool is_moved =
            is_speed && (quantity_has_word(m, q, W_RECEIVED) || quantity_has_word(m, q, W_READING) ||
                         quantity_has_word(m, q, W_THROUGHPUT) || q->stat == STAT_MAX || word_saw_is_before(m, q));
        if (!is_moved) {
            continue;
        }
        if (q->w.lo * factor > limit->value) {
            struct draft d = draft_at(c, RULE_C406, q);
            draft_operand(&d, limit);
            draft_say(&d, "%s is more than the %s link carries", check_text(c, q), check_text(c, limit));
            draft_note(&d, "at most %s would be possible", check_value(c, q, limit->value / factor));
            draft_end(&d);
        } else {
            check_holds(q);
        }
    }
}

/* ---- decoding ---------------------------------------------------------------------------------------------------- */

static void judge_stated(struct check *c, const struct quantity *model, const struct quantity *bandwidth,
                         struct quantity *rate)
{
    double needed = model->w.lo * rate->w.lo;
    if (needed <= bandwidth->w.hi * (bandwidth->alt > 1 ? bandwidth->alt : 1)) {
        check_holds(rate);
        return;
    }
    struct draft d = draft_at(c, RULE_C406, rate);
    draft_operand(&d, model);
    draft_operand(&d, bandwidth);
    draft_say(&d, "%s of a %s model reads %s, more than %s", check_text(c, rate), check_text(c, model),
              check_value(c, bandwidth, needed), check_text(c, bandwidth));
    draft_note(&d, "model bytes x tokens/s <= memory bandwidth; at most %s would be possible",
               check_value(c, rate, bandwidth->value / model->value));
    draft_end(&d);
}

#define GB 1e9
#define TFLOP 1e12

/* By the table: a warning, for the document may mean another form of the device. */
static void judge_known(struct check *c, const struct quantity *model, struct quantity *rate)
{
    struct device device;
    double needed = model->w.lo * rate->w.lo;
    if (!hardware_of(c, rate, &device) || device.bytes_per_s <= 0 || needed <= device.bytes_per_s) {
        return;
    }
    struct draft d = draft_at(c, RULE_C406, rate);
    d.level = ASSAY_SEVERITY_WARNING;
    draft_operand(&d, model);
    draft_say(&d, "%s of a %s model reads %.4g GB/s, more than the %.4g GB/s of %s", check_text(c, rate),
              check_text(c, model), needed / GB, device.bytes_per_s / GB, device.name);
    draft_note(&d, "%s: %s", device.name, device.source);
    draft_end(&d);
}

/* One stream reads the whole dense model for every token. */
static void judge_decode(struct check *c, const struct record *record)
{
    static const char *const EXEMPT[] = {"speculative", "moe", "mixture", "experts", "batched", "draft", NULL};
    static const char *const SINGLE[] = {"single", NULL};
    const struct model *m = &c->m;
    struct quantity *model = NULL, *bandwidth = NULL, *rate = NULL;
    bool is_given = false; /* a bandwidth, or several */
    for (uint32_t i = 0; i < record->count && record->is_text; i++) {
        struct quantity *q = record->at[i];
        if (q->dim == DIM_BYTES && (word_is_behind(m, q, W_MODEL, 3) || word_is_behind(m, q, W_DENSE, 3) ||
                                    word_is_before(m, q, W_MODEL, 2))) {
            model = q;
        } else if (q->dim == DIM_BYTE_RATE) {
            bandwidth = is_given ? NULL : q;
            is_given = true;
        } else if (q->dim == DIM_RATE && (q->unit == UNIT_TOKENS || q->unit == UNIT_TPS)) {
            rate = rate ? NULL : q;
        }
    }
    if (!model || !rate || !block_has_any(m, record->block, SINGLE) || block_has_any(m, record->block, EXEMPT)) {
        return;
    }
    if (bandwidth) {
        judge_stated(c, model, bandwidth, rate);
    } else if (!is_given) {
        judge_known(c, model, rate);
    }
}

/* ---- memory and arithmetic of a device of the table -------------------------------------------------------------- */

static bool is_among_several(const struct model *m, const struct quantity *q)
{
    static const char *const WORDS[] = {"cache",       "l1",         "l2",        "l3",      "total",
                                        "aggregate",   "cluster",    "combined",  "nodes",   "peak",
                                        "theoretical", "compressed", "effective", "logical", NULL};
    return q->table == NONE32 ? block_has_any(m, q->block, WORDS) : cell_label_has_any(m, q, WORDS);
}

static void judge_peak(struct check *c, struct quantity *q)
{
    struct device device;
    bool is_memory = q->dim == DIM_BYTE_RATE, is_flop = q->dim == DIM_OVER(DIM_FLOP, DIM_TIME);
    if ((!is_memory && !is_flop) || q->role != ROLE_MEASURED || q->bound == BOUND_UPPER || q->form != FORM_PLAIN ||
        is_among_several(&c->m, q) || !hardware_of(c, q, &device)) {
        return;
    }
    double peak = is_memory ? device.bytes_per_s : device.flop_per_s;
    if (peak <= 0 || q->w.lo <= peak) {
        return;
    }
    struct draft d = draft_at(c, RULE_C406, q);
    d.level = ASSAY_SEVERITY_WARNING;
    draft_say(&d, "%s is more than the %.4g %s of %s", check_text(c, q), peak / (is_memory ? GB : TFLOP),
              is_memory ? "GB/s" : "TFLOP/s", device.name);
    draft_note(&d, "%s: %s", device.name, device.source);
    draft_end(&d);
}

static void judge_block(struct check *c, const struct record *record)
{
    judge_link(c, record);
    judge_decode(c, record);
    for (uint32_t i = 0; i < record->count; i++) {
        judge_peak(c, record->at[i]);
    }
}

void rule_hardware(struct check *c)
{
    record_each(c, true, judge_block);
}
