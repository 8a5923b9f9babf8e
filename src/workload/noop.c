/*
 * noop: operations that do nothing, or a fixed amount of work. It measures the harness itself: what one operation costs
 * the client (rate, cpu), and how exactly operations start when they are due (lateness).
 */
#include "workload/workload.h"

#include "base/clock.h"
#include "base/num.h"

#include <stdio.h>

struct options {
    uint64_t spin_ns, fail_every;
};

struct state {
    struct options options;                /* first: the option rows are about it */
    uint64_t spin_ns[ASSAY_ARM_TEXTS_MAX]; /* of each arm */
};

struct worker {
    const struct state *state;
};

#define AT(member) offsetof(struct options, member)

static const struct assay_opt OPTIONS[] = {
    {"spin", "T", "each operation keeps its thread busy for this long", ASSAY_OPT_DURATION, AT(spin_ns)},
    {"fail-every", "N", "every Nth operation of the plan fails (0: none)", ASSAY_OPT_U64, AT(fail_every),
     .max = ASSAY_PLAN_OPS_MAX},
};

static assay_code check_spin(uint64_t spin_ns, const char *what, assay_err *err)
{
    return spin_ns <= ASSAY_NS_PER_S ? ASSAY_OK
                                     : assay_fail(err, ASSAY_USAGE,
                                                  "%s is %.1f s, expected at most 1 s: an operation of noop cannot be "
                                                  "interrupted",
                                                  what, (double)spin_ns / 1e9);
}

static assay_code noop_open(void *state, assay_err *err)
{
    struct state *noop = state;
    noop->spin_ns[0] = noop->options.spin_ns;
    return check_spin(noop->options.spin_ns, "--spin", err);
}

/* --arm T: an arm whose operations spin for T instead of --spin. */
static assay_code noop_arms(void *state, const struct assay_arm_text *texts, size_t count, struct assay_plan *plan,
                            assay_err *err)
{
    struct state *noop = state;
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; rc == ASSAY_OK && i < count; i++) {
        struct assay_json_builder b = {0};
        struct assay_plan_arm *arm = &plan->arms[i];
        rc = assay_num_duration(assay_slice_of(texts[i].text), "--arm", &noop->spin_ns[i], err);
        rc = rc == ASSAY_OK ? check_spin(noop->spin_ns[i], "--arm", err) : rc;
        if (rc != ASSAY_OK) {
            return rc;
        }
        *arm = (struct assay_plan_arm){.label = texts[i].text, .args = json_object()};
        (void)snprintf(arm->id, sizeof arm->id, "%s", texts[i].id);
        plan->arms_count = i + 1;
        assay_json_put_u64_text(&b, arm->args, "spin", noop->spin_ns[i]);
        assay_json_put_u64_text(&b, arm->args, "fail-every", noop->options.fail_every);
        rc = assay_json_builder_check(&b, arm->args, err);
    }
    return rc;
}

static assay_code noop_worker_open(void *state, void *worker, const struct assay_worker_setup *setup, assay_err *err)
{
    (void)setup;
    (void)err;
    ((struct worker *)worker)->state = state;
    return ASSAY_OK;
}

static assay_code noop_step(void *worker, const struct assay_operation *operation, struct assay_step *ret,
                            assay_err *err)
{
    (void)err;
    const struct state *noop = ((const struct worker *)worker)->state;
    const struct options *options = &noop->options;
    uint64_t spin_ns = noop->spin_ns[operation->op->arm];
    if (spin_ns > 0) {
        uint64_t until_ns = assay_clock_mono_ns() + spin_ns; /* work, not a stamp */
        while (assay_clock_mono_ns() < until_ns) {
        }
    }
    if (options->fail_every > 0 && (operation->id + 1) % options->fail_every == 0) {
        ret->status = ASSAY_STATUS_WRONG;
    }
    return ASSAY_OK;
}

static void noop_close(void *state)
{
    (void)state;
}

const struct assay_workload assay_workload_noop = {
    .name = "noop",
    .summary = "operations that do nothing: what the harness itself costs",
    .options = OPTIONS,
    .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
    .state_bytes = sizeof(struct state),
    .worker_bytes = sizeof(struct worker),
    .ops_per_user_s = 100000, /* 10 us each: a second of one user is a plan of some megabytes */
    .pairing = ASSAY_PAIRING_POSSIBLE,
    .open = noop_open,
    .arms = noop_arms,
    .worker_open = noop_worker_open,
    .step = noop_step,
    .close = noop_close,
};
