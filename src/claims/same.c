/* Whether two quantities speak of the same thing. */
#include "claims/label.h"

#include <assert.h>
#include <string.h>

struct tokens claims_tokens(const struct model *m, const struct quantity *q, unsigned class_of)
{
    assert(class_of > 0 && class_of <= CLASS_NAME);
    uint32_t from = q->ends[class_of - 1];
    return (struct tokens){.at = m->labels.at + q->label + from, .count = q->ends[class_of] - from};
}

static bool same_tokens(struct tokens a, struct tokens b)
{
    return a.count == b.count && (a.count == 0 || memcmp(a.at, b.at, a.count * sizeof a.at[0]) == 0);
}

bool claims_same(const struct model *m, const struct quantity *a, const struct quantity *b)
{
    if (a->key == 0 || a->key != b->key || a->stat != b->stat) {
        return false;
    }
    for (unsigned class_of = CLASS_ARM; class_of <= CLASS_NAME; class_of++) {
        if (!same_tokens(claims_tokens(m, a, class_of), claims_tokens(m, b, class_of))) {
            return false;
        }
    }
    return true;
}

bool claims_compatible(const struct model *m, const struct quantity *a, const struct quantity *b)
{
    if (a->key == 0 || a->key != b->key || (a->stat && b->stat && a->stat != b->stat)) {
        return false;
    }
    for (unsigned class_of = CLASS_ARM; class_of <= CLASS_NAME; class_of++) {
        struct tokens x = claims_tokens(m, a, class_of), y = claims_tokens(m, b, class_of);
        if (x.count && y.count && !same_tokens(x, y)) {
            return false;
        }
    }
    return true;
}

uint32_t claims_noun_of(const struct model *m, uint32_t block)
{
    const struct item *item = &m->items.at[m->blocks.at[block].item];
    struct assay_slice text = model_text(m, block);
    const char *word = text.data + (item->flat - m->blocks.at[block].flat);
    uint16_t unit = claims_unit_find(word, item->len);
    if (unit && claims_units[unit].flags & UNIT_NOUN) {
        const char *name = claims_units[unit].aliases;
        return TOKEN(CLASS_NAME, claims_hash(name, strcspn(name, " ")));
    }
    size_t len = item->len;
    len -= len > 3 && (word[len - 1] | 32) == 's';
    return TOKEN(CLASS_NAME, claims_hash(word, len));
}
