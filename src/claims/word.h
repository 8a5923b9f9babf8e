/* Words and their classes (inside claims/), from words.def, and one hash table for words and units, which word_table.c
 * fills when the program is built. */
#ifndef ASSAY_CLAIMS_WORD_H
#define ASSAY_CLAIMS_WORD_H

#include "claims/unit.h"

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

enum word_class {
    CLASS_NONE,
    CLASS_METRIC,
    CLASS_STAT,
    CLASS_ARM,
    CLASS_SIZE,
    CLASS_PHASE,
    CLASS_DEVICE,
    CLASS_NAME, /* every other word of a row label, column header or JSON key */
    CLASS_DIRECTION,
    CLASS_MARGIN,
    CLASS_MODAL,
    CLASS_HYPOTHETICAL,
    CLASS_SCOPE,
    CLASS_LIMITING,
    CLASS_DONE,
    CLASS_FAILED,
    CLASS_OPEN,
    CLASS_NEITHER,
    CLASS_SHIPS,
    CLASS_BLOCKS,
    CLASS_WHOLE,
    CLASS_DELTA,
    CLASS_REST,
    CLASS_OVERLAPS,
    CLASS_EXCERPT,
    CLASS_PARAM,
    CLASS_BROAD,
    CLASS_MULTIPLE,
    CLASS_NUMBER,
    CLASS_MAGNITUDE,
    CLASS_COUNT_OF
};

enum word_flag {
    WORD_LOWER = 1, /* a metric of which less is better */
    WORD_HIGHER = 2,
    WORD_FIRST = 4, /* an arm: what was */
    WORD_SECOND = 8,
    WORD_UP = 16,
    WORD_DOWN = 32,
    WORD_GOOD = 64,
    WORD_BAD = 128,
    WORD_COMPARED = 256, /* "than" may follow */
    WORD_NOUN = 512,
    WORD_NEGATION = 1024
};

enum word_id {
    W_NONE,
#define W(id, class, flags, aliases) W_##id,
#include "claims/words.def"
#undef W
    W_COUNT_OF
};

struct word_row {
    const char *aliases;
    uint16_t flags;
    uint8_t class_of;
};
extern const struct word_row claims_words[W_COUNT_OF];

/* A token: what a label is made of. Class in the upper 5 bits, so that sorting groups by class; below it the number of
 * a known word or a hash. */
#define TOKEN_CLASS_SHIFT 27
#define TOKEN(class_of, low) \
    (((uint32_t)(class_of) << TOKEN_CLASS_SHIFT) | ((low) & ((UINT32_C(1) << TOKEN_CLASS_SHIFT) - 1)))
#define TOKEN_CLASS(token) ((token) >> TOKEN_CLASS_SHIFT)
#define TOKEN_WORD(word) TOKEN(claims_words[word].class_of, (uint32_t)(word))

uint32_t claims_hash(const char *bytes, size_t len); /* of the lower-cased bytes */

struct word_hit {
    uint16_t word, unit; /* W_NONE, UNIT_NONE */
    bool was_plural;     /* found only without its s */
};
/* Words by any case; units as written, then in lower case. */
struct word_hit claims_word_find(const char *bytes, size_t len);
uint16_t claims_unit_find(const char *bytes, size_t len);

#endif
