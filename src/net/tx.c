/* Transmit stamps by control message and error queue (endpoints.md 1.3; Linux Documentation/networking/timestamping).
 */
#include "net/tx.h"

#include "net/sock.h"

#include <assert.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#define REAP_BATCH 16 /* notes a system call; a busy server has one a write */

void assay_net_tx_init(struct assay_net_tx *tx, int fd)
{
    *tx = (struct assay_net_tx){.fd = fd};
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const unsigned common = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID |
                            SOF_TIMESTAMPING_OPT_TSONLY;
    const unsigned choices[] = {common | ASSAY_NET_SOF_OPT_ID_TCP, common};
    for (size_t i = 0; i < sizeof choices / sizeof choices[0] && !tx->is_on; i++) {
        tx->is_on = setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &choices[i], sizeof choices[i]) == 0;
    }
}

/* Puts the wish for stamps of this one sendmsg into control. */
static void ask_for_stamps(struct msghdr *message, char *control, size_t capacity, struct assay_net_tx_ask ask)
{
    uint32_t flags =
        (ask.snd ? (uint32_t)SOF_TIMESTAMPING_TX_SOFTWARE : 0) | (ask.ack ? (uint32_t)SOF_TIMESTAMPING_TX_ACK : 0);
    memset(control, 0, capacity);
    message->msg_control = control;
    message->msg_controllen = CMSG_SPACE(sizeof flags);
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SO_TIMESTAMPING;
    header->cmsg_len = CMSG_LEN(sizeof flags);
    memcpy(CMSG_DATA(header), &flags, sizeof flags);
}

ssize_t assay_net_tx_sendv(struct assay_net_tx *tx, struct iovec *pieces, size_t count, struct assay_net_tx_ask ask,
                           uint32_t *ret_id)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(uint32_t))];
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
    if (tx->is_on && (ask.snd || ask.ack)) {
        ask_for_stamps(&message, control, sizeof control, ask);
    }
    ssize_t sent;
    do {
        sent = sendmsg(tx->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    if (sent > 0) {
        tx->next_id += (uint32_t)sent; /* modulo 2^32, as the kernel counts */
        *ret_id = tx->next_id - 1;
    }
    return sent;
}

ssize_t assay_net_tx_send(struct assay_net_tx *tx, const void *bytes, size_t len, struct assay_net_tx_ask ask,
                          uint32_t *ret_id)
{
    struct iovec piece = {.iov_len = len};
    memcpy(&piece.iov_base, &bytes, sizeof bytes); /* sendmsg only reads; iovec has no const */
    return assay_net_tx_sendv(tx, &piece, 1, ask, ret_id);
}

static bool is_extended_error(const struct cmsghdr *control)
{
    return (control->cmsg_level == SOL_IP && control->cmsg_type == IP_RECVERR) ||
           (control->cmsg_level == SOL_IPV6 && control->cmsg_type == IPV6_RECVERR);
}

static bool note_of(struct msghdr *message, struct assay_net_tx_note *ret)
{
    for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control; control = CMSG_NXTHDR(message, control)) {
        struct sock_extended_err error;
        if (!is_extended_error(control) || control->cmsg_len < CMSG_LEN(sizeof error)) {
            continue;
        }
        memcpy(&error, CMSG_DATA(control), sizeof error);
        if (error.ee_origin != SO_EE_ORIGIN_TIMESTAMPING) {
            *ret = (struct assay_net_tx_note){.kind = ASSAY_NET_TX_ERROR, .sys_errno = (int)error.ee_errno};
            return true;
        }
        if (error.ee_info != SCM_TSTAMP_SND && error.ee_info != SCM_TSTAMP_ACK) {
            return false;
        }
        *ret = (struct assay_net_tx_note){
            .kind = error.ee_info == SCM_TSTAMP_SND ? ASSAY_NET_TX_SND : ASSAY_NET_TX_ACK,
            .id = error.ee_data,
            .real_ns = message->msg_flags & MSG_CTRUNC ? 0 : assay_net_sock_stamp(message),
        };
        return true;
    }
    return false;
}

/* One batch. *ret_is_empty: the queue had no more when it was read. */
static size_t reap_batch(int fd, struct assay_net_tx_note *notes, size_t max, bool *ret_is_empty)
{
    _Alignas(struct cmsghdr) char controls[REAP_BATCH][ASSAY_NET_CONTROL_BYTES];
    struct mmsghdr messages[REAP_BATCH];
    const unsigned wanted = max < REAP_BATCH ? (unsigned)max : REAP_BATCH;
    for (unsigned i = 0; i < wanted; i++) {
        messages[i] = (struct mmsghdr){.msg_hdr = {.msg_control = controls[i], .msg_controllen = sizeof controls[i]}};
    }
    int got;
    do {
        got = recvmmsg(fd, messages, wanted, MSG_ERRQUEUE | MSG_DONTWAIT, NULL);
    } while (got < 0 && errno == EINTR);
    *ret_is_empty = got < (int)wanted;
    size_t count = 0;
    for (int i = 0; i < got; i++) {
        count += note_of(&messages[i].msg_hdr, &notes[count]);
    }
    return count;
}

size_t assay_net_tx_reap(const struct assay_net_tx *tx, struct assay_net_tx_note *notes, size_t max)
{
    size_t count = 0;
    bool is_empty = max == 0;
    while (!is_empty && count < max) {
        count += reap_batch(tx->fd, notes + count, max - count, &is_empty);
    }
    return count;
}
