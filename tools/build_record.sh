#!/bin/sh
# Writes the build record as a C file (src/host/build_record.h).
#
#   build_record.sh OUT ROOT COMPILER LINKER OPTIMIZE NDEBUG LTO COVERAGE \
#       flags FLAG... libs "NAME VERSION"... sanitizers NAME...
#
# OUT is left alone if nothing changed, so that nothing is compiled or linked again.
set -eu
export LC_ALL=C

out=$1 root=$2 compiler=$3 linker=$4 optimize=$5 ndebug=$6 lto=$7 coverage=$8
shift 8

# The checkout may belong to another user (a container, a build daemon); it is only read here.
git_read() {
    git -c safe.directory="$root" -C "$root" "$@"
}

quote() {
    printf '"%s"' "$(printf '%s' "$1" | sed 's/\\/\\\\/g; s/"/\\"/g')"
}

diff_sha256() {
    {
        git_read diff --binary HEAD
        git_read ls-files --others --exclude-standard -z | sort -z | (cd "$root" && xargs -0 -r sha256sum --)
    } | sha256sum | cut -c 1-64
}

commit=unknown dirty=true diff=NULL
# A tarball unpacked inside some other repository is not that repository's commit.
if [ -e "$root/.git" ] && commit=$(git_read rev-parse --verify -q HEAD 2>/dev/null); then
    if [ -z "$(git_read status --porcelain)" ]; then
        dirty=false
    else
        diff="\"$(diff_sha256)\""
    fi
else
    commit=unknown
fi

new=$out.new
{
    printf '/* Written by tools/build_record.sh. */\n#include "host/build_record.h"\n\n'
    lists=
    for word in "$@" end; do
        case $word in
        flags | libs | sanitizers | end)
            [ -z "$lists" ] || printf '    NULL,\n};\n\n'
            [ "$word" = end ] || printf 'static const char *const %s[] = {\n' "$word"
            lists="$lists $word"
            ;;
        *)
            printf '    %s,\n' "$(quote "$word")"
            ;;
        esac
    done
    printf 'const struct assay_build_record assay_build_record = {\n'
    printf '    .compiler = %s,\n    .linker = %s,\n    .commit = "%s",\n' "$(quote "$compiler")" "$(quote "$linker")" "$commit"
    for list in flags libs sanitizers; do
        printf '    .%s = {%s, sizeof %s / sizeof %s[0] - 1},\n' $list $list $list $list
    done
    printf '    .optimize = %s,\n    .ndebug = %s,\n    .lto = %s,\n    .coverage = %s,\n' "$optimize" "$ndebug" "$lto" "$coverage"
    printf '    .is_dirty = %s,\n    .dirty_diff_sha256 = %s,\n};\n' "$dirty" "$diff"
} >"$new"

if cmp -s "$new" "$out"; then
    rm -f "$new"
else
    mv -f "$new" "$out"
fi
