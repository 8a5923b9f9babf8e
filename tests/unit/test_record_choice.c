/* Seeds of random choices, by the definition of evidence.md 1.6 and an implementation of its own (Python's hashlib). */
#include "record/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NONCE "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define COMMIT "0123456789abcdef0123456789abcdef01234567"

static void the_seed_is_the_first_eight_bytes_of_the_digest_in_little_endian(void **state)
{
    (void)state;
    struct assay_digest root;
    for (size_t i = 0; i < sizeof root.bytes; i++) {
        root.bytes[i] = (unsigned char)(0xff - i);
    }
    const struct {
        const char *nonce, *commit;
        const struct assay_digest *root;
        uint64_t seed;
    } CASES[] = {
        {"", "", NULL, UINT64_C(0x0448ee176a833cc1)},
        {NONCE, COMMIT, NULL, UINT64_C(0x6f49532de2e690b0)},
        {"", COMMIT, &root, UINT64_C(0xac29173f6091d160)},
        {NONCE, COMMIT, &root, UINT64_C(0xd619d5803d7492bb)},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        uint64_t seed = assay_choice_seed(CASES[i].nonce, CASES[i].commit, CASES[i].root);
        if (seed != CASES[i].seed) {
            fail_msg("case %zu: %016llx instead of %016llx", i, (unsigned long long)seed,
                     (unsigned long long)CASES[i].seed);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_seed_is_the_first_eight_bytes_of_the_digest_in_little_endian),
    };
    return assay_crypto_init(NULL) == ASSAY_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
