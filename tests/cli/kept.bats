load lib

one_run() {
    start_truth
    measures "$ASSAY" run llm --url "$URL" --dialect openai --model truth --requests 8 --seed 1 --no-calibrate --quiet \
        --out r
}

@test "a run is in the history, once" {
    one_run
    run_exit 0 "$ASSAY" history --format csv
    [ "${#lines[@]}" -eq 2 ]
    says "truth"
    run_exit 0 "$ASSAY" history --metric ttft_p50 --format csv
    says "ttft_p50"
}

@test "--no-save leaves no history behind" {
    start_truth
    measures "$ASSAY" run llm --url "$URL" --dialect openai --model truth --requests 4 --no-calibrate --quiet --no-save \
        --out r
    [ ! -e "$ASSAY_STORE" ]
    run_exit 5 "$ASSAY" history
}

@test "CSV has one row per metric, and every row has every column" {
    one_run
    run_exit 0 "$ASSAY" report --format csv r
    local columns
    columns=$(echo "${lines[0]}" | tr -cd , | wc -c)
    [ "${#lines[@]}" -gt 10 ]
    says "ttft_p50"
    echo "${lines[0]}" | grep -q n
    [ "$columns" -gt 5 ]
}

@test "a report file is not replaced without --force" {
    one_run
    run_exit 0 "$ASSAY" report --format md --output r.md r
    run_exit 5 "$ASSAY" report --format md --output r.md r
    says "--force"
    run_exit 0 "$ASSAY" report --format md --output r.md --force r
}

@test "explain knows every tool of its help" {
    one_run
    for tool in vllm aiperf guidellm llmperf inference-perf sglang mlperf; do
        run_exit 0 "$ASSAY" explain r --as "$tool"
    done
    run_exit 4 "$ASSAY" explain r --as wrk
}

@test "a baseline CSV is imported as samples, exported again, and verifies" {
    printf 'timestamp,model,first_token_ms,tokens_per_s\n' >base.csv
    for i in 1 2 3 4 5 6 7; do
        printf '2026-01-0%dT00:00:00Z,m,%d.5,40.25\n' "$i" "$((100 + i))" >>base.csv
    done
    run_exit 0 "$ASSAY" import base.csv --out b
    verifies b
    says "imported"
    run_exit 0 "$ASSAY" export --as node-csv b
    says "first_token_ms"
    says "104.5"
}

@test "a baseline that is only a header is not measured" {
    printf 'timestamp,model,first_token_ms,tokens_per_s\n' >base.csv
    run_exit 2 "$ASSAY" import base.csv --out b
    [ ! -e b/receipt.json ]
}

@test "host prints a fingerprint and one answer a probe" {
    run_exit 0 "$ASSAY" host
    says "probes:"
    says "cpuModel"
    "$ASSAY" host --json >host.json
    command -v jq >/dev/null || skip "jq is not installed"
    jq -e '.host.arch and .build.compiler and (.probes | length > 5)' host.json
}

@test "what is no run directory is named as such" {
    mkdir empty
    run_exit 5 "$ASSAY" show empty
    says "no run directory"
    run_exit 5 "$ASSAY" verify nowhere
    echo '{' >broken.json
    run_exit 3 "$ASSAY" verify broken.json
}
