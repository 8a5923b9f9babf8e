#!/bin/sh
# Checks what the rooms are linked from: BUILD/src/ROOM/lib*.a, by `nm`.
#  - a room uses only symbols of rooms that rooms.txt allows, whatever its #include lines say;
#  - a pure room uses no clock, socket, thread, file or output, neither of libc nor of base/, and has no changing global;
#  - outside base/ nobody has a changing global, but for what globals.txt grants with a reason.
# Prints what is wrong; exit status 1 if anything is. A sanitizer or coverage build adds symbols of its own: not for those.
set -eu
export LC_ALL=C
build=$1
here=$(cd "$(dirname "$0")" && pwd)
granted=${2:-$here/globals.txt}

archives=$(find "$build/src" -name 'lib*.a' | sort)
[ -n "$archives" ] || { echo "no room libraries under $build/src"; exit 1; }

for archive in $archives; do
    room=${archive#"$build"/src/}
    room=${room%%/*}
    # Columns of sysv: name, value, class, type, size, line, section.
    nm -f sysv "$archive" 2>/dev/null | awk -F'|' -v room="$room" '
        /^[^ ].*\[?.*\]?:$/ { next }
        NF >= 7 {
            for (i = 1; i <= NF; i++) gsub(/^[ \t]+|[ \t]+$/, "", $i)
            print room, $1, $3, ($7 == "" ? "-" : $7)
        }'
done | awk -v rooms="$here/rooms.txt" -v granted="$granted" '
    BEGIN {
        while ((getline line < rooms) > 0) {
            n = split(line, word, " ")
            if (n < 2 || word[1] ~ /^#/) continue
            kind[word[1]] = word[2]
            may[word[1], word[1]] = 1
            for (i = 3; i <= n; i++) may[word[1], word[i]] = 1
        }
        while ((getline line < granted) > 0) {
            n = split(line, word, " ")
            if (n >= 2 && word[1] !~ /^#/) grant[word[1], word[2]] = 1
        }
        world("clock_gettime gettimeofday time nanosleep clock_nanosleep usleep sleep timer_create timerfd_create")
        world("socket connect bind listen accept accept4 send sendto sendmsg recv recvfrom recvmsg poll ppoll epoll_create1")
        world("pthread_create fork vfork execvp execve posix_spawn kill signal sigaction system popen")
        world("open open64 openat creat fopen fopen64 fdopen read write pwrite fwrite fputs fputc puts putchar printf vprintf")
        world("fprintf vfprintf dprintf stdout stderr stdin unlink rename mkdir opendir getenv setenv setlocale getrandom")
        world("__printf_chk __fprintf_chk __vfprintf_chk __open_2 __read_chk perror getpid isatty ioctl mmap mmap64")
        worldly = "^assay_(clock|file|fd|dir|path|proc|thread|log)_|^assay_(buf_read_file|rng_system_bytes)$"
        harmless = "^assay_(clock_format_utc|path_join)$" # bytes in, bytes out, under a worldly name
    }
    function world(names,    n, i, list) {
        n = split(names, list, " ")
        for (i = 1; i <= n; i++) is_world[list[i]] = 1
    }
    function complain(what) {
        if (!(what in said)) print what
        said[what] = 1
        bad = 1
    }
    {
        room = $1
        symbol = $2
        if ($3 == "U" || $3 == "w") {
            used[room, symbol] = 1
        } else {
            if ($3 ~ /^[A-Z]$/) owner[symbol] = room
            base_name = symbol
            sub(/\.[0-9]+$/, "", base_name) # of a static inside a function
            if ($4 ~ /^(\.data|\.bss|\.tdata|\.tbss|\*COM\*)/ && $4 !~ /^\.data\.rel\.ro/ && room != "base" && !((room, base_name) in grant))
                complain(room ": " base_name " is a changing global (" $4 ")")
        }
        if (!(room in kind)) complain(room " is not in rooms.txt")
    }
    END {
        for (pair in used) {
            split(pair, word, SUBSEP)
            room = word[1]
            symbol = word[2]
            if (kind[room] == "pure" && ((symbol in is_world) || (symbol ~ worldly && symbol !~ harmless)))
                complain(room " is pure, and uses " symbol)
            if ((symbol in owner) && !((room, owner[symbol]) in may))
                complain(room " uses " symbol " of " owner[symbol] ", and may not")
        }
        exit bad
    }
'
