#include "judge/judge_room.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_MAX 160 /* bytes of foreign text in a violation: a digest with its quotes, and a sentence */
#define SHOWN_ROOM(max_bytes) (8 * (max_bytes) + 64) /* \xNN takes four bytes for one */

/* A copy in the judgement's arena, control and bidi characters made visible. */
static const char *keep(struct judge *judge, const char *text, size_t max_bytes)
{
    struct assay_buf shown;
    assay_buf_init(&shown, SHOWN_ROOM(max_bytes));
    assay_text_show(&shown, text, strlen(text), max_bytes);
    const char *kept =
        shown.failed == ASSAY_OK ? assay_arena_text(&judge->out->arena, shown.data ? shown.data : "", shown.len) : NULL;
    assay_buf_done(&shown);
    if (!kept) {
        judge->is_out_of_memory = true;
        return "";
    }
    return kept;
}

static bool has_room(struct judge *judge)
{
    if (!judge->list) {
        judge->list = assay_alloc(ASSAY_VIOLATIONS_MAX, sizeof *judge->list);
        judge->is_out_of_memory = judge->is_out_of_memory || !judge->list;
    }
    return judge->list != NULL;
}

void judge_add(struct judge *judge, enum gate gate, enum assay_verdict verdict, const char *pointer, const char *found,
               const char *expected)
{
    assert(verdict == ASSAY_VERDICT_FAIL || verdict == ASSAY_VERDICT_UNDECIDED);
    if (judge->count == ASSAY_VIOLATIONS_MAX) {
        judge->out->violations_left_out++;
        if (verdict != ASSAY_VERDICT_FAIL || judge->list[judge->count - 1].verdict == ASSAY_VERDICT_FAIL) {
            return;
        }
        judge->count--; /* a failure is never left out for what is merely undecided */
    }
    if (!has_room(judge)) {
        return;
    }
    judge->list[judge->count++] = (struct assay_violation){
        .gate = (unsigned)gate,
        .verdict = verdict,
        .pointer = keep(judge, pointer, ASSAY_JSON_POINTER_BYTES),
        .found = keep(judge, found ? found : "nothing", SHOWN_MAX),
        .expected = keep(judge, expected, SHOWN_MAX),
    };
}

/* The value as one line; without memory none, and then there will be no judgement. */
static const char *show(struct judge *judge, struct assay_buf *buf, const json_t *value)
{
    assay_buf_init(buf, SHOWN_ROOM(SHOWN_MAX));
    assay_json_show(buf, value, SHOWN_MAX);
    judge->is_out_of_memory = judge->is_out_of_memory || !buf->data;
    return buf->data ? buf->data : "";
}

void judge_fail(struct judge *judge, enum gate gate, const char *pointer, const json_t *found, const char *expected)
{
    struct assay_buf text;
    judge_add(judge, gate, ASSAY_VERDICT_FAIL, pointer, show(judge, &text, found), expected);
    assay_buf_done(&text);
}

void judge_differ(struct judge *judge, enum gate gate, const char *pointer, const json_t *found, const json_t *expected)
{
    struct assay_buf text;
    judge_fail(judge, gate, pointer, found, show(judge, &text, expected));
    assay_buf_done(&text);
}

void judge_add_err(struct judge *judge, enum gate gate, const char *pointer, const assay_err *err)
{
    static const char FOUND[] = "found ", EXPECTED[] = ", expected ";
    struct assay_buf text;
    assay_buf_init(&text, ASSAY_ERR_BYTES); /* what is left of the message, turned round */
    const char *found = strstr(err->message, FOUND), *expected = NULL;
    for (const char *at = found; at && (at = strstr(at, EXPECTED)); at++) {
        expected = at; /* the last one: what was found is foreign text */
    }
    if (expected) {
        const char *after = found + sizeof FOUND - 1;
        assay_buf_append(&text, after, (size_t)(expected - after));
        if (found > err->message) { /* "line 1, column 2: " becomes "at line 1, column 2" */
            assay_buf_text(&text, " at ");
            assay_buf_append(&text, err->message, (size_t)(found - err->message) - 2);
        }
        expected += sizeof EXPECTED - 1;
    } else {
        assay_buf_text(&text, err->message);
        expected = "what the format says";
    }
    judge->is_out_of_memory = judge->is_out_of_memory || text.failed != ASSAY_OK;
    judge_add(judge, gate, ASSAY_VERDICT_FAIL, pointer, text.data ? text.data : "", expected);
    assay_buf_done(&text);
}

bool judge_has(const struct judge *judge, unsigned gate_first, unsigned gate_last, enum assay_verdict verdict)
{
    for (size_t i = 0; i < judge->count; i++) {
        const struct assay_violation *violation = &judge->list[i];
        if (violation->gate >= gate_first && violation->gate <= gate_last && violation->verdict == verdict) {
            return true;
        }
    }
    return false;
}

/* a is b, or a place above it */
static bool is_above(const char *a, const char *b)
{
    size_t n = strlen(a);
    return n > 0 && strncmp(a, b, n) == 0 && (b[n] == '\0' || b[n] == '/');
}

bool judge_is_refused(const struct judge *judge, const char *pointer)
{
    for (size_t i = 0; i < judge->count; i++) {
        const struct assay_violation *violation = &judge->list[i];
        if (violation->gate >= GATE_TYPE && violation->gate <= GATE_CAP &&
            (is_above(violation->pointer, pointer) || is_above(pointer, violation->pointer))) {
            return true;
        }
    }
    return false;
}

static int by_gate_and_pointer(const void *a, const void *b)
{
    const struct assay_violation *x = a, *y = b;
    int order = assay_order_u64(x->gate, y->gate);
    order = order != 0 ? order : strcmp(x->pointer, y->pointer);
    return order != 0 ? order : strcmp(x->found, y->found);
}

assay_code judge_finish_violations(struct judge *judge, assay_err *err)
{
    struct assay_violation *sorted = assay_arena_take(&judge->out->arena, judge->count, sizeof *sorted);
    if (judge->is_out_of_memory || !sorted) {
        return assay_nomem(err);
    }
    if (judge->count > 0) {
        memcpy(sorted, judge->list, judge->count * sizeof *sorted);
        qsort(sorted, judge->count, sizeof *sorted, by_gate_and_pointer);
    }
    judge->out->violations = sorted;
    judge->out->violations_count = judge->count;
    return ASSAY_OK;
}

const char *judge_text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}
