/* What stops a job, and what only warns (surface.h). */
#include "report/surface_rows.h"

#include <assert.h>

#define GATE_TRACE_MISSING 301u /* undecided, and yet nothing was checked: it stops the job */

bool assay_surface_violation_stops(const struct assay_surface_violation *violation)
{
    return violation->verdict == ASSAY_VERDICT_FAIL || violation->gate == GATE_TRACE_MISSING;
}

static bool receipt_stops(const struct assay_surface_receipt *receipt)
{
    bool does_stop = receipt->exit == 1;
    for (size_t i = 0; i < receipt->violations_count; i++) {
        does_stop = does_stop || assay_surface_violation_stops(&receipt->violations[i]);
    }
    return does_stop;
}

bool assay_surface_gate_counts(const struct assay_verdict_row *gate)
{
    return gate->is_in_family && !gate->is_waived;
}

bool assay_surface_gate_stops(const struct assay_surface_input *input, const struct assay_verdict_row *gate)
{
    return assay_surface_gate_counts(gate) && gate->verdict == ASSAY_VERDICT_FAIL &&
           (!assay_verdict_is_noisy_fail(gate) || input->do_noisy_gates_stop);
}

static int exit_of_gates(const struct assay_surface_input *input)
{
    int status = 0;
    for (size_t i = 0; input->gates && i < input->gates->rows_count; i++) {
        const struct assay_verdict_row *gate = &input->gates->rows[i];
        bool is_open = gate->verdict == ASSAY_VERDICT_UNDECIDED || gate->verdict == ASSAY_VERDICT_NOT_MEASURED;
        if (assay_surface_gate_stops(input, gate)) {
            return 1;
        }
        status = assay_surface_gate_counts(gate) && is_open ? 2 : status;
    }
    return status;
}

/* Of two exit statuses the one that beats the other. */
static int graver(int a, int b)
{
    static const int RANK[] = {[0] = 0, [2] = 1, [3] = 2, [5] = 3, [1] = 4};
    assert(a >= 0 && a <= 5 && a != 4 && b >= 0 && b <= 5 && b != 4);
    return RANK[a] >= RANK[b] ? a : b;
}

assay_code assay_surface_code(const struct assay_surface_input *input)
{
    static const assay_code CODES[] = {
        [0] = ASSAY_OK, [1] = ASSAY_WANTING, [2] = ASSAY_UNDECIDED, [3] = ASSAY_MALFORMED, [5] = ASSAY_IO};
    int status = exit_of_gates(input);
    for (size_t i = 0; i < input->receipts_count; i++) {
        const struct assay_surface_receipt *receipt = &input->receipts[i];
        bool is_unread = receipt->exit == 3 || receipt->exit == 5;
        status = graver(status, receipt_stops(receipt) && !is_unread ? 1 : receipt->exit);
    }
    return CODES[status];
}
