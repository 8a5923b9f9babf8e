/*
 * A witness of a log (c2sp.org/tlog-cosignature): `log cosign DIR --key FILE --name NAME`. It has its own key,
 * remembers beside it (FILE.heads) the last head of each log that it signed, and signs a later one only if the log has
 * grown from there. What it says is: at this time I saw this head, and none that contradicts it.
 */
#ifndef ASSAY_CLI_LOG_COSIGN_H
#define ASSAY_CLI_LOG_COSIGN_H

#include "base/buf.h"
#include "base/err.h"

struct assay_log_cosign {
    const char *key, *password_file, *name;
};

/* Adds the cosignature to the checkpoint, keeps it in cosigned/, and prints the witness's verifier key. WANTING if the
 * log does not continue what the witness has seen, or its entries do not give its root. */
assay_code assay_cli_log_cosign(const struct assay_log_cosign *how, const char *dir, struct assay_buf *out,
                                assay_err *err);

#endif
