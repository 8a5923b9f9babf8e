#include <stdio.h>

int main(void)
{
    FILE *trace = fopen("load.trace", "r");
    double spent = 0;
    if (!trace || fscanf(trace, "%lf", &spent) != 1)
        return 1;
    printf("load_time_s = %f\n", spent);
    return 0;
}
