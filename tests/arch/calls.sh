#!/bin/sh
# Refuses libc calls that have a better form here, in the sources under ROOT. Comments and strings do not count.
# Prints FILE:LINE: what is wrong; exit status 1 if anything is.
set -eu
export LC_ALL=C
cd "$1"

found=$(find src include tests fuzz bench examples -name '*.[ch]' 2>/dev/null | sort)
[ -n "$found" ] || { echo "no sources under $1"; exit 1; }
# shellcheck disable=SC2086 # names of sources have no blanks
awk '
    BEGIN {
        say("sprintf vsprintf strcpy strcat strncat stpcpy gets", "assay_buf_printf or snprintf: the size is unknown here")
        say("strncpy", "it leaves text without its end; use assay_buf or memcpy")
        say("atoi atol atoll atof sscanf strtof", "base/num.h: errors go unseen and the locale shows")
        say("strtok", "assay_slice_cut: it keeps state in a global")
        say("rand srand random srandom drand48 lrand48 rand_r", "base/rng.h: every draw is seeded and named")
        say("tmpnam tempnam mktemp", "mkstemp or mkdtemp: the name can be taken by another")
        say("system popen", "base/proc.h: no shell between")
        say("alloca vfork", "it has no safe use here")
        say("localtime gmtime ctime asctime", "assay_clock_format_utc: they share a static buffer")
        src("malloc calloc realloc reallocarray strdup strndup asprintf vasprintf posix_memalign aligned_alloc",
            "base/mem.h: every allocation can be made to fail")
        src("fopen fdopen creat mkstemp rename", "base/file.h: files are written whole")
        src("clock_gettime gettimeofday time nanosleep usleep clock_nanosleep", "base/clock.h: only base/ reads the clock")
        src("pthread_create", "base/thread.h")
        src("fork execvp execve execv posix_spawn posix_spawnp", "base/proc.h")
        src("exit abort", "only src/main.c ends the program")
    }
    function say(names, why,    n, i, list) {
        n = split(names, list, " ")
        for (i = 1; i <= n; i++) banned[list[i]] = why
    }
    function src(names, why,    n, i, list) {
        n = split(names, list, " ")
        for (i = 1; i <= n; i++) for_base[list[i]] = why
    }
    FNR == 1 {
        in_comment = 0
        is_product = FILENAME ~ /^src\// && FILENAME !~ /^src\/(base\/|main\.c)/
    }
    {
        line = $0
        text = ""
        # Strings and comments out, one piece at a time.
        while (line != "") {
            if (in_comment) {
                at = index(line, "*/")
                if (!at) break
                line = substr(line, at + 2)
                in_comment = 0
            } else if (match(line, /\/\*|\/\/|"|\047/)) {
                token = substr(line, RSTART, RLENGTH)
                text = text substr(line, 1, RSTART - 1) " "
                line = substr(line, RSTART + RLENGTH)
                if (token == "//") break
                if (token == "/*") in_comment = 1
                else if (token == "\"") sub(/^([^"\\]|\\.)*"/, "", line)
                else sub(/^([^\047\\]|\\.)*\047/, "", line)
            } else {
                text = text line
                break
            }
        }
        while (match(text, /[A-Za-z_][A-Za-z0-9_]*[ \t]*\(/)) {
            before = RSTART > 1 ? substr(text, RSTART - 1, 1) : ""
            prior = substr(text, 1, RSTART - 1)
            name = substr(text, RSTART, RLENGTH - 1)
            sub(/[ \t]+$/, "", name)
            text = substr(text, RSTART + RLENGTH)
            if (before == "." || prior ~ /->$/) continue # a member
            if (name in banned) complain(name, banned[name])
            else if (is_product && (name in for_base)) complain(name, for_base[name])
        }
    }
    function complain(name, why) {
        print FILENAME ":" FNR ": " name "() is not used here; " why
        bad = 1
    }
    END { exit bad }
' $found
