#!/usr/bin/env python3
"""Scores GuideLLM's own per-request export against the truth server's log: key=value, times in nanoseconds.

    score_guidellm.py BENCHMARKS.json TRUTH_LOG

Every answer's text names its stream, so requests and streams are joined exactly. The errors are those of the stamps that
GuideLLM exports: first and last token of each request, in Unix seconds.
"""
import json
import math
import struct
import sys

HEADER, RECORD = 64, struct.Struct("<HHIIHHIIQQQ")
CLOCK, TOKENS = 0, 3


def read_log(path):
    """{stream: [instants of its token writes in Unix ns]}"""
    data = open(path, "rb").read()
    assert data[:8] == b"ASSAYTL1", "not a truth log"
    offset, streams = 0, {}
    for kind, _flags, stream, _event, _events, _tokens, _bytes, _conn, planned, before, tx in RECORD.iter_unpack(data[HEADER:]):
        if kind == CLOCK:
            offset = tx - (planned + before) // 2
        elif kind == TOKENS:
            streams.setdefault(stream, []).append(tx or before + offset)
    return streams


def percentile(values, p):
    return sorted(values)[max(0, math.ceil(p * len(values)) - 1)]


def main():
    report = json.load(open(sys.argv[1]))
    streams = read_log(sys.argv[2])
    requests = [r for b in report["benchmarks"] for r in b["requests"]["successful"]]
    errors = []
    for request in requests:
        writes = streams[int(request["output"][:6], 16)]
        timings = request["info"]["timings"]
        for name, written in (("first_token_iteration", writes[0]), ("last_token_iteration", writes[-1])):
            if timings.get(name) is not None:
                errors.append(round(timings[name] * 1e9) - written)
    if not errors:
        sys.exit("score_guidellm: no request can be scored")
    print(f"samples={len(requests)} n={len(errors)} p50={percentile(errors, 0.5)} p99={percentile(errors, 0.99)} "
          f"max={max(errors, key=abs)}")


main()
