/*
 * Page: headings, lines and tables for people, as terminal text or Markdown. Inside report/ only.
 *
 * Formats hold our own words; whatever came from outside goes through assay_page_show first. A page remembers its first
 * failure; assay_page_done reports it.
 */
#ifndef ASSAY_REPORT_PAGE_H
#define ASSAY_REPORT_PAGE_H

#include "report/render.h"

#define ASSAY_PAGE_SHOWN_BYTES_MAX ((size_t)64 << 20) /* escaped texts of one page */

struct assay_page {
    enum assay_report_format format; /* ASSAY_REPORT_TEXT or ASSAY_REPORT_MARKDOWN */
    const struct assay_style *style;
    struct assay_buf *out;
    struct assay_arena shown;
    assay_code failed;
};

void assay_page_init(struct assay_page *page, enum assay_report_format format, const struct assay_style *style,
                     struct assay_buf *out);
assay_code assay_page_done(struct assay_page *page, assay_err *err);

/* Foreign text, escaped for this page and cut; lives as long as the page. Never NULL. */
const char *assay_page_show(struct assay_page *page, const char *foreign);
/* The same for a line that we composed of escaped and unescaped parts: cut only at bytes_max. */
const char *assay_page_show_line(struct assay_page *page, const char *line, size_t bytes_max);

void assay_page_heading(struct assay_page *page, unsigned level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void assay_page_line(struct assay_page *page, enum assay_tint tint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void assay_page_item(struct assay_page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
void assay_page_gap(struct assay_page *page); /* an empty line */
void assay_page_table(struct assay_page *page, const struct assay_table *table);

#endif
