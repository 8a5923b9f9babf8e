/*
 * Reading what the kernel tells in small files, below a root folder. Internal to host/.
 */
#ifndef ASSAY_HOST_READ_H
#define ASSAY_HOST_READ_H

#include "record/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASSAY_HOST_TEXT_BYTES 4096 /* a value of /proc or /sys is a line or a screen */
#define ASSAY_HOST_PATH_BYTES 1024

struct assay_host_text {
    char text[ASSAY_HOST_TEXT_BYTES]; /* white space trimmed off the end; "" if it could not be read */
    size_t len;
    int error; /* errno, 0 = read */
};

/* Reads the beginning of root/path. Returns false and sets error if that cannot be done. */
bool assay_host_read(const char *root, const char *path, struct assay_host_text *ret);
bool assay_host_exists(const char *root, const char *path);

/* Reads a whole file (cpuinfo of a large machine has megabytes). Empty if it cannot be read. */
#define ASSAY_HOST_FILE_BYTES_MAX ((size_t)16 << 20)
bool assay_host_read_all(const char *root, const char *path, struct assay_buf *ret);

/* One unsigned decimal, as most files hold: false if there is anything else. */
bool assay_host_number(const char *text, uint64_t *ret);

/* The index-th word of the first line, words apart by blanks; empty (data NULL) if there are fewer. */
struct assay_slice assay_host_word(const char *text, size_t index);
bool assay_host_word_u64(const char *text, size_t index, uint64_t *ret);

/* The value of a line "name<white space>: value" or "NAME=value" (quotes taken off), into ret; false if absent. */
bool assay_host_line(const char *text, const char *name, char separator, char *ret, size_t bytes);

/* Calls visit for each name in the folder that starts with prefix, in order of the names; returns how many, or -1. */
int assay_host_list(const char *root, const char *path, const char *prefix,
                    void (*visit)(void *context, const char *name), void *context);

/* What a field is when there is no value. why is cut to the 256 bytes of type str. */
json_t *assay_host_unknown(const char *format, ...) __attribute__((format(printf, 1, 2)));
json_t *assay_host_absent(const char *why);
json_t *assay_host_unreadable(const char *path, int error); /* unknown: "PATH: No such file or directory" */
json_t *assay_host_string(const char *text);                /* cut to 256 bytes; "" is unknown */
json_t *assay_host_dec(double value);

#endif
