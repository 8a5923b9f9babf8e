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
    cmp a b
    cmp a c
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
    ASSAY_THREADS=many run_exit 4 "$ASSAY" lm generate model.gguf --prompt x
    says "ASSAY_THREADS"
    run_exit 4 "$ASSAY" lm generate model.gguf --prompt x --top-p 7
    says "top-p"
    run_exit 4 "$ASSAY" lm generate model.gguf --prompt x --template chatml
    says "--chat"
    run_exit 4 "$ASSAY" lm generate model.gguf --prompt x --context 4000
    says "context"
}

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
    says "ternary_gemv_i2s_"
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

# ids ENVIRONMENT...: what counted in a run with these settings.
ids() {
    rm -rf i
    run env "$@" "$ASSAY" run lm tiny.gguf -p 4 -n 2 --epoch 1ms --pairs 2 --no-fresh --quiet --out i
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
    grep -q ternary_gemv_i2s_ref <<<"$with" && skip "no variant beside the references can run here"
    [ "$(ids ASSAY_THREADS=1 ASSAY_ISA=ref)" != "$with" ]
    ids ASSAY_THREADS=1 ASSAY_KERNEL=norm_rms=ref | grep -q '"norm_rms_f32_ref"'
    ids ASSAY_THREADS=1 'ASSAY_KERNEL_FORBID=rope_*_avx2' | grep -q '"rope_halves_f32_ref"'
    grep -q '"forbid":"rope_\*_avx2"' i/plan.json
}

@test "settings that make no sense are usage errors" {
    makes_model
    for setting in ASSAY_THREADS=none ASSAY_PIN=maybe ASSAY_PAGES=large ASSAY_ISA=mmx ASSAY_KERNEL=norm_rms=best \
        ASSAY_KERNEL_FORBID=norm_rms_f32_none; do
        run_exit 4 env "$setting" "$ASSAY" run lm tiny.gguf -p 4 --pairs 2 --quiet --out r
        [ ! -e r ]
    done
    run_exit 4 "$ASSAY" lm bench
    run_exit 4 "$ASSAY" lm bench tiny.gguf -t 0 --quiet
    says "-t is '0'"
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

@test "the fast kernels give the bits of the plain-C ones, for every packing of ternary weights" {
    for format in i2_s tq1_0 tq2_0; do
        tiny tiny "$format"
        run_exit 0 "$ASSAY" lm parity model.gguf --reference scalar --tokens 24
        says "24 of 24 positions"
        rm model.gguf
    done
}

# plant ROW COLUMN VALUE: one logit of logits.npy becomes another.
plant() {
    python3 - "$@" <<'END'
import struct, sys
row, column, value = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
data = bytearray(open("logits.npy", "rb").read())
start = 10 + struct.unpack("<H", data[8:10])[0]
struct.pack_into("<f", data, start + 4 * (512 * row + column), value)
open("planted.npy", "wb").write(data)
END
}

@test "logits of a file are met or not, by the rule that is told" {
    tiny
    run_exit 0 "$ASSAY" lm parity model.gguf --tokens 10 --write logits.npy
    run_exit 0 "$ASSAY" lm parity model.gguf --tokens 10 --reference logits.npy
    says "10 of 10 positions"
    plant 4 77 900
    run_exit 1 "$ASSAY" lm parity model.gguf --tokens 10 --reference planted.npy
    says "9 of 10 positions"
    says "top-1 equal 9 of 10"
    "$ASSAY" lm parity model.gguf --tokens 10 --reference planted.npy --json >out.json || [ $? -eq 1 ]
    python3 - <<'END'
import json
positions = json.load(open("out.json"))["positions"]
assert [i for i, p in enumerate(positions) if not p["good"]] == [4] and positions[4]["referenceTop"] == 77
assert all(p["bitEqual"] and p["maxAbs"] == 0 and p["kl"] == 0 for i, p in enumerate(positions) if i != 4)
END
}

@test "a reference of another shape, type or without end is refused" {
    tiny
    "$ASSAY" lm parity model.gguf --tokens 10 --write logits.npy
    run_exit 3 "$ASSAY" lm parity model.gguf --tokens 9 --reference logits.npy
    says "10 positions of 512 logits, expected 9 of 512"
    plant 3 3 nan
    run_exit 3 "$ASSAY" lm parity model.gguf --tokens 10 --reference planted.npy
    says "not finite at position 3"
    run_exit 3 "$ASSAY" lm parity model.gguf --tokens 10 --reference model.gguf
    says "NUMPY"
    run_exit 4 "$ASSAY" lm parity model.gguf
    says "--reference"
    echo "1 2 9999" >ids
    run_exit 3 "$ASSAY" lm parity model.gguf --ids ids --reference scalar
    says "token id 9999"
}
