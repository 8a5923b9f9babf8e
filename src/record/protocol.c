#include "base/rng.h"
#include "crypto/crypto.h"
#include "record/receipt_parts.h"

#include <math.h>
#include <string.h>

const char *assay_compute_path_of(const struct assay_trace_summary *summary)
{
    if (summary->flags & ASSAY_SAMPLE_IMPORTED) {
        return "imported";
    }
    bool is_scripted = (summary->flags & ASSAY_SAMPLE_PEER_SCRIPTED) || summary->has_standin_kernels;
    return is_scripted ? "scripted" : "real";
}

bool assay_is_standin(const struct assay_plan *plan, const struct assay_trace_summary *summary)
{
    const char *peer = json_string_value(json_object_get(plan->options, "peer"));
    bool is_open = peer && strcmp(peer, "scripted") == 0;
    return summary->has_standin_kernels || ((summary->flags & ASSAY_SAMPLE_PEER_SCRIPTED) && !is_open);
}

static void put_backend(struct assay_json_builder *b, json_t *protocol, const struct assay_trace_summary *summary)
{
    json_t *backend = assay_json_put_array(b, protocol, "backend");
    if (summary->has_cpu_kernels) {
        assay_json_add_text(b, backend, "cpu");
    }
    if (summary->has_cuda_kernels) {
        assay_json_add_text(b, backend, "cuda");
    }
    if (summary->has_requests) {
        assay_json_add_text(b, backend, "remote");
    }
}

void assay_put_absent(struct assay_json_builder *b, json_t *object, const char *name, const char *why)
{
    assay_json_put_text(b, assay_json_put_object(b, object, name), "absent", why);
}

static void put_arms(struct assay_json_builder *b, json_t *protocol, const struct assay_plan *plan)
{
    json_t *arms = assay_json_put_array(b, protocol, "arms");
    for (size_t i = 0; i < plan->arms_count; i++) {
        uint8_t digest[32] = {0};
        assay_code rc = assay_plan_args_sha256(plan, i, digest, NULL);
        b->failed = b->failed == ASSAY_OK ? rc : b->failed;
        json_t *arm = assay_json_add_object(b, arms);
        assay_json_put_text(b, arm, "id", plan->arms[i].id);
        assay_json_put_text(b, arm, "label", plan->arms[i].label ? plan->arms[i].label : "");
        assay_json_put_hex(b, arm, "argsSha256", digest, sizeof digest);
    }
}

static void put_load(struct assay_json_builder *b, json_t *protocol, const struct assay_plan *plan)
{
    json_t *load = assay_json_put_object(b, protocol, "load");
    assay_json_put_text(b, load, "mode", assay_load_mode_text(plan->load.mode));
    assay_json_put_u64(b, load, "concurrency", plan->load.concurrency);
    assay_json_put_text(b, load, "arrivals", assay_arrivals_text(plan->load.arrivals));
    if (plan->load.mode == ASSAY_LOAD_OPEN) {
        assay_json_put_dec(b, load, "ratePerS", plan->load.rate_per_s);
    } else {
        assay_put_absent(b, load, "ratePerS", plan->load.mode == ASSAY_LOAD_CLOSED ? "closed loop" : "paired");
    }
}

/* One interrupted reading is up to a millisecond off, which over a shorter time would read as more than the 200 ppm
 * that are refused. */
#define CROSS_SPAN_MIN_NS (5 * ASSAY_NS_PER_S)

bool assay_cross_ppm(const struct assay_trace_summary *summary, double *ret)
{
    const struct assay_clock_reading *first = &summary->clock_first, *last = &summary->clock_last;
    if (summary->clock_count < 2 || last->mono_before_ns < first->mono_before_ns + CROSS_SPAN_MIN_NS ||
        last->raw_ns <= first->raw_ns) {
        return false;
    }
    /* one decimal: a drift is no finer than the two readings */
    double mono = (double)(last->mono_before_ns - first->mono_before_ns);
    double raw = (double)(last->raw_ns - first->raw_ns);
    *ret = floor((raw - mono) / mono * 1e7 + 0.5) / 10;
    return true;
}

static void put_clock(struct assay_json_builder *b, json_t *protocol, const struct assay_trace_summary *summary,
                      const struct protocol_facts *facts)
{
    double ppm;
    json_t *clock = assay_json_put_object(b, protocol, "clock");
    assay_json_put_text(b, clock, "source", facts->clock_source);
    assay_json_put_u64(b, clock, "resolutionNs", facts->clock_resolution_ns);
    assay_json_put_u64(b, clock, "readNs", facts->clock_read_ns);
    if (assay_cross_ppm(summary, &ppm)) {
        assay_json_put_dec(b, clock, "crossPpm", ppm);
    } else {
        assay_put_absent(b, clock, "crossPpm", "under 5 s between the first and the last clock reading");
    }
}

void assay_protocol_put(struct assay_json_builder *b, json_t *parent, const struct assay_plan *plan,
                        const char *plan_bytes, size_t plan_len, const struct assay_trace_summary *summary,
                        const struct protocol_facts *facts)
{
    uint8_t request[32] = {0};
    struct assay_digest digest;
    assay_code rc = assay_plan_request_sha256(plan, request, NULL);
    b->failed = b->failed == ASSAY_OK ? rc : b->failed;
    assay_sha256_of(plan_bytes, plan_len, &digest);
    json_t *protocol = assay_json_put_object(b, parent, "protocol");
    assay_json_put_text(b, protocol, "workload", plan->workload);
    assay_json_put_text(b, protocol, "computePath", assay_compute_path_of(summary));
    put_backend(b, protocol, summary);
    assay_json_put_text(b, protocol, "tool", facts->tool);
    assay_json_put_text(b, protocol, "generator", ASSAY_RNG_NAME);
    assay_json_put_text(b, protocol, "order", plan->order);
    assay_json_put_u64_text(b, protocol, "seed", plan->seed);
    assay_json_put_text(b, protocol, "seedSource", plan->seed_source);
    assay_json_put_hex(b, protocol, "requestSha256", request, sizeof request);
    assay_json_put_hex(b, protocol, "planSha256", digest.bytes, sizeof digest.bytes);
    if (facts->policy_sha256) {
        assay_json_put_text(b, protocol, "policySha256", facts->policy_sha256);
    } else {
        assay_put_absent(b, protocol, "policySha256", "no policy given");
    }
    put_arms(b, protocol, plan);
    put_load(b, protocol, plan);
    json_t *warmup = assay_json_put_object(b, protocol, "warmup");
    assay_json_put_text(b, warmup, "rule", "fixed");
    assay_json_put_u64(b, warmup, "samples", plan->warmup.samples);
    json_t *stop = assay_json_put_object(b, protocol, "stop");
    assay_json_put_text(b, stop, "rule", assay_stop_rule_text(plan->stop.rule));
    assay_json_put_text(b, stop, "reason", facts->stop_reason);
    put_clock(b, protocol, summary, facts);
}
