#include "serve/lm_server.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_BYTES_PER_S (64 * 1024)               /* slower uploads are cut off */
#define BODY_BYTES_DRAINED (8 * LM_BODY_BYTES_MAX) /* read and thrown away so that a client sees its 413; then cut */
#define EVENT_BYTES_MAX ((size_t)16 << 20)         /* one event: a piece with all its logprobs */
#define LOG_LINE_BYTES_MAX ((size_t)16 << 10)
#define CHUNK_BYTES (32 * 1024) /* what the library may ask for at once; an event is shorter */

/* ---- life --------------------------------------------------------------------------------------------------------*/

static struct lm_conn *conn_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static struct lm_call *new_call(struct lm_server *server, struct MHD_Connection *connection)
{
    struct lm_call *call = assay_alloc(1, sizeof *call);
    if (!call) {
        return NULL;
    }
    call->server = server;
    call->connection = connection;
    call->conn = conn_of(connection);
    call->number = ++server->numbers;
    assay_buf_init(&call->body, LM_BODY_BYTES_MAX);
    assay_buf_init(&call->answer, LM_REPLY_BYTES_MAX);
    assay_buf_init(&call->pending, EVENT_BYTES_MAX);
    call->at = &server->calls;
    call->next = server->calls;
    if (call->next) {
        call->next->at = &call->next;
    }
    server->calls = call;
    server->calls_count++;
    return call;
}

static void free_call(struct lm_call *call)
{
    *call->at = call->next;
    if (call->next) {
        call->next->at = call->at;
    }
    call->server->calls_count--;
    if (call->work) {
        call->work->owner = NULL;
        lm_work_drop(call->work);
    }
    assay_buf_done(&call->body);
    assay_buf_done(&call->answer);
    assay_buf_done(&call->pending);
    assay_free(call);
}

void lm_call_abandon(struct lm_call *call)
{
    call->is_gone = true;
    if (call->work) {
        lm_scheduler_cancel(call->hosted->scheduler, call->work);
    }
    lm_server_resume(call);
}

/* ---- a stream ----------------------------------------------------------------------------------------------------*/

static void render_end(struct lm_call *call, const struct lm_output *output)
{
    switch (output->finish) {
    case LM_STOP:
    case LM_LENGTH:
        lm_reply_end(&call->reply, &call->pending);
        break;
    case LM_SHUT:
        lm_reply_broken(&call->reply, "the server is shutting down", &call->pending);
        break;
    case LM_FAILED:
    case LM_CANCELLED:
    case LM_GOING_ON:
        lm_reply_broken(&call->reply, output->err.message, &call->pending);
        break;
    }
    call->has_ended = true;
}

/* Renders the next event into pending; false: there is none yet. */
static bool render_next(struct lm_call *call)
{
    const struct lm_output *output = &call->work->output;
    assay_buf_clear(&call->pending);
    call->pending_at = 0;
    call->reply.real_ns = assay_clock_real_ns();
    lm_scheduler_lock(call->hosted->scheduler);
    bool is_piece = call->piece < output->pieces_count;
    bool is_end = !is_piece && output->finish != LM_GOING_ON;
    if (is_piece) {
        lm_reply_piece(&call->reply, call->piece++, &call->pending);
    } else if (is_end) {
        render_end(call, output);
    }
    lm_scheduler_unlock(call->hosted->scheduler);
    return is_piece || is_end;
}

/* The library asks for the next bytes of a stream. One event a time: each is a chunk and a write of its own. */
static ssize_t read_stream(void *context, uint64_t position, char *to, size_t room)
{
    struct lm_call *call = context;
    (void)position;
    if (call->is_gone) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    if (call->pending_at == call->pending.len) {
        if (call->has_ended) {
            return MHD_CONTENT_READER_END_OF_STREAM;
        }
        if (!render_next(call)) {
            lm_server_suspend(call);
            return 0;
        }
    }
    size_t left = call->pending.len - call->pending_at, count = left < room ? left : room;
    if (call->pending.failed != ASSAY_OK ||
        count == 0) { /* memory is short: the client sees that the stream broke off */
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    memcpy(to, call->pending.data + call->pending_at, count);
    call->pending_at += count;
    return (ssize_t)count;
}

/* ---- answers -----------------------------------------------------------------------------------------------------*/

static void add_headers(const struct lm_call *call, struct MHD_Response *response)
{
    const char *origin = call->server->setup->cors_origin;
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, call->type);
    if (call->streams) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
    }
    if (call->status == MHD_HTTP_SERVICE_UNAVAILABLE) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
    }
    if (call->status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD, POST");
    }
    if (call->server->is_ending) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    }
    if (origin) {
        (void)MHD_add_response_header(response, "Access-Control-Allow-Origin", origin);
        (void)MHD_add_response_header(response, "Access-Control-Allow-Methods", "GET, POST");
        (void)MHD_add_response_header(response, "Access-Control-Allow-Headers", "Authorization, Content-Type");
        (void)MHD_add_response_header(response, "Vary", "Origin");
    }
}

static enum MHD_Result queue(struct lm_call *call, struct MHD_Response *response)
{
    if (!response) {
        return MHD_NO;
    }
    add_headers(call, response);
    enum MHD_Result answer = MHD_queue_response(call->connection, call->status, response);
    MHD_destroy_response(response); /* the library holds it as long as it sends it */
    call->is_queued = answer == MHD_YES;
    return answer;
}

static enum MHD_Result queue_answer(struct lm_call *call)
{
    if (assay_buf_check(&call->answer, NULL) != ASSAY_OK) {
        return MHD_NO;
    }
    size_t len = 0;
    char *bytes = assay_buf_take(&call->answer, &len);
    return queue(call, MHD_create_response_from_buffer_with_free_callback(len, bytes, assay_free));
}

static enum MHD_Result queue_stream(struct lm_call *call)
{
    call->status = MHD_HTTP_OK;
    call->type = lm_reply_type(call->reply.api, true);
    return queue(call, MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, CHUNK_BYTES, read_stream, call, NULL));
}

/* Nothing was sent yet: what went wrong is an HTTP status. Under the engine's lock. */
static void refuse_failed(struct lm_call *call, const struct lm_output *output)
{
    if (output->finish == LM_SHUT) {
        lm_refuse(call, MHD_HTTP_SERVICE_UNAVAILABLE, NULL, "the server is shutting down");
    } else {
        lm_refuse(call, lm_status_of(output->err.code), NULL, "%s", output->err.message);
    }
}

/* The engine has something, or had nothing after all. */
static enum MHD_Result go_on(struct lm_call *call)
{
    const struct lm_output *output = &call->work->output;
    lm_scheduler_lock(call->hosted->scheduler);
    enum lm_finish finish = output->finish;
    bool is_good = finish == LM_STOP || finish == LM_LENGTH;
    bool is_stream = call->streams && (output->pieces_count > 0 || is_good);
    if (!is_stream && is_good) {
        call->status = MHD_HTTP_OK;
        call->type = lm_reply_type(call->reply.api, false);
        call->reply.real_ns = assay_clock_real_ns();
        lm_reply_whole(&call->reply, &call->answer);
    } else if (!is_stream && finish != LM_GOING_ON) {
        refuse_failed(call, output);
    }
    lm_scheduler_unlock(call->hosted->scheduler);
    if (is_stream) {
        return queue_stream(call);
    }
    if (finish != LM_GOING_ON) {
        return queue_answer(call);
    }
    lm_server_suspend(call);
    return MHD_YES;
}

/* ---- requests ----------------------------------------------------------------------------------------------------*/

/* A page of a browser may send requests to this machine that its user knows nothing of; it cannot hide where it comes
 * from. */
static bool is_foreign_page(const struct lm_call *call)
{
    const char *origin = MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, "Origin");
    const char *allowed = call->server->setup->cors_origin;
    return origin && !(allowed && (strcmp(allowed, "*") == 0 || strcmp(allowed, origin) == 0));
}

static void answer(struct lm_server *server, struct lm_call *call, const char *method)
{
    call->type = "application/json";
    call->status = call->route ? MHD_HTTP_OK : call->status;
    if (is_foreign_page(call)) {
        lm_refuse(call, MHD_HTTP_FORBIDDEN, NULL, "pages of this origin are not allowed to use the server");
    } else if (call->body_bytes > LM_BODY_BYTES_MAX) {
        lm_refuse(call, MHD_HTTP_CONTENT_TOO_LARGE, NULL, "the body is larger than %zu bytes", LM_BODY_BYTES_MAX);
    } else if (strcmp(method, MHD_HTTP_METHOD_OPTIONS) == 0 && server->setup->cors_origin) {
        call->status = MHD_HTTP_NO_CONTENT;
    } else if (!call->route) {
        lm_refuse(call, call->status, NULL,
                  call->status == MHD_HTTP_NOT_FOUND ? "there is no such path here"
                                                     : "this path is asked with another method");
    } else if (call->route->api != LM_API_COUNT) {
        lm_begin(server, call);
    } else {
        call->route->answer(server, call);
    }
}

static enum MHD_Result start(struct lm_server *server, struct MHD_Connection *connection, const char *url,
                             const char *method, void **ret)
{
    struct lm_call *call = new_call(server, connection);
    if (!call) {
        return MHD_NO;
    }
    *ret = call;
    call->route = lm_route_find(url, method, &call->status);
    call->is_ollama = lm_path_is_ollama(url);
    const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    uint64_t bytes = length ? strtoull(length, NULL, 10) : 0; /* the library has refused what is no number */
    if (call->conn) {
        uint64_t header = server->setup->header_ns ? server->setup->header_ns : ASSAY_LM_HEADER_NS;
        uint64_t allowed = bytes < LM_BODY_BYTES_MAX ? bytes : LM_BODY_BYTES_MAX;
        call->conn->call = call;
        call->conn->deadline_ns = assay_clock_mono_ns() + header + allowed / BODY_BYTES_PER_S * ASSAY_NS_PER_S;
    }
    if (bytes > BODY_BYTES_DRAINED) { /* nobody waits for the end of it */
        call->body_bytes = bytes;
        call->is_complete = true;
        answer(server, call, method);
        return queue_answer(call);
    }
    return MHD_YES;
}

static enum MHD_Result take_body(struct lm_call *call, const char *upload, size_t bytes)
{
    call->body_bytes += bytes;
    if (call->body_bytes <= LM_BODY_BYTES_MAX) {
        assay_buf_append(&call->body, upload, bytes);
        return call->body.failed == ASSAY_OK ? MHD_YES : MHD_NO;
    }
    assay_buf_done(&call->body);
    return call->body_bytes <= BODY_BYTES_DRAINED ? MHD_YES : MHD_NO;
}

enum MHD_Result lm_call_request(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                                const char *version, const char *upload, size_t *upload_bytes, void **call_)
{
    struct lm_server *server = context;
    struct lm_call *call = *call_;
    (void)version;
    if (!call) {
        return start(server, connection, url, method, call_);
    }
    if (*upload_bytes > 0) {
        size_t bytes = *upload_bytes;
        *upload_bytes = 0;
        return take_body(call, upload, bytes);
    }
    if (call->is_queued) {
        return MHD_YES;
    }
    if (call->is_gone) {
        return MHD_NO;
    }
    if (!call->is_complete) {
        call->is_complete = true;
        call->accepted_ns = assay_clock_mono_ns();
        if (call->conn) {
            call->conn->deadline_ns = ASSAY_NS_ABSENT;
        }
        answer(server, call, method);
        assay_buf_done(&call->body);
    }
    return call->work ? go_on(call) : queue_answer(call);
}

/* ---- the end -----------------------------------------------------------------------------------------------------*/

static void log_work(const struct lm_call *call, struct assay_buf *line)
{
    /* what still goes on when its call ends has lost its client, and stops soon */
    static const char *const FINISHES[] = {"cancelled", "stop", "length", "cancelled", "shutdown", "failed"};
    lm_scheduler_lock(call->hosted->scheduler);
    const struct lm_output *output = &call->work->output;
    const struct lm_times *times = &output->times;
    assay_buf_text(line, ",\"model\":");
    lm_put_text(line, call->hosted->card->name);
    assay_buf_printf(line,
                     ",\"prompt_tokens\":%" PRIu64 ",\"output_tokens\":%zu,\"seed\":%" PRIu64 ",\"finish\":\"%s\"",
                     call->reply.prompt_tokens, output->tokens, call->reply.seed, FINISHES[output->finish]);
    const struct {
        const char *name;
        uint64_t from_ns, to_ns;
    } SPANS[] = {{"queue_ns", times->accepted_ns, times->started_ns},
                 {"prompt_ns", times->started_ns, times->decoding_ns},
                 {"eval_ns", times->decoding_ns, times->last_ns}};
    for (size_t i = 0; i < sizeof SPANS / sizeof SPANS[0]; i++) {
        if (SPANS[i].from_ns != 0 && SPANS[i].to_ns >= SPANS[i].from_ns) {
            assay_buf_printf(line, ",\"%s\":%" PRIu64, SPANS[i].name, SPANS[i].to_ns - SPANS[i].from_ns);
        }
    }
    if (times->last_ns != 0) { /* on the clock of a client's packet stamps; early by no more than the pair is apart */
        struct assay_clock_pair now = assay_clock_read_pair();
        assay_buf_printf(line, ",\"last_unix_ns\":%" PRIu64, now.real_ns - (now.mono_after_ns - times->last_ns));
    }
    lm_scheduler_unlock(call->hosted->scheduler);
}

static void log_call(const struct lm_call *call, bool is_whole)
{
    struct assay_buf line;
    char at[ASSAY_TIME_TEXT_BYTES];
    assay_clock_format_utc(assay_clock_real_ns(), at);
    assay_buf_init(&line, LOG_LINE_BYTES_MAX);
    assay_buf_printf(&line, "{\"at\":\"%s\",\"request\":%" PRIu64 ",\"path\":\"%s\",\"status\":%u,\"complete\":%s", at,
                     call->number, call->route ? call->route->path : "", call->status, is_whole ? "true" : "false");
    if (call->work) {
        log_work(call, &line);
    }
    assay_buf_printf(&line, ",\"total_ns\":%" PRIu64 "}\n",
                     call->accepted_ns ? assay_clock_mono_ns() - call->accepted_ns : 0);
    if (assay_buf_check(&line, NULL) == ASSAY_OK) {
        (void)assay_fd_write(call->server->setup->log_fd, line.data, line.len, "log",
                             NULL); /* a full disk stops no stream */
    }
    assay_buf_done(&line);
}

void lm_call_completed(void *context, struct MHD_Connection *connection, void **call_,
                       enum MHD_RequestTerminationCode why)
{
    struct lm_server *server = context;
    struct lm_call *call = *call_;
    (void)connection;
    if (!call) {
        return;
    }
    bool is_whole = why == MHD_REQUEST_TERMINATED_COMPLETED_OK && call->is_queued;
    size_t route = call->route ? (size_t)(call->route - lm_route_at(0)) : lm_routes_count();
    unsigned class = call->is_queued && call->status / 100 < LM_STATUS_CLASSES ? call->status / 100 : 0;
    server->answered[route * LM_STATUS_CLASSES + class]++;
    if (call->work && !is_whole) {
        lm_scheduler_cancel(call->hosted->scheduler, call->work);
    }
    if (server->setup->log_fd >= 0) {
        log_call(call, is_whole);
    }
    if (call->conn) {
        uint64_t header = server->setup->header_ns ? server->setup->header_ns : ASSAY_LM_HEADER_NS;
        uint64_t idle = server->setup->idle_ns ? server->setup->idle_ns : ASSAY_LM_IDLE_NS;
        call->conn->call = NULL;
        call->conn->deadline_ns = assay_clock_mono_ns() + idle + header;
    }
    *call_ = NULL;
    free_call(call);
}
