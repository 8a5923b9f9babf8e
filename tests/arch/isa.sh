#!/bin/sh
# Checks what the files of kernel variants may bring into the program, from BUILD/src/kernel/libkernel*.a.p/*.o:
#  - objects without flags of their own hold no instruction on wide registers (a small CPU would raise SIGILL);
#  - objects of a variant export one row and no function: an inline function of a shared header that is compiled there
#    could win at link time, and then runs everywhere.
# Prints what is wrong; exit status 1 if anything is.
set -eu
export LC_ALL=C
build=$1
bad=0

for object in "$build"/src/kernel/libkernel.a.p/*.o; do
    [ -e "$object" ] || { echo "no objects of kernel/ under $build"; exit 1; }
    if objdump -d "$object" | grep -qE '%(ymm|zmm|tmm)[0-9]'; then
        echo "${object##*/}: wide registers in an object without an instruction set of its own"
        bad=1
    fi
done
for object in "$build"/src/kernel/libkernel_*.a.p/*.o; do
    [ -e "$object" ] || continue # another architecture has none
    for symbol in $(nm --defined-only -g "$object" | awk '$2 ~ /^[TWVwv]$/ || $3 !~ /^kernel_row_/ { print $3 }'); do
        echo "${object##*/}: $symbol is exported by the object of a variant"
        bad=1
    done
done
exit $bad
