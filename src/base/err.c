#include "base/err.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int exit_status;
    const char *text;
} CODES[ASSAY_CODE_COUNT] = {
#define ASSAY_CODE_ROW(name, status, text) [ASSAY_##name] = {#name, (status), (text)},
    ASSAY_CODES(ASSAY_CODE_ROW)
#undef ASSAY_CODE_ROW
};

const char *assay_code_name(assay_code code)
{
    assert((unsigned)code < ASSAY_CODE_COUNT);
    return CODES[code].name;
}

const char *assay_code_text(assay_code code)
{
    assert((unsigned)code < ASSAY_CODE_COUNT);
    return CODES[code].text;
}

int assay_code_exit(assay_code code)
{
    assert((unsigned)code < ASSAY_CODE_COUNT);
    return CODES[code].exit_status;
}

/* Keeps the end of a cut message visible as cut; vsnprintf alone would hide it. */
static void mark_cut(char *message, int wanted_bytes)
{
    if (wanted_bytes >= ASSAY_ERR_BYTES) {
        memcpy(message + ASSAY_ERR_BYTES - 4, "...", 4);
    }
}

__attribute__((format(printf, 4, 0))) static void fill(assay_err *err, assay_code code, const char *place,
                                                       const char *format, va_list args)
{
    err->code = code;
    err->place = place;
    int n = vsnprintf(err->message, sizeof err->message, format, args);
    if (n < 0) {
        err->message[0] = '\0';
    }
    mark_cut(err->message, n);
}

assay_code assay_fail_at(assay_err *err, assay_code code, const char *place, const char *format, ...)
{
    assert(code != ASSAY_OK);
    if (err) {
        va_list args;
        va_start(args, format);
        fill(err, code, place, format, args);
        va_end(args);
        err->sys_errno = 0;
    }
    return code;
}

assay_code assay_fail_errno_at(assay_err *err, assay_code code, const char *place, const char *format, ...)
{
    int saved = errno;
    assert(code != ASSAY_OK);
    if (err) {
        va_list args;
        va_start(args, format);
        fill(err, code, place, format, args);
        va_end(args);
        err->sys_errno = saved;
        char reason[128];
        size_t used = strlen(err->message);
        int n =
            snprintf(err->message + used, sizeof err->message - used, ": %s", strerror_r(saved, reason, sizeof reason));
        mark_cut(err->message, (int)used + n);
    }
    return code;
}

void assay_wrap_at(assay_err *err, const char *format, ...)
{
    if (!err) {
        return;
    }
    char inner[ASSAY_ERR_BYTES];
    memcpy(inner, err->message, sizeof inner);
    va_list args;
    va_start(args, format);
    int n = vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    size_t used = n < 0 ? 0 : (size_t)n;
    if (used >= sizeof err->message) {
        mark_cut(err->message, n);
        return;
    }
    n = snprintf(err->message + used, sizeof err->message - used, ": %s", inner);
    mark_cut(err->message, (int)used + n);
}
