#include "measure/shape.h"

#include "base/num.h"

#include <string.h>

static assay_code add_point(struct assay_shape *shape, uint64_t at_ns, double rate_per_s, assay_err *err)
{
    if (shape->points_count == ASSAY_SHAPE_POINTS_MAX) {
        return assay_fail(err, ASSAY_USAGE, "--shape has more than %d points", ASSAY_SHAPE_POINTS_MAX);
    }
    shape->points[shape->points_count].at_ns = at_ns;
    shape->points[shape->points_count++].rate_per_s = rate_per_s;
    return ASSAY_OK;
}

static assay_code parse_rates(struct assay_slice text, struct assay_shape *shape, assay_err *err)
{
    struct assay_slice time = text;
    struct assay_slice rates = assay_slice_cut(&time, '@');
    uint64_t every_ns = 0;
    assay_code rc = time.data ? assay_num_duration(time, "--shape", &every_ns, err) : ASSAY_USAGE;
    if (rc != ASSAY_OK || every_ns == 0) {
        return assay_fail(err, ASSAY_USAGE, "--shape: expected R0,R1,...@T with a time T above 0 after the '@'");
    }
    while (rc == ASSAY_OK && rates.data) {
        double rate = 0;
        uint64_t at_ns = 0;
        rc = assay_num_double(assay_slice_cut(&rates, ','), "--shape", &rate, err);
        if (rc == ASSAY_OK && !assay_mul_u64(every_ns, shape->points_count, &at_ns)) {
            rc = assay_fail(err, ASSAY_USAGE, "--shape lasts longer than a clock can count");
        }
        if (rc == ASSAY_OK) {
            rc = add_point(shape, at_ns, rate, err);
        }
    }
    return rc;
}

static assay_code parse_ramp(struct assay_slice text, struct assay_shape *shape, struct assay_load *load,
                             struct assay_buf *file, assay_err *err)
{
    (void)file;
    load->arrivals = ASSAY_ARRIVALS_RAMP;
    return parse_rates(text, shape, err);
}

static assay_code parse_steps(struct assay_slice text, struct assay_shape *shape, struct assay_load *load,
                              struct assay_buf *file, assay_err *err)
{
    (void)file;
    load->arrivals = ASSAY_ARRIVALS_STEPS;
    assay_code rc = parse_rates(text, shape, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    size_t last = shape->points_count - 1; /* the last step ends where one more would begin */
    uint64_t every_ns = 0;
    struct assay_slice time = text;
    (void)assay_slice_cut(&time, '@');
    rc = assay_num_duration(time, "--shape", &every_ns, err);
    return rc == ASSAY_OK ? add_point(shape, shape->points[last].at_ns + every_ns, 0, err) : rc;
}

static assay_code parse_burst(struct assay_slice text, struct assay_shape *shape, struct assay_load *load,
                              struct assay_buf *file, assay_err *err)
{
    (void)file;
    load->arrivals = ASSAY_ARRIVALS_BURST;
    struct assay_slice period = text;
    struct assay_slice size = assay_slice_cut(&period, ',');
    assay_code rc = assay_num_u64(size, "--shape burst:N", ASSAY_PLAN_OPS_MAX, &shape->burst_size, err);
    if (rc != ASSAY_OK || !period.data) {
        return assay_fail(err, ASSAY_USAGE, "--shape: expected burst:N,T");
    }
    return assay_num_duration(period, "--shape burst:N,T", &shape->burst_period_ns, err);
}

static assay_code parse_replay(struct assay_slice text, struct assay_shape *shape, struct assay_load *load,
                               struct assay_buf *file, assay_err *err)
{
    load->arrivals = ASSAY_ARRIVALS_REPLAY;
    assay_code rc = assay_buf_read_file(file, text.data, err); /* the rest of a text, so it ends with NUL */
    shape->replay_bytes = file->data ? file->data : "";
    shape->replay_len = file->len;
    return rc;
}

static const struct {
    const char *name;
    assay_code (*parse)(struct assay_slice text, struct assay_shape *shape, struct assay_load *load,
                        struct assay_buf *file, assay_err *err);
} FORMS[] = {{"ramp:", parse_ramp}, {"steps:", parse_steps}, {"burst:", parse_burst}, {"replay:", parse_replay}};

assay_code assay_shape_parse(const char *text, struct assay_shape *shape, struct assay_load *load,
                             struct assay_buf *file, assay_err *err)
{
    for (size_t i = 0; i < sizeof FORMS / sizeof FORMS[0]; i++) {
        if (assay_text_starts(text, FORMS[i].name)) {
            return FORMS[i].parse(assay_slice_of(text + strlen(FORMS[i].name)), shape, load, file, err);
        }
    }
    return assay_fail(err, ASSAY_USAGE,
                      "--shape is '%.64s', expected ramp:R0,R1,...@T, steps:R1,R2,...@T, burst:N,T or replay:FILE",
                      text);
}
