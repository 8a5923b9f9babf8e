#!/bin/sh
# Runs a command again and again, and makes the n-th allocation (or write, or read) of it fail, for n = 1, 2, 3 ...
#
#   torture.sh VARIABLE LAST COMPARE COMMAND...
#
# VARIABLE: ASSAY_FAULT_ALLOC, ASSAY_FAULT_WRITE or ASSAY_FAULT_READ (src/base/faults.h). LAST: the largest n; ends earlier after CALM runs in
# a row to which nothing happened. COMPARE: `bytes` if every good run prints and writes the same, `names` if only the names
# of its files are the same (a measurement). COMMAND runs in an empty folder of its own each time.
#
# After each run: the exit status of the undisturbed run only with its output and its files; otherwise 5 (the world failed: no
# shortage may pass for wrong input or for a judgement), or 2 as well for a measurement, which may end as an aborted run; a
# reason on standard error; and each file either whole or not there, never half and never a temporary one.
# Prints what was wrong; exit status 1 if anything was.
set -u
export LC_ALL=C
variable=$1 last=$2 compare=$3
shift 3

CALM=12      # a command has a few allocations that it may do without
SECONDS_MAX=60

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0 calm=0 n=0 failed=0

complain() {
    echo "$variable=$n: $1"
    sed -n '1,5p' "$work/err" | sed 's/^/    /'
    bad=1
}

# Of each file in the folder: its digest and name, or its name alone.
files() {
    if [ "$compare" = bytes ]; then
        (cd "$1" && find . -type f -exec sha256sum {} + | sort -k 2)
    else
        (cd "$1" && find . -type f | sort)
    fi
}

# run: in $work/dir; sets status.
run() {
    rm -rf "$work/dir" && mkdir "$work/dir"
    (cd "$work/dir" && exec timeout "$SECONDS_MAX" "$@") >"$work/out" 2>"$work/err" </dev/null
    status=$?
}

run "$@"
usual=$status
case $usual in
0 | 1 | 2) ;; # good, or judged
*)
    complain "the undisturbed run ends with $usual"
    exit 1
    ;;
esac
cp "$work/out" "$work/out.good"
files "$work/dir" >"$work/files.good"

is_good() {
    files "$work/dir" >"$work/files"
    if [ "$compare" = bytes ] && ! cmp -s "$work/out" "$work/out.good"; then
        complain "exit status $usual, but another output"
    elif ! cmp -s "$work/files" "$work/files.good"; then
        complain "exit status $usual, but other files: $(tr '\n' ' ' <"$work/files")"
    fi
}

is_clean_failure() {
    [ -s "$work/err" ] || complain "exit status $status without a reason"
    files "$work/dir" >"$work/files"
    # Every file that is there is one of the good run: whole, under its final name. A run record stands for a receipt.
    strange=$(grep -vxFf "$work/files.good" "$work/files" | grep -v '/record\.json$')
    [ -z "$strange" ] || complain "exit status $status leaves: $(echo "$strange" | tr '\n' ' ')"
}

while [ "$n" -lt "$last" ] && [ "$calm" -lt "$CALM" ]; do
    n=$((n + 1))
    export "$variable=$n"
    run "$@"
    unset "$variable"
    case $status-$compare in
    "$usual"-* | 0-names) # a measurement may be valid now that was noisy before
        is_good
        calm=$((calm + 1))
        ;;
    5-* | 2-names)
        is_clean_failure
        failed=$((failed + 1))
        calm=0
        ;;
    124-*) complain "still runs after $SECONDS_MAX s" ;;
    *) complain "ends with $status" ;;
    esac
done
echo "$n runs, $failed failed in good order"
[ "$bad" -eq 0 ] && [ "$failed" -gt 0 ] # a torture that hurt nothing tortured nothing
