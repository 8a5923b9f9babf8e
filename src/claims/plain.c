/* Plain text and CSV into the model. */
#include "claims/doc.h"

#include <string.h>

#define CSV_COLUMNS_MAX 256
#define CSV_ROWS_MAX 10000

/* ---- plain text: paragraphs by blank lines; a table only where a rule of dashes lies under the header --- */

static bool is_blank_line(const char *line, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r') {
            return false;
        }
    }
    return true;
}

static uint32_t line_end(const struct file *f, uint32_t from)
{
    const char *end = memchr(f->input->bytes + from, '\n', f->input->len - from);
    return end ? (uint32_t)(end - f->input->bytes) : (uint32_t)f->input->len;
}

void claims_read_plain(struct model *m, uint32_t file)
{
    struct doc d;
    const struct assay_claims_input *input = m->files.at[file].input;
    doc_init(&d, m, file);
    for (uint32_t at = 0; at < input->len && m->failed == ASSAY_OK;) {
        uint32_t end = line_end(&m->files.at[file], at);
        if (is_blank_line(input->bytes + at, end - at)) {
            doc_close_block(&d);
        } else {
            if (!d.is_open) {
                struct doc_open open = {.kind = BLOCK_PARAGRAPH, .stem = NONE32, .list = NONE32};
                doc_open_block(&d, &open);
            }
            doc_text(&d, at, end - at, 0);
            doc_made(&d, '\n');
        }
        at = end + 1;
    }
    doc_done(&d);
}

/* ---- CSV: one table; quotes as RFC 4180 --- */

static uint32_t read_field(struct doc *d, const struct assay_claims_input *input, uint32_t at)
{
    bool is_quoted = at < input->len && input->bytes[at] == '"';
    at += is_quoted;
    uint32_t from = at;
    while (at < input->len) {
        char c = input->bytes[at];
        if (is_quoted && c == '"') {
            doc_text(d, from, at - from, 0);
            if (at + 1 < input->len && input->bytes[at + 1] == '"') {
                from = at + 1;
                at += 2;
                continue;
            }
            at++;
            while (at < input->len && input->bytes[at] != ',' && input->bytes[at] != '\n') {
                at++;
            }
            return at;
        }
        if (!is_quoted && (c == ',' || c == '\n' || c == '\r')) {
            break;
        }
        at++;
    }
    doc_text(d, from, at - from, 0);
    while (at < input->len && input->bytes[at] == '\r') {
        at++;
    }
    return at;
}

void claims_read_csv(struct model *m, uint32_t file)
{
    struct doc d;
    const struct assay_claims_input *input = m->files.at[file].input;
    doc_init(&d, m, file);
    if (input->len == 0) {
        return;
    }
    doc_open_table(&d);
    for (uint32_t at = 0, row = 0; at < input->len && m->failed == ASSAY_OK; row++) {
        if (row > CSV_ROWS_MAX) {
            m->incomplete_why = "a table over 10,000 rows";
            break;
        }
        if (input->bytes[at] == '\n') {
            at++;
            continue;
        }
        doc_open_row(&d);
        for (uint32_t column = 0; column < CSV_COLUMNS_MAX; column++) {
            doc_open_cell(&d, row == 0);
            at = read_field(&d, input, at);
            doc_close_cell(&d);
            if (at >= input->len || input->bytes[at] != ',') {
                break;
            }
            at++;
        }
        while (at < input->len && input->bytes[at] != '\n') {
            at++;
        }
        at++;
    }
    doc_close_table(&d);
}
