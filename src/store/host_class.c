#include "store/store_entry.h"

#include "base/num.h"
#include "base/text.h"
#include "crypto/crypto.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define CLASS_BYTES_MAX ((size_t)1 << 20) /* the environment is part of a receipt, which is smaller */
#define GIB 1073741824.0

/* evidence.md 6, the fields marked *. */
static const char *const HOST_FIELDS[] = {
    "arch",    "cpuModel", "cpuId", "governor",          "virtualization", "isa",           "cores",
    "threads", "smt",      "turbo", "cgroupMemoryBytes", "powerCapUw",     "cgroupCpuQuota"};
static const char *const GPU_FIELDS[] = {"name", "driver", "memoryBytes", "powerLimitMw", "mig"};
static const char *const BUILD_FIELDS[] = {"sanitizers", "optimize", "ndebug", "coverage"};
#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static void fields_copy(struct assay_json_builder *b, json_t *to, const json_t *from, const char *const *names,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(from, names[i]);
        if (value != NULL) {
            assay_json_put(b, to, names[i], json_deep_copy(value));
        }
    }
}

/* Of the affinity the count is compared: "0-3,8" is five. */
static uint64_t cpus_count(const char *list)
{
    uint64_t count = 0;
    struct assay_slice rest = assay_slice_of(list);
    while (rest.len > 0) {
        struct assay_slice range = assay_slice_cut(&rest, ',');
        struct assay_slice high = range, low = assay_slice_cut(&high, '-');
        uint64_t first = 0, last = 0;
        if (assay_num_u64(low, "", UINT32_MAX, &first, NULL) != ASSAY_OK) {
            continue;
        }
        last = high.data != NULL && assay_num_u64(high, "", UINT32_MAX, &last, NULL) == ASSAY_OK ? last : first;
        count += last >= first ? last - first + 1 : 0;
    }
    return count;
}

static void host_put(struct assay_json_builder *b, json_t *list, const json_t *host)
{
    json_t *entry = assay_json_add_object(b, list);
    fields_copy(b, entry, host, HOST_FIELDS, COUNT(HOST_FIELDS));
    const char *affinity = json_string_value(json_object_get(host, "affinity"));
    assay_json_put_u64(b, entry, "affinity", affinity != NULL ? cpus_count(affinity) : 0);
    /* Memory within 2 % is one class: what firmware takes differs from boot to boot. Rounded to GiB above 32 GiB that
     * holds; below, machines of one class differ by less than a quarter. */
    double gib = (double)json_integer_value(json_object_get(host, "memoryBytes")) / GIB;
    assay_json_put_u64(b, entry, "memoryQuarterGib", (uint64_t)(gib > 32 ? 4 * round(gib) : round(4 * gib)));
    json_t *gpus = assay_json_put_array(b, entry, "gpus");
    const json_t *all = json_object_get(host, "gpus");
    for (size_t i = 0; i < json_array_size(all); i++) {
        fields_copy(b, assay_json_add_object(b, gpus), json_array_get(all, i), GPU_FIELDS, COUNT(GPU_FIELDS));
    }
}

assay_code assay_store_host_class(const json_t *environment, char ret[65], assay_err *err)
{
    assert(ret);
    struct assay_json_builder b = {0};
    struct assay_buf text;
    assay_buf_init(&text, CLASS_BYTES_MAX);
    json_t *root = json_object();
    fields_copy(&b, assay_json_put_object(&b, root, "build"), json_object_get(environment, "build"), BUILD_FIELDS,
                COUNT(BUILD_FIELDS));
    json_t *list = assay_json_put_array(&b, root, "hosts");
    const json_t *hosts = json_object_get(environment, "hosts");
    for (size_t i = 0; i < json_array_size(hosts); i++) {
        host_put(&b, list, json_array_get(hosts, i));
    }
    assay_code rc = assay_json_builder_check(&b, root, err);
    rc = rc == ASSAY_OK ? assay_json_canon(root, &text, err) : rc;
    if (rc == ASSAY_OK) {
        struct assay_digest digest;
        assay_sha256_of(text.data, text.len, &digest);
        assay_digest_print(&digest, ret);
    }
    json_decref(root);
    assay_buf_done(&text);
    return rc;
}
