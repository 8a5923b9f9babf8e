/*
 * What the public headers share: export of symbols, and C linkage for C++.
 */
#ifndef ASSAY_API_H
#define ASSAY_API_H

#ifdef __cplusplus
#define ASSAY_BEGIN_C extern "C" {
#define ASSAY_END_C }
#else
#define ASSAY_BEGIN_C
#define ASSAY_END_C
#endif

#define ASSAY_API __attribute__((visibility("default")))

#endif
