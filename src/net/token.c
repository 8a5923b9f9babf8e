#include "net/token.h"

#include <string.h>
#include <strings.h>

bool assay_net_token_is(struct assay_slice text)
{
    static const char SIGNS[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        bool is_alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_alnum && (c == '\0' || !strchr(SIGNS, c))) {
            return false;
        }
    }
    return text.len > 0;
}

bool assay_net_token_same(struct assay_slice text, const char *other)
{
    return text.len == strlen(other) && strncasecmp(text.data, other, text.len) == 0;
}

bool assay_net_token_number(struct assay_slice text, uint64_t *ret)
{
    uint64_t value = 0;
    if (text.len == 0 || text.len > 18) { /* beyond every limit of ours, and far from overflow */
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    *ret = value;
    return true;
}
