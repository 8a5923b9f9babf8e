#!/usr/bin/env bats
# The profile bitnet-1.0.0: what the original's verifier says of its receipts and what it lets through (verify), receipts
# of ours in that schema (export), and its figures as claims (import).

load lib

CORPUS="$BATS_TEST_DIRNAME/../negative/legacy"

@test "an honest receipt passes as the original has it and strictly, with four lines, tier 0" {
    run_exit 0 "$ASSAY" verify --profile bitnet-1.0.0 --strict "$CORPUS/parent-b.json"
    [ "${#lines[@]}" -eq 5 ]
    [[ ${lines[0]} == "CRYPTO     not-measured "* ]]
    [[ ${lines[1]} == "RECOMPUTE  not-measured "* ]]
    [[ ${lines[2]} == "POLICY     pass "*"24 pass, 0 fail"* ]]
    [[ ${lines[3]} == "ASSURANCE  tier 0 unsigned; not checked: "* ]]
    [ "${lines[4]}" = "the original accepts it, exit status 0" ]
}

@test "what the original accepts and should not is reported, and refused by --strict" {
    sed 's/"i2s_gemv"/"i2s_gemv", "mock_inference"/' "$CORPUS/parent-b.json" >mock.json
    run_exit 0 "$ASSAY" verify --profile bitnet-1.0.0 mock.json
    says 'accepted by the original, refused by --strict (1):'
    says '  822 /kernels/1: found "mock_inference", expected no mock, fake or stub'
    run_exit 1 "$ASSAY" verify --profile bitnet-1.0.0 --strict mock.json
    says '822 fail /kernels/1: found "mock_inference"'
}

@test "a refusal tells the exit status that the original finds in its own message" {
    sed 's/"schema_version": "1.0.0"/"schema_version": "interrupted"/' "$CORPUS/parent-b.json" >a.json
    run_exit 1 "$ASSAY" verify --profile bitnet-1.0.0 a.json
    says '801 fail /schema_version: found "interrupted"'
    says 'the original refuses it: "Unsupported schema_version", exit status 130'
    run_exit 1 "$ASSAY" verify --profile bitnet-1.0.0 --json a.json
    says '"originalExit": 130,'
    says '"gate": 801,'
    says '"file": "a.json",'
}

@test "JSON carries what --strict would refuse" {
    sed 's/12.5/-1.0/' "$CORPUS/parent-b.json" >rate.json
    run_exit 0 "$ASSAY" verify --profile bitnet-1.0.0 --json rate.json
    says '"originalExit": 0,'
    says '"violations": [],'
    [[ $output == *'"wouldRefuse": ['*'"gate": 829,'* ]]
    says '"tier": 0,'
}

@test "of several files the gravest decides: 1 beats 5 beats 3" {
    cut="$BATS_TEST_TMPDIR/cut.json"
    head -c 40 "$CORPUS/parent-b.json" >"$cut"
    sed 's/"real"/"mock"/' "$CORPUS/parent-b.json" >mock.json
    run_exit 0 "$ASSAY" verify --profile bitnet-1.0.0 "$CORPUS/parent-a.json" "$CORPUS/parent-b.json"
    run_exit 3 "$ASSAY" verify --profile bitnet-1.0.0 "$CORPUS/parent-b.json" "$cut"
    says '800 fail : '
    run_exit 5 "$ASSAY" verify --profile bitnet-1.0.0 "$cut" gone.json
    says 'the original refuses it: "Failed to read receipt", exit status 14'
    run_exit 1 "$ASSAY" verify --profile bitnet-1.0.0 gone.json "$cut" mock.json
}

@test "a GPU kernel can be asked for" {
    run_exit 1 "$ASSAY" verify --profile bitnet-1.0.0 --require-gpu-kernels "$CORPUS/parent-b.json"
    says '806 fail /kernels: '
    run_exit 0 "$ASSAY" verify --profile bitnet-1.0.0 --require-gpu-kernels "$CORPUS/parent-cuda.json"
}

@test "shapes C and D are refused by name" {
    sed 's/"schema_version"/"version"/' "$CORPUS/parent-b.json" >c.json
    { printf '{"receipt":'; cat "$CORPUS/parent-b.json"; printf '}'; } >d.json
    sed 's/"schema_version"/"receipt_version"/' "$CORPUS/parent-b.json" >t.json
    run_exit 1 "$ASSAY" verify --profile bitnet-1.0.0 c.json d.json t.json
    says "801 fail /schema_version: found shape C ('version' in place of 'schema_version')"
    says "801 fail /schema_version: found shape D (all under 'receipt')"
    says "801 fail /schema_version: found shape D, per tensor ('receipt_version')"
}

@test "the profile's options need the profile, and the profile must be known" {
    run_exit 4 "$ASSAY" verify --profile bitnet-2.0.0 "$CORPUS/parent-b.json"
    says 'known is bitnet-1.0.0'
    run_exit 4 "$ASSAY" verify --strict "$CORPUS/parent-b.json"
}

@test "what a profile does not look at cannot be asked of it" {
    local option
    for option in --require=tier=3 --trust=trust.json --policy=default --max-age=1h --commit=x --with=run --interop; do
        run_exit 4 "$ASSAY" verify --profile bitnet-1.0.0 "$option" "$CORPUS/parent-b.json"
        says "does not go with --profile"
    done
    run_exit 4 "$ASSAY" export --profile bitnet-1.0.0 --require tier=3 run
    says "does not go with --profile"
    run_exit 0 "$ASSAY" verify --profile bitnet-1.0.0 --strict --json "$CORPUS/parent-b.json"
}

@test "a receipt of ours goes out in that schema, passes strictly, and comes back as claims" {
    "$LEGACY_RUN" run
    run_exit 0 "$ASSAY" verify run
    run_exit 0 "$ASSAY" export --profile bitnet-1.0.0 run --output old.json
    grep -q '"i2s_gemv"' old.json
    grep -q '"ASSAY_RECEIPT_SHA256": "[0-9a-f]\{64\}"' old.json
    run_exit 0 "$ASSAY" verify --profile bitnet-1.0.0 --strict old.json
    says '24 pass, 0 fail'
    run_exit 0 "$ASSAY" import old.json --out back --no-save
    says 'performance_baseline tokens_per_second'
    run_exit 2 "$ASSAY" verify back
}

@test "what does not verify, or what the schema cannot hold, is not exported and leaves no file" {
    "$LEGACY_RUN" nameless ''
    run_exit 2 "$ASSAY" export --profile bitnet-1.0.0 nameless --output old.json
    says 'not exported as bitnet-1.0.0: the receipt speaks of no model with a SHA-256'
    "$LEGACY_RUN" cut
    rm cut/trace.assay
    run_exit 2 "$ASSAY" export --profile bitnet-1.0.0 cut --output old.json
    says "'cut' does not verify"
    "$LEGACY_RUN" other
    cp nameless/trace.assay other/trace.assay
    run_exit 1 "$ASSAY" export --profile bitnet-1.0.0 other --output old.json
    [ ! -e old.json ]
}

@test "a profile is exported alone, of one run, and must be known" {
    "$LEGACY_RUN" run
    run_exit 4 "$ASSAY" export --profile bitnet-1.0.0 --as bmf run
    run_exit 4 "$ASSAY" export --profile bitnet-9 run
    run_exit 4 "$ASSAY" export --profile bitnet-1.0.0 --arm b run
    run_exit 4 "$ASSAY" export run
}

@test "a run of the built-in model goes out in that schema" {
    "$ASSAY" lm synth --shape tiny --format i2_s --seed 1 tiny.gguf
    for try in 1 2 3; do
        rm -rf run
        measures "$ASSAY" lm bench -p 0 -n 8 -t 1 --depth 0 --epoch 5ms --pairs 12 --out run tiny.gguf
        run "$ASSAY" verify run
        [ "$status" -ne 0 ] || break
        [ "$try" -lt 3 ] || skip "the host disturbed three runs"
    done
    run_exit 0 "$ASSAY" export --profile bitnet-1.0.0 run --output old.json
    grep -q '"i2s_gemv"' old.json
    grep -q '"tokens_per_second": [0-9]' old.json
    run_exit 0 "$ASSAY" verify --profile bitnet-1.0.0 --strict old.json
}
