#include "serve/lm_card.h"

#include <stdio.h>
#include <string.h>

/* ---- names -------------------------------------------------------------------------------------------------------*/

static struct assay_slice text_of(const struct assay_gguf *gguf, const char *key)
{
    const struct assay_gguf_value *value = assay_gguf_find(gguf, key);
    struct assay_slice text = {"", 0};
    if (value) {
        (void)assay_gguf_text(value, &text, NULL); /* of another type: as if it were not there */
    }
    return text;
}

#define SYNTHETIC "synthetic"

/* Whoever reads only the name must see that the weights mean nothing. */
static assay_code fill_name(struct lm_card *card, assay_err *err)
{
    const char *name = card->served->name;
    bool says_so = !card->is_synthetic || strstr(name, SYNTHETIC) != NULL;
    int len = snprintf(card->name, sizeof card->name, "%s%s", says_so ? "" : SYNTHETIC "-", name);
    if (len <= 0 || (size_t)len >= sizeof card->name || assay_utf8_valid_prefix(name, strlen(name)) != strlen(name)) {
        return assay_fail(err, ASSAY_USAGE, "the name of a model has 1 to %d bytes of UTF-8", LM_NAME_BYTES - 16);
    }
    return ASSAY_OK;
}

/* Of the largest kind of layer; the head and the norms are often of another format. */
static const char *quantisation_of(const struct assay_gguf *gguf)
{
    const struct assay_gguf_tensor *tensor = assay_gguf_tensor(gguf, "blk.0.ffn_up.weight");
    return tensor && tensor->format ? tensor->format->name : "unknown";
}

static uint64_t count_parameters(const struct assay_gguf *gguf)
{
    uint64_t count = 0;
    for (size_t i = 0; i < gguf->tensors_count; i++) {
        const uint64_t *ne = gguf->tensors[i].ne;
        count += ne[0] * ne[1] * ne[2] * ne[3];
    }
    return count;
}

static size_t longest_token(const struct assay_tokenizer *tokenizer)
{
    size_t longest = 1;
    for (size_t i = 0; i < assay_tokenizer_count(tokenizer); i++) {
        size_t len = assay_tokenizer_bytes(tokenizer, (int32_t)i).len;
        longest = len > longest ? len : longest;
    }
    return longest;
}

assay_code lm_card_fill(struct lm_card *card, const struct assay_lm_served *served, const struct assay_model *model,
                        uint64_t context, assay_err *err)
{
    *card = (struct lm_card){.served = served, .model = model, .tokenizer = model->tokenizer, .context = context};
    card->architecture = text_of(model->gguf, "general.architecture");
    card->title = text_of(model->gguf, "general.name");
    card->is_synthetic = assay_slice_starts(card->title, SYNTHETIC);
    card->quantisation = quantisation_of(model->gguf);
    card->parameters = count_parameters(model->gguf);
    card->vocabulary = model->shape.vocabulary;
    card->longest_token = longest_token(model->tokenizer);
    assay_code rc = fill_name(card, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    return served->chat ? assay_template_named(served->chat, &card->chat, err)
                        : assay_template_find(model->gguf, &card->chat, err);
}
