/* Built-in scripts, and scripts made from a load shape. */
#include "serve/truth_script.h"

#include "base/clock.h"

#include <string.h>

static const struct assay_truth_preset PRESETS[] = {
    {"openai", "OpenAI's API: 64 tokens, the first after 50 ms, then one every 20 ms",
     "{\"assay_truth\":1,\"name\":\"openai\",\"default\":{\"dialect\":\"openai\",\"tokens\":64,"
     "\"first_ns\":50000000,\"interval_ns\":20000000}}"},
    {"ollama", "Ollama's API: as openai, and the model loads in 200 ms",
     "{\"assay_truth\":1,\"name\":\"ollama\",\"default\":{\"dialect\":\"ollama\",\"tokens\":64,"
     "\"first_ns\":50000000,\"interval_ns\":20000000,\"load_ns\":200000000}}"},
    {"llamacpp", "llama.cpp's server: as openai, with timings",
     "{\"assay_truth\":1,\"name\":\"llamacpp\",\"default\":{\"dialect\":\"llamacpp\",\"tokens\":64,"
     "\"first_ns\":50000000,\"interval_ns\":20000000}}"},
    {"vllm", "vLLM's server: as openai, with running usage on demand",
     "{\"assay_truth\":1,\"name\":\"vllm\",\"default\":{\"dialect\":\"vllm\",\"tokens\":64,"
     "\"first_ns\":50000000,\"interval_ns\":20000000}}"},
    {"asked", "as openai, but as many tokens as the client asks for",
     "{\"assay_truth\":1,\"name\":\"asked\",\"default\":{\"first_ns\":20000000,\"interval_ns\":5000000,"
     "\"phase\":\"spread\"}}"},
    {"lockstep", "every stream writes at the same instants, 50 times a second",
     "{\"assay_truth\":1,\"name\":\"lockstep\",\"default\":{\"tokens\":100,\"first_ns\":50000000,"
     "\"interval_ns\":20000000,\"phase\":\"lockstep\"}}"},
    {"fast", "16 tokens as fast as the socket takes them: for load on the harness itself",
     "{\"assay_truth\":1,\"name\":\"fast\",\"default\":{\"tokens\":16,\"first_ns\":0,\"interval_ns\":0,"
     "\"tail_ns\":0}}"},
    {NULL, NULL, NULL},
};

const struct assay_truth_preset *assay_truth_presets(void)
{
    return PRESETS;
}

static assay_code load_preset(const char *name, struct assay_truth_script **ret, assay_err *err)
{
    struct assay_buf known;
    assay_buf_init(&known, 1024);
    for (size_t i = 0; PRESETS[i].name; i++) {
        if (strcmp(PRESETS[i].name, name) == 0) {
            assay_buf_done(&known);
            return assay_truth_script_parse(PRESETS[i].json, strlen(PRESETS[i].json), ret, err);
        }
        assay_buf_printf(&known, "%s%s", i ? ", " : "", PRESETS[i].name);
    }
    assay_code rc = assay_fail(err, ASSAY_USAGE, "no preset is called '%.40s'; there are %s", name,
                               known.data ? known.data : "some");
    assay_buf_done(&known);
    return rc;
}

assay_code assay_truth_script_load(const char *source, struct assay_truth_script **ret, assay_err *err)
{
    static const char PREFIX[] = "preset:";
    if (strncmp(source, PREFIX, sizeof PREFIX - 1) == 0) {
        return load_preset(source + sizeof PREFIX - 1, ret, err);
    }
    struct assay_buf text;
    assay_buf_init(&text, ASSAY_TRUTH_SCRIPT_BYTES_MAX);
    assay_code rc = assay_buf_read_file(&text, source, err);
    if (rc == ASSAY_OK) {
        rc = assay_truth_script_parse(text.data ? text.data : "", text.len, ret, err);
        if (rc != ASSAY_OK) {
            assay_wrap(err, "script '%s'", source);
        }
    }
    assay_buf_done(&text);
    return rc;
}

assay_code assay_truth_script_of_shape(const struct assay_truth_shape *shape, struct assay_buf *out_json,
                                       assay_err *err)
{
    assay_buf_printf(out_json, "{\"assay_truth\":1,\"name\":\"calibration\",\"default\":{\"dialect\":\"%s\",",
                     shape->dialect ? shape->dialect : "auto");
    assay_buf_printf(out_json, "\"tokens\":%u,\"tokens_per_event\":%u,\"first_ns\":%llu,\"interval_ns\":%llu,",
                     shape->tokens, shape->tokens_per_event ? shape->tokens_per_event : 1,
                     (unsigned long long)shape->first_ns, (unsigned long long)shape->interval_ns);
    assay_buf_printf(out_json, "\"phase\":\"%s\"}}", shape->is_lockstep ? "lockstep" : "spread");
    return assay_buf_check(out_json, err);
}
