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

/* The foreign text as people see it, at most bytes_max of it, NUL-terminated; the caller ends it. */
static bool show(struct assay_buf *shown, struct assay_buf *out, const char *text, size_t bytes_max)
{
    assay_buf_init(shown, 8 * bytes_max + 8); /* a byte becomes at most \xNN */
    assay_text_show(shown, text, strlen(text), bytes_max);
    if (shown->failed != ASSAY_OK) {
        assay_buf_fail(out, shown->failed);
    }
    return shown->failed == ASSAY_OK && shown->len > 0;
}

static void put_many(struct assay_buf *out, char c, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assay_buf_char(out, c);
    }
}

void assay_escape_markdown_line(struct assay_buf *out, const char *text, size_t bytes_max)
{
    assert(out && text);
    struct assay_buf shown;
    if (show(&shown, out, text, bytes_max)) {
        size_t fence = longest_backtick_run(shown.data, shown.len) + 1;
        bool is_padded = shown.data[0] == '`' || shown.data[shown.len - 1] == '`';
        put_many(out, '`', fence);
        assay_buf_text(out, is_padded ? " " : "");
        for (size_t i = 0; i < shown.len; i++) {
            if (shown.data[i] == '|') {
                assay_buf_char(out, '\\'); /* a pipe ends a table cell even inside a code span */
            }
            assay_buf_char(out, shown.data[i]);
        }
        assay_buf_text(out, is_padded ? " " : "");
        put_many(out, '`', fence);
    }
    assay_buf_done(&shown);
}

void assay_escape_markdown(struct assay_buf *out, const char *text)
{
    assay_escape_markdown_line(out, text, ASSAY_SHOWN_BYTES_MAX);
}

#define FENCE_LEAST 3 /* CommonMark 4.5 */

void assay_escape_markdown_block(struct assay_buf *out, const char *lines, size_t line_bytes_max)
{
    assert(out && lines);
    size_t fence = longest_backtick_run(lines, strlen(lines)) + 1;
    fence = fence < FENCE_LEAST ? FENCE_LEAST : fence;
    put_many(out, '`', fence);
    assay_buf_text(out, "text\n");
    struct assay_slice rest = assay_slice_of(lines);
    while (rest.len > 0) {
        struct assay_slice line = assay_slice_cut(&rest, '\n');
        assay_text_show(out, line.data, line.len, line_bytes_max);
        assay_buf_char(out, '\n');
    }
    put_many(out, '`', fence);
    assay_buf_char(out, '\n');
}

/* Replaces single characters: of each row the first byte is what is replaced. */
static void put_replaced(struct assay_buf *out, const struct assay_buf *shown, const char *const *table)
{
    for (size_t i = 0; i < shown->len; i++) {
        const char *const *row = table;
        while (*row && (*row)[0] != shown->data[i]) {
            row++;
        }
        if (*row) {
            assay_buf_text(out, *row + 1);
        } else {
            assay_buf_char(out, shown->data[i]);
        }
    }
}

/* U+FFFE and U+FFFF are characters of UTF-8 and not of XML 1.0; controls are visible already. */
static bool is_xml_illegal(const char *at, size_t len)
{
    return len >= 3 && at[0] == '\xef' && at[1] == '\xbf' && (at[2] == '\xbe' || at[2] == '\xbf');
}

void assay_escape_xml(struct assay_buf *out, const char *text, size_t bytes_max)
{
    static const char *const TABLE[] = {"&&amp;", "<&lt;", ">&gt;", "\"&quot;", "'&apos;", NULL};
    struct assay_buf shown;
    if (show(&shown, out, text, bytes_max)) {
        for (size_t i = 0; i < shown.len; i++) {
            if (is_xml_illegal(shown.data + i, shown.len - i)) {
                shown.data[i + 2] = '\xbd';
            }
        }
        put_replaced(out, &shown, TABLE);
    }
    assay_buf_done(&shown);
}

void assay_escape_openmetrics(struct assay_buf *out, const char *text)
{
    static const char *const TABLE[] = {"\\\\\\", "\"\\\"", NULL};
    struct assay_buf shown;
    if (show(&shown, out, text, ASSAY_SHOWN_BYTES_MAX)) {
        put_replaced(out, &shown, TABLE);
    }
    assay_buf_done(&shown);
}

void assay_escape_command(struct assay_buf *out, const char *text, size_t bytes_max, bool is_property)
{
    static const char *const MESSAGE[] = {"%%25", "\r%0D", "\n%0A", NULL};
    static const char *const PROPERTY[] = {"%%25", "\r%0D", "\n%0A", ":%3A", ",%2C", NULL};
    struct assay_buf shown;
    if (show(&shown, out, text, bytes_max)) {
        put_replaced(out, &shown, is_property ? PROPERTY : MESSAGE);
    }
    assay_buf_done(&shown);
}

void assay_escape_sarif(struct assay_buf *out, const char *text, size_t bytes_max)
{
    static const char *const TABLE[] = {"\\\\\\", "[\\[", "]\\]", NULL};
    struct assay_buf shown;
    if (show(&shown, out, text, bytes_max)) {
        put_replaced(out, &shown, TABLE);
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
