#include "claims/hardware.h"

#include "claims/scan.h"

#include <string.h>
#include <strings.h>

struct mention {
    uint32_t block, device; /* NONE32: several of them together */
};

/* The mentions of one file, found when a quantity of it first asks. */
struct hardware {
    uint32_t file;
    VEC(struct mention) mentions;
};

static bool is_word_char(char c)
{
    return scan_is_letter(c) || scan_is_digit(c);
}

/* "8x H100", "4 × A100", "two M2 Ultras": more than one, and nobody knows what they share. */
static bool is_several(struct assay_slice text, size_t from, size_t to)
{
    static const char *const NUMBERS[] = {"two", "three", "four", "eight", "both", "multiple", "several", NULL};
    bool is_plural = to < text.len && text.data[to] == 's' && (to + 1 == text.len || !is_word_char(text.data[to + 1]));
    size_t end = from;
    while (end > 0 && text.data[end - 1] == ' ') {
        end--;
    }
    size_t word = end;
    while (word > 0 && text.data[word - 1] != ' ') {
        word--;
    }
    bool counts = end > word && scan_is_digit(text.data[word]);
    bool multiplies = end > word && (text.data[end - 1] == 'x' || (unsigned char)text.data[end - 1] == 0x97);
    for (size_t i = 0; NUMBERS[i] && !counts; i++) {
        counts = strlen(NUMBERS[i]) == end - word && strncasecmp(NUMBERS[i], text.data + word, end - word) == 0;
    }
    return is_plural || counts || multiplies;
}

/* The longest name of the table at this place; its length, or 0. */
static size_t name_at(const json_t *devices, struct assay_slice text, size_t at, uint32_t *ret_device)
{
    size_t longest = 0;
    for (size_t i = 0; i < json_array_size(devices); i++) {
        const json_t *names = json_object_get(json_array_get(devices, i), "names");
        for (size_t k = 0; k < json_array_size(names); k++) {
            const char *name = json_string_value(json_array_get(names, k));
            size_t len = name ? strlen(name) : 0, end = at + len;
            bool ends = end == text.len || (end < text.len && (!is_word_char(text.data[end]) || text.data[end] == 's'));
            if (len > longest && end <= text.len && ends && strncasecmp(text.data + at, name, len) == 0) {
                longest = len;
                *ret_device = (uint32_t)i;
            }
        }
    }
    return longest;
}

static bool may_begin(const json_t *devices, bool first[256])
{
    for (size_t i = 0; i < json_array_size(devices); i++) {
        const json_t *names = json_object_get(json_array_get(devices, i), "names");
        for (size_t k = 0; k < json_array_size(names); k++) {
            const char *name = json_string_value(json_array_get(names, k));
            if (name && name[0] != '\0') {
                unsigned char c = (unsigned char)name[0];
                first[c] = first[c | 0x20] = first[c & ~0x20] = true; /* all begin with a letter */
            }
        }
    }
    return json_array_size(devices) > 0;
}

static void add_mentions(struct check *c, const json_t *devices, const bool first[256], uint32_t block)
{
    struct hardware *hardware = c->hardware;
    struct assay_slice text = model_text(&c->m, block);
    for (size_t at = 0; at < text.len;) {
        uint32_t device = NONE32;
        bool begins = first[(unsigned char)text.data[at]] && (at == 0 || !is_word_char(text.data[at - 1]));
        size_t len = begins ? name_at(devices, text, at, &device) : 0;
        if (len > 0 && !vec_room(&hardware->mentions)) {
            model_fail(&c->m);
            return;
        }
        if (len > 0) {
            uint32_t found = is_several(text, at, at + len) ? NONE32 : device;
            hardware->mentions.at[hardware->mentions.count++] = (struct mention){block, found};
        }
        at += len > 0 ? len : 1;
    }
}

static bool load(struct check *c, uint32_t file, const json_t *devices)
{
    bool first[256] = {0};
    c->hardware = c->hardware ? c->hardware : assay_alloc(1, sizeof *c->hardware);
    if (!c->hardware || !may_begin(devices, first)) {
        return false;
    }
    if (c->hardware->file == file + 1) {
        return true;
    }
    const struct file *f = &c->m.files.at[file];
    c->hardware->file = file + 1;
    c->hardware->mentions.count = 0;
    for (uint32_t i = f->block; i < f->block + f->blocks; i++) {
        add_mentions(c, devices, first, i);
    }
    return true;
}

/* The only device among the mentions that `fits` lets through; NONE32 if there is none, several, or "several". */
enum reach { IN_BLOCK, IN_SECTION, IN_FILE };
static uint32_t only(const struct check *c, enum reach reach, uint32_t where, bool *ret_is_any)
{
    uint32_t device = NONE32;
    *ret_is_any = false;
    for (uint32_t i = 0; i < c->hardware->mentions.count; i++) {
        const struct mention *mention = &c->hardware->mentions.at[i];
        bool fits = reach == IN_FILE || (reach == IN_BLOCK && mention->block == where) ||
                    (reach == IN_SECTION && c->m.blocks.at[mention->block].section == where);
        if (!fits) {
            continue;
        }
        if (mention->device == NONE32 || (*ret_is_any && mention->device != device)) {
            *ret_is_any = true;
            return NONE32;
        }
        *ret_is_any = true;
        device = mention->device;
    }
    return device;
}

static uint32_t device_of(const struct check *c, const struct quantity *q)
{
    bool is_any;
    uint32_t device = only(c, IN_BLOCK, q->block, &is_any);
    for (uint32_t section = c->m.blocks.at[q->block].section; !is_any && section != NONE32;
         section = c->m.sections.at[section].parent) {
        device = only(c, IN_SECTION, section, &is_any);
    }
    return is_any ? device : only(c, IN_FILE, 0, &is_any);
}

bool hardware_of(struct check *c, const struct quantity *q, struct device *ret)
{
    const json_t *devices = json_object_get(c->m.request->hardware, "devices");
    if (!devices || !load(c, q->file, devices)) {
        return false;
    }
    uint32_t device = device_of(c, q);
    const json_t *row = device == NONE32 ? NULL : json_array_get(devices, device);
    *ret = (struct device){.name = json_string_value(json_array_get(json_object_get(row, "names"), 0)),
                           .source = json_string_value(json_object_get(row, "source")),
                           .bytes_per_s = json_number_value(json_object_get(row, "memory_bytes_per_s")),
                           .flop_per_s = json_number_value(json_object_get(row, "flop_per_s"))};
    return ret->name != NULL && ret->source != NULL;
}

void hardware_done(struct check *c)
{
    if (c->hardware) {
        vec_done(&c->hardware->mentions);
    }
    assay_free(c->hardware);
    c->hardware = NULL;
}
