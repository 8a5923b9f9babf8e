#!/bin/sh
# Change points: assay and Apache Otava on the same series, Otava at its defaults and at assay's own rate of false points.
# Otava comes from the package index into an environment beside the build (ASSAY_PEERS names another place); where it
# cannot be installed the table has no such columns and says so. Cells where assay is behind are marked.
set -eu
export LC_ALL=C
here=${HERE:-$(cd "$(dirname "$0")" && pwd)}
tools=${TOOLS:?folder of bench_changes}
peers=${ASSAY_PEERS:-$tools/peers-changes}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$tools/bench_changes" "$work/series" >"$work/ours"
wanted=$(awk -F'\t' 'NR == 1 { print $2 }' "$work/ours")
if ! "$peers/bin/python" -c 'import otava' 2>/dev/null; then
    python3 -m venv "$peers" >"$work/pip" 2>&1 && timeout 900 "$peers/bin/pip" install -q apache-otava >>"$work/pip" 2>&1 ||
        echo "Apache Otava cannot be installed: $(tail -n 1 "$work/pip")"
fi
if "$peers/bin/python" -c 'import otava' 2>/dev/null; then
    "$peers/bin/python" "$here/changes_otava.py" "$work/series" "$wanted" >"$work/theirs"
    "$peers/bin/python" -c 'import importlib.metadata as m; print("Apache Otava", m.version("apache-otava"))'
else
    : >"$work/theirs"
fi
awk -F'\t' '
    FNR == NR { if ($1 == "level") level = $3; else { defaults[$1] = $2; matched[$1] = $3 } next }
    FNR == 1 { printf "%-34s %8s %14s %14s   false points per 100, or share of steps within 2\n", "", "assay",
                      "Otava p 0.001", "Otava p " level }
    {
        is_step = $1 ~ /sigma/
        behind = ""
        if (($1 in defaults) && (is_step ? $2 < defaults[$1] : $2 > defaults[$1])) behind = "  behind the defaults"
        if (($1 in matched) && (is_step ? $2 < matched[$1] : $2 > matched[$1])) behind = behind "  behind at the matched level"
        printf "%-34s %8s %14s %14s%s\n", $1, $2, ($1 in defaults) ? defaults[$1] : "-", ($1 in matched) ? matched[$1] : "-", behind
    }' "$work/theirs" "$work/ours"
