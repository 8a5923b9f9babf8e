load lib

@test "without a verb the usage is an error that names the way out" {
    run_exit 4 "$ASSAY"
    says "assay --help"
}

@test "--version prints name and version" {
    run_exit 0 "$ASSAY" --version
    [[ "$output" =~ ^assay\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
}

@test "--help lists every verb that is not hidden" {
    run_exit 0 "$ASSAY" --help
    for verb in run show verify report history explain import export truth host; do
        says "  $verb "
    done
}

@test "a mistyped verb is told the nearest one" {
    run_exit 4 "$ASSAY" verifi
    says "did you mean 'verify'?"
}

@test "every verb has --help, and an unknown option is a usage error" {
    for verb in show verify report history detect explain import export truth host; do
        run_exit 0 "$ASSAY" "$verb" --help
        says "assay $verb"
        run_exit 4 "$ASSAY" "$verb" --no-such-option
        says "no-such-option"
    done
}

@test "a mistyped option is told the nearest one" {
    run_exit 4 "$ASSAY" run llm --requestz 3
    says "requests"
}

@test "run --help lists the workloads, and each has a page of its own" {
    run_exit 0 "$ASSAY" run --help
    says "llm"
    says "noop"
    run_exit 0 "$ASSAY" run llm --help
    says "--url"
    says "--concurrency"
}

@test "the man pages are well-formed" {
    command -v mandoc >/dev/null || skip "mandoc is not installed"
    "$ASSAY" man | while read -r page arguments; do
        # shellcheck disable=SC2086
        "$ASSAY" man $arguments >"$page.1"
        mandoc -T lint -W warning "$page.1"
    done
}

@test "completions are scripts that the shells accept" {
    "$ASSAY" completion bash >assay.bash
    bash -n assay.bash
    grep -q -- --concurrency assay.bash
    run_exit 4 "$ASSAY" completion tcsh
}

@test "standard output that cannot be written is a failure" {
    [ -e /dev/full ] || skip "no /dev/full"
    run_exit 5 bash -c '"$ASSAY" --help >/dev/full'
    says "standard output"
}
