/*
 * Chat templates: how a conversation becomes tokens (kernels.md 5.2). A template is recognised by the text of
 * `tokenizer.chat_template`, not interpreted: this build knows four, and an unknown one has to be chosen by name.
 *
 *     rc = assay_template_find(model->gguf, &template, err);                 // or assay_template_named("chatml", ...)
 *     rc = assay_template_apply(template, model->tokenizer, messages, count, &tokens, err);
 *
 * Only the template's own control tokens are control tokens: what a message says is plain text, even where it spells
 * one. No message is added or left out; a default system message that some templates carry is not.
 */
#ifndef ASSAY_LM_TEMPLATE_H
#define ASSAY_LM_TEMPLATE_H

#include "lm/token.h"

#define ASSAY_TEMPLATE_MESSAGES_MAX 4096

enum assay_template {
    ASSAY_TEMPLATE_RAW,    /* the messages, one after another */
    ASSAY_TEMPLATE_CHATML, /* <|im_start|>ROLE LF text <|im_end|> LF */
    ASSAY_TEMPLATE_LLAMA3, /* <|start_header_id|>ROLE<|end_header_id|> LF LF text <|eot_id|> */
    ASSAY_TEMPLATE_BITNET, /* "User: " text <|eot_id|> */
    ASSAY_TEMPLATE_COUNT
};

struct assay_message {
    struct assay_slice role; /* "system", "user", "assistant" */
    struct assay_slice text;
};

const char *assay_template_text(enum assay_template which); /* "chatml" */
/* USAGE with the names that there are. */
assay_code assay_template_named(const char *name, enum assay_template *ret, assay_err *err);
/* A file without a template is raw. UNSUPPORTED: one that this build does not know. */
assay_code assay_template_find(const struct assay_gguf *gguf, enum assay_template *ret, assay_err *err);

/* Appends the tokens of the conversation and of the beginning of the assistant's answer; with the begin token where the
 * vocabulary wants one. MALFORMED: a role that there is not. UNSUPPORTED: the vocabulary lacks a control token. */
assay_code assay_template_apply(enum assay_template which, const struct assay_tokenizer *tokenizer,
                                const struct assay_message *messages, size_t count, struct assay_tokens *tokens,
                                assay_err *err);

#endif
