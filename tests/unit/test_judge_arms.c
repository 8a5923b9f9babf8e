/* Arms of one receipt, judged: from real plan and trace bytes, through the verifier. */
#include "judge/judge.h"

#include "base/rng.h"
#include "stat/stat.h"
#include "support/honest_run.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ARENA_BYTES ((size_t)16 << 20)
#define BASE_NS 2000000.0
enum { ROUNDS = 40 };

/* What the arms of a made run take. */
struct speeds {
    double wall[3], cpu[3]; /* factors of the arms; 0: 1 */
    double wall_noise, cpu_noise;
    size_t failed_every;
    struct assay_rng rng;
};

static double noise(struct speeds *speeds, double size)
{
    double p = assay_rng_unit(&speeds->rng);
    return assay_stat_exp(size * assay_stat_normal_quantile(p > 0 ? p : 0.5));
}

static void spend(const struct assay_plan_op *op, uint64_t *ret_service_ns, uint64_t *ret_cpu_ns, void *context)
{
    struct speeds *speeds = context;
    double wall = speeds->wall[op->arm] > 0 ? speeds->wall[op->arm] : 1;
    double cpu = speeds->cpu[op->arm] > 0 ? speeds->cpu[op->arm] : wall;
    *ret_service_ns = (uint64_t)(BASE_NS * wall * noise(speeds, speeds->wall_noise));
    *ret_cpu_ns = (uint64_t)(0.9 * BASE_NS * cpu * noise(speeds, speeds->cpu_noise));
}

struct case_run {
    struct honest_run run;
    struct assay_opened *opened;
    struct assay_arena arena;
    struct assay_verdict_document document;
};

static void judge(struct case_run *made, struct speeds *speeds, size_t arms, const json_t *checks,
                  const struct assay_asked *asked)
{
    assay_err err = {0};
    assay_rng_seed(&speeds->rng, 5, "speeds");
    const struct honest_options options = {.workload = "noop",
                                           .count = ROUNDS * arms / (arms * arms) * (arms * arms),
                                           .arms_count = arms,
                                           .failed_every = speeds->failed_every,
                                           .spend = spend,
                                           .checks = checks,
                                           .context = speeds};
    honest_run_make(&options, &made->run);
    const struct assay_judge_files files = {
        .name = "made",
        .document = {made->run.receipt.data, made->run.receipt.len},
        .plan = {made->run.plan.data, made->run.plan.len},
        .trace = {made->run.trace.data, made->run.trace.len},
    };
    const struct assay_judge_input how = {.now_real_ns = HONEST_NOW_NS};
    assay_arena_init(&made->arena, ARENA_BYTES);
    if (assay_opened_open(&files, &how, &made->opened, &err) != ASSAY_OK ||
        assay_judge_arms(made->opened, asked, &made->arena, &made->document, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    if (made->opened->trust != ASSAY_TRUST_GOOD) {
        fail_msg("the made receipt is not good: %s", made->opened->why);
    }
}

static void done(struct case_run *made)
{
    assay_opened_free(made->opened);
    honest_run_done(&made->run);
    assay_arena_done(&made->arena);
}

static const struct assay_asked GATE = {.question = "ab", .rule = {.level = ASSAY_LEVEL_GATE}};
static const struct assay_asked ADVISORY = {.question = "ab", .rule = {.level = ASSAY_LEVEL_ADVISORY}};

static void judged_as(struct speeds speeds, const struct assay_asked *asked, enum assay_verdict verdict,
                      const char *word)
{
    struct case_run made = {0};
    judge(&made, &speeds, 2, NULL, asked);
    if (made.document.verdict != verdict || strcmp(made.document.rows[0].word, word) != 0) {
        fail_msg("%s, %s: %s", assay_verdict_text(made.document.verdict), made.document.rows[0].word,
                 made.document.summary);
    }
    done(&made);
}

static void five_percent_more_time_fails(void **state)
{
    (void)state;
    judged_as((struct speeds){.wall = {1, 1.05}, .wall_noise = 0.005, .cpu_noise = 0.002}, &GATE, ASSAY_VERDICT_FAIL,
              "slower");
}

static void five_percent_less_and_the_same_pass(void **state)
{
    (void)state;
    judged_as((struct speeds){.wall = {1.05, 1}, .wall_noise = 0.005}, &GATE, ASSAY_VERDICT_PASS, "faster");
    judged_as((struct speeds){.wall = {1, 1}, .wall_noise = 0.005}, &GATE, ASSAY_VERDICT_PASS, "parity");
}

static void a_noisy_clock_is_undecided_and_says_what_would_decide(void **state)
{
    (void)state;
    struct case_run made = {0};
    struct speeds speeds = {.wall = {1, 1}, .wall_noise = 0.3, .cpu_noise = 0.3};
    judge(&made, &speeds, 2, NULL, &GATE);
    assert_int_equal(made.document.verdict, ASSAY_VERDICT_UNDECIDED);
    assert_true(made.document.rows[0].pairs_needed > 40);
    assert_true(made.document.rows[0].effect_min > 0.02);
    assert_int_equal(assay_verdict_code(&made.document), ASSAY_UNDECIDED);
    done(&made);
}

static void cpu_time_finds_what_a_noisy_clock_cannot(void **state)
{
    (void)state;
    judged_as((struct speeds){.wall = {1, 1.04}, .cpu = {1, 1.04}, .wall_noise = 0.3, .cpu_noise = 0.003}, &GATE,
              ASSAY_VERDICT_FAIL, "slower (cpu)");
    judged_as((struct speeds){.wall = {1, 1.01}, .cpu = {1, 1.01}, .wall_noise = 0.3, .cpu_noise = 0.003}, &ADVISORY,
              ASSAY_VERDICT_FAIL, "slower (cpu)");
}

static void witnesses_in_contradiction_are_undecided_with_both_rows(void **state)
{
    (void)state;
    struct case_run made = {0};
    struct speeds speeds = {.wall = {1, 1.1}, .cpu = {1, 0.9}, .wall_noise = 0.003, .cpu_noise = 0.003};
    judge(&made, &speeds, 2, NULL, &GATE);
    assert_int_equal(made.document.verdict, ASSAY_VERDICT_UNDECIDED);
    assert_int_equal(made.document.rows_count, 2);
    assert_string_equal(made.document.rows[0].reason, "wall clock and CPU time contradict each other");
    assert_string_equal(made.document.rows[1].word, "faster");
    done(&made);
}

static void rounds_without_a_value_leave_no_ratio(void **state)
{
    (void)state;
    struct case_run made = {0};
    struct speeds speeds = {.wall = {1, 0.8}, .wall_noise = 0.005, .cpu_noise = 0.002, .failed_every = 9};
    judge(&made, &speeds, 2, NULL, &GATE);
    assert_int_equal(made.document.rows[0].verdict, ASSAY_VERDICT_NOT_MEASURED);
    assert_non_null(strstr(made.document.rows[0].reason, "no value in"));
    assert_int_equal(assay_verdict_code(&made.document), ASSAY_UNDECIDED);
    done(&made);
}

static void every_arm_is_judged_against_the_first(void **state)
{
    (void)state;
    struct case_run made = {0};
    struct speeds speeds = {.wall = {1, 1, 1.1}, .wall_noise = 0.004, .cpu_noise = 0.002};
    judge(&made, &speeds, 3, NULL, &GATE);
    assert_int_equal(made.document.verdict, ASSAY_VERDICT_FAIL);
    size_t words = 0;
    for (size_t i = 0; i < made.document.rows_count; i++) {
        const struct assay_verdict_row *row = &made.document.rows[i];
        assert_string_equal(row->versus, "a");
        if (row->is_in_family) {
            assert_string_equal(row->word, strcmp(row->arm, "c") == 0 ? "slower" : "parity");
            words++;
        }
    }
    assert_int_equal(words, 2);
    done(&made);
}

static void the_document_names_its_input_by_digest(void **state)
{
    (void)state;
    struct case_run made = {0};
    struct speeds speeds = {.wall = {1, 1}, .wall_noise = 0.005};
    judge(&made, &speeds, 2, NULL, &GATE);
    assert_int_equal(made.document.inputs_count, 1);
    assert_string_equal(made.document.inputs[0].document, "receipt");
    assert_int_equal(strlen(made.document.inputs[0].sha256), 64);
    done(&made);
}

static void an_edited_receipt_fails_whatever_its_numbers_say(void **state)
{
    (void)state;
    struct case_run made = {0};
    struct speeds speeds = {.wall = {1, 1}, .wall_noise = 0.005};
    judge(&made, &speeds, 2, NULL, &GATE);
    json_t *samples = assay_json_at(made.run.statement, "/predicate/samples");
    assert_int_equal(json_object_set_new(samples, "ok", json_integer(79)), 0);
    honest_envelope(made.run.statement, &made.run.receipt);
    const struct assay_judge_files files = {
        .name = "edited",
        .document = {made.run.receipt.data, made.run.receipt.len},
        .plan = {made.run.plan.data, made.run.plan.len},
        .trace = {made.run.trace.data, made.run.trace.len},
    };
    const struct assay_judge_input how = {.now_real_ns = HONEST_NOW_NS};
    struct assay_opened *edited = NULL;
    struct assay_verdict_document document;
    assert_int_equal(assay_opened_open(&files, &how, &edited, NULL), ASSAY_OK);
    assert_int_equal(edited->trust, ASSAY_TRUST_REFUSED);
    assert_int_equal(assay_judge_arms(edited, &GATE, &made.arena, &document, NULL), ASSAY_OK);
    assert_int_equal(document.verdict, ASSAY_VERDICT_FAIL);
    assay_opened_free(edited);
    done(&made);
}

static void without_its_trace_nothing_is_measured(void **state)
{
    (void)state;
    struct case_run made = {0};
    struct speeds speeds = {.wall = {1, 1}, .wall_noise = 0.005};
    judge(&made, &speeds, 2, NULL, &GATE);
    const struct assay_judge_files files = {.name = "bare", .document = {made.run.receipt.data, made.run.receipt.len}};
    const struct assay_judge_input how = {.now_real_ns = HONEST_NOW_NS};
    struct assay_opened *bare = NULL;
    struct assay_verdict_document document;
    assert_int_equal(assay_opened_open(&files, &how, &bare, NULL), ASSAY_OK);
    assert_int_equal(assay_judge_arms(bare, &GATE, &made.arena, &document, NULL), ASSAY_OK);
    assert_int_equal(document.verdict, ASSAY_VERDICT_NOT_MEASURED);
    assay_opened_free(bare);
    done(&made);
}

int main(void)
{
    assay_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_percent_more_time_fails),
        cmocka_unit_test(five_percent_less_and_the_same_pass),
        cmocka_unit_test(a_noisy_clock_is_undecided_and_says_what_would_decide),
        cmocka_unit_test(cpu_time_finds_what_a_noisy_clock_cannot),
        cmocka_unit_test(witnesses_in_contradiction_are_undecided_with_both_rows),
        cmocka_unit_test(rounds_without_a_value_leave_no_ratio),
        cmocka_unit_test(every_arm_is_judged_against_the_first),
        cmocka_unit_test(the_document_names_its_input_by_digest),
        cmocka_unit_test(an_edited_receipt_fails_whatever_its_numbers_say),
        cmocka_unit_test(without_its_trace_nothing_is_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
