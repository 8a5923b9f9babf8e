#include "lm/template.h"

#include <stdio.h>
#include <string.h>

#define TEMPLATE_BYTES_MAX ((size_t)256 << 20) /* of one conversation; a context is far shorter */

struct role {
    const char *name, *title;
};
static const struct role ROLES[] = {{"system", "System"}, {"user", "User"}, {"assistant", "Assistant"}};

/* What a template puts around a text. */
struct form {
    const char *name;
    const char *mark;           /* by which the template of a file is known */
    const char *open_token;     /* control token before the role, or NULL */
    const char *role_end_token; /* after it, or NULL */
    const char *before;         /* between the role and the text */
    const char *close_token;    /* after the text, or NULL */
    const char *after;
    bool has_role, has_title, is_trimmed, wants_begin;
};
static const struct form FORMS[ASSAY_TEMPLATE_COUNT] = {
    [ASSAY_TEMPLATE_RAW] = {.name = "raw", .before = "", .after = ""},
    [ASSAY_TEMPLATE_CHATML] = {.name = "chatml",
                               .mark = "<|im_start|>",
                               .open_token = "<|im_start|>",
                               .before = "\n",
                               .close_token = "<|im_end|>",
                               .after = "\n",
                               .has_role = true},
    [ASSAY_TEMPLATE_LLAMA3] = {.name = "llama3",
                               .mark = "<|start_header_id|>",
                               .open_token = "<|start_header_id|>",
                               .role_end_token = "<|end_header_id|>",
                               .before = "\n\n",
                               .close_token = "<|eot_id|>",
                               .after = "",
                               .has_role = true,
                               .is_trimmed = true,
                               .wants_begin = true},
    [ASSAY_TEMPLATE_BITNET] = {.name = "bitnet",
                               .mark = "<|eot_id|>",
                               .before = ": ",
                               .close_token = "<|eot_id|>",
                               .after = "",
                               .has_role = true,
                               .has_title = true,
                               .is_trimmed = true,
                               .wants_begin = true},
};

const char *assay_template_text(enum assay_template which)
{
    return FORMS[which].name;
}

assay_code assay_template_named(const char *name, enum assay_template *ret, assay_err *err)
{
    for (int i = 0; i < ASSAY_TEMPLATE_COUNT; i++) {
        if (strcmp(name, FORMS[i].name) == 0) {
            *ret = (enum assay_template)i;
            return ASSAY_OK;
        }
    }
    return assay_fail(err, ASSAY_USAGE, "there is no template '%.40s': raw, chatml, llama3 or bitnet", name);
}

static bool holds(struct assay_slice text, const char *part)
{
    return memmem(text.data, text.len, part, strlen(part)) != NULL;
}

assay_code assay_template_find(const struct assay_gguf *gguf, enum assay_template *ret, assay_err *err)
{
    const struct assay_gguf_value *value = assay_gguf_find(gguf, "tokenizer.chat_template");
    struct assay_slice text = {0};
    *ret = ASSAY_TEMPLATE_RAW;
    assay_code rc = value ? assay_gguf_text(value, &text, err) : ASSAY_OK;
    if (rc != ASSAY_OK || text.len == 0) {
        return rc;
    }
    for (int i = ASSAY_TEMPLATE_CHATML; i < ASSAY_TEMPLATE_COUNT; i++) {
        /* bitnet has no token of its own: it is known by its words */
        if (holds(text, FORMS[i].mark) && (i != ASSAY_TEMPLATE_BITNET || holds(text, "Assistant: "))) {
            *ret = (enum assay_template)i;
            return ASSAY_OK;
        }
    }
    return assay_fail(err, ASSAY_UNSUPPORTED,
                      "the chat template of the model is none that this build knows: choose raw, chatml, llama3 or "
                      "bitnet by --template");
}

/* ---- applying ----------------------------------------------------------------------------------------------------*/

struct writer {
    const struct form *form;
    const struct assay_tokenizer *tokenizer;
    struct assay_buf run; /* plain text since the last control token: encoded as one */
    struct assay_tokens *tokens;
};

static assay_code flush(struct writer *writer, assay_err *err)
{
    assay_code rc = assay_buf_check(&writer->run, err);
    if (rc == ASSAY_OK && writer->run.len > 0) {
        rc = assay_tokenizer_encode(writer->tokenizer, (struct assay_slice){writer->run.data, writer->run.len}, false,
                                    writer->tokens, err);
        assay_buf_clear(&writer->run);
    }
    return rc;
}

static assay_code put_control(struct writer *writer, const char *name, assay_err *err)
{
    if (!name) {
        return ASSAY_OK;
    }
    int32_t id = assay_tokenizer_find(writer->tokenizer, assay_slice_of(name));
    if (id == ASSAY_TOKEN_NONE) {
        return assay_fail(err, ASSAY_UNSUPPORTED, "the vocabulary has no token '%s', which the template %s needs", name,
                          writer->form->name);
    }
    assay_code rc = flush(writer, err);
    return rc == ASSAY_OK ? assay_tokens_add(writer->tokens, id, err) : rc;
}

static assay_code put_head(struct writer *writer, const struct role *role, assay_err *err)
{
    const struct form *form = writer->form;
    assay_code rc = put_control(writer, form->open_token, err);
    if (rc == ASSAY_OK && form->has_role) {
        assay_buf_text(&writer->run, form->has_title ? role->title : role->name);
    }
    rc = rc == ASSAY_OK ? put_control(writer, form->role_end_token, err) : rc;
    assay_buf_text(&writer->run, form->before);
    return rc;
}

static assay_code find_role(struct assay_slice name, const struct role **ret, assay_err *err)
{
    for (size_t i = 0; i < sizeof ROLES / sizeof ROLES[0]; i++) {
        if (assay_slice_is(name, ROLES[i].name)) {
            *ret = &ROLES[i];
            return ASSAY_OK;
        }
    }
    return assay_fail(err, ASSAY_MALFORMED, "a message has the role '%.*s', expected system, user or assistant",
                      (int)(name.len < 40 ? name.len : 40), name.data);
}

static assay_code put_message(struct writer *writer, const struct assay_message *message, assay_err *err)
{
    const struct role *role = NULL;
    assay_code rc = find_role(message->role, &role, err);
    rc = rc == ASSAY_OK ? put_head(writer, role, err) : rc;
    if (rc == ASSAY_OK) {
        struct assay_slice text = writer->form->is_trimmed ? assay_slice_trim(message->text) : message->text;
        assay_buf_append(&writer->run, text.data, text.len);
        rc = put_control(writer, writer->form->close_token, err);
        assay_buf_text(&writer->run, writer->form->after);
    }
    return rc;
}

assay_code assay_template_apply(enum assay_template which, const struct assay_tokenizer *tokenizer,
                                const struct assay_message *messages, size_t count, struct assay_tokens *tokens,
                                assay_err *err)
{
    struct writer writer = {.form = &FORMS[which], .tokenizer = tokenizer, .tokens = tokens};
    int32_t begin = assay_tokenizer_bos(tokenizer);
    assay_code rc = ASSAY_OK;
    if (count > ASSAY_TEMPLATE_MESSAGES_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "%zu messages, expected at most %d", count,
                          ASSAY_TEMPLATE_MESSAGES_MAX);
    }
    assay_buf_init(&writer.run, TEMPLATE_BYTES_MAX);
    if (begin != ASSAY_TOKEN_NONE && (writer.form->wants_begin || assay_tokenizer_adds_bos(tokenizer))) {
        rc = assay_tokens_add(tokens, begin, err);
    }
    for (size_t i = 0; rc == ASSAY_OK && i < count; i++) {
        rc = put_message(&writer, &messages[i], err);
    }
    rc = rc == ASSAY_OK ? put_head(&writer, &ROLES[2], err) : rc;
    rc = rc == ASSAY_OK ? flush(&writer, err) : rc;
    assay_buf_done(&writer.run);
    return rc;
}
