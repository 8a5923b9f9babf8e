#!/usr/bin/env bats
# Programs as arms: assay run command.

load lib

QUICK="--pairs 2 --quiet --no-save"

@test "two commands take turns, and the receipt verifies" {
    measures "$ASSAY" run command --arm a='sleep 0.002' --arm b='sleep 0.003' --pairs 6 --quiet --no-save --out run
    says "Arm a, sleep 0.002"
    says "service_ratio"
    says "subject: binary:a"
    says "subject: command:b"
    says "compute path real"
    verifies run
}

@test "a command that cannot be run is told before anything runs" {
    run_exit 5 "$ASSAY" run command --arm 'nosuchprogram -x' $QUICK --out run
    says "there is no program 'nosuchprogram' in PATH"
    run_exit 5 "$ASSAY" run command --arm './nosuchfile' $QUICK --out run
    says "there is no file './nosuchfile'"
    touch plain
    run_exit 4 "$ASSAY" run command --arm './plain' $QUICK --out run
    says "not executable"
    run_exit 4 "$ASSAY" run command --arm '/' $QUICK --out run
    run_exit 4 "$ASSAY" run command --arm "echo 'x" $QUICK --out run
    says "is not closed"
    run_exit 4 "$ASSAY" run command --arm '   ' $QUICK --out run
    says "empty"
    run_exit 4 "$ASSAY" run command $QUICK --out run
    says "--arm"
    run_exit 5 "$ASSAY" run command --arm true --cwd nosuchdir $QUICK --out run
    run_exit 5 "$ASSAY" run command --arm true --input nosuchfile $QUICK --out run
    [ ! -e run ]
}

@test "a file that only a shell could start is an error that names it" {
    printf 'echo hello\n' >script
    chmod +x script
    run_exit 5 "$ASSAY" run command --arm ./script $QUICK --out run
    says "Exec format error"
    [ ! -e run ]
}

@test "a command that fails is a failed sample, and --expect-exit says what fails" {
    run "$ASSAY" run command --arm 'sh -c "exit 3"' $QUICK --out run
    [ "$status" -ne 0 ]
    says "exit_status"
    measures "$ASSAY" run command --arm 'sh -c "exit 3"' --expect-exit 3 $QUICK --out run2
    verifies run2
}

@test "a command at its time limit is timed out, with what it started" {
    run "$ASSAY" run command --arm 'sh -c "sleep 77 & sleep 77"' --timeout 100ms $QUICK --out run
    [ "$status" -ne 0 ]
    says "timeout_total"
    ! pgrep -f 'sleep 77' >/dev/null
}

@test "outputs are the same, or those of a file, or what a command accepts" {
    measures "$ASSAY" run command --arm 'echo 1' --arm 'sh -c "echo 1"' --verify-output same $QUICK --out same
    says "check output_same: pass"
    run_exit 1 "$ASSAY" run command --arm 'echo 1' --arm 'echo 2' --verify-output same $QUICK --out other
    says "check output_same: fail"
    run "$ASSAY" run command --arm 'date +%N' --verify-output same $QUICK --out alone
    [ "$status" -ne 0 ]
    echo 1 >expected
    measures "$ASSAY" run command --arm 'echo 1' --verify-output expected $QUICK --out file
    says "check output_reference: pass"
    says "subject: data:expected"
    echo 2 >expected
    run "$ASSAY" run command --arm 'echo 1' --verify-output file:expected $QUICK --out file2
    [ "$status" -ne 0 ]
    says "0 ok, 3 failed"
    measures "$ASSAY" run command --arm 'echo 1' --verify-output 'grep -q 1' $QUICK --out judge
    says "check output_reference: pass"
    run "$ASSAY" run command --arm 'echo 1' --verify-output 'grep -q 2' $QUICK --out judge2
    [ "$status" -ne 0 ]
    says "0 ok, 3 failed"
    run_exit 5 "$ASSAY" run command --arm 'echo 1' --verify-output nosuchthing $QUICK --out none
}

@test "input, directory, shell and preparation reach the command" {
    mkdir place
    echo hello >place/file
    printf '#!/bin/sh\ncat file\n' >place/tool
    chmod +x place/tool
    echo hello >expected
    measures "$ASSAY" run command --arm './tool' --cwd place --verify-output expected $QUICK --out cwd
    measures "$ASSAY" run command --arm 'cat' --input expected --verify-output expected $QUICK --out input
    says "subject: data:input"
    measures "$ASSAY" run command --shell --arm 'echo hel"lo" | cat' --verify-output expected $QUICK --out shell
    measures "$ASSAY" run command --prepare "sh -c 'echo x >>prepared.txt'" --arm true --arm true $QUICK --out prepared
    [ "$(wc -l <prepared.txt)" -eq 8 ] # two pairs of two arms, and one block of warm-up
    run_exit 5 "$ASSAY" run command --prepare 'sh -c "echo broken >&2; exit 9"' --arm true $QUICK --out broken
    says "--prepare ended with status 9"
    says "broken"
}

@test "both arms of a round get the same environment, another one each round" {
    cat >tell <<'END'
#!/bin/sh
echo "${#ASSAY_PAD}" >>"$1"
END
    chmod +x tell
    measures "$ASSAY" run command --arm './tell a' --arm './tell b' --pairs 12 --seed 5 --quiet --no-save --out run
    cmp a b
    [ "$(sort -u a | wc -l)" -gt 6 ]
}

@test "Ctrl-C ends a long command and the run, and leaves a record" {
    "$ASSAY" run command --arm 'sleep 78' --pairs 4 --quiet --no-save --out run >out 2>&1 3>&- &
    local pid=$!
    for _ in $(seq 100); do
        pgrep -f 'sleep 78' >/dev/null && break
        sleep 0.02
    done
    kill -INT "$pid"
    wait "$pid" && status=0 || status=$?
    [ "$status" -eq 2 ]
    [ -e run/record.json ]
    ! pgrep -f 'sleep 78' >/dev/null
}

@test "a program that is another one after the run makes it invalid" {
    cp /bin/true mine
    run_exit 2 "$ASSAY" run command --arm ./mine --prepare 'sh -c "cp /bin/false new; mv new mine"' \
        --expect-exit 1 $QUICK --out run
    says "subject: model, server or program changed during the run"
}
