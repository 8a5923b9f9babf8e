#include "cli/lm_model.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/source.h"

#include <string.h>

#define DIGEST_PIECE_BYTES ((size_t)64 << 10)

#define SHOW_AFTER_NS (500 * ASSAY_NS_PER_MS) /* a load that is over at once needs no line */
#define SHOW_EVERY_NS (100 * ASSAY_NS_PER_MS)

struct line {
    uint64_t began_ns, shown_ns;
};

static void show(void *context, uint64_t done_bytes, uint64_t all_bytes)
{
    struct line *line = context;
    uint64_t now = assay_clock_mono_ns();
    if (now - line->began_ns > SHOW_AFTER_NS && now - line->shown_ns > SHOW_EVERY_NS && all_bytes > 0) {
        line->shown_ns = now;
        assay_log_progress("loading: %.0f %%", 100 * (double)done_bytes / (double)all_bytes);
    }
}

static assay_code read_pinned(const char *text, enum assay_switch *ret, assay_err *err)
{
    if (strcmp(text, "0") != 0 && strcmp(text, "1") != 0) {
        return assay_fail(err, ASSAY_USAGE, "--pinned is '%.40s', expected 0 or 1", text);
    }
    *ret = text[0] == '1' ? ASSAY_SWITCH_ON : ASSAY_SWITCH_OFF;
    return ASSAY_OK;
}

assay_code assay_lm_set_up(const struct assay_lm_how *how, struct assay_engine_setup *setup, assay_err *err)
{
    setup->threads = how->threads;
    setup->context = how->context;
    setup->has_pages = how->pages != NULL;
    assay_code rc = how->pages ? assay_pages_named(how->pages, &setup->pages, err) : ASSAY_OK;
    rc = rc == ASSAY_OK && how->pinned ? read_pinned(how->pinned, &setup->pin, err) : rc;
    setup->has_head = how->head != NULL;
    rc = rc == ASSAY_OK && how->head ? assay_head_named(how->head, &setup->head, err) : rc;
    return rc == ASSAY_OK ? assay_engine_setup_env(setup, err) : rc;
}

assay_code assay_lm_open(const char *path, const struct assay_lm_how *how, struct assay_engine_setup *setup,
                         struct assay_engine **ret, assay_err *err)
{
    struct line line = {.began_ns = assay_clock_mono_ns()};
    assay_code rc = assay_lm_set_up(how, setup, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (assay_log_is_terminal()) {
        setup->on_progress = show;
        setup->progress_context = &line;
    }
    rc = assay_engine_open(path, setup, ret, err);
    if (line.shown_ns > 0) {
        assay_log_progress_end();
    }
    return rc;
}

assay_code assay_lm_digest(const char *path, char text[ASSAY_DIGEST_TEXT_BYTES], assay_err *err)
{
    struct assay_source source = {0};
    struct assay_digest digest;
    struct assay_sha256 hash;
    unsigned char piece[DIGEST_PIECE_BYTES];
    assay_sha256_init(&hash);
    assay_code rc = assay_source_open(path, &source, err);
    for (uint64_t at = 0; rc == ASSAY_OK && at < source.len; at += sizeof piece) {
        size_t bytes = source.len - at < sizeof piece ? (size_t)(source.len - at) : sizeof piece;
        rc = assay_source_read(&source, at, piece, bytes, err);
        assay_sha256_add(&hash, piece, bytes);
    }
    assay_sha256_end(&hash, &digest);
    if (rc == ASSAY_OK) {
        assay_digest_print(&digest, text);
    }
    assay_source_close(&source);
    return rc;
}

struct assay_slice assay_lm_name(const struct assay_engine *engine)
{
    const struct assay_gguf_value *value = assay_gguf_find(assay_engine_model(engine)->gguf, "general.name");
    struct assay_slice name = {"", 0};
    (void)(value && assay_gguf_text(value, &name, NULL) == ASSAY_OK);
    return name;
}
