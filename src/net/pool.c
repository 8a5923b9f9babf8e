#include "net/pool.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

#define CLASSES 3
#define SMALL_BYTES ((size_t)4 << 10)   /* nearly every event of a token stream */
#define MEDIUM_BYTES ((size_t)64 << 10) /* usage records with logprobs, tool calls */
#define STREAMS_PER_LARGE 16            /* events of a megabyte are oddities: not every stream has one at a time */
#define LARGE_MIN 4

struct block_class {
    size_t bytes, count, free_count;
    char *memory;
    char **free; /* the block given back last is taken first: it is warm in the cache and already mapped */
};

struct assay_net_pool {
    struct block_class classes[CLASSES];
};

static bool open_class(struct block_class *class, size_t bytes, size_t count)
{
    *class = (struct block_class){.bytes = bytes, .count = count, .free_count = count};
    class->memory = assay_alloc(count, bytes);
    class->free = assay_alloc(count, sizeof class->free[0]);
    if (!class->memory || !class->free) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        class->free[i] = class->memory + (count - 1 - i) * bytes;
    }
    return true;
}

assay_code assay_net_pool_new(size_t streams, struct assay_net_pool **ret, assay_err *err)
{
    struct assay_net_pool *pool = assay_alloc(1, sizeof *pool);
    if (!pool) {
        return assay_nomem(err);
    }
    if (!open_class(&pool->classes[0], SMALL_BYTES, streams) || !open_class(&pool->classes[1], MEDIUM_BYTES, streams) ||
        !open_class(&pool->classes[2], ASSAY_NET_EVENT_BYTES_MAX, streams / STREAMS_PER_LARGE + LARGE_MIN)) {
        assay_net_pool_free(pool);
        return assay_nomem(err);
    }
    *ret = pool;
    return ASSAY_OK;
}

void assay_net_pool_free(struct assay_net_pool *pool)
{
    if (!pool) {
        return;
    }
    for (size_t i = 0; i < CLASSES; i++) {
        assay_free(pool->classes[i].memory);
        assay_free(pool->classes[i].free);
    }
    assay_free(pool);
}

static struct block_class *class_of(struct assay_net_pool *pool, size_t bytes)
{
    for (size_t i = 0; i < CLASSES; i++) {
        if (pool->classes[i].bytes == bytes) {
            return &pool->classes[i];
        }
    }
    return NULL;
}

static char *take_block(struct assay_net_pool *pool, size_t wanted, size_t *ret_capacity)
{
    for (size_t i = 0; i < CLASSES; i++) {
        struct block_class *class = &pool->classes[i];
        if (class->bytes >= wanted && class->free_count > 0) {
            *ret_capacity = class->bytes;
            return class->free[--class->free_count];
        }
    }
    return NULL;
}

void assay_net_gather_release(struct assay_net_gather *gather)
{
    if (gather->data) {
        struct block_class *class = class_of(gather->pool, gather->capacity);
        assert(class && class->free_count < class->count);
        class->free[class->free_count++] = gather->data;
    }
    *gather = (struct assay_net_gather){.pool = gather->pool};
}

bool assay_net_gather_append(struct assay_net_gather *gather, const char *bytes, size_t len)
{
    if (len > ASSAY_NET_EVENT_BYTES_MAX - gather->len) {
        return false;
    }
    if (len > gather->capacity - gather->len) {
        struct assay_net_gather grown = {.pool = gather->pool, .len = gather->len};
        grown.data = take_block(gather->pool, gather->len + len, &grown.capacity);
        if (!grown.data) {
            return false;
        }
        if (gather->len > 0) {
            memcpy(grown.data, gather->data, gather->len);
        }
        assay_net_gather_release(gather);
        *gather = grown;
    }
    if (len > 0) {
        memcpy(gather->data + gather->len, bytes, len);
    }
    gather->len += len;
    return true;
}
