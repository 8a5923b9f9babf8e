#include "json/json.h"

#include "base/mem.h"

static void *take(size_t bytes)
{
    return assay_alloc(1, bytes);
}

void assay_json_init(void)
{
    json_set_alloc_funcs(take, assay_free);
}
