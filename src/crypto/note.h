/*
 * Signed notes (c2sp.org/signed-note) and what logs write as such: checkpoints (c2sp.org/tlog-checkpoint) with
 * cosignatures (c2sp.org/tlog-cosignature).
 *
 *     struct assay_note note;
 *     rc = assay_note_read(bytes, len, &note, err);                     // form only; the text is not to be believed
 * yet rc = assay_note_check(&note, &key, &state, &time_s, err);         // one known key against its lines rc =
 * assay_checkpoint_read(note.text, &checkpoint, err);          // size and root, once the log's key was good
 *
 * Slices borrow the bytes that were read. A signature by an unknown key is ignored; one by a known key that is false
 * refuses the note.
 */
#ifndef ASSAY_CRYPTO_NOTE_H
#define ASSAY_CRYPTO_NOTE_H

#include "base/buf.h"
#include "base/text.h"
#include "crypto/ed25519.h"

#include <stdint.h>

#define ASSAY_NOTE_BYTES_MAX ((size_t)1 << 20) /* 100 signatures of 5 kB (post-quantum) and a text */
#define ASSAY_NOTE_SIGNATURES_MAX 100          /* evidence.md 2.5; at least 16 must be taken */
#define ASSAY_NOTE_NAME_BYTES_MAX 255

enum assay_note_kind { ASSAY_NOTE_ED25519 = 0x01, ASSAY_NOTE_COSIGNATURE = 0x04 };

/* A key of the outside world: "NAME+hex(id4)+base64(type, key)". */
struct assay_note_key {
    char name[ASSAY_NOTE_NAME_BYTES_MAX + 1];
    enum assay_note_kind kind;
    uint32_t id;
    struct assay_public_key key;
};

/* MALFORMED: a name that is empty or has white space or '+'. */
assay_code assay_note_key_make(const char *name, enum assay_note_kind kind, const struct assay_public_key *key,
                               struct assay_note_key *ret, assay_err *err);
assay_code assay_note_key_read(const char *vkey, struct assay_note_key *ret, assay_err *err);
void assay_note_key_write(const struct assay_note_key *key, struct assay_buf *out);
bool assay_note_name_is_good(struct assay_slice name);

struct assay_note {
    struct assay_slice text; /* with its last line end, without the empty line behind it */
    size_t signatures_count;
    struct {
        struct assay_slice name, base64;
        uint32_t id;
    } signatures[ASSAY_NOTE_SIGNATURES_MAX];
};

/* MALFORMED with the reason; TOO_LARGE over the caps. */
assay_code assay_note_read(const char *bytes, size_t len, struct assay_note *ret, assay_err *err);

enum assay_note_state {
    ASSAY_NOTE_UNSIGNED, /* no line of this key */
    ASSAY_NOTE_GOOD,
    ASSAY_NOTE_FALSE,
    ASSAY_NOTE_OUTSIDE /* as ASSAY_SIGNATURE_OUTSIDE */
};

/* Looks at every line of that key. ret_time_s: of a cosignature, seconds since 1970; else 0. Fails only for memory. */
assay_code assay_note_check(const struct assay_note *note, const struct assay_note_key *key, enum assay_note_state *ret,
                            uint64_t *ret_time_s, assay_err *err);

/* Appends "— NAME base64\n", signing `text` (all lines up to the empty one) as kind says; time_s for cosignatures. */
assay_code assay_note_sign(struct assay_slice text, const struct assay_note_key *public,
                           const struct assay_secret_key *key, uint64_t time_s, struct assay_buf *out, assay_err *err);

/* What a witness answers to a note (c2sp.org/tlog-witness): signature lines. Appends the line of the witness that is asked
 * for; those of other keys are left out. WANTING unless it has a good one; MALFORMED. */
assay_code assay_note_answer_read(struct assay_slice text, const char *answer, size_t len,
                                  const struct assay_note_key *witness, struct assay_buf *out, assay_err *err);

/* ---- checkpoints ---- */

struct assay_checkpoint {
    char origin[ASSAY_NOTE_NAME_BYTES_MAX + 1];
    uint64_t size;
    unsigned char root[32];
};

assay_code assay_checkpoint_read(struct assay_slice text, struct assay_checkpoint *ret, assay_err *err);
/* The three lines; then an empty line and assay_note_sign make the file. */
void assay_checkpoint_write(const struct assay_checkpoint *checkpoint, struct assay_buf *out);

#endif
