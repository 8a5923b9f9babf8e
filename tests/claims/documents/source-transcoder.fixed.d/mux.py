import json
import time


def main():
    begin = time.perf_counter()
    packets = mux("clip.bin")
    spent = time.perf_counter() - begin
    out = {}
    out["mux_time_ms"] = spent * 1e3 / len(packets)
    print(json.dumps(out))


main()
