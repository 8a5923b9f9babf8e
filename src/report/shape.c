#include "report/shape.h"

#include <assert.h>
#include <string.h>

/* The subject `ROLE:label` of the statement: its label, or NULL. */
static const char *subject_label(const struct assay_view *view, const char *role)
{
    const json_t *subjects = json_object_get(view->statement, "subject");
    size_t len = strlen(role);
    for (size_t i = 0; i < json_array_size(subjects); i++) {
        const char *name = json_string_value(json_object_get(json_array_get(subjects, i), "name"));
        if (name != NULL && strncmp(name, role, len) == 0 && name[len] == ':') {
            return name + len + 1;
        }
    }
    return NULL;
}

/* A text anywhere in identity.json under one of these names, outermost first. */
static const char *identity_text(const json_t *node, const char *const *names, unsigned depth)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        const char *text = json_string_value(json_object_get(node, names[i]));
        if (text != NULL && text[0] != '\0') {
            return text;
        }
    }
    const char *name, *found = NULL;
    json_t *member;
    json_object_foreach((json_t *)(uintptr_t)node, name, member)
    {
        if (found == NULL && depth > 0 && json_is_object(member)) {
            found = identity_text(member, names, depth - 1);
        }
    }
    return found;
}

static void load_put(const struct assay_view *view, struct assay_buf *out)
{
    const json_t *load = assay_json_at(view->predicate, "/protocol/load");
    const char *mode = json_string_value(json_object_get(load, "mode"));
    if (mode == NULL) {
        return;
    }
    if (strcmp(view->compute_path, "imported") == 0 && strcmp(mode, "open") == 0) {
        assay_buf_text(out, "load not stated"); /* the importer's plan replays rows, whatever load they came from */
        return;
    }
    assay_buf_text(out, mode);
    if (strcmp(mode, "open") == 0) {
        const char *arrivals = json_string_value(json_object_get(load, "arrivals"));
        const char *rate = json_string_value(json_object_get(load, "ratePerS"));
        assay_buf_printf(out, ", %s", arrivals != NULL ? arrivals : "unknown arrivals");
        if (rate != NULL && strcmp(rate, "0") != 0) {
            assay_buf_printf(out, " %s/s", rate);
        }
    } else {
        json_int_t users = json_integer_value(json_object_get(load, "concurrency"));
        assay_buf_printf(out, ", %lld %s", (long long)users, users == 1 ? "user" : "users");
    }
}

static const char *shape_make(struct assay_view *view, size_t arm)
{
    struct assay_buf text;
    assay_buf_init(&text, ASSAY_VIEW_BYTES_MAX);
    load_put(view, &text);
    const char *prompt = assay_view_arg(view, arm, "prompt-tokens");
    const char *output = assay_view_arg(view, arm, "output-tokens");
    const char *prompts = assay_view_arg(view, arm, "prompts");
    if (prompt != NULL) {
        assay_buf_printf(&text, "; prompt %s", prompt);
    } else if (prompts != NULL) {
        assay_buf_printf(&text, "; prompts of %s", prompts);
    }
    if (output != NULL) {
        assay_buf_printf(&text, "%s %s", prompt != NULL ? ", output" : "; output", output);
    }
    assay_buf_text(&text, prompt != NULL || output != NULL ? " tokens" : "");
    char *copy =
        text.failed == ASSAY_OK ? assay_arena_text(&view->arena, text.data != NULL ? text.data : "", text.len) : NULL;
    assay_buf_done(&text);
    return copy;
}

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

static const char *model_of(struct assay_view *view, size_t arm)
{
    static const char *const NAMES[] = {"model", NULL};
    const char *model = assay_view_arg(view, arm, "model");
    model = model != NULL && model[0] != '\0' ? model : identity_text(view->identity, NAMES, 2);
    return model != NULL ? model : or_empty(subject_label(view, "model"));
}

static assay_code arms_read(struct assay_view *view, assay_err *err)
{
    const json_t *list = assay_json_at(view->predicate, "/protocol/arms");
    view->arms_count = json_array_size(list);
    view->arms = assay_arena_take(&view->arena, view->arms_count + 1, sizeof *view->arms);
    if (view->arms == NULL) {
        return assay_nomem(err);
    }
    for (size_t i = 0; i < view->arms_count; i++) {
        struct assay_arm_view *arm = &view->arms[i];
        const json_t *entry = json_array_get(list, i);
        arm->id = or_empty(json_string_value(json_object_get(entry, "id")));
        arm->label = or_empty(json_string_value(json_object_get(entry, "label")));
        arm->model = model_of(view, i);
        arm->state = or_empty(assay_view_arg(view, i, "state"));
        arm->state = strcmp(arm->state, "any") == 0 ? "" : arm->state; /* nothing was asked, nothing was verified */
        arm->shape = shape_make(view, i);
        if (arm->shape == NULL) {
            return assay_nomem(err);
        }
    }
    return ASSAY_OK;
}

assay_code assay_shape_read(struct assay_view *view, assay_err *err)
{
    assert(view && view->predicate);
    static const char *const URLS[] = {"url", "endpoint", NULL};
    static const char *const ENGINES[] = {"engine", "server", "build_info", "version", NULL};
    const char *url = assay_view_option(view, "url");
    url = url != NULL ? url : identity_text(view->identity, URLS, 2);
    view->url = url != NULL ? url : or_empty(subject_label(view, "endpoint"));
    view->engine = or_empty(identity_text(view->identity, ENGINES, 3));
    return arms_read(view, err);
}
