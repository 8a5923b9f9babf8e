/* Any bytes as an array of NumPy: refused, or every value lies inside the bytes. */
#include "lm/lm.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assay_npy array;
    assay_err err = {0};
    if (assay_npy_parse(data, size, &array, &err) != ASSAY_OK) {
        assert(err.message[0] != '\0');
        return 0;
    }
    double sum = 0;
    for (uint64_t row = 0; row < array.rows; row++) {
        sum += assay_npy_value(&array, row, 0) + assay_npy_value(&array, row, array.columns - 1);
    }
    assert(array.data + array.rows * array.columns * (array.is_double ? 8 : 4) == data + size || sum == 0);
    return 0;
}
