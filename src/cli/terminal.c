#include "cli/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct assay_style assay_terminal_style(void)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    bool is_plain = (no_color && *no_color) || (term && strcmp(term, "dumb") == 0);
    return (struct assay_style){.has_color = !is_plain && isatty(STDOUT_FILENO) == 1};
}
