/* The place of a fault as a JSON pointer. Only run when something is wrong, so it may scan again and again. */
#include "workload/llm_event.h"

#include "base/num.h"

#include <stdio.h>

struct path {
    char *text;
    size_t len;
};

static void path_add(struct path *path, const char *bytes, size_t len)
{
    size_t room = ASSAY_LLM_PATH_BYTES - 1 - path->len;
    size_t part = len < room ? len : room;
    memcpy(path->text + path->len, bytes, part);
    path->len += part;
    path->text[path->len] = '\0';
}

/* "~" and "/" in names are escaped (RFC 6901); escapes of JSON stay as they are, and so does no control byte. */
static void path_name(struct path *path, struct assay_llm_text name)
{
    path_add(path, "/", 1);
    for (uint32_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        if (c == '~') {
            path_add(path, "~0", 2);
        } else if (c == '/') {
            path_add(path, "~1", 2);
        } else {
            path_add(path, (unsigned char)c < 0x20 || (unsigned char)c >= 0x7f ? "?" : &c, 1);
        }
    }
}

static void path_index(struct path *path, size_t index)
{
    char text[24];
    int len = snprintf(text, sizeof text, "/%zu", index);
    path_add(path, text, (size_t)len);
}

/* Adds one step to the path: the member or entry of the container at scan->at that holds target, on which scan is left.
 * False: there is none, the path ends here. */
static bool path_step(struct assay_llm_scan *scan, const char *target, struct path *path)
{
    char opening = assay_llm_scan_peek(scan), closing = opening == '{' ? '}' : ']';
    bool is_empty = false, has_more = true;
    if ((opening != '{' && opening != '[') || scan->at == target || !assay_llm_scan_enter(scan, closing, &is_empty)) {
        return false;
    }
    for (size_t index = 0; !is_empty && has_more; index++) {
        struct assay_llm_text name = {NULL, 0, false};
        if (opening == '{' && !assay_llm_scan_name(scan, &name)) {
            return false;
        }
        assay_llm_scan_space(scan);
        struct assay_llm_scan before = *scan;
        bool is_good = assay_llm_scan_skip(scan);
        if (!is_good || scan->at > target) {
            opening == '{' ? path_name(path, name) : path_index(path, index);
            *scan = before;
            return true;
        }
        if (!assay_llm_scan_next(scan, closing, &has_more)) {
            return false;
        }
    }
    return false;
}

void assay_llm_event_path(const char *bytes, size_t len, size_t offset, char ret[ASSAY_LLM_PATH_BYTES])
{
    struct assay_llm_scan scan = {.at = bytes, .end = bytes + len};
    struct path path = {.text = ret};
    ret[0] = '\0';
    while (path_step(&scan, bytes + offset, &path)) {
    }
}
