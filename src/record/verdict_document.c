#include "record/verdict.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define EXACT_MAX ((UINT64_C(1) << 53) - 1) /* what a JSON integer holds for every reader */
#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* One table a struct drives writer and reader. A member that says nothing (no text, zero, false) is left out, so that
 * one document has one spelling. */
enum member_kind {
    MEMBER_TEXT,
    MEMBER_BOOL,
    MEMBER_UNSIGNED,
    MEMBER_U64,
    MEMBER_REAL,    /* there iff its flag is set; without a flag: iff it is not 0 */
    MEMBER_VERDICT, /* always there */
};

#define NO_FLAG SIZE_MAX

struct member {
    const char *name;
    enum member_kind kind;
    size_t at;
    size_t flag; /* offset of the bool that says whether a real is there */
};

#define AT(type, field) offsetof(struct type, field), NO_FLAG
#define AT_IF(type, field, has) offsetof(struct type, field), offsetof(struct type, has)

static const struct member ROW[] = {
    {"gate", MEMBER_UNSIGNED, AT(assay_verdict_row, gate)},
    {"id", MEMBER_TEXT, AT(assay_verdict_row, id)},
    {"kind", MEMBER_TEXT, AT(assay_verdict_row, kind)},
    {"metric", MEMBER_TEXT, AT(assay_verdict_row, metric)},
    {"unit", MEMBER_TEXT, AT(assay_verdict_row, unit)},
    {"arm", MEMBER_TEXT, AT(assay_verdict_row, arm)},
    {"versus", MEMBER_TEXT, AT(assay_verdict_row, versus)},
    {"element", MEMBER_TEXT, AT(assay_verdict_row, element)},
    {"base", MEMBER_REAL, AT_IF(assay_verdict_row, base, has_base)},
    {"other", MEMBER_REAL, AT_IF(assay_verdict_row, other, has_other)},
    {"point", MEMBER_REAL, AT_IF(assay_verdict_row, point, has_point)},
    {"lower", MEMBER_REAL, AT_IF(assay_verdict_row, lower, has_interval)},
    {"upper", MEMBER_REAL, AT_IF(assay_verdict_row, upper, has_interval)},
    {"confidence", MEMBER_REAL, AT_IF(assay_verdict_row, confidence, has_interval)},
    {"n", MEMBER_U64, AT(assay_verdict_row, n)},
    {"nEffective", MEMBER_U64, AT(assay_verdict_row, n_effective)},
    {"method", MEMBER_TEXT, AT(assay_verdict_row, method)},
    {"word", MEMBER_TEXT, AT(assay_verdict_row, word)},
    {"resolved", MEMBER_BOOL, AT(assay_verdict_row, is_resolved)},
    {"effectMin", MEMBER_REAL, AT(assay_verdict_row, effect_min)},
    {"pairsNeeded", MEMBER_U64, AT(assay_verdict_row, pairs_needed)},
    {"positionEffect", MEMBER_REAL, AT(assay_verdict_row, position_effect)},
    {"verdict", MEMBER_VERDICT, AT(assay_verdict_row, verdict)},
    {"missing", MEMBER_BOOL, AT(assay_verdict_row, is_missing)},
    {"waived", MEMBER_BOOL, AT(assay_verdict_row, is_waived)},
    {"inFamily", MEMBER_BOOL, AT(assay_verdict_row, is_in_family)},
    {"found", MEMBER_TEXT, AT(assay_verdict_row, found)},
    {"expected", MEMBER_TEXT, AT(assay_verdict_row, expected)},
    {"reason", MEMBER_TEXT, AT(assay_verdict_row, reason)},
};

static const struct member INPUT[] = {
    {"name", MEMBER_TEXT, AT(assay_verdict_input, name)},
    {"sha256", MEMBER_TEXT, AT(assay_verdict_input, sha256)},
    {"document", MEMBER_TEXT, AT(assay_verdict_input, document)},
};

static const struct member ROLLOUT[] = {
    {"stage", MEMBER_UNSIGNED, AT(assay_rollout, stage)},      {"looks", MEMBER_UNSIGNED, AT(assay_rollout, looks)},
    {"streak", MEMBER_UNSIGNED, AT(assay_rollout, streak)},    {"holds", MEMBER_UNSIGNED, AT(assay_rollout, holds)},
    {"decision", MEMBER_TEXT, AT(assay_rollout, decision)},    {"reason", MEMBER_TEXT, AT(assay_rollout, reason)},
    {"notBefore", MEMBER_TEXT, AT(assay_rollout, not_before)},
};

static const struct member DOCUMENT[] = {
    {"question", MEMBER_TEXT, AT(assay_verdict_document, question)},
    {"level", MEMBER_TEXT, AT(assay_verdict_document, level)},
    {"verdict", MEMBER_VERDICT, AT(assay_verdict_document, verdict)},
    {"summary", MEMBER_TEXT, AT(assay_verdict_document, summary)},
    {"policyName", MEMBER_TEXT, AT(assay_verdict_document, policy_name)},
    {"policySha256", MEMBER_TEXT, AT(assay_verdict_document, policy_sha256)},
    {"policyVersion", MEMBER_U64, AT(assay_verdict_document, policy_version)},
    {"tool", MEMBER_TEXT, AT(assay_verdict_document, tool)},
    {"binarySha256", MEMBER_TEXT, AT(assay_verdict_document, binary_sha256)},
    {"date", MEMBER_TEXT, AT(assay_verdict_document, date)},
    {"waiversUsed", MEMBER_UNSIGNED, AT(assay_verdict_document, waivers_used)},
};

struct table {
    const struct member *members;
    size_t count;
};
#define TABLE(members) ((struct table){(members), COUNT_OF(members)})

/* ---- writing ---------------------------------------------------------------------------------------------------- */

static bool flag_of(const char *from, const struct member *member)
{
    return member->flag == NO_FLAG ? *(const double *)(const void *)(from + member->at) != 0.0
                                   : *(const bool *)(from + member->flag);
}

static void put_member(struct assay_json_builder *b, json_t *object, const struct member *member, const void *from_)
{
    const char *from = from_;
    const void *at = from + member->at;
    switch (member->kind) {
    case MEMBER_TEXT:
        if (*(const char *const *)at) {
            assay_json_put_text(b, object, member->name, *(const char *const *)at);
        }
        break;
    case MEMBER_BOOL:
        if (*(const bool *)at) {
            assay_json_put_bool(b, object, member->name, true);
        }
        break;
    case MEMBER_UNSIGNED:
        if (*(const unsigned *)at) {
            assay_json_put_u64(b, object, member->name, *(const unsigned *)at);
        }
        break;
    case MEMBER_U64:
        if (*(const uint64_t *)at) {
            assay_json_put_u64(b, object, member->name, *(const uint64_t *)at);
        }
        break;
    case MEMBER_REAL:
        if (flag_of(from, member)) {
            assay_json_put_double(b, object, member->name, *(const double *)at);
        }
        break;
    case MEMBER_VERDICT:
    default:
        assay_json_put_text(b, object, member->name, assay_verdict_text(*(const enum assay_verdict *)at));
        break;
    }
}

static void put_members(struct assay_json_builder *b, json_t *object, struct table table, const void *from)
{
    for (size_t i = 0; i < table.count; i++) {
        put_member(b, object, &table.members[i], from);
    }
}

assay_code assay_verdict_json(const struct assay_verdict_document *document, json_t **ret, assay_err *err)
{
    assert(document && ret);
    struct assay_json_builder b = {0};
    json_t *root = json_object();
    assay_json_put_text(&b, root, "format", ASSAY_VERDICT_FORMAT);
    put_members(&b, root, TABLE(DOCUMENT), document);
    json_t *inputs = assay_json_put_array(&b, root, "inputs");
    for (size_t i = 0; i < document->inputs_count; i++) {
        put_members(&b, assay_json_add_object(&b, inputs), TABLE(INPUT), &document->inputs[i]);
    }
    json_t *rows = assay_json_put_array(&b, root, "rows");
    for (size_t i = 0; i < document->rows_count; i++) {
        put_members(&b, assay_json_add_object(&b, rows), TABLE(ROW), &document->rows[i]);
    }
    if (document->rollout.is_given) {
        put_members(&b, assay_json_put_object(&b, root, "rollout"), TABLE(ROLLOUT), &document->rollout);
    }
    json_t *notes = assay_json_put_array(&b, root, "notes");
    for (size_t i = 0; i < document->notes_count; i++) {
        assay_json_add_text(&b, notes, document->notes[i]);
    }
    assay_code rc = assay_json_builder_check(&b, root, err);
    if (rc != ASSAY_OK) {
        json_decref(root);
        return rc;
    }
    *ret = root;
    return ASSAY_OK;
}

assay_code assay_verdict_encode(const struct assay_verdict_document *document, struct assay_buf *out, assay_err *err)
{
    json_t *root = NULL;
    assay_code rc = assay_verdict_json(document, &root, err);
    if (rc == ASSAY_OK) {
        rc = assay_json_canon(root, out, err);
        assay_buf_char(out, '\n');
    }
    json_decref(root);
    return rc == ASSAY_OK ? assay_buf_check(out, err) : rc;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

static assay_code copy_text(struct assay_arena *arena, const char *text, const char **ret, assay_err *err)
{
    *ret = assay_arena_text(arena, text, strlen(text));
    return *ret ? ASSAY_OK : assay_nomem(err);
}

static assay_code get_verdict(const json_t *object, const char *name, const char *at, enum assay_verdict *ret,
                              assay_err *err)
{
    const char *text;
    assay_code rc = assay_json_get_text(object, name, at, &text, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    for (int i = 0; i < ASSAY_VERDICT_COUNT; i++) {
        if (strcmp(text, assay_verdict_text((enum assay_verdict)i)) == 0) {
            *ret = (enum assay_verdict)i;
            return ASSAY_OK;
        }
    }
    return assay_fail(err, ASSAY_MALFORMED, "%s/%s: found '%.32s', expected pass, fail, undecided or not-measured", at,
                      name, text);
}

static assay_code get_text(const json_t *object, const char *name, const char *at, struct assay_arena *arena,
                           const char **ret, assay_err *err)
{
    const char *text;
    assay_code rc = assay_json_get_text(object, name, at, &text, err);
    return rc == ASSAY_OK ? copy_text(arena, text, ret, err) : rc;
}

static assay_code get_number(const json_t *object, const struct member *member, const char *at, char *into,
                             assay_err *err)
{
    uint64_t value = 0;
    assay_code rc = assay_json_get_u64(object, member->name, at, &value, err);
    uint64_t most = member->kind == MEMBER_UNSIGNED ? UINT32_MAX : EXACT_MAX;
    if (rc == ASSAY_OK && (value == 0 || value > most)) {
        return assay_fail(err, ASSAY_MALFORMED, "%s/%s: out of range, or 0, which is left out", at, member->name);
    }
    if (member->kind == MEMBER_UNSIGNED) {
        *(unsigned *)(void *)(into + member->at) = (unsigned)value;
    } else {
        *(uint64_t *)(void *)(into + member->at) = value;
    }
    return rc;
}

static assay_code get_true(const json_t *object, const char *name, const char *at, bool *ret, assay_err *err)
{
    assay_code rc = assay_json_get_bool(object, name, at, ret, err);
    return rc == ASSAY_OK && !*ret ? assay_fail(err, ASSAY_MALFORMED, "%s/%s: false is left out", at, name) : rc;
}

static assay_code get_real(const json_t *object, const struct member *member, const char *at, char *into,
                           assay_err *err)
{
    double *value = (double *)(void *)(into + member->at);
    assay_code rc = assay_json_get_double(object, member->name, at, value, err);
    if (rc == ASSAY_OK && member->flag != NO_FLAG) {
        *(bool *)(into + member->flag) = true;
    } else if (rc == ASSAY_OK && *value == 0.0) {
        return assay_fail(err, ASSAY_MALFORMED, "%s/%s: 0 is left out", at, member->name);
    }
    return rc;
}

static assay_code get_member(const json_t *object, const struct member *member, const char *at,
                             struct assay_arena *arena, void *into_, assay_err *err)
{
    char *into = into_;
    void *place = into + member->at;
    if (member->kind == MEMBER_VERDICT) {
        return get_verdict(object, member->name, at, place, err);
    }
    if (!json_object_get(object, member->name)) {
        return ASSAY_OK;
    }
    switch (member->kind) {
    case MEMBER_TEXT:
        return get_text(object, member->name, at, arena, place, err);
    case MEMBER_BOOL:
        return get_true(object, member->name, at, place, err);
    case MEMBER_REAL:
        return get_real(object, member, at, into, err);
    case MEMBER_UNSIGNED:
    case MEMBER_U64:
    case MEMBER_VERDICT:
    default:
        return get_number(object, member, at, into, err);
    }
}

/* The object's members must be those of the table; and, so that nothing is read twice differently, each flag's members
 * come together. */
static assay_code get_members(const json_t *object, struct table table, const char *const *also, const char *at,
                              struct assay_arena *arena, void *into, assay_err *err)
{
    const char *names[COUNT_OF(ROW) + 8];
    size_t count = 0;
    for (; also && *also; also++) {
        names[count++] = *also;
    }
    for (size_t i = 0; i < table.count; i++) {
        names[count++] = table.members[i].name;
    }
    assert(count < COUNT_OF(names));
    names[count] = NULL;
    assay_code rc = assay_json_only(object, names, at, err);
    for (size_t i = 0; i < table.count && rc == ASSAY_OK; i++) {
        rc = get_member(object, &table.members[i], at, arena, into, err);
    }
    for (size_t i = 0; i < table.count && rc == ASSAY_OK; i++) {
        const struct member *member = &table.members[i];
        bool is_due = member->flag != NO_FLAG && *(const bool *)((const char *)into + member->flag);
        json_t *value = NULL;
        rc = is_due ? assay_json_get(object, member->name, at, &value, err) : ASSAY_OK;
    }
    return rc;
}

/* A list of objects into an array of structs in the arena. */
static assay_code get_list(const json_t *root, const char *name, struct table table, size_t most, size_t element_bytes,
                           struct assay_arena *arena, void **ret, size_t *ret_count, assay_err *err)
{
    json_t *list = NULL;
    struct assay_json_pointer at = {.len = 0};
    assay_code rc = assay_json_get_array(root, name, "", &list, err);
    size_t count = json_array_size(list);
    if (rc == ASSAY_OK && count > most) {
        rc = assay_fail(err, ASSAY_TOO_LARGE, "/%s: %zu elements; at most %zu are allowed", name, count, most);
    }
    char *elements = rc == ASSAY_OK && count > 0 ? assay_arena_take(arena, count, element_bytes) : NULL;
    if (rc == ASSAY_OK && count > 0 && !elements) {
        rc = assay_nomem(err);
    }
    (void)assay_json_pointer_name(&at, name);
    for (size_t i = 0; i < count && rc == ASSAY_OK; i++) {
        size_t mark = assay_json_pointer_index(&at, i);
        rc = get_members(json_array_get(list, i), table, NULL, at.text, arena, elements + i * element_bytes, err);
        assay_json_pointer_back(&at, mark);
    }
    *ret = elements;
    *ret_count = rc == ASSAY_OK ? count : 0;
    return rc;
}

static assay_code get_notes(const json_t *root, struct assay_arena *arena, struct assay_verdict_document *ret,
                            assay_err *err)
{
    json_t *list = NULL;
    assay_code rc = assay_json_get_array(root, "notes", "", &list, err);
    size_t count = json_array_size(list);
    if (rc != ASSAY_OK || count == 0) {
        return rc;
    }
    const char **notes = count <= ASSAY_VERDICT_NOTES_MAX ? assay_arena_take(arena, count, sizeof *notes) : NULL;
    if (!notes) {
        return assay_fail(err, ASSAY_TOO_LARGE, "/notes: %zu elements; at most %d are allowed", count,
                          ASSAY_VERDICT_NOTES_MAX);
    }
    for (size_t i = 0; i < count && rc == ASSAY_OK; i++) {
        const json_t *note = json_array_get(list, i);
        bool is_text = json_is_string(note) && strlen(json_string_value(note)) == json_string_length(note);
        rc = is_text ? copy_text(arena, json_string_value(note), &notes[i], err)
                     : assay_fail(err, ASSAY_MALFORMED, "/notes/%zu: expected a text", i);
    }
    ret->notes = notes;
    ret->notes_count = count;
    return rc;
}

static assay_code get_document(const json_t *root, struct assay_arena *arena, struct assay_verdict_document *ret,
                               assay_err *err)
{
    static const char *const ALSO[] = {"format", "inputs", "rows", "rollout", "notes", NULL};
    const char *format;
    void *inputs = NULL, *rows = NULL;
    assay_code rc = assay_json_get_text(root, "format", "", &format, err);
    if (rc == ASSAY_OK && strcmp(format, ASSAY_VERDICT_FORMAT) != 0) {
        return assay_fail(err, ASSAY_UNSUPPORTED, "/format: found '%.64s', expected %s", format, ASSAY_VERDICT_FORMAT);
    }
    if (rc == ASSAY_OK) {
        rc = get_members(root, TABLE(DOCUMENT), ALSO, "", arena, ret, err);
    }
    if (rc == ASSAY_OK && !ret->question) {
        rc = assay_fail(err, ASSAY_MALFORMED, "/question: found nothing, expected a text");
    }
    if (rc == ASSAY_OK) {
        rc = get_list(root, "inputs", TABLE(INPUT), ASSAY_VERDICT_INPUTS_MAX, sizeof *ret->inputs, arena, &inputs,
                      &ret->inputs_count, err);
    }
    if (rc == ASSAY_OK) {
        rc = get_list(root, "rows", TABLE(ROW), ASSAY_VERDICT_ROWS_MAX, sizeof *ret->rows, arena, &rows,
                      &ret->rows_count, err);
    }
    ret->inputs = inputs;
    ret->rows = rows;
    const json_t *rollout = json_object_get(root, "rollout");
    if (rc == ASSAY_OK && rollout) {
        ret->rollout.is_given = true;
        rc = get_members(rollout, TABLE(ROLLOUT), NULL, "/rollout", arena, &ret->rollout, err);
    }
    return rc == ASSAY_OK ? get_notes(root, arena, ret, err) : rc;
}

assay_code assay_verdict_parse(const char *bytes, size_t len, struct assay_arena *arena,
                               struct assay_verdict_document *ret, assay_err *err)
{
    assert(bytes && arena && ret);
    static const struct assay_json_limits LIMITS = {
        .bytes_max = ASSAY_VERDICT_BYTES_MAX, .members_max = COUNT_OF(ROW) + 8, .depth_max = 4};
    struct assay_verdict_document document = {0};
    json_t *root = NULL;
    bool has_line_end = len > 0 && bytes[len - 1] == '\n';
    if (!has_line_end) {
        return assay_fail(err, ASSAY_MALFORMED, "a verdict ends in one line end");
    }
    assay_code rc = assay_json_read(bytes, len - 1, &LIMITS, &root, err);
    if (rc == ASSAY_OK) {
        rc = assay_json_canon_check(root, bytes, len - 1, err);
    }
    if (rc == ASSAY_OK) {
        rc = get_document(root, arena, &document, err);
    }
    json_decref(root);
    if (rc == ASSAY_OK) {
        *ret = document;
    }
    return rc;
}
