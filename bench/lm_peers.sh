#!/bin/sh
# Prefill and decode beside other programs, in turn, so that a ratio is of one machine state.
#
# usage: ASSAY=PATH LM_PEERS=FILE [LM_ROUNDS=3] lm_peers.sh MODEL.gguf
# A line of LM_PEERS names a peer, its llama-bench and its model: "NAME PATH-OF-LLAMA-BENCH MODEL". llama.cpp, ik_llama.cpp
# and bitnet.cpp have that program, with one form of output. Each round runs us and then every peer; the ratio is the
# median over the rounds of (ours / the peer's of that round), with the least and the greatest behind it.
set -eu

assay=${ASSAY:?where assay is}
peers=${LM_PEERS:?the file that names the peers}
model=${1:?the model}
rounds=${LM_ROUNDS:-3}
work=$(mktemp -d "${TMPDIR:-/tmp}/assay-peers-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
export ASSAY_STORE="$work/history.db"
threads=1,$(nproc)
[ "$(nproc)" -gt 1 ] || threads=1

# Lines of "round program case threads tok/s" go to $work/rates.
ours() {
    status=0
    "$assay" lm bench "$model" -p 128 -n 16 -t "$threads" --pairs 5 --warmup 1 --no-fresh --no-save --quiet \
        --out "$work/ours-$1" >"$work/cases" || status=$?
    [ "$status" -eq 0 ] || [ "$status" -eq 2 ] || exit "$status" # undecided: the machine was busy
    awk -v round="$1" '
        /^[ab]  / { split($0, cell, /  +/); rate[$1] = cell[3] }
        /^  [0-9]+ threads?; a read-only pass/ {
            print round, "assay", "prefill", $1, rate["a"]
            print round, "assay", "decode", $1, rate["b"]
        }' "$work/cases" >>"$work/rates"
}

peer() { # ROUND NAME PROGRAM MODEL
    if ! "$3" -m "$4" -p 128 -n 16 -t "$threads" -r 2 -o csv >"$work/csv" 2>"$work/words"; then
        echo "$2 failed: $(tail -n 1 "$work/words")"
        return
    fi
    awk -v round="$1" -v name="$2" '
        /^build_commit,/ { columns = split($0, header, ","); next }
        columns {
            gsub(/^"|"$/, "")
            split($0, cell, /","/)
            for (i = 1; i <= columns; i++) value[header[i]] = cell[i]
            print round, name, (value["n_gen"] > 0 ? "decode" : "prefill"), value["n_threads"], value["avg_ts"]
        }' "$work/csv" >>"$work/rates"
}

: >"$work/rates"
for round in $(seq "$rounds"); do
    ours "$round"
    while read -r name program file; do
        case $name in '' | '#'*) continue ;; esac
        peer "$round" "$name" "$program" "$file"
    done <"$peers"
done

echo "Peers, measured in this run: tok/s, medians of $rounds rounds in turn; and ours over theirs"
sort -k3,3r -k4,4n -k2,2 -k1,1n "$work/rates" | awk '
    function median(list, count,    i, k, t) {
        for (i = 2; i <= count; i++) for (k = i; k > 1 && list[k] < list[k - 1]; k--) { t = list[k]; list[k] = list[k - 1]; list[k - 1] = t }
        return count % 2 ? list[(count + 1) / 2] : (list[count / 2] + list[count / 2 + 1]) / 2
    }
    function flush(    i, n) {
        if (!count) return
        n = 0
        for (i = 1; i <= count; i++) if (ours[kind, at[i]] > 0 && rate[i] > 0) ratio[++n] = ours[kind, at[i]] / rate[i]
        m = median(rate, count)
        if (name == "assay") printf "| %s | %s | %.1f | |\n", name, kind, m
        else if (n) { r = median(ratio, n); printf "| %s | %s | %.1f | %.2f [%.2f, %.2f] |\n", name, kind, m, r, ratio[1], ratio[n] }
        else printf "| %s | %s | %.1f | not comparable: ours was not decided |\n", name, kind, m
    }
    BEGIN { print "| program | case, threads | tok/s | ours over it |\n|---|---|---|---|" }
    $2 == "assay" && $5 + 0 > 0 { ours[$3 ", " $4, $1] = $5 }
    { line[NR] = $0 }
    END {
        for (l = 1; l <= NR; l++) {
            split(line[l], f, " ")
            if (f[2] != name || f[3] ", " f[4] != kind) { flush(); count = 0; name = f[2]; kind = f[3] ", " f[4] }
            rate[++count] = f[5]; at[count] = f[1]
        }
        flush()
    }'
