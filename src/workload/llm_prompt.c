/* Prompts. The salt comes first and has a fixed width, because prefix caches match from the front; the words are drawn
 * from the salt, so that the plan's numbers are all that is needed to write the same bytes again. */
#include "workload/llm.h"

#include "base/mem.h"

#include <assert.h>
#include <stdio.h>

/* Common words that most vocabularies hold whole, with their leading space: close to one token each. 128 of them, so
 * that seven random bits make a word. */
static const char WORDS[128][ASSAY_LLM_WORD_BYTES_MAX] = {
    " the",    " of",     " and",   " to",      " in",      " is",      " was",     " for",     " on",      " that",
    " by",     " with",   " as",    " be",      " are",     " from",    " this",    " were",    " which",   " not",
    " first",  " new",    " one",   " two",     " time",    " year",    " people",  " world",   " life",    " day",
    " man",    " work",   " part",  " place",   " case",    " week",    " company", " system",  " program", " question",
    " number", " night",  " point", " home",    " water",   " room",    " mother",  " area",    " money",   " story",
    " fact",   " month",  " lot",   " right",   " study",   " book",    " eye",     " job",     " word",    " business",
    " issue",  " side",   " kind",  " head",    " house",   " service", " friend",  " father",  " power",   " hour",
    " game",   " line",   " end",   " member",  " law",     " car",     " city",    " name",    " team",    " minute",
    " idea",   " body",   " back",  " parent",  " face",    " others",  " level",   " office",  " door",    " health",
    " person", " art",    " war",   " history", " party",   " result",  " change",  " morning", " reason",  " research",
    " girl",   " moment", " air",   " teacher", " force",   " food",    " good",    " high",    " small",   " large",
    " next",   " early",  " young", " public",  " same",    " able",    " great",   " little",  " own",     " other",
    " old",    " last",   " long",  " big",     " several", " open",    " local",   " clear",
};

void assay_llm_salt_print(uint64_t salt, char text[ASSAY_LLM_SALT_DIGITS])
{
    for (int i = ASSAY_LLM_SALT_DIGITS - 1; i >= 0; i--) {
        text[i] = "0123456789abcdef"[salt & 15];
        salt >>= 4;
    }
}

uint32_t assay_llm_prompt_words(const struct assay_llm_prompts *prompts, uint32_t tokens)
{
    uint64_t spare = tokens > prompts->floor_tokens ? tokens - prompts->floor_tokens : 0;
    uint64_t words = (spare * 1000 + prompts->milli_tokens_per_word / 2) / prompts->milli_tokens_per_word;
    return words > 0 ? (uint32_t)words : 1;
}

static char *write_words(uint64_t seed, const char *use, uint32_t words, char *out)
{
    struct assay_rng rng;
    assay_rng_seed(&rng, seed, use);
    uint64_t bits = 0;
    for (uint32_t i = 0; i < words; i++) {
        if (i % 9 == 0) { /* 64 bits hold nine words of seven */
            bits = assay_rng_u64(&rng);
        }
        const char *word = WORDS[bits & 127];
        bits >>= 7;
        size_t len = strlen(word);
        memcpy(out, word, len);
        out += len;
    }
    return out;
}

size_t assay_llm_prompt_bytes_max(const struct assay_llm_prompt *prompt)
{
    return ((size_t)prompt->words + prompt->prefix_words) * ASSAY_LLM_WORD_BYTES_MAX + ASSAY_LLM_SALT_DIGITS + 2 +
           prompt->text.len;
}

size_t assay_llm_prompt_write(const struct assay_llm_prompt *prompt, char *out)
{
    char *start = out;
    if (prompt->prefix_words > 0) {
        out = write_words(prompt->prefix_seed, "prefix", prompt->prefix_words, out);
        *out++ = ' ';
    }
    if (prompt->has_salt) {
        assay_llm_salt_print(prompt->salt, out);
        out += ASSAY_LLM_SALT_DIGITS;
    }
    if (prompt->text.data == NULL) {
        out = write_words(prompt->salt, "words", prompt->words, out);
    } else {
        if (prompt->has_salt) {
            *out++ = ' ';
        }
        memcpy(out, prompt->text.data, prompt->text.len);
        out += prompt->text.len;
    }
    return (size_t)(out - start);
}

#define TOKENS_DIGITS_MAX 10 /* of a uint32_t */

size_t assay_llm_body_bytes_max(const struct assay_llm_template *body, const struct assay_llm_prompt *prompt)
{
    size_t bytes = body->text.len;
    for (size_t i = 0; i < body->text.len; i++) {
        bytes += body->text.data[i] == ASSAY_LLM_MARK_PROMPT   ? assay_llm_prompt_bytes_max(prompt)
                 : body->text.data[i] == ASSAY_LLM_MARK_TOKENS ? TOKENS_DIGITS_MAX
                 : body->text.data[i] == ASSAY_LLM_MARK_SALT   ? ASSAY_LLM_SALT_DIGITS
                                                               : 0;
    }
    return bytes;
}

static size_t write_number(uint32_t value, char *out)
{
    char digits[TOKENS_DIGITS_MAX];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    for (size_t i = 0; i < count; i++) {
        out[i] = digits[count - 1 - i];
    }
    return count;
}

size_t assay_llm_body_write(const struct assay_llm_template *body, const struct assay_llm_prompt *prompt,
                            uint32_t output_tokens, char *out)
{
    char *start = out;
    for (size_t i = 0; i < body->text.len; i++) {
        char c = body->text.data[i];
        if (c == ASSAY_LLM_MARK_PROMPT) {
            out += assay_llm_prompt_write(prompt, out);
        } else if (c == ASSAY_LLM_MARK_TOKENS) {
            out += write_number(output_tokens, out);
        } else if (c == ASSAY_LLM_MARK_SALT) {
            assay_llm_salt_print(prompt->salt, out);
            out += ASSAY_LLM_SALT_DIGITS;
        } else {
            *out++ = c;
        }
    }
    return (size_t)(out - start);
}

/* ---- a file of prompts ------------------------------------------------------------------------------------------ */

static assay_code quote_object(struct assay_slice line, struct assay_buf *out, assay_err *err)
{
    json_t *root = NULL;
    const char *text = NULL;
    assay_code rc = assay_json_read(line.data, line.len, &assay_json_limits_default, &root, err);
    rc = rc == ASSAY_OK ? assay_json_get_text(root, "prompt", "", &text, err) : rc;
    if (rc == ASSAY_OK && text[0] == '\0') {
        rc = assay_fail(err, ASSAY_MALFORMED, "/prompt: the text is empty");
    }
    if (rc == ASSAY_OK) {
        assay_json_quote(out, text, strlen(text));
    }
    json_decref(root);
    return rc;
}

/* Other encodings would be mended on the way, and another prompt measured than the one in the file. */
static assay_code quote_plain(struct assay_slice line, struct assay_buf *out, assay_err *err)
{
    size_t valid = assay_utf8_valid_prefix(line.data, line.len);
    const char *nul = memchr(line.data, '\0', line.len);
    if (valid < line.len || nul != NULL) {
        return assay_fail(err, ASSAY_MALFORMED, "byte %zu is no text, expected UTF-8 without NUL",
                          1 + (nul != NULL && (size_t)(nul - line.data) < valid ? (size_t)(nul - line.data) : valid));
    }
    assay_json_quote(out, line.data, line.len);
    return ASSAY_OK;
}

/* One line: a JSON object with a member "prompt", or else plain text. Appends the escaped text without quotes. */
static assay_code read_line(struct assay_slice line, size_t number, struct assay_buf *out, assay_err *err)
{
    size_t mark = out->len;
    assay_code rc = line.data[0] == '{' ? quote_object(line, out, err) : quote_plain(line, out, err);
    if (rc != ASSAY_OK) {
        assay_wrap(err, "line %zu", number);
        return rc;
    }
    if (out->failed == ASSAY_OK) { /* the quotes stand in the template */
        memmove(out->data + mark, out->data + mark + 1, out->len - mark - 2);
        out->len -= 2;
    }
    return assay_buf_check(out, err);
}

static assay_code read_lines(struct assay_llm_prompts *prompts, struct assay_slice rest, size_t *lens, assay_err *err)
{
    for (size_t number = 1; rest.data != NULL; number++) {
        struct assay_slice line = assay_slice_trim(assay_slice_cut(&rest, '\n'));
        if (line.len == 0) {
            continue;
        }
        size_t mark = prompts->bytes.len;
        assay_code rc = read_line(line, number, &prompts->bytes, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
        lens[prompts->count++] = prompts->bytes.len - mark;
    }
    return prompts->count > 0 ? ASSAY_OK : assay_fail(err, ASSAY_MALFORMED, "no prompt in it, expected one a line");
}

/* Without the byte order mark that some editors put in front: it is no part of the first prompt. */
static struct assay_slice text_of(const struct assay_buf *file)
{
    static const char mark[] = "\xef\xbb\xbf";
    struct assay_slice text = {file->data != NULL ? file->data : "", file->len};
    size_t skipped = assay_slice_starts(text, mark) ? strlen(mark) : 0;
    return (struct assay_slice){text.data + skipped, text.len - skipped};
}

static size_t count_lines(const struct assay_buf *text)
{
    size_t lines = 1;
    for (size_t i = 0; i < text->len; i++) {
        lines += text->data[i] == '\n';
    }
    return lines;
}

assay_code assay_llm_prompts_read(struct assay_llm_prompts *prompts, const char *path, assay_err *err)
{
    struct assay_buf file;
    assay_buf_init(&file, ASSAY_LLM_PROMPTS_BYTES_MAX);
    assay_buf_init(&prompts->bytes, 6 * ASSAY_LLM_PROMPTS_BYTES_MAX); /* an escape is at most six bytes for one */
    size_t *lens = NULL;
    assay_code rc = assay_buf_read_file(&file, path, err);
    if (rc != ASSAY_OK) {
        goto out;
    }
    size_t lines = count_lines(&file);
    lens = assay_alloc(lines, sizeof *lens);
    prompts->texts = assay_alloc(lines, sizeof *prompts->texts);
    if (lens == NULL || prompts->texts == NULL) {
        rc = assay_nomem(err);
        goto out;
    }
    rc = read_lines(prompts, text_of(&file), lens, err);
    if (rc != ASSAY_OK) {
        assay_wrap(err, "prompts '%s'", path);
        goto out;
    }
    const char *text = prompts->bytes.data;
    for (size_t i = 0; i < prompts->count; i++) {
        prompts->texts[i] = (struct assay_slice){text, lens[i]};
        text += lens[i];
    }
out:
    assay_free(lens);
    assay_buf_done(&file);
    return rc;
}

void assay_llm_prompts_done(struct assay_llm_prompts *prompts)
{
    assay_free(prompts->texts);
    assay_buf_done(&prompts->bytes);
    *prompts = (struct assay_llm_prompts){0};
}
