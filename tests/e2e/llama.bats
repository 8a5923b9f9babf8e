# Greedy texts against llama.cpp's server, where there is one: ASSAY_LLAMA_SERVER names the program, ASSAY_LLAMA_MODEL a
# GGUF file of the llama architecture, ASSAY_LLAMA_VOCABULARY one of any architecture (its vocabulary is all that is
# taken). Minutes of work, and so few prompts here; the scripts take more.

needs_llama() {
    [ -x "${ASSAY_LLAMA_SERVER:-}" ] || skip "no llama.cpp server: set ASSAY_LLAMA_SERVER"
    [ -r "${ASSAY_LLAMA_MODEL:-}" ] || skip "no model for it: set ASSAY_LLAMA_MODEL"
    python3 -c 'import numpy' 2>/dev/null || skip "no numpy"
}

@test "greedy texts are llama.cpp's, or every difference is one that the server's own rounding comes to" {
    needs_llama
    run python3 -B "$HERE/llama_parity.py" "$ASSAY" "$ASSAY_LLAMA_SERVER" "$ASSAY_LLAMA_MODEL" 3
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "weights without the minima of one block a row in one tensor do not pass for that" {
    needs_llama
    run python3 -B "$HERE/llama_parity.py" "$ASSAY" "$ASSAY_LLAMA_SERVER" "$ASSAY_LLAMA_MODEL" 1 --damaged
    echo "$output"
    [ "$status" -eq 1 ]
}

@test "texts have llama.cpp's ids" {
    [ -x "${ASSAY_LLAMA_SERVER:-}" ] || skip "no llama.cpp server: set ASSAY_LLAMA_SERVER"
    model=${ASSAY_LLAMA_VOCABULARY:-${ASSAY_LLAMA_MODEL:-}}
    [ -r "$model" ] || skip "no model for it: set ASSAY_LLAMA_VOCABULARY or ASSAY_LLAMA_MODEL"
    run python3 -B "$HERE/token_parity.py" "$TOKENIZE" "$ASSAY_LLAMA_SERVER" "$model" 500
    echo "$output"
    [ "$status" -eq 0 ]
}
