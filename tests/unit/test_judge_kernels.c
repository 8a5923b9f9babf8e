/* Kernel entries of a statement (gates 315, 316, 336, 337; kernels.md 1.1 and 1.3): one entry, and one change of it. */
#include "judge/judge_room.h"

#include "base/mem.h"
#include "crypto/crypto.h"
#include "support/honest_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char TABLE[] = "other_gemv_i2s_ref exact exact true l2\n"
                            "tern_gemv_i2s_avx2 quantised bit false l1\n"
                            "tern_gemv_i2s_ref quantised exact true l3\n";

struct kernel_case {
    const char *entry; /* members that differ from the good entry's */
    unsigned gate;
    const char *pointer;
    enum assay_verdict verdict;
    const char *expected;
};

static json_t *good_entry(void)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:b,s:s,s:s,s:s,s:i}", "id", "tern_gemv_i2s_avx2", "arm", "a", "class",
                     "quantised", "isa", "avx2", "fallback", 0, "calls", "6", "elements", "600", "bytes", "1000", "ns",
                     900000);
}

struct desk {
    struct judge judge;
    struct assay_judgement out;
    struct assay_judge_input input;
};

/* A statement with these entries, made with our table unless `table` says otherwise. */
static void desk_init(struct desk *desk, json_t *entries, const char *table)
{
    struct assay_digest digest;
    char text[ASSAY_DIGEST_TEXT_BYTES];
    *desk = (struct desk){.out = {.tier = -1, .is_readable = true}};
    desk->judge = (struct judge){.out = &desk->out, .input = &desk->input};
    desk->input.kernel_table = (struct assay_judge_bytes){TABLE, strlen(TABLE)};
    assay_sha256_of(TABLE, strlen(TABLE), &digest);
    assay_digest_print(&digest, text);
    desk->judge.statement = json_pack(
        "{s:[{s:s},{s:s}],s:{s:{s:{s:i,s:i}},s:{s:s,s:i,s:i,s:o},s:[]}}", "subject", "name", "binary:x", "name",
        "kernel:ext_dot_f32_avx2", "predicate", "protocol", "clock", "readNs", 38, "resolutionNs", 1, "kernels",
        "tableSha256", table ? table : text, "wallNs", 6500000, "threads", 1, "entries", entries, "checks");
    assert_non_null(desk->judge.statement);
    assay_arena_init(&desk->out.arena, (size_t)1 << 20);
}

static void desk_done(struct desk *desk)
{
    json_decref(desk->judge.statement);
    assay_free(desk->judge.list);
    assay_arena_done(&desk->out.arena);
}

static json_t *changed(json_t *entry, const char *members)
{
    json_t *more = NULL;
    assert_int_equal(assay_json_read(members, strlen(members), &assay_json_limits_default, &more, NULL), ASSAY_OK);
    assert_int_equal(json_object_update(entry, more), 0);
    json_decref(more);
    return entry;
}

static void assert_case(struct desk *desk, const struct kernel_case *it)
{
    judge_kernels(&desk->judge);
    if (desk->judge.count != (it->gate ? 1 : 0)) {
        for (size_t i = 0; i < desk->judge.count; i++) {
            print_message("%u %s %s\n", desk->judge.list[i].gate, desk->judge.list[i].pointer,
                          desk->judge.list[i].expected);
        }
        fail_msg("%s: expected %u", it->entry, it->gate);
    }
    if (it->gate) {
        assert_int_equal(desk->judge.list[0].gate, it->gate);
        assert_int_equal(desk->judge.list[0].verdict, it->verdict);
        assert_string_equal(desk->judge.list[0].pointer, it->pointer);
        assert_string_equal(desk->judge.list[0].expected, it->expected);
    }
}

#define F ASSAY_VERDICT_FAIL
#define AT "/predicate/kernels/entries/1/"
#define PARTS "FAMILY_OPERATION_FORMAT_ISA"

static void an_entry_is_what_the_table_says_of_its_id(void **state)
{
    (void)state;
    static const struct kernel_case CASES[] = {
        {"{}", 0, NULL, 0, NULL},
        {"{\"class\":\"native\"}", 315, AT "class", F, "the class of the kernel table"},
        {"{\"isa\":\"avx512\"}", 315, AT "isa", F, "the last part of the id"},
        {"{\"isa\":\"i2s_avx2\"}", 315, AT "isa", F, "the last part of the id"},
        {"{\"fallback\":true}", 315, AT "fallback", F, "what the kernel table says"},
        {"{\"id\":\"tern_gemv_i2s_ref\",\"isa\":\"ref\",\"fallback\":true}", 0, NULL, 0, NULL},
        {"{\"id\":\"tern_gemv_i2s_ref\",\"isa\":\"ref\"}", 315, AT "fallback", F, "what the kernel table says"},
        {"{\"id\":\"other_gemv_i2s_ref\",\"isa\":\"ref\",\"class\":\"exact\",\"fallback\":true}", 0, NULL, 0, NULL},
        {"{\"id\":\"tern_gemv_i2s_avx\"}", 316, AT "id", F, "an id of the kernel table"},
        {"{\"id\":\"tern_gemv_i2s_avx22\"}", 316, AT "id", F, "an id of the kernel table"},
        {"{\"id\":\"tern_gemv_avx2\"}", 316, AT "id", F, PARTS},
        {"{\"id\":\"a_b_c_d_e\"}", 316, AT "id", F, PARTS},
        {"{\"id\":\"_b_c_d\"}", 316, AT "id", F, PARTS},
        {"{\"id\":\"a__c_d\"}", 316, AT "id", F, PARTS},
        {"{\"id\":\"a_b_c_\"}", 316, AT "id", F, PARTS},
        {"{\"id\":\"\"}", 316, AT "id", F, PARTS},
        {"{\"id\":\"A_b_c_d\"}", 316, AT "id", F, PARTS},
        {"{\"id\":\"a_b_c_d-\"}", 316, AT "id", F, PARTS},
        {"{\"id\":\"a_b_1c_d\"}", 316, AT "id", F, PARTS}, /* a part begins with a letter */
        {"{\"id\":\"a_b_c1_d\"}", 316, AT "id", F, "an id of the kernel table"},
        {"{\"id\":\"z_a_z_a\"}", 316, AT "id", F, "an id of the kernel table"},
        {"{\"id\":\"a_b_c0_d9\"}", 316, AT "id", F, "an id of the kernel table"},
        {"{\"id\":\"a_b_c/_d\"}", 316, AT "id", F, PARTS},
        {"{\"id\":\"a_b_c:_d\"}", 316, AT "id", F, PARTS},
        {"{\"id\":\"a_b_c`_d\"}", 316, AT "id", F, PARTS},
        {"{\"id\":\"a_b_c{_d\"}", 316, AT "id", F, PARTS},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct desk desk;
        desk_init(&desk, json_pack("[o,o]", good_entry(), changed(good_entry(), CASES[i].entry)), NULL);
        assert_case(&desk, &CASES[i]);
        desk_done(&desk);
    }
}

static void an_unknown_id_of_another_build_is_undecided(void **state)
{
    (void)state;
    static const struct kernel_case CASE = {"{\"id\":\"a_b_c_d\"}", 316, AT "id", ASSAY_VERDICT_UNDECIDED,
                                            "an id of this build's kernel table"};
    for (int kind = 0; kind < 3; kind++) {
        struct desk desk;
        desk_init(&desk, json_pack("[o,o]", good_entry(), changed(good_entry(), CASE.entry)),
                  kind == 0 ? "6b1f0c4e8a2d5937b0e4c1a86f93d27e5c08ab14d3f6927e01c5b8a4f7d2e360" : NULL);
        if (kind == 1) { /* no table of ours: nothing is known */
            desk.input.kernel_table.data = NULL;
            desk.input.kernel_table.len = 0;
            judge_kernels(&desk.judge);
            assert_int_equal(desk.judge.count, 2);
            assert_int_equal(desk.judge.list[0].verdict, ASSAY_VERDICT_UNDECIDED);
            assert_string_equal(desk.judge.list[0].found, "tern_gemv_i2s_avx2");
        } else if (kind == 2) { /* the statement says nothing of its table */
            (void)json_object_del(json_object_get(json_object_get(desk.judge.statement, "predicate"), "kernels"),
                                  "tableSha256");
            assert_case(&desk, &CASE);
        } else {
            assert_case(&desk, &CASE);
            assert_string_equal(desk.judge.list[0].found, "a_b_c_d");
        }
        desk_done(&desk);
    }
}

static void what_was_refused_as_a_field_is_not_refused_again(void **state)
{
    (void)state;
    static const struct kernel_case NONE = {"{\"class\":\"native\"}", 0, NULL, 0, NULL};
    struct desk desk;
    desk_init(&desk, json_pack("[o,o]", good_entry(), changed(good_entry(), NONE.entry)), NULL);
    judge_add(&desk.judge, GATE_FIELD, F, AT "class", "x", "y");
    judge_kernels(&desk.judge);
    assert_int_equal(desk.judge.count, 1);
    desk_done(&desk);
    desk_init(&desk, json_array(), NULL);
    assert_case(&desk, &NONE);
    desk_done(&desk);
}

/* ---- rates ---- */

static void a_rate_takes_a_thousand_clock_readings(void **state)
{
    (void)state;
    static const struct {
        long long ns, of_arm, of_other_arm; /* of another entry of the arm, and of another arm; 0: none */
        const char *calls;
        long long read_ns, grain_ns;
        unsigned gate;
    } CASES[] = {
        {38000, 0, 0, "6", 38, 1, 0},
        {37999, 0, 0, "6", 38, 1, 337},
        {38000, 0, 0, "6", 1, 38, 0},
        {37999, 0, 0, "6", 1, 38, 337},
        {1, 0, 0, "6", 0, 0, 0},
        {0, 0, 0, "6", 38, 1, 336},
        {0, 0, 0, "0", 38, 1, 0},
        {-1, 0, 0, "6", 38, 1, 336},
        {1900, 36100, 0, "6", 38, 1, 337}, /* a 20th */
        {1900, 38000, 0, "6", 38, 1, 0},
        {2000, 38000, 0, "6", 38, 1, 337},
        {2001, 38000, 0, "6", 38, 1, 337},
        {1900, 0, 900000, "6", 38, 1, 337}, /* what another arm took does not make it small */
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct desk desk;
        json_t *entries = json_array(), *entry = good_entry();
        (void)json_object_set_new(entry, "ns", json_integer(CASES[i].ns));
        (void)json_object_set_new(entry, "calls", json_string(CASES[i].calls));
        (void)json_array_append_new(entries, entry);
        if (CASES[i].of_arm) {
            json_t *more = good_entry();
            (void)json_object_set_new(more, "ns", json_integer(CASES[i].of_arm));
            (void)json_array_append_new(entries, more);
        }
        if (CASES[i].of_other_arm) {
            json_t *more = good_entry();
            (void)json_object_set_new(more, "arm", json_string("b"));
            (void)json_object_set_new(more, "ns", json_integer(CASES[i].of_other_arm));
            (void)json_array_append_new(entries, more);
        }
        desk_init(&desk, entries, NULL);
        json_t *clock = assay_json_at(desk.judge.statement, "/predicate/protocol/clock");
        (void)json_object_set_new(clock, "readNs", json_integer(CASES[i].read_ns));
        (void)json_object_set_new(clock, "resolutionNs", json_integer(CASES[i].grain_ns));
        judge_kernels(&desk.judge);
        bool is_found = false;
        for (size_t k = 0; k < desk.judge.count; k++) {
            is_found = is_found || strcmp(desk.judge.list[k].pointer, "/predicate/kernels/entries/0/ns") == 0;
            assert_int_equal(desk.judge.list[k].gate, CASES[i].gate ? CASES[i].gate : 999);
        }
        if (is_found != (CASES[i].gate != 0)) {
            fail_msg("case %zu", i);
        }
        desk_done(&desk);
    }
}

/* ---- kernels of others ---- */

#define EXT "\"id\":\"ext_dot_f32_avx2\",\"class\":\"native\""

static void a_kernel_of_family_ext_has_a_subject_and_a_class_of_its_own(void **state)
{
    (void)state;
    static const struct kernel_case CASES[] = {
        {"{" EXT "}", 0, NULL, 0, NULL},
        {"{\"id\":\"ext_dot_f32_avx2\",\"class\":\"fallback\",\"fallback\":true}", 0, NULL, 0, NULL},
        {"{\"id\":\"ext_dot_f32_avx2\",\"class\":\"quantised\"}", 315, AT "class", F,
         "native or fallback: it is of family ext"},
        {"{" EXT ",\"fallback\":true}", 315, AT "fallback", F, "what the class says"},
        {"{\"id\":\"ext_dot_f32_avx2\",\"class\":\"fallback\"}", 315, AT "fallback", F, "what the class says"},
        {"{\"id\":\"ext_dot_f32_avx\",\"class\":\"native\"}", 316, AT "id", F,
         "a subject kernel:ID with the digest of its object file"},
        {"{\"id\":\"ext_dot_f32_avx22\",\"class\":\"native\"}", 316, AT "id", F,
         "a subject kernel:ID with the digest of its object file"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct desk desk;
        desk_init(&desk, json_pack("[o,o]", good_entry(), changed(good_entry(), CASES[i].entry)), NULL);
        assert_case(&desk, &CASES[i]);
        desk_done(&desk);
    }
}

/* Its row in the counter chunk; NULL: none of it. */
static json_t *ext_rows(const char *left_out, const char *id)
{
    json_t *row = good_entry();
    (void)json_object_set_new(row, "id", json_string(id));
    (void)json_object_set_new(row, "class", json_string("native"));
    (void)json_object_set_new(row, "equality", json_string("exact"));
    (void)json_object_set_new(row, "ops", json_string("1200"));
    (void)json_object_set_new(row, "threads", json_integer(1));
    if (left_out) {
        (void)json_object_del(row, left_out);
    }
    json_t *before = good_entry(); /* a row of another kernel before it */
    return json_pack("[{s:s,s:i,s:i},o,o]", "tableSha256",
                     "6b1f0c4e8a2d5937b0e4c1a86f93d27e5c08ab14d3f6927e01c5b8a4f7d2e360", "wallNs", 6500000, "threads",
                     1, before, row);
}

static void a_kernel_that_no_table_holds_stands_whole_in_the_trace(void **state)
{
    (void)state;
    static const struct {
        const char *left_out, *id;
        bool is_whole;
    } CASES[] = {{NULL, "ext_dot_f32_avx2", true},        {"class", "ext_dot_f32_avx2", false},
                 {"equality", "ext_dot_f32_avx2", false}, {"isa", "ext_dot_f32_avx2", false},
                 {"fallback", "ext_dot_f32_avx2", false}, {"ops", "ext_dot_f32_avx2", false},
                 {"threads", "ext_dot_f32_avx2", false},  {"calls", "ext_dot_f32_avx2", true},
                 {NULL, "ext_dot_f32_avx", false}};
    for (size_t i = 0; i <= sizeof CASES / sizeof CASES[0]; i++) {
        bool is_rubbish = i == sizeof CASES / sizeof CASES[0], is_whole = !is_rubbish && CASES[i].is_whole;
        struct kernel_case it = {"{" EXT "}", is_whole ? 0 : 316, AT "id", F, "its whole row in the counter chunk"};
        struct desk desk;
        struct honest_run run = {.statement = NULL};
        desk_init(&desk, json_pack("[o,o]", good_entry(), changed(good_entry(), it.entry)), NULL);
        if (is_rubbish) {
            desk.input.trace = (struct assay_judge_bytes){"rubbish", 7};
            assert_case(&desk, &it);
        } else {
            json_t *kernels = ext_rows(CASES[i].left_out, CASES[i].id);
            const struct honest_options options = {
                .workload = "noop", .count = 12, .warmup = 2, .kernels = kernels, .leaves_receipt_out = true};
            honest_run_make(&options, &run);
            desk.input.trace = (struct assay_judge_bytes){run.trace.data, run.trace.len};
            assert_case(&desk, &it);
            honest_run_done(&run);
            json_decref(kernels);
        }
        desk_done(&desk);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_is_what_the_table_says_of_its_id),
        cmocka_unit_test(an_unknown_id_of_another_build_is_undecided),
        cmocka_unit_test(what_was_refused_as_a_field_is_not_refused_again),
        cmocka_unit_test(a_rate_takes_a_thousand_clock_readings),
        cmocka_unit_test(a_kernel_of_family_ext_has_a_subject_and_a_class_of_its_own),
        cmocka_unit_test(a_kernel_that_no_table_holds_stands_whole_in_the_trace),
    };
    assay_json_init();
    if (assay_crypto_init(NULL) != ASSAY_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
