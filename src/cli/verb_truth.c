/* The scripted, exact token server. */
#include "cli/cli.h"
#include "cli/stop.h"

#include "base/log.h"
#include "serve/serve.h"

#include <inttypes.h>
#include <stddef.h>

#define NO_CPU 4096 /* no machine has this many: "do not pin" */

struct values {
    const char *script, *listen, *log;
    uint64_t cpu, spin_ns;
    bool wants_presets, no_tx_stamps, is_quiet;
};

static const struct assay_opt OPTIONS[] = {
    {"script", "FILE", "what to play: a script, or preset:NAME (default preset:openai)", ASSAY_OPT_TEXT,
     offsetof(struct values, script)},
    {"listen", "ADDRESS:PORT", "where to listen (default 127.0.0.1 and a free port)", ASSAY_OPT_TEXT,
     offsetof(struct values, listen)},
    {"log", "FILE", "write the binary log of every write there at the end", ASSAY_OPT_TEXT,
     offsetof(struct values, log)},
    {"cpu", "N", "pin to the N-th CPU of the affinity mask", ASSAY_OPT_U64, offsetof(struct values, cpu),
     .max = NO_CPU - 1},
    {"spin", "T", "busy wait for the last T before an instant (default 50us)", ASSAY_OPT_DURATION,
     offsetof(struct values, spin_ns)},
    {"no-tx-stamps", NULL, "do not ask the kernel for transmit stamps: halves the cost of a write", ASSAY_OPT_FLAG,
     offsetof(struct values, no_tx_stamps)},
    {"presets", NULL, "list the built-in scripts", ASSAY_OPT_FLAG, offsetof(struct values, wants_presets)},
    {"quiet", NULL, "no summary at the end", ASSAY_OPT_FLAG, offsetof(struct values, is_quiet)},
};

static void list_presets(struct assay_buf *out)
{
    for (const struct assay_truth_preset *preset = assay_truth_presets(); preset->name; preset++) {
        assay_buf_printf(out, "preset:%-12s %s\n", preset->name, preset->summary);
    }
}

/* The one line that a script waits for: the address, on standard output, at once. */
static void say_ready(void *context, uint16_t port)
{
    (void)context;
    struct assay_buf line;
    assay_buf_init(&line, 128);
    assay_buf_printf(&line, "listening on port %" PRIu16 "\n", port);
    assay_err err = {0};
    if (assay_cli_print(&line, &err) != ASSAY_OK) {
        assay_log_warning("%s", err.message);
    }
    assay_buf_done(&line);
}

static void print_summary(const struct assay_truth_summary *summary)
{
    struct assay_buf text;
    assay_buf_init(&text, 65536); /* a dozen lines */
    assay_truth_summary_print(summary, &text);
    assay_log_note("%s", text.data ? text.data : "");
    assay_buf_done(&text);
}

static assay_code serve(const struct values *values, assay_err *err)
{
    struct assay_truth_script *script = NULL;
    struct assay_truth_summary summary;
    const char *source = values->script ? values->script : "preset:openai";
    assay_code rc = assay_truth_script_load(source, &script, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    assay_stop_catch();
    struct assay_truth_setup setup = {.script = script,
                                      .listen = values->listen,
                                      .log_path = values->log,
                                      .stop_flag = assay_stop_flag(),
                                      .cpu = values->cpu == NO_CPU ? -1 : (int)values->cpu,
                                      .spin_ns = values->spin_ns,
                                      .no_tx_stamps = values->no_tx_stamps,
                                      .on_ready = say_ready};
    rc = assay_truth_serve(&setup, &summary, err);
    if (rc == ASSAY_OK && !values->is_quiet) {
        print_summary(&summary);
    }
    assay_truth_script_free(script);
    return rc;
}

static assay_code run(struct assay_cli *cli, const void *values_, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err)
{
    (void)cli;
    (void)given;
    const struct values *values = values_;
    if (values->wants_presets) {
        list_presets(out);
        return ASSAY_OK;
    }
    return serve(values, err);
}

static const struct values DEFAULTS = {.cpu = NO_CPU};

const struct assay_verb assay_verb_truth = {
    .opt = {.name = "truth",
            .synopsis = "[OPTIONS]",
            .summary = "the scripted, exact token server: what a client should have seen",
            .manual =
                "Plays token streams at planned instants in the dialects of Ollama, OpenAI, llama.cpp and vLLM, "
                "with every fault that a script asks for, and logs each write with the kernel's own stamp. Ctrl-C "
                "ends it. It names itself in every answer: what is measured against it has the compute path "
                "'scripted' and carries no claim about a model.",
            .options = OPTIONS,
            .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
            .examples = "assay truth --listen 127.0.0.1:8080\n  64 tokens at 50 tokens/s to everyone who asks\n"},
    .values_bytes = sizeof(struct values),
    .defaults = &DEFAULTS,
    .run = run,
};
