#include "json/json.h"

#include "base/mem.h"

static void *take(size_t bytes)
{
    return assay_realloc(NULL, 1, bytes); /* Jansson wants no zeros */
}

void assay_json_init(void)
{
    json_set_alloc_funcs(take, assay_free);
    json_object_seed(0); /* of chance; once, before there are threads, as Jansson demands */
}
