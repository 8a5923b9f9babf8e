/* Markdown into the model: the only file that knows md4c. Every run of text is a slice of the input. */
#include "claims/doc.h"

#include <assert.h>
#include <md4c.h>
#include <string.h>

#define DEPTH_MAX 100 /* blocks inside each other; nobody reads deeper */

struct list_level {
    uint32_t stem, list;
    uint8_t mark; /* of the item that is open */
    bool is_item_begun;
};

struct reader {
    struct model *m;
    struct doc doc;
    const char *bytes;
    uint32_t len;
    uint32_t depth, quotes, struck, links, images, strong, code_span;
    struct list_level lists[DEPTH_MAX];
    uint32_t lists_count, lists_seen;
    uint32_t html_from, html_to;
    struct doc_row row;
    uint32_t row_text;  /* where its first text lies, or NONE32 */
    uint32_t link_flat; /* where the open link began in the flat text */
    struct assay_slice link_target;
    enum { CODE_SKIPPED, CODE_LINES, CODE_JSON } code;
    bool has_code_pipe; /* the open row: a code span holds a '|' */
    bool is_in_code, is_in_html, is_heading, is_cell, is_head_cell, is_over_depth;
    uint8_t heading_level;
};

static uint32_t offset_of(const struct reader *r, const char *text)
{
    return (uint32_t)(text - r->bytes);
}

static const char *bytes_of(const struct reader *r)
{
    return r->m->files.at[r->doc.file].input->bytes;
}

static bool is_slice(const struct reader *r, const char *text)
{
    return text >= r->bytes && text < r->bytes + r->len;
}

static bool is_unread(const struct reader *r)
{
    bool is_quoted = r->quotes > 0 && !r->m->request->options.reads_quotes;
    return is_quoted || r->struck > 0 || (r->images > 0 && r->links > 0);
}

/* ---- tables --- */

static void enter_table(struct reader *r)
{
    doc_close_block(&r->doc);
    doc_open_table(&r->doc);
}

static void enter_cell(struct reader *r, bool is_head)
{
    r->is_cell = true;
    r->is_head_cell = is_head;
    doc_open_cell(&r->doc, is_head);
}

static void leave_cell(struct reader *r)
{
    doc_close_cell(&r->doc);
    r->is_cell = false;
}

static void enter_row(struct reader *r)
{
    doc_open_row(&r->doc);
    doc_mark_row(&r->doc, &r->row);
    r->row_text = NONE32;
    r->has_code_pipe = false;
}

/* md4c keeps a code span whole and merges "||"; GFM splits at both. */
static void leave_row(struct reader *r)
{
    if (r->row_text == NONE32) {
        return;
    }
    uint32_t from = r->row_text, to = r->row_text;
    while (from > 0 && r->bytes[from - 1] != '\n') {
        from--;
    }
    while (to < r->len && r->bytes[to] != '\n') {
        to++;
    }
    struct assay_slice line = assay_slice_trim((struct assay_slice){r->bytes + from, to - from});
    if (assay_slice_starts(line, "<!--") && !memchr(line.data, '|', line.len)) {
        doc_drop_row(&r->doc, &r->row); /* to GFM it ends the table */
    } else if (r->has_code_pipe || memmem(r->bytes + from, to - from, "||", 2)) {
        doc_split_row(&r->doc, &r->row, from, to);
    }
}

/* ---- blocks --- */

static void enter_list(struct reader *r)
{
    uint32_t stem = r->doc.last;
    doc_close_block(&r->doc);
    stem = r->doc.last != NONE32 ? r->doc.last : stem;
    if (r->lists_count < DEPTH_MAX) {
        r->lists[r->lists_count] = (struct list_level){.stem = stem, .list = r->lists_seen};
    }
    r->lists_count++;
    r->lists_seen++;
}

static void enter_item(struct reader *r, const MD_BLOCK_LI_DETAIL *detail)
{
    doc_close_block(&r->doc);
    if (r->lists_count == 0 || r->lists_count > DEPTH_MAX) {
        return;
    }
    struct list_level *level = &r->lists[r->lists_count - 1];
    level->is_item_begun = true;
    level->mark = MARK_NONE;
    if (detail->is_task) {
        level->mark = detail->task_mark == ' ' ? MARK_OPEN : MARK_DONE;
    }
}

static bool attribute_is(const MD_ATTRIBUTE *attribute, const char *text)
{
    return attribute->size == strlen(text) && (text[0] == '\0' || memcmp(attribute->text, text, attribute->size) == 0);
}

static void enter_code(struct reader *r, const MD_BLOCK_CODE_DETAIL *detail)
{
    static const char *const LINES[] = {"", "text", "console", "output", "log", "txt"};
    doc_close_block(&r->doc);
    r->is_in_code = true;
    r->code = CODE_SKIPPED;
    if (attribute_is(&detail->lang, "json")) {
        r->code = CODE_JSON;
    }
    for (size_t i = 0; i < sizeof LINES / sizeof LINES[0]; i++) {
        if (attribute_is(&detail->lang, LINES[i])) {
            r->code = CODE_LINES;
        }
    }
    if (is_unread(r)) {
        r->code = CODE_SKIPPED;
    }
    r->doc.code_from = NONE32;
    r->doc.code_to = 0;
}

static void leave_code(struct reader *r)
{
    r->is_in_code = false;
    if (r->doc.code_from == NONE32) {
        return;
    }
    if (r->code == CODE_JSON) {
        claims_read_json_text(r->m, r->doc.file, r->doc.code_from, r->doc.code_to, r->doc.section);
        doc_after_other(&r->doc);
    } else if (r->code == CODE_LINES) {
        doc_close_block(&r->doc);
    }
}

static int on_enter_block(MD_BLOCKTYPE type, void *detail, void *user)
{
    struct reader *r = user;
    r->depth++;
    r->is_over_depth |= r->depth > DEPTH_MAX;
    switch ((int)type) {
    case MD_BLOCK_QUOTE:
        doc_close_block(&r->doc);
        r->quotes++;
        break;
    case MD_BLOCK_UL:
    case MD_BLOCK_OL:
        enter_list(r);
        break;
    case MD_BLOCK_LI:
        enter_item(r, detail);
        break;
    case MD_BLOCK_H:
        doc_close_block(&r->doc);
        r->is_heading = true;
        r->heading_level = (uint8_t)((MD_BLOCK_H_DETAIL *)detail)->level;
        break;
    case MD_BLOCK_CODE:
        enter_code(r, detail);
        break;
    case MD_BLOCK_HTML:
        doc_close_block(&r->doc);
        r->is_in_html = true;
        r->html_from = NONE32;
        break;
    case MD_BLOCK_TABLE:
        enter_table(r);
        break;
    case MD_BLOCK_TR:
        enter_row(r);
        break;
    case MD_BLOCK_TH:
    case MD_BLOCK_TD:
        enter_cell(r, type == MD_BLOCK_TH);
        break;
    default:
        doc_close_block(&r->doc);
        break;
    }
    return r->m->failed != ASSAY_OK;
}

static void leave_html(struct reader *r)
{
    r->is_in_html = false;
    if (r->html_from != NONE32) {
        doc_html(&r->doc, r->html_from, r->html_to);
    }
}

static void leave_heading(struct reader *r)
{
    r->is_heading = false;
    doc_close_heading(&r->doc, r->heading_level);
}

static int on_leave_block(MD_BLOCKTYPE type, void *detail, void *user)
{
    struct reader *r = user;
    (void)detail;
    r->depth--;
    switch ((int)type) {
    case MD_BLOCK_QUOTE:
        doc_close_block(&r->doc);
        r->quotes--;
        break;
    case MD_BLOCK_UL:
    case MD_BLOCK_OL:
        doc_close_block(&r->doc);
        r->lists_count--;
        break;
    case MD_BLOCK_H:
        leave_heading(r);
        break;
    case MD_BLOCK_CODE:
        leave_code(r);
        break;
    case MD_BLOCK_HTML:
        leave_html(r);
        break;
    case MD_BLOCK_TABLE:
        doc_close_table(&r->doc);
        break;
    case MD_BLOCK_TH:
    case MD_BLOCK_TD:
        leave_cell(r);
        break;
    case MD_BLOCK_TR:
        leave_row(r);
        break;
    case MD_BLOCK_THEAD:
    case MD_BLOCK_TBODY:
        break;
    default:
        doc_close_block(&r->doc);
        break;
    }
    return r->m->failed != ASSAY_OK;
}

/* ---- spans --- */

static int on_enter_span(MD_SPANTYPE type, void *detail, void *user)
{
    struct reader *r = user;
    switch ((int)type) {
    case MD_SPAN_STRONG:
        r->strong++;
        break;
    case MD_SPAN_CODE:
        r->code_span++;
        break;
    case MD_SPAN_DEL:
        r->struck++;
        break;
    case MD_SPAN_IMG:
        r->images++;
        break;
    case MD_SPAN_A: {
        const MD_SPAN_A_DETAIL *a = detail;
        r->links++;
        r->link_flat = r->doc.is_open ? doc_flat_len(&r->doc) : 0;
        r->link_target = (struct assay_slice){0};
        if (a->href.size > 0 && is_slice(r, a->href.text)) { /* r->bytes may be a copy */
            r->link_target = (struct assay_slice){bytes_of(r) + offset_of(r, a->href.text), a->href.size};
        }
        break;
    }
    default:
        break;
    }
    return 0;
}

static int on_leave_span(MD_SPANTYPE type, void *detail, void *user)
{
    struct reader *r = user;
    (void)detail;
    switch ((int)type) {
    case MD_SPAN_STRONG:
        r->strong--;
        break;
    case MD_SPAN_CODE:
        r->code_span--;
        break;
    case MD_SPAN_DEL:
        r->struck--;
        doc_gap(&r->doc);
        break;
    case MD_SPAN_IMG:
        r->images--;
        break;
    case MD_SPAN_A:
        r->links--;
        if (r->doc.is_open && r->link_target.len > 0) {
            doc_link(&r->doc, r->link_target, r->link_flat);
        }
        break;
    default:
        break;
    }
    return r->m->failed != ASSAY_OK;
}

/* ---- text --- */

static void open_block(struct reader *r)
{
    if (r->doc.is_open) {
        return;
    }
    struct doc_open open = {.kind = BLOCK_PARAGRAPH, .stem = NONE32, .list = NONE32};
    if (r->is_heading) {
        open.kind = BLOCK_HEADING;
    } else if (r->is_in_code) {
        open.kind = BLOCK_CODE;
    } else if (r->is_cell) {
        open.kind = r->is_head_cell ? BLOCK_HEAD_CELL : BLOCK_CELL;
    } else if (r->lists_count > 0 && r->lists_count <= DEPTH_MAX) {
        struct list_level *level = &r->lists[r->lists_count - 1];
        open.kind = BLOCK_ITEM;
        open.stem = level->stem;
        open.list = level->list;
        open.mark = level->is_item_begun ? level->mark : MARK_NONE;
        level->is_item_begun = false;
        level->mark = MARK_NONE;
    }
    open.depth = (uint8_t)(r->depth < DEPTH_MAX ? r->depth : DEPTH_MAX);
    doc_open_block(&r->doc, &open);
}

static void code_text(struct reader *r, const char *text, uint32_t len)
{
    if (r->code == CODE_SKIPPED) {
        return;
    }
    if (!is_slice(r, text)) { /* a line end */
        if (r->code == CODE_LINES && r->doc.is_open) {
            doc_made(&r->doc, '\n');
        }
        return;
    }
    uint32_t at = offset_of(r, text);
    r->doc.code_from = r->doc.code_from == NONE32 ? at : r->doc.code_from;
    r->doc.code_to = at + len;
    if (r->code == CODE_LINES) {
        open_block(r);
        doc_text(&r->doc, at, len, SEGMENT_CODE);
    }
}

static void html_text(struct reader *r, const char *text, uint32_t len)
{
    if (!is_slice(r, text)) {
        return;
    }
    uint32_t at = offset_of(r, text);
    r->row_text = r->is_cell && r->row_text == NONE32 ? at : r->row_text;
    if (r->is_in_html) {
        r->html_from = r->html_from == NONE32 ? at : r->html_from;
        r->html_to = at + len;
        return;
    }
    if (len >= 3 && memcmp(text, "<br", 3) == 0 && r->doc.is_open) {
        doc_made(&r->doc, '\v');
    }
    if (len >= 4 && memcmp(text, "<!--", 4) == 0) {
        doc_comment(&r->doc, at);
    }
}

/* The entities that stand near numbers; any other is a gap. */
static void entity_text(struct reader *r, const char *text, uint32_t len)
{
    static const struct {
        const char *name, *is;
    } ENTITIES[] = {
        {"&lt;", "<"},    {"&gt;", ">"},     {"&amp;", "&"},   {"&quot;", "\""}, {"&le;", "≤"},
        {"&ge;", "≥"},    {"&plusmn;", "±"}, {"&times;", "×"}, {"&micro;", "µ"}, {"&rarr;", "→"},
        {"&minus;", "−"}, {"&asymp;", "≈"},  {"&#60;", "<"},   {"&#62;", ">"},   {"&#37;", "%"},
    };
    for (size_t i = 0; i < sizeof ENTITIES / sizeof ENTITIES[0]; i++) {
        if (strlen(ENTITIES[i].name) == len && memcmp(ENTITIES[i].name, text, len) == 0) {
            for (const char *c = ENTITIES[i].is; *c; c++) {
                doc_made(&r->doc, *c);
            }
            return;
        }
    }
    doc_made(&r->doc, ' ');
}

static int on_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE len, void *user)
{
    struct reader *r = user;
    if (r->is_in_code) {
        code_text(r, text, len);
        return r->m->failed != ASSAY_OK;
    }
    if (type == MD_TEXT_HTML) {
        html_text(r, text, len);
        return r->m->failed != ASSAY_OK;
    }
    if (r->is_cell && is_slice(r, text)) {
        r->row_text = r->row_text == NONE32 ? offset_of(r, text) : r->row_text;
        r->has_code_pipe |= r->code_span > 0 && memchr(text, '|', len);
    }
    if (is_unread(r)) {
        return 0;
    }
    switch ((int)type) {
    case MD_TEXT_BR:
    case MD_TEXT_SOFTBR:
        if (r->doc.is_open) {
            doc_made(&r->doc, type == MD_TEXT_BR ? '\v' : '\n');
        }
        break;
    case MD_TEXT_ENTITY:
        open_block(r);
        entity_text(r, text, len);
        break;
    case MD_TEXT_NULLCHAR:
        open_block(r);
        doc_made(&r->doc, ' ');
        break;
    default:
        if (is_slice(r, text)) {
            unsigned flags =
                (r->code_span ? SEGMENT_CODE : 0u) | (r->strong ? SEGMENT_STRONG : 0u) | (r->links ? SEGMENT_LINK : 0u);
            open_block(r);
            doc_text(&r->doc, offset_of(r, text), len, flags);
        } else if (r->doc.is_open) {
            doc_made(&r->doc, ' ');
        }
        break;
    }
    return r->m->failed != ASSAY_OK;
}

/* Bytes of a byte order mark and of front matter, which is data about the document and not its text. */
static uint32_t skip_front(const char *bytes, uint32_t len)
{
    uint32_t at = len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    if (len - at < 4 || (memcmp(bytes + at, "---", 3) != 0 && memcmp(bytes + at, "+++", 3) != 0)) {
        return at;
    }
    char fence = bytes[at];
    for (uint32_t i = at + 3; i < len;) {
        const char *end = memchr(bytes + i, '\n', len - i);
        if (!end) {
            return at;
        }
        i = offset_of(&(struct reader){.bytes = bytes}, end) + 1;
        if (len - i >= 3 && bytes[i] == fence && bytes[i + 1] == fence && bytes[i + 2] == fence) {
            return i + 3;
        }
        if (i == at + 4 && bytes[i] == '\n') {
            return at; /* a rule, not front matter */
        }
    }
    return at;
}

void claims_read_markdown(struct model *m, uint32_t file)
{
    struct file *f = &m->files.at[file];
    struct reader *r = assay_alloc(1, sizeof *r);
    if (!r) {
        model_fail(m);
        return;
    }
    r->m = m;
    char *parted = f->input->len ? doc_part_tables(f->input->bytes, f->input->len) : NULL;
    r->bytes = parted ? parted : f->input->bytes;
    r->len = (uint32_t)f->input->len;
    doc_init(&r->doc, m, file);
    const MD_PARSER parser = {.flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS,
                              .enter_block = on_enter_block,
                              .leave_block = on_leave_block,
                              .enter_span = on_enter_span,
                              .leave_span = on_leave_span,
                              .text = on_text};
    uint32_t skipped = r->len ? skip_front(r->bytes, r->len) : 0;
    int rc = r->len > skipped ? md_parse(r->bytes + skipped, r->len - skipped, &parser, r) : 0;
    if (rc != 0 && m->failed == ASSAY_OK) {
        model_fail(m);
    }
    doc_done(&r->doc);
    if (r->is_over_depth) {
        m->incomplete_why = "blocks deeper than 100";
    }
    assay_free(parted);
    assay_free(r);
}
