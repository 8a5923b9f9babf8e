#include "workload/llm.h"

#define AT(member) offsetof(struct assay_llm_options, member)
#define SERVER "Server"
#define REQUEST "Requests"
#define SAMPLING "Sampling (every value is sent, so that no default of the server counts)"
#define LIMITS "Time limits"
#define GOALS "Service levels (goodput)"

static const char *const APIS[] = {"auto", "chat", "completions", "generate", "completion", NULL};
static const char *const STATES[] = {"any", "cold", "warm", "cached", NULL};
static const char *const REASONINGS[] = {"auto", "on", "off", NULL};
static const char *const PATHS[] = {"auto", "loopback", "veth", "nat", "remote", NULL};
static const char *const PEERS[] = {"auto", "real", "scripted", NULL}; /* enum assay_llm_peer */

const struct assay_opt assay_llm_option_rows[] = {
    {"url", "URL", "where the server is: http://HOST:PORT or https://..., with a path prefix if it has one",
     ASSAY_OPT_TEXT, AT(url), .group = SERVER},
    {"dialect", "auto|ollama|openai|llamacpp|vllm", "how the server speaks; auto asks it", ASSAY_OPT_CHOICE,
     AT(dialect), .choices = assay_llm_dialect_names, .group = SERVER},
    {"api", "auto|chat|completions|generate|completion",
     "endpoint: chat, or plain text (openai, vllm, llamacpp: completions; ollama: generate; llamacpp: completion)",
     ASSAY_OPT_CHOICE, AT(api), .choices = APIS, .group = SERVER},
    {"model", "NAME", "model to ask for (default: the only one that the server offers)", ASSAY_OPT_TEXT, AT(model),
     .group = SERVER},
    {"header", "NAME:VALUE", "further request header; may be repeated", ASSAY_OPT_TEXT_LIST, AT(header),
     .group = SERVER, .is_secret = true},
    {"api-key-env", "NAME", "environment variable that holds the API key", ASSAY_OPT_TEXT, AT(api_key_env),
     .group = SERVER},
    {"api-key-file", "FILE", "file that holds the API key", ASSAY_OPT_TEXT, AT(api_key_file), .group = SERVER},
    {"ca-file", "FILE", "certificate authorities to trust (PEM)", ASSAY_OPT_TEXT, AT(ca_file), .group = SERVER},
    {"insecure", NULL, "accept any certificate", ASSAY_OPT_FLAG, AT(is_insecure), .group = SERVER},
    {"proxy", "URL", "HTTP proxy (default: http_proxy and https_proxy)", ASSAY_OPT_TEXT, AT(proxy), .group = SERVER,
     .is_secret = true},
    {"keepalive", NULL, "use a connection for more than one request", ASSAY_OPT_FLAG_ON, AT(keepalive),
     .group = SERVER},
    {"path", "auto|loopback|veth|nat|remote", "what lies between; auto tells loopback, veth and remote",
     ASSAY_OPT_CHOICE, AT(path), .choices = PATHS, .group = SERVER},
    {"peer", "auto|real|scripted", "a script instead of a model: as the server says, never, or openly (default auto)",
     ASSAY_OPT_CHOICE, AT(peer), .choices = PEERS, .group = SERVER},

    {"prompt-tokens", "SPEC",
     "prompt length: N, uniform:LO,HI, normal:MEAN,SD,LO,HI, lognormal:MEDIAN,SIGMA,LO,HI, "
     "file:PATH",
     ASSAY_OPT_TEXT, AT(prompt_tokens), .group = REQUEST},
    {"output-tokens", "SPEC", "output limit, as prompt-tokens", ASSAY_OPT_TEXT, AT(output_tokens), .group = REQUEST},
    {"prompts", "FILE", "prompts of your own in UTF-8: one a line, or JSON lines with \"prompt\"", ASSAY_OPT_TEXT,
     AT(prompts), .group = REQUEST},
    {"salt", NULL, "put 64 random bits in front of every prompt, against prefix caches", ASSAY_OPT_FLAG_ON,
     AT(use_salt), .group = REQUEST},
    {"state", "any|cold|warm|cached", "state of the model, brought about and verified", ASSAY_OPT_CHOICE, AT(state),
     .choices = STATES, .group = REQUEST},
    {"prefix-share", "SHARE", "state cached: share of the prompt that all requests have in common", ASSAY_OPT_SHARE,
     AT(prefix_share), .group = REQUEST},
    {"restart-command", "COMMAND", "state cold: starts the server anew and returns, for servers that cannot unload",
     ASSAY_OPT_TEXT, AT(restart_command), .group = REQUEST},
    {"probes", NULL, "send a few requests before the run, to learn what prompts cost and to verify the state",
     ASSAY_OPT_FLAG_ON, AT(use_probes), .group = REQUEST},
    {"reasoning", "auto|on|off", "ask the model to think, or not to", ASSAY_OPT_CHOICE, AT(reasoning),
     .choices = REASONINGS, .group = REQUEST},
    {"context", "N", "ollama: context length (num_ctx); another one than before loads the model anew", ASSAY_OPT_U64,
     AT(context), .max = UINT32_MAX, .group = REQUEST},
    {"model-ttl", "T", "ollama: how long the model stays loaded (keep_alive)", ASSAY_OPT_TEXT, AT(model_ttl),
     .group = REQUEST},
    {"logprobs", NULL, "ask for log probabilities, which count tokens where nothing better does", ASSAY_OPT_FLAG,
     AT(logprobs), .group = REQUEST},
    {"ignore-eos", NULL, "go on to the output limit (llamacpp, vllm)", ASSAY_OPT_FLAG_ON, AT(ignore_eos),
     .group = REQUEST},
    {"stop", "TEXT", "end the answer at this text; may be repeated", ASSAY_OPT_TEXT_LIST, AT(stop), .group = REQUEST},

    {"temperature", "X", "0 takes the likeliest token", ASSAY_OPT_DOUBLE, AT(temperature), .group = SAMPLING},
    {"top-p", "X", "nucleus", ASSAY_OPT_DOUBLE, AT(top_p), .group = SAMPLING},
    {"top-k", "N", "candidates; 0 = all", ASSAY_OPT_U64, AT(top_k), .max = INT32_MAX, .group = SAMPLING},
    {"min-p", "X", "least share of the likeliest token's probability", ASSAY_OPT_DOUBLE, AT(min_p), .group = SAMPLING},
    {"repeat-penalty", "X", "1 = none", ASSAY_OPT_DOUBLE, AT(repeat_penalty), .group = SAMPLING},
    {"presence-penalty", "X", "0 = none", ASSAY_OPT_DOUBLE, AT(presence_penalty), .group = SAMPLING},
    {"frequency-penalty", "X", "0 = none", ASSAY_OPT_DOUBLE, AT(frequency_penalty), .group = SAMPLING},
    {"sampling-seed", "N", "seed of the server's sampler", ASSAY_OPT_U64, AT(sampling_seed), .max = INT32_MAX,
     .group = SAMPLING},

    {"timeout-connect", "T", "until the connection is usable", ASSAY_OPT_DURATION, AT(connect_ns), .group = LIMITS},
    {"timeout-first", "T", "from the end of sending to the first body byte", ASSAY_OPT_DURATION, AT(first_ns),
     .group = LIMITS},
    {"timeout-stall", "T", "between two reads of the body", ASSAY_OPT_DURATION, AT(stall_ns), .group = LIMITS},
    {"timeout-total", "T", "for the whole request", ASSAY_OPT_DURATION, AT(total_ns), .group = LIMITS},

    {"slo-ttft", "T", "a good request has its first token within T", ASSAY_OPT_DURATION, AT(slo_ttft_ns),
     .group = GOALS},
    {"slo-tpot", "T", "and takes at most T for every further one", ASSAY_OPT_DURATION, AT(slo_tpot_ns), .group = GOALS},
    {"slo-e2e", "T", "and is complete within T", ASSAY_OPT_DURATION, AT(slo_e2e_ns), .group = GOALS},
};
_Static_assert(sizeof assay_llm_option_rows / sizeof assay_llm_option_rows[0] == ASSAY_LLM_OPTIONS_COUNT,
               "the workload's table names this number");

void assay_llm_options_defaults(void *state)
{
    struct assay_llm_state *llm = state;
    llm->options = (struct assay_llm_options){
        .prompt_tokens = "256",
        .output_tokens = "64",
        .use_salt = true,
        .use_probes = true,
        .ignore_eos = true,
        .keepalive = true,
        .prefix_share = 0.5,
        .top_p = 1,
        .repeat_penalty = 1,
        .sampling_seed = 1,
        .model_ttl = "30m",
        .connect_ns = 10 * ASSAY_NS_PER_S,
        .first_ns = 300 * ASSAY_NS_PER_S, /* a long prompt on a slow machine, or a model that is loaded first */
        .stall_ns = 60 * ASSAY_NS_PER_S,
        .total_ns = 1800 * ASSAY_NS_PER_S,
    };
}
