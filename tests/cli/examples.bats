load lib

ROOT="$BATS_TEST_DIRNAME/../.."

@test "examples/suite/night.yaml measures three runs that verify" {
    start_truth
    sed "s|http://127.0.0.1:8080|$URL|" "$ROOT/examples/suite/night.yaml" >night.yaml
    measures "$ASSAY" run night.yaml --no-calibrate --quiet --out night
    [ "$(ls night | wc -l)" -eq 3 ]
    for run in night/*; do
        verifies "$run"
    done
}

# Every line of a shell block of the README that begins with "assay " is run, in the order in which a reader meets them,
# in one directory, against the scripted server that the first of them starts.
@test "every command of the README does what it says" {
    awk '/^```/ { in_shell = /^```sh/ } in_shell && /^assay /' "$ROOT/README.md" >commands
    [ "$(wc -l <commands)" -gt 5 ]
    start_truth
    mkdir bin
    ln -s "$ASSAY" bin/assay
    PATH="$PWD/bin:$PATH"
    while read -r line; do
        case "$line" in
        "assay truth "*) continue ;; # started above, on a free port
        esac
        line=${line//http:\/\/127.0.0.1:8080/$URL}
        case "$line" in
        "assay verify "*) verifies "${line##* }" ;;
        *) measures bash -c "$line" ;;
        esac
    done <commands
}

@test "the kept runs of real models verify, and their report is what they say" {
    cp -r "$ROOT/examples/real-llm/runs" runs
    cd runs
    [ "$(ls -d */ | wc -l)" -ge 6 ]
    for run in */; do
        verifies "$run"
        says "not checked"
        [[ "$output" != *scripted* ]]
    done
    "$ASSAY" report --format md */ | cmp - report.md
    "$ASSAY" report --format csv */ | cmp - summary.csv
}

@test "the kept run of the built-in model verifies, and its model is the one that lm synth writes" {
    cp -r "$ROOT/examples/built-in-model/run" run
    run_exit 0 "$ASSAY" verify run
    "$ASSAY" lm synth --shape small --format i2_s --seed 1 synthetic-small.gguf
    run "$ASSAY" show run
    says "$(sha256sum synthetic-small.gguf | cut -c1-12)"
    says "compute path real"
}

@test "every number of README is bound to a receipt, and one that drifts is found" {
    cd "$ROOT"
    run_exit 0 "$ASSAY" claims README.md --receipts examples --min-coverage 100%
    says "0 unsupported"
    sed 's/ 429 ms/ 428 ms/' README.md >"$BATS_TEST_TMPDIR/README.md"
    cp -r examples "$BATS_TEST_TMPDIR/"
    cd "$BATS_TEST_TMPDIR"
    run_exit 1 "$ASSAY" claims README.md --receipts examples
    says "C903"
}
