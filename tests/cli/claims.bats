# Documents against themselves and against receipts.

load lib

run_of_examples=$BATS_TEST_DIRNAME/../../examples/real-llm/runs/smollm2-135m-instruct-q4_1-warm-closed

report() {
    printf 'Encode time fell 91 → 66 ms (%s) on the 1080p set.\n' "$1" >report.md
}

# binds NUMBER: notes.md with one bound number, and the receipts beside it.
binds() {
    mkdir -p r && cp -r "$run_of_examples" r/run
    printf 'The TTFT p50 was %s<!-- assay: r/run/receipt.json#a/ttft_p50 --> here.\n' "$1" >notes.md
}

@test "a wrong percentage is found at its place, a right one is not" {
    report '-36 %'
    run_exit 1 "$ASSAY" claims report.md
    says "report.md:1:30: error[C201 change]"
    report '-27 %'
    run_exit 0 "$ASSAY" claims report.md
    says "0 wrong"
}

@test "standard input has the name that is given" {
    report '-36 %'
    run_exit 1 bash -c "'$ASSAY' claims - --name pr-12.md <report.md"
    says "pr-12.md:1:30"
}

@test "every format is written, and JSON names rule and line" {
    report '-36 %'
    for format in json sarif gitlab md; do
        run_exit 1 "$ASSAY" claims report.md --format "$format"
        says "C201"
    done
    run_exit 1 "$ASSAY" claims report.md --format json
    says '"rule": "C201"'
    says '"line": 1'
}

@test "a suppression needs a reason, and is counted" {
    report '-36 %'
    sed -i '1i <!-- assay:ignore C201 reason="the old figure is quoted" -->\n' report.md
    run_exit 0 "$ASSAY" claims report.md
    says "1 suppressed"
    sed -i 's/ reason="[^"]*"//' report.md
    run_exit 1 "$ASSAY" claims report.md
    says "C907"
}

@test "a bound number is what its receipt renders to: drift is found, fixed, and then supported" {
    binds '430 ms'
    run_exit 1 "$ASSAY" claims notes.md --receipts r
    says "error[C903 drift]"
    run_exit 0 "$ASSAY" claims notes.md --receipts r --fix --dry-run
    says "+The TTFT p50 was 429 ms"
    run_exit 0 "$ASSAY" claims notes.md --receipts r --fix
    run_exit 0 "$ASSAY" claims notes.md --receipts r
    says "1 supported"
    grep -q 'was 429 ms<!-- assay' notes.md
}

@test "bind proposes the metric that the number can be" {
    binds '429 ms'
    sed -i 's/<!--.*-->//' notes.md
    run_exit 0 "$ASSAY" claims bind notes.md --receipts r --write
    says "r/run/receipt.json#a/ttft_"
}

@test "an edited receipt backs nothing" {
    binds '429 ms'
    truncate -s -1 r/run/trace.assay
    run_exit 1 "$ASSAY" claims notes.md --receipts r
    says "C902"
}

@test "the how-to of this verb has no finding itself" {
    cp "$BATS_TEST_DIRNAME/../../docs/howto/check-the-numbers-of-a-document.md" howto.md
    run_exit 0 "$ASSAY" claims howto.md
}

@test "a stamp that is later than the commit that holds it is found with --head" {
    git init -q .
    echo '{"measured_at": "2031-04-02T10:40:00Z", "p50_ms": 41.2}' >late.json
    echo '{"measured_at": "2031-04-02T09:58:00Z", "p50_ms": 41.2}' >before.json
    git add late.json before.json
    GIT_COMMITTER_DATE='2031-04-02T10:05:00Z' git -c user.name=a -c user.email=a@example.org commit -qm results
    run_exit 1 "$ASSAY" claims late.json --head HEAD
    says "error[C701 after-container]"
    run_exit 0 "$ASSAY" claims before.json --head HEAD
    echo '{"measured_at": "2031-04-02T10:41:00Z", "p50_ms": 41.2}' >late.json
    run_exit 0 "$ASSAY" claims late.json --head HEAD
}

# reports: notes.md holds the rendered report of r/run, between its two comments
reports() {
    mkdir -p r
    cp -r "$run_of_examples" r/run
    {
        printf '# Notes\n\n<!-- assay:begin report=r/run/receipt.json -->\n'
        "$ASSAY" report --format md r/run/receipt.json
        printf '<!-- assay:end -->\n'
    } >notes.md
}

@test "a rendered part is what the report says now, or the first other line is shown" {
    reports
    run_exit 0 "$ASSAY" claims notes.md --root .
    ! grep -q ': 0 supported' <<<"$output"
    sed -i 's/| 812 ms |/| 821 ms |/' notes.md
    run_exit 1 "$ASSAY" claims notes.md --root .
    says "C903 drift"
    says "| end to end | 812 ms |"
    sed -i '/assay:end/d' notes.md
    run_exit 1 "$ASSAY" claims notes.md --root .
    says "goes up to <!-- assay:end -->"
    sed -i 's,r/run/,r/other/,' notes.md
    echo '<!-- assay:end -->' >>notes.md
    run_exit 1 "$ASSAY" claims notes.md --root .
    says "the receipt is not there"
}

@test "a part rendered from an edited run is refused" {
    reports
    truncate -s -1 r/run/trace.assay
    run_exit 1 "$ASSAY" claims notes.md --root .
    says "C902"
}

@test "the hardware table is the installed one, another one, or an error that says what is wanted" {
    printf '# Card\n\nOn the RTX 4090 the kernel read 1.4 TB/s.\n' >card.md
    run_exit 0 "$ASSAY" claims card.md
    says "warning[C406 hardware-limit]: 1.4 TB/s is more than the 1008 GB/s of RTX 4090"
    printf '{"assay_hardware": 1, "devices": []}' >none.json
    run_exit 0 "$ASSAY" claims card.md --hardware none.json
    ! grep -q C406 <<<"$output"
    echo '{}' >wrong.json
    run_exit 3 "$ASSAY" claims card.md --hardware wrong.json
    says "assay_hardware"
}

@test "files that a document names are looked for with --root, and counted" {
    mkdir -p data
    echo 1 >data/a.json
    printf 'Results are in `data/a.json`, see [b](data/b.json). There are 3 clips in `data/`.\n' >named.md
    run_exit 0 "$ASSAY" claims named.md --root . --level note
    says "warning[C706 dangling]: 'data/b.json' is given as evidence, and is not there"
    says "note[C707 recount]: 'data/' has 1 files"
    ! grep -q "data/a.json' is given" <<<"$output"
    run_exit 0 "$ASSAY" claims named.md --level note
    ! grep -q "C70[67]" <<<"$output"
}

@test "what may not stand unbound fails without asking for notes" {
    echo 'TTFT p50 was 429 ms here.' >unbound.md
    run_exit 0 "$ASSAY" claims unbound.md
    run_exit 1 "$ASSAY" claims unbound.md --forbid-unbound all
    says "C901 unbound"
    says "1 claims that must be bound are not"
}
