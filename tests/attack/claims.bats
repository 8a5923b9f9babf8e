#!/usr/bin/env bats
# Attacks 33 and 34 of the corpus (attacks.tsv): documents that say more than, or against, what was measured.

load ../cli/lib

run_of_examples=$BATS_TEST_DIRNAME/../../examples/real-llm/runs/smollm2-135m-instruct-q4_1-warm-closed

table() { # FILE HEADLINE NUMBER
    printf '# %s\n\n| model | TTFT p50 (ms) | tokens/s |\n|---|---|---|\n| smollm2-135m | %s | 31 |\n' "$2" "$3" >"$1"
}

@test "documents_that_contradict_each_other_are_found" {
    table release.md 'Release 1.2' 429
    table letter.md 'Version 1.2' 429
    run_exit 0 "$ASSAY" claims release.md letter.md
    table letter.md 'Version 1.2' 470
    run_exit 1 "$ASSAY" claims release.md letter.md
    says "error[C101 same-metric]"
    says "2 contradicted"
}

@test "a_translation_that_was_left_behind_is_found" {
    mkdir -p r && cp -r "$run_of_examples" r/run
    printf 'The TTFT p50 was 429 ms<!-- assay: r/run/receipt.json#a/ttft_p50 --> here.\n' >notes.md
    printf 'Der TTFT p50 war 435 ms<!-- assay: r/run/receipt.json#a/ttft_p50 --> hier.\n' >notes.de.md
    run_exit 0 "$ASSAY" claims notes.md --receipts r
    run_exit 1 "$ASSAY" claims notes.md notes.de.md --receipts r
    says "notes.de.md:1:18: error[C903 drift]"
}

@test "a_number_that_no_receipt_backs_is_listed_as_unsupported" {
    printf 'The TTFT p50 was 429 ms here, 2x faster than before.\n' >notes.md
    run_exit 1 "$ASSAY" claims notes.md --forbid-unbound all --verbose
    says "C901 unbound"
    says "policy: 2 claims that must be bound are not"
}

@test "a_claim_wider_than_its_evidence_is_unsupported" {
    printf 'Means over 4 files:\n\n```json\n{"encode_ms": [21.4, 22.8, 19.6, 20.3]}\n```\n' >notes.md
    run_exit 0 "$ASSAY" claims notes.md --fail-on warning
    sed -i 's/4 files/5000 files/' notes.md
    run_exit 1 "$ASSAY" claims notes.md --fail-on warning
    says "C606 extrapolated"
    says "1 unsupported"
    printf 'It takes 3 ms on all hosts; we used:\n\n- host: box-3\n' >notes.md
    run_exit 1 "$ASSAY" claims notes.md --fail-on warning
    says "C603 scope-wide"
    says "1 unsupported"
}
