/* C820 to C822: the programs that write a key of the document. A token scan of lines, without parsing; only with
 * --source, and only in files that write such a key. */
#include "claims/check.h"
#include "claims/scan.h"

#include <string.h>

#define NEAR_LINES 20
#define NAMES_MAX 512 /* keys of one set of documents */

struct names {
    struct assay_slice at[NAMES_MAX];
    uint32_t count;
};

/* Identifiers with a unit at their end, as documents and result files write them: probe_time_us. */
static void collect_names(const struct check *c, struct names *names)
{
    for (uint32_t i = 0; i < c->m.files.count; i++) {
        const struct assay_claims_input *input = c->m.files.at[i].input;
        for (size_t at = 0; input->kind != ASSAY_CLAIMS_SOURCE && at < input->len && names->count < NAMES_MAX; at++) {
            size_t end = at;
            while (end < input->len &&
                   (scan_is_letter(input->bytes[end]) || (end > at && scan_is_digit(input->bytes[end])))) {
                end++;
            }
            struct measure measure;
            size_t stem = 0;
            bool is_key = end - at >= 6 && memchr(input->bytes + at, '_', end - at) &&
                          measure_of_key(input->bytes + at, end - at, &measure, &stem);
            if (is_key && stem > 0) {
                names->at[names->count++] = (struct assay_slice){input->bytes + at, end - at};
            }
            at = end > at ? end : at;
        }
    }
}

static bool has_any(struct assay_slice line, const char *const *words)
{
    for (size_t i = 0; words[i]; i++) {
        size_t len = strlen(words[i]);
        for (size_t at = 0; at + len <= line.len; at++) {
            if (strncasecmp(line.data + at, words[i], len) == 0) {
                return true;
            }
        }
    }
    return false;
}

static struct assay_slice line_at(const struct file *f, uint32_t line)
{
    uint32_t from = f->lines.at[line];
    uint32_t to = line + 1 < f->lines.count ? f->lines.at[line + 1] - 1 : (uint32_t)f->input->len;
    return (struct assay_slice){f->input->bytes + from, to > from ? to - from : 0};
}

static void say(struct check *c, enum rule_id rule, uint32_t file, struct assay_slice at, struct assay_slice key,
                const char *what)
{
    const struct file *f = &c->m.files.at[file];
    uint32_t from = (uint32_t)(at.data - f->input->bytes), key_from = (uint32_t)(key.data - f->input->bytes);
    struct draft d = draft_at_bytes(c, rule, file, from, from + (uint32_t)at.len);
    if (from > key_from || from + at.len < key_from) {
        draft_operand_bytes(&d, file, key_from, key_from + (uint32_t)key.len);
    }
    draft_say(&d, "'%.*s' %s", (int)key.len, key.data, what);
    draft_end(&d);
}

/* What is assigned to the key on its line: "= 41.0" or ": 41.0". */
static bool feeds_literal(struct assay_slice line, struct assay_slice key)
{
    const char *at = key.data + key.len, *end = line.data + line.len;
    while (at < end && strchr("\"'] \t)", *at)) {
        at++;
    }
    if (at >= end || (*at != '=' && *at != ':' && *at != ',')) {
        return false;
    }
    for (at++; at < end && (*at == ' ' || *at == '='); at++) {
    }
    const char *number = at;
    while (at < end && (scan_is_digit(*at) || *at == '.' || *at == '_' || *at == 'e')) {
        at++;
    }
    bool is_number = at > number && scan_is_digit(*number);
    while (at < end &&
           (*at == ' ' || *at == ';' || *at == ',' || *at == '}' || *at == ')' || *at == '\r' || *at == 'f')) {
        at++;
    }
    return is_number && (at == end || *at == '#' || *at == '/');
}

static bool writes(struct assay_slice line, struct assay_slice name, struct assay_slice *ret)
{
    const char *at = memmem(line.data, line.len, name.data, name.len);
    const char *end = at ? at + name.len : NULL;
    if (!at || (at > line.data && (scan_is_letter(at[-1]) || scan_is_digit(at[-1]))) ||
        (end < line.data + line.len && (scan_is_letter(*end) || scan_is_digit(*end)))) {
        return false;
    }
    *ret = (struct assay_slice){at, name.len};
    bool is_quoted = at > line.data && (at[-1] == '"' || at[-1] == '\'' || at[-1] == '`');
    return is_quoted || memchr(end, '=', (size_t)(line.data + line.len - end)) != NULL;
}

static void judge_key(struct check *c, uint32_t file, uint32_t line, struct assay_slice key, bool has_clock)
{
    static const char *const RANDOM[] = {"random", "rand(",    "rand::", "rand.", "uniform(", "gauss(",      "normal(",
                                         "rng",    "simulate", "mock",   "fake",  "dummy",    "placeholder", NULL};
    static const char *const SLEEP[] = {"sleep(", NULL};
    const struct file *f = &c->m.files.at[file];
    struct assay_slice own = line_at(f, line);
    if (feeds_literal(own, key)) {
        say(c, RULE_C821, file, own, key, "is fed from a number in the program");
        return;
    }
    uint32_t first = line > NEAR_LINES ? line - NEAR_LINES : 0;
    for (uint32_t back = 0; line >= back && line - back + 1 > first; back++) {
        struct assay_slice text = line_at(f, line - back);
        bool is_import =
            has_any(text, (const char *const[]){"import ", "#include", "require(", "use ", "\"math/rand\"", NULL});
        if (!is_import && has_any(text, RANDOM)) {
            say(c, RULE_C820, file, text, key, "is written near a random call or a stand-in");
            return;
        }
        if (!is_import && back <= 6 && has_any(text, SLEEP)) {
            say(c, RULE_C821, file, text, key, "is the time around a sleep");
            return;
        }
    }
    if (!has_clock) {
        say(c, RULE_C822, file, key, key, "is written by a file without a clock");
    }
}

static void judge_file(struct check *c, uint32_t file, const struct names *names)
{
    static const char *const CLOCKS[] = {"time(",    "time.",     "clock",      "now(",     "perf_counter",
                                         "Instant",  "Stopwatch", "chrono",     "timer",    "elapsed",
                                         "duration", "json.load", "JSON.parse", "read_csv", "json_load",
                                         "open(",    "readFile",  "rdtsc",      NULL};
    const struct file *f = &c->m.files.at[file];
    bool has_clock = has_any((struct assay_slice){f->input->bytes, f->input->len}, CLOCKS);
    for (uint32_t line = 0; line < f->lines.count; line++) {
        struct assay_slice text = line_at(f, line), key;
        for (uint32_t i = 0; i < names->count && memchr(text.data, '_', text.len); i++) {
            if (writes(text, names->at[i], &key)) {
                judge_key(c, file, line, key, has_clock);
                break;
            }
        }
    }
}

void rule_source(struct check *c)
{
    struct names *names = NULL;
    for (uint32_t i = 0; i < c->m.files.count; i++) {
        if (c->m.files.at[i].input->kind != ASSAY_CLAIMS_SOURCE) {
            continue;
        }
        if (!names) {
            names = assay_alloc(1, sizeof *names);
            if (!names) {
                model_fail(&c->m);
                return;
            }
            collect_names(c, names);
        }
        judge_file(c, i, names);
    }
    assay_free(names);
}
