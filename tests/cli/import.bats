# What the importers make of other tools' files is judged like any run.

load lib

corpus=$BATS_TEST_DIRNAME/../../fuzz/corpus

# imports FILE: into the fresh directory r
imports() {
    rm -rf r
    run_exit 0 "$ASSAY" import "$corpus/$1" --out r --no-save
}

@test "samples of other tools make receipts that verify, imported and never real" {
    for file in import_aiperf/lines import_guidellm/two import_llama_bench/lines import_node_csv/long \
        import_node_csv/short import_vllm/detailed; do
        imports "$file"
        run_exit 0 "$ASSAY" verify r
        says "RECOMPUTE  pass"
        says " imported "
        run_exit 1 "$ASSAY" verify --policy default r
        says '416 fail /predicate/protocol/computePath: found "imported", expected "real"'
    done
}

@test "a summary without samples is never more than undecided" {
    for file in import_aiperf/summary import_bitnet/flat import_bitnet/minor-1 import_bitnet/nested import_vllm/summary; do
        imports "$file"
        run_exit 2 "$ASSAY" verify r
        says "RECOMPUTE  not-measured  imported summary"
    done
}
