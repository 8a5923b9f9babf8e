/*
 * Prices: what things cost, on which days (policy gates of kind cost). A small YAML file, read as strictly as a policy:
 *
 *     assay_prices: 1
 *     valid_from: 2026-11-01
 *     valid_until: 2026-12-01        # the first day on which it is not valid any more
 *     prices: {prompt_token: 0.0000005USD, output_token: 0.0000015USD, request: 0USD, hour: 2.50USD}
 *
 * Each price may be left out and is then 0; at least one is there. `hour` is of the time that operations took.
 */
#ifndef ASSAY_RECORD_PRICES_H
#define ASSAY_RECORD_PRICES_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct assay_prices {
    int64_t from_day, until_day;                      /* until is excluded */
    double prompt_token, output_token, request, hour; /* USD */
};

assay_code assay_prices_parse(const char *bytes, size_t len, struct assay_prices *ret, assay_err *err);

#endif
