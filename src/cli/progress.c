#include "cli/progress.h"

#include "base/log.h"
#include "base/num.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PLAIN_LINE_EVERY_NS (10 * ASSAY_NS_PER_S) /* a log that is read later wants few lines */

void assay_progress_line_init(struct assay_progress_line *line)
{
    *line = (struct assay_progress_line){0};
}

static void print_latency(const struct assay_progress *progress, char *text, size_t bytes)
{
    bool has_first_token = progress->ttft_p50_ns != ASSAY_NS_ABSENT;
    uint64_t p50_ns = has_first_token ? progress->ttft_p50_ns : progress->service_p50_ns;
    uint64_t p95_ns = has_first_token ? progress->ttft_p95_ns : progress->service_p95_ns;
    char p50[ASSAY_NUM_TEXT_BYTES], p95[ASSAY_NUM_TEXT_BYTES];
    text[0] = '\0';
    if (p50_ns == ASSAY_NS_ABSENT) {
        return;
    }
    (void)assay_num_print_ns((double)p50_ns, p50);
    if (p95_ns == ASSAY_NS_ABSENT) {
        (void)snprintf(text, bytes, "  %s p50 %s", has_first_token ? "TTFT" : "service", p50);
        return;
    }
    (void)assay_num_print_ns((double)p95_ns, p95);
    (void)snprintf(text, bytes, "  %s p50 %s p95 %s", has_first_token ? "TTFT" : "service", p50, p95);
}

static void print_eta(const struct assay_progress *progress, char *text, size_t bytes)
{
    text[0] = '\0';
    if (progress->eta_ns != ASSAY_NS_ABSENT) {
        uint64_t seconds = progress->eta_ns / ASSAY_NS_PER_S;
        (void)snprintf(text, bytes, "  ETA %" PRIu64 ":%02" PRIu64, seconds / 60, seconds % 60);
    }
}

void assay_progress_line_show(void *context, const struct assay_progress *progress)
{
    struct assay_progress_line *line = context;
    bool is_new_phase = !line->phase || strcmp(line->phase, progress->phase) != 0;
    if (!assay_log_is_terminal() && !is_new_phase && progress->elapsed_ns - line->shown_at_ns < PLAIN_LINE_EVERY_NS) {
        return;
    }
    line->phase = progress->phase;
    line->shown_at_ns = progress->elapsed_ns;
    char latency[96], eta[48];
    print_latency(progress, latency, sizeof latency);
    print_eta(progress, eta, sizeof eta);
    assay_log_progress("%-8s %" PRIu64 "/%" PRIu64 " done  %.1f/s%s  errors %" PRIu64 "  in flight %" PRIu64 "%s",
                       progress->phase, progress->finished, progress->planned, progress->rate_per_s, latency,
                       progress->failed, progress->in_flight, eta);
}

void assay_progress_line_done(struct assay_progress_line *line)
{
    (void)line;
    assay_log_progress_end();
}
