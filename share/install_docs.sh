#!/bin/sh
# Writes manual pages and shell completions, as the program itself prints them from its option tables.
#
#   install_docs.sh ASSAY SOURCE MAN BASH ZSH FISH
#
# ASSAY: the built program. SOURCE: this folder. The others: where the files go, relative to the prefix (Meson sets
# MESON_INSTALL_DESTDIR_PREFIX) or absolute.
set -eu
export LC_ALL=C
assay=$1 source=$2 man=$3 bash=$4 zsh=$5 fish=$6

# in_place FOLDER: with DESTDIR and prefix in front, made if need be.
in_place() {
    case $1 in
    /*) folder=${DESTDIR:-}$1 ;;
    *) folder=${MESON_INSTALL_DESTDIR_PREFIX:?}/$1 ;;
    esac
    mkdir -p "$folder"
    echo "$folder"
}

man=$(in_place "$man")
list=$("$assay" man)
verbs=$(mktemp)
trap 'rm -f "$verbs"' EXIT
echo '.Bl -tag -width Ds' >"$verbs"
echo "$list" | while read -r page arguments; do
    # shellcheck disable=SC2086 # words
    "$assay" man $arguments >"$man/assay-$page.1"
    {
        echo ".It Xr assay-$page 1"
        sed -n 's/^\.Nd //p' "$man/assay-$page.1"
    } >>"$verbs"
done
echo '.El' >>"$verbs"
sed -e "/@VERBS@/r $verbs" -e '/@VERBS@/d' "$source/assay.1" >"$man/assay.1"

"$assay" completion bash >"$(in_place "$bash")/assay"
"$assay" completion zsh >"$(in_place "$zsh")/_assay"
"$assay" completion fish >"$(in_place "$fish")/assay.fish"
