import json


def main(path):
    trace = json.load(open(path))
    value = sum(trace["open_ns"]) / len(trace["open_ns"]) / 1e6
    out = {}
    out["open_time_ms"] = value
    print(json.dumps(out))
