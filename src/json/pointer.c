#include "json/json.h"

#include "base/num.h"
#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define CUT_BYTES 3                                         /* "..." */
#define ROOM_END (ASSAY_JSON_POINTER_BYTES - 1 - CUT_BYTES) /* text ends here, so that a cut can always be shown */

/* Appends what fits. A text that does not is replaced by dots up to the very end; a pointer that reaches there is cut
 * and takes nothing more until it comes back to an earlier mark. */
static void append(struct assay_json_pointer *at, const char *text, size_t len)
{
    if (at->len > ROOM_END) {
        return;
    }
    if (len <= ROOM_END - at->len) {
        memcpy(at->text + at->len, text, len);
        at->len += len;
    } else {
        memset(at->text + at->len, '.', ROOM_END + CUT_BYTES - at->len);
        at->len = ROOM_END + CUT_BYTES;
    }
    at->text[at->len] = '\0';
}

size_t assay_json_pointer_name(struct assay_json_pointer *at, const char *name)
{
    size_t mark = at->len;
    append(at, "/", 1);
    for (const char *c = name; *c; c++) {
        if (*c == '~') {
            append(at, "~0", 2);
        } else if (*c == '/') {
            append(at, "~1", 2);
        } else {
            append(at, c, 1);
        }
    }
    return mark;
}

size_t assay_json_pointer_index(struct assay_json_pointer *at, size_t index)
{
    char text[24];
    size_t mark = at->len;
    int n = snprintf(text, sizeof text, "/%zu", index);
    assert(n > 0 && (size_t)n < sizeof text);
    append(at, text, (size_t)n);
    return mark;
}

void assay_json_pointer_back(struct assay_json_pointer *at, size_t mark)
{
    assert(mark <= at->len);
    at->len = mark;
    at->text[mark] = '\0';
}

/* An array index of RFC 6901: "0", or digits without a leading zero. */
static json_t *at_index(const json_t *array, struct assay_slice token)
{
    uint64_t index;
    bool is_canonical = token.data[0] != '0' || token.len == 1; /* behind an empty token stands '/' or NUL */
    return is_canonical && assay_num_u64(token, "an index", SIZE_MAX, &index, NULL) == ASSAY_OK
               ? json_array_get(array, index)
               : NULL;
}

static json_t *at_name(const json_t *object, struct assay_slice token)
{
    char name[ASSAY_JSON_POINTER_BYTES];
    size_t len = 0;
    for (size_t i = 0; i < token.len; i++) {
        char c = token.data[i];
        if (len == sizeof name) {
            return NULL;
        }
        if (c == '~') {
            char escaped = token.data[++i]; /* behind a token stands '/' or NUL */
            if (escaped != '0' && escaped != '1') {
                return NULL;
            }
            c = escaped == '0' ? '~' : '/';
        }
        name[len++] = c;
    }
    return json_object_getn(object, name, len);
}

json_t *assay_json_at(const json_t *root, const char *pointer)
{
    union { /* the tree is borrowed; who may change it is the caller's matter, as with json_object_get */
        const json_t *in;
        json_t *out;
    } value = {root};
    struct assay_slice rest = assay_slice_of(pointer);
    if (rest.len == 0) {
        return value.out;
    }
    if (rest.data[0] != '/') {
        return NULL;
    }
    rest = (struct assay_slice){rest.data + 1, rest.len - 1};
    while (rest.data && value.out) {
        struct assay_slice token = assay_slice_cut(&rest, '/');
        value.out = json_is_object(value.in)  ? at_name(value.in, token)
                    : json_is_array(value.in) ? at_index(value.in, token)
                                              : NULL;
    }
    return value.out;
}
