#include "report/foreign.h"

#include "base/text.h"

#include <string.h>

#define SHOWN_PER_BYTE 4u /* \xNN */
#define URI_BYTES_MAX 65536u

/* The text of a buffer, or NULL if it or the builder has failed. */
static const char *made_text(struct assay_json_builder *b, const struct assay_buf *made, const char *name)
{
    if (made->failed != ASSAY_OK && b->failed == ASSAY_OK) {
        b->failed = made->failed;
        b->name = name;
    }
    return b->failed != ASSAY_OK ? NULL : made->len > 0 ? made->data : "-";
}

void assay_foreign_put_made(struct assay_json_builder *b, json_t *object, const char *name, struct assay_buf *made)
{
    const char *text = made_text(b, made, name);
    if (text) {
        assay_json_put_text(b, object, name, text);
    }
    assay_buf_done(made);
}

static void show(struct assay_buf *shown, const char *bytes, size_t len, size_t bytes_max)
{
    assay_buf_init(shown, SHOWN_PER_BYTE * bytes_max + 16);
    assay_text_show(shown, bytes, len, bytes_max);
}

void assay_foreign_put(struct assay_json_builder *b, json_t *object, const char *name, const char *bytes, size_t len,
                       size_t bytes_max)
{
    struct assay_buf shown;
    show(&shown, bytes, len, bytes_max);
    assay_foreign_put_made(b, object, name, &shown);
}

void assay_foreign_add(struct assay_json_builder *b, json_t *array, const char *bytes, size_t len, size_t bytes_max)
{
    struct assay_buf shown;
    show(&shown, bytes, len, bytes_max);
    const char *text = made_text(b, &shown, "an element");
    if (text) {
        assay_json_add_text(b, array, text);
    }
    assay_buf_done(&shown);
}

void assay_foreign_put_uri(struct assay_json_builder *b, json_t *object, const char *path)
{
    struct assay_buf uri;
    assay_buf_init(&uri, URI_BYTES_MAX);
    for (const char *p = path; *p; p++) {
        bool is_plain =
            (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || strchr("-._~/", *p);
        assay_buf_printf(&uri, is_plain ? "%c" : "%%%02X", (unsigned char)*p);
    }
    assay_foreign_put_made(b, object, "uri", &uri);
}
