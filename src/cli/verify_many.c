#include "cli/verify_many.h"

#include "cli/cli.h"

#include "base/mem.h"
#include "base/parallel.h"
#include "base/text.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

enum { STATUS_WORLD = 5, STATUSES = 6 }; /* exit statuses of judgements: 0 to 3, and 5 */

int assay_verify_graver(int a, int b)
{
    static const int RANK[STATUSES] = {[0] = 0, [1] = 4, [2] = 1, [3] = 2, [STATUS_WORLD] = 3};
    return RANK[a] >= RANK[b] ? a : b;
}

/* ---- one ---- */

static struct assay_judge_bytes bytes_of(const struct assay_buf *buf)
{
    return (struct assay_judge_bytes){.data = buf->data, .len = buf->len};
}

assay_code assay_verify_one(const struct assay_verify_how *how, const char *place, const char *trace,
                            struct assay_judgement **ret, assay_err *err)
{
    struct assay_run_files files;
    struct assay_verify_document document;
    struct assay_judge_input input = how->judge;
    assay_code rc = assay_run_files_load(place, trace, &files, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    input.document = bytes_of(&files.document);
    input.plan = bytes_of(&files.plan);
    input.trace = bytes_of(&files.trace);
    input.identity = bytes_of(&files.identity);
    rc = assay_verify_inputs_for(how->inputs, &files, &document, &input, err);
    rc = rc == ASSAY_OK ? assay_judge_verify(&input, ret, err) : rc;
    assay_run_files_done(&files);
    return rc;
}

/* ---- many ---- */

struct item {
    struct assay_judgement *judgement; /* NULL: unread */
    struct assay_buf text;             /* what it prints, without its name */
    json_t *json;                      /* the same, with its name */
    int status;
};

struct many {
    const struct assay_verify_how *how;
    const char *const *places;
    struct item *items;
    bool wants_json;
};

static assay_code write_item(const struct many *many, size_t number, const assay_err *why, assay_err *err)
{
    struct item *item = &many->items[number];
    struct assay_json_builder b = {0};
    if (!many->wants_json) {
        if (item->judgement) {
            assay_judgement_render(item->judgement, &item->text);
        } else {
            assay_buf_text(&item->text, "unread: ");
            assay_text_show(&item->text, why->message, strlen(why->message), SIZE_MAX);
            assay_buf_char(&item->text, '\n');
        }
        return assay_buf_check(&item->text, err);
    }
    if (item->judgement) {
        assay_code rc = assay_judgement_json(item->judgement, &item->json, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
    } else {
        item->json = json_object();
        assay_json_put_int(&b, item->json, "exit", item->status);
        assay_json_put_text(&b, item->json, "unread", why->message);
    }
    assay_json_put_text(&b, item->json, "file", many->places[number]);
    return assay_json_builder_check(&b, item->json, err);
}

/* What cannot be read is one answer of many. What is wrong with all of them, or with this program, ends the verb. */
static assay_code verify_item(void *context, size_t worker, size_t number, assay_err *err)
{
    const struct many *many = context;
    struct item *item = &many->items[number];
    assay_err why = {0};
    (void)worker;
    assay_code rc = assay_verify_one(many->how, many->places[number], NULL, &item->judgement, &why);
    if (rc == ASSAY_OK) {
        item->status = assay_judgement_exit(item->judgement);
    } else {
        item->status = assay_code_exit(rc);
        if (rc == ASSAY_NO_MEMORY || (item->status != 3 && item->status != STATUS_WORLD)) {
            if (err) {
                *err = why;
            }
            return rc;
        }
    }
    return write_item(many, number, &why, err);
}

static assay_code write_text(const struct many *many, size_t count, const size_t *ends, struct assay_buf *out,
                             assay_err *err)
{
    for (size_t i = 0; i < count; i++) {
        assay_text_show(out, many->places[i], strlen(many->places[i]), SIZE_MAX);
        assay_buf_text(out, ":\n");
        assay_buf_append(out, many->items[i].text.data, many->items[i].text.len);
    }
    assay_buf_printf(out, "%zu documents: %zu good, %zu wanting, %zu undecided, %zu malformed, %zu unread\n", count,
                     ends[0], ends[1], ends[2], ends[3], ends[STATUS_WORLD]);
    return assay_buf_check(out, err);
}

static assay_code write_json(const struct many *many, size_t count, int status, struct assay_buf *out, assay_err *err)
{
    struct assay_json_builder b = {0};
    json_t *root = json_object();
    assay_json_put_int(&b, root, "exit", status);
    json_t *files = assay_json_put_array(&b, root, "files");
    for (size_t i = 0; i < count; i++) {
        assay_json_add(&b, files, json_incref(many->items[i].json));
    }
    assay_code rc = assay_json_builder_check(&b, root, err);
    rc = rc == ASSAY_OK ? assay_json_pretty(root, out, err) : rc;
    json_decref(root);
    return rc;
}

static assay_code write_all(const struct many *many, size_t count, struct assay_buf *out, int *ret_status,
                            assay_err *err)
{
    size_t ends[STATUSES] = {0};
    int status = 0;
    for (size_t i = 0; i < count; i++) {
        ends[many->items[i].status]++;
        status = assay_verify_graver(status, many->items[i].status);
    }
    *ret_status = status;
    return many->wants_json ? write_json(many, count, status, out, err) : write_text(many, count, ends, out, err);
}

assay_code assay_verify_many(const struct assay_verify_how *how, struct assay_verify_inputs *inputs,
                             const char *const *places, size_t count, bool wants_json, struct assay_buf *out,
                             int *ret_status, assay_err *err)
{
    struct many many = {.how = how, .places = places, .wants_json = wants_json};
    const struct assay_parallel work = {.name = "verify", .count = count, .step = verify_item, .context = &many};
    many.items = assay_alloc(count, sizeof *many.items);
    if (!many.items) {
        return assay_nomem(err);
    }
    for (size_t i = 0; i < count; i++) {
        assay_buf_init(&many.items[i].text, ASSAY_CLI_OUTPUT_BYTES_MAX);
    }
    assay_code rc = assay_parallel_run(&work, err);
    for (size_t i = 0; i < count && rc == ASSAY_OK; i++) {
        if (many.items[i].judgement) {
            assay_verify_inputs_remember(inputs, many.items[i].judgement);
        }
    }
    rc = rc == ASSAY_OK ? write_all(&many, count, out, ret_status, err) : rc;
    for (size_t i = 0; i < count; i++) {
        assay_judgement_free(many.items[i].judgement);
        assay_buf_done(&many.items[i].text);
        json_decref(many.items[i].json);
    }
    assay_free(many.items);
    return rc;
}
