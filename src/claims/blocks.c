/* Blocks, sections and tables of the model, as the readers find them. */
#include "claims/doc.h"

#include <assert.h>
#include <string.h>

static struct file *file_of(const struct doc *d)
{
    return &d->m->files.at[d->file];
}

static uint32_t add_section(struct doc *d, uint32_t block, uint8_t level)
{
    struct model *m = d->m;
    if (!vec_room(&m->sections)) {
        model_fail(m);
        return d->section;
    }
    uint32_t parent = d->section;
    while (parent != NONE32 && level > 0 && m->sections.at[parent].level >= level) {
        parent = m->sections.at[parent].parent;
    }
    m->sections.at[m->sections.count] =
        (struct section){.file = d->file, .parent = level ? parent : NONE32, .block = block, .level = level};
    return m->sections.count++;
}

void doc_init(struct doc *d, struct model *m, uint32_t file)
{
    *d = (struct doc){.m = m, .file = file, .section = NONE32, .last = NONE32, .table = NONE32};
    d->directive = m->directives.count;
    d->section = add_section(d, NONE32, 0);
    if (m->failed == ASSAY_OK) {
        m->sections.at[d->section].is_first = true;
    }
}

void doc_done(struct doc *d)
{
    doc_close_block(d);
}

uint32_t doc_flat_len(const struct doc *d)
{
    return file_of(d)->flat_len - d->m->blocks.at[d->block].flat;
}

static bool make_flat_room(struct doc *d, uint32_t len)
{
    struct file *f = file_of(d);
    if (f->flat_len + len + 1 > d->flat_room) {
        uint32_t room = d->flat_room * 2 + len + 4096;
        char *grown = assay_realloc(f->flat, room, 1);
        if (!grown) {
            model_fail(d->m);
            return false;
        }
        f->flat = grown;
        d->flat_room = room;
    }
    return true;
}

/* ---- directives that wait for what follows --- */

static void resolve_blocks(struct doc *d, uint32_t block)
{
    struct model *m = d->m;
    for (uint32_t i = d->directive; i < m->directives.count; i++) {
        if (m->directives.at[i].next_block == NONE32) {
            m->directives.at[i].next_block = block;
        }
    }
    while (d->directive < m->directives.count && m->directives.at[d->directive].next_block != NONE32 &&
           m->directives.at[d->directive].kind != DIRECTIVE_TABLE) {
        d->directive++;
    }
}

static void resolve_tables(struct doc *d, uint32_t table)
{
    struct model *m = d->m;
    for (uint32_t i = d->directive; i < m->directives.count; i++) {
        if (m->directives.at[i].next_table == NONE32) {
            m->directives.at[i].next_table = table;
        }
    }
}

/* ---- blocks --- */

void doc_open_block(struct doc *d, const struct doc_open *open)
{
    struct model *m = d->m;
    assert(!d->is_open);
    if (m->failed != ASSAY_OK || !vec_room(&m->blocks)) {
        model_fail(m);
        return;
    }
    d->block = m->blocks.count++;
    m->blocks.at[d->block] = (struct block){.file = d->file,
                                            .section = d->section,
                                            .flat = file_of(d)->flat_len,
                                            .segment = m->segments.count,
                                            .item = m->items.count,
                                            .quantity = m->quantities.count,
                                            .stem = open->stem,
                                            .table = NONE32,
                                            .list = open->list,
                                            .kind = open->kind,
                                            .mark = open->mark,
                                            .depth = open->depth};
    d->is_open = true;
    if (open->kind != BLOCK_HEAD_CELL && open->kind != BLOCK_CELL) {
        resolve_blocks(d, d->block);
    }
}

void doc_close_block(struct doc *d)
{
    struct model *m = d->m;
    if (!d->is_open || m->failed != ASSAY_OK) {
        return;
    }
    struct block *block = &m->blocks.at[d->block];
    const struct section *section = &m->sections.at[d->section];
    block->flat_len = file_of(d)->flat_len - block->flat;
    block->segments = m->segments.count - block->segment;
    block->is_lead = section->is_first || section->is_summary || block->kind == BLOCK_HEADING;
    d->is_open = false;
    d->last = d->block;
    file_of(d)->flat[file_of(d)->flat_len++] = '\0';
    claims_scan_block(m, d->block);
}

/* Whether a heading's word or number makes what stands below it a thing of its own. */
static uint32_t scope_of(const struct model *m, uint32_t block, bool *ret_is_summary)
{
    const struct block *b = &m->blocks.at[block];
    uint32_t scope = 0;
    for (uint32_t i = b->item; i < b->item + b->items; i++) {
        const struct item *item = &m->items.at[i];
        struct assay_slice text = model_text(m, block);
        bool has_digit = false;
        for (uint32_t k = 0; k < item->len; k++) {
            char c = text.data[item->flat - b->flat + k];
            has_digit |= c >= '0' && c <= '9';
        }
        unsigned class_of = item->kind == ITEM_WORD ? claims_words[item->word].class_of : CLASS_NONE;
        if (item->kind != ITEM_MARK &&
            (has_digit || class_of == CLASS_ARM || class_of == CLASS_SIZE || class_of == CLASS_DEVICE)) {
            scope = (scope ^ claims_hash(text.data + (item->flat - b->flat), item->len)) * UINT32_C(16777619) + 1;
        }
        *ret_is_summary |= item->word == W_SUMMARY && item->kind == ITEM_WORD;
    }
    return scope;
}

void doc_close_heading(struct doc *d, uint8_t level)
{
    struct model *m = d->m;
    if (!d->is_open) {
        return;
    }
    uint32_t before = d->section;
    doc_close_block(d);
    uint32_t block = d->block;
    d->section = add_section(d, block, level);
    if (m->failed != ASSAY_OK) {
        return;
    }
    struct section *section = &m->sections.at[d->section];
    m->blocks.at[block].section = d->section;
    section->scope = scope_of(m, block, &section->is_summary);
    section->is_first = m->sections.at[before].block == NONE32 && m->sections.at[before].is_first;
    if (section->parent != NONE32) {
        uint32_t above = m->sections.at[section->parent].scope;
        section->scope = above ? (section->scope ^ above) * UINT32_C(16777619) + 1 : section->scope;
        section->is_summary |= m->sections.at[section->parent].is_summary;
    }
    m->blocks.at[block].is_lead = section->is_first || section->is_summary;
}

void doc_after_other(struct doc *d)
{
    d->last = NONE32;
}

/* ---- text --- */

static void add_segment(struct doc *d, uint32_t source, unsigned flags)
{
    struct model *m = d->m;
    uint32_t flat = file_of(d)->flat_len;
    const struct block *block = &m->blocks.at[d->block];
    if (m->segments.count > block->segment) {
        const struct segment *last = &m->segments.at[m->segments.count - 1];
        if (last->flags == flags && source - last->source == flat - last->flat) {
            return; /* goes on where the last one ended */
        }
    }
    if (!vec_room(&m->segments)) {
        model_fail(m);
        return;
    }
    m->segments.at[m->segments.count++] = (struct segment){.flat = flat, .source = source, .flags = (uint8_t)flags};
}

void doc_text(struct doc *d, uint32_t from, uint32_t len, unsigned flags)
{
    struct file *f = file_of(d);
    if (d->m->failed != ASSAY_OK || !d->is_open || !make_flat_room(d, len)) {
        return;
    }
    add_segment(d, from, flags);
    memcpy(f->flat + f->flat_len, f->input->bytes + from, len);
    f->flat_len += len;
}

void doc_made(struct doc *d, char c)
{
    struct file *f = file_of(d);
    if (d->m->failed != ASSAY_OK || !d->is_open || !make_flat_room(d, 1)) {
        return;
    }
    uint32_t source = 0;
    if (d->m->segments.count > d->m->blocks.at[d->block].segment) {
        const struct segment *last = &d->m->segments.at[d->m->segments.count - 1];
        source = last->source + (f->flat_len - last->flat);
    }
    add_segment(d, source, SEGMENT_MADE);
    f->flat[f->flat_len++] = c;
}

void doc_gap(struct doc *d)
{
    if (d->is_open) {
        doc_made(d, ' ');
    }
}

/* ---- tables --- */

void doc_open_table(struct doc *d)
{
    struct model *m = d->m;
    if (m->failed != ASSAY_OK || !vec_room(&m->tables)) {
        model_fail(m);
        return;
    }
    d->table = m->tables.count++;
    m->tables.at[d->table] = (struct table){
        .file = d->file, .section = d->section, .caption = d->last, .cell = m->cells.count, .from = UINT32_MAX};
    d->row = NONE32;
    d->table_columns = 0;
    resolve_tables(d, d->table);
}

/* A row is padded to the width of the header. */
static void pad_row(struct doc *d)
{
    struct model *m = d->m;
    while (d->row != NONE32 && d->column < d->table_columns && m->failed == ASSAY_OK) {
        if (!vec_room(&m->cells)) {
            model_fail(m);
            return;
        }
        m->cells.at[m->cells.count++] = NONE32;
        d->column++;
    }
}

void doc_open_row(struct doc *d)
{
    if (d->row == 0) {
        d->table_columns = d->column;
    }
    pad_row(d);
    d->row = d->row == NONE32 ? 0 : d->row + 1;
    d->column = 0;
}

void doc_open_cell(struct doc *d, bool is_head)
{
    struct doc_open open = {.kind = is_head ? BLOCK_HEAD_CELL : BLOCK_CELL, .stem = NONE32, .list = NONE32};
    struct model *m = d->m;
    doc_open_block(d, &open);
    if (m->failed != ASSAY_OK || !vec_room(&m->cells)) {
        model_fail(m);
        return;
    }
    struct block *block = &m->blocks.at[d->block];
    block->table = d->table;
    block->row = d->row;
    block->column = d->column;
    if (d->row == 0 || d->column < d->table_columns) {
        m->cells.at[m->cells.count++] = d->block;
    }
    d->column++;
}

void doc_close_cell(struct doc *d)
{
    struct model *m = d->m;
    doc_close_block(d);
    if (m->failed != ASSAY_OK) {
        return;
    }
    const struct block *block = &m->blocks.at[d->block];
    struct table *table = &m->tables.at[d->table];
    if (block->segments > 0) {
        uint32_t from = m->segments.at[block->segment].source;
        table->from = from < table->from ? from : table->from;
        table->to = from + block->flat_len > table->to ? from + block->flat_len : table->to;
    }
}

static bool has_excerpt_word(const struct model *m, uint32_t block)
{
    if (block == NONE32) {
        return false;
    }
    const struct block *b = &m->blocks.at[block];
    for (uint32_t i = b->item; i < b->item + b->items; i++) {
        if (m->items.at[i].kind == ITEM_WORD && claims_words[m->items.at[i].word].class_of == CLASS_EXCERPT) {
            return true;
        }
    }
    return false;
}

/* A row of nothing but "..." or "etc." says that rows were left out. */
static bool is_row_of_dots(const struct model *m, const struct table *t, uint32_t row)
{
    bool has_dots = false;
    for (uint32_t c = 0; c < t->columns; c++) {
        uint32_t cell = model_cell(m, t, row, c);
        if (cell == NONE32) {
            continue;
        }
        struct assay_slice text = assay_slice_trim(model_text(m, cell));
        bool is_dots = assay_slice_is(text, "...") || assay_slice_is(text, "\xe2\x80\xa6") ||
                       assay_slice_is(text, "etc.") || assay_slice_is(text, "etc");
        if (text.len > 0 && !is_dots) {
            return false;
        }
        has_dots |= is_dots;
    }
    return has_dots;
}

void doc_close_table(struct doc *d)
{
    struct model *m = d->m;
    if (m->failed != ASSAY_OK) {
        return;
    }
    if (d->row == 0) {
        d->table_columns = d->column;
    }
    pad_row(d);
    struct table *t = &m->tables.at[d->table];
    t->columns = d->table_columns;
    t->rows = d->row == NONE32 ? 0 : d->row;
    t->is_partial = has_excerpt_word(m, t->caption);
    for (uint32_t row = 1; row <= t->rows && !t->is_partial; row++) {
        t->is_partial = is_row_of_dots(m, t, row);
    }
    d->last = NONE32;
}

/* ---- comments and links --- */

static void add_directive(struct doc *d, struct directive directive)
{
    struct model *m = d->m;
    if (!vec_room(&m->directives)) {
        model_fail(m);
        return;
    }
    directive.file = d->file;
    m->directives.at[m->directives.count++] = directive;
}

void doc_comment(struct doc *d, uint32_t from)
{
    const struct file *f = file_of(d);
    struct assay_slice rest = {f->input->bytes + from + 4, f->input->len - from - 4};
    const char *end = memmem(rest.data, rest.len, "-->", 3);
    if (!end) {
        return;
    }
    struct assay_slice text = assay_slice_trim((struct assay_slice){rest.data, (size_t)(end - rest.data)});
    if (!assay_slice_starts(text, "assay:")) {
        return;
    }
    text = (struct assay_slice){text.data + 6, text.len - 6};
    bool is_inline = d->is_open;
    add_directive(d, (struct directive){.block = is_inline ? d->block : NONE32,
                                        .flat = is_inline ? doc_flat_len(d) : NONE32,
                                        .from = from,
                                        .to = (uint32_t)(end + 3 - f->input->bytes),
                                        .text = text,
                                        .next_block = is_inline ? d->block : NONE32,
                                        .next_table = NONE32,
                                        .kind = DIRECTIVE_BAD});
}

void doc_html(struct doc *d, uint32_t from, uint32_t to)
{
    struct file *f = file_of(d);
    const char *bytes = f->input->bytes;
    for (uint32_t at = from; at < to;) {
        const char *open = memchr(bytes + at, '<', to - at);
        if (!open) {
            break;
        }
        at = (uint32_t)(open - bytes);
        struct assay_slice rest = {open, to - at};
        if (assay_slice_starts(rest, "<!--")) {
            doc_comment(d, at);
            const char *end = memmem(open, rest.len, "-->", 3);
            at = end ? (uint32_t)(end - bytes) : to;
        }
        f->html_tables += assay_slice_starts(rest, "<table") || assay_slice_starts(rest, "<TABLE");
        at++;
    }
}

void doc_link(struct doc *d, struct assay_slice target, uint32_t flat)
{
    /* Only what can be a binding: a fragment in a JSON file. */
    if (!memchr(target.data, '#', target.len) || memmem(target.data, target.len, "://", 3) || target.data[0] == '#') {
        return;
    }
    const struct file *f = file_of(d);
    uint32_t from = (uint32_t)(target.data - f->input->bytes);
    add_directive(d, (struct directive){.block = d->block,
                                        .flat = doc_flat_len(d),
                                        .link_flat = flat,
                                        .from = from,
                                        .to = from + (uint32_t)target.len,
                                        .text = target,
                                        .next_block = d->block,
                                        .next_table = NONE32,
                                        .kind = DIRECTIVE_LINK});
}
