/*
 * Escaping: foreign text on its way to a person or a machine (evidence.md 7). Every renderer goes through here, so that
 * no server, file or flag can forge a line, a link, a mention or a spreadsheet formula in a report.
 */
#ifndef ASSAY_REPORT_ESCAPE_H
#define ASSAY_REPORT_ESCAPE_H

#include "base/buf.h"

#include <stdbool.h>

#define ASSAY_SHOWN_BYTES_MAX 256 /* evidence.md 7: foreign text is cut after so many bytes */

/* True if text holds only letters, digits, blanks and punctuation that no surface gives a meaning to. */
bool assay_escape_is_plain(const char *text);

/* True if the whole text is a decimal number as JSON spells it. */
bool assay_escape_is_number(const char *text);

void assay_escape_terminal(struct assay_buf *out, const char *text); /* control and bidi as \xNN */
void assay_escape_markdown(struct assay_buf *out, const char *text); /* a code span whose fence is long enough */
/* The same for a line that we composed of several foreign parts, each cut before: longer than one of them. */
void assay_escape_markdown_line(struct assay_buf *out, const char *text, size_t bytes_max);
/* A fenced block: each line escaped and cut, under a fence that none of them can close. */
void assay_escape_markdown_block(struct assay_buf *out, const char *lines, size_t line_bytes_max);
/* XML text or attribute; what XML has no character for becomes U+FFFD. */
void assay_escape_xml(struct assay_buf *out, const char *text, size_t bytes_max);
void assay_escape_openmetrics(struct assay_buf *out, const char *text); /* between the quotes of a label */
/* Message of a GitHub workflow command, or one of its properties. */
void assay_escape_command(struct assay_buf *out, const char *text, size_t bytes_max, bool is_property);
/* Message of SARIF: brackets would be links. */
void assay_escape_sarif(struct assay_buf *out, const char *text, size_t bytes_max);
void assay_escape_csv(struct assay_buf *out, const char *text); /* RFC 4180; formulas defused; one line */

#endif
