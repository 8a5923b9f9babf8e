/* What bounds the work on one long paragraph: rules look at whole sentences, so none may be long. */
#include "base/buf.h"
#include "claims/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define REPEATS 5000

static void read_repeated(const char *unit, struct check *c)
{
    struct assay_buf text;
    assay_buf_init(&text, (size_t)1 << 20);
    for (int i = 0; i < REPEATS; i++) {
        assay_buf_text(&text, unit);
    }
    struct assay_claims_input input = {.path = "long.md", .bytes = text.data, .len = text.len};
    struct assay_claims_request request = {.inputs = &input, .inputs_count = 1};
    assert_int_equal(check_run(c, &request, NULL), ASSAY_OK);
    c->m.request = NULL; /* lives no longer than this call */
    assay_buf_done(&text);
}

static uint32_t longest_sentence(const struct model *m)
{
    uint32_t longest = 0;
    for (uint32_t i = 0; i < m->sentences.count; i++) {
        uint32_t items = m->sentences.at[i].end - m->sentences.at[i].item;
        longest = items > longest ? items : longest;
    }
    return longest;
}

static void a_sentence_without_end_is_cut(void **state)
{
    struct check c;
    (void)state;
    read_repeated("parse takes 17 ms and ", &c);
    assert_int_equal(c.m.quantities.count, REPEATS);
    assert_in_range(longest_sentence(&c.m), 1, SENTENCE_ITEMS_MAX);
    assay_findings_free(c.out);
    check_done(&c);
}

static void every_item_lies_in_its_sentence(void **state)
{
    struct check c;
    (void)state;
    read_repeated("1 ms -> 2 ms (3 %). Then ", &c);
    for (uint32_t i = 0; i < c.m.items.count; i++) {
        const struct sentence *sentence = &c.m.sentences.at[c.m.items.at[i].sentence];
        assert_in_range(i, sentence->item, sentence->end - 1);
    }
    assert_true(c.m.sentences.count >= REPEATS);
    assay_findings_free(c.out);
    check_done(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_sentence_without_end_is_cut),
                                       cmocka_unit_test(every_item_lies_in_its_sentence)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
