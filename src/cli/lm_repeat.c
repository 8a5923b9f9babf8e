#include "cli/lm_repeat.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/proc.h"
#include "json/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT_BYTES_MAX ((size_t)64 << 20)
#define WORDS_MAX (ASSAY_OPT_LIST_MAX + ASSAY_OPT_ROWS_MAX + 16)
#define FRESH_NS (UINT64_C(24) * 3600 * ASSAY_NS_PER_S) /* as long as the first one may have taken */

/* Words of a command line, one after another in one buffer. */
struct words {
    struct assay_buf text;
    size_t starts[WORDS_MAX];
    size_t count;
};

static void begin_word(struct words *words)
{
    words->starts[words->count++] = words->text.len;
}

static void end_word(struct words *words)
{
    assay_buf_append(&words->text, "", 1);
}

static void add_text(struct words *words, const char *name, const char *value)
{
    begin_word(words);
    assay_buf_printf(&words->text, "--%s=%s", name, value);
    end_word(words);
}

static void add_option(struct words *words, const struct assay_opt *row, const void *values)
{
    const char *at = (const char *)values + row->offset;
    char text[ASSAY_NUM_TEXT_BYTES];
    double number = 0;
    uint64_t count = 0;
    switch (row->kind) {
    case ASSAY_OPT_FLAG:
        begin_word(words);
        assay_buf_printf(&words->text, "--%s", row->name);
        end_word(words);
        break;
    case ASSAY_OPT_TEXT: {
        const char *value = NULL;
        memcpy(&value, at, sizeof value);
        add_text(words, row->name, value);
        break;
    }
    case ASSAY_OPT_TEXT_LIST: {
        const struct assay_opt_list *list = (const void *)at;
        for (size_t i = 0; i < list->count; i++) {
            add_text(words, row->name, list->items[i]);
        }
        break;
    }
    case ASSAY_OPT_U64:
        memcpy(&count, at, sizeof count);
        (void)snprintf(text, sizeof text, "%" PRIu64, count);
        add_text(words, row->name, text);
        break;
    case ASSAY_OPT_DOUBLE:
        memcpy(&number, at, sizeof number);
        (void)assay_num_print_shortest(number, text);
        add_text(words, row->name, text);
        break;
    case ASSAY_OPT_FLAG_ON:
    case ASSAY_OPT_SHARE:
    case ASSAY_OPT_DURATION:
    case ASSAY_OPT_BYTES:
    case ASSAY_OPT_CHOICE: /* no word of `lm` that generates has one */
        assay_buf_fail(&words->text, ASSAY_BUG);
        break;
    }
}

static void add_all(struct words *words, const struct assay_opt_verb *verb, const void *values,
                    const struct assay_opt_seen *seen, const char *path, uint64_t seed)
{
    static const char *const OWN[] = {"repeat", "json", "seed"};
    assay_buf_text(&words->text, "/proc/self/exe");
    words->starts[words->count++] = 0;
    end_word(words);
    struct assay_slice rest = assay_slice_of(verb->name);
    while (rest.len > 0) {
        struct assay_slice word = assay_slice_cut(&rest, ' ');
        begin_word(words);
        assay_buf_append(&words->text, word.data, word.len);
        end_word(words);
    }
    for (size_t i = 0; i < verb->options_count; i++) {
        const char *name = verb->options[i].name;
        bool is_own = strcmp(name, OWN[0]) == 0 || strcmp(name, OWN[1]) == 0 || strcmp(name, OWN[2]) == 0;
        if (assay_opt_was_seen(seen, i) && !is_own) {
            add_option(words, &verb->options[i], values);
        }
    }
    char text[ASSAY_NUM_TEXT_BYTES];
    (void)snprintf(text, sizeof text, "%" PRIu64, seed);
    add_text(words, "seed", text);
    const char *const LAST[] = {"--json", "--", path};
    for (size_t i = 0; i < sizeof LAST / sizeof LAST[0]; i++) {
        begin_word(words);
        assay_buf_text(&words->text, LAST[i]);
        end_word(words);
    }
}

static assay_code read_digests(const struct assay_buf *out, struct assay_lm_digests *ret, assay_err *err)
{
    json_t *root = NULL;
    const char *ids = NULL, *logits = NULL;
    assay_code rc = assay_json_read(out->data ? out->data : "", out->len, &assay_json_limits_default, &root, err);
    rc = rc == ASSAY_OK ? assay_json_get_text(root, ASSAY_LM_IDS_MEMBER, "", &ids, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_text(root, ASSAY_LM_LOGITS_MEMBER, "", &logits, err) : rc;
    if (rc == ASSAY_OK) {
        (void)snprintf(ret->ids, sizeof ret->ids, "%s", ids);
        (void)snprintf(ret->logits, sizeof ret->logits, "%s", logits);
    }
    json_decref(root);
    return rc;
}

assay_code assay_lm_fresh(const struct assay_opt_verb *verb, const void *values, const struct assay_opt_seen *seen,
                          const char *path, uint64_t seed, struct assay_lm_digests *ret, assay_err *err)
{
    struct words *words = assay_alloc(1, sizeof *words);
    struct assay_buf out;
    char *argv[WORDS_MAX + 1] = {0};
    int status = 0;
    if (!words) {
        return assay_nomem(err);
    }
    assay_buf_init(&words->text, TEXT_BYTES_MAX);
    assay_buf_init(&out, TEXT_BYTES_MAX);
    add_all(words, verb, values, seen, path, seed);
    assay_code rc = assay_buf_check(&words->text, err);
    for (size_t i = 0; rc == ASSAY_OK && i < words->count; i++) {
        argv[i] = words->text.data + words->starts[i];
    }
    rc = rc == ASSAY_OK ? assay_proc_run(argv, FRESH_NS, &out, &status, err) : rc;
    if (rc == ASSAY_OK && status != 0) {
        rc = assay_fail(err, ASSAY_IO, "the fresh process ended with status %d, expected 0", status);
    }
    rc = rc == ASSAY_OK ? read_digests(&out, ret, err) : rc;
    assay_buf_done(&out);
    assay_buf_done(&words->text);
    assay_free(words);
    return rc;
}
