/*
 * What the words of `lm` that run a model share: the options that say how, opening with progress on a terminal, and
 * the digest of the file.
 */
#ifndef ASSAY_CLI_LM_MODEL_H
#define ASSAY_CLI_LM_MODEL_H

#include "base/opt.h"
#include "crypto/crypto.h"
#include "lm/lm.h"

#include <stddef.h>

struct assay_lm_how {
    uint64_t threads, context;
    const char *pages, *pinned, *head;
};

#define ASSAY_LM_HOW_GROUP "How it runs"
#define ASSAY_LM_HOW_OPTIONS(type, member)                                                                             \
    {"threads",                                                                                                        \
     "N",                                                                                                              \
     "threads that share a pass (default $ASSAY_THREADS, else all CPUs)",                                              \
     ASSAY_OPT_U64,                                                                                                    \
     offsetof(type, member.threads),                                                                                   \
     .max = ASSAY_TEAM_THREADS_MAX,                                                                                    \
     .refuses_zero = true,                                                                                             \
     .group = ASSAY_LM_HOW_GROUP},                                                                                     \
        {"context",                                                                                                    \
         "N",                                                                                                          \
         "positions that a sequence may come to (default: the model's)",                                               \
         ASSAY_OPT_U64,                                                                                                \
         offsetof(type, member.context),                                                                               \
         .max = ASSAY_MODEL_CONTEXT_MAX,                                                                               \
         .refuses_zero = true,                                                                                         \
         .group = ASSAY_LM_HOW_GROUP},                                                                                 \
        {"pages",        "huge|small|mapped",          "where the weights lie (default $ASSAY_PAGES, else huge)",      \
         ASSAY_OPT_TEXT, offsetof(type, member.pages), .group = ASSAY_LM_HOW_GROUP},                                   \
        {"head",                                                                                                       \
         "exact|screened",                                                                                             \
         "rows that cannot be the greedy choice are left out (default $ASSAY_HEAD, else exact)",                       \
         ASSAY_OPT_TEXT,                                                                                               \
         offsetof(type, member.head),                                                                                  \
         .group = ASSAY_LM_HOW_GROUP},                                                                                 \
    {                                                                                                                  \
        "pinned", "0|1", "thread i on the i-th CPU of the affinity mask (default $ASSAY_PIN, else 1)", ASSAY_OPT_TEXT, \
            offsetof(type, member.pinned), .group = ASSAY_LM_HOW_GROUP                                                 \
    }

/* `setup` holds what the word itself wants; options and environment fill in the rest. */
assay_code assay_lm_set_up(const struct assay_lm_how *how, struct assay_engine_setup *setup, assay_err *err);

/* Sets up and opens. Prints progress on a terminal. */
assay_code assay_lm_open(const char *path, const struct assay_lm_how *how, struct assay_engine_setup *setup,
                         struct assay_engine **ret, assay_err *err);

/* SHA-256 of a file, as text. */
assay_code assay_lm_digest(const char *path, char text[ASSAY_DIGEST_TEXT_BYTES], assay_err *err);

/* The name that the model has in its file; "" if none. Borrowed. */
struct assay_slice assay_lm_name(const struct assay_engine *engine);

#endif
