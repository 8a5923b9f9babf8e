/* minisign's files at their edges: each byte of a key file counts, and each refusal says why. */
#include "base/mem.h"
#include "crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { /* of the 158 bytes of a secret key file (minisign.h) */
       AT_CHECKSUM_KIND = 4,
       AT_SALT = 6,
       AT_NUMBER = 54,
       AT_CHECKSUM = 126,
       SECRET_FILE_BYTES = 158
};

static const char PASSWORD[] = "correct horse";
static const struct assay_key_number NUMBER = {{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef}};

static void make_key(struct assay_secret_key *ret)
{
    const unsigned char seed[ASSAY_SEED_BYTES] = {42};
    assay_secret_key_init(ret, seed);
}

static void write_secret(const char *password, unsigned char ret[SECRET_FILE_BYTES])
{
    struct assay_key_lock lock = {.password = password, .operations = 32768, .memory = 16 << 20, .salt = {9}};
    struct assay_secret_key secret;
    struct assay_buf text, file;
    lock.password_len = password ? strlen(password) : 0;
    make_key(&secret);
    assay_buf_init(&text, ASSAY_KEY_FILE_BYTES_MAX);
    assay_buf_init(&file, SECRET_FILE_BYTES);
    assert_int_equal(assay_minisign_secret_write(&secret, &NUMBER, &lock, &text, NULL), ASSAY_OK);
    const char *base64 = strchr(text.data, '\n') + 1;
    assert_int_equal(assay_base64_decode(base64, strlen(base64) - 1, &file, NULL), ASSAY_OK);
    assert_int_equal(file.len, SECRET_FILE_BYTES);
    memcpy(ret, file.data, SECRET_FILE_BYTES);
    assay_buf_done(&file);
    assay_buf_done(&text);
    assay_secret_key_done(&secret);
}

static assay_code read_secret(const unsigned char *file, const char *password, assay_err *err)
{
    struct assay_secret_key secret;
    struct assay_key_number number;
    struct assay_buf text;
    assay_buf_init(&text, 1024);
    assay_buf_text(&text, "untrusted comment: x\n");
    assay_base64_append(&text, file, SECRET_FILE_BYTES);
    assay_buf_char(&text, '\n');
    *err = (assay_err){0};
    assay_code rc = assay_minisign_secret_read(text.data, text.len, password, password ? strlen(password) : 0, &secret,
                                               &number, err);
    if (rc == ASSAY_OK) {
        assert_memory_equal(number.bytes, NUMBER.bytes, sizeof number.bytes);
        assay_secret_key_done(&secret);
    }
    assay_buf_done(&text);
    return rc;
}

static const char *head_due(size_t i)
{
    return i < 2                  ? "secret key file: the algorithm is not 'Ed'"
           : i < AT_CHECKSUM_KIND ? "secret key file: the key derivation is neither scrypt nor none"
                                  : "secret key file: the checksum is not BLAKE2b";
}

static void every_changed_byte_of_a_key_that_is_not_encrypted_is_noticed(void **state)
{
    (void)state;
    unsigned char file[SECRET_FILE_BYTES];
    assay_err err;
    write_secret(NULL, file);
    assert_int_equal(read_secret(file, NULL, &err), ASSAY_OK);
    for (size_t i = 0; i < sizeof file; i++) {
        bool is_unused = i >= AT_SALT && i < AT_NUMBER; /* salt and limits of scrypt */
        file[i] ^= 1;
        assert_int_equal(read_secret(file, NULL, &err), is_unused ? ASSAY_OK : ASSAY_MALFORMED);
        if (!is_unused) {
            assert_string_equal(err.message, i < AT_SALT ? head_due(i) : "secret key file: the checksum is wrong");
        }
        file[i] ^= 1;
    }
}

static void every_changed_byte_of_an_encrypted_key_is_noticed(void **state)
{
    (void)state;
    unsigned char file[SECRET_FILE_BYTES];
    assay_err err;
    write_secret(PASSWORD, file);
    assert_int_equal(read_secret(file, PASSWORD, &err), ASSAY_OK);
    assert_int_equal(read_secret(file, NULL, &err), ASSAY_WANTING);
    assert_string_equal(err.message, "secret key file: it is encrypted, and no password was given");
    for (size_t i = 0; i < sizeof file; i += i < AT_SALT || i >= AT_CHECKSUM ? 1 : 7) { /* scrypt takes 10 ms */
        assay_code due = i < AT_SALT ? ASSAY_MALFORMED : ASSAY_WANTING;
        if (i >= AT_SALT + ASSAY_KEY_SALT_BYTES && i < AT_NUMBER) {
            continue; /* the limits: test_crypto_minisign */
        }
        file[i] ^= 1;
        assert_int_equal(read_secret(file, PASSWORD, &err), due);
        assert_string_equal(err.message,
                            i < AT_SALT ? head_due(i) : "secret key file: the password is not that of the key");
        file[i] ^= 1;
    }
}

/* A checksum of zeros stands for none where nothing is encrypted, and only there. */
static void an_encrypted_key_has_a_checksum(void **state)
{
    (void)state;
    unsigned char open[SECRET_FILE_BYTES], locked[SECRET_FILE_BYTES];
    assay_err err;
    write_secret(NULL, open);
    write_secret(PASSWORD, locked);
    for (size_t i = AT_CHECKSUM; i < SECRET_FILE_BYTES; i++) {
        locked[i] ^= open[i]; /* decrypts to zero */
        open[i] = 0;
    }
    assert_int_equal(read_secret(open, NULL, &err), ASSAY_OK);
    assert_int_equal(read_secret(locked, PASSWORD, &err), ASSAY_WANTING);
    assert_string_equal(err.message, "secret key file: the password is not that of the key");
}

static void a_key_number_is_shown_from_its_last_byte(void **state)
{
    (void)state;
    char text[ASSAY_KEY_NUMBER_TEXT_BYTES];
    assay_key_number_print(&NUMBER, text);
    assert_string_equal(text, "EFCDAB8967452301");
}

/* ---- signature files ---- */

struct signed_file {
    struct assay_public_key public;
    struct assay_buf text;
};

static void sign_file(const char *comment, struct signed_file *ret)
{
    struct assay_secret_key secret;
    make_key(&secret);
    assay_secret_key_public(&secret, &ret->public);
    assay_buf_init(&ret->text, ASSAY_MINISIG_BYTES_MAX);
    assert_int_equal(assay_minisign_sign(&secret, &NUMBER, "abc", 3, comment, &ret->text, NULL), ASSAY_OK);
    assay_secret_key_done(&secret);
}

static void a_signature_file_has_four_lines(void **state)
{
    (void)state;
    static const char FIRST[] = "untrusted comment: signature from assay secret key\nRUQBI0VniavN7";
    struct signed_file made;
    sign_file("run 17", &made);
    assert_memory_equal(made.text.data, FIRST, sizeof FIRST - 1);
    const char *third = strchr(strchr(made.text.data, '\n') + 1, '\n') + 1;
    static const char TRUSTED[] = "trusted comment: run 17\n";
    assert_memory_equal(third, TRUSTED, sizeof TRUSTED - 1);
    assert_int_equal(made.text.len - (size_t)(third + sizeof TRUSTED - 1 - made.text.data), 88 + 1);
    assert_int_equal(made.text.data[made.text.len - 1], '\n');
    assay_buf_done(&made.text);
}

static void a_signature_file_says_what_is_wrong_with_it(void **state)
{
    (void)state;
    static const char ONE[] = "untrusted comment: signature from minisign secret key\n",
                      TWO[] =
                          "RUTO6FtRWkKD8/x+mV40/JK37WZCCIG3ijuXakIiBr0xiJv5Mc9ehC+X7FwZV7NxqQzAVyl+vSYlaWqGHmD9YBWoswY"
                          "IrpM4pAQ=\n",
                      THREE[] = "trusted comment: a trusted comment\n",
                      FOUR[] =
                          "IDqXHQ4fgL1ecqFCiVyE568opfpd+Um2SINpfpON4tpa9gE494cmdR0UCHHwVrkSf14ps7lNa/w+B7exo5/3BA==\n";
    static const struct {
        const char *lines[4];
        assay_code code;
        const char *due;
    } CASES[] = {
        {{ONE, TWO, THREE, FOUR}, ASSAY_WANTING, "minisign signature: it is by another key"},
        {{"", TWO, THREE, FOUR},
         ASSAY_MALFORMED,
         "minisign signature: a line is missing that starts with 'untrusted comment: '"},
        {{ONE, "RUQ=\n", THREE, FOUR}, ASSAY_MALFORMED, "minisign signature: found 2 bytes, expected 74"},
        {{ONE, TWO, "", FOUR},
         ASSAY_MALFORMED,
         "minisign signature: a line is missing that starts with 'trusted comment: '"},
        {{ONE, TWO, THREE, ""}, ASSAY_MALFORMED, "minisign signature: found 0 bytes, expected 64"},
        {{ONE, TWO, THREE, TWO}, ASSAY_MALFORMED, "minisign signature: found more than 64 bytes, expected 64"},
    };
    struct signed_file made;
    sign_file("", &made);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char text[1024];
        assay_err err = {0};
        (void)snprintf(text, sizeof text, "%s%s%s%s", CASES[i].lines[0], CASES[i].lines[1], CASES[i].lines[2],
                       CASES[i].lines[3]);
        assert_int_equal(assay_minisign_verify(&made.public, &NUMBER, "abc", 3, text, strlen(text),
                                               (struct assay_minisign_check){.takes_unhashed = false}, &err),
                         CASES[i].code);
        assert_string_equal(err.message, CASES[i].due);
    }
    assay_buf_done(&made.text);
}

/* Behind the first line of a good file: each change, and what is said of it. */
static void each_part_of_a_signature_is_named_that_is_false(void **state)
{
    (void)state;
    enum { LINE_TWO = sizeof "untrusted comment: signature from assay secret key\n" - 1 };
    static const struct {
        const char *head; /* of the second line: algorithm and the start of the key number */
        const char *bytes;
        bool takes_unhashed;
        assay_code code;
        const char *due;
    } CASES[] = {
        {"RUQB", "abc", false, ASSAY_OK, ""},
        {"RUQB", "abc", true, ASSAY_OK, ""},
        {"RUQB", "abd", false, ASSAY_WANTING, "minisign signature: the signature over the file is false"},
        {"RUQB", "abd", true, ASSAY_WANTING, "minisign signature: the signature over the file is false"},
        {"RUQC", "abc", false, ASSAY_WANTING, "minisign signature: it is by another key"},
        {"RWQB", "abc", false, ASSAY_MALFORMED,
         "minisign signature: the algorithm is 'Ed' (not hashed), expected 'ED'"},
        {"RWQB", "abc", true, ASSAY_WANTING, "minisign signature: the signature over the file is false"},
        {"RVgB", "abc", false, ASSAY_MALFORMED, "minisign signature: the algorithm is unknown, expected 'ED'"},
        {"RVgB", "abc", true, ASSAY_MALFORMED, "minisign signature: the algorithm is unknown, expected 'ED'"},
        {"QUQB", "abc", true, ASSAY_MALFORMED, "minisign signature: the algorithm is unknown, expected 'ED'"},
        {"QWQB", "abc", true, ASSAY_MALFORMED, "minisign signature: the algorithm is unknown, expected 'ED'"},
    };
    struct signed_file made;
    sign_file("run 17", &made);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        const struct assay_minisign_check how = {.takes_unhashed = CASES[i].takes_unhashed};
        assay_err err = {0};
        memcpy(made.text.data + LINE_TWO, CASES[i].head, 4);
        assert_int_equal(
            assay_minisign_verify(&made.public, &NUMBER, CASES[i].bytes, 3, made.text.data, made.text.len, how, &err),
            CASES[i].code);
        assert_string_equal(err.message, CASES[i].due);
    }
    memcpy(made.text.data + LINE_TWO, "RUQB", 4);
    char *comment = strstr(made.text.data, "run 17");
    assay_err err = {0};
    comment[5] = '8';
    assert_int_equal(assay_minisign_verify(&made.public, &NUMBER, "abc", 3, made.text.data, made.text.len,
                                           (struct assay_minisign_check){.takes_unhashed = false}, &err),
                     ASSAY_WANTING);
    assert_string_equal(err.message, "minisign signature: the signature over the trusted comment is false");
    assay_buf_done(&made.text);
}

static void a_trusted_comment_is_one_line(void **state)
{
    (void)state;
    static const char *const COMMENTS[] = {"\n", "\r", "a\n", "a\rb", "ab\n\n"};
    struct assay_secret_key secret;
    struct assay_buf text;
    make_key(&secret);
    assay_buf_init(&text, ASSAY_MINISIG_BYTES_MAX);
    for (size_t i = 0; i < sizeof COMMENTS / sizeof COMMENTS[0]; i++) {
        assay_err err = {0};
        assert_int_equal(assay_minisign_sign(&secret, &NUMBER, "abc", 3, COMMENTS[i], &text, &err), ASSAY_MALFORMED);
        assert_string_equal(err.message, "a trusted comment is one line of at most 8192 bytes");
        assert_int_equal(text.len, 0);
    }
    assay_buf_done(&text);
    assay_secret_key_done(&secret);
}

static void a_key_that_is_none_is_named_as_the_files(void **state)
{
    (void)state;
    static const char IDENTITY[] = "untrusted comment: x\nRWTO6FtRWkKD8wEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";
    struct assay_public_key key;
    struct assay_key_number number = {{7}};
    assay_err err = {0};
    assert_int_equal(assay_minisign_public_read(IDENTITY, sizeof IDENTITY - 1, &key, &number, &err), ASSAY_MALFORMED);
    assert_string_equal(err.message, "public key file: the key is no canonical encoding of a point of the prime-order "
                                     "subgroup of Ed25519");
    assert_int_equal(number.bytes[0], 7); /* what is refused changes nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_changed_byte_of_a_key_that_is_not_encrypted_is_noticed),
        cmocka_unit_test(every_changed_byte_of_an_encrypted_key_is_noticed),
        cmocka_unit_test(an_encrypted_key_has_a_checksum),
        cmocka_unit_test(a_key_number_is_shown_from_its_last_byte),
        cmocka_unit_test(a_signature_file_has_four_lines),
        cmocka_unit_test(a_signature_file_says_what_is_wrong_with_it),
        cmocka_unit_test(each_part_of_a_signature_is_named_that_is_false),
        cmocka_unit_test(a_trusted_comment_is_one_line),
        cmocka_unit_test(a_key_that_is_none_is_named_as_the_files),
    };
    if (assay_crypto_init(NULL) != ASSAY_OK) {
        return 1;
    }
    return cmocka_run_group_tests_name("crypto_minisign_edges", tests, NULL, NULL);
}
