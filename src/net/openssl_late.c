#define OPENSSL_LATE_AS_DECLARED
#include "net/openssl_late.h"

#define TEXT_OF(number) #number
#define FILE_OF(number) "libssl.so." TEXT_OF(number)

/* OpenSSL calls back with nothing but its own object, from which only OpenSSL leads further: so it is no argument. */
struct openssl_late openssl_late = {.library = {.lock = PTHREAD_MUTEX_INITIALIZER}};

assay_code openssl_late_bind(assay_err *err)
{
    static const struct assay_library_symbol SYMBOLS[] = {
#define A_SYMBOL(name) {#name, offsetof(struct openssl_late, name)},
        OPENSSL_FUNCTIONS(A_SYMBOL)
#undef A_SYMBOL
    };
    return assay_library_bind(&openssl_late.library, FILE_OF(OPENSSL_SHLIB_VERSION), SYMBOLS,
                              sizeof SYMBOLS / sizeof SYMBOLS[0], err);
}
