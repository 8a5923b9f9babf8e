/*
 * The book: everything that metrics and validity rules ask of a trace, collected in two passes over its samples. Inside
 * this room only.
 *
 * The first pass finds each arm's window, the second one fills a series of values for every row that is wanted, and the
 * totals of the rows that have one value a run.
 */
#ifndef ASSAY_RECORD_METRIC_BOOK_H
#define ASSAY_RECORD_METRIC_BOOK_H

#include "record/arrival.h"
#include "record/metric_rows.h"
#include "record/paired.h"

/* ---- one sample, ready for formulas ----------------------------------------------------------------------------- */

struct sample_view {
    const struct assay_sample *sample;
    const struct assay_request *request;  /* or NULL */
    const struct assay_arrival *arrivals; /* of its content chunks */
    size_t chunks_count;                  /* m; 0 if events of it were lost before the first one */
    bool is_whole;                        /* no event was lost, so that the last chunk is the last */
    uint64_t first_ns, last_ns;           /* a(1), a(m); ABSENT without content */
    uint64_t output_ns;                   /* first chunk that is no reasoning; ABSENT */
    uint64_t tokens;                      /* N, or ABSENT: unknown, or only a count of chunks */
    uint64_t first_tokens;                /* k(1), or 0: unknown */
};

/* A view's memory, grown as samples need it. */
struct view_room {
    struct assay_arrival *segments, *chunks;
    size_t segments_capacity, chunks_capacity;
};

assay_code assay_view_make(const struct assay_sample *sample, uint64_t uncertainty_ns, struct view_room *room,
                           struct sample_view *ret, assay_err *err);
void assay_view_room_done(struct view_room *room);

/* The value of a RANKED or PLAIN row, false if not defined. ret_source gets the token source it rests on, if any. */
bool assay_view_value(enum metric_id id, const struct sample_view *view, double *ret, unsigned *ret_source);
/* k of chunk i, or 0: unknown, or only a count of chunks. */
uint64_t assay_view_chunk_tokens(const struct sample_view *view, size_t i);
/* Whether the k of chunks 2..m are all known. */
bool assay_view_gaps_have_tokens(const struct sample_view *view);
/* What chunk i carries of the answer: k, or its even share of N; 0 if neither is known. */
double assay_view_chunk_weight(const struct sample_view *view, size_t i);

/* ---- series ----------------------------------------------------------------------------------------------------- */

struct series {
    double *values; /* finite ones, by sample id */
    size_t count, capacity;
    uint64_t infinite;  /* failed and timed out: worse than any value */
    uint64_t open;      /* cancelled and in flight: not known */
    uint64_t timed_out; /* of infinite */
    uint32_t sources;   /* bits of enum assay_token_source that the values rest on */
    double *sorted;     /* made when first asked for */
    uint64_t effective_n;
    double alpha; /* of each one-sided bound; 0: that of receipts */
    bool is_wanted;
};

struct slo {
    uint64_t ttft_ns, tpot_ns, e2e_ns; /* ABSENT: none */
};

struct arm_book {
    struct series series[METRIC_COUNT];
    bool has_samples; /* measured ones */
    uint64_t issued, ok, failed, timed_out, cancelled, in_flight;
    uint64_t first_due_ns, last_start_ns, last_end_ns; /* of measured samples */
    uint64_t first_sent_ns, last_sent_ns, first_sent_due_ns, last_sent_due_ns;
    uint64_t sent;
    uint64_t shortest_ns; /* end - start of the shortest ok sample; ABSENT: none */
    double window_tokens, quality_tokens[ASSAY_QUALITY_COUNT];
    uint64_t output_tokens, prompt_tokens, cached_tokens;
    uint64_t output_known, prompt_known, cached_unknown, window_unknown; /* samples */
    uint32_t window_sources, output_sources;
    uint64_t good, no_tpot, goodput_unknown;
    double busy_ns; /* user time in flight or thinking, inside the window */
};

struct metric_book {
    const struct assay_plan *plan;
    struct assay_trace *trace;
    uint64_t from_id, to_id;            /* of the samples that are measured, to_id excluded */
    struct assay_paired_extent *extent; /* of a paired run; NULL: of another one */
    struct arm_book *arms;
    size_t arms_count;
    bool is_by_cell; /* `arms` are the cells of a paired run: round * arms + arm */
    struct slo slo;
    uint64_t uncertainty_ns;
    uint64_t region_least_ns; /* a rate from less time says more about the clock than about the run */
    bool is_imported;
    struct view_room room;
};

/* wanted: METRIC_COUNT flags of series to fill. MALFORMED if the plan's SLO cannot be read. */
assay_code assay_book_make(const struct assay_plan *plan, struct assay_trace *trace, const bool *wanted,
                           struct metric_book *ret, assay_err *err);
/* One book of every cell of a paired run, with the series that one row needs. TOO_LARGE above PAIRED_CELLS_MAX. */
#define PAIRED_CELLS_MAX 20000 /* windows of a run, some kilobytes each */
assay_code assay_book_make_cells(const struct assay_plan *plan, struct assay_trace *trace, enum metric_id id,
                                 struct metric_book *ret, assay_err *err);
void assay_book_done(struct metric_book *book);

/* Sorts on first use, and computes the effective n. */
assay_code assay_series_sort(struct series *series, assay_err *err);
uint64_t assay_series_n(const struct series *series);

/* Window of the rates: first measured due to last issue; 0 if empty. */
uint64_t assay_arm_window_ns(const struct arm_book *arm);
/* Share of tokens of one quality, dropped ones counted as unknown; 0 without tokens. */
double assay_arm_quality_share(const struct arm_book *arm, enum assay_quality quality);

#define UNKNOWN_SHARE_WITHHELD 0.001 /* endpoints.md 4, `stamps` */
#define BOUNDED_SHARE_WITHHELD 0.01
#define UNKNOWN_SHARE_INVALID 0.01

/* Computes one statistic of one row from a book: for metrics and for the validity rules alike. */
struct statistic {
    const char *absent; /* in arena, or static; NULL: there is a value */
    double value, lower, upper;
    bool has_bounds;
    uint64_t n, censored;
};
/* Of a ratio: both arms' cells, two-sided bounds at ret_confidence. */
assay_code assay_book_ratio(struct metric_book *book, uint32_t arm, const char *name,
                            const struct assay_metric_key *key, struct assay_arena *arena, struct statistic *ret,
                            double *ret_confidence, assay_err *err);
assay_code assay_book_statistic(struct metric_book *book, uint32_t arm, const struct assay_metric_key *key,
                                struct assay_arena *arena, struct statistic *ret, assay_err *err);

/* Why an arm's operations are too short for the clock, if the row needs a timed region; NULL: they are not. */
const char *assay_arm_withheld(const struct metric_book *book, uint32_t arm, enum metric_id id);

/* For the receipt, which asks one book for metrics and validity. wanted has METRIC_COUNT flags. */
assay_code assay_metrics_wanted(const struct assay_plan *plan, bool *ret_wanted, assay_err *err);
assay_code assay_metrics_from_book(struct metric_book *book, struct assay_arena *arena, struct assay_metric **ret,
                                   size_t *ret_count, assay_err *err);

#endif
