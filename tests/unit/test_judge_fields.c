/*
 * Types and bounds of every field of the three documents (evidence.md 1.3), against tests/golden/judge/fields.txt: each
 * place of a complete document is given each of the VALUES, and the line of the place tells which of them it takes, and
 * what it expects instead of which others. ASSAY_CASES_WRITE writes the lines anew; tests/golden/judge/README.md.
 */
#include "base/text.h"
#include "judge/judge.h"
#include "support/edit.h"
#include "support/golden.h"
#include "support/honest_run.h"
#include "support/operators.h"
#include "support/source_root.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_MAX ((size_t)16 << 20)
#define ID64 "gggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggg"
#define HEX40 "0123456789abcdef0123456789abcdef01234567"
#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define STR64 "!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!"
#define STR256 STR64 STR64 STR64 STR64

static const char *const VALUES[] = {
    "0",
    "1",
    "-1",
    "2147483647",
    "2147483648",
    "4096",
    "4097",
    "9007199254740991",
    "-9007199254740991",
    "true",
    "false",
    "\"\"",
    "\"x\"",
    "\"X\"",
    "\"a_b.c-9\"",
    "\"_a\"",
    "\"0z\"",
    "\"a b\"",
    "\"" ID64 "\"",
    "\"" ID64 "g\"",
    "\"" STR256 "\"",
    "\"" STR256 "!\"",
    "\"0\"",
    "\"1.5\"",
    "\"1.50\"",
    "\"-1\"",
    "\"01\"",
    "\"18446744073709551615\"",
    "\"18446744073709551616\"",
    "\"2026-01-05T09:31:01Z\"",
    "\"2026-01-05 09:31:01\"",
    "\"0123456789abcdef0123456789abcdef\"",
    "\"0123456789abcdef0123456789abcde\"",
    "\"" HEX40 "\"",
    "\"" HEX40 "0\"",
    "\"" HEX64 "\"",
    "\"" HEX64 "0\"",
    "\"0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef\"",
    "\"a@1\"",
    "\"a@0\"",
    "\"a@\"",
    "\"@1\"",
    "\"a@1x\"",
    "\"" ID64 "@1\"",
    "\"" ID64 "g@1\"",
    "\"a@123456789\"",
    "\"a@1234567890\"",
    "[]",
    "{}",
    "{\"absent\":\"why\"}",
    "{\"unknown\":\"why\"}",
    "{\"absent\":\"why\",\"unknown\":\"why\"}",
    "{\"absent\":7}",
    "{\"other\":\"why\"}",
    "{\"unknown\":\"" STR256 "!\"}",
    "[\"a\",\"b\"]",
    "[\"b\",\"a\"]",
    "[\"a\",\"a\"]",
    "{\"" ID64 "\":1,\"b\":\"1.5\"}",
    "{\"" ID64 "g\":1}",
    "{\"a\":\"x\"}",
    "{\"a\":true}",
    "{\"a\":[]}",
};
enum { VALUES_COUNT = sizeof VALUES / sizeof VALUES[0], EXPECTED_MAX = 8, PLACES_MAX = 512, TEXT_BYTES = 400 };
#define CONTAINERS_FROM 47 /* "[]"; containers are tried with these and the first few others */
#define CONTAINERS_FIRST 2

/* What one place takes, and what it expects instead of what it refuses. */
struct place {
    char pointer[128];
    bool is_leaf, takes[VALUES_COUNT];
    char expected[EXPECTED_MAX][TEXT_BYTES];
    size_t expected_count;
};

struct table {
    const json_t *statement;
    const char *name;
    size_t depth; /* places below are left out: another document has them */
    struct place places[PLACES_MAX];
    size_t count;
};

/* ---- one document ----------------------------------------------------------------------------------------------- */

static struct assay_judgement *judge(const json_t *statement)
{
    struct assay_buf document;
    struct assay_judgement *judgement = NULL;
    assay_buf_init(&document, FILE_MAX);
    honest_envelope(statement, &document);
    const struct assay_judge_input input = {.document = {document.data, document.len}, .now_real_ns = HONEST_NOW_NS};
    assert_int_equal(assay_judge_verify(&input, &judgement, NULL), ASSAY_OK);
    assay_buf_done(&document);
    return judgement;
}

/* Violations of types and caps; what one field must be to another is told apart by its words, which are none of these.
 */
static bool is_of_type(const struct assay_violation *violation)
{
    static const char *const BEGIN[] = {"an integer", "true or",  "an object", "an array", "at most ", "a string",
                                        "a time",     "40 or",    "an id",     "one of",   "\"",       "no member",
                                        "this ",      "a sorted", "64 lower",  "32 lower"};
    for (size_t i = 0; violation->expected && i < sizeof BEGIN / sizeof BEGIN[0]; i++) {
        if (assay_text_starts(violation->expected, BEGIN[i])) {
            return violation->gate == 108 || violation->gate == 109;
        }
    }
    return false;
}

/* The first of them at the place or below; ret: gate, where below, what is expected. */
static bool is_refused(const struct assay_judgement *judgement, const char *place, char ret[TEXT_BYTES])
{
    size_t len = strlen(place);
    for (size_t i = 0; i < judgement->violations_count; i++) {
        const struct assay_violation *violation = &judgement->violations[i];
        if (strncmp(violation->pointer, place, len) != 0 || !is_of_type(violation)) {
            continue;
        }
        const char *rest = violation->pointer + len;
        if (rest[0] == '\0' || rest[0] == '/') {
            (void)snprintf(ret, TEXT_BYTES, "%u%s%s %s", violation->gate, rest[0] ? " " : "", rest,
                           violation->expected);
            return true;
        }
    }
    return false;
}

/* ---- a line a place --------------------------------------------------------------------------------------------- */

static void add_place(void *context, const char *pointer)
{
    static const char *const NOT_HERE[] = {"/_type", "/predicateType", "/predicate/minor"}; /* nothing else is read */
    struct table *table = context;
    size_t depth = 0;
    bool is_here = true;
    for (const char *p = pointer; *p; p++) {
        depth += *p == '/';
    }
    for (size_t i = 0; i < sizeof NOT_HERE / sizeof NOT_HERE[0]; i++) {
        is_here = is_here && strcmp(pointer, NOT_HERE[i]) != 0;
    }
    const char *last = strrchr(pointer, '/');
    bool is_why = strcmp(last, "/absent") == 0 || strcmp(last, "/unknown") == 0; /* 49 to 54 are tried one above */
    if (is_here && !is_why && depth <= table->depth) {
        assert_in_range(table->count, 0, PLACES_MAX - 1);
        struct place *place = &table->places[table->count++];
        const json_t *value = assay_json_at(table->statement, pointer);
        *place = (struct place){.is_leaf = (!json_is_object(value) && !json_is_array(value)) ||
                                           json_object_get(value, "absent") || json_object_get(value, "unknown")};
        (void)snprintf(place->pointer, sizeof place->pointer, "%s", pointer);
    }
}

static void note(struct place *place, size_t value, const struct assay_judgement *judgement)
{
    char text[TEXT_BYTES];
    size_t k = 0;
    place->takes[value] = !is_refused(judgement, place->pointer, text);
    if (place->takes[value]) {
        return;
    }
    while (k < place->expected_count && strcmp(place->expected[k], text) != 0) {
        k++;
    }
    if (k == place->expected_count && k < EXPECTED_MAX) {
        memcpy(place->expected[place->expected_count++], text, sizeof text);
    }
}

/* All leaves at once: each has its own violation. */
static void try_leaves(struct table *table, size_t value)
{
    json_t *edited = json_deep_copy(table->statement);
    for (size_t i = 0; i < table->count; i++) {
        if (table->places[i].is_leaf) {
            edit_set(edited, table->places[i].pointer, json_loads(VALUES[value], JSON_DECODE_ANY, NULL));
        }
    }
    struct assay_judgement *judgement = judge(edited);
    for (size_t i = 0; i < table->count; i++) {
        if (table->places[i].is_leaf) {
            note(&table->places[i], value, judgement);
        }
    }
    assay_judgement_free(judgement);
    json_decref(edited);
}

static void try_container(struct table *table, struct place *place)
{
    for (size_t value = 0; value < VALUES_COUNT; value++) {
        if (value < CONTAINERS_FIRST || value >= CONTAINERS_FROM) {
            json_t *edited = json_deep_copy(table->statement);
            edit_set(edited, place->pointer, json_loads(VALUES[value], JSON_DECODE_ANY, NULL));
            struct assay_judgement *judgement = judge(edited);
            note(place, value, judgement);
            assay_judgement_free(judgement);
            json_decref(edited);
        }
    }
}

static void print_place(const struct table *table, const struct place *place, struct assay_buf *out)
{
    char text[TEXT_BYTES];
    json_t *dropped = json_deep_copy(table->statement);
    edit_drop(dropped, place->pointer);
    struct assay_judgement *judgement = judge(dropped);
    assay_buf_printf(out, "%s %s takes", table->name, place->pointer);
    for (size_t i = 0; i < VALUES_COUNT; i++) {
        if (place->takes[i]) {
            assay_buf_printf(out, " %zu", i);
        }
    }
    for (size_t k = 0; k < place->expected_count; k++) {
        assay_buf_printf(out, " | %s", place->expected[k]);
    }
    bool is_needed = is_refused(judgement, place->pointer, text);
    assay_buf_printf(out, " | without: %s\n", is_needed ? text : "fine");
    assay_judgement_free(judgement);
    json_decref(dropped);
}

/* ---- whole documents -------------------------------------------------------------------------------------------- */

static json_t *example(void)
{
    char path[4096];
    struct assay_buf text;
    json_t *ret = NULL;
    assay_buf_init(&text, FILE_MAX);
    (void)snprintf(path, sizeof path, "%s/tests/data/receipt-example.json", source_root());
    assert_int_equal(assay_buf_read_file(&text, path, NULL), ASSAY_OK);
    assert_int_equal(assay_json_read(text.data, text.len, &assay_json_limits_receipt, &ret, NULL), ASSAY_OK);
    assay_buf_done(&text);
    return ret;
}

static json_t *parsed(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(value);
    return value;
}

/* The published example with what it leaves out. */
static json_t *complete_receipt(void)
{
    json_t *ret = example();
    edit_set(ret, "/predicate/environment/notes", parsed("[{\"by\":\"typed\",\"text\":\"a note\"}]"));
    edit_set(ret, "/predicate/environment/hosts/0/gpus",
             parsed("[{\"name\":\"n\",\"driver\":\"d\",\"uuidSha256\":\"" HEX64
                    "\",\"memoryBytes\":1,\"powerLimitMw\":1,\"clocksMhz\":1,\"otherProcesses\":0,"
                    "\"mig\":\"off\",\"ecc\":true}]"));
    edit_set(ret, "/predicate/attempts/ci", parsed("{\"provider\":\"p\",\"runId\":\"1\",\"attempt\":1}"));
    edit_set(ret, "/predicate/metrics/0/lower", parsed("\"900\""));
    edit_set(ret, "/predicate/metrics/0/upper", parsed("\"1000\""));
    edit_set(ret, "/predicate/metrics/0/confidence", parsed("\"0.95\""));
    edit_set(ret, "/predicate/metrics/0/family", parsed("2"));
    edit_set(ret, "/subject/1/digest/gitTree", parsed("\"" HEX40 "\""));
    edit_set(ret, "/predicate/invalid", parsed("[\"noise\"]"));
    return ret;
}

static json_t *record(void)
{
    json_t *ret = example(), *from = json_object_get(ret, "predicate"), *predicate = json_object();
    static const char *const KEPT[] = {"minor", "protocol", "environment", "samples", "attempts", "notChecked"};
    for (size_t i = 0; i < sizeof KEPT / sizeof KEPT[0]; i++) {
        (void)json_object_set(predicate, KEPT[i], json_object_get(from, KEPT[i]));
    }
    (void)json_object_set_new(predicate, "outcome", json_string("failed"));
    (void)json_object_set_new(predicate, "reason", json_string("it failed"));
    (void)json_object_set_new(ret, "predicateType", json_string("https://assay.dev/run-record/v1"));
    (void)json_object_set_new(ret, "predicate", predicate);
    return ret;
}

static json_t *imported(void)
{
    json_t *ret = example();
    (void)json_object_set_new(ret, "predicateType", json_string("https://assay.dev/imported-summary/v1"));
    (void)json_object_set_new(ret, "predicate",
                              parsed("{\"minor\":0,\"source\":{\"format\":\"f\",\"sha256\":\"" HEX64
                                     "\"},\"claimed\":[{\"name\":\"n\",\"unit\":\"ns\",\"value\":\"1.5\"}]}"));
    return ret;
}

static void add_places(struct assay_buf *out, const char *name, json_t *statement, size_t depth)
{
    static struct table table;
    char text[TEXT_BYTES];
    table = (struct table){.statement = statement, .name = name, .depth = depth};
    struct assay_judgement *judgement = judge(statement);
    if (is_refused(judgement, "", text)) {
        fail_msg("%s, as it is: %s", name, text);
    }
    assay_judgement_free(judgement);
    operators_walk(statement, add_place, &table);
    for (size_t value = 0; value < VALUES_COUNT; value++) {
        try_leaves(&table, value);
    }
    for (size_t i = 0; i < table.count; i++) {
        if (!table.places[i].is_leaf) {
            try_container(&table, &table.places[i]);
        }
        print_place(&table, &table.places[i], out);
    }
    json_decref(statement);
}

/* ---- tests ------------------------------------------------------------------------------------------------------ */

static void every_field_takes_what_its_line_says(void **state)
{
    (void)state;
    struct assay_buf found;
    assay_buf_init(&found, FILE_MAX);
    for (size_t i = 0; i < VALUES_COUNT; i++) {
        assay_buf_printf(&found, "# %zu %s\n", i, VALUES[i]);
    }
    add_places(&found, "receipt", complete_receipt(), SIZE_MAX);
    add_places(&found, "record", record(), 2);
    add_places(&found, "imported", imported(), SIZE_MAX);
    golden_hold("judge/fields.txt", &found);
    assay_buf_done(&found);
}

/* Caps of evidence.md 1.2; lists that it names none for take 1,024. */
static const struct {
    const char *place;
    size_t cap;
} CAPS[] = {
    {"/subject", 1024},
    {"/predicate/protocol/arms", 64},
    {"/predicate/protocol/backend", 1024},
    {"/predicate/metrics", 4096},
    {"/predicate/kernels/entries", 10000},
    {"/predicate/environment/hosts", 4096},
    {"/predicate/environment/notes", 16},
    {"/predicate/environment/build/flags", 1024},
    {"/predicate/environment/build/sanitizers", 1024},
    {"/predicate/environment/build/libs", 1024},
    {"/predicate/environment/hosts/0/isa", 1024},
    {"/predicate/environment/hosts/0/gpus", 1024},
    {"/predicate/checks", 1024},
    {"/predicate/determinism/digests", 1024},
    {"/predicate/tier/signers", 16},
    {"/predicate/tier/evidence", 1024},
    {"/predicate/invalid", 1024},
    {"/predicate/notChecked", 1024},
};

static bool is_over_cap(const json_t *statement, const char *place, size_t count)
{
    json_t *edited = json_deep_copy(statement), *list = json_array();
    bool is_over = false;
    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(list, json_integer(0));
    }
    edit_set(edited, place, list);
    struct assay_judgement *judgement = judge(edited);
    for (size_t i = 0; i < judgement->violations_count; i++) {
        is_over =
            is_over || (judgement->violations[i].gate == 109 && strcmp(judgement->violations[i].pointer, place) == 0);
    }
    assay_judgement_free(judgement);
    json_decref(edited);
    return is_over;
}

static void every_list_has_its_cap(void **state)
{
    (void)state;
    json_t *statement = complete_receipt();
    for (size_t i = 0; i < sizeof CAPS / sizeof CAPS[0]; i++) {
        if (is_over_cap(statement, CAPS[i].place, CAPS[i].cap) ||
            !is_over_cap(statement, CAPS[i].place, CAPS[i].cap + 1)) {
            fail_msg("%s: not %zu", CAPS[i].place, CAPS[i].cap);
        }
    }
    json_decref(statement);
}

int main(void)
{
    assay_json_init();
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_field_takes_what_its_line_says),
                                       cmocka_unit_test(every_list_has_its_cap)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
