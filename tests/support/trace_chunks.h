/*
 * A trace as the plain bytes of its chunks, for tests that change them: taken apart, changed, and joined to a file
 * again. Each function fails the test if it cannot.
 */
#ifndef ASSAY_TESTS_TRACE_CHUNKS_H
#define ASSAY_TESTS_TRACE_CHUNKS_H

#include "base/buf.h"
#include "record/trace.h"

#define CHUNKS_COUNT_MAX 300

struct chunks {
    struct assay_buf plain[CHUNKS_COUNT_MAX];
    size_t count;
};

void chunks_take_apart(const struct assay_buf *file, struct chunks *ret);
void chunks_add(struct chunks *chunks, const char *plain, size_t len);
/* A chunk of JSON with its header. */
void chunks_add_json(struct chunks *chunks, const struct assay_trace_ident *ident, enum assay_trace_kind kind,
                     size_t count, const char *text);
void chunks_join(const struct chunks *chunks, struct assay_buf *ret);
/* All but one chunk, whose frame comes between the two. */
void chunks_join_around(const struct chunks *chunks, size_t left_out, struct assay_buf *ret_before,
                        struct assay_buf *ret_behind);
void chunks_put_frame(const struct assay_buf *plain, struct assay_buf *file);
void chunks_done(struct chunks *chunks);

#endif
