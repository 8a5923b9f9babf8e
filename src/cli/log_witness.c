#include "cli/log_witness.h"

#include "base/mem.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "net/net.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ANSWER_BYTES_MAX ((size_t)64 << 10) /* 100 signature lines, or a page that says what is wrong */
#define SHOWN_BYTES 200                     /* of such a page, in a message */
#define COSIGNED_BYTES_MAX ((size_t)ASSAY_LOG_COSIGNED_MAX * UINT16_MAX)
enum {
    HTTP_OK = 200,
    HTTP_BAD = 400,
    HTTP_FORBIDDEN = 403,
    HTTP_UNKNOWN = 404,
    HTTP_CONFLICT = 409,
    HTTP_UNPROVEN = 422
};

struct asking {
    const struct assay_log_witness *how;
    struct assay_note_key witness;
    struct assay_net_target *target;
    char path[ASSAY_NET_URL_BYTES_MAX];
    struct assay_log_dir *log;
    struct assay_note *note; /* the checkpoint */
};

/* ---- what it signed before ---- */

/* The largest head in cosigned/ with a good line of this witness. */
static assay_code last_size(const struct asking *asking, uint64_t *ret, assay_err *err)
{
    struct assay_buf heads;
    struct assay_slice rest, bytes;
    struct assay_note *note = assay_alloc(1, sizeof *note);
    *ret = 0;
    assay_buf_init(&heads, COSIGNED_BYTES_MAX);
    assay_code rc = note ? assay_log_dir_read_cosigned(asking->log, &heads, err) : assay_nomem(err);
    rest = (struct assay_slice){heads.data, heads.len};
    while (rc == ASSAY_OK && assay_entry_cut(&rest, &bytes)) {
        enum assay_note_state state = ASSAY_NOTE_UNSIGNED;
        struct assay_checkpoint head;
        uint64_t time_s;
        bool is_read = assay_note_read(bytes.data, bytes.len, note, NULL) == ASSAY_OK &&
                       assay_checkpoint_read(note->text, &head, NULL) == ASSAY_OK;
        rc = is_read ? assay_note_check(note, &asking->witness, &state, &time_s, err) : rc;
        if (state == ASSAY_NOTE_GOOD && head.size > *ret && head.size <= asking->log->head.size) {
            *ret = head.size;
        }
    }
    assay_buf_done(&heads);
    assay_free(note);
    return rc;
}

/* ---- asking ---- */

static assay_code post(const struct asking *asking, uint64_t old_size, struct assay_buf *answer, int *ret_status,
                       assay_err *err)
{
    struct assay_buf body;
    assay_buf_init(&body, ASSAY_TLOG_PROOF_BYTES_MAX);
    assay_buf_clear(answer);
    assay_code rc = assay_log_dir_prove_growth(asking->log, old_size, &body, err);
    if (rc == ASSAY_OK) {
        const struct assay_net_question question = {.target = asking->target,
                                                    .method = "POST",
                                                    .path = asking->path,
                                                    .body = {.data = body.data, .len = body.len}};
        rc = assay_net_fetch(&question, answer, ret_status, err);
        if (rc != ASSAY_OK) {
            assay_wrap(err, "witness '%s'", asking->how->url);
        }
    }
    assay_buf_done(&body);
    return rc;
}

/* The size that a conflict tells: decimal, with a line end. */
static bool told_size(const struct assay_buf *answer, uint64_t *ret)
{
    struct assay_slice text = {answer->data, answer->len};
    bool has_end = text.len > 0 && text.data[text.len - 1] == '\n';
    text.len -= has_end ? 1 : 0;
    return has_end && assay_tlog_number_read(text, ret);
}

static assay_code refuse(const struct asking *asking, int status, const struct assay_buf *answer, assay_err *err)
{
    static const struct {
        int status;
        const char *what;
    } MEANINGS[] = {{HTTP_BAD, "it takes the request for malformed"},
                    {HTTP_FORBIDDEN, "it knows another key of this log"},
                    {HTTP_UNKNOWN, "it does not know this log, or the URL is not that of a witness"},
                    {HTTP_CONFLICT, "it has seen another head"},
                    {HTTP_UNPROVEN, "the head does not continue what it has seen"}};
    struct assay_buf shown;
    const char *what = "it gave no reason that the protocol knows";
    for (size_t i = 0; i < sizeof MEANINGS / sizeof MEANINGS[0]; i++) {
        what = MEANINGS[i].status == status ? MEANINGS[i].what : what;
    }
    assay_buf_init(&shown, 16 * SHOWN_BYTES);
    assay_text_show(&shown, answer->data ? answer->data : "", answer->len, SHOWN_BYTES);
    assay_code rc = assay_fail(err, status >= 500 ? ASSAY_NETWORK : ASSAY_WANTING,
                               "the witness '%s' answered with status %d: %s (%s)", asking->how->url, status, what,
                               shown.data ? shown.data : "");
    assay_buf_done(&shown);
    return rc;
}

static assay_code ask(const struct asking *asking, struct assay_buf *answer, assay_err *err)
{
    uint64_t old_size = 0, told = 0;
    int status = 0;
    assay_code rc = last_size(asking, &old_size, err);
    rc = rc == ASSAY_OK ? post(asking, old_size, answer, &status, err) : rc;
    if (rc == ASSAY_OK && status == HTTP_CONFLICT && told_size(answer, &told) && told != old_size) {
        if (told > asking->log->head.size) {
            return assay_fail(err, ASSAY_WANTING,
                              "the witness '%s' has signed a head of size %" PRIu64 ", and the log has %" PRIu64
                              " entries: it was cut, or is another one",
                              asking->how->url, told, asking->log->head.size);
        }
        rc = post(asking, told, answer, &status, err);
    }
    return rc != ASSAY_OK || status == HTTP_OK ? rc : refuse(asking, status, answer, err);
}

static assay_code keep(const struct asking *asking, const struct assay_buf *answer, assay_err *err)
{
    enum assay_note_state state = ASSAY_NOTE_UNSIGNED;
    struct assay_buf bytes;
    uint64_t time_s;
    assay_buf_init(&bytes, ASSAY_NOTE_BYTES_MAX);
    assay_buf_append(&bytes, asking->log->note.data, asking->log->note.len);
    assay_code rc = assay_note_answer_read(asking->note->text, answer->data ? answer->data : "", answer->len,
                                           &asking->witness, &bytes, err);
    if (rc != ASSAY_OK) {
        assay_wrap(err, "witness '%s'", asking->how->url);
    }
    rc = rc == ASSAY_OK ? assay_note_check(asking->note, &asking->witness, &state, &time_s, err) : rc;
    if (rc == ASSAY_OK && state == ASSAY_NOTE_UNSIGNED) { /* else: the first time is the one that counts */
        rc = assay_log_dir_put_cosigned(asking->log, &bytes, err);
    }
    assay_buf_done(&bytes);
    return rc;
}

static assay_code open_target(struct asking *asking, assay_err *err)
{
    assay_code rc =
        assay_net_target_open(&(struct assay_net_target_options){.url = asking->how->url}, &asking->target, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    const char *path = assay_net_target_url(asking->target)->path;
    size_t len = strlen(path);
    while (len > 0 && path[len - 1] == '/') {
        len--;
    }
    int written = snprintf(asking->path, sizeof asking->path, "%.*s/add-checkpoint", (int)len, path);
    return written > 0 && (size_t)written < sizeof asking->path && !strchr(path, '?')
               ? ASSAY_OK
               : assay_fail(err, ASSAY_USAGE, "--witness is the URL in front of '/add-checkpoint', without a query");
}

assay_code assay_cli_log_ask_witness(const struct assay_log_witness *how, const char *dir, struct assay_buf *out,
                                     assay_err *err)
{
    struct asking asking = {.how = how};
    struct assay_buf answer;
    assay_code rc = assay_note_key_read(how->vkey, &asking.witness, err);
    if (rc == ASSAY_OK && asking.witness.kind != ASSAY_NOTE_COSIGNATURE) {
        rc = assay_fail(err, ASSAY_USAGE, "--vkey is no key of a witness, which cosigns with the time");
    }
    if (rc != ASSAY_OK) {
        return rc;
    }
    assay_buf_init(&answer, ANSWER_BYTES_MAX);
    asking.note = assay_alloc(1, sizeof *asking.note);
    rc = asking.note ? open_target(&asking, err) : assay_nomem(err);
    rc = rc == ASSAY_OK ? assay_log_dir_open(dir, ASSAY_LOG_EXTEND, &asking.log, err) : rc;
    rc = rc == ASSAY_OK ? assay_note_read(asking.log->note.data, asking.log->note.len, asking.note, err) : rc;
    rc = rc == ASSAY_OK ? ask(&asking, &answer, err) : rc;
    rc = rc == ASSAY_OK ? keep(&asking, &answer, err) : rc;
    if (rc == ASSAY_OK) {
        assay_buf_printf(out, "%s: size %" PRIu64 ", cosigned by %s\n", asking.log->path.data, asking.log->head.size,
                         asking.witness.name);
    }
    assay_log_dir_close(asking.log);
    assay_net_target_close(asking.target);
    assay_free(asking.note);
    assay_buf_done(&answer);
    return rc;
}
