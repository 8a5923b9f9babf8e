#include "crypto/crypto.h"
#include "record/trace.h"

#include <string.h>

void assay_trace_ident_of(const uint8_t run_id[16], const char *plan_bytes, size_t plan_len,
                          struct assay_trace_ident *ret)
{
    struct assay_digest digest;
    assay_sha256_of(plan_bytes, plan_len, &digest);
    memcpy(ret->run_id, run_id, sizeof ret->run_id);
    memcpy(ret->plan_sha256, digest.bytes, sizeof ret->plan_sha256);
}
