/*
 * The table model against another parser: each table of each FILE must have the rows, columns and cell texts that
 * cmark-gfm gives it.
 *
 *     tables FILE|FOLDER...      exit status 77 (skipped) where cmark-gfm is not installed
 *
 * Texts are compared without white space and back ticks (half a code span is text to one, markup to the other). What
 * the model does not read by design (struck-through text, raw HTML) is left out of cmark-gfm's text too.
 */
#include "base/buf.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/text.h"
#include "claims/model.h"
#include "json/json.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES_MAX ((size_t)64 << 20)
#define PEER_NS 60000000000u
#define SKIPPED 77

static void put_cell(struct assay_buf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!isspace((unsigned char)text[i]) && text[i] != '`') {
            assay_buf_char(out, text[i]);
        }
    }
    assay_buf_char(out, '|');
}

/* ---- ours --- */

static void print_ours(struct assay_slice bytes, struct assay_buf *out)
{
    struct assay_claims_input input = {.path = "document.md", .bytes = bytes.data, .len = bytes.len};
    struct assay_claims_request request = {.inputs = &input, .inputs_count = 1};
    struct model m = {.request = &request};
    if (!vec_room(&m.files)) {
        exit(70);
    }
    m.files.at[m.files.count++] = (struct file){.input = &input};
    claims_read_markdown(&m, 0);
    for (uint32_t i = 0; i < m.tables.count; i++) {
        const struct table *table = &m.tables.at[i];
        for (uint32_t row = 0; row <= table->rows; row++) {
            for (uint32_t column = 0; column < table->columns; column++) {
                uint32_t cell = model_cell(&m, table, row, column);
                struct assay_slice text = cell == NONE32 ? (struct assay_slice){0} : model_text(&m, cell);
                put_cell(out, text.data, text.len);
            }
            assay_buf_char(out, '\n');
        }
        assay_buf_char(out, '\n');
    }
    assay_free(m.files.at[0].flat);
    vec_done(&m.files.at[0].lines);
    vec_done(&m.files);
    vec_done(&m.sections);
    vec_done(&m.blocks);
    vec_done(&m.segments);
    vec_done(&m.tables);
    vec_done(&m.cells);
    vec_done(&m.items);
    vec_done(&m.quantities);
    vec_done(&m.stamps);
    vec_done(&m.labels);
    vec_done(&m.directives);
    vec_done(&m.arrays);
    vec_done(&m.values);
    vec_done(&m.members);
}

/* ---- theirs: the XML of cmark-gfm --- */

static void put_unescaped(struct assay_buf *out, struct assay_slice text)
{
    static const struct {
        const char *name, *is;
    } ENTITIES[] = {{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&amp;", "&"}};
    while (text.len > 0) {
        size_t k = 0, count = sizeof ENTITIES / sizeof ENTITIES[0];
        while (k < count && !assay_slice_starts(text, ENTITIES[k].name)) {
            k++;
        }
        size_t len = k < count ? strlen(ENTITIES[k].name) : 1;
        if (k < count) {
            assay_buf_text(out, ENTITIES[k].is);
        } else {
            assay_buf_char(out, text.data[0]);
        }
        text = (struct assay_slice){text.data + len, text.len - len};
    }
}

struct xml {
    struct assay_buf cell;
    unsigned struck;
    bool is_in_cell, is_text;
};

static void on_tag(struct xml *xml, struct assay_slice tag, struct assay_buf *out)
{
    if (assay_slice_starts(tag, "table_cell")) {
        xml->is_in_cell = tag.data[tag.len - 1] != '/';
        assay_buf_clear(&xml->cell);
        if (!xml->is_in_cell) {
            assay_buf_char(out, '|');
        }
    } else if (assay_slice_starts(tag, "/table_cell")) {
        put_cell(out, xml->cell.data, xml->cell.len);
        xml->is_in_cell = false;
    } else if (assay_slice_is(tag, "/table_row") || assay_slice_is(tag, "/table_header") ||
               assay_slice_is(tag, "/table")) {
        assay_buf_char(out, '\n');
    } else if (assay_slice_starts(tag, "strikethrough") || assay_slice_starts(tag, "/strikethrough")) {
        xml->struck += tag.data[0] == '/' ? -1u : 1u;
    }
    xml->is_text = assay_slice_starts(tag, "text") || assay_slice_starts(tag, "code ");
}

static void print_theirs(struct assay_slice xml_text, struct assay_buf *out)
{
    struct xml xml = {0};
    assay_buf_init(&xml.cell, TEXT_BYTES_MAX);
    while (xml_text.len > 0) {
        struct assay_slice text = assay_slice_cut(&xml_text, '<');
        if (xml.is_text && xml.is_in_cell && xml.struck == 0) {
            put_unescaped(&xml.cell, text);
        }
        if (xml_text.len > 0) {
            on_tag(&xml, assay_slice_trim(assay_slice_cut(&xml_text, '>')), out);
        }
    }
    assay_buf_done(&xml.cell);
}

/* ---- both --- */

static bool compare(const char *path, unsigned *rows)
{
    static char words[][16] = {"cmark-gfm", "-e", "table", "-e", "strikethrough", "-t", "xml"};
    char name[4096];
    struct assay_buf text, xml, ours, theirs;
    int status = 0;
    assay_err err = {0};
    snprintf(name, sizeof name, "%s", path);
    char *argv[] = {words[0], words[1], words[2], words[3], words[4], words[5], words[6], name, NULL};
    assay_buf_init(&text, TEXT_BYTES_MAX);
    assay_buf_init(&xml, TEXT_BYTES_MAX);
    assay_buf_init(&ours, TEXT_BYTES_MAX);
    assay_buf_init(&theirs, TEXT_BYTES_MAX);
    assay_code rc = assay_buf_read_file(&text, path, &err);
    rc = rc == ASSAY_OK ? assay_proc_run(argv, PEER_NS, &xml, &status, &err) : rc;
    if (rc == ASSAY_NOT_FOUND) {
        printf("cmark-gfm is not installed: skipped\n");
        exit(SKIPPED);
    }
    if (rc != ASSAY_OK || status != 0) {
        printf("not ok - %s: %s\n", path, err.message);
        return false;
    }
    print_ours((struct assay_slice){text.data, text.len}, &ours);
    print_theirs((struct assay_slice){xml.data, xml.len}, &theirs);
    struct assay_slice a = {ours.data, ours.len}, b = {theirs.data, theirs.len};
    bool is_same = assay_slice_equal(a, b);
    while (a.len > 0 || b.len > 0) {
        struct assay_slice mine = assay_slice_cut(&a, '\n'), other = assay_slice_cut(&b, '\n');
        *rows += mine.len > 0;
        if (!assay_slice_equal(mine, other)) {
            printf("not ok - %s\n    ours      %.*s\n    cmark-gfm %.*s\n", path, (int)mine.len,
                   mine.data ? mine.data : "", (int)other.len, other.data ? other.data : "");
            break;
        }
    }
    assay_buf_done(&text);
    assay_buf_done(&xml);
    assay_buf_done(&ours);
    assay_buf_done(&theirs);
    return is_same;
}

struct totals {
    unsigned files, rows, wrong;
};

static void compare_all(const char *path, struct totals *totals)
{
    DIR *dir = opendir(path);
    if (!dir) {
        totals->files++;
        totals->wrong += !compare(path, &totals->rows);
        return;
    }
    for (struct dirent *entry; (entry = readdir(dir));) {
        char name[4096];
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (assay_text_ends(entry->d_name, ".md")) {
            totals->files++;
            totals->wrong += !compare(name, &totals->rows);
        }
    }
    closedir(dir);
}

int main(int argc, char **argv)
{
    struct totals totals = {0};
    assay_json_init();
    for (int i = 1; i < argc; i++) {
        compare_all(argv[i], &totals);
    }
    printf("%u files, %u table rows, %u files differ\n", totals.files, totals.rows, totals.wrong);
    return totals.wrong > 0 || totals.rows == 0;
}
