#include "record/sample.h"

#include <assert.h>
#include <string.h>

struct status_row {
    unsigned number;
    const char *text;
    enum assay_status_group group;
};

static const struct status_row STATUSES[] = {
#define STATUS_ROW(name, number, text, group) {(number), (text), ASSAY_GROUP_##group},
    ASSAY_STATUSES(STATUS_ROW)
#undef STATUS_ROW
};

#define STATUSES_COUNT (sizeof STATUSES / sizeof STATUSES[0])

static const char *const GROUP_TEXTS[ASSAY_GROUP_COUNT] = {
    [ASSAY_GROUP_OK] = "ok",
    [ASSAY_GROUP_FAILED] = "failed",
    [ASSAY_GROUP_TIMED_OUT] = "timedOut",
    [ASSAY_GROUP_CANCELLED] = "cancelled",
    [ASSAY_GROUP_IN_FLIGHT] = "inFlight",
};

static const char *const SOURCE_TEXTS[ASSAY_TOKENS_SOURCE_COUNT] = {
    [ASSAY_TOKENS_UNKNOWN] = "unknown",
    [ASSAY_TOKENS_IDS] = "ids",
    [ASSAY_TOKENS_RUNNING_USAGE] = "running_usage",
    [ASSAY_TOKENS_LOGPROBS] = "logprobs",
    [ASSAY_TOKENS_FINAL_USAGE] = "final_usage",
    [ASSAY_TOKENS_TOKENIZE] = "tokenize",
    [ASSAY_TOKENS_BUILTIN] = "builtin",
    [ASSAY_TOKENS_CHUNK_COUNT] = "chunk_count",
};

static const struct status_row *status_row(unsigned number)
{
    for (size_t i = 0; i < STATUSES_COUNT; i++) {
        if (STATUSES[i].number == number) {
            return &STATUSES[i];
        }
    }
    return NULL;
}

bool assay_status_is_known(unsigned number)
{
    return status_row(number) != NULL;
}

const char *assay_status_text(enum assay_status status)
{
    const struct status_row *row = status_row((unsigned)status);
    assert(row);
    return row->text;
}

enum assay_status_group assay_status_group_of(enum assay_status status)
{
    if (status == ASSAY_STATUS_OK) {
        return ASSAY_GROUP_OK; /* the usual one, without the search */
    }
    const struct status_row *row = status_row((unsigned)status);
    assert(row);
    return row->group;
}

const char *assay_status_group_text(enum assay_status_group group)
{
    assert((unsigned)group < ASSAY_GROUP_COUNT);
    return GROUP_TEXTS[group];
}

const char *assay_token_source_text(enum assay_token_source source)
{
    assert((unsigned)source < ASSAY_TOKENS_SOURCE_COUNT);
    return SOURCE_TEXTS[source];
}
