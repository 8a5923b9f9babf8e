#!/bin/bash
# Every stream of streams.json, measured: each row of streams.tsv says what the run must make of it. Speaks TAP.
#
#     streams.sh ok|faults
#
# ok: rows whose samples succeed give a receipt that verifies. faults: the others give a run record without rates.
# ASSAY is the program, TRACE_FACTS prints what a trace says of each sample, HERE is this folder.
set -u
group=$1
work=$(mktemp -d)
export ASSAY_STORE="$work/history.db"
server=

# shellcheck disable=SC2317 # called by the trap
clean_up() {
    [ -n "$server" ] && kill "$server" 2>/dev/null && wait "$server" 2>/dev/null
    rm -rf "$work"
}
trap clean_up EXIT

"$ASSAY" truth --script "$HERE/streams.json" --quiet >"$work/ready" &
server=$!
for _ in $(seq 500); do
    grep -q '^listening on port' "$work/ready" && break
    sleep 0.02
done
url="http://127.0.0.1:$(sed -n 's/^listening on port //p' "$work/ready")"

# complain TEXT: one reason why a row fails; several may follow each other.
complain() {
    echo "# $1"
}

# every_sample WORDS: each sample's line must hold all of them.
every_sample() {
    local line word
    while read -r line; do
        for word in $1; do
            case " $line " in
            *" $word "*) ;;
            *) complain "wanted $word: $line" ;;
            esac
        done
    done <"$work/facts"
}

# statement FILE: the document inside the envelope
statement() {
    sed 's/.*"payload":"\([^"]*\)".*/\1/' "$1" | base64 -d
}

check_receipt() {
    local run=$1 code=$2
    [ -f "$run/receipt.json" ] || complain "no receipt"
    # 2: the machine was too busy for a valid run, which says nothing about this stream
    if [ "$code" -ne 0 ] && ! { [ "$code" -eq 2 ] && statement "$run/receipt.json" | grep -q '"invalid":\["'; }; then
        complain "exit status $code"
    fi
    "$ASSAY" verify "$run" >"$work/verdict" 2>&1 || [ "$code" -eq 2 ] || complain "verify: $(tail -1 "$work/verdict")"
}

check_record() {
    local run=$1 code=$2
    [ "$code" -eq 5 ] || complain "exit status $code instead of 5"
    [ -f "$run/record.json" ] || complain "no run record"
    [ ! -e "$run/receipt.json" ] || complain "a receipt beside the run record"
    statement "$run/record.json" >"$work/statement" 2>/dev/null
    grep -q '"outcome":"failed"' "$work/statement" || complain "the record's outcome is not failed"
    grep -q '"metrics"' "$work/statement" && complain "rates in a run record"
}

# measure MODEL DIALECT STATUS WANT OPTIONS
measure() {
    local model=$1 dialect=$2 status=$3 want=$4 options=$5 probes=--no-probes
    [ "$want" = - ] && want=
    [ "$options" = - ] && options=
    case "$options" in --probes*) probes='' options=${options#--probes} ;; esac
    # shellcheck disable=SC2086 # options are words
    "$ASSAY" run llm --url "$url" --dialect "$dialect" --model "$model" --peer scripted --requests 2 --warmup 0 \
        --output-tokens 8 $probes --no-calibrate --no-save --quiet --seed 1 --out "$work/$model" \
        ${options:---prompt-tokens 8} >"$work/out" 2>&1 </dev/null
    local code=$?
    if ! "$TRACE_FACTS" "$work/$model/trace.assay" >"$work/facts" 2>&1 || [ ! -s "$work/facts" ]; then
        complain "no samples (exit status $code)"
        sed 's/^/# /' "$work/out"
        return
    fi
    every_sample "status=$status $want"
    if [ "$status" = ok ]; then
        check_receipt "$work/$model" "$code"
    else
        check_record "$work/$model" "$code"
    fi
}

in_group() {
    case "$group-$1" in
    ok-ok | faults-[!o]*) return 0 ;;
    esac
    return 1
}

n=0
failed=0
while IFS=$'\t' read -r model dialect status want options; do
    case "$model" in '#'* | '') continue ;; esac
    in_group "$status" || continue
    n=$((n + 1))
    measure "$model" "$dialect" "$status" "$want" "$options" >"$work/why"
    if grep -q . "$work/why"; then
        echo "not ok $n $model is $status"
        cat "$work/why"
        cat "$work/why" >&2
        failed=1
    else
        echo "ok $n $model is $status"
    fi
done <"$HERE/streams.tsv"
echo "1..$n"
exit "$failed"
