/* Vocabularies of SentencePiece: ids of the sentencepiece package, and what its rules are where a vocabulary is made
 * for one of them. */
#include "lm/lm.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "spm_golden.h"

#define FILE_BYTES_MAX ((size_t)1 << 26)
#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

enum { UNKNOWN, BEGIN, END, TOOL, FIRST_BYTE, FIRST_PIECE = FIRST_BYTE + 256, PIECES_MAX = 512 };
enum { NORMAL_TYPE = 1, UNKNOWN_TYPE, CONTROL_TYPE, USER_TYPE, BYTE_TYPE = 6 };

struct bench {
    char bytes[256][8];
    struct assay_slice texts[FIRST_PIECE + PIECES_MAX];
    float scores[FIRST_PIECE + PIECES_MAX];
    int32_t types[FIRST_PIECE + PIECES_MAX];
    size_t count;
    struct assay_buf file;
    struct assay_gguf *gguf;
    struct assay_tokenizer *tokenizer;
    assay_err err;
};

/* The four special tokens, 256 bytes, and pieces of falling score. */
static void bench_fill(struct bench *bench, const char *const *pieces, size_t count)
{
    static const struct {
        const char *text;
        int32_t type;
    } SPECIALS[] = {{"<unk>", UNKNOWN_TYPE}, {"<s>", CONTROL_TYPE}, {"</s>", CONTROL_TYPE}, {"<tool>", USER_TYPE}};
    *bench = (struct bench){.count = FIRST_PIECE + count};
    for (size_t i = 0; i < COUNT_OF(SPECIALS); i++) {
        bench->texts[i] = assay_slice_of(SPECIALS[i].text);
        bench->types[i] = SPECIALS[i].type;
    }
    for (unsigned byte = 0; byte < 256; byte++) {
        (void)snprintf(bench->bytes[byte], sizeof bench->bytes[byte], "<0x%02X>", byte);
        bench->texts[FIRST_BYTE + byte] = assay_slice_of(bench->bytes[byte]);
        bench->types[FIRST_BYTE + byte] = BYTE_TYPE;
    }
    for (size_t i = 0; i < count; i++) {
        bench->texts[FIRST_PIECE + i] = assay_slice_of(pieces[i]);
        bench->types[FIRST_PIECE + i] = NORMAL_TYPE;
        bench->scores[FIRST_PIECE + i] = -(float)i;
    }
}

static assay_code bench_make(struct bench *bench, size_t scores)
{
    struct assay_gguf_writer *writer = NULL;
    assay_buf_init(&bench->file, FILE_BYTES_MAX);
    assert_int_equal(assay_gguf_writer_new(&writer, NULL), ASSAY_OK);
    assay_gguf_put_text(writer, "tokenizer.ggml.model", "llama");
    assay_gguf_put_texts(writer, "tokenizer.ggml.tokens", bench->texts, bench->count);
    assay_gguf_put_i32s(writer, "tokenizer.ggml.token_type", bench->types, bench->count);
    assay_gguf_put_f32s(writer, "tokenizer.ggml.scores", bench->scores, scores);
    assay_gguf_put_u32(writer, "tokenizer.ggml.unknown_token_id", UNKNOWN);
    assert_int_equal(assay_gguf_finish(writer, &bench->file, NULL), ASSAY_OK);
    assert_int_equal(assay_gguf_parse((const uint8_t *)bench->file.data, bench->file.len, &bench->gguf, NULL),
                     ASSAY_OK);
    return assay_tokenizer_new(bench->gguf, &bench->tokenizer, &bench->err);
}

static void bench_init(struct bench *bench, const char *const *pieces, size_t count)
{
    bench_fill(bench, pieces, count);
    if (bench_make(bench, bench->count) != ASSAY_OK) {
        fail_msg("%s", bench->err.message);
    }
}

static void bench_done(struct bench *bench)
{
    assay_tokenizer_free(bench->tokenizer);
    assay_gguf_free(bench->gguf);
    assay_buf_done(&bench->file);
}

static void assert_ids(struct bench *bench, const char *text, const int32_t *ids, size_t count)
{
    struct assay_tokens tokens = {0};
    assert_int_equal(assay_tokenizer_encode(bench->tokenizer, assay_slice_of(text), false, &tokens, NULL), ASSAY_OK);
    for (size_t i = 0; i < tokens.count && i < count; i++) {
        if (tokens.ids[i] != ids[i]) {
            fail_msg("'%s': token %zu is %d, expected %d", text, i, tokens.ids[i], ids[i]);
        }
    }
    if (tokens.count != count) {
        fail_msg("'%s' has %zu tokens, expected %zu", text, tokens.count, count);
    }
    assay_tokens_done(&tokens);
}
#define IDS(...) ((const int32_t[]){__VA_ARGS__}), (sizeof((const int32_t[]){__VA_ARGS__}) / sizeof(int32_t))
#define BYTE(byte) (FIRST_BYTE + (byte))

static void texts_have_the_ids_of_the_sentencepiece_package(void **state)
{
    (void)state;
    static struct bench bench;
    bench_init(&bench, SPM_PIECES, COUNT_OF(SPM_PIECES));
    for (size_t i = 0; i < COUNT_OF(SPM_TEXTS); i++) {
        size_t count = 0;
        while (SPM_TEXTS[i].ids[count] >= 0) {
            count++;
        }
        assert_ids(&bench, SPM_TEXTS[i].text, SPM_TEXTS[i].ids, count);
    }
    bench_done(&bench);
}

static void tokens_give_their_text_back_behind_the_blank(void **state)
{
    (void)state;
    static struct bench bench;
    bench_init(&bench, SPM_PIECES, COUNT_OF(SPM_PIECES));
    uint64_t seed = 3;
    for (int round = 0; round < 300; round++) {
        char text[64], back[256];
        size_t len = 0;
        struct assay_tokens tokens = {0};
        for (size_t i = 0; i < sizeof text; i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
            text[i] = (char)(round % 2 ? " the are rt"[seed >> 33 & 7] : (char)(seed >> 33));
        }
        text[0] = 'x'; /* any bytes, but for a whole U+2581 */
        assert_int_equal(
            assay_tokenizer_encode(bench.tokenizer, (struct assay_slice){text, sizeof text}, false, &tokens, NULL),
            ASSAY_OK);
        for (size_t i = 0; i < tokens.count; i++) {
            struct assay_slice bytes = assay_tokenizer_bytes(bench.tokenizer, tokens.ids[i]);
            memcpy(back + len, bytes.data, bytes.len);
            len += bytes.len;
        }
        assert_int_equal(len, sizeof text + 1);
        assert_int_equal(back[0], ' ');
        assert_memory_equal(back + 1, text, sizeof text);
        assay_tokens_done(&tokens);
    }
    bench_done(&bench);
}

static void the_highest_score_merges_first_and_the_leftmost_of_equals(void **state)
{
    (void)state;
    static const char *const PIECES[] = {"bc", "ab", "a", "b", "c", "\xe2\x96\x81"};
    enum { BC = FIRST_PIECE, AB, A, B, C, BLANK };
    static struct bench bench;
    bench_fill(&bench, PIECES, COUNT_OF(PIECES));
    assert_int_equal(bench_make(&bench, bench.count), ASSAY_OK);
    assert_ids(&bench, "abc", IDS(BLANK, A, BC));
    bench_done(&bench);
    bench_fill(&bench, PIECES, COUNT_OF(PIECES));
    bench.scores[AB] = bench.scores[BC] = -7.5F;
    assert_int_equal(bench_make(&bench, bench.count), ASSAY_OK);
    assert_ids(&bench, "abc", IDS(BLANK, AB, C));
    bench_done(&bench);
}

/* Neither half of "xy" is a token, and yet they merge; the name of a byte is no byte; a token across words is found. */
static void what_has_no_token_is_told_byte_by_byte(void **state)
{
    (void)state;
    static const char *const PIECES[] = {"xy", "a", "\xe2\x96\x81", "a\xe2\x96\x81",
                                         "a\xe2\x96\x81"
                                         "a"};
    enum { XY = FIRST_PIECE, A, BLANK, A_BLANK, A_BLANK_A };
    static struct bench bench;
    bench_init(&bench, PIECES, COUNT_OF(PIECES));
    assert_ids(&bench, "xyx", IDS(BLANK, XY, BYTE('x')));
    assert_ids(&bench, "\xe2\x96", IDS(BLANK, BYTE(0xe2), BYTE(0x96)));
    assert_ids(&bench, "<0x61>", IDS(BLANK, BYTE('<'), BYTE('0'), BYTE('x'), BYTE('6'), BYTE('1'), BYTE('>')));
    assert_ids(&bench, "a a", IDS(BLANK, A_BLANK_A));
    bench_done(&bench);
}

/* As in the sentencepiece package, even where pieces lead up to its name; llama.cpp takes it for the token then. */
static void a_control_token_that_is_written_out_is_plain_text(void **state)
{
    (void)state;
    static const char *const PIECES[] = {"<s", "s>", "\xe2\x96\x81", "</"};
    enum { LESS_S = FIRST_PIECE, S_MORE, BLANK, LESS_SLASH };
    static struct bench bench;
    bench_init(&bench, PIECES, COUNT_OF(PIECES));
    assert_ids(&bench, "<s>", IDS(BLANK, LESS_S, BYTE('>')));
    assert_ids(&bench, "</s>", IDS(BLANK, LESS_SLASH, S_MORE));
    bench_done(&bench);
}

/* Hours, if each of its bytes were to cost as much as all of them. */
static void a_token_may_have_megabytes(void **state)
{
    (void)state;
    enum { LONG = 16 << 20 };
    static char text[LONG + 1];
    static struct bench bench;
    const char *const PIECES[] = {text};
    memset(text, 'x', LONG);
    bench_init(&bench, PIECES, COUNT_OF(PIECES));
    assert_int_equal(assay_tokenizer_bytes(bench.tokenizer, FIRST_PIECE).len, LONG);
    bench_done(&bench);
}

static void a_special_token_begins_a_text_anew(void **state)
{
    (void)state;
    static const char *const PIECES[] = {"a", "\xe2\x96\x81",
                                         "\xe2\x96\x81"
                                         "a"};
    enum { A = FIRST_PIECE, BLANK, BLANK_A };
    static struct bench bench;
    bench_init(&bench, PIECES, COUNT_OF(PIECES));
    assert_ids(&bench, "a<tool>a", IDS(BLANK_A, TOOL, BLANK_A));
    assert_true(assay_tokenizer_adds_bos(bench.tokenizer));
    bench_done(&bench);
}

static void assert_refused(struct bench *bench, size_t scores, const char *says)
{
    assert_int_equal(bench_make(bench, scores), ASSAY_MALFORMED);
    if (!strstr(bench->err.message, says)) {
        fail_msg("'%s' does not say '%s'", bench->err.message, says);
    }
    bench_done(bench);
}

static void a_vocabulary_that_contradicts_itself_is_refused(void **state)
{
    (void)state;
    static const char *const PIECES[] = {"a"};
    static struct bench bench;
    bench_fill(&bench, PIECES, 1);
    assert_refused(&bench, bench.count - 1, "tokenizer.ggml.scores is missing, or no array of 261 f32");
    bench_fill(&bench, PIECES, 1);
    bench.scores[FIRST_PIECE] = NAN;
    assert_refused(&bench, bench.count, "tokenizer.ggml.scores[260] is no number");
    bench_fill(&bench, PIECES, 1);
    bench.types[FIRST_PIECE] = BYTE_TYPE;
    assert_refused(&bench, bench.count, "tokenizer.ggml.tokens[260] is of type byte");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_have_the_ids_of_the_sentencepiece_package),
        cmocka_unit_test(tokens_give_their_text_back_behind_the_blank),
        cmocka_unit_test(the_highest_score_merges_first_and_the_leftmost_of_equals),
        cmocka_unit_test(what_has_no_token_is_told_byte_by_byte),
        cmocka_unit_test(a_control_token_that_is_written_out_is_plain_text),
        cmocka_unit_test(a_token_may_have_megabytes),
        cmocka_unit_test(a_special_token_begins_a_text_anew),
        cmocka_unit_test(a_vocabulary_that_contradicts_itself_is_refused),
    };
    return cmocka_run_group_tests_name("lm pieces", tests, NULL, NULL);
}
