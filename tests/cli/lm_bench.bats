load lib

# makes_model: a tiny model of half a megabyte.
makes_model() {
    "$ASSAY" lm synth --shape tiny --format i2_s --seed 1 tiny.gguf >/dev/null
}

# statement DIR: the payload of its receipt.
statement() {
    sed 's/.*"payload":"\([^"]*\)".*/\1/' "$1/receipt.json" | base64 -d
}

@test "bench issues receipts whose kernels were counted, a run a number of threads" {
    makes_model
    measures "$ASSAY" lm bench tiny.gguf -p 16 -n 4 -t 1,2 --epoch 2ms --pairs 4 --quiet --out b
    says "prefill 16"
    says "decode 4"
    says "of the read limit"
    says "ternary_gemv_"
    for run in b/t1 b/t2; do
        verifies "$run"
        says "kernel entries"
        statement "$run" >statement.json
        grep -q '"computePath":"real"' statement.json
        grep -q '"determinism":{"digests":\["[0-9a-f]*"\],"repetitions":[0-9]*,"state":"proven"}' statement.json
        grep -q '"id":"output-fresh","n":1,"rule":"output_reference@1","verdict":"pass"' statement.json
        grep -q '"id":"token-count".*"verdict":"pass"' statement.json
        grep -q '"name":"model:tiny.gguf"' statement.json
        grep -q '"name":"model:tokenizer"' statement.json
    done
    grep -q '"id":"sync_barrier_spin_ref"' statement.json
    run_exit 0 "$ASSAY" show b/t1
    says "token_rate" || says "tok/s"
}

@test "the model's file is what the receipt speaks of" {
    makes_model
    measures "$ASSAY" run lm tiny.gguf -p 4 -n 0 --epoch 1ms --pairs 2 --no-fresh --quiet --out r
    statement r | grep -q "$(sha256sum tiny.gguf | cut -d' ' -f1)"
}

@test "depth, batch and passes are cases of their own" {
    makes_model
    measures "$ASSAY" lm bench tiny.gguf -p 32 --tokens 8 -n 2 --depth 0,40 --batch 1,3 -t 1 --epoch 1ms --pairs 2 \
        --no-fresh --quiet --out b
    says "prefill 32 by 8"
    says "decode 2 at 40 batch 3"
    verifies b
}

# ids ENVIRONMENT... [-- -n N]: what counted in a run with these settings.
ids() {
    local settings=()
    rm -rf i
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        settings+=("$1")
        shift
    done
    run env "${settings[@]}" "$ASSAY" run lm tiny.gguf -p 4 -n "${3:-2}" --epoch 1ms --pairs 2 --no-fresh --quiet --out i
    [ "$status" -eq 0 ] || [ "$status" -eq 2 ] || return 1
    statement i | grep -o '"id":"[a-z0-9_]*","isa"' | sort -u
}

@test "every flag that chooses changes the ids or the setting in the receipt" {
    makes_model
    local with
    with=$(ids ASSAY_THREADS=1)
    [ "$(ids ASSAY_THREADS=2)" != "$with" ]
    for setting in small huge mapped; do
        ids ASSAY_THREADS=1 "ASSAY_PAGES=$setting" >/dev/null
        grep -q "\"pages\":\"$setting\"" i/plan.json
    done
    ids ASSAY_THREADS=1 ASSAY_PIN=0 >/dev/null
    grep -q '"pinned":false' i/plan.json
    ids ASSAY_THREADS=1 ASSAY_HEAD=screened -- -n 80 | grep -q '"head_bound_f32_' # random weights: not every pass tries
    grep -q '"greedyHead":"screened"' i/plan.json
    grep -q "ternary_gemv_[a-z0-9]*_ref" <<<"$with" && skip "no variant beside the references can run here"
    [ "$(ids ASSAY_THREADS=1 ASSAY_ISA=ref)" != "$with" ]
    ids ASSAY_THREADS=1 ASSAY_KERNEL=norm_rms=ref | grep -q '"norm_rms_f32_ref"'
    ids ASSAY_THREADS=1 'ASSAY_KERNEL_FORBID=rope_*_avx2' | grep -q '"rope_halves_f32_ref"'
    grep -q '"forbid":"rope_\*_avx2"' i/plan.json
}

@test "settings that make no sense are usage errors" {
    makes_model
    for setting in ASSAY_THREADS=none ASSAY_PIN=maybe ASSAY_PAGES=large ASSAY_ISA=mmx ASSAY_KERNEL=norm_rms=best \
        ASSAY_KERNEL_FORBID=norm_rms_f32_none ASSAY_KERNEL=norm_rms=ref,norm_rms=avx2 ASSAY_PREFETCH=512 \
        ASSAY_HEAD=coarse ASSAY_DRAFT=1 ASSAY_DRAFT=yes; do
        run_exit 4 env "$setting" "$ASSAY" run lm tiny.gguf -p 4 --pairs 2 --quiet --out r
        [ ! -e r ]
    done
    run_exit 4 "$ASSAY" lm bench
    run_exit 4 "$ASSAY" lm bench tiny.gguf -t 0 --quiet
    says "-t is '0'"
    run_exit 4 "$ASSAY" lm bench tiny.gguf -t 1,1 --quiet
    says "each number once"
    run_exit 4 "$ASSAY" lm bench tiny.gguf -p 1,x --quiet
    run_exit 4 "$ASSAY" lm bench tiny.gguf -p 0 -n 0 --quiet
    says "leave nothing"
    run_exit 4 "$ASSAY" lm bench tiny.gguf --depth 100000 --quiet
    run_exit 5 "$ASSAY" lm bench none.gguf --quiet
    echo nonsense >none.gguf
    run_exit 3 "$ASSAY" lm bench none.gguf --quiet
}

@test "a run that is stopped leaves a record without rates" {
    makes_model
    "$ASSAY" run lm tiny.gguf -p 64 -n 32 --pairs 4000 --no-fresh --quiet --out r 3>&- &
    local pid=$!
    for _ in $(seq 200); do
        [ -e r/plan.json ] && break
        sleep 0.05
    done
    sleep 0.3
    kill -INT "$pid"
    wait "$pid" && return 1
    [ -e r/record.json ]
    [ ! -e r/receipt.json ]
    sed 's/.*"payload":"\([^"]*\)".*/\1/' r/record.json | base64 -d >statement.json
    grep -q '"outcome":"aborted"' statement.json
    ! grep -q '"metrics"\|"kernels"' statement.json
}

@test "who stops one of several runs stops those behind it" {
    makes_model
    "$ASSAY" lm bench tiny.gguf -p 64 -n 32 -t 1,2 --pairs 4000 --no-fresh --quiet --out b >/dev/null 3>&- &
    local pid=$!
    for _ in $(seq 200); do
        [ -e b/t1/plan.json ] && break
        sleep 0.05
    done
    kill -INT "$pid"
    wait "$pid" && return 1
    [ -e b/t1/record.json ]
    [ ! -e b/t2 ]
}
