#!/bin/bash
# What verification costs beside its peer, in one run: strict verification of a receipt of 4 KiB beside `openssl speed
# ed25519`; a verify of a small run from start to end; many on two cores beside one; the audit of a log of 10^6 entries.
# Each line ends in the goal and the ratio to it: 1 and above reaches it. ASSAY is the program, TOOLS the folder with
# bench_verify, bench_log and usage, ROOT that of the sources.
set -u
: "${ASSAY:?}" "${TOOLS:?}" "${ROOT:?}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export ASSAY_SOURCE_ROOT=$ROOT

"$TOOLS/bench_verify" >"$work/ours"
cat "$work/ours"
if command -v openssl >/dev/null; then
    peer=$(openssl speed -seconds 3 ed25519 2>/dev/null | awk '/Ed25519/ { print $NF }')
    ours=$(sed -n 's/^strict verification.*: \([0-9]*\)\/s.*/\1/p' "$work/ours")
    awk -v a="$ours" -v b="$peer" 'BEGIN {
        printf "openssl speed ed25519: %.0f verifications/s, ours %.2f of it (goal 0.50, ratio %.2f)\n", b, a / b, a / b / 0.5 }'
else
    echo "openssl is not installed: no peer"
fi

# least COMMAND...: sets wall and cpu, in ms, to the least of $rounds runs
least() {
    local each w c
    wall='' cpu=''
    for each in $(seq "$rounds"); do
        "$TOOLS/usage" "$work/usage" "$@" >/dev/null 2>&1
        w=$(tr ' ' '\n' <"$work/usage" | sed -n 's/^wall_ns=//p') c=$(tr ' ' '\n' <"$work/usage" | sed -n 's/^cpu_ns=//p')
        [ -z "$wall" ] || [ "$w" -lt "$wall" ] && wall=$w
        [ -z "$cpu" ] || [ "$c" -lt "$cpu" ] && cpu=$c
    done
}

# against_goal WHAT GOAL_MS: the least wall and CPU time against a goal of time
against_goal() {
    awk -v what="$1" -v goal="$2" -v w="$wall" -v c="$cpu" 'BEGIN {
        printf "%s: %.1f ms, %.1f ms of CPU (goal %g, ratio %.2f; by CPU time %.2f)\n", what, w / 1e6, c / 1e6, goal,
            goal / (w / 1e6), goal / (c / 1e6) }'
}

run=$ROOT/examples/real-llm/runs/smollm2-135m-instruct-q4_1-warm-closed
mkdir "$work/bare" && cp "$run/receipt.json" "$work/bare/"
rounds=20
least "$ASSAY" --version
against_goal 'the version, start to end, best of 20' 5
least "$ASSAY" verify "$work/bare"
against_goal 'verify of its receipt alone, start to end, best of 20' 5
least "$ASSAY" verify "$run"
against_goal 'verify of a small run, start to end, best of 20' 5

# Many documents: on one core beside all.
many=()
while [ ${#many[@]} -lt 300 ]; do many+=("$run"); done
rounds=5
least taskset -c 0 "$ASSAY" verify "${many[@]}"
one=$wall
least "$ASSAY" verify "${many[@]}"
awk -v one="$one" -v all="$wall" -v cores="$(nproc)" 'BEGIN {
    printf "300 documents, best of 5: %.0f ms on one core, %.0f ms on %d, %.2f times (goal 1.8, ratio %.2f)\n", one / 1e6,
        all / 1e6, cores, one / all, one / all / 1.8 }'

# A log of 10^6 entries, in memory where there is room.
place=/dev/shm
[ "$(df -Pk $place 2>/dev/null | awk 'NR == 2 { print $4 }')" -gt 2000000 ] 2>/dev/null || place=$work
log=$(mktemp -d "$place/assay-evidence-XXXXXX")
trap 'rm -rf "$work" "$log"' EXIT
"$TOOLS/bench_log" 1000000 "$log/log" keep
rounds=3
least "$ASSAY" log audit "$log/log"
against_goal 'audit of a log of 10^6 entries, start to end, best of 3' 1000
least taskset -c 0 "$ASSAY" log audit "$log/log"
against_goal 'the same on one core' 1000
"$TOOLS/bench_log" 200000 "$log" | grep -E 'proof' || true
