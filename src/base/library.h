/*
 * Shared libraries that only some verbs need: bound when they are, by the name that the loader would have used. A
 * library that is linked costs every start of the program: OpenSSL and libmicrohttpd with what they bring, two thirds
 * of it.
 *
 * The user of a library keeps a table of its functions, with the types of its own header:
 *
 *     struct late { struct assay_library library; __typeof__(&SSL_new) SSL_new; ... };
 *
 * Thread: any; a table is bound once. It stays bound until the program ends.
 */
#ifndef ASSAY_BASE_LIBRARY_H
#define ASSAY_BASE_LIBRARY_H

#include "base/err.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct assay_library {
    pthread_mutex_t lock; /* PTHREAD_MUTEX_INITIALIZER */
    bool is_bound;
    const char *file;    /* "libssl.so.3" */
    const char *package; /* of Debian, that holds it: for the message where it is wanting */
};

struct assay_library_symbol {
    const char *name;
    size_t offset; /* of the pointer in the table, whose first member is the struct assay_library */
};

/* IO: there is no such library, or it lacks a function; then the next call tries again. */
assay_code assay_library_bind(struct assay_library *table, const struct assay_library_symbol *symbols, size_t count,
                              assay_err *err);

#endif
