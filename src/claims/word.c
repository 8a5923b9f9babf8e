#include "claims/word.h"

#include "claims/word_slot.h"

#include <string.h>

#include "claims/word_table.inc" /* made by word_table.c */

const struct word_row claims_words[W_COUNT_OF] = {
#define METRIC CLASS_METRIC
#define LOWER WORD_LOWER
#define HIGHER WORD_HIGHER
#define FIRST WORD_FIRST
#define SECOND WORD_SECOND
#define UP WORD_UP
#define DOWN WORD_DOWN
#define GOOD WORD_GOOD
#define BAD WORD_BAD
#define COMPARED WORD_COMPARED
#define NEGATION WORD_NEGATION
#define NOUN WORD_NOUN
#define W(id, class, flag_bits, texts) [W_##id] = {.aliases = (texts), .flags = (flag_bits), .class_of = CLASS_##class},
#include "claims/words.def"
#undef W
#undef METRIC
#undef LOWER
#undef HIGHER
#undef FIRST
#undef SECOND
#undef UP
#undef DOWN
#undef GOOD
#undef BAD
#undef COMPARED
#undef NEGATION
#undef NOUN
};

const struct unit claims_units[UNIT_COUNT_OF] = {
#define TWO UNIT_TWO
#define CALENDAR UNIT_CALENDAR
#define NOUN UNIT_NOUN
#define CURRENCY2 UNIT_CURRENCY2
#define CURRENCY3 UNIT_CURRENCY3
#define CURRENCY4 UNIT_CURRENCY4
#define U(id, upper, lower, n, d, bits, texts) \
    [UNIT_##id] = {                            \
        .aliases = (texts), .num = (n), .den = (d), .dim = DIM_OVER(DIM_##upper, DIM_##lower), .flags = (bits)},
#include "claims/units.def"
#undef U
};

uint32_t claims_hash(const char *bytes, size_t len)
{
    return word_hash(bytes, len);
}

static bool same_text(const struct word_entry *entry, const char *bytes, size_t len)
{
    if (entry->len != len) {
        return false;
    }
    if (entry->is_cased) {
        return memcmp(entry->text, bytes, len) == 0;
    }
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)entry->text[i] != word_lower(bytes[i])) {
            return false;
        }
    }
    return true;
}

static struct word_hit find(uint32_t hash, const char *bytes, size_t len)
{
    struct word_hit hit = {0};
    for (uint32_t at = hash & (WORD_SLOTS - 1); SLOTS[at].entry; at = (at + 1) & (WORD_SLOTS - 1)) {
        const struct word_entry *entry = &ENTRIES[SLOTS[at].entry];
        if (SLOTS[at].tag != hash >> 16 || entry->hash != hash || !same_text(entry, bytes, len)) {
            continue;
        }
        hit.word = entry->word ? entry->word : hit.word;
        if (entry->unit && (entry->is_cased || !hit.unit)) {
            hit.unit = entry->unit;
        }
    }
    return hit;
}

struct word_hit claims_word_find(const char *bytes, size_t len)
{
    if (len == 0 || len > WORD_BYTES_MAX + 1) {
        return (struct word_hit){0};
    }
    uint32_t stem = word_hash(bytes, len - 1);
    struct word_hit hit = {0};
    if (len <= WORD_BYTES_MAX) {
        hit = find(word_hash_add(stem, bytes[len - 1]), bytes, len);
    }
    if (!hit.word && len > 3 && word_lower(bytes[len - 1]) == 's') {
        struct word_hit singular = find(stem, bytes, len - 1);
        if (singular.word) {
            singular.unit = hit.unit;
            singular.was_plural = true;
            return singular;
        }
    }
    return hit;
}

uint16_t claims_unit_find(const char *bytes, size_t len)
{
    return len == 0 || len > WORD_BYTES_MAX ? UNIT_NONE : find(word_hash(bytes, len), bytes, len).unit;
}
