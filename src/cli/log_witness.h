/*
 * A witness that is asked over the network (c2sp.org/tlog-witness): `log cosign DIR --witness URL --vkey KEY` sends it
 * the checkpoint and the proof that it continues the head that this witness signed before, and keeps the cosignature.
 *
 * What the witness signed before stands in cosigned/. Where the witness knows another size it says which, and is asked
 * once more from there; a size above the log's means that this log was cut, or is another one.
 */
#ifndef ASSAY_CLI_LOG_WITNESS_H
#define ASSAY_CLI_LOG_WITNESS_H

#include "base/buf.h"
#include "base/err.h"

struct assay_log_witness {
    const char *url, *vkey;
};

/* WANTING: the witness refuses the head, or what it answered is no cosignature of its key. NETWORK. */
assay_code assay_cli_log_ask_witness(const struct assay_log_witness *how, const char *dir, struct assay_buf *out,
                                     assay_err *err);

#endif
