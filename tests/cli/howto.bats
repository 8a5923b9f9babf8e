#!/usr/bin/env bats
# Every line of a shell block of these pages that begins with "assay " is run. What is judged may be found wanting or
# undecided on a busy host; it may not be wrong usage, fail to run, or be a bug.

load lib

HOWTO="$BATS_TEST_DIRNAME/../../docs/howto"

runs_page() {
    awk '/^```/ { in_shell = /^```sh/ } in_shell && /^assay /' "$HOWTO/$1" >commands
    [ "$(wc -l <commands)" -ge "$2" ]
    mkdir -p bin
    ln -sf "$ASSAY" bin/assay
    PATH="$PWD/bin:$PATH"
    while read -r line; do
        run bash -c "$line" </dev/null
        if [ "$status" -gt 2 ]; then
            echo "exit status $status: $line"
            echo "$output"
            return 1
        fi
    done <commands
}

@test "the page on comparing two commands" {
    runs_page compare-two-commands.md 5
    [ -s verdict.json ]
}

@test "the page on the language model" {
    export ASSAY_PIN=0
    runs_page language-model.md 4
}

@test "the page on the built-in model" {
    runs_page measure-the-built-in-model.md 5
    [ -s bench/receipt.json ]
}

@test "the page on the noise doctor" {
    runs_page noise-doctor.md 2
}

@test "every probe of the doctor stands on its page" {
    run "$ASSAY" doctor --duration 200ms --json
    for probe in $(grep -o '"probe": "[^"]*"' <<<"$output" | cut -d'"' -f4); do
        grep -q "^| .*\`$probe\`.* |" "$HOWTO/noise-doctor.md" || { echo "missing: $probe"; return 1; }
    done
}

@test "the page on gating a release" {
    ln -s "$BATS_TEST_DIRNAME/../../examples" examples
    runs_page gate-a-release.md 5
    grep -q '"format":"assay.verdict/1"' verdict.json
}

@test "the page on CI" {
    ln -s "$BATS_TEST_DIRNAME/../../examples" examples
    runs_page ci.md 5
    grep -q '<testsuites name="assay"' junit.xml
    grep -Eq '^[0-9a-f]{64}  endpoint:' subjects.txt
}

# A policy of the manual that could not be read would be malformed: exit status 3.
@test "the policy and the prices of the manual are read" {
    awk '/^```/ { in_yaml = /^```yaml/; if (in_yaml) n++ } in_yaml && !/^```/ { print > ("block" n ".yaml") }' \
        "$BATS_TEST_DIRNAME/../../docs/formats/policy.md"
    mv block2.yaml prices.yaml
    run "$ASSAY" gate --date 2026-11-21 block1.yaml \
        "$BATS_TEST_DIRNAME/../../examples/real-llm/runs/smollm2-135m-instruct-q4_1-warm-closed"
    [ "$status" -eq 1 ]
    says "n too small (20 of 50)" # the cost gate has read its prices
}

@test "the page on receipts of BitNet-rs" {
    cp "$BATS_TEST_DIRNAME/../negative/legacy/parent-a.json" inference.json
    runs_page old-bitnet-receipts.md 5
}

# The page's server runs beside its other lines, on a port that is free.
@test "the page on serving the built-in model" {
    awk '/^```/ { in_shell = /^```sh/ } in_shell && /^(assay|curl) /' "$HOWTO/serve-the-built-in-model.md" >commands
    [ "$(wc -l <commands)" -ge 9 ]
    mkdir -p bin
    ln -sf "$ASSAY" bin/assay
    PATH="$PWD/bin:$PATH"
    while read -r line; do
        case "$line" in
        "assay lm serve "*)
            $line --listen 127.0.0.1:0 --threads 1 --pinned 0 >ready 3>&- &
            SERVER_PID=$!
            for _ in $(seq 1500); do
                grep -qs '^listening on port' ready && break
                sleep 0.02
            done
            continue
            ;;
        esac
        [ ! -e ready ] || line=${line//11435/$(sed -n 's/^listening on port //p' ready)}
        run bash -c "$line" </dev/null
        if [ "$status" -gt 2 ] || [[ "$output" == *'"error"'* ]]; then
            echo "exit status $status: $line"
            echo "$output"
            return 1
        fi
    done <commands
    grep -q '"sha256"' <(sed 's/.*"payload":"\([^"]*\)".*/\1/' served/r*.json | base64 -d)
}
