/* Building blocks (inside claims/): what the readers of Markdown, plain text and CSV say in common. */
#ifndef ASSAY_CLAIMS_DOC_H
#define ASSAY_CLAIMS_DOC_H

#include "claims/model.h"

struct doc {
    struct model *m;
    uint32_t file, section;
    uint32_t block; /* the open one */
    uint32_t last;  /* block that ended just before, NONE32 after a table, code or HTML */
    uint32_t table, row, column, table_columns;
    uint32_t code_from, code_to;
    uint32_t directive; /* first that waits for the block or table that follows */
    uint32_t flat_room;
    bool is_open;
};

struct doc_open {
    uint32_t stem, list;
    uint8_t kind, mark, depth;
};

void doc_init(struct doc *d, struct model *m, uint32_t file);
void doc_done(struct doc *d);

void doc_open_block(struct doc *d, const struct doc_open *open);
void doc_close_block(struct doc *d); /* fine if none is open */
void doc_close_heading(struct doc *d, uint8_t level);
void doc_after_other(struct doc *d); /* something that is no block came: nothing is a stem or caption any more */

void doc_text(struct doc *d, uint32_t from, uint32_t len, unsigned flags);
void doc_made(struct doc *d, char c);       /* a character that stands for a break or an entity */
void doc_gap(struct doc *d);                /* what was left out parts what stands around it */
uint32_t doc_flat_len(const struct doc *d); /* of the open block */

/* What a row began with, so that it can be read again. */
struct doc_row {
    uint32_t blocks, segments, items, quantities, stamps, cells, directives, flat_len;
};

void doc_open_table(struct doc *d);
void doc_open_row(struct doc *d);
void doc_mark_row(const struct doc *d, struct doc_row *row);
void doc_drop_row(struct doc *d, const struct doc_row *row); /* the line is none */
/* Reads a row again from its line, split as GFM does: at each '|' that has no backslash, code span or not. */
void doc_split_row(struct doc *d, const struct doc_row *row, uint32_t from, uint32_t to);
void doc_open_cell(struct doc *d, bool is_head);
void doc_close_cell(struct doc *d);
void doc_close_table(struct doc *d);

/* GFM lets a table begin right below a line of text; md4c does not. Returns the bytes with a line end in place of the
 * first '|' of each such header row, so that every offset stays; NULL if there is none or no memory for it. */
char *doc_part_tables(const char *bytes, size_t len);

void doc_comment(struct doc *d, uint32_t from);           /* at "<!--" */
void doc_html(struct doc *d, uint32_t from, uint32_t to); /* a raw HTML block: comments and tables in it */
void doc_link(struct doc *d, struct assay_slice target, uint32_t flat);

#endif
