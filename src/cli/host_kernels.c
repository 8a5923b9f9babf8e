#include "cli/host_kernels.h"
#include "cli/terminal.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/thread.h"
#include "crypto/crypto.h"
#include "kernel/kernel.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* options NULL: what the environment says. */
static assay_code open_set(const struct assay_kernel_options *options, const struct assay_opt_list *plugins,
                           struct assay_kernel_set **ret, assay_err *err)
{
    struct assay_kernel_set *set = NULL;
    assay_code rc = assay_kernel_set_new(options, &set, err);
    for (size_t i = 0; rc == ASSAY_OK && plugins && i < plugins->count; i++) {
        rc = assay_kernel_set_plugin(set, plugins->items[i], err);
    }
    rc = rc == ASSAY_OK ? assay_kernel_set_ready(set, err) : rc;
    if (rc != ASSAY_OK) {
        assay_kernel_set_free(set);
        return rc;
    }
    *ret = set;
    return ASSAY_OK;
}

/* ---- the table -------------------------------------------------------------------------------------------------- */

static const struct assay_column COLUMNS[] = {
    {"id", "id", ASSAY_COLUMN_FOREIGN},
    {"class", "class", ASSAY_COLUMN_TEXT},
    {"equality", "equality", ASSAY_COLUMN_TEXT},
    {"state", "state", ASSAY_COLUMN_TEXT},
    {"chosen", "chosen", ASSAY_COLUMN_TEXT},
    {"checked", "checked", ASSAY_COLUMN_NUMBER},
    {"why", "why not, or what", ASSAY_COLUMN_FOREIGN},
};

static void put_row(struct assay_table *table, const struct assay_kernel_entry *entry, bool is_chosen)
{
    const char *help = entry->row->help ? entry->row->help : "";
    assay_table_row(table);
    assay_table_cell(table, "%s", entry->row->id);
    assay_table_cell(table, "%s", assay_kernel_class_text(entry->row->kind));
    assay_table_cell(table, "%s", assay_kernel_equality_text(entry->row->equality));
    assay_table_cell(table, "%s", assay_kernel_state_text(entry->state));
    assay_table_cell(table, "%s", is_chosen ? "yes" : "no");
    assay_table_cell(table, "%u", entry->cases_checked);
    assay_table_cell(table, "%s", entry->state == ASSAY_KERNEL_USABLE ? help : entry->why);
}

static assay_code put_operation(struct assay_table *table, struct assay_kernel_set *set,
                                const struct assay_kernel_operation *op, assay_err *err)
{
    struct assay_kernel *kernel = NULL;
    assay_code rc = assay_kernel_set_bind(set, op, &kernel, err);
    for (size_t i = 0; i < op->rows_count && rc == ASSAY_OK; i++) {
        struct assay_kernel_entry entry = assay_kernel_set_row(set, assay_kernel_set_index(set, op->rows[i]->id));
        put_row(table, &entry, entry.index == assay_kernel_row_in_force(kernel));
    }
    return rc;
}

static void put_digest(struct assay_buf *out)
{
    struct assay_buf text;
    struct assay_digest digest;
    char hex[ASSAY_DIGEST_TEXT_BYTES];
    assay_buf_init(&text, ASSAY_KERNEL_TABLE_BYTES_MAX);
    assay_kernel_table_text(&text);
    assay_sha256_of(text.data ? text.data : "", text.len, &digest);
    assay_digest_print(&digest, hex);
    assay_buf_printf(out, "\ntable of the built-in kernels: sha256 %s\n", hex);
    assay_buf_done(&text);
}

assay_code assay_host_kernels_list(const struct assay_opt_list *plugins, bool wants_json, struct assay_buf *out,
                                   assay_err *err)
{
    struct assay_kernel_set *set = NULL;
    assay_code rc = open_set(NULL, plugins, &set, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct assay_table table;
    struct assay_style style = assay_terminal_style();
    assay_table_init(&table, COLUMNS, COUNT_OF(COLUMNS));
    for (size_t i = 0; i < assay_kernel_set_operations(set) && rc == ASSAY_OK; i++) {
        rc = put_operation(&table, set, assay_kernel_set_operation(set, i), err);
    }
    rc = rc == ASSAY_OK
             ? assay_table_render(&table, wants_json ? ASSAY_REPORT_JSON : ASSAY_REPORT_TEXT, &style, out, err)
             : rc;
    if (rc == ASSAY_OK && !wants_json) {
        put_digest(out);
    }
    assay_table_done(&table);
    assay_kernel_set_free(set);
    return rc;
}

/* ---- what counts ------------------------------------------------------------------------------------------------ */

static assay_code run_once(struct assay_kernel_set *set, struct assay_kernel_counters *counters,
                           const struct assay_kernel_operation *op, assay_err *err)
{
    struct assay_kernel *kernel = NULL;
    struct assay_kernel_data data = {0};
    assay_code rc = assay_kernel_set_bind(set, op, &kernel, err);
    rc = rc == ASSAY_OK ? assay_kernel_data_init(&data, op, &op->cases[0].shape, err) : rc;
    if (rc == ASSAY_OK) {
        assay_kernel_data_fill(&data, &op->cases[0]);
        assay_kernel_dispatch(kernel, assay_kernel_counters_thread(counters, 0), &data.call);
    }
    assay_kernel_data_done(&data);
    return rc;
}

assay_code assay_host_kernels_count(const struct assay_opt_list *plugins, struct assay_buf *out, assay_err *err)
{
    struct assay_kernel_set *set = NULL;
    struct assay_kernel_counters *counters = NULL;
    assay_code rc = open_set(NULL, plugins, &set, err);
    rc = rc == ASSAY_OK ? assay_kernel_counters_new(set, 1, &counters, err) : rc;
    for (size_t i = 0; rc == ASSAY_OK && i < assay_kernel_set_operations(set); i++) {
        rc = run_once(set, counters, assay_kernel_set_operation(set, i), err);
    }
    for (size_t i = 0; rc == ASSAY_OK && i < assay_kernel_set_rows(set); i++) {
        struct assay_kernel_total total;
        assay_kernel_counters_sum(counters, i, &total);
        if (total.calls > 0) {
            assay_buf_printf(out, "%s\n", assay_kernel_set_row(set, i).row->id);
        }
    }
    assay_kernel_counters_free(counters);
    assay_kernel_set_free(set);
    return rc == ASSAY_OK ? assay_host_model_count(out, err) : rc;
}

/* ---- flags are proven live -------------------------------------------------------------------------------------- */

#define CHILD_LIMIT_NS (60 * ASSAY_NS_PER_S) /* of one child, which runs every kernel once */
#define CHILD_BYTES_MAX ((size_t)1 << 20)
#define SETTING_BYTES 256

/* A variant other than its reference that is in force: what a flag can take away. */
static bool find_choice(struct assay_kernel_set *set, struct assay_kernel_entry *ret, assay_err *err)
{
    for (size_t i = 0; i < assay_kernel_set_operations(set); i++) {
        const struct assay_kernel_operation *op = assay_kernel_set_operation(set, i);
        struct assay_kernel *kernel = NULL;
        if (assay_kernel_set_bind(set, op, &kernel, err) != ASSAY_OK) {
            return false;
        }
        *ret = assay_kernel_set_row(set, assay_kernel_row_in_force(kernel));
        if (ret->row != op->rows[0]) {
            return true;
        }
    }
    return false;
}

static void set_isa(const struct assay_kernel_entry *entry, char *ret)
{
    (void)entry;
    (void)snprintf(ret, SETTING_BYTES, "ref");
}

static void set_kernel(const struct assay_kernel_entry *entry, char *ret)
{
    (void)snprintf(ret, SETTING_BYTES, "%s_%s=%s", entry->op->name, entry->op->format,
                   assay_kernel_isa(entry->op->rows[0]));
}

static void set_forbid(const struct assay_kernel_entry *entry, char *ret)
{
    (void)snprintf(ret, SETTING_BYTES, "%s", entry->row->id);
}

static void set_threads(const struct assay_kernel_entry *entry, char *ret)
{
    (void)entry;
    (void)snprintf(ret, SETTING_BYTES, "1");
}

static void set_pin(const struct assay_kernel_entry *entry, char *ret)
{
    (void)entry;
    (void)snprintf(ret, SETTING_BYTES, "0");
}

static void set_pages(const struct assay_kernel_entry *entry, char *ret)
{
    (void)entry;
    (void)snprintf(ret, SETTING_BYTES, "small");
}

static void set_head(const struct assay_kernel_entry *entry, char *ret)
{
    (void)entry;
    (void)snprintf(ret, SETTING_BYTES, "screened");
}

enum needs { NEEDS_NOTHING, NEEDS_CHOICE, NEEDS_CPUS };

static const struct flag {
    const char *name;
    void (*set)(const struct assay_kernel_entry *entry, char *ret); /* a value that must change what counts */
    enum needs needs;
} FLAGS[] = {{"ASSAY_ISA", set_isa, NEEDS_CHOICE},
             {"ASSAY_KERNEL", set_kernel, NEEDS_CHOICE},
             {"ASSAY_KERNEL_FORBID", set_forbid, NEEDS_CHOICE},
             {"ASSAY_THREADS", set_threads, NEEDS_CPUS},
             {"ASSAY_PIN", set_pin, NEEDS_NOTHING},
             {"ASSAY_PAGES", set_pages, NEEDS_NOTHING},
             {"ASSAY_HEAD", set_head, NEEDS_NOTHING}};

/* The ids that count in a child with that one flag, all others unset; setting NULL: with none. */
static assay_code count_in_child(const char *setting, struct assay_buf *ret, assay_err *err)
{
    char program[4096];
    char *argv[2 * COUNT_OF(FLAGS) + 8];
    size_t n = 0;
    assay_code found = assay_proc_own_path(program, sizeof program, err);
    if (found != ASSAY_OK) {
        return found;
    }
    char words[][8] = {"env", "-u", "host"};
    char count[] = "--count";
    char names[COUNT_OF(FLAGS)][SETTING_BYTES], copy[2 * SETTING_BYTES];
    argv[n++] = words[0];
    for (size_t i = 0; i < COUNT_OF(FLAGS); i++) {
        (void)snprintf(names[i], sizeof names[i], "%s", FLAGS[i].name);
        argv[n++] = words[1];
        argv[n++] = names[i];
    }
    if (setting) {
        (void)snprintf(copy, sizeof copy, "%s", setting);
        argv[n++] = copy;
    }
    argv[n++] = program;
    argv[n++] = words[2];
    argv[n++] = count;
    argv[n] = NULL;
    int status = 0;
    assay_code rc = assay_proc_run(argv, CHILD_LIMIT_NS, ret, &status, err);
    if (rc == ASSAY_OK && status != 0) {
        rc = assay_fail(err, ASSAY_BUG, "the child with %s ended with %d", setting ? setting : "no flag", status);
    }
    return rc;
}

static assay_code probe_flag(const struct flag *flag, const struct assay_kernel_entry *choice,
                             const struct assay_buf *without, struct assay_buf *out, bool *ret_is_dead, assay_err *err)
{
    char value[SETTING_BYTES], setting[2 * SETTING_BYTES];
    struct assay_buf with;
    flag->set(choice, value);
    (void)snprintf(setting, sizeof setting, "%s=%s", flag->name, value);
    assay_buf_init(&with, CHILD_BYTES_MAX);
    assay_code rc = count_in_child(setting, &with, err);
    if (rc == ASSAY_OK) {
        bool is_equal = with.len == without->len && memcmp(with.data ? with.data : "", without->data, with.len) == 0;
        *ret_is_dead = is_equal;
        assay_buf_printf(out, "%-20s %-5s %s: %s\n", flag->name, is_equal ? "dead" : "live", setting,
                         is_equal ? "the same kernels and settings" : "other kernels, or another setting");
    }
    assay_buf_done(&with);
    return rc;
}

/* NULL: the flag can do something on this host. */
static const char *why_not(const struct flag *flag, bool has_choice)
{
    if (flag->needs == NEEDS_CHOICE && !has_choice) {
        return "no variant beside the references can run";
    }
    return flag->needs == NEEDS_CPUS && assay_thread_cpu_count() == 1 ? "there is one CPU" : NULL;
}

assay_code assay_host_kernels_probe(struct assay_buf *out, assay_err *err)
{
    static const struct assay_kernel_options UNSET = {.isa = "", .kernels = "", .forbid = ""};
    struct assay_kernel_set *set = NULL;
    struct assay_kernel_entry choice = {0};
    struct assay_buf without;
    bool is_dead = false, any_dead = false;
    assay_buf_init(&without, CHILD_BYTES_MAX);
    assay_code rc = open_set(&UNSET, NULL, &set, err);
    bool has_choice = rc == ASSAY_OK && find_choice(set, &choice, err);
    if (rc == ASSAY_OK) {
        rc = count_in_child(NULL, &without, err);
    }
    for (size_t i = 0; i < COUNT_OF(FLAGS) && rc == ASSAY_OK; i++) {
        const char *lacks = why_not(&FLAGS[i], has_choice);
        if (lacks) {
            assay_buf_printf(out, "%-20s not available here: %s\n", FLAGS[i].name, lacks);
            continue;
        }
        rc = probe_flag(&FLAGS[i], &choice, &without, out, &is_dead, err);
        any_dead = any_dead || is_dead;
    }
    assay_buf_done(&without);
    assay_kernel_set_free(set);
    return rc == ASSAY_OK && any_dead ? ASSAY_WANTING : rc;
}
