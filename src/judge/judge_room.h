/*
 * What the files of this room share: one judgement in the making, and how a violation is added to it.
 *
 * Order of work (verify.c): read.c takes the document apart, fields.c holds it against the table of fields, compare.c
 * against what plan and trace give, sanity.c and binding.c look at the values themselves, lines.c sums up. Each adds
 * violations and goes on; only memory stops the work. legacy.c does the same for the receipts of another schema.
 */
#ifndef ASSAY_JUDGE_JUDGE_ROOM_H
#define ASSAY_JUDGE_JUDGE_ROOM_H

#include "judge/judge.h"

/* Gates of evidence.md 3.2. The numbers are never reused; a file names the ones it can report. */
enum gate {
    GATE_UNREADABLE = 101,
    GATE_NOT_JSON = 102,
    GATE_NOT_CANONICAL = 103,
    GATE_ENVELOPE = 104,
    GATE_BASE64 = 105,
    GATE_TYPE = 106,
    GATE_VERSION = 107,
    GATE_FIELD = 108,
    GATE_CAP = 109,
    GATE_UNSIGNED = 201,
    GATE_KEY_UNKNOWN = 202,
    GATE_SIGNATURE = 203,
    GATE_PROFILE = 204,
    GATE_KEYID = 205,
    GATE_SIGNERS = 206,
    GATE_THRESHOLD = 207,
    GATE_KEY_DATE = 208,
    GATE_KEY_ROLE = 209,
    GATE_TRUST = 210,
    GATE_CHECKPOINT = 211,
    GATE_INCLUSION = 212,
    GATE_HEAD = 213,
    GATE_QUORUM = 214,
    GATE_ARTEFACT = 215,
    GATE_NOT_GIVEN = 301,
    GATE_STORED_BYTES = 302,
    GATE_ROOT = 303,
    GATE_COUNTS = 304,
    GATE_STATUS_SUM = 307,
    GATE_PLAN = 309,
    GATE_STAMPS = 310,
    GATE_VALUE = 311,
    GATE_METRIC = 312,
    GATE_FORMULA = 313,
    GATE_KERNELS = 315,
    GATE_KERNEL_ID = 316,
    GATE_DETERMINISM = 317,
    GATE_CHECK = 318,
    GATE_COMPUTE_PATH = 319,
    GATE_CODES = 320,
    GATE_FACTS = 321,
    GATE_IMPOSSIBLE = 331,
    GATE_ORDER = 332,
    GATE_RATE = 333,
    GATE_LITTLE = 334,
    GATE_KERNEL_TIME = 335,
    GATE_KERNEL_RATE = 336,
    GATE_SHORT_REGION = 337,
    GATE_CLOCK = 338,
    GATE_LEAST_N = 339,
    GATE_TOKENS = 340,
    GATE_INVALID = 341,
    GATE_SUBJECT = 401,
    GATE_COMMIT = 402,
    GATE_DIRTY = 403,
    GATE_NONCE = 404,
    GATE_AGE = 405,
    GATE_DATE = 406,
    GATE_BUILD = 407,
    GATE_BINARY = 408,
    GATE_HOST = 409,
    GATE_BASELINE = 411,
    GATE_INTENT = 412,
    GATE_CHAIN = 413,
    GATE_ATTEMPTS = 414,
    GATE_POLICY_LATE = 415,
    GATE_PATH_POLICY = 416,
    GATE_TIER = 419,
    GATE_CHOICES = 420,
    GATE_POLICY = 423,
    /* the legacy profile, evidence.md 4 */
    GATE_LEGACY_READ = 800,
    GATE_LEGACY_SCHEMA = 801,
    GATE_LEGACY_PATH = 802,
    GATE_LEGACY_KERNELS = 803,
    GATE_LEGACY_IDS = 804,
    GATE_LEGACY_GPU = 806,
    GATE_LEGACY_CPU = 807,
    GATE_LEGACY_FALLBACK_ONLY = 808,
    GATE_LEGACY_SHAPE = 820,
    GATE_LEGACY_BACKEND = 821,
    GATE_LEGACY_STANDIN = 822,
    GATE_LEGACY_DUPLICATE = 823,
    GATE_LEGACY_IDLE = 824,
    GATE_LEGACY_FALLBACK = 825,
    GATE_LEGACY_CLASSES = 826,
    GATE_LEGACY_MIXED = 827,
    GATE_LEGACY_DATE = 828,
    GATE_LEGACY_RATES = 829,
    GATE_LEGACY_TOKENS = 830,
    GATE_LEGACY_TESTS = 831,
    GATE_LEGACY_REPEATS = 832,
    GATE_LEGACY_PARITY = 833,
    GATE_LEGACY_CORRECTIONS = 834,
    GATE_LEGACY_MODEL = 835
};

/* What a log says about the document (verify_log.c). */
struct log_view {
    bool is_whole;  /* every entry is known, and gives the checkpoint's root */
    bool is_logged; /* the document's entry is in the log, by one of its signers */
    bool has_intent;
    uint64_t size, intent, outcome; /* indices */
    uint64_t open;                  /* intents of this request without outcome */
};

/* Times of witnesses (verify_witness.c): the head that the intent names was seen by before_s, and not after the start;
 * the document's entry by after_s. */
struct outside_time {
    bool has_before, has_after;
    int64_t before_s, after_s;
};

struct judge {
    const struct assay_judge_input *input;
    struct assay_judgement *out;
    struct assay_violation *list; /* room for ASSAY_VIOLATIONS_MAX; sorted and moved to the arena at the end */
    size_t count;
    bool is_out_of_memory;
    json_t *envelope, *statement; /* owned */
    struct assay_buf payload;     /* the bytes of the statement, decoded once */
    struct assay_derivation derived;
    bool is_derived;
    bool is_given; /* plan and trace were */
    size_t metrics_equal;
    size_t expectations; /* what option or policy asked, and how many failed */
    size_t expectations_failed;
    const struct assay_trust *trust; /* NULL: not given, or not good */
    struct assay_trust *trust_owned; /* the same, if it was read here */
    size_t good_keys;                /* distinct keys of the trust file with a good signature */
    struct assay_digest signer;      /* the first of them */
    struct log_view log;
    struct outside_time outside;
    const char *not_reproduced; /* why --with did not; NULL: it did, or was not given */
    bool is_reproduced;
};

/* The text of a member, or "" if it is not there or no text. */
const char *judge_text_of(const json_t *object, const char *name);

/* Texts are copied and made safe to show; NULL found means "nothing". */
void judge_add(struct judge *judge, enum gate gate, enum assay_verdict verdict, const char *pointer, const char *found,
               const char *expected);
void judge_fail(struct judge *judge, enum gate gate, const char *pointer, const json_t *found, const char *expected);
/* Found and expected as values; NULL is "nothing". */
void judge_differ(struct judge *judge, enum gate gate, const char *pointer, const json_t *found,
                  const json_t *expected);
/* From "PLACE: found X, expected Y" of an error message. */
void judge_add_err(struct judge *judge, enum gate gate, const char *pointer, const assay_err *err);
bool judge_has(const struct judge *judge, unsigned gate_first, unsigned gate_last, enum assay_verdict verdict);
/* Whether a 1xx violation stands at this place, above it or below it: then nothing more is said of it. */
bool judge_is_refused(const struct judge *judge, const char *pointer);
assay_code judge_finish_violations(struct judge *judge, assay_err *err);

/* read.c: fills envelope, payload, statement and out->document; out->is_readable says how far it came. */
void judge_read(struct judge *judge);
/* fields.c: each field alone; relations.c: fields against each other */
void judge_fields(struct judge *judge);
void judge_field_relations(struct judge *judge);
/* compare.c */
void judge_recompute(struct judge *judge);
/* sanity.c */
void judge_sanity(struct judge *judge);
/* kernels.c */
void judge_kernels(struct judge *judge);
/* provenance.c */
void judge_provenance(struct judge *judge);
/* binding.c */
void judge_binding(struct judge *judge);
/* verify_trust.c: the trust file; verify_log.c: the log, which gives times from outside; verify_keys.c: signatures at
 * these times; verify_tier.c: what is proven, before the lines */
void judge_trust(struct judge *judge);
void judge_log(struct judge *judge);
void judge_keys(struct judge *judge);
/* verify_baseline.c; verify_with.c: before the lines, once everything else was said */
void judge_baseline(struct judge *judge);
/* ancestry.c: what was told, or what the statements show by themselves: one commit, or none on both sides. */
enum assay_ancestry judge_ancestry(const json_t *baseline, const json_t *document, enum assay_ancestry told);
void judge_reproduction(struct judge *judge);
#define JUDGE_CODES_MAX 64 /* notChecked has a dozen; the rest of a hostile list is not worth a line */
size_t judge_codes(const struct judge *judge, const char *codes[JUDGE_CODES_MAX]); /* sorted */
void judge_tier(struct judge *judge);
const char *judge_tier_text(const struct judge *judge); /* "tier 1 signed" */
/* One thing that was asked for: counted, and a violation if it is not met. */
void judge_expect(struct judge *judge, bool is_met, enum gate gate, const char *pointer, const char *expected);
/* lines.c */
void judge_lines(struct judge *judge);
void judge_set_line(struct judge *judge, enum assay_judge_line line, enum assay_verdict verdict,
                    const struct assay_buf *text);

#endif
