/*
 * What the files of the legacy profile share: one receipt and what was found so far. legacy.c reads and sums up,
 * legacy_gates.c has the original's gates, legacy_strict.c and legacy_values.c those that close its holes.
 */
#ifndef ASSAY_JUDGE_LEGACY_ROOM_H
#define ASSAY_JUDGE_LEGACY_ROOM_H

#include "judge/judge_room.h"

struct legacy {
    struct judge judge;
    const struct assay_legacy_question *question;
    bool is_strict; /* collects everything; else the first failure ends it */
    json_t *root;   /* owned; NULL: no JSON */
    enum assay_legacy_shape shape;
    const json_t *kernels;      /* once gate 803 holds: a non-empty array of texts */
    bool has_sane_ids;          /* gate 804 holds */
    struct assay_slice backend; /* "cpu" if it is no text, as the original takes it */
    const char *part;           /* of the original's message, at the first failure */
    struct assay_buf quoted;    /* what that message quotes of the receipt */
    bool is_duplicate_warned;
    size_t passed, failed, left; /* gates */
};

/* A violation at the kernel id of that index. */
void legacy_refuse_id(struct legacy *legacy, enum gate gate, size_t index, const char *expected);
struct assay_slice legacy_id(const struct legacy *legacy, size_t index);
size_t legacy_ids_count(const struct legacy *legacy);
/* Whether one of the ids has a class. */
bool legacy_has_class(const struct legacy *legacy, enum assay_legacy_classifier classifier, unsigned class_bit);
bool legacy_is_backend(const struct legacy *legacy, const char *word); /* in any case */

/* The later one of each two ids that are equal. */
void legacy_each_duplicate(struct legacy *legacy, void (*each)(struct legacy *legacy, size_t index));

/* One gate after the other; each adds its violations. false: it could not be looked at. */
struct legacy_gate {
    enum gate gate;
    bool (*check)(struct legacy *legacy);
};
extern const struct legacy_gate legacy_gates[];    /* 801 to 808 */
extern const struct legacy_gate legacy_stricter[]; /* 820 to 835; both end with a NULL check */

/* 800; true: there is a root to look at */
bool legacy_read(struct legacy *legacy);

/* legacy_values.c */
bool legacy_check_date(struct legacy *legacy);
bool legacy_check_rates(struct legacy *legacy);
bool legacy_check_tokens(struct legacy *legacy);
bool legacy_check_tests(struct legacy *legacy);
bool legacy_check_repeats(struct legacy *legacy);
bool legacy_check_parity(struct legacy *legacy);
bool legacy_check_corrections(struct legacy *legacy);
bool legacy_check_model(struct legacy *legacy);

#endif
