#include "crypto/crypto.h"
#include "support/hex.h"
#include "support/source_root.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The example of c2sp.org/signed-note, with the key that golang.org/x/mod/sumdb/note documents for it. */
static const char PETER_VKEY[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
static const char PETER_NOTE[] =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "\xe2\x80\x94 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

static void a_published_note_verifies_with_its_published_key(void **state)
{
    (void)state;
    struct assay_note note;
    struct assay_note_key key;
    enum assay_note_state found;
    uint64_t time_s;
    assert_int_equal(assay_note_key_read(PETER_VKEY, &key, NULL), ASSAY_OK);
    assert_string_equal(key.name, "PeterNeumann");
    assert_int_equal(assay_note_read(PETER_NOTE, sizeof PETER_NOTE - 1, &note, NULL), ASSAY_OK);
    assert_int_equal(assay_note_check(&note, &key, &found, &time_s, NULL), ASSAY_OK);
    assert_int_equal(found, ASSAY_NOTE_GOOD);
    struct assay_buf text;
    assay_buf_init(&text, 512);
    assay_note_key_write(&key, &text);
    assert_string_equal(text.data, PETER_VKEY);
    assay_buf_done(&text);
}

static void every_changed_byte_of_a_note_is_noticed(void **state)
{
    (void)state;
    char bytes[sizeof PETER_NOTE];
    struct assay_note_key key;
    assert_int_equal(assay_note_key_read(PETER_VKEY, &key, NULL), ASSAY_OK);
    for (size_t i = 0; i + 1 < sizeof PETER_NOTE; i++) {
        struct assay_note note;
        enum assay_note_state found = ASSAY_NOTE_UNSIGNED;
        uint64_t time_s;
        memcpy(bytes, PETER_NOTE, sizeof bytes);
        bytes[i] ^= 1;
        if (assay_note_read(bytes, sizeof bytes - 1, &note, NULL) == ASSAY_OK) {
            assert_int_equal(assay_note_check(&note, &key, &found, &time_s, NULL), ASSAY_OK);
        }
        if (found == ASSAY_NOTE_GOOD) {
            fail_msg("byte %zu", i);
        }
    }
}

struct signer {
    struct assay_secret_key secret;
    struct assay_note_key key;
};

static void make_signer(unsigned char first, const char *name, enum assay_note_kind kind, struct signer *ret)
{
    unsigned char seed[32] = {first};
    struct assay_public_key public;
    assay_secret_key_init(&ret->secret, seed);
    assay_secret_key_public(&ret->secret, &public);
    assert_int_equal(assay_note_key_make(name, kind, &public, &ret->key, NULL), ASSAY_OK);
}

static void a_checkpoint_with_cosignatures_gives_size_root_and_time(void **state)
{
    (void)state;
    struct signer log, witness;
    struct assay_checkpoint made = {.origin = "example.org/log", .size = 20852163, .root = {1, 2, 3}}, read;
    struct assay_buf file;
    struct assay_note note;
    enum assay_note_state found;
    uint64_t time_s;
    make_signer(1, "example.org/log", ASSAY_NOTE_ED25519, &log);
    make_signer(2, "witness.example", ASSAY_NOTE_COSIGNATURE, &witness);
    assay_buf_init(&file, ASSAY_NOTE_BYTES_MAX);
    assay_checkpoint_write(&made, &file);
    struct assay_slice text = {file.data, file.len};
    struct assay_buf lines;
    assay_buf_init(&lines, 4096);
    assert_int_equal(assay_note_sign(text, &log.key, &log.secret, 0, &lines, NULL), ASSAY_OK);
    assert_int_equal(assay_note_sign(text, &witness.key, &witness.secret, 1790000000, &lines, NULL), ASSAY_OK);
    assay_buf_char(&file, '\n');
    assay_buf_append(&file, lines.data, lines.len);
    assert_int_equal(assay_note_read(file.data, file.len, &note, NULL), ASSAY_OK);
    assert_int_equal(assay_note_check(&note, &log.key, &found, &time_s, NULL), ASSAY_OK);
    assert_int_equal(found, ASSAY_NOTE_GOOD);
    assert_int_equal(assay_note_check(&note, &witness.key, &found, &time_s, NULL), ASSAY_OK);
    assert_int_equal(found, ASSAY_NOTE_GOOD);
    assert_int_equal(time_s, 1790000000);
    assert_int_equal(assay_checkpoint_read(note.text, &read, NULL), ASSAY_OK);
    assert_string_equal(read.origin, "example.org/log");
    assert_int_equal(read.size, 20852163);
    assert_memory_equal(read.root, made.root, 32);
    assay_buf_done(&lines);
    assay_buf_done(&file);
}

/* The same key as a log key and as a cosignature key has two ids and signs two texts. */
static void a_line_of_one_kind_is_none_of_the_other(void **state)
{
    (void)state;
    struct signer log;
    struct assay_note_key as_witness;
    static const char TEXT[] = "o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    struct assay_buf file;
    struct assay_note note;
    enum assay_note_state found;
    uint64_t time_s;
    make_signer(3, "o", ASSAY_NOTE_ED25519, &log);
    assert_int_equal(assay_note_key_make("o", ASSAY_NOTE_COSIGNATURE, &log.key.key, &as_witness, NULL), ASSAY_OK);
    assert_int_not_equal(as_witness.id, log.key.id);
    assay_buf_init(&file, 4096);
    assay_buf_text(&file, TEXT);
    assay_buf_char(&file, '\n');
    assert_int_equal(assay_note_sign(ASSAY_SLICE(TEXT), &log.key, &log.secret, 0, &file, NULL), ASSAY_OK);
    assert_int_equal(assay_note_read(file.data, file.len, &note, NULL), ASSAY_OK);
    assert_int_equal(assay_note_check(&note, &as_witness, &found, &time_s, NULL), ASSAY_OK);
    assert_int_equal(found, ASSAY_NOTE_UNSIGNED);
    assay_buf_done(&file);
}

static void unknown_signatures_are_taken_up_to_the_cap(void **state)
{
    (void)state;
    struct assay_buf file;
    struct assay_note note;
    for (size_t lines = 16; lines <= 101; lines += lines == 16 ? 84 : 1) {
        assay_buf_init(&file, ASSAY_NOTE_BYTES_MAX);
        assay_buf_text(&file, "text\n\n");
        for (size_t i = 0; i < lines; i++) {
            assay_buf_printf(&file, "\xe2\x80\x94 k%zu AAAAAAA=\n", i);
        }
        assert_int_equal(assay_note_read(file.data, file.len, &note, NULL), lines <= 100 ? ASSAY_OK : ASSAY_TOO_LARGE);
        assay_buf_done(&file);
    }
}

static void what_is_no_note_is_refused(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {
        "",
        "text\n",
        "text\n\n",
        "\n\n",
        "text\n\n- k AAAAAAA=\n",
        "text\n\n\xe2\x80\x94 k AAAAAAA=",
        "text\n\n\xe2\x80\x94  AAAAAAA=\n",
        "text\n\n\xe2\x80\x94 a+b AAAAAAA=\n",
        "text\n\n\xe2\x80\x94 a\xc2\xa0"
        "b AAAAAAA=\n",
        "text\n\n\xe2\x80\x94 k AAAA\n",
        "text\n\n\xe2\x80\x94 k AAAAAA==\n",
        "text\n\n\xe2\x80\x94 k AAAAAAB=\n",
        "text\n\n\xe2\x80\x94 k\n",
        "te\txt\n\n\xe2\x80\x94 k AAAAAAA=\n",
        "te\xff\n\n\xe2\x80\x94 k AAAAAAA=\n",
        "text\n\xe2\x80\x94 k AAAAAAA=\n",
        "text\n\n\xe2\x80\x94 k AAAAAAA=\nmore\n",
    };
    struct assay_note note;
    static const char GOOD[] = "text\n\n\xe2\x80\x94 k AAAAAAA=\n";
    assert_int_equal(assay_note_read(GOOD, sizeof GOOD - 1, &note, NULL), ASSAY_OK);
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        if (assay_note_read(TEXTS[i], strlen(TEXTS[i]), &note, NULL) == ASSAY_OK) {
            fail_msg("case %zu was read", i);
        }
    }
}

static void what_is_no_verifier_key_is_refused(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+AhpC2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T=",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWAA==",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWAAAA",
        "PeterNeumann+c74f20a3+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    };
    struct assay_note_key key;
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        if (assay_note_key_read(TEXTS[i], &key, NULL) == ASSAY_OK) {
            fail_msg("case %zu was read", i);
        }
    }
}

/* ---- the cases of golang.org/x/mod/sumdb/note (tests/data/note) ---- */

static void the_published_notes_are_judged_as_published(void **state)
{
    (void)state;
    static char hex[65536];
    static unsigned char bytes[32768];
    char path[4096], name[64], expected[16];
    struct assay_note_key key;
    size_t count = 0;
    (void)snprintf(path, sizeof path, "%s/tests/data/note/notes.txt", source_root());
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(assay_note_key_read(PETER_VKEY, &key, NULL), ASSAY_OK);
    for (; fscanf(file, "%63s %15s %65535s", name, expected, hex) == 3; count++) {
        static struct assay_note note; /* the one before is still in it */
        enum assay_note_state found = ASSAY_NOTE_UNSIGNED;
        uint64_t time_s;
        size_t len = unhex(hex, bytes, sizeof bytes);
        bool is_note = assay_note_read((const char *)bytes, len, &note, NULL) == ASSAY_OK;
        if (is_note) {
            assert_int_equal(assay_note_check(&note, &key, &found, &time_s, NULL), ASSAY_OK);
        }
        const char *said = !is_note                       ? "malformed"
                           : found == ASSAY_NOTE_GOOD     ? "good"
                           : found == ASSAY_NOTE_UNSIGNED ? "unsigned"
                                                          : "false";
        bool is_due = strcmp(expected, "not-good") == 0 ? found != ASSAY_NOTE_GOOD : strcmp(said, expected) == 0;
        if (!is_due) {
            fail_msg("%s: %s instead of %s", name, said, expected);
        }
    }
    (void)fclose(file);
    assert_int_equal(count, 15);
}

static void no_part_of_a_verifier_key_is_one(void **state)
{
    (void)state;
    const size_t len = sizeof PETER_VKEY - 1;
    struct assay_note_key key;
    size_t parts = 0;
    for (size_t i = 0; i <= len; i++) {
        for (size_t j = i + 1; j <= len; j++) {
            char text[sizeof PETER_VKEY];
            (void)snprintf(text, sizeof text, "%.*s", (int)(j - i), PETER_VKEY + i);
            bool is_whole = i == 0 && j == len;
            assert_int_equal(assay_note_key_read(text, &key, NULL) == ASSAY_OK, is_whole);
            parts += !is_whole;
        }
    }
    assert_int_equal(parts, 2210);
    for (size_t i = 0; i < len; i++) {
        char text[sizeof PETER_VKEY];
        memcpy(text, PETER_VKEY, sizeof text);
        text[i]++;
        assert_int_not_equal(assay_note_key_read(text, &key, NULL), ASSAY_OK);
    }
    assert_int_not_equal(
        assay_note_key_read("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==", &key, NULL),
        ASSAY_OK);
    assert_int_not_equal(
        assay_note_key_read("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", &key, NULL),
        ASSAY_OK);
}

/* A name as long as may be, and one byte more. */
static void a_key_has_a_name_up_to_its_limit(void **state)
{
    (void)state;
    char name[ASSAY_NOTE_NAME_BYTES_MAX + 2];
    struct signer signer;
    struct assay_note_key key;
    struct assay_buf text;
    memset(name, 'n', sizeof name);
    name[ASSAY_NOTE_NAME_BYTES_MAX] = '\0';
    make_signer(9, name, ASSAY_NOTE_ED25519, &signer);
    assay_buf_init(&text, 4096);
    assay_note_key_write(&signer.key, &text);
    assert_int_equal(assay_note_key_read(text.data, &key, NULL), ASSAY_OK);
    assert_string_equal(key.name, name);
    char *longer = malloc(text.len + 2);
    assert_non_null(longer);
    longer[0] = 'n';
    memcpy(longer + 1, text.data, text.len + 1);
    assert_int_equal(assay_note_key_read(longer, &key, NULL), ASSAY_MALFORMED);
    free(longer);
    assay_buf_done(&text);
}

static void what_is_no_checkpoint_is_refused(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {
        "",
        "o\n",
        "o\n1\n",
        "\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "o\n01\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "o\n-1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "o\n9223372036854775808\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "o\n1\nAAAA\n",
        "o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nextension\n",
        "o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n",
        "o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nx",
    };
    struct assay_checkpoint checkpoint;
    assert_int_equal(
        assay_checkpoint_read(ASSAY_SLICE("o\n0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"), &checkpoint, NULL),
        ASSAY_OK);
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        if (assay_checkpoint_read(assay_slice_of(TEXTS[i]), &checkpoint, NULL) == ASSAY_OK) {
            fail_msg("case %zu was read", i);
        }
    }
}

/* The property White_Space of Unicode, '+', and what is not printed of ASCII: written down here a second time. */
static bool is_forbidden(uint32_t point)
{
    static const uint32_t SPACES[] = {0x20,   0x85,   0xa0,   0x1680, 0x2000, 0x2001, 0x2002,
                                      0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009,
                                      0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, '+'};
    bool is_found = point < 0x20;
    for (size_t i = 0; i < sizeof SPACES / sizeof SPACES[0]; i++) {
        is_found = is_found || SPACES[i] == point;
    }
    return is_found;
}

static void a_name_has_no_white_space_of_any_script(void **state)
{
    (void)state;
    for (uint32_t point = 1; point < 0x3100; point++) {
        char name[8] = "a";
        size_t len = 1;
        if (point < 0x80) {
            name[len++] = (char)point;
        } else if (point < 0x800) {
            name[len++] = (char)(0xc0 | point >> 6);
            name[len++] = (char)(0x80 | (point & 63));
        } else {
            name[len++] = (char)(0xe0 | point >> 12);
            name[len++] = (char)(0x80 | (point >> 6 & 63));
            name[len++] = (char)(0x80 | (point & 63));
        }
        if (assay_note_name_is_good((struct assay_slice){name, len}) != !is_forbidden(point)) {
            fail_msg("U+%04X", (unsigned)point);
        }
        name[len] = 'b'; /* and wherever it stands */
        if (assay_note_name_is_good((struct assay_slice){name + 1, len}) != !is_forbidden(point)) {
            fail_msg("U+%04X first", (unsigned)point);
        }
    }
    assert_false(assay_note_name_is_good((struct assay_slice){"a\xff", 2}));
    assert_false(assay_note_name_is_good((struct assay_slice){"", 0}));
}

static void a_note_is_read_up_to_a_mebibyte(void **state)
{
    (void)state;
    for (size_t over = 0; over <= 1; over++) {
        char *bytes = calloc(1, ASSAY_NOTE_BYTES_MAX + 2);
        struct assay_note *note = calloc(1, sizeof *note);
        assert_true(bytes && note);
        memset(bytes, 'x', ASSAY_NOTE_BYTES_MAX + over);
        assert_int_equal(assay_note_read(bytes, ASSAY_NOTE_BYTES_MAX + over, note, NULL),
                         over ? ASSAY_TOO_LARGE : ASSAY_MALFORMED);
        free(bytes);
        free(note);
    }
}

static void a_number_of_a_log_has_one_spelling(void **state)
{
    (void)state;
    static const struct {
        const char *text; /* NULL: nothing at all */
        uint64_t value;
        bool is_good;
    } CASES[] = {
        {NULL, 0, false},
        {"", 0, false},
        {"0", 0, true},
        {"9", 9, true},
        {"10", 10, true},
        {"00", 0, false},
        {"01", 0, false},
        {"+1", 0, false},
        {"-1", 0, false},
        {" 1", 0, false},
        {"1 ", 0, false},
        {"1a", 0, false},
        {"a1", 0, false},
        {"/", 0, false},
        {":", 0, false},
        {"1e3", 0, false},
        {"0x1", 0, false},
        {"1099", 1099, true},
        {"9223372036854775807", INT64_MAX, true},
        {"9223372036854775808", 0, false},
        {"18446744073709551616", 0, false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        uint64_t value = 12345;
        struct assay_slice text = CASES[i].text ? assay_slice_of(CASES[i].text) : (struct assay_slice){NULL, 0};
        assert_int_equal(assay_tlog_number_read(text, &value), CASES[i].is_good);
        if (CASES[i].is_good) {
            assert_int_equal(value, CASES[i].value);
        }
    }
}

static void a_checkpoint_has_an_origin_up_to_its_limit(void **state)
{
    (void)state;
    for (size_t len = ASSAY_NOTE_NAME_BYTES_MAX - 1; len <= ASSAY_NOTE_NAME_BYTES_MAX + 1; len++) {
        char text[512];
        struct assay_checkpoint checkpoint;
        assay_err err = {0};
        memset(text, 'o', len);
        (void)snprintf(text + len, sizeof text - len, "\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=\n");
        assay_code rc = assay_checkpoint_read(assay_slice_of(text), &checkpoint, &err);
        assert_int_equal(rc, len <= ASSAY_NOTE_NAME_BYTES_MAX ? ASSAY_OK : ASSAY_MALFORMED);
        if (rc == ASSAY_OK) {
            assert_int_equal(strlen(checkpoint.origin), len);
            assert_int_equal(checkpoint.size, 7);
        } else {
            assert_string_equal(err.message, "the checkpoint's origin has 256 bytes, expected 1 to 255");
        }
    }
}

static void a_root_of_another_length_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *text, *due;
    } CASES[] = {
        {"o\n1\nAAAA\n", "3 bytes, expected 32"},
        {"o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n", "31 bytes, expected 32"},
        {"o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n", "33 bytes, expected 32"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct assay_checkpoint checkpoint;
        assay_err err = {0};
        assert_int_equal(assay_checkpoint_read(assay_slice_of(CASES[i].text), &checkpoint, &err), ASSAY_MALFORMED);
        assert_non_null(strstr(err.message, CASES[i].due));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_published_note_verifies_with_its_published_key),
        cmocka_unit_test(every_changed_byte_of_a_note_is_noticed),
        cmocka_unit_test(a_checkpoint_with_cosignatures_gives_size_root_and_time),
        cmocka_unit_test(a_line_of_one_kind_is_none_of_the_other),
        cmocka_unit_test(unknown_signatures_are_taken_up_to_the_cap),
        cmocka_unit_test(what_is_no_note_is_refused),
        cmocka_unit_test(what_is_no_verifier_key_is_refused),
        cmocka_unit_test(the_published_notes_are_judged_as_published),
        cmocka_unit_test(no_part_of_a_verifier_key_is_one),
        cmocka_unit_test(a_key_has_a_name_up_to_its_limit),
        cmocka_unit_test(what_is_no_checkpoint_is_refused),
        cmocka_unit_test(a_name_has_no_white_space_of_any_script),
        cmocka_unit_test(a_note_is_read_up_to_a_mebibyte),
        cmocka_unit_test(a_number_of_a_log_has_one_spelling),
        cmocka_unit_test(a_checkpoint_has_an_origin_up_to_its_limit),
        cmocka_unit_test(a_root_of_another_length_is_said),
    };
    if (assay_crypto_init(NULL) != ASSAY_OK) {
        return 1;
    }
    return cmocka_run_group_tests_name("crypto_note", tests, NULL, NULL);
}
