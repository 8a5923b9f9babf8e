/* How far the logits of a model lie from a reference: `lm parity MODEL`. */
#include "cli/cli.h"
#include "cli/lm_model.h"

#include "base/file.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rng.h"
#include "json/json.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define AT(member) offsetof(struct values, member)
#define IDS_BYTES_MAX ((size_t)64 << 20)
#define LOGITS_BYTES_MAX ((size_t)16 << 30) /* of a file that is made in memory */
#define TOKENS_DEFAULT 256
#define SHOWN_MAX 16 /* positions of the table; --json has all of them */
#define COSINE_MIN 0.9999
#define GAP_FACTOR 2 /* both of two logits may be off by the largest error */

struct values {
    struct assay_lm_how how;
    const char *reference, *ids, *prompt, *write;
    uint64_t tokens, seed;
    double cosine_min;
    bool is_forced, wants_json;
};

static const struct values DEFAULTS = {.cosine_min = COSINE_MIN};

static const struct assay_opt OPTIONS[] = {
    {"reference", "F.npy|scalar", "logits of another program, [position][token]; or the plain-C kernels of this one",
     ASSAY_OPT_TEXT, AT(reference)},
    {"ids", "FILE", "the tokens: decimal ids between blanks, commas or lines", ASSAY_OPT_TEXT, AT(ids)},
    {"prompt", "TEXT", "the tokens are those of a text", ASSAY_OPT_TEXT, AT(prompt)},
    {"tokens", "N", "the tokens are random, so many (default 256, at most the context)", ASSAY_OPT_U64, AT(tokens),
     .max = ASSAY_MODEL_CONTEXT_MAX},
    {"seed", "S", "of the random tokens (default 0)", ASSAY_OPT_U64, AT(seed)},
    {"min-cosine", "C", "of every position, against another program (default 0.9999)", ASSAY_OPT_DOUBLE,
     AT(cosine_min)},
    {"write", "F.npy", "write our logits there", ASSAY_OPT_TEXT, AT(write)},
    {"force", NULL, "replace the file of --write", ASSAY_OPT_FLAG, AT(is_forced)},
    {"json", NULL, "print every position as JSON", ASSAY_OPT_FLAG, AT(wants_json)},
    ASSAY_LM_HOW_OPTIONS(struct values, how),
};

struct job {
    const struct values *values;
    const char *path;
    struct assay_engine *engine;
    struct assay_tokens ids;
    size_t vocabulary;
    struct assay_buf logits; /* of all positions, binary32 */
    struct assay_buf scalar; /* the same by the reference kernels */
    struct assay_map map;
    struct assay_npy npy;
    bool is_scalar;
    size_t compared;
    struct assay_logits_parity *positions;
};

/* ---- tokens ------------------------------------------------------------------------------------------------------*/

static assay_code read_ids(struct job *job, assay_err *err)
{
    struct assay_buf text;
    assay_buf_init(&text, IDS_BYTES_MAX);
    assay_code rc = assay_buf_read_file(&text, job->values->ids, err);
    for (size_t at = 0; rc == ASSAY_OK && at < text.len;) {
        size_t len = strcspn(text.data + at, " ,\t\r\n[]");
        uint64_t id = 0;
        if (len > 0) {
            rc = assay_num_u64((struct assay_slice){text.data + at, len}, "a token id", INT32_MAX, &id, err);
            rc = rc == ASSAY_OK ? assay_tokens_add(&job->ids, (int32_t)id, err) : rc;
        }
        at += len + 1;
    }
    assay_buf_done(&text);
    return rc;
}

static assay_code draw_ids(struct job *job, assay_err *err)
{
    struct assay_rng rng;
    uint64_t context = assay_engine_model(job->engine)->shape.context;
    context = job->values->how.context ? job->values->how.context : context;
    uint64_t count = job->values->tokens ? job->values->tokens : TOKENS_DEFAULT;
    count = job->values->tokens || count < context ? count : context;
    assay_code rc = ASSAY_OK;
    assay_rng_seed(&rng, job->values->seed, "lm parity");
    for (uint64_t i = 0; rc == ASSAY_OK && i < count; i++) {
        rc = assay_tokens_add(&job->ids, (int32_t)assay_rng_below(&rng, job->vocabulary), err);
    }
    return rc;
}

static assay_code find_ids(struct job *job, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    if (job->values->ids) {
        rc = read_ids(job, err);
    } else if (job->values->prompt) {
        rc = assay_tokenizer_encode(assay_engine_model(job->engine)->tokenizer, assay_slice_of(job->values->prompt),
                                    false, &job->ids, err);
    } else {
        rc = draw_ids(job, err);
    }
    return rc == ASSAY_OK && job->ids.count == 0 ? assay_fail(err, ASSAY_USAGE, "there are no tokens") : rc;
}

/* ---- logits ------------------------------------------------------------------------------------------------------*/

static assay_code evaluate(const struct job *job, struct assay_engine *engine, struct assay_buf *out, assay_err *err)
{
    struct assay_session *session = NULL;
    assay_code rc = assay_session_new(engine, 0, &session, err);
    for (size_t done = 0, count = 0; rc == ASSAY_OK && done < job->ids.count; done += count) {
        count = job->ids.count - done < ASSAY_ENGINE_LOGITS ? job->ids.count - done : ASSAY_ENGINE_LOGITS;
        struct assay_session_step step = {
            .session = session, .ids = job->ids.ids + done, .count = count, .wants = ASSAY_LOGITS_ALL};
        rc = assay_session_eval_many(&step, 1, err);
        if (rc == ASSAY_OK) {
            assay_buf_append(out, step.logits, count * job->vocabulary * sizeof *step.logits);
        }
    }
    assay_session_free(session);
    return rc == ASSAY_OK ? assay_buf_check(out, err) : rc;
}

static assay_code evaluate_scalar(struct job *job, assay_err *err)
{
    static const struct assay_kernel_options PLAIN = {.isa = "ref", .kernels = "", .forbid = ""};
    struct assay_lm_how how = job->values->how;
    struct assay_engine_setup setup = {.kernels = &PLAIN};
    struct assay_engine *engine = NULL;
    how.threads = 1;
    assay_code rc = assay_lm_open(job->path, &how, &setup, &engine, err);
    rc = rc == ASSAY_OK ? evaluate(job, engine, &job->scalar, err) : rc;
    assay_engine_free(engine);
    return rc;
}

static assay_code open_reference(struct job *job, assay_err *err)
{
    assay_code rc = assay_map_open(job->values->reference, &job->map, err);
    rc = rc == ASSAY_OK ? assay_npy_parse(job->map.data, job->map.len, &job->npy, err) : rc;
    if (rc == ASSAY_OK && (job->npy.columns != job->vocabulary || job->npy.rows != job->ids.count)) {
        rc = assay_fail(err, ASSAY_MALFORMED,
                        "%" PRIu64 " positions of %" PRIu64 " logits, expected %zu of %zu: one a token that was given",
                        job->npy.rows, job->npy.columns, job->ids.count, job->vocabulary);
    }
    if (rc != ASSAY_OK && rc != ASSAY_NOT_FOUND) {
        assay_wrap(err, "reference '%s'", job->values->reference);
    }
    return rc;
}

static assay_code write_logits(const struct job *job, assay_err *err)
{
    struct assay_buf file;
    assay_buf_init(&file, LOGITS_BYTES_MAX);
    assay_npy_begin(&file, job->ids.count, job->vocabulary);
    assay_buf_append(&file, job->logits.data, job->logits.len);
    assay_code rc = assay_cli_output(&file, job->values->write, job->values->is_forced, err);
    assay_buf_done(&file);
    return rc;
}

/* ---- figures -----------------------------------------------------------------------------------------------------*/

static float value_of(const struct assay_buf *logits, size_t at)
{
    float value;
    memcpy(&value, logits->data + at * sizeof value, sizeof value);
    return value;
}

static assay_code compare(struct job *job, assay_err *err)
{
    double *rows = assay_alloc(2 * job->vocabulary, sizeof *rows);
    job->positions = assay_alloc(job->ids.count, sizeof *job->positions);
    if (!rows || !job->positions) {
        assay_free(rows);
        return assay_nomem(err);
    }
    for (size_t p = 0; p < job->ids.count; p++) {
        for (size_t i = 0; i < job->vocabulary; i++) {
            size_t at = p * job->vocabulary + i;
            rows[i] = (double)value_of(&job->logits, at);
            rows[job->vocabulary + i] =
                job->is_scalar ? (double)value_of(&job->scalar, at) : assay_npy_value(&job->npy, p, i);
        }
        job->positions[p] = assay_logits_parity_of(rows, rows + job->vocabulary, job->vocabulary);
        if (!job->positions[p].is_finite) {
            assay_free(rows);
            return assay_fail(err, ASSAY_MALFORMED, "the reference is not finite at position %zu", p);
        }
    }
    job->compared = job->ids.count;
    assay_free(rows);
    return ASSAY_OK;
}

/* Bits against our own reference kernels. Against another program: the cosine, and a top token that is the reference's
 * or whose logit the errors can have carried past it. */
static bool is_good(const struct job *job, const struct assay_logits_parity *parity)
{
    if (job->is_scalar) {
        return parity->is_bit_equal;
    }
    return parity->cosine >= job->values->cosine_min &&
           (parity->top == parity->reference_top || parity->gap < GAP_FACTOR * parity->max_abs);
}

struct summary {
    size_t good, top_equal, bit_equal, worst;
    double max_abs, relative, cosine, kl;
    double top_shared;
};

static struct summary summarise(const struct job *job)
{
    struct summary all = {.cosine = 1};
    for (size_t p = 0; p < job->compared; p++) {
        const struct assay_logits_parity *parity = &job->positions[p];
        all.good += is_good(job, parity);
        all.top_equal += parity->top == parity->reference_top;
        all.bit_equal += parity->is_bit_equal;
        all.top_shared += parity->top_shared;
        all.worst = parity->max_abs > all.max_abs ? p : all.worst;
        all.max_abs = fmax(all.max_abs, parity->max_abs);
        all.relative = fmax(all.relative, parity->relative);
        all.cosine = fmin(all.cosine, parity->cosine);
        all.kl = fmax(all.kl, parity->kl);
    }
    return all;
}

static void print_positions(const struct job *job, struct assay_buf *out)
{
    size_t shown = 0, left = 0;
    for (size_t p = 0; p < job->compared; p++) {
        const struct assay_logits_parity *parity = &job->positions[p];
        bool is_shown = job->compared <= SHOWN_MAX || (!is_good(job, parity) && shown < SHOWN_MAX);
        left += !is_shown && !is_good(job, parity);
        if (is_shown) {
            if (shown++ == 0) {
                assay_buf_text(out, "position     max abs    relative    1-cosine          kl  top-1  top-5\n");
            }
            assay_buf_printf(out, "%8zu  %10.3g  %10.3g  %10.3g  %10.3g  %5s  %u of 5%s\n", p, parity->max_abs,
                             parity->relative, 1 - parity->cosine, parity->kl,
                             parity->top == parity->reference_top ? "equal" : "other", parity->top_shared,
                             is_good(job, parity) ? "" : "  <- beyond the rule");
        }
    }
    if (left > 0) {
        assay_buf_printf(out, "... and %zu more beyond the rule\n", left);
    }
}

static void print_text(const struct job *job, const struct summary *all, struct assay_buf *out)
{
    double count = (double)job->compared;
    print_positions(job, out);
    assay_buf_printf(
        out,
        "%zu positions against %s: max abs %.3g (position %zu), relative %.3g, cosine at least %.9f, kl at "
        "most %.3g\ntop-1 equal %zu of %zu, top-5 shared %.2f of 5, bit-equal %zu\n",
        job->compared, job->is_scalar ? "the plain-C kernels" : job->values->reference, all->max_abs, all->worst,
        all->relative, all->cosine, all->kl, all->top_equal, job->compared, all->top_shared / count, all->bit_equal);
    if (job->is_scalar) {
        assay_buf_printf(out, "rule: every logit bit-equal. %zu of %zu positions\n", all->good, job->compared);
    } else {
        assay_buf_printf(out,
                         "rule: cosine at least %g, and top-1 equal or its gap below %d times the largest error. %zu "
                         "of %zu positions\n",
                         job->values->cosine_min, GAP_FACTOR, all->good, job->compared);
    }
}

static assay_code print_json(const struct job *job, const struct summary *all, struct assay_buf *out, assay_err *err)
{
    struct assay_json_builder b = {0};
    json_t *root = json_object();
    char model[ASSAY_DIGEST_TEXT_BYTES];
    assay_code rc = assay_lm_digest(job->path, model, err);
    if (rc != ASSAY_OK) {
        json_decref(root);
        return rc;
    }
    assay_json_put_text(&b, root, "modelSha256", model);
    assay_json_put_text(&b, root, "reference", job->values->reference);
    assay_json_put_u64(&b, root, "good", all->good);
    json_t *list = assay_json_put_array(&b, root, "positions");
    for (size_t p = 0; p < job->compared; p++) {
        const struct assay_logits_parity *parity = &job->positions[p];
        json_t *row = assay_json_add_object(&b, list);
        assay_json_put_int(&b, row, "id", job->ids.ids[p]);
        assay_json_put_double(&b, row, "maxAbs", parity->max_abs);
        assay_json_put_double(&b, row, "relative", parity->relative);
        assay_json_put_double(&b, row, "cosine", parity->cosine);
        assay_json_put_double(&b, row, "kl", parity->kl);
        assay_json_put_int(&b, row, "top", parity->top);
        assay_json_put_int(&b, row, "referenceTop", parity->reference_top);
        assay_json_put_double(&b, row, "gap", parity->gap);
        assay_json_put_u64(&b, row, "topShared", parity->top_shared);
        assay_json_put_bool(&b, row, "bitEqual", parity->is_bit_equal);
        assay_json_put_bool(&b, row, "good", is_good(job, parity));
    }
    rc = assay_json_builder_check(&b, root, err);
    rc = rc == ASSAY_OK ? assay_json_pretty(root, out, err) : rc;
    json_decref(root);
    return rc;
}

/* ---- the verb ----------------------------------------------------------------------------------------------------*/

static assay_code judge(struct job *job, struct assay_buf *out, assay_err *err)
{
    assay_code rc = compare(job, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct summary all = summarise(job);
    if (job->values->wants_json) {
        rc = print_json(job, &all, out, err);
    } else {
        print_text(job, &all, out);
    }
    if (rc != ASSAY_OK || all.good < job->compared) {
        return rc != ASSAY_OK ? rc : ASSAY_WANTING;
    }
    return ASSAY_OK;
}

static assay_code check(const struct values *values, assay_err *err)
{
    if (!values->reference && !values->write) {
        return assay_fail(err, ASSAY_USAGE, "--reference is missing: F.npy or scalar (or --write alone)");
    }
    if ((values->ids != NULL) + (values->prompt != NULL) + (values->tokens > 0) > 1) {
        return assay_fail(err, ASSAY_USAGE, "--ids, --prompt and --tokens exclude each other");
    }
    if (values->write && strcmp(values->write, "-") == 0) {
        return assay_fail(err, ASSAY_USAGE, "--write is '-', expected a file: standard output has the comparison");
    }
    return values->cosine_min >= -1 && values->cosine_min <= 1
               ? ASSAY_OK
               : assay_fail(err, ASSAY_USAGE, "--min-cosine is %g, expected -1 to 1", values->cosine_min);
}

static assay_code refer_and_judge(struct job *job, struct assay_buf *out, assay_err *err)
{
    job->is_scalar = strcmp(job->values->reference, "scalar") == 0;
    assay_code rc = job->is_scalar ? evaluate_scalar(job, err) : open_reference(job, err);
    return rc == ASSAY_OK ? judge(job, out, err) : rc;
}

static assay_code run(struct assay_cli *cli, const void *given_values, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err)
{
    struct job job = {.values = given_values, .path = given->arguments[0]};
    struct assay_engine_setup setup = {.positions = 0};
    assay_buf_init(&job.logits, LOGITS_BYTES_MAX);
    assay_buf_init(&job.scalar, LOGITS_BYTES_MAX);
    assay_code rc = check(job.values, err);
    rc = rc == ASSAY_OK ? assay_lm_open(job.path, &job.values->how, &setup, &job.engine, err) : rc;
    if (rc == ASSAY_OK) {
        job.vocabulary = (size_t)assay_engine_model(job.engine)->shape.vocabulary;
        rc = find_ids(&job, err);
    }
    rc = rc == ASSAY_OK ? evaluate(&job, job.engine, &job.logits, err) : rc;
    assay_engine_free(job.engine);
    rc = rc == ASSAY_OK && job.values->write ? write_logits(&job, err) : rc;
    rc = rc == ASSAY_OK && job.values->reference ? refer_and_judge(&job, out, err) : rc;
    cli->has_judged = job.compared > 0 && (rc == ASSAY_OK || rc == ASSAY_WANTING);
    assay_free(job.positions);
    assay_map_close(&job.map);
    assay_tokens_done(&job.ids);
    assay_buf_done(&job.logits);
    assay_buf_done(&job.scalar);
    return rc;
}

const struct assay_verb assay_verb_lm_parity = {
    .opt = {.name = "lm parity",
            .synopsis = "--reference F.npy|scalar [OPTIONS] MODEL",
            .summary = "how far the logits of a model lie from a reference",
            .manual =
                "Every position of a sequence of tokens (random ones, those of a text, or given ids) is evaluated with "
                "the tokens before it, whatever the model would have said, and its logits are held against the "
                "reference's: largest distance, that relative to the largest logit, cosine, divergence of the "
                "softmax, top-1 and top-5.\n\n'scalar' is the same model on the plain-C kernels and one thread: every "
                "bit must be equal. A file of another program (NumPy's .npy, [position][token], binary32 or binary64) "
                "is met if every cosine is at least --min-cosine and every top-1 is equal, or its logits lie so close "
                "together in the reference that the largest error explains the change. The two are kept apart: equal "
                "bits say nothing about the mathematics, and a good cosine nothing about bits.",
            .options = OPTIONS,
            .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
            .arguments_min = 1,
            .arguments_max = 1,
            .examples = "assay lm parity model.gguf --reference scalar\n  are the fast kernels exact?\n"
                        "assay lm parity model.gguf --ids ids.txt --reference logits.npy\n"
                        "  does the model say what another program says?\n",
            .exits = "0 within the rule; 1 beyond it; 3 malformed model or reference; 4 usage; 5 a file could not be "
                     "read or written"},
    .values_bytes = sizeof(struct values),
    .defaults = &DEFAULTS,
    .run = run,
};
