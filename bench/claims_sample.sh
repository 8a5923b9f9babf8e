#!/bin/bash
# False alarms of `assay claims` on ordinary documentation: READMEs, manuals, news and changelogs that Debian packages
# install, and the descriptions that Python packages ship.
#
#     claims_sample.sh list                 prints the sample on this machine, one file a line
#     claims_sample.sh run LIST [FINDINGS]  checks each file of LIST alone; prints files, lines, findings by rule, and
#                                           writes FILE:LINE: LEVEL RULE: MESSAGE of each finding to FINDINGS
#
# ASSAY is the program; PYTHON_PACKAGES a site-packages folder, whose files are listed as python:PATH. Files of LIST that
# this machine does not have are counted and left out. Each finding of a run is judged by a person, and only false ones
# count: docs/claims-evaluation.md.
set -u
export LC_ALL=C
work=

list() {
    find /usr/share/doc -xdev -type f -size -2048k \( -iname '*.md' -o -iname '*.md.gz' -o -iname '*.markdown' \
        -o -iname 'readme*' -o -iname 'news*' -o -iname 'changelog*' -o -iname 'changes*' -o -iname 'faq*' \) \
        ! -iname '*.html*' ! -iname '*.pdf*' ! -iname '*.xml*' ! -iname '*.dch' | sort
    if [ -n "${PYTHON_PACKAGES-}" ]; then
        (cd "$PYTHON_PACKAGES" && find . -type f -size -2048k \( -iname '*.md' -o -path '*.dist-info/METADATA' \)) |
            sed 's|^\./|python:|' | sort
    fi
}

# unpack FILE TO: the text of a file, under the name that decides how it is read
unpack() {
    case "$1" in
    *.gz) gzip -dc <"$1" >"$2" 2>/dev/null ;;
    *) cat <"$1" >"$2" ;;
    esac
}

kind_of() {
    case "$(basename "$1" .gz | tr '[:upper:]' '[:lower:]')" in
    changelog* | changes* | news*) echo "changelogs, news" ;;
    metadata) echo "descriptions of Python packages" ;;
    *) echo "READMEs, manuals" ;;
    esac
}

# check PATH FILE: one document alone; appends "KIND lines" to rows and its findings to findings
check() {
    local status name
    name=$(basename "$2" .gz)
    unpack "$2" "$work/$name"
    (cd "$work" && "$ASSAY" claims --fail-on note "./$name" >out 2>err)
    status=$?
    [ "$status" -le 2 ] || echo "$1: exit status $status: $(head -1 "$work/err")" >>"$work/unread"
    sed -n "s|^\./[^:]*:\([0-9]*\):[0-9]*: \([a-z]*\)\[\(C[0-9]*\) [a-z0-9-]*\]: |$1:\1: \2 \3: |p" "$work/out" >"$work/one"
    cat "$work/one" >>"$work/findings"
    printf '%s\t%d\t%d\t%d\n' "$(kind_of "$2")" "$(wc -l <"$work/$name")" "$(grep -c ': error C' "$work/one")" \
        "$(grep -c ': warning C' "$work/one")" >>"$work/rows"
    rm -f "$work/$name"
}

run() {
    : "${ASSAY:?}"
    local missing=0 path file
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    : >"$work/findings"
    : >"$work/unread"
    : >"$work/rows"
    while IFS= read -r path; do
        file=$path
        case "$path" in python:*) file=${PYTHON_PACKAGES-}/${path#python:} ;; esac
        if [ -r "$file" ]; then check "$path" "$file"; else missing=$((missing + 1)); fi
    done <"$1"
    [ -n "${2-}" ] && cat "$work/findings" "$work/unread" >"$2"
    echo "| documents | files | lines | errors | warnings | errors and warnings per 10,000 lines |"
    echo "|---|---:|---:|---:|---:|---:|"
    awk -F '\t' '
        { for (k = 1; k <= 2; k++) { name = k == 1 ? $1 : "~all"; files[name]++; lines[name] += $2; errors[name] += $3; warnings[name] += $4 } }
        END { for (name in files) printf "| %s | %d | %d | %d | %d | %.2f |\n", name, files[name], lines[name], errors[name],
                  warnings[name], lines[name] ? (errors[name] + warnings[name]) * 10000 / lines[name] : 0 }' "$work/rows" |
        sort | sed 's/~all/all/'
    echo
    echo "$missing files of the list are not on this machine; $(wc -l <"$work/unread") could not be read"
    sed -n 's/^.*: \(error\|warning\) \(C[0-9]*\): .*/\1 \2/p' "$work/findings" | sort | uniq -c
}

case "${1-}" in
list) list ;;
run) run "${2:?}" "${3-}" ;;
*)
    sed -n '2,/^set /{/^#/p}' "$0" >&2
    exit 4
    ;;
esac
