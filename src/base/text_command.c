/* Splitting a command line by the quoting rules of POSIX.1-2017, XCU 2.2, without any expansion. */
#include "base/mem.h"
#include "base/text.h"

#include <string.h>

struct splitter {
    const char *text, *at;
    char **argv;
    size_t argc;
    char *out; /* where the next byte of an argument goes: behind the pointers, in the same allocation */
};

static size_t column_of(const struct splitter *splitter, const char *place)
{
    return (size_t)(place - splitter->text) + 1;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* at is behind the opening quote. */
static assay_code take_single_quoted(struct splitter *splitter, assay_err *err)
{
    const char *open = splitter->at - 1;
    const char *close = strchr(splitter->at, '\'');
    if (!close) {
        return assay_fail(err, ASSAY_MALFORMED, "the quote ' in column %zu is not closed", column_of(splitter, open));
    }
    size_t len = (size_t)(close - splitter->at);
    memcpy(splitter->out, splitter->at, len);
    splitter->out += len;
    splitter->at = close + 1;
    return ASSAY_OK;
}

static assay_code take_double_quoted(struct splitter *splitter, assay_err *err)
{
    const char *open = splitter->at - 1;
    while (*splitter->at != '"') {
        if (*splitter->at == '\\' && splitter->at[1] == '\n') {
            splitter->at += 2; /* a line continued */
            continue;
        }
        if (*splitter->at == '\\' && splitter->at[1] && strchr("$`\"\\", splitter->at[1])) {
            splitter->at++;
        }
        if (*splitter->at == '\0') {
            return assay_fail(err, ASSAY_MALFORMED, "the quote \" in column %zu is not closed",
                              column_of(splitter, open));
        }
        *splitter->out++ = *splitter->at++;
    }
    splitter->at++;
    return ASSAY_OK;
}

static assay_code take_escaped(struct splitter *splitter, assay_err *err)
{
    if (*splitter->at == '\0') {
        return assay_fail(err, ASSAY_MALFORMED, "the backslash in column %zu escapes nothing",
                          column_of(splitter, splitter->at - 1));
    }
    if (*splitter->at != '\n') {
        *splitter->out++ = *splitter->at;
    }
    splitter->at++;
    return ASSAY_OK;
}

static assay_code take_argument(struct splitter *splitter, assay_err *err)
{
    splitter->argv[splitter->argc++] = splitter->out;
    assay_code rc = ASSAY_OK;
    while (rc == ASSAY_OK && *splitter->at && !is_blank(*splitter->at)) {
        char c = *splitter->at++;
        switch (c) {
        case '\'':
            rc = take_single_quoted(splitter, err);
            break;
        case '"':
            rc = take_double_quoted(splitter, err);
            break;
        case '\\':
            rc = take_escaped(splitter, err);
            break;
        default:
            *splitter->out++ = c;
        }
    }
    *splitter->out++ = '\0';
    return rc;
}

assay_code assay_text_split_command(const char *text, char ***ret_argv, size_t *ret_argc, assay_err *err)
{
    size_t len = strlen(text);
    size_t pointers = len / 2 + 2; /* an argument takes a byte and a blank; and the NULL at the end */
    /* One allocation: the pointers, then the bytes, which never outgrow the text and its NUL. */
    size_t bytes_in_pointers = len / sizeof(char *) + 1;
    char **argv = assay_alloc(pointers + bytes_in_pointers, sizeof(char *));
    if (!argv) {
        return assay_nomem(err);
    }
    struct splitter splitter = {.text = text, .at = text, .argv = argv, .out = (char *)(argv + pointers)};
    for (;;) {
        while (is_blank(*splitter.at) || (splitter.at[0] == '\\' && splitter.at[1] == '\n')) {
            splitter.at += *splitter.at == '\\' ? 2 : 1;
        }
        if (*splitter.at == '\0') {
            break;
        }
        assay_code rc = take_argument(&splitter, err);
        if (rc != ASSAY_OK) {
            assay_free(argv);
            return rc;
        }
    }
    *ret_argv = argv;
    *ret_argc = splitter.argc;
    return ASSAY_OK;
}

void assay_text_argv_free(char **argv)
{
    assay_free(argv);
}
