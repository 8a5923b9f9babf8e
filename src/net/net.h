/*
 * net/: sockets with kernel time stamps, TLS, HTTP/1.1, server-sent events and NDJSON (endpoints.md 1, 3, 8).
 *
 * Client, in this order:
 *
 *     struct assay_net_stamping stamping;                      // once a process, before warm-up, until the end
 * (stamp.h) rc = assay_net_stamping_open(&stamping, &err); struct assay_net_target *target;                         //
 * names are resolved here, once (target.h) rc = assay_net_target_open(&(struct assay_net_target_options){.url =
 * "http://localhost:8080"}, &target, &err); struct assay_net_loop *loop;                             // one per worker
 * thread (client.h) rc = assay_net_loop_new(&(struct assay_net_loop_options){.slots = 64}, &loop, &err);
 *
 *     rc = assay_net_head_build(&head_bytes, &head, &err);     // request bytes, prebuilt (url.h)
 *     int32_t slot = assay_net_loop_submit(loop, &request);    // sends at once where it can
 *     while (...) assay_net_loop_run(loop, next_due_ns, ASSAY_NET_SLEEP);   // callbacks fire in here
 *
 *     assay_net_loop_free(loop); assay_net_target_close(target); assay_net_stamping_close(&stamping);
 *
 * In the callbacks of a request, on_segment tells of every recvmsg, on_body hands over decoded body bytes. A body
 * parser (stream.h) reports for every event where its extent ends in those bytes; assay_net_span_after() turns that
 * into "bytes of the read that follow the event", which is all that is needed, beside the segment, to tell how good its
 * stamp is.
 *
 * Identity questions need none of that: assay_net_fetch() asks and waits.
 *
 * Server (server.h): listen, accept, a request parser, and writes with kernel transmit stamps.
 *
 * Errors: what the network or the peer did to one request is an outcome with its facts, never an assay_err. Functions
 * that prepare something return an assay_code. Threads: every object belongs to one thread at a time, but a target may
 * be shared by any number of loops. No function touches SIGPIPE; sends use MSG_NOSIGNAL.
 */
#ifndef ASSAY_NET_NET_H
#define ASSAY_NET_NET_H

#include "net/client.h"
#include "net/server.h"
#include "net/stamp.h"
#include "net/stream.h"
#include "net/target.h"
#include "net/url.h"

#endif
