#include "record/receipt.h"

#include "crypto/crypto.h"
#include "record/receipt_parts.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define REASON_BYTES 200                   /* a str of a receipt has 256 */
#define ARENA_BYTES_MAX ((size_t)64 << 20) /* metrics and their reasons */

const char *assay_document_file(enum assay_document document)
{
    static const char *const FILES[] = {"receipt.json", "record.json", "imported.json"};
    assert((size_t)document < sizeof FILES / sizeof FILES[0]);
    return FILES[document];
}

/* ---- facts ------------------------------------------------------------------------------------------------------ */

void assay_subject_add(struct assay_json_builder *b, json_t *subjects, const char *name, const char *kind,
                       const char *hex)
{
    json_t *subject = assay_json_add_object(b, subjects);
    assay_json_put_text(b, subject, "name", name);
    assay_json_put_text(b, assay_json_put_object(b, subject, "digest"), kind, hex);
}

assay_code assay_facts_make(const struct assay_plan *plan, const char *plan_bytes, size_t plan_len,
                            const struct assay_facts_input *input, const struct assay_trace_writer *trace, json_t **ret,
                            assay_err *err)
{
    assert(plan && input && trace && ret);
    struct assay_json_builder b = {0};
    json_t *facts = json_object();
    const struct protocol_facts protocol = {.tool = input->tool,
                                            .stop_reason = input->stop_reason,
                                            .clock_source = input->clock_source,
                                            .policy_sha256 = input->policy_sha256,
                                            .clock_resolution_ns = input->clock_resolution_ns,
                                            .clock_read_ns = input->clock_read_ns};
    assay_protocol_put(&b, facts, plan, plan_bytes, plan_len, assay_trace_writer_summary(trace), &protocol);
    assay_json_put(&b, facts, "subject", json_deep_copy(input->subject));
    assay_json_put(&b, facts, "environment", json_deep_copy(input->environment));
    assay_json_put(&b, facts, "attempts", json_deep_copy(input->attempts));
    assay_json_put_text(&b, assay_json_put_object(&b, facts, "tier"), "runnerId", input->runner_id);
    assay_code rc = assay_json_builder_check(&b, facts, err);
    if (rc != ASSAY_OK) {
        json_decref(facts);
        return rc;
    }
    *ret = facts;
    return ASSAY_OK;
}

/* ---- derive ----------------------------------------------------------------------------------------------------- */

struct work {
    const char *plan_bytes, *trace_bytes;
    size_t plan_len, trace_len;
    struct assay_plan *plan;
    struct assay_trace *trace;
    struct assay_arena arena;
    struct metric_book book;
    struct account account;
    const json_t *facts;
    const char *stop_reason;
    const char *outcome; /* NULL: a receipt */
    char reason[REASON_BYTES];
    struct assay_json_builder b;
    int gate;
};

static assay_code open_inputs(struct work *work, assay_err *err)
{
    struct assay_digest digest;
    work->gate = DERIVE_GATE_PLAN_READ;
    assay_code rc = assay_plan_parse(work->plan_bytes, work->plan_len, &work->plan, err);
    rc = rc == ASSAY_OK ? assay_trace_open(work->trace_bytes, work->trace_len, &work->trace, &work->gate, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    assay_sha256_of(work->plan_bytes, work->plan_len, &digest);
    const struct assay_trace_ident *ident = assay_trace_ident(work->trace);
    if (memcmp(ident->run_id, work->plan->run_id, sizeof ident->run_id) != 0 ||
        memcmp(ident->plan_sha256, digest.bytes, 16) != 0) {
        work->gate = DERIVE_GATE_OTHER_RUN;
        return assay_fail(err, ASSAY_MALFORMED, "found a trace of another run or plan, expected that of plan.json");
    }
    work->facts = assay_trace_facts(work->trace);
    return assay_account_make(work->plan, work->trace, &work->account, &work->gate, err);
}

static bool is_stop_reason(const char *text)
{
    static const char *const REASONS[] = {"reached", "time", "pairs", "errors", "signal", "harness"};
    for (size_t i = 0; i < sizeof REASONS / sizeof REASONS[0]; i++) {
        if (strcmp(REASONS[i], text) == 0) {
            return true;
        }
    }
    return false;
}

/* What the run alone could know of the protocol. */
static assay_code read_protocol_facts(struct work *work, struct protocol_facts *ret, assay_err *err)
{
    static const char AT[] = "facts: /protocol";
    json_t *protocol = NULL, *stop = NULL, *clock = NULL;
    assay_code rc = assay_json_get_object(work->facts, "protocol", "facts: ", &protocol, err);
    rc = rc == ASSAY_OK ? assay_json_get_text(protocol, "tool", AT, &ret->tool, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_object(protocol, "stop", AT, &stop, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_text(stop, "reason", AT, &ret->stop_reason, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_object(protocol, "clock", AT, &clock, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_text(clock, "source", AT, &ret->clock_source, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_u64(clock, "resolutionNs", AT, &ret->clock_resolution_ns, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_u64(clock, "readNs", AT, &ret->clock_read_ns, err) : rc;
    if (rc == ASSAY_OK && !is_stop_reason(ret->stop_reason)) {
        rc = assay_fail(err, ASSAY_MALFORMED, "%s/stop/reason: found '%.32s'", AT, ret->stop_reason);
    }
    if (rc == ASSAY_OK) {
        ret->policy_sha256 = json_string_value(json_object_get(protocol, "policySha256"));
    }
    return rc;
}

/* The protocol in the facts must be the one that plan and records give: the run wrote it with the same function. */
static assay_code check_protocol(struct work *work, assay_err *err)
{
    struct protocol_facts facts = {0};
    struct assay_json_builder b = {0};
    work->gate = DERIVE_GATE_FACTS;
    assay_code rc = read_protocol_facts(work, &facts, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    json_t *again = json_object();
    assay_protocol_put(&b, again, work->plan, work->plan_bytes, work->plan_len, assay_trace_summary(work->trace),
                       &facts);
    rc = assay_json_builder_check(&b, again, err);
    const json_t *told = json_object_get(work->facts, "protocol"), *derived = json_object_get(again, "protocol");
    if (rc == ASSAY_OK && !json_equal(told, derived)) {
        bool is_path = !json_equal(json_object_get(told, "computePath"), json_object_get(derived, "computePath")) ||
                       !json_equal(json_object_get(told, "backend"), json_object_get(derived, "backend"));
        work->gate = is_path ? DERIVE_GATE_COMPUTE_PATH : DERIVE_GATE_FACTS;
        rc = assay_fail(err, ASSAY_MALFORMED, "facts: /protocol is not what plan and records give");
    }
    work->stop_reason = facts.stop_reason;
    json_decref(again);
    return rc;
}

static assay_code check_facts(struct work *work, assay_err *err)
{
    static const char *const NAMES[] = {"attempts", "environment", "protocol", "subject", "tier", NULL};
    static const char *const TIER_NAMES[] = {"runnerId", NULL};
    uint8_t run_id[16];
    json_t *attempts = NULL, *tier = NULL, *any = NULL;
    const char *runner;
    work->gate = DERIVE_GATE_FACTS;
    assay_code rc = assay_json_only(work->facts, NAMES, "facts: ", err);
    rc = rc == ASSAY_OK ? assay_json_get_object(work->facts, "attempts", "facts: ", &attempts, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_object(work->facts, "environment", "facts: ", &any, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_array(work->facts, "subject", "facts: ", &any, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_object(work->facts, "tier", "facts: ", &tier, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_only(tier, TIER_NAMES, "facts: /tier", err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_text(tier, "runnerId", "facts: /tier", &runner, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_hex(attempts, "runId", "facts: /attempts", run_id, sizeof run_id, err) : rc;
    if (rc == ASSAY_OK && memcmp(run_id, work->plan->run_id, sizeof run_id) != 0) {
        rc = assay_fail(err, ASSAY_MALFORMED, "facts: /attempts/runId is not the plan's");
    }
    const char *nonce = json_string_value(json_object_get(attempts, "nonce"));
    if (rc == ASSAY_OK && strcmp(nonce ? nonce : "", work->plan->nonce) != 0) {
        rc = assay_fail(err, ASSAY_MALFORMED, "facts: /attempts/nonce is not the plan's");
    }
    return rc == ASSAY_OK ? check_protocol(work, err) : rc;
}

/* The number of the status, other than ok, that most samples have among those not told yet; 0 (ok) if there is none. */
static unsigned most_common_failure(const struct account *account, const bool *told)
{
    unsigned best = ASSAY_STATUS_OK;
    for (unsigned number = 0; number <= ASSAY_STATUS_NUMBER_MAX; number++) {
        bool is_candidate = number != ASSAY_STATUS_OK && account->statuses[number] > 0 && !told[number];
        if (is_candidate && (best == ASSAY_STATUS_OK || account->statuses[number] > account->statuses[best])) {
            best = number;
        }
    }
    return best;
}

/* "no sample was ok in the window: 7 refused, 2 reset": why is what a user asks next. */
static void put_reason(struct work *work, const char *reason)
{
    enum { KINDS_MAX = 4 };
    bool told[ASSAY_STATUS_NUMBER_MAX + 1] = {false};
    int used = snprintf(work->reason, sizeof work->reason, "%s", reason);
    for (int kind = 0; kind < KINDS_MAX && used > 0 && (size_t)used < sizeof work->reason; kind++) {
        unsigned number = most_common_failure(&work->account, told);
        if (number == ASSAY_STATUS_OK) {
            break;
        }
        told[number] = true;
        used +=
            snprintf(work->reason + used, sizeof work->reason - (size_t)used, "%s%" PRIu64 " %s", kind ? ", " : ": ",
                     work->account.statuses[number], assay_status_text((enum assay_status)number));
    }
}

/* evidence.md 1.1: which outcomes are no complete run, the strongest first. */
static void find_outcome(struct work *work)
{
    const struct account *account = &work->account;
    bool is_time = strcmp(work->stop_reason, "time") == 0;
    const struct {
        bool is_so;
        const char *outcome, *reason;
    } OUTCOMES[] = {
        {strcmp(work->stop_reason, "signal") == 0, "aborted", "ended by a signal"},
        {strcmp(work->stop_reason, "harness") == 0, "failed", "the harness failed"},
        {account->measured_ok == 0, "failed", "no sample was ok in the window"},
        {assay_is_standin(work->plan, assay_trace_summary(work->trace)), "standin",
         "the peer or a kernel stands in for real compute, and the plan does not name it"},
        {strcmp(work->stop_reason, "errors") == 0, "partial", "stopped: too many operations failed"},
        /* time is one of the ends that a precision rule may have (statistics.md 1.4) */
        {is_time && work->plan->stop.rule != ASSAY_STOP_PRECISION, "partial",
         "the time limit came before the stop rule was reached"},
    };
    for (size_t i = 0; i < sizeof OUTCOMES / sizeof OUTCOMES[0]; i++) {
        if (OUTCOMES[i].is_so) {
            work->outcome = OUTCOMES[i].outcome;
            put_reason(work, OUTCOMES[i].reason);
            return;
        }
    }
}

/* ---- members ---------------------------------------------------------------------------------------------------- */

static void put_fact(struct work *work, json_t *parent, const char *name)
{
    assay_json_put(&work->b, parent, name, json_deep_copy(json_object_get(work->facts, name)));
}

static void put_samples(struct work *work, json_t *predicate)
{
    struct assay_json_builder *b = &work->b;
    const struct account *account = &work->account;
    struct assay_digest digest;
    uint8_t root[32];
    assay_sha256_of(work->trace_bytes, work->trace_len, &digest);
    assay_trace_root(work->trace, root);
    json_t *samples = assay_json_put_object(b, predicate, "samples");
    assay_json_put_text(b, samples, "format", ASSAY_TRACE_FORMAT);
    assay_json_put_hex(b, samples, "sha256", digest.bytes, sizeof digest.bytes);
    assay_json_put_u64(b, samples, "bytes", work->trace_len);
    assay_json_put_hex(b, samples, "root", root, sizeof root);
    assay_json_put_u64(b, samples, "chunks", assay_trace_chunks(work->trace));
    assay_json_put_u64(b, samples, "count", account->count);
    assay_json_put_u64(b, samples, "planned", account->planned);
    assay_json_put_u64(b, samples, "warmup", account->warmup);
    uint64_t censored = 0;
    for (unsigned group = 0; group < ASSAY_GROUP_COUNT; group++) {
        assay_json_put_u64(b, samples, assay_status_group_text((enum assay_status_group)group), account->groups[group]);
        censored += group >= ASSAY_GROUP_TIMED_OUT ? account->groups[group] : 0;
    }
    assay_json_put_u64(b, samples, "censored", censored);
    assay_json_put_u64(b, samples, "firstDueNs", account->first_due_ns);
    assay_json_put_u64(b, samples, "lastStartNs", account->last_start_ns);
    assay_json_put_u64(b, samples, "lastEndNs", account->last_end_ns);
}

static void put_metric(struct work *work, json_t *list, const struct assay_metric *metric)
{
    struct assay_json_builder *b = &work->b;
    json_t *object = assay_json_add_object(b, list);
    assay_json_put_text(b, object, "arm", work->plan->arms[metric->arm].id);
    assay_json_put_text(b, object, "name", metric->name);
    assay_json_put_text(b, object, "formula", metric->formula);
    assay_json_put_text(b, object, "unit", metric->unit);
    assay_json_put_text(b, object, "direction", metric->direction);
    if (metric->absent) {
        assay_put_absent(b, object, "value", metric->absent);
    } else {
        assay_json_put_dec(b, object, "value", metric->value);
    }
    if (metric->has_bounds) {
        assay_json_put_dec(b, object, "lower", metric->lower);
        assay_json_put_dec(b, object, "upper", metric->upper);
        assay_json_put_dec(b, object, "confidence", metric->confidence);
    }
    assay_json_put_u64(b, object, "n", metric->n);
    assay_json_put_u64(b, object, "censored", metric->censored);
}

static assay_code put_metrics(struct work *work, json_t *predicate, assay_err *err)
{
    struct assay_metric *metrics = NULL;
    size_t count = 0;
    work->gate = DERIVE_GATE_FORMULA;
    assay_code rc = assay_metrics_from_book(&work->book, &work->arena, &metrics, &count, err);
    json_t *list = assay_json_put_array(&work->b, predicate, "metrics");
    for (size_t i = 0; i < count && rc == ASSAY_OK; i++) {
        put_metric(work, list, &metrics[i]);
    }
    return rc;
}

static void put_determinism(struct work *work, json_t *predicate)
{
    const struct account *account = &work->account;
    json_t *determinism = assay_json_put_object(&work->b, predicate, "determinism");
    assay_json_put_text(&work->b, determinism, "state", account->determinism);
    assay_json_put_u64(&work->b, determinism, "repetitions", account->repetitions);
    json_t *digests = assay_json_put_array(&work->b, determinism, "digests");
    for (size_t i = 0; i < account->digests_count; i++) {
        char text[65];
        assay_hex_print(account->digests[i], 32, text);
        assay_json_add_text(&work->b, digests, text);
    }
}

static void put_attempts(struct work *work, json_t *predicate)
{
    put_fact(work, predicate, "attempts");
    json_t *attempts = json_object_get(predicate, "attempts");
    assay_put_absent(&work->b, attempts, "counter", "unsigned");
    assay_put_absent(&work->b, attempts, "previous", "unsigned");
}

static struct code_basis basis_of(const struct work *work, const json_t *checks)
{
    return (struct code_basis){.plan = work->plan, .trace = work->trace, .account = &work->account, .checks = checks};
}

static void put_tier(struct work *work, json_t *predicate, const json_t *checks)
{
    const struct code_basis basis = basis_of(work, checks);
    put_fact(work, predicate, "tier");
    json_t *tier = json_object_get(predicate, "tier");
    (void)assay_json_put_array(&work->b, tier, "signers");
    assay_evidence_put(&work->b, tier, &basis);
}

static void put_not_checked(struct work *work, json_t *predicate, const json_t *checks)
{
    const struct code_basis basis = basis_of(work, checks);
    assay_not_checked_put(&work->b, predicate, &basis);
}

/* ---- kernels ---------------------------------------------------------------------------------------------------- */

/* Row 0 of the counter chunk says {tableSha256, wallNs, threads}; the others are entries, whose `ops` and `threads`
 * stay in the trace. */
static assay_code put_kernels(struct work *work, json_t *predicate, assay_err *err)
{
    static const char *const HEAD[] = {"tableSha256", "wallNs", "threads"};
    static const char *const ENTRY[] = {"id", "arm", "class", "isa", "fallback", "calls", "elements", "bytes", "ns"};
    struct assay_json_builder *b = &work->b;
    const json_t *rows = assay_trace_kernels(work->trace);
    if (json_array_size(rows) == 0) {
        bool is_remote = assay_trace_summary(work->trace)->has_requests;
        assay_put_absent(b, predicate, "kernels", is_remote ? "remote subject" : "no kernel was dispatched");
        return ASSAY_OK;
    }
    work->gate = DERIVE_GATE_KERNELS;
    json_t *kernels = assay_json_put_object(b, predicate, "kernels");
    json_t *entries = assay_json_put_array(b, kernels, "entries");
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; i < json_array_size(rows) && rc == ASSAY_OK; i++) {
        const char *const *names = i == 0 ? HEAD : ENTRY;
        size_t count = i == 0 ? sizeof HEAD / sizeof HEAD[0] : sizeof ENTRY / sizeof ENTRY[0];
        json_t *target = i == 0 ? kernels : assay_json_add_object(b, entries);
        for (size_t n = 0; n < count && rc == ASSAY_OK; n++) {
            json_t *value = NULL;
            rc = assay_json_get(json_array_get(rows, i), names[n], "trace: kernel counters", &value, err);
            assay_json_put(b, target, names[n], json_incref(value));
        }
    }
    return rc;
}

/* ---- documents -------------------------------------------------------------------------------------------------- */

static assay_code make_book(struct work *work, assay_err *err)
{
    bool wanted[METRIC_COUNT] = {false};
    work->gate = DERIVE_GATE_FORMULA;
    assay_code rc = assay_metrics_wanted(work->plan, wanted, err);
    work->gate = rc == ASSAY_MALFORMED ? DERIVE_GATE_METRIC : work->gate; /* a ratio without both terms */
    assay_validity_wants(wanted);
    wanted[METRIC_SERVICE_TIME] = true; /* of every workload: the steady state is found in it */
    if (rc == ASSAY_OK) {
        work->gate = DERIVE_GATE_COUNTS;
        rc = assay_book_make(work->plan, work->trace, wanted, &work->book, err);
    }
    return rc == ASSAY_OK ? assay_validity_prepare(&work->book, err) : rc;
}

static assay_code put_receipt(struct work *work, json_t *predicate, assay_err *err)
{
    json_t *checks = NULL, *invalid = NULL;
    assay_code rc = make_book(work, err);
    rc = rc == ASSAY_OK ? put_metrics(work, predicate, err) : rc;
    rc = rc == ASSAY_OK ? put_kernels(work, predicate, err) : rc;
    rc = rc == ASSAY_OK ? assay_checks_make(&work->book, work->trace, &checks, &work->gate, err) : rc;
    rc = rc == ASSAY_OK ? assay_validity_make(&work->book, work->trace, &invalid, &work->gate, err) : rc;
    if (rc != ASSAY_OK) {
        json_decref(checks);
        return rc;
    }
    work->outcome = json_array_size(invalid) > 0 ? "invalid" : "valid";
    put_determinism(work, predicate);
    put_attempts(work, predicate);
    put_tier(work, predicate, checks);
    put_not_checked(work, predicate, checks);
    assay_json_put(&work->b, predicate, "checks", checks);
    assay_json_put(&work->b, predicate, "invalid", invalid);
    return ASSAY_OK;
}

static void put_record(struct work *work, json_t *predicate)
{
    assay_json_put_text(&work->b, predicate, "outcome", work->outcome);
    assay_json_put_text(&work->b, predicate, "reason", work->reason);
    put_attempts(work, predicate);
    put_not_checked(work, predicate, NULL);
}

static assay_code put_statement(struct work *work, struct assay_derivation *ret, assay_err *err)
{
    struct assay_json_builder *b = &work->b;
    bool is_receipt = work->outcome == NULL;
    json_t *statement = json_object();
    assay_json_put_text(b, statement, "_type", ASSAY_STATEMENT_TYPE);
    assay_json_put_text(b, statement, "predicateType", is_receipt ? ASSAY_TYPE_RECEIPT : ASSAY_TYPE_RECORD);
    put_fact(work, statement, "subject");
    json_t *predicate = assay_json_put_object(b, statement, "predicate");
    assay_json_put_int(b, predicate, "minor", 0);
    put_fact(work, predicate, "protocol");
    put_fact(work, predicate, "environment");
    put_samples(work, predicate);
    assay_code rc = ASSAY_OK;
    if (is_receipt) {
        rc = put_receipt(work, predicate, err);
    } else {
        put_record(work, predicate);
    }
    rc = rc == ASSAY_OK ? assay_json_builder_check(b, statement, err) : rc;
    if (rc != ASSAY_OK) {
        json_decref(statement);
        return rc;
    }
    *ret = (struct assay_derivation){.document = is_receipt ? ASSAY_DOCUMENT_RECEIPT : ASSAY_DOCUMENT_RECORD,
                                     .outcome = work->outcome,
                                     .statement = statement};
    return ASSAY_OK;
}

assay_code assay_receipt_derive(const char *plan_bytes, size_t plan_len, const char *trace_bytes, size_t trace_len,
                                struct assay_derivation *ret, assay_err *err)
{
    assert(plan_bytes && trace_bytes && ret);
    struct work work = {
        .plan_bytes = plan_bytes, .plan_len = plan_len, .trace_bytes = trace_bytes, .trace_len = trace_len};
    assay_arena_init(&work.arena, ARENA_BYTES_MAX);
    assay_code rc = open_inputs(&work, err);
    rc = rc == ASSAY_OK ? check_facts(&work, err) : rc;
    if (rc == ASSAY_OK) {
        find_outcome(&work);
        rc = put_statement(&work, ret, err);
    }
    if (rc != ASSAY_OK) {
        *ret = (struct assay_derivation){.gate = work.gate};
    }
    assay_book_done(&work.book);
    assay_account_done(&work.account);
    assay_trace_free(work.trace);
    assay_plan_free(work.plan);
    assay_arena_done(&work.arena);
    return rc;
}
