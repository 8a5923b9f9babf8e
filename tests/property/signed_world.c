#include "property/signed_world.h"

#include "base/rng.h"
#include "support/edit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SHAPE_SEED UINT64_C(20261121)

static void vary_host(json_t *facts, const struct honest_options *options)
{
    static const char *const CPUS[] = {"Xeon Gold 6430", "EPYC 9554", "Ryzen 7 5800X", "Neoverse-V2", "Core i5-1240P"};
    json_t *host = assay_json_at(facts, "/environment/hosts/0");
    if (options->seed == 0 || !host) {
        return;
    }
    size_t n = (size_t)(options->seed % 5);
    edit_set(host, "/cpuModel", json_string(CPUS[n]));
    edit_set(host, "/kernelRelease", json_sprintf("6.1.0-%zu-amd64", 20 + n));
    edit_set(host, "/memoryBytes", json_integer((json_int_t)(n + 1) << 30));
}

/* Evidence of the log and another host, as far as this world has them. */
static void tamper_facts(json_t *facts, void *context)
{
    const struct world *world = context;
    vary_host(facts, &world->options);
    evidence_facts(facts, (void *)(uintptr_t)&world->evidence);
}

void world_shape(unsigned n, struct honest_options *ret)
{
    struct assay_rng rng;
    assay_rng_seed(&rng, SHAPE_SEED + n, "shape");
    size_t arms = n % 5 == 3 ? 2 : n % 20 == 9 ? 3 : 1;
    *ret = (struct honest_options){.workload = n % 4 == 1 && arms == 1 ? "llm" : "noop",
                                   .arms_count = arms,
                                   .count = arms * arms * (8 + (size_t)assay_rng_below(&rng, 60)),
                                   .warmup = arms * arms * (size_t)assay_rng_below(&rng, 4),
                                   .seed = 1 + assay_rng_below(&rng, UINT64_C(1) << 50)};
    if (ret->workload[0] == 'l') {
        ret->tokens = 1 + (size_t)assay_rng_below(&rng, 12);
    } else {
        ret->op_ns = 1000 + assay_rng_below(&rng, 30 * ASSAY_NS_PER_MS);
    }
    ret->failed_every = n % 7 == 2 ? 5 + (size_t)assay_rng_below(&rng, 30) : 0;
    ret->is_partial = n % 11 == 4 && arms == 1;
}

static void set_line(struct world *world, const char *verb, const char *rest)
{
    assert_true(evidence_line(&world->evidence, verb, assay_slice_of(rest), &world->run, &world->input));
}

static void log_and_trust(struct world *world, enum world_kind kind)
{
    if (kind != WORLD_SIGNED) {
        set_line(world, "log", "earlier other");
        set_line(world, "log", "run");
    }
    set_line(world, "trust", "");
    if (kind == WORLD_PROVEN) {
        set_line(world, "log", "proof");
    }
}

void world_document(const json_t *statement, unsigned signer, struct assay_buf *out)
{
    struct evidence evidence;
    struct assay_buf payload, text;
    json_t *envelope = json_object();
    evidence_init(&evidence);
    evidence.signers[0] = signer;
    evidence.signers_count = signer != 0;
    assay_buf_init(&payload, WORLD_FILE_BYTES_MAX);
    assay_buf_init(&text, 2 * WORLD_FILE_BYTES_MAX);
    assert_int_equal(assay_json_canon(statement, &payload, NULL), ASSAY_OK);
    assay_base64_append(&text, payload.data, payload.len);
    (void)json_object_set_new(envelope, "payload", json_stringn(text.data, text.len));
    (void)json_object_set_new(envelope, "payloadType", json_string(ASSAY_PAYLOAD_TYPE));
    evidence_sign(&evidence, payload.data, payload.len, envelope);
    assay_buf_clear(out);
    assert_int_equal(assay_json_canon(envelope, out, NULL), ASSAY_OK);
    assay_buf_char(out, '\n');
    json_decref(envelope);
    evidence_done(&evidence);
    assay_buf_done(&payload);
    assay_buf_done(&text);
}

static struct assay_judge_bytes bytes_of(const struct assay_buf *buf)
{
    return (struct assay_judge_bytes){.data = buf->data, .len = buf->len};
}

void world_make(struct world *world, const struct honest_options *options, enum world_kind kind)
{
    *world = (struct world){.options = *options};
    evidence_init(&world->evidence);
    assay_buf_init(&world->payload, WORLD_FILE_BYTES_MAX);
    assay_buf_init(&world->document, 2 * WORLD_FILE_BYTES_MAX);
    world->options.tamper_facts = tamper_facts;
    world->options.context = world;
    honest_run_make(&world->options, &world->run);
    log_and_trust(world, kind);
    if (kind != WORLD_SIGNED) { /* the trace's facts hold the intent */
        honest_run_done(&world->run);
        honest_run_make(&world->options, &world->run);
    }
    set_line(world, "sign", "1");
    evidence_name_signers(&world->evidence, world->run.statement);
    assert_int_equal(assay_json_canon(world->run.statement, &world->payload, NULL), ASSAY_OK);
    world_document(world->run.statement, 1, &world->document);
    evidence_finish(&world->evidence, &world->run, world->payload.data, world->payload.len, &world->input);
    world->input.document = bytes_of(&world->document);
    world->input.now_real_ns = HONEST_NOW_NS;
}

void world_shorten(struct world *world, size_t metrics)
{
    json_t *list = assay_json_at(world->run.statement, "/predicate/metrics");
    while (json_array_size(list) > metrics) {
        (void)json_array_remove(list, json_array_size(list) - 1);
    }
    world_document(world->run.statement, 1, &world->document);
    world->input.document = bytes_of(&world->document);
}

void world_give_all(struct world *world)
{
    world->input.plan = bytes_of(&world->run.plan);
    world->input.trace = bytes_of(&world->run.trace);
    world->input.identity = bytes_of(&world->run.identity);
}

void world_done(struct world *world)
{
    evidence_done(&world->evidence);
    honest_run_done(&world->run);
    assay_buf_done(&world->payload);
    assay_buf_done(&world->document);
}

bool world_is_refused(const struct world *world, struct assay_judgement **ret)
{
    struct assay_judgement *judgement = NULL;
    bool has_fail = false;
    assert_int_equal(assay_judge_verify(&world->input, &judgement, NULL), ASSAY_OK);
    for (size_t i = 0; i < judgement->violations_count; i++) {
        has_fail = has_fail || judgement->violations[i].verdict == ASSAY_VERDICT_FAIL;
    }
    int status = assay_judgement_exit(judgement);
    bool is_consistent = has_fail == (status == 1 || status == 3);
    assert_true(is_consistent);
    if (ret) {
        *ret = judgement;
    } else {
        assay_judgement_free(judgement);
    }
    return has_fail;
}
