/* Foreign text as a JSON string. Inside report/ only. */
#ifndef ASSAY_REPORT_FOREIGN_H
#define ASSAY_REPORT_FOREIGN_H

#include "json/json.h"

/* Control, bidi and ill-formed bytes made visible, at most bytes_max of the input; never empty: "-" stands for nothing,
 * since readers of several formats refuse empty strings. */
void assay_foreign_put(struct assay_json_builder *b, json_t *object, const char *name, const char *bytes, size_t len,
                       size_t bytes_max);
void assay_foreign_add(struct assay_json_builder *b, json_t *array, const char *bytes, size_t len, size_t bytes_max);

/* Text that was made, "-" for nothing; a buffer that failed fails the builder. Ends the buffer. */
void assay_foreign_put_made(struct assay_json_builder *b, json_t *object, const char *name, struct assay_buf *made);

/* A path as the member `uri`: what is no plain character of a path is percent-encoded. */
void assay_foreign_put_uri(struct assay_json_builder *b, json_t *object, const char *path);

#endif
