#include "cli/stop.h"

#include <stddef.h>
#include <unistd.h>

static volatile sig_atomic_t stop_flag; /* set by the handler: what a signal can reach must be global */

static void on_stop_signal(int signal_number)
{
    if (stop_flag && signal_number == SIGINT) {
        _exit(128 + signal_number); /* a person who presses twice means now; timeout(1) sends SIGTERM twice by habit */
    }
    stop_flag = 1;
}

void assay_stop_catch(void)
{
    struct sigaction action = {.sa_handler = on_stop_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

const volatile sig_atomic_t *assay_stop_flag(void)
{
    return &stop_flag;
}

bool assay_stop_was_asked(void)
{
    return stop_flag != 0;
}
