#!/usr/bin/env bats
# Two endpoints in turn: parity, or by how much not.
load lib

# A second server, whose first token takes as long as it is told.
start_second() {
    echo "{\"assay_truth\": 1, \"default\": {\"dialect\": \"openai\", \"tokens\": 0, \"first_ns\": $1, \"interval_ns\": 1000000}}" \
        >second.json
    "$ASSAY" truth --script second.json --quiet >ready2 3>&- &
    SECOND_PID=$!
    for _ in $(seq 200); do
        grep -q '^listening on port' ready2 && break
        sleep 0.02
    done
    SECOND="http://127.0.0.1:$(sed -n 's/^listening on port //p' ready2)"
}

stop_second() {
    kill "$SECOND_PID" && wait "$SECOND_PID" || true
}

LOAD="--model-by-name --dialect openai --model truth --requests 5 --output-tokens 4 --gap 5ms --seed 1 --quiet --no-save --no-calibrate"

@test "a server that is several times as slow is no parity, and the receipt says so again" {
    start_truth
    start_second 16000000
    comes_to slower r "$ASSAY" parity "$URL" "$SECOND" --metric ttft_p50 $LOAD
    stop_second
    [ "$status" -eq 1 ] || { [ "$status" -eq 2 ] && says 'the run is invalid'; }
    says "ttft_p50"
    verifies r
    run "$ASSAY" parity r --model-by-name --metric ttft_p50 -o again.json
    [ "$(word_of again.json)" = slower ]
}

@test "a server against itself is at parity or undecided, and faster never" {
    start_truth
    run "$ASSAY" parity "$URL" "$URL" --pairs 10 --margin 20% $LOAD --out r -o v.json
    [ "$status" -eq 0 ] || [ "$status" -eq 2 ]
    case "$(word_of v.json)" in
    parity | inconclusive) ;;
    *) echo "$output" && return 1 ;;
    esac
}

@test "a server that is faster beyond the margin is no parity either" {
    start_truth
    start_second 1000000
    comes_to faster r "$ASSAY" parity "$URL" "$SECOND" --metric ttft_p50 $LOAD
    stop_second
    [ "$status" -ne 0 ]
}

@test "two separate runs get no verdict" {
    start_truth
    for dir in one two; do
        measures "$ASSAY" run llm --url "$URL" --dialect openai --model truth --requests 6 --seed 1 --no-calibrate --quiet \
            --out $dir
    done
    run_exit 2 "$ASSAY" parity one two
    run_exit 4 "$ASSAY" parity one "$URL"
    says "expected two URLs"
}

@test "servers that name no digest are not taken for equal, unless their word is taken" {
    echo '{"assay_truth": 1, "identity": {"digest": ""}, "default": {"dialect": "openai", "tokens": 0, "first_ns": 4000000}}' \
        >nameless.json
    start_truth nameless.json
    run_exit 2 "$ASSAY" parity "$URL" "$URL" --pairs 6 ${LOAD#--model-by-name} --out r
    says "model_digest"
    says "not comparable: the endpoints differ in 1 field"
}

@test "servers of different weights are not comparable, whatever their speed" {
    local node
    for node in 1 2; do
        printf '{"assay_truth": 1, "identity": {"digest": "%064d"}, "default": {"dialect": "ollama", "tokens": 0, "first_ns": 4000000, "interval_ns": 1000000}}' \
            "$node" >"node$node.json"
    done
    start_truth node1.json
    "$ASSAY" truth --script node2.json --quiet >ready2 3>&- &
    SECOND_PID=$!
    for _ in $(seq 200); do
        grep -q '^listening on port' ready2 && break
        sleep 0.02
    done
    run "$ASSAY" parity "$URL" "http://127.0.0.1:$(sed -n 's/^listening on port //p' ready2)" --pairs 6 --requests 2 \
        --output-tokens 4 --gap 5ms --seed 1 --quiet --no-save --no-calibrate --out r
    stop_second
    [ "$status" -eq 2 ]
    says "model_digest"
    says "0000001"
    says "0000002"
}
