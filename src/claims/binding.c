/* What a binding names: syntax, and the value behind it. */
#include "claims/binding.h"

#include "json/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- syntax --- */

static struct binding_ref read_ref(struct assay_slice text, const char **error)
{
    struct binding_ref ref = {0};
    text = assay_slice_trim(text);
    const char *mark = text.len ? memchr(text.data, '#', text.len) : NULL;
    if (!mark || mark == text.data || mark + 1 == text.data + text.len || memchr(text.data, ' ', text.len)) {
        *error = "is no PATH#ARM/NAME or PATH#/POINTER";
        return ref;
    }
    ref.path = (struct assay_slice){text.data, (size_t)(mark - text.data)};
    ref.fragment = (struct assay_slice){mark + 1, (size_t)(text.data + text.len - mark - 1)};
    return ref;
}

static void read_keys(struct binding *b, struct assay_slice rest)
{
    for (rest = assay_slice_trim(rest); rest.len > 0; rest = assay_slice_trim(rest)) {
        struct assay_slice pair = assay_slice_cut(&rest, ' ');
        struct assay_slice value = pair;
        struct assay_slice key = assay_slice_cut(&value, '=');
        if (assay_slice_is(key, "id")) {
            b->id = value;
        } else if (assay_slice_is(key, "unit")) {
            b->unit = value;
        } else if (assay_slice_is(key, "digits")) {
            b->digits = value;
        } else if (assay_slice_is(key, "paths")) {
            b->paths = value;
        } else {
            b->error = "has an unknown key: id, unit, digits and paths are known";
            return;
        }
        if (!rest.data) {
            return;
        }
    }
}

struct binding binding_read(struct assay_slice text)
{
    static const struct {
        const char *name;
        enum binding_op op;
    } OPS[] = {{"ratio(", BINDING_RATIO},
               {"pct(", BINDING_PCT},
               {"diff(", BINDING_DIFF},
               {"sum(", BINDING_SUM},
               {"share(", BINDING_SHARE}};
    struct binding b = {0};
    text = assay_slice_trim(text);
    for (size_t i = 0; i < sizeof OPS / sizeof OPS[0]; i++) {
        size_t len = strlen(OPS[i].name);
        const char *end = assay_slice_starts(text, OPS[i].name) ? memchr(text.data, ')', text.len) : NULL;
        if (!end) {
            continue;
        }
        struct assay_slice inside = {text.data + len, (size_t)(end - text.data) - len};
        b.op = OPS[i].op;
        while (inside.data && b.refs_count < BINDING_REFS_MAX && !b.error) {
            b.refs[b.refs_count++] = read_ref(assay_slice_cut(&inside, ','), &b.error);
        }
        if (!b.error && b.op != BINDING_SUM && b.refs_count != 2) {
            b.error = "takes two references";
        }
        read_keys(&b, (struct assay_slice){end + 1, text.len - (size_t)(end + 1 - text.data)});
        return b;
    }
    struct assay_slice rest = text;
    struct assay_slice first = assay_slice_cut(&rest, ' ');
    b.refs[b.refs_count++] = read_ref(first, &b.error);
    if (!b.error && rest.data) {
        read_keys(&b, rest);
    }
    return b;
}

/* ---- values --- */

static bool is_refused(struct assay_slice path)
{
    if (path.len == 0 || path.data[0] == '/' || memmem(path.data, path.len, "://", 3)) {
        return true;
    }
    struct assay_slice rest = path;
    while (rest.data) {
        if (assay_slice_is(assay_slice_cut(&rest, '/'), "..")) {
            return true;
        }
    }
    return false;
}

static bool path_names(const char *path, struct assay_slice wanted)
{
    size_t len = strlen(path);
    if (len < wanted.len || memcmp(path + len - wanted.len, wanted.data, wanted.len) != 0) {
        return false;
    }
    return len == wanted.len || path[len - wanted.len - 1] == '/';
}

const struct assay_claims_receipt *binding_receipt(const struct check *c, struct assay_slice path)
{
    const struct assay_claims_request *request = c->m.request;
    for (int exact = 1; exact >= 0; exact--) {
        for (size_t i = 0; i < request->receipts_count; i++) {
            const char *name = request->receipts[i].path;
            if (exact ? assay_slice_is(path, name) : path_names(name, path)) {
                return &request->receipts[i];
            }
        }
    }
    return NULL;
}

static bool take_number(const json_t *value, struct bound_value *ret)
{
    if (json_is_string(value)) {
        double parsed = 0;
        const char *text = json_string_value(value);
        if (strlen(text) >= sizeof ret->text || !assay_json_dec_read(text, &parsed)) {
            return false;
        }
        memcpy(ret->text, text, strlen(text) + 1);
        ret->value = parsed;
        return true;
    }
    if (!json_is_number(value)) {
        return false;
    }
    ret->value = json_number_value(value);
    (void)assay_num_print_shortest(ret->value, ret->text);
    return true;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static enum resolve_code resolve_metric(const json_t *statement, struct assay_slice fragment, struct bound_value *ret)
{
    const json_t *metrics = assay_json_at(statement, "/predicate/metrics");
    struct assay_slice name = fragment;
    struct assay_slice arm = assay_slice_cut(&name, '/');
    for (size_t i = 0; i < json_array_size(metrics); i++) {
        const json_t *metric = json_array_get(metrics, i);
        if (name.data && assay_slice_is(arm, text_of(metric, "arm")) && assay_slice_is(name, text_of(metric, "name"))) {
            ret->unit = text_of(metric, "unit");
            ret->name = text_of(metric, "name");
            ret->arm = text_of(metric, "arm");
            ret->direction = text_of(metric, "direction");
            return take_number(json_object_get(metric, "value"), ret) ? RESOLVE_OK : RESOLVE_NO_NUMBER;
        }
    }
    return RESOLVE_NO_POINTER;
}

static bool decode_pointer(struct assay_slice fragment, char *out, size_t room)
{
    size_t len = 0;
    for (size_t i = 0; i < fragment.len; i++) {
        char ch = fragment.data[i];
        if (ch == '%' && i + 2 < fragment.len) {
            char hex[3] = {fragment.data[i + 1], fragment.data[i + 2], '\0'};
            char *end = NULL;
            long byte = strtol(hex, &end, 16);
            if (end != hex + 2 || byte == 0) {
                return false;
            }
            ch = (char)byte;
            i += 2;
        }
        if (len + 1 >= room) {
            return false;
        }
        out[len++] = ch;
    }
    out[len] = '\0';
    return true;
}

static enum resolve_code resolve_pointer(const json_t *root, struct assay_slice fragment, struct bound_value *ret)
{
    char pointer[1024];
    if (!decode_pointer(fragment, pointer, sizeof pointer)) {
        return RESOLVE_NO_POINTER;
    }
    const json_t *value = assay_json_at(root, pointer);
    if (!value) {
        return RESOLVE_NO_POINTER;
    }
    char *last = strrchr(pointer, '/');
    if (last && strcmp(last, "/value") == 0) {
        *last = '\0';
        const json_t *metric = assay_json_at(root, pointer);
        ret->unit = text_of(metric, "unit");
        ret->name = text_of(metric, "name");
        ret->arm = text_of(metric, "arm");
        ret->direction = text_of(metric, "direction");
    }
    return take_number(value, ret) ? RESOLVE_OK : RESOLVE_NO_NUMBER;
}

static enum resolve_code resolve_file(const struct check *c, struct binding_ref ref, struct bound_value *ret)
{
    const struct assay_claims_request *request = c->m.request;
    for (size_t i = 0; i < request->inputs_count; i++) {
        const struct assay_claims_input *input = &request->inputs[i];
        json_t *root = NULL;
        if (!path_names(input->path, ref.path) || !input->is_evidence ||
            assay_json_read(input->bytes, input->len, &assay_json_limits_default, &root, NULL) != ASSAY_OK) {
            continue;
        }
        enum resolve_code code =
            ref.fragment.data[0] == '/' ? resolve_pointer(root, ref.fragment, ret) : RESOLVE_NO_POINTER;
        ret->unit = ret->name = ret->arm = ret->direction = "";
        json_decref(root);
        return code;
    }
    return RESOLVE_NO_FILE;
}

enum resolve_code binding_resolve(const struct check *c, struct binding_ref ref, struct bound_value *ret)
{
    *ret = (struct bound_value){.unit = "", .name = "", .arm = "", .direction = ""};
    if (is_refused(ref.path)) {
        return RESOLVE_REFUSED;
    }
    ret->receipt = binding_receipt(c, ref.path);
    if (!ret->receipt) {
        return resolve_file(c, ref, ret);
    }
    if (!ret->receipt->statement) {
        return RESOLVE_NO_POINTER;
    }
    return ref.fragment.data[0] == '/' ? resolve_pointer(ret->receipt->statement, ref.fragment, ret)
                                       : resolve_metric(ret->receipt->statement, ref.fragment, ret);
}

uint8_t binding_dim(const char *unit)
{
    static const struct {
        const char *unit;
        uint8_t dim;
    } DIMS[] = {{"ns", DIM_TIME},     {"s", DIM_TIME},        {"1/s", DIM_RATE},
                {"bytes", DIM_BYTES}, {"B/s", DIM_BYTE_RATE}, {"bytes/s", DIM_BYTE_RATE},
                {"J", DIM_ENERGY},    {"W", DIM_POWER}};
    for (size_t i = 0; i < sizeof DIMS / sizeof DIMS[0]; i++) {
        if (strcmp(DIMS[i].unit, unit) == 0) {
            return DIMS[i].dim;
        }
    }
    return DIM_NONE;
}
