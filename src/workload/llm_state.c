/* Cold, warm, cached: brought about before the run, verified at both ends (endpoints.md 5). */
#include "workload/llm.h"

#include "base/proc.h"

#include <stdio.h>

#define RESTART_TIMEOUT_NS (300 * ASSAY_NS_PER_S) /* a large model from a cold disk */
#define RESTART_POLL_NS (2 * ASSAY_NS_PER_MS)     /* grain of the load time */
#define RESTART_OUTPUT_MAX ((size_t)64 << 10)

static void say(struct assay_llm_state *state, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct assay_llm_state *state, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(state->state_text, sizeof state->state_text, format, args);
    va_end(args);
}

/* ---- cold ------------------------------------------------------------------------------------------------------- */

static bool is_healthy(struct assay_llm_state *state)
{
    int is_there = 0;
    return state->dialect->is_resident(state, &is_there, NULL) == ASSAY_OK && is_there == 1;
}

/* A new process: the load time is from the start of the command to the first answer that the model is there. */
static assay_code restart(struct assay_llm_state *state, assay_err *err)
{
    char **argv = NULL;
    size_t argc = 0;
    int exit_status = 0;
    struct assay_buf out;
    assay_buf_init(&out, RESTART_OUTPUT_MAX);
    uint64_t start_ns = assay_clock_mono_ns();
    assay_code rc = assay_text_split_command(state->options.restart_command, &argv, &argc, err);
    if (rc == ASSAY_OK) {
        rc = assay_proc_run(argv, RESTART_TIMEOUT_NS, &out, &exit_status, err);
    }
    if (rc == ASSAY_OK && exit_status != 0) {
        rc = assay_fail(err, ASSAY_IO, "restart command '%s' ended with %d, expected 0", state->options.restart_command,
                        exit_status);
    }
    assay_text_argv_free(argv);
    assay_buf_done(&out);
    while (rc == ASSAY_OK && !is_healthy(state)) {
        uint64_t now_ns = assay_clock_mono_ns();
        if (now_ns - start_ns > RESTART_TIMEOUT_NS) {
            return assay_fail(err, ASSAY_TIMEOUT, "the server was restarted and is not ready after %llu s",
                              (unsigned long long)(RESTART_TIMEOUT_NS / ASSAY_NS_PER_S));
        }
        assay_clock_system.sleep_until_ns(assay_clock_system.self, now_ns + RESTART_POLL_NS);
    }
    state->load_ns = assay_clock_mono_ns() - start_ns;
    return rc;
}

assay_code assay_llm_make_cold(struct assay_llm_state *state, assay_err *err)
{
    state->load_ns = ASSAY_NS_ABSENT;
    return state->options.restart_command != NULL ? restart(state, err) : state->dialect->unload(state, err);
}

static assay_code prepare_cold(struct assay_llm_state *state, assay_err *err)
{
    if (state->options.restart_command == NULL && state->dialect->unload == NULL) {
        return assay_fail(err, ASSAY_UNSUPPORTED,
                          "a %s server cannot unload its model by request: state cold needs --restart-command",
                          state->dialect->name);
    }
    if (state->options.restart_command != NULL && state->dialect->is_resident == NULL) {
        return assay_fail(err, ASSAY_UNSUPPORTED, "a server of dialect %s does not say when it is ready",
                          state->dialect->name);
    }
    assay_code rc = assay_llm_make_cold(state, err);
    say(state, "%s before every request", state->options.restart_command != NULL ? "restarted" : "unloaded");
    return rc;
}

/* ---- warm and cached -------------------------------------------------------------------------------------------- */

#define PROBE_TOKENS 128 /* longer than the blocks that caches work in */

static assay_code probe_cached(struct assay_llm_state *state, bool has_prefix, uint32_t *ret, assay_err *err)
{
    struct assay_llm_probe probe = {.output_tokens = 2};
    assay_rng_system_bytes(&probe.prompt.salt, sizeof probe.prompt.salt);
    struct assay_plan_op op = {.salt = probe.prompt.salt, .prompt_tokens = PROBE_TOKENS, .prompt = 0};
    if (has_prefix) {
        op.prompt_tokens = assay_lengths_max(state->prompt_lengths);
        probe.prompt = assay_llm_prompt_of(state, &op);
    } else {
        probe.prompt.has_salt = true;
        probe.prompt.words = assay_llm_prompt_words(&state->prompts, PROBE_TOKENS);
    }
    assay_code rc = assay_llm_probe(state, &probe, err);
    if (rc == ASSAY_OK && probe.http_status != 200) {
        return assay_fail(err, ASSAY_NETWORK, "the server answered a probe with HTTP %d", probe.http_status);
    }
    *ret = probe.counts.cached;
    return rc;
}

/* Two requests with unique salts: what both find in the cache is the head of the template. */
static assay_code prepare_warm(struct assay_llm_state *state, assay_err *err)
{
    uint32_t first = ASSAY_COUNT_ABSENT, second = ASSAY_COUNT_ABSENT;
    assay_code rc = probe_cached(state, false, &first, err);
    rc = rc == ASSAY_OK ? probe_cached(state, false, &second, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    state->cached_floor = second;
    if (second == ASSAY_COUNT_ABSENT) {
        say(state, "a request was answered since load; the server does not count cached tokens");
    } else {
        say(state, "a request was answered since load; unique prompts find %u tokens cached", second);
    }
    return ASSAY_OK;
}

static assay_code prepare_cached(struct assay_llm_state *state, assay_err *err)
{
    uint32_t first = ASSAY_COUNT_ABSENT, second = ASSAY_COUNT_ABSENT;
    assay_code rc = probe_cached(state, true, &first, err);
    rc = rc == ASSAY_OK ? probe_cached(state, true, &second, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (second == ASSAY_COUNT_ABSENT) {
        state->is_state_wrong = true;
        say(state, "the server does not count cached tokens: cached cannot be verified");
    } else {
        state->is_state_wrong = second == 0;
        say(state, "the shared prefix was sent; a further request found %u tokens cached", second);
    }
    return ASSAY_OK;
}

assay_code assay_llm_state_prepare(struct assay_llm_state *state, assay_err *err)
{
    state->cached_floor = ASSAY_COUNT_ABSENT;
    switch ((enum assay_llm_state_asked)state->options.state) {
    case ASSAY_LLM_COLD:
        return prepare_cold(state, err);
    case ASSAY_LLM_WARM:
        return state->options.use_probes ? prepare_warm(state, err) : ASSAY_OK;
    case ASSAY_LLM_CACHED:
        return state->options.use_probes ? prepare_cached(state, err) : ASSAY_OK;
    case ASSAY_LLM_ANY:
        break;
    }
    return ASSAY_OK;
}

/* After the run: still in memory, and what the samples found in the cache. */
assay_code assay_llm_state_check(struct assay_llm_state *state, assay_err *err)
{
    const struct assay_llm_totals *totals = &state->totals;
    int is_there = -1;
    bool must_stay = state->options.state == ASSAY_LLM_WARM || state->options.state == ASSAY_LLM_CACHED;
    if (must_stay && state->dialect->is_resident != NULL) {
        assay_code rc = state->dialect->is_resident(state, &is_there, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
    }
    if (must_stay && is_there == 0) {
        state->is_state_wrong = true;
        say(state, "the model was no longer in memory after the run");
    }
    if (state->options.state == ASSAY_LLM_WARM && totals->over_floor > 0) {
        state->is_state_wrong = true;
        say(state, "%llu of %llu requests found more tokens cached than the template's %u",
            (unsigned long long)totals->over_floor, (unsigned long long)totals->with_cached, state->cached_floor);
    }
    if (state->options.state == ASSAY_LLM_CACHED && (totals->with_cached == 0 || totals->cached_tokens == 0)) {
        state->is_state_wrong = true;
        say(state, "no request found its prefix in the cache");
    }
    return ASSAY_OK;
}
