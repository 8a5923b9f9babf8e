#!/usr/bin/env bats
# Keys, signatures, the log and the trust file, as a user meets them.
load lib

run_noop() { # DIR OPTIONS...
    measures "$ASSAY" run noop --requests 1000 --spin 20us --no-save --out "$@"
}

# One root key, one receipt key, one log, and the trust file that names them.
make_keys() {
    export XDG_STATE_HOME="$BATS_TEST_TMPDIR/state"
    "$ASSAY" key new root --unencrypted >/dev/null
    "$ASSAY" key new runner --unencrypted >/dev/null
    "$ASSAY" log init perf-log --origin example.org/perf >/dev/null
    "$ASSAY" key rotate trust.json --key root.key --root root.pub --receipt runner.pub --log perf-log/log.vkey >/dev/null
}

# The lines of violations but what a busy host does to a run.
violations() {
    grep -E '^[0-9]{3} ' <<<"$output" | grep -v '^341 undecided ' | cut -c1-8 | sort -u | tr '\n' ';'
}

finds() { # "NNN fail;..." : these violations and no others
    local found
    found=$(violations)
    [ "$found" = "$1" ] || { echo "found '$found' instead of '$1'"; echo "$output"; return 1; }
}

@test "a key pair is made with mode 0600, shown, and not overwritten" {
    run_exit 0 "$ASSAY" key new runner --unencrypted
    [ "$(stat -c %a runner.key)" = 600 ]
    says keyid
    run_exit 0 "$ASSAY" key show runner.pub --json
    says '"keyid"'
    run_exit 5 "$ASSAY" key new runner --unencrypted
    says "use --force"
    run_exit 4 "$ASSAY" key new other </dev/null
    says "--password-file"
}

@test "a key that others may read is refused" {
    "$ASSAY" key new runner --unencrypted >/dev/null
    chmod 644 runner.key
    run_exit 5 "$ASSAY" sign --minisign --key runner.key runner.pub
    says "mode 0644"
}

# Made with 16 MiB of scrypt, where `key new` takes the 1 GiB of minisign: three seconds each time.
locked_key() {
    cat >runner.key <<'KEY'
untrusted comment: minisign encrypted secret key
RWRTY0IyBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcAgAAAAAAAAAAAAAEAAAAA6WmNttzYqB8/MCX0Lel5HAXCaHp0SRyhhmTjT3ctriiayrHRe4l7RJ8aezKrjktcnfu4CphngSiIkXap6lF8naq/2hS3G10qmaBFsV55bBsrj6LISkPKSaG/BIapOaRLuENgitvT/qs=
KEY
    chmod 600 runner.key
}

@test "an encrypted key needs its password" {
    echo secret >password
    echo text >file
    locked_key
    run_exit 0 "$ASSAY" sign --minisign --key runner.key --password-file password file
    echo wrong >password
    run_exit 4 "$ASSAY" sign --minisign --force --key runner.key --password-file password file
    says "the password is not that of the key"
    run_exit 0 "$ASSAY" key new other --password-file password
    grep -q "encrypted secret key" other.key
}

@test "minisign reads our signatures and keys, and we read its" {
    command -v minisign >/dev/null || skip "minisign is not installed"
    "$ASSAY" key new ours --unencrypted >/dev/null
    echo text >file
    run_exit 0 "$ASSAY" sign --minisign --key ours.key file
    run_exit 0 minisign -V -p ours.pub -m file
    echo more >>file
    run minisign -V -p ours.pub -m file
    [ "$status" -ne 0 ]
    minisign -G -W -p theirs.pub -s theirs.key >/dev/null </dev/null
    chmod 600 theirs.key
    run_exit 0 "$ASSAY" sign --minisign --key theirs.key ours.pub
    run_exit 0 minisign -V -p theirs.pub -m ours.pub
    run_exit 0 minisign -S -s ours.key -m file -x other.minisig
    run_exit 0 minisign -V -p ours.pub -m file -x other.minisig
}

@test "a receipt that is signed passes CRYPTO by the trust file, and only by it" {
    make_keys
    run_noop one
    run_exit 0 "$ASSAY" sign --key runner.key one
    run "$ASSAY" verify one --trust trust.json
    says "CRYPTO     pass          1 of 1 signature"
    finds ""
    run "$ASSAY" verify one
    says "1 signature not checked: no trust file given"
    run_exit 5 "$ASSAY" sign --key runner.key one
    says "use --force"
    "$ASSAY" key new stranger --unencrypted >/dev/null
    run_exit 0 "$ASSAY" sign --force --key stranger.key one
    run_exit 1 "$ASSAY" verify one --trust trust.json
    finds "202 fail;"
}

@test "what does not recompute is not signed" {
    make_keys
    run_noop one
    sed -i 's/"order":"fixed"/"order":"latin"/' one/plan.json
    run_exit 1 "$ASSAY" sign --key runner.key one
    says "is not signed"
}

@test "counter and previous follow the documents of a key" {
    make_keys
    run_noop one --key runner.key
    run_noop two --key runner.key
    [ "$(sed 's/.*"counter":\([0-9]*\).*/\1/' runner.key.state)" = 2 ]
}

@test "an unsigned receipt is refused where a trust file is given" {
    make_keys
    run_noop one
    run_exit 1 "$ASSAY" verify one --trust trust.json
    finds "201 fail;"
}

@test "a logged run is in the log with its intent, and its proof verifies alone" {
    make_keys
    run_noop one --key runner.key --log perf-log
    run "$ASSAY" verify one --trust trust.json --log perf-log
    says "log example.org/perf size 2, intent 0, receipt 1"
    finds ""
    run "$ASSAY" verify one --trust trust.json --log one/receipt.tlog-proof
    says "size 2, receipt 1"
    finds ""
    run_exit 0 "$ASSAY" log audit perf-log --trust trust.json
    says "1 intents, 1 receipts, 0 records, 0 abandoned, 0 open"
    run_exit 0 "$ASSAY" log prove perf-log one --out proof
    cmp proof one/receipt.tlog-proof
    run_exit 4 "$ASSAY" verify one --log perf-log
}

@test "a run that was killed is an open intent, and the key's next run closes it" {
    make_keys
    "$ASSAY" run noop --requests 100000 --spin 1ms --no-calibrate --quiet --no-save --key runner.key --log perf-log --out dead 3>&- &
    local pid=$!
    for _ in $(seq 200); do
        grep -qs '^1$' perf-log/checkpoint && break
        sleep 0.05
    done
    kill -9 "$pid"
    wait "$pid" || true
    run_exit 0 "$ASSAY" log audit perf-log
    says "1 open"
    run_noop one --key runner.key --log perf-log
    run_exit 0 "$ASSAY" log audit perf-log --trust trust.json
    says "2 intents, 1 receipts, 0 records, 1 abandoned, 0 open"
}

@test "a log that was cut or changed is refused by who saw it before" {
    make_keys
    run_noop one --key runner.key --log perf-log
    cp -r perf-log old-log
    run_noop two --key runner.key --log perf-log
    run "$ASSAY" verify two --trust trust.json --log perf-log
    finds ""
    run_exit 1 "$ASSAY" verify one --trust trust.json --log old-log
    finds "213 fail;"
    run_exit 1 "$ASSAY" log audit old-log --trust trust.json
    says "does not continue the head that was seen before"
}

@test "a changed tile and a changed entry are found by the audit" {
    make_keys
    run_noop one --key runner.key --log perf-log
    cp perf-log/tile/0/000.p/2 tile
    printf 'x' | dd of=perf-log/tile/0/000.p/2 bs=1 seek=40 conv=notrunc status=none
    run_exit 1 "$ASSAY" log audit perf-log
    says "does not hold the hashes of the entries"
    cp tile perf-log/tile/0/000.p/2
    sed -i 's/example.org/example.com/' perf-log/checkpoint
    run_exit 1 "$ASSAY" log audit perf-log --trust trust.json
    says "a log that the trust file lacks"
}

@test "a document that is swapped after logging is refused, and the log takes no second outcome" {
    make_keys
    run_noop one --key runner.key --log perf-log
    run_exit 0 "$ASSAY" sign --force --key runner.key one
    run_exit 1 "$ASSAY" verify one --trust trust.json --log perf-log
    finds "212 fail;"
    run_exit 1 "$ASSAY" log append perf-log --key runner.key --receipt one
    says "has an outcome already, entry 1: a run has one"
    run_exit 1 "$ASSAY" log append perf-log --key runner.key --abandon "$(run_id_of one)"
    says "has an outcome already"
    grep -q '^2$' perf-log/checkpoint
}

# The id of a run, from its receipt.
run_id_of() {
    sed 's/.*"payload":"\([^"]*\)".*/\1/' "$1/receipt.json" | base64 -d | grep -o '"runId":"[0-9a-f]*"' | cut -d'"' -f4
}

@test "an end that left no document is logged once, by the key that announced the run" {
    make_keys
    "$ASSAY" run noop --requests 100000 --spin 1ms --no-calibrate --quiet --no-save --key runner.key --log perf-log --out dead 3>&- &
    local pid=$! id
    for _ in $(seq 200); do
        grep -qs '^1$' perf-log/checkpoint && break
        sleep 0.05
    done
    kill -9 "$pid"
    wait "$pid" || true
    id=$(base64 -d <<<"$(grep -ao '"payload":"[^"]*"' perf-log/tile/entries/000.p/1 | cut -d'"' -f4)" | grep -o '"runId":"[0-9a-f]*"' | cut -d'"' -f4)
    "$ASSAY" key new second --unencrypted >/dev/null
    run_exit 1 "$ASSAY" log append perf-log --key second.key --abandon "$id"
    says "was announced by another key"
    run_exit 4 "$ASSAY" log append perf-log --key runner.key --abandon "${id}0"
    run_exit 1 "$ASSAY" log append perf-log --key runner.key --abandon 0123456789abcdef0123456789abcdef
    says "the log has no intent of the run 0123456789abcdef0123456789abcdef"
    run_exit 0 "$ASSAY" log append perf-log --key runner.key --abandon "$id"
    run_exit 1 "$ASSAY" log append perf-log --key runner.key --abandon "$id"
    run_exit 0 "$ASSAY" log audit perf-log --trust trust.json
    says "1 abandoned, 0 open"
}

@test "the log takes no document that is unsigned, of a run that was not announced, or by a key that is not listed" {
    make_keys
    run_noop one
    run_exit 1 "$ASSAY" log append perf-log --key runner.key --receipt one
    says "the log has no intent of the run"
    cp -r perf-log before
    cp perf-log.key before.key
    run_noop two --key runner.key --log perf-log
    run_exit 1 "$ASSAY" log append before --key runner.key --receipt two
    says "the log has no intent of the run"
    "$ASSAY" key new second --unencrypted >/dev/null
    run_exit 1 "$ASSAY" log append perf-log --key second.key --policy "$BATS_TEST_DIRNAME/../../examples/policy/first-token.yaml" --trust trust.json
    says "trust file 'trust.json': the key 'second.key' is not in it"
    run_exit 1 "$ASSAY" log append perf-log --key root.key --trust trust.json
    says "has not the role receipt there"
    run_exit 0 "$ASSAY" log append perf-log --key runner.key --trust trust.json
    run_exit 0 "$ASSAY" log append perf-log --key runner.key --policy "$BATS_TEST_DIRNAME/../../examples/policy/first-token.yaml" --trust trust.json
    run_exit 0 "$ASSAY" log audit perf-log --trust trust.json
    grep -q '^4$' perf-log/checkpoint
}

# A copy of the run with another payload, or other signatures: python code on `file` and `statement`.
edited() { # FROM TO CODE
    cp -r "$1" "$2"
    python3 -c 'import base64, json, sys
place = sys.argv[1] + "/receipt.json"
file = json.load(open(place))
statement = json.loads(base64.b64decode(file["payload"]))
exec(sys.argv[2])
text = json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
file["payload"] = base64.b64encode(text.encode()).decode()
open(place, "w").write(json.dumps(file, sort_keys=True, separators=(",", ":")) + "\n")' "$2" "$3"
}

@test "the document that an interrupted run left is logged if it is the one that was announced, signed by that key" {
    command -v python3 >/dev/null || skip "python3 is not installed"
    make_keys
    "$ASSAY" run noop --requests 1000 --spin 1ms --no-calibrate --quiet --no-save --key runner.key --log perf-log --out one 3>&- &
    local pid=$!
    for _ in $(seq 400); do
        grep -qs '^1$' perf-log/checkpoint && break
        sleep 0.02
    done
    cp -r perf-log announced # the intent alone
    cp perf-log.key announced.key
    wait "$pid" || [ $? -eq 2 ]
    grep -q '^1$' announced/checkpoint || skip "the host was too slow to see the intent alone"
    edited one unsigned 'file["signatures"] = []'
    run_exit 1 "$ASSAY" log append announced --key runner.key --receipt unsigned
    says "is unsigned: 'assay sign --key runner.key' signs it"
    edited one changed 'statement["predicate"]["attempts"]["startedAt"] = "2020-01-01T00:00:00Z"'
    run_exit 1 "$ASSAY" log append announced --key runner.key --receipt changed
    says "no good signature of the key 'runner.key'"
    edited one another 'statement["predicate"]["protocol"]["planSha256"] = "0" * 64'
    run_exit 1 "$ASSAY" log append announced --key runner.key --receipt another
    says "is of another plan than its run was announced with"
    grep -q '^1$' announced/checkpoint
    run_exit 0 "$ASSAY" log append announced --key runner.key --receipt one --trust trust.json
    run "$ASSAY" verify one --trust trust.json --log announced
    says "size 2, intent 0, receipt 1"
    finds ""
}

@test "what an action of key, log or sign would not look at is wrong usage, and so is a 0 that would mean the default" {
    make_keys
    local line
    for line in "log audit perf-log more" "log append perf-log more --key runner.key --trust trust.json" \
        "log audit perf-log --key runner.key" "log init new-log --origin a.b --policy p.yaml" \
        "log prove perf-log 0 --trust trust.json" "log prove perf-log 0 --force" "log cosign perf-log --origin x" \
        "key show runner.pub --unencrypted" "key new other --unencrypted --root root.pub" \
        "key rotate trust.json --key root.key --force" "key rotate trust.json --key root.key --root-threshold 0" \
        "key rotate trust.json --key root.key --receipt-threshold 0" "key rotate trust.json --key root.key --valid 0" \
        "key rotate trust.json --key root.key --quorum 0" "sign --key runner.key --comment text one" \
        "verify one --baseline-age 0 --baseline two" "verify one --max-age 0" \
        "run noop --requests 5 --log-key perf-log.key" "run noop --requests 5 --password-file x"; do
        # shellcheck disable=SC2086 # words
        run_exit 4 "$ASSAY" $line
    done
    run_exit 4 "$ASSAY" key rotate trust.json --key root.key --valid 0
    says "--valid is 0, expected a time above 0"
    run_exit 4 "$ASSAY" log audit perf-log more
    says "'log audit' takes one log and nothing more"
    [ ! -e trust.json.1 ]
    [ ! -e new-log ]
}

@test "a trust file is rotated by its root keys, and going back is refused" {
    make_keys
    run_noop one --key runner.key
    run "$ASSAY" verify one --trust trust.json
    finds ""
    cp trust.json first.json
    "$ASSAY" key new second --unencrypted >/dev/null
    run_exit 1 "$ASSAY" key rotate trust.json --key second.key --root second.pub
    says "signed by 0 root keys of the version before"
    run_exit 0 "$ASSAY" key rotate trust.json --key root.key --receipt second.pub
    says "version 2"
    run "$ASSAY" verify one --trust trust.json
    finds ""
    cp first.json trust.json
    run_exit 1 "$ASSAY" verify one --trust trust.json
    finds "210 fail;"
}

@test "a version whose steps are missing is refused by who saw an earlier one" {
    make_keys
    run_noop one --key runner.key
    run "$ASSAY" verify one --trust trust.json
    for _ in 1 2; do
        "$ASSAY" key rotate trust.json --key root.key >/dev/null
    done
    mv trust.json.2 kept
    run_exit 1 "$ASSAY" verify one --trust trust.json
    finds "210 fail;"
    mv kept trust.json.2
    run "$ASSAY" verify one --trust trust.json
    finds ""
}

@test "a revoked key signs nothing that is believed" {
    make_keys
    run_noop one --key runner.key
    keyid=$("$ASSAY" key show runner.pub | sed -n 's/^keyid *//p')
    run_exit 0 "$ASSAY" key rotate trust.json --key root.key --revoke "$keyid" --reason "lost laptop"
    run_exit 1 "$ASSAY" verify one --trust trust.json
    finds "208 fail;"
}

@test "a key signs only for the runner ids that it has" {
    make_keys
    run_noop one --key runner.key --runner-id https://example.org/rig1
    run_exit 1 "$ASSAY" verify one --trust trust.json
    finds "209 fail;"
}

@test "a tier that is not reached is refused, and so is a file that was not measured" {
    make_keys
    run_noop one --key runner.key
    run_exit 1 "$ASSAY" verify one --trust trust.json --require tier=3
    finds "419 fail;"
    run_exit 1 "$ASSAY" verify one --subject trust.json
    finds "215 fail;"
    run_exit 4 "$ASSAY" verify one --require 3
}

@test "a record under the name of a receipt is refused" {
    run_noop one
    mv one/receipt.json one/record.json
    run_exit 3 "$ASSAY" verify one
    finds "106 fail;"
}

@test "python's securesystemslib reads our envelopes, and we read its" {
    python3 -c 'import securesystemslib.dsse, nacl' 2>/dev/null || skip "securesystemslib is not installed"
    make_keys
    run_noop one --key runner.key
    run_exit 0 python3 "$BATS_TEST_DIRNAME/dsse_peer.py" verify runner.pub one/receipt.json
    run_exit 0 python3 "$BATS_TEST_DIRNAME/dsse_peer.py" sign runner.key one/receipt.json
    run "$ASSAY" verify one --trust trust.json
    says "CRYPTO     pass          1 of 1 signature"
    finds ""
}

# A witness signs the empty log, so that the trust file can name its key.
make_witness() {
    make_keys
    rm trust.json
    "$ASSAY" key new witness --unencrypted >/dev/null
    vkey=$("$ASSAY" log cosign perf-log --key witness.key --name witness.example)
    "$ASSAY" key rotate trust.json --key root.key --root root.pub --receipt runner.pub --log perf-log/log.vkey \
        --witness "$vkey" --quorum 1 >/dev/null
}

@test "a run between two heads that a witness signed is bracketed in time" {
    make_witness
    run_noop one --key runner.key --log perf-log
    run_exit 1 "$ASSAY" verify one --trust trust.json --log perf-log
    says "214 fail checkpoint: found 0 cosignatures, expected 1"
    run_exit 0 "$ASSAY" log cosign perf-log --key witness.key --name witness.example
    run "$ASSAY" verify one --trust trust.json --log perf-log
    says ", head witnessed 20"
    says ", entry witnessed 20"
    ! grep -q 'outside-time' <<<"$output"
    finds ""
    run_noop two --key runner.key --log perf-log
    [ "$(ls perf-log/cosigned | tr '\n' ' ')" = "0 2 " ]
}

@test "what witnesses saw before a key was revoked stays good" {
    make_witness
    run_noop one --key runner.key --log perf-log
    "$ASSAY" log cosign perf-log --key witness.key --name witness.example >/dev/null
    sleep 2.1 # dates are whole seconds
    keyid=$("$ASSAY" key show runner.pub | sed -n 's/^keyid *//p')
    "$ASSAY" key rotate trust.json --key root.key --revoke "$keyid" >/dev/null
    run "$ASSAY" verify one --trust trust.json --log perf-log
    finds ""
    run_exit 1 "$ASSAY" verify one --trust trust.json
    finds "208 fail;"
}

@test "a witness signs no head that does not continue what it has seen" {
    make_witness
    cp -r perf-log other-log
    cp perf-log.key other-log.key
    "$ASSAY" log append perf-log --key runner.key --trust trust.json >/dev/null
    run_exit 0 "$ASSAY" log cosign perf-log --key witness.key --name witness.example
    run_exit 1 "$ASSAY" log cosign other-log --key witness.key --name witness.example
    says "does not continue the head of size 1"
    "$ASSAY" key rotate other.json --key root.key --root root.pub --receipt runner.pub >/dev/null
    "$ASSAY" log append other-log --key runner.key --trust other.json >/dev/null
    run_exit 1 "$ASSAY" log cosign other-log --key witness.key --name witness.example
    says "does not continue the head of size 1"
}

@test "a baseline is another receipt, of an ancestor, and young enough" {
    run_noop one
    run_exit 1 "$ASSAY" verify one --baseline one
    says "411 fail baseline: found the document itself, expected another run"
    run_noop two
    sleep 2.1 # dates are whole seconds
    run_exit 1 "$ASSAY" verify one --baseline two --baseline-age 1s
    violations | grep -q '411 fail'
    run "$ASSAY" verify one --baseline two
    [ "$status" -eq 2 ] || [ "$status" -eq 1 ]
    ! grep -q '^411' <<<"$output" # neither names a source: there is no descent to ask for
}

@test "a policy older than the trust file allows is refused, and so is one that the log has a later version of" {
    local root="$BATS_TEST_DIRNAME/../.."
    make_keys
    cp "$root/examples/policy/first-token.yaml" gate.yaml
    run_noop one --key runner.key --log perf-log
    "$ASSAY" key rotate trust.json --key root.key --min-policy first-token=2 >/dev/null
    run_exit 1 "$ASSAY" gate gate.yaml --trust trust.json one
    says "version 2 or later"
    run_exit 1 "$ASSAY" export --as junit --policy gate.yaml --trust trust.json one
    says "version 2 or later"
    sed 's/^name:/version: 2\nname:/' gate.yaml >later.yaml
    "$ASSAY" log append perf-log --key runner.key --policy later.yaml >/dev/null
    run_exit 1 "$ASSAY" gate gate.yaml --trust trust.json --log perf-log one
    says "the newest that was logged under this name, version 2"
    run_exit 1 "$ASSAY" export --as junit --policy gate.yaml --trust trust.json --log perf-log one
    says "the newest that was logged under this name, version 2"
}

@test "the version that revoked a key cannot be taken back, though it refused all that was shown to it" {
    make_keys
    run_noop one --key runner.key
    run "$ASSAY" verify one --trust trust.json
    says "CRYPTO     pass"
    local keyid
    keyid=$("$ASSAY" key show runner.pub | sed -n 's/^keyid *//p')
    "$ASSAY" key rotate trust.json --key root.key --revoke "$keyid" >/dev/null
    run_exit 1 "$ASSAY" verify one --trust trust.json
    says "208 fail"
    mv trust.json.1 trust.json
    run_exit 1 "$ASSAY" verify one --trust trust.json
    says "210 fail trust file: found version 1, expected version 2, as seen before, or later"
}

@test "half a pair of keys is not written" {
    touch pair.pub
    run_exit 5 "$ASSAY" key new pair --unencrypted
    says "use --force to replace it: 'pair.pub' is already there"
    [ ! -e pair.key ]
}

@test "an edit of the trust file that would change nothing is wrong usage" {
    make_keys
    local options
    for options in "--witness w+00000000+x" "--quorum 1" "--runner-id rig" "--reason lost"; do
        # shellcheck disable=SC2086 # two words
        run_exit 4 "$ASSAY" key rotate trust.json --key root.key $options
    done
    [ ! -e trust.json.1 ]
}

@test "a policy that cannot be logged is named" {
    make_keys
    printf 'plan: 1\n' >odd.yaml
    run_exit 3 "$ASSAY" log append perf-log --key runner.key --policy odd.yaml
    says "--policy 'odd.yaml': line 1: unknown key 'plan'"
}

@test "a log on a web server is proved and audited as the directory is, and never written" {
    command -v python3 >/dev/null || skip "python3 is not installed"
    make_keys
    run_noop run --key runner.key --log perf-log
    mkdir -p www/team
    cp -r perf-log www/team/log
    (cd www && exec python3 -u -c 'import http.server
s = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
print(s.server_port, flush=True)
s.serve_forever()' >../port 2>/dev/null 3>&-) &
    SERVER_PID=$!
    for _ in $(seq 200); do
        [ -s port ] && break
        sleep 0.02
    done
    local url
    url="http://127.0.0.1:$(cat port)/team/log"
    run_exit 0 "$ASSAY" log audit "$url" --trust trust.json
    run "$ASSAY" verify run --trust trust.json --log "$url"
    says "size 2, intent 0, receipt 1"
    finds ""
    run_exit 0 "$ASSAY" log prove "$url/" run --out far.tlog-proof
    cmp far.tlog-proof run/receipt.tlog-proof
    run_exit 5 "$ASSAY" log audit "${url}s"
    says "404"
    run_exit 4 "$ASSAY" log append "$url" --policy p.yaml --key runner.key
    says "a log is written in a directory"
    printf 'x' | dd of=www/team/log/tile/entries/000.p/2 bs=1 seek=40 conv=notrunc status=none
    run "$ASSAY" log audit "$url"
    [ "$status" -eq 1 ] || [ "$status" -eq 3 ]
}

# A witness of another make, over HTTP; sets WITNESS (its URL) and VKEY.
start_witness() {
    command -v python3 >/dev/null || skip "python3 is not installed"
    VKEY=$(python3 "$BATS_TEST_DIRNAME/witness.py" key seed witness.example)
    python3 -u "$BATS_TEST_DIRNAME/witness.py" serve seed witness.example "$(cat perf-log/log.vkey)" >port 2>/dev/null 3>&- &
    SERVER_PID=$!
    for _ in $(seq 400); do
        [ -s port ] && break
        sleep 0.02
    done
    WITNESS="http://127.0.0.1:$(cat port)/team"
}

post() { # URL BODY
    python3 -c 'import sys, urllib.request
urllib.request.urlopen(sys.argv[1], sys.argv[2].encode()).read()' "$1" "$2"
}

@test "a witness elsewhere cosigns what continues the head that it signed, and what it signs counts" {
    make_keys
    rm trust.json
    start_witness
    "$ASSAY" key rotate trust.json --key root.key --root root.pub --receipt runner.pub --log perf-log/log.vkey \
        --witness "$VKEY" --quorum 1 >/dev/null
    run_exit 0 "$ASSAY" log cosign perf-log --witness "$WITNESS/" --vkey "$VKEY"
    says "size 0, cosigned by witness.example"
    run_noop one --key runner.key --log perf-log
    run_exit 0 "$ASSAY" log cosign perf-log --witness "$WITNESS" --vkey "$VKEY"
    run "$ASSAY" verify one --trust trust.json --log perf-log
    says ", head witnessed 20"
    says ", entry witnessed 20"
    finds ""
    ! grep -q stranger perf-log/checkpoint
    "$ASSAY" log append perf-log --key runner.key --trust trust.json >/dev/null
    mv perf-log/cosigned kept # what was signed before is told by the witness then
    run_exit 0 "$ASSAY" log cosign perf-log --witness "$WITNESS" --vkey "$VKEY"
    run_exit 0 "$ASSAY" log cosign perf-log --witness "$WITNESS" --vkey "$VKEY"
    [ "$(ls perf-log/cosigned)" = 3 ]
}

@test "a witness elsewhere refuses a fork, a log that was cut, and a log that it does not know; its key is checked" {
    make_keys
    start_witness
    "$ASSAY" log append perf-log --key runner.key --trust trust.json >/dev/null
    cp -r perf-log cut-log
    cp perf-log.key cut-log.key
    "$ASSAY" log append perf-log --key runner.key --trust trust.json >/dev/null
    run_exit 0 "$ASSAY" log cosign perf-log --witness "$WITNESS" --vkey "$VKEY"
    run_exit 1 "$ASSAY" log cosign cut-log --witness "$WITNESS" --vkey "$VKEY"
    says "has signed a head of size 2, and the log has 1 entries"
    "$ASSAY" log append perf-log --key runner.key --trust trust.json >/dev/null
    local other
    other=$(python3 "$BATS_TEST_DIRNAME/witness.py" key another witness.example)
    run_exit 1 "$ASSAY" log cosign perf-log --witness "$WITNESS" --vkey "$other"
    says "no good signature of the witness 'witness.example'"
    post "$WITNESS/fork" 2
    run_exit 1 "$ASSAY" log cosign perf-log --witness "$WITNESS" --vkey "$VKEY"
    says "status 422: the head does not continue what it has seen"
    "$ASSAY" log init strange --origin example.org/strange >/dev/null
    run_exit 1 "$ASSAY" log cosign strange --witness "$WITNESS" --vkey "$VKEY"
    says "status 404"
    run_exit 5 "$ASSAY" log cosign perf-log --witness "http://127.0.0.1:1" --vkey "$VKEY"
    run_exit 4 "$ASSAY" log cosign perf-log --witness "$WITNESS"
    run_exit 4 "$ASSAY" log cosign perf-log --witness "$WITNESS" --vkey "$(cat perf-log/log.vkey)"
    says "no key of a witness"
    run_exit 4 "$ASSAY" log cosign perf-log --witness "$WITNESS" --vkey "$VKEY" --name x
}

@test "the head of a proof moves the remembered one only where both are shown to be of one log" {
    make_keys
    run_noop one --key runner.key --log perf-log
    run "$ASSAY" verify one --trust trust.json --log one/receipt.tlog-proof
    finds ""
    run_noop two --key runner.key --log perf-log
    local head='213 undecided'
    run_exit 2 "$ASSAY" verify two --trust trust.json --log two/receipt.tlog-proof
    says "$head checkpoint: found a head of size 4, and size 2 was seen before"
    says "assay log prove --since 2"
    run_exit 2 "$ASSAY" verify two --trust trust.json --log two/receipt.tlog-proof # nothing was remembered of it
    says "$head"
    run_exit 0 "$ASSAY" log prove perf-log --since 2 --out grown
    run "$ASSAY" verify two --trust trust.json --log two/receipt.tlog-proof --consistency grown
    finds ""
    run_exit 2 "$ASSAY" verify one --trust trust.json --log one/receipt.tlog-proof
    says "$head checkpoint: found a head of size 2, and size 4 was seen before"
    run "$ASSAY" verify one --trust trust.json --log one/receipt.tlog-proof --consistency grown
    finds ""
    run "$ASSAY" verify two --trust trust.json --log two/receipt.tlog-proof
    finds ""
    sed -i '2{s/^A/B/;t;s/^./A/}' grown
    run_exit 1 "$ASSAY" verify one --trust trust.json --log one/receipt.tlog-proof --consistency grown
    says "213 fail"
    run_exit 4 "$ASSAY" verify one --trust trust.json --log perf-log --consistency grown
    run_exit 4 "$ASSAY" verify one --consistency grown
    run_exit 4 "$ASSAY" log prove perf-log --since 5
    run_exit 4 "$ASSAY" log prove perf-log 0 --since 2
}
