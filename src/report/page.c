#include "report/page.h"

#include "report/escape.h"

#include "base/text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void assay_page_init(struct assay_page *page, enum assay_report_format format, const struct assay_style *style,
                     struct assay_buf *out)
{
    assert(page && style && out && (format == ASSAY_REPORT_TEXT || format == ASSAY_REPORT_MARKDOWN));
    *page = (struct assay_page){.format = format, .style = style, .out = out};
    assay_arena_init(&page->shown, ASSAY_PAGE_SHOWN_BYTES_MAX);
}

assay_code assay_page_done(struct assay_page *page, assay_err *err)
{
    assay_code rc = page->failed;
    assay_arena_done(&page->shown);
    if (rc != ASSAY_OK) {
        return assay_fail(err, rc, "the report could not be written: %s", assay_code_text(rc));
    }
    return assay_buf_check(page->out, err);
}

static void page_fail(struct assay_page *page, assay_code code)
{
    page->failed = page->failed == ASSAY_OK ? code : page->failed;
}

const char *assay_page_show(struct assay_page *page, const char *foreign)
{
    return assay_page_show_line(page, foreign, ASSAY_SHOWN_BYTES_MAX);
}

const char *assay_page_show_line(struct assay_page *page, const char *line, size_t bytes_max)
{
    assert(page && line);
    struct assay_buf text;
    assay_buf_init(&text, 16 * bytes_max);
    if (page->format == ASSAY_REPORT_MARKDOWN && !assay_escape_is_plain(line)) {
        assay_escape_markdown(&text, line);
    } else {
        assay_text_show(&text, line, strlen(line), bytes_max);
    }
    char *copy =
        text.failed == ASSAY_OK ? assay_arena_text(&page->shown, text.data != NULL ? text.data : "", text.len) : NULL;
    assay_buf_done(&text);
    if (copy == NULL) {
        page_fail(page, ASSAY_NO_MEMORY);
        return "";
    }
    return copy;
}

__attribute__((format(printf, 2, 0))) static void put_formatted(struct assay_buf *out, const char *format,
                                                                va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int needed = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *place = needed < 0 ? NULL : assay_buf_reserve(out, (size_t)needed + 1);
    if (place != NULL) {
        vsnprintf(place, (size_t)needed + 1, format, arguments);
        assay_buf_grew(out, (size_t)needed);
    }
}

void assay_page_heading(struct assay_page *page, unsigned level, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    assay_page_gap(page);
    if (page->format == ASSAY_REPORT_MARKDOWN) {
        for (unsigned i = 0; i < level; i++) {
            assay_buf_char(page->out, '#');
        }
        assay_buf_char(page->out, ' ');
        put_formatted(page->out, format, arguments);
        assay_buf_text(page->out, "\n\n");
    } else {
        assay_tint_begin(page->out, page->style, ASSAY_TINT_BOLD);
        put_formatted(page->out, format, arguments);
        assay_tint_end(page->out, page->style, ASSAY_TINT_BOLD);
        assay_buf_char(page->out, '\n');
    }
    va_end(arguments);
}

void assay_page_line(struct assay_page *page, enum assay_tint tint, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bool is_markdown = page->format == ASSAY_REPORT_MARKDOWN;
    bool is_strong = is_markdown && (tint == ASSAY_TINT_BOLD || tint == ASSAY_TINT_BAD);
    assay_buf_text(page->out, is_strong ? "**" : "");
    if (!is_markdown) {
        assay_tint_begin(page->out, page->style, tint);
    }
    put_formatted(page->out, format, arguments);
    if (!is_markdown) {
        assay_tint_end(page->out, page->style, tint);
    }
    assay_buf_text(page->out, is_strong ? "**" : "");
    assay_buf_text(page->out, is_markdown ? "\n\n" : "\n");
    va_end(arguments);
}

void assay_page_item(struct assay_page *page, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    assay_buf_text(page->out, page->format == ASSAY_REPORT_MARKDOWN ? "- " : "  ");
    put_formatted(page->out, format, arguments);
    assay_buf_char(page->out, '\n');
    va_end(arguments);
}

void assay_page_gap(struct assay_page *page)
{
    const struct assay_buf *out = page->out;
    bool is_open =
        out->len > 0 && !(out->len > 1 && out->data[out->len - 1] == '\n' && out->data[out->len - 2] == '\n');
    if (is_open) {
        assay_buf_char(page->out, '\n');
    }
}

void assay_page_table(struct assay_page *page, const struct assay_table *table)
{
    assay_err err = {0};
    if (page->format == ASSAY_REPORT_MARKDOWN) {
        assay_page_gap(page);
    }
    assay_code rc = assay_table_render(table, page->format, page->style, page->out, &err);
    if (rc != ASSAY_OK) {
        page_fail(page, rc);
    }
    if (page->format == ASSAY_REPORT_MARKDOWN) {
        assay_page_gap(page);
    }
}
