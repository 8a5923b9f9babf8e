/*
 * Errors: how every room says that something went wrong.
 *
 * A function that can fail returns an assay_code and takes an assay_err as its last parameter. The caller owns the
 * assay_err, usually on the stack; a callee fills it exactly once, at the place of failure, with assay_fail() or
 * assay_fail_errno(); callers further out may put the context in front with assay_wrap(). Nobody prints and nobody
 * exits below src/cli.
 *
 *     assay_err err = {0};
 *     if (assay_thing_load(path, &thing, &err) != ASSAY_OK) { ... err.message ... assay_code_exit(err.code) ... }
 *
 * A message says what happened, to which value, and what would be right, in one line without a final full stop.
 * NULL is allowed wherever an assay_err pointer is: the code is then all that is returned.
 */
#ifndef ASSAY_BASE_ERR_H
#define ASSAY_BASE_ERR_H

#include <stdarg.h>
#include <stddef.h>

/* X(name, exit status, text). Exit statuses are those of the command line, the same for every verb. */
#define ASSAY_CODES(X)                        \
    X(OK, 0, "good")                          \
    X(WANTING, 1, "judged and found wanting") \
    X(UNDECIDED, 2, "undecided")              \
    X(MALFORMED, 3, "malformed input")        \
    X(UNSUPPORTED, 3, "unsupported input")    \
    X(TOO_LARGE, 3, "input over a limit")     \
    X(USAGE, 4, "wrong usage")                \
    X(NO_MEMORY, 5, "out of memory")          \
    X(IO, 5, "input or output failed")        \
    X(EXISTS, 5, "already there")             \
    X(NOT_FOUND, 5, "not found")              \
    X(NETWORK, 5, "network failed")           \
    X(TIMEOUT, 5, "timed out")                \
    X(INTERRUPTED, 5, "interrupted")          \
    X(BUG, 70, "a bug in assay")

typedef enum assay_code {
#define ASSAY_CODE_ENUM(name, status, text) ASSAY_##name,
    ASSAY_CODES(ASSAY_CODE_ENUM)
#undef ASSAY_CODE_ENUM
        ASSAY_CODE_COUNT
} assay_code;

#define ASSAY_ERR_BYTES 512 /* a message is one line for a person; longer ones are cut with "..." */

typedef struct assay_err {
    assay_code code;
    int sys_errno;     /* 0 unless the operating system said no */
    const char *place; /* "file.c:123" of the first failure, for bug reports */
    char message[ASSAY_ERR_BYTES];
} assay_err;

/* Fills err and returns code, so that a failing path reads `return assay_fail(err, ASSAY_IO, "...")`. The static
 * analyser cannot look into another file; it is told that a failure is never ASSAY_OK. */
#ifdef __clang_analyzer__
#define assay_fail(err, code, ...) (assay_fail_at((err), (code), ASSAY_PLACE, __VA_ARGS__), (code))
#define assay_fail_errno(err, code, ...) (assay_fail_errno_at((err), (code), ASSAY_PLACE, __VA_ARGS__), (code))
#else
#define assay_fail(err, code, ...) assay_fail_at((err), (code), ASSAY_PLACE, __VA_ARGS__)

/* As assay_fail, with ": " and the text of errno appended. Reads errno before anything else. */
#define assay_fail_errno(err, code, ...) assay_fail_errno_at((err), (code), ASSAY_PLACE, __VA_ARGS__)
#endif

/* Puts "context: " in front of the message, and keeps code and place. */
#define assay_wrap(err, ...) assay_wrap_at((err), __VA_ARGS__)

#define ASSAY_STRINGIFY_(x) #x
#define ASSAY_STRINGIFY(x) ASSAY_STRINGIFY_(x)
#define ASSAY_PLACE __FILE__ ":" ASSAY_STRINGIFY(__LINE__)

assay_code assay_fail_at(assay_err *err, assay_code code, const char *place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
assay_code assay_fail_errno_at(assay_err *err, assay_code code, const char *place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void assay_wrap_at(assay_err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

const char *assay_code_name(assay_code code); /* "MALFORMED" */
const char *assay_code_text(assay_code code); /* "malformed input" */
int assay_code_exit(assay_code code);         /* 0, 1, 2, 3, 4, 5 or 70 */

#endif
