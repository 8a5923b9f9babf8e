#!/bin/sh
# Measures two real models behind a llama.cpp server: warm and cold, closed and open loop.
# usage: run.sh ASSAY SMOLLM2.gguf GEMMA3.gguf OUT-DIR      (LLAMA_SERVER names the server program)
set -eu
assay=$(realpath "$1")
smollm2=$2
gemma3=$3
out=$4
here=$(cd "$(dirname "$0")" && pwd)
port=${PORT:-18090}
url=http://127.0.0.1:$port
mkdir -p "$out"
out=$(cd "$out" && pwd)

# All commands that a receipt may repeat name files of this folder, and no path of the machine.
work=$(mktemp -d)
cp "$here/server.sh" "$work"
ln -s "$(realpath "$smollm2")" "$work/smollm2-135m-instruct-q4_1.gguf"
ln -s "$(realpath "$gemma3")" "$work/gemma3-270m-q4_k_m.gguf"
cd "$work"
trap 'sh "$work/server.sh" none none "$port"; rm -r "$work"' EXIT

# A machine that was busy makes a run invalid (exit status 2), openly: it is made again, once more.
measure() {
    run=$1
    shift
    [ -e "$out/$run" ] && return # kept: remove it to measure it again
    for try in 1 2; do
        rm -rf "${out:?}/$run"
        status=0
        "$assay" run llm --url "$url" --dialect llamacpp --prompt-tokens 64 --output-tokens 32 --ignore-eos \
            --temperature 0 --seed 1 --no-save --quiet --out "$out/$run" "$@" >/dev/null || status=$?
        [ "$status" -eq 2 ] || break
        sleep 2
    done
    echo "$run: exit status $status after $try"
}

for model in smollm2-135m-instruct-q4_1 gemma3-270m-q4_k_m; do
    sh server.sh "$model.gguf" "$model" "$port"
    measure "$model-warm-closed" --state warm --requests 20 --concurrency 1
    measure "$model-warm-open" --state warm --requests 20 --warmup 1 --rate 0.5 --arrivals poisson
    measure "$model-cold" --state cold --requests 6 --concurrency 1 --warmup 0 --think 5s \
        --restart-command "sh server.sh $model.gguf $model $port"
done

cd "$out" # places in the report are the names of the runs
rm -f report.md summary.csv
"$assay" report --format md --output report.md */
"$assay" report --format csv --output summary.csv */
