load lib

# Both histories are made once: thirty commits, of a model's first token and of a command; from commit 20 on it is slower
# (of the command, commits 18 and 19 were not measured).
setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    git init -q -b main repo
    cd repo || return 1
    local i j level fast noise=(3 9 1 7 5 2 8 4 6 0 5 1 9 3 7 6 2 8 4 0 1 6 9 3 5 8 2 7 0 4)
    for i in $(seq 0 29); do
        echo "$i" >source
        git add source
        git -c user.name=a -c user.email=a@example.org commit -q -m "commit $i"
        git rev-parse HEAD >>../commits
        level=100 fast=10
        [ "$i" -lt 20 ] || level=112 fast=50
        {
            echo 'timestamp,model,first_token_ms,tokens_per_s'
            for j in 1 2 3 4 5; do
                echo "2026-01-0${j}T00:00:00Z,m,$level.${noise[i]}$i$j,40.25"
            done
        } >base.csv
        "$ASSAY" import base.csv --out "../m$i" --commit HEAD --branch main --store ../step.db >../log 2>&1 ||
            { cat ../log; return 1; }
        if [ "$i" -ne 19 ] && [ "$i" -ne 18 ]; then # not every commit is measured
            printf '{"results":[{"command":"work","mean":1,"times":[' >h.json
            for j in 1 2 3 4 5; do printf '0.0%d%d%d,' "$fast" "$j" "$(((i * 7 + j) % 10))" >>h.json; done
            printf '0.0%d5]}]}' "$fast" >>h.json
            "$ASSAY" import h.json --out "../c$i" --commit HEAD --branch main --store ../command.db >../log 2>&1 ||
                { cat ../log; return 1; }
        fi
    done
}

use_history() {
    export ASSAY_STORE="$BATS_FILE_TMPDIR/$1.db"
    cd "$BATS_FILE_TMPDIR/repo" || return 1
    mapfile -t COMMITS <../commits
}

step_history() { use_history step; }

command_history() {
    use_history command
    cat >build.sh <<'SCRIPT'
#!/bin/sh
# build.sh COMMIT DIR: as slow as the commit's source says
n=$(git show "$1:source")
[ "$n" -lt 19 ] && t=0.01 || t=$SLOW
printf '#!/bin/sh\nexec sleep %s\n' "$t" >"$2/run"
chmod +x "$2/run"
echo "building $n"
echo "$2/run"
SCRIPT
    chmod +x build.sh
}

@test "a step is named with the commit where it began" {
    step_history
    run_exit 2 "$ASSAY" detect --series '*ttft_p50*'
    says "worse, candidate: llm m ttft_p50"
    says "began at ${COMMITS[20]:0:12} after ${COMMITS[19]:0:12}"
    says "20 commits before, 10 after"
    says "|"
    run_exit 2 "$ASSAY" detect --series '*ttft_p50*' --json --force -o "$BATS_TEST_TMPDIR/verdict.json"
    says "\"arm\": \"${COMMITS[20]}\""
    grep -q 'assay.verdict/1' "$BATS_TEST_TMPDIR/verdict.json"
    run_exit 0 "$ASSAY" detect --series '*ttft_p50*' --since "${COMMITS[24]}"
}

@test "a mark changes what a change means, and is printed" {
    step_history
    mark() {
        printf 'assay_marks: 1\nmarks:\n  - {kind: %s, series: "llm * ttft_p50*", commit: %s, reason: "new model", ' \
            "$1" "${COMMITS[20]:0:12}" >marks.yaml
        printf 'issued: 2026-01-01, expires: %s}\n' "$2" >>marks.yaml
    }
    mark shift never
    run_exit 0 "$ASSAY" detect --series '*ttft_p50*' --marks marks.yaml
    says "mark: shift"
    mark ack 2999-01-01
    run_exit 0 "$ASSAY" detect --series '*ttft_p50*' --marks marks.yaml
    says "acknowledged"
    says "new model"
    mark ack 2026-01-02
    run_exit 2 "$ASSAY" detect --series '*ttft_p50*' --marks marks.yaml
    says "it does nothing"
    mark forget never
    run_exit 3 "$ASSAY" detect --marks marks.yaml
    says "marks.yaml: line 3"
}

# decides STATUS SLOW OPTION...: detect with paired runs, again and longer where the machine was too busy to decide.
decides() {
    local wanted=$1 slow=$2 duration
    shift 2
    for duration in 1500ms 6s 12s; do
        run env SLOW="$slow" "$ASSAY" detect --series 'command *service_p50*' --confirm ./build.sh --quiet "$@" \
            --duration "$duration" --keep "$BATS_TEST_TMPDIR/kept-$duration"
        KEPT="$BATS_TEST_TMPDIR/kept-$duration"
        [[ "$output" == *"not decided"* ]] || break
    done
    [[ "$output" != *"not decided"* ]] || skip "every paired run was disturbed by other programs"
    if [ "$status" -ne "$wanted" ]; then
        echo "exit status $status instead of $wanted"
        echo "$output"
        return 1
    fi
}

@test "--confirm builds both commits and runs them in turn: confirmed, and bisected" {
    command_history
    decides 1 0.05
    says "worse, confirmed: command"
    says "paired run: slower"
    says "began at ${COMMITS[19]:0:12}, bisected between ${COMMITS[17]:0:12} and ${COMMITS[20]:0:12}"
    [ -e "$KEPT/verdict-0.json" ]
}

@test "what the paired run says otherwise is refuted" {
    command_history
    decides 0 0.01 --margin 20%
    says "worse, refuted: command"
}

@test "what cannot be built or measured stays open" {
    command_history
    run_exit 2 "$ASSAY" detect --series 'command *service_p50*' --confirm false --quiet --keep "$BATS_TEST_TMPDIR/none"
    says "could not build"
    says "the build failed, exit status 1"
    run_exit 2 "$ASSAY" detect --series 'command *service_p50*' --confirm true --quiet --keep "$BATS_TEST_TMPDIR/silent"
    says "no command was printed"
}

@test "a history without series is not measured, and one that is not there is an error" {
    run_exit 5 "$ASSAY" detect
    printf '{"mean_ttft_ms":40.0,"request_throughput":2.0}' >summary.json
    run_exit 0 "$ASSAY" import summary.json --out s
    run_exit 2 "$ASSAY" detect
    says "no series"
}

@test "history shows each value with its unit, and draws the series" {
    step_history
    run_exit 0 "$ASSAY" history --metric ttft_p50 --limit 0
    says "100 ms"
    says "112 ms"
    [[ "$output" != *" ns"* ]]
    says "▁"
    run_exit 0 "$ASSAY" history --metric ttft_p50 --format csv --limit 1
    says ",ns,"
    run_exit 4 "$ASSAY" history --metric ttft_p5
    says "nearest"
}

# Every line of a shell block of the how-to that begins with "assay " is run, in order.
@test "every command of docs/howto/watch-history.md does what it says" {
    command_history
    cp "$ASSAY_STORE" "$BATS_TEST_TMPDIR/own.db"
    export ASSAY_STORE="$BATS_TEST_TMPDIR/own.db" SLOW=0.05
    cp h.json results.json
    printf 'assay_marks: 1\nmarks:\n  - {kind: shift, series: "command *", commit: %s, reason: "new compiler", ' \
        "${COMMITS[20]:0:12}" >marks.yaml
    printf 'issued: 2026-11-01, expires: never}\n' >>marks.yaml
    mkdir -p bin
    ln -sf "$ASSAY" bin/assay
    PATH="$PWD/bin:$PATH"
    awk '/^```/ { in_shell = /^```sh/ } in_shell && /^assay /' \
        "$BATS_TEST_DIRNAME/../../docs/howto/watch-history.md" >commands
    [ "$(wc -l <commands)" -eq 5 ]
    local wanted=(0 0 2 1 0) i=0
    while read -r line; do
        run bash -c "$line"
        if [ "$status" -ne "${wanted[i]}" ] && ! [[ "$status" -eq 2 && "$output" == *"not decided"* ]]; then
            echo "exit status $status instead of ${wanted[i]}: $line"
            echo "$output"
            return 1
        fi
        i=$((i + 1))
    done <commands
}

@test "a branch begins from its merge base" {
    step_history
    cp "$ASSAY_STORE" "$BATS_TEST_TMPDIR/own.db"
    export ASSAY_STORE="$BATS_TEST_TMPDIR/own.db"
    git worktree add -q -b topic "$BATS_TEST_TMPDIR/topic" "${COMMITS[17]}"
    cd "$BATS_TEST_TMPDIR/topic"
    local first= i j
    for i in 1 2 3 4 5 6; do
        echo "topic $i" >source
        git add source
        git -c user.name=a -c user.email=a@example.org commit -q -m "topic $i"
        [ -n "$first" ] || first=$(git rev-parse HEAD)
        {
            echo 'timestamp,model,first_token_ms,tokens_per_s'
            for j in 1 2 3 4 5; do echo "2026-01-0${j}T00:00:00Z,m,130.${i}2$j,40.25"; done
        } >base.csv
        "$ASSAY" import base.csv --out "t$i" --commit HEAD --branch topic >log 2>&1
    done
    run_exit 2 "$ASSAY" detect --series '*ttft_p50*@topic'
    says "1 series, 0 too short"
    says "began at ${first:0:12} after ${COMMITS[17]:0:12}"
    says "18 commits before, 6 after"
}
