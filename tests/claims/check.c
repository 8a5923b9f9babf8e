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
 *
 * and every finding must have its line. With --rules (the rule table, R(ID, ...) a line), each rule must have 5
 * documents that expect it and 5 that say `not`.
 */
#include <jansson.h>

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define WANTED_MAX 256    /* expectations of one document; the largest has about 40 */
#define LINES_MAX 8       /* places of one finding that a person writes down */
#define RULES_MAX 128     /* the rule table has about 90 */
#define DOCUMENTS_LEAST 5 /* of each rule, found and not found: the specification's number */
#define NAMES_MAX 1024
#define TEXT_MAX 512

struct wanted {
    char rule[8], file[TEXT_MAX];
    unsigned lines[LINES_MAX];
    size_t lines_count;
    bool is_any, is_not, is_seen;
};

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
static bool read_lines(const char *text, struct wanted *wanted)
{
    wanted->is_any = strchr(text, '/') != NULL;
    while (*text && wanted->lines_count < LINES_MAX) {
        char *end;
        wanted->lines[wanted->lines_count++] = (unsigned)strtoul(text, &end, 10);
        if (end == text || (*end && *end != '|' && *end != '/')) {
            return false;
        }
        text = *end ? end + 1 : end;
    }
    return wanted->lines_count > 0;
}

static bool read_wanted(const char *line, const char *document, struct wanted *wanted)
{
    char first[TEXT_MAX] = "", second[TEXT_MAX] = "", third[TEXT_MAX] = "", fourth[TEXT_MAX] = "";
    *wanted = (struct wanted){0};
    int count = sscanf(line, "%511s %511s %511s %511s", first, second, third, fourth);
    wanted->is_not = strcmp(first, "not") == 0;
    const char *rule = wanted->is_not ? second : first, *lines = wanted->is_not ? third : second;
    const char *file = wanted->is_not ? fourth : third;
    snprintf(wanted->rule, sizeof wanted->rule, "%.7s", rule);
    snprintf(wanted->file, sizeof wanted->file, "%s", *file ? file : document);
    return count >= 2 && read_lines(lines, wanted);
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

static void say(const char *what, const char *document, const json_t *finding)
{
    printf("    %s %s %s:%u: %s\n", what, text_of(finding, "rule"), text_of(finding, "file"), line_of(finding),
           text_of(finding, "message"));
    (void)document;
}

static unsigned compare(const char *document, struct wanted *wanted, size_t count, const json_t *findings)
{
    unsigned wrong = 0;
    for (size_t i = 0; i < json_array_size(findings); i++) {
        const json_t *finding = json_array_get(findings, i);
        if (json_is_true(json_object_get(finding, "suppressed"))) {
            continue; /* it has its reason; who wants it in a test says so with --no-suppress */
        }
        struct wanted *row = match(wanted, count, finding, false);
        if (!row) {
            say("not expected:", document, finding);
            wrong++;
            continue;
        }
        row->is_seen = true;
        if (!row->is_any && !shows_all(row, finding)) {
            say("does not show every place:", document, finding);
            wrong++;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (!wanted[i].is_not && !wanted[i].is_seen) {
            printf("    not found: %s %s:%u\n", wanted[i].rule, wanted[i].file, wanted[i].lines[0]);
            wrong++;
        }
    }
    return wrong;
}

static size_t read_expectations(const char *folder, const char *name, struct wanted *wanted, struct tallies *tallies)
{
    char path[2 * TEXT_MAX], document[TEXT_MAX], line[TEXT_MAX];
    size_t count = 0;
    snprintf(path, sizeof path, "%s/%s.expect", folder, name);
    snprintf(document, sizeof document, "%s.md", name);
    FILE *file = fopen(path, "r");
    if (!file) {
        return 0;
    }
    for (size_t i = 0; i < tallies->count; i++) {
        tallies->rows[i].in_found = tallies->rows[i].in_absent = false;
    }
    while (count < WANTED_MAX && fgets(line, sizeof line, file)) {
        if (line[0] == '#' || line[0] == '\n') {
            continue;
        }
        if (!read_wanted(line, document, &wanted[count])) {
            fprintf(stderr, "check: %s: found '%s', expected 'RULE LINE' or 'not RULE LINE'\n", path, line);
            exit(4);
        }
        struct tally *row = tally_of(tallies, wanted[count].rule);
        if (row) {
            bool *is_counted = wanted[count].is_not ? &row->in_absent : &row->in_found;
            *(wanted[count].is_not ? &row->absent : &row->found) += !*is_counted;
            *is_counted = true;
        }
        count++;
    }
    fclose(file);
    return count;
}

static json_t *run(const char *assay, const char *folder, const char *name)
{
    char path[2 * TEXT_MAX], args[TEXT_MAX] = "", command[4 * TEXT_MAX];
    snprintf(path, sizeof path, "%s/%s.args", folder, name);
    FILE *file = fopen(path, "r");
    if (file) {
        if (fgets(args, sizeof args, file)) {
            args[strcspn(args, "\n")] = 0;
        }
        fclose(file);
    }
    snprintf(command, sizeof command, "cd '%s' && '%s' claims --format json %s %s.md", folder, assay, args, name);
    FILE *out = popen(command, "r");
    if (!out) {
        return NULL;
    }
    json_error_t error;
    json_t *root = json_loadf(out, 0, &error);
    int status = pclose(out);
    if (!root || !WIFEXITED(status) || WEXITSTATUS(status) > 2) {
        printf("    exit status %d of: %s\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1, command);
        json_decref(root);
        return NULL;
    }
    return root;
}

static bool check(const char *assay, const char *folder, const char *name, struct tallies *tallies)
{
    static struct wanted wanted[WANTED_MAX];
    size_t count = read_expectations(folder, name, wanted, tallies);
    json_t *root = run(assay, folder, name);
    unsigned wrong = 1;
    if (root) {
        wrong = compare(name, wanted, count, json_object_get(root, "findings"));
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

static size_t list(const char *folder, char **names)
{
    size_t count = 0;
    DIR *dir = opendir(folder);
    if (!dir) {
        fprintf(stderr, "check: folder '%s' cannot be opened\n", folder);
        exit(5);
    }
    for (struct dirent *entry; (entry = readdir(dir)) && count < NAMES_MAX;) {
        size_t len = strlen(entry->d_name);
        if (len > 7 && strcmp(entry->d_name + len - 7, ".expect") == 0) {
            names[count++] = strndup(entry->d_name, len - 7);
        }
    }
    closedir(dir);
    qsort(names, count, sizeof *names, by_name);
    return count;
}

/* The rule table has one R(ID, ...) a line. */
static unsigned check_rules(const char *path, struct tallies *tallies)
{
    char line[TEXT_MAX];
    unsigned missing = 0;
    FILE *file = fopen(path, "r");
    if (!file) {
        fprintf(stderr, "check: rule table '%s' cannot be opened\n", path);
        exit(5);
    }
    while (fgets(line, sizeof line, file)) {
        char rule[8] = "";
        if (sscanf(line, "R(%7[C0-9]", rule) != 1) {
            continue;
        }
        struct tally *row = tally_of(tallies, rule);
        if (!row || row->found < DOCUMENTS_LEAST || row->absent < DOCUMENTS_LEAST) {
            printf("not ok - %s: %u documents expect it and %u say not, %d of each are asked\n", rule,
                   row ? row->found : 0, row ? row->absent : 0, DOCUMENTS_LEAST);
            missing++;
        }
    }
    fclose(file);
    return missing;
}

int main(int argc, char **argv)
{
    static char *names[NAMES_MAX];
    static struct tallies tallies;
    const char *rules = NULL;
    unsigned wrong = 0;
    size_t count = 0;
    if (argc < 3) {
        fprintf(stderr, "usage: check ASSAY FOLDER [--rules FILE] [NAME...]\n");
        return 4;
    }
    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "--rules") == 0 && i + 1 < argc) {
            rules = argv[++i];
        } else if (count < NAMES_MAX) {
            names[count++] = strdup(argv[i]);
        }
    }
    if (count == 0) {
        count = list(argv[2], names);
    }
    for (size_t i = 0; i < count; i++) {
        wrong += !check(argv[1], argv[2], names[i], &tallies);
        free(names[i]);
    }
    printf("%zu documents, %u differ\n", count, wrong);
    wrong += rules ? check_rules(rules, &tallies) : 0;
    return wrong > 0 || count == 0;
}
