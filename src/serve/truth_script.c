#include "serve/truth_script.h"

#include "base/clock.h"
#include "serve/truth_fields.h"
#include "json/json.h"

#include <assert.h>
#include <string.h>

#define SCRIPT_ARENA_BYTES ((size_t)256 << 20) /* 100,000 entries of under 1 KiB, and their texts */

static const char *const DIALECTS[] = {"auto", "openai", "ollama", "llamacpp", "vllm", NULL};
static const char *const PHASES[] = {"free", "lockstep", "spread", NULL};
static const char *const USAGES[] = {"auto", "tail", "finish", "running", "missing", "wrong", "twice", "null", NULL};
static const char *const LINE_ENDS[] = {"lf", "crlf", "cr", "mixed", NULL};
static const char *const FRAMINGS[] = {"chunked", "length", "close", NULL};
static const char *const SPLITS[] = {"none", "utf8", "string", "line_end", "chunk_header", NULL};
static const char *const TIMES[] = {"true", "impossible", "missing", "negative", NULL};
static const char *const FAULTS[] = {
#define TRUTH_FAULT_TEXT(name, text) text,
    TRUTH_FAULTS(TRUTH_FAULT_TEXT)
#undef TRUTH_FAULT_TEXT
        NULL};

#define HOUR_NS (3600 * ASSAY_NS_PER_S) /* no instant of a script lies further away */
#define SPEC(member) offsetof(struct truth_spec, member)

static const struct truth_field SPEC_FIELDS[] = {
    {"dialect", TRUTH_FIELD_CHOICE, SPEC(dialect), 0, DIALECTS},
    {"tokens", TRUTH_FIELD_U64, SPEC(tokens), TRUTH_TOKENS_MAX, NULL},
    {"events_per_write", TRUTH_FIELD_U64, SPEC(events_per_write), 1024, NULL},
    {"phase", TRUTH_FIELD_CHOICE, SPEC(phase), 0, PHASES},
    {"head_ns", TRUTH_FIELD_U64, SPEC(head_ns), HOUR_NS, NULL},
    {"first_ns", TRUTH_FIELD_U64, SPEC(first_ns), HOUR_NS, NULL},
    {"interval_ns", TRUTH_FIELD_U64, SPEC(interval_ns), HOUR_NS, NULL},
    {"jitter_ns", TRUTH_FIELD_U64, SPEC(jitter_ns), HOUR_NS, NULL},
    {"tail_ns", TRUTH_FIELD_U64, SPEC(tail_ns), HOUR_NS, NULL},
    {"drip_bytes", TRUTH_FIELD_U64, SPEC(drip_bytes), 1 << 20, NULL},
    {"piece_gap_ns", TRUTH_FIELD_U64, SPEC(piece_gap_ns), HOUR_NS, NULL},
    {"split", TRUTH_FIELD_CHOICE, SPEC(split), 0, SPLITS},
    {"read_bytes", TRUTH_FIELD_U64, SPEC(read_bytes), 1 << 20, NULL},
    {"read_gap_ns", TRUTH_FIELD_U64, SPEC(read_gap_ns), HOUR_NS, NULL},
    {"role", TRUTH_FIELD_BOOL, SPEC(role), 0, NULL},
    {"reasoning_tokens", TRUTH_FIELD_U64, SPEC(reasoning_tokens), TRUTH_TOKENS_MAX, NULL},
    {"empty_deltas", TRUTH_FIELD_U64, SPEC(empty_deltas), 1024, NULL},
    {"choices_empty", TRUTH_FIELD_U64, SPEC(choices_empty), 1024, NULL},
    {"choices_null", TRUTH_FIELD_U64, SPEC(choices_null), 1024, NULL},
    {"unknown_keys", TRUTH_FIELD_BOOL, SPEC(unknown_keys), 0, NULL},
    {"usage", TRUTH_FIELD_CHOICE, SPEC(usage), 0, USAGES},
    {"line_end", TRUTH_FIELD_CHOICE, SPEC(line_end), 0, LINE_ENDS},
    {"bom", TRUTH_FIELD_BOOL, SPEC(bom), 0, NULL},
    {"ping_every", TRUTH_FIELD_U64, SPEC(ping_every), TRUTH_TOKENS_MAX, NULL},
    {"data_lines", TRUTH_FIELD_U64, SPEC(data_lines), 3, NULL},
    {"framing", TRUTH_FIELD_CHOICE, SPEC(framing), 0, FRAMINGS},
    {"content_on_done", TRUTH_FIELD_BOOL, SPEC(content_on_done), 0, NULL},
    {"no_content", TRUTH_FIELD_BOOL, SPEC(no_content), 0, NULL},
    {"finish", TRUTH_FIELD_TEXT, SPEC(finish), 0, NULL},
    {"text", TRUTH_FIELD_TEXT, SPEC(text), 0, NULL},
    {"encoding", TRUTH_FIELD_TEXT, SPEC(encoding), 0, NULL},
    {"times", TRUTH_FIELD_CHOICE, SPEC(times), 0, TIMES},
    {"prompt_tokens", TRUTH_FIELD_U64, SPEC(prompt_tokens), INT32_MAX, NULL},
    {"prompt_tokens_max", TRUTH_FIELD_U64, SPEC(prompt_tokens_max), INT32_MAX, NULL},
    {"truncated", TRUTH_FIELD_BOOL, SPEC(truncated), 0, NULL},
    {"template_tokens", TRUTH_FIELD_U64, SPEC(template_tokens), INT32_MAX, NULL},
    {"cached_tokens", TRUTH_FIELD_U64, SPEC(cached_tokens), INT32_MAX, NULL},
    {"caches_repeats", TRUTH_FIELD_BOOL, SPEC(caches_repeats), 0, NULL},
    {"cached_first_ns", TRUTH_FIELD_U64, SPEC(cached_first_ns), HOUR_NS, NULL},
    {"load_ns", TRUTH_FIELD_U64, SPEC(load_ns), HOUR_NS, NULL},
    {"closes", TRUTH_FIELD_BOOL, SPEC(closes), 0, NULL},
};

#define FAULT(member) offsetof(struct truth_fault, member)
static const struct truth_field FAULT_FIELDS[] = {
    {"kind", TRUTH_FIELD_CHOICE, FAULT(kind), 0, FAULTS},
    {"at", TRUTH_FIELD_U64, FAULT(at), TRUTH_TOKENS_MAX, NULL},
    {"status", TRUTH_FIELD_U64, FAULT(status), 599, NULL},
    {"retry_after_s", TRUTH_FIELD_U64, FAULT(retry_after_s), 86400, NULL},
    {"bytes", TRUTH_FIELD_U64, FAULT(bytes), 64 << 20, NULL},
};

#define STALL(member) offsetof(struct truth_stall, member)
static const struct truth_field STALL_FIELDS[] = {
    {"at", TRUTH_FIELD_U64, STALL(at), TRUTH_TOKENS_MAX, NULL},
    {"ns", TRUTH_FIELD_U64, STALL(ns), HOUR_NS, NULL},
};

#define IDENTITY(member) offsetof(struct truth_identity, member)
static const struct truth_field IDENTITY_FIELDS[] = {
    {"model", TRUTH_FIELD_TEXT, IDENTITY(model), 0, NULL},
    {"digest", TRUTH_FIELD_TEXT, IDENTITY(digest), 0, NULL},
    {"next_digest", TRUTH_FIELD_TEXT, IDENTITY(next_digest), 0, NULL},
    {"next_digest_after", TRUTH_FIELD_U64, IDENTITY(next_digest_after), 0, NULL},
    {"version", TRUTH_FIELD_TEXT, IDENTITY(version), 0, NULL},
    {"quantization", TRUTH_FIELD_TEXT, IDENTITY(quantization), 0, NULL},
    {"remote_model", TRUTH_FIELD_TEXT, IDENTITY(remote_model), 0, NULL},
    {"context_tokens", TRUTH_FIELD_U64, IDENTITY(context_tokens), INT32_MAX, NULL},
    {"size_bytes", TRUTH_FIELD_U64, IDENTITY(size_bytes), 0, NULL},
    {"size_vram_bytes", TRUTH_FIELD_U64, IDENTITY(size_vram_bytes), 0, NULL},
    {"parameters", TRUTH_FIELD_U64, IDENTITY(parameters), 0, NULL},
    {"slots", TRUTH_FIELD_U64, IDENTITY(slots), 65536, NULL},
    {"loading_ns", TRUTH_FIELD_U64, IDENTITY(loading_ns), HOUR_NS, NULL},
    {"resident", TRUTH_FIELD_BOOL, IDENTITY(is_resident), 0, NULL},
};

/* "tokens_per_event": 3, or [1, 4, 2] as a repeating pattern. */
static assay_code read_cycle(const json_t *value, const char *at, struct truth_spec *spec, assay_err *err)
{
    size_t count = json_is_array(value) ? json_array_size(value) : 1;
    if (count == 0 || count > TRUTH_CYCLE_MAX) {
        return assay_fail(err, ASSAY_MALFORMED, "%s/tokens_per_event: expected 1 to %d numbers", at, TRUTH_CYCLE_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_is_array(value) ? json_array_get(value, i) : value;
        json_int_t number = json_is_integer(item) ? json_integer_value(item) : 0;
        if (number < 1 || number > 1024) {
            return assay_fail(err, ASSAY_MALFORMED, "%s/tokens_per_event: expected numbers of 1 to 1024", at);
        }
        spec->tokens_per_event[i] = (uint64_t)number;
    }
    spec->cycle = count;
    return ASSAY_OK;
}

static assay_code read_stalls(struct assay_arena *arena, const json_t *value, const char *at, struct truth_spec *spec,
                              assay_err *err)
{
    if (!json_is_array(value) || json_array_size(value) > TRUTH_STALLS_MAX) {
        return assay_fail(err, ASSAY_MALFORMED, "%s/stalls: expected an array of at most %d stalls", at,
                          TRUTH_STALLS_MAX);
    }
    spec->stalls_count = json_array_size(value);
    for (size_t i = 0; i < spec->stalls_count; i++) {
        struct truth_reader reader = TRUTH_READER(STALL_FIELDS, NULL, "stalls");
        spec->stalls[i] = (struct truth_stall){0};
        assay_code rc = truth_fields_read(arena, &reader, json_array_get(value, i), &spec->stalls[i], err);
        if (rc != ASSAY_OK) {
            assay_wrap(err, "%s", at);
            return rc;
        }
    }
    return ASSAY_OK;
}

/* "order": 3, or [0, 9] inclusive. */
static assay_code read_order(const json_t *value, const char *at, struct truth_spec *spec, assay_err *err)
{
    const json_t *from = json_is_array(value) ? json_array_get(value, 0) : value;
    const json_t *to = json_is_array(value) ? json_array_get(value, 1) : value;
    if (!json_is_integer(from) || !json_is_integer(to) || json_integer_value(from) < 0 ||
        json_integer_value(to) < json_integer_value(from) || (json_is_array(value) && json_array_size(value) != 2)) {
        return assay_fail(err, ASSAY_MALFORMED, "%s/order: expected a stream number, or [first, last]", at);
    }
    spec->order_from = (uint64_t)json_integer_value(from);
    spec->order_to = (uint64_t)json_integer_value(to);
    return ASSAY_OK;
}

static const char *const MATCH_NAMES[] = {"order", "path", "model", NULL};

static assay_code read_match(struct assay_arena *arena, json_t *match, const char *at, struct truth_spec *spec,
                             assay_err *err)
{
    if (!json_is_object(match)) {
        return assay_fail(err, ASSAY_MALFORMED, "%s/match: expected an object", at);
    }
    assay_code rc = assay_json_only(match, MATCH_NAMES, at, err);
    const json_t *order = json_object_get(match, "order");
    if (rc == ASSAY_OK && order) {
        rc = read_order(order, at, spec, err);
    }
    const char *names[] = {"path", "model"};
    const char **places[] = {&spec->path, &spec->model};
    for (size_t i = 0; rc == ASSAY_OK && i < 2; i++) {
        const char *text = NULL;
        if (json_object_get(match, names[i])) {
            rc = assay_json_get_text(match, names[i], at, &text, err);
            rc = rc ? rc : truth_fields_text(arena, text, places[i], err);
        }
    }
    return rc;
}

static assay_code read_spec_parts(struct assay_arena *arena, const json_t *object, const char *at,
                                  struct truth_spec *spec, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    json_t *part = json_object_get(object, "tokens_per_event");
    if (part) {
        rc = read_cycle(part, at, spec, err);
    }
    part = json_object_get(object, "stalls");
    if (rc == ASSAY_OK && part) {
        rc = read_stalls(arena, part, at, spec, err);
    }
    part = json_object_get(object, "fault");
    if (rc == ASSAY_OK && part) {
        struct truth_reader reader = TRUTH_READER(FAULT_FIELDS, NULL, "fault");
        rc = truth_fields_read(arena, &reader, part, &spec->fault, err);
        if (rc != ASSAY_OK) {
            assay_wrap(err, "%s", at);
        }
    }
    part = json_object_get(object, "match");
    if (rc == ASSAY_OK && part) {
        rc = read_match(arena, part, at, spec, err);
    }
    return rc;
}

static const char *const SPEC_PARTS[] = {"tokens_per_event", "stalls", "fault", "match", NULL};

static assay_code read_spec(struct assay_arena *arena, json_t *object, const char *at, struct truth_spec *spec,
                            assay_err *err)
{
    struct truth_reader reader = TRUTH_READER(SPEC_FIELDS, SPEC_PARTS, at);
    assay_code rc = truth_fields_read(arena, &reader, object, spec, err);
    if (rc == ASSAY_OK) {
        rc = read_spec_parts(arena, object, at, spec, err);
    }
    if (rc == ASSAY_OK && spec->events_per_write == 0) {
        return assay_fail(err, ASSAY_MALFORMED, "%s/events_per_write: found 0, expected at least 1", at);
    }
    if (rc == ASSAY_OK && spec->fault.kind == TRUTH_FAULT_STATUS && spec->fault.status < 100) {
        return assay_fail(err, ASSAY_MALFORMED, "%s/fault/status: expected 100 to 599", at);
    }
    return rc;
}

static const struct truth_spec STANDARD = {
    .order_to = UINT64_MAX,
    .tokens_per_event = {1},
    .cycle = 1,
    .events_per_write = 1,
    .first_ns = 20 * ASSAY_NS_PER_MS,
    .interval_ns = 5 * ASSAY_NS_PER_MS,
    .tail_ns = ASSAY_NS_PER_MS,
    .piece_gap_ns = 2 * ASSAY_NS_PER_MS,
    .data_lines = 1,
    .role = true,
    .prompt_tokens = ASSAY_NS_ABSENT,
    .prompt_tokens_max = ASSAY_NS_ABSENT,
    .cached_tokens = ASSAY_NS_ABSENT,
    .cached_first_ns = ASSAY_NS_ABSENT,
    .finish = "length",
    .text = "",
    .encoding = "",
    .fault = {.retry_after_s = ASSAY_NS_ABSENT, .status = 500},
};

/* A digest of the form that Ollama gives; it says whose it is. */
#define STANDARD_DIGEST "7472757468000000000000000000000000000000000000000000000000000000"

static const struct truth_identity STANDARD_IDENTITY = {
    .model = "truth",
    .digest = STANDARD_DIGEST,
    .version = "0.0.0-truth",
    .quantization = "Q8_0",
    .next_digest_after = ASSAY_NS_ABSENT,
    .context_tokens = 32768,
    .size_bytes = 1000000,
    .size_vram_bytes = 1000000,
    .parameters = 1000000,
    .slots = 64,
    .is_resident = true,
};

static assay_code read_streams(struct assay_truth_script *script, const json_t *streams, assay_err *err)
{
    size_t count = json_array_size(streams);
    if (!json_is_array(streams) || count > TRUTH_STREAMS_MAX) {
        return assay_fail(err, ASSAY_MALFORMED, "/streams: expected an array of at most %d streams", TRUTH_STREAMS_MAX);
    }
    script->streams = assay_arena_take(&script->arena, count ? count : 1, sizeof *script->streams);
    if (!script->streams) {
        return assay_nomem(err);
    }
    for (size_t i = 0; i < count; i++) {
        struct assay_json_pointer at = {0};
        assay_json_pointer_name(&at, "streams");
        assay_json_pointer_index(&at, i);
        script->streams[i] = script->standard;
        assay_code rc = read_spec(&script->arena, json_array_get(streams, i), at.text, &script->streams[i], err);
        if (rc != ASSAY_OK) {
            return rc;
        }
    }
    script->streams_count = count;
    return ASSAY_OK;
}

#define SCRIPT(member) offsetof(struct assay_truth_script, member)
static const struct truth_field SCRIPT_FIELDS[] = {
    {"name", TRUTH_FIELD_TEXT, SCRIPT(name), 0, NULL},
    {"seed", TRUTH_FIELD_U64, SCRIPT(seed), 0, NULL},
    {"accept_ns", TRUTH_FIELD_U64, SCRIPT(accept_ns), HOUR_NS, NULL},
};
static const char *const SCRIPT_PARTS[] = {"assay_truth", "default", "identity", "streams", NULL};

static assay_code read_script(struct assay_truth_script *script, json_t *root, assay_err *err)
{
    struct truth_reader reader = TRUTH_READER(SCRIPT_FIELDS, SCRIPT_PARTS, "");
    assay_code rc = truth_fields_read(&script->arena, &reader, root, script, err);
    uint64_t version = 0;
    if (rc == ASSAY_OK) {
        rc = assay_json_get_u64(root, "assay_truth", "", &version, err);
    }
    if (rc == ASSAY_OK && version != 1) {
        return assay_fail(err, ASSAY_UNSUPPORTED, "/assay_truth: found version %llu, expected 1",
                          (unsigned long long)version);
    }
    json_t *part = json_object_get(root, "default");
    if (rc == ASSAY_OK && part) {
        rc = read_spec(&script->arena, part, "/default", &script->standard, err);
    }
    part = json_object_get(root, "identity");
    if (rc == ASSAY_OK && part) {
        struct truth_reader identity = TRUTH_READER(IDENTITY_FIELDS, NULL, "/identity");
        rc = truth_fields_read(&script->arena, &identity, part, &script->identity, err);
    }
    part = json_object_get(root, "streams");
    if (rc == ASSAY_OK && part) {
        rc = read_streams(script, part, err);
    }
    return rc;
}

assay_code assay_truth_script_parse(const char *json, size_t len, struct assay_truth_script **ret, assay_err *err)
{
    assert(json && ret);
    json_t *root = NULL;
    struct assay_truth_script *script = NULL;
    assay_code rc = assay_json_read(json, len, &assay_json_limits_default, &root, err);
    if (rc != ASSAY_OK) {
        goto out;
    }
    script = assay_alloc(1, sizeof *script);
    if (!script) {
        rc = assay_nomem(err);
        goto out;
    }
    assay_arena_init(&script->arena, SCRIPT_ARENA_BYTES);
    script->name = "";
    script->standard = STANDARD;
    script->identity = STANDARD_IDENTITY;
    rc = read_script(script, root, err);
    if (rc != ASSAY_OK) {
        goto out;
    }
    *ret = script;
    script = NULL;
out:
    assay_truth_script_free(script);
    json_decref(root);
    return rc;
}

void assay_truth_script_free(struct assay_truth_script *script)
{
    if (script) {
        assay_arena_done(&script->arena);
        assay_free(script);
    }
}

static bool text_matches(const char *wanted, const char *text)
{
    return !wanted || (text && strcmp(wanted, text) == 0);
}

const struct truth_spec *truth_script_find(const struct assay_truth_script *script, uint64_t order, const char *path,
                                           const char *model)
{
    for (size_t i = 0; i < script->streams_count; i++) {
        const struct truth_spec *spec = &script->streams[i];
        if (order >= spec->order_from && order <= spec->order_to && text_matches(spec->path, path) &&
            text_matches(spec->model, model)) {
            return spec;
        }
    }
    return &script->standard;
}

uint64_t truth_spec_tokens_of_event(const struct truth_spec *spec, uint64_t event)
{
    return spec->tokens_per_event[event % spec->cycle];
}

uint64_t truth_spec_offset_ns(const struct truth_spec *spec, uint64_t event)
{
    uint64_t offset = (event / spec->events_per_write) * spec->interval_ns;
    for (uint64_t i = 0; i < spec->stalls_count; i++) {
        if (event >= spec->stalls[i].at) {
            offset += spec->stalls[i].ns;
        }
    }
    return offset;
}
