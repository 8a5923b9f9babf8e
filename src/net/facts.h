/* Filling the facts of a request. Private to net/. */
#ifndef ASSAY_NET_FACTS_H
#define ASSAY_NET_FACTS_H

#include "net/client.h"
#include "net/server.h"

/* A transmit stamp of the request's last byte: the first SND is kept, further ones are retransmissions. */
void assay_net_facts_take_stamp(struct assay_net_facts *facts, enum assay_net_tx_kind kind,
                                struct assay_net_stamp stamp);

#endif
