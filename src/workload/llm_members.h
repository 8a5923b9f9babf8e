/*
 * Members: reads the objects and arrays of an event by tables, so that a new member is a row. Inside of the event
 * reader (llm_event.h). Every reader returns false with the scan's fault set.
 */
#ifndef ASSAY_WORKLOAD_LLM_MEMBERS_H
#define ASSAY_WORKLOAD_LLM_MEMBERS_H

#include "workload/llm_event.h"
#include "workload/llm_scan.h"

#include <stddef.h>

/* Tables say which members of an object matter; readers of members are rows of other tables or small functions. */
enum row_kind {
    ROW_SKIP,   /* known, and of no interest */
    ROW_COUNT,  /* uint32_t at offset */
    ROW_NUMBER, /* struct assay_llm_number at offset */
    ROW_CALL
};

typedef bool assay_llm_member_fn(struct assay_llm_scan *scan, struct assay_llm_event *event);

#define NAME_BYTES 32 /* longest known name: completion_tokens_details */
struct assay_llm_row {
    char name[NAME_BYTES]; /* padded with zeros, so that the first eight bytes compare as one word */
    uint8_t len;
    uint8_t kind;
    uint16_t offset;
    assay_llm_member_fn *read;
};

#define SKIP(name)                                \
    {                                             \
        name, sizeof(name) - 1, ROW_SKIP, 0, NULL \
    }
#define COUNT(name, member)                                                               \
    {                                                                                     \
        name, sizeof(name) - 1, ROW_COUNT, offsetof(struct assay_llm_event, member), NULL \
    }
#define NUMBER(name, member)                                                               \
    {                                                                                      \
        name, sizeof(name) - 1, ROW_NUMBER, offsetof(struct assay_llm_event, member), NULL \
    }
#define CALL(name, function)                          \
    {                                                 \
        name, sizeof(name) - 1, ROW_CALL, 0, function \
    }
#define TABLE(rows) rows, sizeof(rows) / sizeof(rows)[0]

bool assay_llm_fail_shape(struct assay_llm_scan *scan);
/* A string, or null (empty). */
bool assay_llm_read_text(struct assay_llm_scan *scan, struct assay_llm_text *ret);
bool assay_llm_text_is(struct assay_llm_text text, const char *word);
/* true, false or null (false). */
bool assay_llm_read_bool(struct assay_llm_scan *scan, bool *ret);
/* scan->at stands on the brace. A known member that stands there twice would count twice: refused. */
bool assay_llm_read_members(const struct assay_llm_row *rows, size_t count, struct assay_llm_scan *scan,
                            struct assay_llm_event *event);
/* An object, or null; anything else has the wrong shape. *ret_is_there tells which. */
bool assay_llm_read_object(const struct assay_llm_row *rows, size_t count, struct assay_llm_scan *scan,
                           struct assay_llm_event *event, bool *ret_is_there);
/* An array, or null: each entry through read (NULL: skipped). */
bool assay_llm_read_array(assay_llm_member_fn *read, struct assay_llm_scan *scan, struct assay_llm_event *event,
                          uint32_t *ret_entries);

#endif
