# The rules of the house hold, and each rule's check finds a planted fault. ROOT, BUILD, CC, CXX come from meson.build.

bats_require_minimum_version 1.5.0

setup() {
    here=$BATS_TEST_DIRNAME
    root=${ROOT:-$here/../..}
    tree=$BATS_TEST_TMPDIR/tree
    mkdir -p "$tree/src/base" "$tree/src/json" "$tree/src/net" "$tree/include/assay"
    echo '#include "base/err.h"' >"$tree/src/json/json.h"
}

# finds TEXT COMMAND...: the command fails and says TEXT.
finds() {
    text=$1
    shift
    run "$@"
    echo "$output"
    [ "$status" -eq 1 ] && case $output in *"$text"*) ;; *) false ;; esac
}

passes() {
    run "$@"
    echo "$output"
    [ "$status" -eq 0 ]
}

# room ROOM C-TEXT: a library as the build makes it.
room() {
    mkdir -p "$tree/build/src/$1"
    printf '%s\n' "$2" >"$tree/$1.c"
    ${CC:-cc} -fPIE -c -o "$tree/$1.o" "$tree/$1.c"
    ar rcs "$tree/build/src/$1/lib$1.a" "$tree/$1.o"
}

@test "every include is allowed and goes through the front door" {
    passes "$here/includes.sh" "$root"
}

@test "no source calls what has a better form" {
    passes "$here/calls.sh" "$root"
}

@test "every room is linked from what it may use, and pure rooms touch nothing of the world" {
    [ "${SANITIZED:-no}" = no ] || skip "a sanitizer adds symbols of its own"
    passes "$here/links.sh" "$BUILD"
}

@test "variants of kernels keep their instructions to themselves" {
    [ "${SANITIZED:-no}" = no ] || skip "a sanitizer adds symbols of its own"
    passes "$here/isa.sh" "$BUILD"
}

@test "planted: a baseline object of kernel/ uses wide registers, a variant exports a function" {
    [ "$(uname -m)" = x86_64 ] || skip "the registers are those of x86"
    mkdir -p "$tree/build/src/kernel/libkernel.a.p" "$tree/build/src/kernel/libkernel_avx2.a.p"
    echo '__attribute__((target("avx2"))) void f(char *p) { __asm__ volatile("vmovdqu (%0), %%ymm0" : : "r"(p) : "memory"); }' >"$tree/a.c"
    ${CC:-cc} -c -o "$tree/build/src/kernel/libkernel.a.p/a.o" "$tree/a.c"
    ${CC:-cc} -c -o "$tree/build/src/kernel/libkernel_avx2.a.p/b.o" "$tree/a.c"
    finds 'a.o: wide registers' "$here/isa.sh" "$tree/build"
    finds 'b.o: f is exported' "$here/isa.sh" "$tree/build"
}

@test "every header compiles on its own" {
    passes "$here/headers.sh" "$root"
}

@test "nothing unfinished and no path of a machine stands in the tree" {
    passes "$here/tree.sh" "$root"
}

@test "planted: a room includes a room that it may not" {
    echo '#include "net/net.h"' >"$tree/src/json/a.c"
    finds 'src/json/a.c:1: json may not include net' "$here/includes.sh" "$tree"
}

@test "planted: an include past the front door" {
    mkdir "$tree/src/record"
    printf '/* x */\n  #  include "json/inner.h"\n' >"$tree/src/record/a.h"
    finds 'src/record/a.h:2: "json/inner.h" is not the front door of json' "$here/includes.sh" "$tree"
}

@test "planted: an include without its room, of an unknown room, and an unknown room" {
    mkdir "$tree/src/attic"
    echo '#include "err.h"' >"$tree/src/json/a.c"
    echo '#include "cellar/cellar.h"' >"$tree/src/json/b.c"
    echo '#include "base/err.h"' >"$tree/src/attic/c.c"
    finds '"err.h" is not written as' "$here/includes.sh" "$tree"
    finds 'there is no room "cellar"' "$here/includes.sh" "$tree"
    finds 'room "attic" is not in rooms.txt' "$here/includes.sh" "$tree"
}

@test "planted: a public header includes a private one" {
    echo '#include "base/err.h"' >"$tree/include/assay/a.h"
    finds 'include/assay/a.h:1: a public header includes' "$here/includes.sh" "$tree"
}

@test "planted: banned calls, but not in comments, strings and members" {
    cat >"$tree/src/json/a.c" <<-'END'
	/* strcpy( in a comment,
	 * sprintf( too */
	static const char *s = "\"atoi(x)"; // rand()
	int f(void) { return table.time(0) + table->malloc(3) + snprintf(s, 3, "x"); }
	END
    passes "$here/calls.sh" "$tree"
    echo 'int g(char *s) { return sprintf (s, "x"); }' >"$tree/src/json/b.c"
    finds 'src/json/b.c:1: sprintf() is not used here' "$here/calls.sh" "$tree"
    echo 'void *h(void) { return malloc(1); }' >"$tree/src/json/b.c"
    finds 'malloc() is not used here; base/mem.h' "$here/calls.sh" "$tree"
    mv "$tree/src/json/b.c" "$tree/src/base/b.c"
    passes "$here/calls.sh" "$tree"
}

@test "planted: a pure room reads the clock, by libc or by base" {
    room base 'int assay_clock_mono_ns(void); int assay_clock_mono_ns(void) { return 1; }'
    room json 'int assay_clock_mono_ns(void); int f(void); int f(void) { return assay_clock_mono_ns(); }'
    finds 'json is pure, and uses assay_clock_mono_ns' "$here/links.sh" "$tree/build"
    room json '#include <time.h>
int f(void); int f(void) { return (int)time(0); }'
    finds 'json is pure, and uses time' "$here/links.sh" "$tree/build"
}

@test "planted: a pure room writes, opens a socket, starts a thread" {
    room json '#include <stdio.h>
int f(void); int f(void) { return puts("x"); }'
    finds 'json is pure, and uses puts' "$here/links.sh" "$tree/build"
    room stat '#include <sys/socket.h>
int f(void); int f(void) { return socket(1, 1, 1); }'
    finds 'stat is pure, and uses socket' "$here/links.sh" "$tree/build"
    room crypto '#include <pthread.h>
int f(pthread_t *t, void *(*g)(void *)); int f(pthread_t *t, void *(*g)(void *)) { return pthread_create(t, 0, g, 0); }'
    finds 'crypto is pure, and uses pthread_create' "$here/links.sh" "$tree/build"
}

@test "planted: a changing global, zeroed, initialised, local to a thread or inside a function" {
    room json 'static int n; int f(void); int f(void) { return n++; }'
    finds 'json: n is a changing global' "$here/links.sh" "$tree/build"
    room json 'static int n = 3; int f(void); int f(void) { return n++; }'
    finds 'json: n is a changing global' "$here/links.sh" "$tree/build"
    room json 'static _Thread_local int n; int f(void); int f(void) { return n++; }'
    finds 'json: n is a changing global' "$here/links.sh" "$tree/build"
    room json 'int f(void); int f(void) { static int n; return n++; }'
    finds 'json: n is a changing global' "$here/links.sh" "$tree/build"
    printf 'json n a reason\n' >"$tree/granted.txt"
    passes "$here/links.sh" "$tree/build" "$tree/granted.txt"
}

@test "planted: constant tables of pointers are no changing globals" {
    room json 'static const char *const T[] = {"a", "b"}; const char *f(int i); const char *f(int i) { return T[i]; }'
    passes "$here/links.sh" "$tree/build"
}

@test "planted: a room uses a symbol of a room that it may not, without including it" {
    room net 'int assay_net_thing(void); int assay_net_thing(void) { return 1; }'
    room json 'int assay_net_thing(void); int f(void); int f(void) { return assay_net_thing(); }'
    finds 'json uses assay_net_thing of net, and may not' "$here/links.sh" "$tree/build"
}

@test "planted: a header that needs another one first, and a public one that is no C++" {
    rm "$tree/src/json/json.h"
    echo 'size_t f(void);' >"$tree/src/json/a.h"
    finds 'src/json/a.h does not compile on its own' "$here/headers.sh" "$tree"
    rm "$tree/src/json/a.h"
    echo 'void f(int class);' >"$tree/include/assay/a.h"
    finds 'include/assay/a.h does not compile on its own' "$here/headers.sh" "$tree"
}

@test "planted: unfinished work and a path of a machine" {
    echo "/* TO""DO: later */" >"$tree/src/json/a.c"
    finds 'src/json/a.c:1' "$here/tree.sh" "$tree"
    echo "in /ho""me/someone/x" >"$tree/src/json/a.c"
    finds 'src/json/a.c:1' "$here/tree.sh" "$tree"
    echo 'char t[] = "/tmp/x-XXXXXX";' >"$tree/src/json/a.c"
    passes "$here/tree.sh" "$tree"
}
