/* Inside serve/: members of a request by table. A row says where a value goes and what it may be. */
#ifndef ASSAY_SERVE_LM_ASK_MEMBER_H
#define ASSAY_SERVE_LM_ASK_MEMBER_H

#include "serve/lm_ask.h"

enum lm_member_kind {
    LM_MEMBER_BOOL,
    LM_MEMBER_TEXT,  /* a slice */
    LM_MEMBER_COUNT, /* uint64_t, an integer from least to most */
    LM_MEMBER_LIMIT, /* the same; negative: LM_UNLIMITED */
    LM_MEMBER_REAL,  /* double, from least to most */
    LM_MEMBER_READ,  /* by its function */
    LM_MEMBER_NONE   /* refused, unless its value asks for nothing: null, false, "", [], {}, or `neutral` */
};

struct lm_member {
    const char *name;
    enum lm_member_kind kind;
    size_t offset;
    double least, most;
    double neutral;   /* of NONE, where 0 would ask for something */
    const char *word; /* of NONE: the text, or the member "type" of the object, that asks for nothing */
    assay_code (*read)(struct lm_ask *ask, const json_t *value, assay_err *err);
};

struct lm_members {
    const struct lm_member *rows;
    size_t count;
};
#define LM_MEMBERS(table) ((struct lm_members){(table), sizeof(table) / sizeof(table)[0]})

/* Reads what the object has of the table; null counts as absent. Sets ask->wrong on failure. */
assay_code lm_members_read(struct lm_ask *ask, struct lm_members members, const json_t *object, assay_err *err);
/* "name: found 3, expected ..." */
assay_code lm_member_fail(const json_t *value, const char *name, const char *expected, assay_err *err);
struct assay_slice lm_text_of(const json_t *value);

/* The tables of both dialects (lm_ask_ollama.c, lm_ask_openai.c): defaults, then members. */
void lm_ask_ollama_defaults(struct lm_ask *ask);
void lm_ask_openai_defaults(struct lm_ask *ask);
assay_code lm_ask_ollama_read(struct lm_ask *ask, const json_t *root, assay_err *err);
assay_code lm_ask_openai_read(struct lm_ask *ask, const json_t *root, assay_err *err);

/* Shared rows: "stop", "seed", "messages". */
assay_code lm_stops_read(struct lm_ask *ask, const json_t *value, assay_err *err);
assay_code lm_seed_read(struct lm_ask *ask, const json_t *value, assay_err *err);
assay_code lm_messages_read(struct lm_ask *ask, const json_t *value, assay_err *err);

#endif
