/* Notes and keys at their edges: what each refusal says, which lines of a key count, and the answers of witnesses. */
#include "base/mem.h"
#include "crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DASH "\xe2\x80\x94 "
#define TEXT "example.org/log\n4\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"

struct signer {
    struct assay_secret_key secret;
    struct assay_note_key key;
};

static void make_signer(unsigned char first, const char *name, enum assay_note_kind kind, struct signer *ret)
{
    unsigned char seed[ASSAY_SEED_BYTES] = {first};
    struct assay_public_key public;
    assay_secret_key_init(&ret->secret, seed);
    assay_secret_key_public(&ret->secret, &public);
    assert_int_equal(assay_note_key_make(name, kind, &public, &ret->key, NULL), ASSAY_OK);
}

/* The line of a signature over bytes that are given as they stand, behind a head of any length. */
static void append_line(struct assay_buf *out, const struct signer *signer, const unsigned char *head, size_t head_len,
                        const char *covered, size_t covered_len, size_t signature_len)
{
    unsigned char bytes[64 + ASSAY_SIGNATURE_BYTES + 8] = {0};
    memcpy(bytes, head, head_len);
    assay_signature_make(&signer->secret, covered, covered_len, bytes + head_len);
    assay_buf_printf(out, DASH "%s ", signer->key.name);
    assay_base64_append(out, bytes, head_len + signature_len);
    assay_buf_char(out, '\n');
}

static void put_big_endian(unsigned char *to, uint64_t value, size_t bytes)
{
    while (bytes-- > 0) {
        to[bytes] = (unsigned char)value;
        value >>= 8;
    }
}

/* ---- verifier keys ---- */

static void a_verifier_key_says_what_is_wrong_with_it(void **state)
{
    (void)state;
    static const struct {
        const char *vkey;
        assay_code code;
        const char *due;
    } CASES[] = {
        {"", ASSAY_MALFORMED, "a verifier key is NAME+ID+BASE64, found ''"},
        {"PeterNeumann+c74f20a3", ASSAY_MALFORMED, "a verifier key is NAME+ID+BASE64, found 'PeterNeumann+c74f20a3'"},
        {"n+c74f20a+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", ASSAY_MALFORMED,
         "a verifier key is NAME+ID+BASE64, found 'n+c74f20a+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'"},
        {"n+c74f20a33+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", ASSAY_MALFORMED,
         "a verifier key is NAME+ID+BASE64, found 'n+c74f20a33+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'"},
        {"PeterNeumann+c74f20a3+", ASSAY_UNSUPPORTED,
         "the verifier key of 'PeterNeumann' is neither Ed25519 nor a cosignature key"},
        {"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy1w==", ASSAY_UNSUPPORTED,
         "the verifier key of 'PeterNeumann' is neither Ed25519 nor a cosignature key"},
        {"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWAA==", ASSAY_UNSUPPORTED,
         "the verifier key of 'PeterNeumann' is neither Ed25519 nor a cosignature key"},
        {"PeterNeumann+c74f20a3+AhpC2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", ASSAY_UNSUPPORTED,
         "the verifier key of 'PeterNeumann' is neither Ed25519 nor a cosignature key"},
        {"PeterNeumann+c74f20a3+A", ASSAY_MALFORMED,
         "found 1 characters of base64, expected a multiple of 4, padded with '='"},
        {"PeterNeumann+c74f20a3+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ASSAY_MALFORMED,
         "the key is no canonical encoding of a point of the prime-order subgroup of Ed25519"},
        {"Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", ASSAY_MALFORMED,
         "the name 'Peter Neumann' is no key name: 1 to 255 bytes without white space and '+' are expected"},
        {"PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", ASSAY_MALFORMED,
         "the verifier key of 'PeterNeumann' says id c74f20a4, its bytes give c74f20a3"},
        {"PeterNeumann+c74f20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", ASSAY_MALFORMED,
         "the verifier key of 'PeterNeumann' says id c74f20A3, its bytes give c74f20a3"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct assay_note_key key;
        assay_err err = {0};
        assert_int_equal(assay_note_key_read(CASES[i].vkey, &key, &err), CASES[i].code);
        assert_string_equal(err.message, CASES[i].due);
    }
}

static void a_name_one_byte_too_long_is_no_part_of_a_verifier_key(void **state)
{
    (void)state;
    char vkey[512];
    struct assay_note_key key;
    assay_err err = {0};
    memset(vkey, 'n', ASSAY_NOTE_NAME_BYTES_MAX + 1);
    (void)snprintf(vkey + ASSAY_NOTE_NAME_BYTES_MAX + 1, sizeof vkey - ASSAY_NOTE_NAME_BYTES_MAX - 1,
                   "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
    assert_int_equal(assay_note_key_read(vkey, &key, &err), ASSAY_MALFORMED);
    assert_memory_equal(err.message, "a verifier key is NAME+ID+BASE64", 32);
    vkey[ASSAY_NOTE_NAME_BYTES_MAX + 1] = '\0';
    struct signer signer;
    make_signer(1, "n", ASSAY_NOTE_ED25519, &signer);
    assert_int_equal(assay_note_key_make(vkey, ASSAY_NOTE_ED25519, &signer.key.key, &key, &err), ASSAY_MALFORMED);
    assert_int_equal(assay_note_key_make(vkey + 1, ASSAY_NOTE_ED25519, &signer.key.key, &key, &err), ASSAY_OK);
    assert_string_equal(key.name, vkey + 1);
}

/* SHA-256 of name, line end, type and key: its first four bytes, in this order. */
static void an_id_is_of_name_kind_and_key(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        struct signer signer;
        struct assay_digest digest;
        unsigned char bytes[] = "wit\nTkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";
        char due[9];
        make_signer(5, "wit", kind ? ASSAY_NOTE_COSIGNATURE : ASSAY_NOTE_ED25519, &signer);
        bytes[4] = kind ? 4 : 1;
        memcpy(bytes + 5, signer.key.key.bytes, 32);
        assay_sha256_of(bytes, 5 + 32, &digest);
        assay_hex_print(digest.bytes, 4, due);
        char found[9];
        (void)snprintf(found, sizeof found, "%08x", (unsigned)signer.key.id);
        assert_string_equal(found, due);
    }
}

static void a_verifier_key_of_either_kind_is_read_as_it_was_written(void **state)
{
    (void)state;
    static const enum assay_note_kind KINDS[] = {ASSAY_NOTE_ED25519, ASSAY_NOTE_COSIGNATURE};
    for (size_t i = 0; i < 2; i++) {
        struct signer signer;
        struct assay_note_key key;
        struct assay_buf text;
        make_signer(5, "wit", KINDS[i], &signer);
        assay_buf_init(&text, 512);
        assay_note_key_write(&signer.key, &text);
        assert_int_equal(assay_note_key_read(text.data, &key, NULL), ASSAY_OK);
        assert_int_equal(key.kind, KINDS[i]);
        assert_true(key.id == signer.key.id);
        assert_string_equal(key.name, "wit");
        assert_memory_equal(key.key.bytes, signer.key.key.bytes, sizeof key.key.bytes);
        assay_buf_done(&text);
    }
}

/* ---- reading notes ---- */

static void a_note_says_what_is_wrong_with_it(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        assay_code code;
        const char *due;
    } CASES[] = {
        {"a\n\n" DASH "k AAAAAAA=\n" DASH "k AAAAAAA=\n", ASSAY_OK, ""},
        {"\n\n" DASH "k AAAAAAA=\n", ASSAY_OK, ""}, /* one empty line is a text */
        {"a\n\n\n" DASH "k AAAAAAA=\n", ASSAY_OK, ""},
        {"a\n\nb\n\n" DASH "k AAAAAAA=\n", ASSAY_OK, ""},
        {"", ASSAY_MALFORMED, "the note has no empty line between text and signatures"},
        {"\n", ASSAY_MALFORMED, "the note has no empty line between text and signatures"},
        {"a\n" DASH "k AAAAAAA=\n", ASSAY_MALFORMED, "the note has no empty line between text and signatures"},
        {"\n\n", ASSAY_MALFORMED, "the note has no signature line, or the last one has no line end"},
        {"a\n\n", ASSAY_MALFORMED, "the note has no signature line, or the last one has no line end"},
        {"a\n\n" DASH "k AAAAAAA=", ASSAY_MALFORMED, "the note has no signature line, or the last one has no line end"},
        {"a\xff\n\n" DASH "k AAAAAAA=\n", ASSAY_MALFORMED, "the note is not UTF-8"},
        {"a\tb\n\n" DASH "k AAAAAAA=\n", ASSAY_MALFORMED,
         "found control character 0x09 at byte 1 of the note, expected none"},
        {"a\n\n" DASH "k AAAAAAA=\r\n", ASSAY_MALFORMED,
         "found control character 0x0d at byte 17 of the note, expected none"},
        {"a b~\x7f\n\n" DASH "k AAAAAAA=\n", ASSAY_OK, ""},
        {"a\n\n" DASH "k AAAAAAA=\nk AAAAAAA=\n", ASSAY_MALFORMED,
         "signature line 2 does not start with U+2014 and a space"},
        {"a\n\n" DASH "k AAAAAAA=\n" DASH " AAAAAAA=\n", ASSAY_MALFORMED, "signature line 2 has no key name"},
        {"a\n\n" DASH "k AAAAAAA=\n" DASH "k\n", ASSAY_MALFORMED,
         "signature line 2: 0 bytes, expected a key id and a signature"},
        {"a\n\n" DASH "k AAAAAA==\n", ASSAY_MALFORMED, "signature line 1: 4 bytes, expected a key id and a signature"},
        {"a\n\n" DASH "k AAAAA\n", ASSAY_MALFORMED,
         "signature line 1: found 5 characters of base64, expected a multiple of 4, padded with '='"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct assay_note note;
        assay_err err = {0};
        assert_int_equal(assay_note_read(CASES[i].text, strlen(CASES[i].text), &note, &err), CASES[i].code);
        assert_string_equal(err.message, CASES[i].due);
    }
}

static void the_last_empty_line_divides_a_note(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *text;
        size_t lines;
    } CASES[] = {{"\n\n" DASH "k AAAAAAA=\n", "\n", 1},
                 {"a\n\n\n" DASH "k AAAAAAA=\n", "a\n\n", 1},
                 {"a\n\nb\n\n" DASH "k AAAAAAA=\n" DASH "l AAAAAAE=\n", "a\n\nb\n", 2}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct assay_note note;
        assert_int_equal(assay_note_read(CASES[i].bytes, strlen(CASES[i].bytes), &note, NULL), ASSAY_OK);
        assert_true(assay_slice_is(note.text, CASES[i].text));
        assert_int_equal(note.signatures_count, CASES[i].lines);
        assert_true(assay_slice_is(note.signatures[0].name, "k"));
    }
    /* an empty line is two line ends of the note, not one and what stands before it */
    static const char BEFORE[] = "\n\n" DASH "k AAAAAAA=\n";
    struct assay_note note;
    assert_int_equal(assay_note_read(BEFORE + 1, sizeof BEFORE - 2, &note, NULL), ASSAY_MALFORMED);
}

static void the_first_four_bytes_of_a_line_are_its_id(void **state)
{
    (void)state;
    static const char BYTES[] = "a\n\n" DASH "k AQIDBAU=\n" DASH "k //79/AA=\n";
    struct assay_note note;
    assert_int_equal(assay_note_read(BYTES, sizeof BYTES - 1, &note, NULL), ASSAY_OK);
    assert_true(note.signatures[0].id == UINT32_C(0x01020304));
    assert_true(note.signatures[1].id == UINT32_C(0xfffefdfc));
    assert_true(assay_slice_is(note.signatures[1].base64, "//79/AA="));
}

/* ---- checking ---- */

struct expected {
    enum assay_note_state state;
    uint64_t time_s;
};

static void assert_judged(const struct assay_buf *file, const struct assay_note_key *key, struct expected due)
{
    struct assay_note note;
    enum assay_note_state found = ASSAY_NOTE_UNSIGNED;
    uint64_t time_s = 99;
    assert_int_equal(assay_note_read(file->data, file->len, &note, NULL), ASSAY_OK);
    assert_int_equal(assay_note_check(&note, key, &found, &time_s, NULL), ASSAY_OK);
    assert_int_equal(found, due.state);
    assert_int_equal(time_s, due.time_s);
}

/* A line of each length around the right one, its signature good as far as it goes. */
static void a_line_has_exactly_the_bytes_of_its_kind(void **state)
{
    (void)state;
    for (int is_cosignature = 0; is_cosignature < 2; is_cosignature++) {
        const uint64_t time_s = UINT64_C(0x0102030405060708);
        const size_t head_len = is_cosignature ? 12 : 4;
        const char *covered = is_cosignature ? "cosignature/v1\ntime 72623859790382856\n" TEXT : TEXT;
        struct signer signer;
        unsigned char head[12];
        make_signer(7, "w", is_cosignature ? ASSAY_NOTE_COSIGNATURE : ASSAY_NOTE_ED25519, &signer);
        put_big_endian(head, signer.key.id, 4);
        put_big_endian(head + 4, time_s, 8);
        for (size_t signature_len = ASSAY_SIGNATURE_BYTES - 8; signature_len <= ASSAY_SIGNATURE_BYTES + 8;
             signature_len++) {
            struct assay_buf file;
            bool is_whole = signature_len == ASSAY_SIGNATURE_BYTES;
            assay_buf_init(&file, 4096);
            assay_buf_text(&file, TEXT "\n");
            append_line(&file, &signer, head, head_len, covered, strlen(covered), signature_len);
            assert_judged(&file, &signer.key,
                          (struct expected){is_whole ? ASSAY_NOTE_GOOD : ASSAY_NOTE_FALSE,
                                            is_whole && is_cosignature ? time_s : 0});
            assay_buf_done(&file);
        }
        struct assay_buf file, made;
        assay_buf_init(&file, 4096);
        assay_buf_init(&made, 4096);
        append_line(&file, &signer, head, head_len, covered, strlen(covered), ASSAY_SIGNATURE_BYTES);
        assert_int_equal(assay_note_sign(ASSAY_SLICE(TEXT), &signer.key, &signer.secret, time_s, &made, NULL),
                         ASSAY_OK);
        assert_string_equal(made.data, file.data); /* and we write that very line */
        assay_buf_done(&file);
        assay_buf_done(&made);
    }
}

static void every_line_of_a_known_key_must_be_good(void **state)
{
    (void)state;
    enum { GOOD, WRONG, OTHER_NAME, OTHER_ID, OUTSIDE, KINDS };
    static const struct {
        int lines[3];
        enum assay_note_state due;
    } CASES[] = {
        {{GOOD, -1}, ASSAY_NOTE_GOOD},
        {{WRONG, -1}, ASSAY_NOTE_FALSE},
        {{OUTSIDE, -1}, ASSAY_NOTE_OUTSIDE},
        {{OTHER_NAME, -1}, ASSAY_NOTE_UNSIGNED},
        {{OTHER_ID, -1}, ASSAY_NOTE_UNSIGNED},
        {{OTHER_ID, OTHER_NAME, GOOD}, ASSAY_NOTE_GOOD},
        {{GOOD, OTHER_ID, OTHER_NAME}, ASSAY_NOTE_GOOD},
        {{GOOD, GOOD, -1}, ASSAY_NOTE_GOOD},
        {{GOOD, WRONG, -1}, ASSAY_NOTE_FALSE},
        {{WRONG, GOOD, -1}, ASSAY_NOTE_FALSE},
        {{GOOD, OUTSIDE, GOOD}, ASSAY_NOTE_OUTSIDE},
        {{OUTSIDE, WRONG, -1}, ASSAY_NOTE_OUTSIDE},
    };
    struct signer signer;
    unsigned char id[4], point[ASSAY_PUBLIC_KEY_BYTES], outside[4 + ASSAY_SIGNATURE_BYTES] = {0};
    make_signer(8, "log", ASSAY_NOTE_ED25519, &signer);
    put_big_endian(id, signer.key.id, 4);
    memset(point, 0x99, sizeof point);
    point[0] = 0x95; /* of order 2l */
    memcpy(outside, id, 4);
    memcpy(outside + 4, point, sizeof point);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct assay_buf file;
        assay_buf_init(&file, 4096);
        assay_buf_text(&file, TEXT "\n");
        for (size_t k = 0; k < 3 && CASES[i].lines[k] >= 0 && (k == 0 || CASES[i].lines[k - 1] >= 0); k++) {
            struct signer as = signer;
            unsigned char other[4] = {id[0], id[1], id[2], id[3] ^ 1};
            const int kind = CASES[i].lines[k];
            if (kind == OUTSIDE) {
                assay_buf_text(&file, DASH "log ");
                assay_base64_append(&file, outside, sizeof outside);
                assay_buf_char(&file, '\n');
                continue;
            }
            if (kind == OTHER_NAME) {
                (void)snprintf(as.key.name, sizeof as.key.name, "lag");
            }
            append_line(&file, &as, kind == OTHER_ID ? other : id, 4, TEXT, sizeof TEXT - (kind == WRONG ? 2 : 1),
                        ASSAY_SIGNATURE_BYTES);
        }
        assert_judged(&file, &signer.key, (struct expected){CASES[i].due, 0});
        assay_buf_done(&file);
    }
}

/* A note that is read where another was: of that one nothing is left. */
static void only_the_lines_of_this_note_count(void **state)
{
    (void)state;
    static const char UNKNOWN[] = TEXT "\n" DASH "k AAAAAAA=\n";
    struct signer signer;
    struct assay_buf file;
    struct assay_note note;
    enum assay_note_state found;
    uint64_t time_s;
    make_signer(9, "log", ASSAY_NOTE_ED25519, &signer);
    assay_buf_init(&file, 4096);
    assay_buf_text(&file, UNKNOWN);
    assert_int_equal(assay_note_sign(ASSAY_SLICE(TEXT), &signer.key, &signer.secret, 0, &file, NULL), ASSAY_OK);
    assert_int_equal(assay_note_read(file.data, file.len, &note, NULL), ASSAY_OK);
    assert_int_equal(assay_note_check(&note, &signer.key, &found, &time_s, NULL), ASSAY_OK);
    assert_int_equal(found, ASSAY_NOTE_GOOD);
    assert_int_equal(assay_note_read(UNKNOWN, sizeof UNKNOWN - 1, &note, NULL), ASSAY_OK);
    assert_int_equal(assay_note_check(&note, &signer.key, &found, &time_s, NULL), ASSAY_OK);
    assert_int_equal(found, ASSAY_NOTE_UNSIGNED);
    assay_buf_done(&file);
}

static void a_note_that_is_short_of_memory_is_neither_good_nor_false(void **state)
{
    (void)state;
    struct signer signer;
    struct assay_buf file, line;
    struct assay_note note;
    struct assay_note_key key;
    enum assay_note_state found;
    uint64_t time_s;
    make_signer(9, "log", ASSAY_NOTE_ED25519, &signer);
    assay_buf_init(&file, 4096);
    assay_buf_text(&file, TEXT "\n");
    assert_int_equal(assay_note_sign(ASSAY_SLICE(TEXT), &signer.key, &signer.secret, 0, &file, NULL), ASSAY_OK);
    for (unsigned long n = 1; n <= 2; n++) { /* its covered bytes, and the line */
        assay_buf_init(&line, 4096);
        assay_mem_fail_at(n);
        assert_int_equal(assay_note_sign(ASSAY_SLICE(TEXT), &signer.key, &signer.secret, 0, &line, NULL),
                         ASSAY_NO_MEMORY);
        assay_buf_done(&line);
    }
    assay_mem_fail_at(1);
    assert_int_equal(assay_note_read(file.data, file.len, &note, NULL), ASSAY_NO_MEMORY);
    assay_mem_fail_at(1);
    assert_int_equal(
        assay_note_key_read("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", &key, NULL),
        ASSAY_NO_MEMORY);
    assay_mem_fail_at(0);
    assert_int_equal(assay_note_read(file.data, file.len, &note, NULL), ASSAY_OK);
    for (unsigned long n = 1; n <= 2; n++) { /* the bytes of the line, and what it covers */
        assay_mem_fail_at(n);
        assert_int_equal(assay_note_check(&note, &signer.key, &found, &time_s, NULL), ASSAY_NO_MEMORY);
        assert_int_equal(found, ASSAY_NOTE_UNSIGNED);
    }
    assay_mem_fail_at(0);
    assay_buf_done(&file);
}

/* ---- the answers of witnesses ---- */

struct answer {
    struct signer witness, other;
    struct assay_buf good, foreign, wrong; /* lines: its own, another's, its own over another text */
};

static void make_answer(struct answer *ret)
{
    make_signer(21, "w.example", ASSAY_NOTE_COSIGNATURE, &ret->witness);
    make_signer(22, "v.example", ASSAY_NOTE_COSIGNATURE, &ret->other);
    assay_buf_init(&ret->good, 4096);
    assay_buf_init(&ret->foreign, 4096);
    assay_buf_init(&ret->wrong, 4096);
    struct assay_slice text = ASSAY_SLICE(TEXT), less = {text.data, text.len - 1};
    assert_int_equal(assay_note_sign(text, &ret->witness.key, &ret->witness.secret, 7, &ret->good, NULL), ASSAY_OK);
    assert_int_equal(assay_note_sign(text, &ret->other.key, &ret->other.secret, 8, &ret->foreign, NULL), ASSAY_OK);
    assert_int_equal(assay_note_sign(less, &ret->witness.key, &ret->witness.secret, 9, &ret->wrong, NULL), ASSAY_OK);
}

static void answer_done(struct answer *answer)
{
    assay_buf_done(&answer->good);
    assay_buf_done(&answer->foreign);
    assay_buf_done(&answer->wrong);
}

static void of_an_answer_the_line_of_the_witness_is_taken(void **state)
{
    (void)state;
    struct answer made;
    make_answer(&made);
    const char *good = made.good.data, *foreign = made.foreign.data, *wrong = made.wrong.data;
    char same_id[64];
    const char *base64 = strrchr(good, ' ') + 1; /* six digits: the id */
    (void)snprintf(same_id, sizeof same_id, DASH "x.example %.6sAA\n", base64);
    const struct {
        const char *parts[3];
        assay_code code;
        const char *due;
    } CASES[] = {
        {{good}, ASSAY_OK, ""},
        {{DASH "w.example AAAAAAAAAAA=\n", good}, ASSAY_OK, ""}, /* its name with another id, */
        {{same_id, good}, ASSAY_OK, ""},                         /* its id with another name: of other keys */
        {{foreign, good}, ASSAY_OK, ""},
        {{good, foreign}, ASSAY_OK, ""},
        {{good, good}, ASSAY_OK, ""}, /* one line a key */
        {{foreign}, ASSAY_WANTING, "the answer has no good signature of the witness 'w.example': none by its key"},
        {{wrong}, ASSAY_WANTING, "the answer has no good signature of the witness 'w.example'"},
        {{good, wrong}, ASSAY_WANTING, "the answer has no good signature of the witness 'w.example'"},
        {{good, "\n", foreign},
         ASSAY_MALFORMED,
         "the answer of the witness holds an empty line, expected signature lines"},
        {{"\n", good}, ASSAY_MALFORMED, "the answer of the witness holds an empty line, expected signature lines"},
        {{"x\n"}, ASSAY_MALFORMED, "signature line 1 does not start with U+2014 and a space"},
        {{""}, ASSAY_MALFORMED, "the note has no signature line, or the last one has no line end"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct assay_buf answer, taken;
        assay_err err = {0};
        assay_buf_init(&answer, 4096);
        assay_buf_init(&taken, 4096);
        assay_buf_text(&taken, "kept ");
        for (size_t k = 0; k < 3 && CASES[i].parts[k]; k++) {
            assay_buf_text(&answer, CASES[i].parts[k]);
        }
        assert_int_equal(
            assay_note_answer_read(ASSAY_SLICE(TEXT), answer.data, answer.len, &made.witness.key, &taken, &err),
            CASES[i].code);
        assert_string_equal(err.message, CASES[i].due);
        assert_memory_equal(taken.data, "kept ", 5);
        assert_string_equal(taken.data + 5, CASES[i].code == ASSAY_OK ? good : "");
        assay_buf_done(&answer);
        assay_buf_done(&taken);
    }
    answer_done(&made);
}

static void an_answer_is_read_up_to_the_limit_of_a_note(void **state)
{
    (void)state;
    struct answer made;
    struct assay_buf taken;
    static char large[ASSAY_NOTE_BYTES_MAX];
    make_answer(&made);
    assay_buf_init(&taken, 4096);
    memset(large, 'x', sizeof large);
    assert_int_equal(
        assay_note_answer_read(ASSAY_SLICE(TEXT), large, sizeof large - sizeof TEXT, &made.witness.key, &taken, NULL),
        ASSAY_MALFORMED);
    assert_int_equal(assay_note_answer_read(ASSAY_SLICE(TEXT), large, sizeof large - sizeof TEXT + 1, &made.witness.key,
                                            &taken, NULL),
                     ASSAY_TOO_LARGE);
    unsigned long n = 1;
    for (assay_code rc = ASSAY_NO_MEMORY; rc != ASSAY_OK; n++) {
        assay_buf_done(&taken);
        assay_buf_init(&taken, 4096);
        assay_mem_fail_at(n);
        rc = assay_note_answer_read(ASSAY_SLICE(TEXT), made.good.data, made.good.len, &made.witness.key, &taken, NULL);
        assay_mem_fail_at(0);
        assert_int_equal(rc == ASSAY_OK, n == 7);
        assert_true(rc == ASSAY_OK || rc == ASSAY_NO_MEMORY);
    }
    assert_string_equal(taken.data, made.good.data);
    assay_buf_done(&taken);
    answer_done(&made);
}

/* ---- checkpoints ---- */

static void a_checkpoint_says_what_is_wrong_with_it(void **state)
{
    (void)state;
    static const char ROOT[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=";
    static const struct {
        const char *head, *tail, *due;
    } CASES[] = {
        {"\n1\n", "\n", "the checkpoint's origin has 0 bytes, expected 1 to 255"},
        {"o\n\n", "\n", "the checkpoint's size is '', expected a decimal number"},
        {"o\n01\n", "\n", "the checkpoint's size is '01', expected a decimal number"},
        {"o\n12345678901234567890123456789012\n", "\n",
         "the checkpoint's size is '12345678901234567890123456789012', expected a decimal number"},
        {"o\n123456789012345678901234567890123\n", "\n",
         "the checkpoint's size is '12345678901234567890123456789012...', expected a decimal number"},
        {"o\n\x1b[2J\n", "\n", "the checkpoint's size is '\\x1b[2J', expected a decimal number"},
        {"o\n1\n", "\n\n", "the checkpoint has extension lines, expected three lines"},
        {"o\n1\n", "=\n",
         "root of the checkpoint: found 45 characters of base64, expected a multiple of 4, padded with '='"},
    };
    struct assay_checkpoint checkpoint;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char text[256];
        assay_err err = {0};
        (void)snprintf(text, sizeof text, "%s%s%s", CASES[i].head, ROOT, CASES[i].tail);
        assert_int_equal(assay_checkpoint_read(assay_slice_of(text), &checkpoint, &err), ASSAY_MALFORMED);
        assert_string_equal(err.message, CASES[i].due);
    }
    assay_err err = {0};
    assert_int_equal(assay_checkpoint_read(ASSAY_SLICE("o"), &checkpoint, &err), ASSAY_MALFORMED);
    assert_string_equal(err.message, "the checkpoint's size is '', expected a decimal number");
    assert_int_equal(assay_checkpoint_read(ASSAY_SLICE("o\n1"), &checkpoint, &err), ASSAY_MALFORMED);
    assert_string_equal(err.message, "root of the checkpoint: 0 bytes, expected 32");
    assay_mem_fail_at(1);
    assert_int_equal(assay_checkpoint_read(ASSAY_SLICE(TEXT), &checkpoint, NULL), ASSAY_NO_MEMORY);
    assay_mem_fail_at(0);
}

static void a_checkpoint_is_written_in_three_lines(void **state)
{
    (void)state;
    struct assay_checkpoint made = {.origin = "example.org/log", .size = ASSAY_TREE_SIZE_MAX, .root = {0xff, [31] = 1}};
    struct assay_checkpoint read = {.size = 1};
    struct assay_buf text;
    assay_buf_init(&text, 4096);
    assay_checkpoint_write(&made, &text);
    assert_string_equal(text.data,
                        "example.org/log\n9223372036854775807\n/wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=\n");
    assert_int_equal(assay_checkpoint_read((struct assay_slice){text.data, text.len}, &read, NULL), ASSAY_OK);
    assert_memory_equal(read.root, made.root, sizeof read.root);
    assert_true(read.size == made.size);
    assay_buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_verifier_key_says_what_is_wrong_with_it),
        cmocka_unit_test(a_name_one_byte_too_long_is_no_part_of_a_verifier_key),
        cmocka_unit_test(an_id_is_of_name_kind_and_key),
        cmocka_unit_test(a_verifier_key_of_either_kind_is_read_as_it_was_written),
        cmocka_unit_test(a_note_says_what_is_wrong_with_it),
        cmocka_unit_test(the_last_empty_line_divides_a_note),
        cmocka_unit_test(the_first_four_bytes_of_a_line_are_its_id),
        cmocka_unit_test(a_line_has_exactly_the_bytes_of_its_kind),
        cmocka_unit_test(every_line_of_a_known_key_must_be_good),
        cmocka_unit_test(only_the_lines_of_this_note_count),
        cmocka_unit_test(a_note_that_is_short_of_memory_is_neither_good_nor_false),
        cmocka_unit_test(of_an_answer_the_line_of_the_witness_is_taken),
        cmocka_unit_test(an_answer_is_read_up_to_the_limit_of_a_note),
        cmocka_unit_test(a_checkpoint_says_what_is_wrong_with_it),
        cmocka_unit_test(a_checkpoint_is_written_in_three_lines),
    };
    if (assay_crypto_init(NULL) != ASSAY_OK) {
        return 1;
    }
    return cmocka_run_group_tests_name("crypto_note_edges", tests, NULL, NULL);
}
