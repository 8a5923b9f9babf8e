#include "cli/detect_text.h"

#include "base/num.h"
#include "base/text.h"

#include <string.h>

#define SPARK_WIDTH 72
#define SHOWN_MAX 256 /* bytes of a foreign text */

static const char *const BARS[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
enum { BARS_COUNT = sizeof BARS / sizeof BARS[0] };

void assay_spark(const double *values, size_t count, size_t change, size_t width, struct assay_buf *out)
{
    /* The newest values, or those about the change if it lies further back. */
    size_t to = count;
    if (change != SIZE_MAX && change + width / 2 < count) {
        to = change + width / 2;
    }
    size_t from = to > width ? to - width : 0;
    double least = count > 0 ? values[from] : 0.0, most = least;
    for (size_t i = from; i < to; i++) {
        least = values[i] < least ? values[i] : least;
        most = values[i] > most ? values[i] : most;
    }
    for (size_t i = from; i < to; i++) {
        double share = most > least ? (values[i] - least) / (most - least) : 0.0;
        size_t bar = (size_t)(share * (BARS_COUNT - 1) + 0.5);
        assay_buf_text(out, i == change ? "|" : "");
        assay_buf_text(out, BARS[bar < BARS_COUNT ? bar : BARS_COUNT - 1]);
    }
}

static void foreign(struct assay_buf *out, const char *text)
{
    assay_text_show(out, text, strlen(text), SHOWN_MAX);
}

static void value_put(struct assay_buf *out, double value, const char *unit)
{
    char text[ASSAY_NUM_TEXT_BYTES];
    if (strcmp(unit, "ns") == 0) {
        (void)assay_num_print_ns(value, text);
        assay_buf_text(out, text);
    } else if (strcmp(unit, "bytes") == 0) {
        (void)assay_num_print_bytes(value, text);
        assay_buf_text(out, text);
    } else {
        assay_buf_printf(out, "%.4g", value);
        bool is_rate = strcmp(unit, "1/s") == 0, is_bare = strcmp(unit, "1") == 0;
        assay_buf_text(out, is_rate || is_bare ? "" : " ");
        assay_buf_text(out, is_rate ? "/s" : is_bare ? "" : unit);
    }
}

static void commit_put(struct assay_buf *out, const char *commit)
{
    assay_buf_printf(out, "%.12s", commit[0] != '\0' ? commit : "unknown");
}

static void change_put(const struct assay_detection *detection, const struct assay_detect_change *change,
                       struct assay_buf *out)
{
    const struct assay_detect_series *series = &detection->series[change->series];
    const struct assay_detect_line *line = &detection->lines[change->series];
    const char *word = change->is_worse ? "worse" : change->is_better ? "better" : "changed";
    assay_buf_printf(out, "\n%s, %s: ", word, assay_change_state_text(change->state));
    foreign(out, series->name);
    assay_buf_text(out, "\n  began at ");
    commit_put(out, change->bisected != NULL ? change->bisected : change->commit);
    if (change->bisected != NULL) {
        assay_buf_text(out, ", bisected between ");
        commit_put(out, change->before);
        assay_buf_text(out, " and ");
        commit_put(out, change->commit);
    } else {
        assay_buf_text(out, " after ");
        commit_put(out, change->before);
    }
    assay_buf_printf(out, ", first run %s\n  ", change->started_at);
    value_put(out, change->level_before, series->unit);
    assay_buf_text(out, " -> ");
    value_put(out, change->level_after, series->unit);
    if (change->ratio != 0.0) {
        assay_buf_printf(out, ", ratio %.4f", change->ratio);
    }
    if (change->has_interval) {
        assay_buf_printf(out, " [%.4f, %.4f] at 95%%", change->lower, change->upper);
    }
    assay_buf_printf(out, ", %zu commits before, %zu after%s\n", change->n_before, change->n_after,
                     change->is_exact ? ", no noise on either side" : "");
    if (change->reason != NULL) {
        assay_buf_text(out, "  ");
        foreign(out, change->reason);
        assay_buf_char(out, '\n');
    }
    if (change->bisect_stop != NULL) {
        assay_buf_text(out, "  ");
        foreign(out, change->bisect_stop);
        assay_buf_char(out, '\n');
    }
    if (change->mark != NULL) {
        assay_buf_printf(out, "  marked %s: ", assay_mark_kind_text(change->mark->kind));
        foreign(out, change->mark->reason);
        assay_buf_char(out, '\n');
    }
    assay_buf_text(out, "  ");
    assay_spark(line->values, line->count, change->position, SPARK_WIDTH, out);
    assay_buf_char(out, '\n');
}

void assay_detect_text(const struct assay_detection *detection, const struct assay_verdict_document *document,
                       struct assay_buf *out)
{
    size_t folded = 0, hidden = 0, moved = 0;
    assay_buf_printf(out, "detect: %s; %s\n", assay_verdict_text(document->verdict), document->summary);
    for (size_t i = 0; i < document->notes_count; i++) {
        foreign(out, document->notes[i]);
        assay_buf_char(out, '\n');
    }
    for (size_t i = 0; i < detection->changes_count; i++) {
        const struct assay_detect_change *change = &detection->changes[i];
        if (change->is_folded) {
            folded++;
        } else if (change->state == ASSAY_CHANGE_NOT_REJECTED) {
            hidden++;
        } else if (change->state == ASSAY_CHANGE_ENVIRONMENT) {
            moved++;
        } else {
            change_put(detection, change, out);
        }
    }
    if (folded > 0) {
        assay_buf_printf(out, "\n%zu more changes of commits with over %d rows (--json lists them)\n", folded,
                         ASSAY_DETECT_ROWS_MAX);
    }
    if (moved > 0) {
        assay_buf_printf(out, "\n%zu changes are the environment's\n", moved);
    }
    if (hidden > 0) {
        assay_buf_printf(out, "\n%zu changes are not beyond chance among the series of their commit\n", hidden);
    }
}
