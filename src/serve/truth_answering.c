/* A complete request meets the script: which stream it gets, or which answer. */
#include "serve/truth_server.h"

#include "base/clock.h"

#include <string.h>

#define PATH_BYTES 256 /* paths of the dialects are short; a longer one matches nothing */

static void send_answer(struct truth_server *server, struct truth_conn *conn, bool is_keep_alive, uint64_t wait_ns)
{
    conn->is_stream = false;
    conn->write = (struct truth_write){
        .kind = ASSAY_TRUTH_TAIL, .event = UINT32_MAX, .after = is_keep_alive ? TRUTH_KEEP : TRUTH_SHUT};
    conn->sent = 0;
    conn->piece_end = conn->out.len;
    conn->piece_due_ns = assay_clock_mono_ns() + wait_ns;
    conn->state = TRUTH_PLAYING;
    truth_timer_set(&server->timer, conn->index, conn->piece_due_ns);
}

void truth_conn_refuse(struct truth_server *server, struct truth_conn *conn, unsigned status, const char *reason)
{
    struct assay_buf body;
    assay_buf_init(&body, 1024);
    assay_buf_printf(&body, "{\"error\":\"%s\"}\n", reason ? reason : "refused");
    assay_buf_clear(&conn->out);
    truth_conn_watch(server, conn, 0);
    truth_timer_clear(&server->timer, conn->index);
    truth_answer_simple(&conn->out, status, "application/json", "", body.data ? body.data : "", body.len, false);
    assay_buf_done(&body);
    send_answer(server, conn, false, 0);
}

/* Whether this prompt was seen before; remembers it. A full table forgets nothing and learns nothing. */
static bool note_prompt(struct truth_server *server, uint64_t hash)
{
    uint64_t wanted = hash | 1; /* 0 marks a free place */
    for (uint64_t i = 0; i < TRUTH_SEEN_MAX; i++) {
        uint64_t *place = &server->seen[(wanted + i) % TRUTH_SEEN_MAX];
        if (*place == wanted) {
            return true;
        }
        if (*place == 0) {
            *place = wanted;
            return false;
        }
    }
    return false;
}

/* Ollama, empty prompt: the model is loaded, or with keep_alive 0 unloaded. */
static void answer_load(struct truth_server *server, struct truth_conn *conn, const struct truth_ask *ask)
{
    struct assay_buf body;
    assay_buf_init(&body, 2048);
    bool loads = !ask->unloads && !server->state.is_resident;
    server->state.is_resident = !ask->unloads;
    bool is_chat = ask->api == TRUTH_API_OLLAMA_CHAT;
    assay_buf_printf(&body,
                     "{\"model\":\"truth\",\"created_at\":\"2026-01-01T00:00:00Z\",%s,\"done\":true,"
                     "\"done_reason\":\"%s\"}\n",
                     is_chat ? "\"message\":{\"role\":\"assistant\",\"content\":\"\"}" : "\"response\":\"\"",
                     ask->unloads ? "unload" : "load");
    assay_buf_clear(&conn->out);
    truth_answer_simple(&conn->out, 200, "application/json", "", body.data ? body.data : "", body.len,
                        conn->req.is_keep_alive);
    assay_buf_done(&body);
    send_answer(server, conn, conn->req.is_keep_alive, loads ? server->script->standard.load_ns : 0);
}

static void log_request(struct truth_server *server, const struct truth_conn *conn, const struct truth_ask *ask,
                        uint64_t now_ns)
{
    struct assay_truth_record record = {.kind = ASSAY_TRUTH_REQUEST,
                                        .stream = (uint32_t)server->state.requests,
                                        .event = UINT32_MAX,
                                        .bytes = (uint32_t)conn->req.len,
                                        .connection = conn->serial,
                                        .planned_ns = ask->salt,
                                        .before_ns = now_ns};
    (void)truth_write_record(server, &record);
}

static void start_stream(struct truth_server *server, struct truth_conn *conn, const struct truth_ask *ask,
                         const char *path)
{
    const struct truth_spec *spec = truth_script_find(server->script, server->state.requests, path, ask->model);
    uint64_t now_ns = assay_clock_mono_ns();
    log_request(server, conn, ask, now_ns);
    struct truth_start start = {.script = server->script,
                                .spec = spec,
                                .ask = ask,
                                .number = (uint32_t)server->state.requests,
                                .now_ns = now_ns,
                                .origin_ns = server->state.origin_ns,
                                .real_ns = assay_clock_real_ns(),
                                .load_ns = server->state.is_resident ? 0 : spec->load_ns,
                                .is_repeat = spec->caches_repeats && note_prompt(server, ask->prompt_hash),
                                .is_keep_alive = conn->req.is_keep_alive};
    truth_stream_start(&conn->stream, &start);
    conn->is_stream = true;
    server->state.requests++;
    server->totals.requests++;
    server->state.streaming++;
    server->state.is_resident = !ask->unloads;
    server->state.prompt_tokens += conn->stream.prompt_tokens;
    server->state.cached_tokens += conn->stream.cached_tokens == ASSAY_NS_ABSENT ? 0 : conn->stream.cached_tokens;
    truth_write_next(server, conn);
}

static void answer_identity(struct truth_server *server, struct truth_conn *conn)
{
    struct assay_buf *body = &conn->stream.body; /* scratch: nothing streams here now */
    unsigned status = 404;
    const char *type = "application/json";
    assay_buf_clear(body);
    assay_buf_clear(&conn->out);
    server->state.now_ns = assay_clock_mono_ns();
    if (!truth_identity_answer(&server->state, conn->req.path, conn->req.body, body, &status, &type)) {
        assay_buf_text(body, "{\"error\":\"the truth server has no such path\"}\n");
    }
    bool is_head = assay_slice_is(conn->req.method, "HEAD");
    truth_answer_simple(&conn->out, status, type, "", body->data ? body->data : "", is_head ? 0 : body->len,
                        conn->req.is_keep_alive);
    send_answer(server, conn, conn->req.is_keep_alive, 0);
}

void truth_conn_answer(struct truth_server *server, struct truth_conn *conn)
{
    enum truth_api api;
    if (!truth_request_api(conn->req.path, &api)) {
        answer_identity(server, conn);
        return;
    }
    if (!assay_slice_is(conn->req.method, "POST")) {
        truth_conn_refuse(server, conn, 405, "a stream is asked for with POST");
        return;
    }
    struct truth_ask ask;
    assay_err err = {0};
    if (!truth_request_read(api, conn->req.body, &ask, &err)) {
        truth_conn_refuse(server, conn, 400, "the body is not JSON");
        return;
    }
    if (ask.model[0] == '\0') {
        const char *model = server->script->identity.model;
        size_t len = strlen(model);
        memcpy(ask.model, model, len < sizeof ask.model ? len : sizeof ask.model - 1);
    }
    if (ask.is_empty) {
        answer_load(server, conn, &ask);
        return;
    }
    char path[PATH_BYTES] = "";
    size_t len = conn->req.path.len < sizeof path ? conn->req.path.len : 0;
    memcpy(path, conn->req.path.data, len);
    start_stream(server, conn, &ask, path);
}
