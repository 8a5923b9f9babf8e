/*
 * A log where the user says it is: a directory, or the URL of the same files on a web server, for reading only.
 */
#ifndef ASSAY_CLI_LOG_PLACE_H
#define ASSAY_CLI_LOG_PLACE_H

#include "base/err.h"
#include "net/net.h"
#include "store/store.h"

#include <stdbool.h>

struct assay_log_place {
    struct assay_log_dir *log;
    struct assay_net_target *target; /* of a URL; or NULL */
    char prefix[ASSAY_NET_URL_BYTES_MAX];
};

bool assay_log_place_is_url(const char *place);

/* mode: HEAD or READ. NETWORK: the server, or an answer that is neither 200 nor 404. */
assay_code assay_log_place_open(const char *place, enum assay_log_mode mode, struct assay_log_place *ret,
                                assay_err *err);
void assay_log_place_close(struct assay_log_place *place); /* fine on one that failed to open */

#endif
