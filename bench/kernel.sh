#!/bin/bash
# One kernel under `assay run kernel` and under Google Benchmark in the same minutes, in turn: nanoseconds of one call, the
# spread over repetitions, and what the timer costs. ASSAY is the program, PEER the Google Benchmark program ("" = none).
set -u
: "${ASSAY:?}"
peer=${PEER-}
rounds=${ROUNDS:-5}
cases=${CASES:-"kv-640 q-2560"}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
isa=avx2
"$ASSAY" host --kernels | grep -q '^ternary_gemv_i2s_avx2 .* usable ' || isa=ref

# of_assay CASE: ns of one call (p50 of 40 epochs), and the share of the timer.
of_assay() {
    rm -rf "$work/run"
    "$ASSAY" run kernel ternary_gemv --case "$1" --variants "$isa" --quiet --no-save --no-calibrate --out "$work/run" \
        >"$work/show" 2>&1
    sed 's/.*"payload":"\([^"]*\)".*/\1/' "$work/run/receipt.json" | base64 -d >"$work/statement"
    grep -o '"name":"service_p50","unit":"ns"[^}]*' "$work/statement" | sed 's/.*"value":"\([0-9.e+]*\)".*/\1/'
    grep -o '"timerShare":"[^"]*"' "$work/statement" | cut -d'"' -f4 >"$work/timer"
}

# of_peer CASE: ns of one call, the mean that it reports.
of_peer() {
    "$peer" --benchmark_filter="^ternary_gemv_i2s_$isa/$1\$" --benchmark_format=csv --benchmark_min_time=0.08 2>/dev/null |
        awk -F, '/^"ternary/ { print $3 * ($5 == "us" ? 1000 : $5 == "ms" ? 1000000 : 1) }'
}

summary() { sort -g | awk '{ x[NR] = $1 } END { if (NR) printf "%.0f (%.0f to %.0f)", x[int((NR + 1) / 2)], x[1], x[NR] }'; }

printf '%-10s %-28s %-28s %s\n' case "assay, ns a call" "google-benchmark, ns a call" "timer, share of an epoch"
for name in $cases; do
    : >"$work/a" && : >"$work/b"
    for _ in $(seq "$rounds"); do
        of_assay "$name" >>"$work/a"
        [ -n "$peer" ] && of_peer "$name" >>"$work/b"
    done
    printf '%-10s %-28s %-28s %s\n' "$name" "$(summary <"$work/a")" \
        "$([ -n "$peer" ] && summary <"$work/b" || echo 'not installed (libbenchmark-dev)')" "$(cat "$work/timer")"
done
echo "median of $rounds runs (least to largest), variant $isa, alternating"
