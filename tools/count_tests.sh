#!/bin/sh
# Prints "N passed, N failed" (and ", N skipped" if any were) for finished `meson test` runs, as the last line that
# `make check` promises. Exit status 1 if a test failed or none ran.
#
#   count_tests.sh BUILD...
#
# Test cases come from testlog.junit.xml, where a TAP program has one case per test. That file shows neither crashes, nor
# time-outs, nor a TAP program that stopped before its plan; the verdict of each program is in testlog.json. A program that
# went wrong without a failed case of its own counts as one failed test.
set -eu
export LC_ALL=C

passed=0 failed=0 skipped=0
for build in "$@"; do
    logs=$build/meson-logs
    if [ ! -s "$logs/testlog.json" ] || [ ! -s "$logs/testlog.junit.xml" ]; then
        echo "count_tests: no test results in $logs" >&2
        failed=$((failed + 1))
        continue
    fi
    counts=$(awk '
        # "assay:unit / test_err" and "assay.assay:unit / test_err" are both test_err.
        function short(name) {
            sub(/^.* \/ /, "", name)
            return name
        }
        function attribute(text) {
            match(text, /name="[^"]*"/)
            return substr(text, RSTART + 6, RLENGTH - 7)
        }
        FNR == NR {
            if (match($0, /"name": "[^"]*"/)) {
                name = short(substr($0, RSTART + 9, RLENGTH - 10))
                match($0, /"result": "[A-Z]*"/)
                result = substr($0, RSTART + 11, RLENGTH - 12)
                if (result ~ /^(FAIL|ERROR|TIMEOUT|UNEXPECTEDPASS|INTERRUPT)$/) bad[name] = 1
            }
            next
        }
        /^testsuite / {
            suite = attribute($0)
            sub(/^[^.]*\./, "", suite)
            suite = short(suite)
        }
        /^testcase / {
            total++
            program = short(attribute($0))
            is_own = (program in bad) # a program without cases of its own is its case
            if (is_own) {
                failures++
                seen[program] = 1
            }
            verdict = ""
        }
        /^failure/ || /^error/ {
            if (!is_own) failures++
            seen[suite] = 1
        }
        /^skipped/ { if (!is_own) skips++ }
        END {
            for (name in bad) if (!(name in seen)) { failures++; total++ }
            printf "%d %d %d\n", total - failures - skips, failures, skips
        }' "$logs/testlog.json" RS='<' "$logs/testlog.junit.xml")
    # shellcheck disable=SC2086 # three numbers
    set -- $counts
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
done

line="$passed passed, $failed failed"
[ "$skipped" -eq 0 ] || line="$line, $skipped skipped"
echo "$line"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
