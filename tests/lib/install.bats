# What `make install` leaves behind is enough for a stranger: headers, pkg-config, library, program, manual, completions.

setup_file() {
    export DEST=$BATS_FILE_TMPDIR/dest
    meson install -C "$BUILD" --no-rebuild --destdir "$DEST" >"$BATS_FILE_TMPDIR/log" 2>&1
    PREFIX=$(sed -n 's/^prefix=//p' "$(find "$DEST" -name assay.pc)")
    export PREFIX
    PKG_CONFIG_PATH=$(dirname "$(find "$DEST" -name assay.pc)")
    export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR=$DEST
    LD_LIBRARY_PATH=$(dirname "$(find "$DEST" -name libassay.so)")
    export LD_LIBRARY_PATH
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    # shellcheck disable=SC2207 # words
    flags=($(pkg-config --cflags --libs assay))
}

@test "a C17 program is built from what pkg-config says, and verifies" {
    ${CC:-cc} -std=c17 -Wall -Wextra -Wpedantic -Werror -o example "$EXAMPLE" "${flags[@]}"
    echo '{' >broken.json
    run ./example broken.json
    echo "$output"
    [ "$status" -eq 3 ]
    [[ "$output" == *violations ]]
}

@test "the same program is C++17" {
    ${CXX:-c++} -x c++ -std=c++17 -Wall -Wextra -Wpedantic -Werror -o example "$EXAMPLE" -x none "${flags[@]}"
    run ./example -
    echo "$output"
    [ "$status" -eq 5 ]
}

@test "the library exports what its headers declare, and nothing else" {
    nm -D --defined-only "$LD_LIBRARY_PATH/libassay.so" | awk '$2 == "T" { print $3 }' | sed 's/@.*//' | sort >exported
    sed -n 's/^ASSAY_API .*[ *]\(assay_[a-z_]*\)(.*/\1/p' "$DEST$PREFIX"/include/assay/*.h | sort >declared
    diff declared exported
}

@test "the library opens no connection and starts no program" {
    run nm -D --undefined-only "$LD_LIBRARY_PATH/libassay.so"
    ! grep -E ' (connect|accept4?|getaddrinfo|fork|vfork|execve|posix_spawn|system|popen)@' <<<"$output"
}

@test "every verb has a manual page, and the shells their completions" {
    [ -x "$DEST$PREFIX/bin/assay" ] || skip "the program is not built"
    [ -s "$DEST$PREFIX/share/man/man1/assay.1" ]
    "$DEST$PREFIX/bin/assay" man | while read -r page _; do
        [ -s "$DEST$PREFIX/share/man/man1/assay-$page.1" ]
        grep -q "assay-$page 1" "$DEST$PREFIX/share/man/man1/assay.1"
    done
    ! grep -q @VERBS@ "$DEST$PREFIX/share/man/man1/assay.1"
    bash -n "$DEST$PREFIX/share/bash-completion/completions/assay"
    [ -s "$DEST$PREFIX/share/zsh/site-functions/_assay" ]
    [ -s "$DEST$PREFIX/share/fish/vendor_completions.d/assay.fish" ]
}
