#include "store/block.h"

#include "store/bits.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define FORMAT 1         /* first byte: another layout is another number */
#define DECIMALS_MAX 12  /* digits after the point that are tried; 10^12 is exact in binary64 */
#define KIND_BITS 255    /* in place of the decimals: values as bits */
#define EXACT_MAX 0x1p53 /* integers up to here are exact */

static const double POWERS[DECIMALS_MAX + 1] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12};

/* ---- numbers as integers ---------------------------------------------------------------------------------------- */

static bool is_decimal(double x, unsigned decimals)
{
    double scaled = x * POWERS[decimals], whole = floor(scaled + 0.5);
    return fabs(whole) < EXACT_MAX && whole / POWERS[decimals] == x && !(x == 0.0 && signbit(x));
}

static bool are_decimal(const struct assay_store_value *value, unsigned decimals)
{
    return value->absent != 0 ||
           (is_decimal(value->value, decimals) &&
            (!value->has_bounds || (is_decimal(value->lower, decimals) && is_decimal(value->upper, decimals))));
}

/* The fewest decimals that hold every number of the block, or KIND_BITS. */
static unsigned kind_of(const struct assay_store_value *values, size_t count)
{
    unsigned decimals = 0;
    for (size_t i = 0; i < count; i++) {
        while (!are_decimal(&values[i], decimals)) {
            if (++decimals > DECIMALS_MAX) {
                return KIND_BITS;
            }
        }
    }
    /* Fewer decimals of an earlier value are also right with more, unless it then grows beyond what is exact. */
    for (size_t i = 0; i < count; i++) {
        if (!are_decimal(&values[i], decimals)) {
            return KIND_BITS;
        }
    }
    return decimals;
}

static int64_t whole_of(double x, unsigned kind)
{
    if (kind != KIND_BITS) {
        return (int64_t)floor(x * POWERS[kind] + 0.5);
    }
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static double number_of(int64_t whole, unsigned kind)
{
    if (kind != KIND_BITS) {
        return (double)whole / POWERS[kind];
    }
    double x;
    memcpy(&x, &whole, sizeof x);
    return x;
}

/* Differences wrap: what was taken away is added again. */
static int64_t minus(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

static int64_t plus(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

/* ---- columns ---------------------------------------------------------------------------------------------------- */

/* One column at a time passes through here, so a block needs no memory of its own. */
enum column { ARM, ABSENT, HAS_BOUNDS, COUNT_N, VALUE, LOWER, UPPER, COLUMNS };

static int64_t cell_of(const struct assay_store_value *v, enum column column, unsigned kind)
{
    int64_t value = v->absent != 0 ? 0 : whole_of(v->value, kind);
    switch (column) {
    case ARM:
        return v->arm;
    case ABSENT:
        return v->absent;
    case HAS_BOUNDS:
        return v->has_bounds && v->absent == 0;
    case COUNT_N:
        return (int64_t)v->n;
    case VALUE:
        return value;
    case LOWER:
        return minus(value, whole_of(v->lower, kind));
    case UPPER:
        return minus(whole_of(v->upper, kind), value);
    case COLUMNS:
        break;
    }
    return 0;
}

static void cell_put(struct assay_store_value *v, enum column column, unsigned kind, int64_t cell)
{
    switch (column) {
    case ARM:
        v->arm = (uint32_t)cell;
        break;
    case ABSENT:
        v->absent = (uint32_t)cell;
        break;
    case HAS_BOUNDS:
        v->has_bounds = cell != 0;
        break;
    case COUNT_N:
        v->n = (uint64_t)cell;
        break;
    case VALUE:
        v->value = number_of(cell, kind);
        break;
    case LOWER:
        v->lower = number_of(minus(whole_of(v->value, kind), cell), kind);
        break;
    case UPPER:
        v->upper = number_of(plus(whole_of(v->value, kind), cell), kind);
        break;
    case COLUMNS:
        break;
    }
}

/* Which points have a cell of this column: values that are there, bounds that are there. */
static bool has_cell(const struct assay_store_value *v, enum column column)
{
    return column < VALUE || (v->absent == 0 && (column == VALUE || v->has_bounds));
}

static void columns_write(const struct assay_store_value *values, size_t count, struct assay_buf *out)
{
    unsigned kind = kind_of(values, count);
    assay_buf_char(out, (char)kind);
    for (enum column column = ARM; column < COLUMNS; column++) {
        struct assay_bits_range range = {0};
        for (size_t i = 0; i < count; i++) {
            if (has_cell(&values[i], column)) {
                assay_bits_range_add(&range, cell_of(&values[i], column, kind));
            }
        }
        struct assay_bits_writer bits = assay_bits_begin(&range, out);
        for (size_t i = 0; i < count; i++) {
            if (has_cell(&values[i], column)) {
                assay_bits_put(&bits, cell_of(&values[i], column, kind));
            }
        }
        assay_bits_end(&bits);
    }
}

/* A column is read in one go; which points have a cell is known by then, since the columns that say so come first. */
static bool column_read(struct assay_bits_reader *in, enum column column, unsigned kind,
                        struct assay_store_value *values, size_t count)
{
    size_t cells = count;
    if (column >= VALUE) {
        cells = 0;
        for (size_t i = 0; i < count; i++) {
            cells += has_cell(&values[i], column);
        }
    }
    struct assay_bits_column bits;
    if (!assay_bits_open(in, cells, &bits)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (has_cell(&values[i], column)) {
            cell_put(&values[i], column, kind, assay_bits_next(&bits));
        }
    }
    return true;
}

/* A hostile block may spell what no receipt says: NaN, an infinity, or a bound without a value. */
static bool is_sound(const struct assay_store_value *v)
{
    return isfinite(v->value) && isfinite(v->lower) && isfinite(v->upper) && !(v->absent != 0 && v->has_bounds);
}

static bool columns_read(struct assay_bits_reader *in, struct assay_store_value *values, size_t count)
{
    unsigned kind = assay_bits_byte(in);
    if (kind > DECIMALS_MAX && kind != KIND_BITS) {
        return false;
    }
    for (enum column column = ARM; column < COLUMNS; column++) {
        if (!column_read(in, column, kind, values, count)) {
            return false;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (!is_sound(&values[i])) {
            return false;
        }
    }
    return assay_bits_is_end(in);
}

/* ---- blocks and batches ----------------------------------------------------------------------------------------- */

/* Steps of an ascending list of ids. */
static void steps_write(const int64_t *ids, size_t stride, size_t count, struct assay_buf *out)
{
    struct assay_bits_range range = {0};
    const char *at = (const char *)ids;
    int64_t id, before;
    memcpy(&before, at, sizeof before);
    assay_bits_varint(out, (uint64_t)before);
    for (size_t i = 1; i < count; i++, before = id) {
        memcpy(&id, at + i * stride, sizeof id);
        assert(id >= before);
        assay_bits_range_add(&range, id - before);
    }
    struct assay_bits_writer bits = assay_bits_begin(&range, out);
    memcpy(&before, at, sizeof before);
    for (size_t i = 1; i < count; i++, before = id) {
        memcpy(&id, at + i * stride, sizeof id);
        assay_bits_put(&bits, id - before);
    }
    assay_bits_end(&bits);
}

static bool steps_read(struct assay_bits_reader *in, int64_t *ids, size_t stride, size_t count)
{
    uint64_t first;
    struct assay_bits_column bits;
    if (!assay_bits_read_varint(in, &first) || first > INT64_MAX || !assay_bits_open(in, count - 1, &bits)) {
        return false;
    }
    int64_t id = (int64_t)first;
    memcpy(ids, &id, sizeof id);
    for (size_t i = 1; i < count; i++) {
        int64_t step = assay_bits_next(&bits);
        if (step < 0 || step > INT64_MAX - id) {
            return false;
        }
        id += step;
        memcpy((char *)ids + i * stride, &id, sizeof id);
    }
    return true;
}

static void head_write(size_t count, struct assay_buf *out)
{
    assert(count > 0 && count <= ASSAY_BLOCK_POINTS_MAX);
    assay_buf_char(out, FORMAT);
    assay_bits_varint(out, count);
}

static bool head_read(struct assay_bits_reader *in, size_t *ret_count)
{
    uint64_t count = 0;
    bool is_good = assay_bits_byte(in) == FORMAT && assay_bits_read_varint(in, &count) && count > 0 &&
                   count <= ASSAY_BLOCK_POINTS_MAX;
    *ret_count = is_good ? (size_t)count : 0;
    return is_good;
}

void assay_block_write(const struct assay_store_value *values, size_t count, struct assay_buf *out)
{
    head_write(count, out);
    steps_write(&values[0].entry_id, sizeof *values, count, out);
    columns_write(values, count, out);
}

void assay_batch_write(const int64_t *series, const struct assay_store_value *values, size_t count,
                       struct assay_buf *out)
{
    head_write(count, out);
    steps_write(series, sizeof *series, count, out);
    columns_write(values, count, out);
}

size_t assay_block_count(const void *bytes, size_t len)
{
    struct assay_bits_reader in = assay_bits_reader_of(bytes, len);
    size_t count;
    (void)head_read(&in, &count);
    return count;
}

assay_code assay_block_read(const void *bytes, size_t len, struct assay_store_value *ret, assay_err *err)
{
    struct assay_bits_reader in = assay_bits_reader_of(bytes, len);
    size_t count;
    if (!head_read(&in, &count)) {
        return assay_fail(err, ASSAY_MALFORMED, "a block of points of an unknown form");
    }
    memset(ret, 0, count * sizeof *ret);
    if (!steps_read(&in, &ret[0].entry_id, sizeof *ret, count) || !columns_read(&in, ret, count)) {
        return assay_fail(err, ASSAY_MALFORMED, "a block of %zu points is damaged", count);
    }
    return ASSAY_OK;
}

assay_code assay_batch_read(const void *bytes, size_t len, int64_t entry_id, int64_t *ret_series,
                            struct assay_store_value *ret, assay_err *err)
{
    struct assay_bits_reader in = assay_bits_reader_of(bytes, len);
    size_t count;
    if (!head_read(&in, &count)) {
        return assay_fail(err, ASSAY_MALFORMED, "a batch of points of an unknown form");
    }
    memset(ret, 0, count * sizeof *ret);
    if (!steps_read(&in, ret_series, sizeof *ret_series, count) || !columns_read(&in, ret, count)) {
        return assay_fail(err, ASSAY_MALFORMED, "a batch of %zu points is damaged", count);
    }
    for (size_t i = 0; i < count; i++) {
        ret[i].entry_id = entry_id;
    }
    return ASSAY_OK;
}
