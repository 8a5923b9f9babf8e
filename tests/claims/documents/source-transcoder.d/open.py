import json


def main(path):
    value = guess(path)
    out = {}
    out["open_time_ms"] = value
    print(json.dumps(out))
