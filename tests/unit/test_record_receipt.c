#include "support/run_case.h"

#include "base/mem.h"
#include "crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* ---- cases ------------------------------------------------------------------------------------------------------ */

/* Six operations of one user, back to back; the first is warm-up. */
static void init_noop(struct run_case *run)
{
    run_case_init(run, "noop", ASSAY_LOAD_CLOSED);
    run->plan->warmup.samples = 1;
    for (uint64_t i = 0; i < 6; i++) {
        run_case_add(run, (struct case_sample){.sample = {.due_ns = i * 1100000,
                                                          .start_ns = i * 1100000,
                                                          .end_ns = (i + 1) * 1100000,
                                                          .cpu_ns = ASSAY_NS_ABSENT}});
    }
}

static void init_llm(struct run_case *run, enum assay_load_mode mode)
{
    run_case_init(run, "llm", mode);
    for (uint64_t i = 0; i < 4; i++) {
        uint64_t at = i * 10000000;
        run_case_add(run,
                     (struct case_sample){
                         .sample = {.due_ns = at, .start_ns = at, .end_ns = at + 10000000, .cpu_ns = ASSAY_NS_ABSENT},
                         .request = {.tx_ns = at,
                                     .prompt_tokens = 10,
                                     .output_tokens = 2,
                                     .output_source = ASSAY_TOKENS_IDS,
                                     .body_sha256 = {1},
                                     .output_sha256 = {2}},
                         .chunks = {{at + 5000000, 1, ASSAY_CHUNK_TEXT}, {at + 9000000, 1, ASSAY_CHUNK_TEXT}}});
    }
}

static const char *text_at(const json_t *statement, const char *pointer)
{
    const char *text = json_string_value(assay_json_at(statement, pointer));
    if (!text) {
        fail_msg("no text at %s", pointer);
    }
    return text;
}

static int64_t int_at(const json_t *statement, const char *pointer)
{
    const json_t *value = assay_json_at(statement, pointer);
    if (!json_is_integer(value)) {
        fail_msg("no integer at %s", pointer);
    }
    return json_integer_value(value);
}

static bool has_code(const json_t *statement, const char *pointer, const char *code)
{
    const json_t *list = assay_json_at(statement, pointer);
    assert_true(json_is_array(list));
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (strcmp(json_string_value(json_array_get(list, i)), code) == 0) {
            return true;
        }
    }
    return false;
}

/* Writes the case and derives from its bytes; the statement is the caller's. */
static struct assay_derivation derive(struct run_case *run)
{
    static const char *const NONE[] = {NULL};
    struct assay_derivation derivation = {0};
    assay_err err = {0};
    run_case_write(run, strcmp(run->plan->workload, "noop") == 0 ? NULL : NONE);
    assay_code rc = assay_receipt_derive(run->plan_bytes.data, run->plan_bytes.len, run->trace_bytes.data,
                                         run->trace_bytes.len, &derivation, &err);
    if (rc != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    return derivation;
}

static void expect_outcome(struct run_case *run, const char *outcome, enum assay_document document)
{
    struct assay_derivation derivation = derive(run);
    assert_string_equal(derivation.outcome, outcome);
    assert_int_equal(derivation.document, document);
    if (document == ASSAY_DOCUMENT_RECORD) {
        assert_string_equal(text_at(derivation.statement, "/predicate/outcome"), outcome);
        assert_null(assay_json_at(derivation.statement, "/predicate/metrics"));
    }
    json_decref(derivation.statement);
    run_case_done(run);
}

static void expect_gate(struct run_case *run, int gate)
{
    static const char *const NONE[] = {NULL};
    struct assay_derivation derivation = {0};
    assay_err err = {0};
    run_case_write(run, NONE);
    assert_int_equal(assay_receipt_derive(run->plan_bytes.data, run->plan_bytes.len, run->trace_bytes.data,
                                          run->trace_bytes.len, &derivation, &err),
                     ASSAY_MALFORMED);
    if (derivation.gate != gate) {
        fail_msg("gate %d, expected %d: %s", derivation.gate, gate, err.message);
    }
    run_case_done(run);
}

/* ---- the statement ---------------------------------------------------------------------------------------------- */

static void a_complete_run_gives_a_receipt_with_what_its_bytes_say(void **state)
{
    (void)state;
    struct run_case run;
    init_noop(&run);
    struct assay_derivation derivation = derive(&run);
    const json_t *statement = derivation.statement;
    assert_string_equal(derivation.outcome, "valid");
    assert_string_equal(text_at(statement, "/predicateType"), ASSAY_TYPE_RECEIPT);
    assert_string_equal(text_at(statement, "/predicate/protocol/computePath"), "real");
    assert_int_equal(int_at(statement, "/predicate/samples/count"), 6);
    assert_int_equal(int_at(statement, "/predicate/samples/warmup"), 1);
    assert_int_equal(int_at(statement, "/predicate/samples/ok"), 6);
    assert_int_equal(int_at(statement, "/predicate/samples/firstDueNs"), 1100000);
    assert_int_equal(int_at(statement, "/predicate/samples/lastStartNs"), 5500000);
    assert_int_equal(int_at(statement, "/predicate/samples/lastEndNs"), 6600000);
    struct assay_digest digest;
    char text[ASSAY_DIGEST_TEXT_BYTES];
    assay_sha256_of(run.trace_bytes.data, run.trace_bytes.len, &digest);
    assay_digest_print(&digest, text);
    assert_string_equal(text_at(statement, "/predicate/samples/sha256"), text);
    assert_string_equal(text_at(statement, "/predicate/attempts/counter/absent"), "unsigned");
    assert_true(has_code(statement, "/predicate/tier/evidence", "trace"));
    assert_true(has_code(statement, "/predicate/notChecked", "choice"));
    json_decref(derivation.statement);
    run_case_done(&run);
}

/* evidence.md 1.4: five operations of 1.1 ms, back to back, after one of warm-up. */
static void the_worked_example_s_rate_and_median_come_out(void **state)
{
    (void)state;
    struct run_case run;
    init_noop(&run);
    struct assay_derivation derivation = derive(&run);
    const json_t *metrics = assay_json_at(derivation.statement, "/predicate/metrics");
    unsigned seen = 0;
    for (size_t i = 0; i < json_array_size(metrics); i++) {
        const json_t *metric = json_array_get(metrics, i);
        const char *name = text_at(metric, "/name");
        if (strcmp(name, "rate") == 0) {
            assert_string_equal(text_at(metric, "/value"), "909.0909090909091");
            seen++;
        } else if (strcmp(name, "service_p50") == 0) {
            assert_string_equal(text_at(metric, "/value"), "1100000");
            assert_int_equal(int_at(metric, "/n"), 5);
            seen++;
        }
    }
    assert_int_equal(seen, 2);
    json_decref(derivation.statement);
    run_case_done(&run);
}

static void the_same_bytes_give_the_same_statement(void **state)
{
    (void)state;
    struct run_case run;
    struct assay_buf first, second;
    init_noop(&run);
    struct assay_derivation a = derive(&run), b = {0};
    assert_int_equal(assay_receipt_derive(run.plan_bytes.data, run.plan_bytes.len, run.trace_bytes.data,
                                          run.trace_bytes.len, &b, NULL),
                     ASSAY_OK);
    assay_buf_init(&first, ASSAY_ENVELOPE_BYTES_MAX);
    assay_buf_init(&second, ASSAY_ENVELOPE_BYTES_MAX);
    assert_int_equal(assay_receipt_envelope(a.statement, &first, NULL), ASSAY_OK);
    assert_int_equal(assay_receipt_envelope(b.statement, &second, NULL), ASSAY_OK);
    assert_int_equal(first.len, second.len);
    assert_memory_equal(first.data, second.data, first.len);
    assert_int_equal(first.data[first.len - 1], '\n');
    assay_buf_done(&first);
    assay_buf_done(&second);
    json_decref(a.statement);
    json_decref(b.statement);
    run_case_done(&run);
}

static void an_envelope_reads_back_as_the_statement(void **state)
{
    (void)state;
    struct run_case run;
    struct assay_buf file;
    json_t *statement = NULL;
    enum assay_document document = ASSAY_DOCUMENT_IMPORTED;
    init_noop(&run);
    struct assay_derivation derivation = derive(&run);
    assay_buf_init(&file, ASSAY_ENVELOPE_BYTES_MAX);
    assert_int_equal(assay_receipt_envelope(derivation.statement, &file, NULL), ASSAY_OK);
    assert_int_equal(assay_receipt_read(file.data, file.len, &statement, &document, NULL), ASSAY_OK);
    assert_int_equal(document, ASSAY_DOCUMENT_RECEIPT);
    assert_true(json_equal(statement, derivation.statement));
    json_decref(statement);
    statement = NULL;
    assert_int_not_equal(assay_receipt_read(file.data, file.len / 2, &statement, &document, NULL), ASSAY_OK);
    assert_null(statement);
    assay_buf_done(&file);
    json_decref(derivation.statement);
    run_case_done(&run);
}

/* ---- outcomes --------------------------------------------------------------------------------------------------- */

static void what_is_no_complete_run_gives_a_record_without_rates(void **state)
{
    (void)state;
    static const struct {
        const char *reason, *outcome;
    } ROWS[] = {{"signal", "aborted"}, {"harness", "failed"}, {"errors", "partial"}, {"time", "partial"}};
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct run_case run;
        init_noop(&run);
        run.stop_reason = ROWS[i].reason;
        expect_outcome(&run, ROWS[i].outcome, ASSAY_DOCUMENT_RECORD);
    }
}

static void time_is_one_of_the_ends_of_a_precision_rule(void **state)
{
    (void)state;
    struct run_case run;
    init_noop(&run);
    run.stop_reason = "time";
    run.plan->load = (struct assay_load){.mode = ASSAY_LOAD_PAIRED, .concurrency = 1, .workers = 1, .window = 1};
    run.plan->stop.rule = ASSAY_STOP_PRECISION;
    expect_outcome(&run, "valid", ASSAY_DOCUMENT_RECEIPT);
}

static void a_run_without_an_ok_sample_in_the_window_failed(void **state)
{
    (void)state;
    struct run_case run;
    init_noop(&run);
    for (size_t i = 1; i < 6; i++) {
        run.samples[i].sample.status = ASSAY_STATUS_RESET;
    }
    expect_outcome(&run, "failed", ASSAY_DOCUMENT_RECORD);
}

/* A counter chunk of one entry: 20 bytes a ns. */
static json_t *counters(const char *id, const char *kind, const char *isa)
{
    return json_pack("[{s:s, s:i, s:i}, {s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:s, s:i, s:i}]", "tableSha256",
                     "2a6f56cf2b7965cebb87234d258a35537706c963bf0ae428a69e06e59ac64968", "wallNs", 6600000, "threads",
                     1, "id", id, "arm", "a", "class", kind, "equality", "exact", "isa", isa, "fallback", 0, "calls",
                     "6", "elements", "600", "bytes", "100000000", "ops", "1200", "ns", 5000000, "threads", 1);
}

static void kernels_of_the_trace_stand_in_the_receipt_and_name_the_backend(void **state)
{
    (void)state;
    static const struct {
        const char *id, *isa, *backend;
    } CASES[] = {{"ternary_gemv_i2s_avx2", "avx2", "cpu"}, {"ternary_gemv_w2a8_cuda80", "cuda80", "cuda"}};
    for (size_t i = 0; i < 2; i++) {
        struct run_case run;
        init_noop(&run);
        run.kernels = counters(CASES[i].id, "quantised", CASES[i].isa);
        struct assay_derivation derivation = derive(&run);
        assert_string_equal(text_at(derivation.statement, "/predicate/kernels/entries/0/id"), CASES[i].id);
        assert_string_equal(text_at(derivation.statement, "/predicate/kernels/entries/0/bytes"), "100000000");
        assert_null(assay_json_at(derivation.statement, "/predicate/kernels/entries/0/ops"));
        assert_true(has_code(derivation.statement, "/predicate/protocol/backend", CASES[i].backend));
        assert_int_equal(json_array_size(assay_json_at(derivation.statement, "/predicate/protocol/backend")), 1);
        json_decref(derivation.statement);
        run_case_done(&run);
    }
}

static void a_stand_in_kernel_makes_the_run_a_stand_in_without_rates(void **state)
{
    (void)state;
    struct run_case run;
    init_noop(&run);
    run.kernels = counters("ternary_gemv_i2s_avx2", "standin", "avx2");
    expect_outcome(&run, "standin", ASSAY_DOCUMENT_RECORD);
}

/* The verdict of the roofline check follows from counters and probes, whatever was told. */
static void the_roofline_is_judged_from_the_counters(void **state)
{
    (void)state;
    static const struct {
        const char *highest, *lowest, *verdict;
    } CASES[] = {{"20000000000", "19000000000", "pass"},
                 {"18000000000", "17000000000", "fail"},
                 {"18000000000", "9000000000", "undecided"}};
    for (size_t i = 0; i < 3; i++) {
        struct run_case run;
        init_noop(&run);
        run.kernels = counters("ternary_gemv_i2s_avx2", "quantised", "avx2");
        json_t *check =
            json_pack("{s:s, s:s, s:s, s:i, s:{s:s, s:s}}", "id", "roofline", "rule", "roofline@1", "verdict", "pass",
                      "n", 3, "data", "readHighest", CASES[i].highest, "readLowest", CASES[i].lowest);
        assert_int_equal(json_array_append_new(run.checks, check), 0);
        struct assay_derivation derivation = derive(&run);
        const json_t *checks = assay_json_at(derivation.statement, "/predicate/checks");
        const char *found = NULL;
        for (size_t k = 0; k < json_array_size(checks); k++) {
            const json_t *made = json_array_get(checks, k);
            if (strcmp(json_string_value(json_object_get(made, "id")), "roofline") == 0) {
                found = json_string_value(json_object_get(made, "verdict"));
            }
        }
        assert_non_null(found);
        assert_string_equal(found, CASES[i].verdict);
        json_decref(derivation.statement);
        run_case_done(&run);
    }
}

static void a_scripted_peer_is_a_stand_in_unless_the_plan_names_it(void **state)
{
    (void)state;
    struct run_case run;
    init_llm(&run, ASSAY_LOAD_CLOSED);
    run.samples[2].sample.flags = ASSAY_SAMPLE_PEER_SCRIPTED;
    expect_outcome(&run, "standin", ASSAY_DOCUMENT_RECORD);

    init_llm(&run, ASSAY_LOAD_CLOSED);
    run.samples[2].sample.flags = ASSAY_SAMPLE_PEER_SCRIPTED;
    assert_int_equal(json_object_set_new(run.plan->options, "peer", json_string("scripted")), 0);
    struct assay_derivation derivation = derive(&run);
    assert_string_equal(text_at(derivation.statement, "/predicate/protocol/computePath"), "scripted");
    assert_true(has_code(derivation.statement, "/predicate/notChecked", "scripted"));
    json_decref(derivation.statement);
    run_case_done(&run);
}

static void the_compute_path_follows_the_records_of_the_trace(void **state)
{
    (void)state;
    static const struct {
        uint32_t flags;
        const char *path;
    } ROWS[] = {{0, "real"},
                {ASSAY_SAMPLE_PEER_SCRIPTED, "scripted"},
                {ASSAY_SAMPLE_IMPORTED, "imported"},
                {ASSAY_SAMPLE_IMPORTED | ASSAY_SAMPLE_PEER_SCRIPTED, "imported"}};
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct run_case run;
        init_llm(&run, ASSAY_LOAD_CLOSED);
        run.samples[3].sample.flags = ROWS[i].flags;
        struct assay_derivation derivation = derive(&run);
        assert_string_equal(text_at(derivation.statement, "/predicate/protocol/computePath"), ROWS[i].path);
        assert_string_equal(text_at(derivation.statement, "/predicate/protocol/backend/0"), "remote");
        json_decref(derivation.statement);
        run_case_done(&run);
    }
}

/* ---- determinism ------------------------------------------------------------------------------------------------ */

static void equal_outputs_of_one_input_prove_determinism_and_others_refute_it(void **state)
{
    (void)state;
    static const struct {
        uint8_t input, output; /* of the last sample */
        const char *state;
        int64_t repetitions;
    } ROWS[] = {{1, 2, "proven", 4}, {1, 3, "refuted", 4}, {9, 3, "proven", 3}};
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct run_case run;
        init_llm(&run, ASSAY_LOAD_CLOSED);
        run.samples[3].request.body_sha256[0] = ROWS[i].input;
        run.samples[3].request.output_sha256[0] = ROWS[i].output;
        struct assay_derivation derivation = derive(&run);
        assert_string_equal(text_at(derivation.statement, "/predicate/determinism/state"), ROWS[i].state);
        assert_int_equal(int_at(derivation.statement, "/predicate/determinism/repetitions"), ROWS[i].repetitions);
        json_decref(derivation.statement);
        run_case_done(&run);
    }
    struct run_case run;
    init_noop(&run);
    struct assay_derivation derivation = derive(&run);
    assert_string_equal(text_at(derivation.statement, "/predicate/determinism/state"), "not-measured");
    json_decref(derivation.statement);
    run_case_done(&run);
}

/* ---- validity --------------------------------------------------------------------------------------------------- */

/* Exactly this code is there, or none. */
static void expect_codes(struct run_case *run, const char *code)
{
    struct assay_derivation derivation = derive(run);
    const json_t *invalid = assay_json_at(derivation.statement, "/predicate/invalid");
    if (code) {
        assert_string_equal(derivation.outcome, "invalid");
        assert_int_equal(json_array_size(invalid), 1);
        assert_string_equal(json_string_value(json_array_get(invalid, 0)), code);
    } else {
        assert_string_equal(derivation.outcome, "valid");
    }
    json_decref(derivation.statement);
    run_case_done(run);
}

static void an_open_loop_that_sends_late_is_invalid(void **state)
{
    (void)state;
    struct run_case run;
    init_llm(&run, ASSAY_LOAD_OPEN);
    expect_codes(&run, NULL);
    init_llm(&run, ASSAY_LOAD_OPEN); /* 51 us is more than 1% of 5 ms, and 0.1% of the 30 ms between first and last */
    run.samples[1].sample.start_ns += 60000;
    run.samples[1].request.tx_ns += 60000;
    expect_codes(&run, "late");
    init_llm(&run, ASSAY_LOAD_OPEN);
    run.samples[3].sample.start_ns += 40000;
    run.samples[3].request.tx_ns += 40000;
    expect_codes(&run, "rate");
}

static void users_that_are_not_there_make_a_closed_loop_invalid(void **state)
{
    (void)state;
    struct run_case run;
    init_llm(&run, ASSAY_LOAD_CLOSED);
    expect_codes(&run, NULL);
    init_llm(&run, ASSAY_LOAD_CLOSED);
    run.plan->load.concurrency = 2;
    expect_codes(&run, "users");
}

static void tokens_without_a_kernel_stamp_make_the_run_invalid(void **state)
{
    (void)state;
    struct run_case run;
    init_llm(&run, ASSAY_LOAD_CLOSED);
    run.samples[1].lacks_kernel_stamps = true;
    expect_codes(&run, "stamps");
}

static void a_noisy_host_and_a_busy_client_make_the_run_invalid(void **state)
{
    (void)state;
    struct assay_host_reading host[2];
    memset(host, 0xff, sizeof host); /* absent */
    host[0].at_ns = 0;
    host[1].at_ns = 1000000000;
    struct run_case run;
    init_noop(&run);
    run.host = host;
    run.host_count = 2;
    expect_codes(&run, NULL);
    host[0].foreign_cpu_ppm = 10000;
    host[1].foreign_cpu_ppm = 31000;
    init_noop(&run);
    run.host = host;
    run.host_count = 2;
    expect_codes(&run, "noise");
    host[1].foreign_cpu_ppm = 10000;
    host[1].client_cpu_ppm = 800001;
    init_noop(&run);
    run.host = host;
    run.host_count = 2;
    expect_codes(&run, "client");
}

static void a_workload_may_tell_only_what_nobody_else_can_know(void **state)
{
    (void)state;
    static const char *const TOLD[] = {"busy", "state", "subject"};
    for (size_t i = 0; i < sizeof TOLD / sizeof TOLD[0]; i++) {
        struct run_case run;
        init_noop(&run);
        assert_int_equal(json_array_append_new(run.checks, json_pack("{s:[s]}", "invalid", TOLD[i])), 0);
        expect_codes(&run, TOLD[i]);
    }
    struct run_case run;
    init_noop(&run);
    assert_int_equal(json_array_append_new(run.checks, json_pack("{s:[s]}", "invalid", "late")), 0);
    expect_gate(&run, 320);
}

static json_t *calibration(int64_t error_ns)
{
    return json_pack("{s:s,s:s,s:s,s:i,s:{s:I}}", "id", "stamp-calibration", "rule", "stamp_calibration@1", "verdict",
                     "pass", "n", 100, "data", "kernelP99Ns", (json_int_t)error_ns);
}

static void the_verdict_of_a_calibration_is_derived_and_never_read(void **state)
{
    (void)state;
    struct run_case run;
    init_llm(&run, ASSAY_LOAD_CLOSED);
    assert_int_equal(json_array_append_new(run.checks, calibration(40000)), 0);
    expect_codes(&run, NULL); /* 1% of 5 ms */
    init_llm(&run, ASSAY_LOAD_CLOSED);
    assert_int_equal(json_array_append_new(run.checks, calibration(60000)), 0);
    struct assay_derivation derivation = derive(&run);
    assert_true(has_code(derivation.statement, "/predicate/invalid", "calib"));
    assert_string_equal(text_at(derivation.statement, "/predicate/checks/0/id"), "stamp-calibration");
    assert_string_equal(text_at(derivation.statement, "/predicate/checks/0/verdict"), "fail");
    json_decref(derivation.statement);
    run_case_done(&run);
}

static void the_verdict_of_every_rule_follows_from_its_counts(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *state, *data, *verdict;
        int n;
    } ROWS[] = {
        {"cache_audit@1", "warm", "{\"floor_tokens\":4,\"over_floor\":0}", "pass", 4},
        {"cache_audit@1", "warm", "{\"floor_tokens\":4,\"over_floor\":1}", "fail", 4},
        {"cache_audit@1", "any", "{\"floor_tokens\":4,\"over_floor\":0}", "not-measured", 4},
        {"cache_audit@1", "warm", "{\"over_floor\":0}", "not-measured", 4},
        {"token_count@1", "any", "{\"ids\":4,\"usage_mismatch\":0}", "pass", 4},
        {"token_count@1", "any", "{\"ids\":4,\"usage_mismatch\":1}", "fail", 4},
        {"token_count@1", "any", "{\"chunk_count\":4,\"usage_mismatch\":0}", "not-measured", 4},
        {"token_count@1", "any", "{\"usage_mismatch\":0}", "not-measured", 0},
        {"output_reference@1", "any", "{\"failures\":0}", "pass", 1},
        {"output_reference@1", "any", "{\"failures\":2}", "fail", 3},
        {"output_reference@1", "any", "{\"failures\":0}", "not-measured", 0},
        {"output_same@1", "any", "{}", "not-measured", 3},
        {"stamp_calibration@1", "any", "{\"userN\":3}", "not-measured", 3},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct run_case run;
        init_llm(&run, ASSAY_LOAD_CLOSED);
        assert_int_equal(json_object_set_new(run.plan->options, "state", json_string(ROWS[i].state)), 0);
        json_t *check = json_pack("{s:s,s:s,s:i,s:o}", "id", "a-check", "rule", ROWS[i].rule, "n", ROWS[i].n, "data",
                                  json_loads(ROWS[i].data, 0, NULL));
        assert_int_equal(json_array_append_new(run.checks, check), 0);
        struct assay_derivation derivation = derive(&run);
        assert_string_equal(text_at(derivation.statement, "/predicate/checks/0/id"), "a-check");
        if (strcmp(text_at(derivation.statement, "/predicate/checks/0/verdict"), ROWS[i].verdict) != 0) {
            fail_msg("row %zu: %s", i, text_at(derivation.statement, "/predicate/checks/0/verdict"));
        }
        json_decref(derivation.statement);
        run_case_done(&run);
    }
    struct run_case run;
    init_noop(&run);
    json_t *check = json_pack("{s:s,s:s,s:i,s:{}}", "id", "x", "rule", "made_up@1", "n", 1, "data");
    assert_int_equal(json_array_append_new(run.checks, check), 0);
    expect_gate(&run, 318);
}

/* ---- breaches --------------------------------------------------------------------------------------------------- */

static void samples_that_do_not_fit_their_plan_are_refused(void **state)
{
    (void)state;
    struct run_case run;
    init_noop(&run); /* due when no slot was free */
    run.samples[3].sample.due_ns += 500;
    run.samples[3].sample.queued_ns += 500;
    run.samples[3].sample.start_ns += 500;
    run.samples[4].sample.due_ns += 700;
    run.samples[4].sample.queued_ns += 700;
    run.samples[4].sample.start_ns += 700;
    expect_gate(&run, 309);
    init_noop(&run); /* ended before it began */
    run.samples[2].sample.end_ns = run.samples[2].sample.start_ns - 2000000;
    expect_gate(&run, 310);
    init_noop(&run); /* no lower bound */
    run.samples[5].sample.status = ASSAY_STATUS_TIMEOUT_TOTAL;
    run.samples[5].sample.end_ns = ASSAY_NS_ABSENT;
    expect_gate(&run, 308);
}

static void a_trace_does_not_fit_another_plan(void **state)
{
    (void)state;
    static const char *const NONE[] = {NULL};
    struct run_case a, b;
    struct assay_derivation derivation = {0};
    init_noop(&a);
    init_noop(&b);
    b.plan->seed = 5;
    run_case_write(&a, NONE);
    run_case_write(&b, NONE);
    assert_int_equal(assay_receipt_derive(b.plan_bytes.data, b.plan_bytes.len, a.trace_bytes.data, a.trace_bytes.len,
                                          &derivation, NULL),
                     ASSAY_MALFORMED);
    assert_int_equal(derivation.gate, 306);
    run_case_done(&a);
    run_case_done(&b);
}

/* Whichever allocation fails, the answer is "out of memory" and nothing half made. */
static void lack_of_memory_is_told_and_never_changes_a_statement(void **state)
{
    (void)state;
    enum { STEP = 7, ENOUGH = 100000 };
    struct run_case run;
    struct assay_derivation whole, derivation = {0};
    init_llm(&run, ASSAY_LOAD_CLOSED);
    assert_int_equal(json_array_append_new(run.checks, calibration(40000)), 0);
    whole = derive(&run);
    assay_code rc = ASSAY_NO_MEMORY;
    for (unsigned long n = 1; rc != ASSAY_OK; n += n < 200 ? 1 : STEP) {
        assert_true(n < ENOUGH);
        assay_mem_fail_at(n);
        rc = assay_receipt_derive(run.plan_bytes.data, run.plan_bytes.len, run.trace_bytes.data, run.trace_bytes.len,
                                  &derivation, NULL);
        assay_mem_fail_at(0);
        if (rc != ASSAY_OK) {
            assert_int_equal(rc, ASSAY_NO_MEMORY);
            assert_null(derivation.statement);
        }
    }
    assert_true(json_equal(whole.statement, derivation.statement));
    json_decref(whole.statement);
    json_decref(derivation.statement);
    run_case_done(&run);
}

int main(void)
{
    assay_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_complete_run_gives_a_receipt_with_what_its_bytes_say),
        cmocka_unit_test(the_worked_example_s_rate_and_median_come_out),
        cmocka_unit_test(the_same_bytes_give_the_same_statement),
        cmocka_unit_test(an_envelope_reads_back_as_the_statement),
        cmocka_unit_test(what_is_no_complete_run_gives_a_record_without_rates),
        cmocka_unit_test(time_is_one_of_the_ends_of_a_precision_rule),
        cmocka_unit_test(a_run_without_an_ok_sample_in_the_window_failed),
        cmocka_unit_test(kernels_of_the_trace_stand_in_the_receipt_and_name_the_backend),
        cmocka_unit_test(a_stand_in_kernel_makes_the_run_a_stand_in_without_rates),
        cmocka_unit_test(the_roofline_is_judged_from_the_counters),
        cmocka_unit_test(a_scripted_peer_is_a_stand_in_unless_the_plan_names_it),
        cmocka_unit_test(the_compute_path_follows_the_records_of_the_trace),
        cmocka_unit_test(equal_outputs_of_one_input_prove_determinism_and_others_refute_it),
        cmocka_unit_test(an_open_loop_that_sends_late_is_invalid),
        cmocka_unit_test(users_that_are_not_there_make_a_closed_loop_invalid),
        cmocka_unit_test(tokens_without_a_kernel_stamp_make_the_run_invalid),
        cmocka_unit_test(a_noisy_host_and_a_busy_client_make_the_run_invalid),
        cmocka_unit_test(a_workload_may_tell_only_what_nobody_else_can_know),
        cmocka_unit_test(the_verdict_of_a_calibration_is_derived_and_never_read),
        cmocka_unit_test(the_verdict_of_every_rule_follows_from_its_counts),
        cmocka_unit_test(samples_that_do_not_fit_their_plan_are_refused),
        cmocka_unit_test(a_trace_does_not_fit_another_plan),
        cmocka_unit_test(lack_of_memory_is_told_and_never_changes_a_statement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
