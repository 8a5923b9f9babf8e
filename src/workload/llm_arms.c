/* Several arms: servers, or one server under several options, that take turns window by window (statistics.md 1.9). */
#include "workload/llm.h"

#include "base/mem.h"

#include <stdio.h>

struct assay_llm_state *assay_llm_arm(struct assay_llm_state *state, size_t arm)
{
    return state->arms_count > 0 ? state->arms[arm] : state;
}

size_t assay_llm_arms_count(const struct assay_llm_state *state)
{
    return state->arms_count > 0 ? state->arms_count : 1;
}

/* "URL", or options as on the command line, or both: what is not said is as the run's own options say. */
static assay_code read_text(struct assay_llm_state *arm, const char *text, assay_err *err)
{
    static const struct assay_opt_verb VERB = {.name = "run llm",
                                               .synopsis = "[URL] [OPTIONS]",
                                               .options = assay_llm_option_rows,
                                               .options_count = ASSAY_LLM_OPTIONS_COUNT,
                                               .arguments_max = 1};
    struct assay_opt_result result = {0};
    size_t argc = 0;
    assay_code rc = assay_text_split_command(text, &arm->argv, &argc, err);
    if (rc == ASSAY_MALFORMED) {
        rc = assay_fail(err, ASSAY_USAGE, "--arm '%.64s': expected a URL and options, in words with quotes closed",
                        text);
    }
    rc = rc == ASSAY_OK ? assay_opt_parse(&VERB, (int)argc, arm->argv, arm, &result, err) : rc;
    if (rc == ASSAY_OK && result.arguments_count > 0) {
        arm->options.url = result.arguments[0];
    }
    assay_opt_result_done(&result);
    return rc;
}

static assay_code add_arm(struct assay_llm_state *state, const struct assay_arm_text *text, assay_err *err)
{
    struct assay_llm_state *arm = assay_alloc(1, sizeof *arm);
    if (!arm) {
        return assay_nomem(err);
    }
    arm->options = state->options;
    arm->stamping.fd = -1;
    state->arms[state->arms_count++] = arm; /* closed with the state, whatever happens now */
    assay_code rc = read_text(arm, text->text, err);
    rc = rc == ASSAY_OK ? assay_llm_state_open(arm, err) : rc;
    if (rc != ASSAY_OK) {
        assay_wrap(err, "arm %s", text->id);
    }
    return rc;
}

/* What people tell arms apart by; the text itself may hold keys. */
static assay_code describe_arm(const struct assay_llm_state *arm, const char *id, struct assay_plan *plan,
                               assay_err *err)
{
    char label[ASSAY_NET_HOST_BYTES_MAX + sizeof arm->model + 8];
    int len = snprintf(label, sizeof label, "%s %s", assay_net_target_url(arm->target)->authority, arm->model);
    const char *kept = assay_arena_text(&plan->arena, label, (size_t)len);
    struct assay_plan_arm *ret = &plan->arms[plan->arms_count];
    json_t *args = assay_options_json(assay_llm_option_rows, ASSAY_LLM_OPTIONS_COUNT, arm);
    if (!args || !kept) {
        json_decref(args);
        return assay_nomem(err);
    }
    *ret = (struct assay_plan_arm){.label = kept, .args = args};
    (void)snprintf(ret->id, sizeof ret->id, "%s", id);
    plan->arms_count++;
    return assay_llm_put_resolved(arm, args, err);
}

assay_code assay_llm_arms(void *block, const struct assay_arm_text *texts, size_t count, struct assay_plan *plan,
                          assay_err *err)
{
    struct assay_llm_state *state = block;
    if (count == 0) {
        return state->options.url != NULL
                   ? ASSAY_OK
                   : assay_fail(err, ASSAY_USAGE, "--url is missing, expected the server's address");
    }
    state->arms = assay_alloc(count, sizeof *state->arms);
    if (!state->arms) {
        return assay_nomem(err);
    }
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; i < count && rc == ASSAY_OK; i++) {
        rc = add_arm(state, &texts[i], err);
        rc = rc == ASSAY_OK ? describe_arm(state->arms[i], texts[i].id, plan, err) : rc;
    }
    return rc;
}

/* Identity and state at both ends of a window (statistics.md 1.9): what has changed is remembered, and makes the run
 * invalid. A server that does not answer now is met by the next requests, which fail. */
assay_code assay_llm_turn(void *block, uint16_t ended_arm, uint16_t next_arm, assay_err *err)
{
    struct assay_llm_worker *worker = block;
    const uint16_t arms[] = {ended_arm, next_arm};
    for (size_t i = 0; i < (ended_arm == next_arm ? 1 : 2); i++) {
        struct assay_llm_state *arm = worker->arms_count > 0 ? worker->arms[arms[i]].state : worker->state;
        if (!arm->options.use_probes) {
            continue;
        }
        int busy = -1;
        assay_code rc = arm->dialect->count_busy ? arm->dialect->count_busy(arm, &busy, err) : ASSAY_OK;
        arm->busy_between = busy > arm->busy_between ? busy : arm->busy_between;
        rc = rc == ASSAY_OK ? assay_llm_identity_look(arm, err) : rc;
        if (rc != ASSAY_OK && rc != ASSAY_NETWORK && rc != ASSAY_TIMEOUT) {
            return rc;
        }
    }
    return ASSAY_OK;
}
