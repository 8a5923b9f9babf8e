/* What the four lines say of a judgement, which tier its evidence earns, and which exit status follows: by tables over
 * judgements put together by hand (evidence.md 3.1, 3.4). */
#include "judge/judge_room.h"

#include "base/clock.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW_S INT64_C(1767605700) /* 2026-01-05T09:35:00Z */
#define KEY "key ab000000\xe2\x80\xa6"

/* A judgement in the making, and what it points to. */
struct desk {
    struct judge judge;
    struct assay_judgement out;
    struct assay_judge_input input;
    struct assay_judge_baseline baseline;
    struct assay_trust trust;
};

static void desk_init(struct desk *desk, size_t signatures)
{
    *desk = (struct desk){.out = {.tier = -1, .is_readable = true}, .trust = {.receipt_threshold = 1}};
    desk->judge = (struct judge){.out = &desk->out, .input = &desk->input};
    desk->judge.envelope = json_pack("{s:[]}", "signatures");
    desk->judge.statement =
        json_pack("{s:{s:[],s:{s:s}}}", "predicate", "metrics", "protocol", "seedSource", "log-head");
    desk->judge.signer.bytes[0] = 0xab;
    for (size_t i = 0; i < signatures; i++) {
        (void)json_array_append_new(json_object_get(desk->judge.envelope, "signatures"), json_object());
    }
    assay_arena_init(&desk->out.arena, (size_t)1 << 20);
}

static void desk_done(struct desk *desk)
{
    json_decref(desk->judge.envelope);
    json_decref(desk->judge.statement);
    json_decref(desk->judge.derived.statement);
    assay_free(desk->judge.list);
    assay_arena_done(&desk->out.arena);
}

static void trusting(struct desk *desk, size_t good_keys, uint64_t threshold)
{
    desk->input.trust = (struct assay_judge_bytes){"t", 1};
    desk->trust.receipt_threshold = threshold;
    desk->judge.trust = &desk->trust;
    desk->judge.good_keys = good_keys;
}

static void violating(struct desk *desk, unsigned gate, enum assay_verdict verdict)
{
    judge_add(&desk->judge, (enum gate)gate, verdict, "/p", "f", "e");
}

static void assert_line(struct desk *desk, enum assay_judge_line line, enum assay_verdict verdict, const char *text)
{
    judge_lines(&desk->judge);
    assert_false(desk->judge.is_out_of_memory);
    assert_string_equal(desk->out.lines[line].text, text);
    assert_int_equal(desk->out.lines[line].verdict, verdict);
    desk_done(desk);
}

/* ---- CRYPTO ---- */

static void signatures_are_said_as_they_were_found(void **state)
{
    (void)state;
    static const struct {
        size_t signatures, good, threshold; /* threshold 0: no trust file */
        bool is_interop;
        enum assay_verdict verdict;
        const char *text;
    } CASES[] = {
        {0, 0, 0, false, ASSAY_VERDICT_NOT_MEASURED, "unsigned, strict"},
        {0, 0, 0, true, ASSAY_VERDICT_NOT_MEASURED, "unsigned, interop"},
        {1, 0, 0, false, ASSAY_VERDICT_NOT_MEASURED, "1 signature not checked: no trust file given, strict"},
        {2, 0, 0, false, ASSAY_VERDICT_NOT_MEASURED, "2 signatures not checked: no trust file given, strict"},
        {0, 0, 1, false, ASSAY_VERDICT_NOT_MEASURED, "unsigned, strict"},
        {1, 0, 1, false, ASSAY_VERDICT_NOT_MEASURED, "0 of 1 signature, strict"},
        {1, 1, 1, false, ASSAY_VERDICT_PASS, "1 of 1 signature, " KEY ", strict"},
        {1, 1, 1, true, ASSAY_VERDICT_PASS, "1 of 1 signature, " KEY ", interop"},
        {2, 1, 2, false, ASSAY_VERDICT_NOT_MEASURED, "1 of 2 signatures, " KEY ", strict"},
        {2, 2, 2, false, ASSAY_VERDICT_PASS, "2 of 2 signatures, " KEY ", strict"},
        {3, 3, 2, false, ASSAY_VERDICT_PASS, "3 of 3 signatures, " KEY ", strict"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct desk desk;
        desk_init(&desk, CASES[i].signatures);
        if (CASES[i].threshold > 0) {
            trusting(&desk, CASES[i].good, CASES[i].threshold);
        }
        desk.input.is_interop = CASES[i].is_interop;
        assert_line(&desk, ASSAY_LINE_CRYPTO, CASES[i].verdict, CASES[i].text);
    }
}

static void a_line_counts_the_failures_of_its_own_gates(void **state)
{
    (void)state;
    static const struct {
        unsigned gates[3];
        enum assay_verdict verdict, line_verdict;
        const char *text;
    } CASES[] = {
        {{201}, ASSAY_VERDICT_FAIL, ASSAY_VERDICT_FAIL, "1 violation; 1 of 1 signature, " KEY ", strict"},
        {{215}, ASSAY_VERDICT_FAIL, ASSAY_VERDICT_FAIL, "1 violation; 1 of 1 signature, " KEY ", strict"},
        {{201, 299, 215}, ASSAY_VERDICT_FAIL, ASSAY_VERDICT_FAIL, "3 violations; 1 of 1 signature, " KEY ", strict"},
        {{203}, ASSAY_VERDICT_UNDECIDED, ASSAY_VERDICT_UNDECIDED, "1 of 1 signature, " KEY ", strict"},
        {{200, 300, 109}, ASSAY_VERDICT_FAIL, ASSAY_VERDICT_PASS, "1 of 1 signature, " KEY ", strict"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct desk desk;
        desk_init(&desk, 1);
        trusting(&desk, 1, 1);
        for (size_t k = 0; k < 3 && CASES[i].gates[k]; k++) {
            violating(&desk, CASES[i].gates[k], CASES[i].verdict);
        }
        assert_line(&desk, ASSAY_LINE_CRYPTO, CASES[i].line_verdict, CASES[i].text);
    }
}

static void the_log_is_said_as_far_as_it_is_known(void **state)
{
    (void)state;
    static const struct {
        bool has_intent, is_logged, is_record, has_before, has_after;
        const char *text;
    } CASES[] = {
        {false, false, false, false, false, "; log example.org/log size 7"},
        {true, false, false, false, false, "; log example.org/log size 7, intent 3"},
        {true, true, false, false, false, "; log example.org/log size 7, intent 3, receipt 5"},
        {false, true, true, false, false, "; log example.org/log size 7, record 5"},
        {false, true, false, true, false,
         "; log example.org/log size 7, receipt 5, head witnessed 2026-01-05T09:35:00Z"},
        {false, true, false, false, true,
         "; log example.org/log size 7, receipt 5, entry witnessed 2026-01-05T09:35:01Z"},
        {false, true, false, true, true,
         "; log example.org/log size 7, receipt 5, head witnessed 2026-01-05T09:35:00Z, entry witnessed "
         "2026-01-05T09:35:01Z"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct desk desk;
        char text[256];
        desk_init(&desk, 0);
        desk.out.document = CASES[i].is_record ? ASSAY_DOCUMENT_RECORD : ASSAY_DOCUMENT_RECEIPT;
        desk.out.has_head = true;
        (void)snprintf(desk.out.head.origin, sizeof desk.out.head.origin, "example.org/log");
        desk.judge.log = (struct log_view){
            .size = 7, .has_intent = CASES[i].has_intent, .intent = 3, .is_logged = CASES[i].is_logged, .outcome = 5};
        desk.judge.outside = (struct outside_time){.has_before = CASES[i].has_before,
                                                   .before_s = NOW_S,
                                                   .has_after = CASES[i].has_after,
                                                   .after_s = NOW_S + 1};
        (void)snprintf(text, sizeof text, "unsigned, strict%s", CASES[i].text);
        assert_line(&desk, ASSAY_LINE_CRYPTO, ASSAY_VERDICT_NOT_MEASURED, text);
    }
}

static void no_line_says_more_of_a_document_that_could_not_be_read(void **state)
{
    (void)state;
    for (int line = ASSAY_LINE_CRYPTO; line <= ASSAY_LINE_POLICY; line++) {
        struct desk desk;
        desk_init(&desk, 1);
        desk.out.is_readable = false;
        desk.judge.expectations = 1;
        assert_line(&desk, (enum assay_judge_line)line, ASSAY_VERDICT_NOT_MEASURED, "the document could not be read");
    }
}

/* ---- RECOMPUTE ---- */

static json_t *derived_of(int samples, size_t checks, size_t entries)
{
    json_t *statement = json_pack("{s:{s:{s:i},s:[],s:{s:[]}}}", "predicate", "samples", "count", samples, "checks",
                                  "kernels", "entries");
    json_t *predicate = json_object_get(statement, "predicate");
    for (size_t i = 0; i < checks; i++) {
        (void)json_array_append_new(json_object_get(predicate, "checks"), json_object());
    }
    for (size_t i = 0; i < entries; i++) {
        (void)json_array_append_new(json_object_get(json_object_get(predicate, "kernels"), "entries"), json_object());
    }
    return statement;
}

static void a_recomputation_is_said_with_its_counts(void **state)
{
    (void)state;
    static const struct {
        size_t metrics, equal, checks, entries;
        int samples;
        bool is_record;
        const char *text;
    } CASES[] = {
        {1, 1, 1, 1, 1, false, "1 of 1 metric equal bit for bit from 1 sample; 1 check; 1 kernel entry"},
        {2, 1, 0, 2, 6, false, "1 of 2 metrics equal bit for bit from 6 samples; 0 checks; 2 kernel entries"},
        {0, 0, 2, 0, 0, false, "0 of 0 metrics equal bit for bit from 0 samples; 2 checks; 0 kernel entries"},
        {1, 1, 1, 1, 1, true, "run record, outcome partial: counts equal from 1 sample"},
        {1, 1, 1, 1, 2, true, "run record, outcome partial: counts equal from 2 samples"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct desk desk;
        desk_init(&desk, 0);
        desk.out.document = CASES[i].is_record ? ASSAY_DOCUMENT_RECORD : ASSAY_DOCUMENT_RECEIPT;
        desk.judge.is_derived = true;
        desk.judge.derived.outcome = "partial";
        desk.judge.derived.statement = derived_of(CASES[i].samples, CASES[i].checks, CASES[i].entries);
        desk.judge.metrics_equal = CASES[i].equal;
        for (size_t k = 0; k < CASES[i].metrics; k++) {
            (void)json_array_append_new(assay_json_at(desk.judge.statement, "/predicate/metrics"), json_object());
        }
        assert_line(&desk, ASSAY_LINE_RECOMPUTE, ASSAY_VERDICT_PASS, CASES[i].text);
    }
}

static void what_was_not_recomputed_says_why(void **state)
{
    (void)state;
    static const struct {
        bool is_given, is_imported;
        unsigned gate;
        enum assay_verdict verdict, line_verdict;
        const char *text;
    } CASES[] = {
        {false, false, 0, 0, ASSAY_VERDICT_NOT_MEASURED, "trace or plan not given"},
        {true, false, 0, 0, ASSAY_VERDICT_NOT_MEASURED, "plan and trace give no statement"},
        {false, true, 0, 0, ASSAY_VERDICT_NOT_MEASURED, "imported summary: another tool's figures, without samples"},
        {true, false, 301, ASSAY_VERDICT_FAIL, ASSAY_VERDICT_FAIL, "plan and trace give no statement; 1 violation"},
        {true, false, 341, ASSAY_VERDICT_FAIL, ASSAY_VERDICT_FAIL, "plan and trace give no statement; 1 violation"},
        {false, false, 301, ASSAY_VERDICT_UNDECIDED, ASSAY_VERDICT_UNDECIDED, "trace or plan not given"},
        {false, false, 300, ASSAY_VERDICT_FAIL, ASSAY_VERDICT_NOT_MEASURED, "trace or plan not given"},
        {false, false, 400, ASSAY_VERDICT_FAIL, ASSAY_VERDICT_NOT_MEASURED, "trace or plan not given"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct desk desk;
        desk_init(&desk, 0);
        desk.out.document = CASES[i].is_imported ? ASSAY_DOCUMENT_IMPORTED : ASSAY_DOCUMENT_RECEIPT;
        desk.judge.is_given = CASES[i].is_given;
        if (CASES[i].gate) {
            violating(&desk, CASES[i].gate, CASES[i].verdict);
        }
        assert_line(&desk, ASSAY_LINE_RECOMPUTE, CASES[i].line_verdict, CASES[i].text);
    }
}

static void what_is_malformed_was_not_recomputed(void **state)
{
    (void)state;
    static const char NOTHING[] = "the document has no figures to compare: they are malformed";
    static const struct {
        const char *refused;
        size_t equal;
        bool is_record;
        unsigned gate; /* one more violation, 0: none */
        enum assay_verdict verdict;
        const char *text;
    } CASES[] = {
        {"/predicate", 0, false, 0, ASSAY_VERDICT_NOT_MEASURED, NOTHING},
        {"/predicate/metrics", 0, false, 0, ASSAY_VERDICT_NOT_MEASURED, NOTHING},
        {"/predicate/metrics/0/value", 0, false, 0, ASSAY_VERDICT_NOT_MEASURED, NOTHING},
        {"/predicate", 0, false, 301, ASSAY_VERDICT_FAIL,
         "the document has no figures to compare: they are malformed; 1 violation"},
        {"/predicate", 0, true, 0, ASSAY_VERDICT_NOT_MEASURED, NOTHING},
        {"/predicate/samples/count", 0, true, 0, ASSAY_VERDICT_NOT_MEASURED, NOTHING},
        {"/predicate/metrics/1/value", 1, false, 0, ASSAY_VERDICT_PASS,
         "1 of 0 metrics equal bit for bit from 4 samples; 0 checks; 0 kernel entries"},
        {"/predicate/tier", 0, false, 0, ASSAY_VERDICT_PASS,
         "0 of 0 metrics equal bit for bit from 4 samples; 0 checks; 0 kernel entries"},
        {"/predicate/tier", 0, true, 0, ASSAY_VERDICT_PASS, "run record, outcome partial: counts equal from 4 samples"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct desk desk;
        desk_init(&desk, 0);
        desk.out.document = CASES[i].is_record ? ASSAY_DOCUMENT_RECORD : ASSAY_DOCUMENT_RECEIPT;
        desk.judge.is_derived = true;
        desk.judge.derived.outcome = "partial";
        desk.judge.derived.statement = derived_of(4, 0, 0);
        desk.judge.metrics_equal = CASES[i].equal;
        judge_add(&desk.judge, GATE_FIELD, ASSAY_VERDICT_FAIL, CASES[i].refused, "f", "e");
        if (CASES[i].gate) {
            violating(&desk, CASES[i].gate, ASSAY_VERDICT_FAIL);
        }
        assert_line(&desk, ASSAY_LINE_RECOMPUTE, CASES[i].verdict, CASES[i].text);
    }
}

/* ---- POLICY ---- */

static void what_was_asked_is_counted_by_verdict(void **state)
{
    (void)state;
    static const struct {
        size_t asked, failed;
        unsigned gate;
        enum assay_verdict verdict;
        bool has_baseline;
        enum assay_verdict line_verdict;
        size_t counts[3]; /* pass, fail, undecided */
    } CASES[] = {
        {1, 0, 0, 0, false, ASSAY_VERDICT_PASS, {1, 0, 0}},
        {3, 1, 404, ASSAY_VERDICT_FAIL, false, ASSAY_VERDICT_FAIL, {2, 1, 0}},
        {3, 1, 0, 0, false, ASSAY_VERDICT_FAIL, {2, 1, 0}}, /* what failed may have been said elsewhere */
        {2, 0, 409, ASSAY_VERDICT_UNDECIDED, true, ASSAY_VERDICT_UNDECIDED, {1, 0, 1}},
        {2, 0, 411, ASSAY_VERDICT_UNDECIDED, true, ASSAY_VERDICT_UNDECIDED, {1, 0, 1}},
        {2, 0, 412, ASSAY_VERDICT_UNDECIDED, true, ASSAY_VERDICT_UNDECIDED, {2, 0, 0}},
        {2, 0, 408, ASSAY_VERDICT_UNDECIDED, true, ASSAY_VERDICT_UNDECIDED, {2, 0, 0}},
        {2, 0, 409, ASSAY_VERDICT_UNDECIDED, false, ASSAY_VERDICT_UNDECIDED, {2, 0, 0}},
        {2, 1, 409, ASSAY_VERDICT_UNDECIDED, true, ASSAY_VERDICT_FAIL, {1, 1, 0}},
        {2, 0, 401, ASSAY_VERDICT_FAIL, false, ASSAY_VERDICT_FAIL, {2, 0, 0}}, /* a gate that nobody has to ask for */
        {2, 0, 400, ASSAY_VERDICT_FAIL, false, ASSAY_VERDICT_PASS, {2, 0, 0}},
        {2, 0, 500, ASSAY_VERDICT_FAIL, false, ASSAY_VERDICT_PASS, {2, 0, 0}},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct desk desk;
        char text[128];
        desk_init(&desk, 0);
        desk.judge.expectations = CASES[i].asked;
        desk.judge.expectations_failed = CASES[i].failed;
        desk.input.baseline = CASES[i].has_baseline ? &desk.baseline : NULL;
        if (CASES[i].gate) {
            violating(&desk, CASES[i].gate, CASES[i].verdict);
        }
        (void)snprintf(text, sizeof text, "%zu pass, %zu fail, %zu undecided, 0 not-measured", CASES[i].counts[0],
                       CASES[i].counts[1], CASES[i].counts[2]);
        assert_line(&desk, ASSAY_LINE_POLICY, CASES[i].line_verdict, text);
        assert_true(desk.out.is_policy_required);
        assert_int_equal(desk.out.policy_counts[ASSAY_VERDICT_PASS], CASES[i].counts[0]);
        assert_int_equal(desk.out.policy_counts[ASSAY_VERDICT_FAIL], CASES[i].counts[1]);
        assert_int_equal(desk.out.policy_counts[ASSAY_VERDICT_UNDECIDED], CASES[i].counts[2]);
    }
}

static void where_nothing_was_asked_the_policy_line_still_fails_for_its_gates(void **state)
{
    (void)state;
    static const struct {
        unsigned gate;
        enum assay_verdict verdict, line_verdict;
    } CASES[] = {{0, 0, ASSAY_VERDICT_NOT_MEASURED},
                 {401, ASSAY_VERDICT_FAIL, ASSAY_VERDICT_FAIL},
                 {423, ASSAY_VERDICT_FAIL, ASSAY_VERDICT_FAIL},
                 {401, ASSAY_VERDICT_UNDECIDED, ASSAY_VERDICT_UNDECIDED},
                 {400, ASSAY_VERDICT_FAIL, ASSAY_VERDICT_NOT_MEASURED},
                 {500, ASSAY_VERDICT_FAIL, ASSAY_VERDICT_NOT_MEASURED}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct desk desk;
        desk_init(&desk, 0);
        if (CASES[i].gate) {
            violating(&desk, CASES[i].gate, CASES[i].verdict);
        }
        assert_line(&desk, ASSAY_LINE_POLICY, CASES[i].line_verdict, "no policy or expectation given");
        assert_false(desk.out.is_policy_required);
    }
}

/* ---- the gates of a policy file, into the same line ---- */

#define P ASSAY_VERDICT_PASS
#define N ASSAY_VERDICT_NOT_MEASURED
#define U ASSAY_VERDICT_UNDECIDED
#define F ASSAY_VERDICT_FAIL

static void the_graver_of_line_and_policy_file_is_said(void **state)
{
    (void)state;
    static const struct {
        enum assay_verdict before, gates, after;
        bool was_asked;
    } CASES[] = {
        {P, P, P, true},
        {P, N, N, true},
        {P, U, U, true},
        {P, F, F, true},
        {N, P, N, true},
        {N, N, N, true},
        {N, U, U, true},
        {N, F, F, true},
        {U, P, U, true},
        {U, N, U, true},
        {U, U, U, true},
        {U, F, F, true},
        {F, P, F, true},
        {F, N, F, true},
        {F, U, F, true},
        {F, F, F, true},
        /* nothing was asked before: the line was not measured, and the file alone speaks ... */
        {N, P, P, false},
        {N, U, U, false},
        {N, F, F, false},
        {U, P, P, false},
        {F, P, F, false},
        {F, N, F, false}, /* ... but a date that lies needs no asking (gate 406) */
    };
    const struct assay_verdict_row rows[] = {
        {.verdict = P, .is_in_family = true},  {.verdict = F, .is_in_family = true},
        {.verdict = F, .is_in_family = false}, /* not counted */
        {.verdict = U, .is_in_family = true},  {.verdict = N, .is_in_family = true},
        {.verdict = P, .is_in_family = true}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        const struct assay_verdict_document gates = {
            .verdict = CASES[i].gates, .rows = (struct assay_verdict_row *)(uintptr_t)rows, .rows_count = 6};
        struct assay_judgement out = {.is_readable = true, .is_policy_required = CASES[i].was_asked};
        assay_arena_init(&out.arena, 4096 + 65536);
        out.policy_counts[P] = 1;
        out.lines[ASSAY_LINE_POLICY].verdict = CASES[i].before;
        assert_int_equal(assay_judgement_add_gates(&out, &gates, NULL), ASSAY_OK);
        assert_int_equal(out.lines[ASSAY_LINE_POLICY].verdict, CASES[i].after);
        assert_string_equal(out.lines[ASSAY_LINE_POLICY].text, "3 pass, 1 fail, 1 undecided, 1 not-measured");
        assert_true(out.is_policy_required);
        assay_arena_done(&out.arena);
    }
}

static void a_policy_file_changes_nothing_of_an_unreadable_document_but_that_it_was_asked(void **state)
{
    (void)state;
    const struct assay_verdict_row row = {.verdict = F, .is_in_family = true};
    const struct assay_verdict_document gates = {
        .verdict = F, .rows = (struct assay_verdict_row *)(uintptr_t)&row, .rows_count = 1};
    struct assay_judgement out = {.is_readable = false};
    out.lines[ASSAY_LINE_POLICY].verdict = N;
    assert_int_equal(assay_judgement_add_gates(&out, &gates, NULL), ASSAY_OK);
    assert_true(out.is_policy_required);
    assert_int_equal(out.lines[ASSAY_LINE_POLICY].verdict, N);
    assert_int_equal(out.policy_counts[F], 0);
}

static void without_memory_a_policy_file_adds_no_line(void **state)
{
    (void)state;
    const struct assay_verdict_document gates = {.verdict = P};
    for (unsigned long n = 1; n <= 2; n++) { /* the text, and its place in the arena */
        struct assay_judgement out = {.is_readable = true};
        assay_arena_init(&out.arena, 1 << 20);
        out.lines[ASSAY_LINE_POLICY].verdict = N;
        assay_mem_fail_at(n);
        assert_int_equal(assay_judgement_add_gates(&out, &gates, NULL), ASSAY_NO_MEMORY);
        assay_mem_fail_at(0);
        assert_int_equal(out.lines[ASSAY_LINE_POLICY].verdict, N);
        assay_arena_done(&out.arena);
    }
}

/* ---- ASSURANCE: codes and tiers ---- */

static void codes_are_sorted_and_each_is_said_once(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, 0);
    (void)json_object_set_new(json_object_get(desk.judge.statement, "predicate"), "notChecked",
                              json_pack("[s,s,i,s,s]", "zebra", "platform", 3, "alpha", "zebra"));
    assert_line(&desk, ASSAY_LINE_ASSURANCE, ASSAY_VERDICT_NOT_MEASURED,
                "no tier; not checked: alpha platform signer-honesty trace unlogged-runs zebra");
    desk_init(&desk, 0);
    desk.judge.is_derived = true; /* then the derived list counts, and not the document's */
    desk.judge.derived.statement = derived_of(1, 0, 0);
    (void)json_object_set_new(json_object_get(desk.judge.derived.statement, "predicate"), "notChecked",
                              json_pack("[s]", "choice"));
    (void)json_object_set_new(json_object_get(desk.judge.statement, "predicate"), "notChecked",
                              json_pack("[s]", "zebra"));
    desk.input.is_interop = true;
    desk.out.has_head = true;
    assert_line(&desk, ASSAY_LINE_ASSURANCE, ASSAY_VERDICT_NOT_MEASURED,
                "tier 0 unsigned; not checked: choice interop outside-time platform signer-honesty unlogged-runs");
    for (int seen = 0; seen < 4; seen++) { /* both sides: the time is known from outside */
        desk_init(&desk, 0);
        desk.out.has_head = true;
        desk.judge.outside = (struct outside_time){.has_before = seen & 1, .has_after = seen & 2};
        assert_line(&desk, ASSAY_LINE_ASSURANCE, ASSAY_VERDICT_NOT_MEASURED,
                    seen == 3 ? "no tier; not checked: platform signer-honesty trace unlogged-runs"
                              : "no tier; not checked: outside-time platform signer-honesty trace unlogged-runs");
    }
}

static void a_reproduction_that_is_none_is_said(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, 0);
    desk.judge.not_reproduced = "it has another plan";
    assert_line(
        &desk, ASSAY_LINE_ASSURANCE, ASSAY_VERDICT_NOT_MEASURED,
        "no tier; not reproduced: it has another plan; not checked: platform signer-honesty trace unlogged-runs");
}

static void a_hostile_list_of_codes_is_cut_at_64_after_what_was_seen_here(void **state)
{
    (void)state;
    struct desk desk;
    const char *codes[JUDGE_CODES_MAX];
    char code[16];
    desk_init(&desk, 0);
    json_t *list = json_array();
    for (int i = 0; i < 100; i++) {
        (void)snprintf(code, sizeof code, "c%03d", i);
        (void)json_array_append_new(list, json_string(code));
    }
    (void)json_object_set_new(json_object_get(desk.judge.statement, "predicate"), "notChecked", list);
    assert_int_equal(judge_codes(&desk.judge, codes), 64);
    assert_string_equal(codes[0], "c000");
    assert_string_equal(codes[59], "c059");
    assert_string_equal(codes[60], "platform");
    assert_string_equal(codes[63], "unlogged-runs");
    desk_done(&desk);
}

/* Everything that tier 5 needs; the cases take one thing away. */
static void highest(struct desk *desk)
{
    desk_init(desk, 1);
    trusting(desk, 1, 1);
    desk->judge.is_derived = true;
    desk->judge.derived.statement = derived_of(6, 0, 0);
    desk->judge.log =
        (struct log_view){.is_whole = true, .is_logged = true, .has_intent = true, .intent = 3, .outcome = 4};
    desk->judge.outside = (struct outside_time){.has_before = true, .has_after = true};
    desk->judge.is_reproduced = true;
    (void)json_object_set_new(json_object_get(desk->judge.statement, "predicate"), "checks",
                              json_pack("[{s:s,s:s}]", "rule", "cache_audit@1", "verdict", "pass"));
}

static json_t *predicate_of(struct desk *desk)
{
    return json_object_get(desk->judge.statement, "predicate");
}

static void without_log(struct desk *desk)
{
    desk->judge.log.is_logged = false;
}
static void with_part_of_a_log(struct desk *desk)
{
    desk->judge.log.is_whole = false;
}
static void without_intent(struct desk *desk)
{
    desk->judge.log.has_intent = false;
}
static void intent_not_before(struct desk *desk)
{
    desk->judge.log.intent = 4;
}
static void an_open_run(struct desk *desk)
{
    desk->judge.log.open = 1;
}
static void no_head_seen(struct desk *desk)
{
    desk->judge.outside.has_before = false;
}
static void no_entry_seen(struct desk *desk)
{
    desk->judge.outside.has_after = false;
}
static void not_reproduced(struct desk *desk)
{
    desk->judge.is_reproduced = false;
}
static void no_good_key(struct desk *desk)
{
    desk->judge.good_keys = 0;
}
static void not_derived(struct desk *desk)
{
    desk->judge.is_derived = false;
}
static void unreadable(struct desk *desk)
{
    desk->out.is_readable = false;
}
static void interop(struct desk *desk)
{
    desk->input.is_interop = true;
}
static void nothing(struct desk *desk)
{
    (void)desk;
}

static void source_is(struct desk *desk, const char *text)
{
    (void)json_object_set_new(json_object_get(predicate_of(desk), "protocol"), "seedSource", json_string(text));
}

static void challenged(struct desk *desk)
{
    source_is(desk, "challenge");
}
static void fixed(struct desk *desk)
{
    source_is(desk, "fixed");
}

static void no_source(struct desk *desk)
{
    (void)json_object_del(json_object_get(predicate_of(desk), "protocol"), "seedSource");
}

static void tiers_fall_with_what_is_missing(void **state)
{
    (void)state;
    static const struct {
        void (*change)(struct desk *desk);
        int tier;
        const char *text;
    } CASES[] = {
        {nothing, 5, "tier 5 reproduced"},
        {challenged, 5, "tier 5 reproduced"},
        {not_reproduced, 4, "tier 4 challenged"},
        {fixed, 3, "tier 3 witnessed"},
        {no_source, 3, "tier 3 witnessed"},
        {no_head_seen, 2, "tier 2 logged"},
        {no_entry_seen, 2, "tier 2 logged"},
        {without_log, 1, "tier 1 signed"},
        {with_part_of_a_log, 1, "tier 1 signed"},
        {without_intent, 1, "tier 1 signed"},
        {intent_not_before, 1, "tier 1 signed"},
        {an_open_run, 1, "tier 1 signed"},
        {interop, 1, "tier 1 signed"},
        {no_good_key, 0, "tier 0, no signature was checked"},
        {not_derived, -1, "no tier"},
        {unreadable, -1, "no tier"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct desk desk;
        highest(&desk);
        CASES[i].change(&desk);
        judge_lines(&desk.judge);
        assert_int_equal(desk.out.tier, CASES[i].tier);
        assert_string_equal(judge_tier_text(&desk.judge), CASES[i].text);
        desk_done(&desk);
    }
}

static void tiers_fall_with_what_was_violated(void **state)
{
    (void)state;
    static const struct {
        unsigned gate;
        enum assay_verdict verdict;
        int tier;
    } CASES[] = {
        {101, F, -1}, {102, F, -1}, {109, F, -1}, {100, F, 5}, {101, U, 5}, {201, F, -1}, {215, F, -1},
        {301, F, -1}, {301, U, -1}, {412, F, 1},  {413, F, 1}, {415, F, 1}, {411, F, 5},  {416, F, 5},
        {412, U, 5},  {420, F, 3},  {420, U, 5},  {421, F, 5}, {419, F, 5},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct desk desk;
        highest(&desk);
        violating(&desk, CASES[i].gate, CASES[i].verdict);
        judge_lines(&desk.judge);
        assert_int_equal(desk.out.tier, CASES[i].tier);
        desk_done(&desk);
    }
}

static void an_audit_that_did_not_pass_leaves_a_run_witnessed(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *verdict;
        int tier;
    } CASES[] = {
        {"cache_audit@1", "fail", 3},         {"choice_audit@1", "fail", 3},
        {"clock_cross@1", "undecided", 3},    {"output_reference@1", "fail", 3},
        {"output_same@1", "not-measured", 3}, {"output_same@12", "fail", 3},
        {"output_same", "fail", 5}, /* no version: of no table */
        {"steady_state@1", "fail", 5},        {"roofline@1", "fail", 5},
        {"cache_audit@1", "pass", 5},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct desk desk;
        highest(&desk); /* its first check passes: all are looked at, not the first */
        (void)json_array_append_new(json_object_get(predicate_of(&desk), "checks"),
                                    json_pack("{s:s,s:s}", "rule", CASES[i].rule, "verdict", CASES[i].verdict));
        judge_lines(&desk.judge);
        assert_int_equal(desk.out.tier, CASES[i].tier);
        desk_done(&desk);
    }
}

static void a_code_holds_the_tier_down(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        int tier; /* evidence.md 3.4 */
    } CASES[] = {
        {"trace", 0},        {"scripted", 1},      {"imported", 1},    {"interop", 1},          {"intent", 1},
        {"outside-time", 2}, {"witness", 2},       {"clock-cross", 3}, {"compute-identity", 3}, {"cache-state", 3},
        {"host-probe", 3},   {"interference", 3},  {"choice", 3},      {"determinism", 3},      {"loaded-objects", 3},
        {"platform", 5},     {"unlogged-runs", 5}, {"anything", 5}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct desk desk;
        highest(&desk);
        (void)json_object_set_new(json_object_get(desk.judge.derived.statement, "predicate"), "notChecked",
                                  json_pack("[s]", CASES[i].code));
        judge_lines(&desk.judge);
        assert_int_equal(desk.out.tier, CASES[i].tier);
        desk_done(&desk);
    }
}

static void a_tier_that_was_asked_for_is_an_expectation(void **state)
{
    (void)state;
    static const struct {
        int asked;
        bool is_asked, is_readable;
        size_t expectations, failed;
    } CASES[] = {{5, true, true, 1, 0},
                 {4, true, true, 1, 0},
                 {6, true, true, 1, 1},
                 {6, false, true, 0, 0},
                 {6, true, false, 0, 0}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct desk desk;
        highest(&desk);
        desk.input.is_tier_required = CASES[i].is_asked;
        desk.input.required_tier = CASES[i].asked;
        desk.out.is_readable = CASES[i].is_readable;
        judge_lines(&desk.judge);
        assert_int_equal(desk.judge.expectations, CASES[i].expectations);
        assert_int_equal(desk.judge.expectations_failed, CASES[i].failed);
        assert_int_equal(judge_has(&desk.judge, 419, 419, F), CASES[i].failed);
        if (CASES[i].failed) {
            assert_string_equal(desk.judge.list[0].found, "tier 5 reproduced");
            assert_string_equal(desk.judge.list[0].expected, "tier 6 or higher");
            assert_string_equal(desk.judge.list[0].pointer, "");
        }
        desk_done(&desk);
    }
}

static void whichever_allocation_fails_the_lines_are_known_to_be_short(void **state)
{
    (void)state;
    unsigned long n = 1;
    for (bool is_whole = false; !is_whole; n++) {
        struct desk desk;
        highest(&desk);
        desk.judge.expectations = 1;
        assay_mem_fail_at(n);
        judge_lines(&desk.judge);
        assay_mem_fail_at(0);
        is_whole = desk.judge.log.is_whole && desk.out.lines[0].text[0] && desk.out.lines[1].text[0] &&
                   desk.out.lines[2].text[0] && desk.out.lines[3].text[0] && !desk.judge.is_out_of_memory;
        assert_int_equal(desk.judge.is_out_of_memory, !is_whole);
        desk_done(&desk);
    }
    assert_int_equal(n, 7); /* four texts, of which the last grows once, and the arena's block; then nothing fails */
}

/* ---- the exit status ---- */

static void the_exit_status_follows_from_lines_and_violations(void **state)
{
    (void)state;
    static const struct {
        struct {
            unsigned gate;
            enum assay_verdict verdict;
        } violation;
        enum assay_verdict crypto, recompute, policy;
        bool needs_crypto, needs_policy, is_missing, is_unread, is_record;
        int due;
    } CASES[] = {
        /* nothing is required but that it recomputes */
        {{0, 0}, N, P, N, 0, 0, 0, 0, 0, 0},
        {{0, 0}, N, N, N, 0, 0, 0, 0, 0, 2},
        {{0, 0}, N, U, N, 0, 0, 0, 0, 0, 2},
        {{0, 0}, N, P, N, 0, 0, 0, 0, 1, 2}, /* a record is no receipt */
        /* a line that is required */
        {{0, 0}, P, P, N, 1, 0, 0, 0, 0, 0},
        {{0, 0}, N, P, N, 1, 0, 0, 0, 0, 2},
        {{0, 0}, U, P, N, 1, 0, 0, 0, 0, 2},
        {{0, 0}, P, N, N, 1, 0, 0, 0, 0, 2},
        {{0, 0}, P, P, P, 1, 1, 0, 0, 0, 0},
        {{0, 0}, P, P, N, 1, 1, 0, 0, 0, 2},
        {{0, 0}, P, P, U, 1, 1, 0, 0, 0, 2},
        {{0, 0}, N, P, P, 1, 1, 0, 0, 0, 2},
        {{0, 0}, P, P, F, 1, 1, 0, 0, 0, 1}, /* a gate of a policy file is in no violation */
        {{0, 0}, P, P, F, 1, 0, 0, 0, 0, 0}, /* nobody asked */
        {{0, 0}, P, N, F, 1, 1, 0, 0, 0, 1},
        {{0, 0}, N, P, F, 0, 1, 0, 1, 0, 2}, /* unread: its lines say nothing */
        /* violations */
        {{101, F}, N, P, N, 0, 0, 0, 0, 0, 3},
        {{109, F}, N, P, N, 0, 0, 0, 0, 0, 3},
        {{109, F}, N, P, N, 0, 0, 0, 1, 0, 3},
        {{100, F}, N, P, N, 0, 0, 0, 0, 0, 0},
        {{200, F}, N, P, N, 0, 0, 0, 0, 0, 0},
        {{101, U}, N, P, N, 0, 0, 0, 0, 0, 2},
        {{109, U}, N, P, N, 0, 0, 0, 0, 0, 2},
        {{201, F}, N, P, N, 0, 0, 0, 0, 0, 1},
        {{420, F}, N, P, N, 0, 0, 0, 0, 0, 1},
        {{501, F}, N, P, N, 0, 0, 0, 0, 0, 1},
        {{600, F}, N, P, N, 0, 0, 0, 0, 0, 0},
        {{201, F}, N, N, N, 0, 0, 0, 1, 0, 2}, /* unread: nothing but its form was judged */
        {{201, U}, N, P, N, 0, 0, 0, 0, 0, 2},
        {{501, U}, N, P, N, 0, 0, 0, 0, 0, 2},
        {{600, U}, N, P, N, 0, 0, 0, 0, 0, 0},
        {{201, F}, N, P, N, 0, 0, 1, 0, 0, 5},
        {{101, F}, N, N, N, 0, 0, 1, 1, 0, 5},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        const struct assay_violation violation = {.gate = CASES[i].violation.gate,
                                                  .verdict = CASES[i].violation.verdict};
        struct assay_judgement out = {.is_missing = CASES[i].is_missing,
                                      .is_readable = !CASES[i].is_unread,
                                      .is_crypto_required = CASES[i].needs_crypto,
                                      .is_policy_required = CASES[i].needs_policy,
                                      .document = CASES[i].is_record ? ASSAY_DOCUMENT_RECORD : ASSAY_DOCUMENT_RECEIPT,
                                      .violations = &violation,
                                      .violations_count = violation.gate != 0};
        out.lines[ASSAY_LINE_CRYPTO].verdict = CASES[i].crypto;
        out.lines[ASSAY_LINE_RECOMPUTE].verdict = CASES[i].recompute;
        out.lines[ASSAY_LINE_POLICY].verdict = CASES[i].policy;
        if (assay_judgement_exit(&out) != CASES[i].due) {
            fail_msg("case %zu: exit %d, expected %d", i, assay_judgement_exit(&out), CASES[i].due);
        }
    }
}

static void failing_beats_malformed_and_malformed_beats_undecided(void **state)
{
    (void)state;
    struct assay_violation list[] = {
        {.gate = 301, .verdict = U}, {.gate = 108, .verdict = F}, {.gate = 311, .verdict = F}};
    struct assay_judgement out = {.is_readable = true, .violations = list, .violations_count = 1};
    out.lines[ASSAY_LINE_RECOMPUTE].verdict = P;
    assert_int_equal(assay_judgement_exit(&out), 2);
    out.violations_count = 2;
    assert_int_equal(assay_judgement_exit(&out), 3);
    out.violations_count = 3;
    assert_int_equal(assay_judgement_exit(&out), 1);
    out.is_readable = false;
    assert_int_equal(assay_judgement_exit(&out), 3);
}

static void of_a_profile_only_its_own_gates_count(void **state)
{
    (void)state;
    static const struct {
        unsigned gate;
        enum assay_verdict verdict;
        int due;
    } CASES[] = {{0, 0, 0},   {800, F, 3}, {109, F, 3}, {801, F, 1}, {803, F, 1},
                 {108, F, 1}, {110, F, 1}, {800, U, 1}, {109, U, 1}, {799, F, 1}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        const struct assay_violation violation = {.gate = CASES[i].gate, .verdict = CASES[i].verdict};
        const struct assay_judgement out = {
            .is_profile = true, .is_readable = true, .violations = &violation, .violations_count = violation.gate != 0};
        assert_int_equal(assay_judgement_exit(&out), CASES[i].due);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_are_said_as_they_were_found),
        cmocka_unit_test(a_line_counts_the_failures_of_its_own_gates),
        cmocka_unit_test(the_log_is_said_as_far_as_it_is_known),
        cmocka_unit_test(no_line_says_more_of_a_document_that_could_not_be_read),
        cmocka_unit_test(a_recomputation_is_said_with_its_counts),
        cmocka_unit_test(what_was_not_recomputed_says_why),
        cmocka_unit_test(what_is_malformed_was_not_recomputed),
        cmocka_unit_test(what_was_asked_is_counted_by_verdict),
        cmocka_unit_test(where_nothing_was_asked_the_policy_line_still_fails_for_its_gates),
        cmocka_unit_test(the_graver_of_line_and_policy_file_is_said),
        cmocka_unit_test(a_policy_file_changes_nothing_of_an_unreadable_document_but_that_it_was_asked),
        cmocka_unit_test(without_memory_a_policy_file_adds_no_line),
        cmocka_unit_test(codes_are_sorted_and_each_is_said_once),
        cmocka_unit_test(a_reproduction_that_is_none_is_said),
        cmocka_unit_test(a_hostile_list_of_codes_is_cut_at_64_after_what_was_seen_here),
        cmocka_unit_test(tiers_fall_with_what_is_missing),
        cmocka_unit_test(tiers_fall_with_what_was_violated),
        cmocka_unit_test(an_audit_that_did_not_pass_leaves_a_run_witnessed),
        cmocka_unit_test(a_code_holds_the_tier_down),
        cmocka_unit_test(a_tier_that_was_asked_for_is_an_expectation),
        cmocka_unit_test(whichever_allocation_fails_the_lines_are_known_to_be_short),
        cmocka_unit_test(the_exit_status_follows_from_lines_and_violations),
        cmocka_unit_test(failing_beats_malformed_and_malformed_beats_undecided),
        cmocka_unit_test(of_a_profile_only_its_own_gates_count),
    };
    assay_json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
