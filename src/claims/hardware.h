/* Devices that documents name, and what they can do at most (inside claims/): the table of share/hardware.json. */
#ifndef ASSAY_CLAIMS_HARDWARE_H
#define ASSAY_CLAIMS_HARDWARE_H

#include "claims/check.h"

struct device {
    const char *name, *source; /* borrowed from the table */
    double bytes_per_s;        /* of its memory */
    double flop_per_s;         /* 0 = not in the table */
};

/* The one device that a quantity can be of: named in its block, else in its section or one above, else the only one of
 * the file. False if there is none, if it is not one ("8x H100"), or without a table. */
bool hardware_of(struct check *c, const struct quantity *q, struct device *ret);
void hardware_done(struct check *c);

#endif
