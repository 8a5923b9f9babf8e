/* Recorded load: rows come in order of time, the first at 0, or the file is refused with a message. */
#include "measure/replay.h"

#include <assert.h>

#define ROWS_MAX 10000

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct assay_replay replay = {0};
    assay_err err = {0};
    if (assay_replay_read((const char *)bytes, len, ROWS_MAX, &replay, &err) != ASSAY_OK) {
        assert(err.message[0] != '\0' && replay.rows == NULL);
        return 0;
    }
    assert(replay.count > 0 && replay.count <= ROWS_MAX && replay.rows[0].due_ns == 0);
    for (size_t i = 1; i < replay.count; i++) {
        assert(replay.rows[i].due_ns >= replay.rows[i - 1].due_ns);
    }
    assay_replay_done(&replay);
    return 0;
}
