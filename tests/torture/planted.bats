# torture.sh finds what it is for, in a program with planted faults (planted.c).

torture=$BATS_TEST_DIRNAME/torture.sh

# finds TEXT VARIABLE KIND
finds() {
    run "$torture" "$2" 20 bytes "$PLANTED" "$3" out.txt
    echo "$output"
    [ "$status" -eq 1 ] && case $output in *"$1"*) ;; *) false ;; esac
}

@test "a program in good order passes" {
    "$torture" ASSAY_FAULT_ALLOC 20 bytes "$PLANTED" none out.txt
    "$torture" ASSAY_FAULT_WRITE 20 bytes "$PLANTED" none out.txt
}

@test "a crash is found" {
    finds 'ends with 13' ASSAY_FAULT_ALLOC crash
}

@test "exit 0 with another output is found" {
    finds 'exit status 0, but another output' ASSAY_FAULT_ALLOC ignores
    finds 'exit status 0, but' ASSAY_FAULT_WRITE swallows
}

@test "half a file is found" {
    finds 'leaves: ' ASSAY_FAULT_WRITE halves
}

@test "a failure without a reason is found" {
    finds 'without a reason' ASSAY_FAULT_WRITE silent
}

@test "an exit status that no manual names is found" {
    finds 'ends with 42' ASSAY_FAULT_ALLOC status
}

@test "a torture that hurts nothing is no pass" {
    run "$torture" ASSAY_FAULT_ALLOC 20 bytes true
    [ "$status" -eq 1 ]
}
