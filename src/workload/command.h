/*
 * command: programs as arms, run in turn by the spawner (base/spawner.h). Internal to workload/.
 *
 *     command_options.c   the option rows
 *     command_program.c   a command line becomes arguments, a program file and its digest; errors before the run
 *     command_output.c    the digest of what was written, and whether it is what was asked for
 *     command.c           the workload's table: arms, plan, steps
 *     command_describe.c  subjects and checks
 */
#ifndef ASSAY_WORKLOAD_COMMAND_H
#define ASSAY_WORKLOAD_COMMAND_H

#include "base/spawner.h"
#include "crypto/crypto.h"
#include "workload/workload.h"

#include <linux/limits.h>

struct assay_command_options {
    const char *verify_output, *prepare, *cwd, *input;
    uint64_t timeout_ns, expect_exit;
    bool use_shell;
};

enum { ASSAY_COMMAND_OPTIONS_COUNT = 7 };
extern const struct assay_opt assay_command_option_rows[ASSAY_COMMAND_OPTIONS_COUNT];
void assay_command_defaults(void *state);

/* A command line that can be spawned. */
struct assay_command_program {
    char **argv;                /* owned (assay_text_argv_free) */
    char path[PATH_MAX];        /* what is executed */
    struct assay_digest digest; /* of its bytes */
};

/* `what` names it in messages ("arm a"). USAGE: cannot be split, empty, not a program; NOT_FOUND: there is none. */
assay_code assay_command_program_find(const char *line, const struct assay_command_options *options, const char *what,
                                      struct assay_command_program *ret, assay_err *err);
void assay_command_program_done(struct assay_command_program *program); /* fine on a zeroed one */
assay_code assay_command_file_digest(const char *path, struct assay_digest *ret, assay_err *err);

enum assay_command_reference { ASSAY_COMMAND_ANY, ASSAY_COMMAND_SAME, ASSAY_COMMAND_FILE, ASSAY_COMMAND_JUDGE };

#define ASSAY_COMMAND_ANSWERS_MAX 64 /* different outputs whose judgement is remembered */

/* What outputs were, as the run saw them. */
struct assay_command_outputs {
    enum assay_command_reference reference;
    bool is_between_arms; /* of SAME: the arms of a round are compared, by the check that is derived from the trace */
    bool has_expected;    /* of SAME: from the first output on; of FILE: always */
    struct assay_digest expected;
    struct assay_command_program judge;
    size_t judge_job;
    struct {
        struct assay_digest digest;
        bool is_good;
    } answers[ASSAY_COMMAND_ANSWERS_MAX];
    size_t answers_count;
    uint64_t compared, failures; /* outputs of commands that ended as expected */
};

assay_code assay_command_outputs_open(const struct assay_command_options *options, struct assay_command_outputs *ret,
                                      assay_err *err);
void assay_command_output_digest(const struct assay_spawner *spawner, struct assay_digest *ret);
/* Whether the output that the spawner holds is good; true where nobody asked. */
assay_code assay_command_output_check(struct assay_command_outputs *outputs, struct assay_spawner *spawner, int stop_fd,
                                      const struct assay_digest *digest, bool *ret_is_good, assay_err *err);

struct assay_command_state {
    struct assay_command_options options; /* first: the option rows are about it */
    struct assay_command_program arms[ASSAY_PLAN_ARMS_MAX], prepare;
    struct assay_digest lines[ASSAY_PLAN_ARMS_MAX]; /* of the command lines as they were given */
    char arm_ids[ASSAY_PLAN_ARMS_MAX][2];
    size_t arms_count, prepare_job; /* prepare_job 0: none, arms come first */
    struct assay_command_outputs outputs;
    struct assay_digest input;
    struct assay_spawner *spawner;
    bool is_changed;      /* a program is another one than before the run */
    uint64_t left_behind; /* processes that outlived their command */
    uint64_t output_full; /* samples whose output was cut */
};

struct assay_command_worker {
    struct assay_command_state *state;
    struct assay_process process; /* of the last step */
    int stop_fd;
};

assay_code assay_command_describe(void *state, struct assay_description *ret, assay_err *err);

#endif
