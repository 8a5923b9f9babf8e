/*
 * Files: whole, atomic, never by accident over an older one.
 *
 * assay_file_write puts a temporary file beside the target, writes, fsyncs, and renames it without replacing
 * (RENAME_NOREPLACE) unless `replace` says so, then fsyncs the directory: after a crash there is the old file, the new
 * one, or none, and never half of one.
 */
#ifndef ASSAY_BASE_FILE_H
#define ASSAY_BASE_FILE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum assay_file_mode { ASSAY_FILE_NEW, ASSAY_FILE_REPLACE };

/* EXISTS if the target is there and mode is ASSAY_FILE_NEW. Nothing is left behind on failure. */
assay_code assay_file_write(const char *path, const void *bytes, size_t len, enum assay_file_mode mode, assay_err *err);

/* Makes the directory; EXISTS if there is something of that name. Parents are made as needed. */
assay_code assay_dir_make(const char *path, assay_err *err);
/* As assay_dir_make, but an existing directory is fine. */
assay_code assay_dir_ensure(const char *path, assay_err *err);

bool assay_path_exists(const char *path);
bool assay_path_is_dir(const char *path);

/* "dir/name" into buf (cleared first). */
void assay_path_join(struct assay_buf *buf, const char *dir, const char *name);

/* Writes all of it to a descriptor, short writes and EINTR handled. `what` names the target in the message. */
assay_code assay_fd_write(int fd, const void *bytes, size_t len, const char *what, assay_err *err);

/* Makes the n-th write from now on fail with ENOSPC, once (1 = the next one; 0 = none). Builds made with -Dfaults=true
 * also take n from ASSAY_FAULT_WRITE at the first write (faults.h). For tests. */
void assay_file_fail_at(unsigned long n);

#endif
