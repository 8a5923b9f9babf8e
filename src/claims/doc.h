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

void doc_open_table(struct doc *d);
void doc_open_row(struct doc *d);
void doc_open_cell(struct doc *d, bool is_head);
void doc_close_cell(struct doc *d);
void doc_close_table(struct doc *d);

void doc_comment(struct doc *d, uint32_t from);           /* at "<!--" */
void doc_html(struct doc *d, uint32_t from, uint32_t to); /* a raw HTML block: comments and tables in it */
void doc_link(struct doc *d, struct assay_slice target, uint32_t flat);

#endif
