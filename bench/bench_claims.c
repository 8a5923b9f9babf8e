/*
 * How fast documents are checked, beside md4c's parse alone and cmark-gfm, all in one run.
 *
 *     bench_claims [FILE...]        corpora: honest reports (each checked alone), all of them in one document, and each
 *                                   FILE alone if there are any
 *     bench_claims --hostile [MB]   time of 2n over time of n for inputs made to hurt, n = MB (1)
 *     bench_claims --once [FILE...] checks each FILE, or 150 honest reports, once and says how many bytes: to count
 *                                   instructions on a busy machine (valgrind --tool=callgrind)
 *
 * Total is everything: parse, extraction, all rules but those on source files, findings. CPU time, the best of five
 * rounds that take turns. cmark-gfm is the program, started once with the whole text; skipped where it is not
 * installed.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/num.h"
#include "base/proc.h"
#include "claims/claims.h"
#include "claims/honest.h"
#include "json/json.h"

#include <md4c.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REPORTS 1500 /* 4 MB */
#define REPORTS_IN_ONE 64
#define REPORTS_ONCE 150
#define ROUNDS 5
#define TEXT_BYTES_MAX ((size_t)64 << 20)
#define PEER_NS 60000000000u
#define GOAL_BYTES_PER_S 50e6
#define GOAL_RATIO 4
#define GOAL_DOUBLING 2.2
#define MB 1000000
#define HOSTILE_FIRST ((size_t)32000)
#define HOSTILE_NS 1000000000u

struct corpus {
    const char *name;
    struct assay_slice *documents;
    size_t count, bytes;
};

static int on_block(MD_BLOCKTYPE type, void *detail, void *user)
{
    (void)type, (void)detail, (void)user;
    return 0;
}

static int on_span(MD_SPANTYPE type, void *detail, void *user)
{
    (void)type, (void)detail, (void)user;
    return 0;
}

static int on_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE size, void *user)
{
    (void)type, (void)text;
    *(size_t *)user += size;
    return 0;
}

static uint64_t parse_ns(const struct corpus *corpus)
{
    const MD_PARSER parser = {.flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS,
                              .enter_block = on_block,
                              .leave_block = on_block,
                              .enter_span = on_span,
                              .leave_span = on_span,
                              .text = on_text};
    size_t seen = 0;
    uint64_t start = assay_clock_process_cpu_ns();
    for (size_t i = 0; i < corpus->count; i++) {
        (void)md_parse(corpus->documents[i].data, (MD_SIZE)corpus->documents[i].len, &parser, &seen);
    }
    return assay_clock_process_cpu_ns() - start;
}

static size_t check_one(struct assay_slice document)
{
    struct assay_claims_input input = {.path = "document.md", .bytes = document.data, .len = document.len};
    struct assay_claims_request request = {
        .inputs = &input, .inputs_count = 1, .options = {.level = ASSAY_SEVERITY_WARNING, .is_terse = true}};
    struct assay_findings *findings = NULL;
    assay_err err = {0};
    if (assay_claims_check(&request, &findings, &err) != ASSAY_OK) {
        fprintf(stderr, "bench_claims: %s\n", err.message);
        exit(70);
    }
    size_t quantities = findings->quantities;
    assay_findings_free(findings);
    return quantities;
}

static uint64_t check_ns(const struct corpus *corpus, size_t *ret_quantities)
{
    uint64_t start = assay_clock_process_cpu_ns();
    *ret_quantities = 0;
    for (size_t i = 0; i < corpus->count; i++) {
        *ret_quantities += check_one(corpus->documents[i]);
    }
    return assay_clock_process_cpu_ns() - start;
}

/* Wall time of cmark-gfm over all documents in one file, 0 if it is not here. */
static uint64_t peer_ns(const struct corpus *corpus)
{
    char path[] = "/tmp/bench_claims_XXXXXX";
    static char words[][16] = {"cmark-gfm", "-e", "table", "-e", "tasklist", "-e", "strikethrough"};
    char *argv[] = {words[0], words[1], words[2], words[3], words[4], words[5], words[6], path, NULL};
    struct assay_proc peer;
    int fd = mkstemp(path), status = 0;
    uint64_t start = 0, end = 0;
    bool is_good = fd >= 0;
    for (size_t i = 0; i < corpus->count && is_good; i++) {
        is_good = assay_fd_write(fd, corpus->documents[i].data, corpus->documents[i].len, path, NULL) == ASSAY_OK;
    }
    if (is_good) {
        start = assay_clock_mono_ns();
        is_good = assay_proc_spawn(&peer, argv, -1, -1, NULL) == ASSAY_OK &&
                  assay_proc_wait(&peer, PEER_NS, &status, NULL) == ASSAY_OK && status == 0;
        end = assay_clock_mono_ns();
    }
    if (fd >= 0) {
        (void)close(fd);
        (void)unlink(path);
    }
    return is_good ? end - start : 0;
}

static double rate(size_t bytes, uint64_t ns)
{
    return ns ? (double)bytes * 1e9 / (double)ns / MB : 0;
}

static bool measure(const struct corpus *corpus)
{
    uint64_t parse = UINT64_MAX, total = UINT64_MAX;
    size_t quantities = 0;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t a = parse_ns(corpus), b = check_ns(corpus, &quantities);
        parse = a < parse ? a : parse;
        total = b < total ? b : total;
    }
    uint64_t peer = peer_ns(corpus);
    double ratio = (double)total / (double)(parse ? parse : 1);
    bool is_met = rate(corpus->bytes, total) * MB >= GOAL_BYTES_PER_S && ratio <= GOAL_RATIO;
    printf("%-34s %8.2f %10zu %8.0f %8.0f %7.2f ", corpus->name, (double)corpus->bytes / MB, quantities,
           rate(corpus->bytes, parse), rate(corpus->bytes, total), ratio);
    if (peer) {
        printf("%9.0f", rate(corpus->bytes, peer));
    } else {
        printf("%9s", "-");
    }
    printf("  %s\n", is_met ? "met" : "missed");
    return is_met;
}

static void measure_all(char **files, int files_count)
{
    static struct honest reports[REPORTS];
    static struct assay_slice documents[REPORTS];
    struct corpus alone = {"honest reports, each alone", documents, REPORTS, 0};
    struct assay_buf joined;
    assay_buf_init(&joined, TEXT_BYTES_MAX);
    for (size_t i = 0; i < REPORTS; i++) {
        honest_make(&reports[i], i + 1);
        documents[i] = (struct assay_slice){reports[i].text.data, reports[i].text.len};
        alone.bytes += documents[i].len;
        if (i < REPORTS_IN_ONE) {
            assay_buf_append(&joined, documents[i].data, documents[i].len);
        }
    }
    struct assay_slice one = {joined.data, joined.len};
    struct corpus together = {"64 honest reports in one document", &one, 1, joined.len};
    printf("%-34s %8s %10s %8s %8s %7s %9s\n", "corpus", "MB", "quantities", "md4c", "total", "ratio", "cmark-gfm");
    (void)measure(&alone);
    (void)measure(&together);
    assay_buf_done(&joined);
    for (int i = 0; i < files_count; i++) {
        struct assay_buf text;
        assay_err err = {0};
        assay_buf_init(&text, TEXT_BYTES_MAX);
        if (assay_buf_read_file(&text, files[i], &err) == ASSAY_OK) {
            struct assay_slice document = {text.data, text.len};
            const char *name = strrchr(files[i], '/');
            (void)measure(&(struct corpus){name ? name + 1 : files[i], &document, 1, text.len});
        } else {
            fprintf(stderr, "bench_claims: %s\n", err.message);
        }
        assay_buf_done(&text);
    }
    for (size_t i = 0; i < REPORTS; i++) {
        honest_done(&reports[i]);
    }
    printf("MB/s of CPU time (cmark-gfm: wall time of its process), best of %d rounds; goal: total >= %.0f MB/s and at "
           "most %d "
           "times md4c's parse\n",
           ROUNDS, GOAL_BYTES_PER_S / MB, GOAL_RATIO);
}

/* ---- inputs made to hurt --- */

struct hostile {
    const char *name, *head, *unit;
};
static const struct hostile HOSTILE[] = {
    {"open brackets", "", "["},
    {"images in brackets", "", "![[]()"},
    {"emphasis", "", "*a **b _c "},
    {"back ticks", "", "`a``b```c "},
    {"deep quotes", "", ">"},
    {"nested lists", "", "- a\n  - b\n    - c\n"},
    {"wide short tables", "", "|a|b|c|d|e|f|g|h|i|j|\n|-|-|-|-|-|-|-|-|-|-|\n|1 ms|2|3|4|5|6|7|8|9|10|\n\n"},
    {"one long table", "| a time | b time |\n|---|---|\n", "| 1 ms | 2 ms |\n"},
    {"one key", "", "The parse time is 12 ms.\n\n"},
    {"one key, other values", "", "The parse time is 12 ms and the parse time is 13 ms.\n\n"},
    {"arrows", "", "1 ms -> 2 ms (3 %) "},
    {"one sentence of quantities", "", "parse takes 17 ms and "},
    {"means in one paragraph", "", "2.33 retries a file, "},
    {"zeros in one paragraph", "", "Takes 0 ms. "},
    {"verdicts and open items", "", "Ready to ship.\n\n- [ ] one\n"},
    {"verdicts and gates", "", "All checks pass.\n\n|gate|met|\n|-|-|\n|a|yes|\n|b|no|\n\n"},
    {"one paragraph of digits", "", "1,111 "},
    {"thousands marks", "", "1,111,"},
    {"ticks", "", "- [x] the same item\n- [ ] the same item\n"},
    {"comments", "", "<!-- assay:ignore C201 reason=\"because of this\" -->\n\n"},
    {"open comments", "", "<!-- "},
    {"JSON samples", "```json\n{\"t_ms\": [1", ",2.5"},
    {"headings", "", "# 1\n## 2\n"},
    {"gates", "| gate | limit | value | met |\n|---|---|---|---|\n", "| time | < 4 ms | 3 ms | yes |\n"},
};

static uint64_t hostile_ns(const struct hostile *row, size_t bytes)
{
    struct assay_buf text;
    uint64_t best = UINT64_MAX;
    assay_buf_init(&text, TEXT_BYTES_MAX);
    assay_buf_text(&text, row->head);
    while (text.len < bytes) {
        assay_buf_text(&text, row->unit);
    }
    for (int round = 0; round < 3 && best > HOSTILE_NS / 10; round++) {
        uint64_t start = assay_clock_process_cpu_ns();
        (void)check_one((struct assay_slice){text.data, text.len});
        uint64_t ns = assay_clock_process_cpu_ns() - start;
        best = ns < best ? ns : best;
    }
    assay_buf_done(&text);
    return best;
}

/* From HOSTILE_FIRST up to `bytes` in doublings; what takes longer than HOSTILE_NS stops there. */
static int measure_hostile(size_t bytes)
{
    unsigned missed = 0;
    printf("%-28s %8s %12s %12s %8s\n", "input", "n, kB", "n, ms", "2n, ms", "factor");
    for (size_t i = 0; i < sizeof HOSTILE / sizeof HOSTILE[0]; i++) {
        size_t n = HOSTILE_FIRST;
        uint64_t once = hostile_ns(&HOSTILE[i], n), twice = hostile_ns(&HOSTILE[i], 2 * n);
        for (; n < bytes && twice < HOSTILE_NS; n *= 2) {
            once = twice;
            twice = hostile_ns(&HOSTILE[i], 4 * n);
        }
        double doubling = (double)twice / (double)(once ? once : 1);
        missed += doubling > GOAL_DOUBLING;
        printf("%-28s %8zu %12.1f %12.1f %8.2f  %s\n", HOSTILE[i].name, n / 1000, (double)once / 1e6,
               (double)twice / 1e6, doubling, doubling > GOAL_DOUBLING ? "missed" : "met");
        (void)fflush(stdout);
    }
    printf("goal: the double takes at most %.1f times as long; %u missed it\n", GOAL_DOUBLING, missed);
    return missed > 0;
}

static int check_once(char **files, int files_count)
{
    struct honest report;
    size_t bytes = 0;
    for (size_t i = 0; files_count == 0 && i < REPORTS_ONCE; i++) {
        honest_make(&report, i + 1);
        bytes += report.text.len;
        (void)check_one((struct assay_slice){report.text.data, report.text.len});
        honest_done(&report);
    }
    for (int i = 0; i < files_count; i++) {
        struct assay_buf text;
        assay_err err = {0};
        assay_buf_init(&text, TEXT_BYTES_MAX);
        if (assay_buf_read_file(&text, files[i], &err) != ASSAY_OK) {
            fprintf(stderr, "bench_claims: %s\n", err.message);
            return 5;
        }
        bytes += text.len;
        (void)check_one((struct assay_slice){text.data, text.len});
        assay_buf_done(&text);
    }
    printf("%zu bytes\n", bytes);
    return 0;
}

int main(int argc, char **argv)
{
    assay_json_init();
    if (argc > 1 && strcmp(argv[1], "--once") == 0) {
        return check_once(argv + 2, argc - 2);
    }
    if (argc > 1 && strcmp(argv[1], "--hostile") == 0) {
        uint64_t mb = 1;
        assay_err err = {0};
        if (argc > 2 && assay_num_u64(assay_slice_of(argv[2]), "MB", 32, &mb, &err) != ASSAY_OK) {
            fprintf(stderr, "bench_claims: %s\n", err.message);
            return 4;
        }
        return measure_hostile((size_t)(mb ? mb : 1) * MB);
    }
    measure_all(argv + 1, argc - 1);
    return 0;
}
