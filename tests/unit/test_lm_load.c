/* From a file to weights where a pass reads them: packed as the formats say, whatever happens to the file. */
#include "base/file.h"
#include "base/map.h"
#include "base/mem.h"
#include "kernel/kernel.h"
#include "kernel/ternary/ternary.h"
#include "lm/lm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define FILE_BYTES_MAX ((size_t)1 << 28)
#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* One table for embedding and head, more than what is read of a file at first. */
#define WIDE "1,256,256,4,2,8000"

static const int32_t IDS[] = {84, 104, 101, 32, 99, 97, 112};

static void make_shape(const char *shape, const char *format, const char *head, struct assay_buf *file)
{
    const struct assay_synth synth = {
        .shape = shape, .format = format, .head = head, .seed = 11, .zero_share = ASSAY_SYNTH_ZERO_SHARE};
    assay_buf_init(file, FILE_BYTES_MAX);
    assert_int_equal(assay_synth_make(&synth, file, NULL), ASSAY_OK);
}

static void make(const char *format, const char *head, struct assay_buf *file)
{
    make_shape("tiny", format, head, file);
}

/* A file of its own in the folder of temporary ones. */
static void put(const void *bytes, size_t len, char path[64])
{
    (void)snprintf(path, 64, "/tmp/assay-load-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(assay_fd_write(fd, bytes, len, path, NULL), ASSAY_OK);
    assert_int_equal(close(fd), 0);
}

static struct assay_engine *open_file(const char *path, uint64_t threads)
{
    const struct assay_engine_setup setup = {.threads = threads, .context = 32, .pin = ASSAY_SWITCH_OFF};
    struct assay_engine *engine = NULL;
    assay_err err = {0};
    if (assay_engine_open(path, &setup, &engine, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    return engine;
}

static struct assay_engine *open_memory(const struct assay_buf *file)
{
    const struct assay_engine_setup setup = {.threads = 1, .context = 32, .pin = ASSAY_SWITCH_OFF};
    struct assay_engine *engine = NULL;
    assert_int_equal(assay_engine_new((const uint8_t *)file->data, file->len, &setup, &engine, NULL), ASSAY_OK);
    return engine;
}

static void assert_same_logits(struct assay_engine *a, struct assay_engine *b)
{
    struct assay_engine *engines[] = {a, b};
    struct assay_session *sessions[2];
    const float *logits[2];
    size_t count = assay_tokenizer_count(assay_engine_model(a)->tokenizer);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(assay_session_new(engines[i], 0, &sessions[i], NULL), ASSAY_OK);
        assert_int_equal(assay_session_eval(sessions[i], IDS, COUNT_OF(IDS), &logits[i], NULL), ASSAY_OK);
    }
    assert_memory_equal(logits[0], logits[1], count * sizeof *logits[0]);
    assay_session_free(sessions[0]);
    assay_session_free(sessions[1]);
}

/* ---- what is loaded ----------------------------------------------------------------------------------------------*/

static void a_file_gives_the_model_that_its_bytes_give(void **state)
{
    (void)state;
    static const struct {
        const char *format, *head, *shape;
    } MODELS[] = {{"i2_s", "q6_k", "tiny"}, {"tq2_0", "f16", "tiny"},   {"tq1_0", "q8_0", "tiny"},
                  {"i2_s", "q4_1", "tiny"}, {"iq2_bn", "q6_k", "tiny"}, {"i2_s", "q6_k", WIDE},
                  {"i2_s", "q8_0", WIDE},   {"i2_s", "q4_0", WIDE},     {"i2_s", "f16", WIDE}};
    for (size_t i = 0; i < COUNT_OF(MODELS); i++) {
        struct assay_buf file;
        char path[64];
        make_shape(MODELS[i].shape, MODELS[i].format, MODELS[i].head, &file);
        put(file.data, file.len, path);
        struct assay_engine *from_file = open_file(path, 3), *from_memory = open_memory(&file);
        assert_same_logits(from_file, from_memory);
        assay_engine_free(from_file);
        assay_engine_free(from_memory);
        assay_buf_done(&file);
        assert_int_equal(unlink(path), 0);
    }
}

static void what_becomes_of_the_file_does_not_matter_to_a_loaded_model(void **state)
{
    (void)state;
    struct assay_buf file;
    char path[64];
    make("i2_s", "q8_0", &file);
    put(file.data, file.len, path);
    struct assay_engine *from_file = open_file(path, 2), *from_memory = open_memory(&file);
    assert_int_equal(truncate(path, 0), 0);
    assert_same_logits(from_file, from_memory);
    const struct assay_gguf_value *name = assay_gguf_find(assay_engine_model(from_file)->gguf, "general.name");
    struct assay_slice text;
    assert_int_equal(assay_gguf_text(name, &text, NULL), ASSAY_OK);
    assert_true(assay_slice_starts(text, "synthetic"));
    assay_engine_free(from_file);
    assay_engine_free(from_memory);
    assay_buf_done(&file);
    assert_int_equal(unlink(path), 0);
}

static void a_file_that_gets_shorter_while_it_is_read_is_an_error(void **state)
{
    (void)state;
    struct assay_buf file;
    struct assay_source source;
    struct assay_kernel_set *set = NULL;
    struct assay_model *model = NULL;
    assay_err err = {0};
    char path[64];
    make("i2_s", "f16", &file);
    put(file.data, file.len, path);
    assert_int_equal(assay_kernel_set_new(NULL, &set, NULL), ASSAY_OK);
    assert_int_equal(assay_kernel_set_ready(set, NULL), ASSAY_OK);
    const struct assay_model_setup setup = {.pages = ASSAY_PAGES_SMALL};
    assert_int_equal(assay_source_open(path, &source, NULL), ASSAY_OK);
    assert_int_equal(truncate(path, (off_t)file.len - 1000), 0);
    assert_int_equal(assay_model_new(&source, set, &setup, &model, &err), ASSAY_IO);
    assert_non_null(strstr(err.message, "it was changed while it was read"));
    assay_source_close(&source);
    assay_kernel_set_free(set);
    assay_buf_done(&file);
    assert_int_equal(unlink(path), 0);
}

static void a_mapped_file_that_is_cut_off_ends_the_program_with_a_status(void **state)
{
    (void)state;
    static const char BYTES[8192] = {1};
    char path[64];
    put(BYTES, sizeof BYTES, path);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct assay_map map;
        assay_map_explain();
        (void)close(STDERR_FILENO);
        bool is_mapped = assay_map_open(path, &map, NULL) == ASSAY_OK && truncate(path, 0) == 0;
        _exit(is_mapped ? ((const volatile uint8_t *)map.data)[5000] : 9);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), assay_code_exit(ASSAY_IO));
    assert_int_equal(unlink(path), 0);
}

/* Longer than the first guess at it, and than the second. */
static void the_head_of_a_file_may_be_long(void **state)
{
    (void)state;
    enum { LONG = 5 << 20 };
    static char text[LONG + 1];
    const float value = 7;
    struct assay_gguf_writer *writer = NULL;
    struct assay_gguf *gguf = NULL;
    struct assay_source source;
    struct assay_buf file;
    char path[64];
    memset(text, 'x', LONG);
    assay_buf_init(&file, FILE_BYTES_MAX);
    assert_int_equal(assay_gguf_writer_new(&writer, NULL), ASSAY_OK);
    assay_gguf_put_text(writer, "long", text);
    assay_gguf_put_u32(writer, "behind", 5);
    assay_gguf_put_tensor(writer, "one", ASSAY_FORMAT_F32, 1, 1, (const uint8_t *)&value, sizeof value);
    assert_int_equal(assay_gguf_finish(writer, &file, NULL), ASSAY_OK);
    put(file.data, file.len, path);
    assert_int_equal(assay_source_open(path, &source, NULL), ASSAY_OK);
    assert_int_equal(assay_gguf_read(&source, &gguf, NULL), ASSAY_OK);
    uint64_t behind = 0;
    assert_int_equal(assay_gguf_u64(assay_gguf_find(gguf, "behind"), 9, &behind, NULL), ASSAY_OK);
    assert_int_equal(behind, 5);
    float there = 0;
    assert_int_equal(assay_source_read(&source, gguf->tensors[0].offset, &there, sizeof there, NULL), ASSAY_OK);
    assert_true(there == value);
    assay_gguf_free(gguf);
    assay_source_close(&source);
    assay_buf_done(&file);
    assert_int_equal(unlink(path), 0);
}

/* ---- what is refused ---------------------------------------------------------------------------------------------*/

static uint8_t *bytes_of(const struct assay_buf *file, const char *name)
{
    struct assay_gguf *gguf = NULL;
    assert_int_equal(assay_gguf_parse((const uint8_t *)file->data, file->len, &gguf, NULL), ASSAY_OK);
    uint64_t offset = assay_gguf_tensor(gguf, name)->offset;
    assay_gguf_free(gguf);
    return (uint8_t *)file->data + offset;
}

static void assert_refused(const struct assay_buf *file, assay_code code, const char *says)
{
    for (uint64_t threads = 1; threads <= 3; threads++) {
        const struct assay_engine_setup setup = {.threads = threads, .pin = ASSAY_SWITCH_OFF};
        struct assay_engine *engine = NULL;
        assay_err err = {0};
        assert_int_equal(assay_engine_new((const uint8_t *)file->data, file->len, &setup, &engine, &err), code);
        if (!strstr(err.message, says)) {
            fail_msg("'%s' does not say '%s'", err.message, says);
        }
    }
}

static void the_first_fault_is_told_whichever_thread_finds_it(void **state)
{
    (void)state;
    struct assay_buf file;
    make("i2_s", "f16", &file);
    bytes_of(&file, "blk.1.ffn_down.weight")[5] = 0xff;
    bytes_of(&file, "blk.0.ffn_up.weight")[64] |= 0x03;
    assert_refused(&file, ASSAY_MALFORMED,
                   "blk.0.ffn_up.weight': I2_S: 1 weights have code 3, the first is element 352");
    assay_buf_done(&file);
    make("tq1_0", "f16", &file);
    bytes_of(&file, "blk.1.ffn_down.weight")[54 * 3 + 5] = 0x01;
    assert_refused(&file, ASSAY_MALFORMED, "TQ1_0: byte 5 of block 3 is 0x01, which no trits give");
    assay_buf_done(&file);
}

static void blocks_of_two_scales_are_refused_with_their_row(void **state)
{
    (void)state;
    static const struct {
        const char *format;
        size_t block, scale;
    } FORMATS[] = {{"tq2_0", 66, 64}, {"tq1_0", 54, 52}, {"iq2_bn", 68, 2}};
    for (size_t i = 0; i < COUNT_OF(FORMATS); i++) {
        struct assay_buf file;
        make(FORMATS[i].format, "f16", &file);
        uint8_t *scale = bytes_of(&file, "blk.1.attn_q.weight") + 4 * FORMATS[i].block + FORMATS[i].scale;
        scale[1] ^= 0x04; /* twice as large, or half */
        assert_refused(&file, ASSAY_UNSUPPORTED, "the scale of row 4 is");
        scale[1] = scale[0] = 0xff;
        assert_refused(&file, ASSAY_MALFORMED, "the scale of row 4 is");
        assay_buf_done(&file);
    }
}

/* ---- packers -----------------------------------------------------------------------------------------------------*/

/* Against the formats as src/lm writes them, code by code; two blocks have scale 0. */
static void packers_give_the_codes_of_the_formats(void **state)
{
    (void)state;
    enum { ROWS = 19, COLUMNS = 512, GROUPS = 3, BLOCKS = COLUMNS / 256, MUTE = 5 };
    static const struct {
        enum assay_format format;
        const char *packer;
        size_t block, scale, scale_bytes, columns; /* of one scale; 0: none */
    } FORMATS[] = {{ASSAY_FORMAT_I2_S, "pack_ternary", 0, 0, 0, 0},
                   {ASSAY_FORMAT_TQ2_0, "pack_tq2", 66, 64, 2, 256},
                   {ASSAY_FORMAT_TQ1_0, "pack_tq1", 54, 52, 2, 256},
                   {ASSAY_FORMAT_IQ2_BN, "pack_iq2bn", 4 + COLUMNS / 4, 0, 4, COLUMNS}};
    static uint8_t codes[ROWS * COLUMNS], file[ROWS * COLUMNS];
    _Alignas(64) static uint8_t lanes[GROUPS * 8 * COLUMNS / 4], marks[GROUPS], scales[ROWS * BLOCKS * 4];
    struct assay_kernel_set *set = NULL;
    assert_int_equal(assay_kernel_set_new(NULL, &set, NULL), ASSAY_OK);
    for (size_t i = 0; i < sizeof codes; i++) {
        codes[i] = (uint8_t)(i * i / 7 % 3);
    }
    for (size_t f = 0; f < COUNT_OF(FORMATS); f++) {
        bool has_scales = FORMATS[f].block > 0;
        const struct assay_kernel_operation *op = assay_kernel_set_find(set, FORMATS[f].packer, "lane2");
        struct assay_kernel_call call = {
            .shape = {ROWS, COLUMNS, 1, 1}, .in = {file}, .out = {lanes, has_scales ? scales : marks, marks}};
        assay_format_pack(FORMATS[f].format, codes, ROWS, COLUMNS, 0.5F, file);
        if (has_scales) {
            memset(file + MUTE * FORMATS[f].block + FORMATS[f].scale, 0, FORMATS[f].scale_bytes);
        }
        op->rows[0]->run(&call);
        for (uint64_t row = 0; row < ROWS; row++) {
            for (uint64_t at = 0; at < COLUMNS; at++) {
                bool is_mute = has_scales && (row * COLUMNS + at) / FORMATS[f].columns == MUTE;
                assert_int_equal(kernel_ternary_code_lane2(lanes, COLUMNS, row, at),
                                 is_mute ? 1 : codes[row * COLUMNS + at]);
            }
        }
        for (size_t i = 0; i < GROUPS; i++) {
            assert_int_equal(marks[i], 0);
        }
    }
    assay_kernel_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_gives_the_model_that_its_bytes_give),
        cmocka_unit_test(what_becomes_of_the_file_does_not_matter_to_a_loaded_model),
        cmocka_unit_test(a_file_that_gets_shorter_while_it_is_read_is_an_error),
        cmocka_unit_test(a_mapped_file_that_is_cut_off_ends_the_program_with_a_status),
        cmocka_unit_test(the_head_of_a_file_may_be_long),
        cmocka_unit_test(the_first_fault_is_told_whichever_thread_finds_it),
        cmocka_unit_test(blocks_of_two_scales_are_refused_with_their_row),
        cmocka_unit_test(packers_give_the_codes_of_the_formats),
    };
    return cmocka_run_group_tests_name("lm load", tests, NULL, NULL);
}
