load lib

ROOT="$BATS_TEST_DIRNAME/../.."

@test "examples/suite/night.yaml measures three runs that verify" {
    start_truth preset:openai
    sed "s|http://127.0.0.1:8080|$URL|" "$ROOT/examples/suite/night.yaml" >night.yaml
    run_exit 0 "$ASSAY" run night.yaml --no-calibrate --quiet --out night
    [ "$(ls night | wc -l)" -eq 3 ]
    for run in night/*; do
        run_exit 0 "$ASSAY" verify "$run"
    done
}

# Every line of the README that begins with "assay " is a command; they are run in the order in which a reader meets
# them, in one directory, against the scripted server that the first of them starts.
@test "every command of the README does what it says" {
    grep -E '^assay ' "$ROOT/README.md" >commands
    [ "$(wc -l <commands)" -gt 5 ]
    start_truth preset:openai
    mkdir bin
    ln -s "$ASSAY" bin/assay
    PATH="$PWD/bin:$PATH"
    while read -r line; do
        case "$line" in
        "assay truth "*) continue ;; # started above, on a free port
        esac
        run_exit 0 bash -c "${line//http:\/\/127.0.0.1:8080/$URL}"
    done <commands
}
