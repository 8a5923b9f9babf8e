#!/bin/sh
# Judges receipts in CI and shows the answer where the CI system shows things. Used by action.yml and ci/gitlab.yml; all
# settings are environment variables, and none of them is ever run as a command.
#
#   ASSAY               the program (default: assay), ASSAY_SHA256: what its digest must be
#   ASSAY_RECEIPTS      run directories or receipts, one a line; patterns are expanded
#   ASSAY_POLICY        policy file, or "default"; ASSAY_POLICY_BASE: branch or commit that it is read from, so that a
#                       change cannot loosen the policy that it is judged by; empty: the work tree
#   ASSAY_BASELINES     runs of the baseline, one a line; ASSAY_AA: folder of A/A runs
#   ASSAY_MODE          auto, advise or gate: whether gates that noise can fail stop the job
#   ASSAY_FAIL_ON       fail (default), or undecided: whether what could not be decided stops the job too
#   ASSAY_TRUST, ASSAY_LOG, ASSAY_COMMIT, ASSAY_NONCE, ASSAY_MAX_AGE (default 24h; "none": any), ASSAY_KEY
#   ASSAY_CLAIMS        documents to hold against the receipts, one a line
#   files to write, each optional: ASSAY_SUMMARY, ASSAY_JUNIT, ASSAY_SARIF, ASSAY_CTRF, ASSAY_COMMENT_FILE, ASSAY_METRICS,
#   ASSAY_CODEQUALITY
#   on GitHub, each true or empty: ASSAY_JOB_SUMMARY, ASSAY_ANNOTATIONS; outputs of the step are written if it has any
#
# Exit status: 0 go on; 1 something stops the job; 2 something is undecided and ASSAY_FAIL_ON is undecided; what assay
# ends with (3, 4, 5, 70) if it could not do its work.
set -eu

assay=${ASSAY:-assay}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

stop() { # STATUS MESSAGE
    echo "assay: $2" >&2
    exit "$1"
}

random() { # a word that nobody can know beforehand
    od -An -N16 -tx1 /dev/urandom | tr -d ' \n'
}

# ---- what is judged, and by what -----------------------------------------------------------------------------------------

check_program() {
    [ -n "${ASSAY_SHA256:-}" ] || stop 4 "ASSAY_SHA256 is not set: the program is used only if its digest is known"
    program=$(command -v "$assay") || stop 5 "there is no program '$assay'"
    found=$(sha256sum <"$program" | cut -c1-64)
    [ "$found" = "$ASSAY_SHA256" ] || stop 1 "'$program' has the SHA-256 $found, expected $ASSAY_SHA256"
}

# The folder of the policy as it is on the base branch: with it the manifests and prices that it names.
policy_of_base() { # POLICY BASE
    case /$1/ in
    */../* | //*) stop 4 "the policy is '$1', expected a path within the repository, since it is read from '$2'" ;;
    esac
    case $2 in
    -*) stop 4 "ASSAY_POLICY_BASE is '$2', expected a branch or a commit" ;;
    esac
    depth=
    [ "$(git rev-parse --is-shallow-repository)" = false ] || depth=--depth=1
    # shellcheck disable=SC2086 # a flag or nothing
    if git fetch --quiet $depth origin "$2" 2>"$work/fetch"; then
        base=FETCH_HEAD
    elif printf '%s' "$2" | grep -Eqx '[0-9a-f]{40}|[0-9a-f]{64}'; then
        base=$2 # a commit is what it is, wherever it comes from
    else
        cat "$work/fetch" >&2
        stop 5 "'$2' could not be fetched from origin"
    fi
    git cat-file -e "$base:$1" 2>/dev/null || stop 5 "'$2' has no policy '$1'"
    folder=$(dirname "$1")
    mkdir "$work/base"
    git archive "$base" -- "$folder" | tar -x -C "$work/base"
    policy=$work/base/$1
}

options() { # sets "$@" of the caller through the file of arguments, one a line
    : >"$work/options"
    add() { [ -z "$2" ] || printf '%s\n%s\n' "--$1" "$2" >>"$work/options"; }
    policy=${ASSAY_POLICY:-}
    if [ -n "$policy" ] && [ "$policy" != default ] && [ -n "${ASSAY_POLICY_BASE:-}" ]; then
        policy_of_base "${policy#./}" "$ASSAY_POLICY_BASE"
        add policy-name "$ASSAY_POLICY"
    fi
    add policy "$policy"
    [ -z "$policy" ] || [ "$policy" = default ] || add mode "${ASSAY_MODE:-}" # of the gates of a policy file
    add aa "${ASSAY_AA:-}"
    add trust "${ASSAY_TRUST:-}"
    add log "${ASSAY_LOG:-}"
    add commit "${ASSAY_COMMIT:-}"
    add nonce "${ASSAY_NONCE:-}"
    [ "${ASSAY_MAX_AGE:-24h}" = none ] || add max-age "${ASSAY_MAX_AGE:-24h}"
}

# ---- telling -------------------------------------------------------------------------------------------------------------

lines=$(printf '\nx')
lines=${lines%x}
status=0

# 1 beats everything, then what assay could not do, then 2.
note() { # STATUS
    case $status in
    0 | 2) [ "$1" -eq 0 ] || [ "$status$1" = 22 ] || status=$1 ;;
    1) ;;
    *) [ "$1" -ne 1 ] || status=1 ;;
    esac
}

# export_as FORMAT FILE: each line of the lists is one word, however it is spelled; receipts may be patterns.
export_as() {
    format=$1 file=$2
    set -f
    IFS=$lines
    # shellcheck disable=SC2046 # one word a line
    set -- $(cat "$work/options")
    for baseline in ${ASSAY_BASELINES:-}; do
        set -- "$@" --baseline "$baseline"
    done
    [ -z "${ASSAY_KEY:-}" ] || [ "$format" != pr-comment ] || set -- "$@" --key "$ASSAY_KEY"
    set +f
    # shellcheck disable=SC2086 # one word a line, patterns expanded
    set -- "$@" -- ${ASSAY_RECEIPTS:-}
    unset IFS
    code=0
    "$assay" export --as "$format" "$@" >"$file" || code=$?
    note "$code"
}

write_file() { # FORMAT FILE
    [ -n "$2" ] || return 0
    export_as "$1" "$work/out"
    [ ! -s "$work/out" ] || cp "$work/out" "$2" # an empty file would read as "no test failed"
}

# Output of programs is shown so that the runner takes no command from it.
show() {
    token=$(random)
    [ -z "${GITHUB_ACTIONS:-}" ] || echo "::stop-commands::$token"
    "$@" || true
    [ -z "${GITHUB_ACTIONS:-}" ] || echo "::$token::"
}

put_output() { # NAME VALUE: a value of any characters, between delimiters that it cannot hold
    delimiter=$(random)
    printf '%s<<%s\n%s\n%s\n' "$1" "$delimiter" "$2" "$delimiter" >>"$GITHUB_OUTPUT"
}

put_outputs() {
    export_as github-outputs "$work/out"
    cat "$work/out" >>"$GITHUB_OUTPUT"
    [ -z "${ASSAY_SUMMARY:-}" ] || put_output summary-path "$ASSAY_SUMMARY"
    [ -z "${ASSAY_COMMENT_FILE:-}" ] || put_output comment-path "$ASSAY_COMMENT_FILE"
}

put_summary() {
    [ "${ASSAY_JOB_SUMMARY:-}" != true ] || cat "$1" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
    [ -z "${ASSAY_SUMMARY:-}" ] || cat "$1" >>"$ASSAY_SUMMARY"
}

check_claims() {
    code=0
    set -f
    IFS=$lines
    set --
    # The section `claims` of a policy file counts here; the built-in policy has none.
    [ -z "$policy" ] || [ "$policy" = default ] || set -- --policy "$policy"
    set +f
    # shellcheck disable=SC2086
    set -- "$@" -- $ASSAY_CLAIMS
    unset IFS
    "$assay" claims --format md "$@" >"$work/claims" 2>"$work/claims.err" || code=$?
    show cat "$work/claims" "$work/claims.err"
    put_summary "$work/claims"
    note "$code"
}

check_program
[ -n "${ASSAY_RECEIPTS:-}" ] || stop 4 "ASSAY_RECEIPTS is empty: there is nothing to judge"
case ${ASSAY_FAIL_ON:-fail} in
fail | undecided) ;;
*) stop 4 "ASSAY_FAIL_ON is '$ASSAY_FAIL_ON', expected fail or undecided" ;;
esac
options
export_as github-summary "$work/summary"
show cat "$work/summary"
[ -z "${ASSAY_SUMMARY:-}" ] || : >"$ASSAY_SUMMARY"
put_summary "$work/summary"
write_file pr-comment "${ASSAY_COMMENT_FILE:-}"
write_file junit "${ASSAY_JUNIT:-}"
write_file sarif "${ASSAY_SARIF:-}"
write_file ctrf "${ASSAY_CTRF:-}"
write_file gitlab-metrics "${ASSAY_METRICS:-}"
write_file gitlab-codequality "${ASSAY_CODEQUALITY:-}"
[ -z "${GITHUB_OUTPUT:-}" ] || put_outputs
if [ "${ASSAY_ANNOTATIONS:-}" = true ]; then
    export_as github-annotations "$work/annotations"
    cat "$work/annotations"
fi
[ -z "${ASSAY_CLAIMS:-}" ] || check_claims
[ "$status" -ne 2 ] || [ "${ASSAY_FAIL_ON:-fail}" = undecided ] || status=0
exit "$status"
