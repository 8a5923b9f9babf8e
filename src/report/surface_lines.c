/* The four lines of every receipt, for forms of JSON: a form that shows findings alone would read as all right. */
#include "report/escape.h"
#include "report/foreign.h"
#include "report/surface_rows.h"

#include <string.h>

#define LINE_BYTES_MAX 1024u
#define RECEIPTS_MAX 512u /* as many as one call judges */

void assay_surface_put_receipts(struct assay_json_builder *b, json_t *object, const struct assay_surface *surface)
{
    json_t *list = assay_json_put_array(b, object, "receipts");
    for (size_t i = 0; i < surface->input->receipts_count && i < RECEIPTS_MAX; i++) {
        const struct assay_surface_group *group = &surface->groups[i];
        json_t *entry = assay_json_add_object(b, list);
        assay_foreign_put(b, entry, "name", group->name, strlen(group->name), ASSAY_SHOWN_BYTES_MAX);
        if (group->view) {
            assay_json_put_text(b, entry, "digest", group->view->digest);
        }
        for (size_t k = 0; k < ASSAY_SURFACE_LINES; k++) {
            const struct assay_surface_line *line = &group->receipt->lines[k];
            json_t *told = assay_json_put_object(b, entry, line->name);
            if (line->has_verdict) {
                assay_json_put_text(b, told, "verdict", assay_verdict_text(line->verdict));
            }
            assay_foreign_put(b, told, "text", line->text, strlen(line->text), LINE_BYTES_MAX);
        }
    }
}
