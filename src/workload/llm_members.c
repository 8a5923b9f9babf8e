#include "workload/llm_members.h"

bool assay_llm_fail_shape(struct assay_llm_scan *scan)
{
    return assay_llm_scan_fail(scan, ASSAY_LLM_FAULT_SHAPE);
}

/* ---- values ----------------------------------------------------------------------------------------------------- */

/* Python servers write NaN and Infinity, which are no JSON: taken as a bad number where a number is expected. */
static bool skip_not_finite(struct assay_llm_scan *scan)
{
    if (*scan->at == '-') {
        scan->at++;
    }
    static const char *const words[] = {"NaN", "Infinity"};
    for (size_t i = 0; i < 2; i++) {
        size_t len = strlen(words[i]);
        if ((size_t)(scan->end - scan->at) >= len && memcmp(scan->at, words[i], len) == 0) {
            scan->at += len;
            return true;
        }
    }
    return false;
}

/* A number, null (ret->data NULL) or a word for a number that is none (flagged). */
static bool read_number(struct assay_llm_scan *scan, struct assay_llm_event *event, struct assay_llm_number *ret)
{
    *ret = (struct assay_llm_number){NULL, 0};
    char c = assay_llm_scan_peek(scan);
    if (c == 'n') {
        return assay_llm_scan_null(scan);
    }
    bool is_word = c == 'N' || c == 'I' || (c == '-' && scan->end - scan->at > 1 && scan->at[1] == 'I');
    if (is_word) {
        event->has |= ASSAY_LLM_HAS_BAD_NUMBER;
        return skip_not_finite(scan) || assay_llm_scan_fail(scan, ASSAY_LLM_FAULT_NOT_JSON);
    }
    if (c != '-' && (c < '0' || c > '9')) {
        return assay_llm_fail_shape(scan);
    }
    return assay_llm_scan_number(scan, ret);
}

/* Counts are integers in 0..2^31-1; others are dropped and flagged. */
static bool read_count(struct assay_llm_scan *scan, struct assay_llm_event *event, uint32_t *ret)
{
    struct assay_llm_number number;
    if (!read_number(scan, event, &number)) {
        return false;
    }
    if (number.data == NULL) {
        return true;
    }
    uint64_t value = 0;
    bool is_good = number.len <= 10;
    for (uint32_t i = 0; i < number.len && is_good; i++) {
        is_good = number.data[i] >= '0' && number.data[i] <= '9';
        value = value * 10 + (uint64_t)(number.data[i] - '0');
    }
    if (is_good && value <= INT32_MAX) {
        *ret = (uint32_t)value;
    } else {
        event->has |= ASSAY_LLM_HAS_BAD_NUMBER;
    }
    return true;
}

/* A string, or null (empty). */
bool assay_llm_read_text(struct assay_llm_scan *scan, struct assay_llm_text *ret)
{
    char c = assay_llm_scan_peek(scan);
    if (c == '"') {
        return assay_llm_scan_string(scan, ret);
    }
    *ret = (struct assay_llm_text){NULL, 0, false};
    return c == 'n' ? assay_llm_scan_null(scan) : assay_llm_fail_shape(scan);
}

bool assay_llm_text_is(struct assay_llm_text text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}

/* true, false or null (false). */
bool assay_llm_read_bool(struct assay_llm_scan *scan, bool *ret)
{
    *ret = false;
    switch (assay_llm_scan_peek(scan)) {
    case 't':
        *ret = true;
        return assay_llm_scan_word(scan, "true", 4);
    case 'f':
        return assay_llm_scan_word(scan, "false", 5);
    case 'n':
        return assay_llm_scan_null(scan);
    default:
        return assay_llm_fail_shape(scan);
    }
}

/* ---- objects and arrays ----------------------------------------------------------------------------------------- */

static uint64_t word_at(const char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return le64toh(word);
}

/* The first eight bytes of a name, zero-padded. */
static uint64_t name_word(const struct assay_llm_scan *scan, struct assay_llm_text name)
{
    if (scan->end - name.data >= 8) {
        uint64_t word = word_at(name.data);
        return name.len >= 8 ? word : word & ((UINT64_C(1) << (8 * name.len)) - 1);
    }
    char padded[8] = {0};
    memcpy(padded, name.data, name.len);
    return word_at(padded);
}

static size_t find_row(const struct assay_llm_row *rows, size_t count, const struct assay_llm_scan *scan,
                       struct assay_llm_text name)
{
    uint64_t word = name_word(scan, name);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].len == name.len && word_at(rows[i].name) == word &&
            (name.len <= 8 || memcmp(rows[i].name + 8, name.data + 8, name.len - 8) == 0)) {
            return i;
        }
    }
    return count;
}

/* Servers name members in the order of the table or close to it. Whether exactly this name and its colon stand at
 * scan->at, and if so past them; the general way finds everything else. */
static inline bool skip_name(const struct assay_llm_row *row, struct assay_llm_scan *scan)
{
    const char *at = scan->at;
    if (scan->end - at < NAME_BYTES + 3 || *at != '"') { /* room for the loads below */
        return false;
    }
    size_t len = row->len;
    uint64_t mask = len >= 8 ? UINT64_MAX : (UINT64_C(1) << (8 * len)) - 1;
    if (((word_at(at + 1) ^ word_at(row->name)) & mask) != 0 || at[len + 1] != '"' || at[len + 2] != ':' ||
        (len > 8 && memcmp(at + 9, row->name + 8, len - 8) != 0)) {
        return false;
    }
    scan->at = at + len + 3;
    return true;
}

/* The next name, as a row of the table; count if it is unknown. Rows behind the one found last are tried first. */
static bool read_name(const struct assay_llm_row *rows, size_t count, struct assay_llm_scan *scan, size_t *row)
{
    for (size_t next = *row + 1; next < *row + 3 && next < count; next++) {
        if (skip_name(&rows[next], scan)) {
            *row = next;
            return true;
        }
    }
    struct assay_llm_text name;
    if (!assay_llm_scan_name(scan, &name)) {
        return false;
    }
    *row = find_row(rows, count, scan, name);
    return true;
}

static bool read_member(const struct assay_llm_row *row, struct assay_llm_scan *scan, struct assay_llm_event *event)
{
    char *member = (char *)event + row->offset;
    switch ((enum row_kind)row->kind) {
    case ROW_COUNT:
        return read_count(scan, event, (uint32_t *)(void *)member);
    case ROW_NUMBER:
        return read_number(scan, event, (struct assay_llm_number *)(void *)member);
    case ROW_CALL:
        return row->read(scan, event);
    case ROW_SKIP:
        break;
    }
    return assay_llm_scan_skip(scan);
}

/* scan->at stands on the brace. A known member that stands there twice would count twice: refused. */
bool assay_llm_read_members(const struct assay_llm_row *rows, size_t count, struct assay_llm_scan *scan,
                            struct assay_llm_event *event)
{
    bool is_empty = false, has_more = true;
    uint32_t seen = 0;
    if (!assay_llm_scan_enter(scan, '}', &is_empty)) {
        return false;
    }
    size_t row = SIZE_MAX; /* before the first */
    while (!is_empty && has_more) {
        if (!read_name(rows, count, scan, &row)) {
            return false;
        }
        bool is_good;
        if (row >= count) {
            event->unknown_members++;
            is_good = assay_llm_scan_skip(scan);
        } else if ((seen & UINT32_C(1) << row) != 0) {
            return assay_llm_fail_shape(scan);
        } else {
            seen |= UINT32_C(1) << row;
            is_good = read_member(&rows[row], scan, event);
        }
        if (!is_good || !assay_llm_scan_next(scan, '}', &has_more)) {
            return false;
        }
    }
    return true;
}

/* An object, or null; anything else has the wrong shape. *ret_is_there tells which. */
bool assay_llm_read_object(const struct assay_llm_row *rows, size_t count, struct assay_llm_scan *scan,
                           struct assay_llm_event *event, bool *ret_is_there)
{
    char c = assay_llm_scan_peek(scan);
    *ret_is_there = c == '{';
    if (c == '{') {
        return assay_llm_read_members(rows, count, scan, event);
    }
    return c == 'n' ? assay_llm_scan_null(scan) : assay_llm_fail_shape(scan);
}

/* An array, or null: each entry through read (NULL: skipped). */
bool assay_llm_read_array(assay_llm_member_fn *read, struct assay_llm_scan *scan, struct assay_llm_event *event,
                          uint32_t *ret_entries)
{
    *ret_entries = 0;
    char c = assay_llm_scan_peek(scan);
    if (c != '[') {
        return c == 'n' ? assay_llm_scan_null(scan) : assay_llm_fail_shape(scan);
    }
    bool is_empty = false, has_more = true;
    if (!assay_llm_scan_enter(scan, ']', &is_empty)) {
        return false;
    }
    while (!is_empty && has_more) {
        bool is_good = read != NULL ? read(scan, event) : assay_llm_scan_skip(scan);
        if (!is_good || !assay_llm_scan_next(scan, ']', &has_more)) {
            return false;
        }
        ++*ret_entries;
    }
    return true;
}
