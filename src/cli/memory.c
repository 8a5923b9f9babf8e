#include "cli/memory.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES_MAX 65536
#define STATE_BYTES_MAX ((size_t)1 << 20)
#define ID_DIGITS 16 /* of the trust file's place: enough to tell a user's files apart */

/* ---- where ---- */

static bool put_directory(struct assay_buf *path)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (state && state[0] == '/') {
        assay_buf_printf(path, "%s/assay", state);
    } else if (home && home[0] != '\0') {
        assay_buf_printf(path, "%s/.local/state/assay", home);
    }
    return path->len > 0;
}

/* Without a home nothing is remembered: the path stays empty. */
static assay_code make_path(const char *trust_path, struct assay_buf *path, assay_err *err)
{
    struct assay_digest digest;
    char hex[ASSAY_DIGEST_TEXT_BYTES], place[PATH_MAX];
    if (!put_directory(path)) {
        return ASSAY_OK;
    }
    const char *known = realpath(trust_path, place) ? place : trust_path;
    assay_sha256_of(known, strlen(known), &digest);
    assay_digest_print(&digest, hex);
    assay_buf_printf(path, "/trust-%.*s.json", ID_DIGITS, hex);
    return assay_buf_check(path, err);
}

/* ---- reading ---- */

static assay_code read_state(struct assay_cli_memory *memory, assay_err *err)
{
    struct assay_buf text;
    struct assay_json_limits limits = assay_json_limits_receipt;
    if (memory->path.len == 0 || !assay_path_exists(memory->path.data)) {
        return ASSAY_OK;
    }
    limits.bytes_max = STATE_BYTES_MAX;
    assay_buf_init(&text, STATE_BYTES_MAX);
    assay_code rc = assay_buf_read_file(&text, memory->path.data, err);
    rc = rc == ASSAY_OK ? assay_json_read(text.data ? text.data : "", text.len, &limits, &memory->state, err) : rc;
    if (rc != ASSAY_OK) {
        assay_wrap(err, "what is remembered of the trust file, '%s'", memory->path.data);
    }
    assay_buf_done(&text);
    return rc;
}

static assay_code get_head(const json_t *state, const char *origin, struct assay_judge_memory *ret, assay_err *err)
{
    const json_t *head = json_object_get(json_object_get(state, "heads"), origin);
    if (!head) {
        ret->head_origin = NULL;
        return ASSAY_OK;
    }
    assay_code rc = assay_json_get_u64(head, "size", "/heads", &ret->head_size, err);
    return rc == ASSAY_OK
               ? assay_json_get_hex(head, "root", "/heads", ret->head_root.bytes, sizeof ret->head_root.bytes, err)
               : rc;
}

static void load_steps(const char *trust_path, uint64_t from, uint64_t to, struct assay_cli_memory *memory)
{
    struct assay_buf path;
    assay_buf_init(&path, PATH_BYTES_MAX);
    for (uint64_t version = from; version < to && memory->steps_count < ASSAY_MEMORY_STEPS_MAX; version++) {
        struct assay_buf *bytes = &memory->step_bytes[memory->steps_count];
        assay_buf_clear(&path);
        assay_buf_printf(&path, "%s.%" PRIu64, trust_path, version);
        assay_buf_init(bytes, ASSAY_TRUST_BYTES_MAX);
        if (path.failed != ASSAY_OK || assay_buf_read_file(bytes, path.data, NULL) != ASSAY_OK || bytes->len == 0) {
            assay_buf_done(bytes);
            break; /* the judge names what is missing */
        }
        memory->steps[memory->steps_count++] = (struct assay_judge_bytes){.data = bytes->data, .len = bytes->len};
    }
    assay_buf_done(&path);
}

assay_code assay_cli_memory_load(const char *trust_path, uint64_t version, struct assay_cli_memory *ret, assay_err *err)
{
    struct assay_judge_memory seen;
    *ret = (struct assay_cli_memory){0};
    assay_buf_init(&ret->path, PATH_BYTES_MAX);
    assay_code rc = make_path(trust_path, &ret->path, err);
    rc = rc == ASSAY_OK ? read_state(ret, err) : rc;
    rc = rc == ASSAY_OK ? assay_cli_memory_look(ret, NULL, &seen, err) : rc;
    if (rc == ASSAY_OK && seen.trust_version > 0) {
        load_steps(trust_path, seen.trust_version, version, ret);
    }
    return rc;
}

assay_code assay_cli_memory_look(const struct assay_cli_memory *memory, const char *origin,
                                 struct assay_judge_memory *ret_memory, assay_err *err)
{
    *ret_memory = (struct assay_judge_memory){.trust_steps = memory->steps, .trust_steps_count = memory->steps_count};
    if (!memory->state) {
        return ASSAY_OK;
    }
    assay_code rc = assay_json_get_u64(memory->state, "version", "", &ret_memory->trust_version, err);
    rc = rc == ASSAY_OK ? assay_json_get_hex(memory->state, "sha256", "", ret_memory->trust_digest.bytes,
                                             sizeof ret_memory->trust_digest.bytes, err)
                        : rc;
    if (rc == ASSAY_OK && origin && origin[0] != '\0') {
        ret_memory->head_origin = origin;
        rc = get_head(memory->state, origin, ret_memory, err);
    }
    return rc;
}

/* ---- writing ---- */

static void put_head(struct assay_json_builder *b, json_t *root, const struct assay_checkpoint *head)
{
    json_t *heads = json_object_get(root, "heads");
    heads = heads ? heads : assay_json_put_object(b, root, "heads");
    json_t *object = assay_json_put_object(b, heads, head->origin);
    assay_json_put_u64(b, object, "size", head->size);
    assay_json_put_hex(b, object, "root", head->root, sizeof head->root);
}

static assay_code write_state(const struct assay_cli_memory *memory, const json_t *root, assay_err *err)
{
    struct assay_buf text, directory;
    assay_buf_init(&text, STATE_BYTES_MAX);
    assay_buf_init(&directory, PATH_BYTES_MAX);
    (void)put_directory(&directory);
    assay_code rc = assay_json_canon(root, &text, err);
    assay_buf_char(&text, '\n');
    rc = rc == ASSAY_OK ? assay_buf_check(&text, err) : rc;
    rc = rc == ASSAY_OK ? assay_buf_check(&directory, err) : rc;
    rc = rc == ASSAY_OK ? assay_dir_ensure(directory.data, err) : rc;
    rc = rc == ASSAY_OK ? assay_file_write(memory->path.data, text.data, text.len, ASSAY_FILE_REPLACE, err) : rc;
    assay_buf_done(&text);
    assay_buf_done(&directory);
    return rc;
}

void assay_cli_memory_save(struct assay_cli_memory *memory, const struct assay_judgement *judgement)
{
    struct assay_json_builder b = {0};
    assay_err err = {0};
    if (memory->path.len == 0 || judgement->trust_version == 0) {
        return;
    }
    json_t *root = memory->state ? json_deep_copy(memory->state) : json_object();
    assay_json_put_u64(&b, root, "version", judgement->trust_version);
    assay_json_put_hex(&b, root, "sha256", judgement->trust_digest.bytes, sizeof judgement->trust_digest.bytes);
    if (judgement->moves_head) {
        put_head(&b, root, &judgement->head);
    }
    assay_code rc = assay_json_builder_check(&b, root, &err);
    if (rc == ASSAY_OK && (!memory->state || !json_equal(root, memory->state))) {
        rc = write_state(memory, root, &err);
    }
    if (rc != ASSAY_OK) {
        assay_log_warning("nothing is remembered of this trust file: %s", err.message);
        json_decref(root);
        return;
    }
    json_decref(memory->state);
    memory->state = root; /* for the next document */
}

void assay_cli_memory_done(struct assay_cli_memory *memory)
{
    for (size_t i = 0; i < memory->steps_count; i++) {
        assay_buf_done(&memory->step_bytes[i]);
    }
    json_decref(memory->state);
    assay_buf_done(&memory->path);
}
