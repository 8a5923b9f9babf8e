#include "net/server.h"

#include "base/num.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 4096 /* a lock-step start of all streams connects at once; the kernel cuts it to somaxconn */

static uint16_t port_of(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        return 0;
    }
    in_port_t port;
    const size_t at = address.ss_family == AF_INET6 ? offsetof(struct sockaddr_in6, sin6_port)
                                                    : offsetof(struct sockaddr_in, sin_port);
    memcpy(&port, (const char *)&address + at, sizeof port);
    return ntohs(port);
}

static int bind_and_listen(const struct addrinfo *info)
{
    const int on = 1;
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on); /* or a restart waits for TIME_WAIT */
    if (bind(fd, info->ai_addr, info->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        int saved = errno;
        (void)close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

assay_code assay_net_listen(const char *address, uint16_t port, struct assay_net_listener *ret, assay_err *err)
{
    char service[8];
    (void)snprintf(service, sizeof service, "%u", (unsigned)port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *info = NULL;
    if (getaddrinfo(address, service, &hints, &info) != 0) {
        return assay_fail(err, ASSAY_USAGE, "'%s' is no IPv4 or IPv6 address to listen on", address);
    }
    int fd = bind_and_listen(info);
    freeaddrinfo(info);
    if (fd < 0) {
        return assay_fail_errno(err, ASSAY_NETWORK, "cannot listen on %s port %u", address, (unsigned)port);
    }
    *ret = (struct assay_net_listener){.fd = fd, .port = port_of(fd)};
    return ASSAY_OK;
}

#define HOST_BYTES 64 /* the longest IPv6 literal has 45, a zone adds an interface's name */

static assay_code split_address(const char *where, char *host, size_t host_bytes, uint16_t *ret_port, assay_err *err)
{
    const char *colon = strrchr(where, ':');
    if (!colon) {
        return assay_fail(err, ASSAY_USAGE, "'%s' is no address to listen on; expected ADDRESS:PORT", where);
    }
    struct assay_slice name = {where, (size_t)(colon - where)};
    if (name.len > 1 && name.data[0] == '[' && name.data[name.len - 1] == ']') {
        name = (struct assay_slice){name.data + 1, name.len - 2};
    }
    if (name.len >= host_bytes) {
        return assay_fail(err, ASSAY_USAGE, "'%s' is no address to listen on: it is too long", where);
    }
    memcpy(host, name.data, name.len);
    host[name.len] = '\0';
    uint64_t port = 0;
    assay_code rc = assay_num_u64(assay_slice_of(colon + 1), "port", UINT16_MAX, &port, err);
    *ret_port = (uint16_t)port;
    return rc;
}

assay_code assay_net_listen_at(const char *where, struct assay_net_listener *ret, assay_err *err)
{
    char host[HOST_BYTES];
    uint16_t port = 0;
    assay_code rc = split_address(where, host, sizeof host, &port, err);
    return rc == ASSAY_OK ? assay_net_listen(host, port, ret, err) : rc;
}

void assay_net_listener_close(struct assay_net_listener *listener)
{
    if (listener->fd >= 0) {
        (void)close(listener->fd);
    }
    *listener = (struct assay_net_listener){.fd = -1};
}

int assay_net_accept(const struct assay_net_listener *listener)
{
    const int on = 1;
    int fd;
    do {
        fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
    if (fd >= 0) {
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    return fd;
}
