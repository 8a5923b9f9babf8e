#include "support/starved.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ARENA_BYTES ((size_t)256 << 20)

static void write_document(const struct assay_verdict_document *document, struct assay_buf *ret)
{
    assay_err err = {0};
    assay_buf_init(ret, ASSAY_VERDICT_BYTES_MAX);
    if (assay_verdict_encode(document, ret, &err) != ASSAY_OK) {
        fail_msg("a document that cannot be written: %s", err.message);
    }
}

static void are_same(const struct assay_verdict_document *found, const struct assay_verdict_document *whole,
                     unsigned long nth)
{
    struct assay_buf expected, text;
    write_document(whole, &expected);
    write_document(found, &text);
    if (text.len != expected.len || memcmp(text.data, expected.data, text.len) != 0) {
        fail_msg("another answer without allocation %lu: %.*s", nth, (int)text.len, text.data);
    }
    assay_buf_done(&expected);
    assay_buf_done(&text);
}

void starved_gates(const struct assay_gate_question *question, const struct assay_verdict_document *whole)
{
    assay_code rc = ASSAY_NO_MEMORY;
    for (unsigned long nth = 1; rc != ASSAY_OK; nth++) {
        struct assay_verdict_document found;
        struct assay_arena arena;
        assay_err err = {0};
        assay_arena_init(&arena, ARENA_BYTES);
        assay_mem_fail_at(nth);
        rc = assay_judge_gate(question, &arena, &found, &err);
        assay_mem_fail_at(0);
        if (rc == ASSAY_OK) {
            are_same(&found, whole, nth);
        } else {
            assert_int_equal(rc, ASSAY_NO_MEMORY);
        }
        assay_arena_done(&arena);
    }
}
