/* Units (inside claims/): dimension and exact factor of each, from units.def. */
#ifndef ASSAY_CLAIMS_UNIT_H
#define ASSAY_CLAIMS_UNIT_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

enum base_dim {
    DIM_NONE,
    DIM_TIME,
    DIM_BYTES,
    DIM_BITS,
    DIM_COUNT,
    DIM_FLOP,
    DIM_ENERGY,
    DIM_POWER,
    DIM_TEMPERATURE,
    DIM_MONEY,
    DIM_PERCENT,
    DIM_POINTS,
    DIM_RATIO
};
#define DIM_OVER(num, den) ((uint8_t)((num) | ((den) << 4)))
#define DIM_NUM(dim) ((dim)&15)
#define DIM_DEN(dim) ((dim) >> 4)
#define DIM_RATE DIM_OVER(DIM_COUNT, DIM_TIME)
#define DIM_BYTE_RATE DIM_OVER(DIM_BYTES, DIM_TIME)
#define DIM_BIT_RATE DIM_OVER(DIM_BITS, DIM_TIME)

enum unit_flag {
    UNIT_TWO = 1,
    UNIT_CALENDAR = 2,
    UNIT_NOUN = 4,
    UNIT_CURRENCY2 = 8,
    UNIT_CURRENCY3 = 16,
    UNIT_CURRENCY4 = 32
};

enum unit_id {
    UNIT_NONE,
#define U(id, num, den, n, d, flags, aliases) UNIT_##id,
#include "claims/units.def"
#undef U
    UNIT_COUNT_OF
};

struct unit {
    const char *aliases; /* the first is the name */
    double num, den;
    uint8_t dim, flags;
};
extern const struct unit claims_units[UNIT_COUNT_OF];

#endif
