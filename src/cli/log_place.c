#include "cli/log_place.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define HTTP_OK 200
#define HTTP_NOT_FOUND 404
#define HTTP_GONE 410

bool assay_log_place_is_url(const char *place)
{
    return assay_text_starts(place, "http://") || assay_text_starts(place, "https://");
}

/* One of the log's files by GET; the size and root that count come from the verified checkpoint alone. */
static assay_code get(void *context, const char *name, struct assay_buf *ret, assay_err *err)
{
    const struct assay_log_place *place = context;
    char path[ASSAY_NET_URL_BYTES_MAX];
    int status = 0, len = snprintf(path, sizeof path, "%s/%s", place->prefix, name);
    if (len < 0 || (size_t)len >= sizeof path) {
        return assay_fail(err, ASSAY_USAGE, "the URL is too long, expected at most %zu bytes with %s", sizeof path,
                          name);
    }
    const struct assay_net_question question = {.target = place->target, .method = "GET", .path = path};
    size_t before = ret->len;
    assay_code rc = assay_net_fetch(&question, ret, &status, err);
    if (rc != ASSAY_OK) {
        assay_wrap(err, "%s", path);
        return rc;
    }
    if (status == HTTP_OK) {
        return ASSAY_OK;
    }
    ret->len = before; /* the page that says why is no part of the log */
    return status == HTTP_NOT_FOUND || status == HTTP_GONE
               ? assay_fail(err, ASSAY_NOT_FOUND, "%s: the server has no such file (status %d)", path, status)
               : assay_fail(err, ASSAY_NETWORK, "%s: the server answered with status %d, expected 200", path, status);
}

/* The path of the URL without the '/' at its end. */
static assay_code keep_prefix(struct assay_log_place *place, assay_err *err)
{
    const char *path = assay_net_target_url(place->target)->path;
    size_t len = strlen(path);
    if (strchr(path, '?')) {
        return assay_fail(err, ASSAY_USAGE, "the URL of a log is that of its folder, without a query");
    }
    while (len > 0 && path[len - 1] == '/') {
        len--;
    }
    (void)snprintf(place->prefix, sizeof place->prefix, "%.*s", (int)len, path);
    return ASSAY_OK;
}

assay_code assay_log_place_open(const char *place, enum assay_log_mode mode, struct assay_log_place *ret,
                                assay_err *err)
{
    *ret = (struct assay_log_place){0};
    if (!assay_log_place_is_url(place)) {
        return assay_log_dir_open(place, mode, &ret->log, err);
    }
    const struct assay_log_source source = {.get = get, .context = ret};
    assay_code rc = assay_net_target_open(&(struct assay_net_target_options){.url = place}, &ret->target, err);
    rc = rc == ASSAY_OK ? keep_prefix(ret, err) : rc;
    return rc == ASSAY_OK ? assay_log_open_from(&source, place, mode, &ret->log, err) : rc;
}

void assay_log_place_close(struct assay_log_place *place)
{
    assay_log_dir_close(place->log);
    assay_net_target_close(place->target);
    *place = (struct assay_log_place){0};
}
