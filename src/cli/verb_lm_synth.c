/* Seeded weights of any shape: `lm synth FILE`. */
#include "cli/cli.h"

#include "base/file.h"
#include "lm/lm.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define MODEL_BYTES_MAX ((size_t)16 << 30) /* made in memory: larger than any shape that this CPU code runs well */
#define AT(member) offsetof(struct values, member)

struct values {
    const char *shape, *format, *head;
    uint64_t seed;
    double zero_share;
    bool is_forced;
};

static const struct values DEFAULTS = {
    .shape = "tiny", .format = "i2_s", .head = "f16", .zero_share = ASSAY_SYNTH_ZERO_SHARE};

static const struct assay_opt OPTIONS[] = {
    {"shape", "NAME", "tiny, small, 2b4t, llama-tiny, or LAYERS,HIDDEN,FFN,HEADS,KV,VOCABULARY (default tiny)",
     ASSAY_OPT_TEXT, AT(shape)},
    {"format", "NAME",
     "of the linear layers: i2_s tq1_0 tq2_0 iq2_bn; llama also f32 f16 bf16 q8_0 q4_0 q4_1 q6_k (default i2_s)",
     ASSAY_OPT_TEXT, AT(format)},
    {"head", "NAME", "of embedding and head: f16 f32 bf16 q8_0 q4_0 q4_1 q6_k (default f16)", ASSAY_OPT_TEXT, AT(head)},
    {"seed", "S", "of the weights and the vocabulary (default 0)", ASSAY_OPT_U64, AT(seed)},
    {"zero-share", "SHARE", "of the ternary weights that are 0 (default a third)", ASSAY_OPT_SHARE, AT(zero_share)},
    {"force", NULL, "replace the file that is there", ASSAY_OPT_FLAG, AT(is_forced)},
};

static assay_code run(struct assay_cli *cli, const void *given_values, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err)
{
    const struct values *values = given_values;
    const struct assay_synth synth = {.shape = values->shape,
                                      .format = values->format,
                                      .head = values->head,
                                      .seed = values->seed,
                                      .zero_share = values->zero_share};
    const char *path = given->arguments[0];
    struct assay_buf file;
    (void)cli;
    if (!values->is_forced && assay_path_exists(path)) { /* a large model takes a minute: say so before */
        return assay_fail(err, ASSAY_EXISTS, "'%s' is there already; use --force to replace it", path);
    }
    assay_buf_init(&file, MODEL_BYTES_MAX);
    assay_code rc = assay_synth_make(&synth, &file, err);
    size_t bytes = file.len;
    bool is_printed = strcmp(path, "-") == 0;
    if (rc == ASSAY_OK) {
        rc = is_printed ? assay_cli_print(&file, err) : assay_cli_output(&file, path, values->is_forced, err);
    }
    if (rc == ASSAY_OK && !is_printed) {
        assay_buf_printf(out, "%s: synthetic %s, %s weights, %s head, seed %" PRIu64 ", %zu bytes\n", path,
                         values->shape, values->format, values->head, values->seed, bytes);
    }
    assay_buf_done(&file);
    return rc;
}

const struct assay_verb assay_verb_lm_synth = {
    .opt = {.name = "lm synth",
            .synopsis = "[OPTIONS] FILE",
            .summary = "write a model with seeded weights of any shape",
            .manual =
                "The same arguments give the same bytes on every machine. The weights are random: such a model serves "
                "for tests and for the speed of dense kernels, and says nothing about what real weights are like "
                "(sparsity, drafts, compression). Its name begins with 'synthetic', and whatever is reported of it "
                "repeats the word. FILE - is standard output. 2b4t has the shape of BitNet-b1.58-2B-4T.",
            .options = OPTIONS,
            .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
            .arguments_min = 1,
            .arguments_max = 1,
            .examples = "assay lm synth --shape tiny --format i2_s --seed 1 tiny.gguf\n  a model of half a megabyte\n"
                        "assay lm synth --shape 2b4t --format tq2_0 --head q6_k --seed 1 2b4t.gguf\n"
                        "  the shape of BitNet-b1.58-2B-4T, 0.8 GB\n"},
    .values_bytes = sizeof(struct values),
    .defaults = &DEFAULTS,
    .run = run,
};
