#include "report/render.h"

#include "report/escape.h"

void assay_render_csv(const struct assay_table *table, const struct assay_style *style, struct assay_buf *out)
{
    (void)style;
    for (size_t c = 0; c < table->columns_count; c++) {
        assay_buf_text(out, c == 0 ? "" : ",");
        assay_escape_csv(out, table->columns[c].id);
    }
    assay_buf_text(out, "\n");
    for (size_t r = 0; r < table->rows_count; r++) {
        for (size_t c = 0; c < table->columns_count; c++) {
            struct assay_table_cell cell = assay_table_at(table, r, c);
            assay_buf_text(out, c == 0 ? "" : ",");
            assay_escape_csv(out, cell.is_absent ? "" : cell.text);
        }
        assay_buf_text(out, "\n");
    }
}
