#include <stdio.h>
#include <time.h>

int main(void)
{
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    double r = residual("beam.mesh");
    clock_gettime(CLOCK_MONOTONIC, &b);
    double spent = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
    fprintf(stderr, "residual %g after %f\n", r, spent);
    double residual_time_s = spent;
    printf("residual_time_s = %f\n", residual_time_s);
    return 0;
}
