#include "host/cpuinfo.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define THREADS_MAX 65536 /* beyond the largest machine that Linux runs on */

/* Sets of (socket, core) pairs that were seen, as one number each; sorted afterwards. */
struct places {
    uint64_t *pairs;
    size_t count;
};

static bool block_value(struct assay_slice block, const char *name, char *ret, size_t bytes)
{
    struct assay_slice rest = block;
    while (rest.data) {
        struct assay_slice value = assay_slice_cut(&rest, '\n');
        struct assay_slice key = assay_slice_trim(assay_slice_cut(&value, ':'));
        if (value.data && assay_slice_is(key, name)) {
            value = assay_slice_trim(value);
            size_t len = value.len < bytes ? value.len : bytes - 1;
            memcpy(ret, value.data, len);
            ret[len] = '\0';
            return true;
        }
    }
    return false;
}

static bool has_flag(const char *flags, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = flags; (at = strstr(at, name)) != NULL; at += len) {
        if ((at == flags || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0')) {
            return true;
        }
    }
    return false;
}

static void read_first(struct assay_slice block, struct assay_cpuinfo *ret)
{
    char flags[4096];
    (void)block_value(block, "vendor_id", ret->vendor, sizeof ret->vendor);
    (void)block_value(block, "cpu family", ret->family, sizeof ret->family);
    (void)block_value(block, "model", ret->model, sizeof ret->model);
    (void)block_value(block, "stepping", ret->stepping, sizeof ret->stepping);
    (void)block_value(block, "model name", ret->name, sizeof ret->name);
    (void)block_value(block, "microcode", ret->microcode, sizeof ret->microcode);
    ret->has_flags = block_value(block, "flags", flags, sizeof flags);
    if (ret->has_flags) {
        ret->has_invariant_tsc = has_flag(flags, "constant_tsc") && has_flag(flags, "nonstop_tsc");
        ret->has_hypervisor = has_flag(flags, "hypervisor");
    }
}

static void note_place(struct assay_slice block, struct places *places)
{
    char socket[32], core[32];
    uint64_t socket_id, core_id;
    if (places->count < THREADS_MAX && block_value(block, "physical id", socket, sizeof socket) &&
        block_value(block, "core id", core, sizeof core) && assay_host_number(socket, &socket_id) &&
        assay_host_number(core, &core_id)) {
        places->pairs[places->count++] = socket_id << 32 | core_id;
    }
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void count_places(struct places *places, struct assay_cpuinfo *ret)
{
    qsort(places->pairs, places->count, sizeof places->pairs[0], by_number);
    for (size_t i = 0; i < places->count; i++) {
        ret->cores += i == 0 || places->pairs[i] != places->pairs[i - 1];
        ret->sockets += i == 0 || places->pairs[i] >> 32 != places->pairs[i - 1] >> 32;
    }
}

/* One block a thread, blocks apart by an empty line. */
static struct assay_slice next_block(struct assay_slice *rest)
{
    const char *end = rest->len > 1 ? memmem(rest->data, rest->len, "\n\n", 2) : NULL;
    struct assay_slice block = {rest->data, end ? (size_t)(end - rest->data) : rest->len};
    size_t used = end ? block.len + 2 : block.len;
    rest->data += used;
    rest->len -= used;
    return block;
}

assay_code assay_cpuinfo_read(const char *root, struct assay_cpuinfo *ret, assay_err *err)
{
    *ret = (struct assay_cpuinfo){0};
    struct assay_buf text;
    struct places places = {.pairs = assay_alloc(THREADS_MAX, sizeof *places.pairs)};
    if (!places.pairs) {
        return assay_nomem(err);
    }
    assay_buf_init(&text, ASSAY_HOST_FILE_BYTES_MAX);
    ret->is_read = assay_host_read_all(root, "/proc/cpuinfo", &text);
    struct assay_slice rest = {text.data, text.len};
    while (ret->is_read && rest.len > 0) {
        struct assay_slice block = next_block(&rest);
        char number[32];
        if (!block_value(block, "processor", number, sizeof number)) {
            continue;
        }
        if (ret->threads++ == 0) {
            read_first(block, ret);
        }
        note_place(block, &places);
    }
    count_places(&places, ret);
    assay_buf_done(&text);
    assay_free(places.pairs);
    return ASSAY_OK;
}
