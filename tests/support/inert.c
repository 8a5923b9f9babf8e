#include "support/inert.h"

#include "base/text.h"
#include "json/json.h"

#include <string.h>

#define LINE_BYTES_MAX ((size_t)4 << 20)

/* Every line is as it would be shown: no control, bidi or ill-formed byte is left. */
static const char *hidden(const char *text)
{
    struct assay_slice rest = assay_slice_of(text);
    const char *fault = NULL;
    while (rest.len > 0 && !fault) {
        struct assay_buf shown;
        struct assay_slice line = assay_slice_cut(&rest, '\n');
        assay_buf_init(&shown, LINE_BYTES_MAX);
        assay_text_show(&shown, line.data, line.len, LINE_BYTES_MAX);
        bool is_same = shown.len == line.len && (line.len == 0 || memcmp(shown.data, line.data, line.len) == 0);
        fault = is_same ? NULL : "a hidden character";
        assay_buf_done(&shown);
    }
    return fault;
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static const char *in_strings(const json_t *value, const char *(*check)(const char *))
{
    const char *fault = json_is_string(value) ? check(json_string_value(value)) : NULL;
    for (size_t i = 0; !fault && i < json_array_size(value); i++) {
        fault = in_strings(json_array_get(value, i), check);
    }
    const char *name;
    json_t *member;
    json_object_foreach((json_t *)(uintptr_t)value, name, member)
    {
        fault = fault ? fault : in_strings(member, check);
    }
    return fault;
}

static const char *json_fault(const char *text, const char *(*check)(const char *))
{
    json_t *root = NULL;
    if (assay_json_read(text, strlen(text), &assay_json_limits_default, &root, NULL) != ASSAY_OK) {
        return "no JSON";
    }
    const char *fault = in_strings(root, hidden);
    /* A property bag is data: what its strings hold is no message. */
    (void)json_object_del(json_array_get(json_object_get(root, "runs"), 0), "properties");
    fault = fault ? fault : in_strings(root, check);
    json_decref(root);
    return fault;
}

static const char *sarif_string(const char *text)
{
    for (const char *at = text; (at = strstr(at, "](")); at++) {
        if (at == text || at[-1] != '\\') {
            return "a link in a message";
        }
    }
    return text[0] ? hidden(text) : "an empty string";
}

/* ---- Markdown ---------------------------------------------------------------------------------------------------- */

static size_t run_of(const char *at, char c)
{
    size_t count = 0;
    while (at[count] == c) {
        count++;
    }
    return count;
}

/* Behind a code span or fenced block that begins at `at`; or just behind the backticks, if nothing closes them. */
static const char *behind_code(const char *at)
{
    size_t fence = run_of(at, '`');
    for (const char *c = at + fence; *c; c++) {
        size_t run = run_of(c, '`');
        if (run == fence) {
            return c + run;
        }
        c += run > 0 ? run - 1 : 0;
    }
    return at + fence;
}

static const char *markdown_fault(const char *text)
{
    static const char HEADER[] = "<!-- assay-report: ";
    static const char *const MARKUP[] = {"<", "@", "](", "://", "www.", "[!", "\n>"};
    const char *start = strncmp(text, HEADER, sizeof HEADER - 1) == 0 ? strstr(text, "-->\n") : text;
    if (!start) {
        return "a header that does not end";
    }
    for (const char *at = start; *at; at++) {
        if (*at == '`') {
            at = behind_code(at) - 1;
            continue;
        }
        for (size_t i = 0; i < sizeof MARKUP / sizeof MARKUP[0]; i++) {
            if (strncmp(at, MARKUP[i], strlen(MARKUP[i])) == 0) {
                return MARKUP[i];
            }
        }
    }
    return strstr(text, "\n::") ? "a line that is a command" : hidden(text);
}

/* ---- the others -------------------------------------------------------------------------------------------------- */

/* Every line is one of our own commands, and nothing in a property can end it. */
static const char *annotations_fault(const char *text)
{
    static const char *const STARTS[] = {"::error file=", "::warning file=", "::notice file="};
    struct assay_slice rest = assay_slice_of(text);
    while (rest.len > 0) {
        struct assay_slice line = assay_slice_cut(&rest, '\n');
        size_t known = 0;
        for (size_t i = 0; i < 3; i++) {
            known = assay_slice_starts(line, STARTS[i]) ? strlen(STARTS[i]) : known;
        }
        if (known == 0) {
            return "a line that is no annotation";
        }
        struct assay_slice properties = {line.data + known, line.len - known};
        size_t commas = 0;
        for (size_t i = 0; i < properties.len && properties.data[i] != ':'; i++) {
            commas += properties.data[i] == ',';
        }
        if (commas != 2) { /* file, line and title */
            return "a property of another's";
        }
    }
    return hidden(text);
}

/* Elements are ours, and every character is one of XML. */
static const char *junit_fault(const char *text)
{
    static const char *const ELEMENTS[] = {
        "?xml ",   "testsuites",  "testsuite",  "properties", "property",    "testcase", "failure", "error",
        "skipped", "/testsuites", "/testsuite", "/testcase",  "/properties", "/failure", "/error",  "/skipped"};
    for (const char *at = text; (at = strchr(at, '<')); at++) {
        bool is_ours = false;
        for (size_t i = 0; i < sizeof ELEMENTS / sizeof ELEMENTS[0]; i++) {
            is_ours = is_ours || strncmp(at + 1, ELEMENTS[i], strlen(ELEMENTS[i])) == 0;
        }
        if (!is_ours) {
            return "an element of another's";
        }
    }
    if (strstr(text, "\n::")) {
        return "a line that is a command";
    }
    if (strstr(text, "\xef\xbf\xbe") || strstr(text, "\xef\xbf\xbf")) {
        return "a character that XML has not";
    }
    for (const char *at = text; (at = strchr(at, '&')); at++) {
        if (strncmp(at, "&amp;", 5) != 0 && strncmp(at, "&lt;", 4) != 0 && strncmp(at, "&gt;", 4) != 0 &&
            strncmp(at, "&quot;", 6) != 0 && strncmp(at, "&apos;", 6) != 0) {
            return "an entity of another's";
        }
    }
    return hidden(text);
}

/* A sample is NAME{label="value",...} NUMBER. */
static bool is_sample(struct assay_slice line)
{
    size_t i = 0;
    while (i < line.len && line.data[i] != '{') {
        i++;
    }
    while (i < line.len && line.data[i] != '}') {
        while (i < line.len && line.data[i] != '"') {
            i++;
        }
        for (i++; i < line.len && line.data[i] != '"'; i++) {
            i += line.data[i] == '\\';
        }
        i++;
    }
    return i + 2 < line.len && line.data[i + 1] == ' ' && memchr(line.data + i + 2, ' ', line.len - i - 2) == NULL;
}

static const char *metrics_fault(const char *text)
{
    struct assay_slice rest = assay_slice_of(text);
    while (rest.len > 0) {
        struct assay_slice line = assay_slice_cut(&rest, '\n');
        if (!assay_slice_starts(line, "# ") && (!assay_slice_starts(line, "assay_") || !is_sample(line))) {
            return "a line that is no sample";
        }
    }
    return assay_text_ends(text, "\n# EOF\n") || strcmp(text, "# EOF\n") == 0 ? hidden(text) : "no end";
}

static const char *outputs_fault(const char *text)
{
    struct assay_slice rest = assay_slice_of(text);
    struct assay_slice first = assay_slice_cut(&rest, '\n'), second = assay_slice_cut(&rest, '\n');
    bool is_two = assay_slice_starts(first, "verdict=") && assay_slice_starts(second, "receipt-digest=");
    return is_two && rest.len == 0 ? hidden(text) : "other lines than two outputs";
}

const char *inert_fault(enum assay_surface_form form, const char *text)
{
    switch (form) {
    case ASSAY_SURFACE_SARIF:
        return json_fault(text, sarif_string);
    case ASSAY_SURFACE_CTRF:
    case ASSAY_SURFACE_GITLAB_CODEQUALITY:
        return json_fault(text, hidden);
    case ASSAY_SURFACE_JUNIT:
        return junit_fault(text);
    case ASSAY_SURFACE_OPENMETRICS:
    case ASSAY_SURFACE_GITLAB_METRICS:
        return metrics_fault(text);
    case ASSAY_SURFACE_GITHUB_SUMMARY:
    case ASSAY_SURFACE_PR_COMMENT:
        return markdown_fault(text);
    case ASSAY_SURFACE_GITHUB_ANNOTATIONS:
        return annotations_fault(text);
    case ASSAY_SURFACE_GITHUB_OUTPUTS:
        return outputs_fault(text);
    case ASSAY_SURFACE_IN_TOTO_BUNDLE:
    case ASSAY_SURFACE_ATTEST_PREDICATE:
    case ASSAY_SURFACE_ATTEST_SUBJECTS:
    case ASSAY_SURFACE_FORM_COUNT:
    default:
        return NULL; /* evidence: canonical bytes of a document that was verified */
    }
}
