#!/bin/sh
# Installs the Debian packages of tools/packages.txt that are missing. Nothing missing: says nothing and is fast.
#
#   deps.sh [SET...]        sets: check (default), lint, fuzz
#
# Installs as root, or with sudo where that asks for no password. Otherwise prints the one command and exits 5.
set -eu
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
[ $# -gt 0 ] || set -- check

wanted=
for set_name in "$@"; do
    wanted="$wanted $(awk -v name="$set_name" '$1 == name { print $2 }' "$here/packages.txt")"
done

if ! command -v dpkg-query >/dev/null; then
    for tool in cc meson ninja pkg-config; do
        if ! command -v "$tool" >/dev/null; then
            echo "deps: '$tool' is missing, and this system is not Debian; wanted are its counterparts of:" >&2
            echo "deps:$wanted" >&2
            exit 5
        fi
    done
    exit 0 # what else is missing, the build will say
fi

# shellcheck disable=SC2086 # a list of words
installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' $wanted 2>/dev/null | awk '$2 == "installed" { print $1 }') || true
missing=
for package in $wanted; do
    case "
$installed
" in
    *"
$package
"*) ;;
    *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

# shellcheck disable=SC2086
count=$(set -- $missing && echo $#)
if [ "$(id -u)" -eq 0 ]; then
    as_root=
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root='sudo -n'
else
    echo "deps: $count packages are missing and this user may not install them; run:" >&2
    echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends$missing" >&2
    exit 5
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Quiet unless it fails: then the end of what apt-get said.
apt() {
    # shellcheck disable=SC2086
    if ! $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 \
        -o Dpkg::Use-Pty=0 "$@" >"$log" 2>&1 </dev/null; then
        tail -n 15 "$log" >&2
        return 1
    fi
}

# shellcheck disable=SC2086
install() {
    apt install --no-install-recommends $missing
}

echo "deps: $count packages are missing:$missing"
if ! ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1; then
    echo "deps: reading the package lists (apt-get update)"
    apt update || exit 5
fi
echo "deps: installing (apt-get install; a minute or two on a bare system)"
if ! install; then
    echo "deps: once more, with fresh package lists"
    apt update || exit 5
    install || exit 5
fi
echo "deps: done"
