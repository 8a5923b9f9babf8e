/*
 * Option tables: one table a verb, and from it the parser, --help, the man page and the shell completions.
 *
 * A row says where the value goes (offset into the caller's struct), how it is read (kind), and what it means (help,
 * one line, lower case, no full stop). Long options ("--rate R", "--rate=R"); a name of one letter has one dash ("-p
 * 128"). Besides, "-o FILE" for a row named "output", else "out", and "-h". "--" ends options; "-" alone is an argument. An unknown option is USAGE and names the
 * nearest one.
 *
 *     static const struct assay_opt OPTIONS[] = {
 *         {"requests", "N", "number of requests", ASSAY_OPT_U64, offsetof(struct values, requests), .max = 1000000},
 *     };
 *
 * Strings are borrowed from argv. A row seen twice is USAGE unless the kind is TEXT_LIST.
 */
#ifndef ASSAY_BASE_OPT_H
#define ASSAY_BASE_OPT_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum assay_opt_kind {
    ASSAY_OPT_FLAG,      /* bool that starts false; --NAME sets it */
    ASSAY_OPT_FLAG_ON,   /* bool that starts true; --no-NAME clears it (and --NAME is accepted) */
    ASSAY_OPT_TEXT,      /* const char * */
    ASSAY_OPT_TEXT_LIST, /* struct assay_opt_list */
    ASSAY_OPT_U64,       /* uint64_t, at most row->max (0 = no limit) */
    ASSAY_OPT_DOUBLE,    /* double, finite */
    ASSAY_OPT_SHARE,     /* double; "2%" or "0.02" */
    ASSAY_OPT_DURATION,  /* uint64_t ns */
    ASSAY_OPT_BYTES,     /* uint64_t */
    ASSAY_OPT_CHOICE     /* int: index into row->choices, a NULL-terminated list */
};

#define ASSAY_OPT_ROWS_MAX 256 /* of one table: what assay_opt_seen has bits for */

#define ASSAY_OPT_LIST_MAX 256 /* repeated options: files and arms, typed by hand or by a script */

struct assay_opt_list {
    const char *items[ASSAY_OPT_LIST_MAX];
    size_t count;
};

struct assay_opt {
    const char *name; /* "requests", without dashes */
    const char *arg;  /* "N", "FILE", "closed|open"; NULL for a flag */
    const char *help;
    enum assay_opt_kind kind;
    size_t offset;              /* of the value in the caller's struct */
    uint64_t max;               /* U64: largest value */
    bool refuses_zero;          /* numbers: 0 is USAGE, where it would pass for "not given" */
    const char *const *choices; /* CHOICE */
    const char *group;          /* heading in --help and man page; NULL = "Options" */
    bool is_secret;             /* a key or password: never written to a plan, a log or a report */
};

/* Which rows were given, by index: lets a verb tell "default" from "asked for". */
struct assay_opt_seen {
    uint64_t bits[ASSAY_OPT_ROWS_MAX / 64];
};
bool assay_opt_was_seen(const struct assay_opt_seen *seen, size_t row);

struct assay_opt_verb {
    const char *name;     /* "run llm" */
    const char *synopsis; /* "[OPTIONS] DIR|RECEIPT" : what follows the name */
    const char *summary;  /* one line */
    const char *manual;   /* paragraphs for the man page, plain text, blank line between; may be NULL */
    const struct assay_opt *options;
    size_t options_count;
    size_t arguments_min, arguments_max;
    const char *examples; /* lines "command\n  what it does\n"; may be NULL */
    const char *exits;    /* text on exit statuses, NULL = the general one */
};

struct assay_opt_result {
    struct assay_opt_seen seen;
    const char **arguments; /* borrowed from argv, in order; the array is owned: assay_opt_result_done */
    size_t arguments_count;
    bool wants_help;
};

/* Reads argv (without program and verb names) into `values`, which holds the defaults. USAGE with a message that names
 * the option and what would be right. */
assay_code assay_opt_parse(const struct assay_opt_verb *verb, int argc, char *const *argv, void *values,
                           struct assay_opt_result *ret, assay_err *err);
void assay_opt_result_done(struct assay_opt_result *result);

/* Sets one option from a name ("requests") and a text, as a suite file does; a flag takes "true" or "false". seen may
 * be NULL; otherwise a second value for one row is USAGE, but for TEXT_LIST. The text is borrowed. */
assay_code assay_opt_set(const struct assay_opt_verb *verb, const char *name, const char *value, void *values,
                         struct assay_opt_seen *seen, assay_err *err);

void assay_opt_help(const struct assay_opt_verb *verb, struct assay_buf *out);

/* A page for mdoc(7). date as "November 21, 2026". */
void assay_opt_man(const struct assay_opt_verb *verb, const char *version, const char *date, struct assay_buf *out);

/* What stands before the name of a row: "--", or "-" before a single letter. */
const char *assay_opt_dashes(const struct assay_opt *row);

/* How an option is written in help and manual: "requests N", "[no-]warm-up", "mode closed|open". */
void assay_opt_spell(const struct assay_opt *row, struct assay_buf *out);

/* How values are written that are no plain numbers, for the kinds that the table has: "T is a time: ...", or NULL. */
const char *assay_opt_value_note(const struct assay_opt_verb *verb, enum assay_opt_kind kind);

/* The text on exit statuses of a verb that has none of its own. */
extern const char assay_opt_general_exits[];

enum assay_opt_shell { ASSAY_SHELL_BASH, ASSAY_SHELL_ZSH, ASSAY_SHELL_FISH };
void assay_opt_complete(const struct assay_opt_verb *const *verbs, size_t count, enum assay_opt_shell shell,
                        struct assay_buf *out);

#endif
