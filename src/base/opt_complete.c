/*
 * Completions for bash, zsh and fish. Each script finds the verb (the longest known prefix of the words typed), then
 * offers its options, the choices of the option before the cursor, or files.
 */
#include "base/opt.h"

#include <string.h>

static bool takes_value(const struct assay_opt *row)
{
    return row->kind != ASSAY_OPT_FLAG && row->kind != ASSAY_OPT_FLAG_ON;
}

/* Text inside single quotes of a POSIX-like shell. */
static void put_single_quoted(struct assay_buf *out, const char *text, const char *quote)
{
    assay_buf_char(out, '\'');
    for (; *text; text++) {
        if (*text == '\'') {
            assay_buf_text(out, quote);
        } else {
            assay_buf_char(out, *text);
        }
    }
    assay_buf_char(out, '\'');
}

/* The names of all options of a verb, as words. */
static void put_option_words(struct assay_buf *out, const struct assay_opt_verb *verb)
{
    for (size_t i = 0; i < verb->options_count; i++) {
        const char *no = verb->options[i].kind == ASSAY_OPT_FLAG_ON ? "no-" : "";
        assay_buf_printf(out, "%s%s%s ", assay_opt_dashes(&verb->options[i]), no, verb->options[i].name);
    }
    assay_buf_text(out, "--help");
}

/* The words that may follow `before` ("" or "run") in the names of verbs, each once. */
static void put_next_words(struct assay_buf *out, const struct assay_opt_verb *const *verbs, size_t count,
                           const char *before)
{
    size_t skip = strlen(before) + (before[0] != '\0');
    const char *last = "";
    size_t last_len = 0;
    for (size_t i = 0; i < count; i++) {
        const char *name = verbs[i]->name;
        if (skip > 0 && (strncmp(name, before, skip - 1) != 0 || name[skip - 1] != ' ')) {
            continue;
        }
        size_t len = strcspn(name + skip, " ");
        if (len != last_len || strncmp(name + skip, last, len) != 0) { /* verbs of one first word stand together */
            assay_buf_printf(out, "%s%.*s", last_len ? " " : "", (int)len, name + skip);
        }
        last = name + skip;
        last_len = len;
    }
}

static bool has_choices(const struct assay_opt *row)
{
    return row->kind == ASSAY_OPT_CHOICE;
}

/* case arms "VERB/--option" -> offers, shared by bash and zsh. */
static void put_choice_arms(struct assay_buf *out, const struct assay_opt_verb *verb)
{
    for (size_t i = 0; i < verb->options_count; i++) {
        const struct assay_opt *row = &verb->options[i];
        if (!takes_value(row)) {
            continue;
        }
        assay_buf_printf(out, "        '%s/%s%s') offers='", verb->name, assay_opt_dashes(row), row->name);
        for (size_t k = 0; has_choices(row) && row->choices[k]; k++) {
            assay_buf_printf(out, "%s%s", k ? " " : "", row->choices[k]);
        }
        assay_buf_printf(out, "'; files=%d ;;\n", row->kind == ASSAY_OPT_TEXT || row->kind == ASSAY_OPT_TEXT_LIST);
    }
}

/* The body that bash and zsh share: sets `offers` and `files` from `verb`, `two`, `previous` and `current`. */
static void put_posix_body(struct assay_buf *out, const struct assay_opt_verb *const *verbs, size_t count)
{
    assay_buf_text(out, "    case \"$verb/$previous\" in\n");
    for (size_t i = 0; i < count; i++) {
        put_choice_arms(out, verbs[i]);
    }
    assay_buf_text(out, "        *)\n            case \"$verb\" in\n            '') offers='");
    put_next_words(out, verbs, count, "");
    assay_buf_text(out, "' ;;\n");
    for (size_t i = 0; i < count; i++) {
        assay_buf_printf(out, "            '%s') files=1; offers='", verbs[i]->name);
        put_option_words(out, verbs[i]);
        assay_buf_text(out, "' ;;\n");
    }
    assay_buf_text(out, "            esac\n            ;;\n    esac\n");
}

static void put_known_verbs(struct assay_buf *out, const struct assay_opt_verb *const *verbs, size_t count)
{
    assay_buf_text(out, "    case \"$one $two\" in\n");
    for (size_t i = 0; i < count; i++) {
        if (strchr(verbs[i]->name, ' ')) {
            assay_buf_printf(out, "    '%s') verb=\"$one $two\" ;;\n", verbs[i]->name);
        }
    }
    assay_buf_text(out, "    *) verb=\"$one\" ;;\n    esac\n");
}

/* First words such as "run" are offered their second words beside their own options. */
static void put_second_words(struct assay_buf *out, const struct assay_opt_verb *const *verbs, size_t count)
{
    assay_buf_text(out, "    if [ \"$position\" -eq 2 ]; then\n        case \"$one\" in\n");
    for (size_t i = 0; i < count; i++) {
        const char *name = verbs[i]->name, *space = strchr(name, ' ');
        if (!space) {
            continue;
        }
        size_t len = (size_t)(space - name);
        if (i > 0 && strncmp(verbs[i - 1]->name, name, len + 1) == 0) {
            continue;
        }
        char first[64];
        if (len >= sizeof first) {
            continue;
        }
        memcpy(first, name, len);
        first[len] = '\0';
        assay_buf_printf(out, "        '%s') offers=\"$offers ", first);
        put_next_words(out, verbs, count, first);
        assay_buf_text(out, "\" ;;\n");
    }
    assay_buf_text(out, "        esac\n    fi\n");
}

static void put_bash(struct assay_buf *out, const struct assay_opt_verb *const *verbs, size_t count)
{
    assay_buf_text(out, "# bash completion for assay; written by assay itself\n"
                        "_assay() {\n"
                        "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
                        "    local one= two= verb= offers= files=0 position=$COMP_CWORD\n"
                        "    [ \"$COMP_CWORD\" -gt 1 ] && one=${COMP_WORDS[1]}\n"
                        "    [ \"$COMP_CWORD\" -gt 2 ] && two=${COMP_WORDS[2]}\n");
    put_known_verbs(out, verbs, count);
    put_posix_body(out, verbs, count);
    put_second_words(out, verbs, count);
    assay_buf_text(out, "    COMPREPLY=($(compgen -W \"$offers\" -- \"$current\"))\n"
                        "    if [ \"$files\" = 1 ] && [ \"${current#-}\" = \"$current\" ]; then\n"
                        "        COMPREPLY+=($(compgen -f -- \"$current\"))\n"
                        "    fi\n"
                        "}\n"
                        "complete -o filenames -F _assay assay\n");
}

static void put_zsh(struct assay_buf *out, const struct assay_opt_verb *const *verbs, size_t count)
{
    assay_buf_text(out, "#compdef assay\n"
                        "# zsh completion for assay; written by assay itself\n"
                        "_assay() {\n"
                        "    local current=$words[CURRENT] previous=$words[CURRENT-1] position=$((CURRENT-1))\n"
                        "    local one= two= verb= offers= files=0\n"
                        "    [ \"$CURRENT\" -gt 2 ] && one=$words[2]\n"
                        "    [ \"$CURRENT\" -gt 3 ] && two=$words[3]\n");
    put_known_verbs(out, verbs, count);
    put_posix_body(out, verbs, count);
    put_second_words(out, verbs, count);
    assay_buf_text(out, "    compadd -- ${=offers}\n"
                        "    [ \"$files\" = 1 ] && _files\n"
                        "}\n"
                        "_assay \"$@\"\n");
}

static void put_fish_option(struct assay_buf *out, const struct assay_opt_verb *verb, const struct assay_opt *row)
{
    assay_buf_printf(out, "complete -c assay -n '__assay_verb_is \"%s\"' -%c %s%s", verb->name,
                     row->name[1] ? 'l' : 's', row->kind == ASSAY_OPT_FLAG_ON ? "no-" : "", row->name);
    if (has_choices(row)) {
        assay_buf_text(out, " -x -a '");
        for (size_t k = 0; row->choices[k]; k++) {
            assay_buf_printf(out, "%s%s", k ? " " : "", row->choices[k]);
        }
        assay_buf_char(out, '\'');
    } else if (takes_value(row)) {
        assay_buf_text(out, row->kind == ASSAY_OPT_TEXT || row->kind == ASSAY_OPT_TEXT_LIST ? " -r" : " -x");
    }
    assay_buf_text(out, " -d ");
    put_single_quoted(out, row->help, "\\'");
    assay_buf_char(out, '\n');
}

static void put_fish(struct assay_buf *out, const struct assay_opt_verb *const *verbs, size_t count)
{
    assay_buf_text(out, "# fish completion for assay; written by assay itself\n"
                        "function __assay_verb_is\n"
                        "    set -l typed (commandline -opc)[2..-1]\n"
                        "    set -l wanted (string split ' ' -- $argv[1])\n"
                        "    test (count $typed) -ge (count $wanted)\n"
                        "    and test \"$typed[1..\"(count $wanted)\"]\" = \"$argv[1]\"\n"
                        "end\n"
                        "function __assay_words_are\n"
                        "    set -l typed (commandline -opc)[2..-1]\n"
                        "    test \"$typed\" = \"$argv[1]\"\n"
                        "end\n");
    for (size_t i = 0; i < count; i++) {
        const char *name = verbs[i]->name, *space = strrchr(name, ' ');
        int before = space ? (int)(space - name) : 0;
        assay_buf_printf(out, "complete -c assay -f -n '__assay_words_are \"%.*s\"' -a %s -d ", before, name,
                         space ? space + 1 : name);
        put_single_quoted(out, verbs[i]->summary, "\\'");
        assay_buf_char(out, '\n');
        for (size_t k = 0; k < verbs[i]->options_count; k++) {
            put_fish_option(out, verbs[i], &verbs[i]->options[k]);
        }
    }
}

void assay_opt_complete(const struct assay_opt_verb *const *verbs, size_t count, enum assay_opt_shell shell,
                        struct assay_buf *out)
{
    static void (*const WRITERS[])(struct assay_buf *, const struct assay_opt_verb *const *, size_t) = {
        [ASSAY_SHELL_BASH] = put_bash, [ASSAY_SHELL_ZSH] = put_zsh, [ASSAY_SHELL_FISH] = put_fish};
    WRITERS[shell](out, verbs, count);
}
