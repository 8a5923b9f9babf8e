/*
 * The cases of tests/golden/judge (README.md there says how they are written and were derived): made runs, edits of
 * what they say, a policy, a question; and the whole answer, all digits and texts, line by line behind `> `. One file a
 * program, so that they can be asked alone; the answers are written anew where ASSAY_CASES_WRITE is set.
 */
#include "judge/judge.h"

#include "base/file.h"
#include "crypto/crypto.h"
#include "support/edit.h"
#include "support/made_run.h"
#include "support/source_root.h"
#include "support/starved.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_MAX ((size_t)8 << 20)
#define ARENA_BYTES ((size_t)256 << 20)
#define DAY 20458         /* 2026-01-05, the day of the made runs */
#define STARVED_TIMES 500 /* so many amounts of memory that are not enough */
enum { RUNS_MAX = 64, FILES_MAX = 4, WORDS_MAX = 48, WORD_BYTES = 256, METRICS_MAX = 70 };

static const char HEAD[] = "assay_policy: 1\nname: test\n";

struct side {
    const struct assay_opened *runs[RUNS_MAX];
    size_t count;
};

struct book {
    char *text; /* of the file, cut into lines in place */
    char **lines;
    size_t lines_count, at;
    char name[WORD_BYTES]; /* of the case */
    struct assay_buf out;  /* the file as it should be */
    struct made_run runs[RUNS_MAX];
    size_t runs_count;
    bool is_touched[RUNS_MAX];
    struct side given, baselines;
    enum assay_ancestry ancestries[RUNS_MAX]; /* of the baselines */
    bool has_ancestries;
    struct assay_gate_file files[FILES_MAX];
    size_t files_count;
    const char *policy;
    struct assay_arena arena;
    struct assay_verdict_document previous;
    bool has_previous;
};

/* ---- lines and words -------------------------------------------------------------------------------------------- */

static void fails(const struct book *book, const char *what, const char *found)
{
    fail_msg("line %zu, case %s: %s: %s", book->at, book->name, what, found);
}

static size_t words_of(const char *line, char words[WORDS_MAX][WORD_BYTES])
{
    size_t count = 0;
    for (const char *p = line + strspn(line, " "); *p; p += strspn(p, " ")) {
        size_t len = strcspn(p, " ");
        size_t kept = len < WORD_BYTES ? len : WORD_BYTES - 1; /* JSON is read from the line itself */
        if (count == WORDS_MAX) {
            break;
        }
        memcpy(words[count], p, kept);
        words[count++][kept] = '\0';
        p += len;
    }
    return count;
}

/* What stands behind so many words of a line. */
static const char *behind(const char *line, size_t words)
{
    for (size_t i = 0; i < words; i++) {
        line += strspn(line, " ");
        line += strcspn(line, " ");
    }
    return line + strspn(line, " ");
}

/* The lines that are indented by two spaces, without them. */
static const char *body_of(struct book *book, const char *head)
{
    struct assay_buf text;
    assay_buf_init(&text, FILE_MAX);
    assay_buf_text(&text, head);
    while (book->at < book->lines_count && strncmp(book->lines[book->at], "  ", 2) == 0) {
        assay_buf_printf(&text, "%s\n", book->lines[book->at] + 2);
        assay_buf_printf(&book->out, "%s\n", book->lines[book->at++]);
    }
    const char *copy = assay_arena_text(&book->arena, text.data ? text.data : "", text.len);
    assay_buf_done(&text);
    return copy;
}

static struct made_run *run_of(struct book *book, const char *name)
{
    for (size_t i = 0; i < book->runs_count; i++) {
        if (strcmp(book->runs[i].tale.name, name) == 0) {
            return &book->runs[i];
        }
    }
    fails(book, "no such run", name);
    return NULL;
}

static struct made_run *touch(struct book *book, const char *name)
{
    struct made_run *run = run_of(book, name);
    book->is_touched[run - book->runs] = true;
    return run;
}

/* ---- what the lines do ------------------------------------------------------------------------------------------ */

static void do_run(struct book *book, char words[WORDS_MAX][WORD_BYTES], size_t count, const char *line)
{
    struct made_tale tale = {.count = 20};
    (void)snprintf(tale.name, sizeof tale.name, "%s", words[1]);
    for (size_t i = 2; i < count; i++) {
        tale.is_llm |= strcmp(words[i], "llm") == 0;
        if (strcmp(words[i], "llm") != 0 && !made_tale_read(&tale, words[i])) {
            fails(book, "no such key of a run", line);
        }
    }
    assert_in_range(book->runs_count, 0, RUNS_MAX - 1);
    made_run_make(&tale, &book->runs[book->runs_count++]);
}

static void do_case(struct book *book, char words[WORDS_MAX][WORD_BYTES], size_t count, const char *line)
{
    (void)count;
    (void)line;
    (void)snprintf(book->name, sizeof book->name, "%s", words[1]);
    for (size_t i = 0; i < book->runs_count; i++) {
        if (book->is_touched[i]) {
            made_run_reopen(&book->runs[i]);
            book->is_touched[i] = false;
        }
    }
    book->given.count = book->baselines.count = book->files_count = 0;
    book->policy = NULL;
    book->has_previous = book->has_ancestries = false;
}

static void put_side(struct book *book, struct side *side, char words[WORDS_MAX][WORD_BYTES], size_t count)
{
    side->count = 0;
    for (size_t i = 1; i < count; i++) {
        side->runs[side->count++] = run_of(book, words[i])->opened;
    }
}

static void do_runs(struct book *book, char words[WORDS_MAX][WORD_BYTES], size_t count, const char *line)
{
    (void)line;
    put_side(book, &book->given, words, count);
}

static void do_baselines(struct book *book, char words[WORDS_MAX][WORD_BYTES], size_t count, const char *line)
{
    (void)line;
    put_side(book, &book->baselines, words, count);
    book->has_ancestries = false;
}

/* Of the baselines, in their order. */
static void do_ancestries(struct book *book, char words[WORDS_MAX][WORD_BYTES], size_t count, const char *line)
{
    static const char *const WORDS[] = {[ASSAY_ANCESTRY_UNKNOWN] = "unknown",
                                        [ASSAY_ANCESTRY_IS] = "is",
                                        [ASSAY_ANCESTRY_IS_NOT] = "is-not",
                                        [ASSAY_ANCESTRY_NOT_ASKED] = "not-asked"};
    enum { WORDS_COUNT = sizeof WORDS / sizeof WORDS[0] };
    for (size_t i = 1; i < count; i++) {
        size_t at = 0;
        while (at < WORDS_COUNT && strcmp(WORDS[at], words[i]) != 0) {
            at++;
        }
        if (at == WORDS_COUNT) {
            fails(book, "no such ancestry", line);
        }
        book->ancestries[i - 1] = (enum assay_ancestry)at;
    }
    book->has_ancestries = true;
}

static json_t *json_of(const struct book *book, const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    if (!value) {
        fails(book, "no JSON", text);
    }
    return value;
}

static void do_edit(struct book *book, char words[WORDS_MAX][WORD_BYTES], size_t count, const char *line)
{
    (void)count;
    edit_set(touch(book, words[1])->opened->statement, words[2], json_of(book, behind(line, 3)));
}

static void do_append(struct book *book, char words[WORDS_MAX][WORD_BYTES], size_t count, const char *line)
{
    (void)count;
    edit_append(touch(book, words[1])->opened->statement, words[2], json_of(book, behind(line, 3)));
}

static void do_drop(struct book *book, char words[WORDS_MAX][WORD_BYTES], size_t count, const char *line)
{
    (void)count;
    (void)line;
    edit_drop(touch(book, words[1])->opened->statement, words[2]);
}

/* plan RUN workload WORD, plan RUN args ARM JSON, plan RUN options JSON, plan RUN mode closed, plan RUN stop precision
 */
static void do_plan(struct book *book, char words[WORDS_MAX][WORD_BYTES], size_t count, const char *line)
{
    struct assay_plan *plan = touch(book, words[1])->opened->plan;
    (void)count;
    if (strcmp(words[2], "workload") == 0) {
        plan->workload = assay_arena_text(&book->arena, words[3], strlen(words[3]));
    } else if (strcmp(words[2], "mode") == 0) {
        plan->load.mode = ASSAY_LOAD_CLOSED;
    } else if (strcmp(words[2], "stop") == 0) {
        plan->stop.rule = ASSAY_STOP_PRECISION;
    } else if (strcmp(words[2], "options") == 0) {
        json_decref(plan->options);
        plan->options = json_of(book, behind(line, 3));
    } else if (strcmp(words[2], "args") == 0) {
        struct assay_plan_arm *arm = &plan->arms[strtoull(words[3], NULL, 10)];
        json_decref(arm->args);
        arm->args = json_of(book, behind(line, 4));
    } else {
        fails(book, "no such part of a plan", line);
    }
}

/* trust RUN none|refused|open|invalid|good WHY */
static void do_trust(struct book *book, char words[WORDS_MAX][WORD_BYTES], size_t count, const char *line)
{
    static const char *const WORDS[] = {"none", "refused", "open", "invalid", "good"};
    struct assay_opened *opened = touch(book, words[1])->opened;
    size_t i = 0;
    (void)count;
    while (i < ASSAY_TRUST_GOOD && strcmp(WORDS[i], words[2]) != 0) {
        i++;
    }
    opened->trust = (enum assay_reliance)i;
    opened->why = assay_arena_text(&book->arena, behind(line, 3), strlen(behind(line, 3)));
}

/* The run was planned under the policy that was given last. */
static void do_logged(struct book *book, char words[WORDS_MAX][WORD_BYTES], size_t count, const char *line)
{
    struct assay_digest digest;
    char hex[ASSAY_DIGEST_TEXT_BYTES];
    (void)count;
    if (!book->policy) {
        fails(book, "no policy", line);
    }
    assay_sha256_of(book->policy, strlen(book->policy), &digest);
    assay_digest_print(&digest, hex);
    edit_set(touch(book, words[1])->opened->statement, "/predicate/protocol/policySha256", json_string(hex));
}

/* What the verdict before says of the roll-out: before stage|looks|streak|holds N, before not_before DAY. */
static void do_before(struct book *book, char words[WORDS_MAX][WORD_BYTES], size_t count, const char *line)
{
    struct assay_rollout *rollout = &book->previous.rollout;
    const struct {
        const char *word;
        unsigned *number;
    } numbers[] = {{"stage", &rollout->stage},
                   {"looks", &rollout->looks},
                   {"streak", &rollout->streak},
                   {"holds", &rollout->holds}};
    (void)count;
    if (strcmp(words[1], "not_before") == 0) {
        rollout->not_before = assay_arena_text(&book->arena, words[2], strlen(words[2]));
        return;
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strcmp(numbers[i].word, words[1]) == 0) {
            *numbers[i].number = (unsigned)strtoul(words[2], NULL, 10);
            return;
        }
    }
    fails(book, "no such number of a roll-out", line);
}

/* The inputs of the verdict before, from the last to the first. */
static void do_reverse(struct book *book, char words[WORDS_MAX][WORD_BYTES], size_t count, const char *line)
{
    struct assay_verdict_document *previous = &book->previous;
    size_t inputs = previous->inputs_count;
    struct assay_verdict_input *turned = assay_arena_take(&book->arena, inputs, sizeof *turned);
    (void)words;
    (void)count;
    (void)line;
    for (size_t i = 0; i < inputs; i++) {
        turned[i] = previous->inputs[inputs - 1 - i];
    }
    previous->inputs = turned;
}

/* A run that names no id, as one that cannot be read. */
static void do_forget(struct book *book, char words[WORDS_MAX][WORD_BYTES], size_t count, const char *line)
{
    (void)count;
    (void)line;
    touch(book, words[1])->opened->run_id[0] = '\0';
}

static void do_tier(struct book *book, char words[WORDS_MAX][WORD_BYTES], size_t count, const char *line)
{
    (void)count;
    (void)line;
    touch(book, words[1])->opened->judgement->tier = (int)strtol(words[2], NULL, 10);
}

static void do_identity(struct book *book, char words[WORDS_MAX][WORD_BYTES], size_t count, const char *line)
{
    struct assay_opened *opened = touch(book, words[1])->opened;
    const char *text = body_of(book, "");
    (void)count;
    (void)line;
    opened->files.identity = (struct assay_judge_bytes){*text ? text : NULL, strlen(text)};
}

/* MANIFEST in a policy stands for the digest of the file that was given last. */
static void put_manifest(const struct book *book, char *text)
{
    static const char WORD[] = "MANIFEST";
    struct assay_digest digest = {{0}};
    char hex[ASSAY_DIGEST_TEXT_BYTES];
    char *at = strstr(text, WORD);
    if (book->files_count > 0) {
        const struct assay_judge_bytes *bytes = &book->files[book->files_count - 1].bytes;
        assay_sha256_of(bytes->data, bytes->len, &digest);
    }
    assay_digest_print(&digest, hex);
    if (at) {
        memmove(at + strlen(hex), at + strlen(WORD), strlen(at + strlen(WORD)) + 1);
        memcpy(at, hex, strlen(hex));
    }
}

static void do_policy(struct book *book, char words[WORDS_MAX][WORD_BYTES], size_t count, const char *line)
{
    (void)words;
    (void)count;
    (void)line;
    const char *text = body_of(book, HEAD);
    char *copy = assay_arena_take(&book->arena, strlen(text) + ASSAY_DIGEST_TEXT_BYTES, 1);
    memcpy(copy, text, strlen(text) + 1);
    put_manifest(book, copy);
    book->policy = copy;
}

static void do_file(struct book *book, char words[WORDS_MAX][WORD_BYTES], size_t count, const char *line)
{
    (void)count;
    (void)line;
    const char *path = assay_arena_text(&book->arena, words[1], strlen(words[1])), *text = body_of(book, "");
    assert_in_range(book->files_count, 0, FILES_MAX - 1);
    book->files[book->files_count++] = (struct assay_gate_file){.path = path, .bytes = {text, strlen(text)}};
}

/* ---- answers ---------------------------------------------------------------------------------------------------- */

/* One line of the answer; it must be the next one of the file. */
__attribute__((format(printf, 2, 3))) static void says(struct book *book, const char *format, ...)
{
    struct assay_buf line;
    va_list args;
    char text[8192];
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    assay_buf_init(&line, FILE_MAX);
    assay_buf_printf(&line, "> %s", text);
    assay_buf_printf(&book->out, "%s\n", line.data);
    bool is_there = book->at < book->lines_count && strncmp(book->lines[book->at], "> ", 2) == 0;
    const char *expected = is_there ? book->lines[book->at] : "(no more lines)";
    if (!getenv("ASSAY_CASES_WRITE") && strcmp(expected, line.data) != 0) {
        fail_msg("line %zu, case %s:\nexpected %s\nfound    %s", book->at + 1, book->name, expected, line.data);
    }
    book->at += is_there;
    assay_buf_done(&line);
}

static void says_rows(struct book *book, const json_t *root)
{
    const json_t *rows = json_object_get(root, "rows");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        char *text = json_dumps(json_array_get(rows, i), JSON_COMPACT | JSON_SORT_KEYS);
        says(book, "%s", text);
        free(text);
    }
}

static void says_document(struct book *book, const struct assay_verdict_document *document)
{
    json_t *root = NULL;
    assay_err err = {0};
    if (assay_verdict_json(document, &root, &err) != ASSAY_OK) {
        fails(book, "no document", err.message);
    }
    const char *date = document->date ? document->date : "no date";
    says(book, "%s %s: %s, %s, waived %u, %s: %s", document->question, document->level,
         assay_verdict_text(document->verdict), assay_code_name(assay_verdict_code(document)), document->waivers_used,
         date, document->summary ? document->summary : "(no summary)");
    if (document->rollout.is_given) {
        char *text = json_dumps(json_object_get(root, "rollout"), JSON_COMPACT | JSON_SORT_KEYS);
        says(book, "rollout %s %s", assay_code_name(assay_rollout_code(document)), text);
        free(text);
    }
    says_rows(book, root);
    for (size_t i = 0; i < document->notes_count; i++) {
        says(book, "note %s", document->notes[i]);
    }
    for (size_t i = 0; i < document->inputs_count; i++) {
        const struct assay_verdict_input *input = &document->inputs[i];
        says(book, "input %s, %s%s", input->name, input->document ? input->document : "-",
             input->sha256 ? "" : ", no digest");
    }
    json_decref(root);
}

struct question {
    int64_t day;
    bool has_previous, wants_rollout, takes_names, is_across, is_starved;
    uint64_t version_min;
    const char *base_sha256;
    struct assay_outcome_rule rule;
    double q;
    const char *metrics[METRICS_MAX];
    size_t metrics_count;
};

static void read_metrics(struct book *book, const char *list, struct question *ret)
{
    while (*list) {
        size_t len = strcspn(list, ",");
        ret->metrics[ret->metrics_count++] = assay_arena_text(&book->arena, list, len);
        list += len + (list[len] == ',');
    }
}

static const char *value_of(const char *word, const char *key)
{
    size_t len = strlen(key);
    return strncmp(word, key, len) == 0 && word[len] == '=' ? word + len + 1 : NULL;
}

static bool read_flag(const char *word, struct question *ret)
{
    const struct {
        const char *word;
        bool *flag;
    } flags[] = {{"previous", &ret->has_previous},
                 {"rollout", &ret->wants_rollout},
                 {"names", &ret->takes_names},
                 {"across", &ret->is_across},
                 {"starved", &ret->is_starved}};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (strcmp(flags[i].word, word) == 0) {
            return *flags[i].flag = true;
        }
    }
    return false;
}

static bool read_number(const char *word, struct question *ret)
{
    const struct {
        const char *key;
        double *number;
    } numbers[] = {{"alpha", &ret->rule.alpha},
                   {"family", &ret->rule.family},
                   {"margin", &ret->rule.margin},
                   {"power", &ret->rule.power},
                   {"q", &ret->q}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        const char *value = value_of(word, numbers[i].key);
        if (value) {
            *numbers[i].number = strtod(value, NULL);
            return true;
        }
    }
    return false;
}

static void read_question(struct book *book, char words[WORDS_MAX][WORD_BYTES], size_t count, struct question *ret)
{
    *ret = (struct question){.day = DAY};
    for (size_t i = 2; i < count; i++) {
        const char *word = words[i];
        if (read_flag(word, ret) || read_number(word, ret)) {
            continue;
        }
        if (value_of(word, "day")) {
            ret->day = DAY + strtoll(value_of(word, "day"), NULL, 10);
        } else if (value_of(word, "version_min")) {
            ret->version_min = strtoull(value_of(word, "version_min"), NULL, 10);
        } else if (value_of(word, "base")) {
            ret->base_sha256 = value_of(word, "base");
        } else if (value_of(word, "level")) {
            ret->rule.level = strcmp(value_of(word, "level"), "gate") == 0 ? ASSAY_LEVEL_GATE : ASSAY_LEVEL_ADVISORY;
        } else if (value_of(word, "metrics")) {
            read_metrics(book, value_of(word, "metrics"), ret);
        } else {
            fails(book, "no such word of a question", word);
        }
    }
}

static void says_error(struct book *book, assay_code rc, const assay_err *err)
{
    says(book, "error %s: %s", assay_code_name(rc), err->message);
}

static struct assay_gate_question gate_question(struct book *book, const struct assay_policy *policy,
                                                const struct question *question)
{
    return (struct assay_gate_question){
        .policy = policy,
        .policy_name = "policy.yaml",
        .base_sha256 = question->base_sha256 && strcmp(question->base_sha256, "same") == 0 ? policy->sha256
                                                                                           : question->base_sha256,
        .version_min = question->version_min,
        .runs = book->given.runs,
        .runs_count = book->given.count,
        .baselines = book->baselines.runs,
        .baselines_count = book->baselines.count,
        .ancestries = book->has_ancestries ? book->ancestries : NULL,
        .files = book->files,
        .files_count = book->files_count,
        .day = question->day,
        .date = "2026-01-05",
        .wants_rollout = question->wants_rollout,
        .previous = question->has_previous && book->has_previous ? &book->previous : NULL};
}

/* The texts of a document outlive its policy: what a next look is given is read back from its bytes. */
static void keep_previous(struct book *book, const struct assay_verdict_document *document)
{
    struct assay_buf bytes;
    assay_err err = {0};
    assay_buf_init(&bytes, ASSAY_VERDICT_BYTES_MAX);
    if (assay_verdict_encode(document, &bytes, &err) != ASSAY_OK ||
        assay_verdict_parse(bytes.data, bytes.len, &book->arena, &book->previous, &err) != ASSAY_OK) {
        fails(book, "a document that cannot be read back", err.message);
    }
    book->has_previous = true;
    assay_buf_done(&bytes);
}

/* The same question with less and less memory than it took: it is not answered, and says why. */
struct hunger {
    assay_code (*ask)(const void *question, const struct assay_opened *run, struct assay_arena *arena, assay_err *err);
    const void *question;
    const struct assay_opened *run;
};

static assay_code hungry_gate(const void *question, const struct assay_opened *run, struct assay_arena *arena,
                              assay_err *err)
{
    struct assay_verdict_document document;
    (void)run;
    return assay_judge_gate(question, arena, &document, err);
}

static assay_code hungry_false_fails(const void *question, const struct assay_opened *run, struct assay_arena *arena,
                                     assay_err *err)
{
    struct assay_false_fails answer;
    (void)run;
    return assay_judge_false_fails(question, arena, &answer, err);
}

static assay_code hungry_arms(const void *question, const struct assay_opened *run, struct assay_arena *arena,
                              assay_err *err)
{
    struct assay_verdict_document document;
    return assay_judge_arms(run, question, arena, &document, err);
}

static void starve(const struct book *book, const struct hunger *hunger)
{
    struct assay_arena arena;
    assay_err err = {0};
    assay_arena_init(&arena, ARENA_BYTES);
    assay_code rc = hunger->ask(hunger->question, hunger->run, &arena, &err);
    size_t needed = arena.used_bytes, step = needed / STARVED_TIMES / 16 * 16 + 16;
    assay_arena_done(&arena);
    for (size_t bytes = 0; bytes < needed && rc == ASSAY_OK; bytes += step) {
        assay_arena_init(&arena, bytes);
        if (hunger->ask(hunger->question, hunger->run, &arena, &err) != ASSAY_NO_MEMORY) {
            fail_msg("case %s: answered with %zu bytes of %zu: %s", book->name, bytes, needed, err.message);
        }
        assay_arena_done(&arena);
    }
}

static void ask_gate(struct book *book, const struct question *question, bool is_of_false_fails)
{
    struct assay_policy *policy = NULL;
    assay_err err = {0};
    if (!book->policy || assay_policy_parse(book->policy, strlen(book->policy), &policy, &err) != ASSAY_OK) {
        fails(book, "no policy", err.message);
    }
    const struct assay_gate_question asked = gate_question(book, policy, question);
    struct assay_verdict_document document;
    struct assay_false_fails answer;
    if (question->is_starved) {
        starve(book, &(struct hunger){.ask = is_of_false_fails ? hungry_false_fails : hungry_gate, .question = &asked});
    }
    assay_code rc = is_of_false_fails ? assay_judge_false_fails(&asked, &book->arena, &answer, &err)
                                      : assay_judge_gate(&asked, &book->arena, &document, &err);
    if (rc != ASSAY_OK) {
        says_error(book, rc, &err);
    } else if (is_of_false_fails) {
        says(book, "%llu of %llu, %.17g for %.17g, %s: %s", (unsigned long long)answer.fails,
             (unsigned long long)answer.runs, answer.upper, answer.alpha, answer.is_bounded ? "bounded" : "not bounded",
             answer.why);
    } else {
        says_document(book, &document);
        if (question->is_starved) {
            starved_gates(&asked, &document);
        }
        keep_previous(book, &document);
    }
    assay_policy_free(policy);
}

static void ask_arms(struct book *book, const char *which, const struct question *question)
{
    const struct assay_asked asked = {.question = which,
                                      .rule = question->rule,
                                      .family_q = question->q,
                                      .metrics = question->metrics,
                                      .metrics_count = question->metrics_count,
                                      .date = "2026-01-05",
                                      .takes_model_names = question->takes_names};
    struct assay_verdict_document document;
    assay_err err = {0};
    bool is_comparable = false;
    const char *const may_differ[] = {"host.governor"};
    const struct assay_sides sides = {.base = book->baselines.runs,
                                      .other = book->given.runs,
                                      .base_count = book->baselines.count,
                                      .other_count = book->given.count,
                                      .is_across = question->is_across,
                                      .may_differ = may_differ,
                                      .may_differ_count = 1};
    if (question->is_starved) {
        starve(book, &(struct hunger){.ask = hungry_arms, .question = &asked, .run = book->given.runs[0]});
    }
    assay_code rc = strcmp(which, "compare") == 0
                        ? assay_judge_compare(&sides, &asked, &book->arena, &document, &is_comparable, &err)
                        : assay_judge_arms(book->given.runs[0], &asked, &book->arena, &document, &err);
    if (rc != ASSAY_OK) {
        says_error(book, rc, &err);
        return;
    }
    if (strcmp(which, "compare") == 0) {
        says(book, "%s", is_comparable ? "comparable" : "not comparable");
    }
    says_document(book, &document);
}

static void do_ask(struct book *book, char words[WORDS_MAX][WORD_BYTES], size_t count, const char *line)
{
    struct question question;
    read_question(book, words, count, &question);
    if (strcmp(words[1], "gate") == 0 || strcmp(words[1], "false_fails") == 0) {
        ask_gate(book, &question, strcmp(words[1], "false_fails") == 0);
    } else if (strcmp(words[1], "ab") == 0 || strcmp(words[1], "parity") == 0 || strcmp(words[1], "compare") == 0) {
        const char *which = assay_arena_text(&book->arena, words[1], strlen(words[1]));
        ask_arms(book, which, &question);
    } else {
        fails(book, "no such question", line);
    }
    while (book->at < book->lines_count && strncmp(book->lines[book->at], "> ", 2) == 0) {
        if (!getenv("ASSAY_CASES_WRITE")) {
            fails(book, "the answer lacks", book->lines[book->at]);
        }
        book->at++;
    }
}

static const struct {
    const char *word;
    void (*act)(struct book *book, char words[WORDS_MAX][WORD_BYTES], size_t count, const char *line);
    size_t words_least;
} ACTS[] = {
    {"run", do_run, 2},       {"case", do_case, 2},     {"runs", do_runs, 1},         {"baselines", do_baselines, 1},
    {"edit", do_edit, 4},     {"drop", do_drop, 3},     {"append", do_append, 4},     {"plan", do_plan, 4},
    {"trust", do_trust, 3},   {"tier", do_tier, 3},     {"identity", do_identity, 2}, {"policy", do_policy, 1},
    {"file", do_file, 2},     {"forget", do_forget, 2}, {"ask", do_ask, 2},           {"ancestries", do_ancestries, 2},
    {"logged", do_logged, 2}, {"before", do_before, 3}, {"reverse", do_reverse, 1},
};

static void act(struct book *book, const char *line)
{
    char words[WORDS_MAX][WORD_BYTES];
    size_t count = line[0] == '#' ? 0 : words_of(line, words);
    for (size_t i = 0; count > 0 && i < sizeof ACTS / sizeof ACTS[0]; i++) {
        if (strcmp(ACTS[i].word, words[0]) == 0 && count >= ACTS[i].words_least) {
            ACTS[i].act(book, words, count, line);
            return;
        }
    }
    if (count > 0) {
        fails(book, "no such line", line);
    }
}

/* ---- files ------------------------------------------------------------------------------------------------------ */

static void read_book(struct book *book, const char *path)
{
    struct assay_buf bytes;
    assay_err err = {0};
    assay_buf_init(&bytes, FILE_MAX);
    if (assay_buf_read_file(&bytes, path, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    book->text = assay_arena_text(&book->arena, bytes.data, bytes.len);
    size_t lines = 1;
    for (size_t i = 0; i < bytes.len; i++) {
        lines += bytes.data[i] == '\n';
    }
    book->lines = assay_arena_take(&book->arena, lines, sizeof *book->lines);
    for (char *p = book->text; *p;) {
        size_t len = strcspn(p, "\n");
        book->lines[book->lines_count++] = p;
        p += len;
        if (*p == '\n') {
            *p++ = '\0';
        }
    }
    assay_buf_done(&bytes);
}

static const char *asked_file; /* of the command line: cmocka's tests take no arguments of their own */

static void every_case_is_answered_as_it_stands(void **state)
{
    static struct book book;
    char path[4096];
    assay_err err = {0};
    (void)state;
    assay_arena_init(&book.arena, ARENA_BYTES);
    assay_buf_init(&book.out, FILE_MAX);
    (void)snprintf(path, sizeof path, "%s/tests/golden/judge/%s", source_root(), asked_file);
    read_book(&book, path);
    while (book.at < book.lines_count) {
        const char *line = book.lines[book.at++];
        assay_buf_printf(&book.out, "%s\n", line);
        act(&book, line);
    }
    if (getenv("ASSAY_CASES_WRITE") &&
        assay_file_write(path, book.out.data, book.out.len, ASSAY_FILE_REPLACE, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    for (size_t i = 0; i < book.runs_count; i++) {
        made_run_done(&book.runs[i]);
    }
    assay_buf_done(&book.out);
    assay_arena_done(&book.arena);
}

int main(int argc, char **argv)
{
    assay_json_init();
    asked_file = argc > 1 ? argv[1] : "values.cases";
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_case_is_answered_as_it_stands)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
