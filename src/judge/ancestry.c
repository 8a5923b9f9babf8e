#include "judge/judge_room.h"

#include <string.h>

const char *assay_source_commit(const json_t *statement)
{
    const json_t *subjects = json_object_get(statement, "subject");
    const char *commit = NULL;
    for (size_t i = 0; i < json_array_size(subjects) && !commit; i++) {
        const json_t *digest = json_object_get(json_array_get(subjects, i), "digest");
        commit = json_string_value(json_object_get(digest, "gitCommit"));
    }
    return commit;
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
