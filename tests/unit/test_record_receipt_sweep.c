/*
 * What a receipt is derived from, against tests/golden/record/receipt.txt: whole statements of a few runs, line by
 * line; each member of the facts and of the kernel counters, and what comes of its change; and how each run ends.
 */
#include "base/mem.h"
#include "crypto/crypto.h"
#include "support/golden.h"
#include "support/run_case.h"
#include "support/sweep.h"
#include "support/trace_chunks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_MAX ((size_t)64 << 20)
#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* ---- statements ------------------------------------------------------------------------------------------------- */

/* "POINTER VALUE", a line a leaf; what depends on the compressor is left out. */
static void put_leaves(const json_t *value, struct assay_json_pointer *at, struct assay_buf *out)
{
    const char *name;
    size_t index;
    json_t *member;
    if ((json_is_object(value) && json_object_size(value) > 0) ||
        (json_is_array(value) && json_array_size(value) > 0)) {
        json_object_foreach((json_t *)(uintptr_t)value, name, member)
        {
            size_t mark = assay_json_pointer_name(at, name);
            put_leaves(member, at, out);
            assay_json_pointer_back(at, mark);
        }
        json_array_foreach(value, index, member)
        {
            size_t mark = assay_json_pointer_index(at, index);
            put_leaves(member, at, out);
            assay_json_pointer_back(at, mark);
        }
        return;
    }
    static const char *const LEFT_OUT[] = {"/predicate/samples/sha256", "/predicate/samples/bytes",
                                           "/predicate/samples/root"};
    for (size_t i = 0; i < sizeof LEFT_OUT / sizeof LEFT_OUT[0]; i++) {
        if (strcmp(at->text, LEFT_OUT[i]) == 0) {
            return;
        }
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    assay_buf_printf(out, "%s %s\n", at->text, text);
    assay_free(text);
}

/* Stored size, digests and root are those of the bytes. */
static void check_samples(const json_t *statement, const struct assay_buf *trace)
{
    struct assay_digest digest;
    struct assay_trace *opened = NULL;
    char text[ASSAY_DIGEST_TEXT_BYTES];
    uint8_t root[32];
    const json_t *samples = assay_json_at(statement, "/predicate/samples");
    assay_sha256_of(trace->data, trace->len, &digest);
    assay_digest_print(&digest, text);
    assert_string_equal(json_string_value(json_object_get(samples, "sha256")), text);
    assert_int_equal(json_integer_value(json_object_get(samples, "bytes")), trace->len);
    assert_int_equal(assay_trace_open(trace->data, trace->len, &opened, NULL, NULL), ASSAY_OK);
    assay_trace_root(opened, root);
    assay_hex_print(root, sizeof root, text);
    assert_string_equal(json_string_value(json_object_get(samples, "root")), text);
    assay_trace_free(opened);
}

static void derive(const struct assay_buf *plan, const struct assay_buf *trace, struct assay_buf *out)
{
    struct assay_derivation derivation = {0};
    assay_err err = {0};
    assay_code rc = assay_receipt_derive(plan->data, plan->len, trace->data, trace->len, &derivation, &err);
    if (rc != ASSAY_OK) {
        assert_null(derivation.statement);
        assay_buf_printf(out, "! gate %d, code %d: %s\n", derivation.gate, (int)rc, err.message);
        return;
    }
    struct assay_json_pointer at = {.len = 0};
    check_samples(derivation.statement, trace);
    assert_int_equal(derivation.gate, 0);
    assay_buf_printf(out, "%s %s\n", assay_document_file(derivation.document), derivation.outcome);
    put_leaves(derivation.statement, &at, out);
    json_decref(derivation.statement);
}

/* ---- runs ------------------------------------------------------------------------------------------------------- */

static void add_noop(struct run_case *run, uint64_t at, uint64_t ns, enum assay_status status)
{
    run_case_add(run,
                 (struct case_sample){
                     .sample = {.due_ns = at, .start_ns = at, .end_ns = at + ns, .cpu_ns = ns / 2, .status = status}});
}

static void make_noop(struct run_case *run)
{
    run_case_init(run, "noop", ASSAY_LOAD_CLOSED);
    run->plan->warmup.samples = 1;
    for (uint64_t i = 0; i < 6; i++) {
        add_noop(run, i * 1100000, 1100000, i == 3 ? ASSAY_STATUS_RESET : ASSAY_STATUS_OK);
    }
}

static json_t *counters(const char *kind, const char *id, const char *isa)
{
    return json_pack("[{s:s, s:i, s:i},{s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:s, s:i, s:i}]", "tableSha256",
                     HEX64, "wallNs", 6600000, "threads", 1, "id", id, "arm", "a", "class", kind, "equality", "exact",
                     "isa", isa, "fallback", 0, "calls", "6", "elements", "600", "bytes", "100000000", "ops", "1200",
                     "ns", 5000000, "threads", 1);
}

static void make_kernels(struct run_case *run)
{
    make_noop(run);
    run->kernels = counters("quantised", "ternary_gemv_i2s_avx2", "avx2");
}

static void make_llm(struct run_case *run)
{
    run_case_init(run, "llm", ASSAY_LOAD_OPEN);
    run->plan->load.rate_per_s = 100;
    run->plan->load.arrivals = ASSAY_ARRIVALS_CONSTANT;
    for (uint64_t i = 0; i < 8; i++) {
        uint64_t at = i * 10000000;
        static const enum assay_status STATUSES[] = {
            ASSAY_STATUS_OK, ASSAY_STATUS_OK,    ASSAY_STATUS_TIMEOUT_STALL,  ASSAY_STATUS_OK,
            ASSAY_STATUS_OK, ASSAY_STATUS_RESET, ASSAY_STATUS_CANCELLED_STOP, ASSAY_STATUS_IN_FLIGHT};
        run_case_add(run, (struct case_sample){
                              .sample = {.due_ns = at,
                                         .start_ns = at + 100,
                                         .end_ns = at + 9000000 + i,
                                         .cpu_ns = ASSAY_NS_ABSENT,
                                         .status = STATUSES[i]},
                              .request = {.tx_ns = at + 200,
                                          .prompt_tokens = 10,
                                          .output_tokens = 2,
                                          .output_source = ASSAY_TOKENS_IDS,
                                          .body_sha256 = {1},
                                          .output_sha256 = {2}},
                              .chunks = {{at + 5000000, 1, ASSAY_CHUNK_TEXT}, {at + 8000000, 1, ASSAY_CHUNK_TEXT}}});
    }
}

static void make_process(struct run_case *run)
{
    run_case_init(run, "command", ASSAY_LOAD_CLOSED);
    for (uint64_t i = 0; i < 5; i++) {
        uint64_t at = i * 1100000;
        run_case_add(
            run, (struct case_sample){.sample = {.due_ns = at, .start_ns = at, .end_ns = at + 1100000, .cpu_ns = 5000},
                                      .has_process = true,
                                      .process = {.spawn_ns = 10,
                                                  .cpu_tree_ns = 4000 + i,
                                                  .maxrss_bytes = 1000000 + i,
                                                  .rss_floor_bytes = 5,
                                                  .minflt = 1,
                                                  .majflt = 2,
                                                  .nvcsw = 3,
                                                  .nivcsw = 4,
                                                  .output_sha256 = {9}}});
    }
    (void)json_array_append_new(run->checks, json_pack("{s:s,s:s,s:i,s:{s:i,s:i}}", "id", "output-same", "rule",
                                                       "output_same@1", "n", 5, "data", "different", 0, "samples", 5));
}

static void make_challenged(struct run_case *run)
{
    make_noop(run);
    run->plan->seed_source = "challenge";
    memcpy(run->plan->nonce, HEX64, sizeof HEX64);
}

static const struct {
    const char *name;
    void (*make)(struct run_case *run);
} RUNS[] = {{"noop", make_noop}, {"kernels", make_kernels}, {"llm", make_llm}, {"command", make_process}};

/* ---- facts ------------------------------------------------------------------------------------------------------ */

static const char *const VALUES[] = {
    "0",
    "1",
    "9007199254740991",
    "-1",
    "true",
    "\"\"",
    "\"x\"",
    "\"reached\"",
    "\"time\"",
    "\"pairs\"",
    "\"errors\"",
    "\"signal\"",
    "\"harness\"",
    "\"real\"",
    "\"cpu\"",
    "\"" HEX64 "\"",
    "\"07070707070707070707070707070707\"",
    "\"07070707070707070707070707070708\"",
    "[]",
    "[\"cpu\"]",
    "{}",
    "{\"absent\":\"x\"}",
    "{\"unknown\":\"x\"}",
    "{\"origin\":\"o\"}",
    "[{\"rank\":0,\"os\":{\"unknown\":\"x\"}}]",
    "[{\"os\":\"x\",\"loadedObjectsSha256\":\"x\"}]",
    "[{\"loadedObjectsSha256\":\"x\"},{\"loadedObjectsSha256\":{\"unknown\":\"x\"}}]",
    "[{\"loadedObjectsSha256\":\"x\"},{\"a\":{\"absent\":\"x\"}}]",
};
enum { VALUES_COUNT = sizeof VALUES / sizeof VALUES[0] };

/* The files of a run, and the chunk that is written anew. */
struct written {
    struct assay_buf plan;
    struct chunks chunks;
    struct assay_trace_ident ident;
    size_t number;
    enum assay_trace_kind kind;
};

static json_t *write_run(void (*make)(struct run_case *run), enum assay_trace_kind kind, struct written *ret)
{
    struct run_case run;
    make(&run);
    run_case_write(&run, NULL);
    *ret = (struct written){.kind = kind};
    assay_buf_init(&ret->plan, FILE_MAX);
    assay_buf_append(&ret->plan, run.plan_bytes.data, run.plan_bytes.len);
    assay_trace_ident_of(run.plan->run_id, run.plan_bytes.data, run.plan_bytes.len, &ret->ident);
    chunks_take_apart(&run.trace_bytes, &ret->chunks);
    run_case_done(&run);
    while (ret->number < ret->chunks.count && ret->chunks.plain[ret->number].data[52] != (char)kind) {
        ret->number++;
    }
    assert_in_range(ret->number, 0, ret->chunks.count - 1);
    const struct assay_buf *chunk = &ret->chunks.plain[ret->number];
    return json_loadb(chunk->data + 64, chunk->len - 64, 0, NULL);
}

static void ask_chunk(const json_t *value, struct assay_buf *ret, void *context)
{
    struct written *written = context;
    struct assay_buf text, trace, kept = written->chunks.plain[written->number];
    assay_buf_init(&text, FILE_MAX);
    assay_buf_init(&trace, FILE_MAX);
    assert_int_equal(assay_json_canon(value, &text, NULL), ASSAY_OK);
    size_t count = written->chunks.count;
    written->chunks.count = 0; /* the new chunk is made in front, and moved */
    struct assay_buf first = written->chunks.plain[0];
    chunks_add_json(&written->chunks, &written->ident, written->kind, json_is_array(value) ? json_array_size(value) : 1,
                    text.data);
    struct assay_buf made = written->chunks.plain[0];
    written->chunks.plain[0] = first;
    written->chunks.count = count;
    written->chunks.plain[written->number] = made;
    chunks_join(&written->chunks, &trace);
    derive(&written->plan, &trace, ret);
    assay_buf_done(&made);
    written->chunks.plain[written->number] = kept;
    assay_buf_done(&text);
    assay_buf_done(&trace);
}

static void sweep_chunk(const char *name, void (*make)(struct run_case *run), enum assay_trace_kind kind,
                        const char *below, struct assay_buf *found)
{
    static struct written written;
    json_t *value = write_run(make, kind, &written);
    const struct sweep sweep = {.name = name,
                                .document = value,
                                .values = VALUES,
                                .values_count = VALUES_COUNT,
                                .below = below,
                                .ask = ask_chunk,
                                .context = &written};
    sweep_document(&sweep, found);
    json_decref(value);
    chunks_done(&written.chunks);
    assay_buf_done(&written.plan);
}

/* ---- tests ------------------------------------------------------------------------------------------------------ */

static void statements_say_what_their_records_give(void **state)
{
    (void)state;
    struct assay_buf found;
    assay_buf_init(&found, FILE_MAX);
    for (size_t i = 0; i < sizeof RUNS / sizeof RUNS[0]; i++) {
        struct run_case run;
        RUNS[i].make(&run);
        run_case_write(&run, NULL);
        assay_buf_printf(&found, "== %s\n", RUNS[i].name);
        derive(&run.plan_bytes, &run.trace_bytes, &found);
        run_case_done(&run);
    }
    golden_hold("record/statements.txt", &found);
    assay_buf_done(&found);
}

static void every_fact_and_every_counter_counts(void **state)
{
    (void)state;
    struct assay_buf found;
    assay_buf_init(&found, FILE_MAX);
    sweep_list_values(VALUES, VALUES_COUNT, &found);
    sweep_chunk("facts", make_noop, ASSAY_TRACE_FACTS, NULL, &found);
    sweep_chunk("facts of a challenge", make_challenged, ASSAY_TRACE_FACTS, "/attempts", &found);
    sweep_chunk("kernel counters", make_kernels, ASSAY_TRACE_KERNELS, NULL, &found);
    golden_hold("record/receipt.txt", &found);
    assay_buf_done(&found);
}

/* Samples of each status in these numbers, the first one in the warm-up. */
struct ending {
    const char *stop;
    enum assay_stop_rule rule;
    uint8_t ok, reset, refused, stalled, cancelled, in_flight;
    const char *standin; /* class of a kernel */
};

static void put_ending(const struct ending *ending, struct assay_buf *out)
{
    const enum assay_status STATUSES[] = {ASSAY_STATUS_OK,
                                          ASSAY_STATUS_RESET,
                                          ASSAY_STATUS_REFUSED,
                                          ASSAY_STATUS_TIMEOUT_STALL,
                                          ASSAY_STATUS_CANCELLED_STOP,
                                          ASSAY_STATUS_IN_FLIGHT};
    const uint8_t counts[] = {ending->ok,      ending->reset,     ending->refused,
                              ending->stalled, ending->cancelled, ending->in_flight};
    struct run_case run;
    struct assay_derivation derivation = {0};
    assay_err err = {0};
    run_case_init(&run, "noop", ASSAY_LOAD_CLOSED);
    run.plan->warmup.samples = 1;
    run.plan->stop.rule = ending->rule;
    run.stop_reason = ending->stop;
    run.kernels = ending->standin ? counters(ending->standin, "a_b_c_avx2", "avx2") : NULL;
    add_noop(&run, 0, 1000, ASSAY_STATUS_OK);
    for (size_t s = 0; s < 6; s++) {
        for (size_t i = 0; i < counts[s]; i++) {
            add_noop(&run, run.count * 1000, 1000, STATUSES[s]);
        }
    }
    run_case_write(&run, NULL);
    assay_code rc = assay_receipt_derive(run.plan_bytes.data, run.plan_bytes.len, run.trace_bytes.data,
                                         run.trace_bytes.len, &derivation, &err);
    const char *reason = json_string_value(assay_json_at(derivation.statement, "/predicate/reason"));
    assay_buf_printf(out, "%s %s %u %u %u %u %u %u %s: ", ending->stop, assay_stop_rule_text(ending->rule), ending->ok,
                     ending->reset, ending->refused, ending->stalled, ending->cancelled, ending->in_flight,
                     ending->standin ? ending->standin : "-");
    assay_buf_printf(out, "%s %s\n", rc == ASSAY_OK ? derivation.outcome : err.message, reason ? reason : "");
    json_decref(derivation.statement);
    run_case_done(&run);
}

static void how_a_run_ended_is_its_outcome_and_its_reason(void **state)
{
    (void)state;
    static const char *const STOPS[] = {"reached", "time", "pairs", "errors", "signal", "harness", "other", ""};
    static const uint8_t MIXES[][6] = {{6, 0, 0, 0, 0, 0}, {0, 6, 0, 0, 0, 0}, {3, 1, 2, 0, 0, 0}, {0, 2, 2, 2, 1, 1},
                                       {0, 1, 2, 3, 4, 5}, {0, 5, 4, 3, 2, 1}, {0, 0, 0, 0, 0, 3}, {1, 0, 0, 0, 0, 0}};
    struct assay_buf found;
    assay_buf_init(&found, FILE_MAX);
    for (size_t s = 0; s < sizeof STOPS / sizeof STOPS[0]; s++) {
        for (int rule = 0; rule <= ASSAY_STOP_PRECISION; rule++) {
            for (size_t m = 0; m < sizeof MIXES / sizeof MIXES[0]; m++) {
                const struct ending ending = {STOPS[s],
                                              (enum assay_stop_rule)rule,
                                              MIXES[m][0],
                                              MIXES[m][1],
                                              MIXES[m][2],
                                              MIXES[m][3],
                                              MIXES[m][4],
                                              MIXES[m][5],
                                              m == 7 ? "standin" : NULL};
                put_ending(&ending, &found);
            }
        }
    }
    golden_hold("record/endings.txt", &found);
    assay_buf_done(&found);
}

/* ---- codes ------------------------------------------------------------------------------------------------------ */

enum feature {
    HAS_AUDIT = 1,
    HAS_REFERENCE = 2,
    HAS_FAILED_CHECKS = 4,
    IS_IMPORTED = 8,
    HAS_HOST = 16,
    HAS_OTHER_OUTPUT = 32,
    FEATURES_COUNT = 64
};

static void add_check(struct run_case *run, const char *id, const char *rule, const char *data)
{
    json_t *check = json_pack("{s:s,s:s,s:i,s:o}", "id", id, "rule", rule, "n", 4, "data", json_loads(data, 0, NULL));
    assert_int_equal(json_array_append_new(run->checks, check), 0);
}

static void make_featured(struct run_case *run, unsigned features, const char *source, bool has_nonce)
{
    static const struct assay_host_reading QUIET[] = {{.at_ns = 1}};
    bool is_failed = features & HAS_FAILED_CHECKS;
    run_case_init(run, "llm", ASSAY_LOAD_CLOSED);
    for (uint64_t i = 0; i < 4; i++) {
        uint64_t at = i * 10000000;
        run_case_add(run, (struct case_sample){
                              .sample = {.due_ns = at,
                                         .start_ns = at,
                                         .end_ns = at + 10000000,
                                         .cpu_ns = ASSAY_NS_ABSENT,
                                         .flags = features & IS_IMPORTED ? ASSAY_SAMPLE_IMPORTED : 0},
                              .request = {.tx_ns = at,
                                          .prompt_tokens = 10,
                                          .output_tokens = 2,
                                          .output_source = ASSAY_TOKENS_IDS,
                                          .body_sha256 = {1},
                                          .output_sha256 = {features & HAS_OTHER_OUTPUT ? (uint8_t)(2 + i) : 2}},
                              .chunks = {{at + 5000000, 1, ASSAY_CHUNK_TEXT}, {at + 9000000, 1, ASSAY_CHUNK_TEXT}}});
    }
    assert_int_equal(json_object_set_new(run->plan->options, "state", json_string("warm")), 0);
    if (features & HAS_AUDIT) {
        add_check(run, "audit", "cache_audit@1",
                  is_failed ? "{\"floor_tokens\":4,\"over_floor\":1}" : "{\"floor_tokens\":4,\"over_floor\":0}");
    }
    if (features & HAS_REFERENCE) {
        add_check(run, "reference", "output_reference@1", is_failed ? "{\"failures\":1}" : "{\"failures\":0}");
    }
    run->host = QUIET;
    run->host_count = features & HAS_HOST ? 1 : 0;
    run->plan->seed_source = source;
    if (has_nonce) {
        memcpy(run->plan->nonce, HEX64, sizeof HEX64);
    }
}

static void put_list(const char *name, const json_t *list, struct assay_buf *out)
{
    assay_buf_printf(out, " %s", name);
    for (size_t i = 0; i < json_array_size(list); i++) {
        assay_buf_printf(out, " %s", json_string_value(json_array_get(list, i)));
    }
}

static void put_codes(const struct run_case *run, struct assay_buf *out)
{
    struct assay_derivation derivation = {0};
    assay_err err = {0};
    assay_code rc = assay_receipt_derive(run->plan_bytes.data, run->plan_bytes.len, run->trace_bytes.data,
                                         run->trace_bytes.len, &derivation, &err);
    assay_buf_printf(out, "%s", rc == ASSAY_OK ? derivation.outcome : err.message);
    put_list("evidence:", assay_json_at(derivation.statement, "/predicate/tier/evidence"), out);
    put_list("not checked:", assay_json_at(derivation.statement, "/predicate/notChecked"), out);
    assay_buf_char(out, '\n');
    json_decref(derivation.statement);
}

static void evidence_and_what_was_not_checked_follow_from_the_records(void **state)
{
    (void)state;
    static const struct {
        const char *source;
        bool has_nonce;
    } SOURCES[] = {{"fixed", false}, {"challenge", false}, {"log-head", false}};
    struct assay_buf found;
    assay_buf_init(&found, FILE_MAX);
    for (unsigned features = 0; features < FEATURES_COUNT; features++) {
        size_t s = features % 3; /* seeds of each kind, in turn */
        struct run_case run;
        make_featured(&run, features, SOURCES[s].source, SOURCES[s].has_nonce);
        run_case_write(&run, NULL);
        assay_buf_printf(&found, "%u %s: ", features, SOURCES[s].source);
        put_codes(&run, &found);
        run_case_done(&run);
    }
    golden_hold("record/codes.txt", &found);
    assay_buf_done(&found);
}

static void a_trace_is_of_the_plan_whose_run_and_digest_it_names(void **state)
{
    (void)state;
    static struct written written;
    json_t *facts = write_run(make_noop, ASSAY_TRACE_FACTS, &written);
    for (size_t at = 8; at < 40; at++) { /* run id and half of the plan's digest, in every chunk */
        struct assay_derivation derivation = {0};
        struct assay_buf trace;
        assay_err err = {0};
        for (size_t i = 0; i < written.chunks.count; i++) {
            written.chunks.plain[i].data[at] ^= 1;
        }
        assay_buf_init(&trace, FILE_MAX);
        chunks_join(&written.chunks, &trace);
        assert_int_equal(
            assay_receipt_derive(written.plan.data, written.plan.len, trace.data, trace.len, &derivation, &err),
            ASSAY_MALFORMED);
        assert_int_equal(derivation.gate, 306);
        for (size_t i = 0; i < written.chunks.count; i++) {
            written.chunks.plain[i].data[at] ^= 1;
        }
        assay_buf_done(&trace);
    }
    json_decref(facts);
    chunks_done(&written.chunks);
    assay_buf_done(&written.plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_say_what_their_records_give),
        cmocka_unit_test(every_fact_and_every_counter_counts),
        cmocka_unit_test(how_a_run_ended_is_its_outcome_and_its_reason),
        cmocka_unit_test(evidence_and_what_was_not_checked_follow_from_the_records),
        cmocka_unit_test(a_trace_is_of_the_plan_whose_run_and_digest_it_names),
    };
    assay_json_init();
    if (assay_crypto_init(NULL) != ASSAY_OK) {
        return 1;
    }
    return cmocka_run_group_tests_name("record_receipt_sweep", tests, NULL, NULL);
}
