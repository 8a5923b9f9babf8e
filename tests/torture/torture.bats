# The program itself under torture.sh. ASSAY: built with faults_on.c. LAST: how many failures at most (short in `make check`,
# all of them in `make check-all`).

torture=$BATS_TEST_DIRNAME/torture.sh

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    export ASSAY_STORE=$BATS_FILE_TMPDIR/history.db
    "$ASSAY" run noop --requests 20 --seed 1 --no-save --quiet --out noop >/dev/null || [ $? -eq 2 ]
    printf 'timestamp,model,first_token_ms,tokens_per_s\n2026-01-05T09:30:00Z,m,12.5,40\n' >base.csv
}

setup() {
    noop=$BATS_FILE_TMPDIR/noop
    export ASSAY_STORE=$BATS_TEST_TMPDIR/none/history.db
}

hurts() {
    "$torture" ASSAY_FAULT_ALLOC "$LAST" "$@"
    "$torture" ASSAY_FAULT_WRITE "$LAST" "$@"
}

# Reads too: only where files are read in any case, as those of a run.
hurts_reading() {
    "$torture" ASSAY_FAULT_READ "$LAST" "$@"
}

@test "help, manual and completion" {
    hurts bytes "$ASSAY" --help
    hurts bytes "$ASSAY" man run noop
    hurts bytes "$ASSAY" completion bash
}

@test "show and verify a run" {
    hurts bytes "$ASSAY" show "$noop"
    hurts bytes "$ASSAY" verify "$noop"
    hurts bytes "$ASSAY" verify --json "$noop"
    hurts_reading bytes "$ASSAY" verify "$noop"
}

@test "a report in every format, to standard output and to a file" {
    for format in text csv md json; do
        hurts bytes "$ASSAY" report --format "$format" "$noop"
    done
    hurts bytes "$ASSAY" report --format md --output report.md "$noop"
}

@test "a run as CI shows it, on every surface" {
    for form in github-summary ctrf; do # the others share their verification, which is most of it
        hurts bytes "$ASSAY" export --as "$form" "$noop"
    done
    hurts_reading bytes "$ASSAY" export --as junit "$noop"
}

@test "import another tool's results" {
    hurts names "$ASSAY" import --no-save --out in "$BATS_FILE_TMPDIR/base.csv"
}

@test "measure" {
    hurts names "$ASSAY" run noop --requests 5 --seed 1 --no-save --out out
}

@test "kernels: each run once, and one measured" {
    hurts bytes "$ASSAY" host --count
    hurts names "$ASSAY" run kernel ternary_gemv --case least --variants ref --pairs 2 --epoch 100us --no-save \
        --no-calibrate --out out
}
