/*
 * Honest reports: documents whose numbers agree, made from a seed, with a list of what agrees with what.
 *
 *     struct honest report;
 *     honest_make(&report, seed);                  // the same bytes for the same seed
 *     ... report.text.data, report.sites, report.relations ...
 *     honest_holds(&report, &report.relations[i])  // by the printed intervals, computed here and not by the program
 *     honest_done(&report);
 *
 * A site is a stretch of bytes that a mutation may change: a number with its unit, a mark, a word, a stamp. A relation
 * names the sites that must agree. The relations are checked by this file's own arithmetic (specification 3: a printed
 * number stands for an interval), so that whether a mutation can be seen is decided without the program under test.
 */
#ifndef ASSAY_TESTS_CLAIMS_HONEST_H
#define ASSAY_TESTS_CLAIMS_HONEST_H

#include "base/buf.h"
#include "base/rng.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HONEST_SITES_MAX 256    /* of one report; the largest has about 150 */
#define HONEST_RELATIONS_MAX 96 /* of one report */
#define HONEST_PARTS_MAX 12     /* sites of one relation */

enum honest_unit {
    UNIT_NONE,
    UNIT_US,
    UNIT_MS,
    UNIT_S,
    UNIT_MIN,
    UNIT_KB,
    UNIT_MB,
    UNIT_GB,
    UNIT_PERCENT,
    UNIT_TIMES,
    UNIT_DOLLAR,
    UNIT_PER_S,
    UNIT_COUNT
};

struct honest_unit_row {
    const char *text;
    double scale;
    enum honest_unit twin; /* what a careless hand writes instead; UNIT_NONE: nothing of the same kind */
};
extern const struct honest_unit_row honest_units[UNIT_COUNT];

enum honest_kind {
    SITE_NUMBER,
    SITE_MARK,  /* value 1: met, 0: not */
    SITE_BOUND, /* value +1: at most, -1: at least */
    SITE_WORD,  /* value +1: up, -1: down */
    SITE_TICK,  /* value 1: done */
    SITE_STAT,  /* value: index into the statistics of its table */
    SITE_STAMP  /* value: seconds of the day */
};

struct honest_site {
    enum honest_kind kind;
    size_t at, len; /* the digits, the mark, the word */
    double value;   /* as printed, before the unit */
    int decimals;
    enum honest_unit unit;
    size_t unit_at, unit_len; /* 0: no unit beside it */
    bool is_count;            /* exact */
    bool is_sample_size;      /* an n */
    bool has_sign;            /* printed with + or - */
    int table, column;        /* 0: not in a table */
};

enum honest_type {
    REL_CHANGE,     /* a, b, percent */
    REL_RATIO,      /* slow, fast, times */
    REL_TOTAL,      /* parts..., total */
    REL_MEAN,       /* rows..., mean */
    REL_ORDER,      /* ascending */
    REL_FRACTION,   /* k, n, percent */
    REL_PRODUCT,    /* count, seconds, rate */
    REL_COST,       /* unit price, volume, cost */
    REL_SAME,       /* a, b */
    REL_MEAN_FOR_N, /* n, min, max, mean */
    REL_SHARE_OF_N, /* percent, n */
    REL_GATE,       /* bound sign, limit, value, mark */
    REL_ALL_MET,    /* marks... */
    REL_MET_COUNT,  /* met, gates, marks... */
    REL_SPAN,       /* start, end, minutes */
    REL_MARGIN,     /* limit, value, percent of headroom */
    REL_LIMIT,      /* percent, base, limit */
    REL_LITTLE,     /* connections, rate, latency */
    REL_DIRECTION,  /* word, a, b */
    REL_READY,      /* ticks... */
    REL_STAT,       /* stat, value, p50, p95: the value is that of the row that the word names */
    REL_COUNT_TYPES
};
extern const char *const honest_type_names[REL_COUNT_TYPES];

struct honest_relation {
    enum honest_type type;
    size_t parts[HONEST_PARTS_MAX];
    size_t parts_count;
    size_t from, to; /* bytes of the sentence or table: what a finding may cover when a row is gone */
};

struct honest {
    struct assay_buf text;
    struct assay_rng rng;
    struct honest_site sites[HONEST_SITES_MAX];
    size_t sites_count;
    struct honest_relation relations[HONEST_RELATIONS_MAX];
    size_t relations_count;
    size_t nouns_used, things_used, tables;
};

void honest_make(struct honest *report, uint64_t seed);
void honest_done(struct honest *report);

/* Whether the relation may hold: the printed intervals (W) of at least one reading meet. */
bool honest_holds(const struct honest *report, const struct honest_relation *relation);

/* Prints a number as the site prints it: the same decimals, sign and thousands marks. */
void honest_print(char *text, size_t size, double value, const struct honest_site *like);

#endif
