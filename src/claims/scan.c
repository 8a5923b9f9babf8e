/* One pass over the text of a block: words, marks, quantities, stamps. */
#include "claims/scan.h"

#include <assert.h>
#include <string.h>

static void end_sentence(struct scan *sc)
{
    if (sc->m->items.count > sc->m->blocks.at[sc->block].item) {
        sc->m->items.at[sc->m->items.count - 1].flags |= ITEM_ENDS_SENTENCE;
        sc->sentence++;
        sc->cut = sc->m->items.count;
    }
}

void scan_item(struct scan *sc, uint32_t from, uint32_t to, unsigned kind, unsigned word, uint32_t hash)
{
    struct model *m = sc->m;
    if (!vec_room(&m->items)) {
        model_fail(m);
        return;
    }
    uint32_t len = to - from;
    if (m->items.count - sc->cut >= SENTENCE_ITEMS_MAX) {
        end_sentence(sc);
    }
    m->items.at[m->items.count++] = (struct item){.flat = sc->flat + from,
                                                  .len = (uint16_t)(len > UINT16_MAX ? UINT16_MAX : len),
                                                  .hash = hash,
                                                  .kind = (uint8_t)kind,
                                                  .word = (uint16_t)word};
}

static void mark(struct scan *sc, uint32_t len, unsigned id)
{
    scan_item(sc, sc->i, sc->i + len, ITEM_MARK, id, 0);
    sc->i += len;
}

/* ---- words --- */

static void note_class(struct scan *sc, uint16_t word)
{
    static const uint8_t SEEN[CLASS_COUNT_OF] = {[CLASS_SCOPE] = SEEN_SCOPE,         [CLASS_LIMITING] = 0,
                                                 [CLASS_DONE] = SEEN_VERDICT,        [CLASS_FAILED] = SEEN_VERDICT,
                                                 [CLASS_OPEN] = SEEN_VERDICT,        [CLASS_NEITHER] = SEEN_VERDICT,
                                                 [CLASS_DIRECTION] = SEEN_DIRECTION, [CLASS_MULTIPLE] = SEEN_MULTIPLE,
                                                 [CLASS_SHIPS] = SEEN_SHIPS,         [CLASS_NUMBER] = SEEN_NUMBER,
                                                 [CLASS_BROAD] = SEEN_SHIPS};
    sc->seen |= SEEN[claims_words[word].class_of];
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* One part of an identifier ("p50_ms", "maxAbsDiff", "reranker"), as a word of its own. */
static void add_word(struct scan *sc, uint32_t from, uint32_t to, bool is_glued)
{
    struct word_hit hit = claims_word_find(sc->s + from, to - from);
    if (hit.word && claims_words[hit.word].class_of == CLASS_NUMBER && !is_glued &&
        scan_number_word(sc, from, to, hit.word)) {
        return;
    }
    note_class(sc, hit.word);
    uint32_t len = to - from;
    bool is_plural = len > 3 && (sc->s[to - 1] | 32) == 's' && (sc->s[to - 2] | 32) != 's';
    uint32_t token = hit.word ? TOKEN_WORD(hit.word) : TOKEN(CLASS_NAME, claims_hash(sc->s + from, len - is_plural));
    scan_item(sc, from, to, ITEM_WORD, hit.word, token);
    if (sc->m->failed == ASSAY_OK) {
        struct item *item = &sc->m->items.at[sc->m->items.count - 1];
        item->flags = (uint8_t)((is_plural ? ITEM_PLURAL : 0) | (is_glued ? ITEM_GLUED : 0));
    }
}

/* Splits at "_", case change, and between letters and digits except after a known stem ("p95"). */
static void split_identifier(struct scan *sc, uint32_t from, uint32_t to)
{
    uint32_t at = from;
    while (at < to) {
        uint32_t end = at;
        while (end < to && sc->s[end] != '_') {
            bool is_hump = end > at && is_upper(sc->s[end]) && is_lower(sc->s[end - 1]);
            if (is_hump) {
                break;
            }
            end++;
        }
        if (end > at) {
            add_word(sc, at, end, at > from);
        }
        at = end + (end < to && sc->s[end] == '_');
    }
}

static void scan_word(struct scan *sc)
{
    uint32_t from = sc->i, i = from;
    bool is_plain = true, has_hump = false;
    for (; i < sc->n; i++) {
        char c = sc->s[i];
        if (c == '_' || scan_is_digit(c)) {
            is_plain = false;
        } else if (!scan_is_letter(c) && (unsigned char)c < 0xc3) {
            break;
        } else if ((unsigned char)c >= 0xc3) { /* letters of other alphabets; signs begin with c2 or e2 */
            if ((unsigned char)c >= 0xe2 || c == '\xc3') {
                break;
            }
            i++;
        } else if (i > from && is_upper(c) && is_lower(sc->s[i - 1])) {
            has_hump = true;
        }
    }
    if (i == from) {
        i++;
    }
    bool is_p999 = i - from == 3 && sc->n - i >= 2 && memcmp(sc->s + from, "p99.9", 5) == 0;
    if (is_p999 && !(sc->n - i > 2 && scan_is_digit(sc->s[i + 2]))) {
        scan_item(sc, from, i + 2, ITEM_WORD, W_P999, TOKEN_WORD(W_P999));
        sc->i = i + 2;
        return;
    }
    /* URLs and addresses are names of things elsewhere */
    if (sc->n - i >= 3 && memcmp(sc->s + i, "://", 3) == 0) {
        while (i < sc->n && sc->s[i] != ' ' && sc->s[i] != '\n' && sc->s[i] != ')' && sc->s[i] != '>') {
            i++;
        }
        scan_item(sc, from, i, ITEM_WORD, W_NONE, TOKEN(CLASS_NAME, claims_hash(sc->s + from, i - from)));
    } else if (is_plain && !has_hump) {
        add_word(sc, from, i, false);
    } else {
        struct word_hit whole = claims_word_find(sc->s + from, i - from);
        bool is_known = whole.word != W_NONE || whole.unit != UNIT_NONE;
        if (is_known || (is_plain && i - from <= 3)) {
            add_word(sc, from, i, false);
        } else {
            split_identifier(sc, from, i);
        }
    }
    sc->i = i;
}

/* ---- marks --- */

struct sign {
    const char *bytes;
    uint8_t len, id;
};
static const struct sign SIGNS[] = {
    {"\xe2\x86\x92", 3, MARK_ARROW}, {"\xe2\x87\x92", 3, MARK_ARROW},  {"\xe2\x9e\x9c", 3, MARK_ARROW},
    {"\xe2\x80\x93", 3, MARK_DASH},  {"\xe2\x80\x94", 3, MARK_DASH},   {"\xe2\x89\xa4", 3, MARK_LE},
    {"\xe2\x89\xa5", 3, MARK_GE},    {"\xe2\x89\x88", 3, MARK_APPROX}, {"\xc2\xb1", 2, MARK_PLUS_MINUS},
    {"\xc3\x97", 2, MARK_TIMES},     {"\xe2\x80\xa6", 3, MARK_DASH},   {"\xe2\x88\xbc", 3, MARK_APPROX},
};

static uint32_t utf8_len(unsigned char lead)
{
    return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
}

static void scan_sign(struct scan *sc)
{
    const char *p = sc->s + sc->i;
    uint32_t left = sc->n - sc->i;
    for (size_t k = 0; k < sizeof SIGNS / sizeof SIGNS[0]; k++) {
        if (left >= SIGNS[k].len && memcmp(p, SIGNS[k].bytes, SIGNS[k].len) == 0) {
            mark(sc, SIGNS[k].len, SIGNS[k].id);
            return;
        }
    }
    if (left >= 3 && memcmp(p, "\xe2\x88\x92", 3) == 0 && left > 3 && scan_is_digit(p[3])) {
        sc->i += 3; /* a minus: the number looks back at it */
        scan_quantity(sc);
        return;
    }
    uint32_t len = utf8_len((unsigned char)*p);
    len = len > left ? left : len;
    struct word_hit hit = claims_word_find(p, len);
    if (hit.word) {
        note_class(sc, hit.word);
        scan_item(sc, sc->i, sc->i + len, ITEM_WORD, hit.word, TOKEN_WORD(hit.word));
    } else if ((unsigned char)*p >= 0xc3 && (unsigned char)*p < 0xe2 && *p != '\xc3') {
        scan_word(sc);
        return;
    }
    sc->i += len;
}

static bool is_sentence_end(const struct scan *sc)
{
    char c = sc->s[sc->i];
    if (c == '\v' || c == '!' || c == '?') {
        return true;
    }
    uint32_t next = sc->i + 1;
    if (c != '.' || (next < sc->n && sc->s[next] != ' ' && sc->s[next] != '\n' && sc->s[next] != ')')) {
        return false;
    }
    while (next < sc->n && (sc->s[next] == ' ' || sc->s[next] == '\n' || sc->s[next] == ')')) {
        next++;
    }
    /* "vs. 148", "approx. 5", "e.g. the" go on */
    bool is_short = sc->i >= 2 && (sc->s[sc->i - 2] == '.' || sc->s[sc->i - 2] == ' ');
    bool is_vs = sc->i >= 3 && memcmp(sc->s + sc->i - 2, "vs", 2) == 0;
    return next >= sc->n || !(is_lower(sc->s[next]) || is_short || is_vs);
}

static void scan_ascii(struct scan *sc)
{
    char c = sc->s[sc->i];
    char next = sc->i + 1 < sc->n ? sc->s[sc->i + 1] : '\0';
    bool is_code = sc->m->blocks.at[sc->block].kind == BLOCK_CODE;
    if (c == '-' && next == '>') {
        mark(sc, 2, MARK_ARROW);
    } else if (c == '=' && next == '>') {
        mark(sc, 2, MARK_ARROW);
    } else if (c == '<' && next == '=') {
        mark(sc, 2, MARK_LE);
    } else if (c == '>' && next == '=') {
        mark(sc, 2, MARK_GE);
    } else if (c == '.' && next == '.') {
        uint32_t len = sc->i + 2 < sc->n && sc->s[sc->i + 2] == '.' ? 3 : 2;
        mark(sc, len, MARK_DASH);
    } else if (c == '.' && scan_is_digit(next) && (sc->i == 0 || sc->s[sc->i - 1] == ' ' || sc->s[sc->i - 1] == '(')) {
        scan_quantity(sc);
    } else if (is_sentence_end(sc)) {
        end_sentence(sc);
        sc->i++;
    } else if (c == '\n') {
        if (is_code) {
            end_sentence(sc);
        }
        mark(sc, 1, MARK_LINE);
    } else if (c == '-' && (next == '-' || next == ' ')) {
        mark(sc, next == '-' ? 2 : 1, MARK_DASH);
    } else if (c > ' ') {
        mark(sc, 1, (unsigned char)c);
    } else {
        sc->i++;
    }
}

/* ---- the block --- */

/* Whether rules could say anything about a block without quantities. */
static bool is_worth_keeping(const struct scan *sc, const struct block *block)
{
    if (block->kind != BLOCK_PARAGRAPH || block->quantities > 0) {
        return true;
    }
    unsigned seen = sc->seen;
    bool speaks_for_all = (seen & SEEN_SCOPE) && (seen & (SEEN_VERDICT | SEEN_DIRECTION));
    return speaks_for_all || seen & (SEEN_SHIPS | SEEN_MULTIPLE | SEEN_NUMBER | SEEN_VERDICT);
}

void claims_scan_block(struct model *m, uint32_t index)
{
    struct block *block = &m->blocks.at[index];
    block->item = m->items.count;
    block->quantity = m->quantities.count;
    struct scan sc = {.m = m,
                      .block = index,
                      .s = m->files.at[block->file].flat + block->flat,
                      .n = block->flat_len,
                      .flat = block->flat,
                      .cut = block->item};
    while (sc.i < sc.n && m->failed == ASSAY_OK) {
        char c = sc.s[sc.i];
        if (scan_is_letter(c)) {
            scan_word(&sc);
        } else if (scan_is_digit(c)) {
            scan_quantity(&sc);
        } else if ((unsigned char)c >= 0x80) {
            scan_sign(&sc);
        } else if (c == ' ') {
            sc.i++;
        } else {
            scan_ascii(&sc);
        }
    }
    block->items = m->items.count - block->item;
    block->quantities = m->quantities.count - block->quantity;
    if (!is_worth_keeping(&sc, block)) {
        m->items.count = block->item;
        block->items = 0;
    }
}
