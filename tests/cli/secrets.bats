load lib

SECRET=sk-4f1d9b7c2e8a6053

# nowhere DIR: the secret is in no file of the run, neither as it stands nor inside compressed chunks or envelopes, nor
# in the history, nor in what was printed. That there is something to search is shown as well.
nowhere() {
    "$TRACE_PLAIN" "$1/trace.assay" >trace.plain
    for envelope in "$1"/receipt.json "$1"/record.json; do
        [ ! -e "$envelope" ] || sed 's/.*"payload":"\([^"]*\)".*/\1/' "$envelope" | base64 -d >>statements
    done
    grep -q predicateType statements
    grep -q "endpoint:${URL#http://}" statements
    grep -q header_names "$1/plan.json"
    [ -s trace.plain ]
    [ -s "$ASSAY_STORE" ]
    local text
    for text in "$SECRET" "$(printf %s "$SECRET" | base64)" "$(printf 'Bearer %s' "$SECRET" | base64)"; do
        if grep -raF -- "$text" "$1" trace.plain statements "$ASSAY_STORE"* printed; then
            echo "found $text"
            return 1
        fi
    done
}

one_run() {
    start_truth
    run "$ASSAY" run llm --url "$URL" --dialect openai --model truth --requests 4 --seed 1 --no-calibrate --out r "$@"
    echo "$output" >printed
    [ "$status" -eq 0 ] || [ "$status" -eq 2 ] # a busy host makes it invalid
}

@test "an API key of the environment is sent, and is nowhere else" {
    export MY_KEY=$SECRET
    one_run --api-key-env MY_KEY
    grep -q '"header_names":\["Content-Type","Authorization"\]' r/plan.json
    nowhere r
}

@test "an API key of a file is sent, and is nowhere else" {
    mkdir keys
    echo "$SECRET" >keys/mine
    one_run --api-key-file keys/mine
    grep -q '"header_names":\["Content-Type","Authorization"\]' r/plan.json
    nowhere r
}

@test "the value of a header is sent, and is nowhere else" {
    one_run --header "X-Api-Key: $SECRET"
    grep -q '"header_names":\["Content-Type","X-Api-Key"\]' r/plan.json
    nowhere r
}

@test "the search for a secret finds one" {
    one_run
    echo "$SECRET" >>r/identity.json
    run nowhere r
    [ "$status" -ne 0 ]
    says "found $SECRET"
}

# refused WORDS...: a usage error that does not repeat the secret
refused() {
    run "$ASSAY" run llm --model truth --requests 1 --quiet --out r "$@"
    [ "$status" -eq 4 ]
    case "$output" in *"$SECRET"*) return 1 ;; esac
    [ ! -e r ]
}

@test "what cannot be a secret's place is refused without showing it" {
    refused --url "http://me:$SECRET@127.0.0.1:9"
    says "send keys as a header"
    refused --url "http://127.0.0.1:9/v1?key=$SECRET"
    says "send keys as a header"
    refused --url http://127.0.0.1:9 --proxy "http://me:$SECRET@127.0.0.1:9/path"
    refused --url http://127.0.0.1:9 --header "$SECRET"
    says "NAME:VALUE"
    printf 'one\n%s\n' "$SECRET" >two-lines
    refused --url http://127.0.0.1:9 --dialect openai --api-key-file two-lines
    says "control character"
}

@test "a place that holds no key is a usage error" {
    : >empty
    refused --url http://127.0.0.1:9 --api-key-file empty
    says "holds no API key"
    refused --url http://127.0.0.1:9 --api-key-env NOT_SET_HERE
    says "NOT_SET_HERE"
}
