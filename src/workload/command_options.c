#include "workload/command.h"

#define AT(member) offsetof(struct assay_command_options, member)
#define GROUP "Commands"
#define DEFAULT_TIMEOUT_NS (600 * ASSAY_NS_PER_S) /* a command that hangs must not hang the run for ever */
#define EXIT_MAX 255

const struct assay_opt assay_command_option_rows[ASSAY_COMMAND_OPTIONS_COUNT] = {
    {"verify-output", "same|FILE|COMMAND",
     "outputs must all be the same, or those of FILE, or be accepted (status 0) by COMMAND on its standard input",
     ASSAY_OPT_TEXT, AT(verify_output), .group = GROUP},
    {"timeout", "T", "a command that takes longer is killed with all its descendants, and failed (default 10m)",
     ASSAY_OPT_DURATION, AT(timeout_ns), .group = GROUP},
    {"expect-exit", "N", "exit status of a command that succeeded (default 0)", ASSAY_OPT_U64, AT(expect_exit),
     .max = EXIT_MAX, .group = GROUP},
    {"prepare", "COMMAND", "runs before each operation, outside of what is measured", ASSAY_OPT_TEXT, AT(prepare),
     .group = GROUP},
    {"shell", NULL, "commands are run by /bin/sh -c; what the shell costs is part of the measurement", ASSAY_OPT_FLAG,
     AT(use_shell), .group = GROUP},
    {"cwd", "DIR", "working directory of the commands", ASSAY_OPT_TEXT, AT(cwd), .group = GROUP},
    {"input", "FILE", "standard input of the commands (default: empty)", ASSAY_OPT_TEXT, AT(input), .group = GROUP},
};
void assay_command_defaults(void *state)
{
    struct assay_command_options *options = state;
    *options = (struct assay_command_options){.timeout_ns = DEFAULT_TIMEOUT_NS};
}
