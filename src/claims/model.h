/*
 * Model (inside claims/): what the documents of one call hold, as flat arrays. Parsing fills it, rules read it.
 *
 *   file -> section (a heading and what follows) -> block (one run of text: a paragraph, an item, a cell, a JSON key)
 *        -> item (word, quantity or mark of the block's text) and quantity
 *
 * A block has a flat text: its words without markup. Segments map it back to bytes of the file, so that every finding
 * is byte exact. Indices are 32 bits; NONE32 = none. Quantities of one file lie in document order.
 */
#ifndef ASSAY_CLAIMS_MODEL_H
#define ASSAY_CLAIMS_MODEL_H

#include "claims/claims.h"
#include "claims/unit.h"
#include "claims/word.h"

#include "base/mem.h"
#include "base/text.h"

#include <assert.h>

#define NONE32 UINT32_MAX
#define LABEL_TOKENS_MAX 24 /* of one quantity: header, row label, caption and heading; more says nothing more */

/* Growing arrays: `vec_room` makes room for one more and says whether it could. */
#define VEC(type)       \
    struct {            \
        type *at;       \
        uint32_t count; \
        uint32_t room;  \
    }
bool vec_grow(void **at, uint32_t *room, size_t element_bytes);
#define vec_room(v) ((v)->count < (v)->room || vec_grow((void **)&(v)->at, &(v)->room, sizeof *(v)->at))
#define vec_done(v) (assay_free((v)->at), (v)->at = NULL, (v)->count = 0, (v)->room = 0)

enum block_kind {
    BLOCK_PARAGRAPH,
    BLOCK_HEADING,
    BLOCK_ITEM, /* of a list */
    BLOCK_HEAD_CELL,
    BLOCK_CELL,
    BLOCK_CODE, /* a line of output: key = value */
    BLOCK_VALUE /* of JSON */
};

enum item_mark { MARK_NONE, MARK_DONE, MARK_OPEN };

struct segment {
    uint32_t flat, source; /* where it begins in the file's flat text and in the file */
    uint8_t flags;         /* enum segment_flag */
};
enum segment_flag {
    SEGMENT_CODE = 1,
    SEGMENT_STRONG = 2,
    SEGMENT_LINK = 4,
    SEGMENT_MADE = 8 /* no bytes of its own */
};

struct block {
    uint32_t file, section;
    uint32_t flat, flat_len; /* in the file's flat text */
    uint32_t segment, segments;
    uint32_t item, items;
    uint32_t quantity, quantities;
    uint32_t stem; /* list stem or caption; or NONE32 */
    uint32_t table, row, column;
    uint32_t list;   /* number of the list in the file, for items */
    uint32_t metric; /* token of its first metric word; 0 = none */
    uint8_t kind, mark, depth;
    bool is_lead; /* in the first section, the title or a summary */
};

/* A section's heading gives its words as qualifiers to what is below. */
struct section {
    uint32_t file, parent, block; /* block of the heading, NONE32 for what comes before the first */
    uint8_t level;
    bool is_summary, is_first;
    uint32_t scope; /* hash of version, date, size, arm and device words of it and its parents; 0 = none */
};

struct table {
    uint32_t file, section, caption; /* block or NONE32 */
    uint32_t rows, columns;          /* without the header row */
    uint32_t cell;                   /* first in cells: header row, then rows; NONE32 cells are absent */
    uint32_t from, to;               /* bytes in the file */
    bool is_partial;
};

enum item_kind { ITEM_WORD, ITEM_QUANTITY, ITEM_MARK, ITEM_STAMP };

struct item {
    uint32_t flat;
    uint32_t hash; /* of a word: its token; of a quantity or stamp: its index */
    uint16_t len;
    uint16_t word; /* enum word_id of a known word; of a mark: a byte or enum mark_id */
    uint8_t kind;
    uint8_t flags;
    uint32_t sentence; /* in sentences */
};
enum item_flag { ITEM_IN_CODE = 1, ITEM_PLURAL = 2, ITEM_ENDS_SENTENCE = 4, ITEM_GLUED = 8 /* to what comes before */ };
enum mark_id { MARK_ARROW = 128, MARK_DASH, MARK_PLUS_MINUS, MARK_TIMES, MARK_LE, MARK_GE, MARK_APPROX, MARK_LINE };

/* A sentence, and what rules ask of it again and again. */
#define SENTENCE_ITEMS_MAX 512 /* what goes on longer is cut: no sentence, and rules look at whole ones */
struct sentence {
    uint32_t item, end; /* first item, and behind the last */
    uint32_t metric;    /* token of the first metric word; 0 = none */
    uint32_t classes;   /* of its words: bit 1 << enum word_class */
    uint32_t words;     /* bit 1 << claims_asked_word() */
};
static_assert(CLASS_COUNT_OF <= 32, "a class has a bit");

enum bound { BOUND_EXACT, BOUND_ABOUT, BOUND_UPPER, BOUND_LOWER };
enum role {
    ROLE_NUMBER,
    ROLE_MEASURED,
    ROLE_COUNT,
    ROLE_PARAMETER,
    ROLE_THRESHOLD,
    ROLE_SHARE,
    ROLE_RATIO,
    ROLE_MONEY,
    ROLE_HYPOTHETICAL
};
enum form { FORM_PLAIN, FORM_RANGE, FORM_FRACTION, FORM_DURATION, FORM_SPREAD };

struct decimal {
    uint64_t digits;
    int16_t exp10; /* value = digits * 10^exp10 */
    uint8_t count; /* of printed digits */
    bool is_negative, has_sign;
};

struct range {
    double lo, hi;
};

struct quantity {
    uint32_t from, to;         /* bytes in the file, unit included */
    uint32_t num_from, num_to; /* bytes of the number alone */
    uint32_t flat, flat_end;
    struct decimal num;
    double value;        /* in base units */
    double scale;        /* of the unit: value = printed number * scale */
    double step;         /* one unit in the last printed place, base units */
    struct range h, w;   /* honest and wide interval */
    struct range spread; /* of FORM_SPREAD: the number after +-, base units, H */
    double other;        /* FORM_FRACTION: what stands below the line; FORM_RANGE: the other end */
    double alt;          /* value / value of the other reading of the unit; 1 = one reading */
    uint32_t file, block, item, sentence;
    uint32_t table, row, column;  /* NONE32 outside tables */
    uint32_t label, labels;       /* in label tokens: sorted by class, then token */
    uint8_t ends[CLASS_NAME + 1]; /* by class: tokens of the label up to and with it */
    uint32_t key;                 /* hash of dimension and metric tokens; 0 = none */
    uint32_t noun;                /* token of what is counted; 0 = none */
    uint32_t per;                 /* token of the noun below the line; 0 = none */
    uint32_t metric;              /* first metric token, 0 = none */
    uint32_t group;               /* record it belongs to (row, object, sentence); NONE32 */
    uint32_t binding;             /* NONE32 */
    uint16_t unit;
    uint8_t dim, bound, role, form;
    uint8_t stat; /* 0 = none, else STAT_* */
    bool is_headline, is_in_code, is_bare, is_claim, is_partial_label, is_related, is_evidence, is_word, is_whole,
        is_unit_of_label, is_row_label, is_in_pair, is_before;
    struct assay_slice json_key;
    bool is_supported;
    const char *binding_text;         /* path and fragment of what it is bound to; NULL = unbound */
    uint8_t status, list_at, list_of; /* list: place in "12/30/44 ms", from 1; 0 = no list */
};

enum stat {
    STAT_NONE,
    STAT_MIN,
    STAT_P10,
    STAT_P25,
    STAT_P50,
    STAT_P75,
    STAT_P90,
    STAT_P95,
    STAT_P99,
    STAT_P999,
    STAT_MAX,
    STAT_MEAN,
    STAT_SD,
    STAT_CV,
    STAT_N,
    STAT_GEOMEAN,
    STAT_HARMONIC,
    STAT_COUNT
};

struct stamp {
    uint32_t from, to, file, block, item;
    int64_t unix_s; /* with its zone, or as if UTC */
    bool has_zone, has_time, is_valid;
    uint32_t group;          /* of a JSON object */
    struct assay_slice name; /* key of a JSON member */
};

enum directive_kind {
    DIRECTIVE_BIND,
    DIRECTIVE_TABLE,
    DIRECTIVE_BEGIN,
    DIRECTIVE_END,
    DIRECTIVE_IGNORE,
    DIRECTIVE_IGNORE_FILE,
    DIRECTIVE_LINK,
    DIRECTIVE_BAD
};

struct directive {
    uint32_t file, block, flat; /* flat: place in the block's text, or NONE32 between blocks */
    uint32_t from, to;          /* bytes in the file */
    struct assay_slice text;    /* inside the comment, or the target of a link */
    uint32_t next_block, next_table;
    uint32_t link_flat; /* of a link: where its text begins */
    uint8_t kind;
    bool was_used;
};

/* A sample array of a JSON file. */
struct array {
    uint32_t file, from, to, key; /* key: token hash */
    uint32_t value, count;        /* in values */
    uint32_t group;               /* the object that holds it */
    uint16_t unit;
    uint8_t dim;
    double scale; /* of its unit */
    double step;
    bool is_objects; /* counts only */
    struct assay_slice name;
};

struct text_member { /* a JSON member with a text, true or false */
    uint32_t file, from, to, group;
    struct assay_slice key, value;
    bool is_bool;
};

struct file {
    const struct assay_claims_input *input;
    char *flat; /* the flat text of all blocks */
    uint32_t flat_len;
    uint32_t block, blocks, quantity, quantities, table, tables, section, sections, member, members, array, arrays;
    VEC(uint32_t) lines; /* byte offsets of line beginnings */
    uint64_t html_tables;
    bool is_malformed;
};

/* a was, b is. Filled by relation.c, in document order. */
struct pair {
    uint32_t a, b;     /* quantities */
    uint32_t change;   /* the percentage or factor that is said of them; NONE32 */
    uint32_t from, to; /* items, first and last */
    uint32_t block, sentence;
    bool is_ordered; /* false: "A vs B", either may be what was */
    bool is_arrow;
};

struct model {
    const struct assay_claims_request *request;
    VEC(struct file) files;
    VEC(struct section) sections;
    VEC(struct block) blocks;
    VEC(struct segment) segments;
    VEC(struct table) tables;
    VEC(uint32_t) cells; /* of tables: blocks */
    VEC(struct item) items;
    VEC(struct sentence) sentences;
    VEC(struct quantity) quantities;
    VEC(struct stamp) stamps;
    VEC(uint32_t) labels; /* label tokens */
    VEC(struct directive) directives;
    VEC(struct array) arrays;
    VEC(double) values;
    VEC(struct text_member) members;
    VEC(struct pair) pairs;
    uint32_t groups;
    assay_code failed;          /* NO_MEMORY: sticky */
    const char *incomplete_why; /* a cap, or NULL */
};

/* The bytes of a quantity, block text and so on. */
struct assay_slice model_text(const struct model *m, uint32_t block);
struct assay_slice model_source(const struct model *m, uint32_t file, uint32_t from, uint32_t to);
uint32_t model_source_of(const struct model *m, uint32_t block, uint32_t flat);
uint8_t model_flags_at(const struct model *m, uint32_t block, uint32_t flat);
uint32_t model_line_of(const struct file *file, uint32_t offset);                                 /* from 0 */
uint32_t model_cell(const struct model *m, const struct table *t, uint32_t row, uint32_t column); /* row 0: header */
/* The quantity of a cell if it holds exactly one that counts, else NULL. */
struct quantity *model_cell_quantity(struct model *m, const struct table *t, uint32_t row, uint32_t column);

/* Parsing: each appends to the model. */
void claims_read_markdown(struct model *m, uint32_t file);
void claims_read_plain(struct model *m, uint32_t file);
void claims_read_json(struct model *m, uint32_t file);
void claims_read_csv(struct model *m, uint32_t file);
void claims_read_json_text(struct model *m, uint32_t file, uint32_t from, uint32_t to, uint32_t section);
void claims_scan_block(struct model *m, uint32_t block);
/* The bit of a word that rules ask sentences for; 0 = not one of them. */
unsigned claims_asked_word(uint16_t word);
void claims_index_sentences(struct model *m); /* after all is read, before labels */
void claims_label(struct model *m);

void model_fail(struct model *m);

#endif
