/* The HTTP server of the built-in model: `lm serve MODEL...`. */
#include "cli/cli.h"
#include "cli/lm_model.h"
#include "cli/stop.h"

#include "base/file.h"
#include "base/log.h"
#include "host/host.h"
#include "serve/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define AT(member) offsetof(struct values, member)
#define MODEL "Model"
#define LOAD "Load"
#define HTTP "HTTP"
#define MODELS_MAX 16 /* of one server */

struct values {
    struct assay_lm_how how;
    const char *listen, *chat, *log, *cors;
    uint64_t parallel, queue, cache, batch, connections, header_ns, idle_ns, grace_ns;
};

static const struct values DEFAULTS = {
    .listen = ASSAY_LM_LISTEN,
    .parallel = ASSAY_LM_PARALLEL,
    .queue = ASSAY_LM_QUEUE,
    .connections = ASSAY_LM_CONNECTIONS,
    .header_ns = ASSAY_LM_HEADER_NS,
    .idle_ns = ASSAY_LM_IDLE_NS,
    .grace_ns = ASSAY_LM_GRACE_NS,
};

static const struct assay_opt OPTIONS[] = {
    {"template", "NAME", "chat template: chatml, llama3, bitnet or raw (default: the one that the file names)",
     ASSAY_OPT_TEXT, AT(chat), .group = MODEL},
    ASSAY_LM_HOW_OPTIONS(struct values, how),

    {"parallel", "N", "requests that share each pass (default 4)", ASSAY_OPT_U64, AT(parallel), .max = 64,
     .group = LOAD, .refuses_zero = true},
    {"queue", "N", "requests that may wait; further ones get 503 (default 512)", ASSAY_OPT_U64, AT(queue),
     .max = 1000000, .group = LOAD},
    {"cache", "N", "positions of all requests together (default: parallel times context)", ASSAY_OPT_U64, AT(cache),
     .max = UINT32_MAX, .group = LOAD, .refuses_zero = true},
    {"batch", "N", "tokens of one pass (default 128)", ASSAY_OPT_U64, AT(batch), .max = ASSAY_ENGINE_BATCH_MAX,
     .group = LOAD, .refuses_zero = true},

    {"listen", "ADDRESS:PORT", "where to listen (default " ASSAY_LM_LISTEN "; port 0: a free one)", ASSAY_OPT_TEXT,
     AT(listen), .group = HTTP},
    {"json-log", "FILE", "append one JSON line a request; - is standard error", ASSAY_OPT_TEXT, AT(log), .group = HTTP},
    {"cors-origin", "ORIGIN", "pages of this origin may use the server; * for all (default: none)", ASSAY_OPT_TEXT,
     AT(cors), .group = HTTP},
    {"connections", "N", "open at once (default 1024)", ASSAY_OPT_U64, AT(connections), .max = 65536, .group = HTTP,
     .refuses_zero = true},
    {"timeout-header", "T", "for a request to arrive (default 10s)", ASSAY_OPT_DURATION, AT(header_ns), .group = HTTP,
     .refuses_zero = true},
    {"timeout-idle", "T", "of a connection without traffic (default 75s)", ASSAY_OPT_DURATION, AT(idle_ns),
     .group = HTTP, .refuses_zero = true},
    {"grace", "T", "what streams get when the server is told to end (default 5s)", ASSAY_OPT_DURATION, AT(grace_ns),
     .group = HTTP},
};

/* ---- models ------------------------------------------------------------------------------------------------------*/

struct model {
    char name[256], digest[ASSAY_DIGEST_TEXT_BYTES];
};

/* "NAME=FILE", or the file's name without its ending. */
static assay_code name_model(const char *argument, struct model *model, struct assay_lm_served *served, assay_err *err)
{
    const char *equal = strchr(argument, '='), *slash = strrchr(argument, '/');
    const char *from = argument;
    size_t len;
    if (equal) {
        served->path = equal + 1;
        len = (size_t)(equal - argument);
    } else {
        served->path = argument;
        from = slash ? slash + 1 : argument;
        len = strlen(from) - (assay_text_ends(from, ".gguf") ? strlen(".gguf") : 0);
    }
    int written = snprintf(model->name, sizeof model->name, "%.*s", (int)len, from);
    if (written <= 0 || (size_t)written >= sizeof model->name) {
        return assay_fail(err, ASSAY_USAGE, "'%s': expected FILE, or NAME=FILE with a name", argument);
    }
    served->name = model->name;
    served->digest = model->digest;
    return ASSAY_OK;
}

/* The whole file: what a receipt says of this server is bound to these bytes. */
static assay_code digest_model(struct model *model, struct assay_lm_served *served, assay_err *err)
{
    struct stat info;
    assay_code rc = assay_lm_digest(served->path, model->digest, err);
    if (rc == ASSAY_OK && stat(served->path, &info) == 0) {
        served->bytes = (uint64_t)info.st_size;
        served->modified_s = (uint64_t)info.st_mtim.tv_sec;
    }
    return rc;
}

static assay_code read_models(const struct values *values, const struct assay_opt_result *given,
                              struct model models[MODELS_MAX], struct assay_lm_served served[MODELS_MAX],
                              assay_err *err)
{
    for (size_t i = 0; i < given->arguments_count; i++) {
        served[i].chat = values->chat;
        assay_code rc = name_model(given->arguments[i], &models[i], &served[i], err);
        rc = rc == ASSAY_OK ? digest_model(&models[i], &served[i], err) : rc;
        if (rc != ASSAY_OK) {
            return rc;
        }
    }
    return ASSAY_OK;
}

static assay_code digest_binary(char ret[ASSAY_DIGEST_TEXT_BYTES], assay_err *err)
{
    json_t *build = NULL;
    assay_code rc = assay_host_build(&build, err);
    const char *text = json_string_value(json_object_get(build, "binarySha256"));
    if (rc == ASSAY_OK) {
        (void)snprintf(ret, ASSAY_DIGEST_TEXT_BYTES, "%s", text ? text : "unknown");
    }
    json_decref(build);
    return rc;
}

/* ---- what the server asks of its caller --------------------------------------------------------------------------*/

static size_t read_kernels(void *context, const struct assay_engine *engine, struct assay_lm_kernel *rows, size_t max)
{
    const struct assay_kernel_set *set = assay_engine_kernels(engine);
    const struct assay_kernel_counters *counters = assay_team_counters(assay_engine_team(engine));
    size_t count = 0;
    (void)context;
    for (size_t i = 0; i < assay_kernel_set_rows(set) && count < max; i++) {
        struct assay_kernel_total total;
        assay_kernel_counters_sum(counters, i, &total);
        if (total.calls > 0) {
            rows[count++] = (struct assay_lm_kernel){.id = assay_kernel_set_row(set, i).row->id,
                                                     .calls = total.calls,
                                                     .elements = total.elements,
                                                     .bytes = total.bytes,
                                                     .ops = total.ops,
                                                     .ns = total.ns};
        }
    }
    return count;
}

/* The lines that a script waits for, on standard output, at once. */
static void say_ready(void *context, uint16_t port, const char *const *names, size_t names_count)
{
    struct assay_buf text;
    assay_err err = {0};
    (void)context;
    assay_buf_init(&text, 65536);
    for (size_t i = 0; i < names_count; i++) {
        assay_buf_text(&text, "model ");
        assay_text_show(&text, names[i], strlen(names[i]), strlen(names[i]));
        assay_buf_char(&text, '\n');
    }
    assay_buf_printf(&text, "listening on port %" PRIu16 "\n", port);
    if (assay_cli_print(&text, &err) != ASSAY_OK) {
        assay_log_warning("%s", err.message);
    }
    assay_buf_done(&text);
}

static assay_code open_log(const char *path, int *ret, assay_err *err)
{
    *ret = -1;
    if (!path) {
        return ASSAY_OK;
    }
    *ret = strcmp(path, "-") == 0 ? dup(STDERR_FILENO)
                                  : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR | S_IRGRP);
    return *ret >= 0 ? ASSAY_OK : assay_fail_errno(err, ASSAY_IO, "cannot open the log '%s'", path);
}

/* ---- the verb ----------------------------------------------------------------------------------------------------*/

static assay_code serve(const struct values *values, const struct assay_opt_result *given, assay_err *err)
{
    struct model models[MODELS_MAX];
    struct assay_lm_served served[MODELS_MAX] = {0};
    char binary[ASSAY_DIGEST_TEXT_BYTES];
    struct assay_lm_serve_setup setup = {
        .models = served,
        .models_count = given->arguments_count,
        .engine = {.batch = values->batch, .positions = values->cache},
        .listen = values->listen,
        .stop_flag = assay_stop_flag(),
        .parallel = values->parallel,
        .connections = values->connections,
        .queue = values->queue,
        .header_ns = values->header_ns,
        .idle_ns = values->idle_ns,
        .grace_ns = values->grace_ns ? values->grace_ns : 1, /* 0 would be the default */
        .version = ASSAY_VERSION,
        .binary_digest = binary,
        .cors_origin = values->cors,
        .on_ready = say_ready,
        .read_kernels = read_kernels,
    };
    assay_code rc = assay_lm_set_up(&values->how, &setup.engine, err);
    rc = rc == ASSAY_OK ? read_models(values, given, models, served, err) : rc;
    rc = rc == ASSAY_OK ? digest_binary(binary, err) : rc;
    rc = rc == ASSAY_OK ? open_log(values->log, &setup.log_fd, err) : rc;
    if (rc == ASSAY_OK) {
        assay_stop_catch();
        rc = assay_lm_serve(&setup, err);
        if (setup.log_fd >= 0) {
            (void)close(setup.log_fd);
        }
    }
    return rc;
}

static assay_code run(struct assay_cli *cli, const void *values, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err)
{
    (void)cli;
    (void)out;
    return serve(values, given, err);
}

const struct assay_verb assay_verb_lm_serve = {
    .opt = {.name = "lm serve",
            .synopsis = "[OPTIONS] MODEL|NAME=MODEL...",
            .summary = "serves models in the dialects of Ollama and OpenAI",
            .manual =
                "Answers /api/generate, /api/chat, /api/tags, /api/ps, /api/show, /api/version, /v1/models, "
                "/v1/completions, /v1/chat/completions, /tokenize, /detokenize, /health and /metrics until Ctrl-C or "
                "SIGTERM. Requests wait in one queue; --parallel of them share each pass over the weights, and what a "
                "request gets does not depend on its neighbours: same prompt, same seed, same text.\n\n"
                "A prompt that does not fit into the context is refused and never cut; an answer that fills the "
                "context ends with the reason 'length'. What the sampler cannot do (tools, images, grammars, "
                "presence and frequency penalties) is refused by name; other unknown members are ignored.\n\n"
                "Only this machine can reach the server unless --listen names another address; there is no TLS and "
                "no password. Pages of browsers are refused unless --cors-origin allows theirs. When a client goes "
                "away its work stops between two layers of the model.",
            .options = OPTIONS,
            .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
            .arguments_min = 1,
            .arguments_max = MODELS_MAX,
            .examples = "assay lm serve model.gguf\n"
                        "  at http://127.0.0.1:11435, for any client of Ollama or OpenAI\n"
                        "assay run llm --url http://127.0.0.1:11435 --requests 20\n"
                        "  measures it\n"},
    .values_bytes = sizeof(struct values),
    .defaults = &DEFAULTS,
    .run = run,
};
