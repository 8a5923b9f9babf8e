# The server of the built-in language model: both dialects, many at once, clients that leave, requests that are wrong.
load lib

# synth [SHAPE]: a small synthetic model in m.gguf; quick unless a shape is named.
synth() {
    "$ASSAY" lm synth --shape "${1:-tiny}" --seed 1 m.gguf >/dev/null
}

# A token of it takes milliseconds, and it has room for 2,000: what must not be over by itself runs long enough.
SLOW=8,512,1536,8,4,512

# start_lm [OPTIONS]: serves m.gguf and sets URL.
start_lm() {
    rm -f ready # of the server before
    "$ASSAY" lm serve --listen 127.0.0.1:0 --threads 1 --pinned 0 "$@" test=m.gguf >ready 2>server.txt 3>&- &
    SERVER_PID=$!
    for _ in $(seq 1500); do
        grep -qs '^listening on port' ready && break
        sleep 0.02
    done
    URL="http://127.0.0.1:$(sed -n 's/^listening on port //p' ready)"
}

# ask PATH BODY: the whole answer.
ask() {
    curl -sN --max-time 60 "$URL$1" -d "$2"
}

# metric NAME: the sum of its lines; NAME may end in a label.
metric() {
    curl -s "$URL/metrics" | awk -v name="$1" 'index($0, name) == 1 { sum += $NF } END { printf "%d\n", sum }'
}

# comes_to NAME VALUE: within a generous time.
comes_to() {
    for _ in $(seq 1500); do
        [ "$(metric "$1")" -eq "$2" ] && return 0
        sleep 0.02
    done
    echo "$1 is $(metric "$1") and does not come to $2"
    return 1
}

# begins FILE: the stream in it has begun.
begins() {
    for _ in $(seq 1500); do
        [ -s "$1" ] && return 0
        sleep 0.02
    done
    echo "nothing comes into $1"
    return 1
}

# text FILE: what an answer of Ollama or OpenAI says, as the pieces of JSON strings that it is.
text() {
    sed -n 's/.*"\(response\|content\|text\)":"\(\([^"\\]\|\\.\)*\)".*/\2/p' "$1" | tr -d '\n'
}

@test "a model says that it is synthetic, and its digest, in the words of both dialects" {
    synth
    start_lm --context 256
    grep -q '^model synthetic-test$' ready
    digest=$(sha256sum m.gguf | cut -d' ' -f1)
    for path in /api/tags /api/ps /v1/models; do
        run curl -s "$URL$path"
        says "\"digest\":\"$digest\""
        says '"synthetic-test"'
    done
    run curl -s "$URL/api/ps"
    says '"context_length":256'
    run ask /api/show '{"model":"synthetic-test:latest"}'
    says '"general.name":"synthetic tiny'
    says '"quantization_level":"I2_S"'
    run curl -s "$URL/api/version"
    says '{"version":"'
    run curl -s "$URL/health"
    says '{"status":"ok"}'
}

@test "one seed gives one text: whole and streamed, in all four endpoints" {
    synth
    start_lm
    options='"seed":5,"temperature":0.9,"top_p":1'
    chat='"messages":[{"role":"user","content":"hello"}]'
    ollama="\"options\":{$options,\"num_predict\":24,\"top_k\":0}"
    for stream in true false; do
        ask /api/generate "{\"prompt\":\"hello\",$ollama,\"stream\":$stream}" >"generate-$stream"
        ask /api/chat "{$chat,$ollama,\"stream\":$stream}" >"chat-$stream"
        ask /v1/completions "{\"prompt\":\"hello\",$options,\"max_tokens\":24,\"stream\":$stream}" >"text-$stream"
        ask /v1/chat/completions "{$chat,$options,\"max_tokens\":24,\"stream\":$stream}" >"talk-$stream"
    done
    wanted=$(text generate-false)
    [ "${#wanted}" -ge 12 ]
    for answer in generate-true chat-true chat-false text-true text-false talk-true talk-false; do
        [ "$(text $answer)" = "$wanted" ] || { echo "$answer: $(cat $answer)"; return 1; }
    done
    grep -q '"eval_count":24' generate-true
    grep -q '"prompt_eval_count":4' chat-false
    grep -q '"usage":{"prompt_tokens":4,"completion_tokens":24,"total_tokens":28,"prompt_tokens_details":{"cached_tokens":0}}' talk-false
    [ "$(tail -n 2 talk-true | head -1)" = 'data: [DONE]' ]
    ! grep -q '"usage"' talk-true
}

@test "a top_p of 0 leaves the most probable token, as a temperature of 0 does" {
    synth
    start_lm
    ask /v1/completions '{"prompt":"abc","seed":5,"max_tokens":12,"top_p":0}' >a
    ask /v1/completions '{"prompt":"abc","seed":6,"max_tokens":12,"temperature":0}' >b
    [ "$(text a)" = "$(text b)" ]
    [ -n "$(text a)" ]
}

@test "counts, times, seed and fingerprint stand in the last event, zeros too" {
    synth
    start_lm
    ask /api/generate '{"prompt":"a","options":{"num_predict":3,"seed":7}}' | tail -1 >last
    for member in '"done":true' '"done_reason":"length"' '"load_duration":0' '"prompt_eval_count":1' \
        '"prompt_eval_duration":0' '"eval_count":3' '"seed":7' '"system_fingerprint":"assay-'; do
        grep -q -- "$member" last || { echo "no $member in $(cat last)"; return 1; }
    done
    # a seed that was not asked for is drawn, told, and gives the same again
    ask /v1/completions '{"prompt":"a","max_tokens":20}' >first
    seed=$(sed -n 's/.*"seed":\([0-9]*\).*/\1/p' first)
    ask /v1/completions "{\"prompt\":\"a\",\"max_tokens\":20,\"seed\":$seed}" >again
    [ "$(text first)" = "$(text again)" ]
    ask /v1/chat/completions '{"messages":[{"role":"user","content":"a"}],"max_tokens":2,"stream":true,
        "stream_options":{"include_usage":true}}' >stream
    grep -q '"choices":\[\],"usage":{"prompt_tokens":1,"completion_tokens":2' stream
}

@test "sixteen at once get what each gets alone" {
    synth
    start_lm --parallel 16
    for i in $(seq 16); do
        echo "{\"prompt\":\"$(seq -s' ' "$i")\",\"stream\":false,\"options\":{\"seed\":$i,\"num_predict\":40}}" >"body-$i"
    done
    for i in $(seq 16); do
        curl -s "$URL/api/generate" -d "@body-$i" >"many-$i" 3>&- &
    done
    # shellcheck disable=SC2046 # a list of processes
    wait $(jobs -p | grep -v "^$SERVER_PID$")
    passes=$(metric assay_lm_passes_total)
    [ "$(metric assay_lm_pass_tokens_total)" -gt "$passes" ] # they did share passes
    for i in $(seq 16); do
        curl -s "$URL/api/generate" -d "@body-$i" >"alone-$i"
        [ "$(text "alone-$i")" = "$(text "many-$i")" ] || { cat "alone-$i" "many-$i"; return 1; }
    done
    [ "$(text alone-1)" != "$(text alone-2)" ]
}

@test "a stop text ends the answer wherever its tokens begin and end" {
    synth
    start_lm
    ask /api/generate '{"prompt":"x","stream":false,"options":{"seed":2,"num_predict":60}}' >whole
    whole=$(text whole)
    stop=$(sed 's/\\u....\|\\./ /g' <<<"$whole" | grep -o '[a-z]\{4\}' | head -1) # of two tokens or more, mostly
    [ "${#stop}" -eq 4 ]
    ask /api/generate "{\"prompt\":\"x\",\"options\":{\"seed\":2,\"num_predict\":60,\"stop\":[\"$stop\"]}}" >stopped
    grep -q '"done_reason":"stop"' stopped
    [ "$(text stopped)" = "${whole%%"$stop"*}" ]
}

@test "logprobs come with every token" {
    synth
    start_lm
    run ask /v1/chat/completions '{"messages":[{"role":"user","content":"a"}],"max_tokens":6,"logprobs":true,"top_logprobs":2}'
    [ "$(grep -o '"top_logprobs":\[' <<<"$output" | wc -l)" -eq 6 ]
    run ask /v1/completions '{"prompt":"a","max_tokens":6,"logprobs":1,"temperature":0}'
    says '"token_logprobs":['
    says '"text_offset":[0'
    run ask /api/generate '{"prompt":"a","logprobs":true,"options":{"num_predict":3}}'
    says '"logprobs":[{"token":'
}

@test "a full context ends the answer, and a prompt that does not fit is refused whole" {
    synth
    start_lm --context 64
    run ask /api/generate '{"prompt":"ab","stream":false}'
    says '"done_reason":"length"'
    says '"prompt_eval_count":2,'
    says '"eval_count":63,' # the last token of the context gives one more
    long=$(printf 'x %.0s' $(seq 200))
    run ask /v1/completions "{\"prompt\":\"$long\"}"
    says 'and the context is 64'
    says '"type":"invalid_request_error"'
}

@test "what is wrong is said in the dialect of the path" {
    synth
    start_lm
    run ask /api/chat '{"model":"other","messages":[{"role":"user","content":"x"}]}'
    [ "$output" = "{\"error\":\"model 'other' not found\"}" ]
    run ask /v1/chat/completions '{"model":"other","messages":[{"role":"user","content":"x"}]}'
    says '"code":"model_not_found"'
    run ask /v1/chat/completions '{"messages":[{"role":"user","content":"x"}],"tools":[{"type":"function"}]}'
    says '"message":"tools: '
    says '"param":"tools"'
    run ask /api/generate '{"prompt":"x","images":["aGk="]}'
    says '{"error":"images: '
    run ask /api/generate '{"prompt":'
    says '{"error":"body: line 1'
    run ask /api/chat "{\"messages\":$(printf '[%.0s' $(seq 100))"
    says '{"error":"body: '
    status_of() { curl -s -o answer.txt -w '%{http_code}' "$@"; }
    [ "$(status_of "$URL/nothing")" = 404 ]
    grep -q '"message":"there is no such path here",.*"code":null' answer.txt
    [ "$(status_of "$URL/api/nothing")" = 404 ]
    [ "$(cat answer.txt)" = '{"error":"there is no such path here"}' ]
    [ "$(status_of "$URL/api/chat")" = 405 ]
    grep -q '^{"error":"this path' answer.txt
    [ "$(status_of -X DELETE "$URL/api/tags")" = 405 ]
    [ "$(status_of "$URL/v1/completions" -d '{"prompt":"x","max_tokens":1e300}')" = 400 ]
    [ "$(status_of -H 'Origin: http://evil.example' "$URL/api/tags")" = 403 ]
    head -c 9000000 /dev/zero | tr '\0' ' ' >large
    [ "$(status_of "$URL/api/generate" --data-binary @large)" = 413 ]
    [ "$(status_of -H 'Transfer-Encoding: chunked' "$URL/api/generate" --data-binary @large)" = 413 ]
    run ask /api/generate '{"model":"test","prompt":"x"}' # the name says that the weights are synthetic
    says 'not found'
    run ask /api/generate '{"prompt":"","stream":false}'
    says '"done_reason":"load"'
}

# A request that goes on for seconds unless it is stopped.
LONG='{"prompt":"x","max_tokens":1900,"ignore_eos":true,"stream":true}'

@test "a client that goes away stops the work" {
    synth $SLOW
    start_lm --parallel 2 --json-log log
    curl -sN "$URL/v1/completions" -d "$LONG" >stream 3>&- &
    client=$!
    begins stream
    [ "$(metric assay_lm_slots_busy)" -eq 1 ]
    kill "$client"
    comes_to 'assay_lm_finished_total{model="synthetic-test",reason="cancelled"}' 1
    comes_to assay_lm_slots_busy 0
    grep -q '"path":"/v1/completions",.*"finish":"cancelled"' log
    tokens=$(metric assay_lm_output_tokens_total)
    [ "$tokens" -lt 1900 ]
    sleep 0.2
    [ "$(metric assay_lm_output_tokens_total)" -eq "$tokens" ]
}

@test "a queue that is full says so, and one who waits is served" {
    synth $SLOW
    start_lm --parallel 1 --queue 1
    curl -sN "$URL/v1/completions" -d "$LONG" >first 3>&- &
    first=$!
    comes_to assay_lm_slots_busy 1
    curl -s "$URL/v1/completions" -d '{"prompt":"y","max_tokens":3,"ignore_eos":true}' >second 3>&- &
    second=$!
    comes_to assay_lm_queue 1
    curl -s -D head "$URL/v1/completions" -d "$LONG" >third
    head -1 head | grep -q 503
    grep -qi '^retry-after: ' head
    grep -q '"code":"overloaded"' third
    [ "$(metric assay_lm_queue_full_total)" -eq 1 ]
    kill "$first"
    wait "$second"
    grep -q '"completion_tokens":3' second
}

@test "the caches are a fixed pool: who does not fit waits" {
    synth $SLOW
    start_lm --parallel 2 --cache 2048
    curl -sN "$URL/v1/completions" -d "$LONG" >first 3>&- &
    first=$!
    comes_to assay_lm_slots_busy 1
    curl -s "$URL/v1/completions" -d '{"prompt":"y","max_tokens":200,"ignore_eos":true}' >second 3>&- &
    second=$!
    comes_to assay_lm_queue 1
    [ "$(metric assay_lm_slots_busy)" -eq 1 ]
    kill "$first"
    wait "$second"
    grep -q '"completion_tokens":200' second
}

@test "the end of the server lets streams finish, or tells them that it does not" {
    synth $SLOW
    start_lm --grace 60s
    curl -sN "$URL/v1/completions" -d '{"prompt":"x","max_tokens":60,"stream":true}' >finished 3>&- &
    client=$!
    begins finished
    kill -TERM "$SERVER_PID"
    wait "$SERVER_PID"
    wait "$client"
    [ "$(tail -n 2 finished | head -1)" = 'data: [DONE]' ]

    start_lm --grace 0s
    curl -sN "$URL/v1/completions" -d "$LONG" >cut 3>&- &
    client=$!
    begins cut
    kill -INT "$SERVER_PID"
    wait "$SERVER_PID"
    SERVER_PID=
    wait "$client"
    tail -n 2 cut | grep -q '^data: {"error":{"message":"the server is shutting down"'
    ! grep -q DONE cut
}

@test "a request that trickles in is cut off" {
    synth
    start_lm --timeout-header 300ms
    exec 4<>"/dev/tcp/127.0.0.1/${URL##*:}"
    printf 'POST /api/generate HTTP/1.1\r\nHost: x\r\n' >&4
    (while printf 'A: b\r\n' >&4; do sleep 0.05; done) 2>trickle.txt 3>&- &
    run timeout 20 cat <&4
    [ "$status" -ne 124 ] # it was closed
    exec 4>&-
    run curl -s "$URL/health"
    says '"ok"'
}

@test "tokens of a text are told, and the text of tokens" {
    synth
    start_lm
    run ask /tokenize '{"content":"hello world"}'
    says '"count":9'
    tokens=$(sed 's/.*"tokens":\(\[[^]]*\]\).*/\1/' <<<"$output")
    run ask /detokenize "{\"tokens\":$tokens}"
    says '{"content":"hello world"'
    run ask /detokenize '{"tokens":[-1]}'
    says 'expected an integer from 0 to 511'
}

@test "the kernels' own counters stand in /metrics" {
    synth
    start_lm --json-log log
    ask /api/generate '{"prompt":"hello","stream":false,"options":{"num_predict":8}}' >/dev/null
    ask /api/generate '{"prompt":"hello","stream":false,"options":{"num_predict":8}}' >/dev/null
    comes_to assay_lm_slots_busy 0
    [ "$(metric 'assay_kernel_calls_total{model="synthetic-test",kernel="ternary_')" -gt 0 ]
    [ "$(metric 'assay_kernel_calls_total{model="synthetic-test",kernel="attn_')" -gt 0 ]
    [ "$(metric assay_lm_output_tokens_total)" -eq 16 ]
    [ "$(metric assay_lm_prompt_tokens_total)" -eq 8 ]
    [ "$(metric 'assay_lm_requests_total{path="/api/generate",status="2xx"}')" -eq 2 ]
    [ "$(grep -c '"path":"/api/generate","status":200,"complete":true,.*"output_tokens":8' log)" -eq 2 ]
}

@test "run llm gets the same counts and texts in both dialects, and a receipt with the model's digest" {
    synth
    start_lm
    digest=$(sha256sum m.gguf | cut -d' ' -f1)
    for dialect in ollama openai; do
        measures "$ASSAY" run llm --url "$URL" --dialect $dialect --requests 6 --concurrency 3 --warmup 0 --prompt-tokens 12 \
            --output-tokens 16 --seed 4 --temperature 0.7 --no-probes --no-calibrate --no-save --quiet --out $dialect
        verifies $dialect
        sed 's/.*"payload":"\([^"]*\)".*/\1/' $dialect/receipt.json | base64 -d >statement
        grep -q "\"digest\":{\"sha256\":\"$digest\"},\"name\":\"model:synthetic-test\"" statement
        "$TRACE_FACTS" $dialect/trace.assay | grep -o '^id=[0-9]*\|status=ok\|output=[0-9a-f]*' >$dialect.txt
        [ "$(grep -c '^status=ok' $dialect.txt)" -eq 6 ]
        "$TRACE_FACTS" $dialect/trace.assay | grep -o 'tokens=[0-9]*' >>$dialect.txt
    done
    diff ollama.txt openai.txt
    [ "$(grep -c '^output=' ollama.txt)" -eq 6 ]
}

@test "a 0 that would mean the default is wrong usage" {
    local option
    for option in --parallel --cache --batch --connections --timeout-header --timeout-idle --threads --context; do
        run_exit 4 "$ASSAY" lm serve "$option" 0 model.gguf
        says "$option is 0, expected a"
    done
}

@test "a model file that is cut off under the server changes nothing" {
    synth
    body='{"prompt":"Once upon a time","max_tokens":4,"temperature":0,"seed":1}'
    start_lm
    ask /v1/completions "$body" >before
    : >m.gguf
    ask /v1/completions "$body" >after
    cat before after
    [ -n "$(text before)" ] && [ "$(text before)" = "$(text after)" ]
}
