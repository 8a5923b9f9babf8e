#!/usr/bin/env bats
# Receipts as CI shows them, from the command line.
load lib

ROOT="$BATS_TEST_DIRNAME/../.."
RUNS="$ROOT/examples/real-llm/runs"
RUN="$RUNS/smollm2-135m-instruct-q4_1-warm-closed"
POLICY="$ROOT/examples/policy/release.yaml"
EASY="$ROOT/examples/policy/first-token.yaml"
FORMS="github-summary github-annotations github-outputs pr-comment junit sarif ctrf openmetrics gitlab-metrics gitlab-codequality"

# as FORMAT ARGUMENTS...: judged on a day on which the example is not too old
as() {
    local day=()
    case " $* " in
    *" --policy default "*) ;;
    *" --policy "*) day=(--date 2026-11-21) ;;
    esac
    "$ASSAY" export "${day[@]}" --as "$@"
}

@test "every form is written of a good receipt, and ends with 0" {
    for form in $FORMS in-toto-bundle attest-predicate attest-subjects; do
        run_exit 0 as "$form" --policy "$EASY" "$RUN"
    done
}

@test "a bundle is the envelopes as they are, and a predicate is the one in the envelope" {
    as in-toto-bundle "$RUN" "$RUNS/smollm2-135m-instruct-q4_1-cold" >bundle
    cat "$RUN/receipt.json" "$RUNS/smollm2-135m-instruct-q4_1-cold/receipt.json" | cmp - bundle
    run_exit 3 as attest-predicate "$RUN" "$RUN"
    says "an attestation is of one receipt"
    as attest-predicate "$RUN" | head -c 12 | grep -qx '{"attempts":'
}

@test "a gate that noise can fail warns; with --mode gate it stops the job" {
    grep -v 'id: answer\|id: tail' "$POLICY" >fails.yaml
    run_exit 0 as github-annotations --policy fails.yaml "$RUN"
    says "::warning file=fails.yaml,line=14,title=assay%3A Gate%3A budget::release length fail"
    run_exit 1 as github-annotations --mode gate --policy fails.yaml "$RUN"
    says "::error file=fails.yaml,line=14,"
    run_exit 0 as github-summary --mode advise --policy fails.yaml "$RUN"
    says "they warn: mode advise"
    says "Findings that stop the job: 0. Findings that warn: 1."
}

@test "what is undecided or not measured ends with 2" {
    run_exit 2 as junit --policy "$POLICY" "$RUN"
    says '<error message='
    says '<skipped message='
}

@test "a metric that no receipt carries stops the job, whatever the mode" {
    sed 's/metric: ttft, statistic: p50/metric: ttft, statistic: p99.9/' "$EASY" >gone.yaml
    run_exit 1 as sarif --mode advise --policy gone.yaml "$RUN"
    says '"level": "error"'
}

@test "too few A/A runs bound nothing" {
    mkdir aa
    cp -r "$RUN" aa/one
    cp -r "$RUN" aa/two
    grep -v 'id: answer\|id: tail' "$POLICY" >fails.yaml
    run_exit 0 as github-summary --policy fails.yaml --aa aa "$RUN"
    says "they warn: 1 false fails in 1 A/A runs: a rate of at most 1 at 95 %, where the policy allows 0.01"
    run_exit 5 as github-summary --policy fails.yaml --aa nowhere "$RUN"
}

@test "a receipt that was edited stops the job, and none of its figures is shown" {
    cp -r "$RUN" edited
    sed -i 's/^\(.\{2000\}\)./\1A/' edited/receipt.json
    for form in $FORMS; do
        run as "$form" edited
        [ "$status" -eq 1 ] || [ "$status" -eq 3 ]
        [[ "$output" != *"429 ms"* ]]
        [[ "$output" != *"0.429"* ]]
    done
    run_exit 3 as in-toto-bundle edited
}

@test "a receipt that is not there has its place on every surface, and ends with 5" {
    for form in $FORMS; do
        run_exit 5 as "$form" nowhere "$RUN"
    done
    run_exit 5 as junit nowhere "$RUN"
    says 'name="DOCUMENT" classname="nowhere"'
    says "<error message="
    run_exit 5 as github-annotations nowhere
    says "::error file=nowhere,line=1,"
}

@test "a receipt without its trace stops the job" {
    mkdir alone
    cp "$RUN/receipt.json" alone
    run_exit 1 as github-summary alone
    says "301 undecided"
    run_exit 2 as in-toto-bundle alone
    says "not handed on"
}

@test "an expectation that is not met stops the job" {
    run_exit 1 as github-annotations --max-age 1s "$RUN"
    says "405 fail"
    run_exit 1 as github-annotations --nonce "$(printf 'a%.0s' $(seq 64))" "$RUN"
    says "404 fail"
    run_exit 4 as github-annotations --nonce x "$RUN"
    run_exit 1 as github-annotations --require tier=3 "$RUN"
    says "419 fail"
}

@test "names of folders cannot forge a command or a row" {
    bad=$'a\n::error::b|<b>@all'
    cp -r "$RUN" "$bad"
    run_exit 0 as github-summary "$bad"
    [[ "$output" != *$'\n::error'* ]]
    says '`a\x0a::error::b\|<b>@all`'
    run_exit 1 as github-annotations --max-age 1s "$bad"
    [ "$(wc -l <<<"$output")" -eq 1 ]
}

@test "a sticky comment is found by its first line" {
    run_exit 0 as pr-comment --key nightly.1 "$RUN"
    [ "${lines[0]}" = "<!-- assay-report: nightly.1 -->" ]
    run_exit 4 as pr-comment --key 'x --> <b>' "$RUN"
}

@test "the name of a policy can be another than its path" {
    grep -v 'id: answer\|id: tail' "$POLICY" >fails.yaml
    run_exit 0 as github-annotations --policy fails.yaml --policy-name ci/release.yaml "$RUN"
    says "::warning file=ci/release.yaml,line=14,"
}

@test "a form that is not for CI checks nothing, and cannot be asked to" {
    run_exit 4 "$ASSAY" export --as hyperfine --require tier=3 "$RUN"
    says "--require does not go with"
    run_exit 4 "$ASSAY" export --as node-csv --policy default "$RUN"
    says "--policy does not go with"
    run_exit 4 as junit --arm a "$RUN"
    run_exit 4 as junit --max-age 0 "$RUN"
    says "--max-age is 0, expected a time above 0"
    for options in "--mode gate" "--mode auto" "--aa aa" "--baseline x" "--date 2026-11-21" "--policy-name p"; do
        # shellcheck disable=SC2086 # two words
        run_exit 4 "$ASSAY" export --as junit $options "$RUN"
        says "goes with --policy FILE"
        # shellcheck disable=SC2086
        run_exit 4 "$ASSAY" export --as junit --policy default $options "$RUN"
    done
    run_exit 4 as junit --policy "$EASY" --mode gate --aa aa "$RUN"
    says "--aa goes with --mode auto"
    run_exit 4 as junit --key team "$RUN"
    run_exit 4 as junit --force "$RUN"
    says "--force does nothing without --output"
}

@test "forms of one run take one run; an unknown form is wrong usage" {
    run_exit 4 "$ASSAY" export --as node-csv "$RUN" "$RUN"
    says "is of one run"
    run_exit 4 as html "$RUN"
    says "--as must be one of"
    run_exit 4 "$ASSAY" export "$RUN"
}
