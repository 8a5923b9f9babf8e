#include "report/render.h"

#include "report/escape.h"

static void cell_put(struct assay_buf *out, enum assay_column_kind kind, const char *text)
{
    if (kind != ASSAY_COLUMN_FOREIGN && assay_escape_is_plain(text)) {
        assay_escape_terminal(out, text);
    } else {
        assay_escape_markdown(out, text);
    }
}

void assay_render_markdown(const struct assay_table *table, const struct assay_style *style, struct assay_buf *out)
{
    (void)style;
    for (size_t c = 0; c < table->columns_count; c++) {
        assay_buf_text(out, c == 0 ? "| " : " | ");
        cell_put(out, ASSAY_COLUMN_TEXT, table->columns[c].heading);
    }
    assay_buf_text(out, " |\n");
    for (size_t c = 0; c < table->columns_count; c++) {
        assay_buf_text(out, table->columns[c].kind == ASSAY_COLUMN_NUMBER ? "| ---: " : "| --- ");
    }
    assay_buf_text(out, "|\n");
    for (size_t r = 0; r < table->rows_count; r++) {
        for (size_t c = 0; c < table->columns_count; c++) {
            struct assay_table_cell cell = assay_table_at(table, r, c);
            assay_buf_text(out, c == 0 ? "| " : " | ");
            /* Why something is absent is said in plain words, wherever the words came from. */
            cell_put(out, cell.is_absent ? ASSAY_COLUMN_TEXT : table->columns[c].kind, cell.text);
        }
        assay_buf_text(out, " |\n");
    }
}
