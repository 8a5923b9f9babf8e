/* C505, C805, C806, C809, C312: what result files say of themselves, and what a document makes of them. */
#include "claims/check.h"
#include "claims/relation.h"
#include "claims/scan.h"

#include <math.h>
#include <string.h>

static bool is_one_of(struct assay_slice text, const char *const *words)
{
    for (size_t i = 0; words[i]; i++) {
        if (text.len == strlen(words[i]) && strncasecmp(text.data, words[i], text.len) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_verdict_key(struct assay_slice key)
{
    static const char *const KEYS[] = {"verdict",  "status",   "success", "met",    "passed", "pass", "ok",
                                       "accepted", "approved", "outcome", "result", "valid",  NULL};
    return is_one_of(key, KEYS);
}

static bool is_failure(const struct text_member *member)
{
    static const char *const WORDS[] = {"fail",  "failed",  "failure", "error",   "rejected", "red",
                                        "false", "aborted", "timeout", "invalid", NULL};
    return is_one_of(member->value, WORDS);
}

/* ---- C805 --- */

static void judge_boolean(struct check *c, const struct text_member *member)
{
    static const char *const WORDS[] = {"true", "false", "yes", "no", "on", "off", NULL};
    if (!member->is_bool && is_verdict_key(member->key) && is_one_of(member->value, WORDS)) {
        struct draft d = draft_at_bytes(c, RULE_C805, member->file, member->from, member->to);
        draft_say(&d, "a verdict as a text: any text that is not empty counts as true to many readers");
        draft_note(&d, "write true or false, without quotes");
        draft_end(&d);
    }
}

/* ---- C505 --- */

/* The sentence in which a document names the file, if it says that all is well. */
static bool find_pass(const struct check *c, const char *path, uint32_t *ret_block, const struct item **ret_word)
{
    const struct model *m = &c->m;
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    for (uint32_t i = 0; i < m->files.count; i++) {
        const struct file *f = &m->files.at[i];
        const char *at = f->input->is_evidence ? NULL : memmem(f->input->bytes, f->input->len, name, strlen(name));
        for (; at; at = memmem(at + 1, f->input->len - (size_t)(at + 1 - f->input->bytes), name, strlen(name))) {
            uint32_t offset = (uint32_t)(at - f->input->bytes);
            for (uint32_t b = f->block; b < f->block + f->blocks; b++) {
                const struct block *block = &m->blocks.at[b];
                uint32_t from = model_source_of(m, b, block->flat),
                         next = b + 1 < f->block + f->blocks ? model_source_of(m, b + 1, m->blocks.at[b + 1].flat)
                                                             : (uint32_t)f->input->len;
                if (offset < from || offset >= next || block->kind == BLOCK_CELL || block->kind == BLOCK_HEAD_CELL) {
                    continue;
                }
                for (uint32_t k = block->item; k < block->item + block->items; k++) {
                    const struct item *item = &m->items.at[k];
                    bool is_done = item->kind == ITEM_WORD && claims_words[item->word].class_of == CLASS_DONE;
                    bool is_negated = k > block->item && claims_words[m->items.at[k - 1].word].flags & WORD_NEGATION;
                    if (is_done && !is_negated) {
                        *ret_block = b;
                        *ret_word = item;
                        return true;
                    }
                }
            }
        }
    }
    return false;
}

static void judge_verdict(struct check *c, const struct text_member *member)
{
    const struct file *f = &c->m.files.at[member->file];
    uint32_t block = NONE32;
    const struct item *word = NULL;
    bool is_outer = member->group == c->m.members.at[f->member].group || f->arrays == 0;
    if (!f->input->is_evidence || !is_verdict_key(member->key) || !is_failure(member) || !is_outer ||
        !find_pass(c, f->input->path, &block, &word)) {
        return;
    }
    uint32_t at = model_source_of(&c->m, block, word->flat);
    struct draft d = draft_at_bytes(c, RULE_C505, c->m.blocks.at[block].file, at, at + word->len);
    draft_operand_bytes(&d, member->file, member->from, member->to);
    draft_say(&d, "the document passes, its file says %.*s: %.*s", (int)member->key.len, member->key.data,
              (int)member->value.len, member->value.data);
    draft_end(&d);
}

/* ---- C806 --- */

struct sums {
    double all, good;
    uint32_t all_count, good_count;
};

/* Latencies of an array of objects, with and without those whose own verdict is a failure. */
static void add_sample(struct check *c, const struct quantity *q, struct sums *sums)
{
    const struct model *m = &c->m;
    const struct file *f = &m->files.at[q->file];
    bool failed = false;
    for (uint32_t i = f->member; i < f->member + f->members; i++) {
        failed |=
            m->members.at[i].group == q->group && is_verdict_key(m->members.at[i].key) && is_failure(&m->members.at[i]);
    }
    sums->all += q->value;
    sums->all_count++;
    sums->good += failed ? 0 : q->value;
    sums->good_count += !failed;
}

static bool is_latency(const struct quantity *q)
{
    return q->dim == DIM_TIME && q->stat == STAT_NONE && q->json_key.len > 0 && q->metric != 0;
}

static void judge_mixed(struct check *c, struct quantity *stated)
{
    struct model *m = &c->m;
    const struct file *f = &m->files.at[stated->file];
    struct sums sums = {0};
    if (stated->stat != STAT_MEAN || stated->dim != DIM_TIME || f->members > 20000) {
        return;
    }
    for (uint32_t i = f->quantity; i < f->quantity + f->quantities; i++) {
        const struct quantity *q = &m->quantities.at[i];
        if (is_latency(q) && q->group != stated->group) {
            add_sample(c, q, &sums);
        }
    }
    if (sums.good_count == sums.all_count || sums.good_count == 0) {
        return;
    }
    double mixed = sums.all / sums.all_count, good = sums.good / sums.good_count;
    if (range_holds(stated->w, mixed) && !range_holds(stated->w, good)) {
        struct draft d = draft_at(c, RULE_C806, stated);
        draft_say(&d, "%s is the mean with %u failed samples in; without them it is %s", check_text(c, stated),
                  sums.all_count - sums.good_count, check_value(c, stated, good));
        draft_end(&d);
    }
}

/* ---- C312 --- */

static int mantissa_bits(struct assay_slice type)
{
    static const char *const SINGLE[] = {"float32", "fp32", "f32", "single", NULL},
                             *const HALF[] = {"float16", "fp16", "f16", "half", NULL},
                             *const BRAIN[] = {"bfloat16", "bf16", NULL};
    return is_one_of(type, SINGLE) ? 24 : is_one_of(type, HALF) ? 11 : is_one_of(type, BRAIN) ? 8 : 0;
}

/* Significant bits of a binary64. */
static int bits_of(double x)
{
    int exponent = 0, bits = 0;
    double significand = frexp(fabs(x), &exponent);
    while (significand > 0 && bits < 64) {
        significand = significand * 2 - floor(significand * 2);
        bits++;
    }
    return bits;
}

/* The smallest magnitude of what was compared, from "range": [1, 2] or "smallest_magnitude": 4 beside it. */
static double least_magnitude(const struct model *m, const struct quantity *q)
{
    const struct file *f = &m->files.at[q->file];
    for (uint32_t i = f->array; i < m->arrays.count && m->arrays.at[i].file == q->file; i++) {
        const struct array *array = &m->arrays.at[i];
        bool is_range =
            array->group == q->group && array->count == 2 && memmem(array->name.data, array->name.len, "range", 5);
        if (is_range) {
            double lo = m->values.at[array->value], hi = m->values.at[array->value + 1];
            return lo > 0 ? lo : hi < 0 ? -hi : 0;
        }
    }
    for (uint32_t i = f->quantity; i < f->quantity + f->quantities; i++) {
        const struct quantity *other = &m->quantities.at[i];
        bool is_least = other->group == q->group && other->json_key.len &&
                        (memmem(other->json_key.data, other->json_key.len, "smallest", 8) ||
                         memmem(other->json_key.data, other->json_key.len, "min_mag", 7) ||
                         memmem(other->json_key.data, other->json_key.len, "min_abs", 7));
        if (is_least) {
            return fabs(other->value);
        }
    }
    return 0;
}

static void judge_lattice(struct check *c, struct quantity *q)
{
    const struct model *m = &c->m;
    const struct file *f = &m->files.at[q->file];
    bool is_difference =
        q->json_key.len && memmem(q->json_key.data, q->json_key.len, "diff", 4) && q->stat == STAT_MAX && q->value != 0;
    int bits = 0;
    for (uint32_t i = f->member; is_difference && i < f->member + f->members; i++) {
        int of_member = m->members.at[i].group == q->group ? mantissa_bits(m->members.at[i].value) : 0;
        bits = of_member ? of_member : bits;
    }
    if (bits == 0) {
        return;
    }
    double least = least_magnitude(m, q);
    bool is_full = q->num.count >= 15;
    double step = least > 0 ? ldexp(1, (int)floor(log2(least)) - (bits - 1)) : 0;
    bool is_off = is_full ? bits_of(q->value) > bits : step > 0 && floor(q->w.hi / step) * step < q->w.lo;
    if (!is_off) {
        return;
    }
    struct draft d = draft_at(c, RULE_C312, q);
    d.level = is_full && least == 0 ? (int)ASSAY_SEVERITY_NOTE : -1;
    draft_say(&d, "%s is no difference of two numbers of %d bits", check_text(c, q), bits);
    if (step > 0) {
        draft_note(&d, "above %g they lie %.6g apart: %.6g or %.6g would be possible", least, step,
                   floor(q->value / step) * step, ceil(q->value / step) * step);
    }
    draft_end(&d);
}

/* ---- C809 --- */

static void note_retries(struct check *c, const struct quantity *q)
{
    static const char *const KEYS[] = {"attempts", "retries", NULL};
    const struct file *f = &c->m.files.at[q->file];
    if (!q->json_key.len || !is_one_of(q->json_key, KEYS) || q->value <= 1) {
        return;
    }
    for (uint32_t i = f->quantity; i < f->quantity + f->quantities; i++) {
        const struct quantity *other = &c->m.quantities.at[i];
        if (other->group == q->group && is_latency(other)) {
            struct draft d = draft_at(c, RULE_C809, q);
            draft_operand(&d, other);
            draft_say(&d, "%s attempts inside one latency", check_text(c, q));
            draft_end(&d);
            return;
        }
    }
}

void rule_files(struct check *c)
{
    struct model *m = &c->m;
    for (uint32_t i = 0; i < m->members.count; i++) {
        judge_boolean(c, &m->members.at[i]);
        judge_verdict(c, &m->members.at[i]);
    }
    for (uint32_t i = 0; i < m->quantities.count; i++) {
        struct quantity *q = &m->quantities.at[i];
        if (q->json_key.len) {
            judge_mixed(c, q);
            judge_lattice(c, q);
            note_retries(c, q);
        }
    }
}
