#include "claims/word.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

#define TABLE_SLOTS 4096  /* a power of two, several times the number of aliases, so that probes stay short */
#define WORD_BYTES_MAX 24 /* longer words are not in the lists */

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

struct slot {
    uint32_t hash;
    uint16_t word, unit;
    const char *text; /* NULL: empty */
    uint8_t len;
    bool is_cased; /* a unit that is matched as written */
};

struct words {
    struct slot slots[TABLE_SLOTS];
};

static inline unsigned char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 32) : (unsigned char)c;
}

uint32_t claims_hash(const char *bytes, size_t len)
{
    uint32_t hash = UINT32_C(2166136261); /* FNV-1a */
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ lower(bytes[i])) * UINT32_C(16777619);
    }
    return hash;
}

static bool same_text(const struct slot *slot, const char *bytes, size_t len, bool is_cased)
{
    if (slot->len != len) {
        return false;
    }
    if (is_cased) {
        return memcmp(slot->text, bytes, len) == 0;
    }
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)slot->text[i] != lower(bytes[i])) {
            return false;
        }
    }
    return true;
}

static bool has_capital(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] >= 'A' && bytes[i] <= 'Z') {
            return true;
        }
    }
    return false;
}

static void add(struct words *words, const char *text, size_t len, uint16_t word, uint16_t unit)
{
    bool is_cased = unit != UNIT_NONE && has_capital(text, len);
    uint32_t hash = claims_hash(text, len);
    uint32_t at = hash & (TABLE_SLOTS - 1);
    for (; words->slots[at].text; at = (at + 1) & (TABLE_SLOTS - 1)) {
        struct slot *slot = &words->slots[at];
        if (slot->hash == hash && slot->is_cased == is_cased && slot->len == len &&
            memcmp(slot->text, text, len) == 0) {
            slot->word = word ? word : slot->word; /* one text may be a word and a unit */
            slot->unit = unit ? unit : slot->unit;
            return;
        }
    }
    words->slots[at] = (struct slot){
        .hash = hash, .word = word, .unit = unit, .text = text, .len = (uint8_t)len, .is_cased = is_cased};
}

static void add_all(struct words *words, const char *aliases, uint16_t word, uint16_t unit)
{
    while (*aliases) {
        size_t len = strcspn(aliases, " ");
        assert(len > 0 && len <= WORD_BYTES_MAX);
        add(words, aliases, len, word, unit);
        aliases += len;
        aliases += *aliases == ' ';
    }
}

struct words *claims_words_new(void)
{
    struct words *words = assay_alloc(1, sizeof *words);
    if (!words) {
        return NULL;
    }
    for (uint16_t i = 1; i < W_COUNT_OF; i++) {
        add_all(words, claims_words[i].aliases, i, UNIT_NONE);
    }
    for (uint16_t i = 1; i < UNIT_COUNT_OF; i++) {
        add_all(words, claims_units[i].aliases, W_NONE, i);
    }
    return words;
}

void claims_words_free(struct words *words)
{
    assay_free(words);
}

static struct word_hit find(const struct words *words, const char *bytes, size_t len)
{
    struct word_hit hit = {0};
    if (len == 0 || len > WORD_BYTES_MAX) {
        return hit;
    }
    uint32_t hash = claims_hash(bytes, len);
    for (uint32_t at = hash & (TABLE_SLOTS - 1); words->slots[at].text; at = (at + 1) & (TABLE_SLOTS - 1)) {
        const struct slot *slot = &words->slots[at];
        if (slot->hash != hash || !same_text(slot, bytes, len, slot->is_cased)) {
            continue;
        }
        hit.word = slot->word ? slot->word : hit.word;
        if (slot->unit && (slot->is_cased || !hit.unit)) {
            hit.unit = slot->unit;
        }
    }
    return hit;
}

struct word_hit claims_word_find(const struct words *words, const char *bytes, size_t len)
{
    struct word_hit hit = find(words, bytes, len);
    if (!hit.word && len > 3 && lower(bytes[len - 1]) == 's') {
        struct word_hit singular = find(words, bytes, len - 1);
        if (singular.word) {
            singular.unit = hit.unit;
            singular.was_plural = true;
            return singular;
        }
    }
    return hit;
}

uint16_t claims_unit_find(const struct words *words, const char *bytes, size_t len)
{
    return find(words, bytes, len).unit;
}
