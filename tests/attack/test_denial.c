/* Denial (attack 40): documents and traces that would cost memory or time are refused, under a limit of memory
 * that the system enforces and of the processor time that is named here. */
#include "judge/judge.h"
#include "support/honest_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define MEMORY_BYTES ((size_t)64 << 20) /* beside what the process and the file itself take */
/* The goal is 100 ms of a quiet machine; processor time on a busy one, with a shared cache, is up to some times that.
 */
#define CPU_NS_MAX (5 * 100 * ASSAY_NS_PER_MS)
#define FILE_MAX ((size_t)64 << 20)

static void repeat(struct assay_buf *out, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        assay_buf_text(out, text);
    }
}

static void envelope_of(struct assay_buf *out, const struct assay_buf *payload, size_t signatures)
{
    assay_buf_text(out, "{\"payload\":\"");
    assay_base64_append(out, payload->data, payload->len);
    assay_buf_text(out, "\",\"payloadType\":\"application/vnd.in-toto+json\",\"signatures\":[");
    for (size_t i = 0; i < signatures; i++) {
        assay_buf_text(out, i == 0 ? "" : ",");
        assay_buf_text(out, "{\"keyid\":\"\",\"sig\":\"\"}");
    }
    assay_buf_text(out, "]}\n");
}

/* ---- documents; the payload is put into an envelope ---- */

static void deep_brackets(struct assay_buf *out)
{
    repeat(out, "[", (size_t)16 << 20);
}

static void deep_members(struct assay_buf *payload)
{
    repeat(payload, "{\"a\":", 100000);
}

static void long_number(struct assay_buf *payload)
{
    assay_buf_text(payload, "{\"_type\":");
    repeat(payload, "9", 700000);
    assay_buf_text(payload, "}");
}

static void many_members(struct assay_buf *payload)
{
    for (size_t i = 0; i < 60000; i++) {
        assay_buf_printf(payload, "%s\"m%zu\":0", i == 0 ? "{" : ",", i);
    }
    assay_buf_text(payload, "}");
}

static void many_elements(struct assay_buf *payload)
{
    assay_buf_text(payload, "{\"subject\":[");
    repeat(payload, "[],", 200000);
    assay_buf_text(payload, "[]]}");
}

static void long_text(struct assay_buf *payload)
{
    assay_buf_text(payload, "{\"_type\":\"");
    repeat(payload, "aaaaaaaaaaaaaaaa", 40000);
    assay_buf_text(payload, "\"}");
}

static void nothing(struct assay_buf *payload)
{
    assay_buf_text(payload, "{}");
}

static const struct {
    const char *what;
    void (*make)(struct assay_buf *out);
    bool is_document; /* else a payload */
    size_t signatures;
    unsigned gate;
} DOCUMENTS[] = {
    {"16 million brackets", deep_brackets, true, 0, 109},
    {"a payload of depth 100,000", deep_members, false, 0, 109},
    {"a number of 700,000 digits", long_number, false, 0, 102},
    {"60,000 members of one object", many_members, false, 0, 109},
    {"200,000 elements", many_elements, false, 0, 0},
    {"a text of 640,000 bytes", long_text, false, 0, 0},
    {"a million signatures", nothing, false, 1000000, 109},
    {"20,000 signatures", nothing, false, 20000, 109},
};

/* ---- one judgement in a process of its own ---- */

static uint64_t cpu_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * ASSAY_NS_PER_S + (uint64_t)t.tv_nsec;
}

static size_t own_bytes(void)
{
    size_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file) {
        pages = fscanf(file, "%zu", &pages) == 1 ? pages : 0;
        (void)fclose(file);
    }
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* In the child: 0 if it was refused by that gate in time, else what was wrong. */
static int judge_confined(const struct assay_judge_input *input, unsigned gate)
{
    struct assay_judgement *judgement = NULL;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* their shadow is most of the address space */
    struct rlimit limit = {.rlim_cur = own_bytes() + MEMORY_BYTES, .rlim_max = own_bytes() + MEMORY_BYTES};
    if (setrlimit(RLIMIT_AS, &limit) != 0) {
        return 4;
    }
    uint64_t cpu_max_ns = CPU_NS_MAX;
#else
    uint64_t cpu_max_ns = 20 * CPU_NS_MAX;
#endif
    uint64_t before_ns = cpu_ns();
    if (assay_judge_verify(input, &judgement, NULL) != ASSAY_OK) {
        return 2; /* out of memory */
    }
    uint64_t took_ns = cpu_ns() - before_ns;
    int status = assay_judgement_exit(judgement);
    bool has_gate = gate == 0;
    for (size_t i = 0; i < judgement->violations_count; i++) {
        has_gate = has_gate || judgement->violations[i].gate == gate;
    }
    if ((status != 1 && status != 3) || !has_gate) {
        return 1;
    }
    return took_ns > cpu_max_ns ? 3 : 0;
}

static void assert_refused_cheaply(const struct assay_judge_input *input, unsigned gate, const char *what)
{
    static const char *const WRONG[] = {"", "not refused by its gate", "out of memory", "too slow",
                                        "no limit could be set"};
    int status = 0;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(judge_confined(input, gate));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fail_msg("%s: %s", what, WIFEXITED(status) && WEXITSTATUS(status) < 5 ? WRONG[WEXITSTATUS(status)] : "died");
    }
}

static void a_document_that_would_cost_time_or_memory_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof DOCUMENTS / sizeof DOCUMENTS[0]; i++) {
        struct assay_buf text, document;
        assay_buf_init(&text, FILE_MAX);
        assay_buf_init(&document, FILE_MAX);
        DOCUMENTS[i].make(&text);
        if (!DOCUMENTS[i].is_document) {
            envelope_of(&document, &text, DOCUMENTS[i].signatures);
        }
        const struct assay_buf *bytes = DOCUMENTS[i].is_document ? &text : &document;
        assert_int_equal(assay_buf_check(bytes, NULL), ASSAY_OK);
        struct assay_judge_input input = {.document = {bytes->data, bytes->len}, .now_real_ns = HONEST_NOW_NS};
        assert_refused_cheaply(&input, DOCUMENTS[i].gate, DOCUMENTS[i].what);
        assay_buf_done(&text);
        assay_buf_done(&document);
    }
}

/* A chunk says that its few bytes are four gigabytes. */
static void a_trace_that_would_blow_up_is_refused(void **state)
{
    (void)state;
    static const struct honest_options NOOP = {.workload = "noop", .count = 60, .warmup = 5};
    struct honest_run run;
    honest_run_make(&NOOP, &run);
    for (size_t i = 12; i < 16; i++) { /* magic, stored bytes, then the plain ones (docs/formats/trace.md) */
        run.trace.data[i] = (char)0xff;
    }
    struct assay_judge_input input = {.document = {run.receipt.data, run.receipt.len},
                                      .plan = {run.plan.data, run.plan.len},
                                      .trace = {run.trace.data, run.trace.len},
                                      .now_real_ns = HONEST_NOW_NS};
    assert_refused_cheaply(&input, 302, "a chunk of 4 GB");
    honest_run_done(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_that_would_cost_time_or_memory_is_refused),
        cmocka_unit_test(a_trace_that_would_blow_up_is_refused),
    };
    assay_json_init();
    if (assay_crypto_init(NULL) != ASSAY_OK) {
        return 1;
    }
    return cmocka_run_group_tests_name("denial", tests, NULL, NULL);
}
