/* Applies every file of the legacy corpus (README.md beside it) to its parent, and looks at what the profile says: the
 * gate of the file's name and no other. The parent without the edit has none. */
#include "base/num.h"
#include "base/text.h"
#include "judge/judge.h"
#include "support/edit.h"
#include "support/golden.h"
#include "support/honest_run.h"
#include "support/source_root.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_MAX ((size_t)1 << 20)
#define NAME_MAX_BYTES 128
#define WARNING 805

struct scene {
    json_t *root;
    struct assay_buf text;
    bool is_raw; /* from now on the bytes are edited, and the tree no more */
    char name[NAME_MAX_BYTES], says[NAME_MAX_BYTES], found[NAME_MAX_BYTES], parent[16];
    int status; /* of the original; 0: the usual one of the gate */
    bool needs_gpu;
};

static void read_file(const char *folder, const char *name, struct assay_buf *ret)
{
    char path[4096];
    assay_err err = {0};
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    assay_buf_init(ret, FILE_MAX);
    if (assay_buf_read_file(ret, path, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
}

static const char *folder(void)
{
    static char path[4096];
    (void)snprintf(path, sizeof path, "%s/tests/negative/legacy", source_root());
    return path;
}

static json_t *read_value(struct assay_slice text)
{
    json_t *value = NULL;
    assay_err err = {0};
    if (assay_json_read(text.data, text.len, &assay_json_limits_default, &value, &err) != ASSAY_OK) {
        fail_msg("'%.*s': %s", (int)text.len, text.data, err.message);
    }
    return value;
}

static uint64_t read_number(struct assay_slice text)
{
    uint64_t value = 0;
    assay_err err = {0};
    if (assay_num_u64(text, "a number", UINT64_MAX, &value, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    return value;
}

static void keep(char *ret, size_t bytes, struct assay_slice text)
{
    assert_true(text.len < bytes);
    memcpy(ret, text.data, text.len);
    ret[text.len] = '\0';
}

static void print(struct scene *scene)
{
    assay_err err = {0};
    if (!scene->is_raw) {
        assay_buf_clear(&scene->text);
        assert_int_equal(assay_json_pretty(scene->root, &scene->text, &err), ASSAY_OK);
    }
}

static void choose_parent(struct scene *scene, const char *name)
{
    char file[64];
    struct assay_buf bytes;
    (void)snprintf(file, sizeof file, "parent-%s.json", name);
    (void)snprintf(scene->parent, sizeof scene->parent, "%s", name);
    read_file(folder(), file, &bytes);
    json_decref(scene->root);
    scene->root = read_value((struct assay_slice){bytes.data, bytes.len});
    assay_buf_done(&bytes);
    print(scene);
}

/* ---- edits ---- */

static void on_tree(struct scene *scene, const char *verb, struct assay_slice rest)
{
    char pointer[ASSAY_JSON_POINTER_BYTES];
    keep(pointer, sizeof pointer, assay_slice_cut(&rest, ' '));
    assert_false(scene->is_raw);
    if (strcmp(verb, "set") == 0) {
        edit_set(scene->root, pointer, read_value(rest));
    } else if (strcmp(verb, "drop") == 0) {
        edit_drop(scene->root, pointer);
    } else if (strcmp(verb, "append") == 0) {
        edit_append(scene->root, pointer, read_value(rest));
    } else if (strcmp(verb, "grow") == 0) {
        edit_grow(scene->root, pointer, read_number(rest));
    } else {
        json_t *outer = json_object();
        json_object_set_new(outer, pointer, scene->root);
        scene->root = outer;
    }
    print(scene);
}

static void append_levels(struct assay_buf *text, uint64_t levels)
{
    for (uint64_t i = 0; i < 2 * levels; i++) {
        assay_buf_char(text, i < levels ? '[' : ']');
    }
}

/* "A" "B": as JSON strings side by side. */
static void on_raw(struct scene *scene, struct assay_slice rest)
{
    struct assay_buf list, to;
    assay_buf_init(&list, FILE_MAX);
    assay_buf_init(&to, FILE_MAX);
    assay_buf_printf(&list, "[%.*s]", (int)rest.len, rest.data);
    edit_bytes(&list, "\" \"", 3, "\",\"", 3);
    json_t *pair = read_value((struct assay_slice){list.data, list.len});
    struct assay_slice from = assay_legacy_text(json_array_get(pair, 0));
    struct assay_slice text = assay_legacy_text(json_array_get(pair, 1));
    const char *levels = memchr(text.data, '@', text.len);
    assay_buf_append(&to, text.data, levels ? (size_t)(levels - text.data) : text.len);
    if (levels) {
        append_levels(&to, read_number(assay_slice_of(levels + 1)));
    }
    edit_bytes(&scene->text, from.data, from.len, to.data, to.len);
    scene->is_raw = true;
    json_decref(pair);
    assay_buf_done(&list);
    assay_buf_done(&to);
}

static void on_bytes(struct scene *scene, const char *verb, struct assay_slice rest)
{
    struct assay_buf old = scene->text;
    json_t *value = NULL;
    assay_buf_init(&scene->text, FILE_MAX);
    scene->is_raw = true;
    if (strcmp(verb, "cut") == 0) {
        assay_buf_append(&scene->text, old.data, old.len - read_number(rest));
    } else if (strcmp(verb, "byte") == 0) {
        assay_buf_append(&scene->text, old.data, old.len);
        uint64_t at = read_number(assay_slice_cut(&rest, ' '));
        scene->text.data[at] = (char)(unsigned char)read_number(rest);
    } else {
        value = read_value(rest);
        struct assay_slice text = assay_legacy_text(value);
        bool is_whole = strcmp(verb, "bytes") == 0, is_front = strcmp(verb, "front") == 0;
        assay_buf_append(&scene->text, text.data, is_whole || is_front ? text.len : 0);
        assay_buf_append(&scene->text, old.data, is_whole ? 0 : old.len);
        assay_buf_append(&scene->text, text.data, is_whole || is_front ? 0 : text.len);
    }
    json_decref(value);
    assay_buf_done(&old);
}

static bool is_one_of(const char *verb, const char *const *verbs)
{
    for (; *verbs; verbs++) {
        if (strcmp(verb, *verbs) == 0) {
            return true;
        }
    }
    return false;
}

static void apply_line(struct scene *scene, struct assay_slice line)
{
    static const char *const TREE[] = {"set", "drop", "append", "grow", "wrap", NULL};
    static const char *const BYTES[] = {"bytes", "front", "add", "cut", "byte", NULL};
    char verb[16];
    keep(verb, sizeof verb, assay_slice_cut(&line, ' '));
    if (is_one_of(verb, TREE)) {
        on_tree(scene, verb, line);
    } else if (is_one_of(verb, BYTES)) {
        on_bytes(scene, verb, line);
    } else if (strcmp(verb, "raw") == 0) {
        on_raw(scene, line);
    } else if (strcmp(verb, "parent") == 0) {
        char name[16];
        keep(name, sizeof name, line);
        choose_parent(scene, name);
    } else if (strcmp(verb, "gpu") == 0) {
        scene->needs_gpu = true;
    } else if (strcmp(verb, "exit") == 0) {
        scene->status = (int)read_number(line);
    } else if (strcmp(verb, "called") == 0) {
        keep(scene->name, sizeof scene->name, line);
    } else if (strcmp(verb, "says") == 0) {
        keep(scene->says, sizeof scene->says, line);
    } else if (strcmp(verb, "found") == 0) {
        keep(scene->found, sizeof scene->found, line);
    } else {
        fail_msg("no such edit: '%s'", verb);
    }
}

/* ---- one file ---- */

static struct assay_legacy_verdict *judge(const struct scene *scene, bool is_strict)
{
    struct assay_legacy_verdict *verdict = NULL;
    assay_err err = {0};
    struct assay_legacy_question question = {.name = scene->name,
                                             .bytes = scene->text.data,
                                             .len = scene->text.len,
                                             .needs_gpu = scene->needs_gpu,
                                             .is_strict = is_strict,
                                             .now_real_ns = HONEST_NOW_NS};
    assert_int_equal(assay_judge_legacy(&question, &verdict, &err), ASSAY_OK);
    return verdict;
}

static void only_gate(const struct assay_judgement *judgement, unsigned gate, unsigned parents, const char *what)
{
    size_t seen = 0;
    for (size_t i = 0; i < judgement->violations_count; i++) {
        const struct assay_violation *violation = &judgement->violations[i];
        seen += violation->gate == gate;
        if (violation->gate != gate && violation->gate != parents) {
            fail_msg("%s: %u %s: found %s, expected %s", what, violation->gate, violation->pointer, violation->found,
                     violation->expected);
        }
    }
    if (seen == 0 && gate != parents) {
        fail_msg("%s: gate %u says nothing", what, gate);
    }
}

static unsigned own_gate_of(const struct scene *scene)
{
    return strcmp(scene->parent, "a") == 0 ? 835 : 0;
}

static void check_parent(struct scene *scene)
{
    struct assay_legacy_verdict *verdict = judge(scene, true);
    only_gate(verdict->judgement, own_gate_of(scene), own_gate_of(scene), scene->parent);
    assert_int_equal(verdict->original_exit, 0);
    assert_int_equal(assay_judgement_exit(verdict->judgement), own_gate_of(scene) ? 1 : 0);
    assay_legacy_verdict_free(verdict);
}

static void check_faithful(const struct scene *scene, unsigned gate, const char *what)
{
    struct assay_legacy_verdict *verdict = judge(scene, false);
    int usual = gate == 807 ? 15 : 14, status = scene->status ? scene->status : usual;
    only_gate(verdict->judgement, gate, 0, what);
    assert_int_equal(verdict->judgement->violations_count, 1);
    assert_int_equal(assay_judgement_exit(verdict->judgement), gate == 800 ? 3 : 1);
    assert_null(verdict->strict);
    if (verdict->original_exit != status) {
        fail_msg("%s: the original ends with %d, not %d", what, status, verdict->original_exit);
    }
    if (scene->says[0]) {
        assert_string_equal(verdict->original_message, scene->says);
    }
    if (strncmp(verdict->judgement->violations[0].found, scene->found, strlen(scene->found)) != 0) {
        fail_msg("%s: found %s", what, verdict->judgement->violations[0].found);
    }
    assay_legacy_verdict_free(verdict);
}

/* The original accepts; the strict gates do not, and both ways to ask say the same. */
static void check_accepted(const struct scene *scene, unsigned gate, const char *what)
{
    struct assay_legacy_verdict *faithful = judge(scene, false), *strict = judge(scene, true);
    if (faithful->original_exit != 0) {
        fail_msg("%s: the original says %s", what, faithful->original_message);
    }
    assert_int_equal(assay_judgement_exit(faithful->judgement), 0);
    if (gate == WARNING) {
        assert_true(faithful->is_duplicate_warned);
    } else if (gate > 0) {
        only_gate(strict->judgement, gate, own_gate_of(scene), what);
        only_gate(faithful->strict, gate, own_gate_of(scene), what);
        assert_int_equal(faithful->strict->violations_count, strict->judgement->violations_count);
        assert_int_equal(assay_judgement_exit(strict->judgement), 1);
    }
    assay_legacy_verdict_free(faithful);
    assay_legacy_verdict_free(strict);
}

#define VIOLATIONS_TOLD 6 /* of ten thousand ids each may be one */

/* As the original answers, and as --strict does. */
static void tell(const struct scene *scene, const char *name, struct assay_buf *told)
{
    assay_buf_printf(told, "== %s\n", name);
    for (int is_strict = 0; is_strict < 2; is_strict++) {
        struct assay_legacy_verdict *verdict = judge(scene, is_strict);
        const struct assay_judgement *judgement = verdict->judgement;
        assay_buf_printf(told, "exit %d, tier %d, %s%s%s, original %d %s%s; %s\n", assay_judgement_exit(judgement),
                         judgement->tier, assay_legacy_shape_text(verdict->shape),
                         verdict->library ? ", its library says " : "", verdict->library ? verdict->library : "",
                         verdict->original_exit, verdict->original_message ? verdict->original_message : "accepts",
                         verdict->is_duplicate_warned ? ", warns" : "", judgement->lines[ASSAY_LINE_POLICY].text);
        for (size_t i = 0; i < judgement->violations_count && i < VIOLATIONS_TOLD; i++) {
            const struct assay_violation *violation = &judgement->violations[i];
            assay_buf_printf(told, "%u %s: found %s, expected %s\n", violation->gate, violation->pointer,
                             violation->found, violation->expected);
        }
        assay_legacy_verdict_free(verdict);
    }
}

static void check_file(const char *name, struct assay_buf *told)
{
    struct scene scene = {.name = "receipt.json"};
    struct assay_buf edits;
    unsigned gate = (unsigned)strtoul(name, NULL, 10); /* 0: ok- */
    bool is_parent_checked = false;
    read_file(folder(), name, &edits);
    assay_buf_init(&scene.text, FILE_MAX);
    choose_parent(&scene, "b");
    struct assay_slice rest = {edits.data, edits.len};
    while (rest.len > 0) {
        struct assay_slice line = assay_slice_cut(&rest, '\n');
        if (!is_parent_checked && !assay_slice_starts(line, "parent ")) {
            check_parent(&scene);
            is_parent_checked = true;
        }
        apply_line(&scene, line);
    }
    if (gate >= 800 && gate <= 808 && gate != WARNING) {
        check_faithful(&scene, gate, name);
    } else {
        check_accepted(&scene, gate, name);
    }
    tell(&scene, name, told);
    json_decref(scene.root);
    assay_buf_done(&scene.text);
    assay_buf_done(&edits);
}

static int is_edit(const struct dirent *entry)
{
    return assay_text_ends(entry->d_name, ".edit");
}

static void every_file_breaks_its_gate_and_no_other(void **state)
{
    struct dirent **names = NULL;
    struct assay_buf told;
    (void)state;
    assay_buf_init(&told, FILE_MAX);
    int count = scandir(folder(), &names, is_edit, alphasort);
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        check_file(names[i]->d_name, &told);
        free(names[i]);
    }
    free(names);
    golden_hold("negative/legacy.txt", &told);
    assay_buf_done(&told);
}

static void every_gate_has_three_files_or_more(void **state)
{
    static const unsigned GATES[] = {800, 801, 802, 803, 804, 805, 806, 807, 808, 820, 821, 822, 823,
                                     824, 825, 826, 827, 828, 829, 830, 831, 832, 833, 834, 835};
    struct dirent **names = NULL;
    unsigned seen[1000] = {0};
    (void)state;
    int count = scandir(folder(), &names, is_edit, alphasort);
    for (int i = 0; i < count; i++) {
        seen[strtoul(names[i]->d_name, NULL, 10) % 1000]++;
        free(names[i]);
    }
    free(names);
    for (size_t i = 0; i < sizeof GATES / sizeof GATES[0]; i++) {
        assert_true(seen[GATES[i]] >= 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_breaks_its_gate_and_no_other),
        cmocka_unit_test(every_gate_has_three_files_or_more),
    };
    assay_json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
