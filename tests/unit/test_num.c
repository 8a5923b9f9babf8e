#include "base/num.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Texts from CPython's repr, an independent implementation (David Gay's), respelled as ECMAScript does. The rows after
 * the named ones are powers of two for which rounding to 16 digits does not read back, and random bit patterns. */
static void the_shortest_decimal_is_that_of_an_independent_implementation(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } CASES[] = {
        {0x1.0000000000000p+0, "1"},
        {-0x1.8000000000000p+0, "-1.5"},
        {0x1.999999999999ap-4, "0.1"},
        {0x1.3333333333334p-2, "0.30000000000000004"},
        {0x1.5555555555555p-2, "0.3333333333333333"},
        {0x1.0000000000000p-44, "5.684341886080802e-14"},
        {0x0.0000000000001p-1022, "5e-324"},
        {0x1.0000000000000p-1022, "2.2250738585072014e-308"},
        {0x0.fffffffffffffp-1022, "2.225073858507201e-308"},
        {0x1.fffffffffffffp+1023, "1.7976931348623157e+308"},
        {0x1.fffffffffffffp+52, "9007199254740991"},
        {0x1.0000000000000p+53, "9007199254740992"},
        {0x1.5af1d78b58c40p+66, "100000000000000000000"},
        {0x1.b1ae4d6e2ef50p+69, "1e+21"},
        {0x1.ac53a7e04bcdap+66, "123456789012345680000"},
        {0x1.52d02c7e14af6p+76, "1e+23"},
        {0x1.fe07017c01026p-21, "9.5e-7"},
        {0x1.0c6f7a0b5ed8dp-20, "0.000001"},
        {0x1.ad7f29abcaf48p-24, "1e-7"},
        {0x1.6b082c2148b8ep-60, "1.23e-18"},
        {0x1.1666666666666p+2, "4.35"},
        {0x1.3333333333333p-2, "0.3"},
        {0x1.0f0cf064dd592p+73, "1e+22"},
        {0x1.0c6f7a0b5ed8dp-21, "5e-7"},
        {0x0.0000000000002p-1022, "1e-323"},
        {0x1.0000000000000p-1021, "4.450147717014403e-308"},
        {0x1.0000000000000p-500, "3.054936363499605e-151"},
        {0x1.0000000000000p-100, "7.888609052210118e-31"},
        {0x1.0000000000000p-60, "8.673617379884035e-19"},
        {0x1.0000000000000p-30, "9.313225746154785e-10"},
        {0x1.0000000000000p-20, "9.5367431640625e-7"},
        {0x1.0000000000000p+54, "18014398509481984"},
        {0x1.0000000000000p+63, "9223372036854776000"},
        {0x1.0000000000000p+64, "18446744073709552000"},
        {0x1.0000000000000p+65, "36893488147419103000"},
        {0x1.0000000000000p+70, "1.1805916207174113e+21"},
        {0x1.0000000000000p+89, "6.189700196426902e+26"},
        {0x1.0000000000000p+100, "1.2676506002282294e+30"},
        {0x1.0000000000000p+200, "1.6069380442589903e+60"},
        {0x1.0000000000000p+500, "3.273390607896142e+150"},
        {0x1.0000000000000p+1023, "8.98846567431158e+307"},
        {0x1.0000000000000p-1017, "7.120236347223045e-307"},
        {0x1.0000000000000p-1007, "7.291122019556398e-304"},
        {0x1.0000000000000p-957, "8.209073602596753e-289"},
        {0x1.0000000000000p-921, "5.641232424577593e-278"},
        {0x1.0000000000000p-808, "5.858190679279809e-244"},
        {0x1.0000000000000p-791, "7.678447687145631e-239"},
        {0x1.0000000000000p-788, "6.142758149716505e-238"},
        {0x1.0000000000000p-778, "6.290184345309701e-235"},
        {0x1.0000000000000p-705, "5.940911144672375e-213"},
        {0x1.0000000000000p-695, "6.083493012144512e-210"},
        {0x1.0000000000000p-662, "5.225680706521042e-200"},
        {0x1.0000000000000p-652, "5.351097043477547e-197"},
        {0x1.0000000000000p-645, "6.84940421565126e-195"},
        {0x1.0000000000000p-569, "5.17526350329881e-172"},
        {0x1.0000000000000p-549, "5.426657103235053e-166"},
        {0x1.0000000000000p-509, "5.966672584960166e-154"},
        {0x1.0000000000000p-499, "6.10987272699921e-151"},
        {0x1.0000000000000p-496, "4.887898181599368e-150"},
        {0x1.0000000000000p-489, "6.256509672447191e-148"},
        {0x1.0000000000000p-383, "5.075883674631299e-116"},
        {0x1.0000000000000p-366, "6.653062250012736e-111"},
        {0x1.0000000000000p-296, "7.854549544476363e-90"},
        {0x1.0000000000000p-140, "7.174648137343064e-43"},
        {0x1.0000000000000p-97, "6.310887241768095e-30"},
        {0x1.0000000000000p-77, "6.617444900424222e-24"},
        {0x1.0000000000000p-24, "5.960464477539063e-8"},
        {0x1.0000000000000p+122, "5.316911983139664e+36"},
        {0x1.0000000000000p+132, "5.444517870735016e+39"},
        {0x1.0000000000000p+149, "7.1362384635298e+44"},
        {-0x1.74de452e6b438p+811, "-1.989032661366619e+244"},
        {0x1.3270e269e0d37p+594, "7.761117632285041e+178"},
        {0x1.c7fd0a6a3a450p-826, "3.980498358697587e-249"},
        {-0x1.f0824128b2f33p+292, "-1.5432835417340557e+88"},
        {0x1.8e811892f902bp-638, "1.3647584518757569e-192"},
        {-0x1.1985d5d9dc9f8p-684, "-1.3701135617873088e-206"},
        {-0x1.25d940ed90475p+655, "-1.7160537630466207e+197"},
        {0x1.675cc81e74ef5p-144, "6.294675241195386e-44"},
        {0x1.0a35a099950d8p-671, "1.0613447212142254e-202"},
        {0x1.d549b6f03675ap+689, "4.708325160387546e+207"},
        {0x1.c172411e20b8fp-38, "6.387016158513563e-12"},
        {-0x1.16ece1738f7d9p-814, "-9.973130378568733e-246"},
        {0x1.1ddb66cad4a26p-781, "8.779753225680271e-236"},
        {-0x1.192cfd3ac94afp-755, "-5.795503248498993e-228"},
        {-0x1.c105d1fb17c23p+809, "-5.988180159386011e+243"},
        {-0x1.0b33839263059p-488, "-1.306052388527796e-147"},
        {-0x1.f48f1a09f76b5p-684, "-2.436117699484841e-206"},
        {0x1.630f1f29d0da9p-770, "2.233386999150174e-232"},
        {-0x1.60af593bd04cfp-673, "-3.51527970626667e-203"},
        {0x1.1e29c658cda14p-820, "1.5987381841032883e-247"},
        {0x1.8d190f9ebdaccp-118, "4.6678633181812096e-36"},
        {-0x1.1973e0becd7b0p-791, "-8.441872792105456e-239"},
        {0x1.7beaddbc496cbp-478, "1.9015657400796622e-144"},
        {0x1.cb2424a23d596p+693, "7.370437700706684e+208"},
        {-0x1.a63ec24ede6a4p-857, "-1.7163996725272777e-258"},
        {-0x1.766581e27a1c0p-733, "-3.2367190832119987e-221"},
        {-0x1.d05584ef8aa38p-777, "-2.2818334634712625e-234"},
        {-0x1.7ba94d0eda82fp-278, "-3.0536383926309363e-84"},
        {0x1.1dbe22e44158bp-601, "1.3449551894627777e-181"},
        {-0x1.a736994e3bf91p-732, "-7.317495976062606e-221"},
        {0x1.850c5a38fd547p-254, "5.249822308814304e-77"},
        {0x1.135d25f557203p-624, "1.5450754142984396e-188"},
        {-0x1.ce4228c38fb29p-155, "-3.953625698224792e-47"},
        {-0x1.a70c31012f037p-760, "-2.72491267476498e-229"},
        {-0x1.769b10f4205b4p-536, "-6.505141861548772e-162"},
        {0x1.5052434b9b5dfp+1010, "1.441484839555994e+304"},
        {-0x1.ed162ae2eb154p-894, "-1.4583679262758548e-269"},
        {-0x1.877186d76b07ep+112, "-7.939416668807721e+33"},
        {0x1.1af10506bf2efp+884, "1.4255183989699612e+266"},
        {-0x1.6a78795e761d1p+711, "-1.525315701232403e+214"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char text[ASSAY_NUM_TEXT_BYTES];
        size_t len = assay_num_print_shortest(CASES[i].value, text);
        assert_string_equal(text, CASES[i].text);
        assert_int_equal(len, strlen(text));
    }
}

static void minus_zero_is_written_as_zero(void **state)
{
    (void)state;
    char text[ASSAY_NUM_TEXT_BYTES];
    assert_int_equal(assay_num_print_shortest(-0.0, text), 1);
    assert_string_equal(text, "0");
}

/* Every power of two and its neighbours: where the spacing of binary64s changes. */
static void the_shortest_decimal_reads_back(void **state)
{
    (void)state;
    for (int exponent = -1074; exponent < 1024; exponent++) {
        double power = ldexp(1, exponent);
        const double values[] = {nextafter(power, 0), power, nextafter(power, HUGE_VAL)};
        for (size_t i = 0; i < 3; i++) {
            char text[ASSAY_NUM_TEXT_BYTES];
            (void)assay_num_print_shortest(values[i], text);
            assert_true(assay_num_strtod_c(text) == values[i]);
        }
    }
}

static void a_whole_number_is_read_up_to_its_limit(void **state)
{
    (void)state;
    uint64_t value = 0;
    assay_err err = {0};
    assert_int_equal(assay_num_u64(ASSAY_SLICE("18446744073709551615"), "n", UINT64_MAX, &value, &err), ASSAY_OK);
    assert_true(value == UINT64_MAX);
    static const char *const WRONG[] = {"", "-1", "+1", "1 ", " 1", "0x10", "1e3", "18446744073709551616", "101"};
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        uint64_t max = strcmp(WRONG[i], "101") == 0 ? 100 : UINT64_MAX;
        assert_int_equal(assay_num_u64(assay_slice_of(WRONG[i]), "n", max, &value, &err), ASSAY_MALFORMED);
        assert_true(value == UINT64_MAX);
    }
}

static void a_decimal_is_read_whole_and_finite(void **state)
{
    (void)state;
    double value = 0;
    assay_err err = {0};
    assert_int_equal(assay_num_double(ASSAY_SLICE("-12.5e-1"), "x", &value, &err), ASSAY_OK);
    assert_true(value == -1.25);
    static const char *const WRONG[] = {"",   "nan", "inf",   "0x1p3", "1,5", "1.",  ".5",
                                        "1e", "--1", "1e999", " 1",    "1 ",  "1.5x"};
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        assert_int_equal(assay_num_double(assay_slice_of(WRONG[i]), "x", &value, &err), ASSAY_MALFORMED);
        assert_true(value == -1.25);
    }
}

static void durations_are_exact_nanoseconds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ns;
    } CASES[] = {
        {"250ms", 250000000},
        {"1.5s", 1500000000},
        {"2m30s", UINT64_C(150000000000)},
        {"1h", UINT64_C(3600000000000)},
        {"90", UINT64_C(90000000000)},
        {"0.1", 100000000},
        {"3us7ns", 3007},
        {"0", 0},
        {"1d", UINT64_C(86400000000000)},
        {"0.000000001s", 1},
        {"1.25us", 1250},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        uint64_t ns = 1;
        assert_int_equal(assay_num_duration(assay_slice_of(CASES[i].text), "t", &ns, NULL), ASSAY_OK);
        assert_int_equal(ns, CASES[i].ns);
    }
    static const char *const WRONG[] = {"",     "s",    "-1s",     "1y",   "30s2m", "2m30", "1.5ns",
                                        "1..s", "1s 2", "300000d", "1e3s", "1.s",   "2s2s"};
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        uint64_t ns = 1;
        assert_int_equal(assay_num_duration(assay_slice_of(WRONG[i]), "t", &ns, NULL), ASSAY_MALFORMED);
        assert_int_equal(ns, 1);
    }
}

static void sizes_take_si_and_binary_prefixes_as_written(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes;
    } CASES[] = {{"512", 512},        {"64KiB", 65536},
                 {"2GB", 2000000000}, {"1.5MiB", 1572864},
                 {"3B", 3},           {"0.1GiB", 107374182},
                 {"1kB", 1000},       {"16777215TiB", UINT64_MAX - ((UINT64_C(1) << 40) - 1)}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        uint64_t bytes = 1;
        assert_int_equal(assay_num_bytes(assay_slice_of(CASES[i].text), "size", &bytes, NULL), ASSAY_OK);
        assert_true(bytes == CASES[i].bytes);
    }
    static const char *const WRONG[] = {"", "KiB", "1K", "1 GiB", "-1", "16777216TiB", "1GiBx", "1GiB1MiB"};
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        uint64_t bytes = 1;
        assert_int_equal(assay_num_bytes(assay_slice_of(WRONG[i]), "size", &bytes, NULL), ASSAY_MALFORMED);
    }
}

static void a_percentage_and_its_ratio_are_the_same_number(void **state)
{
    (void)state;
    static const struct {
        const char *percent;
        double ratio;
    } CASES[] = {{"2%", 0.02}, {"0.1%", 0.001}, {"7%", 0.07}, {"0.02", 0.02}, {"100%", 1.0}, {"-5%", -0.05}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        double ratio = 0;
        assert_int_equal(assay_num_share(assay_slice_of(CASES[i].percent), "p", &ratio, NULL), ASSAY_OK);
        assert_true(ratio == CASES[i].ratio);
    }
    double ratio = 0;
    assert_int_equal(assay_num_share(ASSAY_SLICE("%"), "p", &ratio, NULL), ASSAY_MALFORMED);
    assert_int_equal(assay_num_share(ASSAY_SLICE("1e2%"), "p", &ratio, NULL), ASSAY_MALFORMED);
}

static void a_wrong_value_is_named_and_shown_safely(void **state)
{
    (void)state;
    uint64_t value;
    assay_err err = {0};
    (void)assay_num_u64(ASSAY_SLICE("1\x1b[2J"), "--requests", 10, &value, &err);
    assert_string_equal(err.message, "--requests is '1\\x1b[2J', not a whole number");
}

static void people_read_three_digits_and_a_unit(void **state)
{
    (void)state;
    static const struct {
        double ns;
        const char *text;
    } TIMES[] = {{0, "0 ns"},        {7, "7 ns"},       {12.34, "12.3 ns"},  {999.6, "1.00 us"}, {1240000, "1.24 ms"},
                 {37000, "37.0 us"}, {2.1e9, "2.10 s"}, {-1500, "-1.50 us"}, {3.6e12, "3600 s"}, {999499, "999 us"},
                 {9995, "10.0 us"},  {99950, "100 us"}, {INFINITY, "-"}};
    char text[ASSAY_NUM_TEXT_BYTES];
    for (size_t i = 0; i < sizeof TIMES / sizeof TIMES[0]; i++) {
        (void)assay_num_print_ns(TIMES[i].ns, text);
        assert_string_equal(text, TIMES[i].text);
    }
    (void)assay_num_print_bytes(3.2 * 1073741824.0, text);
    assert_string_equal(text, "3.20 GiB");
    (void)assay_num_print_bytes(1023, text);
    assert_string_equal(text, "1023 B");
    (void)assay_num_print_bytes(1024, text);
    assert_string_equal(text, "1.00 KiB");
    (void)assay_num_print_bytes(1023.9 * 1024, text);
    assert_string_equal(text, "1.00 MiB");
}

static void overflow_is_seen(void **state)
{
    (void)state;
    uint64_t value = 3;
    assert_false(assay_mul_u64(UINT64_C(1) << 32, UINT64_C(1) << 32, &value));
    assert_false(assay_add_u64(UINT64_MAX, 1, &value));
    assert_true(assay_mul_u64(6, 7, &value));
    assert_int_equal(value, 42);
}

static void an_order_is_minus_one_nothing_or_one(void **state)
{
    (void)state;
    static const uint64_t U[] = {0, 1, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX};
    static const int64_t I[] = {INT64_MIN, -1, 0, 1, INT64_MAX};
    for (int a = 0; a < 5; a++) {
        for (int b = 0; b < 5; b++) {
            int due = a < b ? -1 : a > b;
            assert_int_equal(assay_order_u64(U[a], U[b]), due);
            assert_int_equal(assay_order_i64(I[a], I[b]), due);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shortest_decimal_is_that_of_an_independent_implementation),
        cmocka_unit_test(minus_zero_is_written_as_zero),
        cmocka_unit_test(the_shortest_decimal_reads_back),
        cmocka_unit_test(a_whole_number_is_read_up_to_its_limit),
        cmocka_unit_test(a_decimal_is_read_whole_and_finite),
        cmocka_unit_test(durations_are_exact_nanoseconds),
        cmocka_unit_test(sizes_take_si_and_binary_prefixes_as_written),
        cmocka_unit_test(a_percentage_and_its_ratio_are_the_same_number),
        cmocka_unit_test(a_wrong_value_is_named_and_shown_safely),
        cmocka_unit_test(people_read_three_digits_and_a_unit),
        cmocka_unit_test(overflow_is_seen),
        cmocka_unit_test(an_order_is_minus_one_nothing_or_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
