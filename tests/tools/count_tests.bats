# The closing line of `make check`, from real `meson test` runs of a project with every kind of end.

count=$BATS_TEST_DIRNAME/../../tools/count_tests.sh

# project NAME TEST-LINES: a Meson project that is set up and tested.
project() {
    dir=$BATS_TEST_TMPDIR/$1
    mkdir "$dir"
    printf "project('x')\nsh = find_program('sh')\n%s\n" "$2" >"$dir/meson.build"
    meson setup "$dir/build" "$dir" >/dev/null
    meson test -C "$dir/build" >/dev/null || true
}

closing_line_is() {
    run "$count" "$dir/build"
    echo "$output"
    [ "$output" = "$1" ]
}

@test "good tests are counted by case" {
    project good "test('plain', sh, args: ['-c', 'exit 0'])
test('tap', sh, args: ['-c', 'echo 1..2; echo ok 1 - a; echo ok 2 - b'], protocol: 'tap', suite: 's')"
    closing_line_is "3 passed, 0 failed"
    [ "$status" -eq 0 ]
}

@test "skipped tests are named and are not passed" {
    project skipped "test('plain', sh, args: ['-c', 'exit 77'])
test('tap', sh, args: ['-c', 'echo 1..2; echo ok 1 - a; echo ok 2 - b \# SKIP no'], protocol: 'tap')"
    closing_line_is "1 passed, 0 failed, 2 skipped"
    [ "$status" -eq 0 ]
}

@test "a failed test, an error and an unexpected pass fail" {
    project failed "test('plain', sh, args: ['-c', 'exit 1'], suite: 's')
test('error', sh, args: ['-c', 'exit 99'])
test('unexpected', sh, args: ['-c', 'exit 0'], should_fail: true)
test('tap', sh, args: ['-c', 'echo 1..2; echo ok 1 - a; echo not ok 2 - b'], protocol: 'tap')"
    closing_line_is "1 passed, 4 failed"
    [ "$status" -eq 1 ]
}

@test "a crash, a time-out and a broken plan fail although every finished case passed" {
    project broken "test('crash', sh, args: ['-c', 'echo 1..2; echo ok 1 - a; kill -SEGV \$\$'], protocol: 'tap')
test('short', sh, args: ['-c', 'echo 1..3; echo ok 1 - a'], protocol: 'tap', suite: 's')
test('status', sh, args: ['-c', 'echo 1..1; echo ok 1 - a; exit 3'], protocol: 'tap')
test('timeout', sh, args: ['-c', 'echo 1..2; echo ok 1 - a; exec sleep 9'], protocol: 'tap', timeout: 1)
test('plain-timeout', sh, args: ['-c', 'exec sleep 9'], timeout: 1)"
    closing_line_is "4 passed, 5 failed"
    [ "$status" -eq 1 ]
}

@test "no test at all is a failure" {
    project none ""
    run "$count" "$dir/build"
    [ "$status" -eq 1 ]
}
