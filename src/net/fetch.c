#include "net/client.h"

#include "net/target_impl.h"

#include <string.h>

#define FETCH_TIMEOUT_NS (30 * ASSAY_NS_PER_S)
#define HEAD_BYTES_MAX ((size_t)256 << 10)

struct answer {
    struct assay_buf *out;
    struct assay_net_facts facts;
};

static bool keep_body(void *context, const struct assay_net_span *span)
{
    struct answer *answer = context;
    assay_buf_append(answer->out, span->data, span->len);
    return answer->out->failed == ASSAY_OK;
}

static void keep_facts(void *context, const struct assay_net_facts *facts)
{
    struct answer *answer = context;
    answer->facts = *facts;
}

static assay_code judge(const struct assay_net_question *question, const struct answer *answer, assay_err *err)
{
    const struct assay_net_facts *facts = &answer->facts;
    if (facts->outcome == ASSAY_NET_OK) {
        return ASSAY_OK;
    }
    if (facts->outcome == ASSAY_NET_STOPPED) {
        return assay_buf_check(answer->out, err); /* the answer is larger than the caller's buffer may grow */
    }
    const bool is_timeout = facts->outcome >= ASSAY_NET_TIMEOUT_CONNECT && facts->outcome <= ASSAY_NET_TIMEOUT_TOTAL;
    const char *path = question->path ? question->path : question->target->url.path;
    const int sys_errno = facts->outcome == ASSAY_NET_REFUSED ? 0 : facts->sys_errno; /* would say the same twice */
    return assay_fail(err, is_timeout ? ASSAY_TIMEOUT : ASSAY_NETWORK, "%s %s on %s (%s): %s%s%s%s%s", question->method,
                      path, question->target->url.authority, question->target->address_text,
                      assay_net_outcome_text(facts->outcome), facts->reason ? ": " : "",
                      facts->reason ? facts->reason : "", sys_errno ? ": " : "", sys_errno ? strerror(sys_errno) : "");
}

static assay_code ask(const struct assay_net_question *question, struct assay_slice head, struct answer *answer,
                      assay_err *err)
{
    static const struct assay_net_handler HANDLER = {.on_body = keep_body, .on_done = keep_facts};
    struct assay_net_loop *loop = NULL;
    assay_code rc = assay_net_loop_new(&(struct assay_net_loop_options){.slots = 1}, &loop, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    const struct assay_net_request request = {
        .target = question->target,
        .head = head,
        .body = question->body,
        .is_head_method = strcmp(question->method, "HEAD") == 0,
        .timeouts = {.total_ns = question->timeout_ns ? question->timeout_ns : FETCH_TIMEOUT_NS},
        .handler = &HANDLER,
        .context = answer,
    };
    (void)assay_net_loop_submit(loop, &request); /* the only slot is free */
    /* The total time-out ends it at the latest. Nothing ended and no deadline: a signal came, as from Ctrl-C. */
    const size_t ended = assay_net_loop_run(loop, UINT64_MAX, ASSAY_NET_SLEEP);
    assay_net_loop_free(loop);
    if (ended == 0) {
        return assay_fail(err, ASSAY_INTERRUPTED, "interrupted while waiting for %s", question->target->url.authority);
    }
    return judge(question, answer, err);
}

assay_code assay_net_fetch(const struct assay_net_question *question, struct assay_buf *out, int *ret_status,
                           assay_err *err)
{
    const struct assay_net_head head = {
        .url = assay_net_target_url(question->target),
        .proxy = assay_net_target_proxy(question->target),
        .method = question->method,
        .path = question->path,
        .headers = question->headers,
        .headers_count = question->headers_count,
        .has_body = question->body.data != NULL,
        .body_bytes = question->body.len,
        .is_last = true,
    };
    struct assay_buf bytes;
    assay_buf_init(&bytes, HEAD_BYTES_MAX);
    struct answer answer = {.out = out};
    assay_code rc = assay_net_head_build(&bytes, &head, err);
    if (rc == ASSAY_OK) {
        rc = ask(question, (struct assay_slice){bytes.data, bytes.len}, &answer, err);
    }
    if (rc == ASSAY_OK) {
        *ret_status = answer.facts.status;
    }
    assay_buf_done(&bytes);
    return rc;
}
