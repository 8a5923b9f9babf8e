#include "report/render.h"

#include "report/escape.h"

#include "json/json.h"

#include <string.h>

void assay_render_json(const struct assay_table *table, const struct assay_style *style, struct assay_buf *out)
{
    (void)style;
    assay_buf_text(out, "[");
    for (size_t r = 0; r < table->rows_count; r++) {
        bool is_first = true;
        assay_buf_text(out, r == 0 ? "\n  {" : ",\n  {");
        for (size_t c = 0; c < table->columns_count; c++) {
            struct assay_table_cell cell = assay_table_at(table, r, c);
            if (cell.is_absent) {
                continue;
            }
            assay_buf_text(out, is_first ? "" : ", ");
            is_first = false;
            assay_json_quote(out, table->columns[c].id, strlen(table->columns[c].id));
            assay_buf_text(out, ": ");
            if (table->columns[c].kind == ASSAY_COLUMN_NUMBER && assay_escape_is_number(cell.text)) {
                assay_buf_text(out, cell.text);
            } else {
                assay_json_quote(out, cell.text, strlen(cell.text));
            }
        }
        assay_buf_text(out, "}");
    }
    assay_buf_text(out, table->rows_count == 0 ? "]" : "\n]");
}
