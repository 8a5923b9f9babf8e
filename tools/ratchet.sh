#!/bin/sh
# Sizes that may only get better: the longest function, its branches, the longest file, under src/ (and so in the product).
#
#   ratchet.sh [ROOT]            compares with ROOT/tools/ratchet.txt; exit status 1 if something got worse
#   ratchet.sh --update [ROOT]   writes what got better into ratchet.txt; what got worse stays an error
#   ratchet.sh --list [ROOT]     the ten worst of each
#
# A function runs from a `{` in the first column to the next `}` there (clang-format sees to that). Its branches are 1 and
# every if, for, while, case, &&, || and ? in it: cyclomatic complexity after McCabe, 1976. Up to the wanted size (STYLE.md:
# 40 lines, 15 branches, 400 lines) growth is nobody's business.
set -eu
export LC_ALL=C
mode=check
case ${1:-} in
--update) mode=update && shift ;;
--list) mode=list && shift ;;
esac
cd "${1:-$(dirname "$0")/..}"
table=tools/ratchet.txt

# MEASURE VALUE PLACE, one a line.
measure() {
    # shellcheck disable=SC2046 # names of sources have no blanks
    awk '
        function end_file() { if (file) print "file-lines", lines, file }
        FNR == 1 { end_file(); file = FILENAME; inside = 0; name = "" }
        { lines = FNR }
        !inside && /^[A-Za-z_].*\(/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
        !inside && /^\{/ { inside = 1; first = FNR; branches = 1; next }
        inside && /^\}/ {
            print "function-lines", FNR - first + 1, file ":" name
            print "function-branches", branches, file ":" name
            inside = 0
            next
        }
        inside {
            text = $0
            gsub(/"([^"\\]|\\.)*"/, "", text)
            gsub(/\047([^\047\\]|\\.)*\047/, "", text)
            sub(/\/\*.*/, "", text)
            sub(/^ *\* .*/, "", text)
            branches += gsub(/&&|\|\||\?/, "", text)
            while (match(text, /(^|[^A-Za-z0-9_])(if|for|while|case)[^A-Za-z0-9_]/)) {
                branches++
                text = substr(text, RSTART + RLENGTH)
            }
        }
        END { end_file() }
    ' $(find src -name '*.[ch]' | sort)
}

sizes=$(measure)
[ -n "$sizes" ] || { echo "ratchet: no sources"; exit 1; }
if [ "$mode" = list ]; then
    for kind in function-lines function-branches file-lines; do
        printf '%s\n' "$sizes" | awk -v kind=$kind '$1 == kind' | sort -k2,2nr -k3 | head -n 10
    done
    exit 0
fi

status=0 new=
while read -r kind limit; do
    case $kind in '#'* | '') continue ;; esac
    case $kind in
    function-lines) wanted=40 ;;
    function-branches) wanted=15 ;;
    file-lines) wanted=400 ;;
    *) echo "ratchet: $table: unknown measure '$kind'" && exit 1 ;;
    esac
    worst=$(printf '%s\n' "$sizes" | awk -v kind="$kind" '$1 == kind' | sort -k2,2nr -k3 | head -n 1)
    value=$(echo "$worst" | cut -d ' ' -f 2)
    if [ "$value" -gt "$limit" ] && [ "$value" -gt "$wanted" ]; then
        printf '%s\n' "$sizes" | awk -v kind="$kind" -v limit="$limit" -v wanted="$wanted" '
            $1 == kind && $2 > limit && $2 > wanted { print "ratchet: " $3 ": " $1 " " $2 ", at most " limit }'
        status=1
        value=$limit
    elif [ "$value" -lt "$wanted" ]; then
        value=$wanted
    fi
    [ "$mode" = check ] || new="$new$kind $value
"
done <"$table"

if [ "$mode" = update ]; then
    { grep '^#' "$table" && printf '%s' "$new"; } >"$table.new" && mv "$table.new" "$table"
fi
exit $status
