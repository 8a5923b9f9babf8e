# Receipts against policies: the shipped example, exit statuses, and what must not pass.

load lib

ROOT="$BATS_TEST_DIRNAME/../.."
POLICY="$ROOT/examples/policy/release.yaml"
RUN="$ROOT/examples/real-llm/runs/smollm2-135m-instruct-q4_1-warm-closed"

# row ID: the line of that gate
row() {
    grep -E "^  $1 +(pass|fail|undecided|not-measured) " <<<"$output"
}

@test "the shipped policy on a shipped receipt: one pass, one fail, one undecided, one not-measured: 1" {
    run_exit 1 "$ASSAY" gate "$POLICY" "$RUN"
    [[ "$(row first)" == *" pass "* ]]
    [[ "$(row length)" == *" fail "* ]]
    [[ "$(row answer)" == *" undecided "* ]]
    [[ "$(row tail)" == *" not-measured "* ]]
    says "1 fail, 1 undecided, 1 not-measured"
    says "n too small (20 of 299)"
}

@test "all gates pass: 0; an undecided or unmeasured one: 2" {
    run_exit 0 "$ASSAY" gate "$ROOT/examples/policy/first-token.yaml" "$RUN"
    grep -v 'id: length' "$POLICY" >two.yaml
    run_exit 2 "$ASSAY" gate two.yaml "$RUN"
    grep -v 'id: answer' two.yaml >one.yaml
    run_exit 2 "$ASSAY" gate one.yaml "$RUN"
}

@test "a metric that no receipt carries fails, whatever it would have been: 1" {
    sed 's/metric: ttft, statistic: p50/metric: ttft, statistic: p99.9/' "$ROOT/examples/policy/first-token.yaml" >gone.yaml
    run_exit 1 "$ASSAY" gate gone.yaml "$RUN"
    says "no receipt carries ttft_p99.9"
    says "missing"
    sed 's/metric: ttft, statistic: p50, max: 500ms/metric: not_there, statistic: p50, max: 500ms/' \
        "$ROOT/examples/policy/first-token.yaml" >unknown.yaml
    run_exit 1 "$ASSAY" gate unknown.yaml "$RUN"
    says "no receipt carries not_there_p50"
}

@test "the verdict is written with digests of policy, receipt and program, and says the same twice" {
    run_exit 1 "$ASSAY" gate --date 2026-11-21 --output one.json "$POLICY" "$RUN"
    run_exit 1 "$ASSAY" gate --date 2026-11-21 --output two.json "$POLICY" "$RUN"
    cmp one.json two.json
    grep -q "\"policySha256\":\"$(sha256sum "$POLICY" | cut -c1-64)\"" one.json
    grep -q "\"sha256\":\"$(sha256sum "$RUN/receipt.json" | cut -c1-64)\"" one.json
    grep -q "\"binarySha256\":\"$(sha256sum "$ASSAY" | cut -c1-64)\"" one.json
    grep -q '"date":"2026-11-21"' one.json
}

@test "an edited trace fails every policy: 1" {
    cp -r "$RUN" edited
    chmod -R u+w edited
    printf x | dd of=edited/trace.assay bs=1 seek=200 conv=notrunc status=none
    run_exit 1 "$ASSAY" gate "$ROOT/examples/policy/first-token.yaml" edited
    says "fail"
}

@test "without its trace a receipt passes nothing" {
    mkdir bare
    cp "$RUN/receipt.json" bare
    run "$ASSAY" gate "$ROOT/examples/policy/first-token.yaml" bare
    [ "$status" -eq 1 ] || [ "$status" -eq 2 ]
}

@test "a receipt is no baseline of itself: 411; what says nothing is wrong usage: 4" {
    run_exit 1 "$ASSAY" gate --date 2026-11-21 --baseline "$RUN" --output v.json "$ROOT/examples/policy/first-token.yaml" "$RUN"
    says "it is the receipt itself"
    grep -q '"gate":411' v.json
    says "no gate of the policy compares with a baseline"
    run_exit 4 "$ASSAY" gate --force "$POLICY" "$RUN"
    run_exit 4 "$ASSAY" gate --json --markdown "$POLICY" "$RUN"
    run_exit 4 "$ASSAY" gate --rollout v.json --rollout-start "$POLICY" "$RUN"
}

@test "a baseline of a later commit, or of another branch, is 411; one of an ancestor passes" {
    command -v git >/dev/null || skip "git is not installed"
    commit() {
        git -c user.name=t -c user.email=t@example.org commit -q --allow-empty -m "$1"
        git rev-parse HEAD
    }
    git init -q .
    local first second
    first=$(commit one)
    second=$(commit two)
    git checkout -q --orphan other
    commit three >/dev/null
    echo '{assay_policy: 1, name: quick, gates: [{id: quick, kind: budget, metric: service, statistic: p50, max: 1s}]}' >quick.yaml
    measures "$ASSAY" run noop --requests 200 --spin 20us --no-save --commit "$first" --out old
    measures "$ASSAY" run noop --requests 200 --spin 20us --no-save --commit "$second" --out new
    measures "$ASSAY" run noop --requests 200 --spin 20us --no-save --commit HEAD --out strange
    run "$ASSAY" gate quick.yaml --baseline old new
    [ "$status" -eq 0 ] || [ "$status" -eq 2 ] # a busy host makes a run invalid, which leaves gates undecided
    row baseline | grep -q ' pass '
    run_exit 1 "$ASSAY" gate quick.yaml --baseline new old
    says "its source is no ancestor"
    run_exit 1 "$ASSAY" gate quick.yaml --baseline strange new
    says "its source is no ancestor"
    run_exit 1 "$ASSAY" verify old --baseline new
    says "411 fail baseline: found a source that is no ancestor"
}

@test "a wrong policy: 3, with its line; no policy: 5; a wrong day: 4" {
    sed 's/max: 500ms/max: 500/' "$ROOT/examples/policy/first-token.yaml" >wrong.yaml
    run_exit 3 "$ASSAY" gate wrong.yaml "$RUN"
    says "line 8: gates[0] (first): max: found \"500\", expected a duration with its unit"
    run_exit 5 "$ASSAY" gate nowhere.yaml "$RUN"
    run_exit 4 "$ASSAY" gate --date yesterday "$POLICY" "$RUN"
}

# Real pairs: arms of noop that spin. A busy host makes the run invalid, and then everything stays undecided.
@test "a roll-out looks at new pairs, keeps its state in the verdict, and does not count a receipt twice" {
    cat >rollout.yaml <<'EOF'
assay_policy: 1
name: rollout
gates: [{id: quick, kind: budget, metric: service, statistic: p50, max: 1s}]
rollout: {stages: [0.5, 1], looks: 3, promote_after: 1, promote_margin: 0.2, rollback_margin: 0.5, max_holds: 3, guards: [quick]}
EOF
    measures "$ASSAY" run noop --arm a=1ms --arm b=1ms --pairs 60 --seed 5 --quiet --no-save --out canary
    run "$ASSAY" gate --rollout-start --output one.json rollout.yaml canary
    [ "$status" -eq 0 ] || [ "$status" -eq 2 ]
    says "roll-out:"
    run_exit 2 "$ASSAY" gate --rollout one.json rollout.yaml canary
    says "was judged before"
    run_exit 3 "$ASSAY" gate --rollout rollout.yaml rollout.yaml canary
}

@test "verify by a policy file adds its gates below the four lines, and the graver status counts" {
    run_exit 0 "$ASSAY" verify --policy "$ROOT/examples/policy/first-token.yaml" "$RUN"
    says "RECOMPUTE  pass"
    says "first "
    run_exit 1 "$ASSAY" verify --policy "$POLICY" "$RUN"
    says "RECOMPUTE  pass"
    says "n too small (20 of 299)"
    grep -v 'id: length' "$POLICY" >two.yaml
    run_exit 2 "$ASSAY" verify --policy two.yaml "$RUN"
    cp "$POLICY" wrong.yaml
    echo "gate: []" >>wrong.yaml
    run_exit 3 "$ASSAY" verify --policy wrong.yaml "$RUN"
    says "did you mean 'gates'?"
}
