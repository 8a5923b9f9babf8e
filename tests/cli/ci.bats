#!/usr/bin/env bats
# The scripts that CI runs: ci/judge.sh with the real program, ci/comment.sh against a service on the loopback, and the
# files action.yml and ci/gitlab.yml that call them.
load lib

ROOT="$BATS_TEST_DIRNAME/../.."
RUN="$ROOT/examples/real-llm/runs/smollm2-135m-instruct-q4_1-warm-closed"

# judge NAME=VALUE...: the script with these settings and no others
judge() {
    env -i PATH="$PATH" HOME="$PWD" ASSAY="$ASSAY" ASSAY_SHA256="$(sha256sum "$ASSAY" | cut -c1-64)" \
        ASSAY_MAX_AGE=none "$@" "$ROOT/ci/judge.sh"
}

only_fails() { # FILE: the example policy without the gates that 20 requests do not decide
    grep -v 'id: answer\|id: tail' "$ROOT/examples/policy/release.yaml" >"$1"
}

@test "a good receipt lets the job go on, and every file that was asked for is written" {
    run_exit 0 judge ASSAY_RECEIPTS="$RUN" ASSAY_POLICY="$ROOT/examples/policy/first-token.yaml" ASSAY_SUMMARY=s.md \
        ASSAY_JUNIT=j.xml ASSAY_SARIF=s.sarif ASSAY_CTRF=c.json ASSAY_COMMENT_FILE=c.md ASSAY_METRICS=m.txt \
        ASSAY_CODEQUALITY=q.json ASSAY_CLAIMS="$ROOT/examples/claims/pr-body-honest.md"
    says "### assay: pass"
    for file in s.md j.xml s.sarif c.json c.md m.txt q.json; do
        [ -s $file ] || { echo "no $file"; return 1; }
    done
    grep -q '^\*\*Claims\*\*' s.md
}

@test "a gate that noise can fail warns, and stops the job in mode gate" {
    only_fails fails.yaml
    run_exit 0 judge ASSAY_RECEIPTS="$RUN" ASSAY_POLICY=fails.yaml ASSAY_ANNOTATIONS=true
    says "::warning file=fails.yaml,line=14,"
    run_exit 1 judge ASSAY_RECEIPTS="$RUN" ASSAY_POLICY=fails.yaml ASSAY_ANNOTATIONS=true ASSAY_MODE=gate
    says "::error file=fails.yaml,line=14,"
}

@test "what is undecided stops the job only if that is asked for" {
    run_exit 0 judge ASSAY_RECEIPTS="$RUN" ASSAY_POLICY="$ROOT/examples/policy/release.yaml"
    run_exit 2 judge ASSAY_RECEIPTS="$RUN" ASSAY_POLICY="$ROOT/examples/policy/release.yaml" ASSAY_FAIL_ON=undecided
    run_exit 4 judge ASSAY_RECEIPTS="$RUN" ASSAY_FAIL_ON=never
}

@test "a receipt that is missing, edited, too old or a pattern without a match stops the job in every mode" {
    cp -r "$RUN" edited
    sed -i 's/^\(.\{2000\}\)./\1A/' edited/receipt.json
    for settings in ASSAY_RECEIPTS=nowhere ASSAY_RECEIPTS=edited "ASSAY_RECEIPTS=night-*"; do
        run judge ASSAY_MODE=advise ASSAY_JUNIT=j.xml "$settings"
        [ "$status" -eq 1 ] || [ "$status" -eq 3 ] || [ "$status" -eq 5 ]
        grep -q '<failure \|<error ' j.xml
    done
    run_exit 1 judge ASSAY_MODE=advise ASSAY_RECEIPTS="$RUN" ASSAY_MAX_AGE=1s
    says "405 fail"
    run_exit 4 judge ASSAY_RECEIPTS=
}

@test "several receipts are given one a line, with patterns and blanks" {
    cp -r "$RUN" "night 1"
    cp -r "$RUN" "night 2"
    run_exit 0 judge ASSAY_RECEIPTS="night *"
    says '`night 1`'
    says '`night 2`'
    run_exit 0 judge ASSAY_RECEIPTS=$'night 2\nnight 1'
}

@test "a program with another digest is not run" {
    printf '#!/bin/sh\ntouch ran\n' >other
    chmod +x other
    run_exit 1 judge ASSAY="$PWD/other" ASSAY_RECEIPTS="$RUN"
    says "expected"
    run_exit 4 judge ASSAY="$PWD/other" ASSAY_SHA256= ASSAY_RECEIPTS="$RUN"
    [ ! -e ran ]
}

# Attack 38: the branch loosens the policy that it is judged by.
@test "a change that loosens its policy is judged by that of the base branch" {
    git init -q -b main origin
    mkdir origin/ci
    only_fails origin/ci/release.yaml
    cd origin
    git -c user.name=a -c user.email=a@b.invalid -c commit.gpgsign=false add .
    git -c user.name=a -c user.email=a@b.invalid -c commit.gpgsign=false commit -qm policy
    cd ..
    git clone -q origin tree
    cd tree
    sed -i 's/max: 16/max: 1600/' ci/release.yaml
    run_exit 0 judge ASSAY_RECEIPTS="$RUN" ASSAY_POLICY=ci/release.yaml ASSAY_MODE=gate
    run_exit 1 judge ASSAY_RECEIPTS="$RUN" ASSAY_POLICY=ci/release.yaml ASSAY_MODE=gate ASSAY_POLICY_BASE=main ASSAY_SARIF=s.sarif
    grep -q '"uri": "ci/release.yaml"' s.sarif
    rm ci/release.yaml
    run_exit 1 judge ASSAY_RECEIPTS="$RUN" ASSAY_POLICY=./ci/release.yaml ASSAY_MODE=gate ASSAY_POLICY_BASE=main
    run_exit 1 judge ASSAY_RECEIPTS="$RUN" ASSAY_POLICY=ci/release.yaml ASSAY_MODE=gate \
        ASSAY_POLICY_BASE="$(git rev-parse HEAD)"
    run_exit 5 judge ASSAY_RECEIPTS="$RUN" ASSAY_POLICY=ci/release.yaml ASSAY_POLICY_BASE=no-such-branch
    run_exit 5 judge ASSAY_RECEIPTS="$RUN" ASSAY_POLICY=ci/other.yaml ASSAY_POLICY_BASE=main
    run_exit 4 judge ASSAY_RECEIPTS="$RUN" ASSAY_POLICY="$PWD/ci/release.yaml" ASSAY_POLICY_BASE=main
    run_exit 4 judge ASSAY_RECEIPTS="$RUN" ASSAY_POLICY=../tree/ci/release.yaml ASSAY_POLICY_BASE=main
    run_exit 4 judge ASSAY_RECEIPTS="$RUN" ASSAY_POLICY=ci/release.yaml ASSAY_POLICY_BASE=--upload-pack=x
}

@test "outputs of the step stand between delimiters, and what programs print gives the runner no command" {
    bad=$'a\n::error::b'
    cp -r "$RUN" "$bad"
    printf '12 to 6 ms is -90 %%\n' >$'::warning::x.md'
    run judge ASSAY_RECEIPTS='*error*' ASSAY_CLAIMS='::warning*' GITHUB_ACTIONS=true GITHUB_OUTPUT=out \
        ASSAY_SUMMARY=$'s\nverdict=forged' GITHUB_STEP_SUMMARY=step.md ASSAY_JOB_SUMMARY=true
    [ "$(grep -c '^verdict=pass$' out)" -eq 1 ]
    grep -Eq '^receipt-digest=[0-9a-f]{64}$' out
    # Inside its delimiters the forged line is a value.
    awk '/^summary-path<</ { end = substr($0, 15); next } $0 == end { end = "" } !end' out >plain
    ! grep -q forged plain
    cmp step.md $'s\nverdict=forged'
    # Every line that could be a command stands between the one that stops commands and the one that starts them again.
    awk '/^::stop-commands::/ { token = substr($0, 18); next } token && $0 == "::" token "::" { token = ""; next }
         !token && /^::/ { print; bad = 1 } END { exit bad }' <<<"$output"
}

# ---- the comment ---------------------------------------------------------------------------------------------------------

# A service with the comments of one pull request, as the REST API answers.
start_service() {
    command -v python3 >/dev/null || skip "python3 is not installed"
    command -v jq >/dev/null || skip "jq is not installed"
    command -v curl >/dev/null || skip "curl is not installed"
    python3 "$BATS_TEST_DIRNAME/comment_service.py" "$PWD/comments.json" >port 3>&- &
    SERVER_PID=$!
    for _ in $(seq 200); do
        [ -s port ] && break
        sleep 0.02
    done
    API="http://127.0.0.1:$(cat port)"
}

comment() {
    env -i PATH="$PATH" GITHUB_API_URL="$API" GITHUB_REPOSITORY=a/b GITHUB_TOKEN="${TOKEN:-good}" ASSAY_PULL_REQUEST=7 \
        ASSAY_COMMENT_FILE=body.md "$@" "$ROOT/ci/comment.sh"
}

bodies() { # the bodies of all comments, one a line
    jq -r '.[] | "\(.user.login): \(.body)"' comments.json
}

@test "a comment is put once and then updated in place, beside those of others" {
    start_service
    printf '<!-- assay-report: assay -->\n### first "quoted" \\ `x` é\n' >body.md
    run_exit 0 comment
    says "comment: put"
    printf '<!-- assay-report: assay -->\n### second\n' >body.md
    run_exit 0 comment
    says "comment: updated"
    printf '<!-- assay-report: nightly -->\n### other\n' >body.md
    run_exit 0 comment
    says "comment: put"
    [ "$(jq length comments.json)" -eq 2 ]
    bodies | grep -q '### second'
    ! bodies | grep -q '### first'
}

@test "a comment of somebody else with the same first line is left alone" {
    start_service
    printf '<!-- assay-report: assay -->\n### ours\n' >body.md
    jq -n '[{id: 1, user: {login: "mallory"}, body: "<!-- assay-report: assay -->\n### theirs"}]' >comments.json
    run_exit 0 comment
    says "comment: put"
    bodies | grep -q '^mallory: '
    [ "$(jq length comments.json)" -eq 2 ]
}

@test "the comment is found behind hundreds of others" {
    start_service
    jq -n '[range(250) | {id: ., user: {login: "someone"}, body: "talk"}]
           + [{id: 900, user: {login: "github-actions[bot]"}, body: "<!-- assay-report: assay -->\r\n### old"}]' >comments.json
    printf '<!-- assay-report: assay -->\n### new\n' >body.md
    run_exit 0 comment
    says "comment: updated"
    [ "$(jq length comments.json)" -eq 251 ]
    bodies | grep -q '### new'
}

@test "a token that may not write leaves the body as a file, and the job goes on" {
    start_service
    printf '<!-- assay-report: assay -->\n### x\n' >body.md
    TOKEN=read-only run_exit 0 comment
    says "the body is left in body.md"
    [ ! -e comments.json ] || [ "$(jq length comments.json)" -eq 0 ]
}

@test "a body that is none of ours, a wrong number and a service that is gone are refused" {
    start_service
    echo hello >body.md
    run_exit 4 comment
    printf '<!-- assay-report: assay -->\n### x\n' >body.md
    run_exit 4 comment ASSAY_PULL_REQUEST=7/../8
    run_exit 4 comment GITHUB_REPOSITORY=a
    run_exit 5 comment GITHUB_API_URL=http://127.0.0.1:1
    run_exit 4 comment ASSAY_HEAD_SHA=deadbeef
    says "the head of 7 is 'c0ffee'"
    run_exit 0 comment ASSAY_HEAD_SHA=c0ffee
    { cat body.md; head -c 70000 /dev/zero | tr '\0' x; } >long.md
    run_exit 4 comment ASSAY_COMMENT_FILE=long.md
}

# ---- the files that call them --------------------------------------------------------------------------------------------

@test "every option that the scripts pass to assay is one of its options" {
    "$ASSAY" export --help >help
    for option in $(sed -n 's/^ *add \([a-z-]*\) .*/\1/p' "$ROOT/ci/judge.sh") as baseline key; do
        grep -q -- "--$option " help || { echo "no --$option"; return 1; }
    done
    for form in $(sed -n 's/.*\(export_as\|write_file\) \([a-z-]*\) .*/\2/p' "$ROOT/ci/judge.sh"); do
        run "$ASSAY" export --as "$form" nowhere
        [ "$status" -eq 5 ] || { echo "no form $form"; return 1; }
    done
}

@test "every setting of the action and of the template is one that the scripts read, and the other way round" {
    grep -o 'ASSAY[A-Z0-9_]*' "$ROOT/ci/judge.sh" "$ROOT/ci/comment.sh" | cut -d: -f2 | sort -u >read
    grep -o '^ *\(- \)\?ASSAY[A-Z0-9_]*' "$ROOT/action.yml" | tr -d ' -' | sort -u >set
    [ -z "$(comm -13 read set)" ]
    # Left to the template of the other forge.
    comm -23 read set | grep -vx 'ASSAY_METRICS\|ASSAY_CODEQUALITY\|ASSAY_COMMENT_AUTHOR' >missing || true
    [ ! -s missing ] || { cat missing; return 1; }
    sed -n '/^  variables:/,/^  script:/s/^    \(ASSAY[A-Z0-9_]*\):.*/\1/p' "$ROOT/ci/gitlab.yml" | sort -u >set
    [ -s set ]
    [ -z "$(comm -13 read set)" ]
}

@test "the template runs the script word for word" {
    awk '/^    - \|$/ { on = 1; next } on && /^  artifacts:/ { exit } on { sub(/^      /, ""); print }' \
        "$ROOT/ci/gitlab.yml" | diff "$ROOT/ci/judge.sh" -
}
