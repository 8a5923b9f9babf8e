#include "claims/named.h"

#include "claims/claims.h"
#include "claims/scan.h"

#include <string.h>

#define PATH_LEN_MAX 255

static bool is_path_char(char c)
{
    return scan_is_letter(c) || scan_is_digit(c) || strchr("._/-+@", c);
}

static size_t extension_of(struct assay_slice path)
{
    size_t len = 0;
    while (len < path.len && path.data[path.len - 1 - len] != '.' && path.data[path.len - 1 - len] != '/') {
        len++;
    }
    return len < path.len && path.data[path.len - 1 - len] == '.' ? len : 0;
}

/* Relative, below the root, of a file with an extension or of a folder with its '/'. */
static bool is_path(struct assay_slice path)
{
    if (path.len < 3 || path.len > PATH_LEN_MAX || path.data[0] == '/' || path.data[0] == '-' ||
        memmem(path.data, path.len, "..", 2) || memmem(path.data, path.len, "//", 2)) {
        return false;
    }
    for (size_t i = 0; i < path.len; i++) {
        if (path.data[i] == '\0' || !is_path_char(path.data[i])) {
            return false;
        }
    }
    size_t extension = extension_of(path);
    return path.data[path.len - 1] == '/' || (extension >= 1 && extension <= 7);
}

static struct assay_slice without_anchor(struct assay_slice path)
{
    const char *mark = path.len > 0 ? memchr(path.data, '#', path.len) : NULL;
    path.len = mark ? (size_t)(mark - path.data) : path.len;
    return path.len > 2 && memcmp(path.data, "./", 2) == 0 ? (struct assay_slice){path.data + 2, path.len - 2} : path;
}

/* The bracket that opens the text of a link, from its closing one. */
static size_t link_begin(struct assay_slice line, size_t close)
{
    size_t depth = 1, at = close;
    while (at > 0 && depth > 0) {
        at--;
        depth += line.data[at] == ']';
        depth -= line.data[at] == '[';
    }
    return at;
}

static size_t read_link(struct assay_slice line, size_t at, struct named *ret)
{
    const char *close = memchr(line.data + at + 2, ')', line.len - at - 2);
    if (!close) {
        return at + 1;
    }
    struct assay_slice target = {line.data + at + 2, (size_t)(close - line.data) - at - 2};
    const char *gap = memchr(target.data, ' ', target.len); /* a title follows */
    target.len = gap ? (size_t)(gap - target.data) : target.len;
    *ret =
        (struct named){.path = without_anchor(target), .line = line, .before = link_begin(line, at), .is_link = true};
    return (size_t)(close - line.data) + 1;
}

static size_t read_span(struct assay_slice line, size_t at, struct named *ret)
{
    size_t ticks = 0, end;
    while (at + ticks < line.len && line.data[at + ticks] == '`') {
        ticks++;
    }
    for (end = at + ticks; end + ticks <= line.len && memcmp(line.data + end, line.data + at, ticks) != 0;) {
        end++;
    }
    if (end + ticks > line.len) {
        return at + ticks;
    }
    struct assay_slice text = assay_slice_trim((struct assay_slice){line.data + at + ticks, end - at - ticks});
    if (text.len > 0 && memchr(text.data, '/', text.len)) {
        *ret = (struct named){.path = without_anchor(text), .line = line, .before = at};
    }
    return end + ticks;
}

static void read_line(struct assay_slice line, named_visit *visit, void *user)
{
    for (size_t at = 0; at < line.len;) {
        struct named named = {0};
        if (line.data[at] == '`') {
            at = read_span(line, at, &named);
        } else if (line.len - at > 3 && line.data[at] == ']' && line.data[at + 1] == '(') {
            at = read_link(line, at, &named);
        } else {
            at++;
        }
        if (named.path.len > 0 && is_path(named.path)) {
            visit(user, &named);
        }
    }
}

static bool is_fence(struct assay_slice line)
{
    struct assay_slice text = assay_slice_trim(line);
    return text.len >= 3 && (memcmp(text.data, "```", 3) == 0 || memcmp(text.data, "~~~", 3) == 0);
}

void named_each(const char *bytes, size_t len, named_visit *visit, void *user)
{
    struct assay_slice rest = {bytes, len};
    bool is_code = false, is_comment = false;
    while (rest.len > 0) {
        struct assay_slice line = assay_slice_cut(&rest, '\n');
        bool is_border = !is_comment && is_fence(line);
        is_code ^= is_border;
        bool opens = !is_code && line.len > 0 && memmem(line.data, line.len, "<!--", 4);
        bool closes = line.len > 0 && memmem(line.data, line.len, "-->", 3);
        if (!is_border && !is_code && !is_comment && !opens) {
            read_line(line, visit, user);
        }
        is_comment = (is_comment || opens) && !closes;
    }
}

/* ---- for who looks whether they are there ------------------------------------------------------------------------ */

struct forward {
    assay_claims_visit *visit;
    void *user;
};

static void forward_path(void *user, const struct named *named)
{
    struct forward *forward = user;
    forward->visit(forward->user, named->path);
}

void assay_claims_named(const char *bytes, size_t len, assay_claims_visit *visit, void *user)
{
    struct forward forward = {visit, user};
    named_each(bytes, len, forward_path, &forward);
}
