/* One output computed again by a new process (kernels.md 5.3): other addresses, other start, the same digest. */
#include "workload/lm.h"

#include "base/mem.h"
#include "base/proc.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LIMIT_NS (600 * ASSAY_NS_PER_S) /* of the process, which loads the model and runs one case */
#define OUT_BYTES_MAX 4096
#define WORDS_MAX 40
#define WORD_BYTES 4096 /* a path */

struct words {
    char texts[WORDS_MAX][WORD_BYTES];
    char *argv[WORDS_MAX + 1];
    size_t count;
};

static void add_word(struct words *words, const char *text)
{
    char *place = words->texts[words->count];
    (void)snprintf(place, WORD_BYTES, "%s", text);
    words->argv[words->count++] = place;
}

static void add_option(struct words *words, const char *name, const char *value)
{
    if (value) {
        add_word(words, name);
        add_word(words, value);
    }
}

static void add_number(struct words *words, const char *name, uint64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRIu64, value);
    add_option(words, name, text);
}

/* This program with the options of this run; what the environment said is among them. */
static assay_code make_words(const struct lm_state *state, struct words *words, assay_err *err)
{
    const struct lm_options *options = &state->options;
    char program[WORD_BYTES];
    assay_code found = assay_proc_own_path(program, sizeof program, err);
    if (found != ASSAY_OK) {
        return found;
    }
    add_word(words, program);
    add_word(words, "lm-digest");
    add_option(words, "--model", options->model);
    add_option(words, "-p", options->prompts);
    add_option(words, "--tokens", options->passes);
    add_option(words, "--depth", options->depths);
    add_option(words, "--batch", options->batches);
    if (options->decoded != LM_DECODED_WHOLE) {
        add_number(words, "-n", options->decoded);
    }
    add_number(words, "--threads", options->threads);
    add_option(words, "--pages", options->pages);
    add_option(words, "--head", options->head);
    add_option(words, "--pinned", options->pin);
    add_option(words, "--isa", options->isa);
    add_option(words, "--kernel", options->kernels);
    add_option(words, "--forbid", options->forbid);
    add_number(words, "--seed", state->seed);
    words->argv[words->count] = NULL;
    return ASSAY_OK;
}

assay_code lm_fresh(struct lm_state *state, assay_err *err)
{
    struct words *words = assay_alloc(1, sizeof *words);
    struct assay_buf out;
    char expected[65];
    int status = 0;
    assay_buf_init(&out, OUT_BYTES_MAX);
    assay_code rc = words ? make_words(state, words, err) : assay_nomem(err);
    rc = rc == ASSAY_OK ? assay_proc_run(words->argv, LIMIT_NS, &out, &status, err) : rc;
    if (rc == ASSAY_OK && (status != 0 || out.len != 65)) {
        rc = assay_fail(err, ASSAY_BUG, "the process that computes an output afresh ended with %d", status);
    }
    if (rc == ASSAY_OK) {
        assay_hex_print(state->arms[0].process.output_sha256, 32, expected);
        state->fresh_compared = 1;
        state->fresh_differ = memcmp(out.data, expected, 64) != 0;
    }
    assay_buf_done(&out);
    assay_free(words);
    return rc;
}
