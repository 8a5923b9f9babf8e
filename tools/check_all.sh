#!/bin/sh
# Everything: the long tests, then all tests again under the sanitizers, with clang, and with failed allocations and writes;
# then every fuzz target for a moment. Each kind has a build folder of its own beside BUILD. The last line counts all of
# them: "N passed, N failed".
#
#   check_all.sh BUILD [KIND...]     kinds: normal asan tsan clang faults fuzz (default: all)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."
build=$1
shift
[ $# -gt 0 ] || set -- normal asan tsan clang faults fuzz

# One broken thing stops the program at once; the report names the line.
export ASAN_OPTIONS=abort_on_error=1:allocator_may_return_null=1:detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1

status=0 folders=

# kind FOLDER TEST-ARGUMENTS -- SETUP-ARGUMENTS
kind() {
    folder=$1
    shift
    tests=
    while [ "$1" != -- ]; do
        tests="$tests $1"
        shift
    done
    shift
    echo "check-all: $folder"
    if [ ! -f "$folder/build.ninja" ] && ! meson setup "$folder" --werror "$@" >"$folder.log" 2>&1; then
        tail -n 20 "$folder.log"
        rm -rf "$folder"
        status=1
        return
    fi
    rm -f "$folder.log" "$folder"/meson-logs/testlog*
    ninja -C "$folder" --quiet || status=1
    # shellcheck disable=SC2086 # words
    meson test -C "$folder" --no-rebuild --print-errorlogs --timeout-multiplier 4 $tests || status=1
    folders="$folders $folder"
}

sanitizers='-Dbuildtype=debugoptimized -Db_lundef=false'
for name in "$@"; do
    # shellcheck disable=SC2086 # words
    case $name in
    normal) ASSAY_SIMULATE=full ASSAY_REACH=full kind "$build" -- ;; # 10,000 trials a cell; docs/reach.md
    asan) kind build-asan --no-suite tools -- $sanitizers -Db_sanitize=address,undefined ;;
    # gcc warns that the thread sanitizer does not model fences (the sequence lock of measure/account.c).
    tsan) kind build-tsan --no-suite tools --no-suite arch --no-suite torture -- $sanitizers -Db_sanitize=thread -Dc_args=-Wno-tsan ;;
    clang) CC=clang kind build-clang --no-suite tools --no-suite long -- ;;
    faults) kind build-faults --suite torture -- $sanitizers -Db_sanitize=address,undefined -Dfaults=true ;;
    fuzz) "$here/fuzz.sh" 10 || status=1 ;;
    *) echo "check-all: no kind '$name'" >&2 && exit 4 ;;
    esac
done

# shellcheck disable=SC2086
"$here/count_tests.sh" $folders || status=1
exit $status
