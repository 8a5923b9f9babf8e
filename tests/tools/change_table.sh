#!/bin/sh
# The committed table of critical values is what its tool draws: some rows again, with fewer draws, so within what those
# allow. change_table.sh TOOL TABLE
set -eu
"$1" 40000 12 30 100 >drawn.$$
trap 'rm -f drawn.$$' EXIT
awk -F'[(,) ]+' '
    FNR == NR && /^ALPHA/ { alpha[++levels] = $2 }
    FNR == NR { if (/^ROW/) for (i = 1; i <= levels; i++) table[$2, i] = $(i + 2); next }
    {
        rows++
        for (i = 1; i <= levels; i++) {
            if (alpha[i] < 0.001) continue # 40 draws beyond: no quantile to hold anything against
            allowed = alpha[i] >= 0.01 ? 0.08 : 0.35
            d = table[$2, i] - $(i + 2)
            if (table[$2, i] == "" || d > allowed || d < -allowed) {
                print "n = " $2 ", alpha " alpha[i] ": the table has " table[$2, i] ", drawn is " $(i + 2)
                bad = 1
            }
        }
    }
    END { exit bad || rows != 3 || levels < 3 }' "$2" drawn.$$
