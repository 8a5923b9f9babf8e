/* From logits to a token: the order of the steps, ties, and draws that anyone can repeat. */
#include "base/rng.h"
#include "lm/lm.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT 6
static const float LOGITS[COUNT] = {1, 3, 2, 3, -1, 0};

static struct assay_sampler *make(struct assay_sampling how, size_t vocabulary)
{
    struct assay_sampler *sampler = NULL;
    assay_err err = {0};
    if (assay_sampler_new(&how, vocabulary, &sampler, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    return sampler;
}

/* Which ids come out in many draws, as bits. */
static unsigned seen_ids(struct assay_sampling how)
{
    struct assay_sampler *sampler = make(how, COUNT);
    unsigned seen = 0;
    for (int i = 0; i < 3000; i++) {
        seen |= 1u << assay_sampler_pick(sampler, LOGITS);
    }
    assay_sampler_free(sampler);
    return seen;
}

static void greedy_takes_the_largest_and_the_lowest_id_of_a_tie(void **state)
{
    (void)state;
    struct assay_sampler *sampler = make((struct assay_sampling){.temperature = 0}, COUNT);
    assert_int_equal(assay_sampler_pick(sampler, LOGITS), 1);
    assay_sampler_free(sampler);
}

static void top_k_top_p_and_min_p_leave_the_most_probable(void **state)
{
    (void)state;
    /* probabilities at temperature 1: ids 1, 3: 0.398; 2: 0.146; 0: 0.054; 5: 0.020; 4: 0.007 */
    assert_int_equal(seen_ids((struct assay_sampling){.temperature = 1}), 0x3f);
    assert_int_equal(seen_ids((struct assay_sampling){.temperature = 1, .top_k = 1}), 1 << 1);
    assert_int_equal(seen_ids((struct assay_sampling){.temperature = 1, .top_k = 3}), 1 << 1 | 1 << 3 | 1 << 2);
    assert_int_equal(seen_ids((struct assay_sampling){.temperature = 1, .top_p = 0.3}), 1 << 1);
    assert_int_equal(seen_ids((struct assay_sampling){.temperature = 1, .top_p = 0.5}), 1 << 1 | 1 << 3);
    assert_int_equal(seen_ids((struct assay_sampling){.temperature = 1, .top_p = 0.8}), 1 << 1 | 1 << 3 | 1 << 2);
    assert_int_equal(seen_ids((struct assay_sampling){.temperature = 1, .min_p = 0.3}), 1 << 1 | 1 << 3 | 1 << 2);
    assert_int_equal(seen_ids((struct assay_sampling){.temperature = 1, .top_k = 4, .top_p = 0.999, .min_p = 0.2}),
                     1 << 1 | 1 << 3 | 1 << 2);
    /* top-p is of what top-k left: of ids 1 and 3 each has a half */
    assert_int_equal(seen_ids((struct assay_sampling){.temperature = 1, .top_k = 2, .top_p = 0.5}), 1 << 1);
}

/* The plain definition: sort by probability and id, walk until the sum of probabilities passes u. */
static int32_t by_definition(const float *logits, size_t count, double temperature, double u)
{
    double weights[64], sum = 0, below = 0;
    bool is_used[64] = {false};
    int32_t last = 0;
    for (size_t i = 0; i < count; i++) {
        weights[i] = exp(((double)logits[i] - 3) / temperature);
        sum += weights[i];
    }
    for (size_t n = 0; n < count; n++) {
        size_t best = count;
        for (size_t i = 0; i < count; i++) {
            best = !is_used[i] && (best == count || weights[i] > weights[best]) ? i : best;
        }
        is_used[best] = true;
        below += weights[best];
        last = (int32_t)best;
        if (u * sum < below) {
            break;
        }
    }
    return last;
}

static void draws_are_those_of_the_seed_and_of_the_definition(void **state)
{
    (void)state;
    struct assay_rng rng;
    struct assay_sampler *sampler = make((struct assay_sampling){.temperature = 0.7, .seed = 99}, COUNT);
    assay_rng_seed_plain(&rng, 99);
    for (int i = 0; i < 500; i++) {
        double u = (double)(assay_rng_u64(&rng) >> 11) * 0x1p-53;
        assert_int_equal(assay_sampler_pick(sampler, LOGITS), by_definition(LOGITS, COUNT, 0.7, u));
    }
    assay_sampler_free(sampler);
}

static void a_seed_gives_the_ids_that_it_gave_before(void **state)
{
    (void)state;
    static const int32_t GOLDEN[12] = {1, 1, 3, 3, 2, 3, 3, 1, 0, 1, 1, 1}; /* by another program */
    struct assay_sampler *sampler = make((struct assay_sampling){.temperature = 0.8, .top_k = 4, .seed = 7}, COUNT);
    for (int i = 0; i < 12; i++) {
        assert_int_equal(assay_sampler_pick(sampler, LOGITS), GOLDEN[i]);
    }
    assay_sampler_free(sampler);
}

static void a_penalty_falls_on_what_was_seen_and_ends_with_the_window(void **state)
{
    (void)state;
    struct assay_sampler *sampler =
        make((struct assay_sampling){.temperature = 0, .repeat_penalty = 2, .repeat_last = 2}, COUNT);
    assay_sampler_saw(sampler, 1);
    assert_int_equal(assay_sampler_pick(sampler, LOGITS), 3); /* 1 has 1.5 now */
    assay_sampler_saw(sampler, 3);
    assert_int_equal(assay_sampler_pick(sampler, LOGITS), 2);
    assay_sampler_saw(sampler, 2); /* 1 leaves the window */
    assert_int_equal(assay_sampler_pick(sampler, LOGITS), 1);
    assay_sampler_free(sampler);
    const float negative[2] = {-1, -1.5F};
    sampler = make((struct assay_sampling){.temperature = 0, .repeat_penalty = 2}, 2);
    assay_sampler_saw(sampler, 0);
    assert_int_equal(assay_sampler_pick(sampler, negative), 1); /* -1 becomes -2 */
    assay_sampler_free(sampler);
}

static void numbers_out_of_range_are_refused_by_name(void **state)
{
    (void)state;
    static const struct assay_sampling WRONG[] = {{.temperature = -1},     {.temperature = NAN},
                                                  {.top_p = 1.5},          {.min_p = -0.1},
                                                  {.repeat_penalty = 1e9}, {.repeat_last = 1 << 20}};
    static const char *const NAMES[] = {"temperature", "temperature",    "top-p",
                                        "min-p",       "repeat-penalty", "repeat-last"};
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        struct assay_sampler *sampler = NULL;
        assay_err err = {0};
        assert_int_equal(assay_sampler_new(&WRONG[i], COUNT, &sampler, &err), ASSAY_USAGE);
        assert_non_null(strstr(err.message, NAMES[i]));
    }
}

static void the_best_and_their_logarithms_are_those_of_the_softmax(void **state)
{
    (void)state;
    int32_t best[4];
    double sum = 0;
    assay_sampler_best(LOGITS, COUNT, 4, best);
    const int32_t expected[4] = {1, 3, 2, 0};
    assert_memory_equal(best, expected, sizeof expected);
    for (int32_t i = 0; i < COUNT; i++) {
        sum += exp(assay_sampler_logprob(LOGITS, COUNT, i));
    }
    assert_true(fabs(sum - 1) < 1e-12);
}

/* ---- stream ------------------------------------------------------------------------------------------------------*/

static void push_all(const char *const *pieces, size_t pieces_count, const char *const *stops, size_t stops_count,
                     char *out)
{
    struct assay_stream stream;
    struct assay_slice slices[4];
    for (size_t i = 0; i < stops_count; i++) {
        slices[i] = assay_slice_of(stops[i]);
    }
    assert_int_equal(assay_stream_init(&stream, slices, stops_count, NULL), ASSAY_OK);
    size_t at = 0;
    for (size_t i = 0; i < pieces_count; i++) {
        struct assay_slice ready = assay_stream_push(&stream, assay_slice_of(pieces[i]));
        assert_int_equal(assay_utf8_valid_prefix(ready.data, ready.len), ready.len);
        at += (size_t)snprintf(out + at, 100, "%.*s|", (int)ready.len, ready.data);
    }
    struct assay_slice rest = assay_stream_end(&stream);
    (void)snprintf(out + at, 100, "%.*s%s", (int)rest.len, rest.data, stream.is_stopped ? "!" : "");
    assay_stream_done(&stream);
}

static void half_characters_and_stop_strings_are_held_back(void **state)
{
    (void)state;
    static const struct {
        const char *pieces[4], *stops[2], *out;
    } CASES[] = {
        {{"a", "\xc3", "\xa4", "b"}, {NULL}, "a||\xc3\xa4|b|"},
        {{"\xf0\x9f", "\x98", "\x80", "."}, {NULL}, "||\xf0\x9f\x98\x80|.|"},
        {{"a\xff", "b", "\xe2\x82", ""}, {NULL}, "a\xef\xbf\xbd|b|||\xef\xbf\xbd\xef\xbf\xbd"},
        {{"one ST", "OP two", "three", ""}, {"STOP"}, "one ||||!"},
        {{"one ST", "ART", "", ""}, {"STOP"}, "one |START|||"},
        {{"aab", "", "", ""}, {"ab", "b"}, "a||||!"},
        {{"abc", "x", "", ""}, {"abcdef", "c"}, "ab||||!"},
        {{"xab", "c", "de", ""}, {"abcd"}, "x||||!"},
        {{"aa", "aab", "", ""}, {"aab"}, "|aa|||!"},
        {{"end\xe2", "\x82\xac", "", ""}, {"\xe2\x82\xac"}, "end||||!"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char out[500];
        size_t stops = CASES[i].stops[1] ? 2 : CASES[i].stops[0] ? 1 : 0;
        push_all(CASES[i].pieces, 4, CASES[i].stops, stops, out);
        assert_string_equal(out, CASES[i].out);
    }
}

static void stop_strings_have_a_size_and_a_number(void **state)
{
    (void)state;
    struct assay_stream stream;
    struct assay_slice empty = ASSAY_SLICE(""), many[ASSAY_STREAM_STOPS_MAX + 1];
    for (size_t i = 0; i <= ASSAY_STREAM_STOPS_MAX; i++) {
        many[i] = ASSAY_SLICE("x");
    }
    assert_int_equal(assay_stream_init(&stream, &empty, 1, NULL), ASSAY_USAGE);
    assert_int_equal(assay_stream_init(&stream, many, ASSAY_STREAM_STOPS_MAX + 1, NULL), ASSAY_USAGE);
    assert_int_equal(assay_stream_init(&stream, many, ASSAY_STREAM_STOPS_MAX, NULL), ASSAY_OK);
    assay_stream_done(&stream);
}

/* ---- drafts ------------------------------------------------------------------------------------------------------*/

static void a_draft_is_what_followed_the_last_tokens_before(void **state)
{
    (void)state;
    static const int32_t IDS[] = {5, 1, 2, 3, 9, 9, 1, 2, 4, 8, 7, 1, 2};
    int32_t found[4];
    assert_int_equal(assay_draft_find(IDS, 13, 4, found), 4);
    const int32_t expected[] = {4, 8, 7, 1}; /* the latest place where 1 2 stood */
    assert_memory_equal(found, expected, sizeof expected);
    assert_int_equal(assay_draft_find(IDS, 13, 2, found), 2);
    assert_int_equal(assay_draft_find(IDS, 5, 4, found), 0);
    for (size_t count = 0; count < 3; count++) {
        assert_int_equal(assay_draft_find(IDS, count, 4, found), 0);
    }
    static const int32_t SAME[] = {6, 6, 6, 6};
    assert_int_equal(assay_draft_find(SAME, 4, 4, found), 1);
    assert_int_equal(found[0], 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(greedy_takes_the_largest_and_the_lowest_id_of_a_tie),
        cmocka_unit_test(top_k_top_p_and_min_p_leave_the_most_probable),
        cmocka_unit_test(draws_are_those_of_the_seed_and_of_the_definition),
        cmocka_unit_test(a_seed_gives_the_ids_that_it_gave_before),
        cmocka_unit_test(a_penalty_falls_on_what_was_seen_and_ends_with_the_window),
        cmocka_unit_test(numbers_out_of_range_are_refused_by_name),
        cmocka_unit_test(the_best_and_their_logarithms_are_those_of_the_softmax),
        cmocka_unit_test(half_characters_and_stop_strings_are_held_back),
        cmocka_unit_test(stop_strings_have_a_size_and_a_number),
        cmocka_unit_test(a_draft_is_what_followed_the_last_tokens_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
