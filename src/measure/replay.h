/*
 * Recorded load: from a file of somebody's traffic to due times and lengths (endpoints.md 4). Pure. Internal to
 * measure/.
 *
 * The format is told by the first line, never by the file's name:
 *
 *     due_ns,prompt_tokens,output_tokens[,chain]          own CSV
 *     TIMESTAMP,ContextTokens,GeneratedTokens             Azure: date and time with up to 7 decimals
 *     Timestamp,...,Request tokens,Response tokens,...    BurstGPT: seconds
 *     {"timestamp": ms, "input_length": .., "output_length": .., ...}    Mooncake, one object a line
 *
 * Other columns and members are read over (`chain`, `hash_ids`: prompts of a replay share no prefix yet). Due times are
 * relative to the first row, which the file need not begin at 0; rows must not go back in time.
 */
#ifndef ASSAY_MEASURE_REPLAY_H
#define ASSAY_MEASURE_REPLAY_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct assay_replay_row {
    uint64_t due_ns;
    uint32_t prompt_tokens, output_tokens;
};

struct assay_replay {
    struct assay_replay_row *rows;
    size_t count;
};

/* MALFORMED with the line, UNSUPPORTED for an unknown header, TOO_LARGE over max_rows. */
assay_code assay_replay_read(const char *bytes, size_t len, size_t max_rows, struct assay_replay *ret, assay_err *err);
void assay_replay_done(struct assay_replay *replay);

#endif
