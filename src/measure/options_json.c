#include "measure/measure.h"

#include <string.h>

/* Reads the value of type T at the row's offset; memcpy, because the struct's type is not known here. */
#define VALUE(T, name) \
    T name;            \
    memcpy(&name, (const char *)values + row->offset, sizeof name)

static void put_text(struct assay_json_builder *b, json_t *object, const char *name, const char *text)
{
    if (text) {
        assay_json_put_text(b, object, name, text);
    } else {
        assay_json_put_text(b, assay_json_put_object(b, object, name), "absent", "not given");
    }
}

static void put_list(struct assay_json_builder *b, json_t *object, const struct assay_opt *row, const void *values)
{
    const struct assay_opt_list *list = (const void *)((const char *)values + row->offset);
    json_t *array = assay_json_put_array(b, object, row->name);
    for (size_t i = 0; i < list->count; i++) {
        assay_json_add_text(b, array, list->items[i]);
    }
}

static void put_row(struct assay_json_builder *b, json_t *object, const struct assay_opt *row, const void *values)
{
    switch (row->kind) {
    case ASSAY_OPT_FLAG:
    case ASSAY_OPT_FLAG_ON: {
        VALUE(bool, flag);
        assay_json_put_bool(b, object, row->name, flag);
        break;
    }
    case ASSAY_OPT_TEXT: {
        VALUE(const char *, text);
        put_text(b, object, row->name, text);
        break;
    }
    case ASSAY_OPT_TEXT_LIST:
        put_list(b, object, row, values);
        break;
    case ASSAY_OPT_U64:
    case ASSAY_OPT_DURATION:
    case ASSAY_OPT_BYTES: {
        VALUE(uint64_t, number);
        assay_json_put_u64_text(b, object, row->name, number);
        break;
    }
    case ASSAY_OPT_DOUBLE:
    case ASSAY_OPT_SHARE: {
        VALUE(double, number);
        assay_json_put_dec(b, object, row->name, number);
        break;
    }
    case ASSAY_OPT_CHOICE: {
        VALUE(int, choice);
        assay_json_put_text(b, object, row->name, row->choices[choice]);
        break;
    }
    }
}

json_t *assay_options_json(const struct assay_opt *rows, size_t count, const void *values)
{
    struct assay_json_builder b = {0};
    json_t *object = json_object();
    for (size_t i = 0; i < count; i++) {
        if (!rows[i].is_secret) {
            put_row(&b, object, &rows[i], values);
        }
    }
    if (assay_json_builder_check(&b, object, NULL) != ASSAY_OK) {
        json_decref(object);
        return NULL;
    }
    return object;
}
