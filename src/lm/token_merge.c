/*
 * Byte-pair encoding of a piece: the pair of lowest rank merges first, the leftmost of equals, until none is left. The
 * rank of a pair is its place among the merges (byte-level BPE), or that of the token they make by its score
 * (SentencePiece, where symbols are characters to begin with).
 * Symbols are a linked list in an array; candidates wait in a heap and are thrown away when one of their halves has
 * merged meanwhile. O(n log n), so a megabyte of blanks costs what a megabyte of words does.
 */
#include "lm/token_vocab.h"

#include <assert.h>
#include <string.h>

#define SHORT 64 /* bytes: nearly all pieces, kept on the stack */

struct symbol {
    int32_t id;       /* NO_TOKEN: none, so far */
    uint32_t at, len; /* in the piece */
    uint32_t left, right;
};
#define NOBODY UINT32_MAX
#define NO_TOKEN                                                                                        \
    (-2) /* a byte that the vocabulary lacks: it merges with nothing and is left out, as llama.cpp does \
          */

struct candidate {
    uint32_t rank, left, right; /* places of symbols */
    uint32_t len;               /* of both: another one now means that one of them has merged meanwhile */
    int32_t result;
};

struct work {
    const struct assay_tokenizer *tokenizer;
    const char *piece;
    struct symbol *symbols;
    struct candidate *heap;
    size_t heap_count;
};

static bool is_before(const struct candidate *a, const struct candidate *b)
{
    return a->rank != b->rank ? a->rank < b->rank : a->left < b->left;
}

static void push(struct work *work, struct candidate candidate)
{
    size_t at = work->heap_count++;
    while (at > 0 && is_before(&candidate, &work->heap[(at - 1) / 2])) {
        work->heap[at] = work->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    work->heap[at] = candidate;
}

static struct candidate pop(struct work *work)
{
    struct candidate top = work->heap[0];
    struct candidate last = work->heap[--work->heap_count];
    size_t at = 0;
    for (size_t child = 1; child < work->heap_count; child = 2 * at + 1) {
        if (child + 1 < work->heap_count && is_before(&work->heap[child + 1], &work->heap[child])) {
            child++;
        }
        if (!is_before(&work->heap[child], &last)) {
            break;
        }
        work->heap[at] = work->heap[child];
        at = child;
    }
    work->heap[at] = last;
    return top;
}

static void consider(struct work *work, uint32_t left, uint32_t right)
{
    if (left == NOBODY || right == NOBODY) {
        return;
    }
    const struct symbol *a = &work->symbols[left], *b = &work->symbols[right];
    uint32_t len = a->len + b->len;
    if (work->tokenizer->ranks) {
        int32_t id = assay_vocab_find_plain(work->tokenizer, (struct assay_slice){work->piece + a->at, len});
        if (id != ASSAY_TOKEN_NONE) {
            push(work, (struct candidate){work->tokenizer->ranks[id], left, right, len, id});
        }
        return;
    }
    const struct merge *merge = assay_vocab_merge(work->tokenizer, a->id, b->id);
    if (merge) {
        push(work, (struct candidate){merge->rank, left, right, len, merge->result});
    }
}

static void merge_all(struct work *work)
{
    while (work->heap_count > 0) {
        struct candidate best = pop(work);
        struct symbol *left = &work->symbols[best.left], *right = &work->symbols[best.right];
        if (left->right != best.right || left->len + right->len != best.len) {
            continue;
        }
        left->id = best.result;
        left->len = best.len;
        left->right = right->right;
        right->right = right->left = NOBODY; /* gone: it is nobody's neighbour any more */
        right->len = 0;
        if (left->right != NOBODY) {
            work->symbols[left->right].left = best.left;
        }
        consider(work, left->left, best.left);
        consider(work, best.left, left->right);
    }
}

/* Bytes, or characters; returns how many. */
static uint32_t cut_symbols(struct work *work, struct assay_slice piece)
{
    uint32_t count = 0, code_point;
    for (size_t at = 0, len = 1; at < piece.len; at += len, count++) {
        int32_t id = work->tokenizer->bytes[(unsigned char)piece.data[at]];
        if (work->tokenizer->ranks) {
            len = assay_utf8_next(piece.data + at, piece.len - at, &code_point);
            id = assay_vocab_find_plain(work->tokenizer, (struct assay_slice){piece.data + at, len});
        }
        work->symbols[count] = (struct symbol){.id = id == ASSAY_TOKEN_NONE ? NO_TOKEN : id,
                                               .at = (uint32_t)at,
                                               .len = (uint32_t)len,
                                               .left = count > 0 ? count - 1 : NOBODY,
                                               .right = at + len < piece.len ? count + 1 : NOBODY};
    }
    return count;
}

/* What has no token is left out, or told byte by byte. */
static assay_code emit(const struct work *work, const struct symbol *symbol, struct assay_tokens *tokens,
                       assay_err *err)
{
    if (symbol->id != NO_TOKEN) {
        return assay_tokens_add(tokens, symbol->id, err);
    }
    assay_code rc = ASSAY_OK;
    for (uint32_t i = 0; rc == ASSAY_OK && work->tokenizer->ranks && i < symbol->len; i++) {
        rc = assay_tokens_add(tokens, work->tokenizer->bytes[(unsigned char)work->piece[symbol->at + i]], err);
    }
    return rc;
}

static assay_code merge_piece(struct work *work, struct assay_slice piece, struct assay_tokens *tokens, assay_err *err)
{
    uint32_t count = cut_symbols(work, piece);
    for (uint32_t i = 0; i + 1 < count; i++) {
        consider(work, i, i + 1);
    }
    merge_all(work);
    assay_code rc = ASSAY_OK;
    for (uint32_t i = 0; rc == ASSAY_OK && i != NOBODY; i = work->symbols[i].right) {
        rc = emit(work, &work->symbols[i], tokens, err);
    }
    return rc;
}

/* Candidates: one a pair at the start, and at most two a merge, of which there are fewer than symbols. */
#define HEAP_FACTOR 3

assay_code assay_token_merge(const struct assay_tokenizer *tokenizer, struct assay_slice piece,
                             struct assay_tokens *tokens, assay_err *err)
{
    struct symbol symbols[SHORT];
    struct candidate heap[SHORT * HEAP_FACTOR];
    struct work work = {.tokenizer = tokenizer, .piece = piece.data, .symbols = symbols, .heap = heap};
    if (piece.len <= SHORT) {
        return merge_piece(&work, piece, tokens, err);
    }
    if (piece.len > ASSAY_TOKENS_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "a piece of %zu bytes without a break, expected at most %zu", piece.len,
                          ASSAY_TOKENS_MAX);
    }
    work.symbols = assay_alloc(piece.len, sizeof *work.symbols);
    work.heap = assay_alloc(piece.len * HEAP_FACTOR, sizeof *work.heap);
    assay_code rc = work.symbols && work.heap ? merge_piece(&work, piece, tokens, err) : assay_nomem(err);
    assay_free(work.symbols);
    assay_free(work.heap);
    return rc;
}
