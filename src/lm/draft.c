/* Prompt lookup (kernels.md 4.2.10). */
#include "lm/generate.h"

#include <string.h>

#define GRAM_MAX 4 /* tokens that must agree: long ones are tried first, since they are right more often */
#define GRAM_MIN 2

size_t assay_draft_find(const int32_t *ids, size_t count, size_t most, int32_t *ret_ids)
{
    for (size_t gram = count > GRAM_MAX ? GRAM_MAX : count > 0 ? count - 1 : 0; gram >= GRAM_MIN; gram--) {
        const int32_t *last = ids + count - gram;
        for (size_t at = count - gram; at-- > 0;) {
            if (memcmp(ids + at, last, gram * sizeof *ids) == 0) {
                size_t from = at + gram, found = count - from < most ? count - from : most;
                memcpy(ret_ids, ids + from, found * sizeof *ids);
                return found;
            }
        }
    }
    return 0;
}
