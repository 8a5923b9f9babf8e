/* Inside serve/: what a request asks the truth server for. Pure. */
#ifndef ASSAY_SERVE_TRUTH_REQUEST_H
#define ASSAY_SERVE_TRUTH_REQUEST_H

#include "base/text.h"
#include "serve/truth_stream.h"

/* Whether this path is one of a stream, and which. */
bool truth_request_api(struct assay_slice path, enum truth_api *ret);

/* Reads the body of a stream's request. false: it is not JSON; *ret_reason says why. */
bool truth_request_read(enum truth_api api, struct assay_slice body, struct truth_ask *ret, assay_err *err);

/* Words of a text, which are its tokens here. */
uint64_t truth_request_words(const char *text, size_t len);

#endif
