#include "report/render.h"

#include "report/escape.h"

#include <assert.h>
#include <string.h>

#define GAP "  " /* between columns */

void assay_tint_begin(struct assay_buf *out, const struct assay_style *style, enum assay_tint tint)
{
    static const char *const SEQUENCES[] = {"", "\033[1m", "\033[2m", "\033[32m", "\033[31m"};
    assert((unsigned)tint < sizeof SEQUENCES / sizeof SEQUENCES[0]);
    assay_buf_text(out, style->has_color ? SEQUENCES[tint] : "");
}

void assay_tint_end(struct assay_buf *out, const struct assay_style *style, enum assay_tint tint)
{
    assay_buf_text(out, style->has_color && tint != ASSAY_TINT_NONE ? "\033[0m" : "");
}

/* Places on a terminal, one a code point: combining and wide characters are rare enough here. */
static size_t width_of(const char *text, size_t len)
{
    size_t width = 0;
    for (size_t i = 0; i < len; i++) {
        width += ((unsigned char)text[i] & 0xc0) != 0x80;
    }
    return width;
}

static size_t shown_width(const char *text, struct assay_buf *scratch)
{
    assay_buf_clear(scratch);
    assay_escape_terminal(scratch, text);
    return scratch->len > 0 ? width_of(scratch->data, scratch->len) : 0;
}

static void pad(struct assay_buf *out, size_t width)
{
    for (size_t i = 0; i < width; i++) {
        assay_buf_char(out, ' ');
    }
}

struct field {
    const char *text;
    size_t width;
    bool is_right, is_last;
    enum assay_tint tint;
};

static void field_put(const struct field *field, const struct assay_style *style, struct assay_buf *scratch,
                      struct assay_buf *out)
{
    size_t shown = shown_width(field->text, scratch);
    size_t blank = field->width > shown ? field->width - shown : 0;
    pad(out, field->is_right ? blank : 0);
    assay_tint_begin(out, style, field->tint);
    assay_buf_append(out, scratch->data != NULL ? scratch->data : "", scratch->len);
    assay_tint_end(out, style, field->tint);
    if (!field->is_last) {
        pad(out, field->is_right ? 0 : blank);
        assay_buf_text(out, GAP);
    }
}

void assay_render_text(const struct assay_table *table, const struct assay_style *style, struct assay_buf *out)
{
    struct assay_buf scratch;
    assay_buf_init(&scratch, (size_t)8 * ASSAY_SHOWN_BYTES_MAX);
    size_t *widths = assay_alloc(table->columns_count, sizeof *widths);
    if (widths == NULL) {
        out->failed = out->failed == ASSAY_OK ? ASSAY_NO_MEMORY : out->failed;
        goto out;
    }
    for (size_t c = 0; c < table->columns_count; c++) {
        widths[c] = shown_width(table->columns[c].heading, &scratch);
        for (size_t r = 0; r < table->rows_count; r++) {
            size_t width = shown_width(assay_table_at(table, r, c).text, &scratch);
            widths[c] = width > widths[c] ? width : widths[c];
        }
    }
    for (size_t line = 0; line < table->rows_count + 1; line++) {
        for (size_t c = 0; c < table->columns_count; c++) {
            struct assay_table_cell cell = line == 0 ? (struct assay_table_cell){table->columns[c].heading, false}
                                                     : assay_table_at(table, line - 1, c);
            field_put(&(struct field){.text = cell.text,
                                      .width = widths[c],
                                      .is_right = table->columns[c].kind == ASSAY_COLUMN_NUMBER,
                                      .is_last = c + 1 == table->columns_count,
                                      .tint = line == 0        ? ASSAY_TINT_BOLD
                                              : cell.is_absent ? ASSAY_TINT_DIM
                                                               : ASSAY_TINT_NONE},
                      style, &scratch, out);
        }
        assay_buf_char(out, '\n');
    }
    if (scratch.failed != ASSAY_OK && out->failed == ASSAY_OK) {
        out->failed = scratch.failed;
    }
out:
    assay_free(widths);
    assay_buf_done(&scratch);
}
