load lib

@test "a run against the truth server gives a receipt that verifies" {
    start_truth
    measures "$ASSAY" run llm --url "$URL" --dialect openai --model truth --requests 12 --concurrency 3 \
        --seed 1 --no-calibrate --quiet --out r
    [ -f r/plan.json ] && [ -f r/trace.assay ] && [ -f r/receipt.json ] && [ -f r/identity.json ]
    [ ! -e r/record.json ]
    verifies r
    says "CRYPTO     not-measured"
    says "scripted"
}

@test "the first line of show is the answer" {
    start_truth
    measures "$ASSAY" run llm --url "$URL" --dialect openai --model truth --requests 12 --seed 1 --no-calibrate --quiet \
        --out r
    run_exit 0 "$ASSAY" show r
    if [[ "${lines[0]}" == INVALID:* ]]; then
        [[ "$output" == *TTFT* ]] # reasons come first
    else
        [[ "${lines[0]}" == *TTFT* ]]
    fi
}

@test "--json prints JSON and nothing else on standard output" {
    start_truth
    local status=0
    "$ASSAY" run llm --url "$URL" --dialect openai --model truth --requests 6 --seed 1 --no-calibrate --json --out r \
        >out.json 2>err.txt || status=$?
    [ "$status" -eq 0 ] || [ "$status" -eq 2 ] # a busy host makes it invalid
    command -v jq >/dev/null || skip "jq is not installed"
    jq -e . out.json >/dev/null
}

@test "a directory that is there is never written into" {
    start_truth
    mkdir r
    touch r/mine
    run_exit 5 "$ASSAY" run llm --url "$URL" --dialect openai --model truth --requests 2 --no-calibrate --quiet --out r
    says "r"
    [ "$(ls r)" = mine ]
}

@test "a server that is not there gives a run record without rates" {
    run_exit 5 "$ASSAY" run llm --url http://127.0.0.1:9 --dialect openai --model m --requests 2 --warmup 0 \
        --no-calibrate --quiet --out r
    [ ! -e r/receipt.json ]
    if [ -e r/record.json ]; then
        ! grep -q '"metrics"' <(base64 -d <(sed 's/.*"payload":"\([^"]*\)".*/\1/' r/record.json))
    fi
}

@test "Ctrl-C ends a run with a record of outcome aborted" {
    start_truth preset:openai
    "$ASSAY" run llm --url "$URL" --dialect openai --model truth --requests 1000 --seed 1 --no-calibrate --quiet \
        --out r &
    local pid=$!
    sleep 1
    kill -INT "$pid"
    local status=0
    wait "$pid" || status=$?
    [ "$status" -eq 2 ]
    [ -f r/record.json ] && [ ! -e r/receipt.json ]
    run_exit 0 "$ASSAY" show r
    says "aborted"
}

@test "open and closed loop exclude each other" {
    run_exit 4 "$ASSAY" run llm --url http://127.0.0.1:1 --rate 5 --concurrency 2
    says "--rate"
    says "--concurrency"
}

@test "an open loop is never taken for a closed one" {
    run_exit 4 "$ASSAY" run noop --rate 0
    says "--rate is 0, expected above 0"
    run_exit 4 "$ASSAY" run noop --arrivals constant
    says "--rate R is missing"
}

@test "the harness measures itself with noop" {
    measures "$ASSAY" run noop --requests 100 --quiet --out r
    verifies r
}

@test "the same seed draws the same plan, another seed another one" {
    start_truth
    for run in a b c; do
        seed=1
        [ "$run" = c ] && seed=2
        "$ASSAY" run llm --url "$URL" --dialect openai --model truth --requests 6 --rate 20 --seed "$seed" \
            --no-calibrate --quiet --out "$run" >/dev/null || true
    done
    command -v jq >/dev/null || skip "jq is not installed"
    [ "$(jq -c .operations a/plan.json)" = "$(jq -c .operations b/plan.json)" ]
    [ "$(jq -c .operations a/plan.json)" != "$(jq -c .operations c/plan.json)" ]
}

@test "the commit that is named is a subject, and verify --commit holds the receipt against it" {
    git init -q tree
    cd tree
    git -c user.name=a -c user.email=a@example.org commit -q --allow-empty -m one
    measures "$ASSAY" run noop --spin 50us --requests 40 --quiet --no-save --commit HEAD --out ../r
    cd ..
    run "$ASSAY" verify r --commit "$(git -C tree rev-parse HEAD)"
    grep -Eq '^POLICY +pass' <<<"$output"
    run_exit 1 "$ASSAY" verify r --commit 0000000000000000000000000000000000000001
    says "402 fail /subject/1/digest/gitCommit"
    measures "$ASSAY" run noop --spin 50us --requests 40 --no-save --commit night-7 --out named
    says "the receipt does not name it"
    run_exit 1 "$ASSAY" verify named --commit "$(git -C tree rev-parse HEAD)"
    says "402 fail /subject"
}
