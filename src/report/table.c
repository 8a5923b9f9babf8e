#include "report/table.h"

#include "report/render.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *assay_report_format_text(enum assay_report_format format)
{
    static const char *const TEXTS[] = {"text", "csv", "md", "json"};
    _Static_assert(sizeof TEXTS / sizeof TEXTS[0] == ASSAY_REPORT_FORMAT_COUNT, "one word a format");
    assert((unsigned)format < ASSAY_REPORT_FORMAT_COUNT);
    return TEXTS[format];
}

void assay_table_init(struct assay_table *table, const struct assay_column *columns, size_t columns_count)
{
    assert(table && columns && columns_count > 0);
    *table = (struct assay_table){.columns = columns, .columns_count = columns_count};
    assay_arena_init(&table->arena, ASSAY_TABLE_BYTES_MAX);
}

void assay_table_done(struct assay_table *table)
{
    if (table != NULL) {
        assay_arena_done(&table->arena);
        assay_free(table->cells);
        *table = (struct assay_table){0};
    }
}

static struct assay_table_cell *cell_add(struct assay_table *table)
{
    if (table->failed != ASSAY_OK) {
        return NULL;
    }
    if (table->cells_count == table->cells_capacity) {
        size_t capacity = table->cells_capacity == 0 ? 8 * table->columns_count : 2 * table->cells_capacity;
        struct assay_table_cell *cells = assay_realloc(table->cells, capacity, sizeof *cells);
        if (cells == NULL) {
            table->failed = ASSAY_NO_MEMORY;
            return NULL;
        }
        table->cells = cells;
        table->cells_capacity = capacity;
    }
    struct assay_table_cell *cell = &table->cells[table->cells_count++];
    *cell = (struct assay_table_cell){.text = "", .is_absent = true};
    return cell;
}

void assay_table_row(struct assay_table *table)
{
    assert(table);
    while (table->failed == ASSAY_OK && table->cells_count < table->rows_count * table->columns_count) {
        cell_add(table);
    }
    if (table->rows_count == ASSAY_TABLE_ROWS_MAX) {
        table->failed = table->failed == ASSAY_OK ? ASSAY_TOO_LARGE : table->failed;
        return;
    }
    table->rows_count++;
}

/* A cell of the current row; a cell too many is a bug of the caller. */
static struct assay_table_cell *cell_next(struct assay_table *table)
{
    if (table->failed != ASSAY_OK) {
        return NULL;
    }
    assert(table->rows_count > 0 && table->cells_count < table->rows_count * table->columns_count);
    return cell_add(table);
}

void assay_table_cell(struct assay_table *table, const char *format, ...)
{
    assert(table && format);
    va_list arguments;
    va_start(arguments, format);
    int needed = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *place = needed < 0 ? NULL : assay_arena_take(&table->arena, (size_t)needed + 1, 1);
    struct assay_table_cell *cell = cell_next(table);
    if (cell == NULL) {
        return;
    }
    if (place == NULL) {
        table->failed = ASSAY_NO_MEMORY;
        return;
    }
    va_start(arguments, format);
    vsnprintf(place, (size_t)needed + 1, format, arguments);
    va_end(arguments);
    *cell = (struct assay_table_cell){.text = place, .is_absent = false};
}

void assay_table_absent(struct assay_table *table, const char *why)
{
    assert(table);
    char *text = assay_arena_text(&table->arena, why != NULL ? why : "", why != NULL ? strlen(why) : 0);
    struct assay_table_cell *cell = cell_next(table);
    if (cell == NULL) {
        return;
    }
    if (text == NULL) {
        table->failed = ASSAY_NO_MEMORY;
        return;
    }
    cell->text = text;
}

struct assay_table_cell assay_table_at(const struct assay_table *table, size_t row, size_t column)
{
    assert(row < table->rows_count && column < table->columns_count);
    size_t index = row * table->columns_count + column;
    return index < table->cells_count ? table->cells[index] : (struct assay_table_cell){.text = "", .is_absent = true};
}

assay_code assay_table_render(const struct assay_table *table, enum assay_report_format format,
                              const struct assay_style *style, struct assay_buf *out, assay_err *err)
{
    assert(table && style && out && (unsigned)format < ASSAY_REPORT_FORMAT_COUNT);
    static void (*const RENDER[])(const struct assay_table *, const struct assay_style *, struct assay_buf *) = {
        assay_render_text, assay_render_csv, assay_render_markdown, assay_render_json};
    _Static_assert(sizeof RENDER / sizeof RENDER[0] == ASSAY_REPORT_FORMAT_COUNT, "one renderer a format");
    if (table->failed != ASSAY_OK) {
        return assay_fail(err, table->failed, "a table of %zu rows: %s", table->rows_count,
                          assay_code_text(table->failed));
    }
    RENDER[format](table, style, out);
    return assay_buf_check(out, err);
}
