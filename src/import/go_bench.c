/*
 * Go benchmark text (docs/formats/import-go-bench.md): "BenchmarkNAME-PROCS N VALUE ns/op [VALUE unit]...", one sample
 * a line; header lines "pkg: PATH" name what follows. Other lines (PASS, ok, what tests print) are not looked at, as
 * the format demands. Lines without ns/op have figures only.
 */
#include "import/rows.h"

#include "base/num.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define WORDS_MAX 64 /* on one line: name, count and thirty units */

static const struct assay_slice BENCHMARK = {"Benchmark", sizeof "Benchmark" - 1};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static size_t words_split(struct assay_slice line, struct assay_slice words[WORDS_MAX])
{
    size_t count = 0, i = 0;
    while (i < line.len && count < WORDS_MAX) {
        while (i < line.len && is_blank(line.data[i])) {
            i++;
        }
        size_t start = i;
        while (i < line.len && !is_blank(line.data[i])) {
            i++;
        }
        if (i > start) {
            words[count++] = (struct assay_slice){line.data + start, i - start};
        }
    }
    return count;
}

/* A line of a result: the name begins with Benchmark and an upper-case letter or nothing, then comes a count, then
 * pairs of value and unit. */
static bool is_result(const struct assay_slice *words, size_t count)
{
    uint64_t n;
    return count >= 4 && count % 2 == 0 && words[0].len >= BENCHMARK.len &&
           memcmp(words[0].data, BENCHMARK.data, BENCHMARK.len) == 0 &&
           (words[0].len == BENCHMARK.len || words[0].data[BENCHMARK.len] < 'a' ||
            words[0].data[BENCHMARK.len] > 'z') &&
           assay_num_u64(words[1], "", UINT64_MAX, &n, NULL) == ASSAY_OK;
}

static bool go_bench_detect(const char *bytes, size_t len)
{
    struct assay_slice rest = {bytes, len}, words[WORDS_MAX];
    if (assay_utf8_valid_prefix(bytes, len) != len || (len > 0 && (bytes[0] == '{' || bytes[0] == '['))) {
        return false;
    }
    while (rest.len > 0) {
        struct assay_slice line = assay_slice_trim(assay_slice_cut(&rest, '\n'));
        if (is_result(words, words_split(line, words))) {
            return true;
        }
    }
    return false;
}

struct reading {
    struct assay_import_rows *rows;
    struct assay_slice package;
    size_t line;
    assay_err *err;
};

static assay_code name_make(const struct reading *reading, struct assay_slice name,
                            char ret[ASSAY_IMPORT_NAME_BYTES_MAX + 1])
{
    const struct assay_slice *package = &reading->package;
    int len = package->len > 0 ? snprintf(ret, ASSAY_IMPORT_NAME_BYTES_MAX + 1, "%.*s.%.*s", (int)package->len,
                                          package->data, (int)name.len, name.data)
                               : snprintf(ret, ASSAY_IMPORT_NAME_BYTES_MAX + 1, "%.*s", (int)name.len, name.data);
    return len > 0 && len <= ASSAY_IMPORT_NAME_BYTES_MAX
               ? ASSAY_OK
               : assay_fail(reading->err, ASSAY_MALFORMED, "line %zu: a name has at most %d bytes", reading->line,
                            ASSAY_IMPORT_NAME_BYTES_MAX);
}

static assay_code value_read(const struct reading *reading, struct assay_slice word, double *ret)
{
    char what[64];
    (void)snprintf(what, sizeof what, "line %zu", reading->line);
    return assay_num_double(word, what, ret, reading->err);
}

/* The value of a unit on the line, if there is one. */
static assay_code unit_find(const struct reading *reading, const struct assay_slice *words, size_t count,
                            const char *unit, bool *ret_has, double *ret)
{
    *ret_has = false;
    for (size_t i = 2; i + 1 < count; i += 2) {
        if (assay_slice_is(words[i + 1], unit)) {
            *ret_has = true;
            return value_read(reading, words[i], ret);
        }
    }
    return ASSAY_OK;
}

static assay_code sample_add(const struct reading *reading, const char *name, double count, double ns)
{
    struct assay_import_row *row;
    uint32_t arm = 0;
    if (!(ns >= 0) || count < 1 || count > UINT32_MAX) {
        return assay_fail(reading->err, ASSAY_MALFORMED, "line %zu: a count from 1 to 2^32 and a time are needed",
                          reading->line);
    }
    assay_code rc = assay_import_rows_arm(reading->rows, name, strlen(name), &arm, reading->err);
    rc = rc == ASSAY_OK ? assay_import_rows_add(reading->rows, &row, reading->err) : rc;
    if (rc == ASSAY_OK) {
        row->arm = arm;
        row->iterations = (uint32_t)count;
        row->end_ns = assay_import_ns(ns * count, 1, &row->flags);
    }
    return rc;
}

static assay_code figures_add(const struct reading *reading, const char *name, const struct assay_slice *words,
                              size_t count)
{
    assay_code rc = ASSAY_OK;
    for (size_t i = 2; rc == ASSAY_OK && i + 1 < count; i += 2) {
        double value = 0;
        char unit[ASSAY_IMPORT_NAME_BYTES_MAX + 1];
        (void)snprintf(unit, sizeof unit, "%.*s", (int)words[i + 1].len, words[i + 1].data);
        rc = value_read(reading, words[i], &value);
        rc = rc == ASSAY_OK ? assay_import_rows_figure_of(reading->rows, name, unit, unit, value, reading->err) : rc;
    }
    return rc;
}

static assay_code result_read(const struct reading *reading, const struct assay_slice *words, size_t count)
{
    char name[ASSAY_IMPORT_NAME_BYTES_MAX + 1];
    uint64_t n = 0;
    double ns = 0;
    bool has_ns = false;
    assay_code rc = name_make(reading, words[0], name);
    rc = rc == ASSAY_OK ? assay_num_u64(words[1], "", UINT64_MAX, &n, reading->err) : rc;
    rc = rc == ASSAY_OK ? unit_find(reading, words, count, "ns/op", &has_ns, &ns) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    return has_ns ? sample_add(reading, name, (double)n, ns) : figures_add(reading, name, words, count);
}

static assay_code go_bench_read(const struct assay_import_request *request, struct assay_import_rows *rows,
                                assay_err *err)
{
    struct reading reading = {.rows = rows, .err = err};
    struct assay_slice rest = {request->bytes, request->len}, words[WORDS_MAX];
    assay_code rc = ASSAY_OK;
    while (rc == ASSAY_OK && rest.len > 0) {
        struct assay_slice line = assay_slice_trim(assay_slice_cut(&rest, '\n'));
        size_t count = words_split(line, words);
        reading.line++;
        if (count == 2 && assay_slice_is(words[0], "pkg:")) {
            reading.package = words[1];
        } else if (is_result(words, count)) {
            rc = result_read(&reading, words, count);
        }
    }
    rows->workload = "kernel";
    assay_import_rows_want_single(rows, "success_share");
    return rc == ASSAY_OK ? assay_import_rows_want(rows, "service", err) : rc;
}

const struct assay_importer assay_import_go_bench = {
    .format = {"go-bench", "go test -bench: one line a run, ns/op"},
    .detect = go_bench_detect,
    .read = go_bench_read,
};
