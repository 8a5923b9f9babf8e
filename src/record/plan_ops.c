#include "record/plan_ops.h"

#include "base/hex.h"

#include <assert.h>
#include <endian.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#define JSON_INT_LIMIT (UINT64_C(1) << 53) /* evidence.md 1.2: |n| < 2^53 */
#define SALT_DIGITS 16
#define U64_DIGITS_MAX 20

enum width { U16, U32, U64 };

struct column {
    const char *name;
    size_t offset;
    enum width width;
};

/* In the order of the canonical form; "salt" and "count" stand beside them. */
static const struct column COLUMNS[] = {
    {"arm", offsetof(struct assay_plan_op, arm), U16},
    {"block", offsetof(struct assay_plan_op, block), U32},
    {"count", 0, U64}, /* of all: written and read apart */
    {"dueNs", offsetof(struct assay_plan_op, due_ns), U64},
    {"outputTokens", offsetof(struct assay_plan_op, output_tokens), U32},
    {"prompt", offsetof(struct assay_plan_op, prompt), U32},
    {"promptTokens", offsetof(struct assay_plan_op, prompt_tokens), U32},
    {"round", offsetof(struct assay_plan_op, round), U32},
    {"salt", offsetof(struct assay_plan_op, salt), U64},
};

#define COLUMNS_COUNT (sizeof COLUMNS / sizeof COLUMNS[0])

static uint64_t cell(const struct assay_plan_op *op, const struct column *column)
{
    const char *place = (const char *)op + column->offset;
    uint16_t narrow;
    uint32_t middle;
    uint64_t wide;
    switch (column->width) {
    case U16:
        memcpy(&narrow, place, sizeof narrow);
        return narrow;
    case U32:
        memcpy(&middle, place, sizeof middle);
        return middle;
    case U64:
    default:
        memcpy(&wide, place, sizeof wide);
        return wide;
    }
}

/* False if the value does not fit. */
static bool set_cell(struct assay_plan_op *op, const struct column *column, uint64_t value)
{
    char *place = (char *)op + column->offset;
    uint16_t narrow = (uint16_t)value;
    uint32_t middle = (uint32_t)value;
    switch (column->width) {
    case U16:
        memcpy(place, &narrow, sizeof narrow);
        return narrow == value;
    case U32:
        memcpy(place, &middle, sizeof middle);
        return middle == value;
    case U64:
    default:
        memcpy(place, &value, sizeof value);
        return true;
    }
}

assay_code assay_plan_ops_check(const struct assay_plan *plan, assay_err *err)
{
    if (plan->warmup.samples > plan->ops_count) {
        return assay_fail(err, ASSAY_BUG, "a plan of %zu operations with %" PRIu32 " of warm-up", plan->ops_count,
                          plan->warmup.samples);
    }
    for (size_t i = 0; i < plan->ops_count; i++) {
        const struct assay_plan_op *op = &plan->ops[i];
        if (op->arm >= plan->arms_count || op->due_ns >= JSON_INT_LIMIT) {
            return assay_fail(err, ASSAY_BUG, "operation %zu: arm %u of %zu, due at %" PRIu64 " ns", i, op->arm,
                              plan->arms_count, op->due_ns);
        }
        if (op->is_warmup != (i < plan->warmup.samples)) {
            return assay_fail(err, ASSAY_BUG, "operation %zu: warm-up is the first %" PRIu32 " operations, no others",
                              i, plan->warmup.samples);
        }
    }
    return ASSAY_OK;
}

static void write_u64(struct assay_buf *out, uint64_t value)
{
    char digits[U64_DIGITS_MAX];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    assay_buf_append(out, digits + at, sizeof digits - at);
}

static bool is_constant(const struct assay_plan *plan, const struct column *column)
{
    for (size_t i = 1; i < plan->ops_count; i++) {
        if (cell(&plan->ops[i], column) != cell(&plan->ops[0], column)) {
            return false;
        }
    }
    return true;
}

static void write_column(const struct assay_plan *plan, const struct column *column, struct assay_buf *out)
{
    if (is_constant(plan, column)) {
        write_u64(out, plan->ops_count ? cell(&plan->ops[0], column) : 0);
        return;
    }
    for (size_t i = 0; i < plan->ops_count; i++) {
        assay_buf_char(out, i == 0 ? '[' : ',');
        write_u64(out, cell(&plan->ops[i], column));
    }
    assay_buf_char(out, ']');
}

static void write_salts(const struct assay_plan *plan, struct assay_buf *out)
{
    assay_buf_char(out, '"');
    for (size_t i = 0; i < plan->ops_count; i++) {
        char digits[SALT_DIGITS + 1];
        const uint64_t salt = htobe64(plan->ops[i].salt);
        assay_hex_print(&salt, sizeof salt, digits);
        assay_buf_append(out, digits, SALT_DIGITS);
    }
    assay_buf_char(out, '"');
}

void assay_plan_ops_write(const struct assay_plan *plan, struct assay_buf *out)
{
    for (size_t i = 0; i < COLUMNS_COUNT; i++) {
        assay_buf_char(out, i == 0 ? '{' : ',');
        assay_json_quote(out, COLUMNS[i].name, strlen(COLUMNS[i].name));
        assay_buf_char(out, ':');
        if (strcmp(COLUMNS[i].name, "count") == 0) {
            write_u64(out, plan->ops_count);
        } else if (strcmp(COLUMNS[i].name, "salt") == 0) {
            write_salts(plan, out);
        } else {
            write_column(plan, &COLUMNS[i], out);
        }
    }
    assay_buf_char(out, '}');
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

static assay_code bad_cell(const struct column *column, size_t index, assay_err *err)
{
    return assay_fail(err, ASSAY_MALFORMED, "/operations/%s: value %zu is not an integer of the right size",
                      column->name, index);
}

static assay_code read_column(struct assay_plan *plan, const json_t *operations, const struct column *column,
                              assay_err *err)
{
    json_t *value = NULL;
    assay_code rc = assay_json_get(operations, column->name, "/operations", &value, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    bool is_one = json_is_integer(value);
    if (!is_one && (!json_is_array(value) || json_array_size(value) != plan->ops_count)) {
        return assay_fail(err, ASSAY_MALFORMED, "/operations/%s: expected an integer or an array of %zu", column->name,
                          plan->ops_count);
    }
    for (size_t i = 0; i < plan->ops_count; i++) {
        const json_t *number = is_one ? value : json_array_get(value, i);
        json_int_t integer = json_is_integer(number) ? json_integer_value(number) : -1;
        if (integer < 0 || !set_cell(&plan->ops[i], column, (uint64_t)integer)) {
            return bad_cell(column, i, err);
        }
    }
    return ASSAY_OK;
}

static assay_code read_salts(struct assay_plan *plan, const json_t *operations, assay_err *err)
{
    const char *text = NULL;
    assay_code rc = assay_json_get_text(operations, "salt", "/operations", &text, err);
    if (rc == ASSAY_OK && strlen(text) != plan->ops_count * SALT_DIGITS) {
        return assay_fail(err, ASSAY_MALFORMED, "/operations/salt: %zu digits, expected %zu", strlen(text),
                          plan->ops_count * SALT_DIGITS);
    }
    for (size_t i = 0; rc == ASSAY_OK && i < plan->ops_count; i++) {
        uint64_t salt;
        if (!assay_hex_read(text + i * SALT_DIGITS, &salt, sizeof salt)) {
            return assay_fail(err, ASSAY_MALFORMED, "/operations/salt: digit %zu is not lowercase hex",
                              strspn(text, "0123456789abcdef"));
        }
        plan->ops[i].salt = be64toh(salt);
    }
    return rc;
}

assay_code assay_plan_ops_read(struct assay_plan *plan, const json_t *root, assay_err *err)
{
    json_t *operations = NULL;
    uint64_t count = 0;
    assay_code rc = assay_json_get_object(root, "operations", "", &operations, err);
    rc = rc == ASSAY_OK ? assay_json_get_u64(operations, "count", "/operations", &count, err) : rc;
    if (rc == ASSAY_OK && count > ASSAY_PLAN_OPS_MAX) {
        rc = assay_fail(err, ASSAY_TOO_LARGE, "/operations/count: found %" PRIu64 ", expected at most %d", count,
                        ASSAY_PLAN_OPS_MAX);
    }
    rc = rc == ASSAY_OK ? assay_plan_make_ops(plan, (size_t)count, err) : rc;
    for (size_t i = 0; rc == ASSAY_OK && i < COLUMNS_COUNT; i++) {
        if (strcmp(COLUMNS[i].name, "count") == 0) {
            continue;
        }
        rc = strcmp(COLUMNS[i].name, "salt") == 0 ? read_salts(plan, operations, err)
                                                  : read_column(plan, operations, &COLUMNS[i], err);
    }
    for (size_t i = 0; rc == ASSAY_OK && i < plan->ops_count; i++) {
        plan->ops[i].is_warmup = i < plan->warmup.samples;
    }
    return rc == ASSAY_OK && plan->warmup.samples <= plan->ops_count
               ? ASSAY_OK
               : (rc != ASSAY_OK ? rc
                                 : assay_fail(err, ASSAY_MALFORMED, "/warmup/samples: more than there are operations"));
}
