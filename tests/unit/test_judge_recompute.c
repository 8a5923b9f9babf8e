/*
 * What verify says of a receipt that differs from its plan and trace, against tests/golden/judge/recompute.txt: each
 * place of two honest documents is changed in a few ways, one at a time, and the line of the change has all violations.
 * ASSAY_CASES_WRITE writes the lines anew; tests/golden/judge/README.md.
 */
#include "judge/judge.h"
#include "support/edit.h"
#include "support/golden.h"
#include "support/honest_run.h"
#include "support/operators.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_MAX ((size_t)16 << 20)
#define METRICS_LOOKED_AT 3 /* the others are alike */

struct changes {
    const char *name;
    const struct honest_run *run;
    bool is_record, is_interop;
    struct assay_buf *out;
};

static void print_answer(const struct changes *changes, const char *place, const char *change, const json_t *statement)
{
    struct assay_buf document;
    struct assay_judgement *judgement = NULL;
    const struct honest_run *run = changes->run;
    assay_buf_init(&document, FILE_MAX);
    honest_envelope(statement, &document);
    const struct assay_judge_input input = {.document = {document.data, document.len},
                                            .plan = {run->plan.data, run->plan.len},
                                            .trace = {run->trace.data, run->trace.len},
                                            .now_real_ns = HONEST_NOW_NS,
                                            .is_interop = changes->is_interop};
    assert_int_equal(assay_judge_verify(&input, &judgement, NULL), ASSAY_OK);
    assay_buf_printf(changes->out, "%s %s %s: exit %d, %s, %s", changes->name, place, change,
                     assay_judgement_exit(judgement),
                     assay_verdict_text(judgement->lines[ASSAY_LINE_RECOMPUTE].verdict),
                     judgement->lines[ASSAY_LINE_RECOMPUTE].text);
    for (size_t i = 0; i < judgement->violations_count; i++) {
        const struct assay_violation *violation = &judgement->violations[i];
        assay_buf_printf(changes->out, " | %u %s %s: found %s, expected %s", violation->gate,
                         assay_verdict_text(violation->verdict), violation->pointer,
                         violation->found ? violation->found : "-", violation->expected ? violation->expected : "-");
    }
    assay_buf_char(changes->out, '\n');
    assay_judgement_free(judgement);
    assay_buf_done(&document);
}

static bool is_chosen(const char *name)
{
    static const char *const CHOSEN[] = {"plus one", "last character", "negate", "reverse", "double", "more", "empty"};
    for (size_t i = 0; i < sizeof CHOSEN / sizeof CHOSEN[0]; i++) {
        if (strcmp(name, CHOSEN[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void visit(void *context, const char *place)
{
    const struct changes *changes = context;
    bool is_environment = strncmp(place, "/predicate/environment/", 23) == 0; /* all alike: facts of the trace */
    if (strncmp(place, "/predicate/metrics/", 19) == 0 && strtoul(place + 19, NULL, 10) >= METRICS_LOOKED_AT) {
        return;
    }
    if (is_environment && (changes->is_record || strlen(place) > 60)) {
        return;
    }
    for (size_t i = 0; i < operators_count && !is_environment; i++) {
        json_t *edited = json_deep_copy(changes->run->statement);
        json_t *value = is_chosen(operators[i].name) ? operators[i].edit(assay_json_at(edited, place)) : NULL;
        if (value && !json_equal(value, assay_json_at(edited, place))) {
            edit_set(edited, place, json_incref(value));
            print_answer(changes, place, operators[i].name, edited);
        }
        json_decref(value);
        json_decref(edited);
    }
    json_t *dropped = json_deep_copy(changes->run->statement);
    edit_drop(dropped, place);
    print_answer(changes, place, "drop", dropped);
    json_decref(dropped);
}

static void add_run(struct assay_buf *out, const char *name, const struct honest_options *options, bool is_interop)
{
    struct honest_run run;
    honest_run_make(options, &run);
    struct changes changes = {
        .name = name, .run = &run, .is_record = options->is_partial, .is_interop = is_interop, .out = out};
    print_answer(&changes, "", "as it is", run.statement);
    operators_walk(run.statement, visit, &changes);
    honest_run_done(&run);
}

static void every_change_is_told_by_gate_and_place(void **state)
{
    (void)state;
    struct assay_buf found;
    json_t *checks = json_pack("[{s:s,s:s,s:i,s:{s:i}}]", "id", "output-b", "rule", "output_reference@1", "n", 6,
                               "data", "failures", 0);
    assay_buf_init(&found, FILE_MAX);
    add_run(&found, "receipt", &(struct honest_options){.workload = "noop", .count = 12, .warmup = 2, .checks = checks},
            false);
    add_run(&found, "record", &(struct honest_options){.workload = "noop", .count = 12, .is_partial = true}, false);
    add_run(&found, "interop", &(struct honest_options){.workload = "noop", .count = 12, .is_partial = true}, true);
    golden_hold("judge/recompute.txt", &found);
    assay_buf_done(&found);
    json_decref(checks);
}

int main(void)
{
    assay_json_init();
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_change_is_told_by_gate_and_place)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
