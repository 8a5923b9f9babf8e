/* Where md4c and GFM differ about tables: which line begins one, and where a row is split. */
#include "claims/doc.h"

#include "base/mem.h"

#include <string.h>

void doc_mark_row(const struct doc *d, struct doc_row *row)
{
    const struct model *m = d->m;
    *row = (struct doc_row){.blocks = m->blocks.count,
                            .segments = m->segments.count,
                            .items = m->items.count,
                            .quantities = m->quantities.count,
                            .stamps = m->stamps.count,
                            .cells = m->cells.count,
                            .directives = m->directives.count,
                            .flat_len = m->files.at[d->file].flat_len};
}

static void rewind_row(struct doc *d, const struct doc_row *row)
{
    struct model *m = d->m;
    m->blocks.count = row->blocks;
    m->segments.count = row->segments;
    m->items.count = row->items;
    m->quantities.count = row->quantities;
    m->stamps.count = row->stamps;
    m->cells.count = row->cells;
    m->files.at[d->file].flat_len = row->flat_len;
    d->column = 0;
}

void doc_drop_row(struct doc *d, const struct doc_row *row)
{
    if (d->m->failed == ASSAY_OK && d->row != NONE32 && d->row > 0) {
        rewind_row(d, row);
        d->row--;
        d->column = d->table_columns; /* the row before it is full */
    }
}

static bool is_markup(char c)
{
    return c == '`' || c == '*';
}

/* The text of a cell: what stands between its marks; a backslash before a mark or a pipe is none of it. */
static void put_cell(struct doc *d, const char *bytes, uint32_t from, uint32_t to, bool is_head)
{
    bool is_code = memchr(bytes + from, '`', to - from) != NULL;
    doc_open_cell(d, is_head);
    while (from < to) {
        uint32_t end = from;
        while (end < to && !is_markup(bytes[end]) && !(bytes[end] == '\\' && end + 1 < to && bytes[end + 1] == '|')) {
            end++;
        }
        if (end > from) {
            doc_text(d, from, end - from, is_code ? SEGMENT_CODE : 0);
        }
        from = end + 1;
        if (end + 1 < to && bytes[end] == '\\') { /* the pipe itself belongs to the text, whatever follows */
            doc_text(d, end + 1, 1, is_code ? SEGMENT_CODE : 0);
            from = end + 2;
        }
    }
    doc_close_cell(d);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static void trim(const char *bytes, uint32_t *from, uint32_t *to)
{
    while (*from < *to && is_blank(bytes[*from])) {
        (*from)++;
    }
    while (*to > *from && is_blank(bytes[*to - 1])) {
        (*to)--;
    }
}

static uint32_t cell_end(const char *bytes, uint32_t from, uint32_t to)
{
    while (from < to && !(bytes[from] == '|' && bytes[from - 1] != '\\')) {
        from++;
    }
    return from;
}

static uint32_t count_cells(const char *bytes, uint32_t from, uint32_t to)
{
    uint32_t count = 0;
    for (; from < to; count++) {
        from = cell_end(bytes, from, to) + 1;
    }
    return count;
}

void doc_split_row(struct doc *d, const struct doc_row *row, uint32_t from, uint32_t to)
{
    struct model *m = d->m;
    const char *bytes = m->files.at[d->file].input->bytes;
    bool is_head = d->row == 0;
    trim(bytes, &from, &to);
    from += from < to && bytes[from] == '|';
    if (m->failed != ASSAY_OK || m->directives.count != row->directives || from == 0 ||
        (is_head && count_cells(bytes, from, to) != d->column)) {
        return; /* a comment binds a cell as it is; the header has as many columns as the line below it */
    }
    rewind_row(d, row);
    while (from < to && m->failed == ASSAY_OK) {
        uint32_t end = cell_end(bytes, from, to), cell_from = from, cell_to = end;
        trim(bytes, &cell_from, &cell_to);
        put_cell(d, bytes, cell_from, cell_to, is_head);
        from = end + 1;
    }
}

static size_t line_end(const char *bytes, size_t len, size_t from)
{
    const char *end = from < len ? memchr(bytes + from, '\n', len - from) : NULL;
    return end ? (size_t)(end - bytes) : len;
}

static bool is_delimiter_row(const char *bytes, size_t from, size_t to)
{
    bool has_dash = false;
    for (size_t i = from; i < to; i++) {
        has_dash |= bytes[i] == '-';
        if (!is_blank(bytes[i]) && bytes[i] != '|' && bytes[i] != '-' && bytes[i] != ':') {
            return false;
        }
    }
    return has_dash;
}

/* A line of a paragraph at the margin: what begins with a mark may be a list, a quote, a heading or code. */
static bool is_text_line(const char *bytes, size_t from, size_t to)
{
    if (from == to || (to - from == 1 && bytes[from] == '\r')) {
        return false;
    }
    bool is_strong = to - from > 2 && (bytes[from] == '*' || bytes[from] == '_') && bytes[from + 1] == bytes[from];
    return is_strong || (!strchr(" \t#>`~<-*+|=0123456789", bytes[from]) && bytes[from] != '\0');
}

char *doc_part_tables(const char *bytes, size_t len)
{
    char *parted = NULL;
    size_t before = 0; /* where the line before begins */
    for (size_t at = 0; at < len;) {
        size_t end = line_end(bytes, len, at);
        if (at > 0 && bytes[at] == '|' && is_text_line(bytes, before, at - 1) && end < len &&
            is_delimiter_row(bytes, end + 1, line_end(bytes, len, end + 1))) {
            if (!parted) {
                parted = assay_alloc(len, 1);
                if (!parted) {
                    return NULL;
                }
                memcpy(parted, bytes, len);
            }
            parted[at] = '\n';
        }
        before = at;
        at = end + 1;
    }
    return parted;
}
