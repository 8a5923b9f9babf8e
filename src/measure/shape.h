/*
 * The text of --shape. Internal to measure/.
 *
 *     ramp:R0,R1,...@T     the rate goes from R0 to R1 in time T, then to R2, ...
 *     steps:R1,R2,...@T    rate R1 for time T, then R2, ...
 *     burst:N,T            N operations at once, every T
 *     replay:FILE          recorded traffic (replay.h)
 */
#ifndef ASSAY_MEASURE_SHAPE_H
#define ASSAY_MEASURE_SHAPE_H

#include "measure/measure.h"

/* Fills shape and load->arrivals; a replay is read into *file, which the shape borrows. USAGE if it is none of them. */
assay_code assay_shape_parse(const char *text, struct assay_shape *shape, struct assay_load *load,
                             struct assay_buf *file, assay_err *err);

#endif
