#include "record/roofline.h"

#include "base/num.h"

#include <stdio.h>
#include <string.h>

bool assay_roofline_concerns(const json_t *entry)
{
    static const char *const WORK[] = {"quantised", "native", "fallback", "standin"};
    const char *kind = json_string_value(json_object_get(entry, "class"));
    for (size_t i = 0; kind && i < sizeof WORK / sizeof WORK[0]; i++) {
        if (strcmp(WORK[i], kind) == 0) {
            return true;
        }
    }
    return false;
}

static double count_at(const json_t *entry, const char *name)
{
    const char *text = json_string_value(json_object_get(entry, name));
    uint64_t count = 0;
    bool is_count = text && assay_num_u64(assay_slice_of(text), name, UINT64_MAX, &count, NULL) == ASSAY_OK;
    return is_count ? (double)count : 0;
}

static bool rate_at(const json_t *data, const char *name, double *ret)
{
    const char *text = json_string_value(json_object_get(data, name));
    return text && assay_json_dec_read(text, ret) && *ret > 0;
}

static struct assay_roofline judge(double implied, double highest, double lowest)
{
    struct assay_roofline roofline = {.verdict = ASSAY_VERDICT_PASS, .ratio = implied / highest};
    if (roofline.ratio > ASSAY_ROOFLINE_RATIO_MAX) {
        bool is_steady = highest - lowest <= ASSAY_ROOFLINE_SPREAD_MAX * highest;
        roofline.verdict = is_steady ? ASSAY_VERDICT_FAIL : ASSAY_VERDICT_UNDECIDED;
    }
    return roofline;
}

/* One kind of rate; false if there is no probe of it. */
static bool hold(double implied, const json_t *data, const char *highest_name, const char *lowest_name,
                 struct assay_roofline *worst)
{
    double highest, lowest;
    if (!rate_at(data, highest_name, &highest) || !rate_at(data, lowest_name, &lowest)) {
        return false;
    }
    struct assay_roofline here = judge(implied, highest, lowest);
    if (worst->verdict == ASSAY_VERDICT_NOT_MEASURED || here.ratio > worst->ratio) {
        *worst = here;
    }
    return true;
}

#define NAME_BYTES 96 /* of a member of the data: a part of an id, and what stands before it */

/* "WHATHighest.NAME" and "WHATLowest.NAME". */
static bool hold_named(double implied, const json_t *data, const char *what, const char *name,
                       struct assay_roofline *worst)
{
    char highest[NAME_BYTES], lowest[NAME_BYTES];
    (void)snprintf(highest, sizeof highest, "%.8sHighest.%.64s", what, name);
    (void)snprintf(lowest, sizeof lowest, "%.8sLowest.%.64s", what, name);
    return hold(implied, data, highest, lowest, worst);
}

/* The first part of the entry's id. */
static const char *family_of(const json_t *entry, char ret[NAME_BYTES])
{
    const char *id = json_string_value(json_object_get(entry, "id"));
    int len = id ? (int)strcspn(id, "_") : 0;
    (void)snprintf(ret, NAME_BYTES, "%.*s", len < 64 ? len : 64, id ? id : "");
    return ret;
}

struct assay_roofline assay_roofline_of(const json_t *entry, double threads, const json_t *data)
{
    struct assay_roofline worst = {.verdict = ASSAY_VERDICT_NOT_MEASURED};
    double ns = (double)json_integer_value(json_object_get(entry, "ns"));
    const char *isa = json_string_value(json_object_get(entry, "isa"));
    char family[NAME_BYTES];
    if (!assay_roofline_concerns(entry) || !(ns > 0) || !(threads > 0)) {
        return worst;
    }
    double per_s = threads * 1e9 / ns;
    if (!hold_named(count_at(entry, "bytes") * per_s, data, "read", family_of(entry, family), &worst)) {
        (void)hold(count_at(entry, "bytes") * per_s, data, "readHighest", "readLowest", &worst);
    }
    (void)hold_named(count_at(entry, "ops") * per_s, data, "ops", isa ? isa : "", &worst);
    return worst;
}
