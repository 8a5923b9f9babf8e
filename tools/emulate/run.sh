#!/bin/sh
# Runs the kernels of a build on an emulated processor that has AVX-VNNI, AVX-512 and AMX, and holds each against its
# reference: sh tools/emulate/run.sh BUILD. No operating system is started; docs/decisions/larger-processors.md says what
# it shows and what not. Needs gcc, isolinux, syslinux-common, xorriso, and
#     BOCHS       a Bochs built with --enable-x86-64 --enable-avx --enable-evex --enable-amx
#     BOCHS_BIOS  the folder with BIOS-bochs-latest and VGABIOS-lgpl/
#     BOCHS_CPU   its model (sapphire_rapids)
#     SECONDS_MAX how long it may take (1800)
set -eu
build=${1:?usage: run.sh BUILD}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
if [ -z "${BOCHS:-}" ] || [ -z "${BOCHS_BIOS:-}" ] || ! [ -x "$BOCHS" ]; then
    echo "skipped: BOCHS and BOCHS_BIOS name no emulator"
    exit 0
fi
for needed in /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/mboot.c32 "$(command -v xorriso || echo xorriso)"; do
    [ -e "$needed" ] || { echo "skipped: $needed is missing"; exit 0; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

gcc -c "$here/boot.S" -o "$work/boot.o"
gcc -std=gnu17 -O2 -fno-pic -fno-stack-protector -ffreestanding -I"$root/src" -I"$root/include" -D_GNU_SOURCE \
    -c "$here/main.c" -o "$work/main.o"
missing=
for name in __stack_chk_fail close freelocale getrandom memchr newlocale open64 read realloc strerror_r strspn strtod_l; do
    missing="$missing -Wl,--defsym=$name=emulate_missing"
done
# shellcheck disable=SC2086 # a list of options
gcc -nostdlib -static -no-pie -Wl,-T,"$here/link.ld" -Wl,--build-id=none -Wl,--no-warn-rwx-segments $missing \
    "$work/boot.o" "$work/main.o" \
    "$build/src/kernel/libkernel.a" "$build/src/stat/libstat.a" "$build/src/base/libbase.a" -o "$work/kernels.elf64"
objcopy -O elf32-i386 "$work/kernels.elf64" "$work/kernels.elf"
strip "$work/kernels.elf"

mkdir -p "$work/iso/isolinux"
modules=/usr/lib/syslinux/modules/bios
cp "$work/kernels.elf" /usr/lib/ISOLINUX/isolinux.bin "$modules/ldlinux.c32" "$modules/mboot.c32" \
    "$modules/libcom32.c32" "$work/iso/isolinux/"
printf 'DEFAULT kernels\nPROMPT 0\nLABEL kernels\n KERNEL mboot.c32\n APPEND kernels.elf\n' \
    >"$work/iso/isolinux/isolinux.cfg"
xorriso -as mkisofs -quiet -o "$work/boot.iso" -b isolinux/isolinux.bin -c isolinux/boot.cat -no-emul-boot \
    -boot-load-size 4 -boot-info-table "$work/iso" 2>/dev/null

cat >"$work/bochsrc" <<EOF
cpu: model=${BOCHS_CPU:-sapphire_rapids}, count=1, ips=100000000, reset_on_triple_fault=0
memory: guest=512, host=512
romimage: file=$BOCHS_BIOS/BIOS-bochs-latest, options=fastboot
vgaromimage: file=$BOCHS_BIOS/VGABIOS-lgpl/VGABIOS-lgpl-latest.bin
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path=$work/boot.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=$work/serial
log: $work/log
display_library: nogui
clock: sync=none
panic: action=fatal
error: action=report
EOF
"$BOCHS" -q -f "$work/bochsrc" >"$work/out" 2>&1 </dev/null &
emulator=$!
elapsed=0
while ! grep -q '^the end' "$work/serial" 2>/dev/null; do
    kill -0 "$emulator" 2>/dev/null || { tail -n 3 "$work/log"; echo "the emulator ended early"; exit 1; }
    [ "$elapsed" -lt "${SECONDS_MAX:-1800}" ] || { cat "$work/serial"; kill "$emulator"; echo "out of time"; exit 1; }
    sleep 1
    elapsed=$((elapsed + 1))
done
kill "$emulator"
wait "$emulator" 2>/dev/null || true
cat "$work/serial"
grep -q '^good together' "$work/serial"
