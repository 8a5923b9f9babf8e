/* URLs and proxies: what is taken is whole, and a head written for it is one head. */
#include "net/net.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_head(const struct assay_net_url *url, const struct assay_net_proxy *proxy)
{
    struct assay_buf out;
    assay_buf_init(&out, 16384);
    const struct assay_net_head head = {.url = url, .proxy = proxy, .method = "GET"};
    assert(assay_net_head_build(&out, &head, NULL) == ASSAY_OK);
    assert(strstr(out.data, "\r\n\r\n") == out.data + out.len - 4);
    assay_buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char *text = assay_strndup((const char *)bytes, len);
    struct assay_net_url url;
    struct assay_net_proxy proxy = {0};
    assay_err err = {0};
    if (!text) {
        return 0;
    }
    bool is_proxy = assay_net_proxy_parse(text, &proxy, &err) == ASSAY_OK;
    assert(is_proxy == (err.code == ASSAY_OK));
    if (assay_net_url_parse(text, &url, NULL) == ASSAY_OK) {
        assert(url.port != 0 && url.path[0] == '/' && url.host[0] != '\0' && url.authority[0] != '\0');
        check_head(&url, NULL);
        check_head(&url, &proxy);
    }
    assay_free(text);
    return 0;
}
