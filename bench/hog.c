/* A busy process: pins itself to a CPU and computes until it is ended. `hog CPU` */
#include "base/num.h"
#include "base/thread.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    uint64_t cpu = 0;
    assay_err err = {0};
    if (argc != 2 || assay_num_u64(assay_slice_of(argv[1]), "CPU", 4095, &cpu, &err) != ASSAY_OK) {
        (void)fprintf(stderr, "usage: hog CPU\n");
        return EXIT_FAILURE;
    }
    (void)assay_thread_pin((size_t)cpu);
    for (volatile uint64_t n = 0;; n++) {
    }
}
