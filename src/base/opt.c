#include "base/opt.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_MAX 64    /* of what was typed, in a message */
#define NEAR_MAX 3      /* edits between what was typed and what we ask "did you mean" for */
#define NAME_BYTES 64   /* "no-" and the longest name of a row */
#define AFTER_MAX 256   /* the advice at the end of a message */
#define CHOICES_MAX 512 /* all choices of a row, spelled in a message */

bool assay_opt_was_seen(const struct assay_opt_seen *seen, size_t row)
{
    assert(row < ASSAY_OPT_ROWS_MAX);
    return (seen->bits[row / 64] >> (row % 64)) & 1;
}

static void mark_seen(struct assay_opt_seen *seen, size_t row)
{
    seen->bits[row / 64] |= UINT64_C(1) << (row % 64);
}

const char *assay_opt_dashes(const struct assay_opt *row)
{
    return row->name[0] != '\0' && row->name[1] == '\0' ? "-" : "--";
}

static bool is_flag(const struct assay_opt *row)
{
    return row->kind == ASSAY_OPT_FLAG || row->kind == ASSAY_OPT_FLAG_ON;
}

/* "BEFORE 'TYPED'AFTER"; what was typed is shown safely. */
static assay_code fail_typed(assay_err *err, const char *before, struct assay_slice typed, const char *after)
{
    struct assay_buf shown;
    assay_buf_init(&shown, 16 * SHOWN_MAX);
    assay_text_show(&shown, typed.data, typed.len, SHOWN_MAX);
    assay_code rc = assay_fail(err, ASSAY_USAGE, "%s '%s'%s", before, shown.data ? shown.data : "", after);
    assay_buf_done(&shown);
    return rc;
}

/* The row of that name. A name "no-x" finds the FLAG_ON row "x" and says so. */
static bool find_row(const struct assay_opt_verb *verb, struct assay_slice name, size_t *ret_row, bool *ret_negated)
{
    for (size_t i = 0; i < verb->options_count; i++) {
        if (assay_slice_is(name, verb->options[i].name)) {
            *ret_row = i;
            *ret_negated = false;
            return true;
        }
    }
    if (!assay_slice_starts(name, "no-")) {
        return false;
    }
    name = (struct assay_slice){name.data + 3, name.len - 3};
    for (size_t i = 0; i < verb->options_count; i++) {
        if (verb->options[i].kind == ASSAY_OPT_FLAG_ON && assay_slice_is(name, verb->options[i].name)) {
            *ret_row = i;
            *ret_negated = true;
            return true;
        }
    }
    return false;
}

static assay_code fail_unknown(const struct assay_opt_verb *verb, struct assay_slice name, assay_err *err)
{
    char typed[NAME_BYTES];
    size_t len = name.len < sizeof typed - 1 ? name.len : sizeof typed - 1;
    memcpy(typed, name.data, len);
    typed[len] = '\0';
    const char *nearest = NULL;
    size_t nearest_edits = NEAR_MAX + 1;
    for (size_t i = 0; i < verb->options_count; i++) {
        size_t edits = assay_text_distance(typed, verb->options[i].name, NEAR_MAX);
        if (edits < nearest_edits && edits < len) {
            nearest = verb->options[i].name;
            nearest_edits = edits;
        }
    }
    struct assay_buf buf;
    assay_buf_init(&buf, AFTER_MAX);
    if (nearest) {
        assay_buf_printf(&buf, "; did you mean '%s%s'?", nearest[1] ? "--" : "-", nearest);
    } else {
        assay_buf_printf(&buf, "; 'assay %s --help' lists what there is", verb->name);
    }
    assay_code rc = fail_typed(err, "unknown option", name, buf.data ? buf.data : "");
    assay_buf_done(&buf);
    return rc;
}

static assay_code set_choice(const struct assay_opt *row, struct assay_slice text, const char *what, int *value,
                             assay_err *err)
{
    struct assay_buf right;
    assay_buf_init(&right, CHOICES_MAX);
    assay_buf_text(&right, ", not one of");
    for (int i = 0; row->choices[i]; i++) {
        if (assay_slice_is(text, row->choices[i])) {
            *value = i;
            assay_buf_done(&right);
            return ASSAY_OK;
        }
        assay_buf_printf(&right, " %s", row->choices[i]);
    }
    assay_code rc = fail_typed(err, "it is", text, right.data ? right.data : "");
    assay_wrap(err, "%s", what);
    assay_buf_done(&right);
    return rc;
}

static assay_code add_to_list(struct assay_opt_list *list, const char *value, const char *what, assay_err *err)
{
    if (list->count == ASSAY_OPT_LIST_MAX) {
        return assay_fail(err, ASSAY_USAGE, "%s is given more than %d times", what, ASSAY_OPT_LIST_MAX);
    }
    list->items[list->count++] = value;
    return ASSAY_OK;
}

static assay_code set_flag(struct assay_slice text, const char *what, bool *value, assay_err *err)
{
    if (!assay_slice_is(text, "true") && !assay_slice_is(text, "false")) {
        return assay_fail(err, ASSAY_USAGE, "%s takes true or false", what);
    }
    *value = assay_slice_is(text, "true");
    return ASSAY_OK;
}

static assay_code set_value(const struct assay_opt *row, const char *value, const char *what, void *values,
                            assay_err *err)
{
    void *place = (char *)values + row->offset;
    struct assay_slice text = assay_slice_of(value);
    switch (row->kind) {
    case ASSAY_OPT_FLAG:
    case ASSAY_OPT_FLAG_ON:
        return set_flag(text, what, place, err);
    case ASSAY_OPT_TEXT:
        *(const char **)place = value;
        return ASSAY_OK;
    case ASSAY_OPT_TEXT_LIST:
        return add_to_list(place, value, what, err);
    case ASSAY_OPT_U64:
        return assay_num_u64(text, what, row->max ? row->max : UINT64_MAX, place, err);
    case ASSAY_OPT_DOUBLE:
        return assay_num_double(text, what, place, err);
    case ASSAY_OPT_SHARE:
        return assay_num_share(text, what, place, err);
    case ASSAY_OPT_DURATION:
        return assay_num_duration(text, what, place, err);
    case ASSAY_OPT_BYTES:
        return assay_num_bytes(text, what, place, err);
    case ASSAY_OPT_CHOICE:
        return set_choice(row, text, what, place, err);
    }
    return assay_fail(err, ASSAY_BUG, "option table of '%s': unknown kind", row->name);
}

/* What would have been right, if the value that was set is a zero; NULL otherwise. */
static const char *above_zero(const struct assay_opt *row, const void *values)
{
    const void *place = (const char *)values + row->offset;
    switch (row->kind) {
    case ASSAY_OPT_U64:
        return *(const uint64_t *)place == 0 ? "a number above 0" : NULL;
    case ASSAY_OPT_DURATION:
        return *(const uint64_t *)place == 0 ? "a time above 0" : NULL;
    case ASSAY_OPT_BYTES:
        return *(const uint64_t *)place == 0 ? "a size above 0" : NULL;
    case ASSAY_OPT_DOUBLE:
    case ASSAY_OPT_SHARE:
        return *(const double *)place == 0 ? "a number above 0" : NULL;
    case ASSAY_OPT_FLAG:
    case ASSAY_OPT_FLAG_ON:
    case ASSAY_OPT_TEXT:
    case ASSAY_OPT_TEXT_LIST:
    case ASSAY_OPT_CHOICE:
    default:
        return NULL;
    }
}

static assay_code set_row(const struct assay_opt_verb *verb, size_t index, const char *value, const char *dashes,
                          void *values, struct assay_opt_seen *seen, assay_err *err)
{
    const struct assay_opt *row = &verb->options[index];
    char what[NAME_BYTES];
    int len = snprintf(what, sizeof what, "%s%s", dashes, row->name);
    assert(len > 0 && (size_t)len < sizeof what);
    if (seen && row->kind != ASSAY_OPT_TEXT_LIST && assay_opt_was_seen(seen, index)) {
        return assay_fail(err, ASSAY_USAGE, "%s is given twice", what);
    }
    assay_code rc = set_value(row, value, what, values, err);
    if (rc == ASSAY_MALFORMED) { /* of the number parsers: on a command line that is wrong usage */
        rc = ASSAY_USAGE;
        if (err) {
            err->code = rc;
        }
    }
    const char *right = rc == ASSAY_OK && row->refuses_zero ? above_zero(row, values) : NULL;
    if (right) {
        return assay_fail(err, ASSAY_USAGE, "%s is 0, expected %s", what, right);
    }
    if (rc == ASSAY_OK && seen) {
        mark_seen(seen, index);
    }
    return rc;
}

assay_code assay_opt_set(const struct assay_opt_verb *verb, const char *name, const char *value, void *values,
                         struct assay_opt_seen *seen, assay_err *err)
{
    size_t row;
    bool is_negated;
    if (!find_row(verb, assay_slice_of(name), &row, &is_negated) || is_negated) {
        return fail_unknown(verb, assay_slice_of(name), err);
    }
    return set_row(verb, row, value, "", values, seen, err);
}

struct reader {
    const struct assay_opt_verb *verb;
    char *const *argv;
    int argc, at;
    void *values;
    struct assay_opt_result *result;
};

/* text is what follows the dashes; the value is behind '=' or in the next word. */
static assay_code read_option(struct reader *reader, struct assay_slice text, assay_err *err)
{
    struct assay_slice value = text, name = assay_slice_cut(&value, '=');
    size_t index;
    bool is_negated;
    if (!find_row(reader->verb, name, &index, &is_negated)) {
        return fail_unknown(reader->verb, name, err);
    }
    const struct assay_opt *row = &reader->verb->options[index];
    const char *value_text = value.data; /* behind '=' up to the NUL of the word */
    if (is_flag(row)) {
        if (value_text) {
            return assay_fail(err, ASSAY_USAGE, "%s%s takes no value", assay_opt_dashes(row), row->name);
        }
        value_text = is_negated ? "false" : "true";
    } else if (!value_text) {
        if (reader->at == reader->argc) {
            return assay_fail(err, ASSAY_USAGE, "%s%s needs a value: %s", assay_opt_dashes(row), row->name,
                              row->arg ? row->arg : "VALUE");
        }
        value_text = reader->argv[reader->at++];
    }
    return set_row(reader->verb, index, value_text, assay_opt_dashes(row), reader->values, &reader->result->seen, err);
}

static assay_code read_output(struct reader *reader, assay_err *err)
{
    size_t row;
    bool is_negated;
    /* A verb that has both (ab) writes a file with -o and a directory with --out. */
    if (find_row(reader->verb, ASSAY_SLICE("output"), &row, &is_negated)) {
        return read_option(reader, ASSAY_SLICE("output"), err);
    }
    if (find_row(reader->verb, ASSAY_SLICE("out"), &row, &is_negated)) {
        return read_option(reader, ASSAY_SLICE("out"), err);
    }
    return fail_unknown(reader->verb, ASSAY_SLICE("-o"), err);
}

/* "-n" or "-n=7", for a row of that name. */
static bool has_letter(const struct assay_opt_verb *verb, const char *word)
{
    size_t row;
    bool is_negated, is_one = word[0] == '-' && word[1] != '\0' && (word[2] == '\0' || word[2] == '=');
    return is_one && find_row(verb, (struct assay_slice){word + 1, 1}, &row, &is_negated);
}

static assay_code read_word(struct reader *reader, const char *word, assay_err *err)
{
    struct assay_opt_result *result = reader->result;
    if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
        result->wants_help = true;
        return ASSAY_OK;
    }
    if (strcmp(word, "-o") == 0) {
        return read_output(reader, err);
    }
    if (strcmp(word, "--") == 0) {
        while (reader->at < reader->argc) {
            result->arguments[result->arguments_count++] = reader->argv[reader->at++];
        }
        return ASSAY_OK;
    }
    if (word[0] == '-' && word[1] == '-') {
        return read_option(reader, assay_slice_of(word + 2), err);
    }
    if (has_letter(reader->verb, word)) {
        return read_option(reader, assay_slice_of(word + 1), err);
    }
    if (word[0] == '-' && word[1] != '\0') {
        return fail_unknown(reader->verb, assay_slice_of(word), err);
    }
    result->arguments[result->arguments_count++] = word;
    return ASSAY_OK;
}

static assay_code check_counts(const struct assay_opt_verb *verb, const struct assay_opt_result *result, assay_err *err)
{
    if (result->wants_help) {
        return ASSAY_OK;
    }
    if (result->arguments_count < verb->arguments_min) {
        return assay_fail(err, ASSAY_USAGE, "too few arguments; usage: assay %s %s", verb->name, verb->synopsis);
    }
    if (result->arguments_count > verb->arguments_max) {
        return fail_typed(err, "unexpected argument", assay_slice_of(result->arguments[verb->arguments_max]), "");
    }
    return ASSAY_OK;
}

assay_code assay_opt_parse(const struct assay_opt_verb *verb, int argc, char *const *argv, void *values,
                           struct assay_opt_result *ret, assay_err *err)
{
    assert(verb->options_count <= ASSAY_OPT_ROWS_MAX && argc >= 0);
    struct assay_opt_result result = {.arguments = assay_alloc((size_t)argc + 1, sizeof(const char *))};
    if (!result.arguments) {
        return assay_nomem(err);
    }
    struct reader reader = {.verb = verb, .argv = argv, .argc = argc, .values = values, .result = &result};
    assay_code rc = ASSAY_OK;
    while (rc == ASSAY_OK && reader.at < argc && !result.wants_help) {
        const char *word = argv[reader.at++];
        rc = read_word(&reader, word, err);
    }
    if (rc == ASSAY_OK) {
        rc = check_counts(verb, &result, err);
    }
    if (rc != ASSAY_OK) {
        assay_opt_result_done(&result);
        return rc;
    }
    *ret = result;
    return ASSAY_OK;
}

void assay_opt_result_done(struct assay_opt_result *result)
{
    assay_free(result->arguments);
    *result = (struct assay_opt_result){0};
}
