load lib

@test "equal arguments give equal bytes, another seed gives others" {
    run_exit 0 "$ASSAY" lm synth --shape tiny --format i2_s --seed 7 a.gguf
    says "a.gguf: synthetic tiny, i2_s weights, f16 head, seed 7"
    run_exit 0 "$ASSAY" lm synth --shape tiny --format i2_s --seed 7 b.gguf
    cmp a.gguf b.gguf
    run_exit 0 "$ASSAY" lm synth --shape tiny --format i2_s --seed 8 --force b.gguf
    ! cmp -s a.gguf b.gguf
}

@test "the file - is standard output, with nothing else on it" {
    "$ASSAY" lm synth --seed 7 a.gguf >/dev/null
    "$ASSAY" lm synth --seed 7 - | cmp - a.gguf
    run_exit 4 "$ASSAY" lm parity a.gguf --write -
    says "--write is '-'"
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

# Two threads of several tests at once would fight for one CPU.
export ASSAY_PIN=0

tiny() {
    "$ASSAY" lm synth --shape "${1:-tiny}" --format "${2:-i2_s}" --seed 3 model.gguf >/dev/null
}

@test "a text comes to standard output, timings and seed to standard error" {
    tiny
    "$ASSAY" lm generate model.gguf --prompt "Once upon" --max-tokens 12 >out 2>err
    [ -s out ]
    grep -q "^synthetic tiny, seed 3: prompt .* tokens, .* length; seed [0-9]*$" err
}

@test "equal seeds give equal texts, whatever the threads, pages and drafts; other seeds give others" {
    tiny
    "$ASSAY" lm generate model.gguf --prompt "Once upon" --seed 5 --max-tokens 40 --threads 1 2>/dev/null >a
    "$ASSAY" lm generate model.gguf --prompt "Once upon" --seed 5 --max-tokens 40 --threads 3 --pages small 2>/dev/null >b
    ASSAY_PAGES=mapped "$ASSAY" lm generate model.gguf --prompt "Once upon" --seed 5 --max-tokens 40 --draft 2>/dev/null >c
    "$ASSAY" lm generate model.gguf --prompt "Once upon" --seed 6 --max-tokens 40 2>/dev/null >d
    ASSAY_DRAFT=1 "$ASSAY" lm generate model.gguf --prompt "Once upon" --seed 5 --max-tokens 40 2>err >e
    grep -q "tokens proposed" err
    ASSAY_DRAFT=0 "$ASSAY" lm generate model.gguf --prompt "Once upon" --seed 5 --max-tokens 40 2>err >f
    run_exit 1 grep -q "tokens proposed" err
    cmp a b
    cmp a c
    cmp a e
    cmp a f
    ! cmp -s a d
}

@test "drafts that are right save passes and change neither ids nor logits" {
    tiny llama-tiny q8_0
    local words="a b c d a b c d a b c d a b c d a b c d"
    "$ASSAY" lm generate model.gguf --prompt "$words" --temperature 0 --max-tokens 200 --json >plain.json
    "$ASSAY" lm generate model.gguf --prompt "$words" --temperature 0 --max-tokens 200 --draft --json >draft.json
    for member in idsSha256 logitsSha256; do
        grep "\"$member\"" plain.json >a
        grep "\"$member\"" draft.json >b
        cmp a b
    done
    python3 - <<'END'
import json
plain, draft = json.load(open("plain.json")), json.load(open("draft.json"))
assert plain["drafted"] == 0 and draft["accepted"] > 0 and draft["passes"] < plain["passes"], draft["passes"]
END
}

@test "a top-p of 0 leaves the most probable token, as a temperature of 0 does" {
    tiny
    "$ASSAY" lm generate model.gguf --prompt "Once upon" --seed 5 --max-tokens 12 --top-p 0 2>/dev/null >a
    "$ASSAY" lm generate model.gguf --prompt "Once upon" --seed 6 --max-tokens 12 --temperature 0 2>/dev/null >b
    cmp a b
}

@test "repetitions are compared, the last one from a fresh process" {
    tiny
    run_exit 0 "$ASSAY" lm generate model.gguf --prompt "Once" --seed 5 --max-tokens 16 --repeat 3
    says "run 2: ids equal, logits equal"
    says "run 3 (fresh process): ids equal, logits equal"
}

@test "the kernels that are told are those that ran, and their choice changes them and nothing else" {
    tiny
    ASSAY_ISA=ref "$ASSAY" lm generate model.gguf --prompt "Once" --seed 5 --max-tokens 16 --json >ref.json
    "$ASSAY" lm generate model.gguf --prompt "Once" --seed 5 --max-tokens 16 --json >best.json
    python3 - <<'END'
import json
ref, best = json.load(open("ref.json")), json.load(open("best.json"))
assert ref["logitsSha256"] == best["logitsSha256"]
assert all(k["id"].endswith("_ref") for k in ref["kernels"])
assert any(k["id"].startswith("ternary_") and k["class"] == "quantised" and k["bytes"] > 0 for k in best["kernels"])
END
}

@test "a stop string ends a text before itself" {
    tiny
    "$ASSAY" lm generate model.gguf --prompt "Once upon" --seed 5 --max-tokens 60 --json >all.json
    python3 -c 'import json, re; t = json.load(open("all.json"))["text"]; open("stop", "w").write(re.search("[a-zA-Z]{2,4}", t[6:])[0])'
    "$ASSAY" lm generate model.gguf --prompt "Once upon" --seed 5 --max-tokens 60 --stop "$(cat stop)" --json >cut.json
    python3 - <<'END'
import json
whole, cut, stop = json.load(open("all.json"))["text"], json.load(open("cut.json")), open("stop").read()
assert cut["finish"] == "stop" and cut["text"] == whole[:whole.index(stop)], (cut["text"], stop)
END
}

@test "a context that is full ends a text, and a prompt that is longer is refused" {
    tiny
    "$ASSAY" lm generate model.gguf --prompt "Once upon a time" --seed 5 --context 24 --max-tokens 100 --json >out.json
    python3 - <<'END'
import json
out = json.load(open("out.json"))
assert out["finish"] == "length" and out["promptTokens"] + len(out["ids"]) == 25, out
END
    run_exit 3 "$ASSAY" lm generate model.gguf --prompt "Once upon a time" --context 2
    says "expected at most 2 in all (the context)"
}

@test "files that are no models are refused with what is wrong" {
    tiny
    echo "no model" >text.gguf
    : >empty.gguf
    head -c 300000 model.gguf >short.gguf
    printf 'GGUF\003\000\000\000\377\377\377\377\377\377\377\177\000\000\000\000\000\000\000\000' >many.gguf
    for file in text empty short many; do
        run_exit 3 "$ASSAY" lm generate "$file.gguf" --prompt x
        says "$file.gguf"
        run_exit 3 "$ASSAY" lm parity "$file.gguf" --prompt x --reference scalar
        says "$file.gguf"
    done
    run_exit 5 "$ASSAY" lm generate none.gguf --prompt x
    says "none.gguf"
    run_exit 3 "$ASSAY" lm generate . --prompt x
}

@test "options and variables that make no sense are usage errors that name themselves" {
    tiny
    run_exit 4 "$ASSAY" lm generate model.gguf --prompt x --pages large
    says "huge, small or mapped"
    ASSAY_PIN=maybe run_exit 4 "$ASSAY" lm generate model.gguf --prompt x
    says "ASSAY_PIN"
    ASSAY_THREADS=0 run_exit 4 "$ASSAY" lm generate model.gguf --prompt x
    says "ASSAY_THREADS is '0', expected 1 to 256"
    ASSAY_THREADS=many run_exit 4 "$ASSAY" lm generate model.gguf --prompt x
    says "ASSAY_THREADS"
    run_exit 4 "$ASSAY" lm generate model.gguf --prompt x --top-p 7
    says "top-p"
    run_exit 4 "$ASSAY" lm generate model.gguf --prompt x --template chatml
    says "--chat"
    run_exit 4 "$ASSAY" lm generate model.gguf --prompt x --context 4000
    says "context"
}
