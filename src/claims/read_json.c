/* JSON into the model: numbers with the path of their keys, sample arrays, texts. Places matter here and values do not
 * need a tree, so this reads the bytes directly; what is malformed is said with its place by the JSON room elsewhere.
 */
#include "claims/label.h"

#include <string.h>

#define DEPTH_MAX 64
#define VALUES_MAX 10000000u /* sample values of one set of files */
#define SAMPLES_MIN 3        /* numbers that make an array a sample set */

struct level {
    struct assay_slice key;
    uint32_t group, quantity, member; /* of an object: its record, and the first of each that it holds */
};

struct reader {
    struct model *m;
    uint32_t file, block;
    const char *s;
    uint32_t at, end;
    struct level levels[DEPTH_MAX + 1];
    uint32_t depth;
    bool is_bad, is_too_deep;
};

static void skip_space(struct reader *r)
{
    while (r->at < r->end &&
           (r->s[r->at] == ' ' || r->s[r->at] == '\n' || r->s[r->at] == '\t' || r->s[r->at] == '\r')) {
        r->at++;
    }
}

static bool take(struct reader *r, char c)
{
    skip_space(r);
    if (r->at < r->end && r->s[r->at] == c) {
        r->at++;
        return true;
    }
    return false;
}

static struct assay_slice read_string(struct reader *r)
{
    uint32_t from = ++r->at;
    while (r->at < r->end && r->s[r->at] != '"' && r->s[r->at] != '\n') {
        r->at += r->s[r->at] == '\\' ? 2 : 1;
    }
    if (r->at >= r->end || r->s[r->at] != '"') {
        r->is_bad = true;
        return (struct assay_slice){0};
    }
    return (struct assay_slice){r->s + from, r->at++ - from};
}

/* ---- numbers --- */

static bool read_decimal(struct reader *r, struct decimal *ret)
{
    *ret = (struct decimal){0};
    ret->is_negative = r->at < r->end && r->s[r->at] == '-';
    r->at += ret->is_negative;
    uint32_t from = r->at;
    bool has_point = false;
    for (; r->at < r->end; r->at++) {
        char c = r->s[r->at];
        if (c == '.' && !has_point) {
            has_point = true;
        } else if (scan_is_digit(c)) {
            bool fits = ret->count < 19;
            ret->digits = fits ? ret->digits * 10 + (uint64_t)(c - '0') : ret->digits;
            ret->exp10 = (int16_t)(ret->exp10 - (has_point && fits) + (!has_point && !fits));
            ret->count = (uint8_t)(ret->count + (ret->digits > 0 && ret->count < 200));
        } else {
            break;
        }
    }
    if (r->at == from) {
        return false;
    }
    if (r->at < r->end && (r->s[r->at] | 32) == 'e') {
        bool is_negative = r->at + 1 < r->end && r->s[r->at + 1] == '-';
        int exponent = 0;
        bool has_sign = r->at + 1 < r->end && (r->s[r->at + 1] == '-' || r->s[r->at + 1] == '+');
        r->at += has_sign ? 2 : 1;
        for (; r->at < r->end && scan_is_digit(r->s[r->at]) && exponent < 1000; r->at++) {
            exponent = exponent * 10 + (r->s[r->at] - '0');
        }
        ret->exp10 = (int16_t)(ret->exp10 + (is_negative ? -exponent : exponent));
    }
    return true;
}

/* The unit of the innermost key that names one. */
static void unit_of_path(const struct reader *r, struct measure *ret)
{
    for (uint32_t i = r->depth + 1; i > 0; i--) {
        struct assay_slice key = r->levels[i - 1].key;
        size_t stem = 0;
        if (key.len && measure_of_key(key.data, key.len, ret, &stem)) {
            return;
        }
    }
    *ret = (struct measure){.scale = 1, .alt = 1};
    struct assay_slice key = r->levels[r->depth].key;
    size_t word = key.len;
    while (word > 0 && scan_is_letter(key.data[word - 1]) && key.data[word - 1] != '_') {
        word--;
    }
    uint16_t unit = key.len ? claims_unit_find(key.data + word, key.len - word) : UNIT_NONE;
    if (unit && claims_units[unit].flags & UNIT_NOUN) {
        const char *name = claims_units[unit].aliases;
        *ret = (struct measure){.unit = unit,
                                .dim = DIM_COUNT,
                                .scale = 1,
                                .alt = 1,
                                .noun = TOKEN(CLASS_NAME, claims_hash(name, strcspn(name, " ")))};
    }
}

static void add_quantity(struct reader *r, uint32_t from, const struct decimal *num)
{
    struct model *m = r->m;
    if (m->quantities.count >= ASSAY_CLAIMS_QUANTITIES_MAX) {
        m->incomplete_why = "more than 1,000,000 quantities";
        return;
    }
    struct measure measure;
    unit_of_path(r, &measure);
    struct quantity q = {
        .num = *num, .from = from, .to = r->at, .num_from = from, .num_to = r->at, .file = r->file, .block = r->block};
    quantity_measure(&q, &measure);
    q.is_bare = measure.dim == DIM_NONE;
    q.table = q.row = q.column = q.binding = NONE32;
    q.group = r->levels[r->depth].group;
    q.json_key = r->levels[r->depth].key;
    if (!vec_room(&m->quantities)) {
        model_fail(m);
        return;
    }
    m->quantities.at[m->quantities.count++] = q;
}

/* ---- arrays --- */

static bool is_number_next(const struct reader *r)
{
    return r->at < r->end && (r->s[r->at] == '-' || scan_is_digit(r->s[r->at]));
}

static void read_value(struct reader *r);

static void end_array(struct reader *r, struct array *array, double value, struct decimal num)
{
    struct model *m = r->m;
    struct assay_slice key = r->levels[r->depth].key;
    bool is_range = array->count == 2 && key.len >= 5 && memmem(key.data, key.len, "range", 5);
    if (array->count < SAMPLES_MIN && !array->is_objects && array->count > 0 && !is_range) {
        m->values.count = array->value;
        return;
    }
    struct measure measure;
    unit_of_path(r, &measure);
    (void)value;
    array->to = r->at;
    array->group = r->levels[r->depth].group;
    array->name = r->levels[r->depth].key;
    array->unit = measure.unit;
    array->dim = measure.dim;
    array->scale = measure.scale;
    array->step = decimal_value(&(struct decimal){.digits = 1, .exp10 = num.exp10}) * measure.scale;
    if (!vec_room(&m->arrays)) {
        model_fail(m);
        return;
    }
    m->arrays.at[m->arrays.count++] = *array;
}

static void read_array(struct reader *r)
{
    struct model *m = r->m;
    struct array array = {.file = r->file, .from = r->at, .value = m->values.count};
    struct decimal num = {0}, finest = {.exp10 = INT16_MAX};
    bool is_plain = true;
    r->at++;
    if (take(r, ']')) {
        array.is_objects = true; /* empty: holds no sample */
        end_array(r, &array, 0, num);
        return;
    }
    do {
        skip_space(r);
        if (is_plain && is_number_next(r)) {
            uint32_t from = r->at;
            if (!read_decimal(r, &num) || m->values.count >= VALUES_MAX || !vec_room(&m->values)) {
                r->is_bad = true;
                return;
            }
            (void)from;
            finest = num.exp10 < finest.exp10 ? num : finest;
            m->values.at[m->values.count++] = decimal_value(&num);
            array.count++;
        } else {
            is_plain = false;
            array.is_objects |= r->at < r->end && r->s[r->at] == '{';
            array.count++;
            read_value(r);
        }
    } while (!r->is_bad && take(r, ','));
    if (!take(r, ']')) {
        r->is_bad = true;
        return;
    }
    if (is_plain || array.is_objects) {
        if (!is_plain) {
            m->values.count = array.is_objects ? m->values.count : array.value;
        }
        end_array(r, &array, 0, finest);
    }
}

/* ---- objects --- */

static void read_object(struct reader *r)
{
    struct model *m = r->m;
    uint32_t group = m->groups++;
    uint32_t quantity = m->quantities.count, member = m->members.count;
    r->at++;
    if (take(r, '}')) {
        return;
    }
    if (r->depth >= DEPTH_MAX) {
        r->is_bad = r->is_too_deep = true;
        return;
    }
    r->depth++;
    do {
        skip_space(r);
        if (r->at >= r->end || r->s[r->at] != '"') {
            r->is_bad = true;
            break;
        }
        r->levels[r->depth] = (struct level){.key = read_string(r), .group = group};
        if (r->is_bad || !take(r, ':')) {
            r->is_bad = true;
            break;
        }
        read_value(r);
    } while (!r->is_bad && take(r, ','));
    if (!r->is_bad && !take(r, '}')) {
        r->is_bad = true;
    }
    for (uint32_t i = quantity; i < m->quantities.count && !r->is_bad; i++) {
        if (m->quantities.at[i].group == group) {
            struct assay_slice path[DEPTH_MAX];
            for (uint32_t k = 1; k < r->depth; k++) {
                path[k - 1] = r->levels[k].key;
            }
            claims_label_member(m, i, path, r->depth - 1, member);
        }
    }
    r->depth--;
}

/* ---- texts and words --- */

static bool is_time_key(struct assay_slice key)
{
    static const char *const PARTS[] = {"time", "date", "_at", "start", "end", "stamp", "committed"};
    for (size_t i = 0; i < sizeof PARTS / sizeof PARTS[0]; i++) {
        if (memmem(key.data, key.len, PARTS[i], strlen(PARTS[i]))) {
            return true;
        }
    }
    return false;
}

static void add_stamp(struct reader *r, struct assay_slice value)
{
    struct stamp stamp;
    uint32_t len = 0;
    struct assay_slice key = r->levels[r->depth].key;
    bool is_date_like =
        value.len >= 8 && scan_is_digit(value.data[0]) && scan_is_digit(value.data[3]) && value.data[4] == '-';
    if (!key.len || !is_time_key(key) || !is_date_like ||
        !scan_stamp_read(value.data, (uint32_t)value.len, &stamp, &len) || !vec_room(&r->m->stamps)) {
        return;
    }
    stamp.file = r->file;
    stamp.block = r->block;
    stamp.group = r->levels[r->depth].group;
    stamp.name = key;
    stamp.from = (uint32_t)(value.data - r->s);
    stamp.to = stamp.from + (uint32_t)value.len;
    r->m->stamps.at[r->m->stamps.count++] = stamp;
}

static void add_member(struct reader *r, struct assay_slice value, bool is_bool)
{
    struct model *m = r->m;
    struct assay_slice key = r->levels[r->depth].key;
    if (r->depth == 0) {
        return;
    }
    if (!vec_room(&m->members)) {
        model_fail(m);
        return;
    }
    uint32_t from = (uint32_t)(value.data - r->s);
    m->members.at[m->members.count++] = (struct text_member){.file = r->file,
                                                             .from = from,
                                                             .to = from + (uint32_t)value.len,
                                                             .group = r->levels[r->depth].group,
                                                             .key = key,
                                                             .value = value,
                                                             .is_bool = is_bool};
}

static void read_value(struct reader *r)
{
    static const char *const WORDS[] = {"true", "false", "null"};
    skip_space(r);
    if (r->at >= r->end || r->m->failed != ASSAY_OK) {
        r->is_bad = true;
        return;
    }
    char c = r->s[r->at];
    if (c == '{') {
        read_object(r);
    } else if (c == '[') {
        if (r->depth >= DEPTH_MAX) {
            r->is_bad = r->is_too_deep = true;
            return;
        }
        r->depth++;
        r->levels[r->depth] = r->levels[r->depth - 1];
        read_array(r);
        r->depth--;
    } else if (c == '"') {
        struct assay_slice value = read_string(r);
        if (!r->is_bad) {
            add_member(r, value, false);
            add_stamp(r, value);
        }
    } else if (is_number_next(r)) {
        struct decimal num;
        uint32_t from = r->at;
        if (!read_decimal(r, &num)) {
            r->is_bad = true;
            return;
        }
        add_quantity(r, from, &num);
    } else {
        r->is_bad = true;
        for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
            size_t len = strlen(WORDS[i]);
            if (r->end - r->at >= len && memcmp(r->s + r->at, WORDS[i], len) == 0) {
                add_member(r, (struct assay_slice){r->s + r->at, len}, true);
                r->at += (uint32_t)len;
                r->is_bad = false;
                break;
            }
        }
    }
}

/* ---- documents --- */

static bool begin(struct reader *r, struct model *m, uint32_t file, uint32_t section)
{
    struct file *f = &m->files.at[file];
    *r = (struct reader){.m = m, .file = file, .s = f->input->bytes, .block = m->blocks.count};
    if (!vec_room(&m->blocks)) {
        model_fail(m);
        return false;
    }
    m->blocks.at[m->blocks.count++] = (struct block){.file = file,
                                                     .section = section,
                                                     .flat = f->flat_len,
                                                     .segment = m->segments.count,
                                                     .item = m->items.count,
                                                     .quantity = m->quantities.count,
                                                     .stem = NONE32,
                                                     .table = NONE32,
                                                     .list = NONE32,
                                                     .kind = BLOCK_VALUE};
    r->levels[0].group = m->groups++;
    return true;
}

/* JSON in a code block: what does not read is an excerpt, and says nothing. */
void claims_read_json_text(struct model *m, uint32_t file, uint32_t from, uint32_t to, uint32_t section)
{
    struct reader *r = assay_alloc(1, sizeof *r);
    uint32_t quantities = m->quantities.count, stamps = m->stamps.count, arrays = m->arrays.count;
    uint32_t members = m->members.count, values = m->values.count;
    if (!r || !begin(r, m, file, section)) {
        assay_free(r);
        model_fail(m);
        return;
    }
    r->at = from;
    r->end = to;
    read_value(r);
    skip_space(r);
    if (r->is_bad || r->at != r->end) {
        m->quantities.count = quantities;
        m->stamps.count = stamps;
        m->arrays.count = arrays;
        m->members.count = members;
        m->values.count = values;
    }
    m->blocks.at[r->block].quantities = m->quantities.count - quantities;
    assay_free(r);
}

void claims_read_json(struct model *m, uint32_t file)
{
    struct file *f = &m->files.at[file];
    struct reader *r = assay_alloc(1, sizeof *r);
    if (!vec_room(&m->sections) || !r || !begin(r, m, file, m->sections.count)) {
        assay_free(r);
        model_fail(m);
        return;
    }
    m->sections.at[m->sections.count++] = (struct section){.file = file, .parent = NONE32, .block = NONE32};
    r->end = (uint32_t)f->input->len;
    skip_space(r);
    while (r->at < r->end && !r->is_bad) { /* JSON lines are one value after the other */
        read_value(r);
        skip_space(r);
    }
    m->blocks.at[r->block].quantities = m->quantities.count - m->blocks.at[r->block].quantity;
    if (r->is_bad) {
        f->is_malformed = true;
        m->incomplete_why = r->is_too_deep ? "JSON deeper than 64" : "a JSON file that does not read";
    }
    assay_free(r);
}
