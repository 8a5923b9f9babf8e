#include "host/gpu.h"

#include "host/digest.h"

#include <stdio.h>
#include <string.h>

#define GPU_FOLDER "/proc/driver/nvidia/gpus"

struct gpus {
    const char *root;
    json_t *array;
    struct assay_json_builder builder;
};

/* "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.129.03  Thu ...": the first word that looks like a version. */
static json_t *driver_of(const char *root)
{
    struct assay_host_text text;
    if (!assay_host_read(root, "/proc/driver/nvidia/version", &text)) {
        return assay_host_unreadable("/proc/driver/nvidia/version", text.error);
    }
    struct assay_slice rest = {text.text, strcspn(text.text, "\n")};
    while (rest.data) {
        struct assay_slice word = assay_slice_cut(&rest, ' ');
        const char *dot = word.len > 0 ? memchr(word.data, '.', word.len) : NULL;
        if (dot && word.data[0] >= '0' && word.data[0] <= '9') {
            return json_stringn(word.data, word.len);
        }
    }
    return assay_host_unknown("/proc/driver/nvidia/version holds no version");
}

static json_t *uuid_digest(const char *uuid)
{
    struct assay_digest digest;
    assay_sha256_of(uuid, strlen(uuid), &digest);
    return assay_host_hex32(&digest);
}

static void add_gpu(void *context, const char *name)
{
    /* Only the driver's library tells these, and assay does not load it to describe a machine. */
    static const char *const NEEDS_NVML[] = {"memoryBytes",    "powerLimitMw", "clocksMhz",
                                             "otherProcesses", "mig",          "ecc"};
    struct gpus *gpus = context;
    struct assay_host_text text;
    char path[ASSAY_HOST_PATH_BYTES], value[256];
    (void)snprintf(path, sizeof path, GPU_FOLDER "/%s/information", name);
    json_t *gpu = assay_json_add_object(&gpus->builder, gpus->array);
    bool is_read = assay_host_read(gpus->root, path, &text);
    bool has_model = is_read && assay_host_line(text.text, "Model", ':', value, sizeof value);
    assay_json_put(&gpus->builder, gpu, "name", has_model ? assay_host_string(value) : assay_host_unknown("%s", path));
    assay_json_put(&gpus->builder, gpu, "driver", driver_of(gpus->root));
    bool has_uuid = is_read && assay_host_line(text.text, "GPU UUID", ':', value, sizeof value) && !strchr(value, '?');
    assay_json_put(&gpus->builder, gpu, "uuidSha256", has_uuid ? uuid_digest(value) : assay_host_unknown("not told"));
    for (size_t i = 0; i < sizeof NEEDS_NVML / sizeof NEEDS_NVML[0]; i++) {
        assay_json_put(&gpus->builder, gpu, NEEDS_NVML[i], assay_host_unknown("needs NVML, which is not loaded"));
    }
}

json_t *assay_host_gpus(const char *root)
{
    struct gpus gpus = {.root = root, .array = json_array()};
    (void)assay_host_list(root, GPU_FOLDER, "", add_gpu, &gpus);
    if (assay_json_builder_check(&gpus.builder, gpus.array, NULL) != ASSAY_OK) {
        json_decref(gpus.array);
        return NULL;
    }
    return gpus.array;
}
