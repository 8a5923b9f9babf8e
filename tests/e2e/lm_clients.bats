# The official clients of Ollama and OpenAI talk to the built-in model's server.
load ../cli/lib

# Python with both clients, installed where they are not; skipped where that cannot be done.
find_python() {
    PYTHON=python3
    "$PYTHON" -c 'import ollama, openai' 2>/dev/null && return 0
    timeout 120 python3 -m venv clients >venv.txt 2>&1 &&
        timeout 120 clients/bin/pip install --quiet --disable-pip-version-check ollama openai >>venv.txt 2>&1 ||
        skip "the clients are not installed and cannot be: $(tail -n 1 venv.txt)"
    PYTHON=clients/bin/python
}

@test "Ollama's and OpenAI's Python clients get the same text and counts from it" {
    find_python
    "$ASSAY" lm synth --seed 1 m.gguf
    "$ASSAY" lm serve --listen 127.0.0.1:0 --threads 1 --pinned 0 test=m.gguf >ready 3>&- &
    SERVER_PID=$!
    for _ in $(seq 1500); do
        grep -qs '^listening on port' ready && break
        sleep 0.02
    done
    run_exit 0 "$PYTHON" "$HERE/lm_clients.py" "http://127.0.0.1:$(sed -n 's/^listening on port //p' ready)"
    says "both clients agree"
}
