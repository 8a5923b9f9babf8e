#include "cli/cli.h"

#include "base/file.h"
#include "base/mem.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

const char *assay_cli_version(void)
{
    return "assay " ASSAY_VERSION;
}

const struct assay_workload *assay_cli_workload(const struct assay_cli *cli, const char *name)
{
    for (size_t i = 0; i < cli->workloads_count; i++) {
        if (strcmp(cli->workloads[i]->name, name) == 0) {
            return cli->workloads[i];
        }
    }
    return NULL;
}

assay_code assay_cli_parse(const struct assay_opt_verb *verb, int argc, char *const *argv, void *values,
                           struct assay_opt_result *ret, bool *ret_done, assay_err *err)
{
    *ret_done = false;
    assay_code rc = assay_opt_parse(verb, argc, argv, values, ret, err);
    if (rc != ASSAY_OK || !ret->wants_help) {
        return rc;
    }
    struct assay_buf help;
    assay_buf_init(&help, ASSAY_CLI_OUTPUT_BYTES_MAX);
    assay_opt_help(verb, &help);
    rc = assay_cli_print(&help, err);
    assay_buf_done(&help);
    *ret_done = true;
    return rc;
}

static bool is_listed(const char *name, const char *const *names)
{
    while (*names && strcmp(*names, name) != 0) {
        names++;
    }
    return *names != NULL;
}

assay_code assay_cli_check_given(const struct assay_opt_verb *verb, const struct assay_opt_result *given,
                                 const char *const *names, const char *mode, assay_err *err)
{
    for (size_t i = 0; i < verb->options_count; i++) {
        const char *name = verb->options[i].name;
        if (assay_opt_was_seen(&given->seen, i) && !is_listed(name, names)) {
            return assay_fail(err, ASSAY_USAGE, "--%s does not go with %s, which would not look at it", name, mode);
        }
    }
    return ASSAY_OK;
}

bool assay_cli_was_given(const struct assay_opt_verb *verb, const struct assay_opt_result *given, const char *name)
{
    size_t i = 0;
    while (i < verb->options_count && strcmp(verb->options[i].name, name) != 0) {
        i++;
    }
    assert(i < verb->options_count);
    return assay_opt_was_seen(&given->seen, i);
}

assay_code assay_cli_check_pair(const struct assay_opt_verb *verb, const struct assay_opt_result *given,
                                const char *name, const char *needed, assay_err *err)
{
    return assay_cli_was_given(verb, given, needed) || !assay_cli_was_given(verb, given, name)
               ? ASSAY_OK
               : assay_fail(err, ASSAY_USAGE, "--%s does nothing without --%s", name, needed);
}

assay_code assay_cli_print(const struct assay_buf *out, assay_err *err)
{
    assay_code rc = assay_buf_check(out, err);
    if (rc != ASSAY_OK || out->len == 0) {
        return rc;
    }
    return assay_fd_write(STDOUT_FILENO, out->data, out->len, "standard output", err);
}

assay_code assay_cli_output(struct assay_buf *out, const char *path, bool is_forced, assay_err *err)
{
    if (!path || strcmp(path, "-") == 0) {
        return ASSAY_OK;
    }
    assay_code rc = assay_buf_check(out, err);
    if (rc == ASSAY_OK) {
        enum assay_file_mode mode = is_forced ? ASSAY_FILE_REPLACE : ASSAY_FILE_NEW;
        rc = assay_file_write(path, out->data ? out->data : "", out->len, mode, err);
    }
    if (rc == ASSAY_EXISTS) {
        assay_wrap(err, "use --force to replace it");
    }
    assay_buf_clear(out);
    return rc;
}

/* Output first, verdict second: a judgement that cannot be written is a failure, whatever it says. */
static assay_code call_and_print(struct assay_cli *cli, const struct assay_verb *verb, const void *values,
                                 const struct assay_opt_result *given, assay_err *err)
{
    struct assay_buf out;
    assay_buf_init(&out, ASSAY_CLI_OUTPUT_BYTES_MAX);
    assay_code rc = verb->run(cli, values, given, &out, err);
    if (rc == ASSAY_OK || cli->has_judged) {
        assay_err print_err = {0};
        assay_code printed = assay_cli_print(&out, &print_err);
        if (printed != ASSAY_OK) {
            *err = print_err;
            cli->has_judged = false;
            rc = printed;
        }
    }
    assay_buf_done(&out);
    return rc;
}

static assay_code print_help(const struct assay_verb *verb, assay_err *err)
{
    struct assay_buf out;
    assay_buf_init(&out, ASSAY_CLI_OUTPUT_BYTES_MAX);
    assay_opt_help(&verb->opt, &out);
    assay_buf_printf(&out, "\nWords ('assay %s WORD --help' lists their options)\n", verb->opt.name);
    for (size_t i = 0; i < verb->words_count; i++) {
        assay_buf_printf(&out, "  %-10s %s\n", strrchr(verb->words[i]->opt.name, ' ') + 1, verb->words[i]->opt.summary);
    }
    assay_code rc = assay_cli_print(&out, err);
    assay_buf_done(&out);
    return rc;
}

static assay_code call_word(struct assay_cli *cli, const struct assay_verb *verb, int argc, char *const *argv,
                            assay_err *err)
{
    struct assay_buf list;
    if (argc > 0 && (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)) {
        return print_help(verb, err);
    }
    assay_buf_init(&list, ASSAY_ERR_BYTES);
    for (size_t i = 0; i < verb->words_count; i++) {
        const char *word = strrchr(verb->words[i]->opt.name, ' ') + 1;
        if (argc > 0 && strcmp(argv[0], word) == 0) {
            assay_buf_done(&list);
            return assay_verb_call(cli, verb->words[i], argc - 1, argv + 1, err);
        }
        assay_buf_printf(&list, "%s%s", i == 0 ? "" : i + 1 < verb->words_count ? ", " : " or ", word);
    }
    const char *words = list.data ? list.data : "";
    assay_code rc = argc > 0
                        ? assay_fail(err, ASSAY_USAGE, "there is no '%s %.40s': %s", verb->opt.name, argv[0], words)
                        : assay_fail(err, ASSAY_USAGE, "'assay %s': what to do is missing: %s", verb->opt.name, words);
    assay_buf_done(&list);
    return rc;
}

assay_code assay_verb_call(struct assay_cli *cli, const struct assay_verb *verb, int argc, char *const *argv,
                           assay_err *err)
{
    if (verb->words) {
        return call_word(cli, verb, argc, argv, err);
    }
    if (verb->run_raw) {
        return verb->run_raw(cli, argc, argv, err);
    }
    struct assay_opt_result given = {0};
    bool done = false;
    void *values = assay_alloc(1, verb->values_bytes);
    if (!values) {
        return assay_nomem(err);
    }
    if (verb->defaults) {
        memcpy(values, verb->defaults, verb->values_bytes);
    }
    assay_code rc = assay_cli_parse(&verb->opt, argc, argv, values, &given, &done, err);
    if (rc == ASSAY_OK && !done) {
        rc = call_and_print(cli, verb, values, &given, err);
    }
    assay_opt_result_done(&given);
    assay_free(values);
    return rc;
}
