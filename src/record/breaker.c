#include "record/breaker.h"

#include "base/text.h"

#include <string.h>

static const char PREFIX[] = "selfcheck-";

/* FAMILY_OPERATION_FORMAT of an id. */
static struct assay_slice stem_of(const char *id)
{
    const char *isa = strrchr(id, '_');
    return (struct assay_slice){id, isa ? (size_t)(isa - id) : strlen(id)};
}

bool assay_breaker_stands_in(const json_t *checks, const char *id)
{
    struct assay_slice stem = stem_of(id);
    for (size_t i = 0; i < json_array_size(checks); i++) {
        const json_t *check = json_array_get(checks, i);
        const char *name = json_string_value(json_object_get(check, "id"));
        const char *verdict = json_string_value(json_object_get(check, "verdict"));
        bool is_open = name && verdict && assay_text_starts(name, PREFIX) && strcmp(verdict, "fail") == 0;
        const char *open = is_open ? name + sizeof PREFIX - 1 : "";
        if (is_open && strcmp(open, id) != 0 && assay_slice_equal(stem_of(open), stem)) {
            return true;
        }
    }
    return false;
}
