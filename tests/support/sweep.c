#include "support/sweep.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "support/edit.h"
#include "support/operators.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ANSWER_BYTES ((size_t)64 << 10)
#define ANSWERS_MAX 128
#define ALLOCATIONS_MAX 100000
#define VALUES_MAX 256
#define WITHOUT SIZE_MAX /* instead of a value's number */

/* ---- answers ---------------------------------------------------------------------------------------------------- */

void sweep_refusal(const assay_err *err, struct assay_buf *ret)
{
    const char *found = strstr(err->message, "found "), *behind = found ? strstr(found, ", expected") : NULL;
    assay_buf_text(ret, "! ");
    if (behind) {
        assay_buf_append(ret, err->message, (size_t)(found - err->message));
        assay_buf_printf(ret, "found ...%s\n", behind);
    } else {
        assay_buf_printf(ret, "%s\n", err->message);
    }
}

static bool has_line(const struct assay_buf *text, struct assay_slice line)
{
    struct assay_slice rest = {text->data, text->len};
    while (rest.len > 0) {
        if (assay_slice_equal(assay_slice_cut(&rest, '\n'), line)) {
            return true;
        }
    }
    return false;
}

static bool is_end(char c)
{
    return c == '\0' || c == ';' || c == '\'' || c == ' ' || c == '\n';
}

/* Whether the value's text may begin at line[at]: in a refusal, whose words are others', only where it is shown. */
static bool is_begin(struct assay_slice line, size_t at)
{
    bool is_shown = line.data[at - 1] == '\'' || (at >= 3 && memcmp(line.data + at - 3, "is ", 3) == 0);
    return is_shown || (line.data[0] != '!' && line.data[at - 1] == ' ');
}

/* The value itself is written as "=", so that all that are read as they stand are one answer. */
static void put_line(struct assay_slice line, const char *value, struct assay_buf *ret)
{
    size_t len = value ? strlen(value) : 0;
    for (size_t i = 0; i < line.len; i++) {
        bool is_value = len > 0 && i > 0 && line.len - i >= len && is_begin(line, i) &&
                        memcmp(line.data + i, value, len) == 0 && is_end(line.data[i + len]);
        assay_buf_append(ret, is_value ? "=" : line.data + i, 1);
        i += is_value ? len - 1 : 0;
    }
}

/* The lines that the honest document does not give, as one. */
static void put_difference(const struct assay_buf *honest, const struct assay_buf *answer, const char *value,
                           struct assay_buf *ret)
{
    struct assay_slice rest = {answer->data, answer->len};
    size_t before = ret->len;
    while (rest.len > 0) {
        struct assay_slice line = assay_slice_cut(&rest, '\n');
        if (!has_line(honest, line)) {
            assay_buf_text(ret, ret->len > before ? "; " : "");
            put_line(line, value, ret);
        }
    }
    assay_buf_text(ret, ret->len > before ? "" : "as it was");
}

/* ---- one place -------------------------------------------------------------------------------------------------- */

struct answers {
    struct assay_buf texts[ANSWERS_MAX];
    size_t which[1 + VALUES_MAX], which_count; /* by value, the first of them that of nothing */
    size_t count;
};

static void keep(struct answers *answers, struct assay_buf *taken)
{
    size_t k = 0;
    while (k < answers->count && strcmp(answers->texts[k].data, taken->data) != 0) {
        k++;
    }
    assert_in_range(k, 0, ANSWERS_MAX - 1);
    answers->which[answers->which_count++] = k;
    if (k == answers->count) {
        answers->texts[answers->count++] = *taken;
    } else {
        assay_buf_done(taken);
    }
}

/* "without 0-3 7": the values that gave answer k. */
static void put_values(const struct answers *answers, size_t k, struct assay_buf *out)
{
    assay_buf_text(out, answers->which[0] == k ? " without" : "");
    for (size_t i = 1; i < answers->which_count; i++) {
        size_t last = i;
        while (last + 1 < answers->which_count && answers->which[i] == k && answers->which[last + 1] == k) {
            last++;
        }
        if (answers->which[i] == k) {
            assay_buf_printf(out, last > i ? " %zu-%zu" : " %zu", i - 1, last - 1);
        }
        i = last;
    }
}

struct walk {
    const struct sweep *sweep;
    struct assay_buf honest, *found;
};

static void try_value(const struct walk *walk, const char *place, size_t number, struct answers *answers)
{
    const struct sweep *sweep = walk->sweep;
    struct assay_buf answer, difference;
    json_t *edited = json_deep_copy(sweep->document), *value = NULL;
    if (number == WITHOUT) {
        edit_drop(edited, place);
    } else {
        value = json_loads(sweep->values[number], JSON_DECODE_ANY, NULL);
        edit_set(edited, place, json_incref(value));
    }
    assay_buf_init(&answer, ANSWER_BYTES);
    assay_buf_init(&difference, ANSWER_BYTES);
    sweep->ask(edited, &answer, sweep->context);
    assert_int_equal(assay_buf_check(&answer, NULL), ASSAY_OK);
    put_difference(&walk->honest, &answer, json_string_value(value), &difference);
    assert_int_equal(assay_buf_check(&difference, NULL), ASSAY_OK);
    keep(answers, &difference);
    assay_buf_done(&answer);
    json_decref(value);
    json_decref(edited);
}

static void try_place(void *context, const char *place)
{
    static struct answers answers;
    const struct walk *walk = context;
    const char *below = walk->sweep->below;
    if (below && strncmp(place, below, strlen(below)) != 0) {
        return;
    }
    assert_in_range(walk->sweep->values_count, 0, VALUES_MAX);
    answers = (struct answers){.count = 0};
    try_value(walk, place, WITHOUT, &answers);
    for (size_t i = 0; i < walk->sweep->values_count; i++) {
        try_value(walk, place, i, &answers);
    }
    assay_buf_printf(walk->found, "%s\n", place);
    for (size_t k = 0; k < answers.count; k++) {
        put_values(&answers, k, walk->found);
        assay_buf_printf(walk->found, ": %s\n", answers.texts[k].data);
        assay_buf_done(&answers.texts[k]);
    }
}

/* ---- documents -------------------------------------------------------------------------------------------------- */

void sweep_list_values(const char *const *values, size_t values_count, struct assay_buf *found)
{
    for (size_t i = 0; i < values_count; i++) {
        assay_buf_printf(found, "# %zu %s\n", i, values[i]);
    }
}

void sweep_document(const struct sweep *sweep, struct assay_buf *found)
{
    struct walk walk = {.sweep = sweep, .found = found};
    json_t *document = json_deep_copy(sweep->document);
    assay_buf_init(&walk.honest, ANSWER_BYTES);
    sweep->ask(document, &walk.honest, sweep->context);
    assert_int_equal(assay_buf_check(&walk.honest, NULL), ASSAY_OK);
    assay_buf_printf(found, "== %s\n%s", sweep->name, walk.honest.data);
    operators_walk(document, try_place, &walk);
    assay_buf_done(&walk.honest);
    json_decref(document);
}

size_t sweep_memory(assay_code (*read)(void *context), void *context, bool may_pass)
{
    for (unsigned long n = 1; n < ALLOCATIONS_MAX; n++) {
        assay_mem_fail_at(n);
        assay_code rc = read(context);
        void *next = rc == ASSAY_OK ? assay_alloc(1, 1) : NULL;
        assay_mem_fail_at(0);
        assay_free(next);
        if (rc == ASSAY_OK && !next) { /* it was this one that failed: all of the reader's could be had */
            return n - 1;
        }
        if (rc == ASSAY_OK && may_pass) {
            continue;
        }
        if (rc != ASSAY_NO_MEMORY) {
            fail_msg("allocation %lu failed: code %d", n, (int)rc);
        }
    }
    fail_msg("%d allocations are not enough", ALLOCATIONS_MAX);
    return 0;
}
