/*
 * Marks: what people know of a history (statistics.md 5.3), kept as text in the repository. Read as strictly as a
 * policy.
 *
 *     assay_marks: 1
 *     marks:
 *       - {kind: shift, series: "command * service_p50*", commit: 3f2a9c1, reason: "new compiler",
 *          issued: 2026-11-01, expires: never}
 *
 *     shift    a known change: at this commit a new segment begins, and nothing is reported there
 *     ack      a change at this commit was seen: it is listed, and nobody is told again. It ends when the level moves
 *              again, since a later change is another commit's
 *     ignore   changes at this commit (`any`: at every one) are listed and count for nothing
 *
 * An expired mark does nothing, and is still printed. Texts belong to the marks' arena.
 */
#ifndef ASSAY_RECORD_MARKS_H
#define ASSAY_RECORD_MARKS_H

#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASSAY_MARKS_BYTES_MAX ((size_t)256 << 10) /* as a policy: typed by people */
#define ASSAY_MARKS_MAX 1024
#define ASSAY_MARK_COMMIT_LEAST 7 /* hex digits: what git prints for short */
#define ASSAY_MARK_NEVER INT64_MAX

enum assay_mark_kind { ASSAY_MARK_SHIFT, ASSAY_MARK_ACK, ASSAY_MARK_IGNORE, ASSAY_MARK_KIND_COUNT };
const char *assay_mark_kind_text(enum assay_mark_kind kind); /* "shift" */

struct assay_mark {
    enum assay_mark_kind kind;
    const char *series; /* glob: * any text, ? any one byte */
    const char *commit; /* hex, or NULL: any */
    const char *reason;
    int64_t issued_day, expires_day; /* since 1970; ASSAY_MARK_NEVER */
};

struct assay_marks {
    struct assay_arena arena;
    struct assay_mark *marks;
    size_t count;
    char sha256[65]; /* of the bytes, hex */
};

assay_code assay_marks_parse(const char *bytes, size_t len, struct assay_marks **ret, assay_err *err);
void assay_marks_free(struct assay_marks *marks);

/* Whether the mark speaks of a change of this series at this commit, whatever the date. */
bool assay_mark_fits(const struct assay_mark *mark, const char *series, const char *commit);
/* From the day it was issued to the day before it expires. */
bool assay_mark_is_valid(const struct assay_mark *mark, int64_t day);

bool assay_glob_matches(const char *glob, const char *text);

#endif
