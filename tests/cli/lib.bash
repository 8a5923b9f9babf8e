# Shared by the tests of this folder. ASSAY is the program; every test works in a directory of its own and keeps its
# history there.

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    export ASSAY_STORE="$BATS_TEST_TMPDIR/history.db"
    SERVER_PID=
    SECOND_PID=
}

teardown() {
    local pid
    for pid in $SERVER_PID $SECOND_PID; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
}

# Starts the truth server with short streams (or the given script) and sets URL.
start_truth() {
    echo '{"assay_truth": 1, "default": {"dialect": "openai", "tokens": 0, "first_ns": 4000000, "interval_ns": 1000000}}' \
        >short.json
    "$ASSAY" truth --script "${1:-short.json}" --quiet >ready 3>&- &
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

# measures COMMAND...: runs it, and demands a receipt. A busy host makes a run invalid (exit status 2), and the rules
# that say so are tested elsewhere; whatever else is wrong is a failure.
measures() {
    run "$@"
    [ "$status" -eq 0 ] && return 0
    local reasons
    reasons=$(grep -o '^INVALID: [^:]*' <<<"$output" | sort -u)
    if [ "$status" -ne 2 ] || [ -z "$reasons" ] || grep -Eqv ': (noise|late|rate|client|calib|users)$' <<<"$reasons"; then
        echo "exit status $status: $*"
        echo "$output"
        return 1
    fi
}

# verifies DIR: every number is derived again; nothing is wrong but, at most, what a busy host did to the run.
verifies() {
    run "$ASSAY" verify "$1"
    local violations
    violations=$(grep -E '^[0-9]{3} ' <<<"$output" | grep -v '^341 undecided /predicate/invalid/' || true)
    if [ "$status" -ne 0 ] && { [ "$status" -ne 2 ] || [ -n "$violations" ]; }; then
        echo "exit status $status: assay verify $1"
        echo "$output"
        return 1
    fi
    grep -Eq '^RECOMPUTE  (pass|undecided) ' <<<"$output"
}

# says TEXT: the output of the last run holds it, where lines wrap or not.
says() {
    case "$output$(tr -s ' \n' ' ' <<<"$output")" in
    *"$1"*) ;;
    *)
        echo "the output does not say '$1':"
        echo "$output"
        return 1
        ;;
    esac
}

# The word of the first row, from a verdict file. A busy host makes the run invalid, and then nothing passes or fails;
# the word of the comparison stands.
word_of() {
    grep -o '"word":"[^"]*"' "$1" | head -1 | cut -d'"' -f4
}

# comes_to WORD DIR COMMAND...: the paired measurement, kept in DIR and v.json, comes to WORD; again with more pairs
# where the host was too busy to say. Another word is a failure at once.
comes_to() {
    local word=$1 dir=$2 pairs
    shift 2
    for pairs in 20 48 96; do
        rm -rf "$dir" v.json
        run "$@" --pairs "$pairs" --out "$dir" -o v.json
        [ "$(word_of v.json)" = inconclusive ] || break
    done
    [ "$(word_of v.json)" != inconclusive ] || skip "other programs disturbed every run"
    if [ "$(word_of v.json)" != "$word" ]; then
        echo "not $word: $*"
        echo "$output"
        return 1
    fi
}
