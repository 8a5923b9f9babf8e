#include "import/build.h"

#include "crypto/crypto.h"

#include <assert.h>
#include <string.h>

/* A plan arm's id is one character of a closed set. */
#define ARM_IDS "abcdefghijklmnopqrstuvwxyz0123456789"
#define ARMS_MAX (sizeof ARM_IDS - 1)

#define DAY_NS (UINT64_C(86400) * ASSAY_NS_PER_S)
#define SPAN_NS_MAX (UINT64_C(1) << 52) /* 52 days; start and span together stay below 2^53 */
#define WALL_CLOCK_FIRST_NS (UINT64_C(1000000000) * ASSAY_NS_PER_S) /* 2001: no machine is up for so long */

/* ---- plan ------------------------------------------------------------------------------------------------------- */

static bool are_requests(const struct assay_import_rows *rows)
{
    return strcmp(rows->workload, "llm") == 0;
}

/* What the arms of a workload differ in. */
static const char *arg_name(const struct assay_import_rows *rows)
{
    return are_requests(rows) ? "model" : strcmp(rows->workload, "command") == 0 ? "command" : "benchmark";
}

static assay_code arms_put(const struct assay_import_rows *rows, struct assay_plan *plan, assay_err *err)
{
    if (rows->arms_count > ARMS_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "%zu models or benchmarks in one file, at most %zu: split it",
                          rows->arms_count, ARMS_MAX);
    }
    for (size_t i = 0; i < rows->arms_count; i++) {
        struct assay_json_builder b = {0};
        struct assay_plan_arm *arm = &plan->arms[i];
        arm->id[0] = ARM_IDS[i];
        arm->label = assay_arena_text(&plan->arena, rows->arms[i], strlen(rows->arms[i]));
        arm->args = json_object();
        plan->arms_count = i + 1;
        assay_json_put_text(&b, arm->args, arg_name(rows), rows->arms[i]);
        assay_code rc = assay_json_builder_check(&b, arm->args, err);
        if (rc != ASSAY_OK || arm->label == NULL) {
            return rc != ASSAY_OK ? rc : assay_nomem(err);
        }
    }
    return ASSAY_OK;
}

static assay_code metrics_put(const struct assay_import_rows *rows, struct assay_plan *plan, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    for (size_t arm = 0; rc == ASSAY_OK && arm < rows->arms_count; arm++) {
        for (size_t i = 0; rc == ASSAY_OK && i < rows->metrics_count; i++) {
            rc = assay_plan_add_metric(plan, (uint32_t)arm, rows->metrics[i], err);
        }
    }
    return rc;
}

static uint64_t origin_of(const struct assay_import_rows *rows)
{
    uint64_t origin = UINT64_MAX;
    for (size_t i = 0; i < rows->rows_count; i++) {
        origin = rows->rows[i].start_ns < origin ? rows->rows[i].start_ns : origin;
        origin = rows->rows[i].due_ns < origin ? rows->rows[i].due_ns : origin;
    }
    return origin == UINT64_MAX ? 0 : origin;
}

static assay_code ops_put(const struct assay_import_rows *rows, struct assay_plan *plan, assay_err *err)
{
    uint64_t origin_ns = origin_of(rows);
    assay_code rc = assay_plan_make_ops(plan, rows->rows_count, err);
    for (size_t i = 0; rc == ASSAY_OK && i < rows->rows_count; i++) {
        const struct assay_import_row *row = &rows->rows[i];
        plan->ops[i].arm = (uint16_t)row->arm;
        if (plan->load.mode == ASSAY_LOAD_OPEN && row->due_ns != ASSAY_NS_ABSENT) {
            plan->ops[i].due_ns = row->due_ns - origin_ns;
        }
    }
    return rc;
}

/* Another program's run as a plan: what was asked of it is not known, only what it reports. */
static assay_code plan_make(const struct assay_import_request *request, const char *format,
                            const struct assay_import_rows *rows, struct assay_plan **ret, assay_err *err)
{
    struct assay_plan *plan = NULL;
    struct assay_json_builder b = {0};
    assay_code rc = assay_plan_new(&plan, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    plan->workload = rows->workload;
    plan->load.mode = rows->concurrency > 0 ? ASSAY_LOAD_CLOSED : ASSAY_LOAD_OPEN;
    plan->load.arrivals = rows->concurrency > 0 ? ASSAY_ARRIVALS_NONE : ASSAY_ARRIVALS_REPLAY;
    plan->load.concurrency = rows->concurrency;
    plan->stop = (struct assay_stop){.rule = ASSAY_STOP_COUNT, .count = rows->rows_count};
    memcpy(plan->run_id, request->run_id, sizeof plan->run_id);
    assay_json_put_text(&b, plan->options, "importFormat", format);
    rc = assay_json_builder_check(&b, plan->options, err);
    rc = rc == ASSAY_OK ? arms_put(rows, plan, err) : rc;
    rc = rc == ASSAY_OK ? metrics_put(rows, plan, err) : rc;
    rc = rc == ASSAY_OK ? ops_put(rows, plan, err) : rc;
    if (rc != ASSAY_OK) {
        assay_plan_free(plan);
        return rc;
    }
    *ret = plan;
    return ASSAY_OK;
}

/* ---- samples ---------------------------------------------------------------------------------------------------- */

static uint64_t since(uint64_t origin, uint64_t stamp)
{
    return stamp == ASSAY_NS_ABSENT ? ASSAY_NS_ABSENT : stamp - origin;
}

static uint64_t after(uint64_t start, uint64_t span)
{
    return span == ASSAY_NS_ABSENT ? ASSAY_NS_ABSENT : start + span;
}

/* Room for the segments and chunks of the widest row, used again for each. */
struct events {
    struct assay_segment *segments;
    struct assay_chunk *chunks;
};

static assay_code events_take(const struct assay_import_rows *rows, struct events *events, assay_err *err)
{
    size_t most = 1;
    for (size_t i = 0; i < rows->rows_count; i++) {
        most = rows->rows[i].arrivals_count > most ? rows->rows[i].arrivals_count : most;
    }
    events->segments = assay_alloc(most, sizeof *events->segments);
    events->chunks = assay_alloc(most, sizeof *events->chunks);
    return events->segments != NULL && events->chunks != NULL ? ASSAY_OK : assay_nomem(err);
}

/* One arrival, one read: the other program's user-space stamp, and no kernel stamp. */
static void events_fill(const struct assay_import_row *row, uint64_t start_ns, struct events *events)
{
    for (size_t i = 0; i < row->arrivals_count; i++) {
        uint64_t at_ns = start_ns + row->arrivals_ns[i];
        events->segments[i] = (struct assay_segment){
            .end_offset = i + 1, .rx_ns = ASSAY_NS_ABSENT, .user_before_ns = at_ns, .user_after_ns = at_ns};
        events->chunks[i] = (struct assay_chunk){.segment = (uint32_t)i,
                                                 .tokens = row->tokens != NULL ? row->tokens[i] : 0,
                                                 .kind = ASSAY_CHUNK_TEXT,
                                                 .tokens_source = ASSAY_TOKENS_UNKNOWN};
    }
}

static struct assay_request request_of(const struct assay_import_row *row, uint64_t start_ns,
                                       const struct events *events)
{
    return (struct assay_request){.conn_start_ns = ASSAY_NS_ABSENT,
                                  .conn_end_ns = ASSAY_NS_ABSENT,
                                  .tls_end_ns = ASSAY_NS_ABSENT,
                                  .send_enter_ns = start_ns,
                                  .send_return_ns = ASSAY_NS_ABSENT,
                                  .tx_ns = ASSAY_NS_ABSENT,
                                  .tx_ack_ns = ASSAY_NS_ABSENT,
                                  .hdr_ns = ASSAY_NS_ABSENT,
                                  .first_byte_ns = ASSAY_NS_ABSENT,
                                  .first_event_ns = after(start_ns, row->first_event_ns),
                                  .usage_ns = ASSAY_NS_ABSENT,
                                  .done_ns = ASSAY_NS_ABSENT,
                                  .server_load_ns = row->server_load_ns,
                                  .server_prompt_ns = row->server_prompt_ns,
                                  .server_eval_ns = row->server_eval_ns,
                                  .server_total_ns = row->server_total_ns,
                                  .retry_after_ns = ASSAY_NS_ABSENT,
                                  .prompt_tokens_asked = ASSAY_COUNT_ABSENT,
                                  .output_tokens_asked = ASSAY_COUNT_ABSENT,
                                  .prompt_tokens = row->prompt_tokens,
                                  .output_tokens = row->output_tokens,
                                  .cached_tokens = row->cached_tokens,
                                  .flags = row->flags,
                                  .output_source = (uint8_t)row->output_source,
                                  .reported_rate_micro = row->reported_rate_micro,
                                  .segments = events->segments,
                                  .segments_count = row->arrivals_count,
                                  .chunks = events->chunks,
                                  .chunks_count = row->arrivals_count};
}

static assay_code sample_put(const struct assay_import_row *row, bool is_request, uint64_t id, uint64_t origin_ns,
                             struct events *events, struct assay_trace_writer *writer, assay_err *err)
{
    /* Without a start of its own a row stands at the origin: its spans are right, its place in time means nothing. */
    uint64_t start_ns = row->start_ns == ASSAY_NS_ABSENT ? 0 : row->start_ns - origin_ns;
    events_fill(row, start_ns, events);
    struct assay_request request = request_of(row, start_ns, events);
    uint64_t last_ns = row->arrivals_count > 0 ? row->arrivals_ns[row->arrivals_count - 1] : 0;
    struct assay_sample sample = {.id = id,
                                  .arm = row->arm,
                                  .status = row->status,
                                  .flags = ASSAY_SAMPLE_IMPORTED,
                                  .iterations = row->iterations,
                                  .due_ns = since(origin_ns, row->due_ns),
                                  .queued_ns = ASSAY_NS_ABSENT,
                                  .start_ns = start_ns,
                                  .end_ns = start_ns + (row->end_ns == ASSAY_NS_ABSENT ? last_ns : row->end_ns),
                                  .cpu_ns = row->cpu_ns,
                                  .request = is_request ? &request : NULL};
    return assay_trace_add_sample(writer, &sample, err);
}

/* The file's wall clock at the origin, if its times are of a wall clock: rows keep their dates. */
static assay_code clock_put(uint64_t origin_ns, struct assay_trace_writer *writer, assay_err *err)
{
    if (origin_ns < WALL_CLOCK_FIRST_NS) {
        return ASSAY_OK;
    }
    struct assay_clock_reading reading = {.real_ns = origin_ns};
    return assay_trace_add_clock(writer, &reading, err);
}

static assay_code samples_put(const struct assay_import_rows *rows, struct assay_trace_writer *writer, assay_err *err)
{
    struct events events = {0};
    uint64_t origin_ns = origin_of(rows);
    assay_code rc = clock_put(origin_ns, writer, err);
    rc = rc == ASSAY_OK ? events_take(rows, &events, err) : rc;
    for (size_t i = 0; rc == ASSAY_OK && i < rows->rows_count; i++) {
        rc = sample_put(&rows->rows[i], are_requests(rows), i, origin_ns, &events, writer, err);
    }
    assay_free(events.segments);
    assay_free(events.chunks);
    return rc;
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

static assay_code trace_make(const struct assay_import_request *request, const char *format,
                             const struct assay_import_rows *rows, const struct assay_plan *plan,
                             struct assay_import_result *ret, assay_err *err)
{
    struct assay_trace_ident ident;
    struct assay_trace_writer *writer = NULL;
    struct assay_digest digest;
    json_t *facts = NULL;
    assay_sha256_of(ret->plan.data, ret->plan.len, &digest);
    memcpy(ident.run_id, request->run_id, sizeof ident.run_id);
    memcpy(ident.plan_sha256, digest.bytes, sizeof ident.plan_sha256);
    assay_code rc = assay_trace_writer_new(&ident, &writer, err);
    rc = rc == ASSAY_OK ? samples_put(rows, writer, err) : rc;
    rc = rc == ASSAY_OK ? assay_import_facts(request, format, plan, &ret->plan, writer, &facts, err) : rc;
    rc = rc == ASSAY_OK ? assay_trace_finish(writer, facts, &ret->trace, err) : rc;
    json_decref(facts);
    assay_trace_writer_free(writer);
    return rc;
}

static void rows_count_up(const struct assay_import_rows *rows, struct assay_import_result *ret)
{
    ret->rows = rows->rows_count;
    for (size_t i = 0; i < rows->rows_count; i++) {
        ret->rows_failed += assay_status_group_of(rows->rows[i].status) != ASSAY_GROUP_OK;
    }
}

/* Stamps since run start are integers below 2^53 in a receipt (evidence.md 1.2). */
static assay_code spans_check(const struct assay_import_rows *rows, assay_err *err)
{
    uint64_t origin_ns = origin_of(rows);
    for (size_t i = 0; i < rows->rows_count; i++) {
        const struct assay_import_row *row = &rows->rows[i];
        uint64_t start = row->start_ns == ASSAY_NS_ABSENT ? 0 : row->start_ns - origin_ns;
        uint64_t due = row->due_ns == ASSAY_NS_ABSENT ? 0 : row->due_ns - origin_ns;
        uint64_t last = row->arrivals_count > 0 ? row->arrivals_ns[row->arrivals_count - 1] : 0;
        uint64_t end = row->end_ns == ASSAY_NS_ABSENT ? last : row->end_ns;
        uint64_t event = row->first_event_ns == ASSAY_NS_ABSENT ? 0 : row->first_event_ns;
        if (start >= SPAN_NS_MAX || due >= SPAN_NS_MAX || last >= SPAN_NS_MAX || end >= SPAN_NS_MAX ||
            event >= SPAN_NS_MAX) {
            return assay_fail(err, ASSAY_TOO_LARGE, "row %zu: times span over %d days in one file: split it", i + 1,
                              (int)(SPAN_NS_MAX / DAY_NS));
        }
    }
    return ASSAY_OK;
}

static assay_code run_build(const struct assay_import_request *request, const struct assay_import_rows *rows,
                            struct assay_import_result *ret, assay_err *err)
{
    struct assay_plan *plan = NULL;
    struct assay_derivation derivation = {0};
    assay_code rc = spans_check(rows, err);
    rc = rc == ASSAY_OK ? plan_make(request, ret->format, rows, &plan, err) : rc;
    rc = rc == ASSAY_OK ? assay_plan_encode(plan, &ret->plan, err) : rc;
    rc = rc == ASSAY_OK ? trace_make(request, ret->format, rows, plan, ret, err) : rc;
    if (rc == ASSAY_OK) {
        rc = assay_receipt_derive(ret->plan.data, ret->plan.len, ret->trace.data, ret->trace.len, &derivation, err);
    }
    if (rc == ASSAY_OK) {
        ret->document = derivation.document;
        rc = assay_receipt_envelope(derivation.statement, &ret->file, err);
    }
    json_decref(derivation.statement);
    assay_plan_free(plan);
    return rc;
}

assay_code assay_import_build(const struct assay_import_request *request, struct assay_import_rows *rows,
                              struct assay_import_result *ret, assay_err *err)
{
    assert(request && rows && ret);
    rows_count_up(rows, ret);
    if (rows->rows_count > 0) {
        return run_build(request, rows, ret, err);
    }
    if (rows->figures_count > 0) {
        return assay_import_summary(request, rows, ret, err);
    }
    return assay_fail(err, ASSAY_UNDECIDED, "'%s' (%s) holds no measurement: not measured", request->name, ret->format);
}
