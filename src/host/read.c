#include "host/read.h"

#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STR_BYTES 256 /* type str of evidence.md 1.2 */

static int open_below(const char *root, const char *path)
{
    char whole[ASSAY_HOST_PATH_BYTES];
    int len = snprintf(whole, sizeof whole, "%s%s", root, path);
    if (len < 0 || (size_t)len >= sizeof whole) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open(whole, O_RDONLY | O_CLOEXEC);
}

bool assay_host_read(const char *root, const char *path, struct assay_host_text *ret)
{
    ret->len = 0;
    ret->error = 0;
    int fd = open_below(root, path);
    if (fd < 0) {
        ret->error = errno;
    }
    while (fd >= 0 && ret->len < sizeof ret->text - 1) {
        ssize_t n = read(fd, ret->text + ret->len, sizeof ret->text - 1 - ret->len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            ret->error = errno;
            ret->len = 0;
        }
        if (n <= 0) {
            break;
        }
        ret->len += (size_t)n;
    }
    if (fd >= 0) {
        close(fd);
    }
    while (ret->len > 0 && (unsigned char)ret->text[ret->len - 1] <= ' ') {
        ret->len--;
    }
    ret->text[ret->len] = '\0';
    return ret->error == 0;
}

bool assay_host_read_all(const char *root, const char *path, struct assay_buf *ret)
{
    char whole[ASSAY_HOST_PATH_BYTES];
    int len = snprintf(whole, sizeof whole, "%s%s", root, path);
    assay_buf_clear(ret);
    return len > 0 && (size_t)len < sizeof whole && assay_buf_read_file(ret, whole, NULL) == ASSAY_OK && ret->data;
}

bool assay_host_exists(const char *root, const char *path)
{
    char whole[ASSAY_HOST_PATH_BYTES];
    int len = snprintf(whole, sizeof whole, "%s%s", root, path);
    return len > 0 && (size_t)len < sizeof whole && access(whole, F_OK) == 0;
}

bool assay_host_number(const char *text, uint64_t *ret)
{
    char *end = NULL;
    errno = 0;
    unsigned long long value = text[0] >= '0' && text[0] <= '9' ? strtoull(text, &end, 10) : 0;
    if (!end || *end != '\0' || errno != 0) {
        return false;
    }
    *ret = value;
    return true;
}

struct assay_slice assay_host_word(const char *text, size_t index)
{
    const char *at = text + strspn(text, " \t");
    for (size_t i = 0; i < index && *at != '\0'; i++) {
        at += strcspn(at, " \t\n");
        at += strspn(at, " \t");
    }
    size_t len = strcspn(at, " \t\n");
    return (struct assay_slice){len > 0 ? at : NULL, len};
}

bool assay_host_word_u64(const char *text, size_t index, uint64_t *ret)
{
    struct assay_slice word = assay_host_word(text, index);
    return word.data && assay_num_u64(word, "word", UINT64_MAX, ret, NULL) == ASSAY_OK;
}

bool assay_host_line(const char *text, const char *name, char separator, char *ret, size_t bytes)
{
    struct assay_slice rest = assay_slice_of(text);
    while (rest.data) {
        struct assay_slice line = assay_slice_cut(&rest, '\n');
        struct assay_slice value = line;
        struct assay_slice key = assay_slice_trim(assay_slice_cut(&value, separator));
        if (!value.data || !assay_slice_is(key, name)) {
            continue;
        }
        value = assay_slice_trim(value);
        if (value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"') {
            value.data++;
            value.len -= 2;
        }
        (void)snprintf(ret, bytes, "%.*s", (int)(value.len < bytes ? value.len : bytes - 1), value.data);
        return true;
    }
    return false;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

int assay_host_list(const char *root, const char *path, const char *prefix,
                    void (*visit)(void *context, const char *name), void *context)
{
    char whole[ASSAY_HOST_PATH_BYTES];
    struct dirent **entries = NULL;
    (void)snprintf(whole, sizeof whole, "%s%s", root, path);
    int total = scandir(whole, &entries, NULL, by_name), count = 0;
    for (int i = 0; i < total; i++) {
        if (assay_text_starts(entries[i]->d_name, prefix) && entries[i]->d_name[0] != '.') {
            count++;
            if (visit) {
                visit(context, entries[i]->d_name);
            }
        }
        free(entries[i]); /* scandir's own memory */
    }
    free(entries);
    return total < 0 ? -1 : count;
}

static json_t *reason(const char *member, const char *why)
{
    json_t *object = json_object();
    json_t *text = json_stringn(why, strnlen(why, STR_BYTES));
    if (!object || !text || json_object_set_new(object, member, text) != 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

json_t *assay_host_unknown(const char *format, ...)
{
    char why[STR_BYTES];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(why, sizeof why, format, list);
    va_end(list);
    return reason("unknown", why);
}

json_t *assay_host_absent(const char *why)
{
    return reason("absent", why);
}

json_t *assay_host_unreadable(const char *path, int error)
{
    return assay_host_unknown("%s: %s", path, strerror(error));
}

json_t *assay_host_string(const char *text)
{
    size_t len = strnlen(text, STR_BYTES);
    len = assay_utf8_valid_prefix(text, len);
    return len > 0 ? json_stringn(text, len) : assay_host_unknown("empty or not UTF-8");
}

json_t *assay_host_dec(double value)
{
    char text[ASSAY_NUM_TEXT_BYTES];
    size_t len = assay_num_print_shortest(value, text);
    return json_stringn(text, len);
}
