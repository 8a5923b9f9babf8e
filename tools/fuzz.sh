#!/bin/sh
# Builds the libFuzzer targets in build-fuzz/ (clang, address and undefined-behaviour sanitizers) and runs each for SECONDS on
# a copy of its corpus. A finding is left in build-fuzz/findings/ and is exit status 1; put it into fuzz/corpus/TARGET/ with
# the repair, so that it stays found.
#
#   fuzz.sh SECONDS [TARGET...]
set -eu
cd "$(dirname "$0")/.."
seconds=$1
shift
build=build-fuzz
if [ ! -f $build/build.ninja ]; then
    CC=clang meson setup $build -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false -Dbuildtype=debugoptimized \
        >$build.log 2>&1 || { tail -n 20 $build.log && rm -rf $build && exit 1; }
    rm -f $build.log
fi
ninja -C $build --quiet
mkdir -p $build/findings

status=0
for program in $build/fuzz/fuzz_*; do
    [ -x "$program" ] && [ ! -d "$program" ] || continue
    target=$(basename "$program")
    target=${target#fuzz_}
    case " $* " in *" $target "* | '  ') ;; *) continue ;; esac
    echo "fuzz: $target for $seconds s"
    mkdir -p "$build/corpus/$target"
    # New inputs go to the build folder; the seeds are only read.
    if ! "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=0 -verbosity=0 \
        -artifact_prefix="$build/findings/$target-" "$build/corpus/$target" "fuzz/corpus/$target" 2>"$build/$target.log"; then
        tail -n 40 "$build/$target.log"
        status=1
    fi
done
exit $status
