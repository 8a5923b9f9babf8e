/* Inside serve/: what the truth server says of itself, its model and its load, in the words of every dialect. */
#ifndef ASSAY_SERVE_TRUTH_IDENTITY_H
#define ASSAY_SERVE_TRUTH_IDENTITY_H

#include "base/buf.h"
#include "serve/truth_script.h"

struct truth_state {
    const struct assay_truth_script *script;
    const struct truth_identity *identity; /* the script's */
    enum truth_dialect dialect;            /* AUTO: it speaks all of them */
    bool is_resident;
    uint64_t origin_ns, now_ns;
    uint64_t requests, streaming; /* requests complete so far; streams now playing */
    uint64_t prompt_tokens, cached_tokens, output_tokens;
};

/* The digest that is true at this moment. */
const char *truth_identity_digest(const struct truth_state *state);

/* Appends the body of the answer to `path`; false: no such path. */
bool truth_identity_answer(const struct truth_state *state, struct assay_slice path, struct assay_slice body,
                           struct assay_buf *out, unsigned *ret_status, const char **ret_type);

#endif
