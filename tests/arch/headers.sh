#!/bin/sh
# Compiles every header under ROOT/src on its own as C17, and every public one (ROOT/include) as C17 and as C++17, with all
# warnings as errors. CC and CXX name the compilers; $2 has further flags for C. Prints what is wrong; exit status 1 if so.
set -eu
export LC_ALL=C
cd "$1"
flags=${2:-}
warnings='-Wall -Wextra -Wpedantic -Werror'
bad=0

# compile HEADER COMPILER...
compile() {
    header=$1
    shift
    # One declaration: an empty translation unit is an error of its own.
    if ! message=$(echo 'extern int assay_not_empty;' | "$@" -fsyntax-only -include "$header" - 2>&1); then
        echo "$header does not compile on its own ($*):"
        printf '%s\n' "$message" | head -n 5
        bad=1
    fi
}

found=$(find src -name '*.h' | sort)
public=$(find include -name '*.h' 2>/dev/null | sort)
[ -n "$found$public" ] || { echo "no headers under $1"; exit 1; }
for header in $found; do
    # shellcheck disable=SC2086
    compile "$header" ${CC:-cc} -x c -std=c17 -D_GNU_SOURCE $warnings -Isrc -Iinclude $flags
done
for header in $public; do
    # shellcheck disable=SC2086
    compile "$header" ${CC:-cc} -x c -std=c17 $warnings -Iinclude
    # shellcheck disable=SC2086
    compile "$header" ${CXX:-c++} -x c++ -std=c++17 $warnings -Iinclude
done
exit $bad
