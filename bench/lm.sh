#!/bin/sh
# The Reach table of the built-in language model, with the limits of the same run beside every figure.
#
# usage: [LM_SHAPE=2b4t] [LM_MODEL=FILE] [LM_PEERS=FILE] lm.sh
# LM_MODEL: a model of the user's own instead of seeded weights. LM_PEERS: peers and their models, to be measured in turn
# with ours (lm_peers.sh); without it the peers' published figures are quoted, and said to be.
set -eu

assay=${ASSAY:?where assay is}
tools=${TOOLS:?where the bench programs are}
shape=${LM_SHAPE:-2b4t}
work=$(mktemp -d "${TMPDIR:-/tmp}/assay-lm-XXXXXX") # about 1 GB for the largest shape; nothing of it stays
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
export ASSAY_STORE="$work/history.db"

model=${LM_MODEL:-}
if [ -n "$model" ]; then
    shape=${model##*/}
else
    need=$([ "$shape" = 2b4t ] && echo 2000000 || echo 200000)
    if [ "$(df -Pk "$work" | awk 'NR == 2 { print $4 }')" -lt "$need" ]; then
        echo "skipped: less than $need KiB are free under $work (TMPDIR says where)"
        exit 77
    fi
    model="$work/model.gguf"
    "$assay" lm synth --shape "$shape" --format i2_s --head q6_k --seed 1 "$model"
fi
echo

# An undecided run (a busy machine) is shown, and said to be one.
tolerate() {
    status=0
    "$@" || status=$?
    [ "$status" -eq 0 ] || [ "$status" -eq 2 ] || exit "$status"
}

echo "Limits of this machine, now"
tolerate "$assay" host --limits --quick 2>/dev/null
echo

# busy: what other programs took; batch 16 beside one stream is one run, so that the ratio is of one machine state.
threads=1,$(nproc)
[ "$(nproc)" -gt 1 ] || threads=1
echo "Cases (rounds: ${LM_PAIRS:-5})"
tolerate "$assay" lm bench "$model" -p 128 -n 16 --batch 1,16 -t "$threads" --pairs "${LM_PAIRS:-5}" --warmup 1 --no-fresh \
    --no-save --quiet --out "$work/runs" >"$work/cases"
cat "$work/cases"

peers() {
    if [ -n "${LM_PEERS:-}" ]; then
        ASSAY="$assay" "$(dirname "$0")/lm_peers.sh" "$model"
    else
        cat <<'EOF'
Peers, quoted: tok/s on one and two threads of a Sapphire-Rapids-class Xeon, the shape of BitNet-b1.58-2B-4T, not measured here
| peer, weights and head (MB a token) | decode | prefill 128 |
|---|---|---|
| llama.cpp TQ2_0 + Q6_K (807) | 6.6-7.4 / 12.9-14.4 | 25-28 / 50-55 |
| ik_llama.cpp IQ2_BN + Q6_K (792); -rtr 1 | 7.2-9.4 / 13.1-18.1; 5.4-8.4 / 12.2-16.8 | 45-58 / 79-88; 52-78 / 107-147 |
| bitnet.cpp 2024 I2_S + F16 (1178) | 5.4-6.1 / 11.1-12.5 | 24-28 / 54-59 |
A ratio needs both in one run on one machine: LM_PEERS names peers to measure (bench/lm_peers.sh).
EOF
    fi
}
peers
echo

# The rows of the cases table: arm, case of two to four words, rate, ... and the line of the limit behind it.
echo "Reach"
awk -v shape="$shape" '
    function percent(from) { for (i = from; i <= NF; i++) if ($i == "%") return $(i - 1); return "?" }
    /^[abc]  / { rate[$1] = $0 }
    /^  [0-9]+ threads?; a read-only pass/ {
        t = $1
        split(rate["a"], p, /  +/); split(rate["b"], d, /  +/); split(rate["c"], m, /  +/)
        limit = $0; sub(/.*weights: /, "", limit); sub(/ GB.*/, "", limit)
        printf "| %s, threads: %s | reached | goal |\n|---|---|---|\n", shape, t
        printf "| prefill 128, tok/s | %s | 6 times the best peer |\n", p[3]
        printf "| decode, tok/s | %s | twice the best peer |\n", d[3]
        printf "| decode: bytes a token over read rate, of %s GB/s | %s | 80 %% |\n", limit, d[7]
        printf "| batch 16 over one stream | %.2f | 8 |\n", (d[3] + 0 > 0) ? m[3] / d[3] : 0
    }
    /^  loading/ {
        printf "| load | %s | at most twice file bytes over read rate |\n\n", substr($0, 3)
    }' "$work/cases"

echo "Ternary GEMV of the decoding case, of the read-only pass (goal 95 %)"
grep -E '^ternary_gemv_[a-z0-9]+_[a-z0-9]+ +b ' "$work/cases" || echo "not measured"
echo
"$tools/bench_lm" "$model" "${LM_COUNT_PAIRS:-300}"
