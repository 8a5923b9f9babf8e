/*
 * Version of libassay: MAJOR.MINOR.PATCH after semver.org. The same for the program and the library.
 */
#ifndef ASSAY_VERSION_H
#define ASSAY_VERSION_H

#include <assay/api.h>

#define ASSAY_VERSION_MAJOR 0
#define ASSAY_VERSION_MINOR 1
#define ASSAY_VERSION_PATCH 0
#define ASSAY_VERSION "0.1.0"

ASSAY_BEGIN_C

/* Of the library that runs, which may be another than that of the header: "0.1.0". */
ASSAY_API const char *assay_version(void);

ASSAY_END_C

#endif
