/* Submit and reap: one network loop a worker, one slot a request in flight. Everything is allocated when the worker is
 * opened; request bytes are written into the slot's own buffer when the request is due. */
#include "workload/llm.h"

#include "base/mem.h"

#include <assert.h>
#include <stdio.h>

/* ---- opening ---------------------------------------------------------------------------------------------------- */

static struct assay_llm_prompt largest_prompt(const struct assay_llm_state *state, const struct assay_plan *plan)
{
    struct assay_llm_prompt largest = {.has_salt = true};
    size_t most = 0;
    for (size_t i = 0; i < plan->ops_count; i++) {
        struct assay_llm_prompt prompt = assay_llm_prompt_of(state, &plan->ops[i]);
        size_t bytes = assay_llm_prompt_bytes_max(&prompt);
        if (bytes > most) {
            most = bytes;
            largest = prompt;
        }
    }
    return largest;
}

#define LENGTH_NAME "Content-Length: "
#define LENGTH_DIGITS_MAX 20

assay_code assay_llm_head_build(const struct assay_llm_state *state, size_t body_bytes, struct assay_buf *out,
                                assay_err *err)
{
    char path[ASSAY_NET_URL_BYTES_MAX];
    (void)snprintf(path, sizeof path, "%s%s", state->prefix, state->endpoint->path);
    struct assay_net_head head = {
        .url = assay_net_target_url(state->target),
        .proxy = assay_net_target_proxy(state->target),
        .method = "POST",
        .path = path,
        .headers = state->headers,
        .headers_count = state->headers_count,
        .has_body = true,
        .body_bytes = body_bytes,
        .is_last = !state->options.keepalive,
    };
    return assay_net_head_build(out, &head, err);
}

/* The head is the same for all requests but for the digits of Content-Length, which are cut out. */
static assay_code build_head(struct assay_llm_worker *worker, assay_err *err)
{
    assay_buf_init(&worker->head, ASSAY_NET_HEADER_BYTES_MAX);
    assay_code rc = assay_llm_head_build(worker->state, 0, &worker->head, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    char *found = strstr(worker->head.data, LENGTH_NAME "0\r\n");
    assert(found != NULL); /* head_build writes it because has_body is set */
    worker->head_cut = (size_t)(found - worker->head.data) + strlen(LENGTH_NAME);
    return ASSAY_OK;
}

static assay_code make_slots(struct assay_llm_worker *worker, const struct assay_worker_setup *setup, assay_err *err)
{
    struct assay_llm_prompt prompt = largest_prompt(worker->state, setup->plan);
    worker->bytes_of_slot =
        worker->head.len + LENGTH_DIGITS_MAX + assay_llm_body_bytes_max(&worker->state->body, &prompt);
    worker->slots_count = setup->slots;
    worker->slots = assay_alloc(setup->slots, sizeof *worker->slots);
    worker->free_slots = assay_alloc(setup->slots, sizeof *worker->free_slots);
    worker->ended = assay_alloc(setup->slots, sizeof *worker->ended);
    worker->bytes = assay_alloc(setup->slots, worker->bytes_of_slot);
    if (!worker->slots || !worker->free_slots || !worker->ended || !worker->bytes) {
        return assay_nomem(err);
    }
    for (size_t i = 0; i < setup->slots; i++) {
        worker->slots[i].worker = worker;
        worker->slots[i].bytes = worker->bytes + i * worker->bytes_of_slot;
        worker->free_slots[i] = (uint32_t)(setup->slots - 1 - i); /* the first one is taken first */
    }
    worker->free_count = setup->slots;
    return ASSAY_OK;
}

static assay_code open_one(struct assay_llm_state *state, struct assay_llm_worker *worker,
                           const struct assay_worker_setup *setup, assay_err *err)
{
    worker->state = state;
    worker->recorder = setup->recorder;
    worker->index = (uint32_t)setup->index;
    worker->cancel_status = ASSAY_STATUS_CANCELLED_STOP;
    uint32_t slots = setup->slots < ASSAY_NET_SLOTS_MAX ? (uint32_t)setup->slots : ASSAY_NET_SLOTS_MAX;
    assay_code rc = build_head(worker, err);
    rc = rc == ASSAY_OK ? make_slots(worker, setup, err) : rc;
    rc = rc == ASSAY_OK ? assay_net_pool_new(slots, &worker->pool, err) : rc;
    return rc == ASSAY_OK ? assay_net_loop_new(&(struct assay_net_loop_options){.slots = slots}, &worker->loop, err)
                          : rc;
}

assay_code assay_llm_worker_open(void *block, void *worker_block, const struct assay_worker_setup *setup,
                                 assay_err *err)
{
    struct assay_llm_state *state = block;
    struct assay_llm_worker *worker = worker_block;
    if (state->arms_count == 0) {
        return open_one(state, worker, setup, err);
    }
    worker->arms = assay_alloc(state->arms_count, sizeof *worker->arms);
    if (!worker->arms) {
        return assay_nomem(err);
    }
    worker->arms_count = state->arms_count;
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; i < state->arms_count && rc == ASSAY_OK; i++) {
        rc = open_one(state->arms[i], &worker->arms[i], setup, err);
    }
    return rc;
}

void assay_llm_worker_close(void *block)
{
    struct assay_llm_worker *worker = block;
    for (size_t i = 0; i < worker->arms_count; i++) {
        assay_llm_worker_close(&worker->arms[i]);
    }
    assay_free(worker->arms);
    assay_net_loop_free(worker->loop);
    assay_net_pool_free(worker->pool);
    assay_free(worker->slots);
    assay_free(worker->free_slots);
    assay_free(worker->ended);
    assay_free(worker->bytes);
    if (worker->state != NULL) {
        assay_buf_done(&worker->head);
    }
    memset(worker, 0, sizeof *worker);
}

/* ---- one request ------------------------------------------------------------------------------------------------ */

void assay_llm_slot_reset(struct assay_llm_slot *slot)
{
    struct assay_llm_worker *worker = slot->worker;
    char *bytes = slot->bytes;
    *slot = (struct assay_llm_slot){
        .worker = worker,
        .bytes = bytes,
        .is_busy = true,
        .stream = worker->state->endpoint->stream,
        .hdr_ns = ASSAY_NS_ABSENT,
        .first_event_ns = ASSAY_NS_ABSENT,
        .first_content_ns = ASSAY_NS_ABSENT,
        .usage_ns = ASSAY_NS_ABSENT,
        .done_ns = ASSAY_NS_ABSENT,
        .load_ns = ASSAY_NS_ABSENT,
        .prompt_ns = ASSAY_NS_ABSENT,
        .eval_ns = ASSAY_NS_ABSENT,
        .total_ns = ASSAY_NS_ABSENT,
        .load_before_ns = ASSAY_NS_ABSENT,
        .final_output = ASSAY_COUNT_ABSENT,
        .prompt_tokens = ASSAY_COUNT_ABSENT,
        .cached_tokens = ASSAY_COUNT_ABSENT,
    };
    assay_sha256_init(&slot->output);
    if (slot->stream == ASSAY_LLM_SSE) {
        assay_net_sse_init(&slot->parser.sse, worker->pool);
    } else {
        assay_net_ndjson_init(&slot->parser.ndjson, worker->pool);
    }
}

/* Head, digits of the length, rest of the head, body. The body is written first: its length stands in the head. */
static void write_request(struct assay_llm_slot *slot)
{
    struct assay_llm_worker *worker = slot->worker;
    struct assay_llm_prompt prompt = assay_llm_prompt_of(worker->state, slot->op);
    char *body = slot->bytes + worker->head.len + LENGTH_DIGITS_MAX;
    slot->body_len = (uint32_t)assay_llm_body_write(&worker->state->body, &prompt, slot->op->output_tokens, body);
    const char *rest = worker->head.data + worker->head_cut + 1; /* behind the 0 */
    size_t rest_len = worker->head.len - worker->head_cut - 1;
    memcpy(slot->bytes, worker->head.data, worker->head_cut);
    int digits = snprintf(slot->bytes + worker->head_cut, LENGTH_DIGITS_MAX, "%u", slot->body_len);
    memcpy(slot->bytes + worker->head_cut + digits, rest, rest_len);
    slot->head_len = (uint32_t)(worker->head_cut + (size_t)digits + rest_len);
    slot->request.head = (struct assay_slice){slot->bytes, slot->head_len};
    slot->request.body = (struct assay_slice){body, slot->body_len};
}

static void hash_body(struct assay_llm_slot *slot)
{
    struct assay_digest digest;
    assay_sha256_of(slot->request.body.data, slot->request.body.len, &digest);
    memcpy(slot->body_sha256, digest.bytes, sizeof slot->body_sha256);
}

/* The worker of the arm whose turn it is. */
static struct assay_llm_worker *current(void *block)
{
    struct assay_llm_worker *worker = block;
    return worker->arms_count > 0 ? &worker->arms[worker->current] : worker;
}

assay_code assay_llm_submit(void *block, const struct assay_operation *operation, assay_err *err)
{
    ((struct assay_llm_worker *)block)->current = operation->op->arm;
    struct assay_llm_worker *worker = current(block);
    const struct assay_llm_options *options = &worker->state->options;
    if (worker->free_count == 0) {
        return assay_fail(err, ASSAY_BUG, "operation %llu was submitted while all %zu slots are busy",
                          (unsigned long long)operation->id, worker->slots_count);
    }
    struct assay_llm_slot *slot = &worker->slots[worker->free_slots[--worker->free_count]];
    assay_llm_slot_reset(slot);
    slot->id = operation->id;
    slot->op = operation->op;
    slot->due_ns = operation->due_ns;
    slot->queued_ns = operation->queued_ns;
    slot->request = (struct assay_net_request){
        .target = worker->state->target,
        .is_new_connection = !assay_llm_keeps_connections(worker->state),
        .timeouts = {options->connect_ns, options->first_ns, options->stall_ns, options->total_ns},
        .handler = &assay_llm_handler,
        .context = slot,
    };
    if (options->state == ASSAY_LLM_COLD) {
        slot->load_before_ns = worker->state->load_ns;
        slot->request.is_new_connection = true; /* the server of the last connection is gone, or was cold since */
    }
    write_request(slot);
    slot->net_slot = assay_net_loop_submit(worker->loop, &slot->request);
    if (slot->net_slot < 0) {
        return assay_fail(err, ASSAY_BUG, "the network loop has no slot for operation %llu",
                          (unsigned long long)operation->id);
    }
    hash_body(slot); /* after the send: a long prompt must not leave late because of its hash */
    return ASSAY_OK;
}

/* Called from within the network loop, through on_done. */
void assay_llm_worker_ended(struct assay_llm_slot *slot, const struct assay_completion *completion)
{
    struct assay_llm_worker *worker = slot->worker;
    size_t place = (worker->ended_first + worker->ended_count) % worker->slots_count;
    assert(worker->ended_count < worker->slots_count);
    worker->ended[place] = *completion;
    worker->ended_count++;
    slot->is_busy = false;
    worker->free_slots[worker->free_count++] = (uint32_t)(slot - worker->slots);
}

static size_t hand_over(struct assay_llm_worker *worker, struct assay_completion *ret, size_t max)
{
    size_t count = 0;
    while (count < max && worker->ended_count > 0) {
        ret[count++] = worker->ended[worker->ended_first];
        worker->ended_first = (worker->ended_first + 1) % worker->slots_count;
        worker->ended_count--;
    }
    return count;
}

assay_code assay_llm_reap(void *block, uint64_t deadline_ns, struct assay_completion *ret, size_t max,
                          size_t *ret_count, assay_err *err)
{
    struct assay_llm_worker *worker = current(block);
    if (worker->ended_count == 0) {
        (void)assay_net_loop_run(worker->loop, deadline_ns, ASSAY_NET_SLEEP);
    } else {
        (void)assay_net_loop_run(worker->loop, 0, ASSAY_NET_SLEEP);
    }
    *ret_count = hand_over(worker, ret, max);
    if (*ret_count > 0 && worker->state->options.state == ASSAY_LLM_COLD) {
        return assay_llm_make_cold(worker->state, err); /* before the next request: the user thinks meanwhile */
    }
    return ASSAY_OK;
}

void assay_llm_cancel(void *block, enum assay_status status)
{
    struct assay_llm_worker *worker = current(block);
    worker->cancel_status = status;
    for (size_t i = 0; i < worker->slots_count; i++) {
        if (worker->slots[i].is_busy) {
            assay_net_loop_cancel(worker->loop, worker->slots[i].net_slot);
        }
    }
}
