#!/bin/sh
# Layout, sizes, shell scripts, static analysis; quick ones first, all of them, exit status 1 if any complained.
set -eu
build=$1
cd "$(dirname "$0")/.."
status=0

step() {
    echo "lint: $1"
    shift
    "$@" || status=1
}

layout() {
    git ls-files -z '*.c' '*.h' | xargs -0 clang-format --dry-run -Werror
}

scripts() {
    git ls-files -z '*.sh' '.ci/run' | xargs -0 shellcheck
}

analysis() {
    # The compile commands are those of the build; clang does not know every warning of gcc.
    git ls-files -z 'src/*.c' |
        xargs -0 -n 8 -P "$(nproc)" clang-tidy --quiet -p "$build" --extra-arg=-Wno-unknown-warning-option
}

step 'layout (clang-format)' layout
step 'sizes (tools/ratchet.txt)' tools/ratchet.sh
step 'shell scripts (shellcheck)' scripts
step 'static analysis (clang-tidy)' analysis
exit $status
