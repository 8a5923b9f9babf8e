# The exit statuses of verify, over files that a run has left.

load lib

one_run() {
    measures "$ASSAY" run noop --requests 2000 --seed 7 --quiet --no-save --out r
}

# flip FILE OFFSET: sets one byte to another value
flip() {
    local old
    old=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
    # shellcheck disable=SC2059 # the format is the byte
    printf "\\$(printf '%03o' $(((old + 1) % 256)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

@test "a byte of the trace changed: 1" {
    one_run
    flip r/trace.assay 100
    run_exit 1 "$ASSAY" verify r
    says "RECOMPUTE  fail"
}

@test "a byte of the plan changed: 1" {
    one_run
    flip r/plan.json 1000
    run_exit 1 "$ASSAY" verify r
    says "RECOMPUTE  fail"
}

@test "no trace: 2" {
    one_run
    rm r/trace.assay
    run_exit 2 "$ASSAY" verify r
    says "301 undecided trace.assay: found nothing"
}

@test "a line end too many: 3" {
    one_run
    echo >>r/receipt.json
    run_exit 3 "$ASSAY" verify r
    says "103 fail"
    run "$ASSAY" verify --interop r # takes it; what else the run was stays what it was
    [ "$status" -ne 3 ]
    says ", interop"
}

@test "no document: 5" {
    one_run
    rm r/receipt.json
    run_exit 5 "$ASSAY" verify r
}

@test "a nonce that no run can carry, a policy that does not exist: 4 and 5, and what would be right" {
    one_run
    run_exit 4 "$ASSAY" verify --nonce zz r
    says "expected 64 lowercase hex digits"
    run_exit 5 "$ASSAY" verify --policy mine r
    says "mine"
}

@test "an age or a margin that bounds nothing is wrong usage, and not one that was not asked for" {
    local options
    for options in --max-age=0 "--baseline=r --baseline-age=0" "--with=r --margin=0" "--with=r --margin=200%"; do
        # shellcheck disable=SC2086 # two words
        run_exit 4 "$ASSAY" verify $options r
        says "above 0"
    done
    run_exit 4 "$ASSAY" verify --baseline-age 1h r
    run_exit 4 "$ASSAY" verify --margin 1% r
    says "--margin with --with"
}
