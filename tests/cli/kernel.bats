load lib

# has_variant ISA: whether this host can run a variant of ternary_gemv beside the reference.
has_variant() {
    "$ASSAY" host --kernels | grep -q "^ternary_gemv_i2s_$1 .* usable "
}

@test "variants take turns over the same operands, and the receipt verifies" {
    measures "$ASSAY" run kernel ternary_gemv --case odd-rows --variants ref,ref --pairs 8 --quiet --no-calibrate --out r
    says "kernel, ternary_gemv_i2s_ref"
    says "service_ratio"
    says "check output-a: pass"
    says "check roofline"
    says "Kernels"
    says "the timer is"
    says "of inputs"
    verifies r
    says "kernel entr"
}

@test "the timed variants and the probe stand in the receipt with counters" {
    measures "$ASSAY" run kernel ternary_gemv --case kv-640 --variants ref --pairs 6 --quiet --no-calibrate --out r
    sed 's/.*"payload":"\([^"]*\)".*/\1/' r/receipt.json | base64 -d >statement.json
    grep -q '"class":"quantised","elements":"[1-9]' statement.json
    grep -q '"id":"ternary_gemv_i2s_ref","isa":"ref","ns":[1-9]' statement.json
    grep -q '"id":"limit_read_bytes_' statement.json
    grep -q '"name":"kernel:ternary_gemv_i2s_ref"' statement.json
    grep -q '"backend":\["cpu"\]' statement.json
}

@test "the vector variant gives what the reference gives" {
    has_variant avx2 || skip "no AVX2"
    measures "$ASSAY" run kernel ternary_gemv --case highest-4096 --variants ref,avx2 --pairs 6 --quiet --no-calibrate --out r
    says "check output-b: pass"
    says "ulpMax 0"
}

@test "out of cache, calls go round enough copies" {
    run_exit 4 "$ASSAY" run kernel ternary_gemv --case least --cache out --quiet --no-calibrate --out r
    says "larger shape"
    run_exit 4 "$ASSAY" run kernel ternary_gemv --shape 8192x2560 --cache in --quiet --no-calibrate --out r
    says "smaller shape"
    [ ! -e r ]
}

@test "what cannot be is a usage error that says what would be right" {
    run_exit 4 "$ASSAY" run kernel --quiet --no-calibrate
    says "ternary_gemv_i2s"
    run_exit 4 "$ASSAY" run kernel no_such --quiet --no-calibrate
    says "there is no kernel 'no_such'"
    run_exit 4 "$ASSAY" run kernel ternary_gemv --case none --quiet --no-calibrate
    says "has no case 'none'"
    run_exit 4 "$ASSAY" run kernel ternary_gemv --shape 2x100 --quiet --no-calibrate
    says "columns are no multiple of 128"
    run_exit 4 "$ASSAY" run kernel ternary_gemv --shape 2y100 --quiet --no-calibrate
    says "RxCxM"
    run_exit 4 "$ASSAY" run kernel ternary_gemv --variants best --quiet --no-calibrate
    says "no variant 'best'"
    run_exit 4 "$ASSAY" run kernel ternary_gemv --plugin x.so --quiet --no-calibrate
    says "./x.so"
    run_exit 5 "$ASSAY" run kernel ternary_gemv --plugin ./x.so --quiet --no-calibrate
    says "x.so"
}

@test "a forbidden variant that is asked for is not replaced" {
    has_variant avx2 || skip "no AVX2"
    ASSAY_KERNEL_FORBID='*_avx2' run_exit 5 "$ASSAY" run kernel ternary_gemv --case least --variants avx2 --quiet \
        --no-calibrate --out r
    says "ASSAY_KERNEL_FORBID"
}

@test "host --kernels lists every kernel, what is chosen and why not the rest" {
    run_exit 0 "$ASSAY" host --kernels
    says "ternary_gemv_i2s_ref"
    says "sha256"
    ASSAY_ISA=ref run_exit 0 "$ASSAY" host --kernels
    grep -q '^ternary_gemv_i2s_ref .* yes ' <<<"$output"
    ! grep -q '^ternary_gemv_i2s_avx2 .* yes ' <<<"$output"
    run_exit 0 "$ASSAY" host --kernels --json
    says '"id": "ternary_gemv_i2s_ref"'
}

@test "no flag that chooses kernels is dead" {
    run_exit 0 "$ASSAY" host --kernels --probe
    [ "${#lines[@]}" -eq 7 ]
    ! grep -q ' dead ' <<<"$output"
    [ "$(grep -c '^ASSAY_[HP].* live ' <<<"$output")" -eq 3 ]
    if has_variant avx2; then
        [ "$(grep -c '^ASSAY_[IK].* live ' <<<"$output")" -eq 3 ]
    fi
    if [ "$(nproc)" -gt 1 ]; then
        grep -q '^ASSAY_THREADS .* live ' <<<"$output"
    fi
}

@test "flags that make no sense are usage errors" {
    run_exit 4 "$ASSAY" host --limits --kernels
    says "exclude each other"
    ASSAY_ISA=mmx run_exit 4 "$ASSAY" host --kernels
    says "mmx"
    ASSAY_KERNEL=ternary_gemv=best run_exit 4 "$ASSAY" host --kernels
    says "no variant 'best'"
    ASSAY_KERNEL_FORBID=ternary_gemv_i2s_none run_exit 4 "$ASSAY" host --kernels
    says "ternary_gemv_i2s_none"
}

@test "every built-in kernel counts when it is run" {
    run_exit 0 "$ASSAY" host --count
    [ "${#lines[@]}" -ge 2 ]
    says "ternary_gemv_i2s_"
    says "limit_read_bytes_"
}

@test "host --limits measures, marks what noise did, and names what is missing" {
    run "$ASSAY" host --limits --quick --json
    [ "$status" -eq 0 ] || [ "$status" -eq 2 ]
    says '"limit": "read memory, 2 MB pages"'
    says '"unit": "GB/s"'
    says '"limit": "int8, amxint8"'
    if [ "$status" -eq 2 ]; then
        grep -Eq '"state": "(invalid|polluted)"' <<<"$output"
    fi
}
