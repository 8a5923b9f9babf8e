#include "serve/lm_server.h"

#include "base/clock.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define TICK_NS (200 * ASSAY_NS_PER_MS) /* how late a stop flag or a time limit may be seen */
#define EVENTS_MAX 64                   /* of one turn; the rest waits for the next */
#define CONN_MEMORY_BYTES (64 * 1024)   /* of a connection in the library: headers (endpoints.md 8), one event */
#define CUT_NS (10 * ASSAY_NS_PER_S)    /* after which a request that will not end is left behind */

/* ---- connections -------------------------------------------------------------------------------------------------*/

static uint64_t header_ns(const struct lm_server *server)
{
    return server->setup->header_ns ? server->setup->header_ns : ASSAY_LM_HEADER_NS;
}

static uint64_t idle_ns(const struct lm_server *server)
{
    return server->setup->idle_ns ? server->setup->idle_ns : ASSAY_LM_IDLE_NS;
}

/* Edge-triggered: told once that the peer is gone, and never about anything else. */
static void open_conn(struct lm_server *server, struct MHD_Connection *connection, void **ret)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct lm_conn *conn = assay_alloc(1, sizeof *conn);
    if (!info || !conn) { /* it works without, but that its end may be seen late */
        assay_free(conn);
        return;
    }
    *conn = (struct lm_conn){.server = server, .fd = (int)info->connect_fd, .at = &server->conns};
    conn->deadline_ns = assay_clock_mono_ns() + header_ns(server);
    conn->next = server->conns;
    if (conn->next) {
        conn->next->at = &conn->next;
    }
    server->conns = conn;
    server->conns_count++;
    struct epoll_event event = {.events = EPOLLRDHUP | EPOLLET, .data.ptr = conn};
    (void)epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, conn->fd, &event);
    *ret = conn;
}

static void close_conn(struct lm_conn *conn)
{
    (void)epoll_ctl(conn->server->epoll_fd, EPOLL_CTL_DEL, conn->fd, NULL);
    *conn->at = conn->next;
    if (conn->next) {
        conn->next->at = conn->at;
    }
    conn->server->conns_count--;
    assay_free(conn);
}

static void on_connection(void *server, struct MHD_Connection *connection, void **conn,
                          enum MHD_ConnectionNotificationCode what)
{
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        open_conn(server, connection, conn);
    } else if (*conn) {
        close_conn(*conn);
        *conn = NULL;
    }
}

/* A request that trickles in would hold its connection for ever: the library only counts silence. */
static void sweep_deadlines(struct lm_server *server, uint64_t now_ns)
{
    for (struct lm_conn *conn = server->conns; conn; conn = conn->next) {
        if (now_ns > conn->deadline_ns) {
            (void)shutdown(conn->fd, SHUT_RDWR);
            conn->deadline_ns = ASSAY_NS_ABSENT;
        }
    }
}

/* ---- suspended requests ------------------------------------------------------------------------------------------*/

void lm_server_suspend(struct lm_call *call)
{
    assert(!call->is_suspended);
    call->is_suspended = true;
    MHD_suspend_connection(call->connection);
}

void lm_server_resume(struct lm_call *call)
{
    if (call->is_suspended) {
        call->is_suspended = false;
        MHD_resume_connection(call->connection);
    }
}

/* From an engine's thread. */
static void on_news(void *context)
{
    struct lm_server *server = context;
    uint64_t one = 1;
    ssize_t n = write(server->news_fd, &one, sizeof one);
    (void)n; /* a full counter wakes the reader as well */
}

static void take_news(struct lm_server *server)
{
    uint64_t count;
    ssize_t n = read(server->news_fd, &count, sizeof count);
    (void)n; /* none: no harm */
    for (size_t i = 0; i < server->models_count; i++) {
        struct lm_work *work;
        while ((work = lm_scheduler_news(server->models[i].scheduler)) != NULL) {
            if (work->owner) {
                lm_server_resume(work->owner);
            }
            lm_work_drop(work);
        }
    }
}

/* ---- the loop ----------------------------------------------------------------------------------------------------*/

static int wait_ms(const struct lm_server *server)
{
    MHD_UNSIGNED_LONG_LONG ms = TICK_NS / ASSAY_NS_PER_MS, wanted;
    if (MHD_get_timeout(server->daemon, &wanted) == MHD_YES && wanted < ms) {
        ms = wanted;
    }
    return (int)ms;
}

static void turn(struct lm_server *server)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(server->epoll_fd, events, EVENTS_MAX, wait_ms(server));
    for (int i = 0; i < count; i++) {
        struct lm_conn *conn = events[i].data.ptr;
        if (conn && conn->call) {
            lm_call_abandon(conn->call);
        }
    }
    take_news(server);
    (void)MHD_run(server->daemon);
    uint64_t now_ns = assay_clock_mono_ns();
    if (now_ns >= server->next_sweep_ns) {
        server->next_sweep_ns = now_ns + TICK_NS;
        sweep_deadlines(server, now_ns);
    }
}

static void each_engine(struct lm_server *server, void (*does)(struct lm_scheduler *engine))
{
    for (size_t i = 0; i < server->models_count; i++) {
        does(server->models[i].scheduler);
    }
}

static void turn_until(struct lm_server *server, uint64_t end_ns)
{
    while (server->calls_count > 0 && assay_clock_mono_ns() < end_ns) {
        turn(server);
    }
}

/* Nobody new; those that are there may finish, are told that they cannot, and are then left behind. */
static void end_openly(struct lm_server *server)
{
    uint64_t grace_ns = server->setup->grace_ns ? server->setup->grace_ns : ASSAY_LM_GRACE_NS;
    server->is_ending = true;
    each_engine(server, lm_scheduler_close);
    (void)MHD_quiesce_daemon(server->daemon);
    turn_until(server, assay_clock_mono_ns() + grace_ns);
    each_engine(server, lm_scheduler_cut);
    turn_until(server, assay_clock_mono_ns() + CUT_NS);
    for (struct lm_call *call = server->calls; call; call = call->next) {
        lm_call_abandon(call);
    }
    (void)MHD_run(server->daemon);
}

static void play(struct lm_server *server)
{
    const volatile sig_atomic_t *flag = server->setup->stop_flag;
    while (!flag || !*flag) {
        turn(server);
    }
    end_openly(server);
}

/* ---- life --------------------------------------------------------------------------------------------------------*/

static void silent(void *context, const char *format, va_list args)
{
    (void)context;
    (void)format;
    (void)args;
}

static assay_code start_daemon(struct lm_server *server, assay_err *err)
{
    const struct assay_lm_serve_setup *setup = server->setup;
    unsigned connections = (unsigned)(setup->connections ? setup->connections : ASSAY_LM_CONNECTIONS);
    assay_code rc = microhttpd_late_bind(err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    server->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, lm_call_request, server,
        MHD_OPTION_EXTERNAL_LOGGER, silent, NULL, MHD_OPTION_LISTEN_SOCKET, server->listener.fd,
        MHD_OPTION_CONNECTION_LIMIT, connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONN_MEMORY_BYTES,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)((idle_ns(server) + ASSAY_NS_PER_S - 1) / ASSAY_NS_PER_S),
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_COMPLETED, lm_call_completed, server,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_END);
    const union MHD_DaemonInfo *info =
        server->daemon ? MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    if (!info) {
        return assay_fail(err, ASSAY_IO, "libmicrohttpd %s cannot start with epoll", MHD_get_version());
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, info->epoll_fd, &event) != 0) {
        return assay_fail_errno(err, ASSAY_IO, "cannot watch libmicrohttpd's descriptor");
    }
    return ASSAY_OK;
}

static assay_code open_descriptors(struct lm_server *server, assay_err *err)
{
    const char *where = server->setup->listen ? server->setup->listen : ASSAY_LM_LISTEN;
    server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    server->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (server->epoll_fd < 0 || server->news_fd < 0 ||
        epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, server->news_fd, &event) != 0) {
        return assay_fail_errno(err, ASSAY_IO, "cannot make an epoll descriptor");
    }
    return assay_net_listen_at(where, &server->listener, err);
}

static assay_code host_model(struct lm_server *server, const struct assay_lm_served *served, assay_err *err)
{
    struct lm_hosted *hosted = &server->models[server->models_count];
    (void)snprintf(hosted->fingerprint, sizeof hosted->fingerprint, "assay-%.16s-%.16s", server->setup->binary_digest,
                   served->digest);
    const struct lm_scheduler_setup setup = {.served = served,
                                             .server = server->setup,
                                             .pass_lock = &server->pass_lock,
                                             .on_news = on_news,
                                             .context = server};
    assay_code rc = lm_scheduler_new(&setup, &hosted->scheduler, err);
    if (rc != ASSAY_OK) {
        assay_wrap(err, "model '%s'", served->name);
        return rc;
    }
    hosted->card = lm_scheduler_card(hosted->scheduler);
    if (server->models_count > 0 && lm_model_find(server, assay_slice_of(hosted->card->name)) != NULL) {
        rc = assay_fail(err, ASSAY_USAGE, "two models are called '%s'", hosted->card->name);
    }
    server->models_count++; /* it is freed with the others in any case */
    return rc;
}

static assay_code host_models(struct lm_server *server, assay_err *err)
{
    const struct assay_lm_serve_setup *setup = server->setup;
    if (setup->models_count == 0 || setup->models_count > LM_MODELS_MAX) {
        return assay_fail(err, ASSAY_USAGE, "%zu models, expected 1 to %d", setup->models_count, LM_MODELS_MAX);
    }
    for (size_t i = 0; i < setup->models_count; i++) {
        assay_code rc = host_model(server, &setup->models[i], err);
        if (rc != ASSAY_OK) {
            return rc;
        }
    }
    return ASSAY_OK;
}

static void tell_ready(const struct lm_server *server)
{
    const char *names[LM_MODELS_MAX];
    for (size_t i = 0; i < server->models_count; i++) {
        names[i] = server->models[i].card->name;
    }
    if (server->setup->on_ready) {
        server->setup->on_ready(server->setup->context, server->listener.port, names, server->models_count);
    }
}

static void server_free(struct lm_server *server)
{
    if (server->daemon) {
        MHD_stop_daemon(server->daemon);
    }
    for (size_t i = 0; i < server->models_count; i++) {
        lm_scheduler_free(server->models[i].scheduler);
    }
    assay_net_listener_close(&server->listener);
    if (server->epoll_fd >= 0) {
        (void)close(server->epoll_fd);
    }
    if (server->news_fd >= 0) {
        (void)close(server->news_fd);
    }
    pthread_mutex_destroy(&server->pass_lock);
    assay_free(server->answered);
    assay_free(server);
}

assay_code assay_lm_serve(const struct assay_lm_serve_setup *setup, assay_err *err)
{
    struct lm_server *server = assay_alloc(1, sizeof *server);
    if (!server) {
        return assay_nomem(err);
    }
    server->setup = setup;
    server->epoll_fd = server->news_fd = server->listener.fd = -1;
    server->started_ns = assay_clock_mono_ns();
    pthread_mutex_init(&server->pass_lock, NULL);
    server->answered = assay_alloc((lm_routes_count() + 1) * LM_STATUS_CLASSES, sizeof *server->answered);
    assay_code rc = server->answered ? open_descriptors(server, err) : assay_nomem(err);
    rc = rc == ASSAY_OK ? host_models(server, err) : rc;
    rc = rc == ASSAY_OK ? start_daemon(server, err) : rc;
    if (rc == ASSAY_OK) {
        tell_ready(server);
        play(server);
    }
    server_free(server);
    return rc;
}
