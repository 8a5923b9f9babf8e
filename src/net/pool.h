/* Gathering: bytes of one split event in a block that grows from 4 KiB to 64 KiB to the limit. Private to net/. */
#ifndef ASSAY_NET_POOL_H
#define ASSAY_NET_POOL_H

#include "net/stream.h"

/* False: over ASSAY_NET_EVENT_BYTES_MAX, or no block of the size needed is free. What was gathered stays. */
bool assay_net_gather_append(struct assay_net_gather *gather, const char *bytes, size_t len);
void assay_net_gather_release(struct assay_net_gather *gather); /* the block goes back; fine on none */

#endif
