#!/bin/sh
# Puts a comment under a pull request, or updates the one that is there: the first line of the body, a hidden comment of
# HTML, says which one it is. A token that may not write, as on pull requests from forks, leaves the body where it is.
#
#   ASSAY_COMMENT_FILE  the body, as `assay export --as pr-comment` writes it
#   ASSAY_PULL_REQUEST  its number; ASSAY_HEAD_SHA: the commit that must be its head, where the number comes from a file
#                       that a pull request could have written
#   GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_API_URL as the runner sets them
#   ASSAY_COMMENT_AUTHOR  whose comments are updated (default github-actions[bot]): nobody else's is touched
#
# Exit status: 0 put, updated or left as a file; 4 wrong settings; 5 the service failed.
set -eu

pages_max=20 # of 100 comments each: a longer discussion gets a second comment, and no endless search
body_bytes_max=65536

stop() { # STATUS MESSAGE
    echo "comment: $2" >&2
    exit "$1"
}

api=${GITHUB_API_URL:-https://api.github.com}
author=${ASSAY_COMMENT_AUTHOR-github-actions[bot]}
[ -s "${ASSAY_COMMENT_FILE:-}" ] || stop 4 "ASSAY_COMMENT_FILE is '${ASSAY_COMMENT_FILE:-}', expected a body"
[ -n "${GITHUB_TOKEN:-}" ] || stop 4 "GITHUB_TOKEN is not set"
GITHUB_REPOSITORY=${GITHUB_REPOSITORY:-}
case ${ASSAY_PULL_REQUEST:-} in
'' | *[!0-9]*) stop 4 "ASSAY_PULL_REQUEST is '${ASSAY_PULL_REQUEST:-}', expected a number" ;;
esac
case $GITHUB_REPOSITORY in
*[!A-Za-z0-9._/-]* | */*/* | /* | */) stop 4 "GITHUB_REPOSITORY is '$GITHUB_REPOSITORY', expected OWNER/NAME" ;;
*/*) ;;
*) stop 4 "GITHUB_REPOSITORY is '$GITHUB_REPOSITORY', expected OWNER/NAME" ;;
esac
IFS= read -r header <"$ASSAY_COMMENT_FILE"
case $header in
'<!-- assay-report: '*' -->') ;;
*) stop 4 "'$ASSAY_COMMENT_FILE' does not begin with the line of a comment of assay" ;;
esac
[ "$(wc -c <"$ASSAY_COMMENT_FILE")" -le $body_bytes_max ] || stop 4 "'$ASSAY_COMMENT_FILE' is longer than a comment may be"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# call METHOD PATH [FILE]: sets code; the answer is in $work/answer. The token goes by standard input, where no list of
# processes shows it.
call() {
    method=$1 path=$2
    shift 2
    [ $# -eq 0 ] || set -- --data-binary "@$1"
    code=$(printf 'header = "Authorization: Bearer %s"\n' "$GITHUB_TOKEN" |
        curl --config - --silent --show-error --max-time 60 --retry 2 --output "$work/answer" --write-out '%{http_code}' \
            --header 'Accept: application/vnd.github+json' --header 'X-GitHub-Api-Version: 2022-11-28' \
            --header 'Content-Type: application/json' --request "$method" "$@" "$api/repos/$GITHUB_REPOSITORY/$path") ||
        stop 5 "$method $path: the service could not be reached"
}

# The first comment of the author with this header; empty: there is none.
find_comment() {
    id=''
    page=1
    while [ -z "$id" ] && [ $page -le $pages_max ]; do
        call GET "issues/$ASSAY_PULL_REQUEST/comments?per_page=100&page=$page"
        [ "$code" = 200 ] || stop 5 "the comments could not be listed: status $code"
        id=$(jq -r --arg header "$header" --arg author "$author" \
            'map(select((.body | split("\n")[0] | rtrimstr("\r")) == $header
                 and ($author == "" or .user.login == $author))) | first | .id // empty' "$work/answer")
        [ "$(jq length "$work/answer")" -eq 100 ] || break
        page=$((page + 1))
    done
}

if [ -n "${ASSAY_HEAD_SHA:-}" ]; then
    call GET "pulls/$ASSAY_PULL_REQUEST"
    [ "$code" = 200 ] || stop 5 "the pull request could not be read: status $code"
    head=$(jq -r '.head.sha // empty' "$work/answer")
    [ "$head" = "$ASSAY_HEAD_SHA" ] || stop 4 "the head of $ASSAY_PULL_REQUEST is '$head', expected '$ASSAY_HEAD_SHA'"
fi
jq -Rs '{body: .}' "$ASSAY_COMMENT_FILE" >"$work/body"
find_comment
case $id in
'') call POST "issues/$ASSAY_PULL_REQUEST/comments" "$work/body" ;;
*[!0-9]*) stop 5 "a comment has the id '$id', expected a number" ;;
*) call PATCH "issues/comments/$id" "$work/body" ;;
esac
case $code in
200) echo "comment: updated" ;;
201) echo "comment: put" ;;
401 | 403 | 404) echo "comment: the token may not write here (status $code); the body is left in $ASSAY_COMMENT_FILE" ;;
*) stop 5 "the comment could not be written: status $code" ;;
esac
