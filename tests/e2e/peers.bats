# explain recomputes what two other tools printed about the traffic that they saw.
load ../cli/lib

# differs TOOL FILE: prints the lines of TOOL's own figures that explain does not reproduce from FILE.
differs() {
    rm -rf r
    "$ASSAY" import "$2" --out r --no-save >/dev/null 2>&1
    "$ASSAY" explain r --as "$1" --format csv | cut -d, -f1,2 | tr ',' '\t' | sort >got
    [ "$(wc -l <got)" -gt 10 ]
    sort "$HERE/peers/$1.tsv" >wanted
    comm -13 got wanted
}

@test "GuideLLM's printed numbers come out of its export" {
    differs guidellm "$HERE/peers/guidellm.json" >missing
    cat missing
    [ ! -s missing ]
}

@test "AIPerf's printed numbers come out of its export" {
    differs aiperf "$HERE/peers/aiperf.jsonl" >missing
    cat missing
    [ ! -s missing ]
}

@test "planted: one request that was slower is seen" {
    sed '1s/"time_to_first_token":{"value":63\./"time_to_first_token":{"value":163./' "$HERE/peers/aiperf.jsonl" >a.jsonl
    ! cmp -s a.jsonl "$HERE/peers/aiperf.jsonl"
    differs aiperf "$PWD/a.jsonl" >missing
    grep -q "^Time to First Token avg" missing
}
