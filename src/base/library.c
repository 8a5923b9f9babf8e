#include "base/library.h"

#include <assert.h>
#include <dlfcn.h>
#include <string.h>

static assay_code bind_all(struct assay_library *table, const struct assay_library_symbol *symbols, size_t count,
                           assay_err *err)
{
    void *handle = dlopen(table->file, RTLD_NOW | RTLD_LOCAL); /* never closed: libraries leave handlers for the exit */
    if (!handle) {
        return assay_fail(err, ASSAY_IO, "cannot load the library '%s' (package %s in Debian): %s", table->file,
                          table->package, dlerror());
    }
    for (size_t i = 0; i < count; i++) {
        void *found = dlsym(handle, symbols[i].name);
        if (!found) {
            return assay_fail(err, ASSAY_IO,
                              "the library '%s' has no function '%s', expected the one that assay was "
                              "built for",
                              table->file, symbols[i].name);
        }
        memcpy((char *)table + symbols[i].offset, &found, sizeof found); /* POSIX: an object pointer holds it */
    }
    table->is_bound = true;
    return ASSAY_OK;
}

assay_code assay_library_bind(struct assay_library *table, const struct assay_library_symbol *symbols, size_t count,
                              assay_err *err)
{
    int rc = pthread_mutex_lock(&table->lock);
    assert(rc == 0);
    assay_code code = table->is_bound ? ASSAY_OK : bind_all(table, symbols, count, err);
    rc = pthread_mutex_unlock(&table->lock);
    assert(rc == 0);
    return code;
}
