#include "net/conn.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define READY_MAX 256                       /* events taken per wake-up; the rest stays ready */
#define WAIT_NS_MAX (ASSAY_NS_PER_S * 3600) /* "for ever" in steps that every time type holds */
#define JUST_READ_NS (50 * ASSAY_NS_PER_US) /* on_done submits the next request within it; two system calls saved */
#define DESCRIPTORS_SPARE 64                /* files, pipes and sockets of the rest of the program */

/* ---- life ------------------------------------------------------------------------------------------------------ */

static assay_code make_room_for_sockets(uint32_t slots, assay_err *err)
{
    struct rlimit limit;
    const rlim_t wanted = (rlim_t)slots + DESCRIPTORS_SPARE;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) {
        return ASSAY_OK;
    }
    if (limit.rlim_max < wanted) {
        return assay_fail(err, ASSAY_USAGE,
                          "%u connections need %llu open files, but the limit is %llu: raise it with ulimit -n", slots,
                          (unsigned long long)wanted, (unsigned long long)limit.rlim_max);
    }
    limit.rlim_cur = wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return assay_fail_errno(err, ASSAY_IO, "cannot raise the limit of open files to %llu",
                                (unsigned long long)wanted);
    }
    return ASSAY_OK;
}

static void open_slots(struct assay_net_loop *loop)
{
    for (uint32_t i = loop->slots; i-- > 0;) {
        struct assay_net_conn *conn = &loop->conns[i];
        conn->slot = i;
        conn->tx.fd = -1;
        conn->next_free = loop->free;
        loop->free = conn;
    }
}

static assay_code take_memory(struct assay_net_loop *loop, assay_err *err)
{
    loop->conns = assay_alloc(loop->slots, sizeof loop->conns[0]);
    if (!loop->conns) {
        return assay_nomem(err);
    }
    open_slots(loop);
    loop->ready = assay_alloc(READY_MAX, sizeof loop->ready[0]);
    loop->receive = assay_alloc(ASSAY_NET_RECEIVE_BYTES, 1);
    loop->plain = assay_alloc(ASSAY_NET_PLAIN_BYTES, 1);
    if (!loop->ready || !loop->receive || !loop->plain) {
        return assay_nomem(err);
    }
    assay_code rc = assay_net_pool_new(loop->slots, &loop->pool, err);
    return rc != ASSAY_OK ? rc : assay_net_timers_init(&loop->timers, loop->slots, err);
}

assay_code assay_net_loop_new(const struct assay_net_loop_options *options, struct assay_net_loop **ret, assay_err *err)
{
    assert(options->slots > 0 && options->slots <= ASSAY_NET_SLOTS_MAX);
    struct assay_net_loop *loop = assay_alloc(1, sizeof *loop);
    if (!loop) {
        return assay_nomem(err);
    }
    loop->slots = options->slots;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    assay_code rc = loop->epoll_fd >= 0 ? make_room_for_sockets(loop->slots, err)
                                        : assay_fail_errno(err, ASSAY_IO, "cannot make an epoll instance");
    if (rc == ASSAY_OK) {
        rc = take_memory(loop, err);
    }
    if (rc != ASSAY_OK) {
        assay_net_loop_free(loop);
        return rc;
    }
    assay_net_clock_map_init(&loop->clock, assay_clock_read_pair());
    *ret = loop;
    return ASSAY_OK;
}

void assay_net_loop_free(struct assay_net_loop *loop)
{
    if (!loop) {
        return;
    }
    for (uint32_t i = 0; loop->conns && i < loop->slots; i++) {
        assay_net_conn_close(&loop->conns[i]);
    }
    if (loop->epoll_fd >= 0) {
        (void)close(loop->epoll_fd);
    }
    assay_net_timers_done(&loop->timers);
    assay_net_pool_free(loop->pool);
    assay_free(loop->plain);
    assay_free(loop->receive);
    assay_free(loop->ready);
    assay_free(loop->conns);
    assay_free(loop);
}

/* ---- slots ----------------------------------------------------------------------------------------------------- */

/* The server may have closed an idle connection while nobody looked. One whose last response was read a moment ago was
 * looked at then. */
static bool is_usable(struct assay_net_loop *loop, struct assay_net_conn *conn)
{
    char byte;
    if (assay_clock_mono_ns() - conn->facts.end_ns < JUST_READ_NS) {
        return true;
    }
    (void)assay_net_conn_reap(loop, conn); /* late stamps, before the connection is used again */
    return recv(conn->tx.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

/* Takes the idle connection used last that leads to the target; unusable ones on the way are closed. */
static struct assay_net_conn *take_idle(struct assay_net_loop *loop, const struct assay_net_target *target)
{
    for (struct assay_net_conn **link = &loop->idle; *link;) {
        struct assay_net_conn *conn = *link;
        if (conn->target != target) {
            link = &conn->next_free;
            continue;
        }
        *link = conn->next_free;
        if (is_usable(loop, conn)) {
            return conn;
        }
        assay_net_conn_close(conn);
        conn->phase = ASSAY_NET_PHASE_FREE;
        conn->next_free = loop->free;
        loop->free = conn;
    }
    return NULL;
}

static struct assay_net_conn *take_free(struct assay_net_loop *loop)
{
    struct assay_net_conn *conn = loop->free;
    if (conn) {
        loop->free = conn->next_free;
        return conn;
    }
    conn = loop->idle; /* all others are in use: an idle connection gives its place */
    if (conn) {
        loop->idle = conn->next_free;
        assay_net_conn_close(conn);
    }
    return conn;
}

int32_t assay_net_loop_submit(struct assay_net_loop *loop, const struct assay_net_request *request)
{
    assert(request->target && request->head.len > 0 && request->handler && request->handler->on_done);
    struct assay_net_conn *conn = request->is_new_connection ? NULL : take_idle(loop, request->target);
    const bool is_reused = conn != NULL;
    if (!conn) {
        conn = take_free(loop);
    }
    if (!conn) {
        return -1;
    }
    conn->request = *request;
    conn->target = request->target;
    loop->in_flight++;
    if (is_reused) {
        assay_net_conn_restart(loop, conn);
    } else {
        assay_net_conn_start(loop, conn);
    }
    return (int32_t)conn->slot;
}

void assay_net_loop_cancel(struct assay_net_loop *loop, int32_t slot)
{
    assert(slot >= 0 && (uint32_t)slot < loop->slots);
    struct assay_net_conn *conn = &loop->conns[slot];
    if (conn->phase != ASSAY_NET_PHASE_FREE && conn->phase != ASSAY_NET_PHASE_IDLE) {
        assay_net_conn_finish(loop, conn, ASSAY_NET_CANCELLED, NULL);
    }
}

void assay_net_loop_close_idle(struct assay_net_loop *loop)
{
    while (loop->idle) {
        struct assay_net_conn *conn = loop->idle;
        loop->idle = conn->next_free;
        assay_net_conn_close(conn);
        conn->phase = ASSAY_NET_PHASE_FREE;
        conn->next_free = loop->free;
        loop->free = conn;
    }
}

/* ---- running --------------------------------------------------------------------------------------------------- */

static struct assay_net_conn *conn_of_timer(struct assay_net_timer *timer)
{
    return (struct assay_net_conn *)(void *)((char *)timer - offsetof(struct assay_net_conn, timer));
}

static void expire(struct assay_net_loop *loop)
{
    struct assay_net_timer *first = assay_net_timers_first(&loop->timers);
    if (!first) {
        return;
    }
    const uint64_t now_ns = assay_clock_mono_ns();
    while (first && first->key_ns <= now_ns) {
        assay_net_conn_expire(loop, conn_of_timer(first), now_ns); /* removed, or set to a later time */
        first = assay_net_timers_first(&loop->timers);
    }
}

static uint64_t time_left_ns(const struct assay_net_loop *loop, uint64_t deadline_ns, enum assay_net_wait wait)
{
    const struct assay_net_timer *first = assay_net_timers_first(&loop->timers);
    const uint64_t until_ns = first && first->key_ns < deadline_ns ? first->key_ns : deadline_ns;
    if (wait == ASSAY_NET_BUSY || until_ns == 0) {
        return 0;
    }
    const uint64_t now_ns = assay_clock_mono_ns();
    const uint64_t left_ns = until_ns > now_ns ? until_ns - now_ns : 0;
    return left_ns < WAIT_NS_MAX ? left_ns : WAIT_NS_MAX;
}

/* As epoll_pwait2; where that is missing, to the millisecond below. */
static int wait_ready(struct assay_net_loop *loop, uint64_t left_ns)
{
    if (!loop->has_no_pwait2) {
        const struct timespec left = {.tv_sec = (time_t)(left_ns / ASSAY_NS_PER_S),
                                      .tv_nsec = (long)(left_ns % ASSAY_NS_PER_S)};
        int count = epoll_pwait2(loop->epoll_fd, loop->ready, READY_MAX, &left, NULL);
        if (count >= 0 || errno == EINTR) {
            return count;
        }
        loop->has_no_pwait2 = true; /* ENOSYS, or EPERM of a sandbox that does not know it */
    }
    return epoll_wait(loop->epoll_fd, loop->ready, READY_MAX, (int)(left_ns / ASSAY_NS_PER_MS));
}

static void handle_ready(struct assay_net_loop *loop, int count)
{
    loop->stats.wakeups++;
    (void)assay_net_clock_map_add(&loop->clock, assay_clock_read_pair());
    for (int i = 0; i < count; i++) {
        const uint64_t tag = loop->ready[i].data.u64;
        struct assay_net_conn *conn = &loop->conns[(uint32_t)tag];
        if (conn->generation == (uint32_t)(tag >> 32)) { /* not an event of a descriptor closed a moment ago */
            assay_net_conn_ready(loop, conn, loop->ready[i].events);
        }
    }
}

size_t assay_net_loop_run(struct assay_net_loop *loop, uint64_t deadline_ns, enum assay_net_wait wait)
{
    const uint64_t ended_before = loop->ended;
    for (;;) {
        expire(loop);
        if (loop->ended != ended_before) {
            break;
        }
        int count = wait_ready(loop, time_left_ns(loop, deadline_ns, wait));
        if (count < 0) {
            assert(errno == EINTR);
            break;
        }
        if (count > 0) {
            handle_ready(loop, count);
        }
        if (loop->ended != ended_before || assay_clock_mono_ns() >= deadline_ns) {
            break;
        }
    }
    return (size_t)(loop->ended - ended_before);
}

/* ---- looking --------------------------------------------------------------------------------------------------- */

uint32_t assay_net_loop_in_flight(const struct assay_net_loop *loop)
{
    return loop->in_flight;
}

const struct assay_net_clock_map *assay_net_loop_clock_map(const struct assay_net_loop *loop)
{
    return &loop->clock;
}

struct assay_net_loop_stats assay_net_loop_stats(const struct assay_net_loop *loop)
{
    return loop->stats;
}
