/* Text from a model: `lm generate MODEL`. */
#include "cli/cli.h"
#include "cli/lm_model.h"
#include "cli/lm_repeat.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "json/json.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CONTROL "The next token"
#define AT(member) offsetof(struct values, member)
#define PROMPT_BYTES_MAX ((size_t)16 << 20) /* a context of a million tokens */

struct values {
    struct assay_lm_how how;
    const char *prompt, *prompt_file, *system, *template;
    double temperature, top_p, min_p, repeat_penalty;
    uint64_t seed, top_k, repeat_last, tokens_max, repeat;
    struct assay_opt_list stops;
    bool is_chat, drafts, ignores_end, wants_json;
};

static const struct values DEFAULTS = {.temperature = 0.8, .top_k = 40, .top_p = 0.95, .tokens_max = 128, .repeat = 1};

enum { ROW_SEED = 0 };
static const struct assay_opt OPTIONS[] = {
    [ROW_SEED] = {"seed", "S", "of the draws (default: drawn, and told)", ASSAY_OPT_U64, AT(seed), .group = CONTROL},
    {"prompt", "TEXT", "what the text follows", ASSAY_OPT_TEXT, AT(prompt)},
    {"prompt-file", "FILE", "the same from a file", ASSAY_OPT_TEXT, AT(prompt_file)},
    {"chat", NULL, "the prompt is a user's message, put into the model's chat template", ASSAY_OPT_FLAG, AT(is_chat)},
    {"system", "TEXT", "with --chat: the system's message", ASSAY_OPT_TEXT, AT(system)},
    {"template", "NAME", "with --chat: raw, chatml, llama3 or bitnet (default: as the model's file says)",
     ASSAY_OPT_TEXT, AT(template)},
    {"max-tokens", "N", "at most so many (default 128)", ASSAY_OPT_U64, AT(tokens_max), .max = ASSAY_MODEL_CONTEXT_MAX},
    {"stop", "TEXT", "ends before this text (repeatable)", ASSAY_OPT_TEXT_LIST, AT(stops)},
    {"ignore-end", NULL, "go on after an end token", ASSAY_OPT_FLAG, AT(ignores_end)},
    {"repeat", "N", "generate N times, once of them in a fresh process, and compare ids and logits (default 1)",
     ASSAY_OPT_U64, AT(repeat), .max = 1000},
    {"json", NULL, "print text, ids, digests, timings and kernels as JSON", ASSAY_OPT_FLAG, AT(wants_json)},
    {"temperature", "T", "0: always the most probable one (default 0.8)", ASSAY_OPT_DOUBLE, AT(temperature),
     .group = CONTROL},
    {"top-k", "K", "of the K most probable ones; 0: all (default 40)", ASSAY_OPT_U64, AT(top_k), .max = UINT32_MAX,
     .group = CONTROL},
    {"top-p", "P", "of the most probable ones that make up P (default 0.95)", ASSAY_OPT_DOUBLE, AT(top_p),
     .group = CONTROL},
    {"min-p", "P", "of those with P times the largest probability (default 0)", ASSAY_OPT_DOUBLE, AT(min_p),
     .group = CONTROL},
    {"repeat-penalty", "R", "divides the logits of tokens that were there (default none)", ASSAY_OPT_DOUBLE,
     AT(repeat_penalty), .group = CONTROL},
    {"repeat-last", "N", "tokens that it looks back over (default 64)", ASSAY_OPT_U64, AT(repeat_last),
     .max = ASSAY_SAMPLER_REPEAT_LAST_MAX, .group = CONTROL},
    ASSAY_LM_HOW_OPTIONS(struct values, how),
    {"draft", NULL, "propose what followed before, and check it in one pass: the same text, often sooner",
     ASSAY_OPT_FLAG, AT(drafts), .group = ASSAY_LM_HOW_GROUP},
};

struct job {
    const struct values *values;
    const char *path;
    struct assay_engine *engine;
    struct assay_session *session;
    struct assay_tokens prompt;
    struct assay_slice stops[ASSAY_OPT_LIST_MAX];
    uint64_t seed;
    struct assay_sha256 logits; /* of the run that goes on */
    struct assay_buf text;
    bool streams, drafts;
    assay_err write_err;
};

/* ---- prompt ------------------------------------------------------------------------------------------------------*/

static assay_code encode_chat(struct job *job, struct assay_slice text, assay_err *err)
{
    const struct assay_model *model = assay_engine_model(job->engine);
    enum assay_template which = ASSAY_TEMPLATE_RAW;
    struct assay_message messages[2];
    size_t count = 0;
    if (job->values->system) {
        messages[count++] = (struct assay_message){ASSAY_SLICE("system"), assay_slice_of(job->values->system)};
    }
    messages[count++] = (struct assay_message){ASSAY_SLICE("user"), text};
    assay_code rc = job->values->template ? assay_template_named(job->values->template, &which, err)
                                          : assay_template_find(model->gguf, &which, err);
    return rc == ASSAY_OK ? assay_template_apply(which, model->tokenizer, messages, count, &job->prompt, err) : rc;
}

static assay_code encode(struct job *job, assay_err *err)
{
    const struct assay_tokenizer *tokenizer = assay_engine_model(job->engine)->tokenizer;
    struct assay_buf file;
    assay_code rc = ASSAY_OK;
    assay_buf_init(&file, PROMPT_BYTES_MAX);
    if (job->values->prompt_file) {
        rc = assay_buf_read_file(&file, job->values->prompt_file, err);
    }
    struct assay_slice text =
        job->values->prompt ? assay_slice_of(job->values->prompt) : (struct assay_slice){file.data, file.len};
    if (rc == ASSAY_OK && job->values->is_chat) {
        rc = encode_chat(job, text, err);
    } else if (rc == ASSAY_OK) {
        if (assay_tokenizer_adds_bos(tokenizer) && assay_tokenizer_bos(tokenizer) != ASSAY_TOKEN_NONE) {
            rc = assay_tokens_add(&job->prompt, assay_tokenizer_bos(tokenizer), err);
        }
        rc = rc == ASSAY_OK ? assay_tokenizer_encode(tokenizer, text, false, &job->prompt, err) : rc;
    }
    if (rc == ASSAY_OK && job->prompt.count == 0) {
        rc = assay_fail(err, ASSAY_USAGE, "the prompt is empty, and the model has no begin token: give --prompt");
    }
    assay_buf_done(&file);
    return rc;
}

/* ---- one run -----------------------------------------------------------------------------------------------------*/

static bool take_text(void *context, struct assay_slice text)
{
    struct job *job = context;
    assay_buf_append(&job->text, text.data, text.len);
    return !job->streams ||
           assay_fd_write(STDOUT_FILENO, text.data, text.len, "standard output", &job->write_err) == ASSAY_OK;
}

static void take_logits(void *context, const float *logits, size_t count)
{
    struct job *job = context;
    assay_sha256_add(&job->logits, logits, count * sizeof *logits);
}

static assay_code generate(struct job *job, struct assay_generated *generated, struct assay_lm_digests *ret,
                           assay_err *err)
{
    const struct values *values = job->values;
    const struct assay_generation how = {
        .prompt = job->prompt.ids,
        .prompt_count = job->prompt.count,
        .sampling = {.temperature = values->temperature,
                     .top_k = values->top_k,
                     .top_p = values->top_p == 0 ? ASSAY_SAMPLER_TOP_P_LEAST : values->top_p,
                     .min_p = values->min_p,
                     .repeat_penalty = values->repeat_penalty,
                     .repeat_last = values->repeat_last,
                     .seed = job->seed},
        .tokens_max = values->tokens_max,
        .stops = job->stops,
        .stops_count = values->stops.count,
        .ignores_end = values->ignores_end,
        .drafts = job->drafts,
        .on_text = take_text,
        .on_logits = take_logits,
        .context = job};
    struct assay_digest digest;
    assay_sha256_init(&job->logits);
    assay_buf_clear(&job->text);
    assay_code rc = assay_generate(job->session, &how, generated, err);
    if (rc == ASSAY_OK && job->write_err.code != ASSAY_OK) {
        *err = job->write_err;
        rc = err->code;
        assay_generated_done(generated);
    }
    if (rc == ASSAY_OK) {
        assay_sha256_end(&job->logits, &digest);
        assay_digest_print(&digest, ret->logits);
        assay_sha256_of(generated->tokens.ids, generated->tokens.count * sizeof(int32_t), &digest);
        assay_digest_print(&digest, ret->ids);
    }
    return rc;
}

/* ---- what is told ------------------------------------------------------------------------------------------------*/

static double rate(uint64_t tokens, uint64_t ns)
{
    return ns > 0 ? (double)tokens * 1e9 / (double)ns : 0;
}

static void tell(const struct job *job, const struct assay_generated *generated)
{
    struct assay_buf name;
    assay_buf_init(&name, 1024);
    struct assay_slice shown = assay_lm_name(job->engine);
    assay_text_show(&name, shown.data, shown.len, 200);
    uint64_t count = generated->tokens.count;
    assay_log_note("%s: prompt %zu tokens in %.3f s (%.1f/s); %" PRIu64 " tokens, those after the first in %.3f s "
                   "(%.1f/s), %s; seed %" PRIu64,
                   name.data ? name.data : "", job->prompt.count, (double)generated->prompt_ns / 1e9,
                   rate(job->prompt.count, generated->prompt_ns), count, (double)generated->decode_ns / 1e9,
                   rate(count > 0 ? count - 1 : 0, generated->decode_ns), assay_ended_text(generated->finish),
                   job->seed);
    if (job->drafts) {
        assay_log_note("%" PRIu64 " tokens proposed, %" PRIu64 " of them right, %" PRIu64 " passes", generated->drafted,
                       generated->accepted, generated->passes);
    }
    assay_buf_done(&name);
}

static void put_kernels(struct assay_json_builder *b, json_t *root, const struct job *job)
{
    const struct assay_kernel_set *set = assay_engine_kernels(job->engine);
    const struct assay_kernel_counters *counters = assay_team_counters(assay_engine_team(job->engine));
    json_t *list = assay_json_put_array(b, root, "kernels");
    for (size_t i = 0; i < assay_kernel_set_rows(set); i++) {
        struct assay_kernel_total total;
        assay_kernel_counters_sum(counters, i, &total);
        if (total.ns > 0 || total.calls > 0) {
            struct assay_kernel_entry entry = assay_kernel_set_row(set, i);
            json_t *row = assay_json_add_object(b, list);
            assay_json_put_text(b, row, "id", entry.row->id);
            assay_json_put_text(b, row, "class", assay_kernel_class_text(entry.row->kind));
            assay_json_put_u64(b, row, "calls", total.calls);
            assay_json_put_u64(b, row, "elements", total.elements);
            assay_json_put_u64(b, row, "bytes", total.bytes);
            assay_json_put_u64(b, row, "ns", total.ns);
        }
    }
}

static void put_facts(struct assay_json_builder *b, json_t *root, const struct job *job)
{
    struct assay_engine_facts facts;
    assay_engine_facts_of(job->engine, &facts);
    assay_json_put_u64(b, root, "threads", assay_team_threads(assay_engine_team(job->engine)));
    assay_json_put_bool(b, root, "pinned", facts.is_pinned);
    assay_json_put_text(b, root, "pages", assay_pages_text(facts.pages));
    assay_json_put_u64(b, root, "weightBytes", facts.weight_bytes);
    assay_json_put_u64(b, root, "copiedBytes", facts.copied_bytes);
    if (facts.huge_bytes != UINT64_MAX) {
        assay_json_put_u64(b, root, "hugePageBytes", facts.huge_bytes);
    }
    assay_json_put_text(b, root, "headFormat", facts.head_format);
    if (facts.has_screen) {
        assay_json_put_bool(b, root, "screenBroken", facts.is_screen_broken);
        assay_json_put_u64(b, root, "screenedPasses", facts.screened_passes);
        assay_json_put_u64(b, root, "screenSurvivors", facts.screen_survivors);
        assay_json_put_u64(b, root, "screenFailures", facts.screen_failures);
    }
    assay_json_put_text(b, root, "layout", facts.layout);
    assay_json_put_u64(b, root, "loadNs", facts.load_ns);
    assay_json_put_u64(b, root, "repackNs", facts.repack_ns);
}

static assay_code print_json(const struct job *job, const struct assay_generated *generated,
                             const struct assay_lm_digests *digests, struct assay_buf *out, assay_err *err)
{
    struct assay_json_builder b = {0};
    json_t *root = json_object();
    char model[ASSAY_DIGEST_TEXT_BYTES];
    struct assay_slice name = assay_lm_name(job->engine);
    assay_code rc = assay_lm_digest(job->path, model, err);
    if (rc != ASSAY_OK) {
        json_decref(root);
        return rc;
    }
    assay_json_put_slice(&b, root, "model", name.data, name.len);
    assay_json_put_text(&b, root, "modelSha256", model);
    assay_json_put_slice(&b, root, "text", job->text.data ? job->text.data : "", job->text.len);
    assay_json_put_text(&b, root, "finish", assay_ended_text(generated->finish));
    assay_json_put_u64_text(&b, root, "seed", job->seed);
    assay_json_put_u64(&b, root, "promptTokens", job->prompt.count);
    json_t *ids = assay_json_put_array(&b, root, "ids");
    for (size_t i = 0; i < generated->tokens.count; i++) {
        assay_json_add_int(&b, ids, generated->tokens.ids[i]);
    }
    assay_json_put_text(&b, root, ASSAY_LM_IDS_MEMBER, digests->ids);
    assay_json_put_text(&b, root, ASSAY_LM_LOGITS_MEMBER, digests->logits);
    assay_json_put_u64(&b, root, "promptNs", generated->prompt_ns);
    assay_json_put_u64(&b, root, "firstNs", generated->first_ns);
    assay_json_put_u64(&b, root, "decodeNs", generated->decode_ns);
    assay_json_put_u64(&b, root, "passes", generated->passes);
    assay_json_put_u64(&b, root, "drafted", generated->drafted);
    assay_json_put_u64(&b, root, "accepted", generated->accepted);
    put_facts(&b, root, job);
    put_kernels(&b, root, job);
    rc = assay_json_builder_check(&b, root, err);
    rc = rc == ASSAY_OK ? assay_json_pretty(root, out, err) : rc;
    json_decref(root);
    return rc;
}

/* ---- repetitions -------------------------------------------------------------------------------------------------*/

static void put_comparison(struct assay_buf *out, const struct values *values, const struct assay_lm_digests *first,
                           const struct assay_lm_digests *other, uint64_t number, bool is_fresh)
{
    bool has_ids = strcmp(first->ids, other->ids) == 0, has_logits = strcmp(first->logits, other->logits) == 0;
    if (!values->wants_json) {
        assay_buf_printf(out, "run %" PRIu64 "%s: ids %s, logits %s\n", number, is_fresh ? " (fresh process)" : "",
                         has_ids ? "equal" : "DIFFER", has_logits ? "equal" : "DIFFER");
    }
}

/* WANTING if one of them differs. */
static assay_code repeat(struct job *job, const struct assay_opt_result *given, const struct assay_lm_digests *first,
                         struct assay_buf *out, assay_err *err)
{
    bool is_equal = true;
    assay_code rc = ASSAY_OK;
    job->streams = false;
    for (uint64_t i = 2; rc == ASSAY_OK && i <= job->values->repeat; i++) {
        struct assay_generated again = {0};
        struct assay_lm_digests digests;
        bool is_fresh = i == job->values->repeat;
        rc = is_fresh ? assay_lm_fresh(&assay_verb_lm_generate.opt, job->values, &given->seen, job->path, job->seed,
                                       &digests, err)
                      : generate(job, &again, &digests, err);
        if (rc == ASSAY_OK) {
            is_equal = is_equal && memcmp(first, &digests, sizeof digests) == 0;
            put_comparison(out, job->values, first, &digests, i, is_fresh);
        }
        assay_generated_done(&again);
    }
    return rc == ASSAY_OK && !is_equal ? ASSAY_WANTING : rc;
}

/* ---- the verb ----------------------------------------------------------------------------------------------------*/

static assay_code check(const struct values *values, assay_err *err)
{
    const struct {
        bool is_wrong;
        const char *what;
    } RULES[] = {{values->prompt && values->prompt_file, "--prompt and --prompt-file exclude each other"},
                 {(values->system || values->template) && !values->is_chat, "--system and --template want --chat"},
                 {values->is_chat && !values->prompt && !values->prompt_file, "--chat wants a --prompt"},
                 {values->tokens_max == 0 || values->repeat == 0, "--max-tokens and --repeat are at least 1"},
                 {values->stops.count > ASSAY_STREAM_STOPS_MAX, "too many --stop"}};
    for (size_t i = 0; i < sizeof RULES / sizeof RULES[0]; i++) {
        if (RULES[i].is_wrong) {
            return assay_fail(err, ASSAY_USAGE, "%s", RULES[i].what);
        }
    }
    return ASSAY_OK;
}

static assay_code generate_and_tell(struct job *job, const struct assay_opt_result *given, struct assay_buf *out,
                                    assay_err *err)
{
    struct assay_generated generated = {0};
    struct assay_lm_digests digests;
    job->streams = !job->values->wants_json;
    assay_code rc = generate(job, &generated, &digests, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (job->streams) {
        rc = assay_fd_write(STDOUT_FILENO, "\n", 1, "standard output", err);
        tell(job, &generated);
    } else {
        rc = print_json(job, &generated, &digests, out, err);
    }
    assay_generated_done(&generated);
    return rc == ASSAY_OK ? repeat(job, given, &digests, out, err) : rc;
}

static assay_code run(struct assay_cli *cli, const void *given_values, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err)
{
    struct job job = {.values = given_values, .path = given->arguments[0], .seed = 0};
    struct assay_engine_setup setup = {.takes_drafts = true};
    assay_code rc = check(job.values, err);
    assay_buf_init(&job.text, ASSAY_CLI_OUTPUT_BYTES_MAX);
    job.seed = job.values->seed;
    if (!assay_opt_was_seen(&given->seen, ROW_SEED)) {
        assay_rng_system_bytes(&job.seed, sizeof job.seed);
    }
    for (size_t i = 0; i < job.values->stops.count; i++) {
        job.stops[i] = assay_slice_of(job.values->stops.items[i]);
    }
    rc = rc == ASSAY_OK ? assay_lm_open(job.path, &job.values->how, &setup, &job.engine, err) : rc;
    job.drafts = job.values->drafts || setup.drafts == ASSAY_SWITCH_ON;
    rc = rc == ASSAY_OK ? assay_session_new(job.engine, 0, &job.session, err) : rc;
    rc = rc == ASSAY_OK ? encode(&job, err) : rc;
    rc = rc == ASSAY_OK ? generate_and_tell(&job, given, out, err) : rc;
    cli->has_judged = rc == ASSAY_WANTING;
    assay_tokens_done(&job.prompt);
    assay_session_free(job.session);
    assay_engine_free(job.engine);
    assay_buf_done(&job.text);
    return rc;
}

const struct assay_verb assay_verb_lm_generate = {
    .opt = {.name = "lm generate",
            .synopsis = "[OPTIONS] MODEL",
            .summary = "text from a model, as it comes",
            .manual =
                "MODEL is a GGUF file of the architecture llama, bitnet-b1.58 or bitnet-25. The text goes to standard "
                "output token by token, timings and the seed to standard error. Equal seeds give equal texts, on any "
                "number of threads and on every machine whose kernels are exact.\n\n--repeat compares SHA-256 of the "
                "token ids and of the logits that each was picked from; the last repetition is made by a fresh "
                "process. With temperature 0 the ids say little: the logits say more.\n\nA chat template is "
                "recognised by the text in the model's file and not interpreted: a default system message that some "
                "templates carry is not added. What a message says is plain text, even where it spells a control "
                "token.",
            .options = OPTIONS,
            .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
            .arguments_min = 1,
            .arguments_max = 1,
            .examples =
                "assay lm generate model.gguf --prompt 'Once upon a time' --seed 1\n  a text, and how fast it came\n"
                "assay lm generate model.gguf --prompt 'Once' --seed 1 --repeat 3\n"
                "  whether it is the same three times, once in a new process\n",
            .exits = "0 good; 1 repetitions differ; 3 malformed or unsupported model; 4 usage; 5 a file could not be "
                     "read, or memory is short"},
    .values_bytes = sizeof(struct values),
    .defaults = &DEFAULTS,
    .run = run,
};
