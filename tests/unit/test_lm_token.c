/* Tokenizers: how text is cut, what merges, and that bytes come back. Ids of a real vocabulary are held against
 * llama.cpp's outside this suite (docs/formats/weights.md says how). */
#include "base/mem.h"
#include "lm/lm.h"
#include "lm/token_split.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- a vocabulary of 256 bytes, a few merges, two special tokens
 * ---------------------------------------------------*/

#define MERGES_MAX 8
#define CONTROL 256
#define USER 257
#define MERGED 258

struct bench {
    struct assay_buf file;
    struct assay_gguf *gguf;
    struct assay_tokenizer *tokenizer;
    char names[256][3];
    assay_err err;
};

/* A byte in GPT-2's printable alphabet, written out from its definition. */
static size_t print_byte(unsigned byte, char *text)
{
    unsigned code_point = byte, others = 0;
    bool is_printable = (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    for (unsigned b = 0; !is_printable && b < byte; b++) {
        others += !((b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || b >= 0xae);
    }
    code_point = is_printable ? byte : 256 + others;
    if (code_point < 0x80) {
        text[0] = (char)code_point;
        return 1;
    }
    text[0] = (char)(0xc0 | code_point >> 6);
    text[1] = (char)(0x80 | (code_point & 0x3f));
    return 2;
}

static assay_code bench_init(struct bench *bench, const char *pre, const char *const *merges, size_t count)
{
    *bench = (struct bench){0};
    struct assay_slice texts[MERGED + MERGES_MAX], lines[MERGES_MAX];
    char joined[MERGES_MAX][16];
    int32_t types[MERGED + MERGES_MAX];
    for (unsigned byte = 0; byte < 256; byte++) {
        texts[byte] = (struct assay_slice){bench->names[byte], print_byte(byte, bench->names[byte])};
        types[byte] = 1;
    }
    texts[CONTROL] = ASSAY_SLICE("<|end|>");
    texts[USER] = ASSAY_SLICE("<tool>");
    types[CONTROL] = 3;
    types[USER] = 4;
    for (size_t i = 0; i < count; i++) {
        lines[i] = (struct assay_slice){merges[i], strlen(merges[i])};
        const char *blank = strchr(merges[i], ' ');
        (void)snprintf(joined[i], sizeof joined[i], "%.*s%s", (int)(blank - merges[i]), merges[i], blank + 1);
        texts[MERGED + i] = (struct assay_slice){joined[i], strlen(joined[i])};
        types[MERGED + i] = 1;
    }
    struct assay_gguf_writer *writer = NULL;
    assay_buf_init(&bench->file, 1 << 20);
    assert_int_equal(assay_gguf_writer_new(&writer, NULL), ASSAY_OK);
    assay_gguf_put_text(writer, "tokenizer.ggml.model", "gpt2");
    assay_gguf_put_text(writer, "tokenizer.ggml.pre", pre);
    assay_gguf_put_texts(writer, "tokenizer.ggml.tokens", texts, MERGED + count);
    assay_gguf_put_i32s(writer, "tokenizer.ggml.token_type", types, MERGED + count);
    assay_gguf_put_texts(writer, "tokenizer.ggml.merges", lines, count);
    assay_gguf_put_u32(writer, "tokenizer.ggml.eos_token_id", CONTROL);
    assert_int_equal(assay_gguf_finish(writer, &bench->file, NULL), ASSAY_OK);
    assert_int_equal(assay_gguf_parse((const uint8_t *)bench->file.data, bench->file.len, &bench->gguf, NULL),
                     ASSAY_OK);
    return assay_tokenizer_new(bench->gguf, &bench->tokenizer, &bench->err);
}

static void bench_done(struct bench *bench)
{
    assay_tokenizer_free(bench->tokenizer);
    assay_gguf_free(bench->gguf);
    assay_buf_done(&bench->file);
}

static void assert_ids(struct bench *bench, const char *text, bool wants_control, const int32_t *ids, size_t count)
{
    struct assay_tokens tokens = {0};
    assert_int_equal(assay_tokenizer_encode(bench->tokenizer, assay_slice_of(text), wants_control, &tokens, NULL),
                     ASSAY_OK);
    assert_int_equal(tokens.count, count);
    assert_memory_equal(tokens.ids, ids, count * sizeof *ids);
    assay_tokens_done(&tokens);
}
#define IDS(...) ((const int32_t[]){__VA_ARGS__}), (sizeof((const int32_t[]){__VA_ARGS__}) / sizeof(int32_t))

static void the_lowest_rank_merges_first_and_the_leftmost_of_equals(void **state)
{
    (void)state;
    static const char *const MERGES[] = {"b c", "a b", "ab bc", "a a"};
    struct bench bench;
    assert_int_equal(bench_init(&bench, "gpt2", MERGES, 4), ASSAY_OK);
    assert_ids(&bench, "abc", false, IDS('a', MERGED + 0));       /* b c before a b */
    assert_ids(&bench, "abbc", false, IDS(MERGED + 2));           /* ab and bc, then both */
    assert_ids(&bench, "aaa", false, IDS(MERGED + 3, 'a'));       /* leftmost */
    assert_ids(&bench, "a bc", false, IDS('a', ' ', MERGED + 0)); /* never across pieces */
    bench_done(&bench);
}

static void control_tokens_in_text_are_text_unless_asked_for(void **state)
{
    (void)state;
    struct bench bench;
    assert_int_equal(bench_init(&bench, "gpt2", NULL, 0), ASSAY_OK);
    assert_ids(&bench, "x<|end|>", true, IDS('x', CONTROL));
    assert_ids(&bench, "x<|end|>", false, IDS('x', '<', '|', 'e', 'n', 'd', '|', '>'));
    assert_ids(&bench, "<tool>x", false, IDS(USER, 'x'));
    assert_int_equal(assay_tokenizer_eos(bench.tokenizer), CONTROL);
    assert_int_equal(assay_tokenizer_bos(bench.tokenizer), ASSAY_TOKEN_NONE);
    assert_true(assay_tokenizer_is_control(bench.tokenizer, CONTROL));
    assert_int_equal(assay_tokenizer_bytes(bench.tokenizer, -5).len, 0);
    bench_done(&bench);
}

static void every_byte_string_comes_back(void **state)
{
    (void)state;
    static const char *const PRES[] = {"gpt-2", "gpt2", "smollm", "llama-bpe", "llama3"};
    static const char *const MERGES[] = {"b c", "a b", "ab bc", "a a"};
    for (size_t p = 0; p < sizeof PRES / sizeof PRES[0]; p++) {
        struct bench bench;
        assert_int_equal(bench_init(&bench, PRES[p], MERGES, 4), ASSAY_OK);
        uint64_t draw = 88172645463325252u;
        for (unsigned trial = 0; trial < 2000; trial++) {
            char text[96];
            size_t len = trial % sizeof text;
            for (size_t i = 0; i < len; i++) {
                draw ^= draw << 13, draw ^= draw >> 7, draw ^= draw << 17;
                text[i] = trial % 3 == 0 ? (char)(draw >> 24) : "abc 1'\n.\xc3\xa9"[draw >> 24 & 7];
            }
            struct assay_tokens tokens = {0};
            size_t at = 0;
            assert_int_equal(
                assay_tokenizer_encode(bench.tokenizer, (struct assay_slice){text, len}, false, &tokens, NULL),
                ASSAY_OK);
            for (size_t i = 0; i < tokens.count; i++) {
                struct assay_slice bytes = assay_tokenizer_bytes(bench.tokenizer, tokens.ids[i]);
                assert_true(at + bytes.len <= len);
                assert_memory_equal(text + at, bytes.data, bytes.len);
                at += bytes.len;
            }
            assert_int_equal(at, len);
            assay_tokens_done(&tokens);
        }
        bench_done(&bench);
    }
}

static void a_long_piece_without_a_break_takes_no_longer_than_its_length(void **state)
{
    (void)state;
    static const char *const MERGES[] = {"a a"};
    struct bench bench;
    struct assay_tokens tokens = {0};
    size_t len = 1 << 20; /* quadratic work would be 10^12 steps */
    char *text = assay_alloc(len, 1);
    assert_non_null(text);
    memset(text, 'a', len);
    assert_int_equal(bench_init(&bench, "gpt2", MERGES, 1), ASSAY_OK);
    assert_int_equal(assay_tokenizer_encode(bench.tokenizer, (struct assay_slice){text, len}, false, &tokens, NULL),
                     ASSAY_OK);
    assert_int_equal(tokens.count, len / 2);
    assay_tokens_done(&tokens);
    assay_free(text);
    bench_done(&bench);
}

/* ---- how text is cut ---------------------------------------------------------------------------------------------*/

static void assert_pieces(enum assay_split split, const char *text, const char *expected)
{
    struct assay_slice rest = assay_slice_of(text);
    char got[256] = "";
    while (rest.len > 0) {
        size_t len = assay_split_next(split, rest);
        size_t used = strlen(got);
        (void)snprintf(got + used, sizeof got - used, "%.*s|", (int)len, rest.data);
        rest.data += len;
        rest.len -= len;
    }
    assert_string_equal(got, expected);
}

static void text_is_cut_as_the_published_expressions_cut_it(void **state)
{
    (void)state;
    assert_pieces(ASSAY_SPLIT_GPT2, "I've 12 cats, they'll  run!?\n\n", "I|'ve| 12| cats|,| they|'ll| | run|!?|\n\n|");
    assert_pieces(ASSAY_SPLIT_GPT2, "IT'S", "IT|'|S|");
    assert_pieces(ASSAY_SPLIT_GPT2, "a \n b", "a| \n| b|");
    assert_pieces(ASSAY_SPLIT_SMOLLM, "v 1234", "v| |1|2|3|4|");
    assert_pieces(ASSAY_SPLIT_SMOLLM, "x\n  5 y", "x|\n  |5| y|");
    assert_pieces(ASSAY_SPLIT_LLAMA_BPE, "IT'S 12345", "IT|'S| |123|45|");
    assert_pieces(ASSAY_SPLIT_LLAMA_BPE, "a.b(c)\n\n  d", "a|.b|(c|)\n\n| | d|");
    assert_pieces(ASSAY_SPLIT_LLAMA_BPE, "x \n\n y", "x| \n\n| y|");
    assert_pieces(ASSAY_SPLIT_GPT2, "gr\xc3\xbc\xc3\x9f \xe4\xbd\xa0\xe5\xa5\xbd \xd9\xa3",
                  "gr\xc3\xbc\xc3\x9f| \xe4\xbd\xa0\xe5\xa5\xbd| \xd9\xa3|");
}

/* ---- what is refused ---------------------------------------------------------------------------------------------*/

static void metadata_that_this_build_cannot_follow_is_refused_by_name(void **state)
{
    (void)state;
    static const char *const MERGES[] = {"zz q"};
    struct bench bench;
    assert_int_equal(bench_init(&bench, "qwen9", NULL, 0), ASSAY_UNSUPPORTED);
    assert_non_null(strstr(bench.err.message, "pre-tokenizer 'qwen9'"));
    bench_done(&bench);
    assert_int_equal(bench_init(&bench, "gpt2", MERGES, 1), ASSAY_MALFORMED);
    assert_non_null(strstr(bench.err.message, "merges[0] joins what are no tokens"));
    bench_done(&bench);
}

static void a_merge_without_a_side_is_refused(void **state)
{
    (void)state;
    static const char *const MERGES[] = {" b", "a ", " "};
    for (size_t i = 0; i < sizeof MERGES / sizeof MERGES[0]; i++) {
        struct bench bench;
        assert_int_equal(bench_init(&bench, "gpt2", &MERGES[i], 1), ASSAY_MALFORMED);
        assert_non_null(strstr(bench.err.message, "merges[0] joins what are no tokens"));
        bench_done(&bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lowest_rank_merges_first_and_the_leftmost_of_equals),
        cmocka_unit_test(control_tokens_in_text_are_text_unless_asked_for),
        cmocka_unit_test(every_byte_string_comes_back),
        cmocka_unit_test(a_long_piece_without_a_break_takes_no_longer_than_its_length),
        cmocka_unit_test(text_is_cut_as_the_published_expressions_cut_it),
        cmocka_unit_test(metadata_that_this_build_cannot_follow_is_refused_by_name),
        cmocka_unit_test(a_merge_without_a_side_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
