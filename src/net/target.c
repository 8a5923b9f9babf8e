#include "net/target_impl.h"

#include "base/clock.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TRY_TIMEOUT_NS (5 * ASSAY_NS_PER_S) /* a host that does not answer within it will not within a run */

static assay_code resolve(const char *host, uint16_t port, struct addrinfo **ret, assay_err *err)
{
    char service[8];
    (void)snprintf(service, sizeof service, "%u", (unsigned)port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    int rc = getaddrinfo(host, service, &hints, ret);
    if (rc != 0) {
        return assay_fail(err, ASSAY_NETWORK, "cannot resolve host '%s': %s", host, gai_strerror(rc));
    }
    return ASSAY_OK;
}

/* True if a connection is accepted in time. */
static bool accepts(const struct addrinfo *info, uint64_t timeout_ns)
{
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    bool is_accepted = connect(fd, info->ai_addr, info->ai_addrlen) == 0;
    if (!is_accepted && errno == EINPROGRESS) {
        struct pollfd wait = {.fd = fd, .events = POLLOUT};
        int failure = 0;
        socklen_t len = sizeof failure;
        is_accepted = poll(&wait, 1, (int)(timeout_ns / ASSAY_NS_PER_MS)) == 1 &&
                      getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &len) == 0 && failure == 0;
    }
    (void)close(fd);
    return is_accepted;
}

static const struct addrinfo *choose(const struct addrinfo *list, uint64_t timeout_ns)
{
    for (const struct addrinfo *info = list; list->ai_next && info; info = info->ai_next) {
        if (accepts(info, timeout_ns)) {
            return info;
        }
    }
    return list;
}

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
    }
    struct sockaddr_in6 v6;
    memcpy(&v6, address, sizeof v6);
    return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) ||
           (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) && v6.sin6_addr.s6_addr[12] == 127);
}

static void write_address(struct assay_net_target *target)
{
    char host[NI_MAXHOST] = "?", port[NI_MAXSERV] = "?";
    (void)getnameinfo((const struct sockaddr *)&target->address, target->address_len, host, sizeof host, port,
                      sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    const bool is_v6 = target->address.ss_family == AF_INET6;
    (void)snprintf(target->address_text, sizeof target->address_text, is_v6 ? "[%.200s]:%.8s" : "%.200s:%.8s", host,
                   port);
}

static assay_code find_address(struct assay_net_target *target, uint64_t timeout_ns, assay_err *err)
{
    const bool is_proxied = target->proxy.is_set;
    struct addrinfo *list = NULL;
    assay_code rc = resolve(is_proxied ? target->proxy.host : target->url.host,
                            is_proxied ? target->proxy.port : target->url.port, &list, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    const struct addrinfo *chosen = choose(list, timeout_ns ? timeout_ns : TRY_TIMEOUT_NS);
    memcpy(&target->address, chosen->ai_addr, chosen->ai_addrlen);
    target->address_len = chosen->ai_addrlen;
    target->is_loopback = is_loopback(chosen->ai_addr);
    freeaddrinfo(list);
    write_address(target);
    return ASSAY_OK;
}

static void write_connect_head(struct assay_net_target *target)
{
    const struct assay_net_url *url = &target->url;
    const char *open = url->is_ipv6 ? "[" : "", *close = url->is_ipv6 ? "]" : "";
    const char *key = target->proxy.authorization;
    int len = snprintf(target->connect_head, sizeof target->connect_head,
                       "CONNECT %s%s%s:%u HTTP/1.1\r\nHost: %s%s%s:%u\r\n%s%s%s\r\n", open, url->host, close,
                       (unsigned)url->port, open, url->host, close, (unsigned)url->port,
                       key[0] ? "Proxy-Authorization: " : "", key, key[0] ? "\r\n" : "");
    target->connect_head_len = (size_t)len;
}

static assay_code fill(struct assay_net_target *target, const struct assay_net_target_options *options, assay_err *err)
{
    assay_code rc = assay_net_url_parse(options->url, &target->url, err);
    if (rc == ASSAY_OK && options->proxy) {
        rc = assay_net_proxy_parse(options->proxy, &target->proxy, err);
    } else if (rc == ASSAY_OK && options->found_proxy) {
        target->proxy = *options->found_proxy;
    }
    if (rc == ASSAY_OK && target->url.is_tls) {
        rc = assay_net_tls_context_new(options->ca_file, options->is_insecure, &target->tls, err);
    }
    if (rc == ASSAY_OK) {
        rc = find_address(target, options->timeout_ns, err);
    }
    if (rc == ASSAY_OK && target->url.is_tls && target->proxy.is_set) {
        write_connect_head(target);
    }
    return rc;
}

assay_code assay_net_target_open(const struct assay_net_target_options *options, struct assay_net_target **ret,
                                 assay_err *err)
{
    struct assay_net_target *target = assay_alloc(1, sizeof *target);
    if (!target) {
        return assay_nomem(err);
    }
    assay_code rc = fill(target, options, err);
    if (rc != ASSAY_OK) {
        assay_net_target_close(target);
        return rc;
    }
    *ret = target;
    return ASSAY_OK;
}

void assay_net_target_close(struct assay_net_target *target)
{
    if (target) {
        assay_net_tls_context_free(target->tls);
        assay_free(target);
    }
}

const struct assay_net_url *assay_net_target_url(const struct assay_net_target *target)
{
    return &target->url;
}

const struct assay_net_proxy *assay_net_target_proxy(const struct assay_net_target *target)
{
    return target->proxy.is_set && !target->url.is_tls ? &target->proxy : NULL;
}

const char *assay_net_target_address(const struct assay_net_target *target)
{
    return target->address_text;
}

bool assay_net_target_is_loopback(const struct assay_net_target *target)
{
    return target->is_loopback;
}
