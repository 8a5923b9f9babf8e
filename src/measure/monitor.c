#include "measure/engine.h"

#include <assert.h>
#include <time.h>

/* What the main thread does while the workers measure: clock and host readings, progress, the stop flag. It sleeps
 * nearly always, and it allocates nothing. */
#define TICK_NS (20 * ASSAY_NS_PER_MS) /* how late Ctrl-C is noticed */
#define CLOCK_EVERY_NS (100 * ASSAY_NS_PER_MS)
#define HOST_EVERY_NS ASSAY_NS_PER_S
#define LEAST_INTERVAL_NS (200 * ASSAY_NS_PER_MS) /* the last reading may come early, but not so early */
#define PROGRESS_EVERY_NS (250 * ASSAY_NS_PER_MS)
#define LIVE_P50_LEAST 5 /* endpoints.md 2: least n of a percentile */
#define LIVE_P95_LEAST 59
#define RATE_LEAST_NS (100 * ASSAY_NS_PER_MS) /* a rate over less says nothing */

static uint64_t now_of(const struct assay_engine *engine)
{
    return engine->clock->now_ns(engine->clock->self);
}

static void read_clocks(struct assay_engine *engine)
{
    if (engine->clock_readings_count == engine->clock_readings_max) {
        return; /* beyond the longest run */
    }
    struct assay_clock_reading *reading = &engine->clock_readings[engine->clock_readings_count];
    if (engine->clock == &assay_clock_system) {
        struct assay_clock_pair pair = assay_clock_read_pair();
        *reading = (struct assay_clock_reading){.mono_before_ns = pair.mono_before_ns,
                                                .real_ns = pair.real_ns,
                                                .mono_after_ns = pair.mono_after_ns,
                                                .raw_ns = assay_clock_mono_raw_ns()};
    } else {
        uint64_t now_ns = now_of(engine); /* a clock that nobody waits for may be looked at too early */
        now_ns = now_ns < engine->origin_ns ? engine->origin_ns : now_ns;
        *reading = (struct assay_clock_reading){now_ns, now_ns, now_ns, now_ns};
    }
    engine->clock_readings_count++;
}

/* The busiest worker's share of one core since the last reading. Of a workload of steps it says nothing: the CPU time
 * of its operations is what it is there to measure. */
static uint64_t busiest_worker_ppm(struct assay_engine *engine, uint64_t elapsed_ns)
{
    uint64_t most_ns = 0;
    if (!engine->workload->submit) {
        return ASSAY_NS_ABSENT;
    }
    for (size_t i = 0; i < engine->workers_count; i++) {
        uint64_t ended_ns = atomic_load_explicit(&engine->workers[i].cpu_at_end_ns, memory_order_acquire);
        uint64_t used_ns = ended_ns ? ended_ns : assay_thread_cpu_ns(&engine->workers[i].thread);
        uint64_t since_ns = used_ns >= engine->worker_cpu_ns[i] ? used_ns - engine->worker_cpu_ns[i] : 0;
        engine->worker_cpu_ns[i] = used_ns;
        most_ns = since_ns > most_ns ? since_ns : most_ns;
    }
    return elapsed_ns > 0 ? (uint64_t)((double)most_ns / (double)elapsed_ns * 1e6) : ASSAY_NS_ABSENT;
}

static void read_host(struct assay_engine *engine, bool is_kept)
{
    uint64_t now_ns = assay_clock_mono_ns();
    uint64_t elapsed_ns = now_ns - engine->host_read_ns;
    engine->host_read_ns = now_ns;
    uint64_t client_cpu_ppm = busiest_worker_ppm(engine, elapsed_ns);
    struct assay_host_reading reading;
    assay_host_watch_read(engine->watch, &reading);
    bool is_short = elapsed_ns < LEAST_INTERVAL_NS && engine->host_readings_count > 0;
    if (!is_kept || is_short || engine->host_readings_count == engine->host_readings_max) {
        return;
    }
    uint64_t at_ns = now_of(engine);
    reading.at_ns = at_ns > engine->origin_ns ? at_ns - engine->origin_ns : 0;
    reading.client_cpu_ppm = client_cpu_ppm;
    engine->host_readings[engine->host_readings_count++] = reading;
}

static const char *phase_of(const struct assay_engine *engine, const struct assay_counts *counts)
{
    if (assay_engine_stopped(engine) != ASSAY_GOING_ON) {
        return "drain";
    }
    return counts->issued <= engine->plan->warmup.samples ? "warm-up" : "measure";
}

static uint64_t eta_of(const struct assay_engine *engine, const struct assay_progress *progress)
{
    const struct assay_plan *plan = engine->plan;
    uint64_t from_ns = atomic_load_explicit(&engine->measured_from_ns, memory_order_relaxed);
    if (plan->load.mode == ASSAY_LOAD_OPEN) {
        uint64_t last_ns = plan->ops[plan->ops_count - 1].due_ns;
        return last_ns > progress->elapsed_ns ? last_ns - progress->elapsed_ns : 0;
    }
    if (plan->stop.rule == ASSAY_STOP_DURATION) {
        uint64_t end_ns = from_ns + plan->stop.duration_ns, now_ns = engine->origin_ns + progress->elapsed_ns;
        return from_ns == 0 ? ASSAY_NS_ABSENT : (end_ns > now_ns ? end_ns - now_ns : 0);
    }
    if (!(progress->rate_per_s > 0)) {
        return ASSAY_NS_ABSENT;
    }
    return (uint64_t)((double)(progress->planned - progress->finished) / progress->rate_per_s * 1e9);
}

static void show_progress(struct assay_engine *engine, const struct assay_counts *counts)
{
    const struct assay_live_histogram *service[ASSAY_WORKERS_MAX], *first[ASSAY_WORKERS_MAX];
    for (size_t i = 0; i < engine->workers_count; i++) {
        service[i] = &engine->workers[i].service;
        first[i] = &engine->workers[i].first;
    }
    size_t n = engine->workers_count;
    uint64_t now_ns = now_of(engine), warmup = engine->plan->warmup.samples;
    struct assay_progress progress = {.elapsed_ns = now_ns > engine->origin_ns ? now_ns - engine->origin_ns : 0,
                                      .planned = engine->plan->ops_count,
                                      .issued = counts->issued,
                                      .finished = assay_counts_ended(counts),
                                      .ok = counts->ended[ASSAY_GROUP_OK],
                                      .failed =
                                          counts->ended[ASSAY_GROUP_FAILED] + counts->ended[ASSAY_GROUP_TIMED_OUT],
                                      .in_flight = counts->in_flight,
                                      .warmup_left = counts->issued < warmup ? warmup - counts->issued : 0,
                                      .ttft_p50_ns = assay_live_quantile(first, n, 0.5, LIVE_P50_LEAST),
                                      .ttft_p95_ns = assay_live_quantile(first, n, 0.95, LIVE_P95_LEAST),
                                      .service_p50_ns = assay_live_quantile(service, n, 0.5, LIVE_P50_LEAST),
                                      .service_p95_ns = assay_live_quantile(service, n, 0.95, LIVE_P95_LEAST),
                                      .phase = phase_of(engine, counts)};
    if (progress.elapsed_ns >= RATE_LEAST_NS) {
        progress.rate_per_s = (double)progress.finished / ((double)progress.elapsed_ns / 1e9);
    }
    progress.eta_ns = eta_of(engine, &progress);
    engine->setup->on_progress(engine->setup->progress_context, &progress);
}

/* Sleeps a tick; true when all workers have ended. */
static bool wait_a_tick(struct assay_engine *engine, uint64_t until_ns)
{
    struct timespec until = {.tv_sec = (time_t)(until_ns / ASSAY_NS_PER_S),
                             .tv_nsec = (long)(until_ns % ASSAY_NS_PER_S)};
    pthread_mutex_lock(&engine->mutex);
    if (engine->ended_count < engine->workers_count) {
        (void)pthread_cond_clockwait(&engine->changed, &engine->mutex, CLOCK_MONOTONIC, &until);
    }
    bool is_over = engine->ended_count == engine->workers_count;
    pthread_mutex_unlock(&engine->mutex);
    return is_over;
}

static bool is_due(uint64_t *next_ns, uint64_t now_ns, uint64_t every_ns)
{
    if (now_ns < *next_ns) {
        return false;
    }
    *next_ns += every_ns;
    if (*next_ns <= now_ns) {
        *next_ns = now_ns + every_ns; /* it was kept waiting: no readings in a row to make up for it */
    }
    return true;
}

/* A signal, a failed harness, the end of the longest run: nothing is waited for any more. */
static void hurry_on_stop(struct assay_engine *engine)
{
    const volatile sig_atomic_t *flag = engine->setup->stop_flag;
    if (flag && *flag) {
        assay_engine_stop(engine, ASSAY_STOPPED_SIGNAL);
    }
    uint64_t now_ns = now_of(engine);
    if (now_ns > engine->origin_ns && now_ns - engine->origin_ns >= engine->plan->stop.max_duration_ns) {
        assay_engine_stop(engine, ASSAY_STOPPED_TIME);
        assay_quiet_hurry(engine);
    }
    enum assay_stop_reason reason = assay_engine_stopped(engine);
    if (reason == ASSAY_STOPPED_SIGNAL || reason == ASSAY_STOPPED_HARNESS) {
        assay_quiet_hurry(engine);
    }
}

assay_code assay_engine_monitor(struct assay_engine *engine, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    read_host(engine, false); /* where the first interval begins */
    uint64_t now_ns = assay_clock_mono_ns();
    if (engine->clock == &assay_clock_system) {
        now_ns = engine->origin_ns; /* the first reading of the clocks is taken at the origin */
        engine->clock->sleep_until_ns(engine->clock->self, now_ns);
    }
    uint64_t next_clock_ns = now_ns, next_host_ns = now_ns + HOST_EVERY_NS, next_progress_ns = now_ns;
    bool is_over = false;
    while (!is_over) {
        now_ns = assay_clock_mono_ns();
        hurry_on_stop(engine);
        if (is_due(&next_clock_ns, now_ns, CLOCK_EVERY_NS)) {
            read_clocks(engine);
        }
        if (is_due(&next_host_ns, now_ns, HOST_EVERY_NS)) {
            read_host(engine, true);
        }
        struct assay_counts counts;
        assay_code checked = assay_engine_counts(engine, &counts, rc == ASSAY_OK ? err : NULL);
        if (checked != ASSAY_OK) {
            rc = checked;
            assay_engine_stop(engine, ASSAY_STOPPED_HARNESS);
        } else if (engine->setup->on_progress && is_due(&next_progress_ns, now_ns, PROGRESS_EVERY_NS)) {
            show_progress(engine, &counts);
        }
        if (engine->is_quiet) {
            assay_quiet_end_turn(engine);
            assay_quiet_wait(engine);
        }
        is_over = wait_a_tick(engine, engine->is_quiet ? 0 : now_ns + TICK_NS);
    }
    read_clocks(engine);
    read_host(engine, true);
    return rc;
}
