#include "base/opt.h"

#include <string.h>

#define LINE_WIDTH 80
#define HELP_COLUMN 28 /* where the help of an option starts; longer options put it on the next line */

const char assay_opt_general_exits[] = "0 good; 1 judged and found wanting; 2 undecided; 3 malformed or unsupported "
                                       "input; 4 wrong usage; 5 the network, a "
                                       "disk, a server or a permission failed; 70 a bug in assay";

void assay_opt_spell(const struct assay_opt *row, struct assay_buf *out)
{
    assay_buf_printf(out, "%s%s", row->kind == ASSAY_OPT_FLAG_ON ? "[no-]" : "", row->name);
    if (row->arg) {
        assay_buf_printf(out, " %s", row->arg);
    } else if (row->kind == ASSAY_OPT_CHOICE) {
        for (size_t i = 0; row->choices[i]; i++) {
            assay_buf_printf(out, "%c%s", i ? '|' : ' ', row->choices[i]);
        }
    }
}

/* Words of text from `column` on, broken before LINE_WIDTH and continued at `indent`. Ends the line. */
static void put_wrapped(struct assay_buf *out, const char *text, size_t column, size_t indent)
{
    bool is_first = true;
    while (*text) {
        size_t word = strcspn(text, " \n");
        if (!is_first && column + 1 + word > LINE_WIDTH) {
            assay_buf_printf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (!is_first) {
            assay_buf_char(out, ' ');
            column++;
        }
        assay_buf_append(out, text, word);
        column += word;
        is_first = false;
        text += word;
        text += strspn(text, " \n");
    }
    assay_buf_char(out, '\n');
}

static void put_row(struct assay_buf *out, const char *left, const char *help)
{
    size_t width = strlen(left);
    assay_buf_printf(out, "  %s", left);
    if (width + 4 > HELP_COLUMN) {
        assay_buf_printf(out, "\n%*s", HELP_COLUMN, "");
    } else {
        assay_buf_printf(out, "%*s", (int)(HELP_COLUMN - 2 - width), "");
    }
    put_wrapped(out, help, HELP_COLUMN, HELP_COLUMN);
}

static void put_option(struct assay_buf *out, const struct assay_opt *row)
{
    struct assay_buf left;
    assay_buf_init(&left, 1024);
    assay_buf_text(&left, assay_opt_dashes(row));
    assay_opt_spell(row, &left);
    if (left.failed == ASSAY_OK) {
        put_row(out, left.data, row->help);
    } else {
        assay_buf_fail(out, left.failed);
    }
    assay_buf_done(&left);
}

static const struct {
    enum assay_opt_kind kind;
    const char *note;
} NOTES[] = {
    {ASSAY_OPT_DURATION, "A time T is written 500us, 20ms, 2s, 5m or 1h; without a unit it is seconds."},
    {ASSAY_OPT_BYTES, "A size is written 512, 64KiB or 2GB; without a unit it is bytes."},
    {ASSAY_OPT_SHARE, "A share is written 2% or 0.02."},
};

const char *assay_opt_value_note(const struct assay_opt_verb *verb, enum assay_opt_kind kind)
{
    const char *note = NULL;
    for (size_t i = 0; i < sizeof NOTES / sizeof NOTES[0]; i++) {
        note = NOTES[i].kind == kind ? NOTES[i].note : note;
    }
    for (size_t i = 0; note && i < verb->options_count; i++) {
        if (verb->options[i].kind == kind) {
            return note;
        }
    }
    return NULL;
}

static void put_notes(const struct assay_opt_verb *verb, struct assay_buf *out)
{
    bool is_first = true;
    for (size_t i = 0; i < sizeof NOTES / sizeof NOTES[0]; i++) {
        const char *note = assay_opt_value_note(verb, NOTES[i].kind);
        if (note) {
            assay_buf_text(out, is_first ? "\n" : "");
            put_wrapped(out, note, 0, 0);
            is_first = false;
        }
    }
}

static const char *group_of(const struct assay_opt *row)
{
    return row->group ? row->group : "Options";
}

static bool is_group_done(const struct assay_opt_verb *verb, size_t row)
{
    for (size_t i = 0; i < row; i++) {
        if (strcmp(group_of(&verb->options[i]), group_of(&verb->options[row])) == 0) {
            return true;
        }
    }
    return false;
}

static void put_groups(const struct assay_opt_verb *verb, struct assay_buf *out)
{
    for (size_t first = 0; first < verb->options_count; first++) {
        if (is_group_done(verb, first)) {
            continue;
        }
        const char *group = group_of(&verb->options[first]);
        assay_buf_printf(out, "\n%s:\n", group);
        for (size_t i = first; i < verb->options_count; i++) {
            if (strcmp(group_of(&verb->options[i]), group) == 0) {
                put_option(out, &verb->options[i]);
            }
        }
    }
}

static void put_indented(const char *text, struct assay_buf *out)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        assay_buf_printf(out, "  %.*s\n", (int)len, text);
        text += len + (text[len] == '\n');
    }
}

void assay_opt_help(const struct assay_opt_verb *verb, struct assay_buf *out)
{
    assay_buf_printf(out, "usage: assay %s%s%s\n\n", verb->name, verb->synopsis[0] ? " " : "", verb->synopsis);
    put_wrapped(out, verb->summary, 0, 0);
    put_groups(verb, out);
    assay_buf_char(out, '\n');
    put_row(out, "-h, --help", "this text");
    put_notes(verb, out);
    if (verb->examples) {
        assay_buf_text(out, "\nExamples:\n");
        put_indented(verb->examples, out);
    }
    assay_buf_text(out, "\nExit status:\n  ");
    put_wrapped(out, verb->exits ? verb->exits : assay_opt_general_exits, 2, 2);
}
