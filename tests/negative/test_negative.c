/* Applies every file of the negative corpus (README.md beside it) to an honest run and looks at what the verifier says:
 * the gate of the file's name and no other. The same run without the edit verifies. */
#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "judge/judge.h"
#include "kernel/kernel.h"
#include "negative/evidence.h"
#include "support/edit.h"
#include "support/golden.h"
#include "support/honest_run.h"
#include "support/source_root.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zstd.h>

#define FILE_MAX ((size_t)16 << 20)
#define TAMPERS_MAX 8
#define TIER_ANY (-2)
#define CHUNKS_MAX 64
#define FACTS_MAX 2
#define MAGIC_BYTES 8 /* docs/formats/trace.md: a magic, then chunks behind two u32, stored and plain bytes */
#define LENGTHS_BYTES 8

struct tamper {
    uint64_t id;
    char member[32];
    uint64_t value;
};

/* One case in the making: an honest run, what was done to it, and what the verifier is asked. */
struct scene {
    struct honest_options options;
    struct honest_run run;
    struct tamper tampers[TAMPERS_MAX];
    size_t tampers_count;
    struct assay_buf payload, document; /* payload: once raw bytes were edited */
    json_t *envelope;
    struct assay_judge_input input;
    bool lacks_plan, lacks_trace, lacks_identity, lacks_document, is_run_made, is_rederived, is_emptied;
    char nonce[65], place[ASSAY_JSON_POINTER_BYTES];
    uint64_t clock_ahead_ns;
    char lines[ASSAY_LINE_COUNT][256]; /* what the four lines must say; empty: anything */
    struct assay_buf kernel_table;
    json_t *checks; /* what the workload told; owned */
    struct evidence evidence;
    struct honest_run other; /* the baseline */
    struct assay_judge_baseline baseline;
    char fact_places[FACTS_MAX][ASSAY_JSON_POINTER_BYTES]; /* of the baseline */
    size_t facts_count;
    json_t *facts[FACTS_MAX];
    bool is_host_known, is_making_other, has_other;
    bool is_many;                     /* several violations of its gate */
    int tier;                         /* what is earned; TIER_ANY */
    char found[128];                  /* what it found; empty: anything */
    char due[128];                    /* what it expected; empty: anything */
    bool is_frozen, is_facts_changed; /* is_frozen: signed, and no more edit is signed anew */
};

/* ---- the honest run and what tampers with it on the way ---- */

static void tamper_sample(struct assay_sample *sample, void *context)
{
    const struct scene *scene = context;
    for (size_t i = 0; i < scene->tampers_count; i++) {
        const struct tamper *tamper = &scene->tampers[i];
        if (tamper->id != sample->id) {
            continue;
        }
        if (strcmp(tamper->member, "due_ns") == 0) {
            sample->due_ns = tamper->value;
        } else if (strcmp(tamper->member, "queued_ns") == 0) {
            sample->queued_ns = tamper->value;
        } else if (strcmp(tamper->member, "start_ns") == 0) {
            sample->start_ns = tamper->value;
        } else if (strcmp(tamper->member, "end_ns") == 0) {
            sample->end_ns = tamper->value;
        } else if (strcmp(tamper->member, "arm") == 0) {
            sample->arm = (uint32_t)tamper->value;
        } else if (strcmp(tamper->member, "status") == 0) {
            sample->status = (enum assay_status)tamper->value;
        } else {
            fail_msg("no sample member '%s'", tamper->member);
        }
    }
}

static void know_host(json_t *host)
{
    const char *name;
    json_t *value;
    json_object_foreach(host, name, value)
    {
        if (json_object_get(value, "unknown")) {
            (void)json_object_clear(value);
            (void)json_object_set_new(value, "absent", json_string("none"));
        }
    }
}

static void tamper_facts(json_t *facts, void *context)
{
    struct scene *scene = context;
    if (scene->is_host_known) {
        know_host(json_array_get(json_object_get(json_object_get(facts, "environment"), "hosts"), 0));
    }
    if (!scene->is_making_other) {
        evidence_facts(facts, &scene->evidence);
        return;
    }
    for (size_t i = 0; i < scene->facts_count; i++) {
        edit_set(facts, scene->fact_places[i], json_incref(scene->facts[i]));
    }
}

static const struct {
    const char *name;
    struct honest_options options;
} RUNS[] = {
    {"noop", {.workload = "noop", .count = 400, .warmup = 10}},
    {"llm", {.workload = "llm", .count = 80, .warmup = 5, .tokens = 8}},
    {"slow", {.workload = "noop", .count = 400, .warmup = 10, .op_ns = 20 * ASSAY_NS_PER_MS}},
    {"long", {.workload = "noop", .count = 5000, .warmup = 10}},
    {"paired", {.workload = "noop", .count = 240, .warmup = 4, .arms_count = 2}},
    {"partial", {.workload = "noop", .count = 400, .warmup = 10, .is_partial = true}},
};

static void choose_run(struct scene *scene, const char *name)
{
    for (size_t i = 0; i < sizeof RUNS / sizeof RUNS[0]; i++) {
        if (strcmp(RUNS[i].name, name) == 0) {
            scene->options = RUNS[i].options;
            return;
        }
    }
    fail_msg("no run '%s'", name);
}

static void write_payload(struct scene *scene)
{
    assay_err err = {0};
    assay_buf_clear(&scene->payload);
    assert_int_equal(assay_json_canon(scene->run.statement, &scene->payload, &err), ASSAY_OK);
}

static void make_run(struct scene *scene)
{
    if (!scene->is_run_made) {
        scene->options.tamper_facts = scene->is_host_known ? tamper_facts : NULL;
        scene->options.context = scene;
        honest_run_make(&scene->options, &scene->run);
        assert_int_equal(assay_json_read(scene->run.receipt.data, scene->run.receipt.len, &assay_json_limits_receipt,
                                         &scene->envelope, NULL),
                         ASSAY_OK);
        write_payload(scene);
        scene->is_run_made = true;
    }
}

/* The outputs of the run were held against a reference: so many of six were wrong. */
static void tell_check(struct scene *scene, uint64_t failures)
{
    json_decref(scene->checks);
    scene->checks = json_pack("[{s:s,s:s,s:i,s:{s:I}}]", "id", "output-gemv", "rule", "output_reference@1", "n", 6,
                              "data", "failures", (json_int_t)failures);
    assert_non_null(scene->checks);
    scene->options.checks = scene->checks;
}

/* The trace written anew with its tampered samples; the receipt stays, or is derived anew. */
static void remake_trace(struct scene *scene)
{
    struct honest_run remade;
    struct honest_options options = scene->options;
    options.tamper = tamper_sample;
    options.context = scene;
    options.clock_ahead_ns = scene->clock_ahead_ns;
    options.tamper_facts = tamper_facts;
    options.leaves_receipt_out = !scene->is_rederived;
    honest_run_make(&options, &remade);
    struct assay_buf trace = remade.trace;
    remade.trace = scene->run.trace;
    scene->run.trace = trace;
    if (scene->is_rederived) {
        json_decref(scene->run.statement);
        scene->run.statement = json_incref(remade.statement);
        write_payload(scene);
    }
    honest_run_done(&remade);
}

/* ---- the lines of an edit ---- */

static json_t *read_value(struct assay_slice text)
{
    json_t *value = NULL;
    assay_err err = {0};
    if (assay_json_read(text.data, text.len, &assay_json_limits_default, &value, &err) != ASSAY_OK) {
        fail_msg("'%.*s': %s", (int)text.len, text.data, err.message);
    }
    return value;
}

static uint64_t read_number(struct assay_slice text)
{
    uint64_t value = 0;
    assay_err err = {0};
    if (assay_num_u64(text, "a number", UINT64_MAX, &value, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    return value;
}

static void word_until(struct assay_slice *rest, char separator, char *ret, size_t bytes)
{
    struct assay_slice token = assay_slice_cut(rest, separator);
    assert_true(token.len < bytes);
    memcpy(ret, token.data, token.len);
    ret[token.len] = '\0';
}

static void word(struct assay_slice *rest, char *ret, size_t bytes)
{
    word_until(rest, ' ', ret, bytes);
}

/* "A" "B" as JSON strings side by side: read as the array ["A","B"]. */
static void replace(struct assay_buf *bytes, struct assay_slice rest)
{
    struct assay_buf text;
    assay_buf_init(&text, FILE_MAX);
    assay_buf_char(&text, '[');
    assay_buf_append(&text, rest.data, rest.len);
    assay_buf_char(&text, ']');
    edit_bytes(&text, "\" \"", 3, "\",\"", 3);
    json_t *pair = read_value((struct assay_slice){text.data, text.len});
    const json_t *from = json_array_get(pair, 0), *to = json_array_get(pair, 1);
    edit_bytes(bytes, json_string_value(from), json_string_length(from), json_string_value(to), json_string_length(to));
    json_decref(pair);
    assay_buf_done(&text);
}

/* The element of a list that is, or whose name or id is, this text. */
static size_t find_element(const json_t *list, const char *text)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *element = json_array_get(list, i);
        const json_t *names[] = {element, json_object_get(element, "name"), json_object_get(element, "id")};
        for (size_t k = 0; k < 3; k++) {
            if (json_is_string(names[k]) && strcmp(json_string_value(names[k]), text) == 0) {
                return i;
            }
        }
    }
    fail_msg("no element '%s'", text);
    return 0;
}

/* A pointer, in which "@NAME" stands for the index of that element. */
static void pointer_word(struct assay_slice *rest, const json_t *root, char ret[ASSAY_JSON_POINTER_BYTES])
{
    char token[ASSAY_JSON_POINTER_BYTES];
    struct assay_slice tokens = assay_slice_cut(rest, ' ');
    size_t len = 0;
    ret[0] = '\0';
    (void)assay_slice_cut(&tokens, '/');
    while (tokens.data) {
        const json_t *list = assay_json_at(root, ret);
        word_until(&tokens, '/', token, sizeof token);
        int n = token[0] == '@'
                    ? snprintf(ret + len, ASSAY_JSON_POINTER_BYTES - len, "/%zu", find_element(list, token + 1))
                    : snprintf(ret + len, ASSAY_JSON_POINTER_BYTES - len, "/%s", token);
        len += (size_t)n;
        assert_true(len < ASSAY_JSON_POINTER_BYTES);
    }
}

static void on_statement(struct scene *scene, const char *verb, struct assay_slice rest)
{
    char pointer[ASSAY_JSON_POINTER_BYTES], other[ASSAY_JSON_POINTER_BYTES];
    pointer_word(&rest, scene->run.statement, pointer);
    if (strcmp(verb, "set") == 0) {
        edit_set(scene->run.statement, pointer, read_value(rest));
    } else if (strcmp(verb, "drop") == 0) {
        edit_drop(scene->run.statement, pointer);
    } else if (strcmp(verb, "append") == 0) {
        edit_append(scene->run.statement, pointer, read_value(rest));
    } else if (strcmp(verb, "grow") == 0) {
        edit_grow(scene->run.statement, pointer, read_number(rest));
    } else {
        pointer_word(&rest, scene->run.statement, other);
        edit_swap(scene->run.statement, pointer, other);
    }
    write_payload(scene);
}

static void on_envelope(struct scene *scene, struct assay_slice rest)
{
    char verb[32], pointer[ASSAY_JSON_POINTER_BYTES];
    word(&rest, verb, sizeof verb);
    word(&rest, pointer, sizeof pointer);
    if (strcmp(verb, "set") == 0) {
        edit_set(scene->envelope, pointer, read_value(rest));
    } else if (strcmp(verb, "append") == 0) {
        edit_append(scene->envelope, pointer, read_value(rest));
    } else if (strcmp(verb, "grow") == 0) {
        edit_grow(scene->envelope, pointer, read_number(rest));
    } else {
        edit_drop(scene->envelope, pointer);
    }
    if (assay_text_starts(pointer, "/payload") && strcmp(pointer, "/payloadType") != 0) {
        assay_buf_clear(&scene->payload); /* the envelope's own payload stands */
    }
}

/* The entries under the table of this build, one thread, 6.5 ms of wall time. */
static void on_kernels(struct scene *scene, struct assay_slice rest)
{
    struct assay_digest digest;
    char text[ASSAY_DIGEST_TEXT_BYTES];
    json_t *kernels = json_object();
    assay_sha256_of(scene->kernel_table.data, scene->kernel_table.len, &digest);
    assay_digest_print(&digest, text);
    (void)json_object_set_new(kernels, "tableSha256", json_string(text));
    (void)json_object_set_new(kernels, "wallNs", json_integer(6500000));
    (void)json_object_set_new(kernels, "threads", json_integer(1));
    (void)json_object_set_new(kernels, "entries", read_value(rest));
    edit_set(scene->run.statement, "/predicate/kernels", kernels);
    write_payload(scene);
}

/* ---- chunks of the trace file ---- */

struct chunk {
    const char *data; /* with its two lengths */
    size_t len;
};

static uint32_t get_u32(const char *at)
{
    uint32_t value = 0;
    for (int i = 3; i >= 0; i--) {
        value = value << 8 | (uint8_t)at[i];
    }
    return value;
}

static void put_u32(struct assay_buf *out, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        assay_buf_char(out, (char)(value >> 8 * i));
    }
}

static size_t list_chunks(const struct assay_buf *trace, struct chunk *ret)
{
    size_t count = 0;
    for (size_t at = MAGIC_BYTES; at < trace->len; at += ret[count++].len) {
        assert_true(count < CHUNKS_MAX && trace->len - at > LENGTHS_BYTES);
        ret[count] = (struct chunk){trace->data + at, LENGTHS_BYTES + get_u32(trace->data + at)};
        assert_true(ret[count].len <= trace->len - at);
    }
    return count;
}

static void write_chunks(struct assay_buf *trace, const struct chunk *chunks, size_t count)
{
    struct assay_buf edited;
    assay_buf_init(&edited, trace->max);
    assay_buf_append(&edited, trace->data, MAGIC_BYTES);
    for (size_t i = 0; i < count; i++) {
        assay_buf_append(&edited, chunks[i].data, chunks[i].len);
    }
    assay_buf_done(trace);
    *trace = edited;
}

static void on_chunk(struct scene *scene, struct assay_slice rest)
{
    struct chunk chunks[CHUNKS_MAX + 1];
    char verb[32];
    size_t count = list_chunks(&scene->run.trace, chunks);
    word(&rest, verb, sizeof verb);
    size_t n = (size_t)read_number(assay_slice_cut(&rest, ' '));
    assert_true(n < count);
    if (strcmp(verb, "drop") == 0) {
        memmove(&chunks[n], &chunks[n + 1], (count - n - 1) * sizeof chunks[0]);
        count--;
    } else if (strcmp(verb, "double") == 0) {
        memmove(&chunks[n + 1], &chunks[n], (count - n) * sizeof chunks[0]);
        count++;
    } else {
        size_t m = (size_t)read_number(rest);
        assert_true(m < count);
        struct chunk kept = chunks[n];
        chunks[n] = chunks[m];
        chunks[m] = kept;
    }
    write_chunks(&scene->run.trace, chunks, count);
}

/* A byte of a plain chunk is set; the chunk is compressed anew. */
static void on_plain(struct scene *scene, struct assay_slice rest)
{
    struct chunk chunks[CHUNKS_MAX];
    size_t count = list_chunks(&scene->run.trace, chunks);
    size_t n = (size_t)read_number(assay_slice_cut(&rest, ' '));
    size_t offset = (size_t)read_number(assay_slice_cut(&rest, ' '));
    assert_true(n < count);
    size_t plain_len = get_u32(chunks[n].data + 4), room = ZSTD_compressBound(plain_len);
    char *plain = assay_alloc(plain_len, 1), *stored = assay_alloc(room, 1);
    struct assay_buf chunk;
    assay_buf_init(&chunk, FILE_MAX);
    ZSTD_DCtx *context = ZSTD_createDCtx(); /* one or more frames after each other */
    ZSTD_inBuffer in = {chunks[n].data + LENGTHS_BYTES, chunks[n].len - LENGTHS_BYTES, 0};
    ZSTD_outBuffer out = {plain, plain_len, 0};
    while (in.pos < in.size) {
        assert_false(ZSTD_isError(ZSTD_decompressStream(context, &out, &in)));
    }
    (void)ZSTD_freeDCtx(context);
    assert_true(out.pos == plain_len && offset < plain_len);
    plain[offset] = (char)read_number(rest);
    size_t stored_len = ZSTD_compress(stored, room, plain, plain_len, 1);
    assert_false(ZSTD_isError(stored_len));
    put_u32(&chunk, (uint32_t)stored_len);
    put_u32(&chunk, (uint32_t)plain_len);
    assay_buf_append(&chunk, stored, stored_len);
    chunks[n] = (struct chunk){chunk.data, chunk.len};
    write_chunks(&scene->run.trace, chunks, count);
    assay_buf_done(&chunk);
    assay_free(plain);
    assay_free(stored);
}

static void on_trace(struct scene *scene, struct assay_slice rest)
{
    char verb[32];
    struct assay_buf *trace = &scene->run.trace;
    word(&rest, verb, sizeof verb);
    if (strcmp(verb, "add") == 0) {
        json_t *text = read_value(rest);
        assay_buf_append(trace, json_string_value(text), json_string_length(text));
        json_decref(text);
        return;
    }
    bool is_from_end = assay_slice_starts(rest, "-");
    uint64_t n = read_number(is_from_end ? (struct assay_slice){rest.data + 1, rest.len - 1} : rest);
    size_t at = is_from_end ? trace->len - (size_t)n : (size_t)n;
    assert_true(at < trace->len);
    if (strcmp(verb, "cut") == 0) {
        trace->len = at;
    } else {
        trace->data[at] = (char)(trace->data[at] ^ 1);
    }
}

/* Payload and signatures as they now stand in the envelope. */
static void sign_now(struct scene *scene)
{
    struct assay_buf text;
    assay_buf_init(&text, FILE_MAX);
    assay_base64_append(&text, scene->payload.data, scene->payload.len);
    edit_set(scene->envelope, "/payload", json_stringn(text.data, text.len));
    evidence_sign(&scene->evidence, scene->payload.data, scene->payload.len, scene->envelope);
    assay_buf_done(&text);
}

static void on_evidence(struct scene *scene, const char *verb)
{
    if (strcmp(verb, "sign") == 0) {
        evidence_name_signers(&scene->evidence, scene->run.statement);
        write_payload(scene);
    } else if ((scene->evidence.intent || scene->evidence.source[0] != '\0') && !scene->is_facts_changed) {
        scene->is_facts_changed = scene->is_rederived = true; /* the trace's facts hold the intent */
        remake_trace(scene);
    }
}

static void on_option(struct scene *scene, struct assay_slice rest)
{
    char name[32];
    word(&rest, name, sizeof name);
    if (strcmp(name, "nonce") == 0) {
        word(&rest, scene->nonce, sizeof scene->nonce);
        scene->input.nonce = scene->nonce;
    } else if (strcmp(name, "max-age") == 0) {
        scene->input.max_age_ns = read_number(rest) * ASSAY_NS_PER_S;
    } else if (strcmp(name, "policy") == 0) {
        scene->input.wants_default_policy = true;
    } else if (strcmp(name, "tier") == 0) {
        scene->input.is_tier_required = true;
        scene->input.required_tier = (int)read_number(rest);
    } else if (strcmp(name, "commit") == 0) {
        word(&rest, scene->evidence.commit, sizeof scene->evidence.commit);
        scene->input.commit = scene->evidence.commit;
    } else if (strcmp(name, "subject") == 0) {
        assay_sha256_of(rest.data, rest.len, &scene->evidence.artefact.digest);
        scene->evidence.artefact.name = "artefact";
        scene->input.artefacts = &scene->evidence.artefact;
        scene->input.artefacts_count = 1;
    } else if (strcmp(name, "ancestry") == 0) {
        scene->baseline.ancestry = assay_slice_is(rest, "is") ? ASSAY_ANCESTRY_IS : ASSAY_ANCESTRY_IS_NOT;
    } else if (strcmp(name, "baseline-age") == 0) {
        scene->baseline.max_age_ns = read_number(rest) * ASSAY_NS_PER_S;
    } else if (strcmp(name, "interop") == 0) {
        scene->input.is_interop = true;
    } else if (strcmp(name, "called") == 0) {
        scene->input.document_name = assay_slice_is(rest, "record.json") ? "record.json" : "receipt.json";
    } else {
        fail_msg("no option '%s'", name);
    }
}

static const char *const LINES[ASSAY_LINE_COUNT] = {"CRYPTO", "RECOMPUTE", "POLICY", "ASSURANCE"};

static void on_line(struct scene *scene, struct assay_slice rest)
{
    struct assay_slice name = assay_slice_cut(&rest, ' ');
    for (size_t i = 0; i < ASSAY_LINE_COUNT; i++) {
        if (assay_slice_is(name, LINES[i])) {
            (void)snprintf(scene->lines[i], sizeof scene->lines[i], "%.*s", (int)rest.len, rest.data);
            return;
        }
    }
    fail_msg("which line?");
}

static void on_without(struct scene *scene, struct assay_slice what)
{
    static const char *const NAMES[] = {"plan", "trace", "identity", "document", "bytes"};
    bool *const flags[] = {&scene->lacks_plan, &scene->lacks_trace, &scene->lacks_identity, &scene->lacks_document,
                           &scene->is_emptied};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        if (assay_slice_is(what, NAMES[i])) {
            *flags[i] = true;
            return;
        }
    }
    fail_msg("without what?");
}

static struct assay_judge_bytes bytes_of(const struct assay_buf *buf)
{
    return (struct assay_judge_bytes){.data = buf->data, .len = buf->len};
}

/* Another run of the same plan, or what is none. */
static void on_baseline(struct scene *scene, struct assay_slice rest)
{
    struct honest_options options = scene->options;
    struct assay_slice what = assay_slice_cut(&rest, ' ');
    if (assay_slice_is(what, "facts") || assay_slice_is(what, "also")) {
        assert_in_range(scene->facts_count, 0, FACTS_MAX - 1);
        pointer_word(&rest, scene->run.statement, scene->fact_places[scene->facts_count]);
        scene->facts[scene->facts_count++] = read_value(rest);
    }
    if (assay_slice_is(what, "also")) {
        return; /* the line that makes it follows */
    }
    options.tamper_facts = tamper_facts;
    options.context = scene;
    options.number = assay_slice_is(what, "again") ? options.number : 9; /* the same run id, or another */
    options.is_partial = assay_slice_is(what, "record");
    scene->is_making_other = scene->has_other = true;
    honest_run_make(&options, &scene->other);
    scene->is_making_other = false;
    if (assay_slice_is(what, "edited")) {
        scene->other.trace.data[scene->other.trace.len / 2] ^= 1;
    }
    const struct honest_run *run = assay_slice_is(what, "itself") ? &scene->run : &scene->other;
    scene->baseline.files = (struct assay_judge_files){.name = "baseline",
                                                       .document = bytes_of(&run->receipt),
                                                       .plan = bytes_of(&run->plan),
                                                       .trace = bytes_of(&run->trace),
                                                       .identity = bytes_of(&run->identity)};
    scene->input.baseline = &scene->baseline;
}

static void apply_line(struct scene *scene, struct assay_slice rest)
{
    char verb[32];
    word(&rest, verb, sizeof verb);
    if (strcmp(verb, "outputs") == 0) {
        tell_check(scene, read_number(rest));
        return;
    }
    if (strcmp(verb, "run") == 0) {
        char name[32];
        word(&rest, name, sizeof name);
        choose_run(scene, name);
        return;
    }
    if (strcmp(verb, "from") == 0) {
        scene->options.seed_source = assay_slice_is(rest, "challenge") ? "challenge" : "log-head";
        return;
    }
    if (strcmp(verb, "host") == 0) {
        scene->is_host_known = true;
        return;
    }
    make_run(scene);
    if (strcmp(verb, "baseline") == 0) {
        on_baseline(scene, rest);
        return;
    }
    if (evidence_line(&scene->evidence, verb, rest, &scene->run, &scene->input)) {
        on_evidence(scene, verb);
    } else if (strcmp(verb, "freeze") == 0) {
        sign_now(scene);
        scene->is_frozen = true;
    } else if (strcmp(verb, "envelope") == 0) {
        if (scene->evidence.is_signed && !scene->is_frozen) {
            sign_now(scene);
            scene->is_frozen = true;
        }
        on_envelope(scene, rest);
    } else if (strcmp(verb, "payload") == 0) {
        replace(&scene->payload, rest);
    } else if (strcmp(verb, "file") == 0) {
        assert_true(scene->document.len > 0 || (scene->document.data == NULL));
        if (scene->document.len == 0) {
            assay_buf_append(&scene->document, scene->run.receipt.data, scene->run.receipt.len);
        }
        replace(&scene->document, rest);
    } else if (strcmp(verb, "bytes") == 0) {
        json_t *bytes = read_value(rest);
        assay_buf_append(&scene->document, json_string_value(bytes), json_string_length(bytes));
        json_decref(bytes);
    } else if (strcmp(verb, "plan") == 0) {
        replace(&scene->run.plan, rest);
    } else if (strcmp(verb, "identity") == 0) {
        replace(&scene->run.identity, rest);
    } else if (strcmp(verb, "trace") == 0) {
        on_trace(scene, rest);
    } else if (strcmp(verb, "kernels") == 0) {
        on_kernels(scene, rest);
    } else if (strcmp(verb, "chunk") == 0) {
        on_chunk(scene, rest);
    } else if (strcmp(verb, "plain") == 0) {
        on_plain(scene, rest);
    } else if (strcmp(verb, "without") == 0) {
        on_without(scene, rest);
    } else if (strcmp(verb, "option") == 0) {
        on_option(scene, rest);
    } else if (strcmp(verb, "line") == 0) {
        on_line(scene, rest);
    } else if (strcmp(verb, "tier-is") == 0) {
        scene->tier = assay_slice_is(rest, "none") ? -1 : (int)read_number(rest);
    } else if (strcmp(verb, "many") == 0) {
        scene->is_many = true;
    } else if (strcmp(verb, "expected") == 0) {
        (void)snprintf(scene->due, sizeof scene->due, "%.*s", (int)rest.len, rest.data);
    } else if (strcmp(verb, "found") == 0) {
        (void)snprintf(scene->found, sizeof scene->found, "%.*s", (int)rest.len, rest.data);
    } else if (strcmp(verb, "at") == 0) {
        if (rest.data[0] == '/') {
            pointer_word(&rest, scene->run.statement, scene->place);
        } else {
            word(&rest, scene->place, sizeof scene->place);
        }
    } else if (strcmp(verb, "sample") == 0) {
        assert_true(scene->tampers_count < TAMPERS_MAX);
        struct tamper *tamper = &scene->tampers[scene->tampers_count++];
        tamper->id = read_number(assay_slice_cut(&rest, ' '));
        word(&rest, tamper->member, sizeof tamper->member);
        tamper->value = read_number(rest);
        remake_trace(scene);
    } else if (strcmp(verb, "clock") == 0) {
        (void)assay_slice_cut(&rest, ' '); /* "raw" */
        scene->clock_ahead_ns = read_number(rest);
        remake_trace(scene);
    } else if (strcmp(verb, "rederive") == 0) {
        scene->is_rederived = true;
        remake_trace(scene);
    } else {
        on_statement(scene, verb, rest);
    }
}

/* ---- judging ---- */

static void write_document(struct scene *scene)
{
    if (scene->document.len > 0 || scene->is_emptied) {
        return; /* raw bytes were edited: they stand */
    }
    struct assay_buf text;
    assay_buf_init(&text, FILE_MAX);
    if (scene->payload.len > 0) {
        assay_base64_append(&text, scene->payload.data, scene->payload.len);
        edit_set(scene->envelope, "/payload", json_stringn(text.data, text.len));
    }
    if (scene->evidence.is_signed && !scene->is_frozen) {
        sign_now(scene);
    }
    assert_int_equal(assay_json_canon(scene->envelope, &scene->document, NULL), ASSAY_OK);
    assay_buf_char(&scene->document, '\n');
    assay_buf_done(&text);
}

static struct assay_judge_bytes given(const struct assay_buf *buf, bool is_left_out)
{
    return (struct assay_judge_bytes){.data = is_left_out ? NULL : buf->data, .len = is_left_out ? 0 : buf->len};
}

static struct assay_judgement *judge_scene(struct scene *scene)
{
    assay_err err = {0};
    struct assay_judgement *judgement = NULL;
    scene->input.document = given(&scene->document, scene->lacks_document);
    if (scene->is_emptied) {
        scene->input.document = (struct assay_judge_bytes){.data = "", .len = 0};
    }
    scene->input.plan = given(&scene->run.plan, scene->lacks_plan);
    scene->input.trace = given(&scene->run.trace, scene->lacks_trace);
    scene->input.identity = given(&scene->run.identity, scene->lacks_identity);
    scene->input.kernel_table = given(&scene->kernel_table, false);
    scene->input.now_real_ns = HONEST_NOW_NS;
    evidence_finish(&scene->evidence, &scene->run, scene->payload.data, scene->payload.len, &scene->input);
    if (assay_judge_verify(&scene->input, &judgement, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    return judgement;
}

static void scene_init(struct scene *scene)
{
    *scene = (struct scene){.options = RUNS[0].options, .tier = TIER_ANY};
    assay_buf_init(&scene->payload, FILE_MAX);
    assay_buf_init(&scene->document, FILE_MAX);
    evidence_init(&scene->evidence);
    assay_buf_init(&scene->kernel_table, FILE_MAX);
    assay_kernel_table_text(&scene->kernel_table);
}

static void scene_done(struct scene *scene)
{
    if (scene->is_run_made) {
        honest_run_done(&scene->run);
    }
    if (scene->has_other) {
        honest_run_done(&scene->other);
    }
    for (size_t i = 0; i < scene->facts_count; i++) {
        json_decref(scene->facts[i]);
    }
    json_decref(scene->envelope);
    json_decref(scene->checks);
    evidence_done(&scene->evidence);
    assay_buf_done(&scene->payload);
    assay_buf_done(&scene->document);
    assay_buf_done(&scene->kernel_table);
}

static void print_judgement(const struct assay_judgement *judgement)
{
    struct assay_buf text;
    assay_buf_init(&text, FILE_MAX);
    assay_judgement_render(judgement, &text);
    print_message("%sexit %d\n", text.data, assay_judgement_exit(judgement));
    assay_buf_done(&text);
}

static int due_exit(const struct scene *scene, unsigned gate, const struct assay_violation *violation)
{
    if (scene->lacks_document) {
        return 5;
    }
    return gate < 200 ? 3 : violation->verdict == ASSAY_VERDICT_FAIL ? 1 : 2;
}

/* The gate of the name and no other; 301 is no other where something was not given. */
static void assert_only_gate(const struct scene *scene, const struct assay_judgement *judgement, unsigned gate)
{
    const struct assay_violation *of_gate = NULL, *other = NULL;
    size_t of_gate_count = 0;
    bool is_incomplete = scene->lacks_plan || scene->lacks_trace || scene->lacks_identity;
    for (size_t i = 0; i < judgement->violations_count; i++) {
        const struct assay_violation *violation = &judgement->violations[i];
        of_gate_count += violation->gate == gate;
        bool is_place = scene->place[0] == '\0' || strcmp(violation->pointer, scene->place) == 0;
        bool is_found = scene->found[0] == '\0' || (violation->found && strcmp(violation->found, scene->found) == 0);
        bool is_due = scene->due[0] == '\0' || strcmp(violation->expected, scene->due) == 0;
        if (violation->gate == gate && is_place && is_found && is_due) {
            of_gate = violation;
        } else if (violation->gate != 301 || !is_incomplete) {
            other = violation;
        }
    }
    int due = of_gate ? due_exit(scene, gate, of_gate) : -1;
    bool is_surplus = !scene->is_many && of_gate_count != 1;
    if (!of_gate || other || is_surplus || assay_judgement_exit(judgement) != due) {
        print_judgement(judgement);
        fail_msg("expected gate %u alone%s%s, exit %d", gate, scene->place[0] ? " at " : "", scene->place, due);
    }
}

static void assert_passes(const struct scene *scene, const struct assay_judgement *judgement)
{
    if (judgement->violations_count > 0 || assay_judgement_exit(judgement) != 0) {
        print_judgement(judgement);
        fail();
    }
    /* what is to be remembered of good files, so that going back is seen the next time */
    assert_int_equal(judgement->has_head, scene->evidence.has_log);
    if (judgement->has_head) {
        assert_string_equal(judgement->head.origin, KIT_ORIGIN);
        assert_true(judgement->head.size > 0);
    }
    assert_int_equal(judgement->trust_version, scene->evidence.has_trust ? 7 : 0);
}

static void assert_lines(const struct scene *scene, const struct assay_judgement *judgement)
{
    for (size_t i = 0; i < ASSAY_LINE_COUNT; i++) {
        if (scene->lines[i][0] != '\0' && strcmp(scene->lines[i], judgement->lines[i].text) != 0) {
            print_judgement(judgement);
            fail_msg("the line %s should say: %s", LINES[i], scene->lines[i]);
        }
    }
}

/* ---- the whole answers ---- */

#define VIOLATIONS_TOLD 12 /* of a document that is full of them */

static struct assay_buf told; /* of all files, in their order */
static size_t told_count;

static void tell(const char *name, const struct assay_judgement *judgement)
{
    const size_t *counts = judgement->policy_counts;
    assay_buf_printf(&told, "== %s: exit %d, tier %d, %zu violations, %zu left out\n", name,
                     assay_judgement_exit(judgement), judgement->tier, judgement->violations_count,
                     judgement->violations_left_out);
    for (int i = 0; i < ASSAY_LINE_COUNT; i++) {
        assay_buf_printf(&told, "%s %s %s\n", assay_judge_line_text((enum assay_judge_line)i),
                         assay_verdict_text(judgement->lines[i].verdict), judgement->lines[i].text);
    }
    for (size_t i = 0; i < judgement->violations_count && i < VIOLATIONS_TOLD; i++) {
        const struct assay_violation *violation = &judgement->violations[i];
        assay_buf_printf(&told, "%u %s %s: found %s, expected %s\n", violation->gate,
                         assay_verdict_text(violation->verdict), violation->pointer, violation->found,
                         violation->expected);
    }
    assay_buf_printf(&told, "policy %zu %zu %zu %zu, trust %llu, head %llu%s%s%s%s%s%s\n", counts[0], counts[1],
                     counts[2], counts[3], (unsigned long long)judgement->trust_version,
                     (unsigned long long)judgement->head.size, judgement->has_head ? ", has a head" : "",
                     judgement->moves_head ? ", moves it" : "", judgement->has_signer ? ", signed" : "",
                     judgement->is_readable ? ", readable" : "",
                     judgement->is_crypto_required ? ", asks signatures" : "",
                     judgement->is_policy_required ? ", asks a policy" : "");
    told_count++;
}

static void every_answer_is_told_whole(void **state)
{
    const size_t *count = *state;
    if (told_count != *count) { /* only some were asked */
        skip();
    }
    golden_hold("negative/judgements.txt", &told);
}

static void judge_file(void **state)
{
    const char *name = *state;
    char path[4096];
    struct assay_buf text;
    struct scene scene;
    assay_err err = {0};
    scene_init(&scene);
    assay_buf_init(&text, FILE_MAX);
    (void)snprintf(path, sizeof path, "%s/tests/negative/%s", source_root(), name);
    if (assay_buf_read_file(&text, path, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    struct assay_slice rest = {text.data, text.len};
    while (rest.data && rest.len > 0) {
        struct assay_slice line = assay_slice_cut(&rest, '\n');
        if (line.len > 0 && line.data[0] != '#') {
            apply_line(&scene, line);
        }
    }
    make_run(&scene);
    write_document(&scene);
    struct assay_judgement *judgement = judge_scene(&scene);
    if (assay_text_starts(name, "ok-")) {
        assert_passes(&scene, judgement);
    } else {
        assert_only_gate(&scene, judgement, (unsigned)strtoul(name, NULL, 10));
    }
    assert_lines(&scene, judgement);
    tell(name, judgement);
    if (scene.tier != TIER_ANY) {
        assert_int_equal(judgement->tier, scene.tier);
    }
    assay_judgement_free(judgement);
    assay_buf_done(&text);
    scene_done(&scene);
}

/* ---- the honest parents ---- */

static void an_honest_run_verifies(void **state)
{
    const char *name = *state;
    struct scene scene;
    scene_init(&scene);
    choose_run(&scene, name);
    make_run(&scene);
    write_document(&scene);
    assert_int_equal(scene.document.len, scene.run.receipt.len);
    assert_memory_equal(scene.document.data, scene.run.receipt.data, scene.document.len);
    scene.input.wants_default_policy = true;
    struct assay_judgement *judgement = judge_scene(&scene);
    bool is_record = scene.run.document == ASSAY_DOCUMENT_RECORD; /* 2 at best */
    if (judgement->violations_count > 0 || assay_judgement_exit(judgement) != (is_record ? 2 : 0)) {
        print_judgement(judgement);
        fail();
    }
    assert_int_equal(judgement->lines[ASSAY_LINE_RECOMPUTE].verdict, ASSAY_VERDICT_PASS);
    assert_int_equal(judgement->lines[ASSAY_LINE_CRYPTO].verdict, ASSAY_VERDICT_NOT_MEASURED);
    assert_int_equal(judgement->lines[ASSAY_LINE_POLICY].verdict, ASSAY_VERDICT_PASS);
    assert_int_equal(judgement->tier, 0);
    assay_judgement_free(judgement);
    scene_done(&scene);
}

/* ---- how many ---- */

#define FILES_A_GATE 3

/* The gates of verify that a receipt of this format can break; those of policies and of old formats are tested
 * elsewhere. */
static const unsigned GATES[] = {101, 102, 103, 104, 105, 106, 107, 108, 109, 201, 202, 203, 204, 205, 206, 207, 208,
                                 209, 210, 211, 212, 213, 214, 215, 301, 302, 303, 304, 305, 306, 307, 308, 309, 310,
                                 311, 312, 313, 315, 316, 317, 318, 319, 320, 321, 331, 332, 333, 334, 335, 336, 337,
                                 338, 339, 340, 341, 402, 403, 404, 405, 406, 407, 412, 413, 414, 415, 416, 419, 420};

static size_t count_files(struct dirent *const *entries, size_t count, unsigned gate)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        found += strtoul(entries[i]->d_name, NULL, 10) == gate;
    }
    return found;
}

struct corpus {
    struct dirent **entries;
    size_t count;
};

static void every_gate_has_three_files(void **state)
{
    const struct corpus *corpus = *state;
    for (size_t i = 0; i < sizeof GATES / sizeof GATES[0]; i++) {
        size_t found = count_files(corpus->entries, corpus->count, GATES[i]);
        if (found < FILES_A_GATE) {
            fail_msg("gate %u has %zu files, expected %d", GATES[i], found, FILES_A_GATE);
        }
    }
    for (size_t i = 0; i < corpus->count; i++) { /* a gate that is new here is new in the list */
        unsigned gate = (unsigned)strtoul(corpus->entries[i]->d_name, NULL, 10);
        bool is_listed = gate == 0; /* ok-* */
        for (size_t k = 0; k < sizeof GATES / sizeof GATES[0]; k++) {
            is_listed = is_listed || GATES[k] == gate;
        }
        assert_true(is_listed || count_files(corpus->entries, corpus->count, gate) >= FILES_A_GATE);
    }
}

static int is_edit(const struct dirent *entry)
{
    bool is_named = (entry->d_name[0] >= '1' && entry->d_name[0] <= '9') || assay_text_starts(entry->d_name, "ok-");
    return is_named && assay_text_ends(entry->d_name, ".edit");
}

int main(void)
{
    assay_err err = {0};
    assay_json_init();
    if (assay_crypto_init(&err) != ASSAY_OK) {
        return 1;
    }
    char dir[4096];
    struct dirent **entries = NULL;
    (void)snprintf(dir, sizeof dir, "%s/tests/negative", source_root());
    int found = scandir(dir, &entries, is_edit, alphasort);
    size_t count = found > 0 ? (size_t)found : 0, runs = sizeof RUNS / sizeof RUNS[0];
    struct CMUnitTest *tests = assay_alloc(runs + count + 2, sizeof *tests);
    assay_buf_init(&told, FILE_MAX);
    struct corpus corpus = {entries, count};
    assert_non_null(tests);
    static char parents[sizeof RUNS / sizeof RUNS[0]][64];
    for (size_t i = 0; i < runs; i++) {
        (void)snprintf(parents[i], sizeof parents[i], "an honest %s run verifies", RUNS[i].name);
        tests[i] = (struct CMUnitTest){parents[i], an_honest_run_verifies, NULL, NULL, (void *)(uintptr_t)RUNS[i].name};
    }
    for (size_t i = 0; i < count; i++) {
        tests[runs + i] = (struct CMUnitTest){entries[i]->d_name, judge_file, NULL, NULL, entries[i]->d_name};
    }
    tests[runs + count] =
        (struct CMUnitTest){"every gate has three files", every_gate_has_three_files, NULL, NULL, &corpus};
    tests[runs + count + 1] =
        (struct CMUnitTest){"every answer is told whole", every_answer_is_told_whole, NULL, NULL, &count};
    int failures = _cmocka_run_group_tests("negative", tests, runs + count + 2, NULL, NULL);
    assay_buf_done(&told);
    for (size_t i = 0; i < count; i++) {
        free(entries[i]);
    }
    free(entries);
    assay_free(tests);
    return count == 0 ? 1 : failures;
}
