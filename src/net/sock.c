#include "net/sock.h"

#include "base/clock.h"
#include "net/stamp.h"

#include <errno.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int assay_net_sock_new(int family, struct assay_net_sock_refusals *ret_refusals)
{
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    /* Before connect: the first segments of a fast server arrive with the handshake. */
    const int flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
    const int on = 1;
    ret_refusals->is_rx_refused = setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags) != 0;
    ret_refusals->is_inq_refused = setsockopt(fd, IPPROTO_TCP, TCP_INQ, &on, sizeof on) != 0;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* cannot fail on TCP */
    return fd;
}

static uint64_t stamp_of(const struct cmsghdr *control)
{
    struct timespec stamp; /* ts[0] of struct scm_timestamping: the software stamp */
    if (control->cmsg_len < CMSG_LEN(sizeof stamp)) {
        return 0;
    }
    memcpy(&stamp, CMSG_DATA(control), sizeof stamp);
    return (uint64_t)stamp.tv_sec * ASSAY_NS_PER_S + (uint64_t)stamp.tv_nsec;
}

uint64_t assay_net_sock_stamp(struct msghdr *message)
{
    for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control; control = CMSG_NXTHDR(message, control)) {
        if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_TIMESTAMPING) {
            return stamp_of(control);
        }
    }
    return 0;
}

static uint32_t left_of(struct msghdr *message)
{
    for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control; control = CMSG_NXTHDR(message, control)) {
        if (control->cmsg_level == IPPROTO_TCP && control->cmsg_type == TCP_CM_INQ) {
            int left;
            memcpy(&left, CMSG_DATA(control), sizeof left);
            return left < 0 ? ASSAY_NET_LEFT_UNKNOWN : (uint32_t)left;
        }
    }
    return ASSAY_NET_LEFT_UNKNOWN;
}

/* After a FIN the kernel reports one byte that is not there, so that one goes on reading (net/ipv4/tcp.c,
 * tcp_inq_hint). */
static bool is_only_fin(int fd)
{
    char byte;
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

struct assay_net_sock_read assay_net_sock_recv(int fd, void *buffer, size_t capacity)
{
    _Alignas(struct cmsghdr) char control[ASSAY_NET_CONTROL_BYTES];
    struct iovec piece = {.iov_base = buffer, .iov_len = capacity};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct assay_net_sock_read read = {.left_bytes = ASSAY_NET_LEFT_UNKNOWN};
    read.before_ns = assay_clock_mono_ns();
    do {
        read.count = recvmsg(fd, &message, MSG_DONTWAIT);
    } while (read.count < 0 && errno == EINTR);
    read.sys_errno = read.count < 0 ? errno : 0;
    read.after_ns = assay_clock_mono_ns();
    if (read.count > 0 && !(message.msg_flags & MSG_CTRUNC)) {
        read.real_ns = assay_net_sock_stamp(&message);
        read.left_bytes = left_of(&message);
        if (read.left_bytes == 1 && is_only_fin(fd)) {
            read.left_bytes = 0;
        }
    }
    return read;
}
