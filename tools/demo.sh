#!/bin/sh
# The main job on the embedded default: make a model, measure it, issue a receipt, verify it, report; then the same for
# an endpoint, which is the scripted token server.
# usage: tools/demo.sh ASSAY-BINARY [OUT-DIR]
set -eu

assay=$1
out=${2:-demo-out}
work=$(mktemp -d)
server=

clean_up() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

say() { printf '\n--- %s\n' "$*"; }

# A busy machine makes a run invalid, openly: exit status 2. The demo goes on and shows it.
busy=
tolerate() {
    status=0
    "$@" || status=$?
    case $status in
    0) ;;
    2) busy=yes ;;
    *) exit "$status" ;;
    esac
}

# Only what an earlier demo left is removed; anything else in the way is the user's.
if [ -e "$out" ]; then
    if [ -f "$out/receipt.json" ] || [ -f "$out/record.json" ]; then
        rm -f "$out/receipt.json" "$out/record.json" "$out/plan.json" "$out/trace.assay" "$out/identity.json" \
              "$out/report.md" "$out/summary.csv" "$out/receipt.tlog-proof" "$out/receipt.tlog-entry" "$out/trust.json"
    fi
    rmdir "$out" 2>/dev/null || { echo "demo: '$out' is there and holds other files; move it away" >&2; exit 5; }
fi

say "assay lm synth: a ternary language model with seeded weights"
"$assay" lm synth --shape small --format i2_s --seed 1 "$work/synthetic-small.gguf"

say "assay key, assay log: a receipt key, a log, and the trust file that names them (all in a temporary directory)"
export XDG_STATE_HOME="$work/state" # what a verifier remembers; the user's own is left alone
"$assay" key new "$work/root" --unencrypted >/dev/null
"$assay" key new "$work/runner" --unencrypted
"$assay" log init "$work/log" --origin example.org/demo
"$assay" key rotate "$work/trust.json" --key "$work/root.key" --root "$work/root.pub" --receipt "$work/runner.pub" \
    --log "$work/log/log.vkey" >/dev/null

say "assay lm bench: prefill and decode on one thread, every kernel counted, signed and logged"
tolerate "$assay" lm bench "$work/synthetic-small.gguf" -p 128 -n 32 -t 1 --pairs 12 --no-save \
    --key "$work/runner.key" --log "$work/log" --out "$out"
cp "$work/trust.json" "$out/trust.json"

say "assay verify: every number again, from plan and trace; the signature and the log by the trust file"
tolerate "$assay" verify "$out" --trust "$out/trust.json" --log "$work/log"

say "assay log audit: every tile, entry and chain of the log"
"$assay" log audit "$work/log" --trust "$out/trust.json"

say "assay report: $out/report.md and $out/summary.csv"
"$assay" report --format md --output "$out/report.md" "$out"
"$assay" report --format csv --output "$out/summary.csv" "$out"
sed -n '1,/^| metric/p' "$out/report.md"

say "assay truth: an endpoint, the scripted token server on loopback"
"$assay" truth --script preset:vllm --quiet >"$work/ready" &
server=$!
tries=0
while ! grep -q listening "$work/ready" 2>/dev/null; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ] || ! kill -0 "$server" 2>/dev/null; then
        echo "demo: the server did not start" >&2
        exit 5
    fi
    sleep 0.05
done
port=$(sed -n 's/^listening on port //p' "$work/ready")

say "assay run llm: 32 requests, 4 at a time"
tolerate "$assay" run llm --url "http://127.0.0.1:$port" --model truth --requests 32 --concurrency 4 --warmup 4 \
    --slo-ttft 200ms --no-save --out "$work/endpoint"

say "assay explain --as vllm: what another tool would have printed for the same traffic"
"$assay" explain "$work/endpoint" --as vllm

if [ -n "$busy" ]; then
    printf '\nA run is INVALID, for the reason that stands first in it: other programs were busy on this machine.\n'
fi
printf '\nThe run of the model is in %s. Change any byte of it and verify again:\n  assay verify %s --trust %s/trust.json --log %s/receipt.tlog-proof\n' \
    "$out" "$out" "$out" "$out"
