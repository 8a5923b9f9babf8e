/* The scheduler of a model: order, slots, cancellation, cuts, and that neighbours change nothing. */
#include "base/clock.h"
#include "base/file.h"
#include "serve/lm_scheduler.h"
#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { WAIT_S = 60 };

static char path[] = "/tmp/assay-test-XXXXXX";

enum { HIDDEN = 256, BROKEN_ID = 250 }; /* of the model; the token whose embedding is not finite in the broken one */

static void break_embedding(struct assay_buf *file)
{
    struct assay_gguf *gguf = NULL;
    const uint16_t infinite = 0x7c00;
    assert_int_equal(assay_gguf_parse((const uint8_t *)file->data, file->len, &gguf, NULL), ASSAY_OK);
    const struct assay_gguf_tensor *table = assay_gguf_tensor(gguf, "token_embd.weight");
    size_t at = (size_t)((const char *)table->data - file->data) + (size_t)HIDDEN * BROKEN_ID * sizeof infinite;
    memcpy(file->data + at, &infinite, sizeof infinite);
    assay_gguf_free(gguf);
}

static bool write_model(char *template, bool is_broken)
{
    struct assay_buf file;
    assay_err err = {0};
    const struct assay_synth synth = {.shape = "tiny", .format = "i2_s", .head = "f16", .seed = 1};
    assay_buf_init(&file, (size_t)64 << 20);
    int fd = mkstemp(template);
    bool is_good = fd >= 0 && assay_synth_make(&synth, &file, &err) == ASSAY_OK;
    if (is_good && is_broken) {
        break_embedding(&file);
    }
    is_good = is_good && assay_fd_write(fd, file.data, file.len, template, &err) == ASSAY_OK;
    assay_buf_done(&file);
    if (fd >= 0) {
        (void)close(fd);
    }
    return is_good;
}

static int make_model(void **state)
{
    (void)state;
    assay_json_init();
    return write_model(path, false) ? 0 : -1;
}

static int remove_model(void **state)
{
    (void)state;
    return unlink(path);
}

struct bench {
    struct assay_lm_served served;
    struct assay_lm_serve_setup server;
    pthread_mutex_t pass_lock;
    struct lm_scheduler *scheduler;
    atomic_uint news;
};

static void on_news(void *context)
{
    atomic_fetch_add((atomic_uint *)context, 1);
}

static const struct assay_kernel_operation *planted_op; /* in the place of the one of its name; NULL: none */

static void open_bench_of(struct bench *bench, const char *model, uint64_t parallel, uint64_t queue)
{
    assay_err err = {0};
    *bench = (struct bench){.served = {.name = "test", .path = model, .digest = "00"},
                            .server = {.parallel = parallel,
                                       .queue = queue,
                                       .engine = {.threads = 1, .pin = ASSAY_SWITCH_OFF, .plant = planted_op}}};
    pthread_mutex_init(&bench->pass_lock, NULL);
    atomic_init(&bench->news, 0);
    const struct lm_scheduler_setup setup = {.served = &bench->served,
                                             .server = &bench->server,
                                             .pass_lock = &bench->pass_lock,
                                             .on_news = on_news,
                                             .context = &bench->news};
    if (lm_scheduler_new(&setup, &bench->scheduler, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
}

static void open_bench(struct bench *bench, uint64_t parallel, uint64_t queue)
{
    open_bench_of(bench, path, parallel, queue);
}

static void close_bench(struct bench *bench)
{
    lm_scheduler_free(bench->scheduler);
    pthread_mutex_destroy(&bench->pass_lock);
}

/* A request with a prompt of `length` tokens that begins with `first`. */
static struct lm_work *make_work(int32_t first, size_t length, uint64_t max_tokens)
{
    struct lm_ask ask;
    struct assay_tokens prompt = {0};
    struct lm_work *work = NULL;
    lm_ask_init(&ask);
    ask.max_tokens = max_tokens;
    ask.ignores_eos = true;
    for (size_t i = 0; i < length; i++) {
        assert_int_equal(assay_tokens_add(&prompt, (first + (int32_t)i) % 256, NULL), ASSAY_OK);
    }
    const struct assay_sampling sampling = {.temperature = 0.9, .top_p = 1, .seed = (uint64_t)first};
    assert_int_equal(lm_work_new(&ask, &prompt, &sampling, &work, NULL), ASSAY_OK);
    work->context = 512;
    lm_ask_done(&ask);
    return work;
}

static enum lm_finish finish_of(struct bench *bench, const struct lm_work *work)
{
    lm_scheduler_lock(bench->scheduler);
    enum lm_finish finish = work->output.finish;
    lm_scheduler_unlock(bench->scheduler);
    return finish;
}

static void wait_for(struct bench *bench, const struct lm_work *work)
{
    uint64_t end_ns = assay_clock_mono_ns() + WAIT_S * ASSAY_NS_PER_S;
    while (finish_of(bench, work) == LM_GOING_ON && assay_clock_mono_ns() < end_ns) {
        assay_clock_system.sleep_until_ns(NULL, assay_clock_mono_ns() + ASSAY_NS_PER_MS);
    }
    assert_int_not_equal(finish_of(bench, work), LM_GOING_ON);
}

static void wait_for_token(struct bench *bench, const struct lm_work *work)
{
    size_t tokens = 0;
    for (int i = 0; i < WAIT_S * 1000 && tokens == 0; i++) {
        lm_scheduler_lock(bench->scheduler);
        tokens = work->output.tokens;
        lm_scheduler_unlock(bench->scheduler);
        assay_clock_system.sleep_until_ns(NULL, assay_clock_mono_ns() + ASSAY_NS_PER_MS);
    }
    assert_int_not_equal(tokens, 0);
}

static void neighbours_change_nothing(void **state)
{
    (void)state;
    enum { COUNT = 8 };
    struct bench alone, many;
    struct lm_work *apart[COUNT], *together[COUNT];
    open_bench(&alone, 1, COUNT);
    open_bench(&many, COUNT, COUNT);
    for (int i = 0; i < COUNT; i++) { /* prompts longer than a shared pass takes, so that they are cut differently */
        apart[i] = make_work(i + 1, 1 + (size_t)i * 23, 24);
        together[i] = make_work(i + 1, 1 + (size_t)i * 23, 24);
        assert_int_equal(lm_scheduler_submit(alone.scheduler, apart[i]), LM_ACCEPTED);
        assert_int_equal(lm_scheduler_submit(many.scheduler, together[i]), LM_ACCEPTED);
    }
    for (int i = 0; i < COUNT; i++) {
        wait_for(&alone, apart[i]);
        wait_for(&many, together[i]);
        assert_int_equal(apart[i]->output.finish, LM_LENGTH);
        assert_int_equal(apart[i]->output.tokens, 24);
        assert_int_equal(apart[i]->output.text.len, together[i]->output.text.len);
        assert_memory_equal(apart[i]->output.text.data, together[i]->output.text.data, apart[i]->output.text.len);
    }
    struct lm_scheduler_totals a, b;
    lm_scheduler_read(alone.scheduler, &a);
    lm_scheduler_read(many.scheduler, &b);
    assert_true(b.passes < a.passes);
    assert_int_equal(b.pass_tokens, a.pass_tokens);
    assert_int_equal(a.output_tokens, COUNT * 24);
    for (int i = 0; i < COUNT; i++) {
        lm_work_drop(apart[i]);
        lm_work_drop(together[i]);
    }
    close_bench(&alone);
    close_bench(&many);
}

static void a_stream_whose_numbers_break_ends_alone(void **state)
{
    (void)state;
    char broken[] = "/tmp/assay-test-XXXXXX";
    struct bench alone, both;
    assert_true(write_model(broken, true));
    struct lm_work *wanted = make_work(1, 4, 8), *good = make_work(1, 4, 8), *bad = make_work(BROKEN_ID, 1, 8);
    open_bench(&alone, 1, 1);
    open_bench_of(&both, broken, 2, 2);
    assert_int_equal(lm_scheduler_submit(alone.scheduler, wanted), LM_ACCEPTED);
    pthread_mutex_lock(&both.pass_lock); /* no pass runs until both are there */
    assert_int_equal(lm_scheduler_submit(both.scheduler, good), LM_ACCEPTED);
    assert_int_equal(lm_scheduler_submit(both.scheduler, bad), LM_ACCEPTED);
    pthread_mutex_unlock(&both.pass_lock);
    wait_for(&alone, wanted);
    wait_for(&both, good);
    wait_for(&both, bad);
    assert_int_equal(bad->output.finish, LM_FAILED);
    assert_non_null(strstr(bad->output.err.message, "no longer finite"));
    assert_int_equal(good->output.finish, LM_LENGTH);
    assert_int_equal(good->output.text.len, wanted->output.text.len);
    assert_memory_equal(good->output.text.data, wanted->output.text.data, wanted->output.text.len);
    lm_work_drop(wanted);
    lm_work_drop(good);
    lm_work_drop(bad);
    close_bench(&alone);
    close_bench(&both);
    assert_int_equal(unlink(broken), 0);
}

static void times_are_in_order_and_cover_every_token(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench, 1, 0);
    struct lm_work *work = make_work(1, 40, 5);
    work->output.times.accepted_ns = assay_clock_mono_ns();
    assert_int_equal(lm_scheduler_submit(bench.scheduler, work), LM_ACCEPTED);
    wait_for(&bench, work);
    const struct lm_times *times = &work->output.times;
    assert_true(times->accepted_ns <= times->started_ns && times->started_ns < times->decoding_ns);
    assert_true(times->decoding_ns < times->last_ns && times->last_ns <= times->ended_ns);
    struct lm_scheduler_totals totals;
    lm_scheduler_read(bench.scheduler, &totals);
    assert_int_equal(totals.passes, 1 + 5); /* 39 tokens of the prompt at once; its last one is the first of five */
    assert_int_equal(totals.prompt_tokens, 40);
    lm_work_drop(work);
    close_bench(&bench);
}

static void the_first_to_come_is_the_first_to_be_served(void **state)
{
    (void)state;
    struct bench bench;
    struct lm_work *works[3];
    open_bench(&bench, 1, 2);
    for (int i = 0; i < 3; i++) {
        works[i] = make_work(i + 1, 4, 8);
    }
    pthread_mutex_lock(&bench.pass_lock); /* no pass runs until all are there */
    for (int i = 0; i < 3; i++) {
        assert_int_equal(lm_scheduler_submit(bench.scheduler, works[i]), LM_ACCEPTED);
    }
    struct lm_work *refused = make_work(9, 4, 8);
    assert_int_equal(lm_scheduler_submit(bench.scheduler, refused), LM_QUEUE_FULL);
    lm_work_drop(refused);
    pthread_mutex_unlock(&bench.pass_lock);
    for (int i = 0; i < 3; i++) {
        wait_for(&bench, works[i]);
    }
    for (int i = 1; i < 3; i++) {
        assert_true(works[i]->output.times.started_ns >= works[i - 1]->output.times.ended_ns);
    }
    for (int i = 0; i < 3; i++) {
        lm_work_drop(works[i]);
    }
    close_bench(&bench);
}

static void a_cancelled_request_ends_and_frees_its_slot(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench, 1, 2);
    struct lm_work *running = make_work(1, 4, LM_UNLIMITED), *waiting = make_work(2, 4, 8), *next = make_work(3, 4, 8);
    assert_int_equal(lm_scheduler_submit(bench.scheduler, running), LM_ACCEPTED);
    assert_int_equal(lm_scheduler_submit(bench.scheduler, waiting), LM_ACCEPTED);
    assert_int_equal(lm_scheduler_submit(bench.scheduler, next), LM_ACCEPTED);
    lm_scheduler_cancel(bench.scheduler, waiting);
    wait_for_token(&bench, running);
    lm_scheduler_cancel(bench.scheduler, running);
    wait_for(&bench, running);
    wait_for(&bench, waiting);
    wait_for(&bench, next);
    assert_int_equal(waiting->output.finish, LM_CANCELLED);
    assert_int_equal(waiting->output.tokens, 0);
    assert_int_equal(next->output.finish, LM_LENGTH);
    assert_true(running->output.finish == LM_CANCELLED || running->output.finish == LM_LENGTH); /* it may be through */
    lm_work_drop(running);
    lm_work_drop(waiting);
    lm_work_drop(next);
    close_bench(&bench);
}

static void a_cut_ends_all_and_a_closed_one_takes_none(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench, 1, 2);
    struct lm_work *running = make_work(1, 200, LM_UNLIMITED), *waiting = make_work(2, 4, 8);
    assert_int_equal(lm_scheduler_submit(bench.scheduler, running), LM_ACCEPTED);
    assert_int_equal(lm_scheduler_submit(bench.scheduler, waiting), LM_ACCEPTED);
    lm_scheduler_close(bench.scheduler);
    struct lm_work *late = make_work(3, 4, 8);
    assert_int_equal(lm_scheduler_submit(bench.scheduler, late), LM_CLOSED);
    lm_scheduler_cut(bench.scheduler);
    wait_for(&bench, running);
    wait_for(&bench, waiting);
    assert_int_equal(waiting->output.finish, LM_SHUT);
    size_t told = 0;
    struct lm_work *news;
    while ((news = lm_scheduler_news(bench.scheduler)) != NULL) {
        told++;
        lm_work_drop(news);
    }
    assert_true(told >= 2);
    assert_true(atomic_load(&bench.news) >= 1);
    lm_work_drop(running);
    lm_work_drop(waiting);
    lm_work_drop(late);
    close_bench(&bench);
}

/* A norm that cuts the scheduler when it is called, once. */
static struct {
    void (*honest)(const struct assay_kernel_call *call);
    atomic_uint calls;
    _Atomic(struct lm_scheduler *) to_cut;
} planted;

static void cut_in_a_pass(const struct assay_kernel_call *call)
{
    planted.honest(call);
    atomic_fetch_add(&planted.calls, 1);
    struct lm_scheduler *scheduler = atomic_exchange(&planted.to_cut, NULL);
    if (scheduler) {
        lm_scheduler_cut(scheduler);
    }
}

static const struct assay_kernel_operation *find_norm(void)
{
    size_t count = 0;
    const struct assay_kernel_operation *const *all = assay_kernel_builtin(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(all[i]->name, "norm_rms") == 0) {
            return all[i];
        }
    }
    fail_msg("no kernel norm_rms");
    return NULL;
}

/* How often the norm is called until a prompt of some passes, and one token, are through or cut. */
static unsigned count_norms(bool is_cut)
{
    struct bench bench;
    open_bench(&bench, 1, 1);
    struct lm_work *work = make_work(1, 300, 1);
    atomic_store(&planted.calls, 0);
    atomic_store(&planted.to_cut, is_cut ? bench.scheduler : NULL);
    assert_int_equal(lm_scheduler_submit(bench.scheduler, work), LM_ACCEPTED);
    wait_for(&bench, work);
    assert_int_equal(work->output.finish, is_cut ? LM_SHUT : LM_LENGTH);
    assert_int_equal(work->output.tokens, is_cut ? 0 : 1);
    lm_work_drop(work);
    close_bench(&bench);
    return atomic_load(&planted.calls);
}

static void a_cut_ends_a_pass_between_two_layers(void **state)
{
    (void)state;
    enum { PASSES = 4 }; /* 299 tokens of prompt, 128 at once, and the one that gives the token */
    const struct assay_kernel_operation *norm = find_norm();
    struct assay_kernel_row row;
    const struct assay_kernel_row *rows[] = {norm->rows[0], &row};
    struct assay_kernel_operation op = *norm;
    planted.honest = norm->rows[0]->run;
    row = (struct assay_kernel_row){.id = "norm_rms_f32_cuts", .kind = ASSAY_KERNEL_NATIVE, .needs = "ref"};
    row.run = cut_in_a_pass;
    op.rows = rows;
    op.rows_count = 2;
    planted_op = &op;
    unsigned whole = count_norms(false), cut = count_norms(true);
    planted_op = NULL;
    assert_true(whole > PASSES && cut > 0);
    assert_true(cut < whole / PASSES); /* not even to the end of the pass that was running */
}

static void a_model_that_is_none_is_refused_with_its_path(void **state)
{
    (void)state;
    struct bench bench = {.served = {.name = "test", .path = "/proc/self/stat", .digest = "00"}};
    struct lm_scheduler *scheduler = NULL;
    assay_err err = {0};
    const struct lm_scheduler_setup setup = {
        .served = &bench.served, .server = &bench.server, .pass_lock = &bench.pass_lock, .on_news = on_news};
    assert_int_not_equal(lm_scheduler_new(&setup, &scheduler, &err), ASSAY_OK);
    assert_null(scheduler);
    assert_int_not_equal(err.message[0], '\0');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_change_nothing),
        cmocka_unit_test(a_stream_whose_numbers_break_ends_alone),
        cmocka_unit_test(times_are_in_order_and_cover_every_token),
        cmocka_unit_test(the_first_to_come_is_the_first_to_be_served),
        cmocka_unit_test(a_cancelled_request_ends_and_frees_its_slot),
        cmocka_unit_test(a_cut_ends_all_and_a_closed_one_takes_none),
        cmocka_unit_test(a_cut_ends_a_pass_between_two_layers),
        cmocka_unit_test(a_model_that_is_none_is_refused_with_its_path),
    };
    return cmocka_run_group_tests(tests, make_model, remove_model);
}
