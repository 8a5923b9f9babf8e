#include "record/marks.h"

#include "base/text.h"
#include "crypto/crypto.h"
#include "record/policy_read.h"

#include <assert.h>
#include <string.h>

#define ARENA_BYTES_MAX ((size_t)4 << 20) /* 256 KiB of text and 1,024 marks */
#define ANY "any"
#define NEVER "never"
#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static const char *const KINDS[ASSAY_MARK_KIND_COUNT + 1] = {
    [ASSAY_MARK_SHIFT] = "shift", [ASSAY_MARK_ACK] = "ack", [ASSAY_MARK_IGNORE] = "ignore"};

const char *assay_mark_kind_text(enum assay_mark_kind kind)
{
    assert((size_t)kind < ASSAY_MARK_KIND_COUNT);
    return KINDS[kind];
}

static const struct typed_key TOP[] = {
    {.name = "assay_marks", .type = TYPED_OTHER, .is_required = true},
    {.name = "marks", .type = TYPED_OTHER},
};

/* A mark as it is written; what is no plain type is looked at below. */
struct written {
    const char *kind, *series, *commit, *reason, *expires;
    int64_t issued_day;
};

#define FIELD(member) offsetof(struct written, member)
static const struct typed_key MARK[] = {
    {.name = "kind", .type = TYPED_CHOICE, .at = FIELD(kind), .is_required = true, .choices = KINDS},
    {.name = "series", .type = TYPED_TEXT, .at = FIELD(series), .is_required = true},
    {.name = "commit", .type = TYPED_TEXT, .at = FIELD(commit), .is_required = true},
    {.name = "reason", .type = TYPED_TEXT, .at = FIELD(reason), .is_required = true},
    {.name = "issued", .type = TYPED_DAY, .at = FIELD(issued_day), .is_required = true},
    {.name = "expires", .type = TYPED_TEXT, .at = FIELD(expires), .is_required = true},
};

static bool is_commit(const char *text)
{
    size_t len = strspn(text, "0123456789abcdef");
    return text[len] == '\0' && len >= ASSAY_MARK_COMMIT_LEAST && len <= 64;
}

static assay_code mark_fill(struct typed_reader *reader, const json_t *object, const char *where,
                            const struct written *written, struct assay_mark *mark)
{
    bool is_any = strcmp(written->commit, ANY) == 0, is_never = strcmp(written->expires, NEVER) == 0;
    *mark = (struct assay_mark){.series = written->series,
                                .commit = is_any ? NULL : written->commit,
                                .reason = written->reason,
                                .issued_day = written->issued_day,
                                .expires_day = ASSAY_MARK_NEVER};
    while (strcmp(KINDS[mark->kind], written->kind) != 0) {
        mark->kind++;
    }
    if (!is_any && !is_commit(written->commit)) {
        return typed_fail_value(reader, json_object_get(object, "commit"), where, "commit",
                                "7 to 64 hex digits, or any");
    }
    if (is_any && mark->kind != ASSAY_MARK_IGNORE) {
        return typed_fail_value(reader, json_object_get(object, "commit"), where, "commit",
                                "a commit: only ignore holds for any");
    }
    if (!is_never && !assay_day_read(written->expires, &mark->expires_day)) {
        return typed_fail_value(reader, json_object_get(object, "expires"), where, "expires",
                                "a day (2026-11-21), or never");
    }
    if (is_never && mark->kind == ASSAY_MARK_IGNORE) {
        return typed_fail_value(reader, json_object_get(object, "expires"), where, "expires",
                                "a day: what is ignored is looked at again");
    }
    return mark->expires_day <= mark->issued_day ? typed_fail_value(reader, json_object_get(object, "expires"), where,
                                                                    "expires", "a day after it was issued")
                                                 : ASSAY_OK;
}

static assay_code read_marks(struct typed_reader *reader, const json_t *root, struct assay_marks *marks)
{
    struct written *written = NULL;
    assay_code rc = typed_list(reader, root, "marks", ASSAY_MARKS_MAX, sizeof *written, &written, &marks->count);
    marks->marks = assay_arena_take(reader->arena, marks->count + 1, sizeof *marks->marks);
    if (rc == ASSAY_OK && marks->marks == NULL) {
        rc = assay_nomem(reader->err);
    }
    const json_t *list = json_object_get(root, "marks");
    for (size_t i = 0; rc == ASSAY_OK && i < marks->count; i++) {
        char where[TYPED_WHERE_BYTES];
        const json_t *object = json_array_get(list, i);
        typed_where(where, "marks", i, object);
        rc = typed_object(reader, object, where, MARK, COUNT_OF(MARK), &written[i]);
        rc = rc == ASSAY_OK ? mark_fill(reader, object, where, &written[i], &marks->marks[i]) : rc;
    }
    return rc;
}

static assay_code read_file(struct typed_reader *reader, const json_t *root, struct assay_marks *marks)
{
    assay_code rc = typed_head(reader, root, "marks are", "assay_marks");
    rc = rc == ASSAY_OK ? typed_object(reader, root, "", TOP, COUNT_OF(TOP), marks) : rc;
    return rc == ASSAY_OK ? read_marks(reader, root, marks) : rc;
}

assay_code assay_marks_parse(const char *bytes, size_t len, struct assay_marks **ret, assay_err *err)
{
    assert(bytes && ret);
    struct assay_digest digest;
    json_t *root = NULL;
    struct assay_marks *marks = assay_alloc(1, sizeof *marks);
    if (!marks) {
        return assay_nomem(err);
    }
    assay_arena_init(&marks->arena, ARENA_BYTES_MAX);
    assay_sha256_of(bytes, len, &digest);
    assay_digest_print(&digest, marks->sha256);
    struct typed_reader reader = {.arena = &marks->arena, .err = err};
    assay_code rc = assay_yaml_read_lines(bytes, len, &root, &reader.lines, err);
    rc = rc == ASSAY_OK ? read_file(&reader, root, marks) : rc;
    assay_yaml_lines_done(&reader.lines);
    json_decref(root);
    if (rc != ASSAY_OK) {
        assay_marks_free(marks);
        return rc;
    }
    *ret = marks;
    return ASSAY_OK;
}

void assay_marks_free(struct assay_marks *marks)
{
    if (marks) {
        assay_arena_done(&marks->arena);
        assay_free(marks);
    }
}

/* Goes back to the last star only, so time is at most the product of both lengths. */
bool assay_glob_matches(const char *glob, const char *text)
{
    const char *star = NULL, *resume = NULL;
    while (*text != '\0') {
        if (*glob == '*') {
            star = glob++;
            resume = text;
        } else if (*glob != '\0' && (*glob == '?' || *glob == *text)) {
            glob++;
            text++;
        } else if (star != NULL) {
            glob = star + 1;
            text = ++resume;
        } else {
            return false;
        }
    }
    while (*glob == '*') {
        glob++;
    }
    return *glob == '\0';
}

bool assay_mark_fits(const struct assay_mark *mark, const char *series, const char *commit)
{
    return assay_glob_matches(mark->series, series) &&
           (mark->commit == NULL || (commit[0] != '\0' && assay_text_starts(commit, mark->commit)));
}

bool assay_mark_is_valid(const struct assay_mark *mark, int64_t day)
{
    return day >= mark->issued_day && day < mark->expires_day;
}
