/*
 * The regular expressions of three pre-tokenizers, by hand. Each alternative is a function that gives the end of its
 * match, or its start if there is none; the first one that matches wins, as in the expression.
 */
#include "lm/token_split.h"

#include "lm/unicode.h"

#include <assert.h>
#include <string.h>

#define NUMBERS_TOGETHER 3 /* llama-bpe: \p{N}{1,3} */

const struct assay_split_row assay_split_rows[ASSAY_SPLIT_COUNT] = {
    [ASSAY_SPLIT_GPT2] = {{"gpt-2", "gpt2"}, false},
    [ASSAY_SPLIT_SMOLLM] = {{"smollm"}, false},
    [ASSAY_SPLIT_LLAMA_BPE] = {{"llama-bpe", "llama3"}, true},
};

struct symbol {
    uint32_t code_point;
    size_t len; /* 0: the end of the text */
    enum assay_unicode_class class;
};

static struct symbol symbol_at(struct assay_slice text, size_t at)
{
    struct symbol symbol = {0};
    if (at < text.len) {
        unsigned char first = (unsigned char)text.data[at];
        symbol.code_point = first;
        symbol.len = first < 0x80 ? 1 : assay_utf8_next(text.data + at, text.len - at, &symbol.code_point);
        symbol.class = assay_unicode_class_of(symbol.code_point);
    }
    return symbol;
}

static bool is_break(struct symbol symbol)
{
    return symbol.code_point == '\r' || symbol.code_point == '\n';
}

/* As many symbols of a class as there are. */
static size_t run(struct assay_slice text, size_t at, enum assay_unicode_class class, size_t max)
{
    for (struct symbol symbol = symbol_at(text, at); symbol.len && symbol.class == class && max > 0; max--) {
        at += symbol.len;
        symbol = symbol_at(text, at);
    }
    return at;
}

/* 's 't 're 've 'm 'll 'd */
static size_t contraction(struct assay_slice text, size_t at, bool ignores_case)
{
    static const char *const ENDINGS[] = {"s", "t", "re", "ve", "m", "ll", "d"};
    if (text.data[at] != '\'') {
        return at;
    }
    for (size_t i = 0; i < sizeof ENDINGS / sizeof ENDINGS[0]; i++) {
        size_t len = strlen(ENDINGS[i]);
        bool is_match = at + 1 + len <= text.len;
        for (size_t k = 0; is_match && k < len; k++) {
            char c = text.data[at + 1 + k];
            is_match = c == ENDINGS[i][k] || (ignores_case && c == ENDINGS[i][k] - 'a' + 'A');
        }
        if (is_match) {
            return at + 1 + len;
        }
    }
    return at;
}

/*  ?CLASS+ */
static size_t spaced_run(struct assay_slice text, size_t at, enum assay_unicode_class class)
{
    size_t from = text.data[at] == ' ' ? at + 1 : at;
    size_t end = run(text, from, class, SIZE_MAX);
    return end > from ? end : at;
}

/* \s+(?!\S)|\s+ : a run of white space leaves its last symbol to what follows, unless it is the only one. */
static size_t white_space(struct assay_slice text, size_t at)
{
    size_t end = at, last = at;
    for (struct symbol symbol = symbol_at(text, at); symbol.len && symbol.class == ASSAY_UNICODE_SPACE;) {
        last = end;
        end += symbol.len;
        symbol = symbol_at(text, end);
    }
    return end < text.len && last > at ? last : end;
}

/* \s*[\r\n]+ : up to the last line break of a run of white space. */
static size_t lines(struct assay_slice text, size_t at)
{
    size_t end = at;
    for (struct symbol symbol = symbol_at(text, at); symbol.len && symbol.class == ASSAY_UNICODE_SPACE;) {
        at += symbol.len;
        end = is_break(symbol) ? at : end;
        symbol = symbol_at(text, at);
    }
    return end;
}

static size_t split_gpt2(struct assay_slice text)
{
    static const enum assay_unicode_class RUNS[] = {ASSAY_UNICODE_LETTER, ASSAY_UNICODE_NUMBER, ASSAY_UNICODE_OTHER};
    size_t end = contraction(text, 0, false);
    for (size_t i = 0; end == 0 && i < sizeof RUNS / sizeof RUNS[0]; i++) {
        end = spaced_run(text, 0, RUNS[i]);
    }
    return end ? end : white_space(text, 0);
}

/* Every number alone, and what lies between them as if it were a text of its own: white space before a number is at
 * the end of such a text, and so stays together. Nothing else of gpt2's looks further than its own class. */
static size_t split_smollm(struct assay_slice text)
{
    struct symbol first = symbol_at(text, 0);
    if (first.class == ASSAY_UNICODE_NUMBER) {
        return first.len;
    }
    size_t blank = run(text, 0, ASSAY_UNICODE_SPACE, SIZE_MAX);
    bool is_before_number = blank > 0 && symbol_at(text, blank).class == ASSAY_UNICODE_NUMBER;
    return is_before_number ? blank : split_gpt2(text);
}

/* [^\r\n\p{L}\p{N}]?\p{L}+ */
static size_t word(struct assay_slice text)
{
    struct symbol first = symbol_at(text, 0);
    bool is_lead = !is_break(first) && first.class != ASSAY_UNICODE_LETTER && first.class != ASSAY_UNICODE_NUMBER;
    size_t from = is_lead ? first.len : 0;
    size_t end = run(text, from, ASSAY_UNICODE_LETTER, SIZE_MAX);
    return end > from ? end : 0;
}

/*  ?[^\s\p{L}\p{N}]+[\r\n]* */
static size_t marks(struct assay_slice text)
{
    size_t end = spaced_run(text, 0, ASSAY_UNICODE_OTHER);
    for (struct symbol symbol = symbol_at(text, end); end > 0 && symbol.len && is_break(symbol);) {
        end += symbol.len;
        symbol = symbol_at(text, end);
    }
    return end;
}

static size_t split_llama_bpe(struct assay_slice text)
{
    size_t end = contraction(text, 0, true);
    end = end ? end : word(text);
    end = end ? end : run(text, 0, ASSAY_UNICODE_NUMBER, NUMBERS_TOGETHER);
    end = end ? end : marks(text);
    end = end ? end : lines(text, 0);
    return end ? end : white_space(text, 0);
}

size_t assay_split_next(enum assay_split split, struct assay_slice text)
{
    static size_t (*const SPLITS[ASSAY_SPLIT_COUNT])(struct assay_slice) = {
        [ASSAY_SPLIT_GPT2] = split_gpt2,
        [ASSAY_SPLIT_SMOLLM] = split_smollm,
        [ASSAY_SPLIT_LLAMA_BPE] = split_llama_bpe,
    };
    assert(text.len > 0);
    size_t len = SPLITS[split](text);
    assert(len > 0 && len <= text.len);
    return len;
}
