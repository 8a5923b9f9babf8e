#define MICROHTTPD_LATE_AS_DECLARED
#include "serve/microhttpd_late.h"

/* Its callbacks come with a connection, from which only the library leads further: so it is no argument. */
struct microhttpd_late microhttpd_late = {.library = {.lock = PTHREAD_MUTEX_INITIALIZER,
                                                      .file = "libmicrohttpd.so.12", /* the ABI of 0.9.75 and after */
                                                      .package = "libmicrohttpd12"}};

assay_code microhttpd_late_bind(assay_err *err)
{
    static const struct assay_library_symbol SYMBOLS[] = {
#define A_SYMBOL(name) {#name, offsetof(struct microhttpd_late, name)},
        MICROHTTPD_FUNCTIONS(A_SYMBOL)
#undef A_SYMBOL
    };
    return assay_library_bind(&microhttpd_late.library, SYMBOLS, sizeof SYMBOLS / sizeof SYMBOLS[0], err);
}
