/* The small words of HTTP (RFC 9110, 5.6), shared by both parsers and the head builder. Private to net/. */
#ifndef ASSAY_NET_TOKEN_H
#define ASSAY_NET_TOKEN_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

bool assay_net_token_is(struct assay_slice text);                      /* one token: a method, a header name */
bool assay_net_token_same(struct assay_slice text, const char *other); /* ASCII case ignored */
bool assay_net_token_number(struct assay_slice text, uint64_t *ret);   /* decimal, below 10^18 */

#endif
