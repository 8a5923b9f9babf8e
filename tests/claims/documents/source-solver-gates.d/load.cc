#include <stdio.h>

int main(void)
{
    double spent = estimate("beam.mesh");
    printf("load_time_s = %f\n", spent);
    return 0;
}
