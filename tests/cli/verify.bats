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

@test "several documents: each as alone, in the order named, then how they ended; the gravest exit status" {
    one_run
    cp -r r untraced && rm untraced/trace.assay
    cp -r r longer && echo >>longer/receipt.json
    cp -r r bent && flip bent/trace.assay 100
    for _ in 1 2 3; do cat <<<r; done >order
    mapfile -t good <order
    run "$ASSAY" verify r
    local alone=$status
    run_exit "$alone" "$ASSAY" verify "${good[@]}"
    says "3 documents: "
    local all=(untraced r longer bent missing)
    {
        for each in "${all[@]}"; do
            echo "$each:"
            [ "$each" != missing ] || echo "unread: $("$ASSAY" verify missing 2>&1 | sed 's/^assay: //')"
            "$ASSAY" verify "$each" 2>/dev/null || true
        done
    } >due
    run_exit 1 "$ASSAY" verify "${all[@]}"
    [ "$(head -n -1 <<<"$output")" = "$(cat due)" ]
    [[ "${lines[-1]}" = "5 documents: "*" wanting, "*" malformed, 1 unread" ]]
    [ "$output" = "$("$ASSAY" verify "${all[@]}")" ] # and again
    run_exit 5 "$ASSAY" verify longer missing # 5 beats 3
    run_exit 3 "$ASSAY" verify untraced longer # 3 beats 2
    run_exit 2 "$ASSAY" verify untraced untraced
}

@test "several documents as JSON: what each says alone, with its name" {
    one_run
    cp -r r bent && flip bent/trace.assay 100
    run_exit 1 "$ASSAY" verify --json bent missing r
    [ "$(jq -c '[.exit, (.files | map(.file))]' <<<"$output")" = '[1,["bent","missing","r"]]' ]
    [ "$(jq -S '.files[0] | del(.file)' <<<"$output")" = "$("$ASSAY" verify --json bent | jq -S .)" ]
    [ "$(jq -S '.files[2] | del(.file)' <<<"$output")" = "$("$ASSAY" verify --json r | jq -S .)" ]
    [ "$(jq '.files[1].exit' <<<"$output")" -eq 5 ]
    jq -e '.files[1].unread | contains("missing")' <<<"$output"
}

@test "what belongs to one document is refused with several" {
    one_run
    run_exit 4 "$ASSAY" verify --trace r/trace.assay r r
    says "--trace"
    run_exit 4 "$ASSAY" verify --policy policy.yaml r r
    says "assay gate"
}
