#include "report/foreign.h"

#include "base/text.h"

#include <string.h>

#define SHOWN_PER_BYTE 4u /* \xNN */
#define URI_BYTES_MAX 65536u

void assay_foreign_put(struct assay_json_builder *b, json_t *object, const char *name, const char *bytes, size_t len,
                       size_t bytes_max)
{
    struct assay_buf shown;
    assay_buf_init(&shown, SHOWN_PER_BYTE * bytes_max + 16);
    assay_text_show(&shown, bytes, len, bytes_max);
    assay_json_put_text(b, object, name, shown.data && shown.len ? shown.data : "-");
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
    assay_json_put_text(b, object, "uri", uri.data && uri.len ? uri.data : "-");
    assay_buf_done(&uri);
}
