#!/bin/sh
# Carries out the attack corpus (tests/attack/attacks.tsv) and prints its matrix. usage: tools/attack.sh BUILD
# Exit status 1 if an attack that has tests was not refused by one of them.
set -eu
build=$1
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

export ASSAY_SOURCE_ROOT="$here" CMOCKA_MESSAGE_OUTPUT=TAP
for program in negative/test_negative negative/test_assurance negative/test_policy_corpus property/test_judge_edits property/test_evidence_edits \
    property/test_evidence_flips attack/test_denial unit/test_crypto_ed25519 unit/test_crypto_note unit/test_crypto_tlog unit/test_record_sign \
    unit/test_judge_verify unit/test_kernel_cheats unit/test_report_surface unit/test_report_table; do
    "$build/tests/$program" >>"$work/tap" 2>/dev/null || true # what failed is in the matrix
done
# Tests of the program itself: their names, with _ for spaces.
ASSAY=$(cd "$build" && pwd)/assay bats --tap "$here/tests/attack" 2>/dev/null >"$work/bats" || true
ASSAY=$(cd "$build" && pwd)/assay bats --tap "$here/tests/cli/ci.bats" -f 'base branch' 2>/dev/null >>"$work/bats" || true
ASSAY=$(cd "$build" && pwd)/tests/torture/assay-faults LAST=25 \
    bats --tap "$here/tests/torture/torture.bats" -f 'verify' 2>/dev/null >>"$work/bats" || true
sed -n 's/^\(ok\|not ok\) \([0-9]*\) \([^#]*\)/\1 \2 - \3/p' "$work/bats" | awk '{ head = $1; i = 3
    if (head == "not") { head = "not ok"; i = 4 }
    line = head " " $(i - 1) " - "; for (k = i + 1; k <= NF; k++) line = line (k > i + 1 ? "_" : "") $k; print line }' >>"$work/tap"
sed -n 's/^ok [0-9]* - //p' "$work/tap" | sed 's/\.edit$//' | sort >"$work/good"
sed -n 's/^not ok [0-9]* - //p' "$work/tap" | sed 's/\.edit$//' | sort >"$work/bad"

awk -F '\t' -v good="$work/good" -v bad="$work/bad" '
    function load(file, into, all,    line) {
        while ((getline line < file) > 0) into[line] = 1
        close(file)
    }
    BEGIN {
        load(good, is_good)
        load(bad, is_bad)
        printf "%3s %-62s %-5s %-9s %5s  %s\n", "#", "attack", "class", "result", "tests", "left open"
    }
    /^#/ || NF < 4 { next }
    {
        n = split($4, name, " ")
        tests = failed = missing = 0
        for (i = 1; i <= n; i++) {
            if (name[i] == "-") continue
            found = 0
            stem = name[i]
            is_family = sub(/\*$/, "", stem)
            for (test in is_good) if (is_family ? index(test, stem) == 1 : test == stem) { found++; tests++ }
            for (test in is_bad) if (is_family ? index(test, stem) == 1 : test == stem) { found++; failed++ }
            if (!found) { missing++; absent = absent "  " name[i] " (attack " $1 ")\n" }
        }
        result = failed ? "ACCEPTED" : missing ? "MISSING" : tests ? "refused" : "no test"
        count[result]++
        printf "%3d %-62s %-5s %-9s %5d  %s\n", $1, $2, $3, result, tests, $5
    }
    END {
        printf "\n%d refused, %d without a test, %d accepted, %d named tests missing\n", count["refused"], count["no test"],
               count["ACCEPTED"], count["MISSING"]
        printf "%s", absent
        exit count["ACCEPTED"] + count["MISSING"] > 0
    }' "$here/tests/attack/attacks.tsv"
