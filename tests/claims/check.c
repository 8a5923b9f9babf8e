/*
 * Documents with planted defects, held against what the program finds in them.
 *
 *     check ASSAY FOLDER [--rules FILE] [NAME...]      without NAME: every FOLDER/NAME.md that has a NAME.expect
 *
 * `assay claims --format json` is started in FOLDER, once a document, with the options of NAME.args if there is such a
 * file. A line of NAME.expect is one of
 *
 *     C201 14             a finding of that rule on that line, and no other
 *     C101 9|31           it is on one of these lines, and shows the others beside it
 *     C820 7/9            it is on one of these lines
 *     C801 3 x.d/run.json it is in that file
 *     not C201 14         nothing of that rule on that line: the honest twin, or a near miss
 *     yet C201 14         should be found, and is not as yet: counted, and no failure
 *     also C201 14        is found and should not be: counted, and no failure
 *
 * and every other finding must have its line. With --rules (the rule table, R(ID, ...) a line), each rule must have 5
 * documents that expect it and 5 that say `not`.
 */
#include "base/buf.h"
#include "base/num.h"
#include "base/proc.h"
#include "base/text.h"
#include "json/json.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WANTED_MAX 256    /* expectations of one document; the largest has about 40 */
#define LINES_MAX 8       /* places of one finding that a person writes down */
#define RULES_MAX 128     /* the rule table has about 90 */
#define DOCUMENTS_LEAST 5 /* of each rule, found and not found: the specification's number */
#define NAMES_MAX 1024
#define TEXT_MAX 512
#define NEEDS_FACTS "C701"               /* the time of a commit, which no document holds: its cases are unit tests */
#define FILE_BYTES_MAX ((size_t)1 << 20) /* expectations, options, the rule table */
#define OUTPUT_BYTES_MAX ((size_t)16 << 20)
#define RUN_NS 20000000000u /* one document takes milliseconds */

struct wanted {
    char rule[8], file[TEXT_MAX];
    unsigned lines[LINES_MAX];
    size_t lines_count;
    bool is_any, is_not, is_seen;
    bool is_missed, is_false; /* "yet", "also": known differences */
};

static struct {
    unsigned planted, missed, false_alarms;
} known;

struct tally {
    char rule[8];
    unsigned found, absent; /* documents */
    bool in_found, in_absent;
};

struct tallies {
    struct tally rows[RULES_MAX];
    size_t count;
};

static struct tally *tally_of(struct tallies *tallies, const char *rule)
{
    for (size_t i = 0; i < tallies->count; i++) {
        if (strcmp(tallies->rows[i].rule, rule) == 0) {
            return &tallies->rows[i];
        }
    }
    if (tallies->count == RULES_MAX) {
        return NULL;
    }
    struct tally *row = &tallies->rows[tallies->count++];
    snprintf(row->rule, sizeof row->rule, "%s", rule);
    return row;
}

/* "9|31" or "7/9" */
static bool read_lines(struct assay_slice text, struct wanted *wanted)
{
    char separator = memchr(text.data, '/', text.len) ? '/' : '|';
    wanted->is_any = separator == '/';
    while (text.len > 0 && wanted->lines_count < LINES_MAX) {
        uint64_t line;
        if (assay_num_u64(assay_slice_cut(&text, separator), "line", UINT32_MAX, &line, NULL) != ASSAY_OK) {
            return false;
        }
        wanted->lines[wanted->lines_count++] = (unsigned)line;
    }
    return wanted->lines_count > 0;
}

static void copy(char *to, size_t size, struct assay_slice from)
{
    snprintf(to, size, "%.*s", (int)from.len, from.data ? from.data : "");
}

static bool read_wanted(struct assay_slice line, const char *document, struct wanted *wanted)
{
    *wanted = (struct wanted){0};
    struct assay_slice word = assay_slice_cut(&line, ' ');
    wanted->is_not = assay_slice_is(word, "not");
    wanted->is_missed = assay_slice_is(word, "yet");
    wanted->is_false = assay_slice_is(word, "also");
    bool has_word = wanted->is_not || wanted->is_missed || wanted->is_false;
    copy(wanted->rule, sizeof wanted->rule, has_word ? assay_slice_cut(&line, ' ') : word);
    struct assay_slice lines = assay_slice_cut(&line, ' ');
    copy(wanted->file, sizeof wanted->file, line.len ? line : assay_slice_of(document));
    return lines.len > 0 && read_lines(lines, wanted);
}

static bool has_line(const struct wanted *wanted, unsigned line)
{
    for (size_t i = 0; i < wanted->lines_count; i++) {
        if (wanted->lines[i] == line) {
            return true;
        }
    }
    return false;
}

static unsigned line_of(const json_t *place)
{
    return (unsigned)json_integer_value(json_object_get(place, "line"));
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* Whether each line that the author wrote down is shown: as the place of the finding or of an operand. */
static bool shows_all(const struct wanted *wanted, const json_t *finding)
{
    const json_t *operands = json_object_get(finding, "operands");
    for (size_t i = 0; i < wanted->lines_count; i++) {
        bool is_shown = wanted->lines[i] == line_of(finding);
        for (size_t k = 0; k < json_array_size(operands); k++) {
            is_shown = is_shown || line_of(json_array_get(operands, k)) == wanted->lines[i];
        }
        if (!is_shown) {
            return false;
        }
    }
    return true;
}

static struct wanted *match(struct wanted *wanted, size_t count, const json_t *finding, bool is_not)
{
    for (size_t i = 0; i < count; i++) {
        if (wanted[i].is_not == is_not && !(wanted[i].is_seen && !is_not) &&
            strcmp(wanted[i].rule, text_of(finding, "rule")) == 0 &&
            strcmp(wanted[i].file, text_of(finding, "file")) == 0 && has_line(&wanted[i], line_of(finding))) {
            return &wanted[i];
        }
    }
    return NULL;
}

static void say(const char *what, const json_t *finding)
{
    printf("    %s %s %s:%u: %s\n", what, text_of(finding, "rule"), text_of(finding, "file"), line_of(finding),
           text_of(finding, "message"));
}

static unsigned compare(struct wanted *wanted, size_t count, const json_t *findings)
{
    unsigned wrong = 0;
    for (size_t i = 0; i < json_array_size(findings); i++) {
        const json_t *finding = json_array_get(findings, i);
        if (json_is_true(json_object_get(finding, "suppressed"))) {
            continue; /* it has its reason; who wants it in a test says so with --no-suppress */
        }
        struct wanted *row = match(wanted, count, finding, false);
        if (!row) {
            say("not expected:", finding);
            wrong++;
            continue;
        }
        row->is_seen = true;
        if (!row->is_any && !shows_all(row, finding)) {
            say("does not show every place:", finding);
            wrong++;
        }
    }
    for (size_t i = 0; i < count; i++) {
        known.missed += wanted[i].is_missed && !wanted[i].is_seen;
        known.false_alarms += wanted[i].is_false && wanted[i].is_seen;
        if ((wanted[i].is_missed && wanted[i].is_seen) || (wanted[i].is_false && !wanted[i].is_seen)) {
            printf("    right now: %s %s:%u; its '%s' can go\n", wanted[i].rule, wanted[i].file, wanted[i].lines[0],
                   wanted[i].is_missed ? "yet" : "also");
        }
        bool is_needed = !wanted[i].is_not && !wanted[i].is_missed && !wanted[i].is_false;
        if (is_needed && !wanted[i].is_seen) {
            printf("    not found: %s %s:%u\n", wanted[i].rule, wanted[i].file, wanted[i].lines[0]);
            wrong++;
        }
    }
    return wrong;
}

static void read_file(struct assay_buf *text, const char *path, bool is_needed)
{
    assay_err err = {0};
    assay_buf_init(text, FILE_BYTES_MAX);
    if (assay_buf_read_file(text, path, &err) != ASSAY_OK && is_needed) {
        fprintf(stderr, "check: %s\n", err.message);
        exit(5);
    }
}

/* What is known to be said and should not be is a document that says "not", too. */
static void count_wanted(struct tallies *tallies, const struct wanted *wanted)
{
    struct tally *row = tally_of(tallies, wanted->rule);
    bool is_absent = wanted->is_not || wanted->is_false;
    known.planted += !is_absent;
    if (row) {
        bool *is_counted = is_absent ? &row->in_absent : &row->in_found;
        *(is_absent ? &row->absent : &row->found) += !*is_counted;
        *is_counted = true;
    }
}

static size_t read_expectations(const char *name, struct wanted *wanted, struct tallies *tallies)
{
    char path[TEXT_MAX], document[TEXT_MAX];
    struct assay_buf text;
    size_t count = 0;
    snprintf(path, sizeof path, "%s.expect", name);
    snprintf(document, sizeof document, "%s.md", name);
    read_file(&text, path, true);
    for (size_t i = 0; i < tallies->count; i++) {
        tallies->rows[i].in_found = tallies->rows[i].in_absent = false;
    }
    for (struct assay_slice rest = {text.data, text.len}; rest.len > 0 && count < WANTED_MAX;) {
        struct assay_slice line = assay_slice_trim(assay_slice_cut(&rest, '\n'));
        if (line.len == 0 || line.data[0] == '#') {
            continue;
        }
        if (!read_wanted(line, document, &wanted[count])) {
            fprintf(stderr, "check: %s: found '%.*s', expected 'RULE LINE' or 'not RULE LINE'\n", path, (int)line.len,
                    line.data);
            exit(4);
        }
        count_wanted(tallies, &wanted[count++]);
    }
    assay_buf_done(&text);
    return count;
}

/* The program's answer about one document; NULL if it gave none. */
static json_t *run(const char *assay, const char *name)
{
    char path[TEXT_MAX];
    struct assay_buf args, command, out;
    char **argv = NULL;
    size_t argc;
    int status = -1;
    json_t *root = NULL;
    assay_err err = {0};
    snprintf(path, sizeof path, "%s.args", name);
    read_file(&args, path, false);
    assay_buf_init(&command, FILE_BYTES_MAX);
    assay_buf_init(&out, OUTPUT_BYTES_MAX);
    assay_buf_printf(&command, "'%s' claims --format json %.*s %s.md", assay, (int)args.len, args.data ? args.data : "",
                     name);
    assay_buf_char(&command, 0);
    if (assay_text_split_command(command.data, &argv, &argc, &err) != ASSAY_OK ||
        assay_proc_run(argv, RUN_NS, &out, &status, &err) != ASSAY_OK || status > 2 ||
        assay_json_read(out.data, out.len, &assay_json_limits_default, &root, &err) != ASSAY_OK) {
        printf("    exit status %d (%s) of: %s\n", status, err.message, command.data);
    }
    assay_text_argv_free(argv);
    assay_buf_done(&args);
    assay_buf_done(&command);
    assay_buf_done(&out);
    return root;
}

static bool check(const char *assay, const char *name, struct tallies *tallies)
{
    static struct wanted wanted[WANTED_MAX];
    size_t count = read_expectations(name, wanted, tallies);
    json_t *root = run(assay, name);
    unsigned wrong = 1;
    if (root) {
        wrong = compare(wanted, count, json_object_get(root, "findings"));
        json_decref(root);
    }
    if (wrong > 0) {
        printf("not ok - %s: %u differences\n", name, wrong);
    }
    return wrong == 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t list(char **names)
{
    size_t count = 0;
    DIR *dir = opendir(".");
    for (struct dirent *entry; dir && (entry = readdir(dir)) && count < NAMES_MAX;) {
        size_t len = strlen(entry->d_name);
        if (len > 7 && strcmp(entry->d_name + len - 7, ".expect") == 0) {
            names[count++] = strndup(entry->d_name, len - 7);
        }
    }
    if (dir) {
        closedir(dir);
    }
    qsort(names, count, sizeof *names, by_name);
    return count;
}

/* The rule table has one R(ID, ...) a line. */
static unsigned check_rules(const struct assay_buf *table, struct tallies *tallies)
{
    unsigned missing = 0;
    for (struct assay_slice rest = {table->data, table->len}; rest.len > 0;) {
        struct assay_slice line = assay_slice_cut(&rest, '\n');
        if (!assay_slice_starts(line, "R(C")) {
            continue;
        }
        char rule[8];
        copy(rule, sizeof rule, (struct assay_slice){line.data + 2, 4});
        if (strcmp(rule, NEEDS_FACTS) == 0) {
            continue;
        }
        const struct tally *row = tally_of(tallies, rule);
        if (!row || row->found < DOCUMENTS_LEAST || row->absent < DOCUMENTS_LEAST) {
            printf("not ok - %s: %u documents expect it and %u say not, %d of each are asked\n", rule,
                   row ? row->found : 0, row ? row->absent : 0, DOCUMENTS_LEAST);
            missing++;
        }
    }
    return missing;
}

int main(int argc, char **argv)
{
    static char *names[NAMES_MAX];
    static struct tallies tallies;
    struct assay_buf rules;
    unsigned wrong = 0;
    size_t count = 0;
    bool has_rules = false;
    assay_json_init();
    assay_buf_init(&rules, FILE_BYTES_MAX);
    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "--rules") == 0 && i + 1 < argc) {
            read_file(&rules, argv[++i], true);
            has_rules = true;
        } else if (count < NAMES_MAX) {
            names[count++] = strdup(argv[i]);
        }
    }
    if (argc < 3 || chdir(argv[2]) != 0) {
        fprintf(stderr, "usage: check ASSAY FOLDER [--rules FILE] [NAME...]\n");
        return 4;
    }
    count = count ? count : list(names);
    for (size_t i = 0; i < count; i++) {
        wrong += !check(argv[1], names[i], &tallies);
        free(names[i]);
    }
    printf("%zu documents, %u differ; %u planted defects, %u known not to be found; %u known false alarms\n", count,
           wrong, known.planted, known.missed, known.false_alarms);
    wrong += has_rules ? check_rules(&rules, &tallies) : 0;
    assay_buf_done(&rules);
    return wrong > 0 || count == 0;
}
