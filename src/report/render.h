/*
 * Renderers: one function a format, each in its own file; assay_table_render picks one. Inside report/ only.
 */
#ifndef ASSAY_REPORT_RENDER_H
#define ASSAY_REPORT_RENDER_H

#include "report/table.h"

struct assay_table_cell assay_table_at(const struct assay_table *table, size_t row, size_t column);

void assay_render_text(const struct assay_table *table, const struct assay_style *style, struct assay_buf *out);
void assay_render_csv(const struct assay_table *table, const struct assay_style *style, struct assay_buf *out);
void assay_render_markdown(const struct assay_table *table, const struct assay_style *style, struct assay_buf *out);
void assay_render_json(const struct assay_table *table, const struct assay_style *style, struct assay_buf *out);

/* ANSI sequences, empty without colour. */
enum assay_tint { ASSAY_TINT_NONE, ASSAY_TINT_BOLD, ASSAY_TINT_DIM, ASSAY_TINT_GOOD, ASSAY_TINT_BAD };
void assay_tint_begin(struct assay_buf *out, const struct assay_style *style, enum assay_tint tint);
void assay_tint_end(struct assay_buf *out, const struct assay_style *style, enum assay_tint tint);

#endif
