#include "crypto/crypto.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

static assay_code take_line(const struct assay_note *note, const struct assay_note_key *witness, struct assay_buf *out,
                            assay_err *err)
{
    for (size_t i = 0; i < note->signatures_count; i++) {
        if (note->signatures[i].id == witness->id && assay_slice_is(note->signatures[i].name, witness->name)) {
            assay_buf_text(out, "\xe2\x80\x94 ");
            assay_buf_append(out, note->signatures[i].name.data, note->signatures[i].name.len);
            assay_buf_char(out, ' ');
            assay_buf_append(out, note->signatures[i].base64.data, note->signatures[i].base64.len);
            assay_buf_char(out, '\n');
            break; /* one line a key */
        }
    }
    return assay_buf_check(out, err);
}

/* The answer behind the text is a note; an answer with an empty line in it would move where the text ends. */
static assay_code read_as_note(struct assay_slice text, const struct assay_buf *bytes, struct assay_note *ret,
                               assay_err *err)
{
    assay_code rc = assay_note_read(bytes->data, bytes->len, ret, err);
    return rc == ASSAY_OK && ret->text.len != text.len
               ? assay_fail(err, ASSAY_MALFORMED,
                            "the answer of the witness holds an empty line, expected signature lines")
               : rc;
}

assay_code assay_note_answer_read(struct assay_slice text, const char *answer, size_t len,
                                  const struct assay_note_key *witness, struct assay_buf *out, assay_err *err)
{
    assert(text.data && answer && witness && out);
    enum assay_note_state state = ASSAY_NOTE_UNSIGNED;
    struct assay_buf bytes;
    uint64_t time_s;
    struct assay_note *note = assay_alloc(1, sizeof *note);
    assay_buf_init(&bytes, ASSAY_NOTE_BYTES_MAX);
    assay_buf_append(&bytes, text.data, text.len);
    assay_buf_char(&bytes, '\n');
    assay_buf_append(&bytes, answer, len);
    assay_code rc = note ? assay_buf_check(&bytes, err) : assay_nomem(err);
    rc = rc == ASSAY_OK ? read_as_note(text, &bytes, note, err) : rc;
    rc = rc == ASSAY_OK ? assay_note_check(note, witness, &state, &time_s, err) : rc;
    if (rc == ASSAY_OK && state != ASSAY_NOTE_GOOD) {
        rc = assay_fail(err, ASSAY_WANTING, "the answer has no good signature of the witness '%s'%s", witness->name,
                        state == ASSAY_NOTE_UNSIGNED ? ": none by its key" : "");
    }
    rc = rc == ASSAY_OK ? take_line(note, witness, out, err) : rc;
    assay_buf_done(&bytes);
    assay_free(note);
    return rc;
}
