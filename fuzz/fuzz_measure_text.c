/* The texts of --prompt-tokens and --shape: what is taken can be drawn from and stays within its range. */
#include "measure/shape.h"

#include "base/mem.h"
#include "base/text.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void try_lengths(const char *text)
{
    struct assay_lengths *lengths = NULL;
    struct assay_rng rng;
    assay_rng_seed(&rng, 1, "fuzz");
    if (assay_lengths_parse(text, "--prompt-tokens", &lengths, NULL) == ASSAY_OK) {
        for (size_t i = 0; i < 16; i++) {
            uint32_t length = assay_lengths_draw(lengths, &rng);
            assert(length >= 1 && length <= assay_lengths_max(lengths));
        }
        assay_lengths_free(lengths);
    }
}

static void try_shape(const char *text)
{
    struct assay_shape shape = {0};
    struct assay_load load = {.mode = ASSAY_LOAD_OPEN};
    struct assay_buf file;
    assay_buf_init(&file, ASSAY_REPLAY_BYTES_MAX);
    if (assay_shape_parse(text, &shape, &load, &file, NULL) == ASSAY_OK) {
        assert(load.arrivals >= ASSAY_ARRIVALS_RAMP && shape.points_count <= ASSAY_SHAPE_POINTS_MAX);
    }
    assay_buf_done(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char *text = assay_strndup((const char *)bytes, len);
    if (text && !assay_text_starts(text, "file:") &&
        !assay_text_starts(text, "replay:")) { /* no files of this machine */
        try_lengths(text);
        try_shape(text);
    }
    assay_free(text);
    return 0;
}
