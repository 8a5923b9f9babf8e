#include "judge/comparable.h"

#include "base/num.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_BYTES 160
#define MEMORY_SHARE 0.02 /* what firmware takes differs from boot to boot (evidence.md 6) */

enum test { TEST_EQUAL, TEST_CPU_COUNT, TEST_MEMORY, TEST_GPUS };

struct field {
    const char *name; /* as policies name it */
    enum test test;
    bool is_needed; /* false: listed only */
};

/* Members of hosts[0] and build; those marked * in evidence.md 6 are needed. */
static const struct field HOST[] = {
    {"arch", TEST_EQUAL, true},
    {"cpuModel", TEST_EQUAL, true},
    {"cpuId", TEST_EQUAL, true},
    {"isa", TEST_EQUAL, true},
    {"cores", TEST_EQUAL, true},
    {"threads", TEST_EQUAL, true},
    {"smt", TEST_EQUAL, true},
    {"turbo", TEST_EQUAL, true},
    {"governor", TEST_EQUAL, true},
    {"virtualization", TEST_EQUAL, true},
    {"affinity", TEST_CPU_COUNT, true},
    {"cgroupCpuQuota", TEST_EQUAL, true},
    {"cgroupMemoryBytes", TEST_EQUAL, true},
    {"memoryBytes", TEST_MEMORY, true},
    {"powerCapUw", TEST_EQUAL, true},
    {"gpus", TEST_GPUS, true},
    {"clocksource", TEST_EQUAL, true}, /* part of the manifest (statistics.md 3.3) */
    {"os", TEST_EQUAL, false},
    {"kernelRelease", TEST_EQUAL, false},
    {"libc", TEST_EQUAL, false},
    {"microcode", TEST_EQUAL, false},
    {"hugePages", TEST_EQUAL, false},
    {"isolated", TEST_EQUAL, false},
    {"container", TEST_EQUAL, false},
    {"numaNodes", TEST_EQUAL, false},
    {"sockets", TEST_EQUAL, false},
    {"aslr", TEST_EQUAL, false},
    {"swapBytes", TEST_EQUAL, false},
    {"tscInvariant", TEST_EQUAL, false},
    {"preload", TEST_EQUAL, false},
    {"loadedObjectsSha256", TEST_EQUAL, false},
    {"envSha256", TEST_EQUAL, false},
    {"machineKey", TEST_EQUAL, false},
}; /* load, pressure, steal, clocks and temperature are series of the trace, and never the same twice */

static const struct field BUILD[] = {
    {"sanitizers", TEST_EQUAL, true}, {"optimize", TEST_EQUAL, true},         {"ndebug", TEST_EQUAL, true},
    {"coverage", TEST_EQUAL, true},   {"compiler", TEST_EQUAL, false},        {"flags", TEST_EQUAL, false},
    {"linker", TEST_EQUAL, false},    {"binarySha256", TEST_EQUAL, false},    {"commit", TEST_EQUAL, false},
    {"dirty", TEST_EQUAL, false},     {"dirtyDiffSha256", TEST_EQUAL, false}, {"lto", TEST_EQUAL, false},
    {"libs", TEST_EQUAL, false},
};

static const struct field PROTOCOL[] = {
    {"workload", TEST_EQUAL, true}, {"computePath", TEST_EQUAL, true}, {"backend", TEST_EQUAL, true},
    {"load", TEST_EQUAL, true},     {"order", TEST_EQUAL, true},       {"warmup", TEST_EQUAL, false},
    {"tool", TEST_EQUAL, false},    {"seed", TEST_EQUAL, false},
};

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

struct pair {
    struct verdict_draft *draft; /* NULL: only counts */
    const struct assay_opened *left, *right;
    const struct comparable_rule *rule;
    size_t refusing;
};

/* ---- equality --------------------------------------------------------------------------------------------------- */

static bool is_unknown(const json_t *value)
{
    return !value || json_object_get(value, "unknown");
}

/* Of a CPU list the count is compared: "0-3,8" is five. 0: it is no such list. */
static int64_t cpus_count(const char *list)
{
    int64_t count = 0;
    struct assay_slice rest = assay_slice_of(list);
    while (rest.len > 0) {
        struct assay_slice high = assay_slice_cut(&rest, ','), low = assay_slice_cut(&high, '-');
        uint64_t first = 0, last = 0;
        if (assay_num_u64(low, "", UINT32_MAX, &first, NULL) != ASSAY_OK ||
            assay_num_u64(high.data ? high : low, "", UINT32_MAX, &last, NULL) != ASSAY_OK || last < first) {
            return 0;
        }
        count += (int64_t)(last - first) + 1;
    }
    return count;
}

/* What is no text is {"absent": why} on both sides, or not the same. */
static bool are_cpus_equal(const json_t *left, const json_t *right)
{
    const char *a = json_string_value(left), *b = json_string_value(right);
    return a && b ? cpus_count(a) > 0 && cpus_count(a) == cpus_count(b) : json_equal(left, right) == 1;
}

static bool are_gpus_equal(const json_t *left, const json_t *right)
{
    static const char *const FIELDS[] = {"name", "driver", "memoryBytes", "powerLimitMw", "mig"};
    size_t count = json_array_size(left);
    bool are_equal = count == json_array_size(right);
    for (size_t i = 0; i < count && are_equal; i++) {
        for (size_t f = 0; f < COUNT_OF(FIELDS); f++) {
            const json_t *a = json_object_get(json_array_get(left, i), FIELDS[f]);
            const json_t *b = json_object_get(json_array_get(right, i), FIELDS[f]);
            are_equal = are_equal && !is_unknown(a) && !is_unknown(b) && json_equal(a, b);
        }
    }
    return are_equal;
}

/* `unknown` equals nothing, not even `unknown`: nobody looked, so nobody can say. */
static bool are_equal(enum test test, const json_t *left, const json_t *right)
{
    if (is_unknown(left) || is_unknown(right)) {
        return false;
    }
    double a, b;
    switch (test) {
    case TEST_CPU_COUNT:
        return are_cpus_equal(left, right);
    case TEST_MEMORY:
        a = (double)json_integer_value(left);
        b = (double)json_integer_value(right);
        return a > 0 && fabs(a - b) <= MEMORY_SHARE * fmax(a, b);
    case TEST_GPUS:
        return are_gpus_equal(left, right);
    case TEST_EQUAL:
    default:
        return json_equal(left, right) == 1;
    }
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static bool is_listed(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(names[i]); /* "subject.data" stands for all of its digests, "build." for all of a group */
        bool is_prefix = strncmp(names[i], name, len) == 0 && (name[len] == '\0' || name[len] == '.' ||
                                                               name[len] == ':' || (len && names[i][len - 1] == '.'));
        if (is_prefix) {
            return true;
        }
    }
    return false;
}

static const char *shown(struct verdict_draft *draft, const json_t *value)
{
    struct assay_buf text;
    assay_buf_init(&text, ASSAY_ERR_BYTES);
    if (json_is_object(value) || json_is_array(value)) {
        struct assay_buf canon;
        assay_buf_init(&canon, ASSAY_PAYLOAD_BYTES_MAX);
        if (assay_json_canon(value, &canon, NULL) == ASSAY_OK) {
            assay_text_show(&text, canon.data, canon.len, SHOWN_BYTES);
        }
        assay_buf_done(&canon);
    } else {
        assay_json_show(&text, value, SHOWN_BYTES);
    }
    const char *copy = judge_draft_text(draft, "%s", text.data ? text.data : "");
    assay_buf_done(&text);
    return copy;
}

static void differ(struct pair *pair, const char *name, bool is_needed, const json_t *left, const json_t *right)
{
    const struct comparable_rule *rule = pair->rule;
    bool refuses = is_needed;
    if (rule && is_listed(rule->may_differ, rule->may_differ_count, name)) {
        refuses = false;
    }
    if (rule && is_listed(rule->must_match, rule->must_match_count, name)) {
        refuses = true;
    }
    pair->refusing += refuses;
    if (!pair->draft) {
        return;
    }
    for (size_t i = 0; i < pair->draft->rows_count; i++) { /* one row a field, however many receipts differ in it */
        if (pair->draft->rows[i].id && strcmp(pair->draft->rows[i].id, name) == 0) {
            return;
        }
    }
    const char *expected = shown(pair->draft, left), *found = shown(pair->draft, right);
    struct assay_verdict_row *row =
        judge_draft_row(pair->draft, judge_draft_copy(pair->draft, name), refuses ? "difference" : "listed");
    row->expected = expected;
    row->found = found;
    row->element = pair->right->name;
    row->verdict = refuses ? ASSAY_VERDICT_UNDECIDED : ASSAY_VERDICT_NOT_MEASURED;
    row->is_in_family = refuses;
}

static void compare_members(struct pair *pair, const char *group, const char *pointer, const struct field *fields,
                            size_t count, bool wants_listed)
{
    const json_t *left = assay_json_at(pair->left->statement, pointer);
    const json_t *right = assay_json_at(pair->right->statement, pointer);
    for (size_t i = 0; i < count; i++) {
        char name[96];
        const json_t *a = json_object_get(left, fields[i].name), *b = json_object_get(right, fields[i].name);
        (void)snprintf(name, sizeof name, "%s.%s", group, fields[i].name);
        bool is_quiet = !fields[i].is_needed && (!wants_listed || json_equal(a, b) == 1 || (!a && !b));
        if (!is_quiet && !are_equal(fields[i].test, a, b)) {
            differ(pair, name, fields[i].is_needed, a, b);
        }
    }
}

static void compare_arms(struct pair *pair)
{
    const json_t *left = assay_json_at(pair->left->statement, "/predicate/protocol/arms");
    const json_t *right = assay_json_at(pair->right->statement, "/predicate/protocol/arms");
    size_t count = json_array_size(left) > json_array_size(right) ? json_array_size(left) : json_array_size(right);
    for (size_t i = 0; i < count; i++) {
        char name[96];
        const json_t *a = json_object_get(json_array_get(left, i), "argsSha256");
        const json_t *b = json_object_get(json_array_get(right, i), "argsSha256");
        (void)snprintf(name, sizeof name, "protocol.arms.%zu.argsSha256", i);
        if (!are_equal(TEST_EQUAL, a, b)) {
            differ(pair, name, true, a, b);
        }
    }
}

/* The workload's options as the plan was hashed with, member by member; without a plan requestSha256 says it all. */
static void compare_options(struct pair *pair)
{
    const json_t *left = pair->left->plan ? pair->left->plan->options : NULL;
    const json_t *right = pair->right->plan ? pair->right->plan->options : NULL;
    const char *key;
    json_t *value;
    char name[160];
    if (!left || !right) {
        const json_t *a = assay_json_at(pair->left->statement, "/predicate/protocol/requestSha256");
        const json_t *b = assay_json_at(pair->right->statement, "/predicate/protocol/requestSha256");
        if (!are_equal(TEST_EQUAL, a, b)) {
            differ(pair, "protocol.requestSha256", true, a, b);
        }
        return;
    }
    json_object_foreach((json_t *)(uintptr_t)left, key, value)
    {
        const json_t *other = json_object_get(right, key);
        (void)snprintf(name, sizeof name, "protocol.options.%.120s", key);
        if (json_equal(value, other) != 1) {
            differ(pair, name, true, value, other);
        }
    }
    json_object_foreach((json_t *)(uintptr_t)right, key, value)
    {
        (void)snprintf(name, sizeof name, "protocol.options.%.120s", key);
        if (!json_object_get(left, key)) {
            differ(pair, name, true, NULL, value);
        }
    }
}

static const json_t *digest_of(const json_t *subjects, const char *name)
{
    size_t i;
    json_t *subject;
    json_array_foreach(subjects, i, subject)
    {
        const char *its = json_string_value(json_object_get(subject, "name"));
        if (its && strcmp(its, name) == 0) {
            return json_object_get(subject, "digest");
        }
    }
    return NULL;
}

/* Model and data are the question; binary, source and kernel are what is compared. */
static void compare_subjects(struct pair *pair, const json_t *from, const json_t *with, bool is_left)
{
    size_t i;
    json_t *subject;
    json_array_foreach(from, i, subject)
    {
        const char *its = json_string_value(json_object_get(subject, "name"));
        const json_t *digest = json_object_get(subject, "digest"), *other = its ? digest_of(with, its) : NULL;
        char name[300];
        bool is_needed = its && (assay_text_starts(its, "model:") || assay_text_starts(its, "data:"));
        if (!its || (!is_left && other) || json_equal(digest, other) == 1) {
            continue;
        }
        (void)snprintf(name, sizeof name, "subject.%.256s", its);
        differ(pair, name, is_needed, is_left ? digest : NULL, is_left ? other : digest);
    }
}

static void compare_hosts(struct pair *pair, bool wants_listed)
{
    const json_t *left = assay_json_at(pair->left->statement, "/predicate/environment/hosts");
    const json_t *right = assay_json_at(pair->right->statement, "/predicate/environment/hosts");
    size_t count = json_array_size(left) > json_array_size(right) ? json_array_size(left) : json_array_size(right);
    for (size_t i = 0; i < count; i++) {
        char group[32], pointer[64];
        (void)snprintf(group, sizeof group, i == 0 ? "host" : "host.%zu", i);
        (void)snprintf(pointer, sizeof pointer, "/predicate/environment/hosts/%zu", i);
        compare_members(pair, group, pointer, HOST, COUNT_OF(HOST), wants_listed);
    }
}

size_t comparable_host(struct verdict_draft *draft, const struct assay_opened *left, const struct assay_opened *right)
{
    struct pair pair = {.draft = draft, .left = left, .right = right};
    compare_hosts(&pair, false);
    compare_members(&pair, "build", "/predicate/environment/build", BUILD, COUNT_OF(BUILD), false);
    return pair.refusing;
}

size_t comparable_rows(struct verdict_draft *draft, const struct assay_opened *left, const struct assay_opened *right,
                       const struct comparable_rule *rule)
{
    struct pair pair = {.draft = draft, .left = left, .right = right, .rule = rule};
    const json_t *of_left = json_object_get(left->statement, "subject");
    const json_t *of_right = json_object_get(right->statement, "subject");
    compare_members(&pair, "protocol", "/predicate/protocol", PROTOCOL, COUNT_OF(PROTOCOL), true);
    compare_arms(&pair);
    compare_options(&pair);
    compare_subjects(&pair, of_left, of_right, true);
    compare_subjects(&pair, of_right, of_left, false);
    compare_members(&pair, "build", "/predicate/environment/build", BUILD, COUNT_OF(BUILD), true);
    compare_hosts(&pair, true);
    return pair.refusing;
}
