/* The library reads a whole log: what the program says of a logged run, a program that links it is told too. */
#include <assay/verify.h>

#include "property/signed_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct honest_options SMALL = {.workload = "noop", .count = 60, .warmup = 5};

static struct assay_verify_bytes bytes_of(struct assay_judge_bytes bytes)
{
    return (struct assay_verify_bytes){.data = bytes.data, .len = bytes.len};
}

/* entries_len: how much of the log is handed over. */
static void ask(const struct world *world, size_t entries_len, int *ret_status, char text[4096])
{
    const struct assay_judge_input *input = &world->input;
    struct assay_verification *verification = NULL;
    struct assay_verify_input asked = {.document = bytes_of(input->document),
                                       .plan = bytes_of(input->plan),
                                       .trace = bytes_of(input->trace),
                                       .identity = bytes_of(input->identity),
                                       .now_unix_ns = input->now_real_ns,
                                       .trust = bytes_of(input->trust),
                                       .checkpoint = bytes_of(input->log_checkpoint),
                                       .entries = bytes_of(input->log_entries)};
    asked.entries.len = entries_len;
    assert_int_equal(assay_verify(&asked, &verification), 0);
    *ret_status = assay_verification_status(verification);
    (void)snprintf(text, 4096, "%s", assay_verification_text(verification));
    assay_verification_free(verification);
}

static void a_logged_run_is_of_tier_2_by_the_library_too_and_a_log_that_was_cut_is_refused(void **state)
{
    (void)state;
    struct world world;
    char text[4096];
    int status;
    world_make(&world, &SMALL, WORLD_LOGGED);
    world_give_all(&world);
    ask(&world, world.input.log_entries.len, &status, text);
    assert_int_equal(status, 0);
    assert_non_null(strstr(text, "tier 2 logged"));
    assert_non_null(strstr(text, "; log example.org/log size "));
    ask(&world, world.input.log_entries.len / 2, &status, text);
    assert_int_equal(status, 1);
    assert_non_null(strstr(text, "211 fail log"));
    world_done(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_logged_run_is_of_tier_2_by_the_library_too_and_a_log_that_was_cut_is_refused),
    };
    assay_json_init();
    return cmocka_run_group_tests_name("library_log", tests, NULL, NULL);
}
