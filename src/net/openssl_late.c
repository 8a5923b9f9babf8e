#define OPENSSL_LATE_AS_DECLARED
#include "net/openssl_late.h"

#define QUOTED(number) #number
#define TEXT_OF(macro) QUOTED(macro)

/* OpenSSL calls back with nothing but its own object, from which only OpenSSL leads further: so it is no argument. */
struct openssl_late openssl_late = {.library = {.lock = PTHREAD_MUTEX_INITIALIZER,
                                                .file = "libssl.so." TEXT_OF(OPENSSL_SHLIB_VERSION),
                                                .package = "libssl" TEXT_OF(OPENSSL_SHLIB_VERSION)}};

assay_code openssl_late_bind(assay_err *err)
{
    static const struct assay_library_symbol SYMBOLS[] = {
#define A_SYMBOL(name) {#name, offsetof(struct openssl_late, name)},
        OPENSSL_FUNCTIONS(A_SYMBOL)
#undef A_SYMBOL
    };
    return assay_library_bind(&openssl_late.library, SYMBOLS, sizeof SYMBOLS / sizeof SYMBOLS[0], err);
}
