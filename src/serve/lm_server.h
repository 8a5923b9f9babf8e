/*
 * Inside serve/: the HTTP side of the language model, on libmicrohttpd. One thread and one epoll: the library's own
 * descriptor, the engines' news, and every connection once more for the end of its peer, because the library does not
 * watch a connection that it has suspended, and a client that is gone must stop the work at once.
 *
 * A request that generates is suspended until the engine has something, then answered: its HTTP status is that of the
 * first token, and an error before it is a true 4xx or 5xx. The library asks for one event at a time, and sends it as
 * one chunk, in one write.
 */
#ifndef ASSAY_SERVE_LM_SERVER_H
#define ASSAY_SERVE_LM_SERVER_H

#include "serve/microhttpd_late.h"

#include "base/buf.h"
#include "net/net.h"
#include "serve/lm_ask.h"
#include "serve/lm_reply.h"
#include "serve/lm_scheduler.h"

#define LM_FINGERPRINT_BYTES 64
#define LM_MODELS_MAX 16 /* files named on one command line */

struct lm_hosted {
    struct lm_scheduler *scheduler;
    const struct lm_card *card;
    char fingerprint[LM_FINGERPRINT_BYTES]; /* of program and model */
};

enum { LM_STATUS_CLASSES = 6 }; /* 1xx to 5xx by index */

struct lm_server {
    const struct assay_lm_serve_setup *setup;
    struct lm_hosted models[LM_MODELS_MAX];
    size_t models_count;
    pthread_mutex_t pass_lock;
    struct assay_net_listener listener;
    struct MHD_Daemon *daemon;
    int epoll_fd, news_fd;
    struct lm_conn *conns; /* a list */
    struct lm_call *calls; /* being answered, a list */
    uint64_t calls_count, conns_count;
    uint64_t started_ns, next_sweep_ns, numbers;
    uint64_t *answered; /* [route][status class] */
    bool is_ending;
};

struct lm_conn {
    struct lm_server *server;
    struct lm_conn *next, **at;
    struct lm_call *call; /* the request that is being answered, or NULL */
    int fd;
    uint64_t deadline_ns; /* ASSAY_NS_ABSENT: none */
};

struct lm_route;

/* One request from its first byte to the end of its answer. */
struct lm_call {
    struct lm_server *server;
    struct lm_conn *conn;
    struct MHD_Connection *connection;
    struct lm_call *next, **at;
    const struct lm_route *route; /* NULL: no such path or method, and `status` says which */
    uint64_t number, accepted_ns;
    struct assay_buf body; /* of the request */
    uint64_t body_bytes;   /* announced or seen; may be more than is kept */
    bool is_ollama;        /* the dialect in which it is told what is wrong */
    bool is_complete, is_queued, is_gone;

    unsigned status; /* of the answer */
    const char *type;
    struct assay_buf answer;

    /* A request that generates. */
    const struct lm_hosted *hosted;
    struct lm_work *work;
    struct lm_reply reply;
    bool streams, is_suspended, has_ended;
    size_t piece;             /* the next one to send */
    struct assay_buf pending; /* an event that is being sent */
    size_t pending_at;
};

/* Who answers which path. GET is answered to HEAD too. */
struct lm_route {
    const char *path, *method;
    enum lm_api api; /* LM_API_COUNT: it generates nothing */
    void (*answer)(struct lm_server *server, struct lm_call *call);
};
bool lm_path_is_ollama(const char *path); /* else OpenAI's dialect; of paths that nobody answers too */
size_t lm_routes_count(void);
const struct lm_route *lm_route_at(size_t i);
/* NULL: 404 or 405 in *ret_status. */
const struct lm_route *lm_route_find(const char *path, const char *method, unsigned *ret_status);

/* ---- lm_server.c: the loop ---------------------------------------------------------------------------------------*/

void lm_server_resume(struct lm_call *call); /* fine if it is not suspended */
void lm_server_suspend(struct lm_call *call);

/* ---- lm_call.c: requests as the library hands them over ----------------------------------------------------------*/

enum MHD_Result lm_call_request(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                                const char *version, const char *upload, size_t *upload_bytes, void **call_);
void lm_call_completed(void *context, struct MHD_Connection *connection, void **call_,
                       enum MHD_RequestTerminationCode why);
/* The client is gone, or the server ends without waiting: whatever is left of the call is given up. */
void lm_call_abandon(struct lm_call *call);

/* ---- lm_begin.c: from a body to work of an engine ----------------------------------------------------------------*/

void lm_begin(struct lm_server *server, struct lm_call *call); /* sets status and answer, or call->work */
void lm_refuse(struct lm_call *call, unsigned status, const char *wrong, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
unsigned lm_status_of(assay_code code);
/* The model of that name (Ollama's ":latest" is understood), the only one for no name, or NULL. */
const struct lm_hosted *lm_model_find(const struct lm_server *server, struct assay_slice name);

/* ---- lm_identity.c, lm_metrics.c, lm_tokens.c: answers that generate nothing -------------------------------------*/

void lm_answer_root(struct lm_server *server, struct lm_call *call);
void lm_answer_version(struct lm_server *server, struct lm_call *call);
void lm_answer_tags(struct lm_server *server, struct lm_call *call);
void lm_answer_ps(struct lm_server *server, struct lm_call *call);
void lm_answer_show(struct lm_server *server, struct lm_call *call);
void lm_answer_models(struct lm_server *server, struct lm_call *call);
void lm_answer_health(struct lm_server *server, struct lm_call *call);
void lm_answer_metrics(struct lm_server *server, struct lm_call *call);
void lm_answer_tokenize(struct lm_server *server, struct lm_call *call);
void lm_answer_detokenize(struct lm_server *server, struct lm_call *call);

#endif
