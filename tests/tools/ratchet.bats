# The ratchet, on a tree of its own.

ratchet=$BATS_TEST_DIRNAME/../../tools/ratchet.sh

setup() {
    tree=$BATS_TEST_TMPDIR/tree
    mkdir -p "$tree/src" "$tree/tools"
    printf '# sizes\nfunction-lines 50\nfunction-branches 20\nfile-lines 800\n' >"$tree/tools/ratchet.txt"
}

# function_of LINES: a C file with one function of that many lines, braces included.
function_of() {
    {
        echo 'static int long_one(int x)'
        echo '{'
        for _ in $(seq $(($1 - 2))); do echo '    x++;'; done
        echo '}'
    } >"$tree/src/a.c"
}

@test "a function up to the recorded worst passes and one line more fails" {
    function_of 50
    "$ratchet" "$tree"
    function_of 51
    run "$ratchet" "$tree"
    [ "$status" -eq 1 ]
    [ "$output" = "ratchet: src/a.c:long_one: function-lines 51, at most 50" ]
}

@test "what got better is kept, and the old size fails from then on" {
    function_of 45
    "$ratchet" --update "$tree"
    grep -qx 'function-lines 45' "$tree/tools/ratchet.txt"
    function_of 46
    run "$ratchet" "$tree"
    [ "$status" -eq 1 ]
}

@test "an update does not take what got worse" {
    function_of 60
    run "$ratchet" --update "$tree"
    [ "$status" -eq 1 ]
    grep -qx 'function-lines 50' "$tree/tools/ratchet.txt"
}

@test "below the wanted size nothing is recorded" {
    function_of 10
    "$ratchet" --update "$tree"
    grep -qx 'function-lines 40' "$tree/tools/ratchet.txt"
    grep -qx 'function-branches 15' "$tree/tools/ratchet.txt"
}

@test "branches are counted, but not in strings" {
    {
        printf 'int f(int x)\n{\n'
        for _ in $(seq 7); do echo '    if (x && x || x) {'; done
        echo '    puts("if ( ? && ||");'
        printf '}\n'
    } >"$tree/src/a.c"
    run "$ratchet" "$tree"
    [ "$output" = "ratchet: src/a.c:f: function-branches 22, at most 20" ]
}
