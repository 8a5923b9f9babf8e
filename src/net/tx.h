/* The gathering form of assay_net_tx_send, for a head and a body that lie apart. Private to net/. */
#ifndef ASSAY_NET_TX_H
#define ASSAY_NET_TX_H

#include "net/server.h"

#include <sys/uio.h>

ssize_t assay_net_tx_sendv(struct assay_net_tx *tx, struct iovec *pieces, size_t count, struct assay_net_tx_ask ask,
                           uint32_t *ret_id);

#endif
