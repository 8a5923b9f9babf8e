/* Time stamps of other tools' files. Inside import/ only. */
#ifndef ASSAY_IMPORT_WHEN_H
#define ASSAY_IMPORT_WHEN_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

/* "2026-01-05T09:30:00.25Z", a blank for the T, an offset such as +02:00, no zone (taken as UTC: only differences
 * matter here); or a Unix time in s, ms, us or ns, told apart by its size. False if it is neither. */
bool assay_import_when(struct assay_slice text, uint64_t *ret_ns);

#endif
