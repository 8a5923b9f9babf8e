#include "measure/chance.h"
#include "measure/measure.h"
#include "measure/replay.h"

#include "base/mem.h"

#include <assert.h>
#include <math.h>

/* A schedule is a stream of due times; one struct serves all shapes, one function each draws the next. */
struct stream {
    const struct assay_plan *plan;
    const struct assay_shape *shape;
    struct assay_rng rng; /* substream "arrivals" */
    double at_ns;         /* running sum of gaps, which are never rescaled */
    uint64_t drawn;       /* due times given so far */
    double area;          /* ramp, steps: expected arrivals up to the next one */
    struct assay_replay replay;
};

/* Each gives the due time of operation stream->drawn; false when the shape itself has ended. */
typedef bool (*next_due)(struct stream *stream, double *ret_ns);

static bool next_constant(struct stream *stream, double *ret_ns)
{
    *ret_ns = (double)stream->drawn * 1e9 / stream->plan->load.rate_per_s; /* no sum, so no drift */
    return true;
}

static bool next_poisson(struct stream *stream, double *ret_ns)
{
    stream->at_ns += assay_chance_exponential(&stream->rng) * 1e9 / stream->plan->load.rate_per_s;
    *ret_ns = stream->at_ns;
    return true;
}

static bool next_gamma(struct stream *stream, double *ret_ns)
{
    double cv = stream->plan->load.gamma_cv;
    double shape = 1 / (cv * cv);
    stream->at_ns += assay_chance_gamma(&stream->rng, shape) / shape * 1e9 / stream->plan->load.rate_per_s;
    *ret_ns = stream->at_ns;
    return true;
}

static bool next_burst(struct stream *stream, double *ret_ns)
{
    uint64_t burst = stream->drawn / stream->shape->burst_size; /* whole bursts before this one */
    *ret_ns = (double)(burst * stream->shape->burst_period_ns);
    return true;
}

/* Time into a piece of length T (seconds), rate r0 -> r1, after which `area` arrivals are expected: the root of
 * r0 t + (r1 - r0) t^2 / 2T = area, in the form that also holds for r1 = r0. */
static double time_of_area(double r0, double r1, double length_s, double area)
{
    double slope = (r1 - r0) / length_s;
    double root = sqrt(fmax(0, r0 * r0 + 2 * slope * area));
    return r0 + root > 0 ? 2 * area / (r0 + root) : length_s;
}

/* Poisson arrivals of a rate that changes in time: unit exponential gaps on the axis of expected arrivals. */
static bool next_ramp(struct stream *stream, double *ret_ns)
{
    stream->area += assay_chance_exponential(&stream->rng);
    bool is_ramp = stream->plan->load.arrivals == ASSAY_ARRIVALS_RAMP;
    double left = stream->area;
    for (size_t i = 0; i + 1 < stream->shape->points_count; i++) {
        double from_ns = (double)stream->shape->points[i].at_ns;
        double length_s = ((double)stream->shape->points[i + 1].at_ns - from_ns) / 1e9;
        double r0 = stream->shape->points[i].rate_per_s;
        double r1 = is_ramp ? stream->shape->points[i + 1].rate_per_s : r0;
        double piece = (r0 + r1) / 2 * length_s;
        if (left <= piece) {
            *ret_ns = from_ns + time_of_area(r0, r1, length_s, left) * 1e9;
            return true;
        }
        left -= piece;
    }
    return false;
}

static bool next_replay(struct stream *stream, double *ret_ns)
{
    if (stream->drawn == stream->replay.count) {
        return false;
    }
    double speed = stream->shape->replay_speed > 0 ? stream->shape->replay_speed : 1;
    *ret_ns = (double)stream->replay.rows[stream->drawn].due_ns / speed;
    return true;
}

static bool next_none(struct stream *stream, double *ret_ns) /* closed loop: due when its slot is free */
{
    (void)stream;
    *ret_ns = 0;
    return true;
}

static const next_due NEXT[] = {
    [ASSAY_ARRIVALS_NONE] = next_none,         [ASSAY_ARRIVALS_POISSON] = next_poisson,
    [ASSAY_ARRIVALS_CONSTANT] = next_constant, [ASSAY_ARRIVALS_GAMMA] = next_gamma,
    [ASSAY_ARRIVALS_RAMP] = next_ramp,         [ASSAY_ARRIVALS_BURST] = next_burst,
    [ASSAY_ARRIVALS_STEPS] = next_ramp,        [ASSAY_ARRIVALS_REPLAY] = next_replay,
};

static assay_code check_shape(const struct assay_plan *plan, const struct assay_shape *shape, assay_err *err)
{
    const struct assay_load *load = &plan->load;
    bool needs_rate = load->arrivals == ASSAY_ARRIVALS_POISSON || load->arrivals == ASSAY_ARRIVALS_CONSTANT ||
                      load->arrivals == ASSAY_ARRIVALS_GAMMA;
    if (needs_rate && !(load->rate_per_s > 0 && load->rate_per_s <= 1e9)) {
        return assay_fail(err, ASSAY_USAGE, "rate is %g per second, expected above 0 and at most 1e9",
                          load->rate_per_s);
    }
    if (load->arrivals == ASSAY_ARRIVALS_GAMMA && !(load->gamma_cv >= 0.01 && load->gamma_cv <= 100)) {
        return assay_fail(err, ASSAY_USAGE, "coefficient of variation is %g, expected 0.01 to 100", load->gamma_cv);
    }
    if (load->arrivals == ASSAY_ARRIVALS_BURST && (shape->burst_size == 0 || shape->burst_period_ns == 0)) {
        return assay_fail(err, ASSAY_USAGE, "a burst needs a size and a period above 0");
    }
    if (load->arrivals != ASSAY_ARRIVALS_RAMP && load->arrivals != ASSAY_ARRIVALS_STEPS) {
        return ASSAY_OK;
    }
    bool is_rising = shape->points_count >= 2 && shape->points[0].at_ns == 0;
    for (size_t i = 0; is_rising && i < shape->points_count; i++) {
        is_rising = shape->points[i].rate_per_s >= 0 && shape->points[i].rate_per_s <= 1e9 &&
                    (i == 0 || shape->points[i].at_ns > shape->points[i - 1].at_ns);
    }
    return is_rising ? ASSAY_OK
                     : assay_fail(err, ASSAY_USAGE,
                                  "ramp and steps need 2 or more points, the first at 0, times rising, rates from 0");
}

/* Where the plan ends. A closed loop without a count plans the most that its users can do in the time. */
static assay_code closed_count(const struct assay_plan *plan, uint32_t ops_per_user_s, uint64_t *ret, assay_err *err)
{
    uint64_t measured = plan->stop.count;
    if (plan->stop.rule == ASSAY_STOP_DURATION) {
        double per_user_s = ops_per_user_s ? ops_per_user_s : ASSAY_OPS_PER_USER_S;
        double most = ceil((double)plan->stop.duration_ns / 1e9 * per_user_s) * plan->load.concurrency;
        most = fmin(fmax(most, plan->load.concurrency), ASSAY_PLAN_OPS_MAX - (double)plan->warmup.samples);
        measured = most > (double)measured ? (uint64_t)most : measured;
    }
    uint64_t total = measured + plan->warmup.samples;
    if (total < measured || total > ASSAY_PLAN_OPS_MAX || measured == 0) {
        return assay_fail(err, ASSAY_USAGE, "%llu measured operations, expected 1 to %d with warm-up",
                          (unsigned long long)measured, ASSAY_PLAN_OPS_MAX);
    }
    *ret = total;
    return ASSAY_OK;
}

/* Whether the operation with this number and due time still belongs to the plan. */
static bool is_planned(const struct assay_plan *plan, uint64_t drawn, double due_ns, double measured_from_ns)
{
    if (due_ns >= (double)plan->stop.max_duration_ns) {
        return false;
    }
    if (drawn <= plan->warmup.samples) {
        return true; /* the warm-up, and the operation whose due time begins the measured phase */
    }
    bool has_count = drawn - plan->warmup.samples >= plan->stop.count;
    if (plan->stop.rule == ASSAY_STOP_DURATION) {
        return !has_count || due_ns - measured_from_ns < (double)plan->stop.duration_ns;
    }
    return !has_count;
}

struct dues {
    uint64_t *ns;
    size_t count, room;
};

static assay_code dues_add(struct dues *dues, double due_ns, assay_err *err)
{
    if (dues->count == ASSAY_PLAN_OPS_MAX) {
        return assay_fail(err, ASSAY_USAGE, "the schedule has more than %d operations, ask for less rate or time",
                          ASSAY_PLAN_OPS_MAX);
    }
    if (dues->count == dues->room) {
        size_t room = dues->room ? dues->room * 2 : 1024;
        uint64_t *grown = assay_realloc(dues->ns, room, sizeof *grown);
        if (!grown) {
            return assay_nomem(err);
        }
        dues->ns = grown;
        dues->room = room;
    }
    dues->ns[dues->count++] = (uint64_t)due_ns;
    return ASSAY_OK;
}

static assay_code draw_open(struct stream *stream, struct dues *dues, assay_err *err)
{
    const struct assay_plan *plan = stream->plan;
    double measured_from_ns = 0, due_ns = 0;
    assay_code rc = ASSAY_OK;
    while (rc == ASSAY_OK && NEXT[plan->load.arrivals](stream, &due_ns)) {
        if (stream->drawn == plan->warmup.samples) {
            measured_from_ns = due_ns;
        }
        if (!is_planned(plan, stream->drawn, due_ns, measured_from_ns)) {
            break;
        }
        rc = dues_add(dues, due_ns, err);
        stream->drawn++;
    }
    if (rc == ASSAY_OK && dues->count <= plan->warmup.samples) {
        rc = assay_fail(err, ASSAY_USAGE, "the schedule has %zu operations, all of them warm-up", dues->count);
    }
    return rc;
}

static assay_code fill_ops(struct assay_plan *plan, const struct dues *dues, const struct assay_replay *replay,
                           uint64_t count, assay_err *err)
{
    assay_code rc = assay_plan_make_ops(plan, count, err);
    for (size_t i = 0; rc == ASSAY_OK && i < count; i++) {
        struct assay_plan_op *op = &plan->ops[i];
        op->due_ns = dues->ns ? dues->ns[i] : 0;
        op->is_warmup = i < plan->warmup.samples;
        if (replay->rows) {
            op->prompt_tokens = replay->rows[i].prompt_tokens;
            op->output_tokens = replay->rows[i].output_tokens;
        }
    }
    return rc;
}

static assay_code draw_paired(struct assay_plan *plan, assay_err *err)
{
    size_t block = plan->arms_count * plan->arms_count * plan->load.window;
    uint64_t total = plan->stop.count + plan->warmup.samples;
    if (plan->load.window == 0 || total > ASSAY_PLAN_OPS_MAX || plan->stop.count == 0) {
        return assay_fail(err, ASSAY_USAGE,
                          "%llu measured operations of %zu arms, expected 1 to %d with warm-up: ask for fewer pairs",
                          (unsigned long long)plan->stop.count, plan->arms_count, ASSAY_PLAN_OPS_MAX);
    }
    assert(plan->stop.count % block == 0 && plan->warmup.samples % block == 0);
    assay_code rc = assay_plan_make_ops(plan, (size_t)total, err);
    for (size_t i = 0; rc == ASSAY_OK && i < total; i++) {
        plan->ops[i].is_warmup = i < plan->warmup.samples;
    }
    if (rc == ASSAY_OK) {
        assay_paired_order(plan);
    }
    return rc;
}

assay_code assay_schedule_draw(struct assay_plan *plan, const struct assay_shape *shape, uint32_t ops_per_user_s,
                               assay_err *err)
{
    struct stream stream = {.plan = plan, .shape = shape};
    struct dues dues = {0};
    uint64_t count = 0;
    if (plan->load.mode == ASSAY_LOAD_PAIRED) {
        return draw_paired(plan, err);
    }
    assay_rng_seed(&stream.rng, plan->seed, "arrivals");
    assay_code rc = check_shape(plan, shape, err);
    if (rc == ASSAY_OK && plan->load.arrivals == ASSAY_ARRIVALS_REPLAY) {
        rc = assay_replay_read(shape->replay_bytes, shape->replay_len, ASSAY_PLAN_OPS_MAX, &stream.replay, err);
    }
    if (rc == ASSAY_OK && plan->load.mode == ASSAY_LOAD_OPEN) {
        assert(plan->load.arrivals != ASSAY_ARRIVALS_NONE);
        rc = draw_open(&stream, &dues, err);
        count = dues.count;
    } else if (rc == ASSAY_OK) {
        rc = closed_count(plan, ops_per_user_s, &count, err);
    }
    if (rc == ASSAY_OK) {
        rc = fill_ops(plan, &dues, &stream.replay, count, err);
    }
    assay_free(dues.ns);
    assay_replay_done(&stream.replay);
    return rc;
}
