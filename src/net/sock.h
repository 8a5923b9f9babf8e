/*
 * Sockets of the client: made with the options that receive stamps need, and read with the stamps (endpoints.md 1.3).
 * Private to net/.
 */
#ifndef ASSAY_NET_SOCK_H
#define ASSAY_NET_SOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* Not in the headers of kernels before 6.2; the kernel that runs decides by refusing it. */
#define ASSAY_NET_SOF_OPT_ID_TCP (1u << 16)

#define ASSAY_NET_CONTROL_BYTES \
    256 /* SCM_TIMESTAMPING (64) + TCP_INQ (24) or extended error (48), with room to spare */

struct assay_net_sock_refusals {
    bool is_rx_refused, is_inq_refused;
};

/* A non-blocking TCP socket, not connected; receive stamps and TCP_INQ already asked for. -1 with errno. */
int assay_net_sock_new(int family, struct assay_net_sock_refusals *ret_refusals);

struct assay_net_sock_read {
    ssize_t count; /* bytes, 0 at the end, -1 with sys_errno */
    int sys_errno;
    uint64_t before_ns, after_ns; /* mono */
    uint64_t real_ns;             /* kernel stamp, 0 = none */
    uint32_t left_bytes;          /* TCP_INQ, or ASSAY_NET_LEFT_UNKNOWN */
};

struct assay_net_sock_read assay_net_sock_recv(int fd, void *buffer, size_t capacity);

/* The stamp of an SCM_TIMESTAMPING control message, if the message has one; 0 = none. */
uint64_t assay_net_sock_stamp(struct msghdr *message);

#endif
