#include "measure/chance.h"
#include "measure/measure.h"

#include "base/mem.h"
#include "base/num.h"
#include "stat/stat.h"

#include <math.h>
#include <string.h>

#define LENGTH_MAX 10000000                      /* tokens of one prompt or answer: far beyond any context window */
#define LENGTH_FILE_BYTES_MAX ((size_t)64 << 20) /* about 10 million lines */
#define PARAMETERS_MAX 4

enum shape { CONSTANT, UNIFORM, NORMAL, LOGNORMAL, EMPIRICAL };

struct assay_lengths {
    enum shape shape;
    double centre, spread; /* normal: mean and standard deviation; lognormal: median and sigma of the logarithm */
    uint32_t low, high;    /* all but empirical: every draw lies between them */
    uint32_t *values;      /* empirical */
    size_t values_count;
};

struct form {
    const char *name;
    enum shape shape;
    size_t parameters;
    const char *usage;
};

static const struct form FORMS[] = {
    {"uniform:", UNIFORM, 2, "uniform:LO,HI"},
    {"normal:", NORMAL, 4, "normal:MEAN,SD,LO,HI"},
    {"lognormal:", LOGNORMAL, 4, "lognormal:MEDIAN,SIGMA,LO,HI"},
};

static assay_code read_parameters(struct assay_slice text, const struct form *form, const char *what,
                                  double ret[PARAMETERS_MAX], assay_err *err)
{
    struct assay_slice rest = text;
    for (size_t i = 0; i < form->parameters; i++) {
        struct assay_slice field = assay_slice_cut(&rest, ',');
        assay_err inner = {0};
        if (assay_num_double(assay_slice_trim(field), what, &ret[i], &inner) != ASSAY_OK) {
            return assay_fail(err, ASSAY_USAGE, "%s: parameter %zu is '%.*s', expected a number as in %s", what, i + 1,
                              (int)(field.len < 64 ? field.len : 64), field.data ? field.data : "", form->usage);
        }
    }
    if (rest.data) {
        return assay_fail(err, ASSAY_USAGE, "%s: more than %zu parameters, expected %s", what, form->parameters,
                          form->usage);
    }
    return ASSAY_OK;
}

static assay_code check_range(double low, double high, const char *what, assay_err *err)
{
    if (low < 1 || high > LENGTH_MAX || low > high || floor(low) != low || floor(high) != high) {
        return assay_fail(err, ASSAY_USAGE, "%s: range %g to %g, expected whole numbers 1 <= LO <= HI <= %d", what, low,
                          high, LENGTH_MAX);
    }
    return ASSAY_OK;
}

static assay_code parse_form(struct assay_lengths *lengths, const struct form *form, struct assay_slice text,
                             const char *what, assay_err *err)
{
    double p[PARAMETERS_MAX] = {0};
    assay_code rc = read_parameters(text, form, what, p, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    double low = p[form->parameters - 2], high = p[form->parameters - 1];
    rc = check_range(low, high, what, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (form->shape != UNIFORM && (p[1] < 0 || (form->shape == LOGNORMAL && p[0] <= 0))) {
        return assay_fail(err, ASSAY_USAGE, "%s: %g and %g, expected a spread of 0 or more and a median above 0", what,
                          p[0], p[1]);
    }
    lengths->shape = form->shape;
    lengths->centre = p[0];
    lengths->spread = p[1];
    lengths->low = (uint32_t)low;
    lengths->high = (uint32_t)high;
    return ASSAY_OK;
}

static assay_code parse_file(struct assay_lengths *lengths, const char *path, assay_err *err)
{
    struct assay_buf bytes;
    assay_buf_init(&bytes, LENGTH_FILE_BYTES_MAX);
    assay_code rc = assay_buf_read_file(&bytes, path, err);
    size_t room = 1;
    for (size_t i = 0; rc == ASSAY_OK && i < bytes.len; i++) {
        room += bytes.data[i] == '\n';
    }
    if (rc == ASSAY_OK) {
        lengths->values = assay_alloc(room, sizeof *lengths->values);
        rc = lengths->values ? ASSAY_OK : assay_nomem(err);
    }
    struct assay_slice rest = {bytes.data, bytes.len};
    for (size_t line = 1; rc == ASSAY_OK && rest.data; line++) {
        struct assay_slice text = assay_slice_trim(assay_slice_cut(&rest, '\n'));
        if (text.len == 0) {
            continue; /* blank lines, and the end of the last line */
        }
        uint64_t value = 0;
        rc = assay_num_u64(text, path, LENGTH_MAX, &value, err);
        if (rc == ASSAY_OK && value == 0) {
            rc = assay_fail(err, ASSAY_MALFORMED, "%s: a length of 0, expected 1 or more", path);
        }
        if (rc != ASSAY_OK) {
            assay_wrap(err, "line %zu", line);
            break;
        }
        lengths->values[lengths->values_count++] = (uint32_t)value;
    }
    if (rc == ASSAY_OK && lengths->values_count == 0) {
        rc = assay_fail(err, ASSAY_MALFORMED, "%s: no lengths, expected one a line", path);
    }
    lengths->shape = EMPIRICAL;
    assay_buf_done(&bytes);
    return rc;
}

static assay_code parse(struct assay_lengths *lengths, const char *spec, const char *what, assay_err *err)
{
    if (assay_text_starts(spec, "file:")) {
        return parse_file(lengths, spec + strlen("file:"), err);
    }
    for (size_t i = 0; i < sizeof FORMS / sizeof FORMS[0]; i++) {
        if (assay_text_starts(spec, FORMS[i].name)) {
            return parse_form(lengths, &FORMS[i], assay_slice_of(spec + strlen(FORMS[i].name)), what, err);
        }
    }
    uint64_t value = 0;
    assay_err inner = {0};
    if (assay_num_u64(assay_slice_of(spec), what, LENGTH_MAX, &value, &inner) != ASSAY_OK || value == 0) {
        return assay_fail(err, ASSAY_USAGE,
                          "%s is '%.64s', expected N (1 to %d), uniform:LO,HI, normal:MEAN,SD,LO,HI, "
                          "lognormal:MEDIAN,SIGMA,LO,HI or file:PATH",
                          what, spec, LENGTH_MAX);
    }
    lengths->shape = CONSTANT;
    lengths->low = lengths->high = (uint32_t)value;
    return ASSAY_OK;
}

assay_code assay_lengths_parse(const char *spec, const char *what, struct assay_lengths **ret, assay_err *err)
{
    struct assay_lengths *lengths = assay_alloc(1, sizeof *lengths);
    if (!lengths) {
        return assay_nomem(err);
    }
    assay_code rc = parse(lengths, spec, what, err);
    if (rc != ASSAY_OK) {
        assay_lengths_free(lengths);
        return rc;
    }
    *ret = lengths;
    return ASSAY_OK;
}

static uint32_t clip(const struct assay_lengths *lengths, double x)
{
    double whole = floor(x + 0.5);
    if (whole < lengths->low) {
        return lengths->low;
    }
    return whole > lengths->high ? lengths->high : (uint32_t)whole;
}

uint32_t assay_lengths_draw(const struct assay_lengths *lengths, struct assay_rng *rng)
{
    switch (lengths->shape) {
    case CONSTANT:
        return lengths->low;
    case UNIFORM:
        return lengths->low + (uint32_t)assay_rng_below(rng, (uint64_t)lengths->high - lengths->low + 1);
    case NORMAL:
        return clip(lengths, lengths->centre + lengths->spread * assay_chance_normal(rng));
    case LOGNORMAL:
        return clip(lengths, lengths->centre * assay_stat_exp(lengths->spread * assay_chance_normal(rng)));
    case EMPIRICAL:
        return lengths->values[assay_rng_below(rng, lengths->values_count)];
    }
    return lengths->low;
}

uint32_t assay_lengths_max(const struct assay_lengths *lengths)
{
    uint32_t max = lengths->high;
    for (size_t i = 0; i < lengths->values_count; i++) {
        max = lengths->values[i] > max ? lengths->values[i] : max;
    }
    return max;
}

void assay_lengths_free(struct assay_lengths *lengths)
{
    if (lengths) {
        assay_free(lengths->values);
        assay_free(lengths);
    }
}
