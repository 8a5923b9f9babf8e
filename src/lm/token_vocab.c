#include "lm/token_vocab.h"

#include "lm/alphabet.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_LEAST \
    128 /* real vocabularies lack a few bytes that text never has; one that lacks more is of another kind */
#define VOCABULARY_BYTES_MAX ((size_t)256 << 20)

/* ---- the printable alphabet --------------------------------------------------------------------------------------*/

/* Appends what a text of that alphabet stands for; text outside it (a control token's name) stands for itself. Letters,
 * digits and punctuation of ASCII stand for themselves, and nearly all is made of them. */
static void append_bytes(struct assay_buf *out, struct assay_slice text)
{
    char *to = text.len > 0 ? assay_buf_reserve(out, text.len) : NULL; /* no byte takes less than one */
    size_t len = 0;
    for (size_t at = 0; to && at < text.len;) {
        if (text.data[at] > ' ' && text.data[at] <= '~') {
            to[len++] = text.data[at++];
            continue;
        }
        uint32_t code_point = 0;
        at += assay_utf8_next(text.data + at, text.len - at, &code_point);
        int byte = assay_alphabet_byte(code_point);
        if (byte < 0) {
            memcpy(to, text.data, text.len);
            len = text.len;
            break;
        }
        to[len++] = (char)byte;
    }
    if (to) {
        assay_buf_grew(out, len);
    }
}

/* ---- tables ------------------------------------------------------------------------------------------------------*/

static size_t table_size(size_t entries)
{
    size_t size = 16;
    while (size < entries * 2) {
        size *= 2;
    }
    return size;
}

struct assay_slice assay_tokenizer_bytes(const struct assay_tokenizer *tokenizer, int32_t id)
{
    if (id < 0 || (size_t)id >= tokenizer->count) {
        return (struct assay_slice){"", 0};
    }
    uint64_t start = tokenizer->starts[id];
    return (struct assay_slice){tokenizer->text.data + start, (size_t)(tokenizer->starts[id + 1] - start)};
}

/* Eight bytes at a time. Tokens have some six bytes: what a hash of one by one costs is felt over a million of them. */
static uint64_t hash_of(struct assay_slice bytes)
{
    const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t hash = (uint64_t)bytes.len * odd, word = 0;
    size_t at = 0;
    for (; at + sizeof word <= bytes.len; at += sizeof word) {
        memcpy(&word, bytes.data + at, sizeof word);
        hash = (hash ^ word) * odd;
        hash ^= hash >> 32;
    }
    word = 0;
    memcpy(&word, bytes.data + at, bytes.len - at);
    hash = (hash ^ word) * odd;
    hash ^= hash >> 29;
    return hash * odd;
}

static uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)hash;
}

static size_t first_place(const struct assay_tokenizer *tokenizer, uint64_t hash)
{
    return (size_t)(hash >> 32) & tokenizer->by_bytes_mask;
}

static struct place *place_of(const struct assay_tokenizer *tokenizer, struct assay_slice bytes, uint64_t hash)
{
    size_t at = first_place(tokenizer, hash);
    uint32_t tag = tag_of(hash);
    for (;; at = (at + 1) & tokenizer->by_bytes_mask) {
        struct place *place = &tokenizer->by_bytes[at];
        if (place->id == ASSAY_TOKEN_NONE ||
            (place->tag == tag && assay_slice_equal(assay_tokenizer_bytes(tokenizer, place->id), bytes))) {
            return place;
        }
    }
}

int32_t assay_tokenizer_find(const struct assay_tokenizer *tokenizer, struct assay_slice bytes)
{
    return place_of(tokenizer, bytes, hash_of(bytes))->id;
}

int32_t assay_vocab_find_plain(const struct assay_tokenizer *tokenizer, struct assay_slice bytes)
{
    int32_t id = assay_tokenizer_find(tokenizer, bytes);
    bool is_plain =
        id != ASSAY_TOKEN_NONE && tokenizer->types[id] != TOKEN_CONTROL && tokenizer->types[id] != TOKEN_UNKNOWN;
    return is_plain ? id : ASSAY_TOKEN_NONE;
}

/* Which tokens are found by their bytes. */
static bool is_found(const struct assay_tokenizer *tokenizer, const struct assay_gguf_value *tokens, uint64_t *cursor,
                     size_t id)
{
    struct assay_slice text;
    return !tokenizer->ranks ||
           (assay_gguf_next_text(tokens, cursor, &text) && assay_vocab_is_piece(tokenizer->types[id], text));
}

static assay_code index_tokens(struct assay_tokenizer *tokenizer, const struct assay_gguf_value *tokens, assay_err *err)
{
    uint64_t cursor = 0;
    size_t size = table_size(tokenizer->count);
    tokenizer->by_bytes = assay_alloc(size, sizeof *tokenizer->by_bytes);
    if (!tokenizer->by_bytes) {
        return assay_nomem(err);
    }
    tokenizer->by_bytes_mask = size - 1;
    for (size_t i = 0; i < size; i++) {
        tokenizer->by_bytes[i].id = ASSAY_TOKEN_NONE;
    }
    for (size_t id = 0; id < tokenizer->count; id++) {
        struct assay_slice bytes = assay_tokenizer_bytes(tokenizer, (int32_t)id);
        uint64_t hash = hash_of(bytes);
        struct place *place = place_of(tokenizer, bytes, hash);
        if (is_found(tokenizer, tokens, &cursor, id) &&
            place->id == ASSAY_TOKEN_NONE) { /* of two that read alike the first one counts */
            *place = (struct place){tag_of(hash), (int32_t)id};
        }
    }
    return ASSAY_OK;
}

static assay_code index_bytes(struct assay_tokenizer *tokenizer, assay_err *err)
{
    unsigned missing = 0;
    for (unsigned byte = 0; byte < 256; byte++) {
        char c = (char)byte;
        tokenizer->bytes[byte] = assay_tokenizer_find(tokenizer, (struct assay_slice){&c, 1});
        missing += tokenizer->bytes[byte] == ASSAY_TOKEN_NONE;
    }
    return missing <= 256 - BYTES_LEAST
               ? ASSAY_OK
               : assay_fail(err, ASSAY_MALFORMED,
                            "tokenizer.ggml.tokens has no token for %u of the 256 bytes, expected "
                            "at most %d",
                            missing, 256 - BYTES_LEAST);
}

static size_t merge_place(const struct assay_tokenizer *tokenizer, uint64_t pair)
{
    size_t place = (size_t)(pair * UINT64_C(0x9e3779b97f4a7c15) >> 20) & tokenizer->merges_mask;
    while (tokenizer->merges[place].pair != UINT64_MAX && tokenizer->merges[place].pair != pair) {
        place = (place + 1) & tokenizer->merges_mask;
    }
    return place;
}

static uint64_t pair_of(int32_t left, int32_t right)
{
    return (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
}

const struct merge *assay_vocab_merge(const struct assay_tokenizer *tokenizer, int32_t left, int32_t right)
{
    const struct merge *merge = &tokenizer->merges[merge_place(tokenizer, pair_of(left, right))];
    return merge->pair == UINT64_MAX ? NULL : merge;
}

/* ---- metadata ----------------------------------------------------------------------------------------------------*/

static assay_code need_array(const struct assay_gguf *gguf, const char *key, enum assay_gguf_type element,
                             const struct assay_gguf_value **ret, assay_err *err)
{
    *ret = assay_gguf_find(gguf, key);
    if (!*ret) {
        return assay_fail(err, ASSAY_MALFORMED, "key '%s' is missing", key);
    }
    if ((*ret)->type != ASSAY_GGUF_ARRAY || (*ret)->element != element) {
        return assay_fail(err, ASSAY_MALFORMED, "key '%s' is no array of %s", key, assay_gguf_type_text(element));
    }
    return ASSAY_OK;
}

static assay_code need_text(const struct assay_gguf *gguf, const char *key, struct assay_slice *ret, assay_err *err)
{
    const struct assay_gguf_value *value = assay_gguf_find(gguf, key);
    return value ? assay_gguf_text(value, ret, err) : assay_fail(err, ASSAY_MALFORMED, "key '%s' is missing", key);
}

static assay_code read_kind(struct assay_tokenizer *tokenizer, const struct assay_gguf *gguf, bool *ret_has_scores,
                            assay_err *err)
{
    struct assay_slice model = {0}, pre = {0};
    assay_code rc = need_text(gguf, "tokenizer.ggml.model", &model, err);
    if (rc == ASSAY_OK && assay_slice_is(model, "llama")) {
        *ret_has_scores = true;
        return ASSAY_OK;
    }
    if (rc == ASSAY_OK && !assay_slice_is(model, "gpt2")) {
        return assay_fail(err, ASSAY_UNSUPPORTED,
                          "tokenizer model '%.*s', expected gpt2 (byte-level BPE) or llama (SentencePiece)",
                          (int)model.len, model.data);
    }
    if (rc == ASSAY_OK) {
        rc = need_text(gguf, "tokenizer.ggml.pre", &pre, err);
    }
    for (size_t i = 0; rc == ASSAY_OK && i < ASSAY_SPLIT_COUNT; i++) {
        const char *const *names = assay_split_rows[i].names;
        if (assay_slice_is(pre, names[0]) || (names[1] && assay_slice_is(pre, names[1]))) {
            tokenizer->split = (enum assay_split)i;
            return ASSAY_OK;
        }
    }
    return rc != ASSAY_OK
               ? rc
               : assay_fail(err, ASSAY_UNSUPPORTED, "pre-tokenizer '%.*s', expected gpt-2, smollm or llama-bpe",
                            (int)pre.len, pre.data);
}

static assay_code count_tokens(struct assay_tokenizer *tokenizer, const struct assay_gguf *gguf, bool has_scores,
                               const struct assay_gguf_value **ret, assay_err *err)
{
    const struct assay_gguf_value *tokens = NULL;
    assay_code rc = need_array(gguf, "tokenizer.ggml.tokens", ASSAY_GGUF_TEXT, &tokens, err);
    *ret = tokens;
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (tokens->length == 0 || tokens->length > ASSAY_VOCABULARY_MAX) {
        return assay_fail(err, ASSAY_MALFORMED, "tokenizer.ggml.tokens has %" PRIu64 " tokens, expected 1 to %zu",
                          tokens->length, ASSAY_VOCABULARY_MAX);
    }
    tokenizer->count = (size_t)tokens->length;
    tokenizer->starts = assay_alloc(tokenizer->count + 1, sizeof *tokenizer->starts);
    tokenizer->types = assay_alloc(tokenizer->count, sizeof *tokenizer->types);
    tokenizer->ranks = has_scores ? assay_alloc(tokenizer->count, sizeof *tokenizer->ranks) : NULL;
    return tokenizer->starts && tokenizer->types && (tokenizer->ranks || !has_scores) ? ASSAY_OK : assay_nomem(err);
}

static assay_code read_texts(struct assay_tokenizer *tokenizer, const struct assay_gguf_value *tokens, assay_err *err)
{
    struct assay_slice text;
    uint64_t cursor = 0;
    assay_code rc = ASSAY_OK;
    memset(tokenizer->bytes, 0xff, sizeof tokenizer->bytes); /* ASSAY_TOKEN_NONE */
    (void)assay_buf_reserve(&tokenizer->text,
                            (size_t)tokens->bytes); /* and the lengths before the texts: never too few */
    for (size_t id = 0; rc == ASSAY_OK && assay_gguf_next_text(tokens, &cursor, &text); id++) {
        if (tokenizer->ranks) {
            rc = assay_vocab_put_piece(tokenizer, id, text, err);
        } else {
            append_bytes(&tokenizer->text, text);
        }
        tokenizer->starts[id + 1] = tokenizer->text.len;
    }
    return rc == ASSAY_OK ? assay_buf_check(&tokenizer->text, err) : rc;
}

static assay_code read_types(struct assay_tokenizer *tokenizer, const struct assay_gguf *gguf, assay_err *err)
{
    const struct assay_gguf_value *types = NULL;
    memset(tokenizer->types, TOKEN_NORMAL, tokenizer->count);
    if (!assay_gguf_find(gguf, "tokenizer.ggml.token_type")) {
        return ASSAY_OK;
    }
    assay_code rc = need_array(gguf, "tokenizer.ggml.token_type", ASSAY_GGUF_I32, &types, err);
    if (rc == ASSAY_OK && types->length != tokenizer->count) {
        rc = assay_fail(err, ASSAY_MALFORMED, "tokenizer.ggml.token_type has %" PRIu64 " entries for %zu tokens",
                        types->length, tokenizer->count);
    }
    for (size_t id = 0; rc == ASSAY_OK && id < tokenizer->count; id++) {
        int64_t type = assay_gguf_array_int(types, id);
        if (type < 0 || type > TOKEN_BYTE) {
            rc = assay_fail(err, ASSAY_MALFORMED, "tokenizer.ggml.token_type[%zu] is %" PRId64 ", expected 0 to %d", id,
                            type, TOKEN_BYTE);
        }
        tokenizer->types[id] = (uint8_t)type;
        tokenizer->specials_count += assay_vocab_is_special(tokenizer, (int32_t)id);
    }
    return rc;
}

static int by_first_byte(const void *a, const void *b, void *context)
{
    const struct assay_tokenizer *tokenizer = context;
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    struct assay_slice p = assay_tokenizer_bytes(tokenizer, x), q = assay_tokenizer_bytes(tokenizer, y);
    if (p.data[0] != q.data[0]) {
        return (unsigned char)p.data[0] < (unsigned char)q.data[0] ? -1 : 1;
    }
    return p.len != q.len ? (p.len < q.len) - (p.len > q.len) : (x > y) - (x < y);
}

static assay_code list_specials(struct assay_tokenizer *tokenizer, assay_err *err)
{
    tokenizer->specials = assay_alloc(tokenizer->specials_count + 1, sizeof *tokenizer->specials);
    if (!tokenizer->specials) {
        return assay_nomem(err);
    }
    size_t n = 0;
    for (size_t id = 0; id < tokenizer->count; id++) {
        struct assay_slice bytes = assay_tokenizer_bytes(tokenizer, (int32_t)id);
        if (assay_vocab_is_special(tokenizer, (int32_t)id) && bytes.len > 0) {
            tokenizer->specials[n++] = (int32_t)id;
            tokenizer->specials_from[(unsigned char)bytes.data[0] + 1]++;
        }
    }
    for (unsigned byte = 0; byte < 256; byte++) {
        tokenizer->specials_from[byte + 1] += tokenizer->specials_from[byte];
    }
    tokenizer->specials_count = n;
    qsort_r(tokenizer->specials, n, sizeof *tokenizer->specials, by_first_byte, tokenizer);
    return ASSAY_OK;
}

/* The texts of some merges, whose places are asked for together: memory answers them side by side. */
enum { BATCH = 32, SIDES = 3 }; /* left, right, and both as one token */

struct batch {
    struct assay_buf text;
    struct {
        size_t at, left, all; /* bytes; all = left: one side is empty */
        uint64_t hashes[SIDES];
    } merges[BATCH];
    size_t count;
};

static struct assay_slice side_of(const struct batch *batch, size_t merge, int side)
{
    const char *at = batch->text.data + batch->merges[merge].at;
    size_t left = batch->merges[merge].left, all = batch->merges[merge].all;
    return side == 0   ? (struct assay_slice){at, left}
           : side == 1 ? (struct assay_slice){at + left, all - left}
                       : (struct assay_slice){at, all};
}

/* "left right": the blank is the first one, for a blank in a token is written otherwise. */
static void add_merge(struct batch *batch, struct assay_slice text)
{
    struct assay_slice right = text, left = assay_slice_cut(&right, ' ');
    size_t i = batch->count++, at = batch->text.len;
    append_bytes(&batch->text, left);
    batch->merges[i].at = at;
    batch->merges[i].left = batch->text.len - at;
    append_bytes(&batch->text, right);
    batch->merges[i].all = batch->text.len - at;
}

static assay_code put_merges(struct assay_tokenizer *tokenizer, struct batch *batch, uint32_t rank, assay_err *err)
{
    assay_code rc = assay_buf_check(&batch->text, err);
    for (size_t i = 0; rc == ASSAY_OK && i < batch->count; i++) {
        for (int side = 0; side < SIDES; side++) {
            batch->merges[i].hashes[side] = hash_of(side_of(batch, i, side));
            __builtin_prefetch(&tokenizer->by_bytes[first_place(tokenizer, batch->merges[i].hashes[side])]);
        }
    }
    for (size_t i = 0; rc == ASSAY_OK && i < batch->count; i++) {
        for (int side = 0; side < SIDES; side++) {
            int32_t id = tokenizer->by_bytes[first_place(tokenizer, batch->merges[i].hashes[side])].id;
            __builtin_prefetch(&tokenizer->starts[id < 0 ? 0 : id]);
        }
    }
    for (size_t i = 0; rc == ASSAY_OK && i < batch->count; i++) {
        int32_t ids[SIDES];
        bool has_all = batch->merges[i].left > 0 && batch->merges[i].all > batch->merges[i].left;
        for (int side = 0; side < SIDES; side++) {
            ids[side] = place_of(tokenizer, side_of(batch, i, side), batch->merges[i].hashes[side])->id;
            has_all = has_all && ids[side] != ASSAY_TOKEN_NONE;
        }
        if (!has_all) {
            rc = assay_fail(err, ASSAY_MALFORMED, "tokenizer.ggml.merges[%" PRIu32 "] joins what are no tokens",
                            rank + (uint32_t)i);
            break;
        }
        struct merge *merge = &tokenizer->merges[merge_place(tokenizer, pair_of(ids[0], ids[1]))];
        if (merge->pair == UINT64_MAX) {
            *merge = (struct merge){.pair = pair_of(ids[0], ids[1]), .rank = rank + (uint32_t)i, .result = ids[2]};
        }
    }
    return rc;
}

static assay_code read_merges(struct assay_tokenizer *tokenizer, const struct assay_gguf *gguf, assay_err *err)
{
    const struct assay_gguf_value *merges = NULL;
    assay_code rc = need_array(gguf, "tokenizer.ggml.merges", ASSAY_GGUF_TEXT, &merges, err);
    if (rc == ASSAY_OK && merges->length > ASSAY_VOCABULARY_MAX) {
        rc = assay_fail(err, ASSAY_MALFORMED, "tokenizer.ggml.merges has %" PRIu64 " entries, expected at most %zu",
                        merges->length, ASSAY_VOCABULARY_MAX);
    }
    if (rc != ASSAY_OK) {
        return rc;
    }
    size_t size = table_size((size_t)merges->length);
    tokenizer->merges = assay_alloc(size, sizeof *tokenizer->merges);
    if (!tokenizer->merges) {
        return assay_nomem(err);
    }
    tokenizer->merges_mask = size - 1;
    for (size_t i = 0; i < size; i++) {
        tokenizer->merges[i].pair = UINT64_MAX;
    }
    struct batch batch = {.count = 0};
    assay_buf_init(&batch.text, VOCABULARY_BYTES_MAX);
    (void)assay_buf_reserve(&batch.text, 1); /* so that a side without bytes has a place */
    struct assay_slice text;
    uint64_t cursor = 0;
    for (uint32_t rank = 0; rc == ASSAY_OK && assay_gguf_next_text(merges, &cursor, &text); rank++) {
        add_merge(&batch, text);
        if (batch.count == BATCH || rank + 1 == merges->length) {
            rc = put_merges(tokenizer, &batch, rank + 1 - (uint32_t)batch.count, err);
            batch.count = 0;
            assay_buf_clear(&batch.text);
        }
    }
    assay_buf_done(&batch.text);
    return rc;
}

static assay_code read_id(const struct assay_tokenizer *tokenizer, const struct assay_gguf *gguf, const char *key,
                          int32_t *ret, assay_err *err)
{
    const struct assay_gguf_value *value = assay_gguf_find(gguf, key);
    uint64_t id = 0;
    *ret = ASSAY_TOKEN_NONE;
    assay_code rc = value ? assay_gguf_u64(value, tokenizer->count - 1, &id, err) : ASSAY_OK;
    if (rc == ASSAY_OK && value) {
        *ret = (int32_t)id;
    }
    return rc;
}

static assay_code read_all(struct assay_tokenizer *tokenizer, const struct assay_gguf *gguf, assay_err *err)
{
    const struct assay_gguf_value *tokens = NULL;
    bool has_scores = false;
    assay_code rc = read_kind(tokenizer, gguf, &has_scores, err);
    rc = rc == ASSAY_OK ? count_tokens(tokenizer, gguf, has_scores, &tokens, err) : rc;
    rc = rc == ASSAY_OK ? read_types(tokenizer, gguf, err) : rc;
    rc = rc == ASSAY_OK ? read_texts(tokenizer, tokens, err) : rc;
    rc = rc == ASSAY_OK ? list_specials(tokenizer, err) : rc;
    rc = rc == ASSAY_OK ? index_tokens(tokenizer, tokens, err) : rc;
    if (rc == ASSAY_OK && has_scores) {
        tokenizer->adds_bos = true; /* where the file does not say */
        rc = assay_vocab_read_scores(tokenizer, gguf, err);
    } else if (rc == ASSAY_OK) {
        rc = index_bytes(tokenizer, err);
        rc = rc == ASSAY_OK ? read_merges(tokenizer, gguf, err) : rc;
    }
    rc = rc == ASSAY_OK ? read_id(tokenizer, gguf, "tokenizer.ggml.bos_token_id", &tokenizer->bos, err) : rc;
    rc = rc == ASSAY_OK ? read_id(tokenizer, gguf, "tokenizer.ggml.eos_token_id", &tokenizer->eos, err) : rc;
    rc = rc == ASSAY_OK ? read_id(tokenizer, gguf, "tokenizer.ggml.eot_token_id", &tokenizer->eot, err) : rc;
    const struct assay_gguf_value *adds_bos = assay_gguf_find(gguf, "tokenizer.ggml.add_bos_token");
    return rc == ASSAY_OK && adds_bos ? assay_gguf_bool(adds_bos, &tokenizer->adds_bos, err) : rc;
}

assay_code assay_tokenizer_new(const struct assay_gguf *gguf, struct assay_tokenizer **ret, assay_err *err)
{
    struct assay_tokenizer *tokenizer = assay_alloc(1, sizeof *tokenizer);
    if (!tokenizer) {
        return assay_nomem(err);
    }
    assay_buf_init(&tokenizer->text, VOCABULARY_BYTES_MAX);
    assay_code rc = read_all(tokenizer, gguf, err);
    if (rc != ASSAY_OK) {
        assay_tokenizer_free(tokenizer);
        return rc;
    }
    *ret = tokenizer;
    return ASSAY_OK;
}

void assay_tokenizer_free(struct assay_tokenizer *tokenizer)
{
    if (tokenizer) {
        assay_buf_done(&tokenizer->text);
        assay_free(tokenizer->starts);
        assay_free(tokenizer->types);
        assay_free(tokenizer->by_bytes);
        assay_free(tokenizer->merges);
        assay_free(tokenizer->ranks);
        assay_free(tokenizer->specials);
        assay_free(tokenizer);
    }
}

bool assay_tokenizer_is_control(const struct assay_tokenizer *tokenizer, int32_t id)
{
    return id >= 0 && (size_t)id < tokenizer->count && tokenizer->types[id] == TOKEN_CONTROL;
}

size_t assay_tokenizer_count(const struct assay_tokenizer *tokenizer)
{
    return tokenizer->count;
}

int32_t assay_tokenizer_bos(const struct assay_tokenizer *tokenizer)
{
    return tokenizer->bos;
}

int32_t assay_tokenizer_eos(const struct assay_tokenizer *tokenizer)
{
    return tokenizer->eos;
}

bool assay_tokenizer_adds_bos(const struct assay_tokenizer *tokenizer)
{
    return tokenizer->adds_bos;
}

bool assay_tokenizer_is_end(const struct assay_tokenizer *tokenizer, int32_t id)
{
    static const char *const NAMES[] = {"<|im_end|>", "<|eot_id|>", "<|end_of_text|>", "<|endoftext|>",
                                        "<end_of_turn>"};
    if (id == ASSAY_TOKEN_NONE || id == tokenizer->eos || id == tokenizer->eot) {
        return id != ASSAY_TOKEN_NONE;
    }
    bool is_end = false;
    for (size_t i = 0; assay_tokenizer_is_control(tokenizer, id) && i < sizeof NAMES / sizeof NAMES[0]; i++) {
        is_end = is_end || assay_slice_is(assay_tokenizer_bytes(tokenizer, id), NAMES[i]);
    }
    return is_end;
}
