#include "serve/lm_scheduler.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "serve/lm_slot.h"

#include <assert.h>
#include <string.h>

struct lm_scheduler {
    struct lm_scheduler_setup setup;
    struct assay_thread thread;
    struct assay_engine *engine; /* of the thread */
    struct lm_card card;
    size_t slots_count, queue_max, pass_tokens_max;
    struct lm_slot slots[LM_SLOTS_MAX];

    pthread_mutex_t lock; /* guards what follows, and the output of every work that was submitted */
    pthread_cond_t wake;
    struct lm_work *queue, **queue_end;
    struct lm_work *news, **news_end;
    size_t queue_count;
    atomic_bool is_cut; /* asked for in the middle of a pass too, without the lock */
    bool is_started, is_opened, is_closed, is_ending;
    assay_code opened; /* how opening went, once is_opened */
    assay_err opened_err;
    struct lm_scheduler_totals totals;
    struct assay_lm_kernel kernels[ASSAY_LM_KERNELS_MAX];
    size_t kernels_count;
    uint64_t snapshot_ns;
};

/* ---- news and ends (under the lock) ------------------------------------------------------------------------------*/

static void tell(struct lm_scheduler *scheduler, struct lm_work *work)
{
    if (!work->has_news) {
        lm_work_hold(work);
        work->has_news = true;
        work->next_news = NULL;
        *scheduler->news_end = work;
        scheduler->news_end = &work->next_news;
    }
}

static void finish(struct lm_scheduler *scheduler, struct lm_work *work, enum lm_finish finish)
{
    work->output.finish = finish;
    work->output.times.ended_ns = assay_clock_mono_ns();
    scheduler->totals.finished[finish]++;
    tell(scheduler, work);
}

static bool is_unwanted(const struct lm_scheduler *scheduler, struct lm_work *work, enum lm_finish *ret)
{
    *ret = atomic_load_explicit(&work->is_cancelled, memory_order_relaxed) ? LM_CANCELLED : LM_SHUT;
    return *ret == LM_CANCELLED || atomic_load_explicit(&scheduler->is_cut, memory_order_relaxed);
}

/* ---- what a pass consists of -------------------------------------------------------------------------------------*/

static void sweep_queue(struct lm_scheduler *scheduler)
{
    struct lm_work **at = &scheduler->queue;
    enum lm_finish why;
    while (*at) {
        struct lm_work *work = *at;
        if (!is_unwanted(scheduler, work, &why)) {
            at = &work->next;
            continue;
        }
        *at = work->next;
        scheduler->queue_count--;
        finish(scheduler, work, why);
        lm_work_drop(work);
    }
    scheduler->queue_end = at;
}

static void sweep_slots(struct lm_scheduler *scheduler)
{
    enum lm_finish why;
    for (size_t i = 0; i < scheduler->slots_count; i++) {
        struct lm_slot *slot = &scheduler->slots[i];
        if (slot->work && is_unwanted(scheduler, slot->work, &why)) {
            finish(scheduler, slot->work, why);
            lm_slot_end(slot);
        }
    }
}

static size_t count_busy(const struct lm_scheduler *scheduler)
{
    size_t busy = 0;
    for (size_t i = 0; i < scheduler->slots_count; i++) {
        busy += scheduler->slots[i].work != NULL;
    }
    return busy;
}

/* First come, first served: who cannot have its cache yet keeps all behind it waiting. */
static void admit(struct lm_scheduler *scheduler)
{
    for (size_t i = 0; i < scheduler->slots_count && scheduler->queue; i++) {
        struct lm_slot *slot = &scheduler->slots[i];
        struct lm_work *work = scheduler->queue;
        if (slot->work) {
            continue;
        }
        assay_err err = {0};
        pthread_mutex_unlock(&scheduler->lock); /* a cache is touched here: too long to keep the server waiting */
        assay_code rc = lm_slot_start(slot, work, &err);
        pthread_mutex_lock(&scheduler->lock);
        if (rc == ASSAY_UNDECIDED && count_busy(scheduler) > 0) {
            return;
        }
        scheduler->queue = work->next;
        scheduler->queue_end = scheduler->queue ? scheduler->queue_end : &scheduler->queue;
        scheduler->queue_count--;
        work->output.times.started_ns = assay_clock_mono_ns();
        if (rc == ASSAY_OK) {
            slot->work = work;
        } else {
            work->output.err = err;
            finish(scheduler, work, LM_FAILED);
            lm_work_drop(work);
        }
    }
}

struct part {
    struct lm_slot *slot;
    bool is_decoding;
    assay_code rc; /* how its evaluation went */
    assay_err err;
    struct lm_drawn drawn;
};

struct pass {
    struct part parts[LM_SLOTS_MAX];
    struct assay_session_step steps[LM_SLOTS_MAX]; /* beside the parts */
    size_t count, tokens;
};

static void add_part(struct pass *pass, struct lm_slot *slot, size_t most)
{
    struct part *part = &pass->parts[pass->count];
    struct lm_slot_ids ids = lm_slot_ids(slot, most);
    struct lm_times *times = &slot->work->output.times;
    part->slot = slot;
    part->is_decoding = lm_slot_is_decoding(slot);
    pass->steps[pass->count++] =
        (struct assay_session_step){.session = slot->session,
                                    .ids = ids.ids,
                                    .count = ids.count,
                                    .wants = part->is_decoding ? ASSAY_LOGITS_LAST : ASSAY_LOGITS_NONE};
    pass->tokens += ids.count;
    if (part->is_decoding && times->decoding_ns == 0) { /* a prompt of one token has no time of its own */
        times->decoding_ns = slot->work->prompt.count == 1 ? times->started_ns : assay_clock_mono_ns();
    }
}

/* While others decode, a prompt takes no more: each of their tokens waits for the whole pass. */
#define PASS_TOKENS_SHARED 64

/* Every stream that decodes, then as much of the prompts as still fits. */
static void plan(struct lm_scheduler *scheduler, struct pass *pass)
{
    pass->count = pass->tokens = 0;
    for (size_t i = 0; i < scheduler->slots_count; i++) {
        struct lm_slot *slot = &scheduler->slots[i];
        if (slot->work && lm_slot_is_decoding(slot)) {
            add_part(pass, slot, 1);
        }
    }
    bool has_others = pass->count > 0;
    size_t room = scheduler->pass_tokens_max;
    room = has_others && room > PASS_TOKENS_SHARED ? PASS_TOKENS_SHARED : room;
    for (size_t i = 0; i < scheduler->slots_count && pass->tokens < room; i++) {
        struct lm_slot *slot = &scheduler->slots[i];
        if (slot->work && !lm_slot_is_decoding(slot)) {
            add_part(pass, slot, room - pass->tokens);
        }
    }
}

/* ---- a pass ------------------------------------------------------------------------------------------------------*/

/* Asked between two layers: the pass goes on as long as somebody wants it. */
static bool may_go_on(void *context)
{
    const struct lm_scheduler *scheduler = context;
    if (atomic_load_explicit(&scheduler->is_cut, memory_order_relaxed)) {
        return false;
    }
    for (size_t i = 0; i < scheduler->slots_count; i++) {
        struct lm_work *work = scheduler->slots[i].work;
        if (work && !atomic_load_explicit(&work->is_cancelled, memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

/* Some parts of a pass, at once. */
static void evaluate_parts(struct lm_scheduler *scheduler, struct pass *pass, size_t first, size_t count)
{
    assay_err err = {0};
    pthread_mutex_lock(scheduler->setup.pass_lock);
    assay_code rc = assay_session_eval_many(&pass->steps[first], count, &err);
    pthread_mutex_unlock(scheduler->setup.pass_lock);
    for (size_t i = first; i < first + count; i++) {
        struct part *part = &pass->parts[i];
        part->rc = rc;
        part->err = err;
        if (rc == ASSAY_OK && part->is_decoding) {
            lm_slot_draw(part->slot, pass->steps[i].logits, &part->drawn);
        }
    }
}

/* A number that is not finite stops the whole pass and says nothing of whose it is: then each goes by itself. */
static void evaluate(struct lm_scheduler *scheduler, struct pass *pass)
{
    evaluate_parts(scheduler, pass, 0, pass->count);
    if (pass->parts[0].rc == ASSAY_MALFORMED && pass->count > 1) {
        for (size_t i = 0; i < pass->count; i++) {
            evaluate_parts(scheduler, pass, i, 1);
        }
    }
}

static void show(struct lm_scheduler *scheduler, struct part *part, size_t tokens, uint64_t now_ns)
{
    struct lm_work *work = part->slot->work;
    if (!part->is_decoding) {
        lm_slot_fed(part->slot, tokens);
        scheduler->totals.prompt_tokens += tokens;
        return;
    }
    scheduler->totals.prompt_tokens += work->output.tokens == 0;
    scheduler->totals.output_tokens += !part->drawn.is_end;
    if (!lm_slot_show(part->slot, &part->drawn, now_ns)) {
        return;
    }
    tell(scheduler, work);
    if (work->output.finish != LM_GOING_ON) {
        finish(scheduler, work, work->output.finish);
        lm_slot_end(part->slot);
    }
}

static void conclude(struct lm_scheduler *scheduler, struct part *part, size_t tokens, uint64_t now_ns)
{
    if (part->rc == ASSAY_OK) {
        scheduler->totals.pass_tokens += tokens;
        show(scheduler, part, tokens, now_ns);
    } else if (part->rc != ASSAY_INTERRUPTED) { /* of an interrupted pass nobody wants any: swept out next */
        part->slot->work->output.err = part->err;
        finish(scheduler, part->slot->work, LM_FAILED);
        lm_slot_end(part->slot);
    }
}

static void take_snapshot(struct lm_scheduler *scheduler, uint64_t now_ns)
{
    const struct assay_lm_serve_setup *server = scheduler->setup.server;
    scheduler->totals.positions_free = assay_engine_positions_free(scheduler->engine);
    scheduler->snapshot_ns = now_ns;
    if (server->read_kernels) {
        scheduler->kernels_count =
            server->read_kernels(server->context, scheduler->engine, scheduler->kernels, ASSAY_LM_KERNELS_MAX);
    }
}

/* With the lock held on entry and on exit. */
static void run_pass(struct lm_scheduler *scheduler, struct pass *pass)
{
    plan(scheduler, pass);
    uint64_t from_ns = assay_clock_mono_ns();
    pthread_mutex_unlock(&scheduler->lock);
    evaluate(scheduler, pass);
    uint64_t now_ns = assay_clock_mono_ns();
    pthread_mutex_lock(&scheduler->lock);
    scheduler->totals.passes++;
    scheduler->totals.pass_ns += now_ns - from_ns;
    for (size_t i = 0; i < pass->count; i++) {
        conclude(scheduler, &pass->parts[i], pass->steps[i].count, now_ns);
    }
    if (now_ns - scheduler->snapshot_ns > LM_SNAPSHOT_NS) {
        take_snapshot(scheduler, now_ns);
    }
}

static void tell_outside(struct lm_scheduler *scheduler)
{
    if (scheduler->news) {
        pthread_mutex_unlock(&scheduler->lock);
        scheduler->setup.on_news(scheduler->setup.context);
        pthread_mutex_lock(&scheduler->lock);
    }
}

/* Under the lock from beginning to end, but for the passes. */
static void work_until_end(struct lm_scheduler *scheduler, struct pass *pass)
{
    for (;;) {
        sweep_queue(scheduler);
        sweep_slots(scheduler);
        admit(scheduler);
        if (count_busy(scheduler) > 0) {
            run_pass(scheduler, pass);
            tell_outside(scheduler);
            continue;
        }
        tell_outside(scheduler);
        if (scheduler->queue) {
            continue;
        }
        if (scheduler->is_ending) {
            return;
        }
        take_snapshot(scheduler, assay_clock_mono_ns());
        pthread_cond_wait(&scheduler->wake, &scheduler->lock);
    }
}

static assay_code open_model(struct lm_scheduler *scheduler, assay_err *err)
{
    struct assay_engine_setup setup = scheduler->setup.server->engine;
    setup.logits = setup.sequences = scheduler->slots_count;
    assay_code rc = assay_engine_open(scheduler->setup.served->path, &setup, &scheduler->engine, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    const struct assay_model *model = assay_engine_model(scheduler->engine);
    uint64_t context = assay_engine_context(scheduler->engine), all = assay_engine_positions(scheduler->engine);
    scheduler->pass_tokens_max = (size_t)(setup.batch ? setup.batch : ASSAY_ENGINE_BATCH);
    assay_engine_watch(scheduler->engine, may_go_on, scheduler);
    for (size_t i = 0; i < scheduler->slots_count; i++) {
        scheduler->slots[i].card = &scheduler->card;
        scheduler->slots[i].engine = scheduler->engine;
    }
    return lm_card_fill(&scheduler->card, scheduler->setup.served, model, context < all ? context : all, err);
}

static void *serve(void *argument)
{
    struct lm_scheduler *scheduler = argument;
    assay_err err = {0};
    assay_code rc = open_model(scheduler, &err);
    struct pass *pass = assay_alloc(1, sizeof *pass); /* large for a stack */
    rc = rc == ASSAY_OK && !pass ? assay_nomem(&err) : rc;
    pthread_mutex_lock(&scheduler->lock);
    scheduler->opened = rc;
    scheduler->opened_err = err;
    scheduler->is_opened = true;
    pthread_cond_broadcast(&scheduler->wake);
    if (rc == ASSAY_OK) {
        work_until_end(scheduler, pass);
    }
    pthread_mutex_unlock(&scheduler->lock);
    assay_engine_free(scheduler->engine);
    assay_free(pass);
    return NULL;
}

/* ---- from the server's thread ------------------------------------------------------------------------------------*/

enum lm_submitted lm_scheduler_submit(struct lm_scheduler *scheduler, struct lm_work *work)
{
    pthread_mutex_lock(&scheduler->lock);
    enum lm_submitted answer = LM_ACCEPTED;
    if (scheduler->is_closed) {
        answer = LM_CLOSED;
    } else if (scheduler->queue_count + count_busy(scheduler) >= scheduler->slots_count + scheduler->queue_max) {
        scheduler->totals.queue_full++;
        answer = LM_QUEUE_FULL;
    } else {
        lm_work_hold(work);
        work->next = NULL;
        *scheduler->queue_end = work;
        scheduler->queue_end = &work->next;
        scheduler->queue_count++;
        pthread_cond_signal(&scheduler->wake);
    }
    pthread_mutex_unlock(&scheduler->lock);
    return answer;
}

struct lm_work *lm_scheduler_news(struct lm_scheduler *scheduler)
{
    pthread_mutex_lock(&scheduler->lock);
    struct lm_work *work = scheduler->news;
    if (work) {
        scheduler->news = work->next_news;
        scheduler->news_end = scheduler->news ? scheduler->news_end : &scheduler->news;
        work->has_news = false;
    }
    pthread_mutex_unlock(&scheduler->lock);
    return work;
}

static void wake(struct lm_scheduler *scheduler)
{
    pthread_mutex_lock(&scheduler->lock);
    pthread_cond_signal(&scheduler->wake);
    pthread_mutex_unlock(&scheduler->lock);
}

void lm_scheduler_cancel(struct lm_scheduler *scheduler, struct lm_work *work)
{
    atomic_store_explicit(&work->is_cancelled, true, memory_order_relaxed);
    wake(scheduler);
}

static void raise_flag(struct lm_scheduler *scheduler, bool *flag)
{
    pthread_mutex_lock(&scheduler->lock);
    *flag = true;
    pthread_cond_signal(&scheduler->wake);
    pthread_mutex_unlock(&scheduler->lock);
}

void lm_scheduler_close(struct lm_scheduler *scheduler)
{
    raise_flag(scheduler, &scheduler->is_closed);
}

void lm_scheduler_cut(struct lm_scheduler *scheduler)
{
    atomic_store_explicit(&scheduler->is_cut, true, memory_order_relaxed);
    wake(scheduler);
}

void lm_scheduler_lock(struct lm_scheduler *scheduler)
{
    pthread_mutex_lock(&scheduler->lock);
}

void lm_scheduler_unlock(struct lm_scheduler *scheduler)
{
    pthread_mutex_unlock(&scheduler->lock);
}

void lm_scheduler_read(struct lm_scheduler *scheduler, struct lm_scheduler_totals *ret)
{
    pthread_mutex_lock(&scheduler->lock);
    *ret = scheduler->totals;
    ret->queue = scheduler->queue_count;
    ret->busy = count_busy(scheduler);
    ret->slots = scheduler->slots_count;
    pthread_mutex_unlock(&scheduler->lock);
}

size_t lm_scheduler_kernels(struct lm_scheduler *scheduler, struct assay_lm_kernel *rows, size_t max)
{
    pthread_mutex_lock(&scheduler->lock);
    size_t count = scheduler->kernels_count < max ? scheduler->kernels_count : max;
    memcpy(rows, scheduler->kernels, count * sizeof *rows);
    pthread_mutex_unlock(&scheduler->lock);
    return count;
}

/* ---- life --------------------------------------------------------------------------------------------------------*/

const struct lm_card *lm_scheduler_card(const struct lm_scheduler *scheduler)
{
    return &scheduler->card;
}

static assay_code wait_for_model(struct lm_scheduler *scheduler, assay_err *err)
{
    pthread_mutex_lock(&scheduler->lock);
    while (!scheduler->is_opened) {
        pthread_cond_wait(&scheduler->wake, &scheduler->lock);
    }
    pthread_mutex_unlock(&scheduler->lock);
    if (scheduler->opened != ASSAY_OK && err) {
        *err = scheduler->opened_err;
    }
    return scheduler->opened;
}

assay_code lm_scheduler_new(const struct lm_scheduler_setup *setup, struct lm_scheduler **ret, assay_err *err)
{
    const struct assay_lm_serve_setup *server = setup->server;
    if (server->parallel > LM_SLOTS_MAX) {
        return assay_fail(err, ASSAY_USAGE, "%llu sequences at once, expected at most %d",
                          (unsigned long long)server->parallel, LM_SLOTS_MAX);
    }
    struct lm_scheduler *scheduler = assay_alloc(1, sizeof *scheduler);
    if (!scheduler) {
        return assay_nomem(err);
    }
    scheduler->setup = *setup;
    scheduler->slots_count = (size_t)(server->parallel ? server->parallel : ASSAY_LM_PARALLEL);
    scheduler->queue_max = (size_t)server->queue;
    scheduler->queue_end = &scheduler->queue;
    scheduler->news_end = &scheduler->news;
    atomic_init(&scheduler->is_cut, false);
    int failed = pthread_mutex_init(&scheduler->lock, NULL) || pthread_cond_init(&scheduler->wake, NULL);
    assert(!failed); /* with default attributes these only initialise memory */
    assay_code rc = assay_thread_start(&scheduler->thread, "lm", serve, scheduler, err);
    scheduler->is_started = rc == ASSAY_OK;
    rc = rc == ASSAY_OK ? wait_for_model(scheduler, err) : rc;
    if (rc != ASSAY_OK) {
        lm_scheduler_free(scheduler);
        return rc;
    }
    *ret = scheduler;
    return ASSAY_OK;
}

void lm_scheduler_free(struct lm_scheduler *scheduler)
{
    if (!scheduler) {
        return;
    }
    if (scheduler->is_started) {
        lm_scheduler_close(scheduler);
        lm_scheduler_cut(scheduler);
        raise_flag(scheduler, &scheduler->is_ending);
        assay_thread_join(&scheduler->thread);
    }
    struct lm_work *work;
    while ((work = lm_scheduler_news(scheduler)) != NULL) {
        lm_work_drop(work);
    }
    pthread_cond_destroy(&scheduler->wake);
    pthread_mutex_destroy(&scheduler->lock);
    assay_free(scheduler);
}
