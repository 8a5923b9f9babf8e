/* Inside serve/: what a model says of itself, read once when it is opened and told to every client that asks. */
#ifndef ASSAY_SERVE_LM_CARD_H
#define ASSAY_SERVE_LM_CARD_H

#include "serve/lm.h"

#define LM_NAME_BYTES 256

struct lm_card {
    const struct assay_lm_served *served;
    const struct assay_model *model;
    const struct assay_tokenizer *tokenizer;
    char name[LM_NAME_BYTES];
    struct assay_slice architecture, title; /* general.architecture, general.name */
    const char *quantisation;               /* "I2_S": of the linear layers */
    bool is_synthetic;
    uint64_t parameters, context, vocabulary; /* context: of one request here */
    enum assay_template chat;
    size_t longest_token; /* bytes: a text of n bytes has at least n / longest tokens */
};

/* UNSUPPORTED: a chat template that is not known; USAGE: a name that is none, or too long. */
assay_code lm_card_fill(struct lm_card *card, const struct assay_lm_served *served, const struct assay_model *model,
                        uint64_t context, assay_err *err);

#endif
