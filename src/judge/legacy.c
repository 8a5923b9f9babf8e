#include "judge/legacy_room.h"

#include "base/mem.h"
#include "base/text.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

#define ARENA_BYTES_MAX ((size_t)32 << 20) /* as of a judgement: ASSAY_VIOLATIONS_MAX violations and four lines */
#define LINE_BYTES_MAX 2048
#define QUOTED_BYTES_MAX (8 * ASSAY_LEGACY_BYTES_MAX) /* of each id a few bytes more than it has */

/* ---- gates ------------------------------------------------------------------------------------------------------ */

static void run_gates(struct legacy *legacy, const struct legacy_gate *gates)
{
    for (; gates->check; gates++) {
        const bool is_over = !legacy->is_strict && legacy->failed > 0; /* the original stops at its first failure */
        if (is_over || !gates->check(legacy)) {
            legacy->left++;
        } else if (judge_has(&legacy->judge, gates->gate, gates->gate, ASSAY_VERDICT_FAIL)) {
            legacy->failed++;
        } else {
            legacy->passed++;
        }
    }
}

/* Gate 805 only warns. */
static void warn(struct legacy *legacy, size_t index)
{
    (void)index;
    legacy->is_duplicate_warned = true;
}

/* ---- lines ------------------------------------------------------------------------------------------------------ */

static void set_text(struct legacy *legacy, enum assay_judge_line line, enum assay_verdict verdict, const char *words)
{
    struct assay_buf text;
    assay_buf_init(&text, LINE_BYTES_MAX);
    assay_buf_text(&text, words);
    judge_set_line(&legacy->judge, line, verdict, &text);
    assay_buf_done(&text);
}

static void policy_line(struct legacy *legacy)
{
    struct assay_buf text;
    assay_buf_init(&text, LINE_BYTES_MAX);
    assay_buf_printf(&text, "%s %s: %zu pass, %zu fail, 0 undecided, %zu not-measured", ASSAY_LEGACY_PROFILE,
                     legacy->is_strict ? "strict" : "as the original", legacy->passed, legacy->failed, legacy->left);
    judge_set_line(&legacy->judge, ASSAY_LINE_POLICY, legacy->failed > 0 ? ASSAY_VERDICT_FAIL : ASSAY_VERDICT_PASS,
                   &text);
    assay_buf_done(&text);
}

static void set_lines(struct legacy *legacy)
{
    struct assay_judgement *out = legacy->judge.out;
    out->is_profile = true;
    out->is_readable = legacy->root != NULL;
    out->tier = out->is_readable ? 0 : -1;
    if (!out->is_readable) {
        for (enum assay_judge_line line = ASSAY_LINE_CRYPTO; line < ASSAY_LINE_ASSURANCE; line++) {
            set_text(legacy, line, ASSAY_VERDICT_NOT_MEASURED, "the document could not be read");
        }
        set_text(legacy, ASSAY_LINE_ASSURANCE, ASSAY_VERDICT_NOT_MEASURED, "no tier");
        return;
    }
    set_text(legacy, ASSAY_LINE_CRYPTO, ASSAY_VERDICT_NOT_MEASURED, "unsigned: schema 1.0.0 has no signature");
    set_text(legacy, ASSAY_LINE_RECOMPUTE, ASSAY_VERDICT_NOT_MEASURED, "schema 1.0.0 keeps no samples");
    policy_line(legacy);
    /* whatever a tier could rest on is not in such a file */
    set_text(legacy, ASSAY_LINE_ASSURANCE, ASSAY_VERDICT_NOT_MEASURED,
             "tier 0 unsigned; not checked: cache-state choice clock-cross compute-identity determinism host-probe "
             "intent interference loaded-objects outside-time platform signer-honesty trace unlogged-runs witness");
}

/* ---- what the original does ------------------------------------------------------------------------------------- */

/* Its exit status comes from a search of its own message, in small letters, and the message quotes the receipt. */
static int original_exit(struct legacy *legacy)
{
    static const struct {
        const char *words, *and_words;
        int status;
    } ROWS[] = {
        {"not enough disk", "", 10},  {"insufficient disk space", "", 10}, {"sha", "mismatch", 13},
        {"interrupted", "", 130},     {"verification failed", "", 15},     {"inference failed", "", 16},
        {"benchmark failed", "", 17},
    };
    struct assay_buf *message = &legacy->quoted;
    assay_buf_text(message, legacy->part);
    for (size_t i = 0; i < message->len; i++) {
        message->data[i] = (char)tolower((unsigned char)message->data[i]);
    }
    if (message->failed != ASSAY_OK) {
        legacy->judge.is_out_of_memory = true;
        return ASSAY_LEGACY_EXIT_UNKNOWN;
    }
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        const char *words = ROWS[i].words, *and_words = ROWS[i].and_words;
        if (memmem(message->data, message->len, words, strlen(words)) &&
            memmem(message->data, message->len, and_words, strlen(and_words))) {
            return ROWS[i].status;
        }
    }
    return 14;
}

/* ---- one reading of the file ------------------------------------------------------------------------------------ */

static void put_to_gates(struct legacy *legacy)
{
    const json_t *backend = json_object_get(legacy->root, "backend");
    legacy->backend = json_is_string(backend) ? assay_legacy_text(backend) : assay_slice_of("cpu");
    legacy->shape = assay_legacy_shape(legacy->root);
    legacy->passed = 1; /* 800 */
    run_gates(legacy, legacy_gates);
    legacy_each_duplicate(legacy, warn);
    if (legacy->is_strict) {
        run_gates(legacy, legacy_stricter);
    }
}

/* What only the original's own reading tells. */
static void describe_original(struct legacy *legacy, struct assay_legacy_verdict *verdict)
{
    const bool is_over_cap = legacy->judge.count > 0 && !legacy->part;
    verdict->shape = legacy->shape;
    verdict->is_duplicate_warned = legacy->is_duplicate_warned;
    verdict->original_message = legacy->part;
    verdict->original_exit = legacy->part ? original_exit(legacy) : is_over_cap ? ASSAY_LEGACY_EXIT_UNKNOWN : 0;
    verdict->library = legacy->shape == ASSAY_LEGACY_NESTED ? assay_legacy_validate(legacy->root) : NULL;
}

static assay_code judge_once(const struct assay_legacy_question *question, bool is_strict,
                             struct assay_legacy_verdict *verdict, struct assay_judgement **ret, assay_err *err)
{
    struct legacy legacy = {.question = question, .is_strict = is_strict};
    struct judge *judge = &legacy.judge;
    judge->out = assay_alloc(1, sizeof *judge->out);
    if (!judge->out) {
        return assay_nomem(err);
    }
    assay_arena_init(&judge->out->arena, ARENA_BYTES_MAX);
    assay_buf_init(&legacy.quoted, QUOTED_BYTES_MAX);
    if (legacy_read(&legacy)) {
        put_to_gates(&legacy);
    }
    set_lines(&legacy);
    if (!is_strict) {
        describe_original(&legacy, verdict);
    }
    assay_code rc = judge_finish_violations(judge, err);
    if (rc == ASSAY_OK) {
        *ret = judge->out;
        judge->out = NULL;
    }
    assay_judgement_free(judge->out);
    assay_free(judge->list);
    assay_buf_done(&legacy.quoted);
    json_decref(legacy.root);
    return rc;
}

assay_code assay_judge_legacy(const struct assay_legacy_question *question, struct assay_legacy_verdict **ret,
                              assay_err *err)
{
    assert(question && ret && question->name && (question->bytes || question->len == 0));
    struct assay_legacy_verdict *verdict = assay_alloc(1, sizeof *verdict);
    struct assay_judgement *faithful = NULL;
    if (!verdict) {
        return assay_nomem(err);
    }
    assay_code rc = judge_once(question, false, verdict, &faithful, err);
    const bool is_accepted = rc == ASSAY_OK && faithful->violations_count == 0;
    if (rc == ASSAY_OK && question->is_strict) {
        rc = judge_once(question, true, verdict, &verdict->judgement, err);
    } else if (rc == ASSAY_OK) {
        verdict->judgement = faithful;
        faithful = NULL;
        rc = is_accepted ? judge_once(question, true, verdict, &verdict->strict, err) : ASSAY_OK;
    }
    assay_judgement_free(faithful);
    if (rc != ASSAY_OK) {
        assay_legacy_verdict_free(verdict);
        return rc;
    }
    *ret = verdict;
    return ASSAY_OK;
}

void assay_legacy_verdict_free(struct assay_legacy_verdict *verdict)
{
    if (verdict) {
        assay_judgement_free(verdict->judgement);
        assay_judgement_free(verdict->strict);
        assay_free(verdict);
    }
}

/* ---- text and JSON ---------------------------------------------------------------------------------------------- */

static void render_violation(const struct assay_violation *violation, struct assay_buf *out)
{
    assay_buf_printf(out, "  %03u %s: found %s, expected %s\n", violation->gate, violation->pointer, violation->found,
                     violation->expected);
}

void assay_legacy_render(const struct assay_legacy_verdict *verdict, struct assay_buf *out)
{
    const struct assay_judgement *strict = verdict->strict;
    assay_judgement_render(verdict->judgement, out);
    if (verdict->original_message) {
        assay_buf_printf(out, "the original refuses it: \"%s\", exit status %d\n", verdict->original_message,
                         verdict->original_exit);
    } else if (verdict->original_exit == 0) {
        assay_buf_text(out, "the original accepts it, exit status 0\n");
    }
    if (verdict->is_duplicate_warned) {
        assay_buf_text(out, "805 the original warns: duplicate kernel IDs\n");
    }
    if (strict && strict->violations_count > 0) {
        assay_buf_printf(out, "accepted by the original, refused by --strict (%zu):\n",
                         strict->violations_count + strict->violations_left_out);
        for (size_t i = 0; i < strict->violations_count; i++) {
            render_violation(&strict->violations[i], out);
        }
        if (strict->violations_left_out > 0) {
            assay_buf_printf(out, "  and %zu more\n", strict->violations_left_out);
        }
    }
}

static void put_refusals(struct assay_json_builder *b, json_t *root, const struct assay_judgement *strict)
{
    json_t *list = assay_json_put_array(b, root, "wouldRefuse");
    for (size_t i = 0; i < strict->violations_count; i++) {
        const struct assay_violation *violation = &strict->violations[i];
        json_t *entry = assay_json_add_object(b, list);
        assay_json_put_u64(b, entry, "gate", violation->gate);
        assay_json_put_text(b, entry, "pointer", violation->pointer);
        assay_json_put_text(b, entry, "found", violation->found);
        assay_json_put_text(b, entry, "expected", violation->expected);
    }
    assay_json_put_u64(b, root, "wouldRefuseLeftOut", strict->violations_left_out);
}

assay_code assay_legacy_json(const struct assay_legacy_verdict *verdict, json_t **ret, assay_err *err)
{
    assert(verdict && ret);
    json_t *root = NULL;
    assay_code rc = assay_judgement_json(verdict->judgement, &root, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct assay_json_builder b = {0};
    assay_json_put_text(&b, root, "profile", ASSAY_LEGACY_PROFILE);
    assay_json_put_text(&b, root, "shape", assay_legacy_shape_text(verdict->shape));
    if (verdict->original_exit != ASSAY_LEGACY_EXIT_UNKNOWN) {
        assay_json_put_int(&b, root, "originalExit", verdict->original_exit);
    }
    assay_json_put_text(&b, root, "originalMessage", verdict->original_message ? verdict->original_message : "");
    assay_json_put_bool(&b, root, "originalWarnsOfDuplicates", verdict->is_duplicate_warned);
    assay_json_put_text(&b, root, "libraryRefuses", verdict->library ? verdict->library : "");
    if (verdict->strict) {
        put_refusals(&b, root, verdict->strict);
    }
    rc = assay_json_builder_check(&b, root, err);
    if (rc != ASSAY_OK) {
        json_decref(root);
        return rc;
    }
    *ret = root;
    return ASSAY_OK;
}
