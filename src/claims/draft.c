/* Findings in the making. */
#include "claims/check.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT_BYTES_MAX 1024 /* of one message or note */
#define SHOWN_BYTES 80      /* of foreign text inside a message */

static const char *keep(struct check *c, const char *text, size_t len)
{
    const char *kept = assay_arena_text(&c->out->arena, text, len);
    if (!kept) {
        model_fail(&c->m);
        return "";
    }
    return kept;
}

static const char *format_text(struct check *c, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
static const char *format_text(struct check *c, const char *format, va_list args)
{
    char text[TEXT_BYTES_MAX];
    int len = vsnprintf(text, sizeof text, format, args);
    assert(len >= 0);
    return keep(c, text, (size_t)len < sizeof text ? (size_t)len : sizeof text - 1);
}

const char *check_printf(struct check *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = format_text(c, format, args);
    va_end(args);
    return text;
}

bool check_is_on(const struct check *c, enum rule_id rule)
{
    return c->levels[rule] != 0;
}

/* Below the least level that is shown: nobody reads its words, and it changes no status. */
static bool is_hidden(const struct check *c, enum rule_id rule, int level)
{
    int usual = (int)c->levels[rule] - 1;
    bool is_verbose = c->m.request->options.is_verbose;
    return !is_verbose && (level >= 0 && level < usual ? level : usual) < (int)c->m.request->options.level;
}

bool check_is_shown(const struct check *c, enum rule_id rule)
{
    return check_is_on(c, rule) && !is_hidden(c, rule, -1);
}

struct draft draft_at_bytes(struct check *c, enum rule_id rule, uint32_t file, uint32_t from, uint32_t to)
{
    return (struct draft){
        .c = c, .rule = rule, .level = -1, .quantity = NONE32, .place = {.file = file, .from = from, .to = to}};
}

struct draft draft_at(struct check *c, enum rule_id rule, const struct quantity *q)
{
    struct draft d = draft_at_bytes(c, rule, q->file, q->from, q->to);
    d.quantity = (uint32_t)(q - c->m.quantities.at);
    return d;
}

static struct draft_place place_of_block(const struct check *c, uint32_t block)
{
    const struct block *b = &c->m.blocks.at[block];
    uint32_t from = model_source_of(&c->m, block, b->flat);
    uint32_t to = b->flat_len ? model_source_of(&c->m, block, b->flat + b->flat_len - 1) + 1 : from;
    return (struct draft_place){.file = b->file, .from = from, .to = to};
}

struct draft draft_at_block(struct check *c, enum rule_id rule, uint32_t block)
{
    struct draft_place place = place_of_block(c, block);
    return draft_at_bytes(c, rule, place.file, place.from, place.to);
}

void draft_operand_bytes(struct draft *d, uint32_t file, uint32_t from, uint32_t to)
{
    if (d->operands_count < DRAFT_OPERANDS_MAX) {
        d->operand_quantities[d->operands_count] = NONE32;
        d->operands[d->operands_count++] = (struct draft_place){.file = file, .from = from, .to = to};
    }
}

void draft_operand(struct draft *d, const struct quantity *q)
{
    draft_operand_bytes(d, q->file, q->from, q->to);
    if (d->operands_count < DRAFT_OPERANDS_MAX) {
        d->operand_quantities[d->operands_count - 1] = (uint32_t)(q - d->c->m.quantities.at);
    }
}

void draft_operand_block(struct draft *d, uint32_t block)
{
    struct draft_place place = place_of_block(d->c, block);
    draft_operand_bytes(d, place.file, place.from, place.to);
}

void draft_say(struct draft *d, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    d->message = is_hidden(d->c, d->rule, d->level) ? "" : format_text(d->c, format, args);
    va_end(args);
}

void draft_note(struct draft *d, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (d->notes_count < DRAFT_NOTES_MAX && !is_hidden(d->c, d->rule, d->level)) {
        d->notes[d->notes_count++] = format_text(d->c, format, args);
    }
    va_end(args);
}

void draft_hint(struct draft *d, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    d->hint = format_text(d->c, format, args);
    va_end(args);
}

void draft_reading(struct draft *d, const char *name, struct range range)
{
    if (d->readings_count < DRAFT_READINGS_MAX) {
        d->readings[d->readings_count++] = (struct assay_reading){.name = name, .lo = range.lo, .hi = range.hi};
    }
}

/* ---- places --- */

static uint32_t count_units(const char *bytes, size_t len, uint32_t *ret_units16)
{
    uint32_t points = 0;
    for (size_t i = 0; i < len;) {
        uint32_t point = 0;
        i += assay_utf8_next(bytes + i, len - i, &point);
        points++;
        *ret_units16 += point > 0xffff ? 2 : 1;
    }
    return points;
}

struct assay_place check_place(const struct check *c, struct draft_place at)
{
    const struct file *f = &c->m.files.at[at.file];
    uint32_t line = model_line_of(f, at.from);
    uint32_t begin = f->lines.at[line];
    size_t len = f->input->len;
    const char *bytes = f->input->bytes;
    size_t line_len = line + 1 < f->lines.count ? f->lines.at[line + 1] - 1 - begin : len - begin;
    line_len -= line_len > 0 && bytes[begin + line_len - 1] == '\r';
    struct place_cache *cache = c->places;
    bool goes_on = cache->file == at.file && cache->line == line && cache->offset <= at.from && cache->offset >= begin;
    uint32_t units16 = goes_on ? cache->units16 : 0, counted = goes_on ? cache->offset : begin;
    uint32_t column = (goes_on ? cache->points : 0) + count_units(bytes + counted, at.from - counted, &units16);
    *cache = (struct place_cache){at.file, line, at.from, column, units16};
    uint32_t to = at.to > len ? (uint32_t)len : at.to;
    return (struct assay_place){.path = f->input->path,
                                .line = line + 1,
                                .column = column + 1,
                                .column16 = units16 + 1,
                                .offset = at.from,
                                .len = to > at.from ? to - at.from : 0,
                                .source = {bytes + at.from, to > at.from ? to - at.from : 0},
                                .whole = {bytes + begin, line_len}};
}

/* ---- the end of a draft --- */

/* The status that a finding of this rule gives to the claims that take part. */
static uint8_t status_of(enum rule_id rule, enum assay_severity level)
{
    const char *id = claims_rule_rows[rule].id;
    if (level == ASSAY_SEVERITY_NOTE) {
        return ASSAY_CLAIM_STATUS_COUNT;
    }
    bool is_error = level == ASSAY_SEVERITY_ERROR;
    switch (id[1]) {
    case '2':
        return ASSAY_CLAIM_WRONG;
    case '3':
    case '4':
        return is_error ? ASSAY_CLAIM_IMPOSSIBLE : ASSAY_CLAIM_UNSUPPORTED;
    case '6':
        return strcmp(id, "C601") == 0 || strcmp(id, "C604") == 0 ? ASSAY_CLAIM_CONTRADICTED : ASSAY_CLAIM_UNSUPPORTED;
    case '9':
        return strcmp(id, "C906") == 0                              ? ASSAY_CLAIM_UNSUPPORTED
               : strcmp(id, "C902") >= 0 && strcmp(id, "C905") <= 0 ? ASSAY_CLAIM_CONTRADICTED
                                                                    : ASSAY_CLAIM_STATUS_COUNT;
    default:
        return ASSAY_CLAIM_CONTRADICTED;
    }
}

static void worsen(struct quantity *q, uint8_t status)
{
    if (status < q->status) {
        q->status = status;
    }
}

static void *copy(struct check *c, const void *from, size_t count, size_t bytes)
{
    if (count == 0) {
        return NULL;
    }
    void *to = assay_arena_take(&c->out->arena, count, bytes);
    if (!to) {
        model_fail(&c->m);
        return NULL;
    }
    memcpy(to, from, count * bytes);
    return to;
}

static bool is_over_cap(struct draft *d)
{
    struct check *c = d->c;
    if (c->findings.count >= ASSAY_CLAIMS_FINDINGS_MAX) {
        c->m.incomplete_why = "more than 5,000 findings";
        return true;
    }
    uint32_t same = 0; /* of one rule on one line: more says nothing more */
    const struct file *f = &c->m.files.at[d->place.file];
    uint32_t line = model_line_of(f, d->place.from);
    for (uint32_t i = c->keys.count; i > 0 && c->keys.count - i < 64; i--) {
        const struct finding_key *key = &c->keys.at[i - 1];
        if (key->rule == d->rule && key->file == d->place.file && key->from == d->place.from &&
            key->quantity == d->quantity) {
            return true; /* said already */
        }
        same += key->rule == d->rule && key->file == d->place.file && model_line_of(f, key->from) == line;
    }
    return same >= 10;
}

void draft_end(struct draft *d)
{
    struct check *c = d->c;
    if (!check_is_on(c, d->rule) || c->m.failed != ASSAY_OK || is_hidden(c, d->rule, d->level) || is_over_cap(d)) {
        return;
    }
    enum assay_severity level = (enum assay_severity)(c->levels[d->rule] - 1);
    if (d->level >= 0 && d->level < (int)level) {
        level = (enum assay_severity)d->level; /* a policy may lower, the case at hand too */
    }
    bool is_quoted = d->quantity != NONE32 && c->m.blocks.at[c->m.quantities.at[d->quantity].block].kind == BLOCK_CODE;
    if (is_quoted && level > ASSAY_SEVERITY_NOTE) {
        level = (enum assay_severity)(level - 1); /* output in a code block may be there to be wrong */
    }
    struct assay_place operands[DRAFT_OPERANDS_MAX];
    uint8_t status = status_of(d->rule, level);
    for (size_t i = 0; i < d->operands_count; i++) {
        operands[i] = check_place(c, d->operands[i]);
    }
    if (d->quantity != NONE32) {
        worsen(&c->m.quantities.at[d->quantity], status);
    }
    bool blames_all = status == ASSAY_CLAIM_CONTRADICTED;
    for (size_t i = 0; blames_all && i < d->operands_count; i++) {
        if (d->operand_quantities[i] != NONE32) {
            worsen(&c->m.quantities.at[d->operand_quantities[i]], status);
        }
    }
    struct assay_finding finding = {.rule = &claims_rule_rows[d->rule],
                                    .level = level,
                                    .message = d->message,
                                    .hint = d->hint,
                                    .place = check_place(c, d->place),
                                    .operands = copy(c, operands, d->operands_count, sizeof operands[0]),
                                    .operands_count = d->operands_count,
                                    .notes = copy(c, d->notes, d->notes_count, sizeof d->notes[0]),
                                    .notes_count = d->notes_count,
                                    .readings = copy(c, d->readings, d->readings_count, sizeof d->readings[0]),
                                    .readings_count = d->readings_count,
                                    .replacement = d->replacement};
    if (!vec_room(&c->findings) || !vec_room(&c->keys)) {
        model_fail(&c->m);
        return;
    }
    c->findings.at[c->findings.count++] = finding;
    c->keys.at[c->keys.count++] = (struct finding_key){
        .file = d->place.file, .from = d->place.from, .quantity = d->quantity, .rule = (uint16_t)d->rule};
}

void check_undecided(struct check *c, enum rule_id rule, const struct quantity *q, const char *reason)
{
    if (!check_is_on(c, rule)) {
        return;
    }
    worsen(&c->m.quantities.at[q - c->m.quantities.at], ASSAY_CLAIM_UNDECIDED);
    if (!c->m.request->options.is_verbose) {
        return; /* nobody reads it */
    }
    if (!vec_room(&c->undecided)) {
        model_fail(&c->m);
        return;
    }
    c->undecided.at[c->undecided.count++] =
        (struct assay_undecided){.rule = &claims_rule_rows[rule],
                                 .place = check_place(c, (struct draft_place){q->file, q->from, q->to}),
                                 .reason = reason};
}

void check_holds(struct quantity *q)
{
    q->is_related = true;
}

/* ---- texts --- */

const char *check_text(struct check *c, const struct quantity *q)
{
    struct assay_slice text = model_source(&c->m, q->file, q->from, q->to);
    struct assay_buf shown;
    size_t plain = 0;
    while (plain < text.len && text.data[plain] >= ' ' && text.data[plain] <= '~') {
        plain++;
    }
    if (plain == text.len && plain <= SHOWN_BYTES) {
        return keep(c, text.data, text.len);
    }
    assay_buf_init(&shown, 16 * SHOWN_BYTES);
    assay_text_show(&shown, text.data, text.len, SHOWN_BYTES);
    const char *kept = keep(c, shown.data ? shown.data : "", shown.len);
    assay_buf_done(&shown);
    return kept;
}

static const char *number_text(double x, char text[32])
{
    double size = fabs(x);
    int decimals = size >= 100 || x == floor(x) ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 4;
    if (size > 0 && size < 0.001) {
        (void)snprintf(text, 32, "%.3g", x);
        return text;
    }
    (void)snprintf(text, 32, "%.*f", decimals, x);
    if (decimals == 4) { /* 0.4700 */
        size_t len = strlen(text);
        while (len > 3 && text[len - 1] == '0') {
            text[--len] = '\0';
        }
    }
    return text;
}

const char *check_value(struct check *c, const struct quantity *q, double value)
{
    char text[32];
    const char *unit = q->unit ? claims_units[q->unit].aliases : "";
    size_t len = strcspn(unit, " ");
    double printed = q->scale != 0 ? value / q->scale : value;
    bool is_factor = q->unit == UNIT_TIMES;
    const char *below = DIM_DEN(q->dim) == DIM_TIME && DIM_NUM(q->dim) == DIM_COUNT && q->unit == UNIT_NONE ? "/s" : "";
    return check_printf(c, "%s%s%.*s%s", number_text(printed, text), len && !is_factor ? " " : "", (int)len, unit,
                        below);
}

const char *check_percent(struct check *c, double share)
{
    char text[32];
    double percent = share * 100;
    double rounded = fabs(percent) >= 10 ? round(percent) : round(percent * 10) / 10;
    return check_printf(c, "%s %%", number_text(rounded, text));
}

const char *check_factor(struct check *c, double factor)
{
    return check_printf(c, "%.*fx", factor >= 10 ? 1 : 2, factor);
}
