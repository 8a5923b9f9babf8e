# Runs against a truth server whose behaviour is a matter of the whole server, not of one stream.
load ../cli/lib

# One run with the options of all tests here. A busy machine may make a good
# run invalid (exit status 2), which says nothing about the server.
run_llm() {
    run "$ASSAY" run llm --url "$URL" --model truth --peer scripted --warmup 0 --prompt-tokens 8 --output-tokens 8 \
        --no-probes --no-calibrate --no-save --quiet --seed 1 --out r "$@"
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
    [ "$status" -eq 0 ] || { [ "$status" -eq 2 ] && grep -q '"invalid":\["' r/receipt.json; }
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
    run_llm --dialect openai --requests 1 --prompt-tokens 32000
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
    grep -q '"subject"' r/receipt.json
}

@test "a prompt cache that answers makes a warm run invalid" {
    echo '{"assay_truth":1,"default":{"dialect":"vllm","tokens":8,"cached_tokens":7}}' >s.json
    start_truth s.json
    run_llm --dialect vllm --requests 4 --state warm
    [ "$status" -eq 2 ]
    grep -q '"state"' r/receipt.json
}

@test "a cold run unloads the model before each request, and sees it load" {
    echo '{"assay_truth":1,"default":{"dialect":"ollama","tokens":8,"load_ns":60000000}}' >s.json
    start_truth s.json
    run_llm --dialect ollama --requests 2 --state cold
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
        run_llm --requests 1 --dialect auto
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
    grep -q '"stamp_calibration@1"' r/receipt.json
    grep -q '"kernelP99Ns":' r/receipt.json
    [ "$status" -eq 2 ] || run_exit 0 "$ASSAY" verify r
}

@test "a server that is killed in mid-run leaves failed samples and a document" {
    echo '{"assay_truth":1,"default":{"tokens":1000,"interval_ns":10000000}}' >s.json
    start_truth s.json
    (sleep 0.5 && kill -KILL "$SERVER_PID") 3>&- &
    run_llm --dialect openai --requests 3 --output-tokens 1000
    wait
    [ "$status" -eq 5 ]
    [ -f r/record.json ]
    ! grep -q '"metrics"' r/record.json
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
