# Shared by the tests of this folder. ASSAY is the program; every test works in a directory of its own and keeps its
# history there.

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    export ASSAY_STORE="$BATS_TEST_TMPDIR/history.db"
    SERVER_PID=
}

teardown() {
    if [ -n "$SERVER_PID" ]; then
        kill "$SERVER_PID" 2>/dev/null || true
        wait "$SERVER_PID" 2>/dev/null || true
    fi
}

# Starts the truth server with the given script (or preset:NAME) and sets URL.
start_truth() {
    "$ASSAY" truth --script "$1" --quiet >ready 3>&- &
    SERVER_PID=$!
    for _ in $(seq 200); do
        grep -q '^listening on port' ready && break
        sleep 0.02
    done
    URL="http://127.0.0.1:$(sed -n 's/^listening on port //p' ready)"
}

# run_exit STATUS COMMAND...: runs, and demands this exit status.
run_exit() {
    local wanted=$1
    shift
    run "$@"
    if [ "$status" -ne "$wanted" ]; then
        echo "exit status $status instead of $wanted: $*"
        echo "$output"
        return 1
    fi
}

# says TEXT: the output of the last run holds it.
says() {
    case "$output" in
    *"$1"*) ;;
    *)
        echo "the output does not say '$1':"
        echo "$output"
        return 1
        ;;
    esac
}
