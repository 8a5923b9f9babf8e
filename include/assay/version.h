/*
 * Version of libassay: MAJOR.MINOR.PATCH after semver.org. The same for the program and the library.
 */
#ifndef ASSAY_VERSION_H
#define ASSAY_VERSION_H

#define ASSAY_VERSION_MAJOR 0
#define ASSAY_VERSION_MINOR 1
#define ASSAY_VERSION_PATCH 0
#define ASSAY_VERSION "0.1.0"

#endif
