/* Files made by minisign 0.11 (its -W, -S and -S -l), and ours. Encrypted keys of minisign's own cost take a second and
 * 1 GiB: tests/cli/keys.bats reads one with minisign itself beside it. */
#include "base/mem.h"
#include "crypto/crypto.h"
#include "crypto/minisign_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

static const char PUBLIC[] = "untrusted comment: minisign public key F383425A515BE8CE\n"
                             "RWTO6FtRWkKD8/U81wpZfdohKfjdbHaz8cH8wIMJkeX3ClDAf81kmaWu\n";
static const char SECRET[] =
    "untrusted comment: minisign encrypted secret key\n"
    "RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAzuhbUVpCg/OsSmLqmzhEzC/"
    "U4+"
    "Y9cAjUVurvlBkczQnuYglvt0a19fU81wpZfdohKfjdbHaz8cH8wIMJkeX3ClDAf81kmaWuAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    "\n";
static const char HASHED[] =
    "untrusted comment: signature from minisign secret key\n"
    "RUTO6FtRWkKD8/x+mV40/JK37WZCCIG3ijuXakIiBr0xiJv5Mc9ehC+X7FwZV7NxqQzAVyl+vSYlaWqGHmD9YBWoswYIrpM4pAQ=\n"
    "trusted comment: a trusted comment\n"
    "IDqXHQ4fgL1ecqFCiVyE568opfpd+Um2SINpfpON4tpa9gE494cmdR0UCHHwVrkSf14ps7lNa/w+B7exo5/3BA==\n";
static const char UNHASHED[] =
    "untrusted comment: signature from minisign secret key\n"
    "RWTO6FtRWkKD86MOQdqME9QAp4MjGjEg3m+7F818zfJqZYkbMrAjry8q8oCJjKH7LabYExzhU6JLMYVUwGsSrftT8u1kLVzwKQk=\n"
    "trusted comment: legacy\n"
    "Ebg/JtCXO0ALGsQX9RpWGDWjXKBQ90n9q2bnrVeE0/IeIn/cY+zjG08QJo2OKI7FIOPAwfwX9mKEvMLgOBHoDA==\n";
static const char FILE_BYTES[] = "hello minisign\n";
#define FILE_LEN (sizeof FILE_BYTES - 1)

struct key {
    struct assay_public_key public;
    struct assay_key_number number;
};

static void read_public(struct key *ret)
{
    assert_int_equal(assay_minisign_public_read(PUBLIC, sizeof PUBLIC - 1, &ret->public, &ret->number, NULL), ASSAY_OK);
}

static assay_code verify(const char *signature, bool takes_unhashed)
{
    struct key key;
    read_public(&key);
    return assay_minisign_verify(&key.public, &key.number, FILE_BYTES, FILE_LEN, signature, strlen(signature),
                                 (struct assay_minisign_check){.takes_unhashed = takes_unhashed}, NULL);
}

static void the_files_of_minisign_are_read(void **state)
{
    (void)state;
    struct key key;
    struct assay_secret_key secret;
    struct assay_key_number number;
    struct assay_public_key derived;
    char text[ASSAY_KEY_NUMBER_TEXT_BYTES];
    bool is_locked = true;
    read_public(&key);
    assay_key_number_print(&key.number, text);
    assert_string_equal(text, "F383425A515BE8CE");
    assert_int_equal(assay_minisign_secret_is_locked(SECRET, sizeof SECRET - 1, &is_locked, NULL), ASSAY_OK);
    assert_false(is_locked);
    assert_int_equal(assay_minisign_secret_read(SECRET, sizeof SECRET - 1, NULL, 0, &secret, &number, NULL), ASSAY_OK);
    assay_secret_key_public(&secret, &derived);
    assert_memory_equal(derived.bytes, key.public.bytes, 32);
    assert_memory_equal(number.bytes, key.number.bytes, 8);
    assay_secret_key_done(&secret);
}

static void a_hashed_signature_of_minisign_is_good_and_an_unhashed_one_only_where_asked(void **state)
{
    (void)state;
    assert_int_equal(verify(HASHED, false), ASSAY_OK);
    assert_int_equal(verify(UNHASHED, false), ASSAY_MALFORMED);
    assert_int_equal(verify(UNHASHED, true), ASSAY_OK);
}

/* But for the untrusted comment, which says so. */
static void every_changed_byte_of_a_signature_file_is_noticed(void **state)
{
    (void)state;
    char text[sizeof HASHED];
    size_t trusted_from = (size_t)(strchr(HASHED, '\n') - HASHED) + 1;
    for (size_t i = trusted_from; i + 1 < sizeof HASHED; i++) {
        memcpy(text, HASHED, sizeof text);
        text[i] ^= 1;
        if (text[i] != '\0' && verify(text, false) == ASSAY_OK) {
            fail_msg("byte %zu", i);
        }
    }
}

static void the_file_and_the_key_are_those_that_were_signed(void **state)
{
    (void)state;
    struct key key;
    const struct assay_minisign_check how = {0};
    read_public(&key);
    assert_int_equal(assay_minisign_verify(&key.public, &key.number, "hello minisigm\n", FILE_LEN, HASHED,
                                           sizeof HASHED - 1, how, NULL),
                     ASSAY_WANTING);
    key.number.bytes[0] ^= 1;
    assert_int_equal(
        assay_minisign_verify(&key.public, &key.number, FILE_BYTES, FILE_LEN, HASHED, sizeof HASHED - 1, how, NULL),
        ASSAY_WANTING);
}

static void make_key(struct assay_secret_key *ret, struct assay_key_number *ret_number)
{
    unsigned char seed[32] = {42};
    assay_secret_key_init(ret, seed);
    memcpy(ret_number->bytes, "numbered", 8);
}

static void what_we_write_we_read(void **state)
{
    (void)state;
    static const char *const PASSWORDS[] = {NULL, "", "correct horse"};
    for (size_t i = 0; i < 3; i++) {
        struct assay_secret_key secret, again;
        struct assay_key_number number, read_number;
        struct assay_buf file;
        bool is_locked;
        struct assay_key_lock lock = {.password = PASSWORDS[i], .operations = 32768, .memory = 16 << 20, .salt = {9}};
        lock.password_len = PASSWORDS[i] ? strlen(PASSWORDS[i]) : 0;
        make_key(&secret, &number);
        assay_buf_init(&file, ASSAY_KEY_FILE_BYTES_MAX);
        assert_int_equal(assay_minisign_secret_write(&secret, &number, &lock, &file, NULL), ASSAY_OK);
        assert_int_equal(assay_minisign_secret_is_locked(file.data, file.len, &is_locked, NULL), ASSAY_OK);
        assert_int_equal(is_locked, PASSWORDS[i] != NULL);
        assert_int_equal(assay_minisign_secret_read(file.data, file.len, PASSWORDS[i], lock.password_len, &again,
                                                    &read_number, NULL),
                         ASSAY_OK);
        assert_memory_equal(again.bytes, secret.bytes, sizeof again.bytes);
        assert_memory_equal(read_number.bytes, number.bytes, 8);
        assay_secret_key_done(&again);
        if (is_locked) {
            assert_int_equal(assay_minisign_secret_read(file.data, file.len, "wrong", 5, &again, &read_number, NULL),
                             ASSAY_WANTING);
            assert_int_equal(assay_minisign_secret_read(file.data, file.len, NULL, 0, &again, &read_number, NULL),
                             ASSAY_WANTING);
        }
        assay_buf_done(&file);
        assay_secret_key_done(&secret);
    }
}

static void a_key_file_that_asks_for_more_than_1_gib_is_refused(void **state)
{
    (void)state;
    struct assay_secret_key secret;
    struct assay_key_number number;
    struct assay_buf file;
    struct assay_key_lock lock = {.password = "x", .password_len = 1, .operations = 32768};
    make_key(&secret, &number);
    assay_buf_init(&file, ASSAY_KEY_FILE_BYTES_MAX);
    lock.memory = ((uint64_t)1 << 30) + 1;
    assert_int_equal(assay_minisign_secret_write(&secret, &number, &lock, &file, NULL), ASSAY_TOO_LARGE);
    lock.memory = 1 << 24;
    lock.operations = ((uint64_t)1 << 28) + 1;
    assert_int_equal(assay_minisign_secret_write(&secret, &number, &lock, &file, NULL), ASSAY_TOO_LARGE);
    assay_buf_done(&file);
    assay_secret_key_done(&secret);
}

static void our_signature_is_good_and_covers_the_trusted_comment(void **state)
{
    (void)state;
    struct assay_secret_key secret;
    struct assay_public_key public;
    struct assay_key_number number;
    struct assay_buf file;
    const struct assay_minisign_check how = {0};
    make_key(&secret, &number);
    assay_secret_key_public(&secret, &public);
    assay_buf_init(&file, ASSAY_MINISIG_BYTES_MAX);
    assert_int_equal(assay_minisign_sign(&secret, &number, FILE_BYTES, FILE_LEN, "run 17", &file, NULL), ASSAY_OK);
    assert_string_equal(file.data + file.len - 3, "==\n"); /* 64 bytes, and a line end */
    assert_int_equal(assay_minisign_verify(&public, &number, FILE_BYTES, FILE_LEN, file.data, file.len, how, NULL),
                     ASSAY_OK);
    *strstr(file.data, "17") = '2';
    assert_int_equal(assay_minisign_verify(&public, &number, FILE_BYTES, FILE_LEN, file.data, file.len, how, NULL),
                     ASSAY_WANTING);
    assert_int_equal(assay_minisign_sign(&secret, &number, FILE_BYTES, FILE_LEN, "two\nlines", &file, NULL),
                     ASSAY_MALFORMED);
    static char large[ASSAY_TRUSTED_COMMENT_BYTES_MAX + 2];
    memset(large, 'a', sizeof large - 1);
    assert_int_equal(assay_minisign_sign(&secret, &number, FILE_BYTES, FILE_LEN, large, &file, NULL), ASSAY_MALFORMED);
    assay_buf_done(&file);
    assay_secret_key_done(&secret);
}

static void our_public_key_file_is_minisigns(void **state)
{
    (void)state;
    struct key key;
    struct assay_buf file;
    read_public(&key);
    assay_buf_init(&file, ASSAY_KEY_FILE_BYTES_MAX);
    assay_minisign_public_write(&key.public, &key.number, &file);
    assert_string_equal(file.data, PUBLIC);
    assay_buf_done(&file);
}

static void what_is_no_key_file_is_refused(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {
        "",
        "untrusted comment: x\n",
        "comment: x\nRWTO6FtRWkKD8/U81wpZfdohKfjdbHaz8cH8wIMJkeX3ClDAf81kmaWu\n",
        "untrusted comment: x\nRUTO6FtRWkKD8/U81wpZfdohKfjdbHaz8cH8wIMJkeX3ClDAf81kmaWu\n",
        "untrusted comment: x\nRWTO6FtRWkKD8/U81wpZfdohKfjdbHaz8cH8wIMJkeX3ClDAf81kmaW\n",
        "untrusted comment: x\nRWTO6FtRWkKD8/U81wpZfdohKfjdbHaz8cH8wIMJkeX3ClDAf81kmaWuAAAA\n",
        "untrusted comment: x\nRWTO6FtRWkKD8/U81wpZfdohKfjdbHaz8cH8wIMJkeX3ClDAf81kmaWu\nmore\n",
        /* the identity point: no key */
        "untrusted comment: x\nRWTO6FtRWkKD8wEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
    };
    struct key key;
    struct assay_secret_key secret;
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        bool is_locked;
        if (assay_minisign_public_read(TEXTS[i], strlen(TEXTS[i]), &key.public, &key.number, NULL) == ASSAY_OK ||
            assay_minisign_secret_is_locked(TEXTS[i], strlen(TEXTS[i]), &is_locked, NULL) == ASSAY_OK ||
            assay_minisign_secret_read(TEXTS[i], strlen(TEXTS[i]), "", 0, &secret, &key.number, NULL) == ASSAY_OK) {
            fail_msg("case %zu was read", i);
        }
    }
}

/* Of a key that is not locked, minisign writes no checksum: salt and limits of scrypt and the key number are as they
 * are. */
static void every_changed_byte_of_a_secret_key_file_is_noticed(void **state)
{
    (void)state;
    enum { SALT_AT = 6, SECRET_AT = 62, FILE_LEN_PLAIN = 158 };
    const char *base64 = strchr(SECRET, '\n') + 1;
    struct assay_buf file, text;
    assay_buf_init(&file, 256);
    assay_buf_init(&text, 1024);
    assert_int_equal(assay_base64_decode(base64, strlen(base64) - 1, &file, NULL), ASSAY_OK);
    assert_int_equal(file.len, FILE_LEN_PLAIN);
    for (size_t i = 0; i < file.len; i++) {
        struct assay_secret_key secret;
        struct assay_key_number number;
        bool is_locked = false;
        file.data[i] ^= 1;
        assay_buf_clear(&text);
        assay_buf_text(&text, "untrusted comment: x\n");
        assay_base64_append(&text, file.data, file.len);
        assay_buf_char(&text, '\n');
        assay_code rc = assay_minisign_secret_read(text.data, text.len, "", 0, &secret, &number, NULL);
        if ((rc == ASSAY_OK) != (i >= SALT_AT && i < SECRET_AT)) {
            fail_msg("byte %zu", i);
        }
        if (i < SALT_AT) { /* algorithm, key derivation, kind of checksum */
            assert_int_equal(assay_minisign_secret_is_locked(text.data, text.len, &is_locked, NULL), ASSAY_MALFORMED);
        }
        file.data[i] ^= 1;
    }
    assay_buf_done(&file);
    assay_buf_done(&text);
}

/* RFC 8032's first key under the password "correct horse", made with Python's hashlib.scrypt (N 1024, r 8, p 1) and
 * hashlib.blake2b: what only we write and only we read would not show a limit that is misread. */
static const char LOCKED[] =
    "untrusted comment: minisign encrypted secret key\n"
    "RWRTY0IyAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh/"
    "ogAAAAAAAAAAAAAEAAAAAHqM3jFGHjZbT8YZNrrWN+0KKrThaeUjd3R5nzvhhRpnNAD"
    "tuxYv6pLgtBUvYR+7wQxHK7VdzOVDB9Uc0FLcV6zMfVFpb3RIxMbGk7fdRXPPMV2rcbN3m3vCdRPtFDBgXBalBFVF+yLM=\n";

static void a_locked_key_file_made_elsewhere_is_read(void **state)
{
    (void)state;
    static const unsigned char SEED_HEAD[] = {0x9d, 0x61, 0xb1, 0x9d}, PUBLIC_HEAD[] = {0xd7, 0x5a, 0x98, 0x01};
    static const unsigned char NUMBER[] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct assay_secret_key secret;
    struct assay_key_number number;
    assert_int_equal(assay_minisign_secret_read(LOCKED, sizeof LOCKED - 1, "correct horse", 13, &secret, &number, NULL),
                     ASSAY_OK);
    assert_memory_equal(secret.bytes, SEED_HEAD, 4);
    assert_memory_equal(secret.bytes + 32, PUBLIC_HEAD, 4);
    assert_memory_equal(number.bytes, NUMBER, 8);
    assay_secret_key_done(&secret);
}

static void we_write_that_file_too(void **state)
{
    (void)state;
    static const unsigned char SEED[] = {0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a,
                                         0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32,
                                         0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};
    struct assay_key_lock lock = {
        .password = "correct horse", .password_len = 13, .operations = 33000, .memory = 1 << 24};
    struct assay_secret_key secret;
    const struct assay_key_number number = {{1, 2, 3, 4, 5, 6, 7, 8}};
    struct assay_buf file;
    for (size_t i = 0; i < sizeof lock.salt; i++) {
        lock.salt[i] = (unsigned char)i;
    }
    assay_secret_key_init(&secret, SEED);
    assay_buf_init(&file, 4096);
    assert_int_equal(assay_minisign_secret_write(&secret, &number, &lock, &file, NULL), ASSAY_OK);
    assert_string_equal(file.data, LOCKED);
    assay_buf_done(&file);
    assay_secret_key_done(&secret);
}

static void a_password_may_cost_up_to_the_limits(void **state)
{
    (void)state;
    static const struct {
        uint64_t operations, memory;
        bool is_allowed;
    } CASES[] = {{0, 0, true},
                 {ASSAY_SCRYPT_OPERATIONS_MAX, ASSAY_SCRYPT_MEMORY_MAX, true},
                 {ASSAY_SCRYPT_OPERATIONS_MAX + 1, 0, false},
                 {0, ASSAY_SCRYPT_MEMORY_MAX + 1, false}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        assert_int_equal(minisign_scrypt_is_allowed(CASES[i].operations, CASES[i].memory), CASES[i].is_allowed);
    }
}

static void a_password_that_needs_more_memory_than_there_is_says_so(void **state)
{
    (void)state;
    struct assay_secret_key secret;
    struct assay_key_number number;
    struct assay_buf file;
    struct rlimit was, little;
    const struct assay_key_lock lock = {
        .password = "x", .password_len = 1, .operations = 1 << 25, .memory = ASSAY_SCRYPT_MEMORY_MAX};
    assert_int_equal(getrlimit(RLIMIT_AS, &was), 0);
    little = was;
    little.rlim_cur = 256u << 20;
    make_key(&secret, &number);
    assay_buf_init(&file, 4096);
    assert_int_equal(setrlimit(RLIMIT_AS, &little), 0);
    assay_code rc = assay_minisign_secret_write(&secret, &number, &lock, &file, NULL);
    assert_int_equal(setrlimit(RLIMIT_AS, &was), 0);
    assert_int_equal(rc, ASSAY_NO_MEMORY);
    assert_int_equal(file.len, 0);
    assay_buf_done(&file);
    assay_secret_key_done(&secret);
}

static void every_byte_of_the_limits_counts(void **state)
{
    (void)state;
    enum { AT_OPERATIONS = 38, AT_MEMORY = 46 };
    const char *base64 = strchr(LOCKED, '\n') + 1;
    for (size_t i = 0; i < 8; i++) { /* 2^32 and more of either is over both limits */
        size_t at = (i < 4 ? (size_t)AT_OPERATIONS : (size_t)AT_MEMORY) + 4 + i % 4;
        struct assay_secret_key secret;
        struct assay_key_number number;
        struct assay_buf file, text;
        assay_err err = {0};
        assay_buf_init(&file, 256);
        assay_buf_init(&text, 1024);
        assert_int_equal(assay_base64_decode(base64, strlen(base64) - 1, &file, NULL), ASSAY_OK);
        file.data[at] = 1;
        assay_buf_text(&text, "untrusted comment: x\n");
        assay_base64_append(&text, file.data, file.len);
        assay_buf_char(&text, '\n');
        assert_int_equal(assay_minisign_secret_read(text.data, text.len, "correct horse", 13, &secret, &number, &err),
                         ASSAY_TOO_LARGE);
        assay_buf_done(&file);
        assay_buf_done(&text);
    }
}

static void a_comment_is_taken_up_to_its_limit(void **state)
{
    (void)state;
    static const struct {
        size_t most;
        bool is_trusted;
    } CASES[] = {{ASSAY_COMMENT_BYTES_MAX, false}, {ASSAY_TRUSTED_COMMENT_BYTES_MAX, true}};
    for (size_t i = 0; i < 2; i++) {
        for (size_t len = CASES[i].most - 1; len <= CASES[i].most + 1; len++) {
            struct assay_secret_key secret;
            struct assay_key_number number;
            struct assay_public_key public;
            struct assay_buf file, comment;
            assay_err err = {0};
            make_key(&secret, &number);
            assay_secret_key_public(&secret, &public);
            assay_buf_init(&file, 65536);
            assay_buf_init(&comment, 65536);
            for (size_t k = 0; k < len; k++) {
                assay_buf_char(&comment, 'c');
            }
            if (CASES[i].is_trusted) {
                assert_int_equal(assay_minisign_sign(&secret, &number, "x", 1, comment.data, &file, &err),
                                 len > CASES[i].most ? ASSAY_MALFORMED : ASSAY_OK);
                if (len > CASES[i].most) {
                    assert_string_equal(err.message, "a trusted comment is one line of at most 8192 bytes");
                } else {
                    assert_int_equal(assay_minisign_verify(&public, &number, "x", 1, file.data, file.len,
                                                           (struct assay_minisign_check){.takes_unhashed = false},
                                                           &err),
                                     ASSAY_OK);
                }
            } else {
                assay_buf_printf(&file, "untrusted comment: %s\n%s", comment.data, strchr(PUBLIC, '\n') + 1);
                assert_int_equal(assay_minisign_public_read(file.data, file.len, &public, &number, &err),
                                 len > CASES[i].most ? ASSAY_MALFORMED : ASSAY_OK);
                if (len > CASES[i].most) {
                    assert_string_equal(err.message, "public key file: a comment of 1025 bytes, expected at most 1024");
                }
            }
            assay_buf_done(&file);
            assay_buf_done(&comment);
            assay_secret_key_done(&secret);
        }
    }
}

static void a_key_file_says_what_is_wrong_with_it(void **state)
{
    (void)state;
    static const struct {
        const char *text, *due;
    } CASES[] = {
        {"untrusted comment: x\nRWTO6FtRWkKD8/U81wpZfdohKfjdbHaz8cH8wIMJkeX3ClDAf81kmQ==\n",
         "public key file: found 40 bytes, expected 42"},
        {"untrusted comment: x\nRWTO6FtRWkKD8/U81wpZfdohKfjdbHaz8cH8wIMJkeX3ClDAf81kmaWuAA==\n",
         "public key file: found more than 42 bytes, expected 42"},
        {"untrusted comment: x\n\n", "public key file: found 0 bytes, expected 42"},
        {"untrusted comment: x\nRWTO6FtRWkKD8/U81wpZfdohKfjdbHaz8cH8wIMJkeX3ClDAf81kmaW\n",
         "public key file: found 55 characters of base64, expected a multiple of 4, padded with '='"},
        {"untrusted comment: x\nRUTO6FtRWkKD8/U81wpZfdohKfjdbHaz8cH8wIMJkeX3ClDAf81kmaWu\n",
         "public key file: the algorithm is not 'Ed'"},
        {"untrusted comment: x\nRWTO6FtRWkKD8/U81wpZfdohKfjdbHaz8cH8wIMJkeX3ClDAf81kmaWu\nx",
         "public key file: found 1 bytes behind the last line, expected none"},
        {"x\n", "public key file: a line is missing that starts with 'untrusted comment: '"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct key key;
        assay_err err = {0};
        assert_int_equal(
            assay_minisign_public_read(CASES[i].text, strlen(CASES[i].text), &key.public, &key.number, &err),
            ASSAY_MALFORMED);
        assert_string_equal(err.message, CASES[i].due);
    }
}

static void no_key_is_read_or_signs_without_memory(void **state)
{
    (void)state;
    struct key key;
    struct assay_secret_key secret;
    struct assay_key_number number;
    struct assay_buf file;
    const struct assay_minisign_check how = {.takes_unhashed = false};
    read_public(&key);
    make_key(&secret, &number);
    assay_mem_fail_at(1);
    assert_int_equal(assay_minisign_public_read(PUBLIC, sizeof PUBLIC - 1, &key.public, &key.number, NULL),
                     ASSAY_NO_MEMORY);
    for (unsigned long n = 1; n <= 3; n++) { /* two lines of base64, and what is covered */
        assay_mem_fail_at(n);
        assert_int_equal(
            assay_minisign_verify(&key.public, &key.number, FILE_BYTES, FILE_LEN, HASHED, sizeof HASHED - 1, how, NULL),
            ASSAY_NO_MEMORY);
    }
    for (unsigned long n = 1; n <= 2; n++) { /* what is covered, and the file */
        assay_buf_init(&file, 65536);
        assay_mem_fail_at(n);
        assert_int_equal(assay_minisign_sign(&secret, &number, "x", 1, "c", &file, NULL), ASSAY_NO_MEMORY);
        assay_buf_done(&file);
    }
    assay_mem_fail_at(1);
    const struct assay_key_lock none = {.password = NULL};
    assay_buf_init(&file, 65536);
    assert_int_equal(assay_minisign_secret_write(&secret, &number, &none, &file, NULL), ASSAY_NO_MEMORY);
    assay_mem_fail_at(0);
    assay_buf_done(&file);
    assay_secret_key_done(&secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_files_of_minisign_are_read),
        cmocka_unit_test(a_hashed_signature_of_minisign_is_good_and_an_unhashed_one_only_where_asked),
        cmocka_unit_test(every_changed_byte_of_a_signature_file_is_noticed),
        cmocka_unit_test(the_file_and_the_key_are_those_that_were_signed),
        cmocka_unit_test(what_we_write_we_read),
        cmocka_unit_test(a_key_file_that_asks_for_more_than_1_gib_is_refused),
        cmocka_unit_test(our_signature_is_good_and_covers_the_trusted_comment),
        cmocka_unit_test(our_public_key_file_is_minisigns),
        cmocka_unit_test(what_is_no_key_file_is_refused),
        cmocka_unit_test(every_changed_byte_of_a_secret_key_file_is_noticed),
        cmocka_unit_test(a_locked_key_file_made_elsewhere_is_read),
        cmocka_unit_test(we_write_that_file_too),
        cmocka_unit_test(a_password_may_cost_up_to_the_limits),
        cmocka_unit_test(a_password_that_needs_more_memory_than_there_is_says_so),
        cmocka_unit_test(every_byte_of_the_limits_counts),
        cmocka_unit_test(a_comment_is_taken_up_to_its_limit),
        cmocka_unit_test(a_key_file_says_what_is_wrong_with_it),
        cmocka_unit_test(no_key_is_read_or_signs_without_memory),
    };
    if (assay_crypto_init(NULL) != ASSAY_OK) {
        return 1;
    }
    return cmocka_run_group_tests_name("crypto_minisign", tests, NULL, NULL);
}
