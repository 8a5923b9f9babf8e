#!/bin/sh
# Starts a llama.cpp server anew: usage: server.sh WEIGHTS.gguf ALIAS PORT. Returns once the server answers; the one
# that ran on this port before is ended. LLAMA_SERVER names the program (default: llama-server in PATH). The server runs
# in the folder of the weights, so that only a file name, and no path of the machine, can reach a receipt.
set -eu
weights=$1
alias=$2
port=$3
pid_file=${TMPDIR:-/tmp}/real-llm-$port.pid

if [ -f "$pid_file" ]; then
    old=$(cat "$pid_file")
    kill "$old" 2>/dev/null || true
    while kill -0 "$old" 2>/dev/null; do sleep 0.02; done
    rm -f "$pid_file"
fi
[ "$weights" = none ] && exit 0 # only end it

cd "$(dirname "$weights")"
setsid "${LLAMA_SERVER:-llama-server}" --host 127.0.0.1 --port "$port" -m "$(basename "$weights")" --alias "$alias" \
    -c 4096 -np 4 -t 1 --slots --metrics >/dev/null 2>&1 </dev/null &
echo $! >"$pid_file"

tries=0
until curl -sf "http://127.0.0.1:$port/health" >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ "$tries" -gt 3000 ] || ! kill -0 "$(cat "$pid_file")" 2>/dev/null; then
        echo "server.sh: the server did not become ready" >&2
        exit 5
    fi
    sleep 0.1
done
