#include "workload/command.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES ((size_t)64 << 10)
#define FILE_PREFIX "file:"
#define COMMAND_PREFIX "cmd:"

static bool is_plain_file(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) != 0;
}

static assay_code open_judge(const char *line, const struct assay_command_options *options,
                             struct assay_command_outputs *ret, assay_err *err)
{
    ret->reference = ASSAY_COMMAND_JUDGE;
    return assay_command_program_find(line, options, "--verify-output", &ret->judge, err);
}

static assay_code open_file(const char *path, struct assay_command_outputs *ret, assay_err *err)
{
    ret->reference = ASSAY_COMMAND_FILE;
    ret->has_expected = true;
    assay_code rc = assay_command_file_digest(path, &ret->expected, err);
    if (rc != ASSAY_OK) {
        assay_wrap(err, "--verify-output");
    }
    return rc;
}

/* A name that is a file, and no program, is a file of expected output; all else is a command. A prefix decides. */
assay_code assay_command_outputs_open(const struct assay_command_options *options, struct assay_command_outputs *ret,
                                      assay_err *err)
{
    *ret = (struct assay_command_outputs){0};
    const char *text = options->verify_output;
    if (!text) {
        return ASSAY_OK;
    }
    if (strcmp(text, "same") == 0) {
        ret->reference = ASSAY_COMMAND_SAME;
        return ASSAY_OK;
    }
    if (assay_text_starts(text, FILE_PREFIX)) {
        return open_file(text + strlen(FILE_PREFIX), ret, err);
    }
    if (assay_text_starts(text, COMMAND_PREFIX)) {
        return open_judge(text + strlen(COMMAND_PREFIX), options, ret, err);
    }
    return is_plain_file(text) ? open_file(text, ret, err) : open_judge(text, options, ret, err);
}

void assay_command_output_digest(const struct assay_spawner *spawner, struct assay_digest *ret)
{
    struct assay_sha256 hash;
    char piece[PIECE_BYTES];
    uint64_t at = 0;
    assay_sha256_init(&hash);
    for (size_t n; (n = assay_spawner_output(spawner, at, piece, sizeof piece)) > 0; at += n) {
        assay_sha256_add(&hash, piece, n);
    }
    assay_sha256_end(&hash, ret);
}

static bool remember(struct assay_command_outputs *outputs, const struct assay_digest *digest, bool is_good)
{
    if (outputs->answers_count < ASSAY_COMMAND_ANSWERS_MAX) {
        outputs->answers[outputs->answers_count].digest = *digest;
        outputs->answers[outputs->answers_count++].is_good = is_good;
    }
    return is_good;
}

/* Asks the judge, unless it has seen these very bytes. */
static assay_code ask_judge(struct assay_command_outputs *outputs, struct assay_spawner *spawner, int stop_fd,
                            const struct assay_digest *digest, bool *ret_is_good, assay_err *err)
{
    for (size_t i = 0; i < outputs->answers_count; i++) {
        if (assay_digest_equal(&outputs->answers[i].digest, digest)) {
            *ret_is_good = outputs->answers[i].is_good;
            return ASSAY_OK;
        }
    }
    struct assay_spawn_outcome outcome;
    assay_code rc = assay_spawner_feed(spawner, err);
    rc = rc == ASSAY_OK ? assay_spawner_run(spawner, outputs->judge_job, 0, stop_fd, &outcome, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (outcome.end == ASSAY_SPAWN_NOT_STARTED || outcome.end == ASSAY_SPAWN_TIMED_OUT) {
        return assay_fail(err, ASSAY_IO, "--verify-output: '%s' %s", outputs->judge.path,
                          outcome.end == ASSAY_SPAWN_TIMED_OUT ? "ran into the time limit" : strerror(outcome.error));
    }
    *ret_is_good = outcome.end == ASSAY_SPAWN_EXITED && remember(outputs, digest, outcome.exit_status == 0);
    return ASSAY_OK;
}

assay_code assay_command_output_check(struct assay_command_outputs *outputs, struct assay_spawner *spawner, int stop_fd,
                                      const struct assay_digest *digest, bool *ret_is_good, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    *ret_is_good = true;
    switch (outputs->reference) {
    case ASSAY_COMMAND_ANY:
        return ASSAY_OK;
    case ASSAY_COMMAND_JUDGE:
        rc = ask_judge(outputs, spawner, stop_fd, digest, ret_is_good, err);
        break;
    case ASSAY_COMMAND_SAME:
        if (!outputs->has_expected) {
            outputs->expected = *digest;
            outputs->has_expected = true;
        }
        *ret_is_good = outputs->is_between_arms || assay_digest_equal(&outputs->expected, digest);
        break;
    case ASSAY_COMMAND_FILE:
        *ret_is_good = assay_digest_equal(&outputs->expected, digest);
        break;
    }
    outputs->compared++;
    outputs->failures += !*ret_is_good;
    return rc;
}
