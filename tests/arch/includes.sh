#!/bin/sh
# Checks every #include "..." under ROOT/src against rooms.txt: allowed rooms only, of another room only its front door
# x/x.h (base is free), always by room and name. Prints FILE:LINE: what is wrong; exit status 1 if anything is.
set -eu
export LC_ALL=C
root=$1
here=$(cd "$(dirname "$0")" && pwd)
cd "$root"

found=$(find src include -name '*.[ch]' 2>/dev/null | sort)
[ -n "$found" ] || { echo "no sources under $root"; exit 1; }
# shellcheck disable=SC2086 # names of sources have no blanks
awk -v rooms="$here/rooms.txt" '
    BEGIN {
        while ((getline line < rooms) > 0) {
            n = split(line, word, " ")
            if (n < 2 || word[1] == "#" || word[1] ~ /^#/) continue
            known[word[1]] = 1
            for (i = 3; i <= n; i++) may[word[1], word[i]] = 1
        }
        # src/main.c joins everything for the program, src/libassay*.c what verification and
        # kernels need for the library.
        for (room in known) may["main.c", room] = 1
        known["main.c"] = known["libassay.c"] = known["libassay_kernel.c"] = 1
        may["libassay.c", "base"] = may["libassay.c", "crypto"] = may["libassay.c", "judge"] = may["libassay.c", "kernel"] = 1
        n = split("base crypto kernel measure report workload", word, " ")
        for (i = 1; i <= n; i++) may["libassay_kernel.c", word[i]] = 1
    }
    function complain(what) {
        print FILENAME ":" FNR ": " what
        bad = 1
    }
    FNR == 1 {
        split(FILENAME, part, "/")
        room = part[1] == "include" ? "include" : part[2]
        if (room != "include" && !(room in known)) complain("room \"" room "\" is not in rooms.txt")
    }
    /^[ \t]*#[ \t]*include[ \t]*"/ {
        path = $0
        sub(/^[^"]*"/, "", path)
        sub(/".*$/, "", path)
        n = split(path, piece, "/")
        if (n < 2 || path ~ /\.\./) {
            complain("\"" path "\" is not written as \"room/name.h\"")
            next
        }
        to = piece[1]
        if (to == "assay" || to == room) next
        if (room == "include") complain("a public header includes \"" path "\"")
        else if (!(to in known)) complain("\"" path "\": there is no room \"" to "\"")
        else if (!((room, to) in may)) complain(room " may not include " to " (\"" path "\")")
        else if (to != "base" && path != to "/" to ".h") complain("\"" path "\" is not the front door of " to)
    }
    END { exit bad }
' $found
