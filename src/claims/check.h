/* Checking (inside claims/): what rules use to speak. A rule gets the model, and reports through a draft. */
#ifndef ASSAY_CLAIMS_CHECK_H
#define ASSAY_CLAIMS_CHECK_H

#include "claims/interval.h"
#include "claims/label.h"
#include "claims/model.h"

enum rule_id {
#define R(id, slug, level, function, brief, help) RULE_##id,
#include "claims/rules.def"
#undef R
    RULE_COUNT
};

#define DRAFT_OPERANDS_MAX 8
#define DRAFT_NOTES_MAX 8
#define DRAFT_READINGS_MAX 8

struct check {
    struct model m;
    struct assay_findings *out; /* its arena takes the texts */
    VEC(struct assay_finding) findings;
    VEC(struct assay_undecided) undecided;
    VEC(struct finding_key) keys; /* beside findings: where they are in the model */
    uint8_t levels[RULE_COUNT];   /* 0 off, else 1 + level */
    struct place_cache *places;
    struct hardware *hardware; /* of hardware.c: devices that a file names */
    uint32_t zero_block; /* 1 + the block that rule_range asked last whether it speaks of measuring */
    bool zero_block_measures;
};

/* Where the last column was counted: places come in order, and a line may be long. */
struct place_cache {
    uint32_t file, line, offset, points, units16;
};

struct finding_key {
    uint32_t file, from, quantity;
    uint16_t rule;
};

struct draft_place {
    uint32_t file, from, to;
};

struct draft {
    struct check *c;
    enum rule_id rule;
    int level;         /* -1: that of the rule */
    uint32_t quantity; /* primary, or NONE32 */
    struct draft_place place, operands[DRAFT_OPERANDS_MAX];
    uint32_t operand_quantities[DRAFT_OPERANDS_MAX];
    size_t operands_count, notes_count, readings_count;
    const char *message, *hint, *notes[DRAFT_NOTES_MAX], *replacement;
    struct assay_reading readings[DRAFT_READINGS_MAX];
};

/* A finding at a quantity or at bytes of a file. Nothing is kept before draft_end. */
struct draft draft_at(struct check *c, enum rule_id rule, const struct quantity *q);
struct draft draft_at_bytes(struct check *c, enum rule_id rule, uint32_t file, uint32_t from, uint32_t to);
struct draft draft_at_block(struct check *c, enum rule_id rule, uint32_t block);
void draft_operand(struct draft *d, const struct quantity *q);
void draft_operand_bytes(struct draft *d, uint32_t file, uint32_t from, uint32_t to);
void draft_operand_block(struct draft *d, uint32_t block);
void draft_say(struct draft *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
void draft_note(struct draft *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
void draft_hint(struct draft *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
void draft_reading(struct draft *d, const char *name, struct range range);
void draft_end(struct draft *d);

struct assay_place check_place(const struct check *c, struct draft_place at);
void check_undecided(struct check *c, enum rule_id rule, const struct quantity *q, const char *reason);
bool check_is_on(const struct check *c, enum rule_id rule);
bool check_is_shown(const struct check *c, enum rule_id rule); /* on, and not below the least level that is shown */

/* A quantity as printed, for messages; in the arena. */
const char *check_text(struct check *c, const struct quantity *q);
/* A value of the same unit as q, printed with its unit to at most 4 digits. */
const char *check_value(struct check *c, const struct quantity *q, double value);
/* The next three for percentages and factors: 0.27 -> "27 %", 2.1 -> "2.1x". */
const char *check_percent(struct check *c, double share);
const char *check_factor(struct check *c, double factor);
const char *check_printf(struct check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Where a document names that file. */
bool claims_citation(const struct check *c, const char *path, struct draft_place *ret);
enum assay_claims_kind claims_kind_of(const struct assay_claims_input *input); /* never BY_NAME */
bool claims_is_claim(const struct quantity *q);
void check_holds(struct quantity *q); /* takes part in a relation that holds */

assay_code check_run(struct check *c, const struct assay_claims_request *request, assay_err *err);
void check_done(struct check *c);

void change_tables(struct check *c); /* change columns of tables, for C201 and C202 */

typedef void claims_rule(struct check *c);
#define R(id, slug, level, function, brief, help) claims_rule function;
#include "claims/rules.def"
#undef R

extern const struct assay_finding_rule claims_rule_rows[RULE_COUNT];

#endif
