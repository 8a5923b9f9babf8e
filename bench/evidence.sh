#!/bin/bash
# What verification costs beside its peer, in one run: strict verification of a receipt of 4 KiB beside `openssl speed
# ed25519`, and a verify of a small run from start to end. ASSAY is the program, TOOLS the folder with bench_verify and
# usage, ROOT that of the sources.
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
    awk -v a="$ours" -v b="$peer" 'BEGIN { printf "openssl speed ed25519: %.0f verifications/s, ratio %.2f (goal 0.50)\n", b, a / b }'
else
    echo "openssl is not installed: no peer"
fi

run=$ROOT/examples/real-llm/runs/smollm2-135m-instruct-q4_1-warm-closed
best_wall= best_cpu=
for _ in $(seq 20); do
    "$TOOLS/usage" "$work/usage" "$ASSAY" verify "$run" >/dev/null 2>&1
    wall=$(tr ' ' '\n' <"$work/usage" | sed -n 's/^wall_ns=//p') cpu=$(tr ' ' '\n' <"$work/usage" | sed -n 's/^cpu_ns=//p')
    [ -z "$best_wall" ] || [ "$wall" -lt "$best_wall" ] && best_wall=$wall
    [ -z "$best_cpu" ] || [ "$cpu" -lt "$best_cpu" ] && best_cpu=$cpu
done
awk -v w="$best_wall" -v c="$best_cpu" \
    'BEGIN { printf "verify of a small run, start to end, best of 20: %.1f ms, %.1f ms of CPU (goal 5)\n", w / 1e6, c / 1e6 }'
