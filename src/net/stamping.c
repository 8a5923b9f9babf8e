/* The one stamping socket that a process holds open, so that the kernel stamps from the first measured segment on. */
#include "net/stamp.h"

#include "net/sock.h"

#include <errno.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PROOF_TRIES 50 /* the kernel switches stamping on from a work queue; a few milliseconds on a busy machine */
#define PROOF_WAIT_MS 4

/* A datagram socket that talks to itself. */
static int open_to_itself(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    if (bind(fd, (struct sockaddr *)&address, len) != 0 || getsockname(fd, (struct sockaddr *)&address, &len) != 0 ||
        connect(fd, (struct sockaddr *)&address, len) != 0) {
        int saved = errno;
        (void)close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static bool comes_back_stamped(int fd)
{
    char byte = 0;
    if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1) {
        return false;
    }
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    if (poll(&wait, 1, PROOF_WAIT_MS) != 1) {
        return false;
    }
    return assay_net_sock_recv(fd, &byte, 1).real_ns != 0;
}

assay_code assay_net_stamping_open(struct assay_net_stamping *ret, assay_err *err)
{
    int fd = open_to_itself();
    if (fd < 0) {
        return assay_fail_errno(err, ASSAY_NETWORK, "cannot open a loopback socket to switch kernel time stamps on");
    }
    const int flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
    bool is_on = false;
    if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags) == 0) {
        for (int i = 0; i < PROOF_TRIES && !is_on; i++) {
            is_on = comes_back_stamped(fd);
        }
    }
    *ret = (struct assay_net_stamping){.fd = fd, .is_on = is_on};
    return ASSAY_OK;
}

void assay_net_stamping_close(struct assay_net_stamping *stamping)
{
    if (stamping->fd >= 0) {
        (void)close(stamping->fd);
    }
    *stamping = (struct assay_net_stamping){.fd = -1};
}
