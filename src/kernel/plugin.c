/* Rows of others: a shared object with one function (docs/formats/kernel-plugin.md), and which object holds a row. */
#include "kernel/set_room.h"

#include "base/mem.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/auxv.h>

typedef const struct assay_kernel_operation *plugin_fn(size_t index);

/* POSIX gives functions as data pointers. */
static plugin_fn *function_of(void *handle)
{
    union {
        void *data;
        plugin_fn *function;
    } symbol = {.data = dlsym(handle, ASSAY_KERNEL_PLUGIN_SYMBOL)};
    return symbol.function;
}

/* Where the program's own headers lie tells its base address; every other object has another one. */
const char *kernel_object_of(const struct assay_kernel_row *row)
{
    union {
        void (*function)(const struct assay_kernel_call *);
        const void *data;
    } place = {.function = row->run};
    Dl_info here, program;
    union {
        unsigned long number;
        const void *data;
    } headers = {.number = getauxval(AT_PHDR)};
    if (!row->run || dladdr(place.data, &here) == 0 || dladdr(headers.data, &program) == 0) {
        return NULL;
    }
    return here.dli_fbase == program.dli_fbase ? NULL : here.dli_fname;
}

static assay_code take_operations(struct assay_kernel_set *set, plugin_fn *list, unsigned char number, assay_err *err)
{
    size_t count = 0;
    for (; count < KERNEL_OPERATIONS_MAX; count++) {
        const struct assay_kernel_operation *op = list(count);
        if (!op) {
            break;
        }
        assay_code rc = kernel_set_take(set, op, number, false, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
    }
    return count > 0 ? ASSAY_OK : assay_fail(err, ASSAY_MALFORMED, "it brings no operation");
}

assay_code assay_kernel_set_plugin(struct assay_kernel_set *set, const char *path, assay_err *err)
{
    if (set->plugins_count == KERNEL_PLUGINS_MAX) {
        return assay_fail(err, ASSAY_USAGE, "more than %d plug-ins", KERNEL_PLUGINS_MAX);
    }
    /* Without a slash dlopen would search elsewhere than where the user pointed. */
    if (!strchr(path, '/')) {
        return assay_fail(err, ASSAY_USAGE, "plug-in '%s', expected a path, for instance ./%s", path, path);
    }
    unsigned float_mode = assay_cpu_float_mode();
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (assay_cpu_float_mode() != float_mode) {
        assay_cpu_set_float_mode(float_mode);
        if (handle) {
            (void)dlclose(handle);
        }
        return assay_fail(err, ASSAY_UNSUPPORTED,
                          "plug-in '%s' changes how this process computes floats when it is loaded: build it without "
                          "-ffast-math",
                          path);
    }
    if (!handle) {
        const char *why = dlerror();
        return assay_fail(err, ASSAY_NOT_FOUND, "cannot load the plug-in: %.300s", why ? why : path);
    }
    char *copy = assay_strdup(path);
    if (!copy) {
        (void)dlclose(handle);
        return assay_nomem(err);
    }
    set->plugins[set->plugins_count].handle = handle;
    set->plugins[set->plugins_count++].path = copy; /* theirs from here on, also on failure: rows may point into it */
    plugin_fn *list = function_of(handle);
    assay_code rc = list ? take_operations(set, list, (unsigned char)set->plugins_count, err)
                         : assay_fail(err, ASSAY_MALFORMED, "it has no function %s", ASSAY_KERNEL_PLUGIN_SYMBOL);
    if (rc != ASSAY_OK) {
        assay_wrap(err, "plug-in '%s'", path);
    }
    return rc;
}
