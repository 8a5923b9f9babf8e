# examples/kernel against the installed library: a stranger's kernel is a benchmark, a test, a receipt and a plug-in.

setup_file() {
    export DEST=$BATS_FILE_TMPDIR/dest
    meson install -C "$BUILD" --no-rebuild --destdir "$DEST" >"$BATS_FILE_TMPDIR/log" 2>&1
    PKG_CONFIG_PATH=$(dirname "$(find "$DEST" -name assay.pc)")
    export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR=$DEST
    LD_LIBRARY_PATH=$(dirname "$(find "$DEST" -name libassay.so)")
    export LD_LIBRARY_PATH
    cp -r "$KERNEL_EXAMPLE" "$BATS_FILE_TMPDIR/kernel"
    make -C "$BATS_FILE_TMPDIR/kernel" CC="$CC" CFLAGS="-O2 -Werror" >"$BATS_FILE_TMPDIR/make" 2>&1 ||
        { cat "$BATS_FILE_TMPDIR/make"; return 1; }
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    here=$BATS_FILE_TMPDIR/kernel
    export ASSAY_STORE=$BATS_TEST_TMPDIR/history.db
}

# verifies DIR: nothing is wrong but, at most, what a busy host did to the run.
verifies() {
    run "$ASSAY" verify "$1"
    echo "$output"
    ! grep -E '^[0-9]{3} ' <<<"$output" | grep -v '^341 undecided /predicate/invalid/'
}

# measured: a receipt came out, valid or spoilt by a busy host.
measured() {
    run "$@"
    echo "$output"
    [ "$status" -eq 0 ] || [ "$status" -eq 2 ]
    [ -f run/receipt.json ]
}

@test "the source has under 40 lines" {
    [ "$(wc -l <"$here/dot.c")" -lt 40 ]
}

@test "the program gives a receipt that verifies" {
    measured "$here/dot" --pairs 10 --out run
    [[ "$output" == *ext_dot_f32_lanes* ]]
    [[ "$output" == *"check output-b: pass"* ]]
    verifies run
}

@test "the timer costs at most a thousandth of an epoch, and it is printed" {
    measured "$here/dot" --pairs 10 --out run
    share=$(grep -o 'timerShare [0-9.e-]*' <<<"$output" | cut -d' ' -f2)
    awk -v share="$share" 'BEGIN { exit !(share > 0 && share <= 0.001) }'
}

@test "the same source is a plug-in, and its rows stand in the receipt" {
    measured "$ASSAY" run kernel ext_dot --plugin "$here/dot.so" --pairs 10 --no-calibrate --quiet --out run
    [[ "$output" == *"subject: kernel:ext_dot_f32_lanes, $(sha256sum "$here/dot.so" | cut -c1-12)"* ]]
    verifies run
}

@test "a variant that is wrong is found: exit status 1, and the check says so" {
    sed 's|\[i % 8\] += a\[i\]|[i % 8] += 1.01F * a[i]|' "$here/dot.c" >wrong.c
    # shellcheck disable=SC2046 # words
    "$CC" -O2 -std=c17 -DEXTRA=0 -o wrong wrong.c $(pkg-config --cflags --libs assay)
    run ./wrong --pairs 10 --out run
    echo "$output"
    [ "$status" -eq 1 ]
    [[ "$output" == *"check output-a: pass"* ]]
    [[ "$output" == *"check output-b: fail"* ]]
    [[ "$output" == *"check selfcheck-ext_dot_f32_lanes: fail"* ]]
}

@test "a plug-in that changes how floats are computed is refused" {
    [ "$(uname -m)" = x86_64 ] || skip "the mode is that of x86"
    cp "$here/dot.c" fast.c
    echo '__attribute__((constructor)) static void flush(void) { unsigned m; __asm__ volatile("stmxcsr %0" : "=m"(m));
        m |= 0x8040; __asm__ volatile("ldmxcsr %0" : : "m"(m)); }' >>fast.c
    # shellcheck disable=SC2046 # words
    "$CC" -O2 -std=gnu17 -DEXTRA=0 -DASSAY_KERNEL_AS_PLUGIN -shared -fPIC -o fast.so fast.c $(pkg-config --cflags assay)
    run "$ASSAY" run kernel ext_dot --plugin ./fast.so --no-calibrate --quiet --out run
    echo "$output"
    [ "$status" -eq 3 ]
    [[ "$output" == *-ffast-math* ]]
    [ ! -e run ]
}

@test "as a command it only works, and two builds differ in work alone" {
    "$here/dot" --calls 10
    "$here/dot-slower" --calls 10
    [ ! -e run ]
}

@test "an option that is none is a usage error" {
    run "$here/dot" --no-such-option
    [ "$status" -eq 4 ]
}

@test "the header is C++17" {
    echo '#include <assay/kernel.h>
static const struct assay_kernel_operation *const none = nullptr;
int main() { return none == nullptr && ASSAY_KERNEL_ABI == 2u ? 0 : 1; }' >header.cc
    # shellcheck disable=SC2046 # words
    "$CXX" -std=c++17 -Wall -Wextra -Wpedantic -Werror -o header header.cc $(pkg-config --cflags --libs assay)
    ./header
}
