#include "cli/host_limits.h"
#include "cli/limit_table.h"
#include "cli/terminal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "host/host.h"
#include "lm/lm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE 64
#define TRIALS 3 /* a sweep; two sweeps */
#define SWEEPS 2
#define TRIAL_NS (50 * ASSAY_NS_PER_MS)
#define REPETITIONS_MAX (UINT64_C(1) << 40)
#define MEMORY_BYTES ((uint64_t)1 << 30)
#define CACHE_FACTOR 2 /* of the last cache, to be out of it */
#define MEMORY_SHARE 4 /* at most one part in so many of what is free */
#define CACHE_FALLBACK ((uint64_t)32 << 20)
#define MEETINGS 1000 /* of one repetition: a meeting alone is shorter than a reading of the clock */

struct buffer {
    struct assay_pages_memory memory;
    uint64_t bytes;
};

struct figure {
    double values[SWEEPS * TRIALS];
    size_t count;
    const char *state; /* NULL: measured */
    char why[ASSAY_KERNEL_WHY_BYTES];
};

struct limits {
    struct assay_kernel_set *set;
    struct assay_team *teams[2]; /* one thread, and all of them; the same where there is one CPU */
    size_t teams_count;
    struct buffer buffers[LIMIT_PAGES_COUNT];
    uint64_t cache_bytes[LIMIT_SIZE_COUNT];
    uint64_t last_cache_bytes;
    struct figure (*figures)[2]; /* a row of the table each, a team each */
    struct assay_host_reading quiet;
    bool is_quick;
};

/* ---- one measurement ----------------------------------------------------------------------------------------------*/

struct job {
    struct limits *limits;
    const struct limit_row *row;
    struct assay_team *team;
    struct assay_kernel *kernel;    /* NULL: meeting */
    struct assay_kernel_data *data; /* a thread each, for rows that take none of the buffers */
    struct assay_kernel_call calls[LIMIT_THREADS_MAX];
    uint64_t sums[LIMIT_THREADS_MAX][LINE / sizeof(uint64_t)];
    uint64_t repetitions;
};

static void work(void *argument, size_t thread)
{
    struct job *job = argument;
    for (uint64_t n = 0; n < job->repetitions; n++) {
        if (job->kernel) {
            assay_kernel_dispatch(job->kernel, assay_team_counting(job->team, thread), &job->calls[thread]);
            continue;
        }
        for (int i = 0; i < MEETINGS; i++) {
            assay_team_meet(job->team, thread);
        }
    }
}

static uint64_t time_job(struct job *job)
{
    uint64_t begin_ns = assay_clock_mono_ns();
    assay_team_run(job->team, work, job);
    return assay_clock_mono_ns() - begin_ns;
}

static void find_repetitions(struct job *job)
{
    job->repetitions = 1;
    for (uint64_t ns = time_job(job); ns < TRIAL_NS && job->repetitions < REPETITIONS_MAX; ns = time_job(job)) {
        double more = 1.1 * (double)TRIAL_NS / (double)(ns > 1000 ? ns : 1000);
        job->repetitions = more > 1000 ? job->repetitions * 1000 : (uint64_t)((double)job->repetitions * more) + 1;
    }
}

/* What one repetition of all threads amounts to, in the row's unit. */
static double amount_of(const struct job *job)
{
    double amount = 0;
    if (!job->kernel) {
        return MEETINGS;
    }
    const struct assay_kernel_operation *op =
        assay_kernel_set_row(job->limits->set, assay_kernel_row_in_force(job->kernel)).op;
    for (size_t i = 0; i < assay_team_threads(job->team); i++) {
        struct assay_kernel_cost cost = assay_kernel_cost_of(op, &job->calls[i].shape);
        uint64_t counts[] = {[LIMIT_BYTES] = cost.bytes,
                             [LIMIT_OPS] = cost.ops,
                             [LIMIT_ELEMENTS] = cost.elements,
                             [LIMIT_LATENCY] = cost.elements};
        amount += (double)counts[job->row->unit];
    }
    return amount;
}

static void measure(struct job *job, struct figure *figure)
{
    find_repetitions(job);
    double amount = amount_of(job) * (double)job->repetitions;
    for (int i = 0; i < TRIALS; i++) {
        double ns = (double)time_job(job);
        bool is_time = job->row->unit == LIMIT_LATENCY;
        figure->values[figure->count++] = is_time ? ns / amount : amount / ns; /* ns each, or G a second */
    }
}

/* ---- operands -----------------------------------------------------------------------------------------------------*/

/* Each thread has its own part of the buffer; a copy reads the first half of that and writes the second. */
static void take_buffer(struct job *job)
{
    const struct limit_row *row = job->row;
    const struct buffer *buffer = &job->limits->buffers[row->pages];
    size_t threads = assay_team_threads(job->team);
    uint64_t bytes = row->size == LIMIT_SIZE_MEMORY ? buffer->bytes : job->limits->cache_bytes[row->size] * threads;
    bytes = bytes < buffer->bytes ? bytes : buffer->bytes;
    uint64_t lines = bytes / threads / LINE;
    for (size_t i = 0; i < threads; i++) {
        char *at = (char *)buffer->memory.at + i * lines * LINE;
        struct assay_kernel_call *call = &job->calls[i];
        *call = (struct assay_kernel_call){.shape = {lines, row->columns, 1, 1}, .in = {at}, .out = {job->sums[i]}};
        if (row->target == LIMIT_COPIES) {
            call->shape.rows = lines / 2;
            call->out[0] = at + lines / 2 * LINE;
        } else if (row->target == LIMIT_WRITES) {
            call->in[0] = job->sums[i];
            call->out[0] = at;
        }
    }
}

/* Operands of its own, made by the operation: rows of arithmetic, and the chain of a chase. */
static assay_code make_data(struct job *job, const struct assay_kernel_operation *op, assay_err *err)
{
    const struct limit_row *row = job->row;
    size_t threads = assay_team_threads(job->team);
    struct assay_kernel_shape shape = assay_kernel_case_find(op, NULL)->shape;
    shape.columns = row->columns > 0 ? row->columns : shape.columns;
    if (row->unit == LIMIT_LATENCY) {
        uint64_t bytes = row->size == LIMIT_SIZE_MEMORY ? LIMIT_CHASE_BYTES : job->limits->cache_bytes[row->size];
        shape = (struct assay_kernel_shape){bytes / LINE, LIMIT_CHASE_STEPS, 1, 1};
    }
    job->data = assay_alloc(threads, sizeof *job->data);
    assay_code rc = job->data ? ASSAY_OK : assay_nomem(err);
    for (size_t i = 0; i < threads && rc == ASSAY_OK; i++) {
        rc = assay_kernel_data_init(&job->data[i], op, &shape, err);
        if (rc == ASSAY_OK) {
            assay_kernel_data_fill(&job->data[i], assay_kernel_case_find(op, NULL));
            job->calls[i] = job->data[i].call;
        }
    }
    return rc;
}

static void drop_data(struct job *job)
{
    for (size_t i = 0; job->data && i < assay_team_threads(job->team); i++) {
        assay_kernel_data_done(&job->data[i]);
    }
    assay_free(job->data);
}

/* ---- which kernel -------------------------------------------------------------------------------------------------*/

static void leave_out(struct figure *figure, const char *why)
{
    figure->state = "not available";
    (void)snprintf(figure->why, sizeof figure->why, "%s", why);
}

/* The variant of the row's instruction set, or the one in force. Says in figure why there is none. */
static assay_code find_kernel(const struct limits *limits, const struct limit_row *row, struct assay_kernel **ret,
                              const struct assay_kernel_operation **ret_op, struct figure *figure, assay_err *err)
{
    char id[ASSAY_KERNEL_ID_BYTES_MAX], why[ASSAY_KERNEL_WHY_BYTES];
    const struct assay_kernel_operation *op = assay_kernel_set_find(limits->set, row->operation, row->format);
    *ret_op = op;
    if (!row->isa) {
        return assay_kernel_set_bind(limits->set, op, ret, err);
    }
    (void)snprintf(id, sizeof id, "%s_%s_%s", row->operation, row->format, row->isa);
    size_t index = assay_kernel_set_index(limits->set, id);
    struct assay_cpu cpu = assay_cpu_detect();
    const char *missing = assay_kernel_isa_missing(assay_kernel_isa_find(assay_slice_of(row->isa)), &cpu);
    if (missing || index == SIZE_MAX) {
        (void)snprintf(why, sizeof why, missing ? "this host lacks %s" : "this build has no probe of %s",
                       missing ? missing : row->isa);
        leave_out(figure, why);
        return ASSAY_OK;
    }
    struct assay_kernel_entry entry = assay_kernel_set_row(limits->set, index);
    if (entry.state != ASSAY_KERNEL_USABLE) {
        leave_out(figure, entry.why);
        return ASSAY_OK;
    }
    return assay_kernel_set_pin(limits->set, index, ret, err);
}

static assay_code run_row(struct limits *limits, size_t index, size_t team, assay_err *err)
{
    const struct limit_row *row = &LIMIT_ROWS[index];
    struct figure *figure = &limits->figures[index][team];
    struct job *job = assay_alloc(1, sizeof *job);
    const struct assay_kernel_operation *op = NULL;
    assay_code rc = job ? ASSAY_OK : assay_nomem(err);
    if (rc == ASSAY_OK) {
        *job = (struct job){.limits = limits, .row = row, .team = limits->teams[team]};
    }
    if (rc == ASSAY_OK && row->operation) {
        rc = find_kernel(limits, row, &job->kernel, &op, figure, err);
    }
    if (rc == ASSAY_OK && job->kernel) {
        if (row->target == LIMIT_OWN) {
            rc = make_data(job, op, err);
        } else {
            take_buffer(job);
        }
    }
    if (rc == ASSAY_OK && !figure->state) {
        measure(job, figure);
    }
    if (job) {
        drop_data(job);
    }
    assay_free(job);
    return rc;
}

/* ---- the sweeps ---------------------------------------------------------------------------------------------------*/

static bool is_wanted(const struct limits *limits, const struct limit_row *row, size_t team)
{
    bool needs_one = row->threads == LIMIT_ONE_THREAD, needs_many = row->threads == LIMIT_MANY_THREADS;
    size_t threads = assay_team_threads(limits->teams[team]);
    return (!limits->is_quick || row->is_quick) && !(needs_one && team > 0) && !(needs_many && threads == 1);
}

static assay_code sweep(struct limits *limits, const char *which, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; i < LIMIT_ROWS_COUNT && rc == ASSAY_OK; i++) {
        for (size_t team = 0; team < limits->teams_count && rc == ASSAY_OK; team++) {
            if (is_wanted(limits, &LIMIT_ROWS[i], team)) {
                assay_log_progress("%s: %s", which, LIMIT_ROWS[i].name);
                rc = run_row(limits, i, team, err);
            }
        }
    }
    assay_log_progress_end();
    return rc;
}

static uint64_t size_of(int name, uint64_t fallback)
{
    long bytes = sysconf(name);
    return bytes > 0 ? (uint64_t)bytes : fallback;
}

static void find_sizes(struct limits *limits)
{
    uint64_t l1 = size_of(_SC_LEVEL1_DCACHE_SIZE, 32768), l2 = size_of(_SC_LEVEL2_CACHE_SIZE, 262144);
    uint64_t l3 = size_of(_SC_LEVEL3_CACHE_SIZE, 0);
    limits->last_cache_bytes = l3 > l2 ? l3 : l2 > 262144 ? l2 : CACHE_FALLBACK;
    limits->cache_bytes[LIMIT_SIZE_L1] = l1 / 2; /* half: the other half is the rest of the world's */
    limits->cache_bytes[LIMIT_SIZE_L2] = l2 / 2;
    limits->cache_bytes[LIMIT_SIZE_LAST] = limits->last_cache_bytes / 2;
}

static assay_code make_buffers(struct limits *limits, assay_err *err)
{
    static const enum assay_pages PAGES[LIMIT_PAGES_COUNT] = {
        [LIMIT_HUGE_PAGES] = ASSAY_PAGES_HUGE, [LIMIT_SMALL_PAGES] = ASSAY_PAGES_SMALL};
    uint64_t wanted = CACHE_FACTOR * limits->last_cache_bytes, page = size_of(_SC_PAGESIZE, 4096);
    uint64_t most = size_of(_SC_AVPHYS_PAGES, 0) * page / MEMORY_SHARE;
    wanted = wanted > MEMORY_BYTES ? wanted : MEMORY_BYTES;
    wanted = most > 0 && wanted > most ? most : wanted;
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; i < LIMIT_PAGES_COUNT && rc == ASSAY_OK; i++) {
        struct buffer *buffer = &limits->buffers[i];
        if (limits->is_quick && i != LIMIT_HUGE_PAGES) {
            continue;
        }
        rc = assay_pages_map(wanted, PAGES[i], &buffer->memory, err);
        buffer->bytes = wanted / LINE * LINE;
        if (rc == ASSAY_OK) {
            memset(buffer->memory.at, 1, (size_t)buffer->bytes);
        }
    }
    return rc;
}

static assay_code open_limits(struct limits *limits, assay_err *err)
{
    assay_code rc = assay_kernel_set_new(NULL, &limits->set, err);
    rc = rc == ASSAY_OK ? assay_kernel_set_ready(limits->set, err) : rc;
    /* All CPUs first: a team pins this thread, and the next one would find no other CPU in its mask. */
    rc = rc == ASSAY_OK
             ? assay_team_new(limits->set, &(struct assay_team_setup){.is_pinned = true}, &limits->teams[1], err)
             : rc;
    rc = rc == ASSAY_OK ? assay_team_new(limits->set, &(struct assay_team_setup){.threads = 1, .is_pinned = true},
                                         &limits->teams[0], err)
                        : rc;
    if (rc == ASSAY_OK && assay_team_threads(limits->teams[1]) > LIMIT_THREADS_MAX) {
        rc = assay_fail(err, ASSAY_UNSUPPORTED, "%zu CPUs, expected at most %d: taskset makes them fewer",
                        assay_team_threads(limits->teams[1]), LIMIT_THREADS_MAX);
    }
    limits->teams_count = rc == ASSAY_OK && assay_team_threads(limits->teams[1]) > 1 ? 2 : 1;
    limits->figures = assay_alloc(LIMIT_ROWS_COUNT, sizeof *limits->figures);
    find_sizes(limits);
    rc = rc == ASSAY_OK && !limits->figures ? assay_nomem(err) : rc;
    return rc == ASSAY_OK ? make_buffers(limits, err) : rc;
}

static void close_limits(struct limits *limits)
{
    for (size_t i = 0; i < LIMIT_PAGES_COUNT; i++) {
        assay_pages_unmap(&limits->buffers[i].memory);
    }
    assay_team_free(limits->teams[0]); /* the later one first: each puts back the mask that it found */
    assay_team_free(limits->teams[1]);
    assay_kernel_set_free(limits->set);
    assay_free(limits->figures);
}

/* ---- what is told -------------------------------------------------------------------------------------------------*/

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_of(const double *values, size_t count)
{
    double sorted[SWEEPS * TRIALS];
    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, compare_doubles);
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

static const char *state_of(const struct limits *limits, const struct limit_row *row, const struct figure *figure)
{
    if (figure->state) {
        return figure->state;
    }
    bool is_memory = row->target != LIMIT_OWN && row->operation && row->size == LIMIT_SIZE_MEMORY;
    uint64_t least = CACHE_FACTOR * limits->last_cache_bytes;
    return assay_limit_state(
        &(struct limit_sweeps){.first = median_of(figure->values, TRIALS),
                               .last = median_of(figure->values + TRIALS, TRIALS),
                               .foreign_cpu_ppm = limits->quiet.foreign_cpu_ppm,
                               .steal_ppm = limits->quiet.steal_ppm,
                               .is_in_cache = is_memory && limits->buffers[row->pages].bytes < least});
}

static const struct assay_column COLUMNS[] = {
    {"limit", "limit", ASSAY_COLUMN_TEXT},       {"threads", "threads", ASSAY_COLUMN_NUMBER},
    {"median", "median", ASSAY_COLUMN_NUMBER},   {"minimum", "minimum", ASSAY_COLUMN_NUMBER},
    {"maximum", "maximum", ASSAY_COLUMN_NUMBER}, {"unit", "unit", ASSAY_COLUMN_TEXT},
    {"state", "state", ASSAY_COLUMN_TEXT},       {"why", "why", ASSAY_COLUMN_FOREIGN},
};

static void put_figure(struct assay_table *table, const struct limits *limits, size_t index, size_t team)
{
    const struct limit_row *row = &LIMIT_ROWS[index];
    const struct figure *figure = &limits->figures[index][team];
    double sorted[SWEEPS * TRIALS];
    memcpy(sorted, figure->values, sizeof sorted);
    qsort(sorted, figure->count, sizeof *sorted, compare_doubles);
    assay_table_row(table);
    assay_table_cell(table, "%s", row->name);
    assay_table_cell(table, "%zu", assay_team_threads(limits->teams[team]));
    for (size_t i = 0; i < 3; i++) {
        if (figure->count == 0) {
            assay_table_absent(table, "-");
        } else {
            assay_table_cell(table, "%.4g",
                             i == 0   ? median_of(figure->values, figure->count)
                             : i == 1 ? sorted[0]
                                      : sorted[figure->count - 1]);
        }
    }
    assay_table_cell(table, "%s", LIMIT_UNIT_TEXTS[row->unit]);
    assay_table_cell(table, "%s", state_of(limits, row, figure));
    assay_table_cell(table, "%s", figure->why);
}

static void put_quiet(const struct limits *limits, struct assay_buf *out)
{
    const struct assay_host_reading *quiet = &limits->quiet;
    struct assay_clock_cost cost = assay_clock_measure_cost();
    assay_buf_printf(out, "\nreading the clock costs %llu ns\n", (unsigned long long)cost.overhead_ns);
    if (quiet->foreign_cpu_ppm != UINT64_MAX) {
        assay_buf_printf(out, "other programs used %.3g %% of the CPUs\n", (double)quiet->foreign_cpu_ppm / 1e4);
    }
    if (quiet->steal_ppm != UINT64_MAX) {
        assay_buf_printf(out, "stolen by the hypervisor: %.3g %%\n", (double)quiet->steal_ppm / 1e4);
    }
    const struct assay_pages_memory *memory = &limits->buffers[LIMIT_HUGE_PAGES].memory;
    uint64_t huge = assay_pages_huge_bytes(memory);
    if (huge != UINT64_MAX) {
        assay_buf_printf(out, "of the buffer on huge pages %.3g %% lie in such\n",
                         100 * (double)huge / (double)memory->bytes);
    }
}

static assay_code render(const struct limits *limits, bool wants_json, bool *ret_is_good, struct assay_buf *out,
                         assay_err *err)
{
    struct assay_table table;
    struct assay_style style = assay_terminal_style();
    assay_table_init(&table, COLUMNS, sizeof COLUMNS / sizeof COLUMNS[0]);
    *ret_is_good = true;
    for (size_t i = 0; i < LIMIT_ROWS_COUNT; i++) {
        for (size_t team = 0; team < limits->teams_count; team++) {
            if (is_wanted(limits, &LIMIT_ROWS[i], team)) {
                const char *state = state_of(limits, &LIMIT_ROWS[i], &limits->figures[i][team]);
                *ret_is_good &= strcmp(state, "invalid") != 0 && strcmp(state, "polluted") != 0;
                put_figure(&table, limits, i, team);
            }
        }
    }
    assay_code rc = assay_table_render(&table, wants_json ? ASSAY_REPORT_JSON : ASSAY_REPORT_TEXT, &style, out, err);
    assay_table_done(&table);
    if (rc == ASSAY_OK && !wants_json) {
        put_quiet(limits, out);
    }
    return rc;
}

assay_code assay_host_limits(bool is_quick, bool wants_json, struct assay_buf *out, assay_err *err)
{
    struct limits limits = {.is_quick = is_quick};
    struct assay_host_watch *watch = NULL;
    bool is_good = false;
    assay_log_open(ASSAY_LOG_NORMAL);
    assay_code rc = open_limits(&limits, err);
    rc = rc == ASSAY_OK ? assay_host_watch_begin("", &watch, err) : rc;
    rc = rc == ASSAY_OK ? sweep(&limits, "first sweep", err) : rc;
    rc = rc == ASSAY_OK ? sweep(&limits, "second sweep", err) : rc;
    if (rc == ASSAY_OK) {
        assay_host_watch_read(watch, &limits.quiet);
        rc = render(&limits, wants_json, &is_good, out, err);
    }
    assay_host_watch_end(watch);
    close_limits(&limits);
    return rc == ASSAY_OK && !is_good ? ASSAY_UNDECIDED : rc;
}
