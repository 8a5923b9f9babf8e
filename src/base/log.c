#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 4096 /* a line for a person; longer ones are cut */

/* Standard error is one per process, and so is this; only the main thread writes to it. */
static struct {
    enum assay_log_level level;
    bool is_terminal, has_progress_line;
} logger = {.level = ASSAY_LOG_NORMAL};

void assay_log_open(enum assay_log_level level)
{
    const char *term = getenv("TERM");
    logger.level = level;
    logger.is_terminal = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
    logger.has_progress_line = false;
}

bool assay_log_is_terminal(void)
{
    return logger.is_terminal;
}

/* A message may quote a server or a file: no byte of it may steer the terminal. */
static void defuse(char *text)
{
    for (char *at = text; *at; at++) {
        bool is_control = (unsigned char)*at < 0x20 || *at == 0x7F;
        if (is_control && *at != '\n' && *at != '\t') {
            *at = '?';
        }
    }
}

static void write_all(const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(STDERR_FILENO, text, len);
        if (n < 0 && errno != EINTR) {
            return; /* nobody to tell */
        }
        if (n > 0) {
            text += n;
            len -= (size_t)n;
        }
    }
}

/* One write a line, so that lines of several processes do not mix. */
__attribute__((format(printf, 3, 0))) static void put(const char *before, const char *after, const char *format,
                                                      va_list args)
{
    char message[LINE_BYTES], line[LINE_BYTES + 64];
    if (vsnprintf(message, sizeof message, format, args) < 0) {
        return;
    }
    defuse(message);
    const char *clear = logger.has_progress_line ? "\r\x1b[K" : "";
    int n = snprintf(line, sizeof line, "%s%s%s%s", clear, before, message, after);
    logger.has_progress_line = false;
    write_all(line, n < 0 ? 0 : (size_t)n);
}

void assay_log_note(const char *format, ...)
{
    if (logger.level == ASSAY_LOG_QUIET) {
        return;
    }
    va_list args;
    va_start(args, format);
    put("", "\n", format, args);
    va_end(args);
}

void assay_log_warning(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    put(logger.is_terminal ? "\x1b[33mwarning:\x1b[0m " : "warning: ", "\n", format, args);
    va_end(args);
}

void assay_log_error(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    put(logger.is_terminal ? "\x1b[31massay:\x1b[0m " : "assay: ", "\n", format, args);
    va_end(args);
}

void assay_log_progress(const char *format, ...)
{
    if (logger.level == ASSAY_LOG_QUIET) {
        return;
    }
    va_list args;
    va_start(args, format);
    if (logger.is_terminal) {
        put("\r\x1b[K", "", format, args);
        logger.has_progress_line = true;
    } else {
        put("", "\n", format, args);
    }
    va_end(args);
}

void assay_log_progress_end(void)
{
    if (logger.has_progress_line) {
        write_all("\n", 1);
        logger.has_progress_line = false;
    }
}
