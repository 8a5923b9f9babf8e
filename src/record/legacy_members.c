#include "record/legacy.h"

#include <assert.h>
#include <string.h>

/* The members of each shape (evidence.md 4): one table, from which the verifier finds what does not belong, and the
 * importer its figures. */

enum type {
    TYPE_TEXT,
    TYPE_BOOL,
    TYPE_UINT,
    TYPE_NUMBER,
    TYPE_TEXTS,    /* array of texts */
    TYPE_TEXT_MAP, /* object of texts */
    TYPE_UNIT_MAP, /* object of numbers, each a figure */
    TYPE_OBJECT,   /* `members` */
    TYPE_LIST,     /* array of objects, `members` each */
    TYPE_ANY,
    TYPE_GATE /* the gates of the original look at it */
};

struct member {
    const char *name;
    enum type type;
    bool is_optional;
    const struct member *members;
    const char *unit;         /* of a figure; NULL: it is none */
    const char *const *words; /* TYPE_TEXT: NULL-terminated; NULL: any */
};

#define END                                     \
    {                                           \
        NULL, TYPE_ANY, false, NULL, NULL, NULL \
    }
#define OPTIONAL .is_optional = true
#define GATES                                                   \
    {"schema_version", TYPE_GATE}, {"compute_path", TYPE_GATE}, \
    {                                                           \
        "kernels", TYPE_GATE                                    \
    }

static const struct member MODEL_INFO[] = {
    {"model_path", TYPE_TEXT, OPTIONAL},
    {"quantization_type", TYPE_TEXT, OPTIONAL},
    {"layers", TYPE_UINT, OPTIONAL},
    {"hidden_size", TYPE_UINT, OPTIONAL},
    {"num_attention_heads", TYPE_UINT, OPTIONAL},
    {"num_key_value_heads", TYPE_UINT, OPTIONAL},
    {"vocab_size", TYPE_UINT, OPTIONAL},
    {"sha256", TYPE_TEXT, OPTIONAL},
    {"effective_correction_digest", TYPE_TEXT, OPTIONAL},
    END,
};
static const struct member ACCURACY[] = {
    {"mse", TYPE_NUMBER, .unit = "1"},
    {"tolerance", TYPE_NUMBER, .unit = "1"},
    {"passed", TYPE_BOOL},
    END,
};
static const struct member ACCURACY_TESTS[] = {
    {"i2s_accuracy", TYPE_OBJECT, OPTIONAL, .members = ACCURACY},
    {"tl1_accuracy", TYPE_OBJECT, OPTIONAL, .members = ACCURACY},
    {"tl2_accuracy", TYPE_OBJECT, OPTIONAL, .members = ACCURACY},
    END,
};
static const struct member DETERMINISM_TESTS[] = {
    {"identical_sequences", TYPE_BOOL},
    {"runs", TYPE_UINT, .unit = "1"},
    {"tokens_per_run", TYPE_UINT, .unit = "1"},
    END,
};
static const struct member KV_CACHE_TESTS[] = {
    {"prefill_decode_parity", TYPE_BOOL},
    {"cache_hit_rate", TYPE_NUMBER, .unit = "1"},
    END,
};
static const struct member TEST_RESULTS[] = {
    {"total_tests", TYPE_UINT, .unit = "1"},
    {"passed", TYPE_UINT, .unit = "1"},
    {"failed", TYPE_UINT, .unit = "1"},
    {"skipped", TYPE_UINT, OPTIONAL, .unit = "1"},
    {"accuracy_tests", TYPE_OBJECT, OPTIONAL, .members = ACCURACY_TESTS},
    {"determinism_tests", TYPE_OBJECT, OPTIONAL, .members = DETERMINISM_TESTS},
    {"kv_cache_tests", TYPE_OBJECT, OPTIONAL, .members = KV_CACHE_TESTS},
    END,
};
static const struct member CACHE_EFFICIENCY[] = {
    {"kv_cache_hit_rate", TYPE_NUMBER, .unit = "1"},
    {"tensor_cache_hits", TYPE_UINT, .unit = "1"},
    {"tensor_cache_misses", TYPE_UINT, .unit = "1"},
    END,
};
static const struct member BASELINE[] = {
    {"tokens_generated", TYPE_UINT, OPTIONAL, .unit = "1"},
    {"total_time_ms", TYPE_UINT, OPTIONAL, .unit = "ms"},
    {"tokens_per_second", TYPE_NUMBER, OPTIONAL, .unit = "1/s"},
    {"first_token_latency_ms", TYPE_UINT, OPTIONAL, .unit = "ms"},
    {"average_token_latency_ms", TYPE_UINT, OPTIONAL, .unit = "ms"},
    {"memory_usage_mb", TYPE_UINT, OPTIONAL, .unit = "MB"},
    {"cache_efficiency", TYPE_OBJECT, OPTIONAL, .members = CACHE_EFFICIENCY},
    END,
};
static const struct member CROSS_VALIDATION[] = {
    {"cpp_reference_available", TYPE_BOOL},
    {"tolerance", TYPE_NUMBER, OPTIONAL, .unit = "1"},
    {"parity_tests_passed", TYPE_BOOL, OPTIONAL},
    END,
};
static const char *const PARITY_WORDS[] = {"ok", "rust_only", "divergence", "timeout", NULL};
static const struct member PARITY[] = {
    {"cpp_available", TYPE_BOOL},
    {"cosine_similarity", TYPE_NUMBER, OPTIONAL, .unit = "1"},
    {"exact_match_rate", TYPE_NUMBER, OPTIONAL, .unit = "1"},
    {"status", TYPE_TEXT, .words = PARITY_WORDS},
    END,
};
static const struct member CORRECTION[] = {
    {"layer", TYPE_TEXT},
    {"correction_type", TYPE_TEXT},
    {"rms_before", TYPE_NUMBER, OPTIONAL, .unit = "1"},
    {"rms_after", TYPE_NUMBER, OPTIONAL, .unit = "1"},
    {"factor", TYPE_NUMBER, OPTIONAL, .unit = "1"},
    {"policy_fingerprint", TYPE_TEXT},
    {"metadata", TYPE_ANY, OPTIONAL},
    END,
};
static const struct member NESTED_SHAPE[] = {
    GATES,
    {"timestamp", TYPE_TEXT},
    {"backend", TYPE_TEXT},
    {"backend_summary", TYPE_TEXT, OPTIONAL},
    {"deterministic", TYPE_BOOL},
    {"environment", TYPE_TEXT_MAP},
    {"model_info", TYPE_OBJECT, .members = MODEL_INFO},
    {"test_results", TYPE_OBJECT, .members = TEST_RESULTS},
    {"performance_baseline", TYPE_OBJECT, .members = BASELINE},
    {"cross_validation", TYPE_OBJECT, OPTIONAL, .members = CROSS_VALIDATION},
    {"parity", TYPE_OBJECT, OPTIONAL, .members = PARITY},
    {"corrections", TYPE_LIST, .members = CORRECTION},
    END,
};

static const struct member FLAT_ENVIRONMENT[] = {
    {"BITNET_VERSION", TYPE_TEXT},
    {"OS", TYPE_TEXT},
    {"RUST_VERSION", TYPE_TEXT},
    END,
};
static const struct member FLAT_MODEL[] = {
    {"path", TYPE_TEXT},
    END,
};
static const struct member FLAT_SHAPE[] = {
    GATES,
    {"timestamp", TYPE_TEXT},
    {"backend", TYPE_TEXT},
    {"deterministic", TYPE_BOOL},
    {"tokens_requested", TYPE_UINT, OPTIONAL, .unit = "1"},
    {"tokens_generated", TYPE_UINT, .unit = "1"},
    {"tokens_per_second", TYPE_NUMBER, OPTIONAL, .unit = "1/s"},
    {"environment", TYPE_OBJECT, .members = FLAT_ENVIRONMENT},
    {"model", TYPE_OBJECT, .members = FLAT_MODEL},
    END,
};

/* 1.1.0 adds to either shape, and what it adds may be missing. */
static const char *const KERNEL_PATHS[] = {"native_quantized", "fp32_fallback", "unknown", NULL};
static const struct member QUANTIZATION[] = {
    {"types_used", TYPE_TEXTS},
    {"fallback_count", TYPE_UINT, .unit = "1"},
    {"device_aware_selection", TYPE_BOOL, OPTIONAL},
    {"precision", TYPE_TEXT, OPTIONAL},
    END,
};
static const struct member FINGERPRINT[] = {
    {"gpu_cc", TYPE_TEXT, OPTIONAL},
    {"gpu_name", TYPE_TEXT, OPTIONAL},
    {"cpu_id", TYPE_TEXT, OPTIONAL},
    {"os", TYPE_TEXT, OPTIONAL},
    {"rustc", TYPE_TEXT, OPTIONAL},
    {"bitnet_version", TYPE_TEXT, OPTIONAL},
    END,
};
static const struct member PERFORMANCE[] = {
    {"kernel_times_ms", TYPE_UNIT_MAP, OPTIONAL, .unit = "ms"},
    {"total_inference_time_ms", TYPE_NUMBER, OPTIONAL, .unit = "ms"},
    {"memory_usage_mb", TYPE_NUMBER, OPTIONAL, .unit = "MB"},
    END,
};
static const struct member MINOR_1_SHAPE[] = {
    GATES,
    {"timestamp", TYPE_TEXT},
    {"backend", TYPE_TEXT},
    {"deterministic", TYPE_BOOL, OPTIONAL},
    {"tokens_requested", TYPE_UINT, OPTIONAL, .unit = "1"},
    {"tokens_generated", TYPE_UINT, OPTIONAL, .unit = "1"},
    {"tokens_per_second", TYPE_NUMBER, OPTIONAL, .unit = "1/s"},
    {"environment", TYPE_TEXT_MAP, OPTIONAL},
    {"model", TYPE_TEXT_MAP, OPTIONAL},
    {"kernel_path", TYPE_TEXT, OPTIONAL, .words = KERNEL_PATHS},
    {"quantization", TYPE_OBJECT, OPTIONAL, .members = QUANTIZATION},
    {"fingerprint", TYPE_OBJECT, OPTIONAL, .members = FINGERPRINT},
    {"performance", TYPE_OBJECT, OPTIONAL, .members = PERFORMANCE},
    {"notes", TYPE_TEXT, OPTIONAL},
    {"architecture", TYPE_TEXT, OPTIONAL},
    {"quantization_method", TYPE_TEXT, OPTIONAL},
    {"model_hash", TYPE_TEXT, OPTIONAL},
    {"rust_version", TYPE_TEXT, OPTIONAL},
    {"backend_summary", TYPE_TEXT, OPTIONAL},
    {"model_info", TYPE_OBJECT, OPTIONAL, .members = MODEL_INFO},
    {"test_results", TYPE_OBJECT, OPTIONAL, .members = TEST_RESULTS},
    {"performance_baseline", TYPE_OBJECT, OPTIONAL, .members = BASELINE},
    {"cross_validation", TYPE_OBJECT, OPTIONAL, .members = CROSS_VALIDATION},
    {"parity", TYPE_OBJECT, OPTIONAL, .members = PARITY},
    {"corrections", TYPE_LIST, OPTIONAL, .members = CORRECTION},
    END,
};

/* ---- the walk --------------------------------------------------------------------------------------------------- */

static const char *const EXPECTED[] = {
    [TYPE_TEXT] = "a text",
    [TYPE_BOOL] = "true or false",
    [TYPE_UINT] = "an integer, 0 or more",
    [TYPE_NUMBER] = "a number",
    [TYPE_TEXTS] = "a list of texts",
    [TYPE_TEXT_MAP] = "an object of texts",
    [TYPE_UNIT_MAP] = "an object of numbers",
    [TYPE_OBJECT] = "an object",
    [TYPE_LIST] = "a list of objects",
    [TYPE_ANY] = "anything",
    [TYPE_GATE] = "anything",
};

struct walker {
    const struct assay_legacy_walk *walk;
    struct assay_json_pointer at;
};

static void object_walk(struct walker *walker, const json_t *object, const struct member *members);

static void fault(struct walker *walker, const json_t *found, const char *expected)
{
    if (walker->walk->fault) {
        walker->walk->fault(walker->walk->context, walker->at.text, found, expected);
    }
}

static void figure(struct walker *walker, const char *unit, const json_t *value)
{
    if (walker->walk->figure && unit) {
        walker->walk->figure(walker->walk->context, walker->at.text, unit, json_number_value(value));
    }
}

static bool is_word(const json_t *value, const char *const *words)
{
    for (; words && *words; words++) {
        if (assay_slice_is(assay_legacy_text(value), *words)) {
            return true;
        }
    }
    return words == NULL;
}

static bool is_uint(const json_t *value)
{
    /* integers of 2^63 and more are read as reals, and no count comes near them */
    return json_is_integer(value) && json_integer_value(value) >= 0;
}

/* The type of the value alone, not of what is inside it. */
static bool has_type(const json_t *value, enum type type)
{
    switch (type) {
    case TYPE_TEXT:
        return json_is_string(value);
    case TYPE_BOOL:
        return json_is_boolean(value);
    case TYPE_UINT:
        return is_uint(value);
    case TYPE_NUMBER:
        return json_is_number(value);
    case TYPE_TEXTS:
    case TYPE_LIST:
        return json_is_array(value);
    case TYPE_TEXT_MAP:
    case TYPE_UNIT_MAP:
    case TYPE_OBJECT:
        return json_is_object(value);
    case TYPE_ANY:
    case TYPE_GATE:
        return true;
    }
    return false;
}

static void texts_walk(struct walker *walker, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        size_t mark = assay_json_pointer_index(&walker->at, i);
        if (!json_is_string(json_array_get(list, i))) {
            fault(walker, json_array_get(list, i), EXPECTED[TYPE_TEXT]);
        }
        assay_json_pointer_back(&walker->at, mark);
    }
}

static void map_walk(struct walker *walker, const json_t *map, const struct member *member)
{
    const enum type inside = member->type == TYPE_TEXT_MAP ? TYPE_TEXT : TYPE_NUMBER;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)map, name, value)
    {
        size_t mark = assay_json_pointer_name(&walker->at, name);
        if (!has_type(value, inside)) {
            fault(walker, value, EXPECTED[inside]);
        } else if (inside == TYPE_NUMBER) {
            figure(walker, member->unit, value);
        }
        assay_json_pointer_back(&walker->at, mark);
    }
}

static void list_walk(struct walker *walker, const json_t *list, const struct member *members)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        size_t mark = assay_json_pointer_index(&walker->at, i);
        object_walk(walker, json_array_get(list, i), members);
        assay_json_pointer_back(&walker->at, mark);
    }
}

static void value_walk(struct walker *walker, const json_t *value, const struct member *member)
{
    if (!has_type(value, member->type)) {
        fault(walker, value, EXPECTED[member->type]);
    } else if (member->type == TYPE_OBJECT) {
        object_walk(walker, value, member->members);
    } else if (member->type == TYPE_LIST) {
        list_walk(walker, value, member->members);
    } else if (member->type == TYPE_TEXTS) {
        texts_walk(walker, value);
    } else if (member->type == TYPE_TEXT_MAP || member->type == TYPE_UNIT_MAP) {
        map_walk(walker, value, member);
    } else if (member->type == TYPE_TEXT && !is_word(value, member->words)) {
        fault(walker, value, "a word of the schema");
    } else {
        figure(walker, member->unit, value);
    }
}

static bool is_member(const struct member *members, struct assay_slice name)
{
    for (const struct member *member = members; member->name; member++) {
        if (assay_slice_is(name, member->name)) {
            return true;
        }
    }
    return false;
}

static void unknown_walk(struct walker *walker, const json_t *object, const struct member *members)
{
    const char *name;
    size_t len; /* a name may hold NUL */
    json_t *value;
    json_object_keylen_foreach((json_t *)(uintptr_t)object, name, len, value)
    {
        if (!is_member(members, (struct assay_slice){name, len})) {
            size_t mark = assay_json_pointer_name(&walker->at, name);
            walker->walk->unknown(walker->walk->context, walker->at.text, value);
            assay_json_pointer_back(&walker->at, mark);
        }
    }
}

static void object_walk(struct walker *walker, const json_t *object, const struct member *members)
{
    if (!json_is_object(object)) {
        fault(walker, object, EXPECTED[TYPE_OBJECT]);
        return;
    }
    for (const struct member *member = members; member->name; member++) {
        const json_t *value = json_object_get(object, member->name);
        size_t mark = assay_json_pointer_name(&walker->at, member->name);
        if (value) {
            value_walk(walker, value, member);
        } else if (!member->is_optional && member->type != TYPE_GATE) {
            fault(walker, NULL, EXPECTED[member->type]);
        }
        assay_json_pointer_back(&walker->at, mark);
    }
    if (walker->walk->unknown) {
        unknown_walk(walker, object, members);
    }
}

void assay_legacy_members(const json_t *root, enum assay_legacy_shape shape, const struct assay_legacy_walk *walk)
{
    struct walker walker = {.walk = walk};
    const struct member *members = shape == ASSAY_LEGACY_FLAT      ? FLAT_SHAPE
                                   : shape == ASSAY_LEGACY_NESTED  ? NESTED_SHAPE
                                   : shape == ASSAY_LEGACY_MINOR_1 ? MINOR_1_SHAPE
                                                                   : NULL;
    assert(walk && members);
    object_walk(&walker, root, members);
}
