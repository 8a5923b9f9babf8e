#!/usr/bin/env bats
# Two commands in turn, and the verdict; how quiet the machine is.

load lib

QUICK="--quiet --no-save --no-doctor"

@test "a command against itself is never faster or slower" {
    for i in 1 2 3 4 5; do
        run "$ASSAY" ab 'sleep 0.01' 'sleep 0.01' --pairs 12 $QUICK --out run$i -o v$i.json
        [ "$status" -eq 0 ] || [ "$status" -eq 2 ]
        case "$(word_of v$i.json)" in
        parity | inconclusive) ;;
        *) echo "$output" && return 1 ;;
        esac
    done
}

@test "a slower command is called slower, and a faster one faster" {
    comes_to slower run-slower "$ASSAY" ab 'sleep 0.005' 'sleep 0.02' $QUICK
    [ "$status" -eq 1 ] || { [ "$status" -eq 2 ] && says 'the run is invalid'; }
    says " pairs"
    says "cpu_tree"
    says "first place of a round"
    says "ended by: reached"
    says "layouts:"
    says "kept in run-slower"
    comes_to faster run-faster "$ASSAY" ab 'sleep 0.02' 'sleep 0.005' $QUICK
    [ "$status" -eq 0 ] || [ "$status" -eq 2 ]
    verifies run-faster
}

@test "too few pairs are inconclusive, and the row says what is missing" {
    run_exit 2 "$ASSAY" ab 'sleep 0.002' 'sleep 0.002' --pairs 4 $QUICK --out run
    says "inconclusive"
    says "n too small (4 of"
}

@test "outputs that differ fail where sameness was asked for" {
    run "$ASSAY" ab 'echo 1' 'echo 2' --verify-output same --pairs 8 $QUICK --out run
    [ "$status" -eq 1 ]
    says "outputs"
}

@test "commands that look like arms are commands" {
    run_exit 5 "$ASSAY" ab 'b=1 x' 'sleep 0' --pairs 2 $QUICK --out run
    says "there is no program 'b=1'"
}

@test "wrong usage is told before anything runs" {
    run_exit 4 "$ASSAY" ab 'sleep 0'
    run_exit 4 "$ASSAY" ab 'sleep 0' 'sleep 0' --margin 0 --out run
    run_exit 4 "$ASSAY" ab 'sleep 0' 'sleep 0' --pairs many --out run
    run_exit 4 "$ASSAY" ab 'sleep 0' 'sleep 0' --level none --out run
    run_exit 5 "$ASSAY" ab 'sleep 0' 'nosuchprogram' --no-doctor --out run
    [ ! -e run ]
}

@test "a verdict file is not replaced unless forced" {
    echo kept >v.json
    run_exit 5 "$ASSAY" ab 'sleep 0' 'sleep 0' --pairs 2 $QUICK --out run -o v.json
    [ "$(cat v.json)" = kept ]
    run "$ASSAY" ab 'sleep 0' 'sleep 0' --pairs 2 $QUICK --out run2 -o v.json --force
    grep -q '"format":"assay.verdict/1"' v.json
}

@test "the doctor answers every probe, and unknown is not ok" {
    run "$ASSAY" doctor --duration 300ms
    [ "$status" -le 2 ]
    says "unknown is not ok"
    local findings unknown
    findings=$(grep -c '^finding ' <<<"$output" || true)
    unknown=$(grep -c '^unknown ' <<<"$output" || true)
    if [ "$findings" -gt 0 ]; then [ "$status" -eq 1 ]; elif [ "$unknown" -gt 0 ]; then [ "$status" -eq 2 ]; fi
    [ "$(grep -c '^ *fix  ' <<<"$output" || true)" -eq "$findings" ]
    run "$ASSAY" doctor --duration 300ms --json
    says '"probe": "steal"'
    says '"probe": "context-switches"'
    run_exit 4 "$ASSAY" doctor --duration 1ms
}

@test "the doctor names who takes the CPU" {
    (while :; do :; done) 3>&- &
    local pid=$!
    run "$ASSAY" doctor --duration 500ms
    kill "$pid"
    [ "$status" -eq 1 ]
    grep -Eq '^finding +foreign-cpu' <<<"$output"
    grep -Eq 'evidence +other processes used .*: [^ ]+ \([0-9]+\) [0-9]+%' <<<"$output"
}

@test "selfcheck says whether a margin can be told here, and which could" {
    run "$ASSAY" selfcheck --pairs 4 --quiet -o v.json
    [ "$status" -le 2 ]
    says "smallest fit margin"
    for row in same overhead loop sleep memory calls; do
        grep -Eq "^  $row " <<<"$output"
    done
    grep -q '"question":"selfcheck"' v.json
    if [ "$status" -eq 0 ]; then grep -q '"verdict":"pass"' v.json; fi
    run_exit 4 "$ASSAY" selfcheck --margin 0
    run_exit 5 "$ASSAY" selfcheck nosuchprogram --quiet
}

@test "a command that takes now long, now short, is not fit, and slack for a wide margin" {
    run_exit 1 "$ASSAY" selfcheck --pairs 8 --quiet --margin 1% "sh -c 'sleep 0.0\$((\$\$ % 5))'"
    says "not fit at a margin of 1%"
    grep -Eq '^  same +inconclusive' <<<"$output"
}

@test "work is of the kind and amount that was asked for" {
    "$ASSAY" work loop 1000
    "$ASSAY" work sleep 1000
    "$ASSAY" work memory 1000
    "$ASSAY" work calls 10
    run_exit 4 "$ASSAY" work dig 10
    ! "$ASSAY" --help | grep -q ' work '
}

@test "a run made under selfcheck keeps the answer in its receipt" {
    run "$ASSAY" ab 'sleep 0.002' 'sleep 0.002' --pairs 8 $QUICK --selfcheck --out run
    [ "$status" -ne 4 ] && [ "$status" -ne 5 ]
    run "$ASSAY" show run
    grep -Eq 'check aa_noise: (pass|fail), n ' <<<"$output"
    verifies run || grep -q aa_noise <<<"$output"
}
