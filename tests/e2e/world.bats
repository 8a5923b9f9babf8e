# Runs against a truth server whose behaviour is a matter of the whole server, not of one stream.
load ../cli/lib

# One run with the options of all tests here; PROMPT and OUTPUT are lengths, PROBES is empty to send probes. A busy machine may make a good
# run invalid (exit status 2), which says nothing about the server.
run_llm() {
    # shellcheck disable=SC2086 # no word or one
    run "$ASSAY" run llm --url "$URL" --model truth --peer scripted --warmup 0 --prompt-tokens "${PROMPT:-8}" \
        --output-tokens "${OUTPUT:-8}" ${PROBES---no-probes} --no-calibrate --no-save --quiet --seed 1 --out r "$@"
}

# statement FILE: the document inside the envelope
statement() {
    sed 's/.*"payload":"\([^"]*\)".*/\1/' "$1" | base64 -d
}

facts() {
    "$TRACE_FACTS" r/trace.assay
}

# all_facts WORD: every sample's line holds it.
all_facts() {
    facts >facts.txt
    [ -s facts.txt ]
    ! grep -v -- "$1" facts.txt
}

good_or_busy() {
    [ "$status" -eq 0 ] || { [ "$status" -eq 2 ] && statement r/receipt.json | grep -q '"invalid":\["'; }
}

@test "a slow accept costs time and nothing else" {
    echo '{"assay_truth":1,"accept_ns":150000000,"default":{"tokens":8}}' >s.json
    start_truth s.json
    run_llm --dialect openai --requests 1
    good_or_busy
    all_facts status=ok
}

@test "a 32K-token request that is read slowly departs long after send returned" {
    echo '{"assay_truth":1,"default":{"tokens":8,"read_bytes":16384,"read_gap_ns":2000000}}' >s.json
    start_truth s.json
    PROMPT=32000 run_llm --dialect openai --requests 1
    good_or_busy
    all_facts status=ok
    [ "$(facts | sed 's/.*departure_ns=\([-0-9]*\).*/\1/')" -gt 5000000 ]
}

@test "a digest that changes in mid-run makes the run invalid" {
    echo '{"assay_truth":1,"identity":{"next_digest":"00ff","next_digest_after":2},
        "default":{"dialect":"ollama","tokens":8}}' >s.json
    start_truth s.json
    run_llm --dialect ollama --requests 4
    [ "$status" -eq 2 ]
    statement r/receipt.json | grep -q '"invalid":\[[^]]*"subject"'
}

@test "a prompt cache that answers makes a warm run invalid" {
    # what precedes the run is answered without the cache, so that the template's floor is known to be 0
    echo '{"assay_truth":1,"default":{"dialect":"vllm","tokens":8,"cached_tokens":7},
        "streams":[{"match":{"order":[0,4]},"cached_tokens":0}]}' >s.json
    start_truth s.json
    PROBES="" run_llm --dialect vllm --requests 8 --state warm
    [ "$status" -eq 2 ]
    statement r/receipt.json | grep -q '"invalid":\[[^]]*"state"'
}

@test "a cold run unloads the model before each request, and sees it load" {
    echo '{"assay_truth":1,"default":{"dialect":"ollama","tokens":8,"load_ns":60000000}}' >s.json
    start_truth s.json
    PROBES="" run_llm --dialect ollama --requests 2 --state cold
    good_or_busy
    facts >facts.txt
    [ -s facts.txt ]
    while read -r line; do
        [ "$(echo "$line" | sed 's/.*ttft_ns=\([-0-9]*\).*/\1/')" -ge 60000000 ]
    done <facts.txt
}

@test "auto finds out which dialect a server speaks" {
    for dialect in ollama llamacpp vllm openai; do
        start_truth "preset:$dialect"
        rm -rf r
        OUTPUT=64 run_llm --requests 1 --dialect auto
        good_or_busy
        grep -q "\"$dialect\"" r/identity.json
        teardown
    done
}

@test "a calibrated run has its error bars in the receipt, and verifies" {
    start_truth preset:openai
    run "$ASSAY" run llm --url "$URL" --dialect openai --model truth --peer scripted --requests 4 --concurrency 2 \
        --no-save --quiet --seed 1 --out r
    good_or_busy
    statement r/receipt.json | grep -q '"stamp_calibration@1"'
    statement r/receipt.json | grep -q '"kernelP99Ns":'
    [ "$status" -eq 2 ] || run_exit 0 "$ASSAY" verify r
}

@test "an answer of /completion without its stop is incomplete, and a prompt that was cut is truncated" {
    echo '{"assay_truth":1,"default":{"dialect":"llamacpp","tokens":8},"streams":[
        {"match":{"order":0},"fault":{"kind":"missing_end"}},{"match":{"order":1},"truncated":true}]}' >s.json
    start_truth s.json
    run_llm --dialect llamacpp --api completion --requests 2
    [ "$status" -eq 5 ]
    facts | sed -n 1p | grep -q "status=incomplete"
    facts | sed -n 2p | grep -q "status=truncated"
}

@test "a server that is killed in mid-run leaves failed samples and a document" {
    echo '{"assay_truth":1,"default":{"tokens":1000,"interval_ns":10000000}}' >s.json
    start_truth s.json
    (sleep 0.5 && kill -KILL "$SERVER_PID") 3>&- &
    OUTPUT=1000 run_llm --dialect openai --requests 3
    wait
    [ "$status" -eq 5 ]
    [ -f r/record.json ]
    statement r/record.json >statement.txt
    grep -q '"outcome":"failed"' statement.txt
    ! grep -q '"metrics"' statement.txt
    ! facts | grep status=ok
}

@test "the same tokens come out of a whole run whatever the line ends" {
    for ends in lf crlf cr mixed; do
        echo "{\"assay_truth\":1,\"default\":{\"tokens\":8,\"line_end\":\"$ends\",\"drip_bytes\":90,
            \"piece_gap_ns\":200000}}" >s.json
        start_truth s.json
        rm -rf r
        run_llm --dialect openai --requests 3 --concurrency 3
        all_facts "chunks=8 tokens=8"
        teardown
    done
}

@test "the truth server prints its own lateness first and keeps its log" {
    "$ASSAY" truth --script preset:openai --log log >ready 2>summary 3>&- &
    SERVER_PID=$!
    for _ in $(seq 200); do
        grep -q '^listening on port' ready && break
        sleep 0.02
    done
    URL="http://127.0.0.1:$(sed -n 's/^listening on port //p' ready)"
    run_llm --dialect openai --requests 1
    kill -INT "$SERVER_PID"
    wait "$SERVER_PID"
    SERVER_PID=
    head -1 summary | grep -q '^lateness of the server:  p50 [0-9]'
    [ "$(head -c 8 log)" = ASSAYTL1 ]
}

@test "every token of a run is found in the server's log, at a time that its interval allows" {
    echo '{"assay_truth":1,"default":{"tokens":32,"interval_ns":10000000,"phase":"lockstep"}}' >s.json
    "$ASSAY" truth --script s.json --log log --quiet >ready 3>&- &
    SERVER_PID=$!
    for _ in $(seq 200); do
        grep -q '^listening on port' ready && break
        sleep 0.02
    done
    URL="http://127.0.0.1:$(sed -n 's/^listening on port //p' ready)"
    OUTPUT=32 run_llm --dialect openai --requests 20 --concurrency 10
    good_or_busy
    kill -INT "$SERVER_PID"
    wait "$SERVER_PID"
    SERVER_PID=
    run_exit 0 "$SCORE" r log
    says "samples=20 ok=20 tokens=640 lost=0 kernel_n=640 "
    says " unknown=0 outside=0 "
    # the median is right even on a busy machine: loopback takes microseconds
    [ "$(echo "$output" | sed 's/.*kernel_p50=\([-0-9]*\).*/\1/')" -lt 1000000 ]
    [ "$(echo "$output" | sed 's/.*kernel_p50=\([-0-9]*\).*/\1/')" -gt 0 ]
}

@test "a script with a mistake is refused with its place" {
    echo '{"assay_truth":1,"default":{"tokns":3}}' >s.json
    run_exit 3 "$ASSAY" truth --script s.json
    says "/default/tokns"
    run_exit 4 "$ASSAY" truth --script preset:nothing
    says "openai"
}

@test "an address that is taken is a failure of the world" {
    start_truth preset:openai
    run_exit 5 "$ASSAY" truth --listen "${URL#http://}"
}
