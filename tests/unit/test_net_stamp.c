#include "net/net.h"

#include "net/facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define OFFSET UINT64_C(1700000000000000000)

static struct assay_clock_pair reading(uint64_t mono_ns, uint64_t width_ns, uint64_t offset_ns)
{
    return (struct assay_clock_pair){mono_ns, mono_ns + width_ns / 2 + offset_ns, mono_ns + width_ns};
}

static void a_stamp_moves_to_the_monotonic_clock_within_half_the_bracket(void **state)
{
    (void)state;
    struct assay_net_clock_map map;
    assay_net_clock_map_init(&map, reading(1000000, 200, OFFSET));
    struct assay_net_stamp stamp = assay_net_clock_map_stamp(&map, 900000 + OFFSET);
    assert_in_range(stamp.ns, 900000 - 100, 900000 + 100);
    assert_int_equal(stamp.uncertainty_ns, 100);
}

static void more_readings_narrow_the_uncertainty_and_none_widens_it(void **state)
{
    (void)state;
    struct assay_net_clock_map map;
    assay_net_clock_map_init(&map, reading(1000000, 200, OFFSET));
    assert_true(assay_net_clock_map_add(&map, reading(2000000, 40, OFFSET)));
    assert_true(assay_net_clock_map_add(&map, reading(3000000, 900000, OFFSET))); /* preempted between the reads */
    struct assay_net_stamp stamp = assay_net_clock_map_stamp(&map, 2500000 + OFFSET);
    assert_int_equal(stamp.uncertainty_ns, 20);
    assert_in_range(stamp.ns, 2500000 - 20, 2500000 + 20);
}

static void a_clock_step_makes_the_stamps_around_it_absent(void **state)
{
    (void)state;
    static const int64_t STEPS[] = {1000000, -1000000};
    for (size_t i = 0; i < 2; i++) {
        uint64_t moved = OFFSET + (uint64_t)STEPS[i];
        struct assay_net_clock_map map;
        assay_net_clock_map_init(&map, reading(10000000, 100, OFFSET));
        assert_false(assay_net_clock_map_add(&map, reading(20000000, 100, moved)));
        assert_int_equal(map.steps_count, 1);
        assert_int_equal(map.steps[0].from_ns, 10000100);
        assert_int_equal(map.steps[0].to_ns, 20000100);
        assert_true(assay_net_clock_map_add(&map, reading(30000000, 100, moved)));
        /* taken before the step, after it but before the reading that found it, and well after */
        assert_int_equal(assay_net_clock_map_stamp(&map, 19500000 + OFFSET).ns, ASSAY_NS_ABSENT);
        assert_int_equal(assay_net_clock_map_stamp(&map, 19900000 + moved).ns, ASSAY_NS_ABSENT);
        assert_in_range(assay_net_clock_map_stamp(&map, 25000000 + moved).ns, 25000000 - 50, 25000000 + 50);
    }
}

static void a_stamp_of_the_future_or_of_nothing_is_absent(void **state)
{
    (void)state;
    struct assay_net_clock_map map;
    assay_net_clock_map_init(&map, reading(1000000, 100, OFFSET));
    assert_int_equal(assay_net_clock_map_stamp(&map, 2000000 + OFFSET).ns, ASSAY_NS_ABSENT);
    assert_int_equal(assay_net_clock_map_stamp(&map, 0).ns, ASSAY_NS_ABSENT);
}

static void many_steps_end_as_one_long_bad_interval(void **state)
{
    (void)state;
    struct assay_net_clock_map map;
    assay_net_clock_map_init(&map, reading(0, 100, OFFSET));
    for (uint64_t i = 1; i <= 3 * ASSAY_NET_STEPS_MAX; i++) {
        assert_false(assay_net_clock_map_add(&map, reading(i * 1000000, 100, OFFSET + i * 10000)));
    }
    assert_int_equal(map.steps_count, ASSAY_NET_STEPS_MAX);
    assert_int_equal(map.steps[ASSAY_NET_STEPS_MAX - 1].to_ns, 3 * ASSAY_NET_STEPS_MAX * UINT64_C(1000000) + 100);
}

static void the_real_clocks_of_this_machine_do_not_step_from_reading_to_reading(void **state)
{
    (void)state;
    struct assay_net_clock_map map;
    assay_net_clock_map_init(&map, assay_clock_read_pair());
    for (int i = 0; i < 10000; i++) {
        assert_true(assay_net_clock_map_add(&map, assay_clock_read_pair()));
    }
    uint64_t before = assay_clock_mono_ns();
    uint64_t real = assay_clock_real_ns();
    uint64_t after = assay_clock_mono_ns();
    (void)assay_net_clock_map_add(&map, assay_clock_read_pair());
    struct assay_net_stamp stamp = assay_net_clock_map_stamp(&map, real);
    assert_in_range(stamp.ns, before - stamp.uncertainty_ns - 1, after + stamp.uncertainty_ns + 1);
}

static struct assay_net_segment segment(uint64_t rx_ns, uint64_t before_ns, uint32_t left_bytes)
{
    return (struct assay_net_segment){.left_bytes = left_bytes,
                                      .rx = {rx_ns, rx_ns == ASSAY_NS_ABSENT ? 0 : 7},
                                      .user_before_ns = before_ns,
                                      .user_after_ns = before_ns + 10};
}

static void assert_arrival(struct assay_net_arrival arrival, uint64_t lo_ns, uint64_t hi_ns, enum assay_net_quality tag)
{
    assert_int_equal(arrival.lo_ns, lo_ns);
    assert_int_equal(arrival.hi_ns, hi_ns);
    assert_int_equal(arrival.quality, tag);
}

static void the_table_of_arrivals_holds(void **state)
{
    (void)state;
    struct assay_net_timeline timeline;
    assay_net_timeline_start(&timeline, 1000);

    struct assay_net_segment s = segment(1500, 1600, 0);
    assay_net_timeline_read(&timeline, &s);
    assert_arrival(assay_net_timeline_arrival(&timeline, &s, 0), 1493, 1507, ASSAY_NET_EXACT);
    assert_arrival(assay_net_timeline_arrival(&timeline, &s, 3), 1000, 1500, ASSAY_NET_BOUNDED);

    s = segment(2500, 2600, 40); /* bytes were left in the queue */
    assay_net_timeline_read(&timeline, &s);
    assert_arrival(assay_net_timeline_arrival(&timeline, &s, 0), 1600, 2500, ASSAY_NET_BOUNDED);

    s = segment(2700, 2800, 0); /* the read before left something: lo is that of the one before it */
    assay_net_timeline_read(&timeline, &s);
    assert_arrival(assay_net_timeline_arrival(&timeline, &s, 1), 1600, 2700, ASSAY_NET_BOUNDED);

    s = segment(ASSAY_NS_ABSENT, 3000, 0);
    assay_net_timeline_read(&timeline, &s);
    assert_arrival(assay_net_timeline_arrival(&timeline, &s, 0), 2800, 3010, ASSAY_NET_UNKNOWN);
}

static void a_reordered_stamp_is_raised_to_the_running_maximum(void **state)
{
    (void)state;
    struct assay_net_timeline timeline;
    assay_net_timeline_start(&timeline, 1000);
    struct assay_net_segment s = segment(5000, 5100, 0);
    assay_net_timeline_read(&timeline, &s);
    s = segment(4000, 5200, 0);
    assay_net_timeline_read(&timeline, &s);
    assert_arrival(assay_net_timeline_arrival(&timeline, &s, 0), 4993, 5007, ASSAY_NET_EXACT);
}

static void without_tcp_inq_nothing_is_exact(void **state)
{
    (void)state;
    struct assay_net_timeline timeline;
    assay_net_timeline_start(&timeline, 1000);
    struct assay_net_segment s = segment(1500, 1600, ASSAY_NET_LEFT_UNKNOWN);
    assay_net_timeline_read(&timeline, &s);
    assert_arrival(assay_net_timeline_arrival(&timeline, &s, 0), 1000, 1500, ASSAY_NET_BOUNDED);
}

static void the_first_departure_counts_and_further_ones_are_retransmissions(void **state)
{
    (void)state;
    struct assay_net_facts facts = {.tx = ASSAY_NET_STAMP_ABSENT, .tx_ack = ASSAY_NET_STAMP_ABSENT};
    assay_net_facts_take_stamp(&facts, ASSAY_NET_TX_SND, (struct assay_net_stamp){100, 1});
    assay_net_facts_take_stamp(&facts, ASSAY_NET_TX_SND, (struct assay_net_stamp){300, 1});
    assay_net_facts_take_stamp(&facts, ASSAY_NET_TX_ACK, (struct assay_net_stamp){400, 1});
    assert_int_equal(facts.tx.ns, 100);
    assert_int_equal(facts.tx_ack.ns, 400);
    assert_int_equal(facts.retransmissions, 1);
}

static void a_start_without_a_stamp_is_bounded_by_the_earlier_of_ack_and_first_byte(void **state)
{
    (void)state;
    struct assay_net_facts facts = {.send_enter_ns = 50,
                                    .tx = ASSAY_NET_STAMP_ABSENT,
                                    .tx_ack = {90, 1},
                                    .first_byte = {70, 80, ASSAY_NET_EXACT},
                                    .end_ns = 1000};
    assert_arrival(assay_net_facts_start(&facts), 50, 80, ASSAY_NET_BOUNDED);
    facts.first_byte = ASSAY_NET_ARRIVAL_ABSENT;
    assert_arrival(assay_net_facts_start(&facts), 50, 90, ASSAY_NET_BOUNDED);
    facts.tx_ack = ASSAY_NET_STAMP_ABSENT;
    assert_arrival(assay_net_facts_start(&facts), 50, 1000, ASSAY_NET_BOUNDED);
    facts.tx = (struct assay_net_stamp){60, 3};
    assert_arrival(assay_net_facts_start(&facts), 57, 63, ASSAY_NET_EXACT);
    facts = (struct assay_net_facts){.tx = ASSAY_NET_STAMP_ABSENT, .send_enter_ns = ASSAY_NS_ABSENT};
    assert_int_equal(assay_net_facts_start(&facts).hi_ns, ASSAY_NS_ABSENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stamp_moves_to_the_monotonic_clock_within_half_the_bracket),
        cmocka_unit_test(more_readings_narrow_the_uncertainty_and_none_widens_it),
        cmocka_unit_test(a_clock_step_makes_the_stamps_around_it_absent),
        cmocka_unit_test(a_stamp_of_the_future_or_of_nothing_is_absent),
        cmocka_unit_test(many_steps_end_as_one_long_bad_interval),
        cmocka_unit_test(the_real_clocks_of_this_machine_do_not_step_from_reading_to_reading),
        cmocka_unit_test(the_table_of_arrivals_holds),
        cmocka_unit_test(a_reordered_stamp_is_raised_to_the_running_maximum),
        cmocka_unit_test(without_tcp_inq_nothing_is_exact),
        cmocka_unit_test(the_first_departure_counts_and_further_ones_are_retransmissions),
        cmocka_unit_test(a_start_without_a_stamp_is_bounded_by_the_earlier_of_ack_and_first_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
