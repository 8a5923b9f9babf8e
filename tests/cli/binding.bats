#!/usr/bin/env bats
# What a user can bind a receipt to beside its own numbers: the provenance of a build, the policy of the base branch.

load lib

BINARY=5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9

provenance() {
    printf '{"_type":"https://in-toto.io/Statement/v1","predicateType":"https://slsa.dev/provenance/v1",'
    printf '"subject":[{"name":"bin/tool","digest":{"sha256":"%s"}}],"predicate":{}}' "$1"
}

@test "a measured binary is that of the provenance, or it is 408" {
    "$LEGACY_RUN" run
    provenance "$BINARY" >own.json
    provenance "${BINARY//5/6}" >rebuilt.json
    printf '{"payloadType":"application/vnd.in-toto+json","signatures":[],"payload":"%s"}' "$(base64 -w0 own.json)" >dsse.json
    run_exit 0 "$ASSAY" verify --provenance own.json run
    says 'POLICY     pass          1 pass, 0 fail'
    run_exit 0 "$ASSAY" verify --provenance dsse.json run
    run_exit 1 "$ASSAY" verify --provenance rebuilt.json run
    says "408 fail /subject/0/digest/sha256: found \"$BINARY\", expected a subject of the provenance"
    run_exit 1 "$ASSAY" verify --provenance run/plan.json run
    says '408 fail : found a file that is no SLSA provenance'
    run_exit 5 "$ASSAY" verify --provenance gone.json run
}

@test "a policy that is not the base branch's is 423, in gate and in verify" {
    "$LEGACY_RUN" run
    printf 'assay_policy: 1\nname: release\nrequire: {compute_path: [real]}\n' >policy.yaml
    sed 's/\[real\]/[real, imported]/' policy.yaml >loose.yaml
    run_exit 0 "$ASSAY" gate policy.yaml run --policy-base policy.yaml
    run_exit 1 "$ASSAY" gate loose.yaml run --policy-base policy.yaml
    says 'the policy of the base branch'
    run_exit 1 "$ASSAY" verify --policy loose.yaml --policy-base policy.yaml --json run
    says '"gate": 423'
    # one document, whose `exit` is how the program ended, and a POLICY line that counts the gates
    "$ASSAY" verify --policy loose.yaml --policy-base policy.yaml --json run | python3 -c '
import json, sys
document = json.load(sys.stdin)
assert document["exit"] == 1, document["exit"]
assert document["policy"]["text"].startswith("1 pass, 1 fail"), document["policy"]
assert document["gates"]["verdict"] == "fail", document["gates"]
'
    run_exit 1 "$ASSAY" verify --policy loose.yaml --policy-base policy.yaml --max-age 20000h run
    says "POLICY     fail          2 pass, 1 fail, 0 undecided, 0 not-measured"
    run_exit 0 "$ASSAY" verify --policy policy.yaml run
    says "POLICY     pass          1 pass, 0 fail, 0 undecided, 0 not-measured"
    run_exit 4 "$ASSAY" verify --policy-base policy.yaml run
    run_exit 5 "$ASSAY" gate policy.yaml run --policy-base gone.yaml
}
