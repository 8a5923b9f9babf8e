# Two receipts: comparable or refused, and what is said of them.

load lib

# two_runs [OPTIONS]: r1 and r2, alike but for what is given for the second
two_runs() {
    measures "$ASSAY" run noop --spin 50us --requests 60 --seed 7 --quiet --no-save --out r1
    measures "$ASSAY" run noop --spin 50us --requests 60 --seed 7 --quiet --no-save --out r2 "$@"
}

# every field that a machine may refuse to tell
UNKNOWN=(--may-differ host. --may-differ build.)

@test "a field that differs refuses, and all of them are listed with both values: 2" {
    two_runs --concurrency 2 --think 1us
    run_exit 2 "$ASSAY" compare r1 r2
    says "not comparable:"
    says "protocol.load"
    says "refuses"
}

@test "equal runs compare and give advice, however the words: 0" {
    two_runs
    run_exit 0 "$ASSAY" compare "${UNKNOWN[@]}" r1 r2
    says "advice only"
    says "n too small (1 of 5 runs a side)"
}

@test "the gate level is undecided below five runs a side: 2" {
    two_runs
    run_exit 2 "$ASSAY" compare --level gate "${UNKNOWN[@]}" r1 r2
}

@test "across shows both sides and never a verdict: 2" {
    two_runs --concurrency 2
    run_exit 2 "$ASSAY" compare --across r1 r2
    says "different hosts: no verdict"
}

@test "a run is not its own baseline: 2" {
    two_runs
    run_exit 2 "$ASSAY" compare r1 r1
    says "is the same run"
}

@test "a receipt that does not verify: 1; none at all: 5" {
    two_runs
    printf x | dd of=r2/trace.assay bs=1 seek=90 conv=notrunc status=none
    run_exit 1 "$ASSAY" compare r1 r2
    says "nothing is compared: 'r2'"
    run_exit 5 "$ASSAY" compare r1 nowhere
}

@test "the verdict document is written in its one spelling" {
    two_runs
    run_exit 0 "$ASSAY" compare "${UNKNOWN[@]}" --output v.json r1 r2
    grep -q '"format":"assay.verdict/1"' v.json
    [ "$(wc -l <v.json)" -eq 1 ]
    run_exit 5 "$ASSAY" compare "${UNKNOWN[@]}" --output v.json r1 r2
    says "use --force to replace it"
}

@test "what the words of a verdict would not look at is wrong usage" {
    local verb
    for verb in "compare a b" "parity a b" "ab -- true -- true"; do
        # shellcheck disable=SC2086 # words
        run_exit 4 "$ASSAY" ${verb%% *} --force ${verb#* }
        says "--force does nothing without --output"
        # shellcheck disable=SC2086
        run_exit 4 "$ASSAY" ${verb%% *} --json --markdown ${verb#* }
    done
}
