#!/bin/bash
# The Reach table: what assay reaches against the truth server, beside a null reader, wrk and a Python peer.
#
#     reach.sh [--no-peer]
#
# ASSAY is the program, SCORE that of tests/support, MUTANTS that of tests/claims, TOOLS the folder with null_reader, usage,
# hog and bench_claims, HERE this folder. Needs
# two CPUs: the server on the first one, the client on the second.
# ASSAY_PEERS: folder of a Python environment that holds guidellm, or will after this (default: build folder).
set -u
: "${ASSAY:?}" "${SCORE:?}" "${MUTANTS:?}" "${TOOLS:?}" "${HERE:?}"
work=$(mktemp -d)
rows="$work/rows"
server=
hog=
peers=${ASSAY_PEERS:-$TOOLS/peers}
wants_peer=yes
[ "${1-}" = --no-peer ] && wants_peer=no

stop() { # stop PID
    [ -n "$1" ] && kill -INT "$1" 2>/dev/null && wait "$1" 2>/dev/null
}
clean_up() {
    stop "$server"
    [ -n "$hog" ] && kill "$hog" 2>/dev/null
    rm -rf "$work"
}
trap clean_up EXIT

say() { echo "reach: $*" >&2; }

# value KEY FILE: of one line of key=value
value() { tr ' ' '\n' <"$2" | sed -n "s/^$1=//p" | head -1; }

# row GOAL LIMIT MEASURED VERDICT
row() { printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" >>"$rows"; }

# at_most VALUE LIMIT: met, missed, or not measured. What was missed while others had more than 2% of the machine says
# so: such a round is no evidence.
at_most() {
    case "$1" in
    '' | -) echo "not measured" ;;
    *)
        if [ "$1" -le "$2" ]; then
            echo met
        elif [ "${foreign:-0}" -gt 2 ]; then
            echo "missed; $foreign% of the machine was others'"
        else
            echo missed
        fi
        ;;
    esac
}

# Hundredths of a second that all CPUs were busy since the start, the time stolen by the host included.
busy_now() { awk '/^cpu / { print $2 + $3 + $4 + $7 + $8 + $9 }' /proc/stat; }

# foreign_share: percent of the machine that neither server nor client nor hog used since busy0 and wall0.
foreign_share() {
    local own client_ns=$1 hog_ns=$2 server_ms wall
    server_ms=$(sed -n 's/.* \([0-9]*\) ms of CPU.*/\1/p' "$work/server.txt")
    own=$((${client_ns:-0} / 10000000 + hog_ns / 10000000 + ${server_ms:-0} / 10))
    wall=$((($(date +%s%N) - wall0) * $(nproc) / 10000000))
    foreign=$((($(busy_now) - busy0 - own) * 100 / (wall + 1)))
    [ "$foreign" -ge 0 ] || foreign=0
}

us() { # nanoseconds as microseconds with one digit
    case "$1" in '' | -) echo "-" ;; *) awk -v ns="$1" 'BEGIN { printf "%.1f us", ns / 1000 }' ;; esac
}

# serve SCRIPT: starts the truth server on the first CPU; sets url and log
serve() {
    log="$work/log"
    busy0=$(busy_now)
    wall0=$(date +%s%N)
    echo "$1" >"$work/script.json"
    "$ASSAY" truth --script "$work/script.json" --cpu 0 --log "$log" >"$work/ready" 2>"$work/server.txt" &
    server=$!
    for _ in $(seq 500); do
        grep -q '^listening on port' "$work/ready" && break
        sleep 0.02
    done
    port=$(sed -n 's/^listening on port //p' "$work/ready")
    url="http://127.0.0.1:$port"
}

end_serve() {
    stop "$server"
    server=
}

# measure NAME OPTIONS...: one run on the second CPU; files NAME.score and NAME.usage
measure() {
    local name=$1
    shift
    "$TOOLS/usage" "$work/$name.usage" taskset -c 1 "$ASSAY" run llm --url "$url" --dialect openai --model truth \
        --peer scripted --warmup 0 --no-probes --no-calibrate --no-save --quiet --seed 1 --prompt-tokens 8 \
        --out "$work/$name" "$@" >"$work/$name.out" 2>&1 </dev/null
    end_serve
    local hog_ns=0
    [ -n "$hog" ] && hog_ns=$(awk -v hz="$(getconf CLK_TCK)" '{ printf "%d", ($14 + $15) * 1e9 / hz }' "/proc/$hog/stat")
    foreign_share "$(value cpu_ns "$work/$name.usage")" "$hog_ns"
    if ! "$SCORE" "$work/$name" "$log" >"$work/$name.score" 2>"$work/$name.why"; then
        say "$name cannot be scored: $(cat "$work/$name.why" "$work/$name.out" | tail -2)"
    fi
}

# paced STREAMS TOKENS PHASE: a script of 50 tokens/s a stream
paced() {
    echo "{\"assay_truth\":1,\"default\":{\"dialect\":\"openai\",\"tokens\":$2,\"first_ns\":1500000000,\
\"interval_ns\":20000000,\"phase\":\"$3\"}}"
}

stamp_errors() {
    for load in quiet hog; do
        say "stamp error, 1,000 streams x 50 tokens/s in lock-step, client core $load"
        serve "$(paced 1000 150 lockstep)"
        [ "$load" = hog ] && { "$TOOLS/hog" 1 & hog=$!; }
        measure "stamps_$load" --concurrency 1000 --requests 1000 --output-tokens 150
        [ -n "$hog" ] && kill "$hog" && wait "$hog" 2>/dev/null
        hog=
        local score="$work/stamps_$load.score" limit=50000
        [ "$load" = quiet ] && limit=10000
        local kernel user
        kernel=$(value kernel_p99 "$score") user=$(value user_p99 "$score")
        row "stamp error p99, kernel, client core $load" "$(us $limit)" "$(us "$kernel")" "$(at_most "$kernel" $limit)"
        row "stamp error p99, user space, client core $load" "-" "$(us "$user")" "-"
        row "  of the tokens tagged exact ($(value exact_tokens "$score") of $(value tokens "$score"))" "$(us $limit)" \
            "$(us "$(value exact_p99 "$score")")" "$(at_most "$(value exact_p99 "$score")" $limit)"
        row "  tokens, lost, outside their interval" "0 lost, 0 outside" \
            "$(value tokens "$score"), $(value lost "$score"), $(value outside "$score")" \
            "$(at_most "$(($(value lost "$score") + $(value outside "$score")))" 0)"
        row "  lateness of the server p99" "-" "$(us "$(value lateness_p99 "$score")")" "-"
    done
}

capacity() { # capacity STREAMS TOKENS LIMIT_TEXT
    local streams=$1 tokens=$2
    say "capacity, $streams streams x 50 tokens/s"
    serve "$(paced "$streams" "$tokens" spread)"
    "$TOOLS/null_reader" "$port" "$streams" "$tokens" 1 >"$work/null_$streams" 2>&1
    end_serve
    serve "$(paced "$streams" "$tokens" spread)"
    measure "capacity_$streams" --concurrency "$streams" --requests "$streams" --output-tokens "$tokens"
    local score="$work/capacity_$streams.score" usage="$work/capacity_$streams.usage" lost events
    lost=$(value lost "$score") events=$((streams * tokens))
    row "capacity $streams x 50 tokens/s: tokens lost" "0 of $events" "${lost:--} of $(value tokens "$score")" \
        "$(at_most "${lost:--}" 0)"
    row "  client CPU an event (null reader: $(value cpu_ns_per_event "$work/null_$streams") ns)" "4,000 ns" \
        "$(($(value cpu_ns "$usage") / events)) ns" "$(at_most "$(($(value cpu_ns "$usage") / events))" 4000)"
    row "  lateness of the server p99 (it bounds what can be asked)" "-" "$(us "$(value lateness_p99 "$score")")" "-"
    row "  trace bytes a token" "8" "$(awk -v b="$(value trace_bytes "$score")" -v n="$(value tokens "$score")" \
        'BEGIN { printf "%.2f", b / n }')" "$(at_most $((($(value trace_bytes "$score") + events - 1) / events)) 8)"
}

memory() {
    local few many streams
    few=$(value maxrss_bytes "$work/capacity_1000.usage") many=$(value maxrss_bytes "$work/capacity_5000.usage")
    streams=$(((many - few) / 4000))
    row "resident bytes a stream (slope from 1,000 to 5,000)" "8,192" "$streams" "$(at_most "$streams" 8192)"
}

open_loop() {
    say "open loop, 1,000 requests/s"
    serve '{"assay_truth":1,"default":{"dialect":"openai","tokens":2,"first_ns":1000000,"interval_ns":1000000}}'
    measure open --rate 1000 --arrivals constant --requests 4000 --output-tokens 2
    local late
    late=$(value tx_lateness_p99 "$work/open.score")
    row "open loop lateness p99 at 1,000 requests/s, from transmit stamps" "50.0 us" "$(us "$late")" \
        "$(at_most "$late" 50000)"
}

verifying() {
    say "verify"
    "$TOOLS/usage" "$work/verify.usage" "$ASSAY" verify "$work/capacity_5000" >/dev/null 2>&1
    local tokens wall
    tokens=$(value tokens "$work/capacity_5000.score") wall=$(value wall_ns "$work/verify.usage")
    local million=$((wall * 1000 / (tokens / 1000 + 1)))
    row "verify, for 1,000,000 token events (from $tokens)" "1,000 ms" "$((million / 1000000)) ms" \
        "$(at_most "$million" 1000000000)"
}

start_up() {
    local best=
    for _ in $(seq 20); do
        "$TOOLS/usage" "$work/version" "$ASSAY" --version >/dev/null
        local wall
        wall=$(value wall_ns "$work/version")
        [ -z "$best" ] || [ "$wall" -lt "$best" ] && best=$wall
    done
    row "assay --version, best of 20" "5,000.0 us" "$(us "$best")" "$(at_most "$best" 5000000)"
}

# wrk sends the same request as assay does to a server that answers at once; both on the second CPU.
beside_wrk() {
    command -v wrk >/dev/null || { row "wrk" "-" "not installed: skipped" "-"; return; }
    say "raw HTTP, wrk and assay"
    local fast='{"assay_truth":1,"default":{"dialect":"openai","tokens":1,"first_ns":0,"interval_ns":0,"tail_ns":0}}'
    cat >"$work/post.lua" <<'LUA'
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"model":"truth","stream":true,"max_tokens":1,"messages":[{"role":"user","content":"one two three"}]}'
LUA
    serve "$fast"
    "$TOOLS/usage" "$work/wrk.usage" taskset -c 1 wrk -t1 -c16 -d4s -s "$work/post.lua" "$url/v1/chat/completions" \
        >"$work/wrk.txt" 2>&1
    end_serve
    serve "$fast"
    measure raw --concurrency 16 --requests 20000 --output-tokens 1
    local wrk_rate rate samples span wrk_cpu cpu
    wrk_rate=$(sed -n 's/^Requests\/sec: *\([0-9]*\).*/\1/p' "$work/wrk.txt")
    samples=$(value ok "$work/raw.score") span=$(value span_ns "$work/raw.score")
    rate=$(awk -v n="${samples:-0}" -v ns="${span:-1}" 'BEGIN { printf "%d", n * 1e9 / ns }')
    wrk_cpu=$(awk -v r="${wrk_rate:-0}" -v ns="$(value cpu_ns "$work/wrk.usage")" 'BEGIN { printf "%d", r * 4 / (ns / 1e9) }')
    cpu=$(awk -v n="${samples:-0}" -v ns="$(value cpu_ns "$work/raw.usage")" 'BEGIN { printf "%d", n / (ns / 1e9) }')
    row "requests/s, closed loop of 16 (wrk: ${wrk_rate:--})" "-" "$rate" \
        "$(awk -v a="$rate" -v b="${wrk_rate:-0}" 'BEGIN { printf (b ? "%.2f x wrk" : "-"), (b ? a / b : 0) }')"
    row "requests a client CPU-second (wrk: $wrk_cpu)" "-" "$cpu" \
        "$(awk -v a="$cpu" -v b="$wrk_cpu" 'BEGIN { printf (b ? "%.2f x wrk" : "-"), (b ? a / b : 0) }')"
}

# The environment of the peer is made once and kept.
find_peer() {
    [ "$wants_peer" = yes ] || return 1
    [ -x "$peers/bin/guidellm" ] && return 0
    say "installing guidellm into $peers"
    python3 -m venv "$peers" && timeout 900 "$peers/bin/pip" install -q guidellm >"$work/pip" 2>&1 && return 0
    say "guidellm cannot be installed: $(tail -1 "$work/pip" 2>/dev/null)"
    return 1
}

beside_guidellm() {
    find_peer || { row "GuideLLM" "-" "not installed: skipped" "-"; return; }
    say "32 streams x 50 tokens/s, GuideLLM and assay"
    local script='{"assay_truth":1,"default":{"dialect":"vllm","tokens":64,"first_ns":50000000,"interval_ns":20000000,"phase":"spread"}}'
    for i in $(seq 200); do printf '{"prompt":"%016x tell me"}\n' "$i"; done >"$work/prompts.jsonl"
    serve "$script"
    HF_HUB_OFFLINE=1 "$TOOLS/usage" "$work/peer.usage" timeout 200 "$peers/bin/guidellm" run --disable-console \
        --backend "kind=openai_http,target=$url,model=truth" --profile kind=concurrent,streams=32 \
        --constraint kind=max_requests,count=160 --data "kind=json_file,path=$work/prompts.jsonl" \
        --output "kind=json,path=$work/peer.json" >"$work/peer.txt" 2>&1
    end_serve
    if ! python3 "$HERE/score_guidellm.py" "$work/peer.json" "$log" >"$work/peer.score" 2>"$work/peer.why"; then
        row "GuideLLM" "-" "gave nothing to score" "-"
        say "$(tail -2 "$work/peer.txt" "$work/peer.why")"
        return
    fi
    serve "$script"
    measure beside --concurrency 32 --requests 160 --output-tokens 64
    local theirs ours
    theirs=$(value p99 "$work/peer.score") ours=$(value kernel_p99 "$work/beside.score")
    row "arrival error p99 at 32 streams (GuideLLM, both CPUs: $(us "$theirs"))" "-" "$(us "$ours")" \
        "$(awk -v a="$theirs" -v b="${ours:-0}" 'BEGIN { printf ((b > 0) ? "%.0f x smaller" : "-"), (b > 0 ? a / b : 0) }')"
    row "  in user space" "-" "$(us "$(value user_p99 "$work/beside.score")")" \
        "$(awk -v a="$theirs" -v b="$(value user_p99 "$work/beside.score")" 'BEGIN { printf ((b > 0) ? "%.0f x smaller" : "-"), (b > 0 ? a / b : 0) }')"
    row "  CPU seconds for 160 requests (GuideLLM: $(awk -v n="$(value cpu_ns "$work/peer.usage")" 'BEGIN { printf "%.2f", n / 1e9 }'))" \
        "-" "$(awk -v n="$(value cpu_ns "$work/beside.usage")" 'BEGIN { printf "%.2f", n / 1e9 }')" \
        "$(awk -v a="$(value cpu_ns "$work/peer.usage")" -v b="$(value cpu_ns "$work/beside.usage")" 'BEGIN { printf ((b > 0) ? "%.0f x less" : "-"), (b > 0 ? a / b : 0) }')"
}

# Documents: speed, planted mutants, and false alarms on the documentation that this machine has.
claims() {
    say "claims"
    "$TOOLS/bench_claims" >"$work/claims.speed"
    local total ratio found share
    total=$(awk '/^honest reports, each alone/ { print $(NF - 3) }' "$work/claims.speed")
    ratio=$(awk '/^honest reports, each alone/ { print $(NF - 2) }' "$work/claims.speed")
    row "claims, MB/s of number-dense reports on one core" "50" "${total:--}" "$(at_least "${total:-}" 50)"
    row "  times md4c's parse alone" "4" "${ratio:--}" "$(at_least "$(awk -v r="${ratio:-99}" 'BEGIN { print r <= 4 }')" 1)"
    "$MUTANTS" --each 3 >"$work/claims.mutants"
    found=$(tail -1 "$work/claims.mutants")
    share=$(echo "$found" | sed -n 's/.*: \([0-9]*\)\.[0-9] %$/\1/p')
    row "  mutants found (${found%%;*})" "95 %" "$(echo "$found" | sed 's/.*; //')" "$(at_least "${share:-}" 95)"
    "$HERE/claims_sample.sh" list | grep -i '\.md$' | head -300 >"$work/claims.list"
    "$HERE/claims_sample.sh" run "$work/claims.list" >"$work/claims.sample" 2>/dev/null
    row "  findings per 10,000 lines of ordinary documentation" "1" \
        "$(awk -F '|' '$2 ~ / all / { print $7 " in" $4 "lines" }' "$work/claims.sample")" "-"
}

# at_least VALUE LIMIT: met, missed, or not measured
at_least() {
    case "$1" in
    '' | -) echo "not measured" ;;
    *) if [ "$1" -ge "$2" ]; then echo met; else echo missed; fi ;;
    esac
}

if [ "$(nproc)" -lt 2 ]; then
    say "this machine has one CPU: server and client would measure each other; skipped"
    exit 77
fi
start_up
claims
stamp_errors
capacity 1000 150
capacity 5000 50
memory
open_loop
verifying
beside_wrk
beside_guidellm
echo
[ "${foreign:-0}" -gt 2 ] && echo "Other programs used this machine meanwhile; what missed its limit then is no evidence."
echo "One run on this machine ($(nproc) CPUs, $(uname -r)): an order of magnitude, not a result."
awk -F '\t' 'BEGIN { printf "%-72s %-20s %-26s %s\n", "goal", "limit", "measured", "" }
    { printf "%-72s %-20s %-26s %s\n", $1, $2, $3, $4 }' "$rows"
