# Greedy texts against llama.cpp's server, where there is one: ASSAY_LLAMA_SERVER names the program, ASSAY_LLAMA_MODEL a
# GGUF file of the llama architecture. Minutes of work, and so few prompts here; the script takes more.

@test "greedy texts are llama.cpp's, or every difference is a gap that the two programs' rounding closes" {
    [ -x "${ASSAY_LLAMA_SERVER:-}" ] || skip "no llama.cpp server: set ASSAY_LLAMA_SERVER"
    [ -r "${ASSAY_LLAMA_MODEL:-}" ] || skip "no model for it: set ASSAY_LLAMA_MODEL"
    run python3 "$HERE/llama_parity.py" "$ASSAY" "$ASSAY_LLAMA_SERVER" "$ASSAY_LLAMA_MODEL" 3
    echo "$output"
    [ "$status" -eq 0 ]
}
