#include "judge/field.h"

/* Caps of evidence.md 1.2, each named for the message of gate 109. */
#define SUBJECTS_MAX 1024
#define ARMS_MAX 64
#define METRICS_MAX 4096
#define KERNEL_ENTRIES_MAX 10000
#define HOSTS_MAX 4096
#define CHECKS_MAX 1024
#define NOTES_MAX 16
#define SIGNERS_MAX 16
#define LIST_MAX 1024 /* lists without a cap of their own: flags, libraries, codes, GPUs, digests */

#define END       \
    {             \
        .name = 0 \
    }
#define HEX32 .type = FIELD_HEX, .digits = 64
#define MAYBE .is_maybe = true
#define ANY_SIGN .low = -((int64_t)1 << 53) + 1, .high = ((int64_t)1 << 53) - 1

static const char *const WORKLOADS[] = {"noop", "command", "llm", "kernel", "lm", "pipeline", 0};
static const char *const COMPUTE_PATHS[] = {"real", "scripted", "imported", 0};
static const char *const BACKENDS[] = {"cpu", "cuda", "remote", 0};
static const char *const GENERATORS[] = {"xoshiro256pp@1", 0};
static const char *const ORDERS[] = {"fixed", "random", "latin", 0};
static const char *const SEED_SOURCES[] = {"challenge", "log-head", "fixed", 0};
static const char *const MODES[] = {"closed", "open", "paired", 0};
static const char *const ARRIVALS[] = {"none", "poisson", "constant", "gamma", "ramp", "burst", "steps", "replay", 0};
static const char *const STOP_RULES[] = {"count", "duration", "precision", 0};
static const char *const TYPED[] = {"typed", 0};
static const char *const TRACE_FORMATS[] = {"assay-trace/1", 0};
static const char *const UNITS[] = {"ns", "bytes", "1/s", "1", "J", "USD", 0};
static const char *const DIRECTIONS[] = {"lower", "higher", "none", 0};
static const char *const CLASSES[] = {"quantised", "native", "fallback", "limit", "copy", "sync", "standin", 0};
static const char *const DETERMINISM_STATES[] = {"proven", "refuted", "not-measured", 0};
static const char *const CHECK_RULES[] = {"output_same@1",
                                          "output_reference@1",
                                          "cache_audit@1",
                                          "choice_audit@1",
                                          "stamp_calibration@1",
                                          "aa_noise@1",
                                          "clock_cross@1",
                                          "roofline@1",
                                          "steady_state@1",
                                          "token_count@1",
                                          0};
static const char *const VERDICTS[] = {"pass", "fail", "undecided", "not-measured", 0};
static const char *const EVIDENCE[] = {"challenge", "cache_audit", "determinism", "hardware",
                                       "intent",    "output",      "trace",       0};
static const char *const OUTCOMES[] = {"failed", "aborted", "partial", "standin", 0};

static const struct field AN_ID = {.type = FIELD_ID};
static const struct field A_STR = {.type = FIELD_STR};
static const struct field A_HEX32 = {HEX32};
static const struct field A_BACKEND = {.type = FIELD_ID, .choices = BACKENDS};
static const struct field AN_EVIDENCE = {.type = FIELD_ID, .choices = EVIDENCE};

/* ---- subject ---- */

static const struct field DIGEST[] = {
    {.name = "sha256", HEX32, .is_optional = true},
    {.name = "gitCommit", .type = FIELD_COMMIT, .is_optional = true},
    {.name = "gitTree", .type = FIELD_COMMIT, .is_optional = true},
    END,
};
static const struct field SUBJECT_MEMBERS[] = {
    {.name = "name", .type = FIELD_STR},
    {.name = "digest", .type = FIELD_OBJECT, .members = DIGEST},
    END,
};
static const struct field SUBJECT = {.type = FIELD_OBJECT, .members = SUBJECT_MEMBERS};
const struct field field_subject = {.name = "subject", .type = FIELD_LIST, .cap = SUBJECTS_MAX, .members = &SUBJECT};

/* ---- protocol ---- */

static const struct field ARM_MEMBERS[] = {
    {.name = "id", .type = FIELD_ID},
    {.name = "label", .type = FIELD_STR},
    {.name = "argsSha256", HEX32},
    END,
};
static const struct field ARM = {.type = FIELD_OBJECT, .members = ARM_MEMBERS};
static const struct field LOAD[] = {
    {.name = "mode", .type = FIELD_ID, .choices = MODES},
    {.name = "concurrency", .type = FIELD_INT},
    {.name = "ratePerS", .type = FIELD_DEC, MAYBE},
    {.name = "arrivals", .type = FIELD_ID, .choices = ARRIVALS},
    END,
};
static const struct field WARMUP[] = {
    {.name = "rule", .type = FIELD_ID},
    {.name = "samples", .type = FIELD_INT},
    END,
};
static const struct field STOP[] = {
    {.name = "rule", .type = FIELD_ID, .choices = STOP_RULES},
    {.name = "reason", .type = FIELD_ID},
    END,
};
static const struct field CLOCK[] = {
    {.name = "source", .type = FIELD_ID},
    {.name = "resolutionNs", .type = FIELD_INT},
    {.name = "readNs", .type = FIELD_INT},
    {.name = "crossPpm", .type = FIELD_DEC, MAYBE},
    END,
};
static const struct field PROTOCOL[] = {
    {.name = "workload", .type = FIELD_ID, .choices = WORKLOADS},
    {.name = "computePath", .type = FIELD_ID, .choices = COMPUTE_PATHS},
    {.name = "backend", .type = FIELD_SET, .cap = LIST_MAX, .members = &A_BACKEND},
    {.name = "tool", .type = FIELD_STR},
    {.name = "generator", .type = FIELD_REF, .choices = GENERATORS},
    {.name = "order", .type = FIELD_ID, .choices = ORDERS},
    {.name = "seed", .type = FIELD_U64},
    {.name = "seedSource", .type = FIELD_ID, .choices = SEED_SOURCES},
    {.name = "requestSha256", HEX32},
    {.name = "planSha256", HEX32},
    {.name = "policySha256", HEX32, MAYBE},
    {.name = "arms", .type = FIELD_LIST, .cap = ARMS_MAX, .members = &ARM},
    {.name = "load", .type = FIELD_OBJECT, .members = LOAD},
    {.name = "warmup", .type = FIELD_OBJECT, .members = WARMUP},
    {.name = "stop", .type = FIELD_OBJECT, .members = STOP},
    {.name = "clock", .type = FIELD_OBJECT, .members = CLOCK},
    END,
};

/* ---- environment: evidence.md 6 ---- */

static const struct field NOTE_MEMBERS[] = {
    {.name = "by", .type = FIELD_ID, .choices = TYPED},
    {.name = "text", .type = FIELD_STR},
    END,
};
static const struct field NOTE = {.type = FIELD_OBJECT, .members = NOTE_MEMBERS};
static const struct field BUILD[] = {
    {.name = "compiler", .type = FIELD_STR, MAYBE},
    {.name = "flags", .type = FIELD_LIST, .cap = LIST_MAX, MAYBE, .members = &A_STR},
    {.name = "linker", .type = FIELD_STR, MAYBE},
    {.name = "optimize", .type = FIELD_INT, MAYBE},
    {.name = "ndebug", .type = FIELD_BOOL, MAYBE},
    {.name = "lto", .type = FIELD_BOOL, MAYBE},
    {.name = "sanitizers", .type = FIELD_LIST, .cap = LIST_MAX, MAYBE, .members = &A_STR},
    {.name = "coverage", .type = FIELD_BOOL, MAYBE},
    {.name = "binarySha256", HEX32, MAYBE},
    {.name = "libs", .type = FIELD_LIST, .cap = LIST_MAX, MAYBE, .members = &A_STR},
    {.name = "commit", .type = FIELD_STR, MAYBE},
    {.name = "dirty", .type = FIELD_BOOL, MAYBE},
    {.name = "dirtyDiffSha256", HEX32, MAYBE},
    END,
};
static const struct field GPU_MEMBERS[] = {
    {.name = "name", .type = FIELD_STR, MAYBE},
    {.name = "driver", .type = FIELD_STR, MAYBE},
    {.name = "uuidSha256", HEX32, MAYBE},
    {.name = "memoryBytes", .type = FIELD_INT, MAYBE},
    {.name = "powerLimitMw", .type = FIELD_INT, MAYBE},
    {.name = "clocksMhz", .type = FIELD_INT, MAYBE},
    {.name = "otherProcesses", .type = FIELD_INT, MAYBE},
    {.name = "mig", .type = FIELD_STR, MAYBE},
    {.name = "ecc", .type = FIELD_BOOL, MAYBE},
    END,
};
static const struct field GPU = {.type = FIELD_OBJECT, .members = GPU_MEMBERS};
static const struct field HOST_MEMBERS[] = {
    {.name = "rank", .type = FIELD_INT},
    {.name = "os", .type = FIELD_STR, MAYBE},
    {.name = "kernelRelease", .type = FIELD_STR, MAYBE},
    {.name = "arch", .type = FIELD_STR, MAYBE},
    {.name = "libc", .type = FIELD_STR, MAYBE},
    {.name = "cpuModel", .type = FIELD_STR, MAYBE},
    {.name = "cpuId", .type = FIELD_STR, MAYBE},
    {.name = "microcode", .type = FIELD_STR, MAYBE},
    {.name = "isa", .type = FIELD_SET, .cap = LIST_MAX, MAYBE, .members = &AN_ID},
    {.name = "sockets", .type = FIELD_INT, MAYBE},
    {.name = "cores", .type = FIELD_INT, MAYBE},
    {.name = "threads", .type = FIELD_INT, MAYBE},
    {.name = "smt", .type = FIELD_BOOL, MAYBE},
    {.name = "numaNodes", .type = FIELD_INT, MAYBE},
    {.name = "affinity", .type = FIELD_STR, MAYBE},
    {.name = "cgroupCpuQuota", .type = FIELD_DEC, MAYBE},
    {.name = "cgroupMemoryBytes", .type = FIELD_INT, MAYBE},
    {.name = "memoryBytes", .type = FIELD_INT, MAYBE},
    {.name = "swapBytes", .type = FIELD_INT, MAYBE},
    {.name = "hugePages", .type = FIELD_STR, MAYBE},
    {.name = "governor", .type = FIELD_STR, MAYBE},
    {.name = "turbo", .type = FIELD_BOOL, MAYBE},
    {.name = "frequencyKhz", .type = FIELD_INT, MAYBE},
    {.name = "isolated", .type = FIELD_STR, MAYBE},
    {.name = "virtualization", .type = FIELD_STR, MAYBE},
    {.name = "container", .type = FIELD_STR, MAYBE},
    {.name = "clocksource", .type = FIELD_STR, MAYBE},
    {.name = "tscInvariant", .type = FIELD_BOOL, MAYBE},
    {.name = "aslr", .type = FIELD_INT, MAYBE},
    {.name = "load1", .type = FIELD_DEC, MAYBE},
    {.name = "pressureCpu", .type = FIELD_DEC, MAYBE},
    {.name = "stealPpm", .type = FIELD_INT, MAYBE},
    {.name = "temperatureMilliC", .type = FIELD_INT, MAYBE, ANY_SIGN},
    {.name = "powerCapUw", .type = FIELD_INT, MAYBE},
    {.name = "gpus", .type = FIELD_LIST, .cap = LIST_MAX, MAYBE, .members = &GPU},
    {.name = "loadedObjectsSha256", HEX32, MAYBE},
    {.name = "preload", .type = FIELD_BOOL, MAYBE},
    {.name = "envSha256", HEX32, MAYBE},
    {.name = "machineKey", HEX32, MAYBE},
    END,
};
static const struct field HOST = {.type = FIELD_OBJECT, .members = HOST_MEMBERS};
static const struct field ENVIRONMENT[] = {
    {.name = "notes", .type = FIELD_LIST, .cap = NOTES_MAX, .members = &NOTE},
    {.name = "build", .type = FIELD_OBJECT, .members = BUILD},
    {.name = "hosts", .type = FIELD_LIST, .cap = HOSTS_MAX, .members = &HOST},
    END,
};

/* ---- samples, metrics, kernels ---- */

static const struct field SAMPLES[] = {
    {.name = "format", .type = FIELD_STR, .choices = TRACE_FORMATS},
    {.name = "sha256", HEX32},
    {.name = "bytes", .type = FIELD_INT},
    {.name = "root", HEX32},
    {.name = "chunks", .type = FIELD_INT},
    {.name = "count", .type = FIELD_INT},
    {.name = "planned", .type = FIELD_INT},
    {.name = "warmup", .type = FIELD_INT},
    {.name = "ok", .type = FIELD_INT},
    {.name = "failed", .type = FIELD_INT},
    {.name = "timedOut", .type = FIELD_INT},
    {.name = "cancelled", .type = FIELD_INT},
    {.name = "inFlight", .type = FIELD_INT},
    {.name = "censored", .type = FIELD_INT},
    {.name = "firstDueNs", .type = FIELD_INT},
    {.name = "lastStartNs", .type = FIELD_INT},
    {.name = "lastEndNs", .type = FIELD_INT},
    END,
};
static const struct field METRIC_MEMBERS[] = {
    {.name = "arm", .type = FIELD_ID},
    {.name = "name", .type = FIELD_ID},
    {.name = "formula", .type = FIELD_REF},
    {.name = "unit", .type = FIELD_STR, .choices = UNITS},
    {.name = "direction", .type = FIELD_ID, .choices = DIRECTIONS},
    {.name = "value", .type = FIELD_DEC, MAYBE},
    {.name = "lower", .type = FIELD_DEC, .is_optional = true},
    {.name = "upper", .type = FIELD_DEC, .is_optional = true},
    {.name = "confidence", .type = FIELD_DEC, .is_optional = true},
    {.name = "n", .type = FIELD_INT},
    {.name = "censored", .type = FIELD_INT},
    {.name = "family", .type = FIELD_INT, .is_optional = true, .low = 1, .high = METRICS_MAX},
    END,
};
static const struct field METRIC = {.type = FIELD_OBJECT, .members = METRIC_MEMBERS};
static const struct field ENTRY_MEMBERS[] = {
    {.name = "id", .type = FIELD_ID},
    {.name = "arm", .type = FIELD_ID},
    {.name = "class", .type = FIELD_ID, .choices = CLASSES},
    {.name = "isa", .type = FIELD_ID},
    {.name = "fallback", .type = FIELD_BOOL},
    {.name = "calls", .type = FIELD_U64},
    {.name = "elements", .type = FIELD_U64},
    {.name = "bytes", .type = FIELD_U64},
    {.name = "ns", .type = FIELD_INT},
    END,
};
static const struct field ENTRY = {.type = FIELD_OBJECT, .members = ENTRY_MEMBERS};
static const struct field KERNELS[] = {
    {.name = "tableSha256", HEX32},
    {.name = "wallNs", .type = FIELD_INT},
    {.name = "threads", .type = FIELD_INT},
    {.name = "entries", .type = FIELD_LIST, .cap = KERNEL_ENTRIES_MAX, .members = &ENTRY},
    END,
};
static const struct field DETERMINISM[] = {
    {.name = "state", .type = FIELD_ID, .choices = DETERMINISM_STATES},
    {.name = "repetitions", .type = FIELD_INT},
    {.name = "digests", .type = FIELD_SET, .cap = LIST_MAX, .members = &A_HEX32},
    END,
};
static const struct field CHECK_MEMBERS[] = {
    {.name = "id", .type = FIELD_ID},
    {.name = "rule", .type = FIELD_REF, .choices = CHECK_RULES},
    {.name = "verdict", .type = FIELD_ID, .choices = VERDICTS},
    {.name = "n", .type = FIELD_INT},
    {.name = "data", .type = FIELD_DATA},
    END,
};
static const struct field CHECK = {.type = FIELD_OBJECT, .members = CHECK_MEMBERS};

/* ---- attempts, tier ---- */

static const struct field INTENT[] = {
    {.name = "origin", .type = FIELD_STR},
    {.name = "index", .type = FIELD_INT},
    {.name = "leaf", HEX32},
    END,
};
static const struct field EARLIER[] = {
    {.name = "intents", .type = FIELD_INT},
    {.name = "receipts", .type = FIELD_INT},
    {.name = "records", .type = FIELD_INT},
    {.name = "open", .type = FIELD_INT},
    END,
};
static const struct field CI[] = {
    {.name = "provider", .type = FIELD_STR},
    {.name = "runId", .type = FIELD_STR},
    {.name = "attempt", .type = FIELD_INT, .low = 1, .high = INT32_MAX},
    END,
};
static const struct field ATTEMPTS[] = {
    {.name = "runId", .type = FIELD_HEX, .digits = 32},
    {.name = "startedAt", .type = FIELD_TIME},
    {.name = "finishedAt", .type = FIELD_TIME},
    {.name = "nonce", HEX32, MAYBE},
    {.name = "counter", .type = FIELD_INT, MAYBE},
    {.name = "previous", HEX32, MAYBE},
    {.name = "intent", .type = FIELD_OBJECT, MAYBE, .members = INTENT},
    {.name = "earlier", .type = FIELD_OBJECT, .members = EARLIER},
    {.name = "ci", .type = FIELD_OBJECT, MAYBE, .members = CI},
    END,
};
static const struct field TIER[] = {
    {.name = "runnerId", .type = FIELD_STR},
    {.name = "signers", .type = FIELD_SET, .cap = SIGNERS_MAX, .members = &A_HEX32},
    {.name = "evidence", .type = FIELD_SET, .cap = LIST_MAX, .members = &AN_EVIDENCE},
    END,
};

/* ---- the three predicates ---- */

static const struct field RECEIPT[] = {
    {.name = "minor", .type = FIELD_INT},
    {.name = "protocol", .type = FIELD_OBJECT, .members = PROTOCOL},
    {.name = "environment", .type = FIELD_OBJECT, .members = ENVIRONMENT},
    {.name = "samples", .type = FIELD_OBJECT, .members = SAMPLES},
    {.name = "metrics", .type = FIELD_LIST, .cap = METRICS_MAX, .members = &METRIC},
    {.name = "kernels", .type = FIELD_OBJECT, MAYBE, .members = KERNELS},
    {.name = "determinism", .type = FIELD_OBJECT, .members = DETERMINISM},
    {.name = "checks", .type = FIELD_LIST, .cap = CHECKS_MAX, .members = &CHECK},
    {.name = "attempts", .type = FIELD_OBJECT, .members = ATTEMPTS},
    {.name = "tier", .type = FIELD_OBJECT, .members = TIER},
    {.name = "invalid", .type = FIELD_SET, .cap = LIST_MAX, .members = &AN_ID},
    {.name = "notChecked", .type = FIELD_SET, .cap = LIST_MAX, .members = &AN_ID},
    END,
};
static const struct field RECORD[] = {
    {.name = "minor", .type = FIELD_INT},
    {.name = "outcome", .type = FIELD_ID, .choices = OUTCOMES},
    {.name = "reason", .type = FIELD_STR},
    {.name = "protocol", .type = FIELD_OBJECT, .members = PROTOCOL},
    {.name = "environment", .type = FIELD_OBJECT, .members = ENVIRONMENT},
    {.name = "samples", .type = FIELD_OBJECT, .members = SAMPLES},
    {.name = "attempts", .type = FIELD_OBJECT, .members = ATTEMPTS},
    {.name = "notChecked", .type = FIELD_SET, .cap = LIST_MAX, .members = &AN_ID},
    END,
};
static const struct field SOURCE[] = {
    {.name = "format", .type = FIELD_STR},
    {.name = "sha256", HEX32},
    END,
};
static const struct field CLAIMED_MEMBERS[] = {
    {.name = "name", .type = FIELD_STR},
    {.name = "unit", .type = FIELD_STR},
    {.name = "value", .type = FIELD_DEC},
    END,
};
static const struct field CLAIMED = {.type = FIELD_OBJECT, .members = CLAIMED_MEMBERS};
static const struct field IMPORTED[] = {
    {.name = "minor", .type = FIELD_INT},
    {.name = "source", .type = FIELD_OBJECT, .members = SOURCE},
    {.name = "claimed", .type = FIELD_LIST, .cap = METRICS_MAX, .members = &CLAIMED},
    END,
};

const struct field field_predicates[3] = {
    {.name = "predicate", .type = FIELD_OBJECT, .members = RECEIPT},
    {.name = "predicate", .type = FIELD_OBJECT, .members = RECORD},
    {.name = "predicate", .type = FIELD_OBJECT, .members = IMPORTED},
};
