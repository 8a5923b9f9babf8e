#include "record/prices.h"

#include "record/policy_parts.h"

#include <assert.h>
#include <string.h>

#define ARENA_BYTES_MAX ((size_t)64 << 10)

static const struct typed_key TOP[] = {
    {.name = "assay_prices", .type = TYPED_OTHER, .is_required = true},
    {.name = "valid_from", .type = TYPED_DAY, .at = offsetof(struct assay_prices, from_day), .is_required = true},
    {.name = "valid_until", .type = TYPED_DAY, .at = offsetof(struct assay_prices, until_day), .is_required = true},
    {.name = "prices", .type = TYPED_OTHER, .is_required = true},
};

struct given {
    struct assay_policy_number prompt_token, output_token, request, hour;
};
static const struct typed_key PRICES[] = {
    {.name = "prompt_token", .type = TYPED_LIMIT, .at = offsetof(struct given, prompt_token)},
    {.name = "output_token", .type = TYPED_LIMIT, .at = offsetof(struct given, output_token)},
    {.name = "request", .type = TYPED_LIMIT, .at = offsetof(struct given, request)},
    {.name = "hour", .type = TYPED_LIMIT, .at = offsetof(struct given, hour)},
};

static assay_code read_prices(struct typed_reader *reader, const json_t *root, struct assay_prices *ret)
{
    const json_t *prices = json_object_get(root, "prices");
    struct given given = {0};
    assay_code rc = typed_head(reader, root, "a price file is", "assay_prices");
    rc = rc == ASSAY_OK ? typed_object(reader, root, "", TOP, COUNT_OF(TOP), ret) : rc;
    if (rc == ASSAY_OK && ret->until_day <= ret->from_day) {
        rc =
            typed_fail_value(reader, json_object_get(root, "valid_until"), "", "valid_until", "a day after valid_from");
    }
    if (rc == ASSAY_OK) {
        rc = typed_object(reader, prices, "prices", PRICES, COUNT_OF(PRICES), &given);
    }
    if (rc == ASSAY_OK && json_object_size(prices) == 0) {
        rc = typed_fail(reader, prices, "prices", "expected at least one of prompt_token, output_token, request, hour");
    }
    ret->prompt_token = given.prompt_token.value;
    ret->output_token = given.output_token.value;
    ret->request = given.request.value;
    ret->hour = given.hour.value;
    return rc;
}

assay_code assay_prices_parse(const char *bytes, size_t len, struct assay_prices *ret, assay_err *err)
{
    assert(bytes && ret);
    struct assay_arena arena;
    struct assay_prices prices = {0};
    json_t *root = NULL;
    assay_arena_init(&arena, ARENA_BYTES_MAX);
    struct typed_reader reader = {.arena = &arena, .unit = "USD", .err = err};
    assay_code rc = assay_yaml_read_lines(bytes, len, &root, &reader.lines, err);
    if (rc == ASSAY_OK) {
        rc = read_prices(&reader, root, &prices);
    }
    assay_yaml_lines_done(&reader.lines);
    json_decref(root);
    assay_arena_done(&arena);
    if (rc == ASSAY_OK) {
        *ret = prices;
    }
    return rc;
}
