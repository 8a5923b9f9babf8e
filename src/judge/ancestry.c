#include "judge/judge_room.h"

#include <string.h>

const char *assay_source_commit(const json_t *statement)
{
    const json_t *subjects = json_object_get(statement, "subject");
    size_t i;
    const json_t *subject;
    json_array_foreach(subjects, i, subject)
    {
        const char *commit = json_string_value(json_object_get(json_object_get(subject, "digest"), "gitCommit"));
        if (commit) {
            return commit;
        }
    }
    return NULL;
}

enum assay_ancestry judge_ancestry(const json_t *baseline, const json_t *document, enum assay_ancestry told)
{
    const char *from = assay_source_commit(baseline), *to = assay_source_commit(document);
    if (told != ASSAY_ANCESTRY_UNKNOWN) {
        return told;
    }
    return !from && !to                          ? ASSAY_ANCESTRY_NOT_ASKED
           : from && to && strcmp(from, to) == 0 ? ASSAY_ANCESTRY_IS
                                                 : ASSAY_ANCESTRY_UNKNOWN;
}
