/* Manual pages in mdoc(7), from the same table as the parser. */
#include "base/opt.h"

#include <ctype.h>
#include <string.h>

/* Text of a line: nothing in it may act as a macro or an escape. */
static void put_escaped(struct assay_buf *out, const char *text, size_t len)
{
    if (len > 0 && (text[0] == '.' || text[0] == '\'')) {
        assay_buf_text(out, "\\&");
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\\') {
            assay_buf_text(out, "\\e");
        } else if (text[i] == '-') {
            assay_buf_text(out, "\\-"); /* so that it can be copied from the page */
        } else {
            assay_buf_char(out, text[i]);
        }
    }
}

/* One argument of a macro: the quotes keep blanks in it, \& keeps it from being a macro itself. */
static void put_argument(struct assay_buf *out, const char *text)
{
    assay_buf_text(out, " \"\\&");
    for (; *text; text++) {
        if (*text == '"') {
            assay_buf_text(out, "\\(dq");
        } else {
            put_escaped(out, text, 1);
        }
    }
    assay_buf_char(out, '"');
}

/* "run llm" as "run-llm": the page of `assay run llm` is assay-run-llm(1). */
static void put_page_name(struct assay_buf *out, const char *verb, bool is_upper)
{
    assay_buf_text(out, is_upper ? "ASSAY-" : "assay-");
    for (; *verb; verb++) {
        char c = *verb == ' ' ? '-' : *verb;
        assay_buf_char(out, is_upper ? (char)toupper((unsigned char)c) : c);
    }
}

/* Bytes up to the end of the first sentence of a line: roff wants each on a line of its own. */
static size_t sentence_bytes(const char *text, size_t len)
{
    for (size_t i = 0; i + 1 < len; i++) {
        if (text[i] == '.' && text[i + 1] == ' ') {
            return i + 1;
        }
    }
    return len;
}

static void put_sentences(struct assay_buf *out, const char *text, size_t len)
{
    while (len > 0) {
        size_t sentence = sentence_bytes(text, len);
        put_escaped(out, text, sentence);
        assay_buf_char(out, '\n');
        size_t blanks = sentence + strspn(text + sentence, " ");
        size_t used = blanks < len ? blanks : len;
        text += used;
        len -= used;
    }
}

/* Lines of text; an empty line starts a paragraph. */
static void put_paragraphs(struct assay_buf *out, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        if (len == 0) {
            assay_buf_text(out, ".Pp\n");
        } else {
            put_sentences(out, text, len);
        }
        text += len;
        text += strspn(text, "\n") > 1 ? strspn(text, "\n") - 1 : (size_t)(*text == '\n');
    }
}

static void put_option(struct assay_buf *out, const struct assay_opt *row)
{
    struct assay_buf left;
    assay_buf_init(&left, 1024);
    assay_opt_spell(row, &left);
    if (left.failed == ASSAY_OK) {
        char *arg = strchr(left.data, ' ');
        if (arg) {
            *arg++ = '\0';
        }
        assay_buf_text(out, row->name[1] ? ".It Fl \\-" : ".It Fl ");
        put_escaped(out, left.data, strlen(left.data));
        if (arg) {
            assay_buf_text(out, " Ar");
            put_argument(out, arg);
        }
        assay_buf_char(out, '\n');
        put_paragraphs(out, row->help);
    } else {
        assay_buf_fail(out, left.failed);
    }
    assay_buf_done(&left);
}

static void put_options(struct assay_buf *out, const struct assay_opt_verb *verb)
{
    assay_buf_text(out, ".Sh OPTIONS\n.Bl -tag -width Ds\n");
    for (size_t i = 0; i < verb->options_count; i++) {
        put_option(out, &verb->options[i]);
    }
    assay_buf_text(out, ".It Fl h , Fl \\-help\nPrints a short help text.\n.El\n");
    static const enum assay_opt_kind NOTED[] = {ASSAY_OPT_DURATION, ASSAY_OPT_BYTES, ASSAY_OPT_SHARE};
    for (size_t i = 0; i < sizeof NOTED / sizeof NOTED[0]; i++) {
        const char *note = assay_opt_value_note(verb, NOTED[i]);
        if (note) {
            assay_buf_text(out, ".Pp\n");
            put_paragraphs(out, note);
        }
    }
}

static void put_examples(struct assay_buf *out, const char *examples)
{
    assay_buf_text(out, ".Sh EXAMPLES\n.Bd -literal\n");
    while (*examples) {
        size_t len = strcspn(examples, "\n");
        put_escaped(out, examples, len);
        assay_buf_char(out, '\n');
        examples += len + (examples[len] == '\n');
    }
    assay_buf_text(out, ".Ed\n");
}

void assay_opt_man(const struct assay_opt_verb *verb, const char *version, const char *date, struct assay_buf *out)
{
    assay_buf_printf(out, ".Dd %s\n.Dt ", date);
    put_page_name(out, verb->name, true);
    assay_buf_printf(out, " 1\n.Os assay %s\n.Sh NAME\n.Nm ", version);
    put_page_name(out, verb->name, false);
    assay_buf_text(out, "\n.Nd ");
    put_escaped(out, verb->summary, strlen(verb->summary));
    assay_buf_text(out, "\n.Sh SYNOPSIS\n.Nm");
    put_argument(out, "assay");
    assay_buf_text(out, "\n.Cm");
    put_argument(out, verb->name);
    assay_buf_char(out, '\n');
    if (verb->synopsis[0]) {
        put_escaped(out, verb->synopsis, strlen(verb->synopsis));
        assay_buf_char(out, '\n');
    }
    assay_buf_text(out, ".Sh DESCRIPTION\n");
    put_paragraphs(out, verb->manual ? verb->manual : verb->summary);
    put_options(out, verb);
    assay_buf_text(out, ".Sh EXIT STATUS\n");
    put_paragraphs(out, verb->exits ? verb->exits : assay_opt_general_exits);
    if (verb->examples) {
        put_examples(out, verb->examples);
    }
    assay_buf_text(out, ".Sh SEE ALSO\n.Xr assay 1\n");
}
