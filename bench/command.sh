#!/bin/bash
# What measuring a command costs, beside a bare spawn loop and hyperfine, in turn; what assay does while a command runs;
# and what it says of a command against itself and against a slower one.
#
# ASSAY is the program, RAW is raw_spawn. ROUNDS (7), RUNS a round (100), TRIALS (20).
set -u
: "${ASSAY:?}" "${RAW:?}"
rounds=${ROUNDS:-7} runs=${RUNS:-100} trials=${TRIALS:-20}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
program=$(command -v true | grep / || echo /bin/true)

# The value of a metric in `--json` of a run.
metric() { grep -A3 "\"name\": \"$1\"" "$2" | sed -n 's/.*"value": \([0-9.]*\).*/\1/p' | head -1; }

raw() { "$RAW" "$runs" "$program" | tr ' ' '\n' | sed -n 's/^median=//p'; }
assay() {
    rm -rf run
    "$ASSAY" run command --arm "$program" --pairs "$runs" --warmup 0 --quiet --no-save --json --out run >run.json
    metric service_p50 run.json
}
hyper() {
    hyperfine -N --warmup 1 --runs "$runs" --export-json hyper.json "$program" >/dev/null 2>&1 || { echo -; return; }
    sed -n 's/^ *"median": \([0-9.e-]*\).*/\1/p' hyper.json | head -1 | awk '{ printf "%.0f\n", $1 * 1e9 }'
}

echo "foreign load before: $("$ASSAY" doctor --duration 1s | sed -n 's/.*other processes used \([0-9.]*%\).*/\1/p' | head -1)"
has_hyper=$(command -v hyperfine)
for i in $(seq "$rounds"); do # another order each round
    case $((i % 3)) in
    0) tools="raw assay hyper" ;;
    1) tools="assay hyper raw" ;;
    2) tools="hyper raw assay" ;;
    esac
    for tool in $tools; do
        [ "$tool" = hyper ] && [ -z "$has_hyper" ] && continue
        "$tool" >>"$tool.txt"
    done
done
median_of() { [ -s "$1" ] && sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }' || echo -; }
share() { awk -v a="$1" -v b="$2" 'BEGIN { if (a > 0 && b > 0) printf "%+.2f%%", (a / b - 1) * 100; else printf "-" }'; }
base=$(median_of raw.txt)
echo "spawn to exit of $program, median of $rounds medians of $runs:"
for tool in raw assay hyper; do
    printf '  %-8s %10s ns  %s over the bare loop\n' "$tool" "$(median_of $tool.txt)" "$(share "$(median_of $tool.txt)" "$base")"
done
printf '  goal: assay at most +2%%; in pairs of a round: %s\n' \
    "$(paste assay.txt raw.txt | awk '{ print ($1 / $2 - 1) * 100 }' | sort -n | awk '{ v[NR] = $1 } END { printf "%+.2f%% (median), %+.2f%% to %+.2f%%", v[int((NR + 1) / 2)], v[1], v[NR] }')"

# What assay does while a command runs: memory and wake-ups of both processes over a second.
"$ASSAY" run command --arm 'sleep 3' --pairs 1 --warmup 0 --quiet --no-save --out quiet >/dev/null 2>&1 &
pid=$!
sleep 1
spawner=$(for p in /proc/[0-9]*; do awk -v p="$pid" -v me="${p#/proc/}" '$1 == "Name:" { n = $2 } $1 == "PPid:" && $2 == p && n == "assay-spawner" { print me }' "$p/status" 2>/dev/null; done | head -1)
switches() { cat "/proc/$1"/task/*/status | awk '/ctxt_switches/ { s += $2 } END { print s }'; }
memory() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status"; }
before=$(($(switches "$pid") + $(switches "$spawner")))
sleep 1
after=$(($(switches "$pid") + $(switches "$spawner")))
echo "while a command runs: assay $(memory "$pid") KiB, spawner $(memory "$spawner") KiB (goals 4096 and 2048), context switches in a second: $((after - before)) (goal 0)"
wait "$pid"

# words COMMAND_A COMMAND_B OPTIONS...: how often each word.
words() {
    local a=$1 b=$2
    shift 2
    for i in $(seq "$trials"); do
        rm -rf run v.json
        "$ASSAY" ab "$a" "$b" --quiet --no-save --no-doctor --out run -o v.json "$@" >/dev/null 2>&1
        grep -o '"word":"[^"]*"' v.json | tail -1 | cut -d'"' -f4
    done | sort | uniq -c | awk '{ printf "%s%d %s", (NR > 1 ? ", " : ""), $1, substr($0, index($0, $2)) }'
    echo
}
echo "assay ab 'sleep 0.05' 'sleep 0.05', $trials times: $(words 'sleep 0.05' 'sleep 0.05' --pairs 20)"
echo "a loop against itself, 20 pairs, $trials times: $(words "$ASSAY work loop 8000000" "$ASSAY work loop 8000000" --pairs 20)"
echo "3% more turns of the loop, 20 pairs, advisory, $trials times: $(words "$ASSAY work loop 30000000" "$ASSAY work loop 30900000" --pairs 20 --level advisory)"
