#include "report/escape.h"

#include "base/text.h"

#include <assert.h>
#include <string.h>

/* Beside letters and digits. Left out: what Markdown, HTML, shells' colours or spreadsheets would interpret. */
#define PLAIN_PUNCTUATION " .,:;/()%+-_='"

bool assay_escape_is_plain(const char *text)
{
    assert(text);
    for (const char *c = text; *c != '\0'; c++) {
        bool is_letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        if (!is_letter && strchr(PLAIN_PUNCTUATION, *c) == NULL) {
            return false;
        }
    }
    /* A lone "www." or "://" becomes a link in Markdown without any markup. */
    return strstr(text, "://") == NULL && strstr(text, "www.") == NULL;
}

static const char *digits_end(const char *c)
{
    while (*c >= '0' && *c <= '9') {
        c++;
    }
    return c;
}

bool assay_escape_is_number(const char *text)
{
    assert(text);
    const char *c = *text == '-' ? text + 1 : text;
    const char *whole_end = digits_end(c);
    if (whole_end == c || (*c == '0' && whole_end - c > 1)) {
        return false;
    }
    c = whole_end;
    if (*c == '.') {
        const char *fraction_end = digits_end(c + 1);
        if (fraction_end == c + 1) {
            return false;
        }
        c = fraction_end;
    }
    if (*c == 'e' || *c == 'E') {
        c += c[1] == '+' || c[1] == '-' ? 2 : 1;
        const char *exponent_end = digits_end(c);
        if (exponent_end == c) {
            return false;
        }
        c = exponent_end;
    }
    return *c == '\0';
}

void assay_escape_terminal(struct assay_buf *out, const char *text)
{
    assert(out && text);
    assay_text_show(out, text, strlen(text), ASSAY_SHOWN_BYTES_MAX);
}

static size_t longest_backtick_run(const char *text, size_t len)
{
    size_t longest = 0, run = 0;
    for (size_t i = 0; i < len; i++) {
        run = text[i] == '`' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest;
}

void assay_escape_markdown(struct assay_buf *out, const char *text)
{
    assert(out && text);
    struct assay_buf shown;
    assay_buf_init(&shown, (size_t)8 * ASSAY_SHOWN_BYTES_MAX); /* a byte becomes at most \xNN */
    assay_escape_terminal(&shown, text);
    if (shown.failed != ASSAY_OK) {
        out->failed = out->failed == ASSAY_OK ? shown.failed : out->failed;
    } else if (shown.len > 0) {
        size_t fence = longest_backtick_run(shown.data, shown.len) + 1;
        bool is_padded = shown.data[0] == '`' || shown.data[shown.len - 1] == '`';
        for (size_t i = 0; i < fence; i++) {
            assay_buf_char(out, '`');
        }
        assay_buf_text(out, is_padded ? " " : "");
        for (size_t i = 0; i < shown.len; i++) {
            if (shown.data[i] == '|') {
                assay_buf_char(out, '\\'); /* a pipe ends a table cell even inside a code span */
            }
            assay_buf_char(out, shown.data[i]);
        }
        assay_buf_text(out, is_padded ? " " : "");
        for (size_t i = 0; i < fence; i++) {
            assay_buf_char(out, '`');
        }
    }
    assay_buf_done(&shown);
}

void assay_escape_csv(struct assay_buf *out, const char *text)
{
    assert(out && text);
    struct assay_buf shown;
    assay_buf_init(&shown, (size_t)8 * ASSAY_SHOWN_BYTES_MAX);
    /* A spreadsheet runs a cell that starts with one of these (OWASP, CSV injection); a number may start with a minus.
     */
    if (text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL && !assay_escape_is_number(text)) {
        assay_buf_char(&shown, '\'');
    }
    assay_escape_terminal(&shown, text);
    if (shown.failed != ASSAY_OK) {
        out->failed = out->failed == ASSAY_OK ? shown.failed : out->failed;
    } else if (shown.len > 0) {
        bool is_quoted = strpbrk(shown.data, ",\"\n\r;") != NULL || shown.data[0] == ' ';
        if (is_quoted) {
            assay_buf_char(out, '"');
        }
        for (size_t i = 0; i < shown.len; i++) {
            if (shown.data[i] == '"') {
                assay_buf_char(out, '"');
            }
            assay_buf_char(out, shown.data[i]);
        }
        if (is_quoted) {
            assay_buf_char(out, '"');
        }
    }
    assay_buf_done(&shown);
}
