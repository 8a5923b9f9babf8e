#include "record/arrival.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ABSENT ASSAY_NS_ABSENT

static struct assay_request request_of(const struct assay_segment *segments, size_t count)
{
    return (struct assay_request){.send_enter_ns = 90, .tx_ns = 100, .segments = segments, .segments_count = count};
}

static void a_read_that_ends_with_the_event_and_leaves_nothing_is_exact(void **state)
{
    (void)state;
    const struct assay_segment segments[] = {{.rx_ns = 500, .user_before_ns = 510, .user_after_ns = 520}};
    struct assay_request request = request_of(segments, 1);
    struct assay_arrival arrivals[1];
    assay_arrival_of_segments(&request, 7, arrivals);
    struct assay_arrival arrival = assay_arrival_of_chunk(&request, &(struct assay_chunk){.segment = 0}, arrivals);
    assert_int_equal(arrival.quality, ASSAY_QUALITY_EXACT);
    assert_int_equal(arrival.lo_ns, 493);
    assert_int_equal(arrival.hi_ns, 507);
}

static void an_event_that_others_follow_in_its_read_is_bounded_by_the_last_read_that_left_nothing(void **state)
{
    (void)state;
    const struct assay_segment segments[] = {
        {.rx_ns = 500, .user_before_ns = 510, .user_after_ns = 520},
        {.rx_ns = 600, .user_before_ns = 610, .user_after_ns = 620, .left_bytes = 9},
        {.rx_ns = 700, .user_before_ns = 710, .user_after_ns = 720},
    };
    struct assay_request request = request_of(segments, 3);
    struct assay_arrival arrivals[3];
    assay_arrival_of_segments(&request, 0, arrivals);
    assert_int_equal(arrivals[1].quality, ASSAY_QUALITY_BOUNDED);
    assert_int_equal(arrivals[1].lo_ns, 510);
    assert_int_equal(arrivals[1].hi_ns, 600);
    struct assay_chunk followed = {.segment = 2, .after_bytes = 4};
    struct assay_arrival arrival = assay_arrival_of_chunk(&request, &followed, arrivals);
    assert_int_equal(arrival.quality, ASSAY_QUALITY_BOUNDED);
    assert_int_equal(arrival.lo_ns, 510); /* the read at 610 left bytes, so it proves nothing */
    assert_int_equal(arrival.hi_ns, 700);
}

static void the_first_event_of_an_answer_is_not_older_than_the_request(void **state)
{
    (void)state;
    const struct assay_segment segments[] = {{.rx_ns = 500, .user_before_ns = 510, .user_after_ns = 520}};
    struct assay_request request = request_of(segments, 1);
    struct assay_arrival arrivals[1];
    assay_arrival_of_segments(&request, 0, arrivals);
    struct assay_chunk followed = {.segment = 0, .after_bytes = 1};
    assert_int_equal(assay_arrival_of_chunk(&request, &followed, arrivals).lo_ns, 90);
}

static void without_a_kernel_stamp_the_quality_is_unknown_and_user_space_bounds_it(void **state)
{
    (void)state;
    const struct assay_segment segments[] = {
        {.rx_ns = 500, .user_before_ns = 510, .user_after_ns = 520},
        {.rx_ns = ABSENT, .user_before_ns = 610, .user_after_ns = 620},
        {.rx_ns = 615, .user_before_ns = 700, .user_after_ns = 710}, /* what came later came before 620 */
        {.rx_ns = ABSENT, .user_before_ns = 800, .user_after_ns = 810},
    };
    struct assay_request request = request_of(segments, 4);
    struct assay_arrival arrivals[4];
    assay_arrival_of_segments(&request, 0, arrivals);
    assert_int_equal(arrivals[1].quality, ASSAY_QUALITY_UNKNOWN);
    assert_int_equal(arrivals[1].lo_ns, 510);
    assert_int_equal(arrivals[1].hi_ns, 615);
    assert_int_equal(arrivals[3].lo_ns, 700);
    assert_int_equal(arrivals[3].hi_ns, 810);
}

static void a_stamp_older_than_that_of_an_earlier_offset_is_raised(void **state)
{
    (void)state;
    const struct assay_segment segments[] = {
        {.rx_ns = 500, .user_before_ns = 510, .user_after_ns = 520},
        {.rx_ns = 450, .user_before_ns = 530, .user_after_ns = 540},
    };
    struct assay_request request = request_of(segments, 2);
    struct assay_arrival arrivals[2];
    assay_arrival_of_segments(&request, 0, arrivals);
    assert_int_equal(arrivals[1].hi_ns, 500);
    assert_int_equal(arrivals[1].quality, ASSAY_QUALITY_EXACT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_read_that_ends_with_the_event_and_leaves_nothing_is_exact),
        cmocka_unit_test(an_event_that_others_follow_in_its_read_is_bounded_by_the_last_read_that_left_nothing),
        cmocka_unit_test(the_first_event_of_an_answer_is_not_older_than_the_request),
        cmocka_unit_test(without_a_kernel_stamp_the_quality_is_unknown_and_user_space_bounds_it),
        cmocka_unit_test(a_stamp_older_than_that_of_an_earlier_offset_is_raised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
