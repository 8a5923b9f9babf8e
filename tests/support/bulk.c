#include "support/bulk.h"

#include "base/rng.h"
#include "crypto/crypto.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES 32

static void need(assay_code rc, const assay_err *err)
{
    if (rc != ASSAY_OK) {
        fprintf(stderr, "bulk: %s\n", err->message);
        abort();
    }
}

void bulk_open(struct bulk *bulk, const char *path, size_t series)
{
    assay_err err = {0};
    *bulk = (struct bulk){.series = series};
    need(assay_crypto_init(&err), &err);
    need(assay_store_sqlite.open(path, ASSAY_STORE_WRITE, &bulk->state, &err), &err);
    assay_arena_init(&bulk->arena, (size_t)1 << 30);
    struct assay_store_new *entry = &bulk->entry;
    *entry = (struct assay_store_new){.document = "receipt",
                                      .outcome = "valid",
                                      .invalid = "",
                                      .run_id = "r",
                                      .started_at = "2026-01-01T00:00:00Z",
                                      .workload = "command",
                                      .model = "",
                                      .compute_path = "real",
                                      .host = "host",
                                      .host_class = "c",
                                      .branch = "main",
                                      .commit = "",
                                      .dir = "",
                                      .contexts_count = 1,
                                      .points_count = series};
    entry->contexts = assay_arena_take(&bulk->arena, 1, sizeof *entry->contexts);
    entry->points = assay_arena_take(&bulk->arena, series, sizeof *entry->points);
    assert(entry->contexts && entry->points);
    *entry->contexts = (struct assay_store_new_context){
        .key = {1}, .label = "command, closed 1", .model = "", .set_sha256 = "", .settings_sha256 = ""};
    for (size_t i = 0; i < series; i++) {
        char *name = assay_arena_take(&bulk->arena, 1, NAME_BYTES);
        assert(name);
        (void)snprintf(name, NAME_BYTES, "m%06zu_p50", i);
        entry->points[i] =
            (struct assay_store_new_point){.metric = name, .unit = "ns", .direction = "lower", .arm = "a"};
    }
}

void bulk_close(struct bulk *bulk)
{
    assay_store_sqlite.close(bulk->state);
    assay_arena_done(&bulk->arena);
}

struct assay_store_value bulk_value(size_t series, uint64_t run)
{
    struct assay_rng rng;
    assay_rng_seed(&rng, series * UINT64_C(1000003) + run, "bulk");
    double level = 1e5 * (double)(1 + series % 997), noise = -6.0;
    for (int i = 0; i < 12; i++) {
        noise += assay_rng_unit(&rng);
    }
    double value = (double)(int64_t)(level * (1.0 + 0.01 * noise));
    double half = 0.0025 + 0.0015 * assay_rng_unit(&rng);
    return (struct assay_store_value){.value = value,
                                      .lower = (double)(int64_t)(value * (1.0 - half)),
                                      .upper = (double)(int64_t)(value * (1.0 + half * 1.1)),
                                      .has_bounds = true,
                                      .n = 30};
}

void bulk_make(struct bulk *bulk, uint64_t run)
{
    (void)snprintf(bulk->entry.digest, sizeof bulk->entry.digest, "%064llx", (unsigned long long)run);
    for (size_t i = 0; i < bulk->series; i++) {
        struct assay_store_value value = bulk_value(i, run);
        struct assay_store_new_point *point = &bulk->entry.points[i];
        point->value = value.value;
        point->lower = value.lower;
        point->upper = value.upper;
        point->has_bounds = value.has_bounds;
        point->n = value.n;
    }
}

assay_code bulk_put(struct bulk *bulk, assay_err *err)
{
    size_t new_count = 0;
    return assay_store_sqlite.append(bulk->state, &bulk->entry, 1, &new_count, err);
}

assay_code bulk_append(struct bulk *bulk, uint64_t run, assay_err *err)
{
    bulk_make(bulk, run);
    return bulk_put(bulk, err);
}
