#!/usr/bin/env bats
# Arms that take turns: measured, verified, and what is refused.
load lib

@test "two arms of noop give a ratio with its interval, and every number is derived again" {
    measures "$ASSAY" run noop --arm 300us --arm b=330us --pairs 20 --seed 3 --quiet --out r
    grep -Eq '^service_ratio .* %, at 95 %' <<<"$output" # one interval, not two bounds
    says "check steady-state-b"
    verifies r
    grep -q '"order":"latin"' r/plan.json
    grep -q '"formula":"pairs_sign@1","name":"service_ratio"' r/plan.json
}

@test "a precision rule ends before its pairs are used up" {
    measures "$ASSAY" run noop --arm 300us --arm 330us --precision 20% --pairs 400 --seed 3 --quiet --out r
    grep -q '"rule":"precision"' r/plan.json
    says " of 804 planned"
    [[ "$output" != *"804 of 804"* ]]
    says "service_ratio"
    verifies r
}

@test "a time limit keeps whole blocks only" {
    measures "$ASSAY" run noop --arm 1ms --arm 1ms --duration 60ms --seed 3 --quiet --out r
    verifies r
}

@test "one server under two sets of options takes turns window by window" {
    start_truth
    measures "$ASSAY" run llm --arm "$URL" --arm "b=$URL --temperature 0.5" --dialect openai --model truth --pairs 6 \
        --requests 5 --output-tokens 4 --gap 20ms --seed 1 --no-calibrate --quiet --out r
    says "ttft_p50_ratio"
    verifies r
    grep -q '"window":5' r/plan.json
}

@test "what does not fit arms that take turns is a usage error that says why" {
    run_exit 4 "$ASSAY" run noop --arm 1ms --arm b=1ms --rate 5
    says "closed loop"
    run_exit 4 "$ASSAY" run noop --arm b=1ms
    says "expected arm a"
    run_exit 4 "$ASSAY" run noop --arm 1ms --concurrency 2
    says "one by one"
    run_exit 4 "$ASSAY" run noop --arm 1ms --arm 1ms --precision 1% --requests 5
    says "--requests 1"
    run_exit 4 "$ASSAY" run llm --pairs 6
    says "--url is missing"
}

@test "keys in the text of an arm reach no file" {
    start_truth
    measures "$ASSAY" run llm --arm "$URL --header 'X-Key: s3cr3t-of-a'" --arm "$URL" --dialect openai --model truth \
        --pairs 6 --requests 5 --output-tokens 4 --gap 1ms --seed 1 --no-calibrate --quiet --out r
    ! grep -rq s3cr3t-of-a r history.db
}
