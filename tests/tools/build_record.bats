# The script that writes the build record, on a git checkout of its own.

script=$BATS_TEST_DIRNAME/../../tools/build_record.sh

setup() {
    tree=$BATS_TEST_TMPDIR/tree
    git init -q "$tree"
    git -C "$tree" config user.email t@example.org
    git -C "$tree" config user.name t
    echo one >"$tree/file"
    git -C "$tree" add file
    git -C "$tree" commit -qm one
    out=$BATS_TEST_TMPDIR/out.c
}

record() {
    "$script" "$out" "$tree" 'gcc 1' 'ld 2' 2 false false false flags -O2 '-DX="a b"' libs 'jansson 1' sanitizers
}

@test "a clean tree has its commit and no difference" {
    record
    grep -q ".commit = \"$(git -C "$tree" rev-parse HEAD)\"" "$out"
    grep -q '.is_dirty = false' "$out"
    grep -q '.dirty_diff_sha256 = NULL' "$out"
}

@test "a changed file and an untracked file change the digest" {
    echo two >"$tree/file"
    record
    grep -q '.is_dirty = true' "$out"
    first=$(grep dirty_diff_sha256 "$out")
    echo three >"$tree/new"
    record
    [ "$first" != "$(grep dirty_diff_sha256 "$out")" ]
}

@test "a record that did not change is not written again" {
    record
    touch -d '2020-01-01' "$out"
    before=$(stat -c %Y "$out")
    record
    [ "$before" = "$(stat -c %Y "$out")" ]
    git -C "$tree" commit -q --allow-empty -m two
    record
    [ "$before" != "$(stat -c %Y "$out")" ]
}

@test "a folder that is no checkout has an unknown commit and is not called clean" {
    rm -rf "$tree/.git"
    record
    grep -q '.commit = "unknown"' "$out"
    grep -q '.is_dirty = true' "$out"
}

@test "quotes in a flag survive into C" {
    record
    grep -qF '"-DX=\"a b\"",' "$out"
    cc -fsyntax-only -I "$BATS_TEST_DIRNAME/../../src" "$out"
}
