load lib

suite() {
    cat >suite.yaml <<YAML
assay_suite: 1
name: night
defaults:
  workload: llm
  url: $URL
  dialect: openai
  model: truth
  requests: 6
  warmup: 1
runs:
  - concurrency: [1, 3]
  - rate: 20
YAML
}

@test "a suite gives one run directory each, and each verifies" {
    start_truth
    suite
    measures "$ASSAY" run suite.yaml --no-calibrate --quiet
    [ "$(ls night | wc -l)" -eq 3 ]
    for run in night/*; do
        verifies "$run"
    done
    run_exit 0 "$ASSAY" report night/*
}

@test "--list shows the runs and measures nothing" {
    URL=http://127.0.0.1:1
    suite
    run_exit 0 "$ASSAY" run suite.yaml --list
    [ "${#lines[@]}" -eq 3 ]
    says "--concurrency 3"
    [ ! -e night ]
}

@test "--resume keeps the runs that have a receipt" {
    start_truth
    suite
    measures "$ASSAY" run suite.yaml --no-calibrate --quiet
    before=$(cat night/001*/receipt.json)
    rm -r night/003*
    run_exit 5 "$ASSAY" run suite.yaml --no-calibrate --quiet
    says "--resume"
    measures "$ASSAY" run suite.yaml --no-calibrate --quiet --resume
    [ "$before" = "$(cat night/001*/receipt.json)" ]
    [ -f night/003*/receipt.json ]
}

@test "a mistake in the last run is found before the first is measured" {
    URL=http://127.0.0.1:1
    suite
    echo "  - concurency: 4" >>suite.yaml
    run_exit 3 "$ASSAY" run suite.yaml
    says "run 4"
    says "concurency"
    [ ! -e night ]
}
