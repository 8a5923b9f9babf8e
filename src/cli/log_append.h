/*
 * `log append DIR`: one entry more, of a policy, a trust file, the document of a run, or the end of a run that left
 * none.
 *
 * The log takes no entry that its audit would call a fault for ever: what says how a run ended needs the intent of that
 * run, by the same key, without an outcome; a document is signed by that key and is of the plan that was announced;
 * with a trust file the key is one that it lists. So whoever appends learns it at once, and not the next reader.
 */
#ifndef ASSAY_CLI_LOG_APPEND_H
#define ASSAY_CLI_LOG_APPEND_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

struct assay_log_append {
    const char *log_key, *key, *password_file;
    const char *policy, *receipt, *abandon; /* at most one */
    const char *trust;                      /* alone: logged; else the key must be listed in it */
    bool wants_json;
};

/* WANTING, with the reason, for what would be a fault of the log. */
assay_code assay_cli_log_append(const struct assay_log_append *how, const char *dir, struct assay_buf *out,
                                assay_err *err);

#endif
