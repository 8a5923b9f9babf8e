#include "measure/shape.h"

#include "base/mem.h"
#include "base/num.h"

#include <string.h>

#define NOT_GIVEN UINT64_MAX /* where 0 means something */
#define RATE_NOT_GIVEN (-1.0)
#define ARRIVALS_NOT_GIVEN (-1)
#define DEFAULT_REQUESTS 100 /* least n of p95 is 59 */
#define DEFAULT_WARMUP_OPEN 5
#define DEFAULT_WINDOW 20 /* requests of an arm in a round: enough for a median */
#define CONFIDENCE_NOT_GIVEN 0.0
#define DEFAULT_CONFIDENCE 0.95
#define DEFAULT_GAP_NS (200 * ASSAY_NS_PER_MS) /* in which identity and state of two servers are asked */
#define DEFAULT_MAX_NS (3600 * ASSAY_NS_PER_S)
#define DEFAULT_DRAIN_NS (60 * ASSAY_NS_PER_S) /* a long answer of a slow model */
#define DEFAULT_ERROR_SHARE 0.5
#define NONCE_DIGITS 64
#define DURATION_MAX_NS (31 * 86400 * ASSAY_NS_PER_S) /* a month: readings are kept for the longest run */

#define AT(member) offsetof(struct assay_load_options, member)
#define LOAD "Load"
#define PAIRS "Pairs (arms that take turns)"
#define RUN "The run"

static const char *const ARRIVALS[] = {"poisson", "constant", "gamma", NULL};
static const enum assay_arrivals ARRIVAL_VALUES[] = {ASSAY_ARRIVALS_POISSON, ASSAY_ARRIVALS_CONSTANT,
                                                     ASSAY_ARRIVALS_GAMMA};

static const struct assay_opt TIME_ROW = {
    "duration",
    "T",
    "how long operations are issued after the warm-up; with --requests both must be reached",
    ASSAY_OPT_DURATION,
    AT(duration_ns),
    .group = LOAD};

/* Of closed and open loops. */
static const struct assay_opt LOOP_ROWS[] = {
    {"requests", "N",
     "measured operations (default 100, or as many as --duration or --shape allows); paired: those of an arm in a "
     "round",
     ASSAY_OPT_U64, AT(requests), .max = ASSAY_PLAN_OPS_MAX, .group = LOAD},
    {"concurrency", "C", "closed loop: users, each with one operation at a time (default 1)", ASSAY_OPT_U64,
     AT(concurrency), .max = ASSAY_USERS_MAX, .group = LOAD},
    {"think", "T", "closed loop: pause of a user between operations", ASSAY_OPT_DURATION, AT(think_ns), .group = LOAD},
    {"rate", "R", "open loop: operations a second, however many are outstanding", ASSAY_OPT_DOUBLE, AT(rate),
     .group = LOAD},
    {"arrivals", "poisson|constant|gamma", "open loop: how gaps are drawn (default poisson)", ASSAY_OPT_CHOICE,
     AT(arrivals), .choices = ARRIVALS, .group = LOAD},
    {"cv", "X", "gamma: coefficient of variation of the gaps (default 1)", ASSAY_OPT_DOUBLE, AT(cv), .group = LOAD},
    {"shape", "SHAPE", "open loop: ramp:R0,R1,...@T, steps:R1,R2,...@T, burst:N,T or replay:FILE", ASSAY_OPT_TEXT,
     AT(shape), .group = LOAD},
    {"replay-speed", "X", "replay: how many times faster than recorded", ASSAY_OPT_DOUBLE, AT(replay_speed),
     .group = LOAD},
    {"warmup", "N",
     "first operations, kept and marked, outside the metrics (default one a user; open loop 5; paired: in blocks)",
     ASSAY_OPT_U64, AT(warmup), .max = ASSAY_PLAN_OPS_MAX, .group = LOAD},
    {"workers", "N", "threads that issue operations", ASSAY_OPT_U64, AT(workers), .max = ASSAY_WORKERS_MAX,
     .group = LOAD},
};

static const struct assay_opt PAIRED_ROWS[] = {
    {"arm", "[ID=]TEXT", "one variant, the first is the base; repeat for more, they take turns", ASSAY_OPT_TEXT_LIST,
     AT(arm), .group = PAIRS},
    {"pairs", "N", "measured rounds of all arms (default 40); at most so many with --duration or --precision",
     ASSAY_OPT_U64, AT(pairs), .max = ASSAY_PAIRS_MAX, .group = PAIRS},
    {"precision", "SHARE", "end when the interval of the ratio is this narrow: half of its width, 0.5% for instance",
     ASSAY_OPT_SHARE, AT(precision), .group = PAIRS},
    {"confidence", "SHARE", "of that interval (default 95%)", ASSAY_OPT_SHARE, AT(confidence), .group = PAIRS},
    {"gap", "T", "idle time between the turns of two arms (default 0; llm: 200ms)", ASSAY_OPT_DURATION, AT(gap_ns),
     .group = PAIRS},
};

static const struct assay_opt WARMUP_BLOCKS_ROW = {
    "warmup",
    "N",
    "first blocks of rounds, kept and marked, outside the metrics (default 1 if few pairs are planned)",
    ASSAY_OPT_U64,
    AT(warmup),
    .max = ASSAY_PAIRS_MAX,
    .group = PAIRS};

static const struct assay_opt PIN_ROW = {"pin",          NULL,    "worker i runs on the i-th CPU of the affinity mask",
                                         ASSAY_OPT_FLAG, AT(pin), .group = LOAD};

static const struct assay_opt RUN_ROWS[] = {
    {"max-duration", "T", "the run ends here whatever else was asked (default 1h, or twice the duration)",
     ASSAY_OPT_DURATION, AT(max_duration_ns), .group = RUN},
    {"max-errors", "SHARE", "stop when more than this share of at least 20 operations failed", ASSAY_OPT_SHARE,
     AT(max_error_share), .group = RUN},
    {"drain", "T", "how long operations in flight may take after the last issue", ASSAY_OPT_DURATION, AT(drain_ns),
     .group = RUN},
    {"seed", "N", "seed of every random choice (default: drawn, and kept in plan and receipt)", ASSAY_OPT_TEXT,
     AT(seed_text), .group = RUN},
    {"nonce", "HEX", "a verifier's challenge, 64 hex digits", ASSAY_OPT_TEXT, AT(nonce), .group = RUN},
    {"runner-id", "ID", "who runs this, as keys in a trust file name it (default local)", ASSAY_OPT_TEXT, AT(runner_id),
     .group = RUN},
    {"out", "DIR", "the run directory, which must not exist (default ./assay-RUNID)", ASSAY_OPT_TEXT, AT(out),
     .group = RUN},
};

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static size_t append(struct assay_opt *into, size_t at, const struct assay_opt *rows, size_t count)
{
    memcpy(into + at, rows, count * sizeof *rows);
    return at + count;
}

size_t assay_load_option_rows(const struct assay_workload *workload, struct assay_opt ret[ASSAY_LOAD_OPTIONS_MAX])
{
    _Static_assert(COUNT_OF(LOOP_ROWS) + COUNT_OF(PAIRED_ROWS) + COUNT_OF(RUN_ROWS) + 3 <= ASSAY_LOAD_OPTIONS_MAX,
                   "the header names this number");
    bool is_always = workload->pairing == ASSAY_PAIRING_ALWAYS;
    size_t count = is_always ? 0 : append(ret, 0, LOOP_ROWS, COUNT_OF(LOOP_ROWS));
    count = append(ret, count, &TIME_ROW, 1);
    count = append(ret, count, &PIN_ROW, 1);
    if (is_always) {
        count = append(ret, count, &WARMUP_BLOCKS_ROW, 1);
    }
    if (workload->pairing != ASSAY_PAIRING_NONE) {
        count = append(ret, count, PAIRED_ROWS, COUNT_OF(PAIRED_ROWS));
    }
    return append(ret, count, RUN_ROWS, COUNT_OF(RUN_ROWS));
}

/* Not part of the request: two runs that differ only in these are repeats of one another (evidence.md 1.3). */
static const char *const NOT_OF_THE_REQUEST[] = {"seed", "nonce", "runner-id", "out",
                                                 "arm"}; /* the plan's arms hold what is said there, without secrets */

void assay_load_options_defaults(struct assay_load_options *options)
{
    *options = (struct assay_load_options){.requests = NOT_GIVEN,
                                           .warmup = NOT_GIVEN,
                                           .drain_ns = DEFAULT_DRAIN_NS,
                                           .rate = RATE_NOT_GIVEN,
                                           .arrivals = ARRIVALS_NOT_GIVEN,
                                           .workers = 1,
                                           .cv = 1,
                                           .replay_speed = 1,
                                           .max_error_share = DEFAULT_ERROR_SHARE,
                                           .confidence = CONFIDENCE_NOT_GIVEN,
                                           .gap_ns = NOT_GIVEN};
    assay_buf_init(&options->replay, ASSAY_REPLAY_BYTES_MAX);
}

void assay_load_options_done(struct assay_load_options *options)
{
    assay_buf_done(&options->replay);
}

static assay_code check(const struct assay_load_options *options, assay_err *err)
{
    bool has_rate = options->rate != RATE_NOT_GIVEN;
    bool is_open = has_rate || options->shape;
    if (has_rate && !(options->rate > 0)) {
        return assay_fail(err, ASSAY_USAGE, "--rate is %g, expected above 0", options->rate);
    }
    if (!has_rate && options->arrivals != ARRIVALS_NOT_GIVEN) {
        return assay_fail(err, ASSAY_USAGE, "--arrivals is of an open loop: --rate R is missing");
    }
    if (is_open && (options->concurrency != 0 || options->think_ns != 0)) {
        return assay_fail(err, ASSAY_USAGE,
                          "--concurrency and --think are of a closed loop, --rate and --shape of an "
                          "open one: expected one kind");
    }
    if (has_rate && options->shape) {
        return assay_fail(err, ASSAY_USAGE, "--rate and --shape: expected one of them, a shape has its own rates");
    }
    if (!(options->replay_speed > 0 && options->replay_speed <= 1e6)) {
        return assay_fail(err, ASSAY_USAGE, "--replay-speed is %g, expected above 0 and at most 1e6",
                          options->replay_speed);
    }
    if (!(options->max_error_share >= 0 && options->max_error_share <= 1)) {
        return assay_fail(err, ASSAY_USAGE, "--max-errors is %g, expected 0 to 1", options->max_error_share);
    }
    if (options->duration_ns > DURATION_MAX_NS || options->max_duration_ns > DURATION_MAX_NS) {
        return assay_fail(err, ASSAY_USAGE, "--duration and --max-duration: expected at most 31 days");
    }
    if (options->requests == 0) {
        return assay_fail(err, ASSAY_USAGE, "--requests is 0, expected 1 or more");
    }
    return ASSAY_OK;
}

static assay_code check_paired(const struct assay_load_options *options, assay_err *err)
{
    if (options->rate != RATE_NOT_GIVEN || options->shape) {
        return assay_fail(err, ASSAY_USAGE, "--rate and --shape: arms that take turns run in a closed loop");
    }
    if (!(options->precision >= 0 && options->precision < 1)) {
        return assay_fail(err, ASSAY_USAGE, "--precision is %g, expected a share such as 0.5%%", options->precision);
    }
    bool has_confidence = options->confidence != CONFIDENCE_NOT_GIVEN;
    if (has_confidence && !(options->confidence >= 0.5 && options->confidence <= 0.9999)) {
        return assay_fail(err, ASSAY_USAGE, "--confidence is %g, expected 50%% to 99.99%%", options->confidence);
    }
    if (options->arm.count > ASSAY_ARM_TEXTS_MAX) {
        return assay_fail(err, ASSAY_USAGE, "--arm is given %zu times, expected at most %d", options->arm.count,
                          ASSAY_ARM_TEXTS_MAX);
    }
    return ASSAY_OK;
}

/* "b=TEXT" or TEXT: arms are a, b, c ... in the order given, so a letter is only there to be read. */
static assay_code read_arms(struct assay_load_options *options, struct assay_run_setup *setup, assay_err *err)
{
    for (size_t i = 0; i < options->arm.count; i++) {
        const char *text = options->arm.items[i];
        char due = (char)('a' + i);
        bool has_id = text[0] >= 'a' && text[0] <= 'z' && text[1] == '=';
        if (has_id && text[0] != due) {
            return assay_fail(err, ASSAY_USAGE, "--arm '%.64s': expected arm %c, arms are lettered in order", text,
                              due);
        }
        options->arms[i] = (struct assay_arm_text){.id = {due, '\0'}, .text = has_id ? text + 2 : text};
    }
    setup->arms = options->arms;
    setup->arms_count = options->arm.count;
    return ASSAY_OK;
}

static assay_code apply_paired(struct assay_load_options *options, struct assay_run_setup *setup, assay_err *err)
{
    uint32_t window = setup->workload->submit ? DEFAULT_WINDOW : 1;
    assay_code rc = check_paired(options, err);
    rc = rc == ASSAY_OK ? read_arms(options, setup, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    setup->load = (struct assay_load){.mode = ASSAY_LOAD_PAIRED,
                                      .concurrency = options->concurrency ? (uint32_t)options->concurrency : 1,
                                      .workers = 1,
                                      .think_ns = options->think_ns,
                                      .gap_ns = options->gap_ns != NOT_GIVEN ? options->gap_ns
                                                : setup->workload->turn      ? DEFAULT_GAP_NS
                                                                             : 0,
                                      .window = options->requests != NOT_GIVEN ? (uint32_t)options->requests : window};
    setup->shape = (struct assay_shape){.replay_speed = options->replay_speed};
    setup->pairs = options->pairs;
    setup->warmup_blocks = options->warmup != NOT_GIVEN ? options->warmup : ASSAY_WARMUP_BLOCKS_AUTO;
    if (options->precision > 0 && setup->load.window > 1) {
        return assay_fail(err, ASSAY_USAGE, "--precision looks at single operations, expected --requests 1");
    }
    return ASSAY_OK;
}

static bool wants_pairs(const struct assay_load_options *options, const struct assay_workload *workload)
{
    bool is_asked = options->arm.count > 0 || options->pairs > 0 || options->precision > 0;
    return workload->pairing == ASSAY_PAIRING_ALWAYS || (workload->pairing == ASSAY_PAIRING_POSSIBLE && is_asked);
}

static assay_code apply_load(struct assay_load_options *options, struct assay_run_setup *setup, assay_err *err)
{
    if (wants_pairs(options, setup->workload)) {
        return apply_paired(options, setup, err);
    }
    struct assay_load *load = &setup->load;
    *load = (struct assay_load){.mode = ASSAY_LOAD_CLOSED,
                                .concurrency = options->concurrency ? (uint32_t)options->concurrency : 1,
                                .workers = (uint32_t)options->workers,
                                .think_ns = options->think_ns};
    setup->shape = (struct assay_shape){.replay_speed = options->replay_speed};
    if (options->shape) {
        load->mode = ASSAY_LOAD_OPEN;
        load->concurrency = 0;
        return assay_shape_parse(options->shape, &setup->shape, load, &options->replay, err);
    }
    if (options->rate > 0) {
        load->mode = ASSAY_LOAD_OPEN;
        load->concurrency = 0;
        load->arrivals = ARRIVAL_VALUES[options->arrivals == ARRIVALS_NOT_GIVEN ? 0 : options->arrivals];
        load->rate_per_s = options->rate;
        load->gamma_cv = load->arrivals == ASSAY_ARRIVALS_GAMMA ? options->cv : 0;
    }
    return ASSAY_OK;
}

static void apply_paired_stop(const struct assay_load_options *options, struct assay_stop *stop)
{
    stop->count = 0; /* follows from the pairs once the arms are known */
    if (options->precision > 0) {
        stop->rule = ASSAY_STOP_PRECISION;
        stop->precision = options->precision;
        stop->confidence = options->confidence != CONFIDENCE_NOT_GIVEN ? options->confidence : DEFAULT_CONFIDENCE;
    }
}

static void apply_stop(const struct assay_load_options *options, struct assay_run_setup *setup)
{
    const struct assay_load *load = &setup->load;
    bool has_end = load->arrivals == ASSAY_ARRIVALS_RAMP || load->arrivals == ASSAY_ARRIVALS_STEPS ||
                   load->arrivals == ASSAY_ARRIVALS_REPLAY;
    uint64_t default_count = has_end ? ASSAY_PLAN_OPS_MAX : DEFAULT_REQUESTS;
    uint64_t max_ns = options->duration_ns * 2 > DEFAULT_MAX_NS ? options->duration_ns * 2 : DEFAULT_MAX_NS;
    setup->stop = (struct assay_stop){
        .rule = options->duration_ns ? ASSAY_STOP_DURATION : ASSAY_STOP_COUNT,
        .count = options->requests != NOT_GIVEN ? options->requests : (options->duration_ns ? 0 : default_count),
        .duration_ns = options->duration_ns,
        .max_duration_ns = options->max_duration_ns ? options->max_duration_ns : max_ns,
        .error_share_max = options->max_error_share};
    if (load->mode == ASSAY_LOAD_PAIRED) {
        apply_paired_stop(options, &setup->stop);
        return;
    }
    uint64_t default_warmup = load->mode == ASSAY_LOAD_OPEN ? DEFAULT_WARMUP_OPEN : load->concurrency;
    setup->warmup.samples = (uint32_t)(options->warmup != NOT_GIVEN ? options->warmup : default_warmup);
}

static assay_code check_nonce(const char *nonce, assay_err *err)
{
    bool is_good = strlen(nonce) == NONCE_DIGITS && strspn(nonce, "0123456789abcdef") == NONCE_DIGITS;
    return is_good ? ASSAY_OK : assay_fail(err, ASSAY_USAGE, "--nonce: expected 64 lowercase hex digits");
}

/* The options as they were understood: what was not given stands there as what was taken instead. */
static json_t *request_json(const struct assay_load_options *options, const struct assay_run_setup *setup)
{
    struct assay_load_options resolved = *options;
    resolved.requests = setup->stop.count;
    resolved.warmup = setup->warmup.samples;
    resolved.concurrency = setup->load.concurrency;
    resolved.max_duration_ns = setup->stop.max_duration_ns;
    resolved.rate = options->rate == RATE_NOT_GIVEN ? 0 : options->rate;
    resolved.arrivals = options->arrivals == ARRIVALS_NOT_GIVEN ? 0 : options->arrivals;
    resolved.gap_ns = 0;
    resolved.confidence = setup->stop.confidence;
    if (setup->load.mode == ASSAY_LOAD_PAIRED) {
        resolved.requests = setup->load.window;
        resolved.gap_ns = setup->load.gap_ns;
        resolved.warmup = options->warmup != NOT_GIVEN ? options->warmup : 0;
    }
    struct assay_opt rows[ASSAY_LOAD_OPTIONS_MAX];
    json_t *json = assay_options_json(rows, assay_load_option_rows(setup->workload, rows), &resolved);
    for (size_t i = 0; json && i < sizeof NOT_OF_THE_REQUEST / sizeof NOT_OF_THE_REQUEST[0]; i++) {
        (void)json_object_del(json, NOT_OF_THE_REQUEST[i]);
    }
    return json;
}

assay_code assay_load_options_apply(struct assay_load_options *options, struct assay_run_setup *setup,
                                    json_t **ret_json, assay_err *err)
{
    assay_code rc = check(options, err);
    if (rc == ASSAY_OK) {
        rc = apply_load(options, setup, err);
    }
    if (rc == ASSAY_OK && options->seed_text) {
        rc = assay_num_u64(assay_slice_of(options->seed_text), "--seed", UINT64_MAX, &setup->seed, err);
        setup->has_seed = true;
    }
    if (rc == ASSAY_OK && options->nonce) {
        rc = check_nonce(options->nonce, err);
    }
    if (rc != ASSAY_OK) {
        return rc;
    }
    apply_stop(options, setup);
    setup->drain_ns = options->drain_ns;
    setup->nonce = options->nonce;
    setup->out_dir = options->out;
    setup->runner_id = options->runner_id;
    setup->must_pin = options->pin;
    json_t *json = request_json(options, setup);
    if (!json) {
        return assay_nomem(err);
    }
    setup->options = json;
    *ret_json = json;
    return ASSAY_OK;
}
