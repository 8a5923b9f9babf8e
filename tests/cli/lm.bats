load lib

@test "equal arguments give equal bytes, another seed gives others" {
    run_exit 0 "$ASSAY" lm synth --shape tiny --format i2_s --seed 7 a.gguf
    says "a.gguf: synthetic tiny, i2_s weights, f16 head, seed 7"
    run_exit 0 "$ASSAY" lm synth --shape tiny --format i2_s --seed 7 b.gguf
    cmp a.gguf b.gguf
    run_exit 0 "$ASSAY" lm synth --shape tiny --format i2_s --seed 8 --force b.gguf
    ! cmp -s a.gguf b.gguf
}

@test "a model that is there is not replaced unless that is asked for" {
    echo precious >a.gguf
    run_exit 5 "$ASSAY" lm synth a.gguf
    says "use --force"
    [ "$(cat a.gguf)" = precious ]
}

@test "an unknown word of lm, shape or format is a usage error that says what there is" {
    run_exit 4 "$ASSAY" lm
    says "synth"
    run_exit 4 "$ASSAY" lm sinth
    says "there is no 'lm sinth'"
    run_exit 4 "$ASSAY" lm synth --shape huge a.gguf
    says "2b4t"
    run_exit 4 "$ASSAY" lm synth --format q9 a.gguf
    says "tq2_0"
    run_exit 4 "$ASSAY" lm synth --shape tiny --format q8_0 a.gguf
    says "a bitnet shape takes"
    [ ! -e a.gguf ]
}
