/* C705: a document about one version that once says another. */
#include "claims/check.h"
#include "claims/scan.h"

#include <string.h>
#include <strings.h>

#define VERSIONS_MAX 16 /* of one document; a history has more, and nothing is said of it */

struct version {
    struct assay_slice text; /* "5.1", without the 'v' */
    uint32_t block, at;      /* in the block's text */
};

struct versions {
    struct version at[VERSIONS_MAX];
    uint32_t count;
    bool is_full;
};

static size_t word_len(struct assay_slice text, size_t at)
{
    size_t len = 0;
    while (at + len < text.len &&
           (scan_is_letter(text.data[at + len]) || scan_is_digit(text.data[at + len]) || text.data[at + len] == '-')) {
        len++;
    }
    return len;
}

/* "5.1" or "v5.1.2" at the place, with its last digit; 0 = none. */
static size_t version_len(struct assay_slice text, size_t at)
{
    size_t len = 0, dots = 0;
    while (at + len < text.len &&
           (scan_is_digit(text.data[at + len]) || (text.data[at + len] == '.' && len > 0 && at + len + 1 < text.len &&
                                                   scan_is_digit(text.data[at + len + 1])))) {
        dots += text.data[at + len] == '.';
        len++;
    }
    bool goes_on = at + len < text.len &&
                   (scan_is_letter(text.data[at + len]) || text.data[at + len] == '%' || text.data[at + len] == '/');
    return dots >= 1 && dots <= 3 && !goes_on ? len : 0;
}

static bool is_same(struct assay_slice a, struct assay_slice b)
{
    return a.len == b.len && strncasecmp(a.data, b.data, a.len) == 0;
}

static bool is_one_of(struct assay_slice word, const char *const *words)
{
    for (size_t i = 0; words[i]; i++) {
        if (strlen(words[i]) == word.len && strncasecmp(words[i], word.data, word.len) == 0) {
            return true;
        }
    }
    return false;
}

static void keep(struct versions *versions, struct assay_slice text, uint32_t block, size_t at)
{
    versions->is_full |= versions->count == VERSIONS_MAX;
    if (!versions->is_full) {
        versions->at[versions->count++] = (struct version){text, block, (uint32_t)at};
    }
}

static uint32_t mentions(const struct versions *versions, struct assay_slice text)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < versions->count; i++) {
        count += is_same(versions->at[i].text, text);
    }
    return count;
}

/* Words before a version that speak of the subject's own: "results for 5.1", "version 5.1". What a document requires,
 * supports since, or had before is another matter. */
static bool is_own(struct assay_slice before, struct assay_slice word, struct assay_slice product)
{
    static const char *const VERSION[] = {"version", "release", NULL};
    static const char *const PLACES[] = {"for", "of", "with", "the", "install", "use", "run", "ran", "", NULL};
    static const char *const USES[] = {"use", "install", "try", NULL};
    return is_same(word, product) || is_one_of(word, USES) || (is_one_of(word, VERSION) && is_one_of(before, PLACES));
}

/* Walks the versions of a text with the two words before each; a mark between words parts them. */
struct walk {
    struct assay_slice text, word, before; /* the last word, and the one before it */
    size_t at;
};

static bool next_version(struct walk *w, struct assay_slice *ret)
{
    while (w->at < w->text.len) {
        char c = w->text.data[w->at];
        size_t v = (c == 'v' || c == 'V') && w->at + 1 < w->text.len && scan_is_digit(w->text.data[w->at + 1]);
        size_t len = version_len(w->text, w->at + v), letters = len > 0 ? 0 : word_len(w->text, w->at);
        size_t at = w->at;
        w->at += len > 0 ? v + len : letters > 0 ? letters : 1;
        if (len > 0) {
            *ret = (struct assay_slice){w->text.data + at + v, len};
            return true;
        }
        if (letters > 0) {
            w->before = w->word;
            w->word = (struct assay_slice){w->text.data + at, letters};
        } else if (strchr(".,;:!?()", c)) {
            w->word = w->before = (struct assay_slice){"", 0};
        }
    }
    return false;
}

static struct walk walk_of(const struct model *m, uint32_t block)
{
    return (struct walk){.text = model_text(m, block), .word = {"", 0}, .before = {"", 0}};
}

/* The versions of a block that are the subject's own; of a heading, all. */
static void read_block(const struct model *m, uint32_t block, struct assay_slice product, struct versions *ret)
{
    struct walk w = walk_of(m, block);
    bool is_heading = m->blocks.at[block].kind == BLOCK_HEADING;
    for (struct assay_slice version; next_version(&w, &version);) {
        if (is_heading || (w.word.len > 0 && is_own(w.before, w.word, product))) {
            keep(ret, version, block, (size_t)(version.data - w.text.data));
        }
        w.word = w.before = (struct assay_slice){"", 0};
    }
}

static void say(struct check *c, uint32_t file, const struct version *drift, const struct version *title)
{
    const struct model *m = &c->m;
    uint32_t flat = m->blocks.at[drift->block].flat + drift->at;
    uint32_t from = model_source_of(m, drift->block, flat);
    struct draft d = draft_at_bytes(c, RULE_C705, file, from, from + (uint32_t)drift->text.len);
    flat = m->blocks.at[title->block].flat + title->at;
    from = model_source_of(m, title->block, flat);
    draft_operand_bytes(&d, file, from, from + (uint32_t)title->text.len);
    draft_say(&d, "the document is about %.*s, and says %.*s here", (int)title->text.len, title->text.data,
              (int)drift->text.len, drift->text.data);
    draft_end(&d);
}

static void judge_file(struct check *c, uint32_t file)
{
    const struct model *m = &c->m;
    const struct file *f = &m->files.at[file];
    struct versions known = {0}, later = {0};
    const struct version *drift = NULL;
    uint32_t title = f->sections < 2 ? NONE32 : m->sections.at[f->section + 1].block;
    struct walk w = title == NONE32 ? (struct walk){0} : walk_of(m, title);
    struct assay_slice first;
    if (title == NONE32 || !next_version(&w, &first) || w.word.len == 0) {
        return;
    }
    for (uint32_t i = f->block; i < f->block + f->blocks; i++) {
        const struct block *b = &m->blocks.at[i];
        bool is_known = b->section <= f->section + 1 || b->kind == BLOCK_HEADING;
        bool is_text = b->kind == BLOCK_PARAGRAPH || b->kind == BLOCK_ITEM || b->kind == BLOCK_HEADING;
        if (is_text) {
            read_block(m, i, w.word, is_known ? &known : &later);
        }
    }
    for (uint32_t i = 0; i < later.count; i++) {
        struct assay_slice text = later.at[i].text;
        if (mentions(&known, text) == 0 && mentions(&later, text) == 1) {
            if (drift) {
                return; /* more than one: a history */
            }
            drift = &later.at[i];
        }
    }
    if (drift && !known.is_full && !later.is_full) {
        say(c, file, drift, &known.at[0]);
    }
}

void rule_drift(struct check *c)
{
    for (uint32_t i = 0; check_is_shown(c, RULE_C705) && i < c->m.files.count; i++) {
        if (claims_kind_of(c->m.files.at[i].input) == ASSAY_CLAIMS_MARKDOWN) {
            judge_file(c, i);
        }
    }
}
