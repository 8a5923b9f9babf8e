/* C706 and C707: files and folders that a document names, as they lie below --root. */
#include "claims/check.h"
#include "claims/named.h"
#include "claims/scan.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct scene {
    struct check *c;
    uint32_t file;
    const char *bytes;
};

static int by_path(const void *a, const void *b)
{
    const struct assay_slice *path = a;
    const struct assay_claims_path *known = b;
    int order = strncmp(path->data, known->path, path->len);
    return order != 0 ? order : known->path[path->len] == '\0' ? 0 : -1;
}

static const struct assay_claims_path *find(const struct check *c, struct assay_slice path)
{
    const struct assay_claims_request *request = c->m.request;
    return request->paths_count == 0
               ? NULL
               : bsearch(&path, request->paths, request->paths_count, sizeof *request->paths, by_path);
}

/* ---- C706 dangling ----------------------------------------------------------------------------------------------- */

/* What measurements are kept in. A link to another page that is missing is no matter of evidence. */
static bool is_result_file(struct assay_slice path)
{
    static const char *const ENDS[] = {".json", ".jsonl", ".ndjson",  ".csv",   ".tsv", ".txt", ".log",
                                       ".xml",  ".npy",   ".parquet", ".assay", ".zst", ".gz",  NULL};
    for (size_t i = 0; ENDS[i]; i++) {
        size_t len = strlen(ENDS[i]);
        if (path.len > len && strncasecmp(path.data + path.len - len, ENDS[i], len) == 0) {
            return true;
        }
    }
    return false;
}

static bool has_word(struct assay_slice text, const char *const *words)
{
    for (size_t at = 0; at < text.len;) {
        size_t len = 0;
        while (at + len < text.len && scan_is_letter(text.data[at + len])) {
            len++;
        }
        for (size_t i = 0; len > 0 && words[i]; i++) {
            if (strlen(words[i]) == len && strncasecmp(text.data + at, words[i], len) == 0) {
                return true;
            }
        }
        at += len > 0 ? len : 1;
    }
    return false;
}

/* Of a path in code, the line must say that something is kept there; of a link, the link says so. */
static bool is_evidence(const struct named *named)
{
    static const char *const CUES[] = {"see",      "evidence", "results", "result",  "data",    "samples",
                                       "measured", "kept",     "trace",   "traces",  "raw",     "receipt",
                                       "receipts", "recorded", "report",  "numbers", "figures", "measurements",
                                       "log",      "logs",     NULL};
    return is_result_file(named->path) && (named->is_link || has_word(named->line, CUES));
}

/* ---- C707 recount ------------------------------------------------------------------------------------------------ */

struct recount {
    uint64_t count;
    struct assay_slice noun;
    const char *from, *to; /* of the number */
};

/* The word that ends at *end, which moves before it. */
static struct assay_slice word_before(const char *line, size_t *end)
{
    while (*end > 0 && line[*end - 1] == ' ') {
        (*end)--;
    }
    size_t to = *end;
    while (*end > 0 && line[*end - 1] != ' ') {
        (*end)--;
    }
    return (struct assay_slice){line + *end, to - *end};
}

static bool read_count(struct assay_slice word, uint64_t *ret)
{
    *ret = 0;
    for (size_t i = 0; i < word.len; i++) {
        bool is_digit = scan_is_digit(word.data[i]);
        bool parts = word.data[i] == ',' && i > 0 && word.len - i > 3 && (word.len - i) % 4 == 0;
        if ((!is_digit && !parts) || word.len > 15) {
            return false;
        }
        *ret = is_digit ? *ret * 10 + (uint64_t)(word.data[i] - '0') : *ret;
    }
    return word.len > 0;
}

/* "340 clips in `clips/`" */
static bool read_recount(const struct named *named, struct recount *ret)
{
    static const char *const PLACES[] = {"in", "under", "below", NULL};
    size_t end = named->before;
    struct assay_slice place = word_before(named->line.data, &end);
    ret->noun = word_before(named->line.data, &end);
    struct assay_slice number = word_before(named->line.data, &end);
    ret->from = number.data;
    ret->to = number.data + number.len;
    return has_word(place, PLACES) && ret->noun.len > 1 && read_count(number, &ret->count);
}

static bool holds(const struct assay_claims_path *found, const struct recount *said)
{
    static const char *const LINES[] = {"lines", "rows", "records", "samples", "entries", NULL};
    if (found->found == ASSAY_CLAIMS_IS_DIR) {
        return said->count == found->count || said->count == found->deep_count;
    }
    bool counts_lines = found->found == ASSAY_CLAIMS_IS_FILE && has_word(said->noun, LINES);
    return !counts_lines || said->count == found->count || said->count + 1 == found->count; /* a header */
}

static void judge(void *user, const struct named *named)
{
    struct scene *scene = user;
    struct check *c = scene->c;
    const struct assay_claims_path *found = find(c, named->path);
    struct recount said;
    uint32_t from = (uint32_t)(named->path.data - scene->bytes), to = from + (uint32_t)named->path.len;
    if (found && found->found == ASSAY_CLAIMS_ABSENT && is_evidence(named)) {
        struct draft d = draft_at_bytes(c, RULE_C706, scene->file, from, to);
        draft_say(&d, "'%.*s' is given as evidence, and is not there", (int)named->path.len, named->path.data);
        draft_end(&d);
    } else if (found && read_recount(named, &said) && !holds(found, &said)) {
        struct draft d = draft_at_bytes(c, RULE_C707, scene->file, (uint32_t)(said.from - scene->bytes),
                                        (uint32_t)(said.to - scene->bytes));
        draft_operand_bytes(&d, scene->file, from, to);
        draft_say(&d, "'%.*s' has %llu %s", (int)named->path.len, named->path.data, (unsigned long long)found->count,
                  found->found == ASSAY_CLAIMS_IS_DIR ? "files" : "lines");
        draft_end(&d);
    }
}

void rule_paths(struct check *c)
{
    for (uint32_t i = 0; c->m.request->options.is_rooted && i < c->m.files.count; i++) {
        const struct assay_claims_input *input = c->m.files.at[i].input;
        struct scene scene = {c, i, input->bytes};
        if (!input->is_evidence && claims_kind_of(input) == ASSAY_CLAIMS_MARKDOWN) {
            named_each(input->bytes, input->len, judge, &scene);
        }
    }
}
