/* Surfaces of CI: whatever the names of receipts, gates and findings are, what is shown is inert (attack 39). The bytes
 * are cut at each NUL into the texts that stand where a file's or a server's own words would. */
#include "support/inert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXTS 8
#define INPUT_BYTES_MAX 8192u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Eight texts of it, the same ones again if there are fewer. */
static void cut(char *bytes, size_t size, const char *texts[TEXTS])
{
    size_t at = 0;
    for (size_t i = 0; i < TEXTS; i++) {
        texts[i] = bytes + at;
        at += strlen(bytes + at) + 1;
        at = at < size ? at : 0;
    }
}

static void show(const struct assay_surface_input *input)
{
    static const enum assay_surface_form EVIDENCE = ASSAY_SURFACE_IN_TOTO_BUNDLE;
    for (int i = 0; i < ASSAY_SURFACE_FORM_COUNT; i++) {
        struct assay_buf out;
        assay_buf_init(&out, ASSAY_REPORT_BYTES_MAX);
        assay_code rc = assay_report_surface((enum assay_surface_form)i, input, &out, NULL);
        bool is_evidence = i == (int)EVIDENCE || i >= (int)ASSAY_SURFACE_ATTEST_PREDICATE;
        assay_buf_char(&out, '\0');
        const char *fault = rc == ASSAY_OK ? inert_fault((enum assay_surface_form)i, out.data) : NULL;
        if (is_evidence ? rc == ASSAY_OK : rc != ASSAY_OK || fault) {
            fprintf(stderr, "%s: %s\n%s\n", assay_surface_form_text((enum assay_surface_form)i),
                    fault ? fault : assay_code_text(rc), out.data ? out.data : "");
            abort();
        }
        assay_buf_done(&out);
    }
}

static void show_texts(const char *texts[TEXTS])
{
    static const char *const NAMES[] = {"CRYPTO", "RECOMPUTE", "POLICY", "ASSURANCE"};
    const struct assay_surface_violation violations[] = {{203, ASSAY_VERDICT_FAIL, texts[0], texts[1], texts[2]},
                                                         {301, ASSAY_VERDICT_UNDECIDED, texts[3], texts[4], texts[5]}};
    struct assay_surface_receipt receipt = {.files = {.place = texts[6]},
                                            .path = texts[7],
                                            .is_readable = true,
                                            .exit = 1,
                                            .violations = violations,
                                            .violations_count = 2};
    for (int i = 0; i < ASSAY_SURFACE_LINES; i++) {
        receipt.lines[i] = (struct assay_surface_line){.name = NAMES[i],
                                                       .verdict = (enum assay_verdict)i,
                                                       .has_verdict = i < 3,
                                                       .is_required = true,
                                                       .text = texts[i]};
    }
    const struct assay_verdict_row row = {.gate = 501,
                                          .id = texts[0],
                                          .kind = "budget",
                                          .unit = texts[1],
                                          .arm = texts[2],
                                          .versus = texts[3],
                                          .element = texts[4],
                                          .has_point = true,
                                          .point = 1.5,
                                          .verdict = ASSAY_VERDICT_FAIL,
                                          .is_in_family = true,
                                          .found = texts[5],
                                          .expected = texts[6],
                                          .reason = texts[7]};
    const struct assay_verdict_document gates = {.question = "gate",
                                                 .level = "gate",
                                                 .verdict = ASSAY_VERDICT_FAIL,
                                                 .summary = texts[1],
                                                 .policy_name = texts[2],
                                                 .notes = &texts[3],
                                                 .notes_count = 1,
                                                 .rows = &row,
                                                 .rows_count = 1};
    const struct assay_surface_input input = {.receipts = &receipt,
                                              .receipts_count = 1,
                                              .gates = &gates,
                                              .policy_path = texts[4],
                                              .noisy_why = texts[5],
                                              .tool = "assay 0.1.0"};
    show(&input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char bytes[INPUT_BYTES_MAX + 1];
    const char *texts[TEXTS];
    size = size < INPUT_BYTES_MAX ? size : INPUT_BYTES_MAX;
    memcpy(bytes, data, size);
    bytes[size] = '\0';
    cut(bytes, size + 1, texts);
    show_texts(texts);
    return 0;
}
