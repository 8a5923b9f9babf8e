/* C701 to C704: stamps, spans and durations. */
#include "claims/check.h"
#include "claims/record.h"
#include "claims/relation.h"
#include "claims/scan.h"

#include <math.h>
#include <string.h>

#define DAY_S 86400
#define RUNS_MAX 1024 /* rows with a start and an end */

struct moment {
    int64_t seconds;
    uint32_t from, to; /* bytes in the file */
    bool has_date;
};

/* "14:00:00" in running text. */
static bool read_clock(const char *s, uint32_t len, int64_t *ret)
{
    if (len != 8 || s[2] != ':' || s[5] != ':') {
        return false;
    }
    for (int i = 0; i < 8; i++) {
        if (i != 2 && i != 5 && !scan_is_digit(s[i])) {
            return false;
        }
    }
    *ret = ((s[0] - '0') * 10 + s[1] - '0') * 3600 + ((s[3] - '0') * 10 + s[4] - '0') * 60 + (s[6] - '0') * 10 + s[7] -
           '0';
    return true;
}

static bool moment_of(const struct model *m, uint32_t block, const struct item *item, struct moment *ret)
{
    const struct block *b = &m->blocks.at[block];
    const char *s = model_text(m, block).data + (item->flat - b->flat);
    if (item->kind == ITEM_STAMP) {
        const struct stamp *stamp = &m->stamps.at[item->hash];
        *ret = (struct moment){stamp->unix_s, stamp->from, stamp->to, true};
        return stamp->is_valid && stamp->has_time;
    }
    uint32_t at = model_source_of(m, block, item->flat);
    *ret = (struct moment){.from = at, .to = at + item->len};
    return item->kind == ITEM_WORD && read_clock(s, item->len, &ret->seconds);
}

/* ---- C702 span --- */

static void judge_span(struct check *c, const struct moment *a, const struct moment *b, struct quantity *said)
{
    double span = (double)(b->seconds - a->seconds);
    bool wraps = !a->has_date && span < 0;
    span += wraps ? DAY_S : 0;
    if (span >= 0 && range_holds((struct range){said->w.lo - 1, said->w.hi + 1}, span)) {
        check_holds(said);
        return;
    }
    struct draft d = draft_at(c, RULE_C702, said);
    draft_operand_bytes(&d, said->file, a->from, a->to);
    draft_operand_bytes(&d, said->file, b->from, b->to);
    draft_say(&d,
              span < 0 ? "the end is %s before the start, the text says %s"
                       : "from start to end are %s, the text says %s",
              check_value(c, said, fabs(span)), check_text(c, said));
    draft_end(&d);
}

static bool is_duration(const struct quantity *q)
{
    return q->dim == DIM_TIME && q->stat == STAT_NONE && q->bound == BOUND_EXACT &&
           (q->form == FORM_PLAIN || q->form == FORM_DURATION) && q->role == ROLE_MEASURED;
}

static void judge_sentence(struct check *c, uint32_t block, uint32_t from, uint32_t to)
{
    struct model *m = &c->m;
    struct moment moments[2];
    struct quantity *said = NULL;
    uint32_t count = 0, durations = 0;
    for (uint32_t i = from; i < to; i++) {
        const struct item *item = &m->items.at[i];
        struct moment moment;
        if (item->kind == ITEM_QUANTITY && is_duration(&m->quantities.at[item->hash])) {
            said = &m->quantities.at[item->hash];
            durations++;
        } else if (item->kind != ITEM_QUANTITY && moment_of(m, block, item, &moment)) {
            if (count < 2) {
                moments[count] = moment;
            }
            count++;
        }
    }
    if (count == 2 && durations == 1 && moments[0].has_date == moments[1].has_date) {
        judge_span(c, &moments[0], &moments[1], said);
    }
}

/* ---- C703 overlap --- */

struct run {
    struct moment start, end;
    uint32_t host; /* hash of the words of the row besides its label */
    uint32_t row, cell;
};

static bool is_host_header(const struct model *m, uint32_t header)
{
    static const char *const WORDS[] = {"host",   "machine", "endpoint", "server", "runner", "node", "box",
                                        "device", "gpu",     "phone",    "board",  "rig",    NULL};
    return header != NONE32 && block_has_any(m, header, WORDS);
}

static bool run_of(const struct model *m, const struct table *t, uint32_t row, struct run *ret)
{
    uint32_t count = 0;
    *ret = (struct run){.row = row, .cell = NONE32};
    for (uint32_t column = 0; column < t->columns; column++) {
        uint32_t cell = model_cell(m, t, row, column);
        const struct block *b = cell == NONE32 ? NULL : &m->blocks.at[cell];
        struct moment moment;
        if (b && b->items >= 1 && moment_of(m, cell, &m->items.at[b->item], &moment)) {
            *(count == 0 ? &ret->start : &ret->end) = moment;
            ret->cell = count == 0 ? cell : ret->cell;
            count++;
        }
    }
    for (uint32_t column = 0; count == 2 && column < t->columns; column++) {
        uint32_t cell = model_cell(m, t, row, column);
        if (cell != NONE32 && is_host_header(m, model_cell(m, t, 0, column))) {
            struct assay_slice text = assay_slice_trim(model_text(m, cell));
            ret->host = claims_hash(text.data, text.len) | 1;
        }
    }
    return count == 2 && ret->host != 0 && ret->end.seconds > ret->start.seconds;
}

static void judge_runs(struct check *c, const struct table *t)
{
    const struct model *m = &c->m;
    for (uint32_t i = 1; i <= t->rows && t->rows <= RUNS_MAX; i++) {
        struct run a, b;
        if (!run_of(m, t, i, &a)) {
            continue;
        }
        for (uint32_t k = i + 1; k <= t->rows; k++) {
            bool overlaps = run_of(m, t, k, &b) && a.host == b.host && a.start.seconds < b.end.seconds &&
                            b.start.seconds < a.end.seconds;
            if (overlaps) {
                struct draft d = draft_at_bytes(c, RULE_C703, t->file, b.start.from, b.start.to);
                draft_operand_bytes(&d, t->file, a.end.from, a.end.to);
                draft_say(&d, "two runs on one host overlap by %lld s",
                          (long long)((a.end.seconds < b.end.seconds ? a.end.seconds : b.end.seconds) -
                                      (a.start.seconds > b.start.seconds ? a.start.seconds : b.start.seconds)));
                draft_end(&d);
            }
        }
    }
}

/* ---- C701, C704 --- */

#define CLOCKS_APART_S 60 /* two honest clocks */

static void judge_stamp(struct check *c, const struct stamp *stamp)
{
    const struct assay_claims_request *request = c->m.request;
    if (!stamp->is_valid && stamp->name.len > 0) {
        struct draft d = draft_at_bytes(c, RULE_C704, stamp->file, stamp->from, stamp->to);
        draft_say(&d, "this is no date and time that there is");
        draft_end(&d);
        return;
    }
    for (size_t i = 0; i < request->stamps_count && stamp->is_valid && stamp->has_time && stamp->name.len > 0; i++) {
        const struct assay_claims_stamp *container = &request->stamps[i];
        bool is_of = !container->path || strcmp(container->path, c->m.files.at[stamp->file].input->path) == 0;
        int64_t slack = stamp->has_zone ? CLOCKS_APART_S : 14 * 3600;
        if (is_of && stamp->unix_s > container->unix_s + slack) {
            struct draft d = draft_at_bytes(c, RULE_C701, stamp->file, stamp->from, stamp->to);
            draft_say(&d, "measured %lld s after it was %s", (long long)(stamp->unix_s - container->unix_s),
                      container->what);
            draft_end(&d);
        }
    }
}

void rule_time(struct check *c)
{
    struct model *m = &c->m;
    for (uint32_t i = 0; i < m->blocks.count; i++) {
        const struct block *b = &m->blocks.at[i];
        bool is_text = b->kind == BLOCK_PARAGRAPH || b->kind == BLOCK_ITEM;
        for (uint32_t from = b->item; is_text && b->quantities > 0 && from < b->item + b->items;) {
            uint32_t first = 0, to = 0;
            sentence_of(m, i, from, &first, &to);
            judge_sentence(c, i, from, to);
            from = to;
        }
    }
    for (uint32_t i = 0; i < m->tables.count; i++) {
        judge_runs(c, &m->tables.at[i]);
    }
    for (uint32_t i = 0; i < m->stamps.count; i++) {
        judge_stamp(c, &m->stamps.at[i]);
    }
}
