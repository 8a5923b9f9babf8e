/*
 * Text stream: from tokens to what may be sent already (kernels.md 5.2, 5.4). A token may end inside a character, and a
 * stop string may begin in one token and end in another: both are held back until it is clear what they are.
 *
 *     rc = assay_stream_init(&stream, stops, count, err);
 *     struct assay_slice ready = assay_stream_push(&stream, assay_tokenizer_bytes(tokenizer, id));   // may be empty
 *     if (stream.is_stopped) { ... nothing more will come ... }
 *     ready = assay_stream_end(&stream);      // what was held back and is no stop string after all
 *     assay_stream_done(&stream);
 *
 * What comes out, put together, is the text up to the first stop string (which is not part of it); bytes that are no
 * UTF-8 come out as U+FFFD, so that every slice is well-formed.
 */
#ifndef ASSAY_LM_STREAM_H
#define ASSAY_LM_STREAM_H

#include "base/buf.h"
#include "base/text.h"

#include <stdbool.h>

#define ASSAY_STREAM_STOPS_MAX 16
#define ASSAY_STREAM_STOP_BYTES_MAX 1024

struct assay_stream {
    struct assay_slice stops[ASSAY_STREAM_STOPS_MAX]; /* borrowed */
    size_t stops_count;
    struct assay_buf held, ready;
    bool is_stopped;
    size_t stop; /* which one, where is_stopped */
};

/* USAGE: too many stop strings, an empty one, or one that is too long. */
assay_code assay_stream_init(struct assay_stream *stream, const struct assay_slice *stops, size_t count,
                             assay_err *err);
void assay_stream_done(struct assay_stream *stream);

/* Slices are valid until the next call. Without memory they are empty, and assay_buf_check(&stream->ready) says so. */
struct assay_slice assay_stream_push(struct assay_stream *stream, struct assay_slice bytes);
struct assay_slice assay_stream_end(struct assay_stream *stream);

#endif
